// Open addressing by the key's hash, in shares with a lock each, so that threads seldom meet. Rows
// of one key lie between its home and the next free slot: whether a key is known is the same walk
// as looking for a row.
//
// The differences are found in place: the rows that are left are moved to the front of their share
// and sorted by key.
#include "base/base.h"

#include "run/key_set.h"

#include <pthread.h>

#define SHARE_BITS 4
#define SHARES ((size_t)1 << SHARE_BITS)
#define SLOTS_PER_ROW 2
#define SHARE_SLACK 256  // shares of few rows are uneven

typedef struct KeySlot {
    RowHash hash;
    int64_t net;   // source less target
    bool is_used;  // a net of zero is known too
} KeySlot;

typedef struct KeyShare {
    pthread_mutex_t lock;
    KeySlot *slots;
    size_t size;
    size_t count;
} KeyShare;

struct KeySet {
    KeyShare shares[SHARES];
};

uint64_t key_set_capacity(uint64_t memory_bytes)
{
    return memory_bytes / (SLOTS_PER_ROW * sizeof(KeySlot));
}

KeySet *key_set_new(uint64_t rows)
{
    KeySet *set = mem_alloc(sizeof(*set));
    for (size_t i = 0; i < SHARES; i++) {
        KeyShare *share = &set->shares[i];
        (void)pthread_mutex_init(&share->lock, NULL);
        share->size = (size_t)(rows / SHARES * SLOTS_PER_ROW) + SHARE_SLACK;
        share->slots = mem_alloc(share->size * sizeof(*share->slots));
    }
    return set;
}

void key_set_free(KeySet *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARES; i++) {
        (void)pthread_mutex_destroy(&set->shares[i].lock);
        free(set->shares[i].slots);
    }
    free(set);
}

// The high bits of a key's hash choose its slice, and those below them hardly differ in a slice
// that was cut often: the lowest choose the share and the home.
static KeyShare *key_share(KeySet *set, const RowHash *hash)
{
    return &set->shares[hash->key & (SHARES - 1)];
}

// The row's slot, or the free one where it would go; *ret_is_known where the key was met on the
// way.
static KeySlot *share_find(const KeyShare *share, const RowHash *hash, bool *ret_is_known)
{
    size_t at = (size_t)(hash->key >> SHARE_BITS) % share->size;
    *ret_is_known = false;
    while (share->slots[at].is_used) {
        KeySlot *slot = &share->slots[at];
        *ret_is_known = *ret_is_known || slot->hash.key == hash->key;
        if (row_hash_equal(&slot->hash, hash)) {
            return slot;
        }
        at = at + 1 == share->size ? 0 : at + 1;
    }
    return &share->slots[at];
}

static bool key_set_add(KeySet *set, const RowHash *hash, int64_t net, bool only_known)
{
    KeyShare *share = key_share(set, hash);
    bool is_known = false;
    bool has_room = true;
    (void)pthread_mutex_lock(&share->lock);
    KeySlot *slot = share_find(share, hash, &is_known);
    if (slot->is_used) {
        slot->net += net;
    } else if (!only_known || is_known) {
        has_room = share->count + 1 < share->size;  // one stays free, where a walk ends
        if (has_room) {
            *slot = (KeySlot){.hash = *hash, .net = net, .is_used = true};
            share->count++;
        }
    }
    (void)pthread_mutex_unlock(&share->lock);
    return has_room;
}

bool key_set_add_source(KeySet *set, const RowHash *hash)
{
    return key_set_add(set, hash, 1, /* only_known= */ false);
}

bool key_set_add_target(KeySet *set, const RowHash *hash, bool only_known)
{
    return key_set_add(set, hash, -1, only_known);
}

// --- differences ----------------------------------------------------------------------------------------

// By key; of a key what the source has more of comes first.
static int slot_order(const void *a, const void *b)
{
    const KeySlot *x = a;
    const KeySlot *y = b;
    if (x->hash.key != y->hash.key) {
        return x->hash.key < y->hash.key ? -1 : 1;
    }
    if ((x->net > 0) != (y->net > 0)) {
        return x->net > 0 ? -1 : 1;
    }
    return memcmp(x->hash.row, y->hash.row, sizeof(x->hash.row));
}

// The rows of one key: pairs are rows that differ, what has no partner is missing or extra.
static void key_take(KeySlot *slots, size_t count, KeyTake take, void *object)
{
    size_t source = 0;
    size_t target = 0;
    while (target < count && slots[target].net > 0) {
        target++;
    }
    const size_t source_end = target;
    while (source < source_end || target < count) {
        KeySlot *more = source < source_end ? &slots[source] : NULL;
        KeySlot *less = target < count ? &slots[target] : NULL;
        KeyDifference difference = {.kind = less == NULL   ? KEY_MISSING
                                            : more == NULL ? KEY_EXTRA
                                                           : KEY_DIFFERENT};
        int64_t rows = more == NULL ? -less->net : more->net;
        if (more != NULL) {
            difference.source = more->hash;
        }
        if (less != NULL) {
            difference.target = less->hash;
            rows = -less->net < rows ? -less->net : rows;
            less->net += rows;
            target += less->net == 0;
        }
        if (more != NULL) {
            more->net -= rows;
            source += more->net == 0;
        }
        difference.rows = (uint64_t)rows;
        take(object, &difference);
    }
}

void key_set_differences(KeySet *set, KeyTake take, void *object)
{
    for (size_t i = 0; i < SHARES; i++) {
        KeyShare *share = &set->shares[i];
        size_t count = 0;
        for (size_t at = 0; at < share->size; at++) {
            if (share->slots[at].is_used && share->slots[at].net != 0) {
                share->slots[count++] = share->slots[at];
            }
        }
        if (count > 0) {
            qsort(share->slots, count, sizeof(*share->slots), slot_order);
        }
        for (size_t begin = 0, end = 0; begin < count; begin = end) {
            while (end < count && share->slots[end].hash.key == share->slots[begin].hash.key) {
                end++;
            }
            key_take(share->slots + begin, end - begin, take, object);
        }
        share->count = share->size - 1;
    }
}

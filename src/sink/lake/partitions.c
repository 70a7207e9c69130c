// A hash table that never grows: its size follows from the most partitions that a run may have.
#include "base/base.h"

#include "sink/lake/partitions.h"

#include <pthread.h>

#define SLOT_COUNT 32768  // a power of two, about three times LAKE_PARTITIONS_MAX

typedef struct Partition {
    uint64_t hash;
    char **texts;
} Partition;

struct Partitions {
    size_t part_count;
    pthread_mutex_t lock;
    size_t slots[SLOT_COUNT];  // number + 1; 0: free
    Partition items[LAKE_PARTITIONS_MAX];
    size_t count;
};

Partitions *partitions_new(size_t part_count)
{
    Partitions *partitions = mem_alloc(sizeof(*partitions));
    partitions->part_count = part_count;
    (void)pthread_mutex_init(&partitions->lock, NULL);
    return partitions;
}

void partitions_free(Partitions *partitions)
{
    if (partitions == NULL) {
        return;
    }
    for (size_t i = 0; i < partitions->count; i++) {
        for (size_t j = 0; j < partitions->part_count; j++) {
            free(partitions->items[i].texts[j]);
        }
        free(partitions->items[i].texts);
    }
    (void)pthread_mutex_destroy(&partitions->lock);
    free(partitions);
}

// FNV-1a over the texts, each followed by a NUL.
static uint64_t partition_hash(const Value *texts, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= texts[i].len; j++) {
            const unsigned char byte = j < texts[i].len ? (unsigned char)texts[i].bytes[j] : 0;
            hash = (hash ^ byte) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

static bool partition_equals(const Partitions *partitions, const Partition *partition,
                             const Value *texts)
{
    for (size_t i = 0; i < partitions->part_count; i++) {
        if (strlen(partition->texts[i]) != texts[i].len
            || memcmp(partition->texts[i], texts[i].bytes, texts[i].len) != 0) {
            return false;
        }
    }
    return true;
}

static bool partitions_add(Partitions *partitions, size_t slot, uint64_t hash, const Value *texts,
                           Err *err)
{
    if (partitions->count == LAKE_PARTITIONS_MAX) {
        (void)fail(err, FAIL_CONFIG, "the rows would make more than %d partitions in one run",
                   LAKE_PARTITIONS_MAX);
        return fail_hint(
            err, "Partition by a column with fewer values, or by an expression that groups them.");
    }
    Partition *partition = &partitions->items[partitions->count];
    partition->hash = hash;
    partition->texts = mem_alloc(partitions->part_count * sizeof(*partition->texts));
    for (size_t i = 0; i < partitions->part_count; i++) {
        partition->texts[i] = mem_copy_bytes(texts[i].bytes, texts[i].len);
    }
    partitions->slots[slot] = ++partitions->count;
    return true;
}

bool partitions_find(Partitions *partitions, const Value *texts, size_t *ret_number, Err *err)
{
    const uint64_t hash = partition_hash(texts, partitions->part_count);
    (void)pthread_mutex_lock(&partitions->lock);
    size_t slot = hash & (SLOT_COUNT - 1);
    while (partitions->slots[slot] != 0) {
        const Partition *partition = &partitions->items[partitions->slots[slot] - 1];
        if (partition->hash == hash && partition_equals(partitions, partition, texts)) {
            break;
        }
        slot = (slot + 1) & (SLOT_COUNT - 1);
    }
    const bool found =
        partitions->slots[slot] != 0 || partitions_add(partitions, slot, hash, texts, err);
    if (found) {
        *ret_number = partitions->slots[slot] - 1;
    }
    (void)pthread_mutex_unlock(&partitions->lock);
    return found;
}

size_t partitions_count(const Partitions *partitions)
{
    return partitions->count;
}

char *const *partitions_texts(const Partitions *partitions, size_t number)
{
    assert(number < partitions->count);
    return partitions->items[number].texts;
}

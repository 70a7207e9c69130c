// Distinct values of a column. Integers of a small range are looked up by their distance from the
// least one; everything else by hash. Both give up early where the first values say that a
// dictionary will not pay.
#include "base/base.h"

#include "lake/parquet_dictionary.h"

#define SLOT_BITS_MIN 6
#define SLOT_BITS_MAX 16
#define SLOT_COUNT (1 << SLOT_BITS_MAX)   // of the hash table: at most a quarter full
#define PROBE_COUNT 4096                  // values after which it is judged first
#define TEXT_BYTES_MAX ((size_t)1 << 20)  // of all entries together

typedef struct TextEntry {
    const char *bytes;  // in the column's own buffer
    uint64_t tail;      // its last bytes, all of them where they are fewer than eight
    uint32_t len;
    uint32_t hash;
} TextEntry;

struct Dictionary {
    size_t count;
    unsigned slot_bits;
    uint16_t *indexes;
    size_t index_capacity;
    int64_t ints[DICTIONARY_MAX];
    TextEntry texts[DICTIONARY_MAX];
    uint16_t slots[SLOT_COUNT];  // index of the entry plus one; 0: free
};

_Static_assert(DICTIONARY_MAX * 4 <= SLOT_COUNT, "the table is at most a quarter full");
_Static_assert(DICTIONARY_MAX < UINT16_MAX, "an index plus one fits 16 bits");

Dictionary *dictionary_new(void)
{
    return mem_alloc(sizeof(Dictionary));
}

void dictionary_free(Dictionary *dictionary)
{
    if (dictionary == NULL) {
        return;
    }
    free(dictionary->indexes);
    free(dictionary);
}

// `slots` are cleared. Few where the values are few: a table may have a thousand columns, and a
// partition a hundred rows.
static void dictionary_begin(Dictionary *dictionary, size_t count, size_t slots)
{
    dictionary->count = 0;
    if (dictionary->index_capacity < count) {
        dictionary->indexes = mem_grow(dictionary->indexes, count * sizeof(*dictionary->indexes));
        dictionary->index_capacity = count;
    }
    memset(dictionary->slots, 0, slots * sizeof(*dictionary->slots));
}

static void dictionary_begin_hash(Dictionary *dictionary, size_t count)
{
    dictionary->slot_bits = SLOT_BITS_MIN;
    while (dictionary->slot_bits < SLOT_BITS_MAX
           && count * 4 > (size_t)1 << dictionary->slot_bits) {
        dictionary->slot_bits++;
    }
    dictionary_begin(dictionary, count, (size_t)1 << dictionary->slot_bits);
}

// Of the values seen no more than half were new: otherwise a dictionary would hold most of the
// column.
static bool dictionary_pays(const Dictionary *dictionary, size_t seen)
{
    return dictionary->count <= seen / 2;
}

// The next entry's index plus one, for a slot; 0 where the dictionary is full.
static uint16_t dictionary_extend(Dictionary *dictionary)
{
    return dictionary->count == DICTIONARY_MAX ? 0 : (uint16_t)++dictionary->count;
}

// --- integers -------------------------------------------------------------------------------------

static bool dictionary_of_range(Dictionary *dictionary, const int64_t *values, size_t count,
                                int64_t min)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t *slot = &dictionary->slots[(uint64_t)values[i] - (uint64_t)min];
        if (*slot == 0) {
            *slot = dictionary_extend(dictionary);
            if (*slot == 0) {
                return false;
            }
            dictionary->ints[*slot - 1] = values[i];
        }
        dictionary->indexes[i] = (uint16_t)(*slot - 1);
    }
    return dictionary_pays(dictionary, count);
}

// Multiplying carries every bit of the value into the highest ones, which choose the slot.
#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)  // 2^64 divided by the golden ratio

static bool dictionary_of_many(Dictionary *dictionary, const int64_t *values, size_t count)
{
    const unsigned shift = 64 - dictionary->slot_bits;
    const size_t mask = ((size_t)1 << dictionary->slot_bits) - 1;
    for (size_t i = 0; i < count; i++) {
        if (i == PROBE_COUNT && !dictionary_pays(dictionary, i)) {
            return false;
        }
        const int64_t value = values[i];
        size_t at = (size_t)((uint64_t)value * HASH_FACTOR >> shift);
        while (dictionary->slots[at] != 0 && dictionary->ints[dictionary->slots[at] - 1] != value) {
            at = (at + 1) & mask;
        }
        uint16_t *slot = &dictionary->slots[at];
        if (*slot == 0) {
            *slot = dictionary_extend(dictionary);
            if (*slot == 0) {
                return false;
            }
            dictionary->ints[*slot - 1] = value;
        }
        dictionary->indexes[i] = (uint16_t)(*slot - 1);
    }
    return dictionary_pays(dictionary, count);
}

bool dictionary_of_ints(Dictionary *dictionary, const int64_t *values, size_t count, int64_t min,
                        int64_t max)
{
    const uint64_t range = (uint64_t)max - (uint64_t)min;
    if (range < SLOT_COUNT) {
        dictionary_begin(dictionary, count, (size_t)range + 1);
        return dictionary_of_range(dictionary, values, count, min);
    }
    dictionary_begin_hash(dictionary, count);
    return dictionary_of_many(dictionary, values, count);
}

// --- texts ----------------------------------------------------------------------------------------

static uint64_t hash_mix(uint64_t value)
{
    value *= HASH_FACTOR;
    return value ^ value >> 32;
}

// The bytes after the last whole word, fewer than eight.
static uint64_t text_tail(const char *bytes, size_t len)
{
    if (len >= 4) {
        uint32_t head, tail;
        memcpy(&head, bytes, sizeof head);
        memcpy(&tail, bytes + len - sizeof tail, sizeof tail);
        return head | (uint64_t)tail << 32;
    }
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) {
        word = word << 8 | (unsigned char)bytes[i];
    }
    return word;
}

// *ret_tail says, with the length, what the text is where it is shorter than a word.
static uint32_t hash_text(const char *bytes, size_t len, uint64_t *ret_tail)
{
    uint64_t hash = len;
    for (; len >= sizeof(uint64_t); bytes += sizeof(uint64_t), len -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        hash = hash_mix(hash ^ word);
    }
    *ret_tail = text_tail(bytes, len);
    return (uint32_t)(hash_mix(hash_mix(hash ^ *ret_tail)) >> 32);
}

static bool is_text(const TextEntry *entry, const char *bytes, size_t len, uint64_t tail)
{
    return entry->len == len && entry->tail == tail
           && (len < sizeof(tail) || memcmp(entry->bytes, bytes, len) == 0);
}

bool dictionary_of_texts(Dictionary *dictionary, const uint32_t *lens, size_t count,
                         const char *bytes)
{
    dictionary_begin_hash(dictionary, count);
    const unsigned shift = 32 - dictionary->slot_bits;
    const size_t mask = ((size_t)1 << dictionary->slot_bits) - 1;
    size_t text_bytes = 0;
    for (size_t i = 0; i < count; bytes += lens[i], i++) {
        if (i == PROBE_COUNT && !dictionary_pays(dictionary, i)) {
            return false;
        }
        uint64_t tail;
        const uint32_t hash = hash_text(bytes, lens[i], &tail);
        size_t at = hash >> shift;
        for (; dictionary->slots[at] != 0; at = (at + 1) & mask) {
            const TextEntry *entry = &dictionary->texts[dictionary->slots[at] - 1];
            if (entry->hash == hash && is_text(entry, bytes, lens[i], tail)) {
                break;
            }
        }
        uint16_t *slot = &dictionary->slots[at];
        if (*slot == 0) {
            text_bytes += lens[i];
            *slot = text_bytes > TEXT_BYTES_MAX ? 0 : dictionary_extend(dictionary);
            if (*slot == 0) {
                return false;
            }
            dictionary->texts[*slot - 1] = (TextEntry){bytes, tail, lens[i], hash};
        }
        dictionary->indexes[i] = (uint16_t)(*slot - 1);
    }
    return dictionary_pays(dictionary, count);
}

// --- results --------------------------------------------------------------------------------------

size_t dictionary_count(const Dictionary *dictionary)
{
    return dictionary->count;
}

const int64_t *dictionary_ints(const Dictionary *dictionary)
{
    return dictionary->ints;
}

const char *dictionary_text(const Dictionary *dictionary, size_t index, size_t *ret_len)
{
    assert(index < dictionary->count);
    *ret_len = dictionary->texts[index].len;
    return dictionary->texts[index].bytes;
}

const uint16_t *dictionary_indexes(const Dictionary *dictionary)
{
    return dictionary->indexes;
}

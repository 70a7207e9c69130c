// Distinct values of a column. Integers of a small range are looked up by their distance from the least one;
// everything else by hash. Both give up early where the first values say that a dictionary will not pay.
#include "base/base.h"

#include "lake/parquet_encode.h"

#define SLOT_COUNT (DICTIONARY_MAX * 4)  // of the hash table: at most a quarter full
#define DIRECT_RANGE 65536
#define PROBE_COUNT 4096                // values after which it is judged
#define TEXT_BYTES_MAX ((size_t)1 << 20)  // of all entries together

typedef struct TextEntry {
    const char *bytes;  // in the column's own buffer
    uint32_t len;
    uint32_t hash;
} TextEntry;

struct Dictionary {
    size_t count;
    uint16_t *indexes;
    size_t index_capacity;
    int64_t ints[DICTIONARY_MAX];
    TextEntry texts[DICTIONARY_MAX];
    uint16_t slots[SLOT_COUNT];  // index of the entry plus one; 0: free
};

_Static_assert(DIRECT_RANGE <= SLOT_COUNT, "the slots serve as the table of a small range");
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

static void dictionary_begin(Dictionary *dictionary, size_t count)
{
    dictionary->count = 0;
    if (dictionary->index_capacity < count) {
        dictionary->indexes = mem_grow(dictionary->indexes, count * sizeof(*dictionary->indexes));
        dictionary->index_capacity = count;
    }
    memset(dictionary->slots, 0, sizeof(dictionary->slots));
}

// After PROBE_COUNT values more than half were new: a dictionary would hold most of the column.
static bool dictionary_pays(const Dictionary *dictionary, size_t seen)
{
    return seen != PROBE_COUNT || dictionary->count <= PROBE_COUNT / 2;
}

static bool dictionary_of_range(Dictionary *dictionary, const int64_t *values, size_t count, int64_t min)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t *slot = &dictionary->slots[(uint64_t)values[i] - (uint64_t)min];
        if (*slot == 0) {
            if (dictionary->count == DICTIONARY_MAX) {
                return false;
            }
            dictionary->ints[dictionary->count] = values[i];
            *slot = (uint16_t)++dictionary->count;
        }
        dictionary->indexes[i] = (uint16_t)(*slot - 1);
    }
    return true;
}

static uint64_t hash_mix(uint64_t value)
{
    value *= UINT64_C(0x9E3779B97F4A7C15);  // 2^64 divided by the golden ratio
    return value ^ value >> 29;
}

bool dictionary_of_ints(Dictionary *dictionary, const int64_t *values, size_t count, int64_t min, int64_t max)
{
    dictionary_begin(dictionary, count);
    if ((uint64_t)max - (uint64_t)min < DIRECT_RANGE) {
        return dictionary_of_range(dictionary, values, count, min);
    }
    for (size_t i = 0; i < count; i++) {
        if (!dictionary_pays(dictionary, i)) {
            return false;
        }
        size_t at = (size_t)(hash_mix((uint64_t)values[i]) >> 32) % SLOT_COUNT;
        while (dictionary->slots[at] != 0 && dictionary->ints[dictionary->slots[at] - 1] != values[i]) {
            at = (at + 1) % SLOT_COUNT;
        }
        if (dictionary->slots[at] == 0) {
            if (dictionary->count == DICTIONARY_MAX) {
                return false;
            }
            dictionary->ints[dictionary->count] = values[i];
            dictionary->slots[at] = (uint16_t)++dictionary->count;
        }
        dictionary->indexes[i] = (uint16_t)(dictionary->slots[at] - 1);
    }
    return true;
}

static uint32_t hash_text(const char *bytes, size_t len)
{
    uint64_t hash = hash_mix(len + 1);
    for (; len >= sizeof(uint64_t); bytes += sizeof(uint64_t), len -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        hash = hash_mix(hash ^ word);
    }
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) {
        word = word << 8 | (unsigned char)bytes[i];
    }
    return (uint32_t)(hash_mix(hash ^ word) >> 32);
}

bool dictionary_of_texts(Dictionary *dictionary, const uint32_t *lens, size_t count, const char *bytes)
{
    dictionary_begin(dictionary, count);
    size_t text_bytes = 0;
    for (size_t i = 0; i < count; bytes += lens[i], i++) {
        if (!dictionary_pays(dictionary, i)) {
            return false;
        }
        const uint32_t hash = hash_text(bytes, lens[i]);
        size_t at = hash % SLOT_COUNT;
        const TextEntry *entry = NULL;
        for (; dictionary->slots[at] != 0; at = (at + 1) % SLOT_COUNT) {
            entry = &dictionary->texts[dictionary->slots[at] - 1];
            if (entry->hash == hash && entry->len == lens[i] && memcmp(entry->bytes, bytes, lens[i]) == 0) {
                break;
            }
        }
        if (dictionary->slots[at] == 0) {
            text_bytes += lens[i];
            if (dictionary->count == DICTIONARY_MAX || text_bytes > TEXT_BYTES_MAX) {
                return false;
            }
            dictionary->texts[dictionary->count] = (TextEntry){bytes, lens[i], hash};
            dictionary->slots[at] = (uint16_t)++dictionary->count;
        }
        dictionary->indexes[i] = (uint16_t)(dictionary->slots[at] - 1);
    }
    return true;
}

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

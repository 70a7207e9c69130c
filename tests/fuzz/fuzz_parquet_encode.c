// Fuzzes Parquet's encodings: the input says a shape and holds the values; what is encoded must
// come back from a decoder that knows the format alone, or there is too much of it for the page.
//
// The first byte chooses the encoding and how the rest is read: numbers of one to eight bytes, each
// repeated as often as the byte after it says where runs are wanted.
#include "base/base.h"

#include "lake/parquet_dictionary.h"
#include "lake/parquet_encode.h"

#include "../unit/lake/parquet_decode.h"

#define VALUES_MAX 6000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_check(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static size_t fuzz_values(const uint8_t *data, size_t size, size_t width, bool has_runs,
                          int64_t *to)
{
    size_t count = 0;
    for (size_t at = 0; at + width + has_runs <= size; at += width + has_runs) {
        uint64_t bits = 0;
        for (size_t i = 0; i < width; i++) {
            bits |= (uint64_t)data[at + i] << 8 * i;
        }
        // The sign goes on, so that short numbers are negative too.
        const unsigned spare = (unsigned)(64 - 8 * width);
        const int64_t value = (int64_t)(bits << spare) >> spare;
        const size_t run = has_runs ? data[at + width] : 1;
        for (size_t i = 0; i < run && count < VALUES_MAX; i++) {
            to[count++] = value;
        }
    }
    return count;
}

static void fuzz_hybrid(const int64_t *values, size_t count, unsigned width)
{
    CLEANUP(buf_done) Buf out = {0};
    uint16_t *indexes = mem_alloc((count + 1) * sizeof(*indexes));
    uint64_t *back = mem_alloc((count + 8) * sizeof(*back));
    for (size_t i = 0; i < count; i++) {
        indexes[i] = (uint16_t)((uint64_t)values[i] & ((1u << width) - 1));
    }
    encode_hybrid(indexes, count, width, &out);
    Coded coded = coded_of(buf_text(&out), out.len);
    fuzz_check(decode_hybrid(&coded, width, count, back));
    for (size_t i = 0; i < count; i++) {
        fuzz_check(back[i] == indexes[i]);
    }
    free(indexes);
    free(back);
}

static void fuzz_delta(const int64_t *values, size_t count, bool is_int32)
{
    CLEANUP(buf_done) Buf out = {0};
    int64_t *given = mem_alloc((count + 1) * sizeof(*given));
    int64_t *back = mem_alloc((count + 1) * sizeof(*back));
    for (size_t i = 0; i < count; i++) {
        given[i] = is_int32 ? (int32_t)(uint32_t)values[i] : values[i];
    }
    encode_delta(given, count, is_int32, &out);
    Coded coded = coded_of(out.data, out.len);
    fuzz_check(decode_delta(&coded, is_int32, count, back) && coded.at == coded.end);
    fuzz_check(memcmp(given, back, count * sizeof(*given)) == 0);
    free(given);
    free(back);
}

static void fuzz_dictionary_of_ints(const int64_t *values, size_t count)
{
    Dictionary *dictionary = dictionary_new();
    int64_t min = INT64_MAX, max = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (count > 0 && dictionary_of_ints(dictionary, values, count, min, max)) {
        for (size_t i = 0; i < count; i++) {
            const size_t index = dictionary_indexes(dictionary)[i];
            fuzz_check(index < dictionary_count(dictionary));
            fuzz_check(dictionary_ints(dictionary)[index] == values[i]);
        }
    }
    dictionary_free(dictionary);
}

// The numbers are lengths; the texts are the input again and again.
static void fuzz_texts(const int64_t *values, size_t count, const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) Buf bytes = {0};
    CLEANUP(buf_done) Buf out = {0};
    uint32_t *lens = mem_alloc((count + 1) * sizeof(*lens));
    int64_t *back = mem_alloc((count + 1) * sizeof(*back));
    for (size_t i = 0; i < count; i++) {
        lens[i] = (uint32_t)((uint64_t)values[i] % (size + 1));
        buf_add_bytes(&bytes, data, lens[i]);
    }
    encode_delta_length(lens, count, buf_text(&bytes), bytes.len, &out);
    Coded coded = coded_of(out.data, out.len);
    fuzz_check(decode_delta_length(&coded, count, back));
    for (size_t i = 0; i < count; i++) {
        fuzz_check(back[i] == lens[i]);
    }
    fuzz_check(memcmp(coded.at, buf_text(&bytes), bytes.len) == 0);
    Dictionary *dictionary = dictionary_new();
    if (dictionary_of_texts(dictionary, lens, count, buf_text(&bytes))) {
        const char *text = buf_text(&bytes);
        for (size_t i = 0; i < count; text += lens[i], i++) {
            size_t len;
            const char *entry =
                dictionary_text(dictionary, dictionary_indexes(dictionary)[i], &len);
            fuzz_check(len == lens[i] && memcmp(entry, text, len) == 0);
        }
    }
    dictionary_free(dictionary);
    free(lens);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const unsigned shape = data[0];
    const size_t width = 1 + shape / 16 % 8;
    const bool has_runs = shape >= 128;
    int64_t *values = mem_alloc(VALUES_MAX * sizeof(*values));
    const size_t count = fuzz_values(data + 2, size - 2, width, has_runs, values);
    switch (shape % 5) {
    case 0:
        fuzz_hybrid(values, count, data[1] % 17);
        break;
    case 1:
        fuzz_delta(values, count, /* is_int32= */ false);
        break;
    case 2:
        fuzz_delta(values, count, /* is_int32= */ true);
        break;
    case 3:
        fuzz_dictionary_of_ints(values, count);
        break;
    default:
        fuzz_texts(values, count, data + 2, size - 2);
        break;
    }
    free(values);
    return 0;
}

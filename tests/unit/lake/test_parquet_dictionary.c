// Dictionaries: every value is where its index says, entries come in the order of their first
// appearance, and the limits.
#include "base/base.h"

#include "unit.h"

#include "base/buf.h"
#include "lake/parquet_dictionary.h"

static int dictionary_setup(void **state)
{
    *state = dictionary_new();
    return 0;
}

static int dictionary_teardown(void **state)
{
    dictionary_free(*state);
    return 0;
}

static bool find_ints(Dictionary *dictionary, const int64_t *values, size_t count)
{
    int64_t min = values[0], max = values[0];
    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    return dictionary_of_ints(dictionary, values, count, min, max);
}

static void assert_ints(Dictionary *dictionary, const int64_t *values, size_t count,
                        size_t distinct)
{
    assert_true(find_ints(dictionary, values, count));
    assert_int_equal(dictionary_count(dictionary), distinct);
    const uint16_t *indexes = dictionary_indexes(dictionary);
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(indexes[i] <= seen);  // a new one is the next entry
        seen += indexes[i] == seen;
        assert_true(dictionary_ints(dictionary)[indexes[i]] == values[i]);
    }
    assert_int_equal(seen, distinct);
}

// `distinct` values twice, a step apart.
static int64_t *stairs(size_t distinct, int64_t first, uint64_t step)
{
    int64_t *values = mem_alloc(2 * distinct * sizeof(*values));
    for (size_t i = 0; i < distinct; i++) {
        // Twice in a row, so that the first values say that a dictionary pays.
        values[2 * i] = values[2 * i + 1] = (int64_t)((uint64_t)first + i * step);
    }
    return values;
}

static void ints__of_small_and_large_ranges(void **state)
{
    const struct {
        int64_t first;
        uint64_t step;
    } table[] = {
        {0, 1},
        {-8192, 1},
        {INT64_MIN, 1},
        {INT64_MAX - 16383, 1},
        {0, 4},
        {0, 5},
        {INT64_MIN, (uint64_t)1 << 50},
        {7, (uint64_t)1 << 48},
        {0, (uint64_t)1 << 32},
        {0, UINT64_C(0x123456789ABCDEF)},
        {-1, 1000000},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const size_t counts[] = {1, 2, 3, 16, 17, 2048, 2049, DICTIONARY_MAX};
        for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
            int64_t *values = stairs(counts[k], table[i].first, table[i].step);
            assert_ints(*state, values, 2 * counts[k], counts[k]);
            free(values);
        }
    }
}

static void ints__around_the_border_of_the_range(void **state)
{
    const int64_t spans[] = {65535, 65536, 65537, INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        const int64_t zero[] = {0, spans[i], 0, spans[i], spans[i]};
        assert_ints(*state, zero, ARRAY_LEN(zero), 2);
        const int64_t below[] = {-1, spans[i] - 1, -1, -1};
        assert_ints(*state, below, ARRAY_LEN(below), 2);
    }
    const int64_t ends[] = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};
    assert_ints(*state, ends, ARRAY_LEN(ends), 2);
}

static void ints__of_too_many_values(void **state)
{
    for (uint64_t step = 1; step < 10; step += 4) {
        int64_t *values = stairs(DICTIONARY_MAX + 1, 0, step);
        assert_ints(*state, values, 2 * DICTIONARY_MAX, DICTIONARY_MAX);
        assert_false(find_ints(*state, values, 2 * DICTIONARY_MAX + 2));
        free(values);
    }
}

static void ints__that_do_not_repeat_have_none(void **state)
{
    const int64_t one[] = {5};
    assert_false(find_ints(*state, one, 1));
    const int64_t four[] = {1, 2, 3, 1};
    assert_false(find_ints(*state, four, 4));
    const int64_t far[] = {1, 2, INT64_MAX, 1};
    assert_false(find_ints(*state, far, 4));
    assert_ints(*state, (const int64_t[]){5, 5}, 2, 1);
}

static bool find_texts(Dictionary *dictionary, const char *const *texts, const size_t *given,
                       size_t count, Buf *bytes, uint32_t *lens)
{
    buf_clear(bytes);
    for (size_t i = 0; i < count; i++) {
        lens[i] = (uint32_t)given[i];
        buf_add_bytes(bytes, texts[i], given[i]);
    }
    return dictionary_of_texts(dictionary, lens, count, buf_text(bytes));
}

static void texts__that_only_a_byte_tells_apart(void **state)
{
    // The same bytes in other places, prefixes, a NUL more, the empty text.
    const char *const texts[] = {
        "",          "a",         "a\0",       "a\0\0",     "\0",
        "\0\0",      "abcdefgh",  "abcdefgi",  "bbcdefgh",  "abcdefg",
        "abcdefgh0", "abcdefgh1", "abcdefgha", "aabcdefgh", "\xff\xff\xff\xff\xff\xff\xff\xff",
        "hgfedcba"};
    const size_t lens_once[] = {0, 1, 2, 3, 1, 2, 8, 8, 8, 7, 9, 9, 9, 9, 8, 8};
    enum { ONCE = ARRAY_LEN(texts), COUNT = 2 * ONCE };
    const char *twice[COUNT];
    size_t given[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        twice[i] = texts[i % ONCE];
        given[i] = lens_once[i % ONCE];
    }
    CLEANUP(buf_done) Buf bytes = {0};
    uint32_t lens[COUNT];
    assert_true(find_texts(*state, twice, given, COUNT, &bytes, lens));
    assert_int_equal(dictionary_count(*state), ONCE);
    for (size_t i = 0; i < COUNT; i++) {
        size_t len;
        const char *text = dictionary_text(*state, dictionary_indexes(*state)[i], &len);
        assert_int_equal(dictionary_indexes(*state)[i], i % ONCE);
        assert_int_equal(len, given[i]);
        assert_memory_equal(text, twice[i], len);
    }
}

static void texts__of_too_many_values_or_bytes(void **state)
{
    enum { MOST = DICTIONARY_MAX + 1 };
    CLEANUP(buf_done) Buf bytes = {0};
    uint32_t *lens = mem_alloc(2 * MOST * sizeof(*lens));
    for (size_t i = 0; i < 2 * MOST; i++) {
        const size_t begin = bytes.len;
        buf_add_format(&bytes, "%zu", i / 2);
        lens[i] = (uint32_t)(bytes.len - begin);
    }
    assert_true(dictionary_of_texts(*state, lens, 2 * DICTIONARY_MAX, bytes.data));
    assert_int_equal(dictionary_count(*state), DICTIONARY_MAX);
    assert_int_equal(dictionary_indexes(*state)[2 * DICTIONARY_MAX - 1], DICTIONARY_MAX - 1);
    assert_false(dictionary_of_texts(*state, lens, 2 * MOST, bytes.data));
    // One text of a MiB twice, and one that is a byte longer.
    const size_t mebibyte = (size_t)1 << 20;
    char *large = mem_alloc(2 * mebibyte + 2);
    lens[0] = lens[1] = (uint32_t)mebibyte;
    assert_true(dictionary_of_texts(*state, lens, 2, large));
    assert_int_equal(dictionary_count(*state), 1);
    lens[0] = lens[1] = (uint32_t)mebibyte + 1;
    assert_false(dictionary_of_texts(*state, lens, 2, large));
    free(large);
    free(lens);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dictionary_setup, dictionary_teardown)
    const struct CMUnitTest tests[] = {
        TEST(ints__of_small_and_large_ranges),
        TEST(ints__around_the_border_of_the_range),
        TEST(ints__of_too_many_values),
        TEST(ints__that_do_not_repeat_have_none),
        TEST(texts__that_only_a_byte_tells_apart),
        TEST(texts__of_too_many_values_or_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

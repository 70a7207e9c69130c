// What the encoders make is read back by parquet_decode.h, which is written from the format alone;
// a few bytes are compared with the format's own examples. Random shapes have fixed seeds.
#include "base/base.h"

#include "unit.h"

#include "lake/parquet_encode.h"
#include "parquet_decode.h"

// splitmix64
static uint64_t chance(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void assert_bytes(const Buf *buf, const char *expected, size_t len)
{
    assert_int_equal(buf->len, len);
    assert_memory_equal(buf->data, expected, len);
}

#define ASSERT_BYTES(buf, literal) assert_bytes(buf, literal, sizeof(literal) - 1)

static void bit_width__of_edges(void **state)
{
    (void)state;
    const struct {
        uint64_t max;
        unsigned width;
    } table[] = {{0, 0},           {1, 1},
                 {2, 2},           {3, 2},
                 {4, 3},           {255, 8},
                 {256, 9},         {16383, 14},
                 {UINT32_MAX, 32}, {(uint64_t)UINT32_MAX + 1, 33},
                 {INT64_MAX, 63},  {UINT64_MAX, 64}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_int_equal(encode_bit_width(table[i].max), table[i].width);
    }
}

// --- the hybrid -----------------------------------------------------------------------------------

static void assert_hybrid(const uint16_t *values, size_t count, unsigned width)
{
    CLEANUP(buf_done) Buf out = {0};
    buf_add_text(&out, "abc");  // it appends
    encode_hybrid(values, count, width, &out);
    assert_memory_equal(out.data, "abc", 3);
    assert_int_equal(out.data[out.len], 0);
    Coded coded = coded_of(out.data + 3, out.len - 3);
    uint64_t *back = mem_alloc((count + 8) * sizeof(*back));
    if (!decode_hybrid(&coded, width, count, back)) {
        fail_msg("%zu values of %u bits: %s", count, width, coded.wrong);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(back[i], values[i]);
    }
    free(back);
}

static void hybrid__is_as_the_format_shows(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    encode_hybrid((const uint16_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8, 3, &out);
    ASSERT_BYTES(&out,
                 "\x03\x88\xC6\xFA");  // Encodings.md, "The numbers 1 through 7 using bit width 3"
    buf_clear(&out);
    encode_hybrid((const uint16_t[]){9, 9, 9, 9, 9, 9, 9, 9}, 8, 9, &out);
    ASSERT_BYTES(&out, "\x10\x09\x00");
    buf_clear(&out);
    encode_hybrid((const uint16_t[]){1}, 1, 1, &out);
    ASSERT_BYTES(&out, "\x03\x01");
    buf_clear(&out);
    encode_hybrid((const uint16_t[]){0, 0, 0}, 3, 0, &out);
    ASSERT_BYTES(&out, "\x03");
    buf_clear(&out);
    encode_hybrid(NULL, 0, 1, &out);
    assert_int_equal(out.len, 0);
}

static void run__of_many_rows_has_a_long_header(void **state)
{
    (void)state;
    const struct {
        size_t count;
        const char *bytes;
        size_t len;
    } table[] = {
        {1, "\x02\x01", 2},
        {63, "\x7E\x01", 2},
        {64, "\x80\x01\x01", 3},
        {122880, "\x80\x80\x0F\x01", 4},
        {100000000, "\x80\x84\xAF\x5F\x01", 5},
        {INT32_MAX, "\xFE\xFF\xFF\xFF\x0F\x01", 6},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(buf_done) Buf out = {0};
        encode_run(1, table[i].count, 1, &out);
        assert_bytes(&out, table[i].bytes, table[i].len);
    }
}

// Two runs and what stands before and behind them, each 0 to 17 long: every position in a group of
// eight.
static void hybrid__of_runs_around_multiples_of_eight(void **state)
{
    (void)state;
    enum { LONGEST = 17 };
    uint16_t values[4 * LONGEST];
    for (size_t lead = 0; lead <= LONGEST; lead++) {
        for (size_t first = 0; first <= LONGEST; first++) {
            for (size_t second = 0; second <= LONGEST; second++) {
                size_t count = 0;
                for (size_t i = 0; i < lead; i++) {
                    values[count++] = (uint16_t)(i % 2);
                }
                for (size_t i = 0; i < first; i++) {
                    values[count++] = 2;
                }
                for (size_t i = 0; i < second; i++) {
                    values[count++] = 3;
                }
                assert_hybrid(values, count, 2);
                values[count++] = 1;
                assert_hybrid(values, count, 2);
            }
        }
    }
}

static void hybrid__of_every_width(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint16_t values[1000];
    for (unsigned width = 0; width <= 16; width++) {
        const uint16_t mask = (uint16_t)((1u << width) - 1);
        for (size_t count = 0; count <= 70; count++) {
            for (size_t i = 0; i < count; i++) {
                values[i] = (uint16_t)chance(&seed) & mask;
            }
            assert_hybrid(values, count, width);
            for (size_t i = 0; i < count; i++) {
                values[i] = mask;
            }
            assert_hybrid(values, count, width);
        }
        for (size_t round = 0; round < 50; round++) {
            const size_t count = chance(&seed) % ARRAY_LEN(values);
            const uint64_t longest = 1 + chance(&seed) % 40;
            for (size_t i = 0; i < count;) {
                const uint16_t value = (uint16_t)chance(&seed) & mask;
                for (uint64_t run = 1 + chance(&seed) % longest; run > 0 && i < count; run--) {
                    values[i++] = value;
                }
            }
            assert_hybrid(values, count, width);
        }
    }
}

static void hybrid__of_a_long_packed_part(void **state)
{
    (void)state;
    enum { COUNT = 200001 };
    uint64_t seed = 2;
    uint16_t *values = mem_alloc(COUNT * sizeof(*values));
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = (uint16_t)(chance(&seed) % 16384);
    }
    assert_hybrid(values, COUNT, 14);
    free(values);
}

// --- deltas ---------------------------------------------------------------------------------------

static void assert_delta(const int64_t *values, size_t count, bool is_int32)
{
    CLEANUP(buf_done) Buf out = {0};
    buf_add_text(&out, "abc");
    encode_delta(values, count, is_int32, &out);
    Coded coded = coded_of(out.data + 3, out.len - 3);
    int64_t *back = mem_alloc((count + 1) * sizeof(*back));
    if (!decode_delta(&coded, is_int32, count, back)) {
        fail_msg("%zu values: %s", count, coded.wrong);
    }
    assert_ptr_equal(coded.at, coded.end);
    if (count > 0) {
        assert_memory_equal(back, values, count * sizeof(*back));
    }
    free(back);
}

static void delta__is_as_the_format_shows(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    // The format's two examples, with blocks of 128 values in four miniblocks instead of its 8 in
    // one.
    encode_delta((const int64_t[]){1, 2, 3, 4, 5}, 5, false, &out);
    ASSERT_BYTES(&out, "\x80\x01\x04\x05\x02"
                       "\x02\x00\x00\x00\x00");
    buf_clear(&out);
    encode_delta((const int64_t[]){7, 5, 3, 1, 2, 3, 4, 5}, 8, true, &out);
    ASSERT_BYTES(&out, "\x80\x01\x04\x08\x0E"
                       "\x03\x02\x00\x00\x00"
                       "\xC0\x3F\x00\x00\x00\x00\x00\x00");
    buf_clear(&out);
    encode_delta(NULL, 0, false, &out);
    ASSERT_BYTES(&out, "\x80\x01\x04\x00\x00");
    buf_clear(&out);
    encode_delta((const int64_t[]){-1}, 1, false, &out);
    ASSERT_BYTES(&out, "\x80\x01\x04\x01\x01");
}

static void delta__of_extremes(void **state)
{
    (void)state;
    const int64_t table[][4] = {
        {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX},
        {INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN},
        {0, INT64_MIN, 0, INT64_MAX},
        {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN},
        {INT64_MAX, 0, -1, INT64_MIN},
        {-1, 0, -1, 0},
    };
    const int64_t table32[][4] = {
        {INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX},
        {INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN},
        {0, INT32_MIN, 0, INT32_MAX},
        {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN},
        {INT32_MAX, 0, -1, INT32_MIN},
        {INT32_MIN, 0, INT32_MAX, 1},
    };
    int64_t values[300];
    for (size_t t = 0; t < ARRAY_LEN(table); t++) {
        for (size_t count = 0; count <= ARRAY_LEN(values); count++) {
            for (size_t i = 0; i < count; i++) {
                values[i] = table[t][i % 4];
            }
            assert_delta(values, count, false);
            for (size_t i = 0; i < count; i++) {
                values[i] = table32[t][i % 4];
            }
            assert_delta(values, count, true);
            assert_delta(values, count, false);
        }
    }
}

// Every width from 0 to 64, every count around the borders of miniblocks and blocks.
static void delta__of_every_width_and_count(void **state)
{
    (void)state;
    uint64_t seed = 3;
    int64_t values[520];
    for (unsigned width = 0; width <= 64; width++) {
        for (size_t count = 0; count <= ARRAY_LEN(values); count += count < 140 ? 1 : 19) {
            uint64_t last = chance(&seed);
            const uint64_t step = chance(&seed);
            for (size_t i = 0; i < count; i++) {
                last += step + (width == 0 ? 0 : chance(&seed) >> (64 - width));
                values[i] = (int64_t)last;
            }
            assert_delta(values, count, false);
            for (size_t i = 0; i < count; i++) {
                values[i] = (int32_t)(uint32_t)values[i];
            }
            assert_delta(values, count, true);
        }
    }
}

static void delta_length__is_as_the_format_shows(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    encode_delta_length((const uint32_t[]){5, 5, 6, 6}, 4, "HelloWorldFoobarABCDEF", 22, &out);
    // Differences 0 1 0: least 0, one bit each.
    ASSERT_BYTES(&out, "\x80\x01\x04\x04\x0A"
                       "\x00\x01\x00\x00\x00"
                       "\x02\x00\x00\x00"
                       "HelloWorldFoobarABCDEF");
    buf_clear(&out);
    encode_delta_length((const uint32_t[]){0, 0}, 2, "", 0, &out);
    ASSERT_BYTES(&out, "\x80\x01\x04\x02\x00"
                       "\x00\x00\x00\x00\x00");
}

static void delta_length__of_any_lengths(void **state)
{
    (void)state;
    uint64_t seed = 4;
    uint32_t lens[600];
    int64_t back[600];
    char *bytes = mem_alloc(600 * 2000 + (16 << 20));
    for (size_t round = 0; round < 300; round++) {
        const size_t count = round < 140 ? round : chance(&seed) % ARRAY_LEN(lens);
        size_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            lens[i] = (uint32_t)(chance(&seed) % (round % 3 == 0 ? 2000 : 3));
            for (size_t k = 0; k < lens[i]; k++) {
                bytes[sum++] = (char)chance(&seed);
            }
        }
        if (round % 50 == 49 && count > 0) {
            sum += 16 << 20;  // many MB at the end
            lens[count - 1] += 16 << 20;
        }
        CLEANUP(buf_done) Buf out = {0};
        encode_delta_length(lens, count, bytes, sum, &out);
        Coded coded = coded_of(out.data, out.len);
        if (!decode_delta_length(&coded, count, back)) {
            fail_msg("%zu texts: %s", count, coded.wrong);
        }
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(back[i], lens[i]);
        }
        assert_memory_equal(coded.at, bytes, sum);
    }
    free(bytes);
}

// Lengths up to the largest one: only the lengths, no text of 2 GiB.
static void delta_length__of_the_largest_lengths(void **state)
{
    (void)state;
    const uint32_t lens[] = {INT32_MAX, 0, INT32_MAX, INT32_MAX, 1, 0};
    int64_t back[ARRAY_LEN(lens)];
    CLEANUP(buf_done) Buf out = {0};
    encode_delta_length(lens, ARRAY_LEN(lens), "", 0, &out);
    Coded coded = coded_of(out.data, out.len);
    assert_true(decode_delta(&coded, true, ARRAY_LEN(lens), back));
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        assert_int_equal(back[i], lens[i]);
    }
}

// --- all ------------------------------------------------------------------------------------------

// A page that is too large is said to be so; nothing is written past the limit.
static void encoders__stop_at_the_limit(void **state)
{
    (void)state;
    uint64_t seed = 5;
    int64_t values[1000];
    uint16_t indexes[1000];
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        values[i] = (int64_t)chance(&seed);
        indexes[i] = (uint16_t)(chance(&seed) & 0x3FFF);
    }
    for (size_t limit = 1; limit < 1000; limit++) {
        CLEANUP(buf_done) Buf deltas = {.limit = limit};
        encode_delta(values, ARRAY_LEN(values), false, &deltas);
        assert_true(deltas.overflow && deltas.len <= limit);
        CLEANUP(buf_done) Buf packed = {.limit = limit};
        encode_hybrid(indexes, ARRAY_LEN(indexes), 14, &packed);
        assert_true(packed.overflow && packed.len <= limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bit_width__of_edges),
        cmocka_unit_test(hybrid__is_as_the_format_shows),
        cmocka_unit_test(run__of_many_rows_has_a_long_header),
        cmocka_unit_test(hybrid__of_runs_around_multiples_of_eight),
        cmocka_unit_test(hybrid__of_every_width),
        cmocka_unit_test(hybrid__of_a_long_packed_part),
        cmocka_unit_test(delta__is_as_the_format_shows),
        cmocka_unit_test(delta__of_extremes),
        cmocka_unit_test(delta__of_every_width_and_count),
        cmocka_unit_test(delta_length__is_as_the_format_shows),
        cmocka_unit_test(delta_length__of_any_lengths),
        cmocka_unit_test(delta_length__of_the_largest_lengths),
        cmocka_unit_test(encoders__stop_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

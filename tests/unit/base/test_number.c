// Numbers: tables of expected values (bits from an independent reader), and millions of made-up
// texts held against strtod and printf of libc.
#include "base/base.h"

#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/number.h"

// xorshift64*: a failure can be repeated.
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double bits_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

// A heap copy of exactly `len` bytes, so that a sanitizer sees any read past them.
static char *exact_copy(const char *text, size_t len)
{
    char *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return copy;
}

static bool parse_i64(const char *text, int64_t *ret_value)
{
    const size_t len = strlen(text);
    char *copy = exact_copy(text, len);
    const bool ok = number_parse_i64(copy, len, ret_value);
    free(copy);
    return ok;
}

static bool parse_u64(const char *text, uint64_t *ret_value)
{
    const size_t len = strlen(text);
    char *copy = exact_copy(text, len);
    const bool ok = number_parse_u64(copy, len, ret_value);
    free(copy);
    return ok;
}

static bool parse_double(const char *text, double *ret_value)
{
    const size_t len = strlen(text);
    char *copy = exact_copy(text, len);
    const bool ok = number_parse_double(copy, len, ret_value);
    free(copy);
    return ok;
}

static bool parse_decimal(const char *text, int scale, __int128 *ret_value)
{
    const size_t len = strlen(text);
    char *copy = exact_copy(text, len);
    const bool ok = number_parse_decimal(copy, len, scale, ret_value);
    free(copy);
    return ok;
}

static void parse_i64__reads_what_printf_writes(void **state)
{
    (void)state;
    static const int64_t NUMBERS[] = {0,         1,         -1,        9,         10,
                                      99,        100,       1234567,   12345678,  123456789,
                                      INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MAX - 1};
    uint64_t seed = 1;
    for (size_t i = 0; i < 200000; i++) {
        int64_t expected = (int64_t)(random_next(&seed) >> (random_next(&seed) % 64));
        if (random_next(&seed) % 2 == 0) {
            expected = -expected;
        }
        if (i < ARRAY_LEN(NUMBERS)) {
            expected = NUMBERS[i];
        }
        char text[32];
        (void)snprintf(text, sizeof(text), "%" PRId64, expected);
        int64_t value = 77;
        assert_true(parse_i64(text, &value));
        assert_int_equal(value, expected);
    }
}

static void parse_i64__accepts_leading_zeros(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(parse_i64("0000000042", &value));
    assert_int_equal(value, 42);
    assert_true(parse_i64("-00000000000000000000000000000000000007", &value));
    assert_int_equal(value, -7);
    assert_true(parse_i64("-0", &value));
    assert_int_equal(value, 0);
}

static void parse_i64__rejects_overflow(void **state)
{
    (void)state;
    int64_t value = 77;
    assert_false(parse_i64("9223372036854775808", &value));
    assert_false(parse_i64("-9223372036854775809", &value));
    assert_false(parse_i64("18446744073709551617", &value));
    assert_false(parse_i64("99999999999999999999999999", &value));
    assert_int_equal(value, 77);
}

static void parse_i64__rejects_what_is_no_number(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",     "-",     "+1",          "--1",         " 1",          "1 ",
        "1.0",  "1e3",   "0x10",        "a",           "12345678a",   "a12345678",
        "12a",  "1234a", "123:5678",    "1/345678",    "1234567\x80", "1234567890123456-",
        "\xb1", "1,000", "\xff.234567", "12345678\xb9"};
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        int64_t value = 77;
        if (parse_i64(TEXTS[i], &value)) {
            fail_msg("\"%s\" was read as %" PRId64, TEXTS[i], value);
        }
        assert_int_equal(value, 77);
    }
    // Every byte in every place.
    for (size_t len = 1; len <= 18; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                char text[18];
                memset(text, '1', sizeof(text));
                text[at] = (char)c;
                int64_t value;
                const bool expected = (c >= '0' && c <= '9') || (c == '-' && at == 0 && len > 1);
                assert_true(number_parse_i64(text, len, &value) == expected);
            }
        }
    }
}

static void parse_u64__holds_the_maximum(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(parse_u64("18446744073709551615", &value));
    assert_true(value == UINT64_MAX);
    assert_true(parse_u64("00000000000018446744073709551615", &value));
    assert_true(value == UINT64_MAX);
    value = 77;
    assert_false(parse_u64("18446744073709551616", &value));
    assert_false(parse_u64("-1", &value));
    assert_false(parse_u64("-0", &value));
    assert_false(parse_u64("", &value));
    assert_true(value == 77);
}

static void parse_decimal__fills_and_checks_the_scale(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int scale;
        int64_t expected;
    } GOOD[] = {
        {"0", 0, 0},          {"0.00", 2, 0},       {"12.5", 2, 1250},
        {"-12.50", 2, -1250}, {"12", 3, 12000},     {"12.", 1, 120},
        {".5", 1, 5},         {"0.10", 1, 1},       {"1.2300000", 2, 123},
        {"-0.01", 2, -1},     {"000017.5", 1, 175}, {"99999999999999.99", 2, 9999999999999999},
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        __int128 value = 77;
        assert_true(parse_decimal(GOOD[i].text, GOOD[i].scale, &value));
        assert_true(value == GOOD[i].expected);
    }
    static const struct {
        const char *text;
        int scale;
    } BAD[] = {{"", 0},    {".", 2},   {"-", 0},     {"-.", 1}, {"1.234", 2},
               {"1e3", 0}, {"+1", 0},  {"1.2.3", 2}, {"1-", 0}, {" 1", 0},
               {"1..", 0}, {"1.5", 0}, {"0x1", 0},   {"1,5", 1}};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        __int128 value = 77;
        assert_false(parse_decimal(BAD[i].text, BAD[i].scale, &value));
        assert_true(value == 77);
    }
}

static void parse_decimal__holds_38_digits(void **state)
{
    (void)state;
    // 10^38 - 1
    const __int128 largest =
        (__int128)UINT64_C(10000000000000000000) * UINT64_C(10000000000000000000) - 1;
    __int128 value = 0;
    assert_true(parse_decimal("99999999999999999999999999999999999999", 0, &value));
    assert_true(value == largest);
    assert_true(parse_decimal("-99999999.999999999999999999999999999999", 30, &value));
    assert_true(value == -largest);
    assert_true(parse_decimal("00000000009999999999999999999999999999999999999.9", 1, &value));
    assert_true(value == largest);
    assert_true(parse_decimal("0.99999999999999999999999999999999999999", 38, &value));
    assert_true(value == largest);
    value = 77;
    assert_false(parse_decimal("100000000000000000000000000000000000000", 0, &value));
    assert_false(parse_decimal("1", 38, &value));
    assert_false(
        parse_decimal("999999999999999999999999999999999999999999999999999999999999", 0, &value));
    assert_true(value == 77);
}

static void parse_double__is_nearest_in_hard_cases(void **state)
{
    (void)state;
    // Halfway points (written out in full), their neighbours, subnormal numbers, the ends of the
    // range. The bits come from Python's float().
    static const struct {
        const char *text;
        uint64_t bits;
    } CASES[] = {
        {"0", UINT64_C(0x0000000000000000)},
        {"-0", UINT64_C(0x8000000000000000)},
        {"0.0", UINT64_C(0x0000000000000000)},
        {"1", UINT64_C(0x3FF0000000000000)},
        {"-1.5", UINT64_C(0xBFF8000000000000)},
        {"0.1", UINT64_C(0x3FB999999999999A)},
        {"123456789", UINT64_C(0x419D6F3454000000)},
        {"9007199254740993", UINT64_C(0x4340000000000000)},
        {"9007199254740992", UINT64_C(0x4340000000000000)},
        {"9007199254740991", UINT64_C(0x433FFFFFFFFFFFFF)},
        {"9007199254740993.0000000000000000000000000000000001", UINT64_C(0x4340000000000001)},
        {"9007199254740995", UINT64_C(0x4340000000000002)},
        {"1e22", UINT64_C(0x4480F0CF064DD592)},
        {"1e23", UINT64_C(0x44B52D02C7E14AF6)},
        {"8.41e21", UINT64_C(0x447C7E83209E90B2)},
        {"9.5e-23", UINT64_C(0x3B5CB644DC1633C1)},
        {"1.7976931348623157e308", UINT64_C(0x7FEFFFFFFFFFFFFF)},
        {"1.7976931348623158e308", UINT64_C(0x7FEFFFFFFFFFFFFF)},
        {"-1.7976931348623157e308", UINT64_C(0xFFEFFFFFFFFFFFFF)},
        {"2.2250738585072014e-308", UINT64_C(0x0010000000000000)},
        {"2.2250738585072011e-308", UINT64_C(0x000FFFFFFFFFFFFF)},
        {"2.2250738585072012e-308", UINT64_C(0x0010000000000000)},
        {"4.9e-324", UINT64_C(0x0000000000000001)},
        {"5e-324", UINT64_C(0x0000000000000001)},
        {"2.5e-324", UINT64_C(0x0000000000000001)},
        {"2.4e-324", UINT64_C(0x0000000000000000)},
        {"1e-324", UINT64_C(0x0000000000000000)},
        {"1e-400", UINT64_C(0x0000000000000000)},
        {"2.4703282292062327208e-324", UINT64_C(0x0000000000000000)},
        {"2.4703282292062328e-324", UINT64_C(0x0000000000000001)},
        {"0.000001", UINT64_C(0x3EB0C6F7A0B5ED8D)},
        {"1e-7", UINT64_C(0x3E7AD7F29ABCAF48)},
        {"1.0000000000000002", UINT64_C(0x3FF0000000000001)},
        {"1.00000000000000011102230246251565404", UINT64_C(0x3FF0000000000000)},
        {"1.00000000000000011102230246251565405", UINT64_C(0x3FF0000000000001)},
        {"1.00000000000000011102230246251565403", UINT64_C(0x3FF0000000000000)},
        {"1.00000000000000033306690738754696212708950042724609375", UINT64_C(0x3FF0000000000002)},
        {"6.631236846766476e-316", UINT64_C(0x0000000008000000)},
        {"3.237883913302901e-319", UINT64_C(0x000000000000FFFF)},
        {"5.764607523034235e39", UINT64_C(0x4830F0CF064DD592)},
        {"1.152921504606847e40", UINT64_C(0x4840F0CF064DD592)},
        {"7.2057594037927933e16", UINT64_C(0x4370000000000000)},
        {"72057594037927945", UINT64_C(0x4370000000000001)},
        {"9223372036854775807", UINT64_C(0x43E0000000000000)},
        {"9223372036854775808", UINT64_C(0x43E0000000000000)},
        {"18446744073709551615", UINT64_C(0x43F0000000000000)},
        {"18446744073709551616", UINT64_C(0x43F0000000000000)},
        {"12345678901234567890123456789", UINT64_C(0x45C3F20D99235F65)},
        {"0.00000000000000000000000000000000000001", UINT64_C(0x380B38FB9DAA78E4)},
        {"00000000000000000000000000001.5", UINT64_C(0x3FF8000000000000)},
        {"100000000000000016777215", UINT64_C(0x44B52D02C7E14AF7)},
        {"100000000000000016777216", UINT64_C(0x44B52D02C7E14AF8)},
        {"3.4028234663852886e38", UINT64_C(0x47EFFFFFE0000000)},
        {"1.401298464324817e-45", UINT64_C(0x36A0000000000000)},
        {"1e+5", UINT64_C(0x40F86A0000000000)},
        {"1E5", UINT64_C(0x40F86A0000000000)},
        {"5.", UINT64_C(0x4014000000000000)},
        {"1.e2", UINT64_C(0x4059000000000000)},
        {".5", UINT64_C(0x3FE0000000000000)},
        {"123e-2", UINT64_C(0x3FF3AE147AE147AE)},
        {"1.00000000000000011102230246251565404236316680908203125", UINT64_C(0x3FF0000000000000)},
        {"1.000000000000000111022302462515654042363166809082031251", UINT64_C(0x3FF0000000000001)},
        {"1.00000000000000033306690738754696212708950042724609375", UINT64_C(0x3FF0000000000002)},
        {"1.000000000000000333066907387546962127089500427246093751", UINT64_C(0x3FF0000000000002)},
        {"9007199254740995", UINT64_C(0x4340000000000002)},
        {"9007199254740995.1", UINT64_C(0x4340000000000002)},
        {"0.100000000000000012490009027033011079765856266021728515625",
         UINT64_C(0x3FB999999999999A)},
        {"0.1000000000000000124900090270330110797658562660217285156251",
         UINT64_C(0x3FB999999999999B)},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        double value = 77;
        if (!parse_double(CASES[i].text, &value) || double_bits(value) != CASES[i].bits) {
            fail_msg("\"%s\" was read as %a", CASES[i].text, value);
        }
    }
}

static void parse_double__rejects_overflow_and_other_text(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "-",
        ".",
        "-.",
        "e5",
        "1e",
        "1e+",
        "1e-",
        "+1",
        " 1",
        "1 ",
        "1.2.3",
        "nan",
        "inf",
        "-inf",
        "0x1p3",
        "1f",
        "1e5.0",
        "1e5e5",
        "--1",
        "1e--5",
        "1_000",
        "1e309",
        "-1e309",
        "1.7976931348623159e308",
        "1e99999999999999999999",
        "179769313486231580793e289",
    };
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        double value = 77;
        if (parse_double(TEXTS[i], &value)) {
            fail_msg("\"%s\" was read as %a", TEXTS[i], value);
        }
        assert_true(value == 77);
    }
}

static void assert_same_as_strtod(const char *text)
{
    const double expected = strtod(text, NULL);
    double value = 77;
    const bool ok = number_parse_double(text, strlen(text), &value);
    if (isinf(expected)) {
        if (ok) {
            fail_msg("\"%s\" overflows but was read as %a", text, value);
        }
        return;
    }
    if (!ok || double_bits(value) != double_bits(expected)) {
        fail_msg("\"%s\" was read as %a, not %a", text, value, expected);
    }
}

static void parse_double__agrees_with_strtod_on_bit_patterns(void **state)
{
    (void)state;
    uint64_t seed = 20161114;
    for (size_t i = 0; i < 400000; i++) {
        double value = bits_double(random_next(&seed));
        if (i % 8 == 0) {
            value = bits_double(random_next(&seed) >> 12 >> random_next(&seed) % 52);  // subnormal
        }
        if (!isfinite(value)) {
            continue;
        }
        char text[64];
        (void)snprintf(text, sizeof(text), "%.*e", 12 + (int)(i % 12), value);
        assert_same_as_strtod(text);
    }
}

static void parse_double__agrees_with_strtod_on_random_text(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (size_t i = 0; i < 1000000; i++) {
        char text[96];
        size_t len = 0;
        const size_t digits = 1 + random_next(&seed) % (i % 16 == 0 ? 60 : 20);
        const size_t point = random_next(&seed) % (digits + 1);
        if (random_next(&seed) % 4 == 0) {
            text[len++] = '-';
        }
        for (size_t j = 0; j < digits; j++) {
            if (j == point) {
                text[len++] = '.';
            }
            text[len++] = (char)('0' + random_next(&seed) % 10);
        }
        text[len] = '\0';
        if (random_next(&seed) % 4 != 0) {
            const int range = i % 4 == 0 ? 350 : 40;
            (void)snprintf(text + len, sizeof(text) - len, "e%d",
                           (int)(random_next(&seed) % (2 * (unsigned)range)) - range);
        }
        assert_same_as_strtod(text);
    }
}

static void parse_double__agrees_with_strtod_next_to_halfway(void **state)
{
    (void)state;
    // The middle between two neighbours, cut after some digits: just below, at, or just above half.
    uint64_t seed = 5;
    for (size_t i = 0; i < 60000; i++) {
        const uint64_t bits = random_next(&seed) & ~(UINT64_C(1) << 63);
        const double low = bits_double(bits);
        const double high = bits_double(bits + 1);
        if (!isfinite(low) || !isfinite(high)) {
            continue;
        }
        // x87's 64 bits hold the middle of two doubles; printf prints it exactly.
        const long double middle = ((long double)low + (long double)high) / 2;
        char text[1200];
        (void)snprintf(text, sizeof(text), "%.*Le", 15 + (int)(i % 800), middle);
        assert_same_as_strtod(text);
    }
}

static void parse_double__reads_very_long_text(void **state)
{
    (void)state;
    // 1 + 2^-53 exactly is half way: even. A 1 after thousands of zeros lifts it.
    static const char HALF[] = "1.00000000000000011102230246251565404236316680908203125";
    enum { LEN = 5000 };
    char *text = malloc(LEN + 1);
    assert_non_null(text);
    memset(text, '0', LEN);
    memcpy(text, HALF, sizeof(HALF) - 1);
    text[LEN] = '\0';
    double value = 0;
    assert_true(number_parse_double(text, LEN, &value));
    assert_true(value == 1.0);
    text[LEN - 1] = '1';
    assert_true(number_parse_double(text, LEN, &value));
    assert_true(value == 1.0 + DBL_EPSILON);
    // Leading zeros, whole digits and an exponent that brings them back.
    memset(text, '0', LEN);
    text[10] = '7';
    memcpy(text + LEN - 6, "e-4983", 6);
    assert_same_as_strtod(text);
    memset(text, '9', LEN);
    memcpy(text + LEN - 6, "e-5000", 6);
    assert_same_as_strtod(text);
    memcpy(text + LEN - 6, "e-5300", 6);
    assert_same_as_strtod(text);
    free(text);
}

static void double_to_text__is_shortest_and_plain(void **state)
{
    (void)state;
    // Digits as Python's repr() gives them; the layout is ours.
    static const struct {
        double value;
        const char *text;
    } CASES[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {100000.0, "100000"},
        {1e15, "1000000000000000"},
        {9007199254740993.0, "9007199254740992"},
        {1e16, "1e16"},
        {123456789012345680.0, "1.2345678901234568e17"},
        {0.0001, "0.0001"},
        {0.00001, "1e-5"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {-1.7976931348623157e308, "-1.7976931348623157e308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {1e23, "1e23"},
        {5.684341886080802e-14,
         "5.684341886080802e-14"},  // 2^-44: the nearest 16 digits do not read back
        {9.5367431640625e-07, "9.5367431640625e-7"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
        {(double)NAN, "nan"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char text[NUMBER_TEXT_SIZE];
        const size_t len = number_double_to_text(CASES[i].value, text);
        assert_string_equal(text, CASES[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void double_to_text__reads_back(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (size_t i = 0; i < 50000; i++) {
        double value = bits_double(random_next(&seed));
        if (i < 2046) {
            value = bits_double((uint64_t)(i + 1) << 52);  // every power of two
        } else if (i % 4 == 0) {
            value = (double)(int64_t)(random_next(&seed) % 100000000) / 100;
        }
        if (!isfinite(value)) {
            continue;
        }
        char text[NUMBER_TEXT_SIZE];
        (void)number_double_to_text(value, text);
        assert_true(double_bits(strtod(text, NULL)) == double_bits(value));
    }
}

static void float_to_text__is_shortest(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } CASES[] = {
        {0.1f, "0.1"},
        {16777216.0f, "16777216"},
        {3.4028234663852886e38f, "3.4028235e38"},
        {1.401298464324817e-45f, "1e-45"},
        {1.1754943508222875e-38f, "1.1754944e-38"},
        {9.8607613e-32f, "9.8607613e-32"},
        {-2.5f, "-2.5"},
        {33554432.0f, "33554432"},
    };
    char text[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        (void)number_float_to_text(CASES[i].value, text);
        assert_string_equal(text, CASES[i].text);
    }
    uint64_t seed = 7;
    for (size_t i = 0; i < 50000; i++) {
        const uint32_t bits = (uint32_t)random_next(&seed);
        float value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            (void)number_float_to_text(value, text);
            const float again = strtof(text, NULL);
            assert_memory_equal(&again, &value, sizeof(value));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_i64__reads_what_printf_writes),
        cmocka_unit_test(parse_i64__accepts_leading_zeros),
        cmocka_unit_test(parse_i64__rejects_overflow),
        cmocka_unit_test(parse_i64__rejects_what_is_no_number),
        cmocka_unit_test(parse_u64__holds_the_maximum),
        cmocka_unit_test(parse_decimal__fills_and_checks_the_scale),
        cmocka_unit_test(parse_decimal__holds_38_digits),
        cmocka_unit_test(parse_double__is_nearest_in_hard_cases),
        cmocka_unit_test(parse_double__rejects_overflow_and_other_text),
        cmocka_unit_test(parse_double__agrees_with_strtod_on_bit_patterns),
        cmocka_unit_test(parse_double__agrees_with_strtod_on_random_text),
        cmocka_unit_test(parse_double__agrees_with_strtod_next_to_halfway),
        cmocka_unit_test(parse_double__reads_very_long_text),
        cmocka_unit_test(double_to_text__is_shortest_and_plain),
        cmocka_unit_test(double_to_text__reads_back),
        cmocka_unit_test(float_to_text__is_shortest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Text helpers. The UTF-8 check is held against a table of ill-formed sequences from the Unicode
// standard (chapter 3, table 3-7) and, for all of two and three bytes, against a slow check.
#include "base/base.h"

#include "unit.h"

#include "base/text.h"

static void equal__null_equals_only_null(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "A"));
    assert_true(text_equal_nocase(NULL, NULL));
    assert_false(text_equal_nocase("", NULL));
    assert_true(text_equal_nocase("OpTime", "oPtIME"));
    assert_false(text_equal_nocase("optime", "optim"));
    assert_false(text_equal_nocase("optim", "optime"));
    // '[' and '{' differ by the bit that makes letters small.
    assert_false(text_equal_nocase("[", "{"));
    assert_false(text_equal_nocase("\xC3\x84", "\xC3\xA4"));
}

static void starts_and_ends__whole_and_empty(void **state)
{
    (void)state;
    assert_true(text_starts_with("ds=1", "ds="));
    assert_true(text_starts_with("ds=", "ds="));
    assert_true(text_starts_with("", ""));
    assert_false(text_starts_with("ds", "ds="));
    assert_true(text_ends_with("a.json", ".json"));
    assert_true(text_ends_with(".json", ".json"));
    assert_true(text_ends_with("a", ""));
    assert_false(text_ends_with("json", ".json"));
}

static void parse_int__checks_the_range(void **state)
{
    (void)state;
    int64_t value = 77;
    assert_false(text_parse_int("11", 0, 10, &value));
    assert_false(text_parse_int("-1", 0, 10, &value));
    assert_false(text_parse_int("", 0, 10, &value));
    assert_false(text_parse_int(NULL, 0, 10, &value));
    assert_false(text_parse_int("1x", 0, 10, &value));
    assert_false(text_parse_int(" 1", 0, 10, &value));
    assert_int_equal(value, 77);
    assert_true(text_parse_int("10", 0, 10, &value));
    assert_int_equal(value, 10);
    assert_true(text_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MIN);
}

static void parse_bytes__knows_its_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } GOOD[] = {
        {"0", 0},
        {"4096", 4096},
        {"7B", 7},
        {"500k", 512000},
        {"500KB", 500000},
        {"500 KiB", 512000},
        {"64MiB", 67108864},
        {"64m", 67108864},
        {"64MB", 64000000},
        {"1GB", 1000000000},
        {"1G", 1073741824},
        {"2gib", 2147483648},
        {"3TiB", 3298534883328},
        {"3TB", 3000000000000},
        {"18446744073709551615", UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        uint64_t bytes = 77;
        assert_true(text_parse_bytes(GOOD[i].text, &bytes));
        assert_true(bytes == GOOD[i].bytes);
    }
    static const char *const BAD[] = {"",
                                      "k",
                                      "-1",
                                      "1.5G",
                                      "1X",
                                      "1  k",
                                      "1 ",
                                      "1kk",
                                      " 1",
                                      "1KiBs",
                                      "18446744073709551616",
                                      "16777216T"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        uint64_t bytes = 77;
        if (text_parse_bytes(BAD[i], &bytes)) {
            fail_msg("\"%s\" was read", BAD[i]);
        }
        assert_true(bytes == 77);
    }
    uint64_t bytes = 77;
    assert_false(text_parse_bytes(NULL, &bytes));
}

static void nearest__finds_typing_mistakes(void **state)
{
    (void)state;
    static const char *const KNOWN[] = {"table",       "tables", "columns",    "where", "query",
                                        "incremental", "split",  "datasource", NULL};
    assert_string_equal(text_nearest("colums", KNOWN), "columns");
    assert_string_equal(text_nearest("hwere", KNOWN), "where");
    assert_string_equal(text_nearest("Where", KNOWN), "where");
    assert_string_equal(text_nearest("data_source", KNOWN), "datasource");
    assert_string_equal(text_nearest("tabel", KNOWN), "table");
    assert_string_equal(text_nearest("incremntal", KNOWN), "incremental");
    assert_null(text_nearest("zzz", KNOWN));
    assert_null(text_nearest("threads", KNOWN));
    assert_null(text_nearest("", KNOWN));
    assert_null(text_nearest("x", (const char *const[]){"a", NULL}));
    char longest[200];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(text_nearest(longest, KNOWN));
    assert_null(text_nearest("aaa", (const char *const[]){longest, NULL}));
}

// A heap copy of exactly the bytes, so that a sanitizer sees any read past them.
static bool is_utf8(const char *bytes, size_t len)
{
    char *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    const bool result = text_is_utf8(copy, len);
    free(copy);
    return result;
}

static void is_utf8__accepts_the_first_and_last_of_each_length(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "",
        "plain",
        "\x7F",
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF",
        "\xE4\xB8\xAD\xE6\x96\x87 and \xF0\x9F\x98\x80 mixed with plain text of some length",
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        assert_true(is_utf8(GOOD[i], strlen(GOOD[i])));
    }
    assert_true(is_utf8("a\0b", 3));
}

static void is_utf8__rejects_ill_formed_at_every_place(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xC2\xC2\x80",
        "\xE0\x9F\xBF",
        "\xE0\xA0",
        "\xE1\x80\x41",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x90\x80",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xFE",
        "\xF1\x80\x80\x41",
        "\xE4\xB8",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        const size_t bad_len = strlen(BAD[i]);
        for (size_t before = 0; before < 40; before++) {
            for (size_t after = 0; after < 3; after++) {
                char text[64];
                memset(text, 'x', sizeof(text));
                memcpy(text + before, BAD[i], bad_len);
                if (is_utf8(text, before + bad_len + after * 9)) {
                    fail_msg("case %zu with %zu bytes before it was accepted", i, before);
                }
            }
        }
    }
}

// Decodes by the definition: the value, the shortest form, no surrogates.
static bool slow_is_utf8(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        const unsigned first = bytes[i];
        const size_t count = first < 0x80       ? 1
                             : first >> 5 == 6  ? 2
                             : first >> 4 == 14 ? 3
                             : first >> 3 == 30 ? 4
                                                : 0;
        if (count == 0 || i + count > len) {
            return false;
        }
        uint32_t value = count == 1 ? first : first & (0x7Fu >> count);
        for (size_t j = 1; j < count; j++) {
            if (bytes[i + j] >> 6 != 2) {
                return false;
            }
            value = value << 6 | (bytes[i + j] & 0x3F);
        }
        static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
        if (value < SMALLEST[count] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
            return false;
        }
        i += count;
    }
    return true;
}

static void is_utf8__agrees_with_the_definition(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 1u << 24; bits++) {
        const unsigned char bytes[3] = {(unsigned char)(bits >> 16), (unsigned char)(bits >> 8),
                                        (unsigned char)bits};
        if (text_is_utf8((const char *)bytes, 3) != slow_is_utf8(bytes, 3)) {
            fail_msg("%06X", bits);
        }
    }
    // Four bytes: leads, and continuations at their edges.
    static const unsigned char EDGES[] = {0x00, 0x7F, 0x80, 0x8F, 0x90,
                                          0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    for (unsigned first = 0; first < 256; first++) {
        for (size_t i = 0; i < 1000; i++) {
            const unsigned char bytes[4] = {(unsigned char)first, EDGES[i / 100],
                                            EDGES[i / 10 % 10], EDGES[i % 10]};
            assert_true(text_is_utf8((const char *)bytes, 4) == slow_is_utf8(bytes, 4));
        }
    }
}

static void hex_pair__both_cases_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(text_hex_pair("00"), 0);
    assert_int_equal(text_hex_pair("7f"), 127);
    assert_int_equal(text_hex_pair("Fa9"), 250);
    assert_int_equal(text_hex_pair(""), -1);
    assert_int_equal(text_hex_pair("a"), -1);
    assert_int_equal(text_hex_pair("g0"), -1);
    assert_int_equal(text_hex_pair("0G"), -1);
    assert_int_equal(text_hex_pair("@1"), -1);
    assert_int_equal(text_hex_pair("1`"), -1);
    assert_int_equal(text_hex_pair("\x90"
                                   "1"),
                     -1);
}

static void count__groups_thousands(void **state)
{
    (void)state;
    char space[TEXT_NUMBER_SIZE];
    assert_string_equal(text_count(0, space), "0");
    assert_string_equal(text_count(999, space), "999");
    assert_string_equal(text_count(1000, space), "1,000");
    assert_string_equal(text_count(1234567, space), "1,234,567");
    assert_string_equal(text_count(UINT64_MAX, space), "18,446,744,073,709,551,615");
}

static void bytes__choose_the_unit(void **state)
{
    (void)state;
    char space[TEXT_NUMBER_SIZE];
    assert_string_equal(text_bytes(0, space), "0 B");
    assert_string_equal(text_bytes(1023, space), "1023 B");
    assert_string_equal(text_bytes(1024, space), "1.0 KiB");
    assert_string_equal(text_bytes(1536, space), "1.5 KiB");
    assert_string_equal(text_bytes(1048575, space), "1.0 MiB");
    assert_string_equal(text_bytes(110415053, space), "105.3 MiB");
    assert_string_equal(text_bytes(UINT64_MAX, space), "16.0 EiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal__null_equals_only_null),
        cmocka_unit_test(starts_and_ends__whole_and_empty),
        cmocka_unit_test(parse_int__checks_the_range),
        cmocka_unit_test(parse_bytes__knows_its_units),
        cmocka_unit_test(nearest__finds_typing_mistakes),
        cmocka_unit_test(is_utf8__accepts_the_first_and_last_of_each_length),
        cmocka_unit_test(is_utf8__rejects_ill_formed_at_every_place),
        cmocka_unit_test(is_utf8__agrees_with_the_definition),
        cmocka_unit_test(hex_pair__both_cases_and_nothing_else),
        cmocka_unit_test(count__groups_thousands),
        cmocka_unit_test(bytes__choose_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

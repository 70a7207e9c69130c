// Keys as number lines, and bounds as SQL: the pure half of cutting slices.
#include "base/base.h"

#include "unit.h"

#include "base/clock.h"
#include "source/mysql/keys.h"
#include "source/mysql/relation.h"

static KeyColumn column_of(const char *data_type, const char *column_type, const char *charset,
                           const char *collation)
{
    return key_column("`k`", data_type, column_type, charset, collation, /* is_nullable= */ false);
}

static KeyPoint point_of(const KeyColumn *column, const char *text)
{
    KeyPoint point = {0};
    if (!key_parse(column, text, &point)) {
        fail_msg("\"%s\" was not parsed", text);
    }
    return point;
}

// The literal of one cut in the middle.
static char *middle(const KeyColumn *column, const char *low_text, const char *high_text)
{
    KeyPoint low = point_of(column, low_text);
    KeyPoint high = point_of(column, high_text);
    KeyPoint points[KEY_PIECES_MAX];
    const size_t count = key_cut(column, &low, &high, 2, points);
    CLEANUP(buf_done) Buf sql = {0};
    for (size_t i = 0; i < count; i++) {
        key_add_literal(column, &points[i], &sql);
        key_point_done(&points[i]);
    }
    key_point_done(&low);
    key_point_done(&high);
    return mem_copy_text(buf_text(&sql));
}

static void assert_middle(const KeyColumn *column, const char *low, const char *high,
                          const char *wanted)
{
    CLEANUP(mem_free_text) char *literal = middle(column, low, high);
    assert_string_equal(literal, wanted);
}

static void key_cut__halves_numbers(void **state)
{
    (void)state;
    const KeyColumn integer = column_of("bigint", "bigint unsigned", NULL, NULL);
    assert_middle(&integer, "0", "99", "50");
    assert_middle(&integer, "1", "2", "2");
    assert_middle(&integer, "-10", "-9", "-9");
    assert_middle(&integer, "0", "18446744073709551615", "9223372036854775808");
    assert_middle(&integer, "-9223372036854775808", "9223372036854775807", "0");
    assert_middle(&integer, "5", "5", "");
    const KeyColumn decimal = column_of("decimal", "decimal(10,2)", NULL, NULL);
    assert_middle(&decimal, "0.00", "0.10", "0.06");
    assert_middle(&decimal, "-1.00", "1.00", "0.01");
}

static void key_cut__halves_times(void **state)
{
    (void)state;
    const KeyColumn date = column_of("date", "date", NULL, NULL);
    assert_middle(&date, "2016-11-01", "2016-11-03", "'2016-11-03'");
    assert_middle(&date, "2016-11-01", "2016-11-02", "'2016-11-02'");
    const KeyColumn datetime = column_of("datetime", "datetime(6)", NULL, NULL);
    assert_middle(&datetime, "2016-11-14 00:00:00", "2016-11-15 00:00:00", "'2016-11-14 12:00:01'");
    assert_middle(&datetime, "2016-11-14 00:00:00.000000", "2016-11-14 00:00:00.000003",
                  "'2016-11-14 00:00:00.000002'");
}

// Where an hour occurs twice, the order of wall clocks is not the order of instants.
static void key_cut__keeps_clear_of_clock_changes(void **state)
{
    (void)state;
    Err err;
    ASSERT_OK(clock_set_zone("America/New_York", &err), err);
    const KeyColumn timestamp = column_of("timestamp", "timestamp", NULL, NULL);
    assert_middle(&timestamp, "2024-11-03 00:00:00", "2024-11-03 04:00:00", "");
    assert_middle(&timestamp, "2024-06-03 00:00:00", "2024-06-03 04:00:00",
                  "'2024-06-03 02:00:01'");
}

static void key_cut__grows_strictly_and_ends_within(void **state)
{
    (void)state;
    const KeyColumn integer = column_of("int", "int", NULL, NULL);
    const char *const ends[][2] = {
        {"0", "3"}, {"0", "31"}, {"-7", "1000003"}, {"0", "9223372036854775807"}};
    for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
        KeyPoint low = point_of(&integer, ends[e][0]);
        KeyPoint high = point_of(&integer, ends[e][1]);
        for (size_t pieces = 2; pieces <= KEY_PIECES_MAX; pieces++) {
            KeyPoint points[KEY_PIECES_MAX];
            const size_t count = key_cut(&integer, &low, &high, pieces, points);
            assert_true(count >= 1 && count < pieces);
            for (size_t i = 0; i < count; i++) {
                assert_true(points[i].number > (i == 0 ? low.number : points[i - 1].number));
                assert_true(points[i].number <= high.number);
            }
        }
    }
}

static void key_cut__interpolates_texts(void **state)
{
    (void)state;
    const KeyColumn binary = column_of("varbinary", "varbinary(8)", NULL, NULL);
    CLEANUP(mem_free_text) char *bytes = middle(&binary, "00", "FE");
    assert_true(strncmp(bytes, "x'7f", 4) == 0 || strncmp(bytes, "x'7e", 4) == 0);
    // Case-blind collations order letters after digits: half way from "a" to "z" is between "m" and
    // "n".
    const KeyColumn blind = column_of("varchar", "varchar(40)", "latin1", "latin1_swedish_ci");
    CLEANUP(mem_free_text) char *letters = middle(&blind, "61", "7A");
    assert_non_null(strstr(letters, "CONVERT(_utf8mb4 x'6d"));
    assert_non_null(strstr(letters, "USING latin1) COLLATE latin1_swedish_ci"));
    // The common beginning is kept.
    const KeyColumn plain = column_of("char", "char(40)", "utf8mb4", "utf8mb4_bin");
    CLEANUP(mem_free_text) char *numbered = middle(&plain, "757365725F30", "757365725F39");
    assert_true(strncmp(numbered, "_utf8mb4 x'757365725f34", 23) == 0);
    CLEANUP(mem_free_text) char *wide = middle(&plain, "E4B880", "E9BEA5");
    assert_true(strncmp(wide, "_utf8mb4 x'e6", 13) == 0 || strncmp(wide, "_utf8mb4 x'e7", 13) == 0);
}

static void key_column__refuses_what_has_no_order_of_ours(void **state)
{
    (void)state;
    const char *const types[] = {"float", "double", "enum", "set",  "bit",     "time",
                                 "uuid",  "inet6",  "text", "json", "geometry"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        assert_int_equal(column_of(types[i], types[i], NULL, NULL).kind, KEY_NONE);
    }
    assert_int_equal(column_of("decimal", "decimal(65,30)", NULL, NULL).kind, KEY_NONE);
    assert_int_equal(column_of("char", "char(4)", "binary", "binary").kind, KEY_BYTES);
}

static KeyColumn range_columns[KEY_COLUMNS_MAX] = {
    {.name = "a", .kind = KEY_INT}, {.name = "b", .kind = KEY_INT}, {.name = "c", .kind = KEY_INT}};

static void assert_range(const KeyBound *low, const KeyBound *high, const char *wanted)
{
    CLEANUP(buf_done) Buf sql = {0};
    key_add_range(range_columns, low, high, &sql);
    assert_string_equal(buf_text(&sql), wanted);
}

static char one[] = "1", two[] = "2", five[] = "5", nine[] = "9";

static void key_add_range__writes_half_open_ranges(void **state)
{
    (void)state;
    const KeyBound open = {0};
    const KeyBound a1 = {.parts = {one}, .count = 1};
    const KeyBound a9 = {.parts = {nine}, .count = 1};
    const KeyBound a1b5 = {.parts = {one, five}, .count = 2};
    const KeyBound a1b9 = {.parts = {one, nine}, .count = 2};
    const KeyBound a9b2 = {.parts = {nine, two}, .count = 2};
    assert_range(&open, &open, "");
    assert_range(&a1, &a9, "a >= 1 AND a < 9");
    assert_range(&open, &a9, "a < 9");
    assert_range(&a1, &open, "a >= 1");
    assert_range(&a1b5, &a1b9, "a = 1 AND b >= 5 AND b < 9");
    assert_range(&a1b5, &open, "a >= 1 AND (a > 1 OR (a = 1 AND b >= 5))");
    assert_range(
        &a1b5, &a9b2,
        "a >= 1 AND (a > 1 OR (a = 1 AND b >= 5)) AND a <= 9 AND (a < 9 OR (a = 9 AND b < 2))");
}

static void key_add_range__gives_nulls_to_the_first_slice(void **state)
{
    (void)state;
    const KeyBound open = {0};
    const KeyBound a1 = {.parts = {one}, .count = 1};
    const KeyBound a9 = {.parts = {nine}, .count = 1};
    range_columns[0].is_nullable = true;
    assert_range(&open, &a1, "(a < 1 OR a IS NULL)");
    assert_range(&a1, &a9, "a >= 1 AND a < 9");
    range_columns[0].is_nullable = false;
}

static void key_add_less__compares_prefixes(void **state)
{
    (void)state;
    const KeyBound a1 = {.parts = {one}, .count = 1};
    const KeyBound a1b5 = {.parts = {one, five}, .count = 2};
    CLEANUP(buf_done) Buf sql = {0};
    key_add_less(&a1, &a1b5, &sql);
    assert_string_equal(buf_text(&sql), "((1) < (1) OR ((1) = (1) AND (1)))");
    buf_clear(&sql);
    key_add_less(&a1b5, &a1, &sql);
    assert_string_equal(buf_text(&sql), "((1) < (1) OR ((1) = (1) AND (0)))");
}

static void window_add__is_half_open(void **state)
{
    (void)state;
    Job job = {.bizdate = "20161231",
               .window_begin_usec = INT64_C(1483113600000000),
               .window_end_usec = INT64_C(1483200000000000)};
    CLEANUP(buf_done) Buf sql = {0};
    window_add(&sql, "d`x", WINDOW_DATE, &job);
    assert_string_equal(buf_text(&sql), "`d``x` >= '2016-12-31' AND `d``x` < '2017-01-01'");
    buf_clear(&sql);
    window_add(&sql, "t", WINDOW_DATETIME, &job);
    assert_string_equal(buf_text(&sql),
                        "`t` >= '2016-12-31 00:00:00' AND `t` < '2017-01-01 00:00:00'");
    buf_clear(&sql);
    window_add(&sql, "t", WINDOW_TIMESTAMP, &job);
    assert_string_equal(buf_text(&sql),
                        "`t` >= FROM_UNIXTIME(1483099200) AND `t` < FROM_UNIXTIME(1483214400) AND "
                        "UNIX_TIMESTAMP(`t`) >= 1483113600 AND UNIX_TIMESTAMP(`t`) < 1483200000");
    assert_int_equal(window_kind("varchar"), WINDOW_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_cut__halves_numbers),
        cmocka_unit_test(key_cut__halves_times),
        cmocka_unit_test(key_cut__keeps_clear_of_clock_changes),
        cmocka_unit_test(key_cut__grows_strictly_and_ends_within),
        cmocka_unit_test(key_cut__interpolates_texts),
        cmocka_unit_test(key_column__refuses_what_has_no_order_of_ours),
        cmocka_unit_test(key_add_range__writes_half_open_ranges),
        cmocka_unit_test(key_add_range__gives_nulls_to_the_first_slice),
        cmocka_unit_test(key_add_less__compares_prefixes),
        cmocka_unit_test(window_add__is_half_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

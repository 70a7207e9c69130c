// Values as text. The dates' day numbers come from Python's datetime (year 0 by hand: 366 days
// less).
#include "base/base.h"

#include "unit.h"

#include "record/value.h"

static void assert_text(Value value, Type type, const char *expected)
{
    CLEANUP(buf_done) Buf text = {0};
    value_to_text(&value, type, &text);
    assert_string_equal(buf_text(&text), expected);
    assert_int_equal(text.len, strlen(expected));
}

static Value set_i64(int64_t number)
{
    return (Value){.state = VALUE_SET, .i64 = number};
}

static void to_text__numbers(void **state)
{
    (void)state;
    assert_text(set_i64(1), (Type){.kind = TYPE_BOOL}, "true");
    assert_text(set_i64(0), (Type){.kind = TYPE_BOOL}, "false");
    assert_text(set_i64(-128), (Type){.kind = TYPE_INT8}, "-128");
    assert_text(set_i64(INT64_MIN), (Type){.kind = TYPE_INT64}, "-9223372036854775808");
    assert_text((Value){.state = VALUE_SET, .u64 = UINT64_MAX}, (Type){.kind = TYPE_UINT64},
                "18446744073709551615");
    assert_text((Value){.state = VALUE_SET, .f64 = (double)0.1f}, (Type){.kind = TYPE_FLOAT32},
                "0.1");
    assert_text((Value){.state = VALUE_SET, .f64 = 0.1}, (Type){.kind = TYPE_FLOAT64}, "0.1");
    assert_text((Value){.state = VALUE_SET, .i128 = -1250},
                (Type){.kind = TYPE_DECIMAL, .precision = 10, .scale = 2}, "-12.50");
}

static void to_text__dates_and_times(void **state)
{
    (void)state;
    const Type date = {.kind = TYPE_DATE};
    assert_text(set_i64(17119), date, "2016-11-14");
    assert_text(set_i64(0), date, "1970-01-01");
    assert_text(set_i64(-719162), date, "0001-01-01");
    assert_text(set_i64(-719528), date, "0000-01-01");
    assert_text(set_i64(2932896), date, "9999-12-31");
    const int64_t usec = INT64_C(1479112200123456);
    assert_text(set_i64(usec), (Type){.kind = TYPE_DATETIME, .scale = 6},
                "2016-11-14 08:30:00.123456");
    assert_text(set_i64(usec), (Type){.kind = TYPE_DATETIME, .scale = 1}, "2016-11-14 08:30:00.1");
    assert_text(set_i64(usec), (Type){.kind = TYPE_DATETIME, .scale = 0}, "2016-11-14 08:30:00");
    assert_text(set_i64(usec), (Type){.kind = TYPE_INSTANT, .scale = 3},
                "2016-11-14T08:30:00.123Z");
    assert_text(set_i64(usec), (Type){.kind = TYPE_INSTANT}, "2016-11-14T08:30:00Z");
    assert_text(set_i64(-1), (Type){.kind = TYPE_DATETIME, .scale = 6},
                "1969-12-31 23:59:59.999999");
}

static void to_text__bytes_null_and_dirty(void **state)
{
    (void)state;
    assert_text((Value){.state = VALUE_SET, .bytes = "abc", .len = 2}, (Type){.kind = TYPE_TEXT},
                "ab");
    assert_text((Value){.state = VALUE_SET, .bytes = "\xFF\x00\x10", .len = 3},
                (Type){.kind = TYPE_BYTES}, "/wAQ");
    assert_text((Value){.state = VALUE_SET, .bytes = "", .len = 0}, (Type){.kind = TYPE_BYTES}, "");
    assert_text((Value){.state = VALUE_NULL}, (Type){.kind = TYPE_INT64}, "");
    assert_text(
        (Value){.state = VALUE_DIRTY, .dirty = DIRTY_OUT_OF_RANGE, .bytes = "70000", .len = 5},
        (Type){.kind = TYPE_INT16}, "70000");
}

static void decimal_to_text__every_scale(void **state)
{
    (void)state;
    char text[DECIMAL_TEXT_SIZE];
    const __int128 largest =
        (__int128)UINT64_C(10000000000000000000) * UINT64_C(10000000000000000000) - 1;
    assert_int_equal(decimal_to_text(0, 0, text), 1);
    assert_string_equal(text, "0");
    (void)decimal_to_text(0, 2, text);
    assert_string_equal(text, "0.00");
    (void)decimal_to_text(5, 3, text);
    assert_string_equal(text, "0.005");
    (void)decimal_to_text(-5, 0, text);
    assert_string_equal(text, "-5");
    (void)decimal_to_text(largest, 0, text);
    assert_string_equal(text, "99999999999999999999999999999999999999");
    assert_int_equal(decimal_to_text(-largest, 38, text), 41);
    assert_string_equal(text, "-0.99999999999999999999999999999999999999");
    (void)decimal_to_text(-largest, 30, text);
    assert_string_equal(text, "-99999999.999999999999999999999999999999");
}

static void dirty_reason_text__names_every_reason(void **state)
{
    (void)state;
    for (int i = DIRTY_NONE; i <= DIRTY_CONVERSION; i++) {
        assert_null(strstr(dirty_reason_text((DirtyReason)i), "unknown"));
    }
    assert_string_equal(dirty_reason_text(DIRTY_OUT_OF_RANGE), "does not fit the column's type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_text__numbers),
        cmocka_unit_test(to_text__dates_and_times),
        cmocka_unit_test(to_text__bytes_null_and_dirty),
        cmocka_unit_test(decimal_to_text__every_scale),
        cmocka_unit_test(dirty_reason_text__names_every_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The table of conversions, with the bounds of every type. Expected values are literals.
#include "base/base.h"

#include "unit.h"

#include <float.h>
#include <math.h>

#include "sink/lake/convert.h"

#define MAX_DECIMAL18 INT64_C(999999999999999999)

static const Type type_bool = {.kind = TYPE_BOOL};
static const Type type_int8 = {.kind = TYPE_INT8};
static const Type type_int16 = {.kind = TYPE_INT16};
static const Type type_int32 = {.kind = TYPE_INT32};
static const Type type_int64 = {.kind = TYPE_INT64};
static const Type type_uint64 = {.kind = TYPE_UINT64};
static const Type type_float = {.kind = TYPE_FLOAT32};
static const Type type_double = {.kind = TYPE_FLOAT64};
static const Type type_date = {.kind = TYPE_DATE};
static const Type type_local = {.kind = TYPE_DATETIME, .scale = 6};
static const Type type_instant = {.kind = TYPE_INSTANT, .scale = 6};
static const Type type_text = {.kind = TYPE_TEXT};
static const Type type_bytes = {.kind = TYPE_BYTES};

static Type decimal(uint8_t precision, uint8_t scale)
{
    return (Type){.kind = TYPE_DECIMAL, .precision = precision, .scale = scale};
}

static Value of_i64(int64_t number)
{
    return (Value){.state = VALUE_SET, .i64 = number};
}

static Value of_decimal(__int128 number)
{
    return (Value){.state = VALUE_SET, .i128 = number};
}

static Value of_double(double number)
{
    return (Value){.state = VALUE_SET, .f64 = number};
}

static Value of_text(const char *text)
{
    return (Value){.state = VALUE_SET, .bytes = text, .len = strlen(text)};
}

// The value becomes `expected`, compared in the member that `to` uses.
static void assert_becomes(Value value, Type from, Type to, Value expected)
{
    CLEANUP(buf_done) Buf space = {0};
    Value result = {0};
    assert_true(convert_possible(from, to));
    assert_int_equal(convert_value(&value, from, to, &space, &result), DIRTY_NONE);
    assert_int_equal(result.state, VALUE_SET);
    if (to.kind == TYPE_FLOAT32 || to.kind == TYPE_FLOAT64) {
        assert_true(result.f64 == expected.f64);
    } else if (to.kind == TYPE_DECIMAL) {
        assert_true(result.i128 == expected.i128);
    } else if (to.kind == TYPE_TEXT || to.kind == TYPE_BYTES) {
        assert_int_equal(result.len, expected.len);
        assert_memory_equal(result.bytes, expected.bytes, expected.len);
    } else {
        assert_int_equal(result.i64, expected.i64);
    }
}

static void assert_dirty(Value value, Type from, Type to, DirtyReason reason)
{
    CLEANUP(buf_done) Buf space = {0};
    Value result = {.state = VALUE_SET, .i64 = 4711};
    assert_int_equal(convert_value(&value, from, to, &space, &result), reason);
    assert_int_equal(result.i64, 4711);
}

static void convert__integers_to_narrower(void **state)
{
    (void)state;
    assert_becomes(of_i64(127), type_int64, type_int8, of_i64(127));
    assert_becomes(of_i64(-128), type_int64, type_int8, of_i64(-128));
    assert_dirty(of_i64(128), type_int64, type_int8, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_i64(-129), type_int16, type_int8, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(-32768), type_int32, type_int16, of_i64(-32768));
    assert_dirty(of_i64(32768), type_int32, type_int16, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(INT32_MAX), type_int64, type_int32, of_i64(INT32_MAX));
    assert_dirty(of_i64(INT64_C(2147483648)), type_int64, type_int32, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_i64(INT64_MIN), type_int64, type_int32, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(1), type_int32, type_bool, of_i64(1));
    assert_dirty(of_i64(2), type_int32, type_bool, DIRTY_OUT_OF_RANGE);
}

static void convert__unsigned(void **state)
{
    (void)state;
    const Value max = {.state = VALUE_SET, .u64 = UINT64_MAX};
    const Value int64_max = {.state = VALUE_SET, .u64 = INT64_MAX};
    assert_becomes(int64_max, type_uint64, type_int64, of_i64(INT64_MAX));
    assert_dirty(max, type_uint64, type_int64, DIRTY_OUT_OF_RANGE);
    assert_becomes(max, type_uint64, decimal(20, 0), of_decimal(UINT64_MAX));
    assert_dirty(max, type_uint64, decimal(19, 0), DIRTY_OUT_OF_RANGE);
    assert_dirty(max, type_uint64, decimal(38, 19), DIRTY_OUT_OF_RANGE);
    assert_dirty(of_i64(-1), type_int64, type_uint64, DIRTY_OUT_OF_RANGE);
    assert_becomes(max, type_uint64, type_text, of_text("18446744073709551615"));
    assert_becomes(of_text("18446744073709551615"), type_text, type_uint64, max);
    assert_dirty(of_text("18446744073709551616"), type_text, type_uint64, DIRTY_OUT_OF_RANGE);
}

static void convert__decimals(void **state)
{
    (void)state;
    assert_becomes(of_i64(-12), type_int32, decimal(4, 2), of_decimal(-1200));
    assert_dirty(of_i64(100), type_int32, decimal(4, 2), DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(99), type_int32, decimal(4, 2), of_decimal(9900));
    assert_becomes(of_decimal(150), decimal(5, 2), decimal(5, 1), of_decimal(15));
    assert_dirty(of_decimal(155), decimal(5, 2), decimal(5, 1), DIRTY_OUT_OF_RANGE);
    assert_becomes(of_decimal(-155), decimal(5, 2), decimal(10, 4), of_decimal(-15500));
    assert_dirty(of_decimal(10000), decimal(5, 0), decimal(4, 0), DIRTY_OUT_OF_RANGE);
    assert_becomes(of_decimal(9999), decimal(5, 0), decimal(4, 0), of_decimal(9999));
    assert_becomes(of_decimal(1200), decimal(5, 2), type_int8, of_i64(12));
    assert_dirty(of_decimal(1201), decimal(5, 2), type_int8, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_decimal(12800), decimal(5, 2), type_int8, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_decimal(-5), decimal(3, 2), type_text, of_text("-0.05"));
}

static void convert__floating_point(void **state)
{
    (void)state;
    assert_becomes(of_i64(INT64_C(9007199254740992)), type_int64, type_double,
                   of_double(9007199254740992.0));
    assert_dirty(of_i64(INT64_C(9007199254740993)), type_int64, type_double, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(16777216), type_int32, type_float, of_double(16777216.0));
    assert_dirty(of_i64(16777217), type_int32, type_float, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(INT64_MIN), type_int64, type_double, of_double(-9223372036854775808.0));
    assert_becomes(of_decimal(1), decimal(3, 1), type_double, of_double(0.1));
    assert_dirty(of_decimal(MAX_DECIMAL18), decimal(18, 18), type_double, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_double(0.5), type_double, type_float, of_double(0.5));
    assert_dirty(of_double(0.1), type_double, type_float, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_double(1e300), type_double, type_float, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_double(-3), type_double, type_int8, of_i64(-3));
    assert_dirty(of_double(0.5), type_double, type_int8, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_double(9223372036854775808.0), type_double, type_int64, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_double(NAN), type_double, type_int64, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_double(INFINITY), type_double, decimal(38, 0), DIRTY_OUT_OF_RANGE);
    assert_becomes(of_double(0.1), type_double, decimal(4, 2), of_decimal(10));
    assert_dirty(of_double(0.125), type_double, decimal(4, 2), DIRTY_OUT_OF_RANGE);
    assert_becomes(of_double(1e300), type_double, type_text, of_text("1e300"));
    assert_false(convert_possible(type_double, type_bool));
}

// Whether two decimals near each other stay apart: the digits are those that Python's repr and
// format give of the same numbers.
static void convert__decimals_that_floats_cannot_tell_apart_are_dirty(void **state)
{
    (void)state;
    assert_becomes(of_text("0.1"), type_text, type_double, of_double(0.1));
    assert_becomes(of_text("000.10"), type_text, type_float, of_double((double)0.1f));
    assert_becomes(of_text("123456789012345"), type_text, type_double, of_double(123456789012345));
    assert_becomes(of_text("0.30000000000000004"), type_text, type_double, of_double(0.1 + 0.2));
    assert_becomes(of_text("-0.1000000000000000055511151231257827"), type_text, type_double,
                   of_double(-0.1));
    assert_becomes(of_text("1.7976931348623157e+308"), type_text, type_double, of_double(DBL_MAX));
    assert_becomes(of_text("5e-324"), type_text, type_double, of_double(5e-324));
    assert_becomes(of_text("-0.00"), type_text, type_double, of_double(0));
    assert_dirty(of_text("9007199254740993"), type_text, type_double, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("0.1000000000000000000000001"), type_text, type_double,
                 DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("0.12345678901234567890"), type_text, type_double, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("1e-400"), type_text, type_double, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("1.23456789e-320"), type_text, type_double, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_text("16777216"), type_text, type_float, of_double(16777216));
    assert_becomes(of_text("3.1415927"), type_text, type_float, of_double((double)3.1415927f));
    assert_dirty(of_text("16777217"), type_text, type_float, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("3.14159265"), type_text, type_float, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("1e-50"), type_text, type_float, DIRTY_OUT_OF_RANGE);
    // The zeros at the end of a DECIMAL(20,18) are no digits that could get lost.
    assert_becomes(of_decimal(INT64_C(100000000000000000)), decimal(20, 18), type_double,
                   of_double(0.1));
    assert_becomes(of_decimal(INT64_C(12345678901234568)), decimal(17, 17), type_double,
                   of_double(0.12345678901234568));
    assert_dirty(of_decimal(INT64_C(12345678901234567)), decimal(17, 17), type_double,
                 DIRTY_OUT_OF_RANGE);
    assert_dirty(of_decimal(INT64_C(999999999999999999)), decimal(18, 9), type_double,
                 DIRTY_OUT_OF_RANGE);
    assert_dirty(of_i64(INT64_MAX), type_int64, type_double, DIRTY_OUT_OF_RANGE);
    CLEANUP(buf_done) Buf many = {0};
    buf_add_text(&many, "0.");
    for (int i = 0; i < 2000; i++) {
        buf_add_char(&many, '1');
    }
    assert_dirty(of_text(buf_text(&many)), type_text, type_double, DIRTY_OUT_OF_RANGE);
}

static void convert__text_to_numbers(void **state)
{
    (void)state;
    assert_becomes(of_text("-7"), type_text, type_int32, of_i64(-7));
    assert_becomes(of_text("7.00"), type_text, type_int32, of_i64(7));
    assert_dirty(of_text("7.5"), type_text, type_int32, DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text(" 7"), type_text, type_int32, DIRTY_NOT_A_NUMBER);
    assert_dirty(of_text(""), type_text, type_int32, DIRTY_NOT_A_NUMBER);
    assert_dirty(of_text("7x"), type_text, type_double, DIRTY_NOT_A_NUMBER);
    assert_dirty(of_text("128"), type_text, type_int8, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_text("1.5"), type_text, decimal(3, 1), of_decimal(15));
    assert_dirty(of_text("1.55"), type_text, decimal(3, 1), DIRTY_OUT_OF_RANGE);
    assert_dirty(of_text("100"), type_text, decimal(3, 1), DIRTY_OUT_OF_RANGE);
    assert_becomes(of_text("1e3"), type_text, type_double, of_double(1000));
    assert_dirty(of_text("1e39"), type_text, type_float, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_text("true"), type_text, type_bool, of_i64(1));
    assert_becomes(of_text("0"), type_text, type_bool, of_i64(0));
    assert_dirty(of_text("yes"), type_text, type_bool, DIRTY_CONVERSION);
}

static void convert__text_to_times(void **state)
{
    (void)state;
    assert_becomes(of_text("2016-11-14"), type_text, type_date, of_i64(17119));
    assert_becomes(of_text("1969-12-31"), type_text, type_date, of_i64(-1));
    assert_becomes(of_text("2016-02-29"), type_text, type_date, of_i64(16860));
    assert_dirty(of_text("2015-02-29"), type_text, type_date, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("0000-00-00"), type_text, type_date, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-14 00:00:00"), type_text, type_date, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-1"), type_text, type_date, DIRTY_NOT_A_TIME);
    assert_becomes(of_text("2016-11-14"), type_text, type_local, of_i64(INT64_C(1479081600000000)));
    assert_becomes(of_text("2016-11-14 08:30:00"), type_text, type_local,
                   of_i64(INT64_C(1479112200000000)));
    assert_becomes(of_text("2016-11-14T08:30:00.123456"), type_text, type_local,
                   of_i64(INT64_C(1479112200123456)));
    assert_becomes(of_text("2016-11-14 08:30:00.5"), type_text, type_local,
                   of_i64(INT64_C(1479112200500000)));
    assert_dirty(of_text("2016-11-14 08:30:00.1234567"), type_text, type_local, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-14 08:30:00."), type_text, type_local, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-14 24:00:00"), type_text, type_local, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-14 08:30"), type_text, type_local, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-14 08:30:00Z"), type_text, type_local, DIRTY_NOT_A_TIME);
    assert_becomes(of_text("2016-11-14T08:30:00Z"), type_text, type_instant,
                   of_i64(INT64_C(1479112200000000)));
    assert_dirty(of_text("2016-11-14T08:30:00"), type_text, type_instant, DIRTY_NOT_A_TIME);
    assert_dirty(of_text("2016-11-14"), type_text, type_instant, DIRTY_NOT_A_TIME);
}

static void convert__times(void **state)
{
    (void)state;
    assert_becomes(of_i64(17119), type_date, type_local, of_i64(INT64_C(1479081600000000)));
    assert_becomes(of_i64(INT64_C(1479081600000000)), type_local, type_date, of_i64(17119));
    assert_becomes(of_i64(INT64_C(-86400000000)), type_local, type_date, of_i64(-1));
    assert_dirty(of_i64(INT64_C(1479081600000001)), type_local, type_date, DIRTY_OUT_OF_RANGE);
    assert_becomes(of_i64(INT64_C(1479112200500000)), type_local, type_text,
                   of_text("2016-11-14 08:30:00.500000"));
    assert_false(convert_possible(type_local, type_instant));
    assert_false(convert_possible(type_instant, type_local));
    assert_false(convert_possible(type_date, type_instant));
    assert_false(convert_possible(type_instant, type_date));
    assert_false(convert_possible(type_int64, type_date));
}

static void convert__free_and_impossible_pairs(void **state)
{
    (void)state;
    assert_true(convert_is_free(type_int8, type_int64));
    assert_true(convert_is_free(type_bool, type_int8));
    assert_false(convert_is_free(type_int64, type_int8));
    assert_true(convert_is_free(type_float, type_double));
    assert_true(convert_is_free(decimal(5, 2), decimal(7, 2)));
    assert_false(convert_is_free(decimal(7, 2), decimal(5, 2)));
    assert_false(convert_is_free(decimal(5, 2), decimal(7, 3)));
    assert_true(convert_is_free((Type){.kind = TYPE_DATETIME, .scale = 0}, type_local));
    assert_true(convert_is_free(type_text, type_bytes));
    assert_false(convert_possible(type_bytes, type_int32));
    assert_false(convert_possible(type_int32, type_bytes));
    assert_false(convert_possible(type_bytes, type_date));
    assert_becomes(of_text("\x01\xff"), type_bytes, type_text, of_text("Af8="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convert__integers_to_narrower),
        cmocka_unit_test(convert__unsigned),
        cmocka_unit_test(convert__decimals),
        cmocka_unit_test(convert__floating_point),
        cmocka_unit_test(convert__decimals_that_floats_cannot_tell_apart_are_dirty),
        cmocka_unit_test(convert__text_to_numbers),
        cmocka_unit_test(convert__text_to_times),
        cmocka_unit_test(convert__times),
        cmocka_unit_test(convert__free_and_impossible_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

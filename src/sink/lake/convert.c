// Conversions between logical types. Numbers meet in one exact form, an unscaled 128-bit number
// with a scale; only what is floating point on one side goes another way. Text is parsed whole or
// not at all.
//
// This runs only for columns whose types differ: rows that fit as they are never come here.
#include "base/base.h"

#include "sink/lake/convert.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#define USEC_PER_DAY INT64_C(86400000000)
#define DECIMAL_DIGITS_MAX 38
#define FLOAT_DIGITS_MAX 800  // of a double written out in full: 767

static __int128 power_of_ten(int exponent)
{
    __int128 power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

static bool kind_is_integer(TypeKind kind)
{
    return kind == TYPE_BOOL || kind == TYPE_INT8 || kind == TYPE_INT16 || kind == TYPE_INT32
           || kind == TYPE_INT64;
}

static bool kind_is_exact(TypeKind kind)
{
    return kind_is_integer(kind) || kind == TYPE_UINT64 || kind == TYPE_DECIMAL;
}

static bool kind_is_float(TypeKind kind)
{
    return kind == TYPE_FLOAT32 || kind == TYPE_FLOAT64;
}

static bool kind_is_number(TypeKind kind)
{
    return kind_is_exact(kind) || kind_is_float(kind);
}

bool convert_is_free(Type from, Type to)
{
    if (from.kind == to.kind) {
        return from.kind != TYPE_DECIMAL
               || (from.scale == to.scale && from.precision <= to.precision);
    }
    if (kind_is_integer(from.kind) && kind_is_integer(to.kind)) {
        return from.kind < to.kind;  // in the order of their widths
    }
    return (from.kind == TYPE_FLOAT32 && to.kind == TYPE_FLOAT64)
           || (from.kind == TYPE_TEXT && to.kind == TYPE_BYTES);
}

bool convert_possible(Type from, Type to)
{
    if (convert_is_free(from, to) || from.kind == to.kind || to.kind == TYPE_TEXT) {
        return true;
    }
    if (from.kind == TYPE_TEXT) {
        return true;  // to.kind == TYPE_BYTES is free
    }
    if (kind_is_number(from.kind) && kind_is_number(to.kind)) {
        return !(kind_is_float(from.kind) && to.kind == TYPE_BOOL);
    }
    return (from.kind == TYPE_DATE && to.kind == TYPE_DATETIME)
           || (from.kind == TYPE_DATETIME && to.kind == TYPE_DATE);
}

// --- exact numbers --------------------------------------------------------------------------------------

// The range of an integer kind.
static void integer_range(TypeKind kind, __int128 *ret_min, __int128 *ret_max)
{
    if (kind == TYPE_BOOL || kind == TYPE_UINT64) {
        *ret_min = 0;
        *ret_max = kind == TYPE_BOOL ? 1 : UINT64_MAX;
        return;
    }
    const int bits = kind == TYPE_INT8 ? 8 : kind == TYPE_INT16 ? 16 : kind == TYPE_INT32 ? 32 : 64;
    *ret_max = ((__int128)1 << (bits - 1)) - 1;
    *ret_min = -*ret_max - 1;
}

static DirtyReason exact_to_integer(__int128 unscaled, int scale, TypeKind kind, Value *ret_value)
{
    __int128 min;
    __int128 max;
    integer_range(kind, &min, &max);
    const __int128 power = power_of_ten(scale);
    const __int128 number = unscaled / power;
    if (number * power != unscaled || number < min || number > max) {
        return DIRTY_OUT_OF_RANGE;
    }
    *ret_value = (Value){.state = VALUE_SET};
    if (kind == TYPE_UINT64) {
        ret_value->u64 = (uint64_t)number;
    } else {
        ret_value->i64 = (int64_t)number;
    }
    return DIRTY_NONE;
}

static DirtyReason exact_to_decimal(__int128 unscaled, int scale, Type to, Value *ret_value)
{
    __int128 number = unscaled;
    if (scale > to.scale) {
        const __int128 power = power_of_ten(scale - to.scale);
        if (number % power != 0) {
            return DIRTY_OUT_OF_RANGE;
        }
        number /= power;
    } else if (__builtin_mul_overflow(number, power_of_ten(to.scale - scale), &number)) {
        return DIRTY_OUT_OF_RANGE;
    }
    const __int128 limit = power_of_ten(to.precision);
    if (number >= limit || number <= -limit) {
        return DIRTY_OUT_OF_RANGE;
    }
    *ret_value = (Value){.state = VALUE_SET, .i128 = number};
    return DIRTY_NONE;
}

// --- decimal text to floating point ---------------------------------------------------------------------

// Decimal digits and where their point is: 0.<digits> * 10^exponent, without zeros at either end.
typedef struct Decimal {
    char digits[FLOAT_DIGITS_MAX];
    size_t count;
    int64_t exponent;
} Decimal;

// Of a text that number_parse_double takes; false where it has too many digits.
static bool decimal_of(const char *text, size_t len, Decimal *ret_decimal)
{
    Decimal decimal = {0};
    bool after_point = false;
    size_t zeros = 0;  // seen and not yet known to lie between digits
    size_t at = 0;
    for (; at < len && text[at] != 'e' && text[at] != 'E'; at++) {
        if (text[at] < '0' || text[at] > '9') {
            after_point = after_point || text[at] == '.';
            continue;
        }
        const bool is_leading = decimal.count == 0 && text[at] == '0';
        decimal.exponent += is_leading ? (after_point ? -1 : 0) : (after_point ? 0 : 1);
        if (is_leading || text[at] == '0') {
            zeros += is_leading ? 0 : 1;
            continue;
        }
        if (decimal.count + zeros >= sizeof(decimal.digits)) {
            return false;
        }
        memset(decimal.digits + decimal.count, '0', zeros);
        decimal.count += zeros;
        zeros = 0;
        decimal.digits[decimal.count++] = text[at];
    }
    int64_t exponent = 0;
    at += at < len ? 1 : 0;
    at += at < len && text[at] == '+' ? 1 : 0;
    if (at < len && !number_parse_i64(text + at, len - at, &exponent)) {
        return false;
    }
    decimal.exponent = decimal.count == 0 ? 0 : decimal.exponent + exponent;
    *ret_decimal = decimal;
    return true;
}

// A number fits where nobody could tell from it that it was rounded: printed with as many digits as
// the text has, it is the text again. Up to 15 digits (6 for a float) that is always so, but for
// the very small; beyond, it is so for what another program printed of a double or float.
static bool decimal_reads_back(const Decimal *decimal, double number, TypeKind kind)
{
    if (decimal->count == 0) {
        return number == 0;
    }
    const bool is_double = kind == TYPE_FLOAT64;
    if (decimal->count <= (is_double ? DBL_DIG : FLT_DIG)
        && fabs(number) >= (is_double ? DBL_MIN : (double)FLT_MIN)) {
        return true;
    }
    char text[FLOAT_DIGITS_MAX + 16];
    const int len = snprintf(text, sizeof(text), "%.*e", (int)decimal->count - 1, number);
    Decimal back;
    return len > 0 && (size_t)len < sizeof(text) && decimal_of(text, (size_t)len, &back)
           && back.count == decimal->count && back.exponent == decimal->exponent
           && memcmp(back.digits, decimal->digits, back.count) == 0;
}

static DirtyReason text_to_float(const char *text, size_t len, TypeKind kind, Value *ret_value)
{
    double number = 0;
    Decimal decimal;
    if (!number_parse_double(text, len, &number)) {
        return DIRTY_NOT_A_NUMBER;
    }
    if (kind == TYPE_FLOAT32) {
        number = (double)(float)number;
    }
    if (!isfinite(number) || !decimal_of(text, len, &decimal)
        || !decimal_reads_back(&decimal, number, kind)) {
        return DIRTY_OUT_OF_RANGE;
    }
    *ret_value = (Value){.state = VALUE_SET, .f64 = number};
    return DIRTY_NONE;
}

static DirtyReason exact_to_float(__int128 unscaled, int scale, TypeKind kind, Value *ret_value)
{
    char text[DECIMAL_TEXT_SIZE];
    return text_to_float(text, decimal_to_text(unscaled, scale, text), kind, ret_value);
}

static DirtyReason exact_to_number(__int128 unscaled, int scale, Type to, Value *ret_value)
{
    if (to.kind == TYPE_DECIMAL) {
        return exact_to_decimal(unscaled, scale, to, ret_value);
    }
    if (kind_is_float(to.kind)) {
        return exact_to_float(unscaled, scale, to.kind, ret_value);
    }
    return exact_to_integer(unscaled, scale, to.kind, ret_value);
}

static __int128 exact_number(const Value *value, TypeKind kind)
{
    return kind == TYPE_DECIMAL  ? value->i128
           : kind == TYPE_UINT64 ? (__int128)value->u64
                                 : (__int128)value->i64;
}

// --- floating point -------------------------------------------------------------------------------------

static DirtyReason float_to_number(double number, Type to, Value *ret_value)
{
    if (to.kind == TYPE_FLOAT32) {
        if (!isnan(number) && (double)(float)number != number) {
            return DIRTY_OUT_OF_RANGE;
        }
        *ret_value = (Value){.state = VALUE_SET, .f64 = number};
        return DIRTY_NONE;
    }
    if (to.kind != TYPE_DECIMAL) {
        if (!(fabs(number) < 0x1p126) || floor(number) != number) {
            return DIRTY_OUT_OF_RANGE;
        }
        return exact_to_integer((__int128)number, 0, to.kind, ret_value);
    }
    if (!(fabs(number) < 1e38)) {
        return DIRTY_OUT_OF_RANGE;
    }
    // The decimal of the target's scale that reads back as the same number.
    char text[DECIMAL_DIGITS_MAX * 2 + 8];
    const int len = snprintf(text, sizeof(text), "%.*f", to.scale, number);
    double back = 0;
    __int128 unscaled = 0;
    if (len <= 0 || (size_t)len >= sizeof(text) || !number_parse_double(text, (size_t)len, &back)
        || back != number || !number_parse_decimal(text, (size_t)len, to.scale, &unscaled)) {
        return DIRTY_OUT_OF_RANGE;
    }
    return exact_to_decimal(unscaled, to.scale, to, ret_value);
}

// --- text -----------------------------------------------------------------------------------------------

static DirtyReason text_to_bool(const char *text, size_t len, Value *ret_value)
{
    static const char *const words[] = {"0", "1", "false", "true"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0) {
            *ret_value = (Value){.state = VALUE_SET, .i64 = (int64_t)(i % 2)};
            return DIRTY_NONE;
        }
    }
    return DIRTY_CONVERSION;
}

static DirtyReason text_to_number(const char *text, size_t len, Type to, Value *ret_value)
{
    if (kind_is_float(to.kind)) {
        return text_to_float(text, len, to.kind, ret_value);
    }
    __int128 unscaled = 0;
    const int scale = to.kind == TYPE_DECIMAL ? to.scale : 0;
    if (!number_parse_decimal(text, len, scale, &unscaled)) {
        double number = 0;
        return number_parse_double(text, len, &number) ? DIRTY_OUT_OF_RANGE : DIRTY_NOT_A_NUMBER;
    }
    return exact_to_number(unscaled, scale, to, ret_value);
}

static DirtyReason text_to_time(const char *text, size_t len, TypeKind kind, Value *ret_value)
{
    Civil civil = {0};
    size_t at = 0;
    bool is_time = civil_take_date(text, len, &at, &civil);
    if (is_time && at < len) {
        const char separator = text[at++];
        is_time = kind != TYPE_DATE && (separator == ' ' || separator == 'T')
                  && civil_take_time(text, len, &at, &civil);
        if (is_time && kind == TYPE_INSTANT) {
            is_time = at < len && text[at++] == 'Z';
        }
    } else if (kind == TYPE_INSTANT) {
        is_time = false;  // without a zone a date is no instant
    }
    if (!is_time || at != len) {
        return DIRTY_NOT_A_TIME;
    }
    const int64_t usec = civil_to_usec(&civil);
    *ret_value = (Value){
        .state = VALUE_SET,
        .i64 = kind == TYPE_DATE ? civil_to_days(civil.year, civil.month, civil.day) : usec};
    return DIRTY_NONE;
}

static DirtyReason text_to_value(const Value *value, Type to, Value *ret_value)
{
    switch (to.kind) {
    case TYPE_BOOL:
        return text_to_bool(value->bytes, value->len, ret_value);
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_UINT64:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_DECIMAL:
        return text_to_number(value->bytes, value->len, to, ret_value);
    case TYPE_DATE:
    case TYPE_DATETIME:
    case TYPE_INSTANT:
        return text_to_time(value->bytes, value->len, to.kind, ret_value);
    case TYPE_TEXT:
    case TYPE_BYTES:
        *ret_value = *value;
        return DIRTY_NONE;
    }
    assert(false);
    return DIRTY_CONVERSION;
}

// --- all ------------------------------------------------------------------------------------------------

DirtyReason convert_value(const Value *value, Type from, Type to, Buf *space, Value *ret_value)
{
    assert(value->state == VALUE_SET);
    if (convert_is_free(from, to)) {
        *ret_value = *value;
        return DIRTY_NONE;
    }
    if (from.kind == TYPE_TEXT) {
        return text_to_value(value, to, ret_value);
    }
    if (to.kind == TYPE_TEXT) {
        buf_clear(space);
        value_to_text(value, from, space);
        if (space->overflow) {
            return DIRTY_TOO_LONG;
        }
        *ret_value = (Value){.state = VALUE_SET, .bytes = buf_text(space), .len = space->len};
        return DIRTY_NONE;
    }
    if (kind_is_exact(from.kind) && kind_is_number(to.kind)) {
        return exact_to_number(exact_number(value, from.kind),
                               from.kind == TYPE_DECIMAL ? from.scale : 0, to, ret_value);
    }
    if (kind_is_float(from.kind) && kind_is_number(to.kind) && to.kind != TYPE_BOOL) {
        return float_to_number(value->f64, to, ret_value);
    }
    if (from.kind == TYPE_DATE && to.kind == TYPE_DATETIME) {
        *ret_value = (Value){.state = VALUE_SET, .i64 = value->i64 * USEC_PER_DAY};
        return DIRTY_NONE;
    }
    if (from.kind == TYPE_DATETIME && to.kind == TYPE_DATE) {
        if (value->i64 % USEC_PER_DAY != 0) {
            return DIRTY_OUT_OF_RANGE;
        }
        *ret_value = (Value){.state = VALUE_SET, .i64 = value->i64 / USEC_PER_DAY};
        return DIRTY_NONE;
    }
    return DIRTY_CONVERSION;
}

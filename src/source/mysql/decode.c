// The server's result text -> Value. Every cell of a batch goes through here, so the shape follows
// the profile: one switch per cell with everything usual inlined into it, digits taken eight at a
// time (base/digits.h), fixed positions for dates, and no call for short text. What is unusual
// (long numbers, bad text, reasons) is in functions marked COLD, outside the loop's code.
//
// A switch rather than function pointers: a row's forms repeat, so that both are predicted equally
// well, and the switch saves the call and keeps the row's pointers in registers
// (bench/bench_decode.c).
//
// Nothing trusts the server: a text of any form that is too short, too long or not what it should
// be becomes VALUE_DIRTY with a reason.
#include "base/base.h"

#include "source/mysql/decode.h"

#include "base/digits.h"
#include "base/number.h"
#include "base/text.h"

#define COLD __attribute__((noinline, cold))
#define INLINE static inline __attribute__((always_inline))

#define USEC_PER_SECOND INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)
// 9999-12-31T23:59:59Z: the last second that a lake timestamp can say.
#define LAST_SECOND UINT64_C(253402300799)

static const uint64_t POWERS_OF_TEN[20] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

// What the kinds that DECODE_INT makes can hold.
static const struct {
    int64_t min;
    int64_t max;
} INT_RANGES[TYPE_KIND_COUNT] = {
    [TYPE_BOOL] = {0, 1},
    [TYPE_INT8] = {INT8_MIN, INT8_MAX},
    [TYPE_INT16] = {INT16_MIN, INT16_MAX},
    [TYPE_INT32] = {INT32_MIN, INT32_MAX},
    [TYPE_INT64] = {INT64_MIN, INT64_MAX},
};

INLINE void decode_set(Value *value)
{
    value->state = VALUE_SET;
    value->dirty = DIRTY_NONE;
}

INLINE void decode_set_bytes(Value *value, const char *bytes, size_t len)
{
    decode_set(value);
    value->len = len;
    value->bytes = bytes;
}

COLD static void decode_dirty(Value *value, const char *text, size_t len, DirtyReason reason)
{
    value->state = VALUE_DIRTY;
    value->dirty = (uint8_t)reason;
    value->len = len;
    value->bytes = text;
}

// A number that the type cannot hold, or no number at all?
COLD static void decode_bad_number(Value *value, const char *text, size_t len)
{
    size_t at = len > 0 && text[0] == '-';
    const size_t begin = at;
    size_t points = 0;
    while (at < len && (digits_is_digit(text[at]) || (text[at] == '.' && points++ == 0))) {
        at++;
    }
    bool is_number = at > begin + points;
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < len && (text[at] == '-' || text[at] == '+');
        is_number = is_number && at < len;
        while (at < len && digits_is_digit(text[at])) {
            at++;
        }
    }
    is_number = is_number && at == len;
    decode_dirty(value, text, len, is_number ? DIRTY_OUT_OF_RANGE : DIRTY_NOT_A_NUMBER);
}

// Up to 16 digits in line, more by the general function.
INLINE bool decode_digits(const char *text, size_t len, uint64_t *ret_value)
{
    if (LIKELY(len - 1 < 8)) {
        const uint64_t values = digits_load_right(text, len);
        *ret_value = digits_value(values);
        return digits_are_valid(values);
    }
    if (len - 9 < 8) {
        const uint64_t head = digits_load_right(text, len - 8);
        const uint64_t tail = digits_load8(text + len - 8) ^ DIGITS_ZEROS;
        *ret_value = (uint64_t)digits_value(head) * 100000000 + digits_value(tail);
        return digits_are_valid(head) && digits_are_valid(tail);
    }
    return number_parse_u64(text, len, ret_value);
}

INLINE void decode_int(const DecodeColumn *column, const char *text, size_t len, Value *value)
{
    const bool negative = len > 0 && text[0] == '-';
    uint64_t magnitude;
    if (UNLIKELY(!decode_digits(text + negative, len - negative, &magnitude)
                 || magnitude > (uint64_t)INT64_MAX + negative)) {
        decode_bad_number(value, text, len);
        return;
    }
    const int64_t number = (int64_t)(negative ? UINT64_C(0) - magnitude : magnitude);
    const int64_t min = INT_RANGES[column->type.kind].min;
    const int64_t max = INT_RANGES[column->type.kind].max;
    if (UNLIKELY(number < min || number > max)) {
        decode_dirty(value, text, len, DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->i64 = number;
}

INLINE void decode_uint64(const char *text, size_t len, Value *value)
{
    uint64_t number;
    if (UNLIKELY(!decode_digits(text, len, &number))) {
        decode_bad_number(value, text, len);
        return;
    }
    decode_set(value);
    value->u64 = number;
}

static void decode_bit(const DecodeColumn *column, const char *text, size_t len, Value *value)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < len && i < 8; i++) {
        bits = bits << 8 | (unsigned char)text[i];
    }
    const uint64_t max =
        column->type.kind == TYPE_UINT64 ? UINT64_MAX : (uint64_t)INT_RANGES[column->type.kind].max;
    if (UNLIKELY(len - 1 >= 8 || bits > max)) {
        decode_dirty(value, text, len, len == 0 ? DIRTY_NOT_A_NUMBER : DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->u64 = bits;  // i64 has the same bytes
}

static void decode_float(const char *text, size_t len, bool is_float, Value *value)
{
    double number;
    if (UNLIKELY(!number_parse_double(text, len, &number))) {
        decode_bad_number(value, text, len);
        return;
    }
    // Compared as the nearest float; what is above every float became infinity and differs too.
    if (is_float && UNLIKELY((double)(float)number != number)) {
        decode_dirty(value, text, len, DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->f64 = number;
}

static void decode_long_decimal(Type type, const char *text, size_t len, Value *value)
{
    __int128 unscaled;
    if (UNLIKELY(!number_parse_decimal(text, len, type.scale, &unscaled))) {
        decode_bad_number(value, text, len);
        return;
    }
    const unsigned __int128 limit = type.precision <= 19 ? POWERS_OF_TEN[type.precision]
                                                         : (unsigned __int128)POWERS_OF_TEN[19]
                                                               * POWERS_OF_TEN[type.precision - 19];
    const unsigned __int128 magnitude =
        unscaled < 0 ? -(unsigned __int128)unscaled : (unsigned __int128)unscaled;
    if (UNLIKELY(magnitude >= limit)) {
        decode_dirty(value, text, len, DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->i128 = unscaled;
}

// The usual decimal: up to 16 characters with the point where the scale says. The point is taken
// out of its block by moving what stands before it, so that the rest is a plain number.
INLINE void decode_decimal(const DecodeColumn *column, const char *text, size_t len, Value *value)
{
    const unsigned scale = column->type.scale;
    const bool negative = len > 0 && text[0] == '-';
    const char *digits = text + negative;
    const size_t count = len - negative;
    uint64_t magnitude;
    bool is_good = count > 0 && count <= 16;
    if (LIKELY(is_good && scale - 1 < 7 && count > scale + 1)) {
        const size_t tail_len = count < 8 ? count : 8;
        const uint64_t tail = digits_load_right(digits + count - tail_len, tail_len);
        const unsigned point = 8 * (7 - scale);
        const uint64_t before = tail & ((UINT64_C(1) << point) - 1);
        const uint64_t after = tail >> point >> 8 << 8 << point;
        const uint64_t values = before << 8 | after;
        magnitude = digits_value(values);
        is_good = digits_are_valid(values) && (tail >> point & 0xFF) == ('.' ^ '0');
        if (count > 8) {
            const uint64_t head = digits_load_right(digits, count - 8);
            magnitude += (uint64_t)digits_value(head) * 10000000;
            is_good = is_good && digits_are_valid(head);
        }
    } else {
        is_good = is_good && scale == 0 && decode_digits(digits, count, &magnitude);
    }
    if (UNLIKELY(!is_good
                 || (column->type.precision < 16
                     && magnitude >= POWERS_OF_TEN[column->type.precision]))) {
        decode_long_decimal(column->type, text, len, value);
        return;
    }
    decode_set(value);
    value->i128 = negative ? -(int64_t)magnitude : (int64_t)magnitude;
}

// Zero or impossible: the policy decides. The text policy reads such columns as DECODE_TEXT.
COLD static void decode_zero_date(const DecodeColumn *column, const char *text, size_t len,
                                  Value *value, uint64_t *zero_dates)
{
    if (column->zero_dates == ZERO_DATES_NULL) {
        value->state = VALUE_NULL;
        value->dirty = DIRTY_NONE;
        ++*zero_dates;
        return;
    }
    decode_dirty(value, text, len, DIRTY_ZERO_DATE);
}

typedef enum DateVerdict { DATE_GOOD, DATE_ZERO, DATE_BAD } DateVerdict;

// Days past the 28th. MySQL's year 0 is no leap year, though the calendar's is.
COLD static bool decode_day_exists(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t DAYS[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year != 0 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= (unsigned)DAYS[month] + (month == 2 && leap);
}

// The date at text[0..9] as days since 1970-01-01.
INLINE DateVerdict decode_date_at(const char *text, int64_t *ret_days)
{
    // Days of a year that begins in March, before each month.
    static const uint16_t BEFORE[13] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    // "YYYY-MM-" with the digits' zeros and the dashes taken away; the dashes' bytes must be 0, and
    // adding 0x7F to them sets the high bit of anything else.
    const uint64_t values = digits_load8(text) ^ UINT64_C(0x2D30302D30303030);
    const unsigned tens = (unsigned)(unsigned char)text[8] - '0';
    const unsigned ones = (unsigned)(unsigned char)text[9] - '0';
    if (UNLIKELY((((values + UINT64_C(0x7F76767F76767676)) | values) & DIGITS_HIGH_BITS) != 0
                 || tens > 9 || ones > 9)) {
        return DATE_BAD;
    }
    const uint64_t pairs = values * 10 + (values >> 8);
    const unsigned year = (unsigned)(pairs & 0xFF) * 100 + (unsigned)(pairs >> 16 & 0xFF);
    const unsigned month = (unsigned)(pairs >> 40 & 0xFF);
    const unsigned day = tens * 10 + ones;
    if (UNLIKELY(month - 1 >= 12 || day - 1 >= 31)) {
        return month > 12 || day > 31 ? DATE_BAD : DATE_ZERO;
    }
    if (UNLIKELY(day > 28) && !decode_day_exists(year, month, day)) {
        return DATE_ZERO;
    }
    // Years count from March, 400 of them early so that none is negative.
    const unsigned march_year = year + 400 - (month <= 2);
    const unsigned century = march_year / 100;
    const unsigned days =
        march_year * 365 + march_year / 4 - century + century / 4 + BEFORE[month] + day - 1;
    *ret_days = (int64_t)days - (719468 + 146097);
    return DATE_GOOD;
}

// A text that is no date: zero and impossible ones follow the column's policy, anything else is
// dirty.
static void decode_no_date(DateVerdict verdict, const DecodeColumn *column, const char *text,
                           size_t len, Value *value, uint64_t *zero_dates)
{
    if (verdict == DATE_ZERO) {
        decode_zero_date(column, text, len, value, zero_dates);
    } else {
        decode_dirty(value, text, len, DIRTY_NOT_A_TIME);
    }
}

INLINE void decode_date(const DecodeColumn *column, const char *text, size_t len, Value *value,
                        uint64_t *zero_dates)
{
    int64_t days = 0;
    const DateVerdict verdict = len == 10 ? decode_date_at(text, &days) : DATE_BAD;
    if (UNLIKELY(verdict != DATE_GOOD)) {
        decode_no_date(verdict, column, text, len, value, zero_dates);
        return;
    }
    decode_set(value);
    value->i64 = days;
}

// One to six digits after a point, as microseconds.
INLINE bool decode_fraction(const char *text, size_t len, int64_t *ret_micros)
{
    if (len - 1 >= 6) {
        return false;
    }
    const uint64_t values = digits_load_right(text, len);
    *ret_micros = (int64_t)(digits_value(values) * POWERS_OF_TEN[6 - len]);
    return digits_are_valid(values);
}

// The time at text[0..7], "HH:MM:SS", in seconds.
INLINE bool decode_clock(const char *text, int64_t *ret_seconds)
{
    const uint64_t values = digits_load8(text) ^ UINT64_C(0x30303A30303A3030);
    if ((((values + UINT64_C(0x76767F76767F7676)) | values) & DIGITS_HIGH_BITS) != 0) {
        return false;
    }
    const uint64_t pairs = values * 10 + (values >> 8);
    const unsigned hour = (unsigned)(pairs & 0xFF);
    const unsigned minute = (unsigned)(pairs >> 24 & 0xFF);
    const unsigned second = (unsigned)(pairs >> 48 & 0xFF);
    *ret_seconds = hour * 3600 + minute * 60 + second;
    return hour <= 23 && minute <= 59 && second <= 59;
}

static void decode_datetime(const DecodeColumn *column, const char *text, size_t len, Value *value,
                            uint64_t *zero_dates)
{
    int64_t days = 0;
    int64_t seconds = 0;
    int64_t micros = 0;
    DateVerdict verdict = DATE_BAD;
    if (LIKELY(len >= 19 && text[10] == ' ' && decode_clock(text + 11, &seconds))
        && (len == 19 || (text[19] == '.' && decode_fraction(text + 20, len - 20, &micros)))) {
        verdict = decode_date_at(text, &days);
    }
    if (UNLIKELY(verdict != DATE_GOOD)) {
        decode_no_date(verdict, column, text, len, value, zero_dates);
        return;
    }
    decode_set(value);
    value->i64 = (days * SECONDS_PER_DAY + seconds) * USEC_PER_SECOND + micros;
}

static void decode_unix_time(const DecodeColumn *column, const char *text, size_t len, Value *value,
                             uint64_t *zero_dates)
{
    // The server prints as many digits after the point as the column has.
    const size_t scale = column->type.scale;
    size_t whole = len;
    if (scale > 0 && len > scale + 1 && text[len - scale - 1] == '.') {
        whole = len - scale - 1;
    } else if (len > 0) {
        const char *point = memchr(text, '.', len);
        whole = point == NULL ? len : (size_t)(point - text);
    }
    uint64_t seconds = 0;
    int64_t micros = 0;
    if (UNLIKELY(
            !decode_digits(text, whole, &seconds)
            || (whole < len && !decode_fraction(text + whole + 1, len - whole - 1, &micros)))) {
        decode_dirty(value, text, len, DIRTY_NOT_A_TIME);
        return;
    }
    if (UNLIKELY(seconds == 0 && micros == 0)) {
        decode_zero_date(column, text, len, value, zero_dates);
        return;
    }
    if (UNLIKELY(seconds > LAST_SECOND)) {
        decode_dirty(value, text, len, DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->i64 = (int64_t)seconds * USEC_PER_SECOND + micros;
}

INLINE bool decode_is_short_ascii(const char *text, size_t len)
{
    if (len >= 8) {
        return len <= 16
               && ((digits_load8(text) | digits_load8(text + len - 8)) & DIGITS_HIGH_BITS) == 0;
    }
    if (len >= 4) {
        return ((digits_load4(text) | digits_load4(text + len - 4)) & UINT32_C(0x80808080)) == 0;
    }
    return len == 0 || ((unsigned char)(text[0] | text[len >> 1] | text[len - 1]) & 0x80) == 0;
}

INLINE void decode_text(const char *text, size_t len, Value *value)
{
    if (UNLIKELY(!decode_is_short_ascii(text, len) && !text_is_utf8(text, len))) {
        decode_dirty(value, text, len, DIRTY_NOT_UTF8);
        return;
    }
    decode_set_bytes(value, text, len);
}

// The server's form is a little-endian SRID and WKB: byte order, type, the rest. EWKB carries the
// SRID after the type, in the WKB's byte order, and says so with a flag in the type: the same
// length.
static void decode_geometry(const char *text, size_t len, DecodeScratch *scratch, Value *value)
{
    enum { SRID_LEN = 4, ORDER_LEN = 1, TYPE_LEN = 4, HEAD_LEN = SRID_LEN + ORDER_LEN + TYPE_LEN };
    if (UNLIKELY(len < HEAD_LEN || (unsigned char)text[SRID_LEN] > 1)) {
        decode_dirty(value, text, len, DIRTY_CONVERSION);
        return;
    }
    static const char NO_SRID[SRID_LEN] = {0};
    if (memcmp(text, NO_SRID, SRID_LEN) == 0) {
        decode_set_bytes(value, text + SRID_LEN, len - SRID_LEN);
        return;
    }
    Buf *buf = &scratch->buf;
    const bool is_little = text[SRID_LEN] == 1;
    char head[HEAD_LEN];
    head[0] = text[SRID_LEN];
    memcpy(head + 1, text + SRID_LEN + ORDER_LEN, TYPE_LEN);
    head[is_little ? 4 : 1] = (char)(head[is_little ? 4 : 1] | 0x20);
    for (size_t i = 0; i < SRID_LEN; i++) {
        head[5 + i] = text[is_little ? i : SRID_LEN - 1 - i];
    }
    const size_t at = buf->len;
    buf_add_bytes(buf, head, HEAD_LEN);
    buf_add_bytes(buf, text + HEAD_LEN, len - HEAD_LEN);
    if (UNLIKELY(buf->overflow)) {
        decode_dirty(value, text, len, DIRTY_TOO_LONG);
        return;
    }
    decode_set_bytes(value, buf->data + at, len);
}

INLINE void decode_one(const DecodeColumn *column, const char *text, size_t len,
                       DecodeScratch *scratch, Value *value, uint64_t *zero_dates)
{
    if (text == NULL) {
        value->state = VALUE_NULL;
        value->dirty = DIRTY_NONE;
        return;
    }
    switch (column->form) {
    case DECODE_INT:
        decode_int(column, text, len, value);
        return;
    case DECODE_UINT64:
        decode_uint64(text, len, value);
        return;
    case DECODE_BIT:
        decode_bit(column, text, len, value);
        return;
    case DECODE_FLOAT32:
        decode_float(text, len, /* is_float= */ true, value);
        return;
    case DECODE_FLOAT64:
        decode_float(text, len, /* is_float= */ false, value);
        return;
    case DECODE_DECIMAL:
        decode_decimal(column, text, len, value);
        return;
    case DECODE_DATE:
        decode_date(column, text, len, value, zero_dates);
        return;
    case DECODE_DATETIME:
        decode_datetime(column, text, len, value, zero_dates);
        return;
    case DECODE_UNIX_TIME:
        decode_unix_time(column, text, len, value, zero_dates);
        return;
    case DECODE_TEXT:
        decode_text(text, len, value);
        return;
    case DECODE_BYTES:
        decode_set_bytes(value, text, len);
        return;
    case DECODE_GEOMETRY:
        decode_geometry(text, len, scratch, value);
        return;
    }
}

void decode_cell(const DecodeColumn *column, const char *text, size_t len, DecodeScratch *scratch,
                 Value *ret_value, uint64_t *zero_dates)
{
    scratch->buf.len = 0;
    scratch->buf.overflow = false;
    decode_one(column, text, len, scratch, ret_value, zero_dates);
}

// The buffer may have moved while it grew: sets the geometries that lie in it again, in the same
// order.
COLD static void decode_point_again(const DecodeColumn *columns, size_t count, char *const *texts,
                                    const DecodeScratch *scratch, Value *row)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (columns[i].form == DECODE_GEOMETRY && row[i].state == VALUE_SET
            && row[i].bytes != texts[i] + 4) {
            row[i].bytes = scratch->buf.data + at;
            at += row[i].len;
        }
    }
}

void decode_row(const DecodeColumn *columns, size_t count, char *const *texts,
                const unsigned long *lengths, DecodeScratch *scratch, Value *ret_row,
                uint64_t *zero_dates)
{
    scratch->buf.len = 0;
    scratch->buf.overflow = false;
    for (size_t i = 0; i < count; i++) {
        decode_one(&columns[i], texts[i], lengths[i], scratch, &ret_row[i], zero_dates);
    }
    if (UNLIKELY(scratch->buf.len > 0)) {
        decode_point_again(columns, count, texts, scratch, ret_row);
    }
}

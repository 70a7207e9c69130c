// A row of the server's binary protocol -> Values. Every cell of a batch goes through here, so the
// shape follows the profile: one switch per cell with everything usual inlined into it, decimal
// digits taken eight at a time (base/digits.h), and no call for short text. What is unusual (long
// numbers, zero dates, reasons) is in functions marked COLD, outside the loop's code.
//
// A switch rather than function pointers: a row's forms repeat, so that both are predicted equally
// well, and the switch saves the call and keeps the row's pointers in registers
// (bench/bench_decode.c).
//
// Nothing trusts the server: a cell that does not fit into what is left of the packet ends the row
// as torn, and what is no value of its type becomes VALUE_DIRTY with a reason.
//
// The row: a byte 0, a bitmap of NULLs that begins at its third bit, then the cells that are not
// NULL. A length is a byte up to 250, or a byte 252, 253 or 254 and 2, 3 or 8 bytes.
#include "base/base.h"

#include "source/mysql/decode.h"

#include <stdio.h>

#include "base/digits.h"
#include "base/number.h"
#include "base/text.h"

#define COLD __attribute__((noinline, cold))
#define INLINE static inline __attribute__((always_inline))

#define USEC_PER_SECOND INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)
// 9999-12-31T23:59:59Z: the last second that a lake timestamp can say.
#define LAST_SECOND INT64_C(253402300799)

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
    uint64_t magnitude = 0;
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

static void decode_bit(const DecodeColumn *column, const char *bytes, size_t len, Value *value)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < len && i < 8; i++) {
        bits = bits << 8 | (unsigned char)bytes[i];
    }
    const uint64_t max = column->type.kind == TYPE_UINT64  ? UINT64_MAX
                         : column->type.kind == TYPE_INT64 ? (uint64_t)INT64_MAX
                                                           : 1;
    if (UNLIKELY(len - 1 >= 8 || bits > max)) {
        decode_dirty(value, bytes, len, len == 0 ? DIRTY_NOT_A_NUMBER : DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->u64 = bits;  // i64 has the same bytes
}

// --- dates and times ------------------------------------------------------------------------------------------------------

// A date and time, or a time of day with its sign and days, as the packet says it.
typedef struct Moment {
    unsigned year, month, day;
    unsigned hour, minute, second, micros;
} Moment;

INLINE unsigned decode_load2(const unsigned char *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

INLINE uint32_t decode_load4(const unsigned char *at)
{
    return (uint32_t)decode_load2(at) | (uint32_t)decode_load2(at + 2) << 16;
}

INLINE uint64_t decode_load8(const unsigned char *at)
{
    return (uint64_t)decode_load4(at) | (uint64_t)decode_load4(at + 4) << 32;
}

INLINE float decode_float32(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

INLINE double decode_float64(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

// Bytes that say no time are shown as such: they are not text, and the reject file is.
COLD static void decode_not_a_time(const unsigned char *at, size_t len, DecodeText text,
                                   Value *value)
{
    static const char HEX[] = "0123456789abcdef";
    enum { SHOWN_MAX = 13 };
    size_t size = (size_t)snprintf(text, sizeof(DecodeText), "0x");
    for (size_t i = 0; i < len && i < SHOWN_MAX; i++) {
        text[size++] = HEX[at[i] >> 4];
        text[size++] = HEX[at[i] & 15];
    }
    if (len > SHOWN_MAX) {
        size += (size_t)snprintf(text + size, sizeof(DecodeText) - size, "...");
    }
    decode_dirty(value, text, size, DIRTY_NOT_A_TIME);
}

// What is left out at the end is zero; all of it for 0000-00-00 00:00:00.
INLINE bool decode_moment(const unsigned char *at, size_t len, Moment *ret_moment)
{
    Moment moment = {0};
    if (len >= 4) {
        moment.year = decode_load2(at);
        moment.month = at[2];
        moment.day = at[3];
    }
    if (len >= 7) {
        moment.hour = at[4];
        moment.minute = at[5];
        moment.second = at[6];
    }
    if (len >= 11) {
        moment.micros = decode_load4(at + 7);
    }
    *ret_moment = moment;
    return (len == 0 || len == 4 || len == 7 || len == 11) && moment.year <= 9999
           && moment.month <= 12 && moment.day <= 31 && moment.hour <= 23 && moment.minute <= 59
           && moment.second <= 59 && moment.micros <= 999999;
}

// The server's text of a part of a second, with its point.
static size_t decode_print_micros(unsigned micros, unsigned digits, char *out, size_t size)
{
    if (digits > 6) {
        digits = micros == 0 ? 0 : 6;
    }
    if (digits == 0) {
        return 0;
    }
    char text[16];
    (void)snprintf(text, sizeof text, ".%06u", micros);
    text[1 + digits] = '\0';
    return (size_t)snprintf(out, size, "%s", text);
}

static size_t decode_print_moment(const Moment *moment, bool has_time, unsigned digits,
                                  DecodeText out)
{
    size_t len = (size_t)snprintf(out, sizeof(DecodeText), "%04u-%02u-%02u", moment->year,
                                  moment->month, moment->day);
    if (has_time) {
        len += (size_t)snprintf(out + len, sizeof(DecodeText) - len, " %02u:%02u:%02u",
                                moment->hour, moment->minute, moment->second);
        len += decode_print_micros(moment->micros, digits, out + len, sizeof(DecodeText) - len);
    }
    return len;
}

// Zero or impossible: the policy decides. (The text policy reads such columns as text.)
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

// Days past the 28th. MySQL's year 0 is no leap year, though the calendar's is.
COLD static bool decode_day_exists(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t DAYS[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year != 0 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= (unsigned)DAYS[month] + (month == 2 && leap);
}

// Days since 1970-01-01; false where the calendar has no such day.
INLINE bool decode_days(const Moment *moment, int64_t *ret_days)
{
    // Days of a year that begins in March, before each month.
    static const uint16_t BEFORE[13] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    if (UNLIKELY(moment->month == 0 || moment->day == 0
                 || (moment->day > 28
                     && !decode_day_exists(moment->year, moment->month, moment->day)))) {
        return false;
    }
    // Years count from March, 400 of them early so that none is negative.
    const unsigned march_year = moment->year + 400 - (moment->month <= 2);
    const unsigned century = march_year / 100;
    const unsigned days = march_year * 365 + march_year / 4 - century + century / 4
                          + BEFORE[moment->month] + moment->day - 1;
    *ret_days = (int64_t)days - (719468 + 146097);
    return true;
}

COLD static void decode_no_moment(const DecodeColumn *column, const unsigned char *at, size_t len,
                                  DecodeText text, Value *value, uint64_t *zero_dates)
{
    Moment moment;
    if (!decode_moment(at, len, &moment)) {
        decode_not_a_time(at, len, text, value);
        return;
    }
    const bool has_time = column->form == DECODE_DATETIME;
    const size_t text_len = decode_print_moment(&moment, has_time, column->type.scale, text);
    decode_zero_date(column, text, text_len, value, zero_dates);
}

INLINE void decode_day_or_moment(const DecodeColumn *column, const unsigned char *at, size_t len,
                                 DecodeText text, Value *value, uint64_t *zero_dates)
{
    Moment moment;
    int64_t days = 0;
    if (UNLIKELY(!decode_moment(at, len, &moment) || !decode_days(&moment, &days))) {
        decode_no_moment(column, at, len, text, value, zero_dates);
        return;
    }
    decode_set(value);
    if (column->form == DECODE_DATE) {
        value->i64 = days;
        return;
    }
    const int64_t seconds = moment.hour * 3600 + moment.minute * 60 + moment.second;
    value->i64 = (days * SECONDS_PER_DAY + seconds) * USEC_PER_SECOND + moment.micros;
}

static void decode_moment_text(const DecodeColumn *column, const unsigned char *at, size_t len,
                               DecodeText text, Value *value)
{
    Moment moment;
    if (UNLIKELY(!decode_moment(at, len, &moment))) {
        decode_not_a_time(at, len, text, value);
        return;
    }
    const bool has_time = column->form == DECODE_DATETIME_TEXT;
    decode_set_bytes(value, text, decode_print_moment(&moment, has_time, column->digits, text));
}

// Sign, days (4), hours, minutes, seconds, microseconds (4); the hours of the text go on over days.
static void decode_time_text(const DecodeColumn *column, const unsigned char *at, size_t len,
                             DecodeText text, Value *value)
{
    const uint32_t days = len >= 8 ? decode_load4(at + 1) : 0;
    const unsigned micros = len >= 12 ? decode_load4(at + 8) : 0;
    const unsigned hour = len >= 8 ? at[5] : 0;
    const unsigned minute = len >= 8 ? at[6] : 0;
    const unsigned second = len >= 8 ? at[7] : 0;
    if (UNLIKELY((len != 0 && len != 8 && len != 12) || days > 9999 || hour > 23 || minute > 59
                 || second > 59 || micros > 999999 || (len > 0 && at[0] > 1))) {
        decode_not_a_time(at, len, text, value);
        return;
    }
    const bool is_negative = len > 0 && at[0] == 1;
    size_t size = (size_t)snprintf(text, sizeof(DecodeText), "%s%02u:%02u:%02u",
                                   is_negative ? "-" : "", days * 24 + hour, minute, second);
    size += decode_print_micros(micros, column->digits, text + size, sizeof(DecodeText) - size);
    decode_set_bytes(value, text, size);
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

static void decode_unix_seconds(const DecodeColumn *column, int64_t seconds, DecodeText text,
                                Value *value, uint64_t *zero_dates)
{
    if (UNLIKELY(seconds <= 0 || seconds > LAST_SECOND)) {
        const size_t len = (size_t)snprintf(text, sizeof(DecodeText), "%" PRId64, seconds);
        if (seconds == 0) {
            decode_zero_date(column, text, len, value, zero_dates);
        } else {
            decode_dirty(value, text, len, DIRTY_OUT_OF_RANGE);
        }
        return;
    }
    decode_set(value);
    value->i64 = seconds * USEC_PER_SECOND;
}

static void decode_unix_text(const DecodeColumn *column, const char *text, size_t len, Value *value,
                             uint64_t *zero_dates)
{
    const char *point = memchr(text, '.', len);
    const size_t whole = point == NULL ? len : (size_t)(point - text);
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
    if (UNLIKELY(seconds > (uint64_t)LAST_SECOND)) {
        decode_dirty(value, text, len, DIRTY_OUT_OF_RANGE);
        return;
    }
    decode_set(value);
    value->i64 = (int64_t)seconds * USEC_PER_SECOND + micros;
}

// --- bytes ----------------------------------------------------------------------------------------------------------------

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
// length, so that it is made in place.
static void decode_geometry(unsigned char *bytes, size_t len, Value *value)
{
    enum { SRID_LEN = 4, ORDER_LEN = 1, TYPE_LEN = 4, HEAD_LEN = SRID_LEN + ORDER_LEN + TYPE_LEN };
    if (UNLIKELY(len < HEAD_LEN || bytes[SRID_LEN] > 1)) {
        decode_dirty(value, (const char *)bytes, len, DIRTY_CONVERSION);
        return;
    }
    if (decode_load4(bytes) == 0) {
        decode_set_bytes(value, (const char *)bytes + SRID_LEN, len - SRID_LEN);
        return;
    }
    unsigned char srid[SRID_LEN];
    memcpy(srid, bytes, SRID_LEN);
    memmove(bytes, bytes + SRID_LEN, ORDER_LEN + TYPE_LEN);
    const bool is_little = bytes[0] == 1;
    bytes[is_little ? 4 : 1] |= 0x20;
    for (size_t i = 0; i < SRID_LEN; i++) {
        bytes[ORDER_LEN + TYPE_LEN + i] = srid[is_little ? i : SRID_LEN - 1 - i];
    }
    decode_set_bytes(value, (const char *)bytes, len);
}

// --- rows -----------------------------------------------------------------------------------------------------------------

// A length of more than one byte; NULL where it or its bytes do not lie before `end`.
COLD static unsigned char *decode_long_count(unsigned char *at, const unsigned char *end,
                                             size_t *ret_len)
{
    const size_t left = (size_t)(end - at);
    uint64_t len = 0;
    size_t head = 0;
    if (left >= 3 && at[0] == 252) {
        len = decode_load2(at + 1);
        head = 3;
    } else if (left >= 4 && at[0] == 253) {
        len = decode_load2(at + 1) | (uint64_t)at[3] << 16;
        head = 4;
    } else if (left >= 9 && at[0] == 254) {
        len = decode_load8(at + 1);
        head = 9;
    }
    if (head == 0 || len > left - head) {
        return NULL;
    }
    *ret_len = (size_t)len;
    return at + head;
}

// Where a counted cell's bytes begin, or NULL where it is torn.
INLINE unsigned char *decode_count(unsigned char *at, const unsigned char *end, size_t *ret_len)
{
    if (LIKELY(at < end && at[0] <= 250 && at[0] < end - at)) {
        *ret_len = at[0];
        return at + 1;
    }
    return at < end && at[0] > 250 ? decode_long_count(at, end, ret_len) : NULL;
}

// Bytes of the cells that are not counted.
static const uint8_t FIXED_LEN[DECODE_GEOMETRY + 1] = {
    [DECODE_INT8] = 1,    [DECODE_UINT8] = 1,   [DECODE_INT16] = 2,        [DECODE_UINT16] = 2,
    [DECODE_INT32] = 4,   [DECODE_UINT32] = 4,  [DECODE_INT64] = 8,        [DECODE_UINT64] = 8,
    [DECODE_FLOAT32] = 4, [DECODE_FLOAT64] = 8, [DECODE_UNIX_SECONDS] = 8,
};

INLINE void decode_set_i64(Value *value, int64_t number)
{
    decode_set(value);
    value->i64 = number;
}

INLINE void decode_set_f64(Value *value, double number)
{
    decode_set(value);
    value->f64 = number;
}

INLINE void decode_cell(const DecodeColumn *column, unsigned char *at, size_t len, DecodeText text,
                        Value *value, uint64_t *zero_dates)
{
    const char *bytes = (const char *)at;
    switch (column->form) {
    case DECODE_INT8:
        decode_set_i64(value, (int8_t)at[0]);
        return;
    case DECODE_UINT8:
        decode_set_i64(value, at[0]);
        return;
    case DECODE_INT16:
        decode_set_i64(value, (int16_t)decode_load2(at));
        return;
    case DECODE_UINT16:
        decode_set_i64(value, decode_load2(at));
        return;
    case DECODE_INT32:
        decode_set_i64(value, (int32_t)decode_load4(at));
        return;
    case DECODE_UINT32:
        decode_set_i64(value, decode_load4(at));
        return;
    case DECODE_INT64:
    case DECODE_UINT64:
        decode_set_i64(value, (int64_t)decode_load8(at));  // u64 has the same bytes
        return;
    case DECODE_FLOAT32:
        decode_set_f64(value, (double)decode_float32(decode_load4(at)));
        return;
    case DECODE_FLOAT64:
        decode_set_f64(value, decode_float64(decode_load8(at)));
        return;
    case DECODE_BIT:
        decode_bit(column, bytes, len, value);
        return;
    case DECODE_DECIMAL:
        decode_decimal(column, bytes, len, value);
        return;
    case DECODE_DATE:
    case DECODE_DATETIME:
        decode_day_or_moment(column, at, len, text, value, zero_dates);
        return;
    case DECODE_DATE_TEXT:
    case DECODE_DATETIME_TEXT:
        decode_moment_text(column, at, len, text, value);
        return;
    case DECODE_TIME_TEXT:
        decode_time_text(column, at, len, text, value);
        return;
    case DECODE_UNIX_SECONDS:
        decode_unix_seconds(column, (int64_t)decode_load8(at), text, value, zero_dates);
        return;
    case DECODE_UNIX_TEXT:
        decode_unix_text(column, bytes, len, value, zero_dates);
        return;
    case DECODE_TEXT:
        decode_text(bytes, len, value);
        return;
    case DECODE_BYTES:
        decode_set_bytes(value, bytes, len);
        return;
    case DECODE_GEOMETRY:
        decode_geometry(at, len, value);
        return;
    }
}

// Most rows have no NULL; then no column need look at its bit.
INLINE bool decode_has_null(const unsigned char *nulls, size_t len)
{
    unsigned all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= nulls[i];
    }
    return all != 0;
}

bool decode_row(const DecodeColumn *columns, size_t count, unsigned char *packet, size_t len,
                DecodeText *texts, Value *ret_row, uint64_t *zero_dates)
{
    enum { NULLS_SHIFT = 2 };  // bits of the bitmap that are no column's
    const size_t nulls_len = (count + NULLS_SHIFT + 7) / 8;
    if (UNLIKELY(len < 1 + nulls_len || packet[0] != 0)) {
        return false;
    }
    const unsigned char *nulls = packet + 1;
    const bool has_null = decode_has_null(nulls, nulls_len);
    const unsigned char *end = packet + len;
    unsigned char *at = packet + 1 + nulls_len;
    for (size_t i = 0; i < count; i++) {
        const size_t bit = i + NULLS_SHIFT;
        if (has_null && (nulls[bit / 8] >> (bit % 8) & 1) != 0) {
            ret_row[i].state = VALUE_NULL;
            ret_row[i].dirty = DIRTY_NONE;
            continue;
        }
        size_t cell_len = FIXED_LEN[columns[i].form];
        if (cell_len == 0) {
            at = decode_count(at, end, &cell_len);
        } else if (UNLIKELY(cell_len > (size_t)(end - at))) {
            at = NULL;
        }
        if (UNLIKELY(at == NULL)) {
            return false;
        }
        decode_cell(&columns[i], at, cell_len, texts[i], &ret_row[i], zero_dates);
        at += cell_len;
    }
    return at == end;
}

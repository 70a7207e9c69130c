// Fuzzes the row decoder: the first byte is how many columns there are, two bytes for each choose
// its form and its type's details, the rest is the packet. What comes out must be whole: a state, a
// reason where it is dirty, numbers within their type, bytes that lie in the packet or in the
// column's text, and a packet that was not written to but for its geometries.
#include "base/base.h"

#include "source/mysql/decode.h"

#include "base/clock.h"
#include "base/text.h"

enum { COLUMNS_MAX = 20 };

#define USEC_PER_DAY INT64_C(86400000000)

typedef struct Input {
    DecodeColumn columns[COLUMNS_MAX];
    size_t count;
    const uint8_t *packet;
    size_t len;
} Input;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static Type fuzz_type(DecodeForm form, uint8_t detail)
{
    const uint8_t precision = (uint8_t)(1 + detail % 38);
    switch (form) {
    case DECODE_INT8:
        return (Type){.kind = TYPE_INT8};
    case DECODE_UINT8:
    case DECODE_INT16:
        return (Type){.kind = TYPE_INT16};
    case DECODE_UINT16:
    case DECODE_INT32:
        return (Type){.kind = TYPE_INT32};
    case DECODE_UINT32:
    case DECODE_INT64:
        return (Type){.kind = TYPE_INT64};
    case DECODE_UINT64:
        return (Type){.kind = TYPE_UINT64};
    case DECODE_FLOAT32:
        return (Type){.kind = TYPE_FLOAT32};
    case DECODE_FLOAT64:
        return (Type){.kind = TYPE_FLOAT64};
    case DECODE_BIT:
        return (Type){.kind = detail % 3 == 0   ? TYPE_BOOL
                              : detail % 3 == 1 ? TYPE_INT64
                                                : TYPE_UINT64};
    case DECODE_DECIMAL:
        return (Type){.kind = TYPE_DECIMAL,
                      .precision = precision,
                      .scale = (uint8_t)(detail / 38 * 5 % (precision + 1))};
    case DECODE_DATE:
        return (Type){.kind = TYPE_DATE};
    case DECODE_DATETIME:
        return (Type){.kind = TYPE_DATETIME, .scale = (uint8_t)(detail % 7)};
    case DECODE_UNIX_SECONDS:
    case DECODE_UNIX_TEXT:
        return (Type){.kind = TYPE_INSTANT, .scale = (uint8_t)(detail % 7)};
    case DECODE_DATE_TEXT:
    case DECODE_DATETIME_TEXT:
    case DECODE_TIME_TEXT:
    case DECODE_TEXT:
        return (Type){.kind = TYPE_TEXT};
    case DECODE_BYTES:
    case DECODE_GEOMETRY:
        break;
    }
    return (Type){.kind = TYPE_BYTES};
}

static bool fuzz_input(const uint8_t *data, size_t size, Input *ret_input)
{
    const size_t count = size == 0 ? 0 : data[0] % (COLUMNS_MAX + 1);
    if (size < 1 + 2 * count) {
        return false;
    }
    *ret_input =
        (Input){.count = count, .packet = data + 1 + 2 * count, .len = size - 1 - 2 * count};
    for (size_t i = 0; i < count; i++) {
        const uint8_t choice = data[1 + 2 * i];
        const uint8_t detail = data[2 + 2 * i];
        const DecodeForm form = (DecodeForm)((choice & 0x7F) % (DECODE_GEOMETRY + 1));
        ret_input->columns[i] = (DecodeColumn){
            .form = form,
            .type = fuzz_type(form, detail),
            .digits = detail % 8 == 7 ? DECODE_DIGITS_AS_NEEDED : detail % 8,
            .zero_dates = (choice & 0x80) != 0 ? ZERO_DATES_ERROR : ZERO_DATES_NULL,
        };
    }
    return true;
}

// The value, sent as a server would send it, is the same value.
static void check_again(const DecodeColumn *column, const Value *value, const void *cell,
                        size_t len)
{
    unsigned char packet[64] = {0};
    check(len <= sizeof(packet) - 3);
    packet[2] = (unsigned char)len;
    memcpy(packet + 3, cell, len);
    DecodeText text;
    Value second;
    uint64_t zero_dates = 0;
    check(decode_row(column, 1, packet, 3 + len, &text, &second, &zero_dates));
    check(second.state == VALUE_SET && zero_dates == 0);
    check(column->form == DECODE_DECIMAL ? second.i128 == value->i128 : second.i64 == value->i64);
}

static void check_decimal(const DecodeColumn *column, const Value *value)
{
    __int128 limit = 1;
    for (int i = 0; i < column->type.precision; i++) {
        limit *= 10;
    }
    check(value->i128 < limit && value->i128 > -limit);
    char text[DECIMAL_TEXT_SIZE];
    check_again(column, value, text, decimal_to_text(value->i128, column->type.scale, text));
}

// Through the calendar of base/clock and back.
static void check_moment(const DecodeColumn *column, const Value *value)
{
    const bool is_date = column->form == DECODE_DATE;
    const int64_t unit = is_date ? 1 : USEC_PER_DAY;
    check(value->i64 >= -719528 * unit && value->i64 < 2932897 * unit);  // years 0 to 9999
    const Civil civil = civil_from_usec(is_date ? value->i64 * USEC_PER_DAY : value->i64);
    const int fields[] = {civil.year & 0xFF,
                          civil.year >> 8,
                          civil.month,
                          civil.day,
                          civil.hour,
                          civil.minute,
                          civil.second,
                          civil.micros & 0xFF,
                          civil.micros >> 8 & 0xFF,
                          civil.micros >> 16 & 0xFF,
                          0};
    unsigned char cell[ARRAY_LEN(fields)];
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        cell[i] = (unsigned char)fields[i];
    }
    check_again(column, value, cell, sizeof(cell));
}

static bool lies_in(const Value *value, const void *begin, size_t len)
{
    const uintptr_t from = (uintptr_t)begin;
    const uintptr_t at = (uintptr_t)value->bytes;
    return at >= from && at <= from + len && value->len <= from + len - at;
}

// Digits stand where the server's text has them, and its marks where it has those.
static void check_time_text(const DecodeColumn *column, const Value *value)
{
    const char *text = value->bytes;
    size_t len = value->len;
    size_t expected = column->form == DECODE_DATE_TEXT ? 10 : 19;
    if (column->form == DECODE_TIME_TEXT) {
        const size_t sign = len > 0 && text[0] == '-';
        const char *mark = memchr(text, ':', len);
        check(mark != NULL && mark >= text + sign + 2 && mark <= text + sign + 6);
        expected = (size_t)(mark - text) + 6;
    }
    const bool has_time = column->form != DECODE_DATE_TEXT;
    if (has_time && column->digits <= 6) {
        expected += column->digits == 0 ? 0 : (size_t)column->digits + 1;
    } else if (has_time && len > expected) {
        expected += 7;
    }
    check(len == expected);
    for (size_t i = 0; i < len; i++) {
        check((text[i] >= '0' && text[i] <= '9') || strchr("-: .", text[i]) != NULL);
    }
}

static void check_set(const DecodeColumn *column, const Value *value)
{
    const int64_t number = value->i64;
    switch (column->form) {
    case DECODE_INT8:
        check(number >= INT8_MIN && number <= INT8_MAX);
        break;
    case DECODE_UINT8:
        check(number >= 0 && number <= UINT8_MAX);
        break;
    case DECODE_INT16:
        check(number >= INT16_MIN && number <= INT16_MAX);
        break;
    case DECODE_UINT16:
        check(number >= 0 && number <= UINT16_MAX);
        break;
    case DECODE_INT32:
        check(number >= INT32_MIN && number <= INT32_MAX);
        break;
    case DECODE_UINT32:
        check(number >= 0 && number <= UINT32_MAX);
        break;
    case DECODE_FLOAT32:
        check((double)(float)value->f64 == value->f64 || __builtin_isnan(value->f64));
        break;
    case DECODE_BIT:
        check(column->type.kind != TYPE_BOOL || (number & ~INT64_C(1)) == 0);
        check(column->type.kind != TYPE_INT64 || number >= 0);
        break;
    case DECODE_DECIMAL:
        check_decimal(column, value);
        break;
    case DECODE_DATE:
    case DECODE_DATETIME:
        check_moment(column, value);
        break;
    case DECODE_DATE_TEXT:
    case DECODE_DATETIME_TEXT:
    case DECODE_TIME_TEXT:
        check_time_text(column, value);
        break;
    case DECODE_UNIX_SECONDS:
        check(number % 1000000 == 0);
        check(number > 0 && number <= INT64_C(253402300799000000));
        break;
    case DECODE_UNIX_TEXT:
        check(number > 0 && number <= INT64_C(253402300799999999));
        break;
    case DECODE_TEXT:
        check(text_is_utf8(value->bytes, value->len));
        break;
    case DECODE_INT64:
    case DECODE_UINT64:
    case DECODE_FLOAT64:
    case DECODE_BYTES:
    case DECODE_GEOMETRY:
        break;
    }
}

static bool may_be_zero_date(DecodeForm form)
{
    return form == DECODE_DATE || form == DECODE_DATETIME || form == DECODE_UNIX_SECONDS
           || form == DECODE_UNIX_TEXT;
}

// Gives the zero dates.
static uint64_t check_value(const DecodeColumn *column, const Value *value, bool is_null,
                            const Input *input, const unsigned char *packet, const DecodeText *text)
{
    check(value->state <= VALUE_DIRTY);
    check((value->state == VALUE_DIRTY) == (value->dirty != DIRTY_NONE));
    if (value->state == VALUE_NULL) {
        check(is_null || (may_be_zero_date(column->form) && column->zero_dates == ZERO_DATES_NULL));
        return !is_null;
    }
    check(!is_null);
    const bool is_text = column->type.kind == TYPE_TEXT || column->type.kind == TYPE_BYTES;
    if (is_text || value->state == VALUE_DIRTY) {
        check(lies_in(value, packet, input->len) || lies_in(value, text, sizeof(*text)));
    }
    if (value->state == VALUE_SET) {
        check_set(column, value);
    } else {
        check(value->dirty == DIRTY_NOT_UTF8 || value->dirty == DIRTY_NOT_A_NUMBER
              || value->dirty == DIRTY_NOT_A_TIME || value->dirty == DIRTY_OUT_OF_RANGE
              || value->dirty == DIRTY_CONVERSION
              || (value->dirty == DIRTY_ZERO_DATE && may_be_zero_date(column->form)));
    }
    return 0;
}

static void *exact_copy(const void *bytes, size_t len)
{
    void *copy = malloc(len == 0 ? 1 : len);  // exactly as long, so that reading on is seen
    check(copy != NULL);
    memcpy(copy, bytes, len);
    return copy;
}

static void check_row(const Input *input, const unsigned char *packet, const Value *row,
                      const DecodeText *texts, uint64_t zero_dates)
{
    bool has_geometry = false;
    for (size_t i = 0; i < input->count; i++) {
        const bool is_null = (input->packet[1 + (i + 2) / 8] >> (i + 2) % 8 & 1) != 0;
        zero_dates -= check_value(&input->columns[i], &row[i], is_null, input, packet, &texts[i]);
        has_geometry = has_geometry || input->columns[i].form == DECODE_GEOMETRY;
    }
    check(zero_dates == 0);
    check(has_geometry || memcmp(packet, input->packet, input->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input input;
    if (!fuzz_input(data, size, &input)) {
        return 0;
    }
    Value row[COLUMNS_MAX];
    DecodeText *texts = malloc((input.count + 1) * sizeof(*texts));
    unsigned char *packet = exact_copy(input.packet, input.len);
    check(texts != NULL);
    memset(row, 0xA5, sizeof(row));
    uint64_t zero_dates = 0;
    const bool is_whole =
        decode_row(input.columns, input.count, packet, input.len, texts, row, &zero_dates);
    if (is_whole) {
        check_row(&input, packet, row, texts, zero_dates);
        // The same with a byte less is torn.
        unsigned char *torn = exact_copy(input.packet, input.len - 1);
        check(
            !decode_row(input.columns, input.count, torn, input.len - 1, texts, row, &zero_dates));
        free(torn);
    }
    free(packet);
    free(texts);
    return 0;
}

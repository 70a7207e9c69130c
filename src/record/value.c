// Values as text: for partition folders, reject files, flat JSON and messages. One spelling for
// each value, whichever path it came by.
#include "base/base.h"

#include "record/value.h"

#include <math.h>

#include "base/clock.h"
#include "base/number.h"

const char *dirty_reason_text(DirtyReason reason)
{
    switch (reason) {
    case DIRTY_NONE:
        return "fits";
    case DIRTY_ZERO_DATE:
        return "is a zero or impossible date";
    case DIRTY_NOT_UTF8:
        return "is not valid UTF-8";
    case DIRTY_NOT_A_NUMBER:
        return "does not read as a number";
    case DIRTY_NOT_A_TIME:
        return "does not read as a date or time";
    case DIRTY_OUT_OF_RANGE:
        return "does not fit the column's type";
    case DIRTY_TOO_LONG:
        return "is longer than the column takes";
    case DIRTY_NULL:
        return "is NULL where the target takes no NULL";
    case DIRTY_PARTITION:
        return "cannot name a partition";
    case DIRTY_CONVERSION:
        return "cannot be converted to the target's type";
    case DIRTY_KEY:
        return "is NULL in the key of the merge";
    }
    return "is dirty for an unknown reason";
}

size_t decimal_to_text(__int128 unscaled, int scale, char space[DECIMAL_TEXT_SIZE])
{
    assert(scale >= 0 && scale <= 38);
    const bool negative = unscaled < 0;
    unsigned __int128 left = negative ? -(unsigned __int128)unscaled : (unsigned __int128)unscaled;
    char digits[DECIMAL_TEXT_SIZE];  // last digit first; 39 at most
    int count = 0;
    while (left != 0 || count <= scale) {
        // A division of 128 bits is slow: nineteen digits at a time would be faster, but this is
        // not hot.
        digits[count++] = (char)('0' + (int)(left % 10));
        left /= 10;
    }
    size_t len = 0;
    if (negative) {
        space[len++] = '-';
    }
    while (count > 0) {
        space[len++] = digits[--count];
        if (count == scale && scale > 0) {
            space[len++] = '.';
        }
    }
    space[len] = '\0';
    return len;
}

static void value_date_to_text(int64_t days, Buf *out)
{
    const Civil civil = civil_from_usec(days * INT64_C(86400000000));
    buf_add_format(out, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

static void value_time_to_text(int64_t usec, int digits, char separator, Buf *out)
{
    assert(digits >= 0 && digits <= 6);
    const Civil civil = civil_from_usec(usec);
    buf_add_format(out, "%04d-%02d-%02d%c%02d:%02d:%02d", civil.year, civil.month, civil.day,
                   separator, civil.hour, civil.minute, civil.second);
    if (digits > 0) {
        int fraction = civil.micros;
        for (int i = digits; i < 6; i++) {
            fraction /= 10;
        }
        buf_add_format(out, ".%0*d", digits, fraction);
    }
}

void value_to_text(const Value *value, Type type, Buf *out)
{
    if (value->state == VALUE_NULL) {
        return;
    }
    if (value->state == VALUE_DIRTY) {
        buf_add_bytes(out, value->bytes, value->len);
        return;
    }
    char space[DECIMAL_TEXT_SIZE];
    switch (type.kind) {
    case TYPE_BOOL:
        buf_add_text(out, value->i64 != 0 ? "true" : "false");
        break;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        buf_add_format(out, "%" PRId64, value->i64);
        break;
    case TYPE_UINT64:
        buf_add_format(out, "%" PRIu64, value->u64);
        break;
    case TYPE_FLOAT32:
        buf_add_bytes(out, space, number_float_to_text((float)value->f64, space));
        break;
    case TYPE_FLOAT64:
        buf_add_bytes(out, space, number_double_to_text(value->f64, space));
        break;
    case TYPE_DECIMAL:
        buf_add_bytes(out, space, decimal_to_text(value->i128, type.scale, space));
        break;
    case TYPE_DATE:
        value_date_to_text(value->i64, out);
        break;
    case TYPE_DATETIME:
        value_time_to_text(value->i64, type.scale, ' ', out);
        break;
    case TYPE_INSTANT:
        // The spelling that RFC 3339 and Delta's partition values have for instants.
        value_time_to_text(value->i64, type.scale, 'T', out);
        buf_add_char(out, 'Z');
        break;
    case TYPE_TEXT:
        buf_add_bytes(out, value->bytes, value->len);
        break;
    case TYPE_BYTES:
        buf_add_base64(out, value->bytes, value->len);
        break;
    }
}

void value_to_json(const Value *value, Type type, JsonWriter *json)
{
    if (value->state == VALUE_NULL) {
        emit_null(json);
        return;
    }
    if (value->state == VALUE_DIRTY) {
        emit_text_bytes(json, value->bytes, value->len);
        return;
    }
    switch (type.kind) {
    case TYPE_BOOL:
        emit_bool(json, value->i64 != 0);
        return;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        emit_int(json, value->i64);
        return;
    case TYPE_UINT64:
        emit_uint(json, value->u64);
        return;
    case TYPE_TEXT:
        emit_text_bytes(json, value->bytes, value->len);
        return;
    case TYPE_BYTES:
        emit_base64(json, value->bytes, value->len);
        return;
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_DECIMAL:
    case TYPE_DATE:
    case TYPE_DATETIME:
    case TYPE_INSTANT:
        break;
    }
    CLEANUP(buf_done) Buf text = {0};
    value_to_text(value, type, &text);
    const bool is_float = type.kind == TYPE_FLOAT32 || type.kind == TYPE_FLOAT64;
    if (is_float && isfinite(value->f64)) {  // JSON has no word for the others
        emit_raw(json, buf_text(&text), text.len);
    } else {
        emit_text_bytes(json, buf_text(&text), text.len);
    }
}

// Statistics of a Parquet file as Delta's log wants them (the protocol's "Per-file Statistics"), made from the
// texts of DuckDB's RETURN_STATS. Readers skip files by these bounds, so a bound may be wide but never wrong:
// whatever cannot be said exactly is left out, and what the format cuts off is cut towards the safe side.
#include "base/base.h"

#include "lake/parquet_internal.h"

#include <math.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/number.h"
#include "base/text.h"

// Delta's writers keep 32 characters of a text.
#define STATS_TEXT_CHARS 32
#define STATS_TEXT_LARGEST "\xf4\x8f\xbf\xbf"  // U+10FFFF, the largest character in byte order
#define USEC_PER_MS 1000

typedef enum BoundSide { BOUND_MIN, BOUND_MAX } BoundSide;

// Digits at `text` as a number; false unless all of them are digits.
static bool stats_digits(const char *text, size_t len, int *ret_value)
{
    int64_t value = 0;
    if (len == 0 || text[0] < '0' || text[0] > '9' || !number_parse_i64(text, len, &value)) {
        return false;
    }
    *ret_value = (int)value;
    return true;
}

// "YYYY-MM-DD": four digits exactly; years before 1 are printed in another form and have no bound.
static bool stats_is_date(const char *text, size_t len)
{
    int number = 0;
    return len == 10 && text[4] == '-' && text[7] == '-' && stats_digits(text, 4, &number) &&
           stats_digits(text + 5, 2, &number) && stats_digits(text + 8, 2, &number);
}

// "YYYY-MM-DD hh:mm:ss[.ffffff][+00]" in microseconds.
static bool stats_parse_time(const char *text, size_t len, int64_t *ret_usec)
{
    if (len > 3 && memcmp(text + len - 3, "+00", 3) == 0) {
        len -= 3;
    }
    if (len < 19 || !stats_is_date(text, 10) || text[10] != ' ' || text[13] != ':' || text[16] != ':') {
        return false;
    }
    Civil civil = {0};
    if (!stats_digits(text, 4, &civil.year) || !stats_digits(text + 5, 2, &civil.month) ||
        !stats_digits(text + 8, 2, &civil.day) || !stats_digits(text + 11, 2, &civil.hour) ||
        !stats_digits(text + 14, 2, &civil.minute) || !stats_digits(text + 17, 2, &civil.second)) {
        return false;
    }
    if (len > 19) {
        char fraction[7] = "000000";
        if (text[19] != '.' || len == 20 || len > 26) {
            return false;
        }
        memcpy(fraction, text + 20, len - 20);
        if (!stats_digits(fraction, 6, &civil.micros)) {
            return false;
        }
    }
    *ret_usec = civil_to_usec(&civil);
    return true;
}

// Delta keeps milliseconds: the lower bound is cut, the upper bound rounded up.
static bool stats_time(const char *text, size_t len, BoundSide side, bool is_instant, JsonWriter *json)
{
    int64_t usec = 0;
    if (!stats_parse_time(text, len, &usec)) {
        return false;
    }
    const int64_t rest = ((usec % USEC_PER_MS) + USEC_PER_MS) % USEC_PER_MS;
    usec -= rest;
    if (rest != 0 && side == BOUND_MAX) {
        usec += USEC_PER_MS;
    }
    const Civil civil = civil_from_usec(usec);
    if (civil.year > 9999) {
        return false;
    }
    CLEANUP(mem_free_text) char *iso =
        mem_format("%04d-%02d-%02dT%02d:%02d:%02d.%03d%s", civil.year, civil.month, civil.day, civil.hour,
                   civil.minute, civil.second, civil.micros / USEC_PER_MS, is_instant ? "Z" : "");
    emit_text(json, iso);
    return true;
}

// The number of bytes of the first STATS_TEXT_CHARS characters.
static size_t stats_text_cut(const char *text, size_t len)
{
    size_t chars = 0;
    for (size_t i = 0; i < len; i++) {
        const bool begins_character = ((unsigned char)text[i] & 0xC0) != 0x80;
        if (begins_character && chars++ == STATS_TEXT_CHARS) {
            return i;
        }
    }
    return len;
}

static bool stats_text(const char *text, size_t len, BoundSide side, JsonWriter *json)
{
    if (!text_is_utf8(text, len)) {
        return false;
    }
    const size_t cut = stats_text_cut(text, len);
    if (cut == len || side == BOUND_MIN) {  // a prefix is never above the whole
        emit_text_bytes(json, text, cut);
        return true;
    }
    // The prefix and the largest character are above every text that begins with the prefix, unless such a
    // text goes on with that very character.
    const size_t largest_len = sizeof(STATS_TEXT_LARGEST) - 1;
    if (len - cut >= largest_len && memcmp(text + cut, STATS_TEXT_LARGEST, largest_len) == 0) {
        return false;
    }
    CLEANUP(buf_done) Buf bound = {0};
    buf_add_bytes(&bound, text, cut);
    buf_add_bytes(&bound, STATS_TEXT_LARGEST, largest_len);
    emit_text_bytes(json, bound.data, bound.len);
    return true;
}

static bool stats_double(const char *text, size_t len, bool is_float32, JsonWriter *json)
{
    double value = 0;
    if (!number_parse_double(text, len, &value) || !isfinite(value)) {
        return false;
    }
    // The shortest text of a float reads back as another number where it is read as a double.
    emit_double(json, is_float32 ? (double)(float)value : value);
    return true;
}

// Digits with an optional sign and point: JSON as it stands, but for ".5", which lacks its zero.
static bool stats_number(const char *text, size_t len, JsonWriter *json)
{
    const size_t sign_len = len > 0 && text[0] == '-' ? 1 : 0;
    if (sign_len == len) {
        return false;
    }
    for (size_t i = sign_len; i < len; i++) {
        if ((text[i] < '0' || text[i] > '9') && text[i] != '.') {
            return false;
        }
    }
    CLEANUP(buf_done) Buf number = {0};
    buf_add_bytes(&number, text, sign_len);
    if (text[sign_len] == '.') {
        buf_add_char(&number, '0');
    }
    buf_add_bytes(&number, text + sign_len, len - sign_len);
    emit_raw(json, number.data, number.len);
    return true;
}

// Writes the bound's JSON value; false, nothing written, where there is none to give.
static bool stats_bound(Type type, const char *text, size_t len, BoundSide side, JsonWriter *json)
{
    switch (type.kind) {
    case TYPE_BOOL:
    case TYPE_BYTES:
        return false;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_UINT64:
    case TYPE_DECIMAL:
        return stats_number(text, len, json);
    case TYPE_FLOAT32:
        return stats_double(text, len, /* is_float32= */ true, json);
    case TYPE_FLOAT64:
        return stats_double(text, len, /* is_float32= */ false, json);
    case TYPE_DATE:
        if (!stats_is_date(text, len)) {
            return false;
        }
        emit_text_bytes(json, text, len);
        return true;
    case TYPE_DATETIME:
        return stats_time(text, len, side, /* is_instant= */ false, json);
    case TYPE_INSTANT:
        return stats_time(text, len, side, /* is_instant= */ true, json);
    case TYPE_TEXT:
        return stats_text(text, len, side, json);
    }
    assert(false);
    return false;
}

static void stats_bounds(const Schema *schema, const ParquetBounds *bounds, size_t count, BoundSide side,
                         JsonWriter *json)
{
    CLEANUP(buf_done) Buf space = {0};
    emit_key(json, side == BOUND_MIN ? "minValues" : "maxValues");
    emit_begin_object(json);
    for (size_t i = 0; i < count; i++) {
        const char *text = side == BOUND_MIN ? bounds[i].min : bounds[i].max;
        const size_t len = side == BOUND_MIN ? bounds[i].min_len : bounds[i].max_len;
        // With a NaN among the values, comparing with bounds means nothing.
        if (text == NULL || bounds[i].has_nan) {
            continue;
        }
        buf_clear(&space);
        JsonWriter value = emit_writer(&space);
        if (stats_bound(schema->fields[i].type, text, len, side, &value)) {
            emit_key(json, schema->fields[i].name);
            emit_raw(json, buf_text(&space), space.len);
        }
    }
    emit_end_object(json);
}

void parquet_stats_json(const Schema *schema, const ParquetBounds *bounds, size_t count, int64_t rows, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_int(&json, "numRecords", rows);
    stats_bounds(schema, bounds, count, BOUND_MIN, &json);
    stats_bounds(schema, bounds, count, BOUND_MAX, &json);
    emit_key(&json, "nullCount");
    emit_begin_object(&json);
    for (size_t i = 0; i < count; i++) {
        if (bounds[i].null_count >= 0) {
            emit_member_int(&json, schema->fields[i].name, bounds[i].null_count);
        }
    }
    emit_end_object(&json);
    emit_end_object(&json);
}

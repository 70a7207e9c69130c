// Statistics of a Parquet file as Delta's log wants them (the protocol's "Per-file Statistics"),
// made from the bounds of a file's columns. Readers skip files by them, so a bound may be wide but
// never wrong: whatever cannot be said exactly is left out, and what the format cuts off is cut
// towards the safe side.
#include "base/base.h"

#include "lake/parquet_file.h"

#include <math.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"

// Delta's writers keep 32 characters of a text.
#define STATS_TEXT_CHARS 32
#define STATS_TEXT_LARGEST "\xf4\x8f\xbf\xbf"  // U+10FFFF, the largest character in byte order
#define USEC_PER_MS 1000
#define USEC_PER_DAY INT64_C(86400000000)

typedef enum BoundSide { BOUND_MIN, BOUND_MAX } BoundSide;

// Many readers' dates begin with year 1.
static bool stats_year_is_common(int year)
{
    return year >= 1 && year <= 9999;
}

// Delta keeps milliseconds: the lower bound is cut, the upper bound rounded up. The last
// millisecond of year 9999 cannot be: there the upper bound keeps its microseconds.
static bool stats_time(int64_t usec, BoundSide side, bool is_instant, JsonWriter *json)
{
    const int64_t rest = ((usec % USEC_PER_MS) + USEC_PER_MS) % USEC_PER_MS;
    const int64_t cut = usec - rest;
    const bool is_rounded_up = rest != 0 && side == BOUND_MAX;
    Civil civil = civil_from_usec(is_rounded_up ? cut + USEC_PER_MS : cut);
    int digits = 3;
    if (is_rounded_up && civil.year == 10000) {
        civil = civil_from_usec(usec);
        digits = 6;
    }
    if (!stats_year_is_common(civil.year)) {
        return false;
    }
    CLEANUP(mem_free_text)
    char *iso =
        mem_format("%04d-%02d-%02dT%02d:%02d:%02d.%0*d%s", civil.year, civil.month, civil.day,
                   civil.hour, civil.minute, civil.second, digits,
                   digits == 3 ? civil.micros / USEC_PER_MS : civil.micros, is_instant ? "Z" : "");
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
    // The prefix and the largest character are above every text that begins with the prefix, unless
    // such a text goes on with that very character.
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

// Decimals stand as numbers, digit by digit.
static void stats_decimal(__int128 value, int scale, JsonWriter *json)
{
    char space[DECIMAL_TEXT_SIZE];
    emit_raw(json, space, decimal_to_text(value, scale, space));
}

// Writes the bound's JSON value; false, nothing written, where there is none to give.
static bool stats_bound(Type type, const ParquetBound *bound, BoundSide side, JsonWriter *json)
{
    switch (type.kind) {
    case TYPE_BOOL:
        emit_bool(json, bound->i64 != 0);
        return true;
    case TYPE_BYTES:
        return false;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        emit_int(json, bound->i64);
        return true;
    case TYPE_UINT64:
        stats_decimal(bound->i128, 0, json);
        return true;
    case TYPE_DECIMAL:
        stats_decimal(parquet_physical(type) == PARQUET_FIXED ? bound->i128 : bound->i64,
                      type.scale, json);
        return true;
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
        if (isfinite(bound->f64)) {
            emit_double(json, bound->f64);
        }
        return isfinite(bound->f64);
    case TYPE_DATE: {
        const Civil civil = civil_from_usec(bound->i64 * USEC_PER_DAY);
        if (!stats_year_is_common(civil.year)) {
            return false;
        }
        CLEANUP(mem_free_text)
        char *date = mem_format("%04d-%02d-%02d", civil.year, civil.month, civil.day);
        emit_text(json, date);
        return true;
    }
    case TYPE_DATETIME:
        return stats_time(bound->i64, side, /* is_instant= */ false, json);
    case TYPE_INSTANT:
        return stats_time(bound->i64, side, /* is_instant= */ true, json);
    case TYPE_TEXT:
        return stats_text(bound->text, bound->len, side, json);
    }
    assert(false);
    return false;
}

static void stats_bounds(const Schema *schema, const ParquetBounds *bounds, size_t count,
                         BoundSide side, JsonWriter *json)
{
    CLEANUP(buf_done) Buf space = {0};
    emit_key(json, side == BOUND_MIN ? "minValues" : "maxValues");
    emit_begin_object(json);
    for (size_t i = 0; i < count; i++) {
        if (!bounds[i].has_values) {
            continue;
        }
        buf_clear(&space);
        JsonWriter value = emit_writer(&space);
        if (stats_bound(schema->fields[i].type, side == BOUND_MIN ? &bounds[i].min : &bounds[i].max,
                        side, &value)) {
            emit_key(json, schema->fields[i].name);
            emit_raw(json, buf_text(&space), space.len);
        }
    }
    emit_end_object(json);
}

void parquet_stats_json(const Schema *schema, const ParquetBounds *bounds, size_t count,
                        int64_t rows, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_int(&json, "numRecords", rows);
    stats_bounds(schema, bounds, count, BOUND_MIN, &json);
    stats_bounds(schema, bounds, count, BOUND_MAX, &json);
    emit_key(&json, "nullCount");
    emit_begin_object(&json);
    for (size_t i = 0; i < count; i++) {
        emit_member_int(&json, schema->fields[i].name, bounds[i].null_count);
    }
    emit_end_object(&json);
    emit_end_object(&json);
}

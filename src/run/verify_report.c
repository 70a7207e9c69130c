// The end of a comparison in words and in JSON, from the same struct.
#include "base/base.h"

#include "run/verify.h"

#include "base/clock.h"
#include "base/text.h"
#include "run/report.h"

static void row_done(VerifyRow *row, size_t count)
{
    for (size_t i = 0; row->cells != NULL && i < count; i++) {
        free(row->cells[i]);
    }
    free(row->cells);
    free(row->hashes);
}

void verify_report_done(VerifyReport *report)
{
    for (size_t i = 0; i < report->key_count; i++) {
        row_done(&report->keys[i].source, report->columns.count);
        row_done(&report->keys[i].target, report->columns.count);
    }
    for (size_t i = 0; i < report->warning_count; i++) {
        free(report->warnings[i]);
    }
    free(report->keys);
    free(report->warnings);
    free(report->job);
    free(report->bizdate);
    schema_done(&report->columns);
    free(report->key);
    free(report->location);
    free(report->partition);
    free(report->snapshot);
    free(report->server);
    *report = (VerifyReport){0};
}

static bool report_is_known(const VerifyReport *report)
{
    return report->status == FAIL_NONE || report->status == FAIL_DIFFERENT;
}

static const char *report_status(const VerifyReport *report)
{
    return report->status == FAIL_NONE        ? "equal"
           : report->status == FAIL_DIFFERENT ? "different"
           : report->status == FAIL_CANCELLED ? "cancelled"
                                              : "failed";
}

static const char *key_kind_name(KeyKind kind)
{
    switch (kind) {
    case KEY_MISSING:
        return "missing";
    case KEY_EXTRA:
        return "extra";
    case KEY_DIFFERENT:
        return "different";
    }
    return "different";
}

// "2016-11-14T08:30:00Z" in out; nothing where there is no time.
static void report_time(int64_t usec, Buf *out)
{
    if (usec > 0) {
        const Value value = {.state = VALUE_SET, .i64 = usec};
        value_to_text(&value, (Type){.kind = TYPE_INSTANT}, out);
    }
}

// --- JSON -----------------------------------------------------------------------------------------------

static void json_time(JsonWriter *json, const char *name, int64_t usec)
{
    CLEANUP(buf_done) Buf text = {0};
    report_time(usec, &text);
    emit_member_text(json, name, usec > 0 ? buf_text(&text) : NULL);
}

static void json_count(JsonWriter *json, const char *name, uint64_t count)
{
    emit_key(json, name);
    emit_uint(json, count);
}

static void json_cell(JsonWriter *json, const char *name, const char *cell)
{
    emit_key(json, name);
    emit_raw(json, cell, strlen(cell));
}

// A row that was not found again shows no cells.
static const VerifyRow *key_row(const VerifyKey *key)
{
    return key->source.cells != NULL ? &key->source : &key->target;
}

static bool key_shows(const VerifyKey *key, size_t column)
{
    return key->source.cells != NULL && key->target.cells != NULL
           && key->source.hashes[column] != key->target.hashes[column];
}

static void json_key(const VerifyReport *report, const VerifyKey *key, JsonWriter *json)
{
    const VerifyRow *row = key_row(key);
    const bool has_key = report->key_column_count > 0;
    const size_t count = has_key ? report->key_column_count : report->columns.count;
    emit_begin_object(json);
    emit_member_text(json, "kind", key_kind_name(key->difference.kind));
    json_count(json, "rows", key->difference.rows);
    emit_key(json, "key");
    emit_begin_object(json);
    for (size_t i = 0; row->cells != NULL && i < count; i++) {
        const size_t column = has_key ? report->key[i] : i;
        json_cell(json, report->columns.fields[column].name, row->cells[column]);
    }
    emit_end_object(json);
    emit_key(json, "columns");
    emit_begin_array(json);
    for (size_t i = 0; i < report->columns.count; i++) {
        if (key_shows(key, i)) {
            emit_begin_object(json);
            emit_member_text(json, "name", report->columns.fields[i].name);
            json_cell(json, "source", key->source.cells[i]);
            json_cell(json, "target", key->target.cells[i]);
            emit_end_object(json);
        }
    }
    emit_end_array(json);
    emit_end_object(json);
}

void verify_report_json(const VerifyReport *report, Buf *out)
{
    JsonWriter writer = emit_writer(out);
    JsonWriter *json = &writer;
    emit_begin_object(json);
    emit_member_text(json, "job", report->job);
    emit_member_text(json, "bizdate", report->bizdate);
    emit_member_text(json, "status", report_status(report));
    json_count(json, "rows_source", report->rows_source);
    json_count(json, "rows_target", report->rows_target);
    json_count(json, "rows_dirty", atomic_load(&report->counters.rows_dirty));
    json_count(json, "slices", report->slices);
    json_count(json, "slices_different", report->slices_different);
    json_count(json, "missing", report->missing);
    json_count(json, "extra", report->extra);
    json_count(json, "different", report->different);
    emit_member_bool(json, "complete", report_is_known(report) && report->is_complete);
    emit_key(json, "keys");
    emit_begin_array(json);
    for (size_t i = 0; i < report->key_count; i++) {
        json_key(report, &report->keys[i], json);
    }
    emit_end_array(json);
    emit_key(json, "seconds");
    emit_fixed(json, report->seconds, 3);
    emit_member_text(json, "target", report->location);
    emit_member_text(json, "partition", report->partition);
    emit_key(json, "version");
    report->location != NULL ? emit_int(json, report->version) : emit_null(json);
    json_time(json, "written", report->written_usec);
    emit_member_text(json, "snapshot", report->snapshot);
    emit_member_text(json, "server", report->server);
    json_time(json, "read", report->read_usec);
    json_count(json, "peak_memory_bytes", run_peak_memory());
    emit_key(json, "warnings");
    emit_begin_array(json);
    for (size_t i = 0; i < report->warning_count; i++) {
        emit_text(json, report->warnings[i]);
    }
    emit_end_array(json);
    emit_key(json, "error");
    if (report->status == FAIL_NONE) {
        emit_null(json);
    } else {
        run_error_json(&report->error, json);
    }
    emit_end_object(json);
    buf_add_char(out, '\n');
}

// --- for people -----------------------------------------------------------------------------------------

void verify_report_keys(const VerifyReport *report, Buf *out)
{
    for (size_t k = 0; k < report->key_count; k++) {
        const VerifyKey *key = &report->keys[k];
        const VerifyRow *row = key_row(key);
        const bool has_key = report->key_column_count > 0;
        const size_t count = has_key ? report->key_column_count : report->columns.count;
        buf_add_format(out, "%-9s ", key_kind_name(key->difference.kind));
        for (size_t i = 0; row->cells != NULL && i < count; i++) {
            const size_t column = has_key ? report->key[i] : i;
            buf_add_format(out, " %s=%s", report->columns.fields[column].name, row->cells[column]);
        }
        if (row->cells == NULL) {
            buf_add_text(out, " (not found again)");
        }
        if (key->difference.rows > 1) {
            char space[TEXT_NUMBER_SIZE];
            buf_add_format(out, "  (%s rows)", text_count(key->difference.rows, space));
        }
        const char *before = "  ";
        for (size_t i = 0; i < report->columns.count; i++) {
            if (key_shows(key, i)) {
                buf_add_format(out, "%s%s: source %s, target %s", before,
                               report->columns.fields[i].name, key->source.cells[i],
                               key->target.cells[i]);
                before = "; ";
            }
        }
        buf_add_char(out, '\n');
    }
}

void verify_report_counts(const VerifyReport *report, Buf *out)
{
    const struct {
        uint64_t rows;
        const char *what;
    } counts[] = {
        {report->missing, "missing in the target"},
        {report->extra, "only in the target"},
        {report->different, "with other values"},
    };
    const char *before = report->is_complete ? "" : "at least ";
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        if (counts[i].rows > 0) {
            char space[TEXT_NUMBER_SIZE];
            buf_add_format(out, "%s%s row%s %s", before, text_count(counts[i].rows, space),
                           counts[i].rows == 1 ? "" : "s", counts[i].what);
            before = ", ";
        }
    }
    if (report->missing + report->extra + report->different == 0) {
        buf_add_text(out, "no row that could be found again");
    }
}

static void text_counts(const VerifyReport *report, Buf *out)
{
    char source[TEXT_NUMBER_SIZE], target[TEXT_NUMBER_SIZE], space[TEXT_NUMBER_SIZE];
    buf_add_format(out, "  rows       %s in the source, %s in the target",
                   text_count(report->rows_source, source),
                   text_count(report->rows_target, target));
    const uint64_t dirty = atomic_load(&report->counters.rows_dirty);
    if (dirty > 0) {
        buf_add_format(out, "; %s dirty in the source, left out", text_count(dirty, space));
    }
    const double rate = report->seconds > 0 ? (double)report->rows_source / report->seconds : 0;
    buf_add_format(out, "\n  slices     %s compared, %s different",
                   text_count(report->slices, source),
                   text_count(report->slices_different, target));
    buf_add_format(out, "\n  speed      %.2f s, %s rows/s\n", report->seconds,
                   text_count((uint64_t)rate, space));
    if (report->status == FAIL_DIFFERENT) {
        buf_add_text(out, "  different  ");
        verify_report_counts(report, out);
        if (report->key_count < report->missing + report->extra + report->different) {
            buf_add_format(out, "; %s listed", text_count(report->key_count, space));
        }
        buf_add_char(out, '\n');
    }
}

// What the reader has to know to judge a difference.
static void text_moments(const VerifyReport *report, Buf *out)
{
    CLEANUP(buf_done) Buf read = {0};
    CLEANUP(buf_done) Buf written = {0};
    report_time(report->read_usec, &read);
    report_time(report->written_usec, &written);
    buf_add_format(out, "  source     %s, read %s, %s%s\n", report->server, buf_text(&read),
                   report->is_one_moment ? "one point in time by " : "", report->snapshot);
    buf_add_format(out, "  target     %s%s%s version %" PRId64 ", written %s\n", report->location,
                   report->partition[0] == '\0' ? "" : " ", report->partition, report->version,
                   written.len == 0 ? "never" : buf_text(&written));
    if (report->status == FAIL_DIFFERENT) {
        buf_add_text(out, "  note       what the source changed between the two times shows as "
                          "different\n");
    }
}

void verify_report_text(const VerifyReport *report, Buf *out)
{
    buf_add_format(out, "%s %s %s\n", report->job, report->bizdate, report_status(report));
    if (report_is_known(report)) {
        text_counts(report, out);
        text_moments(report, out);
    }
    for (size_t i = 0; i < report->warning_count; i++) {
        buf_add_format(out, "  warning    %s\n", report->warnings[i]);
    }
}

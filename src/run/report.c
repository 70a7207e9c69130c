// The end of a run in words and in JSON. Both are made from the same struct, so they cannot
// disagree.
#include "run/report.h"

#include "base/emit.h"
#include "base/fs.h"
#include "base/number.h"
#include "base/text.h"

#define PROC_STATUS_MAX ((size_t)64 << 10)

void run_report_done(RunReport *report)
{
    free(report->job);
    free(report->bizdate);
    sink_result_done(&report->target);
    free(report->snapshot);
    free(report->server);
    free(report->reject_file);
    for (size_t i = 0; i < report->warning_count; i++) {
        free(report->warnings[i]);
    }
    free(report->warnings);
}

void run_report_warn(RunReport *report, const char *text)
{
    for (size_t i = 0; i < report->warning_count; i++) {
        if (text_equal(report->warnings[i], text)) {
            return;
        }
    }
    report->warnings =
        mem_grow(report->warnings, (report->warning_count + 1) * sizeof(*report->warnings));
    report->warnings[report->warning_count++] = mem_copy_text(text);
}

uint64_t run_peak_memory(void)
{
    // Not getrusage: its figure is carried over exec, so a large parent's would show.
    CLEANUP(buf_done) Buf status = {0};
    Err ignored;
    if (!fs_read("/proc/self/status", PROC_STATUS_MAX, &status, &ignored)) {
        return 0;
    }
    const char *peak = strstr(buf_text(&status), "VmHWM:");
    if (peak == NULL) {
        return 0;
    }
    peak += strlen("VmHWM:");
    peak += strspn(peak, " \t");
    uint64_t kib = 0;
    return number_parse_u64(peak, strspn(peak, "0123456789"), &kib) ? kib * 1024 : 0;
}

static double report_rate(const RunReport *report)
{
    uint64_t rows = atomic_load(&report->counters.rows_read);
    return report->seconds > 0 ? (double)rows / report->seconds : 0;
}

static void report_json_counts(const RunReport *report, JsonWriter *json)
{
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {
        {"rows_read", atomic_load(&report->counters.rows_read)},
        {"rows_written", atomic_load(&report->counters.rows_written)},
        {"rows_dirty", atomic_load(&report->counters.rows_dirty)},
        {"zero_dates", atomic_load(&report->counters.zero_dates)},
        {"bytes", atomic_load(&report->counters.bytes_read)},
        {"bytes_written", atomic_load(&report->counters.bytes_written)},
        {"slices", atomic_load(&report->counters.slices_total)},
        {"peak_memory_bytes", run_peak_memory()},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        emit_key(json, counts[i].key);
        emit_uint(json, counts[i].value);
    }
}

void run_error_json(const Err *err, JsonWriter *json)
{
    if (err == NULL) {
        emit_null(json);
        return;
    }
    emit_begin_object(json);
    emit_member_text(json, "kind", fail_kind_name(err->kind));
    emit_member_text(json, "message", err->message);
    emit_member_text(json, "hint", err->hint[0] == '\0' ? NULL : err->hint);
    emit_end_object(json);
}

static void report_json_error(const RunReport *report, JsonWriter *json)
{
    emit_key(json, "error");
    if (report->status == FAIL_NONE) {
        emit_null(json);
    } else {
        run_error_json(&report->error, json);
    }
}

static void report_json_merge(const RunReport *report, JsonWriter *json)
{
    const SinkResult *target = &report->target;
    emit_member_text(json, "base", target->base);
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {{"rows_updated", target->rows_updated},
                  {"rows_inserted", target->rows_inserted},
                  {"rows_kept", target->rows_kept}};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        emit_key(json, counts[i].key);
        if (target->is_merged) {
            emit_uint(json, counts[i].value);
        } else {
            emit_null(json);
        }
    }
}

void run_report_json(const RunReport *report, Buf *out)
{
    bool done = report->status == FAIL_NONE;
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "job", report->job);
    emit_member_text(&json, "bizdate", report->bizdate);
    emit_member_text(&json, "status",
                     done                               ? "done"
                     : report->status == FAIL_CANCELLED ? "cancelled"
                                                        : "failed");
    emit_key(&json, "instance");
    report->instance > 0 ? emit_int(&json, report->instance) : emit_null(&json);
    report_json_counts(report, &json);
    emit_key(&json, "seconds");
    emit_fixed(&json, report->seconds, 3);
    emit_key(&json, "rows_per_second");
    emit_fixed(&json, report_rate(report), 0);
    emit_member_text(&json, "target", report->target.location);
    emit_member_text(&json, "partition", report->target.partition);
    emit_member_int(&json, "partitions", (int64_t)report->target.partitions);
    emit_key(&json, "version");
    if (done) {
        emit_int(&json, report->target.version);
    } else {
        emit_null(&json);
    }
    emit_key(&json, "replaced_rows");
    if (done && report->target.replaced_rows >= 0) {
        emit_int(&json, report->target.replaced_rows);
    } else {
        emit_null(&json);
    }
    emit_member_int(&json, "files", (int64_t)report->target.files);
    report_json_merge(report, &json);
    emit_member_text(&json, "snapshot", report->snapshot);
    emit_member_text(&json, "server", report->server);
    emit_member_int(&json, "readers", report->readers);
    emit_member_int(&json, "attempts", report->attempts);
    emit_member_text(&json, "reject_file", report->reject_file);
    emit_key(&json, "warnings");
    emit_begin_array(&json);
    for (size_t i = 0; i < report->warning_count; i++) {
        emit_text(&json, report->warnings[i]);
    }
    emit_end_array(&json);
    report_json_error(report, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static void report_text_counts(const RunReport *report, Buf *out)
{
    char read[TEXT_NUMBER_SIZE], written[TEXT_NUMBER_SIZE], rate[TEXT_NUMBER_SIZE];
    char bytes[TEXT_NUMBER_SIZE], stored[TEXT_NUMBER_SIZE], memory[TEXT_NUMBER_SIZE];
    buf_add_format(out, "  rows       %s read, %s written",
                   text_count(atomic_load(&report->counters.rows_read), read),
                   text_count(atomic_load(&report->counters.rows_written), written));
    uint64_t dirty = atomic_load(&report->counters.rows_dirty);
    uint64_t zero_dates = atomic_load(&report->counters.zero_dates);
    char space[TEXT_NUMBER_SIZE];
    if (dirty > 0) {
        buf_add_format(out, ", %s dirty (%s)", text_count(dirty, space),
                       report->reject_file == NULL ? "counted only" : report->reject_file);
    }
    if (zero_dates > 0) {
        buf_add_format(out, ", %s zero date%s became NULL", text_count(zero_dates, space),
                       zero_dates == 1 ? "" : "s");
    }
    buf_add_format(out, "\n  speed      %.2f s, %s rows/s, %s read, %s stored, peak memory %s\n",
                   report->seconds, text_count((uint64_t)report_rate(report), rate),
                   text_bytes(atomic_load(&report->counters.bytes_read), bytes),
                   text_bytes(atomic_load(&report->counters.bytes_written), stored),
                   text_bytes(run_peak_memory(), memory));
}

// Of a job without a source: statements.
static void report_text_written(const RunReport *report, Buf *out)
{
    char space[3][TEXT_NUMBER_SIZE];
    buf_add_format(out, "  rows       %s written\n  speed      %.2f s, %s stored, peak memory %s\n",
                   text_count(atomic_load(&report->counters.rows_written), space[0]),
                   report->seconds,
                   text_bytes(atomic_load(&report->counters.bytes_written), space[1]),
                   text_bytes(run_peak_memory(), space[2]));
}

void run_report_text(const RunReport *report, Buf *out)
{
    bool done = report->status == FAIL_NONE;
    buf_add_format(out, "%s %s %s\n", report->job, report->bizdate,
                   done                               ? "done"
                   : report->status == FAIL_CANCELLED ? "cancelled"
                                                      : "failed");
    if (report->server == NULL && done) {
        report_text_written(report, out);
    } else if (report->server != NULL) {
        report_text_counts(report, out);
        buf_add_format(out, "  source     %s", report->server);
        if (report->snapshot != NULL) {
            buf_add_format(out, ", %s%s", report->is_one_moment ? "one point in time by " : "",
                           report->snapshot);
        }
        buf_add_format(out, "\n  slices     %" PRIu64 " on %d connection%s%s\n",
                       (uint64_t)atomic_load(&report->counters.slices_total), report->readers,
                       report->readers == 1 ? "" : "s",
                       report->attempts > 1 ? ", started over after a lost connection" : "");
    }
    if (done && report->target.location != NULL) {
        char space[TEXT_NUMBER_SIZE];
        buf_add_format(out, "  target     %s%s%s", report->target.location,
                       report->target.partition[0] == '\0' ? "" : " ", report->target.partition);
        if (strchr(report->target.partition, '{') != NULL) {
            buf_add_format(out, " (%s partition%s)", text_count(report->target.partitions, space),
                           report->target.partitions == 1 ? "" : "s");
        }
        buf_add_format(out, " version %" PRId64, report->target.version);
        if (report->target.replaced_rows > 0) {
            buf_add_format(out, ", replaced %s row%s",
                           text_count((uint64_t)report->target.replaced_rows, space),
                           report->target.replaced_rows == 1 ? "" : "s");
        }
        buf_add_char(out, '\n');
    }
    if (done && report->target.is_merged) {
        char updated[TEXT_NUMBER_SIZE], inserted[TEXT_NUMBER_SIZE], kept[TEXT_NUMBER_SIZE];
        buf_add_format(out, "  merge      %s updated, %s inserted, %s kept%s%s\n",
                       text_count(report->target.rows_updated, updated),
                       text_count(report->target.rows_inserted, inserted),
                       text_count(report->target.rows_kept, kept),
                       report->target.partition[0] == '\0' || report->target.base == NULL ? ""
                                                                                          : " of ",
                       report->target.base == NULL ? "" : report->target.base);
    }
    if (report->instance > 0) {
        buf_add_format(out, "  instance   %" PRId64 "\n", report->instance);
    }
    for (size_t i = 0; i < report->warning_count; i++) {
        buf_add_format(out, "  warning    %s\n", report->warnings[i]);
    }
}

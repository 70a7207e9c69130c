// weir status [JOB or INSTANCE]: the run history, as a table, or everything of one instance.
#include "command/command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"
#include "command/history.h"
#include "job/job.h"

enum { LIMIT_DEFAULT = 20, ERROR_COLUMNS = 80, TIME_SIZE = 32 };

// --- shared ---------------------------------------------------------------------------------------------

// "2016-11-15 00:30:01" in the project's zone.
static void status_add_time(int64_t usec, Buf *out)
{
    const Civil at = clock_usec_to_local(usec);
    buf_add_format(out, "%04d-%02d-%02d %02d:%02d:%02d", at.year, at.month, at.day, at.hour,
                   at.minute, at.second);
}

// Of an instance that runs, until now. Negative: nobody knows.
static double status_seconds(const InstanceRecord *record)
{
    if (record->finished_usec == 0 && record->state != INSTANCE_RUNNING) {
        return -1;
    }
    const int64_t until = record->finished_usec == 0 ? clock_now_usec() : record->finished_usec;
    return (double)(until - record->started_usec) / 1e6;
}

// --- JSON -----------------------------------------------------------------------------------------------

static void status_json_time(JsonWriter *json, const char *key, int64_t usec)
{
    emit_key(json, key);
    if (usec == 0) {
        emit_null(json);
        return;
    }
    char text[64];
    const Civil at = civil_from_usec(usec);
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.year, at.month,
                   at.day, at.hour, at.minute, at.second, at.micros / 1000);
    emit_text(json, text);
}

static void status_json_count(JsonWriter *json, const char *key, int64_t value)
{
    emit_key(json, key);
    value < 0 ? emit_null(json) : emit_int(json, value);
}

static void status_json_error(const InstanceRecord *record, JsonWriter *json)
{
    emit_key(json, "error");
    if (record->error == NULL) {
        emit_null(json);
        return;
    }
    emit_begin_object(json);
    emit_member_text(json, "kind", record->error_kind);
    emit_member_text(json, "message", record->error);
    emit_member_text(json, "hint", record->hint);
    emit_end_object(json);
}

static void status_json_members(const InstanceRecord *record, JsonWriter *json)
{
    emit_member_int(json, "instance", record->id);
    emit_member_text(json, "job", record->job);
    emit_member_text(json, "type", record->job_type);
    emit_member_text(json, "bizdate", record->bizdate);
    emit_member_text(json, "cyctime", record->cyctime);
    emit_member_text(json, "kind", instance_kind_name(record->kind));
    status_json_count(json, "rerun_of", record->rerun_of == 0 ? -1 : record->rerun_of);
    emit_member_text(json, "state", instance_state_name(record->state));
    status_json_time(json, "started", record->started_usec);
    status_json_time(json, "finished", record->finished_usec);
    const double seconds = status_seconds(record);
    emit_key(json, "seconds");
    seconds < 0 ? emit_null(json) : emit_fixed(json, seconds, 3);
    status_json_count(json, "rows_read", record->rows_read);
    status_json_count(json, "rows_written", record->rows_written);
    status_json_count(json, "rows_dirty", record->rows_dirty);
    status_json_count(json, "bytes", record->bytes);
    emit_member_text(json, "partition", record->partition);
    status_json_count(json, "version", record->version);
    status_json_error(record, json);
}

// Lines of a text as a list.
static void status_json_lines(const char *text, JsonWriter *json)
{
    emit_begin_array(json);
    for (const char *at = text; at != NULL && *at != '\0'; at += strspn(at, "\n")) {
        const size_t len = strcspn(at, "\n");
        emit_text_bytes(json, at, len);
        at += len;
    }
    emit_end_array(json);
}

static void status_json_rest(const InstanceRecord *record, const char *log, JsonWriter *json)
{
    emit_key(json, "params");
    emit_begin_array(json);
    for (size_t i = 0; record->params[i] != NULL; i++) {
        emit_text(json, record->params[i]);
    }
    emit_end_array(json);
    status_json_count(json, "threads", record->threads == 0 ? -1 : record->threads);
    emit_member_text(json, "timezone", record->timezone);
    emit_member_text(json, "today", record->today);
    emit_member_bool(json, "cancel_requested", record->cancel_requested);
    emit_member_int(json, "process", record->process);
    emit_member_text(json, "host", record->host);
    emit_member_text(json, "weir", record->weir);
    emit_member_text(json, "log", log);
    emit_key(json, "warnings");
    status_json_lines(record->warnings, json);
    emit_member_text(json, "job_text", record->job_text);
    emit_key(json, "summary");
    if (record->summary == NULL) {
        emit_null(json);
    } else {
        emit_raw(json, record->summary, strcspn(record->summary, "\n"));
    }
}

// --- one instance ---------------------------------------------------------------------------------------

static void status_add_lines(const char *name, const char *text, Buf *out)
{
    for (const char *at = text; at != NULL && *at != '\0'; at += strspn(at, "\n")) {
        const size_t len = strcspn(at, "\n");
        buf_add_format(out, "%-11s ", at == text ? name : "");
        buf_add_bytes(out, at, len);
        buf_add_char(out, '\n');
        at += len;
    }
}

static void status_add_times(const InstanceRecord *record, Buf *out)
{
    buf_add_text(out, "started     ");
    status_add_time(record->started_usec, out);
    if (record->finished_usec != 0) {
        buf_add_text(out, "\nfinished    ");
        status_add_time(record->finished_usec, out);
    }
    if (status_seconds(record) >= 0) {
        buf_add_format(out, "\nseconds     %.2f", status_seconds(record));
    }
    buf_add_char(out, '\n');
}

static void status_add_result(const InstanceRecord *record, Buf *out)
{
    char read[TEXT_NUMBER_SIZE], written[TEXT_NUMBER_SIZE], dirty[TEXT_NUMBER_SIZE];
    if (record->rows_read >= 0) {
        buf_add_format(out, "rows        %s read, %s written, %s dirty\n",
                       text_count((uint64_t)record->rows_read, read),
                       text_count((uint64_t)record->rows_written, written),
                       text_count((uint64_t)record->rows_dirty, dirty));
    }
    if (record->partition != NULL && record->partition[0] != '\0') {
        buf_add_format(out, "partition   %s\n", record->partition);
    }
    if (record->version >= 0) {
        buf_add_format(out, "version     %" PRId64 "\n", record->version);
    }
    if (record->error != NULL) {
        CLEANUP(mem_free_text) char *text = mem_format("%s: %s", record->error_kind, record->error);
        status_add_lines("error", text, out);
        status_add_lines("hint", record->hint, out);
    }
    status_add_lines("warnings", record->warnings, out);
}

static void status_text_one(const InstanceRecord *record, const char *log, Buf *out)
{
    buf_add_format(out, "instance    %" PRId64 "\njob         %s%s%s\nbizdate     %s\n", record->id,
                   record->job, record->job_type == NULL ? "" : ", of type ",
                   record->job_type == NULL ? "" : record->job_type, record->bizdate);
    if (record->cyctime != NULL) {
        buf_add_format(out, "cyctime     %s\n", record->cyctime);
    }
    buf_add_format(out, "kind        %s", instance_kind_name(record->kind));
    if (record->rerun_of != 0) {
        buf_add_format(out, " of %" PRId64, record->rerun_of);
    }
    buf_add_format(out, "\nstate       %s%s\n", instance_state_name(record->state),
                   record->cancel_requested && record->state == INSTANCE_RUNNING ? ", asked to stop"
                                                                                 : "");
    status_add_times(record, out);
    status_add_result(record, out);
    for (size_t i = 0; record->params[i] != NULL; i++) {
        status_add_lines("param", record->params[i], out);
    }
    if (record->threads > 0) {
        buf_add_format(out, "threads     %d\n", record->threads);
    }
    buf_add_format(out, "process     %" PRId64 " on %s, weir %s\nlog         %s\n", record->process,
                   record->host, record->weir, log);
    buf_add_format(out, "\nThe job's file as it was:\n\n%s", record->job_text);
}

static bool status_one(RunHistory *history, int64_t id, bool has_json, Err *err)
{
    InstanceRecord record;
    if (!run_history_find(history, id, &record, err)) {
        return false;
    }
    CLEANUP(mem_free_text) char *log = run_history_log_path(history, id);
    CLEANUP(buf_done) Buf text = {0};
    if (has_json) {
        JsonWriter json = emit_writer(&text);
        emit_begin_object(&json);
        status_json_members(&record, &json);
        status_json_rest(&record, log, &json);
        emit_end_object(&json);
        buf_add_char(&text, '\n');
    } else {
        status_text_one(&record, log, &text);
    }
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    instance_record_done(&record);
    return true;
}

// --- the table ------------------------------------------------------------------------------------------

enum { CELL_COUNT = 10 };

static const char *const HEAD[CELL_COUNT] = {"INSTANCE", "JOB",     "BIZDATE", "KIND",    "STATE",
                                             "STARTED",  "SECONDS", "ROWS",    "VERSION", "ERROR"};
static const bool IS_NUMBER[CELL_COUNT] = {[0] = true, [6] = true, [7] = true, [8] = true};

typedef struct StatusRow {
    char *cells[CELL_COUNT];
} StatusRow;

static char *status_count_cell(int64_t value)
{
    return value < 0 ? mem_copy_text("") : mem_format("%" PRId64, value);
}

static char *status_error_cell(const InstanceRecord *record)
{
    if (record->error == NULL) {
        return mem_copy_text("");
    }
    size_t len = strcspn(record->error, "\n");
    const bool is_cut = len > ERROR_COLUMNS;
    if (is_cut) {
        len = ERROR_COLUMNS;
        while (len > 0 && ((unsigned char)record->error[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    return mem_format("%.*s%s", (int)len, record->error, is_cut ? " ..." : "");
}

static StatusRow status_row(const InstanceRecord *record)
{
    CLEANUP(buf_done) Buf started = {0};
    status_add_time(record->started_usec, &started);
    const double seconds = status_seconds(record);
    return (StatusRow){{
        mem_format("%" PRId64, record->id),
        mem_copy_text(record->job),
        mem_copy_text(record->bizdate),
        mem_copy_text(instance_kind_name(record->kind)),
        mem_copy_text(instance_state_name(record->state)),
        buf_take(&started),
        seconds < 0 ? mem_copy_text("") : mem_format("%.1f", seconds),
        status_count_cell(record->rows_written),
        status_count_cell(record->version),
        status_error_cell(record),
    }};
}

static void status_add_row(const char *const *cells, const size_t *widths, Buf *out)
{
    size_t owed = 0;  // spaces: none are written at a line's end
    for (size_t i = 0; i < CELL_COUNT; i++) {
        const size_t fill = widths[i] - text_width(cells[i]);
        owed += (i == 0 ? 0 : 2) + (IS_NUMBER[i] ? fill : 0);
        if (cells[i][0] != '\0') {
            for (; owed > 0; owed--) {
                buf_add_char(out, ' ');
            }
            buf_add_text(out, cells[i]);
        }
        owed += IS_NUMBER[i] ? 0 : fill;
    }
    buf_add_char(out, '\n');
}

static void status_text_table(const InstanceRecord *records, size_t count, Buf *out)
{
    StatusRow *rows = mem_alloc((count + 1) * sizeof(*rows));
    size_t widths[CELL_COUNT];
    for (size_t i = 0; i < CELL_COUNT; i++) {
        widths[i] = text_width(HEAD[i]);
    }
    for (size_t row = 0; row < count; row++) {
        rows[row] = status_row(&records[row]);
        for (size_t i = 0; i < CELL_COUNT; i++) {
            const size_t width = text_width(rows[row].cells[i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    status_add_row(HEAD, widths, out);
    for (size_t row = 0; row < count; row++) {
        status_add_row((const char *const *)rows[row].cells, widths, out);
        for (size_t i = 0; i < CELL_COUNT; i++) {
            free(rows[row].cells[i]);
        }
    }
    free(rows);
}

// A job that never ran is no mistake; a name that is no job's is.
static bool status_say_none(const Project *project, const char *job, bool has_json, Err *err)
{
    CLEANUP(mem_free_text) char *name = NULL;
    CLEANUP(mem_free_text) char *text = NULL;
    if (job != NULL && !job_read_text(project, job, &name, &text, err)) {
        return false;
    }
    if (!has_json) {
        (void)fprintf(stderr, "no instances\n");
    }
    return true;
}

static bool status_list(const Project *project, RunHistory *history, const HistoryFilter *filter,
                        bool has_json, Err *err)
{
    InstanceRecord *records;
    size_t count;
    if (!run_history_list(history, filter, &records, &count, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; has_json && i < count; i++) {
        JsonWriter json = emit_writer(&text);
        emit_begin_object(&json);
        status_json_members(&records[i], &json);
        emit_end_object(&json);
        buf_add_char(&text, '\n');
    }
    if (!has_json && count > 0) {
        status_text_table(records, count, &text);
    }
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    for (size_t i = 0; i < count; i++) {
        instance_record_done(&records[i]);
    }
    free(records);
    return count > 0 || status_say_none(project, filter->job, has_json, err);
}

// --- the verb -------------------------------------------------------------------------------------------

static bool status_read_state(const char *text, InstanceState *ret_state, Err *err)
{
    for (int i = 0; INSTANCE_STATES[i] != NULL; i++) {
        if (text_equal(INSTANCE_STATES[i], text)) {
            *ret_state = (InstanceState)i;
            return true;
        }
    }
    const char *nearest = text_nearest(text, INSTANCE_STATES);
    (void)fail(err, FAIL_CONFIG,
               "\"--state\" must be running, success, failed or cancelled, not \"%.50s\"", text);
    return nearest == NULL ? false : fail_hint(err, "Did you mean \"%s\"?", nearest);
}

typedef struct StatusOptions {
    const char *dir, *bizdate, *state;
    int limit;
    bool has_json;
} StatusOptions;

static bool status_print(const char *name, const StatusOptions *options, Err *err)
{
    CLEANUP(command_project_done) Project *project = NULL;
    CLEANUP(command_history_done) RunHistory *history = NULL;
    HistoryFilter filter = {.limit = options->limit};
    InstanceState state;
    char bizdate[9];
    if ((options->state != NULL && !status_read_state(options->state, &state, err))
        || !command_look(options->dir, &project, &history, err)) {
        return false;
    }
    if (name != NULL && command_is_instance(name)) {
        int64_t id;
        return command_read_instance(name, &id, err)
               && status_one(history, id, options->has_json, err);
    }
    if (options->bizdate != NULL && !job_read_bizdate(options->bizdate, bizdate, err)) {
        return false;
    }
    CLEANUP(mem_free_text) char *job = NULL;
    if (name != NULL && !job_own_name(project, name, &job, err)) {
        return false;
    }
    filter.job = job;
    filter.bizdate = options->bizdate == NULL ? NULL : bizdate;
    filter.state = options->state == NULL ? NULL : &state;
    return status_list(project, history, &filter, options->has_json, err);
}

static bool status_run(const Command *self, int argc, char **argv, Err *err)
{
    StatusOptions status = {.limit = LIMIT_DEFAULT};
    const char *name = NULL;
    bool help = false;
    const Option options[] = {
        {.name = "bizdate",
         .argument = "YYYYMMDD",
         .ret_text = &status.bizdate,
         .help = "only instances of that business date"},
        {.name = "state",
         .argument = "STATE",
         .ret_text = &status.state,
         .help = "only running, success, failed or cancelled ones"},
        {.name = "limit",
         .argument = "N",
         .ret_int = &status.limit,
         .int_max = HISTORY_INSTANCES_MAX,
         .help = "at most so many, the newest; 20 where it is left out"},
        {.name = "json",
         .ret_flag = &status.has_json,
         .help = "print one JSON object a line, or that of the instance"},
        command_option_project(&status.dir),
        {0},
    };
    return option_parse(self, options, argc, argv, 0, 1, &name, &help, err)
           && (help || status_print(name, &status, err));
}

const Command command_status = {
    .name = "status",
    .usage = "status [JOB or INSTANCE] [options]",
    .summary = "the run history, or everything of one instance",
    .description =
        "Newest first. A word of digits is an instance's number, any other a job's name.",
    .examples = "  weir status\n"
                "  weir status ods_oplog --state failed\n"
                "  weir status 42\n"
                "  weir status --bizdate 20161114 --json | jq .rows_written\n",
    .run = status_run,
};

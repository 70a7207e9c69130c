// weir vacuum [TABLE...]
#include "command/command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"
#include "command/tables.h"
#include "lake/vacuum.h"
#include "run/report.h"

#define HOUR_MS ((int64_t)3600 * 1000)
#define RETENTION_MAX 1000000  // of any unit

typedef struct VacuumRun {
    TablesRequest request;
    VacuumOptions options;
    uint64_t files;  // of all tables
} VacuumRun;

// "168h", "7d", "2w", "90m".
static bool vacuum_parse_retention(const char *text, int64_t *ret_ms, Err *err)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', HOUR_MS / 60}, {'h', HOUR_MS}, {'d', 24 * HOUR_MS}, {'w', 168 * HOUR_MS}};
    const size_t len = strlen(text);
    for (size_t i = 0; len > 1 && i < ARRAY_LEN(units); i++) {
        CLEANUP(mem_free_text) char *digits = mem_copy_bytes(text, len - 1);
        int64_t amount = 0;
        if (text[len - 1] == units[i].unit && text_parse_int(digits, 0, RETENTION_MAX, &amount)) {
            *ret_ms = amount * units[i].ms;
            return true;
        }
    }
    (void)fail(err, FAIL_CONFIG, "\"--retention\" cannot be \"%s\"", text);
    return fail_hint(err, "Write a number and its unit: 168h, 7d, 2w or 90m.");
}

static void vacuum_add_text(const VacuumRun *run, const char *path, const VacuumResult *result,
                            Buf *out)
{
    char count[TEXT_NUMBER_SIZE];
    char bytes[TEXT_NUMBER_SIZE];
    buf_add_format(out, "%s: ", tables_name(path));
    if (result->files == 0 && result->log.files == 0) {
        buf_add_text(out, "nothing to remove\n");
        return;
    }
    buf_add_format(out, "%s file%s, %s, which no version of the last %" PRId64 " hours needs",
                   text_count(result->files, count), result->files == 1 ? "" : "s",
                   text_bytes(result->bytes, bytes), result->retention_ms / HOUR_MS);
    if (result->log.files > 0) {
        buf_add_format(out, "; %s log file%s, %s", text_count(result->log.files, count),
                       result->log.files == 1 ? "" : "s", text_bytes(result->log.bytes, bytes));
    }
    buf_add_format(out, ": %s\n", run->request.changes ? "removed" : "would be removed");
}

static void vacuum_add_json(const VacuumRun *run, const char *path, const VacuumResult *result,
                            const Err *error, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "table", tables_name(path));
    emit_member_text(&json, "path", path);
    emit_member_int(&json, "retention_ms", result->retention_ms);
    emit_member_int(&json, "files", (int64_t)result->files);
    emit_member_int(&json, "bytes", (int64_t)result->bytes);
    emit_member_int(&json, "folders", (int64_t)result->folders);
    emit_member_int(&json, "log_files", (int64_t)result->log.files);
    emit_member_int(&json, "log_bytes", (int64_t)result->log.bytes);
    emit_member_bool(&json, "applied", run->request.changes && error == NULL);
    emit_key(&json, "error");
    run_error_json(error, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static bool vacuum_one(void *context, const char *path, Buf *out, Err *err)
{
    VacuumRun *run = context;
    VacuumResult result = {0};
    const bool done = vacuum_table(path, &run->options, &result, err);
    if (run->request.json) {
        vacuum_add_json(run, path, &result, done ? NULL : err, out);
    } else if (done) {
        vacuum_add_text(run, path, &result, out);
    }
    run->files += result.files + result.log.files;
    return done;
}

static bool vacuum_run(const Command *self, int argc, char **argv, Err *err)
{
    VacuumRun run = {.options = {.now_ms = clock_now_usec() / 1000, .retention_ms = -1}};
    TablesRequest *request = &run.request;
    const char *retention = NULL;
    bool help = false;
    const Option options[] = {
        {.name = "retention",
         .argument = "168h",
         .ret_text = &retention,
         .help = "how long versions stay readable; else as the table says, else 168h"},
        tables_option_apply(request, "remove the files"),
        {.name = "force",
         .ret_flag = &run.options.is_forced,
         .help = "take less than the table promises: nobody else may be at work"},
        tables_option_json(request),
        tables_option_lake(request),
        command_option_project(&request->project),
        {0},
    };
    bool done = tables_parse(self, options, argc, argv, request, &help, err);
    if (done && !help && retention != NULL) {
        done = vacuum_parse_retention(retention, &run.options.retention_ms, err);
    }
    if (done && !help) {
        run.options.removes = request->changes;
        done = tables_each(request, vacuum_one, &run, err);
        if (!request->changes && run.files > 0 && !request->json) {
            (void)fprintf(stderr, "nothing was changed; --apply removes them\n");
        }
    }
    tables_request_done(request);
    return done;
}

const Command command_vacuum = {
    .name = "vacuum",
    .usage = "vacuum [TABLE...] [options]",
    .summary = "count, and with --apply remove, files that no version within the retention needs",
    .description =
        "Overwritten and dropped partitions keep their files, for readers of older versions. Vacuum removes\n"
        "those that left the table longer ago than the retention, files that stopped runs left, log files\n"
        "that have expired and empty partition folders. TABLE is a name in the lake, or a path; all tables\n"
        "where it is left out. Changes nothing without --apply.",
    .examples = "  weir vacuum\n"
                "  weir vacuum ods_oplog --apply\n"
                "  weir vacuum --retention 30d --apply\n",
    .run = vacuum_run,
};

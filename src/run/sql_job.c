// A sql job is a script whose parameters were filled in when its instance was made. Its mistakes
// are told with line and column of the job's text "sql".
#include "base/base.h"

#include "run/sql_job.h"

#include "base/clock.h"
#include "base/emit.h"
#include "base/log.h"
#include "run/script.h"

// Rows of one SELECT that go into the log.
#define LOGGED_ROWS_MAX 1000

// --- the log as the place of results --------------------------------------------------------------------

typedef struct LogOutput {
    size_t width;
    uint64_t rows;
} LogOutput;

static bool log_begin(void *context, const ResultColumn *columns, size_t count, Err *err)
{
    LogOutput *output = context;
    (void)err;
    *output = (LogOutput){.width = count};
    CLEANUP(buf_done) Buf line = {0};
    for (size_t i = 0; i < count; i++) {
        buf_add_format(&line, "%s%s", i > 0 ? " | " : "", columns[i].name);
    }
    log_note(LOG_INFO, "%s", buf_text(&line));
    return true;
}

static bool log_row(void *context, const char *const *cells, const size_t *lens, Err *err)
{
    LogOutput *output = context;
    (void)err;
    if (output->rows++ >= LOGGED_ROWS_MAX) {
        return true;
    }
    CLEANUP(buf_done) Buf line = {0};
    for (size_t i = 0; i < output->width; i++) {
        buf_add_text(&line, i > 0 ? " | " : "");
        if (cells[i] == NULL) {
            buf_add_text(&line, "NULL");
        } else {
            buf_add_bytes(&line, cells[i], lens[i]);
        }
    }
    log_note(LOG_INFO, "%s", buf_text(&line));
    return true;
}

static bool log_end(void *context, uint64_t rows, Err *err)
{
    (void)context;
    (void)err;
    log_note(LOG_INFO, "(%" PRIu64 " row%s%s)", rows, rows == 1 ? "" : "s",
             rows > LOGGED_ROWS_MAX ? ", of which the first 1000 are here" : "");
    return true;
}

static void log_statement(void *context, const char *text)
{
    (void)context;
    log_note(LOG_INFO, "%s", text);
}

// --- running --------------------------------------------------------------------------------------------

static bool sql_job_parse(const Job *job, Script **ret_script, Err *err)
{
    CLEANUP(mem_free_text) char *name = mem_format("jobs/%s.yaml (sql)", job->name);
    return sql_parse(name, job->sql, strlen(job->sql), ret_script, err);
}

static bool sql_job_script(const Job *job, Cancel *cancel, ScriptTotals *totals, Err *err)
{
    Script *script = NULL;
    ScriptSession *session = NULL;
    LogOutput log = {0};
    const ResultOutput output = {
        .context = &log, .begin = log_begin, .row = log_row, .end = log_end, .note = log_statement};
    const ScriptOptions options = {.lake = job->target.datasource->path,
                                   .timezone = job->timezone,
                                   .memory_bytes = job->memory_bytes,
                                   .threads = (unsigned)job->threads};
    if (!sql_job_parse(job, &script, err)) {
        return false;
    }
    const bool done = script_session_open(&options, cancel, &session, err)
                      && script_run(session, script, &output, totals, err);
    script_session_close(session);
    script_free(script);
    return done;
}

bool sql_job_run(const Job *job, Cancel *cancel, RunReport *ret_report, Err *err)
{
    RunReport *report = ret_report;
    *report = (RunReport){.job = mem_copy_text(job->name),
                          .bizdate = mem_copy_text(job->bizdate),
                          .attempts = 1,
                          .is_one_moment = true};
    const int64_t begun = clock_monotonic_usec();
    ScriptTotals totals = {.version = -1};
    const bool done = sql_job_script(job, cancel, &totals, err);
    report->seconds = (double)(clock_monotonic_usec() - begun) / 1e6;
    atomic_store(&report->counters.rows_written, totals.rows_written);
    atomic_store(&report->counters.bytes_written, totals.bytes_written);
    report->target = (SinkResult){
        .location = totals.table == NULL
                        ? NULL
                        : mem_format("%s/%s", job->target.datasource->path, totals.table),
        .partition = mem_copy_text(""),
        .version = totals.version,
        .replaced_rows = -1,
    };
    free(totals.table);
    if (!done) {
        report->status = err->kind;
        report->error = *err;
    }
    return done;
}

// --- checking -------------------------------------------------------------------------------------------

bool sql_job_describe(const Job *job, bool json, Buf *out, Err *err)
{
    Script *script = NULL;
    if (!sql_job_parse(job, &script, err)) {
        return false;
    }
    JsonWriter writer = emit_writer(out);
    if (json) {
        emit_begin_object(&writer);
        emit_member_text(&writer, "job", job->name);
        emit_member_text(&writer, "bizdate", job->bizdate);
        emit_member_text(&writer, "lake", job->target.datasource->path);
        emit_key(&writer, "statements");
        emit_begin_array(&writer);
    } else {
        buf_add_format(out, "job %s, business date %s: %zu statement%s on %s\n", job->name,
                       job->bizdate, script->count, script->count == 1 ? "" : "s",
                       job->target.datasource->path);
    }
    for (size_t i = 0; i < script->count; i++) {
        const Statement *statement = &script->statements[i];
        const SqlInsert *insert = statement->insert_count > 0 ? &statement->inserts[0] : NULL;
        const char *table = insert != NULL ? insert->table.name : statement->table.name;
        CLEANUP(mem_free_text)
        char *line = mem_format("%s%s%s%s", statement_kind_name(statement->kind),
                                insert == NULL         ? ""
                                : insert->is_overwrite ? " OVERWRITE"
                                                       : " INTO",
                                table == NULL ? "" : " ", table == NULL ? "" : table);
        if (json) {
            emit_text(&writer, line);
        } else {
            buf_add_format(out, "  %zu  %s\n", i + 1, line);
        }
    }
    if (json) {
        emit_end_array(&writer);
        emit_end_object(&writer);
        buf_add_char(out, '\n');
    }
    script_free(script);
    return true;
}

bool sql_job_count(const Job *job, size_t *ret_statements, Err *err)
{
    Script *script = NULL;
    if (!sql_job_parse(job, &script, err)) {
        return false;
    }
    *ret_statements = script->count;
    script_free(script);
    return true;
}

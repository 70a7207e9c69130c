// The loop over a script's statements, the session, and where an error stands in the script.
#include "base/base.h"

#include "run/script_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/machine.h"
#include "base/fs.h"
#include "lake/sql/functions.h"
#include "run/spill.h"

#define WRITER_BYTES_MAX ((uint64_t)256 << 20)
#define THREADS_MAX 64

// --- errors ---------------------------------------------------------------------------------------------

bool run_fail(const Run *run, Span at, Err *err, const char *format, ...)
{
    char message[sizeof(err->message)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return sql_fail(err, run->script->name, run->script->text, at.begin, "%s", message);
}

bool run_fail_at(const Run *run, Span at, Err *err)
{
    const Err cause = *err;
    (void)sql_fail(err, run->script->name, run->script->text, at.begin, "%s", cause.message);
    err->kind = cause.kind;
    err->retriable = cause.retriable;
    return cause.hint[0] == '\0' ? false : fail_hint(err, "%s", cause.hint);
}

bool run_fail_query(const Run *run, const SqlText *text, size_t before, Span at, Err *err)
{
    const size_t position = duck_error_position(run->session->duck);
    if (err->kind == FAIL_CANCELLED) {
        return false;
    }
    if (position != SIZE_MAX && position >= before && position - before < text->text.len) {
        const size_t origin = sql_text_origin(text, position - before);
        at.begin = origin == SIZE_MAX ? at.begin : origin;
    }
    return run_fail_at(run, at, err);
}

void run_note(const Run *run, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (run->output->note != NULL) {
        run->output->note(run->output->context, text);
    }
}

// --- session --------------------------------------------------------------------------------------------

static void session_interrupt(void *object)
{
    duck_interrupt(object);
}

bool script_session_open(const ScriptOptions *options, Cancel *cancel, ScriptSession **ret_session,
                         Err *err)
{
    ScriptSession *session = mem_alloc(sizeof(*session));
    const uint64_t memory =
        options->memory_bytes != 0 ? options->memory_bytes : machine_memory() / 2;
    session->lake = mem_copy_text(options->lake);
    session->writer_bytes = memory / 4 < WRITER_BYTES_MAX ? memory / 4 : WRITER_BYTES_MAX;
    session->duck_bytes = memory - session->writer_bytes;
    const unsigned threads = options->threads != 0 ? options->threads : machine_processors();
    session->threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    session->cancel = cancel;
    session->spill = spill_begin(options->lake);
    const DuckOptions duck = {.memory_bytes = session->duck_bytes,
                              .threads = session->threads,
                              .temp_folder = session->spill,
                              .timezone = options->timezone};
    if (!duck_open(&duck, &session->duck, err)) {
        script_session_close(session);
        return false;
    }
    if (cancel != NULL) {
        cancel_add_hook(cancel, session_interrupt, session->duck);
    }
    // Files of a table never change, so what was read of one stays true.
    if (!duck_run(session->duck, "SET parquet_metadata_cache = true", err)) {
        script_session_close(session);
        return false;
    }
    *ret_session = session;
    return true;
}

void script_session_close(ScriptSession *session)
{
    if (session == NULL) {
        return;
    }
    if (session->cancel != NULL && session->duck != NULL) {
        cancel_remove_hook(session->cancel, session->duck);
    }
    session_forget_all(session);
    for (size_t i = 0; i < session->view_count; i++) {
        free(session->views[i]);
    }
    free(session->views);
    duck_free(session->duck);
    spill_end(session->spill);
    free(session->lake);
    free(session);
}

// --- statements -----------------------------------------------------------------------------------------

static bool run_set(const Run *run)
{
    run_note(run, "SET %s: has no effect here", run->statement->name);
    return true;
}

static bool run_statement(const Run *run, Err *err)
{
    switch (run->statement->kind) {
    case STATEMENT_QUERY:
        return run_query(run, err);
    case STATEMENT_EXPLAIN:
        return run_explain(run, err);
    case STATEMENT_CREATE_TABLE:
        return run_create_table(run, err);
    case STATEMENT_CREATE_TABLE_LIKE:
        return run_create_table_like(run, err);
    case STATEMENT_CREATE_TABLE_AS:
        return run_create_table_as(run, err);
    case STATEMENT_DROP_TABLE:
        return run_drop_table(run, err);
    case STATEMENT_ADD_PARTITION:
        return run_add_partition(run, err);
    case STATEMENT_DROP_PARTITION:
        return run_drop_partition(run, err);
    case STATEMENT_RENAME_PARTITION:
        return run_rename_partition(run, err);
    case STATEMENT_RENAME_TABLE:
        return run_rename_table(run, err);
    case STATEMENT_ADD_COLUMNS:
    case STATEMENT_SET_COMMENT:
    case STATEMENT_SET_PROPERTIES:
        return run_alter_table(run, err);
    case STATEMENT_SET_LIFECYCLE:
    case STATEMENT_ENABLE_LIFECYCLE:
    case STATEMENT_DISABLE_LIFECYCLE:
    case STATEMENT_TOUCH:
        return run_lifecycle(run, err);
    case STATEMENT_INSERT:
        return run_insert(run, err);
    case STATEMENT_TRUNCATE:
        return run_truncate(run, err);
    case STATEMENT_DELETE:
        return run_delete(run, err);
    case STATEMENT_UPDATE:
        return run_update(run, err);
    case STATEMENT_MERGE:
        return run_merge(run, err);
    case STATEMENT_SHOW_TABLES:
    case STATEMENT_SHOW_PARTITIONS:
    case STATEMENT_SHOW_CREATE_TABLE:
    case STATEMENT_DESC:
        return run_show(run, err);
    case STATEMENT_SET:
        return run_set(run);
    }
    return fail(err, FAIL_INTERNAL, "a statement of no known kind");
}

bool script_run(ScriptSession *session, const Script *script, const ResultOutput *output,
                ScriptTotals *totals, Err *err)
{
    bool done = sql_functions_register(session->duck, script->text, strlen(script->text), err);
    for (size_t i = 0; done && i < script->count; i++) {
        const Run run = {.session = session,
                         .script = script,
                         .statement = &script->statements[i],
                         .output = output,
                         .totals = totals};
        done = (session->cancel == NULL || cancel_check(session->cancel, err))
               && run_statement(&run, err);
        totals->statements += done;
    }
    session_forget_all(session);
    return done;
}

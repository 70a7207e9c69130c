// The tables that a script has named: each is read once, so that all its statements see one version
// of it, and read again after the script itself has changed it.
#include "base/base.h"

#include "run/script_internal.h"

#include "base/text.h"
#include "job/job.h"
#include "lake/catalog.h"

static void session_table_free(SessionTable *table)
{
    delta_free(table->table);
    free(table->name);
    free(table->path);
    free(table);
}

bool session_table(const Run *run, const char *name, Span at, SessionTable **ret_table, Err *err)
{
    ScriptSession *session = run->session;
    CLEANUP(mem_free_text) char *path = NULL;
    if (!catalog_path(session->lake, name, &path, err)) {
        return run_fail_at(run, at, err);
    }
    for (size_t i = 0; i < session->table_count; i++) {
        if (text_equal(session->tables[i]->path, path)) {
            *ret_table = session->tables[i];
            return true;
        }
    }
    DeltaTable *table = NULL;
    if (!delta_open(path, /* version= */ -1, &table, err)) {
        return run_fail_at(run, at, err);
    }
    SessionTable *seen = mem_alloc(sizeof(*seen));
    *seen = (SessionTable){
        .name = mem_copy_text(strrchr(path, '/') + 1), .path = mem_copy_text(path), .table = table};
    session->tables =
        mem_grow(session->tables, (session->table_count + 1) * sizeof(*session->tables));
    session->tables[session->table_count++] = seen;
    *ret_table = seen;
    return true;
}

static bool session_fail_missing(const Run *run, const SqlTable *table, Err *err)
{
    FsList list = {0};
    (void)run_fail(run, table->at, err, "there is no table \"%s\"", table->name);
    Err ignored;
    if (!catalog_list(run->session->lake, &list, &ignored)) {
        return false;
    }
    const char **names = mem_alloc((list.count + 1) * sizeof(*names));
    for (size_t i = 0; i < list.count; i++) {
        names[i] = list.names[i];
    }
    const char *nearest = text_nearest(table->name, names);
    if (nearest != NULL) {
        (void)fail_hint(err, "Did you mean \"%s\"? SHOW TABLES lists the tables of \"%s\".",
                        nearest, run->session->lake);
    } else {
        (void)fail_hint(err, "SHOW TABLES lists the tables of \"%s\".", run->session->lake);
    }
    free(names);
    fs_list_done(&list);
    return false;
}

bool session_existing(const Run *run, const SqlTable *table, SessionTable **ret_table, Err *err)
{
    SessionTable *seen = NULL;
    if (!session_table(run, table->name, table->at, &seen, err)) {
        return false;
    }
    if (seen->table->version < 0) {
        return session_fail_missing(run, table, err);
    }
    *ret_table = seen;
    return true;
}

bool session_rewrite(const ScriptSession *session, const SessionTable *seen, Rewrite **ret_rewrite,
                     Err *err)
{
    const RewriteOptions options = {.threads = session->threads,
                                    .memory_bytes = session->writer_bytes,
                                    .file_bytes = JOB_FILE_BYTES_DEFAULT,
                                    .row_group_rows = JOB_ROW_GROUP_ROWS_DEFAULT,
                                    .cancel = session->cancel};
    return rewrite_begin(seen->table, &options, ret_rewrite, err);
}

void session_forget(ScriptSession *session, const char *name)
{
    for (size_t i = 0; i < session->table_count; i++) {
        if (text_equal_nocase(session->tables[i]->name, name)) {
            session_table_free(session->tables[i]);
            session->tables[i] = session->tables[--session->table_count];
            return;
        }
    }
}

void session_forget_all(ScriptSession *session)
{
    for (size_t i = 0; i < session->table_count; i++) {
        session_table_free(session->tables[i]);
    }
    free(session->tables);
    session->tables = NULL;
    session->table_count = 0;
}

void session_keep_view(ScriptSession *session, const char *name)
{
    session->views = mem_grow(session->views, (session->view_count + 1) * sizeof(*session->views));
    session->views[session->view_count++] = mem_copy_text(name);
}

bool session_drop_views(ScriptSession *session, Err *err)
{
    bool done = true;
    for (size_t i = 0; i < session->view_count; i++) {
        CLEANUP(buf_done) Buf sql = {0};
        buf_add_text(&sql, "DROP VIEW IF EXISTS temp.");
        duck_quote_name(session->views[i], &sql);
        done = done && duck_run(session->duck, buf_text(&sql), err);
        free(session->views[i]);
    }
    session->view_count = 0;
    return done;
}

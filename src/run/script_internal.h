// What the files script_*.c share: a session with its DuckDB and the tables as the script sees
// them, and how each kind of statement is run.
#pragma once

#include "lake/delta.h"
#include "lake/duck.h"
#include "lake/rewrite.h"
#include "run/script.h"

// A table as the script sees it.
typedef struct SessionTable {
    char *name;  // of its folder
    char *path;
    DeltaTable *table;
} SessionTable;

struct ScriptSession {
    char *lake;
    char *spill;  // where DuckDB sets data aside
    uint64_t duck_bytes;
    uint64_t writer_bytes;
    unsigned threads;
    Cancel *cancel;
    Duck *duck;
    SessionTable **tables;  // seen by the script that runs
    size_t table_count;
    char **views;  // names of DuckDB's views of tables: what one query needs of them
    size_t view_count;
};

// One statement that runs.
typedef struct Run {
    ScriptSession *session;
    const Script *script;
    const Statement *statement;
    const ResultOutput *output;
    ScriptTotals *totals;
} Run;

// --- errors (script.c) -----

// FAIL_CONFIG with the place of `at` in the script.
bool run_fail(const Run *run, Span at, Err *err, const char *format, ...) PRINTF(4, 5);
// Puts the place of `at` in front of an error that has none; returns false.
bool run_fail_at(const Run *run, Span at, Err *err);
// Puts the place that DuckDB's error points to in front of it: `before` bytes of the SQL that ran
// stand before `text`. Where it points to none, or outside of `text`, the place is `at`. Returns
// false.
bool run_fail_query(const Run *run, const SqlText *text, size_t before, Span at, Err *err);
void run_note(const Run *run, const char *format, ...) PRINTF(2, 3);

// --- tables (script_tables.c) -----

// The table as the script sees it, read when it is first asked for; version -1 where there is none.
// Borrowed until session_forget. `at` is for messages.
bool session_table(const Run *run, const char *name, Span at, SessionTable **ret_table, Err *err)
    MUST_CHECK;
// The same, which must exist: FAIL_CONFIG with the nearest name.
bool session_existing(const Run *run, const SqlTable *table, SessionTable **ret_table, Err *err)
    MUST_CHECK;
// Begins to write files of the table anew, with the session's memory and threads.
bool session_rewrite(const ScriptSession *session, const SessionTable *seen, Rewrite **ret_rewrite,
                     Err *err) MUST_CHECK;
// To be called when the script has changed the table.
void session_forget(ScriptSession *session, const char *name);
void session_forget_all(ScriptSession *session);
// Views live as long as the query that they were made for: another one, which might name a table in
// a way that is not seen (query('...')), would find the wrong partitions in them.
void session_keep_view(ScriptSession *session, const char *name);
bool session_drop_views(ScriptSession *session, Err *err) MUST_CHECK;

// --- queries (script_query.c) -----

// Makes the tables that the query reads known to DuckDB. *ret_sorted, which may be NULL: whether it
// ends in ORDER BY.
bool run_bind(const Run *run, const SqlText *query, Span at, bool *ret_sorted, Err *err) MUST_CHECK;
bool run_query(const Run *run, Err *err) MUST_CHECK;
bool run_explain(const Run *run, Err *err) MUST_CHECK;

// --- writing (script_insert.c, script_change.c, script_merge.c) -----

bool run_insert(const Run *run, Err *err) MUST_CHECK;
bool run_create_table_as(const Run *run, Err *err) MUST_CHECK;
bool run_delete(const Run *run, Err *err) MUST_CHECK;
bool run_update(const Run *run, Err *err) MUST_CHECK;
bool run_merge(const Run *run, Err *err) MUST_CHECK;

// --- tables and partitions (script_define.c, script_partition.c, script_show.c) -----

bool run_create_table(const Run *run, Err *err) MUST_CHECK;
bool run_create_table_like(const Run *run, Err *err) MUST_CHECK;
bool run_drop_table(const Run *run, Err *err) MUST_CHECK;
bool run_rename_table(const Run *run, Err *err) MUST_CHECK;
bool run_alter_table(const Run *run, Err *err) MUST_CHECK;  // columns, comment, properties
bool run_lifecycle(const Run *run, Err *err) MUST_CHECK;    // SET, ENABLE, DISABLE, TOUCH
bool run_add_partition(const Run *run, Err *err) MUST_CHECK;
bool run_drop_partition(const Run *run, Err *err) MUST_CHECK;
bool run_rename_partition(const Run *run, Err *err) MUST_CHECK;
bool run_truncate(const Run *run, Err *err) MUST_CHECK;
bool run_show(const Run *run, Err *err) MUST_CHECK;  // SHOW and DESC

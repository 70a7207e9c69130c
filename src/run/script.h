// Runs the statements of a script on the lake, one after the other; what they answer goes to an
// output as it comes.
//
// A script sees one version of each table, fixed when the table is first named in it, plus what the
// script itself has changed. A statement that fails leaves its table at the version before; the
// statements before it stay done.
#pragma once

#include "base/cancel.h"
#include "job/project.h"
#include "lake/sql/statement.h"

typedef enum CellKind {
    CELL_TEXT,
    CELL_NUMBER,  // the text is a JSON number, but for "nan", "inf" and "-inf"
    CELL_BOOL,    // "true", "false"
    CELL_JSON,    // lists, structs, maps: the text is JSON
} CellKind;

typedef struct ResultColumn {
    const char *name;
    const char *type;  // DuckDB's name of it: "DECIMAL(10,2)"
    CellKind kind;
} ResultColumn;

// Where results go. Each may fail, which ends the script. Called from the thread of script_run;
// what is passed is borrowed until the call returns.
typedef struct ResultOutput {
    void *context;
    bool (*begin)(void *context, const ResultColumn *columns, size_t count, Err *err);
    bool (*row)(void *context, const char *const *cells, const size_t *lens,
                Err *err);  // NULL cell: NULL
    bool (*end)(void *context, uint64_t rows, Err *err);
    // What a statement without rows did, for people: "INSERT OVERWRITE dw_user: 5 rows, version 3".
    void (*note)(void *context, const char *text);
} ResultOutput;

// Sums over a script; for the report of a sql job.
typedef struct ScriptTotals {
    uint64_t statements;
    uint64_t rows_written;
    uint64_t bytes_written;
    int64_t version;  // of the table written last; -1: none was
    char *table;      // written last, owned; NULL: none
} ScriptTotals;

typedef struct ScriptOptions {
    const char *lake;       // the folder of the tables, absolute
    const char *timezone;   // of the project; NULL: the machine's
    uint64_t memory_bytes;  // of DuckDB and the writers together; 0: half of the machine's
    unsigned threads;       // 0: the machine's processors
} ScriptOptions;

// A session keeps what a prompt needs from statement to statement (DuckDB). One thread at a time.
typedef struct ScriptSession ScriptSession;
bool script_session_open(const ScriptOptions *options, Cancel *cancel, ScriptSession **ret_session,
                         Err *err) MUST_CHECK;
void script_session_close(ScriptSession *session);  // NULL is fine

// Errors carry line and column. *totals is added to.
bool script_run(ScriptSession *session, const Script *script, const ResultOutput *output,
                ScriptTotals *totals, Err *err) MUST_CHECK;

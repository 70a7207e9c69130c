// For the files of `weir sql` only.
#pragma once

#include "base/cancel.h"
#include "job/param.h"
#include "run/script.h"

// --- sql_output.c: rows to standard output, notes to standard error -----

typedef enum SqlFormat { SQL_FORMAT_TABLE, SQL_FORMAT_CSV, SQL_FORMAT_JSON } SqlFormat;

typedef struct SqlOutput SqlOutput;
SqlOutput *sql_output_new(SqlFormat format) MUST_CHECK;
void sql_output_free(SqlOutput *output);  // NULL is fine
ResultOutput sql_output_result(SqlOutput *output);
// Writes what is left of a result that ended early. Errors are FAIL_TARGET.
bool sql_output_flush(SqlOutput *output, Err *err) MUST_CHECK;
// The reader of standard output has gone: nothing is wrong, and nothing more is to be done.
bool sql_output_is_closed(const SqlOutput *output);

// --- sql.c -----

typedef struct SqlContext {
    ScriptOptions options;
    ParamSet *params;
    SqlOutput *output;
    // Made when the first statement runs; a prompt whose statement was stopped gets new ones.
    Cancel *cancel;
    ScriptSession *session;
} SqlContext;

// Fills in the parameters, reads the script and runs it. `name` is a file's, or NULL. An error's
// message ends with the line of the script and a mark below the place.
bool sql_context_run(SqlContext *context, const char *name, const char *text, size_t len, Err *err)
    MUST_CHECK;

// --- sql_prompt.c -----

// Reads statements from the terminal and runs them until the end of input or \q. Their errors are
// shown, and are none of the prompt's.
bool sql_prompt_run(SqlContext *context, Err *err) MUST_CHECK;

// --- sql_complete.c -----

// What a word may be completed to: keywords, functions and the lake's tables, sorted, each once.
// Free with sql_candidates_done.
typedef struct SqlCandidates {
    char **words;
    size_t count;
} SqlCandidates;
void sql_complete(const char *lake, const char *word, size_t len, SqlCandidates *ret_candidates);
void sql_candidates_done(SqlCandidates *candidates);
// How many first bytes all of them share.
size_t sql_candidates_common(const SqlCandidates *candidates);

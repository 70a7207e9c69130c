// The tables that a verb of care is asked to look at, one after the other.
#pragma once

#include "base/fs.h"
#include "command/option.h"

// What all such verbs have: TABLE..., --lake, --project, --json.
typedef struct TablesRequest {
    const char *lake;     // the folder of tables; NULL: the project's
    const char *project;  // NULL: the nearest above
    const char **names;   // of tables in the lake, or paths (with a slash); count 0: all
    size_t count;
    bool json;
    bool changes;  // --apply
} TablesRequest;

void tables_request_done(TablesRequest *request);
Option tables_option_apply(TablesRequest *request, const char *help);
Option tables_option_lake(TablesRequest *request);
Option tables_option_json(TablesRequest *request);
// As option_parse; the arguments go to request->names.
bool tables_parse(const struct Command *command, const Option *options, int argc, char **argv,
                  TablesRequest *request, bool *ret_help, Err *err) MUST_CHECK;

// Looks at one table and adds to `out` what is to be printed: JSON also where that fails.
typedef bool (*TablesLook)(void *context, const char *path, Buf *out, Err *err);
// Finds the tables, looks at each and prints. One that fails does not stop the others; the first
// error decides the exit code. Removes what dropped tables left behind in the lake where the
// request changes something.
bool tables_each(const TablesRequest *request, TablesLook look, void *context, Err *err) MUST_CHECK;

// What the path's last part is.
const char *tables_name(const char *path);
// "2016-11-15 00:31:07" in the project's time zone.
void tables_add_time(int64_t ms, Buf *out);

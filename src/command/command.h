// The verbs of the command line: one file each, one table row each.
#pragma once

#include "command/option.h"
#include "job/project.h"

typedef struct Command {
    const char *name;
    const char *usage;     // "run JOB [options]"
    const char *summary;   // one line for `weir help`
    const char *examples;  // lines for `weir NAME --help`
    const char *description;
    // argv[0] is the verb. Prints its results to standard output. False: err says why.
    bool (*run)(const struct Command *self, int argc, char **argv, Err *err);
} Command;

extern const Command command_init;
extern const Command command_check;
extern const Command command_run;
extern const Command command_backfill;
extern const Command command_status;
extern const Command command_log;
extern const Command command_rerun;
extern const Command command_cancel;
extern const Command command_copy;
extern const Command command_import;
extern const Command command_lifecycle;
extern const Command command_vacuum;
extern const Command command_sql;
extern const Command command_verify;
extern const Command command_optimize;
extern const Command command_plan;
extern const Command command_slice;
extern const Command command_commit;
extern const Command command_version;

// All verbs; ends with NULL.
extern const Command *const commands[];

// Looks up argv[1] and runs it. Returns the process's exit code; prints the error.
int command_main(int argc, char **argv);

// "weir: ..." and the hint, on standard error.
void command_print_error(const Err *err);

// What most verbs begin with: the project (--project DIR or the nearest above) and its time zone.
bool command_open_project(const char *dir, Project **ret_project, Err *err) MUST_CHECK;

// Options that verbs about jobs share.
Option command_option_bizdate(const char **ret_bizdate);
Option command_option_param(const char ***ret_params);
Option command_option_threads(int *ret_threads, const char *help);
Option command_option_summary(bool *ret_json);
Option command_option_quiet(bool *ret_quiet);
Option command_option_project(const char **ret_dir);
Option command_option_lake(const char **ret_lake);

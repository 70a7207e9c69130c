// Runs one instance for a verb: signals, progress, the report at the end.
#pragma once

#include "run/instance.h"

typedef struct InstanceOutput {
    bool json;   // the summary as JSON on standard output instead of lines on standard error
    bool quiet;  // no progress
} InstanceOutput;

// SIGINT and SIGTERM cancel it; a second one ends the process at once. Without a record: of `weir
// copy`.
bool instance_run(const Job *job, InstanceOutput output, Err *err) MUST_CHECK;

// The same with its record in the history; `history` NULL: none is kept.
bool instance_run_plan(const InstancePlan *plan, RunHistory *history, InstanceOutput output,
                       Err *err) MUST_CHECK;

// The summary of an instance that could not be made (a mistake in its file): scripts that asked for
// JSON get it always. `job` and `bizdate` as asked for, or NULL. Returns false, like fail().
bool instance_fail(const char *job, const char *bizdate, InstanceOutput output, const Err *err);

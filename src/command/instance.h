// Runs one instance for a verb: signals, progress, the report at the end.
#pragma once

#include "job/job.h"

typedef struct InstanceOutput {
    bool json;   // the summary as JSON on standard output instead of lines on standard error
    bool quiet;  // no progress
} InstanceOutput;

// SIGINT and SIGTERM cancel it; a second one ends the process at once.
bool instance_run(const Job *job, InstanceOutput output, Err *err) MUST_CHECK;

// One instance of a job with its record: fixes its parameters, enters it into the run history, runs
// it with a log of its own, and enters what became of it.
#pragma once

#include "base/cancel.h"
#include "job/job.h"
#include "run/progress.h"
#include "run/report.h"
#include "store/history.h"

typedef struct InstancePlan {
    const Project *project;
    const char *job;  // as typed
    InstanceRequest request;
    InstanceKind kind;
    int64_t rerun_of;     // 0: none
    int parallel;         // instances at once that share the project's memory; 0: it runs alone
    const char *warning;  // for its report, or NULL
} InstancePlan;

// Entered into the history is what has a job file and a business date: a mistake in the file is a
// failed instance, a name that does not exist is none. Where the history cannot be written, nothing
// runs; where only its end cannot be entered, the result stands and the report warns.
//
// Always fills *ret_report (free with run_report_done), also on failure; err and ret_report->error
// are the same then. `history` may be NULL: none is kept. Thread: any, each with its own plan.
bool instance_perform(const InstancePlan *plan, RunHistory *history, Cancel *cancel,
                      ProgressStyle style, RunReport *ret_report, Err *err) MUST_CHECK;

// The least memory that a share of the project's is.
#define INSTANCE_MEMORY_MIN ((uint64_t)16 << 20)

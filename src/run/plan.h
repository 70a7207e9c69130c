// What a job would do, without doing it: `weir check`.
#pragma once

#include "base/cancel.h"
#include "job/job.h"

// A sync job: connects to both ends, compares their columns and cuts the slices; changes and locks
// nothing. A sql job: reads its statements.
// Appends to `out` the plan: as lines for a person, or as one JSON object where `json` is set.
bool plan_describe(const Job *job, Cancel *cancel, bool json, Buf *out, Err *err) MUST_CHECK;

// The same in a few numbers, for a list of jobs.
typedef struct PlanSummary {
    size_t columns;  // of the table, those of the partition included
    size_t slices;
    size_t statements;  // of a sql job; it has no columns and slices
} PlanSummary;
bool plan_summarize(const Job *job, Cancel *cancel, PlanSummary *ret_summary, Err *err) MUST_CHECK;

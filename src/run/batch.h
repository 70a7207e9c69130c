// One instance of a sync job from plan to end: open, snapshot, load, check the dirty rows, commit.
#pragma once

#include "base/cancel.h"
#include "run/progress.h"
#include "run/report.h"

// Runs the job. Always fills *ret_report (free with run_report_done), also on failure; err and
// ret_report->error are the same then. Where the connection is lost before the commit, nothing of
// the first snapshot is kept: the run starts over with a new one, job->retries times at most.
bool batch_run(const Job *job, Cancel *cancel, ProgressStyle style, RunReport *ret_report, Err *err)
    MUST_CHECK;

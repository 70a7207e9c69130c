// Runs a sql job: its statements, one after the other, on its lake.
#pragma once

#include "base/cancel.h"
#include "run/report.h"

// Fills *ret_report always (free with run_report_done). What SELECT gives goes to the instance's
// log. The statements before one that fails stay done.
bool sql_job_run(const Job *job, Cancel *cancel, RunReport *ret_report, Err *err) MUST_CHECK;

// What `weir check JOB` shows: the statements. FAIL_CONFIG where one does not read.
bool sql_job_describe(const Job *job, bool json, Buf *out, Err *err) MUST_CHECK;
bool sql_job_count(const Job *job, size_t *ret_statements, Err *err) MUST_CHECK;

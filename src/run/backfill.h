// One instance a business date, over a range of dates, several at a time as threads of this
// process.
#pragma once

#include "run/instance.h"

// One date of the range.
typedef struct BackfillDate {
    char bizdate[9];
    RunReport *report;  // NULL until its instance has ended, or where it was not started
} BackfillDate;

typedef struct BackfillPlan {
    const Project *project;
    const char *job;            // as typed
    const char *from, *to;      // as typed, both included
    const char *const *params;  // NULL-terminated, or NULL
    int threads;                // of each instance; 0: as the job says
    int parallel;               // instances at a time, from 1
    bool is_descending;
    bool keeps_going;  // after a date that failed
    ProgressStyle style;
    // Called after each instance, by one thread at a time. May be NULL.
    void (*tell)(void *context, const BackfillDate *date, size_t ended, size_t total);
    void *context;
} BackfillPlan;

typedef struct BackfillResult {
    char *job;            // its own name
    BackfillDate *dates;  // in the order in which they are started
    size_t count;
    double seconds;
} BackfillResult;
void backfill_result_done(BackfillResult *result);

// At most so many dates: ten years.
#define BACKFILL_DATES_MAX 3660
#define BACKFILL_PARALLEL_MAX 10

// Fixes the job's text for all dates, then runs them. FAIL_CONFIG before anything is started where
// the range, the parameters or the job's file are wrong. Otherwise *ret_result is filled, also on
// failure, and err is that of the first date that failed, or of `cancel`.
bool backfill_run(const BackfillPlan *plan, RunHistory *history, Cancel *cancel,
                  BackfillResult *ret_result, bool *ret_started, Err *err) MUST_CHECK;

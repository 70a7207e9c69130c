// A batch run is a straight line: source -> sink, both opened before anything moves, one commit at
// the end.
//
// What is loaded and not committed is removed by the sink's close, whatever stopped the run. A run
// that starts over closes both ends first, so that rows of two snapshots can never meet in one
// commit.
#include "run/batch.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "run/drift.h"
#include "run/ends.h"

static void reject_done(Reject **reject)
{
    reject_free(*reject);
}

// <state>/rejects/<job>-<bizdate>-<time>-<pid>.jsonl, unique to this run.
static char *batch_reject_path(const Job *job)
{
    Civil now = clock_usec_to_local(clock_now_usec());
    return mem_format("%s/rejects/%s-%s-%04d%02d%02dT%02d%02d%02d-%d.jsonl", job->state_dir,
                      job->name, job->bizdate, now.year, now.month, now.day, now.hour, now.minute,
                      now.second, (int)getpid());
}

static void batch_note_snapshot(const Source *source, RunReport *report)
{
    const SnapshotInfo *snapshot = source->ops->snapshot(source);
    free(report->snapshot);
    free(report->server);
    report->server = mem_copy_text(snapshot->server);
    report->snapshot = snapshot->position == NULL
                           ? mem_copy_text(snapshot->how)
                           : mem_format("%s at %s", snapshot->how, snapshot->position);
    report->is_one_moment = snapshot->is_one_moment;
    report->readers = source->ops->reader_count(source);
    log_note(LOG_INFO, "snapshot of %s: %s; %" PRIu64 " slice%s on %d connection%s", report->server,
             report->snapshot, counter_get(&report->counters.slices_total),
             counter_get(&report->counters.slices_total) == 1 ? "" : "s", report->readers,
             report->readers == 1 ? "" : "s");
    if (snapshot->warning != NULL) {
        run_report_warn(report, snapshot->warning);
    }
}

// A job that goes on after ALTER TABLE at the source is right to do so, but not without a word.
static void batch_warn_drift(const Sink *sink, Drift drift, RunReport *report)
{
    CLEANUP(mem_free_text) char *columns = drift_columns(sink, drift);
    if (columns != NULL) {
        CLEANUP(mem_free_text)
        char *text = mem_format("%s %s", columns,
                                drift == DRIFT_LOST ? "not in the source: NULL in these rows"
                                                    : "added to the table");
        run_report_warn(report, text);
    }
}

static void batch_warn_sink(const Sink *sink, RunReport *report)
{
    size_t count = 0;
    const PlanNote *notes = sink->ops->notes(sink, &count);
    for (size_t i = 0; i < count; i++) {
        if (notes[i].is_warning) {
            run_report_warn(report, notes[i].text);
        }
    }
}

static void batch_warn_future(const Job *job, RunReport *report)
{
    if (job->window_begin_usec > clock_now_usec()) {
        CLEANUP(mem_free_text)
        char *text = mem_format("the business date %s is after today", job->bizdate);
        run_report_warn(report, text);
    }
}

static bool batch_attempt(const Job *job, Cancel *cancel, Reject *reject, RunReport *report,
                          Err *err)
{
    CLEANUP(ends_done) Ends ends = {0};
    if (!ends_open(job, &report->counters, cancel, &ends, err)) {
        return false;
    }
    Source *source = ends.source;
    Sink *sink = ends.sink;
    batch_warn_drift(sink, DRIFT_LOST, report);
    batch_warn_sink(sink, report);
    if (!source->ops->begin(source, err)) {
        return false;
    }
    batch_note_snapshot(source, report);
    const LoadInput input = {
        .source = source, .reject = reject, .counters = &report->counters, .stop = ends.stop};
    if (!sink->ops->load(sink, &input, err)) {
        return false;
    }
    log_note(LOG_INFO, "%" PRIu64 " rows are loaded and not yet published",
             counter_get(&report->counters.rows_written));
    // The last moment at which a stop leaves the target as it was.
    if (!cancel_check(cancel, err) || !sink->ops->commit(sink, &report->target, err)) {
        return false;
    }
    log_note(LOG_INFO, "committed version %" PRId64 " of %s", report->target.version,
             report->target.location);
    batch_warn_drift(sink, DRIFT_ADDED, report);
    batch_warn_sink(sink, report);
    return true;
}

// A second, then five, then fifteen; less where a stop is asked for.
static void batch_wait(int attempt, const Cancel *cancel)
{
    static const int seconds[] = {1, 5, 15};
    int wait =
        seconds[(size_t)attempt < ARRAY_LEN(seconds) ? attempt - 1 : (int)ARRAY_LEN(seconds) - 1];
    int64_t until = clock_monotonic_usec() + wait * INT64_C(1000000);
    while (clock_monotonic_usec() < until && !cancel_requested(cancel)) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

static void batch_reset_counters(Counters *counters)
{
    atomic_store(&counters->rows_read, 0);
    atomic_store(&counters->rows_written, 0);
    atomic_store(&counters->rows_dirty, 0);
    atomic_store(&counters->bytes_read, 0);
    atomic_store(&counters->bytes_written, 0);
    atomic_store(&counters->zero_dates, 0);
    atomic_store(&counters->slices_done, 0);
    atomic_store(&counters->slices_total, 0);
    atomic_store(&counters->rows_estimated, 0);
}

static bool batch_attempts(const Job *job, Cancel *cancel, RunReport *report, Err *err)
{
    for (int attempt = 1;; attempt++) {
        report->attempts = attempt;
        CLEANUP(mem_free_text) char *path = batch_reject_path(job);
        CLEANUP(reject_done) Reject *reject = reject_new(path, job->dirty_limit, &report->counters);
        bool done = batch_attempt(job, cancel, reject, report, err);
        free(report->reject_file);
        report->reject_file = mem_copy_text(reject_path(reject));
        // A server that went away may refuse connections for a while: once the snapshot is lost,
        // that counts too.
        const bool may_retry = err->retriable || (attempt > 1 && err->kind == FAIL_SOURCE);
        if (done || !may_retry || attempt > job->retries || cancel_requested(cancel)) {
            return done;
        }
        log_warn("%s: %s; starting over (%d of %d)", job->name, err->message, attempt + 1,
                 job->retries + 1);
        batch_wait(attempt, cancel);
        batch_reset_counters(&report->counters);
    }
}

bool batch_run(const Job *job, Cancel *cancel, ProgressStyle style, RunReport *ret_report, Err *err)
{
    RunReport *report = ret_report;
    *report = (RunReport){.job = mem_copy_text(job->name), .bizdate = mem_copy_text(job->bizdate)};
    int64_t begun = clock_monotonic_usec();
    batch_warn_future(job, report);
    Progress *progress = progress_start(job->name, &report->counters, style);
    bool done = batch_attempts(job, cancel, report, err);
    progress_stop(progress);
    report->seconds = (double)(clock_monotonic_usec() - begun) / 1e6;
    if (!done) {
        // A wish to stop explains every error that followed from it.
        if (cancel_requested(cancel) && err->kind != FAIL_CANCELLED) {
            (void)fail(err, FAIL_CANCELLED, "cancelled, nothing was published");
        }
        // What was written is gone again.
        atomic_store(&report->counters.rows_written, 0);
        atomic_store(&report->counters.bytes_written, 0);
        report->status = err->kind;
        report->error = *err;
    }
    return done;
}

// The order is what makes the record worth something: parameters are fixed first, then the instance
// is entered with them, and only then does anything move. What runs is the text that was entered,
// not the file as it may have become meanwhile.
#include "run/instance.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "run/batch.h"
#include "run/sql_job.h"

// What one call works with; all of it known before the instance is entered.
typedef struct Instance {
    const InstancePlan *plan;
    InstanceRequest request;  // with everything filled in
    char *name, *text;
    char bizdate[9], today[9];
    char cyctime[15];  // "20161115003000"; "" where the file could not be read so far
    Job *job;          // NULL: err of its file
    int64_t id;        // 0: none
    LogFile *log;
} Instance;

static void instance_done(Instance *instance)
{
    job_free(instance->job);
    log_file_close(instance->log);
    free(instance->name);
    free(instance->text);
}

// The one place that knows how each type of job runs. Fills *ret_report always.
static bool instance_work(const Job *job, Cancel *cancel, ProgressStyle style,
                          RunReport *ret_report, Err *err)
{
    switch (job->type) {
    case JOB_SYNC:
        return batch_run(job, cancel, style, ret_report, err);
    case JOB_SQL:
        return sql_job_run(job, cancel, ret_report, err);
    case JOB_STREAM:
        break;
    }
    *ret_report = (RunReport){.job = mem_copy_text(job->name),
                              .bizdate = mem_copy_text(job->bizdate),
                              .status = FAIL_INTERNAL};
    (void)fail(err, FAIL_INTERNAL, "jobs of type %s cannot be run", job_type_name(job->type));
    ret_report->error = *err;
    return false;
}

// --- parameters -----------------------------------------------------------------------------------------

// False where there is nothing to enter: no such job, no such day.
static bool instance_fix(Instance *instance, Err *err)
{
    const InstancePlan *plan = instance->plan;
    InstanceRequest *request = &instance->request;
    *request = plan->request;
    if (request->text != NULL) {
        instance->name = mem_copy_text(plan->job);
        instance->text = mem_copy_text(request->text);
    } else if (!job_read_text(plan->project, plan->job, &instance->name, &instance->text, err)) {
        return false;
    }
    if (!job_read_bizdate(request->bizdate, instance->bizdate, err)) {
        return false;
    }
    if (request->today == NULL) {
        const Civil today = clock_usec_to_local(clock_now_usec());
        job_date_text(&today, instance->today);
        request->today = instance->today;
    }
    request->bizdate = instance->bizdate;
    request->text = instance->text;
    return true;
}

static bool instance_load(Instance *instance, Err *err)
{
    const InstancePlan *plan = instance->plan;
    if (!job_load(plan->project, instance->name, &instance->request, &instance->job, err)) {
        return false;
    }
    Job *job = instance->job;
    const Civil next = clock_usec_to_local(job->window_end_usec);
    char day[9];
    job_date_text(&next, day);
    (void)snprintf(instance->cyctime, sizeof(instance->cyctime), "%s%02u%02u00", day,
                   (unsigned)job->schedule.hour % 100, (unsigned)job->schedule.minute % 100);
    if (plan->parallel > 1) {
        job->memory_bytes /= (uint64_t)plan->parallel;
        if (job->memory_bytes < INSTANCE_MEMORY_MIN) {
            job->memory_bytes = INSTANCE_MEMORY_MIN;
        }
    }
    return true;
}

// --- the record -----------------------------------------------------------------------------------------

static void instance_note_start(const Instance *instance)
{
    const InstancePlan *plan = instance->plan;
    log_note(LOG_INFO,
             "instance %" PRId64 " begins: job %s, business date %s, %s, weir %s, process %d",
             instance->id, instance->name, instance->bizdate, instance_kind_name(plan->kind),
             WEIR_VERSION, (int)getpid());
    if (plan->rerun_of > 0) {
        log_note(LOG_INFO, "it is instance %" PRId64 " again", plan->rerun_of);
    }
    for (size_t i = 0; plan->request.params != NULL && plan->request.params[i] != NULL; i++) {
        log_note(LOG_INFO, "parameter %s", plan->request.params[i]);
    }
}

static bool instance_enter(Instance *instance, RunHistory *history, Cancel *cancel, Err *err)
{
    const InstancePlan *plan = instance->plan;
    const Job *job = instance->job;
    const InstanceStart start = {
        .job = instance->name,
        .job_text = instance->text,
        .bizdate = instance->bizdate,
        .today = instance->request.today,
        .timezone = plan->project->timezone,
        .params = instance->request.params,
        .threads = instance->request.threads,
        .kind = plan->kind,
        .rerun_of = plan->rerun_of,
        .job_type = job == NULL ? NULL : job_type_name(job->type),
        .cyctime = job == NULL ? NULL : instance->cyctime,
    };
    return run_history_begin(history, &start, cancel, &instance->id, err);
}

static void instance_note_end(const RunReport *report)
{
    CLEANUP(buf_done) Buf text = {0};
    run_report_text(report, &text);
    for (const char *at = buf_text(&text); *at != '\0'; at += strspn(at, "\n")) {
        const size_t len = strcspn(at, "\n");
        log_note(LOG_INFO, "%.*s", (int)len, at);
        at += len;
    }
    if (report->status != FAIL_NONE) {
        log_note(LOG_ERROR, "%s: %s", fail_kind_name(report->status), report->error.message);
    }
    if (report->status != FAIL_NONE && report->error.hint[0] != '\0') {
        log_note(LOG_ERROR, "hint: %s", report->error.hint);
    }
}

static InstanceState instance_state(FailKind status)
{
    return status == FAIL_NONE        ? INSTANCE_SUCCESS
           : status == FAIL_CANCELLED ? INSTANCE_CANCELLED
                                      : INSTANCE_FAILED;
}

// The work is done or has failed: that the history cannot take it must not change which.
static void instance_leave(const Instance *instance, RunHistory *history, RunReport *report)
{
    instance_note_end(report);
    CLEANUP(buf_done) Buf summary = {0};
    run_report_json(report, &summary);
    CLEANUP(buf_done) Buf warnings = {0};
    for (size_t i = 0; i < report->warning_count; i++) {
        buf_add_format(&warnings, "%s%s", i == 0 ? "" : "\n", report->warnings[i]);
    }
    const bool is_done = report->status == FAIL_NONE;
    const InstanceEnd end = {
        .state = instance_state(report->status),
        .rows_read = counter_get(&report->counters.rows_read),
        .rows_written = counter_get(&report->counters.rows_written),
        .rows_dirty = counter_get(&report->counters.rows_dirty),
        .bytes = counter_get(&report->counters.bytes_read),
        .version = is_done ? report->target.version : -1,
        .partition = is_done ? report->target.partition : NULL,
        .error = is_done ? NULL : &report->error,
        .warnings = warnings.len == 0 ? NULL : buf_text(&warnings),
        .summary = buf_text(&summary),
    };
    Err err = {0};
    if (!run_history_end(history, instance->id, &end, &err)) {
        CLEANUP(mem_free_text)
        char *text = mem_format("the end of this run could not be entered: %s", err.message);
        run_report_warn(report, text);
        log_warn("instance %" PRId64 ": %s", instance->id, text);
    }
}

// --- from begin to end ----------------------------------------------------------------------------------

// Runs what was entered, or not entered where no history is kept.
static bool instance_run_fixed(Instance *instance, bool is_loaded, Cancel *cancel,
                               ProgressStyle style, RunReport *report, Err *err)
{
    if (!is_loaded) {
        report->status = err->kind;
        report->error = *err;
        return false;
    }
    run_report_done(report);
    const bool done = instance_work(instance->job, cancel, style, report, err);
    if (instance->plan->warning != NULL) {
        run_report_warn(report, instance->plan->warning);
    }
    return done;
}

static bool instance_run_entered(Instance *instance, RunHistory *history, bool is_loaded,
                                 Cancel *cancel, ProgressStyle style, RunReport *report, Err *err)
{
    CLEANUP(mem_free_text) char *path = run_history_log_path(history, instance->id);
    Err log_err;
    if (!log_file_open(path, &instance->log, &log_err) && is_loaded) {
        *err = log_err;
        is_loaded = false;
    }
    LogFile *before = log_attach(instance->log);
    instance_note_start(instance);
    const bool done = instance_run_fixed(instance, is_loaded, cancel, style, report, err);
    report->instance = instance->id;
    instance_leave(instance, history, report);
    (void)log_attach(before);
    return done;
}

bool instance_perform(const InstancePlan *plan, RunHistory *history, Cancel *cancel,
                      ProgressStyle style, RunReport *ret_report, Err *err)
{
    RunReport *report = ret_report;
    CLEANUP(instance_done) Instance instance = {.plan = plan};
    const bool is_fixed = instance_fix(&instance, err);
    *report =
        (RunReport){.job = mem_copy_text(instance.name == NULL ? plan->job : instance.name),
                    .bizdate = mem_copy_text(is_fixed ? instance.bizdate : plan->request.bizdate)};
    const bool is_loaded = is_fixed && instance_load(&instance, err);
    Cancel *own = cancel_child(cancel);
    Err enter_err;
    bool done = false;
    if (is_fixed && history != NULL && instance_enter(&instance, history, own, &enter_err)) {
        done = instance_run_entered(&instance, history, is_loaded, own, style, report, err);
    } else {
        const bool has_failed = is_fixed && history != NULL;
        if (has_failed) {
            *err = enter_err;
        }
        done = instance_run_fixed(&instance, is_loaded && !has_failed, own, style, report, err);
    }
    cancel_free(own);
    return done;
}

// Threads take the next date under a lock and run it as an instance of its own. A date that fails
// ends the taking, unless the plan keeps going: later dates often read what earlier ones wrote.
#include "run/backfill.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/text.h"

#define DAY_USEC INT64_C(86400000000)

typedef struct Backfill {
    const BackfillPlan *plan;
    RunHistory *history;
    Cancel *cancel;
    BackfillResult *result;
    const char *text;  // of the job's file, the same for all dates
    char today[9];
    pthread_mutex_t lock;  // of all below and of the result's reports
    size_t next, ended;
    bool has_failed;
    Err first;  // error
} Backfill;

void backfill_result_done(BackfillResult *result)
{
    for (size_t i = 0; i < result->count; i++) {
        if (result->dates[i].report != NULL) {
            run_report_done(result->dates[i].report);
            free(result->dates[i].report);
        }
    }
    free(result->dates);
    free(result->job);
    *result = (BackfillResult){0};
}

// --- the range ------------------------------------------------------------------------------------------

static bool backfill_read_date(const char *option, const char *text, char ret_bizdate[9],
                               int64_t *ret_usec, Err *err)
{
    ParamSet params = {0};
    if (!param_set_bizdate(&params, text, 0, 0, err) || !job_read_bizdate(text, ret_bizdate, err)) {
        return err_context(err, "--%s", option);
    }
    const Civil civil = {
        .year = params.bizdate_year, .month = params.bizdate_month, .day = params.bizdate_day};
    *ret_usec = civil_to_usec(&civil);
    param_set_done(&params);
    return true;
}

static bool backfill_list_dates(const BackfillPlan *plan, BackfillResult *result, Err *err)
{
    char from[9], to[9];
    int64_t begin, end;
    if (!backfill_read_date("from", plan->from, from, &begin, err)
        || !backfill_read_date("to", plan->to, to, &end, err)) {
        return false;
    }
    if (begin > end) {
        (void)fail(err, FAIL_CONFIG, "\"--from\" %s is after \"--to\" %s", from, to);
        return fail_hint(err, "Both dates are included; --desc begins with the last.");
    }
    const size_t count = (size_t)((end - begin) / DAY_USEC) + 1;
    if (count > BACKFILL_DATES_MAX) {
        (void)fail(err, FAIL_CONFIG, "%zu dates are more than the %d that one backfill takes",
                   count, BACKFILL_DATES_MAX);
        return fail_hint(err, "Cut the range into several.");
    }
    result->dates = mem_alloc(count * sizeof(*result->dates));
    result->count = count;
    for (size_t i = 0; i < count; i++) {
        const size_t day = plan->is_descending ? count - 1 - i : i;
        const Civil civil = civil_from_usec(begin + (int64_t)day * DAY_USEC);
        job_date_text(&civil, result->dates[i].bizdate);
    }
    return true;
}

// --- one date -------------------------------------------------------------------------------------------

static InstanceRequest backfill_request(const Backfill *backfill, const BackfillDate *date)
{
    return (InstanceRequest){.bizdate = date->bizdate,
                             .params = backfill->plan->params,
                             .threads = backfill->plan->threads,
                             .text = backfill->text,
                             .today = backfill->today};
}

static bool backfill_is_same_place(const Job *a, const Job *b)
{
    bool is_same = a->type == JOB_SYNC && b->type == JOB_SYNC && a->target.mode == WRITE_OVERWRITE
                   && a->target.partition_count == b->target.partition_count
                   && text_equal(a->target.table, b->target.table);
    for (size_t i = 0; is_same && i < a->target.partition_count; i++) {
        is_same = text_equal(a->target.partition[i].value, b->target.partition[i].value);
    }
    return is_same;
}

static bool backfill_check_places(const Backfill *backfill, const Job *first, const Job *last,
                                  Err *err)
{
    if (backfill->result->count == 1 || backfill->plan->parallel == 1
        || !backfill_is_same_place(first, last)) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG,
               "the dates of %s all replace the same rows: they cannot run at the same time",
               first->name);
    return fail_hint(err,
                     "Write ${bizdate} into the job's \"partition\", or leave --parallel out.");
}

// A merge goes on with the partition of the date before, which must be there by then.
static bool backfill_check_order(const Backfill *backfill, const Job *job, Err *err)
{
    const BackfillPlan *plan = backfill->plan;
    if (backfill->result->count == 1 || job->type != JOB_SYNC || job->target.mode != WRITE_MERGE
        || (plan->parallel == 1 && !plan->is_descending)) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG,
               "the dates of %s go on with each other: they run in order, one at a time",
               job->name);
    return fail_hint(err, "Leave --parallel and --desc out: the job's mode is merge.");
}

static void job_done(Job **job)
{
    job_free(*job);
}

// Mistakes that every date would meet are found before the first begins.
static bool backfill_check_job(const Backfill *backfill, Err *err)
{
    const BackfillResult *result = backfill->result;
    const Project *project = backfill->plan->project;
    const InstanceRequest first = backfill_request(backfill, &result->dates[0]);
    const InstanceRequest last = backfill_request(backfill, &result->dates[result->count - 1]);
    CLEANUP(job_done) Job *first_job = NULL;
    CLEANUP(job_done) Job *last_job = NULL;
    return job_load(project, result->job, &first, &first_job, err)
           && job_load(project, result->job, &last, &last_job, err)
           && backfill_check_order(backfill, first_job, err)
           && backfill_check_places(backfill, first_job, last_job, err);
}

static bool backfill_take(Backfill *backfill, BackfillDate **ret_date)
{
    (void)pthread_mutex_lock(&backfill->lock);
    const bool goes_on = backfill->next < backfill->result->count
                         && !cancel_requested(backfill->cancel)
                         && (!backfill->has_failed || backfill->plan->keeps_going);
    if (goes_on) {
        *ret_date = &backfill->result->dates[backfill->next++];
    }
    (void)pthread_mutex_unlock(&backfill->lock);
    return goes_on;
}

static void backfill_put(Backfill *backfill, BackfillDate *date, RunReport *report)
{
    const BackfillPlan *plan = backfill->plan;
    (void)pthread_mutex_lock(&backfill->lock);
    date->report = report;
    backfill->ended++;
    if (report->status != FAIL_NONE && !backfill->has_failed) {
        backfill->has_failed = true;
        backfill->first = report->error;
        (void)err_context(&backfill->first, "%s", date->bizdate);
    }
    if (plan->tell != NULL) {
        plan->tell(plan->context, date, backfill->ended, backfill->result->count);
    }
    (void)pthread_mutex_unlock(&backfill->lock);
}

static void *backfill_work(void *argument)
{
    Backfill *backfill = argument;
    const BackfillPlan *plan = backfill->plan;
    BackfillDate *date;
    while (backfill_take(backfill, &date)) {
        const InstancePlan instance = {.project = plan->project,
                                       .job = backfill->result->job,
                                       .request = backfill_request(backfill, date),
                                       .kind = INSTANCE_BACKFILL,
                                       .parallel = plan->parallel};
        RunReport *report = mem_alloc(sizeof(*report));
        Err err = {0};
        (void)!instance_perform(&instance, backfill->history, backfill->cancel, plan->style, report,
                                &err);
        backfill_put(backfill, date, report);
    }
    return NULL;
}

// --- all of them ----------------------------------------------------------------------------------------

static void backfill_work_all(Backfill *backfill)
{
    pthread_t threads[BACKFILL_PARALLEL_MAX];
    int made = 0;
    const int more = backfill->plan->parallel - 1;
    // Fewer threads take longer and do the same.
    while (made < more && made < BACKFILL_PARALLEL_MAX
           && pthread_create(&threads[made], NULL, backfill_work, backfill) == 0) {
        made++;
    }
    (void)backfill_work(backfill);
    for (int i = 0; i < made; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

bool backfill_run(const BackfillPlan *plan, RunHistory *history, Cancel *cancel,
                  BackfillResult *ret_result, bool *ret_started, Err *err)
{
    const int64_t begun = clock_monotonic_usec();
    CLEANUP(mem_free_text) char *text = NULL;
    BackfillResult *result = ret_result;
    *result = (BackfillResult){0};
    *ret_started = false;
    if (!backfill_list_dates(plan, result, err)
        || !job_read_text(plan->project, plan->job, &result->job, &text, err)) {
        backfill_result_done(result);
        return false;
    }
    Backfill backfill = {.plan = plan,
                         .history = history,
                         .cancel = cancel,
                         .result = result,
                         .text = text,
                         .lock = PTHREAD_MUTEX_INITIALIZER};
    const Civil today = clock_usec_to_local(clock_now_usec());
    job_date_text(&today, backfill.today);
    if (!backfill_check_job(&backfill, err)) {
        backfill_result_done(result);
        return false;
    }
    *ret_started = true;
    backfill_work_all(&backfill);
    result->seconds = (double)(clock_monotonic_usec() - begun) / 1e6;
    if (backfill.has_failed) {
        *err = backfill.first;
        return false;
    }
    return backfill.ended == result->count || cancel_check(cancel, err);
}

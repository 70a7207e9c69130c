// weir backfill JOB --from D --to D
#include "run/backfill.h"

#include <stdio.h>

#include "base/text.h"
#include "command/command.h"
#include "command/history.h"
#include "command/instance.h"
#include "command/signals.h"

// The dates of one kind of end.
typedef enum BackfillEnd { END_DONE, END_FAILED, END_CANCELLED, END_NOT_STARTED } BackfillEnd;

static const char *const END_NAMES[] = {"done", "failed", "cancelled", "not_started"};

static BackfillEnd backfill_end(const BackfillDate *date)
{
    if (date->report == NULL) {
        return END_NOT_STARTED;
    }
    return date->report->status == FAIL_NONE        ? END_DONE
           : date->report->status == FAIL_CANCELLED ? END_CANCELLED
                                                    : END_FAILED;
}

// A line for each instance that has ended.
static void backfill_tell(void *context, const BackfillDate *date, size_t ended, size_t total)
{
    (void)context;
    RunReport *report = date->report;
    char rows[TEXT_NUMBER_SIZE];
    CLEANUP(buf_done) Buf line = {0};
    buf_add_format(&line, "%zu/%zu  %s  %s", ended, total, date->bizdate,
                   END_NAMES[backfill_end(date)]);
    if (report->instance > 0) {
        buf_add_format(&line, "  instance %" PRId64, report->instance);
    }
    buf_add_format(&line, "  %s rows  %.1f s",
                   text_count(counter_get(&report->counters.rows_written), rows), report->seconds);
    if (report->status == FAIL_NONE) {
        buf_add_format(&line, "  version %" PRId64, report->target.version);
    } else {
        const char *message = report->error.message;
        buf_add_format(&line, "  %.*s", (int)strcspn(message, "\n"), message);
    }
    for (size_t i = 0; i < report->warning_count; i++) {
        buf_add_format(&line, "%s%s", i == 0 ? "  warning: " : "; ", report->warnings[i]);
    }
    buf_add_char(&line, '\n');
    (void)fwrite(buf_text(&line), 1, line.len, stderr);
}

static size_t backfill_count(const BackfillResult *result, BackfillEnd end)
{
    size_t count = 0;
    for (size_t i = 0; i < result->count; i++) {
        count += backfill_end(&result->dates[i]) == end;
    }
    return count;
}

static void backfill_json(const BackfillResult *result, const Err *err, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "job", result->job);
    emit_member_text(&json, "status",
                     err == NULL                   ? "done"
                     : err->kind == FAIL_CANCELLED ? "cancelled"
                                                   : "failed");
    emit_key(&json, "seconds");
    emit_fixed(&json, result->seconds, 3);
    for (BackfillEnd end = END_DONE; end <= END_NOT_STARTED; end++) {
        emit_key(&json, END_NAMES[end]);
        emit_begin_array(&json);
        for (size_t i = 0; i < result->count; i++) {
            if (backfill_end(&result->dates[i]) == end) {
                emit_text(&json, result->dates[i].bizdate);
            }
        }
        emit_end_array(&json);
    }
    emit_key(&json, "instances");
    emit_begin_array(&json);
    for (size_t i = 0; i < result->count; i++) {
        if (result->dates[i].report != NULL) {
            CLEANUP(buf_done) Buf one = {0};
            run_report_json(result->dates[i].report, &one);
            emit_raw(&json, buf_text(&one), one.len - 1);
        }
    }
    emit_end_array(&json);
    emit_key(&json, "error");
    run_error_json(err, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

// Dates as a person reads them: "20161114, 20161115", or how many where they are many.
static void backfill_add_dates(const BackfillResult *result, BackfillEnd end, Buf *out)
{
    enum { NAMED_MAX = 12 };
    const size_t count = backfill_count(result, end);
    size_t named = 0;
    for (size_t i = 0; i < result->count && named < NAMED_MAX; i++) {
        if (backfill_end(&result->dates[i]) == end) {
            buf_add_format(out, "%s%s", named++ == 0 ? ": " : ", ", result->dates[i].bizdate);
        }
    }
    if (count > named) {
        buf_add_format(out, " and %zu more", count - named);
    }
}

static void backfill_print(const BackfillResult *result, const Err *err, InstanceOutput output)
{
    CLEANUP(buf_done) Buf text = {0};
    if (output.json) {
        backfill_json(result, err, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
        return;
    }
    buf_add_format(&text, "%s: %zu of %zu date%s done in %.1f s\n", result->job,
                   backfill_count(result, END_DONE), result->count, result->count == 1 ? "" : "s",
                   result->seconds);
    for (BackfillEnd end = END_FAILED; end <= END_NOT_STARTED; end++) {
        const size_t count = backfill_count(result, end);
        if (count > 0) {
            buf_add_format(&text, "  %zu %s", count,
                           end == END_NOT_STARTED ? "not started" : END_NAMES[end]);
            backfill_add_dates(result, end, &text);
            buf_add_char(&text, '\n');
        }
    }
    (void)fwrite(buf_text(&text), 1, text.len, stderr);
}

static bool backfill_run_plan(const BackfillPlan *plan, RunHistory *history, InstanceOutput output,
                              bool *ret_started, Err *err)
{
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    bool done = signals_begin(cancel, &signals, err);
    if (done) {
        BackfillResult result;
        done = backfill_run(plan, history, cancel, &result, ret_started, err);
        signals_end(signals);
        if (*ret_started) {
            backfill_print(&result, done ? NULL : err, output);
            backfill_result_done(&result);
        }
    }
    cancel_free(cancel);
    return done;
}

static bool backfill_job(const char *dir, BackfillPlan *plan, InstanceOutput output, Err *err)
{
    CLEANUP(command_project_done) Project *project = NULL;
    CLEANUP(command_history_done) RunHistory *history = NULL;
    bool has_started = false;
    bool done = command_open_project(dir, &project, err)
                && command_open_history(project, HISTORY_RUN, &history, err);
    if (done) {
        plan->project = project;
        done = backfill_run_plan(plan, history, output, &has_started, err);
    }
    if (!has_started && output.json) {
        BackfillResult none = {.job = mem_copy_text(plan->job)};
        backfill_print(&none, err, output);
        backfill_result_done(&none);
    }
    return done;
}

static bool backfill_check_range(const BackfillPlan *plan, Err *err)
{
    if (plan->from != NULL && plan->to != NULL) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "weir backfill needs \"--%s\"",
               plan->from == NULL ? "from" : "to");
    return fail_hint(err, "Usage: weir %s", command_backfill.usage);
}

static bool backfill_main(const Command *self, int argc, char **argv, Err *err)
{
    BackfillPlan plan = {.parallel = 1, .tell = backfill_tell};
    InstanceOutput output = {0};
    const char *dir = NULL;
    const char **params = NULL;
    bool help = false;
    const Option options[] = {
        {.name = "from",
         .argument = "YYYYMMDD",
         .ret_text = &plan.from,
         .help = "the first business date"},
        {.name = "to",
         .argument = "YYYYMMDD",
         .ret_text = &plan.to,
         .help = "the last business date, included"},
        {.name = "parallel",
         .argument = "N",
         .ret_int = &plan.parallel,
         .int_max = BACKFILL_PARALLEL_MAX,
         .help = "instances at a time, 1 (default) to 10; they share the memory"},
        {.name = "desc", .ret_flag = &plan.is_descending, .help = "the last date first"},
        {.name = "keep-going",
         .ret_flag = &plan.keeps_going,
         .help = "go on after a date that failed"},
        command_option_param(&params),
        command_option_threads(&plan.threads,
                               "readers of each instance at most, instead of the job's number"),
        command_option_summary(&output.json),
        command_option_quiet(&output.quiet),
        command_option_project(&dir),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &plan.job, &help, err);
    if (done && !help) {
        plan.params = params;
        plan.tell = output.quiet ? NULL : backfill_tell;
        // Several bars would draw over each other.
        plan.style = output.quiet || plan.parallel > 1 ? PROGRESS_NONE : PROGRESS_AUTO;
        done = backfill_check_range(&plan, err) && backfill_job(dir, &plan, output, err);
    }
    free(params);
    return done;
}

const Command command_backfill = {
    .name = "backfill",
    .usage = "backfill JOB --from YYYYMMDD --to YYYYMMDD [options]",
    .summary = "one instance for each business date of a range",
    .description =
        "In the order of the dates, one after the other or several at a time. A date that fails ends\n"
        "the backfill once those that run have ended; the exit code is that of the first that failed.\n"
        "Ctrl-C cancels those that run and starts no more.",
    .examples =
        "  weir backfill ods_oplog --from 20161001 --to 20161031\n"
        "  weir backfill ods_oplog --from 2016-10-01 --to 2016-10-31 --parallel 4 --keep-going\n",
    .run = backfill_main,
};

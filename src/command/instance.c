// What `weir run`, `weir rerun` and `weir copy` have in common.
#include "command/instance.h"

#include <stdio.h>

#include "command/signals.h"
#include "run/batch.h"

static void instance_print(const RunReport *report, InstanceOutput output)
{
    CLEANUP(buf_done) Buf text = {0};
    if (output.json) {
        run_report_json(report, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
    } else {
        run_report_text(report, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stderr);
    }
}

bool instance_fail(const char *job, const char *bizdate, InstanceOutput output, const Err *err)
{
    if (output.json) {
        RunReport report = {.job = mem_copy_text(job),
                            .bizdate = mem_copy_text(bizdate),
                            .status = err->kind,
                            .error = *err};
        instance_print(&report, output);
        run_report_done(&report);
    }
    return false;
}

static ProgressStyle instance_style(InstanceOutput output)
{
    return output.quiet ? PROGRESS_NONE : PROGRESS_AUTO;
}

bool instance_run(const Job *job, InstanceOutput output, Err *err)
{
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    bool done = signals_begin(cancel, &signals, err);
    if (done) {
        RunReport report;
        done = batch_run(job, cancel, instance_style(output), &report, err);
        signals_end(signals);
        instance_print(&report, output);
        run_report_done(&report);
    }
    cancel_free(cancel);
    return done;
}

bool instance_run_plan(const InstancePlan *plan, RunHistory *history, InstanceOutput output,
                       Err *err)
{
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    bool done = signals_begin(cancel, &signals, err);
    if (done) {
        RunReport report;
        done = instance_perform(plan, history, cancel, instance_style(output), &report, err);
        signals_end(signals);
        // An instance that never was has the error alone to show.
        if (output.json || report.attempts > 0 || report.instance > 0) {
            instance_print(&report, output);
        }
        run_report_done(&report);
    }
    cancel_free(cancel);
    return done;
}

// weir plan JOB
#include "command/command.h"

#include <stdio.h>

#include "command/signals.h"
#include "run/piece_plan.h"

#define PLAN_PIECES_MAX 10000

typedef struct PlanRequest {
    const char *dir, *job;
    InstanceRequest instance;
    int pieces;
    bool as_lines;
} PlanRequest;

static bool plan_print(const PlanRequest *request, const Job *job, Err *err)
{
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    CLEANUP(buf_done) Buf text = {0};
    const bool done =
        signals_begin(cancel, &signals, err)
        && piece_plan_make(job, request->instance.params, cancel, request->as_lines, &text, err);
    signals_end(signals);
    cancel_free(cancel);
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    return done;
}

static bool plan_do(const PlanRequest *request, Err *err)
{
    Project *project = NULL;
    Job *job = NULL;
    if (!command_open_project(request->dir, &project, err)) {
        return false;
    }
    bool done = job_load(project, request->job, &request->instance, &job, err);
    if (done) {
        job->pieces = request->pieces;
        done = plan_print(request, job, err);
        job_free(job);
    }
    project_free(project);
    return done;
}

static bool plan_run(const Command *self, int argc, char **argv, Err *err)
{
    PlanRequest request = {0};
    const char **params = NULL;
    bool json = false;  // is how it comes anyway
    bool help = false;
    const Option options[] = {
        command_option_bizdate(&request.instance.bizdate),
        command_option_param(&params),
        {.name = "pieces",
         .argument = "N",
         .ret_int = &request.pieces,
         .int_max = PLAN_PIECES_MAX,
         .help = "about so many slices; else as many as suit the threads"},
        command_option_threads(&request.instance.threads, "cut as for so many readers"),
        {.name = "json", .ret_flag = &json, .help = "one JSON object; so it is anyway"},
        {.name = "lines",
         .ret_flag = &request.as_lines,
         .help = "a JSON object a line for each slice, which weir slice takes one by one"},
        command_option_project(&request.dir),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &request.job, &help, err);
    if (done && !help) {
        request.instance.params = params;
        done = plan_do(&request, err);
    }
    free(params);
    return done;
}

const Command command_plan = {
    .name = "plan",
    .usage = "plan JOB [options]",
    .summary = "cut one instance of a sync job into slices that any machine can run",
    .description =
        "Changes nothing. The plan is JSON without secrets: the job, its business date and parameters,\n"
        "and the bounds of each slice. Weir slice runs one, weir commit publishes all of them at once.\n"
        "Each slice reads a snapshot of its own.",
    .examples =
        "  weir plan ods_oplog --bizdate 20161114 --pieces 40 > plan.json\n"
        "  weir plan ods_oplog --lines | parallel --pipe -N1 weir slice - > results.jsonl\n",
    .run = plan_run,
};

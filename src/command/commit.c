// weir commit PLAN [RESULTS...]
#include "command/command.h"

#include <stdio.h>

#include "command/input.h"
#include "command/signals.h"
#include "run/pieces.h"

typedef struct CommitRequest {
    const char *dir;
    const char *plan;
    const char **results;  // NULL-terminated
    bool json, abandons;
} CommitRequest;

static bool commit_publish(const CommitRequest *request, const Project *project,
                           const PiecePlan *plan, const Buf *results, Cancel *cancel, Err *err)
{
    RunReport report;
    const bool done =
        pieces_commit(project, plan, buf_text(results), results->len, cancel, &report, err);
    CLEANUP(buf_done) Buf text = {0};
    if (request->json) {
        run_report_json(&report, &text);
    } else {
        run_report_text(&report, &text);
    }
    (void)fwrite(buf_text(&text), 1, text.len, request->json ? stdout : stderr);
    run_report_done(&report);
    return done;
}

static bool commit_with(const CommitRequest *request, const PiecePlan *plan, const Buf *results,
                        Err *err)
{
    Project *project = NULL;
    if (!command_open_project(request->dir, &project, err)) {
        return false;
    }
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    const bool done =
        signals_begin(cancel, &signals, err)
        && (request->abandons ? pieces_abandon(project, plan, cancel, err)
                              : commit_publish(request, project, plan, results, cancel, err));
    signals_end(signals);
    cancel_free(cancel);
    project_free(project);
    return done;
}

static bool commit_do(const CommitRequest *request, Err *err)
{
    CLEANUP(buf_done) Buf text = {0};
    CLEANUP(buf_done) Buf results = {0};
    if (!input_read(request->plan, &text, err)) {
        return false;
    }
    const bool reads_stdin = request->results[0] == NULL && !request->abandons;
    if (reads_stdin && !input_read("-", &results, err)) {
        return false;
    }
    for (const char **name = request->results; *name != NULL; name++) {
        if (!input_read(*name, &results, err)) {
            return false;
        }
        buf_add_char(&results, '\n');
    }
    PiecePlan *plans = NULL;
    size_t count = 0;
    if (!piece_plans_read(buf_text(&text), text.len, /* is_one_plan= */ true, &plans, &count,
                          err)) {
        return false;
    }
    const bool done = count > 0 ? commit_with(request, &plans[0], &results, err)
                                : fail(err, FAIL_CONFIG, "\"%s\" holds no plan", request->plan);
    piece_plans_free(plans, count);
    return done;
}

static bool commit_run(const Command *self, int argc, char **argv, Err *err)
{
    CommitRequest request = {0};
    bool help = false;
    const Option options[] = {
        {.name = "abandon",
         .ret_flag = &request.abandons,
         .help = "publish nothing: remove what the plan's slices wrote"},
        command_option_summary(&request.json),
        command_option_project(&request.dir),
        {0},
    };
    const size_t max = (size_t)argc;
    const char **arguments = mem_alloc((max + 1) * sizeof(*arguments));
    bool done = option_parse(self, options, argc, argv, 1, max, arguments, &help, err);
    if (done && !help) {
        request.plan = arguments[0];
        request.results = arguments + 1;
        done = commit_do(&request, err);
    }
    free(arguments);
    return done;
}

const Command command_commit = {
    .name = "commit",
    .usage = "commit PLAN [RESULTS...] [options]",
    .summary = "publish the slices of a plan in one step",
    .description =
        "PLAN is what weir plan printed, RESULTS what the slices printed, in any order; - or nothing is\n"
        "standard input. Of a slice that was run several times the first complete attempt counts, the files\n"
        "of the others are removed. Where a slice is missing nothing is published. Committing a plan again\n"
        "does nothing, and says so.",
    .examples = "  weir commit plan.json results/*.jsonl --json\n"
                "  weir commit plan.jsonl - < results.jsonl\n",
    .run = commit_run,
};

// weir verify JOB
#include "base/base.h"

#include "command/command.h"

#include <stdio.h>

#include "command/signals.h"
#include "run/verify.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 100000

typedef struct VerifyRequest {
    InstanceRequest instance;
    VerifyOptions options;
    bool json;
} VerifyRequest;

static void verify_print(const VerifyReport *report, bool json)
{
    CLEANUP(buf_done) Buf text = {0};
    if (json) {
        verify_report_json(report, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
        return;
    }
    verify_report_text(report, &text);
    (void)fwrite(buf_text(&text), 1, text.len, stderr);
    buf_clear(&text);
    verify_report_keys(report, &text);
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
}

static bool verify_job(const Job *job, const VerifyRequest *request, Err *err)
{
    if (job->type != JOB_SYNC) {
        return fail(err, FAIL_CONFIG, "\"%s\" is a %s job: it has no source to compare with",
                    job->name, job_type_name(job->type));
    }
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    bool done = signals_begin(cancel, &signals, err);
    if (done) {
        VerifyReport report;
        done = verify_run(job, &request->options, cancel, &report, err);
        signals_end(signals);
        verify_print(&report, request->json);
        verify_report_done(&report);
    }
    cancel_free(cancel);
    return done;
}

// Scripts that asked for JSON get it also where there was no job to compare.
static bool verify_fail(const char *name, const VerifyRequest *request, const Err *err)
{
    if (request->json) {
        VerifyReport report = {.job = mem_copy_text(name),
                               .bizdate = mem_copy_text(request->instance.bizdate),
                               .status = err->kind,
                               .error = *err};
        verify_print(&report, /* json= */ true);
        verify_report_done(&report);
    }
    return false;
}

static bool verify_named(const char *dir, const char *name, const VerifyRequest *request, Err *err)
{
    Project *project;
    if (!command_open_project(dir, &project, err)) {
        return verify_fail(name, request, err);
    }
    Job *job;
    bool done = job_load(project, name, &request->instance, &job, err);
    if (done) {
        done = verify_job(job, request, err);
        job_free(job);
    } else {
        (void)verify_fail(name, request, err);
    }
    project_free(project);
    return done;
}

static bool verify_run_command(const Command *self, int argc, char **argv, Err *err)
{
    VerifyRequest request = {0};
    const char *dir = NULL;
    const char **params = NULL;
    const char *name = NULL;
    bool help = false;
    bool quiet = false;
    int limit = LIMIT_DEFAULT;
    const Option options[] = {
        command_option_bizdate(&request.instance.bizdate),
        command_option_param(&params),
        command_option_threads(&request.instance.threads,
                               "readers at most, instead of the job's number"),
        {.name = "limit",
         .argument = "N",
         .ret_int = &limit,
         .int_max = LIMIT_MAX,
         .help = "list so many differing keys at most; 100 where it is left out"},
        command_option_summary(&request.json),
        command_option_quiet(&quiet),
        command_option_project(&dir),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &name, &help, err);
    if (done && !help) {
        request.instance.params = params;
        request.options =
            (VerifyOptions){.limit = (size_t)limit, .style = quiet ? PROGRESS_NONE : PROGRESS_AUTO};
        done = verify_named(dir, name, &request, err);
    }
    free(params);
    return done;
}

const Command command_verify = {
    .name = "verify",
    .usage = "verify JOB [options]",
    .summary = "compare a job's target with its source, value by value",
    .description =
        "Reads the source at one point in time and the partition that the job writes, and compares\n"
        "counts and checksums by slice, a slice being a share of the keys. Where slices differ, the\n"
        "differing keys are listed on standard output: missing in the target, extra (only in it),\n"
        "or different, with the columns that are. Changes nothing. Exit code 0: equal; 6: not.",
    .examples = "  weir verify ods_oplog --bizdate 20161114\n"
                "  weir verify ods_user --limit 1000 >differences.txt\n"
                "  weir verify ods_oplog --json --quiet | jq .different\n",
    .run = verify_run_command,
};

// weir check [JOB]
#include <stdio.h>

#include "command/command.h"
#include "job/job.h"
#include "run/plan.h"

// Shows one sync job's plan on standard output.
static bool check_plan(const Project *project, const char *name, const InstanceRequest *request, bool json,
                       Err *err)
{
    Job *job;
    if (!job_load(project, name, request, &job, err)) {
        return false;
    }
    Cancel *cancel = cancel_new();
    CLEANUP(buf_done) Buf text = {0};
    bool done = plan_describe(job, cancel, json, &text, err);
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    cancel_free(cancel);
    job_free(job);
    return done;
}

static bool check_job(const Project *project, const char *name, const InstanceRequest *request, bool json,
                      Err *err)
{
    JobType type;
    if (!job_check_instance(project, name, request, &type, err)) {
        return false;
    }
    if (type == JOB_SYNC) {
        return check_plan(project, name, request, json, err);
    }
    (void)fprintf(stderr, "job %s: the file is right; this version runs jobs of type sync only\n", name);
    return true;
}

// All jobs of the project: each is checked, the first error is the result.
static bool check_all(const Project *project, const InstanceRequest *request, bool json, Err *err)
{
    char **names;
    if (!project_job_names(project, &names, err)) {
        return false;
    }
    bool done = true;
    size_t failed = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        Err job_err = {0};
        if (!check_job(project, names[i], request, json, &job_err)) {
            failed++;
            (void)fprintf(stderr, "job %s: %s\n", names[i], job_err.message);
            if (job_err.hint[0] != '\0') {
                (void)fprintf(stderr, "  hint: %s\n", job_err.hint);
            }
            if (done) {
                *err = job_err;
                done = false;
            }
        }
        free(names[i]);
    }
    free(names);
    return done || fail(err, err->kind, "%zu job%s cannot run as written, see above", failed,
                        failed == 1 ? "" : "s");
}

static bool check_run(const Command *self, int argc, char **argv, Err *err)
{
    InstanceRequest request = {0};
    const char *dir = NULL;
    const char *name = NULL;
    const char **params = NULL;
    bool json = false;
    bool help = false;
    const Option options[] = {
        {.name = "bizdate", .argument = "YYYYMMDD", .ret_text = &request.bizdate,
         .help = "the business date; yesterday where it is left out"},
        {.name = "param", .argument = "NAME=VALUE", .ret_list = &params,
         .help = "sets a custom parameter; may be repeated"},
        {.name = "json", .ret_flag = &json, .help = "print the plan as JSON"},
        {.name = "project", .argument = "DIR", .ret_text = &dir,
         .help = "the project; else the nearest folder above that holds weir.yaml"},
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 0, 1, &name, &help, err);
    Project *project;
    if (done && !help && (done = command_open_project(dir, &project, err))) {
        request.params = params;
        done = name == NULL ? check_all(project, &request, json, err)
                            : check_job(project, name, &request, json, err);
        project_free(project);
    }
    free(params);
    return done;
}

const Command command_check = {
    .name = "check",
    .usage = "check [JOB] [options]",
    .summary = "parse everything, connect, compare source and target, show the plan",
    .description = "Changes nothing and locks nothing. Without JOB all jobs of the project are checked.",
    .examples = "  weir check\n"
                "  weir check ods_oplog --bizdate 20161114\n",
    .run = check_run,
};

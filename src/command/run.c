// weir run JOB
#include "command/command.h"

#include <stdio.h>

#include "command/instance.h"

static bool run_job(const char *dir, const char *name, const InstanceRequest *request,
                    InstanceOutput output, Err *err)
{
    Project *project;
    if (!command_open_project(dir, &project, err)) {
        return instance_fail(name, request->bizdate, output, err);
    }
    Job *job;
    bool done = job_load(project, name, request, &job, err);
    if (done) {
        done = instance_run(job, output, err);
        job_free(job);
    } else {
        (void)instance_fail(name, request->bizdate, output, err);
    }
    project_free(project);
    return done;
}

static bool run_run(const Command *self, int argc, char **argv, Err *err)
{
    InstanceRequest request = {0};
    InstanceOutput output = {0};
    const char *dir = NULL;
    const char **params = NULL;
    const char *name = NULL;
    bool help = false;
    const Option options[] = {
        {.name = "bizdate",
         .argument = "YYYYMMDD",
         .ret_text = &request.bizdate,
         .help = "the business date; yesterday where it is left out"},
        {.name = "param",
         .argument = "NAME=VALUE",
         .ret_list = &params,
         .help = "sets a custom parameter; may be repeated"},
        {.name = "threads",
         .argument = "N",
         .ret_int = &request.threads,
         .int_max = JOB_THREADS_MAX,
         .help = "readers at most, instead of the job's number"},
        {.name = "json",
         .ret_flag = &output.json,
         .help = "print the summary as JSON on standard output"},
        {.name = "quiet", .ret_flag = &output.quiet, .help = "no progress"},
        {.name = "project",
         .argument = "DIR",
         .ret_text = &dir,
         .help = "the project; else the nearest folder above that holds weir.yaml"},
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &name, &help, err);
    if (done && !help) {
        request.params = params;
        done = run_job(dir, name, &request, output, err);
    }
    free(params);
    return done;
}

const Command command_run = {
    .name = "run",
    .usage = "run JOB [options]",
    .summary = "run one instance of a job, now",
    .description =
        "Reads the job's source at one point in time and publishes the partition of the business\n"
        "date in one step: readers see the old rows or the new ones. Running it again gives the\n"
        "same table.",
    .examples = "  weir run ods_oplog\n"
                "  weir run ods_oplog --bizdate 20161114 --threads 4\n"
                "  weir run ods_oplog --json --quiet | jq .rows_written\n",
    .run = run_run,
};

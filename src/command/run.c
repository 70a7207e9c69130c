// weir run JOB, or a job file of DataWorks or DataX
#include "command/command.h"

#include <stdio.h>

#include "command/imported.h"
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

// A job of DataWorks or DataX, as it is.
static bool run_imported(const char *dir, const char *lake, const char *file,
                         const InstanceRequest *request, InstanceOutput output, Err *err)
{
    Project *project;
    Job *job;
    if (!imported_load(dir, lake, file, request, &project, &job, err)) {
        return instance_fail(file, request->bizdate, output, err);
    }
    const bool done = instance_run(job, output, err);
    job_free(job);
    project_free(project);
    return done;
}

static bool run_run(const Command *self, int argc, char **argv, Err *err)
{
    InstanceRequest request = {0};
    InstanceOutput output = {0};
    const char *dir = NULL;
    const char *lake = NULL;
    const char **params = NULL;
    const char *name = NULL;
    bool help = false;
    const Option options[] = {
        command_option_bizdate(&request.bizdate),
        command_option_param(&params),
        command_option_threads(&request.threads, "readers at most, instead of the job's number"),
        command_option_summary(&output.json),
        command_option_quiet(&output.quiet),
        command_option_project(&dir),
        command_option_lake(&lake),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &name, &help, err);
    if (done && !help) {
        request.params = params;
        done = imported_check_lake(name, lake, err)
               && (imported_is_file(name) ? run_imported(dir, lake, name, &request, output, err)
                                          : run_job(dir, name, &request, output, err));
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
        "same table. A file of DataWorks or DataX (FILE.json) runs as it is, see weir import.",
    .examples = "  weir run ods_oplog\n"
                "  weir run ods_oplog --bizdate 20161114 --threads 4\n"
                "  weir run ods_oplog --json --quiet | jq .rows_written\n"
                "  weir run datax/oplog.json --lake ./lake\n",
    .run = run_run,
};

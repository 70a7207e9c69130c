// weir run JOB, or a job file of DataWorks or DataX
#include "command/command.h"

#include "command/history.h"
#include "command/imported.h"
#include "command/instance.h"

static bool run_job(const char *dir, InstancePlan *plan, bool has_history, InstanceOutput output,
                    Err *err)
{
    CLEANUP(command_project_done) Project *project = NULL;
    CLEANUP(command_history_done) RunHistory *history = NULL;
    if (!command_open_project(dir, &project, err)
        || (has_history && !command_open_history(project, HISTORY_RUN, &history, err))) {
        return instance_fail(plan->job, plan->request.bizdate, output, err);
    }
    plan->project = project;
    return instance_run_plan(plan, history, output, err);
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
    InstancePlan plan = {.kind = INSTANCE_MANUAL};
    InstanceOutput output = {0};
    const char *dir = NULL;
    const char *lake = NULL;
    const char **params = NULL;
    bool no_history = false;
    bool help = false;
    const Option options[] = {
        command_option_bizdate(&plan.request.bizdate),
        command_option_param(&params),
        command_option_threads(&plan.request.threads,
                               "readers at most, instead of the job's number"),
        {.name = "no-history",
         .ret_flag = &no_history,
         .help = "keep no record of it: no row, no log"},
        command_option_summary(&output.json),
        command_option_quiet(&output.quiet),
        command_option_project(&dir),
        command_option_lake(&lake),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &plan.job, &help, err);
    if (done && !help) {
        plan.request.params = params;
        done = imported_check_lake(plan.job, lake, err)
               && (imported_is_file(plan.job)
                       ? run_imported(dir, lake, plan.job, &plan.request, output, err)
                       : run_job(dir, &plan, !no_history, output, err));
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
        "same table. The run gets a number, by which weir status, log, rerun and cancel know it.\n"
        "A file of DataWorks or DataX (FILE.json) runs as it is, without a number, see weir import.",
    .examples = "  weir run ods_oplog\n"
                "  weir run ods_oplog --bizdate 20161114 --threads 4\n"
                "  weir run ods_oplog --json --quiet | jq .rows_written\n"
                "  weir run datax/oplog.json --lake ./lake\n",
    .run = run_run,
};

// weir rerun INSTANCE
#include "command/command.h"

#include "base/clock.h"
#include "base/text.h"
#include "command/history.h"
#include "command/instance.h"

// The zone of then decides the window of the business date.
static bool rerun_set_zone(Project *project, const InstanceRecord *record, Err *err)
{
    if (record->timezone == NULL || text_equal(record->timezone, project->timezone)) {
        return true;
    }
    free(project->timezone);
    project->timezone = mem_copy_text(record->timezone);
    return clock_set_zone(project->timezone, err);
}

// NULL where the file says what it said.
static char *rerun_difference(const Project *project, const InstanceRecord *record)
{
    CLEANUP(mem_free_text) char *name = NULL;
    CLEANUP(mem_free_text) char *text = NULL;
    Err ignored;
    if (!job_read_text(project, record->job, &name, &text, &ignored)) {
        return mem_format("the job's file is gone; this ran as instance %" PRId64 " did",
                          record->id);
    }
    return text_equal(text, record->job_text)
               ? NULL
               : mem_format("the job's file has changed since instance %" PRId64
                            "; this ran as it was then (--current: as it is now)",
                            record->id);
}

static bool rerun_check(const InstanceRecord *record, Err *err)
{
    if (record->state != INSTANCE_RUNNING) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "instance %" PRId64 " is still running", record->id);
    return fail_hint(err, "Wait for its end, or \"weir cancel %" PRId64 "\" first.", record->id);
}

static bool rerun_record(Project *project, RunHistory *history, const InstanceRecord *record,
                         bool is_current, InstanceOutput output, Err *err)
{
    CLEANUP(mem_free_text) char *warning = is_current ? NULL : rerun_difference(project, record);
    const InstancePlan plan = {
        .project = project,
        .job = record->job,
        .request = {.bizdate = record->bizdate,
                    .params = (const char *const *)record->params,
                    .threads = record->threads,
                    .text = is_current ? NULL : record->job_text,
                    .today = record->today,
                    .is_of_then = !is_current},
        .kind = INSTANCE_RERUN,
        .rerun_of = record->id,
        .warning = warning,
    };
    return instance_run_plan(&plan, history, output, err);
}

static bool rerun_instance(const char *dir, int64_t id, bool is_current, InstanceOutput output,
                           Err *err)
{
    CLEANUP(command_project_done) Project *project = NULL;
    CLEANUP(command_history_done) RunHistory *history = NULL;
    InstanceRecord record;
    if (!command_open_project(dir, &project, err)
        || !command_open_history(project, HISTORY_RUN, &history, err)
        || !run_history_find(history, id, &record, err)) {
        return instance_fail(NULL, NULL, output, err);
    }
    const bool done = rerun_check(&record, err) && rerun_set_zone(project, &record, err)
                          ? rerun_record(project, history, &record, is_current, output, err)
                          : instance_fail(record.job, record.bizdate, output, err);
    instance_record_done(&record);
    return done;
}

static bool rerun_run(const Command *self, int argc, char **argv, Err *err)
{
    InstanceOutput output = {0};
    const char *dir = NULL;
    const char *name = NULL;
    bool is_current = false;
    bool help = false;
    const Option options[] = {
        {.name = "current",
         .ret_flag = &is_current,
         .help = "the job's file as it is now, not as it was then"},
        command_option_summary(&output.json),
        command_option_quiet(&output.quiet),
        command_option_project(&dir),
        {0},
    };
    int64_t id;
    if (!option_parse(self, options, argc, argv, 1, 1, &name, &help, err)) {
        return false;
    }
    return help
           || (command_read_instance(name, &id, err)
               && rerun_instance(dir, id, is_current, output, err));
}

const Command command_rerun = {
    .name = "rerun",
    .usage = "rerun INSTANCE [options]",
    .summary = "run an instance again, with the same parameters",
    .description =
        "Business date, --param, --threads, time zone and the text of the job's file are those of the\n"
        "instance, to the letter; datasources are those of weir.yaml now. It becomes an instance of\n"
        "its own.",
    .examples = "  weir rerun 42\n"
                "  weir rerun 42 --current\n",
    .run = rerun_run,
};

// From argv to a verb to an exit code. The only place that shows an error.
#include "command/command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "job/job.h"

const Command *const commands[] = {
    &command_init,       //
    &command_check,      //
    &command_run,        //
    &command_backfill,   //
    &command_status,     //
    &command_log,        //
    &command_rerun,      //
    &command_cancel,     //
    &command_verify,     //
    &command_copy,       //
    &command_sql,        //
    &command_import,     //
    &command_lifecycle,  //
    &command_vacuum,     //
    &command_optimize,   //
    &command_plan,       //
    &command_slice,      //
    &command_commit,     //
    &command_version,    //
    NULL,
};

static void command_print_overview(FILE *out)
{
    (void)fprintf(out, "weir keeps analytical copies of MySQL-family databases right: every day as "
                       "partitions of lake tables.\n\nUsage: weir VERB [options]\n\nVerbs:\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        (void)fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)fprintf(out, "\n\"weir VERB --help\" says more of each. A new project: weir init shop\n"
                       "Exit codes: 0 done, 1 unexpected, 2 usage or configuration, 3 source, "
                       "4 target, 5 dirty limit, 6 different (verify), 130 cancelled.\n");
}

void command_print_error(const Err *err)
{
    (void)fprintf(stderr, "weir: %s\n", err->message);
    if (err->hint[0] != '\0') {
        (void)fprintf(stderr, "hint: %s\n", err->hint);
    }
}

static bool command_fail_unknown(const char *name, Err *err)
{
    if (name[0] == '-') {
        (void)fail(err, FAIL_CONFIG, "the option \"%s\" stands before the verb", name);
        return fail_hint(err, "Options stand after it: \"weir check --project DIR\". \"weir help\" "
                              "lists the verbs.");
    }
    const char *known[ARRAY_LEN(commands)] = {0};
    for (size_t i = 0; commands[i] != NULL; i++) {
        known[i] = commands[i]->name;
    }
    const char *nearest = text_nearest(name, known);
    (void)fail(err, FAIL_CONFIG, "unknown verb \"%s\"", name);
    return nearest == NULL
               ? fail_hint(err, "\"weir help\" lists the verbs.")
               : fail_hint(err, "Did you mean \"weir %s\"? \"weir help\" lists all.", nearest);
}

int command_main(int argc, char **argv)
{
    const char *name = argc < 2 ? NULL : argv[1];
    bool wants_help =
        name != NULL
        && (text_equal(name, "help") || text_equal(name, "--help") || text_equal(name, "-h"));
    if (name == NULL || (wants_help && argc == 2)) {
        command_print_overview(name == NULL ? stderr : stdout);
        return name == NULL ? err_exit_code(FAIL_CONFIG) : 0;
    }
    if (text_equal(name, "--version")) {
        name = "version";
    }
    char help_flag[] = "--help";
    char *help_argv[] = {argv[1], help_flag, NULL};
    if (wants_help) {
        name = argv[2];
    }
    Err err = {0};
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (!text_equal(commands[i]->name, name)) {
            continue;
        }
        bool done = wants_help ? commands[i]->run(commands[i], 2, help_argv, &err)
                               : commands[i]->run(commands[i], argc - 1, argv + 1, &err);
        if (fflush(stdout) != 0 && done) {
            done = fail(&err, FAIL_TARGET, "could not write to standard output");
        }
        if (done) {
            return 0;
        }
        command_print_error(&err);
        return err_exit_code(err.kind);
    }
    (void)command_fail_unknown(name, &err);
    command_print_error(&err);
    return err_exit_code(err.kind);
}

bool command_open_project(const char *dir, Project **ret_project, Err *err)
{
    Project *project;
    if (!project_load(dir, &project, err)) {
        return false;
    }
    if (!clock_set_zone(project->timezone, err)) {
        (void)err_context(err, "%s/weir.yaml", project->dir);
        project_free(project);
        return false;
    }
    *ret_project = project;
    return true;
}

Option command_option_bizdate(const char **ret_bizdate)
{
    return (Option){.name = "bizdate",
                    .argument = "YYYYMMDD",
                    .ret_text = ret_bizdate,
                    .help = "the business date; yesterday where it is left out"};
}

Option command_option_param(const char ***ret_params)
{
    return (Option){.name = "param",
                    .argument = "NAME=VALUE",
                    .ret_list = ret_params,
                    .help = "sets a custom parameter; may be repeated"};
}

Option command_option_threads(int *ret_threads, const char *help)
{
    return (Option){.name = "threads",
                    .argument = "N",
                    .ret_int = ret_threads,
                    .int_max = JOB_THREADS_MAX,
                    .help = help};
}

Option command_option_summary(bool *ret_json)
{
    return (Option){.name = "json",
                    .ret_flag = ret_json,
                    .help = "print the summary as JSON on standard output"};
}

Option command_option_quiet(bool *ret_quiet)
{
    return (Option){.name = "quiet", .ret_flag = ret_quiet, .help = "no progress"};
}

Option command_option_project(const char **ret_dir)
{
    return (Option){.name = "project",
                    .argument = "DIR",
                    .ret_text = ret_dir,
                    .help = "the project; else the nearest folder above that holds weir.yaml"};
}

Option command_option_lake(const char **ret_lake)
{
    return (Option){.name = "lake",
                    .argument = "DIR",
                    .ret_text = ret_lake,
                    .help = "of a JSON file: the lake; the project's where it is left out"};
}

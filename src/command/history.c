// Opening the history, and the numbers that people type.
#include "base/base.h"

#include "command/history.h"

#include "base/fs.h"
#include "base/text.h"
#include "command/command.h"

bool command_open_history(const Project *project, HistoryUse use, RunHistory **ret_history,
                          Err *err)
{
    CLEANUP(mem_free_text) char *folder = fs_join(project->dir, ".weir");
    return run_history_open(folder, use, ret_history, err);
}

void command_history_done(RunHistory **history)
{
    run_history_close(*history);
}

void command_project_done(Project **project)
{
    project_free(*project);
}

bool command_look(const char *dir, Project **ret_project, RunHistory **ret_history, Err *err)
{
    Project *project;
    if (!command_open_project(dir, &project, err)) {
        return false;
    }
    if (!command_open_history(project, HISTORY_LOOK, ret_history, err)) {
        project_free(project);
        return false;
    }
    *ret_project = project;
    return true;
}

bool command_is_instance(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

bool command_read_instance(const char *text, int64_t *ret_id, Err *err)
{
    if (command_is_instance(text) && text_parse_int(text, 1, INT64_MAX, ret_id)) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "\"%.100s\" is no instance's number", text);
    return fail_hint(err,
                     "\"weir status\" lists the instances; \"weir status JOB\" those of a job.");
}

// What the verbs about the run history share.
#pragma once

#include "job/project.h"
#include "store/history.h"

// The history in <project>/.weir.
bool command_open_history(const Project *project, HistoryUse use, RunHistory **ret_history,
                          Err *err) MUST_CHECK;
void command_history_done(RunHistory **history);  // for CLEANUP
void command_project_done(Project **project);

// Project and history, for a verb that adds no instance.
bool command_look(const char *dir, Project **ret_project, RunHistory **ret_history, Err *err)
    MUST_CHECK;

// True where the word is an instance's number, not a job's name.
bool command_is_instance(const char *text);
// FAIL_CONFIG where it is none.
bool command_read_instance(const char *text, int64_t *ret_id, Err *err) MUST_CHECK;

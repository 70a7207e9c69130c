// Job files of DataWorks and DataX on the command line: what `weir import`, `run` and `check`
// share.
#pragma once

#include "job/import.h"

// True where the argument of run or check is such a file: it ends in ".json", or it is the path of
// a file that does not end like a job's.
bool imported_is_file(const char *name);
// --lake is for such a file only.
bool imported_check_lake(const char *name, const char *lake, Err *err) MUST_CHECK;

// Reads and translates a file. `project` may be NULL.
bool imported_read(const char *file, const char *const *datasources, const char *const *params,
                   const Project *project, Imported *ret_imported, Err *err) MUST_CHECK;
// What was not translated, on standard error.
void imported_print_notes(const char *file, const Imported *imported);

// A file's job, ready to run, in the project that `dir` names, the nearest one, or none at all
// where `lake` is given. Free the job first, then the project.
bool imported_load(const char *dir, const char *lake, const char *file,
                   const InstanceRequest *request, Project **ret_project, Job **ret_job, Err *err)
    MUST_CHECK;

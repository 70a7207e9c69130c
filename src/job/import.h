// Jobs of DataWorks (script mode, versions 2.0 and 1.0) and DataX as weir jobs: the text of a job
// file, with comments where something has no equal.
#pragma once

#include "job/job.h"
#include "job/problem.h"

#define IMPORT_BYTES_MAX ((size_t)1 << 20)

// Something that was not translated, and why that is no error.
typedef struct ImportNote {
    char *path;        // of the key: "setting.speed.mbps"
    int line, column;  // of the key in the JSON file; 0 where unknown
    char *text;
} ImportNote;

typedef struct Imported {
    const char *form;  // "DataWorks 2.0", "DataWorks 1.0" or "DataX"
    char *name;        // for the job: the target table, or `fallback_name` where that is no name
    char *yaml;
    // Where each line of `yaml` comes from, for messages about it.
    ProblemPlace *origins;
    size_t origin_count;
    ImportNote *notes;
    size_t note_count;
    // Endpoints that weir.yaml lacks. Those of DataX are whole, with the file's password; of those
    // that DataWorks only names, name and type are known.
    Datasource **datasources;
    size_t datasource_count;
    char **parameters;  // names without a value, NULL-terminated
} Imported;

typedef struct ImportRequest {
    const char *shown;               // the JSON file, as messages name it
    const char *fallback_name;       // its name without folder and suffix
    const char *const *datasources;  // "OLD=NEW", or "NEW" for the only one; or NULL
    const char *const *params;       // "NAME=VALUE": become `args`; or NULL
} ImportRequest;

// Translates the text of a JSON file. `project` may be NULL: then no datasource is known. What
// would change the result is FAIL_CONFIG: all such mistakes in one error, each with line, column
// and key. The text that comes out has been through the parser of job files. Free with import_done.
bool import_text(const char *text, size_t len, const ImportRequest *request, const Project *project,
                 Imported *ret_imported, Err *err) MUST_CHECK;
void import_done(Imported *imported);

// The lines that weir.yaml needs below `datasources:`; a password is never among them.
void import_add_snippet(const Imported *imported, Buf *out);

// The job of a translated file as job_load gives it. The imported endpoints move into `project`,
// which must outlive the job and may be without a folder.
bool job_load_imported(Project *project, Imported *imported, const char *file, const char *name,
                       const InstanceRequest *request, Job **ret_job, Err *err) MUST_CHECK;

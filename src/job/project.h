// The project: a folder with weir.yaml (datasources, defaults) and jobs/*.yaml.
#pragma once

#include "base/err.h"

typedef enum TlsMode {
    TLS_DISABLED,
    TLS_PREFERRED,
    TLS_REQUIRED,
    TLS_VERIFY_CA,
    TLS_VERIFY_IDENTITY
} TlsMode;

// A named endpoint. Members that a type does not use are NULL or 0.
typedef struct Datasource {
    char *name;
    char *type;    // "mysql", "lake", ...
    char *origin;  // "weir.yaml:7" or the URL without its password; for messages
    // mysql
    char *host;
    int port;      // 3306
    char *socket;  // path; wins over host
    char *user;
    char *password;  // secret: never printed
    char *database;
    TlsMode tls;  // TLS_PREFERRED
    char *tls_ca, *tls_cert, *tls_key;
    int connect_timeout_seconds;  // 10
    int read_timeout_seconds;     // 3600
    // lake
    char *path;  // the folder that holds the tables
} Datasource;

typedef struct Project {
    char *dir;  // absolute; NULL where there is no project (weir copy)
    char *name;
    char *timezone;         // NULL: the machine's
    char *lake;             // absolute folder
    uint64_t memory_bytes;  // for one run's buffers; default PROJECT_MEMORY_DEFAULT
    int threads;            // default of jobs: 2..8 by cores
    Datasource **datasources;
    size_t datasource_count;
} Project;

#define JOB_THREADS_MAX 64  // readers of one run
#define PROJECT_MEMORY_DEFAULT ((uint64_t)256 << 20)

// Finds weir.yaml in `dir`, or (dir NULL) in the current folder or the nearest one above it, and
// reads it: `${env:X}` and `${file:X}` are filled in. All mistakes are reported in one error, each
// with file:line:column, the key and the nearest known key. FAIL_CONFIG.
bool project_load(const char *dir, Project **ret_project, Err *err) MUST_CHECK;
// A project of defaults without a folder, for `weir copy`.
Project *project_empty(void) MUST_CHECK;
// True where the current folder or one above it holds weir.yaml.
bool project_is_here(void) MUST_CHECK;
// Puts the project's lake into another folder, seen from the current one. FAIL_CONFIG for a URL.
bool project_set_lake(Project *project, const char *path, Err *err) MUST_CHECK;
void project_free(Project *project);
const Datasource *project_datasource(const Project *project,
                                     const char *name);  // NULL where unknown

// Names of jobs (files jobs/*.yaml without the suffix), sorted; ends with NULL; free each and the
// array.
bool project_job_names(const Project *project, char ***ret_names, Err *err) MUST_CHECK;

// Files jobs/*.yml, which are no jobs and were surely meant as such: names with the suffix, else
// the same.
bool project_misnamed_jobs(const Project *project, char ***ret_files, Err *err) MUST_CHECK;

// mysql://user[:password]@host[:port]/database/table?tls=required&socket=/path : a Datasource and
// the table's name (percent-decoded). The password may also come from WEIR_PASSWORD. FAIL_CONFIG.
bool datasource_from_url(const char *url, Datasource **ret_datasource, char **ret_table, Err *err)
    MUST_CHECK;
// Overwrites the password in such a URL, in place, with a mark that does not tell its length. Other
// texts stay.
void datasource_hide_password(char *url);
void datasource_free(Datasource *datasource);
const char *tls_mode_name(TlsMode mode);

// A job as one instance runs it: read from jobs/NAME.yaml, every parameter filled in, every key
// checked.
#pragma once

#include "job/param.h"
#include "job/project.h"

typedef enum JobType { JOB_SYNC, JOB_SQL, JOB_STREAM } JobType;
const char *job_type_name(JobType type);  // "sync", as it stands in a job file
typedef enum WriteMode { WRITE_OVERWRITE, WRITE_APPEND, WRITE_MERGE } WriteMode;
extern const char *const WRITE_MODE_NAMES[];  // in the order of WriteMode; ends with NULL
typedef enum ZeroDates { ZERO_DATES_NULL, ZERO_DATES_TEXT, ZERO_DATES_ERROR } ZeroDates;
typedef enum NewColumns { NEW_COLUMNS_ADD, NEW_COLUMNS_IGNORE, NEW_COLUMNS_ERROR } NewColumns;

// One place to read from; a job may have several (sharded databases), all with the same columns.
typedef struct SourceSpec {
    const Datasource *datasource;
    char **tables;  // names and patterns: "oplog", "t_[0-99]", "db.t_*"; NULL-terminated; NULL with
                    // query
    char **columns;     // names and SQL expressions; NULL-terminated; NULL means all of them
    char *where;        // SQL condition or NULL
    char *query;        // a SELECT instead of tables, or NULL
    char *incremental;  // the column of the business date's window, or NULL
    char *split;        // the column to slice by, or NULL: chosen by weir
} SourceSpec;

typedef struct PartitionPart {
    char *column;
    char *value;        // literal text, or NULL where `field` names the source's column
    char *field;        // "{region}": the row's own value
    bool is_parameter;  // the field's name is a parameter's too: "${bizdate}" may have been meant
} PartitionPart;

typedef struct TargetSpec {
    const Datasource *datasource;
    char *table;  // name in the lake, or a path ("./lake/ods_oplog") for weir copy
    PartitionPart *partition;
    size_t partition_count;  // 0: not partitioned
    WriteMode mode;
    char **key;           // merge: the columns that say which rows are the same; NULL-terminated,
                          //   NULL: the source's key
    PartitionPart *base;  // merge: one literal a part of `partition`, in its order: the partition
                          //   whose rows go on; NULL: the table or partition itself
    char *order_by;       // merge: of rows with one key the greatest of this column wins, or NULL
    int lifecycle_days;   // 0: none
    NewColumns new_columns;
    uint64_t file_bytes;     // size at which a new file is begun; default JOB_FILE_BYTES_DEFAULT
    int64_t row_group_rows;  // default JOB_ROW_GROUP_ROWS_DEFAULT
    char *comment;           // of a table that is made; NULL: none
    bool is_at_version;      // the rows were computed from this version of the table: commits that
    int64_t version;         //   came after it and touch the same partitions are conflicts
    bool must_be_new;        // a table that another writer made meanwhile is a conflict
} TargetSpec;

#define JOB_ROW_GROUP_ROWS_DEFAULT 122880
#define JOB_FILE_BYTES_DEFAULT ((uint64_t)512 << 20)

typedef struct Schedule {
    char *cycle;        // "daily"; NULL: none
    int hour, minute;   // at: "00:30"
    char **depends_on;  // NULL-terminated, or NULL
    bool paused;
} Schedule;

typedef struct Job {
    char *name;
    char *file;  // NULL for weir copy
    JobType type;
    SourceSpec *sources;
    size_t source_count;
    TargetSpec target;    // of a sql job: only its datasource, a lake
    char *sql;            // the statements of a sql job
    int64_t dirty_limit;  // rows; negative: any number
    ZeroDates zero_dates;
    int threads;
    int pieces;   // slices wanted, whoever reads them; 0: as many as suit `threads`
    int retries;  // how often a run starts over after a lost connection; default 2
    uint64_t memory_bytes;
    Schedule schedule;
    // The instance.
    char bizdate[9];            // "20161114"
    int64_t window_begin_usec;  // instants of the bizdate's first moment and the next day's, in the
    int64_t window_end_usec;    //   project's time zone
    const char *timezone;       // of the project, borrowed; NULL: the machine's
    char *state_dir;  // where reject files go: <project>/.weir, or .weir in the current folder for
                      // copy
} Job;

// What decides an instance, from the command line.
typedef struct InstanceRequest {
    const char *bizdate;        // NULL: yesterday in the project's time zone
    const char *const *params;  // "k=v"; NULL-terminated, or NULL
    int threads;                // 0: as the job says
    bool is_for_all_jobs;       // not every job need use each of `params`
    const char *text;           // of the job's file; NULL: the file is read
    const char *today;          // "20161115": what $bizmonth compares with; NULL: the clock's
    bool is_of_then;            // `text` is an earlier instance's: other jobs may have gone since
} InstanceRequest;

// "ods_oplog" of "ods_oplog", "ods_oplog.yaml" or a path to that file in the project's jobs folder.
// FAIL_CONFIG where it names none; whether there is such a file is not looked at.
bool job_own_name(const Project *project, const char *text, char **ret_name, Err *err) MUST_CHECK;
// The job's own name and the text of its file. FAIL_CONFIG where there is none.
bool job_read_text(const Project *project, const char *name, char **ret_name, char **ret_text,
                   Err *err) MUST_CHECK;
// A business date as typed ("2016-11-14" too) as "20161114"; yesterday's where `text` is NULL.
bool job_read_bizdate(const char *text, char ret_bizdate[9], Err *err) MUST_CHECK;
void job_date_text(const Civil *date, char ret_text[9]);  // "20161114"

// Reads jobs/NAME.yaml, computes all parameters, checks all keys and names. All mistakes come in
// one error with file:line:column. A parameter of the request that no text of the job uses is
// FAIL_CONFIG, and so is a type that this version cannot run.
bool job_load(const Project *project, const char *name, const InstanceRequest *request,
              Job **ret_job, Err *err) MUST_CHECK;
void job_free(Job *job);

// The parameters of a script that stands in no job file; `bizdate` and `params` as in a request.
// The scheduled time is the next day's midnight. FAIL_CONFIG.
bool job_script_params(const char *bizdate, const char *const *params, ParamSet *ret_params,
                       Err *err) MUST_CHECK;

// Checks one job file of any type as job_load does, without making an instance of it to run;
// *ret_type says what it is. `request` may be NULL: the business date is yesterday and no --param
// is known.
bool job_check_instance(const Project *project, const char *name, const InstanceRequest *request,
                        JobType *ret_type, Err *err) MUST_CHECK;
// The same with request NULL.
bool job_check_file(const Project *project, const char *name, JobType *ret_type, Err *err)
    MUST_CHECK;

// "ds=20161114,region={region}" into parts. FAIL_CONFIG with the reason: empty names, '/', '=' or
// control characters in a literal value, a column named twice.
bool partition_parse(const char *text, PartitionPart **ret_parts, size_t *ret_count, Err *err)
    MUST_CHECK;
void partition_parts_free(PartitionPart *parts, size_t count);  // NULL is fine

// The job of `weir copy`: takes ownership of all four. Defaults as in a job file, bizdate
// yesterday.
Job *job_for_copy(Datasource *source, char *source_table, Datasource *target, char *target_table)
    MUST_CHECK;

// The options of `weir copy`, as typed; NULL where not given. Parameters in them are filled in, the
// business date and its window are fixed. FAIL_CONFIG with the option's name.
typedef struct JobCopyOptions {
    const char *bizdate, *partition, *where, *columns, *zero_dates, *dirty_limit, *key, *base;
} JobCopyOptions;
bool job_copy_options(Job *job, const JobCopyOptions *options, Err *err) MUST_CHECK;

// A lake datasource and table name of a table's own folder ("./lake/ods_oplog": path "<cwd>/lake",
// table "ods_oplog"). FAIL_CONFIG for an empty path or a URL of a kind that this version cannot
// write.
bool datasource_from_folder(const char *path, Datasource **ret_datasource, char **ret_table,
                            Err *err) MUST_CHECK;

// Writes a project that works into `dir` (weir.yaml, jobs/, .gitignore): commented, one job of each
// type. Refuses a folder that has a weir.yaml. FAIL_CONFIG.
bool project_init(const char *dir, Err *err) MUST_CHECK;

// The run history: a row an instance in <project>/.weir/weir.db (SQLite), with everything that
// decides its result and what became of it, and a log file an instance.
//
// An instance is alive while its process holds a lock on .weir/instances/ID.lock. The kernel gives
// the lock back however the process ends, so a row that says running without a held lock is of a
// process that was killed: whoever opens the history next marks it failed.
//
// Many processes may use one history at once; within one process all threads share one.
// Thread: any. Errors: FAIL_CONFIG where the file is damaged, forbidden or of a newer weir,
// FAIL_INTERNAL where the machine fails.
#pragma once

#include "base/cancel.h"

typedef enum InstanceState {
    INSTANCE_RUNNING,
    INSTANCE_SUCCESS,
    INSTANCE_FAILED,
    INSTANCE_CANCELLED,
} InstanceState;

typedef enum InstanceKind { INSTANCE_MANUAL, INSTANCE_BACKFILL, INSTANCE_RERUN } InstanceKind;

// "running" ..., "manual" ...: as they are stored, shown and typed.
const char *instance_state_name(InstanceState state);
const char *instance_kind_name(InstanceKind kind);
extern const char *const INSTANCE_STATES[];  // the names of all states in their order, then NULL

// What is known when an instance begins, all that decides its result first. Borrowed.
typedef struct InstanceStart {
    const char *job;
    const char *job_text;       // of its file; secrets are references in it, not values
    const char *bizdate;        // "20161114"
    const char *today;          // "20161115": the date that $bizmonth compares with
    const char *timezone;       // of the project; NULL: the machine's
    const char *const *params;  // "k=v" of --param; NULL-terminated, or NULL
    int threads;                // of --threads; 0: as the job says
    InstanceKind kind;
    int64_t rerun_of;      // 0: none
    const char *job_type;  // NULL where the file could not be read so far
    const char *cyctime;   // "20161115003000", or NULL likewise
} InstanceStart;

// What became of it. Borrowed.
typedef struct InstanceEnd {
    InstanceState state;
    uint64_t rows_read, rows_written, rows_dirty, bytes;
    int64_t version;        // of the table after the commit; negative: nothing was published
    const Err *error;       // NULL where the state is success
    const char *warnings;   // a line each, or NULL
    const char *summary;    // the run's JSON object
    const char *partition;  // that was written, or NULL
} InstanceEnd;

// A row as it was read. Owned: instance_record_done.
typedef struct InstanceRecord {
    int64_t id;
    char *job, *job_text, *job_type, *bizdate, *cyctime, *today, *timezone;
    char **params;  // NULL-terminated, never NULL; read by run_history_find only
    int threads;
    InstanceKind kind;
    InstanceState state;
    int64_t rerun_of;
    int64_t started_usec;
    int64_t finished_usec;                                        // 0: not yet, or nobody knows
    int64_t rows_read, rows_written, rows_dirty, bytes, version;  // negative: unknown, or none
    char *error_kind, *error, *hint, *warnings, *summary, *partition;
    int64_t process;
    char *host, *weir;  // where it ran, and the version that ran it
    bool cancel_requested;
} InstanceRecord;
void instance_record_done(InstanceRecord *record);

typedef struct RunHistory RunHistory;

typedef enum HistoryUse {
    HISTORY_RUN,   // to add instances: made where it is missing, old instances are removed
    HISTORY_LOOK,  // to read: an empty one where it is missing, as it is where it cannot be written
} HistoryUse;

// Opens <state_dir>/weir.db, brings an older one up to this version and marks instances whose
// process is gone as failed.
bool run_history_open(const char *state_dir, HistoryUse use, RunHistory **ret_history, Err *err)
    MUST_CHECK;
void run_history_close(RunHistory *history);  // accepts NULL; no instance may be open any more

// Adds a running instance. `cancel` is requested when another process asks for it
// (run_history_ask_cancel), until run_history_end, which must follow.
bool run_history_begin(RunHistory *history, const InstanceStart *start, Cancel *cancel,
                       int64_t *ret_id, Err *err) MUST_CHECK;
// Where this fails the row goes on saying running, and is taken for a killed one's later.
bool run_history_end(RunHistory *history, int64_t id, const InstanceEnd *end, Err *err) MUST_CHECK;

// FAIL_CONFIG where there is no such instance.
bool run_history_find(RunHistory *history, int64_t id, InstanceRecord *ret_record, Err *err)
    MUST_CHECK;

typedef struct HistoryFilter {
    const char *job, *bizdate;   // NULL: any
    const InstanceState *state;  // NULL: any
    int limit;
} HistoryFilter;
// Newest first. Free each and the array.
bool run_history_list(RunHistory *history, const HistoryFilter *filter,
                      InstanceRecord **ret_records, size_t *ret_count, Err *err) MUST_CHECK;

// Asks the process that runs the instance to stop it; that looks twice a second. FAIL_CONFIG where
// it is not running.
bool run_history_ask_cancel(RunHistory *history, int64_t id, Err *err) MUST_CHECK;

// Marks instances failed whose process is gone since the history was opened.
bool run_history_sweep(RunHistory *history, Err *err) MUST_CHECK;

char *run_history_log_path(const RunHistory *history, int64_t id) MUST_CHECK;

// Instances beyond the newest so many, or older, are removed with their logs.
#define HISTORY_INSTANCES_MAX 10000
#define HISTORY_DAYS_MAX 400

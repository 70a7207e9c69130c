// Compares a job's source with its target: counts and checksums by slice, and where they differ the
// keys and columns that do. Changes nothing.
#pragma once

#include "base/cancel.h"
#include "run/key_set.h"
#include "run/progress.h"
#include "sink/sink.h"

typedef struct VerifyOptions {
    size_t limit;  // of the keys that are listed; all are counted
    ProgressStyle style;
} VerifyOptions;

// A row as it was found: its cells as JSON, and their hashes.
typedef struct VerifyRow {
    char **cells;
    uint64_t *hashes;
} VerifyRow;

typedef struct VerifyKey {
    KeyDifference difference;
    VerifyRow source;  // cells NULL: there is none, or it was not found again
    VerifyRow target;
} VerifyKey;

typedef struct VerifyReport {
    char *job;
    char *bizdate;
    FailKind
        status;  // FAIL_NONE: equal, FAIL_DIFFERENT: not; else `error` says why it is not known
    Err error;
    Counters counters;     // of the source, and its dirty rows
    uint64_t rows_source;  // that a run would store; dirty ones are not among them
    uint64_t rows_target;
    uint64_t slices;  // with rows
    uint64_t slices_different;
    uint64_t missing, extra, different;  // rows
    bool is_complete;                    // all slices that differ were searched for keys
    VerifyKey *keys;
    size_t key_count;
    double seconds;
    Schema columns;           // that were compared
    size_t *key;              // places of the key's among them
    size_t key_column_count;  // 0: none
    bool counts_extra;
    char *location;
    char *partition;
    int64_t version;
    size_t files;
    int64_t written_usec;  // 0: no file
    char *snapshot;
    bool is_one_moment;
    char *server;
    int64_t read_usec;  // when the source was read; 0: it was not
    char **warnings;
    size_t warning_count;
} VerifyReport;

// Always fills *ret_report (free with verify_report_done). False where they differ, too:
// FAIL_DIFFERENT.
bool verify_run(const Job *job, const VerifyOptions *options, Cancel *cancel,
                VerifyReport *ret_report, Err *err) MUST_CHECK;

void verify_report_done(VerifyReport *report);
// One JSON object and a newline.
void verify_report_json(const VerifyReport *report, Buf *out);
// A few lines for a person.
void verify_report_text(const VerifyReport *report, Buf *out);
// "2 rows missing in the target, at least 1 with other values" ..., of one that differs.
void verify_report_counts(const VerifyReport *report, Buf *out);
// The differing keys, a line each: "different  id=7  qty: source 5, target 6".
void verify_report_keys(const VerifyReport *report, Buf *out);

// What one run did: for the person at its end, for the script as one JSON object.
#pragma once

#include "base/emit.h"
#include "record/counters.h"
#include "sink/sink.h"

typedef struct RunReport {
    char *job;
    char *bizdate;
    int64_t instance;  // of the run history; 0: none is kept
    FailKind status;   // FAIL_NONE: done
    Err error;         // where status is not FAIL_NONE
    Counters counters;
    double seconds;
    SinkResult target;   // of a run that committed
    char *snapshot;      // how and where: "equal snapshot positions at 0-1-42"
    bool is_one_moment;  // it holds for all rows
    char *server;
    int readers;
    int attempts;       // 1 where nothing was lost on the way
    char *reject_file;  // NULL where every row fitted
    char **warnings;
    size_t warning_count;
} RunReport;

void run_report_done(RunReport *report);
void run_report_warn(RunReport *report,
                     const char *text);  // a text that is there already is not repeated

// One JSON object and a newline. Keys: job bizdate status instance rows_read rows_written
// rows_dirty zero_dates bytes bytes_written seconds rows_per_second target partition partitions
// version replaced_rows files base rows_updated rows_inserted rows_kept snapshot server slices
// readers attempts reject_file peak_memory_bytes warnings error.
void run_report_json(const RunReport *report, Buf *out);
// {"kind": "source", "message": ..., "hint": ... or null}; null where err is NULL.
void run_error_json(const Err *err, JsonWriter *json);
// A few lines for a person.
void run_report_text(const RunReport *report, Buf *out);

// The process's peak resident memory, in bytes.
uint64_t run_peak_memory(void);

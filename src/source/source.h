// What a batch source is: a consistent set of rows that several threads read in slices.
//
// Life: open -> schema -> plan -> begin -> reader(0..n-1), each on its own thread -> close.
// A connector is one `const struct SourceOps` in its folder, named in source.c's table.
#pragma once

#include "base/cancel.h"
#include "base/emit.h"
#include "job/job.h"
#include "record/counters.h"
#include "record/schema.h"

typedef struct Source Source;  // an implementation's struct begins with `const SourceOps *ops`
typedef struct RowReader RowReader;  // likewise begins with this struct

struct RowReader {
    // The next row, or NULL in *ret_row at the end of all slices. The row and what it borrows stay
    // valid until the next call. Thread: the one that reads with this reader.
    bool (*next)(RowReader *reader, const Value **ret_row, Err *err);
};

// How the rows came to be of one point in time; for the report.
typedef struct SnapshotInfo {
    const char
        *how;  // "one connection", "equal snapshot positions", "brief table lock" ... static text
    bool is_one_moment;  // of all rows
    char *position;  // GTID set or "file:offset", NULL where the server keeps no binlog or hides it
    char *server;    // "MariaDB 10.11.19", "MySQL 9.7.1"
    char *warning;   // what the user should know, or NULL
} SnapshotInfo;

// One slice as `weir check` shows it.
typedef struct SliceInfo {
    char *table;      // "shop.oplog" or "query"
    char *condition;  // SQL, "" for a whole table
    uint64_t rows;    // estimate, 0 where unknown
    bool is_at_most;  // `rows` does not know the job's condition: there may be far fewer
} SliceInfo;

// What is known of a run before it begins: warnings, which the snapshot's `warning` repeats, and
// remarks, which only `weir check` shows.
typedef struct PlanNote {
    char *text;
    bool is_warning;
} PlanNote;

typedef struct SourceOps {
    const char *name;  // the datasource's type: "mysql"

    // Connects and learns what the job's source columns are. Strings of `job` are borrowed until
    // close.
    bool (*open)(const Job *job, Counters *counters, Cancel *cancel, Source **ret_source, Err *err);
    const Schema *(*schema)(const Source *source);
    // Indexes of the columns of the table's key in the schema; count 0 where there is none.
    const size_t *(*key)(const Source *source, size_t *ret_count);

    // Cuts the slices for at most `threads` readers. Changes and locks nothing: `weir check` ends
    // here.
    bool (*plan)(Source *source, int threads, Err *err);
    // Opens the snapshots: from here on all readers see one point in time.
    bool (*begin)(Source *source, Err *err);
    int (*reader_count)(const Source *source);  // <= threads
    RowReader *(*reader)(Source *source, int index);
    // After all readers came to their end: they begin anew, at the same point in time. The source's
    // counters do so too.
    void (*rewind)(Source *source);
    const SnapshotInfo *(*snapshot)(const Source *source);
    const SliceInfo *(*slices)(const Source *source, size_t *ret_count);
    const PlanNote *(*notes)(const Source *source, size_t *ret_count);

    // A slice for another process: a JSON object without SQL and without secrets; and, instead of
    // plan, that one slice alone. FAIL_CONFIG where it is none of the job's. NULL: cannot.
    void (*write_slice)(const Source *source, size_t index, JsonWriter *json);
    bool (*take_slice)(Source *source, const char *text, Err *err);

    void (*close)(Source *source);  // accepts NULL
} SourceOps;

struct Source {
    const SourceOps *ops;
};

// The source of a datasource type, or NULL.
const SourceOps *source_ops(const char *type);

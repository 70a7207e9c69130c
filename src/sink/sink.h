// What a batch sink is: it pulls rows from readers and makes them visible in one step.
//
// Life: open -> load -> commit -> close. Without commit, close leaves the target as it was.
// A connector is one `const struct SinkOps` in its folder, named in sink.c's table.
#pragma once

#include "record/reject.h"
#include "source/source.h"

typedef struct Sink Sink;  // an implementation's struct begins with `const SinkOps *ops`

// One column as it will stand in the target; for `weir check`.
typedef struct ColumnPlan {
    const char *name;   // of the target's column; of the source's where that is not stored
    char *target_type;  // "decimal(20,0)"; NULL: a column of the source that is not stored
    size_t
        source_field;  // index in the source's schema, SIZE_MAX where the target has more columns
    char *partition;   // a partition column's value, "{region}" where it comes from the rows; else
                       // NULL
    bool is_new;       // will be added to an existing table
} ColumnPlan;

typedef struct LoadInput {
    Source *source;  // begun; its readers are pulled
    Reject *reject;
    Counters *counters;
    Cancel *stop;  // ends the load; a thread of it that fails requests it, which wakes the readers
} LoadInput;

typedef struct SinkResult {
    char *location;         // where the table lies
    char *partition;        // "ds=20161114", "" for a table without partitions
    size_t partitions;      // that rows were written to; a literal one counts without rows too
    int64_t version;        // of the table after commit
    int64_t replaced_rows;  // rows that the new ones took the place of; -1 where unknown
    size_t files;
    bool is_merged;         // the rest is of a merge
    char *base;             // partition whose rows went on; "": the table itself; NULL: none
    uint64_t rows_updated;  // rows of the source whose key the base has
    uint64_t rows_inserted;
    uint64_t rows_kept;  // rows of the base that went on as they were
} SinkResult;

// What a target is compared with: the rows that a load would store now.
typedef enum CompareSide { COMPARE_SOURCE, COMPARE_TARGET } CompareSide;

// What is compared. Owned by the sink.
typedef struct CompareInfo {
    Schema columns;     // with the target's types; columns that only one side has are left out
    size_t *key;        // places of the key's columns among them
    size_t key_count;   // 0: no key, or not all of it is stored: a row is known by all its columns
    bool counts_extra;  // rows that only the target has are differences: of an overwrite
    const char *location;
    const char *partition;  // "ds=20161114"
    int64_t version;        // of the table that is read
    size_t files;
    int64_t written_usec;  // when the newest of them was written; 0 without files
} CompareInfo;

// The rows of one side, pulled by several threads, each with a stream of its own.
typedef struct CompareRows {
    const Schema *schema;   // of a row
    const size_t *columns;  // the fields of a row that are the compared columns, in their order
    void **streams;
    size_t count;
    bool (*next)(void *stream, const Value **ret_row, Err *err);  // as RowReader's
} CompareRows;

typedef struct SinkOps {
    const char *name;  // the datasource's type: "lake"

    // Looks at the target and decides each column. Changes nothing.
    bool (*open)(const Job *job, const Schema *schema, const size_t *key, size_t key_count,
                 Sink **ret_sink, Err *err);
    const ColumnPlan *(*columns)(const Sink *sink, size_t *ret_count);

    // What `weir check` and the report should say besides; more after load.
    const PlanNote *(*notes)(const Sink *sink, size_t *ret_count);

    // Pulls all readers to their end and stores the rows, not yet visible. Runs its own threads.
    bool (*load)(Sink *sink, const LoadInput *input, Err *err);
    // Makes what was loaded visible, atomically.
    bool (*commit)(Sink *sink, SinkResult *ret_result, Err *err);

    // For `weir verify`, in place of load and commit. Changes nothing. FAIL_TARGET where what a
    // load would replace or add to is not there.
    bool (*compare)(Sink *sink, const CompareInfo **ret_info, Err *err);
    // Begins to read a side, the source's (as a load would store it, dirty rows sent to the reject
    // file) before the target's, as often as is needed; what was begun before has ended. The
    // streams are borrowed until the next call or close.
    bool (*compare_rows)(Sink *sink, CompareSide side, const LoadInput *input,
                         CompareRows *ret_rows, Err *err);

    void (*close)(Sink *sink);  // accepts NULL; removes what was loaded and not committed
} SinkOps;

struct Sink {
    const SinkOps *ops;
};

const SinkOps *sink_ops(const char *type);
void sink_result_done(SinkResult *result);

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
// A file that was loaded and is to be published.
typedef struct SinkFile {
    char *path;     // relative to the table
    char **values;  // one a partition column
    int64_t size;
    int64_t rows;
    char *stats;  // JSON
} SinkFile;

// A load that is cut into parts: other processes load and commit them.
typedef struct SinkPiece {
    const char *plan;  // its id: letters and digits
    const char *part;  // of the plan: "<slice>-<attempt>", "commit"
} SinkPiece;

typedef struct SinkPieceOps {
    int64_t (*version)(const Sink *sink);  // of the target as it was opened; -1: there is none
    // The version in which the plan was committed; -1: it was not. *ret_location: where the table
    // lies.
    bool (*committed)(const Job *job, const char *plan, int64_t *ret_version, char **ret_location,
                      Err *err);

    // Before load: what is loaded belongs to the plan, and close removes it but where keep came
    // between. The piece is borrowed until close.
    void (*begin)(Sink *sink, const SinkPiece *piece);
    // After load: the files, as lines {"add": ..., "piece": {plan, slice, attempt}}, go to `out`;
    // they stay. FAIL_TARGET where the plan ended meanwhile.
    bool (*keep)(Sink *sink, size_t slice, const char *attempt, Buf *out, Err *err);

    // Instead of load: takes the files (copied) that pieces of the plan kept, given as the "add" of
    // such lines. The commit then ends the plan: its other files are removed. FAIL_CONFIG where a
    // file is none of the plan's.
    bool (*adopt)(Sink *sink, const SinkPiece *piece, const char *const *adds, size_t count,
                  Err *err);
    // Gives the plan up: all its files are removed.
    bool (*abandon)(Sink *sink, const SinkPiece *piece, Err *err);
} SinkPieceOps;

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

    const SinkPieceOps *pieces;  // NULL: cannot
} SinkOps;

struct Sink {
    const SinkOps *ops;
};

const SinkOps *sink_ops(const char *type);
void sink_result_done(SinkResult *result);

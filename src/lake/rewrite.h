// Replaces files of a table by what queries give, in one commit: what DELETE, UPDATE, MERGE and
// OPTIMIZE do.
//
// Life: begin -> remove and write, any number -> commit -> free. Without commit, free leaves the
// table as it was. Thread: one at a time; writing runs threads of its own.
#pragma once

#include "base/cancel.h"
#include "lake/delta.h"
#include "lake/duck.h"

typedef struct Rewrite Rewrite;

typedef struct RewriteOptions {
    unsigned threads;
    uint64_t memory_bytes;  // of the writers
    uint64_t file_bytes;
    int64_t row_group_rows;
    Cancel *cancel;
} RewriteOptions;

// The table is borrowed until rewrite_free. FAIL_TARGET.
bool rewrite_begin(const DeltaTable *table, const RewriteOptions *options, Rewrite **ret_rewrite,
                   Err *err) MUST_CHECK;
void rewrite_free(Rewrite *rewrite);  // NULL is fine

// Takes a file of the table out of it.
void rewrite_remove(Rewrite *rewrite, const DeltaFile *file);

// Says that what is written follows from the rows of a partition, files of which need not be taken
// out: a commit that adds rows to it is a conflict.
void rewrite_read(Rewrite *rewrite, char *const *values);

typedef struct RewritePart {
    const char *sql;      // its columns are those of rewrite_columns, by position
    char *const *values;  // the partition's, one a partition column
    int64_t modified_ms;  // when the rows were written; 0: now
    bool keeps_empty;     // without rows one file is written all the same: the partition stays
    bool is_sorted;       // the order of the query's rows is kept
    const char *tags;     // of the files, a JSON object; NULL: none
} RewritePart;

// Runs the query and writes its rows into files of a partition. Errors of the query as duck_fail;
// FAIL_SOURCE where a value does not fit its column, NULL where the column takes none among them.
bool rewrite_write(Rewrite *rewrite, Duck *duck, const RewritePart *part, uint64_t *ret_rows,
                   Err *err) MUST_CHECK;
// The columns that files have: those of the table that do not partition it.
const Schema *rewrite_columns(const Rewrite *rewrite);
uint64_t rewrite_bytes(const Rewrite *rewrite);  // of the files written so far
size_t rewrite_file_count(const Rewrite *rewrite);
// A folder for what queries spill; removed with the rewrite, or by a later run where this one dies.
bool rewrite_temporary(Rewrite *rewrite, const char **ret_folder, Err *err) MUST_CHECK;

// Publishes. `operation` is commitInfo's; changes_data as delta_commit_data_change.
bool rewrite_commit(Rewrite *rewrite, const char *operation, bool changes_data,
                    DeltaCommitResult *ret_result, Err *err) MUST_CHECK;

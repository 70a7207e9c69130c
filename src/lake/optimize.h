// OPTIMIZE: the same rows in better files. Small files of a partition are written together; on
// request all of a partition's rows are sorted, so that statistics say more of each file.
#pragma once

#include "base/cancel.h"
#include "lake/delta.h"
#include "lake/sql/statement.h"

#define OPTIMIZE_FILE_BYTES_DEFAULT ((uint64_t)512 << 20)
#define OPTIMIZE_FILES_DEFAULT 2

typedef struct OptimizeOptions {
    uint64_t file_bytes;       // that files are to have; those below three quarters of it are small
    size_t files_min;          // so many small files make it worth while
    const char *const *sort;   // columns; NULL-terminated; NULL: rows are not sorted
    const SqlPartition *spec;  // which partitions; NULL: all
    unsigned threads;          // 0: the machine's processors
    uint64_t memory_bytes;     // 0: half of the machine's
    bool is_dry;               // looks only
    Cancel *cancel;
} OptimizeOptions;

// A partition with something to gain.
typedef struct OptimizePartition {
    char *name;  // "ds=20161114"; "" where the table has no partitions
    size_t files_before;
    uint64_t bytes_before;
    size_t files_after;  // 0 until it is done
    uint64_t bytes_after;
    uint64_t rows;
    int64_t version;  // of the commit; -1: none was made
    Err error;        // FAIL_NONE where nothing stood in the way
} OptimizePartition;

typedef struct OptimizeResult {
    size_t partitions;  // that were looked at
    OptimizePartition *items;
    size_t count;
    size_t failed;  // of the items
} OptimizeResult;

// Each partition is a commit of its own: one that another writer changed meanwhile stays as that
// writer left it, its item has the error, and the others are done all the same. Other errors
// (FAIL_CONFIG where a column or partition is not the table's, FAIL_TARGET, FAIL_CANCELLED) end it;
// *ret_result holds what was done until then and is to be freed in any case.
bool optimize_table(const char *path, const OptimizeOptions *options, OptimizeResult *ret_result,
                    Err *err) MUST_CHECK;
void optimize_result_done(OptimizeResult *result);

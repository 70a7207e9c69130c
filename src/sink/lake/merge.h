// The rows of a merge: those of the base whose key the increment does not have, then the
// increment's. DuckDB computes them.
#pragma once

#include "lake/parquet.h"
#include "sink/lake/merge_plan.h"

// DuckDB's blocks need so much before anything can be spilled.
#define MERGE_MEMORY_MIN ((uint64_t)64 << 20)

typedef struct MergeInput {
    MergePlan *plan;  // gets notes
    const LakePlan *columns;
    const DeltaTable *table;    // the base is in it
    const char *folder;         // of the increment's files; for what memory does not hold, too
    const ParquetFiles *files;  // the increment, of LakePlan.files
    unsigned threads;
} MergeInput;

typedef struct MergeCounts {
    uint64_t increment;   // rows of the increment that won
    uint64_t updated;     // of these, how many had a row in the base
    uint64_t superseded;  // rows of the increment that gave way to another of it, by `order_by`
} MergeCounts;

// Writes the rows as `write` says, whose rows and columns are set here, and which shares its memory
// with DuckDB. FAIL_CONFIG with some of the keys where rows of the increment share one, FAIL_TARGET
// where rows of the base share one that the increment has: which row is meant nobody could say.
bool merge_write(const MergeInput *input, ParquetWrite write, ParquetFiles *ret_files,
                 MergeCounts *ret_counts, Err *err) MUST_CHECK;

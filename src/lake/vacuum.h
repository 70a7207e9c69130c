// Data files that no version of a table within the retention names.
#pragma once

#include "lake/delta.h"

typedef struct VacuumOptions {
    int64_t now_ms;
    int64_t retention_ms;  // negative: what the table says, else 7 days
    bool is_forced;        // retention_ms may be below that
    bool removes;          // else only counted
} VacuumOptions;

typedef struct VacuumResult {
    int64_t retention_ms;
    uint64_t files;
    uint64_t bytes;
    uint64_t folders;  // of partitions, empty; counted where they are removed
    DeltaCleanup log;  // log files
} VacuumResult;

// Never touched: files of the newest version, files that a version within the retention needs,
// files that are younger than the retention or that a live run of weir is writing, what is no
// Parquet file, hidden folders. With `removes` also what dead runs left, and log files that have
// expired. FAIL_CONFIG where the retention is below what the table promises; FAIL_TARGET.
bool vacuum_table(const char *path, const VacuumOptions *options, VacuumResult *ret_result,
                  Err *err) MUST_CHECK;

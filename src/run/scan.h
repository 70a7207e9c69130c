// Reads all rows of one side of a comparison, a thread a stream, and hands each on with its hash.
#pragma once

#include "record/row_hash.h"
#include "sink/sink.h"

// One row; called by several threads at once, `thread` says which. The row is borrowed.
typedef bool (*ScanVisit)(void *object, size_t thread, RowHasher *hasher, const RowHash *hash,
                          const Value *row, Err *err);

typedef struct Scan {
    const CompareInfo *info;
    CompareRows rows;
    ScanVisit visit;
    void *object;
    Cancel *stop;  // requested by a thread that fails
} Scan;

bool scan_run(const Scan *scan, uint64_t *ret_rows, Err *err) MUST_CHECK;

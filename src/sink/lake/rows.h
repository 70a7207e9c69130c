// The rows of one reader as the data files take them: converted, with partition values, dirty ones
// sent to the reject file. A ParquetNext producer; where the plan has dynamic parts, the texts of
// all parts follow the columns. Thread: the one that pulls; several LakeRows share a
// LakeRowsShared.
#pragma once

#include "lake/parquet.h"
#include "sink/lake/plan.h"

typedef struct LakeRows LakeRows;
typedef struct LakeRowsShared LakeRowsShared;

// Everything is borrowed until lake_rows_shared_free.
LakeRowsShared *lake_rows_shared_new(const LakePlan *plan, const Schema *source, const size_t *key,
                                     size_t key_count, Reject *reject, Counters *counters)
    MUST_CHECK;
void lake_rows_shared_free(LakeRowsShared *shared);

LakeRows *lake_rows_new(LakeRowsShared *shared, RowReader *reader) MUST_CHECK;
void lake_rows_free(LakeRows *rows);

bool lake_rows_next(void *rows, const Value **ret_row, Err *err);  // a ParquetNext
// A ParquetDirty: the reader's own row was passed through, and had a dirty cell.
bool lake_rows_dirty(void *rows, const Value *row, size_t column, Err *err);

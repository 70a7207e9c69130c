// The two sides of a comparison of a table with its source: the rows that a load would store, and
// the rows that are stored where it would store them.
#pragma once

#include "sink/lake/compare_parts.h"
#include "sink/lake/plan.h"

typedef struct LakeCompare LakeCompare;

// Everything is borrowed until lake_compare_free. FAIL_TARGET as SinkOps.compare.
bool lake_compare_new(const Job *job, const DeltaTable *table, const LakePlan *plan,
                      const Schema *source, const size_t *key, size_t key_count,
                      LakeCompare **ret_compare, Err *err) MUST_CHECK;
void lake_compare_free(LakeCompare *compare);  // NULL is fine

const CompareInfo *lake_compare_info(const LakeCompare *compare);
// As SinkOps.compare_rows.
bool lake_compare_rows(LakeCompare *compare, CompareSide side, const LoadInput *input,
                       CompareRows *ret_rows, Err *err) MUST_CHECK;

// Which partitions of a table a job writes to, and so which are compared with its source.
#pragma once

#include "lake/partition_list.h"
#include "sink/lake/partitions.h"
#include "sink/lake/plan.h"

typedef struct CompareParts {
    PartitionList list;   // of the table
    bool *is_written;     // one an item: the job writes to it
    char *text;           // "ds=20161114,region={region}"
    size_t files;         // of those items
    int64_t modified_ms;  // of the newest of them
} CompareParts;

// The partitions that fit the plan's literals: all that an overwrite replaces. FAIL_TARGET where
// the table has none of them, and the job would have made one.
bool compare_parts_open(const DeltaTable *table, const LakePlan *plan, const Schema *source,
                        CompareParts *ret_parts, Err *err) MUST_CHECK;
void compare_parts_done(CompareParts *parts);

// Leaves those of them that rows named: of a job whose partitions all come from its rows.
void compare_parts_named(CompareParts *parts, const Partitions *named);

// One a file of the table, owned by the caller: whether it lies in one of them. FAIL_TARGET.
bool compare_parts_files(const CompareParts *parts, const DeltaTable *table, bool **ret_keep,
                         Err *err) MUST_CHECK;

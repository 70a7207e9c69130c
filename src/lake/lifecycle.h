// LIFECYCLE n: what was not written for n days goes. As in MaxCompute it is the time of the last
// write that counts, never the value of the partition, so that a rewrite of an old day renews it.
//
// Written means: the newest modificationTime of the files in the log. OPTIMIZE keeps those of the
// files that it replaces, TOUCH sets them.
//
// Table properties (ALTER TABLE ... SET TBLPROPERTIES may set the last):
//   weir.lifecycle                      days
//   weir.lifecycle.enabled              "false": DISABLE LIFECYCLE of the table, which rules
//   weir.lifecycle.disabled.<ds=...>    "true": DISABLE LIFECYCLE of a partition
//   weir.lifecycle.deletemeta           "true": a table whose last partition goes, goes too
//                                       (MaxCompute's lifecycle.deletemeta is taken as well)
#pragma once

#include "lake/partition_list.h"
#include "record/table_name.h"

#define LIFECYCLE_PROPERTY "weir.lifecycle"

// --- statements -----

// The days in force, 0: none. What DISABLE says is not looked at.
int lifecycle_days(const DeltaTable *table);
bool lifecycle_is_enabled(const DeltaTable *table);
bool lifecycle_is_partition_enabled(const DeltaTable *table, const PartitionList *list,
                                    const Partition *partition);

// Each is one commit on top of `table` as read; FAIL_TARGET. days 0 takes the lifecycle away.
bool lifecycle_set(const DeltaTable *table, int days, DeltaCommitResult *ret_result, Err *err)
    MUST_CHECK;
// partition NULL: of the table.
bool lifecycle_enable(const DeltaTable *table, const PartitionList *list,
                      const Partition *partition, bool enabled, DeltaCommitResult *ret_result,
                      Err *err) MUST_CHECK;
// Renews the partitions list->items[indexes[i]], all of them where indexes is NULL, as if they had
// been written at now_ms.
bool lifecycle_touch(const DeltaTable *table, const PartitionList *list, const size_t *indexes,
                     size_t count, int64_t now_ms, DeltaCommitResult *ret_result, Err *err)
    MUST_CHECK;
// For a commit that drops a partition: what was said of its lifecycle goes with it.
void lifecycle_forget(DeltaCommit *commit, const DeltaTable *table, const PartitionList *list,
                      const Partition *partition);

// --- expiring -----

typedef struct LifecyclePlan {
    int days;          // 0: no lifecycle
    bool is_disabled;  // by the table's property
    PartitionList partitions;
    size_t *expired;  // indexes of partitions
    size_t expired_count;
    bool drops_table;     // the whole of it
    int64_t modified_ms;  // when the table was written last
} LifecyclePlan;

typedef struct LifecycleOptions {
    int64_t now_ms;
    bool keeps_tables;  // tables without partitions never expire, nor do emptied ones
} LifecycleOptions;

// What has expired at options->now_ms. The table is borrowed by the plan. FAIL_TARGET.
bool lifecycle_plan(const DeltaTable *table, const LifecycleOptions *options,
                    LifecyclePlan *ret_plan, Err *err) MUST_CHECK;
void lifecycle_plan_done(LifecyclePlan *plan);

typedef struct LifecycleResult {
    DeltaTable *table;   // as it was read for the plan
    LifecyclePlan plan;  // what was done
    int64_t version;     // of the commit; -1: none was made, or the table is gone
} LifecycleResult;

// Reads the table and drops what has expired, all partitions in one commit. What another writer
// renews meanwhile stays: it is looked at anew. FAIL_TARGET.
bool lifecycle_apply(const char *path, const LifecycleOptions *options, LifecycleResult *ret_result,
                     Err *err) MUST_CHECK;
void lifecycle_result_done(LifecycleResult *result);

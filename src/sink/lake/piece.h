// The files of a plan's slices on their way to the commit: as lines of JSON that are printed by one
// process and read by another.
#pragma once

#include "sink/lake/plan.h"

// The version that committed the plan, no older than `since`; -1: none did. FAIL_TARGET.
bool piece_committed(const char *table, const char *plan, int64_t since, int64_t *ret_version,
                     Err *err) MUST_CHECK;
// How a commit says that it is the plan's.
void piece_add_txn(DeltaCommit *commit, const char *plan);

// One line: Delta's add action, and whose it is.
void piece_write(const LakePlan *plan, const SinkFile *file, const char *plan_id, size_t slice,
                 const char *attempt, Buf *out);
// The file of such an add action (JSON). FAIL_CONFIG where it is none that a slice of the plan
// writes into these partitions.
bool piece_read(const LakePlan *plan, const char *add, const char *plan_id, SinkFile *ret_file,
                Err *err) MUST_CHECK;
void piece_file_done(SinkFile *file, const LakePlan *plan);
// Whether the file lies in the folder of its partition's values. FAIL_CONFIG.
bool piece_check_path(const SinkFile *file, const char *folder, Err *err) MUST_CHECK;

// A plan of a table that was not there yet, which is there now: overwriting must not take out what
// somebody else wrote there. FAIL_TARGET.
bool piece_check_partition(const LakePlan *plan, const DeltaTable *table, const TargetSpec *target,
                           Err *err) MUST_CHECK;
size_t piece_count_partitions(const LakePlan *plan, const SinkFile *files, size_t count);

// What a merge will do: by which columns, with which rows of the table. Decided when the target is
// opened; changes nothing.
#pragma once

#include "sink/lake/plan.h"

typedef struct MergePlan {
    size_t *key;  // indexes in LakePlan.columns, which are those of the increment's files
    size_t key_count;
    size_t order;       // likewise: of rows with one key the greatest wins; SIZE_MAX: none
    Schema columns;     // of the files that are written: the table's that do not partition it
    bool *keep;         // one a file of the table: whether it is of the base
    int64_t base_rows;  // -1: unknown
    bool has_base;      // false: the increment is the whole
    bool is_own_base;   // the rows of the partition or table itself go on
    char **base;        // the partition's values, one a part
    char *base_text;    // "ds=20161113"; "" for a table without partitions
    bool starts_here;   // the table is to remember that the partition was made without a base
    PlanNote *notes;
    size_t note_count;
} MergePlan;

// The property that names the partition with which a table's merges began.
#define MERGE_START_PROPERTY "weir.mergeStart"

// `key` are the source's key columns, taken where the job names none. Marks the key's columns in
// `plan`. FAIL_CONFIG where key, source and table do not go together; FAIL_TARGET where the base is
// not there, with the partitions that are.
bool merge_plan_make(const Job *job, const Schema *source, const size_t *key, size_t key_count,
                     const DeltaTable *table, LakePlan *plan, MergePlan *ret_merge, Err *err)
    MUST_CHECK;
void merge_plan_done(MergePlan *merge);
void merge_plan_note(MergePlan *merge, bool is_warning, char *text);  // takes the text

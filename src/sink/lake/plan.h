// What becomes of each column: decided once, when the target is opened, from the source's schema,
// the table as it stands and the job.
#pragma once

#include "lake/delta.h"
#include "sink/sink.h"

// A column of the data files.
typedef struct PlanColumn {
    size_t source;  // index in the source's schema
    Type from;
    Type to;
    bool is_free;   // the source's value is the target's value
    bool nullable;  // the target takes NULL
    bool is_key;    // of a merge: takes no NULL, whatever the target says
} PlanColumn;

// One part of the partition, in the order of the table's partition columns.
typedef struct PlanPart {
    const char *column;  // as the table spells it
    char *value;         // the canonical text of a literal, or NULL: taken from each row
    size_t source;       // index in the source's schema where value is NULL
    Type from;
    Type to;  // of the partition column: text unless the table says otherwise
} PlanPart;

typedef struct LakePlan {
    Schema table;                    // all columns of the table after the commit
    const char **partition_columns;  // borrowed from `parts`
    bool changes_schema;             // the table is new, or gets columns

    Schema files;  // the columns of the data files
    PlanColumn *columns;
    size_t column_count;
    PlanPart *parts;
    size_t part_count;
    size_t folder_part_count;  // the literal parts before the first dynamic one: they make the
                               // folder of all files
    size_t dynamic_count;

    bool is_free;       // the source's rows are the files' rows, unchanged
    ColumnPlan *shown;  // one a column of the table, then those of the source that are not stored
    size_t shown_count;
} LakePlan;

// FAIL_CONFIG that names the columns where source, table and job do not go together.
bool plan_make(const Job *job, const Schema *source, const DeltaTable *table, LakePlan *ret_plan,
               Err *err) MUST_CHECK;
void plan_done(LakePlan *plan);
// "ds=20161114,region={region}"; owned by the caller.
char *plan_partition_text(const LakePlan *plan, const Schema *source) MUST_CHECK;

// A Delta table as a view in DuckDB.
#pragma once

#include "lake/delta.h"
#include "lake/duck.h"

// The columns that TABLE_VIEW_FILES adds in front: the file's index in table->files, and the row's
// number in it, from 0.
#define TABLE_VIEW_FILE "weir file"
#define TABLE_VIEW_ROW "weir row"

typedef struct TableView {
    const char *name;         // of the view, which is replaced where it exists
    const DeltaTable *table;  // as it was read: the view shows this version
    const bool *keep;         // one a file: whether the view has its rows; NULL: all have
    bool has_files;           // with TABLE_VIEW_FILE and TABLE_VIEW_ROW
} TableView;

// Defines the view. Its columns are the table's, in order, partition columns included, each of the
// DuckDB type that is the column's; nested ones as the files have them. Files are opened to learn
// their columns: one that a file lacks is NULL there. FAIL_TARGET where a file cannot be read.
bool table_view_define(Duck *duck, const TableView *view, Err *err) MUST_CHECK;

// A file's path as a text of SQL for read_parquet, which takes patterns.
void table_view_add_path(const char *path, Buf *out);
// A partition's value as its column's type: `text` is SQL for what stands in the log. An instant
// without a zone is in UTC there, whatever zone statements are in.
void table_view_partition_value(const char *text, Type type, Buf *out);

// "DECIMAL(10,2)", "TIMESTAMP" ...: DuckDB's type of a column.
void table_view_type_name(Type type, Buf *out);

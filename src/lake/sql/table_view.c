// A view is one read_parquet a partition, joined by UNION ALL, with the partition's values as
// constants: DuckDB's optimizer then leaves out the partitions that a query's conditions exclude,
// wherever these stand in it. Where there are more partitions than DuckDB should plan branches for,
// it is one read_parquet of all files, and the values are looked up by the file's number.
//
// What the files' columns are is asked of DuckDB first, so that a column which was added later, one
// of a narrower type, and a timestamp that a foreign writer stored without its zone each get the
// expression they need.
#include "base/base.h"

#include "lake/sql/table_view.h"

#include "base/fs.h"
#include "base/text.h"
#include "lake/delta_internal.h"
#include "lake/duck_rows.h"

// Planning a hundred branches takes DuckDB some ten milliseconds.
#define VIEW_BRANCHES_MAX 100

void table_view_type_name(Type type, Buf *out)
{
    switch (type.kind) {
    case TYPE_BOOL:
        buf_add_text(out, "BOOLEAN");
        return;
    case TYPE_INT8:
        buf_add_text(out, "TINYINT");
        return;
    case TYPE_INT16:
        buf_add_text(out, "SMALLINT");
        return;
    case TYPE_INT32:
        buf_add_text(out, "INTEGER");
        return;
    case TYPE_INT64:
        buf_add_text(out, "BIGINT");
        return;
    case TYPE_UINT64:
        buf_add_text(out, "DECIMAL(20,0)");
        return;
    case TYPE_FLOAT32:
        buf_add_text(out, "FLOAT");
        return;
    case TYPE_FLOAT64:
        buf_add_text(out, "DOUBLE");
        return;
    case TYPE_DECIMAL:
        buf_add_format(out, "DECIMAL(%u,%u)", type.precision, type.scale);
        return;
    case TYPE_DATE:
        buf_add_text(out, "DATE");
        return;
    case TYPE_DATETIME:
        buf_add_text(out, "TIMESTAMP");
        return;
    case TYPE_INSTANT:
        buf_add_text(out, "TIMESTAMP WITH TIME ZONE");
        return;
    case TYPE_TEXT:
        buf_add_text(out, "VARCHAR");
        return;
    case TYPE_BYTES:
        buf_add_text(out, "BLOB");
        return;
    }
}

void table_view_add_path(const char *path, Buf *out)
{
    CLEANUP(buf_done) Buf pattern = {0};
    for (const char *at = path; *at != '\0'; at++) {
        // What would be a pattern stands in brackets.
        buf_add_format(&pattern, strchr("*?[", *at) != NULL ? "[%c]" : "%c", *at);
    }
    duck_quote_text(buf_text(&pattern), out);
}

// --- branches -------------------------------------------------------------------------------------------

// Files that are read together.
typedef struct Branch {
    const DeltaTable *table;
    const size_t *files;  // indexes in table->files
    size_t count;
    bool is_one_partition;
    bool has_files;
} Branch;

static const Field *branch_partition_field(const Branch *branch, size_t part)
{
    const DeltaTable *table = branch->table;
    const size_t at = schema_find(&table->schema, table->partition_columns[part]);
    assert(at != SIZE_MAX);
    return &table->schema.fields[at];
}

// read_parquet(['...', ...])
static void branch_source(const Branch *branch, Buf *out)
{
    buf_add_text(out, "read_parquet([");
    for (size_t i = 0; i < branch->count; i++) {
        CLEANUP(mem_free_text)
        char *relative = delta_path_decode(branch->table->files[branch->files[i]].path);
        CLEANUP(mem_free_text)
        char *path =
            relative[0] == '/' ? mem_copy_text(relative) : fs_join(branch->table->path, relative);
        buf_add_text(out, i > 0 ? "," : "");
        table_view_add_path(path, out);
    }
    buf_add_text(out, "], union_by_name = true, hive_partitioning = false)");
}

// Whether a column of the files has a name that DuckDB gives to the place of a row in them: its own
// is then hidden, unless the files' columns are called otherwise.
static bool files_hide_places(const Schema *files)
{
    return schema_find(files, "file_index") != SIZE_MAX
           || schema_find(files, "file_row_number") != SIZE_MAX;
}

static void add_file_column(const Schema *files, size_t index, Buf *out)
{
    if (files_hide_places(files)) {
        buf_add_format(out, "\"weir column %zu\"", index);
    } else {
        duck_quote_name(files->fields[index].name, out);
    }
}

// Other names for the files' columns, behind their read_parquet.
static void branch_rename(const Schema *files, Buf *out)
{
    if (!files_hide_places(files)) {
        return;
    }
    for (size_t i = 0; i < files->count; i++) {
        buf_add_text(out, i == 0 ? " AS \"weir files\"(" : ", ");
        add_file_column(files, i, out);
    }
    buf_add_char(out, ')');
}

// A column of the table from what the files have.
static void branch_stored(const Field *field, const Schema *files, Buf *out)
{
    const size_t at = schema_find(files, field->name);
    const bool is_nested = field->source_type != NULL;
    if (at == SIZE_MAX) {
        buf_add_text(out, "CAST(NULL AS ");
        if (is_nested) {
            buf_add_text(out, "VARCHAR");
        } else {
            table_view_type_name(field->type, out);
        }
        buf_add_char(out, ')');
        return;
    }
    const Type stored = files->fields[at].type;
    if (is_nested || type_equal(stored, field->type)) {
        add_file_column(files, at, out);
    } else if (field->type.kind == TYPE_INSTANT && stored.kind == TYPE_DATETIME) {
        // INT96 of older writers: always UTC, and without a word of it in the file.
        buf_add_text(out, "timezone('UTC', ");
        add_file_column(files, at, out);
        buf_add_char(out, ')');
    } else {
        buf_add_text(out, "CAST(");
        add_file_column(files, at, out);
        buf_add_text(out, " AS ");
        table_view_type_name(field->type, out);
        buf_add_char(out, ')');
    }
}

static void branch_value(const Branch *branch, size_t file, size_t part, Buf *out)
{
    const char *value = branch->table->files[branch->files[file]].partition_values[part];
    if (value == NULL
        || (value[0] == '\0' && branch_partition_field(branch, part)->type.kind != TYPE_TEXT)) {
        buf_add_text(out, "NULL");
    } else {
        duck_quote_text(value, out);
    }
}

void table_view_partition_value(const char *text, Type type, Buf *out)
{
    const bool is_instant = type.kind == TYPE_INSTANT;
    buf_add_format(out, is_instant ? "timezone('UTC', CAST(%s AS " : "CAST(%s AS ", text);
    table_view_type_name(is_instant ? (Type){.kind = TYPE_DATETIME} : type, out);
    buf_add_text(out, is_instant ? "))" : ")");
}

static void branch_partition(const Branch *branch, size_t part, Buf *out)
{
    CLEANUP(buf_done) Buf value = {0};
    if (branch->is_one_partition) {
        branch_value(branch, 0, part, &value);
    } else {
        buf_add_char(&value, '[');
        for (size_t i = 0; i < branch->count; i++) {
            buf_add_text(&value, i > 0 ? "," : "");
            branch_value(branch, i, part, &value);
        }
        buf_add_text(&value, "][CAST(file_index AS BIGINT) + 1]");
    }
    table_view_partition_value(buf_text(&value), branch_partition_field(branch, part)->type, out);
}

static void branch_files(const Branch *branch, Buf *out)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < branch->count; i++) {
        buf_add_format(out, "%s%zu", i > 0 ? "," : "", branch->files[i]);
    }
    buf_add_text(out, "][CAST(file_index AS BIGINT) + 1] AS \"" TABLE_VIEW_FILE
                      "\", file_row_number AS \"" TABLE_VIEW_ROW "\", ");
}

// The branch as a SELECT. Opens its files.
static bool branch_select(Duck *duck, const Branch *branch, Buf *out, Err *err)
{
    CLEANUP(buf_done) Buf source = {0};
    branch_source(branch, &source);
    CLEANUP(buf_done) Buf probe = {0};
    buf_add_format(&probe, "SELECT * FROM %s", buf_text(&source));
    DuckRows *files = NULL;
    if (!buf_ok(&probe, "the list of files", err)
        || !duck_rows_open(duck, buf_text(&probe), &files, err)) {
        // Whatever DuckDB calls it, it is a file of the table that cannot be read.
        err->kind = err->kind == FAIL_CANCELLED ? FAIL_CANCELLED : FAIL_TARGET;
        return false;
    }
    const Schema *schema = &branch->table->schema;
    buf_add_text(out, "SELECT ");
    if (branch->has_files) {
        branch_files(branch, out);
    }
    for (size_t i = 0; i < schema->count; i++) {
        const Field *field = &schema->fields[i];
        const size_t part = delta_partition_column(branch->table, field->name);
        buf_add_text(out, i > 0 ? ", " : "");
        if (part == SIZE_MAX) {
            branch_stored(field, duck_rows_schema(files), out);
        } else {
            branch_partition(branch, part, out);
        }
        buf_add_text(out, " AS ");
        duck_quote_name(field->name, out);
    }
    buf_add_format(out, " FROM %s", buf_text(&source));
    branch_rename(duck_rows_schema(files), out);
    duck_rows_free(files);
    return true;
}

// A view without rows.
static void view_empty(const TableView *view, Buf *out)
{
    buf_add_text(out, "SELECT ");
    if (view->has_files) {
        buf_add_text(out, "CAST(NULL AS INTEGER) AS \"" TABLE_VIEW_FILE
                          "\", CAST(NULL AS BIGINT) AS \"" TABLE_VIEW_ROW "\", ");
    }
    const Schema *schema = &view->table->schema;
    for (size_t i = 0; i < schema->count; i++) {
        buf_add_format(out, "%sCAST(NULL AS ", i > 0 ? ", " : "");
        table_view_type_name(schema->fields[i].type, out);
        buf_add_text(out, ") AS ");
        duck_quote_name(schema->fields[i].name, out);
    }
    buf_add_text(out, " WHERE false");
}

// --- partitions -----------------------------------------------------------------------------------------

static int view_compare(const void *a, const void *b, void *context)
{
    const DeltaTable *table = context;
    const size_t x = *(const size_t *)a;
    const size_t y = *(const size_t *)b;
    const int order = delta_values_compare(
        table->files[x].partition_values, table->files[y].partition_values, table->partition_count);
    return order != 0 ? order : (x > y) - (x < y);
}

// The end of the run of files with the partition values of `begin`.
static size_t view_run(const DeltaTable *table, const size_t *files, size_t count, size_t begin)
{
    size_t end = begin + 1;
    while (end < count
           && delta_values_compare(table->files[files[begin]].partition_values,
                                   table->files[files[end]].partition_values,
                                   table->partition_count)
                  == 0) {
        end++;
    }
    return end;
}

static size_t view_partitions(const DeltaTable *table, const size_t *files, size_t count)
{
    size_t runs = 0;
    for (size_t at = 0; at < count; at = view_run(table, files, count, at)) {
        runs++;
    }
    return runs;
}

static bool view_branches(Duck *duck, const TableView *view, const size_t *files, size_t count,
                          Buf *out, Err *err)
{
    const DeltaTable *table = view->table;
    const bool is_split = view_partitions(table, files, count) <= VIEW_BRANCHES_MAX;
    for (size_t at = 0; at < count;) {
        const size_t end = is_split ? view_run(table, files, count, at) : count;
        const Branch branch = {.table = table,
                               .files = files + at,
                               .count = end - at,
                               .is_one_partition = is_split,
                               .has_files = view->has_files};
        buf_add_text(out, at > 0 ? " UNION ALL " : "");
        if (!branch_select(duck, &branch, out, err)) {
            return false;
        }
        at = end;
    }
    return true;
}

bool table_view_define(Duck *duck, const TableView *view, Err *err)
{
    const DeltaTable *table = view->table;
    size_t *files = mem_alloc((table->file_count + 1) * sizeof(*files));
    size_t count = 0;
    for (size_t i = 0; i < table->file_count; i++) {
        // A file without rows has nothing to show, and may be all that a partition has.
        if ((view->keep == NULL || view->keep[i]) && table->files[i].rows != 0) {
            files[count++] = i;
        }
    }
    // qsort_r is in the C library of every system that this builds on.
    qsort_r(files, count, sizeof(*files), view_compare, (void *)(uintptr_t)table);
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "CREATE OR REPLACE TEMP VIEW ");
    duck_quote_name(view->name, &sql);
    buf_add_text(&sql, " AS ");
    bool done = true;
    if (count == 0) {
        view_empty(view, &sql);
    } else {
        done = view_branches(duck, view, files, count, &sql, err);
    }
    free(files);
    return done && buf_ok(&sql, "the view of a table", err) && duck_run(duck, buf_text(&sql), err);
}

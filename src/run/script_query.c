// SELECT: the tables that it names become views in DuckDB, and its rows go out as text.
//
// The user's text is run as it stands inside of a SELECT that casts each column, so that an error's
// place in it is only moved by what stands before.
#include "base/base.h"

#include "run/script_internal.h"

#include "base/text.h"
#include "lake/sql/query_tables.h"
#include "lake/sql/table_view.h"

// --- tables ---------------------------------------------------------------------------------------------

// Whether it is a file, or a view of ours: no table can be called so.
static bool is_no_table(const char *name)
{
    return strchr(name, '.') != NULL || strchr(name, '/') != NULL
           || text_starts_with(name, "weir ");
}

// Whether DuckDB has views that are called so. A table of the lake hides one.
static bool is_ducks_own(const char *name)
{
    return text_starts_with(name, "duckdb_") || text_starts_with(name, "sqlite_")
           || text_starts_with(name, "pragma_");
}

static Span place_span(const SqlText *query, size_t position, const char *name)
{
    const size_t begin = sql_text_origin(query, position);
    return (Span){.begin = begin, .end = begin + strlen(name)};
}

static bool all_cleared(const bool *keep, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (keep[i]) {
            return false;
        }
    }
    return true;
}

// Says which partitions there are where a query asks for none of them: most likely a slip.
static void note_no_partition(const Run *run, const SessionTable *seen)
{
    const DeltaTable *table = seen->table;
    const char *least = NULL;
    const char *greatest = NULL;
    for (size_t i = 0; i < table->file_count; i++) {
        const char *value = table->files[i].partition_values[0];
        if (value != NULL) {
            least = least == NULL || strcmp(value, least) < 0 ? value : least;
            greatest = greatest == NULL || strcmp(value, greatest) > 0 ? value : greatest;
        }
    }
    if (least != NULL) {
        run_note(run, "%s has no such partition: its partitions go from %s=%s to %s=%s", seen->name,
                 table->partition_columns[0], least, table->partition_columns[0], greatest);
    }
}

static bool bind_table(const Run *run, const QueryTables *tables, const char *name,
                       SessionTable *seen, Err *err)
{
    const size_t count = seen->table->file_count;
    bool *keep = mem_alloc(count + 1);
    memset(keep, true, count);
    bool done = query_tables_prune(run->session->duck, tables, name, seen->table, keep, err);
    if (done && count > 0 && seen->table->partition_count > 0 && all_cleared(keep, count)) {
        note_no_partition(run, seen);
    }
    const TableView view = {.name = seen->name, .table = seen->table, .keep = keep};
    done = done && table_view_define(run->session->duck, &view, err);
    free(keep);
    if (done) {
        session_keep_view(run->session, seen->name);
    }
    return done;
}

static bool is_named_before(const QueryTable *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (text_equal_nocase(list[i].name, list[index].name)) {
            return true;
        }
    }
    return false;
}

static bool bind_place(const Run *run, const QueryTables *tables, const QueryTable *list,
                       size_t index, const SqlText *query, Err *err)
{
    const QueryTable *place = &list[index];
    const Span at = place_span(query, place->position, place->name);
    if (place->schema[0] != '\0') {
        if (text_equal_nocase(place->schema, "information_schema")) {
            return true;
        }
        (void)run_fail(run, at, err, "a lake has no projects or schemas: \"%s.%s\"", place->schema,
                       place->name);
        return fail_hint(err, "Name the table alone: %s.", place->name);
    }
    if (is_no_table(place->name) || is_named_before(list, index)) {
        return true;
    }
    // The place is a view over the user's name; its text is only borrowed for the call.
    const SqlTable table = {.name = (char *)(uintptr_t)place->name, .at = at};
    SessionTable *seen = NULL;
    if (is_ducks_own(place->name)) {
        if (!session_table(run, place->name, at, &seen, err)) {
            return false;
        }
        if (seen->table->version < 0) {
            return true;
        }
    }
    return session_existing(run, &table, &seen, err)
           && (bind_table(run, tables, place->name, seen, err) || run_fail_at(run, at, err));
}

// max_pt('t') is the greatest first partition value of a table that has rows.
static bool bind_max_pt(const Run *run, const QueryTables *tables, const SqlText *query, Err *err)
{
    size_t count = 0;
    const QueryTable *list = query_tables_max_pt(tables, &count);
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "CREATE OR REPLACE TEMP MACRO max_pt(t) AS CASE lower(t)");
    for (size_t i = 0; i < count; i++) {
        const SqlTable table = {.name = (char *)(uintptr_t)list[i].name,
                                .at = place_span(query, list[i].position, list[i].name)};
        SessionTable *seen = NULL;
        if (!session_existing(run, &table, &seen, err)) {
            return false;
        }
        const char *greatest = NULL;
        for (size_t f = 0; f < seen->table->file_count; f++) {
            const DeltaFile *file = &seen->table->files[f];
            const char *value =
                seen->table->partition_count == 0 ? NULL : file->partition_values[0];
            if (value != NULL && file->rows != 0
                && (greatest == NULL || strcmp(value, greatest) > 0)) {
                greatest = value;
            }
        }
        if (greatest == NULL) {
            return run_fail(run, table.at, err, "max_pt: table \"%s\" has no partition with rows",
                            table.name);
        }
        buf_add_text(&sql, " WHEN lower(");
        duck_quote_text(table.name, &sql);
        buf_add_text(&sql, ") THEN ");
        duck_quote_text(greatest, &sql);
    }
    buf_add_text(&sql, " END");
    return count == 0 || duck_run(run->session->duck, buf_text(&sql), err);
}

bool run_bind(const Run *run, const SqlText *query, Span at, bool *ret_sorted, Err *err)
{
    QueryTables *tables = NULL;
    if (!session_drop_views(run->session, err)) {
        return false;
    }
    if (!query_tables_read(run->session->duck, buf_text(&query->text), &tables, err)) {
        return run_fail_query(run, query, 0, at, err);
    }
    size_t count = 0;
    const QueryTable *list = query_tables_list(tables, &count);
    bool done = bind_max_pt(run, tables, query, err);
    for (size_t i = 0; done && i < count; i++) {
        done = bind_place(run, tables, list, i, query, err);
    }
    if (ret_sorted != NULL) {
        *ret_sorted = query_tables_is_sorted(tables);
    }
    query_tables_free(tables);
    return done;
}

// --- rows -----------------------------------------------------------------------------------------------

typedef struct Columns {
    ResultColumn *items;
    size_t count;
} Columns;

static void columns_done(Columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        free((void *)(uintptr_t)columns->items[i].name);
        free((void *)(uintptr_t)columns->items[i].type);
    }
    free(columns->items);
}

static CellKind column_kind(const char *type)
{
    static const char *const numbers[] = {"TINYINT", "SMALLINT", "INTEGER",   "BIGINT",
                                          "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                                          "UBIGINT", "UHUGEINT", "FLOAT",     "DOUBLE"};
    const size_t len = strlen(type);
    if (type[len - 1] == ']' || text_starts_with(type, "STRUCT(") || text_starts_with(type, "MAP(")
        || text_equal(type, "JSON")) {
        return CELL_JSON;
    }
    if (text_equal(type, "BOOLEAN")) {
        return CELL_BOOL;
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (text_equal(type, numbers[i])) {
            return CELL_NUMBER;
        }
    }
    return text_starts_with(type, "DECIMAL(") ? CELL_NUMBER : CELL_TEXT;
}

// A row of DESCRIBE: name, type, ...
static bool columns_take(void *context, size_t count, const char *const *cells, const size_t *lens,
                         Err *err)
{
    (void)count;
    (void)lens;
    (void)err;
    Columns *columns = context;
    columns->items = mem_grow(columns->items, (columns->count + 1) * sizeof(*columns->items));
    columns->items[columns->count++] = (ResultColumn){.name = mem_copy_text(cells[0]),
                                                      .type = mem_copy_text(cells[1]),
                                                      .kind = column_kind(cells[1])};
    return true;
}

typedef struct Rows {
    const ResultOutput *output;
    uint64_t count;
} Rows;

static bool rows_take(void *context, size_t count, const char *const *cells, const size_t *lens,
                      Err *err)
{
    (void)count;
    Rows *rows = context;
    rows->count++;
    return rows->output->row(rows->output->context, cells, lens, err);
}

static void add_cast_columns(const Columns *columns, Buf *out)
{
    for (size_t i = 0; i < columns->count; i++) {
        buf_add_format(out,
                       columns->items[i].kind == CELL_JSON ? "%sCAST(to_json(#%zu) AS VARCHAR)"
                                                           : "%sCAST(#%zu AS VARCHAR)",
                       i > 0 ? ", " : "", i + 1);
    }
}

bool run_query(const Run *run, Err *err)
{
    static const char describe[] = "DESCRIBE SELECT * FROM (\n";
    const Statement *statement = run->statement;
    const SqlText *query = &statement->query;
    const ResultOutput *output = run->output;
    Duck *duck = run->session->duck;
    if (!run_bind(run, query, statement->at, NULL, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf sql = {0};
    CLEANUP(columns_done) Columns columns = {0};
    buf_add_format(&sql, "%s%s\n)", describe, buf_text(&query->text));
    if (!duck_query(duck, buf_text(&sql), columns_take, &columns, err)) {
        return run_fail_query(run, query, sizeof(describe) - 1, statement->at, err);
    }
    buf_clear(&sql);
    buf_add_text(&sql, "SELECT ");
    add_cast_columns(&columns, &sql);
    buf_add_text(&sql, " FROM (\n");
    const size_t before = sql.len;
    buf_add_format(&sql, "%s\n)", buf_text(&query->text));
    Rows rows = {.output = output};
    if (!output->begin(output->context, columns.items, columns.count, err)) {
        return false;
    }
    if (!duck_query(duck, buf_text(&sql), rows_take, &rows, err)) {
        return run_fail_query(run, query, before, statement->at, err);
    }
    return output->end(output->context, rows.count, err);
}

// --- EXPLAIN --------------------------------------------------------------------------------------------

// The plan is the second column of DuckDB's answer: a drawing of many lines.
static bool plan_take(void *context, size_t count, const char *const *cells, const size_t *lens,
                      Err *err)
{
    Rows *rows = context;
    const char *text = count > 1 ? cells[1] : cells[0];
    (void)lens;
    for (const char *at = text; at != NULL && *at != '\0';) {
        const size_t len = strcspn(at, "\n");
        rows->count++;
        CLEANUP(mem_free_text) char *line = mem_copy_bytes(at, len);
        const char *cell = line;
        if (!rows->output->row(rows->output->context, &cell, &len, err)) {
            return false;
        }
        at += len + (at[len] == '\n');
    }
    return true;
}

bool run_explain(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    const char *verb = statement->is_extended ? "EXPLAIN ANALYZE " : "EXPLAIN ";
    const ResultOutput *output = run->output;
    if (!run_bind(run, &statement->query, statement->at, NULL, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_format(&sql, "%s%s", verb, buf_text(&statement->query.text));
    const ResultColumn column = {.name = "plan", .type = "VARCHAR", .kind = CELL_TEXT};
    Rows rows = {.output = output};
    if (!output->begin(output->context, &column, 1, err)) {
        return false;
    }
    if (!duck_query(run->session->duck, buf_text(&sql), plan_take, &rows, err)) {
        return run_fail_query(run, &statement->query, strlen(verb), statement->at, err);
    }
    return output->end(output->context, rows.count, err);
}

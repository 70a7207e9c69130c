// A statement that changes rows finds the files that have such rows, and writes those anew. Files
// are written a partition at a time, because a file belongs to one.
#include "base/base.h"

#include "run/change.h"

#include "base/text.h"
#include "lake/sql/query_tables.h"
#include "lake/sql/table_view.h"

bool change_begin(const Run *run, Change *ret_change, Err *err)
{
    const Statement *statement = run->statement;
    ScriptSession *session = run->session;
    Change change = {.run = run,
                     .alias = statement->alias != NULL ? statement->alias : statement->table.name};
    if (!session_existing(run, &statement->table, &change.seen, err)) {
        return false;
    }
    change.matched = mem_alloc((change.seen->table->file_count + 1) * sizeof(*change.matched));
    // In one transaction of DuckDB now() is one moment, for the rows that are found and those that
    // are written.
    change.in_transaction = duck_run(session->duck, "BEGIN TRANSACTION", err);
    if (!change.in_transaction) {
        change_done(&change);
        return false;
    }
    if (!partition_list_make(change.seen->table, &change.partitions, err)
        || !session_rewrite(session, change.seen, &change.rewrite, err)) {
        change_done(&change);
        return run_fail_at(run, statement->table.at, err);
    }
    *ret_change = change;
    return true;
}

void change_done(Change *change)
{
    Err ignored;
    if (change->in_transaction) {
        // What it made are views and tables that nobody needs any more.
        (void)!duck_run(change->run->session->duck, "ROLLBACK", &ignored);
    }
    rewrite_free(change->rewrite);
    partition_list_done(&change->partitions);
    free(change->matched);
    *change = (Change){0};
}

// --- finding --------------------------------------------------------------------------------------------

bool change_show(const Change *change, const SqlText *sql, Err *err)
{
    static const char name[] = "weir target";
    Duck *duck = change->run->session->duck;
    const DeltaTable *table = change->seen->table;
    QueryTables *tables = NULL;
    if (!query_tables_read(duck, buf_text(&sql->text), &tables, err)) {
        return false;
    }
    bool *keep = mem_alloc(table->file_count + 1);
    memset(keep, true, table->file_count);
    const TableView view = {.name = name, .table = table, .keep = keep, .has_files = true};
    const bool done = query_tables_prune(duck, tables, name, table, keep, err)
                      && table_view_define(duck, &view, err);
    free(keep);
    query_tables_free(tables);
    return done;
}

static bool change_take(void *context, size_t count, const char *const *cells, const size_t *lens,
                        Err *err)
{
    (void)lens;
    Change *change = context;
    int64_t file = 0;
    int64_t rows = 0;
    int64_t most = 0;
    int64_t pairs = 0;
    int64_t moved = 0;
    assert(count == 5);
    (void)count;
    if (!text_parse_int(cells[0], 0, (int64_t)change->seen->table->file_count - 1, &file)
        || !text_parse_int(cells[1], 0, INT64_MAX, &rows)
        || !text_parse_int(cells[2], 0, INT64_MAX, &most)
        || !text_parse_int(cells[3], 0, INT64_MAX, &pairs)
        || !text_parse_int(cells[4], 0, 1, &moved)) {
        return fail(err, FAIL_INTERNAL, "a file of the table has no number");
    }
    if (most > 1) {
        (void)fail(err, FAIL_SOURCE,
                   "%" PRId64
                   " rows of the source match one row of \"%s\": which of them counts is "
                   "not said",
                   most, change->seen->name);
        return fail_hint(err, "Let the source have each key once, with GROUP BY or row_number().");
    }
    if (moved > 0) {
        (void)fail(err, FAIL_SOURCE,
                   "MERGE cannot move rows to another partition: a row of the source has another "
                   "one than its match in \"%s\"",
                   change->seen->name);
        return fail_hint(err, "Compare the partition columns in ON, or name the columns to set.");
    }
    change->has_pairs = change->has_pairs || pairs > 1;
    change->matched[file] = (uint64_t)rows;
    return true;
}

// The conditions are computed once to find files, and once more to write them.
static bool change_check_steady(const Change *change, const SqlText *sql, Err *err)
{
    const Run *run = change->run;
    QueryTables *tables = NULL;
    size_t position = 0;
    if (!query_tables_read(run->session->duck, buf_text(&sql->text), &tables, err)) {
        return run_fail_query(run, sql, 0, run->statement->at, err);
    }
    const bool is_steady = query_tables_is_steady(tables, &position);
    query_tables_free(tables);
    if (is_steady) {
        return true;
    }
    const size_t origin = position == 0 ? SIZE_MAX : sql_text_origin(sql, position);
    const Span at = {.begin = origin == SIZE_MAX ? run->statement->at.begin : origin};
    (void)run_fail(run, at, err, "this condition differs each time that it is computed");
    return fail_hint(err, "Write what it chooses into a table first, and take it from there.");
}

bool change_find(Change *change, const SqlText *sql, Err *err)
{
    const Run *run = change->run;
    const Span at = run->statement->at;
    return run_bind(run, sql, at, NULL, err) && change_check_steady(change, sql, err)
           && ((change_show(change, sql, err)
                && duck_query(run->session->duck, buf_text(&sql->text), change_take, change, err))
               || run_fail_query(run, sql, 0, at, err));
}

uint64_t change_matched(const Change *change)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < change->seen->table->file_count; i++) {
        rows += change->matched[i];
    }
    return rows;
}

// --- writing --------------------------------------------------------------------------------------------

// The files of one partition that are written anew.
typedef struct Touched {
    bool *keep;     // that must be read
    bool is_whole;  // no file of the partition stays
    bool is_any;
} Touched;

static bool change_touched(const Change *change, size_t partition, bool drops_matched,
                           Touched *touched, Err *err)
{
    const DeltaTable *table = change->seen->table;
    touched->is_whole = true;
    touched->is_any = false;
    for (size_t i = 0; i < table->file_count; i++) {
        size_t of_file = 0;
        touched->keep[i] = false;
        if (!partition_list_of_file(&change->partitions, table, &table->files[i], &of_file, err)) {
            return false;
        }
        if (of_file != partition) {
            continue;
        }
        if (change->matched[i] == 0) {
            touched->is_whole = false;
            continue;
        }
        touched->is_any = true;
        touched->keep[i] = !(drops_matched && (int64_t)change->matched[i] == table->files[i].rows);
    }
    return true;
}

static void change_remove(const Change *change, size_t partition)
{
    const DeltaTable *table = change->seen->table;
    for (size_t i = 0; i < table->file_count; i++) {
        size_t of_file = 0;
        Err err;
        if (change->matched[i] > 0
            && partition_list_of_file(&change->partitions, table, &table->files[i], &of_file, &err)
            && of_file == partition) {
            rewrite_remove(change->rewrite, &table->files[i]);
        }
    }
}

static bool change_write_partition(Change *change, const SqlText *sql, size_t partition,
                                   const Touched *touched, Err *err)
{
    const Run *run = change->run;
    Duck *duck = run->session->duck;
    const TableView view = {.name = "weir touched",
                            .table = change->seen->table,
                            .keep = touched->keep,
                            .has_files = change->has_pairs};
    const RewritePart part = {.sql = buf_text(&sql->text),
                              .values = change->partitions.items[partition].values,
                              .keeps_empty = touched->is_whole};
    uint64_t rows = 0;
    if (!table_view_define(duck, &view, err)
        || !rewrite_write(change->rewrite, duck, &part, &rows, err)) {
        return run_fail_query(run, sql, 0, run->statement->at, err);
    }
    change_remove(change, partition);
    change->written += rows;
    return true;
}

bool change_write(Change *change, const SqlText *sql, bool drops_matched, Err *err)
{
    const Run *run = change->run;
    if (!run_bind(run, sql, run->statement->at, NULL, err)) {
        return false;
    }
    Touched touched = {.keep = mem_alloc(change->seen->table->file_count + 1)};
    bool done = true;
    for (size_t i = 0; done && i < change->partitions.count; i++) {
        done = change_touched(change, i, drops_matched, &touched, err)
               && (!touched.is_any || change_write_partition(change, sql, i, &touched, err));
    }
    free(touched.keep);
    return done;
}

bool change_commit(Change *change, const char *operation, const char *note, uint64_t rows, Err *err)
{
    const Run *run = change->run;
    if (rows == 0) {
        run_note(run, "%s %s: no row matches", operation, change->seen->name);
        return true;
    }
    DeltaCommitResult result = {0};
    if (!rewrite_commit(change->rewrite, operation, /* changes_data= */ true, &result, err)) {
        return run_fail_at(run, run->statement->at, err);
    }
    run_note(run, "%s %s: %s, version %lld", operation, change->seen->name, note,
             (long long)result.version);
    run->totals->rows_written += rows;
    run->totals->bytes_written += rewrite_bytes(change->rewrite);
    run->totals->version = result.version;
    free(run->totals->table);
    run->totals->table = mem_copy_text(change->seen->name);
    // The rewrite borrows the table, which is forgotten here.
    rewrite_free(change->rewrite);
    change->rewrite = NULL;
    CLEANUP(mem_free_text) char *name = mem_copy_text(change->seen->name);
    partition_list_done(&change->partitions);
    session_forget(run->session, name);
    return true;
}

const SqlAssignment *change_find_assignment(const SqlAssignment *assignments, size_t count,
                                            const char *column)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = assignments[i].column.name;
        if (name != NULL && text_equal_nocase(name, column)) {
            return &assignments[i];
        }
    }
    return NULL;
}

// --- SQL text -------------------------------------------------------------------------------------------

void change_add(SqlText *out, const char *text)
{
    sql_text_add(out, text, SIZE_MAX);
}

void change_add_name(const char *name, SqlText *out)
{
    CLEANUP(buf_done) Buf quoted = {0};
    duck_quote_name(name, &quoted);
    change_add(out, buf_text(&quoted));
}

void change_add_column(const Change *change, const char *column, SqlText *out)
{
    change_add_name(change->alias, out);
    change_add(out, ".");
    change_add_name(column, out);
}

void change_add_cast(const SqlText *value, Type type, SqlText *out)
{
    CLEANUP(buf_done) Buf name = {0};
    table_view_type_name(type, &name);
    change_add(out, "CAST((\n");
    sql_text_add_text(out, value);
    change_add(out, "\n) AS ");
    change_add(out, buf_text(&name));
    change_add(out, ")");
}

bool change_field(const Change *change, const SqlName *column, const Field **ret_field, Err *err)
{
    const DeltaTable *table = change->seen->table;
    const size_t at = schema_find(&table->schema, column->name);
    if (at == SIZE_MAX) {
        return run_fail(change->run, column->at, err, "table \"%s\" has no column \"%s\"",
                        change->seen->name, column->name);
    }
    *ret_field = &table->schema.fields[at];
    return true;
}

// MERGE INTO: files with rows that match are written anew, with the source joined to them; rows of
// the source without a match are added.
//
// The source is computed once, into a table of DuckDB (on disk where it is large), because it is
// read up to three times and must be the same each time.
#include "base/base.h"

#include <stdio.h>

#include "run/change.h"

#include "base/text.h"
#include "lake/duck_rows.h"
#include "lake/sql/table_view.h"

#define SOURCE "\"weir source\""
#define INSERTS "\"weir inserts\""

typedef struct Merge {
    Change change;
    const SqlMerge *clauses;
    const char *source_alias;
    Schema source;  // names and types of its columns
    uint64_t inserted;
} Merge;

static void add_enclosed(const SqlText *text, SqlText *sql)
{
    change_add(sql, "(\n");
    sql_text_add_text(sql, text);
    change_add(sql, "\n)");
}

static void add_clause_condition(const SqlMergeClause *clause, SqlText *sql)
{
    if (sql_text_is_empty(&clause->condition)) {
        change_add(sql, "(true)");
    } else {
        add_enclosed(&clause->condition, sql);
    }
}

static void add_source_name(const Merge *merge, SqlText *sql)
{
    change_add(sql, SOURCE " AS ");
    change_add_name(merge->source_alias, sql);
}

static size_t count_clauses(const Merge *merge, bool inserts)
{
    size_t count = 0;
    for (size_t i = 0; i < merge->clauses->clause_count; i++) {
        count += (merge->clauses->clauses[i].action == SQL_MERGE_INSERT) == inserts;
    }
    return count;
}

// (c1) OR (c2) ... of the clauses of one side.
static void add_any_condition(const Merge *merge, bool inserts, SqlText *sql)
{
    bool is_first = true;
    change_add(sql, "(");
    for (size_t i = 0; i < merge->clauses->clause_count; i++) {
        const SqlMergeClause *clause = &merge->clauses->clauses[i];
        if ((clause->action == SQL_MERGE_INSERT) == inserts) {
            change_add(sql, is_first ? "" : " OR ");
            add_clause_condition(clause, sql);
            is_first = false;
        }
    }
    change_add(sql, ")");
}

// --- source ---------------------------------------------------------------------------------------------

static bool merge_source(Merge *merge, Err *err)
{
    static const char create[] = "CREATE OR REPLACE TEMP TABLE " SOURCE " AS ";
    const Run *run = merge->change.run;
    CLEANUP(sql_text_done) SqlText sql = {0};
    change_add(&sql, "SELECT *, true AS \"weir matched\" FROM ");
    sql_text_add_text(&sql, &merge->clauses->source);
    change_add(&sql, " AS ");
    change_add_name(merge->source_alias, &sql);
    if (!run_bind(run, &sql, run->statement->at, NULL, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf whole = {0};
    buf_add_format(&whole, "%s%s", create, buf_text(&sql.text));
    if (!duck_run(run->session->duck, buf_text(&whole), err)) {
        return run_fail_query(run, &sql, sizeof(create) - 1, run->statement->at, err);
    }
    DuckRows *rows = NULL;
    if (!duck_rows_open(run->session->duck, "FROM " SOURCE, &rows, err)) {
        return false;
    }
    schema_copy(duck_rows_schema(rows), &merge->source);
    duck_rows_free(rows);
    return true;
}

// --- matched --------------------------------------------------------------------------------------------

// target JOIN source ON ...
static void add_join(const Merge *merge, SqlText *sql)
{
    change_add(sql, CHANGE_ALL " AS ");
    change_add_name(merge->change.alias, sql);
    change_add(sql, " JOIN ");
    add_source_name(merge, sql);
    change_add(sql, " ON ");
    add_enclosed(&merge->clauses->on, sql);
}

static void add_source_column(const Merge *merge, const Field *field, SqlText *sql)
{
    CLEANUP(sql_text_done) SqlText column = {0};
    change_add_name(merge->source_alias, &column);
    change_add(&column, ".");
    change_add_name(field->name, &column);
    change_add_cast(&column, field->type, sql);
}

// Whether an UPDATE of all columns would change one that partitions the table. A source without
// such a column leaves it as it is.
static void add_is_moved(const Merge *merge, SqlText *sql)
{
    const DeltaTable *table = merge->change.seen->table;
    change_add(sql, "CASE");
    for (size_t c = 0; c < merge->clauses->clause_count; c++) {
        const SqlMergeClause *clause = &merge->clauses->clauses[c];
        if (clause->action == SQL_MERGE_INSERT) {
            continue;
        }
        change_add(sql, " WHEN ");
        add_clause_condition(clause, sql);
        change_add(sql, " THEN false");
        for (size_t i = 0; clause->action == SQL_MERGE_UPDATE && clause->assignment_count == 0
                           && i < table->partition_count;
             i++) {
            const char *column = table->partition_columns[i];
            const size_t at = schema_find(&table->schema, column);
            if (schema_find(&merge->source, column) != SIZE_MAX) {
                change_add(sql, " OR ");
                change_add_column(&merge->change, column, sql);
                change_add(sql, " IS DISTINCT FROM ");
                add_source_column(merge, &table->schema.fields[at], sql);
            }
        }
    }
    change_add(sql, " ELSE false END");
}

// A row may stand against several of the source, as long as the clauses take one of them at most.
static bool merge_find(Merge *merge, Err *err)
{
    CLEANUP(sql_text_done) SqlText sql = {0};
    change_add(
        &sql,
        "SELECT \"weir file\", CAST(sum(hits) AS BIGINT), max(hits), max(pairs), max(moved) FROM "
        "(SELECT \"weir file\", \"weir row\", count(*) AS pairs, "
        "CAST(count_if(\"weir hit\") AS BIGINT) AS hits, "
        "CAST(bool_or(\"weir moved\") AS BIGINT) AS moved FROM "
        "(SELECT \"weir file\", \"weir row\", ");
    add_any_condition(merge, /* inserts= */ false, &sql);
    change_add(&sql, " IS TRUE AS \"weir hit\", ");
    add_is_moved(merge, &sql);
    change_add(&sql, " AS \"weir moved\" FROM ");
    add_join(merge, &sql);
    change_add(&sql, ") GROUP BY 1, 2) GROUP BY 1 HAVING sum(hits) > 0");
    return change_find(&merge->change, &sql, err);
}

// What an UPDATE clause makes of a column.
static void add_updated(const Merge *merge, const SqlMergeClause *clause, const Field *field,
                        SqlText *sql)
{
    const SqlAssignment *assignment =
        change_find_assignment(clause->assignments, clause->assignment_count, field->name);
    if (clause->action == SQL_MERGE_UPDATE && clause->assignment_count == 0) {
        add_source_column(merge, field, sql);
    } else if (clause->action == SQL_MERGE_UPDATE && assignment != NULL) {
        change_add_cast(&assignment->value, field->type, sql);
    } else {
        change_add_column(&merge->change, field->name, sql);
    }
}

static void add_is_matched(const Merge *merge, const SqlMergeClause *clause, SqlText *sql)
{
    change_add(sql, " WHEN ");
    change_add_name(merge->source_alias, sql);
    change_add(sql, ".\"weir matched\" AND ");
    add_clause_condition(clause, sql);
    change_add(sql, " THEN ");
}

// Leaves one of the pairs of each row: the one that a clause takes, or any. A condition of the join
// would do so too, but most make it one that compares each row with each.
static void add_one_pair(const Merge *merge, SqlText *sql)
{
    change_add(sql, " QUALIFY row_number() OVER (PARTITION BY ");
    change_add_column(&merge->change, TABLE_VIEW_FILE, sql);
    change_add(sql, ", ");
    change_add_column(&merge->change, TABLE_VIEW_ROW, sql);
    change_add(sql, " ORDER BY ");
    add_any_condition(merge, /* inserts= */ false, sql);
    change_add(sql, " IS TRUE DESC) = 1 AND NOT CASE");
}

static bool merge_write(Merge *merge, Err *err)
{
    CLEANUP(sql_text_done) SqlText sql = {0};
    const Schema *columns = rewrite_columns(merge->change.rewrite);
    for (size_t i = 0; i < columns->count; i++) {
        change_add(&sql, i == 0 ? "SELECT CASE" : ", CASE");
        for (size_t c = 0; c < merge->clauses->clause_count; c++) {
            const SqlMergeClause *clause = &merge->clauses->clauses[c];
            if (clause->action != SQL_MERGE_INSERT) {
                add_is_matched(merge, clause, &sql);
                add_updated(merge, clause, &columns->fields[i], &sql);
            }
        }
        change_add(&sql, " ELSE ");
        change_add_column(&merge->change, columns->fields[i].name, &sql);
        change_add(&sql, " END");
    }
    change_add(&sql, " FROM " CHANGE_TOUCHED " AS ");
    change_add_name(merge->change.alias, &sql);
    change_add(&sql, " LEFT JOIN ");
    add_source_name(merge, &sql);
    change_add(&sql, " ON ");
    add_enclosed(&merge->clauses->on, &sql);
    if (merge->change.has_pairs) {
        add_one_pair(merge, &sql);
    } else {
        change_add(&sql, " WHERE NOT CASE");
    }
    for (size_t c = 0; c < merge->clauses->clause_count; c++) {
        const SqlMergeClause *clause = &merge->clauses->clauses[c];
        if (clause->action != SQL_MERGE_INSERT) {
            add_is_matched(merge, clause, &sql);
            change_add(&sql, clause->action == SQL_MERGE_DELETE ? "true" : "false");
        }
    }
    change_add(&sql, " ELSE false END");
    return change_write(&merge->change, &sql, /* drops_matched= */ false, err);
}

// --- not matched ----------------------------------------------------------------------------------------

// The value that an INSERT clause gives a column.
static void add_inserted(const Merge *merge, const SqlMergeClause *clause, size_t index,
                         SqlText *sql)
{
    const Field *field = &merge->change.seen->table->schema.fields[index];
    const bool is_positional =
        clause->assignment_count > 0 && clause->assignments[0].column.name == NULL;
    if (clause->assignment_count == 0) {
        add_source_column(merge, field, sql);
    } else if (is_positional) {
        change_add_cast(&clause->assignments[index].value, field->type, sql);
    } else {
        const SqlAssignment *assignment =
            change_find_assignment(clause->assignments, clause->assignment_count, field->name);
        if (assignment != NULL) {
            change_add_cast(&assignment->value, field->type, sql);
        } else {
            CLEANUP(sql_text_done) SqlText null = {0};
            change_add(&null, "NULL");
            change_add_cast(&null, field->type, sql);
        }
    }
}

// All columns of the table, partition columns too, of the source's rows that match nothing.
static void merge_insert_sql(const Merge *merge, SqlText *sql)
{
    const Schema *schema = &merge->change.seen->table->schema;
    for (size_t i = 0; i < schema->count; i++) {
        change_add(sql, i == 0 ? "SELECT CASE" : ", CASE");
        for (size_t c = 0; c < merge->clauses->clause_count; c++) {
            const SqlMergeClause *clause = &merge->clauses->clauses[c];
            if (clause->action == SQL_MERGE_INSERT) {
                change_add(sql, " WHEN ");
                add_clause_condition(clause, sql);
                change_add(sql, " THEN ");
                add_inserted(merge, clause, i, sql);
            }
        }
        change_add(sql, " END AS ");
        change_add_name(schema->fields[i].name, sql);
    }
    change_add(sql, " FROM ");
    add_source_name(merge, sql);
    change_add(sql, " WHERE NOT EXISTS (SELECT 1 FROM " CHANGE_ALL " AS ");
    change_add_name(merge->change.alias, sql);
    change_add(sql, " WHERE ");
    add_enclosed(&merge->clauses->on, sql);
    change_add(sql, ") AND ");
    add_any_condition(merge, /* inserts= */ true, sql);
}

// The partitions that rows are added to: texts of the partition columns, one partition after the
// other.
typedef struct Added {
    const DeltaTable *table;
    char **values;
    size_t count;  // of partitions
} Added;

static void added_done(Added *added)
{
    for (size_t i = 0; i < added->count * added->table->partition_count; i++) {
        free(added->values[i]);
    }
    free(added->values);
}

static bool added_take(void *context, size_t count, const char *const *cells, const size_t *lens,
                       Err *err)
{
    (void)lens;
    Added *added = context;
    const DeltaTable *table = added->table;
    added->values = mem_grow(added->values, (added->count + 1) * count * sizeof(*added->values));
    char **values = &added->values[added->count * count];
    memset(values, 0, count * sizeof(*values));
    added->count++;
    for (size_t i = 0; i < count; i++) {
        const char *column = table->partition_columns[i];
        const Field *field = &table->schema.fields[schema_find(&table->schema, column)];
        CLEANUP(buf_done) Buf text = {0};
        if (cells[i] == NULL || cells[i][0] == '\0'
            || !delta_value_text(field->type, cells[i], &text)) {
            return fail(err, FAIL_SOURCE,
                        "a row to be inserted has no value for the partition \"%s\"", column);
        }
        values[i] = buf_take(&text);
    }
    return true;
}

static bool merge_find_added(const Merge *merge, Added *added, Err *err)
{
    if (added->table->partition_count == 0) {
        added->count = 1;
        return true;
    }
    CLEANUP(buf_done) Buf sql = {0};
    for (size_t i = 0; i < added->table->partition_count; i++) {
        buf_add_text(&sql, i == 0 ? "SELECT DISTINCT CAST(" : ", CAST(");
        duck_quote_name(added->table->partition_columns[i], &sql);
        buf_add_text(&sql, " AS VARCHAR)");
    }
    buf_add_text(&sql, " FROM " INSERTS);
    return duck_query(merge->change.run->session->duck, buf_text(&sql), added_take, added, err);
}

static bool merge_add_partition(Merge *merge, const Added *added, size_t index, Err *err)
{
    const size_t part_count = added->table->partition_count;
    char *const *values = added->values == NULL ? NULL : &added->values[index * part_count];
    const Schema *columns = rewrite_columns(merge->change.rewrite);
    CLEANUP(buf_done) Buf sql = {0};
    for (size_t i = 0; i < columns->count; i++) {
        buf_add_text(&sql, i == 0 ? "SELECT " : ", ");
        duck_quote_name(columns->fields[i].name, &sql);
    }
    buf_add_text(&sql, " FROM " INSERTS);
    for (size_t i = 0; i < part_count; i++) {
        const char *column = added->table->partition_columns[i];
        const Field *field =
            &added->table->schema.fields[schema_find(&added->table->schema, column)];
        buf_add_text(&sql, i == 0 ? " WHERE " : " AND ");
        duck_quote_name(column, &sql);
        buf_add_text(&sql, " = ");
        CLEANUP(buf_done) Buf value = {0};
        duck_quote_text(values[i], &value);
        table_view_partition_value(buf_text(&value), field->type, &sql);
    }
    uint64_t rows = 0;
    const RewritePart part = {.sql = buf_text(&sql), .values = values};
    if (!rewrite_write(merge->change.rewrite, merge->change.run->session->duck, &part, &rows,
                       err)) {
        return false;
    }
    rewrite_read(merge->change.rewrite, values);
    merge->inserted += rows;
    return true;
}

// A name in ON that both sides have is a mistake, which NOT EXISTS would take for the table's.
static bool merge_check_on(const Merge *merge, Err *err)
{
    const Run *run = merge->change.run;
    CLEANUP(sql_text_done) SqlText sql = {0};
    change_add(&sql, "SELECT 1 FROM ");
    add_join(merge, &sql);
    DuckRows *rows = NULL;
    if (!duck_rows_open(run->session->duck, buf_text(&sql.text), &rows, err)) {
        return run_fail_query(run, &sql, 0, run->statement->at, err);
    }
    duck_rows_free(rows);
    return true;
}

static bool merge_insert(Merge *merge, Err *err)
{
    static const char create[] = "CREATE OR REPLACE TEMP TABLE " INSERTS " AS ";
    const Run *run = merge->change.run;
    CLEANUP(sql_text_done) SqlText sql = {0};
    merge_insert_sql(merge, &sql);
    if (!change_show(&merge->change, &sql, err)
        || !run_bind(run, &sql, run->statement->at, NULL, err) || !merge_check_on(merge, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf whole = {0};
    buf_add_format(&whole, "%s%s", create, buf_text(&sql.text));
    if (!duck_run(run->session->duck, buf_text(&whole), err)) {
        return run_fail_query(run, &sql, sizeof(create) - 1, run->statement->at, err);
    }
    Added added = {.table = merge->change.seen->table};
    bool done = merge_find_added(merge, &added, err);
    for (size_t i = 0; done && i < added.count; i++) {
        done = merge_add_partition(merge, &added, i, err);
    }
    added.count = added.values == NULL ? 0 : added.count;
    added_done(&added);
    return done || run_fail_at(run, run->statement->at, err);
}

// --- checks ---------------------------------------------------------------------------------------------

static bool merge_check_clause(const Merge *merge, const SqlMergeClause *clause, Err *err)
{
    const Change *change = &merge->change;
    const Schema *schema = &change->seen->table->schema;
    const bool is_positional =
        clause->assignment_count > 0 && clause->assignments[0].column.name == NULL;
    if (is_positional && clause->assignment_count != schema->count) {
        return run_fail(change->run, clause->at, err,
                        "INSERT gives %zu values, and table \"%s\" has %zu columns",
                        clause->assignment_count, change->seen->name, schema->count);
    }
    for (size_t i = 0; !is_positional && i < clause->assignment_count; i++) {
        const SqlName *column = &clause->assignments[i].column;
        const Field *field = NULL;
        if (!change_field(change, column, &field, err)) {
            return false;
        }
        if (change_find_assignment(clause->assignments, clause->assignment_count, column->name)
            != &clause->assignments[i]) {
            return run_fail(change->run, column->at, err, "column \"%s\" is set twice",
                            column->name);
        }
        if (clause->action == SQL_MERGE_UPDATE
            && delta_partition_column(change->seen->table, field->name) != SIZE_MAX) {
            return run_fail(
                change->run, column->at, err,
                "MERGE cannot move rows to another partition: \"%s\" partitions the table",
                field->name);
        }
    }
    return true;
}

static bool merge_check(const Merge *merge, Err *err)
{
    for (size_t i = 0; i < merge->clauses->clause_count; i++) {
        if (!merge_check_clause(merge, &merge->clauses->clauses[i], err)) {
            return false;
        }
    }
    return true;
}

static bool merge_run(Merge *merge, Err *err)
{
    if (!merge_check(merge, err) || !merge_source(merge, err)) {
        return false;
    }
    if (count_clauses(merge, /* inserts= */ false) > 0
        && (!merge_find(merge, err) || !merge_write(merge, err))) {
        return false;
    }
    return count_clauses(merge, /* inserts= */ true) == 0 || merge_insert(merge, err);
}

bool run_merge(const Run *run, Err *err)
{
    const SqlMerge *clauses = &run->statement->merge;
    Merge merge = {.clauses = clauses, .source_alias = clauses->source_alias};
    if (!change_begin(run, &merge.change, err)) {
        return false;
    }
    bool done = merge_run(&merge, err);
    const uint64_t matched = done ? change_matched(&merge.change) : 0;
    char note[128];
    char numbers[2][TEXT_NUMBER_SIZE];
    (void)snprintf(note, sizeof(note), "%s changed or deleted, %s inserted",
                   text_count(matched, numbers[0]), text_count(merge.inserted, numbers[1]));
    done = done && change_commit(&merge.change, "MERGE", note, matched + merge.inserted, err);
    schema_done(&merge.source);
    change_done(&merge.change);
    return done;
}

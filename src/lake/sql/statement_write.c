// INSERT in its forms (alone, behind WITH, many behind one FROM), TRUNCATE, DELETE, UPDATE.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include "base/text.h"

// What goes before each INSERT's own query: the tokens [begin, end) of WITH and of FROM. Equal
// indexes: nothing.
typedef struct InsertPrefix {
    size_t with_begin, with_end;
    size_t from_begin, from_end;
} InsertPrefix;

bool reader_column_name(Reader *reader, SqlName *ret_name)
{
    SqlName name;
    if (!reader_name(reader, "a column's name", &name)) {
        return false;
    }
    if (reader_take(reader, ".")) {
        free(name.name);
        if (!reader_name(reader, "a column's name", &name)) {
            return false;
        }
    }
    *ret_name = name;
    return true;
}

// (a, b) before a query, not the query in parentheses.
static bool insert_at_columns(const Reader *reader)
{
    return reader_is(reader, "(") && (reader_is_at(reader, 2, ",") || reader_is_at(reader, 2, ")"));
}

static bool insert_columns(Reader *reader, SqlInsert *insert)
{
    reader->at++;
    do {
        SqlName *column = ARRAY_ADD(insert->columns, insert->column_count);
        if (!reader_name(reader, "a column's name", column)) {
            return false;
        }
        for (size_t i = 0; i + 1 < insert->column_count; i++) {
            if (text_equal_nocase(insert->columns[i].name, column->name)) {
                return reader_fail_at(reader, column->at.begin, "\"%s\" is given twice",
                                      column->name);
            }
        }
    } while (reader_take(reader, ","));
    return reader_expect(reader, ")");
}

// With an outer WITH, a query that has its own is put into brackets: DuckDB takes one WITH.
static bool insert_query(Reader *reader, const InsertPrefix *prefix, const char *const *stops,
                         SqlInsert *insert)
{
    static const char *const KNOWN[] = {"SELECT", "VALUES",    "WITH",      "FROM",
                                        "TABLE",  "PARTITION", "OVERWRITE", NULL};
    if (!reader_at_query(reader)) {
        return reader_fail_expected(reader, "SELECT, VALUES or a query in parentheses", KNOWN);
    }
    const size_t begin = reader->at;
    const size_t offset = reader_peek(reader, 0)->begin;
    reader_skip_to(reader, stops);
    const bool has_with = prefix->with_begin < prefix->with_end;
    const bool has_from = prefix->from_begin < prefix->from_end;
    const bool is_nested =
        has_with && token_is(reader->script, &reader->list->tokens[begin], "WITH");
    SqlText *query = &insert->query;
    insert->query_at = reader_span(reader, begin, reader->at);
    if (has_with && !reader_translate(reader, prefix->with_begin, prefix->with_end, query)) {
        return false;
    }
    sql_text_add(query, has_with ? " " : "", offset);
    if (has_from && !reader_translate(reader, prefix->from_begin, prefix->from_end, query)) {
        return false;
    }
    sql_text_add(query, has_from ? " " : "", offset);
    sql_text_add(query, is_nested ? "SELECT * FROM (" : "", offset);
    if (!reader_translate(reader, begin, reader->at, query)) {
        return false;
    }
    sql_text_add(query, is_nested ? ")" : "", offset);
    return true;
}

// The cursor is on INSERT.
static bool insert_read(Reader *reader, const InsertPrefix *prefix, const char *const *stops,
                        Statement *statement)
{
    SqlInsert *insert = ARRAY_ADD(statement->inserts, statement->insert_count);
    reader->at++;
    static const char *const KNOWN[] = {"INTO", "OVERWRITE", NULL};
    insert->is_overwrite = reader_take(reader, "OVERWRITE");
    if (!insert->is_overwrite && !reader_take(reader, "INTO")) {
        return reader_fail_expected(reader, "INTO or OVERWRITE", KNOWN);
    }
    if (reader_is(reader, "DIRECTORY") && reader_peek(reader, 1)->kind == TOKEN_STRING) {
        return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin,
                                       "INSERT OVERWRITE DIRECTORY",
                                       "weir sql --format csv or json writes a query's rows.");
    }
    (void)reader_take(reader, "TABLE");
    if (!reader_table(reader, &insert->table)) {
        return false;
    }
    insert->has_partition = reader_is(reader, "PARTITION");
    if (insert->has_partition && !reader_partition(reader, PARTITION_DYNAMIC, &insert->partition)) {
        return false;
    }
    if (insert_at_columns(reader) && !insert_columns(reader, insert)) {
        return false;
    }
    return insert_query(reader, prefix, stops, insert);
}

bool statement_read_insert(Reader *reader, Statement *statement)
{
    static const char *const NO_STOPS[] = {NULL};
    statement->kind = STATEMENT_INSERT;
    return insert_read(reader, &(InsertPrefix){0}, NO_STOPS, statement);
}

// The cursor is on FROM. Where no INSERT follows, it is DuckDB's FROM-first query; the cursor is
// then back on FROM and *ret_is_insert false.
static bool multi_insert(Reader *reader, InsertPrefix *prefix, Statement *statement,
                         bool *ret_is_insert)
{
    static const char *const STOPS[] = {"INSERT", NULL};
    prefix->from_begin = reader->at;
    reader_skip_to(reader, STOPS);
    *ret_is_insert = !reader_at_end(reader);
    if (!*ret_is_insert) {
        reader->at = prefix->from_begin;
        return true;
    }
    prefix->from_end = reader->at;
    statement->kind = STATEMENT_INSERT;
    while (reader_is(reader, "INSERT")) {
        if (!insert_read(reader, prefix, STOPS, statement)) {
            return false;
        }
    }
    return true;
}

bool statement_read_from(Reader *reader, Statement *statement)
{
    InsertPrefix prefix = {0};
    bool is_insert;
    if (!multi_insert(reader, &prefix, statement, &is_insert)) {
        return false;
    }
    return is_insert || statement_read_query(reader, statement);
}

bool statement_read_with(Reader *reader, Statement *statement)
{
    static const char *const NO_STOPS[] = {NULL};
    static const char *const KNOWN[] = {"SELECT", "INSERT", "FROM", "VALUES", NULL};
    static const char *const WRITES[] = {"DELETE", "UPDATE", "MERGE", "CREATE"};
    InsertPrefix prefix = {.with_begin = reader->at};
    if (!reader_skip_with(reader)) {
        return false;
    }
    prefix.with_end = reader->at;
    if (reader_is(reader, "INSERT")) {
        statement->kind = STATEMENT_INSERT;
        return insert_read(reader, &prefix, NO_STOPS, statement);
    }
    for (size_t i = 0; i < ARRAY_LEN(WRITES); i++) {
        if (reader_is(reader, WRITES[i])) {
            CLEANUP(mem_free_text) char *what = mem_format("WITH before %s", WRITES[i]);
            return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, what,
                                           "Put the query into parentheses where it is used.");
        }
    }
    bool is_insert = false;
    if (reader_is(reader, "FROM") && !multi_insert(reader, &prefix, statement, &is_insert)) {
        return false;
    }
    if (is_insert) {
        return true;
    }
    if (!reader_at_query(reader)) {
        return reader_fail_expected(reader, "SELECT, VALUES, FROM or INSERT", KNOWN);
    }
    reader->at = prefix.with_begin;
    return statement_read_query(reader, statement);
}

bool statement_read_query(Reader *reader, Statement *statement)
{
    statement->kind = STATEMENT_QUERY;
    return reader_rest(reader, "a query", &statement->query);
}

bool statement_read_truncate(Reader *reader, Statement *statement)
{
    reader->at++;
    statement->kind = STATEMENT_TRUNCATE;
    return reader_expect(reader, "TABLE") && reader_table(reader, &statement->table)
           && reader_partitions(reader, PARTITION_CONSTANT, SIZE_MAX, statement);
}

static bool read_condition(Reader *reader, Statement *statement)
{
    return !reader_take(reader, "WHERE")
           || reader_rest(reader, "a condition", &statement->condition);
}

bool statement_read_delete(Reader *reader, Statement *statement)
{
    static const char *const STOPS[] = {"WHERE", "USING", NULL};
    reader->at++;
    statement->kind = STATEMENT_DELETE;
    if (!reader_expect(reader, "FROM") || !reader_table(reader, &statement->table)
        || !reader_alias(reader, STOPS, &statement->alias)) {
        return false;
    }
    if (reader_is(reader, "USING")) {
        return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, "DELETE ... USING",
                                       "MERGE INTO ... WHEN MATCHED THEN DELETE does it.");
    }
    return read_condition(reader, statement);
}

bool reader_assignments(Reader *reader, const char *const *stops, SqlAssignment **ret_assignments,
                        size_t *ret_count)
{
    if (reader_is(reader, "(")) {
        return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, "SET (a, b) = ...",
                                       "Assign each column by itself: SET a = ..., b = ....");
    }
    do {
        SqlAssignment *assignment = ARRAY_ADD(*ret_assignments, *ret_count);
        if (!reader_column_name(reader, &assignment->column)) {
            return false;
        }
        for (size_t i = 0; i + 1 < *ret_count; i++) {
            if (text_equal_nocase((*ret_assignments)[i].column.name, assignment->column.name)) {
                return reader_fail_at(reader, assignment->column.at.begin, "\"%s\" is set twice",
                                      assignment->column.name);
            }
        }
        if (!(reader_take(reader, "==") || reader_expect(reader, "="))
            || !reader_part(reader, "an expression", stops, &assignment->value)) {
            return false;
        }
    } while (reader_take(reader, ","));
    return true;
}

bool statement_read_update(Reader *reader, Statement *statement)
{
    static const char *const ALIAS_STOPS[] = {"SET", NULL};
    static const char *const STOPS[] = {",", "WHERE", "FROM", NULL};
    reader->at++;
    statement->kind = STATEMENT_UPDATE;
    if (!reader_table(reader, &statement->table)
        || !reader_alias(reader, ALIAS_STOPS, &statement->alias) || !reader_expect(reader, "SET")
        || !reader_assignments(reader, STOPS, &statement->assignments,
                               &statement->assignment_count)) {
        return false;
    }
    if (reader_is(reader, "FROM")) {
        return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, "UPDATE ... FROM",
                                       "MERGE INTO ... WHEN MATCHED THEN UPDATE does it.");
    }
    return read_condition(reader, statement);
}

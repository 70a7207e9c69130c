// Statements that ask: SHOW, DESC, EXPLAIN; and SET.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

bool statement_read_show(Reader *reader, Statement *statement)
{
    reader->at++;
    if (reader_take(reader, "TABLES")) {
        statement->kind = STATEMENT_SHOW_TABLES;
        if (reader_is(reader, "IN")) {
            return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, "SHOW TABLES IN",
                                           "A lake has one set of tables; --lake names another.");
        }
        return !reader_take(reader, "LIKE")
               || reader_string(reader, "a 'pattern'", &statement->like);
    }
    if (reader_take(reader, "PARTITIONS")) {
        statement->kind = STATEMENT_SHOW_PARTITIONS;
        return reader_table(reader, &statement->table)
               && reader_partitions(reader, PARTITION_CONSTANT, 1, statement);
    }
    reader->at += 2;
    statement->kind = STATEMENT_SHOW_CREATE_TABLE;
    return reader_table(reader, &statement->table);
}

bool statement_read_desc(Reader *reader, Statement *statement)
{
    reader->at++;
    if (reader_at_query(reader) && !reader_is(reader, "TABLE")) {
        reader->at--;
        // DuckDB knows one spelling.
        const Token *word = reader_peek(reader, 0);
        sql_text_add(&statement->query, "DESCRIBE ", word->begin);
        reader->at++;
        statement->kind = STATEMENT_QUERY;
        return reader_rest(reader, "a query", &statement->query);
    }
    statement->kind = STATEMENT_DESC;
    (void)reader_take(reader, "TABLE");
    // A table may be called so: then no name follows.
    const bool is_followed = reader->end - reader->at > 1;
    statement->is_extended =
        is_followed && (reader_take(reader, "EXTENDED") || reader_take(reader, "FORMATTED"));
    return reader_table(reader, &statement->table)
           && reader_partitions(reader, PARTITION_CONSTANT, 1, statement);
}

bool statement_read_explain(Reader *reader, Statement *statement)
{
    static const char *const KNOWN[] = {"SELECT", "WITH", "FROM", "VALUES", "ANALYZE", NULL};
    reader->at++;
    statement->kind = STATEMENT_EXPLAIN;
    statement->is_extended = reader_take(reader, "ANALYZE");
    if (reader_at_query(reader)) {
        return reader_rest(reader, "a query", &statement->query);
    }
    if (reader_is(reader, "INSERT")) {
        return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, "EXPLAIN INSERT",
                                       "EXPLAIN the query alone: EXPLAIN SELECT ....");
    }
    return reader_fail_expected(reader, "a query", KNOWN);
}

bool statement_read_set(Reader *reader, Statement *statement)
{
    reader->at++;
    statement->kind = STATEMENT_SET;
    const size_t begin = reader->at;
    static const char *const SIGN[] = {"=", NULL};
    reader_skip_to(reader, SIGN);
    if (reader->at == begin) {
        return reader_fail_expected(reader, "a setting's name", /* words= */ NULL);
    }
    const Span name = reader_span(reader, begin, reader->at);
    if (!reader_expect(reader, "=")) {
        return false;
    }
    const size_t value_begin = reader->at;
    static const char *const NOTHING[] = {NULL};
    reader_skip_to(reader, NOTHING);
    if (reader->at == value_begin) {
        return reader_fail_expected(reader, "a value", /* words= */ NULL);
    }
    const Span value = reader_span(reader, value_begin, reader->at);
    statement->name = mem_copy_bytes(reader->script + name.begin, name.end - name.begin);
    statement->value = mem_copy_bytes(reader->script + value.begin, value.end - value.begin);
    return true;
}

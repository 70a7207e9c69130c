// MERGE INTO t USING s ON ... WHEN MATCHED ... WHEN NOT MATCHED ...
#include "base/base.h"

#include "lake/sql/statement_internal.h"

static const char *const CLAUSE_STOPS[] = {"WHEN", NULL};

// [(columns)] VALUES (expressions), or *.
static bool merge_insert(Reader *reader, SqlMergeClause *clause)
{
    clause->action = SQL_MERGE_INSERT;
    if (reader_take(reader, "*")) {
        return true;
    }
    const bool has_columns = reader_take(reader, "(");
    if (has_columns) {
        do {
            SqlAssignment *assignment = ARRAY_ADD(clause->assignments, clause->assignment_count);
            if (!reader_column_name(reader, &assignment->column)) {
                return false;
            }
        } while (reader_take(reader, ","));
        if (!reader_expect(reader, ")")) {
            return false;
        }
    }
    if (!reader_expect(reader, "VALUES") || !reader_expect(reader, "(")) {
        return false;
    }
    static const char *const STOPS[] = {",", ")", NULL};
    const size_t offset = reader_peek(reader, 0)->begin;
    size_t count = 0;
    do {
        if (!has_columns) {
            (void)ARRAY_ADD(clause->assignments, clause->assignment_count);
        }
        if (count == clause->assignment_count) {
            return reader_fail(reader, "there are more values than the %zu columns", count);
        }
        if (!reader_part(reader, "a value", STOPS, &clause->assignments[count].value)) {
            return false;
        }
        count++;
    } while (reader_take(reader, ","));
    if (count < clause->assignment_count) {
        return reader_fail_at(reader, offset, "there are %zu values for %zu columns", count,
                              clause->assignment_count);
    }
    return reader_expect(reader, ")");
}

static bool merge_action(Reader *reader, bool is_matched, SqlMergeClause *clause)
{
    static const char *const STOPS[] = {",", "WHEN", NULL};
    static const char *const OF_MATCHED[] = {"UPDATE", "DELETE", NULL};
    static const char *const OF_NOT_MATCHED[] = {"INSERT", NULL};
    if (!is_matched) {
        return reader_take(reader, "INSERT")
                   ? merge_insert(reader, clause)
                   : reader_fail_expected(reader, "INSERT", OF_NOT_MATCHED);
    }
    if (reader_take(reader, "DELETE")) {
        clause->action = SQL_MERGE_DELETE;
        return true;
    }
    if (!reader_take(reader, "UPDATE")) {
        return reader_fail_expected(reader, "UPDATE or DELETE", OF_MATCHED);
    }
    clause->action = SQL_MERGE_UPDATE;
    if (!reader_expect(reader, "SET")) {
        return false;
    }
    return reader_take(reader, "*")
           || reader_assignments(reader, STOPS, &clause->assignments, &clause->assignment_count);
}

static bool merge_clause(Reader *reader, SqlMerge *merge)
{
    static const char *const THEN[] = {"THEN", NULL};
    const size_t begin = reader->at;
    SqlMergeClause *clause = ARRAY_ADD(merge->clauses, merge->clause_count);
    if (!reader_expect(reader, "WHEN")) {
        return false;
    }
    const bool is_matched = !reader_take(reader, "NOT");
    if (!reader_expect(reader, "MATCHED")) {
        return false;
    }
    if (reader_take(reader, "BY")) {
        if (reader_is(reader, "SOURCE")) {
            return reader_fail_unsupported(
                reader, reader_peek(reader, 0)->begin, "WHEN NOT MATCHED BY SOURCE",
                "DELETE FROM ... WHERE NOT EXISTS (...) does it as a statement of its own.");
        }
        if (!reader_expect(reader, "TARGET")) {
            return false;
        }
    }
    if (reader_take(reader, "AND")
        && !reader_part(reader, "a condition", THEN, &clause->condition)) {
        return false;
    }
    if (!reader_expect(reader, "THEN") || !merge_action(reader, is_matched, clause)) {
        return false;
    }
    clause->at = reader_span(reader, begin, reader->at);
    return true;
}

static bool merge_source(Reader *reader, SqlMerge *merge)
{
    static const char *const STOPS[] = {"ON", NULL};
    const size_t begin = reader->at;
    SqlTable table = {0};
    if (reader_is(reader, "(")) {
        reader->at = reader_peek(reader, 0)->match + 1;
    } else if (!reader_table(reader, &table)) {
        return false;
    }
    CLEANUP(mem_free_text) char *name = table.name;
    if (!reader_translate(reader, begin, reader->at, &merge->source)
        || !reader_alias(reader, STOPS, &merge->source_alias)) {
        return false;
    }
    if (merge->source_alias == NULL && name != NULL) {
        merge->source_alias = mem_copy_text(name);
    }
    return merge->source_alias != NULL
           || reader_fail_expected(reader, "a name for the query", /* words= */ NULL);
}

bool statement_read_merge(Reader *reader, Statement *statement)
{
    static const char *const ALIAS_STOPS[] = {"USING", NULL};
    SqlMerge *merge = &statement->merge;
    reader->at++;
    statement->kind = STATEMENT_MERGE;
    if (!reader_expect(reader, "INTO")) {
        return false;
    }
    (void)reader_take(reader, "TABLE");
    if (!reader_table(reader, &statement->table)
        || !reader_alias(reader, ALIAS_STOPS, &statement->alias) || !reader_expect(reader, "USING")
        || !merge_source(reader, merge) || !reader_expect(reader, "ON")
        || !reader_part(reader, "a condition", CLAUSE_STOPS, &merge->on)) {
        return false;
    }
    do {
        if (!merge_clause(reader, merge)) {
            return false;
        }
    } while (!reader_at_end(reader));
    return true;
}

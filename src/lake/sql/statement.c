// Cuts a script into statements at its semicolons and hands each to the file that reads its kind.
// The rest of this file is what all statements share: names of kinds and freeing.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include "base/text.h"

typedef struct StatementHead {
    const char *words;
    bool (*read)(Reader *reader, Statement *statement);
} StatementHead;

static const StatementHead HEADS[] = {
    {"CREATE TABLE", statement_read_create},
    {"CREATE EXTERNAL TABLE", statement_read_create},
    {"DROP TABLE", statement_read_drop},
    {"ALTER TABLE", statement_read_alter},
    {"INSERT", statement_read_insert},
    {"WITH", statement_read_with},
    {"FROM", statement_read_from},
    {"SELECT", statement_read_query},
    {"VALUES", statement_read_query},
    {"SUMMARIZE", statement_read_query},
    {"PIVOT", statement_read_query},
    {"UNPIVOT", statement_read_query},
    {"TABLE", statement_read_query},
    {"(", statement_read_query},
    {"TRUNCATE", statement_read_truncate},
    {"DELETE", statement_read_delete},
    {"UPDATE", statement_read_update},
    {"MERGE", statement_read_merge},
    {"SHOW TABLES", statement_read_show},
    {"SHOW PARTITIONS", statement_read_show},
    {"SHOW CREATE TABLE", statement_read_show},
    {"DESC", statement_read_desc},
    {"DESCRIBE", statement_read_desc},
    {"EXPLAIN", statement_read_explain},
    {"SET", statement_read_set},
};

static bool statement_read(Reader *reader, Statement *statement)
{
    const size_t begin = reader->at;
    for (size_t i = 0; i < ARRAY_LEN(HEADS); i++) {
        const bool is_it = reader_take(reader, HEADS[i].words);
        reader->at = begin;
        if (is_it) {
            return HEADS[i].read(reader, statement) && reader_expect_end(reader);
        }
    }
    return statement_refuse(reader);
}

// Over the semicolons from `at` on; the index of the one that ends the next statement, or of the
// list's end, in *ret_end.
static size_t statement_bounds(const char *text, const TokenList *list, size_t at, size_t *ret_end)
{
    while (token_is(text, &list->tokens[at], ";")) {
        at++;
    }
    size_t end = at;
    while (list->tokens[end].kind != TOKEN_END && !token_is(text, &list->tokens[end], ";")) {
        end++;
    }
    *ret_end = end;
    return at;
}

static bool script_read(Script *script, const TokenList *list, Err *err)
{
    size_t at = 0;
    for (;;) {
        Reader reader = {.name = script->name, .script = script->text, .list = list, .err = err};
        reader.at = statement_bounds(script->text, list, at, &reader.end);
        if (reader_at_end(&reader)) {
            return true;
        }
        at = reader.end;
        const Span span = reader_span(&reader, reader.at, reader.end);
        Statement *statement = ARRAY_ADD(script->statements, script->count);
        statement->at = span;
        if (!statement_read(&reader, statement)) {
            return false;
        }
    }
}

// Where the first line with a byte that is no UTF-8 begins, or SIZE_MAX.
static size_t bad_utf8(const char *text, size_t len)
{
    if (text_is_utf8(text, len)) {
        return SIZE_MAX;
    }
    size_t begin = 0;
    for (;;) {
        const char *end = memchr(text + begin, '\n', len - begin);
        const size_t line = end == NULL ? len - begin : (size_t)(end - text) - begin;
        if (end == NULL || !text_is_utf8(text + begin, line)) {
            return begin;
        }
        begin += line + 1;
    }
}

bool sql_parse(const char *name, const char *text, size_t len, Script **ret_script, Err *err)
{
    Script *script = mem_alloc(sizeof(*script));
    script->name = mem_copy_text(name);
    script->text = mem_copy_bytes(text, len);
    TokenList list;
    token_list_read(script->text, len, &list);
    const size_t bad = bad_utf8(text, len);
    const char *nul = memchr(text, '\0', len);
    bool done = true;
    if (nul != NULL) {
        done = sql_fail(err, name, script->text, (size_t)(nul - text), "a NUL byte is no SQL");
    } else if (bad != SIZE_MAX) {
        done = sql_fail(err, name, script->text, bad, "this line is not UTF-8");
    } else if (list.fault != NULL) {
        done = sql_fail(err, name, script->text, list.fault_at, "%s", list.fault);
    }
    done = done && script_read(script, &list, err);
    token_list_done(&list);
    if (!done) {
        script_free(script);
        return false;
    }
    *ret_script = script;
    return true;
}

bool sql_is_incomplete(const char *text, size_t len)
{
    TokenList list;
    token_list_read(text, len, &list);
    const Token *last = list.count < 2 ? NULL : &list.tokens[list.count - 2];
    const bool is_incomplete =
        list.fault != NULL ? list.is_open : last != NULL && !token_is(text, last, ";");
    token_list_done(&list);
    return is_incomplete;
}

static void partitions_free(SqlPartition *partitions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < partitions[i].count; j++) {
            free(partitions[i].parts[j].column);
            free(partitions[i].parts[j].value);
        }
        free(partitions[i].parts);
    }
}

static void assignments_free(SqlAssignment *assignments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(assignments[i].column.name);
        sql_text_done(&assignments[i].value);
    }
    free(assignments);
}

static void inserts_free(SqlInsert *inserts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(inserts[i].table.name);
        partitions_free(&inserts[i].partition, 1);
        for (size_t j = 0; j < inserts[i].column_count; j++) {
            free(inserts[i].columns[j].name);
        }
        free(inserts[i].columns);
        sql_text_done(&inserts[i].query);
    }
    free(inserts);
}

static void merge_done(SqlMerge *merge)
{
    for (size_t i = 0; i < merge->clause_count; i++) {
        sql_text_done(&merge->clauses[i].condition);
        assignments_free(merge->clauses[i].assignments, merge->clauses[i].assignment_count);
    }
    free(merge->clauses);
    free(merge->source_alias);
    sql_text_done(&merge->source);
    sql_text_done(&merge->on);
}

static void statement_done(Statement *statement)
{
    free(statement->table.name);
    free(statement->other.name);
    schema_done(&statement->schema);
    for (size_t i = 0; i < statement->partition_column_count; i++) {
        free(statement->partition_columns[i]);
    }
    free(statement->partition_columns);
    free(statement->comment);
    for (size_t i = 0; i < statement->property_count; i++) {
        free(statement->properties[i].key);
        free(statement->properties[i].value);
    }
    free(statement->properties);
    partitions_free(statement->partitions, statement->partition_count);
    free(statement->partitions);
    inserts_free(statement->inserts, statement->insert_count);
    sql_text_done(&statement->query);
    free(statement->alias);
    assignments_free(statement->assignments, statement->assignment_count);
    sql_text_done(&statement->condition);
    merge_done(&statement->merge);
    free(statement->like);
    free(statement->name);
    free(statement->value);
}

void script_free(Script *script)
{
    if (script == NULL) {
        return;
    }
    for (size_t i = 0; i < script->count; i++) {
        statement_done(&script->statements[i]);
    }
    free(script->statements);
    free(script->name);
    free(script->text);
    free(script);
}

const char *statement_kind_name(StatementKind kind)
{
    static const char *const NAMES[] = {
        [STATEMENT_QUERY] = "SELECT",
        [STATEMENT_EXPLAIN] = "EXPLAIN",
        [STATEMENT_CREATE_TABLE] = "CREATE TABLE",
        [STATEMENT_CREATE_TABLE_LIKE] = "CREATE TABLE LIKE",
        [STATEMENT_CREATE_TABLE_AS] = "CREATE TABLE AS",
        [STATEMENT_DROP_TABLE] = "DROP TABLE",
        [STATEMENT_ADD_PARTITION] = "ADD PARTITION",
        [STATEMENT_DROP_PARTITION] = "DROP PARTITION",
        [STATEMENT_ADD_COLUMNS] = "ADD COLUMNS",
        [STATEMENT_RENAME_TABLE] = "RENAME TABLE",
        [STATEMENT_RENAME_PARTITION] = "RENAME PARTITION",
        [STATEMENT_SET_LIFECYCLE] = "SET LIFECYCLE",
        [STATEMENT_ENABLE_LIFECYCLE] = "ENABLE LIFECYCLE",
        [STATEMENT_DISABLE_LIFECYCLE] = "DISABLE LIFECYCLE",
        [STATEMENT_TOUCH] = "TOUCH",
        [STATEMENT_SET_COMMENT] = "SET COMMENT",
        [STATEMENT_SET_PROPERTIES] = "SET TBLPROPERTIES",
        [STATEMENT_INSERT] = "INSERT",
        [STATEMENT_TRUNCATE] = "TRUNCATE",
        [STATEMENT_DELETE] = "DELETE",
        [STATEMENT_UPDATE] = "UPDATE",
        [STATEMENT_MERGE] = "MERGE",
        [STATEMENT_SHOW_TABLES] = "SHOW TABLES",
        [STATEMENT_SHOW_PARTITIONS] = "SHOW PARTITIONS",
        [STATEMENT_SHOW_CREATE_TABLE] = "SHOW CREATE TABLE",
        [STATEMENT_DESC] = "DESC",
        [STATEMENT_SET] = "SET",
    };
    return NAMES[kind];
}

// Any text must be read as statements or be refused with a place in it; what is handed to DuckDB
// must stand somewhere in the script. Whether DuckDB takes it is not asked.
#include "base/base.h"

#include "lake/sql/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const SqlText *text, size_t len)
{
    for (size_t i = 0; i < text->text.len; i++) {
        if (sql_text_origin(text, i) >= len) {
            abort();
        }
    }
    if (strlen(buf_text(&text->text)) != text->text.len) {
        abort();
    }
}

static void check_statement(const Statement *statement, size_t len)
{
    if (statement->at.begin >= statement->at.end || statement->at.end > len
        || statement_kind_name(statement->kind) == NULL) {
        abort();
    }
    check(&statement->query, len);
    check(&statement->condition, len);
    for (size_t i = 0; i < statement->insert_count; i++) {
        check(&statement->inserts[i].query, len);
    }
    for (size_t i = 0; i < statement->merge.clause_count; i++) {
        check(&statement->merge.clauses[i].condition, len);
    }
    check(&statement->merge.on, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A copy of the exact length: reading past its end is seen.
    CLEANUP(mem_free_text) char *text = size == 0 ? NULL : memcpy(mem_alloc(size), data, size);
    const char *begin = text == NULL ? "" : text;
    Script *script;
    Err err = {0};
    const bool is_incomplete = sql_is_incomplete(begin, size);
    if (!sql_parse(/* name= */ NULL, begin, size, &script, &err)) {
        if (err.kind != FAIL_CONFIG || strncmp(err.message, "line ", 5) != 0) {
            abort();
        }
        return 0;
    }
    if (is_incomplete && script->count == 0) {
        abort();
    }
    for (size_t i = 0; i < script->count; i++) {
        check_statement(&script->statements[i], size);
    }
    script_free(script);
    return 0;
}

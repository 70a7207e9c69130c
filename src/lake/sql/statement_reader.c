// The cursor over a script's tokens: looking, taking, and saying where and why not.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "lake/sql/translate.h"

// Words that cannot be meant as a name where one is expected: then the name is missing.
static const char *const RESERVED[] = {
    "ADD",     "ALTER",  "AND",       "AS",     "CASE",  "COMMENT", "CREATE", "DELETE", "DROP",
    "ELSE",    "EXISTS", "FROM",      "GROUP",  "IF",    "IN",      "INSERT", "INTO",   "JOIN",
    "LIKE",    "NOT",    "NULL",      "ON",     "OR",    "ORDER",   "SELECT", "SET",    "TABLE",
    "THEN",    "TO",     "PARTITION", "UPDATE", "USING", "VALUES",  "WHEN",   "WHERE",  "WITH",
    "LATERAL", "UNION",  "HAVING",    "LIMIT",  "MERGE", NULL,
};

const Token *reader_peek(const Reader *reader, size_t ahead)
{
    const size_t left = reader->end - reader->at;
    return &reader->list->tokens[ahead < left ? reader->at + ahead : reader->end];
}

bool reader_is_at(const Reader *reader, size_t ahead, const char *word)
{
    return ahead < reader->end - reader->at
           && token_is(reader->script, reader_peek(reader, ahead), word);
}

bool reader_is(const Reader *reader, const char *word)
{
    return reader_is_at(reader, 0, word);
}

bool reader_at_end(const Reader *reader)
{
    return reader->at >= reader->end;
}

bool reader_take(Reader *reader, const char *words)
{
    size_t count = 0;
    while (*words != '\0') {
        char word[24] = "";
        const size_t len = strcspn(words, " ");
        assert(len < sizeof(word));
        memcpy(word, words, len);
        if (!reader_is_at(reader, count, word)) {
            return false;
        }
        count++;
        words += len + (words[len] == ' ');
    }
    reader->at += count;
    return true;
}

bool reader_expect(Reader *reader, const char *words)
{
    if (reader_take(reader, words)) {
        return true;
    }
    const char *const known[] = {words, NULL};
    CLEANUP(mem_free_text) char *expected = mem_format("\"%s\"", words);
    return reader_fail_expected(reader, expected, known);
}

bool reader_expect_end(Reader *reader)
{
    return reader_at_end(reader)
           || reader_fail_expected(reader, "the end of the statement", /* words= */ NULL);
}

PRINTF(3, 0)
static bool reader_fail_va(Reader *reader, size_t offset, const char *format, va_list args)
{
    char message[sizeof(reader->err->message)];
    (void)vsnprintf(message, sizeof(message), format, args);
    return sql_fail(reader->err, reader->name, reader->script, offset, "%s", message);
}

bool reader_fail(Reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)reader_fail_va(reader, reader_peek(reader, 0)->begin, format, args);
    va_end(args);
    return false;
}

bool reader_fail_at(Reader *reader, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)reader_fail_va(reader, offset, format, args);
    va_end(args);
    return false;
}

bool reader_fail_expected(Reader *reader, const char *expected, const char *const *words)
{
    const Token *token = reader_peek(reader, 0);
    if (reader_at_end(reader)) {
        // Where the statement stops, not where the semicolon or the file's last line is.
        const size_t offset =
            reader->at == 0 ? token->begin : reader->list->tokens[reader->at - 1].end;
        return reader_fail_at(reader, offset, "expected %s, but the statement ends here", expected);
    }
    CLEANUP(mem_free_text)
    char *found = mem_copy_bytes(reader->script + token->begin, token->end - token->begin);
    (void)reader_fail(reader, "expected %s before \"%.60s\"", expected, found);
    const char *nearest =
        words == NULL || token->kind != TOKEN_WORD ? NULL : text_nearest(found, words);
    return nearest != NULL && fail_hint(reader->err, "Did you mean \"%s\"?", nearest);
}

bool reader_fail_unsupported(Reader *reader, size_t offset, const char *what, const char *hint)
{
    (void)reader_fail_at(reader, offset, "unsupported: %s", what);
    return hint != NULL && fail_hint(reader->err, "%s", hint);
}

static bool reader_at_reserved(const Reader *reader)
{
    for (const char *const *word = RESERVED; *word != NULL; word++) {
        if (reader_is(reader, *word)) {
            return true;
        }
    }
    return false;
}

bool reader_name(Reader *reader, const char *what, SqlName *ret_name)
{
    const Token *token = reader_peek(reader, 0);
    if (reader_at_end(reader) || (token->kind != TOKEN_WORD && token->kind != TOKEN_NAME)) {
        return reader_fail_expected(reader, what, /* words= */ NULL);
    }
    if (reader_at_reserved(reader)) {
        (void)reader_fail_expected(reader, what, /* words= */ NULL);
        return fail_hint(reader->err, "A name that is also a word of SQL stands in `backquotes`.");
    }
    *ret_name = (SqlName){token_value(reader->script, token), {token->begin, token->end}};
    reader->at++;
    return true;
}

// A table's name becomes a folder's.
static bool reader_check_table(Reader *reader, const SqlName *name)
{
    for (const char *at = name->name; *at != '\0'; at++) {
        if (*at == '/' || *at == '\\' || (unsigned char)*at < 0x20 || *at == 0x7F) {
            return reader_fail_at(reader, name->at.begin,
                                  "a table's name holds no slash and no control character");
        }
    }
    if (name->name[0] == '.' || strlen(name->name) > 200) {
        return reader_fail_at(reader, name->at.begin,
                              "a table's name begins with no dot and has at most 200 bytes");
    }
    return true;
}

bool reader_table(Reader *reader, SqlTable *ret_table)
{
    SqlName name;
    if (!reader_name(reader, "a table's name", &name)) {
        return false;
    }
    bool is_good = reader_check_table(reader, &name);
    if (is_good && reader_is(reader, ".")) {
        is_good =
            reader_fail_unsupported(reader, name.at.begin, "the table of another project",
                                    "A lake has one set of tables: write the table's name alone.");
    }
    if (!is_good) {
        free(name.name);
        return false;
    }
    free(ret_table->name);
    *ret_table = (SqlTable){name.name, name.at};
    return true;
}

bool reader_string(Reader *reader, const char *what, char **text)
{
    const Token *token = reader_peek(reader, 0);
    if (reader_at_end(reader) || token->kind != TOKEN_STRING) {
        (void)reader_fail_expected(reader, what, /* words= */ NULL);
        return token->kind == TOKEN_NAME
               && fail_hint(reader->err, "Text stands in 'single quotes'.");
    }
    free(*text);
    *text = token_value(reader->script, token);
    reader->at++;
    return true;
}

bool reader_integer(Reader *reader, const char *what, int max, int *ret_value)
{
    const Token *token = reader_peek(reader, 0);
    if (reader_at_end(reader) || token->kind != TOKEN_NUMBER) {
        return reader_fail_expected(reader, what, /* words= */ NULL);
    }
    CLEANUP(mem_free_text) char *text = token_value(reader->script, token);
    int64_t value;
    if (!text_parse_int(text, 0, max, &value)) {
        return reader_fail(reader, "%s is a whole number up to %d, not %.40s", what, max, text);
    }
    *ret_value = (int)value;
    reader->at++;
    return true;
}

bool reader_alias(Reader *reader, const char *const *stops, char **ret_alias)
{
    if (!reader_take(reader, "AS")) {
        if (reader_at_end(reader)) {
            return true;
        }
        for (; *stops != NULL; stops++) {
            if (reader_is(reader, *stops)) {
                return true;
            }
        }
    }
    SqlName name;
    if (!reader_name(reader, "another name of the table", &name)) {
        return false;
    }
    free(*ret_alias);
    *ret_alias = name.name;
    return true;
}

void reader_skip_to(Reader *reader, const char *const *words)
{
    size_t cases = 0;
    for (; !reader_at_end(reader); reader->at++) {
        for (const char *const *word = words; cases == 0 && *word != NULL; word++) {
            if (reader_is(reader, *word)) {
                return;
            }
        }
        const Token *token = reader_peek(reader, 0);
        if (token->match != SIZE_MAX && token->match > reader->at) {
            reader->at = token->match;
        } else if (token_is(reader->script, token, "CASE")) {
            cases++;
        } else if (cases > 0 && token_is(reader->script, token, "END")) {
            cases--;
        }
    }
}

Span reader_span(const Reader *reader, size_t begin, size_t end)
{
    const Token *tokens = reader->list->tokens;
    return begin >= end ? (Span){tokens[begin].begin, tokens[begin].begin}
                        : (Span){tokens[begin].begin, tokens[end - 1].end};
}

bool reader_translate(Reader *reader, size_t begin, size_t end, SqlText *out)
{
    const Translation translation = {reader->name, reader->script, reader->list, begin, end};
    return translate_tokens(&translation, out, reader->err);
}

bool reader_part(Reader *reader, const char *what, const char *const *stops, SqlText *out)
{
    const size_t begin = reader->at;
    reader_skip_to(reader, stops);
    if (reader->at == begin) {
        return reader_fail_expected(reader, what, /* words= */ NULL);
    }
    return reader_translate(reader, begin, reader->at, out);
}

bool reader_rest(Reader *reader, const char *what, SqlText *out)
{
    static const char *const NOTHING[] = {NULL};
    return reader_part(reader, what, NOTHING, out);
}

bool reader_at_query(const Reader *reader)
{
    static const char *const WORDS[] = {"SELECT", "FROM",  "VALUES",    "(",      "WITH",
                                        "PIVOT",  "TABLE", "SUMMARIZE", "UNPIVOT"};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (reader_is(reader, WORDS[i])) {
            return true;
        }
    }
    return false;
}

bool reader_skip_with(Reader *reader)
{
    static const char *const AS[] = {"AS", ",", "SELECT", NULL};
    reader->at++;
    (void)reader_take(reader, "RECURSIVE");
    do {
        SqlName name;
        if (!reader_name(reader, "the name of a query", &name)) {
            return false;
        }
        free(name.name);
        reader_skip_to(reader, AS);  // over (columns) and USING KEY (...)
        if (!reader_expect(reader, "AS")) {
            return false;
        }
        (void)reader_take(reader, "NOT");
        (void)reader_take(reader, "MATERIALIZED");
        if (!reader_is(reader, "(")) {
            return reader_fail_expected(reader, "a query in parentheses", /* words= */ NULL);
        }
        reader->at = reader_peek(reader, 0)->match + 1;
    } while (reader_take(reader, ","));
    return true;
}

void *array_grow(void *array, size_t *count, size_t size)
{
    char *grown = mem_grow(array, (*count + 1) * size);
    memset(grown + *count * size, 0, size);
    *count += 1;
    return grown;
}

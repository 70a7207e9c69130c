// For the files that read statements: a cursor over the tokens of a script, and what each file adds
// to it. A function that reads leaves the cursor behind what it has read; false means that the
// error is set.
#pragma once

#include "lake/sql/statement.h"
#include "lake/sql/token.h"

typedef struct Reader {
    const char *name;    // of the script; may be NULL
    const char *script;  // ends with a NUL
    const TokenList *list;
    size_t at;   // index of the next token
    size_t end;  // index of the token that ends the statement: a semicolon or the end
    Err *err;
} Reader;

// The token `ahead` of the next one; past the statement's end: the one that ends it.
const Token *reader_peek(const Reader *reader, size_t ahead);
bool reader_is(const Reader *reader, const char *word);  // the next token is it
bool reader_is_at(const Reader *reader, size_t ahead, const char *word);
bool reader_at_end(const Reader *reader);
// Goes over the word, or the words with blanks between them, where they stand there.
bool reader_take(Reader *reader, const char *words);
// The same, and an error where they do not.
bool reader_expect(Reader *reader, const char *words) MUST_CHECK;
// Nothing may follow any more.
bool reader_expect_end(Reader *reader) MUST_CHECK;

// Errors; all return false. At the next token, or at a place of the script.
bool reader_fail(Reader *reader, const char *format, ...) PRINTF(2, 3);
bool reader_fail_at(Reader *reader, size_t offset, const char *format, ...) PRINTF(3, 4);
// "expected X before "Y""; where Y is nearly one of the words (NULL-terminated, may be NULL): a
// hint.
bool reader_fail_expected(Reader *reader, const char *expected, const char *const *words);
// "unsupported: WHAT", with what to do instead in the hint.
bool reader_fail_unsupported(Reader *reader, size_t offset, const char *what, const char *hint);

// A name, in quotes or not; `what` is for the message: "a column's name".
bool reader_name(Reader *reader, const char *what, SqlName *ret_name) MUST_CHECK;
bool reader_table(Reader *reader, SqlTable *ret_table) MUST_CHECK;
// 'text'. What was in *text is freed.
bool reader_string(Reader *reader, const char *what, char **text) MUST_CHECK;
bool reader_integer(Reader *reader, const char *what, int max, int *ret_value) MUST_CHECK;
// [AS] alias, where one of `stops` (NULL-terminated) does not follow.
bool reader_alias(Reader *reader, const char *const *stops, char **ret_alias) MUST_CHECK;

// Goes over tokens up to one of the words outside of brackets and of CASE ... END, or the
// statement's end.
void reader_skip_to(Reader *reader, const char *const *words);
// Appends the tokens [begin, end) to `out` in DuckDB's spelling.
bool reader_translate(Reader *reader, size_t begin, size_t end, SqlText *out) MUST_CHECK;
// From the cursor to the statement's end; an error where that is nothing.
bool reader_rest(Reader *reader, const char *what, SqlText *out) MUST_CHECK;
// From the cursor up to one of the words; an error where that is nothing.
bool reader_part(Reader *reader, const char *what, const char *const *stops, SqlText *out)
    MUST_CHECK;
Span reader_span(const Reader *reader, size_t begin, size_t end);

// Whether a query begins at the cursor: SELECT, FROM, VALUES, an opening parenthesis ...
bool reader_at_query(const Reader *reader);
// The cursor is on WITH: over its list of queries.
bool reader_skip_with(Reader *reader) MUST_CHECK;

// statement_partition.c. The cursor is on PARTITION. `has_value`: each column needs one.
typedef enum PartitionUse {
    PARTITION_CONSTANT,  // ds='x'
    PARTITION_DYNAMIC,   // ds='x', region
    PARTITION_FILTER,    // ds >= 'x' AND ds < 'y'
} PartitionUse;
bool reader_partition(Reader *reader, PartitionUse use, SqlPartition *ret_partition) MUST_CHECK;
// Any number of them, with or without commas between them; at most `max`.
bool reader_partitions(Reader *reader, PartitionUse use, size_t max, Statement *statement)
    MUST_CHECK;

// statement_type.c.
bool reader_type(Reader *reader, Type *ret_type, char **ret_source_type) MUST_CHECK;
// (name type [NOT NULL] [COMMENT 'text'], ...): appended to the schema.
bool reader_columns(Reader *reader, Schema *schema) MUST_CHECK;
// The column at the cursor, without parentheses.
bool reader_column(Reader *reader, Schema *schema) MUST_CHECK;

// One statement each; the cursor is on its first word.
bool statement_read_create(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_drop(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_alter(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_insert(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_with(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_from(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_query(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_truncate(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_delete(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_update(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_merge(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_show(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_desc(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_explain(Reader *reader, Statement *statement) MUST_CHECK;
bool statement_read_set(Reader *reader, Statement *statement) MUST_CHECK;
// statement_refuse.c: what is known and not done here, and what is not known at all.
bool statement_refuse(Reader *reader);

// The column of an assignment or an INSERT's list: [t.]name.
bool reader_column_name(Reader *reader, SqlName *ret_name) MUST_CHECK;
bool reader_assignments(Reader *reader, const char *const *stops, SqlAssignment **ret_assignments,
                        size_t *ret_count) MUST_CHECK;
// Makes an array of *count elements of `size` bytes longer by one, which is zeroed.
void *array_grow(void *array, size_t *count, size_t size) MUST_CHECK;
// A pointer to the new element, which must be used at once: the array may move with the next.
#define ARRAY_ADD(array, count) \
    ((array) = array_grow((array), &(count), sizeof(*(array))), &(array)[(count)-1])

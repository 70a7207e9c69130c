// MaxCompute's type names as weir's types, and lists of columns.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include "base/text.h"

typedef struct TypeName {
    const char *name;
    Type type;
    int length_max;  // varchar(n), char(n): 0 where none may be given
} TypeName;

#define TIMES_SCALE 6

static const TypeName TYPES[] = {
    {"BIGINT", {.kind = TYPE_INT64}, 0},
    {"INT", {.kind = TYPE_INT32}, 0},
    {"INTEGER", {.kind = TYPE_INT32}, 0},
    {"SMALLINT", {.kind = TYPE_INT16}, 0},
    {"TINYINT", {.kind = TYPE_INT8}, 0},
    {"DOUBLE", {.kind = TYPE_FLOAT64}, 0},
    {"FLOAT", {.kind = TYPE_FLOAT32}, 0},
    {"DECIMAL", {.kind = TYPE_DECIMAL, .precision = 38, .scale = 18}, 0},
    {"NUMERIC", {.kind = TYPE_DECIMAL, .precision = 38, .scale = 18}, 0},
    {"STRING", {.kind = TYPE_TEXT}, 0},
    {"VARCHAR", {.kind = TYPE_TEXT}, 65535},
    {"CHAR", {.kind = TYPE_TEXT}, 255},
    {"DATETIME", {.kind = TYPE_DATETIME, .scale = TIMES_SCALE}, 0},
    {"TIMESTAMP_NTZ", {.kind = TYPE_DATETIME, .scale = TIMES_SCALE}, 0},
    {"TIMESTAMP", {.kind = TYPE_INSTANT, .scale = TIMES_SCALE}, 0},
    {"DATE", {.kind = TYPE_DATE}, 0},
    {"BOOLEAN", {.kind = TYPE_BOOL}, 0},
    {"BINARY", {.kind = TYPE_BYTES}, 0},
};

static const char *const TYPES_WITHOUT[] = {"ARRAY", "MAP",    "STRUCT",  "JSON",
                                            "BLOB",  "VECTOR", "INTERVAL"};

static bool type_fail_unknown(Reader *reader)
{
    for (size_t i = 0; i < ARRAY_LEN(TYPES_WITHOUT); i++) {
        if (reader_is(reader, TYPES_WITHOUT[i])) {
            CLEANUP(mem_free_text) char *what = mem_format("columns of type %s", TYPES_WITHOUT[i]);
            return reader_fail_unsupported(
                reader, reader_peek(reader, 0)->begin, what,
                "Keep it as a string: to_json() writes one, get_json_object() reads it.");
        }
    }
    const char *known[ARRAY_LEN(TYPES) + 1] = {0};
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        known[i] = TYPES[i].name;
    }
    const bool is_word = !reader_at_end(reader) && reader_peek(reader, 0)->kind == TOKEN_WORD;
    if (!is_word) {
        return reader_fail_expected(reader, "a type", known);
    }
    CLEANUP(mem_free_text) char *name = token_value(reader->script, reader_peek(reader, 0));
    (void)reader_fail(reader, "unknown type \"%.60s\"", name);
    const char *nearest = text_nearest(name, known);
    return nearest == NULL
               ? fail_hint(reader->err, "Types: bigint int smallint tinyint double float "
                                        "decimal(p,s) string varchar(n) char(n) datetime "
                                        "timestamp timestamp_ntz date boolean binary.")
               : fail_hint(reader->err, "Did you mean \"%s\"?", nearest);
}

static bool type_decimal(Reader *reader, Type *type)
{
    const size_t offset = reader_peek(reader, 0)->begin;
    int precision = 0;
    int scale = 0;
    if (!reader_integer(reader, "the precision", 1000, &precision)
        || (reader_take(reader, ",") && !reader_integer(reader, "the scale", 1000, &scale))) {
        return false;
    }
    if (precision < 1 || precision > 38 || scale > precision) {
        return reader_fail_at(
            reader, offset,
            "decimal(%d,%d): the precision is 1 to 38, the scale 0 to the precision", precision,
            scale);
    }
    type->precision = (uint8_t)precision;
    type->scale = (uint8_t)scale;
    return reader_expect(reader, ")");
}

bool reader_type(Reader *reader, Type *ret_type, char **ret_source_type)
{
    const size_t begin = reader->at;
    const TypeName *name = NULL;
    for (size_t i = 0; name == NULL && i < ARRAY_LEN(TYPES); i++) {
        if (reader_take(reader, TYPES[i].name)) {
            name = &TYPES[i];
        }
    }
    if (name == NULL) {
        return type_fail_unknown(reader);
    }
    Type type = name->type;
    int length = 0;
    if (type.kind == TYPE_DECIMAL && reader_take(reader, "(")) {
        if (!type_decimal(reader, &type)) {
            return false;
        }
    } else if (name->length_max > 0 && reader_take(reader, "(")) {
        if (!reader_integer(reader, "the length", name->length_max, &length)
            || !reader_expect(reader, ")")) {
            return false;
        }
    }
    const Span span = reader_span(reader, begin, reader->at);
    *ret_type = type;
    *ret_source_type = mem_copy_bytes(reader->script + span.begin, span.end - span.begin);
    return true;
}

static bool column_options(Reader *reader, Field *field)
{
    for (;;) {
        if (reader_take(reader, "NOT")) {
            if (!reader_expect(reader, "NULL")) {
                return false;
            }
            field->nullable = false;
        } else if (reader_take(reader, "COMMENT")) {
            if (!reader_string(reader, "the comment's 'text'", &field->comment)) {
                return false;
            }
        } else if (reader_is(reader, "DEFAULT")) {
            return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin,
                                           "DEFAULT of a column",
                                           "A column that an INSERT leaves out is NULL.");
        } else if (!reader_take(reader, "NULL")) {
            return true;
        }
    }
}

bool reader_column(Reader *reader, Schema *schema)
{
    if (reader_is(reader, "PRIMARY") && reader_is_at(reader, 1, "KEY")) {
        return reader_fail_unsupported(
            reader, reader_peek(reader, 0)->begin, "PRIMARY KEY",
            "Lake tables have no keys; a job with mode: merge keeps one row a key.");
    }
    SqlName name;
    if (!reader_name(reader, "a column's name", &name)) {
        return false;
    }
    CLEANUP(mem_free_text) char *owned = name.name;
    if (schema_find(schema, owned) != SIZE_MAX) {
        return reader_fail_at(reader, name.at.begin, "the column \"%s\" is there twice", owned);
    }
    Type type;
    char *source_type;
    if (!reader_type(reader, &type, &source_type)) {
        return false;
    }
    Field *field = schema_add(schema, owned, type, /* nullable= */ true);
    field->source_type = source_type;
    return column_options(reader, field);
}

bool reader_columns(Reader *reader, Schema *schema)
{
    if (!reader_expect(reader, "(")) {
        return false;
    }
    do {
        if (!reader_column(reader, schema)) {
            return false;
        }
    } while (reader_take(reader, ","));
    if (!reader_is(reader, ")")) {
        return reader_fail_expected(reader, "\",\" or \")\"", /* words= */ NULL);
    }
    reader->at++;
    return true;
}

// PARTITION (ds='20161114', region='cn'): constants, dynamic columns, or ranges.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include "base/text.h"

static bool part_compare(Reader *reader, SqlCompare *ret_compare)
{
    static const struct {
        const char *sign;
        SqlCompare compare;
    } SIGNS[] = {
        {"=", SQL_EQUAL}, {"==", SQL_EQUAL},      {"!=", SQL_NOT_EQUAL}, {"<>", SQL_NOT_EQUAL},
        {"<", SQL_LESS},  {"<=", SQL_LESS_EQUAL}, {">", SQL_GREATER},    {">=", SQL_GREATER_EQUAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++) {
        if (reader_take(reader, SIGNS[i].sign)) {
            *ret_compare = SIGNS[i].compare;
            return true;
        }
    }
    return false;
}

// 'text', "text" (nothing but a constant may stand here), a number, DATE 'text'.
static bool part_value(Reader *reader, char **ret_value)
{
    const size_t begin = reader->at;
    static const char *const TYPES[] = {"DATE", "DATETIME", "TIMESTAMP"};
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        if (reader_take(reader, TYPES[i])) {
            break;
        }
    }
    const bool is_typed = reader->at > begin;
    const bool is_negative = !is_typed && reader_take(reader, "-");
    const Token *token = reader_peek(reader, 0);
    const bool is_text = token->kind == TOKEN_STRING
                         || (token->kind == TOKEN_NAME && reader->script[token->begin] == '"');
    if (reader_at_end(reader)
        || !((is_text && !is_negative) || (token->kind == TOKEN_NUMBER && !is_typed))) {
        reader->at = begin;
        (void)reader_fail_expected(reader, "a constant", /* words= */ NULL);
        return fail_hint(reader->err,
                         "A partition's value is 'text' or a number; computed ones are "
                         "dynamic columns of INSERT, or parameters of the script.");
    }
    CLEANUP(mem_free_text) char *value = token_value(reader->script, token);
    *ret_value = mem_format("%s%s", is_negative ? "-" : "", value);
    reader->at++;
    return true;
}

static bool part_read(Reader *reader, PartitionUse use, SqlPart *part)
{
    SqlName name;
    const size_t begin = reader->at;
    if (!reader_name(reader, "a partition column", &name)) {
        return false;
    }
    part->column = name.name;
    part->at = name.at;
    if (!part_compare(reader, &part->compare)) {
        if (use == PARTITION_DYNAMIC && (reader_is(reader, ",") || reader_is(reader, ")"))) {
            return true;
        }
        return reader_fail_expected(reader,
                                    use == PARTITION_FILTER ? "a comparison" : "\"=\" and a value",
                                    /* words= */ NULL);
    }
    if (part->compare != SQL_EQUAL && use != PARTITION_FILTER) {
        reader->at--;
        (void)reader_fail_expected(reader, "\"=\"", /* words= */ NULL);
        return fail_hint(reader->err, "Ranges are for ALTER TABLE ... DROP PARTITION.");
    }
    if (!part_value(reader, &part->value)) {
        return false;
    }
    part->at = reader_span(reader, begin, reader->at);
    return true;
}

// Each column once, but in a filter: ds >= 'a', ds < 'b'.
static bool partition_check_repeat(Reader *reader, const SqlPartition *partition)
{
    const SqlPart *last = &partition->parts[partition->count - 1];
    for (const SqlPart *part = partition->parts; part < last; part++) {
        if (text_equal_nocase(part->column, last->column)) {
            return reader_fail_at(reader, last->at.begin, "\"%s\" is given twice", last->column);
        }
    }
    return true;
}

bool reader_partition(Reader *reader, PartitionUse use, SqlPartition *ret_partition)
{
    const size_t begin = reader->at;
    if (!reader_expect(reader, "PARTITION") || !reader_expect(reader, "(")) {
        return false;
    }
    do {
        SqlPart *part = ARRAY_ADD(ret_partition->parts, ret_partition->count);
        if (!part_read(reader, use, part)
            || (use != PARTITION_FILTER && !partition_check_repeat(reader, ret_partition))) {
            return false;
        }
        if (reader_is(reader, "OR")) {
            return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin,
                                           "OR between partitions",
                                           "Write several: PARTITION (...), PARTITION (...).");
        }
    } while (reader_take(reader, ",") || (use == PARTITION_FILTER && reader_take(reader, "AND")));
    if (!reader_expect(reader, ")")) {
        return false;
    }
    ret_partition->at = reader_span(reader, begin, reader->at);
    return true;
}

bool reader_partitions(Reader *reader, PartitionUse use, size_t max, Statement *statement)
{
    while (reader_is(reader, "PARTITION") && statement->partition_count < max) {
        SqlPartition *partition = ARRAY_ADD(statement->partitions, statement->partition_count);
        if (!reader_partition(reader, use, partition)) {
            return false;
        }
        if (reader_is(reader, ",") && reader_is_at(reader, 1, "PARTITION")) {
            reader->at++;
        }
    }
    return true;
}

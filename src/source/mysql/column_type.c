// What a column of a result becomes, by the server's description of it: the type that weir gives
// it, and how its cells lie in a row. Both follow from the same switch, so that the one cannot be
// without the other. (docs/types.md is this file as a table.)
#include "source/mysql/relation.h"

#include <mysql.h>

#define TYPE_VECTOR 242  // MySQL 9; not in libmariadb's header
#define CHARSET_BINARY 63

static Type type_of(TypeKind kind)
{
    return (Type){.kind = kind};
}

static Type decimal_type(const ConnField *field, DecodeForm *ret_form)
{
    const bool is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    const uint64_t extra = (is_unsigned ? 0U : 1U) + (field->decimals > 0 ? 1U : 0U);
    const uint64_t precision = field->length > extra ? field->length - extra : 1;
    if (precision > 38 || field->decimals > 38) {
        *ret_form = DECODE_TEXT;
        return type_of(TYPE_TEXT);
    }
    *ret_form = DECODE_DECIMAL;
    return (Type){.kind = TYPE_DECIMAL,
                  .precision = (uint8_t)(precision < field->decimals ? field->decimals : precision),
                  .scale = (uint8_t)field->decimals};
}

static Type integer_type(const ConnField *field, DecodeForm *ret_form)
{
    const bool is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    switch (field->type) {
    case MYSQL_TYPE_TINY:
        *ret_form = is_unsigned ? DECODE_UINT8 : DECODE_INT8;
        return type_of(is_unsigned ? TYPE_INT16 : TYPE_INT8);
    case MYSQL_TYPE_SHORT:
        *ret_form = is_unsigned ? DECODE_UINT16 : DECODE_INT16;
        return type_of(is_unsigned ? TYPE_INT32 : TYPE_INT16);
    case MYSQL_TYPE_INT24:  // sent with four bytes
        *ret_form = DECODE_INT32;
        return type_of(TYPE_INT32);
    case MYSQL_TYPE_LONG:
        *ret_form = is_unsigned ? DECODE_UINT32 : DECODE_INT32;
        return type_of(is_unsigned ? TYPE_INT64 : TYPE_INT32);
    case MYSQL_TYPE_LONGLONG:
    default:
        *ret_form = is_unsigned ? DECODE_UINT64 : DECODE_INT64;
        return type_of(is_unsigned ? TYPE_UINT64 : TYPE_INT64);
    }
}

static Type bit_type(const ConnField *field, DecodeForm *ret_form)
{
    *ret_form = DECODE_BIT;
    if (field->length == 1) {
        return type_of(TYPE_BOOL);
    }
    return type_of(field->length <= 63 ? TYPE_INT64 : TYPE_UINT64);
}

static Type text_type(const ConnField *field, DecodeForm *ret_form)
{
    const bool is_words = (field->flags & (ENUM_FLAG | SET_FLAG)) != 0
                          || field->type == MYSQL_TYPE_ENUM || field->type == MYSQL_TYPE_SET;
    // NULL as a constant comes as a binary text of no length.
    const bool is_binary = field->charset == CHARSET_BINARY && !is_words
                           && (field->length > 0 || (field->flags & BLOB_FLAG) != 0);
    *ret_form = is_binary ? DECODE_BYTES : DECODE_TEXT;
    return type_of(is_binary ? TYPE_BYTES : TYPE_TEXT);
}

static Type time_type(const ConnField *field, ZeroDates zero_dates, DecodeForm *ret_form)
{
    const uint8_t digits = (uint8_t)(field->decimals > 6 ? 6 : field->decimals);
    const bool is_date = field->type == MYSQL_TYPE_DATE || field->type == MYSQL_TYPE_NEWDATE;
    if (zero_dates == ZERO_DATES_TEXT) {
        *ret_form = is_date ? DECODE_DATE_TEXT : DECODE_DATETIME_TEXT;
        return type_of(TYPE_TEXT);
    }
    if (is_date) {
        *ret_form = DECODE_DATE;
        return type_of(TYPE_DATE);
    }
    *ret_form = DECODE_DATETIME;
    return (Type){.kind = field->type == MYSQL_TYPE_TIMESTAMP ? TYPE_INSTANT : TYPE_DATETIME,
                  .scale = digits};
}

static Type decide(const ConnField *field, ZeroDates zero_dates, DecodeForm *ret_form)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
        return integer_type(field, ret_form);
    case MYSQL_TYPE_YEAR:
        *ret_form = DECODE_UINT16;
        return type_of(TYPE_INT16);
    case MYSQL_TYPE_FLOAT:
        *ret_form = DECODE_FLOAT32;
        return type_of(TYPE_FLOAT32);
    case MYSQL_TYPE_DOUBLE:
        *ret_form = DECODE_FLOAT64;
        return type_of(TYPE_FLOAT64);
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return decimal_type(field, ret_form);
    case MYSQL_TYPE_BIT:
        return bit_type(field, ret_form);
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return time_type(field, zero_dates, ret_form);
    case MYSQL_TYPE_TIME:
        *ret_form = DECODE_TIME_TEXT;
        return type_of(TYPE_TEXT);
    case MYSQL_TYPE_GEOMETRY:
        *ret_form = DECODE_GEOMETRY;
        return type_of(TYPE_BYTES);
    case TYPE_VECTOR:
        *ret_form = DECODE_BYTES;
        return type_of(TYPE_BYTES);
    case MYSQL_TYPE_JSON:
    case MYSQL_TYPE_NULL:
        *ret_form = DECODE_TEXT;
        return type_of(TYPE_TEXT);
    default:
        return text_type(field, ret_form);
    }
}

Type column_type(const ConnField *field, ZeroDates zero_dates)
{
    DecodeForm form;
    return decide(field, zero_dates, &form);
}

// UNIX_TIMESTAMP(column): a whole number, or a decimal for columns with parts of a second.
static bool plan_instant(const ConnField *field, DecodeForm *ret_form)
{
    *ret_form = field->type == MYSQL_TYPE_LONGLONG ? DECODE_UNIX_SECONDS : DECODE_UNIX_TEXT;
    return field->type == MYSQL_TYPE_LONGLONG || field->type == MYSQL_TYPE_NEWDECIMAL;
}

bool column_plan(const ConnField *field, Type type, ZeroDates zero_dates, DecodeColumn *ret_column)
{
    DecodeForm form;
    const bool is_same = type.kind == TYPE_INSTANT
                             ? plan_instant(field, &form)
                             : type_equal(decide(field, zero_dates, &form), type);
    if (!is_same) {
        return false;
    }
    *ret_column = (DecodeColumn){
        .form = form,
        .type = type,
        .digits = (uint8_t)(field->decimals > 6 ? DECODE_DIGITS_AS_NEEDED : field->decimals),
        .zero_dates = zero_dates};
    return true;
}

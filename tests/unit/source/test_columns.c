// What column metadata becomes. Expected values are the type table of DESIGN, not this code's own
// output.
#include "base/base.h"

#include "unit.h"

#include <mysql.h>

#include "source/mysql/relation.h"

typedef struct Case {
    const char *name;
    ConnField field;
    TypeKind kind;
    uint8_t precision, scale;
    DecodeForm form;
    ColumnWrap wrap;
} Case;

static const Case cases[] = {
    {"tinyint(1)", {.type = MYSQL_TYPE_TINY, .length = 1}, TYPE_INT8, 0, 0, DECODE_INT, WRAP_NONE},
    {"tinyint unsigned",
     {.type = MYSQL_TYPE_TINY, .flags = UNSIGNED_FLAG},
     TYPE_INT16,
     0,
     0,
     DECODE_INT,
     WRAP_NONE},
    {"smallint", {.type = MYSQL_TYPE_SHORT}, TYPE_INT16, 0, 0, DECODE_INT, WRAP_NONE},
    {"smallint unsigned",
     {.type = MYSQL_TYPE_SHORT, .flags = UNSIGNED_FLAG},
     TYPE_INT32,
     0,
     0,
     DECODE_INT,
     WRAP_NONE},
    {"mediumint unsigned",
     {.type = MYSQL_TYPE_INT24, .flags = UNSIGNED_FLAG},
     TYPE_INT32,
     0,
     0,
     DECODE_INT,
     WRAP_NONE},
    {"int", {.type = MYSQL_TYPE_LONG}, TYPE_INT32, 0, 0, DECODE_INT, WRAP_NONE},
    {"int unsigned",
     {.type = MYSQL_TYPE_LONG, .flags = UNSIGNED_FLAG},
     TYPE_INT64,
     0,
     0,
     DECODE_INT,
     WRAP_NONE},
    {"bigint", {.type = MYSQL_TYPE_LONGLONG}, TYPE_INT64, 0, 0, DECODE_INT, WRAP_NONE},
    {"bigint unsigned",
     {.type = MYSQL_TYPE_LONGLONG, .flags = UNSIGNED_FLAG},
     TYPE_UINT64,
     0,
     0,
     DECODE_UINT64,
     WRAP_NONE},
    {"year",
     {.type = MYSQL_TYPE_YEAR, .flags = UNSIGNED_FLAG},
     TYPE_INT16,
     0,
     0,
     DECODE_INT,
     WRAP_NONE},
    {"float",
     {.type = MYSQL_TYPE_FLOAT, .decimals = 31},
     TYPE_FLOAT32,
     0,
     0,
     DECODE_FLOAT32,
     WRAP_DOUBLE},
    {"float(7,4)",
     {.type = MYSQL_TYPE_FLOAT, .decimals = 4},
     TYPE_FLOAT32,
     0,
     0,
     DECODE_FLOAT32,
     WRAP_DOUBLE},
    {"double",
     {.type = MYSQL_TYPE_DOUBLE, .decimals = 31},
     TYPE_FLOAT64,
     0,
     0,
     DECODE_FLOAT64,
     WRAP_NONE},
    {"double(10,2)",
     {.type = MYSQL_TYPE_DOUBLE, .decimals = 2},
     TYPE_FLOAT64,
     0,
     0,
     DECODE_FLOAT64,
     WRAP_DOUBLE},
    {"double zerofill",
     {.type = MYSQL_TYPE_DOUBLE, .decimals = 31, .flags = ZEROFILL_FLAG | UNSIGNED_FLAG},
     TYPE_FLOAT64,
     0,
     0,
     DECODE_FLOAT64,
     WRAP_DOUBLE},
    {"decimal(10,3)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 12, .decimals = 3},
     TYPE_DECIMAL,
     10,
     3,
     DECODE_DECIMAL,
     WRAP_NONE},
    {"decimal(5,0) unsigned",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 5, .flags = UNSIGNED_FLAG},
     TYPE_DECIMAL,
     5,
     0,
     DECODE_DECIMAL,
     WRAP_NONE},
    {"decimal(38,30)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 40, .decimals = 30},
     TYPE_DECIMAL,
     38,
     30,
     DECODE_DECIMAL,
     WRAP_NONE},
    {"decimal(39,0)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 40},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"decimal(65,30)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 67, .decimals = 30},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"bit(1)", {.type = MYSQL_TYPE_BIT, .length = 1}, TYPE_BOOL, 0, 0, DECODE_BIT, WRAP_NONE},
    {"bit(63)", {.type = MYSQL_TYPE_BIT, .length = 63}, TYPE_INT64, 0, 0, DECODE_BIT, WRAP_NONE},
    {"bit(64)", {.type = MYSQL_TYPE_BIT, .length = 64}, TYPE_UINT64, 0, 0, DECODE_BIT, WRAP_NONE},
    {"date", {.type = MYSQL_TYPE_DATE, .charset = 63}, TYPE_DATE, 0, 0, DECODE_DATE, WRAP_NONE},
    {"datetime(3)",
     {.type = MYSQL_TYPE_DATETIME, .decimals = 3, .charset = 63},
     TYPE_DATETIME,
     0,
     3,
     DECODE_DATETIME,
     WRAP_NONE},
    {"timestamp(6)",
     {.type = MYSQL_TYPE_TIMESTAMP, .decimals = 6, .charset = 63},
     TYPE_INSTANT,
     0,
     6,
     DECODE_UNIX_TIME,
     WRAP_UNIX_TIME},
    {"time(2)",
     {.type = MYSQL_TYPE_TIME, .decimals = 2, .charset = 63},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"varchar",
     {.type = MYSQL_TYPE_VAR_STRING, .charset = 45},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"varbinary",
     {.type = MYSQL_TYPE_VAR_STRING, .length = 4, .charset = 63, .flags = BINARY_FLAG},
     TYPE_BYTES,
     0,
     0,
     DECODE_BYTES,
     WRAP_NONE},
    {"text",
     {.type = MYSQL_TYPE_BLOB, .charset = 45, .flags = BLOB_FLAG},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"blob",
     {.type = MYSQL_TYPE_BLOB, .charset = 63, .flags = BLOB_FLAG},
     TYPE_BYTES,
     0,
     0,
     DECODE_BYTES,
     WRAP_NONE},
    {"enum",
     {.type = MYSQL_TYPE_STRING, .charset = 45, .flags = ENUM_FLAG},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"enum binary",
     {.type = MYSQL_TYPE_STRING, .charset = 63, .flags = ENUM_FLAG},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"set binary",
     {.type = MYSQL_TYPE_STRING, .charset = 63, .flags = SET_FLAG},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"json of MySQL",
     {.type = MYSQL_TYPE_JSON, .charset = 63, .flags = BLOB_FLAG},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"geometry",
     {.type = MYSQL_TYPE_GEOMETRY, .charset = 63},
     TYPE_BYTES,
     0,
     0,
     DECODE_GEOMETRY,
     WRAP_NONE},
    {"vector", {.type = 242, .charset = 63}, TYPE_BYTES, 0, 0, DECODE_BYTES, WRAP_NONE},
    {"null of a subquery",
     {.type = MYSQL_TYPE_VAR_STRING, .charset = 63, .flags = BINARY_FLAG},
     TYPE_TEXT,
     0,
     0,
     DECODE_TEXT,
     WRAP_NONE},
    {"null", {.type = MYSQL_TYPE_NULL, .charset = 63}, TYPE_TEXT, 0, 0, DECODE_TEXT, WRAP_NONE},
};

static void column_decide__follows_the_type_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const Case *wanted = &cases[i];
        DecodeColumn column;
        const ColumnWrap wrap = column_decide(&wanted->field, ZERO_DATES_NULL, &column);
        if (column.type.kind != wanted->kind || column.type.precision != wanted->precision
            || column.form != wanted->form || column.type.scale != wanted->scale
            || wrap != wanted->wrap) {
            fail_msg("%s: kind %d(%d,%d) form %d wrap %d", wanted->name, (int)column.type.kind,
                     column.type.precision, column.type.scale, (int)column.form, (int)wrap);
        }
    }
}

static void column_decide__reads_dates_as_text_where_asked(void **state)
{
    (void)state;
    const unsigned types[] = {MYSQL_TYPE_DATE, MYSQL_TYPE_DATETIME, MYSQL_TYPE_TIMESTAMP};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        DecodeColumn column;
        const ConnField field = {.type = types[i], .charset = 63};
        assert_int_equal(column_decide(&field, ZERO_DATES_TEXT, &column), WRAP_NONE);
        assert_int_equal(column.form, DECODE_TEXT);
        assert_int_equal(column.type.kind, TYPE_TEXT);
    }
}

static Relation table_of(const char *name, const Type *types, size_t count)
{
    Relation relation = {.name = mem_copy_text(name)};
    static const char *const names[] = {"id", "name", "c"};
    for (size_t i = 0; i < count; i++) {
        (void)schema_add(&relation.schema, names[i], types[i], /* nullable= */ false);
    }
    return relation;
}

static void columns_unify__names_both_tables(void **state)
{
    (void)state;
    const Type ints[] = {{.kind = TYPE_INT32}, {.kind = TYPE_TEXT}};
    const Type longs[] = {{.kind = TYPE_INT64}, {.kind = TYPE_TEXT}};
    Relation a = table_of("s.t_0", ints, 2);
    Relation b = table_of("s.t_1", longs, 2);
    Relation c = table_of("s.t_2", ints, 1);
    Relation d = table_of("s.t_3", ints, 2);
    d.schema.fields[1].nullable = true;
    Err err;
    ASSERT_FAIL(columns_unify(&a, &b, &err), err, FAIL_CONFIG,
                "column \"id\" is int32 in s.t_0 and int64 in s.t_1");
    ASSERT_FAIL(columns_unify(&a, &c, &err), err, FAIL_CONFIG,
                "s.t_0 has 2 columns and s.t_2 has 1");
    ASSERT_OK(columns_unify(&a, &d, &err), err);
    assert_true(a.schema.fields[1].nullable);
    relation_done(&a);
    relation_done(&b);
    relation_done(&c);
    relation_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(column_decide__follows_the_type_table),
        cmocka_unit_test(column_decide__reads_dates_as_text_where_asked),
        cmocka_unit_test(columns_unify__names_both_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

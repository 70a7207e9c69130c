// What column metadata becomes. Expected values are the type table of DESIGN, not this code's own
// output.
#include "base/base.h"

#include "unit.h"

#include <mysql.h>

#include "source/mysql/relation.h"

typedef struct Case {
    const char *name;
    ConnField field;
    Type type;
    DecodeForm form;
} Case;

#define DECIMAL(digits, after)                                         \
    {                                                                  \
        .kind = TYPE_DECIMAL, .precision = (digits), .scale = (after), \
    }

// What TIMESTAMP becomes is asked for in other words: see the instants below.
static const Case cases[] = {
    {"tinyint(1)", {.type = MYSQL_TYPE_TINY, .length = 1}, {.kind = TYPE_INT8}, DECODE_INT8},
    {"tinyint unsigned",
     {.type = MYSQL_TYPE_TINY, .flags = UNSIGNED_FLAG},
     {.kind = TYPE_INT16},
     DECODE_UINT8},
    {"smallint", {.type = MYSQL_TYPE_SHORT}, {.kind = TYPE_INT16}, DECODE_INT16},
    {"smallint unsigned",
     {.type = MYSQL_TYPE_SHORT, .flags = UNSIGNED_FLAG},
     {.kind = TYPE_INT32},
     DECODE_UINT16},
    {"mediumint", {.type = MYSQL_TYPE_INT24}, {.kind = TYPE_INT32}, DECODE_INT32},
    {"mediumint unsigned",
     {.type = MYSQL_TYPE_INT24, .flags = UNSIGNED_FLAG},
     {.kind = TYPE_INT32},
     DECODE_INT32},
    {"int", {.type = MYSQL_TYPE_LONG}, {.kind = TYPE_INT32}, DECODE_INT32},
    {"int unsigned",
     {.type = MYSQL_TYPE_LONG, .flags = UNSIGNED_FLAG},
     {.kind = TYPE_INT64},
     DECODE_UINT32},
    {"bigint", {.type = MYSQL_TYPE_LONGLONG}, {.kind = TYPE_INT64}, DECODE_INT64},
    {"bigint unsigned zerofill",
     {.type = MYSQL_TYPE_LONGLONG, .flags = UNSIGNED_FLAG | ZEROFILL_FLAG},
     {.kind = TYPE_UINT64},
     DECODE_UINT64},
    {"year",
     {.type = MYSQL_TYPE_YEAR, .flags = UNSIGNED_FLAG | ZEROFILL_FLAG},
     {.kind = TYPE_INT16},
     DECODE_UINT16},
    {"float", {.type = MYSQL_TYPE_FLOAT, .decimals = 31}, {.kind = TYPE_FLOAT32}, DECODE_FLOAT32},
    {"float(7,4)",
     {.type = MYSQL_TYPE_FLOAT, .decimals = 4},
     {.kind = TYPE_FLOAT32},
     DECODE_FLOAT32},
    {"double", {.type = MYSQL_TYPE_DOUBLE, .decimals = 31}, {.kind = TYPE_FLOAT64}, DECODE_FLOAT64},
    {"double(10,2)",
     {.type = MYSQL_TYPE_DOUBLE, .decimals = 2},
     {.kind = TYPE_FLOAT64},
     DECODE_FLOAT64},
    {"double zerofill",
     {.type = MYSQL_TYPE_DOUBLE, .decimals = 31, .flags = ZEROFILL_FLAG | UNSIGNED_FLAG},
     {.kind = TYPE_FLOAT64},
     DECODE_FLOAT64},
    {"decimal(10,3)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 12, .decimals = 3},
     DECIMAL(10, 3),
     DECODE_DECIMAL},
    {"decimal(5,0) unsigned",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 5, .flags = UNSIGNED_FLAG},
     DECIMAL(5, 0),
     DECODE_DECIMAL},
    {"decimal(38,30)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 40, .decimals = 30},
     DECIMAL(38, 30),
     DECODE_DECIMAL},
    {"decimal(39,0)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 40},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"decimal(65,30)",
     {.type = MYSQL_TYPE_NEWDECIMAL, .length = 67, .decimals = 30},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"bit(1)", {.type = MYSQL_TYPE_BIT, .length = 1}, {.kind = TYPE_BOOL}, DECODE_BIT},
    {"bit(63)", {.type = MYSQL_TYPE_BIT, .length = 63}, {.kind = TYPE_INT64}, DECODE_BIT},
    {"bit(64)", {.type = MYSQL_TYPE_BIT, .length = 64}, {.kind = TYPE_UINT64}, DECODE_BIT},
    {"date", {.type = MYSQL_TYPE_DATE, .charset = 63}, {.kind = TYPE_DATE}, DECODE_DATE},
    {"datetime(3)",
     {.type = MYSQL_TYPE_DATETIME, .decimals = 3, .charset = 63},
     {.kind = TYPE_DATETIME, .scale = 3},
     DECODE_DATETIME},
    {"time(2)",
     {.type = MYSQL_TYPE_TIME, .decimals = 2, .charset = 63},
     {.kind = TYPE_TEXT},
     DECODE_TIME_TEXT},
    {"varchar", {.type = MYSQL_TYPE_VAR_STRING, .charset = 45}, {.kind = TYPE_TEXT}, DECODE_TEXT},
    {"varbinary",
     {.type = MYSQL_TYPE_VAR_STRING, .length = 4, .charset = 63, .flags = BINARY_FLAG},
     {.kind = TYPE_BYTES},
     DECODE_BYTES},
    {"text",
     {.type = MYSQL_TYPE_BLOB, .charset = 45, .flags = BLOB_FLAG},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"blob",
     {.type = MYSQL_TYPE_BLOB, .charset = 63, .flags = BLOB_FLAG},
     {.kind = TYPE_BYTES},
     DECODE_BYTES},
    {"enum",
     {.type = MYSQL_TYPE_STRING, .charset = 45, .flags = ENUM_FLAG},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"enum binary",
     {.type = MYSQL_TYPE_STRING, .charset = 63, .flags = ENUM_FLAG},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"set binary",
     {.type = MYSQL_TYPE_STRING, .charset = 63, .flags = SET_FLAG},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"json of MySQL",
     {.type = MYSQL_TYPE_JSON, .charset = 63, .flags = BLOB_FLAG},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"geometry",
     {.type = MYSQL_TYPE_GEOMETRY, .charset = 63},
     {.kind = TYPE_BYTES},
     DECODE_GEOMETRY},
    {"vector", {.type = 242, .charset = 63}, {.kind = TYPE_BYTES}, DECODE_BYTES},
    {"null of a subquery",
     {.type = MYSQL_TYPE_VAR_STRING, .charset = 63, .flags = BINARY_FLAG},
     {.kind = TYPE_TEXT},
     DECODE_TEXT},
    {"null", {.type = MYSQL_TYPE_NULL, .charset = 63}, {.kind = TYPE_TEXT}, DECODE_TEXT},
};

static void assert_type(const char *name, Type got, Type wanted)
{
    if (!type_equal(got, wanted) || got.scale != wanted.scale) {
        fail_msg("%s: kind %d(%d,%d)", name, (int)got.kind, got.precision, got.scale);
    }
}

static void column_type__follows_the_type_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const Case *wanted = &cases[i];
        assert_type(wanted->name, column_type(&wanted->field, ZERO_DATES_NULL), wanted->type);
        DecodeColumn column;
        if (!column_plan(&wanted->field, wanted->type, ZERO_DATES_ERROR, &column)) {
            fail_msg("%s: no plan", wanted->name);
        }
        assert_type(wanted->name, column.type, wanted->type);
        assert_int_equal(column.zero_dates, ZERO_DATES_ERROR);
        if (column.form != wanted->form) {
            fail_msg("%s: form %d", wanted->name, (int)column.form);
        }
    }
}

// A table that was changed since its types were asked for.
static void column_plan__refuses_another_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t j = 0; j < ARRAY_LEN(cases); j++) {
            DecodeColumn column = {.digits = 77};
            const Type type = cases[j].type;
            const bool is_same = column_plan(&cases[i].field, type, ZERO_DATES_NULL, &column);
            if (is_same != type_equal(cases[i].type, type)) {
                fail_msg("%s as %s: %d", cases[i].name, cases[j].name, is_same);
            }
            assert_int_equal(column.digits == 77, !is_same);
        }
    }
}

static void column_type__reads_dates_as_text_where_asked(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        DecodeForm form;
    } DATES[] = {
        {MYSQL_TYPE_DATE, DECODE_DATE_TEXT},
        {MYSQL_TYPE_NEWDATE, DECODE_DATE_TEXT},
        {MYSQL_TYPE_DATETIME, DECODE_DATETIME_TEXT},
        {MYSQL_TYPE_TIMESTAMP, DECODE_DATETIME_TEXT},
    };
    for (size_t i = 0; i < ARRAY_LEN(DATES); i++) {
        const ConnField field = {.type = DATES[i].type, .decimals = 4, .charset = 63};
        const Type type = column_type(&field, ZERO_DATES_TEXT);
        assert_type("text", type, (Type){.kind = TYPE_TEXT});
        DecodeColumn column;
        assert_true(column_plan(&field, type, ZERO_DATES_TEXT, &column));
        assert_int_equal(column.form, DATES[i].form);
        assert_int_equal(column.digits, 4);
        assert_false(column_plan(&field, type, ZERO_DATES_NULL, &column));
    }
}

// TIMESTAMP is asked for as UNIX_TIMESTAMP(column): a whole number, or a decimal where the column
// has parts of a second.
static void column_plan__instants(void **state)
{
    (void)state;
    const ConnField stamp = {.type = MYSQL_TYPE_TIMESTAMP, .decimals = 6, .charset = 63};
    const Type type = column_type(&stamp, ZERO_DATES_NULL);
    assert_type("timestamp(6)", type, (Type){.kind = TYPE_INSTANT, .scale = 6});
    DecodeColumn column;
    const ConnField whole = {.type = MYSQL_TYPE_LONGLONG, .length = 17};
    assert_true(column_plan(&whole, type, ZERO_DATES_ERROR, &column));
    assert_int_equal(column.form, DECODE_UNIX_SECONDS);
    assert_int_equal(column.zero_dates, ZERO_DATES_ERROR);
    assert_type("whole", column.type, type);
    const ConnField parts = {.type = MYSQL_TYPE_NEWDECIMAL, .length = 19, .decimals = 6};
    assert_true(column_plan(&parts, type, ZERO_DATES_NULL, &column));
    assert_int_equal(column.form, DECODE_UNIX_TEXT);
    assert_type("parts", column.type, type);
    const unsigned others[] = {MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_DATETIME, MYSQL_TYPE_DOUBLE,
                               MYSQL_TYPE_LONG, MYSQL_TYPE_VAR_STRING};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const ConnField field = {.type = others[i]};
        assert_false(column_plan(&field, type, ZERO_DATES_NULL, &column));
    }
}

// Without a fixed number of digits MySQL says 31, MariaDB 39.
static void column_plan__digits_of_times(void **state)
{
    (void)state;
    static const struct {
        unsigned decimals, digits;
    } TIMES[] = {
        {0, 0}, {2, 2}, {6, 6}, {31, DECODE_DIGITS_AS_NEEDED}, {39, DECODE_DIGITS_AS_NEEDED}};
    for (size_t i = 0; i < ARRAY_LEN(TIMES); i++) {
        const ConnField field = {
            .type = MYSQL_TYPE_TIME, .decimals = TIMES[i].decimals, .charset = 63};
        DecodeColumn column;
        assert_true(column_plan(&field, (Type){.kind = TYPE_TEXT}, ZERO_DATES_NULL, &column));
        assert_int_equal(column.form, DECODE_TIME_TEXT);
        assert_int_equal(column.digits, TIMES[i].digits);
    }
    const ConnField datetime = {.type = MYSQL_TYPE_DATETIME, .decimals = 39, .charset = 63};
    assert_type("datetime", column_type(&datetime, ZERO_DATES_NULL),
                (Type){.kind = TYPE_DATETIME, .scale = 6});
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
        cmocka_unit_test(column_type__follows_the_type_table),
        cmocka_unit_test(column_type__reads_dates_as_text_where_asked),
        cmocka_unit_test(column_plan__refuses_another_type),
        cmocka_unit_test(column_plan__instants),
        cmocka_unit_test(column_plan__digits_of_times),
        cmocka_unit_test(columns_unify__names_both_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

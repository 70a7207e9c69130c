// The rows of a query as weir's values: each of DuckDB's types, NULLs, many rows by many threads.
#include "base/base.h"

#include "unit.h"

#include <pthread.h>

#include "lake/duck_rows.h"

static void duck_done(Duck **duck)
{
    duck_free(*duck);
}

static void rows_done(DuckRows **rows)
{
    duck_rows_free(*rows);
}

static Duck *open_duck(unsigned threads)
{
    Duck *duck = NULL;
    Err err = {0};
    ASSERT_OK(
        duck_open(&(DuckOptions){.threads = threads, .timezone = "Asia/Shanghai"}, &duck, &err),
        err);
    return duck;
}

// The one value of a query as "type text", "type NULL", "type dirty".
static void expect_cell(const char *sql, const char *expected)
{
    CLEANUP(duck_done) Duck *duck = open_duck(1);
    CLEANUP(rows_done) DuckRows *rows = NULL;
    CLEANUP(buf_done) Buf text = {0};
    Err err = {0};
    ASSERT_OK(duck_rows_open(duck, sql, &rows, &err), err);
    const Schema *schema = duck_rows_schema(rows);
    assert_int_equal(schema->count, 1);
    ASSERT_OK(duck_rows_begin(rows, 1, &err), err);
    const Value *row = NULL;
    ASSERT_OK(duck_rows_next(duck_rows_reader(rows, 0), &row, &err), err);
    assert_non_null(row);
    type_describe(schema->fields[0].type, &text);
    buf_add_char(&text, ' ');
    if (row->state == VALUE_SET) {
        value_to_text(row, schema->fields[0].type, &text);
    } else {
        buf_add_text(&text, row->state == VALUE_NULL ? "NULL" : "dirty");
    }
    if (strcmp(buf_text(&text), expected) != 0) {
        fail_msg("%s gives \"%s\", not \"%s\"", sql, buf_text(&text), expected);
    }
    ASSERT_OK(duck_rows_next(duck_rows_reader(rows, 0), &row, &err), err);
    assert_null(row);
}

static void values__of_each_type(void **state)
{
    (void)state;
    expect_cell("select true", "bool true");
    expect_cell("select (-128)::tinyint", "int8 -128");
    expect_cell("select 255::utinyint", "int16 255");
    expect_cell("select (-32768)::smallint", "int16 -32768");
    expect_cell("select 65535::usmallint", "int32 65535");
    expect_cell("select (-2147483648)::int", "int32 -2147483648");
    expect_cell("select 4294967295::uinteger", "int64 4294967295");
    expect_cell("select (-9223372036854775808)::bigint", "int64 -9223372036854775808");
    expect_cell("select 18446744073709551615::ubigint", "uint64 18446744073709551615");
    expect_cell("select 99999999999999999999999999999999999999::hugeint",
                "decimal(38,0) 99999999999999999999999999999999999999");
    expect_cell("select (-99999999999999999999999999999999999999)::hugeint",
                "decimal(38,0) -99999999999999999999999999999999999999");
    expect_cell("select 100000000000000000000000000000000000000::hugeint", "decimal(38,0) dirty");
    expect_cell("select 1.5::float", "float32 1.5");
    expect_cell("select 1e300::double", "float64 1e300");
    expect_cell("select (-99.99)::decimal(4,2)", "decimal(4,2) -99.99");
    expect_cell("select 1234567.89::decimal(9,2)", "decimal(9,2) 1234567.89");
    expect_cell("select (-1234567890123.45)::decimal(18,2)", "decimal(18,2) -1234567890123.45");
    expect_cell("select (-12345678901234567890.5)::decimal(38,1)",
                "decimal(38,1) -12345678901234567890.5");
    expect_cell("select 'é'", "text é");
    expect_cell("select ''", "text ");
    expect_cell("select 'longer than what is kept in the string itself'",
                "text longer than what is kept in the string itself");
    expect_cell("select '\\x00\\xFF'::blob", "bytes AP8=");
}

static void values__of_time(void **state)
{
    (void)state;
    expect_cell("select date '1969-12-31'", "date 1969-12-31");
    expect_cell("select date '9999-12-31'", "date 9999-12-31");
    expect_cell("select date '10000-01-01'", "date dirty");
    expect_cell("select 'infinity'::date", "date dirty");
    expect_cell("select '-infinity'::timestamp", "datetime dirty");
    expect_cell("select timestamp '2016-11-14 08:30:00.123456'",
                "datetime 2016-11-14 08:30:00.123456");
    expect_cell("select timestamp_s '2016-11-14 08:30:00'", "datetime 2016-11-14 08:30:00.000000");
    expect_cell("select timestamp_ms '2016-11-14 08:30:00.5'",
                "datetime 2016-11-14 08:30:00.500000");
    expect_cell("select timestamptz '2016-11-14 08:30:00+08'",
                "instant 2016-11-14T00:30:00.000000Z");
    // The zone of the connection is the project's.
    expect_cell("select cast(timestamp '2016-11-14 08:30:00' as timestamptz)",
                "instant 2016-11-14T00:30:00.000000Z");
}

static void values__of_other_types_are_texts(void **state)
{
    (void)state;
    expect_cell("select time '10:11:12.5'", "text 10:11:12.5");
    expect_cell("select interval 90 minutes", "text 01:30:00");
    expect_cell("select [1, 2]", "text [1, 2]");
    expect_cell("select {'a': 1}", "text {'a': 1}");
    expect_cell("select 'b'::enum('a', 'b')", "text b");
    expect_cell("select 340282366920938463463374607431768211455::uhugeint",
                "text 340282366920938463463374607431768211455");
}

static void values__null(void **state)
{
    (void)state;
    expect_cell("select null::bigint", "int64 NULL");
    expect_cell("select null::varchar", "text NULL");
    expect_cell("select null::time", "text NULL");
    expect_cell("select null::decimal(38,2)", "decimal(38,2) NULL");
}

static void open__says_what_is_wrong_and_where(void **state)
{
    (void)state;
    CLEANUP(duck_done) Duck *duck = open_duck(1);
    DuckRows *rows = NULL;
    Err err = {0};
    ASSERT_FAIL(duck_rows_open(duck, "select 1, nope", &rows, &err), err, FAIL_CONFIG, "nope");
    assert_int_equal(duck_error_position(duck), 10);
    ASSERT_OK(
        duck_rows_open(duck, "select cast(x as int) from (values ('1'), ('a')) v(x)", &rows, &err),
        err);
    bool done = duck_rows_begin(rows, 1, &err);
    const Value *row = NULL;
    while (done && (done = duck_rows_next(duck_rows_reader(rows, 0), &row, &err)) && row != NULL) {
    }
    assert_false(done);
    assert_int_equal(err.kind, FAIL_SOURCE);
    duck_rows_free(rows);
}

// --- threads ------------------------------------------------------------------------------------------------

typedef struct Puller {
    DuckRowReader *reader;
    uint64_t count, sum, nulls, bytes;
    bool done;
} Puller;

static void *pull(void *object)
{
    Puller *puller = object;
    Err err;
    const Value *row = NULL;
    while ((puller->done = duck_rows_next(puller->reader, &row, &err)) && row != NULL) {
        puller->count++;
        puller->sum += row[0].state == VALUE_SET ? row[0].u64 : 0;
        puller->nulls += row[0].state == VALUE_NULL;
        puller->bytes += row[1].len;
    }
    return NULL;
}

static void rows__all_of_them_by_several_threads(void **state)
{
    (void)state;
    CLEANUP(duck_done) Duck *duck = open_duck(2);
    CLEANUP(rows_done) DuckRows *rows = NULL;
    Err err = {0};
    ASSERT_OK(
        duck_rows_open(duck,
                       "select case when i % 10 = 3 then null else i end, repeat('x', i % 40) "
                       "from range(500000) r(i)",
                       &rows, &err),
        err);
    Puller pullers[3] = {0};
    pthread_t threads[3];
    ASSERT_OK(duck_rows_begin(rows, ARRAY_LEN(pullers), &err), err);
    for (size_t i = 0; i < ARRAY_LEN(pullers); i++) {
        pullers[i].reader = duck_rows_reader(rows, i);
        assert_int_equal(pthread_create(&threads[i], NULL, pull, &pullers[i]), 0);
    }
    Puller all = {0};
    for (size_t i = 0; i < ARRAY_LEN(pullers); i++) {
        (void)pthread_join(threads[i], NULL);
        assert_true(pullers[i].done);
        all.count += pullers[i].count;
        all.sum += pullers[i].sum;
        all.nulls += pullers[i].nulls;
        all.bytes += pullers[i].bytes;
    }
    assert_int_equal(all.count, 500000);
    assert_int_equal(all.nulls, 50000);
    // 0 + ... + 499999, less 3 + 13 + ... + 499993.
    assert_int_equal(all.sum, UINT64_C(124999750000) - UINT64_C(12499900000));
    assert_int_equal(all.bytes, UINT64_C(500000) / 40 * 780);
}

static void rows__stopped_in_the_middle(void **state)
{
    (void)state;
    CLEANUP(duck_done) Duck *duck = open_duck(2);
    Err err = {0};
    for (int i = 0; i < 3; i++) {
        CLEANUP(rows_done) DuckRows *rows = NULL;
        const Value *row = NULL;
        ASSERT_OK(duck_rows_open(duck, "select i from range(100000000) r(i)", &rows, &err), err);
        ASSERT_OK(duck_rows_begin(rows, 2, &err), err);
        ASSERT_OK(duck_rows_next(duck_rows_reader(rows, 0), &row, &err), err);
        assert_non_null(row);
    }
    ASSERT_OK(duck_run(duck, "select 1", &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values__of_each_type),
        cmocka_unit_test(values__of_time),
        cmocka_unit_test(values__of_other_types_are_texts),
        cmocka_unit_test(values__null),
        cmocka_unit_test(open__says_what_is_wrong_and_where),
        cmocka_unit_test(rows__all_of_them_by_several_threads),
        cmocka_unit_test(rows__stopped_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

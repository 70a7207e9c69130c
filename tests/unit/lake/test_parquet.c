// Writes rows with a made-up producer and reads the files back through DuckDB, which is not the
// code under test: expected values are literals.
#include "base/base.h"

#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "lake/duck.h"
#include "lake/parquet.h"

typedef struct Producer {
    const Value *rows;
    size_t columns;
    size_t count;
    size_t at;
    size_t fail_at;  // SIZE_MAX: never
    size_t dirty_seen;
} Producer;

typedef struct Fixture {
    char folder[64];
    Schema schema;
    ParquetFiles files;
    Producer producer;
} Fixture;

static int fixture_setup(void **state)
{
    Fixture *fixture = mem_alloc(sizeof(*fixture));
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/weir-parquet-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state)
{
    Fixture *fixture = *state;
    parquet_files_done(&fixture->files);
    schema_done(&fixture->schema);
    fs_remove_tree(fixture->folder);
    free(fixture);
    return 0;
}

static bool producer_next(void *object, const Value **ret_row, Err *err)
{
    Producer *producer = object;
    if (producer->at == producer->fail_at) {
        return fail(err, FAIL_SOURCE, "the server went away");
    }
    *ret_row =
        producer->at < producer->count ? producer->rows + producer->columns * producer->at : NULL;
    producer->at++;
    return true;
}

static bool producer_dirty(void *object, const Value *row, size_t column, Err *err)
{
    Producer *producer = object;
    (void)err;
    assert_int_equal(row[column].state, VALUE_DIRTY);
    producer->dirty_seen++;
    return true;
}

static Value set_int(int64_t value)
{
    return (Value){.state = VALUE_SET, .i64 = value};
}

static Value set_text(const char *text)
{
    return (Value){.state = VALUE_SET, .bytes = text, .len = strlen(text)};
}

static Value set_decimal(__int128 value)
{
    return (Value){.state = VALUE_SET, .i128 = value};
}

static void add(Fixture *fixture, const char *name, TypeKind kind, uint8_t precision, uint8_t scale)
{
    (void)schema_add(&fixture->schema, name,
                     (Type){.kind = kind, .precision = precision, .scale = scale}, true);
}

static ParquetWrite write_of(Fixture *fixture, void **producers)
{
    producers[0] = &fixture->producer;
    return (ParquetWrite){
        .schema = &fixture->schema,
        .folder = fixture->folder,
        .file_prefix = "part-test",
        .producers = producers,
        .producer_count = 1,
        .next = producer_next,
        .dirty = producer_dirty,
        .memory_bytes = (uint64_t)256 << 20,
        .file_bytes = (uint64_t)512 << 20,
        .row_group_rows = 122880,
    };
}

static void write_rows(Fixture *fixture, const Value *rows, size_t count)
{
    Err err = {0};
    void *producers[1];
    fixture->producer = (Producer){
        .rows = rows, .columns = fixture->schema.count, .count = count, .fail_at = SIZE_MAX};
    const ParquetWrite write = write_of(fixture, producers);
    ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
}

static bool collect(void *context, size_t count, const char *const *cells, const size_t *lens,
                    Err *err)
{
    (void)err;
    for (size_t i = 0; i < count; i++) {
        buf_add_bytes(context, cells[i] == NULL ? "NULL" : cells[i],
                      cells[i] == NULL ? 4 : lens[i]);
        buf_add_char(context, i + 1 < count ? '|' : '\n');
    }
    return true;
}

// The result of "SELECT <what> FROM the files <rest>" with | and line feeds.
static void assert_files(const Fixture *fixture, const char *what, const char *rest,
                         const char *expected)
{
    Err err = {0};
    Duck *duck = NULL;
    CLEANUP(buf_done) Buf sql = {0};
    CLEANUP(buf_done) Buf result = {0};
    buf_add_format(&sql,
                   "SELECT %s FROM read_parquet('%s/**/*.parquet', hive_partitioning = false) %s",
                   what, fixture->folder, rest);
    ASSERT_OK(duck_open(&(DuckOptions){0}, &duck, &err), err);
    ASSERT_OK(duck_query(duck, buf_text(&sql), collect, &result, &err), err);
    duck_free(duck);
    assert_string_equal(buf_text(&result), expected);
}

static void write__every_type_reads_back(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "b", TYPE_BOOL, 0, 0);
    add(fixture, "i8", TYPE_INT8, 0, 0);
    add(fixture, "i16", TYPE_INT16, 0, 0);
    add(fixture, "i32", TYPE_INT32, 0, 0);
    add(fixture, "i64", TYPE_INT64, 0, 0);
    add(fixture, "u64", TYPE_UINT64, 0, 0);
    add(fixture, "f32", TYPE_FLOAT32, 0, 0);
    add(fixture, "f64", TYPE_FLOAT64, 0, 0);
    add(fixture, "d4", TYPE_DECIMAL, 4, 2);
    add(fixture, "d9", TYPE_DECIMAL, 9, 0);
    add(fixture, "d18", TYPE_DECIMAL, 18, 18);
    add(fixture, "d38", TYPE_DECIMAL, 38, 10);
    add(fixture, "day", TYPE_DATE, 0, 0);
    add(fixture, "local", TYPE_DATETIME, 0, 6);
    add(fixture, "instant", TYPE_INSTANT, 0, 6);
    add(fixture, "t", TYPE_TEXT, 0, 0);
    add(fixture, "raw", TYPE_BYTES, 0, 0);
    __int128 big = 1;
    for (int i = 0; i < 38; i++) {
        big *= 10;
    }
    const Value rows[2][17] = {
        {set_int(1),
         set_int(-128),
         set_int(32767),
         set_int(INT32_MIN),
         set_int(INT64_MAX),
         {.state = VALUE_SET, .u64 = UINT64_MAX},
         {.state = VALUE_SET, .f64 = 0.5},
         {.state = VALUE_SET, .f64 = 5e-324},
         set_decimal(-9999),
         set_decimal(999999999),
         set_decimal(-999999999999999999),
         set_decimal(1 - big),
         set_int(0),
         set_int(-62167219200000000),
         set_int(1479112200123456),
         {.state = VALUE_SET, .bytes = "a\0b", .len = 3},
         {.state = VALUE_SET, .bytes = "\xff\x00", .len = 2}},
        {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}},
    };
    write_rows(fixture, rows[0], 2);
    assert_files(fixture, "b::varchar, i8, i16, i32, i64, u64::varchar, f32::varchar, f64::varchar",
                 "",
                 "true|-128|32767|-2147483648|9223372036854775807|18446744073709551615|0.5|5e-324\n"
                 "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n");
    assert_files(
        fixture, "d4::varchar, d9::varchar, d18::varchar, d38::varchar", "WHERE b",
        "-99.99|999999999|-.999999999999999999|-9999999999999999999999999999.9999999999\n");
    assert_files(fixture,
                 "day::varchar, epoch_us(local), epoch_us(instant), hex(encode(t)), hex(raw)",
                 "WHERE b", "1970-01-01|-62167219200000000|1479112200123456|610062|FF00\n");
    assert_files(
        fixture,
        "typeof(u64), typeof(d4), typeof(day), typeof(local), typeof(instant), typeof(raw)",
        "WHERE b", "DECIMAL(20,0)|DECIMAL(4,2)|DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE|BLOB\n");
}

static void write__text_of_every_length_keeps_its_bytes(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "n", TYPE_INT32, 0, 0);
    add(fixture, "t", TYPE_TEXT, 0, 0);
    // Letters in an order that shows a shifted or repeated byte; each text has exactly its length
    // of memory.
    enum { COUNT = 40 };
    Value rows[COUNT][2];
    char *texts[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        texts[i] = malloc(i + (i == 0));
        for (size_t j = 0; j < i; j++) {
            texts[i][j] = (char)('A' + j % 26);
        }
        rows[i][0] = set_int((int64_t)i);
        rows[i][1] = (Value){.state = VALUE_SET, .bytes = texts[i], .len = i};
    }
    write_rows(fixture, rows[0], COUNT);
    assert_files(
        fixture, "count(*), sum(length(t))::bigint",
        "WHERE length(t) = n AND t = left('ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ', n)",
        "40|780\n");
    for (size_t i = 0; i < COUNT; i++) {
        free(texts[i]);
    }
}

// Values that are large beside a row group's share of memory.
typedef struct WideProducer {
    char *text;
    size_t len;
    int64_t at;
    int64_t count;
    Value row[2];
} WideProducer;

static bool wide_next(void *object, const Value **ret_row, Err *err)
{
    WideProducer *producer = object;
    (void)err;
    if (producer->at == producer->count) {
        *ret_row = NULL;
        return true;
    }
    memset(producer->text, 'a' + (int)(producer->at % 26), producer->len);
    producer->row[0] = set_int(producer->at++);
    producer->row[1] = (Value){.state = VALUE_SET, .bytes = producer->text, .len = producer->len};
    *ret_row = producer->row;
    return true;
}

static void write__wide_rows_are_not_mixed_up(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "n", TYPE_INT64, 0, 0);
    add(fixture, "t", TYPE_TEXT, 0, 0);
    const size_t lens[] = {1000, 300000, 3000000};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        Err err = {0};
        WideProducer wide = {.text = malloc(lens[i]), .len = lens[i], .count = 50};
        void *producers[1];
        ParquetWrite write = write_of(fixture, producers);
        producers[0] = &wide;
        write.next = wide_next;
        parquet_files_done(&fixture->files);
        fs_remove_tree(fixture->folder);
        ASSERT_OK(fs_make_dirs(fixture->folder, &err), err);
        ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
        free(wide.text);
        CLEANUP(mem_free_text) char *expected = mem_format("50|%zu\n", lens[i]);
        assert_files(fixture, "count(*), max(length(t))",
                     "WHERE t = repeat(chr((97 + n % 26)::int), length(t)::int)", expected);
    }
}

static void write__dirty_rows_are_left_out_and_nulls_stay_where_they_are(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a", TYPE_INT32, 0, 0);
    add(fixture, "b", TYPE_TEXT, 0, 0);
    const Value null = {.state = VALUE_NULL};
    const Value dirty = {.state = VALUE_DIRTY, .dirty = DIRTY_NOT_UTF8, .bytes = "\xff", .len = 1};
    const Value rows[][2] = {
        {set_int(1), set_text("x")}, {null, dirty},       {set_int(2), null},
        {null, set_text("z")},       {set_int(9), dirty},
    };
    write_rows(fixture, rows[0], ARRAY_LEN(rows));
    assert_files(fixture, "a, b", "", "1|x\n2|NULL\nNULL|z\n");
    assert_int_equal(fixture->producer.dirty_seen, 2);
    assert_int_equal(fixture->files.files[0].rows, 3);
}

static void write__no_rows_make_one_empty_file(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a b.\"c\xc3\xbc", TYPE_INT32, 0, 0);
    write_rows(fixture, NULL, 0);
    assert_int_equal(fixture->files.count, 1);
    assert_int_equal(fixture->files.files[0].rows, 0);
    assert_true(fixture->files.files[0].size > 0);
    assert_files(fixture, "count(\"a b.\"\"c\xc3\xbc\")", "", "0\n");
}

static void write__many_columns(void **state)
{
    Fixture *fixture = *state;
    enum { COLUMNS = 1000, ROWS = 3 };
    Value *rows = mem_alloc(COLUMNS * ROWS * sizeof(*rows));
    for (int i = 0; i < COLUMNS; i++) {
        CLEANUP(mem_free_text) char *name = mem_format("c%d", i);
        add(fixture, name, TYPE_INT32, 0, 0);
        for (int j = 0; j < ROWS; j++) {
            rows[j * COLUMNS + i] = set_int(i * 10 + j);
        }
    }
    write_rows(fixture, rows, ROWS);
    free(rows);
    assert_files(fixture, "c0, c999", "", "0|9990\n1|9991\n2|9992\n");
}

static void stats__are_bounds_as_delta_writes_them(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "i", TYPE_INT64, 0, 0);
    add(fixture, "d", TYPE_DECIMAL, 10, 2);
    add(fixture, "day", TYPE_DATE, 0, 0);
    add(fixture, "local", TYPE_DATETIME, 0, 6);
    add(fixture, "instant", TYPE_INSTANT, 0, 6);
    add(fixture, "f", TYPE_FLOAT32, 0, 0);
    add(fixture, "nan", TYPE_FLOAT64, 0, 0);
    add(fixture, "t", TYPE_TEXT, 0, 0);
    add(fixture, "raw", TYPE_BYTES, 0, 0);
    // 1479112200123456 us are 2016-11-14T08:30:00.123456Z.
    const Value rows[2][9] = {
        {set_int(-5),
         set_decimal(-150),
         set_int(17119),
         set_int(1479112200123456),
         set_int(1479112200123456),
         {.state = VALUE_SET, .f64 = (double)0.1F},
         {.state = VALUE_SET, .f64 = NAN},
         set_text("abcdefghijklmnopqrstuvwxyz0123456789"),
         set_text("x")},
        {set_int(7),
         set_decimal(5),
         set_int(17120),
         set_int(1479112200123456),
         {.state = VALUE_NULL},
         {.state = VALUE_SET, .f64 = 0.25},
         {.state = VALUE_SET, .f64 = 1},
         set_text(
             "zbcdefghijklmnopqrstuvwxyz\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"),
         set_text("y")},
    };
    write_rows(fixture, rows[0], 2);
    assert_string_equal(
        fixture->files.files[0].stats,
        "{\"numRecords\":2,"
        "\"minValues\":{\"i\":-5,\"d\":-1.50,\"day\":\"2016-11-14\",\"local\":\"2016-11-14T08:30:00.123\","
        "\"instant\":\"2016-11-14T08:30:00.123Z\",\"f\":0.10000000149011612,\"t\":\"abcdefghijklmnopqrstuvwxyz012345\"},"
        "\"maxValues\":{\"i\":7,\"d\":0.05,\"day\":\"2016-11-15\",\"local\":\"2016-11-14T08:30:00.124\","
        "\"instant\":\"2016-11-14T08:30:00.124Z\",\"f\":0.25,"
        "\"t\":\"zbcdefghijklmnopqrstuvwxyz\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xf4\x8f\xbf\xbf\"},"
        "\"nullCount\":{\"i\":0,\"d\":0,\"day\":0,\"local\":0,\"instant\":1,\"f\":0,\"nan\":0,\"t\":0,\"raw\":0}}");
}

static void stats__leave_out_what_has_no_bound(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "day", TYPE_DATE, 0, 0);
    add(fixture, "last", TYPE_DATETIME, 0, 6);
    add(fixture, "none", TYPE_INT32, 0, 0);
    add(fixture, "below_one", TYPE_DECIMAL, 3, 3);
    add(fixture, "flag", TYPE_BOOL, 0, 0);
    // Year 0 has no bound, many readers do not know it; the last microsecond of year 9999, whose
    // next millisecond has five digits, keeps its microseconds.
    const Civil last = {.year = 9999,
                        .month = 12,
                        .day = 31,
                        .hour = 23,
                        .minute = 59,
                        .second = 59,
                        .micros = 999999};
    const Value rows[1][5] = {{set_int(-719528),
                               set_int(civil_to_usec(&last)),
                               {.state = VALUE_NULL},
                               set_decimal(-5),
                               set_int(1)}};
    write_rows(fixture, rows[0], 1);
    assert_string_equal(
        fixture->files.files[0].stats,
        "{\"numRecords\":1,\"minValues\":{\"last\":\"9999-12-31T23:59:59.999\",\"below_one\":-0.005,\"flag\":true},"
        "\"maxValues\":{\"last\":\"9999-12-31T23:59:59.999999\",\"below_one\":-0.005,\"flag\":true},"
        "\"nullCount\":{\"day\":0,\"last\":0,\"none\":1,\"below_one\":0,\"flag\":0}}");
}

// Row groups of 2048 rows, each with NULLs elsewhere: the first and the last row, all, none, one
// late.
static void write__nulls_in_every_place(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "n", TYPE_INT32, 0, 0);
    add(fixture, "i", TYPE_INT64, 0, 0);
    add(fixture, "t", TYPE_TEXT, 0, 0);
    add(fixture, "f", TYPE_FLOAT64, 0, 0);
    add(fixture, "empty", TYPE_TEXT, 0, 0);
    enum { GROUP = 2048, COUNT = 6 * GROUP };
    Value *rows = mem_alloc(COUNT * 5 * sizeof(*rows));
    for (int i = 0; i < COUNT; i++) {
        const int at = i % GROUP;
        const bool is_null[] = {false, at == 0,     at == GROUP - 1,
                                true,  at % 2 == 0, at / 8 % 2 == 0};
        rows[i * 5] = set_int(i);
        rows[i * 5 + 4] = set_text("");
        if (!is_null[i / GROUP]) {
            rows[i * 5 + 1] = set_int(-i);
            rows[i * 5 + 2] = set_text(at % 3 == 0 ? "" : "text");
            rows[i * 5 + 3] = (Value){.state = VALUE_SET, .f64 = i / 2.0};
        }
    }
    Err err = {0};
    void *producers[1];
    fixture->producer = (Producer){.rows = rows, .columns = 5, .count = COUNT, .fail_at = SIZE_MAX};
    ParquetWrite write = write_of(fixture, producers);
    write.row_group_rows = GROUP;
    ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
    free(rows);
    assert_files(
        fixture, "count(*), count(i), count(t), count(f), sum(length(empty))::bigint",
        "WHERE (i IS NULL OR (i = -n AND f = n / 2 AND t = if(n % 2048 % 3 = 0, '', 'text')))",
        "12288|8190|8190|8190|0\n");
    assert_files(fixture, "n // 2048, count(i), min(n % 2048), max(n % 2048)",
                 "WHERE i IS NOT NULL GROUP BY ALL ORDER BY ALL",
                 "0|2048|0|2047\n1|2047|1|2047\n2|2047|0|2046\n4|1024|1|2047\n5|1024|8|2047\n");
    assert_non_null(strstr(fixture->files.files[0].stats, "\"i\":4098"));
}

// The ordinal of a row group has 16 bits, and readers refuse a file that has more.
static void write__ends_a_file_before_its_row_groups_run_out_of_numbers(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "n", TYPE_INT64, 0, 0);
    enum { COUNT = 40000 };
    Value *rows = mem_alloc(COUNT * sizeof(*rows));
    for (int i = 0; i < COUNT; i++) {
        rows[i] = set_int(i);
    }
    Err err = {0};
    void *producers[1];
    fixture->producer = (Producer){.rows = rows, .columns = 1, .count = COUNT, .fail_at = SIZE_MAX};
    ParquetWrite write = write_of(fixture, producers);
    write.row_group_rows = 1;
    ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
    free(rows);
    assert_int_equal(fixture->files.count, 2);
    assert_int_equal(fixture->files.files[0].rows, 32767);
    assert_int_equal(fixture->files.files[1].rows, COUNT - 32767);
    assert_non_null(strstr(fixture->files.files[1].stats, "\"minValues\":{\"n\":32767}"));
    assert_files(fixture, "count(*), count(DISTINCT n), min(n), max(n)", "",
                 "40000|40000|0|39999\n");
}

// What is kept of the row groups until their file ends does not grow with a table's columns.
static void write__ends_a_file_when_its_footer_is_large(void **state)
{
    Fixture *fixture = *state;
    enum { COLUMNS = 2000, COUNT = 120 };
    Value *row = mem_alloc(COLUMNS * sizeof(*row));
    for (int i = 0; i < COLUMNS; i++) {
        CLEANUP(mem_free_text) char *name = mem_format("a_name_that_is_rather_long_%d", i);
        add(fixture, name, TYPE_INT32, 0, 0);
        row[i] = set_int(i);
    }
    Value *rows = mem_alloc(COUNT * COLUMNS * sizeof(*rows));
    for (int i = 0; i < COUNT; i++) {
        memcpy(&rows[i * COLUMNS], row, COLUMNS * sizeof(*row));
    }
    Err err = {0};
    void *producers[1];
    fixture->producer =
        (Producer){.rows = rows, .columns = COLUMNS, .count = COUNT, .fail_at = SIZE_MAX};
    ParquetWrite write = write_of(fixture, producers);
    write.row_group_rows = 1;
    ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
    free(rows);
    free(row);
    assert_true(fixture->files.count > 1);
    assert_files(fixture, "count(*), max(a_name_that_is_rather_long_1999)", "", "120|1999\n");
}

// The two zeros are equal, and NaN is beside all order: no bound may hide them, in one row group or
// in two.
static void stats__of_zeros_and_nan(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "zero", TYPE_FLOAT64, 0, 0);
    add(fixture, "nan", TYPE_FLOAT32, 0, 0);
    const Value rows[][2] = {
        {{.state = VALUE_SET, .f64 = 0.0}, {.state = VALUE_SET, .f64 = 1.5}},
        {{.state = VALUE_SET, .f64 = 0.0}, {.state = VALUE_SET, .f64 = NAN}},
        {{.state = VALUE_SET, .f64 = -0.0}, {.state = VALUE_SET, .f64 = 2.5}},
    };
    for (int64_t group_rows = 1; group_rows <= 3; group_rows++) {
        Err err = {0};
        void *producers[1];
        fixture->producer =
            (Producer){.rows = rows[0], .columns = 2, .count = 3, .fail_at = SIZE_MAX};
        ParquetWrite write = write_of(fixture, producers);
        write.row_group_rows = group_rows;
        parquet_files_done(&fixture->files);
        fs_remove_tree(fixture->folder);
        ASSERT_OK(fs_make_dirs(fixture->folder, &err), err);
        ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
        assert_string_equal(
            fixture->files.files[0].stats,
            "{\"numRecords\":3,\"minValues\":{\"zero\":-0},\"maxValues\":{\"zero\":0},"
            "\"nullCount\":{\"zero\":0,\"nan\":0}}");
        assert_files(fixture, "count(*)", "WHERE zero = 0.0", "3\n");
        assert_files(fixture, "count(*)", "WHERE isnan(nan)", "1\n");
        assert_files(fixture, "count(*)", "WHERE nan > 1", "3\n");  // DuckDB's NaN is the greatest
    }
}

static void write__hands_back_the_producers_error(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a", TYPE_INT32, 0, 0);
    const Value rows[3][1] = {{set_int(1)}, {set_int(2)}, {set_int(3)}};
    Err err = {0};
    void *producers[1];
    fixture->producer = (Producer){.rows = rows[0], .columns = 1, .count = 3, .fail_at = 2};
    const ParquetWrite write = write_of(fixture, producers);
    ASSERT_FAIL(parquet_write(&write, &fixture->files, &err), err, FAIL_SOURCE,
                "the server went away");
    assert_string_equal(err.message, "the server went away");
}

static void write__stops_when_cancelled(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a", TYPE_INT32, 0, 0);
    const Value rows[1][1] = {{set_int(1)}};
    Err err = {0};
    void *producers[1];
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    fixture->producer = (Producer){.rows = rows[0], .columns = 1, .count = 1, .fail_at = SIZE_MAX};
    ParquetWrite write = write_of(fixture, producers);
    write.cancel = cancel;
    ASSERT_FAIL(parquet_write(&write, &fixture->files, &err), err, FAIL_CANCELLED, "cancelled");
    cancel_free(cancel);
}

static void write__a_missing_folder_is_the_targets_fault(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a", TYPE_INT32, 0, 0);
    const Value rows[1][1] = {{set_int(1)}};
    Err err = {0};
    void *producers[1];
    fixture->producer = (Producer){.rows = rows[0], .columns = 1, .count = 1, .fail_at = SIZE_MAX};
    ParquetWrite write = write_of(fixture, producers);
    write.folder = "/proc/nowhere";
    ASSERT_FAIL(parquet_write(&write, &fixture->files, &err), err, FAIL_TARGET, "/proc/nowhere");
}

// Many more producers than processors: every one is pulled to its end.
static void write__pulls_every_producer(void **state)
{
    Fixture *fixture = *state;
    add(fixture, "a", TYPE_INT64, 0, 0);
    const Value rows[1][1] = {{set_int(1)}};
    Err err = {0};
    Producer producers[13];
    void *pointers[ARRAY_LEN(producers)];
    for (size_t i = 0; i < ARRAY_LEN(producers); i++) {
        producers[i] =
            (Producer){.rows = rows[0], .columns = 1, .count = i % 2, .fail_at = SIZE_MAX};
        pointers[i] = &producers[i];
    }
    ParquetWrite write = write_of(fixture, pointers);
    pointers[0] = &producers[0];
    write.producer_count = ARRAY_LEN(producers);
    ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
    assert_files(fixture, "count(*)", "", "6\n");
}

// Memory that is set aside for each column and thread adds up.
static void write__a_thousand_texts_fit_in_little_memory(void **state)
{
    Fixture *fixture = *state;
    enum { COLUMNS = 1000 };
    Value *row = mem_alloc(COLUMNS * sizeof(*row));
    for (size_t i = 0; i < COLUMNS; i++) {
        CLEANUP(mem_free_text) char *name = mem_format("c%zu", i);
        add(fixture, name, TYPE_TEXT, 0, 0);
        row[i] = set_text("text");
    }
    Producer producers[4];
    void *pointers[ARRAY_LEN(producers)];
    ParquetWrite write = write_of(fixture, pointers);
    for (size_t i = 0; i < ARRAY_LEN(producers); i++) {
        producers[i] = (Producer){.rows = row, .columns = COLUMNS, .count = 1, .fail_at = SIZE_MAX};
        pointers[i] = &producers[i];
    }
    write.producer_count = ARRAY_LEN(producers);
    write.memory_bytes = (uint64_t)256 << 20;
    Err err = {0};
    ASSERT_OK(parquet_write(&write, &fixture->files, &err), err);
    assert_files(fixture, "count(*), min(c0), max(c999)", "", "4|text|text\n");
    free(row);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(write__every_type_reads_back),
        TEST(write__text_of_every_length_keeps_its_bytes),
        TEST(write__wide_rows_are_not_mixed_up),
        TEST(write__dirty_rows_are_left_out_and_nulls_stay_where_they_are),
        TEST(write__no_rows_make_one_empty_file),
        TEST(write__many_columns),
        TEST(write__a_thousand_texts_fit_in_little_memory),
        TEST(stats__are_bounds_as_delta_writes_them),
        TEST(stats__leave_out_what_has_no_bound),
        TEST(write__nulls_in_every_place),
        TEST(write__ends_a_file_before_its_row_groups_run_out_of_numbers),
        TEST(write__ends_a_file_when_its_footer_is_large),
        TEST(stats__of_zeros_and_nan),
        TEST(write__hands_back_the_producers_error),
        TEST(write__stops_when_cancelled),
        TEST(write__a_missing_folder_is_the_targets_fault),
        TEST(write__pulls_every_producer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

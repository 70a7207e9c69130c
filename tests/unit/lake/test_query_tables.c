// Which tables a query names, and which partitions it can need. A query that is pruned wrongly
// gives a wrong result without a word, so what must be kept is tested more than what can go.
#include "delta_support.h"

#include "lake/duck.h"
#include "lake/sql/query_tables.h"

static void duck_done(Duck **duck)
{
    duck_free(*duck);
}

static void tables_done(QueryTables **tables)
{
    query_tables_free(*tables);
}

static Duck *open_duck(void)
{
    Duck *duck = NULL;
    Err err = {0};
    ASSERT_OK(duck_open(&(DuckOptions){.threads = 1}, &duck, &err), err);
    return duck;
}

static QueryTables *read_query(Duck *duck, const char *sql)
{
    QueryTables *tables = NULL;
    Err err = {0};
    ASSERT_OK(query_tables_read(duck, sql, &tables, &err), err);
    return tables;
}

// "name@position name@position": what the query names.
static void expect_names(const char *sql, const char *expected)
{
    CLEANUP(duck_done) Duck *duck = open_duck();
    CLEANUP(tables_done) QueryTables *tables = read_query(duck, sql);
    CLEANUP(buf_done) Buf text = {0};
    size_t count = 0;
    const QueryTable *list = query_tables_list(tables, &count);
    for (size_t i = 0; i < count; i++) {
        buf_add_format(&text, "%s%s%s%s@%zu", i > 0 ? " " : "", list[i].schema,
                       list[i].schema[0] == '\0' ? "" : ".", list[i].name, list[i].position);
    }
    assert_string_equal(buf_text(&text), expected);
}

static void names__in_every_place(void **state)
{
    (void)state;
    expect_names("select 1", "");
    expect_names("select * from t", "t@14");
    expect_names("select * from A join b using (x), c", "A@14 b@21 c@34");
    expect_names("select (select max(x) from u) from t where y in (select y from v)",
                 "t@35 u@27 v@63");
    expect_names("select * from t union all select * from u order by 1", "t@14 u@40");
    expect_names("select * from p.t", "p.t@14");
    expect_names("from t select 1", "t@5");
    expect_names("select * from read_parquet('x')", "");
    expect_names("select 18446744073709551615, 99999999999999999999999999 from t", "t@61");
}

static void names__that_with_hides(void **state)
{
    (void)state;
    expect_names("with t as (select * from u) select * from t", "u@25");
    expect_names("with t as (select 1), v as (select * from t) select * from V, w", "w@62");
    expect_names("with t as (select 1) select * from p.t", "p.t@35");
    expect_names("select * from (with t as (select 1) select * from t) x, t", "t@56");
    expect_names("select * from t where exists (with t as (select 1) select * from t)", "t@14");
}

static void names__max_pt(void **state)
{
    (void)state;
    CLEANUP(duck_done) Duck *duck = open_duck();
    CLEANUP(tables_done)
    QueryTables *tables =
        read_query(duck, "select * from t where ds = max_pt('u') or MAX_PT('v') = 'x'");
    size_t count = 0;
    const QueryTable *list = query_tables_max_pt(tables, &count);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "u");
    assert_string_equal(list[1].name, "v");
}

static void names__what_is_no_query(void **state)
{
    (void)state;
    CLEANUP(duck_done) Duck *duck = open_duck();
    QueryTables *tables = NULL;
    Err err = {0};
    ASSERT_FAIL(query_tables_read(duck, "select * frm t", &tables, &err), err, FAIL_CONFIG, "t");
    assert_int_equal(duck_error_position(duck), 13);
    ASSERT_FAIL(query_tables_read(duck, "insert into t values (1)", &tables, &err), err,
                FAIL_CONFIG, "SELECT");
}

static void sorted__only_where_it_ends_so(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool is_sorted;
    } cases[] = {
        {"select * from t order by a", true},
        {"with c as (select 1) select * from c order by 1 limit 3", true},
        {"select * from (select * from t order by a)", false},
        {"select row_number() over (order by a) from t", false},
        {"select a from t union select b from u order by 1", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(duck_done) Duck *duck = open_duck();
        CLEANUP(tables_done) QueryTables *tables = read_query(duck, cases[i].sql);
        assert_int_equal(query_tables_is_sorted(tables), cases[i].is_sorted);
    }
}

// --- pruning ------------------------------------------------------------------------------------------------

// ds (text) and h (integer): files a..f are 1/1, 1/2, 2/1, 2/2, 3/1, null/null.
static DeltaTable *make_table(const Folder *folder)
{
    CLEANUP(buf_done) Buf log = {0};
    buf_add_text(
        &log,
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
        "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
        "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"long\\\","
        "\\\"nullable\\\":true,\\\"metadata\\\":{}},{\\\"name\\\":\\\"ds\\\",\\\"type\\\":\\\"string\\\",\\\"nullable\\\":true,"
        "\\\"metadata\\\":{}},{\\\"name\\\":\\\"h\\\",\\\"type\\\":\\\"integer\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","
        "\"partitionColumns\":[\"ds\",\"h\"],\"configuration\":{}}}\n");
    static const char *const values[] = {"\"1\",\"h\":\"1\"", "\"1\",\"h\":\"2\"",
                                         "\"2\",\"h\":\"1\"", "\"2\",\"h\":\"2\"",
                                         "\"3\",\"h\":\"1\"", "null,\"h\":null"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        buf_add_format(&log,
                       "{\"add\":{\"path\":\"%c\",\"partitionValues\":{\"ds\":%s},\"size\":5,"
                       "\"modificationTime\":50,\"dataChange\":true}}\n",
                       (int)('a' + (int)i), values[i]);
    }
    write_version(folder, 0, buf_text(&log));
    return open_table(folder);
}

static void expect_kept(const char *sql, const char *expected)
{
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *table = make_table(&folder);
    CLEANUP(duck_done) Duck *duck = open_duck();
    CLEANUP(tables_done) QueryTables *tables = read_query(duck, sql);
    bool keep[6] = {true, true, true, true, true, true};
    char kept[7] = "";
    size_t count = 0;
    Err err = {0};
    ASSERT_OK(query_tables_prune(duck, tables, "t", table, keep, &err), err);
    // The order of files in a table is its reader's: their names say which they are.
    for (char name = 'a'; name <= 'f'; name++) {
        for (size_t i = 0; i < table->file_count; i++) {
            if (table->files[i].path[0] == name && keep[i]) {
                kept[count++] = name;
            }
        }
    }
    if (strcmp(kept, expected) != 0) {
        fail_msg("%s keeps \"%s\", not \"%s\"", sql, kept, expected);
    }
}

static void prune__what_conditions_exclude(void **state)
{
    (void)state;
    expect_kept("select * from t", "abcdef");
    expect_kept("select * from t where ds = '1'", "ab");
    expect_kept("select * from T x where X.DS = '1' and x.h = 2", "b");
    expect_kept("select * from t where ds in ('2', '3') and h < 2", "ce");
    expect_kept("select * from t where ds between '2' and '9' and a > 5", "cde");
    expect_kept("select * from t where ds || h = '12'", "b");
    expect_kept("select * from t where ds = '1' or h = 1", "abce");
    expect_kept("select * from t where ds like '3%'", "e");
    expect_kept("select * from t where case when h = 1 then ds = '2' else false end", "c");
    expect_kept("select * from t where ds = '9'", "");
    expect_kept("select * from t where cast(ds as int) + h = 4", "de");
    expect_kept("with c as (select * from t where ds = '2') select * from c", "cd");
}

static void prune__each_place_adds_what_it_needs(void **state)
{
    (void)state;
    expect_kept(
        "select * from t a full outer join t b on a.a = b.a where a.ds = '1' and b.ds = '2'",
        "abcd");
    expect_kept("select * from (select * from t where ds = '1') a full outer join "
                "(select * from t where ds = '3') b on a.a = b.a",
                "abe");
    expect_kept("select * from t where ds = '1' union all select * from t where h = 2", "abd");
    expect_kept("select * from t where ds = '1' and a = (select max(a) from t)", "abcdef");
    expect_kept("select * from u where ds = '1' and exists (select 1 from t where t.ds = '2')",
                "cd");
}

static void prune__keeps_what_it_does_not_understand(void **state)
{
    (void)state;
    expect_kept("select * from t where a = 1", "abcdef");
    expect_kept("select * from t where ds = '1' or a = 1", "abcdef");
    expect_kept("select * from t where ds = (select '1')", "abcdef");
    expect_kept("select * from t where ds > cast(random() as varchar)", "abcdef");
    expect_kept("select * from t where nope(ds)", "abcdef");
    expect_kept("select * from t where error(ds)", "abcdef");
    // An unqualified name may be the other table's.
    expect_kept("select * from t, u where ds = '1'", "abcdef");
    expect_kept("select * from t, u where u.ds = '1'", "abcdef");
    // A column of the query's own above the table.
    expect_kept("select * from (select a, '1' as ds from t) where ds = '1'", "abcdef");
    // ON of an outer join keeps rows of one side that it does not take.
    expect_kept("select * from t a left join u on a.ds = '1'", "abcdef");
    expect_kept("select * from t a positional join u where a.ds = '1'", "abcdef");
    // HAVING, and conditions after windows.
    expect_kept("select ds, count(*) from t group by ds having ds = '1'", "abcdef");
    expect_kept("select * from t qualify row_number() over (order by a) = 1 and ds = '1'",
                "abcdef");
}

// A row of t that was left out would be joined as NULL and taken after all.
static void prune__conditions_that_take_null(void **state)
{
    (void)state;
    expect_kept("select * from u left join t on u.a = t.a where t.ds is null", "abcdef");
    expect_kept("select * from u left join t on u.a = t.a where t.ds = '1' or t.ds is null",
                "abcdef");
    expect_kept("select * from u left join t on u.a = t.a where coalesce(t.ds, '1') = '1'",
                "abcdef");
    expect_kept("select * from u left join t on u.a = t.a where t.ds = '1'", "ab");
    expect_kept("select * from t where ds is null", "abcdef");
    expect_kept("select * from t where ds is not distinct from '1'", "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__in_every_place),
        cmocka_unit_test(names__that_with_hides),
        cmocka_unit_test(names__max_pt),
        cmocka_unit_test(names__what_is_no_query),
        cmocka_unit_test(sorted__only_where_it_ends_so),
        cmocka_unit_test(prune__what_conditions_exclude),
        cmocka_unit_test(prune__each_place_adds_what_it_needs),
        cmocka_unit_test(prune__keeps_what_it_does_not_understand),
        cmocka_unit_test(prune__conditions_that_take_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

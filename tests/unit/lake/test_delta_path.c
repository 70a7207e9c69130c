// Folder names and paths in the log. Expected names: what Spark's
// ExternalCatalogUtils.escapePathName and java.net.URI make of the same text, by their published
// tables.
#include "base/base.h"

#include "unit.h"

#include "base/text.h"
#include "lake/delta_internal.h"

static void assert_folder(const char *column, const char *value, const char *expected)
{
    CLEANUP(buf_done) Buf out = {0};
    delta_partition_folder(column, value, &out);
    assert_string_equal(buf_text(&out), expected);
}

static void partition_folder__plain(void **state)
{
    (void)state;
    assert_folder("ds", "20161114", "ds=20161114");
    assert_folder("ds", "a b.c-d_e~f,g;h&i+j$k(l)m!n@o|p<q>r`s}",
                  "ds=a b.c-d_e~f,g;h&i+j$k(l)m!n@o|p<q>r`s}");
}

static void partition_folder__escapes_what_hive_escapes(void **state)
{
    (void)state;
    assert_folder("r", "a/b", "r=a%2Fb");
    assert_folder("r", "a=b", "r=a%3Db");
    assert_folder("r", "50%", "r=50%25");
    assert_folder("r", "\"#'*:?\\{[]^", "r=%22%23%27%2A%3A%3F%5C%7B%5B%5D%5E");
    assert_folder("r", "\x01\t\n\x1F\x7F", "r=%01%09%0A%1F%7F");
    assert_folder("a:b", "x", "a%3Ab=x");
}

static void partition_folder__keeps_unicode(void **state)
{
    (void)state;
    assert_folder("区", "东", "区=东");
}

static void partition_folder__null_and_empty(void **state)
{
    (void)state;
    assert_folder("ds", NULL, "ds=__HIVE_DEFAULT_PARTITION__");
    assert_folder("ds", "", "ds=__HIVE_DEFAULT_PARTITION__");
}

static void path__encodes_and_decodes(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *encoded;
    } cases[] = {
        {"ds=20161114/part-0.parquet", "ds=20161114/part-0.parquet"},
        {"region=a%2Fb/x.parquet", "region=a%252Fb/x.parquet"},
        {"r=a b/x", "r=a%20b/x"},
        {"r=东/x+y", "r=%E4%B8%9C/x%2By"},
        {"a:b", "a%3Ab"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) Buf out = {0};
        delta_path_encode(cases[i].path, &out);
        assert_string_equal(buf_text(&out), cases[i].encoded);
        CLEANUP(mem_free_text) char *decoded = delta_path_decode(cases[i].encoded);
        assert_string_equal(decoded, cases[i].path);
    }
}

static void path_decode__keeps_what_is_no_escape(void **state)
{
    (void)state;
    static const char *const cases[] = {"100%", "%", "%4", "%zz", "%4g", "a%00b"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(mem_free_text) char *decoded = delta_path_decode(cases[i]);
        assert_string_equal(decoded, cases[i]);
    }
    CLEANUP(mem_free_text) char *lower = delta_path_decode("%c3%a9");
    assert_string_equal(lower, "é");
}

static void type_name__each_kind(void **state)
{
    (void)state;
    static const struct {
        Type type;
        const char *name;
    } cases[] = {
        {{.kind = TYPE_BOOL}, "boolean"},
        {{.kind = TYPE_INT8}, "byte"},
        {{.kind = TYPE_INT16}, "short"},
        {{.kind = TYPE_INT32}, "integer"},
        {{.kind = TYPE_INT64}, "long"},
        {{.kind = TYPE_UINT64}, "decimal(20,0)"},
        {{.kind = TYPE_FLOAT32}, "float"},
        {{.kind = TYPE_FLOAT64}, "double"},
        {{.kind = TYPE_DECIMAL, .precision = 38, .scale = 10}, "decimal(38,10)"},
        {{.kind = TYPE_DATE}, "date"},
        {{.kind = TYPE_DATETIME, .scale = 3}, "timestamp_ntz"},
        {{.kind = TYPE_INSTANT}, "timestamp"},
        {{.kind = TYPE_TEXT}, "string"},
        {{.kind = TYPE_BYTES}, "binary"},
    };
    assert_int_equal(ARRAY_LEN(cases), TYPE_KIND_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) Buf out = {0};
        delta_type_name(cases[i].type, &out);
        assert_string_equal(buf_text(&out), cases[i].name);
    }
}

static void interval__parses(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_true(delta_interval_parse("interval 7 days", &ms));
    assert_int_equal(ms, 604800000);
    assert_true(delta_interval_parse("interval 1 week", &ms));
    assert_int_equal(ms, 604800000);
    assert_true(delta_interval_parse("interval 1 week 2 hours 3 minutes", &ms));
    assert_int_equal(ms, 604800000 + 7200000 + 180000);
    assert_false(delta_interval_parse("interval 1 month", &ms));
    assert_false(delta_interval_parse("interval", &ms));
    assert_false(delta_interval_parse("", &ms));
    assert_false(delta_interval_parse("interval -1 days", &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition_folder__plain),
        cmocka_unit_test(partition_folder__escapes_what_hive_escapes),
        cmocka_unit_test(partition_folder__keeps_unicode),
        cmocka_unit_test(partition_folder__null_and_empty),
        cmocka_unit_test(path__encodes_and_decodes),
        cmocka_unit_test(path_decode__keeps_what_is_no_escape),
        cmocka_unit_test(type_name__each_kind),
        cmocka_unit_test(interval__parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

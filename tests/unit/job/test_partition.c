// The partition of a target: what it means, and what is refused because a folder could not say it.
#include "base/base.h"

#include "unit.h"

#include "job/job.h"

static void parts_done(PartitionPart *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(parts[i].column);
        free(parts[i].value);
        free(parts[i].field);
    }
    free(parts);
}

static void parse__values_and_fields(void **state)
{
    (void)state;
    PartitionPart *parts;
    size_t count;
    Err err = {0};
    ASSERT_OK(partition_parse("ds=20161114,region={region}", &parts, &count, &err), err);
    assert_int_equal(count, 2);
    assert_string_equal(parts[0].column, "ds");
    assert_string_equal(parts[0].value, "20161114");
    assert_null(parts[0].field);
    assert_string_equal(parts[1].column, "region");
    assert_null(parts[1].value);
    assert_string_equal(parts[1].field, "region");
    parts_done(parts, count);

    ASSERT_OK(partition_parse(" ds = 2016-11-14 , 地区 = 华 东 ,x={ a b }", &parts, &count, &err),
              err);
    assert_int_equal(count, 3);
    assert_string_equal(parts[0].column, "ds");
    assert_string_equal(parts[0].value, "2016-11-14");
    assert_string_equal(parts[1].column, "地区");
    assert_string_equal(parts[1].value, "华 东");
    assert_string_equal(parts[2].field, "a b");
    parts_done(parts, count);
}

static void parse__refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part;
    } WRONG[] = {
        {"", "the partition is empty"},
        {"   ", "the partition is empty"},
        {"ds", "\"ds\" in the partition has no \"=\""},
        {"20161114", "Write column=value"},
        {"ds=1,", "a comma too many"},
        {",ds=1", "a comma too many"},
        {"ds=1,,hh=2", "a comma too many"},
        {"=1", "a partition column has no name"},
        {"ds=", "\"ds\" has no value"},
        {"ds= ", "\"ds\" has no value"},
        {"ds=2016/11/14", "holds a slash"},
        {"ds=1/hh=2", "holds a slash"},
        {"ds=a=b", "holds an equals sign"},
        {"ds=a\tb", "control character"},
        {"ds=a\nb", "control character"},
        {"ds=a\x7F", "control character"},
        {"d\001s=a", "control character"},
        {"d/s=a", "holds \"/\""},
        {"ds='20161114'", "needs no quotes: ds=20161114"},
        {"ds=\"1\"", "needs no quotes: ds=1"},
        {"ds=1,DS=2", "\"DS\" stands twice"},
        {"ds={a},ds=1", "\"ds\" stands twice"},
        {"ds=x{a}", "mixes text and a column"},
        {"ds={a}x", "mixes text and a column"},
        {"ds={a}{b}", "mixes text and a column"},
        {"ds={}", "mixes text and a column"},
        {"ds={", "mixes text and a column"},
        {"ds={a", "mixes text and a column"},
        {"ds=}", "mixes text and a column"},
        {"ds={ }", "name no column"},
        {"ds=\xFF", "not UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        PartitionPart *parts = NULL;
        size_t count = 77;
        Err err = {0};
        ASSERT_FAIL(partition_parse(WRONG[i].text, &parts, &count, &err), err, FAIL_CONFIG,
                    WRONG[i].part);
        assert_null(parts);
        assert_int_equal(count, 77);
    }
}

static void parse__folder_names_have_255_bytes(void **state)
{
    (void)state;
    char text[400];
    memset(text, 'x', sizeof(text));
    memcpy(text, "ds=", 3);
    text[3 + 248] = '\0';
    PartitionPart *parts;
    size_t count;
    Err err = {0};
    ASSERT_OK(partition_parse(text, &parts, &count, &err), err);
    parts_done(parts, count);
    text[3 + 248] = 'x';
    text[3 + 249] = '\0';
    ASSERT_FAIL(partition_parse(text, &parts, &count, &err), err, FAIL_CONFIG, "too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__values_and_fields),
        cmocka_unit_test(parse__refuses),
        cmocka_unit_test(parse__folder_names_have_255_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

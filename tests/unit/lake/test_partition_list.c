// The partitions of a table: found, sorted by value, counted, and chosen by a specification.
#include "delta_support.h"

#include "lake/partition_list.h"
#include "lake/partition_spec.h"

// hour (integer) and region (text), with files in several spellings of one hour.
static DeltaTable *make_typed(const Folder *folder)
{
    write_version(
        folder, 0,
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
        "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
        "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\","
        "\\\"nullable\\\":true,\\\"metadata\\\":{}},{\\\"name\\\":\\\"hour\\\",\\\"type\\\":\\\"integer\\\",\\\"nullable\\\":true,"
        "\\\"metadata\\\":{}},{\\\"name\\\":\\\"region\\\",\\\"type\\\":\\\"string\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","
        "\"partitionColumns\":[\"hour\",\"region\"],\"configuration\":{}}}\n"
        "{\"add\":{\"path\":\"a\",\"partitionValues\":{\"hour\":\"10\",\"region\":\"c/n\"},\"size\":5,\"modificationTime\":50,"
        "\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":1}\"}}\n"
        "{\"add\":{\"path\":\"b\",\"partitionValues\":{\"hour\":\"010\",\"region\":\"c/n\"},\"size\":6,\"modificationTime\":70,"
        "\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":2}\"}}\n"
        "{\"add\":{\"path\":\"c\",\"partitionValues\":{\"hour\":\"9\",\"region\":null},\"size\":7,\"modificationTime\":60,"
        "\"dataChange\":true}}\n"
        "{\"add\":{\"path\":\"d\",\"partitionValues\":{\"hour\":\"-3\",\"region\":\"eu\"},\"size\":8,\"modificationTime\":10,"
        "\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":4}\"}}\n");
    return open_table(folder);
}

static void list__by_value_with_counts(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *table = make_typed(&folder);
    Err err = {0};
    CLEANUP(partition_list_done) PartitionList list = {0};
    ASSERT_OK(partition_list_make(table, &list, &err), err);
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < list.count; i++) {
        const Partition *item = &list.items[i];
        partition_text(&list, item, &text);
        buf_add_format(&text, " %" PRId64 " %zu %" PRIu64 " %" PRId64 "; ", item->rows, item->files,
                       item->bytes, item->modified_ms);
    }
    assert_string_equal(buf_text(&text), "hour=-3/region=eu 4 1 8 10; "
                                         "hour=9/region=__HIVE_DEFAULT_PARTITION__ -1 1 7 60; "
                                         "hour=10/region=c%2Fn 3 2 11 70; ");
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(partition_list_find(&list, list.items[i].values), i);
    }
    char hour[] = "11";
    char region[] = "eu";
    assert_true(partition_list_find(&list, (char *[]){hour, region}) == SIZE_MAX);
}

static void list__without_partitions_and_without_files(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    for (int files = 0; files < 3; files++) {
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
        Schema schema = {0};
        (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
        delta_commit_schema(commit, &schema, NULL, 0);
        schema_done(&schema);
        if (files > 0) {
            CLEANUP(mem_free_text) char *path = mem_format("f%d", files);
            delta_commit_add(commit, path, NULL, 3, 2, NULL);
        }
        (void)publish(commit);
        CLEANUP(table_done) DeltaTable *after = open_table(&folder);
        Err err = {0};
        CLEANUP(partition_list_done) PartitionList list = {0};
        ASSERT_OK(partition_list_make(after, &list, &err), err);
        assert_int_equal(list.count, files == 0 ? 0 : 1);
        if (files > 0) {
            assert_int_equal(list.items[0].rows, files * 2);
        }
    }
}

static void list__bad_value_is_told(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    delta_free(make_typed(&folder));
    write_version(&folder, 1,
                  "{\"add\":{\"path\":\"x\",\"partitionValues\":{\"hour\":\"noon\"},\"size\":1,"
                  "\"modificationTime\":1,\"dataChange\":true}}\n");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    Err err = {0};
    CLEANUP(partition_list_done) PartitionList list = {0};
    ASSERT_FAIL(partition_list_make(table, &list, &err), err, FAIL_TARGET, "\"noon\"");
}

typedef struct Part {
    const char *column;
    SqlCompare compare;
    const char *value;
} Part;

// The paths of no table: which items (by number) fit, or the error's message.
static char *choose(const PartitionList *list, const Part *parts, size_t count)
{
    SqlPart sql[2] = {0};
    for (size_t i = 0; i < count; i++) {
        sql[i] = (SqlPart){.column = mem_copy_text(parts[i].column),
                           .compare = parts[i].compare,
                           .value = mem_copy_text(parts[i].value)};
    }
    const SqlPartition spec = {.parts = sql, .count = count};
    Err err = {0};
    const SqlPart *wrong = NULL;
    CLEANUP(buf_done) Buf out = {0};
    if (!partition_spec_check(list, &spec, &wrong, &err)) {
        buf_add_format(&out, "%zu: %s %s", (size_t)(wrong - sql), err.message, err.hint);
        assert_int_equal(err.kind, FAIL_CONFIG);
    } else {
        for (size_t i = 0; i < list->count; i++) {
            if (partition_spec_matches(list, &spec, &list->items[i])) {
                buf_add_format(&out, "%zu", i);
            }
        }
        if (partition_spec_is_whole(list, &spec)) {
            char **values = partition_spec_values(list, &spec);
            buf_add_format(&out, " is %s %s", values[0] == NULL ? "(null)" : values[0],
                           values[1] == NULL ? "(null)" : values[1]);
            free(values[0]);
            free(values[1]);
            free(values);
        }
    }
    for (size_t i = 0; i < count; i++) {
        free(sql[i].column);
        free(sql[i].value);
    }
    return mem_copy_text(buf_text(&out));
}

static void spec__compares_as_the_type(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *table = make_typed(&folder);
    Err err = {0};
    CLEANUP(partition_list_done) PartitionList list = {0};
    ASSERT_OK(partition_list_make(table, &list, &err), err);
    // Items: 0 is -3/eu, 1 is 9/NULL, 2 is 10/c/n.
    static const struct {
        Part parts[2];
        size_t count;
        const char *expected;
    } cases[] = {
        {{{0}}, 0, "012"},
        {{{"hour", SQL_EQUAL, "0010"}}, 1, "2"},
        {{{"HOUR", SQL_NOT_EQUAL, "9"}}, 1, "02"},
        {{{"hour", SQL_LESS, "10"}}, 1, "01"},
        {{{"hour", SQL_LESS_EQUAL, "10"}}, 1, "012"},
        {{{"hour", SQL_GREATER, "-3"}}, 1, "12"},
        {{{"hour", SQL_GREATER_EQUAL, "9"}, {"hour", SQL_LESS, "10"}}, 2, "1"},
        {{{"region", SQL_EQUAL, ""}}, 1, "1"},
        {{{"region", SQL_EQUAL, "__HIVE_DEFAULT_PARTITION__"}}, 1, "1"},
        {{{"region", SQL_NOT_EQUAL, "eu"}}, 1, "2"},
        {{{"region", SQL_LESS, "d"}}, 1, "2"},
        {{{"region", SQL_EQUAL, "eu"}, {"hour", SQL_EQUAL, "-03"}}, 2, "0 is -3 eu"},
        {{{"region", SQL_EQUAL, ""}, {"hour", SQL_EQUAL, "7"}}, 2, " is 7 (null)"},
        {{{"region", SQL_EQUAL, "eu"}, {"ds", SQL_EQUAL, "1"}},
         2,
         "1: \"ds\" is no partition column of the table Its partition columns: hour, region."},
        {{{"hour", SQL_EQUAL, "noon"}},
         1,
         "0: \"noon\" is no integer, which the partition column \"hour\" is "},
        {{{"hour", SQL_EQUAL, NULL}}, 1, "0: the partition column \"hour\" needs a value here "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(mem_free_text) char *got = choose(&list, cases[i].parts, cases[i].count);
        assert_string_equal(got, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list__by_value_with_counts),
        cmocka_unit_test(list__without_partitions_and_without_files),
        cmocka_unit_test(list__bad_value_is_told),
        cmocka_unit_test(spec__compares_as_the_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

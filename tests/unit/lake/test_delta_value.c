// One spelling of a partition value, whichever program wrote it, and commits on tables whose
// partition columns are not texts. Spellings are those of the protocol's section on partition
// values, of delta-rs, and of Java's BigDecimal.
#include "delta_support.h"

#include "lake/delta_internal.h"

static const Type decimal_type = {.kind = TYPE_DECIMAL, .precision = 20, .scale = 10};
static const Type local_type = {.kind = TYPE_DATETIME, .scale = 6};

static void canonical__one_text_for_each_value(void **state)
{
    (void)state;
    const struct {
        Type type;
        const char *text;
        const char *expected;  // NULL: no value of the type
    } cases[] = {
        {{.kind = TYPE_INT32}, "7", "7"},
        {{.kind = TYPE_INT32}, "007", "7"},
        {{.kind = TYPE_INT64}, "-0", "0"},
        {{.kind = TYPE_INT64}, "7.0", NULL},
        {{.kind = TYPE_INT8}, "", NULL},
        {{.kind = TYPE_BOOL}, "true", "true"},
        {{.kind = TYPE_BOOL}, "FALSE", "false"},
        {{.kind = TYPE_BOOL}, "1", NULL},
        {decimal_type, "1", "1.0000000000"},
        {decimal_type, "1.00", "1.0000000000"},
        {decimal_type, "-0.50", "-0.5000000000"},
        {decimal_type, "1E-7", "0.0000001000"},
        {decimal_type, "0E-10", "0.0000000000"},
        {decimal_type, "1.5E+3", "1500.0000000000"},
        {decimal_type, "1E-11", NULL},
        {decimal_type, "one", NULL},
        {{.kind = TYPE_DATE}, "2016-11-14", "2016-11-14"},
        {{.kind = TYPE_DATE}, "0001-01-01", "0001-01-01"},
        {{.kind = TYPE_DATE}, "2016-02-30", NULL},
        {{.kind = TYPE_DATE}, "2016-11-14 00:00:00", NULL},
        {local_type, "2016-11-14 00:00:00", "2016-11-14 00:00:00.000000"},
        {local_type, "2016-11-14 00:00:00.000000", "2016-11-14 00:00:00.000000"},
        {local_type, "2016-11-14T01:02:03.500000000", "2016-11-14 01:02:03.500000"},
        {local_type, "2016-11-14 01:02:03.5", "2016-11-14 01:02:03.500000"},
        {local_type, "2016-11-14", "2016-11-14 00:00:00.000000"},
        {local_type, "2016-11-14 01:02:03.1234567", NULL},
        {local_type, "2016-11-14 01:02:03Z", NULL},
        {{.kind = TYPE_TEXT}, "007", "007"},
        {{.kind = TYPE_INSTANT, .scale = 6}, "2016-11-14 00:00:00", "2016-11-14 00:00:00"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) Buf out = {0};
        const bool is_value = delta_value_text(cases[i].type, cases[i].text, &out);
        if (is_value != (cases[i].expected != NULL)) {
            fail_msg("\"%s\" %s", cases[i].text, is_value ? "was read" : "was refused");
        }
        if (is_value) {
            assert_string_equal(buf_text(&out), cases[i].expected);
        }
    }
}

static void one_spelling__not_of_every_type(void **state)
{
    (void)state;
    assert_true(delta_value_has_one_spelling(decimal_type));
    assert_true(delta_value_has_one_spelling(local_type));
    assert_true(delta_value_has_one_spelling((Type){.kind = TYPE_TEXT}));
    assert_false(delta_value_has_one_spelling((Type){.kind = TYPE_INSTANT}));
    assert_false(delta_value_has_one_spelling((Type){.kind = TYPE_FLOAT64}));
    assert_false(delta_value_has_one_spelling((Type){.kind = TYPE_BYTES}));
}

// A table of another writer, partitioned by n (integer) and d (decimal), with two files.
static void make_foreign(const Folder *folder, const char *second)
{
    CLEANUP(mem_free_text)
    char *text = mem_format(
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
        "{\"metaData\":{\"id\":\"x\",\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":["
        "{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\"},"
        "{\\\"name\\\":\\\"n\\\",\\\"type\\\":\\\"integer\\\"},"
        "{\\\"name\\\":\\\"d\\\",\\\"type\\\":\\\"decimal(10,2)\\\"}]}\",\"partitionColumns\":[\"n\",\"d\"]}}\n"
        "{\"add\":{\"path\":\"first\",\"size\":1,\"partitionValues\":{\"n\":\"007\",\"d\":\"1.0\"}}}\n"
        "{\"add\":{\"path\":\"second\",\"size\":1,\"partitionValues\":{\"n\":\"8\",\"d\":%s}}}\n",
        second);
    write_version(folder, 0, text);
}

static void typed__replace_finds_other_spellings(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        make_foreign(&folder, "null");
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
        const char *const values[] = {"07", "1.000"};
        delta_commit_add(commit, "new", values, 1, 1, NULL);
        if (i == 0) {
            delta_commit_replace(commit, values);
        } else {
            delta_commit_replace_written(commit);
        }
        assert_int_equal(publish(commit), 1);
        assert_files(&folder, "new second");
        CLEANUP(table_done) DeltaTable *after = open_table(&folder);
        const DeltaFile *file = &after->files[text_equal(after->files[0].path, "new") ? 0 : 1];
        assert_string_equal(file->partition_values[0], "7");
        assert_string_equal(file->partition_values[1], "1.00");
    }
}

static void typed__conflict_in_another_spelling(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_foreign(&folder, "null");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_replace(commit, (const char *const[]){"9", "2"});
    write_version(
        &folder, 1,
        "{\"add\":{\"path\":\"third\",\"size\":1,\"partitionValues\":{\"n\":\"09\",\"d\":\"2.0\"}}}\n");
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(commit, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                "added files to the partition");
}

static void typed__unreadable_values_stop_an_overwrite_only(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_foreign(&folder, "\"many\"");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_check_partitions(table, &err), err, FAIL_TARGET, "\"many\"");
    CLEANUP(commit_done) DeltaCommit *overwrite = delta_commit_new(table);
    delta_commit_replace(overwrite, (const char *const[]){"7", "1"});
    ASSERT_FAIL(delta_commit(overwrite, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                "file \"second\"");
    CLEANUP(commit_done) DeltaCommit *append = delta_commit_new(table);
    delta_commit_add(append, "new", (const char *const[]){"7", "1"}, 1, 1, NULL);
    assert_int_equal(publish(append), 1);
    CLEANUP(commit_done) DeltaCommit *bad = delta_commit_new(table);
    delta_commit_add(bad, "bad", (const char *const[]){"seven", "1"}, 1, 1, NULL);
    ASSERT_FAIL(delta_commit(bad, "WRITE", "Append", &result, &err), err, FAIL_TARGET,
                "\"seven\" of column \"n\" is no integer");
}

static void order__as_the_type(void **state)
{
    (void)state;
    static const struct {
        Type type;
        const char *a;
        const char *b;
        int order;
    } cases[] = {
        {{.kind = TYPE_TEXT}, "10", "9", -1},
        {{.kind = TYPE_INT32}, "10", "9", 1},
        {{.kind = TYPE_INT64}, "-2", "-10", 1},
        {{.kind = TYPE_INT64}, "007", "7", 0},
        {{.kind = TYPE_UINT64}, "18446744073709551615", "2", 1},
        {{.kind = TYPE_DECIMAL, .precision = 5, .scale = 2}, "1.0", "1.00", 0},
        {{.kind = TYPE_DECIMAL, .precision = 5, .scale = 2}, "9.5", "10.25", -1},
        {{.kind = TYPE_DATE}, "2016-11-14", "2016-02-30", 1},  // the second is no date: as text
        {{.kind = TYPE_DATE}, "2016-11-14", "2016-11-15", -1},
        {{.kind = TYPE_DATETIME, .scale = 6}, "2016-11-14 01:00:00", "2016-11-14 01:00:00.5", -1},
        {{.kind = TYPE_BOOL}, "TRUE", "false", 1},
        {{.kind = TYPE_FLOAT64}, "1e2", "20", 1},
        {{.kind = TYPE_FLOAT64}, "2", "2.0", 0},
        {{.kind = TYPE_INT32}, "x", "9", 1},
        {{.kind = TYPE_INT32}, NULL, "-9", -1},
        {{.kind = TYPE_INT32}, "", NULL, 0},
        {{.kind = TYPE_TEXT}, "a", "", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(delta_value_order(cases[i].type, cases[i].a, cases[i].b), cases[i].order);
        assert_int_equal(delta_value_order(cases[i].type, cases[i].b, cases[i].a), -cases[i].order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical__one_text_for_each_value),
        cmocka_unit_test(one_spelling__not_of_every_type),
        cmocka_unit_test(order__as_the_type),
        cmocka_unit_test(typed__replace_finds_other_spellings),
        cmocka_unit_test(typed__conflict_in_another_spelling),
        cmocka_unit_test(typed__unreadable_values_stop_an_overwrite_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

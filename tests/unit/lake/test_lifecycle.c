// When a partition has expired, and what keeps it. Times are written into the log by hand; the
// rules are those of dataworks' LIFECYCLE.
#include "delta_support.h"

#include <utime.h>

#include "lake/catalog.h"
#include "lake/lifecycle.h"

#define DAY_MS ((int64_t)86400000)
#define NOW_MS ((int64_t)1700000000000)

// ds=a/region=eu was written `ages[0]` ms ago and so on; region=us of ds=a has the third.
static void create_aged(const Folder *folder, const int64_t ages[3], const char *days)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    add_schema(commit, /* with_datetime= */ false);
    if (days != NULL) {
        delta_commit_property(commit, LIFECYCLE_PROPERTY, days);
    }
    static const char *const places[3][2] = {{"a", "eu"}, {"b", "eu"}, {"a", "us"}};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(mem_free_text) char *path = mem_format("%s-%s-0", places[i][0], places[i][1]);
        add_file(commit, path, places[i][0], places[i][1], 1);
        delta_commit_add_modified(commit, NOW_MS - ages[i]);
    }
    (void)publish(commit);
}

static const int64_t AGES[3] = {3 * DAY_MS + 1, 3 * DAY_MS, 40 * DAY_MS};

// What expires, "ds=a/region=eu ..."; "table" where all of it goes.
static char *expired(const Folder *folder, bool keeps_tables)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    Err err = {0};
    CLEANUP(lifecycle_plan_done) LifecyclePlan plan = {0};
    ASSERT_OK(lifecycle_plan(table,
                             &(LifecycleOptions){.now_ms = NOW_MS, .keeps_tables = keeps_tables},
                             &plan, &err),
              err);
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < plan.expired_count; i++) {
        buf_add_text(&text, i == 0 ? "" : " ");
        partition_text(&plan.partitions, &plan.partitions.items[plan.expired[i]], &text);
    }
    buf_add_text(&text, plan.drops_table ? "(table)" : "");
    return mem_copy_text(buf_text(&text));
}

static void assert_expired(const Folder *folder, const char *expected)
{
    CLEANUP(mem_free_text) char *got = expired(folder, /* keeps_tables= */ false);
    assert_string_equal(got, expected);
}

static void set_property(const Folder *folder, const char *key, const char *value)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_property(commit, key, value);
    (void)publish(commit);
}

static void plan__more_than_n_days(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_aged(&folder, AGES, "3");
    assert_expired(&folder, "ds=a/region=eu ds=a/region=us");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_OK(lifecycle_set(table, 30, &result, &err), err);
    assert_expired(&folder, "ds=a/region=us");
    CLEANUP(table_done) DeltaTable *second = open_table(&folder);
    assert_int_equal(lifecycle_days(second), 30);
    ASSERT_OK(lifecycle_set(second, 0, &result, &err), err);
    assert_expired(&folder, "");
    static const char *const wrong[] = {"-1", "x", "3.5", ""};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        set_property(&folder, LIFECYCLE_PROPERTY, wrong[i]);
        assert_expired(&folder, "");
    }
}

static void plan__unknown_times_do_not_expire(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_aged(&folder, (const int64_t[]){NOW_MS, NOW_MS + 5, 4 * DAY_MS}, "3");
    assert_expired(&folder, "ds=a/region=us");
}

static void enable__table_beats_partition(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_aged(&folder, AGES, "3");
    static const struct {
        int partition;  // -1: the table
        bool enabled;
        const char *expected;
    } steps[] = {
        {0, false, "ds=a/region=us"},
        {-1, false, ""},
        {0, true, ""},
        {-1, true, "ds=a/region=eu ds=a/region=us"},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        Err err = {0};
        CLEANUP(partition_list_done) PartitionList list = {0};
        ASSERT_OK(partition_list_make(table, &list, &err), err);
        DeltaCommitResult result = {0};
        const Partition *partition =
            steps[i].partition < 0 ? NULL : &list.items[steps[i].partition];
        ASSERT_OK(lifecycle_enable(table, &list, partition, steps[i].enabled, &result, &err), err);
        assert_expired(&folder, steps[i].expected);
    }
    CLEANUP(table_done) DeltaTable *after = open_table(&folder);
    assert_int_equal(after->property_count, 1);
}

static void forget__takes_what_was_said_of_the_partition(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_aged(&folder, AGES, "3");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    Err err = {0};
    CLEANUP(partition_list_done) PartitionList list = {0};
    ASSERT_OK(partition_list_make(table, &list, &err), err);
    DeltaCommitResult result = {0};
    ASSERT_OK(lifecycle_enable(table, &list, &list.items[0], false, &result, &err), err);
    CLEANUP(table_done) DeltaTable *disabled = open_table(&folder);
    assert_false(lifecycle_is_partition_enabled(disabled, &list, &list.items[0]));
    assert_true(lifecycle_is_partition_enabled(disabled, &list, &list.items[1]));
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(disabled);
    for (size_t i = 0; i < list.count; i++) {
        lifecycle_forget(commit, disabled, &list, &list.items[i]);
    }
    (void)publish(commit);
    CLEANUP(table_done) DeltaTable *after = open_table(&folder);
    assert_int_equal(after->property_count, 1);
}

static void touch__renews(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_aged(&folder, AGES, "3");
    Err err = {0};
    DeltaCommitResult result = {0};
    for (int whole = 0; whole < 2; whole++) {
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(partition_list_done) PartitionList list = {0};
        ASSERT_OK(partition_list_make(table, &list, &err), err);
        const size_t second = 1;
        ASSERT_OK(
            lifecycle_touch(table, &list, whole == 1 ? NULL : &second, 1, NOW_MS, &result, &err),
            err);
        assert_expired(&folder, whole == 1 ? "" : "ds=a/region=eu");
    }
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0");
}

static void apply__drops_partitions_and_keeps_the_table(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_aged(&folder, AGES, "2");
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    const LifecycleOptions options = {.now_ms = NOW_MS};
    CLEANUP(lifecycle_result_done) LifecycleResult result = {0};
    ASSERT_OK(lifecycle_apply(path, &options, &result, &err), err);
    assert_int_equal(result.version, 1);
    assert_int_equal(result.plan.expired_count, 3);
    assert_files(&folder, "");
    CLEANUP(lifecycle_result_done) LifecycleResult again = {0};
    ASSERT_OK(lifecycle_apply(path, &options, &again, &err), err);
    assert_int_equal(again.version, -1);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->version, 1);
}

static void apply__deletemeta_drops_the_table_with_its_last_partition(void **state)
{
    (void)state;
    static const char *const keys[] = {"weir.lifecycle.deletemeta", "lifecycle.deletemeta"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        create_aged(&folder, AGES, "3");
        set_property(&folder, keys[i], "true");
        assert_expired(&folder, "ds=a/region=eu ds=a/region=us");
        set_property(&folder, LIFECYCLE_PROPERTY, "2");
        assert_expired(&folder, "ds=a/region=eu ds=a/region=us ds=b/region=eu(table)");
        CLEANUP(mem_free_text) char *path = table_path(&folder);
        Err err = {0};
        CLEANUP(lifecycle_result_done) LifecycleResult result = {0};
        ASSERT_OK(lifecycle_apply(path, &(LifecycleOptions){.now_ms = NOW_MS}, &result, &err), err);
        assert_int_equal(result.version, -1);
        assert_false(fs_exists(path));
    }
}

static void apply__table_without_partitions(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *create = delta_commit_new(none);
    Schema schema = {0};
    (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
    delta_commit_schema(create, &schema, NULL, 0);
    schema_done(&schema);
    delta_commit_property(create, LIFECYCLE_PROPERTY, "3");
    (void)publish(create);
    // It has no files: the time of its log counts.
    CLEANUP(mem_free_text) char *name = version_name(0);
    CLEANUP(mem_free_text) char *log = log_file(&folder, name);
    const time_t seconds = NOW_MS / 1000;
    assert_int_equal(utime(log, &(struct utimbuf){.modtime = seconds - 3 * 86400}), 0);
    assert_expired(&folder, "");
    assert_int_equal(utime(log, &(struct utimbuf){.modtime = seconds - 3 * 86400 - 1}), 0);
    assert_expired(&folder, "(table)");
    for (int i = 0; i < 2; i++) {
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
        CLEANUP(mem_free_text) char *path = mem_format("f%d", i);
        delta_commit_add(commit, path, NULL, 1, 1, NULL);
        delta_commit_add_modified(commit, NOW_MS - (i == 0 ? 9 : 3) * DAY_MS - 1);
        (void)publish(commit);
        assert_expired(&folder, "(table)");
        CLEANUP(mem_free_text) char *kept = expired(&folder, /* keeps_tables= */ true);
        assert_string_equal(kept, "");
    }
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    const LifecycleOptions keeps = {.now_ms = NOW_MS, .keeps_tables = true};
    CLEANUP(lifecycle_result_done) LifecycleResult kept = {0};
    ASSERT_OK(lifecycle_apply(path, &keeps, &kept, &err), err);
    assert_true(fs_exists(path));
    CLEANUP(lifecycle_result_done) LifecycleResult result = {0};
    ASSERT_OK(lifecycle_apply(path, &(LifecycleOptions){.now_ms = NOW_MS}, &result, &err), err);
    assert_false(fs_exists(path));
    CLEANUP(lifecycle_result_done) LifecycleResult gone = {0};
    ASSERT_FAIL(lifecycle_apply(path, &(LifecycleOptions){.now_ms = NOW_MS}, &gone, &err), err,
                FAIL_TARGET, "no Delta table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__more_than_n_days),
        cmocka_unit_test(plan__unknown_times_do_not_expire),
        cmocka_unit_test(enable__table_beats_partition),
        cmocka_unit_test(forget__takes_what_was_said_of_the_partition),
        cmocka_unit_test(touch__renews),
        cmocka_unit_test(apply__drops_partitions_and_keeps_the_table),
        cmocka_unit_test(apply__deletemeta_drops_the_table_with_its_last_partition),
        cmocka_unit_test(apply__table_without_partitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

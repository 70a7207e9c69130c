// Which files vacuum counts, for logs that spell paths in every way; and which log files a cleanup
// takes. Times are those of the files, set by hand.
#include "delta_support.h"

#include <sys/stat.h>
#include <utime.h>

#include "lake/delta_internal.h"
#include "lake/vacuum.h"

#define NOW_SECONDS ((time_t)1700000000)
#define DAY_SECONDS 86400

static void set_age(const char *path, int days)
{
    const time_t at = NOW_SECONDS - (time_t)days * DAY_SECONDS;
    assert_int_equal(utime(path, &(struct utimbuf){.actime = at, .modtime = at}), 0);
}

static void put_file(const Folder *folder, const char *name, int days)
{
    CLEANUP(mem_free_text) char *path = mem_format("%s/t/%s", folder->path, name);
    write_file(path, "x");
    set_age(path, days);
}

static const char heads[] =
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
    "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\","
    "\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{}}}\n";

static void put_log(const Folder *folder, const char *const *paths, size_t count)
{
    CLEANUP(buf_done) Buf text = {0};
    buf_add_text(&text, heads);
    for (size_t i = 0; i < count; i++) {
        buf_add_format(&text,
                       "{\"add\":{\"path\":\"%s\",\"partitionValues\":{},\"size\":1,"
                       "\"modificationTime\":1,\"dataChange\":true}}\n",
                       paths[i]);
    }
    write_version(folder, 0, buf_text(&text));
}

static VacuumResult vacuum(const Folder *folder, bool removes)
{
    CLEANUP(mem_free_text) char *path = table_path(folder);
    const VacuumOptions options = {
        .now_ms = (int64_t)NOW_SECONDS * 1000, .retention_ms = -1, .removes = removes};
    Err err = {0};
    VacuumResult result = {0};
    ASSERT_OK(vacuum_table(path, &options, &result, &err), err);
    return result;
}

static void vacuum__knows_every_spelling_of_a_path(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(mem_free_text) char *whole = mem_format("%s/t/whole.parquet", folder.path);
    CLEANUP(mem_free_text) char *uri = mem_format("file://%s/t/uri.parquet", folder.path);
    CLEANUP(mem_free_text) char *short_uri = mem_format("file:%s/t/short.parquet", folder.path);
    const char *const paths[] = {
        "./dot.parquet",
        "p=1//slash.parquet",
        "p=1/./inner.parquet",
        "a%20b.parquet",
        "raw%41.parquet",
        whole,
        uri,
        short_uri,
        "/else/x.parquet",
        "plain.parquet",
    };
    static const char *const files[] = {
        "dot.parquet", "p=1/slash.parquet", "p=1/inner.parquet",
        "a b.parquet", "raw%41.parquet",    "whole.parquet",
        "uri.parquet", "short.parquet",     "plain.parquet",
    };
    put_log(&folder, paths, ARRAY_LEN(paths));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        put_file(&folder, files[i], 9);
    }
    put_file(&folder, "x.parquet", 9);
    const VacuumResult result = vacuum(&folder, /* removes= */ true);
    assert_int_equal(result.files, 1);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        CLEANUP(mem_free_text) char *path = mem_format("%s/t/%s", folder.path, files[i]);
        assert_true(fs_exists(path));
    }
}

static void vacuum__by_age_of_file_and_of_removal(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    put_log(&folder, (const char *const[]){"a.parquet", "b.parquet", "c.parquet"}, 3);
    CLEANUP(buf_done) Buf text = {0};
    static const int removed[] = {8, 6};
    for (size_t i = 0; i < ARRAY_LEN(removed); i++) {
        buf_add_format(
            &text, "{\"remove\":{\"path\":\"%c.parquet\",\"deletionTimestamp\":%" PRId64 "}}\n",
            'a' + (int)i, ((int64_t)NOW_SECONDS - (int64_t)removed[i] * DAY_SECONDS) * 1000);
    }
    write_version(&folder, 1, buf_text(&text));
    static const char *const files[] = {"a.parquet", "b.parquet", "c.parquet"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        put_file(&folder, files[i], 20);
    }
    put_file(&folder, "young.parquet", 6);
    put_file(&folder, "old.parquet", 8);
    assert_int_equal(vacuum(&folder, /* removes= */ false).files, 2);  // a and old
    const VacuumResult result = vacuum(&folder, /* removes= */ true);
    assert_int_equal(result.files, 2);
    assert_int_equal(result.bytes, 2);
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    CLEANUP(fs_list_done) FsList left = {0};
    ASSERT_OK(fs_list(path, &left, &err), err);
    assert_int_equal(left.count, 4);
    assert_string_equal(left.names[1], "b.parquet");
    assert_string_equal(left.names[3], "young.parquet");
}

// --- the log --------------------------------------------------------------------------------------------

static DeltaCleanup cleanup(const Folder *folder)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    Err err = {0};
    DeltaCleanup result = {0};
    ASSERT_OK(
        delta_cleanup_log(table, (int64_t)NOW_SECONDS * 1000, /* removes= */ true, &result, &err),
        err);
    return result;
}

static void log__keeps_the_newest_checkpoint_at_or_before_the_cut(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    put_log(&folder, NULL, 0);
    for (int64_t version = 1; version < 8; version++) {
        write_version(&folder, version, "{\"commitInfo\":{}}\n");
    }
    Err err = {0};
    ASSERT_OK(delta_checkpoint_write(path, 3, &err), err);
    ASSERT_OK(delta_checkpoint_write(path, 6, &err), err);
    static const char *const others[] = {
        "00000000000000000002.crc",
        "00000000000000000000.00000000000000000002.compacted.json",
        "00000000000000000002.00000000000000000004.compacted.json",
        "0000000000000000002.json",  // 19 digits: nobody's
        "00000000000000000001.txt",
        "x.json",
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        CLEANUP(mem_free_text) char *file = log_file(&folder, others[i]);
        write_file(file, "{}");
    }
    // Versions 0 to 4 are older than 30 days.
    for (int64_t version = 0; version < 8; version++) {
        CLEANUP(mem_free_text) char *name = version_name(version);
        CLEANUP(mem_free_text) char *file = log_file(&folder, name);
        set_age(file, version < 5 ? 31 : 29);
    }
    const DeltaCleanup result = cleanup(&folder);
    assert_int_equal(result.files, 5);  // 0, 1, 2, the .crc and the first compacted one
    CLEANUP(mem_free_text) char *log = fs_join(path, "_delta_log");
    CLEANUP(fs_list_done) FsList left = {0};
    ASSERT_OK(fs_list(log, &left, &err), err);
    CLEANUP(buf_done) Buf names = {0};
    for (size_t i = 0; i < left.count; i++) {
        buf_add_format(&names, "%s\n", left.names[i]);
    }
    assert_string_equal(buf_text(&names),
                        "00000000000000000001.txt\n"
                        "00000000000000000002.00000000000000000004.compacted.json\n"
                        "00000000000000000003.checkpoint.parquet\n"
                        "00000000000000000003.json\n"
                        "00000000000000000004.json\n"
                        "00000000000000000005.json\n"
                        "00000000000000000006.checkpoint.parquet\n"
                        "00000000000000000006.json\n"
                        "00000000000000000007.json\n"
                        "0000000000000000002.json\n"
                        "_last_checkpoint\n"
                        "x.json\n");
    for (int64_t version = 3; version < 8; version++) {
        DeltaTable *table = NULL;
        ASSERT_OK(delta_open(path, version, &table, &err), err);
        delta_free(table);
    }
    assert_int_equal(cleanup(&folder).files, 0);
}

static void log__bad_retention_is_told(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *before = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(before);
    delta_commit_property(commit, "delta.logRetentionDuration", "a while");
    (void)publish(commit);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    Err err = {0};
    DeltaCleanup result = {0};
    ASSERT_FAIL(delta_cleanup_log(table, 0, /* removes= */ true, &result, &err), err, FAIL_TARGET,
                "\"a while\", which is no time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vacuum__knows_every_spelling_of_a_path),
        cmocka_unit_test(vacuum__by_age_of_file_and_of_removal),
        cmocka_unit_test(log__keeps_the_newest_checkpoint_at_or_before_the_cut),
        cmocka_unit_test(log__bad_retention_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

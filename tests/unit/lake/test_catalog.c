// Tables as folders: which folders are tables, and what stands in the way of dropping and renaming.
#include "delta_support.h"

#include <signal.h>
#include <sys/wait.h>

#include "lake/catalog.h"
#include "lake/marker.h"

static void make_folder(const Folder *folder, const char *name)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = fs_join(folder->path, name);
    ASSERT_OK(fs_make_dirs(path, &err), err);
}

static void assert_names(const char *lake, const char *expected)
{
    Err err = {0};
    CLEANUP(fs_list_done) FsList names = {0};
    ASSERT_OK(catalog_list(lake, &names, &err), err);
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < names.count; i++) {
        buf_add_format(&text, "%s%s", i == 0 ? "" : " ", names.names[i]);
    }
    assert_string_equal(buf_text(&text), expected);
}

static void list__names_tables_only(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    assert_names(folder.path, "");
    create_table(&folder);
    make_folder(&folder, "empty");
    make_folder(&folder, "begun/_delta_log");
    static const char *const logs[] = {
        ".hidden/_delta_log/00000000000000000000.json",
        "_hidden/_delta_log/00000000000000000000.json",
        "b/_delta_log/00000000000000000000.json",
        "cleaned/_delta_log/_last_checkpoint",
        "kept/_delta_log/00000000000000000011.json",
        "files/x.parquet",
    };
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        CLEANUP(mem_free_text) char *path = fs_join(folder.path, logs[i]);
        write_file(path, "{}");
    }
    assert_names(folder.path, "b cleaned kept t");
    CLEANUP(mem_free_text) char *none = fs_join(folder.path, "no/such");
    assert_names(none, "");
}

static void path__finds_other_case_and_refuses_bad_names(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_folder(&folder, "Orders");
    static const struct {
        const char *name;
        const char *expected;
    } cases[] = {{"Orders", "Orders"}, {"oRDERS", "Orders"}, {"other", "other"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = {0};
        CLEANUP(mem_free_text) char *path = NULL;
        ASSERT_OK(catalog_path(folder.path, cases[i].name, &path, &err), err);
        assert_string_equal(strrchr(path, '/') + 1, cases[i].expected);
    }
    static const char *const wrong[] = {"", "a/b", "..", ".x", "_x", "a%20", "a\\b", "a\n", " a"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        Err err = {0};
        char *path = NULL;
        ASSERT_FAIL(catalog_path(folder.path, wrong[i], &path, &err), err, FAIL_CONFIG,
                    "the table name");
        assert_null(path);
    }
}

static void drop__removes_all(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    CLEANUP(mem_free_text) char *data = fs_join(path, "ds=a/x.parquet");
    write_file(data, "x");
    Err err = {0};
    ASSERT_FAIL(catalog_drop(path, 7, &err), err, FAIL_TARGET, "version 0");
    assert_names(folder.path, "t");
    ASSERT_OK(catalog_drop(path, 0, &err), err);
    CLEANUP(fs_list_done) FsList left = {0};
    ASSERT_OK(fs_list(folder.path, &left, &err), err);
    assert_int_equal(left.count, 0);
    ASSERT_FAIL(catalog_drop(path, -1, &err), err, FAIL_TARGET, "no Delta table");
}

static void rename__keeps_all_and_replaces_nothing(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    make_folder(&folder, "taken");
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    ASSERT_FAIL(catalog_rename(path, "taken", &err), err, FAIL_TARGET, "already");
    ASSERT_FAIL(catalog_rename(path, "a/b", &err), err, FAIL_CONFIG, "without \"/\"");
    ASSERT_OK(catalog_rename(path, "u", &err), err);
    assert_names(folder.path, "u");
    CLEANUP(mem_free_text) char *to = fs_join(folder.path, "u");
    CLEANUP(table_done) DeltaTable *table = NULL;
    ASSERT_OK(delta_open(to, -1, &table, &err), err);
    assert_int_equal(table->file_count, 3);
    ASSERT_FAIL(catalog_rename(path, "v", &err), err, FAIL_TARGET, "no Delta table");
}

static void live_run__is_in_the_way(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    CLEANUP(mem_free_text) char *dead = fs_join(path, "_weir/dead.run");
    write_file(dead, "0\n\n");
    Err err = {0};
    Marker *marker = NULL;
    ASSERT_OK(marker_begin(path, "", 0, &marker, &err), err);
    CLEANUP(fs_list_done) FsList live = {0};
    ASSERT_OK(marker_live(path, &live, &err), err);
    assert_int_equal(live.count, 1);
    assert_string_equal(live.names[0], marker_prefix(marker));
    ASSERT_FAIL(catalog_drop(path, -1, &err), err, FAIL_TARGET, "a run is writing to it");
    ASSERT_FAIL(catalog_rename(path, "u", &err), err, FAIL_TARGET, "a run is writing to it");
    // The look must not have taken the lock away.
    assert_true(marker_check(marker, &err));
    marker_end(marker, /* is_committed= */ true);
    ASSERT_OK(catalog_drop(path, -1, &err), err);
}

static void sweep__takes_dropped_tables_only(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    make_folder(&folder, ".weir-dropped-x-1-2/_delta_log");
    make_folder(&folder, ".other");
    catalog_sweep(folder.path);
    Err err = {0};
    CLEANUP(fs_list_done) FsList left = {0};
    ASSERT_OK(fs_list(folder.path, &left, &err), err);
    assert_int_equal(left.count, 2);
    assert_string_equal(left.names[0], ".other");
    assert_string_equal(left.names[1], "t");
}

// Runs what a process does that is killed at a point. The points read the environment once: no test
// before may have passed one in this process.
static void killed_at(const char *point, const Folder *folder, bool renames)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setenv("WEIR_FAILPOINT", point, 1);
        create_table(folder);
        CLEANUP(mem_free_text) char *path = table_path(folder);
        Err err = {0};
        _exit((renames ? catalog_rename(path, "u", &err) : catalog_drop(path, -1, &err)) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void killed__old_or_new_never_a_half(void **state)
{
    (void)state;
    static const struct {
        const char *point;
        bool renames;
        const char *names;
        size_t swept;  // what the lake then holds
    } cases[] = {
        {"rename-before", true, "t", 1}, {"rename-after", true, "u", 1},
        {"drop-before", false, "t", 1},  {"drop-hidden", false, "", 0},
        {"drop-half", false, "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        killed_at(cases[i].point, &folder, cases[i].renames);
        assert_names(folder.path, cases[i].names);
        catalog_sweep(folder.path);
        Err err = {0};
        CLEANUP(fs_list_done) FsList left = {0};
        ASSERT_OK(fs_list(folder.path, &left, &err), err);
        assert_int_equal(left.count, cases[i].swept);
        if (left.count > 0) {
            CLEANUP(mem_free_text) char *path = fs_join(folder.path, left.names[0]);
            CLEANUP(table_done) DeltaTable *table = NULL;
            ASSERT_OK(delta_open(path, -1, &table, &err), err);
            assert_int_equal(table->file_count, 3);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed__old_or_new_never_a_half),
        cmocka_unit_test(list__names_tables_only),
        cmocka_unit_test(path__finds_other_case_and_refuses_bad_names),
        cmocka_unit_test(drop__removes_all),
        cmocka_unit_test(rename__keeps_all_and_replaces_nothing),
        cmocka_unit_test(live_run__is_in_the_way),
        cmocka_unit_test(sweep__takes_dropped_tables_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

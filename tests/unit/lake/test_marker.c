// Plans: files that several runs write for one commit, and who may remove which of them when.
#include "delta_support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lake/marker.h"

#define PLAN "0123456789abcdef0123456789abcdef"

static Marker *join(const Folder *folder, const char *part)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *table = table_path(folder);
    Marker *marker = NULL;
    ASSERT_OK(marker_join(table, "ds=1", -1, PLAN, part, &marker, &err), err);
    return marker;
}

static char *file_of(const Folder *folder, const char *part)
{
    return mem_format("%s/t/ds=1/part-" PLAN "-%s-0.parquet", folder->path, part);
}

static void put(const Folder *folder, const char *part)
{
    CLEANUP(mem_free_text) char *path = file_of(folder, part);
    write_file(path, "x");
}

static bool has(const Folder *folder, const char *part)
{
    CLEANUP(mem_free_text) char *path = file_of(folder, part);
    return fs_exists(path);
}

static void plan__a_part_that_fails_takes_its_own_files_only(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(mem_free_text) char *table = table_path(&folder);
    Marker *one = join(&folder, "1-aa");
    Marker *other = join(&folder, "11-bb");
    assert_string_equal(marker_prefix(one), "part-" PLAN "-1-aa");
    put(&folder, "1-aa");
    put(&folder, "11-bb");
    marker_end(one, /* is_committed= */ false);
    assert_false(has(&folder, "1-aa"));
    assert_true(has(&folder, "11-bb"));
    marker_end(other, /* is_committed= */ true);
    marker_sweep(table);
    assert_true(has(&folder, "11-bb"));
    Err err = {0};
    CLEANUP(fs_list_done) FsList live = {0};
    ASSERT_OK(marker_live(table, &live, &err), err);
    assert_int_equal(live.count, 1);
    assert_string_equal(live.names[0], "part-" PLAN);
}

static void plan__its_end_keeps_what_was_committed(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(mem_free_text) char *table = table_path(&folder);
    Err err = {0};
    Marker *killed = join(&folder, "0-aa");
    const char *temporary = NULL;
    ASSERT_OK(marker_temporary(killed, &temporary, &err), err);
    marker_sweep(table);
    assert_true(fs_is_dir(temporary));  // a part's, as long as the plan lives
    Marker *commit = join(&folder, "commit");
    put(&folder, "0-aa");
    put(&folder, "0-bb");
    CLEANUP(mem_free_text) char *alien = mem_format("%s/t/ds=1/part-other.parquet", folder.path);
    write_file(alien, "x");
    const char *keep[] = {"ds=1/part-" PLAN "-0-bb-0.parquet"};
    marker_end_plan(commit, keep, 1);
    assert_false(has(&folder, "0-aa"));
    assert_true(has(&folder, "0-bb"));
    assert_true(fs_exists(alien));
    assert_false(fs_is_dir(temporary));
    // A part that is still at work learns that it is too late.
    ASSERT_FAIL(marker_check(killed, &err), err, FAIL_TARGET, "marker");
    marker_end(killed, /* is_committed= */ false);
    assert_true(has(&folder, "0-bb"));
}

static void plan__is_swept_when_it_is_old_and_nobody_holds_it(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(mem_free_text) char *table = table_path(&folder);
    Marker *part = join(&folder, "0-aa");
    put(&folder, "0-aa");
    CLEANUP(mem_free_text) char *path = fs_join(table, "_weir/" PLAN ".plan");
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    marker_sweep(table);
    assert_true(has(&folder, "0-aa"));  // it is at work
    marker_end(part, /* is_committed= */ true);
    marker_sweep(table);
    assert_false(has(&folder, "0-aa"));
    assert_false(fs_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__a_part_that_fails_takes_its_own_files_only),
        cmocka_unit_test(plan__its_end_keeps_what_was_committed),
        cmocka_unit_test(plan__is_swept_when_it_is_old_and_nobody_holds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

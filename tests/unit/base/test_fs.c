// Files that appear whole or not at all, and the errors that say what to do.
#include "base/fs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static int make_dir(void **state)
{
    const char *base = getenv("TMPDIR");
    char *dir = mem_format("%s/weir-fs-XXXXXX", base == NULL ? "/tmp" : base);
    *state = mkdtemp(dir);
    return *state == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
    fs_remove_tree(*state);
    free(*state);
    return 0;
}

static void put_if_absent__second_writer_sees_it_exists(void **state)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = fs_join(*state, "0.json");
    bool exists = true;
    ASSERT_OK(fs_put_if_absent(path, "first", 5, &exists, &err), err);
    assert_false(exists);
    ASSERT_OK(fs_put_if_absent(path, "second", 6, &exists, &err), err);
    assert_true(exists);
    CLEANUP(buf_done) Buf text = {0};
    ASSERT_OK(fs_read(path, 100, &text, &err), err);
    assert_string_equal(buf_text(&text), "first");
    CLEANUP(fs_list_done) FsList list = {0};
    ASSERT_OK(fs_list(*state, &list, &err), err);
    assert_int_equal(list.count, 1);  // nothing is left aside
}

typedef struct Race {
    const char *path;
    pthread_barrier_t start;  // all at the same moment
    atomic_int winners;
    atomic_int failures;
} Race;

static void *race_run(void *argument)
{
    Race *race = argument;
    Err err;
    bool exists;
    (void)pthread_barrier_wait(&race->start);
    if (!fs_put_if_absent(race->path, "x", 1, &exists, &err)) {
        atomic_fetch_add(&race->failures, 1);
    } else if (!exists) {
        atomic_fetch_add(&race->winners, 1);
    }
    return NULL;
}

static void put_if_absent__one_of_many_threads_wins(void **state)
{
    for (int round = 0; round < 50; round++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "race-%d", round);
        CLEANUP(mem_free_text) char *path = fs_join(*state, name);
        Race race = {.path = path};
        pthread_t threads[8];
        (void)pthread_barrier_init(&race.start, NULL, ARRAY_LEN(threads));
        for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, race_run, &race), 0);
        }
        for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
            (void)pthread_join(threads[i], NULL);
        }
        (void)pthread_barrier_destroy(&race.start);
        assert_int_equal(atomic_load(&race.winners), 1);
        assert_int_equal(atomic_load(&race.failures), 0);
    }
}

static void make_dirs__a_file_in_the_way(void **state)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *file = fs_join(*state, "lake");
    ASSERT_OK(fs_replace(file, "", 0, &err), err);
    CLEANUP(mem_free_text) char *below = fs_join(file, "table/_delta_log");
    ASSERT_FAIL(fs_make_dirs(below, &err), err, FAIL_TARGET, "lake");
    assert_string_not_equal(err.hint, "");
}

static void may_make_dirs__says_it_before(void **state)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *deep = fs_join(*state, "a/b/c");
    ASSERT_OK(fs_may_make_dirs(deep, &err), err);
    assert_false(fs_exists(deep));
    CLEANUP(mem_free_text) char *file = fs_join(*state, "a");
    ASSERT_OK(fs_replace(file, "", 0, &err), err);
    ASSERT_FAIL(fs_may_make_dirs(deep, &err), err, FAIL_TARGET, "Not a directory");
}

static void make_dirs__all_levels(void **state)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *deep = fs_join(*state, "a/b/c");
    ASSERT_OK(fs_make_dirs(deep, &err), err);
    assert_true(fs_is_dir(deep));
    ASSERT_OK(fs_make_dirs(deep, &err), err);
}

// A run that tidies up removes empty folders at any moment, also those that another has just made.
static void *tidy_run(void *argument)
{
    Race *race = argument;
    CLEANUP(mem_free_text) char *above = mem_copy_text(race->path);
    *strrchr(above, '/') = '\0';
    while (atomic_load(&race->winners) == 0) {
        (void)rmdir(race->path);
        (void)rmdir(above);
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
    }
    return NULL;
}

static void create_in_folders__while_somebody_removes_empty_ones(void **state)
{
    CLEANUP(mem_free_text) char *folder = fs_join(*state, "ds=1/region=eu");
    Race race = {.path = folder};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, tidy_run, &race), 0);
    for (int i = 0; i < 2000; i++) {
        Err err = {0};
        int fd = -1;
        CLEANUP(mem_free_text) char *path = fs_join(folder, "part-0.parquet");
        ASSERT_OK(fs_create_in_folders(path, &fd, &err), err);
        (void)close(fd);
        ASSERT_OK(fs_remove(path, &err), err);
    }
    atomic_store(&race.winners, 1);
    (void)pthread_join(thread, NULL);
}

static void create_in_folders__what_is_there_stays(void **state)
{
    Err err = {0};
    int fd = -1;
    CLEANUP(mem_free_text) char *path = fs_join(*state, "a/b");
    CLEANUP(mem_free_text) char *below = fs_join(path, "c/d");
    ASSERT_OK(fs_create_in_folders(path, &fd, &err), err);
    (void)close(fd);
    ASSERT_FAIL(fs_create_in_folders(path, &fd, &err), err, FAIL_TARGET, "could not create");
    ASSERT_FAIL(fs_create_in_folders(below, &fd, &err), err, FAIL_TARGET, "could not create");
    int64_t size = -1;
    assert_true(fs_size(path, &size));
    assert_int_equal(size, 0);
    assert_false(fs_size(*state, &size));
    assert_false(fs_size(below, &size));
}

static void read__limit(void **state)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = fs_join(*state, "big");
    ASSERT_OK(fs_replace(path, "0123456789", 10, &err), err);
    CLEANUP(buf_done) Buf text = {0};
    ASSERT_FAIL(fs_read(path, 9, &text, &err), err, FAIL_TARGET, "longer than 9 bytes");
}

static void remove_tree__does_not_follow_links(void **state)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *kept = fs_join(*state, "kept");
    CLEANUP(mem_free_text) char *tree = fs_join(*state, "tree");
    CLEANUP(mem_free_text) char *to = fs_join(*state, "tree/link");
    ASSERT_OK(fs_make_dirs(kept, &err) && fs_make_dirs(tree, &err), err);
    CLEANUP(mem_free_text) char *file = fs_join(kept, "file");
    ASSERT_OK(fs_replace(file, "x", 1, &err), err);
    assert_int_equal(symlink(kept, to), 0);
    fs_remove_tree(tree);
    assert_false(fs_exists(tree));
    assert_true(fs_exists(file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(put_if_absent__second_writer_sees_it_exists, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(put_if_absent__one_of_many_threads_wins, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(make_dirs__a_file_in_the_way, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(may_make_dirs__says_it_before, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(make_dirs__all_levels, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(create_in_folders__while_somebody_removes_empty_ones,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(create_in_folders__what_is_there_stays, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(read__limit, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(remove_tree__does_not_follow_links, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

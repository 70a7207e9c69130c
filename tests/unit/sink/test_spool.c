// Rows set aside and read back, and a disk that is full.
#include "base/base.h"

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "sink/lake/spool.h"

static int folder_setup(void **state)
{
    char *folder = mem_copy_text("/tmp/weir-spool-XXXXXX");
    *state = mkdtemp(folder);
    return *state == NULL ? -1 : 0;
}

static int folder_teardown(void **state)
{
    fs_remove_tree(*state);
    free(*state);
    return 0;
}

static void spool__gives_back_each_partition(void **state)
{
    CLEANUP(schema_done) Schema schema = {0};
    (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
    (void)schema_add(&schema, "text", (Type){.kind = TYPE_TEXT}, true);
    Err err = {0};
    // So little memory that every row is written at once.
    SpoolWriter *writer = spool_writer_new(&schema, *state, 0, /* memory_bytes= */ 1);
    for (int64_t i = 0; i < 6; i++) {
        const Value row[] = {
            {.state = VALUE_SET, .i64 = i},
            i == 4 ? (Value){.state = VALUE_NULL}
                   : (Value){.state = VALUE_SET, .bytes = "abcdef", .len = (size_t)i}};
        ASSERT_OK(spool_add(writer, (size_t)(i % 2), row, &err), err);
    }
    ASSERT_OK(spool_flush(writer, &err), err);
    spool_writer_free(writer);
    SpoolReader *reader = spool_reader_new(&schema, *state, 1, /* partition= */ 0);
    const Value *row = NULL;
    for (int64_t i = 0; i < 6; i += 2) {
        ASSERT_OK(spool_next(reader, &row, &err), err);
        assert_int_equal(row[0].i64, i);
        assert_int_equal(row[1].state, i == 4 ? VALUE_NULL : VALUE_SET);
        assert_int_equal(row[1].len, i == 4 ? 0 : i);
    }
    ASSERT_OK(spool_next(reader, &row, &err), err);
    assert_null(row);
    spool_reader_free(reader);
}

static void spool__says_what_fills_the_disk(void **state)
{
    CLEANUP(schema_done) Schema schema = {0};
    (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
    CLEANUP(mem_free_text) char *path = fs_join(*state, "0-0");
    assert_int_equal(symlink("/dev/full", path), 0);
    SpoolWriter *writer = spool_writer_new(&schema, *state, 0, /* memory_bytes= */ 1);
    const Value row[] = {{.state = VALUE_SET, .i64 = 1}};
    Err err = {0};
    ASSERT_FAIL(spool_add(writer, 0, row, &err), err, FAIL_TARGET, "0-0\": No space left");
    assert_non_null(strstr(err.hint, "set aside on the table's disk first"));
    spool_writer_free(writer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
    const struct CMUnitTest tests[] = {
        TEST(spool__gives_back_each_partition),
        TEST(spool__says_what_fills_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

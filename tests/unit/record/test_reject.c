// The reject file: its lines, its limit, and many threads at once.
#include "base/base.h"

#include "unit.h"

#include <pthread.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "record/reject.h"

typedef struct Fixture {
    char *folder;
    char *path;
    Schema schema;
    Counters counters;
} Fixture;

static int setup(void **state)
{
    Fixture *fixture = mem_alloc(sizeof(*fixture));
    const char *tmp = getenv("TMPDIR");
    fixture->folder = mem_format("%s/weir-reject-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(fixture->folder) == NULL) {
        return -1;
    }
    // The folder of the file does not exist yet.
    fixture->path = mem_format("%s/rejects/a/oplog.jsonl", fixture->folder);
    (void)schema_add(&fixture->schema, "id", (Type){.kind = TYPE_INT64}, false);
    (void)schema_add(&fixture->schema, "qty", (Type){.kind = TYPE_INT16}, true);
    (void)schema_add(&fixture->schema, "na\"me", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&fixture->schema, "price",
                     (Type){.kind = TYPE_DECIMAL, .precision = 9, .scale = 2}, true);
    (void)schema_add(&fixture->schema, "ratio", (Type){.kind = TYPE_FLOAT64}, true);
    (void)schema_add(&fixture->schema, "day", (Type){.kind = TYPE_DATE}, true);
    (void)schema_add(&fixture->schema, "image", (Type){.kind = TYPE_BYTES}, true);
    (void)schema_add(&fixture->schema, "gone", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&fixture->schema, "big", (Type){.kind = TYPE_UINT64}, true);
    (void)schema_add(&fixture->schema, "flag", (Type){.kind = TYPE_BOOL}, true);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    fs_remove_tree(fixture->folder);
    free(fixture->folder);
    free(fixture->path);
    schema_done(&fixture->schema);
    free(fixture);
    return 0;
}

static const Value ROW[] = {
    {.state = VALUE_SET, .i64 = 7},
    {.state = VALUE_DIRTY, .dirty = DIRTY_OUT_OF_RANGE, .bytes = "70000", .len = 5},
    {.state = VALUE_SET, .bytes = "a\"b\n\0c", .len = 6},
    {.state = VALUE_SET, .i128 = 1250},
    {.state = VALUE_SET, .f64 = 0.1},
    {.state = VALUE_SET, .i64 = 17119},
    {.state = VALUE_SET, .bytes = "\xFF\x00\x10", .len = 3},
    {.state = VALUE_NULL},
    {.state = VALUE_SET, .u64 = UINT64_MAX},
    {.state = VALUE_SET, .i64 = 1},
};

static bool add_row(Fixture *fixture, Reject *reject, Err *err)
{
    static const size_t KEY[] = {0, 2};
    return reject_row(reject, &fixture->schema, ROW, 1, DIRTY_OUT_OF_RANGE, KEY, ARRAY_LEN(KEY),
                      err);
}

static size_t count_lines(const char *path)
{
    Err err = {0};
    CLEANUP(buf_done) Buf text = {0};
    ASSERT_OK(fs_read(path, (size_t)1 << 30, &text, &err), err);
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }
    return lines;
}

static void row__writes_the_line_that_the_header_promises(void **state)
{
    Fixture *fixture = *state;
    Err err = {0};
    Reject *reject = reject_new(fixture->path, -1, &fixture->counters);
    assert_null(reject_path(reject));
    assert_false(fs_exists(fixture->path));
    ASSERT_OK(add_row(fixture, reject, &err), err);
    assert_string_equal(reject_path(reject), fixture->path);
    assert_int_equal(counter_get(&fixture->counters.rows_dirty), 1);
    // Readable while the run goes on: before reject_free.
    CLEANUP(buf_done) Buf text = {0};
    ASSERT_OK(fs_read(fixture->path, 1 << 20, &text, &err), err);
    assert_string_equal(
        buf_text(&text),
        "{\"reason\":\"does not fit the column's type\",\"column\":\"qty\",\"value\":\"70000\","
        "\"key\":{\"id\":7,\"na\\\"me\":\"a\\\"b\\n\\u0000c\"},"
        "\"row\":{\"id\":7,\"qty\":\"70000\",\"na\\\"me\":\"a\\\"b\\n\\u0000c\",\"price\":\"12.50\","
        "\"ratio\":0.1,\"day\":\"2016-11-14\",\"image\":\"/wAQ\",\"gone\":null,"
        "\"big\":18446744073709551615,\"flag\":true}}\n");
    reject_free(reject);
}

static void row__null_and_bytes_that_are_no_text(void **state)
{
    Fixture *fixture = *state;
    Err err = {0};
    Reject *reject = reject_new(fixture->path, -1, &fixture->counters);
    Value row[ARRAY_LEN(ROW)];
    memcpy(row, ROW, sizeof(ROW));
    ASSERT_OK(reject_row(reject, &fixture->schema, row, 7, DIRTY_NULL, NULL, 0, &err), err);
    row[7] = (Value){.state = VALUE_DIRTY, .dirty = DIRTY_NOT_UTF8, .bytes = "x\xFFy", .len = 3};
    row[4].f64 = (double)__builtin_inff();
    ASSERT_OK(reject_row(reject, &fixture->schema, row, 7, DIRTY_NOT_UTF8, NULL, 0, &err), err);
    reject_free(reject);

    CLEANUP(buf_done) Buf text = {0};
    ASSERT_OK(fs_read(fixture->path, 1 << 20, &text, &err), err);
    const char *second = strchr(buf_text(&text), '\n');
    assert_non_null(second);
    assert_true(text_starts_with(buf_text(&text),
                                 "{\"reason\":\"is NULL where the target takes no NULL\","
                                 "\"column\":\"gone\",\"value\":null,\"key\":{},\"row\":{"));
    assert_true(text_starts_with(second + 1,
                                 "{\"reason\":\"is not valid UTF-8\",\"column\":\"gone\","
                                 "\"value\":\"x\xEF\xBF\xBDy\",\"key\":{},\"row\":{"));
    assert_non_null(strstr(second, "\"gone\":\"x\xEF\xBF\xBDy\""));
    assert_non_null(strstr(second, "\"ratio\":\"inf\""));
}

static void row__fails_over_the_limit(void **state)
{
    Fixture *fixture = *state;
    Err err = {0};
    Reject *reject = reject_new(fixture->path, 2, &fixture->counters);
    ASSERT_OK(add_row(fixture, reject, &err), err);
    ASSERT_OK(add_row(fixture, reject, &err), err);
    ASSERT_FAIL(add_row(fixture, reject, &err), err, FAIL_DIRTY, "limit of 2");
    assert_non_null(strstr(err.message, "column \"qty\" does not fit the column's type"));
    assert_non_null(strstr(err.message, fixture->path));
    assert_true(strlen(err.hint) > 0);
    // The row that broke the limit is in the file too.
    assert_int_equal(count_lines(fixture->path), 3);
    assert_int_equal(counter_get(&fixture->counters.rows_dirty), 3);
    reject_free(reject);
}

static void row__limit_zero_fails_at_once(void **state)
{
    Fixture *fixture = *state;
    Err err = {0};
    Reject *reject = reject_new(fixture->path, 0, &fixture->counters);
    ASSERT_FAIL(add_row(fixture, reject, &err), err, FAIL_DIRTY, "limit of 0");
    assert_int_equal(count_lines(fixture->path), 1);
    reject_free(reject);
}

static void row__a_folder_in_the_way_is_the_targets_failure(void **state)
{
    Fixture *fixture = *state;
    Err err = {0};
    Reject *reject = reject_new(fixture->folder, -1, &fixture->counters);
    ASSERT_FAIL(add_row(fixture, reject, &err), err, FAIL_TARGET, "reject file");
    reject_free(reject);
}

typedef struct Worker {
    Fixture *fixture;
    Reject *reject;
    bool ok;
} Worker;

enum { THREADS = 4, ROWS_EACH = REJECT_ROWS_MAX / 2 };

static void *worker_main(void *argument)
{
    Worker *worker = argument;
    worker->ok = true;
    for (int i = 0; i < ROWS_EACH; i++) {
        Err err = {0};
        worker->ok = add_row(worker->fixture, worker->reject, &err) && worker->ok;
    }
    return NULL;
}

static void row__threads_count_all_and_write_at_most_the_maximum(void **state)
{
    Fixture *fixture = *state;
    Reject *reject = reject_new(fixture->path, -1, &fixture->counters);
    pthread_t threads[THREADS];
    Worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (Worker){.fixture = fixture, .reject = reject};
        assert_int_equal(pthread_create(&threads[i], NULL, worker_main, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(workers[i].ok);
    }
    reject_free(reject);
    assert_int_equal(counter_get(&fixture->counters.rows_dirty), THREADS * ROWS_EACH);
    assert_int_equal(count_lines(fixture->path), REJECT_ROWS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(row__writes_the_line_that_the_header_promises, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(row__null_and_bytes_that_are_no_text, setup, teardown),
        cmocka_unit_test_setup_teardown(row__fails_over_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(row__limit_zero_fails_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(row__a_folder_in_the_way_is_the_targets_failure, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(row__threads_count_all_and_write_at_most_the_maximum, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

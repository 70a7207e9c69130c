// The run history: what is entered is read back, by other processes too, and a process that dies is
// told from one that lives.
#include "store/history.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "unit.h"

#include "folder.h"

static RunHistory *open_history(HistoryUse use)
{
    Err err = {0};
    RunHistory *history = NULL;
    ASSERT_OK(run_history_open(folder, use, &history, &err), err);
    return history;
}

static const InstanceStart START = {.job = "ods_oplog",
                                    .job_text = "type: sync\n# \xC3\xA4\n",
                                    .bizdate = "20161114",
                                    .today = "20161115",
                                    .job_type = "sync",
                                    .cyctime = "20161115003000"};

static int64_t begin(RunHistory *history, const InstanceStart *start, Cancel *cancel)
{
    Err err = {0};
    int64_t id = 0;
    ASSERT_OK(run_history_begin(history, start, cancel, &id, &err), err);
    return id;
}

static void end(RunHistory *history, int64_t id, InstanceState state)
{
    Err err = {0};
    const InstanceEnd how = {.state = state, .version = -1};
    ASSERT_OK(run_history_end(history, id, &how, &err), err);
}

static InstanceRecord find(RunHistory *history, int64_t id)
{
    Err err = {0};
    InstanceRecord record = {0};
    ASSERT_OK(run_history_find(history, id, &record, &err), err);
    return record;
}

static InstanceState state_of(RunHistory *history, int64_t id)
{
    InstanceRecord record = find(history, id);
    const InstanceState state = record.state;
    instance_record_done(&record);
    return state;
}

// Statements of the test's own on the file.
static void run_sql(const char *sql)
{
    CLEANUP(mem_free_text) char *path = fs_join(folder, "weir.db");
    sqlite3 *link;
    assert_int_equal(sqlite3_open(path, &link), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(link, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    (void)sqlite3_close(link);
}

static int64_t number_of(const char *sql)
{
    CLEANUP(mem_free_text) char *path = fs_join(folder, "weir.db");
    sqlite3 *link;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &link), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(link, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(link);
    return number;
}

static void run_history__gives_back_what_was_entered(void **state)
{
    (void)state;
    static const char *const params[] = {"region=us", "text=two\nlines = 'x'", "empty=", NULL};
    InstanceStart start = START;
    start.params = params;
    start.threads = 3;
    start.timezone = "Asia/Shanghai";
    start.kind = INSTANCE_RERUN;
    start.rerun_of = 7;
    RunHistory *history = open_history(HISTORY_RUN);
    Cancel *cancel = cancel_new();
    const int64_t before = clock_now_usec();
    const int64_t id = begin(history, &start, cancel);
    InstanceRecord running = find(history, id);
    assert_int_equal(running.state, INSTANCE_RUNNING);
    assert_int_equal(running.finished_usec, 0);
    assert_int_equal(running.rows_read, -1);
    instance_record_done(&running);
    Err error;
    (void)fail(&error, FAIL_SOURCE, "no way");
    const InstanceEnd how = {.state = INSTANCE_FAILED,
                             .rows_read = 5,
                             .rows_written = 4,
                             .rows_dirty = 1,
                             .bytes = UINT64_C(5000000000),
                             .version = 12,
                             .partition = "ds=20161114",
                             .error = &error,
                             .warnings = "a\nb",
                             .summary = "{\"a\":1}"};
    Err err = {0};
    ASSERT_OK(run_history_end(history, id, &how, &err), err);
    run_history_close(history);
    cancel_free(cancel);

    history = open_history(HISTORY_LOOK);
    InstanceRecord record = find(history, id);
    assert_int_equal(record.id, id);
    assert_string_equal(record.job, "ods_oplog");
    assert_string_equal(record.job_text, START.job_text);
    assert_string_equal(record.job_type, "sync");
    assert_string_equal(record.bizdate, "20161114");
    assert_string_equal(record.today, "20161115");
    assert_string_equal(record.cyctime, "20161115003000");
    assert_string_equal(record.timezone, "Asia/Shanghai");
    assert_int_equal(record.threads, 3);
    for (size_t i = 0; i < ARRAY_LEN(params) - 1; i++) {
        assert_string_equal(record.params[i], params[i]);
    }
    assert_null(record.params[3]);
    assert_int_equal(record.kind, INSTANCE_RERUN);
    assert_int_equal(record.rerun_of, 7);
    assert_int_equal(record.state, INSTANCE_FAILED);
    assert_true(record.started_usec >= before && record.finished_usec >= record.started_usec);
    assert_int_equal(record.rows_read, 5);
    assert_int_equal(record.rows_written, 4);
    assert_int_equal(record.rows_dirty, 1);
    assert_int_equal(record.bytes, INT64_C(5000000000));
    assert_int_equal(record.version, 12);
    assert_string_equal(record.partition, "ds=20161114");
    assert_string_equal(record.error_kind, "source");
    assert_string_equal(record.error, "no way");
    assert_null(record.hint);
    assert_string_equal(record.warnings, "a\nb");
    assert_string_equal(record.summary, "{\"a\":1}");
    assert_int_equal(record.process, getpid());
    instance_record_done(&record);
    run_history_close(history);
}

static size_t count_of(RunHistory *history, const HistoryFilter *filter, int64_t *ret_first)
{
    Err err = {0};
    InstanceRecord *records = NULL;
    size_t count = 0;
    ASSERT_OK(run_history_list(history, filter, &records, &count, &err), err);
    *ret_first = count == 0 ? 0 : records[0].id;
    for (size_t i = 0; i < count; i++) {
        instance_record_done(&records[i]);
    }
    free(records);
    return count;
}

static void run_history__lists_the_newest_first(void **state)
{
    (void)state;
    RunHistory *history = open_history(HISTORY_RUN);
    InstanceStart other = START;
    other.job = "other";
    other.bizdate = "20161115";
    const int64_t first = begin(history, &START, NULL);
    const int64_t second = begin(history, &other, NULL);
    const int64_t third = begin(history, &START, NULL);
    assert_true(first < second && second < third);
    end(history, first, INSTANCE_SUCCESS);
    end(history, second, INSTANCE_CANCELLED);
    end(history, third, INSTANCE_FAILED);
    int64_t newest;
    const InstanceState cancelled = INSTANCE_CANCELLED;
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 9}, &newest), 3);
    assert_int_equal(newest, third);
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 2}, &newest), 2);
    assert_int_equal(newest, third);
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 9, .job = "other"}, &newest), 1);
    assert_int_equal(newest, second);
    assert_int_equal(
        count_of(history, &(HistoryFilter){.limit = 9, .bizdate = "20161114"}, &newest), 2);
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 9, .state = &cancelled}, &newest),
                     1);
    assert_int_equal(newest, second);
    run_history_close(history);
}

static void run_history__that_is_missing_is_empty_and_is_not_made_to_look(void **state)
{
    (void)state;
    RunHistory *history = open_history(HISTORY_LOOK);
    int64_t newest;
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 9}, &newest), 0);
    Err err = {0};
    InstanceRecord record;
    ASSERT_FAIL(run_history_find(history, 1, &record, &err), err, FAIL_CONFIG, "no instance 1");
    run_history_close(history);
    CLEANUP(mem_free_text) char *path = fs_join(folder, "weir.db");
    assert_false(fs_exists(path));
}

// A child that enters an instance, tells it through a pipe, and is killed with it.
static pid_t child_begin(int64_t *ret_id)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        RunHistory *history = open_history(HISTORY_RUN);
        const int64_t id = begin(history, &START, NULL);
        _exit(write(ends[1], &id, sizeof(id)) == sizeof(id) && pause() == 0);
    }
    assert_true(child > 0);
    assert_int_equal(read(ends[0], ret_id, sizeof(*ret_id)), sizeof(*ret_id));
    (void)close(ends[0]);
    (void)close(ends[1]);
    return child;
}

static void run_history__marks_the_instance_of_a_killed_process_failed(void **state)
{
    (void)state;
    int64_t id;
    const pid_t child = child_begin(&id);
    RunHistory *history = open_history(HISTORY_RUN);
    assert_int_equal(state_of(history, id), INSTANCE_RUNNING);
    const int64_t own = begin(history, &START, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    RunHistory *second = open_history(HISTORY_LOOK);
    InstanceRecord record = find(second, id);
    assert_int_equal(record.state, INSTANCE_FAILED);
    assert_string_equal(record.error, "the process ended without a word");
    assert_string_equal(record.error_kind, "internal");
    assert_int_equal(record.finished_usec, 0);
    instance_record_done(&record);
    assert_int_equal(state_of(second, own), INSTANCE_RUNNING);
    run_history_close(second);
    Err err = {0};
    ASSERT_OK(run_history_sweep(history, &err), err);
    assert_int_equal(state_of(history, own), INSTANCE_RUNNING);
    end(history, own, INSTANCE_SUCCESS);
    assert_int_equal(state_of(history, own), INSTANCE_SUCCESS);
    run_history_close(history);
}

static void run_history__passes_a_request_to_cancel_to_the_owner(void **state)
{
    (void)state;
    RunHistory *owner = open_history(HISTORY_RUN);
    RunHistory *other = open_history(HISTORY_LOOK);
    Cancel *meant = cancel_new();
    Cancel *neighbour = cancel_new();
    const int64_t id = begin(owner, &START, meant);
    const int64_t next = begin(owner, &START, neighbour);
    Err err = {0};
    ASSERT_OK(run_history_ask_cancel(other, id, &err), err);
    const int64_t until = clock_monotonic_usec() + 10000000;
    while (!cancel_requested(meant) && clock_monotonic_usec() < until) {
        (void)usleep(1000);
    }
    assert_true(cancel_requested(meant));
    assert_false(cancel_requested(neighbour));
    end(owner, id, INSTANCE_CANCELLED);
    end(owner, next, INSTANCE_SUCCESS);
    ASSERT_FAIL(run_history_ask_cancel(other, id, &err), err, FAIL_CONFIG,
                "its state is cancelled");
    ASSERT_FAIL(run_history_ask_cancel(other, 99, &err), err, FAIL_CONFIG, "no instance 99");
    run_history_close(other);
    run_history_close(owner);
    cancel_free(meant);
    cancel_free(neighbour);
}

static void run_history__of_a_newer_weir_is_refused(void **state)
{
    (void)state;
    run_history_close(open_history(HISTORY_RUN));
    run_sql("PRAGMA user_version = 999");
    Err err = {0};
    RunHistory *history;
    ASSERT_FAIL(run_history_open(folder, HISTORY_RUN, &history, &err), err, FAIL_CONFIG,
                "newer weir");
    ASSERT_FAIL(run_history_open(folder, HISTORY_LOOK, &history, &err), err, FAIL_CONFIG, "999");
}

static void run_history__that_is_damaged_is_left_alone(void **state)
{
    (void)state;
    CLEANUP(mem_free_text) char *path = fs_join(folder, "weir.db");
    static const char text[] = "this was never a database, however long it may be";
    Err err = {0};
    ASSERT_OK(fs_replace(path, text, strlen(text), &err), err);
    RunHistory *history;
    ASSERT_FAIL(run_history_open(folder, HISTORY_RUN, &history, &err), err, FAIL_CONFIG,
                "is damaged");
    ASSERT_FAIL(run_history_open(folder, HISTORY_LOOK, &history, &err), err, FAIL_CONFIG, "away");
    CLEANUP(buf_done) Buf after = {0};
    ASSERT_OK(fs_read(path, 4096, &after, &err), err);
    assert_string_equal(buf_text(&after), text);
}

static void run_history__does_not_give_the_numbers_of_logs_again(void **state)
{
    (void)state;
    CLEANUP(mem_free_text) char *logs = fs_join(folder, "logs");
    CLEANUP(mem_free_text) char *log = fs_join(logs, "41.log");
    Err err = {0};
    ASSERT_OK(fs_make_dirs(logs, &err), err);
    ASSERT_OK(fs_replace(log, "old", 3, &err), err);
    RunHistory *history = open_history(HISTORY_RUN);
    const int64_t id = begin(history, &START, NULL);
    assert_int_equal(id, 42);
    end(history, id, INSTANCE_SUCCESS);
    run_history_close(history);
    run_sql("DELETE FROM instance");
    history = open_history(HISTORY_RUN);
    const int64_t next = begin(history, &START, NULL);
    assert_int_equal(next, 43);
    end(history, next, INSTANCE_SUCCESS);
    run_history_close(history);
}

static bool has_log(int64_t id)
{
    CLEANUP(mem_free_text) char *path = mem_format("%s/logs/%" PRId64 ".log", folder, id);
    return fs_exists(path);
}

static void put_log(int64_t id)
{
    CLEANUP(mem_free_text) char *path = mem_format("%s/logs/%" PRId64 ".log", folder, id);
    Err err = {0};
    ASSERT_OK(fs_replace(path, "x", 1, &err), err);
}

static void run_history__keeps_the_newest_only(void **state)
{
    (void)state;
    run_history_close(open_history(HISTORY_RUN));
    // 10,003 of today, and one of a day long past that has a number in the middle.
    CLEANUP(mem_free_text)
    char *sql = mem_format(
        "INSERT INTO job_text (id, text) VALUES (1, 'old'), (2, 'new');"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10003)"
        " INSERT INTO instance (id, job, job_text, bizdate, today, threads, kind, state,"
        " started_usec, process, host, weir)"
        " SELECT i, 'j', iif(i < 4, 1, 2), '20161114', '20161115', 0, 'manual', 'success',"
        " iif(i = 5000, 0, %" PRId64 "), 1, 'h', 'w' FROM n;"
        "INSERT INTO instance_param VALUES (1, 0, 'a=b'), (9, 0, 'a=b')",
        clock_now_usec());
    run_sql(sql);
    put_log(3);
    put_log(4);
    put_log(5000);
    RunHistory *history = open_history(HISTORY_RUN);
    int64_t newest;
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 20000}, &newest), 9999);
    assert_int_equal(newest, 10003);
    assert_false(has_log(3));
    assert_true(has_log(4));
    assert_false(has_log(5000));
    run_history_close(history);
    assert_int_equal(number_of("SELECT count(*) FROM job_text"), 1);
    assert_int_equal(number_of("SELECT instance FROM instance_param"), 9);
}

enum { CHILDREN = 8, EACH = 5 };

static void run_history__is_shared_by_processes_that_begin_at_once(void **state)
{
    (void)state;
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int k = 0; k < EACH; k++) {
                Err err = {0};
                RunHistory *history;
                int64_t id;
                const InstanceEnd how = {.state = INSTANCE_SUCCESS, .version = k};
                if (!run_history_open(folder, HISTORY_RUN, &history, &err)
                    || !run_history_begin(history, &START, NULL, &id, &err)
                    || !run_history_end(history, id, &how, &err)) {
                    print_error("%s\n", err.message);
                    _exit(1);
                }
                run_history_close(history);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int code = -1;
        assert_int_equal(waitpid(children[i], &code, 0), children[i]);
        assert_int_equal(code, 0);
    }
    RunHistory *history = open_history(HISTORY_LOOK);
    const InstanceState success = INSTANCE_SUCCESS;
    int64_t newest;
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 999, .state = &success}, &newest),
                     CHILDREN * EACH);
    assert_int_equal(newest, CHILDREN * EACH);
    run_history_close(history);
}

static void *begin_and_end(void *argument)
{
    RunHistory *history = argument;
    for (int k = 0; k < EACH; k++) {
        Err err = {0};
        int64_t id;
        const InstanceEnd how = {.state = INSTANCE_SUCCESS, .version = k};
        if (!run_history_begin(history, &START, NULL, &id, &err)
            || !run_history_sweep(history, &err) || !run_history_end(history, id, &how, &err)) {
            return argument;
        }
    }
    return NULL;
}

static void run_history__is_shared_by_threads(void **state)
{
    (void)state;
    RunHistory *history = open_history(HISTORY_RUN);
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, begin_and_end, history), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    const InstanceState success = INSTANCE_SUCCESS;
    int64_t newest;
    assert_int_equal(count_of(history, &(HistoryFilter){.limit = 999, .state = &success}, &newest),
                     (int)ARRAY_LEN(threads) * EACH);
    run_history_close(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(run_history__gives_back_what_was_entered),
        FOLDER_TEST(run_history__lists_the_newest_first),
        FOLDER_TEST(run_history__that_is_missing_is_empty_and_is_not_made_to_look),
        FOLDER_TEST(run_history__marks_the_instance_of_a_killed_process_failed),
        FOLDER_TEST(run_history__passes_a_request_to_cancel_to_the_owner),
        FOLDER_TEST(run_history__of_a_newer_weir_is_refused),
        FOLDER_TEST(run_history__that_is_damaged_is_left_alone),
        FOLDER_TEST(run_history__does_not_give_the_numbers_of_logs_again),
        FOLDER_TEST(run_history__keeps_the_newest_only),
        FOLDER_TEST(run_history__is_shared_by_processes_that_begin_at_once),
        FOLDER_TEST(run_history__is_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

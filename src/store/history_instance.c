// An instance of this process: its row, its lock, and the thread that hears when another process
// asks to cancel it. The request goes through the row, so that one way works for every owner: a
// single run, one instance of a backfill, a process in another container that shares the folder.
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "store/history_internal.h"

#define PRUNE_INTERVAL 100  // instances: for a process that goes on for days
#define WATCH_INTERVAL_USEC INT64_C(500000)

// --- begin ----------------------------------------------------------------------------------------------

typedef struct Beginning {
    const RunHistory *history;
    const InstanceStart *start;
    int64_t id;
    int fd;
} Beginning;

// Before the row can be seen, so that nobody takes it for a dead one's.
static bool run_history_lock(const RunHistory *history, int64_t id, int *ret_fd, Err *err)
{
    CLEANUP(mem_free_text) char *path = run_history_lock_path(history, id);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return true;
    }
    char space[128];
    (void)fail(err, FAIL_CONFIG, "could not lock \"%s\": %s", path,
               strerror_r(errno, space, sizeof(space)));
    if (fd >= 0) {
        (void)close(fd);
    }
    return fail_hint(err, "Its folder must be writable, on a file system with locks (flock).");
}

static void run_history_unlock(const RunHistory *history, int64_t id, int fd)
{
    CLEANUP(mem_free_text) char *path = run_history_lock_path(history, id);
    (void)unlink(path);
    (void)close(fd);
}

static bool run_history_put_text(Db *db, const char *text, int64_t *ret_id, Err *err)
{
    CLEANUP(query_done) Query put = {0};
    query_begin(&put, db, "INSERT INTO job_text (text) VALUES (?) ON CONFLICT DO NOTHING");
    query_text(&put, text);
    if (!query_run(&put, err)) {
        return false;
    }
    CLEANUP(query_done) Query find = {0};
    query_begin(&find, db, "SELECT id FROM job_text WHERE text = ?");
    query_text(&find, text);
    bool row = false;
    if (!query_step(&find, &row, err)) {
        return false;
    }
    assert(row);
    *ret_id = query_take_int(&find, 0, 0);
    return true;
}

static bool run_history_put_params(Db *db, int64_t id, const char *const *params, Err *err)
{
    for (size_t i = 0; params != NULL && params[i] != NULL; i++) {
        CLEANUP(query_done) Query query = {0};
        query_begin(&query, db,
                    "INSERT INTO instance_param (instance, position, text) VALUES (?, ?, ?)");
        query_int(&query, id);
        query_int(&query, (int64_t)i);
        query_text(&query, params[i]);
        if (!query_run(&query, err)) {
            return false;
        }
    }
    return true;
}

static bool run_history_put_row(Db *db, const InstanceStart *start, int64_t text_id,
                                int64_t *ret_id, Err *err)
{
    struct utsname machine = {0};
    (void)uname(&machine);
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, db,
                "INSERT INTO instance (job, job_text, bizdate, today, timezone, threads, kind,"
                " rerun_of, job_type, cyctime, state, started_usec, process, host, weir)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_text(&query, start->job);
    query_int(&query, text_id);
    query_text(&query, start->bizdate);
    query_text(&query, start->today);
    query_text(&query, start->timezone);
    query_int(&query, start->threads);
    query_text(&query, instance_kind_name(start->kind));
    if (start->rerun_of > 0) {
        query_int(&query, start->rerun_of);
    } else {
        query_null(&query);
    }
    query_text(&query, start->job_type);
    query_text(&query, start->cyctime);
    query_text(&query, instance_state_name(INSTANCE_RUNNING));
    query_int(&query, clock_now_usec());
    query_int(&query, getpid());
    query_text(&query, machine.nodename);
    query_text(&query, WEIR_VERSION);
    if (!query_run(&query, err)) {
        return false;
    }
    *ret_id = sqlite3_last_insert_rowid(db->link);
    return true;
}

static bool run_history_begin_rows(Beginning *beginning, Db *db, Err *err)
{
    const InstanceStart *start = beginning->start;
    int64_t text_id;
    return run_history_put_text(db, start->job_text, &text_id, err)
           && run_history_put_row(db, start, text_id, &beginning->id, err)
           && run_history_put_params(db, beginning->id, start->params, err)
           && run_history_lock(beginning->history, beginning->id, &beginning->fd, err)
           && db_run(db, "COMMIT", err);
}

static bool run_history_begin_locked(Beginning *beginning, Db *db, Err *err)
{
    if (!db_run(db, "BEGIN IMMEDIATE", err)) {
        return false;
    }
    if (run_history_begin_rows(beginning, db, err)) {
        return true;
    }
    // Before the number can be another's.
    if (beginning->fd >= 0) {
        run_history_unlock(beginning->history, beginning->id, beginning->fd);
    }
    Err ignored;
    (void)!db_run(db, "ROLLBACK", &ignored);
    return false;
}

bool run_history_begin(RunHistory *history, const InstanceStart *start, Cancel *cancel,
                       int64_t *ret_id, Err *err)
{
    Beginning beginning = {.history = history, .start = start, .fd = -1};
    (void)pthread_mutex_lock(&history->lock);
    const bool done = run_history_begin_locked(&beginning, &history->db, err);
    (void)pthread_mutex_unlock(&history->lock);
    if (!done) {
        return false;
    }
    (void)pthread_mutex_lock(&history->held_lock);
    history->held = mem_grow(history->held, (history->held_count + 1) * sizeof(*history->held));
    history->held[history->held_count++] =
        (Held){.id = beginning.id, .fd = beginning.fd, .cancel = cancel};
    (void)pthread_mutex_unlock(&history->held_lock);
    run_history_watch_begin(history);
    if (beginning.id % PRUNE_INTERVAL == 0) {
        Err ignored;  // the next one will
        (void)!run_history_prune(history, &ignored);
    }
    *ret_id = beginning.id;
    return true;
}

// --- end ------------------------------------------------------------------------------------------------

static bool run_history_write_end(Db *db, int64_t id, const InstanceEnd *end, Err *err)
{
    const Err *error = end->error;
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, db,
                "UPDATE instance SET state = ?, finished_usec = ?, rows_read = ?, rows_written = ?,"
                " rows_dirty = ?, bytes = ?, version = ?, partition = ?, error_kind = ?, error = ?,"
                " hint = ?, warnings = ?, summary = ? WHERE id = ?");
    query_text(&query, instance_state_name(end->state));
    query_int(&query, clock_now_usec());
    query_int(&query, (int64_t)end->rows_read);
    query_int(&query, (int64_t)end->rows_written);
    query_int(&query, (int64_t)end->rows_dirty);
    query_int(&query, (int64_t)end->bytes);
    if (end->version >= 0) {
        query_int(&query, end->version);
    } else {
        query_null(&query);
    }
    query_text(&query, end->partition);
    query_text(&query, error == NULL ? NULL : fail_kind_name(error->kind));
    query_text(&query, error == NULL ? NULL : error->message);
    query_text(&query, error == NULL || error->hint[0] == '\0' ? NULL : error->hint);
    query_text(&query, end->warnings);
    query_text(&query, end->summary);
    query_int(&query, id);
    return query_run(&query, err);
}

bool run_history_end(RunHistory *history, int64_t id, const InstanceEnd *end, Err *err)
{
    (void)pthread_mutex_lock(&history->lock);
    const bool done = run_history_write_end(&history->db, id, end, err);
    (void)pthread_mutex_unlock(&history->lock);

    (void)pthread_mutex_lock(&history->held_lock);
    size_t at = 0;
    while (at < history->held_count && history->held[at].id != id) {
        at++;
    }
    assert(at < history->held_count);
    const int fd = history->held[at].fd;
    history->held[at] = history->held[--history->held_count];
    (void)pthread_mutex_unlock(&history->held_lock);
    run_history_unlock(history, id, fd);
    return done;
}

// --- requests to cancel ---------------------------------------------------------------------------------

bool run_history_ask_cancel(RunHistory *history, int64_t id, Err *err)
{
    if (!history->can_write) {
        return db_fail(&history->db, SQLITE_READONLY, err);
    }
    InstanceRecord record;
    if (!run_history_find(history, id, &record, err)) {
        return false;
    }
    const InstanceState state = record.state;
    instance_record_done(&record);
    if (state != INSTANCE_RUNNING) {
        return fail(err, FAIL_CONFIG, "instance %" PRId64 " is not running: its state is %s", id,
                    instance_state_name(state));
    }
    (void)pthread_mutex_lock(&history->lock);
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, &history->db,
                "UPDATE instance SET cancel_requested = 1 WHERE id = ? AND state = 'running'");
    query_int(&query, id);
    const bool done = query_run(&query, err);
    query_done(&query);
    (void)pthread_mutex_unlock(&history->lock);
    return done;
}

static bool run_history_is_asked(RunHistory *history, int64_t id)
{
    Err ignored;
    bool row = false;
    (void)pthread_mutex_lock(&history->lock);
    Query query = {0};
    query_begin(&query, &history->db,
                "SELECT 1 FROM instance WHERE id = ? AND cancel_requested <> 0");
    query_int(&query, id);
    const bool is_asked = query_step(&query, &row, &ignored) && row;
    query_done(&query);
    (void)pthread_mutex_unlock(&history->lock);
    return is_asked;
}

static void *run_history_watch_run(void *argument)
{
    RunHistory *history = argument;
    (void)pthread_mutex_lock(&history->held_lock);
    while (!history->watch_ends) {
        const int64_t until = clock_monotonic_usec() + WATCH_INTERVAL_USEC;
        const struct timespec deadline = {.tv_sec = (time_t)(until / 1000000),
                                          .tv_nsec = (long)(until % 1000000) * 1000};
        (void)pthread_cond_timedwait(&history->wake, &history->held_lock, &deadline);
        for (size_t i = 0; !history->watch_ends && i < history->held_count; i++) {
            if (run_history_is_asked(history, history->held[i].id)) {
                cancel_request(history->held[i].cancel);
            }
        }
    }
    (void)pthread_mutex_unlock(&history->held_lock);
    return NULL;
}

void run_history_watch_begin(RunHistory *history)
{
    (void)pthread_mutex_lock(&history->held_lock);
    if (!history->watch_runs) {
        // Without the thread the instance runs, and signals still end it.
        history->watch_runs =
            pthread_create(&history->watch, NULL, run_history_watch_run, history) == 0;
    }
    (void)pthread_mutex_unlock(&history->held_lock);
}

void run_history_watch_end(RunHistory *history)
{
    if (!history->watch_runs) {
        return;
    }
    (void)pthread_mutex_lock(&history->held_lock);
    history->watch_ends = true;
    (void)pthread_cond_signal(&history->wake);
    (void)pthread_mutex_unlock(&history->held_lock);
    (void)pthread_join(history->watch, NULL);
}

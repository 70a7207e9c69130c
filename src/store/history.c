// Opening: the file, its schema, and the tidying that every opener does. What instances write is in
// run_history_instance.c, what is read in run_history_read.c.
//
// A process that dies at any instruction leaves: a row that says running (the next opener marks it,
// since nobody holds its lock), a lock file without a row (a later instance of that number takes it
// over), a log without a row (removed with its number's turn). Nothing has to be mended by hand.
#include "base/base.h"

#include "store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "store/history_internal.h"

#define OPEN_WAIT_USEC INT64_C(10000000)
#define PRUNE_AT_ONCE 1000  // a run waits for no more

static const char SCHEMA_1[] =
    // Jobs change seldom: instances share the text.
    "CREATE TABLE job_text (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE instance ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"  // a number is never given twice
    "  job TEXT NOT NULL, job_text INTEGER NOT NULL REFERENCES job_text,"
    "  bizdate TEXT NOT NULL, today TEXT NOT NULL, timezone TEXT, threads INTEGER NOT NULL,"
    "  kind TEXT NOT NULL, rerun_of INTEGER, job_type TEXT, cyctime TEXT,"
    "  state TEXT NOT NULL, started_usec INTEGER NOT NULL, finished_usec INTEGER,"
    "  rows_read INTEGER, rows_written INTEGER, rows_dirty INTEGER, bytes INTEGER,"
    "  version INTEGER, partition TEXT, error_kind TEXT, error TEXT, hint TEXT, warnings TEXT,"
    "  summary TEXT, process INTEGER NOT NULL, host TEXT NOT NULL, weir TEXT NOT NULL,"
    "  cancel_requested INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX instance_of_job ON instance (job, bizdate);"
    "CREATE INDEX instance_of_text ON instance (job_text);"
    "CREATE INDEX instance_of_day ON instance (started_usec);"
    "CREATE INDEX instance_running ON instance (id) WHERE state = 'running';"
    "CREATE TABLE instance_param ("
    "  instance INTEGER NOT NULL REFERENCES instance ON DELETE CASCADE,"
    "  position INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (instance, position))"
    "  WITHOUT ROWID;";

// The n-th brings a file of version n to n + 1.
static const char *const MIGRATIONS[] = {SCHEMA_1};
#define SCHEMA_VERSION ((int64_t)ARRAY_LEN(MIGRATIONS))

static char *run_history_numbered(const RunHistory *history, const char *folder, int64_t id,
                                  const char *suffix)
{
    return mem_format("%s/%s/%" PRId64 "%s", history->folder, folder, id, suffix);
}

char *run_history_lock_path(const RunHistory *history, int64_t id)
{
    return run_history_numbered(history, "instances", id, ".lock");
}

char *run_history_log_path(const RunHistory *history, int64_t id)
{
    return run_history_numbered(history, "logs", id, ".log");
}

// --- the schema -----------------------------------------------------------------------------------------

static bool run_history_check_version(Db *db, int64_t *ret_version, Err *err)
{
    if (!db_number(db, "PRAGMA user_version", ret_version, err)) {
        return false;
    }
    if (*ret_version > SCHEMA_VERSION) {
        (void)fail(err, FAIL_CONFIG,
                   "the history \"%s\" is of a newer weir: its version is %" PRId64
                   ", this one knows %" PRId64,
                   db->path, *ret_version, SCHEMA_VERSION);
        return fail_hint(err, "Use that weir, or move the file away: this one begins a new one.");
    }
    return true;
}

// The greatest number that a log of an earlier history has: its logs are not to be mixed with ours.
static int64_t run_history_last_log(const RunHistory *history)
{
    CLEANUP(mem_free_text) char *folder = fs_join(history->folder, "logs");
    CLEANUP(fs_list_done) FsList list = {0};
    Err ignored;
    int64_t last = 0;
    if (!fs_list(folder, &list, &ignored)) {
        return 0;
    }
    for (size_t i = 0; i < list.count; i++) {
        CLEANUP(mem_free_text)
        char *name = mem_copy_bytes(list.names[i], strcspn(list.names[i], "."));
        int64_t number;
        if (text_parse_int(name, 1, INT64_MAX, &number) && number > last) {
            last = number;
        }
    }
    return last;
}

static bool run_history_migrate_body(Db *db, void *context, Err *err)
{
    const RunHistory *history = context;
    int64_t version;
    if (!run_history_check_version(db, &version, err)) {
        return false;
    }
    const bool is_new = version == 0;
    for (; version < SCHEMA_VERSION; version++) {
        CLEANUP(mem_free_text)
        char *note = mem_format("PRAGMA user_version = %" PRId64, version + 1);
        if (!db_run(db, MIGRATIONS[version], err) || !db_run(db, note, err)) {
            return false;
        }
    }
    const int64_t last = is_new ? run_history_last_log(history) : 0;
    if (last == 0) {
        return true;
    }
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, db, "INSERT INTO sqlite_sequence (name, seq) VALUES ('instance', ?)");
    query_int(&query, last);
    return query_run(&query, err);
}

static bool run_history_migrate(RunHistory *history, Err *err)
{
    int64_t version;
    if (!run_history_check_version(&history->db, &version, err)) {
        return false;
    }
    return version == SCHEMA_VERSION
           || db_write(&history->db, run_history_migrate_body, history, err);
}

// --- opening --------------------------------------------------------------------------------------------

static bool run_history_open_to_write(RunHistory *history, Err *err)
{
    Db *db = &history->db;
    CLEANUP(mem_free_text) char *path = fs_join(history->folder, "weir.db");
    if (!db_open(db, path, DB_WRITE, err)) {
        return false;
    }
    if (sqlite3_db_readonly(db->link, "main") == 1) {
        return db_fail(db, SQLITE_READONLY, err);
    }
    // WAL: readers and the one writer do not wait for each other. FULL: a row outlives a power cut
    // as the lake's commit does.
    return db_run(db, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL", err)
           && db_run(db, "PRAGMA journal_mode = WAL", err) && run_history_migrate(history, err);
}

// Several processes that make the file at the same moment get "busy" at once, whatever the time
// limit is: SQLite does not wait while a journal mode changes.
static bool run_history_open_patiently(RunHistory *history, Err *err)
{
    const int64_t until = clock_monotonic_usec() + OPEN_WAIT_USEC;
    while (!run_history_open_to_write(history, err)) {
        db_close(&history->db);
        if (!err->retriable || clock_monotonic_usec() > until) {
            return false;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return true;
}

static bool run_history_open_readonly(RunHistory *history, DbMode mode, Err *err)
{
    CLEANUP(mem_free_text) char *path = fs_join(history->folder, "weir.db");
    int64_t version;
    if (!db_open(&history->db, path, mode, err)
        || !run_history_check_version(&history->db, &version, err)) {
        return false;
    }
    return version == SCHEMA_VERSION
           || fail(err, FAIL_CONFIG,
                   "the history \"%s\" is of an older weir and cannot be brought up to date: it "
                   "cannot be written to",
                   history->db.path);
}

static bool run_history_open_to_look(RunHistory *history, Err *err)
{
    CLEANUP(mem_free_text) char *path = fs_join(history->folder, "weir.db");
    if (!fs_exists(path)) {
        return db_open(&history->db, path, DB_MEMORY, err) && run_history_migrate(history, err);
    }
    if (access(history->folder, W_OK) == 0 && access(path, W_OK) == 0) {
        history->can_write = true;
        if (run_history_open_patiently(history, err)) {
            return true;
        }
        if (err->kind != FAIL_INTERNAL || err->retriable) {
            return false;
        }
        history->can_write = false;  // a full disk is when people look
    }
    if (run_history_open_readonly(history, DB_READ, err)) {
        return true;
    }
    // Without rows in its -wal file nobody has it open, and SQLite cannot make the files that it
    // would coordinate readers with.
    CLEANUP(mem_free_text) char *wal = mem_format("%s-wal", path);
    int64_t wal_bytes = 0;
    const bool has_wal = fs_size(wal, &wal_bytes) && wal_bytes > 0;
    db_close(&history->db);
    return !has_wal && run_history_open_readonly(history, DB_FROZEN, err);
}

static bool run_history_make_folders(const RunHistory *history, Err *err)
{
    static const char *const names[] = {"instances", "logs"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(mem_free_text) char *folder = fs_join(history->folder, names[i]);
        if (!fs_make_dirs(folder, err)) {
            err->kind = FAIL_CONFIG;
            (void)err_context(err, "the run history");
            return fail_hint(err,
                             "Let the user that runs weir write there; \"weir run --no-history\" "
                             "runs a job without a record of it.");
        }
    }
    return true;
}

// --- tidying --------------------------------------------------------------------------------------------

// True where no process holds the instance's lock.
static bool run_history_is_dead(const RunHistory *history, int64_t id)
{
    CLEANUP(mem_free_text) char *path = run_history_lock_path(history, id);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT;
    }
    const bool is_dead = flock(fd, LOCK_EX | LOCK_NB) == 0;
    (void)close(fd);
    return is_dead;
}

static bool run_history_bury(RunHistory *history, int64_t id, Err *err)
{
    static const char text[] = "the process ended without a word";
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, &history->db,
                "UPDATE instance SET state = 'failed', error_kind = ?, error = ?, hint = ?"
                " WHERE id = ? AND state = 'running'");
    query_text(&query, fail_kind_name(FAIL_INTERNAL));
    query_text(&query, text);
    query_text(
        &query,
        "It was killed, or the machine went down. Whether it had published by then, the table's versions tell; \"weir rerun\" runs it again.");
    query_int(&query, id);
    if (!query_run(&query, err)) {
        return false;
    }
    if (sqlite3_changes(history->db.link) == 0) {
        return true;  // it has ended properly in between
    }
    CLEANUP(mem_free_text) char *lock = run_history_lock_path(history, id);
    CLEANUP(mem_free_text) char *log = run_history_log_path(history, id);
    Err ignored;
    LogFile *file;
    if (log_file_open(log, &file, &ignored)) {
        LogFile *before = log_attach(file);
        log_note(LOG_ERROR, "%s; found by a later start of weir", text);
        (void)log_attach(before);
        log_file_close(file);
    }
    (void)!fs_remove(lock, &ignored);
    return true;
}

static bool run_history_is_held(RunHistory *history, int64_t id)
{
    bool found = false;
    (void)pthread_mutex_lock(&history->held_lock);
    for (size_t i = 0; i < history->held_count; i++) {
        found = found || history->held[i].id == id;
    }
    (void)pthread_mutex_unlock(&history->held_lock);
    return found;
}

typedef struct Ids {
    int64_t *items;
    size_t count;
} Ids;

static void ids_done(Ids *ids)
{
    free(ids->items);
}

static bool run_history_collect(Query *query, Ids *ids, Err *err)
{
    for (bool row = true;;) {
        if (!query_step(query, &row, err)) {
            return false;
        }
        if (!row) {
            return true;
        }
        ids->items = mem_grow(ids->items, (ids->count + 1) * sizeof(*ids->items));
        ids->items[ids->count++] = query_take_int(query, 0, 0);
    }
}

static bool run_history_find_running(RunHistory *history, Ids *ids, Err *err)
{
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, &history->db, "SELECT id FROM instance WHERE state = 'running'");
    return run_history_collect(&query, ids, err);
}

bool run_history_sweep(RunHistory *history, Err *err)
{
    if (!history->can_write) {
        return true;
    }
    CLEANUP(ids_done) Ids ids = {0};
    (void)pthread_mutex_lock(&history->lock);
    bool done = run_history_find_running(history, &ids, err);
    (void)pthread_mutex_unlock(&history->lock);
    for (size_t i = 0; done && i < ids.count; i++) {
        if (run_history_is_held(history, ids.items[i])
            || !run_history_is_dead(history, ids.items[i])) {
            continue;
        }
        (void)pthread_mutex_lock(&history->lock);
        done = run_history_bury(history, ids.items[i], err);
        (void)pthread_mutex_unlock(&history->lock);
    }
    return done;
}

static bool run_history_find_old(RunHistory *history, Ids *ids, Err *err)
{
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, &history->db,
                "SELECT id FROM instance WHERE state <> 'running' AND (started_usec < ?"
                " OR id <= (SELECT id FROM instance ORDER BY id DESC LIMIT 1 OFFSET ?))"
                " ORDER BY id LIMIT ?");
    query_int(&query, clock_now_usec() - HISTORY_DAYS_MAX * INT64_C(86400000000));
    query_int(&query, HISTORY_INSTANCES_MAX);
    query_int(&query, PRUNE_AT_ONCE);
    return run_history_collect(&query, ids, err);
}

static bool run_history_prune_body(Db *db, void *context, Err *err)
{
    const Ids *ids = context;
    for (size_t i = 0; i < ids->count; i++) {
        CLEANUP(query_done) Query query = {0};
        query_begin(&query, db, "DELETE FROM instance WHERE id = ?");
        query_int(&query, ids->items[i]);
        if (!query_run(&query, err)) {
            return false;
        }
    }
    return db_run(db, "DELETE FROM job_text WHERE id NOT IN (SELECT job_text FROM instance)", err);
}

static bool run_history_prune_locked(RunHistory *history, Err *err)
{
    CLEANUP(ids_done) Ids ids = {0};
    if (!run_history_find_old(history, &ids, err)) {
        return false;
    }
    if (ids.count == 0) {
        return true;
    }
    // Logs first: a row without a log is removed the next time, a log without a row would stay.
    for (size_t i = 0; i < ids.count; i++) {
        CLEANUP(mem_free_text) char *log = run_history_log_path(history, ids.items[i]);
        Err ignored;
        (void)!fs_remove(log, &ignored);
    }
    return db_write(&history->db, run_history_prune_body, &ids, err);
}

bool run_history_prune(RunHistory *history, Err *err)
{
    (void)pthread_mutex_lock(&history->lock);
    const bool done = run_history_prune_locked(history, err);
    (void)pthread_mutex_unlock(&history->lock);
    return done;
}

static bool run_history_prepare(RunHistory *history, HistoryUse use, Err *err)
{
    Err ignored;
    switch (use) {
    case HISTORY_RUN:
        history->can_write = true;
        return run_history_make_folders(history, err) && run_history_open_patiently(history, err)
               && run_history_sweep(history, err) && run_history_prune(history, err);
    case HISTORY_LOOK:
        if (!run_history_open_to_look(history, err)) {
            return false;
        }
        (void)!run_history_sweep(history, &ignored);  // what there is can be read without
        return true;
    }
    return false;
}

bool run_history_open(const char *state_dir, HistoryUse use, RunHistory **ret_history, Err *err)
{
    RunHistory *history = mem_alloc(sizeof(*history));
    history->folder = mem_copy_text(state_dir);
    (void)pthread_mutex_init(&history->lock, NULL);
    (void)pthread_mutex_init(&history->held_lock, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&history->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (!run_history_prepare(history, use, err)) {
        run_history_close(history);
        return false;
    }
    *ret_history = history;
    return true;
}

void run_history_close(RunHistory *history)
{
    if (history == NULL) {
        return;
    }
    assert(history->held_count == 0);
    run_history_watch_end(history);
    db_close(&history->db);
    (void)pthread_cond_destroy(&history->wake);
    (void)pthread_mutex_destroy(&history->held_lock);
    (void)pthread_mutex_destroy(&history->lock);
    free(history->held);
    free(history->folder);
    free(history);
}

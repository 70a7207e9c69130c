// SQLite's calls answer with codes; here they become errors that say whose problem it is. A damaged
// or forbidden file is the user's to mend (FAIL_CONFIG); a full disk or one that fails is the
// machine's (FAIL_INTERNAL).
#include "base/base.h"

#include "store/db.h"

#include <ctype.h>

#include "base/buf.h"

#define DB_BUSY_MILLIS 10000

// "file:/a%20b/weir.db?immutable=1"
static char *db_frozen_uri(const char *path)
{
    CLEANUP(buf_done) Buf uri = {0};
    buf_add_text(&uri, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (isalnum((unsigned char)*c) || strchr("/._-", *c) != NULL) {
            buf_add_char(&uri, *c);
        } else {
            buf_add_format(&uri, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
    buf_add_text(&uri, "?immutable=1");
    return buf_take(&uri);
}

bool db_open(Db *db, const char *path, DbMode mode, Err *err)
{
    CLEANUP(mem_free_text) char *uri = mode == DB_FROZEN ? db_frozen_uri(path) : NULL;
    const int flags = mode == DB_WRITE || mode == DB_MEMORY
                          ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                          : SQLITE_OPEN_READONLY | (uri == NULL ? 0 : SQLITE_OPEN_URI);
    const char *name = mode == DB_MEMORY ? ":memory:" : uri != NULL ? uri : path;
    db->path = mem_copy_text(path);
    // One thread at a time uses the link: the history's lock sees to that.
    const int code = sqlite3_open_v2(name, &db->link, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        return db_fail(db, code, err);
    }
    (void)sqlite3_extended_result_codes(db->link, 1);
    (void)sqlite3_busy_timeout(db->link, DB_BUSY_MILLIS);
    return true;
}

void db_close(Db *db)
{
    (void)sqlite3_close(db->link);
    free(db->path);
    *db = (Db){0};
}

static const char *db_reason(const Db *db, int code)
{
    return db->link != NULL && sqlite3_errcode(db->link) != SQLITE_OK ? sqlite3_errmsg(db->link)
                                                                      : sqlite3_errstr(code);
}

bool db_fail(const Db *db, int code, Err *err)
{
    const char *reason = db_reason(db, code);
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        (void)fail(err, FAIL_CONFIG, "the history \"%s\" is damaged: %s", db->path, reason);
        return fail_hint(
            err, "Move it and its -wal and -shm files away, weir begins a new one; "
                 "\"sqlite3 FILE .recover\" may save its rows. The logs beside it are whole, "
                 "and the lake's tables do not depend on it.");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        (void)fail(err, FAIL_CONFIG, "could not write the history \"%s\": %s", db->path, reason);
        return fail_hint(
            err, "Let the user that runs weir write there; \"weir run --no-history\" runs a "
                 "job without a record of it.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        (void)fail(err, FAIL_INTERNAL, "the history \"%s\" is held by another process for too long",
                   db->path);
        err->retriable = true;
        return false;
    case SQLITE_FULL:
    case SQLITE_IOERR:
        (void)fail(err, FAIL_INTERNAL, "could not write the history \"%s\": %s", db->path, reason);
        return fail_hint(err, "Look at that disk: its space, its limits, its health.");
    default:
        return fail(err, FAIL_INTERNAL, "the history \"%s\": %s", db->path, reason);
    }
}

bool db_run(Db *db, const char *sql, Err *err)
{
    const int code = sqlite3_exec(db->link, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || db_fail(db, code, err);
}

bool db_number(Db *db, const char *sql, int64_t *ret_number, Err *err)
{
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, db, sql);
    bool row = false;
    if (!query_step(&query, &row, err)) {
        return false;
    }
    *ret_number = row ? query_take_int(&query, 0, 0) : 0;
    return true;
}

bool db_write(Db *db, bool (*body)(Db *db, void *context, Err *err), void *context, Err *err)
{
    if (!db_run(db, "BEGIN IMMEDIATE", err)) {
        return false;
    }
    if (body(db, context, err) && db_run(db, "COMMIT", err)) {
        return true;
    }
    Err ignored;
    (void)!db_run(db, "ROLLBACK", &ignored);
    return false;
}

void query_begin(Query *query, Db *db, const char *sql)
{
    *query = (Query){.db = db};
    query->code = sqlite3_prepare_v2(db->link, sql, -1, &query->statement, NULL);
}

void query_done(Query *query)
{
    (void)sqlite3_finalize(query->statement);
    query->statement = NULL;
}

static void query_note(Query *query, int code)
{
    if (query->code == SQLITE_OK) {
        query->code = code;
    }
}

void query_text(Query *query, const char *text)
{
    query->bound++;
    if (query->code == SQLITE_OK) {
        query_note(query, text == NULL ? sqlite3_bind_null(query->statement, query->bound)
                                       : sqlite3_bind_text(query->statement, query->bound, text, -1,
                                                           SQLITE_STATIC));
    }
}

void query_int(Query *query, int64_t value)
{
    query->bound++;
    if (query->code == SQLITE_OK) {
        query_note(query, sqlite3_bind_int64(query->statement, query->bound, value));
    }
}

void query_null(Query *query)
{
    query_text(query, NULL);
}

bool query_step(Query *query, bool *ret_row, Err *err)
{
    if (query->code != SQLITE_OK) {
        return db_fail(query->db, query->code, err);
    }
    const int code = sqlite3_step(query->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return db_fail(query->db, code, err);
    }
    *ret_row = code == SQLITE_ROW;
    return true;
}

bool query_run(Query *query, Err *err)
{
    for (bool row = true; row;) {
        if (!query_step(query, &row, err)) {
            return false;
        }
    }
    return true;
}

char *query_take_text(const Query *query, int column)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    return mem_copy_text((const char *)text);
}

int64_t query_take_int(const Query *query, int column, int64_t fallback)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL
               ? fallback
               : sqlite3_column_int64(query->statement, column);
}

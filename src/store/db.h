// The little of SQLite that src/store needs: a file opened, statements with values, errors as ours.
// For the files of this folder only. Thread: one at a time.
#pragma once

#include <sqlite3.h>

#include "base/err.h"

typedef struct Db {
    sqlite3 *link;
    char *path;  // for messages
} Db;

typedef enum DbMode {
    DB_WRITE,   // made where it is missing
    DB_READ,    // an existing file
    DB_FROZEN,  // an existing file that nobody writes, in a folder that cannot be written to
    DB_MEMORY,  // an empty one that is gone afterwards
} DbMode;

// What is opened stays in *db on failure too, for db_close.
bool db_open(Db *db, const char *path, DbMode mode, Err *err) MUST_CHECK;
void db_close(Db *db);
// Statements without values; several with ';' between them.
bool db_run(Db *db, const char *sql, Err *err) MUST_CHECK;
// The one number that a statement gives; 0 where it gives none.
bool db_number(Db *db, const char *sql, int64_t *ret_number, Err *err) MUST_CHECK;
// Sets err to what the last call on the link met; returns false. Retriable where another process
// held the file.
bool db_fail(const Db *db, int code, Err *err);

// Runs the statements of `body` as one transaction that begins with the write lock; undone where
// body fails.
bool db_write(Db *db, bool (*body)(Db *db, void *context, Err *err), void *context, Err *err)
    MUST_CHECK;

// A statement on its way: `CLEANUP(query_done) Query query = {0};`. Values are bound in the order
// of the question marks; texts are borrowed until query_done. A mistake shows in query_step.
typedef struct Query {
    Db *db;
    sqlite3_stmt *statement;
    int bound;
    int code;
} Query;

void query_begin(Query *query, Db *db, const char *sql);
void query_done(Query *query);
void query_text(Query *query, const char *text);  // NULL binds NULL
void query_int(Query *query, int64_t value);
void query_null(Query *query);
bool query_step(Query *query, bool *ret_row, Err *err) MUST_CHECK;
bool query_run(Query *query, Err *err) MUST_CHECK;  // to its end, rows passed over

char *query_take_text(const Query *query, int column) MUST_CHECK;  // owned; NULL for NULL
int64_t query_take_int(const Query *query, int column, int64_t fallback);

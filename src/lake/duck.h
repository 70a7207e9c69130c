// DuckDB in the process: an in-memory database that runs SQL over files.
//
// Nothing is installed or loaded from outside, and nothing is written but what the SQL names and,
// where a temporary folder is given, spilled data. Files of this folder that need more of the C API
// include <duckdb.h> themselves and take duck_connection(). A Duck is used by one thread at a time;
// duck_interrupt: any.
#pragma once

#include "base/buf.h"

typedef struct Duck Duck;
struct _duckdb_connection;

typedef struct DuckOptions {
    uint64_t memory_bytes;    // limit of the buffer manager; 0 keeps DuckDB's default
    unsigned threads;         // 0 means 1
    const char *temp_folder;  // where data may be spilled; NULL: nowhere
    const char *timezone;     // of TIMESTAMP WITH TIME ZONE's text and casts; NULL: UTC
} DuckOptions;

bool duck_open(const DuckOptions *options, Duck **ret_duck, Err *err) MUST_CHECK;
void duck_free(Duck *duck);                              // NULL is fine
void duck_cleanup(Duck **duck);                          // for CLEANUP
struct _duckdb_connection *duck_connection(Duck *duck);  // a duckdb_connection, borrowed

// Runs statements and drops their results.
bool duck_run(Duck *duck, const char *sql, Err *err) MUST_CHECK;

// Called once a row: the cells as text, NULL for SQL NULL, borrowed until it returns. False stops
// the query, with *err set.
typedef bool (*DuckRow)(void *context, size_t count, const char *const *cells, const size_t *lens,
                        Err *err);
// Runs one statement and streams its rows. Columns must be VARCHAR, BOOLEAN or integers up to 64
// bits (cast what is not); anything else is FAIL_INTERNAL.
bool duck_query(Duck *duck, const char *sql, DuckRow row, void *context, Err *err) MUST_CHECK;

// Stops what runs on the connection, from another thread: it fails with FAIL_CANCELLED.
void duck_interrupt(Duck *duck);

// Makes an Err of DuckDB's message, in JSON as the connection gives them: memory and disk are
// FAIL_TARGET, an interrupt is FAIL_CANCELLED, a value that cannot be converted or computed is
// FAIL_SOURCE, a statement that does not stand FAIL_CONFIG. Returns false.
bool duck_fail(Duck *duck, const char *message, Err *err);
// The byte of the SQL text that the last error of duck_fail points to; SIZE_MAX where it points to
// none.
size_t duck_error_position(const Duck *duck);

// Appends 'text' or "name" with quotes doubled.
void duck_quote_text(const char *text, Buf *out);
void duck_quote_name(const char *name, Buf *out);

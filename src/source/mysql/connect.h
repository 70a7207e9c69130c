// One connection to a MySQL or MariaDB server: connecting with TLS and authentication, statements,
// small results as a whole and large ones row by row. All of libmariadb that this folder uses is
// behind this header.
//
// A connection belongs to one thread at a time. A stop request (base/cancel.h) shuts its socket
// down, so that a blocked call returns and reports FAIL_CANCELLED; it ends connecting as well.
#pragma once

#include "base/buf.h"
#include "base/cancel.h"
#include "job/project.h"

typedef struct Conn Conn;

// A column of a result as the server describes it; `name` is borrowed until the result ends.
typedef struct ConnField {
    const char *name;
    unsigned type;     // MYSQL_TYPE_...
    unsigned flags;    // NOT_NULL_FLAG, UNSIGNED_FLAG ...
    unsigned charset;  // 63 is binary
    unsigned decimals;
    uint64_t length;  // display width in bytes
} ConnField;

// A small result, whole and owned: cells row by row, NULL for SQL NULL; texts end with a NUL.
typedef struct ConnRows {
    size_t row_count;
    size_t column_count;
    char **cells;
    char **names;  // of the columns
} ConnRows;

// Connects. Errors are FAIL_SOURCE with the datasource's name and a hint; passwords are in none of
// them.
bool conn_open(const Datasource *datasource, Cancel *cancel, Conn **ret_conn, Err *err) MUST_CHECK;
void conn_close(Conn *conn);  // accepts NULL; does not wait for rows that were not read

const char *conn_server_text(const Conn *conn);  // "MariaDB 10.11.19", "MySQL 9.7.4"
bool conn_is_mariadb(const Conn *conn);
unsigned conn_server_version(const Conn *conn);  // 101119, 90704
bool conn_uses_tls(const Conn *conn);
unsigned conn_last_errno(const Conn *conn);  // of the last failed call
bool conn_is_busy(const Conn *conn);         // a statement was sent whose end was not seen
int64_t conn_opened_usec(const Conn *conn);  // by the monotonic clock

// Runs a statement and drops its result, if it has one.
bool conn_execute(Conn *conn, const char *sql, Err *err) MUST_CHECK;
// The same in two halves, so that several connections can be given a statement at once.
bool conn_send(Conn *conn, const char *sql, Err *err) MUST_CHECK;
bool conn_receive(Conn *conn, Err *err) MUST_CHECK;

// Runs a statement and keeps its whole result.
bool conn_rows(Conn *conn, const char *sql, ConnRows *ret_rows, Err *err) MUST_CHECK;
void conn_rows_done(ConnRows *rows);
static inline const char *conn_cell(const ConnRows *rows, size_t row, size_t column)
{
    return rows->cells[row * rows->column_count + column];
}
// Column's index by name without regard to case, SIZE_MAX where there is none.
size_t conn_rows_find(const ConnRows *rows, const char *name);

// Starts a result that is read row by row, as a prepared statement: its rows are those of the
// binary protocol (decode.h). conn_end_stream may come at any time (the connection is of no use
// after it where rows were left).
bool conn_stream(Conn *conn, const char *sql, Err *err) MUST_CHECK;
// Only learns what columns the statement would give; it does not run. Ends with conn_end_stream
// too.
bool conn_describe(Conn *conn, const char *sql, Err *err) MUST_CHECK;
const ConnField *conn_stream_fields(const Conn *conn, size_t *ret_count);
// The next row's packet, *ret_packet NULL at the end. Its bytes are borrowed until the next call
// and may be changed.
bool conn_stream_next(Conn *conn, unsigned char **ret_packet, size_t *ret_len, Err *err) MUST_CHECK;
void conn_end_stream(Conn *conn);

// sql_text.c: true where brackets, quotes and comments are all closed and no ";" ends the
// statement: what is put into brackets stays inside them.
bool sql_is_whole(const char *text);
// sql_text.c: `name in backticks`, those inside doubled.
void sql_add_name(Buf *sql, const char *name);
// A text literal that reads the same under every sql_mode and character set: hexadecimal where it
// is not plain.
void sql_add_literal(Buf *sql, const char *text);

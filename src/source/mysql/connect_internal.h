// What connect.c and statement.c share of a connection. With columns.c and column_type.c, which
// need its constants, they are the only files that see libmariadb.
#pragma once

#include <mysql.h>

#include "source/mysql/connect.h"

struct Conn {
    MYSQL *mysql;
    const Datasource *datasource;
    Cancel *cancel;
    int fd;  // our own for the socket, for the stop hook; while is_hooked
    bool is_hooked;
    char *server_text;
    bool is_mariadb;
    unsigned last_errno;
    bool must_encrypt;  // while connecting
    bool lacks_tls;     // the server offers no encryption
    bool is_busy;
    int64_t opened_usec;
    MYSQL_STMT *stream;
    MYSQL_RES *stream_fields;  // owns the names
    bool stream_is_done;
    ConnField *fields;
    size_t field_count;
};

// Is it one of libmariadb's own numbers? Then the server said nothing, and may still be at work.
bool conn_errno_is_ours(unsigned number);

// Fails with what the last call of libmariadb's says; `what` names what was tried, NULL where that
// is said elsewhere. statement.c.
bool conn_fail(Conn *conn, const char *what, Err *err);

// A connection whose text means one thing: character set, SQL mode, time zone, limits and isolation
// are set, whatever the server's defaults are.
#pragma once

#include "job/job.h"
#include "source/mysql/connect.h"

// Finds out what zone the server's sessions can be given for the project's: its name, or where the
// server has no zone tables the offset at the bizdate's beginning, and then *ret_warning (owned,
// may be NULL) says where that falls short.
bool session_zone(Conn *conn, const Job *job, char **ret_zone, char **ret_warning, Err *err)
    MUST_CHECK;

// Does a zone that session_zone gave change its offset around the bizdate?
bool session_zone_changes(const char *zone, const Job *job);

// Sets the session up. `zone` is what session_zone gave.
bool session_setup(Conn *conn, const char *zone, Err *err) MUST_CHECK;

// conn_open and session_setup.
bool session_open(const Datasource *datasource, const char *zone, Cancel *cancel, Conn **ret_conn,
                  Err *err) MUST_CHECK;

// The same statement on all connections, as close together as can be: it is sent to all before the
// first answer is read.
bool session_execute_all(Conn *const *conns, size_t count, const char *sql, Err *err) MUST_CHECK;

// Gives the clock of a session, as NOW() and its like read it, the fixed value `now` (seconds since
// 1970 in SQL). *ret_is_set becomes false where the server does not allow it.
bool session_set_clock(Conn *conn, const char *now, bool *ret_is_set, Err *err) MUST_CHECK;

// Which server answers (owned text, "" where it does not tell), and the connection's number there:
// behind a proxy or a name of several addresses not all connections need lead to the same.
bool session_identify(Conn *conn, char **ret_server, uint64_t *ret_id, Err *err) MUST_CHECK;

// "+08:00" of 28800.
#define SESSION_OFFSET_SIZE 16
const char *session_offset_text(int seconds, char space[SESSION_OFFSET_SIZE]);

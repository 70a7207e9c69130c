// Session settings. Each stands here because a server's default, or its administrator's, changes
// what a statement means or how long it may run:
// - sql_mode empty: no ANSI_QUOTES, NO_BACKSLASH_ESCAPES, PAD_CHAR_TO_FULL_LENGTH; zero dates may
// be compared with.
// - character sets: init_connect and skip-character-set-client-handshake overrule what the client
// said, and what the
//   server's set lacks would come as "?".
// - sql_select_limit: DEFAULT would be the administrator's, and the rows past it would be missing
// without a word.
// - net_write_timeout: the server must wait while the sink is slower than the source.
// - time_zone: expressions and conditions that users write see the project's wall clock. TIMESTAMP
// columns themselves are
//   read as UNIX_TIMESTAMP(column), which is the same instant in every session.
// What one of the two families does not know is sent to the other only; settings that restricted
// users may not change are tried one by one and may fail.
#include "source/mysql/session.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

static const char settings_required[] =
    "SET SESSION sql_mode='', net_write_timeout=86400, net_read_timeout=86400, wait_timeout=2147483,"
    " character_set_client=utf8mb4, character_set_results=utf8mb4, character_set_connection=utf8mb4,"
    " sql_select_limit=18446744073709551615, sql_big_selects=1, sql_safe_updates=0, sql_auto_is_null=0, autocommit=1";

static const char *const settings_mariadb[] = {
    "SET SESSION max_statement_time=0, idle_transaction_timeout=0, idle_readonly_transaction_timeout=0",
    "SET SESSION optimizer_switch='derived_merge=on,extended_keys=on'",
    NULL,
};

static const char *const settings_mysql[] = {
    "SET SESSION max_execution_time=0, information_schema_stats_expiry=0",
    "SET SESSION show_gipk_in_create_table_and_information_schema=ON",
    "SET SESSION optimizer_switch='derived_merge=on,use_index_extensions=on'",
    NULL,
};

const char *session_offset_text(int seconds, char space[SESSION_OFFSET_SIZE])
{
    const int minutes = (seconds < 0 ? -seconds : seconds) / 60;
    (void)snprintf(space, SESSION_OFFSET_SIZE, "%c%02d:%02d", seconds < 0 ? '-' : '+',
                   minutes / 60 % 24, minutes % 60);
    return space;
}

static bool set_zone(Conn *conn, const char *zone, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SET SESSION time_zone=");
    sql_add_literal(&sql, zone);
    return conn_execute(conn, buf_text(&sql), err);
}

// Does the zone keep one offset from a year before the instant to a year after it?
static bool offset_is_constant(int64_t usec)
{
    const int64_t week_usec = INT64_C(7) * 86400 * 1000000;
    const int offset = clock_offset_seconds(usec);
    for (int week = -52; week <= 52; week++) {
        if (clock_offset_seconds(usec + week * week_usec) != offset) {
            return false;
        }
    }
    return true;
}

bool session_zone(Conn *conn, const Job *job, char **ret_zone, char **ret_warning, Err *err)
{
    if (job->timezone != NULL && *job->timezone != '\0') {
        if (set_zone(conn, job->timezone, err)) {
            *ret_zone = mem_copy_text(job->timezone);
            *ret_warning = NULL;
            return true;
        }
        if (conn_last_errno(conn) != 1298 /* unknown time zone */) {
            return false;
        }
    }
    char offset[SESSION_OFFSET_SIZE];
    (void)session_offset_text(clock_offset_seconds(job->window_begin_usec), offset);
    *ret_zone = mem_copy_text(offset);
    *ret_warning = NULL;
    if (!offset_is_constant(job->window_begin_usec)) {
        *ret_warning = mem_format(
            "the server has no table of time zones, so the source's `where`, `query` and expressions see "
            "the wall clock of %s throughout, also where the project's zone has another offset; load "
            "the tables with mysql_tzinfo_to_sql (columns of type TIMESTAMP are right all the same)",
            offset);
    }
    return true;
}

bool session_zone_changes(const char *zone, const Job *job)
{
    return *zone != '+' && *zone != '-' && !offset_is_constant(job->window_begin_usec);
}

bool session_setup(Conn *conn, const char *zone, Err *err)
{
    if (!conn_execute(conn, settings_required, err)
        || !conn_execute(conn, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", err)
        || !set_zone(conn, zone, err)) {
        return err_context(err, "preparing the session");
    }
    for (const char *const *setting = conn_is_mariadb(conn) ? settings_mariadb : settings_mysql;
         *setting != NULL; setting++) {
        Err ignored;
        if (!conn_execute(conn, *setting, &ignored)
            && (ignored.retriable || ignored.kind == FAIL_CANCELLED)) {
            *err = ignored;
            return false;
        }
    }
    return true;
}

bool session_execute_all(Conn *const *conns, size_t count, const char *sql, Err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!conn_send(conns[i], sql, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!conn_receive(conns[i], err)) {
            return false;
        }
    }
    return true;
}

bool session_set_clock(Conn *conn, const char *now, bool *ret_is_set, Err *err)
{
    CLEANUP(mem_free_text) char *sql = mem_format("SET SESSION timestamp=%s", now);
    *ret_is_set = conn_execute(conn, sql, err);
    return *ret_is_set || (!err->retriable && err->kind != FAIL_CANCELLED);
}

bool session_identify(Conn *conn, char **ret_server, uint64_t *ret_id, Err *err)
{
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    const char *server = "";
    int64_t id = 0;
    if (!conn_rows(conn,
                   conn_is_mariadb(conn) ? "SELECT CONCAT_WS(':', @@hostname, @@port, @@server_id, "
                                           "@@datadir), CONNECTION_ID()"
                                         : "SELECT @@server_uuid, CONNECTION_ID()",
                   &rows, err)) {
        if (err->retriable || err->kind == FAIL_CANCELLED) {
            return false;
        }
    } else if (rows.row_count == 1 && conn_cell(&rows, 0, 0) != NULL
               && conn_cell(&rows, 0, 1) != NULL
               && text_parse_int(conn_cell(&rows, 0, 1), 1, INT64_MAX, &id)) {
        server = conn_cell(&rows, 0, 0);
    }
    *ret_server = mem_copy_text(server);
    *ret_id = (uint64_t)id;
    return true;
}

bool session_open(const Datasource *datasource, const char *zone, Cancel *cancel, Conn **ret_conn,
                  Err *err)
{
    Conn *conn = NULL;
    if (!conn_open(datasource, cancel, &conn, err)) {
        return false;
    }
    if (!session_setup(conn, zone, err)) {
        conn_close(conn);
        return false;
    }
    *ret_conn = conn;
    return true;
}

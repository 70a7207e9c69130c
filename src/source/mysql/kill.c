// A server notices that its client has gone when it sends rows, which a statement that computes or
// sorts may do hours later. So a run that ends early sends KILL QUERY for what is still at work.
//
// It must never meet the statement of somebody else. A number means something only to the server
// that gave it, and only until that server is started anew; behind a proxy a new connection may
// lead elsewhere. So the new connection must reach the same server, and that server must have been
// up for longer than the old connection is old.
#include "source/mysql/kill.h"

#include "base/clock.h"
#include "base/text.h"
#include "source/mysql/session.h"

#define KILL_SECONDS 2

static bool read_uptime(Conn *conn, int64_t *ret_seconds, Err *err)
{
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    return conn_rows(conn, "SHOW GLOBAL STATUS LIKE 'Uptime'", &rows, err) && rows.row_count == 1
           && conn_cell(&rows, 0, 1) != NULL
           && text_parse_int(conn_cell(&rows, 0, 1), 0, INT64_MAX / 1000000, ret_seconds);
}

static void kill_over(Conn *conn, const Leftover *leftovers, size_t count)
{
    CLEANUP(mem_free_text) char *server = NULL;
    uint64_t own_id = 0;
    int64_t uptime_seconds = 0;
    Err ignored;
    if (!session_identify(conn, &server, &own_id, &ignored)
        || !read_uptime(conn, &uptime_seconds, &ignored)) {
        return;
    }
    // The server tells whole seconds, cut off.
    const int64_t now = clock_monotonic_usec();
    for (size_t i = 0; i < count; i++) {
        const Leftover *leftover = &leftovers[i];
        if (*server == '\0' || !text_equal(server, leftover->server)
            || now - conn_opened_usec(leftover->conn) > (uptime_seconds + 1) * 1000000) {
            continue;
        }
        CLEANUP(mem_free_text) char *sql = mem_format("KILL QUERY %" PRIu64, leftover->id);
        (void)!conn_execute(conn, sql, &ignored);
    }
}

void kill_leftovers(const Datasource *datasource, const Leftover *leftovers, size_t count)
{
    Leftover *busy = mem_alloc((count + 1) * sizeof *busy);
    size_t busy_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (leftovers[i].server != NULL && conn_is_busy(leftovers[i].conn)) {
            busy[busy_count++] = leftovers[i];
        }
    }
    if (busy_count > 0) {
        Datasource hasty = *datasource;
        hasty.connect_timeout_seconds = KILL_SECONDS;
        hasty.read_timeout_seconds = KILL_SECONDS;
        // The run's own was requested, or will be: this is what follows from it.
        Cancel *cancel = cancel_new();
        Conn *conn = NULL;
        Err ignored;
        if (conn_open(&hasty, cancel, &conn, &ignored)) {
            kill_over(conn, busy, busy_count);
            conn_close(conn);
        }
        cancel_free(cancel);
    }
    free(busy);
}

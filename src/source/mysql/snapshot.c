// Several transactions that see the same rows, and the proof that they do.
//
// InnoDB has no way to hand a snapshot from one connection to another. So all connections are told
// to open theirs at the same moment (statements are sent to all before the first answer is read),
// and then it is checked that no transaction became visible between the first and the last.
//
// MariaDB: START TRANSACTION WITH CONSISTENT SNAPSHOT takes the lock under which commits become
// visible, and notes the binary log's position of the last one in Binlog_snapshot_file and
// _position of the session. Equal positions are equal snapshots.
//
// MySQL: a transaction takes its GTID into gtid_owned before it is written to the binary log,
// becomes visible in InnoDB some time later (sync, semi-synchronous replication), and only then
// goes from gtid_owned to gtid_executed, in one step. So, with every transaction having a GTID:
// gtid_owned is empty and gtid_executed is A; the snapshots are opened; gtid_owned is empty again,
// and after that gtid_executed is still A. A transaction that became visible between two of the
// snapshots would have been owned at the first reading, or owned at the second, or be in
// gtid_executed now and not in A. The second reading must be of gtid_owned first: the other way
// round a transaction could slip from one to the other in between. Positions in the log do not
// prove this: a transaction may be in the log long before it is visible. Without GTIDs there is no
// proof.
//
// Neither sees changes that are kept out of the binary log. Filters (Binlog_Do_DB,
// Binlog_Ignore_DB) are looked for.
//
// Where nothing was proved after some tries (the server is too busy, keeps no log): LOCK TABLES ...
// READ on the job's tables waits until the transactions that changed them are over and holds new
// ones off for the few milliseconds in which the snapshots are opened. It is given up after
// LOCK_SECONDS, because while it waits others wait behind it.
//
// Where that cannot be done either, there is one reader, and the report says what to grant.
//
// A snapshot is of rows, not of structure: a partition that is dropped is gone for those who have
// not touched the table yet, and rows are missing without a word. Servers hold such statements off
// while a transaction lasts that used the table. So the control connection uses every table before
// the first snapshot (and sees that it is as it was when the run was planned), each reader uses
// every table after its snapshot, and only then the control connection lets go.
#include "source/mysql/snapshot.h"

#include <time.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "source/mysql/session.h"

#define PROOF_USEC INT64_C(2000000)  // how long equal snapshots are tried for
#define POLL_USEC 200
#define LOCK_SECONDS 3
#define STRUCTURE_SECONDS 10
#define USE_SQL_BYTES ((size_t)256 << 10)  // of one statement about many tables
#define GTID_SEARCH_BYTES_MAX (1 << 20)

static const char start_snapshot[] = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

void snapshot_done(Snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->conn_count; i++) {
        conn_close(snapshot->conns[i]);
    }
    free(snapshot->conns);
    free(snapshot->position);
    free(snapshot->server);
    free(snapshot->ids);
    free(snapshot->warning);
    *snapshot = (Snapshot){0};
}

static void pause_usec(int64_t usec)
{
    (void)nanosleep(&(struct timespec){.tv_sec = usec / 1000000, .tv_nsec = usec % 1000000 * 1000},
                    NULL);
}

// --- positions ------------------------------------------------------------------------------------------------------------

typedef struct LogStatus {
    bool is_visible;    // the user may see it, and there is a log
    bool has_filter;    // some databases are kept out of it
    char *file_offset;  // "bin.000001:1234"
    char *gtid;         // MySQL's executed set; NULL or text
} LogStatus;

static void log_status_done(LogStatus *status)
{
    free(status->file_offset);
    free(status->gtid);
    *status = (LogStatus){0};
}

static const char *cell_by_name(const ConnRows *rows, const char *name)
{
    const size_t at = conn_rows_find(rows, name);
    return at == SIZE_MAX || rows->row_count == 0 || conn_cell(rows, 0, at) == NULL
               ? ""
               : conn_cell(rows, 0, at);
}

// GTID sets come with line ends after commas.
static char *text_without_space(const char *text)
{
    char *copy = mem_copy_text(text);
    char *to = copy;
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(" \t\r\n", *p) == NULL) {
            *to++ = *p;
        }
    }
    *to = '\0';
    return copy;
}

// The value of a statement's first cell; *ret_is_known becomes false, with "" as the text, where
// the server does not tell it.
static bool read_known(Conn *conn, const char *sql, char **ret_text, bool *ret_is_known, Err *err)
{
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    const bool is_read = conn_rows(conn, sql, &rows, err);
    if (!is_read && (err->retriable || err->kind == FAIL_CANCELLED)) {
        return false;
    }
    const char *text = !is_read || rows.row_count == 0 ? NULL : conn_cell(&rows, 0, 0);
    *ret_is_known = *ret_is_known && text != NULL;
    *ret_text = text_without_space(text == NULL ? "" : text);
    return true;
}

// The same where "" will do.
static bool read_text(Conn *conn, const char *sql, char **ret_text, Err *err)
{
    bool is_known = true;
    return read_known(conn, sql, ret_text, &is_known, err);
}

static bool read_log_status(Conn *conn, LogStatus *ret_status, Err *err)
{
    *ret_status = (LogStatus){0};
    const bool is_new = !conn_is_mariadb(conn) && conn_server_version(conn) >= 80200;
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(conn, is_new ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS", &rows, err)) {
        // Without the privilege the log cannot be seen; that is no reason to stop. MySQL's set of
        // GTIDs anybody may read.
        if (err->retriable || err->kind == FAIL_CANCELLED) {
            return false;
        }
        return conn_is_mariadb(conn)
               || read_text(conn, "SELECT @@GLOBAL.gtid_executed", &ret_status->gtid, err);
    }
    if (rows.row_count == 0) {
        return true;
    }
    ret_status->is_visible = true;
    ret_status->has_filter = *cell_by_name(&rows, "Binlog_Do_DB") != '\0'
                             || *cell_by_name(&rows, "Binlog_Ignore_DB") != '\0';
    ret_status->file_offset =
        mem_format("%s:%s", cell_by_name(&rows, "File"), cell_by_name(&rows, "Position"));
    ret_status->gtid = text_without_space(cell_by_name(&rows, "Executed_Gtid_Set"));
    return true;
}

// MariaDB: "bin.000001:1234" of the session's snapshot, "" where there is no log.
static bool read_snapshot_position(Conn *conn, char **ret_text, Err *err)
{
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(conn, "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'", &rows, err)) {
        return false;
    }
    const char *file = "";
    const char *offset = "";
    for (size_t i = 0; i < rows.row_count; i++) {
        const char *value = conn_cell(&rows, i, 1) == NULL ? "" : conn_cell(&rows, i, 1);
        if (text_equal_nocase(conn_cell(&rows, i, 0), "binlog_snapshot_file")) {
            file = value;
        } else if (text_equal_nocase(conn_cell(&rows, i, 0), "binlog_snapshot_position")) {
            offset = value;
        }
    }
    *ret_text = *file == '\0' ? mem_copy_text("") : mem_format("%s:%s", file, offset);
    return true;
}

// MariaDB: the GTID position that belongs to a place in the log, or the place itself where that
// would be dear to find out.
static bool mariadb_position(Conn *conn, const char *file_offset, char **ret_position, Err *err)
{
    const char *colon = strrchr(file_offset, ':');
    if (colon == NULL) {
        *ret_position = NULL;
        return true;
    }
    // A transaction enters the server's GTID position when it is written to the log, which is
    // before snapshots see it. So that position is the snapshot's only where the log, looked at
    // afterwards, still ends at the snapshot's place; that snapshots opened now get the same
    // place would not prove it.
    CLEANUP(mem_free_text) char *gtid = NULL;
    CLEANUP(log_status_done) LogStatus end = {0};
    if (!read_text(conn, "SELECT @@gtid_binlog_pos", &gtid, err)
        || !read_log_status(conn, &end, err)) {
        return false;
    }
    if (!end.is_visible || !text_equal(end.file_offset, file_offset)) {
        *gtid = '\0';
        int64_t offset = 0;
        if (text_parse_int(colon + 1, 0, GTID_SEARCH_BYTES_MAX, &offset)) {
            // The server reads the log's file from its beginning for this.
            CLEANUP(mem_free_text)
            char *file = mem_copy_bytes(file_offset, (size_t)(colon - file_offset));
            CLEANUP(buf_done) Buf sql = {0};
            buf_add_text(&sql, "SELECT BINLOG_GTID_POS(");
            sql_add_literal(&sql, file);
            buf_add_format(&sql, ", %" PRId64 ")", offset);
            free(gtid);
            gtid = NULL;
            if (!read_text(conn, buf_text(&sql), &gtid, err)) {
                return false;
            }
        }
    }
    *ret_position = mem_copy_text(*gtid == '\0' ? file_offset : gtid);
    return true;
}

static char *mysql_position(const LogStatus *status)
{
    return mem_copy_text(status->gtid != NULL && *status->gtid != '\0' ? status->gtid
                                                                       : status->file_offset);
}

typedef struct Opening {
    const Server *server;
    const Relation *const *relations;
    size_t relation_count;
    Conn **conns;
    size_t count;
    bool is_elsewhere;  // the one connection reached another server than the control connection
    Cancel *cancel;
    Snapshot *result;
} Opening;

// --- structure ------------------------------------------------------------------------------------------------------------

// Makes the connections' transactions use every table of the job, so that nobody changes their
// structure until they end. No row is read and nothing computed.
static bool use_tables(const Opening *opening, Conn *const *conns, size_t count, Err *err)
{
    size_t at = 0;
    while (at < opening->relation_count) {
        CLEANUP(buf_done) Buf sql = {0};
        buf_add_text(&sql, "SELECT 1 FROM DUAL WHERE FALSE AND (");
        const size_t first = at;
        for (; at < opening->relation_count && sql.len < USE_SQL_BYTES; at++) {
            buf_add_format(&sql, "%sEXISTS (SELECT 1 FROM (%s\n) AS weir_held)",
                           at == first ? "" : " OR ", opening->relations[at]->probe);
        }
        buf_add_char(&sql, ')');
        if (!buf_ok(&sql, "the list of tables", err)) {
            return false;
        }
        if (session_execute_all(conns, count, buf_text(&sql), err)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (conn_last_errno(conns[i]) == 1205 /* lock wait */) {
                (void)fail_hint(err, "A statement that changes a table's structure, or locks the "
                                     "table, runs or waits; the run can be started over.");
            }
        }
        columns_note_change(err);
        return err_context(err, "holding the structure of %s", opening->relations[first]->name);
    }
    return true;
}

static bool check_structure(const Opening *opening, Conn *conn, Err *err)
{
    for (size_t i = 0; i < opening->relation_count; i++) {
        if (!columns_check(opening->relations[i], conn, err)) {
            return false;
        }
    }
    return true;
}

// From here on the structure of the tables is what was planned with.
static bool hold_structure(const Opening *opening, Err *err)
{
    failpoint("snapshot-before");
    Conn *control = opening->server->control;
    if (!conn_execute(control, "START TRANSACTION READ ONLY", err)
        || !use_tables(opening, &opening->server->control, 1, err)
        || !check_structure(opening, control, err)) {
        return false;
    }
    failpoint("snapshot-held");
    return true;
}

// The readers' transactions hold it too, each for as long as it lasts.
static bool pass_structure(const Opening *opening, Err *err)
{
    failpoint("snapshot-opened");
    // A change that waits for the control connection holds the readers off, so each would wait for
    // the other, for as long as the server's default says: a year.
    CLEANUP(mem_free_text)
    char *patience = mem_format("SET SESSION lock_wait_timeout=%d", STRUCTURE_SECONDS);
    return session_execute_all(opening->conns, opening->count, patience, err)
           && use_tables(opening, opening->conns, opening->count, err)
           // Of another server than the control connection's nothing was held until now.
           && (!opening->is_elsewhere || check_structure(opening, opening->conns[0], err));
}

static bool release_structure(const Opening *opening, Err *err)
{
    return conn_execute(opening->server->control, "COMMIT", err);
}

// --- proofs ---------------------------------------------------------------------------------------------------------------

// One try on MariaDB.
static bool try_mariadb(Opening *opening, bool *ret_proved, bool *ret_may_try, Err *err)
{
    CLEANUP(mem_free_text) char *first = NULL;
    if (!session_execute_all(opening->conns, opening->count, start_snapshot, err)
        || !read_snapshot_position(opening->conns[0], &first, err)) {
        return false;
    }
    *ret_may_try = *first != '\0';
    *ret_proved = *ret_may_try;
    for (size_t i = 1; i < opening->count && *ret_proved; i++) {
        CLEANUP(mem_free_text) char *position = NULL;
        if (!read_snapshot_position(opening->conns[i], &position, err)) {
            return false;
        }
        *ret_proved = text_equal(first, position);
    }
    return !*ret_proved
           || mariadb_position(opening->server->control, first, &opening->result->position, err);
}

// What a replica applies without logging it again (log_slave_updates off), and what a Galera node
// takes from its peers, moves no position of this server's log: there equal positions prove
// nothing.
static bool mariadb_log_is_whole(Conn *control, bool *ret_is_whole, Err *err)
{
    CLEANUP(mem_free_text) char *logs_all = NULL;
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!read_text(control, "SELECT @@GLOBAL.log_slave_updates", &logs_all, err)
        || !conn_rows(
            control,
            "SHOW GLOBAL STATUS WHERE variable_name IN ('Slaves_running', 'wsrep_connected')",
            &rows, err)) {
        return false;
    }
    *ret_is_whole = true;
    for (size_t i = 0; i < rows.row_count && !text_equal(logs_all, "1"); i++) {
        const char *value = conn_cell(&rows, i, 1);
        *ret_is_whole =
            *ret_is_whole && (text_equal(value, "0") || text_equal_nocase(value, "OFF"));
    }
    return true;
}

// One try on MySQL.
static bool try_mysql(Opening *opening, bool *ret_proved, bool *ret_may_try, Err *err)
{
    static const char read_owned[] = "SELECT @@GLOBAL.gtid_owned";
    static const char read_executed[] = "SELECT @@GLOBAL.gtid_executed";
    Conn *control = opening->server->control;
    CLEANUP(mem_free_text) char *mode = NULL;
    CLEANUP(mem_free_text) char *owned = NULL;
    CLEANUP(mem_free_text) char *before = NULL;
    CLEANUP(mem_free_text) char *owned_after = NULL;
    CLEANUP(mem_free_text) char *after = NULL;
    *ret_proved = false;
    if (!read_text(control, "SELECT @@GLOBAL.gtid_mode = 'ON' AND @@GLOBAL.log_bin", &mode, err)) {
        return false;
    }
    *ret_may_try = text_equal(mode, "1");
    if (!*ret_may_try) {
        return true;
    }
    // Not read_text: a server that does not tell who owns a GTID must not look like one where
    // nobody does.
    if (!read_known(control, read_executed, &before, ret_may_try, err)
        || !read_known(control, read_owned, &owned, ret_may_try, err)) {
        return false;
    }
    if (!*ret_may_try) {
        return true;
    }
    if (*owned != '\0') {
        pause_usec(POLL_USEC);
        return true;
    }
    if (!session_execute_all(opening->conns, opening->count, start_snapshot, err)
        || !read_known(control, read_owned, &owned_after, ret_may_try, err)
        || !read_known(control, read_executed, &after, ret_may_try, err)) {
        return false;
    }
    *ret_proved = *ret_may_try && *owned_after == '\0' && text_equal(before, after);
    if (*ret_proved) {
        opening->result->position = *after == '\0' ? NULL : mem_copy_text(after);
    }
    return true;
}

static bool try_equal(Opening *opening, bool *ret_proved, Err *err)
{
    Conn *control = opening->server->control;
    *ret_proved = false;
    CLEANUP(log_status_done) LogStatus status = {0};
    if (!hold_structure(opening, err) || !read_log_status(control, &status, err)) {
        return false;
    }
    const int64_t until = clock_monotonic_usec() + PROOF_USEC;
    bool is_whole = true;
    if (conn_is_mariadb(control) && !mariadb_log_is_whole(control, &is_whole, err)) {
        return false;
    }
    bool may_try = is_whole && !status.has_filter && !failpoint_fails("snapshot-proof");
    while (may_try && !*ret_proved && clock_monotonic_usec() < until) {
        if (!cancel_check(opening->cancel, err)) {
            return false;
        }
        if (!(conn_is_mariadb(control) ? try_mariadb : try_mysql)(opening, ret_proved, &may_try,
                                                                  err)) {
            return false;
        }
    }
    if (*ret_proved) {
        opening->result->how = "equal snapshot positions";
    }
    return (!*ret_proved || pass_structure(opening, err)) && release_structure(opening, err);
}

// --- the lock -------------------------------------------------------------------------------------------------------------

// True where SQL of the job may read tables that a lock on the job's own does not cover.
static bool may_read_other_tables(const SourceSpec *spec)
{
    if (spec->where != NULL && strcasestr(spec->where, "select") != NULL) {
        return true;
    }
    for (char **column = spec->columns; column != NULL && *column != NULL; column++) {
        if (strcasestr(*column, "select") != NULL) {
            return true;
        }
    }
    return false;
}

// Opens the snapshots while the job's tables are locked. *ret_done stays false, with *ret_reason,
// where the lock cannot be had.
static bool open_locked(Opening *opening, bool *ret_done, char **ret_reason, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "LOCK TABLES ");
    for (size_t i = 0; i < opening->relation_count; i++) {
        if (opening->relations[i]->table == NULL
            || may_read_other_tables(opening->relations[i]->spec)) {
            *ret_reason = mem_copy_text("the tables of a query or subquery are not known");
            return true;
        }
        bool stands = false;  // the server refuses a table that is named twice
        for (size_t k = 0; k < i; k++) {
            stands = stands || text_equal(opening->relations[k]->from, opening->relations[i]->from);
        }
        if (!stands) {
            buf_add_format(&sql, "%s%s READ", i == 0 ? "" : ", ", opening->relations[i]->from);
        }
    }
    Conn *control = opening->server->control;
    CLEANUP(mem_free_text)
    char *settings = mem_format(
        "SET SESSION lock_wait_timeout=%d, innodb_lock_wait_timeout=%d, innodb_table_locks=1, autocommit=0",
        LOCK_SECONDS, LOCK_SECONDS);
    if (failpoint_fails("snapshot-lock")) {
        *ret_reason = mem_copy_text("failpoint");
        return true;
    }
    if (!conn_execute(control, settings, err) || !conn_execute(control, buf_text(&sql), err)) {
        if (err->kind == FAIL_CANCELLED || (err->retriable && conn_last_errno(control) != 1205)) {
            return false;
        }
        *ret_reason = mem_copy_text(err->message);
        return conn_execute(control, "SET SESSION autocommit=1", err);
    }
    CLEANUP(log_status_done) LogStatus status = {0};
    if (!use_tables(opening, &opening->server->control, 1, err)) {
        if (conn_last_errno(control) != 1100 /* not locked */) {
            return false;
        }
        *ret_reason = mem_copy_text("the tables of a function are not known");
        return conn_execute(control, "UNLOCK TABLES", err)
               && conn_execute(control, "SET SESSION autocommit=1", err);
    }
    const bool is_opened = session_execute_all(opening->conns, opening->count, start_snapshot, err)
                           && read_log_status(control, &status, err)
                           && pass_structure(opening, err);
    Err unlocked;
    if (!conn_execute(control, "UNLOCK TABLES", &unlocked) && is_opened) {
        *err = unlocked;
        return false;
    }
    // Nothing held the structure while the lock was waited for; now the readers do.
    if (!is_opened || !conn_execute(control, "SET SESSION autocommit=1", err)
        || !check_structure(opening, control, err)) {
        return false;
    }
    *ret_done = true;
    opening->result->how = "brief table lock";
    opening->result->position = mysql_position(&status);
    if (conn_is_mariadb(control) && status.is_visible) {
        free(opening->result->position);
        return mariadb_position(control, status.file_offset, &opening->result->position, err);
    }
    return true;
}

// --- one connection -------------------------------------------------------------------------------------------------------

static bool open_single(Opening *opening, Err *err)
{
    Conn *conn = opening->conns[0];
    CLEANUP(log_status_done) LogStatus status = {0};
    // Read before: a stream that starts there sees nothing too late.
    if (!hold_structure(opening, err) || !read_log_status(opening->server->control, &status, err)
        || !conn_execute(conn, start_snapshot, err) || !pass_structure(opening, err)
        || !release_structure(opening, err)) {
        return false;
    }
    opening->result->how = "one connection";
    if (opening->is_elsewhere) {
        return true;
    }
    if (!conn_is_mariadb(conn)) {
        opening->result->position = mysql_position(&status);
        return true;
    }
    CLEANUP(mem_free_text) char *position = NULL;
    return read_snapshot_position(conn, &position, err)
           && mariadb_position(opening->server->control, position, &opening->result->position, err);
}

static bool is_one_server(const Opening *opening, bool *ret_is_one, Err *err)
{
    Snapshot *snapshot = opening->result;
    *ret_is_one = true;
    for (size_t i = 0; i < opening->count; i++) {
        CLEANUP(mem_free_text) char *server = NULL;
        if (!session_identify(opening->conns[i], &server, &snapshot->ids[i], err)) {
            return false;
        }
        if (i == 0) {
            snapshot->server = mem_copy_text(server);
        }
        *ret_is_one = *ret_is_one && text_equal(opening->server->identity, server);
    }
    return true;
}

// NOW() must not be another moment in each slice. The server's clock is asked once, as seconds:
// a wall clock's time may be ambiguous.
static bool set_clocks(const Opening *opening, Err *err)
{
    CLEANUP(mem_free_text) char *now = NULL;
    if (!read_text(opening->server->control, "SELECT @@SESSION.timestamp", &now, err)) {
        return false;
    }
    bool is_set = *now != '\0';
    for (size_t i = 0; i < opening->result->conn_count && is_set; i++) {
        if (!session_set_clock(opening->conns[i], now, &is_set, err)) {
            return false;
        }
    }
    opening->result->has_clock = is_set;
    return true;
}

static void keep_one(Snapshot *snapshot)
{
    for (size_t i = 1; i < snapshot->conn_count; i++) {
        conn_close(snapshot->conns[i]);
    }
    snapshot->conn_count = 1;
}

static bool open_all(Opening *opening, Err *err)
{
    Snapshot *snapshot = opening->result;
    bool is_done = false;
    bool is_one = true;
    if (!is_one_server(opening, &is_one, err)) {
        return false;
    }
    opening->is_elsewhere = !text_equal(snapshot->server, opening->server->identity);
    if (!is_one && opening->count > 1) {
        snapshot->warning = mem_copy_text(
            "one connection reads everything, because the datasource's address leads to several "
            "servers, which have no moment in common; name one of them");
        keep_one(snapshot);
        opening->count = 1;
    }
    if (opening->count > 1) {
        if (!try_equal(opening, &is_done, err)) {
            return false;
        }
        CLEANUP(mem_free_text) char *reason = NULL;
        if (!is_done && !open_locked(opening, &is_done, &reason, err)) {
            return false;
        }
        if (is_done) {
            return true;
        }
        const char *advice =
            !conn_is_mariadb(opening->server->control)
                ? "grant LOCK TABLES on the source's tables, or switch gtid_mode on"
                : "grant LOCK TABLES on the source's tables, or switch the binary log on";
        if (conn_last_errno(opening->server->control) == 1205 /* lock wait */) {
            advice =
                "the tables are written to without a pause: read them at a quieter hour, or from a replica";
        }
        snapshot->warning = mem_format(
            "one connection reads everything, because several could not be brought to one point in time (%s); %s",
            reason, advice);
        keep_one(snapshot);
        opening->count = 1;
    }
    return open_single(opening, err);
}

bool snapshot_open(const Server *server, const Relation *const *relations, size_t relation_count,
                   size_t count, Cancel *cancel, Snapshot *ret_snapshot, Err *err)
{
    Snapshot snapshot = {.conns = mem_alloc((count + 1) * sizeof(Conn *)),
                         .ids = mem_alloc((count + 1) * sizeof(uint64_t))};
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        done = session_open(server->datasource, server->zone, cancel, &snapshot.conns[i], err);
        snapshot.conn_count += done ? 1 : 0;
    }
    Opening opening = {.server = server,
                       .relations = relations,
                       .relation_count = relation_count,
                       .conns = snapshot.conns,
                       .count = count,
                       .cancel = cancel,
                       .result = &snapshot};
    if (!done || !open_all(&opening, err) || !set_clocks(&opening, err)) {
        snapshot_done(&snapshot);
        return false;
    }
    *ret_snapshot = snapshot;
    return true;
}

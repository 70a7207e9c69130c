// Statements and their results. Streamed rows are taken packet by packet and left in libmariadb's
// buffer: its own fetch would take every row apart into bound variables first.
#include "source/mysql/connect_internal.h"

#include <sys/socket.h>

#include <errmsg.h>

#include "base/text.h"
#include "source/mysql/connect_error.h"

// --- errors --------------------------------------------------------------------------------------------------------------

bool conn_errno_is_ours(unsigned number)
{
    return number >= CR_MIN_ERROR && number < CR_MIN_ERROR + 1000;
}

// The rule of an error. A connection that was encrypted once is not misconfigured: there TLS fails
// because the other end is gone without a word.
static const ErrorRule *find_rule(const Conn *conn, unsigned number)
{
    const bool is_lost_tls = number == CR_SSL_CONNECTION_ERROR && conn->opened_usec != 0;
    return connect_error_rule(is_lost_tls ? CR_SERVER_LOST : number);
}

bool conn_fail(Conn *conn, const char *what, Err *err)
{
    const bool is_of_stream = mysql_errno(conn->mysql) == 0 && conn->stream != NULL;
    const char *text = is_of_stream ? mysql_stmt_error(conn->stream) : mysql_error(conn->mysql);
    conn->last_errno = is_of_stream ? mysql_stmt_errno(conn->stream) : mysql_errno(conn->mysql);
    if (!conn_errno_is_ours(conn->last_errno)) {
        conn->is_busy = false;
    }
    if (cancel_requested(conn->cancel)) {
        return fail(err, FAIL_CANCELLED, "cancelled");
    }
    const ErrorRule *rule = find_rule(conn, conn->last_errno);
    const bool is_said = what == NULL;
    (void)fail(err, rule == NULL ? FAIL_SOURCE : rule->kind, "datasource \"%s\": %s%s%s (error %u)",
               conn->datasource->name == NULL ? "source" : conn->datasource->name,
               is_said ? "" : what, is_said ? "" : ": ", text, conn->last_errno);
    if (rule != NULL && rule->hint != NULL) {
        (void)fail_hint(err, "%s", rule->hint);
    }
    err->retriable = rule != NULL && rule->retriable;
    return false;
}

// An error that the server gives to a statement and that has a hint tells what it is about; that a
// statement was run would be noise.
static bool fail_statement(Conn *conn, Err *err)
{
    const unsigned number = mysql_errno(conn->mysql);
    const ErrorRule *rule = conn_errno_is_ours(number) ? NULL : connect_error_rule(number);
    const bool is_clear = rule != NULL && rule->hint != NULL;
    return conn_fail(conn, is_clear ? NULL : "running a statement", err);
}

// --- small results --------------------------------------------------------------------------------------------------------

bool conn_send(Conn *conn, const char *sql, Err *err)
{
    if (!cancel_check(conn->cancel, err)) {
        return false;
    }
    if (mysql_send_query(conn->mysql, sql, (unsigned long)strlen(sql)) != 0) {
        return conn_fail(conn, "sending a statement", err);
    }
    conn->is_busy = true;
    return true;
}

// The statement's whole result, NULL in *ret_result where it has none.
static bool receive_result(Conn *conn, MYSQL_RES **ret_result, Err *err)
{
    if (mysql_read_query_result(conn->mysql) != 0) {
        return fail_statement(conn, err);
    }
    MYSQL_RES *result = mysql_store_result(conn->mysql);
    if (result == NULL && mysql_field_count(conn->mysql) != 0) {
        return conn_fail(conn, "reading a result", err);
    }
    conn->is_busy = false;
    *ret_result = result;
    return true;
}

bool conn_receive(Conn *conn, Err *err)
{
    MYSQL_RES *result = NULL;
    if (!receive_result(conn, &result, err)) {
        return false;
    }
    mysql_free_result(result);
    return true;
}

bool conn_execute(Conn *conn, const char *sql, Err *err)
{
    return conn_send(conn, sql, err) && conn_receive(conn, err);
}

static void rows_copy(MYSQL_RES *result, ConnRows *rows)
{
    rows->row_count = (size_t)mysql_num_rows(result);
    rows->column_count = mysql_num_fields(result);
    rows->cells = mem_alloc((rows->row_count * rows->column_count + 1) * sizeof *rows->cells);
    rows->names = mem_alloc((rows->column_count + 1) * sizeof *rows->names);
    const MYSQL_FIELD *fields = mysql_fetch_fields(result);
    for (size_t i = 0; i < rows->column_count; i++) {
        rows->names[i] = mem_copy_text(fields[i].name);
    }
    for (size_t r = 0; r < rows->row_count; r++) {
        const MYSQL_ROW row = mysql_fetch_row(result);
        const unsigned long *lengths = mysql_fetch_lengths(result);
        for (size_t c = 0; c < rows->column_count; c++) {
            rows->cells[r * rows->column_count + c] =
                row[c] == NULL ? NULL : mem_copy_bytes(row[c], lengths[c]);
        }
    }
}

bool conn_rows(Conn *conn, const char *sql, ConnRows *ret_rows, Err *err)
{
    MYSQL_RES *result = NULL;
    if (!conn_send(conn, sql, err) || !receive_result(conn, &result, err)) {
        return false;
    }
    if (result == NULL) {
        return conn_fail(conn, "reading a result", err);
    }
    *ret_rows = (ConnRows){0};
    rows_copy(result, ret_rows);
    mysql_free_result(result);
    return true;
}

void conn_rows_done(ConnRows *rows)
{
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        free(rows->cells[i]);
    }
    for (size_t i = 0; i < rows->column_count && rows->names != NULL; i++) {
        free(rows->names[i]);
    }
    free(rows->cells);
    free(rows->names);
    *rows = (ConnRows){0};
}

size_t conn_rows_find(const ConnRows *rows, const char *name)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        if (text_equal_nocase(rows->names[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

// --- streams --------------------------------------------------------------------------------------------------------------

// Prepares; on success the statement stays for conn_end_stream.
static bool stream_prepare(Conn *conn, const char *sql, Err *err)
{
    assert(conn->stream == NULL);
    if (!cancel_check(conn->cancel, err)) {
        return false;
    }
    conn->stream_is_done = true;
    conn->stream = mysql_stmt_init(conn->mysql);
    if (conn->stream == NULL) {
        return conn_fail(conn, "preparing a statement", err);
    }
    conn->is_busy = true;
    if (mysql_stmt_prepare(conn->stream, sql, (unsigned long)strlen(sql)) != 0) {
        return conn_fail(conn, NULL, err);  // callers say whose rows were wanted
    }
    conn->is_busy = false;
    if (mysql_stmt_param_count(conn->stream) != 0) {
        (void)fail(err, FAIL_CONFIG,
                   "datasource \"%s\": a \"?\" in the job's SQL stands for nothing",
                   conn->datasource->name);
        return fail_hint(err, "Put it in quotes if it is text.");
    }
    return true;
}

static bool stream_learn_fields(Conn *conn, Err *err)
{
    conn->stream_fields = mysql_stmt_result_metadata(conn->stream);
    if (conn->stream_fields == NULL) {
        return conn_fail(conn, "reading rows", err);
    }
    conn->field_count = mysql_num_fields(conn->stream_fields);
    conn->fields = mem_grow(conn->fields, conn->field_count * sizeof *conn->fields);
    const MYSQL_FIELD *fields = mysql_fetch_fields(conn->stream_fields);
    for (size_t i = 0; i < conn->field_count; i++) {
        conn->fields[i] = (ConnField){.name = fields[i].name,
                                      .type = fields[i].type,
                                      .flags = fields[i].flags,
                                      .charset = fields[i].charsetnr,
                                      .decimals = fields[i].decimals,
                                      .length = fields[i].length};
    }
    return true;
}

static bool stream_execute(Conn *conn, Err *err)
{
    conn->is_busy = true;
    if (mysql_stmt_execute(conn->stream) != 0) {
        return conn_fail(conn, NULL, err);
    }
    conn->stream_is_done = false;
    return true;
}

bool conn_describe(Conn *conn, const char *sql, Err *err)
{
    if (stream_prepare(conn, sql, err) && stream_learn_fields(conn, err)) {
        return true;
    }
    conn_end_stream(conn);
    return false;
}

bool conn_stream(Conn *conn, const char *sql, Err *err)
{
    if (stream_prepare(conn, sql, err) && stream_execute(conn, err)
        && stream_learn_fields(conn, err)) {
        return true;
    }
    conn_end_stream(conn);
    return false;
}

const ConnField *conn_stream_fields(const Conn *conn, size_t *ret_count)
{
    *ret_count = conn->field_count;
    return conn->fields;
}

bool conn_stream_next(Conn *conn, unsigned char **ret_packet, size_t *ret_len, Err *err)
{
    enum { END_OF_ROWS = 0xFE, END_LEN_MAX = 8 };
    const unsigned long len = mysql_net_read_packet(conn->mysql);
    if (UNLIKELY(len == packet_error)) {
        // Also a socket that was shut down by a stop request.
        return conn_fail(conn, "reading rows", err);
    }
    unsigned char *packet = conn->mysql->net.read_pos;
    if (UNLIKELY(packet[0] == END_OF_ROWS && len <= END_LEN_MAX)) {
        conn->stream_is_done = true;
        conn->is_busy = false;
        conn->mysql->status = MYSQL_STATUS_READY;  // as libmariadb's own fetch leaves it
        packet = NULL;
    }
    *ret_packet = packet;
    *ret_len = len;
    return true;
}

void conn_end_stream(Conn *conn)
{
    if (conn->stream == NULL) {
        return;
    }
    if (!conn->stream_is_done) {
        // mysql_stmt_close() would read all that is left.
        (void)shutdown(conn->fd, SHUT_RDWR);
    }
    if (conn->stream_fields != NULL) {
        mysql_free_result(conn->stream_fields);
        conn->stream_fields = NULL;
    }
    (void)mysql_stmt_close(conn->stream);
    conn->stream = NULL;
}

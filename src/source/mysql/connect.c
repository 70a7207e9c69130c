// Connecting. Three things are decided here. TLS: the five modes are mapped to what libmariadb 3.3
// and later offer; whether encryption was really agreed on is checked after connecting, not
// assumed. Errors: one table says for each number of the server's whose problem it is, what to do,
// and whether starting over can help. Stops: a hook shuts the socket down, because a thread in
// recv() looks at no flag; the
// hook has a descriptor of its own for the socket, because libmariadb closes its one where the
// connection is lost, and the number may then be another file's. Until the greeting
// libmariadb hands every wait to us (its non-blocking interface), and the wait looks at the flag;
// only the look-up of a host's name is out of reach, which has the resolver's own limit.
#include "source/mysql/connect_internal.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <errmsg.h>

#include "base/clock.h"
#include "base/text.h"
#include "source/mysql/connect_error.h"

#define CONNECT_POLL_MS 50
#define CONNECT_STACK_BYTES (1 << 20)  // libmariadb's 60 KiB are few for a resolver's plug-ins

// --- connecting -----------------------------------------------------------------------------------------------------------

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

// Exported by libmariadb, in none of its headers: tells of every read and write on any connection.
int ma_pvio_register_callback(my_bool is_added,
                              void (*callback)(int mode, MYSQL *mysql, const unsigned char *bytes,
                                               size_t len));

static _Thread_local Conn
    *connecting;  // the one this thread is connecting, until its greeting was seen

static void conn_wake(void *object)
{
    const Conn *conn = object;
    (void)shutdown(conn->fd, SHUT_RDWR);
}

static void conn_hook(Conn *conn)
{
    if (!conn->is_hooked) {
        conn->fd = fcntl((int)mysql_get_socket(conn->mysql), F_DUPFD_CLOEXEC, 0);
        cancel_add_hook(conn->cancel, conn_wake, conn);
        conn->is_hooked = true;
    }
}

static void conn_unhook(Conn *conn)
{
    if (conn->is_hooked) {
        cancel_remove_hook(conn->cancel, conn);
        conn->is_hooked = false;
        (void)close(conn->fd);
    }
}

// Does the server's greeting offer encryption? What is no greeting (an error, a torn packet) does
// not.
static bool greeting_offers_tls(const unsigned char *bytes, size_t len)
{
    // Length and number (4), protocol version (1), server version with its NUL, thread (4),
    // scramble (8), filler (1), capabilities.
    const unsigned char *end = len > 5 && bytes[4] == 10 ? memchr(bytes + 5, 0, len - 5) : NULL;
    const size_t at = end == NULL ? len : (size_t)(end - bytes) + 1 + 4 + 8 + 1;
    return at + 2 <= len
           && (((unsigned)bytes[at] | (unsigned)bytes[at + 1] << 8) & CLIENT_SSL) != 0;
}

// libmariadb 3.3, told to encrypt, goes on without where the server offers no encryption, and then
// sends a caching_sha2_password password as it would inside TLS: readable. So the greeting is
// looked at before anything is sent.
static void watch_greeting(int mode, MYSQL *mysql, const unsigned char *bytes, size_t len)
{
    Conn *conn = connecting;
    if (LIKELY(conn == NULL) || mode != 0 || conn->mysql != mysql) {
        return;
    }
    connecting = NULL;
    conn_hook(conn);
    conn->lacks_tls = (ssize_t)len <= 0 || !greeting_offers_tls(bytes, len);
    if (!conn->lacks_tls) {
        return;
    }
    if (conn->must_encrypt) {
        (void)shutdown((int)mysql_get_socket(mysql), SHUT_RDWR);
    } else {
        mysql->options.use_ssl = 0;
    }
}

static void library_init(void)
{
    // mysql_init() would do it, but without a lock.
    (void)mysql_server_init(0, NULL, NULL);
    (void)ma_pvio_register_callback(1, watch_greeting);
}

// Where distributions keep the certificates of public authorities, for verify-* without tls_ca.
static const char *system_ca_file(void)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (access(files[i], R_OK) == 0) {
            return files[i];
        }
    }
    return NULL;
}

static bool set_tls_options(MYSQL *mysql, const Datasource *datasource, TlsMode tls, Err *err)
{
    const my_bool enforce = tls != TLS_DISABLED;
    const my_bool verify_name = tls == TLS_VERIFY_IDENTITY;
    if (tls == TLS_DISABLED) {
        (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify_name);
        return true;
    }
    const char *ca = datasource->tls_ca;
    if (ca != NULL && access(ca, R_OK) != 0) {
        (void)fail(err, FAIL_CONFIG, "datasource \"%s\": tls_ca \"%s\" cannot be read",
                   datasource->name, ca);
        return fail_hint(err, "Give the path of a PEM file with the authority's certificate.");
    }
    if (ca == NULL && (tls == TLS_VERIFY_CA || tls == TLS_VERIFY_IDENTITY)) {
        ca = system_ca_file();
        if (ca == NULL) {
            (void)fail(err, FAIL_CONFIG, "datasource \"%s\": tls: %s needs an authority to trust",
                       datasource->name, tls_mode_name(tls));
            return fail_hint(err, "Give the path of its certificate in `tls_ca`.");
        }
    }
    // A given CA is checked by libmariadb in every mode; modes that promise no check must not pass
    // one on.
    if (ca != NULL && (tls == TLS_VERIFY_CA || tls == TLS_VERIFY_IDENTITY)) {
        (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, ca);
    }
    if (datasource->tls_cert != NULL) {
        (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_CERT, datasource->tls_cert);
    }
    if (datasource->tls_key != NULL) {
        (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_KEY, datasource->tls_key);
    }
    (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
    (void)mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify_name);
    return true;
}

static MYSQL *conn_handle(const Datasource *datasource, TlsMode tls, Err *err)
{
    MYSQL *mysql = mysql_init(NULL);
    if (mysql == NULL) {
        (void)fail(err, FAIL_INTERNAL, "out of memory for a connection");
        return NULL;
    }
    const unsigned connect_timeout =
        (unsigned)(datasource->connect_timeout_seconds > 0 ? datasource->connect_timeout_seconds
                                                           : 10);
    const unsigned read_timeout =
        (unsigned)(datasource->read_timeout_seconds > 0 ? datasource->read_timeout_seconds : 3600);
    const unsigned long packet_bytes_max = 1UL << 30;
    const unsigned local_infile = 0;  // a server must not be able to ask for files of ours
    const unsigned protocol =
        datasource->socket != NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    const size_t stack_bytes = CONNECT_STACK_BYTES;
    (void)mysql_optionsv(mysql, MYSQL_OPT_NONBLOCK, &stack_bytes);
    (void)mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
    (void)mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &read_timeout);
    (void)mysql_optionsv(mysql, MYSQL_OPT_WRITE_TIMEOUT, &read_timeout);
    (void)mysql_optionsv(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_bytes_max);
    (void)mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &local_infile);
    (void)mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    (void)mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)mysql_optionsv(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "weir");
    if (!set_tls_options(mysql, datasource, tls, err)) {
        mysql_close(mysql);
        return NULL;
    }
    return mysql;
}

static bool fail_no_tls(Conn *conn, Err *err)
{
    conn->last_errno = CR_SSL_CONNECTION_ERROR;
    (void)fail(err, FAIL_SOURCE, "datasource \"%s\": the server offers no encryption",
               conn->datasource->name);
    return fail_hint(err, "%s", connect_error_rule(CR_SSL_CONNECTION_ERROR)->hint);
}

// Waits for what libmariadb waits for while it connects; tells it that the time is over where a
// stop was requested, so that it tidies up.
static int connect_wait(const Conn *conn, int wanted)
{
    const int64_t limit_usec = (wanted & MYSQL_WAIT_TIMEOUT) == 0
                                   ? INT64_MAX / 2
                                   : (int64_t)mysql_get_timeout_value_ms(conn->mysql) * 1000;
    const int64_t until = clock_monotonic_usec() + limit_usec;
    struct pollfd wait = {.fd = (int)mysql_get_socket(conn->mysql),
                          .events = (short)(((wanted & MYSQL_WAIT_READ) != 0 ? POLLIN : 0)
                                            | ((wanted & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0)
                                            | ((wanted & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0))};
    do {
        if (cancel_requested(conn->cancel)) {
            return MYSQL_WAIT_TIMEOUT;
        }
        if (poll(&wait, 1, CONNECT_POLL_MS) > 0) {
            const int seen = ((wait.revents & POLLIN) != 0 ? MYSQL_WAIT_READ : 0)
                             | ((wait.revents & POLLOUT) != 0 ? MYSQL_WAIT_WRITE : 0)
                             | ((wait.revents & POLLPRI) != 0 ? MYSQL_WAIT_EXCEPT : 0);
            // An error or an end of the connection is seen by trying to go on.
            return (seen & wanted) != 0 ? seen : wanted & ~MYSQL_WAIT_TIMEOUT;
        }
    } while (clock_monotonic_usec() < until);
    return MYSQL_WAIT_TIMEOUT;
}

static bool connect_in_steps(Conn *conn, const char *host, unsigned port)
{
    const Datasource *datasource = conn->datasource;
    MYSQL *result = NULL;
    int status = mysql_real_connect_start(&result, conn->mysql, host, datasource->user,
                                          datasource->password == NULL ? "" : datasource->password,
                                          datasource->database, port, datasource->socket, 0);
    while (status != 0) {
        status = mysql_real_connect_cont(&result, conn->mysql, connect_wait(conn, status));
    }
    return result != NULL;
}

// A connection that `tls` asks to be encrypted may come out plain; only `must_encrypt` makes that
// an error.
static bool try_connect(Conn *conn, TlsMode tls, bool must_encrypt, Err *err)
{
    const Datasource *datasource = conn->datasource;
    conn->mysql = conn_handle(datasource, tls, err);
    if (conn->mysql == NULL) {
        return false;
    }
    conn->lacks_tls = false;
    conn->must_encrypt = must_encrypt;
    connecting = conn;
    const unsigned port = (unsigned)(datasource->port > 0 ? datasource->port : 3306);
    // With a host libmariadb would not look at the socket.
    const char *host = datasource->socket != NULL ? NULL
                       : datasource->host == NULL ? "127.0.0.1"
                                                  : datasource->host;
    if (!connect_in_steps(conn, host, port)) {
        char what[512];
        const char *user = datasource->user == NULL ? "" : datasource->user;
        if (host == NULL) {
            (void)snprintf(what, sizeof what, "connecting to %s as \"%s\"", datasource->socket,
                           user);
        } else {
            (void)snprintf(what, sizeof what, "connecting to %s:%u as \"%s\"", host, port, user);
        }
        (void)conn_fail(conn, what, err);
        const bool has_password = datasource->password != NULL && *datasource->password != '\0';
        if (conn->last_errno == 1045 /* access denied */ && !has_password) {
            (void)fail_hint(err, "No password was given: set `password` of the datasource, or "
                                 "WEIR_PASSWORD for weir copy.");
        }
        if (must_encrypt && conn->lacks_tls && err->kind != FAIL_CANCELLED) {
            (void)fail_no_tls(conn, err);
        }
    } else if (must_encrypt && mysql_get_ssl_cipher(conn->mysql) == NULL) {
        (void)fail_no_tls(conn, err);
    } else {
        connecting = NULL;
        return true;
    }
    connecting = NULL;
    conn_unhook(conn);
    mysql_close(conn->mysql);
    conn->mysql = NULL;
    return false;
}

static bool connect_by_mode(Conn *conn, Err *err)
{
    const Datasource *datasource = conn->datasource;
    TlsMode tls = datasource->tls;
    if (tls == TLS_PREFERRED && datasource->socket != NULL) {
        tls = TLS_DISABLED;  // a socket never leaves the machine
    }
    if (try_connect(conn, tls, tls != TLS_DISABLED && tls != TLS_PREFERRED, err)) {
        return true;
    }
    // The server offers encryption and then cannot agree on it: `preferred` goes without.
    if (tls != TLS_PREFERRED || conn->last_errno != CR_SSL_CONNECTION_ERROR
        || err->kind == FAIL_CANCELLED) {
        return false;
    }
    return try_connect(conn, TLS_DISABLED, /* must_encrypt= */ false, err);
}

static void note_server(Conn *conn)
{
    conn->is_mariadb = mariadb_connection(conn->mysql) != 0;
    const unsigned long version = mysql_get_server_version(conn->mysql);
    conn->server_text = mem_format("%s %lu.%lu.%lu", conn->is_mariadb ? "MariaDB" : "MySQL",
                                   version / 10000, version / 100 % 100, version % 100);
}

bool conn_open(const Datasource *datasource, Cancel *cancel, Conn **ret_conn, Err *err)
{
    (void)pthread_once(&library_once, library_init);
    if (!cancel_check(cancel, err)) {
        return false;
    }
    Conn *conn = mem_alloc(sizeof *conn);
    conn->datasource = datasource;
    conn->cancel = cancel;
    if (!connect_by_mode(conn, err)) {
        if (err->retriable && conn_errno_is_ours(conn->last_errno)) {
            // Nothing was lost that could be started over: there never was a connection.
            err->retriable = false;
            (void)fail_hint(
                err,
                "Something took the connection and did not answer as a server does: look at the "
                "datasource's host and port, and at what listens there.");
        }
        conn_close(conn);
        return false;
    }
    conn_hook(conn);
    note_server(conn);
    conn->opened_usec = clock_monotonic_usec();
    *ret_conn = conn;
    return true;
}

void conn_close(Conn *conn)
{
    if (conn == NULL) {
        return;
    }
    conn_end_stream(conn);
    conn_unhook(conn);
    if (conn->mysql != NULL) {
        mysql_close(conn->mysql);
    }
    free(conn->server_text);
    free(conn->fields);
    free(conn);
}

const char *conn_server_text(const Conn *conn)
{
    return conn->server_text;
}

bool conn_is_mariadb(const Conn *conn)
{
    return conn->is_mariadb;
}

unsigned conn_server_version(const Conn *conn)
{
    return (unsigned)mysql_get_server_version(conn->mysql);
}

bool conn_uses_tls(const Conn *conn)
{
    return mysql_get_ssl_cipher(conn->mysql) != NULL;
}

unsigned conn_last_errno(const Conn *conn)
{
    return conn->last_errno;
}

bool conn_is_busy(const Conn *conn)
{
    return conn->is_busy;
}

int64_t conn_opened_usec(const Conn *conn)
{
    return conn->opened_usec;
}

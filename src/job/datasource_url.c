// Endpoints on the command line: mysql://user:password@host:port/database/table?tls=required for a
// source, a table's own folder for a target. Messages never repeat the URL as typed: it may hold a
// password.
#include "base/base.h"

#include "job/project.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "job/bind.h"
#include "job/datasource.h"
#include "job/job.h"

static const char URL_HINT[] =
    "Write mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE/TABLE, with %XX for special "
    "characters; the password may come from WEIR_PASSWORD.";

// Percent-decodes; false for a broken escape or a NUL. `what` names the part, never its value.
static bool url_decode(const char *text, size_t len, const char *what, char **ret_text, Err *err)
{
    CLEANUP(buf_done) Buf out = {0};
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '%') {
            buf_add_char(&out, text[i]);
            continue;
        }
        const int byte = len - i > 2 ? text_hex_pair(text + i + 1) : -1;
        if (byte <= 0) {
            (void)fail(err, FAIL_CONFIG,
                       "the %s of the URL has a \"%%\" without two hexadecimal digits", what);
            return fail_hint(err, "Write %%25 for a percent sign.");
        }
        buf_add_char(&out, (char)byte);
        i += 2;
    }
    *ret_text = buf_take(&out);
    return true;
}

// The parts of a URL before they are decoded: pointers into it.
typedef struct Span {
    const char *text;
    size_t len;
} Span;

typedef struct UrlParts {
    Span user, password, host, port, database, table;
    bool has_password;
    const char *query;  // after "?", or NULL
} UrlParts;

static bool fail_form(Err *err, const char *reason)
{
    (void)fail(err, FAIL_CONFIG, "%s", reason);
    return fail_hint(err, "%s", URL_HINT);
}

static void split_authority(const char *text, size_t len, UrlParts *parts)
{
    // The last "@", so that one that stands unescaped in a password does no harm.
    const char *at = memrchr(text, '@', len);
    const char *host = text;
    if (at != NULL) {
        const char *colon = memchr(text, ':', (size_t)(at - text));
        parts->has_password = colon != NULL;
        parts->user = (Span){text, (size_t)((colon != NULL ? colon : at) - text)};
        if (colon != NULL) {
            parts->password = (Span){colon + 1, (size_t)(at - colon - 1)};
        }
        host = at + 1;
    }
    const char *end = text + len;
    const char *bracket =
        host < end && *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
    const char *from = bracket != NULL ? bracket : host;
    const char *colon = memrchr(from, ':', (size_t)(end - from));
    const char *host_end = colon != NULL ? colon : end;
    parts->host = bracket != NULL ? (Span){host + 1, (size_t)(bracket - host - 1)}
                                  : (Span){host, (size_t)(host_end - host)};
    if (colon != NULL) {
        parts->port = (Span){colon + 1, (size_t)(end - colon - 1)};
    }
}

static bool split_url(const char *url, UrlParts *parts, Err *err)
{
    const char *scheme = strstr(url, "://");
    if (scheme == NULL) {
        return fail_form(err, "the source is no URL");
    }
    const size_t scheme_len = (size_t)(scheme - url);
    if (!(scheme_len == 5 && memcmp(url, "mysql", 5) == 0)
        && !(scheme_len == 7 && memcmp(url, "mariadb", 7) == 0)) {
        (void)fail(err, FAIL_CONFIG,
                   "this version cannot read from a URL that begins with \"%.*s://\"",
                   (int)(scheme_len > 20 ? 20 : scheme_len), url);
        return fail_hint(err, "%s", URL_HINT);
    }
    const char *rest = scheme + 3;
    const char *slash = strchr(rest, '/');
    const char *question = slash == NULL ? NULL : strchr(slash, '?');
    if (slash == NULL) {
        return fail_form(err, "the URL names no database and no table");
    }
    split_authority(rest, (size_t)(slash - rest), parts);
    const char *end = question != NULL ? question : slash + strlen(slash);
    const char *second = memchr(slash + 1, '/', (size_t)(end - slash - 1));
    if (second == NULL || second + 1 == end || second == slash + 1) {
        return fail_form(err, second == slash + 1 ? "the URL names no database"
                                                  : "the URL names no table");
    }
    parts->database = (Span){slash + 1, (size_t)(second - slash - 1)};
    parts->table = (Span){second + 1, (size_t)(end - second - 1)};
    if (memchr(parts->table.text, '/', parts->table.len) != NULL) {
        return fail_form(err, "the URL has more than a database and a table in its path");
    }
    parts->query = question == NULL ? NULL : question + 1;
    return true;
}

// One "name=value" after the "?".
static bool apply_query(Datasource *datasource, const char *name, const char *value, Err *err)
{
    static const char *const KNOWN[] = {"tls",    "tls_ca",          "tls_cert",     "tls_key",
                                        "socket", "connect_timeout", "read_timeout", NULL};
    char **const texts[] = {NULL, &datasource->tls_ca, &datasource->tls_cert, &datasource->tls_key,
                            &datasource->socket};
    for (size_t i = 1; i < ARRAY_LEN(texts); i++) {
        if (strcmp(name, KNOWN[i]) == 0) {
            free(*texts[i]);
            *texts[i] = mem_copy_text(value);
            return true;
        }
    }
    if (strcmp(name, "tls") == 0) {
        for (int mode = 0; TLS_MODE_NAMES[mode] != NULL; mode++) {
            if (strcmp(value, TLS_MODE_NAMES[mode]) == 0) {
                datasource->tls = (TlsMode)mode;
                return true;
            }
        }
        return fail(
            err, FAIL_CONFIG,
            "\"tls\" in the URL must be disabled, preferred, required, verify-ca or verify-identity, not \"%.50s\"",
            value);
    }
    int *const timeout = strcmp(name, "connect_timeout") == 0 ? &datasource->connect_timeout_seconds
                         : strcmp(name, "read_timeout") == 0  ? &datasource->read_timeout_seconds
                                                              : NULL;
    if (timeout != NULL) {
        int64_t seconds;
        if (!bind_parse_seconds(value, 1, TIMEOUT_MAX, &seconds)) {
            return fail(err, FAIL_CONFIG,
                        "\"%s\" in the URL must be a time such as 10s or 5m, not \"%.50s\"", name,
                        value);
        }
        *timeout = (int)seconds;
        return true;
    }
    const char *nearest = text_nearest(name, KNOWN);
    (void)fail(err, FAIL_CONFIG, "unknown option \"%.50s\" in the URL%s%s%s", name,
               nearest == NULL ? "" : ", did you mean \"", nearest == NULL ? "" : nearest,
               nearest == NULL ? "" : "\"?");
    return fail_hint(
        err, "Known are tls, tls_ca, tls_cert, tls_key, socket, connect_timeout and read_timeout.");
}

static bool read_query(Datasource *datasource, const char *query, Err *err)
{
    for (const char *at = query; at != NULL && *at != '\0';) {
        const size_t len = strcspn(at, "&");
        const char *equals = memchr(at, '=', len);
        if (len > 0) {
            const size_t name_len = equals == NULL ? len : (size_t)(equals - at);
            CLEANUP(mem_free_text) char *name = NULL;
            CLEANUP(mem_free_text) char *value = NULL;
            const char *value_text = equals == NULL ? at + len : equals + 1;
            if (!url_decode(at, name_len, "options", &name, err)
                || !url_decode(value_text, (size_t)(at + len - value_text), "options", &value, err)
                || !apply_query(datasource, name, value, err)) {
                return false;
            }
        }
        at += len + (at[len] == '&');
    }
    return true;
}

static bool fill_datasource(Datasource *datasource, const UrlParts *parts, char **ret_table,
                            Err *err)
{
    if (!url_decode(parts->host.text, parts->host.len, "host", &datasource->host, err)
        || !url_decode(parts->database.text, parts->database.len, "database", &datasource->database,
                       err)
        || !url_decode(parts->table.text, parts->table.len, "table", ret_table, err)
        || (parts->user.len > 0
            && !url_decode(parts->user.text, parts->user.len, "user", &datasource->user, err))
        || (parts->has_password
            && !url_decode(parts->password.text, parts->password.len, "password",
                           &datasource->password, err))) {
        return false;
    }
    if (!parts->has_password) {
        datasource->password = mem_copy_text(getenv("WEIR_PASSWORD"));
    }
    if (parts->port.text != NULL) {
        CLEANUP(mem_free_text) char *port = mem_copy_bytes(parts->port.text, parts->port.len);
        int64_t number;
        if (!text_parse_int(port, 1, 65535, &number)) {
            return fail_form(err, "the port of the URL must be a whole number from 1 to 65535");
        }
        datasource->port = (int)number;
    }
    if (!read_query(datasource, parts->query, err)) {
        return false;
    }
    if (datasource->host[0] == '\0') {
        mem_free_text(&datasource->host);
        if (datasource->socket == NULL) {
            return fail_form(err, "the URL names no host");
        }
    }
    if ((datasource->tls_cert == NULL) != (datasource->tls_key == NULL)) {
        return fail(err, FAIL_CONFIG, "\"tls_cert\" and \"tls_key\" in the URL belong together");
    }
    return true;
}

bool datasource_from_url(const char *url, Datasource **ret_datasource, char **ret_table, Err *err)
{
    UrlParts parts = {0};
    if (!split_url(url, &parts, err)) {
        return false;
    }
    Datasource *datasource = mem_alloc(sizeof(*datasource));
    datasource->type = mem_copy_text("mysql");
    datasource->port = MYSQL_PORT_DEFAULT;
    datasource->tls = TLS_PREFERRED;
    datasource->connect_timeout_seconds = CONNECT_TIMEOUT_DEFAULT;
    datasource->read_timeout_seconds = READ_TIMEOUT_DEFAULT;
    CLEANUP(mem_free_text) char *table = NULL;
    if (!fill_datasource(datasource, &parts, &table, err)) {
        datasource_free(datasource);
        return false;
    }
    datasource->origin =
        mem_format("mysql://%s%s%s/%s", datasource->user == NULL ? "" : datasource->user,
                   datasource->user == NULL ? "" : "@",
                   datasource->host == NULL ? "localhost" : datasource->host, datasource->database);
    datasource->name = mem_copy_text(datasource->origin);
    *ret_datasource = datasource;
    *ret_table = table;
    table = NULL;
    return true;
}

void datasource_hide_password(char *url)
{
    static const char MARK[] = "****";
    const char *scheme = strstr(url, "://");
    if (scheme == NULL) {
        return;
    }
    // Up to the last "@", wherever it is: a URL that was refused may have a slash in its password.
    const char *colon = strchr(scheme + 3, ':');
    const char *at = strrchr(scheme + 3, '@');
    if (colon == NULL || at == NULL || at <= colon + 1) {
        return;
    }
    char *password = url + (colon + 1 - url);
    const size_t len = (size_t)(at - colon - 1);
    const size_t kept = len < strlen(MARK) ? len : strlen(MARK);
    const size_t rest = strlen(password + len);
    memcpy(password, MARK, kept);
    memmove(password + kept, password + len, rest);
    explicit_bzero(password + kept + rest, len - kept);
}

bool datasource_from_folder(const char *path, Datasource **ret_datasource, char **ret_table,
                            Err *err)
{
    if (text_starts_with(path, "file://")) {
        path += strlen("file://");
    }
    if (path_is_url(path)) {
        (void)fail(err, FAIL_CONFIG, "this version cannot write to a URL, only to a folder");
        return fail_hint(err, "Name the table's folder: ./lake/ods_oplog.");
    }
    CLEANUP(mem_free_text) char *here = getcwd(NULL, 0);
    CLEANUP(mem_free_text) char *full = path_from(here, path);
    size_t len = strlen(full);
    while (len > 1 && full[len - 1] == '/') {
        full[--len] = '\0';
    }
    char *slash = strrchr(full, '/');
    const char *name = slash == NULL ? full : slash + 1;
    if (path[0] == '\0' || name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0
        || path[strspn(path, "./")] == '\0') {
        (void)fail(err, FAIL_CONFIG, "\"%s\" names no table", path);
        return fail_hint(err, "Name the table's own folder: ./lake/ods_oplog.");
    }
    *ret_table = mem_copy_text(name);
    if (slash != NULL) {
        slash[slash == full ? 1 : 0] = '\0';
    }
    Datasource *datasource = mem_alloc(sizeof(*datasource));
    datasource->name = mem_copy_text(full);
    datasource->type = mem_copy_text("lake");
    datasource->origin = mem_copy_text(full);
    datasource->path = mem_copy_text(full);
    *ret_datasource = datasource;
    return true;
}

// The endpoints of an imported job. DataWorks names them; DataX says a JDBC URL, a user and a
// password, which become a datasource: one of weir.yaml where that is the same server and
// database, else a new one. The password stays in memory: it is used to run a file as it is, and
// never written.
#include "base/base.h"

#include "job/import_internal.h"

#include <ctype.h>

#include "base/text.h"
#include "job/datasource.h"
#include "job/yaml_write.h"

// The name that --datasource gives to `name`, or `name` itself.
static char *renamed(const Importer *importer, const char *name)
{
    const char *const *map = importer->request->datasources;
    for (size_t i = 0; map != NULL && map[i] != NULL; i++) {
        const char *equals = strchr(map[i], '=');
        const bool is_it = equals == NULL
                           || (name != NULL && strncmp(map[i], name, strlen(name)) == 0
                               && map[i] + strlen(name) == equals);
        if (is_it) {
            return mem_copy_text(equals == NULL ? map[i] : equals + 1);
        }
    }
    return mem_copy_text(name);
}

static const Datasource *find_imported(const Importer *importer, const char *name)
{
    const Imported *result = &importer->result;
    for (size_t i = 0; i < result->datasource_count; i++) {
        if (text_equal(result->datasources[i]->name, name)) {
            return result->datasources[i];
        }
    }
    return NULL;
}

static const Datasource *find_known(const Importer *importer, const char *name)
{
    return importer->project == NULL ? NULL : project_datasource(importer->project, name);
}

static void add_datasource(Importer *importer, Datasource *datasource)
{
    Imported *result = &importer->result;
    result->datasources = mem_grow(result->datasources,
                                   (result->datasource_count + 1) * sizeof(*result->datasources));
    result->datasources[result->datasource_count++] = datasource;
}

char *import_named_datasource(Importer *importer, ImportAt at)
{
    CLEANUP(mem_free_text) char *path = import_path(at, "datasource");
    CLEANUP(mem_free_text) char *given = import_member_text(importer, at, "datasource");
    char *name = renamed(importer, given);
    if (name == NULL) {
        import_error(importer, path, "is missing");
        return NULL;
    }
    if (find_known(importer, name) == NULL && find_imported(importer, name) == NULL) {
        Datasource *datasource = mem_alloc(sizeof(*datasource));
        datasource->name = mem_copy_text(name);
        datasource->type = mem_copy_text("mysql");
        add_datasource(importer, datasource);
    }
    return name;
}

// --- JDBC URLs --------------------------------------------------------------------------------------------

// Options of a URL that change neither the rows nor the way to the server, and those that DataX
// sets itself.
static const char *const HARMLESS_OPTIONS[] = {"useUnicode",
                                               "characterEncoding",
                                               "autoReconnect",
                                               "failOverReadOnly",
                                               "zeroDateTimeBehavior",
                                               "yearIsDateType",
                                               "tinyInt1isBit",
                                               "rewriteBatchedStatements",
                                               "useServerPrepStmts",
                                               "cachePrepStmts",
                                               "useCursorFetch",
                                               "allowPublicKeyRetrieval",
                                               "allowMultiQueries",
                                               "useCompression",
                                               "serverTimezone",
                                               "useLegacyDatetimeCode",
                                               "useJDBCCompliantTimezoneShift",
                                               "maxReconnects",
                                               "initialTimeout",
                                               "defaultFetchSize",
                                               "useOldAliasMetadataBehavior",
                                               "nullCatalogMeansCurrent",
                                               "useAffectedRows",
                                               "verifyServerCertificate",
                                               NULL};

static void set_tls(Datasource *datasource, const char *name, const char *value)
{
    static const struct {
        const char *name, *value;
        TlsMode mode;
    } MODES[] = {
        {"useSSL", "true", TLS_REQUIRED},
        {"useSSL", "false", TLS_DISABLED},
        {"requireSSL", "true", TLS_REQUIRED},
        {"sslMode", "DISABLED", TLS_DISABLED},
        {"sslMode", "PREFERRED", TLS_PREFERRED},
        {"sslMode", "REQUIRED", TLS_REQUIRED},
        {"sslMode", "VERIFY_CA", TLS_VERIFY_CA},
        {"sslMode", "VERIFY_IDENTITY", TLS_VERIFY_IDENTITY},
    };
    for (size_t i = 0; i < ARRAY_LEN(MODES); i++) {
        if (text_equal(name, MODES[i].name) && text_equal_nocase(value, MODES[i].value)) {
            datasource->tls = MODES[i].mode;
        }
    }
}

// One "name=value" of the URL. Values are not shown: one may be a secret.
static void apply_option(Importer *importer, Datasource *datasource, const char *name,
                         const char *value, const char *path)
{
    for (size_t i = 0; HARMLESS_OPTIONS[i] != NULL; i++) {
        if (text_equal_nocase(name, HARMLESS_OPTIONS[i])) {
            return;
        }
    }
    int *const timeout = text_equal(name, "connectTimeout")  ? &datasource->connect_timeout_seconds
                         : text_equal(name, "socketTimeout") ? &datasource->read_timeout_seconds
                                                             : NULL;
    int64_t milliseconds;
    if (timeout != NULL) {
        const int64_t max = timeout == &datasource->connect_timeout_seconds ? 3600 : 604800;
        if (text_parse_int(value, 0, max * 1000, &milliseconds) && milliseconds > 0) {
            *timeout = (int)((milliseconds + 999) / 1000);
        }
    } else if (text_equal(name, "user") || text_equal(name, "password")) {
        char **place = name[0] == 'u' ? &datasource->user : &datasource->password;
        free(*place);
        *place = mem_copy_text(value);
    } else if (text_equal(name, "useSSL") || text_equal(name, "requireSSL")
               || text_equal(name, "sslMode")) {
        set_tls(datasource, name, value);
    } else {
        import_note(importer, path, "the option \"%.60s\" of the URL has no equal", name);
    }
}

static void apply_options(Importer *importer, Datasource *datasource, const char *options,
                          const char *path)
{
    for (const char *at = options; *at != '\0';) {
        const size_t len = strcspn(at, "&");
        const char *equals = memchr(at, '=', len);
        if (equals != NULL) {
            CLEANUP(mem_free_text) char *name = mem_copy_bytes(at, (size_t)(equals - at));
            CLEANUP(mem_free_text)
            char *value = mem_copy_bytes(equals + 1, (size_t)(at + len - equals - 1));
            apply_option(importer, datasource, name, value, path);
        }
        at += len + (at[len] == '&');
    }
}

static Datasource *fail_url(Importer *importer, const char *path, const char *reason)
{
    import_error(importer, path, "%s; weir reads jdbc:mysql://HOST[:PORT]/DATABASE", reason);
    return NULL;
}

// "jdbc:mysql://host:port,other/database?options" without user and password.
static Datasource *read_url(Importer *importer, const char *url, const char *path)
{
    static const char *const SCHEMES[] = {"jdbc:mysql://", "jdbc:mariadb://"};
    const char *rest = NULL;
    for (size_t i = 0; i < ARRAY_LEN(SCHEMES); i++) {
        rest = text_starts_with(url, SCHEMES[i]) ? url + strlen(SCHEMES[i]) : rest;
    }
    if (rest == NULL) {
        return fail_url(importer, path, "this is no URL of MySQL that weir knows");
    }
    const size_t hosts = strcspn(rest, "/?");
    const size_t host = strcspn(rest, ",/?");
    if (rest[hosts] != '/') {
        return fail_url(importer, path, "the URL names no database");
    }
    if (memchr(rest, '@', hosts) != NULL || memchr(rest, '(', hosts) != NULL) {
        return fail_url(importer, path, "the URL's host is of a form that weir does not know");
    }
    const char *database = rest + hosts + 1;
    const size_t database_len = strcspn(database, "?");
    // As a URL of `weir copy`, which needs a table.
    CLEANUP(mem_free_text)
    char *own = mem_format("mysql://%.*s/%.*s/t", (int)host, rest, (int)database_len, database);
    Datasource *datasource;
    CLEANUP(mem_free_text) char *table = NULL;
    Err err = {0};
    if (memchr(database, '/', database_len) != NULL || database_len == 0
        || !datasource_from_url(own, &datasource, &table, &err)) {
        return fail_url(importer, path, "the URL's host, port or database cannot be read");
    }
    if (host < hosts) {
        import_note(importer, path, "of the URL's servers the first is used");
    }
    if (database[database_len] == '?') {
        apply_options(importer, datasource, database + database_len + 1, path);
    }
    return datasource;
}

// --- naming -----------------------------------------------------------------------------------------------

static bool is_same_endpoint(const Datasource *a, const Datasource *b)
{
    return text_equal(a->type, "mysql") && text_equal_nocase(a->host, b->host) && a->port == b->port
           && text_equal(a->database, b->database) && a->socket == NULL;
}

// The datasource among `list` that is this endpoint; rather one of the same user.
static const Datasource *find_endpoint(Datasource *const *list, size_t count,
                                       const Datasource *wanted)
{
    const Datasource *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (is_same_endpoint(list[i], wanted)
            && (found == NULL || text_equal(list[i]->user, wanted->user))) {
            found = list[i];
        }
    }
    return found;
}

// The database's name, with what a name should not hold made "_", and a number where it is taken.
static char *free_name(const Importer *importer, const char *database)
{
    CLEANUP(mem_free_text) char *base = mem_copy_text(database);
    for (char *at = base; *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        *at = isalnum(c) || c == '_' || c == '-' || c >= 0x80 ? *at : '_';
    }
    char *name = text_equal(base, "lake") ? mem_copy_text("lake_source") : mem_copy_text(base);
    for (int i = 2; find_known(importer, name) != NULL || find_imported(importer, name) != NULL;
         i++) {
        free(name);
        name = mem_format("%s_%d", base, i);
    }
    return name;
}

// Takes the datasource; its name in weir.yaml.
static char *settle(Importer *importer, Datasource *datasource, const char *path)
{
    const Project *project = importer->project;
    const Imported *result = &importer->result;
    const Datasource *found =
        project == NULL
            ? NULL
            : find_endpoint(project->datasources, project->datasource_count, datasource);
    const bool is_known = found != NULL;
    if (found == NULL) {
        found = find_endpoint(result->datasources, result->datasource_count, datasource);
    }
    if (found != NULL) {
        if (is_known && datasource->user != NULL && !text_equal(found->user, datasource->user)) {
            import_note(importer, path,
                        "the datasource \"%.60s\" of weir.yaml is this database, with another user",
                        found->name);
        }
        datasource_free(datasource);
        return mem_copy_text(found->name);
    }
    CLEANUP(mem_free_text) char *own = free_name(importer, datasource->database);
    char *name = renamed(importer, own);
    if (find_known(importer, name) != NULL || find_imported(importer, name) != NULL) {
        datasource_free(datasource);  // the user says that it is the same
        return name;
    }
    free(datasource->name);
    datasource->name = mem_copy_text(name);
    add_datasource(importer, datasource);
    return name;
}

char *import_jdbc_datasource(Importer *importer, ImportAt connection, ImportAt credentials)
{
    TextList urls = {0};
    import_member_list(importer, connection, "jdbcUrl", &urls);
    CLEANUP(mem_free_text) char *path = import_path(connection, "jdbcUrl");
    Datasource *datasource = NULL;
    if (urls.count == 0) {
        import_error(importer, path, "is missing");
    } else {
        datasource = read_url(importer, urls.items[0], path);
    }
    if (urls.count > 1) {
        import_note(importer, path, "of %zu URLs the first is used", urls.count);
    }
    text_list_free(urls.items);
    if (datasource == NULL) {
        return NULL;
    }
    CLEANUP(mem_free_text) char *user = import_member_text(importer, credentials, "username");
    char *password = import_member_text(importer, credentials, "password");
    if (user != NULL) {
        free(datasource->user);
        datasource->user = mem_copy_text(user);
    }
    if (password != NULL) {
        free(datasource->password);
        datasource->password = password;
    }
    free(datasource->origin);
    datasource->origin = mem_copy_text(importer->request->shown);
    return settle(importer, datasource, path);
}

// --------------------------------------------------------------------------------------------------------

static void add_member(Buf *out, const char *key, const char *value)
{
    if (value != NULL) {
        buf_add_format(out, ", %s: ", key);
        yaml_add_text(out, value, -1);
    }
}

static void add_timeout(Buf *out, const char *key, int seconds, int fallback)
{
    if (seconds != fallback) {
        buf_add_format(out, ", %s: %ds", key, seconds);
    }
}

void import_add_snippet(const Imported *imported, Buf *out)
{
    for (size_t i = 0; i < imported->datasource_count; i++) {
        const Datasource *datasource = imported->datasources[i];
        buf_add_text(out, "  ");
        yaml_add_text(out, datasource->name, -1);
        buf_add_text(out, ": {type: mysql");
        add_member(out, "host", datasource->host == NULL ? "HOST" : datasource->host);
        if (datasource->port > 0) {
            buf_add_format(out, ", port: %d", datasource->port);
        }
        add_member(out, "user", datasource->user == NULL ? "USER" : datasource->user);
        // A variable's name cannot begin with a digit.
        CLEANUP(mem_free_text)
        char *variable = mem_format("%s%s", isdigit((unsigned char)datasource->name[0]) ? "_" : "",
                                    datasource->name);
        for (char *at = variable; *at != '\0'; at++) {
            *at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
        }
        buf_add_format(out, ", password: \"${env:%s_PASSWORD}\"", variable);
        add_member(out, "database",
                   datasource->database == NULL ? "DATABASE" : datasource->database);
        if (datasource->host != NULL && datasource->tls != TLS_PREFERRED) {
            add_member(out, "tls", tls_mode_name(datasource->tls));
        }
        if (datasource->host != NULL) {
            add_timeout(out, "connect_timeout", datasource->connect_timeout_seconds,
                        CONNECT_TIMEOUT_DEFAULT);
            add_timeout(out, "read_timeout", datasource->read_timeout_seconds,
                        READ_TIMEOUT_DEFAULT);
        }
        buf_add_text(out, "}\n");
    }
}

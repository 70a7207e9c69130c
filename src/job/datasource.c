// Declared endpoints, one table of keys for each type. Types that a later version will use may be
// declared now and with any keys, so that one weir.yaml serves both; a job that uses one is told
// so.
#include "base/base.h"

#include "job/datasource.h"

#include "base/fs.h"
#include "base/text.h"

const char *const TLS_MODE_NAMES[] = {"disabled",  "preferred",       "required",
                                      "verify-ca", "verify-identity", NULL};

static const char *const TYPES[] = {"mysql",      "lake",   "kafka", "datahub",
                                    "maxcompute", "loghub", "file",  NULL};
enum { TYPE_MYSQL, TYPE_LAKE };

typedef struct MysqlForm {
    int type;
    char *host, *socket, *user, *password, *database, *tls_ca, *tls_cert, *tls_key;
    int64_t port, connect_timeout, read_timeout;
    int tls;
} MysqlForm;

static const BindKey MYSQL_KEYS[] = {
    {.name = "type", .kind = BIND_WORD, .offset = offsetof(MysqlForm, type), .words = TYPES},
    {.name = "host", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, host)},
    {.name = "port",
     .kind = BIND_INT,
     .offset = offsetof(MysqlForm, port),
     .fallback = "3306",
     .min = 1,
     .max = 65535},
    {.name = "socket", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, socket)},
    {.name = "user", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, user)},
    {.name = "password",
     .kind = BIND_TEXT,
     .flags = BIND_SECRET | BIND_EMPTY,
     .offset = offsetof(MysqlForm, password)},
    {.name = "database", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, database)},
    {.name = "tls",
     .kind = BIND_WORD,
     .offset = offsetof(MysqlForm, tls),
     .fallback = "preferred",
     .words = TLS_MODE_NAMES},
    {.name = "tls_ca", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, tls_ca)},
    {.name = "tls_cert", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, tls_cert)},
    {.name = "tls_key", .kind = BIND_TEXT, .offset = offsetof(MysqlForm, tls_key)},
    {.name = "connect_timeout",
     .kind = BIND_SECONDS,
     .offset = offsetof(MysqlForm, connect_timeout),
     .fallback = "10s",
     .min = 1,
     .max = 3600},
    {.name = "read_timeout",
     .kind = BIND_SECONDS,
     .offset = offsetof(MysqlForm, read_timeout),
     .fallback = "1h",
     .min = 1,
     .max = TIMEOUT_MAX},
};

typedef struct LakeForm {
    int type;
    char *path;
} LakeForm;

static const BindKey LAKE_KEYS[] = {
    {.name = "type", .kind = BIND_WORD, .offset = offsetof(LakeForm, type), .words = TYPES},
    {.name = "path", .kind = BIND_TEXT, .flags = BIND_REQUIRED, .offset = offsetof(LakeForm, path)},
};

typedef struct TypeForm {
    int type;
} TypeForm;

static const BindKey TYPE_KEY = {
    .name = "type", .kind = BIND_WORD, .offset = offsetof(TypeForm, type), .words = TYPES};

const char *tls_mode_name(TlsMode mode)
{
    return TLS_MODE_NAMES[mode];
}

void datasource_free(Datasource *datasource)
{
    if (datasource == NULL) {
        return;
    }
    if (datasource->password != NULL) {
        explicit_bzero(datasource->password, strlen(datasource->password));
    }
    char *const texts[] = {
        datasource->name,   datasource->type,     datasource->origin,   datasource->host,
        datasource->socket, datasource->user,     datasource->password, datasource->database,
        datasource->tls_ca, datasource->tls_cert, datasource->tls_key,  datasource->path,
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    free(datasource);
}

bool path_is_url(const char *path)
{
    return strstr(path, "://") != NULL;
}

char *path_from(const char *dir, const char *path)
{
    if (path == NULL || path[0] == '/' || dir == NULL) {
        return mem_copy_text(path);
    }
    while (text_starts_with(path, "./")) {
        path += 2;
        path += strspn(path, "/");
    }
    if (path[0] == '\0' || strcmp(path, ".") == 0) {
        return mem_copy_text(dir);
    }
    return fs_join(dir, path);
}

static void bind_mysql(const Binder *binder, const DocNode *node, const char *where,
                       const char *dir, Datasource *datasource)
{
    MysqlForm form = {0};
    const size_t before = binder->problems->count;
    bind_mapping(binder, node, where, MYSQL_KEYS, ARRAY_LEN(MYSQL_KEYS), &form);
    if (form.host == NULL && form.socket == NULL && binder->problems->count == before) {
        problems_add(binder->problems, node->line, node->column,
                     "\"host\" (or \"socket\") is missing in %s", where);
    }
    if ((form.tls_cert == NULL) != (form.tls_key == NULL) && binder->problems->count == before) {
        problems_add(binder->problems, node->line, node->column,
                     "\"tls_cert\" and \"tls_key\" belong together; one is missing in %s", where);
    }
    datasource->host = mem_copy_text(form.host);
    datasource->port = (int)form.port;
    datasource->socket = path_from(dir, form.socket);
    datasource->user = mem_copy_text(form.user);
    datasource->password = mem_copy_text(form.password);
    datasource->database = mem_copy_text(form.database);
    datasource->tls = (TlsMode)form.tls;
    datasource->tls_ca = path_from(dir, form.tls_ca);
    datasource->tls_cert = path_from(dir, form.tls_cert);
    datasource->tls_key = path_from(dir, form.tls_key);
    datasource->connect_timeout_seconds = (int)form.connect_timeout;
    datasource->read_timeout_seconds = (int)form.read_timeout;
    if (form.password != NULL) {
        explicit_bzero(form.password, strlen(form.password));
    }
    bind_free(MYSQL_KEYS, ARRAY_LEN(MYSQL_KEYS), &form);
}

static void bind_lake(const Binder *binder, const DocNode *node, const char *where, const char *dir,
                      Datasource *datasource)
{
    LakeForm form = {0};
    bind_mapping(binder, node, where, LAKE_KEYS, ARRAY_LEN(LAKE_KEYS), &form);
    if (form.path != NULL && path_is_url(form.path)) {
        const DocNode *at = doc_get(node, "path");
        problems_add(binder->problems, at->line, at->column,
                     "this version cannot write to \"%s\"; \"path\" must be a folder", form.path);
    }
    datasource->path = path_from(dir, form.path);
    bind_free(LAKE_KEYS, ARRAY_LEN(LAKE_KEYS), &form);
}

Datasource *datasource_bind(const Binder *binder, const char *name, const DocNode *node,
                            const char *dir)
{
    Datasource *datasource = mem_alloc(sizeof(*datasource));
    datasource->name = mem_copy_text(name);
    datasource->origin = mem_format("%s:%d", binder->problems->file, node->line);
    CLEANUP(mem_free_text) char *where = mem_format("datasource \"%s\"", name);
    const DocNode *type = doc_get(node, "type");
    if (node->kind != DOC_MAPPING || type == NULL) {
        problems_add(binder->problems, node->line, node->column,
                     node->kind == DOC_MAPPING ? "\"type\" is missing in %s"
                                               : "%s must be a mapping (key: value)",
                     where);
        return datasource;
    }
    // The type decides which other keys there are, so it is read by itself first.
    TypeForm form = {.type = -1};
    DocEntry entry = {.key = &(DocNode){.kind = DOC_TEXT, .text = (char[]){"type"}}};
    for (size_t i = 0; i < node->entry_count; i++) {
        if (node->entries[i].value == type) {
            entry.value = node->entries[i].value;
        }
    }
    const DocNode only_type = {.kind = DOC_MAPPING, .entries = &entry, .entry_count = 1};
    bind_mapping(binder, &only_type, where, &TYPE_KEY, 1, &form);
    if (form.type < 0) {
        if (type->kind == DOC_TEXT
            && (text_equal_nocase(type->text, "mariadb") || text_equal_nocase(type->text, "rds")
                || text_equal_nocase(type->text, "polardb"))) {
            problems_hint(binder->problems, "MariaDB, RDS and PolarDB servers are of type mysql.");
        }
        return datasource;
    }
    datasource->type = mem_copy_text(TYPES[form.type]);
    if (form.type == TYPE_MYSQL) {
        bind_mysql(binder, node, where, dir, datasource);
    } else if (form.type == TYPE_LAKE) {
        bind_lake(binder, node, where, dir, datasource);
    }
    return datasource;
}

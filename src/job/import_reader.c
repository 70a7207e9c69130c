// The MySQL reader of both products.
#include "base/base.h"

#include "job/import_internal.h"

#include "base/text.h"

enum { CONNECTIONS_MAX = 1000 };

static const char WHICH_SERVER[] =
    "weir reads from the server that the datasource names: name the replica there";
static const char OWN_SESSIONS[] =
    "weir sets its sessions itself: character set, time zone, clock, isolation";
static const char CHARSETS[] =
    "weir takes the character set of each column from the server, and the table is UTF-8; what was "
    "stored under the wrong character set comes out otherwise";

static const ImportKey READER_KEYS[] = {
    {.name = "datasource", .fate = IMPORT_USED},
    {.name = "table", .fate = IMPORT_USED},
    {.name = "column", .fate = IMPORT_USED},
    {.name = "splitPk", .fate = IMPORT_USED},
    {.name = "where", .fate = IMPORT_USED},
    {.name = "querySql", .fate = IMPORT_USED},
    {.name = "connection", .fate = IMPORT_USED},
    {.name = "jdbcUrl", .fate = IMPORT_USED},
    {.name = "username", .fate = IMPORT_USED},
    {.name = "password", .fate = IMPORT_USED},
    {.name = "encoding", .fate = IMPORT_USED},
    {.name = "session", .fate = IMPORT_USED},
    {.name = "*username",
     .fate = IMPORT_NOTED,
     .is_secret = true,
     .why = "it is encrypted; give the name in weir.yaml"},
    {.name = "*password",
     .fate = IMPORT_NOTED,
     .is_secret = true,
     .why = "it is encrypted; give the password in weir.yaml"},
    {.name = "splitFactor", .fate = IMPORT_IGNORED},
    {.name = "useSpecialSecret", .fate = IMPORT_IGNORED},
    {.name = "socketTimeout",
     .fate = IMPORT_NOTED,
     .harmless = "3600000",
     .why =
         "it is milliseconds here; write it as \"read_timeout\" of the datasource into weir.yaml"},
    {.name = "useReadOnly", .fate = IMPORT_NOTED, .harmless = "false", .why = WHICH_SERVER},
    {.name = "canReadPrimary", .fate = IMPORT_IGNORED},
    {.name = "masterSlave", .fate = IMPORT_NOTED, .harmless = "master|false", .why = WHICH_SERVER},
    {.name = "slaveDelayLimit", .fate = IMPORT_NOTED, .why = WHICH_SERVER},
    {.name = "checkSlave", .fate = IMPORT_NOTED, .harmless = "true|false", .why = WHICH_SERVER},
    {.name = "mandatoryEncoding",
     .fate = IMPORT_REFUSED,
     .harmless = "utf-8|utf8",
     .why = CHARSETS},
    {.name = "indexes", .fate = IMPORT_IGNORED},
    {.name = "envType", .fate = IMPORT_IGNORED},
    {.name = "tableComment", .fate = IMPORT_IGNORED},
    {.name = "fetchSize", .fate = IMPORT_IGNORED},
    {.name = "guid", .fate = IMPORT_IGNORED},
    {0},
};

static const ImportKey CONNECTION_KEYS[] = {
    {.name = "datasource", .fate = IMPORT_USED},
    {.name = "table", .fate = IMPORT_USED},
    {.name = "querySql", .fate = IMPORT_USED},
    {.name = "jdbcUrl", .fate = IMPORT_USED},
    {.name = "username", .fate = IMPORT_USED},
    {.name = "password", .fate = IMPORT_USED},
    {.name = "datasourceType", .fate = IMPORT_IGNORED},
    {.name = "envType", .fate = IMPORT_IGNORED},
    {.name = "selectedDatabase",
     .fate = IMPORT_NOTED,
     .why = "name the database with the table, or in the datasource"},
    {0},
};

static bool has(ImportAt at, const char *key)
{
    return !import_is_empty(json_object_get(at.object, key));
}

// "mysql" and "mysqlreader" are the same plugin.
static bool is_mysql(const char *plugin)
{
    static const char *const NAMES[] = {"mysql", "mysqlreader", "polardb", "polardbreader",
                                        "mariadb"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        if (text_equal_nocase(plugin, NAMES[i])) {
            return true;
        }
    }
    return false;
}

static void check_encoding(Importer *importer, ImportAt at)
{
    static const char *const UTF8[] = {"utf-8", "utf8", "utf8mb4"};
    static const char *const CHINESE[] = {"gbk", "gb2312", "gb18030"};
    CLEANUP(mem_free_text) char *encoding = import_member_text(importer, at, "encoding");
    CLEANUP(mem_free_text) char *path = import_path(at, "encoding");
    for (size_t i = 0; i < ARRAY_LEN(UTF8); i++) {
        if (encoding == NULL || text_equal_nocase(encoding, UTF8[i])) {
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(CHINESE); i++) {
        if (text_equal_nocase(encoding, CHINESE[i])) {
            import_note(importer, path, "%s has no equal: %s", encoding, CHARSETS);
            return;
        }
    }
    import_error(importer, path, "%.50s has no equal, and the rows may differ: %s", encoding,
                 CHARSETS);
}

// Statements for the session: one about a time-out does not change a row.
static void check_session(Importer *importer, ImportAt at)
{
    TextList statements = {0};
    import_member_list(importer, at, "session", &statements);
    CLEANUP(mem_free_text) char *path = import_path(at, "session");
    for (size_t i = 0; i < statements.count; i++) {
        const char *text = statements.items[i];
        if (strcasestr(text, "timeout") != NULL || strcasestr(text, "max_execution_time") != NULL) {
            import_note(importer, path, "%.60s has no equal: %s", text, OWN_SESSIONS);
        } else {
            import_error(importer, path, "\"%.60s\" has no equal, and the rows may differ: %s",
                         text, OWN_SESSIONS);
        }
    }
    text_list_free(statements.items);
}

static ImportSource *add_source(Importer *importer, const char *datasource, char *path)
{
    importer->sources =
        mem_grow(importer->sources, (importer->source_count + 1) * sizeof(*importer->sources));
    ImportSource *source = &importer->sources[importer->source_count++];
    *source = (ImportSource){.datasource = mem_copy_text(datasource), .path = path};
    return source;
}

// The tables or the queries of one datasource. `at` holds them.
static void add_sources(Importer *importer, ImportAt at, const char *datasource)
{
    TextList tables = {0}, queries = {0};
    import_member_list(importer, at, "table", &tables);
    import_member_list(importer, at, "querySql", &queries);
    CLEANUP(mem_free_text) char *query_path = import_path(at, "querySql");
    CLEANUP(mem_free_text) char *table_path = import_path(at, "table");
    if (tables.count > 0 && queries.count > 0) {
        if (importer->is_datax) {
            import_error(importer, query_path,
                         "stands together with \"table\"; which one is meant? DataX runs neither "
                         "(DBUtilErrorCode-08)");
        } else {
            import_note(importer, table_path,
                        "left out, because DataWorks does not look at it where there is a "
                        "\"querySql\"");
        }
    } else if (tables.count == 0 && queries.count == 0) {
        import_error(importer, table_path, "is missing, and there is no \"querySql\" either");
    }
    for (size_t i = 0; i < queries.count; i++) {
        ImportSource *source = add_source(importer, datasource, mem_copy_text(query_path));
        source->query = queries.items[i];
        queries.items[i] = NULL;
        size_t len = strlen(source->query);
        while (len > 0 && strchr("; \t\r\n", source->query[len - 1]) != NULL) {
            source->query[--len] = '\0';
        }
    }
    if (queries.count == 0 && tables.count > 0) {
        add_source(importer, datasource, mem_copy_text(table_path))->tables = tables;
        tables = (TextList){0};
    }
    free(queries.items);
    text_list_free(tables.items);
}

static char *find_datasource(Importer *importer, ImportAt at, ImportAt credentials)
{
    return has(at, "jdbcUrl") || (importer->is_datax && !has(at, "datasource"))
               ? import_jdbc_datasource(importer, at, credentials)
               : import_named_datasource(importer, at);
}

static void read_connection(Importer *importer, ImportAt at, ImportAt parameter)
{
    import_check_keys(importer, at, CONNECTION_KEYS);
    const bool has_own = has(at, "username");
    const bool has_name = has(at, "datasource") || has(at, "jdbcUrl");
    CLEANUP(mem_free_text)
    char *datasource =
        find_datasource(importer, has_name ? at : parameter, has_own ? at : parameter);
    if (datasource != NULL) {
        add_sources(importer, at, datasource);
    }
}

static void read_connections(Importer *importer, ImportAt parameter)
{
    json_t *list = json_object_get(parameter.object, "connection");
    CLEANUP(mem_free_text) char *path = import_path(parameter, "connection");
    if (has(parameter, "table") || has(parameter, "querySql")) {
        const bool has_table = has(parameter, "table");
        CLEANUP(mem_free_text)
        char *other = import_path(parameter, has_table ? "table" : "querySql");
        import_error(
            importer, other,
            "stands beside \"connection\", which says what is read, too; keep one of them");
    }
    const size_t count = json_is_array(list) ? json_array_size(list) : 1;
    if (count > CONNECTIONS_MAX) {
        import_error(importer, path, "holds %zu connections; a job has %d at most", count,
                     CONNECTIONS_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_is_array(list) ? json_array_get(list, i) : list;
        CLEANUP(mem_free_text)
        char *item_path =
            json_is_array(list) ? mem_format("%s[%zu]", path, i) : mem_copy_text(path);
        if (json_is_object(item)) {
            read_connection(importer, (ImportAt){item, item_path}, parameter);
        } else {
            import_error(importer, item_path, "must be an object {...}");
        }
    }
}

// An entry of blanks stands for an empty text in the product.
static void read_columns(Importer *importer, ImportAt parameter)
{
    ImportColumns *reader = &importer->reader;
    reader->path = import_path(parameter, "column");
    TextList list = {0};
    import_member_list(importer, parameter, "column", &list);
    for (size_t i = 0; i < list.count; i++) {
        char *entry = list.items[i];
        reader->has_star = reader->has_star || text_equal(entry, "*");
        if (entry[strspn(entry, " ")] == '\0') {
            free(entry);
            entry = mem_copy_text("''");
        }
        text_list_add(&reader->list, entry);
    }
    free(list.items);
    reader->is_all = reader->list.count == 0 || (reader->list.count == 1 && reader->has_star);
}

// What stands beside a query is not looked at by the original either.
static void note_beside_query(Importer *importer, ImportAt parameter)
{
    static const char *const KEYS[] = {"where", "splitPk"};
    bool has_query = false;
    for (size_t i = 0; i < importer->source_count; i++) {
        has_query = has_query || importer->sources[i].query != NULL;
    }
    for (size_t i = 0; has_query && i < ARRAY_LEN(KEYS); i++) {
        if (has(parameter, KEYS[i])) {
            CLEANUP(mem_free_text) char *path = import_path(parameter, KEYS[i]);
            import_note(importer, path,
                        "left out, because the original does not look at it where there is a "
                        "\"querySql\"");
        }
    }
}

void import_reader(Importer *importer, const char *plugin, const char *plugin_path,
                   ImportAt parameter)
{
    if (!is_mysql(plugin)) {
        import_error(importer, plugin_path,
                     "this version reads from \"mysql\" only, not from \"%.50s\"", plugin);
        return;
    }
    import_check_keys(importer, parameter, READER_KEYS);
    check_encoding(importer, parameter);
    check_session(importer, parameter);
    if (has(parameter, "connection")) {
        read_connections(importer, parameter);
    } else {
        CLEANUP(mem_free_text) char *datasource = find_datasource(importer, parameter, parameter);
        if (datasource != NULL) {
            add_sources(importer, parameter, datasource);
        }
    }
    read_columns(importer, parameter);
    importer->where = import_member_text(importer, parameter, "where");
    importer->where_path = import_path(parameter, "where");
    importer->split = import_member_text(importer, parameter, "splitPk");
    importer->split_path = import_path(parameter, "splitPk");
    note_beside_query(importer, parameter);
}

// The writers whose rows become a lake table: MaxCompute (odps), HDFS, text files, and the stream
// of DataX that only prints. What they say of places and formats is the lake's own affair here.
#include "base/base.h"

#include "job/import_internal.h"

#include "base/text.h"

static const char PARQUET[] = "a lake table is Parquet files, compressed with zstd, in UTF-8";
static const char NO_STATEMENTS[] = "weir runs no statements of yours but reads";
static const char EMPTY_AS_NULL[] =
    "the types of the columns are not known here. Take it out, and write each text column into the "
    "reader's \"column\" as IF(char_length(name) = 0, NULL, name)";
static const char LONG_VALUES[] =
    "text of any length fits a lake table; what does not fit is a dirty row";

static const ImportKey ODPS_KEYS[] = {
    {.name = "datasource", .fate = IMPORT_IGNORED},
    {.name = "table", .fate = IMPORT_USED},
    {.name = "partition", .fate = IMPORT_USED},
    {.name = "column", .fate = IMPORT_USED},
    {.name = "truncate", .fate = IMPORT_USED},
    {.name = "emptyAsNull", .fate = IMPORT_REFUSED, .harmless = "false", .why = EMPTY_AS_NULL},
    {.name = "schema",
     .fate = IMPORT_NOTED,
     .harmless = "default",
     .why = "a lake has one level of tables"},
    {.name = "consistencyCommit", .fate = IMPORT_IGNORED},  // always so
    {.name = "overLengthRule", .fate = IMPORT_NOTED, .harmless = "keepOn", .why = LONG_VALUES},
    {.name = "maxOdpsFieldLength", .fate = IMPORT_NOTED, .harmless = "8388608", .why = LONG_VALUES},
    {.name = "tunnelQuota", .fate = IMPORT_IGNORED},
    {.name = "preSql", .fate = IMPORT_NOTED, .why = NO_STATEMENTS},
    {.name = "postSql", .fate = IMPORT_NOTED, .why = NO_STATEMENTS},
    {.name = "envType", .fate = IMPORT_IGNORED},
    {.name = "tableComment", .fate = IMPORT_IGNORED},
    {.name = "indexes", .fate = IMPORT_IGNORED},
    {.name = "guid", .fate = IMPORT_IGNORED},
    {.name = "project", .fate = IMPORT_IGNORED},
    {.name = "accessId", .fate = IMPORT_IGNORED},
    {.name = "accessKey", .fate = IMPORT_IGNORED},
    {.name = "*accessKey", .fate = IMPORT_IGNORED},
    {.name = "securityToken", .fate = IMPORT_IGNORED},
    {.name = "odpsServer", .fate = IMPORT_IGNORED},
    {.name = "tunnelServer", .fate = IMPORT_IGNORED},
    {.name = "accountType", .fate = IMPORT_IGNORED},
    {.name = "blockSizeInMB", .fate = IMPORT_IGNORED},
    {.name = "batchSize", .fate = IMPORT_IGNORED},
    {.name = "maxRetryTime", .fate = IMPORT_IGNORED},
    {.name = "isCompress", .fate = IMPORT_IGNORED},
    {0},
};

static const ImportKey HDFS_KEYS[] = {
    {.name = "datasource", .fate = IMPORT_IGNORED},
    {.name = "defaultFS", .fate = IMPORT_IGNORED},
    {.name = "path", .fate = IMPORT_USED},
    {.name = "fileName", .fate = IMPORT_IGNORED},
    {.name = "column", .fate = IMPORT_USED},
    {.name = "writeMode", .fate = IMPORT_USED},
    {.name = "partition", .fate = IMPORT_USED},
    {.name = "fileType", .fate = IMPORT_NOTED, .harmless = "parquet|par", .why = PARQUET},
    {.name = "fieldDelimiter", .fate = IMPORT_IGNORED},
    {.name = "compress", .fate = IMPORT_NOTED, .harmless = "zstd|none", .why = PARQUET},
    {.name = "encoding", .fate = IMPORT_NOTED, .harmless = "utf-8|utf8", .why = PARQUET},
    {.name = "parquetSchema",
     .fate = IMPORT_NOTED,
     .is_secret = true,
     .why = "the types come from the source"},
    {.name = "nullFormat", .fate = IMPORT_IGNORED},
    {.name = "hadoopConfig", .fate = IMPORT_IGNORED},
    {.name = "haveKerberos", .fate = IMPORT_IGNORED},
    {.name = "kerberosKeytabFilePath", .fate = IMPORT_IGNORED},
    {.name = "kerberosPrincipal", .fate = IMPORT_IGNORED},
    {.name = "envType", .fate = IMPORT_IGNORED},
    {0},
};

static const ImportKey TEXT_FILE_KEYS[] = {
    {.name = "path", .fate = IMPORT_IGNORED},
    {.name = "fileName", .fate = IMPORT_USED},
    {.name = "writeMode", .fate = IMPORT_USED},
    {.name = "header", .fate = IMPORT_USED},
    {.name = "fieldDelimiter", .fate = IMPORT_IGNORED},
    {.name = "fileFormat", .fate = IMPORT_NOTED, .why = PARQUET},
    {.name = "compress", .fate = IMPORT_NOTED, .harmless = "zstd|none", .why = PARQUET},
    {.name = "encoding", .fate = IMPORT_NOTED, .harmless = "utf-8|utf8", .why = PARQUET},
    {.name = "nullFormat", .fate = IMPORT_NOTED, .why = "NULL is NULL in a lake table"},
    {.name = "dateFormat", .fate = IMPORT_NOTED, .why = "dates keep their type in a lake table"},
    {.name = "suffix", .fate = IMPORT_IGNORED},
    {.name = "csvWriterConfig", .fate = IMPORT_IGNORED},
    {0},
};

static const ImportKey STREAM_KEYS[] = {
    {.name = "print", .fate = IMPORT_IGNORED},
    {.name = "encoding", .fate = IMPORT_IGNORED},
    {.name = "fieldDelimiter", .fate = IMPORT_IGNORED},
    {.name = "path", .fate = IMPORT_IGNORED},
    {.name = "fileName", .fate = IMPORT_IGNORED},
    {.name = "recordNumBeforeSleep", .fate = IMPORT_IGNORED},
    {.name = "sleepTime", .fate = IMPORT_IGNORED},
    {0},
};

// --- pieces -----------------------------------------------------------------------------------------------

// A partition as the original takes it: spaces and quotes go, "/" separates like ",". What stands
// in
// ${...} or $[...] stays.
static char *normal_partition(const char *text)
{
    CLEANUP(buf_done) Buf out = {0};
    while (*text != '\0') {
        const char *close = NULL;
        if (text[0] == '$' && (text[1] == '{' || text[1] == '[')) {
            close = strchr(text, text[1] == '{' ? '}' : ']');
        }
        if (close != NULL) {
            buf_add_bytes(&out, text, (size_t)(close + 1 - text));
            text = close + 1;
            continue;
        }
        if (*text == '/') {
            buf_add_char(&out, ',');
        } else if (strchr(" '\"", *text) == NULL) {
            buf_add_char(&out, *text);
        }
        text++;
    }
    return buf_take(&out);
}

static void set_partition(Importer *importer, ImportAt at, const char *key)
{
    CLEANUP(mem_free_text) char *text = import_member_text(importer, at, key);
    if (text != NULL) {
        free(importer->partition);
        free(importer->partition_path);
        importer->partition = normal_partition(text);
        importer->partition_path = import_path(at, key);
    }
}

// Entries are names, or objects with one (hdfs: {"name": "id", "type": "bigint"}).
static void read_columns(Importer *importer, ImportAt at, const char *key)
{
    ImportColumns *writer = &importer->writer;
    writer->path = import_path(at, key);
    json_t *value = json_object_get(at.object, key);
    const size_t count = import_is_empty(value) ? 0
                         : json_is_array(value) ? json_array_size(value)
                                                : 1;
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
        json_t *name = json_is_object(item) ? json_object_get(item, "name") : item;
        if (!json_is_string(name) || json_string_length(name) == 0) {
            import_error(importer, writer->path, "must be a list of names");
            return;
        }
        writer->has_star = writer->has_star || text_equal(json_string_value(name), "*");
        text_list_add(&writer->list, mem_copy_text(json_string_value(name)));
    }
    writer->is_all = count == 0 || (count == 1 && writer->has_star);
    if (writer->has_star && !writer->is_all) {
        import_error(importer, writer->path, "\"*\" cannot stand among names");
    }
}

static void set_table(Importer *importer, char *table, char *path)
{
    free(importer->table);
    free(importer->table_path);
    importer->table = table;
    importer->table_path = path;
}

// "append", "truncate" and "nonConflict" of the file writers.
static void read_write_mode(Importer *importer, ImportAt at)
{
    CLEANUP(mem_free_text) char *mode = import_member_text(importer, at, "writeMode");
    CLEANUP(mem_free_text) char *path = import_path(at, "writeMode");
    importer->is_append = text_equal_nocase(mode, "append");
    if (text_equal_nocase(mode, "nonConflict")) {
        import_note(importer, path,
                    "%s has no equal: weir replaces what is there (mode: overwrite)", mode);
    } else if (mode != NULL && !importer->is_append && !text_equal_nocase(mode, "truncate")) {
        import_error(importer, path, "must be append, truncate or nonConflict, not \"%.50s\"",
                     mode);
    }
}

// --- writers ----------------------------------------------------------------------------------------------

static void write_odps(Importer *importer, ImportAt at)
{
    import_check_keys(importer, at, ODPS_KEYS);
    set_table(importer, import_member_text(importer, at, "table"), import_path(at, "table"));
    set_partition(importer, at, "partition");
    read_columns(importer, at, "column");
    importer->is_append = !import_is_true(importer, at, "truncate", /* fallback= */ true);
}

// "/user/hive/warehouse/shop.db/oplog/dt=20161114": the folder of a Hive table, and of a partition
// of it.
static void read_hive_path(Importer *importer, ImportAt at)
{
    CLEANUP(mem_free_text) char *path = import_member_text(importer, at, "path");
    char *key = import_path(at, "path");
    CLEANUP(buf_done) Buf partition = {0};
    char *table = NULL;
    for (const char *part = path; part != NULL && *part != '\0';) {
        // A "/" inside ${...} is no separator.
        size_t len = 0;
        int depth = 0;
        while (part[len] != '\0' && (part[len] != '/' || depth > 0)) {
            depth += (part[len] == '{' || part[len] == '[') && len > 0 && part[len - 1] == '$';
            depth -= (part[len] == '}' || part[len] == ']') && depth > 0;
            len++;
        }
        CLEANUP(mem_free_text) char *word = mem_copy_bytes(part, len);
        if (strchr(word, '=') != NULL) {
            buf_add_format(&partition, "%s%s", partition.len == 0 ? "" : ",", word);
        } else if (len > 0) {
            free(table);
            table = mem_copy_text(word);
            buf_clear(&partition);
        }
        part += len + (part[len] == '/');
    }
    if (partition.len > 0) {
        free(importer->partition);
        free(importer->partition_path);
        importer->partition = normal_partition(buf_text(&partition));
        importer->partition_path = mem_copy_text(key);
    }
    set_table(importer, table, key);
}

static void write_hdfs(Importer *importer, ImportAt at)
{
    import_check_keys(importer, at, HDFS_KEYS);
    set_partition(importer, at, "partition");
    read_hive_path(importer, at);
    read_columns(importer, at, "column");
    read_write_mode(importer, at);
}

// The folder may be that of many exports; the files of one begin with "fileName".
static void write_text_file(Importer *importer, ImportAt at)
{
    import_check_keys(importer, at, TEXT_FILE_KEYS);
    char *name = import_member_text(importer, at, "fileName");
    if (name != NULL) {
        static const char *const SUFFIXES[] = {".csv", ".txt", ".tsv", ".dat", ".text"};
        for (size_t i = 0; i < ARRAY_LEN(SUFFIXES); i++) {
            if (text_ends_with(name, SUFFIXES[i])) {
                name[strlen(name) - strlen(SUFFIXES[i])] = '\0';
                break;
            }
        }
    }
    set_table(importer, name, import_path(at, "fileName"));
    read_columns(importer, at, "header");
    read_write_mode(importer, at);
}

static void write_stream(Importer *importer, ImportAt at)
{
    import_check_keys(importer, at, STREAM_KEYS);
    importer->writer.is_all = true;
    importer->writer.path = mem_copy_text(at.path);
    const ImportSource *source = importer->source_count == 0 ? NULL : &importer->sources[0];
    if (source == NULL || source->tables.count == 0
        || strpbrk(source->tables.items[0], "*?[`/") != NULL) {
        import_error(importer, at.path,
                     "this writer names no table, and neither does the reader one: weir needs the "
                     "name of a lake table");
        return;
    }
    const char *table = source->tables.items[0];
    const char *dot = strrchr(table, '.');
    set_table(importer, mem_copy_text(dot == NULL ? table : dot + 1), mem_copy_text(at.path));
    import_note(importer, at.path,
                "the original only prints the rows; here they go into the lake table \"%.100s\"",
                importer->table);
}

void import_writer(Importer *importer, const char *plugin, const char *plugin_path,
                   ImportAt parameter)
{
    static const struct {
        const char *names[4];
        void (*write)(Importer *importer, ImportAt at);
    } WRITERS[] = {
        {{"odps", "odpswriter", "maxcompute", "maxcomputewriter"}, write_odps},
        {{"hdfs", "hdfswriter"}, write_hdfs},
        {{"txtfile", "txtfilewriter"}, write_text_file},
        {{"stream", "streamwriter"}, write_stream},
    };
    for (size_t i = 0; i < ARRAY_LEN(WRITERS); i++) {
        for (size_t k = 0; k < ARRAY_LEN(WRITERS[i].names) && WRITERS[i].names[k] != NULL; k++) {
            if (!text_equal_nocase(plugin, WRITERS[i].names[k])) {
                continue;
            }
            WRITERS[i].write(importer, parameter);
            if (importer->table == NULL && importer->errors.count == 0) {
                CLEANUP(mem_free_text) char *path = mem_copy_text(importer->table_path);
                import_error(importer, path, "names no table");
            }
            return;
        }
    }
    import_error(importer, plugin_path,
                 "the writer \"%.50s\" has no equal in this version; known are odps, hdfs, txtfile "
                 "and stream",
                 plugin);
}

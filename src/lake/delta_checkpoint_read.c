// Reading a checkpoint into the same state as the log: files column by column, because they are
// many, the few other actions as the JSON lines that they were.
//
// Writers differ in which columns they write, so the file's own schema is read first, and the query
// asks for what is there. Large parts that weir has no use for (stats_parsed,
// partitionValues_parsed) are never touched.
#include "lake/delta_internal.h"

#include <jansson.h>

#include "base/text.h"
#include "lake/duck.h"

#define CHECKPOINT_MEMORY ((uint64_t)192 << 20)
#define SCHEMA_DEPTH_MAX 32

// The actions but add and remove, and the members that are read. The first one tells whether a row
// is such an action.
static const struct {
    const char *action;
    const char *members[9];
} delta_actions[] = {
    {"metaData",
     {"id", "name", "description", "format", "schemaString", "partitionColumns", "configuration",
      "createdTime"}},
    {"protocol", {"minReaderVersion", "minWriterVersion", "readerFeatures", "writerFeatures"}},
    {"txn", {"appId", "version", "lastUpdated"}},
    {"domainMetadata", {"domain", "configuration", "removed"}},
    {"sidecar", {"path"}},
    {"checkpointMetadata", {"version"}},
};

// The dotted names of the file's columns: "add", "add.path", "add.stats_parsed.numRecords" ...
// Parquet lists its schema in order with the number of children of each element.
typedef struct DeltaColumns {
    DeltaNames names;
    char *open[SCHEMA_DEPTH_MAX];  // dotted names of the elements around the next one
    int64_t left[SCHEMA_DEPTH_MAX];
    size_t depth;
} DeltaColumns;

static void delta_columns_done(DeltaColumns *columns)
{
    for (size_t i = 0; i < columns->depth; i++) {
        free(columns->open[i]);
    }
    delta_names_done(&columns->names);
}

// cells: name, number of children (NULL: a leaf)
static bool delta_columns_row(void *context, size_t count, const char *const *cells,
                              const size_t *lens, Err *err)
{
    DeltaColumns *columns = context;
    (void)lens;
    assert(count == 2);
    while (columns->depth > 0 && columns->left[columns->depth - 1] == 0) {
        free(columns->open[--columns->depth]);
    }
    const char *parent = columns->depth == 0 ? "" : columns->open[columns->depth - 1];
    // The root has a name of its own that says nothing.
    char *name = columns->depth == 0 ? mem_copy_text("")
                                     : mem_format("%s%s%s", parent, parent[0] == '\0' ? "" : ".",
                                                  cells[0] == NULL ? "" : cells[0]);
    if (columns->depth > 0) {
        columns->left[columns->depth - 1]--;
        if (columns->depth <= 3) {
            delta_names_add(&columns->names, name);
        }
    }
    int64_t children = 0;
    if (cells[1] == NULL || !text_parse_int(cells[1], 1, INT32_MAX, &children)) {
        free(name);
        return true;
    }
    if (columns->depth == SCHEMA_DEPTH_MAX) {
        free(name);
        return fail(err, FAIL_TARGET, "its schema is nested too deeply");
    }
    columns->open[columns->depth] = name;
    columns->left[columns->depth++] = children;
    return true;
}

static bool delta_columns_has(const DeltaColumns *columns, const char *action, const char *member)
{
    CLEANUP(mem_free_text) char *name = mem_format("%s.%s", action, member);
    return delta_names_has(&columns->names, name);
}

// json_object('id', "metaData"."id", ...) of the members that the file has.
static void delta_query_object(const DeltaColumns *columns, const char *action,
                               const char *const *members, Buf *sql)
{
    buf_add_text(sql, "json_object(");
    bool is_first = true;
    for (size_t m = 0; members[m] != NULL; m++) {
        if (delta_columns_has(columns, action, members[m])) {
            buf_add_format(sql, "%s'%s', \"%s\".\"%s\"", is_first ? "" : ", ", members[m], action,
                           members[m]);
            is_first = false;
        }
    }
    buf_add_char(sql, ')');
}

// A column of the query: the member, or NULL where the file lacks it.
static void delta_query_cell(const DeltaColumns *columns, const char *action, const char *member,
                             const char *cast, Buf *sql)
{
    if (delta_columns_has(columns, action, member)) {
        buf_add_format(sql, ", CAST(%s(\"%s\".\"%s\") AS %s)",
                       text_equal(cast, "JSON") ? "to_json" : "", action, member,
                       text_equal(cast, "JSON") ? "VARCHAR" : cast);
    } else {
        buf_add_text(sql, ", NULL::VARCHAR");
    }
}

// One row an action of the kind: add and remove in columns (they are many), the others as JSON.
static void delta_query_files(const DeltaColumns *columns, const char *action, const char *file,
                              Buf *sql)
{
    buf_clear(sql);
    buf_add_format(sql, "SELECT \"%s\".\"path\"", action);
    static const struct {
        const char *member;
        const char *cast;
    } cells[] = {
        {"size", "BIGINT"},
        {"modificationTime", "BIGINT"},
        {"deletionTimestamp", "BIGINT"},
        {"partitionValues", "JSON"},
        {"tags", "JSON"},
        {"deletionVector", "JSON"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
        delta_query_cell(columns, action, cells[i].member, cells[i].cast, sql);
    }
    if (!delta_columns_has(columns, action, "stats")
        && delta_names_has(&columns->names, "add.stats_parsed.numRecords")) {
        buf_add_text(
            sql,
            ", CAST(json_object('numRecords', \"add\".\"stats_parsed\".\"numRecords\") AS VARCHAR)");
    } else {
        delta_query_cell(columns, action, "stats", "VARCHAR", sql);
    }
    buf_add_text(sql, " FROM read_parquet(");
    duck_quote_text(file, sql);
    buf_add_format(sql, ") WHERE \"%s\".\"path\" IS NOT NULL", action);
}

typedef struct DeltaRows {
    DeltaState *state;
    bool is_add;
    Buf values;
} DeltaRows;

static int64_t delta_cell_int(const char *cell, int64_t missing)
{
    int64_t value = missing;
    return cell != NULL && text_parse_int(cell, INT64_MIN, INT64_MAX, &value) ? value : missing;
}

// cells: path, size, modificationTime, deletionTimestamp, partitionValues, tags, deletionVector,
// stats
static bool delta_file_row(void *context, size_t count, const char *const *cells,
                           const size_t *lens, Err *err)
{
    DeltaRows *rows = context;
    assert(count == 8);
    (void)count;
    buf_clear(&rows->values);
    if (cells[4] != NULL && !delta_scan_object(cells[4], lens[4], &rows->values)) {
        json_auto_t *object = json_loadb(cells[4], lens[4], JSON_ALLOW_NUL, NULL);
        buf_clear(&rows->values);
        delta_values_pack(object, &rows->values);
    }
    json_auto_t *vector =
        cells[6] == NULL ? NULL : json_loadb(cells[6], lens[6], JSON_ALLOW_NUL, NULL);
    const bool has_vector = json_is_string(json_object_get(vector, "storageType"));
    const DeltaFileAction action = {
        .is_add = rows->is_add,
        .path = cells[0],
        .size = delta_cell_int(cells[1], -1),
        .modified_ms = delta_cell_int(cells[2], 0),
        .deleted_ms = delta_cell_int(cells[3], 0),
        .stats = cells[7],
        .values = rows->values.data,
        .values_len = rows->values.len,
        .tags = cells[5],
        .vector_id = has_vector ? cells[6] : NULL,
    };
    if (action.path == NULL || action.path[0] == '\0' || (action.is_add && action.size < 0)) {
        return fail(err, FAIL_TARGET, "a file has no path or size");
    }
    delta_state_file(rows->state, &action);
    return true;
}

static bool delta_other_row(void *context, size_t count, const char *const *cells,
                            const size_t *lens, Err *err)
{
    assert(count == 1);
    (void)count;
    json_auto_t *line =
        cells[0] == NULL ? NULL : json_loadb(cells[0], lens[0], JSON_ALLOW_NUL, NULL);
    if (line == NULL) {
        return fail(err, FAIL_INTERNAL, "a row did not become JSON");
    }
    if (json_object_get(line, "sidecar") != NULL
        || json_object_get(line, "checkpointMetadata") != NULL) {
        (void)fail(err, FAIL_TARGET,
                   "it uses the delta feature \"v2Checkpoint\", which weir does not support");
        return fail_hint(
            err, "Drop the feature v2Checkpoint from the table, or write to another table.");
    }
    return delta_state_apply(context, line, err);
}

static bool delta_read_files(Duck *duck, const DeltaColumns *columns, const char *file,
                             DeltaState *state, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    DeltaRows rows = {.state = state, .is_add = true};
    bool done = true;
    if (delta_columns_has(columns, "add", "path")) {
        delta_query_files(columns, "add", file, &sql);
        done = duck_query(duck, buf_text(&sql), delta_file_row, &rows, err);
    }
    // Only who writes the next checkpoint wants to know what was removed: no add of a checkpoint is
    // removed in it.
    if (done && state->keeps_removed && delta_columns_has(columns, "remove", "path")) {
        rows.is_add = false;
        delta_query_files(columns, "remove", file, &sql);
        done = duck_query(duck, buf_text(&sql), delta_file_row, &rows, err);
    }
    buf_done(&rows.values);
    return done;
}

static bool delta_checkpoint_file(Duck *duck, const char *file, DeltaState *state, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SELECT name, num_children FROM parquet_schema(");
    duck_quote_text(file, &sql);
    buf_add_char(&sql, ')');
    CLEANUP(delta_columns_done) DeltaColumns columns = {0};
    if (!duck_query(duck, buf_text(&sql), delta_columns_row, &columns, err)) {
        return false;
    }
    bool has_action = delta_columns_has(&columns, "add", "path");
    for (size_t i = 0; i < ARRAY_LEN(delta_actions); i++) {
        const char *action = delta_actions[i].action;
        if (!delta_columns_has(&columns, action, delta_actions[i].members[0])) {
            continue;
        }
        has_action = true;
        buf_clear(&sql);
        buf_add_format(&sql, "SELECT CAST(json_object('%s', ", action);
        delta_query_object(&columns, action, delta_actions[i].members, &sql);
        buf_add_text(&sql, ") AS VARCHAR) FROM read_parquet(");
        duck_quote_text(file, &sql);
        buf_add_format(&sql, ") WHERE \"%s\".\"%s\" IS NOT NULL", action,
                       delta_actions[i].members[0]);
        if (!duck_query(duck, buf_text(&sql), delta_other_row, state, err)) {
            return false;
        }
    }
    if (!has_action) {
        return fail(err, FAIL_TARGET, "it holds no actions");
    }
    return delta_read_files(duck, &columns, file, state, err);
}

bool delta_checkpoint_read(const char *table_path, const DeltaCheckpointName *name,
                           DeltaState *state, Err *err)
{
    CLEANUP(duck_cleanup) Duck *duck = NULL;
    if (!duck_open(&(DuckOptions){.memory_bytes = CHECKPOINT_MEMORY, .threads = 1}, &duck, err)) {
        return false;
    }
    const int64_t parts = name->parts == 0 ? 1 : name->parts;
    for (int64_t part = 1; part <= parts; part++) {
        CLEANUP(mem_free_text)
        char *file = delta_checkpoint_path(table_path, name->version, part, name->parts);
        if (!delta_checkpoint_file(duck, file, state, err)) {
            // Whatever DuckDB calls it: a file that cannot be read is the table's trouble.
            err->kind = FAIL_TARGET;
            (void)err_context(err, "checkpoint \"%s\"", file);
            return err->hint[0] != '\0' ? false : delta_hint_damaged(err);
        }
    }
    return true;
}

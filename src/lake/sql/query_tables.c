// The query's syntax tree comes from DuckDB as JSON (json_serialize_sql), so that there is one
// parser of queries. Tables are the nodes BASE_TABLE that no WITH clause hides.
//
// Pruning takes each condition of a WHERE that is joined by AND and speaks of nothing but one
// table's partition columns, and has DuckDB itself compute it over the table's partitions: the
// condition goes back to SQL (json_deserialize_sql) on top of a small table. A condition that is
// true of a row of NULLs is not taken, because an outer join may make such rows of what is left
// out.
#include "base/base.h"

#include "lake/sql/query_tables.h"

#include <jansson.h>

#include "base/text.h"
#include "lake/delta_internal.h"
#include "lake/sql/table_view.h"

#define TREE_DEPTH_MAX 2000

// A place that names a table.
typedef struct Place {
    QueryTable table;     // its strings are the tree's
    const char *alias;    // what its columns may be qualified with
    const json_t *where;  // of the SELECT whose FROM it stands in, where that may prune; else NULL
    bool is_alone;        // in that FROM: unqualified columns are its own
} Place;

struct QueryTables {
    json_t *tree;
    bool is_exact;  // numbers in the tree are what they are in the query
    Place *places;
    QueryTable *list;
    size_t count;
    QueryTable *max_pts;
    size_t max_pt_count;
};

// Names that WITH clauses define, innermost first.
typedef struct Scope {
    const char *name;
    const struct Scope *outer;
} Scope;

// The conditions of a FROM that a table in it may be pruned by.
typedef struct From {
    const json_t *where;
    bool is_alone;
} From;

// --- reading --------------------------------------------------------------------------------------------

static const char *node_text(const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));
    return text == NULL ? "" : text;
}

static size_t node_position(const json_t *node)
{
    return (size_t)json_number_value(json_object_get(node, "query_location"));
}

static bool scope_has(const Scope *scope, const char *name)
{
    for (; scope != NULL; scope = scope->outer) {
        if (text_equal_nocase(scope->name, name)) {
            return true;
        }
    }
    return false;
}

static void tables_add(QueryTables *tables, const json_t *node, const From *from)
{
    const char *alias = node_text(node, "alias");
    const char *name = node_text(node, "table_name");
    // t AS x(a, b): columns under other names are not looked through.
    const bool is_renamed = json_array_size(json_object_get(node, "column_name_alias")) > 0;
    const Place place = {
        .table = {.name = name,
                  .schema = node_text(node, "schema_name"),
                  .position = node_position(node)},
        .alias = alias[0] != '\0' ? alias : name,
        .where = from == NULL || is_renamed ? NULL : from->where,
        .is_alone = from != NULL && from->is_alone,
    };
    tables->places = mem_grow(tables->places, (tables->count + 1) * sizeof(*tables->places));
    tables->places[tables->count++] = place;
}

static void tables_add_max_pt(QueryTables *tables, const json_t *node)
{
    const json_t *argument = json_array_get(json_object_get(node, "children"), 0);
    const char *name =
        json_string_value(json_object_get(json_object_get(argument, "value"), "value"));
    if (name != NULL) {
        tables->max_pts =
            mem_grow(tables->max_pts, (tables->max_pt_count + 1) * sizeof(*tables->max_pts));
        tables->max_pts[tables->max_pt_count++] =
            (QueryTable){.name = name, .schema = "", .position = node_position(argument)};
    }
}

// Whether rows of either side can be left out beforehand where the WHERE would drop them.
static bool join_is_prunable(const json_t *join)
{
    static const char *const types[] = {"INNER", "LEFT", "RIGHT", "OUTER", "FULL"};
    static const char *const references[] = {"REGULAR", "CROSS", "NATURAL"};
    bool is_type = false;
    bool is_reference = false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        is_type = is_type || text_equal(node_text(join, "join_type"), types[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(references); i++) {
        is_reference = is_reference || text_equal(node_text(join, "ref_type"), references[i]);
    }
    return is_type && is_reference;
}

static bool tables_walk(QueryTables *tables, const json_t *node, const Scope *scope,
                        const From *from, size_t depth);

static bool tables_walk_all(QueryTables *tables, const json_t *node, const Scope *scope,
                            size_t depth)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)node, key, value)
    {
        if (!text_equal(key, "cte_map") && !tables_walk(tables, value, scope, NULL, depth + 1)) {
            return false;
        }
    }
    size_t i = 0;
    json_array_foreach(node, i, value)
    {
        if (!tables_walk(tables, value, scope, NULL, depth + 1)) {
            return false;
        }
    }
    return true;
}

// A node's own FROM first, with its WHERE; then what else is below it.
static bool tables_walk_node(QueryTables *tables, const json_t *node, const Scope *scope,
                             size_t depth)
{
    if (!text_equal(node_text(node, "type"), "SELECT_NODE")) {
        return tables_walk_all(tables, node, scope, depth);
    }
    const json_t *table = json_object_get(node, "from_table");
    const From from = {.where = json_object_get(node, "where_clause"),
                       .is_alone = text_equal(node_text(table, "type"), "BASE_TABLE")};
    if (!tables_walk(tables, table, scope, &from, depth + 1)) {
        return false;
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)node, key, value)
    {
        if (!text_equal(key, "from_table") && !text_equal(key, "cte_map")
            && !tables_walk(tables, value, scope, NULL, depth + 1)) {
            return false;
        }
    }
    return true;
}

// Each name of a WITH clause is seen by the clauses after it and by the node itself; by its own
// query only where that is recursive: WITH t AS (SELECT ... FROM t) reads the table.
static bool tables_walk_with(QueryTables *tables, const json_t *node, const json_t *names,
                             size_t at, const Scope *scope, size_t depth)
{
    const json_t *entry = json_array_get(names, at);
    if (entry == NULL) {
        return tables_walk_node(tables, node, scope, depth);
    }
    const Scope inner = {.name = node_text(entry, "key"), .outer = scope};
    const json_t *value = json_object_get(entry, "value");
    const json_t *query = json_object_get(json_object_get(value, "query"), "node");
    const bool is_recursive = text_equal(node_text(query, "type"), "RECURSIVE_CTE_NODE");
    return tables_walk(tables, value, is_recursive ? &inner : scope, NULL, depth + 1)
           && tables_walk_with(tables, node, names, at + 1, &inner, depth + 1);
}

static bool tables_walk(QueryTables *tables, const json_t *node, const Scope *scope,
                        const From *from, size_t depth)
{
    if (depth > TREE_DEPTH_MAX) {
        return false;
    }
    const char *type = node_text(node, "type");
    if (text_equal(type, "BASE_TABLE") && json_object_get(node, "table_name") != NULL) {
        const char *schema = node_text(node, "schema_name");
        if (schema[0] != '\0' || !scope_has(scope, node_text(node, "table_name"))) {
            tables_add(tables, node, from);
        }
        return true;
    }
    if (from != NULL && text_equal(type, "JOIN")) {
        const From side = {.where = from->where};
        const From *pruned = join_is_prunable(node) ? &side : NULL;
        return tables_walk(tables, json_object_get(node, "left"), scope, pruned, depth + 1)
               && tables_walk(tables, json_object_get(node, "right"), scope, pruned, depth + 1)
               && tables_walk(tables, json_object_get(node, "condition"), scope, NULL, depth + 1);
    }
    if (text_equal_nocase(node_text(node, "function_name"), "max_pt")) {
        tables_add_max_pt(tables, node);
    }
    const json_t *names = json_object_get(json_object_get(node, "cte_map"), "map");
    return tables_walk_with(tables, node, names, 0, scope, depth);
}

static bool take_text(void *context, size_t count, const char *const *cells, const size_t *lens,
                      Err *err)
{
    (void)count;
    (void)err;
    buf_add_bytes(context, cells[0], lens[0]);
    return true;
}

// What DuckDB writes for "no place", which is no integer to jansson.
static void tree_mend_places(Buf *tree)
{
    static const char none[] = "\"query_location\":18446744073709551615";
    static const char zero[] = "\"query_location\":                   0";
    char *at = tree->data;
    while (at != NULL && (at = strstr(at, none)) != NULL) {
        memcpy(at, zero, sizeof(zero) - 1);
    }
}

static bool tree_read(Duck *duck, const char *sql, QueryTables *tables, Err *err)
{
    CLEANUP(buf_done) Buf query = {0};
    CLEANUP(buf_done) Buf tree = {0};
    buf_add_text(&query, "SELECT CAST(json_serialize_sql(");
    duck_quote_text(sql, &query);
    buf_add_text(&query, ") AS VARCHAR)");
    if (!duck_query(duck, buf_text(&query), take_text, &tree, err)) {
        return false;
    }
    tree_mend_places(&tree);
    tables->tree = json_loads(buf_text(&tree), JSON_ALLOW_NUL, NULL);
    tables->is_exact = tables->tree != NULL;
    if (tables->tree == NULL) {
        tables->tree = json_loads(buf_text(&tree), JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    }
    if (tables->tree == NULL) {
        return fail(err, FAIL_INTERNAL, "duckdb's syntax tree of the query does not read");
    }
    return true;
}

bool query_tables_read(Duck *duck, const char *sql, QueryTables **ret_tables, Err *err)
{
    QueryTables *tables = mem_alloc(sizeof(*tables));
    bool done = tree_read(duck, sql, tables, err);
    if (done && json_is_true(json_object_get(tables->tree, "error"))) {
        // The tree of a text that is no query: the error in the shape that duck_fail reads.
        json_auto_t *error =
            json_pack("{s:s, s:s, s:s}", "exception_type", "Parser", "exception_message",
                      node_text(tables->tree, "error_message"), "position",
                      node_text(tables->tree, "position"));
        CLEANUP(mem_free_text) char *text = json_dumps(error, JSON_COMPACT);
        done = duck_fail(duck, text, err);
    }
    if (done && !tables_walk(tables, json_object_get(tables->tree, "statements"), NULL, NULL, 0)) {
        done = fail(err, FAIL_CONFIG, "the query is nested too deeply");
    }
    if (!done) {
        query_tables_free(tables);
        return false;
    }
    tables->list = mem_alloc((tables->count + 1) * sizeof(*tables->list));
    for (size_t i = 0; i < tables->count; i++) {
        tables->list[i] = tables->places[i].table;
    }
    *ret_tables = tables;
    return true;
}

void query_tables_free(QueryTables *tables)
{
    if (tables == NULL) {
        return;
    }
    json_decref(tables->tree);
    free(tables->places);
    free(tables->list);
    free(tables->max_pts);
    free(tables);
}

const QueryTable *query_tables_list(const QueryTables *tables, size_t *ret_count)
{
    *ret_count = tables->count;
    return tables->list;
}

bool query_tables_is_sorted(const QueryTables *tables)
{
    const json_t *statement = json_array_get(json_object_get(tables->tree, "statements"), 0);
    const json_t *modifiers = json_object_get(json_object_get(statement, "node"), "modifiers");
    size_t i = 0;
    json_t *modifier = NULL;
    json_array_foreach(modifiers, i, modifier)
    {
        if (text_equal(node_text(modifier, "type"), "ORDER_MODIFIER")) {
            return true;
        }
    }
    return false;
}

const QueryTable *query_tables_max_pt(const QueryTables *tables, size_t *ret_count)
{
    *ret_count = tables->max_pt_count;
    return tables->max_pts;
}

static const char *const unsteady[] = {"random", "uuid",   "gen_random_uuid", "nextval",
                                       "rand",   "uuidv4", "uuidv7",          "unique_id"};

static bool node_is_unsteady(const json_t *node)
{
    const char *function = node_text(node, "function_name");
    for (size_t i = 0; i < ARRAY_LEN(unsteady); i++) {
        if (text_equal_nocase(function, unsteady[i])) {
            return true;
        }
    }
    return json_is_object(json_object_get(node, "sample"));
}

static const json_t *find_unsteady(const json_t *node)
{
    const json_t *found = json_is_object(node) && node_is_unsteady(node) ? node : NULL;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)node, key, value)
    {
        found = found == NULL ? find_unsteady(value) : found;
    }
    size_t i = 0;
    json_array_foreach(node, i, value)
    {
        found = found == NULL ? find_unsteady(value) : found;
    }
    return found;
}

bool query_tables_is_steady(const QueryTables *tables, size_t *ret_position)
{
    const json_t *found = find_unsteady(tables->tree);
    *ret_position = found == NULL ? 0 : node_position(found);
    return found == NULL;
}

// --- pruning --------------------------------------------------------------------------------------------

static bool column_is_ours(const Place *place, const DeltaTable *table, const json_t *node)
{
    const json_t *names = json_object_get(node, "column_names");
    const size_t count = json_array_size(names);
    const char *last = json_string_value(json_array_get(names, count - 1));
    if (last == NULL || delta_partition_column(table, last) == SIZE_MAX) {
        return false;
    }
    return count == 1 ? place->is_alone
                      : count == 2
                            && text_equal_nocase(json_string_value(json_array_get(names, 0)),
                                                 place->alias);
}

// Whether an expression is computed from the place's partition columns and constants alone.
// *columns counts the former.
static bool expression_is_ours(const Place *place, const DeltaTable *table, const json_t *node,
                               size_t *columns)
{
    static const char *const classes[] = {"CONSTANT", "COMPARISON", "CONJUNCTION", "FUNCTION",
                                          "OPERATOR", "BETWEEN",    "CAST",        "CASE"};
    if (json_is_object(node)) {
        const char *class = node_text(node, "class");
        bool is_known = json_object_get(node, "class") == NULL;
        if (text_equal(class, "COLUMN_REF")) {
            ++*columns;
            return column_is_ours(place, table, node);
        }
        for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
            is_known = is_known || text_equal(class, classes[i]);
        }
        if (!is_known || node_is_unsteady(node)) {
            return false;
        }
        const char *key = NULL;
        json_t *value = NULL;
        json_object_foreach((json_t *)(uintptr_t)node, key, value)
        {
            if (!expression_is_ours(place, table, value, columns)) {
                return false;
            }
        }
    }
    size_t i = 0;
    json_t *value = NULL;
    json_array_foreach(node, i, value)
    {
        if (!expression_is_ours(place, table, value, columns)) {
            return false;
        }
    }
    return true;
}

#define PARTITIONS_TABLE "weir partitions"
#define PARTITIONS_FILE "weir file"  // a partition column may have any simple name

// The table's files with their partition values; -1 is a row of NULLs.
static bool partitions_define(Duck *duck, const DeltaTable *table, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "CREATE OR REPLACE TEMP TABLE \"" PARTITIONS_TABLE
                       "\" AS SELECT \"" PARTITIONS_FILE "\"");
    for (size_t i = 0; i < table->partition_count; i++) {
        const size_t field = schema_find(&table->schema, table->partition_columns[i]);
        buf_add_text(&sql, ", ");
        CLEANUP(buf_done) Buf value = {0};
        buf_add_format(&value, "p%zu", i);
        table_view_partition_value(buf_text(&value), table->schema.fields[field].type, &sql);
        buf_add_text(&sql, " AS ");
        duck_quote_name(table->partition_columns[i], &sql);
    }
    buf_add_text(&sql, " FROM (VALUES (-1");
    for (size_t i = 0; i < table->partition_count; i++) {
        buf_add_text(&sql, ", CAST(NULL AS VARCHAR)");
    }
    for (size_t f = 0; f < table->file_count; f++) {
        buf_add_format(&sql, "), (%zu", f);
        for (size_t i = 0; i < table->partition_count; i++) {
            const char *value = table->files[f].partition_values[i];
            buf_add_text(&sql, ", ");
            if (value == NULL) {
                buf_add_text(&sql, "NULL");
            } else {
                duck_quote_text(value, &sql);
            }
        }
    }
    buf_add_text(&sql, ")) AS files(\"" PARTITIONS_FILE "\"");
    for (size_t i = 0; i < table->partition_count; i++) {
        buf_add_format(&sql, ", p%zu", i);
    }
    buf_add_char(&sql, ')');
    return buf_ok(&sql, "the list of partitions", err) && duck_run(duck, buf_text(&sql), err);
}

typedef struct Matches {
    bool *files;
    bool takes_nulls;
} Matches;

static bool take_match(void *context, size_t count, const char *const *cells, const size_t *lens,
                       Err *err)
{
    (void)count;
    (void)lens;
    (void)err;
    Matches *matches = context;
    int64_t file = -1;
    if (text_parse_int(cells[0], 0, INT64_MAX, &file)) {
        matches->files[file] = true;
    } else {
        matches->takes_nulls = true;
    }
    return true;
}

// SELECT "weir file" FROM "weir partitions" AS <alias> WHERE <condition>, as SQL.
static bool condition_sql(Duck *duck, const Place *place, const json_t *condition, Buf *out,
                          Err *err)
{
    json_auto_t *tree = json_pack(
        "{s:b, s:[{s:{s:s, s:[], s:{s:[]}, s:[{s:s, s:s, s:s, s:i, s:[s]}],"
        " s:{s:s, s:s, s:n, s:i, s:s, s:s, s:[], s:s, s:n}, s:O, s:[], s:[], s:s, s:n, s:n, s:n},"
        " s:[]}]}",
        "error", 0, "statements", "node", "type", "SELECT_NODE", "modifiers", "cte_map", "map",
        "select_list", "class", "COLUMN_REF", "type", "COLUMN_REF", "alias", "", "query_location",
        0, "column_names", PARTITIONS_FILE, "from_table", "type", "BASE_TABLE", "alias",
        place->alias, "sample", "query_location", 0, "schema_name", "", "table_name",
        PARTITIONS_TABLE, "column_name_alias", "catalog_name", "", "at_clause", "where_clause",
        condition, "group_expressions", "group_sets", "aggregate_handling", "STANDARD_HANDLING",
        "having", "sample", "qualify", "named_param_map");
    CLEANUP(mem_free_text) char *text = json_dumps(tree, JSON_COMPACT);
    CLEANUP(buf_done) Buf query = {0};
    if (text == NULL) {
        return fail(err, FAIL_INTERNAL, "a condition of the query cannot be written");
    }
    buf_add_text(&query, "SELECT json_deserialize_sql(");
    duck_quote_text(text, &query);
    buf_add_char(&query, ')');
    return duck_query(duck, buf_text(&query), take_text, out, err);
}

// Clears from `files` what the condition excludes. Where DuckDB cannot compute it nothing is: the
// query itself will say why.
static void condition_apply(Duck *duck, const Place *place, const json_t *condition, size_t count,
                            bool *files)
{
    CLEANUP(buf_done) Buf sql = {0};
    Err err = {0};
    Matches matches = {.files = mem_alloc((count + 1) * sizeof(*matches.files))};
    if (condition_sql(duck, place, condition, &sql, &err)
        && duck_query(duck, buf_text(&sql), take_match, &matches, &err) && !matches.takes_nulls) {
        for (size_t i = 0; i < count; i++) {
            files[i] = files[i] && matches.files[i];
        }
    }
    free(matches.files);
}

// Applies a WHERE: its parts that are joined by AND each by itself.
static void where_apply(Duck *duck, const Place *place, const DeltaTable *table,
                        const json_t *where, bool *files)
{
    if (text_equal(node_text(where, "type"), "CONJUNCTION_AND")) {
        size_t i = 0;
        json_t *child = NULL;
        json_array_foreach(json_object_get(where, "children"), i, child)
        {
            where_apply(duck, place, table, child, files);
        }
        return;
    }
    size_t columns = 0;
    if (json_is_object(where) && expression_is_ours(place, table, where, &columns) && columns > 0) {
        condition_apply(duck, place, where, table->file_count, files);
    }
}

bool query_tables_prune(Duck *duck, const QueryTables *tables, const char *name,
                        const DeltaTable *table, bool *keep, Err *err)
{
    if (!tables->is_exact || table->partition_count == 0 || table->file_count < 2) {
        return true;
    }
    if (!partitions_define(duck, table, err)) {
        return false;
    }
    bool *needed = mem_alloc((table->file_count + 1) * sizeof(*needed));
    bool *files = mem_alloc((table->file_count + 1) * sizeof(*files));
    for (size_t p = 0; p < tables->count; p++) {
        const Place *place = &tables->places[p];
        if (!text_equal_nocase(place->table.name, name)) {
            continue;
        }
        memset(files, true, table->file_count);
        where_apply(duck, place, table, place->where, files);
        for (size_t i = 0; i < table->file_count; i++) {
            needed[i] = needed[i] || files[i];
        }
    }
    for (size_t i = 0; i < table->file_count; i++) {
        keep[i] = keep[i] && needed[i];
    }
    free(files);
    free(needed);
    return duck_run(duck, "DROP TABLE \"" PARTITIONS_TABLE "\"", err);
}

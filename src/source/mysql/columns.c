// What the columns of a source are, and how each is to be asked for.
//
// Types come from a prepared statement's description of its rows, so that tables, views,
// expressions and queries go one way; information_schema adds the order, hidden columns, and the
// words of the DDL.
//
// TIMESTAMP is sent in the session's zone, where an hour may occur twice: UNIX_TIMESTAMP(column) is
// the instant. An expression that turns out to be of that type is computed in a subquery, whose
// column is then wrapped (the text of an expression may hold an alias, which cannot be wrapped).
// Plain columns are wrapped where they stand, inside the subquery too: MySQL reads the instant
// itself only from the column of a base table, and goes through local time for all else.
#include "source/mysql/relation.h"

#include <mysql.h>

#include "base/text.h"

// --- what the server says of a table --------------------------------------------------------------------------------------

static bool learn_infos(Relation *relation, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(
        &sql,
        "SELECT column_name, data_type, column_type, character_set_name, collation_name, column_comment,"
        " is_nullable FROM information_schema.columns WHERE table_schema = ");
    sql_add_literal(&sql, relation->database);
    buf_add_text(&sql, " AND table_name = ");
    sql_add_literal(&sql, relation->table);
    buf_add_text(&sql, " ORDER BY ordinal_position");
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(relation->server->control, buf_text(&sql), &rows, err)) {
        return false;
    }
    relation->info_count = rows.row_count;
    relation->infos = mem_alloc((rows.row_count + 1) * sizeof *relation->infos);
    for (size_t i = 0; i < rows.row_count; i++) {
        relation->infos[i] =
            (ColumnInfo){.name = mem_copy_text(conn_cell(&rows, i, 0)),
                         .data_type = mem_copy_text(conn_cell(&rows, i, 1)),
                         .column_type = mem_copy_text(conn_cell(&rows, i, 2)),
                         .charset = mem_copy_text(conn_cell(&rows, i, 3)),
                         .collation = mem_copy_text(conn_cell(&rows, i, 4)),
                         .comment = mem_copy_text(conn_cell(&rows, i, 5)),
                         .is_nullable = text_equal_nocase(conn_cell(&rows, i, 6), "YES")};
    }
    return true;
}

static const char *named_cell(const ConnRows *rows, size_t row, const char *column)
{
    const size_t at = conn_rows_find(rows, column);
    return at == SIZE_MAX ? NULL : conn_cell(rows, row, at);
}

static void add_index_column(Relation *relation, const ConnRows *rows, size_t row)
{
    const char *name = named_cell(rows, row, "Key_name");
    const char *column = named_cell(rows, row, "Column_name");
    IndexInfo *index =
        relation->index_count == 0 ? NULL : &relation->indexes[relation->index_count - 1];
    if (index == NULL || strcmp(index->name, name) != 0) {
        relation->indexes =
            mem_grow(relation->indexes, (relation->index_count + 1) * sizeof *relation->indexes);
        index = &relation->indexes[relation->index_count++];
        *index = (IndexInfo){.name = mem_copy_text(name),
                             .is_unique = text_equal(named_cell(rows, row, "Non_unique"), "0"),
                             .is_usable = true};
    }
    const size_t at = column == NULL ? SIZE_MAX : relation_find_info(relation, column);
    if (at == SIZE_MAX || named_cell(rows, row, "Sub_part") != NULL
        || !text_equal_nocase(named_cell(rows, row, "Index_type"), "BTREE")
        || text_equal_nocase(named_cell(rows, row, "Visible"), "NO")
        || text_equal_nocase(named_cell(rows, row, "Ignored"), "YES")) {
        index->is_usable = false;
        return;
    }
    index->columns = mem_grow(index->columns, (index->column_count + 1) * sizeof *index->columns);
    index->columns[index->column_count++] = at;
}

static bool learn_indexes(Relation *relation, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_format(&sql, "SHOW INDEX FROM %s", relation->from);
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(relation->server->control, buf_text(&sql), &rows, err)) {
        return false;
    }
    for (size_t i = 0; i < rows.row_count; i++) {
        add_index_column(relation, &rows, i);
    }
    return true;
}

// --- the columns of a job -------------------------------------------------------------------------------------------------

// One column of the result: a plain name (index in infos) or an expression.
typedef struct Entry {
    char *sql;
    size_t info;  // SIZE_MAX for expressions
} Entry;

typedef struct Entries {
    Entry *items;
    size_t count;
} Entries;

static void entries_done(Entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->items[i].sql);
    }
    free(entries->items);
}

static void add_info_entry(Entries *entries, const Relation *relation, size_t info)
{
    CLEANUP(buf_done) Buf sql = {0};
    sql_add_name(&sql, relation->infos[info].name);
    entries->items = mem_grow(entries->items, (entries->count + 1) * sizeof *entries->items);
    entries->items[entries->count++] = (Entry){.sql = buf_take(&sql), .info = info};
}

static void add_text_entry(Entries *entries, const Relation *relation, const char *text)
{
    while (strchr(" \t\r\n", *text) != NULL && *text != '\0') {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        len--;
    }
    char *entry = mem_copy_bytes(text, len);
    char *database = NULL, *name = NULL;
    bool is_quoted = false;
    Err ignored;
    size_t info = relation_find_info(relation, entry);
    if (info == SIZE_MAX && *entry == '`'
        && tables_split_name(entry, &database, &name, &is_quoted, &ignored)) {
        info = database == NULL ? relation_find_info(relation, name) : SIZE_MAX;
        free(database);
        free(name);
    }
    if (info != SIZE_MAX) {
        add_info_entry(entries, relation, info);
        free(entry);
        return;
    }
    entries->items = mem_grow(entries->items, (entries->count + 1) * sizeof *entries->items);
    entries->items[entries->count++] = (Entry){.sql = entry, .info = SIZE_MAX};
}

static void list_entries(const Relation *relation, Entries *entries)
{
    char **columns = relation->spec->columns;
    if (columns == NULL || columns[0] == NULL) {
        for (size_t i = 0; i < relation->info_count; i++) {
            add_info_entry(entries, relation, i);
        }
        return;
    }
    for (char **column = columns; *column != NULL; column++) {
        if (text_equal(*column, "*")) {
            for (size_t i = 0; i < relation->info_count; i++) {
                add_info_entry(entries, relation, i);
            }
        } else {
            add_text_entry(entries, relation, *column);
        }
    }
}

// The entries as a select list. A line each: an entry may end with a comment.
static void add_list(Buf *sql, const Entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        buf_add_text(sql, i == 0 ? "" : ", ");
        buf_add_text(sql, entries->items[i].sql);
        buf_add_text(sql, entries->items[i].info == SIZE_MAX ? "\n" : "");
    }
}

// Is this column to be read as UNIX_TIMESTAMP(column)?
static bool is_wrapped(const Relation *relation, size_t column)
{
    return relation->schema.fields[column].type.kind == TYPE_INSTANT;
}

static void add_column(Buf *list, const char *column, bool wrap)
{
    buf_add_format(list, wrap ? "UNIX_TIMESTAMP(%s)" : "%s", column);
}

// The entries for a subquery: plain columns wrapped, under their own names, expressions as they
// are.
static void add_inner_list(Buf *sql, const Relation *relation, const Entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        const Entry *entry = &entries->items[i];
        buf_add_text(sql, i == 0 ? "" : ", ");
        if (entry->info == SIZE_MAX) {
            buf_add_format(sql, "%s\n", entry->sql);
        } else if (is_wrapped(relation, i)) {
            buf_add_format(sql, "UNIX_TIMESTAMP(%s) AS %s", entry->sql, entry->sql);
        } else {
            buf_add_text(sql, entry->sql);
        }
    }
}

static void write_lists(Relation *relation, const Entries *entries)
{
    bool needs_inner = false;
    bool needs_wrap = false;
    for (size_t i = 0; i < entries->count; i++) {
        const bool wrap = is_wrapped(relation, i);
        const bool is_expression = entries->items[i].info == SIZE_MAX;
        needs_wrap = needs_wrap || wrap;
        needs_inner = needs_inner || (wrap && is_expression);
        relation->has_local_instants =
            relation->has_local_instants || (wrap && (is_expression || !relation->is_base_table));
    }
    const bool is_plain_query = relation->table == NULL && relation->spec->columns == NULL;
    if (is_plain_query && !needs_wrap && *relation->condition == '\0') {
        return;  // the query runs as the user wrote it
    }
    CLEANUP(buf_done) Buf list = {0};
    for (size_t i = 0; i < entries->count; i++) {
        CLEANUP(buf_done) Buf name = {0};
        if (needs_inner) {
            sql_add_name(&name, relation->schema.fields[i].name);
        } else {
            buf_add_text(&name, entries->items[i].sql);
        }
        buf_add_text(&list, i == 0 ? "" : ", ");
        const bool is_done = needs_inner && entries->items[i].info != SIZE_MAX;
        add_column(&list, buf_text(&name), is_wrapped(relation, i) && !is_done);
    }
    relation->select_list = buf_take(&list);
    if (needs_inner) {
        CLEANUP(buf_done) Buf inner = {0};
        add_inner_list(&inner, relation, entries);
        relation->inner_list = buf_take(&inner);
    }
}

static bool check_names(const Relation *relation, Err *err)
{
    const Schema *schema = &relation->schema;
    for (size_t i = 0; i < schema->count; i++) {
        if (*schema->fields[i].name == '\0') {
            (void)fail(err, FAIL_CONFIG, "column %zu of %s has no name", i + 1, relation->name);
            return fail_hint(err, "Give it one: `expression AS name`.");
        }
        if (schema_find(schema, schema->fields[i].name) != i) {
            (void)fail(err, FAIL_CONFIG, "%s gives two columns named \"%s\"", relation->name,
                       schema->fields[i].name);
            return fail_hint(err, "Give one of them another name: `expression AS name`.");
        }
    }
    return true;
}

static void add_field(Relation *relation, const Entry *entry, const ConnField *field,
                      ZeroDates zero_dates)
{
    const ColumnInfo *info = entry->info == SIZE_MAX ? NULL : &relation->infos[entry->info];
    // Servers' NOT NULL flags of expressions and views are not to be built on; a zero date becomes
    // NULL.
    const Type type = column_type(field, zero_dates);
    const bool may_be_zero =
        type.kind == TYPE_DATE || type.kind == TYPE_DATETIME || type.kind == TYPE_INSTANT;
    const bool is_nullable = info == NULL || !relation->is_base_table || info->is_nullable
                             || (may_be_zero && zero_dates == ZERO_DATES_NULL);
    Field *added =
        schema_add(&relation->schema, info == NULL ? field->name : info->name, type, is_nullable);
    if (info != NULL) {
        added->source_type = mem_copy_text(info->column_type);
        added->comment =
            info->comment == NULL || *info->comment == '\0' ? NULL : mem_copy_text(info->comment);
    }
}

// A query's columns stand in for those of a table, so that `columns` and `incremental` can name
// them.
static bool learn_query_infos(Relation *relation, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_format(&sql, "SELECT * FROM %s", relation->from);
    Conn *conn = relation->server->control;
    if (!conn_describe(conn, buf_text(&sql), err)) {
        return err_context(err, "query");
    }
    size_t count = 0;
    const ConnField *fields = conn_stream_fields(conn, &count);
    relation->infos = mem_alloc((count + 1) * sizeof *relation->infos);
    relation->info_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *type = fields[i].type == MYSQL_TYPE_TIMESTAMP  ? "timestamp"
                           : fields[i].type == MYSQL_TYPE_DATETIME ? "datetime"
                           : fields[i].type == MYSQL_TYPE_DATE     ? "date"
                                                                   : "expression";
        relation->infos[i] = (ColumnInfo){.name = mem_copy_text(fields[i].name),
                                          .data_type = mem_copy_text(type),
                                          .is_nullable = true};
    }
    conn_end_stream(conn);
    return true;
}

// The column that the server does not know, by its own words "Unknown column 't.name' in ...", or
// NULL.
static char *unknown_column(const char *message)
{
    const char *begin = strstr(message, "nknown column '");
    if (begin == NULL) {
        return NULL;
    }
    begin = strchr(begin, '\'') + 1;
    const char *end = strchr(begin, '\'');
    if (end == NULL) {
        return NULL;
    }
    char *name = mem_copy_bytes(begin, (size_t)(end - begin));
    const char *dot = strrchr(name, '.');
    if (dot != NULL) {
        memmove(name, dot + 1, strlen(dot));
    }
    return name;
}

// The server's error of the probe, in words of the job where it is a name in `columns`.
static bool fail_probe(const Relation *relation, const Entries *entries, Err *err)
{
    CLEANUP(mem_free_text)
    char *name = conn_last_errno(relation->server->control) == 1054 /* unknown column */
                     ? unknown_column(err->message)
                     : NULL;
    for (size_t i = 0; i < entries->count && name != NULL; i++) {
        const char *sql = entries->items[i].sql;
        const size_t len = strlen(name);
        const bool is_quoted =
            *sql == '`' && strncmp(sql + 1, name, len) == 0 && text_equal(sql + 1 + len, "`");
        if (entries->items[i].info == SIZE_MAX && (is_quoted || text_equal(sql, name))) {
            (void)fail(err, FAIL_CONFIG, "columns: there is no column \"%s\" in %s", name,
                       relation->name);
            (void)fail_hint(err, "Name columns of the table, or expressions as in a SELECT.");
            relation_hint_nearest(relation, name, err);
            return false;
        }
    }
    if (name != NULL) {
        relation_hint_nearest(relation, name, err);
    }
    return err_context(err, "%s", relation->name);
}

// Entries that are several columns each.
static bool fail_entries(const Relation *relation, const Entries *entries, size_t count, Err *err)
{
    CLEANUP(buf_done) Buf list = {0};
    for (char **column = relation->spec->columns; column != NULL && *column != NULL; column++) {
        buf_add_format(&list, "%s%s", list.len == 0 ? "" : ", ", *column);
    }
    const bool is_plain = strpbrk(buf_text(&list), "()'\"#*/") == NULL;
    if (entries->count == 1) {
        (void)fail(err, FAIL_CONFIG, "%s: the one entry \"%s\" of `columns` gives %zu columns",
                   relation->name, entries->items[0].sql, count);
    } else {
        (void)fail(err, FAIL_CONFIG, "%s: the %zu entries of `columns` give %zu columns",
                   relation->name, entries->count, count);
    }
    return is_plain ? fail_hint(err, "Write `columns: [%s]`.", buf_text(&list))
                    : fail_hint(err, "Each entry must be one column or one expression.");
}

static bool probe(Relation *relation, const Entries *entries, const Job *job, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SELECT ");
    add_list(&sql, entries);
    buf_add_format(&sql, " FROM %s%s%s", relation->from,
                   *relation->condition == '\0' ? "" : " WHERE ", relation->condition);
    Conn *conn = relation->server->control;
    if (!buf_ok(&sql, "the list of columns", err)) {
        return false;
    }
    if (!conn_describe(conn, buf_text(&sql), err)) {
        return fail_probe(relation, entries, err);
    }
    size_t count = 0;
    const ConnField *fields = conn_stream_fields(conn, &count);
    const bool is_complete = count == entries->count;
    for (size_t i = 0; i < count && is_complete; i++) {
        add_field(relation, &entries->items[i], &fields[i], job->zero_dates);
    }
    conn_end_stream(conn);
    return is_complete || fail_entries(relation, entries, count, err);
}

// What the slices will give: the final statement may give an expression another type than the
// first one did (MySQL describes some otherwise inside a derived table).
static bool settle(Relation *relation, ZeroDates zero_dates, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    relation_select(relation, "", NULL, &sql);
    Conn *conn = relation->server->control;
    if (!buf_ok(&sql, "the list of columns", err)) {
        return false;
    }
    if (!conn_describe(conn, buf_text(&sql), err)) {
        return err_context(err, "%s", relation->name);
    }
    size_t count = 0;
    const ConnField *fields = conn_stream_fields(conn, &count);
    if (count != relation->schema.count) {
        conn_end_stream(conn);
        (void)fail(err, FAIL_SOURCE, "the structure of %s changed while the run was planned",
                   relation->name);
        err->retriable = true;
        return false;
    }
    relation->probed = mem_alloc((count + 1) * sizeof *relation->probed);
    for (size_t i = 0; i < count; i++) {
        relation->probed[i] = fields[i];
        relation->probed[i].name = mem_copy_text(fields[i].name);
        if (!is_wrapped(relation, i)) {
            relation->schema.fields[i].type = column_type(&fields[i], zero_dates);
        }
    }
    relation->probe = buf_take(&sql);
    conn_end_stream(conn);
    return true;
}

// Lists of columns hide what the user may not read; SELECT * does not.
static bool check_whole_table(const Relation *relation, Err *err)
{
    if (relation->info_count == 0) {
        (void)fail(err, FAIL_SOURCE, "the columns of %s cannot be seen", relation->name);
        return fail_hint(err, "Grant the user SELECT on the table.");
    }
    if (relation->spec->columns != NULL) {
        return true;
    }
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_format(&sql, "SELECT * FROM %s", relation->from);
    if (conn_describe(relation->server->control, buf_text(&sql), err)) {
        conn_end_stream(relation->server->control);
        return true;
    }
    if (conn_last_errno(relation->server->control) == 1142 /* command denied on a table */) {
        (void)fail_hint(
            err,
            "Grant the user SELECT on the whole table, or name the columns it may read in `columns`.");
    }
    return err_context(err, "%s", relation->name);
}

bool columns_learn(Relation *relation, const Job *job, Err *err)
{
    if (relation->table == NULL) {
        if (!learn_query_infos(relation, err)) {
            return false;
        }
    } else if (!learn_infos(relation, err) || !check_whole_table(relation, err)
               || (relation->is_base_table && !learn_indexes(relation, err))) {
        return false;
    }
    if (!condition_build(relation, job, err)) {
        return false;
    }
    CLEANUP(entries_done) Entries entries = {0};
    list_entries(relation, &entries);
    if (!probe(relation, &entries, job, err) || !check_names(relation, err)) {
        return false;
    }
    write_lists(relation, &entries);
    return settle(relation, job->zero_dates, err);
}

// Flags of keys and defaults do not change what a value is.
#define FLAGS_THAT_COUNT \
    (NOT_NULL_FLAG | UNSIGNED_FLAG | ZEROFILL_FLAG | BINARY_FLAG | ENUM_FLAG | SET_FLAG | BLOB_FLAG)

static bool field_equal(const ConnField *a, const ConnField *b)
{
    return text_equal(a->name, b->name) && a->type == b->type
           && (a->flags & FLAGS_THAT_COUNT) == (b->flags & FLAGS_THAT_COUNT)
           && a->charset == b->charset && a->decimals == b->decimals && a->length == b->length;
}

static bool columns_compare(const Relation *relation, const ConnField *fields, size_t count,
                            Err *err)
{
    size_t at = 0;
    while (at < count && at < relation->schema.count
           && field_equal(&fields[at], &relation->probed[at])) {
        at++;
    }
    if (at == count && at == relation->schema.count) {
        return true;
    }
    if (at < count && at < relation->schema.count) {
        (void)fail(err, FAIL_SOURCE,
                   "the structure of %s changed while the run was planned: column \"%s\" is not "
                   "what it was",
                   relation->name, relation->probed[at].name);
    } else {
        (void)fail(err, FAIL_SOURCE,
                   "the structure of %s changed while the run was planned: it gave %zu columns, "
                   "and now %zu",
                   relation->name, relation->schema.count, count);
    }
    err->retriable = true;
    return fail_hint(err, "Start the run over when the change is finished.");
}

void columns_note_change(Err *err)
{
    if (err->kind == FAIL_CONFIG) {
        err->kind = FAIL_SOURCE;
        err->retriable = true;
    }
}

bool columns_check(const Relation *relation, Conn *conn, Err *err)
{
    if (!conn_describe(conn, relation->probe, err)) {
        columns_note_change(err);
        return err_context(err, "the structure of %s", relation->name);
    }
    size_t count = 0;
    const ConnField *fields = conn_stream_fields(conn, &count);
    const bool is_same = columns_compare(relation, fields, count, err);
    conn_end_stream(conn);
    return is_same;
}

bool columns_unify(Relation *first, const Relation *other, Err *err)
{
    static const char hint[] =
        "All tables of a job must have the same columns in the same order; name them in `columns`, with CAST "
        "where a type differs.";
    if (first->schema.count != other->schema.count) {
        (void)fail(err, FAIL_CONFIG, "%s has %zu columns and %s has %zu", first->name,
                   first->schema.count, other->name, other->schema.count);
        return fail_hint(err, "%s", hint);
    }
    for (size_t i = 0; i < first->schema.count; i++) {
        Field *a = &first->schema.fields[i];
        const Field *b = &other->schema.fields[i];
        if (!text_equal_nocase(a->name, b->name)) {
            (void)fail(err, FAIL_CONFIG, "column %zu is \"%s\" in %s and \"%s\" in %s", i + 1,
                       a->name, first->name, b->name, other->name);
            return fail_hint(err, "%s", hint);
        }
        if (!type_equal(a->type, b->type)) {
            CLEANUP(buf_done) Buf a_type = {0};
            CLEANUP(buf_done) Buf b_type = {0};
            type_describe(a->type, &a_type);
            type_describe(b->type, &b_type);
            (void)fail(err, FAIL_CONFIG, "column \"%s\" is %s in %s and %s in %s", a->name,
                       buf_text(&a_type), first->name, buf_text(&b_type), other->name);
            return fail_hint(err, "%s", hint);
        }
        a->nullable = a->nullable || b->nullable;
        if (b->type.scale > a->type.scale) {
            a->type.scale = b->type.scale;  // of times; decimals were equal
        }
    }
    return true;
}

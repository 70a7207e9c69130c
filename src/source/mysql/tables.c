// From what a job calls its tables to tables that exist: names, DataX's number ranges, wildcards.
//
// Ranges promise that each table is there (a missing shard is lost data, so it is an error);
// wildcards take what is there and must find at least one. Wildcards see base tables only: a view
// beside its table would give rows twice.
#include "source/mysql/relation.h"

#include <stdio.h>

#include "base/text.h"
#include "source/mysql/slices_internal.h"

#define NAMES_LISTED_MAX 12  // of tables, in a hint

static void names_free(char ***names)
{
    for (char **name = *names; name != NULL && *name != NULL; name++) {
        free(*name);
    }
    free(*names);
    *names = NULL;
}

// Reads "[12-34]" at `text`. Returns the text after it, or NULL where it is no range.
static const char *parse_range(const char *text, int64_t *ret_from, int64_t *ret_to, int *ret_width)
{
    size_t digits[2] = {0, 0};
    int64_t numbers[2] = {0, 0};
    const char *p = text + 1;
    for (int i = 0; i < 2; i++) {
        for (; *p >= '0' && *p <= '9' && digits[i] < 10; p++, digits[i]++) {
            numbers[i] = numbers[i] * 10 + (*p - '0');
        }
        if (digits[i] == 0 || *p != (i == 0 ? '-' : ']')) {
            return NULL;
        }
        p++;
    }
    *ret_from = numbers[0];
    *ret_to = numbers[1];
    *ret_width = text[1] == '0' && digits[0] > 1 ? (int)digits[0] : 0;
    return p;
}

static void names_add(char ***names, size_t *count, char *name)
{
    *names = mem_grow(*names, (*count + 2) * sizeof **names);
    (*names)[(*count)++] = name;
    (*names)[*count] = NULL;
}

bool tables_expand_ranges(const char *pattern, char ***ret_names, Err *err)
{
    CLEANUP(names_free) char **done = NULL;
    size_t count = 0;
    names_add(&done, &count, mem_copy_text(""));
    for (const char *p = pattern; *p != '\0';) {
        int64_t from = 0, to = 0;
        int width = 0;
        const char *after = *p == '[' ? parse_range(p, &from, &to, &width) : NULL;
        char **next = NULL;
        size_t next_count = 0;
        if (after == NULL) {
            from = to = 0;
        } else if (from > to || (uint64_t)(to - from) >= TABLES_PATTERN_MAX / count) {
            (void)fail(err, FAIL_CONFIG,
                       "table pattern \"%s\": the range is empty or gives more than %d tables",
                       pattern, TABLES_PATTERN_MAX);
            return fail_hint(err, "Write the lower number first: t_[0-99].");
        }
        for (size_t i = 0; i < count; i++) {
            for (int64_t n = from; n <= to; n++) {
                names_add(&next, &next_count,
                          after == NULL ? mem_format("%s%c", done[i], *p)
                                        : mem_format("%s%0*" PRId64, done[i], width, n));
            }
        }
        names_free(&done);
        done = next;
        count = next_count;
        p = after == NULL ? p + 1 : after;
    }
    *ret_names = done;
    done = NULL;
    return true;
}

bool tables_match(const char *pattern, const char *name)
{
    const char *star = NULL;
    const char *retry = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (*pattern == '?' || *pattern == *name) {
            const bool is_any = *pattern == '?';
            pattern++;
            name++;
            while (is_any && ((unsigned char)*name & 0xc0) == 0x80) {
                name++;  // one character may be several bytes
            }
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

// One part of a name, quoted or not; *text moves behind it.
static char *name_part(const char **text, bool *is_quoted, bool may_end_at_dot)
{
    CLEANUP(buf_done) Buf part = {0};
    const char *p = *text;
    if (*p == '`') {
        *is_quoted = true;
        for (p++; *p != '\0'; p++) {
            if (*p == '`') {
                if (p[1] != '`') {
                    p++;
                    break;
                }
                p++;
            }
            buf_add_char(&part, *p);
        }
    } else {
        for (; *p != '\0' && !(may_end_at_dot && *p == '.'); p++) {
            buf_add_char(&part, *p);
        }
    }
    *text = p;
    return mem_copy_text(buf_text(&part));
}

bool tables_split_name(const char *text, char **ret_database, char **ret_table, bool *ret_is_quoted,
                       Err *err)
{
    bool is_quoted = false;
    const char *p = text;
    char *first = name_part(&p, &is_quoted, true);
    char *second = NULL;
    if (*p == '.') {
        p++;
        second = name_part(&p, &is_quoted, false);
    }
    if (*p != '\0' || *first == '\0' || (second != NULL && *second == '\0')) {
        free(first);
        free(second);
        (void)fail(err, FAIL_CONFIG, "\"%s\" is no name of a table", text);
        return fail_hint(
            err,
            "Write table, database.table, or with odd characters `database`.`table` in backticks.");
    }
    *ret_database = second == NULL ? NULL : first;
    *ret_table = second == NULL ? first : second;
    *ret_is_quoted = is_quoted;
    return true;
}

// --- on the server --------------------------------------------------------------------------------------------------------

static Relation *relation_add(Relation **relations, size_t *count, Server *server,
                              const SourceSpec *spec)
{
    *relations = mem_grow(*relations, (*count + 1) * sizeof **relations);
    Relation *relation = &(*relations)[(*count)++];
    *relation = (Relation){.server = server, .spec = spec};
    return relation;
}

// Rows of one of information_schema's tables, at `row` of `rows` (schema, name, type, engine,
// rows, bytes of a row).
//
// Only of InnoDB it is known that a snapshot opened now sees exactly what is committed now. Other
// engines also say that they know transactions (NDB, SPIDER, FEDERATED, ROCKSDB ...), but their
// rows are those of other servers, or of the moment when each connection first reads.
static void add_table(const ConnRows *rows, size_t row, Relation **relations, size_t *count,
                      Server *server, const SourceSpec *spec)
{
    Relation *relation = relation_add(relations, count, server, spec);
    relation->database = mem_copy_text(conn_cell(rows, row, 0));
    relation->table = mem_copy_text(conn_cell(rows, row, 1));
    relation->name = mem_format("%s.%s", relation->database, relation->table);
    relation->is_base_table = strstr(conn_cell(rows, row, 2), "VIEW") == NULL;
    relation->engine = mem_copy_text(conn_cell(rows, row, 3));
    relation->is_transactional =
        relation->engine != NULL && text_equal_nocase(relation->engine, "InnoDB");
    relation->rows_estimated = slices_parse_count(conn_cell(rows, row, 4));
    relation->row_bytes_estimated = slices_parse_count(conn_cell(rows, row, 5));
    CLEANUP(buf_done) Buf from = {0};
    sql_add_name(&from, relation->database);
    buf_add_char(&from, '.');
    sql_add_name(&from, relation->table);
    relation->from = buf_take(&from);
}

static const char tables_select[] =
    "SELECT t.table_schema, t.table_name, t.table_type, t.engine, t.table_rows, t.avg_row_length"
    " FROM information_schema.tables AS t WHERE ";

// The server's own words for a table that information_schema does not show: it is not there, or may
// not be seen.
static bool table_missing(Server *server, const char *database, const char *table, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SELECT 1 FROM ");
    sql_add_name(&sql, database);
    buf_add_char(&sql, '.');
    sql_add_name(&sql, table);
    buf_add_text(&sql, " LIMIT 0");
    if (conn_execute(server->control, buf_text(&sql), err)) {
        (void)fail(err, FAIL_CONFIG, "table %s.%s cannot be described", database, table);
        return fail_hint(
            err,
            "Temporary tables and tables of information_schema cannot be copied; use `query`.");
    }
    if (conn_last_errno(server->control) != 1146) {
        return false;
    }
    buf_clear(&sql);
    buf_add_text(&sql, "SELECT table_name FROM information_schema.tables WHERE table_schema = ");
    sql_add_literal(&sql, database);
    ConnRows rows = {0};
    Err ignored;
    if (conn_rows(server->control, buf_text(&sql), &rows, &ignored)) {
        const char **names = mem_alloc((rows.row_count + 1) * sizeof *names);
        for (size_t i = 0; i < rows.row_count; i++) {
            names[i] = conn_cell(&rows, i, 0);
        }
        const char *nearest = text_nearest(table, names);
        if (nearest != NULL) {
            (void)fail_hint(err, "Did you mean \"%s\"?", nearest);
        }
        free(names);
    }
    conn_rows_done(&rows);
    return false;
}

// A range needs a table that is not there: says which of the kind are.
static bool range_missing(Server *server, const char *database, const char *table,
                          const char *pattern, Err *err)
{
    const char *dot = strrchr(pattern, '.');  // of "database.table"
    const char *begin = dot == NULL ? pattern : dot + 1;
    CLEANUP(mem_free_text) char *prefix = mem_copy_bytes(begin, strcspn(begin, "["));
    CLEANUP(mem_free_text) char *likes = mem_format("%s*", prefix);
    (void)fail(err, FAIL_CONFIG,
               "datasource \"%s\": the range \"%s\" needs the table %s.%s, which is not there",
               server->datasource->name, pattern, database, table);
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SELECT table_name FROM information_schema.tables WHERE table_schema = ");
    sql_add_literal(&sql, database);
    buf_add_text(&sql, " ORDER BY LENGTH(table_name), table_name");
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    Err ignored;
    if (!conn_rows(server->control, buf_text(&sql), &rows, &ignored)) {
        return fail_hint(err, "Correct the range.");
    }
    CLEANUP(buf_done) Buf names = {0};
    size_t count = 0;
    for (size_t i = 0; i < rows.row_count; i++) {
        if (tables_match(likes, conn_cell(&rows, i, 0)) && count++ < NAMES_LISTED_MAX) {
            buf_add_format(&names, "%s%s", names.len == 0 ? "" : ", ", conn_cell(&rows, i, 0));
        }
    }
    if (count == 0) {
        return fail_hint(err, "No table there begins with \"%s\": correct the name.", prefix);
    }
    if (count > NAMES_LISTED_MAX) {
        buf_add_format(&names, " and %zu more", count - NAMES_LISTED_MAX);
    }
    return fail_hint(err, "There are %s: correct the range.", buf_text(&names));
}

// `pattern` is the range that the name is of, or NULL.
static bool add_named(Server *server, const SourceSpec *spec, const char *database,
                      const char *table, const char *pattern, bool must_exist, bool *ret_found,
                      Relation **relations, size_t *count, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, tables_select);
    buf_add_text(&sql, "t.table_schema = ");
    sql_add_literal(&sql, database);
    buf_add_text(&sql, " AND t.table_name = ");
    sql_add_literal(&sql, table);
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(server->control, buf_text(&sql), &rows, err)) {
        return false;
    }
    *ret_found = rows.row_count > 0;
    for (size_t i = 0; i < rows.row_count; i++) {
        // The comparison may be blind to case where names are not: the exact one wins.
        if (rows.row_count == 1 || strcmp(conn_cell(&rows, i, 1), table) == 0) {
            add_table(&rows, i, relations, count, server, spec);
            return true;
        }
    }
    if (!must_exist || table_missing(server, database, table, err)) {
        return !must_exist;
    }
    return pattern != NULL && conn_last_errno(server->control) == 1146 /* no such table */
               ? range_missing(server, database, table, pattern, err)
               : false;
}

static bool add_matching(Server *server, const SourceSpec *spec, const char *database,
                         const char *table, Relation **relations, size_t *count, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, tables_select);
    if (strpbrk(database, "*?") == NULL) {
        buf_add_text(&sql, "t.table_schema = ");
        sql_add_literal(&sql, database);
    } else {
        buf_add_text(
            &sql,
            "t.table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')");
    }
    buf_add_text(
        &sql,
        " AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY t.table_schema, t.table_name");
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(server->control, buf_text(&sql), &rows, err)) {
        return false;
    }
    const size_t before = *count;
    for (size_t i = 0; i < rows.row_count; i++) {
        if (tables_match(database, conn_cell(&rows, i, 0))
            && tables_match(table, conn_cell(&rows, i, 1))) {
            add_table(&rows, i, relations, count, server, spec);
        }
    }
    if (*count == before) {
        (void)fail(err, FAIL_CONFIG, "no table fits \"%s.%s\" on datasource \"%s\"", database,
                   table, server->datasource->name);
        return fail_hint(
            err,
            "Correct the pattern, or grant the user SELECT on the tables; views must be named one by one.");
    }
    return true;
}

static bool add_name(Server *server, const SourceSpec *spec, const char *name, const char *pattern,
                     Relation **relations, size_t *count, Err *err)
{
    CLEANUP(mem_free_text) char *database = NULL;
    CLEANUP(mem_free_text) char *table = NULL;
    bool is_quoted = false;
    if (!tables_split_name(name, &database, &table, &is_quoted, err)) {
        return false;
    }
    const char *usual = server->datasource->database;
    if (database == NULL && usual == NULL) {
        (void)fail(err, FAIL_CONFIG, "table \"%s\": datasource \"%s\" names no database", name,
                   server->datasource->name);
        return fail_hint(err, "Set `database` of the datasource, or write database.table.");
    }
    if (!is_quoted && strpbrk(name, "*?") != NULL) {
        return add_matching(server, spec, database == NULL ? usual : database, table, relations,
                            count, err);
    }
    bool found = false;
    if (database != NULL && !is_quoted && usual != NULL) {
        // "a.b" may be a table whose name has a dot.
        if (!add_named(server, spec, database, table, NULL, /* must_exist= */ false, &found,
                       relations, count, err)) {
            return false;
        }
        if (!found
            && !add_named(server, spec, usual, name, NULL, /* must_exist= */ false, &found,
                          relations, count, err)) {
            return false;
        }
        if (found) {
            return true;
        }
    }
    return add_named(server, spec, database == NULL ? usual : database, table, pattern,
                     /* must_exist= */ true, &found, relations, count, err);
}

// The query without what may stand at its end but not inside parentheses.
static char *query_text(const char *query)
{
    size_t len = strlen(query);
    while (len > 0 && strchr(" \t\r\n;", query[len - 1]) != NULL) {
        len--;
    }
    return mem_copy_bytes(query, len);
}

bool tables_expand(Server *server, const SourceSpec *spec, Relation **relations, size_t *count,
                   Err *err)
{
    if (spec->query != NULL) {
        Relation *relation = relation_add(relations, count, server, spec);
        CLEANUP(mem_free_text) char *query = query_text(spec->query);
        relation->name = mem_copy_text("query");
        relation->from = mem_format("(%s\n) AS weir_query", query);
        relation->is_transactional = true;
        return true;
    }
    for (char **pattern = spec->tables; *pattern != NULL; pattern++) {
        CLEANUP(names_free) char **names = NULL;
        if (strchr(*pattern, '`') != NULL) {
            size_t name_count = 0;
            names_add(&names, &name_count, mem_copy_text(*pattern));
        } else if (!tables_expand_ranges(*pattern, &names, err)) {
            return false;
        }
        for (char **name = names; *name != NULL; name++) {
            if (!add_name(server, spec, *name, text_equal(*name, *pattern) ? NULL : *pattern,
                          relations, count, err)) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < *count; i++) {
        for (size_t j = i + 1; j < *count; j++) {
            if ((*relations)[i].server == (*relations)[j].server
                && (*relations)[i].spec == (*relations)[j].spec
                && text_equal((*relations)[i].name, (*relations)[j].name)) {
                (void)fail(err, FAIL_CONFIG, "table %s is named twice", (*relations)[i].name);
                return fail_hint(
                    err,
                    "Its rows would be copied twice: name it once, or make the patterns narrower.");
            }
        }
    }
    return true;
}

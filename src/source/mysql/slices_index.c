// Which index slices are cut by: the user's `split`; with a condition the index whose range the
// server itself would read; else the primary key or a unique one without NULLs. Other indexes are
// not taken by themselves: reading a table through one costs more than reading it in one piece.
#include "base/base.h"

#include "source/mysql/slices_internal.h"

#include "base/number.h"
#include "base/text.h"

uint64_t slices_parse_count(const char *text)
{
    double number = 0;
    if (text == NULL || !number_parse_double(text, strlen(text), &number) || number < 0) {
        return 0;
    }
    return number > 1e18 ? (uint64_t)1000000000000000000 : (uint64_t)number;
}

const char *slices_explain(const Planner *planner)
{
    // MySQL 9 answers with a tree where the format is not named.
    return conn_is_mariadb(planner->conn) ? "EXPLAIN " : "EXPLAIN FORMAT=TRADITIONAL ";
}

bool slices_use_index(Planner *planner, const IndexInfo *index)
{
    if (!index->is_usable) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < index->column_count && i < KEY_COLUMNS_MAX; i++) {
        const ColumnInfo *info = &planner->relation->infos[index->columns[i]];
        CLEANUP(buf_done) Buf name = {0};
        sql_add_name(&name, info->name);
        const KeyColumn column = key_column(NULL, info->data_type, info->column_type, info->charset,
                                            info->collation, info->is_nullable);
        if (column.kind == KEY_NONE) {
            break;
        }
        free(planner->names[i]);
        planner->names[i] = buf_take(&name);
        planner->columns[i] = column;
        planner->columns[i].name = planner->names[i];
        count++;
    }
    planner->column_count = count;
    planner->index = count > 0 ? index : NULL;
    return count > 0;
}

static bool is_not_null(const Relation *relation, const IndexInfo *index)
{
    for (size_t i = 0; i < index->column_count; i++) {
        if (relation->infos[index->columns[i]].is_nullable) {
            return false;
        }
    }
    return index->is_unique;
}

static bool choose_split(Planner *planner, Err *err)
{
    const Relation *relation = planner->relation;
    const char *split = relation->spec->split;
    const size_t at = relation_find_info(relation, split);
    if (at == SIZE_MAX) {
        (void)fail(err, FAIL_CONFIG, "split: there is no column \"%s\" in %s", split,
                   relation->name);
        return fail_hint(err, "Name a column that an index begins with, or leave `split` out.");
    }
    for (size_t i = 0; i < relation->index_count; i++) {
        if (relation->indexes[i].column_count > 0 && relation->indexes[i].columns[0] == at
            && slices_use_index(planner, &relation->indexes[i])) {
            return true;
        }
    }
    (void)fail(err, FAIL_CONFIG, "split: no index of %s begins with column \"%s\" of type %s",
               relation->name, split, relation->infos[at].column_type);
    return fail_hint(
        err,
        "Slices need an index on an integer, decimal, date, time, text or binary column; or leave `split` out.");
}

static void choose_key(Planner *planner)
{
    const Relation *relation = planner->relation;
    for (size_t i = 0; i < relation->index_count; i++) {
        if (text_equal(relation->indexes[i].name, "PRIMARY")
            && slices_use_index(planner, &relation->indexes[i])) {
            return;
        }
    }
    for (size_t i = 0; i < relation->index_count; i++) {
        if (is_not_null(relation, &relation->indexes[i])
            && slices_use_index(planner, &relation->indexes[i])) {
            return;
        }
    }
}

// Did the optimizer look into an index for the condition? Its guesses of the rest are 10 to 33 % of
// a table, whatever the condition says.
static bool is_counted(const char *access)
{
    static const char *const counted[] = {"system",      "const", "eq_ref",     "ref",
                                          "ref_or_null", "range", "index_merge"};
    for (size_t i = 0; i < ARRAY_LEN(counted) && access != NULL; i++) {
        if (text_equal(access, counted[i])) {
            return true;
        }
    }
    return false;
}

// Is the plan's first row about the relation, and joined with nothing (a subquery of the condition
// may be)?
static bool is_of_relation(const Relation *relation, const ConnRows *rows)
{
    const size_t id = conn_rows_find(rows, "id");
    const size_t table = conn_rows_find(rows, "table");
    if (id == SIZE_MAX || table == SIZE_MAX
        || !text_equal_nocase(conn_cell(rows, 0, table), relation->table)) {
        return false;
    }
    for (size_t i = 1; i < rows->row_count; i++) {
        if (text_equal(conn_cell(rows, i, id), conn_cell(rows, 0, id))) {
            return false;
        }
    }
    return true;
}

// With a condition, the server's own plan says what to cut: the range of an index, or the table.
static bool choose_for_condition(Planner *planner, Err *err)
{
    const Relation *relation = planner->relation;
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, slices_explain(planner));
    relation_select(relation, "", NULL, &sql);
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(planner->conn, buf_text(&sql), &rows, err)) {
        return err_context(err, "%s", relation->name);
    }
    const size_t key = conn_rows_find(&rows, "key");
    const size_t type = conn_rows_find(&rows, "type");
    const size_t estimate = conn_rows_find(&rows, "rows");
    if (rows.row_count == 0 || key == SIZE_MAX || type == SIZE_MAX || estimate == SIZE_MAX) {
        return true;
    }
    const char *key_name = conn_cell(&rows, 0, key);
    const char *type_name = conn_cell(&rows, 0, type);
    if (type_name == NULL && rows.row_count == 1) {
        planner->rows = 0;  // the optimizer sees that no row can fulfil the condition
        planner->is_at_most = false;
        return true;
    }
    if (!is_of_relation(relation, &rows)) {
        return true;
    }
    planner->rows = slices_parse_count(conn_cell(&rows, 0, estimate));
    planner->is_at_most = !is_counted(type_name);
    if (key_name == NULL || !text_equal(type_name, "range")) {
        return true;
    }
    for (size_t i = 0; i < relation->index_count; i++) {
        if (text_equal(relation->indexes[i].name, key_name) && !text_equal(key_name, "PRIMARY")
            && slices_use_index(planner, &relation->indexes[i])) {
            planner->condition = relation->condition;
            planner->is_forced = true;
        }
    }
    return true;
}

bool slices_choose_index(Planner *planner, Err *err)
{
    const Relation *relation = planner->relation;
    const bool has_condition = *relation->condition != '\0';
    planner->rows = relation->rows_estimated;
    planner->is_at_most = has_condition;
    planner->is_forced =
        !has_condition;  // the server may know a better way to the rows of a condition
    if (has_condition && !choose_for_condition(planner, err)) {
        return false;
    }
    if (relation->spec->split != NULL) {
        planner->condition = "";
        planner->is_forced = !has_condition;
        return choose_split(planner, err);
    }
    if (planner->index == NULL) {
        choose_key(planner);
    }
    return true;
}

// A slice that leaves the process: which table, by which index, and the values of its bounds.
//
// It carries no SQL. Whoever takes it up reads each value as one of the column's type and writes
// the constant anew, the same code as when the slice was cut: what does not come out as it stood is
// refused. Since all slices of a plan must compare alike for each row to be in exactly one, the
// columns go along with their types and collations, and must be the same where it is taken up.
#include "base/base.h"

#include <jansson.h>

#include "base/text.h"
#include "source/mysql/slices_internal.h"

// The constant's value: 12, 2016-11-14, or of texts and bytes the hexadecimal digits.
static char *piece_value(const char *literal)
{
    const char *begin = strchr(literal, '\'');
    if (begin == NULL) {
        return mem_copy_text(literal);
    }
    return mem_copy_bytes(begin + 1, strcspn(begin + 1, "'"));
}

static void piece_write_bound(const char *key, const KeyBound *bound, JsonWriter *json)
{
    emit_key(json, key);
    emit_begin_array(json);
    for (size_t i = 0; i < bound->count; i++) {
        CLEANUP(mem_free_text) char *value = piece_value(bound->parts[i]);
        emit_text(json, value);
    }
    emit_end_array(json);
}

// "id bigint(20)", "name varchar(30) utf8mb4_unicode_ci".
static char *piece_column(const Relation *relation, const IndexInfo *index, size_t at)
{
    const ColumnInfo *info = &relation->infos[index->columns[at]];
    return mem_format("%s %s%s%s", info->name, info->column_type,
                      info->collation == NULL ? "" : " ",
                      info->collation == NULL ? "" : info->collation);
}

void slices_write(const Slice *slice, const SourceSpec *sources, JsonWriter *json)
{
    const Relation *relation = slice->relation;
    emit_begin_object(json);
    emit_member_int(json, "source", relation->spec - sources);
    emit_member_text(json, "table", relation->name);
    if (slice->by != NULL) {
        emit_member_text(json, "index", slice->by->name);
        emit_member_bool(json, "forced", slice->index != NULL);
        emit_key(json, "columns");
        emit_begin_array(json);
        const size_t count =
            slice->low.count > slice->high.count ? slice->low.count : slice->high.count;
        for (size_t i = 0; i < count; i++) {
            CLEANUP(mem_free_text) char *column = piece_column(relation, slice->by, i);
            emit_text(json, column);
        }
        emit_end_array(json);
        piece_write_bound("low", &slice->low, json);
        piece_write_bound("high", &slice->high, json);
    }
    emit_key(json, "rows");
    emit_uint(json, slice->rows);
    emit_member_bool(json, "at_most", slice->is_at_most);
    emit_end_object(json);
}

// --- taking one up ----------------------------------------------------------------------------------------

static bool piece_fail(const char *table, const char *what, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "the slice of %s %s", table == NULL ? "the source" : table, what);
    return fail_hint(err, "Make a new plan with weir plan.");
}

static const Relation *piece_relation(const json_t *json, const SourceSpec *sources,
                                      const Relation *relations, size_t count)
{
    const json_t *source = json_object_get(json, "source");
    const char *table = json_string_value(json_object_get(json, "table"));
    for (size_t i = 0; i < count && json_is_integer(source); i++) {
        if (relations[i].spec - sources == json_integer_value(source)
            && text_equal(relations[i].name, table)) {
            return &relations[i];
        }
    }
    return NULL;
}

static bool piece_take_bound(const Planner *planner, const json_t *values, KeyBound *bound,
                             Err *err)
{
    const char *table = planner->relation->name;
    if (!json_is_array(values) || json_array_size(values) > planner->column_count) {
        return piece_fail(table, "has no bounds of its index's columns", err);
    }
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *text = json_string_value(json_array_get(values, i));
        KeyPoint point = {0};
        if (text == NULL || !key_parse(&planner->columns[i], text, &point)) {
            return piece_fail(table, "has a bound that is no value of its column", err);
        }
        CLEANUP(buf_done) Buf literal = {0};
        key_add_literal(&planner->columns[i], &point, &literal);
        key_point_done(&point);
        CLEANUP(mem_free_text) char *value = piece_value(buf_text(&literal));
        if (!text_equal(value, text)) {
            return piece_fail(table, "has a bound that is no value of its column", err);
        }
        bound->parts[bound->count++] = buf_take(&literal);
    }
    return true;
}

static bool piece_check_columns(const Planner *planner, const json_t *columns, size_t count,
                                Err *err)
{
    bool is_same = json_array_size(columns) == count && count <= planner->column_count;
    for (size_t i = 0; is_same && i < count; i++) {
        CLEANUP(mem_free_text) char *column = piece_column(planner->relation, planner->index, i);
        is_same = text_equal(column, json_string_value(json_array_get(columns, i)));
    }
    return is_same
           || piece_fail(planner->relation->name,
                         "does not go with the table's index: it was changed since the plan", err);
}

static bool piece_take_key(Planner *planner, const json_t *json, Slice *slice, Err *err)
{
    const Relation *relation = planner->relation;
    const char *name = json_string_value(json_object_get(json, "index"));
    const IndexInfo *index = NULL;
    for (size_t i = 0; i < relation->index_count; i++) {
        index = text_equal(relation->indexes[i].name, name) ? &relation->indexes[i] : index;
    }
    if (!relation->is_base_table || index == NULL || !slices_use_index(planner, index)) {
        return piece_fail(relation->name, "names an index that the table does not have", err);
    }
    if (!piece_take_bound(planner, json_object_get(json, "low"), &slice->low, err)
        || !piece_take_bound(planner, json_object_get(json, "high"), &slice->high, err)) {
        return false;
    }
    const size_t count =
        slice->low.count > slice->high.count ? slice->low.count : slice->high.count;
    slice->by = index;
    slice->index = json_is_true(json_object_get(json, "forced")) ? index->name : NULL;
    return piece_check_columns(planner, json_object_get(json, "columns"), count, err);
}

static bool piece_take(const json_t *json, const SourceSpec *sources, const Relation *relations,
                       size_t relation_count, SliceList *list, Err *err)
{
    const Relation *relation = piece_relation(json, sources, relations, relation_count);
    if (relation == NULL) {
        return piece_fail(json_string_value(json_object_get(json, "table")),
                          "is of no table that the job reads", err);
    }
    CLEANUP(slices_planner_done)
    Planner planner = {.relation = relation, .conn = relation->server->control, .condition = ""};
    const json_t *rows = json_object_get(json, "rows");
    Slice slice = {.relation = relation,
                   .rows = json_integer_value(rows) > 0 ? (uint64_t)json_integer_value(rows) : 0,
                   .is_at_most = json_is_true(json_object_get(json, "at_most"))};
    CLEANUP(buf_done) Buf predicate = {0};
    bool done =
        json_object_get(json, "index") == NULL || piece_take_key(&planner, json, &slice, err);
    if (done) {
        key_add_range(planner.columns, &slice.low, &slice.high, &predicate);
        CLEANUP(mem_free_text) char *text = mem_copy_text(buf_text(&predicate));
        slice.predicate = text;
        slices_add(list, &slice);
    }
    key_bound_done(&slice.low);
    key_bound_done(&slice.high);
    return done;
}

bool slices_take(const char *text, const SourceSpec *sources, const Relation *relations,
                 size_t relation_count, SliceList *list, Err *err)
{
    json_t *json = json_loads(text, 0, NULL);
    const bool done = piece_take(json, sources, relations, relation_count, list, err);
    json_decref(json);
    return done;
}

// Relations: freeing them, finding a column, and the one place that writes the SELECT of their
// rows.
#include "source/mysql/relation.h"

#include "base/text.h"

void relation_done(Relation *relation)
{
    for (size_t i = 0; i < relation->info_count; i++) {
        ColumnInfo *info = &relation->infos[i];
        free(info->name);
        free(info->data_type);
        free(info->column_type);
        free(info->charset);
        free(info->collation);
        free(info->comment);
    }
    for (size_t i = 0; i < relation->index_count; i++) {
        free(relation->indexes[i].name);
        free(relation->indexes[i].columns);
    }
    free(relation->infos);
    free(relation->indexes);
    free(relation->database);
    free(relation->table);
    free(relation->name);
    free(relation->from);
    free(relation->engine);
    free(relation->condition);
    free(relation->select_list);
    free(relation->inner_list);
    for (size_t i = 0; i < relation->schema.count && relation->probed != NULL; i++) {
        free((char *)(uintptr_t)relation->probed[i].name);
    }
    free(relation->probed);
    free(relation->probe);
    schema_done(&relation->schema);
    *relation = (Relation){0};
}

size_t relation_find_info(const Relation *relation, const char *column)
{
    for (size_t i = 0; i < relation->info_count; i++) {
        if (strcmp(relation->infos[i].name, column) == 0) {
            return i;
        }
    }
    for (size_t i = 0; i < relation->info_count; i++) {
        if (text_equal_nocase(relation->infos[i].name, column)) {
            return i;
        }
    }
    return SIZE_MAX;
}

void relation_hint_nearest(const Relation *relation, const char *name, Err *err)
{
    const char **names = mem_alloc((relation->info_count + 1) * sizeof *names);
    for (size_t i = 0; i < relation->info_count; i++) {
        names[i] = relation->infos[i].name;
    }
    const char *nearest = text_nearest(name, names);
    if (nearest != NULL) {
        (void)fail_hint(err, "Did you mean \"%s\"?", nearest);
    }
    free(names);
}

void relation_select(const Relation *relation, const char *predicate, const char *index, Buf *sql)
{
    if (relation->select_list == NULL) {
        assert(*predicate == '\0');
        // "(query\n) AS weir_query" without its parentheses: what the user wrote, nothing around
        // it.
        const char *end = strrchr(relation->from, ')');
        assert(end != NULL);
        buf_add_bytes(sql, relation->from + 1, (size_t)(end - relation->from - 1));
        return;
    }
    const char *list = relation->inner_list == NULL ? relation->select_list : relation->inner_list;
    if (relation->inner_list != NULL) {
        buf_add_format(sql, "SELECT %s FROM (", relation->select_list);
    }
    buf_add_format(sql, "SELECT %s FROM %s", list, relation->from);
    if (index != NULL) {
        buf_add_text(sql, " FORCE INDEX (");
        sql_add_name(sql, index);
        buf_add_char(sql, ')');
    }
    if (*relation->condition != '\0' || *predicate != '\0') {
        buf_add_format(sql, " WHERE %s%s%s%s%s", relation->condition,
                       *relation->condition != '\0' && *predicate != '\0' ? " AND " : "",
                       *predicate == '\0' ? "" : "(", predicate, *predicate == '\0' ? "" : ")");
    }
    if (relation->inner_list != NULL) {
        buf_add_text(sql, ") AS weir_rows");
    }
}

// The base is looked for among the partitions that the table's files lie in. Where it is missing
// the rows of the increment alone would look like a whole table and not be one, so that is an
// error, but for the first merge of all: a table without partitions has nothing that could be lost.
// The table keeps which partition that was, so that the first merge gives the same result again.
#include "base/base.h"

#include "sink/lake/merge_plan.h"

#include "base/text.h"
#include "lake/partition_list.h"

#define PARTITIONS_SHOWN 5

void merge_plan_note(MergePlan *merge, bool is_warning, char *text)
{
    merge->notes = mem_grow(merge->notes, (merge->note_count + 1) * sizeof(*merge->notes));
    merge->notes[merge->note_count++] = (PlanNote){.text = text, .is_warning = is_warning};
}

// --- key ------------------------------------------------------------------------------------------------

static const char *merge_nearest(const Schema *source, const char *name)
{
    const char **names = mem_alloc((source->count + 1) * sizeof(*names));
    for (size_t i = 0; i < source->count; i++) {
        names[i] = source->fields[i].name;
    }
    const char *nearest = text_nearest(name, names);
    free(names);
    return nearest;
}

// The column of the files that `name` of the job means.
static bool merge_column(const char *what, const char *name, const Schema *source,
                         const DeltaTable *table, const LakePlan *plan, size_t *ret_column,
                         Err *err)
{
    const size_t column = schema_find(&plan->files, name);
    const bool is_in_table = table->version < 0 || schema_find(&table->schema, name) != SIZE_MAX;
    if (column != SIZE_MAX && is_in_table) {
        *ret_column = column;
        return true;
    }
    if (schema_find(source, name) == SIZE_MAX) {
        const char *nearest = merge_nearest(source, name);
        (void)fail(err, FAIL_CONFIG, "the source has no column \"%s\", which is %s of the merge",
                   name, what);
        return nearest == NULL ? false : fail_hint(err, "Did you mean \"%s\"?", nearest);
    }
    return fail(err, FAIL_CONFIG, "the table \"%s\" has no column \"%s\", which is %s of the merge",
                table->path, name, what);
}

static bool merge_key(const Job *job, const Schema *source, const size_t *key, size_t key_count,
                      const DeltaTable *table, LakePlan *plan, MergePlan *merge, Err *err)
{
    char *const *names = job->target.key;
    size_t count = names == NULL ? key_count : 0;
    while (names != NULL && names[count] != NULL) {
        count++;
    }
    if (count == 0) {
        (void)fail(err, FAIL_CONFIG, "the source has no key to merge by");
        return fail_hint(err,
                         "Name the columns that say which rows are the same: \"key: [id]\" in the "
                         "job's target.");
    }
    merge->key = mem_alloc(count * sizeof(*merge->key));
    for (size_t i = 0; i < count; i++) {
        const char *name = names == NULL ? source->fields[key[i]].name : names[i];
        size_t column = SIZE_MAX;
        if (!merge_column("the key", name, source, table, plan, &column, err)) {
            return false;
        }
        if (plan->columns[column].is_key) {
            return fail(err, FAIL_CONFIG, "\"key\" names the column \"%s\" twice", name);
        }
        merge->key[merge->key_count++] = column;
        plan->columns[column].is_key = true;
        plan->is_free = plan->is_free && !source->fields[plan->columns[column].source].nullable;
    }
    merge->order = SIZE_MAX;
    return job->target.order_by == NULL
           || merge_column("\"order_by\"", job->target.order_by, source, table, plan, &merge->order,
                           err);
}

// --- columns --------------------------------------------------------------------------------------------

static bool merge_columns(const LakePlan *plan, const DeltaTable *table, MergePlan *merge, Err *err)
{
    for (size_t i = 0; i < plan->table.count; i++) {
        const Field *field = &plan->table.fields[i];
        bool is_part = false;
        for (size_t j = 0; j < plan->part_count; j++) {
            is_part = is_part || text_equal_nocase(plan->parts[j].column, field->name);
        }
        if (is_part) {
            continue;
        }
        if (field->source_type != NULL) {
            (void)fail(err, FAIL_CONFIG,
                       "the table's column \"%s\" is %s, which weir does not write", field->name,
                       field->source_type);
            return fail_hint(err,
                             "A merge writes all rows of \"%s\" anew; merge into another "
                             "table.",
                             table->path);
        }
        // What DuckDB has for it, and the same in the lake.
        const Type type = field->type.kind == TYPE_UINT64
                              ? (Type){.kind = TYPE_DECIMAL, .precision = 20}
                              : field->type;
        (void)schema_add(&merge->columns, field->name, type, field->nullable);
    }
    return true;
}

// --- base -----------------------------------------------------------------------------------------------

static void merge_text(const LakePlan *plan, char *const *values, Buf *out)
{
    for (size_t i = 0; i < plan->part_count; i++) {
        buf_add_text(out, i > 0 ? "/" : "");
        delta_partition_folder(plan->parts[i].column, values[i], out);
    }
}

static bool merge_values(const Job *job, const LakePlan *plan, MergePlan *merge, Err *err)
{
    merge->base = mem_alloc((plan->part_count + 1) * sizeof(*merge->base));
    merge->is_own_base = true;
    for (size_t i = 0; i < plan->part_count; i++) {
        const PlanPart *part = &plan->parts[i];
        const char *text = job->target.base == NULL ? part->value : job->target.base[i].value;
        CLEANUP(buf_done) Buf value = {0};
        CLEANUP(buf_done) Buf own = {0};
        if (!delta_value_text(part->to, text, &value)
            || !delta_value_text(part->to, part->value, &own)) {
            CLEANUP(buf_done) Buf type = {0};
            delta_type_name(part->to, &type);
            return fail(err, FAIL_CONFIG,
                        "the value \"%s\" of \"base\" does not fit the column \"%s\" (%s)", text,
                        part->column, buf_text(&type));
        }
        merge->is_own_base = merge->is_own_base && text_equal(buf_text(&value), buf_text(&own));
        merge->base[i] = buf_take(&value);
    }
    CLEANUP(buf_done) Buf text = {0};
    merge_text(plan, merge->base, &text);
    merge->base_text = mem_copy_text(buf_text(&text));
    return true;
}

static bool merge_fail_missing(const DeltaTable *table, const PartitionList *list,
                               const MergePlan *merge, Err *err)
{
    CLEANUP(buf_done) Buf known = {0};
    const size_t first = list->count > PARTITIONS_SHOWN ? list->count - PARTITIONS_SHOWN : 0;
    for (size_t i = first; i < list->count; i++) {
        buf_add_text(&known, i > first ? ", " : first > 0 ? "..., " : "");
        partition_text(list, &list->items[i], &known);
    }
    (void)fail(err, FAIL_TARGET,
               "the table \"%s\" has no partition %s, whose rows the merge goes on with; it has %s",
               table->path, merge->base_text, buf_text(&known));
    return fail_hint(err, "Run the business dates before this one first, or copy the whole source "
                          "into that partition once with a job of \"mode: overwrite\", or name "
                          "another partition with \"base\".");
}

// Whether a merge into this partition may begin with nothing.
static bool merge_may_start(const DeltaTable *table, const PartitionList *list,
                            const LakePlan *plan, const MergePlan *merge)
{
    CLEANUP(buf_done) Buf own = {0};
    char **values = mem_alloc((plan->part_count + 1) * sizeof(*values));
    for (size_t i = 0; i < plan->part_count; i++) {
        values[i] = plan->parts[i].value;
    }
    merge_text(plan, values, &own);
    free(values);
    return merge->is_own_base || list->count == 0
           || text_equal(delta_property(table, MERGE_START_PROPERTY), buf_text(&own));
}

static bool merge_find(const DeltaTable *table, const LakePlan *plan, const PartitionList *list,
                       MergePlan *merge, Err *err)
{
    const size_t found = partition_list_find(list, merge->base);
    if (found == SIZE_MAX) {
        merge->starts_here = !merge->is_own_base;
        return merge_may_start(table, list, plan, merge)
               || merge_fail_missing(table, list, merge, err);
    }
    merge->has_base = true;
    merge->base_rows = list->items[found].rows;
    for (size_t i = 0; i < table->file_count; i++) {
        size_t index = SIZE_MAX;
        if (!partition_list_of_file(list, table, &table->files[i], &index, err)) {
            return false;
        }
        merge->keep[i] = index == found;
    }
    return true;
}

static bool merge_base(const Job *job, const DeltaTable *table, const LakePlan *plan,
                       MergePlan *merge, Err *err)
{
    if (!merge_values(job, plan, merge, err)) {
        return false;
    }
    merge->keep = mem_alloc(table->file_count + 1);
    if (table->version < 0) {
        merge->starts_here = !merge->is_own_base;
        return true;
    }
    PartitionList list = {0};
    if (!partition_list_make(table, &list, err)) {
        return false;
    }
    const bool done = merge_find(table, plan, &list, merge, err);
    partition_list_done(&list);
    return done;
}

// --- notes ----------------------------------------------------------------------------------------------

static void merge_describe(const DeltaTable *table, const LakePlan *plan, MergePlan *merge)
{
    CLEANUP(buf_done) Buf key = {0};
    for (size_t i = 0; i < merge->key_count; i++) {
        buf_add_format(&key, "%s%s", i > 0 ? ", " : "", plan->files.fields[merge->key[i]].name);
    }
    CLEANUP(mem_free_text)
    char *base = plan->part_count == 0 ? mem_copy_text("the table itself")
                 : merge->is_own_base  ? mem_copy_text("the partition itself")
                                       : mem_format("partition %s", merge->base_text);
    if (!merge->has_base) {
        merge_plan_note(merge, /* is_warning= */ true,
                        mem_format("there is nothing to merge with (%s %s): the rows of the "
                                   "source are all that there will be",
                                   base, table->version < 0 ? "of a new table" : "has no files"));
        merge_plan_note(merge, /* is_warning= */ false, mem_format("merge by %s", buf_text(&key)));
        return;
    }
    char space[TEXT_NUMBER_SIZE];
    CLEANUP(mem_free_text)
    char *rows = merge->base_rows < 0
                     ? mem_copy_text("")
                     : mem_format(", %s row%s", text_count((uint64_t)merge->base_rows, space),
                                  merge->base_rows == 1 ? "" : "s");
    merge_plan_note(merge, /* is_warning= */ false,
                    mem_format("merge by %s with %s at version %" PRId64 "%s", buf_text(&key), base,
                               table->version, rows));
}

bool merge_plan_make(const Job *job, const Schema *source, const size_t *key, size_t key_count,
                     const DeltaTable *table, LakePlan *plan, MergePlan *ret_merge, Err *err)
{
    MergePlan merge = {0};
    if (!merge_key(job, source, key, key_count, table, plan, &merge, err)
        || !merge_columns(plan, table, &merge, err) || !merge_base(job, table, plan, &merge, err)) {
        merge_plan_done(&merge);
        return false;
    }
    merge_describe(table, plan, &merge);
    *ret_merge = merge;
    return true;
}

void merge_plan_done(MergePlan *merge)
{
    for (size_t i = 0; merge->base != NULL && merge->base[i] != NULL; i++) {
        free(merge->base[i]);
    }
    for (size_t i = 0; i < merge->note_count; i++) {
        free(merge->notes[i].text);
    }
    free(merge->notes);
    free(merge->base);
    free(merge->base_text);
    free(merge->keep);
    free(merge->key);
    schema_done(&merge->columns);
    *merge = (MergePlan){0};
}

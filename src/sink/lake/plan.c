// The plan of columns. A new table gets the source's columns in their order; an existing one
// decides: its columns are matched by name, its types are kept, and what a type cannot take is
// refused here where no value could ever fit, or row by row where some do not.
//
// Columns of the table that the source lacks are not written at all: to every reader of Delta a
// column that a file does not have is NULL there.
#include "base/base.h"

#include "sink/lake/plan.h"

#include "base/text.h"
#include "sink/lake/convert.h"

static const Type text_type = {.kind = TYPE_TEXT};

// Types that weir cannot write come from the log as text with the type's JSON beside it.
static bool field_is_nested(const Field *field)
{
    return field->type.kind == TYPE_TEXT && field->source_type != NULL
           && field->source_type[0] == '{';
}

static char *type_text(Type type)
{
    CLEANUP(buf_done) Buf text = {0};
    delta_type_name(type, &text);
    return buf_take(&text);
}

static char *source_type_text(const Field *field)
{
    CLEANUP(buf_done) Buf text = {0};
    if (field->source_type != NULL) {
        buf_add_text(&text, field->source_type);
    } else {
        type_describe(field->type, &text);
    }
    return buf_take(&text);
}

// --- names ----------------------------------------------------------------------------------------------

// Names are compared without case by Delta and by DuckDB, so two that differ only by case are one.
static bool plan_check_names(const Schema *source, Err *err)
{
    for (size_t i = 0; i < source->count; i++) {
        if (source->fields[i].name[0] == '\0') {
            (void)fail(err, FAIL_CONFIG, "column %zu of the source has no name", i + 1);
            return fail_hint(err, "Give the expression a name: \"expression AS name\".");
        }
        const size_t first = schema_find(source, source->fields[i].name);
        if (first != i) {
            (void)fail(
                err, FAIL_CONFIG,
                "columns %zu and %zu of the source have the same name in the lake: \"%s\" and \"%s\"",
                first + 1, i + 1, source->fields[first].name, source->fields[i].name);
            return fail_hint(
                err,
                "Lake tables do not tell upper from lower case: list the columns and rename one.");
        }
    }
    return true;
}

static bool part_is_column(const Job *job, const char *name)
{
    for (size_t i = 0; i < job->target.partition_count; i++) {
        if (text_equal_nocase(job->target.partition[i].column, name)) {
            return true;
        }
    }
    return false;
}

// --- partition ------------------------------------------------------------------------------------------

static void partition_describe(char *const *columns, size_t count, Buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_format(out, "%s%s", i > 0 ? ", " : "", columns[i]);
    }
    if (count == 0) {
        buf_add_text(out, "no partition columns");
    }
}

static bool plan_check_partition(const Job *job, const DeltaTable *table, Err *err)
{
    const TargetSpec *target = &job->target;
    bool is_same = target->partition_count == table->partition_count;
    for (size_t i = 0; is_same && i < table->partition_count; i++) {
        is_same = text_equal_nocase(target->partition[i].column, table->partition_columns[i]);
    }
    if (is_same) {
        return true;
    }
    CLEANUP(buf_done) Buf mine = {0};
    CLEANUP(buf_done) Buf theirs = {0};
    for (size_t i = 0; i < target->partition_count; i++) {
        buf_add_format(&mine, "%s%s", i > 0 ? ", " : "", target->partition[i].column);
    }
    if (target->partition_count == 0) {
        buf_add_text(&mine, "no partition columns");
    }
    partition_describe(table->partition_columns, table->partition_count, &theirs);
    (void)fail(
        err, FAIL_CONFIG,
        "the job's partition does not match the table \"%s\": the job has %s, the table has %s",
        table->path, buf_text(&mine), buf_text(&theirs));
    return fail_hint(
        err,
        "Name the table's partition columns, in their order, in the job's \"partition\", or write to "
        "another table.");
}

// Types of partition columns that another writer may have chosen and weir cannot overwrite rightly.
static bool part_check_type(const Field *field, Err *err)
{
    if (field->source_type == NULL && delta_value_has_one_spelling(field->type)) {
        return true;
    }
    CLEANUP(mem_free_text)
    char *type =
        field->source_type != NULL ? mem_copy_text(field->source_type) : type_text(field->type);
    (void)fail(err, FAIL_CONFIG,
               "the table's partition column \"%s\" is %s, which weir does not write to",
               field->name, type);
    return fail_hint(
        err,
        "Writers spell such a value differently in the log (a timestamp without its zone, for "
        "example), so weir could not tell which files to replace: use a table that is partitioned by "
        "texts, dates, whole numbers, decimals or booleans.");
}

static bool part_literal(PlanPart *part, const char *text, Err *err)
{
    if (part->to.kind == TYPE_TEXT) {
        part->value = mem_copy_text(text);
        return true;
    }
    CLEANUP(buf_done) Buf space = {0};
    CLEANUP(buf_done) Buf canonical = {0};
    const Value value = {.state = VALUE_SET, .bytes = text, .len = strlen(text)};
    Value converted;
    const DirtyReason reason = convert_value(&value, text_type, part->to, &space, &converted);
    if (reason != DIRTY_NONE) {
        CLEANUP(mem_free_text) char *type = type_text(part->to);
        return fail(err, FAIL_CONFIG,
                    "partition value \"%s\" %s: the column \"%s\" of the table is %s", text,
                    dirty_reason_text(reason), part->column, type);
    }
    value_to_text(&converted, part->to, &canonical);
    part->value = buf_take(&canonical);
    return true;
}

static bool part_dynamic(PlanPart *part, const PartitionPart *spec, const Schema *source, Err *err)
{
    part->source = schema_find(source, spec->field);
    if (part->source == SIZE_MAX) {
        (void)fail(
            err, FAIL_CONFIG,
            "the partition takes \"%s\" from the column \"{%s}\", which the source does not have",
            spec->column, spec->field);
        if (spec->is_parameter) {
            return fail_hint(err,
                             "Did you mean \"${%s}\"? That is a parameter; {name} is a column.",
                             spec->field);
        }
        const char **names = mem_alloc((source->count + 1) * sizeof(*names));
        for (size_t i = 0; i < source->count; i++) {
            names[i] = source->fields[i].name;
        }
        const char *nearest = text_nearest(spec->field, names);
        if (nearest != NULL) {
            (void)fail_hint(err, "Did you mean \"{%s}\"?", nearest);
        }
        free(names);
        return false;
    }
    part->from = source->fields[part->source].type;
    if (part->from.kind == TYPE_BYTES || !convert_possible(part->from, part->to)) {
        CLEANUP(mem_free_text) char *from = source_type_text(&source->fields[part->source]);
        CLEANUP(mem_free_text) char *to = type_text(part->to);
        return fail(err, FAIL_CONFIG,
                    "column \"%s\" (%s) cannot be a partition value of \"%s\" (%s)",
                    source->fields[part->source].name, from, part->column, to);
    }
    return true;
}

static bool plan_parts(const Job *job, const Schema *source, const DeltaTable *table,
                       LakePlan *plan, Err *err)
{
    const TargetSpec *target = &job->target;
    plan->parts = mem_alloc(target->partition_count * sizeof(*plan->parts));
    plan->partition_columns = mem_alloc(target->partition_count * sizeof(*plan->partition_columns));
    for (size_t i = 0; i < target->partition_count; i++) {
        const PartitionPart *spec = &target->partition[i];
        PlanPart *part = &plan->parts[plan->part_count++];
        *part = (PlanPart){.column = spec->column, .to = text_type};
        if (table->version >= 0) {
            part->column = table->partition_columns[i];
            const size_t field = schema_find(&table->schema, part->column);
            assert(field != SIZE_MAX);
            if (!part_check_type(&table->schema.fields[field], err)) {
                return false;
            }
            part->to = table->schema.fields[field].type;
        }
        plan->partition_columns[i] = part->column;
        const size_t same = schema_find(source, spec->column);
        if (same != SIZE_MAX
            && (spec->value != NULL || !text_equal_nocase(spec->field, spec->column))) {
            (void)fail(err, FAIL_CONFIG,
                       "\"%s\" is a partition column of the target and a column of the source",
                       spec->column);
            return fail_hint(
                err,
                "Write \"%s={%s}\" to partition by the column itself, or leave it out of \"columns\", or "
                "name the partition differently.",
                spec->column, source->fields[same].name);
        }
        if (spec->value != NULL ? !part_literal(part, spec->value, err)
                                : !part_dynamic(part, spec, source, err)) {
            return false;
        }
        if (spec->value == NULL) {
            plan->dynamic_count++;
        } else if (plan->dynamic_count == 0) {
            plan->folder_part_count++;
        }
    }
    return true;
}

// --- columns --------------------------------------------------------------------------------------------

static void plan_show(LakePlan *plan, const char *name, Type type, size_t source, bool is_new)
{
    plan->shown = mem_grow(plan->shown, (plan->shown_count + 1) * sizeof(*plan->shown));
    plan->shown[plan->shown_count++] = (ColumnPlan){.name = mem_copy_text(name),
                                                    .target_type = type_text(type),
                                                    .source_field = source,
                                                    .is_new = is_new};
}

static void plan_show_partition(LakePlan *plan, const PlanPart *part, const Schema *source)
{
    plan_show(plan, part->column, part->to, part->value == NULL ? part->source : SIZE_MAX,
              /* is_new= */ false);
    plan->shown[plan->shown_count - 1].partition =
        part->value != NULL ? mem_copy_text(part->value)
                            : mem_format("{%s}", source->fields[part->source].name);
}

// A column of the source that the table lacks and is not to get.
static void plan_show_ignored(LakePlan *plan, const Schema *source, size_t index)
{
    plan->shown = mem_grow(plan->shown, (plan->shown_count + 1) * sizeof(*plan->shown));
    plan->shown[plan->shown_count++] =
        (ColumnPlan){.name = mem_copy_text(source->fields[index].name), .source_field = index};
}

static void plan_write(LakePlan *plan, const char *name, size_t source, Type from, Type to,
                       bool nullable)
{
    // A 64-bit unsigned number is stored as decimal(20,0): as a column of that type it goes through
    // as it is.
    const bool is_unsigned =
        from.kind == TYPE_UINT64 && to.kind == TYPE_DECIMAL && to.precision == 20 && to.scale == 0;
    const Type type = is_unsigned ? from : to;
    plan->columns = mem_grow(plan->columns, (plan->column_count + 1) * sizeof(*plan->columns));
    plan->columns[plan->column_count++] = (PlanColumn){.source = source,
                                                       .from = from,
                                                       .to = type,
                                                       .is_free = convert_is_free(from, type),
                                                       .nullable = nullable};
    (void)schema_add(&plan->files, name, type, nullable);
}

static void plan_add_field(LakePlan *plan, const Field *field, Type type)
{
    Field *added = schema_add(&plan->table, field->name, type, /* nullable= */ true);
    added->comment = mem_copy_text(field->comment);
}

// A column that the table does not have yet. Always nullable: older rows have no value for it.
static void plan_new_column(LakePlan *plan, const Schema *source, size_t index, bool is_new_table)
{
    const Field *field = &source->fields[index];
    plan_add_field(plan, field, field->type);
    plan_write(plan, field->name, index, field->type, field->type, /* nullable= */ true);
    plan_show(plan, field->name, field->type, index, !is_new_table);
    plan->changes_schema = true;
}

static bool plan_existing_column(LakePlan *plan, const Schema *source, const Field *field, Err *err)
{
    Field *kept = schema_add(&plan->table, field->name, field->type, field->nullable);
    kept->source_type = mem_copy_text(field->source_type);
    kept->comment = mem_copy_text(field->comment);
    const size_t index = schema_find(source, field->name);
    plan_show(plan, field->name, field->type, index, /* is_new= */ false);
    if (field_is_nested(field)) {
        free(plan->shown[plan->shown_count - 1].target_type);
        plan->shown[plan->shown_count - 1].target_type = mem_copy_text("nested");
    }
    if (index == SIZE_MAX) {
        if (field->nullable) {
            return true;
        }
        (void)fail(err, FAIL_CONFIG,
                   "the table's column \"%s\" takes no NULL, and the source has no such column",
                   field->name);
        return fail_hint(err, "Add an expression with that name to the job's \"columns\".");
    }
    const Field *from = &source->fields[index];
    if (field_is_nested(field) || !convert_possible(from->type, field->type)) {
        CLEANUP(mem_free_text) char *from_text = source_type_text(from);
        CLEANUP(mem_free_text) char *to_text = type_text(field->type);
        (void)fail(err, FAIL_CONFIG,
                   "column \"%s\" of the source (%s) cannot go into the table's column \"%s\" (%s)",
                   from->name, from_text, field->name,
                   field_is_nested(field) ? field->source_type : to_text);
        const bool is_time = (from->type.kind == TYPE_INSTANT || field->type.kind == TYPE_INSTANT)
                             && from->type.kind != TYPE_BYTES && field->type.kind != TYPE_BYTES;
        return fail_hint(
            err,
            is_time
                ? "Only a time zone connects the two: convert in the job's \"columns\", with CONVERT_TZ for example."
                : "Convert in the job's \"columns\", leave the column out, or write to another table.");
    }
    plan_write(plan, field->name, index, from->type, field->type, field->nullable);
    return true;
}

static const PlanPart *plan_find_part(const LakePlan *plan, const char *name)
{
    for (size_t i = 0; i < plan->part_count; i++) {
        if (text_equal_nocase(plan->parts[i].column, name)) {
            return &plan->parts[i];
        }
    }
    return NULL;
}

static bool plan_existing(const Job *job, const Schema *source, const DeltaTable *table,
                          LakePlan *plan, Err *err)
{
    for (size_t i = 0; i < table->schema.count; i++) {
        const Field *field = &table->schema.fields[i];
        const PlanPart *part = plan_find_part(plan, field->name);
        if (part == NULL) {
            if (!plan_existing_column(plan, source, field, err)) {
                return false;
            }
            continue;
        }
        (void)schema_add(&plan->table, field->name, field->type, field->nullable);
        plan_show_partition(plan, part, source);
    }
    for (size_t i = 0; i < source->count; i++) {
        const char *name = source->fields[i].name;
        if (schema_find(&table->schema, name) != SIZE_MAX) {
            continue;
        }
        switch (job->target.new_columns) {
        case NEW_COLUMNS_ADD:
            plan_new_column(plan, source, i, /* is_new_table= */ false);
            break;
        case NEW_COLUMNS_IGNORE:
            plan_show_ignored(plan, source, i);
            break;
        case NEW_COLUMNS_ERROR:
            (void)fail(err, FAIL_CONFIG,
                       "the source has a column \"%s\" that the table \"%s\" does not have", name,
                       table->path);
            return fail_hint(
                err, "Set \"new_columns: add\" or \"new_columns: ignore\" in the job's target.");
        }
    }
    return true;
}

static void plan_new_table(const Job *job, const Schema *source, LakePlan *plan)
{
    for (size_t i = 0; i < source->count; i++) {
        if (!part_is_column(job, source->fields[i].name)) {
            plan_new_column(plan, source, i, /* is_new_table= */ true);
        }
    }
    for (size_t i = 0; i < plan->part_count; i++) {
        const PlanPart *part = &plan->parts[i];
        (void)schema_add(&plan->table, part->column, part->to, /* nullable= */ true);
        plan_show_partition(plan, part, source);
    }
    plan->changes_schema = true;
}

// Rows pass through unchanged where the files have all the source's columns in its order and
// nothing is to be checked.
static bool plan_rows_are_free(const LakePlan *plan, const Schema *source)
{
    bool is_free = plan->column_count == source->count && plan->dynamic_count == 0;
    for (size_t i = 0; is_free && i < plan->column_count; i++) {
        const PlanColumn *column = &plan->columns[i];
        is_free = column->is_free && column->source == i
                  && (column->nullable || !source->fields[i].nullable);
    }
    return is_free;
}

static bool plan_fill(const Job *job, const Schema *source, const DeltaTable *table, LakePlan *plan,
                      Err *err)
{
    const bool is_new = table->version < 0;
    if (!plan_check_names(source, err) || (!is_new && !plan_check_partition(job, table, err))
        || !plan_parts(job, source, table, plan, err)
        || (!is_new && job->target.mode != WRITE_APPEND && !delta_check_partitions(table, err))) {
        return false;
    }
    if (is_new) {
        plan_new_table(job, source, plan);
    } else if (!plan_existing(job, source, table, plan, err)) {
        return false;
    }
    if (plan->column_count == 0) {
        return fail(err, FAIL_CONFIG, "no column of the source would be stored in the table \"%s\"",
                    table->path);
    }
    plan->is_free = plan_rows_are_free(plan, source);
    return true;
}

bool plan_make(const Job *job, const Schema *source, const DeltaTable *table, LakePlan *ret_plan,
               Err *err)
{
    LakePlan plan = {0};
    if (!plan_fill(job, source, table, &plan, err)) {
        plan_done(&plan);
        return false;
    }
    *ret_plan = plan;
    return true;
}

void plan_done(LakePlan *plan)
{
    for (size_t i = 0; i < plan->part_count; i++) {
        free(plan->parts[i].value);
    }
    for (size_t i = 0; i < plan->shown_count; i++) {
        free((void *)(uintptr_t)plan->shown[i].name);
        free(plan->shown[i].target_type);
        free(plan->shown[i].partition);
    }
    free(plan->shown);
    free(plan->parts);
    free(plan->partition_columns);
    free(plan->columns);
    schema_done(&plan->files);
    schema_done(&plan->table);
    *plan = (LakePlan){0};
}

char *plan_partition_text(const LakePlan *plan, const Schema *source)
{
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < plan->part_count; i++) {
        const PlanPart *part = &plan->parts[i];
        buf_add_format(&text, "%s%s=", i > 0 ? "," : "", part->column);
        if (part->value != NULL) {
            buf_add_text(&text, part->value);
        } else {
            buf_add_format(&text, "{%s}", source->fields[part->source].name);
        }
    }
    return mem_copy_text(buf_text(&text));
}

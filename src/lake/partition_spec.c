// Values are compared as their column's type: hour < '10' is true of 9 where hour is an integer,
// and false where it is text, as in the product.
#include "base/base.h"

#include "lake/partition_spec.h"

#include "base/text.h"
#include "lake/delta_internal.h"

static size_t partition_spec_column(const PartitionList *list, const char *name)
{
    for (size_t i = 0; i < list->column_count; i++) {
        if (text_equal_nocase(list->columns[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool partition_spec_is_null(const char *value)
{
    return value[0] == '\0' || text_equal(value, DELTA_NULL_PARTITION);
}

static bool partition_spec_fail_column(const PartitionList *list, const SqlPart *part, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "\"%s\" is no partition column of the table", part->column);
    if (list->column_count == 0) {
        return fail_hint(err, "The table has no partitions.");
    }
    CLEANUP(buf_done) Buf names = {0};
    for (size_t i = 0; i < list->column_count; i++) {
        buf_add_format(&names, "%s%s", i == 0 ? "" : ", ", list->columns[i]);
    }
    return fail_hint(err, "Its partition columns: %s.", buf_text(&names));
}

static bool partition_spec_check_part(const PartitionList *list, const SqlPart *part, Err *err)
{
    const size_t column = partition_spec_column(list, part->column);
    if (column == SIZE_MAX) {
        return partition_spec_fail_column(list, part, err);
    }
    if (part->value == NULL) {
        return fail(err, FAIL_CONFIG, "the partition column \"%s\" needs a value here",
                    part->column);
    }
    CLEANUP(buf_done) Buf canonical = {0};
    if (partition_spec_is_null(part->value)
        || delta_value_text(list->types[column], part->value, &canonical)) {
        return true;
    }
    CLEANUP(buf_done) Buf type = {0};
    delta_type_name(list->types[column], &type);
    return fail(err, FAIL_CONFIG, "\"%s\" is no %s, which the partition column \"%s\" is",
                part->value, buf_text(&type), part->column);
}

bool partition_spec_check(const PartitionList *list, const SqlPartition *spec,
                          const SqlPart **ret_wrong, Err *err)
{
    for (size_t i = 0; i < spec->count; i++) {
        if (!partition_spec_check_part(list, &spec->parts[i], err)) {
            *ret_wrong = &spec->parts[i];
            return false;
        }
    }
    return true;
}

bool partition_spec_is_whole(const PartitionList *list, const SqlPartition *spec)
{
    if (spec->count != list->column_count) {
        return false;
    }
    for (size_t i = 0; i < list->column_count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < spec->count; j++) {
            found += spec->parts[j].compare == SQL_EQUAL && spec->parts[j].value != NULL
                     && text_equal_nocase(spec->parts[j].column, list->columns[i]);
        }
        if (found != 1) {
            return false;
        }
    }
    return true;
}

char **partition_spec_values(const PartitionList *list, const SqlPartition *spec)
{
    char **values = mem_alloc(list->column_count * sizeof(*values));
    for (size_t i = 0; i < spec->count; i++) {
        const SqlPart *part = &spec->parts[i];
        const size_t column = partition_spec_column(list, part->column);
        CLEANUP(buf_done) Buf text = {0};
        if (!partition_spec_is_null(part->value)
            && delta_value_text(list->types[column], part->value, &text)) {
            values[column] = buf_take(&text);
        }
    }
    return values;
}

static bool partition_spec_holds(SqlCompare compare, int order)
{
    switch (compare) {
    case SQL_EQUAL:
        return order == 0;
    case SQL_NOT_EQUAL:
        return order != 0;
    case SQL_LESS:
        return order < 0;
    case SQL_LESS_EQUAL:
        return order <= 0;
    case SQL_GREATER:
        return order > 0;
    case SQL_GREATER_EQUAL:
        return order >= 0;
    }
    return false;
}

bool partition_spec_matches(const PartitionList *list, const SqlPartition *spec,
                            const Partition *partition)
{
    for (size_t i = 0; i < spec->count; i++) {
        const SqlPart *part = &spec->parts[i];
        const size_t column = partition_spec_column(list, part->column);
        assert(column != SIZE_MAX && part->value != NULL);  // partition_spec_check()
        const char *value = partition->values[column];
        if (partition_spec_is_null(part->value) || value == NULL) {
            const bool is_same = partition_spec_is_null(part->value) && value == NULL;
            if (part->compare != SQL_EQUAL || !is_same) {
                return false;
            }
            continue;
        }
        if (!partition_spec_holds(part->compare,
                                  delta_value_order(list->types[column], value, part->value))) {
            return false;
        }
    }
    return true;
}

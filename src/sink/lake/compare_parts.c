// A job's literals choose partitions by value, as the commit of an overwrite does. Where every part
// comes from the rows, an overwrite replaces only what got rows, and so only that is compared.
#include "base/base.h"

#include "sink/lake/compare_parts.h"

#include "base/text.h"

#define PARTITIONS_SHOWN 5

static bool parts_match(const LakePlan *plan, const Partition *partition)
{
    for (size_t i = 0; i < plan->part_count; i++) {
        const char *wanted = plan->parts[i].value;
        if (wanted != NULL && !text_equal(wanted, partition->values[i])) {
            return false;
        }
    }
    return true;
}

static void parts_count(CompareParts *parts)
{
    parts->files = 0;
    parts->modified_ms = 0;
    for (size_t i = 0; i < parts->list.count; i++) {
        const Partition *partition = &parts->list.items[i];
        if (!parts->is_written[i]) {
            continue;
        }
        parts->files += partition->files;
        if (partition->modified_ms > parts->modified_ms) {
            parts->modified_ms = partition->modified_ms;
        }
    }
}

// The last ones by value are those that somebody who mistook the date looks for.
static bool parts_fail(const DeltaTable *table, const CompareParts *parts, Err *err)
{
    const PartitionList *list = &parts->list;
    if (list->column_count == 0) {
        return fail(err, FAIL_TARGET, "the table \"%s\" has no files", table->path);
    }
    CLEANUP(buf_done) Buf names = {0};
    const size_t shown = list->count < PARTITIONS_SHOWN ? list->count : PARTITIONS_SHOWN;
    for (size_t i = list->count - shown; i < list->count; i++) {
        buf_add_text(&names, names.len == 0 ? "" : ", ");
        partition_text(list, &list->items[i], &names);
    }
    (void)fail(err, FAIL_TARGET, "the table \"%s\" has no partition %s", table->path, parts->text);
    if (list->count == 0) {
        return fail_hint(err, "It has no partition at all: run the job first.");
    }
    return fail_hint(err, "It has %zu partition%s%s%s. Run the job for that business date first.",
                     list->count, list->count == 1 ? "" : "s",
                     shown < list->count ? ", the last are " : ": ", buf_text(&names));
}

bool compare_parts_open(const DeltaTable *table, const LakePlan *plan, const Schema *source,
                        CompareParts *ret_parts, Err *err)
{
    CompareParts parts = {0};
    if (!partition_list_make(table, &parts.list, err)) {
        return false;
    }
    parts.is_written = mem_alloc((parts.list.count + 1) * sizeof(*parts.is_written));
    parts.text = plan_partition_text(plan, source);
    for (size_t i = 0; i < parts.list.count; i++) {
        parts.is_written[i] = parts_match(plan, &parts.list.items[i]);
    }
    parts_count(&parts);
    // Without rows a job whose partitions come from its rows makes none.
    if (parts.files == 0 && plan->dynamic_count == 0) {
        (void)parts_fail(table, &parts, err);
        compare_parts_done(&parts);
        return false;
    }
    *ret_parts = parts;
    return true;
}

void compare_parts_done(CompareParts *parts)
{
    partition_list_done(&parts->list);
    free(parts->is_written);
    free(parts->text);
    *parts = (CompareParts){0};
}

void compare_parts_named(CompareParts *parts, const Partitions *named)
{
    memset(parts->is_written, 0, parts->list.count * sizeof(*parts->is_written));
    for (size_t i = 0; i < partitions_count(named); i++) {
        const size_t at = partition_list_find(&parts->list, partitions_texts(named, i));
        if (at != SIZE_MAX) {
            parts->is_written[at] = true;
        }
    }
    parts_count(parts);
}

bool compare_parts_files(const CompareParts *parts, const DeltaTable *table, bool **ret_keep,
                         Err *err)
{
    bool *keep = mem_alloc((table->file_count + 1) * sizeof(*keep));
    for (size_t i = 0; i < table->file_count; i++) {
        size_t at = 0;
        if (!partition_list_of_file(&parts->list, table, &table->files[i], &at, err)) {
            free(keep);
            return false;
        }
        keep[i] = parts->is_written[at];
    }
    *ret_keep = keep;
    return true;
}

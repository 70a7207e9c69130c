// One pass over the files, sorted by partition. Values are compared in the order of their types, so
// that hour=9 stands before hour=10 where hour is an integer.
#include "base/base.h"

#include "lake/partition_list.h"

#include "lake/delta_internal.h"

typedef struct PartitionFile {
    char **values;
    const DeltaFile *file;
} PartitionFile;

static int partition_order(const PartitionList *list, char *const *a, char *const *b)
{
    for (size_t i = 0; i < list->column_count; i++) {
        const int order = delta_value_order(list->types[i], a[i], b[i]);
        if (order != 0) {
            return order;
        }
    }
    // Texts that are one value to the order and two to the log (floating-point numbers).
    return delta_values_compare(a, b, list->column_count);
}

static int partition_compare_files(const void *a, const void *b, void *list)
{
    return partition_order(list, ((const PartitionFile *)a)->values,
                           ((const PartitionFile *)b)->values);
}

void partition_add_file(Partition *partition, const DeltaFile *file)
{
    partition->rows = partition->rows < 0 || file->rows < 0 ? -1 : partition->rows + file->rows;
    partition->files++;
    partition->bytes += (uint64_t)file->size;
    partition->modified_ms =
        file->modified_ms > partition->modified_ms ? file->modified_ms : partition->modified_ms;
}

// The sorted files into items, which take the values.
static void partition_gather(PartitionList *list, PartitionFile *files, size_t count)
{
    list->items = mem_alloc(count * sizeof(*list->items));
    for (size_t i = 0; i < count; i++) {
        Partition *last = list->count == 0 ? NULL : &list->items[list->count - 1];
        if (last == NULL || partition_order(list, last->values, files[i].values) != 0) {
            last = &list->items[list->count++];
            *last = (Partition){.values = files[i].values};
            files[i].values = NULL;
        }
        partition_add_file(last, files[i].file);
    }
}

bool partition_list_make(const DeltaTable *table, PartitionList *ret_list, Err *err)
{
    CLEANUP(delta_parts_done) DeltaParts parts = {0};
    delta_parts_init(&parts, &table->schema, table->partition_columns, table->partition_count);
    PartitionFile *files = mem_alloc(table->file_count * sizeof(*files));
    size_t count = 0;
    while (count < table->file_count
           && delta_parts_file(&parts, table, &table->files[count], &files[count].values, err)) {
        files[count].file = &table->files[count];
        count++;
    }
    const bool done = count == table->file_count;
    if (done) {
        PartitionList list = {
            .columns = table->partition_columns,
            .types = parts.types,
            .column_count = parts.count,
        };
        parts.types = NULL;
        if (count > 0) {
            qsort_r(files, count, sizeof(*files), partition_compare_files, &list);
        }
        partition_gather(&list, files, count);
        *ret_list = list;
    }
    for (size_t i = 0; i < count; i++) {
        delta_texts_free(files[i].values, table->partition_count);
    }
    free(files);
    return done;
}

void partition_list_done(PartitionList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        delta_texts_free(list->items[i].values, list->column_count);
    }
    free(list->items);
    free(list->types);
    *list = (PartitionList){0};
}

void partition_text(const PartitionList *list, const Partition *partition, Buf *out)
{
    for (size_t i = 0; i < list->column_count; i++) {
        buf_add_text(out, i == 0 ? "" : "/");
        delta_partition_folder(list->columns[i], partition->values[i], out);
    }
}

size_t partition_list_find(const PartitionList *list, char *const *values)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = partition_order(list, list->items[middle].values, values);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}

bool partition_list_of_file(const PartitionList *list, const DeltaTable *table,
                            const DeltaFile *file, size_t *ret_index, Err *err)
{
    const DeltaParts parts = {
        .columns = list->columns,
        .types = list->types,
        .count = list->column_count,
        .is_typed = true,
    };
    char **values = NULL;
    if (!delta_parts_file(&parts, table, file, &values, err)) {
        return false;
    }
    *ret_index = partition_list_find(list, values);
    delta_texts_free(values, list->column_count);
    return true;
}

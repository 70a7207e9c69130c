// The partitions of a Delta table: it keeps no list of them, so they are what its files say.
#pragma once

#include "lake/delta.h"

typedef struct Partition {
    char **values;  // canonical, in the order of the partition columns; NULL is the null partition
    int64_t rows;   // -1: not known of every file
    size_t files;
    uint64_t bytes;
    int64_t modified_ms;  // when the newest of its files was written
} Partition;

// Sorted by value, NULL first. The table's names are borrowed from the table.
typedef struct PartitionList {
    char *const *columns;
    Type *types;
    size_t column_count;
    Partition *items;
    size_t count;
} PartitionList;

// Of a table without partition columns: one item that stands for the whole, or none where it has no
// files. FAIL_TARGET where a value cannot be read as its column's type.
bool partition_list_make(const DeltaTable *table, PartitionList *ret_list, Err *err) MUST_CHECK;
void partition_list_done(PartitionList *list);

// Adds to a partition's counts what a file holds: how an item is made.
void partition_add_file(Partition *partition, const DeltaFile *file);
// "ds=20161114/region=cn", escaped like the folder's name.
void partition_text(const PartitionList *list, const Partition *partition, Buf *out);
// The index of the item with these canonical values, or SIZE_MAX.
size_t partition_list_find(const PartitionList *list, char *const *values);
// The index of the item that the file lies in. FAIL_TARGET.
bool partition_list_of_file(const PartitionList *list, const DeltaTable *table,
                            const DeltaFile *file, size_t *ret_index, Err *err) MUST_CHECK;

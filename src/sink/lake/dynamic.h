// Writing rows whose partition follows from the row itself: set aside by partition first, then one
// partition after the other into its files. Runs its own threads, as many as there are producers.
#pragma once

#include "lake/parquet.h"
#include "sink/lake/partitions.h"

typedef struct DynamicWrite {
    const Schema
        *schema;  // of the files; a producer's row has part_count texts after these columns
    size_t part_count;
    ParquetNext next;
    void **producers;
    size_t producer_count;
    const char *spool_folder;  // absolute; exists
    const char *table;         // absolute
    // The folder of a partition, relative to the table; owned by the caller.
    char *(*folder)(const void *context, char *const *texts);
    const void *context;
    const char *file_prefix;
    uint64_t memory_bytes;
    uint64_t file_bytes;
    int64_t row_group_rows;
    Cancel *cancel;
} DynamicWrite;

// Called for each partition's files, from one thread at a time; `folder` is relative to the table.
typedef void (*DynamicFiles)(void *object, const char *folder, char *const *texts,
                             const ParquetFiles *files);

bool dynamic_write(const DynamicWrite *write, DynamicFiles take, void *object, Err *err) MUST_CHECK;

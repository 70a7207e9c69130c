// Rows into Parquet files: one thread a producer pulls, gathers row groups, encodes and compresses
// them (zstd).
//
// Memory stays under `memory_bytes` whatever the row count and row width, but for a single value
// that is larger than its share.
#pragma once

#include "base/cancel.h"
#include "record/schema.h"

// Pulls rows on one thread: the next row in *ret_row, NULL at the end. Values have exactly the
// types of the columns. The row is borrowed until the next call.
typedef bool (*ParquetNext)(void *producer, const Value **ret_row, Err *err);
// Told of a row with a VALUE_DIRTY cell (the first one's column): the row is left out. False stops
// the writing.
typedef bool (*ParquetDirty)(void *producer, const Value *row, size_t column, Err *err);

typedef struct ParquetWrite {
    const Schema *schema;     // the rows' columns, in order
    const char *folder;       // absolute, exists: files go here
    const char *file_prefix;  // each file is <prefix>-<number>.parquet
    void **producers;         // one a thread
    size_t producer_count;
    ParquetNext next;
    ParquetDirty dirty;  // NULL where no row has a dirty cell
    uint64_t memory_bytes;
    uint64_t file_bytes;  // a new file is begun past this size
    int64_t row_group_rows;
    Cancel *cancel;  // ends the writing, and is requested where a thread fails; may be NULL
} ParquetWrite;

typedef struct ParquetFile {
    char *name;  // in `folder`
    int64_t rows;
    int64_t size;
    char *stats;  // Delta statistics as JSON: numRecords, minValues, maxValues, nullCount
} ParquetFile;

typedef struct ParquetFiles {
    ParquetFile *files;
    size_t count;
} ParquetFiles;

// Writes and syncs the files. No rows at all give one file without rows. On failure files may be
// left: the caller removes what begins with the prefix. Errors of `next` come back unchanged;
// the disk's are FAIL_TARGET.
bool parquet_write(const ParquetWrite *write, ParquetFiles *ret_files, Err *err) MUST_CHECK;
void parquet_files_done(ParquetFiles *files);

// Parquet files that several threads append row groups to: one file is open at a time, and a new
// one is begun when it has reached its size.
//
// Format: parquet.thrift of github.com/apache/parquet-format. Thread: any, one lock inside.
#pragma once

#include "lake/parquet.h"
#include "lake/parquet_column.h"

typedef struct ParquetOutput ParquetOutput;

// Borrows `write`.
ParquetOutput *parquet_output_new(const ParquetWrite *write) MUST_CHECK;
// Closes and removes a file that was not finished.
void parquet_output_free(ParquetOutput *output);

// Appends a row group: its bytes, and a chunk for every column of the schema.
bool parquet_output_append(ParquetOutput *output, const Buf *bytes, const ParquetChunk *chunks,
                           size_t rows, Err *err) MUST_CHECK;
// Ends the last file, makes one without rows where there is none, syncs all and hands them over.
bool parquet_output_finish(ParquetOutput *output, ParquetFiles *ret_files, Err *err) MUST_CHECK;

// Statistics of a file as Delta's log wants them, from the bounds of the first
// PARQUET_STATS_COLUMNS columns.
#define PARQUET_STATS_COLUMNS 32
void parquet_stats_json(const Schema *schema, const ParquetBounds *bounds, size_t count,
                        int64_t rows, Buf *out);

// The footer of a Parquet file: schema, row groups, statistics.
#pragma once

#include "lake/parquet_column.h"

typedef struct ParquetGroup {
    int64_t offset;        // of its first byte in the file
    int64_t rows;
    int64_t bytes;
    ParquetChunk *chunks;  // one a column
} ParquetGroup;

// Appends the footer, its length and the closing magic bytes.
void parquet_footer(const Schema *schema, const ParquetGroup *groups, size_t group_count, Buf *out);

// The footer of a Parquet file: schema, row groups, statistics.
//
// Row groups are put into their footer's form when they are written, since the values of all bounds
// would take several times the memory.
#pragma once

#include "lake/parquet_column.h"
#include "record/schema.h"

#define PARQUET_MAGIC "PAR1"
#define PARQUET_GROUPS_MAX \
    INT16_MAX  // of a file: their ordinal has 16 bits, and readers insist on it

typedef struct ParquetGroup {
    size_t ordinal;  // in the file, from 0
    int64_t offset;  // of its first byte in the file
    int64_t rows;
    int64_t bytes;
    const ParquetChunk *chunks;  // one a column
} ParquetGroup;

// Appends what the footer says of one row group.
void parquet_footer_group(const Schema *schema, const ParquetGroup *group, Buf *out);
// Appends the footer, its length and the closing magic bytes. groups: what parquet_footer_group
// appended.
void parquet_footer(const Schema *schema, const Buf *groups, size_t group_count, int64_t rows,
                    Buf *out);

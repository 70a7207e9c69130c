// What the files behind lake/parquet.h share: parquet.c (the COPY), parquet_rows.c (the table function), and
// parquet_stats.c (statistics as Delta wants them).
#pragma once

#include "lake/parquet.h"

#include <duckdb.h>

#define PARQUET_ROWS_FUNCTION "weir_rows"

// The state behind the table function; one for one COPY.
typedef struct ParquetRows ParquetRows;

ParquetRows *parquet_rows_new(const ParquetWrite *write) MUST_CHECK;  // borrows `write`
void parquet_rows_free(ParquetRows *rows);
// Makes weir_rows() known to the connection. `rows` must outlive the connection.
bool parquet_rows_register(ParquetRows *rows, duckdb_connection connection, Err *err) MUST_CHECK;
// True where a producer or the function failed: *ret_err is the first error.
bool parquet_rows_failed(ParquetRows *rows, Err *ret_err) MUST_CHECK;

// One column's bounds in a file as DuckDB's RETURN_STATS prints them; borrowed.
typedef struct ParquetBounds {
    const char *min;  // NULL where there is none
    size_t min_len;
    const char *max;
    size_t max_len;
    int64_t null_count;  // -1 where unknown
    bool has_nan;
} ParquetBounds;

// Delta's statistics of a file: the first PARQUET_STATS_COLUMNS columns of the schema, count of them in `bounds`.
#define PARQUET_STATS_COLUMNS 32
void parquet_stats_json(const Schema *schema, const ParquetBounds *bounds, size_t count, int64_t rows, Buf *out);

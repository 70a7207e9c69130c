// A row group while it is filled: rows come one by one, and each column's values go into a plain
// array. NULLs are not gathered; they only count and set definition levels.
//
// Thread: the one that fills the row group.
#pragma once

#include "lake/parquet_bounds.h"
#include "record/schema.h"

// How a Value becomes an element of the array.
typedef enum GatherForm {
    GATHER_INT,      // BOOLEAN, INT32, INT64
    GATHER_DECIMAL,  // of up to 18 digits, as INT32 or INT64
    GATHER_DOUBLE,   // FLOAT, DOUBLE
    GATHER_WIDE,     // longer decimals, as FIXED
    GATHER_UINT64,   // as FIXED
    GATHER_BYTES,
} GatherForm;

typedef struct ParquetColumn {
    GatherForm form;
    uint32_t value_size;  // bytes of one element
    size_t count;         // of values that are not NULL
    size_t capacity;
    union {
        int64_t *ints;
        double *doubles;
        __int128 *wide;
        uint32_t *lens;  // of BYTES, which stand one after the other in `bytes`
        void *values;
    };
    uint16_t *levels;  // a definition level a row; NULL while no row was NULL
    size_t level_capacity;
    char *bytes;
    size_t byte_count;
    size_t byte_capacity;
    Type type;
    ParquetPhysical physical;
} ParquetColumn;

typedef struct ParquetRows {
    ParquetColumn *columns;
    size_t column_count;
    size_t count;
    size_t bytes;  // that the values take
} ParquetRows;

void parquet_rows_init(ParquetRows *gathered, const Schema *schema);
void parquet_rows_done(ParquetRows *gathered);
// Adds a row of the schema. Where a cell is dirty nothing is added, and its column is returned;
// otherwise SIZE_MAX.
size_t parquet_rows_add(ParquetRows *gathered, const Value *row);
// Forgets all rows, and gives back memory that they did not need.
void parquet_rows_clear(ParquetRows *gathered);

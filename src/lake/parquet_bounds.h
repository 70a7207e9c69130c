// The least and the greatest value of a column, for the statistics of row groups and of Delta's
// log.
#pragma once

#include "lake/parquet_type.h"

// Text keeps its first BOUND_TEXT_MAX bytes, whole characters: more than 33 characters of any text.
#define BOUND_TEXT_MAX 136
typedef struct ParquetBound {
    union {
        int64_t i64;    // BOOLEAN, INT32, INT64
        double f64;     // FLOAT, DOUBLE
        __int128 i128;  // FIXED
    };
    char text[BOUND_TEXT_MAX];
    size_t len;
    bool is_cut;  // the text went on
} ParquetBound;

typedef struct ParquetBounds {
    int64_t null_count;
    int64_t nan_count;
    bool
        has_values;  // min and max are set; never where a NaN is: comparing with them means nothing
    ParquetBound min;
    ParquetBound max;
} ParquetBounds;

// Of at least one value. They set min, max, nan_count and has_values.
void parquet_bounds_of_ints(ParquetBounds *bounds, const int64_t *values, size_t count);
void parquet_bounds_of_doubles(ParquetBounds *bounds, const double *values, size_t count);
void parquet_bounds_of_wide(ParquetBounds *bounds, const __int128 *values, size_t count);
// Takes in one text. The first time both bounds are NULL.
typedef struct ParquetTextRange {
    const char *min, *max;  // borrowed
    size_t min_len, max_len;
} ParquetTextRange;
void parquet_text_range_add(ParquetTextRange *range, const char *text, size_t len);
void parquet_bounds_of_range(ParquetBounds *bounds, const ParquetTextRange *range);

// Widens `into` by the bounds of more rows.
void parquet_bounds_merge(ParquetBounds *into, const ParquetBounds *more, Type type);

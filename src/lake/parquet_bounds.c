// Bounds are found in a loop of their own over the gathered values: it is cheaper than a comparison
// where they are gathered, row by row.
#include "base/base.h"

#include "lake/parquet_bounds.h"

#include <math.h>

void parquet_bounds_of_ints(ParquetBounds *bounds, const int64_t *values, size_t count)
{
    int64_t min = values[0];
    int64_t max = values[0];
    for (size_t i = 1; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    bounds->min.i64 = min;
    bounds->max.i64 = max;
    bounds->has_values = true;
}

void parquet_bounds_of_doubles(ParquetBounds *bounds, const double *values, size_t count)
{
    double min = INFINITY;
    double max = -INFINITY;
    int64_t nan_count = 0;
    for (size_t i = 0; i < count; i++) {
        nan_count += isnan(values[i]) ? 1 : 0;
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    // The two zeros are equal and yet differ: the format wants the bound that takes in both.
    bounds->min.f64 = min == 0 ? -0.0 : min;
    bounds->max.f64 = max == 0 ? 0.0 : max;
    bounds->nan_count = nan_count;
    bounds->has_values = nan_count == 0;
}

void parquet_bounds_of_wide(ParquetBounds *bounds, const __int128 *values, size_t count)
{
    __int128 min = values[0];
    __int128 max = values[0];
    for (size_t i = 1; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    bounds->min.i128 = min;
    bounds->max.i128 = max;
    bounds->has_values = true;
}

// --- text -----------------------------------------------------------------------------------------

static int compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    const int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

void parquet_text_range_add(ParquetTextRange *range, const char *text, size_t len)
{
    if (range->min == NULL || compare_text(text, len, range->min, range->min_len) < 0) {
        range->min = text;
        range->min_len = len;
    }
    if (range->max == NULL || compare_text(text, len, range->max, range->max_len) > 0) {
        range->max = text;
        range->max_len = len;
    }
}

// Bytes of whole characters that fit a bound.
static size_t bound_text_len(const char *text, size_t len)
{
    if (len <= BOUND_TEXT_MAX) {
        return len;
    }
    size_t cut = BOUND_TEXT_MAX;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) {
        cut--;
    }
    return cut;
}

static void bound_set_text(ParquetBound *bound, const char *text, size_t len)
{
    bound->len = bound_text_len(text, len);
    bound->is_cut = bound->len < len;
    memcpy(bound->text, text, bound->len);
}

void parquet_bounds_of_range(ParquetBounds *bounds, const ParquetTextRange *range)
{
    bound_set_text(&bounds->min, range->min, range->min_len);
    bound_set_text(&bounds->max, range->max, range->max_len);
    bounds->has_values = true;
}

// --- merging --------------------------------------------------------------------------------------

// Negative, zero or positive as `a` lies before, at or after `b`. A text that was cut lies after
// its equal that was not.
static int bound_compare(const ParquetBound *a, const ParquetBound *b, ParquetPhysical physical)
{
    switch (physical) {
    case PARQUET_BOOLEAN:
    case PARQUET_INT32:
    case PARQUET_INT64:
        return (a->i64 > b->i64) - (a->i64 < b->i64);
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        return (a->f64 > b->f64) - (a->f64 < b->f64);
    case PARQUET_FIXED:
        return (a->i128 > b->i128) - (a->i128 < b->i128);
    case PARQUET_BYTE_ARRAY: {
        const int order = compare_text(a->text, a->len, b->text, b->len);
        return order != 0 ? order : (int)a->is_cut - (int)b->is_cut;
    }
    }
    return 0;
}

void parquet_bounds_merge(ParquetBounds *into, const ParquetBounds *more, Type type)
{
    const ParquetPhysical physical = parquet_physical(type);
    into->null_count += more->null_count;
    into->nan_count += more->nan_count;
    if (more->has_values) {
        if (!into->has_values || bound_compare(&more->min, &into->min, physical) < 0) {
            into->min = more->min;
        }
        if (!into->has_values || bound_compare(&more->max, &into->max, physical) > 0) {
            into->max = more->max;
        }
        into->has_values = true;
    }
    into->has_values = into->has_values && into->nan_count == 0;
}

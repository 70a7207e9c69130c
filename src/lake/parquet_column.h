// One column of one row group: values are gathered in plain arrays, then encoded and compressed in one go.
//
// Physical types and encodings: README.md and Encodings.md of github.com/apache/parquet-format. Thread: the one that
// fills the row group.
#pragma once

#include "lake/parquet_encode.h"
#include "record/schema.h"

// parquet.thrift: enum Type, enum Encoding
typedef enum ParquetPhysical {
    PARQUET_BOOLEAN = 0,
    PARQUET_INT32 = 1,
    PARQUET_INT64 = 2,
    PARQUET_FLOAT = 4,
    PARQUET_DOUBLE = 5,
    PARQUET_BYTE_ARRAY = 6,
    PARQUET_FIXED = 7,
} ParquetPhysical;

typedef enum ParquetEncoding {
    PARQUET_PLAIN = 0,
    PARQUET_RLE = 3,
    PARQUET_DELTA = 5,
    PARQUET_DELTA_LENGTH = 6,
    PARQUET_RLE_DICTIONARY = 8,
} ParquetEncoding;

// The least and the greatest value of a column. Text keeps its first BOUND_TEXT_MAX bytes, whole characters.
#define BOUND_TEXT_MAX 136  // more than 33 characters of any text
typedef struct ParquetBound {
    union {
        int64_t i64;
        double f64;
        __int128 i128;
    };
    char text[BOUND_TEXT_MAX];
    size_t len;
    bool is_cut;  // the text went on
} ParquetBound;

typedef struct ParquetBounds {
    int64_t null_count;
    bool has_values;  // min and max are set
    bool has_nan;     // comparing with bounds means nothing
    ParquetBound min;
    ParquetBound max;
} ParquetBounds;

// Widens `into` by the bounds of more rows.
void parquet_bounds_merge(ParquetBounds *into, const ParquetBounds *more, Type type);

// Where the pages of a column chunk lie in the row group's bytes, and what its metadata must say.
typedef struct ParquetChunk {
    size_t offset;           // of the first page
    size_t data_offset;      // of the data page
    bool has_dictionary;
    ParquetEncoding encoding;
    int64_t uncompressed_size;
    int64_t compressed_size;  // both with the page headers
    ParquetBounds bounds;
} ParquetChunk;

typedef struct ParquetColumn ParquetColumn;
typedef struct ParquetEncoder ParquetEncoder;  // what the columns of one thread share

ParquetPhysical parquet_physical(Type type);
size_t parquet_fixed_len(Type type);  // bytes of a FIXED: as few as hold the precision

ParquetColumn *parquet_column_new(Type type) MUST_CHECK;
void parquet_column_free(ParquetColumn *column);
// Adds one value of the column's type, or NULL. Returns the bytes that it takes.
size_t parquet_column_add(ParquetColumn *column, const Value *value);
// Empties the column and gives back memory past `keep_bytes`.
void parquet_column_clear(ParquetColumn *column, size_t keep_bytes);

ParquetEncoder *parquet_encoder_new(void) MUST_CHECK;
void parquet_encoder_free(ParquetEncoder *encoder);
// Appends the column's pages to `out`.
bool parquet_column_encode(const ParquetColumn *column, ParquetEncoder *encoder, Buf *out, ParquetChunk *ret_chunk,
                           Err *err) MUST_CHECK;

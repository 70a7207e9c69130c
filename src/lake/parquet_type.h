// What a type of ours is in a Parquet file: its physical type, and how many bytes a FIXED takes.
//
// Format: parquet.thrift and LogicalTypes.md of github.com/apache/parquet-format.
#pragma once

#include "record/type.h"

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

typedef enum ParquetPage {
    PARQUET_DATA_PAGE = 0,
    PARQUET_DICTIONARY_PAGE = 2,
} ParquetPage;

ParquetPhysical parquet_physical(Type type);

// Bytes of a FIXED: as few as hold the type's precision and a sign.
#define PARQUET_FIXED_MAX sizeof(__int128)
size_t parquet_fixed_len(Type type);
// The last `len` bytes of the number, the highest first, as a FIXED stands in a file.
void parquet_fixed_bytes(__int128 value, size_t len, char *to);

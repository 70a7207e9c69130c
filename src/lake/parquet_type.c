// Numbers take the smallest physical type of the format that holds them; decimals and unsigned
// 64-bit integers that no integer of the format holds are big-endian bytes.
#include "base/base.h"

#include "lake/parquet_type.h"

#define UINT64_DIGITS 20

ParquetPhysical parquet_physical(Type type)
{
    switch (type.kind) {
    case TYPE_BOOL:
        return PARQUET_BOOLEAN;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_DATE:
        return PARQUET_INT32;
    case TYPE_INT64:
    case TYPE_DATETIME:
    case TYPE_INSTANT:
        return PARQUET_INT64;
    case TYPE_FLOAT32:
        return PARQUET_FLOAT;
    case TYPE_FLOAT64:
        return PARQUET_DOUBLE;
    case TYPE_UINT64:
        return PARQUET_FIXED;
    case TYPE_DECIMAL:
        return type.precision <= 9    ? PARQUET_INT32
               : type.precision <= 18 ? PARQUET_INT64
                                      : PARQUET_FIXED;
    case TYPE_TEXT:
    case TYPE_BYTES:
        return PARQUET_BYTE_ARRAY;
    }
    assert(false);
    return PARQUET_BYTE_ARRAY;
}

size_t parquet_fixed_len(Type type)
{
    const int precision = type.kind == TYPE_UINT64 ? UINT64_DIGITS : type.precision;
    unsigned __int128 largest = 1;
    for (int i = 0; i < precision; i++) {
        largest *= 10;
    }
    largest--;
    size_t len = 1;
    while (len < PARQUET_FIXED_MAX && largest >> (len * 8 - 1) != 0) {
        len++;
    }
    return len;
}

void parquet_fixed_bytes(__int128 value, size_t len, char *to)
{
    const unsigned __int128 bits = (unsigned __int128)value;
    const uint64_t halves[2] = {__builtin_bswap64((uint64_t)(bits >> 64)),
                                __builtin_bswap64((uint64_t)bits)};
    memcpy(to, (const char *)halves + PARQUET_FIXED_MAX - len, len);
}

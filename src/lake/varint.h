// Numbers of variable length, as Thrift's compact protocol and Parquet's encodings both have them:
// seven bits a byte, the lowest first (ULEB128); signed ones by zigzag.
#pragma once

#include "base/buf.h"

static inline void varint_add(Buf *out, uint64_t value)
{
    char bytes[10];
    size_t len = 0;
    for (; value >= 0x80; value >>= 7) {
        bytes[len++] = (char)(value | 0x80);
    }
    bytes[len++] = (char)value;
    buf_add_bytes(out, bytes, len);
}

static inline void varint_add_zigzag(Buf *out, int64_t value)
{
    varint_add(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

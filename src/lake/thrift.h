// Thrift's compact protocol, writing only: what Parquet's page headers and footer are made of.
//
// Format: github.com/apache/thrift, doc/specs/thrift-compact-protocol.md. Fields of a struct must
// be written in the order of their ids. Thread: one at a time.
#pragma once

#include "base/buf.h"

typedef enum ThriftType {
    THRIFT_BYTE = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_STRUCT = 12,
} ThriftType;

#define THRIFT_DEPTH_MAX 8

typedef struct Thrift {
    Buf *out;
    int depth;
    int last_id[THRIFT_DEPTH_MAX];  // of the structs that are open
} Thrift;

// The writer begins inside the outermost struct; thrift_end closes it.
Thrift thrift_writer(Buf *out);
void thrift_end(Thrift *thrift);

void thrift_i16(Thrift *thrift, int id, int16_t value);
void thrift_i32(Thrift *thrift, int id, int32_t value);
void thrift_i64(Thrift *thrift, int id, int64_t value);
void thrift_byte(Thrift *thrift, int id, int8_t value);
void thrift_bool(Thrift *thrift, int id, bool value);
void thrift_binary(Thrift *thrift, int id, const void *bytes, size_t len);
void thrift_text(Thrift *thrift, int id, const char *text);

// A struct as a field; closed by thrift_end.
void thrift_begin(Thrift *thrift, int id);
// A list as a field: `count` elements of the type follow, written by the thrift_item functions.
void thrift_list(Thrift *thrift, int id, ThriftType type, size_t count);
void thrift_item_begin(Thrift *thrift);  // a struct, closed by thrift_end
void thrift_item_i32(Thrift *thrift, int32_t value);
void thrift_item_text(Thrift *thrift, const char *text);

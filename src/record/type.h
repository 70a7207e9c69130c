// Logical types: what a column's values mean, whatever server they come from or table they go to.
#pragma once

#include "base/buf.h"

typedef enum TypeKind {
    TYPE_BOOL,     // Value.i64 0 or 1
    TYPE_INT8,     // Value.i64
    TYPE_INT16,    // Value.i64
    TYPE_INT32,    // Value.i64
    TYPE_INT64,    // Value.i64
    TYPE_UINT64,   // Value.u64; BIGINT UNSIGNED and BIT(64): decimal(20,0) in the lake, a number in
                   // JSON
    TYPE_FLOAT32,  // Value.f64 holding a float exactly
    TYPE_FLOAT64,  // Value.f64
    TYPE_DECIMAL,  // Value.i128, unscaled; precision <= 38
    TYPE_DATE,     // Value.i64, days since 1970-01-01, years 0..9999
    TYPE_DATETIME,  // Value.i64, microseconds since 1970-01-01 of a wall clock in no zone
    TYPE_INSTANT,   // Value.i64, microseconds since 1970-01-01T00:00:00Z
    TYPE_TEXT,      // Value.bytes, UTF-8, may hold NUL
    TYPE_BYTES,     // Value.bytes
} TypeKind;
#define TYPE_KIND_COUNT (TYPE_BYTES + 1)

typedef struct Type {
    TypeKind kind;
    uint8_t precision;  // DECIMAL: digits, 1..38
    uint8_t scale;  // DECIMAL: digits after the point; DATETIME, INSTANT: fractional digits 0..6
} Type;

bool type_equal(Type a, Type b);  // fractional digits of times do not count

// "int64", "decimal(10,2)", "text" ... in `out`.
void type_describe(Type type, Buf *out);

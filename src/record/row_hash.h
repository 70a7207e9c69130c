// A hash of a row by its logical values: equal rows have equal hashes, wherever they were read and
// however they are stored, and different rows have different ones but for an accident of one in
// 2^128.
//
// Each cell goes in with its column's place, whether it is NULL, and its value: the bytes of a
// text, the number behind a decimal, a float to the bit (0.0 and -0.0 differ), the microseconds of
// a time. Types of one kind of value (all integers, all decimals and 64-bit unsigned integers, ...)
// hash alike. The hash is XXH3, the same on every machine. Thread: one a hasher.
#pragma once

#include "record/schema.h"

typedef struct RowHash {
    uint64_t key;  // of the key's cells; without a key as good as `row`
    uint64_t row[2];
} RowHash;

typedef struct RowHasher RowHasher;

// `columns` are the fields that count, in the order that both sides agree on; `key` the places of
// the key's columns among them, none where the whole row is the key. All are copied.
RowHasher *row_hasher_new(const Schema *schema, const size_t *columns, size_t column_count,
                          const size_t *key, size_t key_count) MUST_CHECK;
void row_hasher_free(RowHasher *hasher);  // NULL is fine

RowHash row_hasher_row(RowHasher *hasher, const Value *row);
// One cell, by its column's place among the columns that count: its hash, itself, and its type.
uint64_t row_hasher_cell(RowHasher *hasher, const Value *row, size_t column);
const Value *row_hasher_value(const RowHasher *hasher, const Value *row, size_t column);
Type row_hasher_type(const RowHasher *hasher, size_t column);

static inline bool row_hash_equal(const RowHash *a, const RowHash *b)
{
    return a->key == b->key && a->row[0] == b->row[0] && a->row[1] == b->row[1];
}

// Whether cells of the two types are hashed in the same way.
bool row_hash_compares(Type a, Type b);

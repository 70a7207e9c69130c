// Parquet's encodings: arrays of values to the bytes of a page. Pure functions that append to a Buf.
//
// Format: github.com/apache/parquet-format, Encodings.md.
#pragma once

#include "base/buf.h"

// Bits that hold every value up to `max`: 0 for 0.
unsigned encode_bit_width(uint64_t max);

// The RLE / bit-packing hybrid, without its length: runs of eight equal values and more as a run, the rest packed.
void encode_hybrid(const uint16_t *values, size_t count, unsigned bit_width, Buf *out);

// DELTA_BINARY_PACKED, blocks of 128 values in miniblocks of 32. is_int32: differences wrap at 32 bits, as readers
// of that physical type expect.
void encode_delta(const int64_t *values, size_t count, bool is_int32, Buf *out);

// DELTA_LENGTH_BYTE_ARRAY: the lengths, then all bytes one after the other.
void encode_delta_length(const uint32_t *lens, size_t count, const char *bytes, size_t byte_count, Buf *out);

// A dictionary of the values in the order of their first appearance, and the index of each.
typedef struct Dictionary Dictionary;

#define DICTIONARY_MAX 16384  // entries; past it a dictionary costs more than it saves

Dictionary *dictionary_new(void) MUST_CHECK;
void dictionary_free(Dictionary *dictionary);

// Finds the distinct values. False where there are too many for a dictionary to pay. The results are the dictionary's
// until its next use.
bool dictionary_of_ints(Dictionary *dictionary, const int64_t *values, size_t count, int64_t min, int64_t max)
    MUST_CHECK;
bool dictionary_of_texts(Dictionary *dictionary, const uint32_t *lens, size_t count, const char *bytes) MUST_CHECK;
size_t dictionary_count(const Dictionary *dictionary);
const int64_t *dictionary_ints(const Dictionary *dictionary);
// Entry `index` of texts.
const char *dictionary_text(const Dictionary *dictionary, size_t index, size_t *ret_len);
const uint16_t *dictionary_indexes(const Dictionary *dictionary);

// Parquet's encodings: arrays of values to the bytes of a page. Pure functions that append to a
// Buf.
//
// Format: github.com/apache/parquet-format, Encodings.md.
#pragma once

#include "base/buf.h"

// Bits that hold every value up to `max`: 0 for 0.
unsigned encode_bit_width(uint64_t max);

// The RLE / bit-packing hybrid, without its length: runs of eight equal values and more as a run,
// the rest packed. No value may need more bits than `bit_width`, which is at most 16; `count` is
// below 2^31.
void encode_hybrid(const uint16_t *values, size_t count, unsigned bit_width, Buf *out);
// One run of it: at least one value.
void encode_run(uint16_t value, size_t count, unsigned bit_width, Buf *out);

// DELTA_BINARY_PACKED, blocks of 128 values in miniblocks of 32. is_int32: differences wrap at 32
// bits, as the format asks for that physical type.
void encode_delta(const int64_t *values, size_t count, bool is_int32, Buf *out);

// DELTA_LENGTH_BYTE_ARRAY: the lengths, then all bytes one after the other. Lengths are below 2^31.
void encode_delta_length(const uint32_t *lens, size_t count, const char *bytes, size_t byte_count,
                         Buf *out);

// Parquet's encodings read back, written from Encodings.md of github.com/apache/parquet-format and
// from nothing of ours: bit by bit, slow, and strict where a reader may be lenient. For the unit
// test and the fuzz target of the encoders.
#pragma once

#include "base/base.h"

typedef struct Coded {
    const unsigned char *at;
    const unsigned char *end;
    const char *wrong;  // the first thing that is not as the format says; NULL: all is well
} Coded;

static inline Coded coded_of(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    return (Coded){.at = at, .end = at + len};
}

static inline bool coded_wrong(Coded *coded, const char *what)
{
    coded->wrong = coded->wrong == NULL ? what : coded->wrong;
    return false;
}

static inline unsigned coded_byte(Coded *coded)
{
    if (coded->at == coded->end) {
        (void)coded_wrong(coded, "the bytes end early");
        return 0;
    }
    return *coded->at++;
}

static inline uint64_t coded_varint(Coded *coded)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const unsigned byte = coded_byte(coded);
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            if (byte == 0 && shift > 0) {
                (void)coded_wrong(coded, "a varint with a needless byte");
            }
            return value;
        }
    }
    (void)coded_wrong(coded, "a varint of more than 64 bits");
    return 0;
}

static inline int64_t coded_zigzag(Coded *coded)
{
    const uint64_t value = coded_varint(coded);
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

// `count` packed values of `width` bits, lowest bit first. They take whole bytes.
static inline bool coded_packed(Coded *coded, unsigned width, size_t count, uint64_t *to)
{
    if ((size_t)(coded->end - coded->at) < count * width / 8) {
        return coded_wrong(coded, "packed values end early");
    }
    for (size_t i = 0; i < count; i++) {
        to[i] = 0;
        for (unsigned b = 0; b < width; b++) {
            const size_t bit = i * width + b;
            to[i] |= (uint64_t)(coded->at[bit / 8] >> bit % 8 & 1) << b;
        }
    }
    coded->at += count * width / 8;
    return true;
}

// The hybrid of runs and packed groups, exactly to the end of the bytes. Only its last group may
// hold more than is wanted, and that must be zeros. `to` has room for 8 values more than `count`.
static inline bool decode_hybrid(Coded *coded, unsigned width, size_t count, uint64_t *to)
{
    size_t done = 0;
    while (done < count && coded->wrong == NULL) {
        const uint64_t header = coded_varint(coded);
        const size_t left = count - done;
        if ((header & 1) == 0) {
            uint64_t value = 0;
            for (unsigned i = 0; i < (width + 7) / 8; i++) {
                value |= (uint64_t)coded_byte(coded) << 8 * i;
            }
            if (header >> 1 == 0 || header >> 1 > left || value >> width != 0) {
                return coded_wrong(coded, "a run of no length, too long, or of too large a value");
            }
            for (uint64_t i = 0; i < header >> 1; i++) {
                to[done++] = value;
            }
            continue;
        }
        const size_t groups = (size_t)(header >> 1);
        if (groups == 0 || groups > (left + 7) / 8) {
            return coded_wrong(coded, "no packed groups, or too many");
        }
        if (!coded_packed(coded, width, groups * 8, to + done)) {
            return false;
        }
        done += groups * 8;
        for (size_t i = count; i < done; i++) {
            if (to[i] != 0) {
                return coded_wrong(coded, "padding that is not zero");
            }
        }
    }
    return coded->wrong == NULL
           && (coded->at == coded->end || coded_wrong(coded, "bytes are left"));
}

// DELTA_BINARY_PACKED of exactly `count` values.
static inline bool decode_delta(Coded *coded, bool is_int32, size_t count, int64_t *to)
{
    const uint64_t block = coded_varint(coded);
    const uint64_t miniblocks = coded_varint(coded);
    if (block == 0 || block % 128 != 0 || block > 1024 || miniblocks == 0 || miniblocks > 64
        || block % miniblocks != 0 || block / miniblocks % 32 != 0) {
        return coded_wrong(coded, "a block size that the format does not know");
    }
    const size_t miniblock = (size_t)(block / miniblocks);
    const uint64_t total = coded_varint(coded);
    const int64_t first = coded_zigzag(coded);
    if (coded->wrong != NULL || total != count) {
        return coded_wrong(coded, "another number of values");
    }
    uint64_t last = (uint64_t)first;
    size_t done = 0;
    if (count > 0) {
        to[done++] = first;
    }
    while (done < count) {
        const int64_t min = coded_zigzag(coded);
        if (is_int32 && (min < INT32_MIN || min > INT32_MAX)) {
            return coded_wrong(coded, "a least difference of more than 32 bits");
        }
        unsigned char widths[64];
        for (size_t m = 0; m < miniblocks; m++) {
            widths[m] = (unsigned char)coded_byte(coded);
        }
        for (size_t m = 0; m < miniblocks; m++) {
            uint64_t deltas[1024];
            if (done == count) {
                if (widths[m] != 0) {
                    return coded_wrong(coded, "a width for a miniblock that is not there");
                }
                continue;
            }
            if (widths[m] > (is_int32 ? 32 : 64)) {
                return coded_wrong(coded, "packed wider than the values are");
            }
            if (coded->wrong != NULL || !coded_packed(coded, widths[m], miniblock, deltas)) {
                return false;
            }
            for (size_t i = 0; i < miniblock; i++) {
                if (done == count) {
                    if (deltas[i] != 0) {
                        return coded_wrong(coded, "padding that is not zero");
                    }
                    continue;
                }
                last += (uint64_t)min + deltas[i];
                to[done++] = is_int32 ? (int32_t)(uint32_t)last : (int64_t)last;
            }
        }
    }
    return coded->wrong == NULL;
}

// DELTA_LENGTH_BYTE_ARRAY of exactly `count` values; their bytes are what is left in `coded`.
static inline bool decode_delta_length(Coded *coded, size_t count, int64_t *lens)
{
    if (!decode_delta(coded, /* is_int32= */ true, count, lens)) {
        return false;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (lens[i] < 0) {
            return coded_wrong(coded, "a negative length");
        }
        sum += (uint64_t)lens[i];
    }
    return sum == (uint64_t)(coded->end - coded->at)
           || coded_wrong(coded, "bytes that are not as long as the lengths say");
}

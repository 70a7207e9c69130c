// Bit packing, runs and deltas. These loops see every value that is written: each is one pass over
// an array, with a 64-bit word where bits are packed. All integers are little-endian, as the
// machines are that we build for.
#include "base/base.h"

#include "lake/parquet_encode.h"

#include "lake/varint.h"

#define RUN_MIN 8  // a packed group; shorter runs are packed, as a run costs a header
#define DELTA_BLOCK 128
#define DELTA_MINIBLOCKS 4
#define DELTA_MINIBLOCK (DELTA_BLOCK / DELTA_MINIBLOCKS)

unsigned encode_bit_width(uint64_t max)
{
    return max == 0 ? 0 : 64 - (unsigned)__builtin_clzll(max);
}

// --- the hybrid of runs and packed groups -----------------------------------------------------------------

// Packs `count` values, a multiple of eight once the zeros that fill the last group are counted.
static void hybrid_packed(const uint16_t *values, size_t count, unsigned bit_width, Buf *out)
{
    const size_t groups = (count + 7) / 8;
    varint_add(out, groups << 1 | 1);
    const size_t bytes = groups * bit_width;
    if (!buf_reserve(out, bytes + sizeof(uint64_t))) {
        return;
    }
    char *to = out->data + out->len;
    out->len += bytes;
    uint64_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= (uint64_t)values[i] << bit_count;
        bit_count += bit_width;
        if (bit_count >= 32) {
            const uint32_t word = (uint32_t)bits;
            memcpy(to, &word, sizeof(word));
            to += sizeof(word);
            bits >>= 32;
            bit_count -= 32;
        }
    }
    // The rest. More than that is written, and it is zeros: what follows overwrites them. Where the
    // last group is filled up with more bytes than these, they are set too.
    memcpy(to, &bits, sizeof(bits));
    const char *end = out->data + out->len;
    if (to + sizeof(bits) < end) {
        memset(to + sizeof(bits), 0, (size_t)(end - to) - sizeof(bits));
    }
    out->data[out->len] = '\0';
}

void encode_run(uint16_t value, size_t count, unsigned bit_width, Buf *out)
{
    varint_add(out, count << 1);
    buf_add_bytes(out, &value, (bit_width + 7) / 8);
}

// Are these eight values one?
static bool is_run(const uint16_t *values)
{
    uint64_t words[2];
    memcpy(words, values, sizeof(words));
    return words[0] == words[1] && words[0] == values[0] * UINT64_C(0x0001000100010001);
}

// Runs are looked for where groups of eight begin, because only whole groups may stand before one;
// and because values that come at random then cost one comparison for eight.
void encode_hybrid(const uint16_t *values, size_t count, unsigned bit_width, Buf *out)
{
    size_t packed_from = 0;
    for (size_t i = 0; i + RUN_MIN <= count;) {
        if (!is_run(values + i)) {
            i += RUN_MIN;
            continue;
        }
        size_t end = i + RUN_MIN;
        while (end < count && values[end] == values[i]) {
            end++;
        }
        if (i > packed_from) {
            hybrid_packed(values + packed_from, i - packed_from, bit_width, out);
        }
        encode_run(values[i], end - i, bit_width, out);
        packed_from = end;
        i = end;
    }
    if (packed_from < count) {
        hybrid_packed(values + packed_from, count - packed_from, bit_width, out);
    }
}

// --- deltas -------------------------------------------------------------------------------------------------

static void delta_header(size_t count, int64_t first, Buf *out)
{
    varint_add(out, DELTA_BLOCK);
    varint_add(out, DELTA_MINIBLOCKS);
    varint_add(out, count);
    varint_add_zigzag(out, first);
}

static void delta_miniblock(const uint64_t *deltas, unsigned bit_width, Buf *out)
{
    const size_t bytes = DELTA_MINIBLOCK / 8 * bit_width;
    if (bytes == 0 || !buf_reserve(out, bytes + sizeof(uint64_t))) {
        return;
    }
    char *to = out->data + out->len;
    uint64_t word = 0;
    unsigned bit_count = 0;  // in the word: below 64
    for (size_t i = 0; i < DELTA_MINIBLOCK; i++) {
        word |= deltas[i] << bit_count;
        bit_count += bit_width;
        if (bit_count >= 64) {
            memcpy(to, &word, sizeof(word));
            to += sizeof(word);
            bit_count -= 64;
            word = bit_count == 0 ? 0 : deltas[i] >> (bit_width - bit_count);
        }
    }
    memcpy(to, &word, sizeof(word));
    out->len += bytes;
    out->data[out->len] = '\0';
}

// A block of `count` values, at most DELTA_BLOCK, that stand behind the value before them.
static void delta_block(const int64_t *values, size_t count, bool is_int32, Buf *out)
{
    uint64_t deltas[DELTA_BLOCK];
    int64_t min = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const uint64_t difference = (uint64_t)values[i + 1] - (uint64_t)values[i];
        const int64_t wrapped = is_int32 ? (int32_t)(uint32_t)difference : (int64_t)difference;
        min = wrapped < min ? wrapped : min;
        deltas[i] = (uint64_t)wrapped;
    }
    for (size_t i = 0; i < count; i++) {
        deltas[i] -= (uint64_t)min;
    }
    memset(deltas + count, 0, (DELTA_BLOCK - count) * sizeof(*deltas));
    unsigned char widths[DELTA_MINIBLOCKS];
    for (size_t m = 0; m < DELTA_MINIBLOCKS; m++) {
        uint64_t all = 0;
        for (size_t i = 0; i < DELTA_MINIBLOCK; i++) {
            all |= deltas[m * DELTA_MINIBLOCK + i];
        }
        widths[m] = (unsigned char)encode_bit_width(all);
    }
    varint_add_zigzag(out, min);
    buf_add_bytes(out, widths, sizeof(widths));
    // Of miniblocks past the last value only the width is written; it is 0, and so are their
    // deltas.
    for (size_t m = 0; m < DELTA_MINIBLOCKS; m++) {
        delta_miniblock(deltas + m * DELTA_MINIBLOCK, widths[m], out);
    }
}

void encode_delta(const int64_t *values, size_t count, bool is_int32, Buf *out)
{
    delta_header(count, count == 0 ? 0 : values[0], out);
    for (size_t from = 1; from < count; from += DELTA_BLOCK) {
        const size_t left = count - from;
        delta_block(values + from - 1, left < DELTA_BLOCK ? left : DELTA_BLOCK, is_int32, out);
    }
}

void encode_delta_length(const uint32_t *lens, size_t count, const char *bytes, size_t byte_count,
                         Buf *out)
{
    delta_header(count, count == 0 ? 0 : lens[0], out);
    int64_t wide[1 + DELTA_BLOCK];
    for (size_t from = 1; from < count; from += DELTA_BLOCK) {
        const size_t left = count - from;
        const size_t block = left < DELTA_BLOCK ? left : DELTA_BLOCK;
        for (size_t i = 0; i <= block; i++) {
            wide[i] = lens[from - 1 + i];
        }
        delta_block(wide, block, /* is_int32= */ true, out);
    }
    buf_add_bytes(out, bytes, byte_count);
}

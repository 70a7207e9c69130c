// Bit packing, runs and deltas. These loops see every value that is written: each is one pass over an
// array, with a 64-bit accumulator where bits are packed.
#include "lake/parquet_encode.h"

#define RUN_MIN 8  // shorter runs are packed: a run costs a header and may split a group of eight
#define DELTA_BLOCK 128
#define DELTA_MINIBLOCKS 4
#define DELTA_MINIBLOCK (DELTA_BLOCK / DELTA_MINIBLOCKS)

unsigned encode_bit_width(uint64_t max)
{
    return max == 0 ? 0 : 64 - (unsigned)__builtin_clzll(max);
}

static void encode_varint(Buf *out, uint64_t value)
{
    char bytes[10];
    size_t len = 0;
    while (value >= 0x80) {
        bytes[len++] = (char)(value | 0x80);
        value >>= 7;
    }
    bytes[len++] = (char)value;
    buf_add_bytes(out, bytes, len);
}

static void encode_zigzag(Buf *out, int64_t value)
{
    encode_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

// --- the hybrid of runs and packed groups -----------------------------------------------------------------

// Packs `count` values, a multiple of eight once the zeros that fill the last group are counted.
static void hybrid_packed(const uint16_t *values, size_t count, unsigned bit_width, Buf *out)
{
    const size_t groups = (count + 7) / 8;
    encode_varint(out, groups << 1 | 1);
    const size_t bytes = groups * bit_width;
    if (!buf_reserve(out, bytes + sizeof(uint64_t))) {
        return;
    }
    char *to = out->data + out->len;
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
    memcpy(to, &bits, sizeof(bits));  // the rest; what is past the last group is not counted below
    const size_t done = (size_t)(to - (out->data + out->len)) + (bit_count + 7) / 8;
    if (done < bytes) {
        memset(out->data + out->len + done, 0, bytes - done);
    }
    out->len += bytes;
    out->data[out->len] = '\0';
}

static void hybrid_run(uint16_t value, size_t count, unsigned bit_width, Buf *out)
{
    encode_varint(out, count << 1);
    buf_add_bytes(out, &value, (bit_width + 7) / 8);  // little-endian, as all machines that we build for
}

void encode_hybrid(const uint16_t *values, size_t count, unsigned bit_width, Buf *out)
{
    size_t packed_from = 0;
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && values[end] == values[i]) {
            end++;
        }
        // Only a whole number of groups may stand before a run: the packed part takes what it lacks of it.
        const size_t lacking = (8 - (i - packed_from) % 8) % 8;
        if (end - i >= RUN_MIN + lacking) {
            if (i + lacking > packed_from) {
                hybrid_packed(values + packed_from, i + lacking - packed_from, bit_width, out);
            }
            hybrid_run(values[i], end - i - lacking, bit_width, out);
            packed_from = end;
        }
        i = end;
    }
    if (packed_from < count) {
        hybrid_packed(values + packed_from, count - packed_from, bit_width, out);
    }
}

// --- deltas -------------------------------------------------------------------------------------------------

static void delta_miniblock(const uint64_t *deltas, unsigned bit_width, Buf *out)
{
    unsigned __int128 bits = 0;
    unsigned bit_count = 0;
    char packed[DELTA_MINIBLOCK * sizeof(uint64_t) + sizeof(uint64_t)];
    size_t len = 0;
    for (size_t i = 0; i < DELTA_MINIBLOCK; i++) {
        bits |= (unsigned __int128)deltas[i] << bit_count;
        bit_count += bit_width;
        if (bit_count >= 64) {
            const uint64_t word = (uint64_t)bits;
            memcpy(packed + len, &word, sizeof(word));
            len += sizeof(word);
            bits >>= 64;
            bit_count -= 64;
        }
    }
    const uint64_t word = (uint64_t)bits;
    memcpy(packed + len, &word, sizeof(word));
    buf_add_bytes(out, packed, DELTA_MINIBLOCK / 8 * bit_width);
}

// One block of `count` differences (at most DELTA_BLOCK; the rest of the array is scratch).
static void delta_block(int64_t *differences, size_t count, bool is_int32, Buf *out)
{
    int64_t min = differences[0];
    for (size_t i = 1; i < count; i++) {
        min = differences[i] < min ? differences[i] : min;
    }
    uint64_t deltas[DELTA_BLOCK] = {0};
    for (size_t i = 0; i < count; i++) {
        const uint64_t delta = (uint64_t)differences[i] - (uint64_t)min;
        deltas[i] = is_int32 ? (uint32_t)delta : delta;
    }
    encode_zigzag(out, min);
    unsigned char widths[DELTA_MINIBLOCKS] = {0};
    for (size_t m = 0; m < DELTA_MINIBLOCKS; m++) {
        uint64_t all = 0;
        for (size_t i = 0; i < DELTA_MINIBLOCK; i++) {
            all |= deltas[m * DELTA_MINIBLOCK + i];
        }
        widths[m] = (unsigned char)encode_bit_width(all);
    }
    buf_add_bytes(out, widths, sizeof(widths));
    // Miniblocks past the last value are not written.
    for (size_t m = 0; m < DELTA_MINIBLOCKS && m * DELTA_MINIBLOCK < count; m++) {
        delta_miniblock(deltas + m * DELTA_MINIBLOCK, widths[m], out);
    }
}

void encode_delta(const int64_t *values, size_t count, bool is_int32, Buf *out)
{
    encode_varint(out, DELTA_BLOCK);
    encode_varint(out, DELTA_MINIBLOCKS);
    encode_varint(out, count);
    encode_zigzag(out, count == 0 ? 0 : values[0]);
    int64_t differences[DELTA_BLOCK];
    for (size_t from = 1; from < count; from += DELTA_BLOCK) {
        const size_t left = count - from;
        const size_t block = left < DELTA_BLOCK ? left : DELTA_BLOCK;
        for (size_t i = 0; i < block; i++) {
            const uint64_t difference = (uint64_t)values[from + i] - (uint64_t)values[from + i - 1];
            differences[i] = is_int32 ? (int32_t)(uint32_t)difference : (int64_t)difference;
        }
        delta_block(differences, block, is_int32, out);
    }
}

void encode_delta_length(const uint32_t *lens, size_t count, const char *bytes, size_t byte_count, Buf *out)
{
    // Lengths go through the integer encoder a piece at a time would need its state kept; a column of lengths is
    // small beside its text, so it is widened whole.
    int64_t *wide = mem_alloc((count == 0 ? 1 : count) * sizeof(*wide));
    for (size_t i = 0; i < count; i++) {
        wide[i] = lens[i];
    }
    encode_delta(wide, count, /* is_int32= */ true, out);
    free(wide);
    buf_add_bytes(out, bytes, byte_count);
}

// Decimal digits eight at a time in one 64-bit register: what number.c and the row decoder share.
//
// A block is 8 bytes in memory order: the first character is the lowest byte, on any machine.
// "Values" are characters with '0' taken away, so that a good byte is 0..9. Nothing here reads
// past the length it is given. Thread: any.
#pragma once

#include "base/base.h"

#define DIGITS_ZEROS UINT64_C(0x3030303030303030)
#define DIGITS_HIGH_BITS UINT64_C(0x8080808080808080)

static inline uint64_t digits_load8(const char *text)
{
    uint64_t block;
    memcpy(&block, text, sizeof(block));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    block = __builtin_bswap64(block);
#endif
    return block;
}

static inline uint32_t digits_load4(const char *text)
{
    uint32_t block;
    memcpy(&block, text, sizeof(block));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    block = __builtin_bswap32(block);
#endif
    return block;
}

// The values of the 1..8 characters of `text`, moved to the end of the block; the bytes before them
// are 0, as if the number had leading zeros.
static inline uint64_t digits_load_right(const char *text, size_t len)
{
    if (LIKELY(len >= 8)) {
        return digits_load8(text) ^ DIGITS_ZEROS;
    }
    const unsigned shift = 8 * (8 - (unsigned)len);
    uint64_t block;
    if (len >= 4) {
        // Two loads that overlap: the bytes they share are the same in both.
        block =
            (uint64_t)digits_load4(text) << shift | (uint64_t)digits_load4(text + len - 4) << 32;
    } else {
        // First, middle and last of one to three characters; the same byte may come twice.
        const size_t middle = len >> 1;
        block = (uint64_t)(unsigned char)text[0] << shift
                | (uint64_t)(unsigned char)text[middle] << (shift + 8 * (unsigned)middle)
                | (uint64_t)(unsigned char)text[len - 1] << 56;
    }
    return block ^ (DIGITS_ZEROS << shift);
}

// True where all eight bytes are 0..9: adding 0x76 sets the high bit of anything above 9, and a
// byte so large that the sum carries has its own high bit set.
static inline bool digits_are_valid(uint64_t values)
{
    return (((values + UINT64_C(0x7676767676767676)) | values) & DIGITS_HIGH_BITS) == 0;
}

// The number that eight good values spell: pairs, then fours, then all, in three multiplications.
static inline uint32_t digits_value(uint64_t values)
{
    const uint64_t pairs = values * 10 + (values >> 8);  // in bytes 0, 2, 4 and 6
    const uint64_t mask = UINT64_C(0x000000FF000000FF);
    const uint64_t odd = (pairs & mask) * UINT64_C(0x000F424000000064);           // 10^6, 10^2
    const uint64_t even = ((pairs >> 16) & mask) * UINT64_C(0x0000271000000001);  // 10^4, 1
    return (uint32_t)((odd + even) >> 32);
}

static inline bool digits_is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

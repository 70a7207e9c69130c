// Small text helpers. Only text_is_utf8 is on a hot path: every text cell of a batch goes through
// it, and most are ASCII, so it first runs over high bits in blocks (16 bytes where SSE2 is there,
// else 8) and looks at single characters only from the first block that has one.
#include "base/base.h"

#include "base/text.h"

#include <stdio.h>
#include <strings.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/digits.h"
#include "base/number.h"

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

static char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    // Not strcasecmp, which follows the locale.
    while (*a != '\0' && text_lower(*a) == text_lower(*b)) {
        a++;
        b++;
    }
    return text_lower(*a) == text_lower(*b);
}

int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
    const size_t text_len = strlen(text);
    const size_t suffix_len = strlen(suffix);
    return text_len >= suffix_len && memcmp(text + text_len - suffix_len, suffix, suffix_len) == 0;
}

bool text_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    int64_t value;
    if (text == NULL || !number_parse_i64(text, strlen(text), &value) || value < min
        || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int text_hex_pair(const char *text)
{
    const int high = hex_digit(text[0]);
    const int low = high < 0 ? -1 : hex_digit(text[1]);
    return low < 0 ? -1 : high * 16 + low;
}

bool text_parse_bytes(const char *text, uint64_t *ret_bytes)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } UNITS[] = {
        {"", 1},
        {"B", 1},
        {"K", UINT64_C(1) << 10},
        {"KiB", UINT64_C(1) << 10},
        {"KB", UINT64_C(1000)},
        {"M", UINT64_C(1) << 20},
        {"MiB", UINT64_C(1) << 20},
        {"MB", UINT64_C(1000000)},
        {"G", UINT64_C(1) << 30},
        {"GiB", UINT64_C(1) << 30},
        {"GB", UINT64_C(1000000000)},
        {"T", UINT64_C(1) << 40},
        {"TiB", UINT64_C(1) << 40},
        {"TB", UINT64_C(1000000000000)},
    };
    if (text == NULL) {
        return false;
    }
    size_t digits = 0;
    while (digits_is_digit(text[digits])) {
        digits++;
    }
    uint64_t value;
    if (!number_parse_u64(text, digits, &value)) {
        return false;
    }
    const char *unit = text + digits;
    unit += *unit == ' ' && unit[1] != '\0';  // "64 MiB"
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
        if (text_equal_nocase(unit, UNITS[i].name)) {
            if (__builtin_mul_overflow(value, UNITS[i].factor, &value)) {
                return false;
            }
            *ret_bytes = value;
            return true;
        }
    }
    return false;
}

enum { NEAREST_LEN_MAX = 64 };

// Optimal string alignment: insertions, deletions, replacements and neighbours that changed places
// each count one; case does not count. Both words are at most NEAREST_LEN_MAX long.
static size_t text_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_LEN_MAX + 1];
    size_t *before = rows[0];  // the row before the last one, for swaps
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        last[j] = j;
        before[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const bool same = text_lower(a[i - 1]) == text_lower(b[j - 1]);
            size_t best = last[j - 1] + !same;
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && text_lower(a[i - 1]) == text_lower(b[j - 2])
                && text_lower(a[i - 2]) == text_lower(b[j - 1]) && before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
        size_t *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[b_len];
}

const char *text_nearest(const char *word, const char *const *known)
{
    const size_t len = strlen(word);
    if (len == 0 || len > NEAREST_LEN_MAX) {
        return NULL;
    }
    // A third of the letters may be wrong: "hots" is near "host", "abc" is near nothing.
    size_t best_distance = (len + 2) / 3 + 1;
    const char *best = NULL;
    for (; *known != NULL; known++) {
        const size_t known_len = strlen(*known);
        if (known_len > NEAREST_LEN_MAX) {
            continue;
        }
        const size_t distance = text_distance(word, len, *known, known_len);
        if (distance < best_distance && distance < known_len) {
            best_distance = distance;
            best = *known;
        }
    }
    return best;
}

// Length of the ASCII run at the start; may stop early by less than a block.
static size_t text_ascii_prefix(const unsigned char *bytes, size_t len)
{
    size_t at = 0;
#ifdef __SSE2__
    for (; len - at >= 16; at += 16) {
        const __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        if (_mm_movemask_epi8(block) != 0) {
            return at;
        }
    }
#endif
    for (; len - at >= 8; at += 8) {
        if ((digits_load8((const char *)bytes + at) & DIGITS_HIGH_BITS) != 0) {
            return at;
        }
    }
    while (at < len && bytes[at] < 0x80) {
        at++;
    }
    return at;
}

static inline bool text_is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

// Length of the well-formed character of two to four bytes at the start, or 0.
static size_t text_utf8_char(const unsigned char *bytes, size_t len)
{
    const unsigned char first = bytes[0];
    if (first >= 0xE0 && first < 0xF0) {
        if (len < 3 || !text_is_continuation(bytes[1]) || !text_is_continuation(bytes[2])) {
            return 0;
        }
        // Below U+0800 is overlong; U+D800..U+DFFF are surrogates.
        const bool bad = (first == 0xE0 && bytes[1] < 0xA0) || (first == 0xED && bytes[1] >= 0xA0);
        return bad ? 0 : 3;
    }
    if (first >= 0xC2 && first < 0xE0) {
        return len >= 2 && text_is_continuation(bytes[1]) ? 2 : 0;
    }
    if (first >= 0xF0 && first < 0xF5) {
        if (len < 4 || !text_is_continuation(bytes[1]) || !text_is_continuation(bytes[2])
            || !text_is_continuation(bytes[3])) {
            return 0;
        }
        // Below U+10000 is overlong; U+10FFFF is the last.
        const bool bad = (first == 0xF0 && bytes[1] < 0x90) || (first == 0xF4 && bytes[1] >= 0x90);
        return bad ? 0 : 4;
    }
    return 0;
}

bool text_is_utf8(const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes;
    size_t left = len;
    while (left > 0) {
        const size_t ascii = text_ascii_prefix(at, left);
        at += ascii;
        left -= ascii;
        // One block's worth of single characters before blocks are tried again: text that mixes
        // both would otherwise load a block for every character.
        for (int i = 0; i < 16 && left > 0; i++) {
            size_t step = 1;
            if (*at >= 0x80) {
                step = text_utf8_char(at, left);
                if (step == 0) {
                    return false;
                }
            }
            at += step;
            left -= step;
        }
    }
    return true;
}

const char *text_count(uint64_t count, char space[TEXT_NUMBER_SIZE])
{
    char digits[TEXT_NUMBER_SIZE];
    const size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count);
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            space[out++] = ',';
        }
        space[out++] = digits[i];
    }
    space[out] = '\0';
    return space;
}

const char *text_bytes(uint64_t bytes, char space[TEXT_NUMBER_SIZE])
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        (void)snprintf(space, TEXT_NUMBER_SIZE, "%" PRIu64 " B", bytes);
        return space;
    }
    double value = (double)bytes;
    size_t unit = 0;
    // 1023.95 would round to "1024.0".
    while (value >= 1023.95 && unit + 1 < ARRAY_LEN(UNITS)) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(space, TEXT_NUMBER_SIZE, "%.1f %s", value, UNITS[unit]);
    return space;
}

// The blocks that terminals draw two columns wide (Unicode, EastAsianWidth: W and F), coarsely.
static bool text_is_wide(uint32_t code)
{
    return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF)
           || (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF)
           || (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60)
           || (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1F64F)
           || (code >= 0x1F900 && code <= 0x1F9FF) || (code >= 0x20000 && code <= 0x3FFFD);
}

size_t text_width(const char *text)
{
    size_t width = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        size_t len = *at < 0x80 ? 1 : *at >= 0xF0 ? 4 : *at >= 0xE0 ? 3 : 2;
        uint32_t code = len == 1 ? *at : *at & (0xFFU >> (len + 1));
        for (size_t i = 1; i < len && at[i] != '\0'; i++) {
            code = code << 6 | (at[i] & 0x3FU);
        }
        for (size_t i = 0; i < len && *at != '\0'; i++) {
            at++;
        }
        width += text_is_wide(code) ? 2 : 1;
    }
    return width;
}

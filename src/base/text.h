// Small text helpers: parsing numbers strictly, comparing, finding the nearest known word.
#pragma once

#include "base/err.h"

bool text_equal(const char *a, const char *b);         // NULL equals only NULL
bool text_equal_nocase(const char *a, const char *b);  // ASCII case only
// For qsort and bsearch over arrays of texts (char *): by byte value.
int text_order(const void *a, const void *b);

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

// Whole text must be a decimal integer in [min, max]; false otherwise, ret_value untouched.
bool text_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_value) MUST_CHECK;

// The byte that the first two characters say in hexadecimal digits of either case, or -1.
int text_hex_pair(const char *text);

// "64MiB", "1GB", "500k", "4096": powers of 1024 for KiB.. and for bare K M G, 1000 for KB MB GB.
bool text_parse_bytes(const char *text, uint64_t *ret_bytes) MUST_CHECK;

// The known word nearest to `word` by edit distance, or NULL where none is near. `known` ends with
// NULL.
const char *text_nearest(const char *word, const char *const *known);

// True where the bytes are well-formed UTF-8 (no surrogates, no overlong forms); NUL is allowed.
// Hot path: ASCII is passed over eight bytes a step.
bool text_is_utf8(const char *bytes, size_t len);

// How a person reads a number: "1,234,567"; bytes as "105.3 MiB". Returns `space`.
#define TEXT_NUMBER_SIZE 32
const char *text_count(uint64_t count, char space[TEXT_NUMBER_SIZE]);
const char *text_bytes(uint64_t bytes, char space[TEXT_NUMBER_SIZE]);

// Columns that UTF-8 text takes on a terminal: one a character, two for East Asian wide ones.
size_t text_width(const char *text);

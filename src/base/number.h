// Text <-> numbers, exactly and fast. Pure functions over (pointer, length). Thread: any.
#pragma once

#include "base/base.h"

// Decimal digits with an optional sign; the whole text; false on anything else or overflow.
bool number_parse_i64(const char *text, size_t len, int64_t *ret_value) MUST_CHECK;
bool number_parse_u64(const char *text, size_t len, uint64_t *ret_value) MUST_CHECK;

// Decimal floating point as MySQL prints it ("-1.5", "1e300", "0.1"): the nearest double, ties to
// even. Method: Clinger's fast path, then Eisel-Lemire (D. Lemire, "Number parsing at a gigabyte
// per second", 2021); what that cannot decide (rare) goes to strtod on a copy.
bool number_parse_double(const char *text, size_t len, double *ret_value) MUST_CHECK;

// A decimal with exactly up to `scale` fractional digits (fewer are filled with zeros; more, if not
// zero, fail) and at most 38 digits in all: the unscaled number.
bool number_parse_decimal(const char *text, size_t len, int scale, __int128 *ret_unscaled)
    MUST_CHECK;

// The shortest text that reads back as the same double (or float); never longer than
// NUMBER_TEXT_SIZE. Returns its length; NaN and infinities give "nan", "inf", "-inf".
#define NUMBER_TEXT_SIZE 32
size_t number_double_to_text(double value, char space[NUMBER_TEXT_SIZE]);
size_t number_float_to_text(float value, char space[NUMBER_TEXT_SIZE]);

// A value of the source's type as a value of the target's, exactly or not at all: nothing is
// rounded, cut or wrapped around. A decimal counts as exact in a floating-point number that reads
// back as the same digits. Pure functions. Thread: any.
#pragma once

#include "record/value.h"

// True where some values of `from` can become values of `to`. False for pairs like bytes -> int,
// and for a local date-time against an instant, which only a time zone could connect.
bool convert_possible(Type from, Type to);
// True where every value of `from` already is a value of `to` in the same member of Value.
bool convert_is_free(Type from, Type to);

// Converts a VALUE_SET value; text is made in `space` (cleared first) and borrowed from it, or from
// `value`. DIRTY_NONE, or the reason why it does not fit; ret_value is then untouched.
DirtyReason convert_value(const Value *value, Type from, Type to, Buf *space, Value *ret_value)
    MUST_CHECK;

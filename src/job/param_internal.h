// For the files of the scheduling parameters only.
#pragma once

#include "job/param.h"

// Evaluates what stands between ${ and } (`business`: counts from the business date, whole days) or
// between $[ and ] (counts from the scheduled time, to the second) and adds the result to `out`.
bool param_time_expand(const ParamSet *params, const char *text, size_t len, bool business,
                       Buf *out, Err *err) MUST_CHECK;

// param_expand for the value of a parameter itself: `$name` may also be a custom parameter, and a
// name that is not known is an error wherever it stands.
bool param_expand_value(const ParamSet *params, const char *text, Buf *out, Err *err) MUST_CHECK;

// Files that a verb reads as its input.
#pragma once

#include "base/buf.h"

// Appends a file's text; "-" is standard input. FAIL_CONFIG.
bool input_read(const char *name, Buf *out, Err *err) MUST_CHECK;

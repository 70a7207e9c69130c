// Secrets of weir.yaml: ${env:NAME} and ${file:PATH}.
#pragma once

#include "base/buf.h"

// Copies `text` to `out` with every secret filled in. A relative PATH counts from `dir` (NULL: the
// current folder); one newline at the file's end is not part of the value. FAIL_CONFIG names the
// variable or file, never a value. Other "$" are text, so that a password needs no escaping.
bool secret_expand(const char *dir, const char *text, Buf *out, Err *err) MUST_CHECK;

// True where the text holds ${env:...} or ${file:...}.
bool secret_is_in(const char *text);

// Text as YAML that doc_parse reads back to the letter.
#pragma once

#include "base/buf.h"

// Adds `text` (UTF-8) as a scalar, plain where it may be, else quoted. `indent` is the column of
// the key that it belongs to; text of several lines then stands in a block below it. A negative
// indent: on one line, as inside { } or [ ].
void yaml_add_text(Buf *out, const char *text, int indent);

// Adds comment lines, wrapped at 100 columns.
void yaml_add_comment(Buf *out, const char *text, int indent);

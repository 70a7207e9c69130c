// Text for DuckDB that was made from a user's script, and where in the script each byte of it
// stood, so that an error of DuckDB's can point to what the user typed.
#pragma once

#include "base/buf.h"

// Byte offsets into the script.
typedef struct Span {
    size_t begin;
    size_t end;
} Span;

// From `offset` of the text on, up to the next mark, bytes come from `origin` of the script on; a
// piece that was put in (is_inserted) comes from `origin` as a whole.
typedef struct SqlMark {
    size_t offset;
    size_t origin;
    bool is_inserted;
} SqlMark;

typedef struct SqlText {
    Buf text;
    SqlMark *marks;  // ascending offsets
    size_t mark_count;
} SqlText;

void sql_text_done(SqlText *text);
bool sql_text_is_empty(const SqlText *text);
// Appends bytes of the script as they stand, `script` being its beginning.
void sql_text_add_span(SqlText *text, const char *script, Span span);
// Appends other text that stands for what is at `origin`; SIZE_MAX: for nothing in the script.
void sql_text_add(SqlText *text, const char *inserted, size_t origin);
// Appends a text with its marks.
void sql_text_add_text(SqlText *text, const SqlText *other);
// The script's offset of a byte of the text; past the end: of its last byte.
size_t sql_text_origin(const SqlText *text, size_t offset);

// Line and column of a byte of a script, both from 1; columns count characters (UTF-8).
void sql_line_column(const char *script, size_t offset, size_t *ret_line, size_t *ret_column);

// FAIL_CONFIG "line 3, column 8: <message>" for `offset` of the script; where `name` is not NULL
// (a file's) "name:3:8: <message>". Returns false.
bool sql_fail(Err *err, const char *name, const char *script, size_t offset, const char *format,
              ...) PRINTF(5, 6);

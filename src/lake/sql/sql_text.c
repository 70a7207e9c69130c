// Text with its origin: an array of marks beside the bytes, found again by binary search. Pieces of
// the script that follow each other share one mark, so a query that needs no translation has one.
#include "base/base.h"

#include "lake/sql/sql_text.h"

#include <stdarg.h>
#include <stdio.h>

void sql_text_done(SqlText *text)
{
    buf_done(&text->text);
    free(text->marks);
    *text = (SqlText){0};
}

bool sql_text_is_empty(const SqlText *text)
{
    return text->text.len == 0;
}

// The array has room for the next power of two: its size need not be kept.
static void sql_text_mark(SqlText *text, SqlMark mark)
{
    const size_t count = text->mark_count;
    if ((count & (count - 1)) == 0) {
        text->marks = mem_grow(text->marks, (count == 0 ? 1 : count * 2) * sizeof(*text->marks));
    }
    text->marks[text->mark_count++] = mark;
}

void sql_text_add_span(SqlText *text, const char *script, Span span)
{
    if (span.begin >= span.end) {
        return;
    }
    const SqlMark *last = text->mark_count == 0 ? NULL : &text->marks[text->mark_count - 1];
    if (last == NULL || last->is_inserted
        || last->origin + (text->text.len - last->offset) != span.begin) {
        sql_text_mark(text, (SqlMark){.offset = text->text.len, .origin = span.begin});
    }
    buf_add_bytes(&text->text, script + span.begin, span.end - span.begin);
}

void sql_text_add(SqlText *text, const char *inserted, size_t origin)
{
    if (inserted[0] == '\0') {
        return;
    }
    sql_text_mark(text, (SqlMark){text->text.len, origin, /* is_inserted= */ true});
    buf_add_text(&text->text, inserted);
}

void sql_text_add_text(SqlText *text, const SqlText *other)
{
    for (size_t i = 0; i < other->mark_count; i++) {
        SqlMark mark = other->marks[i];
        mark.offset += text->text.len;
        sql_text_mark(text, mark);
    }
    buf_add_bytes(&text->text, buf_text(&other->text), other->text.len);
}

size_t sql_text_origin(const SqlText *text, size_t offset)
{
    if (text->mark_count == 0) {
        return 0;
    }
    if (offset >= text->text.len) {
        offset = text->text.len - 1;
    }
    size_t low = 0;
    size_t high = text->mark_count;  // the mark is in [low, high)
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (text->marks[middle].offset <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const SqlMark *mark = &text->marks[low];
    return mark->is_inserted ? mark->origin : mark->origin + (offset - mark->offset);
}

void sql_line_column(const char *script, size_t offset, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < offset && script[i] != '\0'; i++) {
        if (script[i] == '\n') {
            line++;
            column = 1;
        } else {
            column += ((unsigned char)script[i] & 0xC0) != 0x80;  // not inside a character
        }
    }
    *ret_line = line;
    *ret_column = column;
}

bool sql_fail(Err *err, const char *name, const char *script, size_t offset, const char *format,
              ...)
{
    char message[sizeof(err->message)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    size_t line;
    size_t column;
    sql_line_column(script, offset, &line, &column);
    return name == NULL ? fail(err, FAIL_CONFIG, "line %zu, column %zu: %s", line, column, message)
                        : fail(err, FAIL_CONFIG, "%s:%zu:%zu: %s", name, line, column, message);
}

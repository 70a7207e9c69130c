// Gathered mistakes. They are found table by table, so they are sorted by position at the end: a
// person walks through the file once.
#include "base/base.h"

#include "job/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

// What one Err can hold, with room for the head and for "... and 12 more mistakes".
enum { REPORT_MAX = sizeof(((Err *)NULL)->message) - 160 };

void problems_done(Problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].text);
    }
    free(problems->items);
    free(problems->hint);
    *problems = (Problems){.file = problems->file,
                           .origins = problems->origins,
                           .origin_count = problems->origin_count};
}

void problems_add(Problems *problems, int line, int column, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    const int len = vasprintf(&text, format, args);
    va_end(args);
    if (line > 0 && (size_t)line <= problems->origin_count) {
        column = problems->origins[line - 1].column;
        line = problems->origins[line - 1].line;
    }
    problems->items = mem_grow(problems->items, (problems->count + 1) * sizeof(*problems->items));
    problems->items[problems->count++] = (Problem){
        .line = line,
        .column = column,
        .text = len < 0 ? mem_copy_text(format) : text,
    };
}

void problems_hint(Problems *problems, const char *format, ...)
{
    if (problems->hint != NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    if (vasprintf(&problems->hint, format, args) < 0) {
        problems->hint = NULL;
    }
    va_end(args);
}

void problems_add_err(Problems *problems, int line, int column, const Err *found)
{
    problems_add(problems, line, column, "%s", found->message);
    if (found->hint[0] != '\0') {
        problems_hint(problems, "%s", found->hint);
    }
}

static int compare(const Problem *a, const Problem *b)
{
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : a->column > b->column;
}

// Insertion sort, stable: what was found first at one place stays first, and there are few.
static void sort(Problem *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const Problem item = items[i];
        size_t at = i;
        for (; at > 0 && compare(&items[at - 1], &item) > 0; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

bool problems_report(const Problems *problems, Err *err)
{
    if (problems->count == 0) {
        return true;
    }
    sort(problems->items, problems->count);
    CLEANUP(buf_done) Buf text = {0};
    if (problems->count > 1) {
        buf_add_format(&text, "%zu mistakes in %s", problems->count, problems->file);
    }
    size_t shown = 0;
    for (; shown < problems->count; shown++) {
        const Problem *problem = &problems->items[shown];
        CLEANUP(buf_done) Buf line = {0};
        buf_add_format(&line, "%s%s:", problems->count > 1 ? "\n" : "", problems->file);
        if (problem->line > 0) {
            buf_add_format(&line, "%d:%d:", problem->line, problem->column);
        }
        buf_add_format(&line, " %s", problem->text);
        if (shown > 0 && text.len + line.len > REPORT_MAX) {
            break;
        }
        buf_add_bytes(&text, line.data, line.len);
    }
    if (shown < problems->count) {
        buf_add_format(&text, "\n... and %zu more", problems->count - shown);
    }
    (void)fail(err, FAIL_CONFIG, "%s", buf_text(&text));
    return problems->hint == NULL ? false : fail_hint(err, "%s", problems->hint);
}

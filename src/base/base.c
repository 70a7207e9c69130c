// Allocation that cannot fail, for the control plane. Rows never pass through here: data-plane
// memory is budgeted and its owners check their own limits.
#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>

static void *mem_require(void *memory, size_t size)
{
    if (memory == NULL) {
        (void)fprintf(stderr, "weir: out of memory, %zu bytes were asked for\n", size);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size)
{
    return mem_require(calloc(1, size == 0 ? 1 : size), size);
}

void *mem_grow(void *old, size_t size)
{
    return mem_require(realloc(old, size == 0 ? 1 : size), size);
}

char *mem_copy_bytes(const void *bytes, size_t len)
{
    char *copy = mem_alloc(len + 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

char *mem_copy_text(const char *text)
{
    return text == NULL ? NULL : mem_copy_bytes(text, strlen(text));
}

char *mem_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int len = vasprintf(&text, format, args);
    va_end(args);
    return mem_require(len < 0 ? NULL : text, strlen(format));
}

void mem_free_text(char **text)
{
    free(*text);
    *text = NULL;
}

// The growable byte buffer. Capacity doubles; one byte is always kept for the closing NUL.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_done(Buf *buf)
{
    free(buf->data);
    *buf = (Buf){.limit = buf->limit};
}

void buf_clear(Buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

bool buf_reserve(Buf *buf, size_t more)
{
    size_t limit = buf->limit == 0 ? BUF_LIMIT_DEFAULT : buf->limit;
    if (buf->overflow || more > limit || buf->len > limit - more) {
        buf->overflow = true;
        return false;
    }
    size_t needed = buf->len + more + 1;
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity == 0 ? 64 : buf->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        buf->data = mem_grow(buf->data, capacity);
        buf->capacity = capacity;
        buf->data[buf->len] = '\0';
    }
    return true;
}

void buf_add_bytes(Buf *buf, const void *bytes, size_t len)
{
    if (!buf_reserve(buf, len)) {
        return;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, bytes, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_add_text(Buf *buf, const char *text)
{
    buf_add_bytes(buf, text, strlen(text));
}

void buf_add_char(Buf *buf, char c)
{
    buf_add_bytes(buf, &c, 1);
}

void buf_add_format(Buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    char space[256];
    int len = vsnprintf(space, sizeof(space), format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(space)) {
        buf_add_bytes(buf, space, (size_t)len);
    } else if (len >= 0 && buf_reserve(buf, (size_t)len)) {
        (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_add_base64(Buf *buf, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = bytes;
    if (!buf_reserve(buf, (len + 2) / 3 * 4)) {
        return;
    }
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned group = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0)
                         | (left > 2 ? (unsigned)in[i + 2] : 0);
        char out[4] = {digits[group >> 18], digits[group >> 12 & 63],
                       left > 1 ? digits[group >> 6 & 63] : '=',
                       left > 2 ? digits[group & 63] : '='};
        buf_add_bytes(buf, out, sizeof(out));
    }
}

const char *buf_text(const Buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}

char *buf_take(Buf *buf)
{
    char *text = buf->data == NULL ? mem_copy_text("") : buf->data;
    *buf = (Buf){.limit = buf->limit};
    return text;
}

bool buf_ok(const Buf *buf, const char *what, Err *err)
{
    if (!buf->overflow) {
        return true;
    }
    return fail(err, FAIL_INTERNAL, "%s is longer than the limit of %zu bytes", what,
                buf->limit == 0 ? BUF_LIMIT_DEFAULT : buf->limit);
}

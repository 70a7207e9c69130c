// A growable byte buffer with a limit, for building text (SQL, JSON, file contents).
//
// Use: `CLEANUP(buf_done) Buf sql = {0};`. A zeroed Buf is valid and empty. `data` is always
// followed by a NUL when len > 0; buf_text() never returns NULL. Growing past `limit` (default
// BUF_LIMIT_DEFAULT) sets `overflow` and further writes are dropped: check once at the end with
// buf_ok(). Thread: one at a time.
#pragma once

#include "base/err.h"

#define BUF_LIMIT_DEFAULT ((size_t)1 << 30)

typedef struct Buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t limit;  // 0 means BUF_LIMIT_DEFAULT
    bool overflow;
} Buf;

void buf_done(Buf *buf);
void buf_clear(Buf *buf);  // keeps the memory
// Makes room for `more` bytes behind len and a NUL, for writers that fill data themselves; false
// where the limit forbids it.
bool buf_reserve(Buf *buf, size_t more) MUST_CHECK;
void buf_add_bytes(Buf *buf, const void *bytes, size_t len);
void buf_add_text(Buf *buf, const char *text);
void buf_add_char(Buf *buf, char c);
void buf_add_format(Buf *buf, const char *format, ...) PRINTF(2, 3);
void buf_add_base64(Buf *buf, const void *bytes, size_t len);  // RFC 4648 section 4, padded
const char *buf_text(const Buf *buf);                          // borrowed until the next write
char *buf_take(Buf *buf) MUST_CHECK;  // the text, owned by the caller; buf is empty afterwards
bool buf_ok(const Buf *buf, const char *what, Err *err) MUST_CHECK;  // FAIL_INTERNAL on overflow

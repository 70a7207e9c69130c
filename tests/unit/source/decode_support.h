// Rows of one column for the tests of the decoder. Every packet is a heap copy of its exact length,
// so that a sanitizer sees any read past it, and whatever decodes is tried torn at every place and
// with a byte more.
#pragma once

#include "unit.h"

#include <stdio.h>

#include "source/mysql/decode.h"

// A literal's bytes and how many they are, NULs included.
#define BYTES(literal) (literal), (sizeof(literal) - 1)

typedef struct Decoded {
    bool is_whole;
    Value value;
    uint64_t zero_dates;
    unsigned char *packet;
    size_t len;
    DecodeText *text;  // on the heap too: it is exactly as long as the decoder may write
} Decoded;

static inline void decoded_done(Decoded *decoded)
{
    free(decoded->packet);
    free(decoded->text);
}

// A row of one column that is not NULL: the byte 0, the bitmap's byte, the cell as it is sent.
static inline Decoded decode_once(DecodeColumn column, const void *cell, size_t cell_len,
                                  size_t len)
{
    enum { HEAD_LEN = 2 };
    Decoded decoded = {.packet = malloc(len == 0 ? 1 : len), .text = malloc(sizeof(DecodeText))};
    assert_non_null(decoded.packet);
    assert_non_null(decoded.text);
    decoded.len = len;
    memset(decoded.packet, 0, len);
    if (len > HEAD_LEN) {
        const size_t left = len - HEAD_LEN;
        memcpy(decoded.packet + HEAD_LEN, cell, left < cell_len ? left : cell_len);
    }
    memset(decoded.text, 0xA5, sizeof(DecodeText));
    memset(&decoded.value, 0xA5, sizeof(decoded.value));
    decoded.is_whole = decode_row(&column, 1, decoded.packet, len, decoded.text, &decoded.value,
                                  &decoded.zero_dates);
    return decoded;
}

static inline void assert_torn(DecodeColumn column, const void *cell, size_t cell_len, size_t len)
{
    CLEANUP(decoded_done) Decoded decoded = decode_once(column, cell, cell_len, len);
    if (decoded.is_whole) {
        fail_msg("form %d: %zu bytes of a packet of %zu were taken", (int)column.form, len,
                 cell_len + 2);
    }
}

static inline Decoded decode_cell_of(DecodeColumn column, const void *cell, size_t cell_len)
{
    const size_t len = cell_len + 2;
    // Of large packets their ends alone: all that is decided lies there.
    for (size_t i = 0; i<len; i = len> 1000 && i == 20 ? len - 20 : i + 1) {
        assert_torn(column, cell, cell_len, i);
    }
    assert_torn(column, cell, cell_len, len + 1);
    Decoded decoded = decode_once(column, cell, cell_len, len);
    if (!decoded.is_whole) {
        fail_msg("form %d: a cell of %zu bytes was called torn", (int)column.form, cell_len);
    }
    return decoded;
}

// The same for what is counted by one byte: up to 250 bytes.
static inline Decoded decode_counted(DecodeColumn column, const void *bytes, size_t len)
{
    unsigned char cell[251];
    assert_true(len <= 250);
    cell[0] = (unsigned char)len;
    memcpy(cell + 1, bytes, len);
    return decode_cell_of(column, cell, len + 1);
}

static inline DecodeColumn column_of(DecodeForm form, TypeKind kind)
{
    return (DecodeColumn){.form = form, .type = {.kind = kind}};
}

static inline DecodeColumn decimal_column(uint8_t precision, uint8_t scale)
{
    return (DecodeColumn){.form = DECODE_DECIMAL,
                          .type = {.kind = TYPE_DECIMAL, .precision = precision, .scale = scale}};
}

static inline DecodeColumn text_column(DecodeForm form, uint8_t digits)
{
    return (DecodeColumn){.form = form, .type = {.kind = TYPE_TEXT}, .digits = digits};
}

static inline void check_i64(const char *what, const Decoded *decoded, int64_t expected)
{
    if (decoded->value.state != VALUE_SET || decoded->value.i64 != expected
        || decoded->zero_dates != 0) {
        fail_msg("%s: state %d, %" PRId64 ", not %" PRId64, what, decoded->value.state,
                 decoded->value.i64, expected);
    }
    assert_int_equal(decoded->value.dirty, DIRTY_NONE);
}

static inline void check_text(const Decoded *decoded, const char *expected)
{
    if (decoded->value.len != strlen(expected)
        || memcmp(decoded->value.bytes, expected, decoded->value.len) != 0) {
        fail_msg("\"%.*s\", not \"%s\"", (int)decoded->value.len, decoded->value.bytes, expected);
    }
}

static inline void assert_i64(DecodeColumn column, const void *cell, size_t len, int64_t expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_cell_of(column, cell, len);
    char what[32];
    (void)snprintf(what, sizeof(what), "form %d", (int)column.form);
    check_i64(what, &decoded, expected);
}

static inline void assert_text(DecodeColumn column, const void *cell, size_t len,
                               const char *expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_cell_of(column, cell, len);
    assert_int_equal(decoded.value.state, VALUE_SET);
    assert_int_equal(decoded.value.dirty, DIRTY_NONE);
    check_text(&decoded, expected);
}

static inline void check_dirty(const Decoded *decoded, const char *text, DirtyReason reason)
{
    if (decoded->value.state != VALUE_DIRTY || decoded->value.dirty != reason) {
        fail_msg("\"%s\": state %d, reason %d, not dirty for %d", text, decoded->value.state,
                 decoded->value.dirty, (int)reason);
    }
    check_text(decoded, text);  // goes to the reject file
    assert_int_equal(decoded->zero_dates, 0);
}

static inline void assert_dirty_cell(DecodeColumn column, const void *cell, size_t len,
                                     DirtyReason reason, const char *text)
{
    CLEANUP(decoded_done) Decoded decoded = decode_cell_of(column, cell, len);
    check_dirty(&decoded, text, reason);
}

// Of the forms that are sent as text.
static inline void assert_i64_text(DecodeColumn column, const char *text, int64_t expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_counted(column, text, strlen(text));
    check_i64(text, &decoded, expected);
}

static inline void assert_dirty_text(DecodeColumn column, const char *text, DirtyReason reason)
{
    CLEANUP(decoded_done) Decoded decoded = decode_counted(column, text, strlen(text));
    check_dirty(&decoded, text, reason);
}

static inline void assert_zero_date(DecodeColumn column, const void *cell, size_t len,
                                    const char *text)
{
    column.zero_dates = ZERO_DATES_ERROR;
    assert_dirty_cell(column, cell, len, DIRTY_ZERO_DATE, text);
    column.zero_dates = ZERO_DATES_NULL;
    CLEANUP(decoded_done) Decoded decoded = decode_cell_of(column, cell, len);
    if (decoded.value.state != VALUE_NULL || decoded.zero_dates != 1) {
        fail_msg("\"%s\" did not become NULL", text);
    }
    assert_int_equal(decoded.value.dirty, DIRTY_NONE);
}

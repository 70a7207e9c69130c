// Fuzzes the row decoder: the first byte chooses the form, the second the type's details, the rest
// is the cell's text. What comes out must be whole: a state, a reason where it is dirty, numbers
// within their type, and text that says the same number again.
#include "base/base.h"

#include "source/mysql/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static DecodeColumn fuzz_column(uint8_t form, uint8_t detail)
{
    DecodeColumn column = {
        .form = (DecodeForm)(form % (DECODE_GEOMETRY + 1)),
        .zero_dates = (form & 0x80) != 0 ? ZERO_DATES_ERROR : ZERO_DATES_NULL,
    };
    switch (column.form) {
    case DECODE_INT:
        column.type.kind = (TypeKind)(detail % (TYPE_INT64 + 1));
        break;
    case DECODE_BIT:
        column.type.kind = detail % 3 == 0 ? TYPE_BOOL : detail % 3 == 1 ? TYPE_INT64 : TYPE_UINT64;
        break;
    case DECODE_UINT64:
        column.type.kind = TYPE_UINT64;
        break;
    case DECODE_FLOAT32:
        column.type.kind = TYPE_FLOAT32;
        break;
    case DECODE_FLOAT64:
        column.type.kind = TYPE_FLOAT64;
        break;
    case DECODE_DECIMAL:
        column.type.kind = TYPE_DECIMAL;
        column.type.precision = (uint8_t)(1 + detail % 38);
        column.type.scale = (uint8_t)(detail / 38 * 5 % (column.type.precision + 1));
        break;
    case DECODE_DATE:
        column.type.kind = TYPE_DATE;
        break;
    case DECODE_DATETIME:
        column.type = (Type){.kind = TYPE_DATETIME, .scale = (uint8_t)(detail % 7)};
        break;
    case DECODE_UNIX_TIME:
        column.type = (Type){.kind = TYPE_INSTANT, .scale = (uint8_t)(detail % 7)};
        break;
    case DECODE_TEXT:
        column.type.kind = TYPE_TEXT;
        break;
    case DECODE_BYTES:
    case DECODE_GEOMETRY:
        column.type.kind = TYPE_BYTES;
        break;
    }
    return column;
}

// The value's own text, read again, is the same value.
static void fuzz_round_trip(const DecodeColumn *column, const Value *value)
{
    if (column->form == DECODE_BIT || column->form == DECODE_GEOMETRY
        || column->form == DECODE_BYTES || column->form == DECODE_UNIX_TIME
        || column->type.kind == TYPE_BOOL) {
        return;
    }
    DecodeColumn again = *column;
    Type type = column->type;
    if (type.kind == TYPE_DATETIME) {
        type.scale = 6;
    }
    if (column->form == DECODE_FLOAT32) {
        // The shortest text of a float is not the text of the double that is sent.
        type.kind = TYPE_FLOAT64;
    }
    CLEANUP(buf_done) Buf text = {0};
    value_to_text(value, type, &text);
    DecodeScratch scratch = {0};
    Value second;
    uint64_t zero_dates = 0;
    decode_cell(&again, buf_text(&text), text.len, &scratch, &second, &zero_dates);
    if (second.state != VALUE_SET || zero_dates != 0) {
        abort();
    }
    if (column->form == DECODE_TEXT) {
        if (second.len != value->len
            || (value->len > 0 && memcmp(second.bytes, value->bytes, value->len) != 0)) {
            abort();
        }
    } else if (column->form == DECODE_DECIMAL ? second.i128 != value->i128
                                              : second.u64 != value->u64) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const DecodeColumn column = fuzz_column(data[0], data[1]);
    const size_t len = size - 2;
    char *text = malloc(len == 0 ? 1 : len);  // exactly as long, so that reading on is seen
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data + 2, len);
    DecodeScratch scratch = {0};
    Value value = {.state = 0xA5};
    uint64_t zero_dates = 0;
    decode_cell(&column, text, len, &scratch, &value, &zero_dates);
    if (value.state > VALUE_DIRTY) {
        abort();
    }
    switch ((ValueState)value.state) {
    case VALUE_NULL:
        if (zero_dates != 1) {
            abort();
        }
        break;
    case VALUE_DIRTY:
        if (value.dirty == DIRTY_NONE || value.bytes != text || value.len != len) {
            abort();
        }
        break;
    case VALUE_SET:
        fuzz_round_trip(&column, &value);
        break;
    }
    buf_done(&scratch.buf);
    free(text);
    return 0;
}

// Value: the one representation of a cell. Both MySQL decoders make the same Value of the same
// cell.
//
// Which member holds it follows from the column's Type (record/type.h). Bytes are borrowed from the
// reader until its next row. A Row is an array of Values in the order of the Schema.
#pragma once

#include "base/emit.h"
#include "record/type.h"

typedef enum ValueState {
    VALUE_NULL,   // SQL NULL
    VALUE_SET,    // a value of the column's type
    VALUE_DIRTY,  // the source sent what the type cannot hold: `bytes` is what it sent, `dirty` why
} ValueState;

typedef enum DirtyReason {
    DIRTY_NONE,
    DIRTY_ZERO_DATE,  // zero or impossible date, under the policy "error"
    DIRTY_NOT_UTF8,
    DIRTY_NOT_A_NUMBER,
    DIRTY_NOT_A_TIME,    // a date or time that does not read as one
    DIRTY_OUT_OF_RANGE,  // does not fit the type of the target's column
    DIRTY_TOO_LONG,
    DIRTY_NULL,        // NULL for a column of the target that takes none
    DIRTY_PARTITION,   // no usable text for a partition
    DIRTY_CONVERSION,  // the target's type cannot be made of it
    DIRTY_KEY,         // NULL in a column of the key that rows are merged by
} DirtyReason;

typedef struct Value {
    uint8_t state;  // ValueState
    uint8_t dirty;  // DirtyReason, where state is VALUE_DIRTY
    size_t len;     // of bytes
    union {
        int64_t i64;
        uint64_t u64;
        double f64;
        __int128 i128;
        const char *bytes;
    };
} Value;

// "does not fit the column's type", ... for reject files and messages.
const char *dirty_reason_text(DirtyReason reason);

// The unscaled decimal as text with `scale` digits after the point. Returns the length.
#define DECIMAL_TEXT_SIZE 48
size_t decimal_to_text(__int128 unscaled, int scale, char space[DECIMAL_TEXT_SIZE]);

// Canonical text of a value of `type` as it stands in flat JSON and partition folders, without
// quotes: "2016-11-14", "2016-11-14 08:30:00.5", "12.50", true, base64 for bytes. NULL adds
// nothing. DATETIME prints `scale` fractional digits; INSTANT prints UTC with a closing Z.
void value_to_text(const Value *value, Type type, Buf *out);
// The value as JSON: numbers as numbers where JSON has them exactly, all else as text.
void value_to_json(const Value *value, Type type, JsonWriter *json);

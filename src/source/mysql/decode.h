// The server's result text -> Value, column by column: the hot path of a batch read.
//
// A column's plan is made once from the result's metadata; then decode_row runs over every row
// without allocation, strtod or sscanf. Pure functions over (pointer, length): fuzzed, and never
// read past the length.
#pragma once

#include "job/job.h"
#include "record/schema.h"

// How the text of one column is to be read.
typedef enum DecodeForm {
    DECODE_INT,      // decimal digits, maybe a sign, maybe zero-filled -> i64
    DECODE_UINT64,   // -> u64
    DECODE_BIT,      // big-endian bytes, 1..8 -> BOOL, INT64 or UINT64
    DECODE_FLOAT32,  // text of a double that is a float exactly -> f64
    DECODE_FLOAT64,
    DECODE_DECIMAL,    // -> i128 with the type's scale
    DECODE_DATE,       // "2016-11-14"
    DECODE_DATETIME,   // "2016-11-14 08:30:00.123456"
    DECODE_UNIX_TIME,  // text of UNIX_TIMESTAMP(column): "1479112200.123456"; 0 is the zero date ->
                       // INSTANT
    DECODE_TEXT,       // UTF-8, checked
    DECODE_BYTES,
    DECODE_GEOMETRY,  // SRID and WKB as the server stores them -> EWKB
} DecodeForm;

typedef struct DecodeColumn {
    DecodeForm form;
    Type type;
    ZeroDates zero_dates;  // DATE, DATETIME, UNIX_TIME: NULL or ERROR (text policy makes the column
                           // DECODE_TEXT)
} DecodeColumn;

// Scratch that bytes of a decoded row may point into (geometry). Zeroed is valid.
typedef struct DecodeScratch {
    Buf buf;
} DecodeScratch;

// Decodes one cell. `text` NULL is SQL NULL. Text and bytes are borrowed from `text` or the
// scratch. What cannot be decoded becomes VALUE_DIRTY with the raw text and a reason. *zero_dates
// is increased where a zero or impossible date became NULL.
void decode_cell(const DecodeColumn *column, const char *text, size_t len, DecodeScratch *scratch,
                 Value *ret_value, uint64_t *zero_dates);

// Decodes a row of libmariadb's (MYSQL_ROW and mysql_fetch_lengths).
void decode_row(const DecodeColumn *columns, size_t count, char *const *texts,
                const unsigned long *lengths, DecodeScratch *scratch, Value *ret_row,
                uint64_t *zero_dates);

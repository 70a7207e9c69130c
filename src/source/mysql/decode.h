// A row of the server's binary protocol -> Values: the hot path of a batch read.
//
// Rows come as prepared statements send them, because numbers and times then need no text: the
// server saves the printing (about an eighth of its time for a usual table) and weir the parsing,
// and FLOAT comes exact. A column's plan is made once for a slice's result (column_type.c); then
// decode_row runs over every row without allocation. Pure functions over (pointer, length): fuzzed,
// and never read past the length.
#pragma once

#include "job/job.h"
#include "record/schema.h"

// How one column lies in the row. Integers and floats are little-endian. "Counted" is a length and
// as many bytes.
typedef enum DecodeForm {
    DECODE_INT8,
    DECODE_UINT8,
    DECODE_INT16,
    DECODE_UINT16,
    DECODE_INT32,
    DECODE_UINT32,
    DECODE_INT64,
    DECODE_UINT64,
    DECODE_FLOAT32,  // 4 bytes -> f64
    DECODE_FLOAT64,
    DECODE_BIT,            // counted big-endian bytes, 1..8 -> BOOL, INT64 or UINT64
    DECODE_DECIMAL,        // counted text -> i128 with the type's scale
    DECODE_DATE,           // 0 or 4 bytes, or a datetime's -> DATE
    DECODE_DATETIME,       // 0, 4, 7 or 11 bytes -> DATETIME
    DECODE_DATE_TEXT,      // the same as text: "2016-11-14"
    DECODE_DATETIME_TEXT,  // "2016-11-14 08:30:00.123456"
    DECODE_TIME_TEXT,      // 0, 8 or 12 bytes -> "-838:59:59.000000"
    DECODE_UNIX_SECONDS,   // UNIX_TIMESTAMP(column), 8 bytes; 0 is the zero date -> INSTANT
    DECODE_UNIX_TEXT,      // the same as counted decimal text: "1479112200.123456"
    DECODE_TEXT,           // counted UTF-8, checked
    DECODE_BYTES,          // counted
    DECODE_GEOMETRY,       // counted: SRID and WKB as the server stores them -> EWKB
} DecodeForm;

// Digits after the seconds where the server would print those that are there: six or none.
#define DECODE_DIGITS_AS_NEEDED 31

typedef struct DecodeColumn {
    DecodeForm form;
    Type type;
    uint8_t digits;        // after the seconds, of the forms that become text: 0..6 or AS_NEEDED
    ZeroDates zero_dates;  // DATE, DATETIME, UNIX_*: NULL or ERROR
} DecodeColumn;

// Room for what one cell becomes as text, where it does not lie in the packet as text.
typedef char DecodeText[32];

// Decodes a row: a packet of the binary result set (MySQL's "Protocol::BinaryResultsetRow"), whose
// bytes may be changed in place. False where it is torn or longer than its columns. Text and bytes
// are borrowed from `packet` and from `texts`, one for each column. What a column's type cannot
// hold becomes VALUE_DIRTY with its text and a reason (bytes that say no time: in hexadecimal).
// *zero_dates is increased for each zero or impossible date that became NULL. After false the row
// holds nothing of use.
bool decode_row(const DecodeColumn *columns, size_t count, unsigned char *packet, size_t len,
                DecodeText *texts, Value *ret_row, uint64_t *zero_dates) MUST_CHECK;

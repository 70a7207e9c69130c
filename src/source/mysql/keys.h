// Key columns as number lines: what a slice's bounds are made of. Pure functions: no server.
//
// A point of a numeric or time column is a number; a point of a text or binary column is its UTF-8
// text or its bytes. Where cutting guesses wrong (a collation orders words in a way that is not
// known here) slices get uneven, never wrong: bounds are compared by the server alone.
#pragma once

#include "base/buf.h"

typedef enum KeyKind {
    KEY_NONE,
    KEY_INT,
    KEY_DECIMAL,
    KEY_DATE,
    KEY_DATETIME,
    KEY_TEXT,
    KEY_BYTES
} KeyKind;

typedef struct KeyColumn {
    const char *name;  // quoted, as SQL; borrowed, as the next two
    KeyKind kind;
    const char *charset;    // TEXT
    const char *collation;  // TEXT
    int scale;              // DECIMAL: digits after the point
    bool is_timestamp;  // DATETIME: an instant shown as wall clock; hours that occur twice are no
                        // bounds
    bool is_year;       // INT: numbers below 100 mean other years to the server
    bool is_nullable;
} KeyColumn;

// A column by its quoted name; its kind follows from data type ("bigint", "varchar" ...) and DDL
// type ("decimal(10,2) unsigned"), KEY_NONE where slices cannot be cut by it.
KeyColumn key_column(const char *name, const char *data_type, const char *column_type,
                     const char *charset, const char *collation, bool is_nullable);

typedef struct KeyPoint {
    __int128 number;
    char *bytes;  // owned; TEXT, BYTES
    size_t len;
} KeyPoint;
void key_point_done(KeyPoint *point);

// The SQL that fetches a point of this column, and the reading of its text.
void key_add_fetch(const KeyColumn *column, Buf *sql);
bool key_parse(const KeyColumn *column, const char *text, KeyPoint *ret_point) MUST_CHECK;

// The point as a SQL constant that compares with the column as its own values do.
void key_add_literal(const KeyColumn *column, const KeyPoint *point, Buf *sql);

// Cuts (low, high] into up to `pieces` parts: up to pieces-1 growing points, the first above low,
// the last at most high. Points of TEXT columns are guesses: they may lie outside, in any order,
// and be more. Returns their number; free each with key_point_done.
#define KEY_PIECES_MAX 128
size_t key_cut(const KeyColumn *column, const KeyPoint *low, const KeyPoint *high, size_t pieces,
               KeyPoint ret_points[KEY_PIECES_MAX]);
bool key_point_equal(const KeyPoint *a, const KeyPoint *b);

// A bound: constants of the first `count` columns, in SQL. All keys from it on, the shorter before
// the longer.
#define KEY_COLUMNS_MAX 4
typedef struct KeyBound {
    char *parts[KEY_COLUMNS_MAX];
    size_t count;  // 0: open
} KeyBound;
void key_bound_done(KeyBound *bound);
KeyBound key_bound_copy(const KeyBound *bound);

// "low <= key < high" in a form from which both servers make ranges of the index. Open ends are
// allowed; without any bound nothing is written. The slice with the open lower end takes the NULLs.
void key_add_range(const KeyColumn *columns, const KeyBound *low, const KeyBound *high, Buf *sql);
// SQL that is 1 where a < b.
void key_add_less(const KeyBound *a, const KeyBound *b, Buf *sql);

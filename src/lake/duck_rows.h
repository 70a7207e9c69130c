// The rows of a query, pulled by several threads as values of weir's types: what turns SQL into
// rows for a writer.
//
// DuckDB's own threads compute; results are streamed, so that memory stays under its limit whatever
// their number. Thread: each reader is one thread's; the threads share one lock.
#pragma once

#include "lake/duck.h"
#include "record/schema.h"

typedef struct DuckRows DuckRows;
typedef struct DuckRowReader DuckRowReader;

// Prepares one SELECT. Integers, decimals, floats, booleans, dates, timestamps, texts and blobs
// come as they are (a column of unsigned or 128-bit integers as the next type that holds it);
// everything else (time, uuid, enum, interval, list, struct ...) as DuckDB's text of it. The Duck
// is in use until duck_rows_free. Errors as duck_fail; duck_error_position tells where in `sql`.
bool duck_rows_open(Duck *duck, const char *sql, DuckRows **ret_rows, Err *err) MUST_CHECK;
void duck_rows_free(DuckRows *rows);  // NULL is fine; stops what still runs
const Schema *duck_rows_schema(const DuckRows *rows);

// Starts the query for `count` readers.
bool duck_rows_begin(DuckRows *rows, size_t count, Err *err) MUST_CHECK;
DuckRowReader *duck_rows_reader(DuckRows *rows, size_t index);
// The next row, NULL at the end; borrowed until the reader's next call. A value that no type of
// weir holds (infinity as a date) is VALUE_DIRTY. A ParquetNext.
bool duck_rows_next(void *reader, const Value **ret_row, Err *err) MUST_CHECK;

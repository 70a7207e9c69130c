// The reject file of an instance: rows that did not fit, one JSON object a line, with the reason.
//
//   {"reason":"...","column":"qty","value":"70000","key":{"id":7},"row":{"id":7,"qty":70000,...}}
//
// The file is made at the first dirty row. Thread: any (one lock inside).
#pragma once

#include "record/counters.h"
#include "record/schema.h"

typedef struct Reject Reject;

// `path` is where the file goes, NULL: rows are counted only, and going over the limit is an error
// of the rows (FAIL_SOURCE) and not of a job's limit; limit is the number of dirty rows
// that are allowed, negative for any. At most REJECT_ROWS_MAX rows are written out; all are
// counted.
#define REJECT_ROWS_MAX 10000
Reject *reject_new(const char *path, int64_t limit, Counters *counters) MUST_CHECK;
void reject_free(Reject *reject);

// Notes one dirty row. `key_fields` are the indexes of the source's key columns among the schema's
// (may be empty). FAIL_DIRTY where the limit is passed: the caller stops.
bool reject_row(Reject *reject, const Schema *schema, const Value *row, size_t column,
                DirtyReason reason, const size_t *key_fields, size_t key_count, Err *err)
    MUST_CHECK;

const char *reject_path(const Reject *reject);  // NULL while there was no dirty row

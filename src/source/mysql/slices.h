// Cutting relations into slices: conditions on an index that together give every row exactly once,
// whatever the estimates behind them are worth.
#pragma once

#include "base/emit.h"
#include "source/mysql/keys.h"
#include "source/mysql/relation.h"

typedef struct Slice {
    const Relation *relation;
    char *predicate;      // "" for the whole relation
    const char *index;    // to be forced, or NULL; borrowed from the relation
    uint64_t rows;        // estimate
    bool is_at_most;      // that does not know the job's condition
    const IndexInfo *by;  // whose columns the bounds are of; NULL: the slice has none
    KeyBound low, high;   // what `predicate` was made of
} Slice;

typedef struct SliceList {
    Slice *items;
    size_t count;
    Buf warnings;  // what the user should know, a sentence a line
    Buf remarks;   // why there are no more slices, where nobody need worry; likewise
} SliceList;

void slice_list_done(SliceList *list);

// Appends the slices of a relation for `threads` readers.
#define SLICE_ROWS_MIN 20000
#define SLICE_BYTES_MIN ((uint64_t)16 << 20)  // where the rows are large, fewer of them
#define SLICES_PER_THREAD 6
bool slices_plan(const Relation *relation, int threads, SliceList *list, Err *err) MUST_CHECK;
// The same for about `wanted` slices, whoever reads them.
bool slices_plan_count(const Relation *relation, uint64_t wanted, SliceList *list, Err *err)
    MUST_CHECK;
// Largest first; equal ones stay in the order of the key.
void slices_sort(SliceList *list);

// slices_piece.c: a slice as a JSON object from which another process makes the same slice, of
// values only, no SQL; and back, appended to the list. FAIL_CONFIG where it is no slice of these
// relations as they are now.
void slices_write(const Slice *slice, const SourceSpec *sources, JsonWriter *json);
bool slices_take(const char *text, const SourceSpec *sources, const Relation *relations,
                 size_t relation_count, SliceList *list, Err *err) MUST_CHECK;

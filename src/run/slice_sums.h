// Rows of two sides by slice: how many there are, and the sum of their hashes. Slices here are
// shares of the rows by the hash of their key, so that a row is in the same slice on both sides,
// whatever order it comes in. Thread: one a SliceSums; a SliceCut does not change.
#pragma once

#include "record/row_hash.h"

typedef struct SliceCut SliceCut;

// The first cut, of all rows.
#define SLICE_CUT_FIRST ((size_t)1024)
SliceCut *slice_cut_new(void) MUST_CHECK;
// A cut of the slices that are marked in `keep` alone, each into parts, all in all at most
// `slices_max`; NULL where it cannot be cut further. `cut` is borrowed until the new one is freed.
SliceCut *slice_cut_finer(const SliceCut *cut, const bool *keep, size_t slices_max) MUST_CHECK;
void slice_cut_free(SliceCut *cut);  // NULL is fine
size_t slice_cut_count(const SliceCut *cut);
// The slice of a key's hash, SIZE_MAX where the cut does not have it.
size_t slice_cut_find(const SliceCut *cut, uint64_t key);

// A slice's rows of one side.
typedef struct SliceSum {
    uint64_t rows;
    unsigned __int128 sum;  // of their hashes, modulo 2^128: the order does not matter, and equal
                            // rows do not cancel out as they would in an exclusive or
} SliceSum;

static inline void slice_sum_add(SliceSum *sum, const RowHash *hash)
{
    sum->rows++;
    sum->sum += ((unsigned __int128)hash->row[1] << 64) | hash->row[0];
}
void slice_sums_merge(SliceSum *into, const SliceSum *from, size_t count);
bool slice_sum_equal(const SliceSum *a, const SliceSum *b);

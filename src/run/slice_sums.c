// A cut takes the next bits of the key's hash below the slices that the cut before it kept. So a
// table of any size is narrowed down to the slices that differ with a bounded number of sums.
#include "base/base.h"

#include "run/slice_sums.h"

#define SLICES_FIRST_BITS 10
#define HASH_BITS 64

static_assert((size_t)1 << SLICES_FIRST_BITS == SLICE_CUT_FIRST, "the first cut's bits");

struct SliceCut {
    const SliceCut *above;  // NULL: the first
    size_t *numbers;        // of the slices above among those kept, SIZE_MAX of the others
    unsigned shift;         // of the hash, so that its lowest bits are this cut's
    unsigned bits;
    size_t count;
};

SliceCut *slice_cut_new(void)
{
    SliceCut *cut = mem_alloc(sizeof(*cut));
    cut->bits = SLICES_FIRST_BITS;
    cut->shift = HASH_BITS - SLICES_FIRST_BITS;
    cut->count = SLICE_CUT_FIRST;
    return cut;
}

SliceCut *slice_cut_finer(const SliceCut *above, const bool *keep, size_t slices_max)
{
    size_t kept = 0;
    for (size_t i = 0; i < above->count; i++) {
        kept += keep[i];
    }
    unsigned bits = 0;
    while (kept > 0 && bits < above->shift && (kept << (bits + 1)) <= slices_max) {
        bits++;
    }
    if (bits == 0) {
        return NULL;
    }
    SliceCut *cut = mem_alloc(sizeof(*cut));
    cut->above = above;
    cut->bits = bits;
    cut->shift = above->shift - bits;
    cut->count = kept << bits;
    cut->numbers = mem_alloc(above->count * sizeof(*cut->numbers));
    size_t number = 0;
    for (size_t i = 0; i < above->count; i++) {
        cut->numbers[i] = keep[i] ? number++ : SIZE_MAX;
    }
    return cut;
}

void slice_cut_free(SliceCut *cut)
{
    if (cut != NULL) {
        free(cut->numbers);
        free(cut);
    }
}

size_t slice_cut_count(const SliceCut *cut)
{
    return cut->count;
}

// The recursion is as deep as there are cuts: a handful.
size_t slice_cut_find(const SliceCut *cut, uint64_t key)
{
    size_t number = 0;
    if (cut->above != NULL) {
        const size_t above = slice_cut_find(cut->above, key);
        number = above == SIZE_MAX ? SIZE_MAX : cut->numbers[above];
        if (number == SIZE_MAX) {
            return SIZE_MAX;
        }
    }
    const uint64_t mask = (UINT64_C(1) << cut->bits) - 1;
    return number << cut->bits | (size_t)(key >> cut->shift & mask);
}

void slice_sums_merge(SliceSum *into, const SliceSum *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        into[i].rows += from[i].rows;
        into[i].sum += from[i].sum;
    }
}

bool slice_sum_equal(const SliceSum *a, const SliceSum *b)
{
    return a->rows == b->rows && a->sum == b->sum;
}

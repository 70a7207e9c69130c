// Sums that do not depend on the order, and cuts that lose no key.
#include "base/base.h"

#include "unit.h"

#include "run/slice_sums.h"

static RowHash hash(uint64_t key, uint64_t low, uint64_t high)
{
    return (RowHash){.key = key, .row = {low, high}};
}

static void sum__does_not_depend_on_the_order(void **state)
{
    (void)state;
    const RowHash rows[] = {hash(0, UINT64_MAX, UINT64_MAX), hash(0, 7, 0), hash(0, 1, 1),
                            hash(0, UINT64_MAX, 5)};
    SliceSum forward = {0};
    SliceSum backward = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        slice_sum_add(&forward, &rows[i]);
        slice_sum_add(&backward, &rows[ARRAY_LEN(rows) - 1 - i]);
    }
    assert_true(slice_sum_equal(&forward, &backward));
    SliceSum parts[2] = {{0}, {0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        slice_sum_add(&parts[i % 2], &rows[i]);
    }
    slice_sums_merge(&parts[0], &parts[1], 1);
    assert_true(slice_sum_equal(&parts[0], &forward));
}

static void sum__counts_equal_rows(void **state)
{
    (void)state;
    const RowHash row = hash(0, 3, 4);
    const RowHash zero = hash(0, 0, 0);
    SliceSum none = {0};
    SliceSum twice = {0};
    SliceSum empty = {0};
    slice_sum_add(&twice, &row);
    slice_sum_add(&twice, &row);
    slice_sum_add(&empty, &zero);
    assert_false(slice_sum_equal(&none, &twice));
    assert_false(slice_sum_equal(&none, &empty));
}

static void sum__carries_into_the_high_half(void **state)
{
    (void)state;
    const RowHash rows[] = {hash(0, UINT64_MAX, 0), hash(0, 1, 0), hash(0, 0, 0), hash(0, 0, 1)};
    SliceSum a = {0};
    SliceSum b = {0};
    slice_sum_add(&a, &rows[0]);
    slice_sum_add(&a, &rows[1]);
    slice_sum_add(&b, &rows[2]);
    slice_sum_add(&b, &rows[3]);
    assert_true(slice_sum_equal(&a, &b));  // 2^64, and that no bit is dropped on the way
    assert_true(a.sum == (unsigned __int128)1 << 64);
}

static void cut__first_has_every_key(void **state)
{
    (void)state;
    SliceCut *cut = slice_cut_new();
    assert_int_equal(slice_cut_count(cut), SLICE_CUT_FIRST);
    assert_int_equal(slice_cut_find(cut, 0), 0);
    assert_int_equal(slice_cut_find(cut, UINT64_MAX), SLICE_CUT_FIRST - 1);
    slice_cut_free(cut);
}

// A finer cut has exactly the keys of the slices that were kept, and keeps slices apart.
static void cut__finer_has_the_kept_slices_only(void **state)
{
    (void)state;
    SliceCut *cuts[8] = {slice_cut_new()};
    bool *keep = mem_alloc(((size_t)1 << 20) * sizeof(*keep));
    size_t depth = 0;
    const uint64_t key = UINT64_C(0x123456789ABCDEF0);
    for (; depth + 1 < ARRAY_LEN(cuts); depth++) {
        memset(keep, 0, slice_cut_count(cuts[depth]) * sizeof(*keep));
        const size_t home = slice_cut_find(cuts[depth], key);
        assert_true(home < slice_cut_count(cuts[depth]));
        keep[home] = true;
        cuts[depth + 1] = slice_cut_finer(cuts[depth], keep, (size_t)1 << 18);
        if (cuts[depth + 1] == NULL) {
            break;
        }
        // Every other key is out unless it lies in the same slice.
        for (unsigned bit = 0; bit < 64; bit++) {
            const uint64_t other = key ^ UINT64_C(1) << bit;
            const bool is_kept = slice_cut_find(cuts[depth], other) == home;
            assert_int_equal(slice_cut_find(cuts[depth + 1], other) != SIZE_MAX, is_kept);
        }
    }
    // All bits of the hash are used up in the end, and the last slice is one key's alone.
    assert_true(depth >= 2);
    assert_null(cuts[depth + 1]);
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_true(slice_cut_find(cuts[depth], key ^ UINT64_C(1) << bit)
                    != slice_cut_find(cuts[depth], key));
    }
    for (size_t i = 0; i <= depth; i++) {
        slice_cut_free(cuts[depth - i]);
    }
    free(keep);
}

static void cut__finer_of_all_and_of_none(void **state)
{
    (void)state;
    SliceCut *cut = slice_cut_new();
    bool *keep = mem_alloc(SLICE_CUT_FIRST * sizeof(*keep));
    assert_null(slice_cut_finer(cut, keep, (size_t)1 << 18));
    memset(keep, 1, SLICE_CUT_FIRST * sizeof(*keep));
    assert_null(slice_cut_finer(cut, keep, 2 * SLICE_CUT_FIRST - 1));
    SliceCut *finer = slice_cut_finer(cut, keep, 8 * SLICE_CUT_FIRST - 1);
    assert_non_null(finer);
    assert_int_equal(slice_cut_count(finer), 4 * SLICE_CUT_FIRST);
    assert_int_equal(slice_cut_find(finer, 0), 0);
    assert_int_equal(slice_cut_find(finer, UINT64_MAX), slice_cut_count(finer) - 1);
    slice_cut_free(finer);
    slice_cut_free(cut);
    free(keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum__does_not_depend_on_the_order),
        cmocka_unit_test(sum__counts_equal_rows),
        cmocka_unit_test(sum__carries_into_the_high_half),
        cmocka_unit_test(cut__first_has_every_key),
        cmocka_unit_test(cut__finer_has_the_kept_slices_only),
        cmocka_unit_test(cut__finer_of_all_and_of_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

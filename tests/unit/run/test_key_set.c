// Matching rows of two sides: what is left is missing, extra or different.
#include "base/base.h"

#include "unit.h"

#include <pthread.h>

#include "run/key_set.h"

static RowHash hash(uint64_t key, uint64_t row)
{
    return (RowHash){.key = key, .row = {row, ~row}};
}

typedef struct Found {
    KeyDifference items[64];
    size_t count;
} Found;

static void take(void *object, const KeyDifference *difference)
{
    Found *found = object;
    assert_true(found->count < ARRAY_LEN(found->items));
    found->items[found->count++] = *difference;
}

static void source(KeySet *set, uint64_t key, uint64_t row)
{
    const RowHash one = hash(key, row);
    assert_true(key_set_add_source(set, &one));
}

static void target(KeySet *set, uint64_t key, uint64_t row)
{
    const RowHash one = hash(key, row);
    assert_true(key_set_add_target(set, &one, /* only_known= */ false));
}

static const KeyDifference *find(const Found *found, uint64_t key, KeyKind kind)
{
    for (size_t i = 0; i < found->count; i++) {
        const KeyDifference *item = &found->items[i];
        const uint64_t of = kind == KEY_EXTRA ? item->target.key : item->source.key;
        if (of == key && item->kind == kind) {
            return item;
        }
    }
    fail_msg("no difference of that kind");
    return NULL;
}

static void differences__of_each_kind(void **state)
{
    (void)state;
    KeySet *set = key_set_new(10);
    source(set, 1, 100);  // equal
    target(set, 1, 100);
    source(set, 2, 200);  // missing
    target(set, 3, 300);  // extra
    source(set, 4, 400);  // different
    target(set, 4, 401);
    target(set, UINT64_MAX, 5);  // equal, the target's row first
    source(set, UINT64_MAX, 5);
    Found found = {0};
    key_set_differences(set, take, &found);
    assert_int_equal(found.count, 3);
    assert_int_equal(find(&found, 2, KEY_MISSING)->source.row[0], 200);
    assert_int_equal(find(&found, 3, KEY_EXTRA)->target.row[0], 300);
    const KeyDifference *different = find(&found, 4, KEY_DIFFERENT);
    assert_int_equal(different->source.row[0], 400);
    assert_int_equal(different->target.row[0], 401);
    assert_int_equal(different->rows, 1);
    key_set_free(set);
}

static void differences__of_rows_that_repeat(void **state)
{
    (void)state;
    KeySet *set = key_set_new(10);
    for (size_t i = 0; i < 5; i++) {
        source(set, 1, 10);  // five, of which the target has two, and three of another value
    }
    for (size_t i = 0; i < 2; i++) {
        target(set, 1, 10);
    }
    for (size_t i = 0; i < 4; i++) {
        target(set, 1, 11);
    }
    Found found = {0};
    key_set_differences(set, take, &found);
    assert_int_equal(found.count, 2);
    assert_int_equal(find(&found, 1, KEY_DIFFERENT)->rows, 3);
    assert_int_equal(find(&found, 1, KEY_EXTRA)->rows, 1);
    key_set_free(set);
}

// Keys that share a place in the table are still told apart.
static void differences__of_keys_that_collide(void **state)
{
    (void)state;
    KeySet *set = key_set_new(10);
    for (uint64_t i = 0; i < 20; i++) {
        source(set, i << 40, i);
        target(set, i << 40, i == 13 ? 99 : i);
    }
    Found found = {0};
    key_set_differences(set, take, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(find(&found, UINT64_C(13) << 40, KEY_DIFFERENT)->target.row[0], 99);
    key_set_free(set);
}

static void only_known__takes_no_foreign_keys(void **state)
{
    (void)state;
    KeySet *set = key_set_new(10);
    source(set, 1, 10);
    const RowHash other = hash(2, 20);
    const RowHash older = hash(1, 11);
    assert_true(key_set_add_target(set, &other, /* only_known= */ true));
    assert_true(key_set_add_target(set, &older, /* only_known= */ true));
    Found found = {0};
    key_set_differences(set, take, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(find(&found, 1, KEY_DIFFERENT)->target.row[0], 11);
    key_set_free(set);
}

static void full__is_told(void **state)
{
    (void)state;
    KeySet *set = key_set_new(1);
    bool has_room = true;
    uint64_t count = 0;
    while (has_room && count < 1000000) {
        const RowHash one = hash(count * 16, count);
        has_room = key_set_add_source(set, &one);
        count++;
    }
    assert_false(has_room);
    // What is in it is still found.
    const RowHash first = hash(0, 0);
    assert_true(key_set_add_target(set, &first, /* only_known= */ false));
    key_set_free(set);
}

#define THREADS 4
#define ROWS 20000

static void *add_all(void *object)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        const RowHash one = hash(i * UINT64_C(0x9E3779B97F4A7C15), i);
        assert_true(key_set_add_source(object, &one));
    }
    return NULL;
}

static void threads__lose_nothing(void **state)
{
    (void)state;
    KeySet *set = key_set_new(ROWS);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_all, set), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (uint64_t i = 0; i < ROWS; i++) {
        const RowHash one = hash(i * UINT64_C(0x9E3779B97F4A7C15), i);
        for (size_t t = 0; t < THREADS - (i == 777); t++) {
            assert_true(key_set_add_target(set, &one, /* only_known= */ true));
        }
    }
    Found found = {0};
    key_set_differences(set, take, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].source.row[0], 777);
    assert_int_equal(found.items[0].rows, 1);
    key_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences__of_each_kind),
        cmocka_unit_test(differences__of_rows_that_repeat),
        cmocka_unit_test(differences__of_keys_that_collide),
        cmocka_unit_test(only_known__takes_no_foreign_keys),
        cmocka_unit_test(full__is_told),
        cmocka_unit_test(threads__lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

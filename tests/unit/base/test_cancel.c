// A request to stop reaches hooks once, whichever came first.
#include "base/cancel.h"

#include "unit.h"

static void count_wake(void *object)
{
    (*(int *)object)++;
}

static void cancel__hook_is_called_once(void **state)
{
    (void)state;
    Cancel *cancel = cancel_new();
    int wakes = 0;
    cancel_add_hook(cancel, count_wake, &wakes);
    Err err = {0};
    ASSERT_OK(cancel_check(cancel, &err), err);
    cancel_request(cancel);
    cancel_request(cancel);
    assert_int_equal(wakes, 1);
    ASSERT_FAIL(cancel_check(cancel, &err), err, FAIL_CANCELLED, "cancelled");
    cancel_free(cancel);
}

static void cancel__late_hook_is_called_at_once(void **state)
{
    (void)state;
    Cancel *cancel = cancel_new();
    cancel_request(cancel);
    int wakes = 0;
    cancel_add_hook(cancel, count_wake, &wakes);
    assert_int_equal(wakes, 1);
    cancel_free(cancel);
}

static void cancel__removed_hook_is_not_called(void **state)
{
    (void)state;
    Cancel *cancel = cancel_new();
    int kept = 0, removed = 0;
    cancel_add_hook(cancel, count_wake, &removed);
    cancel_add_hook(cancel, count_wake, &kept);
    cancel_remove_hook(cancel, &removed);
    cancel_request(cancel);
    assert_int_equal(removed, 0);
    assert_int_equal(kept, 1);
    cancel_free(cancel);
}

static void child__ends_with_its_parent_and_alone(void **state)
{
    (void)state;
    Cancel *parent = cancel_new();
    Cancel *one = cancel_child(parent);
    Cancel *other = cancel_child(parent);
    int wakes = 0;
    cancel_add_hook(other, count_wake, &wakes);
    cancel_request(one);
    assert_true(cancel_requested(one));
    assert_false(cancel_requested(parent));
    assert_false(cancel_requested(other));
    cancel_free(one);
    cancel_request(parent);
    assert_true(cancel_requested(other));
    assert_int_equal(wakes, 1);
    Cancel *late = cancel_child(parent);
    assert_true(cancel_requested(late));
    cancel_free(late);
    cancel_free(other);
    cancel_free(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel__hook_is_called_once),
        cmocka_unit_test(cancel__late_hook_is_called_at_once),
        cmocka_unit_test(cancel__removed_hook_is_not_called),
        cmocka_unit_test(child__ends_with_its_parent_and_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

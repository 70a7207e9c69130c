// Errors: what is kept, what is cut, what the exit codes are.
#include "base/buf.h"

#include "unit.h"

static void fail__message_may_be_built_from_the_old_one(void **state)
{
    (void)state;
    Err err = {0};
    assert_false(fail(&err, FAIL_SOURCE, "inner"));
    assert_false(fail(&err, FAIL_TARGET, "outer: %s", err.message));
    assert_string_equal(err.message, "outer: inner");
    assert_int_equal(err.kind, FAIL_TARGET);
}

static void fail__clears_hint_and_retriable(void **state)
{
    (void)state;
    Err err = {.retriable = true};
    assert_false(fail_hint(&err, "Do this."));
    assert_false(fail(&err, FAIL_SOURCE, "x"));
    assert_string_equal(err.hint, "");
    assert_false(err.retriable);
}

static void err_context__long_messages_are_cut_not_overrun(void **state)
{
    (void)state;
    Err err = {0};
    char big[4000];
    memset(big, 'a', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_false(fail(&err, FAIL_SOURCE, "%s", big));
    assert_false(err_context(&err, "%s", big));
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_false(fail(&err, FAIL_SOURCE, "short"));
    assert_false(err_context(&err, "job \"x\""));
    assert_string_equal(err.message, "job \"x\": short");
}

static void exit_codes__as_documented(void **state)
{
    (void)state;
    const struct {
        FailKind kind;
        int code;
    } codes[] = {{FAIL_NONE, 0},   {FAIL_INTERNAL, 1}, {FAIL_CONFIG, 2},     {FAIL_SOURCE, 3},
                 {FAIL_TARGET, 4}, {FAIL_DIRTY, 5},    {FAIL_CANCELLED, 130}};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        assert_int_equal(err_exit_code(codes[i].kind), codes[i].code);
    }
}

static void buf__limit_drops_writes_and_is_reported(void **state)
{
    (void)state;
    Err err = {0};
    CLEANUP(buf_done) Buf buf = {.limit = 10};
    buf_add_text(&buf, "0123456789");
    ASSERT_OK(buf_ok(&buf, "text", &err), err);
    buf_add_char(&buf, 'x');
    assert_int_equal(buf.len, 10);
    ASSERT_FAIL(buf_ok(&buf, "the statement", &err), err, FAIL_INTERNAL, "the statement");
}

static void err_keep__the_first_that_is_a_reason(void **state)
{
    (void)state;
    Err kept = {0};
    Err stopped = {.kind = FAIL_CANCELLED, .message = "cancelled"};
    Err disk = {.kind = FAIL_TARGET, .message = "disk full"};
    Err late = {.kind = FAIL_SOURCE, .message = "gone"};
    err_keep(&kept, &stopped);
    assert_int_equal(kept.kind, FAIL_CANCELLED);
    err_keep(&kept, &disk);
    err_keep(&kept, &stopped);
    err_keep(&kept, &late);
    assert_string_equal(kept.message, "disk full");
}

static void buf__long_formats_grow(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf buf = {0};
    buf_add_format(&buf, "%0500d", 7);
    assert_int_equal(buf.len, 500);
    assert_int_equal(buf.data[499], '7');
    char *text = buf_take(&buf);
    assert_int_equal(strlen(text), 500);
    assert_string_equal(buf_text(&buf), "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail__message_may_be_built_from_the_old_one),
        cmocka_unit_test(fail__clears_hint_and_retriable),
        cmocka_unit_test(err_context__long_messages_are_cut_not_overrun),
        cmocka_unit_test(exit_codes__as_documented),
        cmocka_unit_test(buf__limit_drops_writes_and_is_reported),
        cmocka_unit_test(err_keep__the_first_that_is_a_reason),
        cmocka_unit_test(buf__long_formats_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

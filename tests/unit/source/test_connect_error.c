// Whose problem an error is decides the exit code, and whether a run starts over.
#include "base/base.h"

#include "unit.h"

#include "source/mysql/connect_error.h"

static void assert_rule(unsigned number, FailKind kind, bool retriable)
{
    const ErrorRule *rule = connect_error_rule(number);
    if (rule == NULL || rule->kind != kind || rule->retriable != retriable) {
        fail_msg("error %u: %s, retriable %d", number,
                 rule == NULL ? "no rule" : fail_kind_name(rule->kind),
                 rule != NULL && rule->retriable);
    }
}

static void connect_error_rule__names_in_the_job_are_configuration(void **state)
{
    (void)state;
    const unsigned numbers[] = {1049, 1054, 1060, 1064, 1146};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_rule(numbers[i], FAIL_CONFIG, false);
    }
}

static void connect_error_rule__access_is_the_source(void **state)
{
    (void)state;
    const unsigned numbers[] = {1044, 1045, 1130, 1142, 1143, 2002, 2003, 2005, 2026, 2059};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_rule(numbers[i], FAIL_SOURCE, false);
        assert_non_null(connect_error_rule(numbers[i])->hint);
    }
}

static void connect_error_rule__lost_connections_may_start_over(void **state)
{
    (void)state;
    const unsigned numbers[] = {1053, 1176, 1317, 1412, 1927, 2006, 2013, 2055, 4031};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_rule(numbers[i], FAIL_SOURCE, true);
    }
}

static void connect_error_rule__prepared_statements(void **state)
{
    (void)state;
    assert_rule(1295, FAIL_CONFIG, false);
    assert_rule(1461, FAIL_SOURCE, false);
    assert_rule(1615, FAIL_SOURCE, true);
    assert_non_null(connect_error_rule(1295)->hint);
    assert_non_null(strstr(connect_error_rule(1461)->hint, "raise max_prepared_stmt_count"));
    assert_non_null(connect_error_rule(1615)->hint);
}

static void connect_error_rule__unknown_numbers_have_none(void **state)
{
    (void)state;
    assert_null(connect_error_rule(0));
    assert_null(connect_error_rule(9999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_error_rule__names_in_the_job_are_configuration),
        cmocka_unit_test(connect_error_rule__access_is_the_source),
        cmocka_unit_test(connect_error_rule__lost_connections_may_start_over),
        cmocka_unit_test(connect_error_rule__prepared_statements),
        cmocka_unit_test(connect_error_rule__unknown_numbers_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

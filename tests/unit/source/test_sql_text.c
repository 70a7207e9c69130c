// SQL that users type is put into brackets: what could leave them is refused.
#include "source/mysql/connect.h"

#include "unit.h"

static void whole__what_stays_inside_its_brackets(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a = 1",
        "(a = 1) OR (b IN (1, 2))",
        "name = ')' OR name = '('",
        "name = 'it''s )' OR name = 'back\\')'",
        "`odd)name` = 1 AND \"text)\" = 'x'",
        "a = 1 -- a comment with a )",
        "a = 1 # another )",
        "a /* ) */ = 1",
        "a = 5--2",
        "name = ';'",
        "",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!sql_is_whole(texts[i])) {
            fail_msg("refused: %s", texts[i]);
        }
    }
}

static void whole__what_would_change_the_statement(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1) OR (1",
        "(a = 1",
        "a = 1)",
        "name = 'open",
        "name = 'escaped\\'",
        "`open = 1",
        "a = 1 /* open",
        "a = 1; DROP TABLE t",
        "a = 1 -- ok\n) OR (1",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (sql_is_whole(texts[i])) {
            fail_msg("taken: %s", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole__what_stays_inside_its_brackets),
        cmocka_unit_test(whole__what_would_change_the_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Which names a table may have.
#include "base/base.h"

#include "unit.h"

#include "record/table_name.h"

static void name__rules(void **state)
{
    (void)state;
    static const char *const good[] = {"ods_oplog", "a", "订单", "a b", "a.b", "a-b=c", "x_"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_null(table_name_mistake(good[i]));
    }
    static const struct {
        const char *name;
        const char *part;
    } bad[] = {
        {"", "empty"},          {"a/b", "without \"/\""}, {"..", "cannot begin"},
        {".a", "cannot begin"}, {"_a", "cannot begin"},   {"a%b", "\"%\""},
        {"a\\b", "\"%\""},      {"a\tb", "control"},      {"a\x7f", "control"},
        {" a", "space"},        {"a ", "space"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *mistake = table_name_mistake(bad[i].name);
        assert_non_null(mistake);
        assert_non_null(strstr(mistake, bad[i].part));
    }
    char longest[202] = {0};
    memset(longest, 'x', 200);
    assert_null(table_name_mistake(longest));
    longest[200] = 'x';
    assert_non_null(table_name_mistake(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(name__rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

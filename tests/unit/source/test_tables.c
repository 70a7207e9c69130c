// Names and patterns of tables.
#include "base/base.h"

#include "unit.h"

#include "source/mysql/relation.h"

static void names_free(char **names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        free(names[i]);
    }
    free(names);
}

static size_t names_count(char **names)
{
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    return count;
}

static void tables_expand_ranges__counts_as_datax_does(void **state)
{
    (void)state;
    Err err;
    char **names = NULL;
    ASSERT_OK(tables_expand_ranges("t_[0-99]", &names, &err), err);
    assert_int_equal(names_count(names), 100);
    assert_string_equal(names[0], "t_0");
    assert_string_equal(names[9], "t_9");
    assert_string_equal(names[10], "t_10");
    assert_string_equal(names[99], "t_99");
    names_free(names);
    ASSERT_OK(tables_expand_ranges("t_[00-99]", &names, &err), err);
    assert_string_equal(names[0], "t_00");
    assert_string_equal(names[7], "t_07");
    names_free(names);
    ASSERT_OK(tables_expand_ranges("t_[008-011]_x", &names, &err), err);
    assert_int_equal(names_count(names), 4);
    assert_string_equal(names[0], "t_008_x");
    assert_string_equal(names[3], "t_011_x");
    names_free(names);
}

static void tables_expand_ranges__multiplies_brackets(void **state)
{
    (void)state;
    Err err;
    char **names = NULL;
    ASSERT_OK(tables_expand_ranges("db_[0-1].t_[1-3]", &names, &err), err);
    assert_int_equal(names_count(names), 6);
    assert_string_equal(names[0], "db_0.t_1");
    assert_string_equal(names[3], "db_1.t_1");
    assert_string_equal(names[5], "db_1.t_3");
    names_free(names);
}

static void tables_expand_ranges__leaves_other_brackets(void **state)
{
    (void)state;
    Err err;
    const char *const patterns[] = {"plain", "t[", "t[a-b]", "t[1-]", "t[1,2]", "t[]", "[x", ""};
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        char **names = NULL;
        ASSERT_OK(tables_expand_ranges(patterns[i], &names, &err), err);
        assert_int_equal(names_count(names), 1);
        assert_string_equal(names[0], patterns[i]);
        names_free(names);
    }
}

static void tables_expand_ranges__refuses_nonsense(void **state)
{
    (void)state;
    Err err;
    char **names = NULL;
    ASSERT_FAIL(tables_expand_ranges("t_[9-0]", &names, &err), err, FAIL_CONFIG, "range is empty");
    ASSERT_FAIL(tables_expand_ranges("t_[0-99999]", &names, &err), err, FAIL_CONFIG,
                "more than 10000");
    ASSERT_FAIL(tables_expand_ranges("[0-999].[0-999]", &names, &err), err, FAIL_CONFIG,
                "more than 10000");
}

static void tables_match__knows_star_and_question_mark(void **state)
{
    (void)state;
    assert_true(tables_match("*", ""));
    assert_true(tables_match("t_*", "t_"));
    assert_true(tables_match("t_*_x", "t_1_x_2_x"));
    assert_true(tables_match("a?c", "abc"));
    assert_true(tables_match("a?c", "a\xc3\xa9"
                                    "c"));
    assert_true(tables_match("plain", "plain"));
    assert_false(tables_match("t_*_x", "t_1_x_2"));
    assert_false(tables_match("a?c", "ac"));
    assert_false(tables_match("plain", "Plain"));
    assert_false(tables_match("", "a"));
    assert_false(tables_match("t_1", "t_10"));
}

static void tables_split_name__reads_quoted_parts(void **state)
{
    (void)state;
    Err err;
    char *database = NULL, *table = NULL;
    bool is_quoted = false;
    ASSERT_OK(tables_split_name("shop.oplog", &database, &table, &is_quoted, &err), err);
    assert_string_equal(database, "shop");
    assert_string_equal(table, "oplog");
    assert_false(is_quoted);
    free(database);
    free(table);
    ASSERT_OK(tables_split_name("`a.b`.`c``d *`", &database, &table, &is_quoted, &err), err);
    assert_string_equal(database, "a.b");
    assert_string_equal(table, "c`d *");
    assert_true(is_quoted);
    free(database);
    free(table);
    ASSERT_OK(tables_split_name("one", &database, &table, &is_quoted, &err), err);
    assert_null(database);
    free(table);
    ASSERT_FAIL(tables_split_name("a.", &database, &table, &is_quoted, &err), err, FAIL_CONFIG,
                "no name of a table");
    ASSERT_FAIL(tables_split_name("`a`b", &database, &table, &is_quoted, &err), err, FAIL_CONFIG,
                "no name of a table");
    ASSERT_FAIL(tables_split_name("", &database, &table, &is_quoted, &err), err, FAIL_CONFIG,
                "no name of a table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_expand_ranges__counts_as_datax_does),
        cmocka_unit_test(tables_expand_ranges__multiplies_brackets),
        cmocka_unit_test(tables_expand_ranges__leaves_other_brackets),
        cmocka_unit_test(tables_expand_ranges__refuses_nonsense),
        cmocka_unit_test(tables_match__knows_star_and_question_mark),
        cmocka_unit_test(tables_split_name__reads_quoted_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Which attempt of each slice counts, whatever the order of the lines.
#include "base/base.h"

#include "unit.h"

#include "run/piece_results.h"

#define PLAN "0123456789abcdef0123456789abcdef"
#define WHOSE(slice, attempt) \
    "\"plan\":\"" PLAN "\",\"slice\":" slice ",\"attempt\":\"" attempt "\""
#define ADD(slice, attempt, n)                                    \
    "{\"add\":{\"path\":\"part-" PLAN "-" slice "-" attempt "-" n \
    ".parquet\"},\"piece\":{" WHOSE(slice, attempt) "}}\n"
#define DONE(slice, attempt, files) \
    "{\"done\":{" WHOSE(slice, attempt) ",\"files\":" files ",\"rows_written\":5}}\n"

static bool results_of(const char *text, PieceResults *results, Err *err)
{
    char id[] = PLAN;
    const PiecePlan plan = {.id = id, .slice_count = 2};
    return piece_results_read(&plan, text, strlen(text), results, err);
}

static void results__first_complete_attempt_counts(void **state)
{
    (void)state;
    Err err = {0};
    PieceResults results = {0};
    // b of slice 0 was never finished, c before a, the line of a file after that of the end.
    ASSERT_OK(results_of(ADD("0", "b", "0") DONE("1", "d", "0") ADD("0", "a", "0")
                             DONE("0", "a", "2") ADD("0", "c", "0") DONE("0", "c", "1")
                                 ADD("0", "a", "1") ADD("0", "c", "0"),
                         &results, &err),
              err);
    assert_string_equal(results.attempts[results.done[0]].id, "a");
    assert_int_equal(results.attempts[results.done[0]].add_count, 2);
    assert_int_equal(results.attempts[results.done[0]].rows_written, 5);
    assert_string_equal(results.attempts[results.done[1]].id, "d");
    assert_int_equal(results.repeats, 1);
    piece_results_done(&results);
}

static void results__names_what_is_missing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"", "2 of 2 slices of the plan have no complete result: 0, 1;"},
        {DONE("0", "a", "0"), "1 of 2 slices of the plan have no complete result: 1;"},
        {DONE("0", "a", "0") ADD("1", "a", "0"), ": 1;"},
        {DONE("0", "a", "0") DONE("1", "a", "2") ADD("1", "a", "0") ADD("1", "a", "0"), ": 1;"},
        {DONE("0", "a", "1") DONE("1", "a", "0") ADD("0", "b", "0"), ": 0;"},
        {DONE("2", "a", "0"), "does not have"},
        {DONE("-1", "a", "0"), "does not have"},
        {DONE("0", "a", "0") "\n\nx", "line 4 of the results is no JSON"},
        {DONE("0", "a", "0") "[1]", "line 2: a line of the results is none"},
        {"{\"done\":{\"plan\":\"other\",\"slice\":0,\"attempt\":\"a\"}}", "another plan"},
        {"{\"add\":{\"path\":\"other.parquet\"},\"piece\":{" WHOSE("0", "a") "}}",
         "not of its slice"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = {0};
        PieceResults results = {0};
        ASSERT_FAIL(results_of(cases[i].text, &results, &err), err, FAIL_CONFIG, cases[i].words);
    }
}

static void plan__is_read_strictly(void **state)
{
    (void)state;
#define HEAD(format, id)                                                                    \
    "{\"weir_plan\":" format ",\"plan\":\"" id "\",\"job\":\"j\",\"bizdate\":\"20161114\"," \
    "\"params\":[\"a=1\"],\"version\":-1,\"job_digest\":\"x\",\"column_digest\":\"y\","     \
    "\"slice_count\":2"
    static const char good[] = HEAD("1", PLAN) ",\"slice\":{\"number\":0,\"read\":{}}}\n" HEAD(
        "1", PLAN) ",\"slice\":{\"number\":1,\"read\":{\"a\":1}}}";
    Err err = {0};
    PiecePlan *plans = NULL;
    size_t count = 0;
    ASSERT_OK(piece_plans_read(good, strlen(good), true, &plans, &count, &err), err);
    assert_int_equal(count, 2);
    assert_int_equal(plans[1].slices[0].number, 1);
    assert_string_equal(plans[1].slices[0].text, "{\"a\":1}");
    assert_string_equal(plans[0].params[0], "a=1");
    assert_null(plans[0].params[1]);
    piece_plans_free(plans, count);
    static const char *const bad[] = {
        "{}",
        "[]",
        HEAD("2", PLAN) "}",
        HEAD("1", "../../etc/passwd") "}",
        HEAD("1", "0123456789ABCDEF0123456789abcdef") "}",
        HEAD("1", PLAN) ",\"slice\":{\"number\":2,\"read\":{}}}",
        HEAD("1", PLAN) ",\"slices\":[{\"number\":0}]}",
        HEAD("1", PLAN) "}" HEAD("1", "ffffffffffffffffffffffffffffffff") "}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ASSERT_FAIL(piece_plans_read(bad[i], strlen(bad[i]), true, &plans, &count, &err), err,
                    FAIL_CONFIG, "the plan");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results__first_complete_attempt_counts),
        cmocka_unit_test(results__names_what_is_missing),
        cmocka_unit_test(plan__is_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

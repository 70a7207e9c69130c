// The option table: what it takes, what it refuses and how it says so.
#include "command/command.h"

#include "unit.h"

static const Command verb = {.name = "run", .usage = "run JOB", .summary = ""};

typedef struct Parsed {
    const char *text, *arguments[2], **list;
    int number;
    bool flag, help;
} Parsed;

static bool parse(Parsed *parsed, Err *err, const char *const *words)
{
    const Option options[] = {
        {.name = "bizdate", .argument = "D", .ret_text = &parsed->text},
        {.name = "threads", .argument = "N", .ret_int = &parsed->number, .int_max = 64},
        {.name = "json", .ret_flag = &parsed->flag},
        {.name = "param", .argument = "K=V", .ret_list = &parsed->list},
        {0},
    };
    char *argv[10] = {0};
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        argv[argc] = mem_copy_text(words[argc]);
    }
    *parsed = (Parsed){0};
    bool done =
        option_parse(&verb, options, argc, argv, 1, 2, parsed->arguments, &parsed->help, err);
    // The texts that were taken live as long as the process's argv does; here they may leak into
    // the checks that follow, so they are kept.
    static char **kept[64];
    static size_t kept_count;
    char **copy = mem_alloc(sizeof(argv));
    memcpy(copy, argv, sizeof(argv));
    kept[kept_count++ % ARRAY_LEN(kept)] = copy;
    return done;
}

#define WORDS(...) ((const char *const[]){"run", __VA_ARGS__, NULL})

static void option__both_spellings_of_a_value(void **state)
{
    (void)state;
    Err err = {0};
    Parsed parsed;
    ASSERT_OK(parse(&parsed, &err, WORDS("job", "--bizdate", "20161114", "--threads=4", "--json")),
              err);
    assert_string_equal(parsed.text, "20161114");
    assert_int_equal(parsed.number, 4);
    assert_true(parsed.flag);
    assert_string_equal(parsed.arguments[0], "job");
}

static void option__a_list_keeps_its_order(void **state)
{
    (void)state;
    Err err = {0};
    Parsed parsed;
    ASSERT_OK(parse(&parsed, &err, WORDS("--param", "a=1", "job", "--param=b=2")), err);
    assert_string_equal(parsed.list[0], "a=1");
    assert_string_equal(parsed.list[1], "b=2");
    assert_null(parsed.list[2]);
    free(parsed.list);
}

static void option__mistakes_are_named(void **state)
{
    (void)state;
    Err err = {0};
    Parsed parsed;
    ASSERT_FAIL(parse(&parsed, &err, WORDS("job", "--bizdat", "x")), err, FAIL_CONFIG,
                "Did you mean \"--bizdate\"?");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("job", "--threads", "many")), err, FAIL_CONFIG,
                "a whole number from 1 to 64, not \"many\"");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("job", "--threads", "0")), err, FAIL_CONFIG,
                "from 1 to 64");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("job", "--bizdate")), err, FAIL_CONFIG, "needs a value");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("job", "--json=yes")), err, FAIL_CONFIG,
                "takes no value");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("--json")), err, FAIL_CONFIG, "needs an argument");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("a", "b", "c")), err, FAIL_CONFIG,
                "one argument too many");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("a", "--bizdate", "1", "--bizdate=1")), err, FAIL_CONFIG,
                "\"--bizdate\" is given twice");
    ASSERT_FAIL(parse(&parsed, &err, WORDS("a", "--threads=1", "--threads=2")), err, FAIL_CONFIG,
                "\"--threads\" is given twice");
    ASSERT_OK(parse(&parsed, &err, WORDS("a", "--json", "--json")), err);
    ASSERT_FAIL(parse(&parsed, &err, WORDS("a", "-x")), err, FAIL_CONFIG, "unknown option \"-x\"");
}

static void option__two_dashes_end_the_options(void **state)
{
    (void)state;
    Err err = {0};
    Parsed parsed;
    ASSERT_OK(parse(&parsed, &err, WORDS("--", "--json")), err);
    assert_false(parsed.flag);
    assert_string_equal(parsed.arguments[0], "--json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option__both_spellings_of_a_value),
        cmocka_unit_test(option__a_list_keeps_its_order),
        cmocka_unit_test(option__mistakes_are_named),
        cmocka_unit_test(option__two_dashes_end_the_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

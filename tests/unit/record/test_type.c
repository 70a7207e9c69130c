// Types: equality and names.
#include "base/base.h"

#include "unit.h"

#include "record/type.h"

static void equal__fractional_digits_of_times_do_not_count(void **state)
{
    (void)state;
    assert_true(type_equal((Type){.kind = TYPE_DATETIME, .scale = 0},
                           (Type){.kind = TYPE_DATETIME, .scale = 6}));
    assert_true(type_equal((Type){.kind = TYPE_INSTANT, .scale = 3},
                           (Type){.kind = TYPE_INSTANT, .scale = 6}));
    assert_false(type_equal((Type){.kind = TYPE_INSTANT}, (Type){.kind = TYPE_DATETIME}));
}

static void equal__decimals_by_precision_and_scale(void **state)
{
    (void)state;
    const Type type = {.kind = TYPE_DECIMAL, .precision = 10, .scale = 2};
    assert_true(type_equal(type, (Type){.kind = TYPE_DECIMAL, .precision = 10, .scale = 2}));
    assert_false(type_equal(type, (Type){.kind = TYPE_DECIMAL, .precision = 11, .scale = 2}));
    assert_false(type_equal(type, (Type){.kind = TYPE_DECIMAL, .precision = 10, .scale = 3}));
}

static void describe__names_every_kind(void **state)
{
    (void)state;
    static const struct {
        Type type;
        const char *name;
    } CASES[TYPE_KIND_COUNT] = {
        {{.kind = TYPE_BOOL}, "bool"},
        {{.kind = TYPE_INT8}, "int8"},
        {{.kind = TYPE_INT16}, "int16"},
        {{.kind = TYPE_INT32}, "int32"},
        {{.kind = TYPE_INT64}, "int64"},
        {{.kind = TYPE_UINT64}, "uint64"},
        {{.kind = TYPE_FLOAT32}, "float32"},
        {{.kind = TYPE_FLOAT64}, "float64"},
        {{.kind = TYPE_DECIMAL, .precision = 38, .scale = 10}, "decimal(38,10)"},
        {{.kind = TYPE_DATE}, "date"},
        {{.kind = TYPE_DATETIME, .scale = 6}, "datetime"},
        {{.kind = TYPE_INSTANT}, "instant"},
        {{.kind = TYPE_TEXT}, "text"},
        {{.kind = TYPE_BYTES}, "bytes"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(buf_done) Buf text = {0};
        type_describe(CASES[i].type, &text);
        assert_string_equal(buf_text(&text), CASES[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal__fractional_digits_of_times_do_not_count),
        cmocka_unit_test(equal__decimals_by_precision_and_scale),
        cmocka_unit_test(describe__names_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Schema: fields own their strings.
#include "base/base.h"

#include "unit.h"

#include "record/schema.h"

static void add__copies_the_name(void **state)
{
    (void)state;
    CLEANUP(schema_done) Schema schema = {0};
    char name[] = "id";
    Field *field = schema_add(&schema, name, (Type){.kind = TYPE_INT64}, /* nullable= */ false);
    name[0] = 'x';
    assert_string_equal(field->name, "id");
    assert_int_equal(field->type.kind, TYPE_INT64);
    assert_false(field->nullable);
    assert_null(field->source_type);
    assert_int_equal(schema.count, 1);
}

static void find__without_regard_to_case(void **state)
{
    (void)state;
    CLEANUP(schema_done) Schema schema = {0};
    for (int i = 0; i < 1000; i++) {
        CLEANUP(mem_free_text) char *name = mem_format("column_%d", i);
        (void)schema_add(&schema, name, (Type){.kind = TYPE_TEXT}, /* nullable= */ true);
    }
    assert_int_equal(schema_find(&schema, "COLUMN_999"), 999);
    assert_int_equal(schema_find(&schema, "column_0"), 0);
    assert_true(schema_find(&schema, "column_1000") == SIZE_MAX);
    assert_true(schema_find(&schema, "") == SIZE_MAX);
}

static void copy__is_independent(void **state)
{
    (void)state;
    Schema from = {0};
    Field *field =
        schema_add(&from, "qty", (Type){.kind = TYPE_DECIMAL, .precision = 9, .scale = 3}, true);
    field->source_type = mem_copy_text("decimal(9,3)");
    field->comment = mem_copy_text("how many");
    (void)schema_add(&from, "note", (Type){.kind = TYPE_TEXT}, false);
    CLEANUP(schema_done) Schema copy = {0};
    schema_copy(&from, &copy);
    schema_done(&from);
    assert_int_equal(from.count, 0);
    assert_int_equal(copy.count, 2);
    assert_string_equal(copy.fields[0].name, "qty");
    assert_string_equal(copy.fields[0].source_type, "decimal(9,3)");
    assert_string_equal(copy.fields[0].comment, "how many");
    assert_int_equal(copy.fields[0].type.scale, 3);
    assert_true(copy.fields[0].nullable);
    assert_string_equal(copy.fields[1].name, "note");
    assert_null(copy.fields[1].comment);
    assert_false(copy.fields[1].nullable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add__copies_the_name),
        cmocka_unit_test(find__without_regard_to_case),
        cmocka_unit_test(copy__is_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

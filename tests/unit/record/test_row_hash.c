// The hash of rows: what must be alike, and what must not.
#include "base/base.h"

#include "unit.h"

#include "record/row_hash.h"

#define COLUMNS 4

static const size_t all[COLUMNS] = {0, 1, 2, 3};
static const size_t key[1] = {0};

static Value number(int64_t i64)
{
    return (Value){.state = VALUE_SET, .i64 = i64};
}

static Value text(const char *bytes)
{
    return (Value){.state = VALUE_SET, .bytes = bytes, .len = strlen(bytes)};
}

static Value null(void)
{
    return (Value){.state = VALUE_NULL};
}

// id, two texts and a float.
static RowHasher *hasher_new(size_t key_count)
{
    Schema schema = {0};
    (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT32}, false);
    (void)schema_add(&schema, "a", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "b", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "f", (Type){.kind = TYPE_FLOAT64}, true);
    RowHasher *hasher = row_hasher_new(&schema, all, COLUMNS, key, key_count);
    schema_done(&schema);
    return hasher;
}

static void assert_same_row(RowHash a, RowHash b, bool is_same)
{
    assert_int_equal(a.row[0] == b.row[0] && a.row[1] == b.row[1], is_same);
}

static RowHash hash_of(Value id, Value a, Value b, Value f)
{
    RowHasher *hasher = hasher_new(1);
    const Value row[COLUMNS] = {id, a, b, f};
    const RowHash hash = row_hasher_row(hasher, row);
    row_hasher_free(hasher);
    return hash;
}

static void row__depends_on_every_cell_and_its_place(void **state)
{
    (void)state;
    const Value one = {.state = VALUE_SET, .f64 = 1.5};
    const RowHash row = hash_of(number(1), text("ab"), text("c"), one);
    assert_same_row(row, hash_of(number(1), text("ab"), text("c"), one), true);
    assert_same_row(row, hash_of(number(2), text("ab"), text("c"), one), false);
    assert_same_row(row, hash_of(number(1), text("c"), text("ab"), one), false);
    assert_same_row(row, hash_of(number(1), text("a"), text("bc"), one), false);
    assert_same_row(row, hash_of(number(1), text("abc"), text(""), one), false);
    assert_same_row(row, hash_of(number(1), text("ab"), text("c"), null()), false);
    assert_same_row(hash_of(number(1), null(), text("x"), one),
                    hash_of(number(1), text("x"), null(), one), false);
    assert_same_row(hash_of(number(1), null(), text(""), one),
                    hash_of(number(1), text(""), text(""), one), false);
    assert_same_row(hash_of(null(), text(""), text(""), one),
                    hash_of(number(0), text(""), text(""), one), false);
}

static void row__sees_bytes_behind_nul_and_bits_of_floats(void **state)
{
    (void)state;
    const Value a = {.state = VALUE_SET, .bytes = "x\0y", .len = 3};
    const Value b = {.state = VALUE_SET, .bytes = "x\0z", .len = 3};
    const Value zero = {.state = VALUE_SET, .f64 = 0.0};
    const Value minus = {.state = VALUE_SET, .f64 = -0.0};
    assert_same_row(hash_of(number(1), a, text(""), zero), hash_of(number(1), b, text(""), zero),
                    false);
    assert_same_row(hash_of(number(1), a, text(""), zero), hash_of(number(1), a, text(""), minus),
                    false);
}

// A text that holds what stands between two cells is still one text.
static void row__cells_have_borders(void **state)
{
    (void)state;
    const char set = VALUE_SET;
    const char within[] = {'p', set, 'q'};
    const char behind[] = {'q', set};
    const Value a = {.state = VALUE_SET, .bytes = within, .len = sizeof(within)};
    const Value b = {.state = VALUE_SET, .bytes = behind, .len = sizeof(behind)};
    assert_same_row(hash_of(number(1), a, text(""), null()),
                    hash_of(number(1), text("p"), b, null()), false);
}

static void row__dirty_is_no_value(void **state)
{
    (void)state;
    const Value zero = {.state = VALUE_SET, .f64 = 0.0};
    const Value dirty = {.state = VALUE_DIRTY, .bytes = "", .len = 0};
    assert_same_row(hash_of(number(1), dirty, text(""), zero),
                    hash_of(number(1), text(""), text(""), zero), false);
    assert_same_row(hash_of(number(1), dirty, text(""), zero),
                    hash_of(number(1), null(), text(""), zero), false);
}

static void key__is_of_the_key_alone(void **state)
{
    (void)state;
    const Value one = {.state = VALUE_SET, .f64 = 1};
    const RowHash a = hash_of(number(7), text("a"), null(), one);
    const RowHash b = hash_of(number(7), text("b"), text("c"), null());
    const RowHash c = hash_of(number(8), text("a"), null(), one);
    assert_true(a.key == b.key);
    assert_false(a.key == c.key);
    assert_same_row(a, b, false);
}

static void key__of_several_columns(void **state)
{
    (void)state;
    Schema schema = {0};
    (void)schema_add(&schema, "v", (Type){.kind = TYPE_INT32}, true);
    (void)schema_add(&schema, "a", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "b", (Type){.kind = TYPE_TEXT}, true);
    const size_t columns[] = {0, 1, 2};
    const size_t both[] = {2, 1};
    RowHasher *hasher = row_hasher_new(&schema, columns, 3, both, 2);
    schema_done(&schema);
    const Value row[] = {number(1), text("x"), text("y")};
    const Value other_value[] = {number(2), text("x"), text("y")};
    const Value other_a[] = {number(1), text("z"), text("y")};
    const Value other_b[] = {number(1), text("x"), text("z")};
    const Value swapped[] = {number(1), text("y"), text("x")};
    const uint64_t hash = row_hasher_row(hasher, row).key;
    assert_true(row_hasher_row(hasher, other_value).key == hash);
    assert_false(row_hasher_row(hasher, other_a).key == hash);
    assert_false(row_hasher_row(hasher, other_b).key == hash);
    assert_false(row_hasher_row(hasher, swapped).key == hash);
    row_hasher_free(hasher);
}

static void key__is_the_row_where_there_is_none(void **state)
{
    (void)state;
    RowHasher *hasher = hasher_new(0);
    const Value a[COLUMNS] = {number(1), text("a"), null(), null()};
    const Value b[COLUMNS] = {number(1), text("b"), null(), null()};
    const RowHash x = row_hasher_row(hasher, a);
    const RowHash y = row_hasher_row(hasher, b);
    assert_false(x.key == y.key);
    assert_true(x.key == row_hasher_row(hasher, a).key);
    row_hasher_free(hasher);
}

static RowHash hash_as(TypeKind kind, uint8_t precision, Value value)
{
    Schema schema = {0};
    const size_t columns[1] = {0};
    (void)schema_add(&schema, "v", (Type){.kind = kind, .precision = precision}, true);
    RowHasher *hasher = row_hasher_new(&schema, columns, 1, NULL, 0);
    schema_done(&schema);
    const RowHash hash = row_hasher_row(hasher, &value);
    row_hasher_free(hasher);
    return hash;
}

static void types__of_one_kind_are_alike(void **state)
{
    (void)state;
    assert_same_row(hash_as(TYPE_INT8, 0, number(-1)), hash_as(TYPE_INT64, 0, number(-1)), true);
    const Value top = {.state = VALUE_SET, .u64 = UINT64_MAX};
    const Value wide = {.state = VALUE_SET, .i128 = (__int128)UINT64_MAX};
    const Value minus = {.state = VALUE_SET, .i128 = -1};
    assert_same_row(hash_as(TYPE_UINT64, 0, top), hash_as(TYPE_DECIMAL, 20, wide), true);
    assert_same_row(hash_as(TYPE_UINT64, 0, top), hash_as(TYPE_DECIMAL, 20, minus), false);
    const Value quarter = {.state = VALUE_SET, .f64 = 0.25};
    assert_same_row(hash_as(TYPE_FLOAT32, 0, quarter), hash_as(TYPE_FLOAT64, 0, quarter), true);
    assert_same_row(hash_as(TYPE_TEXT, 0, text("a")), hash_as(TYPE_BYTES, 0, text("a")), true);

    const Type decimal = {.kind = TYPE_DECIMAL, .precision = 20};
    const Type scaled = {.kind = TYPE_DECIMAL, .precision = 20, .scale = 2};
    assert_true(row_hash_compares((Type){.kind = TYPE_UINT64}, decimal));
    assert_true(row_hash_compares((Type){.kind = TYPE_INT8}, (Type){.kind = TYPE_INT64}));
    assert_false(row_hash_compares(decimal, scaled));
    assert_false(row_hash_compares((Type){.kind = TYPE_UINT64}, scaled));
    assert_false(row_hash_compares((Type){.kind = TYPE_INT64}, decimal));
    assert_false(row_hash_compares((Type){.kind = TYPE_INT64}, (Type){.kind = TYPE_TEXT}));
}

static void columns__in_another_place_hash_alike(void **state)
{
    (void)state;
    Schema schema = {0};
    (void)schema_add(&schema, "b", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "unused", (Type){.kind = TYPE_INT32}, true);
    (void)schema_add(&schema, "f", (Type){.kind = TYPE_FLOAT64}, true);
    (void)schema_add(&schema, "a", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
    const size_t columns[COLUMNS] = {4, 3, 0, 2};
    RowHasher *hasher = row_hasher_new(&schema, columns, COLUMNS, key, 1);
    schema_done(&schema);
    const Value one = {.state = VALUE_SET, .f64 = 1};
    const Value row[] = {text("b"), number(99), one, text("a"), number(5)};
    const RowHash moved = row_hasher_row(hasher, row);
    const RowHash plain = hash_of(number(5), text("a"), text("b"), one);
    assert_true(row_hash_equal(&moved, &plain));
    row_hasher_free(hasher);
}

static void row__of_a_long_text(void **state)
{
    (void)state;
    const size_t size = (size_t)1 << 20;
    char *a = mem_alloc(size);
    char *b = mem_alloc(size);
    b[size - 1] = 1;
    const Value x = {.state = VALUE_SET, .bytes = a, .len = size};
    const Value y = {.state = VALUE_SET, .bytes = b, .len = size};
    assert_same_row(hash_of(number(1), x, x, null()), hash_of(number(1), x, y, null()), false);
    assert_same_row(hash_of(number(1), y, x, null()), hash_of(number(1), x, y, null()), false);
    free(a);
    free(b);
}

static void cell__is_of_one_column(void **state)
{
    (void)state;
    RowHasher *hasher = hasher_new(1);
    const Value a[COLUMNS] = {number(1), text("same"), null(), null()};
    const Value b[COLUMNS] = {number(2), text("same"), text(""), null()};
    assert_true(row_hasher_cell(hasher, a, 1) == row_hasher_cell(hasher, b, 1));
    assert_true(row_hasher_cell(hasher, a, 3) == row_hasher_cell(hasher, b, 3));
    assert_false(row_hasher_cell(hasher, a, 0) == row_hasher_cell(hasher, b, 0));
    assert_false(row_hasher_cell(hasher, a, 2) == row_hasher_cell(hasher, b, 2));
    row_hasher_free(hasher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row__depends_on_every_cell_and_its_place),
        cmocka_unit_test(row__sees_bytes_behind_nul_and_bits_of_floats),
        cmocka_unit_test(row__cells_have_borders),
        cmocka_unit_test(row__dirty_is_no_value),
        cmocka_unit_test(key__is_of_the_key_alone),
        cmocka_unit_test(key__of_several_columns),
        cmocka_unit_test(key__is_the_row_where_there_is_none),
        cmocka_unit_test(types__of_one_kind_are_alike),
        cmocka_unit_test(columns__in_another_place_hash_alike),
        cmocka_unit_test(row__of_a_long_text),
        cmocka_unit_test(cell__is_of_one_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Slices that leave the process and come back: the same statement, and nothing but values inside.
#include "base/base.h"

#include "unit.h"

#include "source/mysql/slices.h"

// A table shop.t with a key (id, name) and another index of one column that takes NULL.
typedef struct Table {
    SourceSpec spec;
    Server server;
    ColumnInfo infos[3];
    size_t key[2], other[1];
    IndexInfo indexes[2];
    Relation relation;
} Table;

static char text_id[] = "id", text_name[] = "name", text_at[] = "at", text_shop[] = "shop.t";
static char text_bigint[] = "bigint", text_bigint_type[] = "bigint(20)", text_varchar[] = "varchar";
static char text_varchar_type[] = "varchar(30)", text_utf8mb4[] = "utf8mb4";
static char text_collation[] = "utf8mb4_bin", text_datetime[] = "datetime";
static char text_primary[] = "PRIMARY", text_at_index[] = "at_index";

static void table_make(Table *table)
{
    *table = (Table){.key = {0, 1}, .other = {2}};
    table->infos[0] =
        (ColumnInfo){.name = text_id, .data_type = text_bigint, .column_type = text_bigint_type};
    table->infos[1] = (ColumnInfo){.name = text_name,
                                   .data_type = text_varchar,
                                   .column_type = text_varchar_type,
                                   .charset = text_utf8mb4,
                                   .collation = text_collation};
    table->infos[2] = (ColumnInfo){.name = text_at,
                                   .data_type = text_datetime,
                                   .column_type = text_datetime,
                                   .is_nullable = true};
    table->indexes[0] = (IndexInfo){
        .name = text_primary, .is_usable = true, .columns = table->key, .column_count = 2};
    table->indexes[1] = (IndexInfo){
        .name = text_at_index, .is_usable = true, .columns = table->other, .column_count = 1};
    table->relation = (Relation){.server = &table->server,
                                 .spec = &table->spec,
                                 .name = text_shop,
                                 .is_base_table = true,
                                 .infos = table->infos,
                                 .info_count = 3,
                                 .indexes = table->indexes,
                                 .index_count = 2};
}

static bool take(Table *table, const char *text, SliceList *list, Err *err)
{
    return slices_take(text, &table->spec, &table->relation, 1, list, err);
}

#define READ(bounds) "{\"source\":0,\"table\":\"shop.t\",\"index\":\"PRIMARY\"," bounds "}"
#define ID "\"columns\":[\"id bigint(20)\"],"
#define BOTH "\"columns\":[\"id bigint(20)\",\"name varchar(30) utf8mb4_bin\"],"

static void take__makes_the_statement_anew(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *predicate;
    } cases[] = {
        {"{\"source\":0,\"table\":\"shop.t\"}", ""},
        {READ(ID "\"low\":[],\"high\":[\"-5\"]"), "`id` < -5"},
        {READ(ID "\"low\":[\"12\"],\"high\":[\"40\"]"), "`id` >= 12 AND `id` < 40"},
        {READ(BOTH "\"low\":[\"12\",\"6b27\"],\"high\":[]"),
         "`id` >= 12 AND (`id` > 12 OR (`id` = 12 AND `name` >= _utf8mb4 x'6b27' COLLATE "
         "utf8mb4_bin))"},
        {"{\"source\":0,\"table\":\"shop.t\",\"index\":\"at_index\",\"columns\":[\"at datetime\"],"
         "\"low\":[],\"high\":[\"2016-11-14 00:00:00.500000\"]}",
         "(`at` < '2016-11-14 00:00:00.500000' OR `at` IS NULL)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Table table;
        table_make(&table);
        Err err = {0};
        SliceList list = {0};
        ASSERT_OK(take(&table, cases[i].text, &list, &err), err);
        assert_string_equal(list.items[0].predicate, cases[i].predicate);
        assert_null(list.items[0].index);
        // And out and in again: the same slice.
        CLEANUP(buf_done) Buf out = {0};
        JsonWriter json = emit_writer(&out);
        slices_write(&list.items[0], &table.spec, &json);
        ASSERT_OK(take(&table, buf_text(&out), &list, &err), err);
        assert_string_equal(list.items[1].predicate, cases[i].predicate);
        slice_list_done(&list);
    }
}

static void take__refuses_what_is_no_value(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "[]",
        "{}",
        "{\"source\":1,\"table\":\"shop.t\"}",
        "{\"source\":0,\"table\":\"mysql.user\"}",
        READ(ID "\"low\":[\"1 OR 1\"],\"high\":[]"),
        READ(ID "\"low\":[\"01\"],\"high\":[]"),
        READ(ID "\"low\":[\"1.5\"],\"high\":[]"),
        READ(ID "\"low\":[1],\"high\":[]"),
        READ(ID "\"low\":[\"1\"]"),
        READ(ID "\"low\":{},\"high\":[]"),
        READ("\"columns\":[\"id int(11)\"],\"low\":[\"1\"],\"high\":[]"),
        READ("\"low\":[\"1\"],\"high\":[]"),
        READ(BOTH "\"low\":[\"1\",\"6B\"],\"high\":[]"),
        READ(BOTH "\"low\":[\"1\",\"6\"],\"high\":[]"),
        READ(BOTH "\"low\":[\"1\",\"x'6b'\"],\"high\":[]"),
        READ(BOTH "\"low\":[\"1\",\"6b\",\"1\"],\"high\":[]"),
        "{\"source\":0,\"table\":\"shop.t\",\"index\":\"none\",\"columns\":[],\"low\":[],\"high\":[]}",
        "{\"source\":0,\"table\":\"shop.t\",\"index\":\"at_index\",\"columns\":[\"at datetime\"],"
        "\"low\":[\"2016-11-14\"],\"high\":[]}",
        "{\"source\":0,\"table\":\"shop.t\",\"index\":\"at_index\",\"columns\":[\"at datetime\"],"
        "\"low\":[\"2016-11-14 00:00:00' OR '\"],\"high\":[]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Table table;
        table_make(&table);
        Err err = {0};
        SliceList list = {0};
        ASSERT_FAIL(take(&table, cases[i], &list, &err), err, FAIL_CONFIG, "slice");
        assert_int_equal(list.count, 0);
        slice_list_done(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__makes_the_statement_anew),
        cmocka_unit_test(take__refuses_what_is_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

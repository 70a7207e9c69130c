// The fast scanner of add and remove: it must take what writers write, and agree with jansson on
// all it takes.
#include "base/base.h"

#include "unit.h"

#include <jansson.h>

#include "base/text.h"
#include "lake/delta_internal.h"

static const char *const taken[] = {
    "{\"add\":{\"path\":\"ds=1/a.parquet\",\"partitionValues\":{\"ds\":\"1\",\"r\":null},\"size\":12,\"modificationTime\":34,"
    "\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":1,\\\"minValues\\\":{\\\"a\\\":\\\"\\\\u0001\\\\n\\\"}}\"}}",
    "{\"add\":{\"path\":\"东\",\"partitionValues\":{},\"size\":0,\"stats\":null,\"tags\":null,\"deletionVector\":null,"
    "\"baseRowId\":null,\"defaultRowCommitVersion\":null,\"clusteringProvider\":null,\"modificationTime\":9223372036854775807}}",
    "{\"remove\":{\"path\":\"a\\\\b\\/c\\t\",\"deletionTimestamp\":5,\"dataChange\":false,\"extendedFileMetadata\":true,"
    "\"partitionValues\":{\"ds\":\"\"},\"size\":7}}",
    "{\"remove\":{\"path\":\"x\"}}",
    "{\"add\":{ \"path\" : \"x\" , \"size\" : 5 } }\r",
    "{\"add\":{\"path\":\"x\",\"partitionValues\":{ \"a\" : null , \"b\" : \"c\" },\"size\":5}}",
};

// Left to jansson, for good or ill.
static const char *const passed_on[] = {
    "",
    "{",
    "{\"add\":",
    "{\"add\":{}}",
    "{\"add\":null}",
    "{\"commitInfo\":{}}",
    " {\"add\":{\"path\":\"x\",\"size\":1}}",
    "{\"add\":{\"path\":\"x\"}}",
    "{\"add\":{\"path\":\"\",\"size\":1}}",
    "{\"add\":{\"size\":1}}",
    "{\"add\":{\"path\":\"x\",\"size\":01}}",
    "{\"add\":{\"path\":\"x\",\"size\":-1}}",
    "{\"add\":{\"path\":\"x\",\"size\":1.5}}",
    "{\"add\":{\"path\":\"x\",\"size\":1e3}}",
    "{\"add\":{\"path\":\"x\",\"size\":99999999999999999999}}",
    "{\"add\":{\"path\":\"x\",\"size\":1}} x",
    "{\"add\":{\"path\":\"x\",\"size\":1},\"remove\":{\"path\":\"x\"}}",
    "{\"add\":{\"path\":\"x\",\"size\":1,}}",
    "{\"add\":{\"path\":\"x\" \"size\":1}}",
    "{\"add\":{\"path\":\"x,\"size\":1}}",
    "{\"add\":{\"path\":\"\\u0041\",\"size\":1}}",
    "{\"add\":{\"path\":\"\\x\",\"size\":1}}",
    "{\"add\":{\"path\":\"a\tb\",\"size\":1}}",
    "{\"add\":{\"path\":\"\xff\",\"size\":1}}",
    "{\"add\":{\"path\":\"x\",\"size\":1,\"new\":2}}",
    "{\"add\":{\"path\":\"x\",\"size\":1,\"tags\":{\"a\":\"b\"}}}",
    "{\"add\":{\"path\":\"x\",\"path\":\"y\",\"size\":1}}",
    "{\"add\":{\"path\":\"x\",\"size\":1,\"deletionVector\":{\"storageType\":\"u\"}}}",
    "{\"add\":{\"path\":\"x\",\"size\":1,\"partitionValues\":{\"a\":1}}}",
    "{\"add\":{\"path\":\"x\",\"size\":1,\"partitionValues\":null}}",
};

static void scan__agrees_with_jansson(void **state)
{
    (void)state;
    CLEANUP(delta_scan_done) DeltaScan scan = {0};
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        if (!delta_scan_line(&scan, taken[i], strlen(taken[i]))) {
            fail_msg("not taken: %s", taken[i]);
        }
        json_t *json = json_loads(taken[i], JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        const json_t *action = json_object_get(json, scan.action.is_add ? "add" : "remove");
        assert_non_null(action);
        assert_string_equal(scan.action.path, json_string_value(json_object_get(action, "path")));
        const json_t *size = json_object_get(action, "size");
        assert_int_equal(scan.action.size, size == NULL ? -1 : json_integer_value(size));
        assert_int_equal(scan.action.modified_ms,
                         json_integer_value(json_object_get(action, "modificationTime")));
        assert_int_equal(scan.action.deleted_ms,
                         json_integer_value(json_object_get(action, "deletionTimestamp")));
        assert_true(
            text_equal(scan.action.stats, json_string_value(json_object_get(action, "stats"))));
        CLEANUP(buf_done) Buf values = {0};
        delta_values_pack(json_object_get(action, "partitionValues"), &values);
        assert_int_equal(scan.action.values_len, values.len);
        if (values.len > 0) {
            assert_memory_equal(scan.action.values, values.data, values.len);
        }
        json_decref(json);
    }
}

static void scan__passes_on_what_is_not_simple(void **state)
{
    (void)state;
    CLEANUP(delta_scan_done) DeltaScan scan = {0};
    for (size_t i = 0; i < ARRAY_LEN(passed_on); i++) {
        if (delta_scan_line(&scan, passed_on[i], strlen(passed_on[i]))) {
            fail_msg("taken: %s", passed_on[i]);
        }
    }
    // Every cut of a good line is no good line.
    for (size_t len = 0; len < strlen(taken[0]); len++) {
        assert_false(delta_scan_line(&scan, taken[0], len));
    }
    static const char with_nul[] = "{\"add\":{\"path\":\"a\0b\",\"size\":1}}";
    assert_false(delta_scan_line(&scan, with_nul, sizeof(with_nul) - 1));
}

static void values__empty_text_is_null(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf packed = {0};
    static const char json[] = "{\"a\":\"\",\"b\":null,\"c\":\"x\"}";
    assert_true(delta_scan_object(json, strlen(json), &packed));
    const char *name = NULL;
    const char *value = NULL;
    size_t at = 0;
    assert_true(delta_values_next(packed.data, packed.len, &at, &name, &value));
    assert_string_equal(name, "a");
    assert_null(value);
    assert_true(delta_values_next(packed.data, packed.len, &at, &name, &value));
    assert_null(value);
    assert_true(delta_values_next(packed.data, packed.len, &at, &name, &value));
    assert_string_equal(value, "x");
    assert_false(delta_values_next(packed.data, packed.len, &at, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__agrees_with_jansson),
        cmocka_unit_test(scan__passes_on_what_is_not_simple),
        cmocka_unit_test(values__empty_text_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

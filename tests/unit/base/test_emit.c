// The JSON writer's text, read back by jansson where that says more than a comparison.
#include "base/emit.h"

#include <jansson.h>

#include "unit.h"

static void json__nesting_and_commas(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    JsonWriter json = emit_writer(&out);
    emit_begin_object(&json);
    emit_member_text(&json, "a", "x");
    emit_key(&json, "b");
    emit_begin_array(&json);
    emit_int(&json, -1);
    emit_uint(&json, UINT64_MAX);
    emit_null(&json);
    emit_begin_object(&json);
    emit_end_object(&json);
    emit_end_array(&json);
    emit_member_bool(&json, "c", false);
    emit_key(&json, "d");
    emit_fixed(&json, 1.25, 3);
    emit_end_object(&json);
    assert_string_equal(
        buf_text(&out),
        "{\"a\":\"x\",\"b\":[-1,18446744073709551615,null,{}],\"c\":false,\"d\":1.250}");
}

static void json__escapes_come_back(void **state)
{
    (void)state;
    char every[0x80 + 4];
    size_t len = 0;
    for (int c = 1; c < 0x80; c++) {
        every[len++] = (char)c;
    }
    memcpy(every + len, "\xF0\x9F\x98\x80", 4);  // U+1F600
    len += 4;
    CLEANUP(buf_done) Buf out = {0};
    JsonWriter json = emit_writer(&out);
    emit_text_bytes(&json, every, len);
    json_t *value = json_loads(buf_text(&out), JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    assert_int_equal(json_string_length(value), len);
    assert_memory_equal(json_string_value(value), every, len);
    json_decref(value);
}

static void json__nul_is_kept(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    JsonWriter json = emit_writer(&out);
    emit_text_bytes(&json, "a\0b", 3);
    assert_string_equal(buf_text(&out), "\"a\\u0000b\"");
}

static void json__bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    JsonWriter json = emit_writer(&out);
    emit_text_bytes(&json, "\xC3\xA9\xFFz\xE4", 5);
    assert_string_equal(buf_text(&out), "\"\xC3\xA9\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

static void json__base64_of_rfc_4648(void **state)
{
    (void)state;
    // RFC 4648 section 10.
    static const char *const vectors[][2] = {
        {"", "\"\""},        {"f", "\"Zg==\""},        {"fo", "\"Zm8=\""},
        {"foo", "\"Zm9v\""}, {"foob", "\"Zm9vYg==\""}, {"foobar", "\"Zm9vYmFy\""}};
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        CLEANUP(buf_done) Buf out = {0};
        JsonWriter json = emit_writer(&out);
        emit_base64(&json, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(buf_text(&out), vectors[i][1]);
    }
}

static void json__doubles_that_json_cannot_say_are_null(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    JsonWriter json = emit_writer(&out);
    emit_begin_array(&json);
    emit_double(&json, 0.1);
    emit_double(&json, __builtin_inf());
    emit_double(&json, __builtin_nan(""));
    emit_end_array(&json);
    assert_string_equal(buf_text(&out), "[0.1,null,null]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__nesting_and_commas),
        cmocka_unit_test(json__escapes_come_back),
        cmocka_unit_test(json__nul_is_kept),
        cmocka_unit_test(json__bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(json__base64_of_rfc_4648),
        cmocka_unit_test(json__doubles_that_json_cannot_say_are_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The compact protocol's bytes, put together by hand from its specification.
#include "base/base.h"

#include "unit.h"

#include "lake/thrift.h"

static void assert_bytes(const Buf *buf, const char *expected, size_t len)
{
    assert_int_equal(buf->len, len);
    assert_memory_equal(buf->data, expected, len);
}

#define ASSERT_BYTES(buf, literal) assert_bytes(buf, literal, sizeof(literal) - 1)

static void numbers__are_zigzag_varints(void **state)
{
    (void)state;
    const struct {
        int64_t value;
        const char *bytes;
        size_t len;
    } table[] = {
        {0, "\x16\x00\x00", 3},
        {-1, "\x16\x01\x00", 3},
        {1, "\x16\x02\x00", 3},
        {-64, "\x16\x7F\x00", 3},
        {64, "\x16\x80\x01\x00", 4},
        {INT32_MAX, "\x16\xFE\xFF\xFF\xFF\x0F\x00", 7},
        {INT64_MAX, "\x16\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x00", 12},
        {INT64_MIN, "\x16\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x00", 12},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        CLEANUP(buf_done) Buf out = {0};
        Thrift thrift = thrift_writer(&out);
        thrift_i64(&thrift, 1, table[i].value);
        thrift_end(&thrift);
        assert_bytes(&out, table[i].bytes, table[i].len);
    }
}

static void fields__of_every_type(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    Thrift thrift = thrift_writer(&out);
    thrift_bool(&thrift, 1, true);
    thrift_bool(&thrift, 2, false);
    thrift_byte(&thrift, 3, -2);
    thrift_i16(&thrift, 5, INT16_MIN);
    thrift_i32(&thrift, 6, INT32_MIN);
    thrift_binary(&thrift, 7, "a\0b", 3);
    thrift_text(&thrift, 8, "");
    thrift_end(&thrift);
    ASSERT_BYTES(&out, "\x11"
                       "\x12"
                       "\x13\xFE"
                       "\x24\xFF\xFF\x03"
                       "\x15\xFF\xFF\xFF\xFF\x0F"
                       "\x18\x03"
                       "a\0b"
                       "\x18\x00"
                       "\x00");
}

// A step of 15 fits the header's four bits; one of 16 does not, and the id follows whole.
static void ids__that_are_far_apart(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    Thrift thrift = thrift_writer(&out);
    thrift_bool(&thrift, 15, true);
    thrift_bool(&thrift, 31, true);
    thrift_i32(&thrift, 300, 1);
    thrift_bool(&thrift, 301, true);
    thrift_end(&thrift);
    ASSERT_BYTES(&out, "\xF1"
                       "\x01\x3E"
                       "\x05\xD8\x04\x02"
                       "\x11"
                       "\x00");
}

// A struct counts its ids from 0, and the outer one goes on where it was.
static void structs__inside_structs(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    Thrift thrift = thrift_writer(&out);
    thrift_begin(&thrift, 10);
    thrift_begin(&thrift, 2);
    thrift_bool(&thrift, 1, true);
    thrift_end(&thrift);
    thrift_bool(&thrift, 3, false);
    thrift_end(&thrift);
    thrift_bool(&thrift, 11, true);
    thrift_end(&thrift);
    ASSERT_BYTES(&out, "\xAC"
                       "\x2C"
                       "\x11"
                       "\x00"
                       "\x12"
                       "\x00"
                       "\x11"
                       "\x00");
}

static void lists__short_and_long(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    Thrift thrift = thrift_writer(&out);
    thrift_list(&thrift, 1, THRIFT_STRUCT, 0);
    thrift_list(&thrift, 2, THRIFT_I32, 14);
    for (int i = 0; i < 14; i++) {
        thrift_item_i32(&thrift, i);
    }
    thrift_list(&thrift, 3, THRIFT_BINARY, 15);
    for (int i = 0; i < 15; i++) {
        thrift_item_text(&thrift, "x");
    }
    thrift_list(&thrift, 4, THRIFT_STRUCT, 2);
    for (int i = 0; i < 2; i++) {
        thrift_item_begin(&thrift);
        thrift_bool(&thrift, 1, true);
        thrift_end(&thrift);
    }
    thrift_end(&thrift);
    ASSERT_BYTES(
        &out,
        "\x19\x0C"
        "\x19\xE5\x00\x02\x04\x06\x08\x0A\x0C\x0E\x10\x12\x14\x16\x18\x1A"
        "\x19\xF8\x0F\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x\x01x"
        "\x19\x2C\x11\x00\x11\x00"
        "\x00");
    CLEANUP(buf_done) Buf many = {0};
    thrift = thrift_writer(&many);
    thrift_list(&thrift, 1, THRIFT_STRUCT, 32767);
    ASSERT_BYTES(&many, "\x19\xFC\xFF\xFF\x01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers__are_zigzag_varints), cmocka_unit_test(fields__of_every_type),
        cmocka_unit_test(ids__that_are_far_apart),     cmocka_unit_test(structs__inside_structs),
        cmocka_unit_test(lists__short_and_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

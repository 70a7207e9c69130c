// Varints, zigzag and field headers that hold the step from the last id: that is all of the
// protocol that a writer of Parquet needs.
#include "base/base.h"

#include "lake/thrift.h"

#include "lake/varint.h"

static void thrift_field(Thrift *thrift, int id, int type)
{
    int *last_id = &thrift->last_id[thrift->depth];
    assert(id > *last_id);
    if (id - *last_id <= 15) {
        buf_add_char(thrift->out, (char)((id - *last_id) << 4 | type));
    } else {
        buf_add_char(thrift->out, (char)type);
        varint_add_zigzag(thrift->out, id);
    }
    *last_id = id;
}

static void thrift_open(Thrift *thrift)
{
    thrift->depth++;
    assert(thrift->depth < THRIFT_DEPTH_MAX);
    thrift->last_id[thrift->depth] = 0;
}

Thrift thrift_writer(Buf *out)
{
    return (Thrift){.out = out};
}

void thrift_end(Thrift *thrift)
{
    buf_add_char(thrift->out, '\0');
    thrift->depth--;
}

void thrift_i16(Thrift *thrift, int id, int16_t value)
{
    thrift_field(thrift, id, THRIFT_I16);
    varint_add_zigzag(thrift->out, value);
}

void thrift_i32(Thrift *thrift, int id, int32_t value)
{
    thrift_field(thrift, id, THRIFT_I32);
    varint_add_zigzag(thrift->out, value);
}

void thrift_i64(Thrift *thrift, int id, int64_t value)
{
    thrift_field(thrift, id, THRIFT_I64);
    varint_add_zigzag(thrift->out, value);
}

void thrift_byte(Thrift *thrift, int id, int8_t value)
{
    thrift_field(thrift, id, THRIFT_BYTE);
    buf_add_char(thrift->out, value);
}

void thrift_bool(Thrift *thrift, int id, bool value)
{
    thrift_field(thrift, id, value ? 1 : 2);
}

void thrift_binary(Thrift *thrift, int id, const void *bytes, size_t len)
{
    thrift_field(thrift, id, THRIFT_BINARY);
    varint_add(thrift->out, len);
    buf_add_bytes(thrift->out, bytes, len);
}

void thrift_text(Thrift *thrift, int id, const char *text)
{
    thrift_binary(thrift, id, text, strlen(text));
}

void thrift_begin(Thrift *thrift, int id)
{
    thrift_field(thrift, id, THRIFT_STRUCT);
    thrift_open(thrift);
}

void thrift_list(Thrift *thrift, int id, ThriftType type, size_t count)
{
    thrift_field(thrift, id, THRIFT_LIST);
    if (count < 15) {
        buf_add_char(thrift->out, (char)(count << 4 | type));
    } else {
        buf_add_char(thrift->out, (char)(0xF0 | type));
        varint_add(thrift->out, count);
    }
}

void thrift_item_begin(Thrift *thrift)
{
    thrift_open(thrift);
}

void thrift_item_i32(Thrift *thrift, int32_t value)
{
    varint_add_zigzag(thrift->out, value);
}

void thrift_item_text(Thrift *thrift, const char *text)
{
    varint_add(thrift->out, strlen(text));
    buf_add_text(thrift->out, text);
}

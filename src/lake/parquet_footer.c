// FileMetaData, field by field; the numbers are the field ids and enums of parquet.thrift.
#include "base/base.h"

#include "lake/parquet_footer.h"

#include "base/text.h"
#include "lake/thrift.h"

#define CODEC_ZSTD 6

typedef enum ConvertedType {
    CONVERTED_UTF8 = 0,
    CONVERTED_DECIMAL = 5,
    CONVERTED_DATE = 6,
    CONVERTED_TIMESTAMP_MICROS = 10,
    CONVERTED_INT_8 = 15,
    CONVERTED_INT_16 = 16,
} ConvertedType;

static void footer_integer(Thrift *thrift, int8_t bits, ConvertedType converted)
{
    thrift_i32(thrift, 6, (int32_t)converted);
    thrift_begin(thrift, 10);
    thrift_begin(thrift, 10);  // INTEGER
    thrift_byte(thrift, 1, bits);
    thrift_bool(thrift, 2, true);
    thrift_end(thrift);
    thrift_end(thrift);
}

static void footer_decimal(Thrift *thrift, int precision, int scale)
{
    thrift_i32(thrift, 6, CONVERTED_DECIMAL);
    thrift_i32(thrift, 7, scale);
    thrift_i32(thrift, 8, precision);
    thrift_begin(thrift, 10);
    thrift_begin(thrift, 5);  // DECIMAL
    thrift_i32(thrift, 1, scale);
    thrift_i32(thrift, 2, precision);
    thrift_end(thrift);
    thrift_end(thrift);
}

// The old name of the type always meant an instant, and the format still wants it for local times
// too.
static void footer_timestamp(Thrift *thrift, bool is_instant)
{
    thrift_i32(thrift, 6, CONVERTED_TIMESTAMP_MICROS);
    thrift_begin(thrift, 10);
    thrift_begin(thrift, 8);  // TIMESTAMP
    thrift_bool(thrift, 1, is_instant);
    thrift_begin(thrift, 2);
    thrift_begin(thrift, 2);  // MICROS
    thrift_end(thrift);
    thrift_end(thrift);
    thrift_end(thrift);
    thrift_end(thrift);
}

static void footer_simple(Thrift *thrift, ConvertedType converted, int logical)
{
    thrift_i32(thrift, 6, (int32_t)converted);
    thrift_begin(thrift, 10);
    thrift_begin(thrift, logical);
    thrift_end(thrift);
    thrift_end(thrift);
}

static void footer_logical(Thrift *thrift, Type type)
{
    switch (type.kind) {
    case TYPE_INT8:
        footer_integer(thrift, 8, CONVERTED_INT_8);
        break;
    case TYPE_INT16:
        footer_integer(thrift, 16, CONVERTED_INT_16);
        break;
    case TYPE_UINT64:
        footer_decimal(thrift, 20, 0);
        break;
    case TYPE_DECIMAL:
        footer_decimal(thrift, type.precision, type.scale);
        break;
    case TYPE_DATE:
        footer_simple(thrift, CONVERTED_DATE, 6);
        break;
    case TYPE_DATETIME:
        footer_timestamp(thrift, /* is_instant= */ false);
        break;
    case TYPE_INSTANT:
        footer_timestamp(thrift, /* is_instant= */ true);
        break;
    case TYPE_TEXT:
        footer_simple(thrift, CONVERTED_UTF8, 1);
        break;
    case TYPE_BOOL:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_BYTES:
        break;
    }
}

static void footer_schema(const Schema *schema, Thrift *thrift)
{
    thrift_list(thrift, 2, THRIFT_STRUCT, schema->count + 1);
    thrift_item_begin(thrift);
    thrift_text(thrift, 4, "schema");
    thrift_i32(thrift, 5, (int32_t)schema->count);
    thrift_end(thrift);
    for (size_t i = 0; i < schema->count; i++) {
        const Field *field = &schema->fields[i];
        const ParquetPhysical physical = parquet_physical(field->type);
        thrift_item_begin(thrift);
        thrift_i32(thrift, 1, (int32_t)physical);
        if (physical == PARQUET_FIXED) {
            thrift_i32(thrift, 2, (int32_t)parquet_fixed_len(field->type));
        }
        thrift_i32(thrift, 3, 1);  // OPTIONAL
        thrift_text(thrift, 4, field->name);
        footer_logical(thrift, field->type);
        thrift_end(thrift);
    }
}

static void footer_bound(Thrift *thrift, int id, Type type, const ParquetBound *bound)
{
    switch (parquet_physical(type)) {
    case PARQUET_BOOLEAN:
        thrift_binary(thrift, id, &bound->i64, 1);
        break;
    case PARQUET_INT32:
        thrift_binary(thrift, id, &bound->i64, sizeof(int32_t));  // the low half stands first
        break;
    case PARQUET_INT64:
        thrift_binary(thrift, id, &bound->i64, sizeof(int64_t));
        break;
    case PARQUET_FLOAT: {
        const float narrow = (float)bound->f64;
        thrift_binary(thrift, id, &narrow, sizeof(narrow));
        break;
    }
    case PARQUET_DOUBLE:
        thrift_binary(thrift, id, &bound->f64, sizeof(bound->f64));
        break;
    case PARQUET_FIXED: {
        char bytes[PARQUET_FIXED_MAX];
        const size_t len = parquet_fixed_len(type);
        parquet_fixed_bytes(bound->i128, len, bytes);
        thrift_binary(thrift, id, bytes, len);
        break;
    }
    case PARQUET_BYTE_ARRAY:
        thrift_binary(thrift, id, bound->text, bound->len);
        break;
    }
}

// A prefix is a lower bound of what it was cut from, but no upper one: such a maximum is left out.
static void footer_statistics(Thrift *thrift, Type type, const ParquetBounds *bounds)
{
    const ParquetPhysical physical = parquet_physical(type);
    const bool has_max = bounds->has_values && !bounds->max.is_cut;
    thrift_begin(thrift, 12);
    thrift_i64(thrift, 3, bounds->null_count);
    if (has_max) {
        footer_bound(thrift, 5, type, &bounds->max);
    }
    if (bounds->has_values) {
        footer_bound(thrift, 6, type, &bounds->min);
    }
    if (has_max) {
        thrift_bool(thrift, 7, true);
    }
    if (bounds->has_values) {
        thrift_bool(thrift, 8, !bounds->min.is_cut);
    }
    if (physical == PARQUET_FLOAT || physical == PARQUET_DOUBLE) {
        thrift_i64(thrift, 9, bounds->nan_count);
    }
    thrift_end(thrift);
}

// Readers that skip row groups by their dictionary want to know that all pages use it.
static void footer_page_stats(Thrift *thrift, const ParquetChunk *chunk)
{
    thrift_list(thrift, 13, THRIFT_STRUCT, chunk->has_dictionary ? 2 : 1);
    if (chunk->has_dictionary) {
        thrift_item_begin(thrift);
        thrift_i32(thrift, 1, PARQUET_DICTIONARY_PAGE);
        thrift_i32(thrift, 2, PARQUET_PLAIN);
        thrift_i32(thrift, 3, 1);
        thrift_end(thrift);
    }
    thrift_item_begin(thrift);
    thrift_i32(thrift, 1, PARQUET_DATA_PAGE);
    thrift_i32(thrift, 2, (int32_t)chunk->encoding);
    thrift_i32(thrift, 3, 1);
    thrift_end(thrift);
}

static void footer_chunk(Thrift *thrift, const Field *field, const ParquetGroup *group,
                         const ParquetChunk *chunk)
{
    thrift_item_begin(thrift);
    thrift_i64(thrift, 2, 0);
    thrift_begin(thrift, 3);
    thrift_i32(thrift, 1, (int32_t)parquet_physical(field->type));
    thrift_list(thrift, 2, THRIFT_I32, chunk->has_dictionary ? 3 : 2);
    if (chunk->has_dictionary) {
        thrift_item_i32(thrift, PARQUET_PLAIN);
    }
    thrift_item_i32(thrift, PARQUET_RLE);
    thrift_item_i32(thrift, (int32_t)chunk->encoding);
    thrift_list(thrift, 3, THRIFT_BINARY, 1);
    thrift_item_text(thrift, field->name);
    thrift_i32(thrift, 4, CODEC_ZSTD);
    thrift_i64(thrift, 5, group->rows);
    thrift_i64(thrift, 6, chunk->uncompressed_size);
    thrift_i64(thrift, 7, chunk->compressed_size);
    thrift_i64(thrift, 9, group->offset + (int64_t)chunk->data_offset);
    if (chunk->has_dictionary) {
        thrift_i64(thrift, 11, group->offset + (int64_t)chunk->offset);
    }
    footer_statistics(thrift, field->type, &chunk->bounds);
    footer_page_stats(thrift, chunk);
    thrift_end(thrift);
    thrift_end(thrift);
}

void parquet_footer_group(const Schema *schema, const ParquetGroup *group, Buf *out)
{
    assert(group->ordinal < PARQUET_GROUPS_MAX);
    int64_t uncompressed = 0;
    Thrift thrift = thrift_writer(out);
    thrift_list(&thrift, 1, THRIFT_STRUCT, schema->count);
    for (size_t i = 0; i < schema->count; i++) {
        footer_chunk(&thrift, &schema->fields[i], group, &group->chunks[i]);
        uncompressed += group->chunks[i].uncompressed_size;
    }
    thrift_i64(&thrift, 2, uncompressed);
    thrift_i64(&thrift, 3, group->rows);
    thrift_i64(&thrift, 5, group->offset);
    thrift_i64(&thrift, 6, group->bytes);
    thrift_i16(&thrift, 7, (int16_t)group->ordinal);
    thrift_end(&thrift);
}

void parquet_footer(const Schema *schema, const Buf *groups, size_t group_count, int64_t rows,
                    Buf *out)
{
    const size_t begin = out->len;
    Thrift thrift = thrift_writer(out);
    thrift_i32(&thrift, 1, 2);
    footer_schema(schema, &thrift);
    thrift_i64(&thrift, 3, rows);
    thrift_list(&thrift, 4, THRIFT_STRUCT, group_count);
    buf_add_bytes(out, groups->data, groups->len);
    // Readers of Java want this form: they take the word before "version" for the writer.
    thrift_text(&thrift, 6, "weir version " WEIR_VERSION);
    // Without the orders readers may not trust the bounds.
    thrift_list(&thrift, 7, THRIFT_STRUCT, schema->count);
    for (size_t i = 0; i < schema->count; i++) {
        thrift_item_begin(&thrift);
        thrift_begin(&thrift, 1);
        thrift_end(&thrift);
        thrift_end(&thrift);
    }
    thrift_end(&thrift);
    const uint32_t len = (uint32_t)(out->len - begin);
    buf_add_bytes(out, &len, sizeof(len));
    buf_add_text(out, PARQUET_MAGIC);
}

// A gathered column (parquet_rows.c) goes through two steps, each a loop over one array: judge
// (bounds, and whether a dictionary pays) and encode.
//
// One data page a row group and column: a row group is cut small enough (parquet.c) that pages of
// it serve nobody.
#include "base/base.h"

#include "lake/parquet_column.h"

#include <zstd.h>

#include "lake/parquet_dictionary.h"
#include "lake/parquet_encode.h"
#include "lake/thrift.h"

#define ZSTD_LEVEL 1
// Sizes in page headers are 32 bits with a sign, and what does not compress grows by a 256th.
#define PAGE_BYTES_MAX ((size_t)2000000000)
#define PAGE_HEADER_MAX 64

struct ParquetEncoder {
    Dictionary *dictionary;
    ZSTD_CCtx *zstd;
    Buf page;
    size_t keep_bytes;
};

// --- judging --------------------------------------------------------------------------------------

// Of the dictionary's entries where there is one: they are fewer, and all that occur.
static void column_text_bounds(const ParquetColumn *column, const Dictionary *dictionary,
                               ParquetBounds *bounds)
{
    ParquetTextRange range = {0};
    if (dictionary != NULL) {
        for (size_t i = 0; i < dictionary_count(dictionary); i++) {
            size_t len;
            const char *text = dictionary_text(dictionary, i, &len);
            parquet_text_range_add(&range, text, len);
        }
    } else {
        const char *text = column->bytes;
        for (size_t i = 0; i < column->count; text += column->lens[i], i++) {
            parquet_text_range_add(&range, text, column->lens[i]);
        }
    }
    parquet_bounds_of_range(bounds, &range);
}

// Bounds, the encoding, and (where the encoding is that of a dictionary) the encoder's dictionary.
static ParquetEncoding column_judge(const ParquetColumn *column, size_t rows,
                                    ParquetEncoder *encoder, ParquetBounds *bounds)
{
    Dictionary *dictionary = encoder->dictionary;
    bounds->null_count = (int64_t)(rows - column->count);
    if (column->count == 0) {
        return PARQUET_PLAIN;
    }
    switch (column->physical) {
    case PARQUET_BOOLEAN:
        parquet_bounds_of_ints(bounds, column->ints, column->count);
        return PARQUET_PLAIN;
    case PARQUET_INT32:
    case PARQUET_INT64:
        parquet_bounds_of_ints(bounds, column->ints, column->count);
        return dictionary_of_ints(dictionary, column->ints, column->count, bounds->min.i64,
                                  bounds->max.i64)
                   ? PARQUET_RLE_DICTIONARY
                   : PARQUET_DELTA;
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        parquet_bounds_of_doubles(bounds, column->doubles, column->count);
        return PARQUET_PLAIN;
    case PARQUET_FIXED:
        parquet_bounds_of_wide(bounds, column->wide, column->count);
        return PARQUET_PLAIN;
    case PARQUET_BYTE_ARRAY: {
        const bool has_dictionary =
            dictionary_of_texts(dictionary, column->lens, column->count, column->bytes);
        if (column->type.kind == TYPE_TEXT) {
            column_text_bounds(column, has_dictionary ? dictionary : NULL, bounds);
        }
        return has_dictionary ? PARQUET_RLE_DICTIONARY : PARQUET_DELTA_LENGTH;
    }
    }
    assert(false);
    return PARQUET_PLAIN;
}

// --- encoding -------------------------------------------------------------------------------------

// Appends `size` bytes for the caller to fill; NULL where the page would be too large.
static char *page_room(Buf *page, size_t size)
{
    if (!buf_reserve(page, size)) {
        return NULL;
    }
    char *room = page->data + page->len;
    page->len += size;
    page->data[page->len] = '\0';
    return room;
}

static void plain_int32s(const int64_t *values, size_t count, Buf *page)
{
    char *to = page_room(page, count * sizeof(int32_t));
    for (size_t i = 0; to != NULL && i < count; i++) {
        const int32_t narrow = (int32_t)values[i];
        memcpy(to + i * sizeof(narrow), &narrow, sizeof(narrow));
    }
}

static void plain_floats(const double *values, size_t count, Buf *page)
{
    char *to = page_room(page, count * sizeof(float));
    for (size_t i = 0; to != NULL && i < count; i++) {
        const float narrow = (float)values[i];
        memcpy(to + i * sizeof(narrow), &narrow, sizeof(narrow));
    }
}

static void plain_fixed(const __int128 *values, size_t count, size_t len, Buf *page)
{
    char *to = page_room(page, count * len);
    for (size_t i = 0; to != NULL && i < count; i++) {
        parquet_fixed_bytes(values[i], len, to + i * len);
    }
}

static void plain_bools(const int64_t *values, size_t count, Buf *page)
{
    for (size_t i = 0; i < count; i += 8) {
        unsigned bits = 0;
        for (size_t k = 0; k < 8 && i + k < count; k++) {
            bits |= (unsigned)(values[i + k] != 0) << k;
        }
        buf_add_char(page, (char)bits);
    }
}

static void encode_dictionary(const ParquetColumn *column, const Dictionary *dictionary, Buf *page)
{
    const size_t count = dictionary_count(dictionary);
    if (column->physical == PARQUET_INT32) {
        plain_int32s(dictionary_ints(dictionary), count, page);
        return;
    }
    if (column->physical == PARQUET_INT64) {
        buf_add_bytes(page, dictionary_ints(dictionary), count * sizeof(int64_t));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *text = dictionary_text(dictionary, i, &len);
        const uint32_t len32 = (uint32_t)len;
        buf_add_bytes(page, &len32, sizeof(len32));
        buf_add_bytes(page, text, len);
    }
}

// Definition levels: their length in four bytes, then the hybrid.
static void encode_levels(const ParquetColumn *column, size_t rows, Buf *page)
{
    uint32_t len = 0;
    buf_add_bytes(page, &len, sizeof(len));
    if (column->levels == NULL) {
        encode_run(1, rows, 1, page);
    } else {
        encode_hybrid(column->levels, rows, 1, page);
    }
    if (!page->overflow) {
        len = (uint32_t)(page->len - sizeof(len));
        memcpy(page->data, &len, sizeof(len));
    }
}

static void encode_values(const ParquetColumn *column, ParquetEncoding encoding,
                          const Dictionary *dictionary, Buf *page)
{
    const size_t count = column->count;
    if (encoding == PARQUET_RLE_DICTIONARY) {
        const unsigned width = encode_bit_width(dictionary_count(dictionary) - 1);
        buf_add_char(page, (char)width);
        encode_hybrid(dictionary_indexes(dictionary), count, width, page);
        return;
    }
    if (count == 0) {
        return;
    }
    switch (column->physical) {
    case PARQUET_BOOLEAN:
        plain_bools(column->ints, count, page);
        break;
    case PARQUET_INT32:
    case PARQUET_INT64:
        encode_delta(column->ints, count, column->physical == PARQUET_INT32, page);
        break;
    case PARQUET_FLOAT:
        plain_floats(column->doubles, count, page);
        break;
    case PARQUET_DOUBLE:
        buf_add_bytes(page, column->doubles, count * sizeof(double));
        break;
    case PARQUET_FIXED:
        plain_fixed(column->wide, count, parquet_fixed_len(column->type), page);
        break;
    case PARQUET_BYTE_ARRAY:
        encode_delta_length(column->lens, count, column->bytes, column->byte_count, page);
        break;
    }
}

// --- pages ----------------------------------------------------------------------------------------

ParquetEncoder *parquet_encoder_new(size_t keep_bytes)
{
    ParquetEncoder *encoder = mem_alloc(sizeof(*encoder));
    encoder->dictionary = dictionary_new();
    encoder->zstd = ZSTD_createCCtx();
    encoder->page.limit = PAGE_BYTES_MAX;
    encoder->keep_bytes = keep_bytes;
    assert(encoder->zstd != NULL);
    return encoder;
}

void parquet_encoder_free(ParquetEncoder *encoder)
{
    if (encoder == NULL) {
        return;
    }
    dictionary_free(encoder->dictionary);
    (void)ZSTD_freeCCtx(encoder->zstd);
    buf_done(&encoder->page);
    free(encoder);
}

static void page_header(ParquetPage type, ParquetEncoding encoding, size_t values, size_t size,
                        size_t compressed_size, Buf *out)
{
    const bool is_data = type == PARQUET_DATA_PAGE;
    Thrift thrift = thrift_writer(out);
    thrift_i32(&thrift, 1, (int32_t)type);
    thrift_i32(&thrift, 2, (int32_t)size);
    thrift_i32(&thrift, 3, (int32_t)compressed_size);
    thrift_begin(&thrift, is_data ? 5 : 7);
    thrift_i32(&thrift, 1, (int32_t)values);
    thrift_i32(&thrift, 2, (int32_t)encoding);
    if (is_data) {
        thrift_i32(&thrift, 3, PARQUET_RLE);
        thrift_i32(&thrift, 4, PARQUET_RLE);
    }
    thrift_end(&thrift);
    thrift_end(&thrift);
}

// Compresses encoder->page and appends it with its header, whose length depends on the compressed
// size: the page is compressed to where the largest header leaves room, and moved up to it.
static bool page_write(ParquetEncoder *encoder, ParquetPage type, ParquetEncoding encoding,
                       size_t values, ParquetChunk *chunk, Buf *out, Err *err)
{
    Buf *page = &encoder->page;
    if (page->overflow) {
        return fail(err, FAIL_TARGET,
                    "the values of a column do not fit a Parquet page of %zu bytes",
                    PAGE_BYTES_MAX);
    }
    const size_t bound = ZSTD_compressBound(page->len);
    if (!buf_reserve(out, PAGE_HEADER_MAX + bound)) {
        return buf_ok(out, "a row group", err);
    }
    const size_t begin = out->len;
    char *to = out->data + begin + PAGE_HEADER_MAX;
    const size_t size =
        ZSTD_compressCCtx(encoder->zstd, to, bound, page->data, page->len, ZSTD_LEVEL);
    if (ZSTD_isError(size)) {
        return fail(err, FAIL_INTERNAL, "could not compress a page: %s", ZSTD_getErrorName(size));
    }
    page_header(type, encoding, values, page->len, size, out);
    const size_t header_len = out->len - begin;
    assert(header_len < PAGE_HEADER_MAX);  // the header's closing NUL lies before the page too
    memmove(out->data + out->len, to, size);
    out->len += size;
    out->data[out->len] = '\0';
    chunk->uncompressed_size += (int64_t)(header_len + page->len);
    chunk->compressed_size += (int64_t)(header_len + size);
    if (page->capacity > encoder->keep_bytes) {
        buf_done(page);
    }
    return true;
}

bool parquet_column_encode(const ParquetColumn *column, size_t rows, ParquetEncoder *encoder,
                           Buf *out, ParquetChunk *ret_chunk, Err *err)
{
    assert(rows > 0);
    Buf *page = &encoder->page;
    const Dictionary *dictionary = encoder->dictionary;
    ParquetChunk chunk = {.offset = out->len};
    chunk.encoding = column_judge(column, rows, encoder, &chunk.bounds);
    chunk.has_dictionary = chunk.encoding == PARQUET_RLE_DICTIONARY;
    if (chunk.has_dictionary) {
        buf_clear(page);
        encode_dictionary(column, dictionary, page);
        if (!page_write(encoder, PARQUET_DICTIONARY_PAGE, PARQUET_PLAIN,
                        dictionary_count(dictionary), &chunk, out, err)) {
            return false;
        }
    }
    chunk.data_offset = out->len;
    buf_clear(page);
    encode_levels(column, rows, page);
    encode_values(column, chunk.encoding, dictionary, page);
    if (!page_write(encoder, PARQUET_DATA_PAGE, chunk.encoding, rows, &chunk, out, err)) {
        return false;
    }
    *ret_chunk = chunk;
    return true;
}

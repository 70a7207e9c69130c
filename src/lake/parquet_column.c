// A column goes through three steps, each a loop over one array: gather (row by row, as rows come), judge (bounds,
// and whether a dictionary pays), encode. Nulls are not gathered; they only count and set definition levels.
//
// One data page a row group and column: a row group is cut small enough (parquet.c) that pages of it serve nobody.
#include "base/base.h"

#include "lake/parquet_column.h"

#include <math.h>

#include <zstd.h>

#include "lake/thrift.h"

#define ZSTD_LEVEL 1
#define PAGE_BYTES_MAX ((size_t)INT32_MAX)  // sizes in page headers are 32 bits

struct ParquetColumn {
    Type type;
    ParquetPhysical physical;
    size_t rows;
    size_t count;           // of values that are not NULL
    size_t level_capacity;
    uint16_t *levels;       // a definition level a row; NULL while no row was NULL
    size_t capacity;
    union {
        int64_t *ints;      // BOOLEAN, INT32, INT64
        double *doubles;    // FLOAT, DOUBLE
        __int128 *wide;     // FIXED
        uint32_t *lens;     // BYTE_ARRAY, whose bytes stand one after the other in `bytes`
    };
    char *bytes;
    size_t byte_count;
    size_t byte_capacity;
};

struct ParquetEncoder {
    Dictionary *dictionary;
    ZSTD_CCtx *zstd;
    Buf page;
};

ParquetPhysical parquet_physical(Type type)
{
    switch (type.kind) {
    case TYPE_BOOL:
        return PARQUET_BOOLEAN;
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_DATE:
        return PARQUET_INT32;
    case TYPE_INT64:
    case TYPE_DATETIME:
    case TYPE_INSTANT:
        return PARQUET_INT64;
    case TYPE_FLOAT32:
        return PARQUET_FLOAT;
    case TYPE_FLOAT64:
        return PARQUET_DOUBLE;
    case TYPE_UINT64:
        return PARQUET_FIXED;
    case TYPE_DECIMAL:
        return type.precision <= 9 ? PARQUET_INT32 : type.precision <= 18 ? PARQUET_INT64 : PARQUET_FIXED;
    case TYPE_TEXT:
    case TYPE_BYTES:
        return PARQUET_BYTE_ARRAY;
    }
    assert(false);
    return PARQUET_BYTE_ARRAY;
}

size_t parquet_fixed_len(Type type)
{
    // As few bytes as hold 10^precision - 1 and a sign, as the format advises.
    const int precision = type.kind == TYPE_UINT64 ? 20 : type.precision;
    unsigned __int128 largest = 1;
    for (int i = 0; i < precision; i++) {
        largest *= 10;
    }
    size_t len = 1;
    while (len < sizeof(largest) && (largest - 1) >> (len * 8 - 1) != 0) {
        len++;
    }
    return len;
}

static size_t column_value_size(ParquetPhysical physical)
{
    switch (physical) {
    case PARQUET_BOOLEAN:
    case PARQUET_INT32:
    case PARQUET_INT64:
        return sizeof(int64_t);
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        return sizeof(double);
    case PARQUET_FIXED:
        return sizeof(__int128);
    case PARQUET_BYTE_ARRAY:
        return sizeof(uint32_t);
    }
    assert(false);
    return 0;
}

ParquetColumn *parquet_column_new(Type type)
{
    ParquetColumn *column = mem_alloc(sizeof(*column));
    column->type = type;
    column->physical = parquet_physical(type);
    return column;
}

void parquet_column_free(ParquetColumn *column)
{
    if (column == NULL) {
        return;
    }
    free(column->levels);
    free(column->ints);
    free(column->bytes);
    free(column);
}

void parquet_column_clear(ParquetColumn *column, size_t keep_bytes)
{
    free(column->levels);
    column->levels = NULL;
    column->level_capacity = 0;
    column->rows = 0;
    column->count = 0;
    column->byte_count = 0;
    if (column->byte_capacity > keep_bytes) {
        free(column->bytes);
        column->bytes = NULL;
        column->byte_capacity = 0;
    }
}

// --- gathering ----------------------------------------------------------------------------------------------

static void column_set_level(ParquetColumn *column, uint16_t level)
{
    if (column->levels == NULL && level == 1) {
        return;
    }
    if (column->rows >= column->level_capacity) {
        const bool is_first = column->levels == NULL;
        column->level_capacity = (column->rows + 1) * 2 < 1024 ? 1024 : (column->rows + 1) * 2;
        column->levels = mem_grow(column->levels, column->level_capacity * sizeof(*column->levels));
        for (size_t i = 0; is_first && i < column->rows; i++) {
            column->levels[i] = 1;
        }
    }
    column->levels[column->rows] = level;
}

static size_t column_add_bytes(ParquetColumn *column, const char *bytes, size_t len)
{
    if (UNLIKELY(len > column->byte_capacity - column->byte_count)) {
        const size_t needed = column->byte_count + len;
        column->byte_capacity = needed + needed / 4 + 4096;
        column->bytes = mem_grow(column->bytes, column->byte_capacity);
    }
    if (len > 0) {
        memcpy(column->bytes + column->byte_count, bytes, len);
    }
    column->byte_count += len;
    column->lens[column->count++] = (uint32_t)len;
    return len + sizeof(uint32_t);
}

size_t parquet_column_add(ParquetColumn *column, const Value *value)
{
    const bool is_null = value->state == VALUE_NULL;
    if (UNLIKELY(is_null || column->levels != NULL)) {
        column_set_level(column, is_null ? 0 : 1);
    }
    column->rows++;
    if (is_null) {
        return sizeof(*column->levels);
    }
    if (UNLIKELY(column->count == column->capacity)) {
        column->capacity = column->capacity == 0 ? 1024 : column->capacity * 2;
        column->ints = mem_grow(column->ints, column->capacity * column_value_size(column->physical));
    }
    switch (column->physical) {
    case PARQUET_BOOLEAN:
    case PARQUET_INT32:
    case PARQUET_INT64:
        column->ints[column->count++] = column->type.kind == TYPE_DECIMAL ? (int64_t)value->i128 : value->i64;
        return sizeof(int64_t);
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        column->doubles[column->count++] = value->f64;
        return sizeof(double);
    case PARQUET_FIXED:
        column->wide[column->count++] =
            column->type.kind == TYPE_UINT64 ? (__int128)value->u64 : value->i128;
        return sizeof(__int128);
    case PARQUET_BYTE_ARRAY:
        return column_add_bytes(column, value->bytes, value->len);
    }
    return 0;
}

// --- bounds -------------------------------------------------------------------------------------------------

// Bytes of whole characters that fit a bound.
static size_t bound_text_len(const char *bytes, size_t len)
{
    if (len <= BOUND_TEXT_MAX) {
        return len;
    }
    size_t cut = BOUND_TEXT_MAX;
    while (cut > 0 && ((unsigned char)bytes[cut] & 0xC0) == 0x80) {
        cut--;
    }
    return cut;
}

static void bound_set_text(ParquetBound *bound, const char *bytes, size_t len)
{
    bound->len = bound_text_len(bytes, len);
    bound->is_cut = bound->len < len;
    memcpy(bound->text, bytes, bound->len);
}

static int compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    const size_t common = a_len < b_len ? a_len : b_len;
    const int order = common == 0 ? 0 : memcmp(a, b, common);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

// Negative, zero or positive as `a` lies before, at or after `b`. A text that was cut lies after its equal that was not.
static int bound_compare(const ParquetBound *a, const ParquetBound *b, ParquetPhysical physical)
{
    switch (physical) {
    case PARQUET_BOOLEAN:
    case PARQUET_INT32:
    case PARQUET_INT64:
        return (a->i64 > b->i64) - (a->i64 < b->i64);
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        return (a->f64 > b->f64) - (a->f64 < b->f64);
    case PARQUET_FIXED:
        return (a->i128 > b->i128) - (a->i128 < b->i128);
    case PARQUET_BYTE_ARRAY: {
        const int order = compare_text(a->text, a->len, b->text, b->len);
        return order != 0 ? order : (int)a->is_cut - (int)b->is_cut;
    }
    }
    return 0;
}

void parquet_bounds_merge(ParquetBounds *into, const ParquetBounds *more, Type type)
{
    const ParquetPhysical physical = parquet_physical(type);
    into->null_count += more->null_count;
    into->has_nan = into->has_nan || more->has_nan;
    if (!more->has_values) {
        return;
    }
    if (!into->has_values || bound_compare(&more->min, &into->min, physical) < 0) {
        into->min = more->min;
    }
    if (!into->has_values || bound_compare(&more->max, &into->max, physical) > 0) {
        into->max = more->max;
    }
    into->has_values = true;
}

static void bounds_of_ints(const ParquetColumn *column, ParquetBounds *bounds)
{
    int64_t min = column->ints[0];
    int64_t max = column->ints[0];
    for (size_t i = 1; i < column->count; i++) {
        const int64_t value = column->ints[i];
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    bounds->min.i64 = min;
    bounds->max.i64 = max;
}

static void bounds_of_doubles(const ParquetColumn *column, ParquetBounds *bounds)
{
    double min = INFINITY;
    double max = -INFINITY;
    for (size_t i = 0; i < column->count; i++) {
        bounds->has_nan = bounds->has_nan || isnan(column->doubles[i]);
        min = column->doubles[i] < min ? column->doubles[i] : min;
        max = column->doubles[i] > max ? column->doubles[i] : max;
    }
    bounds->has_values = !bounds->has_nan;
    // The two zeros are equal and yet differ: the format wants the bound that takes in both.
    bounds->min.f64 = min == 0 ? -0.0 : min;
    bounds->max.f64 = max == 0 ? 0.0 : max;
}

static void bounds_of_wide(const ParquetColumn *column, ParquetBounds *bounds)
{
    bounds->min.i128 = column->wide[0];
    bounds->max.i128 = column->wide[0];
    for (size_t i = 1; i < column->count; i++) {
        bounds->min.i128 = column->wide[i] < bounds->min.i128 ? column->wide[i] : bounds->min.i128;
        bounds->max.i128 = column->wide[i] > bounds->max.i128 ? column->wide[i] : bounds->max.i128;
    }
}

// Of the dictionary's entries where there is one: they are fewer, and all that occur.
static void bounds_of_texts(const ParquetColumn *column, const Dictionary *dictionary, ParquetBounds *bounds)
{
    const size_t count = dictionary == NULL ? column->count : dictionary_count(dictionary);
    const char *next = column->bytes;
    const char *min = NULL, *max = NULL;
    size_t min_len = 0, max_len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *text = next;
        if (dictionary == NULL) {
            len = column->lens[i];
            next += len;
        } else {
            text = dictionary_text(dictionary, i, &len);
        }
        if (i == 0 || compare_text(text, len, min, min_len) < 0) {
            min = text;
            min_len = len;
        }
        if (i == 0 || compare_text(text, len, max, max_len) > 0) {
            max = text;
            max_len = len;
        }
    }
    bound_set_text(&bounds->min, min, min_len);
    bound_set_text(&bounds->max, max, max_len);
}

// --- encoding -----------------------------------------------------------------------------------------------

ParquetEncoder *parquet_encoder_new(void)
{
    ParquetEncoder *encoder = mem_alloc(sizeof(*encoder));
    encoder->dictionary = dictionary_new();
    encoder->zstd = ZSTD_createCCtx();
    encoder->page.limit = PAGE_BYTES_MAX;
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

static void plain_fixed(__int128 value, size_t len, Buf *out)
{
    char bytes[sizeof(value)];
    for (size_t i = 0; i < len; i++) {
        bytes[len - 1 - i] = (char)(value >> (8 * i));  // big-endian
    }
    buf_add_bytes(out, bytes, len);
}

// PLAIN integers; the low half of an INT32 stands first in memory.
static void plain_ints(const int64_t *values, size_t count, ParquetPhysical physical, Buf *out)
{
    const size_t size = physical == PARQUET_INT32 ? sizeof(int32_t) : sizeof(int64_t);
    for (size_t i = 0; i < count; i++) {
        buf_add_bytes(out, &values[i], size);
    }
}

static void plain_bools(const int64_t *values, size_t count, Buf *out)
{
    for (size_t i = 0; i < count; i += 8) {
        unsigned bits = 0;
        for (size_t k = 0; k < 8 && i + k < count; k++) {
            bits |= (unsigned)(values[i + k] != 0) << k;
        }
        buf_add_char(out, (char)bits);
    }
}

static void plain_doubles(const ParquetColumn *column, Buf *out)
{
    for (size_t i = 0; i < column->count; i++) {
        const float narrow = (float)column->doubles[i];
        if (column->physical == PARQUET_FLOAT) {
            buf_add_bytes(out, &narrow, sizeof(narrow));
        } else {
            buf_add_bytes(out, &column->doubles[i], sizeof(double));
        }
    }
}

static void dictionary_page(const ParquetColumn *column, const Dictionary *dictionary, Buf *out)
{
    if (column->physical != PARQUET_BYTE_ARRAY) {
        plain_ints(dictionary_ints(dictionary), dictionary_count(dictionary), column->physical, out);
        return;
    }
    for (size_t i = 0; i < dictionary_count(dictionary); i++) {
        size_t len;
        const char *text = dictionary_text(dictionary, i, &len);
        const uint32_t len32 = (uint32_t)len;
        buf_add_bytes(out, &len32, sizeof(len32));
        buf_add_bytes(out, text, len);
    }
}

// Definition levels: their length in four bytes, then the hybrid.
static void encode_levels(const ParquetColumn *column, Buf *out)
{
    const size_t begin = out->len;
    buf_add_bytes(out, &(uint32_t){0}, sizeof(uint32_t));
    if (column->levels != NULL) {
        encode_hybrid(column->levels, column->rows, 1, out);
    } else if (column->rows > 0) {
        // All ones: a run's header as a varint, and its value.
        for (size_t header = column->rows << 1; header > 0; header >>= 7) {
            buf_add_char(out, (char)(header >= 0x80 ? header | 0x80 : header));
        }
        buf_add_char(out, 1);
    }
    if (!out->overflow) {
        const uint32_t len = (uint32_t)(out->len - begin - sizeof(uint32_t));
        memcpy(out->data + begin, &len, sizeof(len));
    }
}

static void encode_values(const ParquetColumn *column, ParquetEncoding encoding, const Dictionary *dictionary,
                          Buf *out)
{
    if (encoding == PARQUET_RLE_DICTIONARY) {
        const unsigned width = encode_bit_width(dictionary_count(dictionary) - 1);
        buf_add_char(out, (char)width);
        encode_hybrid(dictionary_indexes(dictionary), column->count, width, out);
        return;
    }
    switch (column->physical) {
    case PARQUET_BOOLEAN:
        plain_bools(column->ints, column->count, out);
        break;
    case PARQUET_INT32:
    case PARQUET_INT64:
        encode_delta(column->ints, column->count, column->physical == PARQUET_INT32, out);
        break;
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        plain_doubles(column, out);
        break;
    case PARQUET_FIXED:
        for (size_t i = 0; i < column->count; i++) {
            plain_fixed(column->wide[i], parquet_fixed_len(column->type), out);
        }
        break;
    case PARQUET_BYTE_ARRAY:
        encode_delta_length(column->lens, column->count, column->bytes, column->byte_count, out);
        break;
    }
}

// Bounds, the encoding, and (where the encoding is that of a dictionary) the encoder's dictionary.
static ParquetEncoding column_judge(const ParquetColumn *column, ParquetEncoder *encoder, ParquetBounds *bounds)
{
    bounds->null_count = (int64_t)(column->rows - column->count);
    bounds->has_values = column->count > 0;
    bool has_dictionary = false;
    if (column->count == 0) {
        return PARQUET_PLAIN;
    }
    switch (column->physical) {
    case PARQUET_BOOLEAN:
        bounds_of_ints(column, bounds);
        return PARQUET_PLAIN;
    case PARQUET_INT32:
    case PARQUET_INT64:
        bounds_of_ints(column, bounds);
        has_dictionary = dictionary_of_ints(encoder->dictionary, column->ints, column->count, bounds->min.i64,
                                            bounds->max.i64);
        return has_dictionary ? PARQUET_RLE_DICTIONARY : PARQUET_DELTA;
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        bounds_of_doubles(column, bounds);
        return PARQUET_PLAIN;
    case PARQUET_FIXED:
        bounds_of_wide(column, bounds);
        return PARQUET_PLAIN;
    case PARQUET_BYTE_ARRAY:
        has_dictionary =
            dictionary_of_texts(encoder->dictionary, column->lens, column->count, column->bytes);
        if (column->type.kind == TYPE_TEXT) {
            bounds_of_texts(column, has_dictionary ? encoder->dictionary : NULL, bounds);
        } else {
            bounds->has_values = false;
        }
        return has_dictionary ? PARQUET_RLE_DICTIONARY : PARQUET_DELTA_LENGTH;
    }
    return PARQUET_PLAIN;
}

// --- pages --------------------------------------------------------------------------------------------------

static void page_header(bool is_dictionary, ParquetEncoding encoding, size_t values, size_t size,
                        size_t compressed_size, Buf *out)
{
    Thrift thrift = thrift_writer(out);
    thrift_i32(&thrift, 1, is_dictionary ? 2 : 0);
    thrift_i32(&thrift, 2, (int32_t)size);
    thrift_i32(&thrift, 3, (int32_t)compressed_size);
    thrift_begin(&thrift, is_dictionary ? 7 : 5);
    thrift_i32(&thrift, 1, (int32_t)values);
    thrift_i32(&thrift, 2, (int32_t)encoding);
    if (!is_dictionary) {
        thrift_i32(&thrift, 3, PARQUET_RLE);
        thrift_i32(&thrift, 4, PARQUET_RLE);
    }
    thrift_end(&thrift);
    thrift_end(&thrift);
}

// Compresses encoder->page and appends it with its header, whose length depends on the compressed size: the page
// is compressed to where the largest header leaves room, and moved up to it.
static bool page_write(ParquetEncoder *encoder, bool is_dictionary, ParquetEncoding encoding, size_t values,
                       ParquetChunk *chunk, Buf *out, Err *err)
{
    static const size_t header_max = 64;
    const Buf *page = &encoder->page;
    if (!buf_ok(page, "a page of a Parquet file", err)) {
        return fail(err, FAIL_TARGET, "a value is too large for a Parquet page of %zu bytes", PAGE_BYTES_MAX);
    }
    const size_t bound = ZSTD_compressBound(page->len);
    if (!buf_reserve(out, header_max + bound)) {
        return buf_ok(out, "a row group", err);
    }
    char *to = out->data + out->len + header_max;
    const size_t size = ZSTD_compressCCtx(encoder->zstd, to, bound, page->data, page->len, ZSTD_LEVEL);
    if (ZSTD_isError(size)) {
        return fail(err, FAIL_INTERNAL, "could not compress a page: %s", ZSTD_getErrorName(size));
    }
    const size_t begin = out->len;
    page_header(is_dictionary, encoding, values, page->len, size, out);
    const size_t header_len = out->len - begin;
    assert(header_len <= header_max);
    memmove(out->data + out->len, to, size);
    out->len += size;
    out->data[out->len] = '\0';
    chunk->uncompressed_size += (int64_t)(header_len + page->len);
    chunk->compressed_size += (int64_t)(header_len + size);
    return true;
}

bool parquet_column_encode(const ParquetColumn *column, ParquetEncoder *encoder, Buf *out, ParquetChunk *ret_chunk,
                           Err *err)
{
    ParquetChunk chunk = {.offset = out->len};
    chunk.encoding = column_judge(column, encoder, &chunk.bounds);
    chunk.has_dictionary = chunk.encoding == PARQUET_RLE_DICTIONARY;
    if (chunk.has_dictionary) {
        buf_clear(&encoder->page);
        dictionary_page(column, encoder->dictionary, &encoder->page);
        if (!page_write(encoder, /* is_dictionary= */ true, PARQUET_PLAIN, dictionary_count(encoder->dictionary),
                        &chunk, out, err)) {
            return false;
        }
    }
    chunk.data_offset = out->len;
    buf_clear(&encoder->page);
    encode_levels(column, &encoder->page);
    encode_values(column, chunk.encoding, encoder->dictionary, &encoder->page);
    if (!page_write(encoder, /* is_dictionary= */ false, chunk.encoding, column->rows, &chunk, out, err)) {
        return false;
    }
    *ret_chunk = chunk;
    return true;
}

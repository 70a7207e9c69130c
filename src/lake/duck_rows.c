// Chunks are fetched under one lock, which is short: DuckDB's threads compute ahead into a buffer.
// A chunk is then turned into rows by the thread that took it, a block of rows at a time and in it
// column by column, so that the block stays in the processor's cache.
#include "base/base.h"

#include "lake/duck_rows.h"

#include <pthread.h>

#include <duckdb.h>

#include "base/clock.h"

#define ROWS_BLOCK 256

typedef struct RowsColumn {
    duckdb_type type;      // as it comes
    duckdb_type internal;  // of a decimal: how it is stored
    bool is_text;          // DuckDB casts it
} RowsColumn;

struct DuckRows {
    Duck *duck;
    duckdb_prepared_statement statement;
    duckdb_pending_result pending;
    duckdb_result result;
    bool has_result;
    Schema schema;
    RowsColumn *columns;
    DuckRowReader *readers;
    size_t reader_count;
    pthread_mutex_t lock;  // of what follows, and of fetching
    bool is_over;
    Err error;  // of the fetch that failed
};

struct DuckRowReader {
    DuckRows *rows;
    duckdb_data_chunk chunk;
    size_t chunk_rows;
    size_t chunk_at;  // the row of the chunk that the block begins with
    size_t block_rows;
    size_t block_at;
    Value *block;  // ROWS_BLOCK rows
};

// --- types ----------------------------------------------------------------------------------------------

static bool rows_plain_type(duckdb_type type, Type *ret_type)
{
    static const struct {
        duckdb_type from;
        Type to;
    } types[] = {
        {DUCKDB_TYPE_BOOLEAN, {.kind = TYPE_BOOL}},
        {DUCKDB_TYPE_TINYINT, {.kind = TYPE_INT8}},
        {DUCKDB_TYPE_SMALLINT, {.kind = TYPE_INT16}},
        {DUCKDB_TYPE_INTEGER, {.kind = TYPE_INT32}},
        {DUCKDB_TYPE_BIGINT, {.kind = TYPE_INT64}},
        {DUCKDB_TYPE_UTINYINT, {.kind = TYPE_INT16}},
        {DUCKDB_TYPE_USMALLINT, {.kind = TYPE_INT32}},
        {DUCKDB_TYPE_UINTEGER, {.kind = TYPE_INT64}},
        {DUCKDB_TYPE_UBIGINT, {.kind = TYPE_UINT64}},
        {DUCKDB_TYPE_HUGEINT, {.kind = TYPE_DECIMAL, .precision = 38}},
        {DUCKDB_TYPE_FLOAT, {.kind = TYPE_FLOAT32}},
        {DUCKDB_TYPE_DOUBLE, {.kind = TYPE_FLOAT64}},
        {DUCKDB_TYPE_DATE, {.kind = TYPE_DATE}},
        {DUCKDB_TYPE_TIMESTAMP, {.kind = TYPE_DATETIME, .scale = 6}},
        {DUCKDB_TYPE_TIMESTAMP_S, {.kind = TYPE_DATETIME, .scale = 6}},
        {DUCKDB_TYPE_TIMESTAMP_MS, {.kind = TYPE_DATETIME, .scale = 6}},
        {DUCKDB_TYPE_TIMESTAMP_TZ, {.kind = TYPE_INSTANT, .scale = 6}},
        {DUCKDB_TYPE_VARCHAR, {.kind = TYPE_TEXT}},
        {DUCKDB_TYPE_SQLNULL, {.kind = TYPE_TEXT}},
        {DUCKDB_TYPE_BLOB, {.kind = TYPE_BYTES}},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i].from == type) {
            *ret_type = types[i].to;
            return true;
        }
    }
    return false;
}

// Describes column `index` of the statement; is_text where it must be cast.
static Type rows_describe(duckdb_prepared_statement statement, idx_t index, RowsColumn *ret_column)
{
    duckdb_logical_type logical = duckdb_prepared_statement_column_logical_type(statement, index);
    Type type = {.kind = TYPE_TEXT};
    *ret_column = (RowsColumn){.type = duckdb_get_type_id(logical)};
    if (ret_column->type == DUCKDB_TYPE_DECIMAL) {
        ret_column->internal = duckdb_decimal_internal_type(logical);
        type = (Type){.kind = TYPE_DECIMAL,
                      .precision = duckdb_decimal_width(logical),
                      .scale = duckdb_decimal_scale(logical)};
    } else if (ret_column->type == DUCKDB_TYPE_SQLNULL
               || !rows_plain_type(ret_column->type, &type)) {
        ret_column->is_text = true;
    }
    duckdb_destroy_logical_type(&logical);
    return type;
}

// Fills schema and columns; whether some of them must be cast.
static bool rows_describe_all(DuckRows *rows)
{
    const idx_t count = duckdb_prepared_statement_column_count(rows->statement);
    bool has_texts = false;
    schema_done(&rows->schema);
    rows->columns = mem_grow(rows->columns, (count + 1) * sizeof(*rows->columns));
    for (idx_t i = 0; i < count; i++) {
        const char *name = duckdb_prepared_statement_column_name(rows->statement, i);
        const Type type = rows_describe(rows->statement, i, &rows->columns[i]);
        (void)schema_add(&rows->schema, name, type, /* nullable= */ true);
        duckdb_free((void *)(uintptr_t)name);
        has_texts = has_texts || rows->columns[i].is_text;
    }
    return has_texts;
}

// --- open -----------------------------------------------------------------------------------------------

static bool rows_prepare(DuckRows *rows, const char *sql, Err *err)
{
    duckdb_destroy_prepare(&rows->statement);
    return duckdb_prepare(duck_connection(rows->duck), sql, &rows->statement) == DuckDBSuccess
           || duck_fail(rows->duck, duckdb_prepare_error(rows->statement), err);
}

// The same query with the columns that weir has no type for as text.
static bool rows_prepare_texts(DuckRows *rows, const char *sql, Err *err)
{
    CLEANUP(buf_done) Buf cast = {0};
    for (size_t i = 0; i < rows->schema.count; i++) {
        buf_add_text(&cast, i == 0 ? "SELECT " : ", ");
        buf_add_format(&cast, rows->columns[i].is_text ? "CAST(#%zu AS VARCHAR) AS " : "#%zu AS ",
                       i + 1);
        duck_quote_name(rows->schema.fields[i].name, &cast);
    }
    buf_add_format(&cast, " FROM (\n%s\n)", sql);
    if (!buf_ok(&cast, "the query", err) || !rows_prepare(rows, buf_text(&cast), err)) {
        return false;
    }
    (void)rows_describe_all(rows);
    return true;
}

bool duck_rows_open(Duck *duck, const char *sql, DuckRows **ret_rows, Err *err)
{
    DuckRows *rows = mem_alloc(sizeof(*rows));
    rows->duck = duck;
    (void)pthread_mutex_init(&rows->lock, NULL);
    if (!rows_prepare(rows, sql, err)
        || (rows_describe_all(rows) && !rows_prepare_texts(rows, sql, err))) {
        duck_rows_free(rows);
        return false;
    }
    *ret_rows = rows;
    return true;
}

void duck_rows_free(DuckRows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < rows->reader_count; i++) {
        duckdb_destroy_data_chunk(&rows->readers[i].chunk);
        free(rows->readers[i].block);
    }
    free(rows->readers);
    if (rows->has_result) {
        duckdb_destroy_result(&rows->result);
    }
    duckdb_destroy_pending(&rows->pending);
    duckdb_destroy_prepare(&rows->statement);
    (void)pthread_mutex_destroy(&rows->lock);
    schema_done(&rows->schema);
    free(rows->columns);
    free(rows);
}

const Schema *duck_rows_schema(const DuckRows *rows)
{
    return &rows->schema;
}

bool duck_rows_begin(DuckRows *rows, size_t count, Err *err)
{
    assert(rows->reader_count == 0 && count > 0);
    if (duckdb_pending_prepared_streaming(rows->statement, &rows->pending) == DuckDBError) {
        return duck_fail(rows->duck, duckdb_pending_error(rows->pending), err);
    }
    rows->has_result = true;
    if (duckdb_execute_pending(rows->pending, &rows->result) == DuckDBError) {
        return duck_fail(rows->duck, duckdb_result_error(&rows->result), err);
    }
    rows->readers = mem_alloc(count * sizeof(*rows->readers));
    rows->reader_count = count;
    for (size_t i = 0; i < count; i++) {
        rows->readers[i].rows = rows;
        rows->readers[i].block =
            mem_alloc((ROWS_BLOCK * rows->schema.count + 1) * sizeof(*rows->readers[i].block));
    }
    return true;
}

DuckRowReader *duck_rows_reader(DuckRows *rows, size_t index)
{
    assert(index < rows->reader_count);
    return &rows->readers[index];
}

// --- cells ----------------------------------------------------------------------------------------------

static __int128 rows_hugeint(duckdb_hugeint value)
{
    return (__int128)(((unsigned __int128)(uint64_t)value.upper << 64) | value.lower);
}

static Value rows_dirty(void)
{
    return (Value){.state = VALUE_DIRTY, .dirty = DIRTY_OUT_OF_RANGE, .bytes = "", .len = 0};
}

static Value rows_time(int64_t usec)
{
    static const int64_t day = INT64_C(86400000000);
    const int64_t begin = civil_to_days(0, 1, 1) * day;
    const int64_t end = civil_to_days(10000, 1, 1) * day;
    return usec >= begin && usec < end ? (Value){.state = VALUE_SET, .i64 = usec} : rows_dirty();
}

static Value rows_date(int32_t days)
{
    return days >= civil_to_days(0, 1, 1) && days < civil_to_days(10000, 1, 1)
               ? (Value){.state = VALUE_SET, .i64 = days}
               : rows_dirty();
}

static Value rows_decimal(const RowsColumn *column, const void *data, size_t row)
{
    Value value = {.state = VALUE_SET};
    if (column->internal == DUCKDB_TYPE_SMALLINT) {
        value.i128 = ((const int16_t *)data)[row];
    } else if (column->internal == DUCKDB_TYPE_INTEGER) {
        value.i128 = ((const int32_t *)data)[row];
    } else if (column->internal == DUCKDB_TYPE_BIGINT) {
        value.i128 = ((const int64_t *)data)[row];
    } else {
        value.i128 = rows_hugeint(((const duckdb_hugeint *)data)[row]);
    }
    return value;
}

// A 128-bit integer as a decimal of 38 digits, which holds nearly all of them.
static Value rows_huge(duckdb_hugeint huge)
{
    __int128 limit = 1;
    for (int i = 0; i < 38; i++) {
        limit *= 10;
    }
    const __int128 value = rows_hugeint(huge);
    return value > -limit && value < limit ? (Value){.state = VALUE_SET, .i128 = value}
                                           : rows_dirty();
}

static Value rows_bytes(const void *data, size_t row)
{
    // C's interface takes what it does not change as if it did.
    duckdb_string_t *string = &((duckdb_string_t *)(uintptr_t)data)[row];
    return (Value){.state = VALUE_SET,
                   .bytes = duckdb_string_t_data(string),
                   .len = duckdb_string_t_length(*string)};
}

#define ROWS_FILL(expression)            \
    for (size_t i = 0; i < count; i++) { \
        const size_t row = begin + i;    \
        out[i * stride] = expression;    \
    }                                    \
    break

// Cells begin..begin+count of a vector, NULLs not looked at, into every stride'th value of `out`.
static void rows_fill(const RowsColumn *column, const void *data, size_t begin, size_t count,
                      Value *out, size_t stride)
{
    // One loop a type: this is where most of the time of this file goes.
    switch ((int)column->type) {
    case DUCKDB_TYPE_BOOLEAN:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const bool *)data)[row]}));
    case DUCKDB_TYPE_TINYINT:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const int8_t *)data)[row]}));
    case DUCKDB_TYPE_SMALLINT:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const int16_t *)data)[row]}));
    case DUCKDB_TYPE_INTEGER:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const int32_t *)data)[row]}));
    case DUCKDB_TYPE_BIGINT:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const int64_t *)data)[row]}));
    case DUCKDB_TYPE_UTINYINT:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const uint8_t *)data)[row]}));
    case DUCKDB_TYPE_USMALLINT:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const uint16_t *)data)[row]}));
    case DUCKDB_TYPE_UINTEGER:
        ROWS_FILL(((Value){.state = VALUE_SET, .i64 = ((const uint32_t *)data)[row]}));
    case DUCKDB_TYPE_UBIGINT:
        ROWS_FILL(((Value){.state = VALUE_SET, .u64 = ((const uint64_t *)data)[row]}));
    case DUCKDB_TYPE_HUGEINT:
        ROWS_FILL(rows_huge(((const duckdb_hugeint *)data)[row]));
    case DUCKDB_TYPE_FLOAT:
        ROWS_FILL(((Value){.state = VALUE_SET, .f64 = (double)((const float *)data)[row]}));
    case DUCKDB_TYPE_DOUBLE:
        ROWS_FILL(((Value){.state = VALUE_SET, .f64 = ((const double *)data)[row]}));
    case DUCKDB_TYPE_DECIMAL:
        ROWS_FILL(rows_decimal(column, data, row));
    case DUCKDB_TYPE_DATE:
        ROWS_FILL(rows_date(((const int32_t *)data)[row]));
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        ROWS_FILL(rows_time(((const int64_t *)data)[row]));
    case DUCKDB_TYPE_TIMESTAMP_S: {
        // A second count that leaves the range of microseconds is out of range as it is.
        ROWS_FILL(rows_time(((const int64_t *)data)[row] > INT64_MAX / 1000000
                                    || ((const int64_t *)data)[row] < INT64_MIN / 1000000
                                ? INT64_MAX
                                : ((const int64_t *)data)[row] * 1000000));
    }
    case DUCKDB_TYPE_TIMESTAMP_MS: {
        ROWS_FILL(rows_time(((const int64_t *)data)[row] > INT64_MAX / 1000
                                    || ((const int64_t *)data)[row] < INT64_MIN / 1000
                                ? INT64_MAX
                                : ((const int64_t *)data)[row] * 1000));
    }
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
        ROWS_FILL(rows_bytes(data, row));
    default:
        assert(false && "every other type is cast to text");
    }
}

static void rows_fill_block(DuckRowReader *reader)
{
    const DuckRows *rows = reader->rows;
    const size_t width = rows->schema.count;
    const size_t begin = reader->chunk_at;
    const size_t rest = reader->chunk_rows - begin;
    const size_t count = rest < ROWS_BLOCK ? rest : ROWS_BLOCK;
    for (size_t c = 0; c < width; c++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(reader->chunk, c);
        rows_fill(&rows->columns[c], duckdb_vector_get_data(vector), begin, count,
                  &reader->block[c], width);
        uint64_t *validity = duckdb_vector_get_validity(vector);
        for (size_t i = 0; validity != NULL && i < count; i++) {
            if (!duckdb_validity_row_is_valid(validity, begin + i)) {
                reader->block[i * width + c] = (Value){.state = VALUE_NULL};
            }
        }
    }
    reader->chunk_at += count;
    reader->block_rows = count;
    reader->block_at = 0;
}

// --- next -----------------------------------------------------------------------------------------------

// Takes the next chunk; the reader's is NULL at the end.
static bool rows_fetch(DuckRowReader *reader, Err *err)
{
    DuckRows *rows = reader->rows;
    (void)pthread_mutex_lock(&rows->lock);
    if (!rows->is_over) {
        reader->chunk = duckdb_fetch_chunk(rows->result);
        if (reader->chunk == NULL) {
            // The end and a failure in the middle of the stream look the same but for the message.
            const char *message = duckdb_result_error(&rows->result);
            rows->is_over = true;
            if (message != NULL && message[0] != '\0') {
                (void)duck_fail(rows->duck, message, &rows->error);
            }
        }
    }
    const bool done = rows->error.kind == FAIL_NONE;
    if (!done) {
        *err = rows->error;
    }
    (void)pthread_mutex_unlock(&rows->lock);
    reader->chunk_rows = reader->chunk == NULL ? 0 : duckdb_data_chunk_get_size(reader->chunk);
    reader->chunk_at = 0;
    return done;
}

bool duck_rows_next(void *object, const Value **ret_row, Err *err)
{
    DuckRowReader *reader = object;
    while (UNLIKELY(reader->block_at == reader->block_rows)) {
        if (reader->chunk_at == reader->chunk_rows) {
            duckdb_destroy_data_chunk(&reader->chunk);
            if (!rows_fetch(reader, err)) {
                return false;
            }
            if (reader->chunk == NULL) {
                *ret_row = NULL;
                return true;
            }
        }
        rows_fill_block(reader);
    }
    *ret_row = &reader->block[reader->block_at++ * reader->rows->schema.count];
    return true;
}

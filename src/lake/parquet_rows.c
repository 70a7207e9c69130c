// The table function that feeds COPY: DuckDB's scan threads pull our producers and write cells straight into
// DuckDB's vectors. This is the hot path of a batch run: no call into DuckDB per cell, no allocation per row.
//
// Text of up to 12 bytes lives in the vector's own slots. Longer text is copied once into a fixed arena of the
// thread, and what no longer fits there is not copied at all: the slot points into the producer's row and the
// chunk ends with that row. Both are right because the sink behind (COPY) copies a chunk's text into its row
// group before it asks for the next chunk, so a chunk lives exactly as long as our row does. Ending
// chunks by bytes is also what keeps memory bounded where rows are wide.
//
// DuckDB may run fewer scans than there are producers: a scan whose producer has ended takes the next one.
#include "base/base.h"

#include "lake/parquet_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/failpoint.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "text_slot packs bytes as a little-endian machine does");
static_assert(sizeof(duckdb_string_t) == 16, "text_slot writes DuckDB's string slots by hand");

#define ROWS_INLINE_MAX 12
#define ROWS_ARENA_BYTES ((size_t)512 << 10)

// How a cell is stored: the member of Value it comes from, and its width in the vector.
typedef enum CellForm {
    CELL_BOOL,
    CELL_INT8,
    CELL_INT16,
    CELL_INT32,
    CELL_INT64,
    CELL_UINT64_AS_INT128,
    CELL_FLOAT32,
    CELL_FLOAT64,
    CELL_DECIMAL16,
    CELL_DECIMAL32,
    CELL_DECIMAL64,
    CELL_DECIMAL128,
    CELL_BYTES,
} CellForm;

struct ParquetRows {
    const ParquetWrite *write;
    CellForm *forms;
    atomic_size_t producers_taken;
    atomic_bool has_failed;
    pthread_mutex_t lock;  // guards err
    Err err;
};

typedef struct RowsColumn {
    CellForm form;
    void *data;
    uint64_t *validity;  // NULL while the chunk has no NULL in this column
    duckdb_vector vector;
} RowsColumn;

typedef struct RowsThread {
    void *producer;  // NULL: none taken yet, or none left
    bool at_end;
    size_t arena_used;
    bool borrows;    // the chunk points into the producer's current row: it must end here
    char *arena;
    RowsColumn columns[];
} RowsThread;

// --- types ----------------------------------------------------------------------------------------------

static CellForm rows_form(Type type)
{
    switch (type.kind) {
    case TYPE_BOOL:
        return CELL_BOOL;
    case TYPE_INT8:
        return CELL_INT8;
    case TYPE_INT16:
        return CELL_INT16;
    case TYPE_INT32:
    case TYPE_DATE:
        return CELL_INT32;
    case TYPE_INT64:
    case TYPE_DATETIME:
    case TYPE_INSTANT:
        return CELL_INT64;
    case TYPE_UINT64:
        return CELL_UINT64_AS_INT128;
    case TYPE_FLOAT32:
        return CELL_FLOAT32;
    case TYPE_FLOAT64:
        return CELL_FLOAT64;
    case TYPE_DECIMAL:
        // DuckDB's physical widths.
        return type.precision <= 4    ? CELL_DECIMAL16
               : type.precision <= 9  ? CELL_DECIMAL32
               : type.precision <= 18 ? CELL_DECIMAL64
                                      : CELL_DECIMAL128;
    case TYPE_TEXT:
    case TYPE_BYTES:
        return CELL_BYTES;
    }
    assert(false);
    return CELL_BYTES;
}

static duckdb_logical_type rows_logical_type(Type type)
{
    switch (type.kind) {
    case TYPE_BOOL:
        return duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    case TYPE_INT8:
        return duckdb_create_logical_type(DUCKDB_TYPE_TINYINT);
    case TYPE_INT16:
        return duckdb_create_logical_type(DUCKDB_TYPE_SMALLINT);
    case TYPE_INT32:
        return duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
    case TYPE_INT64:
        return duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    case TYPE_UINT64:
        return duckdb_create_decimal_type(20, 0);
    case TYPE_FLOAT32:
        return duckdb_create_logical_type(DUCKDB_TYPE_FLOAT);
    case TYPE_FLOAT64:
        return duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
    case TYPE_DECIMAL:
        return duckdb_create_decimal_type(type.precision, type.scale);
    case TYPE_DATE:
        return duckdb_create_logical_type(DUCKDB_TYPE_DATE);
    case TYPE_DATETIME:
        return duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP);
    case TYPE_INSTANT:
        return duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP_TZ);
    case TYPE_TEXT:
        return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    case TYPE_BYTES:
        return duckdb_create_logical_type(DUCKDB_TYPE_BLOB);
    }
    assert(false);
    return NULL;
}

// --- cells ----------------------------------------------------------------------------------------------

static inline uint64_t load_u64(const char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t load_u32(const char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

// Bytes of a text of at most 12 as two words filled up with zeros, never reading past its end: overlapping
// loads instead of a memcpy call of unknown length.
static inline void text_pack(const char *bytes, size_t len, uint64_t *ret_low, uint32_t *ret_high)
{
    if (len >= 8) {
        *ret_low = load_u64(bytes);
        *ret_high = len == 8 ? 0 : load_u32(bytes + len - 4) >> (8 * (ROWS_INLINE_MAX - len));
        return;
    }
    *ret_high = 0;
    if (len >= 4) {
        *ret_low = load_u32(bytes) | (uint64_t)load_u32(bytes + len - 4) << (8 * (len - 4));
        return;
    }
    *ret_low = 0;
    if (len > 0) {
        *ret_low = (uint64_t)(unsigned char)bytes[0] | (uint64_t)(unsigned char)bytes[len / 2] << (8 * (len / 2)) |
                   (uint64_t)(unsigned char)bytes[len - 1] << (8 * (len - 1));
    }
}

static inline void text_slot(RowsThread *thread, duckdb_string_t *slot, const char *bytes, size_t len)
{
    slot->value.inlined.length = (uint32_t)len;
    if (LIKELY(len <= ROWS_INLINE_MAX)) {
        uint64_t low;
        uint32_t high;
        text_pack(bytes, len, &low, &high);
        memcpy(slot->value.inlined.inlined, &low, sizeof(low));
        memcpy(slot->value.inlined.inlined + sizeof(low), &high, sizeof(high));
        return;
    }
    // A cast through uintptr_t: the slot's pointer is not const, but nobody writes through it.
    char *text = (char *)(uintptr_t)bytes;
    if (LIKELY(len <= ROWS_ARENA_BYTES - thread->arena_used)) {
        text = thread->arena + thread->arena_used;
        memcpy(text, bytes, len);
        thread->arena_used += len;
    } else {
        thread->borrows = true;
    }
    memcpy(slot->value.pointer.prefix, bytes, sizeof(slot->value.pointer.prefix));
    slot->value.pointer.ptr = text;
}

static void rows_set_null(RowsColumn *column, size_t index)
{
    if (column->validity == NULL) {
        duckdb_vector_ensure_validity_writable(column->vector);
        column->validity = duckdb_vector_get_validity(column->vector);
    }
    column->validity[index / 64] &= ~((uint64_t)1 << (index % 64));
}

// Writes the row at `index`; SIZE_MAX, or the column of a dirty cell, where it stopped.
static inline size_t rows_put(RowsThread *thread, size_t column_count, const Value *row, size_t index)
{
    for (size_t i = 0; i < column_count; i++) {
        const Value *value = &row[i];
        RowsColumn *column = &thread->columns[i];
        if (UNLIKELY(value->state != VALUE_SET)) {
            if (value->state == VALUE_DIRTY) {
                return i;
            }
            rows_set_null(column, index);
            continue;
        }
        switch (column->form) {
        case CELL_BOOL:
            ((bool *)column->data)[index] = value->i64 != 0;
            break;
        case CELL_INT8:
            ((int8_t *)column->data)[index] = (int8_t)value->i64;
            break;
        case CELL_INT16:
            ((int16_t *)column->data)[index] = (int16_t)value->i64;
            break;
        case CELL_INT32:
            ((int32_t *)column->data)[index] = (int32_t)value->i64;
            break;
        case CELL_INT64:
            ((int64_t *)column->data)[index] = value->i64;
            break;
        case CELL_UINT64_AS_INT128:
            ((duckdb_hugeint *)column->data)[index] = (duckdb_hugeint){.lower = value->u64, .upper = 0};
            break;
        case CELL_FLOAT32:
            ((float *)column->data)[index] = (float)value->f64;
            break;
        case CELL_FLOAT64:
            ((double *)column->data)[index] = value->f64;
            break;
        case CELL_DECIMAL16:
            ((int16_t *)column->data)[index] = (int16_t)value->i128;
            break;
        case CELL_DECIMAL32:
            ((int32_t *)column->data)[index] = (int32_t)value->i128;
            break;
        case CELL_DECIMAL64:
            ((int64_t *)column->data)[index] = (int64_t)value->i128;
            break;
        case CELL_DECIMAL128:
            ((duckdb_hugeint *)column->data)[index] = (duckdb_hugeint){
                .lower = (uint64_t)value->i128, .upper = (int64_t)(value->i128 >> 64)};
            break;
        case CELL_BYTES:
            text_slot(thread, &((duckdb_string_t *)column->data)[index], value->bytes, value->len);
            break;
        }
    }
    return SIZE_MAX;
}

// Takes back a row that was begun at `index`: what it set to NULL is valid again for the next one there.
static void rows_take_back(RowsThread *thread, size_t column_count, size_t index)
{
    for (size_t i = 0; i < column_count; i++) {
        RowsColumn *column = &thread->columns[i];
        if (column->validity != NULL) {
            column->validity[index / 64] |= (uint64_t)1 << (index % 64);
        }
    }
}

// --- the function ---------------------------------------------------------------------------------------

static void rows_keep_error(ParquetRows *rows, const Err *err)
{
    (void)pthread_mutex_lock(&rows->lock);
    if (rows->err.kind == FAIL_NONE) {
        rows->err = *err;
    }
    (void)pthread_mutex_unlock(&rows->lock);
    atomic_store(&rows->has_failed, true);
}

bool parquet_rows_failed(ParquetRows *rows, Err *ret_err)
{
    if (!atomic_load(&rows->has_failed)) {
        return false;
    }
    (void)pthread_mutex_lock(&rows->lock);
    *ret_err = rows->err;
    (void)pthread_mutex_unlock(&rows->lock);
    return true;
}

// The thread's producer, or the next one that nobody has; NULL where all are taken.
static void *rows_take_producer(ParquetRows *rows)
{
    const size_t index = atomic_fetch_add(&rows->producers_taken, 1);
    return index < rows->write->producer_count ? rows->write->producers[index] : NULL;
}

static void rows_begin_chunk(RowsThread *thread, size_t column_count, duckdb_data_chunk chunk)
{
    for (size_t i = 0; i < column_count; i++) {
        RowsColumn *column = &thread->columns[i];
        column->vector = duckdb_data_chunk_get_vector(chunk, i);
        column->data = duckdb_vector_get_data(column->vector);
        column->validity = NULL;
    }
    thread->arena_used = 0;
    thread->borrows = false;
}

// Fills the chunk; its number of rows in *ret_count, 0 only at the end of everything.
static bool rows_fill(ParquetRows *rows, RowsThread *thread, size_t capacity, size_t *ret_count, Err *err)
{
    const ParquetNext next = rows->write->next;
    const size_t column_count = rows->write->schema->count;
    size_t count = 0;
    while (count < capacity && !thread->borrows && !thread->at_end) {
        const Value *row = NULL;
        if (thread->producer != NULL && !next(thread->producer, &row, err)) {
            return false;
        }
        if (UNLIKELY(row == NULL)) {
            thread->producer = rows_take_producer(rows);
            thread->at_end = thread->producer == NULL;
            continue;
        }
        const size_t dirty = rows_put(thread, column_count, row, count);
        if (UNLIKELY(dirty != SIZE_MAX)) {
            assert(rows->write->dirty != NULL);
            rows_take_back(thread, column_count, count);
            thread->borrows = false;
            if (!rows->write->dirty(thread->producer, row, dirty, err)) {
                return false;
            }
            continue;
        }
        count++;
    }
    *ret_count = count;
    return true;
}

static void rows_function(duckdb_function_info info, duckdb_data_chunk output)
{
    ParquetRows *rows = duckdb_function_get_extra_info(info);
    RowsThread *thread = duckdb_function_get_local_init_data(info);
    Err err = {0};
    size_t count = 0;
    if (atomic_load_explicit(&rows->has_failed, memory_order_relaxed)) {
        duckdb_function_set_error(info, "another thread failed");
        return;
    }
    rows_begin_chunk(thread, rows->write->schema->count, output);
    if ((rows->write->cancel != NULL && !cancel_check(rows->write->cancel, &err)) ||
        !rows_fill(rows, thread, duckdb_vector_size(), &count, &err)) {
        rows_keep_error(rows, &err);
        duckdb_function_set_error(info, "a row could not be read");
        return;
    }
    duckdb_data_chunk_set_size(output, count);
    failpoint("files-during");
}

static void rows_bind(duckdb_bind_info info)
{
    const ParquetRows *rows = duckdb_bind_get_extra_info(info);
    const Schema *schema = rows->write->schema;
    for (size_t i = 0; i < schema->count; i++) {
        duckdb_logical_type type = rows_logical_type(schema->fields[i].type);
        duckdb_bind_add_result_column(info, schema->fields[i].name, type);
        duckdb_destroy_logical_type(&type);
    }
    // Nothing is known of the row count; without a number DuckDB takes the table for one row and may run it on
    // one thread.
    duckdb_bind_set_cardinality(info, (idx_t)1 << 40, false);
}

static void rows_init(duckdb_init_info info)
{
    const ParquetRows *rows = duckdb_init_get_extra_info(info);
    duckdb_init_set_max_threads(info, rows->write->producer_count);
}

static void rows_thread_free(void *object)
{
    RowsThread *thread = object;
    free(thread->arena);
    free(thread);
}

static void rows_init_thread(duckdb_init_info info)
{
    const ParquetRows *rows = duckdb_init_get_extra_info(info);
    const size_t column_count = rows->write->schema->count;
    RowsThread *thread = mem_alloc(sizeof(*thread) + column_count * sizeof(thread->columns[0]));
    thread->arena = mem_alloc(ROWS_ARENA_BYTES);
    for (size_t i = 0; i < column_count; i++) {
        thread->columns[i].form = rows->forms[i];
    }
    duckdb_init_set_init_data(info, thread, rows_thread_free);
}

ParquetRows *parquet_rows_new(const ParquetWrite *write)
{
    ParquetRows *rows = mem_alloc(sizeof(*rows));
    rows->write = write;
    rows->forms = mem_alloc(write->schema->count * sizeof(*rows->forms));
    for (size_t i = 0; i < write->schema->count; i++) {
        rows->forms[i] = rows_form(write->schema->fields[i].type);
    }
    (void)pthread_mutex_init(&rows->lock, NULL);
    return rows;
}

void parquet_rows_free(ParquetRows *rows)
{
    if (rows == NULL) {
        return;
    }
    (void)pthread_mutex_destroy(&rows->lock);
    free(rows->forms);
    free(rows);
}

bool parquet_rows_register(ParquetRows *rows, duckdb_connection connection, Err *err)
{
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, PARQUET_ROWS_FUNCTION);
    duckdb_table_function_set_extra_info(function, rows, NULL);
    duckdb_table_function_set_bind(function, rows_bind);
    duckdb_table_function_set_init(function, rows_init);
    duckdb_table_function_set_local_init(function, rows_init_thread);
    duckdb_table_function_set_function(function, rows_function);
    const duckdb_state state = duckdb_register_table_function(connection, function);
    duckdb_destroy_table_function(&function);
    return state == DuckDBSuccess || fail(err, FAIL_INTERNAL, "duckdb refused the table function");
}

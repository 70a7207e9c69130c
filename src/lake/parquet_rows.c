// Gathering sees every cell of every row, so it is one loop over the columns with nothing called
// but to grow an array. Short texts are copied by two loads that may overlap, as a call would cost
// more than the copy.
#include "base/base.h"

#include "lake/parquet_rows.h"

#define CAPACITY_MIN 64
#define BYTES_MIN 1024
#define COLD __attribute__((noinline, cold))
#define INLINE static inline __attribute__((always_inline))

static GatherForm gather_form(Type type, ParquetPhysical physical)
{
    switch (physical) {
    case PARQUET_BOOLEAN:
    case PARQUET_INT32:
    case PARQUET_INT64:
        return type.kind == TYPE_DECIMAL ? GATHER_DECIMAL : GATHER_INT;
    case PARQUET_FLOAT:
    case PARQUET_DOUBLE:
        return GATHER_DOUBLE;
    case PARQUET_FIXED:
        return type.kind == TYPE_UINT64 ? GATHER_UINT64 : GATHER_WIDE;
    case PARQUET_BYTE_ARRAY:
        return GATHER_BYTES;
    }
    assert(false);
    return GATHER_INT;
}

static uint32_t value_size(GatherForm form)
{
    switch (form) {
    case GATHER_INT:
    case GATHER_DECIMAL:
        return sizeof(int64_t);
    case GATHER_DOUBLE:
        return sizeof(double);
    case GATHER_WIDE:
    case GATHER_UINT64:
        return sizeof(__int128);
    case GATHER_BYTES:
        return sizeof(uint32_t);
    }
    assert(false);
    return 0;
}

void parquet_rows_init(ParquetRows *gathered, const Schema *schema)
{
    *gathered = (ParquetRows){.column_count = schema->count};
    gathered->columns = mem_alloc(schema->count * sizeof(*gathered->columns));
    for (size_t i = 0; i < schema->count; i++) {
        ParquetColumn *column = &gathered->columns[i];
        column->type = schema->fields[i].type;
        column->physical = parquet_physical(column->type);
        column->form = gather_form(column->type, column->physical);
        column->value_size = value_size(column->form);
    }
}

void parquet_rows_done(ParquetRows *gathered)
{
    for (size_t i = 0; i < gathered->column_count; i++) {
        free(gathered->columns[i].levels);
        free(gathered->columns[i].values);
        free(gathered->columns[i].bytes);
    }
    free(gathered->columns);
    *gathered = (ParquetRows){0};
}

// Rows change: kept whole, what each column needed in its largest row group would add up to a
// multiple of a row group.
static bool is_spare(size_t capacity, size_t used)
{
    return capacity / 2 > used;
}

static void column_clear(ParquetColumn *column)
{
    free(column->levels);
    column->levels = NULL;
    column->level_capacity = 0;
    if (is_spare(column->capacity, column->count)) {
        free(column->values);
        column->values = NULL;
        column->capacity = 0;
    }
    if (is_spare(column->byte_capacity, column->byte_count)) {
        free(column->bytes);
        column->bytes = NULL;
        column->byte_capacity = 0;
    }
    column->count = 0;
    column->byte_count = 0;
}

void parquet_rows_clear(ParquetRows *gathered)
{
    for (size_t i = 0; i < gathered->column_count; i++) {
        column_clear(&gathered->columns[i]);
    }
    gathered->count = 0;
    gathered->bytes = 0;
}

// The level of the row that is being added, after `rows` others. The first NULL makes the levels of
// all rows before it.
static void column_set_level(ParquetColumn *column, size_t rows, uint16_t level)
{
    if (UNLIKELY(rows >= column->level_capacity)) {
        const bool is_first = column->levels == NULL;
        column->level_capacity = (rows + CAPACITY_MIN) * 2;
        column->levels = mem_grow(column->levels, column->level_capacity * sizeof(*column->levels));
        for (size_t i = 0; is_first && i < rows; i++) {
            column->levels[i] = 1;
        }
    }
    column->levels[rows] = level;
}

COLD static void column_grow(ParquetColumn *column)
{
    column->capacity = column->capacity == 0 ? CAPACITY_MIN : column->capacity * 2;
    column->values = mem_grow(column->values, column->capacity * column->value_size);
}

COLD static void column_grow_bytes(ParquetColumn *column, size_t len)
{
    const size_t needed = column->byte_count + len;
    column->byte_capacity = needed + needed / 4 + BYTES_MIN;
    column->bytes = mem_grow(column->bytes, column->byte_capacity);
}

INLINE void copy_bytes(char *to, const char *from, size_t len)
{
    if (len > 16) {
        memcpy(to, from, len);
    } else if (len >= 8) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + len - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + len - 8, &tail, 8);
    } else if (len >= 4) {
        uint32_t head, tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + len - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + len - 4, &tail, 4);
    } else if (len > 0) {
        const char middle = from[len >> 1];
        const char last = from[len - 1];
        to[0] = from[0];
        to[len >> 1] = middle;
        to[len - 1] = last;
    }
}

INLINE void column_add_bytes(ParquetColumn *column, const Value *value)
{
    // Not NULL even where all values are empty: it is compared, hashed and copied from.
    if (UNLIKELY(value->len >= column->byte_capacity - column->byte_count)) {
        column_grow_bytes(column, value->len);
    }
    copy_bytes(column->bytes + column->byte_count, value->bytes, value->len);
    column->byte_count += value->len;
    column->lens[column->count] = (uint32_t)value->len;
}

// Takes the cells of a row back out of the columns before `end`.
COLD static void rows_undo(ParquetRows *gathered, const Value *row, size_t end)
{
    for (size_t i = 0; i < end; i++) {
        ParquetColumn *column = &gathered->columns[i];
        if (row[i].state == VALUE_NULL) {
            gathered->bytes -= sizeof(*column->levels);
            continue;
        }
        column->count--;
        gathered->bytes -= column->value_size;
        if (column->form == GATHER_BYTES) {
            column->byte_count -= row[i].len;
            gathered->bytes -= row[i].len;
        }
    }
}

size_t parquet_rows_add(ParquetRows *gathered, const Value *row)
{
    const size_t rows = gathered->count;
    size_t bytes = 0;
    for (size_t i = 0; i < gathered->column_count; i++) {
        ParquetColumn *column = &gathered->columns[i];
        const Value *value = &row[i];
        if (value->state != VALUE_SET) {
            if (UNLIKELY(value->state == VALUE_DIRTY)) {
                gathered->bytes += bytes;
                rows_undo(gathered, row, i);
                return i;
            }
            column_set_level(column, rows, 0);
            bytes += sizeof(*column->levels);
            continue;
        }
        if (column->levels != NULL) {
            column_set_level(column, rows, 1);
        }
        if (UNLIKELY(column->count == column->capacity)) {
            column_grow(column);
        }
        switch (column->form) {
        case GATHER_INT:
            column->ints[column->count] = value->i64;
            break;
        case GATHER_DECIMAL:
            column->ints[column->count] = (int64_t)value->i128;
            break;
        case GATHER_DOUBLE:
            column->doubles[column->count] = value->f64;
            break;
        case GATHER_WIDE:
            column->wide[column->count] = value->i128;
            break;
        case GATHER_UINT64:
            column->wide[column->count] = (__int128)value->u64;
            break;
        case GATHER_BYTES:
            column_add_bytes(column, value);
            bytes += value->len;
            break;
        }
        column->count++;
        bytes += column->value_size;
    }
    gathered->count++;
    gathered->bytes += bytes;
    return SIZE_MAX;
}

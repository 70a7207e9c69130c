// Pulling rows from a reader. Where the plan is free the reader's row goes through untouched, and a
// dirty cell is found by the writer, which looks at every cell's state anyway. Otherwise a row is
// built cell by cell.
#include "base/base.h"

#include "sink/lake/rows.h"

#include "sink/lake/convert.h"

#define ROWS_COUNT_EVERY 4096
#define FOLDER_NAME_MAX 255  // of Linux's file systems

struct LakeRowsShared {
    const LakePlan *plan;
    const Schema *source;
    const size_t *key;
    size_t key_count;
    Reject *reject;
    Counters *counters;
};

struct LakeRows {
    LakeRowsShared *shared;
    RowReader *reader;
    uint64_t uncounted;
    size_t cell_count;  // columns of the files, and parts where any is dynamic
    Value *row;         // unused where the plan is free
    Buf *texts;         // one a cell, for those that become text
    Buf *converted;     // one a cell, for the value that a part's text is made of
};

// --- cells ----------------------------------------------------------------------------------------------

// The text must be able to name a folder once it is escaped; every byte that is no letter or digit
// is taken to need it.
static bool partition_text_fits(const char *column, const char *text, size_t len)
{
    size_t size = strlen(column) * 3 + 1;
    for (size_t i = 0; i < len; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte == 0) {
            return false;
        }
        const bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z')
                              || (byte >= 'a' && byte <= 'z');
        size += is_plain ? 1 : 3;
    }
    return len > 0 && size <= FOLDER_NAME_MAX;
}

static DirtyReason rows_partition_cell(LakeRows *rows, const PlanPart *part, const Value *source,
                                       size_t at)
{
    if (part->value != NULL) {
        rows->row[at] =
            (Value){.state = VALUE_SET, .bytes = part->value, .len = strlen(part->value)};
        return DIRTY_NONE;
    }
    const Value *value = &source[part->source];
    if (value->state == VALUE_DIRTY) {
        return value->dirty;
    }
    if (value->state == VALUE_NULL) {
        return DIRTY_PARTITION;
    }
    Value converted;
    const DirtyReason reason =
        convert_value(value, part->from, part->to, &rows->converted[at], &converted);
    if (reason != DIRTY_NONE) {
        return reason;
    }
    Value text = converted;
    if (part->to.kind != TYPE_TEXT) {
        buf_clear(&rows->texts[at]);
        value_to_text(&converted, part->to, &rows->texts[at]);
        text = (Value){
            .state = VALUE_SET, .bytes = buf_text(&rows->texts[at]), .len = rows->texts[at].len};
    }
    if (!partition_text_fits(part->column, text.bytes, text.len)) {
        return DIRTY_PARTITION;
    }
    rows->row[at] = text;
    return DIRTY_NONE;
}

static DirtyReason rows_cell(LakeRows *rows, const PlanColumn *column, const Value *source,
                             size_t at)
{
    const Value *value = &source[column->source];
    if (value->state == VALUE_DIRTY) {
        return value->dirty;
    }
    if (value->state == VALUE_NULL) {
        rows->row[at] = *value;
        return column->is_key ? DIRTY_KEY : column->nullable ? DIRTY_NONE : DIRTY_NULL;
    }
    if (column->is_free) {
        rows->row[at] = *value;
        return DIRTY_NONE;
    }
    return convert_value(value, column->from, column->to, &rows->texts[at], &rows->row[at]);
}

// Builds the row; the reason and the source's column where a cell does not fit.
static DirtyReason rows_build(LakeRows *rows, const Value *source, size_t *ret_column)
{
    const LakePlan *plan = rows->shared->plan;
    for (size_t i = 0; i < plan->column_count; i++) {
        const DirtyReason reason = rows_cell(rows, &plan->columns[i], source, i);
        if (reason != DIRTY_NONE) {
            *ret_column = plan->columns[i].source;
            return reason;
        }
    }
    for (size_t i = 0; plan->dynamic_count > 0 && i < plan->part_count; i++) {
        const DirtyReason reason =
            rows_partition_cell(rows, &plan->parts[i], source, plan->column_count + i);
        if (reason != DIRTY_NONE) {
            *ret_column = plan->parts[i].source;
            return reason;
        }
    }
    return DIRTY_NONE;
}

// --- rows -----------------------------------------------------------------------------------------------

static void rows_count(LakeRows *rows)
{
    counter_add(&rows->shared->counters->rows_written, rows->uncounted);
    rows->uncounted = 0;
}

static bool rows_reject(LakeRows *rows, const Value *source, size_t column, DirtyReason reason,
                        Err *err)
{
    const LakeRowsShared *shared = rows->shared;
    return reject_row(shared->reject, shared->source, source, column, reason, shared->key,
                      shared->key_count, err);
}

bool lake_rows_dirty(void *producer, const Value *row, size_t column, Err *err)
{
    LakeRows *rows = producer;
    assert(rows->shared->plan->is_free);
    // It was counted when it was handed out, as the last thing, so there is something to take away.
    rows->uncounted--;
    return rows_reject(rows, row, column, row[column].dirty, err);
}

static bool rows_next_built(LakeRows *rows, const Value **ret_row, Err *err)
{
    for (;;) {
        const Value *source = NULL;
        if (!rows->reader->next(rows->reader, &source, err)) {
            return false;
        }
        if (source == NULL) {
            *ret_row = NULL;
            return true;
        }
        size_t column = 0;
        const DirtyReason reason = rows_build(rows, source, &column);
        if (reason == DIRTY_NONE) {
            *ret_row = rows->row;
            return true;
        }
        if (!rows_reject(rows, source, column, reason, err)) {
            return false;
        }
    }
}

bool lake_rows_next(void *producer, const Value **ret_row, Err *err)
{
    LakeRows *rows = producer;
    const bool done = rows->shared->plan->is_free ? rows->reader->next(rows->reader, ret_row, err)
                                                  : rows_next_built(rows, ret_row, err);
    if (UNLIKELY(!done || *ret_row == NULL)) {
        rows_count(rows);
        return done;
    }
    if (UNLIKELY(rows->uncounted >= ROWS_COUNT_EVERY)) {
        rows_count(rows);
    }
    rows->uncounted++;
    return true;
}

LakeRows *lake_rows_new(LakeRowsShared *shared, RowReader *reader)
{
    const LakePlan *plan = shared->plan;
    const size_t count = plan->column_count + (plan->dynamic_count > 0 ? plan->part_count : 0);
    LakeRows *rows = mem_alloc(sizeof(*rows));
    rows->shared = shared;
    rows->reader = reader;
    rows->cell_count = count;
    rows->row = mem_alloc(count * sizeof(*rows->row));
    rows->texts = mem_alloc(count * sizeof(*rows->texts));
    rows->converted = mem_alloc(count * sizeof(*rows->converted));
    return rows;
}

void lake_rows_free(LakeRows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < rows->cell_count; i++) {
        buf_done(&rows->texts[i]);
        buf_done(&rows->converted[i]);
    }
    free(rows->texts);
    free(rows->converted);
    free(rows->row);
    free(rows);
}

LakeRowsShared *lake_rows_shared_new(const LakePlan *plan, const Schema *source, const size_t *key,
                                     size_t key_count, Reject *reject, Counters *counters)
{
    LakeRowsShared *shared = mem_alloc(sizeof(*shared));
    *shared = (LakeRowsShared){.plan = plan,
                               .source = source,
                               .key = key,
                               .key_count = key_count,
                               .reject = reject,
                               .counters = counters};
    return shared;
}

void lake_rows_shared_free(LakeRowsShared *shared)
{
    free(shared);
}

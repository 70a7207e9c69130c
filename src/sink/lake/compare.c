// The source's side is what a load pulls: the same rows.c converts, rejects and names partitions.
// The target's side is the table's view in DuckDB, of the files that lie in the job's partitions.
//
// Columns that only one side has are not compared: what a load would do about them is told by the
// plan, and a table is not wrong for a column that came later.
#include "base/base.h"

#include "sink/lake/compare.h"

#include "lake/duck_rows.h"
#include "lake/sql/table_view.h"
#include "record/row_hash.h"
#include "sink/lake/rows.h"

// With less DuckDB may not read a file of wide rows.
#define DUCK_BYTES_MIN ((uint64_t)64 << 20)

typedef struct SourceStream {
    LakeCompare *compare;
    LakeRows *rows;
} SourceStream;

typedef struct TargetStream {
    LakeCompare *compare;
    DuckRowReader *reader;
    Value *row;  // unused where the table has no part that is to become text
    Buf *texts;  // one a part
} TargetStream;

typedef struct Side {
    Schema schema;
    size_t *columns;
    void **streams;
    size_t stream_count;
} Side;

struct LakeCompare {
    const Job *job;
    const DeltaTable *table;
    const LakePlan *plan;
    const Schema *source;
    const size_t *key;
    size_t key_count;
    CompareInfo info;
    CompareParts parts;

    Side from;
    LakeRowsShared *shared;
    Partitions *named;  // by the source's rows, where all parts come from them
    bool is_named;      // the source was read once: they are known

    Side to;
    Duck *duck;
    DuckRows *rows;
    Cancel *stop;  // that interrupts the duck
    bool has_part_texts;
};

// --- columns --------------------------------------------------------------------------------------------

// Adds a column that both sides have; `field` is its place in the source's rows.
static void compare_add_column(LakeCompare *compare, const char *name, Type type, size_t field)
{
    CompareInfo *info = &compare->info;
    compare->from.columns[info->columns.count] = field;
    compare->to.columns[info->columns.count] = info->columns.count;
    (void)schema_add(&info->columns, name, type, /* nullable= */ true);
}

// The place among the compared columns of what the plan makes of a column of the source.
static size_t compare_place_of(const LakeCompare *compare, size_t source)
{
    const LakePlan *plan = compare->plan;
    for (size_t i = 0; i < compare->info.columns.count; i++) {
        const size_t field = compare->from.columns[i];
        const size_t from = field < plan->column_count
                                ? plan->columns[field].source
                                : plan->parts[field - plan->column_count].source;
        const bool is_literal =
            field >= plan->column_count && plan->parts[field - plan->column_count].value != NULL;
        if (from == source && !is_literal) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void compare_find_key(LakeCompare *compare)
{
    CompareInfo *info = &compare->info;
    info->key = mem_alloc((compare->key_count + 1) * sizeof(*info->key));
    for (size_t i = 0; i < compare->key_count; i++) {
        const size_t place = compare_place_of(compare, compare->key[i]);
        if (place == SIZE_MAX) {
            info->key_count = 0;  // half a key is none
            return;
        }
        info->key[info->key_count++] = place;
    }
}

static void compare_find_columns(LakeCompare *compare)
{
    static const Type text_type = {.kind = TYPE_TEXT};
    const LakePlan *plan = compare->plan;
    const size_t count = plan->column_count + plan->part_count;
    compare->from.columns = mem_alloc((count + 1) * sizeof(*compare->from.columns));
    compare->to.columns = mem_alloc((count + 1) * sizeof(*compare->to.columns));
    schema_copy(&plan->files, &compare->from.schema);
    for (size_t i = 0; i < plan->column_count; i++) {
        const size_t at = schema_find(&compare->table->schema, plan->files.fields[i].name);
        if (at != SIZE_MAX) {
            const Field *field = &compare->table->schema.fields[at];
            compare_add_column(compare, field->name, field->type, i);
        }
    }
    for (size_t i = 0; plan->dynamic_count > 0 && i < plan->part_count; i++) {
        (void)schema_add(&compare->from.schema, plan->parts[i].column, text_type, true);
        compare_add_column(compare, plan->parts[i].column, text_type, plan->column_count + i);
    }
}

static bool compare_open(LakeCompare *compare, Err *err)
{
    const DeltaTable *table = compare->table;
    if (table->version < 0) {
        (void)fail(err, FAIL_TARGET, "there is no table \"%s\" to compare with", table->path);
        return fail_hint(err, "Run the job first.");
    }
    if (!compare_parts_open(table, compare->plan, compare->source, &compare->parts, err)) {
        return false;
    }
    compare_find_columns(compare);
    if (compare->info.columns.count == 0) {
        return fail(err, FAIL_TARGET, "the table \"%s\" has no column of the source", table->path);
    }
    compare_find_key(compare);
    const LakePlan *plan = compare->plan;
    if (plan->part_count > 0 && plan->dynamic_count == plan->part_count) {
        compare->named = partitions_new(plan->part_count);
    }
    return true;
}

static void compare_fill_info(LakeCompare *compare)
{
    CompareInfo *info = &compare->info;
    info->counts_extra = compare->job->target.mode == WRITE_OVERWRITE;
    info->location = compare->table->path;
    info->partition = compare->parts.text;
    info->version = compare->table->version;
    info->files = compare->parts.files;
    info->written_usec = compare->parts.modified_ms * 1000;
}

bool lake_compare_new(const Job *job, const DeltaTable *table, const LakePlan *plan,
                      const Schema *source, const size_t *key, size_t key_count,
                      LakeCompare **ret_compare, Err *err)
{
    LakeCompare *compare = mem_alloc(sizeof(*compare));
    *compare = (LakeCompare){.job = job,
                             .table = table,
                             .plan = plan,
                             .source = source,
                             .key = key,
                             .key_count = key_count};
    if (!compare_open(compare, err)) {
        lake_compare_free(compare);
        return false;
    }
    compare_fill_info(compare);
    *ret_compare = compare;
    return true;
}

const CompareInfo *lake_compare_info(const LakeCompare *compare)
{
    return &compare->info;
}

// --- the source's side ----------------------------------------------------------------------------------

static void source_end(LakeCompare *compare)
{
    Side *side = &compare->from;
    for (size_t i = 0; i < side->stream_count; i++) {
        SourceStream *stream = side->streams[i];
        lake_rows_free(stream->rows);
        free(stream);
    }
    free(side->streams);
    side->streams = NULL;
    side->stream_count = 0;
    lake_rows_shared_free(compare->shared);
    compare->shared = NULL;
}

// The first dirty cell of a row that was passed through, which a writer would find.
static size_t source_dirty_cell(const LakePlan *plan, const Value *row)
{
    for (size_t i = 0; i < plan->column_count; i++) {
        if (UNLIKELY(row[i].state == VALUE_DIRTY)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool source_next(void *object, const Value **ret_row, Err *err)
{
    SourceStream *stream = object;
    LakeCompare *compare = stream->compare;
    const LakePlan *plan = compare->plan;
    for (;;) {
        const Value *row = NULL;
        if (!lake_rows_next(stream->rows, &row, err)) {
            return false;
        }
        const size_t dirty =
            row == NULL || !plan->is_free ? SIZE_MAX : source_dirty_cell(plan, row);
        if (LIKELY(dirty == SIZE_MAX)) {
            size_t number = 0;
            *ret_row = row;
            return row == NULL || compare->named == NULL || compare->is_named
                   || partitions_find(compare->named, row + plan->column_count, &number, err);
        }
        if (!lake_rows_dirty(stream->rows, row, dirty, err)) {
            return false;
        }
    }
}

static void source_begin(LakeCompare *compare, const LoadInput *input)
{
    Side *side = &compare->from;
    source_end(compare);
    const SourceOps *source = input->source->ops;
    const size_t count = (size_t)source->reader_count(input->source);
    compare->shared = lake_rows_shared_new(compare->plan, compare->source, compare->key,
                                           compare->key_count, input->reject, input->counters);
    side->streams = mem_alloc(count * sizeof(*side->streams));
    for (size_t i = 0; i < count; i++) {
        SourceStream *stream = mem_alloc(sizeof(*stream));
        *stream = (SourceStream){
            .compare = compare,
            .rows = lake_rows_new(compare->shared, source->reader(input->source, (int)i))};
        side->streams[side->stream_count++] = stream;
    }
}

// --- the target's side ----------------------------------------------------------------------------------

static void target_end(LakeCompare *compare)
{
    Side *side = &compare->to;
    for (size_t i = 0; i < side->stream_count; i++) {
        TargetStream *stream = side->streams[i];
        for (size_t j = 0; j < compare->plan->part_count; j++) {
            buf_done(&stream->texts[j]);
        }
        free(stream->texts);
        free(stream->row);
        free(stream);
    }
    free(side->streams);
    side->streams = NULL;
    side->stream_count = 0;
    schema_done(&side->schema);
    if (compare->stop != NULL) {
        cancel_remove_hook(compare->stop, compare->duck);
        compare->stop = NULL;
    }
    duck_rows_free(compare->rows);
    compare->rows = NULL;
    duck_free(compare->duck);
    compare->duck = NULL;
}

static bool target_next(void *object, const Value **ret_row, Err *err)
{
    TargetStream *stream = object;
    const LakeCompare *compare = stream->compare;
    const Value *row = NULL;
    if (!duck_rows_next(stream->reader, &row, err)) {
        return false;
    }
    *ret_row = row;
    if (row == NULL || !compare->has_part_texts) {
        return true;
    }
    // Typed parts as the texts that the source's rows have for them.
    const size_t width = compare->info.columns.count;
    const LakePlan *plan = compare->plan;
    memcpy(stream->row, row, width * sizeof(*row));
    for (size_t i = 0; i < plan->part_count; i++) {
        Value *cell = &stream->row[width - plan->part_count + i];
        if (cell->state == VALUE_SET && plan->parts[i].to.kind != TYPE_TEXT) {
            Buf *text = &stream->texts[i];
            buf_clear(text);
            value_to_text(cell, plan->parts[i].to, text);
            *cell = (Value){.state = VALUE_SET, .bytes = buf_text(text), .len = text->len};
        }
    }
    *ret_row = stream->row;
    return true;
}

static void target_interrupt(void *duck)
{
    duck_interrupt(duck);
}

static bool target_define(LakeCompare *compare, Err *err)
{
    bool *keep = NULL;
    if (!compare_parts_files(&compare->parts, compare->table, &keep, err)) {
        return false;
    }
    const TableView view = {.name = "target", .table = compare->table, .keep = keep};
    const bool done = table_view_define(compare->duck, &view, err);
    free(keep);
    return done;
}

static bool target_query(LakeCompare *compare, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    const Schema *columns = &compare->info.columns;
    for (size_t i = 0; i < columns->count; i++) {
        buf_add_text(&sql, i == 0 ? "SELECT " : ", ");
        duck_quote_name(columns->fields[i].name, &sql);
    }
    buf_add_text(&sql, " FROM target");
    return buf_ok(&sql, "the query of a table", err)
           && duck_rows_open(compare->duck, buf_text(&sql), &compare->rows, err);
}

// The types that the rows come in, parts as texts; they must be of the source's kinds.
static bool target_describe(LakeCompare *compare, Err *err)
{
    const LakePlan *plan = compare->plan;
    const CompareInfo *info = &compare->info;
    schema_copy(duck_rows_schema(compare->rows), &compare->to.schema);
    for (size_t i = 0; plan->dynamic_count > 0 && i < plan->part_count; i++) {
        Field *field = &compare->to.schema.fields[info->columns.count - plan->part_count + i];
        compare->has_part_texts = compare->has_part_texts || field->type.kind != TYPE_TEXT;
        field->type = (Type){.kind = TYPE_TEXT};
    }
    for (size_t i = 0; i < info->columns.count; i++) {
        const Field *to = &compare->to.schema.fields[i];
        const Field *from = &compare->from.schema.fields[compare->from.columns[i]];
        if (!row_hash_compares(from->type, to->type)) {
            return fail(err, FAIL_INTERNAL, "column \"%s\" is read from the table as another type",
                        to->name);
        }
    }
    return true;
}

static bool target_open(LakeCompare *compare, Cancel *stop, Err *err)
{
    const uint64_t half = compare->job->memory_bytes / 2;
    const DuckOptions options = {.memory_bytes = half < DUCK_BYTES_MIN ? DUCK_BYTES_MIN : half,
                                 .threads = (unsigned)compare->job->threads};
    if (!duck_open(&options, &compare->duck, err)) {
        return false;
    }
    compare->stop = stop;
    cancel_add_hook(stop, target_interrupt, compare->duck);
    return duck_run(compare->duck, "SET preserve_insertion_order = false", err)
           && target_define(compare, err) && target_query(compare, err)
           && target_describe(compare, err);
}

static bool target_begin(LakeCompare *compare, Cancel *stop, Err *err)
{
    target_end(compare);
    if (compare->named != NULL && !compare->is_named) {
        compare->is_named = true;
        compare_parts_named(&compare->parts, compare->named);
        compare_fill_info(compare);
    }
    const size_t count = (size_t)compare->job->threads;
    if (!target_open(compare, stop, err) || !duck_rows_begin(compare->rows, count, err)) {
        return err_context(err, "table \"%s\"", compare->table->path);
    }
    Side *side = &compare->to;
    side->streams = mem_alloc(count * sizeof(*side->streams));
    for (size_t i = 0; i < count; i++) {
        TargetStream *stream = mem_alloc(sizeof(*stream));
        *stream = (TargetStream){
            .compare = compare,
            .reader = duck_rows_reader(compare->rows, i),
            .row = mem_alloc(compare->info.columns.count * sizeof(*stream->row)),
            .texts = mem_alloc((compare->plan->part_count + 1) * sizeof(*stream->texts))};
        side->streams[side->stream_count++] = stream;
    }
    return true;
}

// --- all ------------------------------------------------------------------------------------------------

bool lake_compare_rows(LakeCompare *compare, CompareSide side, const LoadInput *input,
                       CompareRows *ret_rows, Err *err)
{
    const bool is_source = side == COMPARE_SOURCE;
    if (is_source) {
        source_begin(compare, input);
    } else if (!target_begin(compare, input->stop, err)) {
        return false;
    }
    const Side *of = is_source ? &compare->from : &compare->to;
    *ret_rows = (CompareRows){.schema = &of->schema,
                              .columns = of->columns,
                              .streams = of->streams,
                              .count = of->stream_count,
                              .next = is_source ? source_next : target_next};
    return true;
}

void lake_compare_free(LakeCompare *compare)
{
    if (compare == NULL) {
        return;
    }
    source_end(compare);
    target_end(compare);
    schema_done(&compare->from.schema);
    free(compare->from.columns);
    free(compare->to.columns);
    partitions_free(compare->named);
    compare_parts_done(&compare->parts);
    schema_done(&compare->info.columns);
    free(compare->info.key);
    free(compare);
}

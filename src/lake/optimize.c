// Delta's OPTIMIZE: files are written anew and change places with the old ones in a commit that
// changes no data, so that readers that follow the table pass over it, appends of the same moment
// go through, and a lifecycle counts on from when the rows were written.
//
// One commit a partition, each on the table as it is then: what another writer does costs at most
// the one partition that it touches.
//
// What is sorted is remembered in the files' tags. A partition all of whose files say that they
// were written in that order was sorted as a whole: whoever adds or rewrites files leaves some
// without it.
#include "base/base.h"

#include "lake/optimize.h"

#include <jansson.h>
#include <unistd.h>

#include "base/emit.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "lake/duck.h"
#include "lake/partition_list.h"
#include "lake/partition_spec.h"
#include "lake/rewrite.h"
#include "lake/sql/table_view.h"

#define OPTIMIZE_VIEW "weir optimize"
#define OPTIMIZE_TAG "WEIR_SORTED_BY"
#define OPTIMIZE_ROW_GROUP_ROWS 122880

typedef struct Optimizer {
    const char *path;
    const OptimizeOptions *options;
    Buf order;  // "a","b" of ORDER BY; empty: none
    Buf tags;   // of files in that order, JSON
} Optimizer;

// What is to become of one partition of a table as it was read.
typedef struct OptimizePick {
    bool *keep;  // one a file of the table: it is written anew
    size_t files;
    uint64_t bytes;
    int64_t rows;         // -1: not known
    int64_t modified_ms;  // of the newest
    bool is_whole;        // no other file of the partition stays
} OptimizePick;

// --- choosing -------------------------------------------------------------------------------------------

static bool optimize_is_small(const Optimizer *optimizer, const DeltaFile *file)
{
    return file->rows == 0 || (uint64_t)file->size < optimizer->options->file_bytes / 4 * 3;
}

static bool optimize_is_sorted(const Optimizer *optimizer, const DeltaFile *file)
{
    json_t *tags = file->tags == NULL ? NULL : json_loads(file->tags, 0, NULL);
    const bool is_sorted = text_equal(json_string_value(json_object_get(tags, OPTIMIZE_TAG)),
                                      buf_text(&optimizer->order));
    json_decref(tags);
    return is_sorted;
}

static void pick_add(OptimizePick *pick, const DeltaTable *table, size_t at)
{
    const DeltaFile *file = &table->files[at];
    pick->keep[at] = true;
    pick->files++;
    pick->bytes += (uint64_t)file->size;
    pick->rows = file->rows < 0 || pick->rows < 0 ? -1 : pick->rows + file->rows;
    pick->modified_ms =
        file->modified_ms > pick->modified_ms ? file->modified_ms : pick->modified_ms;
}

// Chooses among `members`, the files of one partition. False where there is nothing to gain.
static bool pick_make(const Optimizer *optimizer, const DeltaTable *table, const size_t *members,
                      size_t count, OptimizePick *pick)
{
    const bool sorts = optimizer->order.len > 0;
    bool has_unsorted = false;
    for (size_t i = 0; i < count; i++) {
        const DeltaFile *file = &table->files[members[i]];
        if (sorts || optimize_is_small(optimizer, file)) {
            pick_add(pick, table, members[i]);
        }
        has_unsorted =
            has_unsorted || (sorts && file->rows != 0 && !optimize_is_sorted(optimizer, file));
    }
    pick->is_whole = pick->files == count;
    const uint64_t size = optimizer->options->file_bytes;
    const uint64_t after = pick->bytes / size + (pick->bytes % size != 0);
    const bool has_many = pick->files >= 2 && pick->files >= optimizer->options->files_min;
    return has_unsorted || (has_many && after < pick->files);
}

// The files of one partition, by index.
static bool optimize_members(const DeltaTable *table, const PartitionList *list, size_t partition,
                             size_t **ret_members, size_t *ret_count, Err *err)
{
    size_t *members = mem_alloc((table->file_count + 1) * sizeof(*members));
    size_t count = 0;
    for (size_t i = 0; i < table->file_count; i++) {
        size_t at = 0;
        if (!partition_list_of_file(list, table, &table->files[i], &at, err)) {
            free(members);
            return false;
        }
        if (at == partition) {
            members[count++] = i;
        }
    }
    *ret_members = members;
    *ret_count = count;
    return true;
}

static bool optimize_pick(const Optimizer *optimizer, const DeltaTable *table,
                          const PartitionList *list, size_t partition, OptimizePick *ret_pick,
                          bool *ret_gains, Err *err)
{
    size_t *members = NULL;
    size_t count = 0;
    if (!optimize_members(table, list, partition, &members, &count, err)) {
        return false;
    }
    *ret_pick = (OptimizePick){.keep = mem_alloc((table->file_count + 1) * sizeof(bool))};
    *ret_gains = pick_make(optimizer, table, members, count, ret_pick);
    free(members);
    return true;
}

static void pick_done(OptimizePick *pick)
{
    free(pick->keep);
}

// --- writing --------------------------------------------------------------------------------------------

static unsigned optimize_threads(const OptimizeOptions *options)
{
    const long processors = options->threads > 0 ? 0 : sysconf(_SC_NPROCESSORS_ONLN);
    return options->threads > 0 ? options->threads : processors > 1 ? (unsigned)processors : 1;
}

static uint64_t optimize_memory(const OptimizeOptions *options)
{
    if (options->memory_bytes > 0) {
        return options->memory_bytes;
    }
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 2 : (uint64_t)1 << 30;
}

static void optimize_query(const Optimizer *optimizer, const Rewrite *rewrite, Buf *sql)
{
    const Schema *columns = rewrite_columns(rewrite);
    buf_add_text(sql, "SELECT ");
    for (size_t i = 0; i < columns->count; i++) {
        buf_add_text(sql, i > 0 ? ", " : "");
        duck_quote_name(columns->fields[i].name, sql);
    }
    buf_add_text(sql, " FROM \"" OPTIMIZE_VIEW "\"");
    if (optimizer->order.len > 0) {
        buf_add_format(sql, " ORDER BY %s", buf_text(&optimizer->order));
    }
}

// The rows must be as many as the log said. It is the last look before the old files go.
static bool optimize_check_rows(const OptimizePick *pick, uint64_t rows, Err *err)
{
    return pick->rows < 0 || (uint64_t)pick->rows == rows
           || fail(err, FAIL_TARGET,
                   "the files hold %" PRIu64 " rows, but the table's log says %" PRId64
                   "; nothing was changed",
                   rows, pick->rows);
}

static void optimize_interrupt(void *duck)
{
    duck_interrupt(duck);
}

static bool optimize_fill(const Optimizer *optimizer, const DeltaTable *table,
                          const Partition *partition, const OptimizePick *pick, Rewrite *rewrite,
                          uint64_t *ret_rows, Err *err)
{
    const OptimizeOptions *options = optimizer->options;
    CLEANUP(duck_cleanup) Duck *duck = NULL;
    DuckOptions duck_options = {.memory_bytes = optimize_memory(options) / 2,
                                .threads = optimize_threads(options)};
    if (!rewrite_temporary(rewrite, &duck_options.temp_folder, err)
        || !duck_open(&duck_options, &duck, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf sql = {0};
    optimize_query(optimizer, rewrite, &sql);
    const TableView view = {.name = OPTIMIZE_VIEW, .table = table, .keep = pick->keep};
    const RewritePart part = {
        .sql = buf_text(&sql),
        .values = partition->values,
        .modified_ms = pick->modified_ms,
        .keeps_empty = pick->is_whole,
        .is_sorted = optimizer->order.len > 0,
        .tags = optimizer->order.len > 0 ? buf_text(&optimizer->tags) : NULL,
    };
    cancel_add_hook(options->cancel, optimize_interrupt, duck);
    const bool done = table_view_define(duck, &view, err)
                      && rewrite_write(rewrite, duck, &part, ret_rows, err)
                      && optimize_check_rows(pick, *ret_rows, err);
    cancel_remove_hook(options->cancel, duck);
    return done;
}

static bool optimize_rewrite(const Optimizer *optimizer, const DeltaTable *table,
                             const Partition *partition, const OptimizePick *pick,
                             OptimizePartition *item, Err *err)
{
    const OptimizeOptions *options = optimizer->options;
    const RewriteOptions rewrite_options = {
        .threads = optimize_threads(options),
        .memory_bytes = optimize_memory(options) / 2,
        .file_bytes = options->file_bytes,
        .row_group_rows = OPTIMIZE_ROW_GROUP_ROWS,
        .cancel = options->cancel,
    };
    Rewrite *rewrite = NULL;
    if (!rewrite_begin(table, &rewrite_options, &rewrite, err)) {
        return false;
    }
    for (size_t i = 0; i < table->file_count; i++) {
        if (pick->keep[i]) {
            rewrite_remove(rewrite, &table->files[i]);
        }
    }
    failpoint("optimize-before");
    DeltaCommitResult result = {0};
    uint64_t rows = 0;
    const bool done = optimize_fill(optimizer, table, partition, pick, rewrite, &rows, err);
    failpoint("optimize-written");
    const bool is_published =
        done && rewrite_commit(rewrite, "OPTIMIZE", /* changes_data= */ false, &result, err);
    if (is_published) {
        item->files_after = rewrite_file_count(rewrite);
        item->bytes_after = rewrite_bytes(rewrite);
        item->rows = rows;
        item->version = result.version;
    }
    rewrite_free(rewrite);
    return is_published;
}

// --- one partition after the other ----------------------------------------------------------------------

static OptimizePartition *optimize_add(OptimizeResult *result, const PartitionList *list,
                                       const Partition *partition, const OptimizePick *pick)
{
    CLEANUP(buf_done) Buf name = {0};
    partition_text(list, partition, &name);
    result->items = mem_grow(result->items, (result->count + 1) * sizeof(*result->items));
    OptimizePartition *item = &result->items[result->count++];
    *item = (OptimizePartition){
        .name = mem_copy_text(buf_text(&name)),
        .files_before = pick->files,
        .bytes_before = pick->bytes,
        .rows = pick->rows < 0 ? 0 : (uint64_t)pick->rows,
        .version = -1,
    };
    return item;
}

// The partition with these values, in the table as it is now.
static bool optimize_partition(const Optimizer *optimizer, char *const *values,
                               OptimizeResult *result, Err *err)
{
    DeltaTable *table = NULL;
    if (!cancel_check(optimizer->options->cancel, err)
        || !delta_open(optimizer->path, /* version= */ -1, &table, err)) {
        return false;
    }
    PartitionList list = {0};
    OptimizePick pick = {0};
    bool gains = false;
    bool done = partition_list_make(table, &list, err);
    const size_t at = done ? partition_list_find(&list, values) : SIZE_MAX;
    // It may have been dropped meanwhile, or done by somebody else.
    if (done && at != SIZE_MAX) {
        done = optimize_pick(optimizer, table, &list, at, &pick, &gains, err);
    }
    if (done && gains) {
        OptimizePartition *item = optimize_add(result, &list, &list.items[at], &pick);
        Err error = {0};
        if (!optimizer->options->is_dry
            && !optimize_rewrite(optimizer, table, &list.items[at], &pick, item, &error)) {
            item->error = error;
            result->failed++;
            // What is wrong with one partition may be right with the next, but for a wish to stop.
            done = error.kind != FAIL_CANCELLED;
            *err = error;
        }
    }
    pick_done(&pick);
    partition_list_done(&list);
    delta_free(table);
    return done;
}

static bool optimize_fail_no_partition(const PartitionList *list, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "the table has no such partition");
    CLEANUP(buf_done) Buf names = {0};
    const size_t shown = list->count < 10 ? list->count : 10;
    for (size_t i = 0; i < shown; i++) {
        buf_add_text(&names, i > 0 ? ", " : "");
        partition_text(list, &list->items[i], &names);
    }
    return fail_hint(err, "It has %zu%s%s%s.", list->count, list->count > 0 ? ": " : "",
                     buf_text(&names), list->count > shown ? " ..." : "");
}

static bool optimize_partitions(const Optimizer *optimizer, const DeltaTable *table,
                                OptimizeResult *result, Err *err)
{
    const SqlPartition *spec = optimizer->options->spec;
    const SqlPart *wrong = NULL;
    PartitionList list = {0};
    if (!partition_list_make(table, &list, err)) {
        return false;
    }
    bool done = spec == NULL || partition_spec_check(&list, spec, &wrong, err);
    for (size_t i = 0; done && i < list.count; i++) {
        if (spec == NULL || partition_spec_matches(&list, spec, &list.items[i])) {
            result->partitions++;
            done = optimize_partition(optimizer, list.items[i].values, result, err);
        }
    }
    if (done && spec != NULL && result->partitions == 0) {
        done = optimize_fail_no_partition(&list, err);
    }
    partition_list_done(&list);
    return done;
}

// ORDER BY and the tag for the columns, as the table spells them.
static bool optimize_order(Optimizer *optimizer, const DeltaTable *table, Err *err)
{
    for (const char *const *name = optimizer->options->sort; name != NULL && *name != NULL;
         name++) {
        const size_t at = schema_find(&table->schema, *name);
        if (at == SIZE_MAX) {
            return fail(err, FAIL_CONFIG, "the table has no column \"%s\" to sort by", *name);
        }
        const Field *field = &table->schema.fields[at];
        if (delta_partition_column(table, field->name) != SIZE_MAX) {
            (void)fail(err, FAIL_CONFIG, "the column \"%s\" partitions the table", field->name);
            return fail_hint(err, "All rows of a partition have one value of it: sort by another.");
        }
        buf_add_text(&optimizer->order, optimizer->order.len > 0 ? ", " : "");
        duck_quote_name(field->name, &optimizer->order);
    }
    if (optimizer->order.len > 0) {
        JsonWriter json = emit_writer(&optimizer->tags);
        emit_begin_object(&json);
        emit_member_text(&json, OPTIMIZE_TAG, buf_text(&optimizer->order));
        emit_end_object(&json);
    }
    return true;
}

bool optimize_table(const char *path, const OptimizeOptions *options, OptimizeResult *ret_result,
                    Err *err)
{
    *ret_result = (OptimizeResult){0};
    DeltaTable *table = NULL;
    if (!delta_open(path, /* version= */ -1, &table, err)) {
        return false;
    }
    Optimizer optimizer = {.path = path, .options = options};
    const bool done =
        (table->version >= 0 || fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", path))
        && optimize_order(&optimizer, table, err)
        && optimize_partitions(&optimizer, table, ret_result, err);
    buf_done(&optimizer.order);
    buf_done(&optimizer.tags);
    delta_free(table);
    return done;
}

void optimize_result_done(OptimizeResult *result)
{
    for (size_t i = 0; i < result->count; i++) {
        free(result->items[i].name);
    }
    free(result->items);
    *result = (OptimizeResult){0};
}

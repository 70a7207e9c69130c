// A full outer join in which the new row wins whole needs no outer join: it is the base without the
// keys of the increment, and the increment. The hash table then holds keys of the smaller side
// only, and the wide rows of both pass by without being gathered anywhere.
//
// Rows of the base with NULL in the key match nothing and stay. Keys that the base has twice stay
// as well, unless the increment has them too: which of the rows it is that changed nobody knows,
// and a key that is none (a wrong "key") would take rows away without a word.
#include "base/base.h"

#include "sink/lake/merge.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "lake/duck_rows.h"
#include "lake/sql/table_view.h"

#define BASE "\"weir base\""
#define NEW "\"weir new\""
#define KEYS_SHOWN 5

typedef struct MergeProducer {
    DuckRowReader *rows;
    const Schema *columns;
} MergeProducer;

typedef struct Merge {
    MergeInput input;
    Duck *duck;
    DuckRows *rows;
    MergeCounts counts;
} Merge;

static void merge_interrupt(void *duck)
{
    duck_interrupt(duck);
}

// --- SQL ------------------------------------------------------------------------------------------------

static const char *merge_key_name(const Merge *merge, size_t index)
{
    return merge->input.columns->files.fields[merge->input.plan->key[index]].name;
}

// "a", "b"
static void merge_add_key(const Merge *merge, Buf *sql)
{
    for (size_t i = 0; i < merge->input.plan->key_count; i++) {
        buf_add_text(sql, i > 0 ? ", " : "");
        duck_quote_name(merge_key_name(merge, i), sql);
    }
}

// Every column of the files to be written; NULL where `has` lacks it.
static void merge_add_columns(const Merge *merge, const Schema *has, Buf *sql)
{
    const Schema *columns = &merge->input.plan->columns;
    for (size_t i = 0; i < columns->count; i++) {
        const Field *field = &columns->fields[i];
        const size_t at = schema_find(has, field->name);
        buf_add_text(sql, i > 0 ? ", CAST(" : "CAST(");
        if (at == SIZE_MAX) {
            buf_add_text(sql, "NULL");
        } else {
            duck_quote_name(has->fields[at].name, sql);
        }
        buf_add_text(sql, " AS ");
        table_view_type_name(field->type, sql);
        buf_add_text(sql, ") AS ");
        duck_quote_name(field->name, sql);
    }
}

static bool merge_run(Merge *merge, const Buf *sql, Err *err)
{
    return buf_ok(sql, "a statement of the merge", err)
           && duck_run(merge->duck, buf_text(sql), err);
}

// One row of numbers.
static bool merge_take_counts(void *context, size_t count, const char *const *cells,
                              const size_t *lens, Err *err)
{
    int64_t *counts = context;
    (void)lens;
    for (size_t i = 0; i < count; i++) {
        if (cells[i] == NULL || !text_parse_int(cells[i], 0, INT64_MAX, &counts[i])) {
            return fail(err, FAIL_INTERNAL, "a count of the merge is no number");
        }
    }
    return true;
}

// --- keys that stand twice ------------------------------------------------------------------------------

typedef struct MergeTwice {
    Buf keys;       // ("1", "a"), ("2", "b")
    int64_t total;  // of such keys
    int64_t rows;   // that have them
} MergeTwice;

static bool merge_take_key(void *context, size_t count, const char *const *cells,
                           const size_t *lens, Err *err)
{
    MergeTwice *twice = context;
    int64_t counts[2];
    if (!merge_take_counts(counts, 2, cells, lens, err)) {
        return false;
    }
    twice->total = counts[0];
    twice->rows = counts[1];
    buf_add_text(&twice->keys, twice->keys.len > 0 ? ", " : "");
    buf_add_text(&twice->keys, count > 3 ? "(" : "");
    for (size_t i = 2; i < count; i++) {
        const size_t shown = lens[i] > 60 ? 60 : lens[i];
        buf_add_format(&twice->keys, "%s\"%.*s%s\"", i > 2 ? ", " : "", (int)shown, cells[i],
                       shown < lens[i] ? "..." : "");
    }
    buf_add_text(&twice->keys, count > 3 ? ")" : "");
    return true;
}

// Keys with several rows in `from`.
static bool merge_find_twice(Merge *merge, const char *from, MergeTwice *twice, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SELECT count(*) OVER (), CAST(sum(count(*)) OVER () AS BIGINT)");
    for (size_t i = 0; i < merge->input.plan->key_count; i++) {
        buf_add_text(&sql, ", CAST(");
        duck_quote_name(merge_key_name(merge, i), &sql);
        buf_add_text(&sql, " AS VARCHAR)");
    }
    buf_add_format(&sql, " FROM %s GROUP BY ", from);
    merge_add_key(merge, &sql);
    buf_add_text(&sql, " HAVING count(*) > 1 ORDER BY ");
    merge_add_key(merge, &sql);
    buf_add_format(&sql, " LIMIT %d", KEYS_SHOWN);
    return buf_ok(&sql, "a statement of the merge", err)
           && duck_query(merge->duck, buf_text(&sql), merge_take_key, twice, err);
}

static bool merge_fail_twice(const Merge *merge, FailKind kind, const char *where,
                             const MergeTwice *twice, Err *err)
{
    CLEANUP(buf_done) Buf key = {0};
    for (size_t i = 0; i < merge->input.plan->key_count; i++) {
        buf_add_format(&key, "%s%s", i > 0 ? ", " : "", merge_key_name(merge, i));
    }
    char space[TEXT_NUMBER_SIZE];
    return fail(err, kind, "%s key%s (%s) stand%s in several rows of %s: %s%s",
                text_count((uint64_t)twice->total, space), twice->total == 1 ? "" : "s",
                buf_text(&key), twice->total == 1 ? "s" : "", where, buf_text(&twice->keys),
                twice->total > KEYS_SHOWN ? " ..." : "");
}

// --- the increment --------------------------------------------------------------------------------------

static void merge_show_files(const Merge *merge, Buf *sql)
{
    const MergeInput *input = &merge->input;
    buf_add_text(sql, "CREATE OR REPLACE TEMP VIEW " NEW " AS SELECT ");
    merge_add_columns(merge, &input->columns->files, sql);
    if (input->plan->order != SIZE_MAX) {
        buf_add_text(sql, ", ");
        duck_quote_name(input->columns->files.fields[input->plan->order].name, sql);
        buf_add_text(sql, " AS \"weir order\"");
    }
    buf_add_text(sql, " FROM read_parquet([");
    for (size_t i = 0; i < input->files->count; i++) {
        CLEANUP(mem_free_text) char *path = fs_join(input->folder, input->files->files[i].name);
        buf_add_text(sql, i > 0 ? ", " : "");
        table_view_add_path(path, sql);
    }
    buf_add_text(sql, "], hive_partitioning = false)");
}

// Sets the winners of each key aside, and makes them the increment.
static bool merge_order(Merge *merge, Err *err)
{
    CLEANUP(mem_free_text) char *path = fs_join(merge->input.folder, "latest.parquet");
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "COPY (SELECT * EXCLUDE (\"weir order\") FROM " NEW
                       " QUALIFY rank() OVER (PARTITION BY ");
    merge_add_key(merge, &sql);
    buf_add_text(&sql, " ORDER BY \"weir order\" DESC NULLS LAST) = 1) TO ");
    duck_quote_text(path, &sql);
    buf_add_text(&sql, " (FORMAT parquet); CREATE OR REPLACE TEMP VIEW " NEW
                       " AS SELECT * FROM read_parquet([");
    table_view_add_path(path, &sql);
    buf_add_text(&sql, "], hive_partitioning = false)");
    return merge_run(merge, &sql, err);
}

static bool merge_fail_increment(const Merge *merge, const MergeTwice *twice, Err *err)
{
    (void)merge_fail_twice(merge, FAIL_CONFIG, "the source", twice, err);
    const size_t order = merge->input.plan->order;
    if (order != SIZE_MAX) {
        return fail_hint(err, "They have the same \"%s\", so none is the latest.",
                         merge->input.columns->files.fields[order].name);
    }
    return fail_hint(err, "Which row is to win cannot be told: name the columns that are different "
                          "in each row in \"key\", or the column whose greatest value wins in "
                          "\"order_by\".");
}

static bool merge_increment(Merge *merge, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    merge_show_files(merge, &sql);
    MergeTwice twice = {0};
    bool done = merge_run(merge, &sql, err) && merge_find_twice(merge, NEW, &twice, err);
    if (done && twice.total > 0 && merge->input.plan->order != SIZE_MAX) {
        merge->counts.superseded = (uint64_t)(twice.rows - twice.total);
        buf_done(&twice.keys);
        twice = (MergeTwice){0};
        done = merge_order(merge, err) && merge_find_twice(merge, NEW, &twice, err);
    }
    done = done && (twice.total == 0 || merge_fail_increment(merge, &twice, err));
    buf_done(&twice.keys);
    for (size_t i = 0; i < merge->input.files->count; i++) {
        merge->counts.increment += (uint64_t)merge->input.files->files[i].rows;
    }
    merge->counts.increment -= merge->counts.superseded;
    return done;
}

// --- the base -------------------------------------------------------------------------------------------

// BASE <kind> JOIN NEW by the key
static void merge_add_join(const Merge *merge, const char *kind, Buf *sql)
{
    buf_add_format(sql, BASE " %s JOIN " NEW " ON ", kind);
    for (size_t i = 0; i < merge->input.plan->key_count; i++) {
        CLEANUP(buf_done) Buf name = {0};
        duck_quote_name(merge_key_name(merge, i), &name);
        buf_add_format(sql, "%s" BASE ".%s = " NEW ".%s", i > 0 ? " AND " : "", buf_text(&name),
                       buf_text(&name));
    }
}

static bool merge_fail_base(Merge *merge, Err *err)
{
    CLEANUP(buf_done) Buf from = {0};
    MergeTwice twice = {0};
    merge_add_join(merge, "SEMI", &from);
    if (merge_find_twice(merge, buf_text(&from), &twice, err)) {
        (void)merge_fail_twice(merge, FAIL_TARGET, "the table that the source has too", &twice,
                               err);
        (void)fail_hint(err, "A new row would take the place of several: name all columns of the "
                             "key in \"key\", or write the base anew with a full copy.");
    }
    buf_done(&twice.keys);
    return false;
}

// Shows the base, and counts the keys that both sides have.
static bool merge_match(Merge *merge, Err *err)
{
    const TableView view = {
        .name = "weir base", .table = merge->input.table, .keep = merge->input.plan->keep};
    if (!table_view_define(merge->duck, &view, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf sql = {0};
    int64_t counts[2] = {0};  // keys, rows of the base
    buf_add_text(&sql, "SELECT count(*), CAST(coalesce(sum(n), 0) AS BIGINT) FROM (SELECT count(*) "
                       "AS n FROM ");
    merge_add_join(merge, "SEMI", &sql);
    buf_add_text(&sql, " GROUP BY ");
    merge_add_key(merge, &sql);
    buf_add_char(&sql, ')');
    if (!buf_ok(&sql, "a statement of the merge", err)
        || !duck_query(merge->duck, buf_text(&sql), merge_take_counts, counts, err)) {
        return false;
    }
    merge->counts.updated = (uint64_t)counts[0];
    return counts[0] == counts[1] || merge_fail_base(merge, err);
}

// --- life -----------------------------------------------------------------------------------------------

static bool merge_query(Merge *merge, Err *err)
{
    const MergeInput *input = &merge->input;
    CLEANUP(buf_done) Buf sql = {0};
    if (input->plan->has_base) {
        buf_add_text(&sql, "SELECT ");
        merge_add_columns(merge, &input->table->schema, &sql);
        buf_add_text(&sql, " FROM ");
        merge_add_join(merge, "ANTI", &sql);
        buf_add_text(&sql, " UNION ALL ");
    }
    buf_add_text(&sql, "SELECT ");
    merge_add_columns(merge, &input->plan->columns, &sql);
    buf_add_text(&sql, " FROM " NEW);
    return buf_ok(&sql, "the query of the merge", err)
           && duck_rows_open(merge->duck, buf_text(&sql), &merge->rows, err)
           && duck_rows_begin(merge->rows, input->threads, err);
}

static bool merge_begin(Merge *merge, Err *err)
{
    return duck_run(merge->duck, "SET parquet_metadata_cache = true", err)
           && merge_increment(merge, err)
           && (!merge->input.plan->has_base || merge_match(merge, err)) && merge_query(merge, err);
}

// --- writing --------------------------------------------------------------------------------------------

static bool merge_next(void *producer, const Value **ret_row, Err *err)
{
    return duck_rows_next(((MergeProducer *)producer)->rows, ret_row, err);
}

static bool merge_dirty(void *producer, const Value *row, size_t column, Err *err)
{
    // What the source sent was looked at before it was set aside: it is a row of another writer.
    const MergeProducer *merge = producer;
    return fail(err, FAIL_TARGET, "a value of the table's column \"%s\" %s",
                merge->columns->fields[column].name, dirty_reason_text(row[column].dirty));
}

static bool merge_pull(Merge *merge, ParquetWrite write, ParquetFiles *ret_files, Err *err)
{
    const size_t count = merge->input.threads;
    MergeProducer *readers = mem_alloc(count * sizeof(*readers));
    void **producers = mem_alloc(count * sizeof(*producers));
    for (size_t i = 0; i < count; i++) {
        readers[i] = (MergeProducer){.rows = duck_rows_reader(merge->rows, i),
                                     .columns = &merge->input.plan->columns};
        producers[i] = &readers[i];
    }
    write.schema = &merge->input.plan->columns;
    write.producers = producers;
    write.producer_count = count;
    write.next = merge_next;
    write.dirty = merge_dirty;
    const bool done = parquet_write(&write, ret_files, err);
    free(producers);
    free(readers);
    return done;
}

static void merge_note_superseded(const Merge *merge)
{
    const MergePlan *plan = merge->input.plan;
    if (merge->counts.superseded > 0) {
        char space[TEXT_NUMBER_SIZE];
        merge_plan_note(merge->input.plan, /* is_warning= */ true,
                        mem_format("%s row%s of the source gave way to one with the same key and "
                                   "a greater \"%s\"",
                                   text_count(merge->counts.superseded, space),
                                   merge->counts.superseded == 1 ? "" : "s",
                                   merge->input.columns->files.fields[plan->order].name));
    }
}

bool merge_write(const MergeInput *input, ParquetWrite write, ParquetFiles *ret_files,
                 MergeCounts *ret_counts, Err *err)
{
    Merge merge = {.input = *input};
    // Readers of a server may be many; these compute.
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores > 0 && merge.input.threads > (unsigned)cores) {
        merge.input.threads = (unsigned)cores;
    }
    const uint64_t half = write.memory_bytes / 2;
    const DuckOptions options = {.memory_bytes = half < MERGE_MEMORY_MIN ? MERGE_MEMORY_MIN : half,
                                 .threads = merge.input.threads,
                                 .temp_folder = input->folder};
    if (!duck_open(&options, &merge.duck, err)) {
        return false;
    }
    write.memory_bytes = half;
    cancel_add_hook(write.cancel, merge_interrupt, merge.duck);
    const bool done = merge_begin(&merge, err) && merge_pull(&merge, write, ret_files, err);
    cancel_remove_hook(write.cancel, merge.duck);
    duck_rows_free(merge.rows);
    duck_free(merge.duck);
    if (done) {
        merge_note_superseded(&merge);
        *ret_counts = merge.counts;
    }
    return done;
}

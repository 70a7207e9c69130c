// The lake sink: open decides the columns, load writes Parquet files under names that only this run
// uses, commit adds them to the table's log and takes the old ones out of it, in one step.
//
// Until the commit nothing that a reader looks at has changed. What a stopped run leaves are files
// that no log names: close removes them, or the next run does (marker.h).
#include "base/base.h"

#include "sink/lake/lake.h"

#include "base/fs.h"
#include "base/text.h"
#include "lake/delta.h"
#include "lake/marker.h"
#include "lake/parquet.h"
#include "sink/lake/compare.h"
#include "sink/lake/dynamic.h"
#include "sink/lake/merge.h"
#include "sink/lake/piece.h"
#include "sink/lake/plan.h"
#include "sink/lake/rows.h"

typedef SinkFile LakeFile;

typedef struct LakeSink {
    Sink sink;
    const Job *job;        // borrowed
    const Schema *source;  // borrowed
    const size_t *key;     // indexes in `source`: of the source's key, or of the merge's
    size_t key_count;
    size_t *merge_key;  // what `key` is for a job of mode merge
    DeltaTable *table;
    LakePlan plan;
    MergePlan merge;  // of a job of mode merge
    MergeCounts merge_counts;
    char *folder;    // of the literal parts, relative to the table: "ds=20161114", ""
    Marker *marker;  // NULL before load and after commit
    LakeFile *files;
    size_t file_count;
    size_t partition_count;  // whose files were taken
    LakeCompare *compare;    // NULL unless the table is compared
    const SinkPiece *piece;  // what is loaded or committed is of a plan; NULL: a run of its own
} LakeSink;

static LakeSink *lake_of(Sink *sink)
{
    return (LakeSink *)sink;
}

// --- open -----------------------------------------------------------------------------------------------

static char *lake_table_path(const TargetSpec *target)
{
    const bool is_path = target->table[0] == '/' || target->datasource->path == NULL;
    return is_path ? mem_copy_text(target->table)
                   : fs_join(target->datasource->path, target->table);
}

// The folder of the first `count` parts; texts NULL stands for the parts' own literals.
static char *lake_folder(const LakePlan *plan, size_t count, char *const *texts)
{
    CLEANUP(buf_done) Buf folder = {0};
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_add_char(&folder, '/');
        }
        delta_partition_folder(plan->parts[i].column,
                               texts == NULL ? plan->parts[i].value : texts[i], &folder);
    }
    return mem_copy_text(buf_text(&folder));
}

static void lake_close(Sink *sink)
{
    if (sink == NULL) {
        return;
    }
    LakeSink *lake = lake_of(sink);
    lake_compare_free(lake->compare);
    marker_end(lake->marker, /* is_committed= */ false);
    for (size_t i = 0; i < lake->file_count; i++) {
        for (size_t j = 0; j < lake->plan.part_count; j++) {
            free(lake->files[i].values[j]);
        }
        free(lake->files[i].values);
        free(lake->files[i].path);
        free(lake->files[i].stats);
    }
    free(lake->files);
    merge_plan_done(&lake->merge);
    plan_done(&lake->plan);
    delta_free(lake->table);
    free(lake->folder);
    free(lake->merge_key);
    free(lake);
}

// delta-rs takes the folder's path for a URL's: it would look for the table somewhere else.
static bool lake_check_path(const char *path, Err *err)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '\\' || (*at == '%' && text_hex_pair(at + 1) >= 0)) {
            (void)fail(err, FAIL_CONFIG,
                       "readers of Delta tables would not find the folder \"%s\", because of its "
                       "\"%.*s\"",
                       path, *at == '%' ? 3 : 1, at);
            return fail_hint(err, "Name a folder without backslashes and percent escapes.");
        }
    }
    return true;
}

// What a row is known by in reject files and comparisons is what the merge knows it by.
static void lake_take_merge_key(LakeSink *lake)
{
    const MergePlan *merge = &lake->merge;
    lake->merge_key = mem_alloc((merge->key_count + 1) * sizeof(*lake->merge_key));
    for (size_t i = 0; i < merge->key_count; i++) {
        lake->merge_key[i] = lake->plan.columns[merge->key[i]].source;
    }
    lake->key = lake->merge_key;
    lake->key_count = merge->key_count;
}

// A table that is to be made may have been made by another writer since that was decided.
static bool lake_check_new(const Job *job, const DeltaTable *table, Err *err)
{
    if (!job->target.must_be_new || table->version < 0) {
        return true;
    }
    (void)fail(err, FAIL_TARGET,
               "another writer created the table \"%s\" while this run was under way; nothing was "
               "published",
               table->path);
    return fail_hint(err, "Drop that table first, or insert into it.");
}

static bool lake_open(const Job *job, const Schema *schema, const size_t *key, size_t key_count,
                      Sink **ret_sink, Err *err)
{
    CLEANUP(mem_free_text) char *path = lake_table_path(&job->target);
    if (!lake_check_path(path, err)) {
        return false;
    }
    LakeSink *lake = mem_alloc(sizeof(*lake));
    lake->sink.ops = &sink_lake;
    lake->job = job;
    lake->source = schema;
    lake->key = key;
    lake->key_count = key_count;
    const int64_t version = job->target.is_at_version ? job->target.version : -1;
    if (!delta_open(path, version, &lake->table, err) || !lake_check_new(job, lake->table, err)
        || !plan_make(job, schema, lake->table, &lake->plan, err)
        || (job->target.mode == WRITE_MERGE
            && !merge_plan_make(job, schema, key, key_count, lake->table, &lake->plan, &lake->merge,
                                err))) {
        lake_close(&lake->sink);
        return false;
    }
    if (job->target.mode == WRITE_MERGE) {
        lake_take_merge_key(lake);
    }
    lake->folder = lake_folder(&lake->plan, lake->plan.folder_part_count, NULL);
    *ret_sink = &lake->sink;
    return true;
}

static const ColumnPlan *lake_columns(const Sink *sink, size_t *ret_count)
{
    const LakeSink *lake = (const LakeSink *)sink;
    *ret_count = lake->plan.shown_count;
    return lake->plan.shown;
}

static const PlanNote *lake_notes(const Sink *sink, size_t *ret_count)
{
    const LakeSink *lake = (const LakeSink *)sink;
    *ret_count = lake->merge.note_count;
    return lake->merge.notes;
}

// --- load -----------------------------------------------------------------------------------------------

// Notes the files of one partition; texts NULL: that of the literal parts.
static void lake_take_files(void *object, const char *folder, char *const *texts,
                            const ParquetFiles *files)
{
    LakeSink *lake = object;
    const LakePlan *plan = &lake->plan;
    lake->partition_count += texts != NULL && files->count > 0;
    lake->files = mem_grow(lake->files, (lake->file_count + files->count) * sizeof(*lake->files));
    for (size_t i = 0; i < files->count; i++) {
        const ParquetFile *file = &files->files[i];
        LakeFile *taken = &lake->files[lake->file_count++];
        *taken = (LakeFile){
            .path = folder[0] == '\0' ? mem_copy_text(file->name) : fs_join(folder, file->name),
            .values = mem_alloc(plan->part_count * sizeof(*taken->values)),
            .size = file->size,
            .rows = file->rows,
            .stats = mem_copy_text(file->stats),
        };
        for (size_t j = 0; j < plan->part_count; j++) {
            taken->values[j] = mem_copy_text(texts == NULL ? plan->parts[j].value : texts[j]);
        }
    }
}

// A new table's own entry in the folder above it.
static bool lake_sync_above(const LakeSink *lake, Err *err)
{
    CLEANUP(mem_free_text) char *path = mem_copy_text(lake->table->path);
    *strrchr(path, '/') = '\0';
    return fs_sync_dir(path[0] == '\0' ? "/" : path, err);
}

// Files with the source's rows; the caller says where they go.
static ParquetWrite lake_write_of_source(const LakeSink *lake, const LoadInput *input,
                                         void **producers, size_t count)
{
    return (ParquetWrite){
        .schema = &lake->plan.files,
        .file_prefix = marker_prefix(lake->marker),
        .producers = producers,
        .producer_count = count,
        .next = lake_rows_next,
        .dirty = lake_rows_dirty,
        .memory_bytes = lake->job->memory_bytes,
        .file_bytes = lake->job->target.file_bytes,
        .row_group_rows = lake->job->target.row_group_rows,
        .cancel = input->stop,
    };
}

// The folder that the literal parts name.
static char *lake_static_folder(const LakeSink *lake)
{
    return lake->folder[0] == '\0' ? mem_copy_text(lake->table->path)
                                   : fs_join(lake->table->path, lake->folder);
}

static bool lake_take_static(LakeSink *lake, const char *folder, ParquetFiles *files, Err *err)
{
    lake_take_files(lake, lake->folder, NULL, files);
    parquet_files_done(files);
    return fs_sync_up(folder, lake->table->path, err);
}

static bool lake_write_static(LakeSink *lake, ParquetWrite write, Err *err)
{
    CLEANUP(mem_free_text) char *folder = lake_static_folder(lake);
    write.folder = folder;
    ParquetFiles files = {0};
    return parquet_write(&write, &files, err) && lake_take_static(lake, folder, &files, err);
}

// Merges the increment, which was set aside as `files`, with the base into the partition.
static bool lake_write_merged(LakeSink *lake, ParquetWrite write, const ParquetFiles *increment,
                              Err *err)
{
    CLEANUP(mem_free_text) char *folder = lake_static_folder(lake);
    const MergeInput input = {
        .plan = &lake->merge,
        .columns = &lake->plan,
        .table = lake->table,
        .folder = write.folder,
        .files = increment,
        .threads = (unsigned)lake->job->threads,
    };
    write.folder = folder;
    ParquetFiles files = {0};
    return merge_write(&input, write, &files, &lake->merge_counts, err)
           && lake_take_static(lake, folder, &files, err);
}

// The rows of a merge are not written where they stay: the readers cannot wait for the base, and a
// key that comes twice is known at their end only.
static bool lake_write_merge(LakeSink *lake, ParquetWrite write, Counters *counters, Err *err)
{
    ParquetFiles files = {0};
    if (!marker_temporary(lake->marker, &write.folder, err)
        || !parquet_write(&write, &files, err)) {
        return false;
    }
    const bool done = lake_write_merged(lake, write, &files, err);
    parquet_files_done(&files);
    // What was counted until now was set aside.
    atomic_store(&counters->rows_written, 0);
    for (size_t i = 0; done && i < lake->file_count; i++) {
        counter_add(&counters->rows_written, (uint64_t)lake->files[i].rows);
    }
    return done;
}

static char *lake_dynamic_folder(const void *context, char *const *texts)
{
    const LakePlan *plan = context;
    return lake_folder(plan, plan->part_count, texts);
}

static bool lake_write_dynamic(LakeSink *lake, const LoadInput *input, void **producers,
                               size_t count, Err *err)
{
    const TargetSpec *target = &lake->job->target;
    const char *spool_folder = NULL;
    if (!marker_temporary(lake->marker, &spool_folder, err)) {
        return false;
    }
    const DynamicWrite write = {
        .schema = &lake->plan.files,
        .part_count = lake->plan.part_count,
        .next = lake_rows_next,
        .producers = producers,
        .producer_count = count,
        .spool_folder = spool_folder,
        .table = lake->table->path,
        .folder = lake_dynamic_folder,
        .context = &lake->plan,
        .file_prefix = marker_prefix(lake->marker),
        .memory_bytes = lake->job->memory_bytes,
        .file_bytes = target->file_bytes,
        .row_group_rows = target->row_group_rows,
        .cancel = input->stop,
    };
    return dynamic_write(&write, lake_take_files, lake, err);
}

static bool lake_begin_run(LakeSink *lake, Err *err)
{
    const char *path = lake->table->path;
    const int64_t version = lake->table->version;
    return lake->piece == NULL ? marker_begin(path, lake->folder, version, &lake->marker, err)
                               : marker_join(path, lake->folder, version, lake->piece->plan,
                                             lake->piece->part, &lake->marker, err);
}

static bool lake_load(Sink *sink, const LoadInput *input, Err *err)
{
    LakeSink *lake = lake_of(sink);
    assert(lake->marker == NULL);
    marker_sweep(lake->table->path);
    if (!lake_begin_run(lake, err)) {
        return false;
    }
    const SourceOps *source = input->source->ops;
    const size_t count = (size_t)source->reader_count(input->source);
    LakeRowsShared *shared = lake_rows_shared_new(&lake->plan, lake->source, lake->key,
                                                  lake->key_count, input->reject, input->counters);
    void **producers = mem_alloc(count * sizeof(*producers));
    for (size_t i = 0; i < count; i++) {
        producers[i] = lake_rows_new(shared, source->reader(input->source, (int)i));
    }
    const ParquetWrite write = lake_write_of_source(lake, input, producers, count);
    const bool done = lake->plan.dynamic_count > 0
                          ? lake_write_dynamic(lake, input, producers, count, err)
                      : lake->job->target.mode == WRITE_MERGE
                          ? lake_write_merge(lake, write, input->counters, err)
                          : lake_write_static(lake, write, err);
    for (size_t i = 0; i < count; i++) {
        lake_rows_free(producers[i]);
    }
    free(producers);
    lake_rows_shared_free(shared);
    if (!done) {
        marker_end(lake->marker, /* is_committed= */ false);
        lake->marker = NULL;
        return false;
    }
    if (lake->table->version < 0 && !lake_sync_above(lake, err)) {
        return false;
    }
    for (size_t i = 0; i < lake->file_count; i++) {
        counter_add(&input->counters->bytes_written, (uint64_t)lake->files[i].size);
    }
    return true;
}

// --- commit ---------------------------------------------------------------------------------------------

static void lake_add_files(const LakeSink *lake, DeltaCommit *commit)
{
    for (size_t i = 0; i < lake->file_count; i++) {
        const LakeFile *file = &lake->files[i];
        // C does not take a char ** for a const char *const * by itself.
        const char **values = mem_alloc(lake->plan.part_count * sizeof(*values));
        for (size_t j = 0; j < lake->plan.part_count; j++) {
            values[j] = file->values[j];
        }
        delta_commit_add(commit, file->path, values, file->size, file->rows, file->stats);
        free(values);
    }
}

// Overwriting takes out what the literal parts name. Where every part comes from the rows it is
// only the partitions that got rows: an empty day must not empty the table.
static void lake_replace_files(const LakeSink *lake, DeltaCommit *commit)
{
    const LakePlan *plan = &lake->plan;
    if (plan->part_count > 0 && plan->dynamic_count == plan->part_count) {
        delta_commit_replace_written(commit);
        return;
    }
    const char **values = mem_alloc(plan->part_count * sizeof(*values));
    for (size_t i = 0; i < plan->part_count; i++) {
        values[i] = plan->parts[i].value;
    }
    delta_commit_replace(commit, values);
    free(values);
}

// Rows of the base are in what is written: nobody may have changed them since.
static void lake_read_base(const LakeSink *lake, DeltaCommit *commit)
{
    const size_t count = lake->plan.part_count;
    const char **values = mem_alloc((count + 1) * sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        values[i] = lake->merge.base[i];
    }
    delta_commit_read(commit, values);
    free(values);
}

// The last look before the commit: that this run is still taken for alive, and that the files to be
// named in the log are there as they were written.
static bool lake_guard(void *context, Err *err)
{
    const LakeSink *lake = context;
    if (!marker_check(lake->marker, err)) {
        return false;
    }
    for (size_t i = 0; i < lake->file_count; i++) {
        if (!marker_check_file(lake->table->path, lake->files[i].path, lake->files[i].size, err)) {
            return false;
        }
    }
    return true;
}

static bool lake_publish(LakeSink *lake, DeltaCommit *commit, DeltaCommitResult *ret_result,
                         Err *err)
{
    const TargetSpec *target = &lake->job->target;
    if (lake->plan.changes_schema) {
        delta_commit_schema(commit, &lake->plan.table, lake->plan.partition_columns,
                            lake->plan.part_count);
    }
    if (target->lifecycle_days > 0) {
        CLEANUP(mem_free_text) char *days = mem_format("%d", target->lifecycle_days);
        const char *now = delta_property(lake->table, "weir.lifecycle");
        if (now == NULL || strcmp(now, days) != 0) {
            delta_commit_property(commit, "weir.lifecycle", days);
        }
    }
    if (lake->merge.starts_here) {
        const char *now = delta_property(lake->table, MERGE_START_PROPERTY);
        if (!text_equal(now, lake->folder)) {
            delta_commit_property(commit, MERGE_START_PROPERTY, lake->folder);
        }
    }
    if (target->comment != NULL && lake->table->version < 0) {
        delta_commit_description(commit, target->comment);
    }
    lake_add_files(lake, commit);
    if (lake->piece != NULL) {
        piece_add_txn(commit, lake->piece->plan);
    }
    delta_commit_guard(commit, lake_guard, lake);
    if (target->mode != WRITE_APPEND) {
        lake_replace_files(lake, commit);
    }
    if (target->mode == WRITE_MERGE) {
        lake_read_base(lake, commit);
    }
    return delta_commit(commit, "WRITE", target->mode == WRITE_APPEND ? "Append" : "Overwrite",
                        ret_result, err);
}

static void lake_count_merge(const LakeSink *lake, SinkResult *result)
{
    const MergeCounts *counts = &lake->merge_counts;
    uint64_t rows = 0;
    for (size_t i = 0; i < lake->file_count; i++) {
        rows += (uint64_t)lake->files[i].rows;
    }
    result->is_merged = true;
    result->base = lake->merge.has_base ? mem_copy_text(lake->merge.base_text) : NULL;
    result->rows_updated = counts->updated;
    result->rows_inserted = counts->increment - counts->updated;
    result->rows_kept = rows - counts->increment;
}

static void lake_end_run(LakeSink *lake)
{
    if (lake->piece == NULL) {
        marker_end(lake->marker, /* is_committed= */ true);
    } else {
        const char **keep = mem_alloc((lake->file_count + 1) * sizeof(*keep));
        for (size_t i = 0; i < lake->file_count; i++) {
            keep[i] = lake->files[i].path;
        }
        marker_end_plan(lake->marker, keep, lake->file_count);
        free(keep);
    }
    lake->marker = NULL;
}

static bool lake_commit(Sink *sink, SinkResult *ret_result, Err *err)
{
    LakeSink *lake = lake_of(sink);
    assert(lake->marker != NULL);
    DeltaCommit *commit = delta_commit_new(lake->table);
    DeltaCommitResult result = {0};
    const bool done = lake_publish(lake, commit, &result, err);
    delta_commit_free(commit);
    if (!done) {
        return false;
    }
    lake_end_run(lake);
    *ret_result = (SinkResult){
        .location = mem_copy_text(lake->table->path),
        .partition = plan_partition_text(&lake->plan, lake->source),
        .partitions = lake->plan.dynamic_count > 0 ? lake->partition_count
                      : lake->plan.part_count > 0  ? 1
                                                   : 0,
        .version = result.version,
        .replaced_rows = result.rows_removed,
        .files = lake->file_count,
    };
    if (lake->job->target.mode == WRITE_MERGE) {
        lake_count_merge(lake, ret_result);
    }
    return true;
}

// --- compare --------------------------------------------------------------------------------------------

static bool lake_compare(Sink *sink, const CompareInfo **ret_info, Err *err)
{
    LakeSink *lake = lake_of(sink);
    assert(lake->compare == NULL);
    if (!lake_compare_new(lake->job, lake->table, &lake->plan, lake->source, lake->key,
                          lake->key_count, &lake->compare, err)) {
        return false;
    }
    *ret_info = lake_compare_info(lake->compare);
    return true;
}

static bool lake_compare_side(Sink *sink, CompareSide side, const LoadInput *input,
                              CompareRows *ret_rows, Err *err)
{
    return lake_compare_rows(lake_of(sink)->compare, side, input, ret_rows, err);
}

// --- pieces ---------------------------------------------------------------------------------------------

static int64_t lake_version(const Sink *sink)
{
    return ((const LakeSink *)sink)->table->version;
}

static bool lake_committed(const Job *job, const char *plan, int64_t *ret_version,
                           char **ret_location, Err *err)
{
    char *path = lake_table_path(&job->target);
    if (!piece_committed(path, plan, job->target.version, ret_version, err)) {
        free(path);
        return false;
    }
    *ret_location = path;
    return true;
}

static void lake_begin_piece(Sink *sink, const SinkPiece *piece)
{
    lake_of(sink)->piece = piece;
}

static bool lake_keep(Sink *sink, size_t slice, const char *attempt, Buf *out, Err *err)
{
    LakeSink *lake = lake_of(sink);
    if (!lake_guard(lake, err)) {
        return false;
    }
    for (size_t i = 0; i < lake->file_count; i++) {
        piece_write(&lake->plan, &lake->files[i], lake->piece->plan, slice, attempt, out);
    }
    marker_end(lake->marker, /* is_committed= */ true);
    lake->marker = NULL;
    return true;
}

// Files without rows are left out where there are others: they only stand for an empty partition.
static void lake_drop_empty(LakeSink *lake)
{
    size_t kept = 0;
    for (size_t i = 0; i < lake->file_count; i++) {
        const bool is_last_left = kept == 0 && i + 1 == lake->file_count;
        if (lake->files[i].rows > 0 || is_last_left) {
            lake->files[kept++] = lake->files[i];
        } else {
            piece_file_done(&lake->files[i], &lake->plan);
        }
    }
    lake->file_count = kept;
}

static bool lake_adopt(Sink *sink, const SinkPiece *piece, const char *const *adds, size_t count,
                       Err *err)
{
    LakeSink *lake = lake_of(sink);
    assert(lake->marker == NULL);
    lake->piece = piece;
    if (!piece_check_partition(&lake->plan, lake->table, &lake->job->target, err)
        || !lake_begin_run(lake, err)) {
        return false;
    }
    lake->files = mem_alloc((count + 1) * sizeof(*lake->files));
    for (size_t i = 0; i < count; i++) {
        SinkFile *file = &lake->files[lake->file_count];
        if (!piece_read(&lake->plan, adds[i], piece->plan, file, err)) {
            return false;
        }
        lake->file_count++;
        CLEANUP(mem_free_text)
        char *folder = lake_folder(&lake->plan, lake->plan.part_count, file->values);
        if (!piece_check_path(file, folder, err)
            || !marker_check_file(lake->table->path, file->path, file->size, err)) {
            return false;
        }
    }
    lake_drop_empty(lake);
    lake->partition_count = piece_count_partitions(&lake->plan, lake->files, lake->file_count);
    return true;
}

static bool lake_abandon(Sink *sink, const SinkPiece *piece, Err *err)
{
    LakeSink *lake = lake_of(sink);
    lake->piece = piece;
    if (!lake_begin_run(lake, err)) {
        return false;
    }
    marker_end_plan(lake->marker, NULL, 0);
    lake->marker = NULL;
    return true;
}

static const SinkPieceOps lake_pieces = {
    .version = lake_version,
    .committed = lake_committed,
    .begin = lake_begin_piece,
    .keep = lake_keep,
    .adopt = lake_adopt,
    .abandon = lake_abandon,
};

const SinkOps sink_lake = {
    .name = "lake",
    .open = lake_open,
    .columns = lake_columns,
    .notes = lake_notes,
    .load = lake_load,
    .commit = lake_commit,
    .compare = lake_compare,
    .compare_rows = lake_compare_side,
    .close = lake_close,
    .pieces = &lake_pieces,
};

// What is read back came through other programs' hands, so nothing in it is taken at its word: the
// path must be a name of the plan in the folder of the partition, the partition one that the job
// writes, the file there with its size (lake.c). The statistics are passed on as they are; the
// number of rows is theirs.
#include "base/base.h"

#include "sink/lake/piece.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"

static char *piece_app_id(const char *plan)
{
    return mem_format("weir-plan-%s", plan);
}

bool piece_committed(const char *table, const char *plan, int64_t since, int64_t *ret_version,
                     Err *err)
{
    CLEANUP(mem_free_text) char *app_id = piece_app_id(plan);
    DeltaTable *newest = NULL;
    if (!delta_open(table, /* version= */ -1, &newest, err)) {
        return false;
    }
    int64_t version = delta_txn_version(newest, app_id) < 0 ? -1 : newest->version;
    // The log says that it was, not when: back to the first version that knows of it.
    for (bool is_known = version > since; is_known;) {
        DeltaTable *before = NULL;
        Err gone = {0};
        is_known = version > since + 1 && delta_open(table, version - 1, &before, &gone)
                   && delta_txn_version(before, app_id) >= 0;
        delta_free(before);
        version -= is_known;
    }
    delta_free(newest);
    *ret_version = version;
    return true;
}

void piece_add_txn(DeltaCommit *commit, const char *plan)
{
    CLEANUP(mem_free_text) char *app_id = piece_app_id(plan);
    delta_commit_txn(commit, app_id, 1);
}

// --- lines ----------------------------------------------------------------------------------------------

void piece_write(const LakePlan *plan, const SinkFile *file, const char *plan_id, size_t slice,
                 const char *attempt, Buf *out)
{
    CLEANUP(buf_done) Buf path = {0};
    delta_path_encode(file->path, &path);
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_key(&json, "add");
    emit_begin_object(&json);
    emit_member_text(&json, "path", buf_text(&path));
    emit_key(&json, "partitionValues");
    emit_begin_object(&json);
    for (size_t i = 0; i < plan->part_count; i++) {
        emit_member_text(&json, plan->parts[i].column, file->values[i]);
    }
    emit_end_object(&json);
    emit_member_int(&json, "size", file->size);
    emit_member_int(&json, "modificationTime", clock_now_usec() / 1000);
    emit_member_bool(&json, "dataChange", true);
    emit_member_text(&json, "stats", file->stats);
    emit_end_object(&json);
    emit_key(&json, "piece");
    emit_begin_object(&json);
    emit_member_text(&json, "plan", plan_id);
    emit_member_int(&json, "slice", (int64_t)slice);
    emit_member_text(&json, "attempt", attempt);
    emit_end_object(&json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static bool piece_fail(const char *path, const char *what, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "the file \"%s\" of the results %s", path, what);
    return fail_hint(err, "Pass on what weir slice printed, line by line, unchanged.");
}

void piece_file_done(SinkFile *file, const LakePlan *plan)
{
    for (size_t i = 0; file->values != NULL && i < plan->part_count; i++) {
        free(file->values[i]);
    }
    free(file->values);
    free(file->path);
    free(file->stats);
    *file = (SinkFile){0};
}

// The partition's values; each that the job fixes must be that.
static bool piece_read_values(const LakePlan *plan, const json_t *values, SinkFile *file, Err *err)
{
    file->values = mem_alloc((plan->part_count + 1) * sizeof(*file->values));
    for (size_t i = 0; i < plan->part_count; i++) {
        const PlanPart *part = &plan->parts[i];
        file->values[i] = mem_copy_text(json_string_value(json_object_get(values, part->column)));
        if (file->values[i] == NULL
            || (part->value != NULL && !text_equal(part->value, file->values[i]))) {
            return piece_fail(file->path, "is not of the partition that the job writes", err);
        }
    }
    return true;
}

static bool piece_read_stats(const char *stats, SinkFile *file, Err *err)
{
    // Bounds may be larger than any integer of C; a number of rows is exact as a double.
    json_t *json = stats == NULL ? NULL : json_loads(stats, JSON_DECODE_INT_AS_REAL, NULL);
    const double rows = json_number_value(json_object_get(json, "numRecords"));
    const bool is_right = json_is_number(json_object_get(json, "numRecords")) && rows >= 0
                          && rows < 9007199254740992.0;
    file->rows = is_right ? (int64_t)rows : 0;
    file->stats = mem_copy_text(stats);
    json_decref(json);
    return is_right || piece_fail(file->path, "has no statistics", err);
}

static bool piece_read_file(const LakePlan *plan, const json_t *add, const char *plan_id,
                            SinkFile *file, Err *err)
{
    const char *path = json_string_value(json_object_get(add, "path"));
    const json_t *size = json_object_get(add, "size");
    if (path == NULL || !json_is_integer(size)) {
        return piece_fail(path == NULL ? "" : path, "has no path or size", err);
    }
    file->path = delta_path_decode(path);
    file->size = json_integer_value(size);
    const char *slash = strrchr(file->path, '/');
    const char *name = slash == NULL ? file->path : slash + 1;
    CLEANUP(mem_free_text) char *prefix = mem_format("part-%s-", plan_id);
    if (!text_starts_with(name, prefix) || !text_ends_with(name, ".parquet")) {
        return piece_fail(file->path, "is none of the plan's", err);
    }
    return piece_read_values(plan, json_object_get(add, "partitionValues"), file, err)
           && piece_read_stats(json_string_value(json_object_get(add, "stats")), file, err);
}

bool piece_read(const LakePlan *plan, const char *add, const char *plan_id, SinkFile *ret_file,
                Err *err)
{
    json_t *json = json_loads(add, 0, NULL);
    SinkFile file = {0};
    const bool done = piece_read_file(plan, json, plan_id, &file, err);
    json_decref(json);
    if (!done) {
        piece_file_done(&file, plan);
        return false;
    }
    *ret_file = file;
    return true;
}

bool piece_check_path(const SinkFile *file, const char *folder, Err *err)
{
    const size_t len = strlen(folder);
    const char *name = len == 0 ? file->path : file->path + len + 1;
    const bool is_there =
        len == 0 || (text_starts_with(file->path, folder) && file->path[len] == '/');
    return (is_there && strchr(name, '/') == NULL)
           || piece_fail(file->path, "does not lie in its partition's folder", err);
}

// --- partitions -----------------------------------------------------------------------------------------

static bool piece_covers(const LakePlan *plan, const DeltaTable *table, const DeltaFile *file)
{
    for (size_t i = 0; i < plan->part_count; i++) {
        const size_t column = delta_partition_column(table, plan->parts[i].column);
        const char *value = plan->parts[i].value;
        if (value != NULL && column != SIZE_MAX
            && !text_equal(value, file->partition_values[column])) {
            return false;
        }
    }
    return true;
}

bool piece_check_partition(const LakePlan *plan, const DeltaTable *table, const TargetSpec *target,
                           Err *err)
{
    const bool was_new = target->is_at_version && target->version < 0;
    for (size_t i = 0; was_new && target->mode != WRITE_APPEND && i < table->file_count; i++) {
        if (piece_covers(plan, table, &table->files[i])) {
            (void)fail(err, FAIL_TARGET,
                       "another writer made the table \"%s\" and wrote to the same partition since "
                       "the plan was made; nothing was published",
                       table->path);
            return fail_hint(err, "Make a new plan with weir plan.");
        }
    }
    return true;
}

size_t piece_count_partitions(const LakePlan *plan, const SinkFile *files, size_t count)
{
    size_t partitions = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new = true;
        for (size_t j = 0; j < i && is_new; j++) {
            bool is_same = true;
            for (size_t k = 0; k < plan->part_count && is_same; k++) {
                is_same = text_equal(files[i].values[k], files[j].values[k]);
            }
            is_new = !is_same;
        }
        partitions += is_new;
    }
    return partitions;
}

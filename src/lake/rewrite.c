// Files are written under names that only this run uses (marker.h) and become part of the table in
// the commit, so that a stop at any point leaves the table as it was.
#include "base/base.h"

#include "lake/rewrite.h"

#include "base/fs.h"
#include "base/text.h"
#include "lake/duck_rows.h"
#include "lake/marker.h"
#include "lake/parquet.h"

typedef struct RewriteFile {
    char *path;  // relative to the table
    int64_t size;
} RewriteFile;

struct Rewrite {
    const DeltaTable *table;
    RewriteOptions options;
    Schema columns;
    Marker *marker;  // NULL after the commit
    DeltaCommit *commit;
    RewriteFile *files;
    size_t file_count;
    size_t writes;
};

bool rewrite_begin(const DeltaTable *table, const RewriteOptions *options, Rewrite **ret_rewrite,
                   Err *err)
{
    Rewrite *rewrite = mem_alloc(sizeof(*rewrite));
    rewrite->table = table;
    rewrite->options = *options;
    for (size_t i = 0; i < table->schema.count; i++) {
        const Field *field = &table->schema.fields[i];
        if (delta_partition_column(table, field->name) != SIZE_MAX) {
            continue;
        }
        if (field->source_type != NULL) {
            (void)fail(err, FAIL_CONFIG,
                       "the table's column \"%s\" is %s, which weir does not write", field->name,
                       field->source_type);
            rewrite_free(rewrite);
            return fail_hint(err, "Change the table's rows with the program that made it.");
        }
        (void)schema_add(&rewrite->columns, field->name, field->type, field->nullable);
    }
    rewrite->commit = delta_commit_new(table);
    marker_sweep(table->path);
    if (!marker_begin(table->path, "", table->version, &rewrite->marker, err)) {
        rewrite_free(rewrite);
        return false;
    }
    *ret_rewrite = rewrite;
    return true;
}

void rewrite_free(Rewrite *rewrite)
{
    if (rewrite == NULL) {
        return;
    }
    marker_end(rewrite->marker, /* is_committed= */ false);
    if (rewrite->commit != NULL) {
        delta_commit_free(rewrite->commit);
    }
    for (size_t i = 0; i < rewrite->file_count; i++) {
        free(rewrite->files[i].path);
    }
    free(rewrite->files);
    schema_done(&rewrite->columns);
    free(rewrite);
}

void rewrite_remove(Rewrite *rewrite, const DeltaFile *file)
{
    delta_commit_remove(rewrite->commit, file);
}

void rewrite_read(Rewrite *rewrite, char *const *values)
{
    delta_commit_read(rewrite->commit, (const char *const *)values);
}

const Schema *rewrite_columns(const Rewrite *rewrite)
{
    return &rewrite->columns;
}

uint64_t rewrite_bytes(const Rewrite *rewrite)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < rewrite->file_count; i++) {
        bytes += (uint64_t)rewrite->files[i].size;
    }
    return bytes;
}

size_t rewrite_file_count(const Rewrite *rewrite)
{
    return rewrite->file_count;
}

bool rewrite_temporary(Rewrite *rewrite, const char **ret_folder, Err *err)
{
    return marker_temporary(rewrite->marker, ret_folder, err);
}

// --- rows -----------------------------------------------------------------------------------------------

typedef struct RewriteReader {
    const Schema *columns;
    DuckRowReader *rows;
    bool has_required;  // a column takes no NULL
} RewriteReader;

static bool reader_fail(const Field *field, const char *what, Err *err)
{
    return fail(err, FAIL_SOURCE, "a value of column \"%s\" %s", field->name, what);
}

static bool reader_next(void *object, const Value **ret_row, Err *err)
{
    RewriteReader *reader = object;
    if (!duck_rows_next(reader->rows, ret_row, err)) {
        return false;
    }
    for (size_t i = 0; *ret_row != NULL && reader->has_required && i < reader->columns->count;
         i++) {
        if ((*ret_row)[i].state == VALUE_NULL && !reader->columns->fields[i].nullable) {
            return reader_fail(&reader->columns->fields[i],
                               "is NULL, which the column does not take", err);
        }
    }
    return true;
}

static bool reader_dirty(void *object, const Value *row, size_t column, Err *err)
{
    const RewriteReader *reader = object;
    return reader_fail(&reader->columns->fields[column], dirty_reason_text(row[column].dirty), err);
}

// --- writing --------------------------------------------------------------------------------------------

static char *rewrite_folder(const Rewrite *rewrite, char *const *values)
{
    CLEANUP(buf_done) Buf folder = {0};
    for (size_t i = 0; i < rewrite->table->partition_count; i++) {
        buf_add_text(&folder, i > 0 ? "/" : "");
        delta_partition_folder(rewrite->table->partition_columns[i], values[i], &folder);
    }
    return mem_copy_text(buf_text(&folder));
}

static bool rewrite_take_files(Rewrite *rewrite, const char *folder, const RewritePart *part,
                               const ParquetFiles *files, uint64_t *ret_rows, Err *err)
{
    const size_t count = rewrite->table->partition_count;
    const char **values = mem_alloc((count + 1) * sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        values[i] = part->values[i];
    }
    rewrite->files =
        mem_grow(rewrite->files, (rewrite->file_count + files->count) * sizeof(*rewrite->files));
    bool done = true;
    uint64_t rows = 0;
    for (size_t i = 0; done && i < files->count; i++) {
        const ParquetFile *file = &files->files[i];
        char *path = folder[0] == '\0' ? mem_copy_text(file->name) : fs_join(folder, file->name);
        rows += (uint64_t)file->rows;
        if (file->rows == 0 && !part->keeps_empty) {
            CLEANUP(mem_free_text) char *whole = fs_join(rewrite->table->path, path);
            done = fs_remove(whole, err);
            free(path);
            continue;
        }
        rewrite->files[rewrite->file_count++] = (RewriteFile){.path = path, .size = file->size};
        delta_commit_add(rewrite->commit, path, values, file->size, file->rows, file->stats);
        if (part->modified_ms != 0) {
            delta_commit_add_modified(rewrite->commit, part->modified_ms);
        }
        if (part->tags != NULL) {
            delta_commit_add_tags(rewrite->commit, part->tags);
        }
    }
    free(values);
    *ret_rows = rows;
    return done;
}

// Whether the query's columns are the files' columns. Its maker casts them.
static bool rewrite_check_types(const Rewrite *rewrite, const Schema *query, Err *err)
{
    bool is_same = query->count == rewrite->columns.count;
    for (size_t i = 0; is_same && i < query->count; i++) {
        is_same = type_equal(query->fields[i].type, rewrite->columns.fields[i].type);
    }
    return is_same
           || fail(err, FAIL_INTERNAL, "a query for table \"%s\" has other columns than its files",
                   rewrite->table->path);
}

static bool rewrite_pull(Rewrite *rewrite, DuckRows *rows, const RewritePart *part,
                         uint64_t *ret_rows, Err *err)
{
    const size_t count = part->is_sorted ? 1 : rewrite->options.threads;
    if (!rewrite_check_types(rewrite, duck_rows_schema(rows), err)
        || !duck_rows_begin(rows, count, err)) {
        return false;
    }
    CLEANUP(mem_free_text) char *folder = rewrite_folder(rewrite, part->values);
    CLEANUP(mem_free_text)
    char *path = folder[0] == '\0' ? mem_copy_text(rewrite->table->path)
                                   : fs_join(rewrite->table->path, folder);
    CLEANUP(mem_free_text)
    char *prefix = mem_format("%s-%zu", marker_prefix(rewrite->marker), rewrite->writes++);
    RewriteReader *readers = mem_alloc(count * sizeof(*readers));
    void **producers = mem_alloc(count * sizeof(*producers));
    for (size_t i = 0; i < count; i++) {
        readers[i] =
            (RewriteReader){.columns = &rewrite->columns, .rows = duck_rows_reader(rows, i)};
        for (size_t c = 0; c < rewrite->columns.count; c++) {
            readers[i].has_required =
                readers[i].has_required || !rewrite->columns.fields[c].nullable;
        }
        producers[i] = &readers[i];
    }
    const ParquetWrite write = {
        .schema = &rewrite->columns,
        .folder = path,
        .file_prefix = prefix,
        .producers = producers,
        .producer_count = count,
        .next = reader_next,
        .dirty = reader_dirty,
        .memory_bytes = rewrite->options.memory_bytes,
        .file_bytes = rewrite->options.file_bytes,
        .row_group_rows = rewrite->options.row_group_rows,
        .cancel = rewrite->options.cancel,
    };
    ParquetFiles files = {0};
    bool done = fs_make_dirs(path, err) && parquet_write(&write, &files, err);
    if (done) {
        done = rewrite_take_files(rewrite, folder, part, &files, ret_rows, err)
               && fs_sync_up(path, rewrite->table->path, err);
        parquet_files_done(&files);
    }
    free(producers);
    free(readers);
    return done;
}

bool rewrite_write(Rewrite *rewrite, Duck *duck, const RewritePart *part, uint64_t *ret_rows,
                   Err *err)
{
    DuckRows *rows = NULL;
    if (!duck_rows_open(duck, part->sql, &rows, err)) {
        return false;
    }
    const bool done = rewrite_pull(rewrite, rows, part, ret_rows, err);
    duck_rows_free(rows);
    return done;
}

// --- commit ---------------------------------------------------------------------------------------------

static bool rewrite_guard(void *context, Err *err)
{
    const Rewrite *rewrite = context;
    if (!marker_check(rewrite->marker, err)) {
        return false;
    }
    for (size_t i = 0; i < rewrite->file_count; i++) {
        if (!marker_check_file(rewrite->table->path, rewrite->files[i].path, rewrite->files[i].size,
                               err)) {
            return false;
        }
    }
    return true;
}

bool rewrite_commit(Rewrite *rewrite, const char *operation, bool changes_data,
                    DeltaCommitResult *ret_result, Err *err)
{
    delta_commit_data_change(rewrite->commit, changes_data);
    delta_commit_guard(rewrite->commit, rewrite_guard, rewrite);
    if (!delta_commit(rewrite->commit, operation, NULL, ret_result, err)) {
        return false;
    }
    marker_end(rewrite->marker, /* is_committed= */ true);
    rewrite->marker = NULL;
    return true;
}

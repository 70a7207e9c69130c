// Threads compress on their own and take the lock only to append bytes that are ready, so the files are few and well
// filled however many threads there are. What was appended is handed to the disk at once (sync_file_range), which
// leaves little for the sync at the end to wait for.
#include "base/base.h"

#include "lake/parquet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/fs.h"
#include "lake/parquet_footer.h"

static const char magic[] = "PAR1";

struct ParquetOutput {
    const ParquetWrite *write;
    pthread_mutex_t lock;
    // The file that is open.
    int fd;
    char *path;
    int64_t size;
    ParquetGroup *groups;
    size_t group_count;
    // Those that are finished.
    ParquetFiles files;
};

static void output_drop_groups(ParquetOutput *output)
{
    for (size_t i = 0; i < output->group_count; i++) {
        free(output->groups[i].chunks);
    }
    free(output->groups);
    output->groups = NULL;
    output->group_count = 0;
}

ParquetOutput *parquet_output_new(const ParquetWrite *write)
{
    ParquetOutput *output = mem_alloc(sizeof(*output));
    output->write = write;
    output->fd = -1;
    (void)pthread_mutex_init(&output->lock, NULL);
    return output;
}

void parquet_output_free(ParquetOutput *output)
{
    if (output == NULL) {
        return;
    }
    if (output->fd >= 0) {
        (void)close(output->fd);
        (void)unlink(output->path);
    }
    free(output->path);
    output_drop_groups(output);
    parquet_files_done(&output->files);
    (void)pthread_mutex_destroy(&output->lock);
    free(output);
}

static bool output_write(ParquetOutput *output, const void *bytes, size_t len, Err *err)
{
    const int64_t begin = output->size;
    if (!fs_write(output->fd, output->path, bytes, len, err)) {
        return false;
    }
    output->size += (int64_t)len;
    // Only a hint: what it could not begin is done by the sync at the end.
    (void)sync_file_range(output->fd, begin, (off_t)len, SYNC_FILE_RANGE_WRITE);
    return true;
}

static bool output_open(ParquetOutput *output, Err *err)
{
    CLEANUP(mem_free_text)
    char *name = mem_format("%s-%zu.parquet", output->write->file_prefix, output->files.count);
    free(output->path);
    output->path = fs_join(output->write->folder, name);
    output->size = 0;
    return fs_create(output->path, &output->fd, err) && output_write(output, magic, strlen(magic), err);
}

// What the log says of the file.
static ParquetFile output_describe(const ParquetOutput *output)
{
    const Schema *schema = output->write->schema;
    const size_t count = schema->count < PARQUET_STATS_COLUMNS ? schema->count : PARQUET_STATS_COLUMNS;
    ParquetBounds *bounds = mem_alloc(PARQUET_STATS_COLUMNS * sizeof(*bounds));
    int64_t rows = 0;
    for (size_t g = 0; g < output->group_count; g++) {
        rows += output->groups[g].rows;
        for (size_t i = 0; i < count; i++) {
            parquet_bounds_merge(&bounds[i], &output->groups[g].chunks[i].bounds, schema->fields[i].type);
        }
    }
    CLEANUP(buf_done) Buf stats = {0};
    parquet_stats_json(schema, bounds, count, rows, &stats);
    free(bounds);
    return (ParquetFile){.name = mem_copy_text(strrchr(output->path, '/') + 1),
                         .rows = rows,
                         .size = output->size,
                         .stats = buf_take(&stats)};
}

static bool output_close(ParquetOutput *output, Err *err)
{
    CLEANUP(buf_done) Buf footer = {0};
    parquet_footer(output->write->schema, output->groups, output->group_count, &footer);
    if (!buf_ok(&footer, "the footer of a Parquet file", err) ||
        !output_write(output, footer.data, footer.len, err)) {
        return false;
    }
    output->files.files =
        mem_grow(output->files.files, (output->files.count + 1) * sizeof(*output->files.files));
    output->files.files[output->files.count++] = output_describe(output);
    output_drop_groups(output);
    const bool is_synced = fs_sync_descriptor(output->fd, output->path, err);
    (void)close(output->fd);
    output->fd = -1;
    return is_synced;
}

static bool output_append(ParquetOutput *output, const Buf *bytes, const ParquetChunk *chunks, size_t rows, Err *err)
{
    if (output->fd < 0 && !output_open(output, err)) {
        return false;
    }
    const ParquetGroup group = {
        .offset = output->size,
        .rows = (int64_t)rows,
        .bytes = (int64_t)bytes->len,
        .chunks = mem_alloc(output->write->schema->count * sizeof(*chunks)),
    };
    memcpy(group.chunks, chunks, output->write->schema->count * sizeof(*chunks));
    output->groups = mem_grow(output->groups, (output->group_count + 1) * sizeof(*output->groups));
    output->groups[output->group_count++] = group;
    if (!output_write(output, bytes->data, bytes->len, err)) {
        return false;
    }
    return (uint64_t)output->size < output->write->file_bytes || output_close(output, err);
}

bool parquet_output_append(ParquetOutput *output, const Buf *bytes, const ParquetChunk *chunks, size_t rows, Err *err)
{
    (void)pthread_mutex_lock(&output->lock);
    const bool done = output_append(output, bytes, chunks, rows, err);
    (void)pthread_mutex_unlock(&output->lock);
    return done;
}

bool parquet_output_finish(ParquetOutput *output, ParquetFiles *ret_files, Err *err)
{
    if (output->files.count == 0 && output->fd < 0 && !output_open(output, err)) {
        return false;
    }
    if ((output->fd >= 0 && !output_close(output, err)) || !fs_sync_dir(output->write->folder, err)) {
        return false;
    }
    *ret_files = output->files;
    output->files = (ParquetFiles){0};
    return true;
}

void parquet_files_done(ParquetFiles *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->files[i].name);
        free(files->files[i].stats);
    }
    free(files->files);
    *files = (ParquetFiles){0};
}

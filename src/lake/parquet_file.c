// Threads compress on their own and take the lock only to append bytes that are ready, so the files
// are few and well filled however many threads there are. What was appended is handed to the disk
// at once (sync_file_range), which leaves little for the sync at the end to wait for.
#include "base/base.h"

#include "lake/parquet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/fs.h"
#include "lake/parquet_footer.h"

// Of one file's footer, which is held until the file ends: a table of a thousand columns fills it
// first.
#define FOOTER_BYTES_MAX ((size_t)16 << 20)

struct ParquetOutput {
    const ParquetWrite *write;
    pthread_mutex_t lock;
    // The file that is open.
    int fd;
    char *path;
    int64_t size;
    int64_t rows;
    Buf groups;  // as the footer says them
    size_t group_count;
    ParquetBounds bounds[PARQUET_STATS_COLUMNS];
    // Those that are finished.
    ParquetFiles files;
};

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
    buf_done(&output->groups);
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
    output->rows = 0;
    output->group_count = 0;
    buf_clear(&output->groups);
    memset(output->bounds, 0, sizeof(output->bounds));
    return fs_create_in_folders(output->path, &output->fd, err)
           && output_write(output, PARQUET_MAGIC, strlen(PARQUET_MAGIC), err);
}

static size_t output_stats_columns(const ParquetOutput *output)
{
    const size_t count = output->write->schema->count;
    return count < PARQUET_STATS_COLUMNS ? count : PARQUET_STATS_COLUMNS;
}

// What the log says of the file.
static ParquetFile output_describe(const ParquetOutput *output)
{
    CLEANUP(buf_done) Buf stats = {0};
    parquet_stats_json(output->write->schema, output->bounds, output_stats_columns(output),
                       output->rows, &stats);
    return (ParquetFile){.name = mem_copy_text(strrchr(output->path, '/') + 1),
                         .rows = output->rows,
                         .size = output->size,
                         .stats = buf_take(&stats)};
}

static bool output_close(ParquetOutput *output, Err *err)
{
    CLEANUP(buf_done) Buf footer = {0};
    parquet_footer(output->write->schema, &output->groups, output->group_count, output->rows,
                   &footer);
    if (!buf_ok(&output->groups, "the footer of a Parquet file", err)
        || !buf_ok(&footer, "the footer of a Parquet file", err)
        || !output_write(output, footer.data, footer.len, err)) {
        return false;
    }
    output->files.files =
        mem_grow(output->files.files, (output->files.count + 1) * sizeof(*output->files.files));
    output->files.files[output->files.count++] = output_describe(output);
    const bool is_synced = fs_sync_descriptor(output->fd, output->path, err);
    (void)close(output->fd);
    output->fd = -1;
    return is_synced;
}

static bool output_is_full(const ParquetOutput *output)
{
    return (uint64_t)output->size >= output->write->file_bytes
           || output->groups.len >= FOOTER_BYTES_MAX || output->group_count == PARQUET_GROUPS_MAX;
}

static bool output_append(ParquetOutput *output, const Buf *bytes, const ParquetChunk *chunks,
                          size_t rows, Err *err)
{
    if (output->fd < 0 && !output_open(output, err)) {
        return false;
    }
    const Schema *schema = output->write->schema;
    const ParquetGroup group = {
        .ordinal = output->group_count++,
        .offset = output->size,
        .rows = (int64_t)rows,
        .bytes = (int64_t)bytes->len,
        .chunks = chunks,
    };
    parquet_footer_group(schema, &group, &output->groups);
    output->rows += group.rows;
    for (size_t i = 0; i < output_stats_columns(output); i++) {
        parquet_bounds_merge(&output->bounds[i], &chunks[i].bounds, schema->fields[i].type);
    }
    if (!output_write(output, bytes->data, bytes->len, err)) {
        return false;
    }
    return !output_is_full(output) || output_close(output, err);
}

bool parquet_output_append(ParquetOutput *output, const Buf *bytes, const ParquetChunk *chunks,
                           size_t rows, Err *err)
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
    if ((output->fd >= 0 && !output_close(output, err))
        || !fs_sync_dir(output->write->folder, err)) {
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

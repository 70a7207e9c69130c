// Rows into Parquet files. A thread a producer gathers rows into columns until a row group is full,
// encodes and compresses it, and appends it to the file that all share.
//
// We write Parquet ourselves because this is where a run's processor time went: DuckDB's COPY over
// a table function, which this replaced, took three times as much for the same rows
// (docs/internals/parquet.md has the figures). DuckDB, pyarrow and delta-rs read the files back in
// the tests.
//
// Memory: a thread holds one row group three times at worst, as gathered, as an encoded page of its
// widest column, and compressed; so a row group is cut by bytes as well as by rows.
#include "base/base.h"

#include "lake/parquet.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/failpoint.h"
#include "lake/parquet_file.h"

#define GROUP_BYTES_MIN ((uint64_t)2 << 20)
#define GROUP_BYTES_MAX ((uint64_t)64 << 20)
#define GROUP_COLUMN_BYTES_MIN \
    4096  // so that what the footer says of a column is less than the column
#define GROUP_COPIES \
    6  // of a row group's bytes that a thread may hold, with what buffers grow ahead
#define FAILED_CHECK_ROWS 256

typedef struct Writing {
    const ParquetWrite *write;
    ParquetOutput *output;
    size_t group_bytes;
    atomic_bool has_failed;
    pthread_mutex_t lock;  // guards err
    Err err;
} Writing;

// What one thread fills.
typedef struct Filling {
    Writing *writing;
    void *producer;
    ParquetRows rows;
    ParquetChunk *chunks;
    ParquetEncoder *encoder;
    Buf pages;  // of the group, encoded
    pthread_t thread;
    bool thread_runs;
} Filling;

static size_t group_bytes(const ParquetWrite *write)
{
    const uint64_t share = write->memory_bytes / (write->producer_count * GROUP_COPIES);
    const uint64_t columns = write->schema->count * (uint64_t)GROUP_COLUMN_BYTES_MIN;
    const uint64_t min = columns > GROUP_BYTES_MIN ? columns : GROUP_BYTES_MIN;
    return share < min ? min : share > GROUP_BYTES_MAX ? GROUP_BYTES_MAX : share;
}

static void filling_init(Filling *filling, Writing *writing, void *producer)
{
    const Schema *schema = writing->write->schema;
    *filling = (Filling){.writing = writing, .producer = producer};
    parquet_rows_init(&filling->rows, schema);
    filling->chunks = mem_alloc(schema->count * sizeof(*filling->chunks));
    filling->encoder = parquet_encoder_new(writing->group_bytes * 2);
    filling->pages.limit = SIZE_MAX / 2;
}

static void filling_done(Filling *filling)
{
    parquet_rows_done(&filling->rows);
    free(filling->chunks);
    parquet_encoder_free(filling->encoder);
    buf_done(&filling->pages);
}

static bool filling_flush(Filling *filling, Err *err)
{
    ParquetRows *rows = &filling->rows;
    if (rows->count == 0) {
        return true;
    }
    failpoint("files-during");
    buf_clear(&filling->pages);
    for (size_t i = 0; i < rows->column_count; i++) {
        if (!parquet_column_encode(&rows->columns[i], rows->count, filling->encoder,
                                   &filling->pages, &filling->chunks[i], err)) {
            return false;
        }
    }
    if (!parquet_output_append(filling->writing->output, &filling->pages, filling->chunks,
                               rows->count, err)) {
        return false;
    }
    if (filling->pages.capacity > filling->writing->group_bytes * 2) {
        buf_done(&filling->pages);
    }
    parquet_rows_clear(rows);
    return true;
}

static bool filling_add(Filling *filling, const Value *row, Err *err)
{
    const ParquetWrite *write = filling->writing->write;
    ParquetRows *rows = &filling->rows;
    const size_t dirty = parquet_rows_add(rows, row);
    if (UNLIKELY(dirty != SIZE_MAX)) {
        assert(write->dirty != NULL);
        return write->dirty(filling->producer, row, dirty, err);
    }
    return ((int64_t)rows->count < write->row_group_rows
            && rows->bytes < filling->writing->group_bytes)
           || filling_flush(filling, err);
}

static bool filling_pull(Filling *filling, Err *err)
{
    const ParquetWrite *write = filling->writing->write;
    for (size_t pulled = 0;; pulled++) {
        if (pulled % FAILED_CHECK_ROWS == 0) {
            if (atomic_load_explicit(&filling->writing->has_failed, memory_order_relaxed)) {
                return true;  // another thread's error is the one to tell
            }
            if (write->cancel != NULL && !cancel_check(write->cancel, err)) {
                return false;
            }
        }
        const Value *row;
        if (!write->next(filling->producer, &row, err)) {
            return false;
        }
        if (row == NULL) {
            return filling_flush(filling, err);
        }
        if (!filling_add(filling, row, err)) {
            return false;
        }
    }
}

static void *filling_run(void *argument)
{
    Filling *filling = argument;
    Writing *writing = filling->writing;
    Err err;
    if (!filling_pull(filling, &err)) {
        (void)pthread_mutex_lock(&writing->lock);
        err_keep(&writing->err, &err);
        (void)pthread_mutex_unlock(&writing->lock);
        atomic_store(&writing->has_failed, true);
        if (writing->write->cancel != NULL) {
            cancel_request(writing->write->cancel);  // wakes producers that wait for a source
        }
    }
    return NULL;
}

static void writing_run(Writing *writing)
{
    const ParquetWrite *write = writing->write;
    Filling *fillings = mem_alloc(write->producer_count * sizeof(*fillings));
    for (size_t i = 0; i < write->producer_count; i++) {
        filling_init(&fillings[i], writing, write->producers[i]);
    }
    // The first producer is this thread's; one whose thread does not start is pulled here
    // afterwards.
    for (size_t i = 1; i < write->producer_count; i++) {
        fillings[i].thread_runs =
            pthread_create(&fillings[i].thread, NULL, filling_run, &fillings[i]) == 0;
    }
    for (size_t i = 0; i < write->producer_count; i++) {
        if (!fillings[i].thread_runs) {
            (void)filling_run(&fillings[i]);
        }
    }
    for (size_t i = 0; i < write->producer_count; i++) {
        if (fillings[i].thread_runs) {
            (void)pthread_join(fillings[i].thread, NULL);
        }
        filling_done(&fillings[i]);
    }
    free(fillings);
}

bool parquet_write(const ParquetWrite *write, ParquetFiles *ret_files, Err *err)
{
    assert(write->producer_count > 0);
    assert(write->schema->count > 0);
    failpoint("files-before");
    Writing writing = {
        .write = write, .output = parquet_output_new(write), .group_bytes = group_bytes(write)};
    (void)pthread_mutex_init(&writing.lock, NULL);
    writing_run(&writing);
    const bool has_failed = atomic_load(&writing.has_failed);
    if (has_failed) {
        *err = writing.err;
    }
    const bool done = !has_failed && parquet_output_finish(writing.output, ret_files, err);
    parquet_output_free(writing.output);
    (void)pthread_mutex_destroy(&writing.lock);
    if (done) {
        failpoint("files-after");
    }
    return done;
}

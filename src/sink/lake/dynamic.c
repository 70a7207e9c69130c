// Two passes, because rows come in any order of their partitions and memory is bounded. DuckDB's
// own PARTITION_BY keeps at least a block of 256 KiB for every partition and thread and buffers by
// rows, whatever their width: with a hundred partitions it passes our memory limit, and with lower
// thresholds it makes a hundred files a partition. Rows set aside by partition cost a second pass
// over a local disk instead, and give one well-filled file a partition.
//
// In the second pass a thread takes a partition at a time, so that several partitions use all
// threads.
#include "base/base.h"

#include "sink/lake/dynamic.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/fs.h"
#include "sink/lake/spool.h"

#define SPOOL_MEMORY_SHARE 8  // of the run's memory goes to rows that wait to be set aside
#define CANCEL_CHECK_ROWS 4096

typedef struct Dynamic {
    const DynamicWrite *write;
    Partitions *partitions;
    atomic_size_t next_partition;
    atomic_bool has_failed;
    pthread_mutex_t lock;  // guards err and the calls of take
    Err err;
    DynamicFiles take;
    void *object;
} Dynamic;

typedef struct DynamicThread {
    Dynamic *dynamic;
    size_t index;
    pthread_t thread;
} DynamicThread;

static void dynamic_keep_error(Dynamic *dynamic, const Err *err)
{
    (void)pthread_mutex_lock(&dynamic->lock);
    err_keep(&dynamic->err, err);
    (void)pthread_mutex_unlock(&dynamic->lock);
    atomic_store(&dynamic->has_failed, true);
    if (dynamic->write->cancel != NULL) {
        cancel_request(dynamic->write->cancel);  // wakes producers that wait for a source
    }
}

// --- first pass -----------------------------------------------------------------------------------------

static bool dynamic_set_aside(Dynamic *dynamic, void *producer, SpoolWriter *spool, Err *err)
{
    const DynamicWrite *write = dynamic->write;
    for (uint64_t rows = 0;; rows++) {
        const Value *row = NULL;
        size_t partition = 0;
        if (rows % CANCEL_CHECK_ROWS == 0
            && (atomic_load(&dynamic->has_failed)
                || (write->cancel != NULL && !cancel_check(write->cancel, err)))) {
            return err->kind == FAIL_NONE;
        }
        if (!write->next(producer, &row, err)) {
            return false;
        }
        if (row == NULL) {
            return spool_flush(spool, err);
        }
        if (!partitions_find(dynamic->partitions, row + write->schema->count, &partition, err)
            || !spool_add(spool, partition, row, err)) {
            return false;
        }
    }
}

static void *dynamic_first_pass(void *object)
{
    const DynamicThread *thread = object;
    const DynamicWrite *write = thread->dynamic->write;
    const size_t memory = write->memory_bytes / (SPOOL_MEMORY_SHARE * write->producer_count);
    SpoolWriter *spool =
        spool_writer_new(write->schema, write->spool_folder, thread->index, memory);
    Err err = {0};
    if (!dynamic_set_aside(thread->dynamic, write->producers[thread->index], spool, &err)) {
        dynamic_keep_error(thread->dynamic, &err);
    }
    spool_writer_free(spool);
    return NULL;
}

// --- second pass ----------------------------------------------------------------------------------------

static bool dynamic_write_partition(Dynamic *dynamic, size_t partition, Err *err)
{
    const DynamicWrite *write = dynamic->write;
    char *const *texts = partitions_texts(dynamic->partitions, partition);
    CLEANUP(mem_free_text) char *relative = write->folder(write->context, texts);
    CLEANUP(mem_free_text) char *folder = fs_join(write->table, relative);
    if (!fs_make_dirs(folder, err)) {
        return false;
    }
    SpoolReader *reader =
        spool_reader_new(write->schema, write->spool_folder, write->producer_count, partition);
    void *producers[1] = {reader};
    const ParquetWrite parquet = {
        .schema = write->schema,
        .folder = folder,
        .file_prefix = write->file_prefix,
        .producers = producers,
        .producer_count = 1,
        .next = spool_next,
        .memory_bytes = write->memory_bytes / write->producer_count,
        .file_bytes = write->file_bytes,
        .row_group_rows = write->row_group_rows,
        .cancel = write->cancel,
    };
    ParquetFiles files = {0};
    const bool done = parquet_write(&parquet, &files, err);
    spool_reader_free(reader);
    if (done) {
        (void)pthread_mutex_lock(&dynamic->lock);
        dynamic->take(dynamic->object, relative, texts, &files);
        (void)pthread_mutex_unlock(&dynamic->lock);
        parquet_files_done(&files);
    }
    return done;
}

static bool dynamic_write_partitions(Dynamic *dynamic, Err *err)
{
    while (!atomic_load(&dynamic->has_failed)) {
        const size_t partition = atomic_fetch_add(&dynamic->next_partition, 1);
        if (partition >= partitions_count(dynamic->partitions)) {
            break;
        }
        if (!dynamic_write_partition(dynamic, partition, err)) {
            return false;
        }
    }
    return true;
}

static void *dynamic_second_pass(void *object)
{
    const DynamicThread *thread = object;
    Err err = {0};
    if (!dynamic_write_partitions(thread->dynamic, &err)) {
        dynamic_keep_error(thread->dynamic, &err);
    }
    return NULL;
}

// --- both -----------------------------------------------------------------------------------------------

static bool dynamic_run(Dynamic *dynamic, void *(*pass)(void *thread))
{
    const size_t count = dynamic->write->producer_count;
    DynamicThread *threads = mem_alloc(count * sizeof(*threads));
    size_t started = 0;
    for (; started < count; started++) {
        threads[started] = (DynamicThread){.dynamic = dynamic, .index = started};
        const int code = pthread_create(&threads[started].thread, NULL, pass, &threads[started]);
        if (code != 0) {
            Err err = {0};
            (void)fail(&err, FAIL_INTERNAL, "could not start a thread: %s", strerror(code));
            dynamic_keep_error(dynamic, &err);
            break;
        }
    }
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i].thread, NULL);
    }
    free(threads);
    return !atomic_load(&dynamic->has_failed);
}

// Syncs the folders from the table down to the partitions: what parquet_write leaves to its caller.
static bool dynamic_sync(const Dynamic *dynamic, Err *err)
{
    const DynamicWrite *write = dynamic->write;
    const size_t table_len = strlen(write->table);
    for (size_t i = 0; i < partitions_count(dynamic->partitions); i++) {
        CLEANUP(mem_free_text)
        char *relative = write->folder(write->context, partitions_texts(dynamic->partitions, i));
        CLEANUP(mem_free_text) char *path = fs_join(write->table, relative);
        *strrchr(path, '/') = '\0';  // the partition's own folder is synced
        // Above a single level the same few folders come again and again; syncing a clean folder
        // costs little.
        for (; strlen(path) > table_len; *strrchr(path, '/') = '\0') {
            if (!fs_sync_dir(path, err)) {
                return false;
            }
        }
    }
    return fs_sync_dir(write->table, err);
}

bool dynamic_write(const DynamicWrite *write, DynamicFiles take, void *object, Err *err)
{
    Dynamic dynamic = {.write = write,
                       .take = take,
                       .object = object,
                       .partitions = partitions_new(write->part_count)};
    (void)pthread_mutex_init(&dynamic.lock, NULL);
    bool done =
        dynamic_run(&dynamic, dynamic_first_pass) && dynamic_run(&dynamic, dynamic_second_pass);
    if (!done) {
        *err = dynamic.err;
    } else {
        done = dynamic_sync(&dynamic, err);
    }
    (void)pthread_mutex_destroy(&dynamic.lock);
    partitions_free(dynamic.partitions);
    return done;
}

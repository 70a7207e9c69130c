// Nothing is shared between the threads but the error that ends them all.
#include "base/base.h"

#include "run/scan.h"

#include <pthread.h>

#define CANCEL_CHECK_ROWS 4096

typedef struct ScanThread {
    const Scan *scan;
    size_t index;
    uint64_t rows;
    Err err;  // kind FAIL_NONE: it came to the end
    pthread_t thread;
} ScanThread;

static bool scan_stream(ScanThread *thread, RowHasher *hasher, Err *err)
{
    const Scan *scan = thread->scan;
    void *stream = scan->rows.streams[thread->index];
    for (;;) {
        const Value *row = NULL;
        if (UNLIKELY(thread->rows % CANCEL_CHECK_ROWS == 0) && !cancel_check(scan->stop, err)) {
            return false;
        }
        if (UNLIKELY(!scan->rows.next(stream, &row, err))) {
            return false;
        }
        if (UNLIKELY(row == NULL)) {
            return true;
        }
        thread->rows++;
        const RowHash hash = row_hasher_row(hasher, row);
        if (UNLIKELY(!scan->visit(scan->object, thread->index, hasher, &hash, row, err))) {
            return false;
        }
    }
}

static void *scan_thread(void *argument)
{
    ScanThread *thread = argument;
    const Scan *scan = thread->scan;
    RowHasher *hasher =
        row_hasher_new(scan->rows.schema, scan->rows.columns, scan->info->columns.count,
                       scan->info->key, scan->info->key_count);
    if (!scan_stream(thread, hasher, &thread->err)) {
        cancel_request(scan->stop);  // wakes the others
    }
    row_hasher_free(hasher);
    return NULL;
}

bool scan_run(const Scan *scan, uint64_t *ret_rows, Err *err)
{
    const size_t count = scan->rows.count;
    ScanThread *threads = mem_alloc((count + 1) * sizeof(*threads));
    Err kept = {0};
    size_t started = 0;
    while (started < count && kept.kind == FAIL_NONE) {
        ScanThread *thread = &threads[started];
        *thread = (ScanThread){.scan = scan, .index = started};
        if (pthread_create(&thread->thread, NULL, scan_thread, thread) == 0) {
            started++;
        } else {
            (void)fail(&kept, FAIL_INTERNAL, "could not start a thread");
            cancel_request(scan->stop);
        }
    }
    uint64_t rows = 0;
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i].thread, NULL);
        rows += threads[i].rows;
        if (threads[i].err.kind != FAIL_NONE) {
            err_keep(&kept, &threads[i].err);
        }
    }
    free(threads);
    if (kept.kind != FAIL_NONE) {
        *err = kept;
        return false;
    }
    *ret_rows = rows;
    return true;
}

// The reading threads' side: next() takes a row's packet from libmariadb's buffer and decodes it in
// place, nothing more.
//
// Slices are dealt out one by one under a lock, so a reader that had an easy slice takes the next
// while another is still at a hard one. Counters are shared by all threads, so rows are counted
// here and added every few thousand.
#include "source/mysql/reader.h"

#include <pthread.h>

#include "base/failpoint.h"

#define COUNT_EVERY 4096

typedef struct Reader {
    RowReader base;  // first: what callers hold
    ReaderPool *pool;
    Conn *conn;  // of the slice being read, NULL between slices
    const Relation *relation;
    DecodeColumn *columns;  // of the slice being read
    DecodeText *texts;
    Value *row;
    uint64_t rows, bytes, zero_dates;  // not yet added to the counters
} Reader;

struct ReaderPool {
    const SliceList *slices;
    ReaderConn *conns;
    size_t conn_count;
    Reader *readers;
    size_t reader_count;
    size_t column_count;
    ZeroDates zero_dates;
    Counters *counters;
    Cancel *cancel;
    pthread_mutex_t lock;  // guards `taken`
    bool *taken;           // a slice each
};

static void add_counts(Reader *reader)
{
    Counters *counters = reader->pool->counters;
    counter_add(&counters->rows_read, reader->rows);
    counter_add(&counters->bytes_read, reader->bytes);
    if (reader->zero_dates > 0) {
        counter_add(&counters->zero_dates, reader->zero_dates);
    }
    reader->rows = reader->bytes = reader->zero_dates = 0;
}

static Conn *conn_for(const Reader *reader, const Server *server)
{
    const ReaderPool *pool = reader->pool;
    const size_t index = (size_t)(reader - pool->readers);
    for (size_t i = 0; i < pool->conn_count; i++) {
        if (pool->conns[i].reader == index && pool->conns[i].server == server) {
            return pool->conns[i].conn;
        }
    }
    return NULL;
}

// The first slice that nobody has and this reader can reach, or NULL.
static const Slice *take_slice(Reader *reader, Conn **ret_conn)
{
    ReaderPool *pool = reader->pool;
    const Slice *found = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->slices->count && found == NULL; i++) {
        Conn *conn =
            pool->taken[i] ? NULL : conn_for(reader, pool->slices->items[i].relation->server);
        if (conn != NULL) {
            pool->taken[i] = true;
            found = &pool->slices->items[i];
            *ret_conn = conn;
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return found;
}

// How the rows that now come are to be read; false where they are not those of the schema.
static bool plan_columns(const Reader *reader, const Conn *conn, const Schema *schema)
{
    size_t count = 0;
    const ConnField *fields = conn_stream_fields(conn, &count);
    bool is_same = count == schema->count;
    for (size_t i = 0; i < count && is_same; i++) {
        is_same = column_plan(&fields[i], schema->fields[i].type, reader->pool->zero_dates,
                              &reader->columns[i]);
    }
    return is_same;
}

static bool begin_slice(Reader *reader, const Slice *slice, Conn *conn, Err *err)
{
    failpoint("source-slice");
    CLEANUP(buf_done) Buf sql = {0};
    relation_select(slice->relation, slice->predicate, slice->index, &sql);
    if (!buf_ok(&sql, "a slice's statement", err)) {
        return false;
    }
    if (!conn_stream(conn, buf_text(&sql), err)) {
        return err_context(err, "%s", slice->relation->name);
    }
    if (!plan_columns(reader, conn, &slice->relation->schema)) {
        conn_end_stream(conn);
        (void)fail(err, FAIL_SOURCE, "the columns of %s are not those that were found before",
                   slice->relation->name);
        err->retriable = true;
        return fail_hint(err, "Its structure was changed during the run; start the run over.");
    }
    reader->conn = conn;
    reader->relation = slice->relation;
    return true;
}

static void end_slice(Reader *reader)
{
    conn_end_stream(reader->conn);
    reader->conn = NULL;
    add_counts(reader);
}

static bool fetch_row(Reader *reader, bool *ret_has_row, Err *err)
{
    unsigned char *packet = NULL;
    size_t len = 0;
    if (UNLIKELY(!conn_stream_next(reader->conn, &packet, &len, err))) {
        add_counts(reader);
        return err_context(err, "%s", reader->relation->name);
    }
    *ret_has_row = packet != NULL;
    if (packet == NULL) {
        return true;
    }
    if (UNLIKELY(!decode_row(reader->columns, reader->pool->column_count, packet, len,
                             reader->texts, reader->row, &reader->zero_dates))) {
        return fail(err, FAIL_SOURCE, "%s: the server sent a row that is torn",
                    reader->relation->name);
    }
    reader->bytes += len;
    if (UNLIKELY(++reader->rows >= COUNT_EVERY)) {
        add_counts(reader);
        return cancel_check(reader->pool->cancel, err);
    }
    return true;
}

static bool reader_next(RowReader *base, const Value **ret_row, Err *err)
{
    Reader *reader = (Reader *)base;
    for (;;) {
        if (LIKELY(reader->conn != NULL)) {
            bool has_row = false;
            if (UNLIKELY(!fetch_row(reader, &has_row, err))) {
                return false;
            }
            if (LIKELY(has_row)) {
                *ret_row = reader->row;
                return true;
            }
            end_slice(reader);
            counter_add(&reader->pool->counters->slices_done, 1);
        }
        if (!cancel_check(reader->pool->cancel, err)) {
            return false;
        }
        Conn *conn = NULL;
        const Slice *slice = take_slice(reader, &conn);
        if (slice == NULL) {
            *ret_row = NULL;
            return true;
        }
        if (!begin_slice(reader, slice, conn, err)) {
            return false;
        }
    }
}

ReaderPool *reader_pool_new(const SliceList *slices, const ReaderConn *conns, size_t conn_count,
                            size_t reader_count, size_t column_count, ZeroDates zero_dates,
                            Counters *counters, Cancel *cancel)
{
    ReaderPool *pool = mem_alloc(sizeof *pool);
    pool->slices = slices;
    pool->conns = mem_alloc(conn_count * sizeof *pool->conns);
    memcpy(pool->conns, conns, conn_count * sizeof *conns);
    pool->conn_count = conn_count;
    pool->readers = mem_alloc(reader_count * sizeof *pool->readers);
    pool->reader_count = reader_count;
    pool->column_count = column_count;
    pool->zero_dates = zero_dates;
    pool->counters = counters;
    pool->cancel = cancel;
    pool->taken = mem_alloc(slices->count * sizeof *pool->taken);
    (void)pthread_mutex_init(&pool->lock, NULL);
    for (size_t i = 0; i < reader_count; i++) {
        pool->readers[i] = (Reader){.base = {.next = reader_next},
                                    .pool = pool,
                                    .columns = mem_alloc((column_count + 1) * sizeof(DecodeColumn)),
                                    .texts = mem_alloc((column_count + 1) * sizeof(DecodeText)),
                                    .row = mem_alloc((column_count + 1) * sizeof(Value))};
    }
    return pool;
}

void reader_pool_free(ReaderPool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (size_t i = 0; i < pool->reader_count; i++) {
        add_counts(&pool->readers[i]);  // of a reader that was stopped in the middle
        free(pool->readers[i].columns);
        free(pool->readers[i].texts);
        free(pool->readers[i].row);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool->readers);
    free(pool->conns);
    free(pool->taken);
    free(pool);
}

void reader_pool_rewind(ReaderPool *pool)
{
    Counters *counters = pool->counters;
    for (size_t i = 0; i < pool->reader_count; i++) {
        assert(pool->readers[i].conn == NULL && pool->readers[i].rows == 0);
    }
    memset(pool->taken, 0, pool->slices->count * sizeof *pool->taken);
    atomic_store(&counters->rows_read, 0);
    atomic_store(&counters->bytes_read, 0);
    atomic_store(&counters->zero_dates, 0);
    atomic_store(&counters->slices_done, 0);
}

RowReader *reader_pool_get(ReaderPool *pool, size_t index)
{
    assert(index < pool->reader_count);
    return &pool->readers[index].base;
}

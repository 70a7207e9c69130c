// Readers: each takes slices from one common list, largest first, until none is left, and gives
// their rows as Values.
#pragma once

#include "source/mysql/slices.h"
#include "source/source.h"

typedef struct ReaderPool ReaderPool;

// A reader's connection to one server; a reader of sharded sources has several.
typedef struct ReaderConn {
    const Server *server;
    Conn *conn;     // in its snapshot transaction; borrowed
    size_t reader;  // which reader uses it
} ReaderConn;

// `slices` are borrowed and sorted. Every server with slices has a connection among `conns`.
// `cancel` is what the connections listen to: a reader that fails requests it, to wake the others.
ReaderPool *reader_pool_new(const SliceList *slices, const ReaderConn *conns, size_t conn_count,
                            size_t reader_count, size_t column_count, ZeroDates zero_dates,
                            Counters *counters, Cancel *cancel) MUST_CHECK;
void reader_pool_free(ReaderPool *pool);
// All slices again. Every reader came to its end.
void reader_pool_rewind(ReaderPool *pool);
RowReader *reader_pool_get(ReaderPool *pool, size_t index);

#include "base/base.h"

#include "run/query_source.h"

// Readers add to the counters every so many rows, as source.h asks.
#define COUNT_EVERY 4096

typedef struct QueryReader {
    RowReader base;
    DuckRowReader *rows;
    Counters *counters;
    uint64_t uncounted;
} QueryReader;

typedef struct QuerySource {
    Source base;
    DuckRows *rows;
    Schema schema;
    QueryReader *readers;
    size_t reader_count;
} QuerySource;

static bool query_next(RowReader *base, const Value **ret_row, Err *err)
{
    QueryReader *reader = (QueryReader *)base;
    const bool done = duck_rows_next(reader->rows, ret_row, err);
    if (UNLIKELY(!done || *ret_row == NULL || reader->uncounted == COUNT_EVERY)) {
        counter_add(&reader->counters->rows_read, reader->uncounted);
        reader->uncounted = 0;
    }
    reader->uncounted += done && *ret_row != NULL;
    return done;
}

static const Schema *query_schema(const Source *base)
{
    return &((const QuerySource *)base)->schema;
}

static const size_t *query_key(const Source *base, size_t *ret_count)
{
    (void)base;
    *ret_count = 0;
    return NULL;
}

static int query_reader_count(const Source *base)
{
    return (int)((const QuerySource *)base)->reader_count;
}

static RowReader *query_reader(Source *base, int index)
{
    return &((QuerySource *)base)->readers[index].base;
}

static void query_close(Source *base)
{
    if (base == NULL) {
        return;
    }
    QuerySource *source = (QuerySource *)base;
    duck_rows_free(source->rows);
    schema_done(&source->schema);
    free(source->readers);
    free(source);
}

// It is made with its query, so there is nothing to open, plan or begin.
static const SourceOps query_source = {
    .name = "query",
    .schema = query_schema,
    .key = query_key,
    .reader_count = query_reader_count,
    .reader = query_reader,
    .close = query_close,
};

bool query_source_open(DuckRows *rows, const char *const *names, size_t readers, Counters *counters,
                       Source **ret_source, Err *err)
{
    QuerySource *source = mem_alloc(sizeof(*source));
    source->base.ops = &query_source;
    source->rows = rows;
    const Schema *schema = duck_rows_schema(rows);
    for (size_t i = 0; i < schema->count; i++) {
        (void)schema_add(&source->schema, names[i], schema->fields[i].type, /* nullable= */ true);
    }
    if (!duck_rows_begin(rows, readers, err)) {
        query_close(&source->base);
        return false;
    }
    source->readers = mem_alloc(readers * sizeof(*source->readers));
    source->reader_count = readers;
    for (size_t i = 0; i < readers; i++) {
        source->readers[i] = (QueryReader){
            .base = {.next = query_next}, .rows = duck_rows_reader(rows, i), .counters = counters};
    }
    *ret_source = &source->base;
    return true;
}

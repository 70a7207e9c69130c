// Writing Parquet files: one in-memory DuckDB, one COPY whose rows come from the table function of
// parquet_rows.c. Nothing is stored on the way: rows stay in memory until their row group is full, and the row
// group goes to the file.
//
// The options below were chosen by measurement (docs/internals/parquet.md has the figures): they decide
// how much processor time a run costs, as compressing and encoding are most of it.
//
// Memory: DuckDB's own limit counts what its buffer manager holds, not what an encoder allocates while it makes
// a row group's pages. So a row group is also cut by bytes: each thread holds the rows, their encoded
// pages and the compressed pages of one row group at a time.
#include "base/base.h"

#include "lake/parquet_internal.h"

#include "base/failpoint.h"
#include "base/fs.h"
#include "base/number.h"
#include "lake/duck.h"

#define PARQUET_ZSTD_LEVEL 1
// Distinct values of a row group up to which a column gets a dictionary: past it, hashing every value
// costs more than it saves.
#define PARQUET_DICTIONARY_MAX 8192
#define PARQUET_GROUP_BYTES_MIN ((uint64_t)4 << 20)
#define PARQUET_GROUP_BYTES_MAX ((uint64_t)64 << 20)

// --- the statement --------------------------------------------------------------------------------------

static uint64_t parquet_group_bytes(const ParquetWrite *write)
{
    const uint64_t share = write->memory_bytes / (write->producer_count * 7);
    return share < PARQUET_GROUP_BYTES_MIN   ? PARQUET_GROUP_BYTES_MIN
           : share > PARQUET_GROUP_BYTES_MAX ? PARQUET_GROUP_BYTES_MAX
                                             : share;
}

// V2 allows the delta encodings, which are both faster to write here and smaller, and which every reader of
// today knows (Spark: since 3.4). For floating point it would take BYTE_STREAM_SPLIT, which Spark's vectorised
// reader refused for long: tables with such columns keep to V1.
static const char *parquet_version(const Schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->fields[i].type.kind == TYPE_FLOAT32 || schema->fields[i].type.kind == TYPE_FLOAT64) {
            return "v1";
        }
    }
    return "v2";
}

static void parquet_statement(const ParquetWrite *write, Buf *sql)
{
    buf_add_text(sql, "COPY (SELECT * FROM " PARQUET_ROWS_FUNCTION "()) TO ");
    duck_quote_text(write->folder, sql);
    buf_add_format(sql,
                   " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL %d, PARQUET_VERSION %s, "
                   "DICTIONARY_SIZE_LIMIT %d, WRITE_BLOOM_FILTER false, ROW_GROUP_SIZE %" PRId64
                   ", ROW_GROUP_SIZE_BYTES %" PRIu64 ", ",
                   PARQUET_ZSTD_LEVEL, parquet_version(write->schema), PARQUET_DICTIONARY_MAX, write->row_group_rows,
                   parquet_group_bytes(write));
    // The pattern's "{" would be taken for a placeholder in the prefix, which is why prefixes are plain words.
    CLEANUP(mem_free_text) char *pattern = mem_format("%s-{i}", write->file_prefix);
    buf_add_text(sql, "FILENAME_PATTERN ");
    duck_quote_text(pattern, sql);
    buf_add_format(sql, ", FILE_SIZE_BYTES %" PRIu64 ", OVERWRITE_OR_IGNORE, RETURN_STATS)", write->file_bytes);
}

static void parquet_interrupt(void *object)
{
    duck_interrupt(object);
}

// What DuckDB says is put in our words; a producer's error has gone before.
static bool parquet_fail(ParquetRows *rows, const ParquetWrite *write, duckdb_result *result, Err *err)
{
    if (parquet_rows_failed(rows, err)) {
        return false;
    }
    (void)duck_fail((int)duckdb_result_error_type(result), duckdb_result_error(result), err);
    if (err->kind == FAIL_CANCELLED) {
        return false;
    }
    err->kind = FAIL_TARGET;
    if (err->hint[0] == '\0' && strstr(err->message, "No space left") != NULL) {
        (void)fail_hint(err, "Free space on the disk of \"%s\" and run again; nothing was published.", write->folder);
    }
    return err_context(err, "could not write Parquet files to \"%s\"", write->folder);
}

static bool parquet_copy(Duck *duck, ParquetRows *rows, const ParquetWrite *write, duckdb_result *ret_result,
                         Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    parquet_statement(write, &sql);
    if (!buf_ok(&sql, "the statement that writes the files", err)) {
        return false;
    }
    if (write->cancel != NULL) {
        cancel_add_hook(write->cancel, parquet_interrupt, duck);
    }
    const duckdb_state state = duckdb_query(duck_connection(duck), buf_text(&sql), ret_result);
    if (write->cancel != NULL) {
        cancel_remove_hook(write->cancel, duck);
    }
    return state == DuckDBSuccess || parquet_fail(rows, write, ret_result, err);
}

// --- its result: filename, count, file_size_bytes, footer_size_bytes, column_statistics -----------------

typedef struct MapText {
    const char *data;
    size_t len;
} MapText;

// A cell of a VARCHAR vector; false where it is NULL.
static bool map_text(duckdb_vector vector, size_t row, MapText *ret_text)
{
    uint64_t *validity = duckdb_vector_get_validity(vector);
    if (validity != NULL && !duckdb_validity_row_is_valid(validity, row)) {
        return false;
    }
    duckdb_string_t *string = &((duckdb_string_t *)duckdb_vector_get_data(vector))[row];
    *ret_text = (MapText){duckdb_string_t_data(string), duckdb_string_t_length(*string)};
    return true;
}

// A map of DuckDB's is a list of structs of a key and a value.
static duckdb_vector map_keys(duckdb_vector map)
{
    return duckdb_struct_vector_get_child(duckdb_list_vector_get_child(map), 0);
}

static duckdb_vector map_values(duckdb_vector map)
{
    return duckdb_struct_vector_get_child(duckdb_list_vector_get_child(map), 1);
}

static duckdb_list_entry map_entry(duckdb_vector map, size_t row)
{
    uint64_t *validity = duckdb_vector_get_validity(map);
    if (validity != NULL && !duckdb_validity_row_is_valid(validity, row)) {
        return (duckdb_list_entry){0};
    }
    return ((duckdb_list_entry *)duckdb_vector_get_data(map))[row];
}

// The index in the map's children of `key`, or SIZE_MAX.
static size_t map_find(duckdb_vector map, size_t row, const char *key, size_t key_len)
{
    const duckdb_list_entry entry = map_entry(map, row);
    duckdb_vector keys = map_keys(map);
    for (size_t i = entry.offset; i < entry.offset + entry.length; i++) {
        MapText text;
        if (map_text(keys, i, &text) && text.len == key_len && memcmp(text.data, key, key_len) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool map_get(duckdb_vector map, size_t row, const char *key, MapText *ret_text)
{
    const size_t index = map_find(map, row, key, strlen(key));
    return index != SIZE_MAX && map_text(map_values(map), index, ret_text);
}

static char *parquet_stats(const ParquetWrite *write, duckdb_vector column_statistics, size_t row, int64_t rows)
{
    const size_t columns = write->schema->count;
    const size_t count = columns < PARQUET_STATS_COLUMNS ? columns : PARQUET_STATS_COLUMNS;
    ParquetBounds bounds[PARQUET_STATS_COLUMNS];
    for (size_t i = 0; i < count; i++) {
        bounds[i] = (ParquetBounds){.null_count = -1};
        CLEANUP(buf_done) Buf name = {0};
        duck_quote_name(write->schema->fields[i].name, &name);
        const size_t index = map_find(column_statistics, row, buf_text(&name), name.len);
        if (index == SIZE_MAX) {
            continue;
        }
        duckdb_vector stats = map_values(column_statistics);
        MapText text;
        if (map_get(stats, index, "null_count", &text) &&
            !number_parse_i64(text.data, text.len, &bounds[i].null_count)) {
            bounds[i].null_count = -1;
        }
        bounds[i].has_nan = map_get(stats, index, "has_nan", &text) && text.len == 4;  // "true"
        if (map_get(stats, index, "min", &text)) {
            bounds[i].min = text.data;
            bounds[i].min_len = text.len;
        }
        if (map_get(stats, index, "max", &text)) {
            bounds[i].max = text.data;
            bounds[i].max_len = text.len;
        }
    }
    CLEANUP(buf_done) Buf json = {0};
    parquet_stats_json(write->schema, bounds, count, rows, &json);
    return buf_take(&json);
}

static void parquet_add_files(const ParquetWrite *write, duckdb_data_chunk chunk, ParquetFiles *files)
{
    const size_t count = duckdb_data_chunk_get_size(chunk);
    duckdb_vector columns[5];
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        columns[i] = duckdb_data_chunk_get_vector(chunk, i);
    }
    files->files = mem_grow(files->files, (files->count + count) * sizeof(*files->files));
    for (size_t i = 0; i < count; i++) {
        MapText path = {"", 0};
        (void)map_text(columns[0], i, &path);
        const size_t skip = strlen(write->folder) + 1;
        assert(path.len > skip && memcmp(path.data, write->folder, skip - 1) == 0);
        const int64_t rows = ((int64_t *)duckdb_vector_get_data(columns[1]))[i];
        files->files[files->count++] = (ParquetFile){
            .name = mem_copy_bytes(path.data + skip, path.len - skip),
            .rows = rows,
            .size = ((int64_t *)duckdb_vector_get_data(columns[2]))[i],
            .stats = parquet_stats(write, columns[4], i, rows),
        };
    }
}

// --- durability -----------------------------------------------------------------------------------------

static bool parquet_sync(const ParquetWrite *write, const ParquetFiles *files, Err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        CLEANUP(mem_free_text) char *path = fs_join(write->folder, files->files[i].name);
        if (!fs_sync_file(path, err)) {
            return false;
        }
    }
    return fs_sync_dir(write->folder, err);
}

// --- the whole ------------------------------------------------------------------------------------------

void parquet_files_done(ParquetFiles *files)
{
    for (size_t i = 0; i < files->count; i++) {
        ParquetFile *file = &files->files[i];
        free(file->name);
        free(file->stats);
    }
    free(files->files);
    *files = (ParquetFiles){0};
}

static bool parquet_run(Duck *duck, ParquetRows *rows, const ParquetWrite *write, ParquetFiles *files, Err *err)
{
    if (!parquet_rows_register(rows, duck_connection(duck), err) ||
        !duck_run(duck, "SET preserve_insertion_order = false", err)) {
        return false;
    }
    duckdb_result result;
    memset(&result, 0, sizeof(result));
    const bool done = parquet_copy(duck, rows, write, &result, err);
    while (done) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        if (chunk == NULL) {
            break;
        }
        parquet_add_files(write, chunk, files);
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return done;
}

bool parquet_write(const ParquetWrite *write, ParquetFiles *ret_files, Err *err)
{
    assert(write->producer_count > 0);
    assert(write->schema->count > 0);
    const DuckOptions options = {
        .memory_bytes = write->memory_bytes,
        .threads = (unsigned)write->producer_count,
    };
    ParquetFiles files = {0};
    failpoint("files-before");
    ParquetRows *rows = parquet_rows_new(write);
    Duck *duck = NULL;
    const bool done = duck_open(&options, &duck, err) && parquet_run(duck, rows, write, &files, err);
    duck_free(duck);
    parquet_rows_free(rows);
    if (!done || !parquet_sync(write, &files, err)) {
        parquet_files_done(&files);
        return false;
    }
    failpoint("files-after");
    *ret_files = files;
    return true;
}

// One in-memory DuckDB database with one connection. Results are fetched in chunks, so that a
// result of any size costs the memory of one chunk. DuckDB's error types are mapped to FailKind in
// one place, duck_fail().
//
// DuckDB would by default fetch extensions over the network when SQL mentions them, and spill to
// ".tmp" in the current folder: both are off, a program that copies data has no business doing
// either.
#include "base/base.h"

#include "lake/duck.h"

#include <duckdb.h>
#include <jansson.h>

#include "base/text.h"

struct Duck {
    duckdb_database database;
    duckdb_connection connection;
    size_t error_position;
};

static bool duck_configure(duckdb_config config, const DuckOptions *options, Err *err)
{
    CLEANUP(mem_free_text)
    char *threads = mem_format("%u", options->threads == 0 ? 1 : options->threads);
    CLEANUP(mem_free_text) char *memory = mem_format("%" PRIu64 "B", options->memory_bytes);
    const struct {
        const char *name;
        const char *value;
    } settings[] = {
        {"threads", threads},
        {"temp_directory", options->temp_folder == NULL ? "" : options->temp_folder},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"memory_limit", options->memory_bytes == 0 ? NULL : memory},
    };
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (settings[i].value != NULL
            && duckdb_set_config(config, settings[i].name, settings[i].value) == DuckDBError) {
            return fail(err, FAIL_INTERNAL, "duckdb refused the setting \"%s\"", settings[i].name);
        }
    }
    return true;
}

bool duck_open(const DuckOptions *options, Duck **ret_duck, Err *err)
{
    duckdb_config config = NULL;
    if (duckdb_create_config(&config) == DuckDBError) {
        duckdb_destroy_config(&config);
        return fail(err, FAIL_INTERNAL, "could not make a duckdb configuration");
    }
    if (!duck_configure(config, options, err)) {
        duckdb_destroy_config(&config);
        return false;
    }
    Duck *duck = mem_alloc(sizeof(*duck));
    char *message = NULL;
    const duckdb_state opened = duckdb_open_ext(NULL, &duck->database, config, &message);
    duckdb_destroy_config(&config);
    if (opened == DuckDBError) {
        (void)fail(err, FAIL_INTERNAL, "could not start duckdb: %s",
                   message == NULL ? "no reason" : message);
        duckdb_free(message);
        duck_free(duck);
        return false;
    }
    if (duckdb_connect(duck->database, &duck->connection) == DuckDBError) {
        duck_free(duck);
        return fail(err, FAIL_INTERNAL, "could not connect to the duckdb in the process");
    }
    CLEANUP(buf_done) Buf settings = {0};
    buf_add_text(&settings, "SET errors_as_json = true; SET TimeZone = ");
    duck_quote_text(options->timezone == NULL ? "UTC" : options->timezone, &settings);
    if (!duck_run(duck, buf_text(&settings), err)) {
        duck_free(duck);
        return false;
    }
    *ret_duck = duck;
    return true;
}

void duck_free(Duck *duck)
{
    if (duck == NULL) {
        return;
    }
    if (duck->connection != NULL) {
        duckdb_disconnect(&duck->connection);
    }
    if (duck->database != NULL) {
        duckdb_close(&duck->database);
    }
    free(duck);
}

void duck_cleanup(Duck **duck)
{
    duck_free(*duck);
}

struct _duckdb_connection *duck_connection(Duck *duck)
{
    return duck->connection;
}

void duck_interrupt(Duck *duck)
{
    duckdb_interrupt(duck->connection);
}

// --- errors -----

// What DuckDB calls its exceptions, and whose problem each is. Others are ours.
static FailKind duck_fail_kind(const char *type)
{
    static const struct {
        const char *type;
        FailKind kind;
    } kinds[] = {
        {"Interrupt", FAIL_CANCELLED},
        {"INTERRUPT", FAIL_CANCELLED},
        {"Out of Memory", FAIL_TARGET},
        {"IO", FAIL_TARGET},
        {"Permission", FAIL_TARGET},
        {"Conversion", FAIL_SOURCE},
        {"Out of Range", FAIL_SOURCE},
        {"Invalid Input", FAIL_SOURCE},
        {"Mismatch Type", FAIL_SOURCE},
        {"Divide by Zero", FAIL_SOURCE},
        {"Constraint", FAIL_SOURCE},
        {"Object Size", FAIL_SOURCE},
        {"Decimal", FAIL_SOURCE},
        {"Parser", FAIL_CONFIG},
        {"Binder", FAIL_CONFIG},
        {"Catalog", FAIL_CONFIG},
        {"Syntax", FAIL_CONFIG},
        {"Not implemented", FAIL_CONFIG},
        {"Expression", FAIL_CONFIG},
        {"Invalid type", FAIL_CONFIG},
        {"Missing Extension", FAIL_CONFIG},
        {"Unknown Type", FAIL_CONFIG},
        {"Parameter Not Resolved", FAIL_CONFIG},
        {"Parameter Not Allowed", FAIL_CONFIG},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (text_equal_nocase(type, kinds[i].type)) {
            return kinds[i].kind;
        }
    }
    return FAIL_INTERNAL;
}

// "Did you mean ..." and "Candidate bindings: ..." stand on lines of their own; of a list the
// first.
static void duck_hint(const char *rest, Err *err)
{
    CLEANUP(buf_done) Buf hint = {0};
    for (int lines = 0; *rest != '\0' && lines < 4; lines++) {
        rest += strspn(rest, "\n\t ");
        const size_t len = strcspn(rest, "\n");
        buf_add_text(&hint, lines == 0 ? "" : " ");
        buf_add_bytes(&hint, rest, len);
        rest += len;
    }
    if (hint.len > 0) {
        (void)fail_hint(err, "%s", buf_text(&hint));
    }
}

bool duck_fail(Duck *duck, const char *message, Err *err)
{
    duck->error_position = SIZE_MAX;
    // A parser's error has a word before the JSON.
    const char *begin = message == NULL ? NULL : strchr(message, '{');
    json_auto_t *json = json_loads(begin == NULL ? "" : begin, 0, NULL);
    const char *type = json_string_value(json_object_get(json, "exception_type"));
    const char *text = json_string_value(json_object_get(json, "exception_message"));
    if (type == NULL || text == NULL) {
        text = message == NULL || message[0] == '\0' ? "duckdb gave no reason" : message;
        return fail(err, FAIL_INTERNAL, "%.*s", (int)strcspn(text, "\n"), text);
    }
    const char *position = json_string_value(json_object_get(json, "position"));
    int64_t offset = 0;
    if (position != NULL && text_parse_int(position, 0, INT64_MAX, &offset)) {
        duck->error_position = (size_t)offset;
    }
    const size_t line = strcspn(text, "\n");
    const FailKind kind = duck_fail_kind(type);
    if (kind == FAIL_CANCELLED) {
        return fail(err, kind, "the work was cancelled");
    }
    (void)fail(err, kind, "%.*s", (int)line, text);
    if (text_equal_nocase(type, "Out of Memory")) {
        return fail_hint(err, "Raise the memory option, or lower the number of threads.");
    }
    duck_hint(text + line + (text[line] != '\0'), err);
    return false;
}

size_t duck_error_position(const Duck *duck)
{
    return duck->error_position;
}

static bool duck_fail_result(Duck *duck, duckdb_result *result, Err *err)
{
    return duck_fail(duck, duckdb_result_error(result), err);
}

bool duck_run(Duck *duck, const char *sql, Err *err)
{
    duckdb_result result;
    const bool done = duckdb_query(duck->connection, sql, &result) == DuckDBSuccess
                      || duck_fail_result(duck, &result, err);
    duckdb_destroy_result(&result);
    return done;
}

// --- rows as text -----

typedef struct DuckCells {
    size_t count;
    duckdb_type *types;
    Buf *texts;  // one a column: a cell's bytes with a closing NUL
    const char **cells;
    size_t *lens;
} DuckCells;

static void duck_cells_done(DuckCells *cells)
{
    for (size_t i = 0; i < cells->count; i++) {
        buf_done(&cells->texts[i]);
    }
    free(cells->types);
    free(cells->texts);
    free(cells->cells);
    free(cells->lens);
}

// The integer at `row` of a vector of one of DuckDB's fixed-width types; false where it is another
// type.
static bool duck_integer(duckdb_type type, const void *data, idx_t row, Buf *out)
{
    if (type == DUCKDB_TYPE_BOOLEAN) {
        buf_add_text(out, ((const bool *)data)[row] ? "true" : "false");
    } else if (type == DUCKDB_TYPE_TINYINT) {
        buf_add_format(out, "%d", ((const int8_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_SMALLINT) {
        buf_add_format(out, "%d", ((const int16_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_INTEGER) {
        buf_add_format(out, "%" PRId32, ((const int32_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_BIGINT) {
        buf_add_format(out, "%" PRId64, ((const int64_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_UTINYINT) {
        buf_add_format(out, "%u", ((const uint8_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_USMALLINT) {
        buf_add_format(out, "%u", ((const uint16_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_UINTEGER) {
        buf_add_format(out, "%" PRIu32, ((const uint32_t *)data)[row]);
    } else if (type == DUCKDB_TYPE_UBIGINT) {
        buf_add_format(out, "%" PRIu64, ((const uint64_t *)data)[row]);
    } else {
        return false;
    }
    return true;
}

static bool duck_cell(DuckCells *cells, size_t column, duckdb_vector vector, idx_t row, Err *err)
{
    cells->cells[column] = NULL;
    cells->lens[column] = 0;
    uint64_t *validity = duckdb_vector_get_validity(vector);
    if (validity != NULL && !duckdb_validity_row_is_valid(validity, row)) {
        return true;
    }
    Buf *text = &cells->texts[column];
    buf_clear(text);
    void *data = duckdb_vector_get_data(vector);
    if (cells->types[column] == DUCKDB_TYPE_VARCHAR) {
        duckdb_string_t *string = &((duckdb_string_t *)data)[row];
        buf_add_bytes(text, duckdb_string_t_data(string), duckdb_string_t_length(*string));
    } else if (!duck_integer(cells->types[column], data, row, text)) {
        return fail(err, FAIL_INTERNAL, "column %zu of a duckdb result is not text: cast it",
                    column + 1);
    }
    if (!buf_ok(text, "a cell of a duckdb result", err)) {
        return false;
    }
    cells->cells[column] = buf_text(text);
    cells->lens[column] = text->len;
    return true;
}

static bool duck_chunk(DuckCells *cells, duckdb_data_chunk chunk, DuckRow row, void *context,
                       Err *err)
{
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t i = 0; i < count; i++) {
        for (size_t c = 0; c < cells->count; c++) {
            if (!duck_cell(cells, c, duckdb_data_chunk_get_vector(chunk, c), i, err)) {
                return false;
            }
        }
        if (!row(context, cells->count, cells->cells, cells->lens, err)) {
            return false;
        }
    }
    return true;
}

static bool duck_fetch(Duck *duck, duckdb_result *result, DuckRow row, void *context, Err *err)
{
    CLEANUP(duck_cells_done) DuckCells cells = {.count = duckdb_column_count(result)};
    cells.types = mem_alloc(cells.count * sizeof(*cells.types));
    cells.texts = mem_alloc(cells.count * sizeof(*cells.texts));
    cells.cells = mem_alloc(cells.count * sizeof(*cells.cells));
    cells.lens = mem_alloc(cells.count * sizeof(*cells.lens));
    for (size_t i = 0; i < cells.count; i++) {
        cells.types[i] = duckdb_column_type(result, i);
    }
    for (;;) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(*result);
        if (chunk == NULL) {
            // The end and a failure in the middle of the stream look the same but for the message.
            const char *message = duckdb_result_error(result);
            return message == NULL || message[0] == '\0' || duck_fail_result(duck, result, err);
        }
        const bool done = duck_chunk(&cells, chunk, row, context, err);
        duckdb_destroy_data_chunk(&chunk);
        if (!done) {
            return false;
        }
    }
}

bool duck_query(Duck *duck, const char *sql, DuckRow row, void *context, Err *err)
{
    duckdb_prepared_statement statement = NULL;
    if (duckdb_prepare(duck->connection, sql, &statement) == DuckDBError) {
        (void)duck_fail(duck, duckdb_prepare_error(statement), err);
        duckdb_destroy_prepare(&statement);
        return false;
    }
    duckdb_pending_result pending = NULL;
    duckdb_result result;
    memset(&result, 0, sizeof(result));
    bool done = false;
    if (duckdb_pending_prepared_streaming(statement, &pending) == DuckDBError) {
        (void)duck_fail(duck, duckdb_pending_error(pending), err);
    } else if (duckdb_execute_pending(pending, &result) == DuckDBError) {
        (void)duck_fail_result(duck, &result, err);
    } else {
        done = duck_fetch(duck, &result, row, context, err);
    }
    duckdb_destroy_result(&result);
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&statement);
    return done;
}

static void duck_quote(char quote, const char *text, Buf *out)
{
    buf_add_char(out, quote);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == quote) {
            buf_add_char(out, quote);
        }
        buf_add_char(out, *p);
    }
    buf_add_char(out, quote);
}

void duck_quote_text(const char *text, Buf *out)
{
    duck_quote('\'', text, out);
}

void duck_quote_name(const char *name, Buf *out)
{
    duck_quote('"', name, out);
}

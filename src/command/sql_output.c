// Results as an aligned table, as CSV (RFC 4180) or as JSON, an object a line.
//
// A table's widths come from its first rows, which are kept until there are enough of them or the
// result ends; later rows that are wider stick out. Output goes past stdio: a reader that has gone
// (`weir sql ... | head`) is then told from a disk that is full, and leaves nothing to be flushed.
#include "base/base.h"

#include "command/sql_internal.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/emit.h"
#include "base/text.h"

#define TABLE_ROWS_KEPT 1000
#define TABLE_BYTES_KEPT ((size_t)16 << 20)
#define FLUSH_BYTES ((size_t)64 << 10)

typedef struct OutputColumn {
    char *name;
    CellKind kind;
    size_t width;
} OutputColumn;

struct SqlOutput {
    SqlFormat format;
    Buf out;  // not yet written
    bool is_closed;
    OutputColumn *columns;
    size_t column_count;
    // A table's first rows: their cells one after the other, each with its closing
    // NUL.
    Buf kept;
    size_t kept_rows;
    bool has_widths;
};

static void output_forget(SqlOutput *output)
{
    for (size_t i = 0; i < output->column_count; i++) {
        free(output->columns[i].name);
    }
    free(output->columns);
    output->columns = NULL;
    output->column_count = 0;
    output->kept_rows = 0;
    output->has_widths = false;
    buf_clear(&output->kept);
}

SqlOutput *sql_output_new(SqlFormat format)
{
    SqlOutput *output = mem_alloc(sizeof(*output));
    output->format = format;
    return output;
}

void sql_output_free(SqlOutput *output)
{
    if (output == NULL) {
        return;
    }
    output_forget(output);
    buf_done(&output->kept);
    buf_done(&output->out);
    free(output);
}

bool sql_output_is_closed(const SqlOutput *output)
{
    return output->is_closed;
}

static bool output_write(SqlOutput *output, Err *err)
{
    if (!buf_ok(&output->out, "the rows of a result", err)) {
        return false;
    }
    const char *data = buf_text(&output->out);
    for (size_t at = 0; at < output->out.len;) {
        const ssize_t count = write(STDOUT_FILENO, data + at, output->out.len - at);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            const int reason = errno;
            output->is_closed = reason == EPIPE;
            buf_clear(&output->out);
            char space[128];
            return fail(err, FAIL_TARGET, "could not write to standard output: %s",
                        strerror_r(reason, space, sizeof(space)));
        }
        at += (size_t)count;
    }
    buf_clear(&output->out);
    return true;
}

// --- table -----

// Adds a cell's text without control characters but for its line ends.
static void add_lines(const char *text, size_t len, Buf *out)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '\t' || c == '\r') {
            buf_add_text(out, c == '\t' ? "\\t" : "\\r");
        } else if ((c < 0x20 && c != '\n') || c == 0x7F) {
            buf_add_format(out, "\\x%02X", c);
        } else {
            buf_add_char(out, text[i]);
        }
    }
}

// Columns of the widest line.
static size_t lines_width(const char *lines)
{
    size_t widest = 0;
    for (;;) {
        const size_t len = strcspn(lines, "\n");
        CLEANUP(mem_free_text) char *line = mem_copy_bytes(lines, len);
        const size_t width = text_width(line);
        widest = width > widest ? width : widest;
        if (lines[len] == '\0') {
            return widest;
        }
        lines += len + 1;
    }
}

static void add_spaces(size_t count, Buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_char(out, ' ');
    }
}

// The first line of a cell, with the blanks around it; the last one of a row is not filled up on
// its right. Returns what is left of the cell, or NULL.
static const char *table_cell(SqlOutput *output, size_t column, bool is_right, const char *lines)
{
    Buf *out = &output->out;
    const bool is_last = column + 1 == output->column_count;
    const size_t len = lines == NULL ? 0 : strcspn(lines, "\n");
    CLEANUP(mem_free_text) char *line = mem_copy_bytes(lines == NULL ? "" : lines, len);
    const size_t width = text_width(line);
    const size_t all = output->columns[column].width;
    const size_t fill = width < all ? all - width : 0;
    if (!is_last || len > 0) {
        buf_add_char(out, ' ');
        add_spaces(is_right ? fill : 0, out);
    }
    buf_add_text(out, line);
    add_spaces(is_right || is_last ? 0 : fill, out);
    buf_add_text(out, is_last ? "\n" : " |");
    return lines == NULL || lines[len] == '\0' ? NULL : lines + len + 1;
}

// A row's cells, one after the other in `cells`, each with its closing NUL: as many lines as the
// longest of them has. Returns what lies behind them.
static const char *table_cells(SqlOutput *output, const char *cells)
{
    const char **rests = mem_alloc((output->column_count + 1) * sizeof(*rests));
    for (size_t i = 0; i < output->column_count; i++) {
        rests[i] = cells;
        cells += strlen(cells) + 1;
    }
    for (bool has_more = true; has_more;) {
        has_more = false;
        for (size_t i = 0; i < output->column_count; i++) {
            rests[i] = table_cell(output, i, output->columns[i].kind == CELL_NUMBER, rests[i]);
            has_more = has_more || rests[i] != NULL;
        }
    }
    free(rests);
    return cells;
}

static void table_head(SqlOutput *output)
{
    for (size_t i = 0; i < output->column_count; i++) {
        (void)table_cell(output, i, /* is_right= */ false, output->columns[i].name);
    }
    for (size_t i = 0; i < output->column_count; i++) {
        for (size_t j = 0; j < output->columns[i].width + 2; j++) {
            buf_add_char(&output->out, '-');
        }
        buf_add_char(&output->out, i + 1 == output->column_count ? '\n' : '+');
    }
}

// Writes the head and the rows that were kept.
static bool table_begin_rows(SqlOutput *output, Err *err)
{
    output->has_widths = true;
    table_head(output);
    const char *at = buf_text(&output->kept);
    for (size_t row = 0; row < output->kept_rows; row++) {
        at = table_cells(output, at);
    }
    buf_clear(&output->kept);
    return output_write(output, err);
}

// Keeps the row, or writes it where the widths are known already.
static bool table_row(SqlOutput *output, const char *const *cells, const size_t *lens, Err *err)
{
    for (size_t i = 0; i < output->column_count; i++) {
        const size_t begin = output->kept.len;
        add_lines(cells[i] == NULL ? "NULL" : cells[i], cells[i] == NULL ? 4 : lens[i],
                  &output->kept);
        buf_add_char(&output->kept, '\0');
        if (!buf_ok(&output->kept, "a row", err)) {
            return false;
        }
        const size_t width = output->has_widths ? 0 : lines_width(output->kept.data + begin);
        if (width > output->columns[i].width) {
            output->columns[i].width = width;
        }
    }
    if (output->has_widths) {
        (void)table_cells(output, buf_text(&output->kept));
        buf_clear(&output->kept);
        return true;
    }
    output->kept_rows++;
    return (output->kept_rows < TABLE_ROWS_KEPT && output->kept.len < TABLE_BYTES_KEPT)
           || table_begin_rows(output, err);
}

// --- csv -----

// Quoted where it must be, and where it is empty: NULL is empty without quotes.
static void csv_cell(const char *cell, size_t len, Buf *out)
{
    if (cell == NULL) {
        return;
    }
    if (len > 0 && memchr(cell, '"', len) == NULL && memchr(cell, ',', len) == NULL
        && memchr(cell, '\n', len) == NULL && memchr(cell, '\r', len) == NULL) {
        buf_add_bytes(out, cell, len);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (cell[i] == '"') {
            buf_add_char(out, '"');
        }
        buf_add_char(out, cell[i]);
    }
    buf_add_char(out, '"');
}

static void csv_row(SqlOutput *output, const char *const *cells, const size_t *lens)
{
    for (size_t i = 0; i < output->column_count; i++) {
        buf_add_text(&output->out, i == 0 ? "" : ",");
        csv_cell(cells[i], cells[i] == NULL ? 0 : lens[i], &output->out);
    }
    buf_add_text(&output->out, "\r\n");
}

static void csv_head(SqlOutput *output)
{
    for (size_t i = 0; i < output->column_count; i++) {
        const char *name = output->columns[i].name;
        buf_add_text(&output->out, i == 0 ? "" : ",");
        csv_cell(name, strlen(name), &output->out);
    }
    buf_add_text(&output->out, "\r\n");
}

// --- json -----

static void json_cell(JsonWriter *json, CellKind kind, const char *cell, size_t len)
{
    switch (kind) {
    case CELL_NUMBER:
        // nan, inf and -inf are no JSON.
        if (len > 0 && (cell[len - 1] < '0' || cell[len - 1] > '9')) {
            emit_text_bytes(json, cell, len);
        } else {
            emit_raw(json, cell, len);
        }
        return;
    case CELL_BOOL:
    case CELL_JSON:
        emit_raw(json, cell, len);
        return;
    case CELL_TEXT:
        emit_text_bytes(json, cell, len);
        return;
    }
}

static void json_row(SqlOutput *output, const char *const *cells, const size_t *lens)
{
    JsonWriter json = emit_writer(&output->out);
    emit_begin_object(&json);
    for (size_t i = 0; i < output->column_count; i++) {
        emit_key(&json, output->columns[i].name);
        if (cells[i] == NULL) {
            emit_null(&json);
        } else {
            json_cell(&json, output->columns[i].kind, cells[i], lens[i]);
        }
    }
    emit_end_object(&json);
    buf_add_char(&output->out, '\n');
}

// --- the output of a script -----

static bool output_begin(void *context, const ResultColumn *columns, size_t count, Err *err)
{
    SqlOutput *output = context;
    (void)err;
    output_forget(output);
    output->columns = mem_alloc((count + 1) * sizeof(*output->columns));
    output->column_count = count;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_done) Buf name = {0};
        add_lines(columns[i].name, strlen(columns[i].name), &name);
        const size_t width = lines_width(buf_text(&name));
        output->columns[i] = (OutputColumn){.name = output->format == SQL_FORMAT_TABLE
                                                        ? buf_take(&name)
                                                        : mem_copy_text(columns[i].name),
                                            .kind = columns[i].kind,
                                            .width = width};
    }
    if (output->format == SQL_FORMAT_CSV) {
        csv_head(output);
    }
    return true;
}

static bool output_row(void *context, const char *const *cells, const size_t *lens, Err *err)
{
    SqlOutput *output = context;
    switch (output->format) {
    case SQL_FORMAT_TABLE:
        if (!table_row(output, cells, lens, err)) {
            return false;
        }
        break;
    case SQL_FORMAT_CSV:
        csv_row(output, cells, lens);
        break;
    case SQL_FORMAT_JSON:
        json_row(output, cells, lens);
        break;
    }
    return output->out.len < FLUSH_BYTES || output_write(output, err);
}

static bool output_end(void *context, uint64_t rows, Err *err)
{
    SqlOutput *output = context;
    if (output->format == SQL_FORMAT_TABLE) {
        if (!output->has_widths && !table_begin_rows(output, err)) {
            return false;
        }
        char space[TEXT_NUMBER_SIZE];
        buf_add_format(&output->out, "(%s row%s)\n", text_count(rows, space), rows == 1 ? "" : "s");
    }
    output_forget(output);
    return output_write(output, err);
}

static void output_note(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

bool sql_output_flush(SqlOutput *output, Err *err)
{
    // A table of which not all first rows came: what failed says why, and says it below them.
    const bool has_rows =
        output->format == SQL_FORMAT_TABLE && !output->has_widths && output->kept_rows > 0;
    const bool done = (!has_rows || table_begin_rows(output, err)) && output_write(output, err);
    output_forget(output);
    return done;
}

ResultOutput sql_output_result(SqlOutput *output)
{
    return (ResultOutput){.context = output,
                          .begin = output_begin,
                          .row = output_row,
                          .end = output_end,
                          .note = output_note};
}

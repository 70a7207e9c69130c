// weir sql: statements on the lake, from the command line, a file, standard input or a prompt.
#include "command/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "command/signals.h"
#include "command/sql_internal.h"
#include "job/job.h"

#define SCRIPT_BYTES_MAX ((size_t)64 << 20)

typedef struct SqlRequest {
    const char *text;  // of -e
    const char *file;  // "-": standard input
    const char *format, *dir, *lake, *memory, *bizdate;
    const char **params;
    int threads;
} SqlRequest;

// --- where an error stands -----

// The number before which `text` stands, from *at on; moves *at behind it. 0: there is none.
static size_t take_number(const char **at, const char *text)
{
    const size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0) {
        return 0;
    }
    char *end;
    const unsigned long number = strtoul(*at + len, &end, 10);
    if (end == *at + len || number > 1000 * 1000 * 1000) {
        return 0;
    }
    *at = end;
    return number;
}

// Reads "line 3, column 8: ..." and "name:3:8: ...", as sql_fail writes them.
static bool find_place(const char *name, const char *message, size_t *ret_line, size_t *ret_column)
{
    const char *at = message;
    if (name != NULL && text_starts_with(message, name)) {
        at += strlen(name);
    }
    const size_t line = take_number(&at, name == NULL ? "line " : ":");
    const size_t column = line == 0 ? 0 : take_number(&at, name == NULL ? ", column " : ":");
    *ret_line = line;
    *ret_column = column;
    return column > 0;
}

#define SHOWN_COLUMNS 100  // of a line; the place is in them

// The character of a line that begins `count` characters after `at`, at most its end.
static const char *skip_characters(const char *at, const char *end, size_t count)
{
    while (at < end && count > 0) {
        at++;
        while (at < end && ((unsigned char)*at & 0xC0) == 0x80) {
            at++;
        }
        count--;
    }
    return at;
}

// Adds the line of the script and a mark under the column to the message.
static void show_place(const char *name, const char *script, Err *err)
{
    size_t line;
    size_t column;
    if (!find_place(name, err->message, &line, &column)) {
        return;
    }
    const char *begin = script;
    for (; line > 1 && begin != NULL; line--) {
        begin = strchr(begin, '\n');
        begin = begin == NULL ? NULL : begin + 1;
    }
    if (begin == NULL) {
        return;
    }
    const char *end = begin + strcspn(begin, "\r\n");
    const size_t skipped = column > SHOWN_COLUMNS - 20 ? column - SHOWN_COLUMNS / 2 : 0;
    const char *shown = skip_characters(begin, end, skipped);
    const char *shown_end = skip_characters(shown, end, SHOWN_COLUMNS);
    const char *place = skip_characters(shown, end, column - 1 - skipped);
    CLEANUP(mem_free_text) char *text = mem_copy_bytes(shown, (size_t)(shown_end - shown));
    CLEANUP(mem_free_text) char *before = mem_copy_bytes(shown, (size_t)(place - shown));
    for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;) {
        *tab = ' ';
    }
    const Err cause = *err;
    (void)fail(err, cause.kind, "%s\n  %s\n  %*s^", cause.message, text, (int)text_width(before),
               "");
    err->retriable = cause.retriable;
    memcpy(err->hint, cause.hint, sizeof(err->hint));
}

// --- running -----

static bool context_run_script(SqlContext *context, const Script *script, Err *err)
{
    if (context->session == NULL
        && !script_session_open(&context->options, context->cancel, &context->session, err)) {
        return false;
    }
    const ResultOutput result = sql_output_result(context->output);
    ScriptTotals totals = {.version = -1};
    bool done = script_run(context->session, script, &result, &totals, err);
    free(totals.table);
    Err flush_err;
    if (!sql_output_flush(context->output, &flush_err) && done) {
        *err = flush_err;
        done = false;
    }
    return done || sql_output_is_closed(context->output);
}

static void context_close(SqlContext *context)
{
    script_session_close(context->session);
    context->session = NULL;
    cancel_free(context->cancel);
    context->cancel = NULL;
}

bool sql_context_run(SqlContext *context, const char *name, const char *text, size_t len, Err *err)
{
    CLEANUP(buf_done) Buf filled = {0};
    if (memchr(text, '\0', len) != NULL) {
        return fail(err, FAIL_CONFIG, "%s holds a NUL byte: it is no SQL",
                    name == NULL ? "the script" : name);
    }
    if (!param_expand(context->params, text, &filled, err)) {
        return name != NULL && err_context(err, "%s", name);
    }
    Script *script;
    if (!sql_parse(name, buf_text(&filled), filled.len, &script, err)) {
        show_place(name, buf_text(&filled), err);
        return false;
    }
    if (script->count == 0) {
        script_free(script);
        return true;
    }
    // A stopped statement leaves a request that no later one must find.
    if (context->cancel != NULL && cancel_requested(context->cancel)) {
        context_close(context);
    }
    if (context->cancel == NULL) {
        context->cancel = cancel_new();
    }
    Signals *signals = NULL;
    bool done = signals_begin(context->cancel, &signals, err);
    if (done) {
        done = context_run_script(context, script, err);
        signals_end(signals);
    }
    if (!done) {
        show_place(name, buf_text(&filled), err);
    }
    script_free(script);
    return done;
}

// --- the command line -----

static bool read_descriptor(int fd, Buf *out, Err *err)
{
    out->limit = SCRIPT_BYTES_MAX;
    for (;;) {
        if (!buf_reserve(out, 4096)) {
            return fail(err, FAIL_CONFIG, "the script is larger than %zu bytes", SCRIPT_BYTES_MAX);
        }
        const ssize_t count = read(fd, out->data + out->len, 4096);
        if (count < 0) {
            return fail(err, FAIL_CONFIG, "could not read standard input");
        }
        if (count == 0) {
            out->data[out->len] = '\0';
            return true;
        }
        out->len += (size_t)count;
    }
}

// Every --param must be one that the script takes: a mistyped name would go unseen.
static bool check_params(const ParamSet *params, Err *err)
{
    for (size_t i = 0; i < params->pair_count; i++) {
        if (!params->pairs[i].is_used) {
            (void)fail(err, FAIL_CONFIG, "the script does not use the parameter \"%s\"",
                       params->pairs[i].name);
            return fail_hint(err, "A script takes it where it says ${%s}.", params->pairs[i].name);
        }
    }
    return true;
}

static bool run_script(SqlContext *context, const SqlRequest *request, Err *err)
{
    CLEANUP(buf_done) Buf text = {0};
    const char *name = NULL;
    if (request->text != NULL) {
        buf_add_text(&text, request->text);
    } else if (request->file != NULL && !text_equal(request->file, "-")) {
        name = request->file;
        if (!fs_read(request->file, SCRIPT_BYTES_MAX, &text, err)) {
            err->kind = FAIL_CONFIG;
            return false;
        }
    } else if (!read_descriptor(STDIN_FILENO, &text, err)) {
        return false;
    }
    // Editors of some systems write a mark in front of UTF-8.
    const size_t mark = text_starts_with(buf_text(&text), "\xEF\xBB\xBF") ? 3 : 0;
    const char *script = buf_text(&text) + mark;
    CLEANUP(buf_done) Buf ignored = {0};
    Err expand_err;
    // Mistakes in parameters are told with the script's.
    if (param_expand(context->params, script, &ignored, &expand_err)
        && !check_params(context->params, err)) {
        return false;
    }
    return sql_context_run(context, name, script, text.len - mark, err);
}

static bool set_format(const char *text, SqlFormat *ret_format, Err *err)
{
    static const char *const FORMATS[] = {"table", "csv", "json"};
    for (size_t i = 0; i < ARRAY_LEN(FORMATS); i++) {
        if (text == NULL || text_equal(text, FORMATS[i])) {
            *ret_format = (SqlFormat)i;
            return true;
        }
    }
    return fail(err, FAIL_CONFIG, "\"--format\" must be table, csv or json, not \"%.50s\"", text);
}

// The folder of the tables: --lake, else the project's. Sets *ret_project where one is read.
static bool find_lake(const SqlRequest *request, Project **ret_project, char **ret_lake, Err *err)
{
    if (request->lake == NULL || request->dir != NULL) {
        if (!command_open_project(request->dir, ret_project, err)) {
            CLEANUP(mem_free_text) char *hint = mem_copy_text(err->hint);
            return fail_hint(err, "%s%s--lake DIR names a folder of tables without a project.",
                             hint, hint[0] == '\0' ? "" : " ");
        }
    }
    if (request->lake == NULL) {
        *ret_lake = mem_copy_text((*ret_project)->lake);
        return true;
    }
    if (request->lake[0] == '\0') {
        return fail(err, FAIL_CONFIG, "\"--lake\" names no folder");
    }
    CLEANUP(mem_free_text) char *here = getcwd(NULL, 0);
    *ret_lake = request->lake[0] == '/' || here == NULL ? mem_copy_text(request->lake)
                                                        : fs_join(here, request->lake);
    return true;
}

static bool run_request(const SqlRequest *request, Err *err)
{
    SqlFormat format = SQL_FORMAT_TABLE;
    uint64_t memory_bytes = 0;
    if (!set_format(request->format, &format, err)) {
        return false;
    }
    if (request->memory != NULL && !text_parse_bytes(request->memory, &memory_bytes)) {
        return fail(err, FAIL_CONFIG, "\"--memory\" must be a size like 4GiB, not \"%.50s\"",
                    request->memory);
    }
    Project *project = NULL;
    CLEANUP(mem_free_text) char *lake = NULL;
    ParamSet params = {0};
    bool done = find_lake(request, &project, &lake, err)
                && job_script_params(request->bizdate, request->params, &params, err);
    if (done) {
        SqlContext context = {.options = {.lake = lake,
                                          .timezone = project == NULL ? NULL : project->timezone,
                                          .memory_bytes = memory_bytes,
                                          .threads = (unsigned)request->threads},
                              .params = &params,
                              .output = sql_output_new(format)};
        const bool has_script =
            request->text != NULL || request->file != NULL || isatty(STDIN_FILENO) == 0;
        done = has_script ? run_script(&context, request, err) : sql_prompt_run(&context, err);
        context_close(&context);
        sql_output_free(context.output);
    }
    param_set_done(&params);
    project_free(project);
    return done;
}

static bool sql_run(const Command *self, int argc, char **argv, Err *err)
{
    SqlRequest request = {0};
    bool help = false;
    const Option options[] = {
        {.name = "execute",
         .letter = 'e',
         .argument = "TEXT",
         .ret_text = &request.text,
         .help = "the statements themselves"},
        {.name = "format",
         .argument = "FORMAT",
         .ret_text = &request.format,
         .help = "table (default), csv or json (an object a line)"},
        {.name = "lake",
         .argument = "DIR",
         .ret_text = &request.lake,
         .help = "the folder of the tables, instead of the project's lake"},
        {.name = "memory",
         .argument = "SIZE",
         .ret_text = &request.memory,
         .help = "at most, 4GiB; half of the machine's where it is left out"},
        command_option_threads(&request.threads, "at most; the machine's processors"),
        command_option_bizdate(&request.bizdate),
        command_option_param(&request.params),
        command_option_project(&request.dir),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 0, 1, &request.file, &help, err);
    if (done && !help && request.text != NULL && request.file != NULL) {
        done = fail(err, FAIL_CONFIG, "both -e and the file \"%s\" are given", request.file);
    }
    done = done && (help || run_request(&request, err));
    free(request.params);
    return done;
}

const Command command_sql = {
    .name = "sql",
    .usage = "sql [-e TEXT | FILE | -] [options]",
    .summary = "run SQL statements on the lake's tables",
    .description =
        "Statements as users of MaxCompute type them (CREATE TABLE ... PARTITIONED BY, INSERT\n"
        "OVERWRITE, ALTER TABLE, MERGE INTO, SHOW, DESC ...) and queries of DuckDB. Semicolons part\n"
        "them. FILE is a script, - is standard input; without either, a prompt. Rows go to standard\n"
        "output, what statements did to standard error. docs/sql.md describes the statements.",
    .examples = "  weir sql\n"
                "  weir sql -e \"SELECT count(*) FROM ods_oplog WHERE ds = '20161114'\"\n"
                "  weir sql daily.sql --bizdate 20161114 --format csv >daily.csv\n"
                "  weir sql --lake ./lake -e 'SHOW TABLES'\n",
    .run = sql_run,
};

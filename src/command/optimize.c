// weir optimize [TABLE...]
#include "command/command.h"

#include <stdio.h>

#include "base/emit.h"
#include "base/text.h"
#include "command/signals.h"
#include "command/tables.h"
#include "job/job.h"
#include "lake/optimize.h"
#include "run/report.h"

#define OPTIMIZE_FILES_MAX 1000000

typedef struct OptimizeRun {
    TablesRequest request;
    OptimizeOptions options;
    size_t found;  // partitions with something to gain
} OptimizeRun;

// What was typed.
typedef struct OptimizeWords {
    const char *partition, *size, *sort, *memory;
    int files, threads;
} OptimizeWords;

// --- for people -----

static void optimize_add_text(const OptimizeRun *run, const char *path,
                              const OptimizeResult *result, Buf *out)
{
    char before[TEXT_NUMBER_SIZE];
    char after[TEXT_NUMBER_SIZE];
    buf_add_format(out, "%s: %zu of %zu partition%s ", tables_name(path), result->count,
                   result->partitions, result->partitions == 1 ? "" : "s");
    buf_add_text(out, run->options.is_dry ? "to gain from\n" : "rewritten\n");
    for (size_t i = 0; i < result->count; i++) {
        const OptimizePartition *item = &result->items[i];
        buf_add_format(out, "  %s%s%zu file%s, %s", item->name, item->name[0] == '\0' ? "" : "  ",
                       item->files_before, item->files_before == 1 ? "" : "s",
                       text_bytes(item->bytes_before, before));
        if (item->version >= 0) {
            buf_add_format(out, " -> %zu file%s, %s (version %" PRId64 ")", item->files_after,
                           item->files_after == 1 ? "" : "s", text_bytes(item->bytes_after, after),
                           item->version);
        } else if (item->error.kind != FAIL_NONE) {
            buf_add_format(out, ": left as it is: %s", item->error.message);
        }
        buf_add_char(out, '\n');
    }
}

// --- for machines -----

static void optimize_add_item(const OptimizePartition *item, JsonWriter *json)
{
    emit_begin_object(json);
    emit_member_text(json, "partition", item->name);
    emit_member_int(json, "files_before", (int64_t)item->files_before);
    emit_member_int(json, "bytes_before", (int64_t)item->bytes_before);
    emit_member_int(json, "files_after", (int64_t)item->files_after);
    emit_member_int(json, "bytes_after", (int64_t)item->bytes_after);
    emit_member_int(json, "rows", (int64_t)item->rows);
    emit_key(json, "version");
    item->version >= 0 ? emit_int(json, item->version) : emit_null(json);
    emit_key(json, "error");
    if (item->error.kind == FAIL_NONE) {
        emit_null(json);
    } else {
        run_error_json(&item->error, json);
    }
    emit_end_object(json);
}

static void optimize_add_json(const OptimizeRun *run, const char *path,
                              const OptimizeResult *result, const Err *error, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "table", tables_name(path));
    emit_member_text(&json, "path", path);
    emit_member_int(&json, "partitions", (int64_t)result->partitions);
    emit_key(&json, "rewritten");
    emit_begin_array(&json);
    for (size_t i = 0; i < result->count; i++) {
        optimize_add_item(&result->items[i], &json);
    }
    emit_end_array(&json);
    emit_member_bool(&json, "applied", !run->options.is_dry);
    emit_key(&json, "error");
    run_error_json(error, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

// --- the verb -----

static bool optimize_one(void *context, const char *path, Buf *out, Err *err)
{
    OptimizeRun *run = context;
    OptimizeResult result = {0};
    bool done = optimize_table(path, &run->options, &result, err);
    if (done && result.failed > 0) {
        const OptimizePartition *first = result.items;
        while (first->error.kind == FAIL_NONE) {
            first++;
        }
        done = fail(err, first->error.kind, "%zu of %zu partitions could not be rewritten",
                    result.failed, result.count);
        (void)fail_hint(err, "%s", first->error.hint);
    }
    if (run->request.json) {
        optimize_add_json(run, path, &result, done ? NULL : err, out);
    } else if (done || result.count > 0) {
        optimize_add_text(run, path, &result, out);
    }
    run->found += result.count;
    optimize_result_done(&result);
    return done;
}

static bool optimize_parse_bytes(const char *option, const char *text, uint64_t *ret_bytes,
                                 Err *err)
{
    if (text == NULL || (text_parse_bytes(text, ret_bytes) && *ret_bytes >= 1 << 10)) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "\"--%s\" cannot be \"%s\"", option, text);
    return fail_hint(err, "Write a size like 512MiB or 2GiB.");
}

// "ds=20161114,region=cn" as a specification; its texts belong to `parts`.
static bool optimize_parse_partition(const char *text, PartitionPart **ret_parts,
                                     SqlPartition *spec, Err *err)
{
    size_t count = 0;
    if (!partition_parse(text, ret_parts, &count, err)) {
        return false;
    }
    spec->parts = mem_alloc((count + 1) * sizeof(*spec->parts));
    spec->count = count;
    for (size_t i = 0; i < count; i++) {
        const PartitionPart *part = &(*ret_parts)[i];
        spec->parts[i] =
            (SqlPart){.column = part->column, .compare = SQL_EQUAL, .value = part->value};
    }
    return true;
}

// "a, b" into names.
static const char **optimize_parse_sort(const char *text, char **ret_copy)
{
    char *copy = mem_copy_text(text);
    const char **names = mem_alloc((strlen(text) + 2) * sizeof(*names));
    size_t count = 0;
    for (char *at = copy; at != NULL;) {
        char *name = strsep(&at, ",");
        name += strspn(name, " ");
        for (size_t len = strlen(name); len > 0 && name[len - 1] == ' '; len--) {
            name[len - 1] = '\0';
        }
        names[count++] = name;
    }
    *ret_copy = copy;
    return names;
}

static bool optimize_do(OptimizeRun *run, const OptimizeWords *words, Err *err)
{
    OptimizeOptions *options = &run->options;
    if (!optimize_parse_bytes("target-size", words->size, &options->file_bytes, err)
        || !optimize_parse_bytes("memory", words->memory, &options->memory_bytes, err)) {
        return false;
    }
    options->files_min = words->files > 0 ? (size_t)words->files : OPTIMIZE_FILES_DEFAULT;
    options->threads = (unsigned)words->threads;
    run->request.changes = !options->is_dry;
    CLEANUP(mem_free_text) char *sort = NULL;
    const char **names = words->sort == NULL ? NULL : optimize_parse_sort(words->sort, &sort);
    options->sort = names;
    PartitionPart *parts = NULL;
    SqlPartition spec = {0};
    bool done =
        words->partition == NULL || optimize_parse_partition(words->partition, &parts, &spec, err);
    options->spec = words->partition == NULL ? NULL : &spec;
    Signals *signals = NULL;
    options->cancel = cancel_new();
    done = done && signals_begin(options->cancel, &signals, err)
           && tables_each(&run->request, optimize_one, run, err);
    signals_end(signals);
    cancel_free(options->cancel);
    partition_parts_free(parts, spec.count);
    free(spec.parts);
    free(names);
    return done;
}

static bool optimize_run(const Command *self, int argc, char **argv, Err *err)
{
    OptimizeRun run = {.options = {.file_bytes = OPTIMIZE_FILE_BYTES_DEFAULT}};
    OptimizeWords words = {0};
    TablesRequest *request = &run.request;
    bool help = false;
    const Option options[] = {
        {.name = "partition",
         .argument = "ds=20161114",
         .ret_text = &words.partition,
         .help = "only partitions with these values; all where it is left out"},
        {.name = "target-size",
         .argument = "512MiB",
         .ret_text = &words.size,
         .help = "of the files; those below three quarters of it are small"},
        {.name = "sort-by",
         .argument = "COL,COL",
         .ret_text = &words.sort,
         .help = "write all files of a partition in this order, unless they are"},
        {.name = "min-files",
         .argument = "N",
         .ret_int = &words.files,
         .int_max = OPTIMIZE_FILES_MAX,
         .help = "leave partitions with fewer small files alone; 2 where it is left out"},
        command_option_threads(&words.threads, "at most; the machine's where it is left out"),
        {.name = "memory",
         .argument = "SIZE",
         .ret_text = &words.memory,
         .help = "half of the machine's where it is left out; the rest goes to disk"},
        {.name = "dry-run", .ret_flag = &run.options.is_dry, .help = "only say what would be done"},
        tables_option_json(request),
        tables_option_lake(request),
        command_option_project(&request->project),
        {0},
    };
    bool done = tables_parse(self, options, argc, argv, request, &help, err);
    if (done && !help) {
        done = optimize_do(&run, &words, err);
        if (run.options.is_dry && run.found > 0 && !request->json) {
            (void)fprintf(stderr, "nothing was changed; without --dry-run they are rewritten\n");
        }
    }
    tables_request_done(request);
    return done;
}

const Command command_optimize = {
    .name = "optimize",
    .usage = "optimize [TABLE...] [options]",
    .summary = "write small files together, and sort them on request",
    .description =
        "Rows stay as they are; their files change, in one commit for each partition. A partition that\n"
        "another writer changes meanwhile is left to that writer. The time of the last write stays, so that\n"
        "a lifecycle is not renewed. TABLE is a name in the lake, or a path; all tables where it is left\n"
        "out. The old files stay for readers of older versions until weir vacuum.",
    .examples = "  weir optimize --dry-run\n"
                "  weir optimize ods_oplog --partition ds=20161114\n"
                "  weir optimize ods_oplog --sort-by uname,optime --target-size 256MiB\n",
    .run = optimize_run,
};

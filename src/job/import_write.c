// The job file as text, with the place in the JSON file that each line comes from.
#include "base/base.h"

#include "job/import_internal.h"

#include "base/text.h"
#include "job/param.h"
#include "job/yaml_write.h"

enum { FLOW_WIDTH = 80, NAME_MAX_BYTES = 200, UNKNOWN_MAX = 100 };

typedef struct Writer {
    Importer *importer;
    Buf out;
    size_t counted, newlines;  // bytes of `out` that were looked at, lines that end in them
    ParamSet params;
    TextList unknown;  // parameters
} Writer;

// The line that is being written comes from the key at `path`.
static void from(Writer *writer, const char *path)
{
    Imported *result = &writer->importer->result;
    for (; writer->counted < writer->out.len; writer->counted++) {
        writer->newlines += writer->out.data[writer->counted] == '\n';
    }
    const size_t line = writer->newlines + 1;
    if (line > result->origin_count) {
        result->origins = mem_grow(result->origins, line * sizeof(*result->origins));
        for (; result->origin_count < line; result->origin_count++) {
            result->origins[result->origin_count] = (ProblemPlace){0};
        }
    }
    const ImportPlace place = import_json_place(&writer->importer->json, path);
    result->origins[line - 1] = (ProblemPlace){place.line, place.column};
}

// Parameters of the text that have no value yet: in the product they get it in the node's settings.
static void find_parameters(Writer *writer, const char *text, const char *path)
{
    for (const char *at = text; (at = strstr(at, "${")) != NULL;) {
        at += 2;
        const size_t len = strcspn(at, "}");
        if (at[len] == '\0') {
            return;
        }
        CLEANUP(mem_free_text) char *name = mem_copy_bytes(at, len);
        bool is_new =
            len > 0 && !param_is_known(&writer->params, name)
            && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
                   == len
            && name[0] != '.' && name[0] != '-';
        for (size_t i = 0; i < writer->unknown.count; i++) {
            is_new = is_new && !text_equal(writer->unknown.items[i], name);
        }
        if (is_new && writer->unknown.count < UNKNOWN_MAX) {
            import_note(writer->importer, path,
                        "the parameter \"%.60s\" has its value in the node's settings, which are "
                        "not in this file: give it in \"args\" or with --param",
                        name);
            text_list_add(&writer->unknown, mem_copy_text(name));
        }
        at += len;
    }
}

// In a job "$$" writes one dollar sign.
static char *escape_dollars(const char *text)
{
    CLEANUP(buf_done) Buf out = {0};
    for (; *text != '\0'; text++) {
        buf_add_text(&out, text[0] == '$' && text[1] == '$' ? "$" : "");
        buf_add_char(&out, *text);
    }
    return buf_take(&out);
}

static void add_value(Writer *writer, const char *text, int indent, const char *path)
{
    find_parameters(writer, text, path);
    CLEANUP(mem_free_text) char *escaped = escape_dollars(text);
    yaml_add_text(&writer->out, escaped, indent);
}

static void add_key(Writer *writer, int indent, const char *key, const char *value,
                    const char *path)
{
    if (value == NULL) {
        return;
    }
    buf_add_format(&writer->out, "%*s%s: ", indent, "", key);
    from(writer, path);
    add_value(writer, value, indent, path);
    buf_add_char(&writer->out, '\n');
}

// "key: [a, b]" where it is short, else one item a line.
static void add_list(Writer *writer, int indent, const char *key, const TextList *list,
                     const char *path)
{
    size_t width = 0;
    for (size_t i = 0; i < list->count; i++) {
        width += strlen(list->items[i]) + 4;
    }
    const bool is_flow = width < FLOW_WIDTH;
    buf_add_format(&writer->out, "%*s%s:%s", indent, "", key, is_flow ? " [" : "");
    from(writer, path);
    for (size_t i = 0; i < list->count; i++) {
        if (is_flow) {
            buf_add_text(&writer->out, i == 0 ? "" : ", ");
        } else {
            buf_add_format(&writer->out, "\n%*s- ", indent + 2, "");
            from(writer, path);
        }
        add_value(writer, list->items[i], is_flow ? -1 : indent + 2, path);
    }
    buf_add_text(&writer->out, is_flow ? "]\n" : "\n");
}

static void add_notes(Writer *writer, ImportPart part, int indent)
{
    const Importer *importer = writer->importer;
    for (size_t i = 0; i < importer->result.note_count; i++) {
        const ImportNote *note = &importer->result.notes[i];
        if (importer->note_parts[i] == part) {
            CLEANUP(mem_free_text) char *text = mem_format("%s: %s", note->path, note->text);
            yaml_add_comment(&writer->out, text, indent);
        }
    }
}

static void add_source(Writer *writer, const ImportSource *source, bool is_item)
{
    const Importer *importer = writer->importer;
    const int indent = is_item ? 4 : 2;
    if (is_item) {
        buf_add_text(&writer->out, "  - ");
        buf_add_text(&writer->out, "datasource: ");
        from(writer, source->path);
        yaml_add_text(&writer->out, source->datasource, indent);
        buf_add_char(&writer->out, '\n');
    } else {
        add_key(writer, indent, "datasource", source->datasource, source->path);
    }
    if (source->query != NULL) {
        add_key(writer, indent, "query", source->query, source->path);
        return;
    }
    if (source->tables.count == 1) {
        add_key(writer, indent, "table", source->tables.items[0], source->path);
    } else {
        add_list(writer, indent, "tables", &source->tables, source->path);
    }
    if (importer->columns.count > 0) {
        add_list(writer, indent, "columns", &importer->columns, importer->reader.path);
    }
    add_key(writer, indent, "where", importer->where, importer->where_path);
    add_key(writer, indent, "split", importer->split, importer->split_path);
}

static void add_args(Writer *writer)
{
    const char *const *params = writer->importer->request->params;
    if (params == NULL || params[0] == NULL) {
        return;
    }
    buf_add_text(&writer->out, "args:\n");
    for (size_t i = 0; params[i] != NULL; i++) {
        const char *equals = strchr(params[i], '=');
        CLEANUP(mem_free_text) char *name = mem_copy_bytes(params[i], (size_t)(equals - params[i]));
        buf_add_text(&writer->out, "  ");
        yaml_add_text(&writer->out, name, -1);
        buf_add_text(&writer->out, ": ");
        yaml_add_text(&writer->out, equals + 1, 2);
        buf_add_char(&writer->out, '\n');
    }
}

static void add_text(Writer *writer)
{
    Importer *importer = writer->importer;
    const char *file = importer->request->shown;
    const char *slash = strrchr(file, '/');
    CLEANUP(mem_free_text)
    char *head = mem_format("Imported from %s (%s).", slash == NULL ? file : slash + 1,
                            importer->result.form);
    yaml_add_comment(&writer->out, head, 0);
    buf_add_text(&writer->out, "type: sync\nsource:\n");
    for (size_t i = 0; i < importer->source_count && !writer->out.overflow; i++) {
        add_source(writer, &importer->sources[i], importer->source_count > 1);
    }
    add_notes(writer, IMPORT_SOURCE, 2);
    buf_add_text(&writer->out, "target:\n");
    add_key(writer, 2, "table", importer->table, importer->table_path);
    add_key(writer, 2, "partition", importer->partition, importer->partition_path);
    add_key(writer, 2, "mode", importer->is_append ? "append" : "overwrite", importer->table_path);
    add_notes(writer, IMPORT_TARGET, 2);
    // Without a limit the product takes none, and so does weir; DataX takes any number.
    const char *limit = importer->dirty_limit != NULL ? importer->dirty_limit
                        : importer->is_datax          ? "unlimited"
                                                      : "0";
    buf_add_format(&writer->out, "dirty_limit: %s\n", limit);
    if (importer->threads > 0) {
        buf_add_format(&writer->out, "threads: %d\n", importer->threads);
    }
    add_args(writer);
    add_notes(writer, IMPORT_JOB, 0);
}

// The table, where that can name a file too.
static char *job_name(const Importer *importer)
{
    const char *table = importer->table;
    bool is_name = table[0] != '.' && strlen(table) <= NAME_MAX_BYTES;
    for (const char *at = table; *at != '\0'; at++) {
        is_name = is_name && (unsigned char)*at > 0x20 && *at != 0x7F
                  && strchr("/\\$%{}[]*?\"'`", *at) == NULL;
    }
    return mem_copy_text(is_name ? table : importer->request->fallback_name);
}

// What --param gives is known.
static bool add_params(Writer *writer, Err *err)
{
    const char *const *params = writer->importer->request->params;
    if (!param_set_bizdate(&writer->params, "20161114", 0, 0, err)) {
        return false;
    }
    for (size_t i = 0; params != NULL && params[i] != NULL; i++) {
        const char *equals = strchr(params[i], '=');
        if (equals == NULL) {
            return fail(err, FAIL_CONFIG, "\"--param\" must be NAME=VALUE, not \"%.100s\"",
                        params[i]);
        }
        CLEANUP(mem_free_text) char *name = mem_copy_bytes(params[i], (size_t)(equals - params[i]));
        if (!param_set_add(&writer->params, name, equals + 1, err)) {
            return err_context(err, "--param");
        }
    }
    return true;
}

bool import_write(Importer *importer, Err *err)
{
    Writer writer = {.importer = importer, .out = {.limit = DOC_BYTES_MAX}};
    bool ok = add_params(&writer, err);
    // Twice: parameters without a value are found on the way, and their notes stand in the text.
    for (int pass = 0; ok && pass < 2; pass++) {
        buf_clear(&writer.out);
        writer.counted = 0;
        writer.newlines = 0;
        importer->result.origin_count = 0;
        importer->part = IMPORT_JOB;
        add_text(&writer);
    }
    if (ok && writer.out.overflow) {
        ok = fail(err, FAIL_CONFIG, "%s: the job file would be longer than %zu bytes",
                  importer->request->shown, DOC_BYTES_MAX);
    }
    if (ok) {
        importer->result.name = job_name(importer);
        importer->result.yaml = buf_take(&writer.out);
    }
    importer->result.parameters = writer.unknown.items;
    buf_done(&writer.out);
    param_set_done(&writer.params);
    return ok;
}

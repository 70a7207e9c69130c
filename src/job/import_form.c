// Which of the three forms a file has, and where the reader, the writer and the settings stand in
// it.
#include "base/base.h"

#include "job/import_internal.h"

#include "base/text.h"

static const ImportKey DATAX_TOP_KEYS[] = {
    {.name = "job", .fate = IMPORT_USED},
    {.name = "core", .fate = IMPORT_NOTED, .why = "weir has no channels to set up"},
    {.name = "common",
     .fate = IMPORT_NOTED,
     .why = "values keep their types; the time zone is \"timezone\" of weir.yaml"},
    {.name = "entry", .fate = IMPORT_IGNORED},
    {.name = "plugin", .fate = IMPORT_IGNORED},
    {0},
};
static const ImportKey DATAX_JOB_KEYS[] = {
    {.name = "content", .fate = IMPORT_USED},
    {.name = "setting", .fate = IMPORT_USED},
    {.name = "preHandler", .fate = IMPORT_NOTED, .why = "weir runs no code of yours"},
    {.name = "postHandler", .fate = IMPORT_NOTED, .why = "weir runs no code of yours"},
    {0},
};
static const ImportKey DATAX_CONTENT_KEYS[] = {
    {.name = "reader", .fate = IMPORT_USED},
    {.name = "writer", .fate = IMPORT_USED},
    {.name = "transformer", .fate = IMPORT_USED},
    {0},
};
static const ImportKey PLUGIN_KEYS[] = {
    {.name = "name", .fate = IMPORT_USED},
    {.name = "plugin", .fate = IMPORT_USED},
    {.name = "stepType", .fate = IMPORT_USED},
    {.name = "category", .fate = IMPORT_USED},
    {.name = "parameter", .fate = IMPORT_USED},
    {.name = "copies", .fate = IMPORT_IGNORED},
    {.name = "gui", .fate = IMPORT_IGNORED},
    {.name = "displayName", .fate = IMPORT_IGNORED},
    {.name = "description", .fate = IMPORT_IGNORED},
    {0},
};
static const ImportKey STEPS_TOP_KEYS[] = {
    {.name = "type", .fate = IMPORT_USED},
    {.name = "version", .fate = IMPORT_USED},
    {.name = "steps", .fate = IMPORT_USED},
    {.name = "setting", .fate = IMPORT_USED},
    {.name = "order", .fate = IMPORT_IGNORED},
    {.name = "extend", .fate = IMPORT_IGNORED},
    {.name = "transform", .fate = IMPORT_REFUSED, .why = "weir does not change rows on their way"},
    {0},
};
static const ImportKey OLD_TOP_KEYS[] = {
    {.name = "type", .fate = IMPORT_USED},
    {.name = "version", .fate = IMPORT_USED},
    {.name = "configuration", .fate = IMPORT_USED},
    {.name = "traceId", .fate = IMPORT_IGNORED},
    {0},
};
static const ImportKey OLD_CONFIGURATION_KEYS[] = {
    {.name = "reader", .fate = IMPORT_USED},
    {.name = "writer", .fate = IMPORT_USED},
    {.name = "setting", .fate = IMPORT_USED},
    {0},
};

// A reader or a writer: its plugin's name stands under one of three keys.
typedef void ImportSide(Importer *importer, const char *plugin, const char *plugin_path,
                        ImportAt parameter);

static void import_side(Importer *importer, ImportAt at, const char *key, ImportPart part,
                        ImportSide *side)
{
    importer->part = part;
    import_check_keys(importer, at, PLUGIN_KEYS);
    CLEANUP(mem_free_text) char *plugin = import_member_text(importer, at, key);
    CLEANUP(mem_free_text) char *plugin_path = import_path(at, key);
    if (plugin == NULL) {
        import_error(importer, plugin_path, "is missing: the name of the %s",
                     part == IMPORT_SOURCE ? "reader" : "writer");
        return;
    }
    CLEANUP(mem_free_text) char *path = NULL;
    const ImportAt parameter = import_member(importer, at, "parameter", &path);
    if (parameter.object == NULL) {
        import_error(importer, path, "is missing");
        return;
    }
    side(importer, plugin, plugin_path, parameter);
}

// The members "reader" and "writer" of an object.
static void import_both(Importer *importer, ImportAt at, const char *plugin_key)
{
    static const struct {
        const char *key;
        ImportPart part;
        ImportSide *side;
    } SIDES[] = {{"reader", IMPORT_SOURCE, import_reader},
                 {"writer", IMPORT_TARGET, import_writer}};
    for (size_t i = 0; i < ARRAY_LEN(SIDES); i++) {
        CLEANUP(mem_free_text) char *path = NULL;
        const ImportAt plugin = import_member(importer, at, SIDES[i].key, &path);
        if (plugin.object == NULL) {
            import_error(importer, path, "is missing");
        } else {
            import_side(importer, plugin, plugin_key, SIDES[i].part, SIDES[i].side);
        }
    }
    importer->part = IMPORT_JOB;
}

static void import_datax(Importer *importer, ImportAt top)
{
    importer->is_datax = true;
    importer->result.form = "DataX";
    import_check_keys(importer, top, DATAX_TOP_KEYS);
    CLEANUP(mem_free_text) char *job_path = NULL;
    const ImportAt job = import_member(importer, top, "job", &job_path);
    import_check_keys(importer, job, DATAX_JOB_KEYS);
    CLEANUP(mem_free_text) char *setting_path = NULL;
    import_setting(importer, import_member(importer, job, "setting", &setting_path));
    json_t *content = json_object_get(job.object, "content");
    json_t *first = json_is_array(content) ? json_array_get(content, 0) : content;
    CLEANUP(mem_free_text) char *content_path = import_path(job, "content");
    if (!json_is_object(first)) {
        import_error(importer, content_path, "must be a list of a reader and a writer");
        return;
    }
    if (json_array_size(content) > 1) {
        import_error(importer, content_path,
                     "%zu pairs of reader and writer; a job is one: split the file",
                     json_array_size(content));
    }
    CLEANUP(mem_free_text)
    char *pair_path =
        json_is_array(content) ? mem_format("%s[0]", content_path) : mem_copy_text(content_path);
    const ImportAt pair = {first, pair_path};
    import_check_keys(importer, pair, DATAX_CONTENT_KEYS);
    if (!import_is_empty(json_object_get(first, "transformer"))) {
        CLEANUP(mem_free_text) char *path = import_path(pair, "transformer");
        import_error(importer, path,
                     "has no equal, and the rows would differ: write SQL expressions into the "
                     "reader's \"column\"");
    }
    import_both(importer, pair, "name");
}

// The product's own example has a processor of nothing.
static void import_processor(Importer *importer, ImportAt step)
{
    CLEANUP(mem_free_text) char *path = NULL;
    const ImportAt parameter = import_member(importer, step, "parameter", &path);
    if (!import_is_empty(json_object_get(parameter.object, "nodes"))) {
        import_error(importer, step.path,
                     "a processor has no equal, and the rows would differ: write SQL expressions "
                     "into the reader's \"column\"");
    }
}

static void import_step(Importer *importer, ImportAt step, size_t *readers, size_t *writers)
{
    CLEANUP(mem_free_text) char *category = import_member_text(importer, step, "category");
    CLEANUP(mem_free_text) char *path = import_path(step, "category");
    if (category == NULL) {
        category = import_member_text(importer, step, "name");
    }
    size_t *count = NULL;
    if (text_equal_nocase(category, "reader")) {
        count = readers;
    } else if (text_equal_nocase(category, "writer")) {
        count = writers;
    } else if (text_equal_nocase(category, "processor")) {
        import_processor(importer, step);
        return;
    } else {
        import_error(importer, path, "must be reader, writer or processor");
        return;
    }
    if (++*count > 1) {
        import_error(importer, step.path, "a second %s; a job has one: split the file", category);
    } else if (count == readers) {
        import_side(importer, step, "stepType", IMPORT_SOURCE, import_reader);
    } else {
        import_side(importer, step, "stepType", IMPORT_TARGET, import_writer);
    }
    importer->part = IMPORT_JOB;
}

static void import_steps(Importer *importer, ImportAt top)
{
    importer->result.form = "DataWorks 2.0";
    import_check_keys(importer, top, STEPS_TOP_KEYS);
    CLEANUP(mem_free_text) char *setting_path = NULL;
    import_setting(importer, import_member(importer, top, "setting", &setting_path));
    const json_t *steps = json_object_get(top.object, "steps");
    size_t readers = 0, writers = 0;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        CLEANUP(mem_free_text) char *path = mem_format("steps[%zu]", i);
        json_t *step = json_array_get(steps, i);
        if (json_is_object(step)) {
            import_step(importer, (ImportAt){step, path}, &readers, &writers);
        } else {
            import_error(importer, path, "must be an object {...}");
        }
    }
    if (readers == 0 || writers == 0) {
        import_error(importer, "steps", "there is no %s among them",
                     readers == 0 ? "reader" : "writer");
    }
}

static void import_old(Importer *importer, ImportAt top)
{
    importer->result.form = "DataWorks 1.0";
    import_check_keys(importer, top, OLD_TOP_KEYS);
    CLEANUP(mem_free_text) char *path = NULL;
    const ImportAt configuration = import_member(importer, top, "configuration", &path);
    import_check_keys(importer, configuration, OLD_CONFIGURATION_KEYS);
    CLEANUP(mem_free_text) char *setting_path = NULL;
    import_setting(importer, import_member(importer, configuration, "setting", &setting_path));
    import_both(importer, configuration, "plugin");
}

static void check_type(Importer *importer, ImportAt top)
{
    CLEANUP(mem_free_text) char *type = import_member_text(importer, top, "type");
    CLEANUP(mem_free_text) char *version = import_member_text(importer, top, "version");
    if (type != NULL && !text_equal(type, "job")) {
        import_error(importer, "type",
                     "must be job, not \"%.50s\": other files are no offline task", type);
    }
    if (version != NULL && !text_equal(version, "1.0") && !text_equal(version, "2.0")) {
        import_note(importer, "version", "%.20s is not known; read as 2.0", version);
    }
}

void import_form(Importer *importer)
{
    const ImportAt top = {importer->json.root, ""};
    importer->part = IMPORT_JOB;
    if (json_object_get(top.object, "job") != NULL) {
        import_datax(importer, top);
        return;
    }
    check_type(importer, top);
    if (json_object_get(top.object, "steps") != NULL) {
        import_steps(importer, top);
    } else if (json_object_get(top.object, "configuration") != NULL) {
        import_old(importer, top);
    } else {
        import_error(importer, "",
                     "neither \"steps\" (DataWorks), \"configuration\" (its version 1.0) nor "
                     "\"job\" (DataX) is in it");
    }
}

// From the text of a JSON file to the text of a job file, and the proof that this can be read.
//
// Nothing is guessed in silence. What has no equal is a note: a comment in the job file and a
// warning. What would change the rows is an error, and then there is no job file.
#include "base/base.h"

#include "job/import_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

enum { NOTES_MAX = 200 };

static char *PRINTF(1, 0) format_text(const char *format, va_list args)
{
    char *text = NULL;
    return vasprintf(&text, format, args) < 0 ? mem_copy_text(format) : text;
}

// Where the key stands; what is missing is looked for at the object that lacks it.
static ImportPlace place_of(const Importer *importer, const char *path)
{
    CLEANUP(mem_free_text) char *above = mem_copy_text(path);
    ImportPlace place = import_json_place(&importer->json, above);
    while (place.line == 0 && above[0] != '\0') {
        size_t len = strlen(above) - 1;
        while (len > 0 && above[len] != '.' && above[len] != '[') {
            len--;
        }
        above[len] = '\0';
        place = import_json_place(&importer->json, above);
    }
    return place;
}

void import_error(Importer *importer, const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    CLEANUP(mem_free_text) char *text = format_text(format, args);
    va_end(args);
    const ImportPlace place = place_of(importer, path);
    if (importer->errors.count < NOTES_MAX) {
        problems_add(&importer->errors, place.line, place.column, "%s%s%s", path,
                     path[0] == '\0' ? "" : ": ", text);
    }
}

void import_note(Importer *importer, const char *path, const char *format, ...)
{
    Imported *result = &importer->result;
    if (result->note_count == NOTES_MAX) {
        return;
    }
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    const ImportPlace place = place_of(importer, path);
    const size_t count = result->note_count++;
    result->notes = mem_grow(result->notes, (count + 1) * sizeof(*result->notes));
    result->notes[count] = (ImportNote){mem_copy_text(path), place.line, place.column, text};
    importer->note_parts =
        mem_grow(importer->note_parts, (count + 1) * sizeof(*importer->note_parts));
    importer->note_parts[count] = importer->part;
}

// --- the result -------------------------------------------------------------------------------------------

// The names that weir.yaml would have with the imported datasources in it; none of them is opened.
static Project *scratch_project(const Importer *importer)
{
    Project *scratch = project_empty();
    const Project *project = importer->project;
    const Imported *result = &importer->result;
    const size_t known = project == NULL ? 0 : project->datasource_count;
    scratch->datasources = mem_alloc((known + result->datasource_count + 1) * sizeof(Datasource *));
    for (size_t i = 0; i < known + result->datasource_count; i++) {
        const Datasource *from =
            i < known ? project->datasources[i] : result->datasources[i - known];
        Datasource *datasource = mem_alloc(sizeof(*datasource));
        datasource->name = mem_copy_text(from->name);
        datasource->type = mem_copy_text(from->type);
        scratch->datasources[scratch->datasource_count++] = datasource;
    }
    if (project == NULL) {
        Datasource *lake = mem_alloc(sizeof(*lake));
        lake->name = mem_copy_text("lake");
        lake->type = mem_copy_text("lake");
        scratch->datasources[scratch->datasource_count++] = lake;
    }
    return scratch;
}

static void set_origins(JobFile *file, const Imported *imported)
{
    file->problems.origins = imported->origins;
    file->problems.origin_count = imported->origin_count;
}

// Reads the job file with the parser of job files. Parameters that have no value yet get one.
static bool prove(const Importer *importer, Err *err)
{
    const Imported *result = &importer->result;
    if (strstr(result->yaml, "\xF4\x8F\xAC") != NULL
        || strstr(result->yaml, "\xF4\x8F\xAD") != NULL) {
        return fail(err, FAIL_CONFIG,
                    "%s: holds a private character (U+10FB00 to U+10FB7F) that weir uses itself",
                    importer->request->shown);
    }
    Project *scratch = scratch_project(importer);
    JobFile file = {
        .project = scratch,
        .name = mem_copy_text(result->name),
        .shown = mem_copy_text(importer->request->shown),
    };
    set_origins(&file, result);
    TextList params = {0};
    for (size_t i = 0; result->parameters != NULL && result->parameters[i] != NULL; i++) {
        text_list_add(&params, mem_format("%s=1", result->parameters[i]));
    }
    const InstanceRequest request = {.bizdate = "20161114",
                                     .params = (const char *const *)params.items};
    bool ok = job_file_parse(&file, result->yaml, strlen(result->yaml), &request, err);
    if (ok) {
        Job *job = job_new();
        job_bind_sync(&file, job);
        ok = problems_report(&file.problems, err);
        job_free(job);
    }
    job_file_done(&file);
    text_list_free(params.items);
    project_free(scratch);
    return ok;
}

static void source_done(ImportSource *source)
{
    free(source->datasource);
    text_list_free(source->tables.items);
    free(source->query);
    free(source->path);
}

static void importer_done(Importer *importer)
{
    import_json_done(&importer->json);
    problems_done(&importer->errors);
    for (size_t i = 0; i < importer->source_count; i++) {
        source_done(&importer->sources[i]);
    }
    free(importer->sources);
    ImportColumns *const sides[] = {&importer->reader, &importer->writer};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        text_list_free(sides[i]->list.items);
        free(sides[i]->path);
    }
    text_list_free(importer->columns.items);
    char *const texts[] = {
        importer->where,      importer->where_path,     importer->split,
        importer->split_path, importer->table,          importer->table_path,
        importer->partition,  importer->partition_path, importer->dirty_limit,
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    free(importer->note_parts);
}

void import_done(Imported *imported)
{
    free(imported->name);
    free(imported->yaml);
    free(imported->origins);
    for (size_t i = 0; i < imported->note_count; i++) {
        free(imported->notes[i].path);
        free(imported->notes[i].text);
    }
    free(imported->notes);
    for (size_t i = 0; i < imported->datasource_count; i++) {
        datasource_free(imported->datasources[i]);
    }
    free(imported->datasources);
    text_list_free(imported->parameters);
    *imported = (Imported){0};
}

bool import_text(const char *text, size_t len, const ImportRequest *request, const Project *project,
                 Imported *ret_imported, Err *err)
{
    Importer importer = {
        .request = request, .project = project, .errors = {.file = request->shown}};
    bool ok = import_json_read(text, len, request->shown, &importer.json, err);
    if (ok) {
        import_form(&importer);
        if (importer.errors.count == 0) {
            import_columns(&importer);  // of two sides that were read
        }
        ok = problems_report(&importer.errors, err);
    }
    if (ok) {
        ok = import_write(&importer, err) && prove(&importer, err);
    }
    if (ok) {
        *ret_imported = importer.result;
    } else {
        import_done(&importer.result);
    }
    importer_done(&importer);
    return ok;
}

// DataWorks only names its endpoints.
static bool check_endpoints(const Imported *imported, const char *file, Err *err)
{
    for (size_t i = 0; i < imported->datasource_count; i++) {
        if (imported->datasources[i]->host == NULL) {
            CLEANUP(buf_done) Buf snippet = {0};
            import_add_snippet(imported, &snippet);
            snippet.data[--snippet.len] = '\0';  // the last newline
            (void)fail(err, FAIL_CONFIG,
                       "%s: the datasource \"%.100s\" is in no weir.yaml from here upwards", file,
                       imported->datasources[i]->name);
            return fail_hint(err, "Add below \"datasources:\" of weir.yaml:\n%s",
                             buf_text(&snippet));
        }
    }
    return true;
}

bool job_load_imported(Project *project, Imported *imported, const char *file, const char *name,
                       const InstanceRequest *request, Job **ret_job, Err *err)
{
    if (!check_endpoints(imported, file, err)) {
        return false;
    }
    JobFile opened = {
        .project = project, .name = mem_copy_text(name), .shown = mem_copy_text(file)};
    set_origins(&opened, imported);
    project->datasources =
        mem_grow(project->datasources, (project->datasource_count + imported->datasource_count + 1)
                                           * sizeof(Datasource *));
    for (size_t i = 0; i < imported->datasource_count; i++) {
        project->datasources[project->datasource_count++] = imported->datasources[i];
    }
    imported->datasource_count = 0;
    const bool ok = job_file_parse(&opened, imported->yaml, strlen(imported->yaml), request, err)
                    && job_from_file(&opened, request, ret_job, err);
    job_file_done(&opened);
    if (ok) {
        free((*ret_job)->file);
        (*ret_job)->file = mem_copy_text(file);
    }
    return ok;
}

// A file of DataWorks or DataX is translated in memory and takes the way of any job from there.
// With a project its datasources and its lake are used; a DataX file brings its own endpoints and
// needs none.
#include "command/command.h"

#include "command/imported.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"

bool imported_is_file(const char *name)
{
    if (name == NULL) {
        return false;
    }
    const bool is_job = text_ends_with(name, ".yaml") || text_ends_with(name, ".yml");
    int64_t bytes;
    return text_ends_with(name, ".json")
           || (strchr(name, '/') != NULL && !is_job && fs_size(name, &bytes));
}

bool imported_check_lake(const char *name, const char *lake, Err *err)
{
    if (lake == NULL || imported_is_file(name)) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "\"--lake\" is for a JSON file; a job of a project has its own");
    return fail_hint(err, "It is \"lake\" in weir.yaml, or \"target.datasource\" of the job.");
}

// "oplog" of "jobs/oplog.json".
static char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash == NULL ? file : slash + 1;
    const size_t len = strlen(name);
    return mem_copy_bytes(name, text_ends_with(name, ".json") ? len - strlen(".json") : len);
}

bool imported_read(const char *file, const char *const *datasources, const char *const *params,
                   const Project *project, Imported *ret_imported, Err *err)
{
    CLEANUP(buf_done) Buf text = {0};
    if (!fs_read(file, IMPORT_BYTES_MAX, &text, err)) {
        err->kind = FAIL_CONFIG;
        return false;
    }
    CLEANUP(mem_free_text) char *name = base_name(file);
    const ImportRequest request = {
        .shown = file, .fallback_name = name, .datasources = datasources, .params = params};
    const bool done = import_text(buf_text(&text), text.len, &request, project, ret_imported, err);
    if (text.data != NULL) {
        explicit_bzero(text.data, text.len);  // it may hold a password
    }
    return done;
}

void imported_print_notes(const char *file, const Imported *imported)
{
    for (size_t i = 0; i < imported->note_count; i++) {
        const ImportNote *note = &imported->notes[i];
        CLEANUP(mem_free_text)
        char *place =
            note->line > 0 ? mem_format("%d:%d: ", note->line, note->column) : mem_copy_text("");
        (void)fprintf(stderr, "%s:%s%swarning: %s: %s\n", file, place, note->line > 0 ? "" : " ",
                      note->path, note->text);
    }
}

static bool open_project(const char *dir, const char *lake, Project **ret_project, Err *err)
{
    if (dir != NULL || project_is_here()) {
        return command_open_project(dir, ret_project, err);
    }
    if (lake == NULL) {
        (void)fail(err, FAIL_CONFIG, "there is no weir.yaml here or above, so no lake is known");
        return fail_hint(err,
                         "Name its folder with --lake DIR, or the project with --project DIR.");
    }
    *ret_project = project_empty();
    return clock_set_zone(NULL, err);
}

bool imported_load(const char *dir, const char *lake, const char *file,
                   const InstanceRequest *request, Project **ret_project, Job **ret_job, Err *err)
{
    Project *project = NULL;
    Imported imported = {0};
    CLEANUP(mem_free_text) char *name = base_name(file);
    bool done = open_project(dir, lake, &project, err)
                && (lake == NULL || project_set_lake(project, lake, err))
                && imported_read(file, NULL, request->params, project, &imported, err);
    if (done) {
        imported_print_notes(file, &imported);
        done = job_load_imported(project, &imported, file, name, request, ret_job, err);
    }
    import_done(&imported);
    if (done) {
        *ret_project = project;
    } else {
        project_free(project);
    }
    return done;
}

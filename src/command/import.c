// weir import FILE: a job of DataWorks or DataX becomes a job file.
#include "command/command.h"

#include <stdio.h>

#include "base/emit.h"
#include "base/fs.h"
#include "base/text.h"
#include "command/imported.h"

typedef struct ImportOptions {
    const char *file, *name, *output, *dir;
    const char **datasources, **params;
    bool force, json;
} ImportOptions;

static bool is_standard_output(const ImportOptions *options)
{
    return text_equal(options->output, "-");
}

static bool import_check_name(const char *name, Err *err)
{
    if (name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "\"%.100s\" cannot be the name of a job", name);
    return fail_hint(err, "Give another one with --name NAME; it becomes the file jobs/NAME.yaml.");
}

// Where the job file goes, as the user sees it.
static bool import_place(const ImportOptions *options, const Project *project, const char *name,
                         char **ret_path, Err *err)
{
    if (options->output != NULL) {
        *ret_path = mem_copy_text(options->output);
        return true;
    }
    if (!import_check_name(name, err)) {
        return false;
    }
    *ret_path = mem_format("%s/jobs/%s.yaml", project->dir, name);
    return true;
}

static bool import_write_file(const ImportOptions *options, const char *path, const char *text,
                              Err *err)
{
    const size_t len = strlen(text);
    bool exists = false;
    CLEANUP(mem_free_text) char *folder = mem_copy_text(path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL && slash != folder) {
        *slash = '\0';
    }
    const bool done = (slash == NULL || slash == folder || fs_make_dirs(folder, err))
                      && (options->force ? fs_replace(path, text, len, err)
                                         : fs_put_if_absent(path, text, len, &exists, err));
    if (!done) {
        err->kind = FAIL_CONFIG;
        return false;
    }
    if (exists) {
        (void)fail(err, FAIL_CONFIG, "\"%s\" exists, and stays as it is", path);
        return fail_hint(err, "--force replaces it; --name NAME gives the job another name.");
    }
    return true;
}

static void import_print_json(const ImportOptions *options, const Imported *imported,
                              const char *name, const char *path)
{
    CLEANUP(buf_done) Buf text = {0};
    JsonWriter json = emit_writer(&text);
    emit_begin_object(&json);
    emit_member_text(&json, "job", name);
    emit_member_text(&json, "form", imported->form);
    emit_member_text(&json, "file", is_standard_output(options) ? NULL : path);
    emit_key(&json, "notes");
    emit_begin_array(&json);
    for (size_t i = 0; i < imported->note_count; i++) {
        const ImportNote *note = &imported->notes[i];
        emit_begin_object(&json);
        emit_member_text(&json, "path", note->path);
        emit_member_int(&json, "line", note->line);
        emit_member_int(&json, "column", note->column);
        emit_member_text(&json, "text", note->text);
        emit_end_object(&json);
    }
    emit_end_array(&json);
    CLEANUP(buf_done) Buf snippet = {0};
    import_add_snippet(imported, &snippet);
    emit_member_text(&json, "datasources", buf_text(&snippet));
    emit_member_text(&json, "yaml", imported->yaml);
    emit_end_object(&json);
    buf_add_char(&text, '\n');
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
}

static void import_print(const ImportOptions *options, const Imported *imported, const char *name,
                         const char *path)
{
    imported_print_notes(options->file, imported);
    if (imported->datasource_count > 0) {
        CLEANUP(buf_done) Buf snippet = {0};
        import_add_snippet(imported, &snippet);
        (void)fprintf(stderr, "weir.yaml needs, below \"datasources:\":\n%s", buf_text(&snippet));
    }
    if (options->json) {
        import_print_json(options, imported, name, path);
    } else if (is_standard_output(options)) {
        (void)fwrite(imported->yaml, 1, strlen(imported->yaml), stdout);
    } else {
        (void)fprintf(stderr, "%s is written; weir check %s shows its plan\n", path, name);
    }
}

static bool import_translate(const ImportOptions *options, const Project *project, Err *err)
{
    Imported imported = {0};
    if (!imported_read(options->file, options->datasources, options->params, project, &imported,
                       err)) {
        return false;
    }
    CLEANUP(mem_free_text)
    char *name = mem_copy_text(options->name != NULL ? options->name : imported.name);
    if (text_ends_with(name, ".yaml")) {
        name[strlen(name) - strlen(".yaml")] = '\0';
    }
    CLEANUP(mem_free_text) char *path = NULL;
    const bool done =
        import_place(options, project, name, &path, err)
        && (is_standard_output(options) || import_write_file(options, path, imported.yaml, err));
    if (done) {
        import_print(options, &imported, name, path);
    }
    import_done(&imported);
    return done;
}

static bool import_run(const Command *self, int argc, char **argv, Err *err)
{
    ImportOptions import = {0};
    bool help = false;
    const Option options[] = {
        {.name = "name",
         .argument = "NAME",
         .ret_text = &import.name,
         .help = "of the job; the target table's, or the file's, where it is left out"},
        {.name = "datasource",
         .argument = "OLD=NEW",
         .ret_list = &import.datasources,
         .help = "another name in weir.yaml; may be repeated; NEW alone where there is one"},
        {.name = "param",
         .argument = "NAME=VALUE",
         .ret_list = &import.params,
         .help = "a parameter of the node's settings, for \"args\"; may be repeated"},
        {.name = "output",
         .argument = "FILE",
         .ret_text = &import.output,
         .help = "where to write it instead of jobs/NAME.yaml; - is standard output"},
        {.name = "force", .ret_flag = &import.force, .help = "replace a file that exists"},
        {.name = "json",
         .ret_flag = &import.json,
         .help = "print what came of it as JSON on standard output"},
        command_option_project(&import.dir),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 1, 1, &import.file, &help, err);
    if (done && !help) {
        // Only the folder jobs/ needs a project; with one, its datasources are known.
        Project *project = NULL;
        done = (import.output != NULL && import.dir == NULL && !project_is_here())
               || command_open_project(import.dir, &project, err);
        if (!done && import.dir == NULL && !project_is_here()) {
            (void)fail_hint(err, "Go to the project's folder or name it with --project DIR; "
                                 "--output - needs none.");
        }
        done = done && import_translate(&import, project, err);
        project_free(project);
    }
    free(import.datasources);
    free(import.params);
    return done;
}

const Command command_import = {
    .name = "import",
    .usage = "import FILE [options]",
    .summary = "make a job of a DataWorks or DataX file",
    .description =
        "FILE is a script-mode task of DataWorks (version 2.0, or the old 1.0) or a job of DataX, in\n"
        "JSON, comments allowed. It becomes jobs/NAME.yaml, with a comment for each key that has no\n"
        "equal; standard error lists them too. Passwords are not written: it prints what weir.yaml\n"
        "needs. \"weir run FILE.json\" runs such a file as it is.",
    .examples = "  weir import oplog.json\n"
                "  weir import oplog.json --name ods_oplog --force --datasource rds_prod=rds\n"
                "  weir import datax/oplog.json --output -\n",
    .run = import_run,
};

// weir.yaml: found, read, checked. The project's own lake becomes a datasource named "lake", so
// that jobs know one kind of target only.
#include "base/base.h"

#include "job/project.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/machine.h"
#include "base/text.h"
#include "job/bind.h"
#include "job/datasource.h"
#include "job/secret.h"

static const char FILE_NAME[] = "weir.yaml";
static const char LAKE_NAME[] = "lake";

#define MEMORY_MIN ((int64_t)16 << 20)
#define MEMORY_MAX ((int64_t)1 << 40)

typedef struct ProjectForm {
    char *name, *timezone, *lake;
    int64_t threads;
    uint64_t memory;
    const DocNode *datasources, *server;
} ProjectForm;

static const BindKey PROJECT_KEYS[] = {
    {.name = "name", .kind = BIND_TEXT, .offset = offsetof(ProjectForm, name)},
    {.name = "timezone", .kind = BIND_TEXT, .offset = offsetof(ProjectForm, timezone)},
    {.name = "lake", .kind = BIND_TEXT, .offset = offsetof(ProjectForm, lake)},
    {.name = "threads",
     .kind = BIND_INT,
     .offset = offsetof(ProjectForm, threads),
     .min = 1,
     .max = JOB_THREADS_MAX},
    {.name = "memory",
     .kind = BIND_BYTES,
     .offset = offsetof(ProjectForm, memory),
     .min = MEMORY_MIN,
     .max = MEMORY_MAX},
    {.name = "datasources", .kind = BIND_NODE, .offset = offsetof(ProjectForm, datasources)},
    {.name = "server", .kind = BIND_NODE, .offset = offsetof(ProjectForm, server)},
};

static int default_threads(void)
{
    const unsigned cores = machine_processors();
    return cores < 2 ? 2 : cores > 8 ? 8 : (int)cores;
}

Project *project_empty(void)
{
    Project *project = mem_alloc(sizeof(*project));
    project->memory_bytes = PROJECT_MEMORY_DEFAULT;
    project->threads = default_threads();
    return project;
}

void project_free(Project *project)
{
    if (project == NULL) {
        return;
    }
    for (size_t i = 0; i < project->datasource_count; i++) {
        datasource_free(project->datasources[i]);
    }
    free(project->datasources);
    free(project->dir);
    free(project->name);
    free(project->timezone);
    free(project->lake);
    free(project);
}

const Datasource *project_datasource(const Project *project, const char *name)
{
    for (size_t i = 0; i < project->datasource_count; i++) {
        if (text_equal(project->datasources[i]->name, name)) {
            return project->datasources[i];
        }
    }
    return NULL;
}

static void add_datasource(Project *project, Datasource *datasource)
{
    project->datasources =
        mem_grow(project->datasources, (project->datasource_count + 1) * sizeof(Datasource *));
    project->datasources[project->datasource_count++] = datasource;
}

// The folder with weir.yaml: `dir`, or the nearest one from here upwards.
static bool find_dir(const char *dir, char **ret_dir, Err *err)
{
    char space[PATH_MAX];
    if (realpath(dir == NULL ? "." : dir, space) == NULL) {
        return fail(err, FAIL_CONFIG, "there is no folder \"%s\"", dir == NULL ? "." : dir);
    }
    CLEANUP(mem_free_text) char *at = mem_copy_text(space);
    for (;;) {
        CLEANUP(mem_free_text) char *file = fs_join(at, FILE_NAME);
        if (fs_exists(file)) {
            *ret_dir = mem_copy_text(at);
            return true;
        }
        char *slash = strrchr(at, '/');
        if (dir != NULL || slash == NULL || at[1] == '\0') {
            (void)fail(err, FAIL_CONFIG, "there is no weir.yaml in \"%s\"%s", space,
                       dir == NULL ? " or a folder above it" : "");
            return fail_hint(
                err,
                "Go to the project's folder or name it with --project DIR; weir init DIR makes a "
                "new one.");
        }
        slash[slash == at ? 1 : 0] = '\0';
    }
}

bool project_is_here(void)
{
    CLEANUP(mem_free_text) char *dir = NULL;
    Err ignored;
    return find_dir(NULL, &dir, &ignored);
}

// The project's lake as a datasource, declared at `origin`.
static void add_lake(Project *project, char *origin)
{
    Datasource *own = mem_alloc(sizeof(*own));
    own->name = mem_copy_text(LAKE_NAME);
    own->type = mem_copy_text(LAKE_NAME);
    own->origin = origin;
    own->path = mem_copy_text(project->lake);
    add_datasource(project, own);
}

bool project_set_lake(Project *project, const char *path, Err *err)
{
    if (path[0] == '\0' || path_is_url(path)) {
        return fail(err, FAIL_CONFIG, "\"--lake\" must be a folder, not \"%.100s\"", path);
    }
    CLEANUP(mem_free_text) char *here = getcwd(NULL, 0);
    free(project->lake);
    project->lake = path_from(here, path);
    for (size_t i = 0; i < project->datasource_count; i++) {
        Datasource *datasource = project->datasources[i];
        if (strcmp(datasource->name, LAKE_NAME) == 0) {
            free(datasource->path);
            datasource->path = mem_copy_text(project->lake);
            return true;
        }
    }
    add_lake(project, mem_copy_text("--lake"));
    return true;
}

static bool expand_secret(const void *object, const char *text, Buf *out, Err *err)
{
    return secret_expand(object, text, out, err);
}

static void bind_datasources(const Binder *binder, const DocNode *node, Project *project)
{
    if (node == NULL) {
        return;
    }
    if (node->kind != DOC_MAPPING) {
        problems_add(binder->problems, node->line, node->column,
                     "\"datasources\" must be a mapping (name: {type: ...}), not %s",
                     doc_kind_name(node));
        return;
    }
    for (size_t i = 0; i < node->entry_count; i++) {
        const DocNode *key = node->entries[i].key;
        if (key->text[0] == '\0' || strcmp(key->text, LAKE_NAME) == 0) {
            problems_add(
                binder->problems, key->line, key->column,
                key->text[0] == '\0'
                    ? "a datasource needs a name"
                    : "a datasource cannot be named \"lake\": that is the project's own lake");
            continue;
        }
        add_datasource(project,
                       datasource_bind(binder, key->text, node->entries[i].value, project->dir));
    }
}

static void bind_project(const Binder *binder, const DocNode *root, Project *project)
{
    ProjectForm form = {.threads = project->threads, .memory = project->memory_bytes};
    bind_mapping(binder, root, NULL, PROJECT_KEYS, ARRAY_LEN(PROJECT_KEYS), &form);
    if (form.server != NULL && form.server->kind != DOC_MAPPING) {
        problems_add(binder->problems, form.server->line, form.server->column,
                     "\"server\" must be a mapping (key: value), not %s",
                     doc_kind_name(form.server));
    }
    const DocNode *lake = doc_get(root, "lake");
    if (form.lake != NULL && path_is_url(form.lake)) {
        problems_add(binder->problems, lake->line, lake->column,
                     "this version cannot write to \"%s\"; \"lake\" must be a folder", form.lake);
    }
    const DocNode *timezone = doc_get(root, "timezone");
    Err err = {0};
    if (form.timezone != NULL && !clock_check_zone(form.timezone, &err)) {
        problems_add(binder->problems, timezone->line, timezone->column,
                     "unknown time zone \"%.100s\"", timezone->text);
        problems_hint(binder->problems, "%s", err.hint);
    }
    const char *base = strrchr(project->dir, '/');
    project->name = mem_copy_text(form.name != NULL ? form.name
                                  : base == NULL    ? project->dir
                                                    : base + 1);
    project->timezone = mem_copy_text(form.timezone);
    project->lake = path_from(project->dir, form.lake == NULL ? "lake" : form.lake);
    project->threads = (int)form.threads;
    project->memory_bytes = form.memory;
    bind_datasources(binder, form.datasources, project);
    add_lake(project, mem_format("%s:%d", FILE_NAME, lake == NULL ? 1 : lake->line));
    bind_free(PROJECT_KEYS, ARRAY_LEN(PROJECT_KEYS), &form);
}

static bool read_project(Project *project, Err *err)
{
    CLEANUP(mem_free_text) char *path = fs_join(project->dir, FILE_NAME);
    CLEANUP(buf_done) Buf text = {0};
    if (!fs_read(path, DOC_BYTES_MAX, &text, err)) {
        err->kind = FAIL_CONFIG;
        return false;
    }
    Problems problems = {.file = FILE_NAME};
    const Binder binder = {
        .problems = &problems,
        .expand = expand_secret,
        .object = project->dir,
        .hide_expanded = true,
    };
    Doc doc;
    if (doc_parse(buf_text(&text), text.len, &problems, &doc)) {
        static const DocNode EMPTY = {.kind = DOC_MAPPING, .line = 1, .column = 1};
        bind_project(&binder, doc.root == NULL ? &EMPTY : doc.root, project);
    }
    doc_done(&doc);
    const bool ok = problems_report(&problems, err);
    problems_done(&problems);
    return ok;
}

bool project_load(const char *dir, Project **ret_project, Err *err)
{
    Project *project = project_empty();
    if (!find_dir(dir, &project->dir, err) || !read_project(project, err)) {
        project_free(project);
        return false;
    }
    *ret_project = project;
    return true;
}

// The files of jobs/ that end in `suffix`, sorted; without their last `cut` characters.
static bool list_jobs(const Project *project, const char *suffix, size_t cut, char ***ret_names,
                      Err *err)
{
    CLEANUP(mem_free_text) char *folder = fs_join(project->dir, "jobs");
    CLEANUP(fs_list_done) FsList files = {0};
    if (fs_is_dir(folder) && !fs_list(folder, &files, err)) {
        err->kind = FAIL_CONFIG;
        return false;
    }
    char **names = mem_alloc((files.count + 1) * sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < files.count; i++) {
        const size_t len = strlen(files.names[i]);
        if (files.names[i][0] != '.' && len > strlen(suffix)
            && text_ends_with(files.names[i], suffix)) {
            names[count++] = mem_copy_bytes(files.names[i], len - cut);
        }
    }
    // The suffix changes the order: "a-b.yaml" comes before "a.yaml".
    qsort(names, count, sizeof(*names), text_order);
    *ret_names = names;
    return true;
}

bool project_job_names(const Project *project, char ***ret_names, Err *err)
{
    static const char SUFFIX[] = ".yaml";
    return list_jobs(project, SUFFIX, sizeof(SUFFIX) - 1, ret_names, err);
}

bool project_misnamed_jobs(const Project *project, char ***ret_files, Err *err)
{
    return list_jobs(project, ".yml", 0, ret_files, err);
}

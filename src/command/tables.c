// A table is named as in the project's lake, or by its folder's path, so that a lake without a
// project (weir copy) is cared for as well.
#include "base/base.h"

#include "command/tables.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/command.h"
#include "lake/catalog.h"

void tables_request_done(TablesRequest *request)
{
    free(request->names);
}

Option tables_option_apply(TablesRequest *request, const char *help)
{
    return (Option){.name = "apply", .ret_flag = &request->changes, .help = help};
}

Option tables_option_lake(TablesRequest *request)
{
    return (Option){.name = "lake",
                    .argument = "DIR",
                    .ret_text = &request->lake,
                    .help = "the folder of the tables, instead of the project's lake"};
}

Option tables_option_json(TablesRequest *request)
{
    return (Option){.name = "json",
                    .ret_flag = &request->json,
                    .help = "print JSON: one object a line for each table"};
}

bool tables_parse(const struct Command *command, const Option *options, int argc, char **argv,
                  TablesRequest *request, bool *ret_help, Err *err)
{
    const size_t max = (size_t)argc;
    request->names = mem_alloc(max * sizeof(*request->names));
    if (!option_parse(command, options, argc, argv, 0, max, request->names, ret_help, err)) {
        return false;
    }
    while (request->count < max && request->names[request->count] != NULL) {
        request->count++;
    }
    return true;
}

static char *tables_absolute(const char *path)
{
    CLEANUP(mem_free_text) char *current = getcwd(NULL, 0);
    char *whole = path[0] == '/' || current == NULL ? mem_copy_text(path) : fs_join(current, path);
    for (size_t len = strlen(whole); len > 1 && whole[len - 1] == '/'; len--) {
        whole[len - 1] = '\0';
    }
    return whole;
}

// The lake's folder; the project decides the time zone too.
static bool tables_lake(const TablesRequest *request, char **ret_lake, Err *err)
{
    if (request->lake != NULL) {
        *ret_lake = tables_absolute(request->lake);
        return fs_is_dir(*ret_lake)
               || fail(err, FAIL_CONFIG, "there is no folder \"%s\"", *ret_lake);
    }
    Project *project = NULL;
    if (!command_open_project(request->project, &project, err)) {
        return false;
    }
    *ret_lake = mem_copy_text(project->lake);
    project_free(project);
    return true;
}

static bool tables_all(const char *lake, FsList *paths, Err *err)
{
    CLEANUP(fs_list_done) FsList names = {0};
    if (!catalog_list(lake, &names, err)) {
        return false;
    }
    paths->names = mem_alloc(names.count * sizeof(*paths->names));
    for (size_t i = 0; i < names.count; i++) {
        paths->names[paths->count++] = fs_join(lake, names.names[i]);
    }
    return true;
}

static bool tables_find(const TablesRequest *request, FsList *ret_paths, Err *err)
{
    bool needs_lake = request->count == 0;
    for (size_t i = 0; i < request->count; i++) {
        needs_lake = needs_lake || strchr(request->names[i], '/') == NULL;
    }
    CLEANUP(mem_free_text) char *lake = NULL;
    if (needs_lake && !tables_lake(request, &lake, err)) {
        return false;
    }
    if (needs_lake && request->changes) {
        catalog_sweep(lake);
    }
    FsList paths = {0};
    bool done = request->count > 0 || tables_all(lake, &paths, err);
    paths.names = mem_grow(paths.names, (paths.count + request->count + 1) * sizeof(*paths.names));
    for (size_t i = 0; done && i < request->count; i++) {
        char *path = NULL;
        if (strchr(request->names[i], '/') != NULL) {
            path = tables_absolute(request->names[i]);
        } else {
            done = catalog_path(lake, request->names[i], &path, err);
        }
        paths.names[paths.count] = path;
        paths.count += done;
    }
    if (!done) {
        fs_list_done(&paths);
        return false;
    }
    *ret_paths = paths;
    return true;
}

const char *tables_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void tables_add_time(int64_t ms, Buf *out)
{
    const Civil civil = clock_usec_to_local(ms * 1000);
    buf_add_format(out, "%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month, civil.day,
                   civil.hour, civil.minute, civil.second);
}

bool tables_each(const TablesRequest *request, TablesLook look, void *context, Err *err)
{
    CLEANUP(fs_list_done) FsList paths = {0};
    if (!tables_find(request, &paths, err)) {
        return false;
    }
    size_t failed = 0;
    FailKind kind = FAIL_NONE;
    for (size_t i = 0; i < paths.count; i++) {
        CLEANUP(buf_done) Buf text = {0};
        Err error = {0};
        if (!look(context, paths.names[i], &text, &error)) {
            kind = failed++ == 0 ? error.kind : kind;
            if (!request->json) {
                buf_add_format(&text, "%s: %s\n", tables_name(paths.names[i]), error.message);
                if (error.hint[0] != '\0') {
                    buf_add_format(&text, "  hint: %s\n", error.hint);
                }
            }
        }
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
        (void)fflush(stdout);
    }
    return failed == 0
           || fail(err, kind, "%zu of %zu table%s failed", failed, paths.count,
                   paths.count == 1 ? "" : "s");
}

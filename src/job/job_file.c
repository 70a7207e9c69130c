// From a job's name to its tree of keys with all parameters known. Order matters: the schedule's
// time decides what $[...] is, the business date and `args` decide the rest, and only then can
// texts be filled in.
#include "base/base.h"

#include "job/job_internal.h"

#include <limits.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/text.h"
#include "job/secret.h"

static const char *const TYPE_NAMES[] = {"sync", "sql", "stream", NULL};

typedef struct ScheduleForm {
    char *cycle, *at;
    char **depends_on;
    bool paused;
} ScheduleForm;

static const BindKey SCHEDULE_KEYS[] = {
    {.name = "cycle",
     .kind = BIND_TEXT,
     .flags = BIND_RAW,
     .offset = offsetof(ScheduleForm, cycle)},
    {.name = "at", .kind = BIND_TEXT, .flags = BIND_RAW, .offset = offsetof(ScheduleForm, at)},
    {.name = "depends_on",
     .kind = BIND_TEXT_LIST,
     .flags = BIND_RAW | BIND_EMPTY,
     .offset = offsetof(ScheduleForm, depends_on)},
    {.name = "paused",
     .kind = BIND_BOOL,
     .flags = BIND_RAW,
     .offset = offsetof(ScheduleForm, paused)},
};

const char *job_type_name(JobType type)
{
    return TYPE_NAMES[type];
}

void job_file_done(JobFile *file)
{
    problems_done(&file->problems);
    doc_done(&file->doc);
    param_set_done(&file->params);
    free(file->schedule.cycle);
    text_list_free(file->schedule.depends_on);
    free(file->name);
    free(file->shown);
}

static bool expand_job_text(const void *object, const char *text, Buf *out, Err *err)
{
    const ParamSet *params = object;
    if (secret_is_in(text)) {
        (void)fail(err, FAIL_CONFIG, "${env:...} and ${file:...} are filled in in weir.yaml only");
        return fail_hint(
            err,
            "Keep secrets with the datasource in weir.yaml; other values come in with --param.");
    }
    return param_expand(params, text, out, err);
}

Binder job_binder(JobFile *file)
{
    return (Binder){
        .problems = &file->problems, .expand = expand_job_text, .object = &file->params};
}

// "00:30", "7:05": hours and minutes.
static bool parse_time(const char *text, int *ret_hour, int *ret_minute)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || strlen(colon + 1) != 2 || colon == text || colon - text > 2) {
        return false;
    }
    const char hour_text[3] = {text[0], colon - text == 2 ? text[1] : '\0', '\0'};
    int64_t hour, minute;
    if (!text_parse_int(hour_text, 0, 23, &hour) || !text_parse_int(colon + 1, 0, 59, &minute)
        || hour_text[0] < '0' || hour_text[0] > '9' || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    *ret_hour = (int)hour;
    *ret_minute = (int)minute;
    return true;
}

static void check_depends_on(JobFile *file, const DocNode *node, char *const *names)
{
    char **known;
    Err err;
    if (names == NULL || file->project->dir == NULL || file->is_of_then
        || !project_job_names(file->project, &known, &err)) {
        return;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        bool found = false;
        for (size_t k = 0; known[k] != NULL; k++) {
            found = found || strcmp(known[k], names[i]) == 0;
        }
        const DocNode *at = node->kind == DOC_LIST && i < node->item_count ? node->items[i] : node;
        const char *nearest = found ? NULL : text_nearest(names[i], (const char *const *)known);
        if (!found) {
            problems_add(&file->problems, at->line, at->column,
                         "there is no job \"%s\" to depend on%s%s%s", names[i],
                         nearest == NULL ? "" : ", did you mean \"", nearest == NULL ? "" : nearest,
                         nearest == NULL ? "" : "\"?");
        }
    }
    text_list_free(known);
}

static void read_schedule(JobFile *file, const DocNode *node)
{
    ScheduleForm form = {0};
    const Binder binder = job_binder(file);
    bind_mapping(&binder, node, "\"schedule\"", SCHEDULE_KEYS, ARRAY_LEN(SCHEDULE_KEYS), &form);
    Schedule *schedule = &file->schedule;
    if (form.at != NULL && !parse_time(form.at, &schedule->hour, &schedule->minute)) {
        const DocNode *at = doc_get(node, "at");
        problems_add(&file->problems, at->line, at->column,
                     "\"at\" must be a time from 00:00 to 23:59, not \"%.50s\"", form.at);
    }
    if (form.cycle != NULL && strcmp(form.cycle, "daily") != 0) {
        const DocNode *cycle = doc_get(node, "cycle");
        problems_add(&file->problems, cycle->line, cycle->column,
                     "\"cycle\" must be daily in this version, not \"%.50s\"", form.cycle);
    }
    const DocNode *depends_on = doc_get(node, "depends_on");
    if (depends_on != NULL) {
        check_depends_on(file, depends_on, form.depends_on);
    }
    schedule->paused = form.paused;
    schedule->cycle = form.cycle;
    schedule->depends_on = form.depends_on;
    free(form.at);
}

// One parameter of `args`. After a mistake its text stands for it, so that its uses are not
// reported as well.
static void add_arg(JobFile *file, const DocNode *key, const DocNode *value)
{
    Err err = {0};
    if (value->kind != DOC_TEXT) {
        problems_add(&file->problems, value->line, value->column,
                     "the parameter \"%.100s\" must be text, not %s", key->text,
                     doc_kind_name(value));
        return;
    }
    if (!param_set_add(&file->params, key->text, value->text, &err)) {
        problems_add_err(&file->problems, value->line, value->column, &err);
        Err ignored;
        (void)!param_set_add(&file->params, key->text, "?", &ignored);
    }
}

static void read_args(JobFile *file, const DocNode *node)
{
    Err err = {0};
    switch (node->kind) {
    case DOC_TEXT:
        if (!param_set_add_args(&file->params, node->text, &err)) {
            problems_add_err(&file->problems, node->line, node->column, &err);
        }
        break;
    case DOC_MAPPING:
        for (size_t i = 0; i < node->entry_count; i++) {
            add_arg(file, node->entries[i].key, node->entries[i].value);
        }
        break;
    case DOC_LIST:
        problems_add(
            &file->problems, node->line, node->column,
            "\"args\" must be a mapping (name: value) or a text (name=value name=value), not a list");
        break;
    }
}

bool job_add_params(ParamSet *params, const char *const *pairs, Err *err)
{
    for (size_t i = 0; pairs != NULL && pairs[i] != NULL; i++) {
        const char *equals = strchr(pairs[i], '=');
        if (equals == NULL) {
            return fail(err, FAIL_CONFIG, "\"--param %s\" has no \"=\"; write --param name=value",
                        pairs[i]);
        }
        CLEANUP(mem_free_text) char *name = mem_copy_bytes(pairs[i], (size_t)(equals - pairs[i]));
        for (size_t k = 0; k < i; k++) {
            if (strncmp(pairs[k], pairs[i], strlen(name) + 1) == 0) {
                return fail(err, FAIL_CONFIG, "the parameter \"%.100s\" is given twice", name);
            }
        }
        // It would change texts and not the window that `incremental` reads.
        if (strcmp(name, "bizdate") == 0) {
            (void)fail(err, FAIL_CONFIG, "the business date cannot be set with --param");
            return fail_hint(err, "Use --bizdate YYYYMMDD.");
        }
        if (!param_set_add(params, name, equals + 1, err)) {
            return err_context(err, "--param");
        }
    }
    return true;
}

static bool read_type(JobFile *file)
{
    const DocNode *root = file->doc.root;
    if (root == NULL) {
        problems_add(&file->problems, 1, 1, "the file is empty; it begins with \"type: sync\"");
        return false;
    }
    if (root->kind != DOC_MAPPING) {
        problems_add(&file->problems, root->line, root->column,
                     "the file must be a mapping (key: value), not %s", doc_kind_name(root));
        return false;
    }
    const DocNode *type = doc_get(root, "type");
    if (type == NULL || type->kind != DOC_TEXT) {
        problems_add(&file->problems, type == NULL ? root->line : type->line,
                     type == NULL ? root->column : type->column,
                     type == NULL ? "\"type\" is missing: sync, sql or stream"
                                  : "\"type\" must be sync, sql or stream");
        return false;
    }
    for (int i = 0; TYPE_NAMES[i] != NULL; i++) {
        if (strcmp(type->text, TYPE_NAMES[i]) == 0) {
            file->type = (JobType)i;
            return true;
        }
    }
    const char *nearest = text_nearest(type->text, TYPE_NAMES);
    problems_add(&file->problems, type->line, type->column,
                 "\"type\" must be sync, sql or stream, not \"%.50s\"%s%s%s", type->text,
                 nearest == NULL ? "" : ", did you mean \"", nearest == NULL ? "" : nearest,
                 nearest == NULL ? "" : "\"?");
    return false;
}

static bool read_today(ParamSet *params, const char *text, Err *err)
{
    ParamSet today = {0};
    const bool ok = param_set_bizdate(&today, text, 0, 0, err);
    if (ok) {
        params->today = (Civil){
            .year = today.bizdate_year, .month = today.bizdate_month, .day = today.bizdate_day};
    }
    param_set_done(&today);
    return ok;
}

bool job_file_parse(JobFile *file, const char *text, size_t len, const InstanceRequest *request,
                    Err *err)
{
    file->problems.file = file->shown;
    file->request = request;
    if (!doc_parse(text, len, &file->problems, &file->doc) || !read_type(file)) {
        return problems_report(&file->problems, err);
    }
    const DocNode *schedule = doc_get(file->doc.root, "schedule");
    if (schedule != NULL) {
        read_schedule(file, schedule);
    }
    const char *bizdate = request == NULL ? NULL : request->bizdate;
    if (!job_set_bizdate(&file->params, bizdate, file->schedule.hour, file->schedule.minute, err)) {
        return false;
    }
    if (request != NULL && request->today != NULL
        && !read_today(&file->params, request->today, err)) {
        return false;
    }
    const DocNode *args = doc_get(file->doc.root, "args");
    if (args != NULL) {
        read_args(file, args);
    }
    return request == NULL || job_add_params(&file->params, request->params, err);
}

bool job_file_params_before(const JobFile *file, ParamSet *ret_params, Err *err)
{
    // Mistakes in `args` were reported once; what stands for them here does not matter.
    JobFile before = {.project = file->project, .shown = file->shown};
    before.problems.file = file->shown;
    const DocNode *args = doc_get(file->doc.root, "args");
    bool done = job_params_day_before(&file->params, file->schedule.hour, file->schedule.minute,
                                      &before.params, err);
    if (done && args != NULL) {
        read_args(&before, args);
    }
    done = done
           && (file->request == NULL || job_add_params(&before.params, file->request->params, err));
    problems_done(&before.problems);
    if (!done) {
        param_set_done(&before.params);
        return false;
    }
    *ret_params = before.params;
    return true;
}

// True, with the error, where a file would be the job if its suffix were the right one.
static bool is_misnamed(const Project *project, const char *name, Err *err)
{
    const size_t len = strlen(name) - (text_ends_with(name, ".yml") ? strlen(".yml") : 0);
    CLEANUP(mem_free_text) char *file = mem_format("jobs/%.*s.yml", (int)len, name);
    CLEANUP(mem_free_text) char *path = fs_join(project->dir, file);
    if (!fs_exists(path)) {
        return false;
    }
    (void)fail(err, FAIL_CONFIG, "%s: rename it to %.*s.yaml", file, (int)len, name);
    (void)fail_hint(err, "A job is a file that ends in \".yaml\"; weir reads no other.");
    return true;
}

static bool fail_no_job(const Project *project, const char *name, Err *err)
{
    if (is_misnamed(project, name, err)) {
        return false;
    }
    char **names;
    if (!project_job_names(project, &names, err)) {
        return false;
    }
    const char *nearest = text_nearest(name, (const char *const *)names);
    CLEANUP(mem_free_text) char *shown = mem_copy_text(name);
    datasource_hide_password(shown);  // somebody may have typed a URL
    if (nearest != NULL) {
        (void)fail(err, FAIL_CONFIG, "there is no job \"%.100s\", did you mean \"%s\"?", shown,
                   nearest);
    } else {
        (void)fail(err, FAIL_CONFIG, "there is no job \"%.100s\" in \"%s/jobs\"", shown,
                   project->dir);
    }
    CLEANUP(buf_done) Buf known = {0};
    for (size_t i = 0; names[i] != NULL && known.len < 400; i++) {
        buf_add_format(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    text_list_free(names);
    if (known.len == 0) {
        return fail_hint(err, "The project has no jobs yet: a job is a file jobs/NAME.yaml.");
    }
    return fail_hint(err, "Jobs of this project: %s.", buf_text(&known));
}

// "ods_oplog" of "ods_oplog", "ods_oplog.yaml" or a path to that file in the project's jobs folder.
bool job_own_name(const Project *project, const char *text, char **ret_name, Err *err)
{
    const char *slash = strrchr(text, '/');
    if (slash != NULL) {
        CLEANUP(mem_free_text) char *folder = mem_copy_bytes(text, (size_t)(slash - text));
        CLEANUP(mem_free_text) char *jobs = fs_join(project->dir, "jobs");
        char here[PATH_MAX], there[PATH_MAX];
        const bool is_jobs = strcmp(folder, "jobs") == 0
                             || (realpath(folder[0] == '\0' ? "/" : folder, here) != NULL
                                 && realpath(jobs, there) != NULL && strcmp(here, there) == 0);
        if (!is_jobs) {
            (void)fail(err, FAIL_CONFIG, "\"%.200s\" is not in the project's folder \"%s\"", text,
                       jobs);
            return fail_hint(
                err,
                "Name a job by its file's name without the suffix: ods_oplog for jobs/ods_oplog.yaml.");
        }
        text = slash + 1;
    }
    size_t len = strlen(text);
    len -= text_ends_with(text, ".yaml") ? strlen(".yaml") : 0;
    if (len == 0 || text[0] == '.') {
        return fail(err, FAIL_CONFIG, "\"%.100s\" names no job", text);
    }
    *ret_name = mem_copy_bytes(text, len);
    return true;
}

static bool read_text(const Project *project, const char *name, Buf *out, Err *err)
{
    CLEANUP(mem_free_text) char *path = mem_format("%s/jobs/%s.yaml", project->dir, name);
    if (!fs_exists(path)) {
        return fail_no_job(project, name, err);
    }
    if (!fs_read(path, DOC_BYTES_MAX, out, err)) {
        err->kind = FAIL_CONFIG;
        return false;
    }
    return true;
}

bool job_read_text(const Project *project, const char *name, char **ret_name, char **ret_text,
                   Err *err)
{
    CLEANUP(mem_free_text) char *own_name = NULL;
    CLEANUP(buf_done) Buf text = {0};
    if (!job_own_name(project, name, &own_name, err) || !read_text(project, own_name, &text, err)) {
        return false;
    }
    JobType ignored;
    // No text holds a zero byte; what the file is instead, its reader says.
    if (strlen(buf_text(&text)) != text.len && !job_check_file(project, own_name, &ignored, err)) {
        return false;
    }
    *ret_name = mem_copy_text(own_name);
    *ret_text = mem_copy_text(buf_text(&text));
    return true;
}

bool job_file_open(const Project *project, const char *name, const InstanceRequest *request,
                   JobFile *ret_file, Err *err)
{
    JobFile file = {.project = project};
    if (!job_own_name(project, name, &file.name, err)) {
        return false;
    }
    file.shown = mem_format("jobs/%s.yaml", file.name);
    CLEANUP(buf_done) Buf text = {0};
    bool ok = true;
    if (request != NULL && request->text != NULL) {
        file.is_of_then = request->is_of_then;
        buf_add_text(&text, request->text);
    } else {
        ok = read_text(project, file.name, &text, err);
    }
    if (!ok || !job_file_parse(&file, buf_text(&text), text.len, request, err)) {
        job_file_done(&file);
        return false;
    }
    *ret_file = file;
    return true;
}

// weir check [JOB]
#include "command/command.h"

#include <stdio.h>

#include "base/emit.h"
#include "base/text.h"
#include "command/imported.h"
#include "job/bind.h"
#include "job/job.h"
#include "run/plan.h"
#include "run/report.h"

// What became of one job.
typedef struct CheckLine {
    bool has_type;
    JobType type;
    PlanSummary plan;  // of a sync job that can run
    Err err;           // kind FAIL_NONE where the file is right and the plan could be made
} CheckLine;

static bool check_is_later(const CheckLine *line)
{
    return line->err.kind == FAIL_NONE && line->type == JOB_STREAM;
}

static void check_add_json(const char *name, const CheckLine *line, Buf *out)
{
    const bool is_ok = line->err.kind == FAIL_NONE && !check_is_later(line);
    const bool is_sync = is_ok && line->type == JOB_SYNC;
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "job", name);
    emit_member_text(&json, "type", line->has_type ? job_type_name(line->type) : NULL);
    emit_member_bool(&json, "ok", is_ok);
    emit_key(&json, "columns");
    is_sync ? emit_uint(&json, line->plan.columns) : emit_null(&json);
    emit_key(&json, "slices");
    is_sync ? emit_uint(&json, line->plan.slices) : emit_null(&json);
    emit_key(&json, "error");
    if (is_ok) {
        emit_null(&json);
    } else if (check_is_later(line)) {
        Err later;
        (void)fail(&later, FAIL_CONFIG, "jobs of type %s are not in this version",
                   job_type_name(line->type));
        run_error_json(&later, &json);
    } else {
        run_error_json(&line->err, &json);
    }
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

// --- one job --------------------------------------------------------------------------------------------

// One sync job's plan, or what type of job the file is, on standard output.
static bool check_one(const Project *project, const char *name, const InstanceRequest *request,
                      bool json, CheckLine *line, Err *err)
{
    if (!job_check_instance(project, name, request, &line->type, err)) {
        return false;
    }
    line->has_type = true;
    CLEANUP(buf_done) Buf text = {0};
    bool done = true;
    if (line->type != JOB_STREAM) {
        Job *job;
        if (!job_load(project, name, request, &job, err)) {
            return false;
        }
        Cancel *cancel = cancel_new();
        done = plan_describe(job, cancel, json, &text, err);
        cancel_free(cancel);
        job_free(job);
    } else if (json) {
        check_add_json(name, line, &text);
    } else {
        buf_add_format(
            &text,
            "job %s: a %s job: not in this version, which runs jobs of type sync and sql; the file is right\n",
            name, job_type_name(line->type));
    }
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    return done;
}

// The plan of a job of DataWorks or DataX.
static bool check_imported(const char *dir, const char *lake, const char *file,
                           const InstanceRequest *request, bool json, Err *err)
{
    Project *project;
    Job *job;
    if (!imported_load(dir, lake, file, request, &project, &job, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf text = {0};
    Cancel *cancel = cancel_new();
    const bool done = plan_describe(job, cancel, json, &text, err);
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    cancel_free(cancel);
    job_free(job);
    project_free(project);
    return done;
}

// --- all jobs -------------------------------------------------------------------------------------------

static void check_look(const Project *project, const char *name, const InstanceRequest *request,
                       CheckLine *ret_line)
{
    CheckLine *line = ret_line;
    *line = (CheckLine){0};
    line->has_type = job_check_instance(project, name, request, &line->type, &line->err);
    if (!line->has_type || line->type == JOB_STREAM) {
        return;
    }
    Job *job;
    if (job_load(project, name, request, &job, &line->err)) {
        Cancel *cancel = cancel_new();
        if (plan_summarize(job, cancel, &line->plan, &line->err)) {
            line->err.kind = FAIL_NONE;
        }
        cancel_free(cancel);
        job_free(job);
    }
}

static void check_add_text(const char *name, const CheckLine *line, size_t width, Buf *out)
{
    const bool has_failed = line->err.kind != FAIL_NONE;
    buf_add_text(out, name);
    for (size_t len = text_width(name); len < width; len++) {
        buf_add_char(out, ' ');
    }
    buf_add_format(out, "  %-7s",
                   has_failed             ? fail_kind_name(line->err.kind)
                   : check_is_later(line) ? "later"
                                          : "ok");
    if (has_failed) {
        // Further lines of a message (a file with several mistakes) stand below the first.
        for (const char *at = line->err.message; *at != '\0'; at += strspn(at, "\n")) {
            const size_t len = strcspn(at, "\n");
            buf_add_text(out, at == line->err.message ? "" : "\n    ");
            buf_add_bytes(out, at, len);
            at += len;
        }
        if (line->err.hint[0] != '\0') {
            buf_add_format(out, "\n    hint: %s", line->err.hint);
        }
    } else if (check_is_later(line)) {
        buf_add_format(out, "a %s job: not in this version", job_type_name(line->type));
    } else if (line->type == JOB_SQL) {
        buf_add_format(out, "%zu statement%s", line->plan.statements,
                       line->plan.statements == 1 ? "" : "s");
    } else {
        buf_add_format(out, "%zu columns, %zu slice%s", line->plan.columns, line->plan.slices,
                       line->plan.slices == 1 ? "" : "s");
    }
    buf_add_char(out, '\n');
}

// The jobs, and the files that were meant as such: what a list leaves out, nobody looks for.
static bool check_names(const Project *project, char ***ret_names, size_t *ret_count, Err *err)
{
    char **names = NULL;
    char **misnamed = NULL;
    if (!project_job_names(project, &names, err)) {
        return false;
    }
    if (!project_misnamed_jobs(project, &misnamed, err)) {
        text_list_free(names);
        return false;
    }
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    for (size_t i = 0; misnamed[i] != NULL; i++) {
        names = mem_grow(names, (count + 2) * sizeof(*names));
        names[count++] = misnamed[i];
        names[count] = NULL;
    }
    free(misnamed);
    qsort(names, count, sizeof(*names), text_order);
    *ret_names = names;
    *ret_count = count;
    return true;
}

static bool check_fail_no_jobs(const Project *project, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "the project has no jobs: there is no file \"%s/jobs/*.yaml\"",
               project->dir);
    return fail_hint(
        err, "A job is a file jobs/NAME.yaml; weir init DIR writes examples into a new folder.");
}

// What the list comes to. The first error decides the exit code; a type of a later version is none.
static bool check_sum_up(size_t count, size_t failed, size_t later, FailKind kind, bool json,
                         Err *err)
{
    CLEANUP(buf_done) Buf note = {0};
    if (later > 0) {
        buf_add_format(&note, "%zu %s not in this version", later, later == 1 ? "is" : "are");
    }
    if (failed == 0) {
        if (later > 0 && !json) {
            (void)fprintf(stderr, "%zu job%s, %s\n", count, count == 1 ? "" : "s", buf_text(&note));
        }
        return true;
    }
    (void)fail(err, kind, "%zu of %zu job%s cannot run%s%s", failed, count, count == 1 ? "" : "s",
               later > 0 ? ", " : "", buf_text(&note));
    return fail_hint(err, "\"weir check JOB\" says more of one.");
}

// One line a job, printed as soon as it is known.
static bool check_all(const Project *project, const InstanceRequest *request, bool json, Err *err)
{
    char **names = NULL;
    size_t count = 0;
    if (!check_names(project, &names, &count, err)) {
        return false;
    }
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        width = text_width(names[i]) > width ? text_width(names[i]) : width;
    }
    size_t failed = 0;
    size_t later = 0;
    FailKind kind = FAIL_NONE;
    for (size_t i = 0; i < count; i++) {
        CheckLine line;
        check_look(project, names[i], request, &line);
        CLEANUP(buf_done) Buf text = {0};
        if (json) {
            check_add_json(names[i], &line, &text);
        } else {
            check_add_text(names[i], &line, width, &text);
        }
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
        (void)fflush(stdout);
        later += check_is_later(&line);
        if (line.err.kind != FAIL_NONE) {
            failed++;
            kind = kind == FAIL_NONE ? line.err.kind : kind;
        }
    }
    text_list_free(names);
    return count == 0 ? check_fail_no_jobs(project, err)
                      : check_sum_up(count, failed, later, kind, json, err);
}

static bool check_run(const Command *self, int argc, char **argv, Err *err)
{
    InstanceRequest request = {0};
    const char *dir = NULL;
    const char *lake = NULL;
    const char *name = NULL;
    const char **params = NULL;
    bool json = false;
    bool help = false;
    CheckLine line = {0};
    const Option options[] = {
        command_option_bizdate(&request.bizdate),
        command_option_param(&params),
        {.name = "json",
         .ret_flag = &json,
         .help = "print JSON: the plan, or one object a line for each job"},
        command_option_project(&dir),
        command_option_lake(&lake),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 0, 1, &name, &help, err);
    Project *project;
    request.params = params;
    if (done && !help && !imported_check_lake(name, lake, err)) {
        done = false;
    } else if (done && !help && imported_is_file(name)) {
        done = check_imported(dir, lake, name, &request, json, err);
    } else if (done && !help && (done = command_open_project(dir, &project, err))) {
        request.is_for_all_jobs = name == NULL;
        done = name == NULL ? check_all(project, &request, json, err)
                            : check_one(project, name, &request, json, &line, err);
        project_free(project);
    }
    if (!done && name != NULL && json && err->kind != FAIL_NONE) {
        CLEANUP(buf_done) Buf text = {0};
        line.err = *err;
        check_add_json(name, &line, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
    }
    free(params);
    return done;
}

const Command command_check = {
    .name = "check",
    .usage = "check [JOB] [options]",
    .summary = "parse everything, connect, compare source and target, show the plan",
    .description =
        "Changes nothing and locks nothing. With JOB the plan: source, read and target type of each column,\n"
        "and the slices. Without JOB one line for each job of the project.",
    .examples = "  weir check\n"
                "  weir check ods_oplog --bizdate 20161114\n"
                "  weir check datax/oplog.json --lake ./lake\n",
    .run = check_run,
};

// weir check [JOB]
#include "command/command.h"

#include <stdio.h>

#include "base/emit.h"
#include "base/text.h"
#include "job/job.h"
#include "run/plan.h"
#include "run/report.h"

// One sync job's plan, or what type of job the file is, on standard output.
static bool check_one(const Project *project, const char *name, const InstanceRequest *request,
                      bool json, Err *err)
{
    JobType type;
    if (!job_check_instance(project, name, request, &type, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf text = {0};
    bool done = true;
    if (type == JOB_SYNC) {
        Job *job;
        if (!job_load(project, name, request, &job, err)) {
            return false;
        }
        Cancel *cancel = cancel_new();
        done = plan_describe(job, cancel, json, &text, err);
        cancel_free(cancel);
        job_free(job);
    } else if (json) {
        JsonWriter writer = emit_writer(&text);
        emit_begin_object(&writer);
        emit_member_text(&writer, "job", name);
        emit_member_text(&writer, "type", job_type_name(type));
        emit_end_object(&writer);
        buf_add_char(&text, '\n');
    } else {
        buf_add_format(
            &text,
            "job %s: a %s job, the file is right; this version runs jobs of type sync only\n", name,
            job_type_name(type));
    }
    (void)fwrite(buf_text(&text), 1, text.len, stdout);
    return done;
}

// --- all jobs -------------------------------------------------------------------------------------------

// What became of one job of the list.
typedef struct CheckLine {
    JobType type;
    PlanSummary plan;  // of a sync job that is right
    Err err;           // kind FAIL_NONE where the job is right
} CheckLine;

static void check_look(const Project *project, const char *name, const InstanceRequest *request,
                       CheckLine *ret_line)
{
    CheckLine *line = ret_line;
    *line = (CheckLine){0};
    if (!job_check_instance(project, name, request, &line->type, &line->err)
        || line->type != JOB_SYNC) {
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
    const bool is_right = line->err.kind == FAIL_NONE;
    buf_add_text(out, name);
    for (size_t len = text_width(name); len < width; len++) {
        buf_add_char(out, ' ');
    }
    buf_add_format(out, "  %-7s", is_right ? "ok" : fail_kind_name(line->err.kind));
    if (!is_right) {
        // Further lines of a message (a file with several mistakes) stand below the first.
        for (const char *at = line->err.message; *at != '\0'; at += strspn(at, "\n")) {
            const size_t len = strcspn(at, "\n");
            buf_add_text(out, at == line->err.message ? "" : "\n    ");
            buf_add_bytes(out, at, len);
            at += len;
        }
    } else if (line->type != JOB_SYNC) {
        buf_add_format(out, "a %s job: this version runs jobs of type sync only",
                       job_type_name(line->type));
    } else {
        buf_add_format(out, "%zu columns, %zu slice%s", line->plan.columns, line->plan.slices,
                       line->plan.slices == 1 ? "" : "s");
    }
    buf_add_char(out, '\n');
}

static void check_add_json(const char *name, const CheckLine *line, Buf *out)
{
    const bool is_right = line->err.kind == FAIL_NONE;
    const bool has_plan = is_right && line->type == JOB_SYNC;
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "job", name);
    emit_member_text(&json, "type", is_right ? job_type_name(line->type) : NULL);
    emit_member_bool(&json, "ok", is_right);
    emit_key(&json, "columns");
    has_plan ? emit_uint(&json, line->plan.columns) : emit_null(&json);
    emit_key(&json, "slices");
    has_plan ? emit_uint(&json, line->plan.slices) : emit_null(&json);
    emit_key(&json, "error");
    is_right ? emit_null(&json) : run_error_json(&line->err, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

// One line a job, printed as soon as it is known. The first error decides the exit code.
static bool check_all(const Project *project, const InstanceRequest *request, bool json, Err *err)
{
    char **names;
    if (!project_job_names(project, &names, err)) {
        return false;
    }
    size_t width = 0;
    size_t count = 0;
    for (; names[count] != NULL; count++) {
        width = text_width(names[count]) > width ? text_width(names[count]) : width;
    }
    size_t failed = 0;
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
        if (line.err.kind != FAIL_NONE) {
            failed++;
            kind = kind == FAIL_NONE ? line.err.kind : kind;
        }
        free(names[i]);
    }
    free(names);
    if (count == 0) {
        (void)fail(err, FAIL_CONFIG, "the project has no jobs: there is no file \"%s/jobs/*.yaml\"",
                   project->dir);
        return fail_hint(
            err,
            "A job is a file jobs/NAME.yaml; weir init DIR writes examples into a new folder.");
    }
    if (failed == 0) {
        return true;
    }
    (void)fail(err, kind, "%zu of %zu job%s cannot run as written", failed, count,
               count == 1 ? "" : "s");
    return fail_hint(err, "\"weir check JOB\" says more of one.");
}

static bool check_run(const Command *self, int argc, char **argv, Err *err)
{
    InstanceRequest request = {0};
    const char *dir = NULL;
    const char *name = NULL;
    const char **params = NULL;
    bool json = false;
    bool help = false;
    const Option options[] = {
        command_option_bizdate(&request.bizdate),
        command_option_param(&params),
        {.name = "json",
         .ret_flag = &json,
         .help = "print JSON: the plan, or one object a line for each job"},
        command_option_project(&dir),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 0, 1, &name, &help, err);
    Project *project;
    if (done && !help && (done = command_open_project(dir, &project, err))) {
        request.params = params;
        done = name == NULL ? check_all(project, &request, json, err)
                            : check_one(project, name, &request, json, err);
        project_free(project);
    }
    if (!done && name != NULL && json && err->kind != FAIL_NONE) {
        CLEANUP(buf_done) Buf text = {0};
        check_add_json(name, &(CheckLine){.err = *err}, &text);
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
                "  weir check ods_oplog --bizdate 20161114\n",
    .run = check_run,
};

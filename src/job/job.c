// A Job's life: from a name on the command line to a checked instance, and its end. What the keys
// of each type are is in job_sync.c, job_sql.c and job_later.c; how a file becomes a tree with
// parameters is in job_file.c.
#include "base/base.h"

#include "job/job_internal.h"

#include <stdio.h>

#include "base/fs.h"
#include "base/text.h"

enum { RETRIES_DEFAULT = 2 };

// What job_free has to free beyond the Job itself: the datasources of `weir copy`.
typedef struct JobBox {
    Job job;  // first: a Job * of ours is a JobBox *
    Datasource *source, *target;
} JobBox;

Job *job_new(void)
{
    JobBox *box = mem_alloc(sizeof(*box));
    Job *job = &box->job;
    job->type = JOB_SYNC;
    job->retries = RETRIES_DEFAULT;
    job->memory_bytes = PROJECT_MEMORY_DEFAULT;
    job->target.file_bytes = JOB_FILE_BYTES_DEFAULT;
    job->target.row_group_rows = JOB_ROW_GROUP_ROWS_DEFAULT;
    return job;
}

void job_take_datasources(Job *job, Datasource *source, Datasource *target)
{
    JobBox *box = (JobBox *)job;
    box->source = source;
    box->target = target;
}

static void source_done(SourceSpec *source)
{
    text_list_free(source->tables);
    text_list_free(source->columns);
    free(source->where);
    free(source->query);
    free(source->incremental);
    free(source->split);
}

static void target_done(TargetSpec *target)
{
    partition_parts_free(target->base, target->partition_count);
    partition_parts_free(target->partition, target->partition_count);
    text_list_free(target->key);
    free(target->order_by);
    free(target->table);
}

void job_free(Job *job)
{
    if (job == NULL) {
        return;
    }
    for (size_t i = 0; i < job->source_count; i++) {
        source_done(&job->sources[i]);
    }
    free(job->sources);
    target_done(&job->target);
    free(job->schedule.cycle);
    text_list_free(job->schedule.depends_on);
    free(job->sql);
    free(job->name);
    free(job->file);
    free(job->state_dir);
    JobBox *box = (JobBox *)job;
    datasource_free(box->source);
    datasource_free(box->target);
    free(box);
}

void job_date_text(const Civil *date, char ret_text[9])
{
    (void)snprintf(ret_text, 9, "%04u%02u%02u", (unsigned)date->year % 10000,
                   (unsigned)date->month % 100, (unsigned)date->day % 100);
}

bool job_set_bizdate(ParamSet *params, const char *bizdate, int hour, int minute, Err *err)
{
    params->today = clock_usec_to_local(clock_now_usec());
    char yesterday[9];
    if (bizdate == NULL) {
        const Civil midnight = {
            .year = params->today.year, .month = params->today.month, .day = params->today.day};
        const Civil before = civil_from_usec(civil_to_usec(&midnight) - 1);
        job_date_text(&before, yesterday);
        bizdate = yesterday;
    }
    return param_set_bizdate(params, bizdate, hour, minute, err);
}

bool job_script_params(const char *bizdate, const char *const *params, ParamSet *ret_params,
                       Err *err)
{
    ParamSet set = {0};
    if (!job_set_bizdate(&set, bizdate, 0, 0, err) || !job_add_params(&set, params, err)) {
        param_set_done(&set);
        return false;
    }
    *ret_params = set;
    return true;
}

static Civil bizdate_civil(const ParamSet *params)
{
    return (Civil){
        .year = params->bizdate_year, .month = params->bizdate_month, .day = params->bizdate_day};
}

bool job_read_bizdate(const char *text, char ret_bizdate[9], Err *err)
{
    ParamSet params = {0};
    const bool ok = job_set_bizdate(&params, text, 0, 0, err);
    if (ok) {
        const Civil bizdate = bizdate_civil(&params);
        job_date_text(&bizdate, ret_bizdate);
    }
    param_set_done(&params);
    return ok;
}

void job_set_window(Job *job, const ParamSet *params)
{
    const Civil begin = bizdate_civil(params);
    job_date_text(&begin, job->bizdate);
    const Civil end = {.year = params->scheduled.year,
                       .month = params->scheduled.month,
                       .day = params->scheduled.day};
    job->window_begin_usec = clock_local_to_usec(&begin);
    job->window_end_usec = clock_local_to_usec(&end);
}

static bool check_request(const InstanceRequest *request, Err *err)
{
    if (request != NULL && (request->threads < 0 || request->threads > JOB_THREADS_MAX)) {
        return fail(err, FAIL_CONFIG, "\"--threads\" must be a whole number from 1 to %d, not %d",
                    JOB_THREADS_MAX, request->threads);
    }
    return true;
}

// Reads the keys of an opened file into `job` (sync) or only checks them.
static bool bind_file(JobFile *file, Job *job, Err *err)
{
    switch (file->type) {
    case JOB_SYNC:
        job_bind_sync(file, job);
        break;
    case JOB_SQL:
        job_bind_sql(file, job);
        break;
    case JOB_STREAM:
        job_bind_stream(file);
        break;
    }
    return problems_report(&file->problems, err);
}

static bool fail_unused(const JobFile *file, const char *name, Err *err)
{
    const ParamSet *params = &file->params;
    const char **known = mem_alloc((params->pair_count + 2) * sizeof(*known));
    size_t count = 0;
    for (size_t i = 0; i < params->pair_count; i++) {
        if (params->pairs[i].is_used) {
            known[count++] = params->pairs[i].name;
        }
    }
    known[count] = "bizdate";
    const char *nearest = text_nearest(name, known);
    (void)fail(err, FAIL_CONFIG, "%s: no text of the job uses the parameter \"%.100s\"",
               file->shown, name);
    if (nearest == NULL) {
        (void)fail_hint(err,
                        "It would change nothing: leave it out, or write ${%.100s} where its "
                        "value belongs.",
                        name);
    } else if (nearest == known[count]) {
        (void)fail_hint(err, "Did you mean --bizdate YYYYMMDD?");
    } else {
        (void)fail_hint(err, "Did you mean \"%s\"?", nearest);
    }
    free(known);
    return false;
}

// A slip in the name of a parameter would otherwise publish what the job says without it.
static bool check_params_are_used(const JobFile *file, const InstanceRequest *request, Err *err)
{
    if (request == NULL || request->is_for_all_jobs) {
        return true;
    }
    for (size_t i = 0; request->params != NULL && request->params[i] != NULL; i++) {
        const char *param = request->params[i];
        for (size_t k = 0; k < file->params.pair_count; k++) {
            const ParamPair *pair = &file->params.pairs[k];
            const size_t len = strlen(pair->name);
            if (!pair->is_used && strncmp(param, pair->name, len) == 0 && param[len] == '=') {
                return fail_unused(file, pair->name, err);
            }
        }
    }
    return true;
}

static bool fail_later(const JobFile *file, Err *err)
{
    (void)fail(
        err, FAIL_CONFIG,
        "%s: this version runs jobs of type \"sync\" and \"sql\", and this is a job of type \"%s\"",
        file->shown, job_type_name(file->type));
    return fail_hint(err,
                     "weir check %s says whether the file is right; a later version will run it.",
                     file->name);
}

static void finish(JobFile *file, const InstanceRequest *request, Job *job)
{
    const Project *project = file->project;
    job->name = mem_copy_text(file->name);
    job->file =
        project->dir == NULL ? mem_copy_text(file->shown) : fs_join(project->dir, file->shown);
    job->type = file->type;
    job->schedule = file->schedule;
    file->schedule = (Schedule){0};
    job->timezone = project->timezone;
    job->state_dir = project->dir == NULL ? mem_copy_text(".weir") : fs_join(project->dir, ".weir");
    if (request != NULL && request->threads > 0) {
        job->threads = request->threads;
    }
    job_set_window(job, &file->params);
}

bool job_from_file(JobFile *file, const InstanceRequest *request, Job **ret_job, Err *err)
{
    Job *job = job_new();
    const bool ok = bind_file(file, job, err) && check_params_are_used(file, request, err)
                    && (file->type != JOB_STREAM || fail_later(file, err));
    if (ok) {
        finish(file, request, job);
        *ret_job = job;
    } else {
        job_free(job);
    }
    return ok;
}

bool job_load(const Project *project, const char *name, const InstanceRequest *request,
              Job **ret_job, Err *err)
{
    JobFile file;
    if (!check_request(request, err) || !job_file_open(project, name, request, &file, err)) {
        return false;
    }
    const bool ok = job_from_file(&file, request, ret_job, err);
    job_file_done(&file);
    return ok;
}

bool job_check_instance(const Project *project, const char *name, const InstanceRequest *request,
                        JobType *ret_type, Err *err)
{
    JobFile file;
    if (!check_request(request, err) || !job_file_open(project, name, request, &file, err)) {
        return false;
    }
    Job *job = job_new();
    const bool ok = bind_file(&file, job, err) && check_params_are_used(&file, request, err);
    if (ok) {
        *ret_type = file.type;
    }
    job_free(job);
    job_file_done(&file);
    return ok;
}

bool job_check_file(const Project *project, const char *name, JobType *ret_type, Err *err)
{
    return job_check_instance(project, name, NULL, ret_type, err);
}

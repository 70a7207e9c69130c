// Any bytes as a job file: the YAML tree, the tables of keys, parameters and the partition.
#include "base/base.h"

#include "job/job_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Project *make_project(void)
{
    Project *project = project_empty();
    Datasource *rds = mem_alloc(sizeof(*rds));
    rds->name = mem_copy_text("rds");
    rds->type = mem_copy_text("mysql");
    Datasource *lake = mem_alloc(sizeof(*lake));
    lake->name = mem_copy_text("lake");
    lake->type = mem_copy_text("lake");
    project->datasources = mem_alloc(2 * sizeof(Datasource *));
    project->datasources[project->datasource_count++] = rds;
    project->datasources[project->datasource_count++] = lake;
    return project;
}

static void bind_job(JobFile *file)
{
    Job *job = job_new();
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
    // What was found right can be relied on.
    if (file->problems.count == 0 && file->type == JOB_SYNC
        && (job->source_count == 0 || job->sources[0].datasource == NULL
            || job->target.datasource == NULL || job->target.table == NULL
            || (job->sources[0].tables == NULL) == (job->sources[0].query == NULL))) {
        abort();
    }
    job_free(job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Project *project = make_project();
    JobFile file = {
        .project = project,
        .name = mem_copy_text("job"),
        .shown = mem_copy_text("jobs/job.yaml"),
    };
    const InstanceRequest request = {.bizdate = "20161114"};
    Err err = {0};
    if (job_file_parse(&file, (const char *)data, size, &request, &err)) {
        bind_job(&file);
        if (!problems_report(&file.problems, &err) && err.message[0] == '\0') {
            abort();
        }
    } else if (err.message[0] == '\0') {
        abort();
    }
    job_file_done(&file);
    project_free(project);
    return 0;
}

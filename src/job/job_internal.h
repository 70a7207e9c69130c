// For the files that read job files only.
#pragma once

#include "job/bind.h"
#include "job/job.h"

// A job file on its way to a Job: parsed, its instance's parameters computed, its keys not yet
// read.
typedef struct JobFile {
    const Project *project;
    char *name;   // "ods_oplog"
    char *shown;  // "jobs/ods_oplog.yaml": in messages
    Problems problems;
    Doc doc;
    JobType type;
    ParamSet params;
    Schedule schedule;
    bool is_of_then;                 // as in InstanceRequest
    const InstanceRequest *request;  // borrowed; may be NULL
} JobFile;

// Finds and reads jobs/NAME.yaml.
bool job_file_open(const Project *project, const char *name, const InstanceRequest *request,
                   JobFile *ret_file, Err *err) MUST_CHECK;
// The same from a text; `file` has its project, name and shown. False with an error where nothing
// more can be read; other mistakes are in file->problems.
bool job_file_parse(JobFile *file, const char *text, size_t len, const InstanceRequest *request,
                    Err *err) MUST_CHECK;
void job_file_done(JobFile *file);
// The job of an opened file whose text has been parsed, checked.
bool job_from_file(JobFile *file, const InstanceRequest *request, Job **ret_job, Err *err)
    MUST_CHECK;

// Reads the keys of each type; mistakes go to file->problems. Sync and sql fill `job`, whose
// defaults are set.
void job_bind_sync(JobFile *file, Job *job);
void job_bind_sql(JobFile *file, Job *job);
void job_bind_stream(JobFile *file);
Binder job_binder(JobFile *file);

// The datasource that the text of `key` names, or NULL after a mistake. `NULL` name: NULL.
const Datasource *job_find_datasource(JobFile *file, const DocNode *mapping, const char *name);

// Notes which parts' fields have the name of a parameter.
void partition_note_parameters(PartitionPart *parts, size_t count, const ParamSet *params);

// A new Job with every default set. It is freed with job_free.
Job *job_new(void) MUST_CHECK;
void job_take_datasources(Job *job, Datasource *source, Datasource *target);

// The parameters that the file has on the business date before its own.
bool job_file_params_before(const JobFile *file, ParamSet *ret_params, Err *err) MUST_CHECK;

// What only `mode: merge` has (job_merge.c). The set gets a business date a day before `params`'
// and nothing else; the base must name the columns of the target's partition.
bool job_params_day_before(const ParamSet *params, int hour, int minute, ParamSet *ret_params,
                           Err *err) MUST_CHECK;
bool job_set_base(TargetSpec *target, const char *text, Err *err) MUST_CHECK;
bool job_check_merge(const TargetSpec *target, Err *err) MUST_CHECK;

// Fills the parameters' bizdate (NULL: yesterday), scheduled time and today.
bool job_set_bizdate(ParamSet *params, const char *bizdate, int hour, int minute, Err *err)
    MUST_CHECK;
// Adds "name=value" pairs of the command line (NULL-terminated, or NULL).
bool job_add_params(ParamSet *params, const char *const *pairs, Err *err) MUST_CHECK;
// Copies the business date and its window of instants into the job.
void job_set_window(Job *job, const ParamSet *params);

// The job of `weir copy`: no file and no project, so defaults and what the command line says.
#include "base/base.h"

#include "job/job_internal.h"

#include "base/text.h"

Job *job_for_copy(Datasource *source, char *source_table, Datasource *target, char *target_table)
{
    Project *defaults = project_empty();
    Job *job = job_new();
    job_take_datasources(job, source, target);
    job->name = mem_copy_text(target_table);
    job->threads = defaults->threads;
    job->state_dir = mem_copy_text(".weir");
    job->sources = mem_alloc(sizeof(*job->sources));
    job->source_count = 1;
    job->sources[0].datasource = source;
    job->sources[0].tables = mem_alloc(2 * sizeof(char *));
    job->sources[0].tables[0] = source_table;
    job->target.datasource = target;
    job->target.table = target_table;
    project_free(defaults);
    ParamSet params = {0};
    Err err;
    // Yesterday is a day of the calendar unless the machine's clock is thousands of years off.
    if (job_set_bizdate(&params, NULL, 0, 0, &err)) {
        job_set_window(job, &params);
    }
    param_set_done(&params);
    return job;
}

// "id, left(name, 10), 'a,b'" at the commas that are outside of brackets and quotes.
static bool split_columns(const char *option, const char *text, char ***ret_columns, Err *err)
{
    char **columns = mem_alloc((strlen(text) + 2) * sizeof(*columns));
    size_t count = 0;
    int depth = 0;
    char quote = '\0';
    const char *start = text;
    for (const char *at = text;; at++) {
        if (quote != '\0' && *at != '\0') {
            at += *at == '\\' && quote != '`' && at[1] != '\0';
            quote = *at == quote ? '\0' : quote;
            continue;
        }
        if (*at == '\'' || *at == '"' || *at == '`') {
            quote = *at;
        }
        depth += (*at == '(') - (*at == ')');
        if (*at != '\0' && (*at != ',' || depth > 0)) {
            continue;
        }
        const char *end = at;
        while (start < end && *start == ' ') {
            start++;
        }
        while (end > start && end[-1] == ' ') {
            end--;
        }
        if (end == start) {
            text_list_free(columns);
            return fail(err, FAIL_CONFIG, "--%s: a column is missing between two commas", option);
        }
        columns[count++] = mem_copy_bytes(start, (size_t)(end - start));
        start = at + 1;
        if (*at == '\0') {
            break;
        }
    }
    *ret_columns = columns;
    return true;
}

// The option's text with its parameters filled in, or NULL where it was not given.
static bool expand_option(const ParamSet *params, const char *name, const char *text,
                          char **ret_text, Err *err)
{
    if (text == NULL) {
        *ret_text = NULL;
        return true;
    }
    CLEANUP(buf_done) Buf out = {.limit = DOC_BYTES_MAX};
    if (!param_expand(params, text, &out, err)) {
        return err_context(err, "--%s", name);
    }
    if (out.len == 0) {
        return fail(err, FAIL_CONFIG, "--%s has no value", name);
    }
    *ret_text = buf_take(&out);
    return true;
}

static bool set_zero_dates(const char *text, ZeroDates *ret_policy, Err *err)
{
    static const char *const WORDS[] = {"null", "text", "error"};
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(WORDS); i++) {
        if (strcmp(text, WORDS[i]) == 0) {
            *ret_policy = (ZeroDates)i;
            return true;
        }
    }
    return text == NULL
           || fail(err, FAIL_CONFIG, "\"--zero-dates\" must be null, text or error, not \"%.50s\"",
                   text);
}

static bool set_dirty_limit(const char *text, int64_t *ret_limit, Err *err)
{
    if (text == NULL) {
        return true;
    }
    if (strcmp(text, "unlimited") == 0) {
        *ret_limit = -1;
        return true;
    }
    return text_parse_int(text, 0, INT64_MAX, ret_limit)
           || fail(err, FAIL_CONFIG,
                   "\"--dirty-limit\" must be a whole number from 0, or unlimited, not \"%.50s\"",
                   text);
}

static bool set_partition(Job *job, const char *text, Err *err)
{
    if (text == NULL) {
        return true;
    }
    return partition_parse(text, &job->target.partition, &job->target.partition_count, err)
           || err_context(err, "--partition");
}

// The base that was named, or the same partition of the business date before.
static bool set_base(Job *job, const ParamSet *params, const JobCopyOptions *options, Err *err)
{
    TargetSpec *target = &job->target;
    if (target->mode != WRITE_MERGE) {
        const char *name = options->key != NULL ? "key" : options->base != NULL ? "base" : NULL;
        return name == NULL
               || fail(err, FAIL_CONFIG, "--%s has a meaning with --mode merge only", name);
    }
    if (target->partition == NULL) {
        return options->base == NULL
               || fail(err, FAIL_CONFIG, "--base is a partition: --partition is missing");
    }
    ParamSet before = {0};
    CLEANUP(mem_free_text) char *text = NULL;
    const bool is_named = options->base != NULL;
    const bool done = job_check_merge(target, err)
                      && job_params_day_before(params, 0, 0, &before, err)
                      && expand_option(is_named ? params : &before, "base",
                                       is_named ? options->base : options->partition, &text, err)
                      && (job_set_base(target, text, err) || err_context(err, "--base"));
    param_set_done(&before);
    return done;
}

bool job_copy_options(Job *job, const JobCopyOptions *options, Err *err)
{
    ParamSet params = {0};
    CLEANUP(mem_free_text) char *partition = NULL;
    CLEANUP(mem_free_text) char *columns = NULL;
    CLEANUP(mem_free_text) char *key = NULL;
    SourceSpec *source = &job->sources[0];
    free(source->where);
    source->where = NULL;
    const bool ok =
        job_set_bizdate(&params, options->bizdate, 0, 0, err)
        && expand_option(&params, "partition", options->partition, &partition, err)
        && expand_option(&params, "where", options->where, &source->where, err)
        && expand_option(&params, "columns", options->columns, &columns, err)
        && set_zero_dates(options->zero_dates, &job->zero_dates, err)
        && set_dirty_limit(options->dirty_limit, &job->dirty_limit, err)
        && expand_option(&params, "key", options->key, &key, err)
        && set_partition(job, partition, err) && set_base(job, &params, options, err)
        && (key == NULL || split_columns("key", key, &job->target.key, err))
        && (columns == NULL || split_columns("columns", columns, &source->columns, err));
    if (ok) {
        partition_note_parameters(job->target.partition, job->target.partition_count, &params);
        job_set_window(job, &params);
    }
    param_set_done(&params);
    return ok;
}

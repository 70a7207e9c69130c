// weir copy URL DIR: no project, one table, one partition or the whole table.
#include "command/command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/instance.h"

typedef struct CopyOptions {
    const char *partition, *where, *mode, *bizdate, *columns, *timezone, *zero_dates, *dirty_limit;
    const char *key, *base;
    int threads;
    InstanceOutput output;
} CopyOptions;

static bool copy_mode(const char *text, WriteMode *ret_mode, Err *err)
{
    for (size_t i = 0; text != NULL && WRITE_MODE_NAMES[i] != NULL; i++) {
        if (text_equal(text, WRITE_MODE_NAMES[i])) {
            *ret_mode = (WriteMode)i;
            return true;
        }
    }
    return text == NULL  // what a job begins with
           || fail(err, FAIL_CONFIG, "\"--mode\" must be overwrite, append or merge, not \"%s\"",
                   text);
}

// Fills in what the command line says; the URL decided the rest.
static bool copy_apply(Job *job, const CopyOptions *options, Err *err)
{
    if (!copy_mode(options->mode, &job->target.mode, err)) {
        return false;
    }
    job->timezone = options->timezone;
    if (options->threads > 0) {
        job->threads = options->threads;
    }
    return job_copy_options(job,
                            &(JobCopyOptions){.bizdate = options->bizdate,
                                              .partition = options->partition,
                                              .where = options->where,
                                              .columns = options->columns,
                                              .zero_dates = options->zero_dates,
                                              .dirty_limit = options->dirty_limit,
                                              .key = options->key,
                                              .base = options->base},
                            err);
}

static bool copy_make_job(const char *url, const char *dir, const CopyOptions *options,
                          Job **ret_job, Err *err)
{
    Datasource *source;
    char *table;
    if (!clock_set_zone(options->timezone, err)
        || !datasource_from_url(url, &source, &table, err)) {
        return false;
    }
    Datasource *target;
    char *target_table;
    if (!datasource_from_folder(dir, &target, &target_table, err)) {
        datasource_free(source);
        free(table);
        return false;
    }
    Job *job = job_for_copy(source, table, target, target_table);
    if (!copy_apply(job, options, err)) {
        job_free(job);
        return false;
    }
    *ret_job = job;
    return true;
}

static bool copy_run(const Command *self, int argc, char **argv, Err *err)
{
    CopyOptions copy = {0};
    const char *arguments[2] = {0};
    bool help = false;
    const Option options[] = {
        {.name = "partition",
         .argument = "ds=20161114",
         .ret_text = &copy.partition,
         .help = "the partition to write; the whole table where it is left out"},
        {.name = "where", .argument = "SQL", .ret_text = &copy.where, .help = "which rows"},
        {.name = "columns",
         .argument = "LIST",
         .ret_text = &copy.columns,
         .help = "columns or SQL expressions, with commas between them"},
        {.name = "mode",
         .argument = "MODE",
         .ret_text = &copy.mode,
         .help = "overwrite (default), append or merge"},
        {.name = "key",
         .argument = "LIST",
         .ret_text = &copy.key,
         .help = "columns to merge by; the source's key where it is left out"},
        {.name = "base",
         .argument = "ds=20161113",
         .ret_text = &copy.base,
         .help = "partition to merge with; that of the day before where it is left out"},
        {.name = "bizdate",
         .argument = "YYYYMMDD",
         .ret_text = &copy.bizdate,
         .help = "for ${bizdate} in the other options; yesterday where it is left out"},
        {.name = "zero-dates",
         .argument = "POLICY",
         .ret_text = &copy.zero_dates,
         .help = "null (default), text or error"},
        {.name = "dirty-limit",
         .argument = "N",
         .ret_text = &copy.dirty_limit,
         .help = "rows that may go to .weir/rejects; 0 where it is left out, or unlimited"},
        {.name = "timezone",
         .argument = "ZONE",
         .ret_text = &copy.timezone,
         .help = "for business dates and conditions; the machine's where it is left out"},
        command_option_threads(&copy.threads, "readers at most"),
        command_option_summary(&copy.output.json),
        command_option_quiet(&copy.output.quiet),
        {0},
    };
    bool done = option_parse(self, options, argc, argv, 2, 2, arguments, &help, err);
    Job *job = NULL;
    const bool is_made =
        done && !help && copy_make_job(arguments[0], arguments[1], &copy, &job, err);
    // The kernel shows a process's arguments to everybody, as they are in its memory. Also where
    // nothing came of them.
    for (int i = 1; i < argc; i++) {
        datasource_hide_password(argv[i]);
    }
    if (!done || help) {
        return done;
    }
    if (!is_made) {
        return instance_fail(/* job= */ NULL, copy.bizdate, copy.output, err);
    }
    done = instance_run(job, copy.output, err);
    job_free(job);
    return done;
}

const Command command_copy = {
    .name = "copy",
    .usage = "copy URL DIR [options]",
    .summary = "copy one table into a lake table, without a project",
    .description =
        "URL is mysql://USER[:PASSWORD]@HOST[:PORT]/DATABASE/TABLE; the password may come from\n"
        "WEIR_PASSWORD instead, so that it stands in no process list. ?socket=/PATH and ?tls=MODE are\n"
        "known. DIR is the table's own folder.",
    .examples =
        "  weir copy mysql://reader@localhost/shop/oplog ./lake/ods_oplog\n"
        "  weir copy mysql://reader@db:3306/shop/oplog ./lake/ods_oplog --partition ds=20161114\n",
    .run = copy_run,
};

// Job files: what they mean, and their mistakes word for word.
#include "base/base.h"

#include "unit.h"

#include <unistd.h>

#include "base/clock.h"
#include "job/job.h"

#include "job/files.h"

static const char WEIR_YAML[] = "timezone: Asia/Shanghai\n"
                                "threads: 3\n"
                                "memory: 128MiB\n"
                                "datasources:\n"
                                "  rds: {type: mysql, host: h, database: shop}\n"
                                "  rds2: {type: mysql, host: h2, database: shop}\n"
                                "  archive: {type: lake, path: /data/archive}\n"
                                "  bus: {type: kafka, brokers: b}\n"
                                "  hub: {type: datahub}\n";

typedef struct Fixture {
    Folder folder;
    Project *project;
} Fixture;

static Fixture fixture_new(const char *job_yaml)
{
    Fixture fixture = {.folder = folder_new()};
    folder_put(&fixture.folder, "weir.yaml", WEIR_YAML);
    folder_put(&fixture.folder, "jobs/ods_oplog.yaml", job_yaml);
    Err err = {0};
    ASSERT_OK(project_load(fixture.folder.path, &fixture.project, &err), err);
    return fixture;
}

static void fixture_done(Fixture *fixture)
{
    project_free(fixture->project);
    folder_done(&fixture->folder);
}

static const InstanceRequest DAY = {.bizdate = "20161114"};

static Job *load(const Fixture *fixture, const InstanceRequest *request)
{
    Job *job = NULL;
    Err err = {0};
    ASSERT_OK(job_load(fixture->project, "ods_oplog", request, &job, &err), err);
    return job;
}

static void assert_message(const char *job_yaml, const char *expected)
{
    Fixture fixture = fixture_new(job_yaml);
    Job *job = NULL;
    Err err = {0};
    assert_false(job_load(fixture.project, "ods_oplog", &DAY, &job, &err));
    assert_null(job);
    assert_int_equal(err.kind, FAIL_CONFIG);
    assert_string_equal(err.message, expected);
    // A check of the file alone says the same.
    JobType type;
    assert_false(job_check_instance(fixture.project, "ods_oplog", &DAY, &type, &err));
    assert_string_equal(err.message, expected);
    fixture_done(&fixture);
}

// The job of the README, with defaults for what it leaves out.
static void load__the_short_form(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(
        "type: sync\n"
        "source: {datasource: rds, table: oplog, incremental: optime}\n"
        "target: {table: ods_oplog, partition: \"ds=${bizdate}\", mode: overwrite, lifecycle: 30}\n"
        "dirty_limit: 0\n"
        "threads: 2\n"
        "schedule: {cycle: daily, at: \"00:30\", depends_on: []}\n");
    Job *job = load(&fixture, &DAY);
    assert_string_equal(job->name, "ods_oplog");
    CLEANUP(mem_free_text) char *file = mem_format("%s/jobs/ods_oplog.yaml", fixture.project->dir);
    assert_string_equal(job->file, file);
    CLEANUP(mem_free_text) char *state_dir = mem_format("%s/.weir", fixture.project->dir);
    assert_string_equal(job->state_dir, state_dir);
    assert_int_equal(job->type, JOB_SYNC);
    assert_int_equal(job->source_count, 1);
    const SourceSpec *source = &job->sources[0];
    assert_ptr_equal(source->datasource, project_datasource(fixture.project, "rds"));
    assert_string_equal(source->tables[0], "oplog");
    assert_null(source->tables[1]);
    assert_null(source->columns);
    assert_null(source->where);
    assert_null(source->query);
    assert_null(source->split);
    assert_string_equal(source->incremental, "optime");
    const TargetSpec *target = &job->target;
    assert_ptr_equal(target->datasource, project_datasource(fixture.project, "lake"));
    assert_string_equal(target->table, "ods_oplog");
    assert_int_equal(target->partition_count, 1);
    assert_string_equal(target->partition[0].column, "ds");
    assert_string_equal(target->partition[0].value, "20161114");
    assert_int_equal(target->mode, WRITE_OVERWRITE);
    assert_int_equal(target->lifecycle_days, 30);
    assert_int_equal(target->new_columns, NEW_COLUMNS_ADD);
    assert_int_equal(target->file_bytes, JOB_FILE_BYTES_DEFAULT);
    assert_int_equal(target->row_group_rows, 122880);
    assert_int_equal(job->dirty_limit, 0);
    assert_int_equal(job->zero_dates, ZERO_DATES_NULL);
    assert_int_equal(job->threads, 2);
    assert_int_equal(job->retries, 2);
    assert_int_equal(job->memory_bytes, 128 << 20);
    assert_string_equal(job->schedule.cycle, "daily");
    assert_int_equal(job->schedule.hour, 0);
    assert_int_equal(job->schedule.minute, 30);
    assert_null(job->schedule.depends_on[0]);
    assert_false(job->schedule.paused);
    assert_string_equal(job->bizdate, "20161114");
    assert_string_equal(job->timezone, "Asia/Shanghai");
    // 2016-11-13T16:00:00Z and a day later.
    assert_int_equal(job->window_begin_usec, INT64_C(1479052800) * 1000000);
    assert_int_equal(job->window_end_usec, INT64_C(1479139200) * 1000000);
    job_free(job);
    fixture_done(&fixture);
}

static void load__everything(void **state)
{
    (void)state;
    Fixture fixture =
        fixture_new("type: sync\n"
                    "description: costs $5 ${not a parameter\n"
                    "args: {region: eu, hour: \"$[hh24-1/24]\", n: 4}\n"
                    "source:\n"
                    "  - datasource: rds\n"
                    "    tables: [\"t_[0-99]\", \"shop.${region}_x\"]\n"
                    "    columns: [id, \"'${bizdate}'\", j->'$[0]']\n"
                    "    where: d >= '${yyyy-mm-dd}' and h = ${hour}\n"
                    "    split: id\n"
                    "  - {datasource: rds2, query: \"select 1 from t where ds = '${bizdate}'\"}\n"
                    "target:\n"
                    "  datasource: archive\n"
                    "  table: ods_${region}\n"
                    "  partition: ds=${bizdate},region={region}\n"
                    "  mode: append\n"
                    "  new_columns: error\n"
                    "  file_size: 64MiB\n"
                    "  row_group_rows: 4096\n"
                    "dirty_limit: unlimited\n"
                    "zero_dates: text\n"
                    "threads: ${n}\n"
                    "retries: 0\n"
                    "memory: 1GiB\n"
                    "schedule: {cycle: daily, at: 03:15, paused: true}\n");
    static const char *const PARAMS[] = {"region=us", NULL};
    const InstanceRequest request = {.bizdate = "2016-11-14", .params = PARAMS};
    Job *job = load(&fixture, &request);
    assert_int_equal(job->source_count, 2);
    assert_string_equal(job->sources[0].tables[0], "t_[0-99]");
    assert_string_equal(job->sources[0].tables[1], "shop.us_x");
    assert_null(job->sources[0].tables[2]);
    assert_string_equal(job->sources[0].columns[0], "id");
    assert_string_equal(job->sources[0].columns[1], "'20161114'");
    assert_string_equal(job->sources[0].columns[2], "j->'$[0]'");
    assert_string_equal(job->sources[0].where, "d >= '2016-11-14' and h = 02");
    assert_string_equal(job->sources[0].split, "id");
    assert_ptr_equal(job->sources[1].datasource, project_datasource(fixture.project, "rds2"));
    assert_null(job->sources[1].tables);
    assert_string_equal(job->sources[1].query, "select 1 from t where ds = '20161114'");
    assert_string_equal(job->target.datasource->name, "archive");
    assert_string_equal(job->target.table, "ods_us");
    assert_int_equal(job->target.partition_count, 2);
    assert_string_equal(job->target.partition[1].field, "region");
    assert_int_equal(job->target.mode, WRITE_APPEND);
    assert_int_equal(job->target.new_columns, NEW_COLUMNS_ERROR);
    assert_int_equal(job->target.file_bytes, 64 << 20);
    assert_int_equal(job->target.row_group_rows, 4096);
    assert_int_equal(job->dirty_limit, -1);
    assert_int_equal(job->zero_dates, ZERO_DATES_TEXT);
    assert_int_equal(job->threads, 4);
    assert_int_equal(job->retries, 0);
    assert_int_equal(job->memory_bytes, 1 << 30);
    assert_int_equal(job->schedule.hour, 3);
    assert_int_equal(job->schedule.minute, 15);
    assert_true(job->schedule.paused);
    job_free(job);
    fixture_done(&fixture);
}

static const char PLAIN[] = "type: sync\nsource: {datasource: rds, table: t}\ntarget: {table: t}\n";

static void load__request(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(PLAIN);
    Job *job = load(&fixture, NULL);
    // Yesterday, in the project's zone: the window's end is the last midnight.
    assert_true(job->window_end_usec <= clock_now_usec());
    assert_true(clock_now_usec() - job->window_end_usec < INT64_C(86400) * 1000000);
    assert_int_equal(job->target.partition_count, 0);
    assert_int_equal(job->threads, 3);
    job_free(job);
    const InstanceRequest threads = {.threads = 7};
    job = load(&fixture, &threads);
    assert_int_equal(job->threads, 7);
    job_free(job);
    Err err = {0};
    static const struct {
        const char *bizdate;
        const char *param;
        int threads;
        const char *part;
    } WRONG[] = {
        {"20161131", NULL, 0, "not a day of the calendar"},
        {NULL, "x", 0, "\"--param x\" has no \"=\""},
        {NULL, "bizdate=20161114", 0, "Use --bizdate YYYYMMDD."},
        {NULL, "a b=1", 0, "--param: "},
        {NULL, "a=${bizdat}", 0, "did you mean"},
        {NULL, "foo=1", 0, "no text of the job uses the parameter \"foo\""},
        {NULL, "bizdat=20161114", 0, "Did you mean --bizdate YYYYMMDD?"},
        {NULL, NULL, 65, "from 1 to 64"},
        {NULL, NULL, -1, "from 1 to 64"},
    };
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        const char *params[] = {WRONG[i].param, NULL};
        const InstanceRequest request = {
            .bizdate = WRONG[i].bizdate, .params = params, .threads = WRONG[i].threads};
        ASSERT_FAIL(job_load(fixture.project, "ods_oplog", &request, &job, &err), err, FAIL_CONFIG,
                    WRONG[i].part);
    }
    fixture_done(&fixture);
}

static void load__mistakes_of_the_issue(void **state)
{
    (void)state;
    assert_message(
        "type: sync\n"
        "source:\n"
        "        datasource: rds\n"
        "        inkremental: optime\n"
        "        table: oplog\n"
        "target: {table: ods_oplog}\n"
        "threads: many\n",
        "2 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:4:9: unknown key \"inkremental\" in \"source\", did you mean \"incremental\"?\n"
        "jobs/ods_oplog.yaml:7:10: \"threads\" must be a whole number from 1 to 64, not \"many\"");
    // A slip in the one key that says what is read is one mistake, not two.
    assert_message(
        "type: sync\n"
        "source: {datasource: rds, tabel: oplog}\n"
        "target: {table: ods_oplog}\n",
        "jobs/ods_oplog.yaml:2:27: unknown key \"tabel\" in \"source\", did you mean \"table\"?");
}

static void load__all_mistakes_at_once(void **state)
{
    (void)state;
    assert_message(
        "type: sync\n"
        "source: {datasource: rd, table: t, where: \"ds = '${bizdat}'\"}\n"
        "target: {table: a/b, partition: ds=2016/11, mode: patch, lifecycle: -1, datasource: bus}\n",
        "7 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:2:22: unknown datasource \"rd\", did you mean \"rds\"?\n"
        "jobs/ods_oplog.yaml:2:43: \"where\": unknown parameter \"${bizdat}\", did you mean \"${bizdate}\"?\n"
        "jobs/ods_oplog.yaml:3:17: \"table\" of a target is a name in the lake, without \"/\"\n"
        "jobs/ods_oplog.yaml:3:33: the partition value \"2016/11\" holds a slash\n"
        "jobs/ods_oplog.yaml:3:51: \"mode\" must be overwrite, append or merge, not \"patch\"\n"
        "jobs/ods_oplog.yaml:3:69: \"lifecycle\" must be a whole number from 0 to 37231, not \"-1\"\n"
        "jobs/ods_oplog.yaml:3:85: this version cannot write to \"bus\", a datasource of type kafka; a target "
        "is a lake");
    assert_message(
        "type: sync\n"
        "source: {datasource: rds, table: t}\n"
        "target: {table: t}\n"
        "dirty_limit: none\n"
        "zero_dates: zero\n"
        "schedule: {cycle: hourly, at: 24:00, depends_on: [ods_oplg, ods_oplog], pausd: true}\n"
        "args: {region: $bizdat}\n",
        "7 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:4:14: \"dirty_limit\" must be a whole number from 0, or unlimited, not \"none\"\n"
        "jobs/ods_oplog.yaml:5:13: \"zero_dates\" must be null, text or error, not \"zero\"\n"
        "jobs/ods_oplog.yaml:6:19: \"cycle\" must be daily in this version, not \"hourly\"\n"
        "jobs/ods_oplog.yaml:6:31: \"at\" must be a time from 00:00 to 23:59, not \"24:00\"\n"
        "jobs/ods_oplog.yaml:6:51: there is no job \"ods_oplg\" to depend on, did you mean \"ods_oplog\"?\n"
        "jobs/ods_oplog.yaml:6:73: unknown key \"pausd\" in \"schedule\", did you mean \"paused\"?\n"
        "jobs/ods_oplog.yaml:7:16: parameter \"region\": unknown parameter \"$bizdat\", did you mean "
        "\"$bizdate\"?");
}

static void load__what_may_stand_together(void **state)
{
    (void)state;
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t, query: select 1}\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:44: \"query\" cannot stand together with a table; keep one of them");
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t, tables: [u]}\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:45: \"table\" and \"tables\" cannot stand together; keep one of them");
    assert_message(
        "type: sync\nsource: {datasource: rds}\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:9: \"table\", \"tables\" or \"query\" is missing in \"source\"");
    assert_message(
        "type: sync\n"
        "source: {datasource: rds, query: select 1, where: a, columns: b, incremental: c, split: d}\n"
        "target: {table: t}\n",
        "4 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:2:51: \"where\" cannot stand together with \"query\"; write it into the query\n"
        "jobs/ods_oplog.yaml:2:63: \"columns\" cannot stand together with \"query\"; write it into the query\n"
        "jobs/ods_oplog.yaml:2:79: \"incremental\" cannot stand together with \"query\"; write it into the query\n"
        "jobs/ods_oplog.yaml:2:89: \"split\" cannot stand together with \"query\"; write it into the query");
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t, incremental: }\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:50: \"incremental\" has no value");
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t, incremental: \"\"}\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:50: \"incremental\" has no value");
    assert_message("type: sync\nsource: []\ntarget: {table: t}\n",
                   "jobs/ods_oplog.yaml:2:9: \"source\" is an empty list");
    assert_message(
        "type: sync\nsource: [{datasource: rds, table: t}, {datasource: rds}]\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:39: \"table\", \"tables\" or \"query\" is missing in item 2 of \"source\"");
    assert_message("type: sync\nsource: {datasource: rds, tables: []}\ntarget: {table: t}\n",
                   "jobs/ods_oplog.yaml:2:35: \"tables\" is an empty list");
    assert_message("type: sync\nsource: {datasource: rds, tables: [a, [b]]}\ntarget: {table: t}\n",
                   "jobs/ods_oplog.yaml:2:39: \"tables\" must be text, not a list");
    assert_message(
        "type: sync\nsource: {datasource: hub, table: t}\ntarget: {table: t, datasource: rds}\n",
        "2 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:2:22: this version cannot read from \"hub\", a datasource of type datahub\n"
        "jobs/ods_oplog.yaml:3:32: this version cannot write to \"rds\", a datasource of type mysql; a target "
        "is a lake");
    assert_message(
        "type: sync\nsorce: {datasource: rds}\ntarget: {tabel: t}\n",
        "2 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:2:1: unknown key \"sorce\", did you mean \"source\"?\n"
        "jobs/ods_oplog.yaml:3:10: unknown key \"tabel\" in \"target\", did you mean \"table\"?");
    assert_message("type: sync\n", "2 mistakes in jobs/ods_oplog.yaml\n"
                                   "jobs/ods_oplog.yaml:1:1: \"source\" is missing\n"
                                   "jobs/ods_oplog.yaml:1:1: \"target\" is missing");
    assert_message(
        "type: sync\nsource: x\ntarget: [a]\n",
        "2 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:2:9: \"source\" must be a mapping (key: value), not text\n"
        "jobs/ods_oplog.yaml:3:9: \"target\" must be a mapping (key: value), not a list");
}

// --- merge ----------------------------------------------------------------------------------------------

#define MERGE "type: sync\nsource: {datasource: rds, table: t}\ntarget: {table: t, mode: merge, "

static void load__merge(void **state)
{
    (void)state;
    Fixture fixture =
        fixture_new(MERGE "partition: \"ds=${bizdate},region=cn\", key: [uid, name], "
                          "base: \"region=us,ds=${yyyymmdd-7}\", order_by: optime}\n");
    Job *job = load(&fixture, &DAY);
    assert_int_equal(job->target.mode, WRITE_MERGE);
    assert_string_equal(job->target.key[0], "uid");
    assert_string_equal(job->target.key[1], "name");
    assert_null(job->target.key[2]);
    assert_string_equal(job->target.order_by, "optime");
    // In the order of the partition.
    assert_string_equal(job->target.base[0].column, "ds");
    assert_string_equal(job->target.base[0].value, "20161107");
    assert_string_equal(job->target.base[1].value, "us");
    job_free(job);
    fixture_done(&fixture);
}

static void load__merge_with_the_table_itself(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(MERGE "key: uid}\n");
    Job *job = load(&fixture, &DAY);
    assert_int_equal(job->target.mode, WRITE_MERGE);
    assert_string_equal(job->target.key[0], "uid");
    assert_null(job->target.base);
    assert_null(job->target.order_by);
    job_free(job);
    fixture_done(&fixture);
}

// The business date before, for everything that the partition's text is made of.
static void load__base_of_the_day_before(void **state)
{
    (void)state;
    static const struct {
        const char *bizdate;
        const char *partition;
        const char *args;
        const char *param;
        const char *base;
    } cases[] = {
        {"20161114", "ds=${bizdate}", NULL, NULL, "20161113"},
        {"20170101", "ds=${bizdate}", NULL, NULL, "20161231"},
        {"20160301", "ds=${yyyy-mm-dd}", NULL, NULL, "2016-02-29"},
        {"20161201", "ds=${yyyymm}", NULL, NULL, "201611"},
        {"20161202", "ds=${yyyymm}", NULL, NULL, "201612"},
        {"20161114", "ds=$[yyyymmddhh24-1/24]", NULL, NULL, "2016111402"},
        {"20161114", "ds=$gmtdate", NULL, NULL, "20161114"},
        {"20161114", "ds=${day}", "{day: $bizdate}", NULL, "20161113"},
        {"20161114", "ds=${day}", "day=$[yyyymmdd-2]", NULL, "20161112"},
        {"20161114", "ds=${day}", "{day: x}", "day=${yyyymmdd-7}", "20161106"},
        {"20161114", "ds=${day}", "{day: x}", "day=fixed", "fixed"},
        {"20161114", "ds=all", NULL, NULL, "all"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(mem_free_text)
        char *text = mem_format(
            MERGE "partition: \"%s\"}\nschedule: {at: \"03:00\"}\n%s%s\n", cases[i].partition,
            cases[i].args == NULL ? "" : "args: ", cases[i].args == NULL ? "" : cases[i].args);
        Fixture fixture = fixture_new(text);
        const char *const params[] = {cases[i].param, NULL};
        const InstanceRequest request = {.bizdate = cases[i].bizdate, .params = params};
        Job *job = load(&fixture, &request);
        assert_string_equal(job->target.base[0].value, cases[i].base);
        job_free(job);
        fixture_done(&fixture);
    }
}

static void load__mistakes_of_a_merge(void **state)
{
    (void)state;
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t}\n"
        "target: {table: t, key: id, order_by: a, base: \"ds=1\"}\n",
        "3 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:3:25: \"key\" has a meaning with \"mode: merge\" only\n"
        "jobs/ods_oplog.yaml:3:39: \"order_by\" has a meaning with \"mode: merge\" only\n"
        "jobs/ods_oplog.yaml:3:48: \"base\" has a meaning with \"mode: merge\" only");
    assert_message(
        MERGE "base: \"ds=1\"}\n",
        "jobs/ods_oplog.yaml:3:39: \"base\" is a partition, and the job's table has none; "
        "the table itself is the base");
    assert_message(
        MERGE "partition: \"ds=1,r={region}\"}\n",
        "jobs/ods_oplog.yaml:3:44: a merge writes one partition, and this one takes \"r\" "
        "from the rows");
    assert_message(
        MERGE "partition: \"ds=1,r=2\", base: \"ds=1\"}\n",
        "jobs/ods_oplog.yaml:3:62: \"base\" and \"partition\" do not name the same columns");
    assert_message(
        MERGE "partition: \"ds=1\", base: \"pt=1\"}\n",
        "jobs/ods_oplog.yaml:3:58: \"base\" and \"partition\" do not name the same columns");
    assert_message(MERGE "partition: \"ds=1\", base: \"ds={day}\"}\n",
                   "jobs/ods_oplog.yaml:3:58: \"base\" takes \"ds\" from the rows");
    assert_message(MERGE "partition: \"ds=1\", base: x}\n",
                   "jobs/ods_oplog.yaml:3:58: \"x\" in the partition has no \"=\"");
    assert_message(
        MERGE "partition: \"ds=${bizdat}\"}\n",
        "jobs/ods_oplog.yaml:3:44: \"partition\": unknown parameter \"${bizdat}\", did you "
        "mean \"${bizdate}\"?");
    assert_message(MERGE "key: []}\n", "jobs/ods_oplog.yaml:3:38: \"key\" is an empty list");
}

static void load__names_of_tables(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        const char *part;
    } WRONG[] = {
        {"a/b", "3:17: \"table\" of a target is a name in the lake"},
        {"../x", "is a name in the lake"},
        {".hidden", "cannot begin with"},
        {"_delta", "cannot begin with"},
        {"\"a\\tb\"", "control character"},
        {"\" a\"", "begins or ends with a space"},
        {"a%b", "cannot hold"},
        {"a\\b", "cannot hold"},
        {"\"\"", "\"table\" has no value"},
        {"${empty}", "\"table\" has no value"},
    };
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        CLEANUP(mem_free_text)
        char *text = mem_format(
            "type: sync\nsource: {datasource: rds, table: t}\ntarget: {table: %s}\nargs: empty=\n",
            WRONG[i].table);
        Fixture fixture = fixture_new(text);
        Job *job;
        Err err = {0};
        ASSERT_FAIL(job_load(fixture.project, "ods_oplog", &DAY, &job, &err), err, FAIL_CONFIG,
                    WRONG[i].part);
        fixture_done(&fixture);
    }
}

static void load__texts(void **state)
{
    (void)state;
    assert_message(
        "type: sync\nsource:\n  datasource: rds\n  table: t\n  where: >\n    a = ${regio}\ntarget: {table: t}\n"
        "args: {region: eu}\n",
        "jobs/ods_oplog.yaml:5:10: \"where\": unknown parameter \"${regio}\", did you mean \"${region}\"?");
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t, where: \"a = '${env:HOME}'\"}\ntarget: {table: t}\n",
        "jobs/ods_oplog.yaml:2:44: \"where\": ${env:...} and ${file:...} are filled in in weir.yaml only");
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t}\ntarget: {table: t}\nthreads: ${n}\nargs: n=many\n",
        "jobs/ods_oplog.yaml:4:10: \"threads\" must be a whole number from 1 to 64, not \"many\" (from "
        "\"${n}\")");
    // A parameter that is wrong is reported where it stands, not where it is used.
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t_${day}}\ntarget: {table: t}\n"
        "args: {day: \"$[yyyy-1]\", list: [1]}\n",
        "2 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:4:13: parameter \"day\": parameter \"$[yyyy-1]\": offsets in $[...] are days, so "
        "this would not move by months or years\n"
        "jobs/ods_oplog.yaml:4:32: the parameter \"list\" must be text, not a list");
    assert_message(
        "type: sync\nsource: {datasource: rds, table: t}\ntarget: {table: t}\nargs: [a]\n",
        "jobs/ods_oplog.yaml:4:7: \"args\" must be a mapping (name: value) or a text (name=value "
        "name=value), not a list");
}

static void load__types(void **state)
{
    (void)state;
    assert_message("", "jobs/ods_oplog.yaml:1:1: the file is empty; it begins with \"type: sync\"");
    assert_message("- a\n",
                   "jobs/ods_oplog.yaml:1:1: the file must be a mapping (key: value), not a list");
    assert_message("source: x\n",
                   "jobs/ods_oplog.yaml:1:1: \"type\" is missing: sync, sql or stream");
    assert_message(
        "type: snyc\n",
        "jobs/ods_oplog.yaml:1:7: \"type\" must be sync, sql or stream, not \"snyc\", did you mean \"sync\"?");
    assert_message("type: [sync]\n",
                   "jobs/ods_oplog.yaml:1:7: \"type\" must be sync, sql or stream");
    assert_message("type: sync\nsource: {datasource: rds, table: t\n",
                   "jobs/ods_oplog.yaml:3:1: not valid YAML: did not find expected ',' or '}'");
    assert_message("type: sql\nsq: select 1\n",
                   "jobs/ods_oplog.yaml:2:1: unknown key \"sq\", did you mean \"sql\"?");
    assert_message(
        "type: stream\nsource: {datasource: rdss, tables: [t]}\ntarget: {datasource: bus}\n",
        "2 mistakes in jobs/ods_oplog.yaml\n"
        "jobs/ods_oplog.yaml:2:22: unknown datasource \"rdss\", did you mean \"rds\"?\n"
        "jobs/ods_oplog.yaml:3:9: \"target\" needs a \"topic\" (of Kafka) or a \"table\" (of a lake)");
}

static void load__later_types_are_checked_and_not_run(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        JobType type;
        const char *part;
    } JOBS[] = {
        {"type: stream\nsource: {datasource: rds, tables: [orders, \"shard_*.items\"], start: latest}\n"
         "target: {datasource: bus, topic: \"${database}.${table}\", format: columns}\n",
         JOB_STREAM, "type \"stream\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(JOBS); i++) {
        Fixture fixture = fixture_new(JOBS[i].text);
        Err err = {0};
        JobType type;
        ASSERT_OK(job_check_file(fixture.project, "ods_oplog", &type, &err), err);
        assert_int_equal(type, JOBS[i].type);
        Job *job = NULL;
        ASSERT_FAIL(job_load(fixture.project, "ods_oplog", &DAY, &job, &err), err, FAIL_CONFIG,
                    JOBS[i].part);
        assert_non_null(strstr(err.message, "this version runs jobs of type \"sync\" and \"sql\""));
        fixture_done(&fixture);
    }
}

static void load__sql(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("type: sql\nargs: {c: x}\nthreads: 3\nmemory: 1GiB\nretries: 1\n"
                                  "sql: |\n  SELECT '${bizdate}', '${c}';\n");
    Err err = {0};
    Job *job = NULL;
    ASSERT_OK(job_load(fixture.project, "ods_oplog", &DAY, &job, &err), err);
    assert_int_equal(job->type, JOB_SQL);
    assert_string_equal(job->sql, "SELECT '20161114', 'x';\n");
    assert_int_equal(job->threads, 3);
    assert_int_equal(job->memory_bytes, 1 << 30);
    assert_string_equal(job->target.datasource->name, "lake");
    job_free(job);
    fixture_done(&fixture);
    static const struct {
        const char *text;
        const char *part;
    } wrong[] = {
        {"type: sql\n", "\"sql\" is missing"},
        {"type: sql\nengine: spark\nsql: x\n", "engine duckdb only"},
        {"type: sql\nengine: hive\nsql: x\n", "engine"},
        {"type: sql\ndatasource: rds\nsql: x\n", "is a lake"},
        {"type: sql\nsql: \"${nope}\"\n", "nope"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        fixture = fixture_new(wrong[i].text);
        ASSERT_FAIL(job_load(fixture.project, "ods_oplog", &DAY, &job, &err), err, FAIL_CONFIG,
                    wrong[i].part);
        fixture_done(&fixture);
    }
}

static void load__parameters_that_nothing_uses(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(
        "type: sync\n"
        "source: {datasource: rds, table: t, where: \"r = '${region}' AND h = ${hour}\"}\n"
        "target: {table: t}\n"
        "args: {region: eu, base: 1, hour: \"${base}1\", idle: x}\n");
    static const struct {
        const char *params[3];
        const char *part;  // NULL: it is right
    } CASES[] = {
        {{"region=us"}, NULL},
        {{"region=${own}", "own=us"}, "unknown parameter"},
        {{"own=us", "region=${own}"}, NULL},
        {{"regoin=us"}, "Did you mean \"region\"?"},
        {{"idle=1"}, "no text of the job uses the parameter \"idle\""},
        // `hour` was computed before: the new value would reach nothing.
        {{"base=2"}, "no text of the job uses the parameter \"base\""},
        {{"region=us", "region=eu"}, "the parameter \"region\" is given twice"},
        {{"region=us", "zzz="}, "It would change nothing"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        const InstanceRequest request = {.bizdate = "20161114", .params = CASES[i].params};
        Err err = {0};
        if (CASES[i].part == NULL) {
            Job *job = load(&fixture, &request);
            assert_string_equal(job->sources[0].where, "r = 'us' AND h = 11");
            job_free(job);
            continue;
        }
        Job *job = NULL;
        JobType type;
        ASSERT_FAIL(job_load(fixture.project, "ods_oplog", &request, &job, &err), err, FAIL_CONFIG,
                    CASES[i].part);
        assert_false(job_check_instance(fixture.project, "ods_oplog", &request, &type, &err));
    }
    const char *const unused[] = {"foo=1", NULL};
    const InstanceRequest all = {.params = unused, .is_for_all_jobs = true};
    Err err = {0};
    JobType type;
    ASSERT_OK(job_check_instance(fixture.project, "ods_oplog", &all, &type, &err), err);
    fixture_done(&fixture);
}

static void load__a_file_of_the_wrong_suffix(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(PLAIN);
    folder_put(&fixture.folder, "jobs/x.yml", PLAIN);
    folder_put(&fixture.folder, "jobs/.hidden.yml", PLAIN);
    Job *job = NULL;
    Err err = {0};
    const char *const names[] = {"x", "x.yml", "x.yaml", "jobs/x.yml"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ASSERT_FAIL(job_load(fixture.project, names[i], &DAY, &job, &err), err, FAIL_CONFIG,
                    "jobs/x.yml: rename it to x.yaml");
    }
    ASSERT_FAIL(job_load(fixture.project, "ods_oplog.yml", &DAY, &job, &err), err, FAIL_CONFIG,
                "there is no job \"ods_oplog.yml\"");
    char **files;
    ASSERT_OK(project_misnamed_jobs(fixture.project, &files, &err), err);
    assert_string_equal(files[0], "x.yml");
    assert_null(files[1]);
    free(files[0]);
    free(files);
    fixture_done(&fixture);
}

static void load__names_of_jobs(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(PLAIN);
    CLEANUP(mem_free_text) char *path = mem_format("%s/jobs/ods_oplog.yaml", fixture.folder.path);
    const char *const names[] = {"ods_oplog", "ods_oplog.yaml", "jobs/ods_oplog",
                                 "jobs/ods_oplog.yaml", path};
    Err err = {0};
    Job *job;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ASSERT_OK(job_load(fixture.project, names[i], &DAY, &job, &err), err);
        assert_string_equal(job->name, "ods_oplog");
        job_free(job);
    }
    ASSERT_FAIL(job_load(fixture.project, "ods_oplgo", &DAY, &job, &err), err, FAIL_CONFIG,
                "there is no job \"ods_oplgo\", did you mean \"ods_oplog\"?");
    ASSERT_FAIL(job_load(fixture.project, "zzz", &DAY, &job, &err), err, FAIL_CONFIG,
                "there is no job \"zzz\" in ");
    ASSERT_FAIL(job_load(fixture.project, "zzz", &DAY, &job, &err), err, FAIL_CONFIG,
                "Jobs of this project: ods_oplog.");
    ASSERT_FAIL(job_load(fixture.project, "/etc/passwd", &DAY, &job, &err), err, FAIL_CONFIG,
                "is not in the project");
    ASSERT_FAIL(job_load(fixture.project, "../jobs2/x", &DAY, &job, &err), err, FAIL_CONFIG,
                "is not in the project");
    ASSERT_FAIL(job_load(fixture.project, "", &DAY, &job, &err), err, FAIL_CONFIG, "names no job");
    ASSERT_FAIL(job_load(fixture.project, "jobs/", &DAY, &job, &err), err, FAIL_CONFIG,
                "names no job");
    ASSERT_FAIL(job_load(fixture.project, ".yaml", &DAY, &job, &err), err, FAIL_CONFIG,
                "names no job");
    fixture_done(&fixture);
}

// 2025-03-30 is a day of 23 hours in Berlin: the window follows the clock on the wall.
static void load__window_across_a_clock_change(void **state)
{
    (void)state;
    Fixture fixture = fixture_new(PLAIN);
    Err err = {0};
    ASSERT_OK(clock_set_zone("Europe/Berlin", &err), err);
    const InstanceRequest request = {.bizdate = "20250330"};
    Job *job = load(&fixture, &request);
    assert_int_equal(job->window_begin_usec, INT64_C(1743289200) * 1000000);  // 2025-03-29T23:00Z
    assert_int_equal(job->window_end_usec, INT64_C(1743372000) * 1000000);    // 2025-03-30T22:00Z
    job_free(job);
    ASSERT_OK(clock_set_zone("Asia/Shanghai", &err), err);
    fixture_done(&fixture);
}

// --- an instance that is run again ------------------------------------------------------------

static void job_load__takes_the_text_and_the_day_of_then(void **state)
{
    (void)state;
    static const char then[] = "type: sync\n"
                               "source: {datasource: rds, table: oplog, where: \"m = ${m}\"}\n"
                               "target: {table: then, partition: \"ds=${bizdate}\"}\n"
                               "args: {m: $bizmonth}\n"
                               "schedule: {depends_on: [gone]}\n";
    Fixture fixture = fixture_new("this is no job any more");
    const InstanceRequest request = {
        .bizdate = "20161114", .text = then, .today = "20161130", .is_of_then = true};
    Job *job = load(&fixture, &request);
    assert_string_equal(job->target.table, "then");
    assert_string_equal(job->sources[0].where, "m = 201610");
    job_free(job);
    InstanceRequest later = request;
    later.today = "20161201";
    job = load(&fixture, &later);
    assert_string_equal(job->sources[0].where, "m = 201611");
    job_free(job);
    later.is_of_then = false;
    Err err = {0};
    ASSERT_FAIL(job_load(fixture.project, "ods_oplog", &later, &job, &err), err, FAIL_CONFIG,
                "no job \"gone\"");
    fixture_done(&fixture);
}

static void job_read_text__gives_the_file_and_its_own_name(void **state)
{
    (void)state;
    Fixture fixture = fixture_new("any: text\n");
    Err err = {0};
    CLEANUP(mem_free_text) char *name = NULL;
    CLEANUP(mem_free_text) char *text = NULL;
    ASSERT_OK(job_read_text(fixture.project, "ods_oplog.yaml", &name, &text, &err), err);
    assert_string_equal(name, "ods_oplog");
    assert_string_equal(text, "any: text\n");
    ASSERT_FAIL(job_read_text(fixture.project, "ods_oplg", &name, &text, &err), err, FAIL_CONFIG,
                "did you mean \"ods_oplog\"");
    fixture_done(&fixture);
}

static void job_read_bizdate__takes_both_spellings(void **state)
{
    (void)state;
    Err err = {0};
    char bizdate[9];
    ASSERT_OK(job_read_bizdate("2016-11-14", bizdate, &err), err);
    assert_string_equal(bizdate, "20161114");
    ASSERT_OK(job_read_bizdate("20161114", bizdate, &err), err);
    assert_string_equal(bizdate, "20161114");
    ASSERT_FAIL(job_read_bizdate("20161131", bizdate, &err), err, FAIL_CONFIG, "calendar");
    assert_string_equal(bizdate, "20161114");
}

int main(void)
{
    Err err = {0};
    if (!clock_set_zone("Asia/Shanghai", &err)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_load__takes_the_text_and_the_day_of_then),
        cmocka_unit_test(job_read_text__gives_the_file_and_its_own_name),
        cmocka_unit_test(job_read_bizdate__takes_both_spellings),
        cmocka_unit_test(load__the_short_form),
        cmocka_unit_test(load__everything),
        cmocka_unit_test(load__request),
        cmocka_unit_test(load__mistakes_of_the_issue),
        cmocka_unit_test(load__all_mistakes_at_once),
        cmocka_unit_test(load__what_may_stand_together),
        cmocka_unit_test(load__merge),
        cmocka_unit_test(load__merge_with_the_table_itself),
        cmocka_unit_test(load__base_of_the_day_before),
        cmocka_unit_test(load__mistakes_of_a_merge),
        cmocka_unit_test(load__names_of_tables),
        cmocka_unit_test(load__texts),
        cmocka_unit_test(load__types),
        cmocka_unit_test(load__later_types_are_checked_and_not_run),
        cmocka_unit_test(load__sql),
        cmocka_unit_test(load__parameters_that_nothing_uses),
        cmocka_unit_test(load__a_file_of_the_wrong_suffix),
        cmocka_unit_test(load__names_of_jobs),
        cmocka_unit_test(load__window_across_a_clock_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

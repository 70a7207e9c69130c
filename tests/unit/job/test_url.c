// Endpoints of the command line, and the job of `weir copy`.
#include "base/base.h"

#include "unit.h"

#include <unistd.h>

#include "base/clock.h"
#include "job/job.h"

static Datasource *from_url(const char *url, char **ret_table)
{
    Datasource *datasource = NULL;
    Err err = {0};
    ASSERT_OK(datasource_from_url(url, &datasource, ret_table, &err), err);
    return datasource;
}

static void url__all_its_parts(void **state)
{
    (void)state;
    (void)unsetenv("WEIR_PASSWORD");
    char *table;
    Datasource *rds = from_url(
        "mysql://reader:s3cret@db.example:3307/shop/oplog?tls=verify-ca&tls_ca=/etc/ca.pem&"
        "connect_timeout=5s&read_timeout=2m",
        &table);
    assert_string_equal(rds->type, "mysql");
    assert_string_equal(rds->user, "reader");
    assert_string_equal(rds->password, "s3cret");
    assert_string_equal(rds->host, "db.example");
    assert_int_equal(rds->port, 3307);
    assert_string_equal(rds->database, "shop");
    assert_string_equal(table, "oplog");
    assert_int_equal(rds->tls, TLS_VERIFY_CA);
    assert_string_equal(rds->tls_ca, "/etc/ca.pem");
    assert_int_equal(rds->connect_timeout_seconds, 5);
    assert_int_equal(rds->read_timeout_seconds, 120);
    assert_string_equal(rds->origin, "mysql://reader@db.example/shop");
    assert_null(strstr(rds->name, "s3cret"));
    datasource_free(rds);
    free(table);

    rds = from_url("mariadb://localhost/shop/t_[0-99]", &table);
    assert_null(rds->user);
    assert_null(rds->password);
    assert_int_equal(rds->port, 3306);
    assert_int_equal(rds->tls, TLS_PREFERRED);
    assert_int_equal(rds->connect_timeout_seconds, 10);
    assert_int_equal(rds->read_timeout_seconds, 3600);
    assert_string_equal(table, "t_[0-99]");
    datasource_free(rds);
    free(table);
}

static void url__encodings(void **state)
{
    (void)state;
    char *table;
    Datasource *rds = from_url(
        "mysql://a%40b:p%2Fq%3A%25@[::1]:3306/my%20db/t%2F1%E4%B8%AD?socket=%2Ftmp%2Fx.sock",
        &table);
    assert_string_equal(rds->user, "a@b");
    assert_string_equal(rds->password, "p/q:%");
    assert_string_equal(rds->host, "::1");
    assert_string_equal(rds->database, "my db");
    assert_string_equal(rds->socket, "/tmp/x.sock");
    assert_string_equal(table, "t/1中");
    datasource_free(rds);
    free(table);
    // A password with "@" and ":" as they are; one that is empty.
    rds = from_url("mysql://u:p@ss:word@h/d/t", &table);
    assert_string_equal(rds->user, "u");
    assert_string_equal(rds->password, "p@ss:word");
    assert_string_equal(rds->host, "h");
    datasource_free(rds);
    free(table);
    rds = from_url("mysql://u:@[fe80::1]/d/t", &table);
    assert_string_equal(rds->password, "");
    assert_string_equal(rds->host, "fe80::1");
    assert_int_equal(rds->port, 3306);
    datasource_free(rds);
    free(table);
    rds = from_url("mysql://u@/d/t?socket=/s", &table);
    assert_null(rds->host);
    datasource_free(rds);
    free(table);
}

static void url__password_of_the_environment(void **state)
{
    (void)state;
    (void)setenv("WEIR_PASSWORD", "from env", 1);
    char *table;
    Datasource *rds = from_url("mysql://u@h/d/t", &table);
    assert_string_equal(rds->password, "from env");
    datasource_free(rds);
    free(table);
    rds = from_url("mysql://u:own@h/d/t", &table);
    assert_string_equal(rds->password, "own");
    datasource_free(rds);
    free(table);
    (void)unsetenv("WEIR_PASSWORD");
}

static void url__refuses_and_keeps_quiet(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *part;
    } WRONG[] = {
        {"", "is no URL"},
        {"u:hush@h/d/t", "is no URL"},
        {"postgres://u:hush@h/d/t", "cannot read from a URL that begins with \"postgres://\""},
        {"mysql://u:hush@h", "names no database and no table"},
        {"mysql://u:hush@h/d", "names no table"},
        {"mysql://u:hush@h/d/", "names no table"},
        {"mysql://u:hush@h//t", "names no database"},
        {"mysql://u:hush@h/d/t/x", "more than a database and a table"},
        {"mysql://u:hush@/d/t", "names no host"},
        {"mysql://u:hush@h:0/d/t", "the port"},
        {"mysql://u:hush@h:x/d/t", "the port"},
        {"mysql://u:hush@h:65536/d/t", "the port"},
        {"mysql://u:hush%/@h/d/t", ""},
        {"mysql://u:hush%2@h/d/t", "the password of the URL"},
        {"mysql://u:hush%00@h/d/t", "the password of the URL"},
        {"mysql://u:hush@h/d/t%zz", "the table of the URL"},
        {"mysql://u:hush@h/d/t?tls=on", "must be disabled"},
        {"mysql://u:hush@h/d/t?tsl=required", "did you mean \"tls\"?"},
        {"mysql://u:hush@h/d/t?connect_timeout=soon", "such as 10s or 5m"},
        {"mysql://u:hush@h/d/t?tls_cert=a", "belong together"},
    };
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        Datasource *datasource = NULL;
        char *table = NULL;
        Err err = {0};
        ASSERT_FAIL(datasource_from_url(WRONG[i].url, &datasource, &table, &err), err, FAIL_CONFIG,
                    WRONG[i].part);
        assert_null(datasource);
        assert_null(table);
        assert_null(strstr(err.message, "hush"));
        assert_null(strstr(err.hint, "hush"));
    }
}

static void folder__path_and_table(void **state)
{
    (void)state;
    char here[4096];
    assert_non_null(getcwd(here, sizeof(here)));
    CLEANUP(mem_free_text) char *lake = mem_format("%s/lake", here);
    static const char *const SAME[] = {"lake/ods_oplog", "./lake/ods_oplog", "./lake/ods_oplog///",
                                       ".//lake/ods_oplog"};
    for (size_t i = 0; i < ARRAY_LEN(SAME); i++) {
        Datasource *datasource;
        char *table;
        Err err = {0};
        ASSERT_OK(datasource_from_folder(SAME[i], &datasource, &table, &err), err);
        assert_string_equal(datasource->type, "lake");
        assert_string_equal(datasource->path, lake);
        assert_string_equal(table, "ods_oplog");
        datasource_free(datasource);
        free(table);
    }
    Datasource *datasource;
    char *table;
    Err err = {0};
    ASSERT_OK(datasource_from_folder("/t", &datasource, &table, &err), err);
    assert_string_equal(datasource->path, "/");
    assert_string_equal(table, "t");
    datasource_free(datasource);
    free(table);
    static const char *const WRONG[] = {"", ".", "..", "/", "./", "../..", "s3://bucket/t"};
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        ASSERT_FAIL(datasource_from_folder(WRONG[i], &datasource, &table, &err), err, FAIL_CONFIG,
                    "lder");
    }
}

static Job *copy_job(void)
{
    char *source_table;
    Datasource *source = from_url("mysql://u@h/d/oplog", &source_table);
    Datasource *target;
    char *target_table;
    Err err = {0};
    ASSERT_OK(datasource_from_folder("lake/ods_oplog", &target, &target_table, &err), err);
    return job_for_copy(source, source_table, target, target_table);
}

static void copy__has_the_defaults_of_a_job(void **state)
{
    (void)state;
    Job *job = copy_job();
    assert_int_equal(job->type, JOB_SYNC);
    assert_null(job->file);
    assert_string_equal(job->name, "ods_oplog");
    assert_int_equal(job->source_count, 1);
    assert_string_equal(job->sources[0].tables[0], "oplog");
    assert_null(job->sources[0].tables[1]);
    assert_ptr_not_equal(job->sources[0].datasource, NULL);
    assert_string_equal(job->target.table, "ods_oplog");
    assert_int_equal(job->target.mode, WRITE_OVERWRITE);
    assert_int_equal(job->target.file_bytes, JOB_FILE_BYTES_DEFAULT);
    assert_int_equal(job->target.row_group_rows, 122880);
    assert_int_equal(job->dirty_limit, 0);
    assert_int_equal(job->retries, 2);
    assert_int_equal(job->memory_bytes, PROJECT_MEMORY_DEFAULT);
    assert_in_range(job->threads, 2, 8);
    assert_int_equal(strlen(job->bizdate), 8);
    assert_int_equal(job->window_end_usec - job->window_begin_usec, INT64_C(86400000000));
    job_free(job);
}

static void copy__options_hold_parameters(void **state)
{
    (void)state;
    Job *job = copy_job();
    Err err = {0};
    const JobCopyOptions options = {
        .bizdate = "20161114",
        .partition = "ds=${bizdate}",
        .where = "optime >= '${yyyy-mm-dd}' and optime < '$[yyyy-mm-dd]'",
        .columns = "optime, left(uname, 3), 'a,b', \"it's\", `c,d`,concat('x\\'',y)",
        .zero_dates = "text",
    };
    ASSERT_OK(job_copy_options(job, &options, &err), err);
    assert_string_equal(job->bizdate, "20161114");
    assert_int_equal(job->target.partition_count, 1);
    assert_string_equal(job->target.partition[0].value, "20161114");
    assert_string_equal(job->sources[0].where, "optime >= '2016-11-14' and optime < '2016-11-15'");
    assert_int_equal(job->zero_dates, ZERO_DATES_TEXT);
    static const char *const COLUMNS[] = {"optime",   "left(uname, 3)", "'a,b'",
                                          "\"it's\"", "`c,d`",          "concat('x\\'',y)"};
    for (size_t i = 0; i < ARRAY_LEN(COLUMNS); i++) {
        assert_string_equal(job->sources[0].columns[i], COLUMNS[i]);
    }
    assert_null(job->sources[0].columns[ARRAY_LEN(COLUMNS)]);
    // 2016-11-14T00:00:00Z
    assert_int_equal(job->window_begin_usec, INT64_C(1479081600) * 1000000);
    job_free(job);
}

static void copy__options_say_which_is_wrong(void **state)
{
    (void)state;
    static const struct {
        JobCopyOptions options;
        const char *part;
    } WRONG[] = {
        {{.bizdate = "yesterday"}, "not a business date"},
        {{.partition = "ds"}, "--partition: "},
        {{.partition = "ds=${x}"}, "--partition: unknown parameter"},
        {{.where = ""}, "--where has no value"},
        {{.where = "${bizdat}"}, "--where: "},
        {{.columns = "a,,b"}, "--columns: "},
        {{.columns = " "}, "--columns: "},
        {{.zero_dates = "zero"}, "\"--zero-dates\" must be null, text or error"},
    };
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        Job *job = copy_job();
        Err err = {0};
        ASSERT_FAIL(job_copy_options(job, &WRONG[i].options, &err), err, FAIL_CONFIG,
                    WRONG[i].part);
        job_free(job);
    }
}

static void hide__no_password_stays(void **state)
{
    (void)state;
    static const struct {
        const char *url, *hidden;
    } CASES[] = {
        {"mysql://reader:s3cret@db:3307/shop/oplog", "mysql://reader:****@db:3307/shop/oplog"},
        {"mysql://reader:ab@db/shop/oplog", "mysql://reader:**@db/shop/oplog"},
        {"mysql://reader:a@b:c/d@db/shop/oplog", "mysql://reader:****@db/shop/oplog"},
        {"mysql://reader:s3cret@db", "mysql://reader:****@db"},
        {"mysql://reader@db:3306/shop/oplog", "mysql://reader@db:3306/shop/oplog"},
        {"mysql://reader:@db/shop/oplog", "mysql://reader:@db/shop/oplog"},
        {"id > 5 -- a:b@c", "id > 5 -- a:b@c"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(mem_free_text) char *url = mem_copy_text(CASES[i].url);
        const size_t size = strlen(url);
        datasource_hide_password(url);
        assert_string_equal(url, CASES[i].hidden);
        // Nothing of it behind the new end either.
        for (size_t at = strlen(url); at < size; at++) {
            assert_int_equal(url[at], 0);
        }
    }
}

int main(void)
{
    Err err = {0};
    if (!clock_set_zone("UTC", &err)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url__all_its_parts),
        cmocka_unit_test(url__encodings),
        cmocka_unit_test(url__password_of_the_environment),
        cmocka_unit_test(url__refuses_and_keeps_quiet),
        cmocka_unit_test(hide__no_password_stays),
        cmocka_unit_test(folder__path_and_table),
        cmocka_unit_test(copy__has_the_defaults_of_a_job),
        cmocka_unit_test(copy__options_hold_parameters),
        cmocka_unit_test(copy__options_say_which_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

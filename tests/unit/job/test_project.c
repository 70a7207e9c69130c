// weir.yaml: what it means, its mistakes word for word, secrets that stay secret, and `weir init`.
#include "base/base.h"

#include "unit.h"

#include <unistd.h>

#include "base/buf.h"
#include "job/job.h"

#include "job/files.h"

static Project *load(const Folder *folder)
{
    Project *project = NULL;
    Err err = {0};
    ASSERT_OK(project_load(folder->path, &project, &err), err);
    return project;
}

static void assert_message(const char *weir_yaml, const char *expected)
{
    Folder folder = folder_new();
    folder_put(&folder, "weir.yaml", weir_yaml);
    Project *project = NULL;
    Err err = {0};
    assert_false(project_load(folder.path, &project, &err));
    assert_null(project);
    assert_int_equal(err.kind, FAIL_CONFIG);
    assert_string_equal(err.message, expected);
    folder_done(&folder);
}

static void load__everything(void **state)
{
    (void)state;
    Folder folder = folder_new();
    (void)setenv("WEIR_TEST_PASSWORD", "p$${env:X}w", 1);
    folder_put(&folder, "secret.txt", "from file\n");
    folder_put(
        &folder, "weir.yaml",
        "name: shop\n"
        "timezone: Asia/Shanghai\n"
        "lake: ./lake/tables\n"
        "threads: 3\n"
        "memory: 64MiB\n"
        "datasources:\n"
        "  rds: {type: mysql, host: db, port: 3307, user: reader, password: ${env:WEIR_TEST_PASSWORD}, database: "
        "shop, tls: verify-identity, tls_ca: ca.pem, connect_timeout: 5, read_timeout: 5m}\n"
        "  local:\n"
        "    type: mysql\n"
        "    socket: run/my.sock\n"
        "    password: \"${file:secret.txt}\"\n"
        "  other: {type: lake, path: /data/lake}\n"
        "  bus: {type: kafka, brokers: 127.0.0.1:9092, anything: [else]}\n"
        "server: {port: 8080, whatever: x}\n");
    Project *project = load(&folder);
    char *real = realpath(folder.path, NULL);
    assert_string_equal(project->dir, real);
    assert_string_equal(project->name, "shop");
    assert_string_equal(project->timezone, "Asia/Shanghai");
    CLEANUP(mem_free_text) char *lake = mem_format("%s/lake/tables", real);
    assert_string_equal(project->lake, lake);
    assert_int_equal(project->threads, 3);
    assert_int_equal(project->memory_bytes, UINT64_C(64) << 20);
    const Datasource *rds = project_datasource(project, "rds");
    assert_string_equal(rds->type, "mysql");
    assert_string_equal(rds->host, "db");
    assert_int_equal(rds->port, 3307);
    assert_string_equal(rds->user, "reader");
    // The value of a secret is not looked at again.
    assert_string_equal(rds->password, "p$${env:X}w");
    assert_string_equal(rds->database, "shop");
    assert_int_equal(rds->tls, TLS_VERIFY_IDENTITY);
    assert_string_equal(tls_mode_name(rds->tls), "verify-identity");
    CLEANUP(mem_free_text) char *ca = mem_format("%s/ca.pem", real);
    assert_string_equal(rds->tls_ca, ca);
    assert_int_equal(rds->connect_timeout_seconds, 5);
    assert_int_equal(rds->read_timeout_seconds, 300);
    assert_string_equal(rds->origin, "weir.yaml:7");
    const Datasource *local = project_datasource(project, "local");
    assert_null(local->host);
    CLEANUP(mem_free_text) char *sock = mem_format("%s/run/my.sock", real);
    assert_string_equal(local->socket, sock);
    assert_string_equal(local->password, "from file");
    assert_int_equal(local->port, 3306);
    assert_int_equal(local->tls, TLS_PREFERRED);
    assert_int_equal(local->connect_timeout_seconds, 10);
    assert_int_equal(local->read_timeout_seconds, 3600);
    assert_string_equal(project_datasource(project, "other")->path, "/data/lake");
    assert_string_equal(project_datasource(project, "bus")->type, "kafka");
    assert_string_equal(project_datasource(project, "lake")->path, lake);
    assert_null(project_datasource(project, "none"));
    project_free(project);
    free(real);
    folder_done(&folder);
}

static void load__defaults_of_an_empty_file(void **state)
{
    (void)state;
    Folder folder = folder_new();
    folder_put(&folder, "weir.yaml", "# nothing yet\n");
    Project *project = load(&folder);
    assert_string_equal(project->name, strrchr(folder.path, '/') + 1);
    assert_null(project->timezone);
    assert_true(strcmp(project->lake + strlen(project->dir), "/lake") == 0);
    assert_in_range(project->threads, 2, 8);
    assert_int_equal(project->memory_bytes, PROJECT_MEMORY_DEFAULT);
    assert_int_equal(project->datasource_count, 1);
    char **names;
    Err err = {0};
    ASSERT_OK(project_job_names(project, &names, &err), err);
    assert_null(names[0]);
    free(names);
    project_free(project);
    folder_done(&folder);
}

static void load__is_found_from_below(void **state)
{
    (void)state;
    Folder folder = folder_new();
    folder_put(&folder, "weir.yaml", "name: above\n");
    folder_put(&folder, "jobs/deep/x", "");
    char here[4096];
    assert_non_null(getcwd(here, sizeof(here)));
    CLEANUP(mem_free_text) char *deep = fs_join(folder.path, "jobs/deep");
    assert_int_equal(chdir(deep), 0);
    Project *project;
    Err err = {0};
    ASSERT_OK(project_load(NULL, &project, &err), err);
    assert_int_equal(chdir(here), 0);
    assert_string_equal(project->name, "above");
    project_free(project);
    // A folder that is named is not left.
    ASSERT_FAIL(project_load(deep, &project, &err), err, FAIL_CONFIG, "there is no weir.yaml in ");
    ASSERT_FAIL(project_load(deep, &project, &err), err, FAIL_CONFIG, "weir init DIR");
    ASSERT_FAIL(project_load("/no/such/folder", &project, &err), err, FAIL_CONFIG,
                "there is no folder");
    folder_done(&folder);
}

static void load__reports_all_mistakes(void **state)
{
    (void)state;
    assert_message(
        "nam: shop\n"
        "threads: many\n"
        "memory: 1MiB\n"
        "datasources:\n"
        "  rds: {type: mysq, host: h}\n"
        "  two: {type: mysql, hots: h, port: 99999, tls: yes, connect_timeout: soon}\n"
        "  lake: {type: lake, path: x}\n"
        "  three: {host: h}\n"
        "  four: 4\n"
        "  five: {type: lake}\n",
        "12 mistakes in weir.yaml\n"
        "weir.yaml:1:1: unknown key \"nam\", did you mean \"name\"?\n"
        "weir.yaml:2:10: \"threads\" must be a whole number from 1 to 64, not \"many\"\n"
        "weir.yaml:3:9: \"memory\" must be a size from 16.0 MiB to 1.0 TiB, such as 64MiB, not \"1MiB\"\n"
        "weir.yaml:5:15: \"type\" must be mysql, lake, kafka, datahub, maxcompute, loghub or file, not "
        "\"mysq\", did you mean \"mysql\"?\n"
        "weir.yaml:6:22: unknown key \"hots\" in datasource \"two\", did you mean \"host\"?\n"
        "weir.yaml:6:37: \"port\" must be a whole number from 1 to 65535, not \"99999\"\n"
        "weir.yaml:6:49: \"tls\" must be disabled, preferred, required, verify-ca or verify-identity, not "
        "\"yes\"\n"
        "weir.yaml:6:71: \"connect_timeout\" must be a time from 1s to 1h, such as 10s or 5m, not \"soon\"\n"
        "weir.yaml:7:3: a datasource cannot be named \"lake\": that is the project's own lake\n"
        "weir.yaml:8:10: \"type\" is missing in datasource \"three\"\n"
        "weir.yaml:9:9: datasource \"four\" must be a mapping (key: value)\n"
        "weir.yaml:10:9: \"path\" is missing in datasource \"five\"");
}

static void load__single_mistakes(void **state)
{
    (void)state;
    assert_message("[a]\n", "weir.yaml:1:1: the file must be a mapping (key: value), not a list");
    assert_message("threads: 0\ntimezone: Shanghai\n",
                   "2 mistakes in weir.yaml\n"
                   "weir.yaml:1:10: \"threads\" must be a whole number from 1 to 64, not \"0\"\n"
                   "weir.yaml:2:11: unknown time zone \"Shanghai\"");
    assert_message("name:\n", "weir.yaml:1:6: \"name\" has no value");
    assert_message("name: [a]\n", "weir.yaml:1:7: \"name\" must be text, not a list");
    assert_message(
        "lake: s3://bucket/x\n",
        "weir.yaml:1:7: this version cannot write to \"s3://bucket/x\"; \"lake\" must be a folder");
    assert_message(
        "datasources: [rds]\n",
        "weir.yaml:1:14: \"datasources\" must be a mapping (name: {type: ...}), not a list");
    assert_message("datasources: {rds: {type: mysql, user: x}}\n",
                   "weir.yaml:1:20: \"host\" (or \"socket\") is missing in datasource \"rds\"");
    assert_message(
        "datasources: {rds: {type: mysql, host: x, tls_cert: y}}\n",
        "weir.yaml:1:20: \"tls_cert\" and \"tls_key\" belong together; one is missing in datasource \"rds\"");
    assert_message("server: 8080\n",
                   "weir.yaml:1:9: \"server\" must be a mapping (key: value), not text");
    assert_message(
        "zzzzzzzz: 1\n",
        "weir.yaml:1:1: unknown key \"zzzzzzzz\"; known are name, timezone, lake, threads, "
        "memory, datasources and server");
    assert_message("a: [\n", "weir.yaml:2:1: not valid YAML: did not find expected node content");
}

static void load__secrets_that_are_missing(void **state)
{
    (void)state;
    (void)unsetenv("WEIR_TEST_NONE");
    assert_message(
        "datasources:\n  rds: {type: mysql, host: h, password: ${env:WEIR_TEST_NONE}}\n",
        "weir.yaml:2:41: \"password\": the environment variable \"WEIR_TEST_NONE\" is not set");
    assert_message(
        "datasources:\n  rds: {type: mysql, host: h, password: ${enw:X}}\n",
        "weir.yaml:2:41: \"password\": unknown \"${enw:...}\", did you mean \"${env:...}\"?");
    assert_message("name: ${env:}\n", "weir.yaml:1:7: \"name\": \"${env:}\" names nothing");
    assert_message("name: \"${env:X\"\n",
                   "weir.yaml:1:7: \"name\": \"}\" is missing after \"${env:\"");
    assert_message(
        "name: ${file:/no/such}\n",
        "weir.yaml:1:7: \"name\": could not open \"/no/such\": No such file or directory");
}

static void load__shows_no_secret(void **state)
{
    (void)state;
    (void)setenv("WEIR_TEST_PASSWORD", "hush", 1);
    // A secret that got into another key, and a password of the wrong kind.
    assert_message(
        "threads: ${env:WEIR_TEST_PASSWORD}\n",
        "weir.yaml:1:10: \"threads\" must be a whole number from 1 to 64, not what is in "
        "\"${env:WEIR_TEST_PASSWORD}\"");
    assert_message(
        "datasources: {a: {type: mysql, host: h, tls: ${env:WEIR_TEST_PASSWORD}}}\n",
        "weir.yaml:1:46: \"tls\" must be disabled, preferred, required, verify-ca or verify-identity, not "
        "what is in \"${env:WEIR_TEST_PASSWORD}\"");
    assert_message("datasources: {a: {type: mysql, host: h, password: [hush]}}\n",
                   "weir.yaml:1:51: \"password\" must be text, not a list");
}

static void load__secret_files(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        const char *expected;
    } FILES[] = {{"abc", "abc"},     {"abc\n", "abc"}, {"abc\r\n", "abc"}, {"abc\n\n", "abc\n"},
                 {" a b ", " a b "}, {"", ""},         {"\n", ""}};
    for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
        Folder folder = folder_new();
        folder_put(&folder, "s", FILES[i].content);
        folder_put(&folder, "weir.yaml",
                   "datasources: {a: {type: mysql, host: h, password: ${file:./s}}}\n");
        Project *project = load(&folder);
        assert_string_equal(project_datasource(project, "a")->password, FILES[i].expected);
        project_free(project);
        folder_done(&folder);
    }
    // Dollars that are no secret stay as they are.
    Folder folder = folder_new();
    folder_put(&folder, "weir.yaml",
               "datasources: {a: {type: mysql, host: h, password: 'p$$a${b}$[c]$'}}\n");
    Project *project = load(&folder);
    assert_string_equal(project_datasource(project, "a")->password, "p$$a${b}$[c]$");
    project_free(project);
    folder_done(&folder);
}

static void job_names__are_sorted(void **state)
{
    (void)state;
    Folder folder = folder_new();
    folder_put(&folder, "weir.yaml", "");
    folder_put(&folder, "jobs/b.yaml", "");
    folder_put(&folder, "jobs/a.yaml", "");
    folder_put(&folder, "jobs/a-b.yaml", "");
    folder_put(&folder, "jobs/.hidden.yaml", "");
    folder_put(&folder, "jobs/notes.txt", "");
    folder_put(&folder, "jobs/.yaml", "");
    Project *project = load(&folder);
    char **names;
    Err err = {0};
    ASSERT_OK(project_job_names(project, &names, &err), err);
    static const char *const EXPECTED[] = {"a", "a-b", "b"};
    for (size_t i = 0; i < ARRAY_LEN(EXPECTED); i++) {
        assert_string_equal(names[i], EXPECTED[i]);
        free(names[i]);
    }
    assert_null(names[3]);
    free(names);
    project_free(project);
    folder_done(&folder);
}

static void init__makes_a_project_that_works(void **state)
{
    (void)state;
    Folder folder = folder_new();
    CLEANUP(mem_free_text) char *dir = fs_join(folder.path, "new/shop");
    Err err = {0};
    ASSERT_OK(project_init(dir, &err), err);
    Project *project = NULL;
    (void)unsetenv("RDS_PASSWORD");
    ASSERT_FAIL(project_load(dir, &project, &err), err, FAIL_CONFIG, "\"RDS_PASSWORD\" is not set");
    (void)setenv("RDS_PASSWORD", "x", 1);
    ASSERT_OK(project_load(dir, &project, &err), err);
    static const struct {
        const char *name;
        JobType type;
    } JOBS[] = {{"dw_user", JOB_SQL}, {"ods_oplog", JOB_SYNC}, {"orders_live", JOB_STREAM}};
    char **names;
    ASSERT_OK(project_job_names(project, &names, &err), err);
    for (size_t i = 0; i < ARRAY_LEN(JOBS); i++) {
        assert_string_equal(names[i], JOBS[i].name);
        JobType type;
        ASSERT_OK(job_check_file(project, names[i], &type, &err), err);
        assert_int_equal(type, JOBS[i].type);
        free(names[i]);
    }
    assert_null(names[ARRAY_LEN(JOBS)]);
    free(names);
    Job *job;
    const InstanceRequest request = {.bizdate = "20161114"};
    ASSERT_OK(job_load(project, "ods_oplog", &request, &job, &err), err);
    assert_string_equal(job->target.partition[0].value, "20161114");
    assert_string_equal(job->sources[0].incremental, "optime");
    job_free(job);
    project_free(project);
    ASSERT_FAIL(project_init(dir, &err), err, FAIL_CONFIG, "is a project already");
    folder_done(&folder);
}

static void init__keeps_what_is_there(void **state)
{
    (void)state;
    Folder folder = folder_new();
    folder_put(&folder, ".gitignore", "mine\n");
    folder_put(&folder, "jobs/ods_oplog.yaml", "mine\n");
    Err err = {0};
    ASSERT_OK(project_init(folder.path, &err), err);
    CLEANUP(mem_free_text) char *path = fs_join(folder.path, ".gitignore");
    CLEANUP(buf_done) Buf text = {0};
    ASSERT_OK(fs_read(path, 100, &text, &err), err);
    assert_string_equal(buf_text(&text), "mine\n");
    folder_done(&folder);
    ASSERT_FAIL(project_init("/dev/null/x", &err), err, FAIL_CONFIG, "/dev/null");
}

static void init__names_the_project_by_its_folder(void **state)
{
    (void)state;
    Folder folder = folder_new();
    static const char *const names[][2] = {
        {"shop", "shop"}, {"my shop: \"${env:X}\"", "my_shop_____env_X__"},
        {"null", "null"}, {"\xE5\xBA\x97", "\xE5\xBA\x97"},
        {"\xFF", "_"},
    };
    (void)setenv("RDS_PASSWORD", "x", 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(mem_free_text) char *dir = fs_join(folder.path, names[i][0]);
        Err err = {0};
        ASSERT_OK(project_init(dir, &err), err);
        Project *project;
        ASSERT_OK(project_load(dir, &project, &err), err);
        assert_string_equal(project->name, names[i][1]);
        Job *job;
        ASSERT_OK(job_load(project, "ods_oplog", NULL, &job, &err), err);
        assert_int_equal(job->target.lifecycle_days, 0);
        job_free(job);
        project_free(project);
    }
    folder_done(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__everything),
        cmocka_unit_test(load__defaults_of_an_empty_file),
        cmocka_unit_test(load__is_found_from_below),
        cmocka_unit_test(load__reports_all_mistakes),
        cmocka_unit_test(load__single_mistakes),
        cmocka_unit_test(load__secrets_that_are_missing),
        cmocka_unit_test(load__shows_no_secret),
        cmocka_unit_test(load__secret_files),
        cmocka_unit_test(job_names__are_sorted),
        cmocka_unit_test(init__makes_a_project_that_works),
        cmocka_unit_test(init__keeps_what_is_there),
        cmocka_unit_test(init__names_the_project_by_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

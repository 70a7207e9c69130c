// Files of DataWorks and DataX as job files. tests/data/import holds whole files and what they must
// become; here are single keys, positions and what is refused.
#include "base/base.h"

#include "unit.h"

#include "base/fs.h"
#include "base/text.h"
#include "job/import.h"
#include "job/import_json.h"

static const ImportRequest REQUEST = {.shown = "f.json", .fallback_name = "f"};

static bool import_it(const char *text, Imported *ret_imported, Err *err)
{
    return import_text(text, strlen(text), &REQUEST, NULL, ret_imported, err);
}

// A DataWorks file of a reader's and a writer's keys; `more` stands behind the steps.
static char *dataworks(const char *reader, const char *writer, const char *more)
{
    return mem_format(
        "{\"type\":\"job\",\"version\":\"2.0\",\"steps\":["
        "{\"category\":\"reader\",\"stepType\":\"mysql\",\"parameter\":{\"datasource\":\"rds\",%s}},\n"
        "{\"category\":\"writer\",\"stepType\":\"odps\",\"parameter\":{\"table\":\"ods_t\",%s}}]%s}",
        reader, writer, more);
}

static char *datax(const char *reader, const char *writer, const char *more)
{
    return mem_format("{\"job\":{\"content\":[{\"reader\":{\"name\":\"mysqlreader\",\"parameter\":{"
                      "\"username\":\"u\",\"password\":\"secret-word\",%s}},\n"
                      "\"writer\":%s}]%s}}",
                      reader, writer, more);
}

#define DATAX_TABLE "\"connection\":[{\"table\":[\"t\"],\"jdbcUrl\":[\"jdbc:mysql://h/d\"]}]"

static void assert_yaml(const char *json, const char *part)
{
    Imported imported = {0};
    Err err = {0};
    ASSERT_OK(import_it(json, &imported, &err), err);
    if (strstr(imported.yaml, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, imported.yaml);
    }
    assert_null(strstr(imported.yaml, "secret-word"));
    import_done(&imported);
}

static void assert_note(const char *json, const char *path, const char *part)
{
    Imported imported = {0};
    Err err = {0};
    ASSERT_OK(import_it(json, &imported, &err), err);
    bool found = false;
    for (size_t i = 0; i < imported.note_count; i++) {
        found = found
                || (text_equal(imported.notes[i].path, path)
                    && strstr(imported.notes[i].text, part) != NULL);
    }
    if (!found) {
        fail_msg("no note \"%s\" about %s in:\n%s", part, path, imported.yaml);
    }
    import_done(&imported);
}

static void assert_notes(const char *json, size_t count)
{
    Imported imported = {0};
    Err err = {0};
    ASSERT_OK(import_it(json, &imported, &err), err);
    if (imported.note_count != count) {
        fail_msg("%zu notes, not %zu:\n%s", imported.note_count, count, imported.yaml);
    }
    import_done(&imported);
}

static void assert_refused(const char *json, const char *part)
{
    Imported imported = {0};
    Err err = {0};
    ASSERT_FAIL(import_it(json, &imported, &err), err, FAIL_CONFIG, part);
    assert_null(strstr(err.message, "secret-word"));
}

// --- whole files ------------------------------------------------------------------------------------------

static void corpus__becomes_what_is_beside_it(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *folder = fs_join(getenv("WEIR_SOURCE_ROOT"), "tests/data/import");
    CLEANUP(fs_list_done) FsList files = {0};
    Err err = {0};
    ASSERT_OK(fs_list(folder, &files, &err), err);
    size_t count = 0;
    for (size_t i = 0; i < files.count; i++) {
        const char *name = files.names[i];
        if (!text_ends_with(name, ".json")) {
            continue;
        }
        CLEANUP(mem_free_text) char *path = fs_join(folder, name);
        CLEANUP(mem_free_text) char *wanted_path = mem_copy_text(path);
        memcpy(wanted_path + strlen(wanted_path) - 4, "yaml", 4);
        CLEANUP(buf_done) Buf text = {0};
        CLEANUP(buf_done) Buf wanted = {0};
        ASSERT_OK(fs_read(path, IMPORT_BYTES_MAX, &text, &err), err);
        ASSERT_OK(fs_read(wanted_path, IMPORT_BYTES_MAX, &wanted, &err), err);
        const ImportRequest request = {.shown = name, .fallback_name = "job"};
        Imported imported = {0};
        ASSERT_OK(import_text(buf_text(&text), text.len, &request, NULL, &imported, &err), err);
        assert_string_equal(imported.yaml, buf_text(&wanted));
        assert_null(strstr(imported.yaml, "never-written"));
        import_done(&imported);
        count++;
    }
    assert_true(count >= 7);
}

// --- columns ----------------------------------------------------------------------------------------------

static void columns__keep_their_positions(void **state)
{
    (void)state;
    static const struct {
        const char *reader, *writer, *yaml;
    } CASES[] = {
        {"\"a\",\"b\"", "\"a\",\"b\"", "columns: [a, b]"},
        {"\"a\",\"b\"", "\"b\",\"a\"", "columns: [\"`a` AS `b`\", \"`b` AS `a`\"]"},
        {"\"A\",\"`b`\"", "\"a\",\"b\"", "columns: [A, \"`b`\"]"},
        {"\"table\",\"order\"", "\"t\",\"order\"", "columns: [\"`table` AS `t`\", order]"},
        {"1,2.5,true,null", "\"a\",\"b\",\"c\",\"d\"",
         "columns: [\"1 AS `a`\", \"2.5 AS `b`\", \"true AS `c`\", \"null AS `d`\"]"},
        {"\"1\",\"'null'\",\" \"", "\"a\",\"b\",\"c\"",
         "columns: [\"1 AS `a`\", \"'null' AS `b`\", \"'' AS `c`\"]"},
        {"\"upper(a) as b\"", "\"b\"", "columns: [\"upper(a) as b\"]"},
        {"\"upper(a) as b\"", "\"c\"", "columns: [\"upper(a) AS `c`\"]"},
        {"\"cast(a as char) AS `b`\"", "\"c\"", "columns: [\"cast(a as char) AS `c`\"]"},
        {"\"' as x'\"", "\"c\"", "columns: [\"' as x' AS `c`\"]"},
        {"\"current_date\"", "\"d\"", "columns: [\"current_date AS `d`\"]"},
        {"\"a -- why\"", "\"d\"", "columns: [\"a -- why\\n AS `d`\"]"},
        {"\"a\"", "\"two words\"", "columns: [\"`a` AS `two words`\"]"},
        {"\"a\"", "\"tick`\"", "columns: [\"`a` AS `tick```\"]"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(mem_free_text)
        char *reader = mem_format("\"table\":\"t\",\"column\":[%s]", CASES[i].reader);
        CLEANUP(mem_free_text) char *writer = mem_format("\"column\":[%s]", CASES[i].writer);
        CLEANUP(mem_free_text) char *json = dataworks(reader, writer, "");
        assert_yaml(json, CASES[i].yaml);
    }
}

static void columns__say_where_positions_are_not_known(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *all = dataworks("\"table\":\"t\",\"column\":[\"*\"]", "\"column\":[\"*\"]", "");
    assert_notes(all, 0);
    CLEANUP(mem_free_text)
    char *names = dataworks("\"table\":\"t\",\"column\":[\"*\"]", "\"column\":[\"a\"]", "");
    assert_note(names, "steps[0].parameter.column", "not by position");
    CLEANUP(mem_free_text)
    char *bare = dataworks("\"table\":\"t\",\"column\":[\"a\",\"b+1\"]", "\"column\":[\"*\"]", "");
    assert_note(bare, "steps[0].parameter.column", "entry 2 (b+1) has no name");
    CLEANUP(mem_free_text)
    char *fewer = dataworks("\"table\":\"t\",\"column\":[\"a\"]", "\"column\":[\"a\",\"b\"]", "");
    assert_note(fewer, "steps[1].parameter.column", "\"b\" has no column");
    CLEANUP(mem_free_text)
    char *more = dataworks("\"table\":\"t\",\"column\":[\"a\",\"b\"]", "\"column\":[\"a\"]", "");
    assert_refused(more, "f.json:2:69: steps[1].parameter.column: 1 columns for the reader's 2");
    CLEANUP(mem_free_text)
    char *mixed = dataworks("\"table\":\"t\",\"column\":[\"*\",\"1\"]", "\"column\":[\"a\"]", "");
    assert_refused(mixed, "which belong together is not known");
}

// --- keys -------------------------------------------------------------------------------------------------

static void keys__that_change_nothing_are_passed_over(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *json = dataworks(
        "\"table\":\"t\",\"splitFactor\":5,\"useSpecialSecret\":true,\"encoding\":\"utf8\","
        "\"indexes\":[1],\"envType\":1,\"tableComment\":\"x\",\"canReadPrimary\":true,"
        "\"useReadOnly\":false,\"socketTimeout\":3600000,\"where\":\"\",\"splitPk\":\"\","
        "\"querySql\":\"\",\"masterSlave\":\"\"",
        "\"datasource\":\"o\",\"emptyAsNull\":false,\"consistencyCommit\":true,\"tunnelQuota\":\"q\","
        "\"overLengthRule\":\"keepOn\",\"partition\":\"\",\"preSql\":[],\"schema\":null",
        ",\"setting\":{\"executeMode\":null,\"jvmOption\":\"-Xmx1g\",\"failoverEnable\":false,"
        "\"speed\":{\"throttle\":false,\"mbps\":\"12\"},\"errorLimit\":{}},"
        "\"order\":{\"hops\":[]},\"extend\":{\"cu\":\"0.5\"}");
    assert_notes(json, 0);
}

static void keys__without_an_equal_are_noted(void **state)
{
    (void)state;
    static const struct {
        const char *reader, *path;
    } READER[] = {
        {"\"useReadOnly\":true", "steps[0].parameter.useReadOnly"},
        {"\"socketTimeout\":\"60000\"", "steps[0].parameter.socketTimeout"},
        {"\"slaveDelayLimit\":5", "steps[0].parameter.slaveDelayLimit"},
        {"\"masterSlave\":\"slave\"", "steps[0].parameter.masterSlave"},
        {"\"encoding\":\"GBK\"", "steps[0].parameter.encoding"},
        {"\"session\":[\"set wait_timeout=9\"]", "steps[0].parameter.session"},
        {"\"*password\":\"x\"", "steps[0].parameter.*password"},
    };
    for (size_t i = 0; i < ARRAY_LEN(READER); i++) {
        CLEANUP(mem_free_text) char *reader = mem_format("\"table\":\"t\",%s", READER[i].reader);
        CLEANUP(mem_free_text) char *json = dataworks(reader, "\"column\":[\"*\"]", "");
        assert_note(json, READER[i].path, "has no equal");
        assert_notes(json, 1);
    }
    static const char *const WRITER[] = {
        "\"schema\":\"s\"",         "\"overLengthRule\":\"truncate\"",
        "\"maxOdpsFieldLength\":9", "\"preSql\":[\"drop\"]",
        "\"postSql\":\"x\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(WRITER); i++) {
        CLEANUP(mem_free_text) char *json = dataworks("\"table\":\"t\"", WRITER[i], "");
        assert_notes(json, 1);
    }
    static const char *const SETTING[] = {
        "\"executeMode\":\"distribute\"",
        "\"failoverEnable\":true",
        "\"speed\":{\"throttle\":true,\"mbps\":1}",
        "\"common.column.timeZone\":\"UTC\"",
        "\"common\":{\"column\":{\"timeZone\":\"UTC\"}}",
        "\"speed\":{\"byte\":1048576}",
        "\"speed\":{\"concurrent\":65}",
    };
    for (size_t i = 0; i < ARRAY_LEN(SETTING); i++) {
        CLEANUP(mem_free_text) char *setting = mem_format(",\"setting\":{%s}", SETTING[i]);
        CLEANUP(mem_free_text) char *json = dataworks("\"table\":\"t\"", "\"column\":[]", setting);
        assert_notes(json, 1);
    }
}

static void keys__that_nobody_knows_are_noted(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *slip = dataworks("\"table\":\"t\",\"querysql\":\"select 1\"", "\"column\":[\"*\"]", "");
    assert_note(slip, "steps[0].parameter.querysql", "did you mean \"querySql\"?");
    assert_note(slip, "steps[0].parameter.querysql", "copies the table");
    CLEANUP(mem_free_text)
    char *wher = dataworks("\"table\":\"t\",\"wher\":\"1=0\"", "\"column\":[\"*\"]", "");
    assert_note(wher, "steps[0].parameter.wher", "did you mean \"where\"?");
    CLEANUP(mem_free_text)
    char *strange = dataworks("\"table\":\"t\"", "\"accessToken2\":\"secret-word\"", "");
    assert_note(strange, "steps[1].parameter.accessToken2", "unknown key");
    assert_yaml(strange, "accessToken2");
}

static void keys__that_would_change_the_rows_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *reader, *writer, *message;
    } CASES[] = {
        {"\"table\":\"t\",\"encoding\":\"latin1\"", "\"column\":[]", "parameter.encoding: latin1"},
        {"\"table\":\"t\",\"mandatoryEncoding\":\"gbk\"", "\"column\":[]",
         "mandatoryEncoding: gbk"},
        {"\"table\":\"t\",\"session\":[\"set sql_mode=ansi\"]", "\"column\":[]", "sql_mode"},
        {"\"table\":\"t\"", "\"emptyAsNull\":true", "char_length(name) = 0"},
        {"\"where\":\"a\"", "\"column\":[]", "parameter.table: is missing"},
        {"\"table\":\"t\",\"connection\":[{\"table\":\"u\"}]", "\"column\":[]", "keep one of them"},
        {"\"table\":{\"a\":1}", "\"column\":[]", "must be text or a list of texts"},
        {"\"table\":\"t\",\"where\":[1]", "\"column\":[]", "must be text"},
        {"\"table\":\"t\"", "\"truncate\":\"maybe\"", "must be true or false"},
        {"\"table\":\"t\"", "\"column\":[\"*\",\"a\"]", "\"*\" cannot stand among names"},
        {"\"table\":\"t\"", "\"partition\":\"pt\"", "has no \"=\""},
        {"\"table\":\"t\",\"where\":\"a = $[yyyymm-1]\"", "\"column\":[]",
         "f.json:1:124: \"where\""},
        {"\"table\":\"t\",\"where\":\"${env:HOME}\"", "\"column\":[]", "in weir.yaml only"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(mem_free_text) char *json = dataworks(CASES[i].reader, CASES[i].writer, "");
        assert_refused(json, CASES[i].message);
    }
}

// --- settings ---------------------------------------------------------------------------------------------

static void error_limit__in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *limit, *yaml;
    } CASES[] = {
        {"{}", "dirty_limit: 0\n"},
        {"{\"record\":0}", "dirty_limit: 0\n"},
        {"{\"record\":\"0\"}", "dirty_limit: 0\n"},
        {"{\"record\":\"25\"}", "dirty_limit: 25\n"},
        {"{\"record\":\"\"}", "dirty_limit: unlimited\n"},
        {"{\"strategy\":\"ZeroTolerance\",\"record\":\"9\"}", "dirty_limit: 0\n"},
        {"{\"strategy\":\"Tolerance\",\"record\":9}", "dirty_limit: 9\n"},
        {"{\"strategy\":\"Ignore\"}", "dirty_limit: unlimited\n"},
        {"{\"record\":3,\"percentage\":0.5}", "dirty_limit: 3\n"},
        {"{\"percentage\":0}", "dirty_limit: 0\n"},
        {"{\"percentage\":1}", "dirty_limit: unlimited\n"},
        {"{\"percentage\":0.02}", "errorLimit.percentage: 0.02 has no equal"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(mem_free_text)
        char *setting = mem_format(",\"setting\":{\"errorLimit\":%s}", CASES[i].limit);
        CLEANUP(mem_free_text) char *json = dataworks("\"table\":\"t\"", "\"column\":[]", setting);
        assert_yaml(json, CASES[i].yaml);
    }
    CLEANUP(mem_free_text)
    char *none =
        datax(DATAX_TABLE, "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
    assert_yaml(none, "dirty_limit: unlimited\n");
    static const struct {
        const char *limit, *message;
    } BAD[] = {
        {"{\"strategy\":\"Tolerance\"}", "Tolerance needs \"record\""},
        {"{\"strategy\":\"Some\"}", "must be Ignore, Tolerance or ZeroTolerance"},
        {"{\"record\":-1}", "must be a whole number from 0"},
        {"{\"record\":\"1.5\"}", "must be a whole number from 0"},
        {"{\"percentage\":\"x\"}", "must be a number from 0 to 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        CLEANUP(mem_free_text)
        char *setting = mem_format(",\"setting\":{\"errorLimit\":%s}", BAD[i].limit);
        CLEANUP(mem_free_text) char *json = dataworks("\"table\":\"t\"", "\"column\":[]", setting);
        assert_refused(json, BAD[i].message);
    }
}

// --- sources and targets ----------------------------------------------------------------------------------

static void source__tables_queries_and_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *reader, *yaml;
    } CASES[] = {
        {"\"table\":\"t_[0-99]\"", "table: \"t_[0-99]\"\n"},
        {"\"table\":[\"t_00[0-9]\",\"t_0[10-99]\"]", "tables: [\"t_00[0-9]\", \"t_0[10-99]\"]\n"},
        {"\"querySql\":\"select 1;\"", "query: \"select 1\"\n"},
        {"\"querySql\":[\"select 1\",\"select 2\"]",
         "  - datasource: rds\n    query: \"select 1\"\n  - datasource: rds\n    query: \"select 2\"\n"},
        {"\"querySql\":\"select 1\",\"table\":\"t\"", "query: \"select 1\"\n"},
        {"\"table\":\"t\",\"where\":\"d=$bizdate and '$.a' <> '$$'\"",
         "where: \"d=$bizdate and '$.a' <> '$$$'\"\n"},
        {"\"table\":\"t\",\"where\":\"a > ${hour}\"",
         "# steps[0].parameter.where: the parameter \"hour\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(mem_free_text) char *json = dataworks(CASES[i].reader, "\"column\":[\"*\"]", "");
        assert_yaml(json, CASES[i].yaml);
    }
    CLEANUP(mem_free_text)
    char *nowhere = datax("\"connection\":[{\"table\":[\"t\"]}]",
                          "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
    assert_refused(nowhere, "reader.parameter.jdbcUrl: is missing");
    CLEANUP(mem_free_text)
    char *both = datax(
        "\"connection\":[{\"table\":[\"t\"],\"querySql\":[\"select 1\"],\"jdbcUrl\":[\"jdbc:mysql://h/d\"]}]",
        "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
    assert_refused(both, "connection[0].querySql: stands together with \"table\"");
}

static void target__partitions_and_places(void **state)
{
    (void)state;
    static const struct {
        const char *writer, *yaml;
    } CASES[] = {
        {"{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\",\"partition\":\"pt='${bizdate}' , type = 1\"}}",
         "partition: \"pt=${bizdate},type=1\"\n"},
        {"{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\",\"partition\":\"pt=${yyyy/mm/dd}\"}}",
         "slash"},
        {"{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\",\"truncate\":false}}",
         "mode: append\n"},
        {"{\"name\":\"hdfswriter\",\"parameter\":{\"path\":\"/w/x.db/t/ds=1/h=2/\",\"writeMode\":\"truncate\"}}",
         "table: t\n  partition: \"ds=1,h=2\"\n  mode: overwrite\n"},
        {"{\"name\":\"hdfswriter\",\"parameter\":{\"path\":\"/w/t\",\"writeMode\":\"nonConflict\"}}",
         "nonConflict has no equal"},
        {"{\"name\":\"txtfilewriter\",\"parameter\":{\"path\":\"/w\",\"fileName\":\"t.csv\"}}",
         "table: t\n"},
        {"{\"name\":\"streamwriter\",\"parameter\":{\"print\":true}}", "only prints"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(mem_free_text) char *json = datax(DATAX_TABLE, CASES[i].writer, "");
        if (text_equal(CASES[i].yaml, "slash")) {
            assert_refused(json, "holds a slash");
        } else {
            assert_yaml(json, CASES[i].yaml);
        }
    }
    static const char *const BAD[] = {
        "{\"name\":\"odpswriter\",\"parameter\":{\"column\":[]}}",
        "{\"name\":\"hdfswriter\",\"parameter\":{\"path\":\"/\"}}",
        "{\"name\":\"txtfilewriter\",\"parameter\":{\"path\":\"/w\"}}",
        "{\"name\":\"kafkawriter\",\"parameter\":{\"topic\":\"x\"}}",
        "{\"name\":\"odpswriter\"}",
        "{\"parameter\":{}}",
        "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"_hidden\"}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        CLEANUP(mem_free_text) char *json = datax(DATAX_TABLE, BAD[i], "");
        assert_refused(json, "f.json:");
    }
}

static void datasource__from_a_jdbc_url(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *json = datax(
        "\"connection\":[{\"table\":[\"t\"],\"jdbcUrl\":[\"jdbc:mysql://h:3307/shop?useSSL=true&"
        "connectTimeout=1500&socketTimeout=60000&useUnicode=true\"]},"
        "{\"table\":[\"u\"],\"jdbcUrl\":\"jdbc:mysql://h:3307/shop\"},"
        "{\"table\":[\"v\"],\"jdbcUrl\":\"jdbc:mariadb://[::1]/shop\"}]",
        "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
    Imported imported = {0};
    Err err = {0};
    ASSERT_OK(import_it(json, &imported, &err), err);
    assert_int_equal(imported.datasource_count, 2);
    const Datasource *first = imported.datasources[0];
    assert_string_equal(first->name, "shop");
    assert_string_equal(first->host, "h");
    assert_int_equal(first->port, 3307);
    assert_string_equal(first->database, "shop");
    assert_string_equal(first->user, "u");
    assert_string_equal(first->password, "secret-word");
    assert_int_equal(first->tls, TLS_REQUIRED);
    assert_int_equal(first->connect_timeout_seconds, 2);
    assert_int_equal(first->read_timeout_seconds, 60);
    assert_string_equal(imported.datasources[1]->name, "shop_2");
    assert_string_equal(imported.datasources[1]->host, "::1");
    CLEANUP(buf_done) Buf snippet = {0};
    import_add_snippet(&imported, &snippet);
    assert_string_equal(
        buf_text(&snippet),
        "  shop: {type: mysql, host: h, port: 3307, user: u, password: \"${env:SHOP_PASSWORD}\", "
        "database: shop, tls: required, connect_timeout: 2s, read_timeout: 60s}\n"
        "  shop_2: {type: mysql, host: \"::1\", port: 3306, user: u, password: "
        "\"${env:SHOP_2_PASSWORD}\", database: shop}\n");
    import_done(&imported);
    static const char *const BAD[] = {
        "jdbc:oracle:thin:@h",
        "jdbc:mysql://h",
        "jdbc:mysql://h/",
        "jdbc:mysql://h:x/d",
        "jdbc:mysql://u:secret-word@h/d",
        "jdbc:mysql:///d",
        "",
        "x",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        CLEANUP(mem_free_text)
        char *reader =
            mem_format("\"connection\":[{\"table\":[\"t\"],\"jdbcUrl\":[\"%s\"]}]", BAD[i]);
        CLEANUP(mem_free_text)
        char *bad = datax(reader, "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
        assert_refused(bad, "jdbcUrl");
    }
}

static Project *project_of(const char *name, const char *host, const char *user)
{
    Project *project = project_empty();
    Datasource *datasource = mem_alloc(sizeof(*datasource));
    *datasource = (Datasource){.name = mem_copy_text(name),
                               .type = mem_copy_text("mysql"),
                               .host = mem_copy_text(host),
                               .port = 3306,
                               .user = mem_copy_text(user),
                               .database = mem_copy_text("d")};
    Datasource *lake = mem_alloc(sizeof(*lake));
    *lake = (Datasource){.name = mem_copy_text("lake"), .type = mem_copy_text("lake")};
    project->datasources = mem_alloc(2 * sizeof(Datasource *));
    project->datasources[0] = datasource;
    project->datasources[1] = lake;
    project->datasource_count = 2;
    return project;
}

static void datasource__of_weir_yaml_is_found(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *json =
        datax(DATAX_TABLE, "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
    static const struct {
        const char *name, *host, *user, *rename, *yaml;
        size_t missing, notes;
    } CASES[] = {
        {"rds", "h", "u", NULL, "datasource: rds\n", 0, 0},
        {"rds", "h", "other", NULL, "datasource: rds\n", 0, 1},
        {"rds", "elsewhere", "u", NULL, "datasource: d\n", 1, 0},
        {"d", "elsewhere", "u", NULL, "datasource: d_2\n", 1, 0},
        {"rds", "elsewhere", "u", "rds", "datasource: rds\n", 0, 0},
        {"rds", "elsewhere", "u", "d=rds", "datasource: rds\n", 0, 0},
        {"rds", "elsewhere", "u", "d=new", "datasource: new\n", 1, 0},
        {"rds", "elsewhere", "u", "x=new", "datasource: d\n", 1, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        Project *project = project_of(CASES[i].name, CASES[i].host, CASES[i].user);
        const char *const renames[] = {CASES[i].rename, NULL};
        const ImportRequest request = {
            .shown = "f.json", .fallback_name = "f", .datasources = renames};
        Imported imported = {0};
        Err err = {0};
        ASSERT_OK(import_text(json, strlen(json), &request, project, &imported, &err), err);
        assert_non_null(strstr(imported.yaml, CASES[i].yaml));
        assert_int_equal(imported.datasource_count, CASES[i].missing);
        assert_int_equal(imported.note_count, CASES[i].notes);
        import_done(&imported);
        project_free(project);
    }
}

static void load__job_of_a_file_without_a_project(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *json = datax("\"where\":\"a = ${day}\"," DATAX_TABLE,
                       "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\","
                       "\"partition\":\"pt=${bizdate}\"}}",
                       "");
    const char *const params[] = {"day=7", NULL};
    const ImportRequest request = {.shown = "x/f.json", .fallback_name = "f", .params = params};
    Imported imported = {0};
    Err err = {0};
    ASSERT_OK(import_text(json, strlen(json), &request, NULL, &imported, &err), err);
    Project *project = project_empty();
    ASSERT_OK(project_set_lake(project, "/somewhere/lake", &err), err);
    const InstanceRequest instance = {.bizdate = "20161114", .params = params};
    Job *job = NULL;
    ASSERT_OK(job_load_imported(project, &imported, "x/f.json", "f", &instance, &job, &err), err);
    assert_string_equal(job->name, "f");
    assert_string_equal(job->file, "x/f.json");
    assert_string_equal(job->sources[0].datasource->password, "secret-word");
    assert_string_equal(job->sources[0].where, "a = 7");
    assert_string_equal(job->target.datasource->path, "/somewhere/lake");
    assert_string_equal(job->target.partition[0].value, "20161114");
    assert_string_equal(job->state_dir, ".weir");
    assert_int_equal(job->dirty_limit, -1);
    job_free(job);
    import_done(&imported);
    project_free(project);
}

// Messages about the job file point into the JSON file.
static void load__mistakes_point_into_the_json_file(void **state)
{
    (void)state;
    CLEANUP(mem_free_text)
    char *json = datax("\n \"where\":\"a = ${day}\"," DATAX_TABLE,
                       "{\"name\":\"odpswriter\",\"parameter\":{\"table\":\"t\"}}", "");
    Imported imported = {0};
    Err err = {0};
    ASSERT_OK(import_it(json, &imported, &err), err);
    assert_int_equal(imported.note_count, 1);
    assert_string_equal(imported.parameters[0], "day");
    Project *project = project_empty();
    ASSERT_OK(project_set_lake(project, "/somewhere/lake", &err), err);
    Job *job = NULL;
    ASSERT_FAIL(job_load_imported(project, &imported, "f.json", "f", NULL, &job, &err), err,
                FAIL_CONFIG, "f.json:2:2: \"where\": unknown parameter \"${day}\"");
    import_done(&imported);
    project_free(project);
}

// --- the text ---------------------------------------------------------------------------------------------

static void json__comments_and_places(void **state)
{
    (void)state;
    static const char TEXT[] =
        "\xEF\xBB\xBF{ // a \"comment\"\n"
        "  \"a\": \"http://x /* no comment */\", /* one\n"
        "  of two lines */ \"b\": [1, {\"c\": \"\\\"//\"}, \"\xC3\xA9\", 4],\n"
        "\t\"d\": {}}";
    ImportJson json = {0};
    Err err = {0};
    ASSERT_OK(import_json_read(TEXT, sizeof(TEXT) - 1, "f.json", &json, &err), err);
    static const struct {
        const char *path;
        int line, column;
    } PLACES[] = {
        {"a", 2, 3},     {"b", 3, 19},    {"b[0]", 3, 25}, {"b[1]", 3, 28}, {"b[1].c", 3, 29},
        {"b[2]", 3, 43}, {"b[3]", 3, 48}, {"d", 4, 2},     {"e", 0, 0},     {"b[4]", 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(PLACES); i++) {
        const ImportPlace place = import_json_place(&json, PLACES[i].path);
        assert_int_equal(place.line, PLACES[i].line);
        assert_int_equal(place.column, PLACES[i].column);
    }
    assert_string_equal(json_string_value(json_object_get(json.root, "a")),
                        "http://x /* no comment */");
    import_json_done(&json);
}

static void json__mistakes_have_a_place_and_no_values(void **state)
{
    (void)state;
    assert_refused("", "f.json:1:");
    assert_refused("[]", "must be an object");
    assert_refused("{\"a\": 1,\n \"a\": 2}", "f.json:2:4: not valid JSON: duplicate object key");
    assert_refused("{\"password\": \"secret-word\" \"x\": 1}", "f.json:1:");
    assert_refused("{\"password\": \"x\" \"secret-word\": 1}", "f.json:1:");
    assert_refused("{}\n/* no end", "f.json:2: the comment does not end");
    assert_refused("{\"a\": \"\xFF\"}", "UTF-8");
    assert_refused("{\"type\": \"job\"}", "neither \"steps\"");
    assert_refused("{\"type\": \"real\", \"steps\": []}", "must be job, not \"real\"");
    assert_refused("{\"steps\": [{\"category\": \"reader\"}, {\"category\": \"reader\"}]}",
                   "a second reader");
    assert_refused("{\"steps\": [1]}", "steps[0]: must be an object");
    assert_refused("{\"job\": {\"content\": [{}, {}]}}", "2 pairs of reader and writer");
    assert_refused("{\"job\": {\"content\": [{\"transformer\": [1]}]}}", "transformer");
    assert_refused("{\"configuration\": {}}", "configuration.reader: is missing");
    CLEANUP(mem_free_text)
    char *private =
        dataworks("\"table\":\"t\",\"where\":\"\xF4\x8F\xAC\x81\"", "\"column\":[]", "");
    assert_refused(private, "private character");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus__becomes_what_is_beside_it),
        cmocka_unit_test(columns__keep_their_positions),
        cmocka_unit_test(columns__say_where_positions_are_not_known),
        cmocka_unit_test(keys__that_change_nothing_are_passed_over),
        cmocka_unit_test(keys__without_an_equal_are_noted),
        cmocka_unit_test(keys__that_nobody_knows_are_noted),
        cmocka_unit_test(keys__that_would_change_the_rows_are_refused),
        cmocka_unit_test(error_limit__in_every_form),
        cmocka_unit_test(source__tables_queries_and_parameters),
        cmocka_unit_test(target__partitions_and_places),
        cmocka_unit_test(datasource__from_a_jdbc_url),
        cmocka_unit_test(datasource__of_weir_yaml_is_found),
        cmocka_unit_test(load__job_of_a_file_without_a_project),
        cmocka_unit_test(load__mistakes_point_into_the_json_file),
        cmocka_unit_test(json__comments_and_places),
        cmocka_unit_test(json__mistakes_have_a_place_and_no_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

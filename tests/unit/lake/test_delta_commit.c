// Commits: what they write, what they replace, and which of two that began from the same version
// may win. The log files are looked at as JSON by jansson, and table states by opening them again.
#include "delta_support.h"

#include <sys/stat.h>
#include <utime.h>

#include <jansson.h>

// The object of the n-th action of that name in a version, or NULL. The caller frees.
static json_t *find_action(const Folder *folder, int64_t version, const char *name, size_t n)
{
    CLEANUP(mem_free_text) char *text = read_version(folder, version);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        json_t *action = json_object_get(json, name);
        if (action != NULL && n-- == 0) {
            json_incref(action);
            json_decref(json);
            return action;
        }
        json_decref(json);
    }
    return NULL;
}

static const DeltaFile *file_of(const DeltaTable *table, const char *path)
{
    for (size_t i = 0; i < table->file_count; i++) {
        if (text_equal(table->files[i].path, path)) {
            return &table->files[i];
        }
    }
    fail_msg("no file %s", path);
    return NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "(none)" : text;
}

static void create__writes_protocol_metadata_and_files(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0");
    json_auto_t *protocol = find_action(&folder, 0, "protocol", 0);
    assert_int_equal(json_integer_value(json_object_get(protocol, "minReaderVersion")), 1);
    assert_int_equal(json_integer_value(json_object_get(protocol, "minWriterVersion")), 2);
    assert_null(json_object_get(protocol, "readerFeatures"));
    json_auto_t *metadata = find_action(&folder, 0, "metaData", 0);
    assert_string_equal(
        text_of(metadata, "schemaString"),
        "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"ds\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"region\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}");
    assert_int_equal(strlen(text_of(metadata, "id")), 36);
    assert_string_equal(text_of(json_object_get(metadata, "format"), "provider"), "parquet");
    assert_int_equal(json_array_size(json_object_get(metadata, "partitionColumns")), 2);
    json_auto_t *info = find_action(&folder, 0, "commitInfo", 0);
    assert_string_equal(text_of(info, "operation"), "WRITE");
    assert_string_equal(text_of(json_object_get(info, "operationParameters"), "mode"), "Overwrite");
    assert_string_equal(text_of(json_object_get(info, "operationParameters"), "partitionBy"),
                        "[\"ds\",\"region\"]");
    assert_true(text_starts_with(text_of(info, "engineInfo"), "weir/"));
    assert_true(json_is_true(json_object_get(info, "isBlindAppend")));
    json_auto_t *add = find_action(&folder, 0, "add", 1);
    assert_string_equal(text_of(add, "path"), "a-us-0");
    assert_string_equal(text_of(json_object_get(add, "partitionValues"), "region"), "us");
    assert_string_equal(text_of(add, "stats"), "{\"numRecords\":2}");
    assert_true(json_is_true(json_object_get(add, "dataChange")));
}

static void create__timestamp_ntz_declares_the_feature(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(none);
    add_schema(commit, /* with_datetime= */ true);
    assert_int_equal(publish(commit), 0);
    json_auto_t *protocol = find_action(&folder, 0, "protocol", 0);
    char *text = json_dumps(protocol, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"timestampNtz\"],"
        "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"timestampNtz\"]}");
    free(text);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_true(table->has_timestamp_ntz);
    assert_int_equal(table->schema.fields[1].type.kind, TYPE_DATETIME);
}

static void create__special_characters(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(none);
    Schema schema = {0};
    Field *field =
        schema_add(&schema, "a \"quoted\" col.umn, 东", (Type){.kind = TYPE_TEXT}, false);
    field->comment = mem_copy_text("he said \"hi\"\n");
    (void)schema_add(&schema, "p/q=r", (Type){.kind = TYPE_TEXT}, true);
    delta_commit_schema(commit, &schema, (const char *const[]){"p/q=r"}, 1);
    schema_done(&schema);
    static const char *const values[] = {"a/b=c %\"东\n", NULL, ""};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        CLEANUP(buf_done) Buf path = {0};
        delta_partition_folder("p/q=r", values[i], &path);
        buf_add_format(&path, "/%zu", i);
        delta_commit_add(commit, buf_text(&path), &values[i], 1, 1, NULL);
    }
    (void)publish(commit);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_string_equal(table->schema.fields[0].name, "a \"quoted\" col.umn, 东");
    assert_string_equal(table->schema.fields[0].comment, "he said \"hi\"\n");
    assert_false(table->schema.fields[0].nullable);
    assert_string_equal(table->files[0].path,
                        "p%252Fq%253Dr=a%252Fb%253Dc%20%2525%2522%E4%B8%9C%250A/0");
    assert_string_equal(table->files[0].partition_values[0], values[0]);
    assert_null(table->files[1].partition_values[0]);
    assert_null(table->files[2].partition_values[0]);
    json_auto_t *add = find_action(&folder, 0, "add", 2);
    assert_true(json_is_null(json_object_get(json_object_get(add, "partitionValues"), "p/q=r")));
}

static void append__keeps_everything(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    add_file(commit, "a-eu-1", "a", "eu", 1);
    assert_int_equal(publish(commit), 1);
    assert_files(&folder, "a-eu-0 a-eu-1 a-us-0 b-eu-0");
    json_auto_t *metadata = find_action(&folder, 1, "metaData", 0);
    assert_null(metadata);
}

static DeltaCommitResult replace(const Folder *folder, const char *ds, const char *region,
                                 const char *path)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_replace(commit, (const char *const[]){ds, region});
    if (path != NULL) {
        add_file(commit, path, ds, region, 8);
    }
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_OK(delta_commit(commit, "WRITE", "Overwrite", &result, &err), err);
    return result;
}

static void replace__one_partition(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    const DeltaCommitResult result = replace(&folder, "a", "eu", "a-eu-1");
    assert_int_equal(result.version, 1);
    assert_int_equal(result.files_removed, 1);
    assert_int_equal(result.rows_removed, 1);
    assert_files(&folder, "a-eu-1 a-us-0 b-eu-0");
    json_auto_t *remove = find_action(&folder, 1, "remove", 0);
    assert_string_equal(text_of(remove, "path"), "a-eu-0");
    assert_true(json_is_true(json_object_get(remove, "dataChange")));
    assert_true(json_is_true(json_object_get(remove, "extendedFileMetadata")));
    assert_int_equal(json_integer_value(json_object_get(remove, "size")), 100);
    assert_string_equal(text_of(json_object_get(remove, "partitionValues"), "ds"), "a");
    assert_true(json_integer_value(json_object_get(remove, "deletionTimestamp")) > 1500000000000);
    json_auto_t *info = find_action(&folder, 1, "commitInfo", 0);
    assert_true(json_is_false(json_object_get(info, "isBlindAppend")));
    assert_int_equal(json_integer_value(json_object_get(info, "readVersion")), 0);
}

static void replace__prefix_empty_and_whole(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    assert_int_equal(replace(&folder, "a", NULL, NULL).files_removed, 2);
    assert_files(&folder, "b-eu-0");
    assert_int_equal(replace(&folder, "c", NULL, NULL).files_removed, 0);
    assert_files(&folder, "b-eu-0");
    assert_int_equal(replace(&folder, NULL, NULL, NULL).files_removed, 1);
    assert_files(&folder, "");
}

static void replace__null_partition(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    add_file(commit, "a-null-1", "a", NULL, -1);
    (void)publish(commit);
    const DeltaCommitResult result = replace(&folder, "a", "", NULL);
    assert_int_equal(result.files_removed, 1);
    assert_int_equal(result.rows_removed, -1);
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0");
}

static void replace_written__only_the_partitions_of_new_files(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_replace_written(commit);
    add_file(commit, "b-eu-1", "b", "eu", 1);
    add_file(commit, "a-us-1", "a", "us", 1);
    add_file(commit, "a-us-2", "a", "us", 1);
    add_file(commit, "c-us-1", "c", NULL, 1);
    assert_int_equal(publish(commit), 1);
    assert_files(&folder, "a-eu-0 a-us-1 a-us-2 b-eu-1 c-us-1");
}

static void unpartitioned__replace_is_everything(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    for (int i = 0; i < 3; i++) {
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
        Schema schema = {0};
        (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
        delta_commit_schema(commit, &schema, NULL, 0);
        schema_done(&schema);
        if (i == 2) {
            delta_commit_replace(commit, NULL);
        }
        CLEANUP(mem_free_text) char *path = mem_format("f%d", i);
        delta_commit_add(commit, path, NULL, 1, 1, NULL);
        assert_int_equal(publish(commit), i);
    }
    assert_files(&folder, "f2");
}

// --- schema ---------------------------------------------------------------------------------------------

static void evolve__adds_column_and_upgrades_protocol(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    add_schema(commit, /* with_datetime= */ true);
    delta_commit_property(commit, "weir.lifecycle", "30");
    assert_int_equal(publish(commit), 1);
    json_auto_t *protocol = find_action(&folder, 1, "protocol", 0);
    char *text = json_dumps(protocol, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"timestampNtz\"],"
        "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"timestampNtz\"]}");
    free(text);
    CLEANUP(table_done) DeltaTable *after = open_table(&folder);
    assert_int_equal(after->schema.count, 4);
    assert_string_equal(after->schema.fields[3].name, "at");
    assert_string_equal(after->id, table->id);
    assert_string_equal(delta_property(after, "weir.lifecycle"), "30");
    // The same again changes nothing.
    CLEANUP(commit_done) DeltaCommit *again = delta_commit_new(after);
    add_schema(again, /* with_datetime= */ true);
    delta_commit_property(again, "weir.lifecycle", "30");
    assert_int_equal(publish(again), 2);
    json_auto_t *metadata = find_action(&folder, 2, "metaData", 0);
    json_auto_t *second = find_action(&folder, 2, "protocol", 0);
    assert_null(metadata);
    assert_null(second);
}

static void evolve__keeps_what_other_writers_said(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(
        &folder, 0,
        "{\"protocol\":{\"minReaderVersion\":2,\"minWriterVersion\":5}}\n"
        "{\"metaData\":{\"id\":\"x\",\"name\":\"n\",\"description\":\"d\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
        "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"l\\\",\\\"type\\\":{\\\"type\\\":\\\"array\\\","
        "\\\"elementType\\\":\\\"long\\\",\\\"containsNull\\\":true},\\\"nullable\\\":true,\\\"metadata\\\":{\\\"k\\\":1}}]}\","
        "\"partitionColumns\":[],\"configuration\":{\"a\":\"b\"},\"createdTime\":5}}\n");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    Schema schema = {0};
    schema_copy(&table->schema, &schema);
    (void)schema_add(&schema, "at", (Type){.kind = TYPE_DATETIME}, false);
    delta_commit_schema(commit, &schema, NULL, 0);
    schema_done(&schema);
    assert_int_equal(publish(commit), 1);
    json_auto_t *metadata = find_action(&folder, 1, "metaData", 0);
    char *text = json_dumps(metadata, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"id\":\"x\",\"name\":\"n\",\"description\":\"d\",\"format\":{\"provider\":\"parquet\",\"options\":{}},"
        "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"l\\\",\\\"type\\\":{\\\"type\\\":\\\"array\\\","
        "\\\"elementType\\\":\\\"long\\\",\\\"containsNull\\\":true},\\\"nullable\\\":true,\\\"metadata\\\":{\\\"k\\\":1}},"
        "{\\\"name\\\":\\\"at\\\",\\\"type\\\":\\\"timestamp_ntz\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\","
        "\"partitionColumns\":[],\"configuration\":{\"a\":\"b\"},\"createdTime\":5}");
    free(text);
    json_auto_t *protocol = find_action(&folder, 1, "protocol", 0);
    text = json_dumps(protocol, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"minReaderVersion\":3,\"minWriterVersion\":7,"
        "\"readerFeatures\":[\"columnMapping\",\"timestampNtz\"],"
        "\"writerFeatures\":[\"appendOnly\",\"invariants\",\"checkConstraints\",\"changeDataFeed\","
        "\"generatedColumns\",\"columnMapping\",\"timestampNtz\"]}");
    free(text);
}

static void expect_schema_refusal(const Folder *folder, const Schema *schema,
                                  const char *const *columns, size_t count, const char *part)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_schema(commit, schema, columns, count);
    delta_commit_replace_written(commit);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(commit, "WRITE", "Append", &result, &err), err, FAIL_TARGET, part);
    CLEANUP(mem_free_text) char *name = version_name(table->version + 1);
    CLEANUP(mem_free_text) char *path = log_file(folder, name);
    assert_false(fs_exists(path));
}

static void evolve__refuses_what_is_no_addition(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    static const char *const columns[] = {"ds", "region"};
    Schema schema = {0};
    (void)schema_add(&schema, "ds", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "region", (Type){.kind = TYPE_TEXT}, true);
    expect_schema_refusal(&folder, &schema, columns, 2, "no column that is not a partition column");
    (void)schema_add(&schema, "other", (Type){.kind = TYPE_TEXT}, true);
    expect_schema_refusal(&folder, &schema, columns, 2, "\"id\"");
    (void)schema_add(&schema, "ID", (Type){.kind = TYPE_INT32}, true);
    expect_schema_refusal(&folder, &schema, columns, 2, "is long and cannot become integer");
    expect_schema_refusal(&folder, &schema, columns, 1, "partition columns");
    expect_schema_refusal(&folder, &schema, NULL, 0, "partition columns");
    (void)schema_add(&schema, "OTHER", (Type){.kind = TYPE_TEXT}, true);
    expect_schema_refusal(&folder, &schema, columns, 2, "occurs twice");
    schema_done(&schema);
}

static void property__that_weir_cannot_honour_is_refused(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(
        &folder, 0,
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":4}}\n"
        "{\"metaData\":{\"id\":\"x\",\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}\",\"partitionColumns\":[]}}\n");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_property(commit, "delta.enableChangeDataFeed", "true");
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(commit, "WRITE", "Append", &result, &err), err, FAIL_TARGET,
                "changeDataFeed");
}

static void append_only__refuses_to_replace(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *before = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *set = delta_commit_new(before);
    delta_commit_property(set, "delta.appendOnly", "true");
    (void)publish(set);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_replace(commit, (const char *const[]){"a", NULL});
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(commit, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                "append-only");
    CLEANUP(commit_done) DeltaCommit *append = delta_commit_new(table);
    add_file(append, "a-eu-1", "a", "eu", 1);
    assert_int_equal(publish(append), 2);
}

// --- single files ---------------------------------------------------------------------------------------

static void remove__single_files(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_remove(commit, file_of(table, "a-us-0"));
    delta_commit_remove(commit, file_of(table, "a-us-0"));
    delta_commit_replace(commit, (const char *const[]){"b", NULL});
    add_file(commit, "a-us-1", "a", "us", 1);
    delta_commit_add_modified(commit, 1234567890123);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_OK(delta_commit(commit, "DELETE", NULL, &result, &err), err);
    assert_int_equal(result.files_removed, 2);
    assert_int_equal(result.rows_removed, 6);
    assert_files(&folder, "a-eu-0 a-us-1");
    json_auto_t *add = find_action(&folder, 1, "add", 0);
    assert_int_equal(json_integer_value(json_object_get(add, "modificationTime")), 1234567890123);
    json_auto_t *second = find_action(&folder, 1, "add", 1);
    assert_null(second);
    json_auto_t *info = find_action(&folder, 1, "commitInfo", 0);
    assert_string_equal(text_of(info, "operation"), "DELETE");
    assert_true(json_is_false(json_object_get(info, "isBlindAppend")));
    assert_int_equal(json_object_size(json_object_get(info, "operationParameters")), 0);
}

// The files that a partition keeps must say that it was written now.
static void remove__renews_a_partition_that_gets_no_file(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *before = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *append = delta_commit_new(before);
    static const char *const names[] = {"a-eu-1", "b-eu-1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        add_file(append, names[i], i == 0 ? "a" : "b", "eu", 1);
        delta_commit_add_modified(append, 1000);
    }
    (void)publish(append);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_remove(commit, file_of(table, "a-eu-0"));
    delta_commit_remove(commit, file_of(table, "a-us-0"));
    delta_commit_remove(commit, file_of(table, "b-eu-0"));
    add_file(commit, "b-eu-2", "b", "eu", 1);
    assert_int_equal(publish(commit), 2);
    CLEANUP(table_done) DeltaTable *after = open_table(&folder);
    assert_files(&folder, "a-eu-1 b-eu-1 b-eu-2");
    assert_true(file_of(after, "a-eu-1")->modified_ms > 1500000000000);
    assert_int_equal(file_of(after, "a-eu-1")->rows, 1);
    assert_int_equal(file_of(after, "b-eu-1")->modified_ms, 1000);
}

static void touch__keeps_all_but_the_time(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    write_version(
        &folder, 1,
        "{\"add\":{\"path\":\"x%20y\",\"partitionValues\":{\"ds\":\"q\",\"region\":null},\"size\":5,"
        "\"modificationTime\":6,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":8,\\\"z\\\":1}\","
        "\"tags\":{\"T\":\"1\"}}}\n");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_touch(commit, file_of(table, "x%20y"), 99);
    assert_int_equal(publish(commit), 2);
    json_auto_t *add = find_action(&folder, 2, "add", 0);
    char *text = json_dumps(add, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"path\":\"x%20y\",\"partitionValues\":{\"ds\":\"q\",\"region\":null},\"size\":5,\"modificationTime\":99,"
        "\"dataChange\":false,\"stats\":\"{\\\"numRecords\\\":8,\\\"z\\\":1}\",\"tags\":{\"T\":\"1\"}}");
    free(text);
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0 x%20y");
    CLEANUP(table_done) DeltaTable *after = open_table(&folder);
    assert_int_equal(file_of(after, "x%20y")->modified_ms, 99);
    assert_string_equal(file_of(after, "x%20y")->tags, "{\"T\":\"1\"}");
}

static void data_change__false_is_said_and_goes_with_append_only(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *before = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *set = delta_commit_new(before);
    delta_commit_property(set, "delta.appendOnly", "true");
    (void)publish(set);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_remove(commit, file_of(table, "a-eu-0"));
    delta_commit_data_change(commit, false);
    add_file(commit, "a-eu-1", "a", "eu", 1);
    assert_int_equal(publish(commit), 2);
    json_auto_t *add = find_action(&folder, 2, "add", 0);
    json_auto_t *remove = find_action(&folder, 2, "remove", 0);
    assert_true(json_is_false(json_object_get(add, "dataChange")));
    assert_true(json_is_false(json_object_get(remove, "dataChange")));
    CLEANUP(table_done) DeltaTable *now = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *deletes = delta_commit_new(now);
    delta_commit_remove(deletes, file_of(now, "a-eu-1"));
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(deletes, "DELETE", NULL, &result, &err), err, FAIL_TARGET,
                "append-only");
}

static void property__unset_and_description(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *create = delta_commit_new(none);
    add_schema(create, /* with_datetime= */ false);
    delta_commit_property(create, "a", "1");
    delta_commit_property(create, "b", "1");
    delta_commit_property(create, "b", "2");
    delta_commit_description(create, "orders, 东");
    (void)publish(create);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_string_equal(table->description, "orders, 东");
    assert_int_equal(table->property_count, 2);
    assert_string_equal(delta_property(table, "b"), "2");
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_property(commit, "a", NULL);
    delta_commit_property(commit, "never", NULL);
    delta_commit_description(commit, NULL);
    (void)publish(commit);
    CLEANUP(table_done) DeltaTable *after = open_table(&folder);
    assert_null(after->description);
    assert_null(delta_property(after, "a"));
    assert_string_equal(delta_property(after, "b"), "2");
    CLEANUP(commit_done) DeltaCommit *same = delta_commit_new(after);
    delta_commit_property(same, "a", NULL);
    delta_commit_description(same, "");
    assert_int_equal(publish(same), 2);
    json_auto_t *metadata = find_action(&folder, 2, "metaData", 0);
    assert_null(metadata);
}

// --- conflicts ------------------------------------------------------------------------------------------

typedef enum Change {
    APPEND_A,   // files into a/eu
    APPEND_C,   // files into c/eu, a partition that is new
    REPLACE_A,  // ds=a and new files
    REPLACE_B,  // ds=b and new files
    REPLACE_C,  // ds=c, where there is nothing yet, and new files
    REPLACE_ALL,
    DYNAMIC_A,  // a/eu by replace_written
    DYNAMIC_B,  // b/eu by replace_written
    SCHEMA,     // a column more
    PROPERTY,
    TXN,         // files into d/eu with an application's version
    REMOVE_A,    // the one file of a/eu
    REWRITE_B,   // the one file of b/eu, and a new one there
    OPTIMIZE_A,  // the same in a/eu, with the same rows
    TOUCH_A,     // the file of a/eu
    READ_A,      // files into f/eu that follow from the rows of ds=a
    CHANGES,
} Change;

static void apply_change(DeltaCommit *commit, const DeltaTable *table, Change change,
                         const char *suffix)
{
    static const char *const ds[CHANGES] = {"a",  "c",  "a", "b",  "c", NULL, "a",  "b",
                                            NULL, NULL, "d", NULL, "b", "a",  NULL, "f"};
    if (change == SCHEMA) {
        add_schema(commit, /* with_datetime= */ true);
    } else if (change == PROPERTY) {
        delta_commit_property(commit, "k", suffix);
    } else if (change == TXN) {
        delta_commit_txn(commit, "app", 1);
    } else if (change == DYNAMIC_A || change == DYNAMIC_B) {
        delta_commit_replace_written(commit);
    } else if (change >= REPLACE_A && change <= REPLACE_ALL) {
        delta_commit_replace(commit, (const char *const[]){ds[change], NULL});
    } else if (change == READ_A) {
        delta_commit_read(commit, (const char *const[]){"a", NULL});
    } else if (change == TOUCH_A) {
        delta_commit_touch(commit, file_of(table, "a-eu-0"), 7);
    } else if (change >= REMOVE_A) {
        delta_commit_remove(commit, file_of(table, change == REWRITE_B ? "b-eu-0" : "a-eu-0"));
        delta_commit_data_change(commit, change != OPTIMIZE_A);
    }
    if (ds[change] != NULL || change == REPLACE_ALL) {
        CLEANUP(mem_free_text) char *path = mem_format("%d-%s", change, suffix);
        add_file(commit, path, ds[change] == NULL ? "e" : ds[change], "eu", 1);
    }
}

// Which second commit may follow which first. Rows: the first (it won); columns: the second. From
// the rule: the second fails where the first added to a partition that it replaces or whose rows it
// read to change them, removed or changed a file that it removes or names again, removed any file
// of a partition that it rewrites, changed rows that it follows from, or changed the metadata.
static const char *const follows[CHANGES] = {
    // second:       aA aC rA rB rC r* dA dB sc pr tx xA xB oA tA fA
    [APPEND_A] = "++-++--++++-+++-",
    [APPEND_C] = "++++--++++++++++",
    [REPLACE_A] = "++-++--++++-+---",
    [REPLACE_B] = "+++-+-+-++++-+++",
    [REPLACE_C] = "++++--++++++++++",
    [REPLACE_ALL] = "++--+---+++-----",
    [DYNAMIC_A] = "++-++--++++-+---",
    [DYNAMIC_B] = "+++-+-+-++++-+++",
    [SCHEMA] = "----------------",
    [PROPERTY] = "----------------",
    [TXN] = "+++++-++++-+++++",
    [REMOVE_A] = "++-++--++++-+---",
    [REWRITE_B] = "+++-+-+-++++-+++",
    // The same rows in other files: what follows from them is still right.
    [OPTIMIZE_A] = "++-++--++++-+--+",
    // A file that is named again is an add to its partition, and was changed.
    [TOUCH_A] = "++-++--++++-+--+",
    [READ_A] = "+++++-++++++++++",
};

static void conflict__every_pair_from_one_version(void **state)
{
    (void)state;
    for (Change first = 0; first < CHANGES; first++) {
        for (Change second = 0; second < CHANGES; second++) {
            CLEANUP(folder_done) Folder folder = folder_new();
            create_table(&folder);
            CLEANUP(table_done) DeltaTable *table = open_table(&folder);
            CLEANUP(commit_done) DeltaCommit *winner = delta_commit_new(table);
            CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(table);
            apply_change(winner, table, first, "first");
            apply_change(loser, table, second, "second");
            assert_int_equal(publish(winner), 1);
            CLEANUP(mem_free_text) char *before = read_version(&folder, 1);
            Err err = {0};
            DeltaCommitResult result = {0};
            const bool done = delta_commit(loser, "WRITE", "Overwrite", &result, &err);
            if (done != (follows[first][second] == '+')) {
                fail_msg("%d then %d: %s (%s)", first, second, done ? "went through" : "failed",
                         err.message);
            }
            CLEANUP(mem_free_text) char *after = read_version(&folder, 1);
            assert_string_equal(before, after);
            CLEANUP(table_done) DeltaTable *now = open_table(&folder);
            if (done) {
                assert_int_equal(result.version, 2);
                assert_int_equal(now->version, 2);
            } else {
                assert_int_equal(now->version, 1);
                assert_int_equal(err.kind, FAIL_TARGET);
                assert_false(err.retriable);
                assert_non_null(strstr(err.message, "version 1 of"));
                assert_true(err.hint[0] != '\0');
            }
        }
    }
}

// SET LIFECYCLE, or a comment, while a run is under way: its rows do not depend on it.
static void conflict__care_of_the_table_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *key;  // NULL: the comment
        const char *value;
        Change second;
        bool follows;
    } cases[] = {
        {"weir.lifecycle", "30", REPLACE_A, true}, {"weir.lifecycle", "30", APPEND_C, true},
        {"weir.lifecycle", "30", PROPERTY, false}, {"weir.lifecycle", "30", SCHEMA, false},
        {NULL, "a comment", OPTIMIZE_A, true},     {"delta.appendOnly", "true", APPEND_A, false},
        {"weirder", "1", APPEND_A, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        create_table(&folder);
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *winner = delta_commit_new(table);
        CLEANUP(commit_done) DeltaCommit *second = delta_commit_new(table);
        if (cases[i].key == NULL) {
            delta_commit_description(winner, cases[i].value);
        } else {
            delta_commit_property(winner, cases[i].key, cases[i].value);
        }
        apply_change(second, table, cases[i].second, "second");
        (void)publish(winner);
        Err err = {0};
        DeltaCommitResult result = {0};
        assert_int_equal(delta_commit(second, "WRITE", "Overwrite", &result, &err),
                         cases[i].follows);
        CLEANUP(table_done) DeltaTable *after = open_table(&folder);
        if (cases[i].key != NULL) {
            assert_string_equal(delta_property(after, cases[i].key), cases[i].value);
        }
    }
}

// Two days of one job whose source got a column.
static void conflict__same_change_of_the_schema_is_none(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        create_table(&folder);
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *winner = delta_commit_new(table);
        CLEANUP(commit_done) DeltaCommit *second = delta_commit_new(table);
        for (int i = 0; i < 2; i++) {
            DeltaCommit *commit = i == 0 ? winner : second;
            Schema schema = {0};
            schema_copy(&table->schema, &schema);
            (void)schema_add(&schema, i == 0 || same == 1 ? "note" : "other",
                             (Type){.kind = TYPE_TEXT}, true);
            delta_commit_schema(commit, &schema, (const char *const[]){"ds", "region"}, 2);
            schema_done(&schema);
            delta_commit_property(commit, "weir.lifecycle", "30");
            add_file(commit, i == 0 ? "first" : "second", i == 0 ? "x" : "y", "eu", 1);
        }
        (void)publish(winner);
        Err err = {0};
        DeltaCommitResult result = {0};
        assert_int_equal(delta_commit(second, "WRITE", "Append", &result, &err), same == 1);
        CLEANUP(table_done) DeltaTable *after = open_table(&folder);
        assert_int_equal(after->schema.count, 4);
        assert_string_equal(after->schema.fields[3].name, "note");
        assert_int_equal(after->file_count, 4 + same);
    }
}

static void conflict__messages_say_what_was_changed(void **state)
{
    (void)state;
    static const struct {
        Change first;
        Change second;
        const char *part;
    } cases[] = {
        {REPLACE_A, REPLACE_A, "replaced files of the partition \"ds=a/region=eu\""},
        {APPEND_A, DYNAMIC_A, "the partition \"ds=a/region=eu\""},
        {SCHEMA, APPEND_A, "protocol"},
        {PROPERTY, APPEND_A, "schema or properties"},
        {TXN, TXN, "same application \"app\""},
        {APPEND_A, REMOVE_A, "added files to the partition \"ds=a/region=eu\""},
        {REMOVE_A, OPTIMIZE_A, "replaced files of the partition \"ds=a/region=eu\""},
        {REMOVE_A, TOUCH_A, "replaced files of the partition \"ds=a/region=eu\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        create_table(&folder);
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *winner = delta_commit_new(table);
        CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(table);
        apply_change(winner, table, cases[i].first, "first");
        apply_change(loser, table, cases[i].second, "second");
        (void)publish(winner);
        Err err = {0};
        DeltaCommitResult result = {0};
        ASSERT_FAIL(delta_commit(loser, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                    cases[i].part);
    }
}

static void conflict__several_winners_are_read(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(table);
    CLEANUP(commit_done) DeltaCommit *follower = delta_commit_new(table);
    apply_change(loser, table, DYNAMIC_A, "late");
    apply_change(follower, table, REPLACE_B, "late");
    static const Change changes[] = {APPEND_C, TXN, REPLACE_A};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        CLEANUP(table_done) DeltaTable *newest = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *winner = delta_commit_new(newest);
        apply_change(winner, newest, changes[i], "first");
        assert_int_equal(publish(winner), i + 1);
    }
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(loser, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                "version 3");
    assert_int_equal(publish(follower), 4);
    assert_files(&folder, "1-first 10-first 2-first 3-late");
}

// Both found no table. Ours follows where it would have made the same one.
static void conflict__two_creators(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    create_table(&folder);
    CLEANUP(commit_done) DeltaCommit *second = delta_commit_new(none);
    add_schema(second, false);
    add_file(second, "late", "z", "eu", 1);
    delta_commit_replace(second, (const char *const[]){"z", NULL});
    assert_int_equal(publish(second), 1);
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0 late");
    json_auto_t *metadata = find_action(&folder, 1, "metaData", 0);
    json_auto_t *protocol = find_action(&folder, 1, "protocol", 0);
    assert_null(metadata);
    assert_null(protocol);
    json_auto_t *info = find_action(&folder, 1, "commitInfo", 0);
    assert_int_equal(json_integer_value(json_object_get(info, "readVersion")), 0);
}

static void conflict__two_creators_of_one_partition(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    create_table(&folder);
    Err err = {0};
    DeltaCommitResult result = {0};
    CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(none);
    add_schema(loser, false);
    add_file(loser, "late", "b", "eu", 1);
    delta_commit_replace(loser, (const char *const[]){"b", NULL});
    ASSERT_FAIL(delta_commit(loser, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                "added files to the partition \"ds=b/region=eu\"");
    CLEANUP(commit_done) DeltaCommit *written = delta_commit_new(none);
    add_schema(written, false);
    add_file(written, "late", "a", "us", 1);
    delta_commit_replace_written(written);
    ASSERT_FAIL(delta_commit(written, "WRITE", "Overwrite", &result, &err), err, FAIL_TARGET,
                "ds=a/region=us");
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0");
    CLEANUP(commit_done) DeltaCommit *append = delta_commit_new(none);
    add_schema(append, false);
    add_file(append, "late", "b", "eu", 1);
    assert_int_equal(publish(append), 1);
}

static void conflict__two_creators_of_different_tables(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    create_table(&folder);
    for (int i = 0; i < 3; i++) {
        static const char *const differences[] = {"other columns", "other properties",
                                                  "other partition columns"};
        CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(none);
        add_schema(loser, /* with_datetime= */ i == 0);
        if (i == 1) {
            delta_commit_property(loser, "weir.lifecycle", "30");
        }
        if (i == 2) {
            Schema schema = {0};
            (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
            (void)schema_add(&schema, "ds", (Type){.kind = TYPE_TEXT}, true);
            (void)schema_add(&schema, "region", (Type){.kind = TYPE_TEXT}, true);
            delta_commit_schema(loser, &schema, (const char *const[]){"region", "ds"}, 2);
            schema_done(&schema);
        }
        add_file(loser, "late", "z", "eu", 1);
        Err err = {0};
        DeltaCommitResult result = {0};
        ASSERT_FAIL(delta_commit(loser, "WRITE", "Append", &result, &err), err, FAIL_TARGET,
                    differences[i]);
    }
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0");
}

static bool guard_fails(void *context, Err *err)
{
    (*(int *)context)++;
    (void)fail(err, FAIL_TARGET, "the marker is gone");
    err->retriable = true;
    return false;
}

static void guard__stops_the_commit(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    add_file(commit, "late", "z", "eu", 1);
    int calls = 0;
    delta_commit_guard(commit, guard_fails, &calls);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(commit, "WRITE", "Append", &result, &err), err, FAIL_TARGET,
                "the marker is gone");
    assert_true(err.retriable);
    assert_int_equal(calls, 1);
    assert_files(&folder, "a-eu-0 a-us-0 b-eu-0");
}

static void conflict__damaged_winner(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    write_version(&folder, 1, "{\"add\":");
    CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(table);
    add_file(loser, "late", "z", "eu", 1);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(loser, "WRITE", "Append", &result, &err), err, FAIL_TARGET,
                "0001.json\": line 1");
}

static void conflict__log_cleaned_under_way(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    write_version(&folder, 2, "{\"add\":{\"path\":\"x\",\"size\":1}}\n");
    CLEANUP(commit_done) DeltaCommit *loser = delta_commit_new(table);
    add_file(loser, "late", "z", "eu", 1);
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_FAIL(delta_commit(loser, "WRITE", "Append", &result, &err), err, FAIL_TARGET,
                "lost versions");
}

static void commit__sweeps_old_temporary_files(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    create_table(&folder);
    CLEANUP(mem_free_text) char *old = log_file(&folder, ".00000000000000000007.json.1-a.tmp");
    CLEANUP(mem_free_text) char *fresh = log_file(&folder, ".00000000000000000007.json.1-b.tmp");
    write_file(old, "x");
    write_file(fresh, "x");
    assert_int_equal(utime(old, &(struct utimbuf){.actime = 1, .modtime = 1}), 0);
    (void)replace(&folder, "a", NULL, NULL);
    assert_false(fs_exists(old));
    assert_true(fs_exists(fresh));
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->version, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__writes_protocol_metadata_and_files),
        cmocka_unit_test(create__timestamp_ntz_declares_the_feature),
        cmocka_unit_test(create__special_characters),
        cmocka_unit_test(append__keeps_everything),
        cmocka_unit_test(replace__one_partition),
        cmocka_unit_test(replace__prefix_empty_and_whole),
        cmocka_unit_test(replace__null_partition),
        cmocka_unit_test(replace_written__only_the_partitions_of_new_files),
        cmocka_unit_test(unpartitioned__replace_is_everything),
        cmocka_unit_test(evolve__adds_column_and_upgrades_protocol),
        cmocka_unit_test(evolve__keeps_what_other_writers_said),
        cmocka_unit_test(evolve__refuses_what_is_no_addition),
        cmocka_unit_test(property__that_weir_cannot_honour_is_refused),
        cmocka_unit_test(append_only__refuses_to_replace),
        cmocka_unit_test(remove__single_files),
        cmocka_unit_test(remove__renews_a_partition_that_gets_no_file),
        cmocka_unit_test(touch__keeps_all_but_the_time),
        cmocka_unit_test(data_change__false_is_said_and_goes_with_append_only),
        cmocka_unit_test(property__unset_and_description),
        cmocka_unit_test(conflict__every_pair_from_one_version),
        cmocka_unit_test(conflict__care_of_the_table_is_none),
        cmocka_unit_test(conflict__same_change_of_the_schema_is_none),
        cmocka_unit_test(conflict__messages_say_what_was_changed),
        cmocka_unit_test(conflict__several_winners_are_read),
        cmocka_unit_test(conflict__two_creators),
        cmocka_unit_test(conflict__two_creators_of_one_partition),
        cmocka_unit_test(conflict__two_creators_of_different_tables),
        cmocka_unit_test(guard__stops_the_commit),
        cmocka_unit_test(conflict__damaged_winner),
        cmocka_unit_test(conflict__log_cleaned_under_way),
        cmocka_unit_test(commit__sweeps_old_temporary_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

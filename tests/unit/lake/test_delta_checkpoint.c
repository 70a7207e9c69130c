// Checkpoints: what is written is looked at with SQL over the Parquet file; what is read back is
// compared with the table as the JSON files give it.
#include "delta_support.h"

#include "lake/delta_internal.h"
#include "lake/duck.h"

#define HEADS                                                                                                                  \
    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[\"domainMetadata\",\"appendOnly\"]}}\n"  \
    "{\"metaData\":{\"id\":\"x\",\"name\":\"n\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":"        \
    "\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true," \
    "\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{\"k\":\"v\"}}}\n"

typedef struct Cells {
    Buf text;
} Cells;

static bool collect_row(void *context, size_t count, const char *const *cells, const size_t *lens,
                        Err *err)
{
    Cells *all = context;
    (void)lens;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        buf_add_format(&all->text, "%s%s", i == 0 ? "" : ",", cells[i] == NULL ? "NULL" : cells[i]);
    }
    buf_add_char(&all->text, ';');
    return true;
}

// The rows of a query over a file, cells separated by commas and rows ended by semicolons.
static char *query_file(const Folder *folder, const char *name, const char *before,
                        const char *after)
{
    Err err = {0};
    Duck *duck = NULL;
    ASSERT_OK(duck_open(&(DuckOptions){.threads = 1}, &duck, &err), err);
    CLEANUP(mem_free_text) char *path = log_file(folder, name);
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_format(&sql, "%s read_parquet('%s') %s", before, path, after);
    Cells cells = {0};
    ASSERT_OK(duck_query(duck, buf_text(&sql), collect_row, &cells, &err), err);
    duck_free(duck);
    return buf_take(&cells.text);
}

static void run_sql(const char *sql)
{
    Err err = {0};
    Duck *duck = NULL;
    ASSERT_OK(duck_open(&(DuckOptions){.threads = 1}, &duck, &err), err);
    ASSERT_OK(duck_run(duck, sql, &err), err);
    duck_free(duck);
}

#define CHECKPOINT_10 "00000000000000000010.checkpoint.parquet"

static void remove_log(const Folder *folder, const char *name)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = log_file(folder, name);
    assert_true(fs_exists(path));
    ASSERT_OK(fs_remove(path, &err), err);
}

static void remove_versions(const Folder *folder, int64_t first, int64_t last)
{
    for (int64_t version = first; version <= last; version++) {
        CLEANUP(mem_free_text) char *name = version_name(version);
        remove_log(folder, name);
    }
}

// Everything that a user of the table sees, files in the order of their paths.
static char *describe(const Folder *folder)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    Buf out = {0};
    buf_add_format(&out, "v%" PRId64 " %s ntz=%d app=%" PRId64 "\n", table->version, table->id,
                   table->has_timestamp_ntz, delta_txn_version(table, "app"));
    for (size_t i = 0; i < table->schema.count; i++) {
        buf_add_format(&out, "%s ", table->schema.fields[i].name);
        delta_type_name(table->schema.fields[i].type, &out);
        buf_add_char(&out, '\n');
    }
    for (size_t i = 0; i < table->property_count; i++) {
        buf_add_format(&out, "%s=%s\n", table->properties[i].key, table->properties[i].value);
    }
    const char **lines = mem_alloc(table->file_count * sizeof(*lines));
    for (size_t i = 0; i < table->file_count; i++) {
        const DeltaFile *file = &table->files[i];
        Buf line = {0};
        buf_add_format(&line, "%s %" PRId64 " %" PRId64 " %" PRId64 " %s", file->path, file->size,
                       file->modified_ms, file->rows, file->stats == NULL ? "-" : file->stats);
        for (size_t c = 0; c < table->partition_count; c++) {
            buf_add_format(&line, " %s",
                           file->partition_values[c] == NULL ? "NULL" : file->partition_values[c]);
        }
        lines[i] = buf_take(&line);
    }
    qsort(lines, table->file_count, sizeof(*lines), compare_texts);
    for (size_t i = 0; i < table->file_count; i++) {
        buf_add_format(&out, "%s\n", lines[i]);
        free((char *)(uintptr_t)lines[i]);
    }
    free(lines);
    return buf_take(&out);
}

// Versions 0 to 10: odd partition values, statistics, a transaction, ten overwrites of a/eu.
static void make_eleven(const Folder *folder)
{
    CLEANUP(table_done) DeltaTable *none = open_table(folder);
    CLEANUP(commit_done) DeltaCommit *first = delta_commit_new(none);
    add_schema(first, /* with_datetime= */ true);
    delta_commit_property(first, "weir.lifecycle", "30");
    delta_commit_txn(first, "app", 41);
    add_file(first, "odd", "a/b=\"c\" %\n\\东", NULL, 3);
    delta_commit_add(
        first, "with stats", (const char *const[]){"b", "x"}, 5, 2,
        "{\"numRecords\":2,\"minValues\":{\"id\":-1},\"maxValues\":{\"id\":9},\"nullCount\":{\"id\":0}}");
    add_file(first, "no-stats", "b", "y", -1);
    (void)publish(first);
    for (int64_t version = 1; version <= 10; version++) {
        CLEANUP(table_done) DeltaTable *table = open_table(folder);
        CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
        CLEANUP(mem_free_text) char *path = mem_format("a-eu-%" PRId64, version);
        delta_commit_replace(commit, (const char *const[]){"a", "eu"});
        add_file(commit, path, "a", "eu", version);
        assert_int_equal(publish(commit), version);
    }
}

static void checkpoint__round_trip(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_eleven(&folder);
    remove_log(&folder, CHECKPOINT_10);
    CLEANUP(mem_free_text) char *from_json = describe(&folder);
    assert_non_null(strstr(from_json, "a-eu-10"));
    Err err = {0};
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    ASSERT_OK(delta_checkpoint_write(path, 10, &err), err);
    remove_versions(&folder, 0, 10);
    CLEANUP(mem_free_text) char *from_checkpoint = describe(&folder);
    assert_string_equal(from_checkpoint, from_json);
    // A commit on top, and a checkpoint of a checkpoint.
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    delta_commit_replace(commit, (const char *const[]){"b", NULL});
    assert_int_equal(publish(commit), 11);
    CLEANUP(mem_free_text) char *eleven = describe(&folder);
    ASSERT_OK(delta_checkpoint_write(path, 11, &err), err);
    remove_versions(&folder, 11, 11);
    remove_log(&folder, CHECKPOINT_10);
    CLEANUP(mem_free_text) char *again = describe(&folder);
    assert_string_equal(again, eleven);
    assert_null(strstr(again, "with%20stats"));
}

static void checkpoint__content(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_eleven(&folder);
    CLEANUP(mem_free_text)
    char *counts = query_file(
        &folder, CHECKPOINT_10,
        "SELECT count(*), count(protocol), count(\"metaData\"), count(txn), count(\"add\"), count(remove) FROM",
        "");
    assert_string_equal(counts, "16,1,1,1,4,9;");
    CLEANUP(mem_free_text)
    char *adds = query_file(
        &folder, CHECKPOINT_10,
        "SELECT \"add\".path, \"add\".\"partitionValues\"['ds'], \"add\".\"partitionValues\"['region'], \"add\".\"dataChange\" FROM",
        "WHERE \"add\" IS NOT NULL ORDER BY ALL");
    assert_string_equal(
        adds,
        "a-eu-10,a,eu,false;no-stats,b,y,false;odd,a/b=\"c\" %\n\\东,NULL,false;with%20stats,b,x,false;");
    CLEANUP(mem_free_text)
    char *protocol = query_file(
        &folder, CHECKPOINT_10,
        "SELECT protocol.\"minReaderVersion\", array_to_string(protocol.\"readerFeatures\", '+'), txn.\"appId\", txn.version FROM",
        "WHERE protocol IS NOT NULL OR txn IS NOT NULL ORDER BY ALL");
    assert_string_equal(protocol, "3,timestampNtz,NULL,NULL;NULL,NULL,app,41;");
    CLEANUP(mem_free_text) char *last = log_file(&folder, "_last_checkpoint");
    Err err = {0};
    CLEANUP(buf_done) Buf text = {0};
    ASSERT_OK(fs_read(last, 1000, &text, &err), err);
    assert_true(text_starts_with(buf_text(&text), "{\"version\":10,\"size\":16,\"sizeInBytes\":"));
    assert_true(text_ends_with(buf_text(&text), ",\"numOfAddFiles\":4}"));
}

static void checkpoint__tombstones_expire_and_domains_stay(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(
        &folder, 0,
        HEADS "{\"add\":{\"path\":\"keep\",\"size\":1,\"tags\":{\"t\":\"1\"}}}\n"
              "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"{}\",\"removed\":false}}\n"
              "{\"domainMetadata\":{\"domain\":\"e\",\"configuration\":\"\",\"removed\":false}}\n");
    CLEANUP(mem_free_text)
    char *second = mem_format(
        "{\"remove\":{\"path\":\"old\",\"deletionTimestamp\":1500000000000}}\n{\"remove\":{\"path\":\"never\"}}\n"
        "{\"remove\":{\"path\":\"new\",\"deletionTimestamp\":9000000000000,\"size\":4,\"partitionValues\":{}}}\n"
        "{\"domainMetadata\":{\"domain\":\"e\",\"configuration\":\"\",\"removed\":true}}\n");
    write_version(&folder, 1, second);
    Err err = {0};
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    ASSERT_OK(delta_checkpoint_write(path, 1, &err), err);
    CLEANUP(mem_free_text)
    char *removes = query_file(&folder, "00000000000000000001.checkpoint.parquet",
                               "SELECT remove.path, remove.size FROM", "WHERE remove IS NOT NULL");
    assert_string_equal(removes, "new,4;");
    remove_versions(&folder, 0, 1);
    ASSERT_OK(delta_checkpoint_write(path, 1, &err), err);  // from itself: nothing gets lost
    CLEANUP(mem_free_text)
    char *rest = query_file(
        &folder, "00000000000000000001.checkpoint.parquet",
        "SELECT \"domainMetadata\".domain, \"metaData\".name, \"metaData\".configuration['k'], \"add\".path, \"add\".tags['t'], "
        "remove.path FROM",
        "ORDER BY ALL");
    assert_string_equal(
        rest, "d,NULL,NULL,NULL,NULL,NULL;NULL,n,v,NULL,NULL,NULL;NULL,NULL,NULL,keep,1,NULL;"
              "NULL,NULL,NULL,NULL,NULL,new;NULL,NULL,NULL,NULL,NULL,NULL;");
}

static void checkpoint__interval_and_statistics_properties(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(table_done) DeltaTable *none = open_table(&folder);
    CLEANUP(commit_done) DeltaCommit *first = delta_commit_new(none);
    add_schema(first, false);
    delta_commit_property(first, "delta.checkpointInterval", "2");
    (void)publish(first);
    for (int i = 1; i <= 4; i++) {
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
        if (i == 3) {
            delta_commit_property(commit, "delta.checkpoint.writeStatsAsStruct", "true");
        }
        assert_int_equal(publish(commit), i);
        CLEANUP(mem_free_text) char *name = mem_format("%020d.checkpoint.parquet", i);
        CLEANUP(mem_free_text) char *path = log_file(&folder, name);
        assert_int_equal(fs_exists(path), i == 2);
    }
}

static void checkpoint__unreadable_is_passed_over(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_eleven(&folder);
    CLEANUP(mem_free_text) char *before = describe(&folder);
    CLEANUP(mem_free_text) char *path = log_file(&folder, CHECKPOINT_10);
    write_file(path, "PAR1 garbage PAR1");
    CLEANUP(mem_free_text) char *after = describe(&folder);
    assert_string_equal(after, before);
    remove_versions(&folder, 0, 3);
    CLEANUP(mem_free_text) char *table_folder = table_path(&folder);
    Err err = {0};
    DeltaTable *table = NULL;
    ASSERT_FAIL(delta_open(table_folder, -1, &table, &err), err, FAIL_TARGET, CHECKPOINT_10);
    assert_true(err.hint[0] != '\0');
}

static void checkpoint__that_fails_does_not_fail_the_commit(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_eleven(&folder);
    remove_log(&folder, CHECKPOINT_10);
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    CLEANUP(table_done) DeltaTable *table = NULL;
    ASSERT_OK(delta_open(path, 9, &table, &err), err);
    remove_versions(&folder, 10, 10);
    write_version(&folder, 4, "damaged after it was read");
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    assert_int_equal(publish(commit), 10);
    CLEANUP(mem_free_text) char *checkpoint = log_file(&folder, CHECKPOINT_10);
    assert_false(fs_exists(checkpoint));
    ASSERT_FAIL(delta_checkpoint_write(path, 10, &err), err, FAIL_TARGET, "0004.json");
    CLEANUP(mem_free_text) char *log = log_file(&folder, "");
    CLEANUP(fs_list_done) FsList names = {0};
    ASSERT_OK(fs_list(log, &names, &err), err);
    assert_int_equal(names.count, 12);  // the eleven versions and _last_checkpoint
}

static void checkpoint__parts_of_other_writers(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    make_eleven(&folder);
    CLEANUP(mem_free_text) char *before = describe(&folder);
    for (int part = 1; part <= 2; part++) {
        CLEANUP(mem_free_text)
        char *sql = mem_format(
            "COPY (FROM read_parquet('%s/t/_delta_log/" CHECKPOINT_10
            "') WHERE (\"add\" IS NULL) = %s) TO "
            "'%s/t/_delta_log/00000000000000000010.checkpoint.%010d.0000000002.parquet' (FORMAT parquet)",
            folder.path, part == 1 ? "true" : "false", folder.path, part);
        run_sql(sql);
    }
    remove_log(&folder, CHECKPOINT_10);
    remove_versions(&folder, 0, 10);
    CLEANUP(mem_free_text) char *after = describe(&folder);
    assert_string_equal(after, before);
    remove_log(&folder, "00000000000000000010.checkpoint.0000000001.0000000002.parquet");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->version, -1);  // nothing that is complete is left
}

// A checkpoint as Spark writes it with statistics as columns only, with columns that weir does not
// know.
static void checkpoint__statistics_as_columns(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    Err err = {0};
    CLEANUP(mem_free_text) char *log = log_file(&folder, "");
    ASSERT_OK(fs_make_dirs(log, &err), err);
    CLEANUP(mem_free_text)
    char *sql = mem_format(
        "COPY (SELECT {'path': 'p', 'size': 3, 'partitionValues': MAP {'d': '1'}, 'partitionValues_parsed': {'d': 1},"
        " 'stats_parsed': {'numRecords': 17::BIGINT, 'minValues': {'id': 1}}} AS \"add\", NULL AS \"metaData\", NULL AS protocol,"
        " 1 AS other UNION ALL SELECT NULL, {'id': 'x', 'format': {'provider': 'parquet'}, 'schemaString':"
        " '{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"d\",\"type\":\"string\"}]}',"
        " 'partitionColumns': ['d'], 'configuration': MAP {'a': 'b'}}, NULL, 2 UNION ALL"
        " SELECT NULL, NULL, {'minReaderVersion': 1, 'minWriterVersion': 2}, 3)"
        " TO '%s/t/_delta_log/" CHECKPOINT_10 "' (FORMAT parquet)",
        folder.path);
    run_sql(sql);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->version, 10);
    assert_int_equal(table->file_count, 1);
    assert_int_equal(table->files[0].rows, 17);
    assert_int_equal(table->files[0].size, 3);
    assert_string_equal(table->files[0].partition_values[0], "1");
    assert_string_equal(delta_property(table, "a"), "b");
}

static void checkpoint__v2_is_refused(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    Err err = {0};
    CLEANUP(mem_free_text) char *log = log_file(&folder, "");
    ASSERT_OK(fs_make_dirs(log, &err), err);
    CLEANUP(mem_free_text)
    char *sql = mem_format(
        "COPY (SELECT {'version': 10} AS \"checkpointMetadata\", {'path': 'x'} AS sidecar) TO '%s/t/_delta_log/" CHECKPOINT_10
        "' (FORMAT parquet)",
        folder.path);
    run_sql(sql);
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    DeltaTable *table = NULL;
    ASSERT_FAIL(delta_open(path, -1, &table, &err), err, FAIL_TARGET, "v2Checkpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoint__round_trip),
        cmocka_unit_test(checkpoint__content),
        cmocka_unit_test(checkpoint__tombstones_expire_and_domains_stay),
        cmocka_unit_test(checkpoint__interval_and_statistics_properties),
        cmocka_unit_test(checkpoint__unreadable_is_passed_over),
        cmocka_unit_test(checkpoint__that_fails_does_not_fail_the_commit),
        cmocka_unit_test(checkpoint__parts_of_other_writers),
        cmocka_unit_test(checkpoint__statistics_as_columns),
        cmocka_unit_test(checkpoint__v2_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

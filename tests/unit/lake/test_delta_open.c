// Reading logs that other writers might have left, written by hand after the examples of the
// protocol's text.
#include "delta_support.h"

#define PROTOCOL_12 "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define FIELD_ID \
    "{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":false,\\\"metadata\\\":{}}"
#define SCHEMA(fields) "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields "]}"
#define METADATA(fields, columns, configuration)                                                           \
    "{\"metaData\":{\"id\":\"af23c9d7-fff1-4a5a-a2c8-55c59bd782aa\",\"format\":{\"provider\":\"parquet\"," \
    "\"options\":{}},\"schemaString\":\"" SCHEMA(fields) "\",\"partitionColumns\":[" columns               \
                                                         "],\"configuration\":{" configuration             \
                                                         "}}}\n"
#define METADATA_ID METADATA(FIELD_ID, "", "")
#define ADD(path)                \
    "{\"add\":{\"path\":\"" path \
    "\",\"partitionValues\":{},\"size\":7,\"modificationTime\":9,\"dataChange\":true}}\n"
#define REMOVE(path) "{\"remove\":{\"path\":\"" path "\",\"dataChange\":true}}\n"

static void expect_refusal(const char *version0, const char *part)
{
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, version0);
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    DeltaTable *table = NULL;
    ASSERT_FAIL(delta_open(path, -1, &table, &err), err, FAIL_TARGET, part);
    assert_null(table);
    assert_true(err.hint[0] != '\0');
}

static void open__missing_or_empty_is_no_table(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    Err err = {0};
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->version, -1);
    CLEANUP(mem_free_text) char *log = log_file(&folder, "");
    ASSERT_OK(fs_make_dirs(log, &err), err);
    CLEANUP(table_done) DeltaTable *empty = open_table(&folder);
    assert_int_equal(empty->version, -1);
    assert_int_equal(empty->file_count, 0);
}

static void open__file_or_foreign_folder_is_refused(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    Err err = {0};
    DeltaTable *table = NULL;
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    write_file(path, "hello");
    ASSERT_FAIL(delta_open(path, -1, &table, &err), err, FAIL_TARGET, "is a file");
    ASSERT_FAIL(delta_open(folder.path, -1, &table, &err), err, FAIL_TARGET, "is no Delta table");
}

static void open__files_come_and_go(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, PROTOCOL_12 METADATA_ID ADD("x") ADD("y"));
    write_version(&folder, 1,
                  "{\"commitInfo\":{\"operation\":\"WRITE\"}}\n" REMOVE("x") ADD("z%20z"));
    write_version(&folder, 2, REMOVE("z%20z") "{\"unheard\":{\"of\":1}}\n" ADD("x"));
    assert_files(&folder, "x y");
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    CLEANUP(table_done) DeltaTable *table = NULL;
    ASSERT_OK(delta_open(path, 1, &table, &err), err);
    CLEANUP(mem_free_text) char *names = file_names(table);
    assert_string_equal(names, "y z%20z");
    assert_int_equal(table->version, 1);
    assert_string_equal(table->id, "af23c9d7-fff1-4a5a-a2c8-55c59bd782aa");
    DeltaTable *other = NULL;
    ASSERT_FAIL(delta_open(path, 3, &other, &err), err, FAIL_TARGET, "newest version is 2");
}

static void open__same_path_in_other_spelling(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, PROTOCOL_12 METADATA_ID ADD("a%2Db") ADD("%E4%B8%9C"));
    write_version(&folder, 1, REMOVE("a-b") REMOVE("东"));
    assert_files(&folder, "");
}

static void open__files_before_metadata(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(
        &folder, 0,
        "{\"add\":{\"path\":\"p\",\"partitionValues\":{\"d\":\"1\",\"e\":\"\"},\"size\":7,\"modificationTime\":"
        "9,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":3,\\\"minValues\\\":{}}\"}}\n" METADATA(
            FIELD_ID
            ",{\\\"name\\\":\\\"d\\\",\\\"type\\\":\\\"date\\\"},{\\\"name\\\":\\\"e\\\",\\\"type\\\":\\\"string\\\"}",
            "\"e\",\"d\"", "\"a\":\"b\"") PROTOCOL_12);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->partition_count, 2);
    assert_string_equal(table->partition_columns[0], "e");
    assert_null(table->files[0].partition_values[0]);
    assert_string_equal(table->files[0].partition_values[1], "1");
    assert_int_equal(table->files[0].rows, 3);
    assert_int_equal(table->files[0].size, 7);
    assert_int_equal(table->files[0].modified_ms, 9);
    assert_string_equal(delta_property(table, "a"), "b");
    assert_null(delta_property(table, "c"));
}

static void open__rows_of_statistics(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
#define STATS(path, text) "{\"add\":{\"path\":\"" path "\",\"size\":7,\"stats\":\"" text "\"}}\n"
    write_version(
        &folder, 0,
        PROTOCOL_12 METADATA_ID STATS("0", "{\\\"numRecords\\\":12}")
            STATS("1", "{ \\\"minValues\\\":{\\\"numRecords\\\":5}, \\\"numRecords\\\": 13}")
                STATS("2", "{\\\"minValues\\\":{\\\"numRecords\\\":5}}") STATS("3", "nonsense")
                    STATS("4", "") STATS("5", "{\\\"numRecords\\\":1.5}"));
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    static const int64_t expected[] = {12, 13, -1, -1, -1, -1};
    assert_int_equal(table->file_count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_int_equal(table->files[i].rows, expected[i]);
    }
}

static void open__schema_of_every_type(void **state)
{
    (void)state;
#define FIELD(name, type)                               \
    "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":" type \
    ",\\\"nullable\\\":true,\\\"metadata\\\":{}}"
#define PLAIN(type) FIELD(type, "\\\"" type "\\\"")
    static const char fields[] = PROTOCOL_12 METADATA(
        PLAIN("string") "," PLAIN("long") "," PLAIN("integer") "," PLAIN("short") "," PLAIN("byte") "," PLAIN("float") "," PLAIN("double") "," PLAIN("boolean") "," PLAIN(
            "binary") "," PLAIN("date") "," PLAIN("timestamp") "," PLAIN("timestamp_ntz") "," PLAIN("decimal(20,0)") "," PLAIN("decimal(5, 2)") "," PLAIN("void") "," FIELD("list",
                                                                                                                                                                            "{\\\"type\\\":\\\"array\\\",\\\"elementType\\\":\\\"long\\\",\\\"containsNull\\\":true}"),
        "", "");
    static const Type expected[] = {
        {.kind = TYPE_TEXT},
        {.kind = TYPE_INT64},
        {.kind = TYPE_INT32},
        {.kind = TYPE_INT16},
        {.kind = TYPE_INT8},
        {.kind = TYPE_FLOAT32},
        {.kind = TYPE_FLOAT64},
        {.kind = TYPE_BOOL},
        {.kind = TYPE_BYTES},
        {.kind = TYPE_DATE},
        {.kind = TYPE_INSTANT, .scale = 6},
        {.kind = TYPE_DATETIME, .scale = 6},
        {.kind = TYPE_DECIMAL, .precision = 20},
        {.kind = TYPE_DECIMAL, .precision = 5, .scale = 2},
        {.kind = TYPE_TEXT},
        {.kind = TYPE_TEXT},
    };
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, fields);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->schema.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const Type type = table->schema.fields[i].type;
        assert_int_equal(type.kind, expected[i].kind);
        assert_int_equal(type.precision, expected[i].precision);
        assert_int_equal(type.scale, expected[i].scale);
    }
    assert_null(table->schema.fields[0].source_type);
    assert_string_equal(table->schema.fields[14].source_type, "\"void\"");
    assert_string_equal(table->schema.fields[15].source_type,
                        "{\"type\":\"array\",\"elementType\":\"long\",\"containsNull\":true}");
}

static void open__corrupt_log_names_file_and_line(void **state)
{
    (void)state;
    expect_refusal(PROTOCOL_12 METADATA_ID "{\"add\":{\"path\":\"x\",\"si",
                   "00000000000000000000.json\": line 3 is cut");
    expect_refusal(PROTOCOL_12 "not json\n" METADATA_ID, "line 2 is not valid JSON");
    expect_refusal(PROTOCOL_12 "[1]\n" METADATA_ID, "line 2 is no JSON object");
    expect_refusal(PROTOCOL_12 METADATA_ID "{\"add\":{\"size\":1}}\n",
                   "line 3: the action \"add\" has no path");
    expect_refusal(PROTOCOL_12 METADATA_ID "{\"add\":{\"path\":\"x\"}}\n", "has no size");
    expect_refusal(PROTOCOL_12 METADATA_ID "{\"txn\":{\"appId\":\"x\"}}\n", "txn");
    expect_refusal("", "empty");
    expect_refusal(PROTOCOL_12, "no metaData");
    expect_refusal(METADATA_ID, "no protocol");
    expect_refusal(PROTOCOL_12 "{\"metaData\":{\"id\":\"x\"}}\n", "schemaString");
    expect_refusal(PROTOCOL_12 METADATA("{}", "", ""), "without name or type");
    expect_refusal(PROTOCOL_12 METADATA(FIELD_ID, "\"nope\"", ""), "partition column");
}

static void open__gap_is_refused(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, PROTOCOL_12 METADATA_ID);
    write_version(&folder, 2, ADD("x"));
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    DeltaTable *table = NULL;
    ASSERT_FAIL(delta_open(path, -1, &table, &err), err, FAIL_TARGET, "lacks version 1");
}

static void open__other_names_are_passed_over(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, PROTOCOL_12 METADATA_ID);
    static const char *const names[] = {
        "00000000000000000000.crc",
        ".00000000000000000001.json.12-ab.tmp",
        "_last_checkpoint",
        "1.json",
        "00000000000000000000.00000000000000000003.compacted.json",
        "00000000000000000001.json.tmp",
        "00000000000000000009.checkpoint.0000000001.0000000002.parquet",  // its second part is
                                                                          // missing
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(mem_free_text) char *path = log_file(&folder, names[i]);
        write_file(path, "garbage");
    }
    assert_files(&folder, "");
}

static void open__v2_checkpoint_alone_is_named(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    CLEANUP(mem_free_text)
    char *path = log_file(
        &folder, "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet");
    write_file(path, "x");
    CLEANUP(mem_free_text) char *table_folder = table_path(&folder);
    Err err = {0};
    DeltaTable *table = NULL;
    ASSERT_FAIL(delta_open(table_folder, -1, &table, &err), err, FAIL_TARGET, "v2Checkpoint");
}

#define PROTOCOL_37(reader, writer)                                                            \
    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[" reader \
    "],\"writerFeatures\":[" writer "]}}\n"

static void open__unknown_features_are_named(void **state)
{
    (void)state;
    static const char *const features[] = {
        "deletionVectors", "v2Checkpoint",    "typeWidening",    "variantType",    "rowTracking",
        "clustering",      "icebergCompatV1", "icebergCompatV2", "catalogManaged", "tomorrow",
    };
    for (size_t i = 0; i < ARRAY_LEN(features); i++) {
        CLEANUP(mem_free_text)
        char *text = mem_format(
            "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[],\"writerFeatures\":[\"%s\"]}}"
            "\n" METADATA_ID,
            features[i]);
        CLEANUP(mem_free_text) char *quoted = mem_format("\"%s\"", features[i]);
        expect_refusal(text, quoted);
    }
    expect_refusal(PROTOCOL_37("\"deletionVectors\"", "") METADATA_ID, "deletionVectors");
    expect_refusal("{\"protocol\":{\"minReaderVersion\":4,\"minWriterVersion\":7}}\n" METADATA_ID,
                   "reader version 4");
    expect_refusal("{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":8}}\n" METADATA_ID,
                   "writer version 8");
    expect_refusal("{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":2}}\n" METADATA_ID,
                   "not valid");
}

#define FIELD_WITH(metadata) \
    "{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\",\\\"metadata\\\":{" metadata "}}"
#define PROTOCOL(reader, writer) \
    "{\"protocol\":{\"minReaderVersion\":" #reader ",\"minWriterVersion\":" #writer "}}\n"

static void open__features_in_use_are_refused(void **state)
{
    (void)state;
    expect_refusal(PROTOCOL(2, 5) METADATA(FIELD_ID, "", "\"delta.columnMapping.mode\":\"name\""),
                   "columnMapping");
    expect_refusal(PROTOCOL(1, 3) METADATA(FIELD_ID, "", "\"delta.constraints.c\":\"id > 0\""),
                   "checkConstraints");
    expect_refusal(PROTOCOL(1, 4) METADATA(FIELD_ID, "", "\"delta.enableChangeDataFeed\":\"true\""),
                   "changeDataFeed");
    expect_refusal(PROTOCOL(1, 2)
                       METADATA(FIELD_WITH("\\\"delta.invariants\\\":\\\"x\\\""), "", ""),
                   "invariants");
    expect_refusal(PROTOCOL(1, 4)
                       METADATA(FIELD_WITH("\\\"delta.generationExpression\\\":\\\"x\\\""), "", ""),
                   "generatedColumns");
    expect_refusal(PROTOCOL(1, 6) METADATA(FIELD_WITH("\\\"delta.identity.start\\\":1"), "", ""),
                   "identityColumns");
    expect_refusal(PROTOCOL_37("", "\"allowColumnDefaults\"")
                       METADATA(FIELD_WITH("\\\"CURRENT_DEFAULT\\\":\\\"1\\\""), "", ""),
                   "allowColumnDefaults");
    expect_refusal(PROTOCOL_37("", "\"inCommitTimestamp\"")
                       METADATA(FIELD_ID, "", "\"delta.enableInCommitTimestamps\":\"true\""),
                   "inCommitTimestamp");
    // in a struct inside the column
    expect_refusal(
        PROTOCOL(1, 2) METADATA(
            "{\\\"name\\\":\\\"s\\\",\\\"type\\\":{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" FIELD_WITH(
                "\\\"delta.invariants\\\":\\\"x\\\"") "]}}",
            "", ""),
        "invariants");
}

static void open__features_out_of_use_are_accepted(void **state)
{
    (void)state;
    static const char *const logs[] = {
        PROTOCOL(1, 1) METADATA_ID,
        PROTOCOL(2, 6) METADATA(FIELD_ID, "", "\"delta.columnMapping.mode\":\"none\""),
        PROTOCOL(1, 2) METADATA(
            FIELD_ID, "", "\"delta.enableChangeDataFeed\":\"true\""),  // older than the feature
        PROTOCOL_37(
            "\"timestampNtz\",\"columnMapping\",\"vacuumProtocolCheck\"",
            "\"timestampNtz\",\"appendOnly\",\"invariants\",\"checkConstraints\",\"changeDataFeed\","
            "\"generatedColumns\",\"columnMapping\",\"identityColumns\",\"allowColumnDefaults\","
            "\"domainMetadata\",\"inCommitTimestamp\",\"vacuumProtocolCheck\"") METADATA_ID,
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[\"appendOnly\"]}}\n" METADATA_ID,
    };
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        CLEANUP(folder_done) Folder folder = folder_new();
        write_version(&folder, 0, logs[i]);
        CLEANUP(table_done) DeltaTable *table = open_table(&folder);
        assert_int_equal(table->version, 0);
        assert_int_equal(table->has_timestamp_ntz, i == 3);
    }
}

static void open__deletion_vector_of_a_dropped_feature(void **state)
{
    (void)state;
#define VECTOR \
    "\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab^-aqEH.-t@S}K{vb[*k^\",\"offset\":4}"
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0, PROTOCOL_12 METADATA_ID ADD("x"));
    // In either order: the remove is of the file without a vector.
    write_version(&folder, 1, "{\"add\":{\"path\":\"x\",\"size\":7," VECTOR "}}\n" REMOVE("x"));
    CLEANUP(mem_free_text) char *path = table_path(&folder);
    Err err = {0};
    DeltaTable *table = NULL;
    ASSERT_FAIL(delta_open(path, -1, &table, &err), err, FAIL_TARGET, "deletion vector");
    write_version(&folder, 2, ADD("y") "{\"remove\":{\"path\":\"x\"," VECTOR "}}\n");
    assert_files(&folder, "y");
}

static void open__txn(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    write_version(&folder, 0,
                  PROTOCOL_12 METADATA_ID "{\"txn\":{\"appId\":\"a\",\"version\":5}}\n");
    write_version(
        &folder, 1,
        "{\"txn\":{\"appId\":\"b\",\"version\":1}}\n{\"txn\":{\"appId\":\"a\",\"version\":4}}\n");
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(delta_txn_version(table, "a"), 4);
    assert_int_equal(delta_txn_version(table, "b"), 1);
    assert_int_equal(delta_txn_version(table, "c"), -1);
}

// Each version replaces the last one's files, so that removed entries are swept out of the hash
// table.
static void open__many_versions(void **state)
{
    (void)state;
    CLEANUP(folder_done) Folder folder = folder_new();
    Buf text = {0};
    for (int version = 0; version < 300; version++) {
        buf_clear(&text);
        buf_add_text(&text, version == 0 ? PROTOCOL_12 METADATA_ID : "");
        for (int i = 0; i < 20; i++) {
            buf_add_format(&text, "{\"add\":{\"path\":\"v%d-%d\",\"size\":1}}\n", version, i);
            if (version > 0) {
                buf_add_format(&text, "{\"remove\":{\"path\":\"v%d-%d\"}}\n", version - 1, i);
            }
        }
        write_version(&folder, version, buf_text(&text));
    }
    buf_done(&text);
    CLEANUP(table_done) DeltaTable *table = open_table(&folder);
    assert_int_equal(table->file_count, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_true(text_starts_with(table->files[i].path, "v299-"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__missing_or_empty_is_no_table),
        cmocka_unit_test(open__file_or_foreign_folder_is_refused),
        cmocka_unit_test(open__files_come_and_go),
        cmocka_unit_test(open__same_path_in_other_spelling),
        cmocka_unit_test(open__files_before_metadata),
        cmocka_unit_test(open__rows_of_statistics),
        cmocka_unit_test(open__schema_of_every_type),
        cmocka_unit_test(open__corrupt_log_names_file_and_line),
        cmocka_unit_test(open__gap_is_refused),
        cmocka_unit_test(open__other_names_are_passed_over),
        cmocka_unit_test(open__v2_checkpoint_alone_is_named),
        cmocka_unit_test(open__unknown_features_are_named),
        cmocka_unit_test(open__features_in_use_are_refused),
        cmocka_unit_test(open__features_out_of_use_are_accepted),
        cmocka_unit_test(open__deletion_vector_of_a_dropped_feature),
        cmocka_unit_test(open__txn),
        cmocka_unit_test(open__many_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

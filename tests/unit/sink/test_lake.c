// The lake sink from open to commit, with a source made of arrays. What it published is read
// through the table's log and DuckDB.
#include "base/base.h"

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fs.h"
#include "lake/delta.h"
#include "lake/duck.h"
#include "sink/sink.h"

typedef struct FakeReader {
    RowReader reader;
    const Value *rows;
    size_t columns;
    size_t count;
    size_t at;
    size_t fail_at;
} FakeReader;

typedef struct FakeSource {
    Source source;
    FakeReader readers[2];
    int count;
} FakeSource;

static bool fake_next(RowReader *reader, const Value **ret_row, Err *err)
{
    FakeReader *fake = (FakeReader *)reader;
    if (fake->at == fake->fail_at) {
        return fail(err, FAIL_SOURCE, "the server went away");
    }
    *ret_row = fake->at < fake->count ? fake->rows + fake->columns * fake->at : NULL;
    fake->at++;
    return true;
}

static int fake_count(const Source *source)
{
    return ((const FakeSource *)source)->count;
}

static RowReader *fake_reader(Source *source, int index)
{
    return &((FakeSource *)source)->readers[index].reader;
}

static const SourceOps fake_ops = {
    .name = "fake", .reader_count = fake_count, .reader = fake_reader};

typedef struct Fixture {
    char folder[64];
    Datasource lake;
    Job job;
    PartitionPart parts[3];
    Schema schema;
    Counters counters;
    Reject *reject;
    char *reject_file;
    Cancel *cancel;
    size_t fail_at;
} Fixture;

static int fixture_setup(void **state)
{
    Fixture *fixture = mem_alloc(sizeof(*fixture));
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/weir-lake-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->lake.path = fixture->folder;
    fixture->job.target.datasource = &fixture->lake;
    fixture->job.target.table = mem_copy_text("t");
    fixture->job.target.partition = fixture->parts;
    fixture->job.target.file_bytes = JOB_FILE_BYTES_DEFAULT;
    fixture->job.target.row_group_rows = 122880;
    fixture->job.memory_bytes = (uint64_t)256 << 20;
    fixture->reject_file = mem_format("%s/reject.jsonl", fixture->folder);
    fixture->reject = reject_new(fixture->reject_file, /* limit= */ 1, &fixture->counters);
    fixture->cancel = cancel_new();
    fixture->fail_at = SIZE_MAX;
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state)
{
    Fixture *fixture = *state;
    schema_done(&fixture->schema);
    reject_free(fixture->reject);
    cancel_free(fixture->cancel);
    fs_remove_tree(fixture->folder);
    free(fixture->reject_file);
    free(fixture->job.target.table);
    free(fixture);
    return 0;
}

static void set_column(Fixture *fixture, const char *name, TypeKind kind)
{
    (void)schema_add(&fixture->schema, name, (Type){.kind = kind}, true);
}

static void set_part(Fixture *fixture, size_t index, const char *column, const char *value,
                     const char *field)
{
    // Literals of the tests; nothing writes to them.
    fixture->parts[index] = (PartitionPart){.column = (char *)(uintptr_t)column,
                                            .value = (char *)(uintptr_t)value,
                                            .field = (char *)(uintptr_t)field};
    fixture->job.target.partition_count = index + 1;
}

static Value set_int(int64_t value)
{
    return (Value){.state = VALUE_SET, .i64 = value};
}

static Value set_text(const char *text)
{
    return (Value){.state = VALUE_SET, .bytes = text, .len = strlen(text)};
}

static const Value null_value = {.state = VALUE_NULL};

static bool load(Fixture *fixture, Sink *sink, const Value *rows, size_t count, Err *err)
{
    // Two readers share the rows, so that both are pulled.
    const size_t half = count / 2;
    const size_t columns = fixture->schema.count;
    FakeSource source = {.source.ops = &fake_ops, .count = 2};
    source.readers[0] = (FakeReader){.reader.next = fake_next,
                                     .rows = rows,
                                     .columns = columns,
                                     .count = half,
                                     .fail_at = SIZE_MAX};
    source.readers[1] = (FakeReader){.reader.next = fake_next,
                                     .rows = rows + half * columns,
                                     .columns = columns,
                                     .count = count - half,
                                     .fail_at = fixture->fail_at};
    Cancel *stop = cancel_child(fixture->cancel);
    const LoadInput input = {.source = &source.source,
                             .reject = fixture->reject,
                             .counters = &fixture->counters,
                             .stop = stop};
    const bool done = sink->ops->load(sink, &input, err);
    assert_true(done || cancel_requested(stop));
    cancel_free(stop);
    return done;
}

static bool run(Fixture *fixture, const Value *rows, size_t count, SinkResult *ret_result, Err *err)
{
    Sink *sink = NULL;
    const SinkOps *ops = sink_ops("lake");
    const bool done = ops->open(&fixture->job, &fixture->schema, NULL, 0, &sink, err)
                      && load(fixture, sink, rows, count, err)
                      && ops->commit(sink, ret_result, err);
    ops->close(sink);
    return done;
}

static void run_ok(Fixture *fixture, const Value *rows, size_t count)
{
    Err err = {0};
    SinkResult result = {0};
    ASSERT_OK(run(fixture, rows, count, &result, &err), err);
    sink_result_done(&result);
}

static void run_fails(Fixture *fixture, const Value *rows, size_t count, FailKind kind,
                      const char *part)
{
    Err err = {0};
    SinkResult result = {0};
    ASSERT_FAIL(run(fixture, rows, count, &result, &err), err, kind, part);
}

static char *table_path(const Fixture *fixture)
{
    return mem_format("%s/t", fixture->folder);
}

static bool collect(void *context, size_t count, const char *const *cells, const size_t *lens,
                    Err *err)
{
    (void)err;
    for (size_t i = 0; i < count; i++) {
        buf_add_bytes(context, cells[i] == NULL ? "NULL" : cells[i],
                      cells[i] == NULL ? 4 : lens[i]);
        buf_add_char(context, i + 1 < count ? '|' : '\n');
    }
    return true;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// "SELECT what" over each active file, preceded by its partition values ("ds=1;region=x: "),
// sorted.
static void assert_table(const Fixture *fixture, const char *what, const char *expected)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    DeltaTable *table = NULL;
    ASSERT_OK(delta_open(path, -1, &table, &err), err);
    char **lines = mem_alloc((table->file_count + 1) * sizeof(*lines));
    for (size_t i = 0; i < table->file_count; i++) {
        Buf line = {0};
        for (size_t j = 0; j < table->partition_count; j++) {
            buf_add_format(&line, "%s=%s%s", table->partition_columns[j],
                           table->files[i].partition_values[j],
                           j + 1 < table->partition_count ? ";" : ": ");
        }
        Duck *duck = NULL;
        CLEANUP(buf_done) Buf sql = {0};
        // The tests' paths in the log have only escapes of '%'.
        CLEANUP(buf_done) Buf file = {0};
        for (const char *p = table->files[i].path; *p != '\0'; p++) {
            buf_add_char(&file, *p);
            p += strncmp(p, "%25", 3) == 0 ? 2 : 0;
        }
        buf_add_format(
            &sql, "SELECT %s FROM read_parquet('%s/%s', hive_partitioning = false) ORDER BY ALL",
            what, path, buf_text(&file));
        ASSERT_OK(duck_open(&(DuckOptions){0}, &duck, &err), err);
        ASSERT_OK(duck_query(duck, buf_text(&sql), collect, &line, &err), err);
        duck_free(duck);
        lines[i] = buf_take(&line);
    }
    qsort(lines, table->file_count, sizeof(*lines), compare_text);
    CLEANUP(buf_done) Buf all = {0};
    for (size_t i = 0; i < table->file_count; i++) {
        buf_add_text(&all, lines[i]);
        free(lines[i]);
    }
    free(lines);
    delta_free(table);
    assert_string_equal(buf_text(&all), expected);
}

// How many files and folders but "_delta_log" are below the table's folder, at any depth.
static size_t count_entries(const char *path)
{
    Err err;
    FsList list;
    size_t count = 0;
    if (!fs_list(path, &list, &err)) {
        return 0;
    }
    for (size_t i = 0; i < list.count; i++) {
        CLEANUP(mem_free_text) char *entry = fs_join(path, list.names[i]);
        if (strcmp(list.names[i], "_delta_log") != 0) {
            count += 1 + (fs_is_dir(entry) ? count_entries(entry) : 0);
        }
    }
    fs_list_done(&list);
    return count;
}

static void add_oplog(Fixture *fixture)
{
    set_column(fixture, "id", TYPE_INT32);
    set_column(fixture, "region", TYPE_TEXT);
}

static void overwrite__replaces_one_partition(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    const Value rows[][2] = {
        {set_int(1), set_text("cn")}, {set_int(2), set_text("eu")}, {set_int(3), null_value}};
    set_part(fixture, 0, "ds", "20161113", NULL);
    run_ok(fixture, rows[0], 3);
    set_part(fixture, 0, "ds", "20161114", NULL);
    run_ok(fixture, rows[0], 2);
    run_ok(fixture, rows[1], 1);
    assert_table(fixture, "id, region", "ds=20161113: 1|cn\n2|eu\n3|NULL\nds=20161114: 2|eu\n");
    assert_int_equal(counter_get(&fixture->counters.rows_written), 6);
    run_ok(fixture, NULL, 0);
    assert_table(fixture, "id, region", "ds=20161113: 1|cn\n2|eu\n3|NULL\nds=20161114: ");
}

static void append__keeps_what_is_there(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    const Value rows[][2] = {{set_int(1), set_text("cn")}};
    fixture->job.target.mode = WRITE_APPEND;
    run_ok(fixture, rows[0], 1);
    run_ok(fixture, rows[0], 1);
    assert_table(fixture, "id, region", "1|cn\n1|cn\n");
    fixture->job.target.mode = WRITE_OVERWRITE;
    run_ok(fixture, rows[0], 1);
    assert_table(fixture, "id, region", "1|cn\n");
}

static void dynamic__rows_go_to_their_partitions(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "ds", "20161114", NULL);
    set_part(fixture, 1, "region", NULL, "region");
    const Value rows[][2] = {{set_int(1), set_text("cn")},
                             {set_int(2), set_text("a/b%")},
                             {set_int(3), set_text("cn")},
                             {set_int(4), null_value}};
    run_ok(fixture, rows[0], 4);
    assert_table(fixture, "*", "ds=20161114;region=a/b%: 2\nds=20161114;region=cn: 1\n3\n");
    assert_int_equal(counter_get(&fixture->counters.rows_dirty), 1);
    assert_int_equal(counter_get(&fixture->counters.rows_written), 3);
    // Overwriting takes every partition below the literal part.
    run_ok(fixture, rows[1], 1);
    assert_table(fixture, "*", "ds=20161114;region=a/b%: 2\n");
}

static void dynamic__overwrites_only_partitions_with_rows_where_no_part_is_literal(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "region", NULL, "REGION");
    const Value rows[][2] = {{set_int(1), set_text("cn")}, {set_int(2), set_text("eu")}};
    run_ok(fixture, rows[0], 2);
    run_ok(fixture, rows[1], 1);
    run_ok(fixture, NULL, 0);
    assert_table(fixture, "*", "region=cn: 1\nregion=eu: 2\n");
}

static void dynamic__a_literal_part_after_a_dynamic_one(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "region", NULL, "region");
    set_part(fixture, 1, "ds", "1", NULL);
    const Value rows[][2] = {{set_int(1), set_text("cn")}};
    run_ok(fixture, rows[0], 1);
    assert_table(fixture, "*", "region=cn;ds=1: 1\n");
}

static void dynamic__too_many_partitions(void **state)
{
    Fixture *fixture = *state;
    set_column(fixture, "id", TYPE_INT32);
    set_column(fixture, "p", TYPE_INT32);
    set_part(fixture, 0, "p", NULL, "p");
    enum { COUNT = 10001 };
    Value(*rows)[2] = mem_alloc(COUNT * sizeof(*rows));
    for (int i = 0; i < COUNT; i++) {
        rows[i][0] = rows[i][1] = set_int(i);
    }
    run_fails(fixture, rows[0], COUNT, FAIL_CONFIG, "more than 10000 partitions");
    free(rows);
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    assert_false(fs_exists(path));
}

static void existing__types_of_the_table_decide(void **state)
{
    Fixture *fixture = *state;
    set_column(fixture, "id", TYPE_INT8);
    set_column(fixture, "name", TYPE_TEXT);
    const Value first[][2] = {{set_int(1), set_text("one")}};
    fixture->job.target.mode = WRITE_APPEND;
    run_ok(fixture, first[0], 1);
    // A wider id, another order, other cases, a number for the text; one row does not fit.
    schema_done(&fixture->schema);
    set_column(fixture, "NAME", TYPE_INT64);
    set_column(fixture, "ID", TYPE_INT64);
    const Value second[][2] = {
        {set_int(7), set_int(2)}, {set_int(8), set_int(300)}, {null_value, set_int(3)}};
    run_ok(fixture, second[0], 3);
    assert_table(fixture, "id, name", "1|one\n2|7\n3|NULL\n");
    assert_int_equal(counter_get(&fixture->counters.rows_dirty), 1);
    CLEANUP(buf_done) Buf rejected = {0};
    Err err = {0};
    ASSERT_OK(fs_read(fixture->reject_file, 4096, &rejected, &err), err);
    assert_non_null(strstr(buf_text(&rejected), "\"column\":\"ID\""));
    assert_non_null(strstr(buf_text(&rejected), "300"));
    // The limit is 1.
    run_fails(fixture, second[1], 1, FAIL_DIRTY, "");
    assert_table(fixture, "id, name", "1|one\n2|7\n3|NULL\n");
}

static void existing__new_columns(void **state)
{
    Fixture *fixture = *state;
    set_column(fixture, "id", TYPE_INT32);
    const Value first[][1] = {{set_int(1)}};
    fixture->job.target.mode = WRITE_APPEND;
    run_ok(fixture, first[0], 1);
    set_column(fixture, "extra", TYPE_TEXT);
    const Value second[][2] = {{set_int(2), set_text("x")}};
    fixture->job.target.new_columns = NEW_COLUMNS_ERROR;
    run_fails(fixture, second[0], 1, FAIL_CONFIG, "\"extra\"");
    fixture->job.target.new_columns = NEW_COLUMNS_IGNORE;
    run_ok(fixture, second[0], 1);
    assert_table(fixture, "*", "1\n2\n");
    fixture->job.target.new_columns = NEW_COLUMNS_ADD;
    run_ok(fixture, second[0], 1);
    assert_table(fixture, "*", "1\n2\n2|x\n");
    // And a source that lacks the column again.
    schema_done(&fixture->schema);
    set_column(fixture, "id", TYPE_INT32);
    run_ok(fixture, first[0], 1);
    assert_table(fixture, "*", "1\n1\n2\n2|x\n");
}

static void existing__what_can_never_fit_is_refused(void **state)
{
    Fixture *fixture = *state;
    set_column(fixture, "id", TYPE_INT32);
    set_column(fixture, "at", TYPE_INSTANT);
    set_part(fixture, 0, "ds", "1", NULL);
    const Value rows[][2] = {{set_int(1), set_int(0)}};
    run_ok(fixture, rows[0], 1);
    set_part(fixture, 0, "dt", "1", NULL);
    run_fails(fixture, rows[0], 1, FAIL_CONFIG, "the job has dt, the table has ds");
    fixture->job.target.partition_count = 0;
    run_fails(fixture, rows[0], 1, FAIL_CONFIG,
              "the job has no partition columns, the table has ds");
    set_part(fixture, 0, "DS", "1", NULL);
    run_ok(fixture, rows[0], 1);
    schema_done(&fixture->schema);
    set_column(fixture, "id", TYPE_BYTES);
    run_fails(fixture, NULL, 0, FAIL_CONFIG, "column \"id\" of the source (bytes)");
    schema_done(&fixture->schema);
    set_column(fixture, "at", TYPE_DATETIME);
    run_fails(fixture, NULL, 0, FAIL_CONFIG, "time zone");
}

static void new_table__names_are_checked(void **state)
{
    Fixture *fixture = *state;
    set_column(fixture, "id", TYPE_INT32);
    set_column(fixture, "ID", TYPE_INT32);
    run_fails(fixture, NULL, 0, FAIL_CONFIG, "\"id\" and \"ID\"");
    schema_done(&fixture->schema);
    set_column(fixture, "ds", TYPE_INT32);
    set_part(fixture, 0, "ds", "1", NULL);
    run_fails(fixture, NULL, 0, FAIL_CONFIG,
              "partition column of the target and a column of the source");
    set_part(fixture, 0, "p", NULL, "dz");
    run_fails(fixture, NULL, 0, FAIL_CONFIG, "\"{ds}\"");
}

static void failure__leaves_nothing(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "ds", "20161114", NULL);
    const Value rows[][2] = {{set_int(1), set_text("cn")}, {set_int(2), set_text("eu")}};
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    fixture->fail_at = 1;
    run_fails(fixture, rows[0], 2, FAIL_SOURCE, "the server went away");
    assert_false(fs_exists(path));
    fixture->fail_at = SIZE_MAX;
    run_ok(fixture, rows[0], 2);
    const size_t entries = count_entries(path);
    assert_int_equal(entries, 2);  // the partition's folder and its file
    fixture->fail_at = 1;
    run_fails(fixture, rows[0], 2, FAIL_SOURCE, "the server went away");
    assert_int_equal(count_entries(path), entries);
    assert_table(fixture, "id", "ds=20161114: 1\n2\n");
}

static void close__without_commit_removes_the_files(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    const Value rows[][2] = {{set_int(1), set_text("cn")}};
    Err err = {0};
    Sink *sink = NULL;
    const SinkOps *ops = sink_ops("lake");
    ASSERT_OK(ops->open(&fixture->job, &fixture->schema, NULL, 0, &sink, &err), err);
    ASSERT_OK(load(fixture, sink, rows[0], 1, &err), err);
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    assert_true(count_entries(path) > 0);
    ops->close(sink);
    assert_false(fs_exists(path));
}

// What a killed run leaves: a marker that nobody holds, and files of its name; one of a run that
// committed.
static void sweep__removes_what_dead_runs_left(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "ds", "1", NULL);
    const Value rows[][2] = {{set_int(1), set_text("cn")}};
    run_ok(fixture, rows[0], 1);
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    CLEANUP(mem_free_text) char *markers = fs_join(path, "_weir");
    CLEANUP(mem_free_text) char *dead = fs_join(path, "ds=1/part-dead-0.parquet");
    CLEANUP(mem_free_text) char *other = fs_join(path, "ds=1/part-other-0.parquet");
    CLEANUP(mem_free_text) char *marker = fs_join(markers, "dead.run");
    Err err = {0};
    DeltaTable *table = NULL;
    ASSERT_OK(delta_open(path, -1, &table, &err), err);
    CLEANUP(mem_free_text) char *live = fs_join(path, table->files[0].path);
    // "ds=1/part-<id>-0.parquet"
    const char *id = table->files[0].path + strlen("ds=1/part-");
    CLEANUP(mem_free_text) char *committed = mem_format("%s/%.32s.run", markers, id);
    delta_free(table);
    ASSERT_OK(fs_make_dirs(markers, &err), err);
    ASSERT_OK(fs_replace(dead, "x", 1, &err), err);
    ASSERT_OK(fs_replace(other, "x", 1, &err), err);
    ASSERT_OK(fs_replace(marker, "0\nds=1\n", 7, &err), err);
    ASSERT_OK(fs_replace(committed, "-1\nds=1\n", 8, &err), err);
    // A run that lives: its marker is locked.
    CLEANUP(mem_free_text) char *alive = fs_join(markers, "alive.run");
    CLEANUP(mem_free_text) char *its_file = fs_join(path, "ds=1/part-alive-0.parquet");
    ASSERT_OK(fs_replace(alive, "0\nds=1\n", 7, &err), err);
    ASSERT_OK(fs_replace(its_file, "x", 1, &err), err);
    const int lock = open(alive, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    fixture->job.target.mode = WRITE_APPEND;
    run_ok(fixture, rows[0], 1);
    assert_false(fs_exists(dead));
    assert_false(fs_exists(marker));
    assert_false(fs_exists(committed));
    assert_true(fs_exists(other));
    assert_true(fs_exists(live));
    assert_true(fs_exists(alive));
    assert_true(fs_exists(its_file));
    (void)close(lock);
}

static void make_file(const char *folder, const char *name, const char *text)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = fs_join(folder, name);
    CLEANUP(mem_free_text) char *above = mem_copy_text(path);
    *strrchr(above, '/') = '\0';
    ASSERT_OK(fs_make_dirs(above, &err), err);
    ASSERT_OK(fs_replace(path, text, strlen(text), &err), err);
}

static bool has_entry(const char *folder, const char *name)
{
    CLEANUP(mem_free_text) char *path = fs_join(folder, name);
    return fs_exists(path);
}

// Markers that were never finished or lost their contents, folders of temporary files whose run is
// gone, and a partition whose name holds two dots.
static void sweep__removes_markers_that_say_nothing(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "ds", "a..b", NULL);
    const Value rows[][2] = {{set_int(1), set_text("cn")}};
    run_ok(fixture, rows[0], 1);
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    CLEANUP(mem_free_text) char *markers = fs_join(path, "_weir");
    make_file(path, "_weir/torn.new", "");
    make_file(path, "_weir/empty.run", "");
    make_file(path, "ds=a..b/part-empty-0.parquet", "x");
    make_file(path, "_weir/dots.run", "0\nds=a..b\n");
    make_file(path, "ds=a..b/part-dots-0.parquet", "x");
    make_file(path, "_weir/climbs.run", "0\nds=1/../..\n");
    make_file(fixture->folder, "part-climbs-0.parquet", "x");
    make_file(path, "_weir/lost.tmp/0-0", "x");
    make_file(path, "_weir/folder.run/x", "x");
    Err err = {0};
    CLEANUP(mem_free_text) char *inner = fs_join(markers, "folder.run/x");
    ASSERT_OK(fs_remove(inner, &err), err);
    // One that lives, at the moment before it has its name, and one with temporary files.
    make_file(path, "_weir/living.new", "");
    CLEANUP(mem_free_text) char *living = fs_join(markers, "living.new");
    make_file(path, "_weir/alive.run", "0\nds=1\n");
    make_file(path, "_weir/alive.tmp/0-0", "x");
    CLEANUP(mem_free_text) char *alive = fs_join(markers, "alive.run");
    const int locks[] = {open(living, O_RDWR | O_CLOEXEC), open(alive, O_RDWR | O_CLOEXEC)};
    assert_int_equal(flock(locks[0], LOCK_EX), 0);
    assert_int_equal(flock(locks[1], LOCK_EX), 0);
    fixture->job.target.mode = WRITE_APPEND;
    run_ok(fixture, rows[0], 1);
    FsList list = {0};
    ASSERT_OK(fs_list(markers, &list, &err), err);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.names[0], "alive.run");
    assert_string_equal(list.names[1], "alive.tmp");
    assert_string_equal(list.names[2], "living.new");
    fs_list_done(&list);
    assert_false(has_entry(path, "ds=a..b/part-empty-0.parquet"));
    assert_false(has_entry(path, "ds=a..b/part-dots-0.parquet"));
    assert_true(has_entry(fixture->folder, "part-climbs-0.parquet"));
    assert_true(has_entry(path, "_weir/alive.tmp/0-0"));
    assert_table(fixture, "id", "ds=a..b: 1\nds=a..b: 1\n");
    (void)close(locks[0]);
    (void)close(locks[1]);
}

// What a sweep on another machine, whose lock does not reach ours, or a person may do to a run.
static void commit__needs_its_marker_and_its_files(void **state)
{
    Fixture *fixture = *state;
    add_oplog(fixture);
    set_part(fixture, 0, "ds", "1", NULL);
    const Value rows[][2] = {{set_int(1), set_text("cn")}};
    run_ok(fixture, rows[0], 1);
    CLEANUP(mem_free_text) char *path = table_path(fixture);
    CLEANUP(mem_free_text) char *markers = fs_join(path, "_weir");
    CLEANUP(mem_free_text) char *folder = fs_join(path, "ds=1");
    for (int i = 0; i < 4; i++) {
        Err err = {0};
        Sink *sink = NULL;
        SinkResult result = {0};
        const SinkOps *ops = sink_ops("lake");
        ASSERT_OK(ops->open(&fixture->job, &fixture->schema, NULL, 0, &sink, &err), err);
        CLEANUP(fs_list_done) FsList before = {0};
        ASSERT_OK(fs_list(folder, &before, &err), err);
        ASSERT_OK(load(fixture, sink, rows[0], 1, &err), err);
        CLEANUP(fs_list_done) FsList names = {0};
        CLEANUP(fs_list_done) FsList files = {0};
        ASSERT_OK(fs_list(markers, &names, &err), err);
        ASSERT_OK(fs_list(folder, &files, &err), err);
        assert_int_equal(names.count, 1);
        assert_int_equal(files.count, 2);
        const bool is_first = strcmp(files.names[0], before.names[0]) != 0;
        CLEANUP(mem_free_text) char *file = fs_join(folder, files.names[is_first ? 0 : 1]);
        if (i == 0) {
            fs_remove_tree(markers);
        } else if (i == 1) {
            make_file(markers, names.names[0], "0\nds=1\n");  // the same name, another file
        } else if (i == 2) {
            ASSERT_OK(fs_remove(file, &err), err);
        } else {
            ASSERT_OK(fs_replace(file, "x", 1, &err), err);
        }
        ASSERT_FAIL(ops->commit(sink, &result, &err), err, FAIL_TARGET,
                    i < 2 ? "the marker of this run" : "was removed or changed");
        assert_true(err.retriable);
        ops->close(sink);
        assert_table(fixture, "id", "ds=1: 1\n");
        DeltaTable *table = NULL;
        ASSERT_OK(delta_open(path, -1, &table, &err), err);
        assert_int_equal(table->version, 0);
        delta_free(table);
    }
    assert_int_equal(count_entries(path), 2);  // the partition's folder and its file
    run_ok(fixture, rows[0], 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(overwrite__replaces_one_partition),
        TEST(append__keeps_what_is_there),
        TEST(dynamic__rows_go_to_their_partitions),
        TEST(dynamic__overwrites_only_partitions_with_rows_where_no_part_is_literal),
        TEST(dynamic__a_literal_part_after_a_dynamic_one),
        TEST(dynamic__too_many_partitions),
        TEST(existing__types_of_the_table_decide),
        TEST(existing__new_columns),
        TEST(existing__what_can_never_fit_is_refused),
        TEST(new_table__names_are_checked),
        TEST(failure__leaves_nothing),
        TEST(close__without_commit_removes_the_files),
        TEST(sweep__removes_what_dead_runs_left),
        TEST(sweep__removes_markers_that_say_nothing),
        TEST(commit__needs_its_marker_and_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

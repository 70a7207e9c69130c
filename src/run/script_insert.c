// INSERT and CREATE TABLE AS: the query's rows, cast to the table's types by DuckDB, go through the
// same sink as a sync job's, which brings partitions from the rows, safety and speed.
//
// All inserts of a statement are loaded before the first is committed, so that one that fails
// leaves every table as it was.
#include "base/base.h"

#include "run/script_internal.h"

#include "base/fs.h"
#include "base/text.h"
#include "lake/sql/table_view.h"
#include "run/query_source.h"
#include "sink/lake/lake.h"

// One INSERT on its way.
typedef struct Load {
    char *name;  // of the table
    Job job;
    PartitionPart *parts;
    const char **names;  // of the target's columns, one a column of the query
    Type *types;
    size_t count;
    Counters counters;
    Reject *reject;
    Source *source;
    Sink *sink;
    bool is_sorted;  // the query ends in ORDER BY
} Load;

static void load_done(Load *load)
{
    if (load->sink != NULL) {
        load->sink->ops->close(load->sink);
    }
    if (load->source != NULL) {
        load->source->ops->close(load->source);
    }
    reject_free(load->reject);
    free(load->parts);
    free(load->names);
    free(load->types);
    free(load->name);
    free(load->job.target.table);
    free(load->job.state_dir);
    *load = (Load){0};
}

// --- columns --------------------------------------------------------------------------------------------

static void load_take_column(Load *load, const Field *field)
{
    load->names = mem_grow(load->names, (load->count + 1) * sizeof(*load->names));
    load->types = mem_grow(load->types, (load->count + 1) * sizeof(*load->types));
    load->names[load->count] = field->name;
    load->types[load->count++] = field->type;
}

static bool load_has_column(const Load *load, const char *name)
{
    for (size_t i = 0; i < load->count; i++) {
        if (text_equal_nocase(load->names[i], name)) {
            return true;
        }
    }
    return false;
}

// (uid, uname): the columns that the query gives, in their order.
static bool load_listed_columns(const Run *run, const SqlInsert *insert, const DeltaTable *table,
                                Load *load, Err *err)
{
    for (size_t i = 0; i < insert->column_count; i++) {
        const SqlName *column = &insert->columns[i];
        const size_t at = schema_find(&table->schema, column->name);
        if (at == SIZE_MAX) {
            return run_fail(run, column->at, err, "table \"%s\" has no column \"%s\"", load->name,
                            column->name);
        }
        if (load_has_column(load, column->name)) {
            return run_fail(run, column->at, err, "column \"%s\" is named twice", column->name);
        }
        load_take_column(load, &table->schema.fields[at]);
    }
    return true;
}

static void load_all_columns(const DeltaTable *table, Load *load)
{
    for (size_t i = 0; i < table->schema.count; i++) {
        if (delta_partition_column(table, table->schema.fields[i].name) == SIZE_MAX) {
            load_take_column(load, &table->schema.fields[i]);
        }
    }
}

// --- partition ------------------------------------------------------------------------------------------

static const SqlPart *find_part(const SqlInsert *insert, const char *column)
{
    for (size_t i = 0; i < insert->partition.count; i++) {
        if (text_equal_nocase(insert->partition.parts[i].column, column)) {
            return &insert->partition.parts[i];
        }
    }
    return NULL;
}

static bool load_check_parts(const Run *run, const SqlInsert *insert, const DeltaTable *table,
                             const Load *load, Err *err)
{
    const SqlPartition *partition = &insert->partition;
    if (table->partition_count == 0 && insert->has_partition) {
        return run_fail(run, partition->at, err, "table \"%s\" has no partitions", load->name);
    }
    for (size_t i = 0; i < partition->count; i++) {
        const SqlPart *part = &partition->parts[i];
        if (delta_partition_column(table, part->column) == SIZE_MAX) {
            return run_fail(run, part->at, err, "\"%s\" is no partition column of table \"%s\"",
                            part->column, load->name);
        }
        if (part->compare != SQL_EQUAL) {
            return run_fail(run, part->at, err,
                            "INSERT writes to one partition: only = stands here");
        }
        if (find_part(insert, part->column) != part) {
            return run_fail(run, part->at, err, "\"%s\" is named twice", part->column);
        }
    }
    return true;
}

// The parts in the table's order. Dynamic ones are the query's last columns, in the order in which
// PARTITION names them; a column list may name them as well.
static bool load_parts(const Run *run, const SqlInsert *insert, const DeltaTable *table, Load *load,
                       Err *err)
{
    if (!load_check_parts(run, insert, table, load, err)) {
        return false;
    }
    for (size_t i = 0; i < insert->partition.count; i++) {
        const SqlPart *part = &insert->partition.parts[i];
        const size_t at = schema_find(&table->schema, part->column);
        if (part->value == NULL && !load_has_column(load, part->column)) {
            load_take_column(load, &table->schema.fields[at]);
        }
    }
    load->parts = mem_alloc((table->partition_count + 1) * sizeof(*load->parts));
    for (size_t i = 0; i < table->partition_count; i++) {
        char *column = table->partition_columns[i];
        const SqlPart *part = find_part(insert, column);
        const bool is_listed = load_has_column(load, column);
        if ((part == NULL && !is_listed) || (part != NULL && part->value != NULL && is_listed)) {
            (void)run_fail(run, insert->table.at, err,
                           part == NULL
                               ? "table \"%s\" is partitioned, and the value of \"%s\" is not said"
                               : "table \"%s\": the value of \"%s\" is said twice",
                           load->name, column);
            return fail_hint(err,
                             "Write PARTITION (%s='...'), or PARTITION (%s) to take it from the "
                             "query's last column.",
                             column, column);
        }
        load->parts[i] =
            (PartitionPart){.column = column,
                            .value = part == NULL ? NULL : part->value,
                            .field = part == NULL || part->value == NULL ? column : NULL};
    }
    return true;
}

// --- query ----------------------------------------------------------------------------------------------

static bool load_fail_count(const Run *run, const SqlInsert *insert, const Load *load, size_t given,
                            Err *err)
{
    CLEANUP(buf_done) Buf names = {.limit = 700};
    for (size_t i = 0; i < load->count; i++) {
        buf_add_format(&names, "%s%s", i > 0 ? ", " : "", load->names[i]);
    }
    (void)run_fail(run, insert->query_at, err, "the query gives %zu column%s, and %zu are wanted",
                   given, given == 1 ? "" : "s", load->count);
    return fail_hint(err, "Columns go by position: %s.", buf_text(&names));
}

// The query with each column cast to the target's type. *before is what stands before the user's
// text.
static void load_sql(const SqlInsert *insert, const Load *load, Buf *out, size_t *before)
{
    for (size_t i = 0; i < load->count; i++) {
        buf_add_format(out, "%sCAST(#%zu AS ", i == 0 ? "SELECT " : ", ", i + 1);
        table_view_type_name(load->types[i], out);
        buf_add_char(out, ')');
    }
    buf_add_text(out, " FROM (\n");
    *before = out->len;
    buf_add_format(out, "%s\n)", buf_text(&insert->query.text));
}

static bool load_open_rows(const Run *run, const SqlInsert *insert, const Load *load,
                           DuckRows **ret_rows, Err *err)
{
    Duck *duck = run->session->duck;
    DuckRows *rows = NULL;
    // As it stands first: its own mistakes, and how many columns it has.
    if (!duck_rows_open(duck, buf_text(&insert->query.text), &rows, err)) {
        return run_fail_query(run, &insert->query, 0, insert->query_at, err);
    }
    const size_t given = duck_rows_schema(rows)->count;
    if (load->names == NULL) {
        *ret_rows = rows;  // CREATE TABLE AS takes what it gives
        return true;
    }
    duck_rows_free(rows);
    if (given != load->count) {
        return load_fail_count(run, insert, load, given, err);
    }
    CLEANUP(buf_done) Buf sql = {0};
    size_t before = 0;
    load_sql(insert, load, &sql, &before);
    return duck_rows_open(duck, buf_text(&sql), ret_rows, err)
           || run_fail_query(run, &insert->query, before, insert->query_at, err);
}

// --- loading --------------------------------------------------------------------------------------------

static void load_job(const Run *run, const SqlInsert *insert, const SessionTable *seen, Load *load)
{
    const ScriptSession *session = run->session;
    load->job = (Job){
        .name = load->name,
        .type = JOB_SQL,
        .target = {.table = mem_copy_text(seen->path),
                   .partition = load->parts,
                   .partition_count = seen->table->partition_count,
                   .mode = insert->is_overwrite ? WRITE_OVERWRITE : WRITE_APPEND,
                   .new_columns = NEW_COLUMNS_ERROR,
                   .file_bytes = JOB_FILE_BYTES_DEFAULT,
                   .row_group_rows = JOB_ROW_GROUP_ROWS_DEFAULT,
                   .is_at_version = seen->table->version >= 0,
                   .version = seen->table->version,
                   .must_be_new = seen->table->version < 0},
        .threads = (int)session->threads,
        .memory_bytes = session->writer_bytes,
        .state_dir = fs_join(session->lake, ".weir"),
    };
    load->reject = reject_new(/* path= */ NULL, /* limit= */ 0, &load->counters);
}

// Pulls the rows into files of the target, which are not visible yet.
static bool load_rows(const Run *run, const SqlInsert *insert, DuckRows *rows, Load *load, Err *err)
{
    const Schema *schema = duck_rows_schema(rows);
    const char **names = mem_alloc((schema->count + 1) * sizeof(*names));
    for (size_t i = 0; i < schema->count; i++) {
        names[i] = load->names == NULL ? schema->fields[i].name : load->names[i];
    }
    // What a query sorts is meant to lie sorted: one reader keeps the order.
    const size_t readers = load->is_sorted ? 1 : run->session->threads;
    bool done = query_source_open(rows, names, readers, &load->counters, &load->source, err);
    free(names);
    if (!done) {
        return run_fail_query(run, &insert->query, SIZE_MAX, insert->query_at, err);
    }
    const LoadInput input = {.source = load->source,
                             .reject = load->reject,
                             .counters = &load->counters,
                             .stop = run->session->cancel};
    if (!sink_lake.open(&load->job, load->source->ops->schema(load->source), NULL, 0, &load->sink,
                        err)) {
        return run_fail_at(run, insert->table.at, err);
    }
    return load->sink->ops->load(load->sink, &input, err)
           || run_fail_query(run, &insert->query, SIZE_MAX, insert->query_at, err);
}

static bool load_insert(const Run *run, const SqlInsert *insert, Load *load, Err *err)
{
    SessionTable *seen = NULL;
    DuckRows *rows = NULL;
    if (!session_existing(run, &insert->table, &seen, err)) {
        return false;
    }
    load->name = mem_copy_text(seen->name);
    if (!load_listed_columns(run, insert, seen->table, load, err)) {
        return false;
    }
    if (insert->column_count == 0) {
        load_all_columns(seen->table, load);
    }
    if (!load_parts(run, insert, seen->table, load, err)
        || !run_bind(run, &insert->query, insert->query_at, &load->is_sorted, err)
        || !load_open_rows(run, insert, load, &rows, err)) {
        return false;
    }
    load_job(run, insert, seen, load);
    return load_rows(run, insert, rows, load, err);
}

static bool load_commit(const Run *run, const char *verb, Load *load, Err *err)
{
    SinkResult result = {0};
    if (!load->sink->ops->commit(load->sink, &result, err)) {
        return run_fail_at(run, run->statement->at, err);
    }
    ScriptTotals *totals = run->totals;
    char rows[TEXT_NUMBER_SIZE];
    run_note(run, "%s %s%s%s%s: %s row%s, version %lld", verb, load->name,
             result.partition[0] == '\0' ? "" : " (", result.partition,
             result.partition[0] == '\0' ? "" : ")",
             text_count(counter_get(&load->counters.rows_written), rows),
             counter_get(&load->counters.rows_written) == 1 ? "" : "s", (long long)result.version);
    totals->rows_written += counter_get(&load->counters.rows_written);
    totals->bytes_written += counter_get(&load->counters.bytes_written);
    totals->version = result.version;
    free(totals->table);
    totals->table = mem_copy_text(load->name);
    sink_result_done(&result);
    session_forget(run->session, load->name);
    return true;
}

static bool is_same_target(const SqlInsert *one, const SqlInsert *other)
{
    if (!text_equal_nocase(one->table.name, other->table.name)) {
        return false;
    }
    for (size_t i = 0; i < one->partition.count; i++) {
        const SqlPart *part = &one->partition.parts[i];
        const SqlPart *twin = find_part(other, part->column);
        if (part->value == NULL || twin == NULL || twin->value == NULL
            || !text_equal(part->value, twin->value)) {
            return false;
        }
    }
    return true;
}

// The second of two that overwrite the same would meet the first one's rows only after that is
// done.
static bool check_targets(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    for (size_t i = 0; i < statement->insert_count; i++) {
        const SqlInsert *insert = &statement->inserts[i];
        for (size_t k = 0; insert->is_overwrite && k < i; k++) {
            if (is_same_target(insert, &statement->inserts[k])) {
                (void)run_fail(run, insert->table.at, err,
                               "the statement writes to this place of \"%s\" before, and cannot "
                               "overwrite it",
                               insert->table.name);
                return fail_hint(err, "Join the queries with UNION ALL.");
            }
        }
    }
    return true;
}

bool run_insert(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    if (!check_targets(run, err)) {
        return false;
    }
    Load *loads = mem_alloc((statement->insert_count + 1) * sizeof(*loads));
    bool done = true;
    for (size_t i = 0; done && i < statement->insert_count; i++) {
        done = load_insert(run, &statement->inserts[i], &loads[i], err);
    }
    for (size_t i = 0; done && i < statement->insert_count; i++) {
        done = load_commit(run,
                           statement->inserts[i].is_overwrite ? "INSERT OVERWRITE" : "INSERT INTO",
                           &loads[i], err);
    }
    for (size_t i = 0; i < statement->insert_count; i++) {
        load_done(&loads[i]);
    }
    free(loads);
    return done;
}

// --- CREATE TABLE AS ------------------------------------------------------------------------------------

static bool load_create(const Run *run, const SqlInsert *insert, SessionTable *seen, Load *load,
                        Err *err)
{
    const Statement *statement = run->statement;
    DuckRows *rows = NULL;
    load->name = mem_copy_text(seen->name);
    if (!run_bind(run, &insert->query, insert->query_at, &load->is_sorted, err)
        || !load_open_rows(run, insert, load, &rows, err)) {
        return false;
    }
    const size_t count = statement->partition_column_count;
    load->parts = mem_alloc((count + 1) * sizeof(*load->parts));
    for (size_t i = 0; i < count; i++) {
        char *column = statement->partition_columns[i];
        load->parts[i] = (PartitionPart){.column = column, .field = column};
    }
    load_job(run, insert, seen, load);
    load->job.target.partition_count = count;
    load->job.target.lifecycle_days = statement->lifecycle_days;
    load->job.target.comment = statement->comment;
    return load_rows(run, insert, rows, load, err);
}

bool run_create_table_as(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    SessionTable *seen = NULL;
    if (!session_table(run, statement->table.name, statement->table.at, &seen, err)) {
        return false;
    }
    if (seen->table->version >= 0) {
        if (statement->if_not_exists) {
            run_note(run, "CREATE TABLE %s: it is there already", seen->name);
            return true;
        }
        (void)run_fail(run, statement->table.at, err, "there is a table \"%s\" already",
                       seen->name);
        return fail_hint(err, "Drop it first, or write IF NOT EXISTS.");
    }
    // The same way as INSERT OVERWRITE goes, with a table that is made by the commit.
    const SqlInsert insert = {.is_overwrite = true,
                              .table = statement->table,
                              .query = statement->query,
                              .query_at = statement->at};
    Load load = {0};
    const bool done =
        load_create(run, &insert, seen, &load, err) && load_commit(run, "CREATE TABLE", &load, err);
    load_done(&load);
    return done;
}

// CREATE, DROP and ALTER TABLE: each is one commit without rows, or one change of the lake's
// folder.
#include "base/base.h"

#include "run/script_internal.h"

#include "base/text.h"
#include "lake/catalog.h"
#include "lake/lifecycle.h"

// What has changed a table: says it and looks at the table anew.
static void define_done(const Run *run, const char *what, SessionTable *seen, int64_t version)
{
    run_note(run, "%s %s: version %" PRId64, what, seen->name, version);
    run->totals->version = version;
    CLEANUP(mem_free_text) char *name = mem_copy_text(seen->name);
    session_forget(run->session, name);
}

// --- CREATE ---------------------------------------------------------------------------------------------

// False with `*ret_is_there` where IF NOT EXISTS settles it.
static bool define_new(const Run *run, SessionTable **ret_table, bool *ret_is_there, Err *err)
{
    const Statement *statement = run->statement;
    SessionTable *seen = NULL;
    if (!session_table(run, statement->table.name, statement->table.at, &seen, err)) {
        return false;
    }
    *ret_is_there = seen->table->version >= 0;
    *ret_table = seen;
    if (*ret_is_there && !statement->if_not_exists) {
        (void)run_fail(run, statement->table.at, err, "there is a table \"%s\" already",
                       seen->name);
        return fail_hint(err, "Drop it first, or write IF NOT EXISTS.");
    }
    if (*ret_is_there) {
        run_note(run, "CREATE TABLE %s: it is there already", seen->name);
    }
    return true;
}

// Properties of Delta's that change nothing about how the table is read and written.
static bool property_is_allowed(const char *key)
{
    static const char *const allowed[] = {
        "delta.logRetentionDuration", "delta.deletedFileRetentionDuration",
        "delta.enableExpiredLogCleanup", "delta.checkpointInterval", "delta.appendOnly"};
    if (!text_starts_with(key, "delta.")) {
        return !text_equal(key, LIFECYCLE_PROPERTY);
    }
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        if (text_equal(key, allowed[i])) {
            return true;
        }
    }
    return false;
}

static bool define_properties(const Run *run, DeltaCommit *commit, Err *err)
{
    const Statement *statement = run->statement;
    for (size_t i = 0; i < statement->property_count; i++) {
        const SqlProperty *property = &statement->properties[i];
        if (!property_is_allowed(property->key)) {
            (void)run_fail(run, statement->at, err, "the property \"%s\" cannot be set",
                           property->key);
            return fail_hint(
                err, text_equal(property->key, LIFECYCLE_PROPERTY)
                         ? "Write LIFECYCLE n, or ALTER TABLE ... SET LIFECYCLE n."
                         : "It would change what weir and other readers must be able to do.");
        }
        delta_commit_property(commit, property->key, property->value);
    }
    return true;
}

static bool define_publish(const Run *run, SessionTable *seen, DeltaCommit *commit,
                           const char *operation, const char *what, Err *err)
{
    DeltaCommitResult result = {0};
    if (!delta_commit(commit, operation, NULL, &result, err)) {
        return run_fail_at(run, run->statement->at, err);
    }
    define_done(run, what, seen, result.version);
    return true;
}

typedef struct Definition {
    const Schema *schema;
    char *const *partition_columns;
    size_t partition_count;
    const char *comment;
} Definition;

static bool define_create(const Run *run, SessionTable *seen, const Definition *definition,
                          Err *err)
{
    const Statement *statement = run->statement;
    const char **columns = mem_alloc((definition->partition_count + 1) * sizeof(*columns));
    for (size_t i = 0; i < definition->partition_count; i++) {
        columns[i] = definition->partition_columns[i];
    }
    DeltaCommit *commit = delta_commit_new(seen->table);
    delta_commit_schema(commit, definition->schema, columns, definition->partition_count);
    free(columns);
    if (statement->lifecycle_days > 0) {
        CLEANUP(mem_free_text) char *days = mem_format("%d", statement->lifecycle_days);
        delta_commit_property(commit, LIFECYCLE_PROPERTY, days);
    }
    if (definition->comment != NULL) {
        delta_commit_description(commit, definition->comment);
    }
    const bool done = define_properties(run, commit, err)
                      && define_publish(run, seen, commit, "CREATE TABLE", "CREATE TABLE", err);
    delta_commit_free(commit);
    return done;
}

static bool define_check_partitions(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    for (size_t i = 0; i < statement->partition_column_count; i++) {
        const char *column = statement->partition_columns[i];
        const size_t at = schema_find(&statement->schema, column);
        if (at != SIZE_MAX && !delta_value_has_one_spelling(statement->schema.fields[at].type)) {
            (void)run_fail(run, statement->at, err,
                           "a table cannot be partitioned by \"%s\", which is %s", column,
                           statement->schema.fields[at].source_type);
            return fail_hint(err, "Partition by string, date, an integer, decimal or boolean.");
        }
    }
    return true;
}

bool run_create_table(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    SessionTable *seen = NULL;
    bool is_there = false;
    if (!define_new(run, &seen, &is_there, err)) {
        return false;
    }
    if (is_there) {
        return true;
    }
    Schema schema = {0};
    schema_copy(&statement->schema, &schema);
    for (size_t i = 0; i < schema.count; i++) {
        // In a table's schema a source type stands for what weir has no type for.
        free(schema.fields[i].source_type);
        schema.fields[i].source_type = NULL;
    }
    const Definition definition = {.schema = &schema,
                                   .partition_columns = statement->partition_columns,
                                   .partition_count = statement->partition_column_count,
                                   .comment = statement->comment};
    const bool done =
        define_check_partitions(run, err) && define_create(run, seen, &definition, err);
    schema_done(&schema);
    return done;
}

bool run_create_table_like(const Run *run, Err *err)
{
    SessionTable *seen = NULL;
    SessionTable *other = NULL;
    bool is_there = false;
    if (!define_new(run, &seen, &is_there, err)) {
        return false;
    }
    if (is_there) {
        return true;
    }
    if (!session_existing(run, &run->statement->other, &other, err)) {
        return false;
    }
    const DeltaTable *table = other->table;
    for (size_t i = 0; i < table->schema.count; i++) {
        if (table->schema.fields[i].source_type != NULL) {
            return run_fail(run, run->statement->other.at, err,
                            "column \"%s\" of \"%s\" is %s, which weir does not write",
                            table->schema.fields[i].name, other->name,
                            table->schema.fields[i].source_type);
        }
    }
    const Definition definition = {.schema = &table->schema,
                                   .partition_columns = table->partition_columns,
                                   .partition_count = table->partition_count,
                                   .comment = table->description};
    return define_create(run, seen, &definition, err);
}

// --- DROP, RENAME ---------------------------------------------------------------------------------------

bool run_drop_table(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    SessionTable *seen = NULL;
    if (!session_table(run, statement->table.name, statement->table.at, &seen, err)) {
        return false;
    }
    if (seen->table->version < 0 && statement->if_exists) {
        run_note(run, "DROP TABLE %s: there is none", statement->table.name);
        return true;
    }
    if (!session_existing(run, &statement->table, &seen, err)) {
        return false;
    }
    if (!catalog_drop(seen->path, /* version= */ -1, err)) {
        return run_fail_at(run, statement->table.at, err);
    }
    run_note(run, "DROP TABLE %s: done", seen->name);
    CLEANUP(mem_free_text) char *name = mem_copy_text(seen->name);
    session_forget(run->session, name);
    return true;
}

bool run_rename_table(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    SessionTable *seen = NULL;
    if (!session_existing(run, &statement->table, &seen, err)) {
        return false;
    }
    if (!catalog_rename(seen->path, statement->other.name, err)) {
        return run_fail_at(run, statement->other.at, err);
    }
    run_note(run, "ALTER TABLE %s: it is %s now", seen->name, statement->other.name);
    CLEANUP(mem_free_text) char *name = mem_copy_text(seen->name);
    session_forget(run->session, name);
    session_forget(run->session, statement->other.name);
    return true;
}

// --- ALTER ----------------------------------------------------------------------------------------------

// The table's schema with the statement's columns behind it; *ret_added: how many are new.
static bool alter_columns(const Run *run, const SessionTable *seen, Schema *ret_schema,
                          size_t *ret_added, Err *err)
{
    const Statement *statement = run->statement;
    schema_copy(&seen->table->schema, ret_schema);
    for (size_t i = 0; i < statement->schema.count; i++) {
        const Field *field = &statement->schema.fields[i];
        if (schema_find(ret_schema, field->name) != SIZE_MAX) {
            if (statement->if_not_exists) {
                continue;
            }
            return run_fail(run, statement->at, err, "table \"%s\" has a column \"%s\" already",
                            seen->name, field->name);
        }
        if (!field->nullable) {
            (void)run_fail(run, statement->at, err, "a column that is added must take NULL: \"%s\"",
                           field->name);
            return fail_hint(err, "The rows that are there have no value for it.");
        }
        Field *added = schema_add(ret_schema, field->name, field->type, /* nullable= */ true);
        added->comment = mem_copy_text(field->comment);
        ++*ret_added;
    }
    return true;
}

static bool alter_fill(const Run *run, const SessionTable *seen, DeltaCommit *commit,
                       bool *ret_changes, Err *err)
{
    const Statement *statement = run->statement;
    *ret_changes = true;
    if (statement->kind == STATEMENT_SET_PROPERTIES) {
        return define_properties(run, commit, err);
    }
    if (statement->kind == STATEMENT_SET_COMMENT) {
        delta_commit_description(commit, statement->comment);
        return true;
    }
    CLEANUP(schema_done) Schema schema = {0};
    size_t added = 0;
    if (!alter_columns(run, seen, &schema, &added, err)) {
        return false;
    }
    const char **columns = mem_alloc((seen->table->partition_count + 1) * sizeof(*columns));
    for (size_t i = 0; i < seen->table->partition_count; i++) {
        columns[i] = seen->table->partition_columns[i];
    }
    delta_commit_schema(commit, &schema, columns, seen->table->partition_count);
    free(columns);
    *ret_changes = added > 0;
    return true;
}

bool run_alter_table(const Run *run, Err *err)
{
    SessionTable *seen = NULL;
    if (!session_existing(run, &run->statement->table, &seen, err)) {
        return false;
    }
    DeltaCommit *commit = delta_commit_new(seen->table);
    bool changes = false;
    bool done = alter_fill(run, seen, commit, &changes, err);
    if (done && changes) {
        done = define_publish(run, seen, commit,
                              run->statement->kind == STATEMENT_ADD_COLUMNS ? "ADD COLUMNS"
                                                                            : "SET TBLPROPERTIES",
                              "ALTER TABLE", err);
    } else if (done) {
        run_note(run, "ALTER TABLE %s: nothing to change", seen->name);
    }
    delta_commit_free(commit);
    return done;
}

// CREATE, DROP and ALTER TABLE.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include "base/text.h"

#define LIFECYCLE_DAYS_MAX 37231  // MaxCompute's

static bool read_lifecycle(Reader *reader, Statement *statement)
{
    const size_t offset = reader_peek(reader, 0)->begin;
    if (!reader_integer(reader, "a number of days", LIFECYCLE_DAYS_MAX,
                        &statement->lifecycle_days)) {
        return false;
    }
    return statement->lifecycle_days > 0
           || reader_fail_at(reader, offset, "a lifecycle has at least one day");
}

// ('key'='value', ...)
static bool read_properties(Reader *reader, Statement *statement)
{
    if (!reader_expect(reader, "(")) {
        return false;
    }
    do {
        SqlProperty *property = ARRAY_ADD(statement->properties, statement->property_count);
        const Token *key = reader_peek(reader, 0);
        if (key->kind == TOKEN_NAME && !reader_at_end(reader)) {
            property->key = token_value(reader->script, key);
            reader->at++;
        } else if (!reader_string(reader, "a property's 'name'", &property->key)) {
            return false;
        }
        if (!reader_expect(reader, "=")) {
            return false;
        }
        const Token *value = reader_peek(reader, 0);
        if ((value->kind == TOKEN_NAME || value->kind == TOKEN_NUMBER) && !reader_at_end(reader)) {
            property->value = token_value(reader->script, value);
            reader->at++;
        } else if (!reader_string(reader, "a property's 'value'", &property->value)) {
            return false;
        }
    } while (reader_take(reader, ","));
    return reader_expect(reader, ")");
}

static void add_partition_column(Statement *statement, const char *name)
{
    char **column = ARRAY_ADD(statement->partition_columns, statement->partition_column_count);
    *column = mem_copy_text(name);
}

// PARTITIONED BY (ds string COMMENT '..', ...), or names alone with AS.
static bool read_partitioned(Reader *reader, Statement *statement, bool *ret_has_types)
{
    if (!reader_is(reader, "(")) {
        return reader_fail_expected(reader, "\"(\"", /* words= */ NULL);
    }
    *ret_has_types = !(reader_is_at(reader, 2, ",") || reader_is_at(reader, 2, ")"));
    const size_t first = statement->schema.count;
    if (*ret_has_types) {
        if (!reader_columns(reader, &statement->schema)) {
            return false;
        }
        for (size_t i = first; i < statement->schema.count; i++) {
            add_partition_column(statement, statement->schema.fields[i].name);
        }
        return true;
    }
    reader->at++;
    do {
        SqlName name;
        if (!reader_name(reader, "a partition column", &name)) {
            return false;
        }
        add_partition_column(statement, name.name);
        free(name.name);
    } while (reader_take(reader, ","));
    return reader_expect(reader, ")");
}

typedef struct CreateClauses {
    size_t partitioned_at;  // offset; SIZE_MAX: none
    bool has_types;         // of the partition columns
    bool has_comment, has_properties;
} CreateClauses;

static bool refuse_clause(Reader *reader)
{
    static const struct {
        const char *words;
        const char *hint;
    } CLAUSES[] = {
        {"STORED AS", "Lake tables are Parquet files with a Delta log: leave it out."},
        {"STORED BY", "Other systems' tables are read by sync jobs."},
        {"CLUSTERED BY", "weir optimize sorts a table's files on request: leave it out."},
        {"RANGE CLUSTERED BY", "weir optimize sorts a table's files on request: leave it out."},
        {"ROW FORMAT", "Lake tables are Parquet files with a Delta log: leave it out."},
        {"LOCATION", "A table lies in the lake's folder, under its name."},
        {"AUTO PARTITIONED BY", "Name the column: PARTITIONED BY (ds string)."},
        {"PRIMARY KEY", "Lake tables have no keys."},
    };
    const size_t offset = reader_peek(reader, 0)->begin;
    for (size_t i = 0; i < ARRAY_LEN(CLAUSES); i++) {
        if (reader_take(reader, CLAUSES[i].words)) {
            return reader_fail_unsupported(reader, offset, CLAUSES[i].words, CLAUSES[i].hint);
        }
    }
    static const char *const KNOWN[] = {"COMMENT",   "PARTITIONED", "LIFECYCLE", "TBLPROPERTIES",
                                        "CLUSTERED", "STORED",      "AS",        NULL};
    return reader_fail_expected(
        reader, "COMMENT, PARTITIONED BY, TBLPROPERTIES, LIFECYCLE, AS or the end", KNOWN);
}

// What stands behind the columns, in any order, each at most once.
static bool read_clauses(Reader *reader, Statement *statement, CreateClauses *clauses)
{
    while (!reader_at_end(reader) && !reader_is(reader, "AS") && !reader_at_query(reader)) {
        const size_t offset = reader_peek(reader, 0)->begin;
        bool is_repeated = false;
        bool done = true;
        if (reader_take(reader, "COMMENT")) {
            is_repeated = statement->comment != NULL;
            done = reader_string(reader, "the comment's 'text'", &statement->comment);
        } else if (reader_take(reader, "PARTITIONED BY")) {
            is_repeated = clauses->partitioned_at != SIZE_MAX;
            clauses->partitioned_at = offset;
            done = is_repeated || read_partitioned(reader, statement, &clauses->has_types);
        } else if (reader_take(reader, "LIFECYCLE")) {
            is_repeated = statement->lifecycle_days != 0;
            done = read_lifecycle(reader, statement);
        } else if (reader_take(reader, "TBLPROPERTIES")) {
            is_repeated = statement->property_count > 0;
            done = read_properties(reader, statement);
        } else {
            return refuse_clause(reader);
        }
        if (!done) {
            return false;
        }
        if (is_repeated) {
            return reader_fail_at(reader, offset, "this clause is given twice");
        }
    }
    return true;
}

// What kind of CREATE TABLE it is follows from what was there.
static bool create_finish(Reader *reader, Statement *statement, const CreateClauses *clauses)
{
    const bool has_partitions = clauses->partitioned_at != SIZE_MAX;
    const size_t columns =
        statement->schema.count - (clauses->has_types ? statement->partition_column_count : 0);
    if (reader_take(reader, "AS") || reader_at_query(reader)) {
        if (columns > 0 || clauses->has_types) {
            return reader_fail_at(
                reader, columns > 0 ? statement->table.at.end : clauses->partitioned_at,
                "CREATE TABLE ... AS takes its columns and types from the query: name none");
        }
        statement->kind = STATEMENT_CREATE_TABLE_AS;
        return reader_rest(reader, "a query", &statement->query);
    }
    if (columns == 0) {
        return reader_fail_expected(reader, "a list of columns, LIKE or AS", /* words= */ NULL);
    }
    if (has_partitions && !clauses->has_types) {
        (void)reader_fail_at(reader, clauses->partitioned_at, "a partition column needs a type");
        return fail_hint(reader->err, "It is written: PARTITIONED BY (ds string).");
    }
    statement->kind = STATEMENT_CREATE_TABLE;
    return true;
}

bool statement_read_create(Reader *reader, Statement *statement)
{
    const size_t offset = reader_peek(reader, 0)->begin;
    reader->at++;
    if (reader_take(reader, "EXTERNAL")) {
        return reader_fail_unsupported(reader, offset, "CREATE EXTERNAL TABLE",
                                       "DuckDB's read_csv('file') and read_parquet('file') read "
                                       "files in a query.");
    }
    reader->at++;
    statement->if_not_exists = reader_take(reader, "IF NOT EXISTS");
    if (!reader_table(reader, &statement->table)) {
        return false;
    }
    if (reader_take(reader, "LIKE")) {
        statement->kind = STATEMENT_CREATE_TABLE_LIKE;
        return reader_table(reader, &statement->other)
               && (!reader_take(reader, "LIFECYCLE") || read_lifecycle(reader, statement));
    }
    if (reader_is(reader, "(") && !reader_is_at(reader, 1, "SELECT")
        && !reader_is_at(reader, 1, "WITH") && !reader_columns(reader, &statement->schema)) {
        return false;
    }
    CreateClauses clauses = {.partitioned_at = SIZE_MAX};
    return read_clauses(reader, statement, &clauses) && create_finish(reader, statement, &clauses);
}

bool statement_read_drop(Reader *reader, Statement *statement)
{
    reader->at += 2;
    statement->kind = STATEMENT_DROP_TABLE;
    statement->if_exists = reader_take(reader, "IF EXISTS");
    if (!reader_table(reader, &statement->table)) {
        return false;
    }
    (void)reader_take(reader, "PURGE");  // there is no recycle bin
    return true;
}

// --- ALTER TABLE -----

static bool alter_add(Reader *reader, Statement *statement)
{
    if (reader_take(reader, "COLUMNS") || reader_take(reader, "COLUMN")) {
        statement->kind = STATEMENT_ADD_COLUMNS;
        statement->if_not_exists = reader_take(reader, "IF NOT EXISTS");
        return reader_is(reader, "(") ? reader_columns(reader, &statement->schema)
                                      : reader_column(reader, &statement->schema);
    }
    statement->if_not_exists = reader_take(reader, "IF NOT EXISTS");
    statement->kind = STATEMENT_ADD_PARTITION;
    static const char *const KNOWN[] = {"PARTITION", "COLUMNS", "COLUMN", "IF", NULL};
    if (!reader_is(reader, "PARTITION")) {
        return reader_fail_expected(reader, "PARTITION or COLUMNS", KNOWN);
    }
    return reader_partitions(reader, PARTITION_CONSTANT, SIZE_MAX, statement);
}

static bool alter_drop(Reader *reader, Statement *statement)
{
    if (reader_is(reader, "COLUMN") || reader_is(reader, "COLUMNS")) {
        return reader_fail_unsupported(reader, reader_peek(reader, 0)->begin, "DROP COLUMN",
                                       "CREATE TABLE ... AS SELECT makes a table without it.");
    }
    statement->if_exists = reader_take(reader, "IF EXISTS");
    statement->kind = STATEMENT_DROP_PARTITION;
    static const char *const KNOWN[] = {"PARTITION", "IF", NULL};
    if (!reader_is(reader, "PARTITION")) {
        return reader_fail_expected(reader, "PARTITION", KNOWN);
    }
    if (!reader_partitions(reader, PARTITION_FILTER, SIZE_MAX, statement)) {
        return false;
    }
    (void)reader_take(reader, "PURGE");
    return true;
}

static bool alter_set(Reader *reader, Statement *statement)
{
    if (reader_take(reader, "LIFECYCLE")) {
        statement->kind = STATEMENT_SET_LIFECYCLE;
        return read_lifecycle(reader, statement);
    }
    if (reader_take(reader, "COMMENT")) {
        statement->kind = STATEMENT_SET_COMMENT;
        return reader_string(reader, "the comment's 'text'", &statement->comment);
    }
    if (reader_take(reader, "TBLPROPERTIES")) {
        statement->kind = STATEMENT_SET_PROPERTIES;
        return read_properties(reader, statement);
    }
    static const char *const KNOWN[] = {"LIFECYCLE", "COMMENT", "TBLPROPERTIES", NULL};
    return reader_fail_expected(reader, "LIFECYCLE, COMMENT or TBLPROPERTIES", KNOWN);
}

// ALTER TABLE t PARTITION (..) RENAME TO PARTITION (..) | ENABLE | DISABLE LIFECYCLE
static bool alter_partition(Reader *reader, Statement *statement)
{
    if (!reader_partitions(reader, PARTITION_CONSTANT, 1, statement)) {
        return false;
    }
    if (reader_take(reader, "RENAME TO")) {
        statement->kind = STATEMENT_RENAME_PARTITION;
        return reader_is(reader, "PARTITION")
                   ? reader_partitions(reader, PARTITION_CONSTANT, 2, statement)
                   : reader_fail_expected(reader, "PARTITION", /* words= */ NULL);
    }
    if (reader_take(reader, "ENABLE LIFECYCLE")) {
        statement->kind = STATEMENT_ENABLE_LIFECYCLE;
        return true;
    }
    if (reader_take(reader, "DISABLE LIFECYCLE")) {
        statement->kind = STATEMENT_DISABLE_LIFECYCLE;
        return true;
    }
    static const char *const KNOWN[] = {"RENAME", "ENABLE", "DISABLE", NULL};
    return reader_fail_expected(
        reader, "RENAME TO PARTITION, ENABLE LIFECYCLE or DISABLE LIFECYCLE", KNOWN);
}

static bool alter_refuse(Reader *reader)
{
    static const struct {
        const char *words;
        const char *hint;
    } ACTIONS[] = {
        {"CHANGE", "CREATE TABLE ... AS SELECT makes a table with other columns."},
        {"ALTER", "CREATE TABLE ... AS SELECT makes a table with other columns."},
        {"RENAME COLUMN", "CREATE TABLE ... AS SELECT makes a table with other columns."},
        {"REPLACE", "CREATE TABLE ... AS SELECT makes a table with other columns."},
        {"MERGE", "ALTER TABLE ... RENAME PARTITION renames one partition; INSERT OVERWRITE joins "
                  "several."},
        {"COMPACT", "weir optimize joins small files."},
        {"ARCHIVE", "weir optimize joins small files."},
        {"CLUSTERED", "weir optimize sorts a table's files on request."},
        {"CHANGEOWNER", "Tables have no owners: the folder's permissions are the file system's."},
    };
    const size_t offset = reader_peek(reader, 0)->begin;
    for (size_t i = 0; i < ARRAY_LEN(ACTIONS); i++) {
        if (reader_take(reader, ACTIONS[i].words)) {
            CLEANUP(mem_free_text) char *what = mem_format("ALTER TABLE ... %s", ACTIONS[i].words);
            return reader_fail_unsupported(reader, offset, what, ACTIONS[i].hint);
        }
    }
    static const char *const KNOWN[] = {"ADD",     "DROP",  "RENAME",    "SET", "ENABLE",
                                        "DISABLE", "TOUCH", "PARTITION", NULL};
    return reader_fail_expected(
        reader, "ADD, DROP, RENAME TO, SET, ENABLE, DISABLE, TOUCH or PARTITION", KNOWN);
}

bool statement_read_alter(Reader *reader, Statement *statement)
{
    reader->at += 2;
    if (!reader_table(reader, &statement->table)) {
        return false;
    }
    if (reader_take(reader, "ADD")) {
        return alter_add(reader, statement);
    }
    if (reader_take(reader, "DROP")) {
        return alter_drop(reader, statement);
    }
    if (reader_take(reader, "SET")) {
        return alter_set(reader, statement);
    }
    if (reader_take(reader, "RENAME TO")) {
        statement->kind = STATEMENT_RENAME_TABLE;
        return reader_table(reader, &statement->other);
    }
    if (reader_take(reader, "TOUCH")) {
        statement->kind = STATEMENT_TOUCH;
        return reader_partitions(reader, PARTITION_CONSTANT, SIZE_MAX, statement);
    }
    if (reader_is(reader, "PARTITION")) {
        return alter_partition(reader, statement);
    }
    if (reader_is(reader, "ENABLE") || reader_is(reader, "DISABLE")) {
        statement->kind =
            reader_is(reader, "ENABLE") ? STATEMENT_ENABLE_LIFECYCLE : STATEMENT_DISABLE_LIFECYCLE;
        reader->at++;
        return reader_expect(reader, "LIFECYCLE");
    }
    return alter_refuse(reader);
}

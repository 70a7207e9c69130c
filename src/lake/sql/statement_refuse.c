// Statements that weir does not run. Those that DuckDB would run and that would change something
// outside of the lake, and those that MaxCompute has, are refused by name, with what to do instead.
#include "base/base.h"

#include "lake/sql/statement_internal.h"

#include "base/text.h"

#define INSTEAD_VIEW "WITH names a query inside a statement; CREATE TABLE ... AS keeps its rows."
#define INSTEAD_FUNCTION "docs/sql.md lists the functions that are there."
#define INSTEAD_RIGHTS "The lake's files have the permissions of the file system."
#define INSTEAD_OUTSIDE "Statements change lake tables, nothing else."
#define INSTEAD_ONE "Each statement is one transaction: it is done whole or not at all."
#define INSTEAD_FILES "Put the files where a query can read them: read_csv('file.csv')."

static const struct {
    const char *words;
    const char *hint;
} REFUSED[] = {
    {"COPY", "weir sql --format csv or json writes a query's rows; INSERT ... SELECT * FROM "
             "read_csv('file') reads them."},
    {"EXPORT", "weir sql --format csv or json writes a query's rows."},
    {"IMPORT", "INSERT ... SELECT * FROM read_csv('file') reads rows."},
    {"ATTACH", "A sync job copies tables of another database into the lake."},
    {"DETACH", INSTEAD_OUTSIDE},
    {"INSTALL", "weir works with what is built in and fetches nothing."},
    {"LOAD", "INSERT ... SELECT * FROM read_csv('file') reads rows."},
    {"UNLOAD", "weir sql --format csv or json writes a query's rows."},
    {"PRAGMA", "--memory and --threads set what may be used."},
    {"CALL", INSTEAD_OUTSIDE},
    {"CHECKPOINT", "weir optimize and weir vacuum care for tables."},
    {"VACUUM", "weir vacuum removes files that no version needs."},
    {"ANALYZE", "Statistics are written with every file: there is nothing to compute."},
    {"BEGIN", INSTEAD_ONE},
    {"START", INSTEAD_ONE},
    {"COMMIT", INSTEAD_ONE},
    {"ROLLBACK", INSTEAD_ONE},
    {"ABORT", INSTEAD_ONE},
    {"PREPARE", "Parameters of a script are written ${name} and set with --param."},
    {"EXECUTE", "Parameters of a script are written ${name} and set with --param."},
    {"DEALLOCATE", "Parameters of a script are written ${name} and set with --param."},
    {"RESET", INSTEAD_OUTSIDE},
    {"USE", "A lake has one set of tables; --lake names another."},
    {"CREATE OR REPLACE TABLE", "DROP TABLE IF EXISTS t; then CREATE TABLE t ...."},
    {"CREATE VIEW", INSTEAD_VIEW},
    {"CREATE OR REPLACE VIEW", INSTEAD_VIEW},
    {"CREATE MATERIALIZED VIEW", INSTEAD_VIEW},
    {"CREATE TEMPORARY", INSTEAD_VIEW},
    {"CREATE TEMP", INSTEAD_VIEW},
    {"CREATE FUNCTION", INSTEAD_FUNCTION},
    {"CREATE OR REPLACE FUNCTION", INSTEAD_FUNCTION},
    {"CREATE SQL FUNCTION", INSTEAD_FUNCTION},
    {"CREATE MACRO", INSTEAD_FUNCTION},
    {"CREATE OR REPLACE MACRO", INSTEAD_FUNCTION},
    {"CREATE SCHEMA", "A lake has one set of tables; --lake names another."},
    {"CREATE DATABASE", "A lake has one set of tables; --lake names another."},
    {"CREATE INDEX", "Files are skipped by their statistics; weir optimize sorts them."},
    {"CREATE UNIQUE INDEX", "Files are skipped by their statistics; weir optimize sorts them."},
    {"CREATE SEQUENCE", "row_number() OVER () numbers rows."},
    {"CREATE TYPE", INSTEAD_FUNCTION},
    {"CREATE SECRET", INSTEAD_OUTSIDE},
    {"CREATE RESOURCE", INSTEAD_FILES},
    {"CREATE ROLE", INSTEAD_RIGHTS},
    {"DROP VIEW", INSTEAD_VIEW},
    {"DROP FUNCTION", INSTEAD_FUNCTION},
    {"DROP SCHEMA", "A lake has one set of tables; --lake names another."},
    {"DROP RESOURCE", INSTEAD_FILES},
    {"ALTER VIEW", INSTEAD_VIEW},
    {"SHOW FUNCTIONS", INSTEAD_FUNCTION},
    {"SHOW VIEWS", INSTEAD_VIEW},
    {"SHOW GRANTS", INSTEAD_RIGHTS},
    {"SHOW INSTANCES", "weir status lists the instances of jobs."},
    {"SHOW P", "weir status lists the instances of jobs."},
    {"SHOW FLAGS", "Flags of MaxCompute (SET odps....) change nothing here."},
    {"SHOW HISTORY", "DESC EXTENDED shows a table's version."},
    {"LIST", INSTEAD_FILES},
    {"GRANT", INSTEAD_RIGHTS},
    {"REVOKE", INSTEAD_RIGHTS},
    {"WHOAMI", INSTEAD_RIGHTS},
    {"ADD", INSTEAD_FILES},
    {"REMOVE", INSTEAD_OUTSIDE},
    {"JAR", INSTEAD_FUNCTION},
    {"PAI", "weir runs SQL only."},
    {"TUNNEL", "A sync job copies tables; weir sql --format csv writes rows."},
    {"READ", "SELECT * FROM t LIMIT 10 shows rows."},
    {"KILL", "Ctrl-C ends the statement that runs."},
    {"STATUS", "weir status lists the instances of jobs."},
    {"WAIT", "weir status lists the instances of jobs."},
    {"COST", "EXPLAIN ANALYZE shows what a query does."},
    {"SETPROJECT", "Settings of the project stand in weir.yaml."},
    {"PURGE", "weir vacuum removes files that no version needs."},
    {"RESTORE", "Earlier versions of a table are read by any reader of Delta tables."},
    {"UNDROP", "A dropped table is gone."},
    {"CLONE", "CREATE TABLE ... AS SELECT copies a table."},
    {"REPAIR", "The log knows every file: there is nothing to find."},
    {"MSCK", "The log knows every file: there is nothing to find."},
    {"OPTIMIZE", "weir optimize joins small files."},
    {"REPLACE", "INSERT OVERWRITE replaces rows; MERGE INTO joins them by a key."},
    {"COMMENT", "ALTER TABLE t SET COMMENT 'text' does it."},
    {"DECLARE", "Parameters of a script are written ${name} and set with --param."},
    {"IF", "A script has no branches: a sql job runs one line of statements."},
    {"LOOP", "A script has no branches: a sql job runs one line of statements."},
};

static const char *const FIRST_WORDS[] = {"SELECT", "INSERT",  "CREATE",   "DROP",     "ALTER",
                                          "WITH",   "FROM",    "VALUES",   "SHOW",     "DESC",
                                          "SET",    "DELETE",  "TRUNCATE", "DESCRIBE", "SUMMARIZE",
                                          "UPDATE", "EXPLAIN", "MERGE",    NULL};

bool statement_refuse(Reader *reader)
{
    const size_t offset = reader_peek(reader, 0)->begin;
    for (size_t i = 0; i < ARRAY_LEN(REFUSED); i++) {
        if (reader_take(reader, REFUSED[i].words)) {
            return reader_fail_unsupported(reader, offset, REFUSED[i].words, REFUSED[i].hint);
        }
    }
    static const struct {
        const char *word;
        const char *expected;
        const char *known[4];
    } SECOND[] = {
        {"CREATE", "TABLE", {"TABLE"}},
        {"DROP", "TABLE", {"TABLE"}},
        {"ALTER", "TABLE", {"TABLE"}},
        {"SHOW", "TABLES, PARTITIONS or CREATE TABLE", {"TABLES", "PARTITIONS", "CREATE"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(SECOND); i++) {
        if (reader_take(reader, SECOND[i].word)) {
            return reader_fail_expected(reader, SECOND[i].expected, SECOND[i].known);
        }
    }
    if (reader_is(reader, "@")) {
        return reader_fail_unsupported(reader, offset, "variables of MaxCompute's script mode",
                                       "WITH names a query inside a statement.");
    }
    return reader_fail_expected(reader, "a statement", FIRST_WORDS);
}

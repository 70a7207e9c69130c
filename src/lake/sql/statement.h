// The statements that users of MaxCompute type: their heads are read here, the queries inside them
// are handed to DuckDB.
//
// sql_parse is pure: text in, statements out; it knows neither tables nor files. What it hands to
// DuckDB (SqlText) is the user's text with MaxCompute's spellings turned into DuckDB's: `name` to
// "name", LATERAL VIEW explode, RLIKE, == and so on (see translate.h).
#pragma once

#include "lake/sql/sql_text.h"
#include "record/schema.h"

typedef enum StatementKind {
    STATEMENT_QUERY,              // query
    STATEMENT_EXPLAIN,            // query; is_extended: EXPLAIN ANALYZE
    STATEMENT_CREATE_TABLE,       // table schema partition_columns comment lifecycle properties
    STATEMENT_CREATE_TABLE_LIKE,  // table other lifecycle
    STATEMENT_CREATE_TABLE_AS,    // table query lifecycle comment partition_columns
    STATEMENT_DROP_TABLE,         // table if_exists
    STATEMENT_ADD_PARTITION,      // table if_not_exists partitions (all OP_EQUAL)
    STATEMENT_DROP_PARTITION,     // table if_exists partitions (any operator)
    STATEMENT_ADD_COLUMNS,        // table if_not_exists schema
    STATEMENT_RENAME_TABLE,       // table other
    STATEMENT_RENAME_PARTITION,   // table partitions[0] -> partitions[1]
    STATEMENT_SET_LIFECYCLE,      // table lifecycle
    STATEMENT_ENABLE_LIFECYCLE,   // table partitions (0 or 1)
    STATEMENT_DISABLE_LIFECYCLE,  // table partitions (0 or 1)
    STATEMENT_TOUCH,              // table partitions (0 or more)
    STATEMENT_SET_COMMENT,        // table comment
    STATEMENT_SET_PROPERTIES,     // table properties
    STATEMENT_INSERT,             // inserts (one; several with FROM ... INSERT ... INSERT ...)
    STATEMENT_TRUNCATE,           // table partitions (0 or more)
    STATEMENT_DELETE,             // table alias condition (may be empty)
    STATEMENT_UPDATE,             // table alias assignments condition (may be empty)
    STATEMENT_MERGE,              // table alias merge
    STATEMENT_SHOW_TABLES,        // like (a pattern with * and |, or NULL)
    STATEMENT_SHOW_PARTITIONS,    // table partitions (0 or 1)
    STATEMENT_SHOW_CREATE_TABLE,  // table
    STATEMENT_DESC,               // table is_extended partitions (0 or 1)
    STATEMENT_SET,                // name and value of MaxCompute's SET odps.x=y: nothing to do here
} StatementKind;

// A table as the user named it.
typedef struct SqlTable {
    char *name;  // without quotes; as typed otherwise
    Span at;
} SqlTable;

typedef enum SqlCompare {
    SQL_EQUAL,
    SQL_NOT_EQUAL,
    SQL_LESS,
    SQL_LESS_EQUAL,
    SQL_GREATER,
    SQL_GREATER_EQUAL,
} SqlCompare;

// One column of a partition specification: ds='20161114', ds >= '20161101', or just ds (dynamic).
typedef struct SqlPart {
    char *column;
    SqlCompare compare;
    char *value;  // the constant's text; NULL where the column is dynamic
    Span at;
} SqlPart;

// PARTITION (ds='20161114', region='cn').
typedef struct SqlPartition {
    SqlPart *parts;  // joined by AND
    size_t count;
    Span at;
} SqlPartition;

typedef struct SqlName {
    char *name;
    Span at;
} SqlName;

// INSERT INTO | OVERWRITE [TABLE] t [PARTITION (...)] [(columns)] query.
typedef struct SqlInsert {
    bool is_overwrite;
    SqlTable table;
    bool has_partition;
    SqlPartition partition;
    SqlName *columns;  // count 0: all, by position
    size_t column_count;
    SqlText query;  // SELECT or VALUES
    Span query_at;
} SqlInsert;

// name = expression
typedef struct SqlAssignment {
    SqlName column;
    SqlText value;
} SqlAssignment;

typedef enum SqlMergeAction { SQL_MERGE_UPDATE, SQL_MERGE_DELETE, SQL_MERGE_INSERT } SqlMergeAction;

// WHEN [NOT] MATCHED [AND condition] THEN ...; INSERT is of NOT MATCHED, the others of MATCHED.
typedef struct SqlMergeClause {
    SqlMergeAction action;
    SqlText condition;           // empty: always
    SqlAssignment *assignments;  // INSERT (columns) VALUES (...): the same; names NULL without a
                                 // column list: by position
    size_t assignment_count;     // 0 with UPDATE or INSERT: all columns by name (UPDATE SET *)
    Span at;
} SqlMergeClause;

typedef struct SqlMerge {
    SqlText source;      // a table's name or a query in parentheses
    char *source_alias;  // a table's own name where none is said
    SqlText on;
    SqlMergeClause *clauses;
    size_t clause_count;
} SqlMerge;

typedef struct SqlProperty {
    char *key;
    char *value;
} SqlProperty;

typedef struct Statement {
    StatementKind kind;
    Span at;  // without comments before and the semicolon after
    SqlTable table;
    SqlTable other;
    bool if_exists, if_not_exists;
    bool is_extended;
    Schema schema;             // columns with types and comments; partition columns last
    char **partition_columns;  // of the schema; owned
    size_t partition_column_count;
    char *comment;       // NULL: none given
    int lifecycle_days;  // 0: none given
    SqlProperty *properties;
    size_t property_count;
    SqlPartition *partitions;
    size_t partition_count;
    SqlInsert *inserts;
    size_t insert_count;
    SqlText query;
    char *alias;  // of DELETE, UPDATE and MERGE's table; NULL: none
    SqlAssignment *assignments;
    size_t assignment_count;
    SqlText condition;
    SqlMerge merge;
    char *like;
    char *name, *value;  // SET
} Statement;

typedef struct Script {
    char *name;  // a file's, for messages; NULL: typed
    char *text;
    Statement *statements;
    size_t count;
} Script;

// Reads a script of statements that semicolons part; comments are -- and /* */. The first mistake
// is FAIL_CONFIG with its line and column; what MaxCompute has and weir has not is named as such.
bool sql_parse(const char *name, const char *text, size_t len, Script **ret_script, Err *err)
    MUST_CHECK;
void script_free(Script *script);
// "INSERT OVERWRITE", "CREATE TABLE" ...: for messages.
const char *statement_kind_name(StatementKind kind);

// Whether the text ends inside a statement: no semicolon at the end, or an open quote, parenthesis
// or comment. For a prompt that asks for more lines.
bool sql_is_incomplete(const char *text, size_t len);

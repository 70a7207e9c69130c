// What the files of this folder share: servers, and relations (a table, a view or a query of one
// server) with what is known of their columns and indexes.
#pragma once

#include "job/job.h"
#include "record/schema.h"
#include "source/mysql/connect.h"
#include "source/mysql/decode.h"

// A datasource of the job, connected once for questions; readers have connections of their own.
typedef struct Server {
    const Datasource *datasource;
    Conn *control;
    char *zone;          // of its sessions
    char *zone_warning;  // or NULL
    bool zone_changes;   // its clock is set back once in a while
    char *identity;      // of the server behind the control connection, as session_identify tells
    uint64_t id;         // of the control connection
} Server;

// A column as information_schema tells it.
typedef struct ColumnInfo {
    char *name;
    char *data_type;    // "bigint"
    char *column_type;  // "bigint(20) unsigned"
    char *charset;      // NULL where it has none
    char *collation;
    char *comment;
    bool is_nullable;
} ColumnInfo;

typedef struct IndexInfo {
    char *name;
    bool is_unique;
    bool is_usable;   // an ordered index of whole columns that the optimizer may use
    size_t *columns;  // indexes in Relation.infos
    size_t column_count;
} IndexInfo;

typedef struct Relation {
    Server *server;
    const SourceSpec *spec;
    char *database, *table;   // NULL for a query
    char *name;               // "shop.oplog" or "query"; for people
    char *from;               // SQL that stands after FROM
    bool is_base_table;       // neither a view nor a query
    bool is_transactional;    // its engine's snapshots are known to hold: InnoDB
    char *engine;             // NULL for views and queries
    uint64_t rows_estimated;  // by the server; 0 where unknown
    uint64_t row_bytes_estimated;
    ColumnInfo *infos;  // all columns of the table, none for a query
    size_t info_count;
    IndexInfo *indexes;
    size_t index_count;
    char *condition;    // where and window, "" for all rows
    char *select_list;  // NULL: the query runs as it stands
    char *inner_list;   // NULL, or the columns of a subquery "weir_rows" that select_list reads
    bool has_local_instants;  // TIMESTAMPs that are no columns of a base table: MySQL gives them
                              // through local time
    Schema schema;
    char *probe;        // the statement that gives all rows, as the columns were learned from it
    ConnField *probed;  // what it gave, schema.count of them; their names are owned
} Relation;

void relation_done(Relation *relation);
size_t relation_find_info(const Relation *relation, const char *column);  // SIZE_MAX where unknown
// "Did you mean ...?" as the error's hint, where a column's name is near to `name`.
void relation_hint_nearest(const Relation *relation, const char *name, Err *err);

// SELECT ... of the rows that also fulfil `predicate` ("" for all), reading through the index
// (NULL: the server's choice).
void relation_select(const Relation *relation, const char *predicate, const char *index, Buf *sql);

// tables.c: the relations of one source of the job. Tables are listed, patterns expanded; each
// exists. Appends.
bool tables_expand(Server *server, const SourceSpec *spec, Relation **relations, size_t *count,
                   Err *err) MUST_CHECK;
// "t_[0-99]" -> t_0 .. t_99, "t_[00-99]" -> t_00 .. t_99, several brackets multiply; anything else
// gives itself. The list ends with NULL; free each and the array.
#define TABLES_PATTERN_MAX 10000
bool tables_expand_ranges(const char *pattern, char ***ret_names, Err *err) MUST_CHECK;
// Does the name fit `*` (any text) and `?` (one character)?
bool tables_match(const char *pattern, const char *name);
// "db.table", "`a.b`.`c`", "table" into its parts (owned); *ret_database NULL where none is named.
bool tables_split_name(const char *text, char **ret_database, char **ret_table, bool *ret_is_quoted,
                       Err *err) MUST_CHECK;

// column_type.c: the type that a column of a result becomes. TIMESTAMP becomes INSTANT, which is
// then asked for as UNIX_TIMESTAMP(column).
Type column_type(const ConnField *field, ZeroDates zero_dates);
// How cells of `type` lie in the rows of a result whose column is `field`; false where the column
// is not what column_type was asked about (the table was changed since).
bool column_plan(const ConnField *field, Type type, ZeroDates zero_dates, DecodeColumn *ret_column)
    MUST_CHECK;

// columns.c: fills infos, indexes, schema and the select list.
bool columns_learn(Relation *relation, const Job *job, Err *err) MUST_CHECK;
// An error about SQL that was right when the run was planned: the structure changed since, and the
// run can be started over.
void columns_note_change(Err *err);
// Fails, retriable, where the columns are no longer those that were learned.
bool columns_check(const Relation *relation, Conn *conn, Err *err) MUST_CHECK;
// Fails where `other` has not the same columns as `first`; its nullability and types join the
// first's.
bool columns_unify(Relation *first, const Relation *other, Err *err) MUST_CHECK;

// condition.c: where and the window of the business date, as SQL.
typedef enum WindowKind { WINDOW_NONE, WINDOW_DATE, WINDOW_DATETIME, WINDOW_TIMESTAMP } WindowKind;
WindowKind window_kind(const char *data_type);
void window_add(Buf *sql, const char *column, WindowKind kind, const Job *job);
bool condition_build(Relation *relation, const Job *job, Err *err) MUST_CHECK;

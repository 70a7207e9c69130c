// What UPDATE, DELETE and MERGE share: the target as a view with the place of each row, which of
// its files have rows to change, and writing those files anew, a partition at a time.
#pragma once

#include "lake/partition_list.h"
#include "lake/rewrite.h"
#include "run/script_internal.h"

typedef struct Change {
    const Run *run;
    SessionTable *seen;
    const char *alias;  // of the target in the statement
    PartitionList partitions;
    Rewrite *rewrite;
    uint64_t *matched;  // one a file: how many of its rows are to be changed
    bool has_pairs;     // a row stands against several of the source
    uint64_t written;   // rows
    bool in_transaction;
} Change;

// The names of views of the target: all its files with the place of each row, and those that are
// being written anew, without.
#define CHANGE_ALL "\"weir target\""
#define CHANGE_TOUCHED "\"weir touched\""

bool change_begin(const Run *run, Change *ret_change, Err *err) MUST_CHECK;
void change_done(Change *change);

// Makes CHANGE_ALL: the target's files, but for those that the query's conditions exclude.
bool change_show(const Change *change, const SqlText *sql, Err *err) MUST_CHECK;
// Runs a query on CHANGE_ALL, which it makes, whose columns are: a file's index, the number of its
// rows that are to be changed, how many rows at most change one of them (more than one is an
// error), how many at most stand against one of them, and 1 where one would move to another
// partition (an error), else 0.
bool change_find(Change *change, const SqlText *sql, Err *err) MUST_CHECK;
uint64_t change_matched(const Change *change);  // over all files

// Writes the files that have matches anew. `sql` is a query for the columns of files from
// CHANGE_TOUCHED, which shows the place of each row where it has_pairs. With drops_matched the
// query leaves out what matches, so that files of which every row does need not be read.
bool change_write(Change *change, const SqlText *sql, bool drops_matched, Err *err) MUST_CHECK;

// Publishes and says what was done; nothing where no row changed.
bool change_commit(Change *change, const char *operation, const char *note, uint64_t rows, Err *err)
    MUST_CHECK;

// The assignment to a column, without regard to case; NULL where there is none.
const SqlAssignment *change_find_assignment(const SqlAssignment *assignments, size_t count,
                                            const char *column);

// --- SQL text -----

void change_add(SqlText *out, const char *text);  // that stands for nothing in the script

// "alias"."column" of the target.
void change_add_column(const Change *change, const char *column, SqlText *out);
// (value), cast to the type.
void change_add_cast(const SqlText *value, Type type, SqlText *out);
// The field of a column that the statement assigns to.
bool change_field(const Change *change, const SqlName *column, const Field **ret_field, Err *err)
    MUST_CHECK;
void change_add_name(const char *name, SqlText *out);  // "name"

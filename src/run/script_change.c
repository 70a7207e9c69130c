// DELETE and UPDATE.
#include "base/base.h"

#include <stdio.h>

#include "run/change.h"

#include "base/text.h"

static void add_condition(const Statement *statement, SqlText *sql)
{
    if (sql_text_is_empty(&statement->condition)) {
        change_add(sql, "(true)");
        return;
    }
    change_add(sql, "(\n");
    sql_text_add_text(sql, &statement->condition);
    change_add(sql, "\n)");
}

// Which files have rows that the condition takes, and how many.
static bool find_matches(Change *change, Err *err)
{
    CLEANUP(sql_text_done) SqlText sql = {0};
    change_add(&sql, "SELECT \"weir file\", count(*), 1, 1, 0 FROM " CHANGE_ALL " AS ");
    change_add_name(change->alias, &sql);
    change_add(&sql, " WHERE ");
    add_condition(change->run->statement, &sql);
    change_add(&sql, " GROUP BY 1");
    return change_find(change, &sql, err);
}

static bool delete_rows(Change *change, Err *err)
{
    CLEANUP(sql_text_done) SqlText sql = {0};
    const Schema *columns = rewrite_columns(change->rewrite);
    for (size_t i = 0; i < columns->count; i++) {
        change_add(&sql, i == 0 ? "SELECT " : ", ");
        change_add_column(change, columns->fields[i].name, &sql);
    }
    change_add(&sql, " FROM " CHANGE_TOUCHED " AS ");
    change_add_name(change->alias, &sql);
    change_add(&sql, " WHERE ");
    add_condition(change->run->statement, &sql);
    change_add(&sql, " IS NOT TRUE");
    return change_write(change, &sql, /* drops_matched= */ true, err);
}

static const char *count_rows(uint64_t rows, char *space, size_t size)
{
    char number[TEXT_NUMBER_SIZE];
    (void)snprintf(space, size, "%s row%s", text_count(rows, number), rows == 1 ? "" : "s");
    return space;
}

bool run_delete(const Run *run, Err *err)
{
    Change change = {0};
    if (!change_begin(run, &change, err)) {
        return false;
    }
    bool done = find_matches(&change, err);
    const uint64_t rows = done ? change_matched(&change) : 0;
    char note[64];
    done = done && delete_rows(&change, err)
           && change_commit(&change, "DELETE", count_rows(rows, note, sizeof(note)), rows, err);
    change_done(&change);
    return done;
}

// --- UPDATE ---------------------------------------------------------------------------------------------

static bool check_assignments(const Change *change, Err *err)
{
    const Statement *statement = change->run->statement;
    for (size_t i = 0; i < statement->assignment_count; i++) {
        const SqlName *column = &statement->assignments[i].column;
        const Field *field = NULL;
        if (!change_field(change, column, &field, err)) {
            return false;
        }
        if (delta_partition_column(change->seen->table, field->name) != SIZE_MAX) {
            (void)run_fail(
                change->run, column->at, err,
                "UPDATE cannot move rows to another partition: \"%s\" partitions the table",
                field->name);
            return fail_hint(err,
                             "Insert the rows into the other partition, then delete them here.");
        }
        if (change_find_assignment(statement->assignments, statement->assignment_count,
                                   column->name)
            != &statement->assignments[i]) {
            return run_fail(change->run, column->at, err, "column \"%s\" is set twice",
                            column->name);
        }
    }
    return true;
}

// The condition is computed once a row, below the assignments that ask for it.
static bool update_rows(Change *change, Err *err)
{
    const Statement *statement = change->run->statement;
    CLEANUP(sql_text_done) SqlText sql = {0};
    const Schema *columns = rewrite_columns(change->rewrite);
    for (size_t i = 0; i < columns->count; i++) {
        const Field *field = &columns->fields[i];
        const SqlAssignment *assignment = change_find_assignment(
            statement->assignments, statement->assignment_count, field->name);
        change_add(&sql, i == 0 ? "SELECT " : ", ");
        if (assignment != NULL) {
            change_add(&sql, "CASE WHEN \"weir match\" THEN ");
            change_add_cast(&assignment->value, field->type, &sql);
            change_add(&sql, " ELSE ");
        }
        change_add_column(change, field->name, &sql);
        change_add(&sql, assignment != NULL ? " END" : "");
    }
    change_add(&sql, " FROM (SELECT *, coalesce(");
    add_condition(statement, &sql);
    change_add(&sql, ", false) AS \"weir match\" FROM " CHANGE_TOUCHED " AS ");
    change_add_name(change->alias, &sql);
    change_add(&sql, ") AS ");
    change_add_name(change->alias, &sql);
    return change_write(change, &sql, /* drops_matched= */ false, err);
}

bool run_update(const Run *run, Err *err)
{
    Change change = {0};
    if (!change_begin(run, &change, err)) {
        return false;
    }
    bool done = check_assignments(&change, err) && find_matches(&change, err);
    const uint64_t rows = done ? change_matched(&change) : 0;
    char note[64];
    done = done && update_rows(&change, err)
           && change_commit(&change, "UPDATE", count_rows(rows, note, sizeof(note)), rows, err);
    change_done(&change);
    return done;
}

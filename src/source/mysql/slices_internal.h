// What cutting slices (slices.c) and choosing the index to cut by (slices_index.c) share.
#pragma once

#include "source/mysql/keys.h"
#include "source/mysql/slices.h"

typedef struct Cell {
    KeyBound low, high;
    KeyBound prefix;  // constants of the columns before `depth`, each the only value in the cell
    size_t depth;     // the column that cuts this cell
    uint64_t rows;
    bool is_counted;       // `rows` is the server's estimate
    unsigned futile;       // how often cutting took away next to nothing
    uint64_t rows_before;  // of the cell it was cut from
    bool is_final;         // cannot be cut
} Cell;

typedef struct Planner {
    const Relation *relation;
    Conn *conn;
    const IndexInfo *index;
    KeyColumn columns[KEY_COLUMNS_MAX];
    char *names[KEY_COLUMNS_MAX];
    size_t column_count;
    const char *condition;  // restricts the index's range itself; or ""
    bool is_forced;         // readers must use the index
    uint64_t rows;          // estimate of all
    bool is_at_most;        // `rows` does not know the job's condition
    uint64_t slices_wanted;
    uint64_t rows_min;    // of a slice: fewer are not worth a statement of their own
    uint64_t rows_ideal;  // of a slice
    Cell *cells;
    size_t cell_count;
} Planner;

// Chooses the index, sets its columns and the estimate of all rows; planner->index stays NULL where
// there is none to cut by.
bool slices_choose_index(Planner *planner, Err *err) MUST_CHECK;
// An estimate of rows as EXPLAIN prints it; 0 where it is none.
uint64_t slices_parse_count(const char *text);
// "EXPLAIN ", in the dialect whose answer is a table.
const char *slices_explain(const Planner *planner);

// Takes the index's leading columns that can be cut; false where there are none.
bool slices_use_index(Planner *planner, const IndexInfo *index);
void slices_planner_done(Planner *planner);
void slices_add(SliceList *list, const Slice *slice);  // copies

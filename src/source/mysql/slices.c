// How slices are found: the key's space is cut into cells, the server is asked how many rows lie in
// each (EXPLAIN: it looks into the index, reads no rows), and cells with too many rows are cut
// again. At the end neighbours are put together to slices of about one size. So gaps, skew and one
// hot range cost a few more rounds and never a slow slice; a round is two statements for all cells
// at once, whatever their number:
//   1. where do the rows of the large cells begin and end (first and last key, which jumps over
//   gaps), and
//   2. how many rows are in each of the parts they were cut into.
// A cell whose rows all have one value in the index's first column is cut by the next column.
//
// Whatever the estimates are, no row is lost or doubled: slices lie between neighbouring bounds of
// one growing list, the first and the last are open, and the same server compares the same
// constants for both sides of a bound. For texts, whose order is the collation's, the server is
// asked to confirm that the list grows; bounds that do not are dropped.
#include "source/mysql/slices.h"

#include "base/text.h"
#include "source/mysql/slices_internal.h"

#define ROUNDS_MAX 24
#define CELLS_CUT_MAX 16  // large cells cut in one round
#define CELLS_MAX 4096
#define CELLS_COUNTED_MAX 128  // asked about in one statement
#define TEXT_GUESSES_MIN 48
#define FUTILE_MAX 10      // enough to find one row in 2^63
#define FUTILE_TEXT_MAX 4  // a collation whose order is not understood

static void cell_done(Cell *cell)
{
    key_bound_done(&cell->low);
    key_bound_done(&cell->high);
    key_bound_done(&cell->prefix);
}

void slices_planner_done(Planner *planner)
{
    for (size_t i = 0; i < planner->cell_count; i++) {
        cell_done(&planner->cells[i]);
    }
    free(planner->cells);
    for (size_t i = 0; i < KEY_COLUMNS_MAX; i++) {
        free(planner->names[i]);
    }
}

void slice_list_done(SliceList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].predicate);
        key_bound_done(&list->items[i].low);
        key_bound_done(&list->items[i].high);
    }
    free(list->items);
    buf_done(&list->warnings);
    buf_done(&list->remarks);
    *list = (SliceList){0};
}

void slices_add(SliceList *list, const Slice *slice)
{
    list->items = mem_grow(list->items, (list->count + 1) * sizeof *list->items);
    Slice *added = &list->items[list->count++];
    *added = *slice;
    added->predicate = mem_copy_text(slice->predicate);
    added->low = key_bound_copy(&slice->low);
    added->high = key_bound_copy(&slice->high);
}

// --- asking the server ----------------------------------------------------------------------------------------------------

static void add_from(const Planner *planner, const Cell *cell, bool only_set, Buf *sql)
{
    buf_add_format(sql, " FROM %s FORCE INDEX (", planner->relation->from);
    sql_add_name(sql, planner->index->name);
    buf_add_char(sql, ')');
    CLEANUP(buf_done) Buf range = {0};
    key_add_range(planner->columns, &cell->low, &cell->high, &range);
    const char *parts[3] = {planner->condition, buf_text(&range), ""};
    CLEANUP(buf_done) Buf not_null = {0};
    if (only_set && planner->columns[cell->depth].is_nullable) {
        buf_add_format(&not_null, "%s IS NOT NULL", planner->columns[cell->depth].name);
        parts[2] = buf_text(&not_null);
    }
    const char *word = " WHERE ";
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (*parts[i] != '\0') {
            buf_add_format(sql, "%s(%s)", word, parts[i]);
            word = " AND ";
        }
    }
}

static void add_order(const Planner *planner, size_t depth, const char *direction, Buf *sql)
{
    buf_add_text(sql, " ORDER BY ");
    for (size_t i = 0; i <= depth; i++) {
        buf_add_format(sql, "%s%s%s", i == 0 ? "" : ", ", planner->columns[i].name, direction);
    }
}

typedef struct Extent {
    KeyPoint first, last;
    bool has_first, has_last;
} Extent;

static void extents_done(Extent *extents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        key_point_done(&extents[i].first);
        key_point_done(&extents[i].last);
    }
}

// The first and last key of each cell, in one statement.
static bool ask_extents(const Planner *planner, Cell *const *cells, size_t count, Extent *extents,
                        Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    for (size_t i = 0; i < 2 * count; i++) {
        const Cell *cell = cells[i / 2];
        buf_add_format(&sql, "%s(SELECT %zu, ", i == 0 ? "" : " UNION ALL ", i);
        key_add_fetch(&planner->columns[cell->depth], &sql);
        add_from(planner, cell, /* only_set= */ true, &sql);
        add_order(planner, cell->depth, i % 2 == 0 ? "" : " DESC", &sql);
        buf_add_text(&sql, " LIMIT 1)");
    }
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(planner->conn, buf_text(&sql), &rows, err)) {
        return false;
    }
    for (size_t r = 0; r < rows.row_count; r++) {
        int64_t i = 0;
        const char *text = conn_cell(&rows, r, 1);
        if (text == NULL
            || !text_parse_int(conn_cell(&rows, r, 0), 0, (int64_t)(2 * count - 1), &i)) {
            continue;
        }
        Extent *extent = &extents[i / 2];
        const KeyColumn *column = &planner->columns[cells[i / 2]->depth];
        bool *has = i % 2 == 0 ? &extent->has_first : &extent->has_last;
        *has = key_parse(column, text, i % 2 == 0 ? &extent->first : &extent->last);
    }
    return true;
}

// The server's estimate of each cell's rows.
static bool ask_rows(const Planner *planner, Cell *const *cells, size_t count, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, slices_explain(planner));
    for (size_t i = 0; i < count; i++) {
        buf_add_format(&sql, "%s(SELECT 1", i == 0 ? "" : " UNION ALL ");
        add_from(planner, cells[i], /* only_set= */ false, &sql);
        // With an order MySQL looks into the index also where it was told which one to take.
        add_order(planner, 0, "", &sql);
        buf_add_text(&sql, " LIMIT 9223372036854775807)");
        cells[i]->rows = 0;
        cells[i]->is_counted = true;
    }
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(planner->conn, buf_text(&sql), &rows, err)) {
        return false;
    }
    const size_t id = conn_rows_find(&rows, "id");
    const size_t estimate = conn_rows_find(&rows, "rows");
    for (size_t r = 0; r < rows.row_count && id != SIZE_MAX && estimate != SIZE_MAX; r++) {
        int64_t n = 0;
        if (conn_cell(&rows, r, id) != NULL
            && text_parse_int(conn_cell(&rows, r, id), 1, (int64_t)count, &n)) {
            cells[n - 1]->rows = slices_parse_count(conn_cell(&rows, r, estimate));
        }
    }
    return true;
}

static void note_progress(const Planner *planner, Cell *cell)
{
    const KeyKind kind = planner->columns[cell->depth].kind;
    const unsigned futile_max = kind == KEY_TEXT ? FUTILE_TEXT_MAX : FUTILE_MAX;
    cell->futile = cell->rows < cell->rows_before - cell->rows_before / 4 ? 0 : cell->futile + 1;
    cell->is_final = cell->futile > futile_max;
}

// Asks about all cells that are new.
static bool count_cells(Planner *planner, Err *err)
{
    Cell *cells[CELLS_COUNTED_MAX];
    for (size_t at = 0; at < planner->cell_count;) {
        size_t count = 0;
        for (; at < planner->cell_count && count < CELLS_COUNTED_MAX; at++) {
            if (!planner->cells[at].is_counted) {
                cells[count++] = &planner->cells[at];
            }
        }
        if (count > 0 && !ask_rows(planner, cells, count, err)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            note_progress(planner, cells[i]);
        }
    }
    return true;
}

// The size of a slice follows from the sum of the cells: estimates of parts may add up to twice the
// estimate of the whole.
static void set_ideal(Planner *planner)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < planner->cell_count; i++) {
        rows += planner->cells[i].rows;
    }
    const uint64_t ideal = rows / planner->slices_wanted;
    planner->rows_ideal = ideal < planner->rows_min ? planner->rows_min : ideal;
}

// --- cutting --------------------------------------------------------------------------------------------------------------

static void bound_add_literal(KeyBound *bound, const KeyColumn *column, const KeyPoint *point)
{
    CLEANUP(buf_done) Buf sql = {0};
    key_add_literal(column, point, &sql);
    bound->parts[bound->count++] = buf_take(&sql);
}

static void points_done(KeyPoint *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        key_point_done(&points[i]);
    }
}

// Puts the first keys at or after guessed points in their place, in the server's order, each once
// and all inside the cell.
static bool snap_points(const Planner *planner, const Cell *cell, const Extent *extent,
                        KeyPoint *points, size_t *count, Err *err)
{
    const KeyColumn *column = &planner->columns[cell->depth];
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "SELECT ");
    key_add_fetch(column, &sql);
    buf_add_text(&sql, " FROM (");
    for (size_t i = 0; i < *count; i++) {
        buf_add_format(&sql, "%s(SELECT %s", i == 0 ? "" : " UNION ", column->name);
        add_from(planner, cell, /* only_set= */ true, &sql);
        buf_add_format(&sql, "%s%s >= ",
                       cell->low.count + cell->high.count > 0 || *planner->condition != '\0'
                               || column->is_nullable
                           ? " AND "
                           : " WHERE ",
                       column->name);
        key_add_literal(column, &points[i], &sql);
        add_order(planner, cell->depth, "", &sql);
        buf_add_text(&sql, " LIMIT 1)");
    }
    buf_add_format(&sql, ") AS weir_points ORDER BY %s", column->name);
    points_done(points, *count);
    *count = 0;
    CLEANUP(conn_rows_done) ConnRows rows = {0};
    if (!conn_rows(planner->conn, buf_text(&sql), &rows, err)) {
        return false;
    }
    for (size_t i = 0; i < rows.row_count && *count < KEY_PIECES_MAX; i++) {
        KeyPoint point = {0};
        const char *text = conn_cell(&rows, i, 0);
        if (text != NULL && key_parse(column, text, &point)) {
            if (key_point_equal(&point, &extent->first)) {
                key_point_done(&point);
            } else {
                points[(*count)++] = point;
            }
        }
    }
    return true;
}

// The parts of a cell between its bounds and the points. Appends to *parts.
static bool cut_cell(const Planner *planner, Cell *cell, const Extent *extent, Cell **parts,
                     size_t *part_count, Err *err)
{
    const KeyColumn *column = &planner->columns[cell->depth];
    const bool has_rows = extent->has_first && extent->has_last;
    KeyPoint points[KEY_PIECES_MAX];
    size_t point_count = 0;
    if (!has_rows) {
        cell->is_final = true;
        cell->rows = 0;  // estimates of empty ranges may be large
    } else if (key_point_equal(&extent->first, &extent->last)) {
        // One value only: go on with the next column.
        cell->is_final = cell->depth + 1 >= planner->column_count;
        if (!cell->is_final) {
            bound_add_literal(&cell->prefix, column, &extent->first);
            cell->depth++;
        }
    } else {
        uint64_t pieces = 2 * ((cell->rows + planner->rows_ideal - 1) / planner->rows_ideal);
        pieces = column->kind == KEY_TEXT && pieces < TEXT_GUESSES_MIN ? TEXT_GUESSES_MIN : pieces;
        point_count = key_cut(column, &extent->first, &extent->last,
                              pieces > KEY_PIECES_MAX ? KEY_PIECES_MAX : (size_t)pieces, points);
        if (column->kind == KEY_TEXT && point_count > 0
            && !snap_points(planner, cell, extent, points, &point_count, err)) {
            return false;
        }
        cell->is_final = point_count == 0;
    }
    *parts = mem_grow(*parts, (*part_count + point_count + 1) * sizeof **parts);
    KeyBound low = cell->low;
    for (size_t i = 0; i < point_count; i++) {
        KeyBound high = key_bound_copy(&cell->prefix);
        bound_add_literal(&high, column, &points[i]);
        (*parts)[(*part_count)++] = (Cell){.low = low,
                                           .high = high,
                                           .prefix = key_bound_copy(&cell->prefix),
                                           .depth = cell->depth,
                                           .futile = cell->futile,
                                           .rows_before = cell->rows};
        low = key_bound_copy(&high);
        key_point_done(&points[i]);
    }
    (*parts)[(*part_count)++] = (Cell){.low = low,
                                       .high = cell->high,
                                       .prefix = cell->prefix,
                                       .depth = cell->depth,
                                       .rows = cell->rows,
                                       .is_counted = point_count == 0,
                                       .futile = cell->futile,
                                       .rows_before = cell->rows,
                                       .is_final = cell->is_final};
    *cell = (Cell){0};
    return true;
}

// Puts `parts` in the place of cell `at`; takes them over.
static void replace_cell(Planner *planner, size_t at, const Cell *parts, size_t part_count)
{
    planner->cells =
        mem_grow(planner->cells, (planner->cell_count + part_count) * sizeof *planner->cells);
    memmove(&planner->cells[at + part_count], &planner->cells[at + 1],
            (planner->cell_count - at - 1) * sizeof *planner->cells);
    memcpy(&planner->cells[at], parts, part_count * sizeof *parts);
    planner->cell_count += part_count - 1;
}

static bool is_large(const Planner *planner, const Cell *cell)
{
    return !cell->is_final && cell->rows > planner->rows_ideal + planner->rows_ideal / 4;
}

// One round: the first CELLS_CUT_MAX large cells are cut. *ret_done where there are none.
static bool cut_round(Planner *planner, bool *ret_done, Err *err)
{
    set_ideal(planner);
    Cell *large[CELLS_CUT_MAX];
    size_t at[CELLS_CUT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < planner->cell_count && count < CELLS_CUT_MAX; i++) {
        if (is_large(planner, &planner->cells[i])) {
            at[count] = i;
            large[count++] = &planner->cells[i];
        }
    }
    *ret_done = count == 0 || planner->cell_count > CELLS_MAX;
    if (*ret_done) {
        return true;
    }
    Extent extents[CELLS_CUT_MAX] = {0};
    bool done = ask_extents(planner, large, count, extents, err);
    for (size_t i = count; done && i-- > 0;) {
        Cell *parts = NULL;
        size_t part_count = 0;
        done = cut_cell(planner, &planner->cells[at[i]], &extents[i], &parts, &part_count, err);
        if (done) {
            replace_cell(planner, at[i], parts, part_count);
        }
        free(parts);
    }
    extents_done(extents, count);
    return done && count_cells(planner, err);
}

// Asks the server whether the bounds between the cells grow, and joins cells where one does not.
static bool confirm_order(Planner *planner, Err *err)
{
    bool needs_asking = false;
    for (size_t i = 0; i < planner->column_count; i++) {
        // Of dates too: one like 2016-11-00 is a point as the first that exists, which may be the
        // next bound.
        needs_asking =
            needs_asking
            || (planner->columns[i].kind != KEY_INT && planner->columns[i].kind != KEY_DECIMAL);
    }
    while (needs_asking && planner->cell_count > 2) {
        CLEANUP(buf_done) Buf sql = {0};
        for (size_t i = 1; i + 1 < planner->cell_count; i++) {
            buf_add_text(&sql, i == 1 ? "SELECT " : ", ");
            key_add_less(&planner->cells[i].low, &planner->cells[i].high, &sql);
        }
        CLEANUP(conn_rows_done) ConnRows rows = {0};
        if (!conn_rows(planner->conn, buf_text(&sql), &rows, err)) {
            return false;
        }
        size_t kept = 1;
        bool grows = true;
        for (size_t i = 1; i < planner->cell_count; i++) {
            // Cell i begins with the bound that must come after the one cell i-1 begins with.
            const bool in_order = i == 1 || text_equal(conn_cell(&rows, 0, i - 2), "1");
            if (in_order || !grows) {
                planner->cells[kept++] = planner->cells[i];
                continue;
            }
            grows = false;  // one at a time: what follows is compared anew
            Cell *before = &planner->cells[kept - 1];
            key_bound_done(&before->high);
            before->high = planner->cells[i].high;
            before->rows += planner->cells[i].rows;
            key_bound_done(&planner->cells[i].low);
            key_bound_done(&planner->cells[i].prefix);
        }
        planner->cell_count = kept;
        if (grows) {
            break;
        }
    }
    return true;
}

static void cells_to_slices(Planner *planner, SliceList *list)
{
    const char *index = planner->is_forced ? planner->index->name : NULL;
    uint64_t sum = 0;
    for (size_t i = 0; i < planner->cell_count; i++) {
        sum += planner->cells[i].rows;
    }
    const double share = sum == 0 ? 0 : (double)planner->rows / (double)sum;
    uint64_t rows = 0;
    const KeyBound *low = &planner->cells[0].low;
    for (size_t i = 0; i < planner->cell_count; i++) {
        const Cell *cell = &planner->cells[i];
        rows += cell->rows;
        const bool is_last = i + 1 == planner->cell_count;
        if (!is_last
            && rows + planner->cells[i + 1].rows <= planner->rows_ideal + planner->rows_ideal / 4) {
            continue;
        }
        CLEANUP(buf_done) Buf range = {0};
        key_add_range(planner->columns, low, &cell->high, &range);
        CLEANUP(mem_free_text) char *predicate = mem_copy_text(buf_text(&range));
        slices_add(list, &(Slice){.relation = planner->relation,
                                  .predicate = predicate,
                                  .index = index,
                                  .rows = (uint64_t)((double)rows * share),
                                  .is_at_most = planner->is_at_most,
                                  .by = planner->index,
                                  .low = *low,
                                  .high = cell->high});
        low = &cell->high;
        rows = 0;
    }
}

// Rows of many bytes make a slice worthwhile sooner.
static uint64_t rows_min(const Relation *relation)
{
    const uint64_t bytes = relation->row_bytes_estimated;
    const uint64_t rows = bytes == 0 ? SLICE_ROWS_MIN : SLICE_BYTES_MIN / bytes;
    return rows < 1 ? 1 : rows > SLICE_ROWS_MIN ? SLICE_ROWS_MIN : rows;
}

// Why the relation is one slice although there are several readers.
static void note_one_slice(const Relation *relation, const Planner *planner, SliceList *list)
{
    if (!relation->is_base_table) {
        buf_add_format(&list->remarks, "%s%s is read in one piece by one connection\n",
                       relation->table == NULL ? "the " : "view ", relation->name);
    } else if (!relation->is_transactional) {
        return;  // the warning about its engine says it
    } else if (planner->rows < 2 * planner->rows_min) {
        buf_add_format(&list->remarks, "the rows %sof %s are too few to be worth several slices\n",
                       *relation->condition == '\0' ? "" : "wanted ", relation->name);
    } else {
        const bool is_large = relation->rows_estimated > 10 * planner->rows_min;
        buf_add_format(is_large ? &list->warnings : &list->remarks,
                       "%s has no key that slices can be cut by and is read by one connection\n",
                       relation->name);
    }
}

bool slices_plan(const Relation *relation, int threads, SliceList *list, Err *err)
{
    return slices_plan_count(relation, threads < 2 ? 1 : (uint64_t)threads * SLICES_PER_THREAD,
                             list, err);
}

bool slices_plan_count(const Relation *relation, uint64_t wanted, SliceList *list, Err *err)
{
    CLEANUP(slices_planner_done)
    Planner planner = {.relation = relation, .conn = relation->server->control, .condition = ""};
    const bool can_cut = relation->is_base_table && relation->is_transactional;
    if (!can_cut && relation->spec->split != NULL) {
        (void)fail(err, FAIL_CONFIG, "split: %s is %s and is read in one piece", relation->name,
                   relation->table == NULL   ? "a query"
                   : relation->is_base_table ? "of an engine other than InnoDB"
                                             : "a view");
        return fail_hint(err, "Leave `split` out.");
    }
    planner.rows_min = rows_min(relation);
    if (can_cut && !slices_choose_index(&planner, err)) {
        return false;
    }
    if (!can_cut) {
        planner.rows = relation->rows_estimated;
        planner.is_at_most = *relation->condition != '\0';
    }
    if (wanted < 2 || planner.index == NULL || planner.rows < 2 * planner.rows_min) {
        if (wanted > 1) {
            note_one_slice(relation, &planner, list);
        }
        char whole[] = "";
        slices_add(list, &(Slice){.relation = relation,
                                  .predicate = whole,
                                  .rows = planner.rows,
                                  .is_at_most = planner.is_at_most});
        return true;
    }
    planner.slices_wanted = wanted;
    if (!planner.is_at_most && *relation->condition != '\0'
        && planner.rows / planner.rows_min < planner.slices_wanted) {
        // The key may be cut without the condition, so its cells would look full.
        planner.slices_wanted = planner.rows / planner.rows_min;
    }
    planner.cells = mem_alloc(sizeof *planner.cells);
    planner.cell_count = 1;
    planner.cells[0].rows = planner.rows;
    planner.cells[0].is_counted = true;
    bool is_done = false;
    for (int round = 0; round < ROUNDS_MAX && !is_done; round++) {
        if (!cut_round(&planner, &is_done, err)) {
            return err_context(err, "cutting %s into slices", relation->name);
        }
    }
    if (!confirm_order(&planner, err)) {
        return err_context(err, "cutting %s into slices", relation->name);
    }
    cells_to_slices(&planner, list);
    return true;
}

void slices_sort(SliceList *list)
{
    // A few hundred at most, and a stable sort is wanted.
    for (size_t i = 1; i < list->count; i++) {
        const Slice slice = list->items[i];
        size_t at = i;
        for (; at > 0 && list->items[at - 1].rows < slice.rows; at--) {
            list->items[at] = list->items[at - 1];
        }
        list->items[at] = slice;
    }
}

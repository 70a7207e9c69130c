// Statements about partitions: adding and dropping them, emptying, renaming, and their lifecycle.
//
// Delta knows no partition without files, so one that is added or emptied has a file without rows.
#include "base/base.h"

#include "run/script_internal.h"

#include "base/clock.h"
#include "lake/duck.h"
#include "lake/lifecycle.h"
#include "lake/partition_spec.h"
#include "lake/sql/table_view.h"

// A table and its partitions.
typedef struct Target {
    SessionTable *seen;
    PartitionList list;
} Target;

static bool target_open(const Run *run, Target *target, Err *err)
{
    const SqlTable *table = &run->statement->table;
    return session_existing(run, table, &target->seen, err)
           && (partition_list_make(target->seen->table, &target->list, err)
               || run_fail_at(run, table->at, err));
}

static void target_done(Target *target)
{
    partition_list_done(&target->list);
    *target = (Target){0};
}

// Says what was done, and looks at the table anew. The target's list is of the old one.
static void target_changed(const Run *run, Target *target, const char *verb, size_t count,
                           int64_t version)
{
    run_note(run, "%s %s: %zu partition%s, version %" PRId64, verb, target->seen->name, count,
             count == 1 ? "" : "s", version);
    run->totals->version = version;
    CLEANUP(mem_free_text) char *name = mem_copy_text(target->seen->name);
    target_done(target);
    session_forget(run->session, name);
}

// "table t has ds=20161113, ds=20161114 ... ds=20161201".
static bool target_fail_missing(const Run *run, const Target *target, const SqlPartition *spec,
                                Err *err)
{
    enum { SHOWN = 5 };
    CLEANUP(buf_done) Buf names = {0};
    const PartitionList *list = &target->list;
    for (size_t i = 0; i < list->count; i++) {
        if (i >= SHOWN && i + 1 < list->count) {
            continue;
        }
        buf_add_text(&names, i == 0                                            ? ""
                             : list->count > SHOWN + 1 && i + 1 == list->count ? " ... "
                                                                               : ", ");
        partition_text(list, &list->items[i], &names);
    }
    (void)run_fail(run, spec->at, err, "table \"%s\" has no such partition", target->seen->name);
    return list->count == 0 ? fail_hint(err, "It has no partition at all.")
                            : fail_hint(err, "It has %s.", buf_text(&names));
}

static bool target_check_spec(const Run *run, const Target *target, const SqlPartition *spec,
                              Err *err)
{
    const SqlPart *wrong = NULL;
    return partition_spec_check(&target->list, spec, &wrong, err)
           || run_fail_at(run, wrong == NULL ? spec->at : wrong->at, err);
}

static bool target_check_whole(const Run *run, const Target *target, const SqlPartition *spec,
                               Err *err)
{
    if (!target_check_spec(run, target, spec, err)) {
        return false;
    }
    if (!partition_spec_is_whole(&target->list, spec)) {
        return run_fail(
            run, spec->at, err,
            "one partition is wanted: each partition column of \"%s\" with = and a value",
            target->seen->name);
    }
    return true;
}

// Sets chosen[i] for the partitions that the statement names; all of them where it names none.
static bool target_choose(const Run *run, const Target *target, bool must_exist, bool *chosen,
                          Err *err)
{
    const Statement *statement = run->statement;
    memset(chosen, statement->partition_count == 0, target->list.count);
    for (size_t s = 0; s < statement->partition_count; s++) {
        const SqlPartition *spec = &statement->partitions[s];
        bool is_any = false;
        if (!target_check_spec(run, target, spec, err)) {
            return false;
        }
        for (size_t i = 0; i < target->list.count; i++) {
            if (partition_spec_matches(&target->list, spec, &target->list.items[i])) {
                chosen[i] = true;
                is_any = true;
            }
        }
        if (!is_any && must_exist) {
            return target_fail_missing(run, target, spec, err);
        }
    }
    return true;
}

static size_t count_chosen(const bool *chosen, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += chosen[i];
    }
    return sum;
}

// --- writing --------------------------------------------------------------------------------------------

// The files' columns from a view, or of no rows where it is NULL.
static void select_columns(const Rewrite *rewrite, const char *view, Buf *out)
{
    const Schema *columns = rewrite_columns(rewrite);
    for (size_t i = 0; i < columns->count; i++) {
        buf_add_text(out, i == 0 ? "SELECT " : ", ");
        if (view != NULL) {
            duck_quote_name(columns->fields[i].name, out);
            continue;
        }
        buf_add_text(out, "CAST(NULL AS ");
        table_view_type_name(columns->fields[i].type, out);
        buf_add_char(out, ')');
    }
    if (view == NULL) {
        buf_add_text(out, " WHERE false");
        return;
    }
    buf_add_text(out, " FROM ");
    duck_quote_name(view, out);
}

static bool write_empty(const Run *run, Rewrite *rewrite, char *const *values, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    select_columns(rewrite, NULL, &sql);
    const RewritePart part = {.sql = buf_text(&sql), .values = values, .keeps_empty = true};
    uint64_t rows = 0;
    return rewrite_write(rewrite, run->session->duck, &part, &rows, err);
}

// Takes out the files of a partition.
static bool remove_partition(const Target *target, Rewrite *rewrite, size_t partition, Err *err)
{
    const DeltaTable *table = target->seen->table;
    for (size_t i = 0; i < table->file_count; i++) {
        size_t of_file = 0;
        if (!partition_list_of_file(&target->list, table, &table->files[i], &of_file, err)) {
            return false;
        }
        if (of_file == partition) {
            rewrite_remove(rewrite, &table->files[i]);
        }
    }
    return true;
}

static bool publish(const Run *run, Target *target, Rewrite *rewrite, const char *operation,
                    const char *verb, size_t count, Err *err)
{
    DeltaCommitResult result = {0};
    if (!rewrite_commit(rewrite, operation, /* changes_data= */ true, &result, err)) {
        return run_fail_at(run, run->statement->at, err);
    }
    target_changed(run, target, verb, count, result.version);
    return true;
}

// --- ADD, DROP, TRUNCATE --------------------------------------------------------------------------------

static void free_values(char **values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(values[i]);
    }
    free(values);
}

static bool add_partition(const Run *run, const Target *target, const SqlPartition *spec,
                          Rewrite *rewrite, size_t *count, Err *err)
{
    if (!target_check_whole(run, target, spec, err)) {
        return false;
    }
    char **values = partition_spec_values(&target->list, spec);
    bool done = true;
    if (partition_list_find(&target->list, values) == SIZE_MAX) {
        done = write_empty(run, rewrite, values, err);
        ++*count;
    } else if (!run->statement->if_not_exists) {
        (void)run_fail(run, spec->at, err, "table \"%s\" has that partition already",
                       target->seen->name);
        done = fail_hint(err, "Write ADD IF NOT EXISTS where that is fine.");
    }
    free_values(values, target->list.column_count);
    return done;
}

bool run_add_partition(const Run *run, Err *err)
{
    CLEANUP(target_done) Target target = {0};
    Rewrite *rewrite = NULL;
    size_t count = 0;
    bool done =
        target_open(run, &target, err) && session_rewrite(run->session, target.seen, &rewrite, err);
    for (size_t i = 0; done && i < run->statement->partition_count; i++) {
        done = add_partition(run, &target, &run->statement->partitions[i], rewrite, &count, err);
    }
    if (done && count == 0) {
        run_note(run, "ALTER TABLE %s: the partition is there already", target.seen->name);
    } else if (done) {
        done = publish(run, &target, rewrite, "ADD PARTITION", "ADD PARTITION", count, err);
    }
    rewrite_free(rewrite);
    return done;
}

static bool drop_partitions(const Run *run, Target *target, const bool *chosen, Err *err)
{
    DeltaCommit *commit = delta_commit_new(target->seen->table);
    const DeltaTable *table = target->seen->table;
    bool done = true;
    for (size_t i = 0; done && i < table->file_count; i++) {
        size_t of_file = 0;
        done = partition_list_of_file(&target->list, table, &table->files[i], &of_file, err);
        if (done && chosen[of_file]) {
            delta_commit_remove(commit, &table->files[i]);
        }
    }
    for (size_t i = 0; done && i < target->list.count; i++) {
        if (chosen[i]) {
            lifecycle_forget(commit, table, &target->list, &target->list.items[i]);
        }
    }
    DeltaCommitResult result = {0};
    done = done && delta_commit(commit, "DROP PARTITION", NULL, &result, err);
    delta_commit_free(commit);
    if (!done) {
        return run_fail_at(run, run->statement->at, err);
    }
    target_changed(run, target, "DROP PARTITION", count_chosen(chosen, target->list.count),
                   result.version);
    return true;
}

bool run_drop_partition(const Run *run, Err *err)
{
    CLEANUP(target_done) Target target = {0};
    if (!target_open(run, &target, err)) {
        return false;
    }
    bool *chosen = mem_alloc(target.list.count + 1);
    bool done = target_choose(run, &target, !run->statement->if_exists, chosen, err);
    if (done && count_chosen(chosen, target.list.count) == 0) {
        run_note(run, "DROP PARTITION %s: there is none", target.seen->name);
    } else if (done) {
        done = drop_partitions(run, &target, chosen, err);
    }
    free(chosen);
    return done;
}

static bool truncate_partitions(const Run *run, Target *target, const bool *chosen, Err *err)
{
    Rewrite *rewrite = NULL;
    const size_t count = count_chosen(chosen, target->list.count);
    bool done = session_rewrite(run->session, target->seen, &rewrite, err);
    for (size_t i = 0; done && i < target->list.count; i++) {
        if (chosen[i]) {
            done = remove_partition(target, rewrite, i, err)
                   && (target->list.column_count == 0
                       || write_empty(run, rewrite, target->list.items[i].values, err));
        }
    }
    done = done && publish(run, target, rewrite, "TRUNCATE", "TRUNCATE", count, err);
    rewrite_free(rewrite);
    return done;
}

bool run_truncate(const Run *run, Err *err)
{
    CLEANUP(target_done) Target target = {0};
    if (!target_open(run, &target, err)) {
        return false;
    }
    bool *chosen = mem_alloc(target.list.count + 1);
    bool done = target_choose(run, &target, /* must_exist= */ true, chosen, err);
    if (done && count_chosen(chosen, target.list.count) == 0) {
        run_note(run, "TRUNCATE %s: it is empty", target.seen->name);
    } else if (done) {
        done = truncate_partitions(run, &target, chosen, err);
    }
    free(chosen);
    return done;
}

// --- RENAME ---------------------------------------------------------------------------------------------

// The rows are written anew: the files' folder says the partition's name, and some readers look
// there.
static bool rename_partition(const Run *run, const Target *target, size_t from, char *const *values,
                             Rewrite *rewrite, Err *err)
{
    const DeltaTable *table = target->seen->table;
    bool *keep = mem_alloc(table->file_count + 1);
    bool done = true;
    for (size_t i = 0; done && i < table->file_count; i++) {
        size_t of_file = 0;
        done = partition_list_of_file(&target->list, table, &table->files[i], &of_file, err);
        keep[i] = of_file == from;
    }
    const TableView view = {.name = "weir partition", .table = table, .keep = keep};
    CLEANUP(buf_done) Buf sql = {0};
    select_columns(rewrite, view.name, &sql);
    const RewritePart part = {.sql = buf_text(&sql),
                              .values = values,
                              .modified_ms = target->list.items[from].modified_ms,
                              .keeps_empty = true};
    uint64_t rows = 0;
    done = done && table_view_define(run->session->duck, &view, err)
           && rewrite_write(rewrite, run->session->duck, &part, &rows, err)
           && remove_partition(target, rewrite, from, err);
    free(keep);
    return done || run_fail_at(run, run->statement->at, err);
}

static bool rename_checked(const Run *run, Target *target, char **from, char **to, Err *err)
{
    const Statement *statement = run->statement;
    const size_t index = partition_list_find(&target->list, from);
    if (index == SIZE_MAX) {
        return target_fail_missing(run, target, &statement->partitions[0], err);
    }
    if (partition_list_find(&target->list, to) != SIZE_MAX) {
        return run_fail(run, statement->partitions[1].at, err,
                        "table \"%s\" has that partition already", target->seen->name);
    }
    Rewrite *rewrite = NULL;
    const bool done =
        session_rewrite(run->session, target->seen, &rewrite, err)
        && rename_partition(run, target, index, to, rewrite, err)
        && publish(run, target, rewrite, "RENAME PARTITION", "RENAME PARTITION", 1, err);
    rewrite_free(rewrite);
    return done;
}

bool run_rename_partition(const Run *run, Err *err)
{
    CLEANUP(target_done) Target target = {0};
    const Statement *statement = run->statement;
    if (!target_open(run, &target, err)
        || !target_check_whole(run, &target, &statement->partitions[0], err)
        || !target_check_whole(run, &target, &statement->partitions[1], err)) {
        return false;
    }
    const size_t count = target.list.column_count;
    char **from = partition_spec_values(&target.list, &statement->partitions[0]);
    char **to = partition_spec_values(&target.list, &statement->partitions[1]);
    const bool done = rename_checked(run, &target, from, to, err);
    free_values(from, count);
    free_values(to, count);
    return done;
}

// --- lifecycle ------------------------------------------------------------------------------------------

static bool lifecycle_touch_chosen(const Run *run, const Target *target, const bool *chosen,
                                   DeltaCommitResult *ret_result, Err *err)
{
    size_t *indexes = mem_alloc((target->list.count + 1) * sizeof(*indexes));
    size_t count = 0;
    for (size_t i = 0; i < target->list.count; i++) {
        if (chosen[i]) {
            indexes[count++] = i;
        }
    }
    (void)run;
    const bool done = lifecycle_touch(target->seen->table, &target->list, indexes, count,
                                      clock_now_usec() / 1000, ret_result, err);
    free(indexes);
    return done;
}

static bool lifecycle_enable_chosen(const Run *run, const Target *target, const bool *chosen,
                                    DeltaCommitResult *ret_result, Err *err)
{
    const bool enabled = run->statement->kind == STATEMENT_ENABLE_LIFECYCLE;
    if (run->statement->partition_count == 0) {
        return lifecycle_enable(target->seen->table, &target->list, NULL, enabled, ret_result, err);
    }
    const size_t count = count_chosen(chosen, target->list.count);
    for (size_t i = 0; i < target->list.count; i++) {
        if (chosen[i]) {
            if (count > 1) {
                return fail(err, FAIL_CONFIG, "one partition is wanted, and this names %zu", count);
            }
            return lifecycle_enable(target->seen->table, &target->list, &target->list.items[i],
                                    enabled, ret_result, err);
        }
    }
    return true;
}

bool run_lifecycle(const Run *run, Err *err)
{
    CLEANUP(target_done) Target target = {0};
    const Statement *statement = run->statement;
    if (!target_open(run, &target, err)) {
        return false;
    }
    DeltaCommitResult result = {0};
    bool *chosen = mem_alloc(target.list.count + 1);
    bool done = target_choose(run, &target, /* must_exist= */ true, chosen, err);
    if (done) {
        done = (statement->kind == STATEMENT_SET_LIFECYCLE
                    ? lifecycle_set(target.seen->table, statement->lifecycle_days, &result, err)
                : statement->kind == STATEMENT_TOUCH
                    ? lifecycle_touch_chosen(run, &target, chosen, &result, err)
                    : lifecycle_enable_chosen(run, &target, chosen, &result, err))
               || run_fail_at(run, statement->at, err);
    }
    free(chosen);
    if (!done) {
        return false;
    }
    run_note(run, "%s %s: version %" PRId64, statement_kind_name(statement->kind),
             target.seen->name, result.version);
    run->totals->version = result.version;
    CLEANUP(mem_free_text) char *name = mem_copy_text(target.seen->name);
    target_done(&target);
    session_forget(run->session, name);
    return true;
}

// Expiring is a commit like any other: it removes the files that the plan saw, and fails where
// another commit added to one of their partitions or rewrote it. Then that partition was renewed,
// and the plan is made again from the table as it is now.
//
// A table without partitions is dropped as a whole; that is no commit, so its version is looked at
// once more just before (catalog.h).
#include "base/base.h"

#include "lake/lifecycle.h"

#include <sys/stat.h>

#include "base/text.h"
#include "lake/catalog.h"
#include "lake/delta_internal.h"

#define LIFECYCLE_ENABLED LIFECYCLE_PROPERTY ".enabled"
#define LIFECYCLE_DISABLED_PARTITION LIFECYCLE_PROPERTY ".disabled."
#define LIFECYCLE_DELETE_META LIFECYCLE_PROPERTY ".deletemeta"
#define LIFECYCLE_DELETE_META_PRODUCT "lifecycle.deletemeta"
#define LIFECYCLE_DAY_MS ((int64_t)24 * 3600 * 1000)
#define LIFECYCLE_ATTEMPTS 8

// --- what the properties say -----

int lifecycle_days(const DeltaTable *table)
{
    const char *text = delta_property(table, LIFECYCLE_PROPERTY);
    int64_t days = 0;
    return text != NULL && text_parse_int(text, 0, LIFECYCLE_DAYS_MAX, &days) ? (int)days : 0;
}

bool lifecycle_is_enabled(const DeltaTable *table)
{
    return !text_equal_nocase(delta_property(table, LIFECYCLE_ENABLED), "false");
}

static char *lifecycle_partition_key(const PartitionList *list, const Partition *partition)
{
    CLEANUP(buf_done) Buf key = {0};
    buf_add_text(&key, LIFECYCLE_DISABLED_PARTITION);
    partition_text(list, partition, &key);
    return buf_take(&key);
}

bool lifecycle_is_partition_enabled(const DeltaTable *table, const PartitionList *list,
                                    const Partition *partition)
{
    CLEANUP(mem_free_text) char *key = lifecycle_partition_key(list, partition);
    return !text_equal_nocase(delta_property(table, key), "true");
}

static bool lifecycle_deletes_meta(const DeltaTable *table)
{
    return text_equal_nocase(delta_property(table, LIFECYCLE_DELETE_META), "true")
           || text_equal_nocase(delta_property(table, LIFECYCLE_DELETE_META_PRODUCT), "true");
}

// --- statements -----

static bool lifecycle_change(const DeltaTable *table, const char *key, const char *value,
                             DeltaCommitResult *ret_result, Err *err)
{
    DeltaCommit *commit = delta_commit_new(table);
    delta_commit_property(commit, key, value);
    const bool done =
        delta_commit(commit, value == NULL ? "UNSET TBLPROPERTIES" : "SET TBLPROPERTIES",
                     /* mode= */ NULL, ret_result, err);
    delta_commit_free(commit);
    return done;
}

bool lifecycle_set(const DeltaTable *table, int days, DeltaCommitResult *ret_result, Err *err)
{
    assert(days >= 0 && days <= LIFECYCLE_DAYS_MAX);
    CLEANUP(mem_free_text) char *text = mem_format("%d", days);
    return lifecycle_change(table, LIFECYCLE_PROPERTY, days == 0 ? NULL : text, ret_result, err);
}

bool lifecycle_enable(const DeltaTable *table, const PartitionList *list,
                      const Partition *partition, bool enabled, DeltaCommitResult *ret_result,
                      Err *err)
{
    if (partition == NULL) {
        return lifecycle_change(table, LIFECYCLE_ENABLED, enabled ? NULL : "false", ret_result,
                                err);
    }
    CLEANUP(mem_free_text) char *key = lifecycle_partition_key(list, partition);
    return lifecycle_change(table, key, enabled ? NULL : "true", ret_result, err);
}

void lifecycle_forget(DeltaCommit *commit, const DeltaTable *table, const PartitionList *list,
                      const Partition *partition)
{
    CLEANUP(mem_free_text) char *key = lifecycle_partition_key(list, partition);
    if (delta_property(table, key) != NULL) {
        delta_commit_property(commit, key, NULL);
    }
}

bool lifecycle_touch(const DeltaTable *table, const PartitionList *list, const size_t *indexes,
                     size_t count, int64_t now_ms, DeltaCommitResult *ret_result, Err *err)
{
    bool *wanted = mem_alloc(list->count * sizeof(*wanted));
    for (size_t i = 0; i < list->count; i++) {
        wanted[i] = indexes == NULL;
    }
    for (size_t i = 0; indexes != NULL && i < count; i++) {
        wanted[indexes[i]] = true;
    }
    DeltaCommit *commit = delta_commit_new(table);
    delta_commit_data_change(commit, false);
    bool done = true;
    for (size_t i = 0; done && i < table->file_count; i++) {
        size_t at = 0;
        done = partition_list_of_file(list, table, &table->files[i], &at, err);
        // One file of each partition is enough: its newest counts.
        if (done && at != SIZE_MAX && wanted[at]) {
            wanted[at] = false;
            delta_commit_touch(commit, &table->files[i], now_ms);
        }
    }
    done = done && delta_commit(commit, "TOUCH", /* mode= */ NULL, ret_result, err);
    delta_commit_free(commit);
    free(wanted);
    return done;
}

// --- expiring -----

static bool lifecycle_is_over(int64_t modified_ms, int days, int64_t now_ms)
{
    // A writer that does not say when has not said that it was long ago.
    return modified_ms > 0 && now_ms - modified_ms > days * LIFECYCLE_DAY_MS;
}

// When the table was written last. Where it has no files, that is when its log was.
static int64_t lifecycle_modified(const DeltaTable *table, const PartitionList *list)
{
    int64_t newest = 0;
    for (size_t i = 0; i < list->count; i++) {
        newest = list->items[i].modified_ms > newest ? list->items[i].modified_ms : newest;
    }
    if (list->count > 0) {
        return newest;
    }
    CLEANUP(mem_free_text) char *path = delta_log_path(table->path, table->version);
    struct stat status;
    return stat(path, &status) == 0 ? (int64_t)status.st_mtime * 1000 : 0;
}

bool lifecycle_plan(const DeltaTable *table, const LifecycleOptions *options,
                    LifecyclePlan *ret_plan, Err *err)
{
    LifecyclePlan plan = {
        .days = lifecycle_days(table),
        .is_disabled = !lifecycle_is_enabled(table),
    };
    if (!partition_list_make(table, &plan.partitions, err)) {
        return false;
    }
    const PartitionList *list = &plan.partitions;
    plan.modified_ms = lifecycle_modified(table, list);
    plan.expired = mem_alloc(list->count * sizeof(*plan.expired));
    const bool is_off = plan.days == 0 || plan.is_disabled;
    for (size_t i = 0; !is_off && table->partition_count > 0 && i < list->count; i++) {
        if (lifecycle_is_over(list->items[i].modified_ms, plan.days, options->now_ms)
            && lifecycle_is_partition_enabled(table, list, &list->items[i])) {
            plan.expired[plan.expired_count++] = i;
        }
    }
    const bool may_drop = table->partition_count == 0
                          || (lifecycle_deletes_meta(table) && plan.expired_count == list->count);
    plan.drops_table = !is_off && !options->keeps_tables && may_drop
                       && lifecycle_is_over(plan.modified_ms, plan.days, options->now_ms);
    *ret_plan = plan;
    return true;
}

void lifecycle_plan_done(LifecyclePlan *plan)
{
    partition_list_done(&plan->partitions);
    free(plan->expired);
    *plan = (LifecyclePlan){0};
}

void lifecycle_result_done(LifecycleResult *result)
{
    lifecycle_plan_done(&result->plan);
    delta_free(result->table);
    *result = (LifecycleResult){0};
}

static bool lifecycle_drop_partitions(const DeltaTable *table, const LifecyclePlan *plan,
                                      int64_t *ret_version, Err *err)
{
    bool *expired = mem_alloc(plan->partitions.count * sizeof(*expired));
    for (size_t i = 0; i < plan->expired_count; i++) {
        expired[plan->expired[i]] = true;
    }
    DeltaCommit *commit = delta_commit_new(table);
    bool done = true;
    for (size_t i = 0; done && i < table->file_count; i++) {
        size_t at = 0;
        done = partition_list_of_file(&plan->partitions, table, &table->files[i], &at, err);
        if (done && expired[at]) {
            delta_commit_remove(commit, &table->files[i]);
        }
    }
    DeltaCommitResult result = {0};
    done = done && delta_commit(commit, "LIFECYCLE", /* mode= */ NULL, &result, err);
    *ret_version = done ? result.version : *ret_version;
    delta_commit_free(commit);
    free(expired);
    return done;
}

static bool lifecycle_try(const char *path, const LifecycleOptions *options,
                          LifecycleResult *ret_result, Err *err)
{
    LifecycleResult result = {.version = -1};
    if (!delta_open(path, /* version= */ -1, &result.table, err)) {
        return false;
    }
    bool done = result.table->version >= 0
                || fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", result.table->path);
    done = done && lifecycle_plan(result.table, options, &result.plan, err);
    if (done && result.plan.drops_table) {
        done = catalog_drop(path, result.table->version, err);
    } else if (done && result.plan.expired_count > 0) {
        done = lifecycle_drop_partitions(result.table, &result.plan, &result.version, err);
    }
    *ret_result = result;
    return done;
}

bool lifecycle_apply(const char *path, const LifecycleOptions *options, LifecycleResult *ret_result,
                     Err *err)
{
    int64_t tried = -1;
    for (int attempt = 0; attempt < LIFECYCLE_ATTEMPTS; attempt++) {
        LifecycleResult result = {0};
        if (lifecycle_try(path, options, &result, err)) {
            *ret_result = result;
            return true;
        }
        // Only where the table has gone on since can another look help.
        const int64_t version = result.table == NULL ? -1 : result.table->version;
        lifecycle_result_done(&result);
        if (version <= tried) {
            return false;
        }
        tried = version;
    }
    return false;
}

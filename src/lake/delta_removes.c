// Which files a commit removes, and what other commits must then have left alone.
//
// An overwrite names partitions, a rewrite (DELETE, UPDATE, MERGE, OPTIMIZE) names files. Both are
// resolved against the table as it was read. Partitions are compared by their canonical values
// (delta_value.c), in sorted arrays: a commit may touch ten thousand.
#include "lake/delta_internal.h"

#include "base/clock.h"
#include "base/text.h"

int delta_values_compare(char *const *a, char *const *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i] == NULL || b[i] == NULL) {
            if (a[i] != b[i]) {
                return a[i] == NULL ? -1 : 1;
            }
            continue;
        }
        const int order = strcmp(a[i], b[i]);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static int delta_compare_partitions(const void *a, const void *b, void *count)
{
    return delta_values_compare(*(char **const *)a, *(char **const *)b, *(const size_t *)count);
}

static bool delta_pattern_covers(const DeltaPattern *pattern, char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *wanted = pattern->values[i];
        if (wanted != NULL && !text_equal(wanted, values[i] == NULL ? "" : values[i])) {
            return false;
        }
    }
    return true;
}

static size_t delta_find_partition(char **const *sorted, size_t count, char *const *values,
                                   size_t value_count)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = delta_values_compare(sorted[middle], values, value_count);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}

bool delta_commit_covers(const DeltaCommit *commit, char *const *values)
{
    for (size_t i = 0; i < commit->pattern_count; i++) {
        if (delta_pattern_covers(&commit->patterns[i], values, commit->partition_count)) {
            return true;
        }
    }
    return commit->replaces_written
           && delta_find_partition(commit->written, commit->written_count, values,
                                   commit->partition_count)
                  != SIZE_MAX;
}

bool delta_commit_reads(const DeltaCommit *commit, char *const *values)
{
    for (size_t i = 0; i < commit->read_count; i++) {
        if (delta_pattern_covers(&commit->reads[i], values, commit->partition_count)) {
            return true;
        }
    }
    return false;
}

bool delta_commit_rewrites(const DeltaCommit *commit, char *const *values)
{
    return delta_find_partition(commit->rewritten, commit->rewritten_count, values,
                                commit->partition_count)
           != SIZE_MAX;
}

bool delta_commit_is_append(const DeltaCommit *commit)
{
    return commit->pattern_count == 0 && !commit->replaces_written && commit->picked_count == 0
           && commit->touched_count == 0;
}

// Sorts, and drops repeats; returns how many are left. Repeats are freed where they are owned.
static size_t delta_sort_partitions(char ***partitions, size_t count, size_t value_count, bool owns)
{
    if (count == 0) {
        return 0;
    }
    qsort_r(partitions, count, sizeof(*partitions), delta_compare_partitions, &value_count);
    size_t distinct = 1;
    for (size_t i = 1; i < count; i++) {
        if (delta_values_compare(partitions[i], partitions[distinct - 1], value_count) != 0) {
            partitions[distinct++] = partitions[i];
        } else if (owns) {
            delta_texts_free(partitions[i], value_count);
        }
    }
    return distinct;
}

static void delta_commit_find_written(DeltaCommit *commit)
{
    if (!commit->replaces_written || commit->add_count == 0) {
        return;
    }
    commit->written = mem_alloc(commit->add_count * sizeof(*commit->written));
    for (size_t i = 0; i < commit->add_count; i++) {
        commit->written[i] = commit->adds[i].partition_values;
    }
    commit->written_count = delta_sort_partitions(commit->written, commit->add_count,
                                                  commit->partition_count, /* owns= */ false);
}

static bool delta_commit_covers_file(const DeltaCommit *commit, const DeltaFile *file,
                                     bool *ret_covers, Err *err)
{
    if (!commit->parts.is_typed) {
        *ret_covers = delta_commit_covers(commit, file->partition_values);
        return true;
    }
    char **values = NULL;
    if (!delta_parts_file(&commit->parts, commit->table, file, &values, err)) {
        return false;
    }
    *ret_covers = delta_commit_covers(commit, values);
    delta_texts_free(values, commit->partition_count);
    return true;
}

static int delta_compare_files(const void *a, const void *b)
{
    const DeltaFile *const *left = a;
    const DeltaFile *const *right = b;
    return (*left > *right) - (*left < *right);
}

// Files that were picked one by one: each once, and their partitions.
static bool delta_commit_find_picked(DeltaCommit *commit, Err *err)
{
    if (commit->picked_count == 0) {
        return true;
    }
    qsort(commit->picked, commit->picked_count, sizeof(const DeltaFile *), delta_compare_files);
    size_t distinct = 1;
    for (size_t i = 1; i < commit->picked_count; i++) {
        if (commit->picked[i] != commit->picked[distinct - 1]) {
            commit->picked[distinct++] = commit->picked[i];
        }
    }
    commit->picked_count = distinct;
    commit->rewritten = mem_alloc(distinct * sizeof(*commit->rewritten));
    for (size_t i = 0; i < distinct; i++) {
        if (!delta_parts_file(&commit->parts, commit->table, commit->picked[i],
                              &commit->rewritten[i], err)) {
            return false;
        }
        commit->rewritten_count = i + 1;
    }
    commit->rewritten_count = delta_sort_partitions(commit->rewritten, distinct,
                                                    commit->partition_count, /* owns= */ true);
    return true;
}

static bool delta_commit_is_picked(const DeltaCommit *commit, const DeltaFile *file)
{
    return commit->picked_count > 0
           && bsearch(&file, commit->picked, commit->picked_count, sizeof(const DeltaFile *),
                      delta_compare_files)
                  != NULL;
}

// Where in `rewritten` the file's partition is, or SIZE_MAX.
static bool delta_commit_find_rewritten(const DeltaCommit *commit, const DeltaFile *file,
                                        size_t *ret_at, Err *err)
{
    char **values = NULL;
    if (!delta_parts_file(&commit->parts, commit->table, file, &values, err)) {
        return false;
    }
    *ret_at = delta_find_partition(commit->rewritten, commit->rewritten_count, values,
                                   commit->partition_count);
    delta_texts_free(values, commit->partition_count);
    return true;
}

// A partition that only loses files was written now all the same, which the files that it keeps do
// not say: one of them is told so, for the partition's lifecycle.
static bool delta_commit_renew(DeltaCommit *commit, Err *err)
{
    const DeltaTable *table = commit->table;
    bool *renewed = mem_alloc((commit->rewritten_count + 1) * sizeof(*renewed));
    for (size_t i = 0; i < commit->add_count; i++) {
        const size_t at =
            delta_find_partition(commit->rewritten, commit->rewritten_count,
                                 commit->adds[i].partition_values, commit->partition_count);
        renewed[at == SIZE_MAX ? commit->rewritten_count : at] = true;
    }
    const size_t touched_count = commit->touched_count;
    bool done = true;
    for (size_t i = 0; done && i < touched_count; i++) {
        size_t at = SIZE_MAX;
        done = delta_commit_find_rewritten(commit, commit->touched[i], &at, err);
        renewed[at == SIZE_MAX ? commit->rewritten_count : at] = true;
    }
    size_t next = 0;  // of the removed files, which are in the table's order
    for (size_t i = 0; done && i < table->file_count; i++) {
        const DeltaFile *file = &table->files[i];
        size_t at = SIZE_MAX;
        if (next < commit->remove_count && commit->removes[next] == file) {
            next++;
            continue;
        }
        done = delta_commit_find_rewritten(commit, file, &at, err);
        if (done && at != SIZE_MAX && !renewed[at]) {
            renewed[at] = true;
            delta_commit_touch(commit, file, clock_now_usec() / 1000);
        }
    }
    free(renewed);
    return done;
}

static void delta_commit_hold(DeltaCommit *commit)
{
    const size_t count = commit->remove_count + commit->touched_count;
    commit->held_keys = mem_alloc(count * sizeof(*commit->held_keys));
    for (size_t i = 0; i < count; i++) {
        const DeltaFile *file = i < commit->remove_count
                                    ? commit->removes[i]
                                    : commit->touched[i - commit->remove_count];
        commit->held_keys[i] = delta_path_decode(file->path);
    }
    commit->held_count = count;
    if (count > 0) {
        qsort(commit->held_keys, count, sizeof(*commit->held_keys), text_order);
    }
}

bool delta_commit_find_removes(DeltaCommit *commit, Err *err)
{
    delta_commit_forget_removes(commit);
    if (delta_commit_is_append(commit)) {
        return true;
    }
    delta_commit_find_written(commit);
    if (!delta_commit_find_picked(commit, err)) {
        return false;
    }
    const bool has_partitions = commit->pattern_count > 0 || commit->replaces_written;
    const DeltaTable *table = commit->table;
    commit->removes = mem_alloc(table->file_count * sizeof(const DeltaFile *));
    for (size_t i = 0; i < table->file_count; i++) {
        const DeltaFile *file = &table->files[i];
        bool removes = delta_commit_is_picked(commit, file);
        if (!removes && has_partitions && !delta_commit_covers_file(commit, file, &removes, err)) {
            return false;
        }
        if (removes) {
            commit->removes[commit->remove_count++] = file;
        }
    }
    if (commit->picked_count > 0 && !commit->keeps_data && !delta_commit_renew(commit, err)) {
        return false;
    }
    delta_commit_hold(commit);
    return true;
}

void delta_commit_forget_removes(DeltaCommit *commit)
{
    delta_texts_free(commit->held_keys, commit->held_count);
    for (size_t i = 0; i < commit->rewritten_count; i++) {
        delta_texts_free(commit->rewritten[i], commit->partition_count);
    }
    free(commit->rewritten);
    free(commit->removes);
    free(commit->written);
    commit->held_keys = NULL;
    commit->held_count = 0;
    commit->rewritten = NULL;
    commit->rewritten_count = 0;
    commit->removes = NULL;
    commit->remove_count = 0;
    commit->written = NULL;
    commit->written_count = 0;
}

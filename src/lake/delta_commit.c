// A commit: gathered in memory, turned into one log file, published by one put-if-absent.
//
// What is removed is decided from the table as it was read. The text of the log file does not
// depend on its version, so a lost race costs reading the winner's file and another put; only where
// both made the table is it put together anew (delta_rebase.c). Before the log file has its name
// nothing has changed for any reader; after that everything has.
#include "lake/delta_internal.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/text.h"

#define CHECKPOINT_INTERVAL_DEFAULT 10

static int64_t delta_now_ms(void)
{
    return clock_now_usec() / 1000;
}

// Partition values as the log means them: the empty text is null.
char **delta_values_copy(const char *const *values, size_t count)
{
    char **copy = mem_alloc(count * sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = values[i] == NULL || values[i][0] == '\0' ? NULL : mem_copy_text(values[i]);
    }
    return copy;
}

static char **delta_texts_copy(const char *const *texts, size_t count)
{
    char **copy = mem_alloc(count * sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = mem_copy_text(texts[i]);
    }
    return copy;
}

void delta_texts_free(char **texts, size_t count)
{
    for (size_t i = 0; texts != NULL && i < count; i++) {
        free(texts[i]);
    }
    free(texts);
}

// --- gathering -----

DeltaCommit *delta_commit_new(const DeltaTable *table)
{
    DeltaCommit *commit = mem_alloc(sizeof(*commit));
    commit->table = table;
    commit->partition_count = table->partition_count;
    commit->partition_columns =
        delta_texts_copy((const char *const *)table->partition_columns, table->partition_count);
    return commit;
}

void delta_commit_free(DeltaCommit *commit)
{
    if (commit == NULL) {
        return;
    }
    for (size_t i = 0; i < commit->add_count; i++) {
        delta_texts_free(commit->adds[i].partition_values, commit->partition_count);
        free(commit->adds[i].path);
        free(commit->adds[i].stats);
        free(commit->adds[i].tags);
    }
    free(commit->adds);
    for (size_t i = 0; i < commit->pattern_count; i++) {
        delta_texts_free(commit->patterns[i].values, commit->partition_count);
    }
    free(commit->patterns);
    for (size_t i = 0; i < commit->read_count; i++) {
        delta_texts_free(commit->reads[i].values, commit->partition_count);
    }
    free(commit->reads);
    for (size_t i = 0; i < commit->property_count; i++) {
        free(commit->properties[i].key);
        free(commit->properties[i].value);
    }
    free(commit->properties);
    for (size_t i = 0; i < commit->txn_count; i++) {
        free(commit->txns[i].app_id);
    }
    free(commit->txns);
    delta_texts_free(commit->partition_columns, commit->partition_count);
    delta_commit_forget_removes(commit);
    free(commit->picked);
    free(commit->touched);
    free(commit->touched_ms);
    free(commit->description);
    free(commit->metadata);
    delta_parts_done(&commit->parts);
    schema_done(&commit->schema);
    delta_free(commit->rebased);
    free(commit);
}

void delta_commit_schema(DeltaCommit *commit, const Schema *schema,
                         const char *const *partition_columns, size_t partition_count)
{
    assert(commit->add_count == 0 && commit->pattern_count == 0
           && commit->read_count == 0);  // they hold a value for each column
    delta_texts_free(commit->partition_columns, commit->partition_count);
    schema_done(&commit->schema);
    commit->schema = (Schema){0};
    schema_copy(schema, &commit->schema);
    // The log's keys are the table's spelling of the names.
    const DeltaTable *table = commit->table;
    bool same = table->version >= 0 && partition_count == table->partition_count;
    for (size_t i = 0; same && i < partition_count; i++) {
        same = text_equal_nocase(partition_columns[i], table->partition_columns[i]);
    }
    commit->partition_columns = delta_texts_copy(
        same ? (const char *const *)table->partition_columns : partition_columns, partition_count);
    commit->partition_count = partition_count;
}

void delta_commit_property(DeltaCommit *commit, const char *key, const char *value)
{
    for (size_t i = 0; i < commit->property_count; i++) {
        if (text_equal(commit->properties[i].key, key)) {
            free(commit->properties[i].value);
            commit->properties[i].value = mem_copy_text(value);
            return;
        }
    }
    commit->properties =
        mem_grow(commit->properties, (commit->property_count + 1) * sizeof(*commit->properties));
    commit->properties[commit->property_count++] =
        (DeltaProperty){.key = mem_copy_text(key), .value = mem_copy_text(value)};
}

void delta_commit_description(DeltaCommit *commit, const char *text)
{
    free(commit->description);
    commit->description = mem_copy_text(text == NULL ? "" : text);
}

// Makes room for one more of `count` elements: doubles at each power of two.
static void *delta_grow(void *array, size_t count, size_t size)
{
    return (count & (count - 1)) == 0 ? mem_grow(array, (count == 0 ? 1 : count * 2) * size)
                                      : array;
}

void delta_commit_add(DeltaCommit *commit, const char *path, const char *const *partition_values,
                      int64_t size, int64_t rows, const char *stats)
{
    CLEANUP(buf_done) Buf encoded = {0};
    delta_path_encode(path, &encoded);
    commit->adds = delta_grow(commit->adds, commit->add_count, sizeof(*commit->adds));
    commit->adds[commit->add_count++] = (DeltaFile){
        .path = buf_take(&encoded),
        .partition_values = delta_values_copy(partition_values, commit->partition_count),
        .size = size,
        .modified_ms = delta_now_ms(),
        .rows = rows,
        .stats = mem_copy_text(stats),
    };
}

void delta_commit_add_modified(DeltaCommit *commit, int64_t modified_ms)
{
    assert(commit->add_count > 0);
    commit->adds[commit->add_count - 1].modified_ms = modified_ms;
}

void delta_commit_add_tags(DeltaCommit *commit, const char *tags)
{
    assert(commit->add_count > 0);
    DeltaFile *file = &commit->adds[commit->add_count - 1];
    free(file->tags);
    file->tags = mem_copy_text(tags);
}

static bool delta_is_of_table(const DeltaCommit *commit, const DeltaFile *file)
{
    const DeltaTable *table = commit->table;
    return file >= table->files && file < table->files + table->file_count;
}

void delta_commit_touch(DeltaCommit *commit, const DeltaFile *file, int64_t modified_ms)
{
    assert(delta_is_of_table(commit, file));
    const size_t count = commit->touched_count;
    commit->touched = delta_grow(commit->touched, count, sizeof(const DeltaFile *));
    commit->touched_ms = delta_grow(commit->touched_ms, count, sizeof(*commit->touched_ms));
    commit->touched[count] = file;
    commit->touched_ms[count] = modified_ms;
    commit->touched_count = count + 1;
}

void delta_commit_remove(DeltaCommit *commit, const DeltaFile *file)
{
    assert(delta_is_of_table(commit, file));
    commit->picked = delta_grow(commit->picked, commit->picked_count, sizeof(const DeltaFile *));
    commit->picked[commit->picked_count++] = file;
}

void delta_commit_data_change(DeltaCommit *commit, bool changes_data)
{
    commit->keeps_data = !changes_data;
}

static void delta_add_pattern(const DeltaCommit *commit, const char *const *values,
                              DeltaPattern **patterns, size_t *count)
{
    *patterns = mem_grow(*patterns, (*count + 1) * sizeof(**patterns));
    // Not delta_values_copy(): here NULL means any value, and the empty text the null partition.
    (*patterns)[(*count)++] =
        (DeltaPattern){.values = delta_texts_copy(values, commit->partition_count)};
}

void delta_commit_replace(DeltaCommit *commit, const char *const *values)
{
    delta_add_pattern(commit, values, &commit->patterns, &commit->pattern_count);
}

void delta_commit_read(DeltaCommit *commit, const char *const *values)
{
    delta_add_pattern(commit, values, &commit->reads, &commit->read_count);
}

void delta_commit_replace_written(DeltaCommit *commit)
{
    commit->replaces_written = true;
}

void delta_commit_txn(DeltaCommit *commit, const char *app_id, int64_t version)
{
    commit->txns = mem_grow(commit->txns, (commit->txn_count + 1) * sizeof(*commit->txns));
    commit->txns[commit->txn_count++] = (DeltaTxn){
        .app_id = mem_copy_text(app_id), .version = version, .updated_ms = delta_now_ms()};
}

void delta_commit_guard(DeltaCommit *commit, DeltaGuard guard, void *context)
{
    commit->guard = guard;
    commit->guard_context = context;
}

// --- publishing -----

// Our own values become those that are compared and written.
static bool delta_commit_spell(DeltaCommit *commit, Err *err)
{
    const bool has_schema = commit->schema.count > 0;
    delta_parts_init(&commit->parts, has_schema ? &commit->schema : &commit->table->schema,
                     commit->partition_columns, commit->partition_count);
    for (size_t i = 0; i < commit->add_count; i++) {
        if (!delta_parts_canonical(&commit->parts, commit->adds[i].partition_values, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < commit->pattern_count; i++) {
        if (!delta_parts_canonical(&commit->parts, commit->patterns[i].values, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < commit->read_count; i++) {
        if (!delta_parts_canonical(&commit->parts, commit->reads[i].values, err)) {
            return false;
        }
    }
    return true;
}

static bool delta_commit_check(const DeltaCommit *commit, Err *err)
{
    const DeltaTable *table = commit->table;
    if (table->version < 0 && commit->schema.count == 0) {
        return fail(err, FAIL_INTERNAL, "table \"%s\" cannot be created without a schema",
                    table->path);
    }
    const DeltaState *state = (const DeltaState *)(const void *)table;
    const bool is_append_only = text_equal_nocase(delta_property(table, "delta.appendOnly"), "true")
                                && delta_protocol_has(&state->protocol, "appendOnly");
    if (is_append_only && !commit->keeps_data && !delta_commit_is_append(commit)) {
        (void)fail(err, FAIL_TARGET,
                   "table \"%s\" is append-only (delta.appendOnly): nothing in it can be "
                   "overwritten or removed",
                   table->path);
        return fail_hint(
            err,
            "Use \"mode: append\", or set the property delta.appendOnly of the table to false.");
    }
    return true;
}

// Where the log has gone on so far that versions after ours were cleaned away, "the next version"
// may be free though it was taken once: then putting it would tear the history.
static bool delta_commit_start(const DeltaCommit *commit, Err *err)
{
    const DeltaTable *table = commit->table;
    CLEANUP(mem_free_text) char *folder = fs_join(table->path, DELTA_LOG_FOLDER);
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    if (!fs_make_dirs(folder, err)
        || !delta_listing_read(table->path, /* sweep= */ true, &listing, err)) {
        return false;
    }
    bool is_whole = listing.newest >= table->version;
    for (int64_t version = table->version + 1; is_whole && version <= listing.newest; version++) {
        is_whole = delta_listing_has(&listing, version);
    }
    if (!is_whole) {
        (void)fail(err, FAIL_TARGET,
                   "the log of \"%s\" lost versions after %" PRId64
                   " while this run was under way; "
                   "nothing was published",
                   table->path, table->version);
        return fail_hint(err, "Run it again.");
    }
    return true;
}

// The version is -1 where another writer made the table that we were to make.
static bool delta_commit_put(const DeltaCommit *commit, const Buf *text, int64_t *ret_version,
                             Err *err)
{
    for (int64_t version = commit->table->version + 1;; version++) {
        CLEANUP(mem_free_text) char *path = delta_log_path(commit->table->path, version);
        bool exists = false;
        failpoint("commit-before");
        if ((commit->guard != NULL && !commit->guard(commit->guard_context, err))
            || !fs_put_if_absent(path, text->data, text->len, &exists, err)) {
            return false;
        }
        if (!exists) {
            failpoint("commit-after");
            *ret_version = version;
            return true;
        }
        if (commit->table->version < 0) {
            *ret_version = -1;
            return true;
        }
        if (!delta_conflict_check(commit, version, err)) {
            return false;
        }
    }
}

static void delta_commit_checkpoint(const DeltaCommit *commit, int64_t version)
{
    const char *setting = delta_property(commit->table, "delta.checkpointInterval");
    for (size_t i = 0; i < commit->property_count; i++) {
        if (text_equal(commit->properties[i].key, "delta.checkpointInterval")) {
            setting = commit->properties[i].value;
        }
    }
    int64_t interval = 0;
    if (setting == NULL || !text_parse_int(setting, 1, INT32_MAX, &interval)) {
        interval = CHECKPOINT_INTERVAL_DEFAULT;
    }
    // The table is right without it; the next one makes good for it.
    Err ignored = {0};
    DeltaCleanup cleanup;
    if (version > 0 && version % interval == 0
        && delta_checkpoint_write(commit->table->path, version, &ignored)
        && !delta_cleanup_log(commit->table, delta_now_ms(), /* removes= */ true, &cleanup,
                              &ignored)) {
        return;
    }
}

// What the log file will say, decided from the table as it was read.
static bool delta_commit_prepare(DeltaCommit *commit, const char *operation, const char *mode,
                                 Buf *out, Err *err)
{
    CLEANUP(buf_done) Buf heads = {0};
    if (!delta_commit_check(commit, err) || !delta_commit_start(commit, err)
        || !delta_commit_heads(commit, &heads, err) || !delta_commit_spell(commit, err)) {
        return false;
    }
    if (!delta_commit_find_removes(commit, err)) {
        return false;
    }
    if (commit->rebased != NULL && commit->remove_count > 0) {
        return delta_conflict_replaced(commit, commit->removes[0], err);
    }
    delta_commit_text(commit, operation, mode, &heads, out);
    return buf_ok(out, "a commit", err);
}

bool delta_commit(DeltaCommit *commit, const char *operation, const char *mode,
                  DeltaCommitResult *ret_result, Err *err)
{
    assert(commit->parts.columns == NULL);  // a commit is published once
    int64_t version = -1;
    while (version < 0) {
        CLEANUP(buf_done) Buf text = {0};
        if (!delta_commit_prepare(commit, operation, mode, &text, err)
            || !delta_commit_put(commit, &text, &version, err)
            || (version < 0 && !delta_commit_rebase(commit, err))) {
            return false;
        }
    }
    DeltaCommitResult result = {.version = version, .files_removed = commit->remove_count};
    for (size_t i = 0; i < commit->remove_count && result.rows_removed >= 0; i++) {
        const int64_t rows = commit->removes[i]->rows;
        result.rows_removed = rows < 0 ? -1 : result.rows_removed + rows;
    }
    delta_commit_checkpoint(commit, version);
    *ret_result = result;
    return true;
}

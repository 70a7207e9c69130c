// Another writer took the version that we wanted: may our commit follow theirs?
//
// Our removes were computed from the table as we read it. They stay right as long as the winner
// neither removed one of the same files nor added files to a partition that we replace (those would
// survive our overwrite), and as long as the schema and protocol that our files were written for
// still hold (or became what ours makes of them), and as long as no rows changed that ours follow
// from. Everything else commutes, also what only says how the table is cared for (weir.lifecycle).
#include "lake/delta_internal.h"

#include <jansson.h>

#include "base/text.h"

typedef struct DeltaWinner {
    const DeltaCommit *commit;
    int64_t version;
    Err conflict;  // the first; told without the file and line that errors of a log file get
} DeltaWinner;

static void delta_conflict(DeltaWinner *winner, const char *what, const char *detail)
{
    if (winner->conflict.kind != FAIL_NONE) {
        return;
    }
    const char *quote = detail == NULL ? "" : "\"";
    (void)fail(&winner->conflict, FAIL_TARGET,
               "another writer %s%s%s%s%s (version %" PRId64 " of \"%s\") while this run was under "
               "way; nothing was published",
               what, detail == NULL ? "" : " ", quote, detail == NULL ? "" : detail, quote,
               winner->version, winner->commit->table->path);
    (void)fail_hint(&winner->conflict,
                    "Make sure that only one run writes to it at a time, then run it again.");
}

// The action's partition values in the order of the columns; NULL is the null partition.
static char **delta_action_values(const DeltaCommit *commit, const json_t *action)
{
    const json_t *object = json_object_get(action, "partitionValues");
    char **values = mem_alloc(commit->partition_count * sizeof(*values));
    for (size_t i = 0; i < commit->partition_count; i++) {
        const char *text = json_string_value(json_object_get(object, commit->partition_columns[i]));
        values[i] = text == NULL || text[0] == '\0' ? NULL : mem_copy_text(text);
    }
    return values;
}

// Names the partition as its folder is named: "ds=20161114/region=eu".
static void delta_conflict_files(DeltaWinner *winner, const char *what, char *const *values)
{
    const DeltaCommit *commit = winner->commit;
    CLEANUP(buf_done) Buf name = {0};
    for (size_t i = 0; i < commit->partition_count; i++) {
        buf_add_text(&name, i == 0 ? "" : "/");
        delta_partition_folder(commit->partition_columns[i], values[i], &name);
    }
    CLEANUP(mem_free_text)
    char *whole = mem_format("%s the %s", what, name.len == 0 ? "table" : "partition");
    delta_conflict(winner, whole, name.len == 0 ? NULL : buf_text(&name));
}

bool delta_conflict_replaced(const DeltaCommit *commit, const DeltaFile *file, Err *err)
{
    DeltaWinner winner = {.commit = commit, .version = commit->table->version};
    delta_conflict_files(&winner, "added files to", file->partition_values);
    *err = winner.conflict;
    return false;
}

static bool delta_conflict_is_held(const DeltaCommit *commit, const char *key)
{
    return commit->held_count > 0
           && bsearch(&key, commit->held_keys, commit->held_count, sizeof(*commit->held_keys),
                      text_order)
                  != NULL;
}

// Whether the action changes rows that our commit follows from. `values` are canonical.
static bool delta_conflict_is_read(const DeltaCommit *commit, const json_t *action,
                                   char *const *values)
{
    return !json_is_false(json_object_get(action, "dataChange"))
           && delta_commit_reads(commit, values);
}

static void delta_conflict_add(DeltaWinner *winner, const json_t *action)
{
    const DeltaCommit *commit = winner->commit;
    const char *path = json_string_value(json_object_get(action, "path"));
    CLEANUP(mem_free_text) char *key = path == NULL ? NULL : delta_path_decode(path);
    char **values = delta_action_values(commit, action);
    Err err = {0};
    if (!delta_parts_canonical(&commit->parts, values, &err)) {
        // Whether ours replaces it cannot be told.
        winner->conflict = winner->conflict.kind == FAIL_NONE ? err : winner->conflict;
    } else if (delta_commit_covers(commit, values)
               || (!commit->keeps_data && delta_commit_rewrites(commit, values))
               || delta_conflict_is_read(commit, action, values)) {
        delta_conflict_files(winner, "added files to", values);
    } else if (key != NULL && delta_conflict_is_held(commit, key)) {
        delta_conflict(winner, "named anew the file", key);  // with another time, or statistics
    }
    delta_texts_free(values, commit->partition_count);
}

static void delta_conflict_remove(DeltaWinner *winner, const json_t *action)
{
    const DeltaCommit *commit = winner->commit;
    const char *path = json_string_value(json_object_get(action, "path"));
    if (path == NULL || (commit->held_count == 0 && commit->read_count == 0)) {
        return;
    }
    CLEANUP(mem_free_text) char *key = delta_path_decode(path);
    const bool is_held = delta_conflict_is_held(commit, key);
    // A writer need not say the partition; then it may be one whose rows we read.
    const bool has_values =
        json_is_object(json_object_get(action, "partitionValues")) || commit->partition_count == 0;
    if (!has_values) {
        if (is_held || commit->rewritten_count > 0 || commit->read_count > 0) {
            delta_conflict(winner, "removed the file", key);
        }
        return;
    }
    char **values = delta_action_values(commit, action);
    Err err = {0};
    if (is_held
        || (delta_parts_canonical(&commit->parts, values, &err)
            && (delta_commit_rewrites(commit, values)
                || delta_conflict_is_read(commit, action, values)))) {
        delta_conflict_files(winner, "replaced files of", values);
    }
    delta_texts_free(values, commit->partition_count);
}

static void delta_conflict_txn(DeltaWinner *winner, const json_t *action)
{
    const char *app_id = json_string_value(json_object_get(action, "appId"));
    for (size_t i = 0; i < winner->commit->txn_count; i++) {
        if (text_equal(winner->commit->txns[i].app_id, app_id)) {
            delta_conflict(winner, "committed for the same application", app_id);
        }
    }
}

// A copy of the metadata without what no writer's rows depend on: the comment, and properties that
// only weir's care of the table reads.
static json_t *delta_metadata_core(const json_t *metadata)
{
    json_t *core = json_deep_copy(metadata);
    (void)json_object_del(core, "description");
    json_t *configuration = json_object_get(core, "configuration");
    const char *key = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(configuration, next, key, value)
    {
        if (text_starts_with(key, "weir.")) {
            (void)json_object_del(configuration, key);
        }
    }
    return core;
}

static void delta_conflict_metadata(DeltaWinner *winner, const json_t *metadata)
{
    const DeltaCommit *commit = winner->commit;
    const DeltaState *state = (const DeltaState *)(const void *)commit->table;
    bool is_same = false;
    if (commit->metadata != NULL) {
        // Days of one job that are run side by side all add its new column; otherwise ours would
        // undo theirs.
        json_auto_t *ours = json_loads(commit->metadata, JSON_ALLOW_NUL, NULL);
        is_same = json_equal(ours, metadata);
    } else {
        json_auto_t *old = json_loads(state->metadata, JSON_ALLOW_NUL, NULL);
        json_auto_t *before = delta_metadata_core(old);
        json_auto_t *after = delta_metadata_core(metadata);
        is_same = json_equal(before, after);
    }
    if (!is_same) {
        delta_conflict(winner, "changed the table's schema or properties", NULL);
    }
}

static bool delta_conflict_line(void *context, struct json_t *line, Err *err)
{
    DeltaWinner *winner = context;
    (void)err;
    if (json_is_object(json_object_get(line, "metaData"))) {
        delta_conflict_metadata(winner, json_object_get(line, "metaData"));
    }
    if (json_is_object(json_object_get(line, "protocol"))) {
        delta_conflict(winner, "changed the table's protocol", NULL);
    }
    const json_t *add = json_object_get(line, "add");
    const json_t *remove = json_object_get(line, "remove");
    const json_t *txn = json_object_get(line, "txn");
    if (json_is_object(add)) {
        delta_conflict_add(winner, add);
    }
    if (json_is_object(remove)) {
        delta_conflict_remove(winner, remove);
    }
    if (json_is_object(txn)) {
        delta_conflict_txn(winner, txn);
    }
    return true;
}

bool delta_conflict_check(const DeltaCommit *commit, int64_t version, Err *err)
{
    DeltaWinner winner = {.commit = commit, .version = version};
    CLEANUP(mem_free_text) char *path = delta_log_path(commit->table->path, version);
    const DeltaLines lines = {.each = delta_conflict_line, .context = &winner};
    if (!delta_log_read(path, &lines, err)) {
        return false;
    }
    if (winner.conflict.kind != FAIL_NONE) {
        *err = winner.conflict;
        return false;
    }
    return true;
}

// Opening a table: which files of the log make up a version, and replaying them.
//
// The folder is listed; _last_checkpoint is not needed for that and not read, so that a stale or
// damaged one cannot mislead. A checkpoint that cannot be read is passed over where an older one or
// the JSON files say the same.
#include "lake/delta_internal.h"

#include "base/text.h"

static bool delta_fail_gap(const char *path, int64_t version, const DeltaListing *listing, Err *err)
{
    (void)fail(err, FAIL_TARGET,
               "the log of \"%s\" lacks version %" PRId64 " (newest: %" PRId64 ")", path, version,
               listing->newest);
    if (listing->has_v2_checkpoint) {
        return fail_hint(
            err,
            "The log has checkpoints of the delta feature \"v2Checkpoint\", which weir does not "
            "support: drop the feature from the table, or write to another table.");
    }
    return fail_hint(
        err,
        "Log files were deleted. Restore them from a copy of the table, or write to a new table.");
}

// Applies the checkpoint (NULL: none) and the JSON files after it up to the version.
static bool delta_state_try(const char *path, const DeltaListing *listing,
                            const DeltaCheckpointName *checkpoint, int64_t version,
                            DeltaState *state, Err *err)
{
    int64_t next = 0;
    if (checkpoint != NULL) {
        if (!delta_checkpoint_read(path, checkpoint, state, err)) {
            return false;
        }
        next = checkpoint->version + 1;
    }
    for (; next <= version; next++) {
        if (!delta_listing_has(listing, next)) {
            return delta_fail_gap(path, next, listing, err);
        }
        CLEANUP(mem_free_text) char *file = delta_log_path(path, next);
        const DeltaLines lines = {
            .scan = delta_state_scan, .each = delta_state_apply, .context = state};
        if (!delta_log_read(file, &lines, err)) {
            return false;
        }
    }
    return true;
}

bool delta_state_load(const char *absolute_path, const DeltaListing *listing, int64_t version,
                      bool keeps_removed, DeltaState **ret_state, Err *err)
{
    // From the newest usable checkpoint down to none at all; the first failure is the one that is
    // told.
    Err first = {0};
    for (size_t i = listing->checkpoint_count + 1; i > 0; i--) {
        const DeltaCheckpointName *checkpoint = i == 1 ? NULL : &listing->checkpoints[i - 2];
        if (checkpoint != NULL && checkpoint->version > version) {
            continue;
        }
        if (checkpoint == NULL && first.kind != FAIL_NONE && !delta_listing_has(listing, 0)) {
            break;
        }
        CLEANUP(delta_state_cleanup)
        DeltaState *state = delta_state_new(absolute_path, keeps_removed);
        Err problem = {0};
        if (delta_state_try(absolute_path, listing, checkpoint, version, state, &problem)) {
            if (!delta_state_finish(state, version, err)) {
                return false;
            }
            *ret_state = state;
            state = NULL;
            return true;
        }
        first = first.kind == FAIL_NONE ? problem : first;
    }
    *err = first;
    return false;
}

// Whether there is a log. A folder without one may only hold what readers pass over.
static bool delta_find_log(const char *path, bool *ret_found, Err *err)
{
    CLEANUP(mem_free_text) char *log = fs_join(path, DELTA_LOG_FOLDER);
    if (!fs_exists(path)) {
        *ret_found = false;
        return fs_may_make_dirs(path, err);
    }
    if (!fs_is_dir(path) || (fs_exists(log) && !fs_is_dir(log))) {
        (void)fail(err, FAIL_TARGET, "\"%s\" is a file, not the folder of a table",
                   fs_is_dir(path) ? log : path);
        return fail_hint(err,
                         "Name a folder that does not exist yet, or one that holds a Delta table.");
    }
    if (fs_is_dir(log)) {
        *ret_found = true;
        return true;
    }
    CLEANUP(fs_list_done) FsList names = {0};
    if (!fs_list(path, &names, err)) {
        return false;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (names.names[i][0] != '.' && names.names[i][0] != '_') {
            (void)fail(
                err, FAIL_TARGET,
                "the folder \"%s\" holds \"%s\" but is no Delta table: it has no " DELTA_LOG_FOLDER,
                path, names.names[i]);
            return fail_hint(
                err,
                "Name a folder that is empty or does not exist yet, or one that holds a Delta table.");
        }
    }
    *ret_found = false;
    return true;
}

bool delta_open(const char *path, int64_t version, DeltaTable **ret_table, Err *err)
{
    CLEANUP(mem_free_text) char *absolute = delta_path_absolute(path);
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    bool has_log = false;
    if (!delta_find_log(absolute, &has_log, err)
        || (has_log && !delta_listing_read(absolute, /* sweep= */ false, &listing, err))) {
        return false;
    }
    if (listing.newest < 0 && listing.has_v2_checkpoint) {
        return delta_fail_gap(absolute, 0, &listing, err);
    }
    if (version > listing.newest) {
        if (listing.newest < 0) {
            return fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", absolute);
        }
        (void)fail(err, FAIL_TARGET, "table \"%s\" has no version %" PRId64, absolute, version);
        return fail_hint(err, "The newest version is %" PRId64 ".", listing.newest);
    }
    DeltaState *state = NULL;
    if (listing.newest < 0) {
        state = delta_state_new(absolute, /* keeps_removed= */ false);
    } else if (!delta_state_load(absolute, &listing, version < 0 ? listing.newest : version,
                                 /* keeps_removed= */ false, &state, err)) {
        return false;
    }
    *ret_table = &state->table;
    return true;
}

void delta_free(DeltaTable *table)
{
    // The table is the first member of the state that delta_open() made.
    delta_state_free((DeltaState *)(void *)table);
}

const char *delta_property(const DeltaTable *table, const char *key)
{
    for (size_t i = 0; i < table->property_count; i++) {
        if (text_equal(table->properties[i].key, key)) {
            return table->properties[i].value;
        }
    }
    return NULL;
}

int64_t delta_txn_version(const DeltaTable *table, const char *app_id)
{
    const DeltaState *state = (const DeltaState *)(const void *)table;
    for (size_t i = 0; i < state->txn_count; i++) {
        if (text_equal(state->txns[i].app_id, app_id)) {
            return state->txns[i].version;
        }
    }
    return -1;
}

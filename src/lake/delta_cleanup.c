// Log files that nobody needs any more: the protocol's "Metadata Cleanup".
//
// Kept are all versions that are younger than the retention, and what they need to be read: the
// newest checkpoint at or before the newest expired version, and all after it. What lies before
// that checkpoint goes. So that a checkpoint which cannot be read takes nobody's history away, it
// is read first. Other writers may do the same at the same time: a file that is gone already is
// fine.
#include "lake/delta_internal.h"

#include <sys/stat.h>

#include <jansson.h>

#include "base/failpoint.h"
#include "base/number.h"
#include "base/text.h"

#define LOG_RETENTION_DEFAULT_MS ((int64_t)30 * 24 * 3600 * 1000)
#define LAST_CHECKPOINT_SIZE_MAX ((size_t)1 << 20)

bool delta_retention(const DeltaTable *table, const char *property, int64_t fallback_ms,
                     int64_t *ret_ms, Err *err)
{
    const char *text = delta_property(table, property);
    int64_t ms = fallback_ms;
    if (text != NULL && !delta_interval_parse(text, &ms)) {
        (void)fail(err, FAIL_TARGET, "the property %s of table \"%s\" is \"%s\", which is no time",
                   property, table->path, text);
        return fail_hint(err, "Times are written as \"interval 7 days\".");
    }
    *ret_ms = ms;
    return true;
}

static bool delta_modified(const char *path, int64_t *ret_ms, int64_t *ret_size)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    *ret_ms = (int64_t)status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
    *ret_size = status.st_size;
    return true;
}

// The newest version that is expired, as are all before it; -1: none.
static int64_t delta_newest_expired(const char *path, const DeltaListing *listing,
                                    int64_t oldest_ms)
{
    int64_t newest = -1;
    for (size_t i = 0; i < listing->count; i++) {
        CLEANUP(mem_free_text) char *file = delta_log_path(path, listing->versions[i]);
        int64_t modified_ms = 0;
        int64_t size = 0;
        if (!delta_modified(file, &modified_ms, &size) || modified_ms >= oldest_ms) {
            break;
        }
        newest = listing->versions[i];
    }
    return newest;
}

// The version that _last_checkpoint names: readers begin there, so it must stay. INT64_MAX where
// there is no such file; -1 where it cannot be understood.
static int64_t delta_last_checkpoint(const char *path)
{
    CLEANUP(mem_free_text)
    char *file = mem_format("%s/" DELTA_LOG_FOLDER "/" DELTA_LAST_CHECKPOINT, path);
    CLEANUP(buf_done) Buf text = {0};
    Err ignored;
    if (!fs_exists(file)) {
        return INT64_MAX;
    }
    if (!fs_read(file, LAST_CHECKPOINT_SIZE_MAX, &text, &ignored)) {
        return -1;
    }
    json_auto_t *json = json_loads(buf_text(&text), 0, NULL);
    const json_t *version = json_object_get(json, "version");
    return json_is_integer(version) ? (int64_t)json_integer_value(version) : -1;
}

// The checkpoint that all kept versions can be read from; NULL: none.
static const DeltaCheckpointName *delta_find_anchor(const DeltaListing *listing, int64_t newest)
{
    for (size_t i = listing->checkpoint_count; i > 0; i--) {
        if (listing->checkpoints[i - 1].version <= newest) {
            return &listing->checkpoints[i - 1];
        }
    }
    return NULL;
}

static bool delta_is_readable(const char *path, const DeltaCheckpointName *name)
{
    CLEANUP(delta_state_cleanup)
    DeltaState *state = delta_state_new(path, /* keeps_removed= */ false);
    Err ignored;
    return delta_checkpoint_read(path, name, state, &ignored)
           && delta_state_finish(state, name->version, &ignored);
}

// Whether the name is that of a file of a version before `version`.
static bool delta_is_before(const char *name, int64_t version)
{
    int64_t number = 0;
    if (strspn(name, "0123456789") != 20 || !number_parse_i64(name, 20, &number)
        || number >= version) {
        return false;
    }
    const char *rest = name + 20;
    // "<first>.<last>.compacted.json" says what several versions did.
    if (text_ends_with(rest, ".compacted.json")) {
        return strspn(rest + 1, "0123456789") == 20 && number_parse_i64(rest + 1, 20, &number)
               && number < version;
    }
    return text_equal(rest, ".json") || text_equal(rest, ".crc")
           || text_starts_with(rest, ".checkpoint.");
}

static bool delta_remove_before(const char *path, int64_t version, bool removes,
                                DeltaCleanup *cleanup, Err *err)
{
    CLEANUP(mem_free_text) char *folder = fs_join(path, DELTA_LOG_FOLDER);
    CLEANUP(fs_list_done) FsList names = {0};
    if (!fs_list(folder, &names, err)) {
        return false;
    }
    // In the order of the versions, so that what a crash leaves has no gap after its beginning.
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(mem_free_text) char *file = fs_join(folder, names.names[i]);
        int64_t modified_ms = 0;
        int64_t size = 0;
        if (!delta_is_before(names.names[i], version)
            || !delta_modified(file, &modified_ms, &size)) {
            continue;
        }
        if (removes) {
            failpoint("cleanup-half");
            if (!fs_remove(file, err)) {
                return false;
            }
        }
        cleanup->files++;
        cleanup->bytes += (uint64_t)size;
    }
    return true;
}

bool delta_cleanup_log(const DeltaTable *table, int64_t now_ms, bool removes,
                       DeltaCleanup *ret_cleanup, Err *err)
{
    DeltaCleanup cleanup = {0};
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    int64_t retention_ms = 0;
    *ret_cleanup = cleanup;
    if (text_equal_nocase(delta_property(table, "delta.enableExpiredLogCleanup"), "false")) {
        return true;
    }
    if (!delta_retention(table, "delta.logRetentionDuration", LOG_RETENTION_DEFAULT_MS,
                         &retention_ms, err)
        || !delta_listing_read(table->path, /* sweep= */ false, &listing, err)) {
        return false;
    }
    const int64_t expired = delta_newest_expired(table->path, &listing, now_ms - retention_ms);
    const int64_t last = delta_last_checkpoint(table->path);
    const DeltaCheckpointName *anchor =
        delta_find_anchor(&listing, last < expired ? last : expired);
    if (anchor == NULL || listing.has_v2_checkpoint || !delta_is_readable(table->path, anchor)) {
        return true;
    }
    const bool done = delta_remove_before(table->path, anchor->version, removes, &cleanup, err);
    *ret_cleanup = cleanup;
    return done;
}

// A file may go when nobody can want it: it is in no version that is or was the newest within the
// retention, and it is older than the retention itself, so that no writer is about to commit it.
//
// What versions need is what the newest one names and what was removed from the table within the
// retention. The log tells the latter; where the retention is longer than checkpoints keep removed
// files, the commits themselves are read.
//
// Paths are compared in every spelling that a writer may have meant: too many kept harm nobody.
#include "base/base.h"

#include "lake/vacuum.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/failpoint.h"
#include "base/text.h"
#include "lake/delta_internal.h"
#include "lake/marker.h"

// Of folders below each other; a guard against going astray.
#define VACUUM_DEPTH_MAX 64

typedef struct Vacuum {
    const VacuumOptions *options;
    char *table;
    char *real_table;   // without links, for logs that name whole paths
    int64_t oldest_ms;  // what is younger stays
    DeltaNames kept;    // relative paths, sorted; owned
    size_t kept_capacity;
    FsList live;  // how names of files of live runs begin
    VacuumResult result;
} Vacuum;

static void vacuum_done(Vacuum *vacuum)
{
    free(vacuum->table);
    free(vacuum->real_table);
    delta_names_done(&vacuum->kept);
    fs_list_done(&vacuum->live);
}

// --- what is needed -----

// The path below the table without "./" and doubled slashes; NULL where it leads elsewhere.
static char *vacuum_relative(const Vacuum *vacuum, const char *path)
{
    const char *at = path;
    if (text_starts_with(at, "file:")) {
        at += strlen("file:");
        at += text_starts_with(at, "//") ? 2 : 0;
    }
    CLEANUP(mem_free_text) char *real = at[0] == '/' ? realpath(at, NULL) : NULL;
    if (at[0] == '/') {
        at = real == NULL ? "" : real;
        const size_t len = strlen(vacuum->real_table);
        if (strncmp(at, vacuum->real_table, len) != 0 || at[len] != '/') {
            return NULL;  // a file of another table, or none
        }
        at += len;
    }
    CLEANUP(buf_done) Buf clean = {0};
    while (*at != '\0') {
        const size_t len = strcspn(at, "/");
        if (len > 0 && !(len == 1 && at[0] == '.')) {
            buf_add_text(&clean, clean.len == 0 ? "" : "/");
            buf_add_bytes(&clean, at, len);
        }
        at += len;
        at += strspn(at, "/");
    }
    return buf_take(&clean);
}

static void vacuum_keep_one(Vacuum *vacuum, const char *path)
{
    char *relative = vacuum_relative(vacuum, path);
    if (relative == NULL) {
        return;
    }
    DeltaNames *kept = &vacuum->kept;
    if (kept->count == vacuum->kept_capacity) {
        vacuum->kept_capacity = vacuum->kept_capacity == 0 ? 1024 : vacuum->kept_capacity * 2;
        kept->names = mem_grow(kept->names, vacuum->kept_capacity * sizeof(*kept->names));
    }
    kept->names[kept->count++] = relative;
}

static void vacuum_keep(Vacuum *vacuum, const char *path)
{
    CLEANUP(mem_free_text) char *decoded = delta_path_decode(path);
    vacuum_keep_one(vacuum, decoded);
    if (!text_equal(path, decoded)) {
        vacuum_keep_one(vacuum, path);  // of a writer that does not encode
    }
}

static bool vacuum_keep_removed(void *context, struct json_t *line, Err *err)
{
    Vacuum *vacuum = context;
    const json_t *remove = json_object_get(line, "remove");
    const char *path = json_string_value(json_object_get(remove, "path"));
    const json_t *time = json_object_get(remove, "deletionTimestamp");
    (void)err;
    if (path != NULL && json_integer_value(time) >= vacuum->oldest_ms) {
        vacuum_keep(vacuum, path);
    }
    return true;
}

// Notes what the versions need. The listing is read anew: the table may have gone on.
static bool vacuum_read_log(Vacuum *vacuum, const DeltaListing *listing, int64_t known_ms, Err *err)
{
    CLEANUP(delta_state_cleanup) DeltaState *state = NULL;
    if (!delta_state_load(vacuum->table, listing, listing->newest, /* keeps_removed= */ true,
                          &state, err)) {
        return false;
    }
    for (size_t i = 0; i < state->entry_count; i++) {
        const DeltaEntry *entry = &state->entries[i];
        if (!entry->is_removed || entry->deleted_ms >= vacuum->oldest_ms) {
            vacuum_keep(vacuum, entry->file.path);
        }
    }
    if (vacuum->options->now_ms - vacuum->oldest_ms <= known_ms) {
        return true;
    }
    for (size_t i = 0; i < listing->count; i++) {
        CLEANUP(mem_free_text) char *path = delta_log_path(vacuum->table, listing->versions[i]);
        const DeltaLines lines = {.each = vacuum_keep_removed, .context = vacuum};
        if (!delta_log_read(path, &lines, err)) {
            return false;
        }
    }
    return true;
}

static bool vacuum_is_kept(const Vacuum *vacuum, const char *relative)
{
    return vacuum->kept.count > 0
           && bsearch(&relative, vacuum->kept.names, vacuum->kept.count,
                      sizeof(*vacuum->kept.names), text_order)
                  != NULL;
}

// --- what is there -----

static bool vacuum_is_hidden(const char *name)
{
    // A partition column's name may begin with "_".
    return name[0] == '.' || (name[0] == '_' && strchr(name, '=') == NULL);
}

static bool vacuum_is_live(const Vacuum *vacuum, const char *name)
{
    for (size_t i = 0; i < vacuum->live.count; i++) {
        if (text_starts_with(name, vacuum->live.names[i])) {
            return true;
        }
    }
    return false;
}

static int64_t vacuum_modified(const struct stat *status)
{
    return (int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
}

static bool vacuum_file(Vacuum *vacuum, const char *folder, const char *relative, const char *name,
                        const struct stat *status, bool *removed, Err *err)
{
    if (!text_ends_with(name, ".parquet") || vacuum_modified(status) >= vacuum->oldest_ms
        || vacuum_is_live(vacuum, name) || vacuum_is_kept(vacuum, relative)) {
        return true;
    }
    if (vacuum->options->removes) {
        CLEANUP(mem_free_text) char *path = fs_join(folder, name);
        // Hadoop's file system keeps a checksum beside each file.
        CLEANUP(mem_free_text) char *checksum = mem_format("%s/.%s.crc", folder, name);
        if (!fs_remove(path, err)) {
            return false;
        }
        (void)unlink(checksum);
        *removed = true;
        failpoint("vacuum-half");
    }
    vacuum->result.files++;
    vacuum->result.bytes += (uint64_t)status->st_size;
    return true;
}

// Looks through a folder and those below it. Links are not followed: what they lead to may be
// somebody else's.
static bool vacuum_folder(Vacuum *vacuum, const char *relative, int depth, Err *err)
{
    CLEANUP(mem_free_text)
    char *folder =
        relative[0] == '\0' ? mem_copy_text(vacuum->table) : fs_join(vacuum->table, relative);
    CLEANUP(fs_list_done) FsList names = {0};
    struct stat own;
    if (depth > VACUUM_DEPTH_MAX || lstat(folder, &own) != 0) {
        return true;
    }
    if (!fs_list(folder, &names, err)) {
        return !fs_exists(folder);  // another one tidied up as well
    }
    bool removed = false;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.names[i];
        CLEANUP(mem_free_text) char *path = fs_join(folder, name);
        CLEANUP(mem_free_text)
        char *below = relative[0] == '\0' ? mem_copy_text(name) : fs_join(relative, name);
        struct stat status;
        if (vacuum_is_hidden(name) || lstat(path, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode)
                ? !vacuum_folder(vacuum, below, depth + 1, err)
                : S_ISREG(status.st_mode)
                      && !vacuum_file(vacuum, folder, below, name, &status, &removed, err)) {
            return false;
        }
        removed = removed || (S_ISDIR(status.st_mode) && !fs_exists(path));
    }
    // A folder that a writer has just made is left to it.
    const bool may_go = removed || vacuum_modified(&own) < vacuum->oldest_ms;
    if (vacuum->options->removes && depth > 0 && may_go && rmdir(folder) == 0) {
        vacuum->result.folders++;
    }
    return true;
}

// --- a table -----

static bool vacuum_choose_retention(Vacuum *vacuum, const DeltaTable *table, int64_t *ret_known_ms,
                                    Err *err)
{
    const VacuumOptions *options = vacuum->options;
    int64_t promised_ms = 0;
    if (!delta_retention(table, DELTA_FILE_RETENTION, DELTA_FILE_RETENTION_MS, &promised_ms, err)) {
        return false;
    }
    const int64_t retention_ms = options->retention_ms < 0 ? promised_ms : options->retention_ms;
    if (retention_ms < promised_ms && !options->is_forced) {
        (void)fail(err, FAIL_CONFIG,
                   "a retention of %" PRId64 " hours is below the %" PRId64
                   " that the table \"%s\" keeps",
                   retention_ms / 3600000, promised_ms / 3600000, table->path);
        return fail_hint(
            err, "Readers that began before, and writers that are about to commit, may need "
                 "younger files: make sure that there are none, then add --force.");
    }
    vacuum->oldest_ms = options->now_ms - retention_ms;
    vacuum->result.retention_ms = retention_ms;
    *ret_known_ms = promised_ms;
    return true;
}

static bool vacuum_look(Vacuum *vacuum, Err *err)
{
    // Runs first, then the log: one that ends in between has committed its files by then.
    if (!marker_live(vacuum->table, &vacuum->live, err)) {
        return false;
    }
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    DeltaTable *table = NULL;
    int64_t known_ms = 0;
    if (!delta_open(vacuum->table, /* version= */ -1, &table, err)) {
        return false;
    }
    bool done = table->version >= 0
                || fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", vacuum->table);
    done = done && vacuum_choose_retention(vacuum, table, &known_ms, err)
           && delta_listing_read(vacuum->table, /* sweep= */ false, &listing, err)
           && vacuum_read_log(vacuum, &listing, known_ms, err);
    if (done && vacuum->kept.count > 0) {
        qsort(vacuum->kept.names, vacuum->kept.count, sizeof(*vacuum->kept.names), text_order);
    }
    done = done && vacuum_folder(vacuum, "", 0, err)
           && delta_cleanup_log(table, vacuum->options->now_ms, vacuum->options->removes,
                                &vacuum->result.log, err);
    delta_free(table);
    return done;
}

bool vacuum_table(const char *path, const VacuumOptions *options, VacuumResult *ret_result,
                  Err *err)
{
    CLEANUP(vacuum_done)
    Vacuum vacuum = {.options = options, .table = delta_path_absolute(path)};
    vacuum.real_table = realpath(vacuum.table, NULL);
    if (vacuum.real_table == NULL) {
        return fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", vacuum.table);
    }
    if (options->removes) {
        marker_sweep(vacuum.table);
    }
    if (!vacuum_look(&vacuum, err)) {
        return false;
    }
    *ret_result = vacuum.result;
    return true;
}

// A lake keeps no list of its tables: the folders are the list, so nothing can disagree with them.
//
// To drop a table its folder first gets a hidden name, which is one step for every reader, and is
// then removed file by file. A run that is writing there would go on into a folder that nobody
// sees: while one lives, its table is neither dropped nor renamed. One that begins between that
// look and the rename finds at its commit that its marker is gone, and starts over (marker.h).
#include "base/base.h"

#include "lake/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "lake/delta_internal.h"
#include "lake/marker.h"
#include "record/table_name.h"

#define CATALOG_DROPPED ".weir-dropped-"

static char *catalog_lake_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return mem_copy_text(".");
    }
    return slash == path ? mem_copy_text("/") : mem_copy_bytes(path, (size_t)(slash - path));
}

static const char *catalog_name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

// A log that has a version; its folder alone is there before the first commit of a new table.
static bool catalog_is_table(const char *path)
{
    CLEANUP(mem_free_text) char *log = fs_join(path, DELTA_LOG_FOLDER);
    CLEANUP(mem_free_text) char *first = delta_log_path(path, 0);
    CLEANUP(mem_free_text) char *last = fs_join(log, DELTA_LAST_CHECKPOINT);
    if (fs_exists(first) || fs_exists(last)) {
        return true;
    }
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    Err ignored;
    return fs_is_dir(log) && delta_listing_read(path, /* sweep= */ false, &listing, &ignored)
           && listing.newest >= 0;
}

bool catalog_list(const char *lake, FsList *ret_names, Err *err)
{
    FsList names = {0};
    if (fs_exists(lake) && !fs_list(lake, &names, err)) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(mem_free_text) char *path = fs_join(lake, names.names[i]);
        if (names.names[i][0] != '.' && names.names[i][0] != '_' && catalog_is_table(path)) {
            names.names[kept++] = names.names[i];
        } else {
            free(names.names[i]);
        }
    }
    names.count = kept;
    *ret_names = names;
    return true;
}

static bool catalog_check_name(const char *name, Err *err)
{
    const char *mistake = table_name_mistake(name);
    return mistake == NULL || fail(err, FAIL_CONFIG, "the table name \"%s\" %s", name, mistake);
}

bool catalog_path(const char *lake, const char *name, char **ret_path, Err *err)
{
    if (!catalog_check_name(name, err)) {
        return false;
    }
    char *path = fs_join(lake, name);
    CLEANUP(fs_list_done) FsList names = {0};
    Err ignored;
    if (!fs_exists(path) && fs_is_dir(lake) && fs_list(lake, &names, &ignored)) {
        for (size_t i = 0; i < names.count; i++) {
            if (text_equal_nocase(names.names[i], name)) {
                free(path);
                path = fs_join(lake, names.names[i]);
                break;
            }
        }
    }
    *ret_path = path;
    return true;
}

// --- dropping and renaming -----

static bool catalog_fail_system(Err *err, const char *what, const char *path, int code)
{
    char space[128];
    return fail(err, FAIL_TARGET, "could not %s the table \"%s\": %s", what, path,
                strerror_r(code, space, sizeof(space)));
}

static bool catalog_check_free(const char *path, const char *what, Err *err)
{
    if (!catalog_is_table(path)) {
        return fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", path);
    }
    CLEANUP(fs_list_done) FsList live = {0};
    if (!marker_live(path, &live, err)) {
        return false;
    }
    if (live.count > 0) {
        (void)fail(err, FAIL_TARGET, "the table \"%s\" cannot be %s: a run is writing to it", path,
                   what);
        return fail_hint(err,
                         "Wait until that run is over, or stop it; a plan is given up with weir "
                         "commit --abandon.");
    }
    return true;
}

// After the look for runs, so that one which ended in between is seen by what it committed.
static bool catalog_check_version(const char *path, int64_t version, Err *err)
{
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    if (version < 0) {
        return true;
    }
    if (!delta_listing_read(path, /* sweep= */ false, &listing, err)) {
        return false;
    }
    return listing.newest == version
           || fail(err, FAIL_TARGET,
                   "another writer changed the table \"%s\" (version %" PRId64
                   ") while it was to be dropped; nothing was dropped",
                   path, listing.newest);
}

// Renames where nothing has that name. Sets errno.
static bool catalog_move(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    // A file system without that rename. The plain one replaces no folder that holds anything.
    struct stat status;
    if (lstat(to, &status) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

bool catalog_drop(const char *given_path, int64_t version, Err *err)
{
    CLEANUP(mem_free_text) char *path = delta_path_absolute(given_path);
    CLEANUP(mem_free_text) char *lake = catalog_lake_of(path);
    CLEANUP(mem_free_text)
    char *hidden = mem_format("%s/" CATALOG_DROPPED "%s-%d-%" PRIx64, lake, catalog_name_of(path),
                              (int)getpid(), (uint64_t)clock_now_usec());
    if (!catalog_check_free(path, "dropped", err) || !catalog_check_version(path, version, err)) {
        return false;
    }
    failpoint("drop-before");
    if (!catalog_move(path, hidden)) {
        return catalog_fail_system(err, "drop", path, errno);
    }
    // Until this the table may be back after the machine lost power; so it is still whole.
    if (!fs_sync_dir(lake, err)) {
        return false;
    }
    failpoint("drop-hidden");
    Err ignored;
    // The log last: what a crash leaves can still be looked at.
    CLEANUP(fs_list_done) FsList names = {0};
    if (fs_list(hidden, &names, &ignored)) {
        for (size_t i = 0; i < names.count; i++) {
            if (!text_equal(names.names[i], DELTA_LOG_FOLDER)) {
                CLEANUP(mem_free_text) char *child = fs_join(hidden, names.names[i]);
                fs_remove_tree(child);
            }
        }
    }
    failpoint("drop-half");
    fs_remove_tree(hidden);
    return true;
}

bool catalog_rename(const char *given_path, const char *name, Err *err)
{
    CLEANUP(mem_free_text) char *path = delta_path_absolute(given_path);
    CLEANUP(mem_free_text) char *lake = catalog_lake_of(path);
    CLEANUP(mem_free_text) char *to = fs_join(lake, name);
    if (!catalog_check_name(name, err) || !catalog_check_free(path, "renamed", err)) {
        return false;
    }
    failpoint("rename-before");
    if (!catalog_move(path, to)) {
        if (errno == EEXIST || errno == ENOTEMPTY) {
            (void)fail(err, FAIL_TARGET,
                       "the table \"%s\" cannot be renamed: there is a \"%s\" already", path, to);
            return fail_hint(err, "Choose another name, or drop that table first.");
        }
        return catalog_fail_system(err, "rename", path, errno);
    }
    failpoint("rename-after");
    return fs_sync_dir(lake, err);
}

void catalog_sweep(const char *lake)
{
    CLEANUP(fs_list_done) FsList names = {0};
    Err ignored;
    if (!fs_is_dir(lake) || !fs_list(lake, &names, &ignored)) {
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        if (text_starts_with(names.names[i], CATALOG_DROPPED)) {
            CLEANUP(mem_free_text) char *path = fs_join(lake, names.names[i]);
            fs_remove_tree(path);
        }
    }
}

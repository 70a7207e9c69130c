// Data files are written where they will stay, and only a commit makes them visible. What is left
// to do is tidying up after a run that was killed, without ever touching the files of one that is
// alive, or of one that died after its commit.
//
// Alive is who holds the lock: flock is given back by the kernel however a process ends. A marker
// gets its final name only when it is locked, so nobody meets one in between; before that it has a
// name of its own that is never used again, so that a sweep which is quicker with the lock takes
// away that file and not the next. Committed is what a log file after the version that the run
// began at names.
//
// On some file systems a lock holds on one machine only, and people remove folders: a run therefore
// proves before its commit that its marker and its files are still there (marker_check).
#include "base/base.h"

#include "lake/marker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/number.h"
#include "base/text.h"

#define MARKER_FOLDER "_weir"
#define MARKER_LOG_FOLDER "_delta_log"
#define MARKER_SUFFIX ".run"
#define MARKER_PLAN ".plan"
#define MARKER_PLAN_SECONDS ((time_t)MARKER_PLAN_DAYS * 24 * 3600)
#define MARKER_NEW ".new"
#define MARKER_TEMPORARY ".tmp"
#define MARKER_ATTEMPTS 8  // to make one that nobody takes for a dead run's
#define MARKER_ID_BYTES 16
#define MARKER_SIZE_MAX ((size_t)64 << 10)
#define LOG_SIZE_MAX ((size_t)512 << 20)
// Of partition folders below each other; a guard against going astray, not a limit of tables.
#define MARKER_DEPTH_MAX 32

struct Marker {
    char *table;
    char *folder;  // where the files are, absolute
    char *path;    // of the marker itself
    char *prefix;
    char *temporary;  // folder
    int64_t version;  // of the table when the run began
    int fd;
    char *plan;  // the run is a part of it; NULL: of none
};

// --- removing files -------------------------------------------------------------------------------------

// Files that stay although they have the prefix, by their whole paths.
typedef struct MarkerKeep {
    char **paths;
    size_t count;
} MarkerKeep;

static bool marker_keeps(const MarkerKeep *keep, const char *path)
{
    for (size_t i = 0; keep != NULL && i < keep->count; i++) {
        if (text_equal(keep->paths[i], path)) {
            return true;
        }
    }
    return false;
}

// Removes the files below `folder` whose names begin with the prefix. Folders that this empties are
// removed as well, `folder` itself not.
static void marker_remove_files(const char *folder, const char *prefix, const MarkerKeep *keep,
                                int depth)
{
    Err err;
    FsList list;
    if (depth > MARKER_DEPTH_MAX || !fs_list(folder, &list, &err)) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        // Only partition folders ("ds=...") are ours to look into.
        if (list.names[i][0] == '_' || list.names[i][0] == '.') {
            continue;
        }
        CLEANUP(mem_free_text) char *path = fs_join(folder, list.names[i]);
        if (text_starts_with(list.names[i], prefix)) {
            (void)(marker_keeps(keep, path) || unlink(path) == 0);
        } else if (strchr(list.names[i], '=') != NULL && fs_is_dir(path)) {
            marker_remove_files(path, prefix, keep, depth + 1);
            (void)rmdir(path);  // fails where anything is left in it
        }
    }
    fs_list_done(&list);
}

// Removes the folders from `folder` up to below the table that are empty.
static void marker_remove_folders(const char *table, const char *folder)
{
    CLEANUP(mem_free_text) char *path = mem_copy_text(folder);
    const size_t table_len = strlen(table);
    while (strlen(path) > table_len && rmdir(path) == 0) {
        *strrchr(path, '/') = '\0';
    }
}

// --- dead runs ------------------------------------------------------------------------------------------

typedef enum Committed { COMMITTED_NO, COMMITTED_YES, COMMITTED_UNKNOWN } Committed;

// Looks for the prefix in every log file after `version`. Unknown where such a file cannot be read.
static Committed marker_is_committed(const char *table, const char *prefix, int64_t version)
{
    CLEANUP(mem_free_text) char *log = fs_join(table, MARKER_LOG_FOLDER);
    if (!fs_is_dir(log)) {
        return COMMITTED_NO;
    }
    Err err;
    FsList list;
    if (!fs_list(log, &list, &err)) {
        return COMMITTED_UNKNOWN;
    }
    Committed committed = COMMITTED_NO;
    int64_t next = version + 1;
    for (size_t i = 0; i < list.count && committed == COMMITTED_NO; i++) {
        int64_t found = 0;
        const char *name = list.names[i];
        if (strstr(name, ".checkpoint.") != NULL && strlen(name) > 20
            && number_parse_i64(name, 20, &found) && found >= next) {
            committed = COMMITTED_UNKNOWN;  // log files below it may have been cleaned away
        }
        if (strlen(name) != 25 || !text_ends_with(name, ".json")
            || !number_parse_i64(name, 20, &found) || found <= version) {
            continue;
        }
        CLEANUP(mem_free_text) char *path = fs_join(log, name);
        CLEANUP(buf_done) Buf text = {.limit = LOG_SIZE_MAX};
        if (found != next++ || !fs_read(path, LOG_SIZE_MAX, &text, &err)) {
            committed = COMMITTED_UNKNOWN;  // a log file in between is gone: VACUUM's work then
        } else if (text.len > 0 && memmem(text.data, text.len, prefix, strlen(prefix)) != NULL) {
            committed = COMMITTED_YES;
        }
    }
    fs_list_done(&list);
    return committed;
}

// Whether a relative path leads out of the folder it starts in.
static bool marker_climbs(const char *path)
{
    for (const char *at = path;; at++) {
        const size_t len = strcspn(at, "/");
        if (len == 2 && memcmp(at, "..", 2) == 0) {
            return true;
        }
        at += len;
        if (*at == '\0') {
            return false;
        }
    }
}

// The marker holds "<version>\n<folder>\n"; the folder is relative to the table. Where a crash of
// the machine left it empty, the whole log and the whole table are looked through.
static void marker_sweep_one(const char *table, const char *path, const char *id)
{
    Err err;
    CLEANUP(buf_done) Buf text = {0};
    if (!fs_read(path, MARKER_SIZE_MAX, &text, &err)) {
        return;
    }
    const char *line_end = strchr(buf_text(&text), '\n');
    int64_t version = -1;
    CLEANUP(mem_free_text) char *relative = mem_copy_text("");
    if (line_end != NULL
        && number_parse_i64(buf_text(&text), (size_t)(line_end - buf_text(&text)), &version)) {
        free(relative);
        relative = mem_copy_bytes(line_end + 1, strcspn(line_end + 1, "\n"));
    }
    CLEANUP(mem_free_text)
    char *folder = relative[0] == '\0' ? mem_copy_text(table) : fs_join(table, relative);
    CLEANUP(mem_free_text) char *prefix = mem_format("part-%s", id);
    if (!marker_climbs(relative) && marker_is_committed(table, prefix, version) == COMMITTED_NO) {
        marker_remove_files(folder, prefix, NULL, 0);
        marker_remove_folders(table, folder);
    }
    CLEANUP(mem_free_text)
    char *temporary = mem_format("%s/%s/%s%s", table, MARKER_FOLDER, id, MARKER_TEMPORARY);
    fs_remove_tree(temporary);
    (void)unlink(path);
}

// A plan lives on for a while after each run that took it up.
static bool marker_is_plan_over(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && time(NULL) - found.st_mtime > MARKER_PLAN_SECONDS;
}

// A file that no living run holds, under its final name or before it had one.
static void marker_sweep_file(const char *table, const char *markers, const char *name)
{
    CLEANUP(mem_free_text) char *path = fs_join(markers, name);
    if (text_ends_with(name, MARKER_PLAN) && !marker_is_plan_over(path)) {
        return;
    }
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        (void)rmdir(path);  // an empty folder of that name is nobody's
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (text_ends_with(name, MARKER_NEW)) {
            (void)unlink(path);
        } else {
            CLEANUP(mem_free_text)
            char *id = mem_copy_bytes(name, (size_t)(strrchr(name, '.') - name));
            marker_sweep_one(table, path, id);
        }
    }
    (void)close(fd);
}

// A run makes its temporary folder after its marker and removes it before: without one it is left.
// A plan's part has the plan's name in front: "<plan>-<part>.tmp".
static void marker_sweep_temporary(const char *markers, const char *name)
{
    CLEANUP(mem_free_text)
    char *marker = mem_format("%s/%.*s%s", markers, (int)(strlen(name) - strlen(MARKER_TEMPORARY)),
                              name, MARKER_SUFFIX);
    CLEANUP(mem_free_text)
    char *plan = mem_format("%s/%.*s%s", markers, (int)strcspn(name, "-."), name, MARKER_PLAN);
    if (!fs_exists(marker) && !fs_exists(plan)) {
        CLEANUP(mem_free_text) char *path = fs_join(markers, name);
        fs_remove_tree(path);
    }
}

void marker_sweep(const char *table)
{
    CLEANUP(mem_free_text) char *folder = fs_join(table, MARKER_FOLDER);
    Err err;
    FsList list;
    if (!fs_is_dir(folder) || !fs_list(folder, &list, &err)) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (text_ends_with(list.names[i], MARKER_SUFFIX)
            || text_ends_with(list.names[i], MARKER_PLAN)
            || text_ends_with(list.names[i], MARKER_NEW)) {
            marker_sweep_file(table, folder, list.names[i]);
        } else if (text_ends_with(list.names[i], MARKER_TEMPORARY)) {
            marker_sweep_temporary(folder, list.names[i]);
        }
    }
    fs_list_done(&list);
}

// Whether somebody holds the marker's lock. A shared lock is taken for the look: of several that
// look at once none takes another for a run.
static bool marker_is_held(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool is_held = flock(fd, LOCK_SH | LOCK_NB) != 0;
    (void)close(fd);
    return is_held;
}

bool marker_live(const char *table, FsList *ret_prefixes, Err *err)
{
    CLEANUP(mem_free_text) char *folder = fs_join(table, MARKER_FOLDER);
    FsList live = {0};
    if (!fs_is_dir(folder)) {
        *ret_prefixes = live;
        return true;
    }
    CLEANUP(fs_list_done) FsList names = {0};
    if (!fs_list(folder, &names, err)) {
        return false;
    }
    live.names = mem_alloc(names.count * sizeof(*live.names));
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.names[i];
        CLEANUP(mem_free_text) char *path = fs_join(folder, name);
        // One that has no final name yet: "<run id>-<attempt>.new".
        const char *end = text_ends_with(name, MARKER_SUFFIX) ? strstr(name, MARKER_SUFFIX)
                          : text_ends_with(name, MARKER_NEW)  ? strchr(name, '-')
                          : text_ends_with(name, MARKER_PLAN) ? strstr(name, MARKER_PLAN)
                                                              : NULL;
        const bool is_plan = text_ends_with(name, MARKER_PLAN);
        if (end != NULL && (marker_is_held(path) || (is_plan && !marker_is_plan_over(path)))) {
            live.names[live.count++] = mem_format("part-%.*s", (int)(end - name), name);
        }
    }
    *ret_prefixes = live;
    return true;
}

// --- one's own run --------------------------------------------------------------------------------------

static char *marker_new_id(void)
{
    unsigned char bytes[MARKER_ID_BYTES];
    // Up to 256 bytes come whole once the kernel's pool is filled, which it is long since.
    while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
    }
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < sizeof(bytes); i++) {
        buf_add_format(&text, "%02x", bytes[i]);
    }
    return buf_take(&text);
}

// Makes the marker file under a passing name, locks it, fills it, and gives it its own. Sets errno.
static bool marker_try(Marker *marker, const char *aside, const char *text)
{
    const size_t len = strlen(text);
    const int fd = open(aside, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        const ssize_t written = write(fd, text, len);
        // Few bytes are never written in part but where the disk is full.
        errno = written >= 0 && written != (ssize_t)len ? ENOSPC : errno;
        if (written == (ssize_t)len && rename(aside, marker->path) == 0) {
            marker->fd = fd;
            return true;
        }
    }
    const int code = errno;
    (void)unlink(aside);
    (void)close(fd);
    errno = code;
    return false;
}

static bool marker_create(Marker *marker, const char *id, const char *folder, int64_t version,
                          Err *err)
{
    CLEANUP(mem_free_text) char *markers = fs_join(marker->table, MARKER_FOLDER);
    CLEANUP(mem_free_text) char *text = mem_format("%" PRId64 "\n%s\n", version, folder);
    int code = ENOENT;
    // A run that ends removes the folder where it is empty, and one that begins sweeps a marker
    // that is not locked yet; either may be just now.
    for (int attempt = 0; attempt < MARKER_ATTEMPTS && (code == ENOENT || code == EWOULDBLOCK);
         attempt++) {
        if (!fs_make_dirs(markers, err)) {
            return false;
        }
        CLEANUP(mem_free_text)
        char *aside = mem_format("%s/%s-%d%s", markers, id, attempt, MARKER_NEW);
        if (marker_try(marker, aside, text)) {
            return true;
        }
        code = errno;
    }
    (void)fail(err, FAIL_TARGET, "could not begin a run in \"%s\": %s", marker->table,
               strerror(code));
    return fail_hint(err, "Weir must be able to make files in the table's folder.");
}

bool marker_begin(const char *table, const char *folder, int64_t version, Marker **ret_marker,
                  Err *err)
{
    CLEANUP(mem_free_text) char *id = marker_new_id();
    Marker *marker = mem_alloc(sizeof(*marker));
    *marker = (Marker){
        .table = mem_copy_text(table),
        .folder = folder[0] == '\0' ? mem_copy_text(table) : fs_join(table, folder),
        .path = mem_format("%s/%s/%s%s", table, MARKER_FOLDER, id, MARKER_SUFFIX),
        .prefix = mem_format("part-%s", id),
        .temporary = mem_format("%s/%s/%s%s", table, MARKER_FOLDER, id, MARKER_TEMPORARY),
        .version = version,
        .fd = -1,
    };
    // The log's folder comes before any other file: it tells a table that is being made from a
    // folder of something else.
    CLEANUP(mem_free_text) char *log = fs_join(table, MARKER_LOG_FOLDER);
    if (!marker_create(marker, id, folder, version, err) || !fs_make_dirs(log, err)
        || !fs_make_dirs(marker->folder, err)) {
        marker_end(marker, /* is_committed= */ false);
        return false;
    }
    *ret_marker = marker;
    return true;
}

// Opens the plan's marker, made where it is not there, and holds it with the plan's other runs. It
// may be swept between two steps; then it is made anew. Sets errno.
static bool marker_hold_plan(Marker *marker, const char *text)
{
    const size_t len = strlen(text);
    const int fd = open(marker->path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        return false;
    }
    struct stat held;
    struct stat found;
    // All write the same. The time of the file is the time of the last run.
    if (flock(fd, LOCK_SH | LOCK_NB) == 0 && pwrite(fd, text, len, 0) == (ssize_t)len
        && futimens(fd, NULL) == 0 && fstat(fd, &held) == 0 && stat(marker->path, &found) == 0) {
        if (held.st_ino == found.st_ino && held.st_dev == found.st_dev) {
            marker->fd = fd;
            return true;
        }
        errno = ENOENT;
    }
    const int code = errno;
    (void)close(fd);
    errno = code;
    return false;
}

static bool marker_create_plan(Marker *marker, const char *folder, Err *err)
{
    CLEANUP(mem_free_text) char *markers = fs_join(marker->table, MARKER_FOLDER);
    CLEANUP(mem_free_text) char *text = mem_format("%" PRId64 "\n%s\n", marker->version, folder);
    int code = ENOENT;
    for (int attempt = 0; attempt < MARKER_ATTEMPTS && (code == ENOENT || code == EWOULDBLOCK);
         attempt++) {
        if (!fs_make_dirs(markers, err)) {
            return false;
        }
        if (marker_hold_plan(marker, text)) {
            return true;
        }
        code = errno;
    }
    return fail(err, FAIL_TARGET, "could not take up the plan \"%s\": %s", marker->path,
                strerror(code));
}

bool marker_join(const char *table, const char *folder, int64_t version, const char *plan,
                 const char *part, Marker **ret_marker, Err *err)
{
    Marker *marker = mem_alloc(sizeof(*marker));
    *marker = (Marker){
        .table = mem_copy_text(table),
        .folder = folder[0] == '\0' ? mem_copy_text(table) : fs_join(table, folder),
        .path = mem_format("%s/%s/%s%s", table, MARKER_FOLDER, plan, MARKER_PLAN),
        .prefix = mem_format("part-%s-%s", plan, part),
        .temporary =
            mem_format("%s/%s/%s-%s%s", table, MARKER_FOLDER, plan, part, MARKER_TEMPORARY),
        .version = version,
        .fd = -1,
        .plan = mem_copy_text(plan),
    };
    CLEANUP(mem_free_text) char *log = fs_join(table, MARKER_LOG_FOLDER);
    if (!marker_create_plan(marker, folder, err) || !fs_make_dirs(log, err)
        || !fs_make_dirs(marker->folder, err)) {
        marker_end(marker, /* is_committed= */ false);
        return false;
    }
    *ret_marker = marker;
    return true;
}

// Temporary folders of parts that were killed.
static void marker_remove_temporaries(const Marker *marker)
{
    CLEANUP(mem_free_text) char *markers = fs_join(marker->table, MARKER_FOLDER);
    Err err;
    CLEANUP(fs_list_done) FsList list = {0};
    if (!fs_list(markers, &list, &err)) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (text_starts_with(list.names[i], marker->plan)
            && text_ends_with(list.names[i], MARKER_TEMPORARY)) {
            CLEANUP(mem_free_text) char *path = fs_join(markers, list.names[i]);
            fs_remove_tree(path);
        }
    }
}

void marker_end_plan(Marker *marker, const char *const *keep, size_t keep_count)
{
    CLEANUP(mem_free_text) char *prefix = mem_format("part-%s", marker->plan);
    MarkerKeep kept = {.paths = mem_alloc((keep_count + 1) * sizeof(*kept.paths)),
                       .count = keep_count};
    for (size_t i = 0; i < keep_count; i++) {
        kept.paths[i] = fs_join(marker->table, keep[i]);
    }
    marker_remove_files(marker->folder, prefix, &kept, 0);
    for (size_t i = 0; i < keep_count; i++) {
        free(kept.paths[i]);
    }
    free(kept.paths);
    marker_remove_temporaries(marker);
    if (keep_count == 0) {
        marker_remove_folders(marker->table, marker->folder);
    }
    free(marker->plan);
    marker->plan = NULL;  // its marker goes as a run's does
    marker_end(marker, /* is_committed= */ keep_count > 0);
}

const char *marker_prefix(const Marker *marker)
{
    return marker->prefix;
}

bool marker_check_file(const char *table, const char *file, int64_t size, Err *err)
{
    CLEANUP(mem_free_text) char *path = fs_join(table, file);
    int64_t found = 0;
    if (fs_size(path, &found) && found == size) {
        return true;
    }
    (void)fail(
        err, FAIL_TARGET,
        "the file \"%s\", which this run wrote, was removed or changed before it was committed; "
        "nothing was published",
        path);
    err->retriable = true;
    return fail_hint(err, "Let no other program tidy up in the table's folder, then run it again.");
}

bool marker_check(const Marker *marker, Err *err)
{
    struct stat held;
    struct stat found;
    if (fstat(marker->fd, &held) == 0 && stat(marker->path, &found) == 0
        && held.st_ino == found.st_ino && held.st_dev == found.st_dev) {
        return true;
    }
    (void)fail(err, FAIL_TARGET,
               "the marker of this run, \"%s\", was removed while it was under way; nothing was "
               "published",
               marker->path);
    err->retriable = true;
    return fail_hint(err, "Leave the folder \"" MARKER_FOLDER
                          "\" alone while weir runs. Where several machines write "
                          "to the table, its file system must have locks that hold between them.");
}

bool marker_temporary(Marker *marker, const char **ret_folder, Err *err)
{
    if (!fs_make_dirs(marker->temporary, err)) {
        return false;
    }
    *ret_folder = marker->temporary;
    return true;
}

void marker_end(Marker *marker, bool is_committed)
{
    if (marker == NULL) {
        return;
    }
    // A commit that reports failure may have been published all the same (the disk failed just
    // after): the log decides.
    if (!is_committed
        && marker_is_committed(marker->table, marker->prefix, marker->version) == COMMITTED_NO) {
        marker_remove_files(marker->folder, marker->prefix, NULL, 0);
        marker_remove_folders(marker->table, marker->folder);
    }
    fs_remove_tree(marker->temporary);
    if (marker->plan == NULL) {
        (void)unlink(marker->path);
    }
    if (marker->fd >= 0) {
        (void)close(marker->fd);
    }
    // A folder that is not empty stays: other runs live, or there is a table.
    CLEANUP(mem_free_text) char *markers = fs_join(marker->table, MARKER_FOLDER);
    if (rmdir(markers) == 0 && !is_committed) {
        CLEANUP(mem_free_text) char *log = fs_join(marker->table, MARKER_LOG_FOLDER);
        (void)rmdir(log);
        (void)rmdir(marker->table);
    }
    free(marker->table);
    free(marker->folder);
    free(marker->path);
    free(marker->prefix);
    free(marker->temporary);
    free(marker->plan);
    free(marker);
}

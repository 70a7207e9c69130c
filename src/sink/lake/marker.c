// Data files are written where they will stay, and only a commit makes them visible. What is left
// to do is tidying up after a run that was killed, without ever touching the files of one that is
// alive, or of one that died after its commit.
//
// Alive is who holds the lock: flock is given back by the kernel however a process ends. A marker
// gets its final name only when it is locked, so nobody meets one in between. Committed is what a
// log file after the version that the run began at names.
#include "base/base.h"

#include "sink/lake/marker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/number.h"
#include "base/text.h"

#define MARKER_FOLDER "_weir"
#define MARKER_LOG_FOLDER "_delta_log"
#define MARKER_SUFFIX ".run"
#define MARKER_TEMPORARY ".tmp"
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
};

// --- removing files -------------------------------------------------------------------------------------

// Removes the files below `folder` whose names begin with the prefix. Folders that this empties are
// removed as well, `folder` itself not.
static void marker_remove_files(const char *folder, const char *prefix, int depth)
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
            (void)unlink(path);
        } else if (strchr(list.names[i], '=') != NULL && fs_is_dir(path)) {
            marker_remove_files(path, prefix, depth + 1);
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

// The marker holds "<version>\n<folder>\n"; the folder is relative to the table.
static void marker_sweep_one(const char *table, const char *path, const char *id)
{
    Err err;
    CLEANUP(buf_done) Buf text = {0};
    if (!fs_read(path, MARKER_SIZE_MAX, &text, &err)) {
        return;
    }
    const char *line_end = strchr(buf_text(&text), '\n');
    int64_t version = 0;
    if (line_end == NULL
        || !number_parse_i64(buf_text(&text), (size_t)(line_end - buf_text(&text)), &version)) {
        return;
    }
    CLEANUP(mem_free_text)
    char *relative = mem_copy_bytes(line_end + 1, strcspn(line_end + 1, "\n"));
    CLEANUP(mem_free_text)
    char *folder = relative[0] == '\0' ? mem_copy_text(table) : fs_join(table, relative);
    CLEANUP(mem_free_text) char *prefix = mem_format("part-%s", id);
    if (strstr(relative, "..") == NULL
        && marker_is_committed(table, prefix, version) == COMMITTED_NO) {
        marker_remove_files(folder, prefix, 0);
        marker_remove_folders(table, folder);
    }
    CLEANUP(mem_free_text)
    char *temporary = mem_format("%s/%s/%s%s", table, MARKER_FOLDER, id, MARKER_TEMPORARY);
    fs_remove_tree(temporary);
    (void)unlink(path);
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
        if (!text_ends_with(list.names[i], MARKER_SUFFIX)) {
            continue;
        }
        CLEANUP(mem_free_text) char *path = fs_join(folder, list.names[i]);
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            CLEANUP(mem_free_text)
            char *id = mem_copy_bytes(list.names[i], strlen(list.names[i]) - strlen(MARKER_SUFFIX));
            marker_sweep_one(table, path, id);
        }
        (void)close(fd);
    }
    fs_list_done(&list);
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

// Makes the marker file under a name that sweeps pass over, locks it, fills it, and gives it its
// name.
static bool marker_create(Marker *marker, const char *id, const char *folder, int64_t version,
                          Err *err)
{
    CLEANUP(mem_free_text) char *markers = fs_join(marker->table, MARKER_FOLDER);
    CLEANUP(mem_free_text) char *path = mem_format("%s/%s.new", markers, id);
    CLEANUP(mem_free_text) char *text = mem_format("%" PRId64 "\n%s\n", version, folder);
    for (int attempt = 0; attempt < 3 && marker->fd < 0; attempt++) {
        // A run that ends removes the folder where it is empty, which may be just now.
        if (!fs_make_dirs(markers, err)) {
            return false;
        }
        marker->fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        if (marker->fd < 0 && errno != ENOENT) {
            break;
        }
    }
    const size_t len = strlen(text);
    if (marker->fd < 0 || flock(marker->fd, LOCK_EX | LOCK_NB) != 0
        || write(marker->fd, text, len) != (ssize_t)len || rename(path, marker->path) != 0) {
        const int code = errno;
        (void)unlink(path);
        (void)fail(err, FAIL_TARGET, "could not begin a run in \"%s\": %s", marker->table,
                   strerror(code));
        return fail_hint(err, "Weir must be able to make files in the table's folder.");
    }
    return true;
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

const char *marker_prefix(const Marker *marker)
{
    return marker->prefix;
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
        marker_remove_files(marker->folder, marker->prefix, 0);
        marker_remove_folders(marker->table, marker->folder);
    }
    fs_remove_tree(marker->temporary);
    (void)unlink(marker->path);
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
    free(marker);
}

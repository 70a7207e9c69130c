// Files. Everything that must survive a crash is written aside, synced, given its name, and its
// folder synced, in that order.
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

// How often folders are made again that another process removes because they are empty. Each time
// is a race lost within microseconds.
#define FS_FOLDER_ATTEMPTS 64

static void fd_done(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static bool fs_fail(Err *err, const char *what, const char *path, int code)
{
    char space[128];
    (void)fail(err, FAIL_TARGET, "could not %s \"%s\": %s", what, path,
               strerror_r(code, space, sizeof(space)));
    if (code == ENOSPC || code == EDQUOT) {
        return fail_hint(err,
                         "Free some space on that disk and run it again; nothing was published.");
    }
    if (code == EACCES || code == EPERM || code == EROFS) {
        return fail_hint(err, "Let the user that runs weir write there, or choose another folder.");
    }
    if (code == ENOTDIR || code == EEXIST) {
        return fail_hint(err, "A file is in the way of a folder: choose another path.");
    }
    return false;
}

bool fs_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool fs_is_dir(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool fs_size(const char *path, int64_t *ret_bytes)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    *ret_bytes = status.st_size;
    return true;
}

bool fs_read(const char *path, size_t limit, Buf *out, Err *err)
{
    CLEANUP(fd_done) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fs_fail(err, "open", path, errno);
    }
    char chunk[65536];
    size_t total = 0;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fs_fail(err, "read", path, errno);
        }
        if (got == 0) {
            return true;
        }
        total += (size_t)got;
        if (total > limit) {
            return fail(err, FAIL_TARGET, "\"%s\" is longer than %zu bytes", path, limit);
        }
        buf_add_bytes(out, chunk, (size_t)got);
    }
}

static char *fs_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return mem_copy_text(".");
    }
    return slash == path ? mem_copy_text("/") : mem_copy_bytes(path, (size_t)(slash - path));
}

bool fs_may_make_dirs(const char *path, Err *err)
{
    CLEANUP(mem_free_text) char *above = fs_parent(path);
    while (!fs_exists(above) && strcmp(above, "/") != 0 && strcmp(above, ".") != 0) {
        char *higher = fs_parent(above);
        free(above);
        above = higher;
    }
    if (!fs_is_dir(above)) {
        return fs_fail(err, "make a folder below", above, ENOTDIR);
    }
    return access(above, W_OK | X_OK) == 0 || fs_fail(err, "make a folder in", above, errno);
}

// Makes what is missing; the path and the reason where that fails.
static int fs_try_make_dirs(const char *path, char *partial)
{
    memcpy(partial, path, strlen(path) + 1);
    for (char *slash = partial + 1;; slash++) {
        bool at_end = *slash == '\0';
        if (*slash != '/' && !at_end) {
            continue;
        }
        *slash = '\0';
        struct stat status;
        // What is there may be gone again before it is looked at: ENOENT.
        if (mkdir(partial, 0777) != 0
            && (errno != EEXIST || stat(partial, &status) != 0 || !S_ISDIR(status.st_mode))) {
            return errno;
        }
        if (at_end) {
            return 0;
        }
        *slash = '/';
    }
}

bool fs_make_dirs(const char *path, Err *err)
{
    if (fs_is_dir(path)) {
        return true;
    }
    CLEANUP(mem_free_text) char *partial = mem_copy_text(path);
    int code = ENOENT;
    // A folder of ours may be removed before the next has been made in it.
    for (int attempt = 0; attempt < FS_FOLDER_ATTEMPTS && code == ENOENT; attempt++) {
        code = fs_try_make_dirs(path, partial);
    }
    return code == 0 || fs_fail(err, "make the folder", partial, code);
}

bool fs_write(int fd, const char *path, const void *bytes, size_t len, Err *err)
{
    const char *rest = bytes;
    while (len > 0) {
        ssize_t written = write(fd, rest, len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fs_fail(err, "write", path, errno);
        }
        rest += written;
        len -= (size_t)written;
    }
    return true;
}

bool fs_sync_descriptor(int fd, const char *path, Err *err)
{
    return fsync(fd) == 0 || fs_fail(err, "sync", path, errno);
}

bool fs_create(const char *path, int *ret_fd, Err *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        return fs_fail(err, "create", path, errno);
    }
    *ret_fd = fd;
    return true;
}

bool fs_create_in_folders(const char *path, int *ret_fd, Err *err)
{
    CLEANUP(mem_free_text) char *parent = fs_parent(path);
    int fd = -1;
    int code = ENOENT;
    for (int attempt = 0; attempt < FS_FOLDER_ATTEMPTS && fd < 0 && code == ENOENT; attempt++) {
        if (attempt > 0 && !fs_make_dirs(parent, err)) {
            return false;
        }
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        code = errno;
    }
    if (fd < 0) {
        return fs_fail(err, "create", path, code);
    }
    *ret_fd = fd;
    return true;
}

// A name beside `path` that no other process or thread uses; readers skip names that begin with a
// dot.
static char *fs_aside_name(const char *path)
{
    static atomic_uint number;  // threads may come within one microsecond
    CLEANUP(mem_free_text) char *parent = fs_parent(path);
    const char *slash = strrchr(path, '/');
    return mem_format("%s/.%s.%d-%" PRIx64 "-%u.tmp", parent, slash == NULL ? path : slash + 1,
                      (int)getpid(), (uint64_t)clock_now_usec(), atomic_fetch_add(&number, 1));
}

static bool fs_write_aside(const char *aside, const void *bytes, size_t len, Err *err)
{
    CLEANUP(fd_done) int fd = -1;
    return fs_create(aside, &fd, err) && fs_write(fd, aside, bytes, len, err)
           && fs_sync_descriptor(fd, aside, err);
}

static bool fs_sync_parent(const char *path, Err *err)
{
    CLEANUP(mem_free_text) char *parent = fs_parent(path);
    return fs_sync_dir(parent, err);
}

static bool fs_is_same(const char *a, const char *b)
{
    struct stat a_status;
    struct stat b_status;
    return stat(a, &a_status) == 0 && stat(b, &b_status) == 0 && a_status.st_ino == b_status.st_ino
           && a_status.st_dev == b_status.st_dev;
}

bool fs_put_if_absent(const char *path, const void *bytes, size_t len, bool *ret_exists, Err *err)
{
    CLEANUP(mem_free_text) char *aside = fs_aside_name(path);
    bool done = fs_write_aside(aside, bytes, len, err);
    bool exists = false;
    if (done && link(aside, path) != 0) {
        exists = errno == EEXIST && !fs_is_same(aside, path);
        // Where a network file system sent the request twice, the second finds what the first made:
        // ours.
        if (errno == EEXIST && !exists) {
            (void)unlink(aside);
            *ret_exists = false;
            return true;
        }
        // Some file systems have no hard links; they take the rename that refuses to replace.
        if (!exists && renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
            exists = errno == EEXIST;
            done = exists || fs_fail(err, "create", path, errno);
        }
    }
    (void)unlink(aside);
    if (!done) {
        return false;
    }
    if (!exists) {
        // The file is there for every reader now, whatever the folder's sync says: to report a
        // failure would make the caller believe that nothing was published.
        Err ignored;
        (void)fs_sync_parent(path, &ignored);
    }
    *ret_exists = exists;
    return true;
}

bool fs_replace(const char *path, const void *bytes, size_t len, Err *err)
{
    CLEANUP(mem_free_text) char *aside = fs_aside_name(path);
    if (!fs_write_aside(aside, bytes, len, err)) {
        (void)unlink(aside);
        return false;
    }
    if (rename(aside, path) != 0) {
        int code = errno;
        (void)unlink(aside);
        return fs_fail(err, "replace", path, code);
    }
    return fs_sync_parent(path, err);
}

static bool fs_sync(const char *path, int flags, Err *err)
{
    CLEANUP(fd_done) int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0) {
        return fs_fail(err, "open", path, errno);
    }
    return fs_sync_descriptor(fd, path, err);
}

bool fs_sync_file(const char *path, Err *err)
{
    return fs_sync(path, 0, err);
}

bool fs_sync_dir(const char *path, Err *err)
{
    return fs_sync(path, O_DIRECTORY, err);
}

bool fs_sync_up(const char *path, const char *top, Err *err)
{
    CLEANUP(mem_free_text) char *folder = mem_copy_text(path);
    for (; strlen(folder) > strlen(top); *strrchr(folder, '/') = '\0') {
        if (!fs_sync_dir(folder, err)) {
            return false;
        }
    }
    return fs_sync_dir(folder, err);
}

bool fs_remove(const char *path, Err *err)
{
    return unlink(path) == 0 || errno == ENOENT || fs_fail(err, "remove", path, errno);
}

void fs_remove_tree(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        (void)unlink(path);
        return;
    }
    Err ignored;
    CLEANUP(fs_list_done) FsList list = {0};
    if (fs_list(path, &list, &ignored)) {
        for (size_t i = 0; i < list.count; i++) {
            CLEANUP(mem_free_text) char *child = fs_join(path, list.names[i]);
            fs_remove_tree(child);
        }
    }
    (void)rmdir(path);
}

bool fs_list(const char *path, FsList *ret_list, Err *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return fs_fail(err, "list", path, errno);
    }
    FsList list = {0};
    size_t capacity = 0;
    for (;;) {
        // Only errno tells an error from the end: a listing cut short must not pass for a whole
        // one.
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (list.count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            list.names = mem_grow(list.names, capacity * sizeof(*list.names));
        }
        list.names[list.count++] = mem_copy_text(entry->d_name);
    }
    const int code = errno;
    (void)closedir(dir);
    if (code != 0) {
        fs_list_done(&list);
        return fs_fail(err, "list", path, code);
    }
    if (list.count > 0) {
        qsort(list.names, list.count, sizeof(*list.names), text_order);
    }
    *ret_list = list;
    return true;
}

void fs_list_done(FsList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
    *list = (FsList){0};
}

char *fs_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    return mem_format("%s%s%s", folder, len > 0 && folder[len - 1] == '/' ? "" : "/", name);
}

// Files and folders. Errors are FAIL_TARGET with the path and the system's reason; callers that
// mean a configuration file change the kind. Paths are borrowed. Thread: any.
#pragma once

#include "base/buf.h"

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
bool fs_size(const char *path, int64_t *ret_bytes) MUST_CHECK;  // false where it is no file

// Reads a whole file of at most `limit` bytes into `out` (appends).
bool fs_read(const char *path, size_t limit, Buf *out, Err *err) MUST_CHECK;

// Makes the folder and those above it. An existing folder is fine; a file in the way is an error.
bool fs_make_dirs(const char *path, Err *err) MUST_CHECK;

// What fs_make_dirs would say of a path that does not exist, without making anything: the nearest
// thing above it that exists must be a folder that may be written to.
bool fs_may_make_dirs(const char *path, Err *err) MUST_CHECK;

// Writes the file and syncs it. Replaces nothing: the file appears whole under `path` or not at
// all, and where it exists already *ret_exists is set and nothing is changed (put-if-absent).
bool fs_put_if_absent(const char *path, const void *bytes, size_t len, bool *ret_exists, Err *err)
    MUST_CHECK;

// Writes a temporary file, syncs it and renames it over `path`.
bool fs_replace(const char *path, const void *bytes, size_t len, Err *err) MUST_CHECK;

// As fs_create, and makes the folders above the file where they are gone: another run that tidies
// up may remove one that is empty at any moment, also one that was just made.
bool fs_create_in_folders(const char *path, int *ret_fd, Err *err) MUST_CHECK;
// Creates a file that must not be there, for writing. The descriptor is the caller's.
bool fs_create(const char *path, int *ret_fd, Err *err) MUST_CHECK;
// Writes all bytes; `path` is for the message.
bool fs_write(int fd, const char *path, const void *bytes, size_t len, Err *err) MUST_CHECK;
bool fs_sync_descriptor(int fd, const char *path, Err *err) MUST_CHECK;

bool fs_sync_file(const char *path, Err *err) MUST_CHECK;
bool fs_sync_dir(const char *path, Err *err) MUST_CHECK;
// Syncs the folder and those above it, up to and with `top`, which `path` lies in or is.
bool fs_sync_up(const char *path, const char *top, Err *err) MUST_CHECK;
bool fs_remove(const char *path, Err *err) MUST_CHECK;  // a missing file is fine
void fs_remove_tree(const char *path);                  // best effort

// Names in a folder, sorted by byte value, without "." and "..". Free with fs_list_done.
typedef struct FsList {
    char **names;
    size_t count;
} FsList;
bool fs_list(const char *path, FsList *ret_list, Err *err) MUST_CHECK;
void fs_list_done(FsList *list);

char *fs_join(const char *folder, const char *name) MUST_CHECK;  // owned by the caller

// A folder of files for one test, removed afterwards.
#pragma once

#include "base/fs.h"

#include <stdio.h>

typedef struct Folder {
    char *path;
} Folder;

static inline Folder folder_new(void)
{
    const char *base = getenv("TMPDIR");
    Folder folder = {.path = mem_format("%s/weir-job-XXXXXX", base == NULL ? "/tmp" : base)};
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static inline void folder_put(const Folder *folder, const char *name, const char *text)
{
    Err err = {0};
    CLEANUP(mem_free_text) char *path = fs_join(folder->path, name);
    CLEANUP(mem_free_text) char *above = mem_copy_bytes(path, (size_t)(strrchr(path, '/') - path));
    ASSERT_OK(fs_make_dirs(above, &err), err);
    ASSERT_OK(fs_replace(path, text, strlen(text), &err), err);
}

static inline void folder_done(Folder *folder)
{
    fs_remove_tree(folder->path);
    mem_free_text(&folder->path);
}

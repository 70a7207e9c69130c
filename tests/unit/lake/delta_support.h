// Shared by the tests of the Delta log: temporary folders, log files written by hand, tables in one
// line.
#pragma once

#include "base/base.h"

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "lake/delta.h"

typedef struct Folder {
    char path[256];
} Folder;

static inline void folder_done(Folder *folder)
{
    fs_remove_tree(folder->path);
}

// A new temporary folder; the table of a test is "t" inside it.
static inline Folder folder_new(void)
{
    Folder folder;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder.path, sizeof(folder.path), "%s/weir-delta-XXXXXX",
                   base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static inline void table_done(DeltaTable **table)
{
    delta_free(*table);
}

static inline void commit_done(DeltaCommit **commit)
{
    delta_commit_free(*commit);
}

static inline char *table_path(const Folder *folder)
{
    return fs_join(folder->path, "t");
}

static inline char *log_file(const Folder *folder, const char *name)
{
    return mem_format("%s/t/_delta_log/%s", folder->path, name);
}

static inline char *version_name(int64_t version)
{
    return mem_format("%020" PRId64 ".json", version);
}

static inline void write_file(const char *path, const char *text)
{
    Err err = {0};
    char *folder = mem_copy_bytes(path, (size_t)(strrchr(path, '/') - path));
    ASSERT_OK(fs_make_dirs(folder, &err), err);
    ASSERT_OK(fs_replace(path, text, strlen(text), &err), err);
    free(folder);
}

static inline void write_version(const Folder *folder, int64_t version, const char *text)
{
    char *name = version_name(version);
    char *path = log_file(folder, name);
    write_file(path, text);
    free(path);
    free(name);
}

static inline char *read_version(const Folder *folder, int64_t version)
{
    Err err = {0};
    Buf text = {0};
    char *name = version_name(version);
    char *path = log_file(folder, name);
    ASSERT_OK(fs_read(path, 1 << 26, &text, &err), err);
    free(path);
    free(name);
    return buf_take(&text);
}

static inline DeltaTable *open_table(const Folder *folder)
{
    Err err = {0};
    DeltaTable *table = NULL;
    char *path = table_path(folder);
    ASSERT_OK(delta_open(path, -1, &table, &err), err);
    free(path);
    return table;
}

// The table "t" with columns id (int64), at (datetime where `with_datetime`) and the partition
// columns ds, region (text).
static inline void add_schema(DeltaCommit *commit, bool with_datetime)
{
    Schema schema = {0};
    (void)schema_add(&schema, "id", (Type){.kind = TYPE_INT64}, true);
    if (with_datetime) {
        (void)schema_add(&schema, "at", (Type){.kind = TYPE_DATETIME, .scale = 3}, true);
    }
    (void)schema_add(&schema, "ds", (Type){.kind = TYPE_TEXT}, true);
    (void)schema_add(&schema, "region", (Type){.kind = TYPE_TEXT}, true);
    delta_commit_schema(commit, &schema, (const char *const[]){"ds", "region"}, 2);
    schema_done(&schema);
}

static inline void add_file(DeltaCommit *commit, const char *path, const char *ds,
                            const char *region, int64_t rows)
{
    const char *const values[] = {ds, region};
    delta_commit_add(commit, path, values, 100, rows, NULL);
}

static inline int64_t publish(DeltaCommit *commit)
{
    Err err = {0};
    DeltaCommitResult result = {0};
    ASSERT_OK(delta_commit(commit, "WRITE", "Overwrite", &result, &err), err);
    return result.version;
}

// Version 0 with the columns of add_schema() and one file in each of a/eu, a/us, b/eu.
static inline void create_table(const Folder *folder)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    CLEANUP(commit_done) DeltaCommit *commit = delta_commit_new(table);
    add_schema(commit, /* with_datetime= */ false);
    add_file(commit, "a-eu-0", "a", "eu", 1);
    add_file(commit, "a-us-0", "a", "us", 2);
    add_file(commit, "b-eu-0", "b", "eu", 4);
    assert_int_equal(publish(commit), 0);
}

static inline int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The paths of the table's files, sorted and separated by blanks.
static inline char *file_names(const DeltaTable *table)
{
    const char **names = mem_alloc(table->file_count * sizeof(*names));
    for (size_t i = 0; i < table->file_count; i++) {
        names[i] = table->files[i].path;
    }
    if (table->file_count > 0) {
        qsort(names, table->file_count, sizeof(*names), compare_texts);
    }
    Buf out = {0};
    for (size_t i = 0; i < table->file_count; i++) {
        buf_add_format(&out, "%s%s", i == 0 ? "" : " ", names[i]);
    }
    free(names);
    return out.len == 0 ? mem_copy_text("") : buf_take(&out);
}

static inline void assert_files(const Folder *folder, const char *expected)
{
    CLEANUP(table_done) DeltaTable *table = open_table(folder);
    CLEANUP(mem_free_text) char *names = file_names(table);
    assert_string_equal(names, expected);
}

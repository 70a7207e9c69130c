// What the files of the import share.
#pragma once

#include "job/import.h"
#include "job/import_json.h"
#include "job/job_internal.h"

// A list of texts: ends with NULL once it holds any.
typedef struct TextList {
    char **items;
    size_t count;
} TextList;
void text_list_add(TextList *list, char *text);  // takes the text

// An object of the file, and the path to it. A NULL value: it is not there.
typedef struct ImportAt {
    json_t *object;
    const char *path;
} ImportAt;

typedef struct ImportSource {
    char *datasource;
    TextList tables;
    char *query;
    char *path;  // of the key that says what is read
} ImportSource;

// The columns of one side.
typedef struct ImportColumns {
    bool is_all;    // ["*"], or not given
    bool has_star;  // "*" among others
    TextList list;
    char *path;
} ImportColumns;

// Which part of the job file a note is about.
typedef enum ImportPart { IMPORT_SOURCE, IMPORT_TARGET, IMPORT_JOB } ImportPart;

typedef struct Importer {
    const ImportRequest *request;
    const Project *project;  // or NULL
    ImportJson json;
    bool is_datax;
    ImportPart part;  // being read
    Problems errors;
    ImportPart *note_parts;  // of each note
    Imported result;
    // The job, before it is text. Paths are those of the keys that values come from.
    ImportSource *sources;
    size_t source_count;
    ImportColumns reader, writer;
    TextList columns;  // as the job needs them; empty: all
    char *where, *where_path;
    char *split, *split_path;
    char *table, *table_path;
    char *partition, *partition_path;
    bool is_append;
    char *dirty_limit;  // text, or NULL
    int threads;        // 0: not said
} Importer;

void import_error(Importer *importer, const char *path, const char *format, ...) PRINTF(3, 4);
void import_note(Importer *importer, const char *path, const char *format, ...) PRINTF(3, 4);

// --- import_keys.c: which keys there are ------------------------------------------------------------------

typedef enum ImportFate {
    IMPORT_USED,     // translated by the one who asked
    IMPORT_IGNORED,  // makes no difference to the rows
    IMPORT_NOTED,    // no equal: a comment
    IMPORT_REFUSED,  // no equal, and the rows would differ
} ImportFate;

typedef struct ImportKey {
    const char *name;
    ImportFate fate;
    const char *why;       // for the note or the error
    const char *harmless;  // "false|0": values that ask for nothing
    bool is_secret;        // its value is not shown
} ImportKey;

// Notes what the keys of an object come to. `keys` ends with a row without a name.
void import_check_keys(Importer *importer, ImportAt at, const ImportKey *keys);

// True for what stands for "not given": nothing, null, "", [] and {}.
bool import_is_empty(const json_t *value);
// A member as an object; its path is put into *ret_path, which the caller frees. A value of another
// kind is an error.
ImportAt import_member(Importer *importer, ImportAt at, const char *key, char **ret_path);
// A scalar member as text: "12" for 12 too; NULL where it is empty. Another kind is an error.
char *import_member_text(Importer *importer, ImportAt at, const char *key);
// A text, or a list of texts, numbers and booleans.
void import_member_list(Importer *importer, ImportAt at, const char *key, TextList *list);
char *import_scalar(const json_t *value);  // NULL for a list or an object
char *import_path(ImportAt at, const char *key) MUST_CHECK;
bool import_is_true(Importer *importer, ImportAt at, const char *key, bool fallback);

// --- the parts of a job ------------------------------------------------------------------------------------

// Reads the file: its reader, its writer, its settings.
void import_form(Importer *importer);
void import_setting(Importer *importer, ImportAt setting);
void import_reader(Importer *importer, const char *plugin, const char *plugin_path,
                   ImportAt parameter);
void import_writer(Importer *importer, const char *plugin, const char *plugin_path,
                   ImportAt parameter);
// Makes `columns` of the two sides, whose columns belong together by position.
void import_columns(Importer *importer);
// The name in weir.yaml for what DataWorks names, or for a JDBC URL. NULL after an error.
char *import_named_datasource(Importer *importer, ImportAt at);
char *import_jdbc_datasource(Importer *importer, ImportAt connection, ImportAt credentials);
// Writes the job file into the result.
bool import_write(Importer *importer, Err *err) MUST_CHECK;

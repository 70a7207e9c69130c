// A JSON file with comments as a tree, and where each key of it stands.
#pragma once

#include <jansson.h>

#include "base/err.h"

typedef struct ImportPlace {
    uint64_t hash;  // of the path
    int line, column;
} ImportPlace;

typedef struct ImportJson {
    json_t *root;  // an object
    ImportPlace *places;
    size_t place_count;
} ImportJson;

// Reads `text`; // and /* */ comments are passed over. FAIL_CONFIG with `shown`:line:column. Free
// with import_json_done.
bool import_json_read(const char *text, size_t len, const char *shown, ImportJson *ret_json,
                      Err *err) MUST_CHECK;
void import_json_done(ImportJson *json);

// Where the key of a path such as "steps[0].parameter.where" stands; line 0 where it is not known.
ImportPlace import_json_place(const ImportJson *json, const char *path);

// Every key of a file is in a table, so that none is passed over in silence: in the original a slip
// in a name goes unnoticed, and the job does something else.
#include "base/base.h"

#include "job/import_internal.h"

#include <stdio.h>

#include "base/number.h"
#include "base/text.h"

enum { SHOWN_MAX = 60, NAMES_MAX = 64 };

void text_list_add(TextList *list, char *text)
{
    if ((list->count & (list->count + 1)) == 0) {  // room for the NULL too
        list->items = mem_grow(list->items, (list->count + 1) * 2 * sizeof(*list->items));
    }
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

char *import_path(ImportAt at, const char *key)
{
    return at.path[0] == '\0' ? mem_copy_text(key) : mem_format("%s.%s", at.path, key);
}

bool import_is_empty(const json_t *value)
{
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_NULL:
        return true;
    case JSON_STRING:
        return json_string_value(value)[0] == '\0';
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_OBJECT:
        return json_object_size(value) == 0;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
        return false;
    }
    return false;
}

char *import_scalar(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return mem_copy_text(json_string_value(value));
    case JSON_INTEGER:
        return mem_format("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL: {
        char space[NUMBER_TEXT_SIZE];
        const size_t len = number_double_to_text(json_real_value(value), space);
        return mem_copy_bytes(space, len);
    }
    case JSON_TRUE:
        return mem_copy_text("true");
    case JSON_FALSE:
        return mem_copy_text("false");
    case JSON_NULL:
        return mem_copy_text("null");
    case JSON_ARRAY:
    case JSON_OBJECT:
        return NULL;
    }
    return NULL;
}

ImportAt import_member(Importer *importer, ImportAt at, const char *key, char **ret_path)
{
    json_t *value = json_object_get(at.object, key);
    *ret_path = import_path(at, key);
    if (!import_is_empty(value) && !json_is_object(value)) {
        import_error(importer, *ret_path, "must be an object {...}");
    }
    return (ImportAt){json_is_object(value) ? value : NULL, *ret_path};
}

char *import_member_text(Importer *importer, ImportAt at, const char *key)
{
    const json_t *value = json_object_get(at.object, key);
    if (import_is_empty(value)) {
        return NULL;
    }
    char *text = import_scalar(value);
    if (text == NULL) {
        CLEANUP(mem_free_text) char *path = import_path(at, key);
        import_error(importer, path, "must be text");
    }
    return text;
}

void import_member_list(Importer *importer, ImportAt at, const char *key, TextList *list)
{
    const json_t *value = json_object_get(at.object, key);
    if (import_is_empty(value)) {
        return;
    }
    CLEANUP(mem_free_text) char *path = import_path(at, key);
    const size_t count = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < count; i++) {
        char *text = import_scalar(json_is_array(value) ? json_array_get(value, i) : value);
        if (text == NULL) {
            import_error(importer, path, "must be text or a list of texts");
            return;
        }
        text_list_add(list, text);
    }
}

bool import_is_true(Importer *importer, ImportAt at, const char *key, bool fallback)
{
    CLEANUP(mem_free_text) char *text = import_member_text(importer, at, key);
    if (text == NULL) {
        return fallback;
    }
    const bool is_true = text_equal_nocase(text, "true");
    if (!is_true && !text_equal_nocase(text, "false")) {
        CLEANUP(mem_free_text) char *path = import_path(at, key);
        import_error(importer, path, "must be true or false");
    }
    return is_true;
}

// --------------------------------------------------------------------------------------------------------

static bool is_harmless(const ImportKey *key, const json_t *value)
{
    if (import_is_empty(value)) {
        return true;
    }
    CLEANUP(mem_free_text) char *text = import_scalar(value);
    for (const char *at = key->harmless; at != NULL && text != NULL;) {
        const size_t len = strcspn(at, "|");
        if (strlen(text) == len && strncasecmp(text, at, len) == 0) {
            return true;
        }
        at = at[len] == '\0' ? NULL : at + len + 1;
    }
    return false;
}

static void check_known(Importer *importer, ImportAt at, const ImportKey *key, const json_t *value)
{
    if (key->fate == IMPORT_USED || key->fate == IMPORT_IGNORED || is_harmless(key, value)) {
        return;
    }
    CLEANUP(mem_free_text) char *path = import_path(at, key->name);
    CLEANUP(mem_free_text) char *text = key->is_secret ? NULL : import_scalar(value);
    const bool is_shown = text != NULL && strlen(text) <= SHOWN_MAX;
    if (key->fate == IMPORT_REFUSED) {
        import_error(importer, path, "%s%shas no equal, and the rows would differ: %s",
                     is_shown ? text : "", is_shown ? " " : "", key->why);
    } else {
        import_note(importer, path, "%s%shas no equal: %s", is_shown ? text : "",
                    is_shown ? " " : "", key->why);
    }
}

static void note_unknown(Importer *importer, ImportAt at, const char *name, const ImportKey *keys)
{
    const char *names[NAMES_MAX] = {0};
    const char *nearest = NULL;
    for (size_t i = 0; keys[i].name != NULL && i + 1 < NAMES_MAX; i++) {
        names[i] = keys[i].name;
        nearest = text_equal_nocase(name, names[i]) ? names[i] : nearest;
    }
    nearest = nearest == NULL ? text_nearest(name, names) : nearest;
    CLEANUP(mem_free_text) char *path = import_path(at, name);
    if (nearest == NULL) {
        import_note(importer, path, "unknown key, left out");
    } else if (text_equal(nearest, "querySql")) {
        import_note(importer, path,
                    "unknown key, did you mean \"querySql\"? The original passes over it without a "
                    "word and copies the table; so does this job");
    } else {
        import_note(importer, path,
                    "unknown key, did you mean \"%s\"? The original passes over it without a word; "
                    "so does this job",
                    nearest);
    }
}

void import_check_keys(Importer *importer, ImportAt at, const ImportKey *keys)
{
    const char *name;
    json_t *value;
    json_object_foreach(at.object, name, value)
    {
        const ImportKey *key = keys;
        while (key->name != NULL && strcmp(key->name, name) != 0) {
            key++;
        }
        if (key->name != NULL) {
            check_known(importer, at, key, value);
        } else {
            note_unknown(importer, at, name, keys);
        }
    }
}

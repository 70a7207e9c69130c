// JSON with comments. The comments become blanks, so that positions stay true, and jansson reads
// the rest. jansson does not say where a value stands: a second walk over the text, which is known
// to be good JSON by then, notes the place of every key under a hash of its path. Two paths with
// one hash would only make a message point to the wrong line.
#include "base/base.h"

#include "job/import_json.h"

#include "base/buf.h"
#include "base/text.h"

#define HASH_BASIS UINT64_C(0xCBF29CE484222325)

// FNV-1a: the hash of a path is the hash of its parent's, continued.
static uint64_t hash_more(uint64_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

static int line_of(const char *text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset; i++) {
        line += text[i] == '\n';
    }
    return line;
}

// Length of the string literal at `at`, both quotes included, or up to the end of the text.
static size_t string_len(const char *text, size_t at, size_t len)
{
    size_t end = at + 1;
    while (end < len && text[end] != '"') {
        end += text[end] == '\\' && end + 1 < len ? 2 : 1;
    }
    return (end < len ? end + 1 : len) - at;
}

// Overwrites comments with spaces.
static bool blank_comments(char *text, size_t len, const char *shown, Err *err)
{
    for (size_t at = 0; at < len;) {
        if (text[at] == '"') {
            at += string_len(text, at, len);
            continue;
        }
        if (text[at] != '/' || at + 1 >= len || (text[at + 1] != '/' && text[at + 1] != '*')) {
            at++;
            continue;
        }
        size_t end;
        if (text[at + 1] == '/') {
            const char *newline = memchr(text + at, '\n', len - at);
            end = newline == NULL ? len : (size_t)(newline - text);
        } else {
            const char *close = at + 2 < len ? memmem(text + at + 2, len - at - 2, "*/", 2) : NULL;
            if (close == NULL) {
                return fail(err, FAIL_CONFIG, "%s:%d: the comment does not end", shown,
                            line_of(text, at));
            }
            end = (size_t)(close - text) + 2;
        }
        for (; at < end; at++) {
            text[at] = text[at] == '\n' ? '\n' : ' ';
        }
    }
    return true;
}

// --- places -----------------------------------------------------------------------------------------------

typedef struct Frame {
    bool is_object;
    bool awaits_key;
    size_t index;
    uint64_t hash;
} Frame;

typedef struct Walk {
    ImportJson *json;
    Frame *stack;
    size_t depth;
    uint64_t value_hash;  // of the value that comes next
    int line, column;
} Walk;

static void walk_note(Walk *walk, uint64_t hash)
{
    ImportJson *json = walk->json;
    if ((json->place_count & (json->place_count - 1)) == 0) {  // full at every power of two
        const size_t capacity = json->place_count == 0 ? 1 : json->place_count * 2;
        json->places = mem_grow(json->places, capacity * sizeof(*json->places));
    }
    json->places[json->place_count++] = (ImportPlace){hash, walk->line, walk->column};
    walk->value_hash = hash;
}

static void walk_push(Walk *walk, bool is_object)
{
    if ((walk->depth & (walk->depth - 1)) == 0) {
        const size_t capacity = walk->depth == 0 ? 1 : walk->depth * 2;
        walk->stack = mem_grow(walk->stack, capacity * sizeof(*walk->stack));
    }
    walk->stack[walk->depth++] =
        (Frame){.is_object = is_object, .awaits_key = is_object, .hash = walk->value_hash};
}

// A value begins: an element of a list is a place of its own, a member's place was its key.
static void walk_value(Walk *walk)
{
    Frame *top = walk->depth == 0 ? NULL : &walk->stack[walk->depth - 1];
    if (top == NULL || top->is_object) {
        return;
    }
    CLEANUP(mem_free_text) char *step = mem_format("[%zu]", top->index);
    walk_note(walk, hash_more(top->hash, step, strlen(step)));
}

static void walk_key(Walk *walk, const char *key, size_t len)
{
    Frame *top = &walk->stack[walk->depth - 1];
    const uint64_t parent = top->hash == HASH_BASIS ? top->hash : hash_more(top->hash, ".", 1);
    top->awaits_key = false;
    walk_note(walk, hash_more(parent, key, len));
}

// One token at `text`; returns its length.
static size_t walk_token(Walk *walk, const char *text, size_t len)
{
    Frame *top = walk->depth == 0 ? NULL : &walk->stack[walk->depth - 1];
    switch (text[0]) {
    case '{':
    case '[':
        walk_value(walk);
        walk_push(walk, text[0] == '{');
        return 1;
    case '}':
    case ']':
        walk->depth -= walk->depth > 0;
        return 1;
    case ',':
        if (top != NULL) {
            top->index++;
            top->awaits_key = top->is_object;
        }
        return 1;
    case '"': {
        const size_t size = string_len(text, 0, len);
        if (top != NULL && top->awaits_key) {
            walk_key(walk, text + 1, size - 2);
        } else {
            walk_value(walk);
        }
        return size;
    }
    case ':':
        return 1;
    default: {
        walk_value(walk);
        size_t size = 1;
        while (size < len && strchr(",]} \t\r\n", text[size]) == NULL) {
            size++;
        }
        return size;
    }
    }
}

static int place_order(const void *a, const void *b)
{
    const uint64_t left = ((const ImportPlace *)a)->hash;
    const uint64_t right = ((const ImportPlace *)b)->hash;
    return (left > right) - (left < right);
}

static void find_places(const char *text, size_t len, ImportJson *json)
{
    Walk walk = {.json = json, .value_hash = HASH_BASIS, .line = 1, .column = 1};
    for (size_t at = 0; at < len;) {
        size_t size = 1;
        if (strchr(" \t\r\n", text[at]) == NULL) {
            size = walk_token(&walk, text + at, len - at);
        }
        for (; size > 0; size--, at++) {
            walk.column += ((unsigned char)text[at] & 0xC0) != 0x80;  // characters
            if (text[at] == '\n') {
                walk.line++;
                walk.column = 1;
            }
        }
    }
    free(walk.stack);
    if (json->place_count > 0) {
        qsort(json->places, json->place_count, sizeof(*json->places), place_order);
    }
}

ImportPlace import_json_place(const ImportJson *json, const char *path)
{
    const ImportPlace wanted = {.hash = hash_more(HASH_BASIS, path, strlen(path))};
    const ImportPlace *found =
        json->place_count == 0
            ? NULL
            : bsearch(&wanted, json->places, json->place_count, sizeof(wanted), place_order);
    return found == NULL ? (ImportPlace){0} : *found;
}

// --------------------------------------------------------------------------------------------------------

static bool fail_json(const char *shown, const json_error_t *error, Err *err)
{
    // What jansson quotes after "near" may be a password.
    const char *near = strstr(error->text, " near ");
    const int len = near == NULL ? (int)strlen(error->text) : (int)(near - error->text);
    (void)fail(err, FAIL_CONFIG, "%s:%d:%d: not valid JSON: %.*s", shown,
               error->line < 1 ? 1 : error->line, error->column < 1 ? 1 : error->column, len,
               error->text);
    if (json_error_code(error) == json_error_invalid_utf8) {
        return fail_hint(err, "Save the file as UTF-8.");
    }
    return json_error_code(error) == json_error_duplicate_key
               ? fail_hint(err, "A key stands twice: keep the one that is meant.")
               : false;
}

bool import_json_read(const char *text, size_t len, const char *shown, ImportJson *ret_json,
                      Err *err)
{
    static const char MARK[] = "\xEF\xBB\xBF";  // what some editors put before UTF-8
    if (len >= 3 && memcmp(text, MARK, 3) == 0) {
        text += 3;
        len -= 3;
    }
    CLEANUP(mem_free_text) char *plain = mem_copy_bytes(text, len);
    if (!blank_comments(plain, len, shown, err)) {
        return false;
    }
    json_error_t error;
    json_t *root = json_loadb(plain, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return fail_json(shown, &error, err);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return fail(err, FAIL_CONFIG, "%s:1:1: no job: the file must be an object {...}", shown);
    }
    *ret_json = (ImportJson){.root = root};
    find_places(plain, len, ret_json);
    return true;
}

void import_json_done(ImportJson *json)
{
    json_decref(json->root);
    free(json->places);
    *json = (ImportJson){0};
}

// The binder. One table says everything about a key, so what is allowed, what a message says and
// what the default is cannot drift apart.
#include "base/base.h"

#include "job/bind.h"

#include "base/text.h"

void text_list_free(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

static void *member(const BindKey *key, void *target)
{
    return (char *)target + key->offset;
}

void bind_free(const BindKey *keys, size_t count, void *target)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].kind == BIND_TEXT) {
            char **text = member(&keys[i], target);
            free(*text);
            *text = NULL;
        } else if (keys[i].kind == BIND_TEXT_LIST) {
            char ***list = member(&keys[i], target);
            text_list_free(*list);
            *list = NULL;
        }
    }
}

static void add_words(const char *const *words, Buf *out)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0) {
            buf_add_text(out, words[i + 1] == NULL ? " or " : ", ");
        }
        buf_add_text(out, words[i]);
    }
}

static void add_seconds(int64_t seconds, Buf *out)
{
    if (seconds % 3600 == 0 && seconds > 0) {
        buf_add_format(out, "%" PRId64 "h", seconds / 3600);
    } else if (seconds % 60 == 0 && seconds > 0) {
        buf_add_format(out, "%" PRId64 "m", seconds / 60);
    } else {
        buf_add_format(out, "%" PRId64 "s", seconds);
    }
}

// "a whole number from 1 to 64": what the key wants, after "must be".
static void add_wanted(const BindKey *key, Buf *out)
{
    char space[2][TEXT_NUMBER_SIZE];
    switch (key->kind) {
    case BIND_TEXT:
        buf_add_text(out, "text");
        break;
    case BIND_TEXT_LIST:
        buf_add_text(out, "text or a list of texts");
        break;
    case BIND_INT:
        buf_add_format(out, "a whole number from %" PRId64 " to %" PRId64, key->min, key->max);
        break;
    case BIND_LIMIT:
        buf_add_format(out, "a whole number from %" PRId64 ", or unlimited", key->min);
        break;
    case BIND_BYTES:
        buf_add_format(out, "a size from %s to %s, such as 64MiB",
                       text_bytes((uint64_t)key->min, space[0]),
                       text_bytes((uint64_t)key->max, space[1]));
        break;
    case BIND_SECONDS:
        buf_add_text(out, "a time from ");
        add_seconds(key->min, out);
        buf_add_text(out, " to ");
        add_seconds(key->max, out);
        buf_add_text(out, ", such as 10s or 5m");
        break;
    case BIND_BOOL:
        buf_add_text(out, "true or false");
        break;
    case BIND_WORD:
        add_words(key->words, out);
        break;
    case BIND_NODE:
        buf_add_text(out, "a mapping");
        break;
    }
}

// `"threads" must be ..., not "many"`. `shown` is quoted, or NULL: then the kind of the node is
// named.
static void report_value(const Binder *binder, const BindKey *key, const DocNode *node,
                         const char *shown)
{
    CLEANUP(buf_done) Buf wanted = {0};
    add_wanted(key, &wanted);
    CLEANUP(buf_done) Buf found = {0};
    if (shown == NULL) {
        buf_add_text(&found, doc_kind_name(node));
    } else if ((key->flags & BIND_SECRET) != 0) {
        buf_add_text(&found, "what stands there");
    } else {
        const bool completed = strcmp(shown, node->text) != 0;
        buf_add_format(&found, "%s\"%.100s\"",
                       completed && binder->hide_expanded ? "what is in " : "",
                       completed && binder->hide_expanded ? node->text : shown);
        if (completed && !binder->hide_expanded) {
            buf_add_format(&found, " (from \"%.100s\")", node->text);
        }
    }
    const char *nearest =
        key->kind == BIND_WORD && shown != NULL ? text_nearest(shown, key->words) : NULL;
    if (nearest != NULL) {
        buf_add_format(&found, ", did you mean \"%s\"?", nearest);
    }
    problems_add(binder->problems, node->line, node->column, "\"%s\" must be %s, not %s", key->name,
                 buf_text(&wanted), buf_text(&found));
}

char *bind_text(const Binder *binder, const DocNode *node, const char *name, unsigned flags)
{
    if (node->kind != DOC_TEXT) {
        problems_add(binder->problems, node->line, node->column, "\"%s\" must be text, not %s",
                     name, doc_kind_name(node));
        return NULL;
    }
    CLEANUP(buf_done) Buf text = {.limit = DOC_BYTES_MAX};
    if (binder->expand == NULL || (flags & BIND_RAW) != 0) {
        buf_add_text(&text, node->text);
    } else {
        Err err = {0};
        if (!binder->expand(binder->object, node->text, &text, &err)
            || !buf_ok(&text, "the text", &err)) {
            (void)err_context(&err, "\"%s\"", name);
            problems_add_err(binder->problems, node->line, node->column, &err);
            return NULL;
        }
    }
    if (text.len == 0 && (flags & BIND_EMPTY) == 0) {
        problems_add(binder->problems, node->line, node->column, "\"%s\" has no value", name);
        return NULL;
    }
    return buf_take(&text);
}

bool bind_parse_seconds(const char *text, int64_t min, int64_t max, int64_t *ret_seconds)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } UNITS[] = {{"s", 1}, {"m", 60}, {"h", 3600}};
    CLEANUP(mem_free_text) char *number = mem_copy_text(text);
    int64_t factor = 1;
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++) {
        if (text_ends_with(number, UNITS[i].unit)) {
            factor = UNITS[i].factor;
            number[strlen(number) - 1] = '\0';
            break;
        }
    }
    int64_t value;
    if (!text_parse_int(number, 0, INT64_MAX / 3600, &value) || value * factor < min
        || value * factor > max) {
        return false;
    }
    *ret_seconds = value * factor;
    return true;
}

static bool parse_bool(const char *text, bool *ret_value)
{
    static const char *const YES[] = {"true", "yes", "on"};
    static const char *const NO[] = {"false", "no", "off"};
    for (size_t i = 0; i < ARRAY_LEN(YES); i++) {
        if (text_equal_nocase(text, YES[i]) || text_equal_nocase(text, NO[i])) {
            *ret_value = text_equal_nocase(text, YES[i]);
            return true;
        }
    }
    return false;
}

static bool parse_word(const char *text, const char *const *words, int *ret_index)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

// Reads a completed text into the member; false where it does not fit.
static bool set_member(const BindKey *key, const char *text, void *target)
{
    void *place = member(key, target);
    switch (key->kind) {
    case BIND_TEXT:
        free(*(char **)place);
        *(char **)place = mem_copy_text(text);
        return true;
    case BIND_INT:
        return text_parse_int(text, key->min, key->max, place);
    case BIND_LIMIT:
        if (strcmp(text, "unlimited") == 0) {
            *(int64_t *)place = -1;
            return true;
        }
        return text_parse_int(text, key->min, key->max, place);
    case BIND_BYTES: {
        uint64_t bytes;
        if (!text_parse_bytes(text, &bytes) || bytes < (uint64_t)key->min
            || bytes > (uint64_t)key->max) {
            return false;
        }
        *(uint64_t *)place = bytes;
        return true;
    }
    case BIND_SECONDS:
        return bind_parse_seconds(text, key->min, key->max, place);
    case BIND_BOOL:
        return parse_bool(text, place);
    case BIND_WORD:
        return parse_word(text, key->words, place);
    case BIND_TEXT_LIST:
    case BIND_NODE:
        return true;
    }
    return true;
}

static void bind_list(const Binder *binder, const BindKey *key, const DocNode *node, void *target)
{
    const DocNode *single[1] = {node};
    const DocNode *const *items = single;
    size_t count = 1;
    if (node->kind == DOC_LIST) {
        items = (const DocNode *const *)node->items;
        count = node->item_count;
    } else if (node->kind == DOC_MAPPING) {
        report_value(binder, key, node, NULL);
        return;
    }
    if (count == 0 && (key->flags & BIND_EMPTY) == 0) {
        problems_add(binder->problems, node->line, node->column, "\"%s\" is an empty list",
                     key->name);
        return;
    }
    char **list = mem_alloc((count + 1) * sizeof(*list));
    size_t read = 0;
    for (size_t i = 0; i < count; i++) {
        char *text = bind_text(binder, items[i], key->name, key->flags & ~(unsigned)BIND_EMPTY);
        if (text != NULL) {
            list[read++] = text;
        }
    }
    char ***place = member(key, target);
    text_list_free(*place);
    *place = list;
}

static void bind_value(const Binder *binder, const BindKey *key, const DocNode *node, void *target)
{
    // A word may be "null" itself (zero_dates: null).
    if (doc_is_null(node) && !(key->kind == BIND_WORD && node->text[0] == 'n')) {
        problems_add(binder->problems, node->line, node->column, "\"%s\" has no value", key->name);
        return;
    }
    if (key->kind == BIND_NODE) {
        *(const DocNode **)member(key, target) = node;
        return;
    }
    if (key->kind == BIND_TEXT_LIST) {
        bind_list(binder, key, node, target);
        return;
    }
    if (node->kind != DOC_TEXT) {
        report_value(binder, key, node, NULL);
        return;
    }
    CLEANUP(mem_free_text) char *text = bind_text(binder, node, key->name, key->flags);
    if (text != NULL && !set_member(key, text, target)) {
        report_value(binder, key, node, text);
    }
}

static const BindKey *find_key(const BindKey *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static const char *nearest_key(const BindKey *keys, size_t count, const char *text)
{
    const char **names = mem_alloc((count + 1) * sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        names[i] = keys[i].name;
    }
    const char *nearest = text_nearest(text, names);
    free(names);
    return nearest;
}

static void report_unknown(const Binder *binder, const DocNode *key, const char *where,
                           const BindKey *keys, size_t count)
{
    const char *nearest = nearest_key(keys, count, key->text);
    CLEANUP(buf_done) Buf rest = {0};
    if (nearest != NULL) {
        buf_add_format(&rest, ", did you mean \"%s\"?", nearest);
    } else {
        buf_add_text(&rest, "; known are ");
        for (size_t i = 0; i < count; i++) {
            buf_add_format(&rest, "%s%s",
                           i == 0           ? ""
                           : i + 1 == count ? " and "
                                            : ", ",
                           keys[i].name);
        }
    }
    problems_add(binder->problems, key->line, key->column, "unknown key \"%.100s\"%s%s%s",
                 key->text, where == NULL ? "" : " in ", where == NULL ? "" : where,
                 buf_text(&rest));
}

bool bind_is_misspelt(const DocNode *mapping, const BindKey *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < mapping->entry_count; i++) {
        const char *text = mapping->entries[i].key->text;
        if (find_key(keys, count, text) == NULL
            && text_equal(nearest_key(keys, count, text), name)) {
            return true;
        }
    }
    return false;
}

void bind_mapping(const Binder *binder, const DocNode *mapping, const char *where,
                  const BindKey *keys, size_t count, void *target)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].fallback != NULL) {
            const bool ok = set_member(&keys[i], keys[i].fallback, target);
            assert(ok);
            (void)ok;
        }
    }
    if (mapping->kind != DOC_MAPPING) {
        problems_add(binder->problems, mapping->line, mapping->column,
                     "%s must be a mapping (key: value), not %s",
                     where == NULL ? "the file" : where, doc_kind_name(mapping));
        return;
    }
    for (size_t i = 0; i < mapping->entry_count; i++) {
        const DocEntry *entry = &mapping->entries[i];
        const BindKey *key = find_key(keys, count, entry->key->text);
        if (key != NULL) {
            bind_value(binder, key, entry->value, target);
        } else {
            report_unknown(binder, entry->key, where, keys, count);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if ((keys[i].flags & BIND_REQUIRED) != 0 && doc_get(mapping, keys[i].name) == NULL
            && !bind_is_misspelt(mapping, keys, count, keys[i].name)) {
            problems_add(binder->problems, mapping->line, mapping->column, "\"%s\" is missing%s%s",
                         keys[i].name, where == NULL ? "" : " in ", where == NULL ? "" : where);
        }
    }
}

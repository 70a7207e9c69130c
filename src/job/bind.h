// The keys that a mapping of a YAML file may have, as tables, and the one function that reads a
// mapping by such a table into a struct.
#pragma once

#include "base/buf.h"
#include "job/yaml.h"

typedef enum BindKind {
    BIND_TEXT,       // char *
    BIND_TEXT_LIST,  // char **, ends with NULL; a single text is a list of one
    BIND_INT,        // int64_t, min..max
    BIND_LIMIT,      // int64_t, min..max, or "unlimited": -1
    BIND_BYTES,      // uint64_t, min..max: "64MiB"
    BIND_SECONDS,    // int64_t, min..max: 10, "10s", "5m", "2h"
    BIND_BOOL,       // bool
    BIND_WORD,       // int: the index in `words`
    BIND_NODE,       // const DocNode *: read by the caller
} BindKind;

enum {
    BIND_REQUIRED = 1,
    BIND_RAW = 2,     // parameters and secrets are not filled in
    BIND_EMPTY = 4,   // "" is a value
    BIND_SECRET = 8,  // never shown
};

typedef struct BindKey {
    const char *name;
    BindKind kind;
    unsigned flags;
    size_t offset;             // of the member in the struct
    const char *fallback;      // the default, as text; NULL leaves the member as it is
    const char *const *words;  // BIND_WORD; ends with NULL
    int64_t min, max;
} BindKey;

// How texts are completed before they are read, and where mistakes go.
typedef struct Binder {
    Problems *problems;
    // Fills in what a text holds (parameters, secrets). NULL: texts are taken as they are.
    bool (*expand)(const void *object, const char *text, Buf *out, Err *err);
    const void *object;
    bool
        hide_expanded;  // what `expand` added is secret: messages show the text of the file instead
} Binder;

// Reads `mapping` into `target`. `where` names the mapping in messages: "\"source\"", or NULL for
// the file itself. Mistakes go to the binder's problems; members with a mistake keep what they
// were.
void bind_mapping(const Binder *binder, const DocNode *mapping, const char *where,
                  const BindKey *keys, size_t count, void *target);

// One text, completed; NULL after a mistake, which was reported. `name` is the key, for messages.
char *bind_text(const Binder *binder, const DocNode *node, const char *name, unsigned flags)
    MUST_CHECK;

// "10", "10s", "5m", "2h" within min..max seconds.
bool bind_parse_seconds(const char *text, int64_t min, int64_t max, int64_t *ret_seconds)
    MUST_CHECK;

// True where an unknown key of the mapping is most likely this one with a slip in it: it is not
// missing then, and one mistake gets one message.
bool bind_is_misspelt(const DocNode *mapping, const BindKey *keys, size_t count, const char *name);

// Frees texts and lists that bind_mapping put into `target`.
void bind_free(const BindKey *keys, size_t count, void *target);

void text_list_free(char **list);

// A YAML file as a tree in which every node knows where it stands.
//
// What weir reads of YAML: one document; mappings with text keys, each once; lists; text. Anchors,
// aliases and the merge key "<<" work. Tags do not. A parameter or secret (${...}, $[...]) may
// stand unquoted anywhere, inside { } and [ ] too, where plain YAML would take its brackets for
// structure.
#pragma once

#include "job/problem.h"

typedef enum DocKind { DOC_TEXT, DOC_LIST, DOC_MAPPING } DocKind;

typedef struct DocNode DocNode;

typedef struct DocEntry {
    DocNode *key;
    DocNode *value;
    bool merged;  // came through "<<"
} DocEntry;

struct DocNode {
    DocKind kind;
    int line, column;  // from 1, in characters
    char *text;        // DOC_TEXT
    bool plain;        // DOC_TEXT: not quoted
    DocNode **items;   // DOC_LIST
    size_t item_count;
    DocEntry *entries;  // DOC_MAPPING, in the order of the file
    size_t entry_count;
    bool open;  // while it is being read
};

typedef struct Doc {
    DocNode *root;    // NULL for an empty file
    DocNode **nodes;  // all of them, for doc_done; an aliased node has several parents
    size_t node_count;
} Doc;

#define DOC_BYTES_MAX ((size_t)1 << 20)
#define DOC_DEPTH_MAX 32

// Reads `text` (UTF-8). Mistakes go to `problems`. False where the tree is not whole, because the
// text is no YAML: then there is no use in looking at it. Free with doc_done in any case.
bool doc_parse(const char *text, size_t len, Problems *problems, Doc *ret_doc) MUST_CHECK;
void doc_done(Doc *doc);

// The value of a key, or NULL; NULL too where `mapping` is NULL or no mapping.
const DocNode *doc_get(const DocNode *mapping, const char *key);

// True for a plain scalar that YAML reads as null: nothing, "~", "null".
bool doc_is_null(const DocNode *node);

// "a list", "a mapping", "text": for messages.
const char *doc_kind_name(const DocNode *node);

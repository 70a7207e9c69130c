// Rows by the hash of their key, each with how often it came from the source less how often from
// the target: what is left above or below zero differs. Bounded memory. Thread: any for
// key_set_add.
#pragma once

#include "record/row_hash.h"

typedef struct KeySet KeySet;

// How many different rows fit into so much memory.
uint64_t key_set_capacity(uint64_t memory_bytes);

// For `rows` different rows at least; up to twice as many are taken.
KeySet *key_set_new(uint64_t rows) MUST_CHECK;
void key_set_free(KeySet *set);  // NULL is fine

// Adds a row of the source. False where the set is full.
bool key_set_add_source(KeySet *set, const RowHash *hash) MUST_CHECK;
// Adds a row of the target; only_known: unless the source has no row of that key.
bool key_set_add_target(KeySet *set, const RowHash *hash, bool only_known) MUST_CHECK;

typedef enum KeyKind {
    KEY_MISSING,    // the source has the row, the target has none with that key
    KEY_EXTRA,      // the target has it, the source has none with that key
    KEY_DIFFERENT,  // both have the key, with other values
} KeyKind;

typedef struct KeyDifference {
    KeyKind kind;
    uint64_t rows;   // so often: more than one where rows of a key repeat
    RowHash source;  // not of KEY_EXTRA
    RowHash target;  // not of KEY_MISSING
} KeyDifference;

// Tells every difference, in the order of the keys' hashes within a share of them; the set is
// empty of rows that are equal afterwards, and takes no more.
typedef void (*KeyTake)(void *object, const KeyDifference *difference);
void key_set_differences(KeySet *set, KeyTake take, void *object);

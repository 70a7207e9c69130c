// A dictionary of the values of a column in the order of their first appearance, and the index of
// each.
//
// The results are the dictionary's until its next use; texts are borrowed from the column. Thread:
// one at a time.
#pragma once

#include "base/base.h"

typedef struct Dictionary Dictionary;

// Entries. Past it a dictionary costs more than it saves.
#define DICTIONARY_MAX 16384

Dictionary *dictionary_new(void) MUST_CHECK;
void dictionary_free(Dictionary *dictionary);

// Finds the distinct values. False where there are too many for a dictionary to pay.
bool dictionary_of_ints(Dictionary *dictionary, const int64_t *values, size_t count, int64_t min,
                        int64_t max) MUST_CHECK;
bool dictionary_of_texts(Dictionary *dictionary, const uint32_t *lens, size_t count,
                         const char *bytes) MUST_CHECK;

size_t dictionary_count(const Dictionary *dictionary);
const int64_t *dictionary_ints(const Dictionary *dictionary);
const char *dictionary_text(const Dictionary *dictionary, size_t index, size_t *ret_len);
const uint16_t *dictionary_indexes(const Dictionary *dictionary);

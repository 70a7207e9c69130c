// Command-line options from a table: --name VALUE, --name=VALUE, --flag, and -e VALUE where the
// table gives a letter; the rest are arguments.
#pragma once

#include "base/err.h"

typedef struct Option {
    const char *name;      // without the dashes
    char letter;           // of a short form: 'e' for -e; 0: none
    const char *argument;  // what --help calls the value; NULL for a flag
    const char *help;
    // Where it goes: exactly one is set.
    bool *ret_flag;
    const char **ret_text;
    int *ret_int;  // from 1 to int_max
    int int_max;
    const char ***ret_list;  // repeated: NULL-terminated, to be freed by the caller
} Option;

struct Command;

// Parses argv[1..]. `options` ends with a row whose name is NULL. Arguments (not options) go to
// ret_arguments, at least min and at most max of them. --help prints the verb's help to standard
// output and sets *ret_help: the caller returns true at once. FAIL_CONFIG names the nearest known
// option.
bool option_parse(const struct Command *command, const Option *options, int argc, char **argv,
                  size_t min_arguments, size_t max_arguments, const char **ret_arguments,
                  bool *ret_help, Err *err) MUST_CHECK;

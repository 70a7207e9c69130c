// Errors by number, of libmariadb (2000 and up) and of servers (1000, 3000 and up): whose problem,
// what to do.
#pragma once

#include "base/err.h"

typedef struct ErrorRule {
    unsigned number;
    FailKind kind;
    bool retriable;    // starting over may help
    const char *hint;  // or NULL
} ErrorRule;

// The rule of an error's number, or NULL. Thread: any.
const ErrorRule *connect_error_rule(unsigned number);

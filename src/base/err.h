// Errors are values: a kind that says whose problem it is, one line of what went wrong, and a hint
// that says what to do. The kind decides the exit code. No allocation, so every path can report.
//
// Fallible functions return bool and take `Err *err` last; err is never NULL. Library code never
// prints: the one place that handles an error shows it, once.
#pragma once

#include "base/base.h"

typedef enum FailKind {
    FAIL_NONE = 0,
    FAIL_INTERNAL,   // our mistake, or the machine's
    FAIL_CONFIG,     // usage, project or job file, names that do not exist
    FAIL_SOURCE,     // connecting to or reading from the source
    FAIL_TARGET,     // writing to or publishing in the target
    FAIL_DIRTY,      // more dirty rows than the job allows
    FAIL_CANCELLED,  // the user said stop
    FAIL_DIFFERENT,  // two things that were compared are not the same
} FailKind;

typedef struct Err {
    FailKind kind;
    bool retriable;      // the same work may succeed when it is started over
    char message[1536];  // lower case, no full stop: what was tried and why it failed
    char hint[768];      // a full sentence that says what to do; may be empty
} Err;

// Sets err and returns false, so that `return fail(err, FAIL_CONFIG, "...")` reads naturally.
// Text that is too long is cut at the end. Clears hint and retriable.
bool fail(Err *err, FailKind kind, const char *format, ...) PRINTF(3, 4);

// Adds a hint to the error just set; returns false as well.
bool fail_hint(Err *err, const char *format, ...) PRINTF(2, 3);

// Puts "context: " in front of the message; returns false. For module borders.
bool err_context(Err *err, const char *format, ...) PRINTF(2, 3);

// Keeps the first of several threads' errors in `kept`, which begins with FAIL_NONE. One that only
// says that its thread was stopped gives way to the one that was the reason. The caller locks.
void err_keep(Err *kept, const Err *err);

// 0 done, 1 internal, 2 config, 3 source, 4 target, 5 dirty limit, 6 different, 130 cancelled.
int err_exit_code(FailKind kind);

// "config", "source" ... as the JSON summary prints it.
const char *fail_kind_name(FailKind kind);

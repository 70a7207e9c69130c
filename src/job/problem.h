// The mistakes of one file, gathered so that a person sees all of them at once.
#pragma once

#include "base/err.h"

typedef struct Problem {
    int line, column;  // from 1; line 0: the file as a whole
    char *text;
} Problem;

typedef struct ProblemPlace {
    int line, column;  // from 1; line 0: unknown
} ProblemPlace;

typedef struct Problems {
    const char *file;  // as messages name it, borrowed: "jobs/ods_oplog.yaml"
    // Where the text was made from that of `file`: the place there of each line of it. Borrowed.
    const ProblemPlace *origins;
    size_t origin_count;
    Problem *items;
    size_t count;
    char *hint;  // of the first problem that came with one, or NULL
} Problems;

void problems_add(Problems *problems, int line, int column, const char *format, ...) PRINTF(4, 5);
void problems_hint(Problems *problems, const char *format, ...)
    PRINTF(2, 3);  // the first one is kept
void problems_add_err(Problems *problems, int line, int column,
                      const Err *found);  // message and hint
void problems_done(Problems *problems);

// True where there are none. Otherwise FAIL_CONFIG with all of them in the order of the file, a
// line each: `jobs/ods_oplog.yaml:4:9: unknown key ...`. What does not fit into the message is
// counted.
bool problems_report(const Problems *problems, Err *err) MUST_CHECK;

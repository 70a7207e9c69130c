// A plan: one sync cut into slices that any process on any machine can run (weir plan). It is JSON,
// holds no secrets and no SQL, and is no more to be trusted than a command line: it says which job
// to run and with which parameters.
//
// One object with "slices", or an object a line with one "slice" each.
#pragma once

#include "run/ends.h"

struct json_t;

typedef struct PieceSlice {
    size_t number;
    char *text;  // JSON, for the source
} PieceSlice;

typedef struct PiecePlan {
    char *id;
    char *job;
    char *bizdate;
    char **params;        // "k=v"; NULL-terminated
    int64_t version;      // of the target when the plan was made; -1: there was none
    char *job_digest;     // of all that the job says, parameters filled in
    char *column_digest;  // of the columns at both ends
    size_t slice_count;   // of the whole plan
    PieceSlice *slices;   // those that were read
    size_t read_count;
} PiecePlan;

// Makes the plan of a job: connects to both ends and cuts the slices; changes and locks nothing.
// `params` as they were given for the job. FAIL_CONFIG where it cannot be done in pieces.
bool piece_plan_make(const Job *job, const char *const *params, Cancel *cancel, bool as_lines,
                     Buf *out, Err *err) MUST_CHECK;

// Reads all objects of a text; each is a plan, or the lines of one are put together where
// `is_one_plan` is set (and others are FAIL_CONFIG). Free with piece_plans_free.
bool piece_plans_read(const char *text, size_t len, bool is_one_plan, PiecePlan **ret_plans,
                      size_t *ret_count, Err *err) MUST_CHECK;
void piece_plans_free(PiecePlan *plans, size_t count);

// The plan's job with the parameters of the plan, its target at the plan's version. FAIL_CONFIG
// where the job is not what it was when the plan was made.
bool piece_plan_load_job(const PiecePlan *plan, const Project *project, Job **ret_job, Err *err)
    MUST_CHECK;
// Whether the columns at both ends are still those of the plan. FAIL_CONFIG.
bool piece_plan_check_columns(const PiecePlan *plan, const Ends *ends, Err *err) MUST_CHECK;

// Random hexadecimal digits, 2 * bytes of them.
char *piece_new_id(size_t bytes) MUST_CHECK;
// Calls each for every JSON value of a text. FAIL_CONFIG where it is none, with its line.
typedef bool (*PieceEach)(void *context, const struct json_t *json, Err *err);
bool piece_each_json(const char *text, size_t len, const char *what, PieceEach each, void *context,
                     Err *err) MUST_CHECK;

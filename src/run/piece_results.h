// What the slices of a plan printed, gathered: which attempt of each slice counts.
#pragma once

#include "run/piece_plan.h"

// One attempt at one slice. Texts are owned.
typedef struct PieceAttempt {
    size_t slice;
    char *id;
    char **adds;  // Delta's add actions, JSON
    size_t add_count;
    bool is_done;  // its last line was there
    // What that line says.
    size_t files;
    uint64_t rows_read, rows_written, rows_dirty, zero_dates, bytes_read, bytes_written;
    double seconds;
    bool is_one_moment;
    char *position;  // NULL: not known
    char *how, *server, *reject_file;
    char **warnings;  // NULL-terminated
} PieceAttempt;

typedef struct PieceResults {
    PieceAttempt *attempts;  // in the order in which they were seen first
    size_t count;
    size_t *done;  // of each slice the index of the first attempt that is complete, or SIZE_MAX
    size_t slice_count;
    size_t repeats;  // complete attempts beside those
} PieceResults;

// Adds the line that ends an attempt.
void piece_result_write(const PiecePlan *plan, const PieceAttempt *attempt, Buf *out);

// FAIL_CONFIG where a line is none that weir slice printed for this plan, or where slices are
// missing: they are named.
bool piece_results_read(const PiecePlan *plan, const char *text, size_t len,
                        PieceResults *ret_results, Err *err) MUST_CHECK;
void piece_results_done(PieceResults *results);
void piece_attempt_done(PieceAttempt *attempt);

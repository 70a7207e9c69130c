// What the parts of a comparison share: passes over both sides.
#pragma once

#include "run/ends.h"
#include "run/scan.h"
#include "run/slice_sums.h"
#include "run/verify.h"

typedef struct Verify {
    const Job *job;
    const VerifyOptions *options;
    VerifyReport *report;
    Ends ends;
    const CompareInfo *info;
    Reject *reject;
    Reject *again;  // of passes after the first: dirty rows were counted
    Counters again_counters;
    bool is_again;
} Verify;

// Reads one side to its end.
bool verify_pass(Verify *verify, CompareSide side, ScanVisit visit, void *object,
                 uint64_t *ret_rows, Err *err) MUST_CHECK;
// The sums of both sides by the slices of a cut; both arrays are the caller's.
typedef struct SidesSums {
    SliceSum *source;
    SliceSum *target;
} SidesSums;
bool verify_sums(Verify *verify, const SliceCut *cut, SidesSums *ret_sums, Err *err) MUST_CHECK;
void sides_sums_done(SidesSums *sums);

// Finds the differing keys of slices whose sums differ, counts and lists them.
bool verify_search(Verify *verify, const SliceCut *cut, const SidesSums *sums, Err *err) MUST_CHECK;
// Finds the rows of the keys that are listed.
bool verify_fetch(Verify *verify, Err *err) MUST_CHECK;

void verify_warn(VerifyReport *report, const char *text);

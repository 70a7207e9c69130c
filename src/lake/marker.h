// A run's marker in the table: <table>/_weir/<run id>.run, locked for as long as the run lives. It
// says whose the files "part-<run id>-..." are, so that what a killed run left behind can be told
// from what a live run is writing.
#pragma once

#include "base/fs.h"

typedef struct Marker Marker;

// Removes what dead runs left: their files that no commit names, and their markers. Best effort:
// what cannot be removed stays for the next run.
void marker_sweep(const char *table);

// Begins a run that will write below <table>/<folder> ("" for the table itself), the table being at
// `version`. Makes the folders it needs. FAIL_TARGET.
bool marker_begin(const char *table, const char *folder, int64_t version, Marker **ret_marker,
                  Err *err) MUST_CHECK;
const char *marker_prefix(
    const Marker *marker);  // "part-<run id>": of the names of the run's files
// Whether the marker is still there and ours, so that nobody took this run for a dead one.
// FAIL_TARGET, retriable, where it is not.
bool marker_check(const Marker *marker, Err *err) MUST_CHECK;
// Whether a file that a run wrote is there with its size: the last look before the commit.
// FAIL_TARGET, retriable, where it is not. `file` is relative to the table.
bool marker_check_file(const char *table, const char *file, int64_t size, Err *err) MUST_CHECK;
// The files of runs and plans that are alive in the table: names that begin with one of `prefixes`.
// FAIL_TARGET where it cannot be told; then take them for alive.
bool marker_live(const char *table, FsList *ret_prefixes, Err *err) MUST_CHECK;
// A folder for temporary files, made at the first call; removed at the end of the run, or by a
// later sweep.
bool marker_temporary(Marker *marker, const char **ret_folder, Err *err) MUST_CHECK;

// --- plans -----
//
// The files of a plan are written by many runs, on many machines, and committed by yet another: no
// lock lasts for all of it. <table>/_weir/<plan>.plan stands for them for MARKER_PLAN_DAYS after
// the last run took it up; then what no commit names is swept.
#define MARKER_PLAN_DAYS 7

// As marker_begin, for one part of a plan ("3-5f1c...", a name that no other run uses): files are
// "part-<plan>-<part>-...". marker_end removes those of the part alone and leaves the plan.
bool marker_join(const char *table, const char *folder, int64_t version, const char *plan,
                 const char *part, Marker **ret_marker, Err *err) MUST_CHECK;
// Ends the plan with the run: of its files only those in `keep` (relative to the table) stay.
void marker_end_plan(Marker *marker, const char *const *keep, size_t keep_count);

// Ends the run. Where its files were not committed they are removed, and folders that it made and
// that are empty again. NULL is fine.
void marker_end(Marker *marker, bool is_committed);

// One sync in pieces: a slice run anywhere, and the commit of all of them.
#pragma once

#include "run/piece_results.h"
#include "run/report.h"

// Reads one slice of the plan and writes its files; what stands for them is added to `out`, lines
// for piece_results_read. Nothing of it can be seen in the table. An attempt that fails removes its
// files; one that is killed leaves them for the commit, or for a sweep (lake/marker.h).
bool pieces_run(const Project *project, const PiecePlan *plan, const PieceSlice *slice,
                Cancel *cancel, Buf *out, Err *err) MUST_CHECK;

// Publishes the plan's slices in one commit. `results` is the text of all that they printed. Always
// fills *ret_report. A plan that was committed before is not committed again: the report then has
// its version and says so.
bool pieces_commit(const Project *project, const PiecePlan *plan, const char *results, size_t len,
                   Cancel *cancel, RunReport *ret_report, Err *err) MUST_CHECK;

// Removes what the slices of the plan wrote, for one that is not to be committed.
bool pieces_abandon(const Project *project, const PiecePlan *plan, Cancel *cancel, Err *err)
    MUST_CHECK;

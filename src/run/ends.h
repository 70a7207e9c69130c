// The two ends of a job's flow, open and planned: what a run and `weir check` begin with.
#pragma once

#include "sink/sink.h"

typedef struct Ends {
    Source *source;  // planned, not begun
    Sink *sink;
    Cancel *stop;  // what both listen to: requested with the run's, or by a thread that failed
} Ends;

// Opens the source, then the sink for its columns, and cuts the slices. Changes and locks nothing.
// ret_ends is zeroed before; what was opened stays in it on failure too, for ends_done.
bool ends_open(const Job *job, Counters *counters, Cancel *cancel, Ends *ret_ends, Err *err)
    MUST_CHECK;
// The same for one slice, as its source's write_slice wrote it; NULL: for none, what is to be read
// is known already.
bool ends_open_slice(const Job *job, const char *slice, Counters *counters, Cancel *cancel,
                     Ends *ret_ends, Err *err) MUST_CHECK;
void ends_done(Ends *ends);  // for CLEANUP: the sink first, it may hold what the source lent

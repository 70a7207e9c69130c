// Shows how a run goes on: a bar that is redrawn on a terminal, plain lines at intervals elsewhere.
//
// One thread reads the run's counters and writes to standard error.
#pragma once

#include "base/buf.h"
#include "record/counters.h"

typedef enum ProgressStyle {
    PROGRESS_AUTO,  // a bar where standard error is a terminal that can redraw, lines elsewhere
    PROGRESS_NONE,  // only in the log file of the thread that begins it, where it has one
} ProgressStyle;

typedef struct Progress Progress;

// `label` and `counters` are borrowed until progress_stop.
Progress *progress_start(const char *label, Counters *counters, ProgressStyle style) MUST_CHECK;

// Ends the thread and clears the bar. Accepts NULL.
void progress_stop(Progress *progress);

// One line of progress into `out`, narrower than `width` (0: no bar, all words): what does not fit
// is left out, whole words at a time, and so is the bar where no room is left for it. A pure
// function. seconds is since the start, rate rows a second.
void progress_line(const char *label, Counters *counters, double seconds, double rate,
                   unsigned width, Buf *out);

// SIGINT and SIGTERM as a request to stop: the first cancels, a second one ends the process at
// once.
#pragma once

#include "base/cancel.h"

typedef struct Signals Signals;

// To be called before threads are made that are to leave the signals alone.
bool signals_begin(Cancel *cancel, Signals **ret_signals, Err *err) MUST_CHECK;
// The signals stay blocked: one that comes late must not end the process before its report.
void signals_end(Signals *signals);  // accepts NULL

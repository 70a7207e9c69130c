// Columns that only the source or only the target has, for warnings.
#pragma once

#include "sink/sink.h"

typedef enum Drift {
    DRIFT_LOST,   // the table has them
    DRIFT_ADDED,  // the source has them, and the table gets them
} Drift;

// `column "a" is` or `columns "a", "b" are`, owned by the caller; NULL where there are none.
char *drift_columns(const Sink *sink, Drift drift) MUST_CHECK;

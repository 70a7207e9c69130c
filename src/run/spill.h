// Where a DuckDB of this process may set data aside that its memory does not hold.
#pragma once

#include "base/base.h"

// <lake>/.weir/spill-<host>-<process>-<number>: DuckDB makes it when it needs it; the folder above
// it is made here, where that can be. What killed processes of this machine left is removed.
char *spill_begin(const char *lake) MUST_CHECK;
// Removes the folder, and the one above it where that is empty; frees the path. NULL is fine.
void spill_end(char *folder);

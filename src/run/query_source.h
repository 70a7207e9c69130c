// The rows of a query on lake tables, as the Source that a sink pulls.
#pragma once

#include "lake/duck_rows.h"
#include "source/source.h"

// Takes the rows, which were not begun, and begins them for `readers` threads. `names` are the
// columns' names, one a column of the query. Counts what is read.
bool query_source_open(DuckRows *rows, const char *const *names, size_t readers, Counters *counters,
                       Source **ret_source, Err *err) MUST_CHECK;

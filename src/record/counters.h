// What a run counts. Readers and sinks add, progress and report read; nothing else is shared
// between the threads of a run. Readers add at least every 4,096 rows and at the end of a slice.
#pragma once

#include <stdatomic.h>

#include "base/base.h"

typedef struct Counters {
    atomic_uint_fast64_t rows_read;      // rows the source sent
    atomic_uint_fast64_t rows_written;   // rows given to the target
    atomic_uint_fast64_t rows_dirty;     // rows that went to the reject file
    atomic_uint_fast64_t bytes_read;     // of values, as the source sent them
    atomic_uint_fast64_t bytes_written;  // of finished files
    atomic_uint_fast64_t zero_dates;     // zero or impossible dates that became NULL
    atomic_uint_fast64_t slices_done;
    atomic_uint_fast64_t slices_total;
    atomic_uint_fast64_t rows_estimated;  // by the source; 0 where it does not know
} Counters;

static inline void counter_add(atomic_uint_fast64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline uint64_t counter_get(atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

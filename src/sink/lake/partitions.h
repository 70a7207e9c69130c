// The partitions that the rows of a run turned up, numbered as they come. Thread: any (one lock
// inside).
#pragma once

#include "record/value.h"

#define LAKE_PARTITIONS_MAX 10000

typedef struct Partitions Partitions;

Partitions *partitions_new(size_t part_count) MUST_CHECK;  // of texts that name a partition
void partitions_free(Partitions *partitions);

// The number of the partition with these texts (VALUE_SET, without NUL). FAIL_CONFIG where there
// would be more than LAKE_PARTITIONS_MAX.
bool partitions_find(Partitions *partitions, const Value *texts, size_t *ret_number, Err *err)
    MUST_CHECK;

size_t partitions_count(const Partitions *partitions);
// The texts of a partition, part_count of them; borrowed. To be called when no thread adds any
// more.
char *const *partitions_texts(const Partitions *partitions, size_t number);

// What PARTITION (ds >= '20161101', region = 'cn') means for the partitions of a table.
#pragma once

#include "lake/partition_list.h"
#include "lake/sql/statement.h"

// Whether the specification can be asked of the table: its columns partition it, its values are of
// their types, none is without a value. FAIL_CONFIG; *ret_wrong is then the part that is wrong, for
// its place in the text.
bool partition_spec_check(const PartitionList *list, const SqlPartition *spec,
                          const SqlPart **ret_wrong, Err *err) MUST_CHECK;
// Whether it names exactly one partition: every partition column with "=", once.
bool partition_spec_is_whole(const PartitionList *list, const SqlPartition *spec);
// The values of such a one, canonical, in the order of the partition columns; column_count of them,
// each to be freed like the array. NULL is the null partition.
char **partition_spec_values(const PartitionList *list, const SqlPartition *spec) MUST_CHECK;

// Whether a partition fits a specification that was checked. NULL fits only = '' and
// = '__HIVE_DEFAULT_PARTITION__'.
bool partition_spec_matches(const PartitionList *list, const SqlPartition *spec,
                            const Partition *partition);

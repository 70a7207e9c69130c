// What a table of a lake may be called, and how long its partitions may be kept.
#pragma once

#include "base/base.h"

#define LIFECYCLE_DAYS_MAX 37231  // the product's

// What is wrong with the name, to follow it in a message ("cannot hold ..."); NULL: nothing.
const char *table_name_mistake(const char *name);

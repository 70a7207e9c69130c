// What the machine, or the container that limits the process, has.
#pragma once

#include "base/base.h"

// Memory in bytes: the machine's, or less where a cgroup allows less.
uint64_t machine_memory(void);
unsigned machine_processors(void);  // at least 1

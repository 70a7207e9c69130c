// What a table of a lake may be called.
#pragma once

#include "base/base.h"

// What is wrong with the name, to follow it in a message ("cannot hold ..."); NULL: nothing.
const char *table_name_mistake(const char *name);

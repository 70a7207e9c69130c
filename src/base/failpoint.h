// Named points where tests stop the program as a crash would.
//
// WEIR_FAILPOINT=name (or name:n for the n-th passing) makes failpoint("name") kill the process
// with SIGKILL. WEIR_FAILPOINT=name=sleep:MS (name:n=sleep:MS) waits there instead, so that a
// test can act from outside; name=error makes failpoint_fails("name") true. Without the variable a
// point costs one load and compare. Thread: any.
#pragma once

#include "base/base.h"

void failpoint(const char *name);
bool failpoint_fails(const char *name);

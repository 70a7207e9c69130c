// The tables of a lake: folders that hold a Delta log. Thread: any; processes may work side by
// side.
#pragma once

#include "base/fs.h"

// Names of the lake's tables, sorted. A lake that does not exist has none. FAIL_TARGET.
bool catalog_list(const char *lake, FsList *ret_names, Err *err) MUST_CHECK;

// The folder of the table with that name: the one that is there, else the one whose name differs
// only in case, else where it would be made. FAIL_CONFIG where no table may be called that.
bool catalog_path(const char *lake, const char *name, char **ret_path, Err *err) MUST_CHECK;

// Removes a table with its files: it is gone in one step, what a crash leaves is hidden and removed
// by a later catalog_sweep. FAIL_TARGET where there is no table, where a run is writing to it, or
// (`version` not negative) where its newest version is another one.
bool catalog_drop(const char *path, int64_t version, Err *err) MUST_CHECK;

// Gives a table another name in its lake, in one step. FAIL_TARGET as above, and where there is
// something of that name.
bool catalog_rename(const char *path, const char *name, Err *err) MUST_CHECK;

// Removes what is left of tables that were dropped. Best effort.
void catalog_sweep(const char *lake);

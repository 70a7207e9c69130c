// MaxCompute's functions that DuckDB lacks, as macros of DuckDB.
//
// A macro whose name DuckDB has too (instr, datediff ...) keeps DuckDB's own forms beside it.
// docs/sql.md lists the functions whose name is the same and whose meaning is not: those are left
// as DuckDB has them.
#pragma once

#include "lake/duck.h"

typedef struct SqlFunction {
    const char *name;   // lower case
    const char *forms;  // "(a) AS ..., (a, b) AS ...": the macro's body
} SqlFunction;

// Sorted by name.
extern const SqlFunction sql_functions[];
extern const size_t sql_function_count;

// Makes the macros of those functions that a script names, if only in a comment: a script names
// few, and each costs some time. Done again it changes nothing.
bool sql_functions_register(Duck *duck, const char *script, size_t len, Err *err) MUST_CHECK;

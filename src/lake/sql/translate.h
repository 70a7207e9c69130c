// MaxCompute's spellings that DuckDB does not take, turned into those that it does:
//
//   `name`                            "name"
//   a RLIKE b, a REGEXP b             a SIMILAR TO a pattern that finds b anywhere (NOT too)
//   a <=> b                           a IS NOT DISTINCT FROM b
//   LATERAL VIEW [OUTER] explode(e) t AS a, posexplode(e) t AS p, a
//                                     CROSS | LEFT JOIN LATERAL (SELECT unnest(e) AS a) AS t
//   LEFT SEMI JOIN, LEFT ANTI JOIN    SEMI JOIN, ANTI JOIN
//   MINUS                             EXCEPT
//   LIMIT a, b                        LIMIT b OFFSET a
//   10L, 5S, 5Y, 1.5BD                casts to BIGINT, SMALLINT, TINYINT, DECIMAL
//   a DIV b                           a // b
//   DISTRIBUTE BY, SORT BY, CLUSTER BY  nothing (PARTITION BY, ORDER BY inside OVER)
//
// Everything else stays to the byte, comments and blanks included.
#pragma once

#include "lake/sql/token.h"

typedef struct Translation {
    const char *name;  // of the script, for messages; may be NULL
    const char *script;
    const TokenList *list;
    size_t begin;  // tokens [begin, end)
    size_t end;
} Translation;

// Appends to `out`. FAIL_CONFIG with line and column where a spelling is known and cannot be
// turned into DuckDB's.
bool translate_tokens(const Translation *translation, SqlText *out, Err *err) MUST_CHECK;

// Which tables a query reads, and which partitions of them it can need.
#pragma once

#include "lake/delta.h"
#include "lake/duck.h"

typedef struct QueryTables QueryTables;

// Reads the query as DuckDB does. FAIL_CONFIG where it is no query; duck_error_position tells
// where.
bool query_tables_read(Duck *duck, const char *sql, QueryTables **ret_tables, Err *err) MUST_CHECK;
void query_tables_free(QueryTables *tables);

// The places in the query that name a table; names of its own WITH clauses are left out.
typedef struct QueryTable {
    const char *name;    // as it stands there
    const char *schema;  // "" or what stands before the name: "project.table"
    size_t position;     // in the query's text
} QueryTable;
const QueryTable *query_tables_list(const QueryTables *tables, size_t *ret_count);

// Whether the query ends in ORDER BY.
bool query_tables_is_sorted(const QueryTables *tables);
// Whether it gives the same each time that it is computed over the same tables; if not, where the
// first of what differs stands (random() and the like, a sample).
bool query_tables_is_steady(const QueryTables *tables, size_t *ret_position);
// The places max_pt('table'), with that table as the name.
const QueryTable *query_tables_max_pt(const QueryTables *tables, size_t *ret_count);

// Clears keep[i], which has one member a file of the table, for each file that no place which names
// the table (by `name`, without regard to case) can need, as conditions on partition columns say.
// Careful: what is not understood is kept.
bool query_tables_prune(Duck *duck, const QueryTables *tables, const char *name,
                        const DeltaTable *table, bool *keep, Err *err) MUST_CHECK;

// Schema: the names and types of a row's columns.
#pragma once

#include "record/value.h"

typedef struct Field {
    char *name;
    Type type;
    bool nullable;
    char *
        source_type;  // as the source's DDL says it: "bigint(20) unsigned"; for people; may be NULL
    char *comment;    // may be NULL
} Field;

typedef struct Schema {
    Field *fields;
    size_t count;
} Schema;

void schema_done(Schema *schema);
// Appends a field; the strings are copied. Returns the new field.
Field *schema_add(Schema *schema, const char *name, Type type, bool nullable);
void schema_copy(const Schema *from, Schema *ret_to);
// Index of the field whose name matches without regard to case, or SIZE_MAX.
size_t schema_find(const Schema *schema, const char *name);

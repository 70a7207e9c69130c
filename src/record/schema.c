// Schema is a plain array of fields that own their strings. It is built once a run, so growing by
// one is good enough.
#include "base/base.h"

#include "record/schema.h"

#include "base/text.h"

void schema_done(Schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        free(schema->fields[i].name);
        free(schema->fields[i].source_type);
        free(schema->fields[i].comment);
    }
    free(schema->fields);
    *schema = (Schema){0};
}

Field *schema_add(Schema *schema, const char *name, Type type, bool nullable)
{
    assert(name != NULL);
    schema->fields = mem_grow(schema->fields, (schema->count + 1) * sizeof(Field));
    Field *field = &schema->fields[schema->count++];
    *field = (Field){.name = mem_copy_text(name), .type = type, .nullable = nullable};
    return field;
}

void schema_copy(const Schema *from, Schema *ret_to)
{
    Schema copy = {0};
    for (size_t i = 0; i < from->count; i++) {
        const Field *field = &from->fields[i];
        Field *added = schema_add(&copy, field->name, field->type, field->nullable);
        added->source_type = mem_copy_text(field->source_type);
        added->comment = mem_copy_text(field->comment);
    }
    *ret_to = copy;
}

size_t schema_find(const Schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (text_equal_nocase(schema->fields[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

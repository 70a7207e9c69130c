// The metaData action: the schema as JSON text inside JSON, partition columns, properties.
//
// A change of an existing table edits the JSON that is there instead of writing it anew: fields of
// nested types, column metadata of other writers, the table's name and description all come out as
// they went in.
#include "lake/delta_internal.h"

#include <stdio.h>
#include <sys/random.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/text.h"

#define DELTA_DEPTH_MAX 64

static const struct {
    const char *name;
    Type type;
} delta_types[] = {
    {"string", {.kind = TYPE_TEXT}},
    {"long", {.kind = TYPE_INT64}},
    {"integer", {.kind = TYPE_INT32}},
    {"short", {.kind = TYPE_INT16}},
    {"byte", {.kind = TYPE_INT8}},
    {"float", {.kind = TYPE_FLOAT32}},
    {"double", {.kind = TYPE_FLOAT64}},
    {"boolean", {.kind = TYPE_BOOL}},
    {"binary", {.kind = TYPE_BYTES}},
    {"date", {.kind = TYPE_DATE}},
    {"timestamp", {.kind = TYPE_INSTANT, .scale = 6}},
    {"timestamp_ntz", {.kind = TYPE_DATETIME, .scale = 6}},
};

void delta_type_name(Type type, Buf *out)
{
    if (type.kind == TYPE_UINT64) {
        buf_add_text(out, "decimal(20,0)");
        return;
    }
    if (type.kind == TYPE_DECIMAL) {
        buf_add_format(out, "decimal(%u,%u)", type.precision, type.scale);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(delta_types); i++) {
        if (delta_types[i].type.kind == type.kind) {
            buf_add_text(out, delta_types[i].name);
            return;
        }
    }
    assert(false && "every other kind is in the table");
}

// "decimal(10,2)"; Spark takes blanks inside.
static bool delta_decimal_parse(const char *name, Type *ret_type)
{
    char digits[2][4] = {"", "0"};
    const char *at = name + strlen("decimal");
    if (*at == '\0') {
        *ret_type = (Type){.kind = TYPE_DECIMAL, .precision = 10};
        return true;
    }
    if (*at++ != '(') {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        at += strspn(at, " ");
        const size_t len = strspn(at, "0123456789");
        if (len == 0 || len > 2) {
            return false;
        }
        memcpy(digits[i], at, len);
        digits[i][len] = '\0';
        at += len;
        at += strspn(at, " ");
        if (*at == ')' || i == 1) {
            break;
        }
        if (*at++ != ',') {
            return false;
        }
    }
    int64_t precision = 0;
    int64_t scale = 0;
    if (!text_equal(at, ")") || !text_parse_int(digits[0], 1, 38, &precision)
        || !text_parse_int(digits[1], 0, precision, &scale)) {
        return false;
    }
    *ret_type =
        (Type){.kind = TYPE_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale};
    return true;
}

static bool delta_type_parse(const char *name, Type *ret_type)
{
    for (size_t i = 0; i < ARRAY_LEN(delta_types); i++) {
        if (text_equal(name, delta_types[i].name)) {
            *ret_type = delta_types[i].type;
            return true;
        }
    }
    return text_starts_with(name, "decimal") && delta_decimal_parse(name, ret_type);
}

// --- parsing -----

static bool delta_fail_schema(Err *err, const char *what)
{
    (void)fail(err, FAIL_TARGET, "the table's schema %s", what);
    return delta_hint_damaged(err);
}

// Looks for what a column's metadata asks of writers, in the column and in what is nested in it.
static bool delta_find_uses(const json_t *value, size_t depth, DeltaUses *uses, Err *err)
{
    if (depth > DELTA_DEPTH_MAX) {
        return delta_fail_schema(err, "is nested too deeply");
    }
    if (json_is_string(value)) {
        uses->timestamp_ntz =
            uses->timestamp_ntz || text_equal(json_string_value(value), "timestamp_ntz");
        return true;
    }
    const json_t *metadata = json_object_get(value, "metadata");
    uses->invariants = uses->invariants || json_object_get(metadata, "delta.invariants") != NULL;
    uses->generated =
        uses->generated || json_object_get(metadata, "delta.generationExpression") != NULL;
    uses->identity = uses->identity || json_object_get(metadata, "delta.identity.start") != NULL
                     || json_object_get(metadata, "delta.identity.step") != NULL;
    uses->defaults = uses->defaults || json_object_get(metadata, "CURRENT_DEFAULT") != NULL;
    static const char *const nested[] = {"type", "elementType", "keyType", "valueType"};
    for (size_t i = 0; i < ARRAY_LEN(nested); i++) {
        const json_t *inner = json_object_get(value, nested[i]);
        if (inner != NULL && !delta_find_uses(inner, depth + 1, uses, err)) {
            return false;
        }
    }
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(json_object_get(value, "fields"), i, field)
    {
        if (!delta_find_uses(field, depth + 1, uses, err)) {
            return false;
        }
    }
    return true;
}

static bool delta_field_parse(const json_t *json, Schema *schema, Err *err)
{
    const json_t *name_json = json_object_get(json, "name");
    const char *name = json_string_value(name_json);
    const json_t *type_json = json_object_get(json, "type");
    if (name == NULL || name[0] == '\0' || strlen(name) != json_string_length(name_json)
        || type_json == NULL) {
        return delta_fail_schema(err, "has a field without name or type");
    }
    Type type = {.kind = TYPE_TEXT};
    const bool is_plain =
        json_is_string(type_json) && delta_type_parse(json_string_value(type_json), &type);
    Field *field =
        schema_add(schema, name, type, !json_is_false(json_object_get(json, "nullable")));
    if (!is_plain) {
        char *text = json_dumps(type_json, JSON_COMPACT | JSON_ENCODE_ANY);
        free(field->source_type);
        field->source_type = mem_copy_text(text);
        free(text);
    }
    const char *comment =
        json_string_value(json_object_get(json_object_get(json, "metadata"), "comment"));
    free(field->comment);
    field->comment = mem_copy_text(comment);
    return true;
}

static bool delta_schema_from_json(const json_t *json, Schema *ret_schema, DeltaUses *ret_uses,
                                   Err *err)
{
    const json_t *fields = json_object_get(json, "fields");
    if (!json_is_array(fields)) {
        return delta_fail_schema(err, "has no fields");
    }
    DeltaUses uses = {0};
    if (!delta_find_uses(json, 0, &uses, err)) {
        return false;
    }
    CLEANUP(schema_done) Schema schema = {0};
    size_t i = 0;
    json_t *field = NULL;
    json_array_foreach(fields, i, field)
    {
        if (!delta_field_parse(field, &schema, err)) {
            return false;
        }
    }
    *ret_schema = schema;
    *ret_uses = uses;
    schema = (Schema){0};
    return true;
}

bool delta_schema_parse(const char *text, Schema *ret_schema, DeltaUses *ret_uses, Err *err)
{
    json_auto_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    return json == NULL ? delta_fail_schema(err, "is not valid JSON")
                        : delta_schema_from_json(json, ret_schema, ret_uses, err);
}

static bool delta_load_columns(DeltaTable *table, const json_t *columns, Err *err)
{
    size_t i = 0;
    json_t *column = NULL;
    table->partition_columns =
        mem_alloc(json_array_size(columns) * sizeof(*table->partition_columns));
    json_array_foreach(columns, i, column)
    {
        const char *name = json_string_value(column);
        if (name == NULL || schema_find(&table->schema, name) == SIZE_MAX) {
            return delta_fail_schema(err, "lacks a partition column that the metadata names");
        }
        table->partition_columns[table->partition_count++] = mem_copy_text(name);
    }
    return true;
}

static void delta_load_properties(DeltaTable *table, json_t *configuration)
{
    const char *key = NULL;
    json_t *value = NULL;
    table->properties = mem_alloc(json_object_size(configuration) * sizeof(*table->properties));
    json_object_foreach(configuration, key, value)
    {
        if (json_string_value(value) != NULL) {
            table->properties[table->property_count++] = (DeltaProperty){
                .key = mem_copy_text(key),
                .value = mem_copy_text(json_string_value(value)),
            };
        }
    }
}

bool delta_metadata_load(DeltaState *state, Err *err)
{
    json_auto_t *metadata = json_loads(state->metadata, JSON_ALLOW_NUL, NULL);
    const char *schema = json_string_value(json_object_get(metadata, "schemaString"));
    const char *id = json_string_value(json_object_get(metadata, "id"));
    const char *provider =
        json_string_value(json_object_get(json_object_get(metadata, "format"), "provider"));
    if (schema == NULL) {
        (void)fail(err, FAIL_TARGET, "the action \"metaData\" has no schemaString");
        return delta_hint_damaged(err);
    }
    if (provider != NULL && !text_equal_nocase(provider, "parquet")) {
        (void)fail(err, FAIL_TARGET, "its files are in the format \"%s\", not parquet", provider);
        return fail_hint(err, "Write to another table.");
    }
    DeltaTable *table = &state->table;
    table->id = mem_copy_text(id == NULL ? "" : id);
    const char *description = json_string_value(json_object_get(metadata, "description"));
    table->description =
        description == NULL || description[0] == '\0' ? NULL : mem_copy_text(description);
    delta_load_properties(table, json_object_get(metadata, "configuration"));
    return delta_schema_parse(schema, &table->schema, &state->uses, err)
           && delta_load_columns(table, json_object_get(metadata, "partitionColumns"), err);
}

// --- writing -----

static json_t *delta_field_to_json(const Field *field, bool nullable)
{
    CLEANUP(buf_done) Buf type = {0};
    delta_type_name(field->type, &type);
    json_t *metadata = json_object();
    if (field->comment != NULL && text_is_utf8(field->comment, strlen(field->comment))) {
        (void)json_object_set_new(metadata, "comment", json_string(field->comment));
    }
    return json_pack("{s:s, s:s, s:b, s:o}", "name", field->name, "type", buf_text(&type),
                     "nullable", nullable, "metadata", metadata);
}

// A random UUID, version 4.
static void delta_uuid(char out[37])
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        abort();  // the kernel gives 16 bytes whole, or is older than any that runs DuckDB
    }
    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
    char *at = out;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        (void)snprintf(at, 3, "%02x", bytes[i]);
        at += 2;
    }
}

static json_t *delta_metadata_new(const DeltaMetadataChange *change)
{
    char id[37];
    delta_uuid(id);
    json_t *columns = json_array();
    for (size_t i = 0; i < change->partition_count; i++) {
        (void)json_array_append_new(columns, json_string(change->partition_columns[i]));
    }
    return json_pack("{s:s, s:{s:s, s:{}}, s:s, s:o, s:{}, s:I}", "id", id, "format", "provider",
                     "parquet", "options", "schemaString", "{\"type\":\"struct\",\"fields\":[]}",
                     "partitionColumns", columns, "configuration", "createdTime",
                     (json_int_t)(clock_now_usec() / 1000));
}

static bool delta_fail_column(Err *err, const DeltaTable *table, const char *column,
                              const char *what)
{
    return fail(err, FAIL_TARGET, "column \"%s\" of table \"%s\" %s", column, table->path, what);
}

// Every column of the table must be in the new schema, with its type. Nested types cannot be said
// in a Schema: they pass as they are.
static bool delta_check_kept(const DeltaTable *table, const Schema *schema, Err *err)
{
    for (size_t i = 0; i < table->schema.count; i++) {
        const Field *old = &table->schema.fields[i];
        const size_t at = schema_find(schema, old->name);
        if (at == SIZE_MAX) {
            (void)delta_fail_column(err, table, old->name, "is missing in the new schema");
            return fail_hint(
                err, "Columns can be added, never dropped: keep it, with NULL for new rows.");
        }
        CLEANUP(buf_done) Buf old_type = {0};
        CLEANUP(buf_done) Buf new_type = {0};
        delta_type_name(old->type, &old_type);
        delta_type_name(schema->fields[at].type, &new_type);
        if (!text_equal(buf_text(&old_type), buf_text(&new_type))) {
            (void)fail(err, FAIL_TARGET, "column \"%s\" of table \"%s\" is %s and cannot become %s",
                       old->name, table->path, buf_text(&old_type), buf_text(&new_type));
            return fail_hint(err,
                             "Convert the values to the table's type, or write to a new table.");
        }
    }
    return true;
}

static bool delta_check_schema(const DeltaTable *table, const DeltaMetadataChange *change, Err *err)
{
    const Schema *schema = change->schema;
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->fields[i].name;
        if (name[0] == '\0' || !text_is_utf8(name, strlen(name))) {
            return delta_fail_column(err, table, name, "has no name that is UTF-8 text");
        }
        if (schema_find(schema, name) != i) {
            (void)delta_fail_column(err, table, name, "occurs twice");
            return fail_hint(
                err, "Names in a Delta table differ by more than case: rename one of the columns.");
        }
    }
    for (size_t i = 0; i < change->partition_count; i++) {
        if (schema_find(schema, change->partition_columns[i]) == SIZE_MAX) {
            return delta_fail_column(err, table, change->partition_columns[i],
                                     "partitions the table but is not in its schema");
        }
    }
    if (schema->count <= change->partition_count) {
        (void)fail(err, FAIL_TARGET,
                   "table \"%s\" would have no column that is not a partition column", table->path);
        return fail_hint(err, "Copy at least one column beside those that partition the table.");
    }
    if (table->version < 0) {
        return true;
    }
    bool same = change->partition_count == table->partition_count;
    for (size_t i = 0; same && i < table->partition_count; i++) {
        same = text_equal_nocase(table->partition_columns[i], change->partition_columns[i]);
    }
    if (!same) {
        (void)fail(err, FAIL_TARGET, "the partition columns of table \"%s\" cannot be changed",
                   table->path);
        return fail_hint(err,
                         "Write to a new table, or with the partition columns that this one has.");
    }
    return delta_check_kept(table, schema, err);
}

// Adds to the metadata's schema the fields that it lacks; *changed is set where there are any.
static void delta_add_fields(json_t *metadata, const DeltaTable *table, const Schema *schema,
                             bool *changed)
{
    const char *text = json_string_value(json_object_get(metadata, "schemaString"));
    json_auto_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    json_t *fields = json_object_get(json, "fields");
    const bool is_new = table->version < 0;
    for (size_t i = 0; i < schema->count; i++) {
        const Field *field = &schema->fields[i];
        if (is_new || schema_find(&table->schema, field->name) == SIZE_MAX) {
            // Files that are there already have no value for a column that is added.
            (void)json_array_append_new(fields,
                                        delta_field_to_json(field, !is_new || field->nullable));
            *changed = true;
        }
    }
    char *whole = json_dumps(json, JSON_COMPACT);
    (void)json_object_set_new(metadata, "schemaString", json_string(whole));
    free(whole);
}

static bool delta_set_properties(json_t *metadata, const DeltaMetadataChange *change, bool *changed,
                                 Err *err)
{
    json_t *configuration = json_object_get(metadata, "configuration");
    if (!json_is_object(configuration)) {
        (void)json_object_set_new(metadata, "configuration", json_object());
        configuration = json_object_get(metadata, "configuration");
    }
    for (size_t i = 0; i < change->property_count; i++) {
        const DeltaProperty *property = &change->properties[i];
        const json_t *old = json_object_get(configuration, property->key);
        if (property->value == NULL) {
            *changed = json_object_del(configuration, property->key) == 0 || *changed;
            continue;
        }
        if (old != NULL && text_equal(json_string_value(old), property->value)) {
            continue;
        }
        if (json_object_set_new(configuration, property->key, json_string(property->value)) != 0) {
            return fail(err, FAIL_TARGET, "the table property \"%s\" is not UTF-8 text",
                        property->key);
        }
        *changed = true;
    }
    return true;
}

static bool delta_set_description(json_t *metadata, const char *text, bool *changed, Err *err)
{
    const char *old = json_string_value(json_object_get(metadata, "description"));
    if (text_equal(text, old == NULL ? "" : old)) {
        return true;
    }
    *changed = true;
    if (text[0] == '\0') {
        (void)json_object_del(metadata, "description");
        return true;
    }
    return json_object_set_new(metadata, "description", json_string(text)) == 0
           || fail(err, FAIL_TARGET, "the table's comment is not UTF-8 text");
}

bool delta_metadata_change(const DeltaTable *table, const DeltaMetadataChange *change,
                           char **ret_metadata, Err *err)
{
    if (change->schema != NULL && !delta_check_schema(table, change, err)) {
        return false;
    }
    // A table always comes from delta_open(), as the first member of its state.
    const char *old = ((const DeltaState *)(const void *)table)->metadata;
    json_auto_t *metadata =
        table->version < 0 ? delta_metadata_new(change) : json_loads(old, JSON_ALLOW_NUL, NULL);
    if (metadata == NULL) {
        return fail(err, FAIL_TARGET, "a partition column of table \"%s\" is not UTF-8 text",
                    table->path);
    }
    bool changed = table->version < 0;
    if (change->schema != NULL) {
        delta_add_fields(metadata, table, change->schema, &changed);
    }
    if (!delta_set_properties(metadata, change, &changed, err)
        || (change->description != NULL
            && !delta_set_description(metadata, change->description, &changed, err))) {
        return false;
    }
    *ret_metadata = changed ? json_dumps(metadata, JSON_COMPACT) : NULL;
    return true;
}

// Partition values as the log spells them, and the one spelling of each that weir compares and
// writes.
//
// The protocol fixes no single text of a value: "7" and "007" are one integer, "1.0" and "1.00" one
// decimal, and a local time may come with its fraction or without. To find the files that an
// overwrite replaces by the text alone would leave another writer's files standing beside ours. A
// value that cannot be read as its column's type stops the commit, for the same reason.
//
// Types whose text does not say the value stay as they are, and the sink refuses to partition by
// them: a timestamp is written without its zone, bytes are escaped in more than one way, and a
// floating-point number is rounded by some writers.
#include "lake/delta_internal.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#define DECIMAL_SCALE_MAX 38

bool delta_value_has_one_spelling(Type type)
{
    return type.kind != TYPE_INSTANT && type.kind != TYPE_FLOAT32 && type.kind != TYPE_FLOAT64
           && type.kind != TYPE_BYTES;
}

static bool delta_read_integer(const char *text, Value *ret_value)
{
    return number_parse_i64(text, strlen(text), &ret_value->i64);
}

static bool delta_read_bool(const char *text, Value *ret_value)
{
    ret_value->i64 = text_equal_nocase(text, "true") ? 1 : 0;
    return ret_value->i64 == 1 || text_equal_nocase(text, "false");
}

// Java's decimals print small numbers with an exponent: "1E-7", and zero as "0E-10".
static bool delta_read_decimal(const char *text, Type type, Value *ret_value)
{
    const size_t mantissa = strcspn(text, "eE");
    int64_t exponent = 0;
    if (text[mantissa] != '\0') {
        const char *digits = text + mantissa + (text[mantissa + 1] == '+' ? 2 : 1);
        if (!text_parse_int(digits, -DECIMAL_SCALE_MAX, DECIMAL_SCALE_MAX, &exponent)) {
            return false;
        }
    }
    const int scale = (int)(type.scale + exponent);
    return scale >= 0 && scale <= DECIMAL_SCALE_MAX
           && number_parse_decimal(text, mantissa, scale, &ret_value->i128);
}

static bool delta_read_time(const char *text, TypeKind kind, Value *ret_value)
{
    size_t len = strlen(text);
    // Zeros say nothing; other writers may have nine of them.
    while (len > 0 && strchr(text, '.') != NULL && text[len - 1] == '0') {
        len--;
    }
    len -= len > 0 && text[len - 1] == '.' ? 1 : 0;
    Civil civil = {0};
    size_t at = 0;
    if (!civil_take_date(text, len, &at, &civil)) {
        return false;
    }
    if (kind == TYPE_DATE) {
        ret_value->i64 = civil_to_days(civil.year, civil.month, civil.day);
        return at == len;
    }
    if (at < len) {
        const char separator = text[at++];
        if ((separator != ' ' && separator != 'T') || !civil_take_time(text, len, &at, &civil)) {
            return false;
        }
    }
    ret_value->i64 = civil_to_usec(&civil);
    return at == len;
}

static bool delta_value_read(Type type, const char *text, Value *ret_value)
{
    switch (type.kind) {
    case TYPE_BOOL:
        return delta_read_bool(text, ret_value);
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        return delta_read_integer(text, ret_value);
    case TYPE_UINT64:  // decimal(20,0) in the log
        return number_parse_u64(text, strlen(text), &ret_value->u64);
    case TYPE_DECIMAL:
        return delta_read_decimal(text, type, ret_value);
    case TYPE_DATE:
    case TYPE_DATETIME:
        return delta_read_time(text, type.kind, ret_value);
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
    case TYPE_INSTANT:
    case TYPE_TEXT:
    case TYPE_BYTES:
        break;
    }
    assert(false && "the other kinds are compared as they are written");
    return false;
}

bool delta_value_text(Type type, const char *text, Buf *out)
{
    if (type.kind == TYPE_TEXT || !delta_value_has_one_spelling(type)) {
        buf_add_text(out, text);
        return true;
    }
    Value value = {.state = VALUE_SET};
    if (!delta_value_read(type, text, &value)) {
        return false;
    }
    value_to_text(&value, type, out);
    return true;
}

static bool delta_read_double(const char *text, double *ret_value)
{
    return number_parse_double(text, strlen(text), ret_value);
}

int delta_value_order(Type type, const char *a, const char *b)
{
    const bool has_a = a != NULL && a[0] != '\0';
    const bool has_b = b != NULL && b[0] != '\0';
    if (!has_a || !has_b) {
        return (int)has_a - (int)has_b;
    }
    Value left = {.state = VALUE_SET};
    Value right = {.state = VALUE_SET};
    if (type.kind == TYPE_FLOAT32 || type.kind == TYPE_FLOAT64) {
        if (delta_read_double(a, &left.f64) && delta_read_double(b, &right.f64)) {
            return (left.f64 > right.f64) - (left.f64 < right.f64);
        }
    } else if (type.kind != TYPE_TEXT && delta_value_has_one_spelling(type)
               && delta_value_read(type, a, &left) && delta_value_read(type, b, &right)) {
        switch (type.kind) {
        case TYPE_DECIMAL:
            return (left.i128 > right.i128) - (left.i128 < right.i128);
        case TYPE_UINT64:
            return (left.u64 > right.u64) - (left.u64 < right.u64);
        case TYPE_BOOL:
        case TYPE_INT8:
        case TYPE_INT16:
        case TYPE_INT32:
        case TYPE_INT64:
        case TYPE_DATE:
        case TYPE_DATETIME:
            return (left.i64 > right.i64) - (left.i64 < right.i64);
        case TYPE_FLOAT32:
        case TYPE_FLOAT64:
        case TYPE_INSTANT:
        case TYPE_TEXT:
        case TYPE_BYTES:
            break;
        }
    }
    const int order = strcmp(a, b);
    return (order > 0) - (order < 0);
}

size_t delta_partition_column(const DeltaTable *table, const char *name)
{
    for (size_t i = 0; i < table->partition_count; i++) {
        if (text_equal_nocase(table->partition_columns[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

// --- of a commit -----

void delta_parts_init(DeltaParts *parts, const Schema *schema, char *const *columns, size_t count)
{
    delta_parts_done(parts);
    parts->columns = columns;
    parts->count = count;
    parts->types = mem_alloc(count * sizeof(*parts->types));
    for (size_t i = 0; i < count; i++) {
        const size_t field = schema_find(schema, columns[i]);
        assert(field != SIZE_MAX);  // checked where a schema is read or made
        parts->types[i] = schema->fields[field].type;
        // Whatever digits a source's type has, the log's have six.
        parts->types[i].scale = parts->types[i].kind == TYPE_DATETIME ? 6 : parts->types[i].scale;
        parts->is_typed = parts->is_typed || parts->types[i].kind != TYPE_TEXT;
    }
}

void delta_parts_done(DeltaParts *parts)
{
    free(parts->types);
    *parts = (DeltaParts){0};
}

bool delta_parts_canonical(const DeltaParts *parts, char **values, Err *err)
{
    for (size_t i = 0; parts->is_typed && i < parts->count; i++) {
        if (values[i] == NULL || values[i][0] == '\0') {
            continue;
        }
        CLEANUP(buf_done) Buf text = {0};
        if (!delta_value_text(parts->types[i], values[i], &text)) {
            CLEANUP(buf_done) Buf type = {0};
            delta_type_name(parts->types[i], &type);
            (void)fail(err, FAIL_TARGET, "the partition value \"%s\" of column \"%s\" is no %s",
                       values[i], parts->columns[i], buf_text(&type));
            return fail_hint(
                err,
                "Which files an overwrite replaces cannot be told with such a value in the table: "
                "rewrite that partition with the program that made it, or write to another table.");
        }
        free(values[i]);
        values[i] = buf_take(&text);
    }
    return true;
}

bool delta_parts_file(const DeltaParts *parts, const DeltaTable *table, const DeltaFile *file,
                      char ***ret_values, Err *err)
{
    char **values = delta_values_copy((const char *const *)file->partition_values, parts->count);
    if (!delta_parts_canonical(parts, values, err)) {
        delta_texts_free(values, parts->count);
        return err_context(err, "file \"%s\" of table \"%s\"", file->path, table->path);
    }
    *ret_values = values;
    return true;
}

bool delta_check_partitions(const DeltaTable *table, Err *err)
{
    CLEANUP(delta_parts_done) DeltaParts parts = {0};
    delta_parts_init(&parts, &table->schema, table->partition_columns, table->partition_count);
    for (size_t i = 0; parts.is_typed && i < table->file_count; i++) {
        char **values = NULL;
        if (!delta_parts_file(&parts, table, &table->files[i], &values, err)) {
            return false;
        }
        delta_texts_free(values, parts.count);
    }
    return true;
}

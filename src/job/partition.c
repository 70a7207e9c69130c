// "ds=20161114,region={region}": the partition of a target. A value becomes the name of a folder,
// so what would need guessing when the folder is read back is refused.
#include "base/base.h"

#include "job/job_internal.h"

#include "base/text.h"

enum { NAME_BYTES_MAX = 250 };  // a folder's name is "column=value", at most 255 bytes

void partition_parts_free(PartitionPart *parts, size_t count)
{
    for (size_t i = 0; parts != NULL && i < count; i++) {
        free(parts[i].column);
        free(parts[i].value);
        free(parts[i].field);
    }
    free(parts);
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return true;
        }
    }
    return false;
}

static char *trimmed(const char *text, size_t len)
{
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return mem_copy_bytes(text, len);
}

static bool check_column(const char *column, const PartitionPart *parts, size_t count, Err *err)
{
    if (column[0] == '\0') {
        return fail(err, FAIL_CONFIG, "a partition column has no name");
    }
    if (has_control(column) || strpbrk(column, "/{}") != NULL) {
        return fail(err, FAIL_CONFIG,
                    "the partition column \"%.100s\" holds \"/\", a brace or a control character",
                    column);
    }
    for (size_t i = 0; i < count; i++) {
        if (text_equal_nocase(parts[i].column, column)) {
            return fail(err, FAIL_CONFIG, "the partition column \"%.100s\" stands twice", column);
        }
    }
    return true;
}

static bool check_value(const char *column, const char *value, Err *err)
{
    const size_t len = strlen(value);
    if (len == 0) {
        return fail(err, FAIL_CONFIG, "the partition column \"%.100s\" has no value", column);
    }
    if (has_control(value)) {
        return fail(err, FAIL_CONFIG,
                    "the value of the partition column \"%.100s\" holds a control character",
                    column);
    }
    if (strchr(value, '/') != NULL) {
        (void)fail(err, FAIL_CONFIG, "the partition value \"%.100s\" holds a slash", value);
        return fail_hint(
            err,
            "A partition is a folder: choose a value without \"/\"; several columns are written "
            "with commas, ds=20161114,region=eu.");
    }
    if (strchr(value, '=') != NULL) {
        (void)fail(err, FAIL_CONFIG, "the partition value \"%.100s\" holds an equals sign", value);
        return fail_hint(err, "Several columns are written with commas: ds=20161114,region=eu.");
    }
    if (len >= 2 && (value[0] == '\'' || value[0] == '"') && value[len - 1] == value[0]) {
        return fail(err, FAIL_CONFIG, "the partition value %.100s needs no quotes: %.50s=%.*s",
                    value, column, (int)(len > 102 ? 100 : len - 2), value + 1);
    }
    if (!text_is_utf8(value, len)) {
        return fail(err, FAIL_CONFIG, "the value of the partition column \"%.100s\" is not UTF-8",
                    column);
    }
    if (strlen(column) + len > NAME_BYTES_MAX) {
        return fail(err, FAIL_CONFIG,
                    "the partition \"%.60s=%.60s...\" is too long for the name of a folder", column,
                    value);
    }
    return true;
}

// "{region}" names a field; braces anywhere else are a mistake.
static bool set_value(PartitionPart *part, char *value, Err *err)
{
    const size_t len = strlen(value);
    if (strpbrk(value, "{}") == NULL) {
        part->value = mem_copy_text(value);
        return true;
    }
    const size_t inner = strcspn(value + 1, "{}");
    if (value[0] != '{' || inner == 0 || inner + 2 != len || value[len - 1] != '}') {
        (void)fail(err, FAIL_CONFIG,
                   "the partition value \"%.100s\" mixes text and a column in braces", value);
        return fail_hint(
            err, "Write {column} alone for the row's own value, or ${name} for a parameter.");
    }
    part->field = trimmed(value + 1, inner);
    return part->field[0] != '\0'
           || fail(err, FAIL_CONFIG, "the braces of a partition value name no column");
}

// One "column=value" of the text.
static bool parse_part(const char *text, size_t len, const PartitionPart *parts, size_t count,
                       PartitionPart *part, Err *err)
{
    CLEANUP(mem_free_text) char *pair = trimmed(text, len);
    const char *equals = strchr(pair, '=');
    if (equals == NULL) {
        (void)(pair[0] == '\0'
                   ? fail(err, FAIL_CONFIG, "the partition has a comma too many")
                   : fail(err, FAIL_CONFIG, "\"%.100s\" in the partition has no \"=\"", pair));
        return fail_hint(err,
                         "Write column=value, several with commas: ds=20161114,region={region}.");
    }
    part->column = trimmed(pair, (size_t)(equals - pair));
    CLEANUP(mem_free_text) char *value = trimmed(equals + 1, strlen(equals + 1));
    return check_column(part->column, parts, count, err) && check_value(part->column, value, err)
           && set_value(part, value, err);
}

bool partition_parse(const char *text, PartitionPart **ret_parts, size_t *ret_count, Err *err)
{
    if (text[strspn(text, " ")] == '\0') {
        (void)fail(err, FAIL_CONFIG, "the partition is empty");
        return fail_hint(
            err, "Write column=value, or leave \"partition\" out for a table without partitions.");
    }
    PartitionPart *parts = NULL;
    size_t count = 0;
    for (const char *at = text;; at++) {
        const size_t len = strcspn(at, ",");
        parts = mem_grow(parts, (count + 1) * sizeof(*parts));
        parts[count] = (PartitionPart){0};
        if (!parse_part(at, len, parts, count, &parts[count], err)) {
            partition_parts_free(parts, count + 1);
            return false;
        }
        count++;
        at += len;
        if (*at == '\0') {
            break;
        }
    }
    *ret_parts = parts;
    *ret_count = count;
    return true;
}

void partition_note_parameters(PartitionPart *parts, size_t count, const ParamSet *params)
{
    for (size_t i = 0; i < count; i++) {
        parts[i].is_parameter = parts[i].field != NULL && param_is_known(params, parts[i].field);
    }
}

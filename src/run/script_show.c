// SHOW and DESC: results of a few rows, made here.
#include "base/base.h"

#include "run/script_internal.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "lake/catalog.h"
#include "lake/lifecycle.h"
#include "lake/partition_spec.h"

// --- output ---------------------------------------------------------------------------------------------

#define SHOW_COLUMNS_MAX 8

typedef struct Show {
    const ResultOutput *output;
    size_t width;
    uint64_t rows;
} Show;

static bool show_begin(const Run *run, const ResultColumn *columns, size_t count, Show *ret_show,
                       Err *err)
{
    *ret_show = (Show){.output = run->output, .width = count};
    return run->output->begin(run->output->context, columns, count, err);
}

// NULL cells are NULL.
static bool show_row(Show *show, const char *const *cells, Err *err)
{
    size_t lens[SHOW_COLUMNS_MAX] = {0};
    assert(show->width <= SHOW_COLUMNS_MAX);
    for (size_t i = 0; i < show->width; i++) {
        lens[i] = cells[i] == NULL ? 0 : strlen(cells[i]);
    }
    show->rows++;
    return show->output->row(show->output->context, cells, lens, err);
}

static bool show_end(Show *show, Err *err)
{
    return show->output->end(show->output->context, show->rows, err);
}

// --- texts ----------------------------------------------------------------------------------------------

// As CREATE TABLE takes it.
static void type_name(const Field *field, Buf *out)
{
    static const struct {
        TypeKind kind;
        const char *name;
    } names[] = {
        {TYPE_BOOL, "boolean"},      {TYPE_INT8, "tinyint"},      {TYPE_INT16, "smallint"},
        {TYPE_INT32, "int"},         {TYPE_INT64, "bigint"},      {TYPE_UINT64, "decimal(20,0)"},
        {TYPE_FLOAT32, "float"},     {TYPE_FLOAT64, "double"},    {TYPE_DATE, "date"},
        {TYPE_DATETIME, "datetime"}, {TYPE_INSTANT, "timestamp"}, {TYPE_TEXT, "string"},
        {TYPE_BYTES, "binary"},
    };
    if (field->source_type != NULL) {
        buf_add_text(out, field->source_type);
        return;
    }
    if (field->type.kind == TYPE_DECIMAL) {
        buf_add_format(out, "decimal(%u,%u)", field->type.precision, field->type.scale);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].kind == field->type.kind) {
            buf_add_text(out, names[i].name);
        }
    }
}

static char *time_text(int64_t ms)
{
    const Civil civil = clock_usec_to_local(ms * 1000);
    return mem_format("%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month, civil.day,
                      civil.hour, civil.minute, civil.second);
}

static void totals_of(const PartitionList *list, Partition *ret_total)
{
    *ret_total = (Partition){0};
    for (size_t i = 0; i < list->count; i++) {
        const Partition *item = &list->items[i];
        ret_total->rows = item->rows < 0 || ret_total->rows < 0 ? -1 : ret_total->rows + item->rows;
        ret_total->files += item->files;
        ret_total->bytes += item->bytes;
        ret_total->modified_ms =
            item->modified_ms > ret_total->modified_ms ? item->modified_ms : ret_total->modified_ms;
    }
}

// --- SHOW TABLES ----------------------------------------------------------------------------------------

// "ods_*|dw_user": * stands for any text, | parts alternatives; % does as * does.
static bool like_one(const char *pattern, size_t len, const char *name)
{
    if (len == 0) {
        return *name == '\0';
    }
    if (*pattern == '*' || *pattern == '%') {
        for (const char *at = name;; at++) {
            if (like_one(pattern + 1, len - 1, at)) {
                return true;
            }
            if (*at == '\0') {
                return false;
            }
        }
    }
    const char one[] = {*pattern, '\0'};
    const char other[] = {*name, '\0'};
    return *name != '\0' && text_equal_nocase(one, other)
           && like_one(pattern + 1, len - 1, name + 1);
}

static bool like_matches(const char *patterns, const char *name)
{
    for (const char *at = patterns;; at++) {
        const size_t len = strcspn(at, "|");
        if (like_one(at, len, name)) {
            return true;
        }
        at += len;
        if (*at == '\0') {
            return false;
        }
    }
}

static bool show_tables(const Run *run, Err *err)
{
    static const ResultColumn columns[] = {{.name = "table", .type = "VARCHAR"}};
    FsList list = {0};
    Show show;
    if (!catalog_list(run->session->lake, &list, err)) {
        return false;
    }
    bool done = show_begin(run, columns, ARRAY_LEN(columns), &show, err);
    for (size_t i = 0; done && i < list.count; i++) {
        const char *name = list.names[i];
        if (run->statement->like == NULL || like_matches(run->statement->like, name)) {
            done = show_row(&show, &name, err);
        }
    }
    fs_list_done(&list);
    return done && show_end(&show, err);
}

// --- SHOW PARTITIONS ------------------------------------------------------------------------------------

static bool show_partition(Show *show, const PartitionList *list, const Partition *partition,
                           Err *err)
{
    CLEANUP(buf_done) Buf name = {0};
    partition_text(list, partition, &name);
    CLEANUP(mem_free_text) char *rows = mem_format("%" PRId64, partition->rows);
    CLEANUP(mem_free_text) char *files = mem_format("%zu", partition->files);
    CLEANUP(mem_free_text) char *bytes = mem_format("%" PRIu64, partition->bytes);
    CLEANUP(mem_free_text) char *modified = time_text(partition->modified_ms);
    const char *cells[] = {buf_text(&name), partition->rows < 0 ? NULL : rows, files, bytes,
                           modified};
    return show_row(show, cells, err);
}

static bool show_partitions_of(const Run *run, const PartitionList *list, Err *err)
{
    static const ResultColumn columns[] = {
        {.name = "partition", .type = "VARCHAR"},
        {.name = "rows", .type = "BIGINT", .kind = CELL_NUMBER},
        {.name = "files", .type = "BIGINT", .kind = CELL_NUMBER},
        {.name = "bytes", .type = "BIGINT", .kind = CELL_NUMBER},
        {.name = "modified", .type = "TIMESTAMP"},
    };
    const Statement *statement = run->statement;
    const SqlPartition *spec = statement->partition_count > 0 ? &statement->partitions[0] : NULL;
    const SqlPart *wrong = NULL;
    Show show;
    if (spec != NULL && !partition_spec_check(list, spec, &wrong, err)) {
        return run_fail_at(run, wrong == NULL ? spec->at : wrong->at, err);
    }
    bool done = show_begin(run, columns, ARRAY_LEN(columns), &show, err);
    for (size_t i = 0; done && i < list->count; i++) {
        if (spec == NULL || partition_spec_matches(list, spec, &list->items[i])) {
            done = show_partition(&show, list, &list->items[i], err);
        }
    }
    return done && show_end(&show, err);
}

static bool show_partitions(const Run *run, Err *err)
{
    SessionTable *seen = NULL;
    if (!session_existing(run, &run->statement->table, &seen, err)) {
        return false;
    }
    if (seen->table->partition_count == 0) {
        return run_fail(run, run->statement->table.at, err, "table \"%s\" has no partitions",
                        seen->name);
    }
    PartitionList list = {0};
    if (!partition_list_make(seen->table, &list, err)) {
        return run_fail_at(run, run->statement->table.at, err);
    }
    const bool done = show_partitions_of(run, &list, err);
    partition_list_done(&list);
    return done;
}

// --- SHOW CREATE TABLE ----------------------------------------------------------------------------------

static void add_backticked(const char *name, Buf *out)
{
    buf_add_char(out, '`');
    for (; *name != '\0'; name++) {
        buf_add_format(out, *name == '`' ? "``" : "%c", *name);
    }
    buf_add_char(out, '`');
}

static void add_column(const Field *field, Buf *out)
{
    add_backticked(field->name, out);
    buf_add_char(out, ' ');
    type_name(field, out);
    buf_add_text(out, field->nullable ? "" : " NOT NULL");
    if (field->comment != NULL) {
        buf_add_text(out, " COMMENT ");
        duck_quote_text(field->comment, out);
    }
}

static void add_columns(const DeltaTable *table, bool of_partition, Buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < table->schema.count; i++) {
        const Field *field = &table->schema.fields[i];
        if ((delta_partition_column(table, field->name) != SIZE_MAX) == of_partition) {
            buf_add_text(out, is_first ? "(\n  " : ",\n  ");
            add_column(field, out);
            is_first = false;
        }
    }
    buf_add_text(out, "\n)");
}

static void add_properties(const DeltaTable *table, Buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < table->property_count; i++) {
        const DeltaProperty *property = &table->properties[i];
        if (text_starts_with(property->key, LIFECYCLE_PROPERTY)) {
            continue;
        }
        buf_add_text(out, is_first ? "\nTBLPROPERTIES (" : ", ");
        duck_quote_text(property->key, out);
        buf_add_text(out, " = ");
        duck_quote_text(property->value, out);
        is_first = false;
    }
    buf_add_text(out, is_first ? "" : ")");
}

static bool show_create_table(const Run *run, Err *err)
{
    static const ResultColumn columns[] = {{.name = "statement", .type = "VARCHAR"}};
    SessionTable *seen = NULL;
    if (!session_existing(run, &run->statement->table, &seen, err)) {
        return false;
    }
    const DeltaTable *table = seen->table;
    CLEANUP(buf_done) Buf text = {0};
    buf_add_text(&text, "CREATE TABLE ");
    add_backticked(seen->name, &text);
    buf_add_char(&text, ' ');
    add_columns(table, /* of_partition= */ false, &text);
    if (table->description != NULL) {
        buf_add_text(&text, "\nCOMMENT ");
        duck_quote_text(table->description, &text);
    }
    if (table->partition_count > 0) {
        buf_add_text(&text, "\nPARTITIONED BY ");
        add_columns(table, /* of_partition= */ true, &text);
    }
    add_properties(table, &text);
    if (lifecycle_days(table) > 0) {
        buf_add_format(&text, "\nLIFECYCLE %d", lifecycle_days(table));
    }
    buf_add_char(&text, ';');
    Show show;
    const char *cell = buf_text(&text);
    return show_begin(run, columns, ARRAY_LEN(columns), &show, err) && show_row(&show, &cell, err)
           && show_end(&show, err);
}

// --- DESC -----------------------------------------------------------------------------------------------

static bool desc_columns(const Run *run, const DeltaTable *table, Err *err)
{
    static const ResultColumn columns[] = {
        {.name = "column", .type = "VARCHAR"},
        {.name = "type", .type = "VARCHAR"},
        {.name = "partition", .type = "BOOLEAN", .kind = CELL_BOOL},
        {.name = "nullable", .type = "BOOLEAN", .kind = CELL_BOOL},
        {.name = "comment", .type = "VARCHAR"},
    };
    Show show;
    bool done = show_begin(run, columns, ARRAY_LEN(columns), &show, err);
    for (size_t i = 0; done && i < table->schema.count; i++) {
        const Field *field = &table->schema.fields[i];
        CLEANUP(buf_done) Buf type = {0};
        type_name(field, &type);
        const char *cells[] = {field->name, buf_text(&type),
                               delta_partition_column(table, field->name) != SIZE_MAX ? "true"
                                                                                      : "false",
                               field->nullable ? "true" : "false", field->comment};
        done = show_row(&show, cells, err);
    }
    return done && show_end(&show, err);
}

static bool desc_pair(Show *show, const char *key, const char *value, Err *err)
{
    const char *cells[] = {key, value};
    return show_row(show, cells, err);
}

static bool desc_counts(Show *show, const Partition *counts, Err *err)
{
    char number[TEXT_NUMBER_SIZE];
    CLEANUP(mem_free_text) char *files = mem_format("%zu", counts->files);
    CLEANUP(mem_free_text) char *modified = time_text(counts->modified_ms);
    return desc_pair(show, "rows",
                     counts->rows < 0 ? "unknown" : text_count((uint64_t)counts->rows, number), err)
           && desc_pair(show, "files", files, err)
           && desc_pair(show, "size", text_bytes(counts->bytes, number), err)
           && (counts->files == 0 || desc_pair(show, "last written", modified, err));
}

static bool desc_details(Show *show, const SessionTable *seen, const PartitionList *list, Err *err)
{
    const DeltaTable *table = seen->table;
    Partition total;
    totals_of(list, &total);
    CLEANUP(mem_free_text) char *version = mem_format("%" PRId64, table->version);
    CLEANUP(mem_free_text)
    char *lifecycle = mem_format("%d days%s", lifecycle_days(table),
                                 lifecycle_is_enabled(table) ? "" : ", disabled");
    CLEANUP(mem_free_text) char *count = mem_format("%zu", list->count);
    bool done =
        desc_pair(show, "location", table->path, err) && desc_pair(show, "version", version, err)
        && (table->description == NULL || desc_pair(show, "comment", table->description, err))
        && (lifecycle_days(table) == 0 || desc_pair(show, "lifecycle", lifecycle, err))
        && (table->partition_count == 0 || desc_pair(show, "partitions", count, err))
        && desc_counts(show, &total, err);
    for (size_t i = 0; done && i < table->property_count; i++) {
        if (!text_starts_with(table->properties[i].key, LIFECYCLE_PROPERTY)) {
            done = desc_pair(show, table->properties[i].key, table->properties[i].value, err);
        }
    }
    return done;
}

// What DESC EXTENDED adds, or all that DESC says of one partition.
static bool desc_list(const Run *run, const SessionTable *seen, const PartitionList *list, Err *err)
{
    static const ResultColumn columns[] = {{.name = "property", .type = "VARCHAR"},
                                           {.name = "value", .type = "VARCHAR"}};
    const Statement *statement = run->statement;
    Show show;
    if (statement->partition_count == 0) {
        return show_begin(run, columns, ARRAY_LEN(columns), &show, err)
               && desc_details(&show, seen, list, err) && show_end(&show, err);
    }
    const SqlPartition *spec = &statement->partitions[0];
    const SqlPart *wrong = NULL;
    if (!partition_spec_check(list, spec, &wrong, err)) {
        return run_fail_at(run, wrong == NULL ? spec->at : wrong->at, err);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!partition_spec_matches(list, spec, &list->items[i])) {
            continue;
        }
        CLEANUP(buf_done) Buf name = {0};
        partition_text(list, &list->items[i], &name);
        const bool enabled = lifecycle_is_partition_enabled(seen->table, list, &list->items[i]);
        return show_begin(run, columns, ARRAY_LEN(columns), &show, err)
               && desc_pair(&show, "partition", buf_text(&name), err)
               && desc_counts(&show, &list->items[i], err)
               && (enabled || desc_pair(&show, "lifecycle", "disabled", err))
               && show_end(&show, err);
    }
    return run_fail(run, spec->at, err, "table \"%s\" has no such partition", seen->name);
}

static bool show_desc(const Run *run, Err *err)
{
    const Statement *statement = run->statement;
    SessionTable *seen = NULL;
    if (!session_existing(run, &statement->table, &seen, err)) {
        return false;
    }
    if (statement->partition_count == 0 && !desc_columns(run, seen->table, err)) {
        return false;
    }
    if (statement->partition_count == 0 && !statement->is_extended) {
        return true;
    }
    PartitionList list = {0};
    if (!partition_list_make(seen->table, &list, err)) {
        return run_fail_at(run, statement->table.at, err);
    }
    const bool done = desc_list(run, seen, &list, err);
    partition_list_done(&list);
    return done;
}

bool run_show(const Run *run, Err *err)
{
    switch ((int)run->statement->kind) {
    case STATEMENT_SHOW_TABLES:
        return show_tables(run, err);
    case STATEMENT_SHOW_PARTITIONS:
        return show_partitions(run, err);
    case STATEMENT_SHOW_CREATE_TABLE:
        return show_create_table(run, err);
    default:
        return show_desc(run, err);
    }
}

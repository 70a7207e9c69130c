// The text of a commit's log file: commitInfo, then protocol and metaData where they change, then
// txn, remove and add, one JSON object a line.
#include "lake/delta_internal.h"

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"

static void delta_member_values(JsonWriter *json, const DeltaCommit *commit, char *const *values)
{
    emit_key(json, "partitionValues");
    emit_begin_object(json);
    for (size_t i = 0; i < commit->partition_count; i++) {
        emit_member_text(json, commit->partition_columns[i], values[i]);
    }
    emit_end_object(json);
}

static void delta_write_info(const DeltaCommit *commit, const char *operation, const char *mode,
                             Buf *out)
{
    CLEANUP(buf_done) Buf columns = {0};
    JsonWriter list = emit_writer(&columns);
    emit_begin_array(&list);
    for (size_t i = 0; i < commit->partition_count; i++) {
        emit_text(&list, commit->partition_columns[i]);
    }
    emit_end_array(&list);
    int64_t rows = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < commit->add_count; i++) {
        rows += commit->adds[i].rows < 0 ? 0 : commit->adds[i].rows;
        bytes += commit->adds[i].size;
    }
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_key(&json, "commitInfo");
    emit_begin_object(&json);
    emit_member_int(&json, "timestamp", clock_now_usec() / 1000);
    emit_member_text(&json, "operation", operation);
    // Other readers take the members of these two objects for text, whatever they mean.
    emit_key(&json, "operationParameters");
    emit_begin_object(&json);
    if (mode != NULL) {
        emit_member_text(&json, "mode", mode);
        emit_member_text(&json, "partitionBy", buf_text(&columns));
    }
    emit_end_object(&json);
    if (commit->table->version >= 0) {
        emit_member_int(&json, "readVersion", commit->table->version);
    }
    emit_member_text(&json, "isolationLevel", "Serializable");
    emit_member_bool(&json, "isBlindAppend", delta_commit_is_append(commit));
    const struct {
        const char *name;
        int64_t value;
    } metrics[] = {
        {"numFiles", (int64_t)commit->add_count},
        {"numRemovedFiles", (int64_t)commit->remove_count},
        {"numOutputRows", rows},
        {"numOutputBytes", bytes},
    };
    emit_key(&json, "operationMetrics");
    emit_begin_object(&json);
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
        CLEANUP(mem_free_text) char *text = mem_format("%" PRId64, metrics[i].value);
        emit_member_text(&json, metrics[i].name, text);
    }
    emit_end_object(&json);
    emit_member_text(&json, "engineInfo", "weir/" WEIR_VERSION);
    emit_end_object(&json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static void delta_write_raw(const char *action, const char *text, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_key(&json, action);
    emit_raw(&json, text, strlen(text));
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static void delta_write_txns(const DeltaCommit *commit, Buf *out)
{
    for (size_t i = 0; i < commit->txn_count; i++) {
        JsonWriter json = emit_writer(out);
        emit_begin_object(&json);
        emit_key(&json, "txn");
        emit_begin_object(&json);
        emit_member_text(&json, "appId", commit->txns[i].app_id);
        emit_member_int(&json, "version", commit->txns[i].version);
        emit_member_int(&json, "lastUpdated", commit->txns[i].updated_ms);
        emit_end_object(&json);
        emit_end_object(&json);
        buf_add_char(out, '\n');
    }
}

static void delta_write_removes(const DeltaCommit *commit, Buf *out)
{
    const int64_t now = clock_now_usec() / 1000;
    for (size_t i = 0; i < commit->remove_count; i++) {
        const DeltaFile *file = commit->removes[i];
        JsonWriter json = emit_writer(out);
        emit_begin_object(&json);
        emit_key(&json, "remove");
        emit_begin_object(&json);
        emit_member_text(&json, "path", file->path);
        emit_member_int(&json, "deletionTimestamp", now);
        emit_member_bool(&json, "dataChange", !commit->keeps_data);
        emit_member_bool(&json, "extendedFileMetadata", true);
        delta_member_values(&json, commit, file->partition_values);
        emit_member_int(&json, "size", file->size);
        emit_end_object(&json);
        emit_end_object(&json);
        buf_add_char(out, '\n');
    }
}

static void delta_write_add(const DeltaCommit *commit, const DeltaFile *file, int64_t modified_ms,
                            bool changes_data, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_key(&json, "add");
    emit_begin_object(&json);
    emit_member_text(&json, "path", file->path);
    delta_member_values(&json, commit, file->partition_values);
    emit_member_int(&json, "size", file->size);
    emit_member_int(&json, "modificationTime", modified_ms);
    emit_member_bool(&json, "dataChange", changes_data);
    if (file->stats != NULL) {
        emit_member_text(&json, "stats", file->stats);
    } else if (file->rows >= 0) {
        CLEANUP(mem_free_text)
        char *stats = mem_format("{\"numRecords\":%" PRId64 "}", file->rows);
        emit_member_text(&json, "stats", stats);
    }
    if (file->tags != NULL) {
        emit_key(&json, "tags");
        emit_raw(&json, file->tags, strlen(file->tags));
    }
    emit_end_object(&json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static void delta_write_adds(const DeltaCommit *commit, Buf *out)
{
    for (size_t i = 0; i < commit->add_count; i++) {
        const DeltaFile *file = &commit->adds[i];
        delta_write_add(commit, file, file->modified_ms, !commit->keeps_data, out);
    }
    // A file that is in the table already: what the line says replaces what was known of it.
    for (size_t i = 0; i < commit->touched_count; i++) {
        delta_write_add(commit, commit->touched[i], commit->touched_ms[i],
                        /* changes_data= */ false, out);
    }
}

bool delta_commit_heads(DeltaCommit *commit, Buf *out, Err *err)
{
    const DeltaTable *table = commit->table;
    const DeltaState *state = (const DeltaState *)(const void *)table;
    const DeltaMetadataChange change = {
        .schema = commit->schema.count == 0 ? NULL : &commit->schema,
        .partition_columns = commit->partition_columns,
        .partition_count = commit->partition_count,
        .properties = commit->properties,
        .property_count = commit->property_count,
        .description = commit->description,
    };
    CLEANUP(mem_free_text) char *metadata = NULL;
    if (!delta_metadata_change(table, &change, &metadata, err)) {
        return false;
    }
    // What the table will be, loaded as any reader would: a table that weir could not open again is
    // not made.
    CLEANUP(delta_state_cleanup)
    DeltaState *after = delta_state_new(table->path, /* keeps_removed= */ false);
    after->metadata = mem_copy_text(metadata == NULL ? state->metadata : metadata);
    if (!delta_metadata_load(after, err)) {
        return false;
    }
    const bool is_new = table->version < 0;
    const bool upgrades = after->uses.timestamp_ntz && !table->has_timestamp_ntz;
    delta_protocol_choose(is_new ? NULL : &state->protocol, after->uses.timestamp_ntz,
                          &after->protocol);
    if (!delta_protocol_check(&after->protocol, &after->uses, after->table.properties,
                              after->table.property_count, err)) {
        return err_context(err, "table \"%s\"", table->path);
    }
    if (is_new || upgrades) {
        CLEANUP(buf_done) Buf protocol = {0};
        delta_protocol_write(&after->protocol, &protocol);
        delta_write_raw("protocol", buf_text(&protocol), out);
    }
    if (metadata != NULL) {
        delta_write_raw("metaData", metadata, out);
    }
    free(commit->metadata);
    commit->metadata = metadata;
    metadata = NULL;
    return true;
}

void delta_commit_text(const DeltaCommit *commit, const char *operation, const char *mode,
                       const Buf *heads, Buf *out)
{
    delta_write_info(commit, operation, mode, out);
    buf_add_bytes(out, heads->data, heads->len);
    delta_write_txns(commit, out);
    delta_write_removes(commit, out);
    delta_write_adds(commit, out);
}

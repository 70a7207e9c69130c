// Writing a checkpoint: the state at a version as one Parquet file, so that readers need not replay
// the log from its beginning. The state is replayed afresh, because a commit does not hold the
// removed files that a checkpoint must keep until they expire.
//
// The actions go as JSON lines into a temporary file, which DuckDB turns into Parquet with the
// structs and maps that the protocol's "Checkpoint Schema" names. The file gets its name when it is
// whole and synced; a crash before that leaves temporary files, which a later commit removes.
#include "lake/delta_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/emit.h"
#include "base/text.h"
#include "lake/duck.h"

#define CHECKPOINT_MEMORY ((uint64_t)192 << 20)
#define LINE_MIN ((size_t)1 << 20)

static const char checkpoint_columns[] =
    "{'txn': 'STRUCT(\"appId\" VARCHAR, \"version\" BIGINT, \"lastUpdated\" BIGINT)',"
    " 'add': 'STRUCT(\"path\" VARCHAR, \"partitionValues\" MAP(VARCHAR, VARCHAR), \"size\" BIGINT,"
    " \"modificationTime\" BIGINT, \"dataChange\" BOOLEAN, \"stats\" VARCHAR, \"tags\" MAP(VARCHAR, VARCHAR))',"
    " 'remove': 'STRUCT(\"path\" VARCHAR, \"deletionTimestamp\" BIGINT, \"dataChange\" BOOLEAN,"
    " \"extendedFileMetadata\" BOOLEAN, \"partitionValues\" MAP(VARCHAR, VARCHAR), \"size\" BIGINT)',"
    " 'metaData': 'STRUCT(\"id\" VARCHAR, \"name\" VARCHAR, \"description\" VARCHAR,"
    " \"format\" STRUCT(\"provider\" VARCHAR, \"options\" MAP(VARCHAR, VARCHAR)), \"schemaString\" VARCHAR,"
    " \"partitionColumns\" VARCHAR[], \"configuration\" MAP(VARCHAR, VARCHAR), \"createdTime\" BIGINT)',"
    " 'protocol': 'STRUCT(\"minReaderVersion\" INTEGER, \"minWriterVersion\" INTEGER,"
    " \"readerFeatures\" VARCHAR[], \"writerFeatures\" VARCHAR[])',"
    " 'domainMetadata': 'STRUCT(\"domain\" VARCHAR, \"configuration\" VARCHAR, \"removed\" BOOLEAN)'}";

// The lines on their way to the temporary file.
typedef struct DeltaLinesOut {
    FILE *file;
    Buf line;
    JsonWriter json;
    size_t longest;
    int64_t count;
} DeltaLinesOut;

static void delta_lines_done(DeltaLinesOut *out)
{
    if (out->file != NULL) {
        (void)fclose(out->file);
    }
    buf_done(&out->line);
}

static JsonWriter *delta_line_begin(DeltaLinesOut *out, const char *action)
{
    buf_clear(&out->line);
    out->json = emit_writer(&out->line);
    emit_begin_object(&out->json);
    emit_key(&out->json, action);
    return &out->json;
}

static bool delta_line_end(DeltaLinesOut *out, Err *err)
{
    emit_end_object(&out->json);
    buf_add_char(&out->line, '\n');
    if (!buf_ok(&out->line, "an action of a checkpoint", err)) {
        return false;
    }
    out->longest = out->line.len > out->longest ? out->line.len : out->longest;
    out->count++;
    if (fwrite(out->line.data, 1, out->line.len, out->file) != out->line.len) {
        char space[128];
        return fail(err, FAIL_TARGET, "could not write a temporary file for a checkpoint: %s",
                    strerror_r(errno, space, sizeof(space)));
    }
    return true;
}

// --- actions -----

static void delta_write_values(JsonWriter *json, const DeltaEntry *entry)
{
    emit_key(json, "partitionValues");
    emit_begin_object(json);
    const char *name = NULL;
    const char *value = NULL;
    for (size_t at = 0; delta_values_next(entry->values, entry->values_len, &at, &name, &value);) {
        emit_member_text(json, name, value);
    }
    emit_end_object(json);
}

static bool delta_write_add(DeltaLinesOut *out, const DeltaEntry *entry, Err *err)
{
    JsonWriter *json = delta_line_begin(out, "add");
    emit_begin_object(json);
    emit_member_text(json, "path", entry->file.path);
    delta_write_values(json, entry);
    emit_member_int(json, "size", entry->file.size);
    emit_member_int(json, "modificationTime", entry->file.modified_ms);
    emit_member_bool(json, "dataChange", false);
    if (entry->file.stats != NULL) {
        emit_member_text(json, "stats", entry->file.stats);
    }
    if (entry->file.tags != NULL) {
        emit_key(json, "tags");
        emit_raw(json, entry->file.tags, strlen(entry->file.tags));
    }
    emit_end_object(json);
    return delta_line_end(out, err);
}

static bool delta_write_remove(DeltaLinesOut *out, const DeltaEntry *entry, Err *err)
{
    const bool is_extended = entry->file.size >= 0;
    JsonWriter *json = delta_line_begin(out, "remove");
    emit_begin_object(json);
    emit_member_text(json, "path", entry->file.path);
    emit_member_int(json, "deletionTimestamp", entry->deleted_ms);
    emit_member_bool(json, "dataChange", false);
    emit_member_bool(json, "extendedFileMetadata", is_extended);
    if (is_extended) {
        delta_write_values(json, entry);
        emit_member_int(json, "size", entry->file.size);
    }
    emit_end_object(json);
    return delta_line_end(out, err);
}

static bool delta_write_heads(DeltaLinesOut *out, const DeltaState *state, Err *err)
{
    CLEANUP(buf_done) Buf protocol = {0};
    delta_protocol_write(&state->protocol, &protocol);
    JsonWriter *json = delta_line_begin(out, "protocol");
    emit_raw(json, buf_text(&protocol), protocol.len);
    if (!delta_line_end(out, err)) {
        return false;
    }
    json = delta_line_begin(out, "metaData");
    emit_raw(json, state->metadata, strlen(state->metadata));
    if (!delta_line_end(out, err)) {
        return false;
    }
    for (size_t i = 0; i < state->txn_count; i++) {
        json = delta_line_begin(out, "txn");
        emit_begin_object(json);
        emit_member_text(json, "appId", state->txns[i].app_id);
        emit_member_int(json, "version", state->txns[i].version);
        if (state->txns[i].updated_ms >= 0) {
            emit_member_int(json, "lastUpdated", state->txns[i].updated_ms);
        }
        emit_end_object(json);
        if (!delta_line_end(out, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < state->domain_count; i++) {
        json = delta_line_begin(out, "domainMetadata");
        emit_begin_object(json);
        emit_member_text(json, "domain", state->domains[i].domain);
        emit_member_text(json, "configuration", state->domains[i].configuration);
        emit_member_bool(json, "removed", false);
        emit_end_object(json);
        if (!delta_line_end(out, err)) {
            return false;
        }
    }
    return true;
}

bool delta_interval_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {
        {"millisecond", 1},    {"second", 1000},          {"minute", 60 * 1000},
        {"hour", 3600 * 1000}, {"day", 24 * 3600 * 1000}, {"week", 7 * 24 * 3600 * 1000},
    };
    const char *at = text + strspn(text, " ");
    at += text_starts_with(at, "interval ") ? strlen("interval ") : 0;
    int64_t total = 0;
    size_t count = 0;
    for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " "), count++) {
        const size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 9) {
            return false;
        }
        int64_t amount = 0;
        CLEANUP(mem_free_text) char *number = mem_copy_bytes(at, digits);
        at += digits;
        at += strspn(at, " ");
        size_t word = strcspn(at, " ");
        CLEANUP(mem_free_text) char *unit = mem_copy_bytes(at, word);
        at += word;
        if (word > 1 && unit[word - 1] == 's') {
            unit[word - 1] = '\0';
        }
        size_t u = 0;
        while (u < ARRAY_LEN(units) && !text_equal_nocase(units[u].name, unit)) {
            u++;
        }
        if (u == ARRAY_LEN(units) || !text_parse_int(number, 0, 1000000000, &amount)) {
            return false;
        }
        total += amount * units[u].ms;
    }
    if (count == 0) {
        return false;
    }
    *ret_ms = total;
    return true;
}

static bool delta_write_files(DeltaLinesOut *out, const DeltaState *state, int64_t *ret_adds,
                              Err *err)
{
    int64_t retention = 0;
    Err ignored;
    if (!delta_retention(&state->table, DELTA_FILE_RETENTION, DELTA_FILE_RETENTION_MS, &retention,
                         &ignored)) {
        // Months and the like: keeping a tombstone too long harms nobody.
        retention = INT64_MAX / 2;
    }
    const int64_t oldest = clock_now_usec() / 1000 - retention;
    int64_t adds = 0;
    for (size_t i = 0; i < state->entry_count; i++) {
        const DeltaEntry *entry = &state->entries[i];
        if (entry->has_vector || (entry->is_removed && entry->deleted_ms <= oldest)) {
            continue;
        }
        if (!(entry->is_removed ? delta_write_remove : delta_write_add)(out, entry, err)) {
            return false;
        }
        adds += entry->is_removed ? 0 : 1;
    }
    *ret_adds = adds;
    return true;
}

// --- files -----

typedef struct DeltaCheckpoint {
    char *lines;    // temporary: the actions as JSON
    char *parquet;  // temporary: the checkpoint before it has its name
    size_t longest;
    int64_t actions;
    int64_t adds;
} DeltaCheckpoint;

static void delta_checkpoint_done(DeltaCheckpoint *checkpoint)
{
    if (checkpoint->lines != NULL) {
        (void)unlink(checkpoint->lines);
        (void)unlink(checkpoint->parquet);
    }
    free(checkpoint->lines);
    free(checkpoint->parquet);
}

static bool delta_checkpoint_lines(const DeltaState *state, DeltaCheckpoint *checkpoint, Err *err)
{
    CLEANUP(delta_lines_done) DeltaLinesOut out = {.file = fopen(checkpoint->lines, "wxe")};
    if (out.file == NULL) {
        char space[128];
        return fail(err, FAIL_TARGET, "could not create \"%s\": %s", checkpoint->lines,
                    strerror_r(errno, space, sizeof(space)));
    }
    if (!delta_write_heads(&out, state, err)
        || !delta_write_files(&out, state, &checkpoint->adds, err)) {
        return false;
    }
    const bool closed = fclose(out.file) == 0;
    out.file = NULL;
    checkpoint->longest = out.longest;
    checkpoint->actions = out.count;
    return closed || fail(err, FAIL_TARGET, "could not write \"%s\"", checkpoint->lines);
}

static bool delta_checkpoint_convert(const DeltaCheckpoint *checkpoint, Err *err)
{
    CLEANUP(duck_cleanup) Duck *duck = NULL;
    if (!duck_open(&(DuckOptions){.memory_bytes = CHECKPOINT_MEMORY, .threads = 1}, &duck, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf sql = {0};
    buf_add_text(&sql, "COPY (SELECT * FROM read_json(");
    duck_quote_text(checkpoint->lines, &sql);
    buf_add_format(
        &sql,
        ", format = 'newline_delimited', compression = 'uncompressed', maximum_object_size = %zu, columns = %s",
        checkpoint->longest < LINE_MIN ? LINE_MIN : checkpoint->longest + 1, checkpoint_columns);
    buf_add_text(&sql, ")) TO ");
    duck_quote_text(checkpoint->parquet, &sql);
    buf_add_text(&sql, " (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 10240)");
    return duck_run(duck, buf_text(&sql), err);
}

static bool delta_checkpoint_publish(const char *table_path, int64_t version,
                                     const DeltaCheckpoint *checkpoint, Err *err)
{
    CLEANUP(mem_free_text) char *folder = fs_join(table_path, DELTA_LOG_FOLDER);
    CLEANUP(mem_free_text) char *path = delta_checkpoint_path(table_path, version, 0, 0);
    struct stat status;
    if (!fs_sync_file(checkpoint->parquet, err)) {
        return false;
    }
    if (stat(checkpoint->parquet, &status) != 0 || rename(checkpoint->parquet, path) != 0) {
        char space[128];
        return fail(err, FAIL_TARGET, "could not create \"%s\": %s", path,
                    strerror_r(errno, space, sizeof(space)));
    }
    if (!fs_sync_dir(folder, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf text = {0};
    JsonWriter json = emit_writer(&text);
    emit_begin_object(&json);
    emit_member_int(&json, "version", version);
    emit_member_int(&json, "size", checkpoint->actions);
    emit_member_int(&json, "sizeInBytes", status.st_size);
    emit_member_int(&json, "numOfAddFiles", checkpoint->adds);
    emit_end_object(&json);
    CLEANUP(mem_free_text) char *last = fs_join(folder, DELTA_LAST_CHECKPOINT);
    return fs_replace(last, buf_text(&text), text.len, err);
}

// Writers that store statistics as columns, or not at all, say so in properties that weir does not
// carry out: such a table is left to them.
static bool delta_checkpoint_wanted(const DeltaState *state)
{
    return !text_equal_nocase(delta_property(&state->table, "delta.checkpoint.writeStatsAsStruct"),
                              "true")
           && !text_equal_nocase(delta_property(&state->table, "delta.checkpoint.writeStatsAsJson"),
                                 "false");
}

bool delta_checkpoint_write(const char *table_path, int64_t version, Err *err)
{
    CLEANUP(delta_listing_done) DeltaListing listing = {.newest = -1};
    CLEANUP(delta_state_cleanup) DeltaState *state = NULL;
    if (!delta_listing_read(table_path, /* sweep= */ false, &listing, err)
        || !delta_state_load(table_path, &listing, version, /* keeps_removed= */ true, &state,
                             err)) {
        return false;
    }
    if (!delta_checkpoint_wanted(state)) {
        return true;
    }
    failpoint("checkpoint-before");
    const int process = (int)getpid();
    const int64_t now = clock_now_usec();
    CLEANUP(delta_checkpoint_done)
    DeltaCheckpoint checkpoint = {
        .lines =
            mem_format("%s/" DELTA_LOG_FOLDER "/.%020" PRId64 ".checkpoint.%d-%" PRIx64 ".json.tmp",
                       table_path, version, process, (uint64_t)now),
        .parquet = mem_format("%s/" DELTA_LOG_FOLDER "/.%020" PRId64 ".checkpoint.%d-%" PRIx64
                              ".parquet.tmp",
                              table_path, version, process, (uint64_t)now),
    };
    if (!delta_checkpoint_lines(state, &checkpoint, err)
        || !delta_checkpoint_convert(&checkpoint, err)
        || !delta_checkpoint_publish(table_path, version, &checkpoint, err)) {
        return err_context(err, "checkpoint of version %" PRId64, version);
    }
    failpoint("checkpoint-after");
    return true;
}

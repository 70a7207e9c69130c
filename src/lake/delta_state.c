// Replaying the log: actions in, the table's state out.
//
// Active files are found by path in a hash table of indexes. A removed file's entry is emptied at
// once, unless a checkpoint is being made, and swept out when such entries are the majority: memory
// follows the number of active files, however long the log is. Which columns partition the table
// may be said after the files, so partition values stay packed as the log has them until the end.
#include "lake/delta_internal.h"

#include <jansson.h>

#include "base/text.h"

DeltaState *delta_state_new(const char *absolute_path, bool keeps_removed)
{
    DeltaState *state = mem_alloc(sizeof(*state));
    state->table.path = mem_copy_text(absolute_path);
    state->table.version = -1;
    state->keeps_removed = keeps_removed;
    return state;
}

static void delta_entry_empty(DeltaEntry *entry)
{
    free(entry->file.path);
    free(entry->file.stats);
    free(entry->values);
    free(entry->file.tags);
    entry->file = (DeltaFile){0};
    entry->values = NULL;
    entry->values_len = 0;
}

static void delta_entries_free(DeltaState *state)
{
    for (size_t i = 0; i < state->entry_count; i++) {
        delta_entry_empty(&state->entries[i]);
        free(state->entries[i].key);
    }
    free(state->entries);
    free(state->slots);
    state->entries = NULL;
    state->slots = NULL;
    state->entry_count = 0;
    state->slot_count = 0;
}

static void delta_table_done(DeltaTable *table)
{
    for (size_t i = 0; i < table->file_count; i++) {
        DeltaFile *file = &table->files[i];
        for (size_t c = 0; c < table->partition_count; c++) {
            free(file->partition_values[c]);
        }
        free(file->partition_values);
        free(file->path);
        free(file->stats);
        free(file->tags);
    }
    free(table->files);
    for (size_t i = 0; i < table->partition_count; i++) {
        free(table->partition_columns[i]);
    }
    free(table->partition_columns);
    for (size_t i = 0; i < table->property_count; i++) {
        free(table->properties[i].key);
        free(table->properties[i].value);
    }
    free(table->properties);
    schema_done(&table->schema);
    free(table->id);
    free(table->description);
    free(table->path);
}

void delta_state_free(DeltaState *state)
{
    if (state == NULL) {
        return;
    }
    delta_entries_free(state);
    delta_table_done(&state->table);
    delta_protocol_done(&state->protocol);
    for (size_t i = 0; i < state->txn_count; i++) {
        free(state->txns[i].app_id);
    }
    free(state->txns);
    for (size_t i = 0; i < state->domain_count; i++) {
        free(state->domains[i].domain);
        free(state->domains[i].configuration);
    }
    free(state->domains);
    free(state->metadata);
    delta_scan_done(&state->scan);
    free(state);
}

void delta_state_cleanup(DeltaState **state)
{
    delta_state_free(*state);
}

// --- the hash table -----

static uint64_t delta_hash(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (; *key != '\0'; key++) {
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3;
    }
    return hash ^ (hash >> 29);
}

// The slot that holds the key, or the free one where it belongs.
static size_t delta_slot(const DeltaState *state, const char *key)
{
    size_t slot = (size_t)delta_hash(key) & (state->slot_count - 1);
    while (state->slots[slot] != 0
           && !text_equal(state->entries[state->slots[slot] - 1].key, key)) {
        slot = (slot + 1) & (state->slot_count - 1);
    }
    return slot;
}

static void delta_rehash(DeltaState *state)
{
    if (!state->keeps_removed && state->removed_count > state->entry_count / 2) {
        size_t kept = 0;
        for (size_t i = 0; i < state->entry_count; i++) {
            if (state->entries[i].is_removed) {
                free(state->entries[i].key);
            } else {
                state->entries[kept++] = state->entries[i];
            }
        }
        state->entry_count = kept;
        state->removed_count = 0;
    }
    size_t slots = 1024;
    while (slots < state->entry_count * 3) {
        slots *= 2;
    }
    free(state->slots);
    state->slots = mem_alloc(slots * sizeof(*state->slots));
    state->slot_count = slots;
    for (size_t i = 0; i < state->entry_count; i++) {
        state->slots[delta_slot(state, state->entries[i].key)] = (uint32_t)(i + 1);
    }
}

// The entry of `key`, made where it is new. Takes the key.
static DeltaEntry *delta_entry(DeltaState *state, char *key)
{
    if (state->slot_count < (state->entry_count + 1) * 2) {
        delta_rehash(state);
    }
    const size_t slot = delta_slot(state, key);
    if (state->slots[slot] != 0) {
        free(key);
        return &state->entries[state->slots[slot] - 1];
    }
    if (state->entry_count == state->entry_capacity) {
        state->entry_capacity = state->entry_capacity == 0 ? 256 : state->entry_capacity * 2;
        state->entries = mem_grow(state->entries, state->entry_capacity * sizeof(*state->entries));
    }
    assert(state->entry_count < UINT32_MAX);
    state->entries[state->entry_count] = (DeltaEntry){.key = key, .is_removed = true};
    state->removed_count++;
    state->slots[slot] = (uint32_t)++state->entry_count;
    return &state->entries[state->entry_count - 1];
}

// --- reading JSON -----

static bool delta_fail_action(Err *err, const char *action, const char *what)
{
    (void)fail(err, FAIL_TARGET, "the action \"%s\" %s", action, what);
    return delta_hint_damaged(err);
}

// The text of a member, or NULL where it is missing, null, no text or holds a NUL.
static const char *delta_member_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

static int64_t delta_member_int(const json_t *object, const char *key, int64_t missing)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : missing;
}

void delta_values_pack(struct json_t *object, Buf *out)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        buf_add_bytes(out, name, strlen(name) + 1);
        const char *text = json_string_value(value);
        buf_add_char(out, text == NULL ? 0 : 1);
        if (text != NULL) {
            buf_add_bytes(out, text, strlen(text) + 1);
        }
    }
}

bool delta_values_next(const char *values, size_t len, size_t *at, const char **ret_name,
                       const char **ret_value)
{
    if (*at >= len) {
        return false;
    }
    *ret_name = values + *at;
    *at += strlen(*ret_name) + 1;
    const bool is_set = values[(*at)++] != 0;
    *ret_value = is_set ? values + *at : NULL;
    if (is_set) {
        const size_t size = strlen(*ret_value) + 1;
        *at += size;
        *ret_value = size == 1 ? NULL : *ret_value;
    }
    return true;
}

// numRecords of a file's statistics. Writers put it first; then the rest need not be parsed.
static int64_t delta_stats_rows(const char *stats)
{
    static const char prefix[] = "{\"numRecords\":";
    if (text_starts_with(stats, prefix)) {
        int64_t rows = 0;
        const char *digits = stats + sizeof(prefix) - 1;
        const size_t len = strspn(digits, "0123456789");
        if (len > 0 && len < 19 && (digits[len] == ',' || digits[len] == '}')) {
            for (size_t i = 0; i < len; i++) {
                rows = rows * 10 + (digits[i] - '0');
            }
            return rows;
        }
    }
    json_auto_t *object = json_loads(stats, JSON_ALLOW_NUL, NULL);
    const int64_t rows = delta_member_int(object, "numRecords", -1);
    return rows < 0 ? -1 : rows;
}

// --- actions -----

void delta_state_file(DeltaState *state, const DeltaFileAction *action)
{
    assert(action->path != NULL && action->path[0] != '\0'
           && (!action->is_add || action->size >= 0));
    char *key = delta_path_decode(action->path);
    if (action->vector_id != NULL) {
        char *whole = mem_format("%s\x01%s", key, action->vector_id);
        free(key);
        key = whole;
    }
    DeltaEntry *entry = delta_entry(state, key);
    state->removed_count -= entry->is_removed ? 1 : 0;
    state->removed_count += action->is_add ? 0 : 1;
    delta_entry_empty(entry);
    entry->is_removed = !action->is_add;
    if (!action->is_add && !state->keeps_removed) {
        return;
    }
    entry->has_vector = action->vector_id != NULL;
    entry->deleted_ms = action->deleted_ms;
    entry->values_len = action->values_len;
    entry->values =
        action->values_len == 0 ? NULL : mem_copy_bytes(action->values, action->values_len);
    entry->file = (DeltaFile){
        .path = mem_copy_text(action->path),
        .size = action->size,
        .modified_ms = action->modified_ms,
        .stats = action->is_add ? mem_copy_text(action->stats) : NULL,
        .rows = action->is_add && action->stats != NULL ? delta_stats_rows(action->stats) : -1,
        .tags = mem_copy_text(action->tags),
    };
}

bool delta_state_scan(void *context, const char *bytes, size_t len)
{
    DeltaState *state = context;
    if (!delta_scan_line(&state->scan, bytes, len)) {
        return false;
    }
    delta_state_file(state, &state->scan.action);
    return true;
}

static bool delta_apply_file(DeltaState *state, const json_t *json, bool is_add, Err *err)
{
    const char *name = is_add ? "add" : "remove";
    const json_t *vector = json_object_get(json, "deletionVector");
    const char *storage = delta_member_text(vector, "storageType");
    const char *where = delta_member_text(vector, "pathOrInlineDv");
    const json_t *tags = json_object_get(json, "tags");
    CLEANUP(buf_done) Buf values = {0};
    delta_values_pack(json_object_get(json, "partitionValues"), &values);
    CLEANUP(mem_free_text)
    char *vector_id = storage == NULL
                          ? NULL
                          : mem_format("%s%s@%" PRId64, storage, where == NULL ? "" : where,
                                       delta_member_int(vector, "offset", -1));
    CLEANUP(mem_free_text)
    char *tags_text = json_is_object(tags) ? json_dumps(tags, JSON_COMPACT) : NULL;
    const DeltaFileAction action = {
        .is_add = is_add,
        .path = delta_member_text(json, "path"),
        .size = delta_member_int(json, "size", -1),
        .modified_ms = delta_member_int(json, "modificationTime", 0),
        .deleted_ms = delta_member_int(json, "deletionTimestamp", 0),
        .stats = delta_member_text(json, "stats"),
        .values = values.data,
        .values_len = values.len,
        .tags = tags_text,
        .vector_id = vector_id,
    };
    if (action.path == NULL || action.path[0] == '\0') {
        return delta_fail_action(err, name, "has no path");
    }
    if (is_add && action.size < 0) {
        return delta_fail_action(err, name, "has no size");
    }
    delta_state_file(state, &action);
    return true;
}

static bool delta_apply_names(const json_t *array, DeltaNames *names, Err *err)
{
    size_t i = 0;
    json_t *value = NULL;
    json_array_foreach(array, i, value)
    {
        if (json_string_value(value) == NULL) {
            return delta_fail_action(err, "protocol", "lists a feature that is no text");
        }
        delta_names_add(names, json_string_value(value));
    }
    return true;
}

static bool delta_apply_protocol(DeltaState *state, const json_t *action, Err *err)
{
    delta_protocol_done(&state->protocol);
    state->protocol.reader = delta_member_int(action, "minReaderVersion", 0);
    state->protocol.writer = delta_member_int(action, "minWriterVersion", 0);
    return delta_apply_names(json_object_get(action, "readerFeatures"),
                             &state->protocol.reader_features, err)
           && delta_apply_names(json_object_get(action, "writerFeatures"),
                                &state->protocol.writer_features, err);
}

static bool delta_apply_txn(DeltaState *state, const json_t *action, Err *err)
{
    const char *app_id = delta_member_text(action, "appId");
    if (app_id == NULL || !json_is_integer(json_object_get(action, "version"))) {
        return delta_fail_action(err, "txn", "has no appId or version");
    }
    size_t i = 0;
    while (i < state->txn_count && !text_equal(state->txns[i].app_id, app_id)) {
        i++;
    }
    if (i == state->txn_count) {
        state->txns = mem_grow(state->txns, (state->txn_count + 1) * sizeof(*state->txns));
        state->txns[state->txn_count++] = (DeltaTxn){.app_id = mem_copy_text(app_id)};
    }
    state->txns[i].version = delta_member_int(action, "version", 0);
    state->txns[i].updated_ms = delta_member_int(action, "lastUpdated", -1);
    return true;
}

static bool delta_apply_domain(DeltaState *state, const json_t *action, Err *err)
{
    const char *domain = delta_member_text(action, "domain");
    if (domain == NULL) {
        return delta_fail_action(err, "domainMetadata", "has no domain");
    }
    for (size_t i = 0; i < state->domain_count; i++) {
        if (text_equal(state->domains[i].domain, domain)) {
            free(state->domains[i].domain);
            free(state->domains[i].configuration);
            state->domains[i] = state->domains[--state->domain_count];
            break;
        }
    }
    if (json_is_true(json_object_get(action, "removed"))) {
        return true;
    }
    const char *configuration = delta_member_text(action, "configuration");
    state->domains = mem_grow(state->domains, (state->domain_count + 1) * sizeof(*state->domains));
    state->domains[state->domain_count++] = (DeltaDomain){
        .domain = mem_copy_text(domain),
        .configuration = mem_copy_text(configuration == NULL ? "" : configuration),
    };
    return true;
}

static bool delta_apply_metadata(DeltaState *state, const json_t *action)
{
    free(state->metadata);
    state->metadata = json_dumps(action, JSON_COMPACT);
    return true;
}

bool delta_state_apply(void *context, struct json_t *line, Err *err)
{
    DeltaState *state = context;
    const char *name = NULL;
    json_t *action = NULL;
    json_object_foreach(line, name, action)
    {
        bool done = true;
        if (!json_is_object(action)) {
            continue;  // a writer may spell out the actions that a line does not hold as null
        }
        if (text_equal(name, "add") || text_equal(name, "remove")) {
            done = delta_apply_file(state, action, name[0] == 'a', err);
        } else if (text_equal(name, "metaData")) {
            done = delta_apply_metadata(state, action);
        } else if (text_equal(name, "protocol")) {
            done = delta_apply_protocol(state, action, err);
        } else if (text_equal(name, "txn")) {
            done = delta_apply_txn(state, action, err);
        } else if (text_equal(name, "domainMetadata")) {
            done = delta_apply_domain(state, action, err);
        }
        // commitInfo and cdc say nothing about the state, and unknown actions must be ignored.
        if (!done) {
            return false;
        }
    }
    return true;
}

// --- the end -----

static char **delta_entry_values(const DeltaTable *table, const DeltaEntry *entry)
{
    char **result = mem_alloc(table->partition_count * sizeof(*result));
    const char *name = NULL;
    const char *value = NULL;
    for (size_t at = 0; delta_values_next(entry->values, entry->values_len, &at, &name, &value);) {
        for (size_t i = 0; i < table->partition_count; i++) {
            if (text_equal(table->partition_columns[i], name)) {
                free(result[i]);
                result[i] = mem_copy_text(value);
            }
        }
    }
    return result;
}

static void delta_move_files(DeltaState *state)
{
    DeltaTable *table = &state->table;
    table->files = mem_alloc((state->entry_count - state->removed_count) * sizeof(*table->files));
    for (size_t i = 0; i < state->entry_count; i++) {
        DeltaEntry *entry = &state->entries[i];
        if (!entry->is_removed) {
            DeltaFile *file = &table->files[table->file_count++];
            *file = entry->file;
            file->partition_values = delta_entry_values(table, entry);
            entry->file = (DeltaFile){0};
        }
    }
    delta_entries_free(state);
}

bool delta_state_finish(DeltaState *state, int64_t version, Err *err)
{
    if (state->protocol.reader == 0 || state->metadata == NULL) {
        (void)fail(err, FAIL_TARGET, "the log of \"%s\" has no %s action", state->table.path,
                   state->metadata == NULL ? "metaData" : "protocol");
        return delta_hint_damaged(err);
    }
    // Before the metadata: a table of a later protocol may hold metadata that cannot be understood.
    const DeltaUses none = {0};
    if (!delta_protocol_check(&state->protocol, &none, NULL, 0, err)
        || !delta_metadata_load(state, err)
        || !delta_protocol_check(&state->protocol, &state->uses, state->table.properties,
                                 state->table.property_count, err)) {
        return err_context(err, "table \"%s\"", state->table.path);
    }
    for (size_t i = 0; i < state->entry_count; i++) {
        if (!state->entries[i].is_removed && state->entries[i].has_vector) {
            (void)fail(err, FAIL_TARGET,
                       "table \"%s\": the file \"%s\" has a deletion vector, which weir does "
                       "not support",
                       state->table.path, state->entries[i].file.path);
            return fail_hint(
                err,
                "Rewrite the table without deletion vectors (REORG TABLE ... APPLY (PURGE)) and "
                "drop the feature deletionVectors.");
        }
    }
    state->table.version = version;
    state->table.has_timestamp_ntz = delta_protocol_has(&state->protocol, "timestampNtz");
    if (!state->keeps_removed) {
        delta_move_files(state);
    }
    return true;
}

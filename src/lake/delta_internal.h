// What the files delta_*.c share: the table's state while its log is replayed, log files by name
// and by line, and a commit before it is published.
//
// base/emit.h (writing) and <jansson.h> (reading) name a function alike, so no file includes both:
// the state keeps metadata as text.
#pragma once

#include "base/fs.h"
#include "lake/delta.h"

struct json_t;

// How long removed files are known, where delta.deletedFileRetentionDuration does not say it.
#define DELTA_FILE_RETENTION_MS ((int64_t)7 * 24 * 3600 * 1000)
#define DELTA_FILE_RETENTION "delta.deletedFileRetentionDuration"

#define DELTA_LOG_FOLDER "_delta_log"
#define DELTA_LAST_CHECKPOINT "_last_checkpoint"
#define DELTA_NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"  // in the name of a folder

// --- paths (delta_path.c) -----

char *delta_path_absolute(const char *path) MUST_CHECK;

// --- log files (delta_log.c) -----

typedef struct DeltaCheckpointName {
    int64_t version;
    int64_t parts;  // 0: one file without a part number
    int64_t found;  // how many of the parts are there
} DeltaCheckpointName;

// What a _delta_log folder holds; versions ascend.
typedef struct DeltaListing {
    int64_t *versions;  // of the JSON files
    size_t count;
    DeltaCheckpointName *checkpoints;  // complete ones
    size_t checkpoint_count;
    bool has_v2_checkpoint;
    int64_t newest;  // -1: nothing
} DeltaListing;

// Lists <path>/_delta_log. Temporary files that a dead writer left behind are removed where `sweep`
// is set.
bool delta_listing_read(const char *path, bool sweep, DeltaListing *ret_listing, Err *err)
    MUST_CHECK;
void delta_listing_done(DeltaListing *listing);
bool delta_listing_has(const DeltaListing *listing, int64_t version);

char *delta_log_path(const char *table_path, int64_t version) MUST_CHECK;
// part is from 1; parts 0 names the single file.
char *delta_checkpoint_path(const char *table_path, int64_t version, int64_t part, int64_t parts)
    MUST_CHECK;

// What is done with every line of a log file. `scan` (may be NULL) sees the line first and says
// whether that was all; otherwise the line is parsed for `each`.
typedef struct DeltaLines {
    bool (*scan)(void *context, const char *bytes, size_t len);
    bool (*each)(void *context, struct json_t *line, Err *err);
    void *context;
} DeltaLines;

// Errors name the file and line.
bool delta_log_read(const char *path, const DeltaLines *lines, Err *err) MUST_CHECK;
bool delta_log_parse(const char *bytes, size_t len, const DeltaLines *lines, Err *err) MUST_CHECK;
// Adds "what to do" to an error about a damaged log; returns false.
bool delta_hint_damaged(Err *err);

// --- add and remove (delta_scan.c) -----

// An add or remove action; texts are borrowed.
typedef struct DeltaFileAction {
    bool is_add;
    const char *path;
    int64_t size;         // -1 where not said
    int64_t modified_ms;  // 0 where not said
    int64_t deleted_ms;   // 0 where not said
    const char *stats;
    const char *values;  // packed: delta_values_next
    size_t values_len;
    const char *tags;       // JSON
    const char *vector_id;  // of the deletion vector
} DeltaFileAction;

// Memory that is used again from line to line.
typedef struct DeltaScan {
    DeltaFileAction action;
    Buf word;
    Buf path;
    Buf stats;
    Buf values;
} DeltaScan;

// Fills scan->action, borrowed until the next call; false where the line is something else or not
// simple.
bool delta_scan_line(DeltaScan *scan, const char *bytes, size_t len);
// A JSON object of texts and nulls, packed; false where it is not that simple.
bool delta_scan_object(const char *bytes, size_t len, Buf *out);
void delta_scan_done(DeltaScan *scan);

// --- protocol (delta_protocol.c) -----

typedef struct DeltaNames {
    char **names;
    size_t count;
} DeltaNames;

void delta_names_add(DeltaNames *names, const char *name);
bool delta_names_has(const DeltaNames *names, const char *name);
void delta_names_done(DeltaNames *names);

typedef struct DeltaProtocol {
    int64_t reader;  // 0: no protocol action was seen
    int64_t writer;
    DeltaNames reader_features;
    DeltaNames writer_features;
} DeltaProtocol;

// What the columns' metadata asks of a writer, found while the schema is parsed.
typedef struct DeltaUses {
    bool invariants;
    bool generated;
    bool identity;
    bool defaults;
    bool timestamp_ntz;
} DeltaUses;

void delta_protocol_done(DeltaProtocol *protocol);
// Whether the feature is in force: listed, or part of an older writer version.
bool delta_protocol_has(const DeltaProtocol *protocol, const char *feature);
// The protocol of a new table, or (`from` not NULL) what `from` must become for a timestamp_ntz
// column.
void delta_protocol_choose(const DeltaProtocol *from, bool timestamp_ntz,
                           DeltaProtocol *ret_protocol);
void delta_protocol_write(const DeltaProtocol *protocol, Buf *out);  // the JSON object
// FAIL_TARGET, naming the feature, where weir cannot read and write such a table.
bool delta_protocol_check(const DeltaProtocol *protocol, const DeltaUses *uses,
                          const DeltaProperty *properties, size_t property_count, Err *err)
    MUST_CHECK;

// --- state (delta_state.c) -----

typedef struct DeltaTxn {
    char *app_id;
    int64_t version;
    int64_t updated_ms;  // -1 where not said
} DeltaTxn;

typedef struct DeltaDomain {
    char *domain;
    char *configuration;
} DeltaDomain;

// A file that the log mentions. `key` is what identifies it: the decoded path, and the deletion
// vector's id.
typedef struct DeltaEntry {
    char *key;
    DeltaFile file;  // without partition_values
    char *values;    // partition values as the log has them, packed: delta_values_*
    size_t values_len;
    int64_t deleted_ms;  // 0 where not said
    bool is_removed;
    bool has_vector;
} DeltaEntry;

typedef struct DeltaState {
    DeltaTable table;  // first: the DeltaTable * that users hold is this
    char *metadata;    // the metaData action's object as JSON
    DeltaProtocol protocol;
    DeltaUses uses;
    DeltaTxn *txns;
    size_t txn_count;
    DeltaDomain *domains;
    size_t domain_count;
    DeltaEntry *entries;
    size_t entry_count;
    size_t entry_capacity;
    size_t removed_count;
    uint32_t *slots;  // hash table of entry index + 1, a power of two
    size_t slot_count;
    bool keeps_removed;  // whole entries of removed files are kept, for a checkpoint
    DeltaScan scan;
} DeltaState;

DeltaState *delta_state_new(const char *absolute_path, bool keeps_removed) MUST_CHECK;
void delta_state_free(DeltaState *state);
void delta_state_cleanup(DeltaState **state);
// Apply one line of the log; these two are DeltaLines with the state as context.
bool delta_state_scan(void *state, const char *bytes, size_t len);
bool delta_state_apply(void *state, struct json_t *line, Err *err) MUST_CHECK;
// Applies an add or remove that has a path and, to add, a size.
void delta_state_file(DeltaState *state, const DeltaFileAction *action);
// After the last line: checks the protocol and fills `table`. Where removed files are kept, the
// entries stay and table.files is empty.
bool delta_state_finish(DeltaState *state, int64_t version, Err *err) MUST_CHECK;
// The state at a version: newest checkpoint, then the JSON files after it.
bool delta_state_load(const char *absolute_path, const DeltaListing *listing, int64_t version,
                      bool keeps_removed, DeltaState **ret_state, Err *err) MUST_CHECK;

// Partition values packed as name NUL flag [value NUL].
void delta_values_pack(struct json_t *object, Buf *out);
// The next pair, or false at the end. *value is NULL for null and for the empty text, which mean
// the same.
bool delta_values_next(const char *values, size_t len, size_t *at, const char **ret_name,
                       const char **ret_value);

// --- schema and metadata (delta_schema.c) -----

bool delta_schema_parse(const char *text, Schema *ret_schema, DeltaUses *ret_uses, Err *err)
    MUST_CHECK;
// Fills table and uses from state->metadata.
bool delta_metadata_load(DeltaState *state, Err *err) MUST_CHECK;

typedef struct DeltaMetadataChange {
    const Schema *schema;  // NULL: as it is
    char *const *partition_columns;
    size_t partition_count;
    const DeltaProperty *properties;  // a value of NULL takes the property away
    size_t property_count;
    const char *description;  // NULL: as it is; "": none
} DeltaMetadataChange;

// The metaData object after the change, as JSON; *ret_metadata is NULL where nothing changes.
// `table` is the table as read; without one (version -1) a new object is made.
bool delta_metadata_change(const DeltaTable *table, const DeltaMetadataChange *change,
                           char **ret_metadata, Err *err) MUST_CHECK;

// --- checkpoints (delta_checkpoint.c, delta_checkpoint_read.c) -----

bool delta_checkpoint_read(const char *table_path, const DeltaCheckpointName *name,
                           DeltaState *state, Err *err) MUST_CHECK;
bool delta_checkpoint_write(const char *table_path, int64_t version, Err *err) MUST_CHECK;
// Milliseconds of "interval 7 days"; false where the text is something else.
bool delta_interval_parse(const char *text, int64_t *ret_ms) MUST_CHECK;

// --- partition values (delta_value.c) -----

// How two values of the type stand to each other, as values where both can be read as such, else as
// texts. NULL and the empty text, which mean the same, come first.
int delta_value_order(Type type, const char *a, const char *b);

// The partition columns of a table; names are borrowed.
typedef struct DeltaParts {
    char *const *columns;
    Type *types;
    size_t count;
    bool is_typed;  // one of them is not text
} DeltaParts;

void delta_parts_init(DeltaParts *parts, const Schema *schema, char *const *columns, size_t count);
void delta_parts_done(DeltaParts *parts);
// Replaces the values, which are owned by the array, by their canonical texts. NULL and "" stay.
// FAIL_TARGET where one is no value of its column's type.
bool delta_parts_canonical(const DeltaParts *parts, char **values, Err *err) MUST_CHECK;
// The canonical values of a file of the table; delta_texts_free.
bool delta_parts_file(const DeltaParts *parts, const DeltaTable *table, const DeltaFile *file,
                      char ***ret_values, Err *err) MUST_CHECK;

// --- commits (delta_commit.c, delta_removes.c, delta_actions.c, delta_conflict.c, delta_rebase.c) -----

typedef struct DeltaPattern {
    char **values;
} DeltaPattern;

struct DeltaCommit {
    const DeltaTable *table;
    Schema schema;  // empty: no change
    char **partition_columns;
    size_t partition_count;
    DeltaProperty *properties;
    size_t property_count;
    DeltaFile *adds;  // paths encoded
    size_t add_count;
    DeltaPattern *patterns;
    size_t pattern_count;
    DeltaPattern *reads;  // of partitions whose rows the commit follows from
    size_t read_count;
    bool replaces_written;
    const DeltaFile **picked;  // delta_commit_remove(); of `table`
    size_t picked_count;
    const DeltaFile **touched;  // delta_commit_touch(); of `table`
    int64_t *touched_ms;
    size_t touched_count;
    bool keeps_data;    // the rows stay the same
    char *description;  // NULL: as it is
    DeltaTxn *txns;
    size_t txn_count;
    DeltaGuard guard;  // may be NULL
    void *guard_context;
    // Filled when it is published:
    char *metadata;  // the metaData object that it writes; NULL: none
    DeltaParts parts;
    DeltaTable *rebased;  // `table`, where it was read again; owned
    char ***written;      // distinct partition values of adds, sorted
    size_t written_count;
    const DeltaFile **removes;
    size_t remove_count;
    char **held_keys;  // decoded paths of `removes` and `touched`, sorted: nobody else may remove
                       // them
    size_t held_count;
    char ***rewritten;  // distinct partition values of `picked`, sorted; owned
    size_t rewritten_count;
};

// Finds the files that the commit removes, and what another commit may not have touched.
bool delta_commit_find_removes(DeltaCommit *commit, Err *err) MUST_CHECK;
// Drops what delta_commit_find_removes() found.
void delta_commit_forget_removes(DeltaCommit *commit);
// Whether the commit only adds files.
bool delta_commit_is_append(const DeltaCommit *commit);

// The protocol and metaData actions where they change, checked; appends to out and sets
// commit->metadata.
bool delta_commit_heads(DeltaCommit *commit, Buf *out, Err *err) MUST_CHECK;
// The whole log file, with what delta_commit_heads() made.
void delta_commit_text(const DeltaCommit *commit, const char *operation, const char *mode,
                       const Buf *heads, Buf *out);
// Whether the commit replaces the partition with these values, which are canonical.
bool delta_commit_covers(const DeltaCommit *commit, char *const *values);
// Whether the commit follows from rows of the partition with these values, which are canonical.
bool delta_commit_reads(const DeltaCommit *commit, char *const *values);
// Whether the commit removes single files of the partition with these values, which are canonical.
bool delta_commit_rewrites(const DeltaCommit *commit, char *const *values);
// Reads the commit that another writer published as `version`: FAIL_TARGET where ours cannot follow
// it.
bool delta_conflict_check(const DeltaCommit *commit, int64_t version, Err *err) MUST_CHECK;
// The error of a commit that would replace files which it did not know of.
bool delta_conflict_replaced(const DeltaCommit *commit, const DeltaFile *file, Err *err);
// Another writer made the table that this commit makes: puts the commit on top of what is there
// now. FAIL_TARGET where that is another table than ours would have been.
bool delta_commit_rebase(DeltaCommit *commit, Err *err) MUST_CHECK;
char **delta_values_copy(const char *const *values, size_t count) MUST_CHECK;
void delta_texts_free(char **texts, size_t count);  // NULL is fine
// Compares two arrays of partition values, NULL first.
int delta_values_compare(char *const *a, char *const *b, size_t count);

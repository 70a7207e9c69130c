// A Delta Lake table: reading its log, and changing it by one atomic commit.
//
// Format: the Delta Transaction Log Protocol, github.com/delta-io/delta, PROTOCOL.md. Weir writes
// reader version 1 / writer version 2, and 3 / 7 with the feature timestampNtz where the schema has
// a timestamp_ntz column. It refuses tables with features that it does not know (deletion vectors,
// column mapping ...).
#pragma once

#include "record/schema.h"

// One active data file.
typedef struct DeltaFile {
    char *path;               // relative to the table as in the log, percent-encoded
    char **partition_values;  // in the order of the partition columns; NULL is the null partition
    int64_t size;
    int64_t modified_ms;
    int64_t rows;  // numRecords of stats, -1 where missing
    char *stats;   // JSON text or NULL
    char *tags;    // what writers noted of the file: JSON text or NULL
} DeltaFile;

typedef struct DeltaProperty {
    char *key;
    char *value;
} DeltaProperty;

// The table at one version. Open struct: plain data that users read; only delta.c's functions
// change it.
typedef struct DeltaTable {
    char *path;       // the table's folder, absolute
    int64_t version;  // -1: there is no table
    char *id;
    char *description;  // the table's comment; NULL: none
    Schema
        schema;  // all columns, partition columns included. Types that weir does not write (array,
                 // map, struct) come as TYPE_TEXT with source_type set to the type's JSON
    char **partition_columns;
    size_t partition_count;
    DeltaProperty *properties;  // the configuration map
    size_t property_count;
    DeltaFile *files;
    size_t file_count;
    bool has_timestamp_ntz;  // the protocol declares it
} DeltaTable;

// Reads the newest version (version < 0) or the one named. A folder that is missing or empty gives
// version -1. FAIL_TARGET with what to do: the path is a file, a folder of something else, a
// corrupt log file (named, with its line), a gap in the log, a feature that weir does not know
// (named).
bool delta_open(const char *path, int64_t version, DeltaTable **ret_table, Err *err) MUST_CHECK;
void delta_free(DeltaTable *table);
const char *delta_property(const DeltaTable *table, const char *key);  // NULL where unset

// A file to be added by a commit; strings owned by the commit.
typedef struct DeltaCommit DeltaCommit;

// Begins a change of `table` as read; the table is borrowed until delta_commit_free.
DeltaCommit *delta_commit_new(const DeltaTable *table) MUST_CHECK;
void delta_commit_free(DeltaCommit *commit);

// Creates the table, or changes its schema: all columns with the partition columns among them. On
// an existing table the new schema may only add columns and properties. Copies everything.
void delta_commit_schema(DeltaCommit *commit, const Schema *schema,
                         const char *const *partition_columns, size_t partition_count);
// Sets a property of the table; value NULL takes it away. The last call for a key counts.
void delta_commit_property(DeltaCommit *commit, const char *key, const char *value);
// Sets the table's comment; NULL or "" takes it away.
void delta_commit_description(DeltaCommit *commit, const char *text);
// Adds a file. `path` is relative to the table's folder and not encoded; stats is JSON or NULL.
// Copies everything.
void delta_commit_add(DeltaCommit *commit, const char *path, const char *const *partition_values,
                      int64_t size, int64_t rows, const char *stats);
// When the file that was added last was written, for one whose rows are older than it is
// (OPTIMIZE); now where it is left out.
void delta_commit_add_modified(DeltaCommit *commit, int64_t modified_ms);
// Tags of the file that was added last: a JSON object of texts. Copies it.
void delta_commit_add_tags(DeltaCommit *commit, const char *tags);
// Names a file of the table again, with another time; all else about it stays. Conflicts with a
// commit that removes the file.
void delta_commit_touch(DeltaCommit *commit, const DeltaFile *file, int64_t modified_ms);
// Removes one file of the table as read (borrowed like the table). Conflicts with a commit that
// removes a file of the same partition or, unless this one changes no data, adds one to it: rows
// were read there that may have changed.
void delta_commit_remove(DeltaCommit *commit, const DeltaFile *file);
// Whether the rows that are added and removed differ; true where it is left out. False for commits
// that only lay out the same rows anew: streams that follow the table pass over them, and a table
// that only grows (delta.appendOnly) takes them.
void delta_commit_data_change(DeltaCommit *commit, bool changes_data);
// Removes every file whose partition values equal `values`, as values of the columns' types and
// not as texts (two decimals 1.0 and 1.00 are one partition),
// where values[i] is not NULL (NULL matches any); with all NULL, or a table without partitions,
// every file. FAIL_TARGET at the commit where a value in the table cannot be read as its type.
void delta_commit_replace(DeltaCommit *commit, const char *const *values);
// Removes every file in the partitions that files added by this commit lie in.
void delta_commit_replace_written(DeltaCommit *commit);
// Says that the commit follows from the rows of the partitions that `values` names (as for
// delta_commit_replace), as they are in the table that was read. Conflicts with a commit that adds
// rows to them or removes some; one that only lays them out anew is none.
void delta_commit_read(DeltaCommit *commit, const char *const *values);
// Carries a txn action: application id and version, so that a repeat can be recognised.
void delta_commit_txn(DeltaCommit *commit, const char *app_id, int64_t version);
// What is asked just before the log file gets its name, each time that is tried: false, with the
// error, publishes nothing.
typedef bool (*DeltaGuard)(void *context, Err *err);
void delta_commit_guard(DeltaCommit *commit, DeltaGuard guard, void *context);
int64_t delta_txn_version(const DeltaTable *table, const char *app_id);  // -1 where there is none

typedef struct DeltaCommitResult {
    int64_t version;
    size_t files_removed;
    int64_t rows_removed;  // -1 where a removed file has no statistics
} DeltaCommitResult;

// Publishes: writes the next log file put-if-absent. `operation` is commitInfo's ("WRITE"), `mode`
// its mode ("Append"; NULL where it writes no rows). Where another writer took the version, its
// commits are read: other partitions -> the next version is tried; the same partition, schema or
// protocol -> FAIL_TARGET, nothing changed. Where both made the table, ours follows if columns,
// partition columns and properties are the same. Writes a checkpoint every delta.checkpointInterval
// (10) versions; a checkpoint that fails does not fail the commit. The data files must be synced
// before.
bool delta_commit(DeltaCommit *commit, const char *operation, const char *mode,
                  DeltaCommitResult *ret_result, Err *err) MUST_CHECK;

typedef struct DeltaCleanup {
    uint64_t files;
    uint64_t bytes;
} DeltaCleanup;

// Removes (or only counts) the log files of versions that are older than delta.logRetentionDuration
// (30 days) and that no younger version needs; none where delta.enableExpiredLogCleanup is false.
// Every commit that writes a checkpoint does it as well. FAIL_TARGET.
bool delta_cleanup_log(const DeltaTable *table, int64_t now_ms, bool removes,
                       DeltaCleanup *ret_cleanup, Err *err) MUST_CHECK;
// The time that a property of the table says, "interval 7 days"; fallback_ms where it is unset.
// FAIL_TARGET where it is no time.
bool delta_retention(const DeltaTable *table, const char *property, int64_t fallback_ms,
                     int64_t *ret_ms, Err *err) MUST_CHECK;

// "ds=20161114" with Hive's escaping (percent) of what a folder name cannot hold; NULL value is
// __HIVE_DEFAULT_PARTITION__. Appends to out.
void delta_partition_folder(const char *column, const char *value, Buf *out);

// A path of a data file as the log spells it: everything percent-encoded but letters, digits and
// -._~/=
void delta_path_encode(const char *path, Buf *out);
char *delta_path_decode(const char *encoded)
    MUST_CHECK;  // a percent sign that begins no escape stays

// The index of the partition column of that name, without regard to case, or SIZE_MAX.
size_t delta_partition_column(const DeltaTable *table, const char *name);

// Whether weir can tell equal partition values of a column of this type apart from different ones.
// Not so for timestamp (written without its zone), float, double and binary.
bool delta_value_has_one_spelling(Type type);
// The spelling of a partition value that weir writes and compares; false where the text is no value
// of the type. Texts, and types without one spelling, stay as they are.
bool delta_value_text(Type type, const char *text, Buf *out) MUST_CHECK;
// FAIL_TARGET where a file's partition value cannot be read as its column's type: an overwrite
// could not tell whether it replaces the file.
bool delta_check_partitions(const DeltaTable *table, Err *err) MUST_CHECK;

// Delta's name of a type: "long", "decimal(20,0)", "timestamp_ntz" ...; UINT64 becomes
// decimal(20,0).
void delta_type_name(Type type, Buf *out);

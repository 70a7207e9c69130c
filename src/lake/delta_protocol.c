// Which tables weir may touch, and what it writes into the protocol action.
//
// A feature that is listed must be understood even where the table makes no use of it, with one
// exception that the protocol makes itself: most writer features do nothing until the table's
// metadata switches them on. Those are accepted while they are off, which is the state in which
// nearly every table of another writer comes. Reading and writing are not told apart: weir opens
// tables to write them.
#include "lake/delta_internal.h"

#include "base/emit.h"
#include "base/text.h"

#define READER_FEATURES 3
#define WRITER_FEATURES 7
#define FEATURE_TIMESTAMP_NTZ "timestampNtz"
#define FEATURE_COLUMN_MAPPING "columnMapping"

// Features that writer versions 2 to 6 imply; from the section "Writer Version Requirements".
static const struct {
    const char *name;
    int64_t writer;
} delta_legacy[] = {
    {"appendOnly", 2},      {"invariants", 2},       {"checkConstraints", 3},
    {"changeDataFeed", 4},  {"generatedColumns", 4}, {FEATURE_COLUMN_MAPPING, 5},
    {"identityColumns", 6},
};

// Features that weir may see listed. Those with conditions are checked in
// delta_protocol_check_use().
static const char *const delta_known[] = {
    "appendOnly",       "invariants",        "checkConstraints",     "changeDataFeed",
    "generatedColumns", "identityColumns",   FEATURE_COLUMN_MAPPING, "allowColumnDefaults",
    "domainMetadata",   "inCommitTimestamp", "vacuumProtocolCheck",  FEATURE_TIMESTAMP_NTZ,
};

void delta_names_add(DeltaNames *names, const char *name)
{
    names->names = mem_grow(names->names, (names->count + 1) * sizeof(*names->names));
    names->names[names->count++] = mem_copy_text(name);
}

bool delta_names_has(const DeltaNames *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (text_equal(names->names[i], name)) {
            return true;
        }
    }
    return false;
}

void delta_names_done(DeltaNames *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->names[i]);
    }
    free(names->names);
    *names = (DeltaNames){0};
}

void delta_protocol_done(DeltaProtocol *protocol)
{
    delta_names_done(&protocol->reader_features);
    delta_names_done(&protocol->writer_features);
    *protocol = (DeltaProtocol){0};
}

bool delta_protocol_has(const DeltaProtocol *protocol, const char *feature)
{
    if (protocol->writer >= WRITER_FEATURES) {
        return delta_names_has(&protocol->writer_features, feature);
    }
    if (protocol->reader == 2 && text_equal(feature, FEATURE_COLUMN_MAPPING)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(delta_legacy); i++) {
        if (text_equal(delta_legacy[i].name, feature)) {
            return protocol->writer >= delta_legacy[i].writer;
        }
    }
    return false;
}

// --- writing -----

static void delta_names_add_once(DeltaNames *names, const char *name)
{
    if (!delta_names_has(names, name)) {
        delta_names_add(names, name);
    }
}

void delta_protocol_choose(const DeltaProtocol *from, bool timestamp_ntz,
                           DeltaProtocol *ret_protocol)
{
    const DeltaProtocol fresh = {.reader = 1, .writer = 2};
    const DeltaProtocol *old = from == NULL ? &fresh : from;
    DeltaProtocol chosen = {.reader = old->reader, .writer = old->writer};
    for (size_t i = 0; i < old->reader_features.count; i++) {
        delta_names_add(&chosen.reader_features, old->reader_features.names[i]);
    }
    for (size_t i = 0; i < old->writer_features.count; i++) {
        delta_names_add(&chosen.writer_features, old->writer_features.names[i]);
    }
    if (timestamp_ntz) {
        // What the older versions implied must now be listed: the table may have used it in any
        // version.
        for (size_t i = 0; old->writer < WRITER_FEATURES && i < ARRAY_LEN(delta_legacy); i++) {
            if (old->writer >= delta_legacy[i].writer) {
                delta_names_add_once(&chosen.writer_features, delta_legacy[i].name);
            }
        }
        if (old->reader < READER_FEATURES && delta_protocol_has(old, FEATURE_COLUMN_MAPPING)
            && old->reader == 2) {
            delta_names_add_once(&chosen.reader_features, FEATURE_COLUMN_MAPPING);
            delta_names_add_once(&chosen.writer_features, FEATURE_COLUMN_MAPPING);
        }
        delta_names_add_once(&chosen.reader_features, FEATURE_TIMESTAMP_NTZ);
        delta_names_add_once(&chosen.writer_features, FEATURE_TIMESTAMP_NTZ);
        chosen.reader = READER_FEATURES;
        chosen.writer = WRITER_FEATURES;
    }
    *ret_protocol = chosen;
}

static void delta_names_write(JsonWriter *json, const char *key, const DeltaNames *names)
{
    emit_key(json, key);
    emit_begin_array(json);
    for (size_t i = 0; i < names->count; i++) {
        emit_text(json, names->names[i]);
    }
    emit_end_array(json);
}

void delta_protocol_write(const DeltaProtocol *protocol, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_int(&json, "minReaderVersion", protocol->reader);
    emit_member_int(&json, "minWriterVersion", protocol->writer);
    if (protocol->reader >= READER_FEATURES) {
        delta_names_write(&json, "readerFeatures", &protocol->reader_features);
    }
    if (protocol->writer >= WRITER_FEATURES) {
        delta_names_write(&json, "writerFeatures", &protocol->writer_features);
    }
    emit_end_object(&json);
}

// --- checking -----

static bool delta_refuse(Err *err, const char *feature, const char *detail)
{
    (void)fail(err, FAIL_TARGET,
               "the table uses the delta feature \"%s\"%s, which weir does not support", feature,
               detail);
    return fail_hint(
        err,
        "Take the feature away from the table with the engine that made it (ALTER TABLE ... DROP "
        "FEATURE, or the table property that switches it on), or write to another table.");
}

static bool delta_refuse_unknown(const DeltaNames *features, Err *err)
{
    for (size_t i = 0; i < features->count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < ARRAY_LEN(delta_known); k++) {
            is_known = is_known || text_equal(delta_known[k], features->names[i]);
        }
        if (!is_known) {
            return delta_refuse(err, features->names[i], "");
        }
    }
    return true;
}

static const char *delta_find_property(const DeltaProperty *properties, size_t count,
                                       const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(properties[i].key, key)) {
            return properties[i].value;
        }
    }
    return NULL;
}

// A feature of which the table makes real use, or NULL; *ret_detail says where.
static const char *delta_protocol_used(const DeltaProtocol *protocol, const DeltaUses *uses,
                                       const DeltaProperty *properties, size_t count,
                                       const char **ret_detail)
{
    const char *mapping = delta_find_property(properties, count, "delta.columnMapping.mode");
    bool has_constraint = false;
    for (size_t i = 0; i < count; i++) {
        has_constraint =
            has_constraint || text_starts_with(properties[i].key, "delta.constraints.");
    }
    const struct {
        const char *feature;
        bool is_used;
        const char *detail;
    } checks[] = {
        {FEATURE_COLUMN_MAPPING, mapping != NULL && !text_equal_nocase(mapping, "none"),
         " (delta.columnMapping.mode)"},
        {"checkConstraints", has_constraint, " (delta.constraints.*)"},
        {"changeDataFeed",
         text_equal_nocase(delta_find_property(properties, count, "delta.enableChangeDataFeed"),
                           "true"),
         " (delta.enableChangeDataFeed)"},
        {"inCommitTimestamp",
         text_equal_nocase(delta_find_property(properties, count, "delta.enableInCommitTimestamps"),
                           "true"),
         " (delta.enableInCommitTimestamps)"},
        {"invariants", uses->invariants, " (a column with delta.invariants)"},
        {"generatedColumns", uses->generated, " (a column with delta.generationExpression)"},
        {"identityColumns", uses->identity, " (a column with delta.identity)"},
        {"allowColumnDefaults", uses->defaults, " (a column with CURRENT_DEFAULT)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (checks[i].is_used && delta_protocol_has(protocol, checks[i].feature)) {
            *ret_detail = checks[i].detail;
            return checks[i].feature;
        }
    }
    return NULL;
}

bool delta_protocol_check(const DeltaProtocol *protocol, const DeltaUses *uses,
                          const DeltaProperty *properties, size_t property_count, Err *err)
{
    if (protocol->reader < 1 || protocol->writer < 1
        || (protocol->reader == 3 && protocol->writer < 7)) {
        (void)fail(err, FAIL_TARGET,
                   "the table's protocol action is not valid (reader %" PRId64 ", writer %" PRId64
                   ")",
                   protocol->reader, protocol->writer);
        return delta_hint_damaged(err);
    }
    if (protocol->reader > READER_FEATURES || protocol->writer > WRITER_FEATURES) {
        (void)fail(err, FAIL_TARGET,
                   "the table needs delta reader version %" PRId64 " and writer version %" PRId64
                   "; weir knows versions up to %d and %d",
                   protocol->reader, protocol->writer, READER_FEATURES, WRITER_FEATURES);
        return fail_hint(err, "Write to another table, or use a newer weir.");
    }
    if (!delta_refuse_unknown(&protocol->reader_features, err)
        || !delta_refuse_unknown(&protocol->writer_features, err)) {
        return false;
    }
    const char *detail = "";
    const char *used = delta_protocol_used(protocol, uses, properties, property_count, &detail);
    return used == NULL || delta_refuse(err, used, detail);
}

// Two writers that both found no table, and one that made it first.
//
// Nothing is wrong with the second as long as it would have made the same table: two days of one
// job, started together in a new lake, meet here. Its files were written for its own idea of the
// table, so columns, partition columns and properties must be the same; then the commit loses its
// schema and becomes one that began from the table as it is now. Files that it would replace are a
// conflict all the same (delta_commit.c): it does not know them.
#include "lake/delta_internal.h"

#include "base/text.h"

static bool delta_same_field(const Field *a, const Field *b)
{
    CLEANUP(buf_done) Buf a_type = {0};
    CLEANUP(buf_done) Buf b_type = {0};
    delta_type_name(a->type, &a_type);
    delta_type_name(b->type, &b_type);
    return text_equal(a->name, b->name) && a->nullable == b->nullable && b->source_type == NULL
           && text_equal(buf_text(&a_type), buf_text(&b_type));
}

// What of the table is not as the commit would have made it; NULL: nothing.
static const char *delta_find_difference(const DeltaCommit *commit, const DeltaTable *table)
{
    bool is_same = commit->schema.count == table->schema.count;
    for (size_t i = 0; is_same && i < table->schema.count; i++) {
        is_same = delta_same_field(&commit->schema.fields[i], &table->schema.fields[i]);
    }
    if (!is_same) {
        return "columns";
    }
    is_same = commit->partition_count == table->partition_count;
    for (size_t i = 0; is_same && i < table->partition_count; i++) {
        is_same = text_equal(commit->partition_columns[i], table->partition_columns[i]);
    }
    if (!is_same) {
        return "partition columns";
    }
    is_same = commit->property_count == table->property_count;
    for (size_t i = 0; is_same && i < commit->property_count; i++) {
        is_same = text_equal(delta_property(table, commit->properties[i].key),
                             commit->properties[i].value);
    }
    if (!is_same) {
        return "properties";
    }
    if (!text_equal(commit->description == NULL || commit->description[0] == '\0'
                        ? NULL
                        : commit->description,
                    table->description)) {
        return "comments";
    }
    for (size_t i = 0; i < commit->txn_count; i++) {
        if (delta_txn_version(table, commit->txns[i].app_id) >= 0) {
            return "transactions";  // of the same application: the other one is ahead
        }
    }
    return NULL;
}

static bool delta_fail_created(const DeltaCommit *commit, const char *difference, Err *err)
{
    (void)fail(err, FAIL_TARGET,
               "another writer created the table \"%s\"%s%s while this run was under way; nothing "
               "was published",
               commit->table->path, difference == NULL ? "" : " with other ",
               difference == NULL ? "" : difference);
    return fail_hint(err, "Run it again: it will write to the table that is there now.");
}

bool delta_commit_rebase(DeltaCommit *commit, Err *err)
{
    assert(commit->table->version < 0 && commit->rebased == NULL);
    assert(commit->picked_count == 0 && commit->touched_count == 0);  // there were no files
    if (!delta_open(commit->table->path, /* version= */ -1, &commit->rebased, err)) {
        return false;
    }
    const char *difference = delta_find_difference(commit, commit->rebased);
    if (commit->rebased->version < 0 || difference != NULL) {
        return delta_fail_created(commit, difference, err);
    }
    commit->table = commit->rebased;
    schema_done(&commit->schema);
    commit->schema = (Schema){0};
    free(commit->description);
    commit->description = NULL;
    return true;
}

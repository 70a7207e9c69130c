// The reject file. Dirty rows are rare or the run fails, so one lock around everything and a flush
// after every line are cheap, and a person can read the file while the run goes on.
//
// The lock guards all members; it is held while a line is made, since the count decides whether the
// line is written at all.
#include "base/base.h"

#include "record/reject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/emit.h"
#include "base/text.h"

struct Reject {
    pthread_mutex_t lock;
    char *path;
    FILE *file;            // NULL until the first dirty row
    atomic_bool has_file;  // the same for reject_path, which takes no lock
    int64_t limit;
    int64_t count;
    char *first;  // "column "qty" does not fit the column's type"
    Counters *counters;
};

Reject *reject_new(const char *path, int64_t limit, Counters *counters)
{
    assert(counters != NULL);
    Reject *reject = mem_alloc(sizeof(*reject));
    pthread_mutex_init(&reject->lock, NULL);
    reject->path = mem_copy_text(path);
    reject->limit = limit;
    reject->counters = counters;
    return reject;
}

void reject_free(Reject *reject)
{
    if (reject == NULL) {
        return;
    }
    if (reject->file != NULL) {
        (void)fclose(reject->file);
    }
    pthread_mutex_destroy(&reject->lock);
    free(reject->path);
    free(reject->first);
    free(reject);
}

static void reject_write_line(Buf *out, const Schema *schema, const Value *row, size_t column,
                              DirtyReason reason, const size_t *key_fields, size_t key_count)
{
    JsonWriter json = emit_writer(out);
    const Type type = schema->fields[column].type;
    emit_begin_object(&json);
    emit_member_text(&json, "reason", dirty_reason_text(reason));
    emit_member_text(&json, "column", schema->fields[column].name);
    emit_key(&json, "value");
    if (row[column].state == VALUE_NULL) {
        emit_null(&json);
    } else {
        CLEANUP(buf_done) Buf text = {0};
        value_to_text(&row[column], type, &text);
        emit_text_bytes(&json, buf_text(&text), text.len);
    }
    emit_key(&json, "key");
    emit_begin_object(&json);
    for (size_t i = 0; i < key_count; i++) {
        const size_t field = key_fields[i];
        assert(field < schema->count);
        emit_key(&json, schema->fields[field].name);
        value_to_json(&row[field], schema->fields[field].type, &json);
    }
    emit_end_object(&json);
    emit_key(&json, "row");
    emit_begin_object(&json);
    for (size_t i = 0; i < schema->count; i++) {
        emit_key(&json, schema->fields[i].name);
        value_to_json(&row[i], schema->fields[i].type, &json);
    }
    emit_end_object(&json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

static bool reject_open(Reject *reject, Err *err)
{
    const char *slash = strrchr(reject->path, '/');
    if (slash != NULL && slash != reject->path) {
        CLEANUP(mem_free_text)
        char *folder = mem_copy_bytes(reject->path, (size_t)(slash - reject->path));
        if (!fs_make_dirs(folder, err)) {
            return err_context(err, "reject file");
        }
    }
    // Whole rows: for the user who runs weir only.
    const int fd = open(reject->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    reject->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (reject->file == NULL) {
        return fail(err, FAIL_TARGET, "could not write the reject file \"%s\": %s", reject->path,
                    strerror(errno));
    }
    atomic_store(&reject->has_file, true);
    return true;
}

static bool reject_append(Reject *reject, const Buf *line, Err *err)
{
    if (reject->file == NULL && !reject_open(reject, err)) {
        return false;
    }
    if (fwrite(line->data, 1, line->len, reject->file) != line->len || fflush(reject->file) != 0) {
        return fail(err, FAIL_TARGET, "could not write the reject file \"%s\": %s", reject->path,
                    strerror(errno));
    }
    return true;
}

static bool reject_over_limit(const Reject *reject, Err *err)
{
    char limit[TEXT_NUMBER_SIZE];
    if (reject->path == NULL) {
        return fail(err, FAIL_SOURCE, "a row does not fit: %s", reject->first);
    }
    fail(err, FAIL_DIRTY, "more dirty rows than the limit of %s; the first: %s; rows are in \"%s\"",
         text_count((uint64_t)reject->limit, limit), reject->first, reject->path);
    return fail_hint(
        err, "Read the reject file, then correct the rows at the source, change the target's "
             "column, or raise \"dirty_limit\" in the job (--dirty-limit of weir copy).");
}

bool reject_row(Reject *reject, const Schema *schema, const Value *row, size_t column,
                DirtyReason reason, const size_t *key_fields, size_t key_count, Err *err)
{
    assert(column < schema->count);
    assert(reason != DIRTY_NONE);
    pthread_mutex_lock(&reject->lock);
    bool ok = true;
    reject->count++;
    counter_add(&reject->counters->rows_dirty, 1);
    if (reject->first == NULL) {
        reject->first =
            mem_format("column \"%s\" %s", schema->fields[column].name, dirty_reason_text(reason));
    }
    if (reject->path != NULL && reject->count <= REJECT_ROWS_MAX) {
        CLEANUP(buf_done) Buf line = {0};
        reject_write_line(&line, schema, row, column, reason, key_fields, key_count);
        ok = buf_ok(&line, "a line of the reject file", err) && reject_append(reject, &line, err);
    }
    if (ok && reject->limit >= 0 && reject->count > reject->limit) {
        ok = reject_over_limit(reject, err);
    }
    pthread_mutex_unlock(&reject->lock);
    return ok;
}

const char *reject_path(const Reject *reject)
{
    return atomic_load(&reject->has_file) ? reject->path : NULL;
}

// An engine may run a slice again, or twice at once, and mix the lines of all. So each line says
// whose it is, and an attempt counts when its last line is there with as many files as that says;
// the first such attempt of a slice is taken, what the others wrote is thrown away.
#include "base/base.h"

#include "run/piece_results.h"

#include <jansson.h>

#include "base/emit.h"
#include "base/text.h"
#include "job/bind.h"

#define MISSING_SHOWN 20

static void result_member_uint(JsonWriter *json, const char *key, uint64_t value)
{
    emit_key(json, key);
    emit_uint(json, value);
}

void piece_result_write(const PiecePlan *plan, const PieceAttempt *attempt, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_key(&json, "done");
    emit_begin_object(&json);
    emit_member_text(&json, "plan", plan->id);
    result_member_uint(&json, "slice", attempt->slice);
    emit_member_text(&json, "attempt", attempt->id);
    result_member_uint(&json, "files", attempt->files);
    result_member_uint(&json, "rows_read", attempt->rows_read);
    result_member_uint(&json, "rows_written", attempt->rows_written);
    result_member_uint(&json, "rows_dirty", attempt->rows_dirty);
    result_member_uint(&json, "zero_dates", attempt->zero_dates);
    result_member_uint(&json, "bytes", attempt->bytes_read);
    result_member_uint(&json, "bytes_written", attempt->bytes_written);
    emit_key(&json, "seconds");
    emit_fixed(&json, attempt->seconds, 3);
    emit_member_text(&json, "snapshot", attempt->how);
    emit_member_text(&json, "position", attempt->position);
    emit_member_bool(&json, "one_moment", attempt->is_one_moment);
    emit_member_text(&json, "server", attempt->server);
    emit_member_text(&json, "reject_file", attempt->reject_file);
    emit_key(&json, "warnings");
    emit_begin_array(&json);
    for (char **text = attempt->warnings; text != NULL && *text != NULL; text++) {
        emit_text(&json, *text);
    }
    emit_end_array(&json);
    emit_end_object(&json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

// --- reading --------------------------------------------------------------------------------------------

typedef struct ResultReader {
    const PiecePlan *plan;
    PieceResults *results;
} ResultReader;

static bool result_fail(const char *what, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "a line of the results %s", what);
    return fail_hint(err, "Pass on what weir slice printed, line by line, unchanged.");
}

void piece_attempt_done(PieceAttempt *attempt)
{
    for (size_t i = 0; i < attempt->add_count; i++) {
        free(attempt->adds[i]);
    }
    free(attempt->adds);
    free(attempt->id);
    free(attempt->position);
    free(attempt->how);
    free(attempt->server);
    free(attempt->reject_file);
    text_list_free(attempt->warnings);
}

void piece_results_done(PieceResults *results)
{
    for (size_t i = 0; i < results->count; i++) {
        piece_attempt_done(&results->attempts[i]);
    }
    free(results->attempts);
    free(results->done);
    *results = (PieceResults){0};
}

// The attempt that a line is about.
static bool result_attempt(const ResultReader *reader, const json_t *whose,
                           PieceAttempt **ret_attempt, Err *err)
{
    const char *plan = json_string_value(json_object_get(whose, "plan"));
    const char *id = json_string_value(json_object_get(whose, "attempt"));
    const json_t *slice = json_object_get(whose, "slice");
    if (plan == NULL || id == NULL || !json_is_integer(slice)) {
        return result_fail("is none that weir slice prints", err);
    }
    if (!text_equal(plan, reader->plan->id)) {
        return result_fail("is of another plan", err);
    }
    if (json_integer_value(slice) < 0
        || (uint64_t)json_integer_value(slice) >= reader->plan->slice_count) {
        return result_fail("is of a slice that the plan does not have", err);
    }
    PieceResults *results = reader->results;
    const size_t number = (size_t)json_integer_value(slice);
    for (size_t i = 0; i < results->count; i++) {
        if (results->attempts[i].slice == number && text_equal(results->attempts[i].id, id)) {
            *ret_attempt = &results->attempts[i];
            return true;
        }
    }
    results->attempts =
        mem_grow(results->attempts, (results->count + 1) * sizeof(*results->attempts));
    *ret_attempt = &results->attempts[results->count++];
    **ret_attempt = (PieceAttempt){.slice = number, .id = mem_copy_text(id)};
    return true;
}

// A line that stands twice (its output was put together twice) counts once.
static bool result_read_add(const ResultReader *reader, const json_t *add, PieceAttempt *attempt,
                            Err *err)
{
    const char *path = json_string_value(json_object_get(add, "path"));
    CLEANUP(mem_free_text)
    char *name = mem_format("part-%s-%zu-%s", reader->plan->id, attempt->slice, attempt->id);
    if (path == NULL || strstr(path, name) == NULL) {
        return result_fail("names a file that is not of its slice", err);
    }
    char *dumped = json_dumps(add, JSON_COMPACT | JSON_SORT_KEYS);
    CLEANUP(mem_free_text) char *text = mem_copy_text(dumped);
    free(dumped);
    for (size_t i = 0; i < attempt->add_count; i++) {
        if (text_equal(attempt->adds[i], text)) {
            return true;
        }
    }
    attempt->adds = mem_grow(attempt->adds, (attempt->add_count + 1) * sizeof(*attempt->adds));
    attempt->adds[attempt->add_count++] = mem_copy_text(text);
    return true;
}

static uint64_t result_uint(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

static char *result_text(const json_t *json, const char *key)
{
    return mem_copy_text(json_string_value(json_object_get(json, key)));
}

static void result_read_done(const json_t *json, PieceAttempt *attempt)
{
    if (attempt->is_done) {
        return;
    }
    attempt->is_done = true;
    attempt->files = (size_t)result_uint(json, "files");
    attempt->rows_read = result_uint(json, "rows_read");
    attempt->rows_written = result_uint(json, "rows_written");
    attempt->rows_dirty = result_uint(json, "rows_dirty");
    attempt->zero_dates = result_uint(json, "zero_dates");
    attempt->bytes_read = result_uint(json, "bytes");
    attempt->bytes_written = result_uint(json, "bytes_written");
    attempt->seconds = json_number_value(json_object_get(json, "seconds"));
    attempt->is_one_moment = json_is_true(json_object_get(json, "one_moment"));
    attempt->position = result_text(json, "position");
    attempt->how = result_text(json, "snapshot");
    attempt->server = result_text(json, "server");
    attempt->reject_file = result_text(json, "reject_file");
    const json_t *warnings = json_object_get(json, "warnings");
    const size_t count = json_array_size(warnings);
    attempt->warnings = mem_alloc((count + 1) * sizeof(*attempt->warnings));
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(warnings, i));
        attempt->warnings[i] = mem_copy_text(text == NULL ? "" : text);
    }
}

static bool result_read(void *context, const struct json_t *json, Err *err)
{
    const ResultReader *reader = context;
    const json_t *add = json_object_get(json, "add");
    const json_t *done = json_object_get(json, "done");
    PieceAttempt *attempt = NULL;
    if (!result_attempt(reader, done != NULL ? done : json_object_get(json, "piece"), &attempt,
                        err)) {
        return false;
    }
    if (done != NULL) {
        result_read_done(done, attempt);
        return true;
    }
    return result_read_add(reader, add, attempt, err);
}

// --- choosing -------------------------------------------------------------------------------------------

static bool result_choose(const PiecePlan *plan, PieceResults *results, Err *err)
{
    results->slice_count = plan->slice_count;
    results->done = mem_alloc(plan->slice_count * sizeof(*results->done));
    for (size_t i = 0; i < plan->slice_count; i++) {
        results->done[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < results->count; i++) {
        const PieceAttempt *attempt = &results->attempts[i];
        if (!attempt->is_done || attempt->add_count != attempt->files) {
            continue;
        }
        if (results->done[attempt->slice] == SIZE_MAX) {
            results->done[attempt->slice] = i;
        } else {
            results->repeats++;
        }
    }
    CLEANUP(buf_done) Buf names = {0};
    size_t missing = 0;
    for (size_t i = 0; i < plan->slice_count; i++) {
        if (results->done[i] == SIZE_MAX && missing++ < MISSING_SHOWN) {
            buf_add_format(&names, "%s%zu", missing > 1 ? ", " : "", i);
        }
    }
    if (missing == 0) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG,
               "%zu of %zu slices of the plan have no complete result: %s%s; nothing was published",
               missing, plan->slice_count, buf_text(&names), missing > MISSING_SHOWN ? " ..." : "");
    return fail_hint(err, "Run them with weir slice, then commit with all results.");
}

bool piece_results_read(const PiecePlan *plan, const char *text, size_t len,
                        PieceResults *ret_results, Err *err)
{
    PieceResults results = {0};
    ResultReader reader = {.plan = plan, .results = &results};
    if (!piece_each_json(text, len, "the results", result_read, &reader, err)
        || !result_choose(plan, &results, err)) {
        piece_results_done(&results);
        return false;
    }
    *ret_results = results;
    return true;
}

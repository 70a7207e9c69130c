// What a slice's process must know that it cannot find out for itself: which job with which
// parameters, the bounds of the slice, and which version of the target the plan was made for. The
// rest it reads from the project, as weir run does, and two digests tell whether it found the same:
// one of the job before anything is asked of the source, one of the columns after.
//
// A digest is against mistakes (a job that was edited meanwhile, a parameter that means "now"), not
// against forgery: who may hand out plans may run the project's jobs.
#include "base/base.h"

#include "run/piece_plan.h"

#include <jansson.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"
#include "job/bind.h"

#define PIECE_FORMAT 1
#define PIECE_ID_BYTES 16
#define PIECE_ID_LEN (2 * PIECE_ID_BYTES)
#define PIECE_SLICES_MAX 100000

char *piece_new_id(size_t bytes)
{
    unsigned char random[PIECE_ID_BYTES];
    assert(bytes <= sizeof(random));
    while (getrandom(random, bytes, 0) != (ssize_t)bytes) {
    }
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < bytes; i++) {
        buf_add_format(&text, "%02x", random[i]);
    }
    return buf_take(&text);
}

// --- digests --------------------------------------------------------------------------------------------

static void digest_text(Buf *all, const char *text)
{
    // With its length, so that no two lists read alike.
    buf_add_format(all, "%zu:%s;", text == NULL ? (size_t)0 : strlen(text) + 1,
                   text == NULL ? "" : text);
}

static void digest_list(Buf *all, char *const *list)
{
    for (; list != NULL && *list != NULL; list++) {
        digest_text(all, *list);
    }
    buf_add_char(all, '\n');
}

// FNV-1a, 64 bits.
static char *digest_sum(const Buf *all)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < all->len; i++) {
        sum = (sum ^ (unsigned char)all->data[i]) * UINT64_C(0x100000001b3);
    }
    return mem_format("%016" PRIx64, sum);
}

static char *digest_job(const Job *job)
{
    CLEANUP(buf_done) Buf all = {0};
    for (size_t i = 0; i < job->source_count; i++) {
        const SourceSpec *source = &job->sources[i];
        digest_text(&all, source->datasource->name);
        digest_list(&all, source->tables);
        digest_list(&all, source->columns);
        digest_text(&all, source->where);
        digest_text(&all, source->query);
        digest_text(&all, source->incremental);
        digest_text(&all, source->split);
    }
    const TargetSpec *target = &job->target;
    digest_text(&all, target->datasource->name);
    digest_text(&all, target->table);
    for (size_t i = 0; i < target->partition_count; i++) {
        digest_text(&all, target->partition[i].column);
        digest_text(&all, target->partition[i].value);
        digest_text(&all, target->partition[i].field);
    }
    digest_text(&all, job->timezone);
    buf_add_format(&all, "%d %d %d %s %" PRId64 " %" PRId64, (int)target->mode,
                   (int)target->new_columns, (int)job->zero_dates, job->bizdate,
                   job->window_begin_usec, job->window_end_usec);
    return digest_sum(&all);
}

static char *digest_columns(const Ends *ends)
{
    CLEANUP(buf_done) Buf all = {0};
    const Schema *schema = ends->source->ops->schema(ends->source);
    for (size_t i = 0; i < schema->count; i++) {
        digest_text(&all, schema->fields[i].name);
        digest_text(&all, schema->fields[i].source_type);
        CLEANUP(buf_done) Buf type = {0};
        type_describe(schema->fields[i].type, &type);
        digest_text(&all, buf_text(&type));
    }
    size_t count = 0;
    const ColumnPlan *columns = ends->sink->ops->columns(ends->sink, &count);
    for (size_t i = 0; i < count; i++) {
        digest_text(&all, columns[i].name);
        digest_text(&all, columns[i].target_type);
        digest_text(&all, columns[i].partition);
        buf_add_format(&all, "%zu;", columns[i].source_field);
    }
    return digest_sum(&all);
}

// --- writing --------------------------------------------------------------------------------------------

static void plan_write_partition(const Job *job, JsonWriter *json)
{
    CLEANUP(buf_done) Buf text = {0};
    for (size_t i = 0; i < job->target.partition_count; i++) {
        const PartitionPart *part = &job->target.partition[i];
        const bool is_field = part->value == NULL;
        buf_add_format(&text, "%s%s=%s%s%s", i > 0 ? "," : "", part->column, is_field ? "{" : "",
                       is_field ? part->field : part->value, is_field ? "}" : "");
    }
    emit_member_text(json, "partition", buf_text(&text));
}

// What all slices of a plan share.
static void plan_write_head(const Job *job, const char *const *params, const char *id,
                            const Ends *ends, size_t slices, JsonWriter *json)
{
    CLEANUP(mem_free_text) char *job_digest = digest_job(job);
    CLEANUP(mem_free_text) char *column_digest = digest_columns(ends);
    emit_member_int(json, "weir_plan", PIECE_FORMAT);
    emit_member_text(json, "plan", id);
    emit_member_text(json, "job", job->name);
    emit_member_text(json, "bizdate", job->bizdate);
    emit_key(json, "params");
    emit_begin_array(json);
    for (; params != NULL && *params != NULL; params++) {
        emit_text(json, *params);
    }
    emit_end_array(json);
    emit_member_text(json, "target", job->target.table);
    plan_write_partition(job, json);
    emit_member_text(json, "mode", job->target.mode == WRITE_APPEND ? "append" : "overwrite");
    emit_member_int(json, "version", ends->sink->ops->pieces->version(ends->sink));
    emit_member_text(json, "job_digest", job_digest);
    emit_member_text(json, "column_digest", column_digest);
    emit_member_int(json, "slice_count", (int64_t)slices);
}

static void plan_write_slice(const Ends *ends, size_t at, JsonWriter *json)
{
    emit_begin_object(json);
    emit_member_int(json, "number", (int64_t)at);
    emit_key(json, "read");
    ends->source->ops->write_slice(ends->source, at, json);
    emit_end_object(json);
}

static void plan_write_warnings(const Ends *ends, JsonWriter *json)
{
    size_t count = 0;
    const PlanNote *notes = ends->source->ops->notes(ends->source, &count);
    emit_key(json, "warnings");
    emit_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        if (notes[i].is_warning) {
            emit_text(json, notes[i].text);
        }
    }
    emit_end_array(json);
}

static void plan_write(const Job *job, const char *const *params, const Ends *ends, bool as_lines,
                       Buf *out)
{
    CLEANUP(mem_free_text) char *id = piece_new_id(PIECE_ID_BYTES);
    size_t count = 0;
    (void)ends->source->ops->slices(ends->source, &count);
    for (size_t i = 0; i < (as_lines ? count : 1); i++) {
        JsonWriter json = emit_writer(out);
        emit_begin_object(&json);
        plan_write_head(job, params, id, ends, count, &json);
        plan_write_warnings(ends, &json);
        if (as_lines) {
            emit_key(&json, "slice");
            plan_write_slice(ends, i, &json);
        } else {
            emit_key(&json, "slices");
            emit_begin_array(&json);
            for (size_t s = 0; s < count; s++) {
                plan_write_slice(ends, s, &json);
            }
            emit_end_array(&json);
        }
        emit_end_object(&json);
        buf_add_char(out, '\n');
    }
}

// Modes whose result depends on more than the rows of the slices cannot be put together from files.
static bool plan_check_mode(const Job *job, Err *err)
{
    if (job->type != JOB_SYNC) {
        return fail(err, FAIL_CONFIG, "the job \"%s\" is of type %s: only sync jobs run in pieces",
                    job->name, job_type_name(job->type));
    }
    if (job->target.mode == WRITE_OVERWRITE || job->target.mode == WRITE_APPEND) {
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "the job \"%s\" has a mode that cannot be run in pieces",
               job->name);
    return fail_hint(err, "Pieces are for the modes overwrite and append; weir run runs the job.");
}

static bool plan_check_ends(const Job *job, const Ends *ends, Err *err)
{
    return (ends->source->ops->write_slice != NULL && ends->sink->ops->pieces != NULL)
           || fail(err, FAIL_CONFIG, "a job from \"%s\" to \"%s\" cannot be run in pieces",
                   job->sources[0].datasource->type, job->target.datasource->type);
}

bool piece_plan_make(const Job *job, const char *const *params, Cancel *cancel, bool as_lines,
                     Buf *out, Err *err)
{
    if (!plan_check_mode(job, err)) {
        return false;
    }
    Counters counters = {0};
    CLEANUP(ends_done) Ends ends = {0};
    if (!ends_open(job, &counters, cancel, &ends, err) || !plan_check_ends(job, &ends, err)) {
        return false;
    }
    plan_write(job, params, &ends, as_lines, out);
    return true;
}

// --- reading --------------------------------------------------------------------------------------------

static bool plan_fail(const char *what, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "the plan %s", what);
    return fail_hint(err, "Pass on what weir plan printed, unchanged; or make a new plan.");
}

bool piece_each_json(const char *text, size_t len, const char *what, PieceEach each, void *context,
                     Err *err)
{
    size_t line = 1;
    for (size_t at = 0;;) {
        for (; at < len && strchr(" \t\r\n", text[at]) != NULL; at++) {
            line += text[at] == '\n';
        }
        if (at >= len) {
            return true;
        }
        json_error_t error;
        json_t *json = json_loadb(text + at, len - at, JSON_DISABLE_EOF_CHECK, &error);
        if (json == NULL) {
            return fail(err, FAIL_CONFIG, "line %zu of %s is no JSON: %s",
                        line + (size_t)(error.line > 0 ? error.line - 1 : 0), what, error.text);
        }
        const bool done = each(context, json, err);
        json_decref(json);
        if (!done) {
            return err_context(err, "line %zu", line);
        }
        for (const size_t end = at + (size_t)error.position; at < end; at++) {
            line += text[at] == '\n';
        }
    }
}

static bool plan_text(const json_t *json, const char *key, char **ret_text, Err *err)
{
    const char *text = json_string_value(json_object_get(json, key));
    if (text == NULL) {
        CLEANUP(mem_free_text) char *what = mem_format("has no \"%s\"", key);
        return plan_fail(what, err);
    }
    *ret_text = mem_copy_text(text);
    return true;
}

static bool plan_is_id(const char *text)
{
    return strlen(text) == PIECE_ID_LEN && strspn(text, "0123456789abcdef") == PIECE_ID_LEN;
}

static bool plan_read_slice(const json_t *json, PiecePlan *plan, Err *err)
{
    const json_t *number = json_object_get(json, "number");
    const json_t *read = json_object_get(json, "read");
    if (!json_is_integer(number) || json_integer_value(number) < 0
        || (uint64_t)json_integer_value(number) >= plan->slice_count || !json_is_object(read)) {
        return plan_fail("has a slice that is none of it", err);
    }
    char *dumped = json_dumps(read, JSON_COMPACT);
    plan->slices[plan->read_count++] =
        (PieceSlice){.number = (size_t)json_integer_value(number), .text = mem_copy_text(dumped)};
    free(dumped);
    return true;
}

static bool plan_read_slices(const json_t *json, PiecePlan *plan, Err *err)
{
    const json_t *one = json_object_get(json, "slice");
    const json_t *all = json_object_get(json, "slices");
    const size_t count = one != NULL ? 1 : json_array_size(all);
    plan->slices = mem_alloc((count + 1) * sizeof(*plan->slices));
    for (size_t i = 0; i < count; i++) {
        if (!plan_read_slice(one != NULL ? one : json_array_get(all, i), plan, err)) {
            return false;
        }
    }
    return true;
}

static bool plan_read_params(const json_t *json, PiecePlan *plan, Err *err)
{
    const size_t count = json_array_size(json);
    plan->params = mem_alloc((count + 1) * sizeof(*plan->params));
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(json, i));
        if (text == NULL) {
            return plan_fail("has a parameter that is no text", err);
        }
        plan->params[i] = mem_copy_text(text);
    }
    return true;
}

static bool plan_read(const json_t *json, PiecePlan *plan, Err *err)
{
    const json_t *format = json_object_get(json, "weir_plan");
    const json_t *version = json_object_get(json, "version");
    const json_t *slices = json_object_get(json, "slice_count");
    if (!json_is_integer(format)) {
        return plan_fail("has no \"weir_plan\"", err);
    }
    if (json_integer_value(format) != PIECE_FORMAT) {
        return plan_fail("is of another version of weir", err);
    }
    if (!json_is_integer(version) || json_integer_value(version) < -1 || !json_is_integer(slices)
        || json_integer_value(slices) < 1 || json_integer_value(slices) > PIECE_SLICES_MAX) {
        return plan_fail("has no \"version\" or \"slice_count\"", err);
    }
    plan->version = json_integer_value(version);
    plan->slice_count = (size_t)json_integer_value(slices);
    if (!plan_text(json, "plan", &plan->id, err) || !plan_text(json, "job", &plan->job, err)
        || !plan_text(json, "bizdate", &plan->bizdate, err)
        || !plan_text(json, "job_digest", &plan->job_digest, err)
        || !plan_text(json, "column_digest", &plan->column_digest, err)) {
        return false;
    }
    // The id becomes part of file names.
    return (plan_is_id(plan->id) || plan_fail("has no id that weir made", err))
           && plan_read_params(json_object_get(json, "params"), plan, err)
           && plan_read_slices(json, plan, err);
}

typedef struct PlanReader {
    PiecePlan *plans;
    size_t count;
    bool is_one_plan;
} PlanReader;

static bool plan_read_one(void *context, const struct json_t *json, Err *err)
{
    PlanReader *reader = context;
    reader->plans = mem_grow(reader->plans, (reader->count + 1) * sizeof(*reader->plans));
    PiecePlan *plan = &reader->plans[reader->count++];
    *plan = (PiecePlan){0};
    if (!plan_read(json, plan, err)) {
        return false;
    }
    const PiecePlan *first = &reader->plans[0];
    return !reader->is_one_plan
           || (text_equal(first->id, plan->id) && first->version == plan->version
               && first->slice_count == plan->slice_count
               && text_equal(first->job_digest, plan->job_digest))
           || plan_fail("has lines of another one", err);
}

void piece_plans_free(PiecePlan *plans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PiecePlan *plan = &plans[i];
        for (size_t s = 0; s < plan->read_count; s++) {
            free(plan->slices[s].text);
        }
        free(plan->slices);
        text_list_free(plan->params);
        free(plan->id);
        free(plan->job);
        free(plan->bizdate);
        free(plan->job_digest);
        free(plan->column_digest);
    }
    free(plans);
}

bool piece_plans_read(const char *text, size_t len, bool is_one_plan, PiecePlan **ret_plans,
                      size_t *ret_count, Err *err)
{
    PlanReader reader = {.is_one_plan = is_one_plan};
    if (!piece_each_json(text, len, "the plan", plan_read_one, &reader, err)) {
        piece_plans_free(reader.plans, reader.count);
        return false;
    }
    *ret_plans = reader.plans;
    *ret_count = reader.count;
    return true;
}

// --- taking it up ---------------------------------------------------------------------------------------

bool piece_plan_load_job(const PiecePlan *plan, const Project *project, Job **ret_job, Err *err)
{
    size_t count = 0;
    while (plan->params[count] != NULL) {
        count++;
    }
    const char **params = mem_alloc((count + 1) * sizeof(*params));
    for (size_t i = 0; i < count; i++) {
        params[i] = plan->params[i];
    }
    const InstanceRequest request = {.bizdate = plan->bizdate, .params = params, .threads = 1};
    Job *job = NULL;
    const bool is_loaded = job_load(project, plan->job, &request, &job, err);
    free(params);
    if (!is_loaded) {
        return false;
    }
    if (!plan_check_mode(job, err)) {
        job_free(job);
        return false;
    }
    CLEANUP(mem_free_text) char *digest = digest_job(job);
    if (!text_equal(digest, plan->job_digest)) {
        (void)fail(err, FAIL_CONFIG, "the job \"%s\" is not what it was when the plan was made",
                   plan->job);
        job_free(job);
        return fail_hint(err, "Make a new plan with weir plan, from the same project.");
    }
    job->target.is_at_version = true;
    job->target.version = plan->version;
    *ret_job = job;
    return true;
}

bool piece_plan_check_columns(const PiecePlan *plan, const Ends *ends, Err *err)
{
    CLEANUP(mem_free_text) char *digest = digest_columns(ends);
    if (text_equal(digest, plan->column_digest)) {
        return true;
    }
    (void)fail(
        err, FAIL_CONFIG,
        "the columns of the source or of the target are not what they were when the plan was "
        "made");
    return fail_hint(err, "Make a new plan with weir plan.");
}

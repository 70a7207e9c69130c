// Each process finds the job in its own copy of the project; what it is given says only which
// slice. So a slice needs nothing but the source and the lake, and can be repeated, doubled and
// killed at will: files have names of the attempt, and only the commit, whose transaction carries
// the plan's id, makes some of them rows.
#include "base/base.h"

#include "run/pieces.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/text.h"

#define ATTEMPT_BYTES 6

static void job_done(Job **job)
{
    if (*job != NULL) {
        job_free(*job);
    }
}

static void reject_done(Reject **reject)
{
    reject_free(*reject);
}

// --- a slice --------------------------------------------------------------------------------------------

static void piece_note_source(const Source *source, PieceAttempt *attempt)
{
    const SnapshotInfo *snapshot = source->ops->snapshot(source);
    attempt->how = mem_copy_text(snapshot->how);
    attempt->is_one_moment = snapshot->is_one_moment;
    attempt->position = mem_copy_text(snapshot->position);
    attempt->server = mem_copy_text(snapshot->server);
    attempt->warnings = mem_alloc(2 * sizeof(*attempt->warnings));
    attempt->warnings[0] = mem_copy_text(snapshot->warning);
}

static void piece_note_counts(const Counters *counters, PieceAttempt *attempt)
{
    attempt->rows_read = atomic_load(&counters->rows_read);
    attempt->rows_written = atomic_load(&counters->rows_written);
    attempt->rows_dirty = atomic_load(&counters->rows_dirty);
    attempt->zero_dates = atomic_load(&counters->zero_dates);
    attempt->bytes_read = atomic_load(&counters->bytes_read);
    attempt->bytes_written = atomic_load(&counters->bytes_written);
}

static size_t piece_count_lines(const Buf *lines)
{
    size_t count = 0;
    for (size_t i = 0; i < lines->len; i++) {
        count += lines->data[i] == '\n';
    }
    return count;
}

static bool piece_load(const Job *job, const PiecePlan *plan, const PieceSlice *slice,
                       Cancel *cancel, PieceAttempt *attempt, Buf *adds, Err *err)
{
    Counters counters = {0};
    CLEANUP(mem_free_text) char *part = mem_format("%zu-%s", slice->number, attempt->id);
    const SinkPiece piece = {.plan = plan->id, .part = part};
    CLEANUP(ends_done) Ends ends = {0};
    if (!ends_open_slice(job, slice->text, &counters, cancel, &ends, err)
        || !piece_plan_check_columns(plan, &ends, err)
        || !ends.source->ops->begin(ends.source, err)) {
        return false;
    }
    piece_note_source(ends.source, attempt);
    CLEANUP(mem_free_text)
    char *path = mem_format("%s/rejects/%s-%s-%s-%s.jsonl", job->state_dir, job->name, job->bizdate,
                            plan->id, part);
    CLEANUP(reject_done) Reject *reject = reject_new(path, job->dirty_limit, &counters);
    const LoadInput input = {
        .source = ends.source, .reject = reject, .counters = &counters, .stop = ends.stop};
    const SinkPieceOps *pieces = ends.sink->ops->pieces;
    pieces->begin(ends.sink, &piece);
    if (!ends.sink->ops->load(ends.sink, &input, err) || !cancel_check(cancel, err)) {
        return false;
    }
    failpoint("slice-loaded");
    if (!pieces->keep(ends.sink, slice->number, attempt->id, adds, err)) {
        return false;
    }
    failpoint("slice-kept");
    attempt->files = piece_count_lines(adds);
    attempt->reject_file = mem_copy_text(reject_path(reject));
    piece_note_counts(&counters, attempt);
    return true;
}

static bool piece_fail_committed(const PiecePlan *plan, int64_t version, Err *err)
{
    (void)fail(err, FAIL_CONFIG, "the plan %s is already committed, at version %" PRId64, plan->id,
               version);
    return fail_hint(err, "To copy again, make a new plan with weir plan.");
}

// The version of the plan's commit, -1 where there is none.
static bool piece_look(const Job *job, const PiecePlan *plan, int64_t *ret_version,
                       char **ret_location, Err *err)
{
    const SinkOps *sink = sink_ops(job->target.datasource->type);
    return (sink != NULL && sink->pieces != NULL)
               ? sink->pieces->committed(job, plan->id, ret_version, ret_location, err)
               : fail(err, FAIL_CONFIG, "a target of type \"%s\" cannot be written in pieces",
                      job->target.datasource->type);
}

// The job of a plan that was not committed yet.
static bool piece_begin(const Project *project, const PiecePlan *plan, Job **ret_job, Err *err)
{
    CLEANUP(mem_free_text) char *location = NULL;
    int64_t version = -1;
    return piece_plan_load_job(plan, project, ret_job, err)
           && piece_look(*ret_job, plan, &version, &location, err)
           && (version < 0 || piece_fail_committed(plan, version, err));
}

bool pieces_run(const Project *project, const PiecePlan *plan, const PieceSlice *slice,
                Cancel *cancel, Buf *out, Err *err)
{
    const int64_t begun = clock_monotonic_usec();
    CLEANUP(job_done) Job *job = NULL;
    if (!piece_begin(project, plan, &job, err)) {
        return false;
    }
    CLEANUP(piece_attempt_done)
    PieceAttempt attempt = {.slice = slice->number, .id = piece_new_id(ATTEMPT_BYTES)};
    CLEANUP(buf_done) Buf adds = {0};
    if (!piece_load(job, plan, slice, cancel, &attempt, &adds, err)) {
        return err_context(err, "slice %zu", slice->number);
    }
    attempt.seconds = (double)(clock_monotonic_usec() - begun) / 1e6;
    buf_add_bytes(out, adds.data, adds.len);
    piece_result_write(plan, &attempt, out);
    return true;
}

// --- the commit -----------------------------------------------------------------------------------------

// One moment only where all slices were read at one position of the binary log: nothing was written
// in between.
static void commit_describe(const PieceResults *results, RunReport *report)
{
    const PieceAttempt *first = &results->attempts[results->done[0]];
    bool is_same = true;
    size_t positions = 0;
    for (size_t i = 0; i < results->slice_count; i++) {
        const char *position = results->attempts[results->done[i]].position;
        bool is_new = true;
        for (size_t j = 0; j < i && is_new; j++) {
            is_new = !text_equal(position, results->attempts[results->done[j]].position);
        }
        positions += is_new;
        is_same = is_same && position != NULL && text_equal(position, first->position)
                  && results->attempts[results->done[i]].is_one_moment;
    }
    report->is_one_moment = is_same || (results->slice_count == 1 && first->is_one_moment);
    report->snapshot = report->is_one_moment && first->position != NULL
                           ? mem_format("a snapshot a slice, all at %s", first->position)
                           : mem_copy_text("a snapshot a slice");
    if (!report->is_one_moment) {
        CLEANUP(mem_free_text)
        char *text =
            first->position == NULL
                ? mem_copy_text("each slice is a snapshot of its own, and the server tells no "
                                "position: whether the rows are of one point in time is not known")
                : mem_format(
                    "the source was written to between the slices (%zu positions): the rows "
                    "are not of one point in time",
                    positions);
        run_report_warn(report, text);
    }
}

static void commit_sum(const PieceResults *results, RunReport *report)
{
    Counters *counters = &report->counters;
    for (size_t i = 0; i < results->slice_count; i++) {
        const PieceAttempt *attempt = &results->attempts[results->done[i]];
        counter_add(&counters->rows_read, attempt->rows_read);
        counter_add(&counters->rows_written, attempt->rows_written);
        counter_add(&counters->rows_dirty, attempt->rows_dirty);
        counter_add(&counters->zero_dates, attempt->zero_dates);
        counter_add(&counters->bytes_read, attempt->bytes_read);
        counter_add(&counters->bytes_written, attempt->bytes_written);
        report->seconds += attempt->seconds;
        for (char **warning = attempt->warnings; *warning != NULL; warning++) {
            run_report_warn(report, *warning);
        }
        if (attempt->reject_file != NULL && report->reject_file == NULL) {
            report->reject_file = mem_copy_text(attempt->reject_file);
        } else if (attempt->reject_file != NULL) {
            CLEANUP(mem_free_text)
            char *text = mem_format("more dirty rows are in \"%s\"", attempt->reject_file);
            run_report_warn(report, text);
        }
    }
    atomic_store(&counters->slices_total, results->slice_count);
    atomic_store(&counters->slices_done, results->slice_count);
    report->readers = (int)results->slice_count;
    report->server = mem_copy_text(results->attempts[results->done[0]].server);
    if (results->repeats > 0) {
        CLEANUP(mem_free_text)
        char *text =
            mem_format("%zu slice%s more than once: the first complete attempt was taken",
                       results->repeats, results->repeats == 1 ? " was run" : "s were run");
        run_report_warn(report, text);
    }
}

static bool commit_check_dirty(const Job *job, const RunReport *report, Err *err)
{
    const uint64_t dirty = atomic_load(&report->counters.rows_dirty);
    if (job->dirty_limit < 0 || dirty <= (uint64_t)job->dirty_limit) {
        return true;
    }
    (void)fail(err, FAIL_DIRTY,
               "the slices have %" PRIu64 " dirty rows together, the limit is %" PRId64
               "; nothing was published",
               dirty, job->dirty_limit);
    return fail_hint(err, "Look at their reject files, or raise dirty_limit.");
}

static bool commit_publish(const Job *job, const PiecePlan *plan, const PieceResults *results,
                           Cancel *cancel, RunReport *report, Err *err)
{
    Counters counters = {0};
    CLEANUP(mem_free_text) char *attempt = piece_new_id(ATTEMPT_BYTES);
    CLEANUP(mem_free_text) char *part = mem_format("commit-%s", attempt);
    const SinkPiece piece = {.plan = plan->id, .part = part};
    CLEANUP(ends_done) Ends ends = {0};
    if (!ends_open_slice(job, /* slice= */ NULL, &counters, cancel, &ends, err)
        || !piece_plan_check_columns(plan, &ends, err)) {
        return false;
    }
    const char **adds = NULL;
    size_t count = 0;
    for (size_t i = 0; i < results->slice_count; i++) {
        const PieceAttempt *taken = &results->attempts[results->done[i]];
        adds = mem_grow(adds, (count + taken->add_count + 1) * sizeof(*adds));
        for (size_t a = 0; a < taken->add_count; a++) {
            adds[count++] = taken->adds[a];
        }
    }
    const bool done = ends.sink->ops->pieces->adopt(ends.sink, &piece, adds, count, err)
                      && cancel_check(cancel, err)
                      && ends.sink->ops->commit(ends.sink, &report->target, err);
    free(adds);
    return done;
}

// Whether the plan was committed before; its report then.
static bool commit_find(const Job *job, const PiecePlan *plan, RunReport *report,
                        bool *ret_is_found, Err *err)
{
    char *location = NULL;
    int64_t version = -1;
    if (!piece_look(job, plan, &version, &location, err)) {
        return false;
    }
    *ret_is_found = version >= 0;
    if (version >= 0) {
        CLEANUP(mem_free_text)
        char *text = mem_format(
            "the plan was already committed, at version %" PRId64 ": nothing was done", version);
        run_report_warn(report, text);
        report->target = (SinkResult){
            .location = mem_copy_text(location), .version = version, .replaced_rows = -1};
    }
    free(location);
    return true;
}

static bool pieces_do_commit(const Project *project, const PiecePlan *plan, const char *text,
                             size_t len, Cancel *cancel, RunReport *report, Err *err)
{
    CLEANUP(job_done) Job *job = NULL;
    bool is_found = false;
    if (!piece_plan_load_job(plan, project, &job, err)
        || !commit_find(job, plan, report, &is_found, err)) {
        return false;
    }
    if (is_found) {
        return true;
    }
    CLEANUP(piece_results_done) PieceResults results = {0};
    if (!piece_results_read(plan, text, len, &results, err)) {
        return false;
    }
    commit_sum(&results, report);
    commit_describe(&results, report);
    if (!commit_check_dirty(job, report, err)) {
        return false;
    }
    if (commit_publish(job, plan, &results, cancel, report, err)) {
        return true;
    }
    // Another commit of the same plan may have been quicker.
    Err ignored;
    return commit_find(job, plan, report, &is_found, &ignored) && is_found;
}

bool pieces_commit(const Project *project, const PiecePlan *plan, const char *results, size_t len,
                   Cancel *cancel, RunReport *ret_report, Err *err)
{
    RunReport *report = ret_report;
    *report = (RunReport){
        .job = mem_copy_text(plan->job), .bizdate = mem_copy_text(plan->bizdate), .attempts = 1};
    const bool done = pieces_do_commit(project, plan, results, len, cancel, report, err);
    if (!done) {
        atomic_store(&report->counters.rows_written, 0);
        atomic_store(&report->counters.bytes_written, 0);
        report->status = err->kind;
        report->error = *err;
    }
    return done;
}

bool pieces_abandon(const Project *project, const PiecePlan *plan, Cancel *cancel, Err *err)
{
    CLEANUP(job_done) Job *job = NULL;
    if (!piece_begin(project, plan, &job, err)) {
        return false;
    }
    Counters counters = {0};
    const SinkPiece piece = {.plan = plan->id, .part = "abandon"};
    CLEANUP(ends_done) Ends ends = {0};
    return ends_open_slice(job, /* slice= */ NULL, &counters, cancel, &ends, err)
           && ends.sink->ops->pieces->abandon(ends.sink, &piece, err);
}

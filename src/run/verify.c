// The first pass over both sides sums rows up by slice, in constant memory; equal sums are the
// proof, and the end. Where they differ, further passes look at the slices that do.
//
// The source's passes all see the snapshot that was opened for the first, the target's one version
// of the table. One side is read after the other: a source is seldom faster than its server, and a
// target whose partitions follow from the rows must know them.
#include "base/base.h"

#include "run/verify_internal.h"

#include "base/clock.h"
#include "run/drift.h"

// --- passes ---------------------------------------------------------------------------------------------

bool verify_pass(Verify *verify, CompareSide side, ScanVisit visit, void *object,
                 uint64_t *ret_rows, Err *err)
{
    Source *source = verify->ends.source;
    Sink *sink = verify->ends.sink;
    if (side == COMPARE_SOURCE && verify->is_again) {
        source->ops->rewind(source);
    }
    const LoadInput input = {
        .source = source,
        .reject = verify->is_again ? verify->again : verify->reject,
        .counters = verify->is_again ? &verify->again_counters : &verify->report->counters,
        .stop = verify->ends.stop,
    };
    Scan scan = {.info = verify->info, .visit = visit, .object = object, .stop = verify->ends.stop};
    if (!sink->ops->compare_rows(sink, side, &input, &scan.rows, err)
        || !scan_run(&scan, ret_rows, err)) {
        return false;
    }
    verify->is_again = verify->is_again || side == COMPARE_TARGET;
    return true;
}

// Sums of one side, a table a thread.
typedef struct SumPass {
    const SliceCut *cut;
    SliceSum *sums[JOB_THREADS_MAX];
} SumPass;

static bool sum_visit(void *object, size_t thread, RowHasher *hasher, const RowHash *hash,
                      const Value *row, Err *err)
{
    (void)hasher, (void)row, (void)err;
    SumPass *pass = object;
    const size_t slice = slice_cut_find(pass->cut, hash->key);
    if (slice != SIZE_MAX) {
        slice_sum_add(&pass->sums[thread][slice], hash);
    }
    return true;
}

static bool verify_sum_side(Verify *verify, const SliceCut *cut, CompareSide side,
                            SliceSum **ret_sums, Err *err)
{
    SumPass *pass = mem_alloc(sizeof(*pass));
    const size_t count = slice_cut_count(cut);
    pass->cut = cut;
    const size_t threads = (size_t)verify->job->threads;
    assert(threads <= ARRAY_LEN(pass->sums));
    for (size_t i = 0; i < threads; i++) {
        pass->sums[i] = mem_alloc(count * sizeof(SliceSum));
    }
    uint64_t rows = 0;
    const bool done = verify_pass(verify, side, sum_visit, pass, &rows, err);
    for (size_t i = 1; i < threads; i++) {
        slice_sums_merge(pass->sums[0], pass->sums[i], count);
        free(pass->sums[i]);
    }
    *ret_sums = pass->sums[0];
    free(pass);
    return done;
}

bool verify_sums(Verify *verify, const SliceCut *cut, SidesSums *ret_sums, Err *err)
{
    SidesSums sums = {0};
    if (!verify_sum_side(verify, cut, COMPARE_SOURCE, &sums.source, err)
        || !verify_sum_side(verify, cut, COMPARE_TARGET, &sums.target, err)) {
        sides_sums_done(&sums);
        return false;
    }
    *ret_sums = sums;
    return true;
}

void sides_sums_done(SidesSums *sums)
{
    free(sums->source);
    free(sums->target);
    *sums = (SidesSums){0};
}

// --- all of it ------------------------------------------------------------------------------------------

void verify_warn(VerifyReport *report, const char *text)
{
    report->warnings =
        mem_grow(report->warnings, (report->warning_count + 1) * sizeof(*report->warnings));
    report->warnings[report->warning_count++] = mem_copy_text(text);
}

// What both sides are, as far as it is known before the first row.
static void verify_note_columns(Verify *verify)
{
    VerifyReport *report = verify->report;
    const CompareInfo *info = verify->info;
    static const Drift drifts[] = {DRIFT_LOST, DRIFT_ADDED};
    static const char *const whys[] = {"not in the source", "not in the table"};
    for (size_t i = 0; i < ARRAY_LEN(drifts); i++) {
        CLEANUP(mem_free_text) char *columns = drift_columns(verify->ends.sink, drifts[i]);
        if (columns != NULL) {
            CLEANUP(mem_free_text) char *text = mem_format("%s %s: not compared", columns, whys[i]);
            verify_warn(report, text);
        }
    }
    schema_copy(&info->columns, &report->columns);
    report->key = mem_alloc((info->key_count + 1) * sizeof(*report->key));
    for (size_t i = 0; i < info->key_count; i++) {
        report->key[i] = info->key[i];
    }
    report->key_column_count = info->key_count;
    report->counts_extra = info->counts_extra;
    report->location = mem_copy_text(info->location);
    report->partition = mem_copy_text(info->partition);
    report->version = info->version;
}

static void verify_note_snapshot(Verify *verify)
{
    VerifyReport *report = verify->report;
    const SnapshotInfo *snapshot = verify->ends.source->ops->snapshot(verify->ends.source);
    report->read_usec = clock_now_usec();
    report->server = mem_copy_text(snapshot->server);
    report->snapshot = snapshot->position == NULL
                           ? mem_copy_text(snapshot->how)
                           : mem_format("%s at %s", snapshot->how, snapshot->position);
    report->is_one_moment = snapshot->is_one_moment;
    if (snapshot->warning != NULL) {
        verify_warn(report, snapshot->warning);
    }
}

// Which slices differ. Where the target may have more rows than the source, that is not known yet.
static bool verify_count(Verify *verify, const SidesSums *sums)
{
    VerifyReport *report = verify->report;
    for (size_t i = 0; i < SLICE_CUT_FIRST; i++) {
        const SliceSum *source = &sums->source[i];
        const SliceSum *target = &sums->target[i];
        report->rows_source += source->rows;
        report->rows_target += target->rows;
        report->slices += source->rows > 0 || target->rows > 0;
        report->slices_different += !slice_sum_equal(source, target);
    }
    report->files = verify->info->files;
    report->written_usec = verify->info->written_usec;
    return report->slices_different == 0;
}

static bool verify_fail_different(const Verify *verify, Err *err)
{
    CLEANUP(buf_done) Buf counts = {0};
    verify_report_counts(verify->report, &counts);
    (void)fail(err, FAIL_DIFFERENT, "the target differs from the source: %s", buf_text(&counts));
    return fail_hint(err,
                     "Where the source is still as it was, run the job again for that business "
                     "date; where rows were changed since, they show as differences.");
}

// Everything from the first sums on.
static bool verify_compare(Verify *verify, Err *err)
{
    VerifyReport *report = verify->report;
    SidesSums sums = {0};
    SliceCut *cut = slice_cut_new();
    bool done = verify_sums(verify, cut, &sums, err);
    report->is_complete = true;
    if (done && !verify_count(verify, &sums)) {
        done = verify_search(verify, cut, &sums, err) && verify_fetch(verify, err);
        if (done && (report->counts_extra || report->slices_different > 0)) {
            done = verify_fail_different(verify, err);
        }
    }
    sides_sums_done(&sums);
    slice_cut_free(cut);
    return done;
}

static bool verify_both(Verify *verify, Cancel *cancel, Err *err)
{
    const Job *job = verify->job;
    if (!ends_open(job, &verify->report->counters, cancel, &verify->ends, err)) {
        return false;
    }
    Source *source = verify->ends.source;
    Sink *sink = verify->ends.sink;
    if (!sink->ops->compare(sink, &verify->info, err)) {
        return false;
    }
    verify_note_columns(verify);
    if (!source->ops->begin(source, err)) {
        return false;
    }
    verify_note_snapshot(verify);
    return verify_compare(verify, err);
}

bool verify_run(const Job *job, const VerifyOptions *options, Cancel *cancel,
                VerifyReport *ret_report, Err *err)
{
    VerifyReport *report = ret_report;
    *report =
        (VerifyReport){.job = mem_copy_text(job->name), .bizdate = mem_copy_text(job->bizdate)};
    Verify verify = {.job = job, .options = options, .report = report};
    verify.reject = reject_new(NULL, /* limit= */ -1, &report->counters);
    verify.again = reject_new(NULL, /* limit= */ -1, &verify.again_counters);
    const int64_t begun = clock_monotonic_usec();
    Progress *progress = progress_start(job->name, &report->counters, options->style);
    const bool done = verify_both(&verify, cancel, err);
    ends_done(&verify.ends);
    progress_stop(progress);
    reject_free(verify.reject);
    reject_free(verify.again);
    report->seconds = (double)(clock_monotonic_usec() - begun) / 1e6;
    if (!done) {
        if (cancel_requested(cancel)) {
            (void)fail(err, FAIL_CANCELLED, "cancelled");
        }
        report->status = err->kind;
        report->error = *err;
    }
    return done;
}

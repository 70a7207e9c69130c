// From slices to keys. Slices that differ are cut finer until their rows fit into memory, or until
// that no longer helps because nearly everything differs; then the rows of both sides are matched.
//
// Where the target may rightly have rows that the source has not (append, merge), sums cannot
// narrow anything down: all rows of the source are matched then, as many slices at a time as fit.
#include "base/base.h"

#include "run/verify_internal.h"

#define MEMORY_SHARE 2   // of the job's memory; DuckDB has the other half
#define SUMS_OF_SIDES 4  // of the cut, and of the one before it
#define SLICES_MAX ((size_t)1 << 18)

typedef struct Search {
    Verify *verify;
    const SliceCut *root;  // the first cut: what the report calls slices
    SliceCut *cuts[8];     // that were made here
    size_t cut_count;
    const SliceCut *cut;  // the finest
    SidesSums own;        // of the finest cut, where it was made here
    const SidesSums *sums;
    bool *differs;  // one a slice of the finest cut
    bool *chosen;   // those whose rows are matched
    bool *found;    // one a slice of the first cut: has a difference that counts
    KeySet *set;
    uint64_t capacity;  // rows
    size_t slices_max;  // of a finer cut: each thread has sums of its own
} Search;

static void search_done(Search *search)
{
    key_set_free(search->set);
    sides_sums_done(&search->own);
    free(search->differs);
    free(search->chosen);
    free(search->found);
    while (search->cut_count > 0) {
        slice_cut_free(search->cuts[--search->cut_count]);
    }
}

// --- finer ----------------------------------------------------------------------------------------------

// The rows that matching a slice takes in.
static uint64_t search_slice_rows(const Search *search, size_t slice)
{
    const uint64_t source = search->sums->source[slice].rows;
    return search->verify->info->counts_extra ? source + search->sums->target[slice].rows : source;
}

// Marks the slices that differ; the rows in them.
static uint64_t search_mark(Search *search)
{
    const size_t count = slice_cut_count(search->cut);
    uint64_t rows = 0;
    free(search->differs);
    search->differs = mem_alloc((count + 1) * sizeof(*search->differs));
    for (size_t i = 0; i < count; i++) {
        search->differs[i] = !slice_sum_equal(&search->sums->source[i], &search->sums->target[i]);
        rows += search->differs[i] ? search_slice_rows(search, i) : 0;
    }
    return rows;
}

// Cuts until the rows fit, or half of them stay: what differs then differs nearly everywhere.
static bool search_narrow(Search *search, Err *err)
{
    uint64_t rows = search_mark(search);
    while (search->verify->info->counts_extra && rows > search->capacity
           && search->cut_count < ARRAY_LEN(search->cuts)) {
        SliceCut *finer = slice_cut_finer(search->cut, search->differs, search->slices_max);
        if (finer == NULL) {
            return true;
        }
        search->cuts[search->cut_count++] = finer;
        SidesSums sums = {0};
        if (!verify_sums(search->verify, finer, &sums, err)) {
            return false;
        }
        sides_sums_done(&search->own);
        search->own = sums;
        search->sums = &search->own;
        search->cut = finer;
        const uint64_t before = rows;
        rows = search_mark(search);
        if (rows > before / 2) {
            return true;
        }
    }
    return true;
}

// --- matching -------------------------------------------------------------------------------------------

static bool search_visit(Search *search, const RowHash *hash, CompareSide side, Err *err)
{
    const size_t slice = slice_cut_find(search->cut, hash->key);
    if (slice == SIZE_MAX || !search->chosen[slice]) {
        return true;
    }
    const bool has_room =
        side == COMPARE_SOURCE
            ? key_set_add_source(search->set, hash)
            : key_set_add_target(search->set, hash, !search->verify->info->counts_extra);
    if (!has_room) {
        (void)fail(err, FAIL_INTERNAL, "the differing rows do not fit into memory");
        return fail_hint(err, "Raise \"memory\" in the job.");
    }
    return true;
}

static bool search_visit_source(void *object, size_t thread, RowHasher *hasher, const RowHash *hash,
                                const Value *row, Err *err)
{
    (void)thread, (void)hasher, (void)row;
    return search_visit(object, hash, COMPARE_SOURCE, err);
}

static bool search_visit_target(void *object, size_t thread, RowHasher *hasher, const RowHash *hash,
                                const Value *row, Err *err)
{
    (void)thread, (void)hasher, (void)row;
    return search_visit(object, hash, COMPARE_TARGET, err);
}

static void search_take(void *object, const KeyDifference *difference)
{
    Search *search = object;
    VerifyReport *report = search->verify->report;
    switch (difference->kind) {
    case KEY_MISSING:
        report->missing += difference->rows;
        break;
    case KEY_EXTRA:
        if (!report->counts_extra) {
            return;
        }
        report->extra += difference->rows;
        break;
    case KEY_DIFFERENT:
        report->different += difference->rows;
        break;
    }
    const RowHash *hash = difference->kind == KEY_EXTRA ? &difference->target : &difference->source;
    search->found[slice_cut_find(search->root, hash->key)] = true;
    if (report->key_count < search->verify->options->limit) {
        report->keys = mem_grow(report->keys, (report->key_count + 1) * sizeof(*report->keys));
        report->keys[report->key_count++] = (VerifyKey){.difference = *difference};
    }
}

// Chooses differing slices from *at on, as many as fit and at least one; the rows in them.
static uint64_t search_choose(Search *search, size_t *at)
{
    const size_t count = slice_cut_count(search->cut);
    uint64_t rows = 0;
    memset(search->chosen, 0, count * sizeof(*search->chosen));
    for (; *at < count; (*at)++) {
        if (!search->differs[*at]) {
            continue;
        }
        const uint64_t more = search_slice_rows(search, *at);
        if (rows > 0 && rows + more > search->capacity) {
            break;
        }
        search->chosen[*at] = true;
        rows += more;
    }
    return rows;
}

// Matches the rows of the slices that were chosen.
static bool search_round(Search *search, uint64_t rows, Err *err)
{
    // A single slice may have more, of rows that repeat: those take one place.
    search->set = key_set_new(rows < search->capacity ? rows : search->capacity);
    uint64_t ignored = 0;
    const bool done =
        verify_pass(search->verify, COMPARE_SOURCE, search_visit_source, search, &ignored, err)
        && verify_pass(search->verify, COMPARE_TARGET, search_visit_target, search, &ignored, err);
    if (done) {
        key_set_differences(search->set, search_take, search);
    }
    key_set_free(search->set);
    search->set = NULL;
    return done;
}

static bool search_match(Search *search, Err *err)
{
    const size_t count = slice_cut_count(search->cut);
    search->chosen = mem_alloc((count + 1) * sizeof(*search->chosen));
    const bool counts_extra = search->verify->info->counts_extra;
    size_t at = 0;
    do {
        const uint64_t rows = search_choose(search, &at);
        if (rows > 0 && !search_round(search, rows, err)) {
            return false;
        }
        // That they differ is known from the sums: one round shows how.
    } while (!counts_extra && at < count);
    while (at < count && !search->differs[at]) {
        at++;
    }
    search->verify->report->is_complete = at == count;
    return true;
}

static void search_conclude(Search *search)
{
    VerifyReport *report = search->verify->report;
    if (!report->counts_extra) {
        report->slices_different = 0;
        for (size_t i = 0; i < SLICE_CUT_FIRST; i++) {
            report->slices_different += search->found[i];
        }
    } else if (report->is_complete && report->missing + report->extra + report->different == 0) {
        verify_warn(report,
                    "the slices that differed at the first reading are equal at the second: the "
                    "source has no snapshot, and changed in between");
    }
    if (!report->is_complete) {
        verify_warn(report,
                    "more rows differ than fit into memory: keys were searched in part of the "
                    "differing slices, and missing, extra and different are counted in that part; "
                    "raise \"memory\" in the job to see more");
    }
}

bool verify_search(Verify *verify, const SliceCut *cut, const SidesSums *sums, Err *err)
{
    const uint64_t memory = verify->job->memory_bytes / MEMORY_SHARE;
    const uint64_t sums_max =
        memory / sizeof(SliceSum) / ((size_t)verify->job->threads + SUMS_OF_SIDES);
    Search search = {
        .verify = verify,
        .root = cut,
        .cut = cut,
        .sums = sums,
        .found = mem_alloc(SLICE_CUT_FIRST * sizeof(bool)),
        .capacity = key_set_capacity(memory),
        .slices_max = sums_max < SLICES_MAX ? (size_t)sums_max : SLICES_MAX,
    };
    const bool done = search_narrow(&search, err) && search_match(&search, err);
    if (done) {
        search_conclude(&search);
    }
    search_done(&search);
    return done;
}

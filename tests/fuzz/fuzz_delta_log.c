// One file of a Delta log, as bytes, replayed into a table: with the fast scanner and without it,
// which must agree.
#include "base/base.h"

#include "base/text.h"
#include "lake/delta_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(DeltaState *state, bool with_scan, const uint8_t *data, size_t size, Err *err)
{
    const DeltaLines lines = {
        .scan = with_scan ? delta_state_scan : NULL,
        .each = delta_state_apply,
        .context = state,
    };
    return delta_log_parse((const char *)data, size, &lines, err)
           && delta_state_finish(state, 0, err);
}

static void expect(bool fact)
{
    if (!fact) {
        abort();
    }
}

static void expect_equal(const DeltaTable *a, const DeltaTable *b)
{
    expect(a->file_count == b->file_count && a->partition_count == b->partition_count);
    for (size_t i = 0; i < a->file_count; i++) {
        const DeltaFile *left = &a->files[i];
        const DeltaFile *right = &b->files[i];
        expect(text_equal(left->path, right->path) && text_equal(left->stats, right->stats));
        expect(left->size == right->size && left->rows == right->rows
               && left->modified_ms == right->modified_ms);
        for (size_t c = 0; c < a->partition_count; c++) {
            expect(text_equal(left->partition_values[c], right->partition_values[c]));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = {0};
    Err second = {0};
    CLEANUP(delta_state_cleanup)
    DeltaState *fast = delta_state_new("/t", /* keeps_removed= */ false);
    CLEANUP(delta_state_cleanup)
    DeltaState *slow = delta_state_new("/t", /* keeps_removed= */ false);
    const bool done = replay(fast, true, data, size, &err);
    expect(done == replay(slow, false, data, size, &second));
    if (done) {
        expect_equal(&fast->table, &slow->table);
    } else {
        expect(err.kind == FAIL_TARGET && err.hint[0] != '\0'
               && text_equal(err.message, second.message));
    }
    return 0;
}

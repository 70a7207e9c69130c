// The last pass, for people: the rows behind the hashes that are listed. A row is looked up by its
// hash in a sorted array, and its cells are kept as JSON, long ones cut.
#include "base/base.h"

#include "run/verify_internal.h"

#include <pthread.h>

#define CELL_BYTES_MAX ((size_t)1000)  // of a text that is shown

typedef struct Wanted {
    const RowHash *hash;
    VerifyRow *row;
} Wanted;

typedef struct Fetch {
    Verify *verify;
    Wanted *wanted;
    size_t count;
    pthread_mutex_t lock;
} Fetch;

static int wanted_order(const void *a, const void *b)
{
    const RowHash *x = ((const Wanted *)a)->hash;
    const RowHash *y = ((const Wanted *)b)->hash;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return memcmp(x->row, y->row, sizeof(x->row));
}

static void fetch_cell(const Value *value, Type type, Buf *out)
{
    Value shown = *value;
    if (value->state == VALUE_SET && (type.kind == TYPE_DATETIME || type.kind == TYPE_INSTANT)) {
        // The two sides may say it with more digits and with fewer.
        type.scale = value->i64 % 1000000 == 0 ? 0 : 6;
    }
    const bool has_bytes = type.kind == TYPE_TEXT || type.kind == TYPE_BYTES;
    if (value->state == VALUE_SET && has_bytes && value->len > CELL_BYTES_MAX) {
        shown.len = CELL_BYTES_MAX;
        // Not in the middle of a character.
        while (type.kind == TYPE_TEXT && shown.len > 0
               && ((unsigned char)value->bytes[shown.len] & 0xC0) == 0x80) {
            shown.len--;
        }
    }
    JsonWriter json = emit_writer(out);
    value_to_json(&shown, type, &json);
}

static void fetch_keep(const Fetch *fetch, VerifyRow *kept, RowHasher *hasher, const Value *row)
{
    const Schema *columns = &fetch->verify->info->columns;
    kept->cells = mem_alloc(columns->count * sizeof(*kept->cells));
    kept->hashes = mem_alloc(columns->count * sizeof(*kept->hashes));
    for (size_t i = 0; i < columns->count; i++) {
        const Value *value = row_hasher_value(hasher, row, i);
        CLEANUP(buf_done) Buf text = {0};
        fetch_cell(value, row_hasher_type(hasher, i), &text);
        kept->cells[i] = mem_copy_text(buf_text(&text));
        kept->hashes[i] = row_hasher_cell(hasher, row, i);
    }
}

static bool fetch_visit(void *object, size_t thread, RowHasher *hasher, const RowHash *hash,
                        const Value *row, Err *err)
{
    (void)thread, (void)err;
    Fetch *fetch = object;
    size_t low = 0;
    size_t high = fetch->count;
    const Wanted sought = {.hash = hash};
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (wanted_order(&fetch->wanted[middle], &sought) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // One row may be wanted by several keys: where rows of a key repeat.
    for (; low < fetch->count && wanted_order(&fetch->wanted[low], &sought) == 0; low++) {
        VerifyRow *kept = fetch->wanted[low].row;
        (void)pthread_mutex_lock(&fetch->lock);
        if (kept->cells == NULL) {
            fetch_keep(fetch, kept, hasher, row);
        }
        (void)pthread_mutex_unlock(&fetch->lock);
    }
    return true;
}

static bool fetch_side(Fetch *fetch, CompareSide side, Err *err)
{
    VerifyReport *report = fetch->verify->report;
    fetch->count = 0;
    for (size_t i = 0; i < report->key_count; i++) {
        VerifyKey *key = &report->keys[i];
        const KeyKind without = side == COMPARE_SOURCE ? KEY_EXTRA : KEY_MISSING;
        if (key->difference.kind != without) {
            const bool is_source = side == COMPARE_SOURCE;
            fetch->wanted[fetch->count++] =
                (Wanted){.hash = is_source ? &key->difference.source : &key->difference.target,
                         .row = is_source ? &key->source : &key->target};
        }
    }
    if (fetch->count == 0) {
        return true;
    }
    qsort(fetch->wanted, fetch->count, sizeof(*fetch->wanted), wanted_order);
    uint64_t ignored = 0;
    return verify_pass(fetch->verify, side, fetch_visit, fetch, &ignored, err);
}

// Of numbers, by their size; of all else, the short before the long.
static int key_order(const void *a, const void *b, void *object)
{
    const VerifyReport *report = object;
    const VerifyKey *x = a;
    const VerifyKey *y = b;
    char **cells_x = x->source.cells != NULL ? x->source.cells : x->target.cells;
    char **cells_y = y->source.cells != NULL ? y->source.cells : y->target.cells;
    if (cells_x == NULL || cells_y == NULL) {
        return (cells_x == NULL) - (cells_y == NULL);
    }
    const bool has_key = report->key_column_count > 0;
    const size_t count = has_key ? report->key_column_count : report->columns.count;
    for (size_t i = 0; i < count; i++) {
        const char *cell_x = cells_x[has_key ? report->key[i] : i];
        const char *cell_y = cells_y[has_key ? report->key[i] : i];
        const size_t len_x = strlen(cell_x);
        const size_t len_y = strlen(cell_y);
        const int order = len_x != len_y ? (len_x < len_y ? -1 : 1) : strcmp(cell_x, cell_y);
        if (order != 0) {
            return order;
        }
    }
    return (int)x->difference.kind - (int)y->difference.kind;
}

bool verify_fetch(Verify *verify, Err *err)
{
    VerifyReport *report = verify->report;
    Fetch fetch = {.verify = verify,
                   .wanted = mem_alloc((report->key_count + 1) * sizeof(*fetch.wanted))};
    (void)pthread_mutex_init(&fetch.lock, NULL);
    const bool done =
        fetch_side(&fetch, COMPARE_SOURCE, err) && fetch_side(&fetch, COMPARE_TARGET, err);
    (void)pthread_mutex_destroy(&fetch.lock);
    free(fetch.wanted);
    if (done && report->key_count > 0) {
        qsort_r(report->keys, report->key_count, sizeof(*report->keys), key_order, report);
    }
    return done;
}

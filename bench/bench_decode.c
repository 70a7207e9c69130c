// Nanoseconds that decode_row takes for one row shaped like TPC-H's lineitem: 16 columns, the text
// that a server sends. Prints the median and the best of several rounds.
//
// Usage: bench_decode [rounds]. The thread's CPU time counts, so that other programs disturb
// little. The rows are made up once from a fixed seed and repeat every 4,096, so that branches are
// not learned by heart; the row's texts lie one behind the other as in a packet.
#include "base/base.h"

#include <stdio.h>
#include <time.h>

#include "base/number.h"
#include "source/mysql/decode.h"

enum { COLUMNS = 16, ROWS = 4096, REPEATS = 100, ROUNDS_MAX = 101 };

typedef struct TextRow {
    char *texts[COLUMNS];
    unsigned long lengths[COLUMNS];
} TextRow;

static const DecodeColumn LINEITEM[COLUMNS] = {
    {.form = DECODE_INT, .type = {.kind = TYPE_INT64}},  // orderkey
    {.form = DECODE_INT, .type = {.kind = TYPE_INT32}},  // partkey
    {.form = DECODE_INT, .type = {.kind = TYPE_INT32}},  // suppkey
    {.form = DECODE_INT, .type = {.kind = TYPE_INT32}},  // linenumber
    {.form = DECODE_DECIMAL,
     .type = {.kind = TYPE_DECIMAL, .precision = 15, .scale = 2}},  // quantity
    {.form = DECODE_DECIMAL, .type = {.kind = TYPE_DECIMAL, .precision = 15, .scale = 2}},  // price
    {.form = DECODE_DECIMAL,
     .type = {.kind = TYPE_DECIMAL, .precision = 15, .scale = 2}},  // discount
    {.form = DECODE_DECIMAL, .type = {.kind = TYPE_DECIMAL, .precision = 15, .scale = 2}},  // tax
    {.form = DECODE_TEXT, .type = {.kind = TYPE_TEXT}},  // returnflag
    {.form = DECODE_TEXT, .type = {.kind = TYPE_TEXT}},  // linestatus
    {.form = DECODE_DATE, .type = {.kind = TYPE_DATE}},  // shipdate
    {.form = DECODE_DATE, .type = {.kind = TYPE_DATE}},  // commitdate
    {.form = DECODE_DATE, .type = {.kind = TYPE_DATE}},  // receiptdate
    {.form = DECODE_TEXT, .type = {.kind = TYPE_TEXT}},  // shipinstruct
    {.form = DECODE_TEXT, .type = {.kind = TYPE_TEXT}},  // shipmode
    {.form = DECODE_TEXT, .type = {.kind = TYPE_TEXT}},  // comment
};

// xorshift64*: the same rows on every machine.
static uint64_t bench_random(uint64_t *state, uint64_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(0x2545F4914F6CDD1D) >> 33) % below;
}

static void bench_fill_row(Buf *out, uint64_t number, uint64_t *seed, size_t offsets[COLUMNS + 1])
{
    static const char *const INSTRUCTIONS[] = {"DELIVER IN PERSON", "COLLECT COD", "NONE",
                                               "TAKE BACK RETURN"};
    static const char *const MODES[] = {"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"};
    static const char WORDS[] =
        "carefully final deposits sleep furiously across the regular ideas ";
    size_t column = 0;
#define CELL(...) (offsets[column++] = out->len, buf_add_format(out, __VA_ARGS__))
    CELL("%" PRIu64, number * 4 + 1);
    CELL("%" PRIu64, 1 + bench_random(seed, 200000));
    CELL("%" PRIu64, 1 + bench_random(seed, 10000));
    CELL("%" PRIu64, 1 + bench_random(seed, 7));
    CELL("%" PRIu64 ".00", 1 + bench_random(seed, 50));
    const uint64_t cents = 90000 + bench_random(seed, 10000000);
    CELL("%" PRIu64 ".%02" PRIu64, cents / 100, cents % 100);
    CELL("0.%02" PRIu64, bench_random(seed, 11));
    CELL("0.%02" PRIu64, bench_random(seed, 9));
    CELL("%c", "ANR"[bench_random(seed, 3)]);
    CELL("%c", "OF"[bench_random(seed, 2)]);
    for (int i = 0; i < 3; i++) {
        const int day = (int)bench_random(seed, 7 * 12 * 28);
        CELL("%04d-%02d-%02d", 1992 + day / (12 * 28), 1 + day / 28 % 12, 1 + day % 28);
    }
    CELL("%s", INSTRUCTIONS[bench_random(seed, 4)]);
    CELL("%s", MODES[bench_random(seed, 7)]);
    const uint64_t cut = bench_random(seed, 34 * 20);
    CELL("%.*s", 10 + (int)(cut % 34), WORDS + cut / 34);
#undef CELL
    offsets[COLUMNS] = out->len;
}

static double bench_nanoseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int bench_compare(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
    int64_t rounds = 11;
    if (argc > 1
        && (!number_parse_i64(argv[1], strlen(argv[1]), &rounds) || rounds < 1
            || rounds > ROUNDS_MAX)) {
        fprintf(stderr, "usage: bench_decode [rounds]\n");
        return 2;
    }
    CLEANUP(buf_done) Buf packet = {0};
    size_t(*offsets)[COLUMNS + 1] = mem_alloc(ROWS * sizeof(*offsets));
    TextRow *rows = mem_alloc(ROWS * sizeof(*rows));
    uint64_t seed = 20161114;
    for (size_t i = 0; i < ROWS; i++) {
        bench_fill_row(&packet, i * 1400, &seed, offsets[i]);
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            rows[i].texts[j] = packet.data + offsets[i][j];
            rows[i].lengths[j] = offsets[i][j + 1] - offsets[i][j];
        }
    }

    double nanoseconds[ROUNDS_MAX];
    uint64_t zero_dates = 0;
    uint64_t dirty = 0;
    uint64_t sum = 0;
    DecodeScratch scratch = {0};
    Value row[COLUMNS];
    for (int64_t round = 0; round < rounds; round++) {
        const double begin = bench_nanoseconds();
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            for (size_t i = 0; i < ROWS; i++) {
                decode_row(LINEITEM, COLUMNS, rows[i].texts, rows[i].lengths, &scratch, row,
                           &zero_dates);
                sum += row[0].u64 + row[12].u64;
                dirty += row[15].state == VALUE_DIRTY;
            }
        }
        nanoseconds[round] = (bench_nanoseconds() - begin) / ((double)ROWS * REPEATS);
    }
    qsort(nanoseconds, (size_t)rounds, sizeof(double), bench_compare);
    printf("decode_row, lineitem, %d columns, %.0f bytes: %.1f ns a row (median), %.1f (best)\n",
           COLUMNS, (double)packet.len / ROWS, nanoseconds[rounds / 2], nanoseconds[0]);
    fprintf(stderr, "checksum %" PRIu64 ", dirty %" PRIu64 "\n", sum, dirty);
    free(rows);
    free(offsets);
    buf_done(&scratch.buf);
    return 0;
}

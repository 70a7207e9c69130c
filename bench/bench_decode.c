// Nanoseconds that decode_row takes for one row shaped like TPC-H's lineitem: 16 columns, the
// packet that a server sends for a prepared statement. Prints the median and the best of several
// rounds.
//
// Usage: bench_decode [rounds]. The thread's CPU time counts, so that other programs disturb
// little. The rows are made up once from a fixed seed and repeat every 4,096, so that branches are
// not learned by heart; the packets lie one behind the other. The decoder changes nothing in them,
// since there is no geometry.
#include "base/base.h"

#include <stdio.h>
#include <time.h>

#include "base/number.h"
#include "source/mysql/decode.h"

enum { COLUMNS = 16, ROWS = 4096, REPEATS = 100, ROUNDS_MAX = 101 };

static const DecodeColumn LINEITEM[COLUMNS] = {
    {.form = DECODE_INT64, .type = {.kind = TYPE_INT64}},  // orderkey
    {.form = DECODE_INT32, .type = {.kind = TYPE_INT32}},  // partkey
    {.form = DECODE_INT32, .type = {.kind = TYPE_INT32}},  // suppkey
    {.form = DECODE_INT32, .type = {.kind = TYPE_INT32}},  // linenumber
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

static void bench_add_int(Buf *out, uint64_t number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf_add_char(out, (char)(number >> (8 * i) & 0xFF));
    }
}

static void bench_add_row(Buf *out, uint64_t number, uint64_t *seed)
{
    static const char *const INSTRUCTIONS[] = {"DELIVER IN PERSON", "COLLECT COD", "NONE",
                                               "TAKE BACK RETURN"};
    static const char *const MODES[] = {"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"};
    static const char WORDS[] =
        "carefully final deposits sleep furiously across the regular ideas ";
    size_t begin;
#define TEXT(...)                                                                 \
    (begin = out->len, buf_add_char(out, '\0'), buf_add_format(out, __VA_ARGS__), \
     out->data[begin] = (char)(out->len - begin - 1))
    bench_add_int(out, 0, 1 + (COLUMNS + 2 + 7) / 8);  // the first byte and the bitmap of NULLs
    bench_add_int(out, number * 4 + 1, 8);
    bench_add_int(out, 1 + bench_random(seed, 200000), 4);
    bench_add_int(out, 1 + bench_random(seed, 10000), 4);
    bench_add_int(out, 1 + bench_random(seed, 7), 4);
    TEXT("%" PRIu64 ".00", 1 + bench_random(seed, 50));
    const uint64_t cents = 90000 + bench_random(seed, 10000000);
    TEXT("%" PRIu64 ".%02" PRIu64, cents / 100, cents % 100);
    TEXT("0.%02" PRIu64, bench_random(seed, 11));
    TEXT("0.%02" PRIu64, bench_random(seed, 9));
    TEXT("%c", "ANR"[bench_random(seed, 3)]);
    TEXT("%c", "OF"[bench_random(seed, 2)]);
    for (int i = 0; i < 3; i++) {
        const uint64_t day = bench_random(seed, 7 * 12 * 28);
        bench_add_int(out, 4, 1);
        bench_add_int(out, 1992 + day / (12 * 28), 2);
        bench_add_int(out, 1 + day / 28 % 12, 1);
        bench_add_int(out, 1 + day % 28, 1);
    }
    TEXT("%s", INSTRUCTIONS[bench_random(seed, 4)]);
    TEXT("%s", MODES[bench_random(seed, 7)]);
    const uint64_t cut = bench_random(seed, 34 * 20);
    TEXT("%.*s", 10 + (int)(cut % 34), WORDS + cut / 34);
#undef TEXT
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
    CLEANUP(buf_done) Buf packets = {0};
    size_t *offsets = mem_alloc((ROWS + 1) * sizeof(*offsets));
    uint64_t seed = 20161114;
    for (size_t i = 0; i < ROWS; i++) {
        bench_add_row(&packets, i * 1400, &seed);
        offsets[i + 1] = packets.len;
    }
    unsigned char *bytes = (unsigned char *)packets.data;

    double nanoseconds[ROUNDS_MAX];
    uint64_t zero_dates = 0;
    uint64_t bad = 0;
    uint64_t sum = 0;
    DecodeText texts[COLUMNS];
    Value row[COLUMNS];
    for (int64_t round = 0; round < rounds; round++) {
        const double begin = bench_nanoseconds();
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            for (size_t i = 0; i < ROWS; i++) {
                const bool is_whole =
                    decode_row(LINEITEM, COLUMNS, bytes + offsets[i], offsets[i + 1] - offsets[i],
                               texts, row, &zero_dates);
                sum += row[0].u64 + row[12].u64;
                bad += !is_whole || row[15].state == VALUE_DIRTY;
            }
        }
        nanoseconds[round] = (bench_nanoseconds() - begin) / ((double)ROWS * REPEATS);
    }
    qsort(nanoseconds, (size_t)rounds, sizeof(double), bench_compare);
    printf("decode_row, lineitem, %d columns, %.0f bytes: %.1f ns a row (median), %.1f (best)\n",
           COLUMNS, (double)packets.len / ROWS, nanoseconds[rounds / 2], nanoseconds[0]);
    fprintf(stderr, "checksum %" PRIu64 ", bad %" PRIu64 "\n", sum, bad);
    free(offsets);
    return 0;
}

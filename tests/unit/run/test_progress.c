// What a progress line says, and that it never wraps.
#include "run/progress.h"

#include "unit.h"

static Counters counters_of(uint64_t rows, uint64_t estimated)
{
    return (Counters){.rows_read = rows,
                      .rows_estimated = estimated,
                      .bytes_read = rows * 100,
                      .slices_done = 3,
                      .slices_total = 8};
}

static void progress__half_way(void **state)
{
    (void)state;
    Counters counters = counters_of(500000, 1000000);
    CLEANUP(buf_done) Buf line = {0};
    progress_line("ods_oplog", &counters, 5, 100000, 120, &line);
    assert_non_null(strstr(buf_text(&line), "50%"));
    assert_non_null(
        strstr(buf_text(&line), "500,000 rows  100,000 rows/s  47.7 MiB  3/8 slices  0:05 left"));
    assert_true(line.len < 120);
}

static void progress__an_estimate_that_runs_over_stays_below_the_end(void **state)
{
    (void)state;
    Counters counters = counters_of(2000000, 1000000);
    CLEANUP(buf_done) Buf line = {0};
    progress_line("j", &counters, 65, 1000, 120, &line);
    assert_non_null(strstr(buf_text(&line), "99%"));
    assert_null(strstr(buf_text(&line), "left"));
    assert_non_null(strstr(buf_text(&line), "1:05"));
}

static void progress__no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    Counters counters = counters_of(UINT64_MAX / 200, UINT64_MAX / 2);
    atomic_store(&counters.rows_dirty, 12);
    for (unsigned width = 1; width < 200; width++) {
        CLEANUP(buf_done) Buf line = {0};
        progress_line("a_rather_long_name_of_a_job", &counters, 3601, 1, width, &line);
        assert_true(line.len < width || width == 1);
    }
}

static void progress__without_a_bar_for_logs(void **state)
{
    (void)state;
    Counters counters = counters_of(10, 0);
    CLEANUP(buf_done) Buf line = {0};
    progress_line("j", &counters, 1, 10, 0, &line);
    assert_null(strstr(buf_text(&line), "["));
    assert_non_null(strstr(buf_text(&line), "j  10 rows  10 rows/s"));
}

static void progress__fields_are_left_out_whole(void **state)
{
    (void)state;
    Counters counters = counters_of(500000, 1000000);
    static const struct {
        unsigned width;
        const char *line;
    } lines[] = {
        {60, "ods_oplog  500,000 rows  100,000 rows/s  47.7 MiB"},
        {64, "ods_oplog  500,000 rows  100,000 rows/s  47.7 MiB  3/8 slices"},
        {26, "ods_oplog  500,000 rows"},
        {24, "ods_oplog  500,000 rows"},
        {23, "ods_oplog"},
        {5, "ods_"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        CLEANUP(buf_done) Buf line = {0};
        progress_line("ods_oplog", &counters, 5, 100000, lines[i].width, &line);
        assert_string_equal(buf_text(&line), lines[i].line);
    }
    // Two columns a character, three bytes.
    CLEANUP(buf_done) Buf line = {0};
    progress_line("\xE8\xAF\xB4\xE6\x98\x8E", &counters, 5, 100000, 4, &line);
    assert_string_equal(buf_text(&line), "\xE8\xAF\xB4");
}

static void progress__one_of_a_kind_is_no_plural(void **state)
{
    (void)state;
    Counters counters = {.rows_read = 1, .slices_total = 1};
    CLEANUP(buf_done) Buf line = {0};
    progress_line("j", &counters, 5, 0, 0, &line);
    assert_string_equal(buf_text(&line), "j  1 row  0 rows/s  0 B  0/1 slice  0:05");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress__half_way),
        cmocka_unit_test(progress__an_estimate_that_runs_over_stays_below_the_end),
        cmocka_unit_test(progress__no_line_is_wider_than_the_terminal),
        cmocka_unit_test(progress__without_a_bar_for_logs),
        cmocka_unit_test(progress__fields_are_left_out_whole),
        cmocka_unit_test(progress__one_of_a_kind_is_no_plural),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

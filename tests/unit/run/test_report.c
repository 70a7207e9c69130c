// The JSON summary: one object, the keys that scripts rely on, null where there is nothing to say.
#include "run/report.h"

#include <jansson.h>

#include "unit.h"

static json_t *report_parse(const RunReport *report)
{
    CLEANUP(buf_done) Buf out = {0};
    run_report_json(report, &out);
    assert_int_equal(out.data[out.len - 1], '\n');
    json_t *json = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static void report__has_the_promised_keys(void **state)
{
    (void)state;
    RunReport report = {
        .job = mem_copy_text("j"), .bizdate = mem_copy_text("20161114"), .seconds = 2};
    report.target.location = mem_copy_text("/lake/t");
    report.target.partition = mem_copy_text("ds=20161114");
    report.target.version = 3;
    atomic_store(&report.counters.rows_read, 10);
    run_report_warn(&report, "careful");
    run_report_warn(&report, "careful");
    json_t *json = report_parse(&report);
    static const char *const keys[] = {
        "job",      "bizdate",           "status", "rows_read", "rows_written", "rows_dirty",
        "bytes",    "seconds",           "target", "partition", "partitions",   "version",
        "snapshot", "peak_memory_bytes", "slices", "error",     "warnings",     "rows_per_second"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_object_get(json, keys[i]) == NULL) {
            fail_msg("no key %s", keys[i]);
        }
    }
    assert_string_equal(json_string_value(json_object_get(json, "status")), "done");
    assert_true(json_is_null(json_object_get(json, "error")));
    assert_int_equal(json_integer_value(json_object_get(json, "version")), 3);
    assert_int_equal(json_integer_value(json_object_get(json, "rows_per_second")), 5);
    assert_int_equal(json_array_size(json_object_get(json, "warnings")), 1);
    json_decref(json);
    run_report_done(&report);
}

static void report__a_failure_says_its_kind_and_publishes_no_version(void **state)
{
    (void)state;
    RunReport report = {.job = mem_copy_text("j"), .bizdate = mem_copy_text("20161114")};
    (void)fail(&report.error, FAIL_SOURCE, "no \"way\"\n");
    report.status = FAIL_SOURCE;
    json_t *json = report_parse(&report);
    assert_string_equal(json_string_value(json_object_get(json, "status")), "failed");
    assert_true(json_is_null(json_object_get(json, "version")));
    json_t *error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(error, "kind")), "source");
    assert_string_equal(json_string_value(json_object_get(error, "message")), "no \"way\"\n");
    json_decref(json);
    run_report_done(&report);
}

static void report__counts_what_was_written(void **state)
{
    (void)state;
    RunReport report = {.job = mem_copy_text("j"), .bizdate = mem_copy_text("20161114")};
    report.target.location = mem_copy_text("/lake/t");
    report.target.partition = mem_copy_text("ds=20161114,region={region}");
    static const struct {
        size_t partitions;
        int64_t replaced;
        const char *line;
    } cases[] = {
        {3, 0, "/lake/t ds=20161114,region={region} (3 partitions) version 0\n"},
        {1, 1, "/lake/t ds=20161114,region={region} (1 partition) version 0, replaced 1 row\n"},
        {0, 2, "/lake/t ds=20161114,region={region} (0 partitions) version 0, replaced 2 rows\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        report.target.partitions = cases[i].partitions;
        report.target.replaced_rows = cases[i].replaced;
        CLEANUP(buf_done) Buf text = {0};
        run_report_text(&report, &text);
        assert_non_null(strstr(buf_text(&text), cases[i].line));
    }
    run_report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report__has_the_promised_keys),
        cmocka_unit_test(report__counts_what_was_written),
        cmocka_unit_test(report__a_failure_says_its_kind_and_publishes_no_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

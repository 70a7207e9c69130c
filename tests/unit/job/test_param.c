// Scheduling parameters. The tables are the examples of the product's page "Supported formats of
// scheduling parameters" and "Comparison of custom parameter formats" with the results printed
// there; the edges were worked out with a paper calendar.
#include "base/base.h"

#include "unit.h"

#include "job/param.h"

typedef struct Example {
    const char *text;
    const char *expected;
} Example;

static ParamSet set_of(const char *bizdate, int hour, int minute, int second)
{
    ParamSet params = {0};
    Err err = {0};
    ASSERT_OK(param_set_bizdate(&params, bizdate, hour, minute, &err), err);
    params.scheduled.second = second;
    return params;
}

static void assert_expands(const ParamSet *params, const char *text, const char *expected)
{
    CLEANUP(buf_done) Buf out = {0};
    Err err = {0};
    if (!param_expand(params, text, &out, &err)) {
        fail_msg("%s: %s (%s)", text, err.message, err.hint);
    }
    if (strcmp(buf_text(&out), expected) != 0) {
        fail_msg("%s: got \"%s\", expected \"%s\"", text, buf_text(&out), expected);
    }
}

static void assert_all(const ParamSet *params, const Example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_expands(params, examples[i].text, examples[i].expected);
    }
}

static void assert_refused(const ParamSet *params, const char *text, const char *part)
{
    CLEANUP(buf_done) Buf out = {0};
    Err err = {0};
    ASSERT_FAIL(param_expand(params, text, &out, &err), err, FAIL_CONFIG, part);
}

// The product's worked example: business date 20251031, scheduled at 2025-11-01 02:30:45.
static void expand__formats_of_the_product(void **state)
{
    (void)state;
    const ParamSet params = set_of("20251031", 2, 30, 45);
    static const Example EXAMPLES[] = {
        {"${yyyymmdd}", "20251031"},
        {"$[yyyymmddhh24miss]", "20251101023045"},
        {"${yyyy}", "2025"},
        {"$[yyyy]", "2025"},
        {"${mm}", "10"},
        {"$[mm]", "11"},
        {"${dd}", "31"},
        {"$[dd]", "01"},
        {"$[hh24]", "02"},
        {"$[hh]", "02"},
        {"$[hh12]", "02"},
        {"$[mi]", "30"},
        {"$[ss]", "45"},
        {"${yyyymm}", "202510"},
        {"$[yyyymm]", "202511"},
        {"${yyyy-mm-dd}", "2025-10-31"},
        {"$[yyyy-mm-dd]", "2025-11-01"},
        {"${yyyy/mm/dd}", "2025/10/31"},
        {"${yy}", "25"},
        {"$[hh24:mi:ss]", "02:30:45"},
        {"$bizdate", "20251031"},
        {"$cyctime", "20251101023045"},
        {"$gmtdate", "20251101"},
        {"${bizdate}", "20251031"},
        {"${bdp.system.bizdate}", "20251031"},
        {"${bdp.system.cyctime}", "20251101023045"},
        {"${gmtdate} ${cyctime}", "20251101 20251101023045"},
        // Java's spelling of months occurs in the product's own examples.
        {"$[yyyyMMdd-1]", "20251031"},
        {"${yyyyMMdd}", "20251031"},
        {"$[YYYYMMDD]", "20251101"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

static void expand__offsets_of_the_business_date(void **state)
{
    (void)state;
    const ParamSet params = set_of("20251031", 2, 30, 45);
    static const Example EXAMPLES[] = {
        {"${yyyy-1}", "2024"},           {"${yy-1}", "24"},
        {"${yyyy+1}", "2026"},           {"${yyyymm-1}", "202509"},
        {"${yymm-1}", "2509"},           {"${yyyymm+3}", "202601"},
        {"${yyyymm-10}", "202412"},      {"${mm-1}", "09"},
        {"${yyyymmdd-1}", "20251030"},   {"${yyyymmdd+1}", "20251101"},
        {"${yyyymmdd-7*1}", "20251024"}, {"${yyyymmdd-7*2}", "20251017"},
        {"${yyyymmdd+7*1}", "20251107"}, {"${yyyy-mm-dd-1}", "2025-10-30"},
        {"${yyyymmdd-1-1}", "20251029"}, {"${dd-30}", "01"},
        {"${yyyymm}01", "20251001"},     {"$[yyyymm]01", "20251101"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

static void expand__offsets_of_the_scheduled_time(void **state)
{
    (void)state;
    const ParamSet params = set_of("20251031", 2, 30, 45);
    static const Example EXAMPLES[] = {
        {"$[yyyymmdd-1]", "20251031"},
        {"$[yyyymmdd+7*1]", "20251108"},
        {"$[yyyymmdd-7*1]", "20251025"},
        {"$[hh24miss-1/24]", "013045"},
        {"$[hh24miss+1/24]", "033045"},
        {"$[hh24-1/24]", "01"},
        {"$[hh24miss-1/24/60]", "022945"},
        {"$[hh24miss+30/24/60]", "030045"},
        {"$[mi-15/24/60]", "15"},
        {"$[yyyymmddhh24miss-1/24]", "20251101013045"},
        {"$[yyyymmddhh24miss-30/24/60]", "20251101020045"},
        {"$[yyyymmddhh24mi-30/24/60]", "202511010200"},
        {"$[hh24miss-1/24/60]", "022945"},
        // Previous day and previous hour.
        {"$[yyyymmdd-1-1/24]", "20251031"},
        {"$[yyyymmddhh24-1-1/24]", "2025103101"},
        // One hour or a quarter of one back is the same day here, so the same month and year.
        {"$[mm-1/24]", "11"},
        {"$[yyyy-1/24]", "2025"},
        {"$[yyyymm-1/24]", "202511"},
        {"$[yyyymmdd-1/24]", "20251101"},
        {"$[yyyy-15/24/60]", "2025"},
        {"$[yyyymm-15/24/60]", "202511"},
        {"$[yyyymmdd-15/24/60]", "20251101"},
        {"$[hh24-15/24/60]", "02"},
        {"$[hh24:mi:ss-1/24/60]", "02:29:45"},
        // Days written as fractions.
        {"$[yyyymm-24/24]", "202510"},
        {"$[yyyymmdd-2*3/6]", "20251031"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

static void expand__add_months(void **state)
{
    (void)state;
    const ParamSet params = set_of("20251031", 2, 30, 45);
    static const Example EXAMPLES[] = {
        {"$[add_months(yyyymmdd,-1)]", "20251001"},
        {"$[add_months(yyyymmdd,-12)]", "20241101"},
        {"$[add_months(yyyymmdd,12*1)]", "20261101"},
        {"$[add_months(yyyymmdd,-12*2)]", "20231101"},
        {"$[add_months(yyyymm,-1)]", "202510"},
        {"$[add_months(yyyymm,+2)]", "202601"},
        {"$[add_months(yyyy-mm-dd,1)]", "2025-12-01"},
        {"$[add_months(yyyymmdd, -1)]", "20251001"},
        {"$[add_months(yyyymmddhh24miss,-1)]", "20251001023045"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

// The product's second page: scheduled at 2025-07-20 10:30:00.
static void expand__comparison_page(void **state)
{
    (void)state;
    const ParamSet params = set_of("20250719", 10, 30, 0);
    static const Example EXAMPLES[] = {
        {"${yyyy}", "2025"},
        {"${yy}", "25"},
        {"${yyyy-1}", "2024"},
        {"$[add_months(yyyymmdd,-12)]", "20240720"},
        {"${mm}", "07"},
        {"$[mm]", "07"},
        {"$[dd]", "20"},
        {"${yyyy-mm-dd-29}", "2025-06-20"},
        {"$[add_months(yyyy-mm-dd,-1)]", "2025-06-20"},
        {"${yyyy-mm-dd}", "2025-07-19"},
        {"$[yyyy-mm-dd-1]", "2025-07-19"},
        {"${yyyy-mm-dd-364}", "2024-07-20"},
        {"$[hh24:mi:ss]", "10:30:00"},
        {"$[yyyy-mm-dd] $[hh24:mi:ss]", "2025-07-20 10:30:00"},
        {"$[yyyy-mm-dd] $[hh24:mi:ss-1/24/60]", "2025-07-20 10:29:00"},
        {"$[yyyy-mm-dd] $[hh24:mi:ss-1/24]", "2025-07-20 09:30:00"},
        {"$[yyyymmddhh24:mi:ss-1]", "2025071910:30:00"},
        {"$[yyyymmdd-1] $[hh24:mi:ss]", "20250719 10:30:00"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

// Backfill and daily runs: $[] is the business date plus one, at the schedule's time of day.
static void expand__scheduled_time_is_the_day_after(void **state)
{
    (void)state;
    ParamSet params = set_of("2025-03-15", 0, 0, 0);
    assert_expands(&params, "${yyyymmdd} $[yyyymmddhh24miss]", "20250315 20250316000000");
    params = set_of("20250314", 0, 0, 0);
    assert_expands(&params, "${yyyymmdd} $[yyyymmddhh24miss]", "20250314 20250315000000");
    params = set_of("20161114", 0, 30, 0);
    assert_expands(&params, "ds=${bizdate} $cyctime", "ds=20161114 20161115003000");
    // Over the ends of months and years, and the leap days of 2000 and 2024 (but not 1900 and
    // 2025).
    params = set_of("20241231", 0, 0, 0);
    assert_expands(&params, "$gmtdate", "20250101");
    params = set_of("20240228", 0, 0, 0);
    assert_expands(&params, "$gmtdate", "20240229");
    params = set_of("20250228", 0, 0, 0);
    assert_expands(&params, "$gmtdate", "20250301");
    params = set_of("20000228", 0, 0, 0);
    assert_expands(&params, "$gmtdate", "20000229");
    params = set_of("19000228", 0, 0, 0);
    assert_expands(&params, "$gmtdate", "19000301");
}

static void expand__month_ends_are_clamped(void **state)
{
    (void)state;
    // Scheduled on 2025-03-31: the product's own example of clamping.
    ParamSet params = set_of("20250330", 0, 0, 0);
    assert_expands(&params, "$[add_months(yyyymmdd,-1)]", "20250228");
    assert_expands(&params, "$[add_months(yyyymmdd,-13)]", "20240229");
    assert_expands(&params, "$[add_months(yyyymmdd,1)]", "20250430");
    assert_expands(&params, "$[add_months(yyyymmdd,11)]", "20260228");
    assert_expands(&params, "$[add_months(yyyymmdd,35)]", "20280229");
    // Scheduled on a leap day.
    params = set_of("20240228", 0, 0, 0);
    assert_expands(&params, "$[add_months(yyyymmdd,12)]", "20250228");
    assert_expands(&params, "$[add_months(yyyymmdd,-12*4)]", "20200229");
    // Months of a business date at a month's end never skip one.
    params = set_of("20250331", 0, 0, 0);
    assert_expands(&params, "${yyyymm-1} ${yyyymm+1} ${yyyymm-13}", "202502 202504 202402");
    params = set_of("20240229", 0, 0, 0);
    assert_expands(&params, "${yyyy-1} ${yyyymmdd-1} ${yyyymmdd+1}", "2023 20240228 20240301");
    params = set_of("20250101", 0, 0, 0);
    assert_expands(&params, "${yyyymm-1} ${yyyymmdd-1} ${yyyy-1}", "202412 20241231 2024");
}

static void expand__hours_cross_midnight(void **state)
{
    (void)state;
    // Scheduled on 2025-01-01 at 00:30.
    const ParamSet params = set_of("20241231", 0, 30, 0);
    static const Example EXAMPLES[] = {
        {"$[yyyymmddhh24miss-1/24]", "20241231233000"},
        {"$[yyyymmdd-1/24]", "20241231"},
        {"$[yyyymm-1/24] $[yyyy-1/24] $[mm-1/24]", "202412 2024 12"},
        {"$[hh24-1/24]", "23"},
        {"$[yyyymmddhh24miss-31/24/60]", "20241231235900"},
        {"$[yyyymmddhh24miss-30/24/60]", "20250101000000"},
        {"$[yyyymmddhh24miss-1-1/24]", "20241230233000"},
        {"$[yyyymmddhh24miss+47/24]", "20250102233000"},
        // Midnight and noon are twelve o'clock.
        {"$[hh12] $[hh12+12/24] $[hh12-1/24] $[hh12+13/24]", "12 12 11 01"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

// 1/24/60 has no exact binary form. Every minute of a day must come out on the second.
static void expand__minutes_are_exact(void **state)
{
    (void)state;
    const ParamSet params = set_of("20250101", 0, 0, 0);
    for (int minute = 0; minute <= 1440; minute++) {
        CLEANUP(mem_free_text) char *text = mem_format("$[yyyymmddhh24miss+%d/24/60]", minute);
        const int day = minute == 1440 ? 3 : 2;
        CLEANUP(mem_free_text)
        char *expected = mem_format("202501%02d%02d%02d00", day, minute / 60 % 24, minute % 60);
        assert_expands(&params, text, expected);
    }
    assert_expands(&params, "$[hh24miss+1/24/60/60]", "000001");
    assert_expands(&params, "$[hh24miss+59/24/3600]", "000059");
    // Sums stay exact: seven sevenths are a day.
    assert_expands(&params, "$[yyyymmddhh24miss+1/7+1/7+1/7+1/7+1/7+1/7+1/7]", "20250103000000");
    // A part of a second belongs to the second that holds it, on both sides of the base.
    assert_expands(&params, "$[hh24miss+1/24/60/60/2]", "000000");
    assert_expands(&params, "$[hh24miss-1/24/60/60/2]", "235959");
}

static void expand__bizmonth(void **state)
{
    (void)state;
    // The product's two cases: today is 2025-11-01.
    ParamSet params = set_of("20251102", 0, 0, 0);
    params.today = (Civil){.year = 2025, .month = 11, .day = 1};
    assert_expands(&params, "$bizmonth", "202510");
    params = set_of("20251031", 0, 0, 0);
    params.today = (Civil){.year = 2025, .month = 11, .day = 1};
    assert_expands(&params, "$bizmonth ${bizmonth}", "202510 202510");
    // January goes back to December; the same month of another year is another month.
    params = set_of("20250110", 0, 0, 0);
    params.today = (Civil){.year = 2025, .month = 1, .day = 11};
    assert_expands(&params, "$bizmonth", "202412");
    params.today = (Civil){.year = 2026, .month = 1, .day = 11};
    assert_expands(&params, "$bizmonth", "202501");
}

static void expand__dollars_that_are_text(void **state)
{
    (void)state;
    const ParamSet params = set_of("20161114", 0, 30, 0);
    static const Example EXAMPLES[] = {
        {"", ""},
        {"no parameter", "no parameter"},
        {"$", "$"},
        {"a$", "a$"},
        {"5 $ ", "5 $ "},
        {"$$bizdate", "$bizdate"},
        {"$${bizdate}", "${bizdate}"},
        {"$$$$", "$$"},
        {"$$$bizdate", "$20161114"},
        {"j->'$.a.b'", "j->'$.a.b'"},
        {"j->'$[0]' = '$[last-1]' or '$[*].x' or '$[1 to 3]'",
         "j->'$[0]' = '$[last-1]' or '$[*].x' or '$[1 to 3]'"},
        {"regexp_replace(a, 'x', '$1')", "regexp_replace(a, 'x', '$1')"},
        {"'$other'", "'$other'"},
        {"${env:HOME} ${file:/x}", "${env:HOME} ${file:/x}"},
        {"d>='${yyyy-mm-dd}'and d<'${yyyy-mm-dd+1}'", "d>='2016-11-14'and d<'2016-11-15'"},
    };
    assert_all(&params, EXAMPLES, ARRAY_LEN(EXAMPLES));
}

static void expand__says_what_is_wrong(void **state)
{
    (void)state;
    const ParamSet params = set_of("20161114", 0, 30, 0);
    assert_refused(&params, "${bizdat}",
                   "unknown parameter \"${bizdat}\", did you mean \"${bizdate}\"?");
    assert_refused(&params, "$bizdat", "did you mean \"$bizdate\"?");
    assert_refused(&params, "$bizdate01", "Write ${bizdate} where letters or digits follow it.");
    assert_refused(&params, "${region}", "unknown parameter \"${region}\"");
    assert_refused(&params, "${region}", "--param region=");
    assert_refused(&params, "$jobid", "no value outside DataWorks");
    assert_refused(&params, "${bizdate", "\"}\" is missing");
    assert_refused(&params, "$[yyyymmdd", "\"]\" is missing");
    assert_refused(&params, "${}", "no format");
    assert_refused(&params, "$[-1]", "no format");
    assert_refused(&params, "${yyyymmddhh24}", "the business date has no time of day");
    assert_refused(&params, "${yyyy-mm-dd-1/24}", "use $[...] for parts of a day");
    assert_refused(&params, "$[yyyy-1]", "$[add_months(yyyy,N)]");
    assert_refused(&params, "$[mm-1]", "would not move by months or years");
    assert_refused(&params, "$[yyyymm+1]", "$[add_months(yyyymm,N)]");
    assert_refused(&params, "${add_months(yyyymmdd,-1)}", "$[add_months(...)]");
    assert_refused(&params, "$[add_months(yyyymmdd)]", "needs a format and a number");
    assert_refused(&params, "$[add_months(yyyymmdd,1/2)]", "months cannot be divided");
    assert_refused(&params, "$[add_months(yyyymmdd,-1)-1]", "nothing may follow");
    assert_refused(&params, "$[yyyyMMddHHmmss]", "hh24");
    assert_refused(&params, "$[yyyymmddhh24mmss]", "minutes are mi");
    assert_refused(&params, "$[yyyymmdx]", "the format may hold");
    assert_refused(&params, "${yyy}", "the format may hold");
    assert_refused(&params, "$[yyyymmdd-1/0]", "divides by zero");
    assert_refused(&params, "$[yyyymmdd-1/]", "a number is missing");
    assert_refused(&params, "$[yyyymmdd-1x]", "\"+\" or \"-\" was expected");
    assert_refused(&params, "$[yyyymmdd-9999999999]", "more than nine digits");
    assert_refused(&params, "$[yyyymmdd-999999999*999999999]", "too large");
    assert_refused(&params, "$[yyyymmdd-999999999]", "0001 to 9999");
    assert_refused(&params, "${yyyy-2016}", "0001 to 9999");
    assert_refused(&params, "$[add_months(yyyy,999999)]", "0001 to 9999");
}

static void bizdate__is_a_real_day(void **state)
{
    (void)state;
    static const char *const WRONG[] = {
        "",           "2016111",   "201611140", "2016-11-1", "20161131", "20250229",
        "19000229",   "20161301",  "20160001",  "20161100",  "00000101", "99991231",
        "2016/11/14", "2016-1114", "2O161114",  " 20161114", "-2016111"};
    for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
        ParamSet params = {0};
        Err err = {0};
        ASSERT_FAIL(param_set_bizdate(&params, WRONG[i], 0, 0, &err), err, FAIL_CONFIG,
                    "business date");
        assert_int_equal(params.bizdate_year, 0);
    }
    const ParamSet params = set_of("2000-02-29", 23, 59, 0);
    assert_int_equal(params.bizdate_day, 29);
    assert_int_equal(params.scheduled.month, 3);
    assert_int_equal(params.scheduled.day, 1);
    assert_int_equal(params.scheduled.hour, 23);
    assert_int_equal(params.scheduled.minute, 59);
}

static void args__of_a_node(void **state)
{
    (void)state;
    ParamSet params = set_of("20161114", 1, 15, 0);
    Err err = {0};
    ASSERT_OK(
        param_set_add_args(
            &params, "bizdate=$bizdate hour=$[hh24-1/24]  env=prod first=${yyyymm}01 one", &err),
        err);
    assert_expands(&params, "${bizdate}/${hour}/${env}/${first}/${1}",
                   "20161114/00/prod/20161101/one");
    // A later value replaces the earlier one, and may use it.
    ASSERT_OK(param_set_add_args(&params, "env=${env}2 two three", &err), err);
    assert_expands(&params, "${env} ${1} ${2}", "prod2 two three");
    ASSERT_FAIL(param_set_add_args(&params, "a=b=c", &err), err, FAIL_CONFIG, "second \"=\"");
    ASSERT_FAIL(param_set_add_args(&params, "=b", &err), err, FAIL_CONFIG, "cannot be the name");
    ASSERT_FAIL(param_set_add_args(&params, "a=$bizdte", &err), err, FAIL_CONFIG,
                "did you mean \"$bizdate\"?");
    ASSERT_FAIL(param_set_add_args(&params, "a=$nothing_like_it", &err), err, FAIL_CONFIG,
                "unknown parameter");
    param_set_done(&params);
}

// The legacy string of the product's own parser test, at 2016-11-15 01:15.
static void args__of_datax(void **state)
{
    (void)state;
    ParamSet params = set_of("20161114", 1, 15, 0);
    Err err = {0};
    ASSERT_OK(param_set_add(&params, "env_path", "/tmp", &err), err);
    ASSERT_OK(
        param_set_add_args(&params,
                           "-p\"-Dbizdate=$bizdate -Denv_path=$env_path -Dendtime=$[yyyymmdd hh24] "
                           "-Dbegintime=$[yyyymmdd hh24 - 1/24] -Dgmtdate=$gmtdate\"",
                           &err),
        err);
    assert_expands(&params, "${bizdate},${env_path},${endtime},${begintime},${gmtdate}",
                   "20161114,/tmp,20161115 01,20161115 00,20161115");
    ASSERT_FAIL(param_set_add_args(&params, "-p\"-Da=b", &err), err, FAIL_CONFIG, "closing quote");
    ASSERT_FAIL(param_set_add_args(&params, "-p\"a=b\"", &err), err, FAIL_CONFIG,
                "does not begin with -D");
    ASSERT_FAIL(param_set_add_args(&params, "-p \"-Da\"", &err), err, FAIL_CONFIG, "has no value");
    param_set_done(&params);
}

static void values__are_computed_once(void **state)
{
    (void)state;
    ParamSet params = set_of("20161114", 0, 30, 0);
    Err err = {0};
    ASSERT_OK(param_set_add(&params, "text", "$${bizdate}", &err), err);
    ASSERT_OK(param_set_add(&params, "day", "${yyyy-mm-dd-1}", &err), err);
    assert_expands(&params, "${text} ${day}", "${bizdate} 2016-11-13");
    // A custom parameter comes before what its name would mean otherwise; $bizdate stays the
    // system's.
    ASSERT_OK(param_set_add(&params, "yyyymmdd", "mine", &err), err);
    ASSERT_OK(param_set_add(&params, "bizdate", "other", &err), err);
    assert_expands(&params, "${yyyymmdd} ${bizdate} $bizdate", "mine other 20161114");
    ASSERT_FAIL(param_set_add(&params, "a b", "x", &err), err, FAIL_CONFIG, "cannot be the name");
    ASSERT_FAIL(param_set_add(&params, "", "x", &err), err, FAIL_CONFIG, "cannot be the name");
    ASSERT_FAIL(param_set_add(&params, "x", "${bad", &err), err, FAIL_CONFIG, "parameter \"x\"");
    param_set_done(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expand__formats_of_the_product),
        cmocka_unit_test(expand__offsets_of_the_business_date),
        cmocka_unit_test(expand__offsets_of_the_scheduled_time),
        cmocka_unit_test(expand__add_months),
        cmocka_unit_test(expand__comparison_page),
        cmocka_unit_test(expand__scheduled_time_is_the_day_after),
        cmocka_unit_test(expand__month_ends_are_clamped),
        cmocka_unit_test(expand__hours_cross_midnight),
        cmocka_unit_test(expand__minutes_are_exact),
        cmocka_unit_test(expand__bizmonth),
        cmocka_unit_test(expand__dollars_that_are_text),
        cmocka_unit_test(expand__says_what_is_wrong),
        cmocka_unit_test(bizdate__is_a_real_day),
        cmocka_unit_test(args__of_a_node),
        cmocka_unit_test(args__of_datax),
        cmocka_unit_test(values__are_computed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

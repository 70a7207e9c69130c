// Calendar and zones, against dates worked out by other means (Python's datetime and zoneinfo).
#include "base/clock.h"

#include "unit.h"

static void civil__known_days(void **state)
{
    (void)state;
    assert_int_equal(civil_to_days(1970, 1, 1), 0);
    assert_int_equal(civil_to_days(2016, 11, 14), 17119);
    assert_int_equal(civil_to_days(2000, 2, 29), 11016);
    assert_int_equal(civil_to_days(1969, 12, 31), -1);
    assert_int_equal(civil_to_days(1, 1, 1), -719162);
    assert_int_equal(civil_to_days(0, 1, 1), -719528);
    assert_int_equal(civil_to_days(9999, 12, 31), 2932896);
}

static void civil__round_trip_every_day_of_ten_thousand_years(void **state)
{
    (void)state;
    int year = 0, month = 1, day = 1;
    for (int64_t days = -719528; days <= 2932896; days++) {
        Civil civil = civil_from_usec(days * INT64_C(86400000000) + 1);
        if (civil.year != year || civil.month != month || civil.day != day || civil.micros != 1) {
            fail_msg("day %" PRId64 " came as %d-%d-%d, not %d-%d-%d", days, civil.year,
                     civil.month, civil.day, year, month, day);
        }
        assert_int_equal(civil_to_days(year, month, day), days);
        if (++day > civil_days_in_month(year, month)) {
            day = 1;
            month = month == 12 ? 1 : month + 1;
            year += month == 1 ? 1 : 0;
        }
    }
}

static void civil__before_the_epoch_keeps_micros_positive(void **state)
{
    (void)state;
    Civil civil = civil_from_usec(-1);
    assert_int_equal(civil.year, 1969);
    assert_int_equal(civil.hour, 23);
    assert_int_equal(civil.second, 59);
    assert_int_equal(civil.micros, 999999);
    assert_int_equal(civil_to_usec(&civil), -1);
}

static void zone__shanghai_midnight(void **state)
{
    (void)state;
    Err err = {0};
    ASSERT_OK(clock_set_zone("Asia/Shanghai", &err), err);
    Civil midnight = {.year = 2016, .month = 11, .day = 14};
    assert_int_equal(clock_local_to_usec(&midnight), INT64_C(1479052800000000));
    assert_int_equal(clock_offset_seconds(INT64_C(1479052800000000)), 28800);
    Civil back = clock_usec_to_local(INT64_C(1479052800000000));
    assert_int_equal(back.day, 14);
    assert_int_equal(back.hour, 0);
}

static void zone__new_york_skipped_and_repeated_hours(void **state)
{
    (void)state;
    Err err = {0};
    ASSERT_OK(clock_set_zone("America/New_York", &err), err);
    // 2024-03-10 02:30 does not exist: forward to 03:30 EDT = 07:30Z.
    Civil skipped = {.year = 2024, .month = 3, .day = 10, .hour = 2, .minute = 30};
    assert_int_equal(clock_local_to_usec(&skipped), INT64_C(1710055800000000));
    // 2024-11-03 01:30 occurs twice: the first is EDT = 05:30Z.
    Civil repeated = {.year = 2024, .month = 11, .day = 3, .hour = 1, .minute = 30};
    assert_int_equal(clock_local_to_usec(&repeated), INT64_C(1730611800000000));
}

static void zone__unknown_name_is_refused(void **state)
{
    (void)state;
    Err err = {0};
    ASSERT_FAIL(clock_set_zone("Asia/Shanghia", &err), err, FAIL_CONFIG, "unknown time zone");
    ASSERT_FAIL(clock_set_zone("../../etc/passwd", &err), err, FAIL_CONFIG, "unknown time zone");
    ASSERT_FAIL(clock_set_zone("Asia", &err), err, FAIL_CONFIG, "unknown time zone");
}

static void civil_take__whole_parts_only(void **state)
{
    (void)state;
    static const char text[] = "2016-02-29 23:59:59.0405;";
    Civil civil = {0};
    size_t at = 0;
    assert_true(civil_take_date(text, strlen(text), &at, &civil));
    assert_int_equal(at, 10);
    at++;
    assert_true(civil_take_time(text, strlen(text), &at, &civil));
    assert_int_equal(at, strlen(text) - 1);
    assert_int_equal(civil.year * 10000 + civil.month * 100 + civil.day, 20160229);
    assert_int_equal(civil.hour * 10000 + civil.minute * 100 + civil.second, 235959);
    assert_int_equal(civil.micros, 40500);
    static const char *const dates[] = {"2015-02-29", "2016-13-01", "2016-1-01", "2016-01-0", ""};
    static const char *const times[] = {"24:00:00", "1:00:00", "00:00", "00:00:00.",
                                        "00:00:00.1234567"};
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        at = 0;
        assert_false(civil_take_date(dates[i], strlen(dates[i]), &at, &civil));
        at = 0;
        assert_false(civil_take_time(times[i], strlen(times[i]), &at, &civil));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil__known_days),
        cmocka_unit_test(civil__round_trip_every_day_of_ten_thousand_years),
        cmocka_unit_test(civil__before_the_epoch_keeps_micros_positive),
        cmocka_unit_test(civil_take__whole_parts_only),
        cmocka_unit_test(zone__shanghai_midnight),
        cmocka_unit_test(zone__new_york_skipped_and_repeated_hours),
        cmocka_unit_test(zone__unknown_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

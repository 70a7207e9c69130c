// Clock and calendar. The calendar is arithmetic on days from 0000-03-01, the usual trick that puts
// the leap day at a year's end; the zone is libc's, chosen once by TZ.
#include "base/clock.h"

#include <time.h>
#include <unistd.h>

#include "base/fs.h"

#define USEC_PER_SECOND INT64_C(1000000)
#define USEC_PER_DAY (INT64_C(86400) * USEC_PER_SECOND)

static int64_t clock_read(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now);
    return now.tv_sec * USEC_PER_SECOND + now.tv_nsec / 1000;
}

int64_t clock_now_usec(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic_usec(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

int64_t civil_to_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int64_t civil_to_usec(const Civil *civil)
{
    int64_t seconds = civil_to_days(civil->year, civil->month, civil->day) * 86400
                      + civil->hour * 3600 + civil->minute * 60 + civil->second;
    return seconds * USEC_PER_SECOND + civil->micros;
}

Civil civil_from_usec(int64_t usec)
{
    int64_t days = floor_div(usec, USEC_PER_DAY);
    int64_t rest = usec - days * USEC_PER_DAY;
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    int64_t seconds = rest / USEC_PER_SECOND;
    return (Civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
        .hour = (int)(seconds / 3600),
        .minute = (int)(seconds / 60 % 60),
        .second = (int)(seconds % 60),
        .micros = (int)(rest % USEC_PER_SECOND),
    };
}

int civil_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

// `count` digits at text[*at] as a number, followed by `after` (0: nothing is asked).
static bool clock_take_digits(const char *text, size_t len, size_t *at, size_t count, char after,
                              int *ret_number)
{
    int number = 0;
    if (len - *at < count + (after != 0)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char c = text[(*at)++];
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (c - '0');
    }
    *ret_number = number;
    return after == 0 || text[(*at)++] == after;
}

bool civil_take_date(const char *text, size_t len, size_t *at, Civil *ret_civil)
{
    return clock_take_digits(text, len, at, 4, '-', &ret_civil->year)
           && clock_take_digits(text, len, at, 2, '-', &ret_civil->month)
           && clock_take_digits(text, len, at, 2, 0, &ret_civil->day) && ret_civil->month >= 1
           && ret_civil->month <= 12 && ret_civil->day >= 1
           && ret_civil->day <= civil_days_in_month(ret_civil->year, ret_civil->month);
}

bool civil_take_time(const char *text, size_t len, size_t *at, Civil *ret_civil)
{
    if (!clock_take_digits(text, len, at, 2, ':', &ret_civil->hour)
        || !clock_take_digits(text, len, at, 2, ':', &ret_civil->minute)
        || !clock_take_digits(text, len, at, 2, 0, &ret_civil->second) || ret_civil->hour > 23
        || ret_civil->minute > 59 || ret_civil->second > 59) {
        return false;
    }
    ret_civil->micros = 0;
    if (*at == len || text[*at] != '.') {
        return true;
    }
    const size_t begin = ++*at;
    int unit = 100000;
    for (; *at < len && text[*at] >= '0' && text[*at] <= '9'; (*at)++) {
        ret_civil->micros += (text[*at] - '0') * unit;
        unit /= 10;
        if (*at - begin == 6) {
            return false;
        }
    }
    return *at > begin;
}

bool clock_check_zone(const char *name, Err *err)
{
    // libc takes an unknown name for UTC without a word, so the zone's file is looked for first.
    CLEANUP(mem_free_text) char *path = mem_format("/usr/share/zoneinfo/%s", name);
    bool is_utc = strcmp(name, "UTC") == 0;
    if (!is_utc
        && (strstr(name, "..") != NULL || name[0] == '/' || !fs_exists(path) || fs_is_dir(path))) {
        (void)fail(err, FAIL_CONFIG, "unknown time zone \"%s\"", name);
        return fail_hint(err, "Use a name of the IANA database such as \"Asia/Shanghai\" or "
                              "\"UTC\"; the package tzdata holds them.");
    }
    return true;
}

bool clock_set_zone(const char *name, Err *err)
{
    if (name == NULL || name[0] == '\0') {
        tzset();
        return true;
    }
    if (!clock_check_zone(name, err)) {
        return false;
    }
    if (setenv("TZ", name, /* overwrite= */ 1) != 0) {
        return fail(err, FAIL_INTERNAL, "could not set the time zone \"%s\"", name);
    }
    tzset();
    return true;
}

int clock_offset_seconds(int64_t usec)
{
    time_t seconds = (time_t)floor_div(usec, USEC_PER_SECOND);
    struct tm local;
    return localtime_r(&seconds, &local) == NULL ? 0 : (int)local.tm_gmtoff;
}

int64_t clock_local_to_usec(const Civil *local)
{
    // mktime with tm_isdst -1 leaves the choice at a repeated hour to libc; asking for both
    // readings and taking the earlier one that is true makes it ours.
    int64_t as_utc = civil_to_usec(local);
    int64_t before = as_utc - clock_offset_seconds(as_utc - USEC_PER_DAY) * USEC_PER_SECOND;
    int64_t after = as_utc - clock_offset_seconds(as_utc + USEC_PER_DAY) * USEC_PER_SECOND;
    int64_t first = before < after ? before : after;
    int64_t second = before < after ? after : before;
    if (as_utc - clock_offset_seconds(first) * USEC_PER_SECOND == first) {
        return first;
    }
    if (as_utc - clock_offset_seconds(second) * USEC_PER_SECOND == second) {
        return second;
    }
    // Skipped by a change: the offset before it carries the time forward over the gap.
    return before;
}

Civil clock_usec_to_local(int64_t usec)
{
    return civil_from_usec(usec + clock_offset_seconds(usec) * USEC_PER_SECOND);
}

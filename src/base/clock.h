// Time: what the clock says, and the arithmetic of the proleptic Gregorian calendar.
//
// Microseconds since 1970-01-01T00:00:00 everywhere; days since 1970-01-01 for dates.
#pragma once

#include "base/err.h"

typedef struct Civil {
    int year;   // astronomical: 0 is 1 BC
    int month;  // 1..12
    int day;    // 1..31
    int hour, minute, second;
    int micros;
} Civil;

int64_t clock_now_usec(void);        // wall clock, UTC
int64_t clock_monotonic_usec(void);  // for measuring

int64_t civil_to_days(int year, int month, int day);
int64_t civil_to_usec(const Civil *civil);  // as if the civil time were UTC
Civil civil_from_usec(int64_t usec);
int civil_days_in_month(int year, int month);

// Reads "2016-11-14", or "08:30:00" with up to six fractional digits, from text[*at] on and moves
// *at past it. False where it is none, or no day or time that exists; *ret_civil then has no
// meaning. Each sets its own members only.
bool civil_take_date(const char *text, size_t len, size_t *at, Civil *ret_civil) MUST_CHECK;
bool civil_take_time(const char *text, size_t len, size_t *at, Civil *ret_civil) MUST_CHECK;

// FAIL_CONFIG where no zone of that name is known; changes nothing.
bool clock_check_zone(const char *name, Err *err) MUST_CHECK;

// Makes `name` ("Asia/Shanghai", "UTC") the zone of the process for the two calls below; NULL or ""
// keeps the machine's. Call once at start, before threads. FAIL_CONFIG where the zone is unknown.
bool clock_set_zone(const char *name, Err *err) MUST_CHECK;

// Local wall time in the process's zone <-> instant. A local time that a DST change skips moves
// forward; one that occurs twice means the first. Thread: any after clock_set_zone.
int64_t clock_local_to_usec(const Civil *local);
Civil clock_usec_to_local(int64_t usec);
int clock_offset_seconds(int64_t usec);  // local minus UTC at that instant

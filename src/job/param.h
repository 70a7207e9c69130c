// Scheduling parameters: ${yyyymmdd-1}, $[hh24miss-1/24], $[add_months(yyyymmdd,-1)], $bizdate ...
//
// Two bases, both fixed when an instance is created: ${...} counts from the business date, $[...]
// from the scheduled time. Grammar and examples: DataWorks, "Supported formats of scheduling
// parameters" (the project's docs/guide.md repeats the table).
#pragma once

#include "base/buf.h"
#include "base/clock.h"

typedef struct ParamPair {
    char *name;
    char *value;
    bool is_used;  // a text took the value since it was set
} ParamPair;

typedef struct ParamSet {
    int bizdate_year, bizdate_month, bizdate_day;
    Civil scheduled;   // the instance's scheduled time, local; its date is bizdate + 1
    Civil today;       // the date that $bizmonth compares with
    ParamPair *pairs;  // custom parameters by name, already computed: args of the job, then --param
    size_t pair_count;
} ParamSet;

void param_set_done(ParamSet *params);

// "YYYYMMDD" or "YYYY-MM-DD" of a real day into the set, scheduled time = the day after at
// hour:minute.
bool param_set_bizdate(ParamSet *params, const char *text, int hour, int minute, Err *err)
    MUST_CHECK;

// Adds or replaces one custom parameter; the value's own parameters are computed here, once.
bool param_set_add(ParamSet *params, const char *name, const char *value, Err *err) MUST_CHECK;
// The product's parameter string: `bizdate=$bizdate hour=$[hh24-1/24]`, or -p"-Dname=value ...".
bool param_set_add_args(ParamSet *params, const char *args, Err *err) MUST_CHECK;

// True where ${name} has a value.
bool param_is_known(const ParamSet *params, const char *name) MUST_CHECK;

// Copies `text` to `out` with every parameter replaced. ${name} of a name that is neither custom
// nor built in is FAIL_CONFIG and names the nearest known one. `$$` writes one `$`; ${env:..} and
// ${file:..} are left as they are.
bool param_expand(const ParamSet *params, const char *text, Buf *out, Err *err) MUST_CHECK;

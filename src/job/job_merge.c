// What `mode: merge` adds to a target: the key, and the base, the partition whose rows go on where
// the source says nothing new about them.
//
// The base is the same partition of the business date before unless the job names another. It is
// found by computing the partition's text once more, a day earlier, with all that is in it: an own
// parameter that holds the date, or a month that begins a year, is right by itself then.
#include "base/base.h"

#include "job/job_internal.h"

#include "base/text.h"

const char *const WRITE_MODE_NAMES[] = {"overwrite", "append", "merge", NULL};

bool job_params_day_before(const ParamSet *params, int hour, int minute, ParamSet *ret_params,
                           Err *err)
{
    const Civil day = {
        .year = params->bizdate_year, .month = params->bizdate_month, .day = params->bizdate_day};
    const Civil before = civil_from_usec(civil_to_usec(&day) - 1);
    char text[9];
    job_date_text(&before, text);
    if (!job_set_bizdate(ret_params, text, hour, minute, err)) {
        return false;
    }
    ret_params->today = params->today;  // which may be that of an earlier instance
    return true;
}

static bool base_order(const TargetSpec *target, const PartitionPart *parts, size_t count,
                       PartitionPart *ordered, Err *err)
{
    bool is_same = count == target->partition_count;
    for (size_t i = 0; is_same && i < count; i++) {
        size_t at = 0;
        while (at < count && !text_equal_nocase(parts[at].column, target->partition[i].column)) {
            at++;
        }
        is_same = at < count;
        ordered[i] = is_same ? parts[at] : (PartitionPart){0};
        if (is_same && parts[at].value == NULL) {
            (void)fail(err, FAIL_CONFIG, "\"base\" takes \"%s\" from the rows", parts[at].column);
            return fail_hint(err, "A base is one partition that exists: write its value.");
        }
    }
    return is_same
           || fail(err, FAIL_CONFIG, "\"base\" and \"partition\" do not name the same columns");
}

bool job_set_base(TargetSpec *target, const char *text, Err *err)
{
    PartitionPart *parts = NULL;
    size_t count = 0;
    if (!partition_parse(text, &parts, &count, err)) {
        return false;
    }
    PartitionPart *ordered = mem_alloc(count * sizeof(*ordered));
    if (!base_order(target, parts, count, ordered, err)) {
        free(ordered);
        partition_parts_free(parts, count);
        return false;
    }
    free(parts);
    target->base = ordered;
    return true;
}

bool job_check_merge(const TargetSpec *target, Err *err)
{
    for (size_t i = 0; i < target->partition_count; i++) {
        if (target->partition[i].value == NULL) {
            (void)fail(err, FAIL_CONFIG,
                       "a merge writes one partition, and this one takes \"%s\" from the rows",
                       target->partition[i].column);
            return fail_hint(err,
                             "Write a fixed value, or one job for each, or \"mode: overwrite\".");
        }
    }
    return true;
}

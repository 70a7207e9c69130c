// Scheduling parameters: names, and where they stand in a text. The time expressions are in
// param_time.c.
//
// A set is computed once, when an instance is created, and never looks at the clock: the same
// instance gives the same text however often it runs. Values are inserted as they are and not
// looked at again. MySQL's JSON paths ('$.a', '$[0]', '$[last]') and '$1' pass through untouched.
#include "base/base.h"

#include "job/param_internal.h"

#include "base/text.h"

// Names that have a value in every set. Those of the product's own objects have none here.
static const char *const BUILT_IN[] = {
    "bizdate", "cyctime", "gmtdate", "bizmonth", "bdp.system.bizdate", "bdp.system.cyctime",
};
static const char *const PRODUCT_ONLY[] = {"jobid", "nodeid", "taskid"};

enum { HOW_MANY_BUILT_IN = ARRAY_LEN(BUILT_IN) };

void param_set_done(ParamSet *params)
{
    for (size_t i = 0; i < params->pair_count; i++) {
        free(params->pairs[i].name);
        free(params->pairs[i].value);
    }
    free(params->pairs);
    params->pairs = NULL;
    params->pair_count = 0;
}

static bool read_digits(const char *text, size_t len, int *ret_number)
{
    int number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return true;
}

bool param_set_bizdate(ParamSet *params, const char *text, int hour, int minute, Err *err)
{
    const size_t len = strlen(text);
    const bool dashed = len == 10 && text[4] == '-' && text[7] == '-';
    int year, month, day;
    if ((len != 8 && !dashed) || !read_digits(text, 4, &year)
        || !read_digits(text + (dashed ? 5 : 4), 2, &month)
        || !read_digits(text + (dashed ? 8 : 6), 2, &day)) {
        (void)fail(err, FAIL_CONFIG, "\"%s\" is not a business date", text);
        return fail_hint(err, "Write it as YYYYMMDD, for example 20161114.");
    }
    // The day after must exist too, so the last day of the calendar is left out.
    const bool is_last = year == 9999 && month == 12 && day == 31;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > civil_days_in_month(year, month)
        || is_last) {
        return fail(err, FAIL_CONFIG, "the business date \"%s\" is not a day of the calendar",
                    text);
    }
    params->bizdate_year = year;
    params->bizdate_month = month;
    params->bizdate_day = day;
    const Civil bizdate = {.year = year, .month = month, .day = day};
    Civil scheduled = civil_from_usec(civil_to_usec(&bizdate) + INT64_C(86400) * 1000000);
    scheduled.hour = hour;
    scheduled.minute = minute;
    params->scheduled = scheduled;
    return true;
}

static const char *find_custom(const ParamSet *params, const char *name, size_t len)
{
    for (size_t i = 0; i < params->pair_count; i++) {
        if (strlen(params->pairs[i].name) == len && memcmp(params->pairs[i].name, name, len) == 0) {
            params->pairs[i].is_used = true;
            return params->pairs[i].value;
        }
    }
    return NULL;
}

static bool word_in(const char *word, size_t len, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool starts_with_word(const char *text, size_t len, const char *word)
{
    return len >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

// The month of the business date, or the one before it while that month still runs.
static void add_bizmonth(const ParamSet *params, Buf *out)
{
    const Civil *today = params->today.month != 0 ? &params->today : &params->scheduled;
    int months = params->bizdate_year * 12 + params->bizdate_month - 1;
    months -= today->year == params->bizdate_year && today->month == params->bizdate_month;
    buf_add_format(out, "%04d%02d", months / 12, months % 12 + 1);
}

// Adds the value of a built-in name; false where it is none.
static bool add_built_in(const ParamSet *params, const char *name, size_t len, Buf *out)
{
    if (!word_in(name, len, BUILT_IN, HOW_MANY_BUILT_IN)) {
        return false;
    }
    const Civil *at = &params->scheduled;
    const char *last = memrchr(name, '.', len);
    const size_t prefix = last == NULL ? 0 : (size_t)(last + 1 - name);
    if (word_in(name + prefix, len - prefix, (const char *const[]){"bizdate"}, 1)) {
        buf_add_format(out, "%04d%02d%02d", params->bizdate_year, params->bizdate_month,
                       params->bizdate_day);
    } else if (word_in(name + prefix, len - prefix, (const char *const[]){"cyctime"}, 1)) {
        buf_add_format(out, "%04d%02d%02d%02d%02d%02d", at->year, at->month, at->day, at->hour,
                       at->minute, at->second);
    } else if (word_in(name, len, (const char *const[]){"gmtdate"}, 1)) {
        buf_add_format(out, "%04d%02d%02d", at->year, at->month, at->day);
    } else {
        add_bizmonth(params, out);
    }
    return true;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_name(const char *text, size_t len)
{
    if (len == 0 || text[0] == '.' || text[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_word_char(text[i]) && text[i] != '.' && text[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool fail_unknown(const ParamSet *params, const char *open, const char *name, size_t len,
                         const char *close, Err *err)
{
    CLEANUP(mem_free_text) char *word = mem_copy_bytes(name, len);
    if (word_in(name, len, PRODUCT_ONLY, ARRAY_LEN(PRODUCT_ONLY))) {
        (void)fail(err, FAIL_CONFIG, "the parameter \"%s%s%s\" has no value outside DataWorks",
                   open, word, close);
        return fail_hint(err, "Give it one: \"args: {%s: ...}\" in the job or --param %s=... .",
                         word, word);
    }
    const char **known = mem_alloc((HOW_MANY_BUILT_IN + params->pair_count + 1) * sizeof(*known));
    size_t count = 0;
    for (size_t i = 0; i < params->pair_count; i++) {
        known[count++] = params->pairs[i].name;
    }
    for (size_t i = 0; i < HOW_MANY_BUILT_IN; i++) {
        known[count++] = BUILT_IN[i];
    }
    const char *nearest = text_nearest(word, known);
    if (nearest != NULL) {
        (void)fail(err, FAIL_CONFIG, "unknown parameter \"%s%s%s\", did you mean \"%s%s%s\"?", open,
                   word, close, open, nearest, close);
    } else {
        (void)fail(err, FAIL_CONFIG, "unknown parameter \"%s%s%s\"", open, word, close);
    }
    free(known);
    return fail_hint(
        err,
        "Define it under \"args\" in the job or with --param %s=...; write $$ for a dollar sign "
        "that is meant as one.",
        word);
}

// True where the text between ${ and } can only be meant as a time format: its letters are tokens.
static bool looks_like_format(const char *text, size_t len)
{
    static const char *const STARTS[] = {"yy", "mm", "dd", "hh", "mi", "ss", "add_months"};
    for (size_t i = 0; i < ARRAY_LEN(STARTS); i++) {
        if (len >= strlen(STARTS[i]) && strncasecmp(text, STARTS[i], strlen(STARTS[i])) == 0) {
            return true;
        }
    }
    return false;
}

// ${...}: a custom parameter, a built-in name, or a time expression on the business date.
static bool expand_braces(const ParamSet *params, const char *text, size_t len, Buf *out, Err *err)
{
    if (starts_with_word(text, len, "env:") || starts_with_word(text, len, "file:")) {
        buf_add_text(out, "${");
        buf_add_bytes(out, text, len);
        buf_add_char(out, '}');
        return true;
    }
    const char *custom = find_custom(params, text, len);
    if (custom != NULL) {
        buf_add_text(out, custom);
        return true;
    }
    if (add_built_in(params, text, len, out)) {
        return true;
    }
    Err format_err;
    if (param_time_expand(params, text, len, /* business= */ true, out, &format_err)) {
        return true;
    }
    // "mmonth" is more likely a name than a format: say so unless nothing but a format begins this
    // way.
    if (is_name(text, len) && !looks_like_format(text, len)) {
        return fail_unknown(params, "${", text, len, "}", err);
    }
    *err = format_err;
    return false;
}

// An index or wildcard of a JSON path: '$[0]', '$[last-1]', '$[*].a'.
static bool is_json_path(const char *text, size_t len)
{
    return len > 0
           && ((text[0] >= '0' && text[0] <= '9') || text[0] == '*'
               || starts_with_word(text, len, "last"));
}

// $word without brackets. Only built-in names are parameters there in a job's text.
static bool expand_word(const ParamSet *params, const char *word, size_t len, bool is_value,
                        Buf *out, Err *err)
{
    if (add_built_in(params, word, len, out)) {
        return true;
    }
    const char *custom = is_value ? find_custom(params, word, len) : NULL;
    if (custom != NULL) {
        buf_add_text(out, custom);
        return true;
    }
    CLEANUP(mem_free_text) char *copy = mem_copy_bytes(word, len);
    const char *const near[] = {"bizdate", "cyctime", "gmtdate", "bizmonth",
                                "jobid",   "nodeid",  "taskid",  NULL};
    for (size_t i = 0; near[i] != NULL; i++) {
        if (len > strlen(near[i]) && starts_with_word(word, len, near[i])) {
            (void)fail(err, FAIL_CONFIG, "unknown parameter \"$%s\"", copy);
            return fail_hint(err, "Write ${%s} where letters or digits follow it.", near[i]);
        }
    }
    const bool is_number = word[0] >= '0' && word[0] <= '9';
    if (!is_number && (is_value || text_nearest(copy, near) != NULL)) {
        return fail_unknown(params, "$", word, len, "", err);
    }
    buf_add_char(out, '$');
    buf_add_bytes(out, word, len);
    return true;
}

static bool expand(const ParamSet *params, const char *text, bool is_value, Buf *out, Err *err)
{
    for (const char *at = text; *at != '\0';) {
        const size_t plain = strcspn(at, "$");
        buf_add_bytes(out, at, plain);
        at += plain;
        if (*at == '\0') {
            break;
        }
        const char next = at[1];
        if (next == '{' || next == '[') {
            const char *close = strchr(at, next == '{' ? '}' : ']');
            if (close == NULL) {
                (void)fail(err, FAIL_CONFIG, "\"%c\" is missing after \"%.*s\"",
                           next == '{' ? '}' : ']',
                           (int)strcspn(at, "\n") > 40 ? 40 : (int)strcspn(at, "\n"), at);
                return fail_hint(err, "Write $$ for a dollar sign that is meant as one.");
            }
            const char *inner = at + 2;
            const size_t len = (size_t)(close - inner);
            if (next == '[' && is_json_path(inner, len)) {
                buf_add_text(out, "$[");
                at = inner;
                continue;
            }
            const bool ok = next == '{' ? expand_braces(params, inner, len, out, err)
                                        : param_time_expand(params, inner, len,
                                                            /* business= */ false, out, err);
            if (!ok) {
                return false;
            }
            at = close + 1;
        } else if (next == '$') {
            buf_add_char(out, '$');
            at += 2;
        } else if (is_word_char(next)) {
            size_t len = 0;
            while (is_word_char(at[1 + len])) {
                len++;
            }
            if (!expand_word(params, at + 1, len, is_value, out, err)) {
                return false;
            }
            at += 1 + len;
        } else {
            buf_add_char(out, '$');
            at++;
        }
    }
    return buf_ok(out, "a text with its parameters filled in", err);
}

bool param_is_known(const ParamSet *params, const char *name)
{
    for (size_t i = 0; i < params->pair_count; i++) {
        if (strcmp(params->pairs[i].name, name) == 0) {
            return true;
        }
    }
    CLEANUP(buf_done) Buf ignored = {0};
    Err err;
    return word_in(name, strlen(name), BUILT_IN, HOW_MANY_BUILT_IN)
           || param_time_expand(params, name, strlen(name), /* business= */ true, &ignored, &err);
}

bool param_expand(const ParamSet *params, const char *text, Buf *out, Err *err)
{
    return expand(params, text, /* is_value= */ false, out, err);
}

bool param_expand_value(const ParamSet *params, const char *text, Buf *out, Err *err)
{
    return expand(params, text, /* is_value= */ true, out, err);
}

bool param_set_add(ParamSet *params, const char *name, const char *value, Err *err)
{
    if (!is_name(name, strlen(name))) {
        (void)fail(err, FAIL_CONFIG, "\"%.100s\" cannot be the name of a parameter", name);
        return fail_hint(err, "Use letters, digits, \"_\", \".\" and \"-\".");
    }
    CLEANUP(buf_done) Buf computed = {.limit = 1 << 20};
    if (!param_expand_value(params, value, &computed, err)) {
        return err_context(err, "parameter \"%s\"", name);
    }
    for (size_t i = 0; i < params->pair_count; i++) {
        if (strcmp(params->pairs[i].name, name) == 0) {
            free(params->pairs[i].value);
            params->pairs[i].value = buf_take(&computed);
            // What took the old value does not change with it.
            params->pairs[i].is_used = false;
            return true;
        }
    }
    params->pairs = mem_grow(params->pairs, (params->pair_count + 1) * sizeof(*params->pairs));
    params->pairs[params->pair_count++] =
        (ParamPair){.name = mem_copy_text(name), .value = buf_take(&computed)};
    return true;
}

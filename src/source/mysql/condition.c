// Which rows a job wants: its `where`, and for `incremental` the half-open window of the business
// date.
//
// DATE and DATETIME columns hold wall-clock time and are compared with the window's wall-clock
// ends. A TIMESTAMP column holds instants; a literal would be taken for local time, which is
// ambiguous where a clock goes back at midnight. So it is compared as UNIX_TIMESTAMP(column), which
// is exact but uses no index, and with a wider range on the column itself, which does.
#include "source/mysql/relation.h"

#include "base/clock.h"
#include "base/text.h"

// More than any clock was ever set back.
#define WINDOW_MARGIN_SECONDS 14400

WindowKind window_kind(const char *data_type)
{
    if (text_equal_nocase(data_type, "date")) {
        return WINDOW_DATE;
    }
    if (text_equal_nocase(data_type, "datetime")) {
        return WINDOW_DATETIME;
    }
    return text_equal_nocase(data_type, "timestamp") ? WINDOW_TIMESTAMP : WINDOW_NONE;
}

// The business date and the day after it as "2016-11-14".
static void window_days(const Job *job, char *first, char *next, size_t size)
{
    int64_t number = 0;
    const bool is_number = text_parse_int(job->bizdate, 0, 99991231, &number);
    assert(is_number && size >= 11);
    (void)is_number;
    const int64_t day =
        civil_to_days((int)(number / 10000), (int)(number / 100 % 100), (int)(number % 100));
    char *const spaces[] = {first, next};
    for (int i = 0; i < 2; i++) {
        const Civil civil = civil_from_usec((day + i) * INT64_C(86400000000));
        char *text = mem_format("%04d-%02d-%02d", civil.year, civil.month, civil.day);
        memcpy(spaces[i], text, 11);
        free(text);
    }
}

void window_add(Buf *sql, const char *column, WindowKind kind, const Job *job)
{
    CLEANUP(buf_done) Buf name = {0};
    sql_add_name(&name, column);
    const char *quoted = buf_text(&name);
    char first[16], next[16];
    window_days(job, first, next, sizeof first);
    const int64_t begin = job->window_begin_usec / 1000000;
    const int64_t end = job->window_end_usec / 1000000;
    const int64_t wide_begin = begin > WINDOW_MARGIN_SECONDS ? begin - WINDOW_MARGIN_SECONDS : 0;
    switch (kind) {
    case WINDOW_DATE:
        buf_add_format(sql, "%s >= '%s' AND %s < '%s'", quoted, first, quoted, next);
        break;
    case WINDOW_DATETIME:
        buf_add_format(sql, "%s >= '%s 00:00:00' AND %s < '%s 00:00:00'", quoted, first, quoted,
                       next);
        break;
    case WINDOW_TIMESTAMP:
        buf_add_format(sql,
                       "%s >= FROM_UNIXTIME(%" PRId64 ") AND %s < FROM_UNIXTIME(%" PRId64
                       ") AND UNIX_TIMESTAMP(%s) >= %" PRId64 " AND UNIX_TIMESTAMP(%s) < %" PRId64,
                       quoted, wide_begin, quoted, end + WINDOW_MARGIN_SECONDS, quoted, begin,
                       quoted, end);
        break;
    case WINDOW_NONE:
        break;
    }
}

static bool find_window_column(const Relation *relation, const char **ret_name,
                               const char **ret_type, Err *err)
{
    const char *wanted = relation->spec->incremental;
    const size_t at = relation_find_info(relation, wanted);
    if (at != SIZE_MAX) {
        *ret_name = relation->infos[at].name;
        *ret_type = relation->infos[at].data_type;
        return true;
    }
    (void)fail(err, FAIL_CONFIG, "incremental: there is no column \"%s\" in %s", wanted,
               relation->name);
    (void)fail_hint(err, "Name a column of type DATE, DATETIME or TIMESTAMP.");
    relation_hint_nearest(relation, wanted, err);
    return false;
}

bool condition_build(Relation *relation, const Job *job, Err *err)
{
    CLEANUP(buf_done) Buf sql = {0};
    const SourceSpec *spec = relation->spec;
    const bool has_where = spec->where != NULL && *spec->where != '\0';
    if (has_where && !sql_is_whole(spec->where)) {
        (void)fail(err, FAIL_CONFIG, "the condition in \"where\" is not whole: %s", spec->where);
        return fail_hint(err, "Close every bracket, quote and comment in it, and leave out \";\".");
    }
    if (has_where) {
        // The line's end keeps a comment in the user's text from swallowing what follows.
        buf_add_format(&sql, "(%s\n)", spec->where);
    }
    if (spec->incremental != NULL) {
        const char *name = NULL;
        const char *type = NULL;
        if (!find_window_column(relation, &name, &type, err)) {
            return false;
        }
        const WindowKind kind = window_kind(type);
        if (kind == WINDOW_NONE) {
            (void)fail(
                err, FAIL_CONFIG,
                "incremental: column \"%s\" of %s is of type %s, which has no window of a date",
                name, relation->name, type);
            return fail_hint(
                err, "Write the condition in `where`, for example: where: \"%s = '${bizdate}'\".",
                name);
        }
        buf_add_text(&sql, has_where ? " AND " : "");
        window_add(&sql, name, kind, job);
    }
    relation->condition = mem_copy_text(buf_text(&sql));
    return buf_ok(&sql, "the source's condition", err);
}

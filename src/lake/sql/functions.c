// The macros. Where a body is long its pieces are named here by the preprocessor, not by further
// macros of DuckDB: each function then stands alone, and registering those that a script names is
// enough.
//
// Dates come as DATETIME (DuckDB's TIMESTAMP), as DATE and very often as text: all are cast.
#include "base/base.h"

#include "lake/sql/functions.h"

#define TIME(d) "CAST(" d " AS TIMESTAMP)"

// A part's name as MaxCompute spells it, as DuckDB does; NULL where it is none.
#define PART(p)                                                                     \
    "CASE lower(CAST(" p " AS VARCHAR)) "                                           \
    "WHEN 'yyyy' THEN 'year' WHEN 'year' THEN 'year' WHEN 'q' THEN 'quarter' "      \
    "WHEN 'quarter' THEN 'quarter' WHEN 'mm' THEN 'month' WHEN 'mon' THEN 'month' " \
    "WHEN 'month' THEN 'month' WHEN 'week' THEN 'week' WHEN 'dd' THEN 'day' "       \
    "WHEN 'day' THEN 'day' WHEN 'hh' THEN 'hour' WHEN 'hour' THEN 'hour' "          \
    "WHEN 'mi' THEN 'minute' WHEN 'minute' THEN 'minute' WHEN 'ss' THEN 'second' "  \
    "WHEN 'second' THEN 'second' WHEN 'ff3' THEN 'millisecond' WHEN 'ff6' THEN 'microsecond' END"

#define NO_PART(p) "error('unknown part of a date: ' || CAST(" p " AS VARCHAR))"

// DuckDB binds a macro when it is made, and then holds the format of strptime to be no constant,
// unless it meets an operator on a parameter before: || puts the question off to the macro's use.
#define PERCENT(f) "replace(" f " || '', '%', '%%')"

// strftime's format of a format of MaxCompute's: letters of any case, minutes are mi. What has been
// replaced is a control character until all is.
#define MARK(f, pattern, n) "regexp_replace(" f ", '" pattern "', chr(" n "), 'gi')"
#define MARK_DATE(f) MARK(MARK(MARK(f, "yyyy", "1"), "mi", "2"), "mm", "3")
#define MARK_TIME(f) MARK(MARK(MARK(MARK(f, "dd", "4"), "hh(24)?", "5"), "ss", "6"), "ff3", "7")
#define PUT(f, n, letter) "replace(" f ", chr(" n "), '%" letter "')"
#define PUT_DATE(f) PUT(PUT(PUT(f, "1", "Y"), "2", "M"), "3", "m")
#define PUT_TIME(f) PUT(PUT(PUT(PUT(f, "4", "d"), "5", "H"), "6", "S"), "7", "g")
#define FORMAT(f) PUT_TIME(PUT_DATE(MARK_TIME(MARK_DATE(PERCENT(f)))))

// The same of a format of Java's SimpleDateFormat.
#define JMARK(f, pattern, n) "replace(" f ", '" pattern "', chr(" n "))"
#define JMARK_DATE(f) JMARK(JMARK(JMARK(f, "yyyy", "1"), "mm", "2"), "MM", "3")
#define JMARK_TIME(f) JMARK(JMARK(JMARK(JMARK(f, "dd", "4"), "HH", "5"), "SSS", "7"), "ss", "6")
#define JMARK_REST(f) JMARK(JMARK(JMARK(f, "yy", "11"), "hh", "12"), "EEE", "14")
#define PUT_REST(f) PUT(PUT(PUT(f, "11", "y"), "12", "I"), "14", "a")
#define JAVA_FORMAT(f) PUT_REST(PUT_TIME(PUT_DATE(JMARK_REST(JMARK_TIME(JMARK_DATE(PERCENT(f)))))))

// How many days after Sunday the day begins whose name begins with two letters.
#define DAY_NUMBER(w) \
    "(list_position(['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'], upper(substr(" w ", 1, 2))) - 1)"

#define IS_MONTH_END(d) "(CAST(" d " AS DATE) = last_day(" TIME(d) "))"

#define KEYVALUE(s, first, second, key)                             \
    "substr(list_filter(string_split(" s ", " first "), lambda p: " \
    "starts_with(p, CAST(" key " AS VARCHAR) || " second "))[1], "  \
    "length(CAST(" key " AS VARCHAR) || " second ") + 1)"

#define STR_TO_MAP(s, first, second)                                                         \
    "map_from_entries(list_transform(string_split(" s ", " first "), lambda p: struct_pack(" \
    "k := split_part(p, " second ", 1), "                                                    \
    "v := CASE WHEN contains(p, " second ") "                                                \
    "THEN substr(p, strpos(p, " second ") + length(" second ")) END)))"

#define DIGITS "'0123456789abcdefghijklmnopqrstuvwxyz'"

const SqlFunction sql_functions[] = {
    {"add_months",
     "(d, n) AS strftime(CASE WHEN " IS_MONTH_END("d") " THEN last_day(" TIME(
         "d") " + n * INTERVAL 1 MONTH) ELSE CAST(" TIME("d") " + n * INTERVAL 1 MONTH AS DATE) END, "
                                                              "'%Y-%m-%d')"},
    {"approx_distinct", "(x) AS approx_count_distinct(x)"},
    {"array_except", "(a, b) AS list_distinct(list_filter(a, lambda x: NOT list_contains(b, x)))"},
    {"array_join", "(l, d) AS array_to_string(l, d)"},
    {"array_max", "(l) AS list_max(l)"},
    {"array_min", "(l) AS list_min(l)"},
    {"array_remove", "(l, e) AS list_filter(l, lambda x: x IS DISTINCT FROM e)"},
    {"array_repeat", "(e, n) AS list_transform(range(n), lambda i: e)"},
    {"array_union", "(a, b) AS list_distinct(list_concat(a, b))"},
    {"arrays_overlap", "(a, b) AS list_has_any(a, b)"},
    {"char_matchcount",
     "(a, b) AS len(list_filter(string_split(a, ''), lambda c: contains(b, c)))"},
    {"collect_list", "(x) AS coalesce(list(x) FILTER (WHERE x IS NOT NULL), [])"},
    {"collect_set",
     "(x) AS coalesce(list_sort(list(DISTINCT x) FILTER (WHERE x IS NOT NULL)), [])"},
    {"conv",
     "(n, f, t) AS lower(to_base(CAST(list_reduce(list_transform(list_prepend('0', string_split("
     "lower(CAST(n AS VARCHAR)), '')), lambda c: CAST(strpos(" DIGITS ", c) - 1 AS HUGEINT)), "
     "lambda a, b: a * f + b) AS BIGINT), t))"},
    {"current_timezone", "() AS current_setting('TimeZone')"},
    {"date_format", "(d, f) AS strftime(" TIME("d") ", " JAVA_FORMAT("f") ")"},
    {"date_sub", "(d, n) AS CAST(CAST(d AS DATE) - CAST(n AS INTEGER) AS DATE), "
                 "(p, a, b) AS system.main.date_sub(p, a, b)"},
    {"dateadd",
     "(d, n, p) AS " TIME("d") " + CAST(n AS BIGINT) * CASE " PART(
         "p") " WHEN 'year' THEN INTERVAL 1 YEAR WHEN 'quarter' THEN INTERVAL 3 MONTH "
              "WHEN 'month' THEN INTERVAL 1 MONTH WHEN 'week' THEN INTERVAL 7 DAY "
              "WHEN 'day' THEN INTERVAL 1 DAY WHEN 'hour' THEN INTERVAL 1 HOUR "
              "WHEN 'minute' THEN INTERVAL 1 MINUTE WHEN 'second' THEN INTERVAL 1 SECOND "
              "WHEN 'millisecond' THEN INTERVAL 1 MILLISECOND "
              "WHEN 'microsecond' THEN INTERVAL 1 MICROSECOND ELSE " NO_PART("p") " END"},
    // DuckDB's datediff('day', begin, end) has the same number of arguments: the last is no part.
    {"datediff", "(a, b) AS date_diff('day', " TIME("b") ", " TIME(
                     "a") "), "
                          "(a, b, p) AS CASE WHEN " PART("p") " IS NOT NULL THEN date_diff(" PART(
                              "p") ", TRY_CAST(b AS TIMESTAMP), TRY_CAST(a AS TIMESTAMP)) "
                                   "ELSE date_diff(CAST(a AS VARCHAR), " TIME(
                                       "b") ", TRY_CAST(p AS TIMESTAMP)) END"},
    {"datepart",
     "(a, b) AS CASE WHEN " PART("b") " IS NOT NULL THEN date_part(" PART(
         "b") ", TRY_CAST(a AS TIMESTAMP)) ELSE date_part(CAST(a AS VARCHAR), TRY_CAST(b AS TIMESTAMP)) "
              "END"},
    {"datetrunc",
     "(a, b) AS CASE WHEN " PART("b") " IS NOT NULL THEN date_trunc(" PART(
         "b") ", TRY_CAST(a AS TIMESTAMP)) ELSE date_trunc(CAST(a AS VARCHAR), TRY_CAST(b AS TIMESTAMP)) "
              "END"},
    {"decode",
     "(b) AS system.main.decode(b), "
     "(x, a, r) AS CASE WHEN x IS NOT DISTINCT FROM a THEN r END, "
     "(x, a, r, o) AS CASE WHEN x IS NOT DISTINCT FROM a THEN r ELSE o END, "
     "(x, a, r, b, s) AS CASE WHEN x IS NOT DISTINCT FROM a THEN r "
     "WHEN x IS NOT DISTINCT FROM b THEN s END, "
     "(x, a, r, b, s, o) AS CASE WHEN x IS NOT DISTINCT FROM a THEN r "
     "WHEN x IS NOT DISTINCT FROM b THEN s ELSE o END, "
     "(x, a, r, b, s, c, t) AS CASE WHEN x IS NOT DISTINCT FROM a THEN r "
     "WHEN x IS NOT DISTINCT FROM b THEN s WHEN x IS NOT DISTINCT FROM c THEN t END, "
     "(x, a, r, b, s, c, t, o) AS CASE WHEN x IS NOT DISTINCT FROM a THEN r "
     "WHEN x IS NOT DISTINCT FROM b THEN s WHEN x IS NOT DISTINCT FROM c THEN t ELSE o END"},
    {"find_in_set", "(s, l) AS coalesce(list_position(string_split(l, ','), s), 0), "
                    "(s, l, d) AS coalesce(list_position(string_split(l, d), s), 0)"},
    {"format_number", "(x, n) AS format('{:,.' || CAST(n AS VARCHAR) || 'f}', CAST(x AS DOUBLE))"},
    {"from_unixtime",
     "(n) AS CAST(to_timestamp(n) AS TIMESTAMP), "
     "(n, f) AS strftime(CAST(to_timestamp(n) AS TIMESTAMP), " JAVA_FORMAT("f") ")"},
    {"from_utc_timestamp", "(d, z) AS timezone(z, timezone('UTC', " TIME("d") "))"},
    {"get_json_object", "(j, p) AS CASE WHEN json_valid(j) THEN json_extract_string(j, p) END"},
    {"getdate", "() AS current_localtimestamp()"},
    {"initcap", "(s) AS array_to_string(list_transform(string_split(s, ' '), lambda w: "
                "upper(substr(w, 1, 1)) || lower(substr(w, 2))), ' ')"},
    {"instr", "(s, t) AS system.main.instr(s, t), "
              "(s, t, b) AS CASE WHEN strpos(substr(s, b), t) = 0 THEN 0 "
              "ELSE strpos(substr(s, b), t) + b - 1 END, "
              "(s, t, b, n) AS CASE WHEN len(string_split(substr(s, b), t)) > n "
              "THEN length(array_to_string(string_split(substr(s, b), t)[:n], t)) + b ELSE 0 END"},
    {"isdate", "(s, f) AS try_strptime(CAST(s AS VARCHAR), " FORMAT("f") ") IS NOT NULL"},
    {"keyvalue",
     "(s, k) AS " KEYVALUE("s", "';'", "':'", "k") ", "
                                                   "(s, f, g, k) AS " KEYVALUE("s", "f", "g", "k")},
    {"lastday", "(d) AS CAST(last_day(" TIME("d") ") AS TIMESTAMP)"},
    {"lengthb", "(s) AS strlen(CAST(s AS VARCHAR))"},
    {"locate", "(t, s) AS strpos(s, t), "
               "(t, s, b) AS CASE WHEN strpos(substr(s, b), t) = 0 THEN 0 "
               "ELSE strpos(substr(s, b), t) + b - 1 END"},
    {"months_between",
     "(a, b) AS CASE WHEN day(" TIME("a") ") = day(" TIME("b") ") OR (" IS_MONTH_END("a") " AND " IS_MONTH_END("b") ") THEN CAST(date_diff('month', " TIME("b") ", " TIME("a") ") AS DOUBLE) ELSE date_diff('month', " TIME(
         "b") ", " TIME("a") ") + (day(" TIME("a") ") - day(" TIME("b") ") + (epoch(" TIME("a") ") % 86400 - epoch(" TIME("b") ") % 86400) / 86400) / 31 END"},
    {"next_day", "(d, w) AS CAST(CAST(d AS DATE) + CAST((" DAY_NUMBER("w") " - dayofweek(" TIME(
                     "d") ") + 6) % 7 + 1 AS INTEGER) AS DATE)"},
    {"nvl", "(a, b) AS coalesce(a, b)"},
    {"nvl2", "(a, b, c) AS CASE WHEN a IS NOT NULL THEN b ELSE c END"},
    {"parse_url",
     "(u, p) AS CASE upper(p) "
     "WHEN 'PROTOCOL' THEN nullif(regexp_extract(u, '^([A-Za-z][A-Za-z0-9+.-]*):', 1), '') "
     "WHEN 'HOST' THEN nullif(regexp_extract(u, '^[^:/?#]+://(?:[^@/?#]*@)?([^:/?#]*)', 1), '') "
     "WHEN 'PATH' THEN regexp_extract(u, '^[^:/?#]+://[^/?#]*([^?#]*)', 1) "
     "WHEN 'QUERY' THEN nullif(regexp_extract(u, '^[^?#]*[?]([^#]*)', 1), '') "
     "WHEN 'REF' THEN nullif(regexp_extract(u, '#(.*)$', 1), '') "
     "WHEN 'FILE' THEN regexp_extract(u, '^[^:/?#]+://[^/?#]*([^#]*)', 1) "
     "WHEN 'AUTHORITY' THEN nullif(regexp_extract(u, '^[^:/?#]+://([^/?#]*)', 1), '') "
     "WHEN 'USERINFO' THEN nullif(regexp_extract(u, '^[^:/?#]+://([^@/?#]*)@', 1), '') END, "
     "(u, p, k) AS CASE WHEN upper(p) = 'QUERY' THEN "
     "list_transform(list_filter(string_split(regexp_extract(u, '^[^?#]*[?]([^#]*)', 1), '&'), "
     "lambda q: split_part(q, '=', 1) = k), lambda q: substr(q, length(k) + 2))[1] END"},
    {"percentile", "(x, p) AS quantile_cont(x, p)"},
    {"percentile_approx", "(x, p) AS approx_quantile(x, p)"},
    {"pmod", "(a, b) AS ((a % b) + b) % b"},
    {"rand", "() AS random()"},
    {"regexp_count", "(s, p) AS len(regexp_extract_all(s, p)), "
                     "(s, p, b) AS len(regexp_extract_all(substr(s, b), p))"},
    {"regexp_instr",
     "(s, p) AS CASE WHEN regexp_matches(s, p) "
     "THEN length(regexp_extract(s, '^(.*?)(?:' || p || ')', 1, 's')) + 1 ELSE 0 END, "
     "(s, p, b) AS CASE WHEN regexp_matches(substr(s, b), p) THEN "
     "length(regexp_extract(substr(s, b), '^(.*?)(?:' || p || ')', 1, 's')) + b ELSE 0 END"},
    {"regexp_like", "(s, p) AS regexp_matches(s, p)"},
    {"regexp_substr", "(s, p) AS regexp_extract_all(s, p)[1], "
                      "(s, p, b) AS regexp_extract_all(substr(s, b), p)[1], "
                      "(s, p, b, n) AS regexp_extract_all(substr(s, b), p)[n]"},
    {"sequence", "(a, b) AS generate_series(a, b), (a, b, s) AS generate_series(a, b, s)"},
    {"sha", "(s) AS sha1(s)"},
    {"sha2",
     "(s, n) AS CASE WHEN n IN (0, 256) THEN sha256(s) ELSE error('sha2 has 256 bits here') END"},
    {"size", "(l) AS len(l)"},
    {"slice", "(l, b, n) AS l[b:b + n - 1]"},
    {"sort_array", "(l) AS list_sort(l), "
                   "(l, a) AS CASE WHEN a THEN list_sort(l) ELSE list_reverse_sort(l) END"},
    {"space", "(n) AS repeat(' ', n)"},
    {"split_part", "(s, d, n) AS system.main.split_part(s, d, n), "
                   "(s, d, b, e) AS array_to_string(string_split(s, d)[b:e], d)"},
    {"str_to_map",
     "(s) AS " STR_TO_MAP("s", "','", "'='") ", (s, f, g) AS " STR_TO_MAP("s", "f", "g")},
    {"substring_index", "(s, d, n) AS CASE WHEN n = 0 THEN '' WHEN n > 0 "
                        "THEN array_to_string(string_split(s, d)[:n], d) "
                        "ELSE array_to_string(string_split(s, d)[n:], d) END"},
    {"to_char", "(x) AS CAST(x AS VARCHAR), (d, f) AS strftime(" TIME("d") ", " FORMAT("f") ")"},
    {"to_date", "(d) AS CAST(" TIME("d") " AS DATE), "
                                         "(s, f) AS strptime(CAST(s AS VARCHAR), " FORMAT("f") ")"},
    {"to_millis", "(d) AS epoch_ms(CAST(CAST(d AS TIMESTAMP) AS TIMESTAMPTZ))"},
    {"to_utc_timestamp", "(d, z) AS timezone('UTC', timezone(z, " TIME("d") "))"},
    {"tolower", "(s) AS lower(CAST(s AS VARCHAR))"},
    {"toupper", "(s) AS upper(CAST(s AS VARCHAR))"},
    {"unbase64", "(s) AS from_base64(s)"},
    {"unique_id", "() AS CAST(uuid() AS VARCHAR)"},
    {"unix_timestamp",
     "() AS CAST(floor(epoch(now())) AS BIGINT), "
     "(d) AS CAST(floor(epoch(CAST(CAST(d AS TIMESTAMP) AS TIMESTAMPTZ))) AS BIGINT), "
     "(s, f) AS CAST(floor(epoch(CAST(strptime(s, " JAVA_FORMAT(
         "f") ") AS TIMESTAMPTZ))) AS BIGINT)"},
    {"wm_concat", "(d, x) AS string_agg(CAST(x AS VARCHAR), d)"},
};

const size_t sql_function_count = ARRAY_LEN(sql_functions);

static int compare_name(const void *key, const void *element)
{
    return strcmp(key, ((const SqlFunction *)element)->name);
}

// The function of a word's name, of any case, or NULL.
static const SqlFunction *find_function(const char *word, size_t len)
{
    char name[24];
    if (len >= sizeof(name)) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = word[i];
        name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    name[len] = '\0';
    return bsearch(name, sql_functions, sql_function_count, sizeof(*sql_functions), compare_name);
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool sql_functions_register(Duck *duck, const char *script, size_t len, Err *err)
{
    bool is_wanted[ARRAY_LEN(sql_functions)] = {false};
    CLEANUP(buf_done) Buf sql = {0};
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len && is_name_byte(script[end])) {
            end++;
        }
        const SqlFunction *function = end == at ? NULL : find_function(script + at, end - at);
        if (function != NULL && !is_wanted[function - sql_functions]) {
            is_wanted[function - sql_functions] = true;
            buf_add_format(&sql, "CREATE OR REPLACE TEMP MACRO %s%s;", function->name,
                           function->forms);
        }
        at = end == at ? at + 1 : end;
    }
    return sql.len == 0
           || (buf_ok(&sql, "the functions of a script", err)
               && duck_run(duck, buf_text(&sql), err));
}

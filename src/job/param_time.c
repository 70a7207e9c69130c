// Time expressions: a format such as "yyyymmdd" or "hh24:mi:ss", and how far from the base it is
// read.
//
//   ${ }:  format { ("+"|"-") int {"*" int} }                in the format's smallest unit
//   $[ ]:  format { ("+"|"-") int {"*" int} {"/" int} }      in days
//          "add_months(" format "," ["-"|"+"] int {"*" int} ")"
//
// Offsets are exact fractions of days until the very end, where the second that holds the moment is
// taken; with binary floating point 1/24/60 would now and then land a second early. What the
// product leaves undefined, and a person is likely to mean otherwise ($[yyyymm-1], HH, mm after
// hours), is an error.
#include "base/base.h"

#include "job/param_internal.h"

#include "base/text.h"

enum { DAY_SECONDS = 86400, YEAR_MAX = 9999, NUMBER_DIGITS_MAX = 9 };

typedef enum TokenKind {
    TOKEN_NONE,  // not a token: a letter or digit that means nothing
    TOKEN_SEPARATOR,
    TOKEN_YEAR,
    TOKEN_YEAR2,
    TOKEN_MONTH,
    TOKEN_DAY,
    TOKEN_HOUR24,
    TOKEN_HOUR12,
    TOKEN_MINUTE,
    TOKEN_SECOND,
} TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *text;
    size_t len;
} Token;

// A fraction of days (or of another unit), always reduced, the denominator positive.
typedef struct Ratio {
    int64_t top, bottom;
} Ratio;

typedef struct Expression {
    const char *format;
    size_t format_len;
    bool is_add_months;
    bool has_division;
    Ratio offset;
    unsigned tokens;  // a bit for each TokenKind that occurs
} Expression;

// What is read, and for messages the brackets it stood in.
typedef struct Scan {
    const char *text;
    size_t len;
    size_t at;
    bool business;
} Scan;

static bool scan_fail(const Scan *scan, Err *err, const char *reason)
{
    return fail(err, FAIL_CONFIG, "parameter \"$%c%.*s%c\": %s", scan->business ? '{' : '[',
                (int)(scan->len > 200 ? 200 : scan->len), scan->text, scan->business ? '}' : ']',
                reason);
}

static char scan_char(const Scan *scan, size_t ahead)
{
    return scan->at + ahead < scan->len ? scan->text[scan->at + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void scan_spaces(Scan *scan)
{
    while (scan_char(scan, 0) == ' ') {
        scan->at++;
    }
}

static bool has_word(const char *text, size_t len, const char *word)
{
    const size_t word_len = strlen(word);
    if (len < word_len) {
        return false;
    }
    for (size_t i = 0; i < word_len; i++) {
        if ((text[i] | 0x20) != (word[i] | 0x20)) {
            return false;
        }
    }
    return true;
}

static Token token_read(const char *text, size_t len)
{
    static const struct {
        const char *word;
        TokenKind kind;
    } WORDS[] = {
        {"yyyy", TOKEN_YEAR}, {"yy", TOKEN_YEAR2},    {"mm", TOKEN_MONTH},
        {"dd", TOKEN_DAY},    {"hh24", TOKEN_HOUR24}, {"hh12", TOKEN_HOUR12},
        {"hh", TOKEN_HOUR12}, {"mi", TOKEN_MINUTE},   {"ss", TOKEN_SECOND},
    };
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (has_word(text, len, WORDS[i].word)) {
            return (Token){WORDS[i].kind, text, strlen(WORDS[i].word)};
        }
    }
    const bool means_nothing = is_letter(text[0]) || is_digit(text[0]);
    return (Token){means_nothing ? TOKEN_NONE : TOKEN_SEPARATOR, text, 1};
}

static bool is_hour(TokenKind kind)
{
    return kind == TOKEN_HOUR24 || kind == TOKEN_HOUR12;
}

// Reads the format: it ends where an offset begins (a sign and a digit) or at `end`.
static bool scan_format(Scan *scan, char end, Expression *expression, Err *err)
{
    expression->format = scan->text + scan->at;
    TokenKind last = TOKEN_NONE;
    while (scan->at < scan->len && scan_char(scan, 0) != end) {
        const char c = scan_char(scan, 0);
        const size_t digit_at = scan_char(scan, 1) == ' ' ? 2 : 1;
        if ((c == '+' || c == '-') && is_digit(scan_char(scan, digit_at))) {
            break;
        }
        const Token token = token_read(scan->text + scan->at, scan->len - scan->at);
        if (token.kind == TOKEN_NONE) {
            return scan_fail(
                scan, err,
                scan->business
                    ? "the format may hold yyyy, yy, mm, dd and separators"
                    : "the format may hold yyyy, yy, mm, dd, hh24, hh12, mi, ss and separators");
        }
        if (scan->business && token.kind >= TOKEN_HOUR24) {
            return scan_fail(
                scan, err,
                "the business date has no time of day; use $[...] for hours, minutes and "
                "seconds of the scheduled time");
        }
        if (is_hour(token.kind) && token.len == 2 && token.text[0] == 'H') {
            return scan_fail(scan, err,
                             "write hh24 for hours 00 to 23 or hh12 for hours 01 to 12, not HH");
        }
        if (token.kind == TOKEN_MONTH && is_hour(last) && token.text[0] == 'm') {
            return scan_fail(scan, err, "mm is the month; minutes are mi");
        }
        if (token.kind != TOKEN_SEPARATOR) {
            last = token.kind;
            expression->tokens |= 1U << token.kind;
        }
        scan->at += token.len;
    }
    expression->format_len = (size_t)(scan->text + scan->at - expression->format);
    while (expression->format_len > 0 && expression->format[expression->format_len - 1] == ' ') {
        expression->format_len--;
    }
    return expression->tokens != 0
           || scan_fail(scan, err, "there is no format such as yyyymmdd in it");
}

static bool scan_number(Scan *scan, int64_t *ret_number, Err *err)
{
    scan_spaces(scan);
    int64_t number = 0;
    size_t digits = 0;
    while (is_digit(scan_char(scan, 0))) {
        number = number * 10 + (scan_char(scan, 0) - '0');
        scan->at++;
        if (++digits > NUMBER_DIGITS_MAX) {
            return scan_fail(scan, err, "the offset has a number of more than nine digits");
        }
    }
    if (digits == 0) {
        return scan_fail(scan, err, "a number is missing in the offset");
    }
    *ret_number = number;
    scan_spaces(scan);
    return true;
}

static __int128 greatest_common_divisor(__int128 a, __int128 b)
{
    while (b != 0) {
        const __int128 rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

// False where the fraction grew out of all reason.
static bool ratio_set(Ratio *ratio, __int128 top, __int128 bottom)
{
    const __int128 limit = (__int128)1000000000000000;
    const __int128 divisor = greatest_common_divisor(top, bottom);
    top /= divisor;
    bottom /= divisor;
    if (top > limit || top < -limit || bottom > limit) {
        return false;
    }
    *ratio = (Ratio){(int64_t)top, (int64_t)bottom};
    return true;
}

// int {"*" int} {"/" int}, with the sign already read; added to the offset.
static bool scan_term(Scan *scan, bool negative, bool divisible, Expression *expression, Err *err)
{
    int64_t number;
    if (!scan_number(scan, &number, err)) {
        return false;
    }
    Ratio term = {negative ? -number : number, 1};
    while (scan_char(scan, 0) == '*' || scan_char(scan, 0) == '/') {
        const bool divides = scan_char(scan, 0) == '/';
        scan->at++;
        if (!scan_number(scan, &number, err)) {
            return false;
        }
        if (divides && !divisible) {
            return scan_fail(scan, err,
                             scan->business
                                 ? "the business date moves by whole days, months or years; use "
                                   "$[...] for parts of a day"
                                 : "months cannot be divided");
        }
        if (divides && number == 0) {
            return scan_fail(scan, err, "the offset divides by zero");
        }
        expression->has_division |= divides;
        if (!ratio_set(&term, (__int128)term.top * (divides ? 1 : number),
                       (__int128)term.bottom * (divides ? number : 1))) {
            return scan_fail(scan, err, "the offset is too large");
        }
    }
    const Ratio sum = expression->offset;
    if (!ratio_set(&expression->offset,
                   (__int128)sum.top * term.bottom + (__int128)term.top * sum.bottom,
                   (__int128)sum.bottom * term.bottom)) {
        return scan_fail(scan, err, "the offset is too large");
    }
    return true;
}

static bool scan_add_months(Scan *scan, Expression *expression, Err *err)
{
    if (scan->business) {
        return scan_fail(scan, err,
                         "add_months counts from the scheduled time: write $[add_months(...)], or "
                         "${yyyymm-1} for months of the business date");
    }
    expression->is_add_months = true;
    scan->at += strlen("add_months");
    scan_spaces(scan);
    if (scan_char(scan, 0) != '(') {
        return scan_fail(scan, err, "\"(\" is missing after add_months");
    }
    scan->at++;
    scan_spaces(scan);
    if (!scan_format(scan, ',', expression, err)) {
        return false;
    }
    if (scan_char(scan, 0) != ',') {
        return scan_fail(scan, err,
                         "add_months needs a format and a number: add_months(yyyymmdd,-1)");
    }
    scan->at++;
    scan_spaces(scan);
    const char sign = scan_char(scan, 0);
    scan->at += sign == '-' || sign == '+';
    if (!scan_term(scan, sign == '-', /* divisible= */ false, expression, err)) {
        return false;
    }
    if (scan_char(scan, 0) != ')') {
        return scan_fail(scan, err, "\")\" is missing after the number of months");
    }
    scan->at++;
    scan_spaces(scan);
    return scan->at == scan->len || scan_fail(scan, err, "nothing may follow add_months(...)");
}

static bool scan_offsets(Scan *scan, Expression *expression, Err *err)
{
    while (scan->at < scan->len) {
        const char sign = scan_char(scan, 0);
        if (sign != '+' && sign != '-') {
            return scan_fail(scan, err, "\"+\" or \"-\" was expected in the offset");
        }
        scan->at++;
        if (!scan_term(scan, sign == '-', /* divisible= */ !scan->business, expression, err)) {
            return false;
        }
    }
    const unsigned finer = 1U << TOKEN_DAY | 1U << TOKEN_HOUR24 | 1U << TOKEN_HOUR12
                           | 1U << TOKEN_MINUTE | 1U << TOKEN_SECOND;
    if (!scan->business && expression->offset.top != 0 && !expression->has_division
        && (expression->tokens & finer) == 0) {
        (void)scan_fail(scan, err,
                        "offsets in $[...] are days, so this would not move by months or years");
        return fail_hint(
            err, "Write $[add_months(%.*s,N)] to move by months, or N*24/24 if N days are meant.",
            (int)expression->format_len, expression->format);
    }
    return true;
}

static Civil civil_move_months(Civil from, int64_t months, bool *ret_ok)
{
    const int64_t month = (int64_t)from.year * 12 + (from.month - 1) + months;
    *ret_ok = month >= 12 && month < ((int64_t)YEAR_MAX + 1) * 12;
    if (!*ret_ok) {
        return from;
    }
    from.year = (int)(month / 12);
    from.month = (int)(month % 12) + 1;
    const int days = civil_days_in_month(from.year, from.month);
    from.day = from.day > days ? days : from.day;
    return from;
}

// Moves by a fraction of days, down to the second that holds the moment.
static Civil civil_move_days(Civil from, Ratio days, bool *ret_ok)
{
    const __int128 top = (__int128)days.top * DAY_SECONDS;
    __int128 seconds = top / days.bottom;
    seconds -= top % days.bottom < 0;
    const __int128 limit = (__int128)DAY_SECONDS * 366 * (YEAR_MAX + 1);
    *ret_ok = seconds >= -limit && seconds <= limit;
    if (!*ret_ok) {
        return from;
    }
    const Civil moved = civil_from_usec(civil_to_usec(&from) + (int64_t)seconds * 1000000);
    *ret_ok = moved.year >= 1 && moved.year <= YEAR_MAX;
    return moved;
}

static void time_print(const Civil *time, const char *format, size_t len, Buf *out)
{
    for (size_t at = 0; at < len;) {
        const Token token = token_read(format + at, len - at);
        at += token.len;
        switch (token.kind) {
        case TOKEN_NONE:
        case TOKEN_SEPARATOR:
            buf_add_bytes(out, token.text, token.len);
            break;
        case TOKEN_YEAR:
            buf_add_format(out, "%04d", time->year);
            break;
        case TOKEN_YEAR2:
            buf_add_format(out, "%02d", time->year % 100);
            break;
        case TOKEN_MONTH:
            buf_add_format(out, "%02d", time->month);
            break;
        case TOKEN_DAY:
            buf_add_format(out, "%02d", time->day);
            break;
        case TOKEN_HOUR24:
            buf_add_format(out, "%02d", time->hour);
            break;
        case TOKEN_HOUR12:
            buf_add_format(out, "%02d", (time->hour + 11) % 12 + 1);
            break;
        case TOKEN_MINUTE:
            buf_add_format(out, "%02d", time->minute);
            break;
        case TOKEN_SECOND:
            buf_add_format(out, "%02d", time->second);
            break;
        }
    }
}

bool param_time_expand(const ParamSet *params, const char *text, size_t len, bool business,
                       Buf *out, Err *err)
{
    Scan scan = {.text = text, .len = len, .business = business};
    Expression expression = {.offset = {0, 1}};
    scan_spaces(&scan);
    if (has_word(text + scan.at, len - scan.at, "add_months")) {
        if (!scan_add_months(&scan, &expression, err)) {
            return false;
        }
    } else if (!scan_format(&scan, '\0', &expression, err)
               || !scan_offsets(&scan, &expression, err)) {
        return false;
    }
    const Civil base = business ? (Civil){.year = params->bizdate_year,
                                          .month = params->bizdate_month,
                                          .day = params->bizdate_day}
                                : params->scheduled;
    const bool has_day = (expression.tokens & 1U << TOKEN_DAY) != 0;
    const bool has_month = (expression.tokens & 1U << TOKEN_MONTH) != 0;
    bool ok;
    Civil time;
    if (expression.is_add_months || (business && !has_day)) {
        const int64_t unit = expression.is_add_months || has_month ? 1 : 12;
        time = civil_move_months(base, expression.offset.top * unit, &ok);
    } else {
        time = civil_move_days(base, expression.offset, &ok);
    }
    if (!ok) {
        return scan_fail(&scan, err, "the offset leads out of the years 0001 to 9999");
    }
    time_print(&time, expression.format, expression.format_len, out);
    return true;
}

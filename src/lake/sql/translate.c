// One walk over the tokens. Most are copied with the blanks before them; a few begin a phrase that
// is written in another way. Operands inside such a phrase are walked in the same way, so phrases
// may lie in each other; the tokenizer limits how deep.
#include "base/base.h"

#include "lake/sql/translate.h"

#include <stdio.h>

typedef struct Walk {
    const Translation *of;
    SqlText *out;
    Err *err;
    size_t at;      // index of the next token
    size_t end;     // walk up to here
    size_t copied;  // bytes of the script before it are in `out`, or were left out
} Walk;

static const Token *walk_token(const Walk *walk, size_t index)
{
    return &walk->of->list->tokens[index];
}

static bool walk_is(const Walk *walk, size_t index, const char *word)
{
    return index < walk->end && token_is(walk->of->script, walk_token(walk, index), word);
}

static bool walk_is_one(const Walk *walk, size_t index, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (walk_is(walk, index, *words)) {
            return true;
        }
    }
    return false;
}

// Copies what stands before the token at `index` and is not copied yet.
static void walk_copy_to(Walk *walk, size_t index)
{
    const size_t end = walk_token(walk, index)->begin;
    sql_text_add_span(walk->out, walk->of->script, (Span){walk->copied, end});
    walk->copied = end > walk->copied ? end : walk->copied;
}

// Puts `text` in for the tokens [walk->at, next).
static void walk_replace(Walk *walk, const char *text, size_t next)
{
    walk_copy_to(walk, walk->at);
    sql_text_add(walk->out, text, walk_token(walk, walk->at)->begin);
    walk->copied = walk_token(walk, next - 1)->end;
    walk->at = next;
}

static bool walk_fail(const Walk *walk, size_t index, const char *message, const char *hint)
{
    // Past the last token of the walk: where that one ends.
    const size_t offset =
        index < walk->end ? walk_token(walk, index)->begin : walk_token(walk, walk->end - 1)->end;
    (void)sql_fail(walk->err, walk->of->name, walk->of->script, offset, "%s", message);
    return hint != NULL && fail_hint(walk->err, "%s", hint);
}

static bool walk_part(Walk *walk, size_t begin, size_t end)
{
    Translation part = *walk->of;
    part.begin = begin;
    part.end = end;
    return begin < end ? translate_tokens(&part, walk->out, walk->err)
                       : walk_fail(walk, begin, "an operand is missing here", /* hint= */ NULL);
}

// --- operands -----

// Over one operand without operators of its own: a name, a call, a constant, brackets, CASE, with
// what hangs on its end ([1], .field, ::type). Returns `at` where there is none.
static size_t walk_skip_primary(const Walk *walk, size_t at)
{
    static const char *const SIGNS[] = {"-", "+", NULL};
    while (walk_is_one(walk, at, SIGNS)) {
        at++;
    }
    if (at >= walk->end) {
        return at;
    }
    if (walk_is(walk, at, "CASE")) {
        size_t depth = 0;
        for (; at < walk->end; at++) {
            depth += walk_is(walk, at, "CASE");
            depth -= walk_is(walk, at, "END");
            if (depth == 0) {
                at++;
                break;
            }
        }
    } else if (walk_token(walk, at)->kind == TOKEN_SIGN) {
        const size_t match = walk_token(walk, at)->match;
        if (match == SIZE_MAX || match < at || match >= walk->end) {
            return at;
        }
        at = match + 1;
    } else {
        at++;
    }
    static const char *const TAILS[] = {".", "::", NULL};
    while (at < walk->end) {
        const size_t match = walk_token(walk, at)->match;
        if (match != SIZE_MAX && match > at && match < walk->end) {
            at = match + 1;
        } else if (walk_is_one(walk, at, TAILS) && at + 1 < walk->end) {
            at += 2;
        } else {
            break;
        }
    }
    return at;
}

// Over an operand of an operator that binds as loosely as LIKE.
static size_t walk_skip_operand(const Walk *walk, size_t at)
{
    static const char *const TIGHTER[] = {"+", "-", "*", "/", "%", "||", "//", "**", NULL};
    size_t end = walk_skip_primary(walk, at);
    while (end > at && walk_is_one(walk, end, TIGHTER)) {
        const size_t next = walk_skip_primary(walk, end + 1);
        if (next == end + 1) {
            break;
        }
        end = next;
    }
    return end;
}

// Whether the token may end an operand: then a word after it may be an operator.
static bool walk_ends_operand(const Walk *walk, size_t index)
{
    static const char *const WORDS[] = {
        "SELECT", "DISTINCT", "WHERE", "AND",  "OR", "NOT",  "ON",  "BY",    "HAVING", "WHEN",
        "THEN",   "ELSE",     "AS",    "CASE", "IN", "FROM", "ALL", "LIMIT", NULL};
    const Token *token = walk_token(walk, index);
    if (token->kind == TOKEN_SIGN) {
        return token->match != SIZE_MAX && token->match < index;
    }
    return !walk_is_one(walk, index, WORDS);
}

static bool walk_begins_operand(const Walk *walk, size_t index)
{
    static const char *const WORDS[] = {"FROM",  "WHERE", "AND",   "OR",    "AS",
                                        "ORDER", "GROUP", "LIMIT", "UNION", "HAVING",
                                        "THEN",  "ELSE",  "END",   "IS",    NULL};
    return index < walk->end && !walk_is_one(walk, index, WORDS)
           && (walk_token(walk, index)->kind != TOKEN_SIGN || walk_is(walk, index, "(")
               || walk_is(walk, index, "-"));
}

// --- phrases -----

// A pattern that must fit the whole text, made from one that must be found in it. SIMILAR TO binds
// as RLIKE does, so nothing around it changes.
static bool walk_rlike(Walk *walk)
{
    const size_t begin = walk->at + 1;
    const size_t end = walk_skip_operand(walk, begin);
    const size_t origin = walk_token(walk, walk->at)->begin;
    walk_replace(walk, "SIMILAR TO ('(?s:.*)(?:' || (", begin);
    if (!walk_part(walk, begin, end)) {
        return false;
    }
    sql_text_add(walk->out, ") || ')(?s:.*)')", origin);
    walk->at = end;
    walk->copied = walk_token(walk, end - 1)->end;
    return true;
}

typedef struct LateralView {
    size_t function;    // index of explode or posexplode
    size_t close;       // of its closing parenthesis
    size_t table;       // index of the view's name
    size_t columns[2];  // indexes of the names after AS
    size_t column_count;
    bool is_outer, has_position;
} LateralView;

static bool is_name(const Walk *walk, size_t index)
{
    return index < walk->end
           && (walk_token(walk, index)->kind == TOKEN_WORD
               || walk_token(walk, index)->kind == TOKEN_NAME);
}

// The cursor stays; *ret_next is the token behind the view.
static bool walk_read_view(const Walk *walk, LateralView *ret_view, size_t *ret_next)
{
    static const char HINT[] = "Views are made by explode(list), explode(map) and "
                               "posexplode(list); for the rest, DuckDB's unnest() may do.";
    LateralView view = {0};
    size_t at = walk->at + 2;
    view.is_outer = walk_is(walk, at, "OUTER");
    at += view.is_outer;
    view.function = at;
    view.has_position = walk_is(walk, at, "POSEXPLODE");
    if (!view.has_position && !walk_is(walk, at, "EXPLODE")) {
        CLEANUP(mem_free_text) char *name = NULL;
        if (is_name(walk, at)) {
            name = token_value(walk->of->script, walk_token(walk, at));
        }
        char message[160];
        (void)snprintf(message, sizeof(message), "unsupported: LATERAL VIEW %.80s",
                       name == NULL ? "without a function" : name);
        return walk_fail(walk, at, message, HINT);
    }
    if (!walk_is(walk, at + 1, "(")) {
        return walk_fail(walk, at + 1, "expected \"(\" after the function of LATERAL VIEW", HINT);
    }
    view.close = walk_token(walk, at + 1)->match;
    at = view.close + 1;
    if (!is_name(walk, at) || walk_is(walk, at, "AS")) {
        return walk_fail(walk, at, "expected the name of the view after LATERAL VIEW ...(...)",
                         "It is written: LATERAL VIEW explode(list) t AS item.");
    }
    view.table = at++;
    if (walk_is(walk, at, "AS")) {
        do {
            at++;
            if (!is_name(walk, at) || view.column_count == ARRAY_LEN(view.columns)) {
                return walk_fail(walk, at, "expected one or two names of columns after AS", HINT);
            }
            view.columns[view.column_count++] = at++;
        } while (walk_is(walk, at, ","));
    }
    *ret_view = view;
    *ret_next = at;
    return true;
}

// A column of the view by its place, or Hive's name where none is given.
static void walk_view_column(Walk *walk, const LateralView *view, size_t index,
                             const char *otherwise)
{
    const size_t origin = walk_token(walk, view->function)->begin;
    sql_text_add(walk->out, " AS ", origin);
    if (index < view->column_count) {
        const size_t column = view->columns[index];
        Translation part = *walk->of;
        part.begin = column;
        part.end = column + 1;
        // One token: cannot fail.
        Err err;
        (void)!translate_tokens(&part, walk->out, &err);
    } else {
        sql_text_add(walk->out, otherwise, origin);
    }
}

static bool walk_view(Walk *walk)
{
    LateralView view = {0};
    size_t next = walk->at;
    if (!walk_read_view(walk, &view, &next)) {
        return false;
    }
    const size_t origin = walk_token(walk, walk->at)->begin;
    const size_t begin = view.function + 2;
    const bool is_map = !view.has_position && view.column_count == 2;
    walk_replace(walk, view.is_outer ? "LEFT JOIN LATERAL (SELECT " : "CROSS JOIN LATERAL (SELECT ",
                 next);
    SqlText *out = walk->out;
    if (view.has_position) {
        sql_text_add(out, "unnest(range(len(", origin);
        if (!walk_part(walk, begin, view.close)) {
            return false;
        }
        sql_text_add(out, ")))", origin);
        walk_view_column(walk, &view, 0, "pos");
        sql_text_add(out, ", ", origin);
    }
    if (is_map) {
        sql_text_add(out, "entry.key", origin);
        walk_view_column(walk, &view, 0, "key");
        sql_text_add(out, ", entry.value", origin);
        walk_view_column(walk, &view, 1, "value");
        sql_text_add(out, " FROM (SELECT unnest(map_entries(", origin);
    } else {
        sql_text_add(out, "unnest(", origin);
    }
    if (!walk_part(walk, begin, view.close)) {
        return false;
    }
    sql_text_add(out, is_map ? ")) AS entry)" : ")", origin);
    if (!is_map) {
        walk_view_column(walk, &view, view.has_position, "col");
    }
    sql_text_add(out, ") AS ", origin);
    Translation name = *walk->of;
    name.begin = view.table;
    name.end = view.table + 1;
    if (!translate_tokens(&name, out, walk->err)) {
        return false;
    }
    if (view.is_outer) {
        sql_text_add(out, " ON true", origin);
    }
    return true;
}

// DISTRIBUTE BY x SORT BY y: where rows are computed and in what order within a task. Neither
// changes what the rows are.
static void walk_drop_order(Walk *walk)
{
    static const char *const STOPS[] = {"LIMIT",   "UNION", "EXCEPT", "INTERSECT",
                                        "MINUS",   "SORT",  "INSERT", "DISTRIBUTE",
                                        "CLUSTER", "ORDER", NULL};
    size_t next = walk->at + 2;
    while (next < walk->end && !walk_is_one(walk, next, STOPS)) {
        const size_t match = walk_token(walk, next)->match;
        if (match != SIZE_MAX && match < next) {
            break;  // the bracket that this lies in
        }
        next = match == SIZE_MAX ? next + 1 : match + 1;
    }
    walk_replace(walk, "", next > walk->end ? walk->end : next);
}

// 10L and its like. False where the number has no such ending.
static bool walk_number(Walk *walk)
{
    static const struct {
        const char *suffix;
        const char *type;
    } TYPES[] = {{"BD", "DECIMAL(38,18)"}, {"L", "BIGINT"}, {"S", "SMALLINT"}, {"Y", "TINYINT"}};
    const Token *token = walk_token(walk, walk->at);
    const char *text = walk->of->script + token->begin;
    const size_t len = token->end - token->begin;
    const size_t digits = strspn(text, "0123456789.");
    if (digits >= len) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        const size_t suffix = strlen(TYPES[i].suffix);
        bool is_same = digits + suffix == len;
        for (size_t j = 0; is_same && j < suffix; j++) {
            is_same = (text[digits + j] & ~0x20) == TYPES[i].suffix[j];
        }
        if (is_same) {
            CLEANUP(mem_free_text)
            char *cast = mem_format("CAST(%.*s AS %s)", (int)digits, text, TYPES[i].type);
            walk_replace(walk, cast, walk->at + 1);
            return true;
        }
    }
    return false;
}

// LIMIT 20, 10.
static bool walk_limit(Walk *walk)
{
    const size_t at = walk->at;
    if (at + 3 >= walk->end || walk_token(walk, at + 1)->kind != TOKEN_NUMBER
        || !walk_is(walk, at + 2, ",") || walk_token(walk, at + 3)->kind != TOKEN_NUMBER) {
        return false;
    }
    CLEANUP(mem_free_text) char *offset = token_value(walk->of->script, walk_token(walk, at + 1));
    CLEANUP(mem_free_text) char *count = token_value(walk->of->script, walk_token(walk, at + 3));
    CLEANUP(mem_free_text) char *limit = mem_format("LIMIT %s OFFSET %s", count, offset);
    walk_replace(walk, limit, at + 4);
    return true;
}

// `name`: a double quote inside is doubled, a doubled backquote is one.
static void walk_backquoted(Walk *walk)
{
    CLEANUP(mem_free_text) char *name = token_value(walk->of->script, walk_token(walk, walk->at));
    CLEANUP(buf_done) Buf quoted = {0};
    buf_add_char(&quoted, '"');
    for (const char *at = name; *at != '\0'; at++) {
        buf_add_text(&quoted, *at == '"' ? "\"\"" : (char[]){*at, '\0'});
    }
    buf_add_char(&quoted, '"');
    walk_replace(walk, buf_text(&quoted), walk->at + 1);
}

// Whether the token lies in the parentheses of an OVER.
static bool walk_in_window(const Walk *walk)
{
    for (size_t at = walk->at; at > walk->of->begin + 1;) {
        at--;
        const size_t match = walk_token(walk, at)->match;
        if (match != SIZE_MAX && match > at) {
            return walk_is(walk, at - 1, "OVER");
        }
        at = match == SIZE_MAX ? at : match;
    }
    return false;
}

static bool walk_is_minus(const Walk *walk)
{
    static const char *const AFTER[] = {"SELECT", "ALL", "DISTINCT", NULL};
    return walk_is_one(walk, walk->at + 1, AFTER)
           || (walk->at > walk->of->begin && walk_is(walk, walk->at - 1, ")")
               && walk_is(walk, walk->at + 1, "("));
}

static bool walk_word(Walk *walk)
{
    static const char *const ORDERS[] = {"DISTRIBUTE", "SORT", "CLUSTER", NULL};
    static const char *const HALVES[] = {"SEMI", "ANTI", NULL};
    const size_t at = walk->at;
    const bool is_after_operand = at > walk->of->begin && walk_ends_operand(walk, at - 1);
    const bool is_not = at > walk->of->begin && walk_is(walk, at - 1, "NOT");
    if ((walk_is(walk, at, "RLIKE") || walk_is(walk, at, "REGEXP")) && (is_after_operand || is_not)
        && walk_begins_operand(walk, at + 1)) {
        return walk_rlike(walk);
    }
    if (walk_is(walk, at, "LATERAL") && walk_is(walk, at + 1, "VIEW")) {
        return walk_view(walk);
    }
    if (walk_is_one(walk, at, ORDERS) && walk_is(walk, at + 1, "BY")) {
        if (walk_in_window(walk)) {
            walk_replace(walk, walk_is(walk, at, "SORT") ? "ORDER" : "PARTITION", at + 1);
        } else {
            walk_drop_order(walk);
        }
    } else if (walk_is(walk, at, "LEFT") && walk_is_one(walk, at + 1, HALVES)
               && walk_is(walk, at + 2, "JOIN")) {
        walk_replace(walk, "", at + 1);
    } else if (walk_is(walk, at, "MINUS") && walk_is_minus(walk)) {
        walk_replace(walk, "EXCEPT", at + 1);
    } else if (walk_is(walk, at, "DIV") && is_after_operand && walk_begins_operand(walk, at + 1)) {
        walk_replace(walk, "//", at + 1);
    } else if (!walk_is(walk, at, "LIMIT") || !walk_limit(walk)) {
        walk->at++;
    }
    return true;
}

static bool walk_step(Walk *walk)
{
    const Token *token = walk_token(walk, walk->at);
    switch (token->kind) {
    case TOKEN_WORD:
        return walk_word(walk);
    case TOKEN_NAME:
        if (walk->of->script[token->begin] == '`') {
            walk_backquoted(walk);
        } else {
            walk->at++;
        }
        return true;
    case TOKEN_NUMBER:
        walk->at += !walk_number(walk);
        return true;
    case TOKEN_SIGN:
        if (walk_is(walk, walk->at, "<=>")) {
            walk_replace(walk, "IS NOT DISTINCT FROM", walk->at + 1);
        } else {
            walk->at++;
        }
        return true;
    case TOKEN_STRING:
    case TOKEN_END:
        break;
    }
    walk->at++;
    return true;
}

bool translate_tokens(const Translation *translation, SqlText *out, Err *err)
{
    if (translation->begin >= translation->end) {
        return true;
    }
    Walk walk = {.of = translation,
                 .out = out,
                 .err = err,
                 .at = translation->begin,
                 .end = translation->end,
                 .copied = translation->list->tokens[translation->begin].begin};
    while (walk.at < walk.end) {
        if (!walk_step(&walk)) {
            return false;
        }
    }
    const size_t end = translation->list->tokens[translation->end - 1].end;
    sql_text_add_span(out, translation->script, (Span){walk.copied, end});
    return true;
}

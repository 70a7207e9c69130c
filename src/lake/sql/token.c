// One pass over the bytes. Brackets are paired here, once, so that everything later skips what lies
// in them in one step and need not fear depth. A semicolon ends all open brackets with a fault: a
// statement does not reach over it.
#include "base/base.h"

#include "lake/sql/token.h"

#include "base/digits.h"
#include "base/text.h"

typedef struct Scan {
    const char *text;
    size_t len;
    size_t at;
    TokenList *list;
    size_t capacity;
    size_t open[TOKEN_DEPTH_MAX];  // indexes of the brackets that are open
    size_t depth;
} Scan;

static char scan_peek(const Scan *scan, size_t ahead)
{
    return scan->len - scan->at > ahead ? scan->text[scan->at + ahead] : '\0';
}

static bool scan_fault(Scan *scan, size_t at, bool is_open, const char *fault)
{
    scan->list->fault = fault;
    scan->list->fault_at = at;
    scan->list->is_open = is_open;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_word_start(c) || digits_is_digit(c) || c == '$';
}

// Comments and blanks. False where a comment does not end.
static bool scan_gap(Scan *scan)
{
    while (scan->at < scan->len) {
        const char c = scan->text[scan->at];
        if (is_blank(c)) {
            scan->at++;
        } else if (c == '-' && scan_peek(scan, 1) == '-') {
            while (scan->at < scan->len && scan->text[scan->at] != '\n') {
                scan->at++;
            }
        } else if (c == '/' && scan_peek(scan, 1) == '*') {
            const size_t begin = scan->at;
            size_t depth = 0;
            do {
                const char first = scan_peek(scan, 0);
                const char second = scan_peek(scan, 1);
                if (scan->at >= scan->len) {
                    return scan_fault(scan, begin, /* is_open= */ true,
                                      "the comment that begins here has no end");
                }
                const bool is_opened = first == '/' && second == '*';
                const bool is_closed = first == '*' && second == '/';
                depth = depth + is_opened - is_closed;
                scan->at += is_opened || is_closed ? 2 : 1;
            } while (depth > 0);
        } else {
            return true;
        }
    }
    return true;
}

static void scan_push(Scan *scan, TokenKind kind, size_t begin, size_t end)
{
    TokenList *list = scan->list;
    if (list->count == scan->capacity) {
        scan->capacity = scan->capacity == 0 ? 64 : scan->capacity * 2;
        list->tokens = mem_grow(list->tokens, scan->capacity * sizeof(*list->tokens));
    }
    list->tokens[list->count++] = (Token){kind, begin, end, SIZE_MAX};
    scan->at = end;
}

// From the opening quote at `quote_at` on; a doubled quote stands for itself.
static bool scan_quoted(Scan *scan, TokenKind kind, size_t quote_at, bool has_escapes)
{
    const char quote = scan->text[quote_at];
    for (size_t i = quote_at + 1; i < scan->len; i++) {
        if (has_escapes && scan->text[i] == '\\') {
            i++;
        } else if (scan->text[i] == quote) {
            if (i + 1 == scan->len || scan->text[i + 1] != quote) {
                if (kind == TOKEN_NAME && i == quote_at + 1) {
                    return scan_fault(scan, quote_at, /* is_open= */ false, "the name is empty");
                }
                scan_push(scan, kind, scan->at, i + 1);
                return true;
            }
            i++;
        }
    }
    return scan_fault(scan, scan->at, /* is_open= */ true,
                      kind == TOKEN_STRING ? "the text that begins here has no closing quote"
                                           : "the name that begins here has no closing quote");
}

// $$text$$ and $tag$text$tag$. False without a fault where it is none.
static bool scan_dollar(Scan *scan)
{
    size_t tag = 1;
    while (is_word_start(scan_peek(scan, tag))
           || (tag > 1 && digits_is_digit(scan_peek(scan, tag)))) {
        tag++;
    }
    if (scan_peek(scan, tag) != '$') {
        return false;
    }
    tag++;
    const char *begin = scan->text + scan->at;
    const char *rest = begin + tag;
    const char *end = memmem(rest, scan->len - scan->at - tag, begin, tag);
    if (end == NULL) {
        return scan_fault(scan, scan->at, /* is_open= */ true,
                          "the text that begins here has no closing quote");
    }
    scan_push(scan, TOKEN_STRING, scan->at, (size_t)(end - scan->text) + tag);
    return true;
}

static void scan_number(Scan *scan)
{
    size_t end = scan->at;
    const char *text = scan->text;
    bool is_hex = text[end] == '0' && (scan_peek(scan, 1) | 0x20) == 'x';
    while (end < scan->len) {
        const char c = text[end];
        const bool is_exponent_sign = (c == '+' || c == '-') && !is_hex && end > scan->at
                                      && (text[end - 1] | 0x20) == 'e' && end + 1 < scan->len
                                      && digits_is_digit(text[end + 1]);
        if (!is_word(c) && c != '.' && !is_exponent_sign) {
            break;
        }
        end++;
    }
    scan_push(scan, TOKEN_NUMBER, scan->at, end);
}

static size_t scan_sign_len(const Scan *scan)
{
    static const char *const LONG[] = {"<=>", "->>", "<=", ">=", "<>", "!=", "==", "||", "::", "->",
                                       "=>",  ":=",  "//", "**", "<<", ">>", "&&", "..", "~~"};
    for (size_t i = 0; i < ARRAY_LEN(LONG); i++) {
        const size_t len = strlen(LONG[i]);
        if (scan->len - scan->at >= len && memcmp(scan->text + scan->at, LONG[i], len) == 0) {
            return len;
        }
    }
    return 1;
}

static bool scan_bracket(Scan *scan, char c)
{
    static const char OPEN[] = "([{";
    static const char CLOSE[] = ")]}";
    TokenList *list = scan->list;
    const size_t index = list->count - 1;
    if (strchr(OPEN, c) != NULL) {
        if (scan->depth == TOKEN_DEPTH_MAX) {
            return scan_fault(scan, list->tokens[index].begin, /* is_open= */ false,
                              "brackets lie too deep in each other");
        }
        scan->open[scan->depth++] = index;
        return true;
    }
    const char *close = strchr(CLOSE, c);
    if (close == NULL) {
        return true;
    }
    if (scan->depth == 0
        || scan->text[list->tokens[scan->open[scan->depth - 1]].begin] != OPEN[close - CLOSE]) {
        return scan_fault(scan, list->tokens[index].begin, /* is_open= */ false,
                          "nothing is open that this bracket could close");
    }
    const size_t other = scan->open[--scan->depth];
    list->tokens[other].match = index;
    list->tokens[index].match = other;
    return true;
}

static bool scan_open_bracket(Scan *scan, bool is_open)
{
    return scan_fault(scan, scan->list->tokens[scan->open[scan->depth - 1]].begin, is_open,
                      "the bracket that is opened here is not closed");
}

static bool scan_token(Scan *scan)
{
    const char c = scan->text[scan->at];
    const char next = scan_peek(scan, 1);
    if (c == '\'' || ((c == 'e' || c == 'E') && next == '\'')) {
        return scan_quoted(scan, TOKEN_STRING, scan->at + (c != '\''), c != '\'');
    }
    if (c == '"' || c == '`') {
        return scan_quoted(scan, TOKEN_NAME, scan->at, /* has_escapes= */ false);
    }
    if (is_word_start(c)) {
        size_t end = scan->at + 1;
        while (end < scan->len && is_word(scan->text[end])) {
            end++;
        }
        scan_push(scan, TOKEN_WORD, scan->at, end);
        return true;
    }
    if (digits_is_digit(c) || (c == '.' && digits_is_digit(next))) {
        scan_number(scan);
        return true;
    }
    if (c == '$' && (scan_dollar(scan) || scan->list->fault != NULL)) {
        return scan->list->fault == NULL;
    }
    if (c == ';' && scan->depth > 0) {
        return scan_open_bracket(scan, /* is_open= */ false);
    }
    scan_push(scan, TOKEN_SIGN, scan->at, scan->at + scan_sign_len(scan));
    return scan_bracket(scan, c);
}

void token_list_read(const char *text, size_t len, TokenList *ret_list)
{
    *ret_list = (TokenList){0};
    Scan scan = {.text = text, .len = len, .list = ret_list};
    bool goes_on = scan_gap(&scan);
    while (goes_on && scan.at < len) {
        goes_on = scan_token(&scan) && scan_gap(&scan);
    }
    if (goes_on && scan.depth > 0) {
        (void)scan_open_bracket(&scan, /* is_open= */ true);
    }
    scan_push(&scan, TOKEN_END, len, len);
}

void token_list_done(TokenList *list)
{
    free(list->tokens);
    *list = (TokenList){0};
}

bool token_is(const char *script, const Token *token, const char *text)
{
    const size_t len = token->end - token->begin;
    if ((token->kind != TOKEN_WORD && token->kind != TOKEN_SIGN) || strlen(text) != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = script[token->begin + i];
        const char upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        if (upper != text[i]) {
            return false;
        }
    }
    return true;
}

// The byte that a backslash and `c` stand for, for the escapes that people use.
static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    default:
        return c;
    }
}

char *token_value(const char *script, const Token *token)
{
    const char *text = script + token->begin;
    const size_t len = token->end - token->begin;
    const bool is_quoted = token->kind == TOKEN_NAME || token->kind == TOKEN_STRING;
    if (!is_quoted || len < 2) {
        return mem_copy_bytes(text, len);
    }
    if (text[0] == '$') {
        const size_t tag = (size_t)((const char *)memchr(text + 1, '$', len - 1) - text) + 1;
        return mem_copy_bytes(text + tag, len - 2 * tag);
    }
    const bool has_escapes = text[0] == 'e' || text[0] == 'E';
    const size_t first = has_escapes ? 2 : 1;
    const char quote = text[first - 1];
    char *value = mem_alloc(len);
    size_t count = 0;
    for (size_t i = first; i + 1 < len; i++) {
        if (has_escapes && text[i] == '\\' && i + 2 < len) {
            value[count++] = unescape(text[++i]);
        } else {
            i += text[i] == quote;  // the second of two
            value[count++] = text[i];
        }
    }
    return value;
}

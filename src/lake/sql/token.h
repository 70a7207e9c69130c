// Cuts a script into words, names, strings and signs, as DuckDB's own scanner does (comments nest,
// strings double their quotes), plus MaxCompute's `names`. What stands between tokens is blank or
// comment.
#pragma once

#include "lake/sql/sql_text.h"

typedef enum TokenKind {
    TOKEN_END,     // after the last one: begin = end = the script's length
    TOKEN_WORD,    // keyword or name without quotes
    TOKEN_NAME,    // `name` or "name"
    TOKEN_STRING,  // 'text', e'text', $tag$text$tag$
    TOKEN_NUMBER,
    TOKEN_SIGN,  // operator or punctuation, the longest that is known
} TokenKind;

typedef struct Token {
    TokenKind kind;
    size_t begin;
    size_t end;
    // Of an opening bracket: the index of the one that closes it; of that: the opening one's.
    // SIZE_MAX for anything else.
    size_t match;
} Token;

typedef struct TokenList {
    Token *tokens;  // the last is TOKEN_END
    size_t count;   // with it
    // Where the script cannot be cut further: an open quote or comment, or brackets that do not
    // pair. NULL: nothing is wrong. The list ends before it.
    const char *fault;
    size_t fault_at;
    bool is_open;  // the fault would be mended by more text at the end
} TokenList;

// Brackets may lie this deep in each other: deeper is a fault.
#define TOKEN_DEPTH_MAX 200

// Never fails: mistakes are in ret_list->fault. `text` need not end with a NUL.
void token_list_read(const char *text, size_t len, TokenList *ret_list);
void token_list_done(TokenList *list);

// Whether it is this word (of any case) or this sign.
bool token_is(const char *script, const Token *token, const char *text);
// The name without quotes, or the text of a string: owned by the caller.
char *token_value(const char *script, const Token *token) MUST_CHECK;

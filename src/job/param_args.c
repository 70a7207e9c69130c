// The product's parameter string of a node, in both its forms:
//
//   bizdate=$bizdate hour=$[hh24-1/24] prod          name=value; a piece without "=" is "1", "2"
//   ... -p"-Dbizdate=$bizdate -Dbegin=$[yyyymmdd hh24]"  the legacy form of DataX
//
// Spaces separate, except inside $[ ] and ${ }.
#include "base/base.h"

#include "job/param.h"

#include <stdio.h>

#include "base/text.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Length of the piece at `text`: up to a space that is not inside $[ ] or ${ }.
static size_t piece_len(const char *text, const char *end)
{
    const char *at = text;
    while (at < end && !is_space(*at)) {
        if (*at == '$' && at + 1 < end && (at[1] == '[' || at[1] == '{')) {
            const char *close = memchr(at, at[1] == '[' ? ']' : '}', (size_t)(end - at));
            if (close != NULL) {
                at = close;
            }
        }
        at++;
    }
    return (size_t)(at - text);
}

static bool add_piece(ParamSet *params, const char *piece, size_t len, bool legacy,
                      size_t *positional, Err *err)
{
    CLEANUP(mem_free_text) char *text = mem_copy_bytes(piece, len);
    const char *start = text;
    if (legacy) {
        if (!text_starts_with(text, "-D")) {
            (void)fail(err, FAIL_CONFIG, "\"%.100s\" in -p\"...\" does not begin with -D", text);
            return fail_hint(err, "Write -p\"-Dname=value -Dname=value\".");
        }
        start += 2;
    }
    const char *equals = strchr(start, '=');
    if (equals == NULL && legacy) {
        return fail(err, FAIL_CONFIG, "\"%.100s\" in -p\"...\" has no value", text);
    }
    if (equals == NULL) {
        char name[24];
        (void)snprintf(name, sizeof(name), "%zu", ++*positional);
        return param_set_add(params, name, start, err);
    }
    if (strchr(equals + 1, '=') != NULL) {
        (void)fail(err, FAIL_CONFIG, "the value of \"%.100s\" holds a second \"=\"", text);
        return fail_hint(
            err, "Write \"args\" as a mapping (name: value) where values hold spaces or \"=\".");
    }
    CLEANUP(mem_free_text) char *name = mem_copy_bytes(start, (size_t)(equals - start));
    return param_set_add(params, name, equals + 1, err);
}

// The text between the quotes of -p"...", or false where it is not the legacy form.
static bool find_legacy(const char *args, const char **ret_start, const char **ret_end)
{
    const char *at = args;
    while (is_space(*at)) {
        at++;
    }
    if (!text_starts_with(at, "-p")) {
        return false;
    }
    at += 2;
    while (is_space(*at)) {
        at++;
    }
    if (*at != '"') {
        return false;
    }
    *ret_start = at + 1;
    *ret_end = strrchr(at + 1, '"');
    return true;
}

bool param_set_add_args(ParamSet *params, const char *args, Err *err)
{
    const char *at = args;
    const char *end = args + strlen(args);
    const bool legacy = find_legacy(args, &at, &end);
    if (legacy && end == NULL) {
        return fail(err, FAIL_CONFIG, "the closing quote of -p\"...\" is missing");
    }
    size_t positional = 0;
    while (at < end) {
        if (is_space(*at)) {
            at++;
            continue;
        }
        const size_t len = piece_len(at, end);
        if (!add_piece(params, at, len, legacy, &positional, err)) {
            return false;
        }
        at += len;
    }
    return true;
}

// Names and literals as SQL.
#include "source/mysql/connect.h"

void sql_add_name(Buf *sql, const char *name)
{
    buf_add_char(sql, '`');
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '`') {
            buf_add_char(sql, '`');
        }
        buf_add_char(sql, *p);
    }
    buf_add_char(sql, '`');
}

void sql_add_literal(Buf *sql, const char *text)
{
    bool is_plain = true;
    for (const char *p = text; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c > 0x7e || c == '\'' || c == '\\') {
            is_plain = false;
        }
    }
    if (is_plain) {
        buf_add_format(sql, "'%s'", text);
        return;
    }
    buf_add_text(sql, "_utf8mb4 x'");
    for (const char *p = text; *p != '\0'; p++) {
        buf_add_format(sql, "%02x", (unsigned)(unsigned char)*p);
    }
    buf_add_char(sql, '\'');
}

// The text behind what opens at `text`: a quoted piece with doubled and escaped quotes, or a
// comment. NULL where it is never closed.
static const char *sql_skip_quoted(const char *text)
{
    const char quote = *text;
    for (const char *p = text + 1; *p != '\0'; p++) {
        if (*p == '\\' && quote != '`' && p[1] != '\0') {
            p++;
        } else if (*p == quote && p[1] == quote) {
            p++;
        } else if (*p == quote) {
            return p + 1;
        }
    }
    return NULL;
}

static const char *sql_skip_comment(const char *text)
{
    if (text[0] == '/') {
        const char *end = strstr(text + 2, "*/");
        return end == NULL ? NULL : end + 2;
    }
    return text + strcspn(text, "\n");
}

bool sql_is_whole(const char *text)
{
    int depth = 0;
    for (const char *p = text; p != NULL;) {
        const bool is_comment =
            *p == '#' || (p[0] == '/' && p[1] == '*')
            || (p[0] == '-' && p[1] == '-' && (p[2] == '\0' || (unsigned char)p[2] <= ' '));
        if (*p == '\0') {
            return depth == 0;
        }
        if (*p == '\'' || *p == '"' || *p == '`') {
            p = sql_skip_quoted(p);
        } else if (is_comment) {
            p = sql_skip_comment(p);
        } else {
            depth += (*p == '(') - (*p == ')');
            if (depth < 0 || *p == ';') {
                return false;
            }
            p++;
        }
    }
    return false;
}

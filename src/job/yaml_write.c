// The one emitter of YAML. What is not plainly harmless is quoted, so that no text has to be looked
// at twice: words that YAML takes for null, indicators, colons and hashes need no rule of their
// own.
#include "base/base.h"

#include "job/yaml_write.h"

#include "base/text.h"

enum { COMMENT_WIDTH = 100 };

// The character at `text`, UTF-8, and its length. Bytes that are none count as one bad character.
static uint32_t next_char(const char *text, size_t *ret_len)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (strnlen(text, len) < len || !text_is_utf8(text, len)) {
        *ret_len = 1;
        return 0xFFFD;
    }
    *ret_len = len;
    uint32_t code = len == 1 ? at[0] : at[0] & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | (at[i] & 0x3F);
    }
    return code;
}

// What may stand in a file as it is. The rest is written as an escape, in double quotes.
static bool is_printable(uint32_t code)
{
    return (code >= 0x20 && code < 0x7F)
           || (code >= 0xA0 && code < 0xFFFE && code != 0xFEFF && code != 0x2028 && code != 0x2029)
           || code >= 0x10000;
}

static bool all_printable(const char *text, bool allow_newline)
{
    for (size_t len; *text != '\0'; text += len) {
        if (!is_printable(next_char(text, &len)) && !(allow_newline && *text == '\n')) {
            return false;
        }
    }
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Words, names, "ds=${bizdate}".
static bool is_plain(const char *text)
{
    static const char *const NOT_TEXT[] = {"null", "true", "false", "yes", "no", "on", "off"};
    for (size_t i = 0; i < ARRAY_LEN(NOT_TEXT); i++) {
        if (text_equal_nocase(text, NOT_TEXT[i])) {
            return false;
        }
    }
    if (!is_letter(*text) && !text_starts_with(text, "${")) {
        return false;
    }
    while (*text != '\0') {
        if (text_starts_with(text, "${")) {
            text += 2;
            while (is_letter(*text) || (*text >= '0' && *text <= '9')
                   || (*text != '\0' && strchr(".-*+", *text) != NULL)) {
                text++;
            }
            if (*text != '}') {
                return false;
            }
        } else if (!is_letter(*text) && !(*text >= '0' && *text <= '9')
                   && strchr("-.=+", *text) == NULL) {
            return false;
        }
        text++;
    }
    return true;
}

static void add_double_quoted(Buf *out, const char *text)
{
    buf_add_char(out, '"');
    for (size_t len; *text != '\0'; text += len) {
        const uint32_t code = next_char(text, &len);
        if (code == '"' || code == '\\') {
            buf_add_char(out, '\\');
            buf_add_char(out, (char)code);
        } else if (is_printable(code)) {
            buf_add_bytes(out, text, len);
        } else if (code == '\n' || code == '\t' || code == '\r') {
            buf_add_text(out, code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r");
        } else {
            buf_add_format(out, "\\u%04X", code);
        }
    }
    buf_add_char(out, '"');
}

static void add_single_quoted(Buf *out, const char *text)
{
    buf_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        buf_add_text(out, *text == '\'' ? "'" : "");
        buf_add_char(out, *text);
    }
    buf_add_char(out, '\'');
}

// Lines that a block keeps as they are: none of spaces only, none that ends with one, no empty one
// at either end.
static bool fits_block(const char *text)
{
    if (strchr(text, '\n') == NULL || text[0] == '\n' || text[0] == ' '
        || !all_printable(text, /* allow_newline= */ true)) {
        return false;
    }
    const size_t len = strlen(text);
    return text[len - 1] != '\n' && text[len - 1] != ' ' && strstr(text, " \n") == NULL;
}

static void add_block(Buf *out, const char *text, int indent)
{
    buf_add_text(out, "|-");
    while (*text != '\0') {
        const size_t len = strcspn(text, "\n");
        buf_add_char(out, '\n');
        if (len > 0) {
            buf_add_format(out, "%*s", indent + 2, "");
            buf_add_bytes(out, text, len);
        }
        text += len + (text[len] == '\n');
    }
}

void yaml_add_text(Buf *out, const char *text, int indent)
{
    if (is_plain(text)) {
        buf_add_text(out, text);
    } else if (indent >= 0 && fits_block(text)) {
        add_block(out, text, indent);
    } else if (strpbrk(text, "\"\\") != NULL && all_printable(text, /* allow_newline= */ false)) {
        add_single_quoted(out, text);
    } else {
        add_double_quoted(out, text);
    }
}

// A text in which every character may stand in a comment.
static char *comment_text(const char *text)
{
    CLEANUP(buf_done) Buf clean = {0};
    for (size_t len; *text != '\0'; text += len) {
        const uint32_t code = next_char(text, &len);
        if (is_printable(code)) {
            buf_add_bytes(&clean, text, code == 0xFFFD ? 0 : len);
        } else {
            buf_add_char(&clean, ' ');
        }
    }
    return buf_take(&clean);
}

void yaml_add_comment(Buf *out, const char *text, int indent)
{
    CLEANUP(mem_free_text) char *clean = comment_text(text);
    const size_t width = (size_t)(COMMENT_WIDTH - indent - 2);
    for (const char *at = clean; *at != '\0';) {
        size_t len = strlen(at);
        if (len > width) {
            // At the last space that fits; a word that is longer stands alone.
            const char *space = memrchr(at, ' ', width + 1);
            space = space == NULL || space == at ? strchr(at + 1, ' ') : space;
            len = space == NULL ? len : (size_t)(space - at);
        }
        buf_add_format(out, "%*s# ", indent, "");
        buf_add_bytes(out, at, len);
        buf_add_char(out, '\n');
        at += len;
        at += strspn(at, " ");
    }
}

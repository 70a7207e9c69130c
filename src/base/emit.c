// The JSON writer: a small state machine over a Buf.
#include "base/emit.h"

#include <math.h>
#include <stdio.h>

#include "base/number.h"
#include "base/text.h"

JsonWriter emit_writer(Buf *out)
{
    return (JsonWriter){.out = out};
}

// A comma where one is due before the next value or key.
static void json_separate(JsonWriter *json)
{
    if (json->needs_comma && !json->after_key) {
        buf_add_char(json->out, ',');
    }
    json->needs_comma = true;
    json->after_key = false;
}

static void json_begin(JsonWriter *json, char bracket)
{
    json_separate(json);
    buf_add_char(json->out, bracket);
    json->needs_comma = false;
}

static void json_end(JsonWriter *json, char bracket)
{
    buf_add_char(json->out, bracket);
    json->needs_comma = true;
}

void emit_begin_object(JsonWriter *json)
{
    json_begin(json, '{');
}

void emit_end_object(JsonWriter *json)
{
    json_end(json, '}');
}

void emit_begin_array(JsonWriter *json)
{
    json_begin(json, '[');
}

void emit_end_array(JsonWriter *json)
{
    json_end(json, ']');
}

// Length of the well-formed UTF-8 sequence at the front, or 0.
static size_t json_sequence_len(const char *bytes, size_t len)
{
    unsigned char lead = (unsigned char)bytes[0];
    size_t want = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return want <= len && text_is_utf8(bytes, want) ? want : 0;
}

static void json_escaped(Buf *out, const char *bytes, size_t len)
{
    buf_add_char(out, '"');
    size_t plain = 0;  // start of the bytes that need no change
    bool is_utf8 = text_is_utf8(bytes, len);
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c != '"' && c != '\\' && (c < 0x80 || is_utf8)) {
            i++;
            continue;
        }
        size_t sequence = c >= 0x80 ? json_sequence_len(bytes + i, len - i) : 0;
        if (sequence > 0) {
            i += sequence;
            continue;
        }
        buf_add_bytes(out, bytes + plain, i - plain);
        switch (c) {
        case '"':
            buf_add_text(out, "\\\"");
            break;
        case '\\':
            buf_add_text(out, "\\\\");
            break;
        case '\n':
            buf_add_text(out, "\\n");
            break;
        case '\r':
            buf_add_text(out, "\\r");
            break;
        case '\t':
            buf_add_text(out, "\\t");
            break;
        default:
            if (c >= 0x80) {
                buf_add_text(out, "\xEF\xBF\xBD");
            } else {
                buf_add_format(out, "\\u%04x", c);
            }
        }
        i++;
        plain = i;
    }
    buf_add_bytes(out, bytes + plain, len - plain);
    buf_add_char(out, '"');
}

void emit_key(JsonWriter *json, const char *key)
{
    json_separate(json);
    json_escaped(json->out, key, strlen(key));
    buf_add_char(json->out, ':');
    json->after_key = true;
}

void emit_text_bytes(JsonWriter *json, const char *bytes, size_t len)
{
    json_separate(json);
    json_escaped(json->out, bytes, len);
}

void emit_text(JsonWriter *json, const char *text)
{
    if (text == NULL) {
        emit_null(json);
    } else {
        emit_text_bytes(json, text, strlen(text));
    }
}

void emit_int(JsonWriter *json, int64_t value)
{
    json_separate(json);
    buf_add_format(json->out, "%" PRId64, value);
}

void emit_uint(JsonWriter *json, uint64_t value)
{
    json_separate(json);
    buf_add_format(json->out, "%" PRIu64, value);
}

void emit_double(JsonWriter *json, double value)
{
    if (!isfinite(value)) {
        emit_null(json);
        return;
    }
    json_separate(json);
    char space[NUMBER_TEXT_SIZE];
    buf_add_bytes(json->out, space, number_double_to_text(value, space));
}

void emit_fixed(JsonWriter *json, double value, int decimals)
{
    if (!isfinite(value)) {
        emit_null(json);
        return;
    }
    json_separate(json);
    buf_add_format(json->out, "%.*f", decimals, value);
}

void emit_bool(JsonWriter *json, bool value)
{
    json_separate(json);
    buf_add_text(json->out, value ? "true" : "false");
}

void emit_null(JsonWriter *json)
{
    json_separate(json);
    buf_add_text(json->out, "null");
}

void emit_raw(JsonWriter *json, const char *text, size_t len)
{
    json_separate(json);
    buf_add_bytes(json->out, text, len);
}

void emit_base64(JsonWriter *json, const void *bytes, size_t len)
{
    json_separate(json);
    buf_add_char(json->out, '"');
    buf_add_base64(json->out, bytes, len);
    buf_add_char(json->out, '"');
}

void emit_member_text(JsonWriter *json, const char *key, const char *text)
{
    emit_key(json, key);
    emit_text(json, text);
}

void emit_member_int(JsonWriter *json, const char *key, int64_t value)
{
    emit_key(json, key);
    emit_int(json, value);
}

void emit_member_bool(JsonWriter *json, const char *key, bool value)
{
    emit_key(json, key);
    emit_bool(json, value);
}

// A JSON writer. Commas and nesting are kept by the writer; text is escaped; bytes that are not
// UTF-8 become U+FFFD. Reading JSON is jansson's work. Thread: one at a time.
#pragma once

#include "base/buf.h"

typedef struct JsonWriter {
    Buf *out;
    bool needs_comma;
    bool after_key;
} JsonWriter;

JsonWriter emit_writer(Buf *out);
void emit_begin_object(JsonWriter *json);
void emit_end_object(JsonWriter *json);
void emit_begin_array(JsonWriter *json);
void emit_end_array(JsonWriter *json);
void emit_key(JsonWriter *json, const char *key);
void emit_text(JsonWriter *json, const char *text);  // NULL writes null
void emit_text_bytes(JsonWriter *json, const char *bytes, size_t len);
void emit_int(JsonWriter *json, int64_t value);
void emit_uint(JsonWriter *json, uint64_t value);
void emit_double(JsonWriter *json,
                 double value);  // shortest text that reads back; null where not finite
void emit_fixed(JsonWriter *json, double value, int decimals);  // "1.250"; null where not finite
void emit_bool(JsonWriter *json, bool value);
// The label: libjansson exports a function of this name, and would call ours in place of its own.
void emit_null(JsonWriter *json);
void emit_raw(JsonWriter *json, const char *text, size_t len);  // already JSON
void emit_base64(JsonWriter *json, const void *bytes, size_t len);
// Shorthands for members of an object.
void emit_member_text(JsonWriter *json, const char *key, const char *text);
void emit_member_int(JsonWriter *json, const char *key, int64_t value);
void emit_member_bool(JsonWriter *json, const char *key, bool value);

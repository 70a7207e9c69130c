// A JSON writer. Commas and nesting are kept by the writer; text is escaped; bytes that are not
// UTF-8 become U+FFFD. Reading JSON is jansson's work. Thread: one at a time.
#pragma once

#include "base/buf.h"

typedef struct JsonWriter {
    Buf *out;
    bool needs_comma;
    bool after_key;
} JsonWriter;

JsonWriter json_writer(Buf *out);
void json_begin_object(JsonWriter *json);
void json_end_object(JsonWriter *json);
void json_begin_array(JsonWriter *json);
void json_end_array(JsonWriter *json);
void json_key(JsonWriter *json, const char *key);
void json_text(JsonWriter *json, const char *text);  // NULL writes null
void json_text_bytes(JsonWriter *json, const char *bytes, size_t len);
void json_int(JsonWriter *json, int64_t value);
void json_uint(JsonWriter *json, uint64_t value);
void json_double(JsonWriter *json, double value);  // shortest text that reads back; null where not finite
void json_fixed(JsonWriter *json, double value, int decimals);  // "1.250"; null where not finite
void json_bool(JsonWriter *json, bool value);
// The label: libjansson exports a function of this name, and would call ours in place of its own.
void json_null(JsonWriter *json) __asm__("weir_json_null");
void json_raw(JsonWriter *json, const char *text, size_t len);  // already JSON
void json_base64(JsonWriter *json, const void *bytes, size_t len);
// Shorthands for members of an object.
void json_member_text(JsonWriter *json, const char *key, const char *text);
void json_member_int(JsonWriter *json, const char *key, int64_t value);
void json_member_bool(JsonWriter *json, const char *key, bool value);

// Any text must expand or be refused with a reason; both without reading past its end, and with
// years that have four digits. A text without "$" must come back as it was.
#include "base/base.h"

#include "job/param.h"

#include <stdio.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    // Four bytes choose the day and the time of day, the rest is the text.
    ParamSet params = {0};
    char bizdate[32];
    (void)snprintf(bizdate, sizeof(bizdate), "%04d%02d%02d", 1 + (data[0] << 8 | data[1]) % 9999,
                   1 + data[2] % 12, 1 + data[2] / 12 % 28);
    Err err = {0};
    if (!param_set_bizdate(&params, bizdate, data[3] % 24, data[3] / 24, &err)) {
        abort();
    }
    CLEANUP(mem_free_text) char *text = mem_copy_bytes(data + 4, size - 4);
    CLEANUP(buf_done) Buf out = {.limit = 1 << 20};
    if (param_expand(&params, text, &out, &err)) {
        if (strchr(text, '$') == NULL && strcmp(text, buf_text(&out)) != 0) {
            abort();
        }
    } else if (err.kind != FAIL_CONFIG || err.message[0] == '\0') {
        abort();
    }
    if (!param_set_add_args(&params, text, &err) && err.message[0] == '\0') {
        abort();
    }
    if (!param_set_add(&params, "self", text, &err) && err.message[0] == '\0') {
        abort();
    }
    param_set_done(&params);
    return 0;
}

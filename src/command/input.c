// Standard input may be a pipe, a terminal or closed: it is read to its end, whatever it is. A
// limit keeps a wrong file from filling the memory.
#include "base/base.h"

#include "command/input.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

#define INPUT_SIZE_MAX ((size_t)1 << 30)
#define INPUT_CHUNK ((size_t)64 << 10)

static bool input_read_stdin(Buf *out, Err *err)
{
    char *chunk = mem_alloc(INPUT_CHUNK);
    ssize_t len = 0;
    do {
        len = read(STDIN_FILENO, chunk, INPUT_CHUNK);
        if (len > 0) {
            buf_add_bytes(out, chunk, (size_t)len);
        }
    } while ((len > 0 && out->len <= INPUT_SIZE_MAX) || (len < 0 && errno == EINTR));
    free(chunk);
    return (len == 0)
           || fail(err, FAIL_CONFIG, "could not read standard input: %s",
                   len > 0 ? "it is too large" : strerror(errno));
}

bool input_read(const char *name, Buf *out, Err *err)
{
    out->limit = INPUT_SIZE_MAX + INPUT_CHUNK;
    if (text_equal(name, "-")) {
        return input_read_stdin(out, err);
    }
    if (!fs_read(name, INPUT_SIZE_MAX, out, err)) {
        err->kind = FAIL_CONFIG;
        return false;
    }
    return true;
}

// Secrets are filled in when the project is read and nowhere else, so a job file can never print
// one.
#include "base/base.h"

#include "job/secret.h"

#include "base/fs.h"
#include "base/text.h"

enum { SECRET_BYTES_MAX = 64 * 1024 };

bool secret_is_in(const char *text)
{
    return strstr(text, "${env:") != NULL || strstr(text, "${file:") != NULL;
}

static bool add_env(const char *name, Buf *out, Err *err)
{
    const char *value = getenv(name);
    if (value == NULL) {
        (void)fail(err, FAIL_CONFIG, "the environment variable \"%s\" is not set", name);
        return fail_hint(
            err,
            "Set it before weir is started: export %s=... , or keep the value in a file and write "
            "${file:PATH}.",
            name);
    }
    buf_add_text(out, value);
    return true;
}

static bool add_file(const char *dir, const char *name, Buf *out, Err *err)
{
    CLEANUP(mem_free_text)
    char *path = name[0] == '/' || dir == NULL ? mem_copy_text(name) : fs_join(dir, name);
    CLEANUP(buf_done) Buf value = {0};
    if (!fs_read(path, SECRET_BYTES_MAX, &value, err)) {
        err->kind = FAIL_CONFIG;
        return fail_hint(err, "\"${file:...}\" needs a file that the user who runs weir may read.");
    }
    if (value.len > 0 && value.data[value.len - 1] == '\n') {
        value.len--;
        value.len -= value.len > 0 && value.data[value.len - 1] == '\r';
    }
    if (memchr(buf_text(&value), '\0', value.len) != NULL) {
        return fail(err, FAIL_CONFIG, "the file \"%s\" holds a NUL byte, so it is no text", path);
    }
    buf_add_bytes(out, value.data, value.len);
    return true;
}

// ${word:...} with a word that is neither: more likely a slip than text.
static bool check_scheme(const char *inner, Err *err)
{
    static const char *const KNOWN[] = {"env", "file", NULL};
    const size_t len = strspn(inner, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (len == 0 || inner[len] != ':') {
        return true;
    }
    CLEANUP(mem_free_text) char *word = mem_copy_bytes(inner, len);
    const char *nearest = text_nearest(word, KNOWN);
    if (nearest == NULL) {
        return true;
    }
    return fail(err, FAIL_CONFIG, "unknown \"${%s:...}\", did you mean \"${%s:...}\"?", word,
                nearest);
}

bool secret_expand(const char *dir, const char *text, Buf *out, Err *err)
{
    const char *at = text;
    for (const char *open; (open = strstr(at, "${")) != NULL;) {
        buf_add_bytes(out, at, (size_t)(open - at));
        const char *inner = open + 2;
        const bool is_env = text_starts_with(inner, "env:");
        if (!is_env && !text_starts_with(inner, "file:")) {
            if (!check_scheme(inner, err)) {
                return false;
            }
            buf_add_text(out, "${");
            at = inner;
            continue;
        }
        const char *close = strchr(inner, '}');
        if (close == NULL) {
            return fail(err, FAIL_CONFIG, "\"}\" is missing after \"${%s\"",
                        is_env ? "env:" : "file:");
        }
        const char *start = inner + (is_env ? strlen("env:") : strlen("file:"));
        CLEANUP(mem_free_text) char *name = mem_copy_bytes(start, (size_t)(close - start));
        if (name[0] == '\0') {
            return fail(err, FAIL_CONFIG, "\"${%s}\" names nothing", is_env ? "env:" : "file:");
        }
        if (!(is_env ? add_env(name, out, err) : add_file(dir, name, out, err))) {
            return false;
        }
        at = close + 1;
    }
    buf_add_text(out, at);
    return true;
}

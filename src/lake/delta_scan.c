// The two actions that make up nearly all of a log, add and remove, read without building a JSON
// tree: a table of 100,000 files opens several times faster.
//
// The scanner knows the shapes that writers use and gives up on anything else (escapes by number,
// deletion vectors, tags, unknown members, bytes that are not UTF-8, mistakes): the line then goes
// through jansson, which decides. It therefore never reports an error, and may only accept what
// jansson would read alike.
#include "lake/delta_internal.h"

#include "base/number.h"
#include "base/text.h"

typedef struct DeltaScanner {
    const char *at;
    const char *end;
} DeltaScanner;

static bool delta_scan_char(DeltaScanner *scanner, char c)
{
    while (scanner->at < scanner->end && (*scanner->at == ' ' || *scanner->at == '\t')) {
        scanner->at++;
    }
    if (scanner->at == scanner->end || *scanner->at != c) {
        return false;
    }
    scanner->at++;
    return true;
}

static bool delta_scan_word(DeltaScanner *scanner, const char *word)
{
    const size_t len = strlen(word);
    if ((size_t)(scanner->end - scanner->at) < len || memcmp(scanner->at, word, len) != 0) {
        return false;
    }
    scanner->at += len;
    return true;
}

static char delta_unescape(char c)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found = c == '\0' ? NULL : strchr(from, c);
    return found == NULL ? '\0' : to[found - from];
}

// A string's text, appended to out with a closing NUL.
static bool delta_scan_text(DeltaScanner *scanner, Buf *out)
{
    if (!delta_scan_char(scanner, '"')) {
        return false;
    }
    for (;;) {
        const char *start = scanner->at;
        while (scanner->at < scanner->end && *scanner->at != '"' && *scanner->at != '\\'
               && (unsigned char)*scanner->at >= 0x20) {
            scanner->at++;
        }
        buf_add_bytes(out, start, (size_t)(scanner->at - start));
        if (scanner->at == scanner->end || (unsigned char)*scanner->at < 0x20) {
            return false;
        }
        if (*scanner->at++ == '"') {
            buf_add_char(out, '\0');
            return !out->overflow;
        }
        const char c = scanner->at == scanner->end ? '\0' : delta_unescape(*scanner->at);
        if (c == '\0') {
            return false;
        }
        buf_add_char(out, c);
        scanner->at++;
    }
}

static bool delta_scan_int(DeltaScanner *scanner, int64_t *ret_value)
{
    const char *start = scanner->at;
    while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9') {
        scanner->at++;
    }
    const size_t len = (size_t)(scanner->at - start);
    // JSON has no leading zeros, and a point or exponent after the digits is caught by what must
    // follow.
    return len > 0 && (len == 1 || *start != '0') && number_parse_i64(start, len, ret_value);
}

// {"name":"value","other":null} as delta_values_pack() packs it.
static bool delta_scan_values(DeltaScanner *scanner, Buf *out)
{
    if (!delta_scan_char(scanner, '{')) {
        return false;
    }
    if (delta_scan_char(scanner, '}')) {
        return true;
    }
    do {
        if (!delta_scan_text(scanner, out) || !delta_scan_char(scanner, ':')) {
            return false;
        }
        DeltaScanner null_at = *scanner;
        while (null_at.at < null_at.end && *null_at.at == ' ') {
            null_at.at++;
        }
        const bool is_null = delta_scan_word(&null_at, "null");
        buf_add_char(out, is_null ? 0 : 1);
        if (is_null) {
            *scanner = null_at;
        } else if (!delta_scan_text(scanner, out)) {
            return false;
        }
    } while (delta_scan_char(scanner, ','));
    return delta_scan_char(scanner, '}');
}

bool delta_scan_object(const char *bytes, size_t len, Buf *out)
{
    DeltaScanner scanner = {.at = bytes, .end = bytes + len};
    return text_is_utf8(bytes, len) && delta_scan_values(&scanner, out)
           && scanner.at == scanner.end;
}

// The value of one member; its name is in scan->word.
static bool delta_scan_member(DeltaScanner *scanner, DeltaScan *scan)
{
    DeltaFileAction *action = &scan->action;
    const char *name = buf_text(&scan->word);
    while (scanner->at < scanner->end && *scanner->at == ' ') {
        scanner->at++;
    }
    if (text_equal(name, "path")) {
        const bool done = scan->path.len == 0 && delta_scan_text(scanner, &scan->path)
                          && strlen(buf_text(&scan->path)) == scan->path.len - 1;
        action->path = buf_text(&scan->path);
        return done;
    }
    if (text_equal(name, "stats")) {
        if (delta_scan_word(scanner, "null")) {
            return true;
        }
        const bool done = scan->stats.len == 0 && delta_scan_text(scanner, &scan->stats);
        action->stats = buf_text(&scan->stats);
        return done;
    }
    if (text_equal(name, "partitionValues")) {
        return scan->values.len == 0 && delta_scan_values(scanner, &scan->values);
    }
    if (text_equal(name, "size")) {
        return delta_scan_int(scanner, &action->size);
    }
    if (text_equal(name, "modificationTime")) {
        return delta_scan_int(scanner, &action->modified_ms);
    }
    if (text_equal(name, "deletionTimestamp")) {
        return delta_scan_int(scanner, &action->deleted_ms);
    }
    if (text_equal(name, "dataChange") || text_equal(name, "extendedFileMetadata")) {
        return delta_scan_word(scanner, "true") || delta_scan_word(scanner, "false");
    }
    if (text_equal(name, "tags") || text_equal(name, "deletionVector")
        || text_equal(name, "baseRowId") || text_equal(name, "defaultRowCommitVersion")
        || text_equal(name, "clusteringProvider")) {
        return delta_scan_word(scanner, "null");
    }
    return false;
}

static bool delta_scan_members(DeltaScanner *scanner, DeltaScan *scan)
{
    if (!delta_scan_char(scanner, '{')) {
        return false;
    }
    do {
        buf_clear(&scan->word);
        if (!delta_scan_text(scanner, &scan->word) || !delta_scan_char(scanner, ':')
            || !delta_scan_member(scanner, scan)) {
            return false;
        }
    } while (delta_scan_char(scanner, ','));
    return delta_scan_char(scanner, '}');
}

void delta_scan_done(DeltaScan *scan)
{
    buf_done(&scan->word);
    buf_done(&scan->path);
    buf_done(&scan->stats);
    buf_done(&scan->values);
}

bool delta_scan_line(DeltaScan *scan, const char *bytes, size_t len)
{
    DeltaScanner scanner = {.at = bytes, .end = bytes + len};
    scan->action = (DeltaFileAction){.size = -1};
    buf_clear(&scan->path);
    buf_clear(&scan->stats);
    buf_clear(&scan->values);
    if (delta_scan_word(&scanner, "{\"add\":")) {
        scan->action.is_add = true;
    } else if (!delta_scan_word(&scanner, "{\"remove\":")) {
        return false;
    }
    if (!text_is_utf8(bytes, len) || !delta_scan_members(&scanner, scan)
        || !delta_scan_char(&scanner, '}')) {
        return false;
    }
    if (scanner.at < scanner.end && *scanner.at == '\r') {
        scanner.at++;
    }
    scan->action.values = scan->values.len == 0 ? NULL : scan->values.data;
    scan->action.values_len = scan->values.len;
    // What is missing or out of place is jansson's side to complain about.
    return scanner.at == scanner.end && scan->path.len > 1
           && (!scan->action.is_add || scan->action.size >= 0);
}

// The files of _delta_log: their names, and their lines.
//
// A log file is read in pieces and parsed line by line, so that memory is bounded by the longest
// line (one action) and not by the file. Names that mean nothing to weir (*.crc, *.compacted.json,
// temporary files) are passed over.
#include "lake/delta_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/text.h"

#define VERSION_DIGITS 20
#define PART_DIGITS 10
#define LINE_LIMIT ((size_t)256 << 20)
// A writer that is alive holds a temporary file for seconds.
#define TEMPORARY_AGE_SEC 3600

char *delta_log_path(const char *table_path, int64_t version)
{
    return mem_format("%s/" DELTA_LOG_FOLDER "/%020" PRId64 ".json", table_path, version);
}

char *delta_checkpoint_path(const char *table_path, int64_t version, int64_t part, int64_t parts)
{
    if (parts == 0) {
        return mem_format("%s/" DELTA_LOG_FOLDER "/%020" PRId64 ".checkpoint.parquet", table_path,
                          version);
    }
    return mem_format("%s/" DELTA_LOG_FOLDER "/%020" PRId64 ".checkpoint.%010" PRId64 ".%010" PRId64
                      ".parquet",
                      table_path, version, part, parts);
}

// --- names -----

// Exactly `digits` digits at *at, which moves past them.
static bool delta_take_number(const char **at, size_t digits, int64_t *ret_number)
{
    if (strspn(*at, "0123456789") != digits) {
        return false;
    }
    CLEANUP(mem_free_text) char *text = mem_copy_bytes(*at, digits);
    *at += digits;
    return text_parse_int(text, 0, INT64_MAX - 1, ret_number);
}

static void delta_listing_add_checkpoint(DeltaListing *listing, int64_t version, int64_t parts)
{
    for (size_t i = listing->checkpoint_count; i > 0; i--) {
        DeltaCheckpointName *known = &listing->checkpoints[i - 1];
        if (known->version == version && known->parts == parts) {
            known->found++;
            return;
        }
    }
    listing->checkpoints = mem_grow(listing->checkpoints, (listing->checkpoint_count + 1)
                                                              * sizeof(*listing->checkpoints));
    listing->checkpoints[listing->checkpoint_count++] =
        (DeltaCheckpointName){.version = version, .parts = parts, .found = 1};
}

static void delta_listing_add_name(DeltaListing *listing, size_t *capacity, const char *name)
{
    const char *rest = name;
    int64_t version = 0;
    if (!delta_take_number(&rest, VERSION_DIGITS, &version)) {
        return;
    }
    if (text_equal(rest, ".json")) {
        if (listing->count == *capacity) {
            *capacity = *capacity == 0 ? 64 : *capacity * 2;
            listing->versions = mem_grow(listing->versions, *capacity * sizeof(*listing->versions));
        }
        listing->versions[listing->count++] = version;
        return;
    }
    if (!text_starts_with(rest, ".checkpoint.")) {
        return;
    }
    rest += strlen(".checkpoint.");
    int64_t part = 0;
    int64_t parts = 0;
    if (text_equal(rest, "parquet")) {
        delta_listing_add_checkpoint(listing, version, 0);
    } else if (delta_take_number(&rest, PART_DIGITS, &part) && *rest == '.'
               && (rest++, delta_take_number(&rest, PART_DIGITS, &parts))
               && text_equal(rest, ".parquet")) {
        if (part >= 1 && part <= parts) {
            delta_listing_add_checkpoint(listing, version, parts);
        }
    } else if (text_ends_with(name, ".parquet") || text_ends_with(name, ".json")) {
        listing->has_v2_checkpoint = true;
    }
}

// Only names like those that weir gives (fs_put_if_absent, checkpoints), and only old ones.
static void delta_sweep_name(const char *folder, const char *name)
{
    if (name[0] != '.' || !text_ends_with(name, ".tmp")) {
        return;
    }
    CLEANUP(mem_free_text) char *path = fs_join(folder, name);
    struct stat status;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode)
        && status.st_mtime < clock_now_usec() / 1000000 - TEMPORARY_AGE_SEC) {
        (void)unlink(path);
    }
}

// Parts that are missing make a checkpoint useless; the rest is sorted by name, so by version.
static void delta_listing_finish(DeltaListing *listing)
{
    size_t kept = 0;
    for (size_t i = 0; i < listing->checkpoint_count; i++) {
        const DeltaCheckpointName *name = &listing->checkpoints[i];
        if (name->parts == 0 || name->found == name->parts) {
            listing->checkpoints[kept++] = *name;
        }
    }
    listing->checkpoint_count = kept;
    listing->newest = listing->count == 0 ? -1 : listing->versions[listing->count - 1];
    if (kept > 0 && listing->checkpoints[kept - 1].version > listing->newest) {
        listing->newest = listing->checkpoints[kept - 1].version;
    }
}

bool delta_listing_read(const char *path, bool sweep, DeltaListing *ret_listing, Err *err)
{
    CLEANUP(mem_free_text) char *folder = fs_join(path, DELTA_LOG_FOLDER);
    CLEANUP(fs_list_done) FsList names = {0};
    if (!fs_list(folder, &names, err)) {
        return false;
    }
    DeltaListing listing = {.newest = -1};
    size_t capacity = 0;
    for (size_t i = 0; i < names.count; i++) {
        delta_listing_add_name(&listing, &capacity, names.names[i]);
        if (sweep) {
            delta_sweep_name(folder, names.names[i]);
        }
    }
    delta_listing_finish(&listing);
    *ret_listing = listing;
    return true;
}

void delta_listing_done(DeltaListing *listing)
{
    free(listing->versions);
    free(listing->checkpoints);
    *listing = (DeltaListing){.newest = -1};
}

bool delta_listing_has(const DeltaListing *listing, int64_t version)
{
    size_t low = 0;
    size_t high = listing->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (listing->versions[middle] < version) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < listing->count && listing->versions[low] == version;
}

// --- lines -----

bool delta_hint_damaged(Err *err)
{
    return fail_hint(
        err,
        "The table's log is damaged there. Restore that file from a copy of the table, or write to "
        "a new table; weir changes nothing until the log can be read.");
}

typedef struct DeltaCursor {
    const DeltaLines *lines;
    size_t number;  // of the line
} DeltaCursor;

static bool delta_line(DeltaCursor *cursor, const char *bytes, size_t len, bool is_cut, Err *err)
{
    cursor->number++;
    const DeltaLines *lines = cursor->lines;
    if (lines->scan != NULL && lines->scan(lines->context, bytes, len)) {
        return true;
    }
    size_t blanks = 0;
    while (blanks < len && strchr(" \t\r", bytes[blanks]) != NULL && bytes[blanks] != '\0') {
        blanks++;
    }
    if (blanks == len) {
        return true;
    }
    json_error_t problem;
    json_auto_t *line = json_loadb(bytes, len, JSON_ALLOW_NUL, &problem);
    if (line == NULL) {
        // A closing newline tells a writer that died from one that writes nonsense.
        (void)fail(err, FAIL_TARGET, "line %zu %s (%s)", cursor->number,
                   is_cut ? "is cut off or not valid JSON" : "is not valid JSON", problem.text);
        return delta_hint_damaged(err);
    }
    if (!json_is_object(line)) {
        (void)fail(err, FAIL_TARGET, "line %zu is no JSON object", cursor->number);
        return delta_hint_damaged(err);
    }
    return lines->each(lines->context, line, err) || err_context(err, "line %zu", cursor->number);
}

// Passes whole lines on and returns how many bytes they took; SIZE_MAX on failure.
static size_t delta_lines_feed(DeltaCursor *cursor, const char *bytes, size_t len, bool is_end,
                               Err *err)
{
    size_t done = 0;
    while (done < len) {
        const char *newline = memchr(bytes + done, '\n', len - done);
        if (newline == NULL && !is_end) {
            return done;
        }
        const size_t end = newline == NULL ? len : (size_t)(newline - bytes);
        if (!delta_line(cursor, bytes + done, end - done, newline == NULL, err)) {
            return SIZE_MAX;
        }
        done = newline == NULL ? len : end + 1;
    }
    return done;
}

bool delta_log_parse(const char *bytes, size_t len, const DeltaLines *lines, Err *err)
{
    DeltaCursor cursor = {.lines = lines};
    return delta_lines_feed(&cursor, bytes, len, /* is_end= */ true, err) != SIZE_MAX;
}

typedef struct DeltaReader {
    int fd;
    char *space;
    size_t len;
    size_t capacity;
} DeltaReader;

static void delta_reader_done(DeltaReader *reader)
{
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    free(reader->space);
}

// Reads on; *ret_end is set at the end of the file.
static bool delta_reader_fill(DeltaReader *reader, bool *ret_end, Err *err)
{
    if (reader->len == reader->capacity) {
        if (reader->capacity >= LINE_LIMIT) {
            return fail(err, FAIL_TARGET, "a line is longer than %zu bytes", LINE_LIMIT);
        }
        reader->capacity = reader->capacity == 0 ? 65536 : reader->capacity * 2;
        reader->space = mem_grow(reader->space, reader->capacity);
    }
    ssize_t got = 0;
    do {
        got = read(reader->fd, reader->space + reader->len, reader->capacity - reader->len);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        char space[128];
        return fail(err, FAIL_TARGET, "could not read it: %s",
                    strerror_r(errno, space, sizeof(space)));
    }
    reader->len += (size_t)got;
    *ret_end = got == 0;
    return true;
}

static bool delta_reader_lines(DeltaReader *reader, DeltaCursor *cursor, Err *err)
{
    bool is_end = false;
    bool is_empty = true;
    while (!is_end) {
        if (!delta_reader_fill(reader, &is_end, err)) {
            return false;
        }
        const size_t used = delta_lines_feed(cursor, reader->space, reader->len, is_end, err);
        if (used == SIZE_MAX) {
            return false;
        }
        is_empty = is_empty && reader->len == 0;
        memmove(reader->space, reader->space + used, reader->len - used);
        reader->len -= used;
    }
    if (is_empty) {
        // No writer publishes an empty commit, but a file system that lost power makes one.
        (void)fail(err, FAIL_TARGET, "the file is empty");
        return delta_hint_damaged(err);
    }
    return true;
}

bool delta_log_read(const char *path, const DeltaLines *lines, Err *err)
{
    CLEANUP(delta_reader_done) DeltaReader reader = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (reader.fd < 0) {
        char space[128];
        return fail(err, FAIL_TARGET, "could not open \"%s\": %s", path,
                    strerror_r(errno, space, sizeof(space)));
    }
    DeltaCursor cursor = {.lines = lines};
    return delta_reader_lines(&reader, &cursor, err) || err_context(err, "delta log \"%s\"", path);
}

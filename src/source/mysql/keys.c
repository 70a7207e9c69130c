// Number lines for key columns.
//
// Numbers, dates and times are cut by arithmetic. Texts are cut as fractions: after the common
// beginning of both ends, the next characters are digits of a number in a base as large as the
// alphabet. For collations that ignore case the alphabet is put in the order that they have:
// punctuation, digits, letters; for binary ones it is the order of code points. Digits past the
// first differing character do not matter much: cells that stay too large are cut again, one
// character further on.
#include "source/mysql/keys.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

// --- columns --------------------------------------------------------------------------------------------------------------

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (text_equal_nocase(word, *words)) {
            return true;
        }
    }
    return false;
}

// "decimal(10,2) unsigned": 10 and 2.
static bool decimal_digits(const char *column_type, int *ret_precision, int *ret_scale)
{
    const char *p = strchr(column_type, '(');
    int numbers[2] = {0, 0};
    for (int i = 0; p != NULL && i < 2; i++) {
        for (p++; *p >= '0' && *p <= '9' && numbers[i] < 1000; p++) {
            numbers[i] = numbers[i] * 10 + (*p - '0');
        }
        if (*p != ',') {
            break;
        }
    }
    *ret_precision = numbers[0];
    *ret_scale = numbers[1];
    return p != NULL;
}

KeyColumn key_column(const char *name, const char *data_type, const char *column_type,
                     const char *charset, const char *collation, bool is_nullable)
{
    static const char *const integers[] = {"tinyint", "smallint", "mediumint", "int",
                                           "bigint",  "year",     NULL};
    static const char *const texts[] = {"char", "varchar", NULL};
    static const char *const binaries[] = {"binary", "varbinary", NULL};
    KeyColumn column = {
        .name = name, .charset = charset, .collation = collation, .is_nullable = is_nullable};
    int precision = 0;
    if (is_one_of(data_type, integers)) {
        column.kind = KEY_INT;
        column.is_year = text_equal_nocase(data_type, "year");
    } else if (text_equal_nocase(data_type, "decimal")) {
        column.kind = decimal_digits(column_type, &precision, &column.scale) && precision <= 36
                          ? KEY_DECIMAL
                          : KEY_NONE;
    } else if (text_equal_nocase(data_type, "date")) {
        column.kind = KEY_DATE;
    } else if (text_equal_nocase(data_type, "datetime")
               || text_equal_nocase(data_type, "timestamp")) {
        column.kind = KEY_DATETIME;
        column.is_timestamp = text_equal_nocase(data_type, "timestamp");
    } else if (is_one_of(data_type, texts) && charset != NULL && collation != NULL) {
        column.kind = text_equal_nocase(charset, "binary") ? KEY_BYTES : KEY_TEXT;
    } else if (is_one_of(data_type, binaries)) {
        column.kind = KEY_BYTES;
    }
    return column;
}

void key_point_done(KeyPoint *point)
{
    free(point->bytes);
    *point = (KeyPoint){0};
}

bool key_point_equal(const KeyPoint *a, const KeyPoint *b)
{
    return a->number == b->number && a->len == b->len
           && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

// --- reading and writing points -------------------------------------------------------------------------------------------

void key_add_fetch(const KeyColumn *column, Buf *sql)
{
    const char *before = column->kind == KEY_TEXT    ? "HEX(CONVERT("
                         : column->kind == KEY_BYTES ? "HEX("
                                                     : "CAST(";
    const char *after = column->kind == KEY_TEXT    ? " USING utf8mb4))"
                        : column->kind == KEY_BYTES ? ")"
                                                    : " AS CHAR)";
    buf_add_format(sql, "%s%s%s", before, column->name, after);
}

// Digits at *text as a number; *text moves behind them and one separator.
static int take_number(const char **text)
{
    int number = 0;
    const char *p = *text;
    for (; *p >= '0' && *p <= '9' && number < 100000000; p++) {
        number = number * 10 + (*p - '0');
    }
    *text = *p == '\0' ? p : p + 1;
    return number;
}

// "2016-11-14 08:30:00.5" -> microseconds; parts that are zero count as the first.
static int64_t parse_time(const char *text)
{
    Civil civil = {
        .year = take_number(&text), .month = take_number(&text), .day = take_number(&text)};
    civil.month = civil.month < 1 ? 1 : civil.month;
    civil.day = civil.day < 1 ? 1 : civil.day;
    civil.hour = take_number(&text);
    civil.minute = take_number(&text);
    civil.second = take_number(&text);
    int micros = 0;
    for (int i = 0; i < 6; i++) {
        micros = micros * 10 + (*text >= '0' && *text <= '9' ? *text++ - '0' : 0);
    }
    civil.micros = micros;
    return civil_to_usec(&civil);
}

static bool parse_hex(const char *text, KeyPoint *ret_point)
{
    const size_t len = strlen(text) / 2;
    char *bytes = mem_alloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        const int byte = text_hex_pair(text + 2 * i);
        if (byte < 0) {
            free(bytes);
            return false;
        }
        bytes[i] = (char)byte;
    }
    *ret_point = (KeyPoint){.bytes = bytes, .len = len};
    return true;
}

bool key_parse(const KeyColumn *column, const char *text, KeyPoint *ret_point)
{
    KeyPoint point = {0};
    switch (column->kind) {
    case KEY_INT:
    case KEY_DECIMAL:
        if (!number_parse_decimal(text, strlen(text), column->scale, &point.number)) {
            return false;
        }
        break;
    case KEY_DATE:
    case KEY_DATETIME:
        point.number = parse_time(text);
        break;
    case KEY_TEXT:
    case KEY_BYTES:
        if (!parse_hex(text, &point)) {
            return false;
        }
        break;
    case KEY_NONE:
        return false;
    }
    *ret_point = point;
    return true;
}

static void add_decimal(__int128 number, int scale, Buf *sql)
{
    char digits[48];
    size_t at = sizeof digits;
    unsigned __int128 rest = number < 0 ? -(unsigned __int128)number : (unsigned __int128)number;
    for (int i = 0; rest != 0 || i <= scale; i++) {
        if (i == scale && scale > 0) {
            digits[--at] = '.';
        }
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (number < 0) {
        digits[--at] = '-';
    }
    buf_add_bytes(sql, digits + at, sizeof digits - at);
}

static void add_time(const KeyColumn *column, int64_t usec, Buf *sql)
{
    const Civil civil = civil_from_usec(usec);
    buf_add_format(sql, "'%04d-%02d-%02d", civil.year, civil.month, civil.day);
    if (column->kind == KEY_DATETIME) {
        buf_add_format(sql, " %02d:%02d:%02d", civil.hour, civil.minute, civil.second);
        if (civil.micros != 0) {
            buf_add_format(sql, ".%06d", civil.micros);
        }
    }
    buf_add_char(sql, '\'');
}

static void add_hex(const KeyPoint *point, Buf *sql)
{
    buf_add_text(sql, "x'");
    for (size_t i = 0; i < point->len; i++) {
        buf_add_format(sql, "%02x", (unsigned)(unsigned char)point->bytes[i]);
    }
    buf_add_char(sql, '\'');
}

void key_add_literal(const KeyColumn *column, const KeyPoint *point, Buf *sql)
{
    switch (column->kind) {
    case KEY_INT:
        // The server takes `y < 64` for `y < 2064`. Between 0 and 1901 there are no years, so
        // nothing lies between.
        add_decimal(column->is_year && point->number > 0 && point->number < 1901 ? 1901
                                                                                 : point->number,
                    0, sql);
        break;
    case KEY_DECIMAL:
        add_decimal(point->number, column->scale, sql);
        break;
    case KEY_DATE:
    case KEY_DATETIME:
        add_time(column, (int64_t)point->number, sql);
        break;
    case KEY_TEXT: {
        const bool is_utf8mb4 = text_equal_nocase(column->charset, "utf8mb4");
        buf_add_text(sql, is_utf8mb4 ? "_utf8mb4 " : "CONVERT(_utf8mb4 ");
        add_hex(point, sql);
        if (!is_utf8mb4) {
            buf_add_format(sql, " USING %s)", column->charset);
        }
        buf_add_format(sql, " COLLATE %s", column->collation);
        break;
    }
    case KEY_BYTES:
        add_hex(point, sql);
        break;
    case KEY_NONE:
        break;
    }
}

// --- cutting --------------------------------------------------------------------------------------------------------------

#define DAY_USEC INT64_C(86400000000)

// Is the wall clock at `usec` clear of changes of the zone's offset, a day or so around?
static bool is_clear_time(int64_t usec)
{
    return clock_offset_seconds(usec - 2 * DAY_USEC) == clock_offset_seconds(usec + 2 * DAY_USEC);
}

static size_t cut_numbers(const KeyColumn *column, __int128 low, __int128 high, size_t pieces,
                          KeyPoint *points)
{
    __int128 step = 1;  // points are whole seconds or days: short literals, and no fraction that a
                        // column cannot hold
    if (column->kind == KEY_DATE) {
        step = DAY_USEC;
    } else if (column->kind == KEY_DATETIME && high - low >= (__int128)1000000 * (__int128)pieces) {
        step = 1000000;
    }
    size_t count = 0;
    __int128 last = low;
    for (size_t i = 1; i < pieces; i++) {
        __int128 point = low + (high - low) / (__int128)pieces * (__int128)i
                         + (high - low) % (__int128)pieces * (__int128)i / (__int128)pieces + 1;
        const __int128 rest = ((point % step) + step) % step;
        point += rest == 0 ? 0 : step - rest;
        if (point > high || point <= last
            || (column->is_timestamp && !is_clear_time((int64_t)point))) {
            continue;
        }
        points[count++] = (KeyPoint){.number = point};
        last = point;
    }
    return count;
}

// The alphabet of a text column: characters to ranks and back. Rank 0 is the end of the text.
// `is_folded` is for collations that order punctuation, digits, letters, without regard to case.
#define RANK_CHARS 4        // how many characters after the common beginning count
#define RANK_WIDE 0x110200  // more than any rank

typedef struct Alphabet {
    uint32_t rank_of[128];
    unsigned char char_of[256];
    uint32_t ascii_ranks;
} Alphabet;

static Alphabet alphabet_make(bool is_folded)
{
    Alphabet alphabet = {0};
    uint32_t rank = 1;
    for (int pass = 0; pass < 3; pass++) {
        for (int c = 0; c < 128; c++) {
            const bool is_digit = c >= '0' && c <= '9';
            const bool is_lower = c >= 'a' && c <= 'z';
            const bool is_upper = c >= 'A' && c <= 'Z';
            const int class = !is_folded ? 0 : is_digit ? 1 : is_lower || is_upper ? 2 : 0;
            if (class != pass || (is_folded && is_upper)) {
                continue;
            }
            alphabet.rank_of[c] = rank;
            alphabet.char_of[rank++] = (unsigned char)c;
        }
    }
    for (int c = 'A'; is_folded && c <= 'Z'; c++) {
        alphabet.rank_of[c] = alphabet.rank_of[c - 'A' + 'a'];
    }
    alphabet.ascii_ranks = rank;
    return alphabet;
}

static uint32_t rank_of(const Alphabet *alphabet, uint32_t code)
{
    return code < 128 ? alphabet->rank_of[code] : alphabet->ascii_ranks + code;
}

// Length of the UTF-8 character at `bytes` and its code; broken bytes count as one character each.
static size_t char_at(const char *bytes, size_t len, bool is_binary, uint32_t *ret_code)
{
    const unsigned char *p = (const unsigned char *)bytes;
    const size_t want = is_binary || p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (want == 1 || want > len) {
        *ret_code = p[0];
        return 1;
    }
    uint32_t code = want == 2 ? p[0] & 0x1fU : want == 3 ? p[0] & 0x0fU : p[0] & 0x07U;
    for (size_t i = 1; i < want; i++) {
        code = code << 6 | (p[i] & 0x3fU);
    }
    *ret_code = code;
    return want;
}

static void add_char(Buf *out, uint32_t code, bool is_binary)
{
    if (is_binary || code < 0x80) {
        buf_add_char(out, (char)code);
        return;
    }
    code = code >= 0xd800 && code < 0xe000 ? 0xe000 : code > 0x10ffff ? 0x10ffff : code;
    if (code < 0x800) {
        buf_add_char(out, (char)(0xc0 | code >> 6));
    } else if (code < 0x10000) {
        buf_add_char(out, (char)(0xe0 | code >> 12));
        buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
    } else {
        buf_add_char(out, (char)(0xf0 | code >> 18));
        buf_add_char(out, (char)(0x80 | (code >> 12 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
    }
    buf_add_char(out, (char)(0x80 | (code & 0x3f)));
}

// The characters from `at` on as a number in the alphabet's base.
static unsigned __int128 fraction_of(const Alphabet *alphabet, const KeyPoint *point, size_t at,
                                     bool is_binary, uint32_t base)
{
    unsigned __int128 number = 0;
    for (int i = 0; i < RANK_CHARS; i++) {
        uint32_t rank = 0;
        if (at < point->len) {
            uint32_t code = 0;
            at += char_at(point->bytes + at, point->len - at, is_binary, &code);
            rank = is_binary ? code + 1 : rank_of(alphabet, code);
        }
        number = number * base + rank;
    }
    return number;
}

static KeyPoint point_of_fraction(const Alphabet *alphabet, const KeyPoint *prefix,
                                  size_t prefix_len, unsigned __int128 number, bool is_binary,
                                  uint32_t base)
{
    uint32_t ranks[RANK_CHARS];
    for (int i = RANK_CHARS - 1; i >= 0; i--) {
        ranks[i] = (uint32_t)(number % base);
        number /= base;
    }
    CLEANUP(buf_done) Buf text = {0};
    buf_add_bytes(&text, prefix->bytes, prefix_len);
    for (int i = 0; i < RANK_CHARS && ranks[i] > 0; i++) {
        const uint32_t code = is_binary                          ? ranks[i] - 1
                              : ranks[i] < alphabet->ascii_ranks ? alphabet->char_of[ranks[i]]
                                                                 : ranks[i] - alphabet->ascii_ranks;
        add_char(&text,
                 !is_binary && ranks[i] >= alphabet->ascii_ranks && code < 0x80 ? 0x80 : code,
                 is_binary);
    }
    return (KeyPoint){.bytes = mem_copy_bytes(text.data, text.len), .len = text.len};
}

static bool is_ascii_from(const KeyPoint *point, size_t at)
{
    for (; at < point->len; at++) {
        if ((unsigned char)point->bytes[at] >= 0x80) {
            return false;
        }
    }
    return true;
}

// Length of the beginning that both texts share, in whole characters.
static size_t common_len(const KeyPoint *low, const KeyPoint *high, bool is_binary)
{
    size_t common = 0;
    while (common < low->len && common < high->len) {
        uint32_t low_code = 0, high_code = 0;
        const size_t low_len =
            char_at(low->bytes + common, low->len - common, is_binary, &low_code);
        const size_t high_len =
            char_at(high->bytes + common, high->len - common, is_binary, &high_code);
        if (low_code != high_code || low_len != high_len) {
            break;
        }
        common += low_len;
    }
    return common;
}

// One point a letter, and some of the large alphabets.
static size_t cut_by_letters(const KeyPoint *low, size_t common, KeyPoint *points)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static const uint32_t wide[] = {0xe0,   0x400,  0x4e00, 0x5e00, 0x6e00,
                                    0x7e00, 0x8e00, 0xac00, 0x1f600};
    size_t count = 0;
    for (size_t i = 0; i < sizeof letters - 1 + ARRAY_LEN(wide); i++) {
        CLEANUP(buf_done) Buf text = {0};
        buf_add_bytes(&text, low->bytes, common);
        add_char(&text,
                 i < sizeof letters - 1 ? (uint32_t)letters[i] : wide[i - (sizeof letters - 1)],
                 /* is_binary= */ false);
        points[count++] = (KeyPoint){.bytes = mem_copy_bytes(text.data, text.len), .len = text.len};
    }
    return count;
}

static size_t cut_texts(const KeyColumn *column, const KeyPoint *low, const KeyPoint *high,
                        size_t pieces, KeyPoint *points)
{
    const bool is_binary = column->kind == KEY_BYTES;
    const bool is_folded = !is_binary && !text_ends_with(column->collation, "_bin");
    const size_t common = common_len(low, high, is_binary);
    const bool is_wide = !is_binary && !(is_ascii_from(low, common) && is_ascii_from(high, common));
    const Alphabet alphabet = alphabet_make(is_folded);
    const uint32_t base = is_binary ? 257 : is_wide ? RANK_WIDE : alphabet.ascii_ranks;
    unsigned __int128 from = fraction_of(&alphabet, low, common, is_binary, base);
    unsigned __int128 to = fraction_of(&alphabet, high, common, is_binary, base);
    size_t count = 0;
    if (from > to) {
        // The server's order is another than ours: scatter points, some will lie between.
        const unsigned __int128 swap = from;
        from = to;
        to = swap;
        count = is_binary ? 0 : cut_by_letters(low, common, points);
    }
    unsigned __int128 last = from;
    for (size_t i = 1; i < pieces && count < KEY_PIECES_MAX; i++) {
        const unsigned __int128 number =
            from + (to - from) / pieces * i + (to - from) % pieces * i / pieces + 1;
        if (number > last && number <= to) {
            points[count++] = point_of_fraction(&alphabet, low, common, number, is_binary, base);
            last = number;
        }
    }
    return count;
}

size_t key_cut(const KeyColumn *column, const KeyPoint *low, const KeyPoint *high, size_t pieces,
               KeyPoint ret_points[KEY_PIECES_MAX])
{
    pieces = pieces > KEY_PIECES_MAX ? KEY_PIECES_MAX : pieces;
    switch (column->kind) {
    case KEY_INT:
    case KEY_DECIMAL:
    case KEY_DATE:
    case KEY_DATETIME:
        return cut_numbers(column, low->number, high->number, pieces, ret_points);
    case KEY_TEXT:
    case KEY_BYTES:
        return cut_texts(column, low, high, pieces, ret_points);
    case KEY_NONE:
        break;
    }
    return 0;
}

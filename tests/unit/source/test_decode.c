// Packets of the binary protocol -> Values: rows, lengths, numbers and bytes as tables of bytes and
// what they must become. (Dates and times: test_decode_time.c.)
#include "base/base.h"

#include "decode_support.h"

enum { COLUMNS_MAX = 70 };

// --- rows -----------------------------------------------------------------------------------------------------------------

// The worked examples of MySQL's "Binary Protocol Resultset Row" and "Binary Protocol Value"
// (source code documentation, page_protocol_binary_resultset), and of MariaDB's "Result Set Row"
// (-15.5).
static void row__takes_the_documented_examples(void **state)
{
    (void)state;
    assert_text(text_column(DECODE_TEXT, 0), BYTES("\6foobar"), "foobar");
    assert_text(text_column(DECODE_TEXT, 0), BYTES("\x03\x66\x6f\x6f"), "foo");
    assert_i64(column_of(DECODE_INT64, TYPE_INT64), BYTES("\1\0\0\0\0\0\0\0"), 1);
    assert_i64(column_of(DECODE_INT32, TYPE_INT32), BYTES("\1\0\0\0"), 1);
    assert_i64(column_of(DECODE_INT16, TYPE_INT16), BYTES("\1\0"), 1);
    assert_i64(column_of(DECODE_INT8, TYPE_INT8), BYTES("\1"), 1);
    CLEANUP(decoded_done)
    Decoded f64 = decode_cell_of(column_of(DECODE_FLOAT64, TYPE_FLOAT64),
                                 BYTES("\x66\x66\x66\x66\x66\x66\x24\x40"));
    assert_true(f64.value.f64 == 10.2);
    CLEANUP(decoded_done)
    Decoded f32 =
        decode_cell_of(column_of(DECODE_FLOAT32, TYPE_FLOAT32), BYTES("\x33\x33\x23\x41"));
    assert_true(f32.value.f64 == (double)10.2F);
    CLEANUP(decoded_done)
    Decoded decimal = decode_cell_of(decimal_column(10, 2), BYTES("\6-15.50"));
    assert_true(decimal.value.i128 == -1550);

    // 2010-10-17 19:27:30.000001, by Python's datetime.
    static const char MOMENT[] = "\x0b\xda\x07\x0a\x11\x13\x1b\x1e\x01\x00\x00\x00";
    assert_i64(column_of(DECODE_DATETIME, TYPE_DATETIME), BYTES(MOMENT), 1287343650000001);
    assert_text(text_column(DECODE_DATETIME_TEXT, 6), BYTES(MOMENT), "2010-10-17 19:27:30.000001");
    assert_i64(column_of(DECODE_DATE, TYPE_DATE), BYTES("\x04\xda\x07\x0a\x11"), 14899);
    assert_text(text_column(DECODE_DATE_TEXT, 0), BYTES("\x04\xda\x07\x0a\x11"), "2010-10-17");
    // 120 days are 2880 hours. (The page's third time is the byte 01: servers send 00.)
    assert_text(text_column(DECODE_TIME_TEXT, 6),
                BYTES("\x0c\x01\x78\x00\x00\x00\x13\x1b\x1e\x01\x00\x00\x00"),
                "-2899:27:30.000001");
    assert_text(text_column(DECODE_TIME_TEXT, 0), BYTES("\x08\x01\x78\x00\x00\x00\x13\x1b\x1e"),
                "-2899:27:30");

    // Nine columns, the ninth NULL: the bitmap is 00 04.
    unsigned char nine[] = {0, 0x00, 0x04, 1, 2, 3, 4, 5, 6, 7, 8};
    DecodeColumn columns[9];
    DecodeText texts[9];
    Value row[9];
    uint64_t zero_dates = 0;
    for (size_t i = 0; i < 9; i++) {
        columns[i] = column_of(DECODE_UINT8, TYPE_INT16);
    }
    assert_true(decode_row(columns, 9, nine, sizeof(nine), texts, row, &zero_dates));
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(row[i].i64, (int64_t)i + 1);
    }
    assert_int_equal(row[8].state, VALUE_NULL);
}

// `which` of the `count` columns is NULL, or all, none, every other one. Bits that are no column's
// (before the first, after the last) mean nothing.
static void fill_nulls(size_t count, size_t which, bool *is_null, Buf *packet)
{
    char bits[(COLUMNS_MAX + 9) / 8] = {0};
    const size_t bits_len = (count + 9) / 8;
    if (which % 2 == 1) {
        bits[0] = 3;
        for (size_t bit = count + 2; bit < bits_len * 8; bit++) {
            bits[bit / 8] = (char)(bits[bit / 8] | 1 << (bit % 8));
        }
    }
    for (size_t i = 0; i < count; i++) {
        is_null[i] = which == i || which == count || (which == count + 2 && i % 2 == 1);
        if (is_null[i]) {
            bits[(i + 2) / 8] = (char)(bits[(i + 2) / 8] | 1 << ((i + 2) % 8));
        }
    }
    buf_clear(packet);
    buf_add_char(packet, '\0');
    buf_add_bytes(packet, bits, bits_len);
    for (size_t i = 0; i < count; i++) {
        if (!is_null[i]) {
            buf_add_char(packet, (char)(i + 100));
            buf_add_char(packet, (char)count);
        }
    }
}

// Decodes the first `len` bytes, with a byte more where there are not so many.
static bool decode_part(const DecodeColumn *columns, size_t count, const Buf *packet, size_t len,
                        DecodeText *texts, Value *row, uint64_t *zero_dates)
{
    unsigned char *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memset(copy, 0, len);
    memcpy(copy, packet->data, len < packet->len ? len : packet->len);
    const bool is_whole = decode_row(columns, count, copy, len, texts, row, zero_dates);
    free(copy);
    return is_whole;
}

static void row__bitmap_of_nulls(void **state)
{
    (void)state;
    DecodeColumn columns[COLUMNS_MAX];
    DecodeText texts[COLUMNS_MAX];
    bool is_null[COLUMNS_MAX];
    CLEANUP(buf_done) Buf packet = {0};
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        columns[i] = column_of(DECODE_UINT16, TYPE_INT32);
    }
    for (size_t count = 1; count <= COLUMNS_MAX; count++) {
        for (size_t which = 0; which < count + 3; which++) {
            fill_nulls(count, which, is_null, &packet);
            Value row[COLUMNS_MAX];
            uint64_t zero_dates = 0;
            for (size_t len = 0; len <= packet.len + 1; len++) {
                if (len != packet.len
                    && decode_part(columns, count, &packet, len, texts, row, &zero_dates)) {
                    fail_msg("%zu columns, pattern %zu: %zu of %zu bytes were taken", count, which,
                             len, packet.len);
                }
            }
            memset(row, 0xA5, sizeof(row));
            assert_true(decode_part(columns, count, &packet, packet.len, texts, row, &zero_dates));
            assert_int_equal(zero_dates, 0);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(row[i].dirty, DIRTY_NONE);
                assert_int_equal(row[i].state, is_null[i] ? VALUE_NULL : VALUE_SET);
                if (!is_null[i]) {
                    assert_int_equal(row[i].i64, i + 100 + 256 * count);
                }
            }
        }
    }
}

static void row__null_is_null_in_every_form(void **state)
{
    (void)state;
    for (int form = DECODE_INT8; form <= DECODE_GEOMETRY; form++) {
        const DecodeColumn column = column_of((DecodeForm)form, TYPE_INT64);
        unsigned char packet[] = {0, 4};
        DecodeText text;
        Value value = {.state = VALUE_DIRTY, .dirty = DIRTY_NULL};
        uint64_t zero_dates = 0;
        assert_true(decode_row(&column, 1, packet, sizeof(packet), &text, &value, &zero_dates));
        assert_int_equal(value.state, VALUE_NULL);
        assert_int_equal(value.dirty, DIRTY_NONE);
        assert_int_equal(zero_dates, 0);
    }
}

static void row__begins_with_a_zero(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_UINT8, TYPE_INT16);
    for (unsigned first = 0; first < 256; first++) {
        unsigned char packet[] = {(unsigned char)first, 0, 7};
        DecodeText text;
        Value value;
        uint64_t zero_dates = 0;
        assert_int_equal(decode_row(&column, 1, packet, sizeof(packet), &text, &value, &zero_dates),
                         first == 0);
    }
    unsigned char none[] = {0, 0};
    uint64_t zero_dates = 0;
    assert_true(decode_row(NULL, 0, none, 2, NULL, NULL, &zero_dates));
    assert_false(decode_row(NULL, 0, none, 1, NULL, NULL, &zero_dates));
}

// --- lengths --------------------------------------------------------------------------------------------------------------

// A text of `len` bytes behind a head that says so; it and what follows it are found where they
// are.
static void assert_length(const char *head, size_t head_len, size_t len)
{
    const DecodeColumn columns[] = {column_of(DECODE_BYTES, TYPE_BYTES),
                                    column_of(DECODE_UINT8, TYPE_INT16)};
    const size_t packet_len = 2 + head_len + len + 1;
    unsigned char *packet = mem_alloc(packet_len);
    memset(packet, 'x', packet_len);
    packet[0] = 0;
    packet[1] = 0;
    memcpy(packet + 2, head, head_len);
    packet[packet_len - 1] = 42;
    DecodeText texts[2];
    Value row[2];
    uint64_t zero_dates = 0;
    if (!decode_row(columns, 2, packet, packet_len, texts, row, &zero_dates)) {
        fail_msg("a length of %zu after %u was not taken", len, packet[2]);
    }
    assert_int_equal(row[0].state, VALUE_SET);
    assert_int_equal(row[0].len, len);
    assert_ptr_equal(row[0].bytes, packet + 2 + head_len);
    assert_int_equal(row[1].i64, 42);
    // One byte is missing: the number, and in a row of the text alone its last.
    assert_false(decode_row(columns, 2, packet, packet_len - 1, texts, row, &zero_dates));
    assert_false(decode_row(columns, 1, packet, packet_len - 2, texts, row, &zero_dates));
    free(packet);
    CLEANUP(mem_free_text) char *cell = mem_alloc(head_len + len);
    memcpy(cell, head, head_len);
    CLEANUP(decoded_done) Decoded decoded = decode_cell_of(columns[0], cell, head_len + len);
    assert_int_equal(decoded.value.len, len);
}

static void length__edges_of_every_head(void **state)
{
    (void)state;
    assert_length(BYTES("\0"), 0);
    assert_length(BYTES("\1"), 1);
    assert_length(BYTES("\372"), 250);
    assert_length(BYTES("\374\373\0"), 251);
    assert_length(BYTES("\374\374\0"), 252);
    assert_length(BYTES("\374\377\0"), 255);
    assert_length(BYTES("\374\0\1"), 256);
    assert_length(BYTES("\374\377\377"), 65535);
    assert_length(BYTES("\375\0\0\1"), 65536);
    assert_length(BYTES("\375\377\377\377"), 16777215);
    assert_length(BYTES("\376\0\0\0\1\0\0\0\0"), 16777216);
    // Longer heads than need be: no server sends them, and they are clear.
    assert_length(BYTES("\374\5\0"), 5);
    assert_length(BYTES("\375\0\0\0"), 0);
    assert_length(BYTES("\376\5\0\0\0\0\0\0\0"), 5);
}

static void assert_length_is_torn(const void *cell, size_t len)
{
    for (int form = DECODE_BIT; form <= DECODE_GEOMETRY; form++) {
        if (form != DECODE_UNIX_SECONDS) {  // it alone is not counted
            assert_torn(column_of((DecodeForm)form, TYPE_TEXT), cell, len, 2 + len);
        }
    }
}

static void length__that_is_none_is_torn(void **state)
{
    (void)state;
    // 251 is the text protocol's NULL, 255 an error's head.
    static const char HEADS[] = {'\373', '\377'};
    for (size_t i = 0; i < ARRAY_LEN(HEADS); i++) {
        char cell[300];
        memset(cell, 1, sizeof(cell));
        cell[0] = HEADS[i];
        for (size_t len = 1; len <= sizeof(cell); len++) {
            assert_length_is_torn(cell, len);
        }
    }
    assert_length_is_torn(BYTES("\1"));
    assert_length_is_torn(BYTES("\2"
                                "1"));
    assert_length_is_torn(BYTES("\374\1\0"));
    assert_length_is_torn(BYTES("\374\24\0"
                                "eighteen, not 20 b"));
    assert_length_is_torn(BYTES("\374\377\377"
                                "1111"));
    assert_length_is_torn(BYTES("\375\1\0\0"));
    assert_length_is_torn(BYTES("\375\377\377\377"
                                "1111"));
    assert_length_is_torn(BYTES("\376\1\0\0\0\0\0\0\0"));
    assert_length_is_torn(BYTES("\376\0\0\0\0\1\0\0\0"
                                "1111"));
    assert_length_is_torn(BYTES("\376\0\0\0\0\0\0\0\200"
                                "1111"));
    assert_length_is_torn(BYTES("\376\377\377\377\377\377\377\377\177"
                                "1111"));
    assert_length_is_torn(BYTES("\376\377\377\377\377\377\377\377\377"
                                "1111"));
    // With the nine bytes of its head it would be 0 again.
    assert_length_is_torn(BYTES("\376\367\377\377\377\377\377\377\377"
                                "1111"));
}

// --- numbers --------------------------------------------------------------------------------------------------------------

static void int__edges_of_every_width(void **state)
{
    (void)state;
    static const struct {
        DecodeForm form;
        const char *cell;
        size_t len;
        int64_t value;
    } GOOD[] = {
        {DECODE_INT8, BYTES("\0"), 0},
        {DECODE_INT8, BYTES("\x7F"), 127},
        {DECODE_INT8, BYTES("\x80"), -128},
        {DECODE_INT8, BYTES("\xFF"), -1},
        {DECODE_UINT8, BYTES("\x80"), 128},
        {DECODE_UINT8, BYTES("\xFF"), 255},
        {DECODE_INT16, BYTES("\x01\x02"), 513},
        {DECODE_INT16, BYTES("\xFF\x7F"), 32767},
        {DECODE_INT16, BYTES("\x00\x80"), -32768},
        {DECODE_INT16, BYTES("\xFF\xFF"), -1},
        {DECODE_UINT16, BYTES("\x00\x80"), 32768},
        {DECODE_UINT16, BYTES("\xFF\xFF"), 65535},
        {DECODE_UINT16, BYTES("\xE0\x07"), 2016},
        {DECODE_INT32, BYTES("\x04\x03\x02\x01"), 16909060},
        {DECODE_INT32, BYTES("\xFF\xFF\xFF\x7F"), 2147483647},
        {DECODE_INT32, BYTES("\x00\x00\x00\x80"), -2147483647 - 1},
        {DECODE_INT32, BYTES("\xFF\xFF\xFF\xFF"), -1},
        {DECODE_UINT32, BYTES("\x00\x00\x00\x80"), 2147483648},
        {DECODE_UINT32, BYTES("\xFF\xFF\xFF\xFF"), 4294967295},
        {DECODE_INT64, BYTES("\x08\x07\x06\x05\x04\x03\x02\x01"), 72623859790382856},
        {DECODE_INT64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), INT64_MAX},
        {DECODE_INT64, BYTES("\0\0\0\0\0\0\0\x80"), INT64_MIN},
        {DECODE_INT64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), -1},
        // The same 64 bits in u64.
        {DECODE_UINT64, BYTES("\0\0\0\0\0\0\0\x80"), INT64_MIN},
        {DECODE_UINT64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), -1},
        {DECODE_UINT64, BYTES("\1\0\0\0\0\0\0\0"), 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        assert_i64(column_of(GOOD[i].form, TYPE_INT64), GOOD[i].cell, GOOD[i].len, GOOD[i].value);
    }
}

static void assert_f64(DecodeForm form, const char *cell, size_t len, double expected)
{
    CLEANUP(decoded_done)
    Decoded decoded = decode_cell_of(column_of(form, TYPE_FLOAT64), cell, len);
    if (decoded.value.state != VALUE_SET
        || memcmp(&decoded.value.f64, &expected, sizeof(expected)) != 0) {
        fail_msg("%a: state %d, %a", expected, decoded.value.state, decoded.value.f64);
    }
    assert_int_equal(decoded.value.dirty, DIRTY_NONE);
}

// Bits by Python's struct.pack("<d") and ("<f").
static void float__bits(void **state)
{
    (void)state;
    assert_f64(DECODE_FLOAT64, BYTES("\0\0\0\0\0\0\0\0"), 0.0);
    assert_f64(DECODE_FLOAT64, BYTES("\0\0\0\0\0\0\0\x80"), -0.0);
    assert_f64(DECODE_FLOAT64, BYTES("\x9a\x99\x99\x99\x99\x99\xb9\x3f"), 0.1);
    assert_f64(DECODE_FLOAT64, BYTES("\xff\xff\xff\xff\xff\xff\xef\x7f"), 0x1.fffffffffffffp1023);
    assert_f64(DECODE_FLOAT64, BYTES("\0\0\0\0\0\0\x10\0"), 0x1p-1022);
    assert_f64(DECODE_FLOAT64, BYTES("\1\0\0\0\0\0\0\0"), 0x1p-1074);
    assert_f64(DECODE_FLOAT64, BYTES("\0\0\0\0\0\0\xf8\xbf"), -1.5);
    assert_f64(DECODE_FLOAT64, BYTES("\0\0\0\0\0\0\xf0\x7f"), (double)__builtin_inff());
    assert_f64(DECODE_FLOAT32, BYTES("\0\0\0\0"), 0.0);
    assert_f64(DECODE_FLOAT32, BYTES("\0\0\0\x80"), -0.0);
    assert_f64(DECODE_FLOAT32, BYTES("\xcd\xcc\xcc\x3d"), 0x1.99999ap-4);
    assert_f64(DECODE_FLOAT32, BYTES("\xff\xff\x7f\x7f"), 0x1.fffffep127);
    assert_f64(DECODE_FLOAT32, BYTES("\1\0\0\0"), 0x1p-149);
    assert_f64(DECODE_FLOAT32, BYTES("\0\0\x80\xcb"), -16777216.0);
    assert_f64(DECODE_FLOAT32, BYTES("\0\0\x80\xff"), -(double)__builtin_inff());
    CLEANUP(decoded_done)
    Decoded nan = decode_cell_of(column_of(DECODE_FLOAT32, TYPE_FLOAT32), BYTES("\0\0\xc0\x7f"));
    assert_int_equal(nan.value.state, VALUE_SET);
    assert_true(__builtin_isnan(nan.value.f64));
}

static void assert_bit(TypeKind kind, const char *bytes, size_t len, int state, uint64_t expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_counted(column_of(DECODE_BIT, kind), bytes, len);
    assert_int_equal(decoded.value.state, state);
    if (state == VALUE_SET) {
        assert_true(decoded.value.u64 == expected);
    } else {
        assert_int_equal(decoded.value.dirty, expected);
        assert_int_equal(decoded.value.len, len);
        assert_ptr_equal(decoded.value.bytes, decoded.packet + 3);
    }
}

static void bit__big_endian_bytes(void **state)
{
    (void)state;
    assert_bit(TYPE_BOOL, BYTES("\0"), VALUE_SET, 0);
    assert_bit(TYPE_BOOL, BYTES("\1"), VALUE_SET, 1);
    assert_bit(TYPE_BOOL, BYTES("\2"), VALUE_DIRTY, DIRTY_OUT_OF_RANGE);
    assert_bit(TYPE_INT64, BYTES("\x01\x02"), VALUE_SET, 258);
    assert_bit(TYPE_INT64, BYTES("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), VALUE_SET, INT64_MAX);
    assert_bit(TYPE_INT64, BYTES("\x80\0\0\0\0\0\0\0"), VALUE_DIRTY, DIRTY_OUT_OF_RANGE);
    assert_bit(TYPE_UINT64, BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), VALUE_SET, UINT64_MAX);
    assert_bit(TYPE_UINT64, BYTES("\0\0\0\0\0\0\0\0\1"), VALUE_DIRTY, DIRTY_OUT_OF_RANGE);
    assert_bit(TYPE_UINT64, BYTES(""), VALUE_DIRTY, DIRTY_NOT_A_NUMBER);
}

static void assert_decimal(uint8_t precision, uint8_t scale, const char *text, __int128 expected)
{
    CLEANUP(decoded_done)
    Decoded decoded = decode_counted(decimal_column(precision, scale), text, strlen(text));
    if (decoded.value.state != VALUE_SET || decoded.value.i128 != expected) {
        fail_msg("\"%s\" as decimal(%d,%d): state %d", text, precision, scale, decoded.value.state);
    }
}

static void decimal__every_length_and_scale(void **state)
{
    (void)state;
    // All shapes of up to 18 digits: the unscaled number is what the text says without its point.
    for (int scale = 0; scale <= 18; scale++) {
        for (int digits = scale + 1; digits <= 18; digits++) {
            static const int64_t SEED = 987654321987654321;
            int64_t unscaled = SEED;
            for (int i = digits; i < 18; i++) {
                unscaled /= 10;
            }
            char plain[24];
            char text[32];
            (void)snprintf(plain, sizeof(plain), "%" PRId64, unscaled);
            (void)snprintf(text, sizeof(text), "-%.*s%s%s", digits - scale, plain,
                           scale > 0 ? "." : "", plain + digits - scale);
            assert_decimal(18, (uint8_t)scale, text, -unscaled);
            assert_decimal((uint8_t)digits, (uint8_t)scale, text + 1, unscaled);
            if (digits > 1 && digits > scale) {
                assert_dirty_text(
                    decimal_column((uint8_t)(digits - 1), (uint8_t)(scale < digits ? scale : 0)),
                    text, DIRTY_OUT_OF_RANGE);
            }
        }
    }
}

static void decimal__tables(void **state)
{
    (void)state;
    const __int128 ten19 = (__int128)UINT64_C(10000000000000000000);
    assert_decimal(15, 2, "17954.55", 1795455);
    assert_decimal(15, 2, "0.00", 0);
    assert_decimal(15, 2, "-0.01", -1);
    assert_decimal(15, 2, "9999999999999.99", 999999999999999);
    assert_decimal(15, 2, "-9999999999999.99", -999999999999999);
    assert_decimal(15, 2, "1.5", 150);  // fewer digits after the point
    assert_decimal(15, 2, "1", 100);
    assert_decimal(15, 2, "1.5000", 150);
    assert_decimal(15, 2, "000000001.50", 150);
    assert_decimal(5, 0, "-12345", -12345);
    assert_decimal(9, 8, "1.12345678", 112345678);
    assert_decimal(38, 0, "99999999999999999999999999999999999999", ten19 * ten19 - 1);
    assert_decimal(38, 38, "-0.99999999999999999999999999999999999999", 1 - ten19 * ten19);
    assert_decimal(20, 0, "18446744073709551615", (__int128)UINT64_MAX);

    const DecodeColumn column = decimal_column(5, 2);
    static const char *const TOO_LARGE[] = {"1000.00", "-1000.00", "99999", "1.234",
                                            "123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < ARRAY_LEN(TOO_LARGE); i++) {
        assert_dirty_text(column, TOO_LARGE[i], DIRTY_OUT_OF_RANGE);
    }
    static const char *const NO_NUMBERS[] = {"",     "-",     "1,50",        "1.5x",
                                             "x.50", "+1.50", "1..50",       "..50",
                                             "1.-5", "-.--",  "1234567x.50", ":.00"};
    for (size_t i = 0; i < ARRAY_LEN(NO_NUMBERS); i++) {
        assert_dirty_text(column, NO_NUMBERS[i], DIRTY_NOT_A_NUMBER);
    }
}

// --- bytes ----------------------------------------------------------------------------------------------------------------

static void text__is_borrowed_and_checked(void **state)
{
    (void)state;
    const DecodeColumn column = text_column(DECODE_TEXT, 0);
    // Every length over the short and long ways, and a bad byte at every place.
    for (size_t len = 0; len <= 70; len++) {
        char text[70];
        memset(text, 'x', sizeof(text));
        {
            CLEANUP(decoded_done) Decoded decoded = decode_counted(column, text, len);
            assert_int_equal(decoded.value.state, VALUE_SET);
            assert_int_equal(decoded.value.len, len);
            assert_ptr_equal(decoded.value.bytes, decoded.packet + 3);
        }
        for (size_t at = 0; at < len; at++) {
            text[at] = (char)0xFF;
            CLEANUP(decoded_done) Decoded decoded = decode_counted(column, text, len);
            assert_int_equal(decoded.value.state, VALUE_DIRTY);
            assert_int_equal(decoded.value.dirty, DIRTY_NOT_UTF8);
            assert_int_equal(decoded.value.len, len);
            assert_ptr_equal(decoded.value.bytes, decoded.packet + 3);
            text[at] = 'x';
        }
    }
    CLEANUP(decoded_done) Decoded emoji = decode_counted(column, BYTES("\xF0\x9F\x98\x80"));
    assert_int_equal(emoji.value.state, VALUE_SET);
    CLEANUP(decoded_done) Decoded nul = decode_counted(column, BYTES("a\0b"));
    assert_int_equal(nul.value.state, VALUE_SET);
    assert_int_equal(nul.value.len, 3);
    CLEANUP(decoded_done)
    Decoded bytes = decode_counted(column_of(DECODE_BYTES, TYPE_BYTES), BYTES("\xFF\x00\xFE"));
    assert_int_equal(bytes.value.state, VALUE_SET);
    assert_int_equal(bytes.value.len, 3);
}

// POINT(1 2): little-endian, and big-endian as a client could have stored it.
#define POINT_LITTLE \
    "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xF0\x3F\x00\x00\x00\x00\x00\x00\x00\x40"
#define POINT_BIG "\x3F\xF0\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00"

static void assert_geometry(const char *text, size_t len, const char *expected, size_t expected_len)
{
    CLEANUP(decoded_done)
    Decoded decoded = decode_counted(column_of(DECODE_GEOMETRY, TYPE_BYTES), text, len);
    assert_int_equal(decoded.value.state, VALUE_SET);
    assert_int_equal(decoded.value.len, expected_len);
    assert_memory_equal(decoded.value.bytes, expected, expected_len);
    // In place: nothing before or behind the cell.
    assert_true(decoded.value.bytes + expected_len == (char *)decoded.packet + decoded.len);
    assert_int_equal(decoded.packet[2], len);
}

static void geometry__becomes_ewkb(void **state)
{
    (void)state;
    // EWKB as PostGIS defines it: flag 0x20000000 in the type, then the SRID in the same byte
    // order.
    static const char PLAIN[] = "\0\0\0\0" POINT_LITTLE;
    assert_geometry(PLAIN, 24, PLAIN + 4, 20);
    static const char WITH_SRID[] = "\xE6\x10\x00\x00"
                                    "\x01"
                                    "\x01\x00\x00\x00"
                                    "12345678abcdefgh";
    static const char EWKB[] = "\x01"
                               "\x01\x00\x00\x20"
                               "\xE6\x10\x00\x00"
                               "12345678abcdefgh";
    assert_geometry(WITH_SRID, 25, EWKB, 25);
    static const char BIG[] = "\xE6\x10\x00\x00"
                              "\x00"
                              "\x00\x00\x00\x01" POINT_BIG;
    static const char BIG_EWKB[] = "\x00"
                                   "\x20\x00\x00\x01"
                                   "\x00\x00\x10\xE6" POINT_BIG;
    assert_geometry(BIG, 25, BIG_EWKB, 25);
    // The SRID's highest bits, and nothing behind the type.
    assert_geometry(BYTES("\x04\x03\x02\x81\x01\x07\x00\x00\x00"),
                    BYTES("\x01\x07\x00\x00\x20\x04\x03\x02\x81"));

    const DecodeColumn column = column_of(DECODE_GEOMETRY, TYPE_BYTES);
    for (size_t len = 0; len < 9; len++) {
        CLEANUP(decoded_done) Decoded decoded = decode_counted(column, WITH_SRID, len);
        assert_int_equal(decoded.value.state, VALUE_DIRTY);
        assert_int_equal(decoded.value.dirty, DIRTY_CONVERSION);
        assert_int_equal(decoded.value.len, len);
        assert_memory_equal(decoded.value.bytes, WITH_SRID, len);
    }
    CLEANUP(decoded_done) Decoded order = decode_counted(column, BYTES("\0\0\0\0\2\1\0\0\0"));
    assert_int_equal(order.value.state, VALUE_DIRTY);
}

// Each column has a text of its own, a geometry keeps to its bytes, and each zero date counts.
static void row__keeps_columns_apart(void **state)
{
    (void)state;
    enum { LARGE = 5000 };
    const DecodeColumn columns[] = {
        column_of(DECODE_INT32, TYPE_INT64),
        text_column(DECODE_TIME_TEXT, 0),
        column_of(DECODE_GEOMETRY, TYPE_BYTES),
        column_of(DECODE_DATE, TYPE_DATE),
        column_of(DECODE_GEOMETRY, TYPE_BYTES),
        column_of(DECODE_GEOMETRY, TYPE_BYTES),
        text_column(DECODE_TEXT, 0),
        text_column(DECODE_DATETIME_TEXT, 3),
        column_of(DECODE_DATE, TYPE_DATE),
        column_of(DECODE_UINT8, TYPE_INT16),
        column_of(DECODE_DATE, TYPE_DATE),
        text_column(DECODE_DATE_TEXT, 0),
    };
    enum { COLUMNS = ARRAY_LEN(columns) };
    CLEANUP(buf_done) Buf packet = {0};
    CLEANUP(mem_free_text) char *large = mem_alloc(LARGE);
    memset(large, 'g', LARGE);
    memcpy(large, "\xE6\x10\x00\x00\x01\x03\x00\x00\x00", 9);
    buf_add_bytes(&packet, BYTES("\0\0\4"));  // the ninth is NULL
    buf_add_bytes(&packet, BYTES("\52\0\0\0"));
    buf_add_bytes(&packet, BYTES("\10\1\0\0\0\0\1\2\3"));
    buf_add_bytes(&packet, BYTES("\15\x01\x00\x00\x00\x01\x01\x00\x00\x00tail"));
    buf_add_bytes(&packet, BYTES("\0"));
    buf_add_bytes(&packet, BYTES("\374\x88\x13"));
    buf_add_bytes(&packet, large, LARGE);
    buf_add_bytes(&packet, BYTES("\15\x00\x00\x00\x00\x01\x01\x00\x00\x00rest"));
    buf_add_bytes(&packet, BYTES("\7Z\xC3\xBCrich"));
    buf_add_bytes(&packet, BYTES("\7\xE0\x07\13\16\10\36\0"));
    buf_add_bytes(&packet, BYTES("\377"));
    buf_add_bytes(&packet, BYTES("\4\xE8\x07\2\36"));
    buf_add_bytes(&packet, BYTES("\4\xE8\x07\2\36"));

    uint64_t zero_dates = 5;
    for (size_t len = 0; len <= packet.len; len = len == 60 ? packet.len - 60 : len + 1) {
        Value row[COLUMNS];
        DecodeText texts[COLUMNS];
        unsigned char *copy = malloc(len == 0 ? 1 : len);
        assert_non_null(copy);
        memcpy(copy, packet.data, len);
        if (len < packet.len) {
            uint64_t ignored = 0;
            assert_false(decode_row(columns, COLUMNS, copy, len, texts, row, &ignored));
            free(copy);
            continue;
        }
        assert_true(decode_row(columns, COLUMNS, copy, len, texts, row, &zero_dates));
        assert_int_equal(row[0].i64, 42);
        assert_int_equal(row[1].len, 9);
        assert_memory_equal(row[1].bytes, "-01:02:03", 9);
        assert_int_equal(row[2].len, 13);
        assert_memory_equal(row[2].bytes, "\x01\x01\x00\x00\x20\x01\x00\x00\x00tail", 13);
        assert_int_equal(row[3].state, VALUE_NULL);
        assert_int_equal(row[4].len, LARGE);
        assert_memory_equal(row[4].bytes, "\x01\x03\x00\x00\x20\xE6\x10\x00\x00ggg", 12);
        assert_int_equal(row[4].bytes[LARGE - 1], 'g');
        assert_int_equal(row[5].len, 9);
        assert_memory_equal(row[5].bytes, "\x01\x01\x00\x00\x00rest", 9);
        assert_int_equal(row[6].len, 7);
        assert_memory_equal(row[6].bytes, "Z\xC3\xBCrich", 7);
        assert_int_equal(row[7].len, 23);
        assert_memory_equal(row[7].bytes, "2016-11-14 08:30:00.000", 23);
        assert_int_equal(row[8].state, VALUE_NULL);
        assert_int_equal(row[9].i64, 255);
        assert_int_equal(row[10].state, VALUE_NULL);
        assert_int_equal(row[11].len, 10);
        assert_memory_equal(row[11].bytes, "2024-02-30", 10);
        free(copy);
    }
    assert_int_equal(zero_dates, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row__takes_the_documented_examples),
        cmocka_unit_test(row__bitmap_of_nulls),
        cmocka_unit_test(row__null_is_null_in_every_form),
        cmocka_unit_test(row__begins_with_a_zero),
        cmocka_unit_test(row__keeps_columns_apart),
        cmocka_unit_test(length__edges_of_every_head),
        cmocka_unit_test(length__that_is_none_is_torn),
        cmocka_unit_test(int__edges_of_every_width),
        cmocka_unit_test(float__bits),
        cmocka_unit_test(bit__big_endian_bytes),
        cmocka_unit_test(decimal__every_length_and_scale),
        cmocka_unit_test(decimal__tables),
        cmocka_unit_test(text__is_borrowed_and_checked),
        cmocka_unit_test(geometry__becomes_ewkb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

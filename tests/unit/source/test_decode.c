// Result text -> Value: tables of text and what it must become, the calendar held against
// base/clock, and every text also as a heap copy of its exact length, so that a sanitizer sees any
// read past it.
#include "base/base.h"

#include "unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "source/mysql/decode.h"

typedef struct Decoded {
    Value value;
    uint64_t zero_dates;
    DecodeScratch scratch;
    char *text;
} Decoded;

static void decoded_done(Decoded *decoded)
{
    free(decoded->text);
    buf_done(&decoded->scratch.buf);
}

static Decoded decode_bytes(DecodeColumn column, const char *text, size_t len)
{
    Decoded decoded = {.text = malloc(len == 0 ? 1 : len)};
    assert_non_null(decoded.text);
    memcpy(decoded.text, text, len);
    memset(&decoded.value, 0xA5, sizeof(decoded.value));
    decode_cell(&column, decoded.text, len, &decoded.scratch, &decoded.value, &decoded.zero_dates);
    return decoded;
}

static Decoded decode_text_of(DecodeColumn column, const char *text)
{
    return decode_bytes(column, text, strlen(text));
}

static void assert_i64(DecodeColumn column, const char *text, int64_t expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_text_of(column, text);
    if (decoded.value.state != VALUE_SET || decoded.value.i64 != expected
        || decoded.zero_dates != 0) {
        fail_msg("\"%s\": state %d, %" PRId64 ", not %" PRId64, text, decoded.value.state,
                 decoded.value.i64, expected);
    }
    assert_int_equal(decoded.value.dirty, DIRTY_NONE);
}

static void assert_dirty(DecodeColumn column, const char *text, DirtyReason reason)
{
    CLEANUP(decoded_done) Decoded decoded = decode_text_of(column, text);
    if (decoded.value.state != VALUE_DIRTY || decoded.value.dirty != reason) {
        fail_msg("\"%s\": state %d, reason %d, not dirty for %d", text, decoded.value.state,
                 decoded.value.dirty, (int)reason);
    }
    // The raw text goes to the reject file.
    assert_int_equal(decoded.value.len, strlen(text));
    assert_ptr_equal(decoded.value.bytes, decoded.text);
    assert_int_equal(decoded.zero_dates, 0);
}

static void assert_zero_date(DecodeColumn column, const char *text)
{
    column.zero_dates = ZERO_DATES_ERROR;
    assert_dirty(column, text, DIRTY_ZERO_DATE);
    column.zero_dates = ZERO_DATES_NULL;
    CLEANUP(decoded_done) Decoded decoded = decode_text_of(column, text);
    if (decoded.value.state != VALUE_NULL || decoded.zero_dates != 1) {
        fail_msg("\"%s\" did not become NULL", text);
    }
}

static DecodeColumn column_of(DecodeForm form, TypeKind kind)
{
    return (DecodeColumn){.form = form, .type = {.kind = kind}};
}

static DecodeColumn decimal_column(uint8_t precision, uint8_t scale)
{
    return (DecodeColumn){.form = DECODE_DECIMAL,
                          .type = {.kind = TYPE_DECIMAL, .precision = precision, .scale = scale}};
}

static void cell__null_is_null_in_every_form(void **state)
{
    (void)state;
    for (int form = DECODE_INT; form <= DECODE_GEOMETRY; form++) {
        const DecodeColumn column = column_of((DecodeForm)form, TYPE_INT64);
        DecodeScratch scratch = {0};
        Value value = {.state = VALUE_DIRTY};
        uint64_t zero_dates = 0;
        decode_cell(&column, NULL, 0, &scratch, &value, &zero_dates);
        assert_int_equal(value.state, VALUE_NULL);
        assert_int_equal(zero_dates, 0);
    }
}

static void int__edges_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        TypeKind kind;
        const char *text;
        int64_t value;
    } GOOD[] = {
        {TYPE_BOOL, "0", 0},
        {TYPE_BOOL, "1", 1},
        {TYPE_INT8, "-128", -128},
        {TYPE_INT8, "127", 127},
        {TYPE_INT16, "-32768", -32768},
        {TYPE_INT16, "32767", 32767},
        {TYPE_INT16, "255", 255},
        {TYPE_INT32, "-2147483648", -2147483647 - 1},
        {TYPE_INT32, "2147483647", 2147483647},
        {TYPE_INT32, "16777215", 16777215},
        {TYPE_INT64, "4294967295", 4294967295},
        {TYPE_INT64, "9223372036854775807", INT64_MAX},
        {TYPE_INT64, "-9223372036854775808", INT64_MIN},
        {TYPE_INT64, "1234567890123456", 1234567890123456},
        {TYPE_INT64, "-12345678901234567", -12345678901234567},
        {TYPE_INT64, "-0", 0},
        {TYPE_INT32, "0000000042", 42},
        {TYPE_INT64, "00000000000000000042", 42},
        {TYPE_INT16, "2016", 2016},
        {TYPE_INT16, "0000", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
        assert_i64(column_of(DECODE_INT, GOOD[i].kind), GOOD[i].text, GOOD[i].value);
    }
    static const struct {
        TypeKind kind;
        const char *text;
    } TOO_LARGE[] = {
        {TYPE_BOOL, "2"},
        {TYPE_BOOL, "-1"},
        {TYPE_INT8, "128"},
        {TYPE_INT8, "-129"},
        {TYPE_INT16, "32768"},
        {TYPE_INT16, "70000"},
        {TYPE_INT32, "2147483648"},
        {TYPE_INT32, "-2147483649"},
        {TYPE_INT64, "9223372036854775808"},
        {TYPE_INT64, "-9223372036854775809"},
        {TYPE_INT64, "18446744073709551616"},
        {TYPE_INT64, "1.5"},
        {TYPE_INT64, "1e3"},
    };
    for (size_t i = 0; i < ARRAY_LEN(TOO_LARGE); i++) {
        assert_dirty(column_of(DECODE_INT, TOO_LARGE[i].kind), TOO_LARGE[i].text,
                     DIRTY_OUT_OF_RANGE);
    }
    static const char *const NO_NUMBERS[] = {"",          "-",  "+1",  " 1", "1 ", "abc", "1.2.3",
                                             "12345678x", "1e", "1e+", ".",  "-.", "--5", "0x1F"};
    for (size_t i = 0; i < ARRAY_LEN(NO_NUMBERS); i++) {
        assert_dirty(column_of(DECODE_INT, TYPE_INT64), NO_NUMBERS[i], DIRTY_NOT_A_NUMBER);
    }
}

static void uint64__maximum_and_beyond(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_UINT64, TYPE_UINT64);
    assert_i64(column, "18446744073709551615", -1);  // the same 64 bits
    assert_i64(column, "9223372036854775808", INT64_MIN);
    assert_i64(column, "00000000000000000001", 1);
    assert_dirty(column, "18446744073709551616", DIRTY_OUT_OF_RANGE);
    assert_dirty(column, "-1", DIRTY_OUT_OF_RANGE);
    assert_dirty(column, "", DIRTY_NOT_A_NUMBER);
    assert_dirty(column, "x", DIRTY_NOT_A_NUMBER);
}

static void assert_bit(TypeKind kind, const char *bytes, size_t len, int state, uint64_t expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_bytes(column_of(DECODE_BIT, kind), bytes, len);
    assert_int_equal(decoded.value.state, state);
    if (state == VALUE_SET) {
        assert_true(decoded.value.u64 == expected);
    } else {
        assert_int_equal(decoded.value.dirty, expected);
    }
}

static void bit__big_endian_bytes(void **state)
{
    (void)state;
    assert_bit(TYPE_BOOL, "\0", 1, VALUE_SET, 0);
    assert_bit(TYPE_BOOL, "\1", 1, VALUE_SET, 1);
    assert_bit(TYPE_BOOL, "\2", 1, VALUE_DIRTY, DIRTY_OUT_OF_RANGE);
    assert_bit(TYPE_INT64, "\x01\x02", 2, VALUE_SET, 258);
    assert_bit(TYPE_INT64, "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, VALUE_SET, INT64_MAX);
    assert_bit(TYPE_INT64, "\x80\0\0\0\0\0\0\0", 8, VALUE_DIRTY, DIRTY_OUT_OF_RANGE);
    assert_bit(TYPE_UINT64, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, VALUE_SET, UINT64_MAX);
    assert_bit(TYPE_UINT64, "\0\0\0\0\0\0\0\0\1", 9, VALUE_DIRTY, DIRTY_OUT_OF_RANGE);
    assert_bit(TYPE_UINT64, "", 0, VALUE_DIRTY, DIRTY_NOT_A_NUMBER);
}

static void assert_f64(DecodeForm form, const char *text, double expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_text_of(column_of(form, TYPE_FLOAT64), text);
    if (decoded.value.state != VALUE_SET
        || memcmp(&decoded.value.f64, &expected, sizeof(expected)) != 0) {
        fail_msg("\"%s\": state %d, %a", text, decoded.value.state, decoded.value.f64);
    }
}

static void float64__nearest(void **state)
{
    (void)state;
    assert_f64(DECODE_FLOAT64, "0", 0.0);
    assert_f64(DECODE_FLOAT64, "-0", -0.0);
    assert_f64(DECODE_FLOAT64, "0.1", 0x1.999999999999ap-4);
    assert_f64(DECODE_FLOAT64, "1.7976931348623157e308", 0x1.fffffffffffffp1023);
    assert_f64(DECODE_FLOAT64, "2.2250738585072014e-308", 0x1p-1022);
    assert_f64(DECODE_FLOAT64, "5e-324", 0x1p-1074);
    assert_f64(DECODE_FLOAT64, "000000001.50", 1.5);  // ZEROFILL
    const DecodeColumn column = column_of(DECODE_FLOAT64, TYPE_FLOAT64);
    assert_dirty(column, "1e309", DIRTY_OUT_OF_RANGE);
    assert_dirty(column, "inf", DIRTY_NOT_A_NUMBER);
    assert_dirty(column, "nan", DIRTY_NOT_A_NUMBER);
    assert_dirty(column, "", DIRTY_NOT_A_NUMBER);
    assert_dirty(column, "1e", DIRTY_NOT_A_NUMBER);
}

static void float32__must_be_exact(void **state)
{
    (void)state;
    assert_f64(DECODE_FLOAT32, "0.10000000149011612", 0x1.99999ap-4);
    assert_f64(DECODE_FLOAT32, "3.4028234663852886e38", 0x1.fffffep127);
    assert_f64(DECODE_FLOAT32, "1.401298464324817e-45", 0x1p-149);
    assert_f64(DECODE_FLOAT32, "-16777216", -16777216.0);
    const DecodeColumn column = column_of(DECODE_FLOAT32, TYPE_FLOAT32);
    assert_dirty(column, "0.1", DIRTY_OUT_OF_RANGE);
    assert_dirty(column, "16777217", DIRTY_OUT_OF_RANGE);
    assert_dirty(column, "1e39", DIRTY_OUT_OF_RANGE);
    assert_dirty(column, "x", DIRTY_NOT_A_NUMBER);
}

static void assert_decimal(uint8_t precision, uint8_t scale, const char *text, __int128 expected)
{
    CLEANUP(decoded_done) Decoded decoded = decode_text_of(decimal_column(precision, scale), text);
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
                assert_dirty(
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
        assert_dirty(column, TOO_LARGE[i], DIRTY_OUT_OF_RANGE);
    }
    static const char *const NO_NUMBERS[] = {"",     "-",     "1,50",        "1.5x",
                                             "x.50", "+1.50", "1..50",       "..50",
                                             "1.-5", "-.--",  "1234567x.50", ":.00"};
    for (size_t i = 0; i < ARRAY_LEN(NO_NUMBERS); i++) {
        assert_dirty(column, NO_NUMBERS[i], DIRTY_NOT_A_NUMBER);
    }
}

static void date__every_day_of_ten_thousand_years(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_DATE, TYPE_DATE);
    DecodeScratch scratch = {0};
    for (int year = 0; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            const int last = year == 0 && month == 2 ? 28 : civil_days_in_month(year, month);
            for (int day = 1; day <= 31; day++) {
                char text[10] = {(char)('0' + year / 1000),
                                 (char)('0' + year / 100 % 10),
                                 (char)('0' + year / 10 % 10),
                                 (char)('0' + year % 10),
                                 '-',
                                 (char)('0' + month / 10),
                                 (char)('0' + month % 10),
                                 '-',
                                 (char)('0' + day / 10),
                                 (char)('0' + day % 10)};
                Value value;
                uint64_t zero_dates = 0;
                decode_cell(&column, text, sizeof(text), &scratch, &value, &zero_dates);
                if (day <= last) {
                    assert_int_equal(value.state, VALUE_SET);
                    assert_int_equal(value.i64, civil_to_days(year, month, day));
                } else {
                    assert_int_equal(value.state, VALUE_NULL);
                    assert_int_equal(zero_dates, 1);
                }
            }
        }
    }
}

static void date__tables(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_DATE, TYPE_DATE);
    // From Python's datetime; year 0 counted back from year 1.
    assert_i64(column, "2016-11-14", 17119);
    assert_i64(column, "1970-01-01", 0);
    assert_i64(column, "1969-12-31", -1);
    assert_i64(column, "2000-02-29", 11016);
    assert_i64(column, "9999-12-31", 2932896);
    assert_i64(column, "0001-01-01", -719162);
    assert_i64(column, "0000-01-01", -719528);
    static const char *const ZERO[] = {"0000-00-00", "2024-00-10", "2024-01-00", "2024-02-30",
                                       "2023-02-29", "1900-02-29", "0000-02-29", "2024-04-31",
                                       "0000-00-10", "2024-00-00"};
    for (size_t i = 0; i < ARRAY_LEN(ZERO); i++) {
        assert_zero_date(column, ZERO[i]);
    }
    static const char *const BAD[] = {
        "",           "2016-11-1",    "2016-11-144",         "2016/11/14", "16-11-14",
        "2016-13-01", "2016-01-32",   "2016-11-1x",          "x016-11-14", "2016-1:-14",
        "-016-11-14", "2016-11 14",   "2016-11-14 08:30:00", "20161114  ", "2016-00-32",
        "2016-13-00", "201\xB6-11-14"};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        assert_dirty(column, BAD[i], DIRTY_NOT_A_TIME);
    }
}

static void datetime__tables(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_DATETIME, TYPE_DATETIME);
    const int64_t base = INT64_C(1479112200000000);
    assert_i64(column, "2016-11-14 08:30:00", base);
    assert_i64(column, "2016-11-14 08:30:00.5", base + 500000);
    assert_i64(column, "2016-11-14 08:30:00.12", base + 120000);
    assert_i64(column, "2016-11-14 08:30:00.123", base + 123000);
    assert_i64(column, "2016-11-14 08:30:00.1234", base + 123400);
    assert_i64(column, "2016-11-14 08:30:00.12345", base + 123450);
    assert_i64(column, "2016-11-14 08:30:00.000001", base + 1);
    assert_i64(column, "1969-12-31 23:59:59.999999", -1);
    assert_i64(column, "9999-12-31 23:59:59.999999", INT64_C(253402300799999999));
    assert_i64(column, "0000-01-01 00:00:00", INT64_C(-62167219200000000));
    static const char *const ZERO[] = {"0000-00-00 00:00:00", "0000-00-00 00:00:00.000000",
                                       "2024-00-10 12:00:00", "2024-02-30 23:59:59.5"};
    for (size_t i = 0; i < ARRAY_LEN(ZERO); i++) {
        assert_zero_date(column, ZERO[i]);
    }
    static const char *const BAD[] = {
        "",
        "2016-11-14",
        "2016-11-14T08:30:00",
        "2016-11-14 08:30",
        "2016-11-14 24:00:00",
        "2016-11-14 08:60:00",
        "2016-11-14 08:30:60",
        "2016-11-14 08:30:00.",
        "2016-11-14 08:30:00.1234567",
        "2016-11-14 08:30:00,5",
        "2016-11-14 08:30:00.12x",
        "2016-11-14 08:30:00Z",
        "2016-11-14 08-30-00",
        "2016-11-14 0x:30:00",
        "2016-13-14 08:30:00",
        "0000-00-00 24:00:00",
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        assert_dirty(column, BAD[i], DIRTY_NOT_A_TIME);
    }
}

// A separator is that character alone, and where a digit stands no other byte may.
static void datetime__every_byte_in_every_place(void **state)
{
    (void)state;
    static const char GOOD[] = "2016-11-14 08:30:00.123456";
    const DecodeForm forms[] = {DECODE_DATE, DECODE_DATETIME};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const DecodeColumn column = column_of(forms[i], TYPE_DATETIME);
        const size_t len = forms[i] == DECODE_DATE ? 10 : sizeof(GOOD) - 1;
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                char text[sizeof(GOOD)];
                memcpy(text, GOOD, sizeof(GOOD));
                text[at] = (char)c;
                const bool is_digit = GOOD[at] >= '0' && GOOD[at] <= '9';
                if (is_digit ? c >= '0' && c <= '9' : c == GOOD[at]) {
                    continue;
                }
                CLEANUP(decoded_done) Decoded decoded = decode_bytes(column, text, len);
                if (decoded.value.state != VALUE_DIRTY || decoded.value.dirty != DIRTY_NOT_A_TIME) {
                    fail_msg("byte %d at %zu was accepted", c, at);
                }
            }
        }
    }
}

static void unix_time__tables(void **state)
{
    (void)state;
    for (uint8_t scale = 0; scale <= 6; scale += 6) {
        DecodeColumn column = column_of(DECODE_UNIX_TIME, TYPE_INSTANT);
        column.type.scale = scale;
        assert_i64(column, "1479112200", INT64_C(1479112200000000));
        assert_i64(column, "1479112200.123456", INT64_C(1479112200123456));
        assert_i64(column, "1479112200.5", INT64_C(1479112200500000));
        assert_i64(column, "1", 1000000);
        assert_i64(column, "0.000001", 1);
        assert_i64(column, "2147483647.999999", INT64_C(2147483647999999));
        assert_i64(column, "253402300799", INT64_C(253402300799000000));
        assert_zero_date(column, "0");
        assert_zero_date(column, "0.0");
        assert_zero_date(column, "0.000000");
        assert_dirty(column, "253402300800", DIRTY_OUT_OF_RANGE);
        assert_dirty(column, "18446744073709551615", DIRTY_OUT_OF_RANGE);
        static const char *const BAD[] = {"",
                                          "-1",
                                          ".5",
                                          "1.",
                                          "1.1234567",
                                          "1.2.3",
                                          "1e9",
                                          "abc",
                                          "1 ",
                                          ".",
                                          "1.x",
                                          "2016-11-14",
                                          "18446744073709551616",
                                          "1479112200.12345x"};
        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
            assert_dirty(column, BAD[i], DIRTY_NOT_A_TIME);
        }
    }
}

static void text__is_borrowed_and_checked(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_TEXT, TYPE_TEXT);
    // Every length over the short and long ways, and a bad byte at every place.
    for (size_t len = 0; len <= 70; len++) {
        char text[70];
        memset(text, 'x', sizeof(text));
        {
            CLEANUP(decoded_done) Decoded decoded = decode_bytes(column, text, len);
            assert_int_equal(decoded.value.state, VALUE_SET);
            assert_int_equal(decoded.value.len, len);
            assert_ptr_equal(decoded.value.bytes, decoded.text);
        }
        for (size_t at = 0; at < len; at++) {
            text[at] = (char)0xFF;
            CLEANUP(decoded_done) Decoded decoded = decode_bytes(column, text, len);
            assert_int_equal(decoded.value.state, VALUE_DIRTY);
            assert_int_equal(decoded.value.dirty, DIRTY_NOT_UTF8);
            text[at] = 'x';
        }
    }
    CLEANUP(decoded_done) Decoded emoji = decode_text_of(column, "\xF0\x9F\x98\x80");
    assert_int_equal(emoji.value.state, VALUE_SET);
    CLEANUP(decoded_done) Decoded nul = decode_bytes(column, "a\0b", 3);
    assert_int_equal(nul.value.state, VALUE_SET);
    assert_int_equal(nul.value.len, 3);
    CLEANUP(decoded_done)
    Decoded bytes = decode_bytes(column_of(DECODE_BYTES, TYPE_BYTES), "\xFF\x00\xFE", 3);
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
    Decoded decoded = decode_bytes(column_of(DECODE_GEOMETRY, TYPE_BYTES), text, len);
    assert_int_equal(decoded.value.state, VALUE_SET);
    assert_int_equal(decoded.value.len, expected_len);
    assert_memory_equal(decoded.value.bytes, expected, expected_len);
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

    const DecodeColumn column = column_of(DECODE_GEOMETRY, TYPE_BYTES);
    for (size_t len = 0; len < 9; len++) {
        CLEANUP(decoded_done) Decoded decoded = decode_bytes(column, WITH_SRID, len);
        assert_int_equal(decoded.value.state, VALUE_DIRTY);
        assert_int_equal(decoded.value.dirty, DIRTY_CONVERSION);
    }
    CLEANUP(decoded_done) Decoded order = decode_bytes(column, "\0\0\0\0\2\1\0\0\0", 9);
    assert_int_equal(order.value.state, VALUE_DIRTY);
}

static void row__decodes_each_column_and_keeps_geometries_apart(void **state)
{
    (void)state;
    enum { COLUMNS = 8, LARGE = 5000 };
    const DecodeColumn columns[COLUMNS] = {
        column_of(DECODE_INT, TYPE_INT64),      column_of(DECODE_GEOMETRY, TYPE_BYTES),
        column_of(DECODE_DATE, TYPE_DATE),      column_of(DECODE_GEOMETRY, TYPE_BYTES),
        column_of(DECODE_GEOMETRY, TYPE_BYTES), column_of(DECODE_TEXT, TYPE_TEXT),
        column_of(DECODE_GEOMETRY, TYPE_BYTES), column_of(DECODE_DATE, TYPE_DATE),
    };
    // Large enough that the scratch grows and moves between them.
    char *large = mem_alloc(LARGE);
    memset(large, 'g', LARGE);
    memcpy(large, "\xE6\x10\x00\x00\x01\x03\x00\x00\x00", 9);
    char id[] = "42";
    char small[] = "\x01\x00\x00\x00\x01\x01\x00\x00\x00tail";
    char plain[] = "\x00\x00\x00\x00\x01\x01\x00\x00\x00rest";
    char zero_date[] = "0000-00-00";
    char name[] = "Z\xC3\xBCrich";
    char *const texts[COLUMNS] = {id, small, zero_date, large, plain, name, small, NULL};
    const unsigned long lengths[COLUMNS] = {2, 13, 10, LARGE, 13, 7, 13, 0};
    Value row[COLUMNS];
    DecodeScratch scratch = {0};
    uint64_t zero_dates = 5;
    for (int repeat = 0; repeat < 2; repeat++) {
        decode_row(columns, COLUMNS, texts, lengths, &scratch, row, &zero_dates);
        assert_int_equal(row[0].i64, 42);
        assert_memory_equal(row[1].bytes, "\x01\x01\x00\x00\x20\x01\x00\x00\x00tail", 13);
        assert_int_equal(row[2].state, VALUE_NULL);
        assert_int_equal(row[3].len, LARGE);
        assert_memory_equal(row[3].bytes, "\x01\x03\x00\x00\x20\xE6\x10\x00\x00ggg", 12);
        assert_int_equal(row[3].bytes[LARGE - 1], 'g');
        assert_memory_equal(row[4].bytes, "\x01\x01\x00\x00\x00rest", 9);
        assert_ptr_equal(row[5].bytes, name);
        assert_memory_equal(row[6].bytes, "\x01\x01\x00\x00\x20\x01\x00\x00\x00tail", 13);
        assert_int_equal(row[7].state, VALUE_NULL);
    }
    assert_int_equal(zero_dates, 7);
    free(large);
    buf_done(&scratch.buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cell__null_is_null_in_every_form),
        cmocka_unit_test(int__edges_of_every_kind),
        cmocka_unit_test(uint64__maximum_and_beyond),
        cmocka_unit_test(bit__big_endian_bytes),
        cmocka_unit_test(float64__nearest),
        cmocka_unit_test(float32__must_be_exact),
        cmocka_unit_test(decimal__every_length_and_scale),
        cmocka_unit_test(decimal__tables),
        cmocka_unit_test(date__every_day_of_ten_thousand_years),
        cmocka_unit_test(date__tables),
        cmocka_unit_test(datetime__tables),
        cmocka_unit_test(datetime__every_byte_in_every_place),
        cmocka_unit_test(unix_time__tables),
        cmocka_unit_test(text__is_borrowed_and_checked),
        cmocka_unit_test(geometry__becomes_ewkb),
        cmocka_unit_test(row__decodes_each_column_and_keeps_geometries_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

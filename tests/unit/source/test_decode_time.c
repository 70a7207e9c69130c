// Dates and times of the binary protocol -> Values: tables of bytes and what they must become, the
// calendar held against base/clock.
#include "base/base.h"

#include "decode_support.h"

#include "base/clock.h"

// DATETIME's way and DATE's, with the fields as both send them.
static void date__every_day_of_ten_thousand_years(void **state)
{
    (void)state;
    const DecodeColumn columns[] = {column_of(DECODE_DATE, TYPE_DATE),
                                    column_of(DECODE_DATETIME, TYPE_DATETIME)};
    DecodeText texts[2];
    for (int year = 0; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            const int last = year == 0 && month == 2 ? 28 : civil_days_in_month(year, month);
            for (int day = 1; day <= 31; day++) {
                unsigned char packet[] = {0,
                                          0,
                                          4,
                                          (unsigned char)(year & 0xFF),
                                          (unsigned char)(year >> 8),
                                          (unsigned char)month,
                                          (unsigned char)day,
                                          7,
                                          (unsigned char)(year & 0xFF),
                                          (unsigned char)(year >> 8),
                                          (unsigned char)month,
                                          (unsigned char)day,
                                          23,
                                          59,
                                          58};
                Value row[2];
                uint64_t zero_dates = 0;
                assert_true(
                    decode_row(columns, 2, packet, sizeof(packet), texts, row, &zero_dates));
                if (day <= last) {
                    const int64_t days = civil_to_days(year, month, day);
                    assert_int_equal(row[0].state, VALUE_SET);
                    assert_int_equal(row[0].i64, days);
                    assert_int_equal(row[1].state, VALUE_SET);
                    assert_int_equal(row[1].i64, (days * 86400 + 86398) * 1000000);
                } else {
                    assert_int_equal(row[0].state, VALUE_NULL);
                    assert_int_equal(row[1].state, VALUE_NULL);
                    assert_int_equal(zero_dates, 2);
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
    assert_i64(column, BYTES("\4\xE0\x07\13\16"), 17119);        // 2016-11-14
    assert_i64(column, BYTES("\4\xB2\x07\1\1"), 0);              // 1970-01-01
    assert_i64(column, BYTES("\4\xB1\x07\14\37"), -1);           // 1969-12-31
    assert_i64(column, BYTES("\4\xD0\x07\2\35"), 11016);         // 2000-02-29
    assert_i64(column, BYTES("\4\x0F\x27\14\37"), 2932896);      // 9999-12-31
    assert_i64(column, BYTES("\4\1\0\1\1"), -719162);            // 0001-01-01
    assert_i64(column, BYTES("\4\0\0\1\1"), -719528);            // 0000-01-01
    assert_i64(column, BYTES("\7\xE0\x07\13\16\0\0\0"), 17119);  // with a time
    assert_i64(column, BYTES("\7\xE0\x07\13\16\27\73\73"), 17119);
    assert_i64(column, BYTES("\13\xE0\x07\13\16\27\73\73\1\0\0\0"), 17119);
    assert_zero_date(column, BYTES("\0"), "0000-00-00");
    assert_zero_date(column, BYTES("\4\0\0\0\0"), "0000-00-00");
    assert_zero_date(column, BYTES("\4\xE8\x07\0\12"), "2024-00-10");
    assert_zero_date(column, BYTES("\4\xE8\x07\1\0"), "2024-01-00");
    assert_zero_date(column, BYTES("\4\xE8\x07\0\0"), "2024-00-00");
    assert_zero_date(column, BYTES("\4\xE8\x07\2\36"), "2024-02-30");
    assert_zero_date(column, BYTES("\4\xE7\x07\2\35"), "2023-02-29");
    assert_zero_date(column, BYTES("\4\x6C\x07\2\35"), "1900-02-29");
    assert_zero_date(column, BYTES("\4\0\0\2\35"), "0000-02-29");
    assert_zero_date(column, BYTES("\4\0\0\0\12"), "0000-00-10");
    assert_zero_date(column, BYTES("\4\xE8\x07\4\37"), "2024-04-31");
    assert_zero_date(column, BYTES("\7\xE8\x07\2\36\14\0\0"), "2024-02-30");
}

static void datetime__tables(void **state)
{
    (void)state;
    DecodeColumn column = column_of(DECODE_DATETIME, TYPE_DATETIME);
    const int64_t base = INT64_C(1479112200000000);  // 2016-11-14 08:30:00
    assert_i64(column, BYTES("\4\xE0\x07\13\16"), INT64_C(1479081600000000));
    assert_i64(column, BYTES("\7\xE0\x07\13\16\10\36\0"), base);
    assert_i64(column, BYTES("\13\xE0\x07\13\16\10\36\0\0\0\0\0"), base);
    assert_i64(column, BYTES("\13\xE0\x07\13\16\10\36\0\1\0\0\0"), base + 1);
    assert_i64(column, BYTES("\13\xE0\x07\13\16\10\36\0\x40\xE2\x01\0"), base + 123456);
    assert_i64(column, BYTES("\13\xE0\x07\13\16\10\36\0\x3F\x42\x0F\0"), base + 999999);
    assert_i64(column, BYTES("\13\xB1\x07\14\37\27\73\73\x3F\x42\x0F\0"), -1);
    assert_i64(column, BYTES("\13\x0F\x27\14\37\27\73\73\x3F\x42\x0F\0"),
               INT64_C(253402300799999999));
    assert_i64(column, BYTES("\4\0\0\1\1"), INT64_C(-62167219200000000));
    // What the reject file shows has as many digits as the column.
    assert_zero_date(column, BYTES("\0"), "0000-00-00 00:00:00");
    assert_zero_date(column, BYTES("\7\xE8\x07\0\12\14\0\0"), "2024-00-10 12:00:00");
    column.type.scale = 3;
    assert_zero_date(column, BYTES("\0"), "0000-00-00 00:00:00.000");
    assert_zero_date(column, BYTES("\4\xE8\x07\2\36"), "2024-02-30 00:00:00.000");
    assert_zero_date(column, BYTES("\13\xE8\x07\2\36\27\73\73\x20\xA1\x07\0"),
                     "2024-02-30 23:59:59.500");
    column.type.scale = 6;
    assert_zero_date(column, BYTES("\0"), "0000-00-00 00:00:00.000000");
    assert_zero_date(column, BYTES("\13\0\0\0\0\0\0\0\1\0\0\0"), "0000-00-00 00:00:00.000001");
    column.type.scale = 1;
    assert_zero_date(column, BYTES("\7\xE7\x07\2\35\1\2\3"), "2023-02-29 01:02:03.0");
}

// Months, days, hours ... that no calendar has, and lengths that no server sends. The reject file
// shows the bytes.
static void moment__what_is_none_is_dirty(void **state)
{
    (void)state;
    static const DecodeForm FORMS[] = {DECODE_DATE, DECODE_DATETIME, DECODE_DATE_TEXT,
                                       DECODE_DATETIME_TEXT};
    static const struct {
        const char *cell;
        size_t len;
        const char *text;
    } BAD[] = {
        {BYTES("\4\x10\x27\1\1"), "0x10270101"},  // the year 10000
        {BYTES("\4\xFF\xFF\1\1"), "0xffff0101"},
        {BYTES("\4\xE0\x07\15\1"), "0xe0070d01"},  // month 13
        {BYTES("\4\xE0\x07\xFF\0"), "0xe007ff00"},
        {BYTES("\4\xE0\x07\1\40"), "0xe0070120"},  // day 32
        {BYTES("\4\0\0\0\40"), "0x00000020"},
        {BYTES("\7\xE0\x07\13\16\30\0\0"), "0xe0070b0e180000"},  // hour 24
        {BYTES("\7\xE0\x07\13\16\0\74\0"), "0xe0070b0e003c00"},  // minute 60
        {BYTES("\7\xE0\x07\13\16\0\0\74"), "0xe0070b0e00003c"},  // second 60
        {BYTES("\7\0\0\0\0\30\0\0"), "0x00000000180000"},
        {BYTES("\13\xE0\x07\13\16\0\0\0\x40\x42\x0F\0"), "0xe0070b0e00000040420f00"},  // 1000000
        {BYTES("\13\xE0\x07\13\16\0\0\0\0\0\0\x80"), "0xe0070b0e00000000000080"},
    };
    for (size_t i = 0; i < ARRAY_LEN(FORMS); i++) {
        DecodeColumn column = column_of(FORMS[i], TYPE_DATETIME);
        for (int policy = 0; policy < 2; policy++) {
            column.zero_dates = policy == 0 ? ZERO_DATES_NULL : ZERO_DATES_ERROR;
            for (size_t j = 0; j < ARRAY_LEN(BAD); j++) {
                assert_dirty_cell(column, BAD[j].cell, BAD[j].len, DIRTY_NOT_A_TIME, BAD[j].text);
            }
            static const char GOOD[] = "\xE0\x07\1\2\3\4\5\6\0\0\0\0\0\0\0\0";
            for (size_t len = 0; len < sizeof(GOOD); len++) {
                CLEANUP(decoded_done) Decoded decoded = decode_counted(column, GOOD, len);
                const bool is_one = len == 0 || len == 4 || len == 7 || len == 11;
                assert_int_equal(decoded.value.state == VALUE_DIRTY
                                     && decoded.value.dirty == DIRTY_NOT_A_TIME,
                                 !is_one);
            }
        }
    }
    const DecodeColumn column = column_of(DECODE_DATETIME, TYPE_DATETIME);
    assert_dirty_cell(column, BYTES("\1\xE0"), DIRTY_NOT_A_TIME, "0xe0");
    // As a server would send it as text.
    assert_dirty_cell(column,
                      BYTES("\12"
                            "2016-11-14"),
                      DIRTY_NOT_A_TIME, "0x323031362d31312d3134");
    assert_dirty_cell(column,
                      BYTES("\17"
                            "2016-11-14 08:3"),
                      DIRTY_NOT_A_TIME, "0x323031362d31312d3134203038...");
}

static void assert_moment_text(const char *cell, size_t len, uint8_t digits, const char *date,
                               const char *datetime)
{
    assert_text(text_column(DECODE_DATE_TEXT, digits), cell, len, date);
    assert_text(text_column(DECODE_DATETIME_TEXT, digits), cell, len, datetime);
}

// The text policy: as the server prints it, zero and impossible dates too.
static void moment_text__tables(void **state)
{
    (void)state;
    assert_moment_text(BYTES("\0"), 0, "0000-00-00", "0000-00-00 00:00:00");
    assert_moment_text(BYTES("\0"), 3, "0000-00-00", "0000-00-00 00:00:00.000");
    assert_moment_text(BYTES("\0"), DECODE_DIGITS_AS_NEEDED, "0000-00-00", "0000-00-00 00:00:00");
    assert_moment_text(BYTES("\4\xE8\x07\2\36"), 0, "2024-02-30", "2024-02-30 00:00:00");
    assert_moment_text(BYTES("\4\xE8\x07\0\12"), 6, "2024-00-10", "2024-00-10 00:00:00.000000");
    assert_moment_text(BYTES("\4\1\0\1\1"), 0, "0001-01-01", "0001-01-01 00:00:00");
    assert_moment_text(BYTES("\7\x0F\x27\14\37\27\73\73"), 0, "9999-12-31", "9999-12-31 23:59:59");
    assert_moment_text(BYTES("\7\xE0\x07\13\16\10\36\1"), 1, "2016-11-14", "2016-11-14 08:30:01.0");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\x20\xA1\x07\0"), 1, "2016-11-14",
                       "2016-11-14 08:30:00.5");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\xC0\xD4\x01\0"), 2, "2016-11-14",
                       "2016-11-14 08:30:00.12");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\x78\xE0\x01\0"), 3, "2016-11-14",
                       "2016-11-14 08:30:00.123");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\x08\xE2\x01\0"), 4, "2016-11-14",
                       "2016-11-14 08:30:00.1234");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\x3A\xE2\x01\0"), 5, "2016-11-14",
                       "2016-11-14 08:30:00.12345");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\x40\xE2\x01\0"), 6, "2016-11-14",
                       "2016-11-14 08:30:00.123456");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\1\0\0\0"), DECODE_DIGITS_AS_NEEDED,
                       "2016-11-14", "2016-11-14 08:30:00.000001");
    assert_moment_text(BYTES("\13\xE0\x07\13\16\10\36\0\0\0\0\0"), DECODE_DIGITS_AS_NEEDED,
                       "2016-11-14", "2016-11-14 08:30:00");
}

static void assert_time_text(const char *cell, size_t len, uint8_t digits, const char *text)
{
    assert_text(text_column(DECODE_TIME_TEXT, digits), cell, len, text);
}

static void time_text__tables(void **state)
{
    (void)state;
    assert_time_text(BYTES("\0"), 0, "00:00:00");
    assert_time_text(BYTES("\0"), 2, "00:00:00.00");
    assert_time_text(BYTES("\0"), DECODE_DIGITS_AS_NEEDED, "00:00:00");
    assert_time_text(BYTES("\10\0\0\0\0\0\1\2\3"), 0, "01:02:03");
    assert_time_text(BYTES("\10\0\0\0\0\0\27\73\73"), 6, "23:59:59.000000");
    assert_time_text(BYTES("\10\1\0\0\0\0\0\0\1"), 0, "-00:00:01");
    assert_time_text(BYTES("\10\0\1\0\0\0\0\0\0"), 0, "24:00:00");
    assert_time_text(BYTES("\10\0\4\0\0\0\4\0\0"), 0, "100:00:00");
    assert_time_text(BYTES("\10\0\42\0\0\0\26\73\73"), 0, "838:59:59");
    assert_time_text(BYTES("\10\1\42\0\0\0\26\73\73"), 6, "-838:59:59.000000");
    assert_time_text(BYTES("\14\1\0\0\0\0\0\0\0\x20\xA1\x07\0"), 1, "-00:00:00.5");
    assert_time_text(BYTES("\14\0\0\0\0\0\10\36\0\xC0\xD4\x01\0"), 2, "08:30:00.12");
    assert_time_text(BYTES("\14\0\0\0\0\0\10\36\0\x78\xE0\x01\0"), 3, "08:30:00.123");
    assert_time_text(BYTES("\14\0\0\0\0\0\10\36\0\x08\xE2\x01\0"), 4, "08:30:00.1234");
    assert_time_text(BYTES("\14\0\0\0\0\0\10\36\0\x3A\xE2\x01\0"), 5, "08:30:00.12345");
    assert_time_text(BYTES("\14\1\42\0\0\0\25\73\73\x3F\x42\x0F\0"), 6, "-837:59:59.999999");
    assert_time_text(BYTES("\14\0\0\0\0\0\10\36\0\1\0\0\0"), DECODE_DIGITS_AS_NEEDED,
                     "08:30:00.000001");
    assert_time_text(BYTES("\14\0\0\0\0\0\10\36\0\0\0\0\0"), DECODE_DIGITS_AS_NEEDED, "08:30:00");
    // The longest that is taken at all; no server goes so far.
    assert_time_text(BYTES("\14\1\x0F\x27\0\0\27\73\73\x3F\x42\x0F\0"), 6, "-239999:59:59.999999");
    static const struct {
        const char *cell;
        size_t len;
        const char *text;
    } BAD[] = {
        {BYTES("\10\2\0\0\0\0\1\2\3"), "0x0200000000010203"},      // a sign of 2
        {BYTES("\10\0\x10\x27\0\0\0\0\0"), "0x0010270000000000"},  // 10000 days
        {BYTES("\10\0\0\0\0\x80\0\0\0"), "0x0000000080000000"},
        {BYTES("\10\0\0\0\0\0\30\0\0"), "0x0000000000180000"},  // hour 24
        {BYTES("\10\0\0\0\0\0\0\74\0"), "0x0000000000003c00"},
        {BYTES("\10\0\0\0\0\0\0\0\74"), "0x000000000000003c"},
        {BYTES("\14\0\0\0\0\0\0\0\0\x40\x42\x0F\0"), "0x000000000000000040420f00"},
        {BYTES("\14\0\0\0\0\0\0\0\0\0\0\0\x80"), "0x000000000000000000000080"},
    };
    const DecodeColumn column = text_column(DECODE_TIME_TEXT, 0);
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        assert_dirty_cell(column, BAD[i].cell, BAD[i].len, DIRTY_NOT_A_TIME, BAD[i].text);
    }
    for (size_t len = 0; len <= 16; len++) {
        static const char ZEROS[16] = {0};
        CLEANUP(decoded_done) Decoded decoded = decode_counted(column, ZEROS, len);
        assert_int_equal(decoded.value.state,
                         len == 0 || len == 8 || len == 12 ? VALUE_SET : VALUE_DIRTY);
    }
}

static void unix_seconds__tables(void **state)
{
    (void)state;
    const DecodeColumn column = column_of(DECODE_UNIX_SECONDS, TYPE_INSTANT);
    assert_i64(column, BYTES("\x08\x76\x29\x58\0\0\0\0"), INT64_C(1479112200000000));
    assert_i64(column, BYTES("\1\0\0\0\0\0\0\0"), 1000000);
    assert_i64(column, BYTES("\xFF\xFF\xFF\x7F\0\0\0\0"), INT64_C(2147483647000000));
    assert_i64(column, BYTES("\x7F\x41\xF4\xFF\x3A\0\0\0"), INT64_C(253402300799000000));
    assert_zero_date(column, BYTES("\0\0\0\0\0\0\0\0"), "0");
    static const struct {
        const char *cell;
        size_t len;
        const char *text;
    } BAD[] = {
        {BYTES("\x80\x41\xF4\xFF\x3A\0\0\0"), "253402300800"},
        {BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), "9223372036854775807"},
        {BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "-1"},
        {BYTES("\0\0\0\0\0\0\0\x80"), "-9223372036854775808"},
    };
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        assert_dirty_cell(column, BAD[i].cell, BAD[i].len, DIRTY_OUT_OF_RANGE, BAD[i].text);
    }
}

static void unix_text__tables(void **state)
{
    (void)state;
    for (uint8_t scale = 0; scale <= 6; scale += 6) {
        DecodeColumn column = column_of(DECODE_UNIX_TEXT, TYPE_INSTANT);
        column.type.scale = scale;
        assert_i64_text(column, "1479112200", INT64_C(1479112200000000));
        assert_i64_text(column, "1479112200.123456", INT64_C(1479112200123456));
        assert_i64_text(column, "1479112200.5", INT64_C(1479112200500000));
        assert_i64_text(column, "1", 1000000);
        assert_i64_text(column, "0.000001", 1);
        assert_i64_text(column, "2147483647.999999", INT64_C(2147483647999999));
        assert_i64_text(column, "253402300799", INT64_C(253402300799000000));
        assert_zero_date(column,
                         BYTES("\1"
                               "0"),
                         "0");
        assert_zero_date(column,
                         BYTES("\3"
                               "0.0"),
                         "0.0");
        assert_zero_date(column,
                         BYTES("\10"
                               "0.000000"),
                         "0.000000");
        assert_dirty_text(column, "253402300800", DIRTY_OUT_OF_RANGE);
        assert_dirty_text(column, "18446744073709551615", DIRTY_OUT_OF_RANGE);
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
            assert_dirty_text(column, BAD[i], DIRTY_NOT_A_TIME);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date__every_day_of_ten_thousand_years),
        cmocka_unit_test(date__tables),
        cmocka_unit_test(datetime__tables),
        cmocka_unit_test(moment__what_is_none_is_dirty),
        cmocka_unit_test(moment_text__tables),
        cmocka_unit_test(time_text__tables),
        cmocka_unit_test(unix_seconds__tables),
        cmocka_unit_test(unix_text__tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

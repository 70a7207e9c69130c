// Each of MaxCompute's functions against the values that its documentation gives, and DuckDB's own
// forms of the same names against the values without the macros.
#include "base/base.h"

#include "lake/sql/functions.h"

#include <stdarg.h>

#include "unit.h"

typedef struct Case {
    const char *expression;
    const char *expected;  // NULL: NULL
} Case;

static const Case CASES[] = {
    {"add_months('2017-02-14', 3)", "2017-05-14"},
    {"add_months('2017-02-14 21:30:00', 3)", "2017-05-14"},
    {"add_months('2017-01-31', 1)", "2017-02-28"},
    {"add_months('2017-02-28', 1)", "2017-03-31"},
    {"approx_distinct(i)", "3"},
    {"array_except([1, 1, 3, 3, 5, 5], [1, 1, 2, 2, 3, 3])", "[5]"},
    {"array_join([10, 20, 20, NULL, NULL, 30], ',')", "10,20,20,30"},
    {"array_max([1, 5, 3])", "5"},
    {"array_min([4, 1, 3])", "1"},
    {"array_remove([3, 2, 1], 1)", "[3, 2]"},
    {"array_repeat('123', 2)", "[123, 123]"},
    {"len(array_union([1, 2, 3], [3, 4]))", "4"},
    {"arrays_overlap([1, 2], [2, 3])", "true"},
    {"char_matchcount('abz', 'aabcde')", "2"},
    {"collect_list(CASE WHEN i > 0 THEN i END)", "[1, 2]"},
    {"collect_set(i % 2)", "[0, 1]"},
    {"conv('1100', 2, 10)", "12"},
    {"conv('1100', 2, 16)", "c"},
    {"conv('ab', 16, 10)", "171"},
    {"conv('ab', 16, 16)", "ab"},
    {"current_timezone()", "Asia/Shanghai"},
    {"date_format('2022-04-24', 'yyyyMMdd')", "20220424"},
    {"date_format('2022-04-24 13:05:09', 'yyyy-MM-dd HH:mm:ss')", "2022-04-24 13:05:09"},
    {"date_format(TIMESTAMP '2022-04-24 13:05:09.123', 'yy/MM mm:ss.SSS')", "22/04 05:09.123"},
    {"date_sub('2005-03-01', 1)", "2005-02-28"},
    {"date_sub('month', DATE '2005-02-28', DATE '2005-03-27')", "0"},  // DuckDB's
    {"dateadd('2005-02-28 00:00:00', 1, 'dd')", "2005-03-01 00:00:00"},
    {"dateadd('2005-02-28 00:00:00', -1, 'DD')", "2005-02-27 00:00:00"},
    {"dateadd(DATE '2005-02-28', 20, 'mm')", "2006-10-28 00:00:00"},
    {"dateadd('2005-02-28 00:00:00', 1, 'mm')", "2005-03-28 00:00:00"},
    {"dateadd('2005-01-29 00:00:00', 1, 'mm')", "2005-02-28 00:00:00"},
    {"dateadd('2005-03-30 00:00:00', -1, 'mm')", "2005-02-28 00:00:00"},
    {"dateadd('2005-03-30 00:00:00', 2, 'yyyy')", "2007-03-30 00:00:00"},
    {"dateadd('2005-03-30 00:00:00', 90, 'mi')", "2005-03-30 01:30:00"},
    {"datediff('2006-01-01 00:00:00', '2005-12-31 23:59:59', 'dd')", "1"},
    {"datediff('2006-01-01 00:00:00', '2005-12-31 23:59:59', 'mm')", "1"},
    {"datediff('2006-01-01 00:00:00', '2005-12-31 23:59:59', 'yyyy')", "1"},
    {"datediff('2006-01-01 00:00:00', '2005-12-31 23:59:59', 'hh')", "1"},
    {"datediff('2006-01-01 00:00:00', '2005-12-31 23:59:59', 'mi')", "1"},
    {"datediff('2006-01-01 00:00:00', '2005-12-31 23:59:59', 'ss')", "1"},
    {"datediff('2013-05-31 13:00:00', '2013-05-31 12:30:00', 'ss')", "1800"},
    {"datediff('2013-05-31 13:00:00', '2013-05-31 12:30:00', 'mi')", "30"},
    {"datediff('2016-11-14', '2016-11-10')", "4"},
    {"datediff('2016-11-10', DATE '2016-11-14')", "-4"},
    {"datediff('day', DATE '2016-11-10', DATE '2016-11-14')", "4"},  // DuckDB's
    {"datediff('month', TIMESTAMP '2016-01-10', TIMESTAMP '2016-11-14')", "10"},
    {"datepart('2013-06-08 01:10:00', 'yyyy')", "2013"},
    {"datepart('2013-06-08 01:10:00', 'mm')", "6"},
    {"datepart('year', DATE '2013-06-08')", "2013"},  // DuckDB's
    {"datetrunc('2011-12-07 16:28:46', 'yyyy')", "2011-01-01 00:00:00"},
    {"datetrunc('2011-12-07 16:28:46', 'month')", "2011-12-01 00:00:00"},
    {"datetrunc('2011-12-07 16:28:46', 'dd')", "2011-12-07 00:00:00"},
    {"datetrunc('month', DATE '2011-12-07')", "2011-12-01 00:00:00"},  // DuckDB's
    {"decode(2, 1, 'Taobao', 2, 'Alipay', 'others')", "Alipay"},
    {"decode(7, 1, 'Taobao', 2, 'Alipay', 'others')", "others"},
    {"decode(NULL, NULL, 'none')", "none"},
    {"decode('a'::BLOB)", "a"},  // DuckDB's
    {"find_in_set('ab', 'abc,hello,ab,c')", "3"},
    {"find_in_set('hi', 'abc,hello,ab,c')", "0"},
    {"find_in_set('hi', 'hello-hi-c', '-')", "2"},
    {"format_number(5.230134523424545456, 3)", "5.230"},
    {"format_number(12332.123456, 4)", "12,332.1235"},
    {"from_unixtime(123456789)", "1973-11-30 05:33:09"},
    {"from_unixtime(0, 'yyyy-MM-dd HH:mm:ss')", "1970-01-01 08:00:00"},
    {"from_utc_timestamp('1970-01-30 16:00:00', 'PST')", "1970-01-30 08:00:00"},
    {"get_json_object('{\"a\": {\"b\": [1, \"x\"]}}', '$.a.b[1]')", "x"},
    {"get_json_object('{\"a\": {\"b\": 2}}', '$.a')", "{\"b\":2}"},
    {"get_json_object('{\"a\": 1}', '$.b')", NULL},
    {"get_json_object('no json', '$.a')", NULL},
    {"typeof(getdate())", "TIMESTAMP"},
    {"initcap('oDps sql')", "Odps Sql"},
    {"instr('Tech on the net', 'e')", "2"},
    {"instr('Tech on the net', 'on the')", "6"},
    {"instr('Tech on the net', 'e', 3, 1)", "11"},
    {"instr('Tech on the net', 'e', 1, 2)", "11"},
    {"instr('Tech on the net', 'e', 1, 3)", "14"},
    {"instr('Tech on the net', 'e', 1, 4)", "0"},
    {"instr('Tech on the net', 'e', 3)", "11"},
    {"instr('Tech on the net', 'x', 3)", "0"},
    {"isdate('2021-10-11', 'yyyy-mm-dd')", "true"},
    {"isdate(1678952314, 'yyyy-mm-dd')", "false"},
    {"keyvalue('0:1;1:2', 1)", "2"},
    {"keyvalue(';decreaseStore:1;xcard:1;tf:21910;cart:1;', ';', ':', 'tf')", "21910"},
    {"keyvalue('0:1;1:2', 3)", NULL},
    {"lastday('2013-06-08 01:10:00')", "2013-06-30 00:00:00"},
    {"lengthb('hi\xe4\xb8\xad')", "5"},
    {"locate('ab', 'abchelloabc')", "1"},
    {"locate('hi', 'hanghelloabc')", "0"},
    {"locate('ab', 'abhiab', 2)", "5"},
    {"months_between('1997-02-28 10:30:00', '1996-10-30 00:00:00')", "3.9495967741935485"},
    {"months_between('1996-10-30', '1997-02-28 10:30:00')", "-3.9495967741935485"},
    {"months_between('1996-09-30', '1996-12-31')", "-3.0"},
    {"next_day('2017-08-01', 'TU')", "2017-08-08"},
    {"next_day('2017-08-01 23:34:00', 'tuesday')", "2017-08-08"},
    {"next_day('2017-08-01', 'WE')", "2017-08-02"},
    {"nvl(NULL, 'x')", "x"},
    {"nvl2(1, 'a', 'b')", "a"},
    {"nvl2(NULL, 'a', 'b')", "b"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'HOST')",
     "example.com"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'PATH')",
     "/over/there/index.dtb"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'QUERY')",
     "type=animal&name=narwhal"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'QUERY', 'type')",
     "animal"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'REF')",
     "nose"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'PROTOCOL')",
     "file"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'AUTHORITY')",
     "username@example.com:666"},
    {"parse_url('file://username@example.com:666/over/there/index.dtb?type=animal&name=narwhal#nose'"
     ", 'USERINFO')",
     "username"},
    {"percentile(i, 0.5)", "1.0"},
    {"percentile_approx(i, 0.5)", "1"},
    {"pmod(-7, 3)", "2"},
    {"rand() < 1", "true"},
    {"regexp_count('ababac abc', 'a.c')", "1"},
    {"regexp_count('abcde', '[a-z]', 3)", "3"},
    {"regexp_instr('i love www.taobao.com', 'o[[:alpha:]]{1}')", "4"},
    {"regexp_instr('i love www.taobao.com', 'o[[:alpha:]]{1}', 5)", "14"},
    {"regexp_like('abc', 'b')", "true"},
    {"regexp_substr('I love aliyun very much', 'a[[:alpha:]]{5}')", "aliyun"},
    {"regexp_substr('I have 2 apples and 100 bucks!', '[[:blank:]][[:alnum:]]*', 1, 1)", " have"},
    {"regexp_substr('I have 2 apples and 100 bucks!', '[[:blank:]][[:alnum:]]*', 1, 2)", " 2"},
    {"regexp_substr('abc', 'x')", NULL},
    {"sequence(1, 3)", "[1, 2, 3]"},
    {"sequence(1, 9, 4)", "[1, 5, 9]"},
    {"sha('ABC')", "3c01bdbb26f358bab27f267924aa2c9a03fcfdb8"},
    {"sha2('ABC', 256)", "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78"},
    {"size(['a', 'b'])", "2"},
    {"slice([10, 20, 20, 30], 1, 3)", "[10, 20, 20]"},
    {"sort_array([10, 20, 40, 30])", "[10, 20, 30, 40]"},
    {"sort_array([10, 20, 40, 30], false)", "[40, 30, 20, 10]"},
    {"length(space(10))", "10"},
    {"split_part('a,b,c,d', ',', 1)", "a"},
    {"split_part('a,b,c,d', ',', 1, 2)", "a,b"},
    {"split_part('a,b,c,d', ',', 10)", ""},
    {"str_to_map('test1&1-test2&2', '-', '&')['test2']", "2"},
    {"str_to_map('a=1,b=2')['a']", "1"},
    {"substring_index('https://www.alibabacloud.com', '.', 2)", "https://www.alibabacloud"},
    {"substring_index('https://www.alibabacloud.com', '.', -2)", "alibabacloud.com"},
    {"substring_index('a.b', '.', 0)", ""},
    {"to_char('2008-07-18 00:00:00', 'yyyymmdd')", "20080718"},
    {"to_char(TIMESTAMP '2010-12-03 04:05:06.789', 'yyyy-mm-dd hh:mi:ss.ff3')",
     "2010-12-03 04:05:06.789"},
    {"to_char('2010-12-03 00:00:00', 'A% yyyy-mm*dd')", "A% 2010-12*03"},
    {"to_char(123)", "123"},
    {"to_date('20101203', 'yyyymmdd')", "2010-12-03 00:00:00"},
    {"to_date('201512', 'yyyymm')", "2015-12-01 00:00:00"},
    {"to_date('2008-07-18 13:01:02', 'yyyy-mm-dd hh:mi:ss')", "2008-07-18 13:01:02"},
    {"to_date('2008-07-18 13:01:02')", "2008-07-18"},
    {"to_millis('2021-03-26 00:00:00')", "1616688000000"},
    {"to_utc_timestamp('1970-01-30 16:00:00', 'PST')", "1970-01-31 00:00:00"},
    {"tolower('ABc')", "abc"},
    {"toupper('aBc')", "ABC"},
    {"CAST(unbase64('YWxpeXVu') AS VARCHAR)", "aliyun"},
    {"length(unique_id())", "36"},
    {"unix_timestamp('2009-03-20 11:11:01')", "1237518661"},
    {"unix_timestamp('2009/03/20', 'yyyy/MM/dd')", "1237478400"},
    {"unix_timestamp() > 1700000000", "true"},
    {"wm_concat(',', i)", "0,1,2"},
};

static bool keep_cell(void *context, size_t count, const char *const *cells, const size_t *lens,
                      Err *err)
{
    (void)lens;
    (void)err;
    assert_int_equal(count, 1);
    char **cell = context;
    free(*cell);
    *cell = mem_copy_text(cells[0]);
    return true;
}

static Duck *open_duck(void)
{
    Duck *duck;
    Err err = {0};
    ASSERT_OK(duck_open(&(DuckOptions){.threads = 1}, &duck, &err), err);
    ASSERT_OK(duck_run(duck, "SET TimeZone = 'Asia/Shanghai'", &err), err);
    return duck;
}

static void each_function__gives_what_its_documentation_says(void **state)
{
    (void)state;
    CLEANUP(duck_cleanup) Duck *duck = open_duck();
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        const Case *one = &CASES[i];
        Err err = {0};
        if (!sql_functions_register(duck, one->expression, strlen(one->expression), &err)) {
            fail_msg("%s: %s", one->expression, err.message);
        }
        CLEANUP(mem_free_text)
        char *sql = mem_format("SELECT CAST((%s) AS VARCHAR) FROM range(3) r(i)%s", one->expression,
                               strstr(one->expression, "(i") != NULL
                                       || strstr(one->expression, ", i)") != NULL
                                       || strstr(one->expression, "THEN i") != NULL
                                   ? ""
                                   : " LIMIT 1");
        CLEANUP(mem_free_text) char *cell = NULL;
        if (!duck_query(duck, sql, keep_cell, &cell, &err)) {
            fail_msg("%s: %s", one->expression, err.message);
        }
        if ((cell == NULL) != (one->expected == NULL)
            || (cell != NULL && strcmp(cell, one->expected) != 0)) {
            fail_msg("%s gave %s, expected %s", one->expression, cell == NULL ? "NULL" : cell,
                     one->expected == NULL ? "NULL" : one->expected);
        }
    }
}

static void each_function__has_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sql_function_count; i++) {
        CLEANUP(mem_free_text) char *call = mem_format("%s(", sql_functions[i].name);
        bool is_there = false;
        for (size_t j = 0; j < ARRAY_LEN(CASES); j++) {
            is_there = is_there || strstr(CASES[j].expression, call) != NULL;
        }
        if (!is_there) {
            fail_msg("no case of %s", call);
        }
        // bsearch needs the order.
        assert_true(i == 0 || strcmp(sql_functions[i - 1].name, sql_functions[i].name) < 0);
    }
}

static void names__are_found_in_any_case_and_whole(void **state)
{
    (void)state;
    CLEANUP(duck_cleanup) Duck *duck = open_duck();
    Err err = {0};
    const char script[] = "SELECT xnvl, NVL2x, nvl_ -- Nvl2(";
    ASSERT_OK(sql_functions_register(duck, script, sizeof(script) - 1, &err), err);
    CLEANUP(mem_free_text) char *cell = NULL;
    ASSERT_OK(duck_query(duck, "SELECT nvl2(NULL, 'a', 'b')", keep_cell, &cell, &err), err);
    assert_string_equal(cell, "b");
    ASSERT_FAIL(duck_query(duck, "SELECT nvl(NULL, 'a')", keep_cell, &cell, &err), err, FAIL_CONFIG,
                "nvl does not exist");
}

static void unknown_parts_of_a_date__are_errors(void **state)
{
    (void)state;
    CLEANUP(duck_cleanup) Duck *duck = open_duck();
    Err err = {0};
    ASSERT_OK(sql_functions_register(duck, "dateadd", 7, &err), err);
    CLEANUP(mem_free_text) char *cell = NULL;
    ASSERT_FAIL(duck_query(duck, "SELECT CAST(dateadd('2016-11-14', 1, 'century') AS VARCHAR)",
                           keep_cell, &cell, &err),
                err, FAIL_SOURCE, "unknown part of a date: century");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function__gives_what_its_documentation_says),
        cmocka_unit_test(each_function__has_a_case),
        cmocka_unit_test(names__are_found_in_any_case_and_whole),
        cmocka_unit_test(unknown_parts_of_a_date__are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

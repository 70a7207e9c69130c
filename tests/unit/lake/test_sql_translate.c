// MaxCompute's spellings: what DuckDB makes of the translation, and where each of its bytes stood.
#include "base/base.h"

#include "lake/sql/statement.h"

#include "lake/duck.h"
#include "unit.h"

typedef struct Case {
    const char *query;     // as users type it
    const char *expected;  // all cells, with "|" between columns and "/" behind rows
} Case;

static const Case CASES[] = {
    {"SELECT `a b`, \"c\" FROM (SELECT 1 AS `a b`, 2 AS c)", "1|2/"},
    {"SELECT `a\"b``c` FROM (SELECT 3 AS \"a\"\"b`c\")", "3/"},
    {"SELECT 1 == 1, NULL <=> NULL, 1 <=> NULL", "true|true|false/"},
    {"SELECT 'abcd' RLIKE 'b.', 'abcd' RLIKE '^b', 'abcd' regexp 'D'", "true|false|false/"},
    {"SELECT 'abcd' NOT RLIKE 'b.', NOT 'abcd' RLIKE '^b'", "false|true/"},
    {"SELECT 'a' || 'b' RLIKE 'a' || 'b', 'x' RLIKE 'a|x' AND true", "true|true/"},
    {"SELECT 'ab' RLIKE concat('a', 'b') OR false, 'l1' || chr(10) || 'l2' RLIKE 'l2'",
     "true|true/"},
    {"SELECT CASE WHEN 'ab' RLIKE CASE WHEN true THEN 'b' END THEN 1 ELSE 2 END", "1/"},
    {"SELECT count(*) FROM (VALUES ('a1'), ('b'), (NULL)) t(s) WHERE s RLIKE '[0-9]' OR s RLIKE (SELECT 'b')",
     "2/"},
    {"SELECT rlike FROM (SELECT 1 AS rlike)", "1/"},
    {"SELECT x.id, t.item FROM (SELECT 1 id, 'a,b' s) x LATERAL VIEW explode(split(x.s, ',')) t AS item"
     " WHERE item <> 'a' ORDER BY 1",
     "1|b/"},
    {"SELECT id, item FROM (VALUES (1, ['p']), (2, []), (3, NULL)) x(id, l) LATERAL VIEW OUTER explode(l) t"
     " AS item ORDER BY id",
     "1|p/2|NULL/3|NULL/"},
    {"SELECT id, item FROM (VALUES (1, ['p']), (2, []), (3, NULL)) x(id, l) LATERAL VIEW explode(l) t AS `item`"
     " ORDER BY id",
     "1|p/"},
    {"SELECT p, i FROM (SELECT ['u', 'v'] l) x LATERAL VIEW posexplode(l) t AS p, i ORDER BY p",
     "0|u/1|v/"},
    {"SELECT pos, col FROM (SELECT ['u'] l) x LATERAL VIEW posexplode(l) t", "0|u/"},
    {"SELECT k, v FROM (SELECT MAP {'a': 1, 'b': 2} m) x LATERAL VIEW explode(m) t AS k, v ORDER BY k",
     "a|1/b|2/"},
    {"SELECT a, b FROM (SELECT [1, 2] l, [3, 4] m) x LATERAL VIEW explode(l) t AS a LATERAL VIEW explode(m) u"
     " AS b ORDER BY a, b",
     "1|3/1|4/2|3/2|4/"},
    {"SELECT b FROM (SELECT [[1], [2, 3]] l) x LATERAL VIEW explode(l) t AS a LATERAL VIEW explode(a) u AS b"
     " ORDER BY b",
     "1/2/3/"},
    {"SELECT i FROM range(3) t(i) DISTRIBUTE BY i SORT BY i DESC LIMIT 5", "0/1/2/"},
    {"SELECT count(*) FROM (SELECT i FROM range(3) t(i) CLUSTER BY i) x", "3/"},
    {"SELECT i, row_number() OVER (DISTRIBUTE BY i % 2 SORT BY i DESC) FROM range(3) t(i) ORDER BY i",
     "0|2/1|1/2|1/"},
    {"SELECT a.x FROM (SELECT 1 x UNION ALL SELECT 2) a LEFT SEMI JOIN (SELECT 2 x) b ON a.x = b.x",
     "2/"},
    {"SELECT a.x FROM (SELECT 1 x UNION ALL SELECT 2) a LEFT ANTI JOIN (SELECT 2 x) b ON a.x = b.x",
     "1/"},
    {"SELECT 1 UNION SELECT 2 MINUS SELECT 1", "2/"},
    {"(SELECT 1) MINUS (SELECT 2)", "1/"},
    {"SELECT i FROM range(9) t(i) ORDER BY i LIMIT 2, 3", "2/3/4/"},
    {"SELECT 10L, typeof(10L), typeof(3S), typeof(3y), typeof(1.5BD)",
     "10|BIGINT|SMALLINT|TINYINT|DECIMAL(38,18)/"},
    {"SELECT -10L + 1, 1e3, 1_000", "-9|1000.0|1000/"},
    {"SELECT 7 DIV 2, (9) div (2), div FROM (SELECT 1 AS div)", "3|4|1/"},
    {"SELECT /*+ MAPJOIN(a) */ 1 -- the end\n", "1/"},
    {"SELECT a FROM (VALUES (1)) t(a) WHERE a -- RLIKE\n = /* <=> */ 1", "1/"},
    {"WITH `q` AS (SELECT 1 `x`) SELECT `q`.`x` FROM `q`", "1/"},
    {"FROM VALUES (1, 2) t(a, b) SELECT b WHERE a = 1", "2/"},
};

static bool add_row(void *context, size_t count, const char *const *cells, const size_t *lens,
                    Err *err)
{
    (void)lens;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        buf_add_text(context, i == 0 ? "" : "|");
        buf_add_text(context, cells[i] == NULL ? "NULL" : cells[i]);
    }
    buf_add_char(context, '/');
    return true;
}

static void each_spelling__is_understood_by_duckdb(void **state)
{
    (void)state;
    CLEANUP(duck_cleanup) Duck *duck = NULL;
    Err err = {0};
    ASSERT_OK(duck_open(&(DuckOptions){.threads = 1}, &duck, &err), err);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        Script *script = NULL;
        ASSERT_OK(sql_parse(NULL, CASES[i].query, strlen(CASES[i].query), &script, &err), err);
        CLEANUP(mem_free_text)
        char *sql = mem_format("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%s)",
                               buf_text(&script->statements[0].query.text));
        CLEANUP(buf_done) Buf rows = {0};
        if (!duck_query(duck, sql, add_row, &rows, &err)) {
            fail_msg("%s: %s", sql, err.message);
        }
        if (strcmp(buf_text(&rows), CASES[i].expected) != 0) {
            fail_msg("%s gave %s, expected %s", sql, buf_text(&rows), CASES[i].expected);
        }
        script_free(script);
    }
}

static void each_byte__has_its_origin(void **state)
{
    (void)state;
    static const char text[] = "SELECT `a`, b RLIKE 'x' AND c <=> dd FROM t";
    Script *script;
    Err err = {0};
    ASSERT_OK(sql_parse(NULL, text, strlen(text), &script, &err), err);
    const SqlText *query = &script->statements[0].query;
    static const char *const PIECES[] = {"SELECT", "b SIM", "'x') ||", "AND",
                                         "c IS",   "dd",    "FROM t"};
    static const char *const ORIGINS[] = {"SELECT", "b RLIKE", "'x'",   "AND",
                                          "c <=>",  "dd",      "FROM t"};
    for (size_t i = 0; i < ARRAY_LEN(PIECES); i++) {
        const char *piece = strstr(buf_text(&query->text), PIECES[i]);
        assert_non_null(piece);
        const size_t origin = sql_text_origin(query, (size_t)(piece - buf_text(&query->text)));
        assert_int_equal(origin, strstr(text, ORIGINS[i]) - text);
    }
    assert_int_equal(sql_text_origin(query, 100000), strlen(text) - 1);
    script_free(script);
}

static void columns__count_characters(void **state)
{
    (void)state;
    static const char text[] = "a\xe4\xb8\xad"
                               "b\r\nc";
    size_t line;
    size_t column;
    sql_line_column(text, 4, &line, &column);
    assert_int_equal(line, 1);
    assert_int_equal(column, 3);
    sql_line_column(text, 7, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 1);
    sql_line_column(text, 100, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 2);
}

static void pieces_of_the_script__share_a_mark(void **state)
{
    (void)state;
    static const char script[] = "abcdef";
    SqlText text = {0};
    sql_text_add_span(&text, script, (Span){0, 2});
    sql_text_add_span(&text, script, (Span){2, 3});
    assert_int_equal(text.mark_count, 1);
    sql_text_add(&text, "-x-", 3);
    sql_text_add_span(&text, script, (Span){5, 6});
    assert_string_equal(buf_text(&text.text), "abc-x-f");
    static const size_t ORIGINS[] = {0, 1, 2, 3, 3, 3, 5};
    SqlText twice = {0};
    sql_text_add(&twice, "..", 9);
    sql_text_add_text(&twice, &text);
    for (size_t i = 0; i < ARRAY_LEN(ORIGINS); i++) {
        assert_int_equal(sql_text_origin(&text, i), ORIGINS[i]);
        assert_int_equal(sql_text_origin(&twice, i + 2), ORIGINS[i]);
    }
    sql_text_done(&text);
    sql_text_done(&twice);
    assert_true(sql_text_is_empty(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling__is_understood_by_duckdb),
        cmocka_unit_test(each_byte__has_its_origin),
        cmocka_unit_test(columns__count_characters),
        cmocka_unit_test(pieces_of_the_script__share_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

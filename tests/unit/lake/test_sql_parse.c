// Scripts into statements: every kind, every clause, and where mistakes are said to be.
#include "base/base.h"

#include "lake/sql/statement.h"

#include "unit.h"

static Script *parse(const char *text)
{
    Script *script;
    Err err = {0};
    if (!sql_parse(/* name= */ NULL, text, strlen(text), &script, &err)) {
        fail_msg("%s: %s (hint: %s)", text, err.message, err.hint);
    }
    return script;
}

static const Statement *only(const Script *script, StatementKind kind)
{
    assert_int_equal(script->count, 1);
    assert_string_equal(statement_kind_name(script->statements[0].kind), statement_kind_name(kind));
    return &script->statements[0];
}

static void refuse(const char *text, const char *message)
{
    Script *script = NULL;
    Err err = {0};
    if (sql_parse(/* name= */ NULL, text, strlen(text), &script, &err)) {
        script_free(script);
        fail_msg("%s: should have failed with %s", text, message);
    }
    if (err.kind != FAIL_CONFIG
        || (strstr(err.message, message) == NULL && strstr(err.hint, message) == NULL)) {
        fail_msg("%s: \"%s\" (%s), expected \"%s\"", text, err.message, err.hint, message);
    }
}

#define TEXT(sql_text) buf_text(&(sql_text).text)

static void script__is_cut_at_semicolons_outside_of_text_and_comments(void **state)
{
    (void)state;
    Script *script =
        parse(" ;-- a ; b\nSELECT ';' /* ; /* ; */ ; */ AS \"a;\"  ; ; SELECT 'it''s;',"
              " e'\\';', $$;$$, `;`;\n-- end");
    assert_int_equal(script->count, 2);
    assert_string_equal(TEXT(script->statements[0].query),
                        "SELECT ';' /* ; /* ; */ ; */ AS \"a;\"");
    assert_string_equal(TEXT(script->statements[1].query),
                        "SELECT 'it''s;', e'\\';', $$;$$, \";\"");
    assert_int_equal(script->statements[0].at.begin, 11);
    script_free(script);
}

static void empty_scripts__have_no_statements(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"", " \n", ";;", "-- only a comment", "/* a */;"};
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        Script *script = parse(TEXTS[i]);
        assert_int_equal(script->count, 0);
        script_free(script);
    }
}

static void create_table__takes_all_clauses(void **state)
{
    (void)state;
    Script *script = parse(
        "Create Table If Not Exists `a b` (id BIGINT NOT NULL COMMENT 'it''s', `d` decimal(10, 2),"
        " e decimal, s varchar(20), t datetime, u timestamp, b binary, y tinyint, f float)"
        " COMMENT 'users' PARTITIONED BY (ds string COMMENT 'day', region char(2))"
        " TBLPROPERTIES ('k'='v', \"l\"='w') LIFECYCLE 30;");
    const Statement *one = only(script, STATEMENT_CREATE_TABLE);
    assert_true(one->if_not_exists);
    assert_string_equal(one->table.name, "a b");
    assert_int_equal(one->schema.count, 11);
    const Field *fields = one->schema.fields;
    assert_string_equal(fields[0].name, "id");
    assert_false(fields[0].nullable);
    assert_string_equal(fields[0].comment, "it's");
    assert_string_equal(fields[0].source_type, "BIGINT");
    static const Type TYPES[] = {
        {TYPE_INT64, 0, 0},    {TYPE_DECIMAL, 10, 2}, {TYPE_DECIMAL, 38, 18}, {TYPE_TEXT, 0, 0},
        {TYPE_DATETIME, 0, 6}, {TYPE_INSTANT, 0, 6},  {TYPE_BYTES, 0, 0},     {TYPE_INT8, 0, 0},
        {TYPE_FLOAT32, 0, 0},  {TYPE_TEXT, 0, 0},     {TYPE_TEXT, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        assert_true(type_equal(fields[i].type, TYPES[i]));
        assert_int_equal(fields[i].type.scale, TYPES[i].scale);
    }
    assert_string_equal(fields[1].source_type, "decimal(10, 2)");
    assert_true(fields[1].nullable);
    assert_int_equal(one->partition_column_count, 2);
    assert_string_equal(one->partition_columns[1], "region");
    assert_string_equal(fields[9].comment, "day");
    assert_string_equal(one->comment, "users");
    assert_int_equal(one->lifecycle_days, 30);
    assert_int_equal(one->property_count, 2);
    assert_string_equal(one->properties[1].key, "l");
    assert_string_equal(one->properties[1].value, "w");
    script_free(script);
}

static void create_table_like_and_as__are_read(void **state)
{
    (void)state;
    Script *script = parse("CREATE TABLE a LIKE b LIFECYCLE 7");
    const Statement *one = only(script, STATEMENT_CREATE_TABLE_LIKE);
    assert_string_equal(one->other.name, "b");
    assert_int_equal(one->lifecycle_days, 7);
    script_free(script);
    script = parse(
        "CREATE TABLE a PARTITIONED BY (ds, `r`) LIFECYCLE 3 COMMENT 'c' AS WITH q AS (SELECT 1)"
        " SELECT * FROM q");
    one = only(script, STATEMENT_CREATE_TABLE_AS);
    assert_string_equal(TEXT(one->query), "WITH q AS (SELECT 1) SELECT * FROM q");
    assert_int_equal(one->partition_column_count, 2);
    assert_string_equal(one->partition_columns[1], "r");
    assert_int_equal(one->schema.count, 0);
    script_free(script);
    script = parse("CREATE TABLE a (SELECT 1 x)");
    assert_string_equal(TEXT(only(script, STATEMENT_CREATE_TABLE_AS)->query), "(SELECT 1 x)");
    script_free(script);
}

static void alter_table__takes_each_action(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        StatementKind kind;
        size_t partitions;
    } CASES[] = {
        {"ALTER TABLE t ADD PARTITION (ds='1')", STATEMENT_ADD_PARTITION, 1},
        {"alter table t add if not exists partition(ds='1',r=2) partition (ds=\"2\", r=-3)",
         STATEMENT_ADD_PARTITION, 2},
        {"ALTER TABLE t DROP IF EXISTS PARTITION (ds>='1',ds<'3'), PARTITION (ds='9')",
         STATEMENT_DROP_PARTITION, 2},
        {"ALTER TABLE t ADD COLUMNS (a bigint COMMENT 'x', b string)", STATEMENT_ADD_COLUMNS, 0},
        {"ALTER TABLE t ADD COLUMN a bigint", STATEMENT_ADD_COLUMNS, 0},
        {"ALTER TABLE t RENAME TO u", STATEMENT_RENAME_TABLE, 0},
        {"ALTER TABLE t PARTITION (ds='1') RENAME TO PARTITION (ds='2')",
         STATEMENT_RENAME_PARTITION, 2},
        {"ALTER TABLE t SET LIFECYCLE 5", STATEMENT_SET_LIFECYCLE, 0},
        {"ALTER TABLE t ENABLE LIFECYCLE", STATEMENT_ENABLE_LIFECYCLE, 0},
        {"ALTER TABLE t PARTITION (ds='1') DISABLE LIFECYCLE", STATEMENT_DISABLE_LIFECYCLE, 1},
        {"ALTER TABLE t TOUCH", STATEMENT_TOUCH, 0},
        {"ALTER TABLE t TOUCH PARTITION (ds='1')", STATEMENT_TOUCH, 1},
        {"ALTER TABLE t SET COMMENT 'c'", STATEMENT_SET_COMMENT, 0},
        {"ALTER TABLE t SET TBLPROPERTIES ('a'='b')", STATEMENT_SET_PROPERTIES, 0},
        {"TRUNCATE TABLE t", STATEMENT_TRUNCATE, 0},
        {"TRUNCATE TABLE t PARTITION (ds='1'), PARTITION (ds='2')", STATEMENT_TRUNCATE, 2},
        {"SHOW PARTITIONS t PARTITION (ds='1')", STATEMENT_SHOW_PARTITIONS, 1},
        {"DESC t PARTITION (ds='1')", STATEMENT_DESC, 1},
        {"DROP TABLE IF EXISTS t PURGE", STATEMENT_DROP_TABLE, 0},
        {"SHOW CREATE TABLE t", STATEMENT_SHOW_CREATE_TABLE, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        Script *script = parse(CASES[i].text);
        const Statement *one = only(script, CASES[i].kind);
        assert_string_equal(one->table.name, "t");
        assert_int_equal(one->partition_count, CASES[i].partitions);
        script_free(script);
    }
}

static void partitions__hold_constants_and_ranges(void **state)
{
    (void)state;
    Script *script = parse("ALTER TABLE t DROP PARTITION (ds >= '20161101' AND DS<'20161201',"
                           " r != -3, d <> DATE '2016-11-14')");
    const SqlPartition *partition = only(script, STATEMENT_DROP_PARTITION)->partitions;
    assert_int_equal(partition->count, 4);
    assert_int_equal(partition->parts[0].compare, SQL_GREATER_EQUAL);
    assert_string_equal(partition->parts[1].column, "DS");
    assert_int_equal(partition->parts[1].compare, SQL_LESS);
    assert_string_equal(partition->parts[2].value, "-3");
    assert_int_equal(partition->parts[3].compare, SQL_NOT_EQUAL);
    assert_string_equal(partition->parts[3].value, "2016-11-14");
    assert_int_equal(partition->at.begin, 19);
    script_free(script);
}

static void the_pages_merge__is_read_as_printed(void **state)
{
    (void)state;
    static const char text[] =
        "insert overwrite table dw_user_inc select Case when B. uid is not null then B. uid else "
        "A. uid end as uid, Case when B. uid is not null then B. uname else A. uname end as uname "
        "from dw_user_inc A full outer join ods_user_inc B on A. uid = B. uid;";
    Script *script = parse(text);
    const SqlInsert *insert = only(script, STATEMENT_INSERT)->inserts;
    assert_true(insert->is_overwrite);
    assert_string_equal(insert->table.name, "dw_user_inc");
    assert_int_equal(strlen(TEXT(insert->query)),
                     strlen(text) - strlen("insert overwrite table dw_user_inc ") - 1);
    assert_int_equal(sql_text_origin(&insert->query, 0),
                     strlen("insert overwrite table dw_user_inc "));
    script_free(script);
}

static void inserts__take_partitions_columns_and_queries(void **state)
{
    (void)state;
    Script *script =
        parse("INSERT INTO t PARTITION (ds='1', region) (a, `b`) VALUES (1, 2), (3, 4)");
    const SqlInsert *insert = only(script, STATEMENT_INSERT)->inserts;
    assert_false(insert->is_overwrite);
    assert_true(insert->has_partition);
    assert_string_equal(insert->partition.parts[0].value, "1");
    assert_null(insert->partition.parts[1].value);
    assert_int_equal(insert->column_count, 2);
    assert_string_equal(insert->columns[1].name, "b");
    assert_string_equal(TEXT(insert->query), "VALUES (1, 2), (3, 4)");
    script_free(script);
    script = parse("INSERT INTO t (SELECT a, b FROM x)");
    insert = only(script, STATEMENT_INSERT)->inserts;
    assert_int_equal(insert->column_count, 0);
    assert_string_equal(TEXT(insert->query), "(SELECT a, b FROM x)");
    script_free(script);
    script = parse(
        "WITH a AS (SELECT 1 x), b(y) AS (SELECT 2) INSERT OVERWRITE TABLE t SELECT * FROM a, b");
    insert = only(script, STATEMENT_INSERT)->inserts;
    assert_string_equal(TEXT(insert->query),
                        "WITH a AS (SELECT 1 x), b(y) AS (SELECT 2) SELECT * FROM a, b");
    script_free(script);
    script =
        parse("with a as (select 1 x) insert into t with b as (select 2 y) select * from a, b");
    insert = only(script, STATEMENT_INSERT)->inserts;
    assert_string_equal(TEXT(insert->query),
                        "with a as (select 1 x) SELECT * FROM (with b as (select "
                        "2 y) select * from a, b)");
    script_free(script);
}

static void one_from__feeds_several_inserts(void **state)
{
    (void)state;
    Script *script =
        parse("FROM (SELECT * FROM x) s INSERT OVERWRITE TABLE a PARTITION (ds='1') SELECT s.p"
              " WHERE p > 1 GROUP BY s.p INSERT INTO TABLE b SELECT q");
    const Statement *one = only(script, STATEMENT_INSERT);
    assert_int_equal(one->insert_count, 2);
    assert_string_equal(TEXT(one->inserts[0].query),
                        "FROM (SELECT * FROM x) s SELECT s.p WHERE p > 1 GROUP BY s.p");
    assert_string_equal(one->inserts[1].table.name, "b");
    assert_string_equal(TEXT(one->inserts[1].query), "FROM (SELECT * FROM x) s SELECT q");
    assert_true(one->inserts[0].is_overwrite);
    assert_false(one->inserts[1].is_overwrite);
    script_free(script);
    script = parse("FROM x SELECT a");
    assert_string_equal(TEXT(only(script, STATEMENT_QUERY)->query), "FROM x SELECT a");
    script_free(script);
}

static void update_and_delete__take_aliases_and_conditions(void **state)
{
    (void)state;
    Script *script =
        parse("UPDATE t u SET u.a = coalesce(a, 1), `b` = 'WHERE' WHERE c IN (SELECT x FROM y)");
    const Statement *one = only(script, STATEMENT_UPDATE);
    assert_string_equal(one->alias, "u");
    assert_int_equal(one->assignment_count, 2);
    assert_string_equal(one->assignments[0].column.name, "a");
    assert_string_equal(TEXT(one->assignments[0].value), "coalesce(a, 1)");
    assert_string_equal(TEXT(one->assignments[1].value), "'WHERE'");
    assert_string_equal(TEXT(one->condition), "c IN (SELECT x FROM y)");
    script_free(script);
    script = parse("DELETE FROM t");
    one = only(script, STATEMENT_DELETE);
    assert_true(sql_text_is_empty(&one->condition));
    assert_null(one->alias);
    script_free(script);
    script = parse("delete from t d where d.a = 1");
    assert_string_equal(only(script, STATEMENT_DELETE)->alias, "d");
    script_free(script);
}

static void merge__takes_all_clauses(void **state)
{
    (void)state;
    Script *script = parse(
        "MERGE INTO t AS a USING (SELECT * FROM s WHERE ds = '1') AS b ON a.id = b.id AND CASE WHEN a.x THEN"
        " true END WHEN MATCHED AND b.op = 'D' THEN DELETE WHEN MATCHED THEN UPDATE SET a.x = b.x,"
        " y = CASE WHEN b.y > 1 THEN 2 ELSE 3 END WHEN NOT MATCHED AND b.op <> 'D' THEN"
        " INSERT (id, x) VALUES (b.id, coalesce(b.x, 1))");
    const SqlMerge *merge = &only(script, STATEMENT_MERGE)->merge;
    assert_string_equal(script->statements[0].alias, "a");
    assert_string_equal(TEXT(merge->source), "(SELECT * FROM s WHERE ds = '1')");
    assert_string_equal(merge->source_alias, "b");
    assert_string_equal(TEXT(merge->on), "a.id = b.id AND CASE WHEN a.x THEN true END");
    assert_int_equal(merge->clause_count, 3);
    assert_int_equal(merge->clauses[0].action, SQL_MERGE_DELETE);
    assert_string_equal(TEXT(merge->clauses[0].condition), "b.op = 'D'");
    assert_int_equal(merge->clauses[1].action, SQL_MERGE_UPDATE);
    assert_true(sql_text_is_empty(&merge->clauses[1].condition));
    assert_int_equal(merge->clauses[1].assignment_count, 2);
    assert_string_equal(TEXT(merge->clauses[1].assignments[1].value),
                        "CASE WHEN b.y > 1 THEN 2 ELSE 3 END");
    assert_int_equal(merge->clauses[2].action, SQL_MERGE_INSERT);
    assert_string_equal(merge->clauses[2].assignments[1].column.name, "x");
    assert_string_equal(TEXT(merge->clauses[2].assignments[1].value), "coalesce(b.x, 1)");
    script_free(script);
    script =
        parse("merge into t using s on t.a = s.a when matched then update set * when not matched"
              " then insert values (s.a, 2) when not matched then insert *");
    merge = &only(script, STATEMENT_MERGE)->merge;
    assert_string_equal(merge->source_alias, "s");
    assert_string_equal(TEXT(merge->source), "s");
    assert_int_equal(merge->clauses[0].assignment_count, 0);
    assert_int_equal(merge->clauses[1].assignment_count, 2);
    assert_null(merge->clauses[1].assignments[0].column.name);
    assert_int_equal(merge->clauses[2].assignment_count, 0);
    script_free(script);
}

static void questions__are_read(void **state)
{
    (void)state;
    Script *script =
        parse("show tables like 'ods*|dw*'; desc extended t; describe formatted t; desc extended;"
              "set odps.sql.mapper.split.size = 256;explain analyze select 1; EXPLAIN VALUES (1);"
              "DESC SELECT 1; SUMMARIZE t; (SELECT 1) UNION (SELECT 2)");
    const Statement *all = script->statements;
    assert_int_equal(script->count, 10);
    assert_string_equal(all[0].like, "ods*|dw*");
    assert_true(all[1].is_extended && all[2].is_extended && !all[3].is_extended);
    assert_string_equal(all[3].table.name, "extended");
    assert_string_equal(all[4].name, "odps.sql.mapper.split.size");
    assert_string_equal(all[4].value, "256");
    assert_int_equal(all[5].kind, STATEMENT_EXPLAIN);
    assert_true(all[5].is_extended && !all[6].is_extended);
    assert_string_equal(TEXT(all[5].query), "select 1");
    assert_int_equal(all[7].kind, STATEMENT_QUERY);
    assert_string_equal(TEXT(all[7].query), "DESCRIBE SELECT 1");
    assert_string_equal(TEXT(all[8].query), "SUMMARIZE t");
    assert_int_equal(all[9].kind, STATEMENT_QUERY);
    script_free(script);
}

static void mistakes__have_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } CASES[] = {
        {"SELEC 1", "line 1, column 1: expected a statement before \"SELEC\""},
        {"SELEC 1", "Did you mean \"SELECT\"?"},
        {"SELECT 1;\n  DROP TABEL t", "line 2, column 8: expected TABLE before \"TABEL\""},
        {"SELECT '\xe4\xb8\xad\xe6\x96\x87'; CRATE TABLE t",
         "line 1, column 14: expected a statement"},
        {"SELECT (1", "line 1, column 8: the bracket that is opened here is not closed"},
        {"SELECT (1; SELECT 2", "line 1, column 8: the bracket that is opened here is not closed"},
        {"SELECT 1)", "line 1, column 9: nothing is open"},
        {"SELECT (1]", "line 1, column 10: nothing is open"},
        {"SELECT 'abc", "line 1, column 8: the text that begins here has no closing quote"},
        {"SELECT `abc", "line 1, column 8: the name that begins here has no closing quote"},
        {"SELECT ``", "line 1, column 8: the name is empty"},
        {"SELECT 1 /* a", "line 1, column 10: the comment that begins here has no end"},
        {"SELECT $$a", "line 1, column 8: the text that begins here has no closing quote"},
        {"SELECT 1\n\n'\xff'", "line 3, column 1: this line is not UTF-8"},
        {"CREATE TABLE t (a bigin)", "line 1, column 19: unknown type \"bigin\""},
        {"CREATE TABLE t (a bigin)", "Did you mean \"BIGINT\"?"},
        {"CREATE TABLE t (a array<int>)", "line 1, column 19: unsupported: columns of type ARRAY"},
        {"CREATE TABLE t (a decimal(39,2))", "line 1, column 27: decimal(39,2): the precision"},
        {"CREATE TABLE t (a decimal(5,6))", "line 1, column 27: decimal(5,6)"},
        {"CREATE TABLE t (a varchar(70000))", "line 1, column 27: the length is a whole number"},
        {"CREATE TABLE t (a int, A string)", "line 1, column 24: the column \"A\" is there twice"},
        {"CREATE TABLE t (a int) PARTITIONED BY (a string)", "line 1, column 40: the column \"a\""},
        {"CREATE TABLE t (a int) PARTITIONED BY (ds)",
         "line 1, column 24: a partition column needs"},
        {"CREATE TABLE t (a int b int)", "line 1, column 23: expected \",\" or \")\" before \"b\""},
        {"CREATE TABLE t (a int,)", "line 1, column 23: expected a column's name before \")\""},
        {"CREATE TABLE t ()", "line 1, column 17: expected a column's name"},
        {"CREATE TABLE t", "line 1, column 15: expected a list of columns, LIKE or AS"},
        {"CREATE TABLE t (a int) AS SELECT 1", "line 1, column 15: CREATE TABLE ... AS takes"},
        {"CREATE TABLE t (a int) STORED AS orc", "line 1, column 24: unsupported: STORED AS"},
        {"CREATE TABLE t (a int) CLUSTERED BY (a)", "unsupported: CLUSTERED BY"},
        {"CREATE TABLE t (a int) LIFECYCLE 0",
         "line 1, column 34: a lifecycle has at least one day"},
        {"CREATE TABLE t (a int) LIFECYCLE x", "line 1, column 34: expected a number of days"},
        {"CREATE TABLE t (a int) LIFECYCLE 1 LIFECYCLE 2",
         "line 1, column 36: this clause is given"},
        {"CREATE TABLE t (a int) COMENT 'x'", "Did you mean \"COMMENT\"?"},
        {"CREATE TABLE t (a int) COMMENT \"x\"", "Text stands in 'single quotes'."},
        {"CREATE TABLE t (a int DEFAULT 1)", "line 1, column 23: unsupported: DEFAULT"},
        {"CREATE TABLE t (a int, PRIMARY KEY (a))", "line 1, column 24: unsupported: PRIMARY KEY"},
        {"CREATE TABLE p.t (a int)",
         "line 1, column 14: unsupported: the table of another project"},
        {"CREATE TABLE `../t` (a int)", "line 1, column 14: a table's name holds no slash"},
        {"CREATE TABLE `.t` (a int)", "line 1, column 14: a table's name begins with no dot"},
        {"CREATE TABLE select (a int)", "line 1, column 14: expected a table's name"},
        {"CREATE EXTERNAL TABLE t (a int)", "line 1, column 1: unsupported: CREATE EXTERNAL TABLE"},
        {"ALTER TABLE t DROP COLUMN a", "line 1, column 20: unsupported: DROP COLUMN"},
        {"ALTER TABLE t CHANGE a b int", "line 1, column 15: unsupported: ALTER TABLE ... CHANGE"},
        {"ALTER TABLE t FROB", "line 1, column 15: expected ADD, DROP"},
        {"ALTER TABLE t ADD PARTITION (ds)", "line 1, column 32: expected \"=\" and a value"},
        {"ALTER TABLE t ADD PARTITION (ds > '1')",
         "line 1, column 33: expected \"=\" before \">\""},
        {"ALTER TABLE t ADD PARTITION (ds = f(1))", "line 1, column 35: expected a constant"},
        {"ALTER TABLE t ADD PARTITION (ds=1, DS=2)", "line 1, column 36: \"DS\" is given twice"},
        {"ALTER TABLE t DROP PARTITION (a=1 OR b=2)", "line 1, column 35: unsupported: OR"},
        {"ALTER TABLE t ADD PARTITION (ds='1') x", "line 1, column 38: expected the end"},
        {"INSERT t SELECT 1", "line 1, column 8: expected INTO or OVERWRITE before \"t\""},
        {"INSERT INTO t",
         "line 1, column 14: expected SELECT, VALUES or a query in parentheses, but"},
        {"INSERT INTO t SELEKT 1", "Did you mean \"SELECT\"?"},
        {"INSERT INTO t (a, A) SELECT 1, 2", "line 1, column 19: \"A\" is given twice"},
        {"INSERT OVERWRITE DIRECTORY '/tmp' SELECT 1", "unsupported: INSERT OVERWRITE DIRECTORY"},
        {"WITH a AS (SELECT 1) DELETE FROM t",
         "line 1, column 22: unsupported: WITH before DELETE"},
        {"WITH a SELECT 1", "line 1, column 8: expected \"AS\""},
        {"WITH a AS SELECT 1", "line 1, column 11: expected a query in parentheses"},
        {"WITH a AS (SELECT 1)", "line 1, column 21: expected SELECT, VALUES, FROM or INSERT, but"},
        {"UPDATE t SET a", "line 1, column 15: expected \"=\", but the statement ends here"},
        {"UPDATE t SET a = 1, b = WHERE c", "line 1, column 25: expected an expression"},
        {"UPDATE t SET a = 1, A = 2", "line 1, column 21: \"A\" is set twice"},
        {"UPDATE t SET (a, b) = (1, 2)", "line 1, column 14: unsupported: SET (a, b)"},
        {"UPDATE t SET a = 1 FROM s", "line 1, column 20: unsupported: UPDATE ... FROM"},
        {"DELETE FROM t USING s", "line 1, column 15: unsupported: DELETE ... USING"},
        {"DELETE FROM t WHERE", "line 1, column 20: expected a condition, but"},
        {"MERGE INTO t USING (SELECT 1) ON true WHEN MATCHED THEN DELETE",
         "line 1, column 31: expected a name for the query"},
        {"MERGE INTO t USING s ON a = b", "line 1, column 30: expected \"WHEN\", but"},
        {"MERGE INTO t USING s ON a WHEN MATCHED THEN INSERT *",
         "line 1, column 45: expected UPDATE or DELETE"},
        {"MERGE INTO t USING s ON a WHEN NOT MATCHED THEN DELETE",
         "line 1, column 49: expected INSERT"},
        {"MERGE INTO t USING s ON a WHEN NOT MATCHED THEN INSERT (a, b) VALUES (1)",
         "line 1, column 71: there are 1 values for 2 columns"},
        {"MERGE INTO t USING s ON a WHEN NOT MATCHED THEN INSERT (a) VALUES (1, 2)",
         "line 1, column 71: there are more values than the 1 columns"},
        {"MERGE INTO t USING s ON a WHEN NOT MATCHED BY SOURCE THEN DELETE",
         "line 1, column 47: unsupported: WHEN NOT MATCHED BY SOURCE"},
        {"SHOW TABELS", "line 1, column 6: expected TABLES, PARTITIONS or CREATE TABLE"},
        {"SHOW TABLES IN p", "line 1, column 13: unsupported: SHOW TABLES IN"},
        {"EXPLAIN INSERT INTO t SELECT 1", "line 1, column 9: unsupported: EXPLAIN INSERT"},
        {"EXPLAIN", "line 1, column 8: expected a query"},
        {"SET x", "line 1, column 6: expected \"=\""},
        {"DESC", "line 1, column 5: expected a table's name"},
        {"COPY t TO 'x'", "line 1, column 1: unsupported: COPY"},
        {"attach 'x' as y", "unsupported: ATTACH"},
        {"INSTALL httpfs", "unsupported: INSTALL"},
        {"LOAD httpfs", "unsupported: LOAD"},
        {"PRAGMA version", "unsupported: PRAGMA"},
        {"EXPORT DATABASE 'x'", "unsupported: EXPORT"},
        {"CREATE VIEW v AS SELECT 1", "unsupported: CREATE VIEW"},
        {"CREATE OR REPLACE TABLE t (a int)", "unsupported: CREATE OR REPLACE TABLE"},
        {"CALL f()", "unsupported: CALL"},
        {"GRANT SELECT ON TABLE t TO USER u", "unsupported: GRANT"},
        {"ADD JAR x.jar", "unsupported: ADD"},
        {"@a := SELECT 1", "unsupported: variables of MaxCompute's script mode"},
        {"42", "line 1, column 1: expected a statement before \"42\""},
        {"SELECT * FROM x LATERAL VIEW json_tuple(a, 'b') t AS c",
         "line 1, column 30: unsupported: LATERAL VIEW json_tuple"},
        {"SELECT * FROM x LATERAL VIEW explode(a)", "expected the name of the view"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        refuse(CASES[i].text, CASES[i].message);
    }
}

static void a_file__is_named(void **state)
{
    (void)state;
    Script *script;
    Err err = {0};
    ASSERT_FAIL(sql_parse("a.sql", "SELECT 1;\nDROP x", 16, &script, &err), err, FAIL_CONFIG,
                "a.sql:2:6: expected TABLE before \"x\"");
    ASSERT_FAIL(sql_parse(NULL, "SELECT 1\0;", 10, &script, &err), err, FAIL_CONFIG,
                "line 1, column 9: a NUL byte");
}

static void depth__is_limited(void **state)
{
    (void)state;
    char text[3000] = "SELECT ";
    memset(text + 7, '(', 1000);
    memset(text + 1007, ')', 1000);
    refuse(text, "line 1, column 208: brackets lie too deep in each other");
}

static void unfinished_text__is_incomplete(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_incomplete;
    } CASES[] = {
        {"", false},           {"  \n", false},       {"-- x", false},
        {"SELECT 1", true},    {"SELECT 1;", false},  {"SELECT 1; -- x", false},
        {"SELECT 1; x", true}, {"SELECT ';", true},   {"SELECT (1", true},
        {"/* a;", true},       {"SELECT `a;", true},  {"SELECT 1);", false},
        {"SELECT $$;", true},  {"SELECT (1;", false}, {";", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        if (sql_is_incomplete(CASES[i].text, strlen(CASES[i].text)) != CASES[i].is_incomplete) {
            fail_msg("%s", CASES[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(script__is_cut_at_semicolons_outside_of_text_and_comments),
        cmocka_unit_test(empty_scripts__have_no_statements),
        cmocka_unit_test(create_table__takes_all_clauses),
        cmocka_unit_test(create_table_like_and_as__are_read),
        cmocka_unit_test(alter_table__takes_each_action),
        cmocka_unit_test(partitions__hold_constants_and_ranges),
        cmocka_unit_test(the_pages_merge__is_read_as_printed),
        cmocka_unit_test(inserts__take_partitions_columns_and_queries),
        cmocka_unit_test(one_from__feeds_several_inserts),
        cmocka_unit_test(update_and_delete__take_aliases_and_conditions),
        cmocka_unit_test(merge__takes_all_clauses),
        cmocka_unit_test(questions__are_read),
        cmocka_unit_test(mistakes__have_line_and_column),
        cmocka_unit_test(a_file__is_named),
        cmocka_unit_test(depth__is_limited),
        cmocka_unit_test(unfinished_text__is_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

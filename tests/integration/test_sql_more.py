"""Statements on lake tables at the edges: names that hide others, sources with more than one match, two statements at once."""

import datetime
import time

import deltalake
import pyarrow
import pytest

from test_sql import days, in_background, lake  # noqa: F401  (two are fixtures)


# --- names and partitions --------------------------------------------------------------------------------------


def test_a_with_clause_may_read_the_table_that_it_hides(days):
    assert days("with t as (select a + 100 as a from t where ds = '20161101') select a from t order by a") == [{"a": 101}, {"a": 110}]
    assert days("with recursive t as (select 1 as a union all select a + 1 from t where a < 3) select sum(a) as s from t") == [{"s": 6}]


def test_a_query_does_not_see_what_another_left_out(days):
    """Views of tables are made for one query: a table that is named in a way that we do not see is not an old view."""
    rows = days("select count(*) as n from t where ds = '20161101'; with t as (select * from t) select count(*) as n from t")
    assert [row["n"] for row in rows] == [2, 10]
    for hidden in ["query_table('t')", "query('select * from t')"]:
        said = days.fails(f"select count(*) as n from t where ds = '20161101'; select count(*) from {hidden}")
        assert "does not exist" in said


def test_other_names_for_columns_do_not_mislead_pruning(days):
    days("insert into t partition (ds='20161109') values (20161103, 'hit')")
    assert days("select b, d from t x(ds, b, d) where ds = 20161103") == [{"b": "hit", "d": "20161109"}]


def test_columns_called_like_the_place_of_a_row(lake):
    lake("create table t (file_index bigint, file_row_number bigint, filename string)")
    lake("insert into t values (7, 8, 'a'), (9, 10, 'b'); insert into t values (100, 200, 'c')")
    lake("delete from t where file_index = 9; update t set file_row_number = 5 where filename = 'c'")
    lake("""merge into t using (select 7 as file_index, 1 as file_row_number, 'm' as filename) s on t.file_index = s.file_index
        when matched then update set *""")
    assert sorted(tuple(row.values()) for row in lake.rows("t")) == [(7, 1, "m"), (100, 5, "c")]
    lake("create table many (file_index bigint) partitioned by (p bigint)")
    lake("insert into many partition (p) select i * 10, i from range(150) r(i)")
    assert lake("select count(*) as n from many where file_index = p * 10") == [{"n": 150}]


def test_a_partition_column_called_file(lake):
    lake("create table t (a bigint) partitioned by (file string); insert into t partition (file) values (1, '5'), (2, '6')")
    assert lake("select a from t where file = '5'") == [{"a": 1}]
    assert lake("select a from t where file = '0'") == []


def test_tables_called_like_duckdbs_own(lake):
    for name in ["sqlite_master", "duckdb_tables", "pragma_x"]:
        lake(f"create table {name} (a bigint); insert into {name} values (4)")
        assert lake(f"select * from {name}") == [{"a": 4}]
    assert lake("select count(*) as n from duckdb_columns where false") == [{"n": 0}]


def test_an_instant_of_a_partition_is_in_utc(tmp_path, weir):
    """Whatever zone the project is in: delta-rs writes it in UTC, without saying so."""
    utc = datetime.timezone.utc
    moment = datetime.datetime(2016, 11, 14, 8, tzinfo=utc)
    (tmp_path / "weir.yaml").write_text("timezone: Asia/Shanghai\nlake: ./lake\n", encoding="utf-8")
    deltalake.write_deltalake(str(tmp_path / "lake" / "t"), partition_by=["p"], data=pyarrow.table(
        {"a": [1, 2], "p": pyarrow.array([moment, None], pyarrow.timestamp("us", "UTC"))}))
    query = "select a, epoch(p) as s from t order by a; select a from t where p = timestamptz '2016-11-14 08:00:00+00'"
    lines = weir("sql", "--format", "csv", "-e", query, cwd=tmp_path).stdout.split()
    assert lines == ["a,s", f"1,{moment.timestamp():.1f}", "2,", "a", "1"]


# --- MERGE -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pairs(lake):
    """Rows 1 and 2 have two rows of the source against them; clauses take one for row 1 and none for row 2."""
    lake("create table t (uid bigint, v string); insert into t values (1, 'x'), (2, 'y'), (3, 'z')")
    lake("create table s (uid bigint, op string, v string)")
    lake("insert into s values (1, 'U', 'new'), (1, 'X', 'other'), (2, 'X', 'p'), (2, 'X', 'q')")
    return lake


@pytest.mark.parametrize("clauses, expected", [
    ("when matched and b.op = 'U' then update set v = b.v", [(1, "new"), (2, "y"), (3, "z")]),
    ("when matched and b.op = 'U' then delete", [(2, "y"), (3, "z")]),
    ("when matched and b.v = 'q' then delete when matched and b.op = 'U' then update set *", [(1, "new"), (3, "z")]),
    ("when matched and b.v > 'o' and b.uid = 1 and b.op in (select op from s where v = 'other') then update set v = 'in'",
     [(1, "in"), (2, "y"), (3, "z")]),
])
def test_merge_of_a_source_with_pairs_keeps_each_row_once(pairs, clauses, expected):
    pairs(f"merge into t a using s b on a.uid = b.uid {clauses}")
    assert sorted((row["uid"], row["v"]) for row in pairs.rows("t")) == expected


def test_merge_refuses_two_that_both_change_a_row(pairs):
    assert "match one row" in pairs.fails("merge into t a using s b on a.uid = b.uid when matched and b.op = 'X' then delete", code=3)


def test_merge_that_only_inserts_refuses_a_name_of_both_sides(lake):
    lake("create table t (a bigint); insert into t values (1)")
    assert "Ambiguous" in lake.fails("merge into t using (select 3 as a) s on a = a when not matched then insert *")


def test_merge_with_a_source_whose_name_is_quoted(lake):
    lake("create table `order` (uid bigint); insert into `order` values (1); create table t (uid bigint)")
    lake("merge into t using `order` on t.uid = `order`.uid when not matched then insert *")
    assert lake.rows("t") == [{"uid": 1}]


def test_merge_does_not_lose_another_partition_of_the_source(lake):
    lake("create table t (a bigint, b string) partitioned by (ds string); insert into t partition (ds) values (1, 'x', '1'), (2, 'y', '2')")
    merge = "merge into t using (select 1 as a, 'new' as b{}) s on t.a = s.a when matched then update set *"
    assert "another partition" in lake.fails(merge.format(", '2' as ds"), code=3)
    lake(merge.format(", '1' as ds"))
    assert lake.rows("t", partition={"ds": "1"}) == [{"a": 1, "b": "new", "ds": "1"}]
    lake(merge.format(""))


def test_conditions_that_differ_each_time_are_refused(days):
    for script, column in [("delete from t where random() < 0.5", 21), ("update t set b = 'x' where rand() < 0.5", 28),
                           ("delete from t where a in (select a from t order by random() limit 2)", 52),
                           ("merge into t using (select 1 as k) s on t.a = s.k and random() < 1 when matched then delete", 55)]:
        said = days.fails(script)
        assert f"column {column}:" in said and "differs each time" in said
    days("update t set a = cast(random() * 0 as bigint)")
    days("merge into t using (select random() as k) s on t.a = s.k when not matched then insert values (1, uuid(), '1')")


# --- inserts and scripts ---------------------------------------------------------------------------------------


def test_multi_insert_does_not_overwrite_what_it_writes(days):
    days("create table u (a bigint, b string) partitioned by (ds string)")
    said = days.fails("""from t insert overwrite table u partition (ds='1') select a, b
        insert overwrite table U partition (ds='1') select a, b""")
    assert "line 2, column 32" in said and "before" in said
    days("from t insert overwrite table u partition (ds='1') select a, b insert overwrite table u partition (ds='2') select a, b")
    assert len(days.rows("u")) == 20


def test_a_script_with_a_mark_in_front(lake, tmp_path, weir):
    path = tmp_path / "s.sql"
    path.write_bytes(b"\xef\xbb\xbfselect 1 as a;\r\nselect nope\r\n")
    result = weir("sql", "--lake", lake.dir, "--format", "csv", path, code=2)
    assert result.stdout.split() == ["a", "1"] and "s.sql:2:8:" in result.stderr


# --- at once ---------------------------------------------------------------------------------------------------


def test_two_merges_at_once_do_not_insert_a_key_twice(lake):
    lake("create table t (uid bigint, v string)")
    late = in_background(lambda: time.sleep(0.7) or lake("insert into t values (7, 'first')"))
    slow = "(select 7 as uid, 'slow' || count(*) as v from range(40000000) r(i) where md5(i::varchar) = '')"
    result = lake.weir("sql", "--lake", lake.dir, "-e",
                       f"merge into t using {slow} s on t.uid = s.uid when not matched then insert *", code=4)
    late.join()
    assert "added files" in result.stderr
    assert lake.rows("t") == [{"uid": 7, "v": "first"}]


def test_create_table_as_does_not_overwrite_a_table_that_another_made(lake):
    late = in_background(lambda: time.sleep(0.7) or lake("create table t (n bigint); insert into t values (7)"))
    slow = "select count(*) as n from range(40000000) r(i) where md5(i::varchar) = ''"
    result = lake.weir("sql", "--lake", lake.dir, "-e", f"create table t as {slow}", code=4)
    late.join()
    assert "another writer created the table" in result.stderr
    assert lake.rows("t") == [{"n": 7}]


def test_another_process_that_ends_does_not_take_the_spill_folder(lake):
    """The folder around it is there from the start, and goes with the last one."""
    seen = []

    def look():
        time.sleep(0.7)
        lake("select 1")
        seen.append(list((lake.dir / ".weir").glob("spill-*")))

    late = in_background(look)
    slow = "select count(*) from range(30000000) r(i) where md5(i::varchar) = ''"
    lake.weir("sql", "--lake", lake.dir, "--memory", "200MiB", "--format", "json", "-e",
              f"{slow}; create table t as select i, md5(i::varchar) as m from range(5000000) r(i) order by 2")
    late.join()
    assert len(seen[0]) == 1
    assert not (lake.dir / ".weir").exists()

"""Statements on lake tables: what they do to a table, as foreign readers see it, and what they say where they cannot."""

import datetime
import decimal
import json
import pathlib
import random
import threading
import time
import urllib.parse

import deltalake
import pyarrow
import pytest

import readers
import tables


class Lake:
    def __init__(self, folder, weir):
        self.dir = folder
        self.weir = weir
        folder.mkdir()

    def __call__(self, script, code=0, **options):
        """Runs a script; the rows of its results as dicts."""
        self.result = self.weir("sql", "--lake", self.dir, "--format", "json", "-e", script, code=code, **options)
        return [json.loads(line) for line in self.result.stdout.splitlines()]

    def fails(self, script, code=2):
        """What a statement that fails says."""
        before = self.versions()
        self(script, code=code)
        assert self.versions() == before
        return self.result.stderr

    def path(self, table):
        return self.dir / table

    def rows(self, table, **options):
        return readers.delta_rows(self.path(table), **options)

    def version(self, table):
        return readers.version(self.path(table))

    def versions(self):
        return {path.name: self.version(path.name) for path in self.dir.iterdir() if (path / "_delta_log").is_dir()}


@pytest.fixture
def lake(tmp_path, weir):
    return Lake(tmp_path / "lake", weir)


USERS = "create table {} (uid bigint, uname string, deptno bigint, gender string, optime datetime)"
DAY = datetime.datetime(2016, 11, 14)


def user(uid, uname, deptno, gender, optime=DAY):
    return {"uid": uid, "uname": uname, "deptno": deptno, "gender": gender, "optime": optime}


def test_merge_statement_of_the_page(lake):
    lake(f"""{USERS.format('dw_user_inc')}; create table ods_user_inc like dw_user_inc;
        insert into dw_user_inc values (1,'LiLei',100,'M','2016-11-14'), (2,'HanMM',null,'F','2016-11-14'),
            (3,'Jim',102,'M','2016-11-14'), (4,'Kate',103,'F','2016-11-14'), (5,'Lily',104,'F','2016-11-14');
        insert into ods_user_inc values (2,'HanMM',101,'F','2016-11-14'), (3,'Jim',104,'M','2016-11-14'),
            (4,'Kate',null,'F','2016-11-14'), (6,'Lucy',105,'F','2016-11-14');""")
    lake(tables.PAGE_MERGE)
    expected = [user(1, "LiLei", 100, "M"), user(2, "HanMM", 101, "F"), user(3, "Jim", 104, "M"), user(4, "Kate", None, "F"),
                user(5, "Lily", 104, "F"), user(6, "Lucy", 105, "F")]
    assert sorted(lake.rows("dw_user_inc"), key=lambda row: row["uid"]) == expected
    lake(tables.PAGE_MERGE)
    assert sorted(lake.rows("dw_user_inc"), key=lambda row: row["uid"]) == expected


# --- tables ------------------------------------------------------------------------------------------------


def test_create_table(lake):
    lake("""-- with everything that it can say
        CREATE TABLE IF NOT EXISTS t (
            a bigint NOT NULL COMMENT 'the key', b string, c decimal(10,2), d datetime, e timestamp, f boolean, g double, h float,
            i tinyint, j smallint, k int, l date, m binary, n varchar(20), o decimal
        ) COMMENT 'all types' PARTITIONED BY (ds string COMMENT 'day', region string) LIFECYCLE 30;""")
    table = readers.delta(lake.path("t"))
    kinds = {field.name: str(field.type.type) for field in table.schema().fields}
    assert kinds == {"a": "long", "b": "string", "c": "decimal(10,2)", "d": "timestamp_ntz", "e": "timestamp", "f": "boolean",
                     "g": "double", "h": "float", "i": "byte", "j": "short", "k": "integer", "l": "date", "m": "binary",
                     "n": "string", "o": "decimal(38,18)", "ds": "string", "region": "string"}
    assert table.metadata().partition_columns == ["ds", "region"]
    assert table.metadata().description == "all types"
    assert table.metadata().configuration["weir.lifecycle"] == "30"
    assert [field.nullable for field in table.schema().fields][:2] == [False, True]
    assert table.schema().fields[0].metadata["comment"] == "the key"
    shown = lake("show create table t")[0]["statement"]
    lake(shown.replace("`t`", "again", 1))
    again = readers.delta(lake.path("again"))
    assert again.schema() == table.schema() and again.metadata().configuration == table.metadata().configuration
    assert lake("show tables like 'ag*'") == [{"table": "again"}]
    assert "already" in lake.fails("create table T (a int)")
    lake("create table if not exists t (other int)")
    assert lake.version("t") == 0


def test_create_table_as_and_drop(lake):
    lake("create table t lifecycle 7 as select 1 as a, 'x' as b, cast(1.50 as decimal(5,2)) as c, 'cn' as region")
    assert lake.rows("t") == [{"a": 1, "b": "x", "c": decimal.Decimal("1.50"), "region": "cn"}]
    lake("create table p partitioned by (region) as select * from t union all select 2, 'y', 2.5, 'us'")
    assert readers.partitions(lake.path("p")) == [{"region": "cn"}, {"region": "us"}]
    assert lake("select region, a from p order by a") == [{"region": "cn", "a": 1}, {"region": "us", "a": 2}]
    lake("drop table t; drop table if exists t")
    assert not lake.path("t").exists()
    assert 'there is no table "t"' in lake.fails("drop table t")
    assert lake("show tables") == [{"table": "p"}]


def test_alter_table(lake):
    lake("create table t (a bigint); insert into t values (1); alter table t add columns (b string comment 'late', c decimal(5,1))")
    lake("insert into t values (2, 'x', 3.5)")
    assert lake.rows("t") == [{"a": 1, "b": None, "c": None}, {"a": 2, "b": "x", "c": decimal.Decimal("3.5")}]
    assert lake("select a from t where b is null") == [{"a": 1}]
    assert 'has a column "B"' in lake.fails("alter table t add columns (B string)")
    lake("alter table t rename to u; alter table u set comment 'renamed'")
    assert lake("show tables") == [{"table": "u"}] and readers.delta(lake.path("u")).metadata().description == "renamed"
    lake("alter table u set tblproperties ('owner' = 'me')")
    assert readers.delta(lake.path("u")).metadata().configuration["owner"] == "me"
    assert "cannot be set" in lake.fails("alter table u set tblproperties ('delta.enableDeletionVectors' = 'true')")


# --- partitions --------------------------------------------------------------------------------------------


@pytest.fixture
def days(lake):
    lake("create table t (a bigint, b string) partitioned by (ds string)")
    for day in range(1, 6):
        lake(f"insert overwrite table t partition (ds='2016110{day}') values ({day}, 'x'), ({day * 10}, null)")
    return lake


def test_insert_overwrite_of_a_partition(days):
    days("insert overwrite table t partition (ds='20161103') select a + 1, 'new' from t where ds = '20161103'")
    assert days.rows("t", partition={"ds": "20161103"}) == [{"a": 31, "b": "new", "ds": "20161103"}, {"a": 4, "b": "new", "ds": "20161103"}]
    days("insert into t partition (ds='20161103') values (5, 'more')")
    assert len(days.rows("t", partition={"ds": "20161103"})) == 3
    assert len(days.rows("t")) == 11
    days("insert overwrite table t partition (ds='20161103') select a, b from t where false")
    assert days.rows("t", partition={"ds": "20161103"}) == []
    assert [row["partition"] for row in days("show partitions t")] == [f"ds=2016110{day}" for day in range(1, 6)]


def test_dynamic_partitions(days):
    days("create table u (a bigint, b string) partitioned by (ds string, region string)")
    days("insert overwrite table u partition (ds='20161101', region) select a, b, 'r' || a % 2 from t")
    assert readers.partitions(days.path("u")) == [{"ds": "20161101", "region": "r0"}, {"ds": "20161101", "region": "r1"}]
    days("insert overwrite table u partition (ds, region) select a, b, ds, 'r9' from t where ds > '20161103'")
    assert len(readers.partitions(days.path("u"))) == 4
    days("insert into u (region, ds, a) values ('x', '20161109', 77)")
    assert days.rows("u", partition={"ds": "20161109"}) == [{"a": 77, "b": None, "ds": "20161109", "region": "x"}]
    assert "is partitioned" in days.fails("insert into u select 1, 'x'")
    assert 'no partition column' in days.fails("insert into u partition (dt='1') select 1, 'x'")


def test_partitions_are_added_dropped_truncated_renamed(days):
    days("alter table t add partition (ds='20161107'); alter table t add if not exists partition (ds='20161107')")
    assert {"ds": "20161107"} in readers.partitions(days.path("t"))
    assert "already" in days.fails("alter table t add partition (ds='20161107')")
    days("alter table t drop partition (ds >= '20161102', ds < '20161104'), partition (ds='20161107')")
    assert readers.partitions(days.path("t")) == [{"ds": "20161101"}, {"ds": "20161104"}, {"ds": "20161105"}]
    said = days.fails("alter table t drop partition (ds='20161103')")
    assert "no such partition" in said and "ds=20161101, ds=20161104, ds=20161105" in said
    days("alter table t drop if exists partition (ds='20161103')")
    days("truncate table t partition (ds='20161104')")
    assert [(row["partition"], row["rows"]) for row in days("show partitions t")] == [
        ("ds=20161101", 2), ("ds=20161104", 0), ("ds=20161105", 2)]
    days("alter table t partition (ds='20161105') rename to partition (ds='20161110')")
    assert days.rows("t", partition={"ds": "20161110"}) == [{"a": 5, "b": "x", "ds": "20161110"}, {"a": 50, "b": None, "ds": "20161110"}]
    days("truncate table t")
    assert days.rows("t") == []


def test_desc(days):
    days("alter table t set lifecycle 3")
    described = days("desc t")
    assert [(row["column"], row["type"], row["partition"]) for row in described] == [
        ("a", "bigint", False), ("b", "string", False), ("ds", "string", True)]
    extended = {row["property"]: row["value"] for row in days("desc extended t") if "property" in row}
    assert extended["lifecycle"] == "3 days" and extended["rows"] == "10" and extended["partitions"] == "5"
    one = {row["property"]: row["value"] for row in days("desc t partition (ds='20161102')")}
    assert one["partition"] == "ds=20161102" and one["rows"] == "2"


def test_lifecycle_statements(days):
    days("alter table t set lifecycle 3; alter table t partition (ds='20161101') disable lifecycle")
    configuration = readers.delta(days.path("t")).metadata().configuration
    assert configuration["weir.lifecycle"] == "3" and any("20161101" in key for key in configuration)
    days("alter table t partition (ds='20161101') enable lifecycle; alter table t touch partition (ds='20161101')")
    assert len(days.rows("t")) == 10


def test_only_needed_partitions_are_read(days):
    """Files of other partitions are made unreadable: whoever opened them would say so."""
    for file in readers.files_on_disk(days.path("t")):
        if "ds=20161102" not in file:
            pathlib.Path(file).write_bytes(b"this is no Parquet file")
    assert days("select count(*) as n from t where ds = '20161102'") == [{"n": 2}]
    assert days("select count(*) as n from t x where x.ds between '20161102' and '20161102' and x.a > 5") == [{"n": 1}]
    assert days("select count(*) as n from t where substr(ds, 7) = '02'") == [{"n": 2}]
    assert days("select count(*) as n from (select * from t where ds = '20161102') a left join t b on a.a = b.a where b.ds = '20161102'") == [{"n": 2}]
    assert days("with c as (select * from t where ds in ('20161102', '20161202')) select count(*) as n from c") == [{"n": 2}]
    days("create table u as select a from t where ds = '20161102'")
    days("delete from t where ds = '20161102' and a = 2")
    assert days("select a from t where ds = '20161102'") == [{"a": 20}]
    days("select count(*) from t", code=4)


def test_a_partition_that_is_not_there_is_said(days):
    assert days("select count(*) as n from t where ds = '20171102'") == [{"n": 0}]
    assert "ds=20161101 to ds=20161105" in days.result.stderr


def test_max_pt(days):
    assert days("select a from t where ds = max_pt('t') order by a") == [{"a": 5}, {"a": 50}]
    days("alter table t add partition (ds='20161109')")      # has no rows
    assert days("select distinct ds from t where ds = max_pt('t')") == [{"ds": "20161105"}]
    assert 'there is no table "nope"' in days.fails("select max_pt('nope')")


def test_many_partitions(lake):
    """More than DuckDB is given branches for."""
    lake("create table t (a bigint) partitioned by (ds string)")
    lake("insert into t partition (ds) select i, cast(20160000 + i as varchar) from range(300) r(i)")
    assert lake("select count(*) as n, sum(a) as s, min(ds) as d from t") == [{"n": 300, "s": 44850, "d": "20160000"}]
    assert lake("select a, ds from t where ds = '20160123'") == [{"a": 123, "ds": "20160123"}]
    assert lake("select a, ds from t where a = 7") == [{"a": 7, "ds": "20160007"}]
    lake("update t set a = -a where a >= 298")
    assert lake("select sum(a) as s, count(*) as n from t") == [{"s": 44850 - 2 * (298 + 299), "n": 300}]


# --- inserts -----------------------------------------------------------------------------------------------


def test_multi_insert(days):
    days("create table odd (a bigint, ds string); create table even (a bigint, ds string)")
    days("""from (select * from t where b is null) s
        insert overwrite table odd select a, ds where a / 10 % 2 = 1
        insert into table even select a, ds where a / 10 % 2 = 0""")
    assert [row["a"] for row in days.rows("odd")] == [10, 30, 50]
    assert [row["a"] for row in days.rows("even")] == [20, 40]
    # One that fails leaves both as they were.
    days.fails("from t insert into odd select a, ds insert into even select a, nope")


def test_columns_by_position_and_by_name(lake):
    lake("create table t (a bigint, b string, c double)")
    lake("insert into t select '7', 8, 9; insert into t (c, a) values (1.5, 1)")
    assert lake.rows("t") == [{"a": 1, "b": None, "c": 1.5}, {"a": 7, "b": "8", "c": 9.0}]
    assert "gives 2 columns, and 3 are wanted" in lake.fails("insert into t select 1, 2")
    assert 'no column "d"' in lake.fails("insert into t (a, d) select 1, 2")
    assert "twice" in lake.fails("insert into t (a, A) select 1, 2")


def test_a_value_that_does_not_fit_fails_the_statement(lake):
    lake("create table t (a tinyint, b decimal(5,2), c bigint not null)")
    assert "300" in lake.fails("insert into t select 300, 1, 1", code=3)
    lake.fails("insert into t select 1, 12345.6, 1", code=3)
    lake.fails("insert into t select 'abc', 1, 1", code=3)
    assert "NULL" in lake.fails("insert into t select 1, 1, null", code=3)
    assert not (lake.dir / ".weir").exists()
    lake.fails("insert into t select i, 1, 1 from range(100000) r(i)", code=3)
    assert lake.rows("t") == []
    assert readers.files_on_disk(lake.path("t")) == []


def test_values_of_every_type(lake):
    lake("""create table t (a bigint, b string, c decimal(38,10), d datetime, e timestamp, f boolean, g double, h float, i tinyint,
        j smallint, k int, l date, m binary)""")
    lake("""insert into t values
        (9223372036854775807, 'é\n''"', 1234567890123456789012345678.0123456789, '9999-12-31 23:59:59.999999',
         '1970-01-01 00:00:00.000001+00', true, 1e300, 1.1, -128, 32767, -2147483648, '0001-01-01', '\\x00\\xFF'::blob),
        (null, null, null, null, null, null, null, null, null, null, null, null, null)""")
    rows = lake.rows("t")
    utc = datetime.timezone.utc
    assert rows[1] == {
        "a": 9223372036854775807, "b": "é\n'\"", "c": decimal.Decimal("1234567890123456789012345678.0123456789"),
        "d": datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), "e": datetime.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=utc),
        "f": True, "g": 1e300, "h": pytest.approx(1.1), "i": -128, "j": 32767, "k": -2147483648,
        "l": datetime.date(1, 1, 1), "m": b"\x00\xff"}
    assert set(rows[0].values()) == {None}
    lake("create table u like t; insert into u select * from t")
    assert lake.rows("u") == rows
    read = lake("select * from t where a is not null")[0]
    assert read["a"] == 9223372036854775807 and read["b"] == "é\n'\"" and read["f"] is True
    # numbers are not rounded on their way out
    assert "1234567890123456789012345678.0123456789" in lake.result.stdout


def test_sorted_insert_keeps_its_order(lake):
    lake("create table t (a bigint); insert overwrite table t select hash(i) % 100000 from range(50000) r(i) order by 1")
    values = [row["a"] for row in lake("select a from t")]
    assert len(values) == 50000 and values == sorted(values)


# --- changes -----------------------------------------------------------------------------------------------


def test_delete_leaves_untouched_files_alone(days):
    before = {file for file in readers.active_files(days.path("t"))}
    days("delete from t where a = 3")
    after = {file for file in readers.active_files(days.path("t"))}
    assert len(before & after) == 4 and len(after) == 5
    days("delete from t where ds = '20161105'")
    assert len(days.rows("t")) == 7
    days("delete from t where b is null and a > 15")
    assert sorted(row["a"] for row in days.rows("t")) == [1, 2, 4, 10]
    days("delete from t")
    assert days.rows("t") == []
    version = days.version("t")
    days("delete from t where a = 1")
    assert days.version("t") == version


def test_a_condition_that_is_null_changes_nothing(days):
    days("delete from t where b = 'nope'")
    assert len(days.rows("t")) == 10
    days("update t set a = 0 where b <> 'x'")
    assert all(row["a"] != 0 for row in days.rows("t"))


def test_update(days):
    days("update t set b = b || '!', a = a + 100 where ds <= '20161102' and b is not null")
    assert days.rows("t", partition={"ds": "20161101"}) == [{"a": 10, "b": None, "ds": "20161101"}, {"a": 101, "b": "x!", "ds": "20161101"}]
    days("update t x set b = (select max(b) from t y where y.ds = '20161101') where x.b is null")
    assert sum(row["b"] == "x!" for row in days.rows("t")) == 7
    assert "another partition" in days.fails("update t set ds = '1'")
    assert "set twice" in days.fails("update t set a = 1, A = 2")
    assert 'no column "z"' in days.fails("update t set z = 1")


def test_merge_into(days):
    days("""merge into t a using (select 3 as k, 'merged' as v union all select 40, 'gone' union all select 99, 'new') s on a.a = s.k
        when matched and s.v = 'gone' then delete
        when matched then update set b = s.v
        when not matched then insert (a, b, ds) values (s.k, s.v, '20161109')""")
    rows = {row["a"]: row for row in days.rows("t")}
    assert rows[3] == {"a": 3, "b": "merged", "ds": "20161103"} and 40 not in rows and rows[99]["ds"] == "20161109"
    assert len(rows) == 10
    said = days.fails("merge into t a using (select 1 as k union all select 1) s on a.a = s.k when matched then delete", code=3)
    assert "2 rows of the source match one row" in said


def test_merge_by_all_columns(lake):
    lake("create table t (k bigint, v string); create table s (k bigint, v string)")
    lake("insert into t values (1, 'a'), (2, 'b'); insert into s values (2, 'B'), (3, 'C')")
    lake("merge into t using s on t.k = s.k when matched then update set * when not matched then insert *")
    assert lake.rows("t") == [{"k": 1, "v": "a"}, {"k": 2, "v": "B"}, {"k": 3, "v": "C"}]


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_against_a_model(lake, seed):
    """Inserts, updates, deletes and merges on a partitioned table, and the same on a dictionary."""
    chance = random.Random(seed)
    lake("create table t (k bigint, v bigint) partitioned by (p string)")
    model = {}
    for _ in range(12):
        low = chance.randrange(60)
        high = low + chance.randrange(20)
        kind = chance.choice(["insert", "update", "delete", "merge"])
        if kind == "insert":
            new = {k: k * 7 for k in range(low, high) if k not in model}
            if new:
                lake("insert into t partition (p) values " + ",".join(f"({k}, {v}, 'p{k % 3}')" for k, v in new.items()))
            model |= new
        elif kind == "update":
            lake(f"update t set v = v + 1 where k between {low} and {high}")
            model = {k: v + 1 if low <= k <= high else v for k, v in model.items()}
        elif kind == "delete":
            lake(f"delete from t where k between {low} and {high} and k % 2 = 0")
            model = {k: v for k, v in model.items() if not (low <= k <= high and k % 2 == 0)}
        else:
            lake(f"""merge into t using (select i as k, i * 100 as v from range({low}, {high}) r(i)) s on t.k = s.k
                when matched and s.k % 5 = 0 then delete
                when matched then update set v = s.v
                when not matched and s.k % 3 <> 0 then insert (k, v, p) values (s.k, s.v, 'p' || s.k % 3)""")
            for k in range(low, high):
                if k in model and k % 5 == 0:
                    del model[k]
                elif k in model:
                    model[k] = k * 100
                elif k % 3 != 0:
                    model[k] = k * 100
        rows = lake.rows("t")
        assert {row["k"]: row["v"] for row in rows} == model and len(rows) == len(model)
        assert all(row["p"] == f"p{row['k'] % 3}" for row in rows)


# --- versions ----------------------------------------------------------------------------------------------


SLOW = "select count(*) as slow from range(40000000) r(i) where md5(i::varchar) = ''"


def in_background(action):
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_a_script_sees_one_version(days):
    def append():
        time.sleep(0.7)
        deltalake.write_deltalake(str(days.path("t")), pyarrow.table({"a": [7], "b": ["late"], "ds": ["20161101"]}), mode="append")

    thread = in_background(append)
    rows = days(f"select count(*) as n from t; {SLOW}; select count(*) as n from t")
    thread.join()
    assert [row["n"] for row in rows if "n" in row] == [10, 10]
    assert days("select count(*) as n from t") == [{"n": 11}]


def test_a_change_beneath_a_statement_is_a_conflict(days):
    def append():
        time.sleep(0.7)
        deltalake.write_deltalake(str(days.path("t")), pyarrow.table({"a": [7], "b": ["late"], "ds": ["20161101"]}), mode="append")

    thread = in_background(append)
    slow = f"(select count(*) from range(40000000) r(i) where md5(i::varchar) = '')"
    days(f"insert overwrite table t partition (ds='20161101') select a + {slow}, b from t where ds = '20161101'", code=4)
    thread.join()
    assert "nothing was published" in days.result.stderr or "another" in days.result.stderr
    assert len(days.rows("t", partition={"ds": "20161101"})) == 3


def test_statements_before_the_one_that_fails_stay_done(lake):
    lake("create table t (a bigint); insert into t values (1); insert into t select nope; insert into t values (2)", code=2)
    assert lake.rows("t") == [{"a": 1}]


def test_tables_of_delta_rs(lake):
    table = pyarrow.table({"id": pyarrow.array([1, 2, 3], pyarrow.int64()), "t": pyarrow.array([0, 1, None], pyarrow.timestamp("us", "UTC")),
                           "day": ["a b", "c/d", None]})
    deltalake.write_deltalake(str(lake.path("f")), table, partition_by=["day"])
    assert lake("select id, day from f order by id") == [{"id": 1, "day": "a b"}, {"id": 2, "day": "c/d"}, {"id": 3, "day": None}]
    lake("update f set id = id * 10 where id > 1")
    assert sorted((row["id"], row["day"]) for row in lake.rows("f")) == sorted([(1, "a b"), (20, "c/d"), (30, None)], key=str) or \
        sorted(((row["id"], row["day"]) for row in lake.rows("f")), key=str) == sorted([(1, "a b"), (20, "c/d"), (30, None)], key=str)
    lake("delete from f where day is null")
    assert len(lake.rows("f")) == 2


# --- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script, place, words", [
    ("select foo from t", "1, column 8", "foo"),
    ("select a,\n  b,\n  nope(a)\nfrom t", "3, column 3", "nope"),
    ("select a from tt", "1, column 15", 'no table "tt"'),
    ("-- é\nselect 'é', a frm t", "2, column", "t"),
    ("insert overwrite table t\nselect a, bb from t", "2, column 11", "bb"),
    ("select a from t; select b from t; selec 1", "1, column 35", "selec"),
    ("select a from p.t", "1, column 15", "p.t"),
    ("update t set a = nope", "1, column 18", "nope"),
    ("delete from t where nope", "1, column 21", "nope"),
    ("select a from t where a = 'x'", "1, column", "x"),
])
def test_errors_point_to_what_was_typed(lake, script, place, words):
    lake("create table t (a bigint, b string); insert into t values (1, 'x')")
    lake(script, code={2, 3})
    assert f"line {place}" in lake.result.stderr and words in lake.result.stderr


@pytest.mark.parametrize("script", [
    "copy t to 'x.csv'", "attach 'x.db'", "install httpfs", "load httpfs", "pragma version", "export database 'x'",
    "create view v as select 1", "call pragma_version()", "set memory_limit = '1GB'; attach ':memory:' as m",
])
def test_statements_beside_the_lake_are_refused(lake, script):
    lake("create table t (a bigint)")
    lake.fails(script)
    assert not (lake.dir / "x.csv").exists()


def test_a_script_from_a_file_names_it(lake, tmp_path):
    script = tmp_path / "script.sql"
    script.write_text("select 1;\n\nselect\n  nope;\n")
    result = lake.weir("sql", "--lake", lake.dir, script, code=2)
    assert "script.sql:4:3" in result.stderr


def test_memory_is_bounded(lake):
    """A sort of more than the memory spills, and leaves nothing behind."""
    result = lake.weir("sql", "--lake", lake.dir, "--memory", "200MiB", "--format", "json", "-e",
                       "create table t as select i, md5(i::varchar) as m from range(8000000) r(i) order by 2; select count(*) as n from t")
    assert json.loads(result.stdout) == {"n": 8000000}
    assert [path.name for path in (lake.dir / ".weir").glob("spill-*")] == []


# --- crashes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["files-before", "files-during", "files-after", "commit-before", "commit-after"])
@pytest.mark.parametrize("statement", [
    "insert overwrite table t partition (ds='20161103') select a, 'new' from t where ds = '20161103'",
    "update t set b = 'new'", "delete from t where a = 30",
    "merge into t using (select 30 as k) s on t.a = s.k when matched then update set b = 'new' when not matched then insert (a, b, ds) values (s.k, 'x', '20161103')",
])
def test_a_killed_statement_leaves_the_old_or_the_new(days, statement, point):
    old = days.rows("t")
    days(statement, env={"WEIR_FAILPOINT": point}, code=None)
    killed, left = days.result.code, days.rows("t")
    assert killed in (-9, 0)        # a statement that writes no file passes no point of files
    days("alter table t touch")
    days(statement)
    new = days.rows("t")
    if killed:
        assert left == (new if point == "commit-after" else old)
    days("insert into t partition (ds='20161101') values (77, 'sweeps')")
    strays = set(readers.files_on_disk(days.path("t"))) - every_named_file(days.path("t"))
    assert strays == set()


def every_named_file(table):
    """The files that any version of the table has."""
    names = set()
    for log in (table / "_delta_log").glob("*.json"):
        for line in log.read_text().splitlines():
            path = json.loads(line).get("add", {}).get("path")
            if path:
                names.add(str(table / urllib.parse.unquote(path)))
    return names

"""Daily increments merged into the day before: the new row wins whole, rows without a new one go on, reruns give the same.

Expected rows are constants, the server's own (PyMySQL), or those of a model of ten lines. Lake tables are read by other programs.
"""

import datetime
import json
import random
import signal
import time
import types

import deltalake
import pyarrow as pa
import pytest
import readers
import tables
from copies import BIZDATE
from test_atomic import AFTER, BEFORE, Story, finish, wait_for_pause


@pytest.fixture
def one(mariadb, make_database, make_project):
    """(project, database) of one server, for what does not depend on it."""
    database = make_database(mariadb)
    return make_project("project", database.datasource()), database


def merge(project, name="dw", source=None, job=None, **target):
    source = {"table": "t", "where": "day = '${bizdate}'", **(source or {})}
    project.job(name, source={key: value for key, value in source.items() if value is not None},
                target={"table": "dw", "partition": "ds=${bizdate}", "mode": "merge", **target}, **(job or {}))


def full(project, name="full", table="dw", **source):
    """The whole source into a partition: with what merges begin."""
    project.job(name, source={"table": "t", **source}, target={"table": table, "partition": "ds=${bizdate}"})


def run(project, bizdate=BIZDATE, name="dw", code=0, **options):
    return project.run(name, "--bizdate", bizdate, "--quiet", code=code, **options)


def rows(project, bizdate=None, table="dw", has_instants=False):
    """Rows as tuples; delta-rs and DuckDB agree about them (its Python package needs another one for instants)."""
    path = project.table(table)
    seen = readers.delta_rows(path)
    if not has_instants:
        assert readers.duckdb_rows(path, columns=", ".join(f'"{name}"' for name in seen[0]) if seen else "*") == seen
    return [tuple(value for name, value in row.items() if name != "ds") for row in seen if bizdate in (None, row.get("ds"))]


def leftovers(project, table="dw"):
    return Story.leftovers(types.SimpleNamespace(table=project.table(table)))


def fill(database, *values, columns="id INT PRIMARY KEY, v VARCHAR(20), day VARCHAR(8)", table="t"):
    database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
    for row in values:
        database.execute(f"REPLACE INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)


def counts(result):
    return tuple(result[key] for key in ("rows_read", "rows_written", "rows_updated", "rows_inserted", "rows_kept"))


# ---- The product's page -----------------------------------------------------------------------------------

OPTIME = datetime.datetime
USERS_13 = [(1, "LiLei", 100, "M", OPTIME(2016, 11, 13)), (2, "HanMM", None, "F", OPTIME(2016, 11, 13)),
            (3, "Jim", 102, "M", OPTIME(2016, 11, 12)), (4, "Kate", 103, "F", OPTIME(2016, 11, 12)),
            (5, "Lily", 104, "F", OPTIME(2016, 11, 11))]
CHANGES_14 = ["UPDATE user SET deptno = 101, optime = '2016-11-14 10:00:00' WHERE uid = 2",       # null to non-null
              "UPDATE user SET deptno = 104, optime = '2016-11-14 11:00:00' WHERE uid = 3",       # non-null to non-null
              "UPDATE user SET deptno = NULL, optime = '2016-11-14 12:00:00' WHERE uid = 4",      # non-null to null
              "DELETE FROM user WHERE uid = 5",
              "INSERT INTO user VALUES (6, 'Lucy', 105, 'F', '2016-11-14 13:00:00')"]
USERS_14 = [(1, "LiLei", 100, "M", OPTIME(2016, 11, 13)), (2, "HanMM", 101, "F", OPTIME(2016, 11, 14, 10)),
            (3, "Jim", 104, "M", OPTIME(2016, 11, 14, 11)), (4, "Kate", None, "F", OPTIME(2016, 11, 14, 12)),
            (5, "Lily", 104, "F", OPTIME(2016, 11, 11)), (6, "Lucy", 105, "F", OPTIME(2016, 11, 14, 13))]


@pytest.fixture
def page(project, database):
    database.execute("CREATE TABLE user (uid BIGINT PRIMARY KEY, uname VARCHAR(50), deptno BIGINT, gender VARCHAR(1), "
                     "optime DATETIME)")
    database.executemany("INSERT INTO user VALUES (%s, %s, %s, %s, %s)", USERS_13)
    return project


@pytest.mark.parametrize("has_partition", [True, False], ids=["partition", "table"])
def test_page(has_partition, page, database):
    """Daily incremental with merge: the deleted uid 5 is still there, as the page says; NULL wins like any value."""
    partition = {"partition": "ds=${bizdate}"} if has_partition else {}
    page.job("dw_user_full", source={"table": "user"}, target={"table": "dw", **partition},
             schedule={"cycle": "daily", "paused": True})
    page.job("dw_user", source={"table": "user", "incremental": "optime"},
             target={"table": "dw", **partition, "mode": "merge", "key": ["uid"]})
    run(page, "20161113", "dw_user_full")
    for change in CHANGES_14:
        database.execute(change)
    result = run(page, "20161114", "dw_user").json
    assert rows(page, "20161114" if has_partition else None) == USERS_14
    assert counts(result) == (4, 6, 3, 1, 2)
    assert result["base"] == ("ds=20161113" if has_partition else "")
    assert result["replaced_rows"] == (0 if has_partition else 5)
    assert result["warnings"] == []
    if has_partition:
        assert rows(page, "20161113") == USERS_13
    # A rerun gives the same table; so does the next day, on which nothing happens.
    assert counts(run(page, "20161114", "dw_user").json) == ((4, 6, 3, 1, 2) if has_partition else (4, 6, 4, 0, 2))
    assert rows(page, "20161114" if has_partition else None) == USERS_14
    assert counts(run(page, "20161115", "dw_user").json) == (0, 6, 0, 0, 6)
    assert rows(page, "20161115" if has_partition else None) == USERS_14
    assert leftovers(page) == []


# ---- Keys -------------------------------------------------------------------------------------------------

KEYS = {
    "BIGINT UNSIGNED": [0, 5, 18446744073709551615, 18446744073709551614],
    "TINYINT": [-128, 0, 127, 1],
    "DECIMAL(20,4)": ["-1.5", "0", "1234567890123456.0001", "1234567890123456"],
    "DECIMAL(38,0)": ["9" * 38, "-" + "9" * 38, "0", "1"],
    "DOUBLE": [0.1, -1e300, 0, 3.5],
    "VARCHAR(20) COLLATE utf8mb4_bin": ["a", "A", "ä", "日本 🐟"],
    "VARCHAR(20)": ["b ", "'\"`\\", "", "[*?]"],
    "VARBINARY(10)": [b"", b"\x00", b"\x00\x01", b"\xff'"],
    "DATE": ["0001-01-01", "9999-12-31", "2016-11-14", "1969-12-31"],
    "DATETIME(6)": ["2016-11-14 08:30:00.000001", "2016-11-14 08:30:00", "1000-01-01 00:00:00", "9999-12-31 23:59:59.999999"],
    "TIMESTAMP(3)": ["2016-11-14 08:30:00.001", "2016-11-14 08:30:00", "1971-01-01 00:00:00", "2037-01-01 00:00:00"],
    "TIME(3)": ["-838:59:59.000", "00:00:00", "838:59:59.000", "12:00:00.5"],
    "YEAR": [1901, 2155, 2016, 2000],
    "ENUM('x','y','z','')": ["x", "y", "z", ""],
}


@pytest.mark.parametrize("kind", KEYS)
def test_key_type(kind, project, database):
    """Two of four rows change and two come; every v is another, so they say which rows are there."""
    values = KEYS[kind]
    database.execute(f"CREATE TABLE t (k {kind} NOT NULL, v INT, PRIMARY KEY (k))")
    for i in (0, 1, 2):
        database.execute("INSERT INTO t VALUES (%s, %s)", (values[i], i))
    full(project)
    merge(project, source={"where": "v >= 10"})
    run(project, "20161113", "full")
    database.execute("UPDATE t SET v = v + 10 WHERE v IN (1, 2)")
    database.execute("INSERT INTO t VALUES (%s, 13)", (values[3],))
    assert counts(run(project).json) == (3, 4, 2, 1, 1)
    # A full copy of the same rows into another day is the same table.
    run(project, "20161120", "full")
    new, copy = (rows(project, day, has_instants="TIMESTAMP" in kind) for day in ("20161114", "20161120"))
    assert new == copy
    assert sorted(row[1] for row in new) == [0, 11, 12, 13]


def test_key_of_two_columns(project, database):
    fill(database, (1, "a", 0), (1, "b", 0), (2, "a", 0), columns="id INT, name VARCHAR(5), v INT, PRIMARY KEY (name, id)")
    full(project)
    run(project, "20161113", "full")
    fill(database, (1, "b", 5), (2, "b", 6))
    for key in (None, ["id", "name"], ["NAME", "ID"]):       # the source's own, as it is; named
        merge(project, source={"where": "v > 0"}, **({"key": key} if key else {}))
        assert counts(run(project).json) == (2, 4, 1, 1, 2)
        assert rows(project, "20161114") == [(1, "a", 0), (1, "b", 5), (2, "a", 0), (2, "b", 6)]


def test_text_keys_are_bytes(one):
    """The server takes 'a' and 'A' for one key; the lake tells them apart."""
    project, database = one
    fill(database, ("a", 0), columns="k VARCHAR(5) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT")
    full(project)
    merge(project, source={"where": "v > 0"})
    run(project, "20161113", "full")
    database.execute("UPDATE t SET k = 'A', v = 1")
    run(project)
    assert rows(project, "20161114") == [("A", 1), ("a", 0)]


def test_null_keys(one):
    project, database = one
    columns = "a INT, b VARCHAR(5), v INT"
    fill(database, (1, "x", 0), (None, "x", 1), (None, "x", 2), (2, None, 3), columns=columns)
    full(project)
    run(project, "20161113", "full")
    database.execute("DELETE FROM t")
    fill(database, (1, "x", 10), (None, "x", 11), (3, None, 12))
    # In the increment they are dirty: nobody knows which row they are.
    merge(project, key=["a", "b"], source={"where": None})
    failed = run(project, code=5)
    assert readers.partitions(project.table("dw")) == [{"ds": "20161113"}]
    merge(project, key=["a", "b"], source={"where": None}, job={"dirty_limit": 2})
    result = run(project).json
    assert (result["rows_dirty"], *counts(result)) == (2, 3, 4, 1, 0, 3)
    rejected = [json.loads(line) for line in open(result["reject_file"])]
    assert sorted((row["reason"], row["column"], row["row"]["v"]) for row in rejected) == [
        ("is NULL in the key of the merge", "a", 11), ("is NULL in the key of the merge", "b", 12)]
    # In the base they are rows like others that nothing new is known of.
    assert rows(project, "20161114") == [(None, "x", 1), (None, "x", 2), (1, "x", 10), (2, None, 3)]
    assert failed.json["error"]["kind"] == "dirty"


def test_source_without_a_key(one):
    project, database = one
    fill(database, columns="id INT, v INT")
    merge(project, source={"where": None})
    said = run(project, code=2).stderr
    assert "the source has no key to merge by" in said and 'hint: Name the columns' in said
    merge(project, source={"where": None}, key="idd")
    said = run(project, code=2).stderr
    assert 'the source has no column "idd", which is the key of the merge' in said and 'Did you mean "id"?' in said
    merge(project, source={"where": None}, key=["id", "ID"])
    assert '"key" names the column "ID" twice' in run(project, code=2).stderr
    merge(project, source={"where": None}, key="id", order_by="w")
    assert '"w", which is "order_by" of the merge' in run(project, code=2).stderr
    assert not project.table("dw").exists()


# ---- Keys that stand twice --------------------------------------------------------------------------------


@pytest.fixture
def shards(one):
    """A base with two rows, and an increment from two shards that share the keys 1 and 3."""
    project, database = one
    columns = "id INT PRIMARY KEY, v VARCHAR(20), changed INT"
    fill(database, (1, "old", 1), (2, "old", 1), columns=columns)
    full(project)
    run(project, "20161113", "full")
    fill(database, (1, "s0", 5), (3, "s0", None), (4, "s0", 7), columns=columns, table="s_0")
    fill(database, (1, "s1", 4), (3, "s1", 2), columns=columns, table="s_1")
    return project, database


def sharded(project, **target):
    merge(project, source={"table": None, "where": None, "tables": ["s_[0-1]"]}, key="id", **target)


def test_keys_twice_in_the_increment(shards):
    project, _ = shards
    sharded(project)
    said = run(project, code=2).stderr
    assert '2 keys (id) stand in several rows of the source: "1", "3"' in said and '"order_by"' in said
    assert readers.partitions(project.table("dw")) == [{"ds": "20161113"}]
    assert leftovers(project) == []


def test_the_greatest_wins(shards):
    project, database = shards
    sharded(project, order_by="changed")
    result = run(project).json
    assert rows(project, "20161114") == [(1, "s0", 5), (2, "old", 1), (3, "s1", 2), (4, "s0", 7)]
    assert counts(result) == (5, 4, 1, 2, 1)
    assert result["warnings"] == ['2 rows of the source gave way to one with the same key and a greater "changed"']
    # A tie at the top is no order; below it does not matter.
    fill(database, (1, "s1", 5), table="s_1")
    said = run(project, code=2).stderr
    assert '1 key (id) stands in several rows of the source: "1"' in said and 'They have the same "changed"' in said


def test_keys_twice_in_the_base(one):
    """Only where the increment has the key, too: which row changed nobody knows."""
    project, database = one
    fill(database, (1, "a", "20161113"), (1, "b", "20161113"), (2, "c", "20161113"), columns="id INT, v VARCHAR(5), day VARCHAR(8)")
    full(project)
    merge(project, key="id")
    run(project, "20161113", "full")
    fill(database, (2, "d", "20161114"))
    assert counts(run(project).json) == (1, 3, 1, 0, 2)
    assert rows(project, "20161114") == [(1, "a", "20161113"), (1, "b", "20161113"), (2, "d", "20161114")]
    fill(database, (1, "e", "20161114"))
    version = readers.version(project.table("dw"))
    said = run(project, code=4).stderr
    assert '1 key (id) stands in several rows of the table that the source has too: "1"' in said and "hint" in said
    assert readers.version(project.table("dw")) == version
    assert leftovers(project) == []


# ---- Columns that change ----------------------------------------------------------------------------------


def test_changed_types(one):
    """The table's types stay; a value that does not fit is dirty."""
    project, database = one
    fill(database, (1, 10), (2, 20), (3, 30), columns="id INT PRIMARY KEY, v SMALLINT")
    full(project)
    run(project, "20161113", "full")
    database.execute("ALTER TABLE t MODIFY v BIGINT, MODIFY id VARCHAR(10)")
    database.execute("UPDATE t SET v = 70000 WHERE id = '2'")
    database.execute("UPDATE t SET v = 31 WHERE id = '3'")
    database.execute("INSERT INTO t VALUES ('x', 1), ('04', 40)")
    merge(project, source={"where": "v <> 10"}, job={"dirty_limit": 2})
    result = run(project).json
    assert (result["rows_dirty"], *counts(result)) == (2, 4, 4, 1, 1, 2)
    # The row of the base stays where the new one is dirty.
    assert rows(project, "20161114") == [(1, 10), (2, 20), (3, 31), (4, 40)]
    assert [str(kind) for kind in readers.delta_arrow(project.table("dw")).schema.types[:2]] == ["int32", "int16"]


def test_columns_that_come_and_go(one):
    """A new row wins whole: a column that the source lost is NULL in it, and stays in the rows of the base."""
    project, database = one
    fill(database, (1, "a", 10), (2, "b", 20), columns="id INT PRIMARY KEY, gone VARCHAR(5), v INT")
    full(project)
    run(project, "20161113", "full")
    database.execute("ALTER TABLE t DROP COLUMN gone, ADD COLUMN extra VARCHAR(5)")
    database.execute("UPDATE t SET v = 21, extra = 'new' WHERE id = 2")
    merge(project, source={"where": "extra IS NOT NULL"})
    result = run(project).json
    assert rows(project, "20161114") == [(1, "a", 10, None), (2, None, 21, "new")]
    assert rows(project, "20161113") == [(1, "a", 10, None), (2, "b", 20, None)]
    assert result["warnings"] == ['column "gone" is not in the source: NULL in these rows',
                                  'column "extra" is added to the table']
    run(project, "20161115")
    assert rows(project, "20161115") == rows(project, "20161114")


# ---- The base ---------------------------------------------------------------------------------------------


def test_first_merge_of_all(project, database):
    """Without a table the increment is all there is, and a warning says so. Again, and after the next day, too."""
    fill(database, (1, "a", "20161114"), (2, "b", "20161115"))
    merge(project)
    warning = "there is nothing to merge with (partition ds=20161113 of a new table): the rows of the source are all that there will be"
    for _ in range(2):
        result = run(project).json
        assert rows(project, "20161114") == [(1, "a", "20161114")]
        assert (result["base"], *counts(result)) == (None, 1, 1, 0, 1, 0)
        assert result["warnings"] == [warning]
        warning = warning.replace("of a new table", "has no files")
    assert run(project, "20161115").json["base"] == "ds=20161114"
    assert rows(project, "20161115") == [(1, "a", "20161114"), (2, "b", "20161115")]
    assert run(project).json["warnings"] == [warning]
    assert rows(project, "20161114") == [(1, "a", "20161114")]


def test_base_is_missing(one):
    """Rows of one day must not pass for a whole table."""
    project, database = one
    fill(database, (1, "a", "20161110"), (2, "b", "20161114"))
    full(project)
    for day in range(4, 11):
        run(project, f"201611{day:02}", "full")
    merge(project)
    for command in (lambda: run(project, code=4), lambda: project.weir("check", "dw", "--bizdate", BIZDATE, code=4)):
        said = command().stderr
        assert 'has no partition ds=20161113' in said
        assert "it has ..., ds=20161106, ds=20161107, ds=20161108, ds=20161109, ds=20161110" in said and "hint: " in said
    merge(project, base="ds=${yyyymmdd-4}")
    assert counts(run(project).json) == (1, 2, 1, 0, 1)
    assert rows(project, "20161114") == [(1, "a", "20161110"), (2, "b", "20161114")]
    # An empty partition is there.
    database.execute("DELETE FROM t")
    run(project, "20161120", "full")
    merge(project)
    assert counts(run(project, "20161121").json) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("partition, base, expected", [
    ("ds=${bizdate}", None, "ds=20161031"),                                      # over the end of a month
    ("ds=${yyyy-mm-dd},region=cn", None, "ds=2016-10-31/region=cn"),
    ("pt=${yyyymm}", None, "pt=201610"),
    ("ds=${day},hh=$[hh24]", None, "ds=20161031/hh=06"),
    ("ds=${bizdate},region=cn", "region=us,ds=${yyyymmdd-7}", "ds=20161025/region=us"),
    ("region=cn", None, "region=cn"),
])
def test_base_of_the_day_before(partition, base, expected, one):
    project, database = one
    fill(database)
    merge(project, partition=partition, job={"args": {"day": "$bizdate"}, "schedule": {"at": "06:00"}},
          **({"base": base} if base else {}))
    shown = project.weir("check", "dw", "--bizdate", "20161101").stdout
    name = "the partition itself" if expected == "region=cn" else f"partition {expected}"
    assert f"warning   there is nothing to merge with ({name} of a new table)" in shown
    # Days of an argument that the command line gives are those of the business date, too.
    if "${day}" in partition:
        assert "(partition ds=2016-10-31/hh=06 of" in project.weir("check", "dw", "--bizdate", "20161101", "--param",
                                                                   "day=${yyyy-mm-dd}").stdout


def test_partition_that_is_its_own_base(one):
    project, database = one
    fill(database, (1, "a", "20161114"), (2, "b", "20161114"))
    merge(project, partition="region=cn")
    assert counts(run(project).json) == (2, 2, 0, 2, 0)
    fill(database, (2, "c", "20161115"), (3, "d", "20161115"))
    assert counts(run(project, "20161115").json) == (2, 3, 1, 1, 1)
    assert counts(run(project, "20161115").json) == (2, 3, 2, 0, 1)
    assert [row[:2] for row in rows(project)] == [(1, "a"), (2, "c"), (3, "d")]


def test_check_shows_the_merge(one):
    project, database = one
    fill(database, (1, "a", "20161113"), (2, "b", "20161114"))
    full(project)
    run(project, "20161113", "full")
    merge(project, source={"where": None})
    shown = project.weir("check", "dw", "--bizdate", BIZDATE).stdout
    assert "job dw, business date 20161114: merge, target dw\n" in shown
    assert "  note      merge by id with partition ds=20161113 at version 0, 2 rows\n" in shown
    plan = project.weir("check", "dw", "--bizdate", BIZDATE, "--json").json
    assert (plan["mode"], plan["notes"][-1]) == ("merge", "merge by id with partition ds=20161113 at version 0, 2 rows")
    assert readers.version(project.table("dw")) == 0


def test_backwards(one):
    """An old day again: it is merged with the day before it as it is now, and later days stay."""
    project, database = one
    fill(database, (1, "a", "20161113"))
    full(project)
    merge(project)
    run(project, "20161113", "full")
    fill(database, (2, "b", "20161114"))
    run(project, "20161114")
    fill(database, (3, "c", "20161115"))
    run(project, "20161115")
    before = rows(project, "20161114"), rows(project, "20161115")
    run(project, "20161114")
    assert (rows(project, "20161114"), rows(project, "20161115")) == before
    fill(database, (4, "d", "20161114"))            # one that came late
    run(project, "20161114")
    assert [row[0] for row in rows(project, "20161114")] == [1, 2, 4]
    assert rows(project, "20161115") == before[1]
    run(project, "20161115")
    assert [row[0] for row in rows(project, "20161115")] == [1, 2, 3, 4]


# ---- Tables of other writers ------------------------------------------------------------------------------


def test_table_of_delta_rs(one):
    """Typed partition columns, several files, columns in another order and spelling."""
    project, database = one
    def day(number, ids, note):
        return pa.table({"DS": pa.array([datetime.date(2016, 11, number)] * len(ids)), "V": [note] * len(ids),
                         "Id": pa.array(ids, pa.int64()), "other": pa.array([1.5] * len(ids), pa.float64())})
    for ids in ([1, 2], [3], [4, 5]):
        deltalake.write_deltalake(project.table("dw"), day(13, ids, "old"), partition_by=["DS"], mode="append")
    deltalake.write_deltalake(project.table("dw"), day(12, [9], "older"), partition_by=["DS"], mode="append")
    fill(database, (2, "x"), (3, "y"), (7, "z"), columns="id INT PRIMARY KEY, v VARCHAR(5)")
    merge(project, source={"where": None}, partition="ds=${yyyy-mm-dd}")
    result = run(project).json
    assert (result["base"], *counts(result)) == ("DS=2016-11-13", 3, 6, 2, 1, 3)
    new = [row for row in readers.delta_rows(project.table("dw")) if row["DS"] == datetime.date(2016, 11, 14)]
    assert [(row["Id"], row["V"], row["other"]) for row in sorted(new, key=lambda row: row["Id"])] == [(1, "old", 1.5), (2, "x", None), (3, "y", None), (4, "old", 1.5),
                                                    (5, "old", 1.5), (7, "z", None)]


def test_column_that_weir_does_not_write(one):
    project, database = one
    deltalake.write_deltalake(project.table("dw"), pa.table({"id": [1], "tags": [["a"]]}))
    fill(database, (1,), columns="id BIGINT PRIMARY KEY")
    project.job("dw", source={"table": "t"}, target={"table": "dw", "mode": "merge"})
    said = run(project, code=2).stderr
    assert 'column "tags"' in said and "which weir does not write" in said


# ---- Whatever stops it ------------------------------------------------------------------------------------


@pytest.fixture
def story(one):
    project, database = one
    fill(database, *[(i, "old", "20161113") for i in range(50)])
    full(project)
    merge(project)
    run(project, "20161113", "full")
    fill(database, *[(i, "one", "20161114") for i in range(40, 60)])
    return project, database


OLD = [(i, "old", "20161113") for i in range(40)]
ONE = sorted(OLD + [(i, "one", "20161114") for i in range(40, 60)], key=lambda row: str(row[0]))


def test_kill_at(story):
    """Each point of the first writing, which sets the increment aside, and of the second, which writes the partition."""
    project, database = story
    points = sorted(BEFORE - {"snapshot-held", "snapshot-opened"}) + ["files-before:2", "files-during:2", "files-after:2"]
    for point in points:
        run(project, env={"WEIR_FAILPOINT": point}, code=-signal.SIGKILL)
        assert rows(project, "20161114") == []
    run(project, env={"WEIR_FAILPOINT": "commit-after"}, code=-signal.SIGKILL)
    assert rows(project, "20161114") == ONE
    # Again, over a partition that is there.
    database.execute("UPDATE t SET v = 'two' WHERE day = '20161114'")
    for point in points:
        run(project, env={"WEIR_FAILPOINT": point}, code=-signal.SIGKILL)
        assert rows(project, "20161114") == ONE
    for path in (project.table("dw") / "_delta_log").glob(".*.tmp"):
        path.unlink()
    assert counts(run(project).json) == (20, 60, 10, 10, 40)
    assert {row[1] for row in rows(project, "20161114")} == {"old", "two"}
    assert leftovers(project) == []


def test_the_points_are_all_of_them():
    assert {"files-before", "files-during", "files-after", "commit-before"} <= BEFORE and "commit-after" in AFTER


@pytest.mark.parametrize("point", ["files-after", "files-during:2", "files-after:2"])
def test_stop(point, story):
    project, _ = story
    child = project.spawn("run", "dw", "--bizdate", BIZDATE, "--json", "--quiet", env={"WEIR_FAILPOINT": f"{point}=sleep:2500"})
    wait_for_pause(types.SimpleNamespace(table=project.table("dw")), child)
    time.sleep(1)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    code, _, err = finish(child, timeout=15)
    assert code == 130, err
    assert rows(project, "20161114") == []
    assert leftovers(project) == []


# ---- Other writers ----------------------------------------------------------------------------------------


def slow_merge(project, meanwhile, code):
    child = project.spawn("run", "dw", "--bizdate", BIZDATE, "--json", "--quiet", env={"WEIR_FAILPOINT": "commit-before=sleep:3000"})
    wait_for_pause(types.SimpleNamespace(table=project.table("dw")), child)
    time.sleep(1)
    meanwhile()
    got, out, err = finish(child)
    assert got == code, err
    return err


def test_the_base_changes_meanwhile(story):
    project, database = story
    database.execute("INSERT INTO t VALUES (100, 'late', '20161113')")
    said = slow_merge(project, lambda: run(project, "20161113", "full"), code=4)
    assert 'another writer' in said and '"ds=20161113"' in said and "nothing was published" in said
    assert rows(project, "20161114") == []
    assert leftovers(project) == []
    assert run(project).json["status"] == "done"


def test_rows_are_added_to_the_base_meanwhile(story):
    project, _ = story
    project.job("more", source={"table": "t", "where": "id = 1"}, target={"table": "dw", "partition": "ds=${bizdate}", "mode": "append"})
    assert '"ds=20161113"' in slow_merge(project, lambda: run(project, "20161113", "more"), code=4)


def test_the_partition_changes_meanwhile(story):
    project, _ = story
    said = slow_merge(project, lambda: run(project, "20161114"), code=4)
    assert '"ds=20161114"' in said and "nothing was published" in said
    assert rows(project, "20161114") == ONE


def test_another_partition_changes_meanwhile(story):
    project, _ = story
    slow_merge(project, lambda: run(project, "20161120", "full"), code=0)
    assert rows(project, "20161114") == ONE


def test_the_base_is_laid_out_anew_meanwhile(story):
    """The same rows in another file: what was computed from them is still right."""
    project, database = story
    project.job("more", source={"table": "t", "where": "id = 40"}, target={"table": "dw", "partition": "ds=${bizdate}", "mode": "append"})
    database.execute("UPDATE t SET id = 99 WHERE id = 59")
    run(project, "20161113", "more")                # a second file for the base; the key 40 stands there twice
    database.execute("DELETE FROM t WHERE id = 40")
    slow_merge(project, lambda: deltalake.DeltaTable(str(project.table("dw"))).optimize.compact(), code=0)
    assert [row[0] for row in rows(project, "20161114") if row[0] >= 40] == sorted([40, 40, *range(41, 59), 99])


# ---- A model ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_model(seed, project, database):
    """Days of random changes. A dictionary says what each day's partition holds; the table without partitions is the last."""
    chance = random.Random(seed)
    pick = [None, 0, 1, "x", "ß", ""]
    database.execute("CREATE TABLE t (a INT, b VARCHAR(3) COLLATE utf8mb4_bin, v VARCHAR(9), w INT, day VARCHAR(8), PRIMARY KEY (a, b))")
    project.configure(threads=chance.choice([1, 2, 3]))
    merge(project, row_group_rows=2048)
    project.job("flat", source={"table": "t", "where": "day = '${bizdate}'"}, target={"table": "flat", "mode": "merge"})
    model, days = {}, {}
    for number in range(1, 9):
        day = f"201611{number:02}"
        for _ in range(chance.choice([0, 3, 40])):
            key = chance.randrange(30), chance.choice("abA")
            if chance.random() < 0.2:
                database.execute("DELETE FROM t WHERE a = %s AND b = %s", key)
            else:
                database.execute("REPLACE INTO t VALUES (%s, %s, %s, %s, %s)",
                                 (*key, chance.choice(pick), chance.choice([None, 5]), day))
        model.update({row[:2]: row for row in database.query("SELECT * FROM t WHERE day = %s", (day,))})
        days[day] = sorted(model.values(), key=lambda row: [(value is not None, str(value)) for value in row])
        result = run(project, day).json
        assert result["rows_written"] == len(model)
        assert result["rows_updated"] + result["rows_inserted"] == result["rows_read"]
        run(project, day, "flat")
        if chance.random() < 0.3:
            run(project, day, chance.choice(["dw", "flat"]))
    for day, expected in days.items():
        assert rows(project, day) == expected
    assert rows(project, table="flat") == days[day]
    assert leftovers(project) == []


# ---- Size, and the other way in ---------------------------------------------------------------------------


def test_memory(one):
    """More rows than the option holds: they are set aside on disk, and nothing fails."""
    project, database = one
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100), day VARCHAR(8))")
    tables.fill(database, "t", "n, SHA2(n, 256), '20161113'", 300_000)
    full(project)
    run(project, "20161113", "full")
    database.execute("UPDATE t SET v = 'new', day = '20161114' WHERE id % 2 = 0")
    merge(project, job={"memory": "16MiB"})
    result = run(project).json
    assert counts(result) == (150_000, 300_000, 150_000, 0, 150_000)
    table = readers.delta(project.table("dw")).to_pyarrow_table(filters=[("ds", "=", BIZDATE)])
    assert table.num_rows == 300_000 and len(set(table["id"].to_pylist())) == 300_000
    assert sum(value == "new" for value in table["v"].to_pylist()) == 150_000
    # Every key twice.
    database.execute("CREATE TABLE u LIKE t")
    database.execute("INSERT INTO u SELECT id, 'newer', day FROM t WHERE id % 2 = 0")
    merge(project, job={"memory": "16MiB"}, source={"table": None, "tables": ["t", "u"]}, order_by="v")
    assert counts(run(project).json) == (300_000, 300_000, 150_000, 0, 150_000)
    table = readers.delta(project.table("dw")).to_pyarrow_table(filters=[("ds", "=", BIZDATE)])
    assert sum(value == "newer" for value in table["v"].to_pylist()) == 150_000


def test_copy(weir, database, tmp_path):
    fill(database, (1, "a", "x"), (2, "b", "x"))
    target = tmp_path / "lake" / "dw"
    options = "--mode", "merge", "--partition", "ds=${bizdate}", "--json"
    def copy(day, *more, code=0):
        return weir("copy", database.url("t"), target, *options, "--bizdate", day, *more, code=code)
    assert counts(copy("20161113").json) == (2, 2, 0, 2, 0)
    database.execute("UPDATE t SET v = 'c' WHERE id = 2")
    assert counts(copy("20161114", "--where", "id = 2", "--key", "id").json) == (1, 2, 1, 0, 1)
    assert copy("20161120", "--base", "ds=${yyyymmdd-6}").json["base"] == "ds=20161114"
    assert "has no partition ds=20161129" in copy("20161130", code=4).stderr
    assert "--base is a partition: --partition is missing" in weir("copy", database.url("t"), target, "--mode", "merge", "--base", "ds=1", code=2).stderr
    assert "--key has a meaning with --mode merge only" in weir("copy", database.url("t"), target, "--key", "id", code=2).stderr
    assert readers.delta_rows(target, partition={"ds": "20161114"}, columns=["id", "v"]) == [{"id": 1, "v": "a"}, {"id": 2, "v": "c"}]

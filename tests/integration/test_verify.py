"""`weir verify`: equal where it is equal, and where it is not exactly the keys and columns that were changed.

Sources are changed through PyMySQL, targets through delta-rs, so what differs is known without weir.
"""

import datetime
import json
import os
import pathlib
import random
import signal
import time
from decimal import Decimal

import deltalake
import pyarrow as pa
import pytest

import readers
from copies import BIZDATE, copy, workshop
from tables import fill
from test_types import Everything

DIFFERENT = 6


def verify(project, job="copy", *args, code=0):
    result = project.weir("verify", job, "--bizdate", BIZDATE, "--json", "--quiet", *args, code=code)
    report = result.json
    assert report["status"] == {0: "equal", DIFFERENT: "different"}.get(result.code, "failed")
    assert (report["error"] is None) == (result.code == 0)
    return report


def equal(project, job="copy", *args, rows=None):
    report = verify(project, job, *args)
    assert report["rows_source"] == report["rows_target"]
    assert (report["missing"], report["extra"], report["different"], report["keys"]) == (0, 0, 0, [])
    assert report["slices_different"] == 0
    if rows is not None:
        assert report["rows_source"] == rows
    return report


def differs(project, job="copy", *args):
    """{(kind, key): {column: (source, target)}} of what differs."""
    report = verify(project, job, *args, code=DIFFERENT)
    assert report["complete"]
    assert report["error"]["kind"] == "different"
    found = {(one["kind"], *one["key"].values()): {column["name"]: (column["source"], column["target"])
                                                   for column in one["columns"]} for one in report["keys"]}
    assert len(found) == len(report["keys"])
    for kind in ("missing", "extra", "different"):
        assert report[kind] == sum(one["rows"] for one in report["keys"] if one["kind"] == kind)
    return found


def overwrite(project, table, rows, **options):
    """The table's rows replaced by another program, in its own types."""
    path = str(project.table(table))
    schema = readers.delta_arrow(path).schema
    deltalake.write_deltalake(path, pa.Table.from_pylist(rows, schema=schema), mode="overwrite", **options)


def rows_of(project, table):
    return readers.delta_arrow(project.table(table)).to_pylist()


# ---- Equal ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything(server, tmp_path_factory):
    with workshop(server, tmp_path_factory.mktemp("verify_types")) as (database, project):
        yield Everything(server, database, project), database, project


def test_every_type_is_equal(everything):
    table, _, project = everything
    equal(project, rows=table.count)


def test_every_type_is_seen(everything):
    """One cell of each column is changed, over the rows: exactly those cells differ, and no other of their rows."""
    table, database, project = everything
    database.execute("CREATE TABLE before_change LIKE everything")
    names = ", ".join(f"`{case.name}`" for case in table.cases)
    database.execute(f"INSERT INTO before_change (id, {names}) SELECT id, {names} FROM everything")
    changed = {}
    for n, case in enumerate(table.cases):
        row = n % (len(case.literals) - 1)      # the last literal is NULL
        database.execute(f"UPDATE everything SET `{case.name}` = NULL WHERE id = {row}")
        changed.setdefault(("different", row), set()).add(case.name)
    found = differs(project)
    assert {key: set(columns) for key, columns in found.items()} == changed
    assert all(source is None and target is not None for columns in found.values() for source, target in columns.values())
    # Now another value of the column.
    for n, case in enumerate(table.cases):
        row = n % (len(case.literals) - 1)
        other = next((i for i, value in enumerate(case.expected[:-1]) if value != case.expected[row]), None)
        if other is None:
            changed["different", row].remove(case.name)
            other = row
        database.execute(f"UPDATE everything SET `{case.name}` = (SELECT `{case.name}` FROM before_change WHERE id = {other}) WHERE id = {row}")
    found = differs(project)
    assert {key: set(columns) for key, columns in found.items()} == {key: names for key, names in changed.items() if names}
    for n, case in enumerate(table.cases):
        row = n % (len(case.literals) - 1)
        database.execute(f"UPDATE everything SET `{case.name}` = (SELECT `{case.name}` FROM before_change WHERE id = {row}) WHERE id = {row}")
    equal(project)


def test_floats_to_the_bit(mysql, make_database, make_project):
    database = make_database(mysql)
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, d DOUBLE, f FLOAT)")
    database.execute("INSERT INTO t VALUES (1, 0.1, 0.1), (2, '-0.0', 1), (3, 0, '-0.0')")
    copy(project, "t")
    equal(project)
    database.execute("UPDATE t SET d = 0.10000000000000002 WHERE id = 1")
    database.execute("UPDATE t SET d = 0 WHERE id = 2")
    database.execute("UPDATE t SET f = 0 WHERE id = 3")
    found = differs(project)
    assert set(found) == {("different", 1), ("different", 2), ("different", 3)}
    assert found["different", 1] == {"d": (0.10000000000000002, 0.1)}
    assert list(found["different", 2]) == ["d"] and list(found["different", 3]) == ["f"]


def test_empty_both(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    copy(project, "t", target_keys={"partition": "ds=${bizdate}"})
    report = equal(project, rows=0)
    assert report["slices"] == 0
    database.execute("INSERT INTO t VALUES (1, 1)")
    assert differs(project) == {("missing", 1): {}}
    database.execute("INSERT INTO t VALUES (2, 1)")
    copy(project, "t", target_keys={"partition": "ds=${bizdate}"})
    database.execute("DELETE FROM t")
    assert differs(project) == {("extra", 1): {}, ("extra", 2): {}}


# ---- Single rows ------------------------------------------------------------------------------------------


@pytest.fixture
def people(database, project):
    database.execute("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20), score DECIMAL(8,2), seen DATETIME(3), big BIGINT UNSIGNED)")
    fill(database, "people", "n, CONCAT('name ', n), n / 4, '2016-11-14 08:30:00', 18446744073709551615 - n", 5000)
    copy(project, "people", threads=2)
    equal(project, rows=5000)
    return database


def test_rows_that_changed_at_the_source(people, project):
    people.execute("DELETE FROM people WHERE id IN (17, 4999)")
    people.execute("INSERT INTO people VALUES (-5, 'new', NULL, NULL, 0)")
    people.execute("UPDATE people SET name = 'NAME 100', score = -1 WHERE id = 100")
    people.execute("UPDATE people SET seen = '2016-11-14 08:30:00.001' WHERE id = 101")
    people.execute("UPDATE people SET name = NULL WHERE id = 102")
    people.execute("UPDATE people SET name = '' WHERE id = 103")
    people.execute("UPDATE people SET big = 18446744073709551615 WHERE id = 104")
    people.execute("UPDATE people SET id = 6000 WHERE id = 105")
    assert differs(project) == {
        ("extra", 17): {}, ("extra", 4999): {}, ("missing", -5): {},
        ("different", 100): {"name": ("NAME 100", "name 100"), "score": ("-1.00", "25.00")},
        ("different", 101): {"seen": ("2016-11-14 08:30:00.001000", "2016-11-14 08:30:00")},
        ("different", 102): {"name": (None, "name 102")},
        ("different", 103): {"name": ("", "name 103")},
        ("different", 104): {"big": (18446744073709551615, "18446744073709551511")},
        ("missing", 6000): {}, ("extra", 105): {},
    }
    copy(project, "people", threads=2)
    equal(project)


def test_target_that_somebody_else_changed(people, project):
    rows = rows_of(project, "copy")
    del rows[10]
    rows[20]["name"] = "tampered"
    rows[30]["seen"] = datetime.datetime(2016, 11, 14, 8, 30, 0, 1)
    rows.append({"id": 9000, "name": None, "score": None, "seen": None, "big": None})
    rows.append({"id": None, "name": "no key", "score": Decimal("1.00"), "seen": None, "big": None})
    gone, changed, moved = 10, rows[20]["id"], rows[30]["id"]
    present = {row["id"] for row in rows}
    gone = next(n for n in range(5000) if n not in present)
    overwrite(project, "copy", rows)
    assert differs(project) == {
        ("missing", gone): {}, ("extra", 9000): {}, ("extra", None): {},
        ("different", changed): {"name": (f"name {changed}", "tampered")},
        ("different", moved): {"seen": ("2016-11-14 08:30:00", "2016-11-14 08:30:00.000001")},
    }


def test_values_swapped_between_columns_and_rows(database, project):
    """Sums of cells would not see these: each column and the table have the same cells as before."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, c VARCHAR(10), d VARCHAR(10))")
    database.execute("INSERT INTO t VALUES (1, 10, 20, 'ab', 'c'), (2, 30, 40, 'x', 'y'), (3, 50, 60, NULL, 'z'), (4, 7, 7, '', 'w')")
    copy(project, "t")
    database.execute("UPDATE t SET a = 20, b = 10 WHERE id = 1")          # between columns
    assert differs(project) == {("different", 1): {"a": (20, 10), "b": (10, 20)}}
    database.execute("UPDATE t SET a = 10, b = 20, c = 'a', d = 'bc' WHERE id = 1")      # a byte over the border
    assert differs(project) == {("different", 1): {"c": ("a", "ab"), "d": ("bc", "c")}}
    database.execute("UPDATE t SET c = 'ab', d = 'c' WHERE id = 1")
    database.execute("UPDATE t SET a = IF(id = 2, 50, 30) WHERE id IN (2, 3)")          # between rows
    assert differs(project) == {("different", 2): {"a": (50, 30)}, ("different", 3): {"a": (30, 50)}}
    database.execute("UPDATE t SET a = IF(id = 2, 30, 50) WHERE id IN (2, 3)")
    database.execute("UPDATE t SET c = IF(id = 3, '', NULL) WHERE id IN (3, 4)")        # NULL and empty
    assert differs(project) == {("different", 3): {"c": ("", None)}, ("different", 4): {"c": (None, "")}}
    database.execute("UPDATE t SET c = IF(id = 3, NULL, '') WHERE id IN (3, 4)")
    equal(project)


# ---- Keys -------------------------------------------------------------------------------------------------


def test_no_key_and_rows_that_repeat(database, project):
    database.execute("CREATE TABLE t (a INT, b VARCHAR(10))")
    database.execute("INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, 'y'), (NULL, NULL), (NULL, NULL)")
    copy(project, "t")
    equal(project, rows=6)
    database.execute("DELETE FROM t WHERE a = 1 LIMIT 2")
    database.execute("INSERT INTO t VALUES (2, 'y'), (2, 'y'), (3, 'new')")
    database.execute("DELETE FROM t WHERE a IS NULL LIMIT 1")
    report = verify(project, code=DIFFERENT)
    assert sorted((one["kind"], one["rows"], one["key"]["a"]) for one in report["keys"] if one["key"]["a"]) == \
        [("extra", 2, 1), ("missing", 1, 3), ("missing", 2, 2)]
    assert [(one["kind"], one["rows"], one["key"]) for one in report["keys"] if one["key"]["a"] is None] == \
        [("extra", 1, {"a": None, "b": None})]
    assert (report["missing"], report["extra"], report["different"]) == (3, 3, 0)


def test_pairs_of_equal_rows_do_not_cancel_out(database, project):
    """Two rows more, both the same: an exclusive or of hashes would not change."""
    database.execute("CREATE TABLE t (a INT)")
    database.execute("INSERT INTO t VALUES (1), (2), (3), (3)")
    copy(project, "t")
    database.execute("DELETE FROM t WHERE a = 3")
    database.execute("INSERT INTO t VALUES (4), (4)")
    assert differs(project) == {("extra", 3): {}, ("missing", 4): {}}


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin"])
def test_text_keys(database, project, collation):
    database.execute(f"CREATE TABLE t (k VARCHAR(20) COLLATE {collation} PRIMARY KEY, v INT)")
    keys = ["a", "B", "straße", "日本", "", "x y", "quote\"s"]
    database.executemany("INSERT INTO t VALUES (%s, %s)", [(key, n) for n, key in enumerate(keys)])
    copy(project, "t")
    equal(project, rows=len(keys))
    database.execute("UPDATE t SET v = 99 WHERE k IN ('straße', '')")
    assert differs(project) == {("different", "straße"): {"v": (99, 2)}, ("different", ""): {"v": (99, 4)}}
    database.execute("UPDATE t SET k = 'A' WHERE k = 'a'")      # one key to the server of the first table
    assert {("missing", "A"), ("extra", "a")} <= set(differs(project))


def test_composite_key_and_long_values(database, project):
    database.execute("CREATE TABLE t (a INT, b VARCHAR(10), v LONGTEXT, PRIMARY KEY (b, a))")
    database.executemany("INSERT INTO t VALUES (%s, %s, %s)", [(1, "2", "x" * 100000), (12, "", "日" * 5000), (1, "", "y")])
    copy(project, "t")
    equal(project, rows=3)
    database.execute("UPDATE t SET v = CONCAT(v, 'z') WHERE a IN (1, 12) AND v <> 'y'")
    found = differs(project)
    assert set(found) == {("different", "2", 1), ("different", "", 12)}
    assert found["different", "2", 1]["v"][0] == "x" * 1000      # cut; it is at the end that they differ
    assert set(found["different", "", 12]["v"][0]) == {"日"}


# ---- Sources and targets ----------------------------------------------------------------------------------


def test_shards_with_the_same_keys(database, project):
    for n in range(3):
        database.execute(f"CREATE TABLE shard_{n} (id INT PRIMARY KEY, v INT)")
        database.execute(f"INSERT INTO shard_{n} VALUES (1, {n}), ({n + 10}, 7)")
    copy(project, {"table": "shard_[0-2]"}, threads=2)
    equal(project, rows=6)
    database.execute("UPDATE shard_1 SET v = 50 WHERE id = 1")
    database.execute("DELETE FROM shard_2 WHERE id = 12")
    assert differs(project) == {("different", 1): {"v": (50, 1)}, ("extra", 12): {}}


def test_one_partition_of_many(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    database.execute("INSERT INTO t VALUES (1, 1), (2, 2)")
    project.job("copy", source={"table": "t"}, target={"table": "copy", "partition": "ds=${bizdate}"})
    project.run("copy", "--bizdate", "20161113")
    database.execute("UPDATE t SET v = 3 WHERE id = 1")
    project.run("copy", "--bizdate", BIZDATE)
    equal(project, rows=2)
    report = project.weir("verify", "copy", "--bizdate", "20161113", "--json", code=DIFFERENT).json
    assert report["partition"] == "ds=20161113"
    assert [(one["kind"], one["key"]) for one in report["keys"]] == [("different", {"id": 1})]


def test_incremental_window(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, at DATETIME, v INT)")
    database.execute("INSERT INTO t VALUES (1, '2016-11-13 23:59:59', 1), (2, '2016-11-14 00:00:00', 2), (3, '2016-11-14 23:59:59', 3), "
                     "(4, '2016-11-15 00:00:00', 4)")
    copy(project, {"table": "t", "incremental": "at"}, target_keys={"partition": "ds=${bizdate}"})
    equal(project, rows=2)
    database.execute("UPDATE t SET v = 9 WHERE id IN (1, 4)")
    equal(project, rows=2)
    database.execute("UPDATE t SET at = '2016-11-15 08:00:00' WHERE id = 3")
    database.execute("UPDATE t SET at = '2016-11-14 08:00:00' WHERE id = 4")
    assert differs(project) == {("extra", 3): {}, ("missing", 4): {}}


def test_append_looks_only_for_the_rows_of_the_source(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, at DATETIME, v INT)")
    database.execute("INSERT INTO t VALUES (1, '2016-11-13 12:00:00', 1), (2, '2016-11-14 12:00:00', 2), (3, '2016-11-14 13:00:00', 3)")
    project.job("copy", source={"table": "t", "incremental": "at"}, target={"table": "copy", "mode": "append"})
    project.run("copy", "--bizdate", "20161113")
    project.run("copy", "--bizdate", BIZDATE)
    project.run("copy", "--bizdate", BIZDATE)       # twice: rows 2 and 3 are there twice
    report = verify(project)
    assert (report["rows_source"], report["rows_target"], report["slices_different"]) == (2, 5, 0)
    database.execute("UPDATE t SET v = 9 WHERE id = 2")
    database.execute("INSERT INTO t VALUES (4, '2016-11-14 14:00:00', 4)")
    assert differs(project) == {("different", 2): {"v": (9, 2)}, ("missing", 4): {}}
    assert verify(project, code=DIFFERENT)["slices_different"] == 2


@pytest.mark.parametrize("partition", ["region={region}", "ds=${bizdate},region={region}"])
def test_partitions_from_the_rows(database, project, partition):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, region VARCHAR(10), v INT)")
    database.execute("INSERT INTO t VALUES (1, 'cn', 1), (2, 'us', 2), (3, 'de', 3), (4, 'cn', 4)")
    keys = {"partition": partition}
    copy(project, "t", target_keys=keys, threads=2)
    equal(project, rows=4)
    database.execute("UPDATE t SET region = 'us' WHERE id = 4")
    found = differs(project)
    assert found == {("different", 4): {"region": ("us", "cn")}}
    database.execute("DELETE FROM t WHERE region = 'de'")
    found = differs(project)
    # Where all parts come from the rows, a run leaves partitions alone that get none.
    assert found == {("different", 4): {"region": ("us", "cn")}} | ({("extra", 3): {}} if "ds" in partition else {})
    copy(project, "t", target_keys=keys)
    assert equal(project)["rows_source"] == 3


def test_typed_partition_columns_of_another_writer(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, day DATE, hour INT)")
    database.execute("INSERT INTO t VALUES (1, '2016-11-14', 9), (2, '2016-11-14', 10), (3, '2016-11-15', 9)")
    schema = pa.schema([("id", pa.int32()), ("day", pa.date32()), ("hour", pa.int32())])
    deltalake.write_deltalake(str(project.table("copy")), schema.empty_table(), partition_by=["day", "hour"])
    copy(project, "t", target_keys={"partition": "day={day},hour={hour}"})
    equal(project, rows=3)
    database.execute("UPDATE t SET hour = 10 WHERE id = 3")
    database.execute("INSERT INTO t VALUES (4, '2016-11-15', 9)")
    assert differs(project) == {("different", 3): {"hour": ("10", "9")}, ("missing", 4): {}}


def test_types_that_the_target_chose(database, project):
    """Compared as stored: an INT in a column of texts, a DATE in one of timestamps, a decimal in a double."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT, d DATE, x DECIMAL(10,2), s VARCHAR(20))")
    database.execute("INSERT INTO t VALUES (1, 7, '2016-11-14', 1.25, '12'), (2, NULL, NULL, NULL, NULL), (3, -1, '9999-12-31', 0.1, '-3')")
    schema = pa.schema([("id", pa.int64()), ("n", pa.string()), ("d", pa.timestamp("us")), ("x", pa.float64()), ("s", pa.int32())])
    deltalake.write_deltalake(str(project.table("copy")), schema.empty_table())
    copy(project, "t")
    equal(project, rows=3)
    database.execute("UPDATE t SET x = 0.11, s = '-4' WHERE id = 3")
    assert differs(project) == {("different", 3): {"x": (0.11, 0.1), "s": (-4, -3)}}


def test_dirty_rows_are_left_out(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    database.execute("INSERT INTO t VALUES (1, 1), (2, 300), (3, 3)")
    schema = pa.schema([("id", pa.int32()), ("v", pa.int8())])
    deltalake.write_deltalake(str(project.table("copy")), schema.empty_table())
    copy(project, "t", dirty_limit=1)
    report = verify(project)
    assert (report["rows_source"], report["rows_target"], report["rows_dirty"]) == (2, 2, 1)
    database.execute("UPDATE t SET v = 4 WHERE id = 1")
    report = verify(project, code=DIFFERENT)
    assert (report["rows_dirty"], report["different"]) == (1, 1)      # counted once, however often they are read
    rejects = project.dir / ".weir" / "rejects"
    assert len(list(rejects.iterdir())) == 1        # the run's: verify writes none


def test_dirty_rows_that_pass_through_a_free_plan(database, project):
    database.execute("SET sql_mode = ''")
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, d DATE)")
    database.execute("INSERT INTO t VALUES (1, '2016-11-14'), (2, '0000-00-00')")
    copy(project, "t", zero_dates="error", dirty_limit=1)
    report = verify(project)
    assert (report["rows_source"], report["rows_target"], report["rows_dirty"]) == (1, 1, 1)


def test_columns_that_came_and_went(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, gone INT)")
    database.execute("INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)")
    keys = {"partition": "ds=${bizdate}"}
    copy(project, "t", target_keys=keys)
    database.execute("ALTER TABLE t ADD COLUMN late INT DEFAULT 5, DROP COLUMN gone")
    report = equal(project, rows=2)
    assert any('"gone"' in one and "not compared" in one for one in report["warnings"])
    assert any('"late"' in one and "not compared" in one for one in report["warnings"])
    # Another date's run brings the column; the old partition has it as NULL.
    project.run("copy", "--bizdate", "20161115")
    assert differs(project) == {("different", 1): {"late": (5, None)}, ("different", 2): {"late": (5, None)}}


def test_query_and_where(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    fill(database, "t", "n, n % 7", 1000)
    copy(project, {"query": "SELECT v, COUNT(*) AS c FROM t GROUP BY v"}, "grouped")
    equal(project, "grouped", rows=7)
    copy(project, {"table": "t", "where": "v = 3"}, "part")
    equal(project, "part", rows=143)
    database.execute("UPDATE t SET v = 3 WHERE id = 0")
    assert differs(project, "part") == {("missing", 0): {}}
    found = differs(project, "grouped")
    assert set(found) == {("missing", 0, 142), ("extra", 0, 143), ("missing", 3, 144), ("extra", 3, 143)}


# ---- Size -------------------------------------------------------------------------------------------------


def test_a_byte_in_a_million_rows(mysql, make_database, make_project):
    database = make_database(mysql)
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))")
    fill(database, "t", "n, CONCAT('some text of row ', n)", 1_000_000)
    copy(project, "t", threads=2)
    equal(project, rows=1_000_000)
    database.execute("UPDATE t SET v = CONCAT('S', SUBSTRING(v, 2)) WHERE id = 765432")
    found = differs(project)
    assert list(found) == [("different", 765432)]
    assert found["different", 765432]["v"] == ("Some text of row 765432", "some text of row 765432")
    report = verify(project, code=DIFFERENT)
    assert (report["slices"], report["slices_different"]) == (1024, 1)


def test_everything_is_different(mariadb, make_database, make_project):
    """More than fits into memory: that it differs is certain, how is said of a part."""
    database = make_database(mariadb)
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    fill(database, "t", "n, n", 400_000)
    copy(project, "t", threads=2, memory="16MiB")
    equal(project, rows=400_000)
    database.execute("UPDATE t SET v = v + 1")
    report = verify(project, code=DIFFERENT)
    assert report["complete"] is False
    assert report["slices_different"] == report["slices"] == 1024
    assert 10_000 < report["different"] < 400_000
    assert (report["missing"], report["extra"], len(report["keys"])) == (0, 0, 100)
    assert any("memory" in one for one in report["warnings"])
    assert all(one["columns"][0]["source"] == one["key"]["id"] + 1 for one in report["keys"])
    copy(project, "t", threads=2, memory="256MiB")
    database.execute("UPDATE t SET v = v + 1")
    report = verify(project, "copy", "--limit", "7", code=DIFFERENT)
    assert (report["complete"], report["different"], len(report["keys"])) == (True, 400_000, 7)


def test_slices_are_bisected(mariadb, make_database, make_project):
    """A few hundred differences in slices that do not fit into memory."""
    database = make_database(mariadb)
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    fill(database, "t", "n, n", 1_000_000)
    copy(project, "t", threads=2, memory="16MiB")
    chosen = sorted(random.Random(5).sample(range(1_000_000), 700))
    database.execute(f"UPDATE t SET v = -1 WHERE id IN ({','.join(map(str, chosen))})")
    report = verify(project, "copy", "--limit", "1000", code=DIFFERENT)
    assert report["complete"]
    assert [one["key"]["id"] for one in report["keys"]] == chosen
    assert report["different"] == 700


def test_append_of_more_than_fits(mariadb, make_database, make_project):
    database = make_database(mariadb)
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    fill(database, "t", "n, n", 300_000)
    project.job("copy", source={"table": "t"}, target={"table": "copy", "mode": "append"}, threads=2, memory="16MiB")
    project.run("copy", "--bizdate", BIZDATE)
    project.run("copy", "--bizdate", BIZDATE)
    assert verify(project)["rows_target"] == 600_000
    database.execute("UPDATE t SET v = -1 WHERE id IN (5, 299999)")
    assert differs(project) == {("different", 5): {"v": (-1, 5)}, ("different", 299999): {"v": (-1, 299999)}}


# ---- What is said -----------------------------------------------------------------------------------------


def test_words_for_people(people, project):
    people.execute("UPDATE people SET name = 'x' WHERE id = 7")
    people.execute("DELETE FROM people WHERE id = 8")
    result = project.weir("verify", "copy", "--bizdate", BIZDATE, "--quiet", code=DIFFERENT)
    assert result.stdout.splitlines() == ['different  id=7  name: source "x", target "name 7"', "extra      id=8"]
    for part in ("4,999 in the source, 5,000 in the target", "2 different", "1 row only in the target, 1 row with other values", "what the source changed between", "version 0, written 2",
                 "weir: the target differs", "hint: Where the source is still as it was"):
        assert part in result.stderr, result.stderr
    people.execute("UPDATE people SET name = 'name 7' WHERE id = 7")
    people.execute("INSERT INTO people SELECT 8, 'name 8', 2, seen, 18446744073709551607 FROM people WHERE id = 7")
    result = project.weir("verify", "copy", "--bizdate", BIZDATE)
    assert result.stdout == ""
    assert "copy 20161114 equal" in result.stderr


def test_nothing_is_changed(people, project):
    def content():
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(project.dir.rglob("*")) if path.is_file()}

    before = content()
    equal(project)
    people.execute("DELETE FROM people WHERE id = 8")
    differs(project)
    assert content() == before


def test_moments_are_told(people, project):
    report = equal(project)
    written = datetime.datetime.fromisoformat(report["written"].replace("Z", "+00:00"))
    read = datetime.datetime.fromisoformat(report["read"].replace("Z", "+00:00"))
    assert written <= read <= datetime.datetime.now(datetime.timezone.utc)
    assert report["version"] == 0
    assert report["snapshot"]


def test_table_or_partition_that_is_not_there(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    project.job("copy", source={"table": "t"}, target={"table": "copy", "partition": "ds=${bizdate}"})
    report = verify(project, code=4)
    assert "there is no table" in report["error"]["message"]
    project.run("copy", "--bizdate", "20161113")
    report = verify(project, code=4)
    assert "has no partition ds=20161114" in report["error"]["message"]
    assert "ds=20161113" in report["error"]["hint"]
    assert verify(project, "nosuch", code=2)["error"]["kind"] == "config"


def test_file_that_is_gone(people, project):
    for path in pathlib.Path(project.table("copy")).glob("*.parquet"):
        os.remove(path)
    report = verify(project, code=4)
    assert report["error"]["kind"] == "target"


def test_server_that_is_gone(people, project):
    project.configure(datasources={"src": {"port": 1}})
    assert verify(project, code=3)["error"]["kind"] == "source"


def test_an_interrupt_ends_it(mariadb, make_database, make_project):
    database = make_database(mariadb)
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    database.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    source = {"table": "t", "where": "SLEEP(0) = 0"}
    copy(project, source)
    project.job("copy", source={"table": "t", "where": "SLEEP(20) = 0"}, target={"table": "copy"})
    child = project.spawn("verify", "copy", "--bizdate", BIZDATE, "--json")
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=10)
    assert child.returncode == 130
    assert json.loads(out)["status"] == "cancelled"


def test_merge_is_compared_by_its_key(project, database):
    """Only what the increment says is asked for, by the job's key and not the source's."""
    database.execute("CREATE TABLE t (n INT PRIMARY KEY, id INT, v VARCHAR(9), optime DATETIME)")
    database.execute("INSERT INTO t VALUES (1, 10, 'a', '2016-11-14'), (2, 20, 'b', '2016-11-14'), (3, 30, 'c', '2016-11-15')")
    project.job("ods", source={"table": "t", "incremental": "optime"},
                target={"table": "ods", "partition": "ds=${bizdate}", "mode": "merge", "key": ["id"]})
    project.run("ods", "--bizdate", "20161114")
    project.run("ods", "--bizdate", "20161115")
    assert project.weir("verify", "ods", "--bizdate", "20161115", "--json").json["status"] == "equal"
    database.execute("UPDATE t SET v = 'C' WHERE id = 30")
    said = project.weir("verify", "ods", "--bizdate", "20161115", "--json", code=6).json
    assert [(key["kind"], key["key"]) for key in said["keys"]] == [("different", {"id": 30})]

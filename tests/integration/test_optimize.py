"""weir optimize: the same rows in better files, whatever wrote them and whatever happens meanwhile."""

import json
import os
import pathlib
import random
import signal
import time

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import readers


@pytest.fixture
def lake(make_project):
    return make_project("project")


def append(table, rows, partition=None, **options):
    """One more file, written by delta-rs."""
    columns = {"id": pa.array([row[0] for row in rows], pa.int64()),
               "name": pa.array([row[1] for row in rows], pa.string())}
    if partition is not None:
        columns["ds"] = pa.array([partition] * len(rows), pa.string())
    deltalake.write_deltalake(str(table), pa.table(columns), mode="append",
                              partition_by=None if partition is None else ["ds"], **options)


def make(table, days, files=5, rows=20, seed=1):
    numbers = random.Random(seed)
    for day in days:
        for i in range(files):
            append(table, [(numbers.randrange(1000), f"{day} {i} {n}") for n in range(rows)], day)


def optimize(project, *args, code=0, **options):
    return json.loads(project.weir("optimize", "--json", *args, code=code, **options).stdout)


def rows_of(table, version=None):
    """The rows as foreign readers see them; they agree."""
    rows = readers.delta_rows(table, version)
    names = [name for name in (rows[0] if rows else {}) if name != "ds"]
    bare = sorted(str([row[name] for name in names]) for row in rows)
    for others in (readers.arrow_rows(table, version), readers.duckdb_rows(table, version)):
        assert sorted(str([row.get(name) for name in names]) for row in others) == bare
    return rows


def files_by_partition(table):
    count = {}
    for one in pa.table(readers.delta(table).get_add_actions(flatten=True)).to_pylist():
        count[one.get("partition.ds")] = count.get(one.get("partition.ds"), 0) + 1
    return count


def test_small_files_of_each_partition_become_one(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    append(table, [(1, "alone")], "20161115")
    before, version = rows_of(table), readers.version(table)
    dry = optimize(lake, "--dry-run")
    assert [item["partition"] for item in dry["rewritten"]] == ["ds=20161113", "ds=20161114"]
    assert not dry["applied"] and readers.version(table) == version
    assert not (table / "_weir").exists()
    done = optimize(lake)
    assert [(item["partition"], item["files_before"], item["files_after"], item["rows"], item["version"])
            for item in done["rewritten"]] == [("ds=20161113", 5, 1, 100, version + 1), ("ds=20161114", 5, 1, 100, version + 2)]
    assert done["partitions"] == 3
    assert rows_of(table) == before
    assert rows_of(table, version) == before
    assert files_by_partition(table) == {"20161113": 1, "20161114": 1, "20161115": 1}
    for one in (version + 1, version + 2):
        actions = readers.log_actions(table, one)
        assert next(a["commitInfo"] for a in actions if "commitInfo" in a)["operation"] == "OPTIMIZE"
        assert [a["add"]["dataChange"] for a in actions if "add" in a] == [False]
        assert [a["remove"]["dataChange"] for a in actions if "remove" in a] == [False] * 5
    assert not (table / "_weir").exists()
    assert optimize(lake)["rewritten"] == []
    assert readers.version(table) == version + 2


def test_the_time_of_the_last_write_stays(lake):
    table = lake.table("t")
    make(table, ["20161114"], files=3)
    log = table / "_delta_log"
    newest = 0
    for i, path in enumerate(sorted(log.glob("*.json"))):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if "add" in line:
                line["add"]["modificationTime"] = newest = 1479081600000 + i
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    optimize(lake)
    assert [a["add"]["modificationTime"] for a in readers.log_actions(table) if "add" in a] == [newest]


def test_a_partition_by_name_and_mistakes(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    done = optimize(lake, "t", "--partition", "ds=20161114")
    assert [item["partition"] for item in done["rewritten"]] == ["ds=20161114"]
    assert files_by_partition(table) == {"20161113": 5, "20161114": 1}
    for args, words in ((["--partition", "ds=20170101"], "20161113"), (["--partition", "dt=1"], "dt"),
                        (["--sort-by", "nme"], "nme"), (["--sort-by", "ds"], "partitions the table")):
        wrong = lake.weir("optimize", "t", *args, code=2)
        assert words in wrong.stdout + wrong.stderr
    for args in (["--target-size", "big"], ["--memory", "-1"], ["--partition", "ds"]):
        assert lake.weir("optimize", "t", *args, code=2).stderr
    assert "there is no Delta table" in lake.weir("optimize", "nothing", code=4).stdout
    assert readers.version(table) == 10


def test_files_near_the_target_are_left_and_large_results_are_split(lake):
    table = lake.table("t")
    numbers = random.Random(7)
    for _ in range(6):
        append(table, [(n, "%0200x" % numbers.getrandbits(800)) for n in range(300)])
    sizes = pa.table(readers.delta(table).get_add_actions(flatten=True)).to_pylist()
    one = max(item["size_bytes"] for item in sizes)
    before = rows_of(table)
    # Each is above three quarters of the target: nothing to do.
    assert optimize(lake, "--target-size", str(int(one * 1.2)))["rewritten"] == []
    # Two files of four fifths of it do not become fewer.
    assert optimize(lake, "--target-size", str(int(one * 1.4)), "--min-files", "7")["rewritten"] == []
    done = optimize(lake, "--target-size", str(one * 3), "--threads", "1")["rewritten"]
    assert [item["files_before"] for item in done] == [6] and done[0]["files_after"] < 6
    assert rows_of(table) == before
    assert optimize(lake, "--target-size", str(one * 3))["rewritten"] == []


def test_sorted_files_prune(lake):
    table = lake.table("t")
    make(table, ["20161114"], files=8, rows=500)
    before = rows_of(table)
    done = optimize(lake, "--sort-by", "ID,name", "--target-size", "8KiB")
    assert rows_of(table) == before
    assert done["rewritten"][0]["files_before"] == 8
    ids = []
    for uri in readers.active_files(table):
        ids.append(pq.read_table(uri.removeprefix("file://")).column("id").to_pylist())
    assert all(one == sorted(one) for one in ids)
    ids.sort()
    assert sum(ids, []) == sorted(row["id"] for row in before)
    # It is known to be sorted; what is appended later is not.
    assert optimize(lake, "--sort-by", "id,name", "--target-size", "8KiB")["rewritten"] == []
    assert len(optimize(lake, "--sort-by", "name", "--dry-run")["rewritten"]) == 1
    append(table, [(-1, "late")], "20161114")
    done = optimize(lake, "--sort-by", "id,name")["rewritten"]
    assert [(item["files_after"], item["rows"]) for item in done] == [(1, 4001)]
    only = pq.read_table(readers.active_files(table)[0].removeprefix("file://")).column("id").to_pylist()
    assert only == sorted(only) and only[0] == -1
    # The note of it survives a checkpoint.
    deltalake.DeltaTable(str(table)).create_checkpoint()
    assert optimize(lake, "--sort-by", "id,name")["rewritten"] == []


def test_sorting_spills_within_its_memory(lake):
    table = lake.table("t")
    numbers = random.Random(3)
    count = 150_000
    for _ in range(3):
        ids = [numbers.getrandbits(60) for _ in range(count)]
        append(table, [(one, "%015x" % one * 20) for one in ids])
    done = optimize(lake, "--sort-by", "id", "--memory", "200MiB", "--threads", "2")["rewritten"]
    assert done[0]["rows"] == 3 * count
    got = readers.delta_arrow(table, columns=["id"]).column("id").to_pylist()
    assert got == sorted(got) and len(got) == 3 * count
    assert not (table / "_weir").exists()


def test_runs_of_weir_that_append(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, d DECIMAL(20,3), at TIMESTAMP(6) NULL, wall DATETIME(6),"
                     " bits VARBINARY(9), big BIGINT UNSIGNED, real_ DOUBLE, small TINYINT, day DATE, flag BIT(1), txt TEXT)")
    project.job("j", source={"table": "t"}, target={"table": "t", "partition": "ds=${bizdate}", "mode": "append"})
    project.run("j", "--bizdate", "20161114", "--quiet")       # an empty file
    for i in range(4):
        database.execute("DELETE FROM t")
        database.execute("INSERT INTO t VALUES (%s, 12345678901234567.125, '2016-11-14 00:00:00.000001', '0001-01-01 00:00:00',"
                         " x'00ff', 18446744073709551615, 0.1, -7, '2016-02-29', b'1', '\u6f22'), (%s,NULL,NULL,NULL,NULL,NULL,"
                         "NULL,NULL,NULL,NULL,NULL)", (2 * i, 2 * i + 1))
        project.run("j", "--bizdate", "20161114", "--quiet")
    table = project.table("t")
    def look():     # TIMESTAMP makes Python's DuckDB ask for a module of time zones
        assert [row["id"] for row in readers.duckdb_rows(table, columns="id")] == [row["id"] for row in readers.delta_rows(table, columns=["id"])]
        return readers.delta_rows(table), readers.arrow_rows(table)

    before, schema = look(), readers.delta(table).schema()
    done = optimize(project)["rewritten"]
    assert [(item["files_before"], item["files_after"], item["rows"]) for item in done] == [(5, 1, 8)]
    assert look() == before and len(before[0]) == 8
    assert readers.delta(table).schema() == schema
    project.run("j", "--bizdate", "20161114", "--quiet")
    assert len(look()[0]) == 10


def test_empty_files_alone_keep_their_partition(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    project.job("j", source={"table": "t"}, target={"table": "t", "partition": "ds=${bizdate}", "mode": "append"})
    for _ in range(3):
        project.run("j", "--bizdate", "20161114", "--quiet")
    table = project.table("t")
    assert files_by_partition(table) == {"20161114": 3}
    optimize(project)
    assert files_by_partition(table) == {"20161114": 1} and rows_of(table) == []
    assert optimize(project)["rewritten"] == []


def test_files_from_before_a_column_was_added(lake):
    table = lake.table("t")
    append(table, [(1, "a"), (2, None)], "20161114")
    deltalake.write_deltalake(str(table), pa.table({"id": pa.array([3], pa.int64()), "name": ["c"], "more": [1.5],
                                                    "ds": ["20161114"]}), mode="append", schema_mode="merge")
    append(table, [(4, "d")], "20161114", schema_mode="merge")
    optimize(lake, "--sort-by", "id")
    rows = readers.delta_rows(table)
    assert rows == readers._sorted([
        {"id": 1, "name": "a", "ds": "20161114", "more": None}, {"id": 2, "name": None, "ds": "20161114", "more": None},
        {"id": 3, "name": "c", "ds": "20161114", "more": 1.5}, {"id": 4, "name": "d", "ds": "20161114", "more": None}])
    assert len(readers.active_files(table)) == 1


@pytest.mark.parametrize("value", ["a b", "50%", "x=y", "\u6f22", None])
def test_partition_values_that_are_no_plain_names(lake, value):
    table = lake.table("t")
    for i in range(3):
        append_value = pa.table({"id": pa.array([i], pa.int64()), "p": pa.array([value], pa.string())})
        deltalake.write_deltalake(str(table), append_value, mode="append", partition_by=["p"])
    before = readers.delta_rows(table)
    assert optimize(lake)["rewritten"][0]["files_after"] == 1
    assert readers.delta_rows(table) == before
    assert len(readers.active_files(table)) == 1


@pytest.mark.parametrize("point", ["optimize-before", "files-during", "optimize-written", "commit-before", "commit-after"])
def test_killed_at_any_point(lake, point):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    before, version = rows_of(table), readers.version(table)
    lake.weir("optimize", env={"WEIR_FAILPOINT": point}, code=-signal.SIGKILL)
    assert rows_of(table) == before
    assert readers.version(table) == version + (point == "commit-after")
    optimize(lake)
    assert rows_of(table) == before
    assert files_by_partition(table) == {"20161113": 1, "20161114": 1}
    # What the killed one left is gone: ten files of before and the two of now.
    assert len(readers.files_on_disk(table)) == 12
    assert not (table / "_weir").exists()


def wait_for(path, pattern, child):
    end = time.monotonic() + 20
    while not list(path.glob(pattern)):
        assert child.poll() is None and time.monotonic() < end
        time.sleep(0.02)


def spawn_at(lake, point, *args):
    child = lake.spawn("optimize", "--json", *args, env={"WEIR_FAILPOINT": f"{point}=sleep:2500"})
    wait_for(lake.table("t"), "_weir/*.run", child)
    time.sleep(0.5)
    return child


def test_appends_of_the_same_moment_stay(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    before = rows_of(table)
    child = spawn_at(lake, "optimize-written")
    append(table, [(-1, "same")], "20161113")
    append(table, [(-2, "other")], "20161114")
    append(table, [(-3, "new")], "20161115")
    done = json.loads(child.communicate(timeout=60)[0])
    assert child.returncode == 0 and [item["error"] for item in done["rewritten"]] == [None, None]
    assert sorted(row["id"] for row in rows_of(table)) == sorted([row["id"] for row in before] + [-1, -2, -3])


def test_a_partition_that_somebody_overwrites_is_left_to_them(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    child = spawn_at(lake, "optimize-written")
    deltalake.write_deltalake(str(table), pa.table({"id": pa.array([7], pa.int64()), "name": ["now"], "ds": ["20161113"]}),
                              mode="overwrite", predicate="ds = '20161113'")
    done = json.loads(child.communicate(timeout=60)[0])
    assert child.returncode == 4
    assert [(item["partition"], item["error"] is None) for item in done["rewritten"]] == [("ds=20161113", False), ("ds=20161114", True)]
    assert "another writer" in done["rewritten"][0]["error"]["message"]
    assert files_by_partition(table) == {"20161113": 1, "20161114": 1}
    assert [row["name"] for row in readers.delta_rows(table, partition={"ds": "20161113"})] == ["now"]
    assert len(rows_of(table)) == 101


def test_two_at_once(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    before = rows_of(table)
    child = spawn_at(lake, "optimize-written")
    optimize(lake)
    child.communicate(timeout=60)
    assert rows_of(table) == before
    assert files_by_partition(table) == {"20161113": 1, "20161114": 1}


def test_interrupted(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    before = rows_of(table)
    child = spawn_at(lake, "optimize-before")
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert rows_of(table) == before and not (table / "_weir").exists()
    assert len(readers.files_on_disk(table)) == 10


def test_a_file_that_is_gone(lake):
    table = lake.table("t")
    make(table, ["20161113", "20161114"])
    gone = next(uri.removeprefix("file://") for uri in readers.active_files(table) if "20161113" in uri)
    os.unlink(gone)
    done = optimize(lake, code=4)
    assert pathlib.Path(gone).name in done["rewritten"][0]["error"]["message"]
    assert done["rewritten"][1]["error"] is None


def test_rows_that_are_not_as_many_as_the_log_says(lake):
    table = lake.table("t")
    make(table, ["20161114"], files=2, rows=3)
    path = sorted((table / "_delta_log").glob("*.json"))[1]
    path.write_text(path.read_text().replace('numRecords\\":3', 'numRecords\\":4'))
    version = readers.version(table)
    done = optimize(lake, code=4)
    assert "6 rows" in done["rewritten"][0]["error"]["message"] and readers.version(table) == version


def test_tables_that_only_grow_and_typed_partitions(lake):
    table = lake.table("t")
    columns = {"id": pa.array([1, 2, 3], pa.int64()), "day": pa.array([17119, 17119, None], pa.int32()).cast(pa.date32()),
               "n": pa.array([-5, -5, 7], pa.int32())}
    for _ in range(3):
        deltalake.write_deltalake(str(table), pa.table(columns), mode="append", partition_by=["day", "n"],
                                  configuration={"delta.appendOnly": "true"})
    before = readers.delta_rows(table)
    done = optimize(lake)["rewritten"]
    assert [(item["files_before"], item["files_after"]) for item in done] == [(3, 1), (3, 1)]
    assert readers.delta_rows(table) == before and len(before) == 9
    only = lake.weir("optimize", "t", "--partition", "n=-5,day=2016-11-14", "--json").json
    assert only["partitions"] == 1 and only["rewritten"] == []


def test_columns_that_weir_does_not_write(lake):
    table = lake.table("t")
    for i in range(2):
        deltalake.write_deltalake(str(table), pa.table({"id": [i], "list": [[1, 2]]}), mode="append")
    done = optimize(lake, code=2)
    assert "list" in done["rewritten"][0]["error"]["message"] and len(readers.active_files(table)) == 2


def test_without_a_project_and_by_name(lake, tmp_path):
    make(lake.table("t"), ["20161114"])
    append(lake.table("other"), [(1, "a")])
    text = lake.runner("optimize", "--lake", str(lake.lake), cwd=tmp_path).stdout
    assert text.startswith("other: 0 of 1 partition rewritten\nt: 1 of 1 partition rewritten\n  ds=20161114  5 files, ")
    assert "-> 1 file, " in text and "(version 5)" in text
    append(lake.table("other"), [(2, "b")])
    wrong = lake.weir("optimize", "./lake/other", "none", "--dry-run", code=4)
    assert wrong.stdout.startswith("other: 1 of 1 partition to gain from\n  2 files, ") and "--dry-run" in wrong.stderr

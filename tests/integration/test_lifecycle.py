"""LIFECYCLE n: what was not written for n days goes, a rewrite renews, and readers that are not weir read on after each step."""

import json
import re
import signal

import ages
import deltalake
import pyarrow
import pytest
import readers

DAYS = ["20161112", "20161113", "20161114"]


@pytest.fixture
def shop(mariadb, make_database, make_project):
    """A project with the job `ods` (partitioned, lifecycle 30) and `dim` (one table, lifecycle 7)."""
    database = make_database(mariadb)
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))")
    database.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    project = make_project("project", database.datasource())
    project.database = database
    project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}", "lifecycle": 30})
    project.job("dim", source={"table": "t"}, target={"table": "dim", "lifecycle": 7})
    return project


def run(project, job, bizdate="20161114"):
    return project.run(job, "--bizdate", bizdate, "--quiet").json


def lifecycle(project, *args, code=0):
    """{table: object} of weir lifecycle --json."""
    lines = project.weir("lifecycle", "--json", *args, code=code).stdout.splitlines()
    return {one["table"]: one for one in map(json.loads, lines)}


def expired(answer):
    return [one["partition"] for one in answer["expired"]]


def days_of(table):
    """What three foreign readers say is in the table: {ds: rows}; they must agree."""
    counts = {}
    for row in readers.delta_rows(table):
        counts[row["ds"]] = counts.get(row["ds"], 0) + 1
    assert len(readers.arrow_rows(table)) == sum(counts.values())
    duck = readers.duckdb_rows(table, columns="ds")
    assert {ds: sum(row["ds"] == ds for row in duck) for ds in {row["ds"] for row in duck}} == counts
    return counts


def test_partitions_expire_by_their_last_write(shop):
    for ds in DAYS:
        run(shop, "ods", ds)
    table = shop.table("ods")
    ages.shift_log(table, 31, {"ds": "20161112"})
    ages.shift_log(table, 30.5, {"ds": "20161113"})
    ages.shift_log(table, 29.9, {"ds": "20161114"})
    run(shop, "ods", "20161112")      # renewed: the oldest value, written last
    before = readers.files_on_disk(table)
    dry = lifecycle(shop)["ods"]
    assert (dry["lifecycle"], dry["partitions"], expired(dry), dry["applied"], dry["version"]) == (
        30, 3, ["ds=20161113"], False, None)
    assert readers.version(table) == 3
    assert days_of(table) == {ds: 3 for ds in DAYS}
    done = lifecycle(shop, "--apply")["ods"]
    assert (expired(done), done["applied"], done["version"]) == (["ds=20161113"], True, 4)
    assert days_of(table) == {"20161112": 3, "20161114": 3}
    # One commit; the version before is still there, with its files.
    assert readers.files_on_disk(table) == before
    assert {row["ds"] for row in readers.delta_rows(table, version=3)} == set(DAYS)
    actions = readers.log_actions(table)
    assert [action for action in actions if "remove" in action] == actions[1:]
    assert actions[0]["commitInfo"]["operation"] == "LIFECYCLE"
    again = lifecycle(shop, "--apply")["ods"]
    assert (expired(again), again["version"]) == ([], None)
    # The day that went can be written again.
    run(shop, "ods", "20161113")
    assert days_of(table) == {ds: 3 for ds in DAYS}


def test_all_partitions_may_go_and_the_table_stays(shop):
    for ds in DAYS:
        run(shop, "ods", ds)
    ages.shift_log(shop.table("ods"), 400)
    assert len(expired(lifecycle(shop, "ods", "--apply")["ods"])) == 3
    assert days_of(shop.table("ods")) == {}
    assert readers.delta(shop.table("ods")).schema().to_arrow().names == ["id", "name", "ds"]
    assert readers.delta(shop.table("ods")).metadata().configuration["weir.lifecycle"] == "30"
    assert run(shop, "ods")["version"] == 4


def test_a_table_without_partitions_goes_as_a_whole(shop):
    run(shop, "dim")
    table = shop.table("dim")
    ages.shift_log(table, 7.5)
    text = shop.weir("lifecycle")
    assert re.fullmatch(r"dim: lifecycle 7 days, last written \S+ \S+, 7 days ago: the table would be dropped\n", text.stdout)
    assert "--apply" in text.stderr
    assert not lifecycle(shop, "--apply", "--keep-tables")["dim"]["drops_table"]
    assert len(readers.delta_rows(table)) == 3
    run(shop, "dim")                  # renewed
    assert not lifecycle(shop, "--apply")["dim"]["drops_table"]
    ages.shift_log(table, 7.5)
    gone = lifecycle(shop, "--apply")["dim"]
    assert (gone["drops_table"], gone["applied"], gone["version"]) == (True, True, None)
    assert [path.name for path in shop.lake.iterdir()] == []
    assert lifecycle(shop) == {}
    assert run(shop, "dim")["version"] == 0


def test_texts_names_and_paths(shop, weir):
    run(shop, "ods")
    shop.job("free", source={"table": "t"}, target={"table": "free"})
    run(shop, "free")
    ages.shift_log(shop.table("ods"), 31)
    out = shop.weir("lifecycle").stdout.splitlines()
    assert out[0] == "free: no lifecycle"
    assert out[1] == "ods: lifecycle 30 days, 1 of 1 partition expired"
    assert re.fullmatch(r"  ds=20161114  last written \S+ \S+, 31 days ago: would be dropped", out[2])
    # Without a project: a lake's folder, or a table's.
    assert weir("lifecycle", "--lake", shop.lake).stdout.splitlines() == out
    assert weir("lifecycle", f"{shop.lake}/ods/").stdout.splitlines() == out[1:]
    assert list(lifecycle(shop, "ODS")) == ["ods"]
    for args, part in [(["nope"], "no Delta table"), (["../x"], "no Delta table"), (["a%20"], "the table name")]:
        failed = shop.weir("lifecycle", *args, code={2, 4})
        assert part in failed.stdout + failed.stderr
    both = lifecycle(shop, "ods", "nope", code=4)
    assert expired(both["ods"]) == ["ds=20161114"]
    assert both["nope"]["error"]["kind"] == "target"


def test_a_table_of_delta_rs(shop):
    table = shop.lake / "events"
    for ds in DAYS:
        deltalake.write_deltalake(str(table), pyarrow.table({"id": [1, 2], "ds": [ds, ds]}), partition_by=["ds"], mode="append")
    assert lifecycle(shop)["events"]["lifecycle"] is None
    deltalake.DeltaTable(str(table)).alter.set_table_properties({"weir.lifecycle": "10"}, raise_if_not_exists=False)
    ages.shift_log(table, 11, {"ds": "20161113"})
    assert expired(lifecycle(shop, "--apply")["events"]) == ["ds=20161113"]
    assert days_of(table) == {"20161112": 2, "20161114": 2}
    # Its own writer goes on.
    deltalake.write_deltalake(str(table), pyarrow.table({"id": [3], "ds": ["20161113"]}), mode="append")
    assert days_of(table) == {"20161112": 2, "20161113": 1, "20161114": 2}
    assert expired(lifecycle(shop)["events"]) == []


def test_a_rewrite_during_the_drop_stays(shop):
    for ds in DAYS:
        run(shop, "ods", ds)
    ages.shift_log(shop.table("ods"), 31)
    slow = shop.spawn("lifecycle", "--apply", "--json", env={"WEIR_FAILPOINT": "commit-before=sleep:3000"})
    # Its plan was made from version 2; another day is rewritten meanwhile.
    shop.database.execute("DELETE FROM t WHERE id = 3")
    assert run(shop, "ods", "20161113")["version"] == 3
    out, _ = slow.communicate(timeout=60)
    assert slow.returncode == 0
    answer = json.loads(out)
    assert (expired(answer), answer["version"]) == (["ds=20161112", "ds=20161114"], 4)
    assert days_of(shop.table("ods")) == {"20161113": 2}


def test_a_live_run_keeps_its_table(shop):
    run(shop, "dim")
    table = shop.table("dim")
    ages.shift_log(table, 8)
    slow = shop.spawn("run", "dim", "--bizdate", "20161114", "--json", "--quiet",
                      env={"WEIR_FAILPOINT": "files-after=sleep:3000"})
    while not list(table.glob("_weir/*.run")):
        assert slow.poll() is None
    answer = lifecycle(shop, "--apply", code=4)["dim"]
    assert "a run is writing to it" in answer["error"]["message"]
    slow.communicate(timeout=60)
    assert slow.returncode == 0
    assert len(readers.delta_rows(table)) == 3
    assert not lifecycle(shop, "--apply")["dim"]["drops_table"]


@pytest.mark.parametrize("point", ["commit-before", "commit-after"])
def test_kill_while_partitions_are_dropped(shop, point):
    for ds in DAYS:
        run(shop, "ods", ds)
    table = shop.table("ods")
    ages.shift_log(table, 31, {"ds": "20161112"})
    ages.shift_log(table, 31, {"ds": "20161113"})
    shop.weir("lifecycle", "--apply", env={"WEIR_FAILPOINT": point}, code=-signal.SIGKILL)
    assert days_of(table) == ({ds: 3 for ds in DAYS} if point == "commit-before" else {"20161114": 3})
    lifecycle(shop, "--apply")
    assert days_of(table) == {"20161114": 3}


@pytest.mark.parametrize("point", ["drop-before", "drop-hidden", "drop-half"])
def test_kill_while_a_table_is_dropped(shop, point):
    run(shop, "dim")
    table = shop.table("dim")
    ages.shift_log(table, 8)
    shop.weir("lifecycle", "--apply", env={"WEIR_FAILPOINT": point}, code=-signal.SIGKILL)
    # It is there, or it is gone; never a half of it.
    if point == "drop-before":
        assert len(readers.delta_rows(table)) == 3
    else:
        assert not table.exists()
        assert lifecycle(shop) == {}
    lifecycle(shop, "--apply")
    assert list(shop.lake.iterdir()) == []
    assert run(shop, "dim")["version"] == 0

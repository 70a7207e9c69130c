"""The run history: every instance is kept with what decides its result, whatever ends it and whoever else is at work.

Expected values come from PyMySQL, from Python's own sqlite3 on a copy of the database file, and from foreign readers of the lake.
"""

import concurrent.futures
import contextlib
import datetime
import json
import os
import re
import signal
import sqlite3
import subprocess
import time

import pytest

import readers
from conftest import PASSWORD
from test_stop import PROMPT, SLOW, check_nothing_left, end, reading, wait_for

DEAD = "the process ended without a word"


def statuses(project, *words):
    return [json.loads(line) for line in project.weir("status", "--json", *words).stdout.splitlines()]


def status(project, number):
    return project.weir("status", number, "--json").json


def log(project, number):
    return project.weir("log", number).stdout


@pytest.fixture
def shop(project, database):
    database.execute("CREATE TABLE oplog (id INT PRIMARY KEY, optime DATETIME, region VARCHAR(9))")
    database.execute("INSERT INTO oplog VALUES (1, '2016-11-14 00:00:00', 'eu'), (2, '2016-11-14 12:00:00', 'us'),"
                     " (3, '2016-11-15 12:00:00', 'eu'), (4, '2016-11-16 12:00:00', 'eu')")
    project.job("ods", source={"table": "oplog", "incremental": "optime"},
                target={"table": "ods", "partition": "ds=${bizdate}"})
    return project


@pytest.fixture
def slow(shop, database):
    """A job whose statement computes for half a minute before its first row."""
    database.execute(f"CREATE VIEW slow AS SELECT id, SLEEP({SLOW}) AS pause FROM oplog WHERE id = 1")
    shop.job("slow", source={"table": "slow"}, target={"table": "slow", "partition": "ds=${bizdate}"})
    return shop


@pytest.fixture
def offline(make_project):
    """A project whose server is not there."""
    project = make_project("offline", {"type": "mysql", "host": "127.0.0.1", "port": 1, "user": "u", "password": "p",
                                       "database": "d"})
    project.job("j", source={"table": "t"}, target={"table": "t", "partition": "ds=${bizdate}"}, retries=0)
    return project


# ---- what is kept -----------------------------------------------------------------------------------------


def test_a_run_is_kept(shop, server):
    before = datetime.datetime.now(datetime.timezone.utc)
    summary = shop.run("ods", "--bizdate", "2016-11-14", "--threads", "2").json
    assert summary["instance"] == 1
    one = status(shop, 1)
    wanted = {"instance": 1, "job": "ods", "type": "sync", "bizdate": "20161114", "cyctime": "20161115000000",
              "kind": "manual", "rerun_of": None, "state": "success", "rows_read": 2, "rows_written": 2, "rows_dirty": 0,
              "partition": "ds=20161114", "version": 0, "error": None, "params": [], "threads": 2, "timezone": "UTC",
              "cancel_requested": False, "warnings": []}
    assert {key: one[key] for key in wanted} == wanted
    assert one["bytes"] == summary["bytes"] > 0
    # (Memory is measured when it is written.)
    assert {**one["summary"], "peak_memory_bytes": 0} == {**summary, "peak_memory_bytes": 0}
    assert one["job_text"] == (shop.dir / "jobs/ods.yaml").read_text()
    assert one["today"] == before.strftime("%Y%m%d")
    started, finished = (datetime.datetime.fromisoformat(one[key].replace("Z", "+00:00")) for key in ("started", "finished"))
    assert before - datetime.timedelta(seconds=1) < started <= finished
    text = log(shop, 1)
    assert re.search(r"^\S+Z info instance 1 begins: job ods, business date 20161114, manual, ", text)
    assert re.search(r"^\S+Z info snapshot of \w+ .*; 1 slice on 1 connection$", text, re.M)
    assert re.search(r"^\S+Z info committed version 0 of .*/lake/ods$", text, re.M)
    assert re.search(r"^\S+Z info +rows +2 read, 2 written$", text, re.M)
    assert "begins" in text.splitlines()[0]


def test_status_shows_the_newest_first_and_filters(shop):
    shop.job("other", source={"table": "oplog"}, target={"table": "other"})
    shop.run("ods", "--bizdate", "20161114")
    shop.run("other", "--bizdate", "20161114")
    shop.run("ods", "--bizdate", "20161115")
    shop.job("other", source={"table": "gone"}, target={"table": "other"})
    shop.run("other", "--bizdate", "20161115", code=2)
    pick = lambda *words: [one["instance"] for one in statuses(shop, *words)]
    assert pick() == [4, 3, 2, 1]
    assert pick("--limit", "2") == [4, 3]
    assert pick("ods") == pick("ods.yaml") == pick("jobs/ods.yaml") == [3, 1]
    assert pick("--bizdate", "2016-11-14") == [2, 1]
    assert pick("--state", "failed") == [4] and pick("ods", "--state", "failed") == []
    lines = shop.weir("status").stdout.splitlines()
    assert lines[0].split() == "INSTANCE JOB BIZDATE KIND STATE STARTED SECONDS ROWS VERSION ERROR".split()
    assert len({line.index(word) for line, word in zip(lines, ("STATE", "failed", "success"))}) == 1
    assert lines[2].split()[:5] == ["3", "ods", "20161115", "manual", "success"] and lines[2].split()[-2:] == ["1", "1"]
    assert "gone" in lines[1] and not any(line.endswith(" ") for line in lines)
    one = shop.weir("status", 4).stdout
    assert re.search(r"^state +failed$", one, re.M) and re.search(r"^error +config: .*gone.*1146", one, re.M)
    assert one.endswith((shop.dir / "jobs/other.yaml").read_text())
    assert "did you mean \"ods\"" in shop.weir("status", "odz", code=2).stderr
    assert "Did you mean \"failed\"" in shop.weir("status", "--state", "faild", code=2).stderr
    assert "no instance 99" in shop.weir("status", 99, code=2).stderr


def test_an_empty_history_is_not_made_by_looking(offline):
    result = offline.weir("status")
    assert (result.stdout, result.stderr) == ("", "no instances\n")
    assert "no instance 1" in offline.weir("log", 1, code=2).stderr
    assert "\"j\" is no instance's number" in offline.weir("log", "j", code=2).stderr
    assert not (offline.dir / ".weir").exists()


def test_a_mistake_in_the_file_is_a_failed_instance(offline):
    path = offline.job("j", text="type: sync\nsource: {datasource: src, table: t}\ntarget: {tabel: t}\n")
    result = offline.run("j", "--bizdate", "20161114", code=2)
    assert result.json["instance"] == 1
    one = status(offline, 1)
    assert (one["state"], one["type"], one["cyctime"], one["error"]["kind"]) == ("failed", None, None, "config")
    assert "tabel" in one["error"]["message"] and one["job_text"] == path.read_text()
    # What is no instance: no such job, no such day.
    assert offline.run("jj", code=2).json["instance"] is None
    assert offline.run("j", "--bizdate", "20161131", code=2).json["instance"] is None
    assert len(statuses(offline)) == 1


def test_without_history(shop):
    assert shop.run("ods", "--bizdate", "20161114", "--no-history").json["instance"] is None
    assert not (shop.dir / ".weir").exists()


def test_no_password_is_kept(slow, database):
    slow.job("bad", source={"table": "oplog", "where": "nonsense ("}, target={"table": "bad"})
    slow.run("ods")
    slow.run("bad", code=2)
    database.execute("DROP TABLE oplog")
    slow.run("ods", code=2)
    slow.configure(datasources={"src": {"password": "wrong-" + PASSWORD}})
    slow.run("ods", code=3)
    files = [path for path in (slow.dir / ".weir").rglob("*") if path.is_file()]
    assert len([path for path in files if path.suffix == ".log"]) == 4
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


# ---- killed, cancelled ------------------------------------------------------------------------------------


def test_a_killed_run_is_marked_failed_and_a_live_one_is_not(slow, database):
    server = database.server
    dead = slow.spawn("run", "slow", "--bizdate", "20161114", "--json")
    wait_for(lambda: len(reading(server)) == 1)
    live = slow.spawn("run", "slow", "--bizdate", "20161115", "--json")
    wait_for(lambda: len(reading(server)) == 2)
    assert [one["state"] for one in statuses(slow)] == ["running", "running"]
    dead.kill()
    dead.communicate()
    states = {one["bizdate"]: one for one in statuses(slow)}
    assert states["20161114"]["state"] == "failed" and states["20161114"]["error"]["message"] == DEAD
    assert (states["20161114"]["finished"], states["20161114"]["seconds"]) == (None, None)
    assert states["20161115"]["state"] == "running" and states["20161115"]["seconds"] > 0
    assert f"error {DEAD}" in log(slow, states["20161114"]["instance"]).splitlines()[-1]
    assert [path.name for path in (slow.dir / ".weir/instances").iterdir()] == ["2.lock"]
    live.send_signal(signal.SIGINT)
    end(live)
    assert status(slow, 2)["state"] == "cancelled"
    assert list((slow.dir / ".weir/instances").iterdir()) == []
    # The killed one can be run again.
    slow.job("slow", source={"table": "oplog"}, target={"table": "slow", "partition": "ds=${bizdate}"})
    assert slow.weir("rerun", 1, "--current", "--json").json["rows_written"] == 4


def test_killed_right_after_the_commit(shop):
    """It has published, and nobody could enter that: the row must not claim that it had not."""
    shop.run("ods", "--bizdate", "20161114", env={"WEIR_FAILPOINT": "commit-after"}, code=-signal.SIGKILL)
    assert len(readers.delta_rows(shop.table("ods"))) == 2
    one = status(shop, 1)
    assert (one["state"], one["error"]["message"]) == ("failed", DEAD) and "versions tell" in one["error"]["hint"]
    assert shop.weir("rerun", 1, "--json").json["replaced_rows"] == 2
    assert len(readers.delta_rows(shop.table("ods"))) == 2


def test_cancel_from_another_process(slow, database):
    child = slow.spawn("run", "slow", "--bizdate", "20161114", "--json")
    wait_for(lambda: reading(database.server))
    result = slow.weir("cancel", 1, "--json")
    assert result.json == {"instance": 1, "state": "cancelled"}
    assert result.seconds < PROMPT
    _, stdout, _ = end(child)
    assert (child.returncode, json.loads(stdout)["status"]) == (130, "cancelled")
    one = status(slow, 1)
    assert (one["state"], one["error"]["kind"], one["cancel_requested"]) == ("cancelled", "cancelled", True)
    assert not slow.table("slow").exists()
    check_nothing_left(database.server)
    assert "instance 1 is not running: its state is cancelled" in slow.weir("cancel", 1, code=2).stderr
    slow.run("ods", "--bizdate", "20161114")
    assert "its state is success" in slow.weir("cancel", 2, code=2).stderr
    assert "no instance 3" in slow.weir("cancel", 3, code=2).stderr


def test_a_running_instance_is_followed_and_not_run_again(slow, database):
    child = slow.spawn("run", "slow", "--bizdate", "20161114", "--json")
    wait_for(lambda: reading(database.server))
    follower = slow.spawn("log", 1, "--follow")
    again = slow.weir("rerun", 1, "--json", code=2)
    assert "instance 1 is still running" in again.stderr
    assert (again.json["job"], again.json["status"], again.json["instance"]) == ("slow", "failed", None)
    assert "begins" in log(slow, 1)
    assert follower.poll() is None
    slow.weir("cancel", 1)
    stdout, _ = follower.communicate(timeout=10)
    assert follower.returncode == 0
    assert "begins" in stdout.splitlines()[0] and "cancelled" in stdout.splitlines()[-1]
    end(child)


# ---- again ------------------------------------------------------------------------------------------------


def test_rerun_is_the_same_to_the_letter(shop, database):
    """Parameters of all kinds, computed from the instance's own dates; the file and the clock have moved on since."""
    text = ("type: sync\nsource: {datasource: src, table: oplog,\n  columns: [id, \"'${region}' AS r\", \"'$[yyyymmddhh24miss-1/24]' AS t\","
            " \"'${hour}' AS h\", \"'${yyyymmdd-1}' AS y\", \"'$bizmonth' AS m\"]}\n"
            "target: {table: ods, partition: \"ds=${bizdate},hh=$[hh24]\"}\n"
            "args: \"region=eu hour=$[hh24-1/24]\"\nschedule: {cycle: daily, at: \"06:30\", depends_on: [other]}\n")
    shop.job("other", source={"table": "oplog"}, target={"table": "other"})
    shop.job("j", text=text)
    first = shop.run("j", "--bizdate", "20161114", "--param", "region=us 'x'".replace("'", "")).json
    rows = readers.delta_rows(shop.table("ods"))
    assert [(row["id"], row["r"], row["t"], row["h"], row["y"], row["hh"]) for row in rows] == [
        (number, "us x", "20161115053000", "05", "20161113", "06") for number in (1, 2, 3, 4)]
    shop.job("j", text=text.replace("id, ", "id + 100 AS id, "))
    (shop.dir / "jobs/other.yaml").unlink()
    again = shop.weir("rerun", 1, "--json").json
    assert again["instance"] == 2 and again["version"] == first["version"] + 1
    assert readers.delta_rows(shop.table("ods")) == rows
    assert any("has changed since instance 1" in warning for warning in again["warnings"])
    one, two = status(shop, 1), status(shop, 2)
    assert (two["kind"], two["rerun_of"]) == ("rerun", 1)
    same = ("job", "bizdate", "cyctime", "params", "threads", "timezone", "today", "job_text", "rows_written")
    assert {key: two[key] for key in same} == {key: one[key] for key in same}
    assert one["params"] == ["region=us x"]
    # As the file is now, with the parameters of then.
    shop.job("other", source={"table": "oplog"}, target={"table": "other"})
    current = shop.weir("rerun", 2, "--current", "--json").json
    assert current["warnings"] == []
    assert [(row["id"], row["r"]) for row in readers.delta_rows(shop.table("ods"))] == [(101 + n, "us x") for n in range(4)]
    # A job that is gone can still be run as it was.
    (shop.dir / "jobs/j.yaml").unlink()
    assert any("is gone" in warning for warning in shop.weir("rerun", 1, "--json").json["warnings"])
    assert readers.delta_rows(shop.table("ods")) == rows


def test_rerun_has_the_month_and_the_zone_of_then(shop, database):
    """$bizmonth is a month earlier while the month of the business date still runs: what ran then, runs now."""
    shop.job("j", source={"table": "oplog", "columns": ["id", "'${month}' AS m"], "incremental": "optime"},
             target={"table": "ods", "partition": "ds=${bizdate}"}, args={"month": "$bizmonth"})
    shop.run("j", "--bizdate", "20161114")
    assert {row["m"] for row in readers.delta_rows(shop.table("ods"))} == {"201611"}
    with contextlib.closing(sqlite3.connect(shop.dir / ".weir/weir.db")) as link, link:
        link.execute("UPDATE instance SET today = '20161120', timezone = 'Asia/Shanghai'")
    shop.weir("rerun", 1)
    # Shanghai's clock is not the server's: DATETIME has no zone, so the rows are the same.
    rows = readers.delta_rows(shop.table("ods"))
    assert {row["m"] for row in rows} == {"201610"} and [row["id"] for row in rows] == [1, 2]
    assert status(shop, 2)["timezone"] == "Asia/Shanghai"


# ---- several at once --------------------------------------------------------------------------------------


def test_many_processes_on_one_new_history(shop):
    days = ["20161114", "20161115", "20161116"] * 4
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(shop.weir, "status", "--json") for _ in range(4)]
        runs = list(pool.map(lambda day: shop.run("ods", "--bizdate", day, code={0, 4}), days))
        assert all(look.result().code == 0 for look in looks)
    numbers = sorted(run.json["instance"] for run in runs)
    assert numbers == list(range(1, len(days) + 1))
    by_number = {one["instance"]: one for one in statuses(shop)}
    for run in runs:
        one = by_number[run.json["instance"]]
        assert one["bizdate"] == run.json["bizdate"] and one["version"] == run.json["version"]
        # Of two on one partition at the same moment the later one fails; nothing else may.
        assert one["state"] == ("success" if run.code == 0 else "failed")
        assert run.code == 0 or "another writer" in one["error"]["message"], str(run)
    assert {row["id"]: row["ds"] for row in readers.delta_rows(shop.table("ods"))} == {
        1: "20161114", 2: "20161114", 3: "20161115", 4: "20161116"}
    assert list((shop.dir / ".weir/instances").iterdir()) == []


# ---- a history that cannot be used ------------------------------------------------------------------------


def test_a_damaged_history(shop):
    shop.run("ods", "--bizdate", "20161114")
    path = shop.dir / ".weir/weir.db"
    good = path.read_bytes()
    for bad in (b"no database at all" * 1000, good[:100] + b"\xff" * (len(good) - 100)):
        path.write_bytes(bad)
        for words in (("run", "ods", "--bizdate", "20161115"), ("status",), ("rerun", 1), ("cancel", 1), ("log", 1),
                      ("backfill", "ods", "--from", "20161115", "--to", "20161116")):
            result = shop.weir(*words, code=2)
            assert "weir.db\" is damaged" in result.stderr and "hint: Move it" in result.stderr, str(result)
        assert path.read_bytes() == bad
        assert len(readers.delta_rows(shop.table("ods"))) == 2, "nothing ran"
        assert shop.run("ods", "--bizdate", "20161115", "--no-history").json["rows_written"] == 1
        shop.run("ods", "--bizdate", "20161114", "--no-history")
        shop.weir("check")
        readers.delta(shop.table("ods"))
        subprocess.run(["rm", "-rf", shop.table("ods")], check=True)
        path.write_bytes(good)
        shop.run("ods", "--bizdate", "20161114")
        good = path.read_bytes()
    # What the hint says to do.
    path.write_bytes(b"no database at all" * 1000)
    path.rename(path.with_suffix(".away"))
    newest = max(int(one.stem) for one in (shop.dir / ".weir/logs").iterdir())
    assert shop.run("ods", "--bizdate", "20161114").json["instance"] == newest + 1


def test_a_newer_history_is_refused(shop):
    shop.run("ods", "--bizdate", "20161114")
    with contextlib.closing(sqlite3.connect(shop.dir / ".weir/weir.db")) as link, link:
        link.execute("PRAGMA user_version = 99")
    for words in (("run", "ods"), ("status",)):
        assert "of a newer weir: its version is 99" in shop.weir(*words, code=2).stderr


def test_a_history_that_cannot_be_written(shop, weir):
    """As a user whom the folder's mode concerns: root without the capability that passes over it."""
    shop.run("ods", "--bizdate", "20161114")
    state = shop.dir / ".weir"
    plain = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

    def run(*words, code):
        done = subprocess.run([*plain, weir.program, *words], cwd=shop.dir, env=weir.environment(None), text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == code, done
        return done

    paths = [state / "instances", state / "logs", state, state / "weir.db"]
    try:
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        # Looking works, with a history that nobody has open and with one that somebody has.
        assert json.loads(run("status", "--json", code=0).stdout)["instance"] == 1
        assert "begins" in run("log", "1", code=0).stdout
        with contextlib.closing(sqlite3.connect(state / "weir.db")) as link:
            assert link.execute("SELECT count(*) FROM instance").fetchone() == (1,)
            assert (state / "weir.db-wal").exists() == (os.geteuid() == 0)
            assert json.loads(run("status", "--json", code=0).stdout)["instance"] == 1
        # A run that cannot be kept does not begin, and says what to do.
        result = run("run", "ods", "--bizdate", "20161115", "--json", code=2)
        assert "--no-history" in result.stderr
        assert json.loads(result.stdout)["error"]["kind"] == "config" and json.loads(result.stdout)["instance"] is None
        assert "could not write the history" in run("cancel", "1", code=2).stderr
        assert len(readers.delta_rows(shop.table("ods"))) == 2
        run("run", "ods", "--bizdate", "20161115", "--no-history", code=0)
    finally:
        for path in reversed(paths):
            path.chmod(0o755)
    assert len(statuses(shop)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk(shop):
    """What cannot be entered does not begin; what has begun keeps its result."""
    state = shop.dir / ".weir"
    state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", state], capture_output=True).returncode:
        pytest.skip("this root cannot mount")
    try:
        shop.run("ods", "--bizdate", "20161114")
        with contextlib.suppress(OSError), open(state / "other", "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        result = shop.run("ods", "--bizdate", "20161115", code=1)
        assert "could not write the history" in result.stderr and "its space" in result.stderr
        assert len(readers.delta_rows(shop.table("ods"))) == 2
        assert len(statuses(shop)) == 1 and "begins" in log(shop, 1)
        (state / "other").unlink()
        assert shop.run("ods", "--bizdate", "20161115").json["instance"] == 2
    finally:
        subprocess.run(["umount", "-l", state], check=True)


def test_a_history_whose_place_is_taken(offline):
    (offline.dir / ".weir").write_text("")
    result = offline.run("j", code=2)
    assert "the run history: could not make the folder" in result.stderr and result.json["error"]["kind"] == "config"
    assert offline.run("j", "--no-history", code=3).json["instance"] is None


def test_the_end_that_cannot_be_entered_does_not_change_the_result(shop, database):
    """The database is held by somebody for longer than weir waits, while the run commits."""
    child = shop.spawn("run", "ods", "--bizdate", "20161114", "--json", env={"WEIR_FAILPOINT": "commit-before=sleep:3000"})
    wait_for(lambda: (shop.dir / ".weir/logs/1.log").exists())
    with contextlib.closing(sqlite3.connect(shop.dir / ".weir/weir.db", isolation_level=None)) as link:
        link.execute("BEGIN IMMEDIATE")
        stdout, stderr = child.communicate(timeout=60)
        link.execute("ROLLBACK")
    assert child.returncode == 0
    summary = json.loads(stdout)
    assert summary["status"] == "done" and summary["rows_written"] == 2
    assert any("could not be entered" in warning for warning in summary["warnings"]) and "could not be entered" in stderr
    assert len(readers.delta_rows(shop.table("ods"))) == 2
    # The log has what the row lacks.
    assert status(shop, 1)["error"]["message"] == DEAD
    assert "committed version 0" in log(shop, 1)


def test_old_instances_go_with_their_logs(shop):
    shop.run("ods", "--bizdate", "20161114")
    shop.run("ods", "--bizdate", "20161115")
    with contextlib.closing(sqlite3.connect(shop.dir / ".weir/weir.db")) as link, link:
        link.execute("UPDATE instance SET started_usec = ? WHERE id = 1", ((time.time() - 401 * 86400) * 1e6,))
    shop.run("ods", "--bizdate", "20161116")
    assert [one["instance"] for one in statuses(shop)] == [3, 2]
    assert sorted(path.name for path in (shop.dir / ".weir/logs").iterdir()) == ["2.log", "3.log"]

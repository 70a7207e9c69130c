"""One instance a business date: order, several at once, what a failure and a stop leave, and who else is at work."""

import concurrent.futures
import contextlib
import json
import re
import signal

import pytest

import readers
from test_history import DEAD, log, status, statuses
from test_stop import SLOW, check_nothing_left, end, reading, wait_for

DAYS = [f"201611{day:02}" for day in range(10, 17)]


@pytest.fixture
def shop(project, database):
    """Three rows a day from the 10th to the 16th."""
    database.execute("CREATE TABLE oplog (id INT PRIMARY KEY, optime DATETIME)")
    database.execute("INSERT INTO oplog VALUES " + ", ".join(
        f"({int(day) * 10 + n}, '{day[:4]}-{day[4:6]}-{day[6:]} 0{n}:00:00')" for day in DAYS for n in range(3)))
    project.job("ods", source={"table": "oplog", "incremental": "optime"},
                target={"table": "ods", "partition": "ds=${bizdate}"})
    return project


def backfill(project, *words, begin=DAYS[0], last=DAYS[-1], **options):
    return project.weir("backfill", "ods", "--from", begin, "--to", last, *words, **options)


def check_days(project, days):
    rows = readers.delta_rows(project.table("ods"))
    assert sorted((row["ds"], row["id"]) for row in rows) == sorted((day, int(day) * 10 + n) for day in days for n in range(3))


def test_one_date_after_the_other(shop):
    result = backfill(shop, "--json", begin="2016-11-10")
    summary = result.json
    assert (summary["job"], summary["status"], summary["done"]) == ("ods", "done", DAYS)
    assert summary["failed"] == summary["cancelled"] == summary["not_started"] == [] and summary["error"] is None
    assert [(one["bizdate"], one["instance"], one["version"], one["rows_written"]) for one in summary["instances"]] == [
        (day, n + 1, n, 3) for n, day in enumerate(DAYS)]
    check_days(shop, DAYS)
    kept = statuses(shop)
    assert [(one["bizdate"], one["kind"], one["state"]) for one in kept] == [
        (day, "backfill", "success") for day in reversed(DAYS)]
    # Each has a log of its own, with its own lines only.
    assert all(len(re.findall(r"business date (\d+)", log(shop, n + 1))) == 1 and f" {day} " in log(shop, n + 1)
               for n, day in enumerate(DAYS))
    lines = result.stderr.splitlines()
    assert re.match(r"1/7  20161110  done  instance 1  3 rows  \d+\.\d s  version 0$", lines[0])


def test_the_other_way_round(shop):
    result = backfill(shop, "--desc")
    assert [one["bizdate"] for one in statuses(shop)] == DAYS
    assert "ods: 7 of 7 dates done in" in result.stderr
    assert backfill(shop, "--quiet", "--json").stderr == ""


@pytest.mark.parametrize("parallel", [3, 10])
def test_several_at_once(shop, parallel):
    """The table is made by whoever is first; the others meet it half-way."""
    summary = backfill(shop, "--parallel", parallel, "--json").json
    assert (summary["status"], sorted(summary["done"])) == ("done", DAYS)
    assert sorted(one["version"] for one in summary["instances"]) == list(range(7))
    check_days(shop, DAYS)


def test_that_many_at_once_and_no_more(shop, database):
    database.execute("CREATE VIEW slow AS SELECT id, optime, SLEEP(2) AS pause FROM oplog WHERE id % 10 = 0")
    shop.job("ods", source={"table": "slow", "incremental": "optime"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    child = shop.spawn("backfill", "ods", "--from", DAYS[0], "--to", DAYS[5], "--parallel", "3")
    most = 0
    while child.poll() is None:
        most = max(most, len(reading(database.server)))
    assert (child.returncode, most) == (0, 3)


def test_parameters_reach_every_date(shop):
    shop.job("ods", source={"table": "oplog", "columns": ["id", "'${region}-$[yyyymmdd]' AS r"], "incremental": "optime"},
             target={"table": "ods", "partition": "ds=${bizdate}"}, args={"region": "eu"})
    backfill(shop, "--param", "region=us", "--threads", "1", last=DAYS[1])
    assert {(row["ds"], row["r"]) for row in readers.delta_rows(shop.table("ods"))} == {
        ("20161110", "us-20161111"), ("20161111", "us-20161112")}
    one = status(shop, 2)
    assert (one["params"], one["threads"]) == (["region=us"], 1)
    before = readers.delta_rows(shop.table("ods"))
    again = shop.weir("rerun", 1, "--json").json
    assert (again["bizdate"], again["rows_written"]) == ("20161110", 3)
    assert readers.delta_rows(shop.table("ods")) == before


# ---- mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words, message", [
    (["--from", "20161115", "--to", "20161114"], "\"--from\" 20161115 is after \"--to\" 20161114"),
    (["--from", "20161115"], "needs \"--to\""),
    (["--to", "20161115"], "needs \"--from\""),
    (["--from", "20161131", "--to", "20161201"], "--from: the business date \"20161131\""),
    (["--from", "20161101", "--to", "yesterday"], "--to: \"yesterday\""),
    (["--from", "19000101", "--to", "20161101"], "42674 dates are more than the 3660"),
    (["--from", "20161101", "--to", "20161102", "--parallel", "11"], "from 1 to 10"),
    (["--from", "20161101", "--to", "20161102", "--param", "x=1"], "no text of the job uses the parameter \"x\""),
    (["--from", "20161101", "--to", "20161102", "--param", "bizdate=1"], "cannot be set with --param"),
])
def test_mistakes_start_nothing(shop, words, message):
    result = shop.weir("backfill", "ods", *words, "--json", code=2)
    assert message in result.stderr, str(result)
    assert result.stdout == "" or (result.json["instances"], result.json["error"]["kind"]) == ([], "config")
    assert statuses(shop) == []


def test_a_job_that_is_wrong_starts_nothing(shop):
    assert "did you mean \"ods\"" in shop.weir("backfill", "odss", "--from", DAYS[0], "--to", DAYS[1], code=2).stderr
    shop.job("ods", text="type: sync\nsourc: {}\n")
    backfill(shop, code=2)
    assert statuses(shop) == []


def test_dates_that_write_the_same_rows_do_not_run_together(shop):
    shop.job("ods", source={"table": "oplog", "incremental": "optime"}, target={"table": "ods"})
    assert "all replace the same rows" in backfill(shop, "--parallel", "2", code=2).stderr
    backfill(shop)
    assert len(readers.delta_rows(shop.table("ods"))) == 3


def test_merges_go_on_with_each_other(shop):
    shop.job("ods", source={"table": "oplog", "incremental": "optime"}, target={"table": "ods", "partition": "ds=${bizdate}", "mode": "merge"})
    for words in (["--parallel", "2"], ["--desc"]):
        assert "in order, one at a time" in backfill(shop, *words, code=2).stderr
    backfill(shop)
    assert [len(readers.delta_rows(shop.table("ods"), partition={"ds": day})) for day in DAYS] == [3, 6, 9, 12, 15, 18, 21]


# ---- a date that fails ------------------------------------------------------------------------------------


@pytest.fixture
def broken(shop, database):
    """The 12th has a row that does not fit."""
    shop.job("ods", source={"table": "oplog", "incremental": "optime"}, zero_dates="error",
             target={"table": "ods", "partition": "ds=${bizdate}"})
    database.execute("ALTER TABLE oplog ADD d DATE DEFAULT NULL")
    database.execute("SET SESSION sql_mode = ''")
    database.execute("UPDATE oplog SET d = '0000-00-00' WHERE id = 201611121")
    return shop


def test_a_failed_date_ends_it(broken):
    result = backfill(broken, "--json", code=5)
    summary = result.json
    assert (summary["status"], summary["done"], summary["failed"], summary["not_started"]) == (
        "failed", DAYS[:2], DAYS[2:3], DAYS[3:])
    assert summary["error"]["kind"] == "dirty" and summary["error"]["message"].startswith("20161112: ")
    check_days(broken, DAYS[:2])
    assert len(statuses(broken)) == 3
    text = backfill(broken, code=5).stderr
    assert "ods: 2 of 7 dates done" in text and "  1 failed: 20161112\n  4 not started: 20161113, " in text


@pytest.mark.parametrize("words", [[], ["--parallel", "3"], ["--desc"]])
def test_keep_going(broken, words):
    summary = backfill(broken, "--keep-going", "--json", *words, code=5).json
    assert (sorted(summary["done"]), summary["failed"], summary["not_started"]) == (DAYS[:2] + DAYS[3:], DAYS[2:3], [])
    check_days(broken, DAYS[:2] + DAYS[3:])


# ---- stops ------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(shop, database):
    """The 12th and the 13th take half a minute before their first row."""
    database.execute("CREATE VIEW slow AS SELECT id, optime, IF(optime >= '2016-11-12' AND optime < '2016-11-14',"
                     f" SLEEP({SLOW}), 0) AS pause FROM oplog")
    shop.job("ods", source={"table": "slow", "incremental": "optime", "columns": ["id", "optime", "pause"]},
             target={"table": "ods", "partition": "ds=${bizdate}"})
    return shop


def spawn(project, server, *words, waiting=2):
    child = project.spawn("backfill", "ods", "--from", DAYS[0], "--to", DAYS[-1], "--json", *words)
    wait_for(lambda: len(reading(server)) == waiting, seconds=20)
    return child


def states(project):
    return {one["bizdate"]: one["state"] for one in statuses(project)}


def test_ctrl_c_cancels_what_runs(slow, database):
    child = spawn(slow, database.server, "--parallel", "2")
    child.send_signal(signal.SIGINT)
    _, stdout, _ = end(child)
    summary = json.loads(stdout)
    assert (child.returncode, summary["status"]) == (130, "cancelled")
    assert (sorted(summary["done"]), sorted(summary["cancelled"]), summary["not_started"]) == (DAYS[:2], DAYS[2:4], DAYS[4:])
    assert states(slow) == dict.fromkeys(DAYS[:2], "success") | dict.fromkeys(DAYS[2:4], "cancelled")
    check_nothing_left(database.server)


def test_one_date_is_cancelled_and_the_others_go_on(slow, database):
    child = spawn(slow, database.server, "--parallel", "2", "--keep-going")
    victim = statuses(slow, "--bizdate", DAYS[2])[0]["instance"]
    slow.weir("cancel", victim)
    wait_for(lambda: states(slow).get(DAYS[-1]) == "success", seconds=20)
    assert states(slow) == {**dict.fromkeys(DAYS, "success"), DAYS[2]: "cancelled", DAYS[3]: "running"}
    slow.weir("cancel", statuses(slow, "--state", "running")[0]["instance"])
    _, stdout, _ = end(child)
    summary = json.loads(stdout)
    assert (child.returncode, sorted(summary["cancelled"])) == (130, DAYS[2:4])
    check_days_of_slow(slow, DAYS[:2] + DAYS[4:])


def check_days_of_slow(project, days):
    assert {row["ds"] for row in readers.delta_rows(project.table("ods"))} == set(days)


def test_a_killed_backfill(slow, database):
    child = spawn(slow, database.server, "--parallel", "2")
    child.kill()
    child.communicate()
    kept = {one["bizdate"]: one for one in statuses(slow)}
    assert [kept[day]["state"] for day in DAYS[:4]] == ["success", "success", "failed", "failed"] and len(kept) == 4
    assert {kept[day]["error"]["message"] for day in DAYS[2:4]} == {DEAD}
    check_days_of_slow(slow, DAYS[:2])


# ---- beside others ----------------------------------------------------------------------------------------


def test_two_with_overlapping_dates(shop):
    """Each date ends right; where both are at one date in the same moment, one of them says so."""
    def run(begin, last):
        return backfill(shop, "--parallel", "2", "--keep-going", "--json", begin=begin, last=last, code={0, 4}).json

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(run, DAYS[0], DAYS[4]), pool.submit(run, DAYS[2], DAYS[6])]
        looks = [pool.submit(shop.weir, "status") for _ in range(6)]
        summaries = [job.result() for job in jobs]
        assert all(look.result().code == 0 for look in looks)
    check_days(shop, DAYS)
    ended = [one for summary in summaries for one in summary["instances"]]
    assert sorted(one["instance"] for one in ended) == list(range(1, 11))
    for one in ended:
        assert one["status"] == "done" or "another writer" in one["error"]["message"], one
    for day in DAYS:
        assert any(one["bizdate"] == day and one["status"] == "done" for one in ended)
    assert {one["instance"]: one["version"] for one in statuses(shop)} == {one["instance"]: one["version"] for one in ended}


def test_a_server_that_goes_away(shop, start_server, make_database, make_project):
    """The log of a date says that it started over, and of that date only."""
    server = start_server("mariadb")
    database = make_database(server)
    database.execute("CREATE TABLE oplog (id INT PRIMARY KEY, optime DATETIME)")
    database.execute("INSERT INTO oplog VALUES (1, '2016-11-10 01:00:00'), (2, '2016-11-11 01:00:00')")
    database.execute("CREATE VIEW slow AS SELECT id, optime, IF(id = 2, SLEEP(4), 0) AS pause FROM oplog")
    project = make_project("away", database.datasource())
    project.job("ods", source={"table": "slow", "incremental": "optime"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    child = project.spawn("backfill", "ods", "--from", DAYS[0], "--to", DAYS[1])
    wait_for(lambda: any("SLEEP" in (text or "") or "slow" in (text or "") for (text,) in server.query(
        "SELECT info FROM information_schema.processlist WHERE user = 'weir' AND time >= 1")), seconds=20)
    for (number,) in server.query("SELECT id FROM information_schema.processlist WHERE user = 'weir' AND command = 'Execute'"):
        with contextlib.suppress(Exception):
            server.execute(f"KILL {number}")
    _, stdout, stderr = end(child)
    assert child.returncode == 0, stdout + stderr
    assert "starting over" in stderr
    assert "starting over" in log(project, 2) and "starting over" not in log(project, 1)

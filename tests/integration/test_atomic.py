"""A partition is old or new, whatever stops a run: kill -9 at every point, full disks, lost servers, Ctrl-C, another run.

After everything that goes wrong the same three things are asked: a reader sees the old rows or the new ones, all of
them; the next run works; and nothing is left lying about.
"""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import conftest
import pytest
import readers
import tables

ROWS = 2000
ROOT = pathlib.Path(__file__).resolve().parents[2]


def failpoints():
    """All named points of the program, from its source."""
    found = set()
    for path in (ROOT / "src").rglob("*.c"):
        found |= set(re.findall(r'\bfailpoint\("([a-z-]+)"\)', path.read_text()))
    return sorted(found)


# ---- The story that is interrupted ------------------------------------------------------------------------


class Story:
    """A table whose rows all say which generation they are of, and its copy."""

    def __init__(self, project, database, rows=ROWS):
        self.project, self.database, self.rows = project, database, rows
        database.execute("CREATE TABLE t (id INT PRIMARY KEY, generation INT NOT NULL, filler VARCHAR(100))")
        tables.fill(database, "t", "n, 0, SHA2(n, 256)", rows)
        self.generation = 0
        project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"}, threads=2)
        self.table = project.table("ods")

    def advance(self):
        """The source changes; a copy is now told from all before it."""
        self.generation += 1
        self.database.execute(f"UPDATE t SET generation = {self.generation}")

    def run(self, bizdate="20161114", **options):
        return self.project.run("ods", "--bizdate", bizdate, "--quiet", **options)

    def spawn(self, bizdate="20161114", **options):
        return self.project.spawn("run", "ods", "--bizdate", bizdate, "--json", "--quiet", **options)

    def seen(self, bizdate="20161114"):
        """The generation that a reader sees; fails unless it sees all rows of exactly one. None: no rows."""
        if not (self.table / "_delta_log").exists() or not any((self.table / "_delta_log").glob("*.json")):
            return None
        rows = readers.delta_arrow(self.table).to_pylist()
        rows = [row for row in rows if row["ds"] == bizdate]
        generations = {row["generation"] for row in rows}
        if not rows:
            return None
        assert len(generations) == 1, f"a mix of the generations {generations}"
        assert sorted(row["id"] for row in rows) == list(range(self.rows))
        return generations.pop()

    def age_temporary_files(self):
        """What another writer might still be writing is removed after a day only: a day passes."""
        for path in (self.table / "_delta_log").glob(".*.tmp"):
            os.utime(path, (0, 0))

    def leftovers_of_runs(self):
        """Data files that no version names yet."""
        return [self.table / name for name in self.leftovers() if name.endswith(".parquet")]

    def leftovers(self):
        """What is in the table's folder and in no version of the table."""
        known = set()
        for path in (self.table / "_delta_log").glob("*.json"):
            for line in path.read_text().splitlines():
                known.add(json.loads(line).get("add", {}).get("path"))
        stray = []
        for path in self.table.rglob("*"):
            name = str(path.relative_to(self.table))
            is_log = re.fullmatch(r"_delta_log(/\d{20}\.(json|checkpoint\.parquet)|/_last_checkpoint)?", name)
            if path.is_file() and not is_log and name not in known:
                stray.append(name)
            if path.is_dir() and not is_log and not any(path.iterdir()):
                stray.append(name + "/")
        return stray


@pytest.fixture
def story(project, database):
    return Story(project, database)


# What does not depend on the server runs on one only.
@pytest.fixture
def one_server_story(mariadb, make_database, make_project):
    database = make_database(mariadb)
    return Story(make_project("project", database.datasource()), database)


# ---- Reruns -----------------------------------------------------------------------------------------------


def test_rerun_gives_the_same_table(story):
    first = story.run().json
    rows = readers.delta_rows(story.table)
    second = story.run().json
    assert readers.delta_rows(story.table) == rows
    assert (first["version"], second["version"]) == (0, 1)
    assert (second["rows_written"], second["replaced_rows"]) == (ROWS, ROWS)
    # The version before is still there.
    assert readers.delta_rows(story.table, version=0) == rows


def test_rerun_touches_its_partition_only(story):
    story.run("20161113")
    story.advance()
    story.run("20161114")
    story.advance()
    story.run("20161114")
    assert (story.seen("20161113"), story.seen("20161114")) == (0, 2)


def test_zero_rows_are_an_empty_partition(story):
    story.run("20161113")
    story.database.execute("DELETE FROM t")
    result = story.run("20161114").json
    assert (result["rows_read"], result["rows_written"], result["status"]) == (0, 0, "done")
    assert result["partition"] == "ds=20161114"
    assert story.seen("20161114") is None
    assert story.seen("20161113") == 0
    # What was deleted at the source goes from the partition as well.
    assert story.run("20161113").json["replaced_rows"] == ROWS
    assert readers.delta_rows(story.table) == []
    assert story.leftovers() == []


def test_zero_rows_make_a_table(story):
    story.database.execute("DELETE FROM t")
    story.run()
    assert readers.delta_rows(story.table) == []
    assert readers.delta(story.table).schema().to_arrow().names == ["id", "generation", "filler", "ds"]
    story.database.execute("INSERT INTO t VALUES (1, 5, 'x')")
    story.run()
    assert readers.delta_rows(story.table) == [{"id": 1, "generation": 5, "filler": "x", "ds": "20161114"}]


# ---- kill -9 ----------------------------------------------------------------------------------------------

# Passed before the commit is visible: a run killed there has not happened.
BEFORE = {"snapshot-before", "snapshot-held", "snapshot-opened", "source-slice", "files-before", "files-during", "files-after", "commit-before"}
AFTER = {"commit-after", "checkpoint-before", "checkpoint-after"}
# Of test_lifecycle.py, test_vacuum.py and the unit test of the catalog.
OF_CARE = {"drop-before", "drop-hidden", "drop-half", "rename-before", "rename-after", "vacuum-half", "cleanup-half"}
# Of test_optimize.py and test_pieces.py.
OF_OTHER_VERBS = {"optimize-before", "optimize-written", "slice-loaded", "slice-kept"}


def test_every_point_is_known_here():
    assert set(failpoints()) == BEFORE | AFTER | OF_CARE | OF_OTHER_VERBS


@pytest.mark.parametrize("point", sorted(BEFORE | AFTER))
@pytest.mark.parametrize("is_first", [True, False], ids=["first-run", "rerun"])
def test_kill_at(point, is_first, one_server_story):
    story = one_server_story
    needs_checkpoint = point.startswith("checkpoint")
    if needs_checkpoint and is_first:
        pytest.skip("the first version has no checkpoint")
    old = None
    for _ in range(0 if is_first else 10 if needs_checkpoint else 1):
        story.run()
        old = story.seen()
    story.advance()
    killed = story.run(env={"WEIR_FAILPOINT": point}, code=-signal.SIGKILL)
    assert killed.stdout == ""
    assert story.seen() == (old if point in BEFORE else story.generation)
    story.age_temporary_files()
    story.advance()
    result = story.run().json
    assert result["status"] == "done"
    assert story.seen() == story.generation
    assert story.leftovers() == []


def test_kill_at_the_third_row_group(one_server_story):
    """A file is half written then."""
    story = one_server_story
    story.project.job("ods", source={"table": "t"},
                      target={"table": "ods", "partition": "ds=${bizdate}", "row_group_rows": 2048})
    story.run()
    tables.fill(story.database, "t", f"{ROWS} + n, 0, SHA2(n, 256)", 20_000)
    story.rows += 20_000
    story.run()
    story.advance()
    story.run(env={"WEIR_FAILPOINT": "files-during:3"}, code=-signal.SIGKILL)
    assert story.seen() == 0
    assert story.leftovers() != []      # there was something to tidy up
    story.run()
    assert story.seen() == story.generation
    assert story.leftovers() == []


def test_kill_at_any_time(one_server_story):
    story = one_server_story
    usual = min(story.run().seconds for _ in range(2))
    chance = random.Random(14112016)
    old = story.seen()
    outcomes = set()
    for _ in range(12):
        story.advance()
        child = story.spawn()
        time.sleep(chance.uniform(0, usual * 1.1))
        child.kill()
        child.communicate()
        seen = story.seen()
        assert seen in (old, story.generation)
        outcomes.add(seen == old)
        old = seen
    assert True in outcomes, "no run was killed in time"
    story.age_temporary_files()
    story.advance()
    story.run()
    assert story.seen() == story.generation
    assert story.leftovers() == []


# ---- Two runs at once -------------------------------------------------------------------------------------


def wait_for_pause(story, child):
    """Until the child sleeps at its failpoint: its marker is there."""
    deadline = time.monotonic() + 30
    while not list(story.table.glob("_weir/*.run")) and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def finish(child, timeout=60):
    out, err = child.communicate(timeout=timeout)
    return child.returncode, out, err


def test_two_runs_on_one_partition(one_server_story):
    story = one_server_story
    story.run()
    slow = story.spawn(env={"WEIR_FAILPOINT": "commit-before=sleep:4000"})
    wait_for_pause(story, slow)
    story.advance()
    story.run()                                     # the quick one wins
    code, out, err = finish(slow)
    assert code == 4, err
    result = json.loads(out)
    assert result["error"]["kind"] == "target" and result["version"] is None
    assert "ds=20161114" in err and "another writer" in err and "nothing was published" in err and "hint" in err
    assert story.seen() == story.generation
    assert story.leftovers() == []


def test_two_runs_on_two_partitions(one_server_story):
    story = one_server_story
    story.run("20161112")
    slow = story.spawn("20161113", env={"WEIR_FAILPOINT": "commit-before=sleep:4000"})
    wait_for_pause(story, slow)
    story.advance()
    quick = story.run("20161114").json
    code, out, err = finish(slow)
    assert code == 0, err
    assert (quick["version"], json.loads(out)["version"]) == (1, 2)
    assert (story.seen("20161113"), story.seen("20161114")) == (0, 1)
    assert story.leftovers() == []


def test_two_runs_that_make_the_table(one_server_story):
    """One makes it; the other, which would have made the same, goes on in the table that is there now."""
    story = one_server_story
    slow = story.spawn("20161113", env={"WEIR_FAILPOINT": "commit-before=sleep:4000"})
    wait_for_pause(story, slow)
    assert story.run("20161114").json["version"] == 0
    code, out, err = finish(slow)
    assert code == 0, err
    result = json.loads(out)
    assert (result["version"], result["attempts"], result["replaced_rows"]) == (1, 1, 0)
    assert story.seen("20161114") == story.seen("20161113") == 0
    assert [list(action) for action in readers.log_actions(story.table, 1)] == [["commitInfo"], ["add"]]
    assert story.leftovers() == []


def test_two_runs_that_make_the_table_and_one_partition(one_server_story):
    story = one_server_story
    slow = story.spawn("20161114", env={"WEIR_FAILPOINT": "commit-before=sleep:4000"})
    wait_for_pause(story, slow)
    story.advance()
    story.run("20161114")
    code, _, err = finish(slow)
    assert code == 4, err
    assert "another writer added files to" in err and "ds=20161114" in err and "nothing was published" in err
    assert story.seen("20161114") == story.generation
    assert story.leftovers() == []


@pytest.mark.parametrize("change, said", [({"source": {"table": "t", "columns": ["id", "generation"]}}, "other columns"),
                                          ({"lifecycle": 30}, "other properties")], ids=["columns", "lifecycle"])
def test_two_runs_that_make_different_tables(change, said, one_server_story):
    story = one_server_story
    slow = story.spawn("20161113", env={"WEIR_FAILPOINT": "commit-before=sleep:4000"})
    wait_for_pause(story, slow)
    time.sleep(1)       # the job has been read by then
    target = {"table": "ods", "partition": "ds=${bizdate}", **({"lifecycle": 30} if "lifecycle" in change else {})}
    story.project.job("ods", source=change.get("source", {"table": "t"}), target=target)
    story.run("20161114")
    code, _, err = finish(slow)
    assert code == 4, err
    assert "another writer created the table" in err and said in err and "hint" in err
    assert story.seen("20161114") == 0
    assert story.seen("20161113") is None
    assert story.leftovers() == []


@pytest.mark.parametrize("has_table", [True, False], ids=["table", "no-table"])
def test_crowd_of_runs(has_table, one_server_story):
    """Six runs on three partitions at the same moment: every partition has one winner at least, and is whole."""
    story = one_server_story
    if has_table:
        story.run("20161101")
    children = [(date, story.spawn(date)) for date in ("20161111", "20161112", "20161113") * 2]
    codes = {}
    for date, child in children:
        code, _, err = finish(child, timeout=120)
        assert code in (0, 4), err
        codes.setdefault(date, []).append(code)
    for date, both in codes.items():
        assert 0 in both
        assert story.seen(date) == 0
    assert story.leftovers() == []


# ---- Somebody tidies up -----------------------------------------------------------------------------------


def remove_marker_folder(story):
    for path in (story.table / "_weir").iterdir():
        path.unlink()
    (story.table / "_weir").rmdir()


def remove_new_file(story):
    (newest,) = story.leftovers_of_runs()
    newest.unlink()


def cut_new_file(story):
    (newest,) = story.leftovers_of_runs()
    os.truncate(newest, 100)


@pytest.mark.parametrize("damage", [remove_marker_folder, remove_new_file, cut_new_file])
@pytest.mark.parametrize("retries", [0, 1])
def test_what_the_commit_needs_is_gone(damage, retries, one_server_story):
    """A run on a machine that sees no lock of ours, or a person, took our files for a dead run's: nothing is published."""
    story = one_server_story
    story.run()
    story.advance()
    story.project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"}, retries=retries)
    child = story.spawn(env={"WEIR_FAILPOINT": "commit-before=sleep:3000"})
    wait_for_pause(story, child)
    time.sleep(1.5)
    damage(story)
    code, out, err = finish(child)
    result = json.loads(out)
    if retries == 0:
        assert code == 4, err
        assert "nothing was published" in err and "hint" in err
        assert (result["version"], readers.version(story.table), story.seen()) == (None, 0, 0)
    else:
        assert code == 0, err
        assert (result["attempts"], result["version"], story.seen()) == (2, 1, story.generation)
    story.run()
    assert story.seen() == story.generation
    assert story.leftovers() == []


def test_partition_folder_is_removed_before_its_file_is_made(one_server_story):
    """As another run does with folders that it finds empty."""
    story = one_server_story
    story.run("20161113")
    child = story.spawn("20161114", env={"WEIR_FAILPOINT": "files-before=sleep:3000"})
    folder = story.table / "ds=20161114"
    deadline = time.monotonic() + 30
    while not folder.is_dir() and time.monotonic() < deadline:
        time.sleep(0.02)
    folder.rmdir()
    code, _, err = finish(child)
    assert code == 0, err
    assert story.seen("20161114") == 0
    assert story.leftovers() == []


# ---- The disk ---------------------------------------------------------------------------------------------


def ulimited(story, kilobytes, **options):
    """A run whose files may not grow beyond the size: every write after that fails, as on a full disk.

    Those of the run history would be the first; test_history.py sees to them."""
    runner = story.project.runner
    words = " ".join(["exec", runner.program, "run", "ods", "--bizdate", "20161114", "--json", "--quiet", "--no-history"])
    # SIGXFSZ is ignored, so that write() fails instead of the process being killed.
    done = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f {kilobytes}; {words}"], cwd=story.project.dir,
                          env=runner.environment({}), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("kilobytes", [0, 1, 16])
def test_files_cannot_grow(kilobytes, one_server_story):
    story = one_server_story
    story.run()
    story.advance()
    code, out, err = ulimited(story, kilobytes)
    assert code == 4, err
    assert json.loads(out)["error"]["kind"] == "target"
    assert str(story.table) in err or "ods" in err
    assert story.seen() == 0
    assert story.leftovers() == []
    story.run()
    assert story.seen() == story.generation


def fill_up(folder, left):
    """All but some bytes of a small disk."""
    free = os.statvfs(folder)
    (folder / "other").write_bytes(bytes(free.f_bavail * free.f_bsize - left))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
@pytest.mark.parametrize("left", [0, 20_000])
def test_disk_is_full(left, one_server_story, tmp_path):
    story = one_server_story
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("this root cannot mount")
    try:
        story.project.configure(lake=str(small))
        story.table = small / "ods"
        story.run()
        story.advance()
        fill_up(small, left)
        result = story.run(code=4)
        assert re.search("no space|full", result.stderr, re.IGNORECASE), result.stderr
        assert story.seen() == 0
        assert story.leftovers() == []
        (small / "other").unlink()
        story.run()
        assert story.seen() == story.generation
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_disk_is_read_only(one_server_story, tmp_path):
    """Folder modes mean nothing to root, so a mount it is."""
    story = one_server_story
    lake = tmp_path / "mounted"
    lake.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", lake], capture_output=True).returncode:
        pytest.skip("this root cannot mount")
    try:
        story.project.configure(lake=str(lake))
        story.table = lake / "ods"
        story.run()
        story.advance()
        subprocess.run(["mount", "-o", "remount,ro", lake], check=True)
        result = story.run(code=4)
        assert re.search("read-only", result.stderr, re.IGNORECASE), result.stderr
        assert story.seen() == 0
        subprocess.run(["mount", "-o", "remount,rw", lake], check=True)
        story.run()
        assert story.seen() == story.generation
    finally:
        subprocess.run(["umount", lake], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_may_not_be_written(one_server_story):
    story = one_server_story
    story.run()
    story.advance()
    story.table.chmod(0o555)
    try:
        assert "denied" in story.run(code=4).stderr
        assert story.seen() == 0
    finally:
        story.table.chmod(0o755)


# ---- The server -------------------------------------------------------------------------------------------


@pytest.fixture
def own_story(request, start_server, make_project):
    """On a server of its own, which the test may kill."""
    server = start_server(getattr(request, "param", "mariadb"), tls=False)
    database = conftest.Database(server)
    # Test servers forget what they committed in the last second when they are killed; this one must not.
    server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    server.execute("SET GLOBAL sync_binlog = 1")
    return Story(make_project("project", database.datasource(tls="disabled")), database, rows=60_000)


# One reader waits before it asks for its first slice, while the other reads.
PAUSE = {"WEIR_FAILPOINT": "source-slice=sleep:3000"}


def kill_server_in_the_middle(story, **options):
    child = story.spawn(env=PAUSE, **options)
    wait_for_pause(story, child)
    time.sleep(0.5)
    assert child.poll() is None, child.communicate()
    process = story.database.server.process
    process.stop(signal.SIGKILL)
    return child


@pytest.mark.parametrize("own_story", ["mariadb", "mysql"], indirect=True)
def test_server_dies_and_comes_back(own_story):
    story = own_story
    story.run()
    story.advance()
    child = kill_server_in_the_middle(story)
    story.database.server.start_again()
    code, out, err = finish(child)
    assert code == 0, err
    result = json.loads(out)
    assert result["attempts"] > 1
    assert result["rows_written"] == story.rows
    assert "starting over" in err
    assert story.seen() == story.generation
    assert story.leftovers() == []


def test_server_dies_and_stays_away(own_story):
    story = own_story
    story.run()
    story.project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"}, retries=1)
    child = kill_server_in_the_middle(story)
    code, out, err = finish(child)
    assert code == 3, err
    result = json.loads(out)
    assert (result["status"], result["error"]["kind"], result["attempts"]) == ("failed", "source", 2)
    assert "hint" in err
    assert story.seen() == 0
    assert story.leftovers() == []


def test_server_is_not_there(own_story):
    own_story.database.server.stop()
    result = own_story.run(code=3)
    assert "127.0.0.1" in result.stderr and "hint" in result.stderr
    assert not own_story.table.exists()


def test_connection_is_killed(own_story):
    """An administrator's KILL takes one reader's connection away: the whole snapshot is started over."""
    story = own_story
    story.run()
    story.advance()
    child = story.spawn(env=PAUSE)
    wait_for_pause(story, child)
    time.sleep(0.5)
    server = story.database.server
    threads = [row[0] for row in server.query("SHOW PROCESSLIST") if row[1] == "weir"]
    assert threads
    for thread in threads:
        server.execute(f"KILL {thread}")
    code, out, err = finish(child)
    assert code == 0, err
    assert json.loads(out)["attempts"] == 2
    assert story.seen() == story.generation


# ---- Stops ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("point", ["source-slice", "files-during", "files-after"])
def test_stop(point, number, one_server_story):
    story = one_server_story
    story.run()
    story.advance()
    child = story.spawn(env={"WEIR_FAILPOINT": f"{point}=sleep:2000"})
    wait_for_pause(story, child)
    time.sleep(0.3)
    assert child.poll() is None
    child.send_signal(number)
    code, out, err = finish(child, timeout=15)
    assert code == 130, err
    result = json.loads(out)
    assert (result["status"], result["error"]["kind"], result["version"]) == ("cancelled", "cancelled", None)
    assert "cancelled" in err
    assert story.seen() == 0
    assert story.leftovers() == []


def test_stop_while_the_server_is_silent(one_server_story):
    """The readers wait for the server, which waits for a lock: a stop does not wait with them."""
    story = one_server_story
    story.run()
    story.project.job("ods", source={"query": "SELECT 1 AS id, SLEEP(60) AS generation, '' AS filler"},
                      target={"table": "ods", "partition": "ds=${bizdate}"})
    child = story.spawn()
    time.sleep(2)
    begin = time.monotonic()
    child.send_signal(signal.SIGINT)
    code, _, err = finish(child, timeout=30)
    assert code == 130, err
    assert time.monotonic() - begin < 5
    assert story.seen() == 0
    assert story.leftovers() == []


def test_stop_of_the_first_run_leaves_no_folder(one_server_story):
    story = one_server_story
    child = story.spawn(env={"WEIR_FAILPOINT": "files-during=sleep:1500"})
    wait_for_pause(story, child)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    code, _, err = finish(child)
    assert code == 130, err
    assert not story.table.exists()


def test_two_stops_end_at_once(one_server_story):
    story = one_server_story
    story.run()
    child = story.spawn(env={"WEIR_FAILPOINT": "files-after=sleep:20000"})
    wait_for_pause(story, child)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    code, _, _ = finish(child, timeout=5)
    assert code == 130
    assert story.seen() == 0
    story.run()
    assert story.leftovers() == []

"""weir plan, slice and commit: one sync in pieces that are processes of their own.

The rule: whatever the order, however often a piece is run or killed, the table has each row of the source once, or the
table is as it was.
"""

import json
import os
import random
import signal
import subprocess
import time

import pytest
import readers
import tables
import test_slices

DATE = "20161114"
PARTITION = {"ds": DATE}


@pytest.fixture
def shop(database, project):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(40), n BIGINT)")
    tables.fill(database, "t", "n, CONCAT('row ', n), n * 7", 90_000)
    project.job("j", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    return project


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def make_plan(project, *args, job="j", pieces=6, **options):
    return lines_of(project.weir("plan", job, "--bizdate", DATE, "--pieces", str(pieces), "--lines", *args, **options).stdout)


def slice_(project, line, **options):
    return project.weir("slice", stdin=json.dumps(line), **options).stdout


def commit(project, plan, results, *args, code=0, env=None):
    (project.dir / "plan.jsonl").write_text("".join(json.dumps(line) + "\n" for line in plan))
    return project.weir("commit", "plan.jsonl", "--json", *args, stdin="".join(results), code=code, env=env)


def ids(table, version=None):
    return sorted(row["id"] for row in readers.delta_rows(table, version, partition=PARTITION, columns=["id"]))


def plan_files(project):
    return [name for name in os.listdir(project.table("ods") / "_weir")] if (project.table("ods") / "_weir").exists() else []


def check_tidy(project, table="ods"):
    assert not (project.table(table) / "_weir").exists()
    assert readers.files_on_disk(project.table(table)) == [uri.removeprefix("file://") for uri in readers.active_files(project.table(table))]


def test_pieces_in_any_order_one_killed_one_twice(shop):
    plan = make_plan(shop)
    count = len(plan)
    assert count >= 4 and [line["slice"]["number"] for line in plan] == list(range(count))
    assert not shop.table("ods").exists()          # planning changed nothing
    text = json.dumps(plan)
    assert "secret" not in text and "WHERE" not in text and "SELECT" not in text
    order = list(plan)
    random.Random(5).shuffle(order)
    # One is killed with its files half written, one when they are complete and before they are told of.
    slice_(shop, order[0], env={"WEIR_FAILPOINT": "files-during"}, code=-signal.SIGKILL)
    slice_(shop, order[1], env={"WEIR_FAILPOINT": "slice-kept"}, code=-signal.SIGKILL)
    children = [shop.spawn("slice", "-", stdin=-1) for _ in order]
    for child, line in zip(children, order):
        child.stdin.write(json.dumps(line))
        child.stdin.close()
        child.stdin = None
    results = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0] * count
    results.append(slice_(shop, order[2]))           # run twice
    random.Random(6).shuffle(results)
    assert plan_files(shop) == [plan[0]["plan"] + ".plan"]
    done = commit(shop, plan, results).json
    assert done["rows_written"] == 90_000 and done["slices"] == count and done["version"] == 0
    assert done["partition"] == f"ds={DATE}" and done["replaced_rows"] in (0, None)
    assert any("more than once" in warning for warning in done["warnings"])
    assert ids(shop.table("ods")) == list(range(90_000))
    check_tidy(shop)
    # The same rows as a run gives.
    shop.job("whole", source={"table": "t"}, target={"table": "whole", "partition": "ds=${bizdate}"})
    shop.run("whole", "--bizdate", DATE, "--quiet")
    assert readers.delta_rows(shop.table("ods")) == readers.delta_rows(shop.table("whole"))
    assert readers.delta(shop.table("ods")).schema() == readers.delta(shop.table("whole")).schema()


@pytest.mark.parametrize("name", ["signed", "whole_range_of_bigint", "unsigned_bigint_at_the_top", "one_hot_range", "tinyint_first",
                                  "composite_texts", "decimal", "date", "datetime", "year_and_time", "binary_uuid",
                                  "varbinary_with_quotes", "char_uuid", "text_in_latin1", "text_equal_but_for_case",
                                  "text_of_all_scripts", "nullable_split", "nullable_text_split", "zero_dates"])
def test_each_kind_of_key(database, project, name):
    case = test_slices.CASES[name]
    small = test_slices.Case(case.columns, case.values, split=case.split)
    test_slices.make(database, small)
    source = {"table": "t", **({"split": case.split} if case.split else {})}
    project.job("j", source=source, target={"table": "ods", "partition": "ds=${bizdate}"})
    plan = make_plan(project, pieces=5)
    assert len(plan) >= 3
    # All slices of a process's input, and one whole plan as an object.
    half = len(plan) // 2
    results = [project.weir("slice", stdin="\n".join(map(json.dumps, part))).stdout for part in (plan[half:], plan[:half])]
    done = commit(project, plan, results).json
    assert done["rows_written"] == small.rows
    rows = readers.delta_arrow(project.table("ods"), columns=["row_no"]).column("row_no").to_pylist()
    assert sorted(rows) == list(range(small.rows))


def test_one_object_and_a_slice_by_number(shop):
    text = shop.weir("plan", "j", "--bizdate", DATE, "--pieces", "4", "--json").stdout
    (shop.dir / "plan.json").write_text(text)
    count = len(json.loads(text)["slices"])
    for number in range(count):
        out = shop.weir("slice", "plan.json", "--slice", str(number)).stdout
        (shop.dir / f"r{number}.jsonl").write_text(out)
    names = [f"r{number}.jsonl" for number in reversed(range(count))]
    shop.weir("commit", "plan.json", *names)
    assert ids(shop.table("ods")) == list(range(90_000))
    assert "no slice" in shop.weir("slice", "plan.json", "--slice", str(count), code=2).stderr
    assert shop.weir("slice", "-", stdin="").stdout == ""       # an engine's empty part


def test_the_example_of_the_document(shop, tmp_path):
    """Processes of xargs that share one file for their lines."""
    page = (test_slices.tables.__file__).rsplit("/tests/", 1)[0] + "/docs/pieces.md"
    with open(page) as file:
        script = file.read().split("```")[1].replace("ods_oplog", "j")
    assert "xargs" in script
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "weir").symlink_to(shop.runner.program)
    subprocess.run(["sh", "-e", "-c", script], cwd=shop.dir, check=True,
                   env={**shop.runner.environment(None), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert ids(shop.table("ods")) == list(range(90_000))
    check_tidy(shop)


def test_what_a_slice_prints(shop):
    line = make_plan(shop)[1]
    out = lines_of(slice_(shop, line))
    add, done = out[0]["add"], out[-1]["done"]
    assert out[0]["piece"] == {"plan": line["plan"], "slice": 1, "attempt": done["attempt"]}
    assert add["partitionValues"] == PARTITION and add["dataChange"] is True
    assert add["path"].startswith(f"ds={DATE}/part-{line['plan']}-1-{done['attempt']}-")
    assert os.path.getsize(shop.table("ods") / add["path"]) == add["size"]
    assert json.loads(add["stats"])["numRecords"] == done["rows_written"] > 0
    assert done["rows_dirty"] == 0 and done["files"] == len(out) - 1


def test_a_missing_slice_publishes_nothing(shop):
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    some = results[:2] + results[3:]
    wrong = commit(shop, plan, some, code=2)
    assert "1 of %d slices" % len(plan) in wrong.stderr and ": 2;" in wrong.stderr
    assert wrong.json["status"] == "failed" and wrong.json["error"]["kind"] == "config" and wrong.json["rows_written"] == 0
    assert not list((shop.table("ods") / "_delta_log").glob("*.json"))
    # One whose last line is missing, or one of its files, is not complete.
    cut = "".join(line + "\n" for line in results[2].splitlines()[:-1])
    assert commit(shop, plan, some + [cut], code=2).code == 2
    end = results[2].splitlines()[-1] + "\n"
    assert commit(shop, plan, some + [end], code=2).code == 2
    assert commit(shop, plan, some + [end, cut, cut]).json["rows_written"] == 90_000
    check_tidy(shop)


def test_committing_twice(shop):
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    first = commit(shop, plan, results).json
    shop.run("j", "--bizdate", "20161115", "--quiet")
    again = commit(shop, plan, results).json
    assert again["version"] == first["version"] == 0 and again["status"] == "done"
    assert any("already committed" in warning for warning in again["warnings"]), again["warnings"]
    assert readers.version(shop.table("ods")) == 1
    late = shop.weir("slice", stdin=json.dumps(plan[0]), code=2)
    assert "already committed" in late.stderr
    assert ids(shop.table("ods")) == list(range(90_000))


def test_append_is_not_doubled(shop):
    shop.job("j", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}", "mode": "append"})
    for round_ in (1, 2):
        plan = make_plan(shop)
        results = [slice_(shop, line) for line in plan]
        for _ in range(2):
            commit(shop, plan, results)
        assert ids(shop.table("ods")) == sorted(list(range(90_000)) * round_)
    # Two commits of one plan at the same moment.
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    (shop.dir / "plan.jsonl").write_text("".join(json.dumps(line) + "\n" for line in plan))
    (shop.dir / "results.jsonl").write_text("".join(results))
    children = [shop.spawn("commit", "plan.jsonl", "results.jsonl", "--json", env={"WEIR_FAILPOINT": "commit-before=sleep:700"})
                for _ in range(3)]
    assert all(child.wait(60) == 0 for child in children)
    assert len(ids(shop.table("ods"))) == 3 * 90_000
    check_tidy(shop)


def test_overwrite_replaces_the_partition_and_no_other(shop):
    shop.run("j", "--bizdate", "20161113", "--quiet")
    shop.run("j", "--bizdate", DATE, "--quiet")
    plan = make_plan(shop)
    assert plan[0]["version"] == 1
    results = [slice_(shop, line) for line in plan]
    shop.run("j", "--bizdate", "20161115", "--quiet")          # another partition, meanwhile
    done = commit(shop, plan, results).json
    assert done["version"] == 3 and done["replaced_rows"] == 90_000
    assert readers.partitions(shop.table("ods")) == [{"ds": one} for one in ("20161113", DATE, "20161115")]
    assert len(readers.delta_rows(shop.table("ods"), columns=["id"])) == 3 * 90_000


@pytest.mark.parametrize("is_new", [True, False])
def test_somebody_else_writes_the_partition(shop, is_new):
    if not is_new:
        shop.run("j", "--bizdate", DATE, "--quiet")
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    shop.run("j", "--bizdate", DATE, "--quiet")
    version = readers.version(shop.table("ods"))
    wrong = commit(shop, plan, results, code=4)
    assert "another writer" in wrong.stderr
    assert readers.version(shop.table("ods")) == version
    shop.weir("commit", "plan.jsonl", "--abandon")
    assert not (shop.table("ods") / "_weir").exists()
    assert not [name for name in readers.files_on_disk(shop.table("ods")) if plan[0]["plan"] in name]
    assert ids(shop.table("ods")) == list(range(90_000))


def test_two_plans_of_a_table_that_is_not_there_yet(shop):
    first = make_plan(shop)
    second = lines_of(shop.weir("plan", "j", "--bizdate", "20161115", "--pieces", "4", "--lines").stdout)
    results = [[slice_(shop, line) for line in plan] for plan in (first, second)]
    for plan, result in zip((second, first), reversed(results)):
        commit(shop, plan, result)
    assert len(readers.delta_rows(shop.table("ods"), columns=["id"])) == 180_000
    check_tidy(shop)


@pytest.mark.parametrize("change", [
    {"job": "other"}, {"params": ["x=1"]}, {"bizdate": "20161113"}, {"bizdate": "2016"}, {"plan": "../../x"},
    {"job_digest": "0" * 16}, {"column_digest": "0" * 16}, {"version": 7}, {"weir_plan": 2}, {"slice_count": 0},
    {"slice": {"number": 99, "read": {}}}])
def test_a_tampered_head(shop, change):
    shop.job("other", source={"table": "t", "where": "id = 1"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    wrong = shop.weir("slice", stdin=json.dumps({**make_plan(shop)[0], **change}), code={2, 4})
    assert wrong.stdout == "" and wrong.stderr.startswith("weir: ") and not readers.files_on_disk(shop.dir)


@pytest.mark.parametrize("change", [
    {"table": "mysql.user"}, {"table": None}, {"source": 1}, {"source": "0"}, {"index": "name"}, {"index": 5},
    {"low": ["1 OR 1=1"]}, {"low": ["1; DROP TABLE t"]}, {"low": ["0x10"]}, {"low": ["1", "2"]}, {"low": [1]}, {"low": None},
    {"high": ["1'"]}, {"high": [" 5"]}, {"high": ["5)"]}, {"columns": ["id varchar(10)"]}, {"columns": []}])
def test_bounds_are_values_and_nothing_else(shop, change):
    line = make_plan(shop)[0]
    line["slice"]["read"].update(change)
    wrong = shop.weir("slice", stdin=json.dumps(line), code=2)
    assert "slice" in wrong.stderr and wrong.stdout == "" and not readers.files_on_disk(shop.dir)


@pytest.mark.parametrize("columns, bound", [
    ("id VARCHAR(70) PRIMARY KEY", "5a"), ("id VARBINARY(70) PRIMARY KEY", "5a"), ("id DATETIME PRIMARY KEY", "2016-11-14 00:00:00")])
def test_bounds_of_texts_and_times_are_no_sql(database, project, columns, bound):
    """The digits of a text, the spelling of a time: what is spelt otherwise never gets into a statement."""
    database.execute(f"CREATE TABLE t ({columns})")
    value = "'2000-01-01' + INTERVAL n MINUTE" if "DATETIME" in columns else "SHA2(n, 0)"
    tables.fill(database, "t", value, 90_000)
    project.job("j", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    line = next(line for line in make_plan(project) if line["slice"]["read"]["low"])
    for wrong in ("x'5a'", "5a'", "5", "5A OR 1", "zz", "2016-11-14' OR '1", "2016-13-41 00:00:00", ""):
        line["slice"]["read"]["low"] = [wrong]
        # The empty text is the value of a text column that comes before all others.
        done = project.weir("slice", stdin=json.dumps(line), code={0, 2})
        assert done.code == (0 if wrong == "" and "VAR" in columns else 2), (wrong, done.stderr)
    line["slice"]["read"]["low"] = [bound]
    project.weir("slice", stdin=json.dumps(line))


@pytest.mark.parametrize("text, words", [
    ("nonsense", "line 1"), ('{"a": 1}\n', "none that weir slice prints"), ("{}\n\n[", "line 1"),
    ('{"done": {"plan": "0", "slice": 0, "attempt": "x"}}', "another plan")])
def test_results_that_are_none(shop, text, words):
    plan = make_plan(shop)
    wrong = commit(shop, plan, [text], code=2)
    assert words in wrong.stderr


def test_results_that_were_changed(shop):
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    path = lines_of(results[0])[0]["add"]["path"]
    name = path.rsplit("/", 1)[1]
    for old, new in ((path, f"../{name}"), (path, f"/tmp/{name}"), (path, f"ds=20161113/{name}"), (f'{{"ds":"{DATE}"}}', '{"ds":"20161113"}'),
                     (f'{{"ds":"{DATE}"}}', "{}"), ("numRecords", "number"), (path, f"ds={DATE}/other.parquet"),
                     (plan[0]["plan"], "0" * 32)):
        assert old in results[0]
        wrong = commit(shop, plan, [results[0].replace(old, new), *results[1:]], code=2)
        assert wrong.json["error"]["hint"], old
    size = lines_of(results[0])[0]["add"]["size"]
    wrong = commit(shop, plan, [results[0].replace(f'"size":{size}', f'"size":{size + 1}'), *results[1:]], code=4)
    assert "removed or changed" in wrong.stderr
    assert not list((shop.table("ods") / "_delta_log").glob("*.json"))
    commit(shop, plan, results)
    assert ids(shop.table("ods")) == list(range(90_000))


def test_the_job_or_the_table_changes_between(shop, database):
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan[:-1]]
    database.execute("ALTER TABLE t ADD COLUMN more INT")
    wrong = shop.weir("slice", stdin=json.dumps(plan[-1]), code=2)
    assert "columns" in wrong.stderr
    database.execute("ALTER TABLE t DROP COLUMN more")
    results.append(slice_(shop, plan[-1]))
    shop.job("j", source={"table": "t", "where": "id > 5"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    assert "not what it was" in commit(shop, plan, results, code=2).stderr
    shop.job("j", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    commit(shop, plan, results)
    assert ids(shop.table("ods")) == list(range(90_000))


def test_parameters_go_along(shop):
    shop.job("j", source={"table": "t", "where": "id < ${top}"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    plan = make_plan(shop, "--param", "top=50000")
    assert plan[0]["params"] == ["top=50000"]
    commit(shop, plan, [slice_(shop, line) for line in plan])
    assert ids(shop.table("ods")) == list(range(50_000))


def test_the_report_tells_whether_it_was_one_moment(shop, database):
    plan = make_plan(shop)
    quiet = commit(shop, plan, [slice_(shop, line) for line in plan]).json
    position = "all at" in quiet["snapshot"]
    assert position == (not any("point in time" in warning for warning in quiet["warnings"]))
    plan = make_plan(shop)
    results = [slice_(shop, plan[0])]
    database.execute("UPDATE t SET n = n + 1 WHERE id = 5")
    results += [slice_(shop, line) for line in plan[1:]]
    moved = commit(shop, plan, results).json
    assert any("point in time" in warning for warning in moved["warnings"])
    assert moved["snapshot"] == "a snapshot a slice"


def test_dirty_rows_of_all_slices_count(shop, database):
    shop.run("j", "--bizdate", DATE, "--quiet")
    database.execute("ALTER TABLE t MODIFY name VARCHAR(40) NULL, MODIFY n DECIMAL(30,0)")
    database.execute("UPDATE t SET n = 99999999999999999999999 WHERE id IN (3, 89990)")
    shop.job("j", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"}, dirty_limit=1)
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    dirty = [lines_of(result)[-1]["done"] for result in results]
    assert sum(one["rows_dirty"] for one in dirty) == 2
    wrong = commit(shop, plan, results, code=5)
    assert "2 dirty rows together" in wrong.stderr
    shop.job("j", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"}, dirty_limit=2)
    done = commit(shop, plan, results).json
    assert done["rows_dirty"] == 2 and done["rows_written"] == 89_998
    keys = [json.loads(line)["key"]["id"] for one in dirty if one["reject_file"] for line in open(one["reject_file"])]
    assert sorted(keys) == [3, 89990]


def test_partitions_from_the_rows(shop):
    shop.job("j", source={"table": "t", "columns": ["id", "id % 3 AS region"]},
             target={"table": "ods", "partition": "ds=${bizdate},region={region}"})
    plan = make_plan(shop)
    slice_(shop, plan[0], env={"WEIR_FAILPOINT": "slice-loaded"}, code=-signal.SIGKILL)
    done = commit(shop, plan, [slice_(shop, line) for line in plan]).json
    assert done["partitions"] == 3 and done["rows_written"] == 90_000
    assert ids(shop.table("ods")) == list(range(90_000))
    check_tidy(shop)


def test_an_empty_table(shop, database):
    database.execute("DELETE FROM t")
    plan = make_plan(shop)
    done = commit(shop, plan, [slice_(shop, line) for line in plan]).json
    assert done["rows_written"] == 0 and readers.partitions(shop.table("ods")) == [PARTITION]
    assert len(readers.active_files(shop.table("ods"))) == 1


def test_slices_without_rows_leave_no_files(shop, database):
    plan = make_plan(shop)
    database.execute("DELETE FROM t WHERE id > 5")
    commit(shop, plan, [slice_(shop, line) for line in plan])
    assert len(readers.active_files(shop.table("ods"))) == 1 and ids(shop.table("ods")) == list(range(6))
    check_tidy(shop)


def test_shards_on_one_server_and_patterns(database, project):
    for shard in range(3):
        database.execute(f"CREATE TABLE t_{shard} (id INT PRIMARY KEY)")
        tables.fill(database, f"t_{shard}", f"n * 3 + {shard}", 45_000)
    project.job("j", source={"table": "t_[0-2]"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    plan = make_plan(project, pieces=6)
    assert {line["slice"]["read"]["table"] for line in plan} == {f"{database.name}.t_{shard}" for shard in range(3)}
    commit(project, plan, [slice_(project, line) for line in plan])
    assert ids(project.table("ods")) == list(range(135_000))


def test_shards_on_several_servers(mariadb, mysql, make_database, make_project):
    one, two = make_database(mariadb), make_database(mysql)
    for n, database in enumerate((one, two)):
        database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        tables.fill(database, "t", f"n * 2 + {n}", 45_000)
    project = make_project("shards", one.datasource())
    project.configure(datasources={"other": two.datasource()})
    project.job("j", text=json.dumps({"type": "sync", "source": [{"datasource": "src", "table": "t"}, {"datasource": "other", "table": "t"}],
                                      "target": {"table": "ods", "partition": "ds=${bizdate}"}}))
    plan = make_plan(project, pieces=4)
    assert {line["slice"]["read"]["source"] for line in plan} == {0, 1}
    commit(project, plan, [slice_(project, line) for line in plan])
    assert ids(project.table("ods")) == list(range(90_000))


def test_a_view_is_one_slice(shop, database):
    database.execute("CREATE VIEW v AS SELECT id, name FROM t WHERE id < 100")
    shop.job("j", source={"table": "v"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    plan = make_plan(shop)
    assert len(plan) == 1
    commit(shop, plan, [slice_(shop, plan[0])])
    assert ids(shop.table("ods")) == list(range(100))


def test_runs_leave_a_young_plan_alone_and_sweep_an_old_one(shop):
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan[:2]]
    shop.run("j", "--bizdate", "20161115", "--quiet")
    names = [name for name in readers.files_on_disk(shop.table("ods")) if plan[0]["plan"] in name]
    assert len(names) == 2 and plan_files(shop) == [plan[0]["plan"] + ".plan"]
    marker = shop.table("ods") / "_weir" / (plan[0]["plan"] + ".plan")
    old = time.time() - 6.9 * 86400
    os.utime(marker, (old, old))
    shop.run("j", "--bizdate", "20161115", "--quiet")
    assert all(os.path.exists(name) for name in names)
    results += [slice_(shop, line) for line in plan[2:-1]]        # renews it
    shop.run("j", "--bizdate", "20161115", "--quiet")
    assert all(os.path.exists(name) for name in names)
    old = time.time() - 7.1 * 86400
    os.utime(marker, (old, old))
    shop.run("j", "--bizdate", "20161115", "--quiet")
    assert not any(os.path.exists(name) for name in names) and not (shop.table("ods") / "_weir").exists()
    results.append(slice_(shop, plan[-1]))
    wrong = commit(shop, plan, results, code=4)
    assert "removed or changed" in wrong.stderr


def test_a_commit_that_is_killed(shop):
    plan = make_plan(shop)
    results = [slice_(shop, line) for line in plan]
    commit(shop, plan, results, code=-signal.SIGKILL, env={"WEIR_FAILPOINT": "commit-before"})
    assert not list((shop.table("ods") / "_delta_log").glob("*.json"))
    commit(shop, plan, results, code=-signal.SIGKILL, env={"WEIR_FAILPOINT": "commit-after"})
    assert ids(shop.table("ods")) == list(range(90_000))
    assert "already committed" in str(commit(shop, plan, results).json["warnings"])
    assert readers.version(shop.table("ods")) == 0


def test_a_slice_that_is_stopped_tidies_up(shop):
    plan = make_plan(shop)
    child = shop.spawn("slice", stdin=-1, env={"WEIR_FAILPOINT": "slice-loaded=sleep:20000"})
    child.stdin.write(json.dumps(plan[0]))
    child.stdin.close()
    child.stdin = None
    while not readers.files_on_disk(shop.dir):
        time.sleep(0.05)
    # It sleeps where it cannot be woken: a slice that fails is what is looked at.
    child.kill()
    child.communicate()
    left = readers.files_on_disk(shop.dir)
    shop.weir("slice", stdin=json.dumps(plan[1]), env={"WEIR_FAILPOINT": "slice-unknown"})
    shop.weir("slice", stdin=json.dumps({**plan[2], "column_digest": "0" * 16}), code=2)
    assert len(readers.files_on_disk(shop.dir)) == len(left) + 1
    (shop.dir / "plan.jsonl").write_text(json.dumps(plan[0]))
    shop.weir("commit", "plan.jsonl", "--abandon")
    assert readers.files_on_disk(shop.dir) == [] and not shop.table("ods").exists()


def test_words_of_the_command_line(shop):
    assert "no plan" in shop.weir("commit", "/dev/null", stdin="", code=2).stderr
    assert "nowhere" in shop.weir("slice", "nowhere", code=2).stderr
    assert shop.weir("slice", "--slice", "x", stdin="", code=2).stderr
    assert shop.weir("plan", "j", "--pieces", "0", code=2).stderr
    for verb in ("plan", "slice", "commit", "optimize"):
        assert "Examples" in shop.weir(verb, "--help").stdout

"""What a person or a script meets: verbs, options, output streams, exit codes, progress, parameters, secrets."""

import contextlib
import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import termios
import time

import pymysql
import pytest
import readers

VERBS = ("init", "check", "run", "backfill", "status", "log", "rerun", "cancel", "verify", "copy", "sql", "import", "lifecycle", "vacuum", "optimize", "plan", "slice", "commit", "version")
# Whose examples are of several commands in a shell, which the tests of the verb run.
SHELL_VERBS = ("verify", "plan", "slice", "commit")
SUMMARY_KEYS = ("job bizdate status rows_read rows_written rows_dirty bytes seconds rows_per_second target partition version "
                "snapshot slices peak_memory_bytes warnings error").split()


@pytest.fixture
def shop(mariadb, make_database, make_project):
    """A project on MariaDB with the table `oplog`; .db is its database."""
    db = make_database(mariadb)
    db.execute("CREATE TABLE oplog (id BIGINT PRIMARY KEY, optime DATETIME, uname VARCHAR(50))")
    db.execute("INSERT INTO oplog VALUES (1, '2016-11-13 23:59:59', 'a'), (2, '2016-11-14 00:00:00', 'b'),"
               " (3, '2016-11-14 23:59:59', 'c'), (4, '2016-11-15 00:00:00', 'd')")
    project = make_project("shop", db.datasource())
    project.db = db
    project.job("ods_oplog", source={"table": "oplog", "incremental": "optime"},
                target={"table": "ods_oplog", "partition": "ds=${bizdate}"})
    return project


# ---- init, check ------------------------------------------------------------------------------------------


def test_a_new_project_works_as_it_says(server, make_database, weir, tmp_path):
    """The three steps that `weir init` prints; only the server's address is filled in."""
    db = make_database(server)
    db.execute("CREATE TABLE oplog (optime DATETIME, uname VARCHAR(50), action VARCHAR(10), status VARCHAR(10))")
    db.execute("INSERT INTO oplog VALUES ('2016-11-14 08:15:00', 'LiLei', 'UPDATE', 'SUCCESS'),"
               " ('2016-11-15 00:00:00', 'Kate', 'SELECT', 'FAILED')")
    said = weir("init", "shop")
    assert "export RDS_PASSWORD=" in said.stderr
    assert (tmp_path / "shop/.gitignore").read_text().splitlines()[1:] == ["/.weir/", "/lake/"]
    assert 'name: "shop"\n' in (tmp_path / "shop/weir.yaml").read_text()
    assert said.stdout == "" and "weir check" in said.stderr and "weir run ods_oplog" in said.stderr
    config = tmp_path / "shop/weir.yaml"
    text = config.read_text()
    for old, new in (("port: 3306", f"port: {server.port}"), ("user: reader", f"user: {server.user}"),
                     ("database: shop", f"database: {db.name}")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    config.write_text(text)
    env = {"RDS_PASSWORD": server.password}
    lines = weir("check", cwd=tmp_path / "shop", env=env).stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["dw_user", "ok"], ["ods_oplog", "ok"], ["orders_live", "later"]]
    assert lines[0].endswith("1 statement") and "5 columns, 1 slice" in lines[1]
    assert lines[2].endswith("a stream job: not in this version")
    assert not (tmp_path / "shop/lake").exists()
    weir("run", "ods_oplog", "--bizdate", "20161114", cwd=tmp_path / "shop", env=env)
    rows = readers.delta_rows(tmp_path / "shop/lake/ods_oplog")
    assert [(row["uname"], row["ds"]) for row in rows] == [("LiLei", "20161114")]


def test_init_leaves_what_is_there(weir, tmp_path):
    weir("init", "shop")
    before = {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    again = weir("init", "shop", code=2)
    assert "exists: the folder is a project already" in again.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()} == before
    (tmp_path / "other/jobs").mkdir(parents=True)
    (tmp_path / "other/jobs/ods_oplog.yaml").write_text("mine")
    weir("init", "other")
    assert (tmp_path / "other/jobs/ods_oplog.yaml").read_text() == "mine"
    (tmp_path / "file").write_text("")
    assert "\"file" in weir("init", "file", code=2).stderr


def test_check_lists_each_job_and_goes_on_after_a_bad_one(shop):
    shop.job("broken", text="type: sync\nsource: {datasource: src, table: oplog}\n")
    shop.job("gone", source={"table": "oplogs"}, target={"table": "gone"})
    shop.job("later", text="type: stream\nsource: {datasource: src, tables: [oplog]}\ntarget: {datasource: src, topic: t}\n")
    result = shop.weir("check", code=2)
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["broken", "config"], ["gone", "config"], ["hint:", "Did"], ["later", "later"], ["ods_oplog", "ok"]]
    assert "jobs/broken.yaml:1:1: \"target\" is missing" in result.stdout
    assert "\n    hint: Did you mean \"oplog\"" in result.stdout
    assert "weir: 2 of 4 jobs cannot run, 1 is not in this version\n" in result.stderr
    lines = [json.loads(line) for line in shop.weir("check", "--json", code=2).stdout.splitlines()]
    assert [(line["job"], line["ok"]) for line in lines] == [
        ("broken", False), ("gone", False), ("later", False), ("ods_oplog", True)]
    assert lines[0]["error"]["kind"] == "config"
    assert [line["type"] for line in lines[1:]] == ["sync", "stream", "sync"]
    assert "not in this version" in lines[2]["error"]["message"]
    assert lines[3]["columns"] == 4 and lines[3]["slices"] == 1 and lines[3]["error"] is None


def test_check_of_types_that_cannot_run_is_no_error(shop):
    shop.job("later", text="type: stream\nsource: {datasource: src, tables: [oplog]}\ntarget: {datasource: src, topic: t}\n")
    result = shop.weir("check")
    assert result.stderr == "2 jobs, 1 is not in this version\n"
    assert shop.weir("check", "--json").stderr == ""
    assert "not in this version" in shop.weir("check", "later").stdout
    line = shop.weir("check", "later", "--json").json
    assert (line["job"], line["type"], line["ok"]) == ("later", "stream", False)


def test_check_shows_types_partition_and_slices(server, project, database):
    database.execute("CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, price DECIMAL(10,2), region VARCHAR(8))")
    project.job("j", source={"table": "t"}, target={"table": "t", "partition": "ds=${bizdate},part={region}"})
    result = project.weir("check", "j", "--bizdate", "20161114")
    assert result.stderr == ""
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["id", "bigint(20)" if server.kind == "mariadb" else "bigint", "unsigned", "uint64", "decimal(20,0)", "id"] in rows
    assert ["price", "decimal(10,2)", "decimal(10,2)", "decimal(10,2)", "price"] in rows
    assert ["-", "string", "ds", "(partition", "20161114)"] in rows
    assert ["region", "varchar(8)", "text", "string", "part", "(partition", "{region})"] in rows
    plan = project.weir("check", "j", "--json").json
    assert [column["partition"] for column in plan["columns"] if column["partition"]][1:] == ["{region}"]
    assert plan["slices"] == [{"table": f"{database.name}.t", "condition": "", "rows": plan["slices"][0]["rows"],
                               "at_most": False}]
    assert not project.lake.exists()


@pytest.mark.parametrize("policy, stored", [("add", True), ("ignore", False)])
def test_check_shows_what_becomes_of_new_columns(shop, policy, stored):
    shop.run("ods_oplog", "--bizdate", "20161114")
    shop.db.execute("ALTER TABLE oplog ADD extra INT, DROP uname")
    shop.job("ods_oplog", source={"table": "oplog", "incremental": "optime"},
             target={"table": "ods_oplog", "partition": "ds=${bizdate}", "new_columns": policy})
    text = shop.weir("check", "ods_oplog").stdout
    assert re.search(r"^ +- +string +uname +\(not in the source: NULL\)$", text, re.M)
    wanted = r"^ +extra +int\(11\) +int32 +integer +extra +\(new\)$" if stored else \
        r"^ +extra +int\(11\) +int32 +- +\(not in the table: not stored\)$"
    assert re.search(wanted, text, re.M), text
    columns = {column["source"]: column for column in shop.weir("check", "ods_oplog", "--json").json["columns"]}
    assert columns["extra"]["target"] == ("extra" if stored else None)
    shop.run("ods_oplog", "--bizdate", "20161114")
    assert ("extra" in readers.delta_rows(shop.table("ods_oplog"))[0]) == stored


def test_slices_are_said_to_be_sorted(shop):
    shop.db.execute("CREATE TABLE big (id INT PRIMARY KEY, v CHAR(100)) SELECT seq AS id, 'x' AS v FROM seq_1_to_60000")
    shop.db.query("ANALYZE TABLE big")
    shop.job("big", source={"table": "big"}, target={"table": "big"}, threads=4)
    assert re.search(r"^  \d+ slices, at most 4 readers, largest first$", shop.weir("check", "big").stdout, re.M)


# ---- help and mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_help_in_every_spelling(weir, verb):
    texts = {weir(*words).stdout for words in ((verb, "--help"), (verb, "-h"), ("help", verb), (verb, "--help", "more"))}
    assert len(texts) == 1
    text = texts.pop()
    assert f"Usage: weir {verb}" in text and "--help" in text
    assert max(map(len, text.splitlines())) <= 100
    assert weir(verb, "--help").stderr == ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_that_help_shows_is_known(weir, verb):
    for name, argument in re.findall(r"^  --(\S+)( \S+)?  ", weir(verb, "--help").stdout, re.M):
        if name == "help":
            continue
        if argument:
            assert f"\"--{name}\" needs a value" in weir(verb, f"--{name}", code=2).stderr
        else:
            assert f"\"--{name}\" takes no value" in weir(verb, f"--{name}=x", code=2).stderr


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in SHELL_VERBS])
def test_examples_of_help_are_real(shop, verb):
    """Each line under "Examples" is taken as typed. What cannot work here is the examples' server, never their words."""
    if verb in ("status", "log", "rerun", "cancel"):
        # They are about instance 42, which has ended.
        (shop.dir / ".weir/logs").mkdir(parents=True)
        (shop.dir / ".weir/logs/41.log").touch()
        assert shop.run("ods_oplog").json["instance"] == 42
    if verb in ("sql", "lifecycle", "vacuum", "optimize"):
        shop.run("ods_oplog", "--bizdate", "20161114")
        (shop.dir / "daily.sql").write_text("select count(*) from ods_oplog where ds = '${bizdate}'")
    examples = weir_examples(shop.weir(verb, "--help").stdout)
    (shop.dir / "datax").mkdir()
    for path in ("oplog.json", "datax/oplog.json"):
        (shop.dir / path).write_text(json.dumps({"job": {"content": [{
            "reader": {"name": "mysqlreader", "parameter": {
                "username": shop.db.server.user, "password": shop.db.server.password, "column": ["*"], "connection": [{
                    "table": ["oplog"], "jdbcUrl": [f"jdbc:mysql://127.0.0.1:{shop.db.server.port}/{shop.db.name}"]}]}},
            "writer": {"name": "odpswriter", "parameter": {"table": "ods_datax", "column": ["*"]}}}]}}))
    assert examples or verb == "version"
    for example in examples:
        words = shlex.split(example.split(" | ")[0].split(" >")[0])
        assert words[0] == "weir"
        result = shop.weir(*words[1:], code={0, 2, 3})
        assert result.code == {"copy": 3, "cancel": 2}.get(verb, 0), str(result)


def weir_examples(text):
    return [line.strip() for line in text.split("Examples:\n")[1].splitlines() if line.strip()] if "Examples:" in text else []


def test_overview(weir):
    for words in (("help",), ("--help",), ("-h",)):
        text = weir(*words).stdout
        assert [verb for verb in VERBS if f"\n  {verb} " in text] == list(VERBS)
        assert "130 cancelled" in text
    nothing = weir(code=2)
    assert nothing.stdout == "" and "Usage: weir VERB" in nothing.stderr


@pytest.mark.parametrize("words, message, hint", [
    (["rum", "x"], "unknown verb \"rum\"", "Did you mean \"weir run\"?"),
    (["--project", "x", "check"], "the option \"--project\" stands before the verb", "Options stand after it"),
    (["run", "x", "--bizdate", "20161114", "--bizdate=20161115"], "\"--bizdate\" is given twice", ""),
    (["run", "x", "--threads", "2", "--threads", "2"], "\"--threads\" is given twice", ""),
    (["copy", "mysql://u@h/d/t", "x", "--dirty-limit", "some"], "\"--dirty-limit\" must be a whole number", ""),
    (["frobnicate"], "unknown verb \"frobnicate\"", "\"weir help\" lists the verbs."),
    (["help", "chek"], "unknown verb \"chek\"", "Did you mean \"weir check\"?"),
    (["run", "x", "--bizdat", "20161114"], "unknown option \"--bizdat\" of weir run", "Did you mean \"--bizdate\"?"),
    (["run", "x", "--thread=4"], "unknown option \"--thread\" of weir run", "Did you mean \"--threads\"?"),
    (["run", "x", "-j"], "unknown option \"-j\" of weir run", "Options are written with two dashes"),
    (["run"], "weir run needs an argument", "Usage: weir run JOB"),
    (["check", "a", "b"], "one argument too many for weir check: \"b\"", "Usage: weir check [JOB]"),
    (["run", "x", "--threads", "0"], "\"--threads\" must be a whole number from 1 to 64, not \"0\"", ""),
    (["run", "x", "--threads", "65"], "\"--threads\" must be a whole number from 1 to 64, not \"65\"", ""),
    (["run", "x", "--threads", "2x"], "\"--threads\" must be a whole number from 1 to 64, not \"2x\"", ""),
    (["copy", "mysql://u@h/d/t"], "weir copy needs more arguments", "Usage: weir copy URL DIR"),
    (["copy", "mysql://u@h/d/t", "x", "--mode", "patch"], "\"--mode\" must be overwrite, append or merge, not \"patch\"", ""),
    (["copy", "mysql://u@h/d/t", "x", "--zero-dates", "zero"], "\"--zero-dates\" must be null, text or error", ""),
    (["copy", "mysql://u@h/d/t", "x", "--timezone", "Mars/Base"], "unknown time zone \"Mars/Base\"", "IANA"),
    (["copy", "mysql://u@h/d/t", "x", "--bizdate", "2016-02-30"], "is not a day of the calendar", ""),
    (["copy", "mysql://u@h/d/t", "x", "--partition", "ds=a/b"], "--partition: the partition value \"a/b\" holds a slash", ""),
    (["copy", "mysql://u@h/d", "x"], "the URL names no table", "Write mysql://USER"),
    (["copy", "postgres://u@h/d/t", "x"], "cannot read from a URL that begins with \"postgres://\"", "Write mysql://USER"),
    (["copy", "mysql://u@h/d/t", "s3://bucket/x"], "this version cannot write to a URL", "Name the table's folder"),
    (["copy", "mysql://u@h/d/t?tsl=required", "x"], "\"tsl\"", "tls"),
])
def test_mistakes_on_the_command_line(weir, tmp_path, words, message, hint):
    result = weir(*words, code=2)
    lines = result.stderr.splitlines()
    assert result.stdout == ""
    assert lines[0].startswith("weir: ") and message in lines[0], str(result)
    assert hint in "\n".join(lines), str(result)
    assert len(lines) <= 2
    assert list(tmp_path.iterdir()) == []


# ---- where a run is started, and what it prints where ------------------------------------------------------


def test_from_a_folder_below_the_project_and_by_name(shop, weir, tmp_path):
    below = shop.dir / "jobs"
    for words, where in ((("run", "ods_oplog"), below), (("run", "ods_oplog.yaml"), below),
                         (("run", "jobs/ods_oplog.yaml"), shop.dir), (("run", "ods_oplog", "--project", "shop"), tmp_path),
                         (("run", "ods_oplog", f"--project={shop.dir}"), tmp_path)):
        result = weir(*words, "--bizdate", "20161114", "--json", cwd=where).json
        assert result["target"] == str(shop.table("ods_oplog"))
        assert result["rows_written"] == 2
    outside = weir("run", "ods_oplog", cwd=tmp_path, code=2)
    assert "there is no weir.yaml in" in outside.stderr and "--project DIR" in outside.stderr
    # --project names the folder itself, not one below it.
    weir("run", "ods_oplog", "--project", below, cwd=tmp_path, code=2)


def test_results_and_talk_do_not_mix(shop):
    words = shop.weir("run", "ods_oplog", "--bizdate", "20161114")
    assert words.stdout == ""
    assert "ods_oplog 20161114 done" in words.stderr and "2 read, 2 written" in words.stderr
    assert "\x1b" not in words.stderr and "\r" not in words.stderr
    machine = shop.weir("run", "ods_oplog", "--bizdate", "20161114", "--json")
    assert machine.stderr == ""
    assert machine.stdout.count("\n") == 1
    assert set(SUMMARY_KEYS) <= set(machine.json)
    # A closed standard output is no success.
    with open("/dev/full", "w") as full:
        done = subprocess.run([shop.runner.program, "check", "ods_oplog"], cwd=shop.dir, stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 4 and "could not write to standard output" in done.stderr


def test_summary_of_a_good_run(server, project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, d DATE)")
    database.execute("SET SESSION sql_mode = ''")
    database.execute("INSERT INTO t VALUES (1, '2016-11-14'), (2, '0000-00-00')")
    project.job("j", source={"table": "t"}, target={"table": "t", "partition": "ds=${bizdate}"})
    summary = project.run("j", "--bizdate", "20161114").json
    expected = {"job": "j", "bizdate": "20161114", "status": "done", "rows_read": 2, "rows_written": 2, "rows_dirty": 0,
                "zero_dates": 1, "slices": 1, "readers": 1, "attempts": 1, "target": str(project.table("t")),
                "partition": "ds=20161114", "version": 0, "reject_file": None, "warnings": [], "error": None, "files": 1}
    assert {key: summary[key] for key in expected} == expected
    assert summary["server"] == f"{'MariaDB' if server.kind == 'mariadb' else 'MySQL'} {server.version}"
    assert summary["snapshot"].startswith("one connection at ")
    assert summary["bytes"] > 0 and summary["bytes_written"] > 0 and summary["seconds"] > 0
    assert 1 << 20 < summary["peak_memory_bytes"] < 300 << 20
    again = project.run("j", "--bizdate", "20161114").json
    assert again["version"] == 1 and again["replaced_rows"] == 2


# ---- exit codes -------------------------------------------------------------------------------------------


def failed(project, *words, code, kind):
    """Runs with --json: the summary and the text must say the same."""
    result = project.run(*words, code=code)
    summary = result.json
    assert set(SUMMARY_KEYS) <= set(summary)
    assert summary["status"] == ("cancelled" if code == 130 else "failed")
    assert summary["error"]["kind"] == kind and summary["version"] is None
    assert result.stderr.startswith(f"weir: {summary['error']['message']}\n")
    if summary["error"]["hint"]:
        assert result.stderr.endswith(f"hint: {summary['error']['hint']}\n")
    return summary


def test_exit_2_configuration(shop):
    shop.job("wrong", text="type: sync\nsorce: {datasource: src}\ntarget: {tabel: t}\nthreads: many\n")
    summary = failed(shop, "wrong", code=2, kind="config")
    # Several mistakes: a head line, then one line each, with file, line and column.
    assert summary["error"]["message"].split("\n") == [
        "3 mistakes in jobs/wrong.yaml",
        "jobs/wrong.yaml:2:1: unknown key \"sorce\", did you mean \"source\"?",
        "jobs/wrong.yaml:3:10: unknown key \"tabel\" in \"target\", did you mean \"table\"?",
        "jobs/wrong.yaml:4:10: \"threads\" must be a whole number from 1 to 64, not \"many\""]
    assert summary["job"] == "wrong"
    failed(shop, "no_such_job", code=2, kind="config")


def test_exit_3_source(shop):
    shop.configure(datasources={"src": {"password": "not it"}})
    summary = failed(shop, "ods_oplog", code=3, kind="source")
    assert "not it" not in json.dumps(summary)
    assert "Check user and password" in summary["error"]["hint"]


def test_exit_4_target(shop):
    shop.lake.write_text("a file where the lake should be")
    failed(shop, "ods_oplog", code=4, kind="target")
    assert shop.lake.read_text() == "a file where the lake should be"


def test_exit_5_dirty_limit(shop):
    shop.db.execute("SET SESSION sql_mode = ''")
    shop.db.execute("CREATE TABLE d (id INT PRIMARY KEY, day DATE)")
    shop.db.execute("INSERT INTO d VALUES (1, '2016-11-14'), (2, '0000-00-00')")
    shop.job("d", source={"table": "d"}, target={"table": "d"}, zero_dates="error")
    summary = failed(shop, "d", code=5, kind="dirty")
    assert summary["rows_dirty"] == 1
    reject = json.loads(open(summary["reject_file"]).read())
    assert (reject["column"], reject["value"], reject["key"]) == ("day", "0000-00-00", {"id": 2})
    assert not (shop.table("d") / "_delta_log").exists()


def slow_job(project, seconds, name="slow"):
    """A job whose source needs so long, in steps of a tenth of a second."""
    project.db.execute("CREATE TABLE ticks (id INT PRIMARY KEY)")
    project.db.execute(f"INSERT INTO ticks SELECT seq FROM seq_1_to_{seconds * 10}")
    project.job(name, source={"table": "ticks", "columns": ["id", "sleep(0.1) AS nap"]}, target={"table": name})


def wait_until(condition, seconds=20):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return found


def end_queries(project):
    """A server notices late that its client is gone: its statement is ended, so that the database can be dropped."""
    for (number,) in project.db.server.query("SELECT id FROM information_schema.processlist WHERE db = %s AND info LIKE "
                                             "'%%sleep(0.1)%%' AND info NOT LIKE '%%processlist%%'", (project.db.name,)):
        with contextlib.suppress(pymysql.MySQLError):
            project.db.server.execute(f"KILL {number}")


def run_is_reading(project):
    return project.db.server.query(
        "SELECT 1 FROM information_schema.processlist WHERE db = %s AND info LIKE '%%sleep(0.1)%%'"
        " AND info NOT LIKE '%%processlist%%' AND info NOT LIKE '%%LIMIT 0%%'", (project.db.name,))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_exit_130_cancelled(shop, number):
    slow_job(shop, 30)
    child = shop.spawn("run", "slow", "--json")
    wait_until(lambda: run_is_reading(shop))
    begin = time.monotonic()
    child.send_signal(number)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert time.monotonic() - begin < 5  # it does not wait for the server's answer
    end_queries(shop)
    summary = json.loads(out)
    assert summary["status"] == "cancelled" and summary["error"]["kind"] == "cancelled"
    assert summary["error"]["message"] in err
    assert not list(shop.lake.rglob("*.parquet")) and not list(shop.lake.rglob("*.json"))


# ---- progress ---------------------------------------------------------------------------------------------


def run_on_terminal(project, *words, columns=80, terminal="xterm"):
    """Runs weir on a pseudo-terminal; (exit code, standard output, what the terminal got)."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen([project.runner.program, *words], cwd=project.dir, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=end, env=project.runner.environment({"TERM": terminal}))
    os.close(end)
    seen = b""
    with contextlib.suppress(OSError):  # EIO: the last writer is gone
        while chunk := os.read(main, 65536):
            seen += chunk
    os.close(main)
    out, _ = child.communicate(timeout=60)
    return child.returncode, out.decode(), seen.decode()


def frames_of(seen):
    """What was drawn on the bar's line, one text a redraw, and the text after the last of them."""
    parts = seen.split("\r")
    drawn = [part.removesuffix("\x1b[K") for part in parts if part.endswith("\x1b[K")]
    return drawn, seen.rsplit("\r\x1b[K", 1)[-1]


def test_bar_is_redrawn_and_cleared(shop):
    shop.db.execute("CREATE TABLE big (id INT PRIMARY KEY, v CHAR(200)) SELECT seq AS id, 'x' AS v FROM seq_1_to_400000")
    shop.db.query("ANALYZE TABLE big")
    shop.job("big", source={"table": "big"}, target={"table": "big"})
    code, out, seen = run_on_terminal(shop, "run", "big", columns=120)
    assert code == 0 and out == ""
    bars, after = frames_of(seen)
    assert len(bars) >= 3
    assert all(re.match(r"big  \[[#.]+\] +\d+%  [\d,]+ rows  [\d,]+ rows/s  ", frame) or "slices" not in frame
               for frame in bars), bars
    assert any(re.search(r"\d+/\d+ slices", frame) for frame in bars)
    assert all(len(frame) < 120 for frame in bars)
    counts = [int(re.search(r"([\d,]+) rows ", frame)[1].replace(",", "")) for frame in bars]
    assert counts == sorted(counts) and counts[-1] > counts[0]
    # The last thing that happens to the line: it is emptied. The report stands on lines of its own.
    assert after.startswith("big ") and "400,000 read, 400,000 written" in after and "[#" not in after


@pytest.mark.parametrize("columns", [1, 10, 40])
def test_no_frame_is_wider_than_a_narrow_terminal(shop, columns):
    slow_job(shop, 1, "a_job_with_a_rather_long_name_说明")
    code, _, seen = run_on_terminal(shop, "run", "a_job_with_a_rather_long_name_说明", columns=columns)
    assert code == 0
    drawn, _ = frames_of(seen)
    wide = [sum(2 if character > "⺀" else 1 for character in frame) for frame in drawn]
    assert max(wide) < max(columns, 2), drawn
    assert "�" not in seen


def test_plain_lines_on_a_dumb_terminal(shop):
    slow_job(shop, 11)
    code, _, seen = run_on_terminal(shop, "run", "slow", terminal="dumb")
    assert code == 0 and "\x1b" not in seen and "\r" not in seen.replace("\r\n", "\n")
    assert re.search(r" info slow  [\d,]+ rows?  ", seen)


def test_quiet_and_json_on_a_terminal(shop):
    slow_job(shop, 1)
    code, out, seen = run_on_terminal(shop, "run", "slow", "--json", "--quiet")
    assert code == 0 and seen == "" and json.loads(out)["rows_read"] == 10
    code, out, seen = run_on_terminal(shop, "run", "slow", "--json")
    drawn, after = frames_of(seen)
    assert len(drawn) > 2 and after == "" and json.loads(out)["rows_read"] == 10


def test_plain_lines_off_a_terminal(shop):
    slow_job(shop, 12)
    result = shop.weir("run", "slow")
    lines = [line for line in result.stderr.splitlines() if " info " in line]
    assert lines and all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info slow  [\d,]+ rows  ", line) for line in lines)
    assert "\r" not in result.stderr and "\x1b" not in result.stderr
    assert shop.weir("run", "slow", "--quiet", "--json").stderr == ""


# ---- parameters -------------------------------------------------------------------------------------------

# Business date 2016-11-14; the instance's scheduled time is 2016-11-15 00:30:00. By hand, from the product's description.
PARAMETERS = {
    "${bizdate}": "20161114", "$bizdate": "20161114", "${bdp.system.bizdate}": "20161114", "${yyyymmdd}": "20161114",
    "${yyyymmdd-1}": "20161113", "${yyyymmdd-7*2}": "20161031", "${yyyy-mm-dd}": "2016-11-14", "${yyyymm-1}": "201610",
    "${yyyy-1}": "2015", "${yymmdd}": "161114", "${yyyymm}01": "20161101",
    "$cyctime": "20161115003000", "${bdp.system.cyctime}": "20161115003000", "$gmtdate": "20161115",
    "$[yyyymmddhh24miss]": "20161115003000", "$[yyyymmddhh24miss-1/24]": "20161114233000", "$[hh24-1/24]": "23",
    "$[yyyymmdd+7*1]": "20161122", "$[yyyy-mm-dd]": "2016-11-15", "$[mi-15/24/60]": "15",
    "$[yyyymmdd-1-1/24]": "20161113", "$[add_months(yyyymmdd,-1)]": "20161015", "$[add_months(yyyymm,-12)]": "201511",
    "${region}": "eu", "${hour}": "23", "${from_command_line}": "x y=z", "$$bizdate": "$bizdate",
}


def test_every_kind_of_parameter_reaches_the_server(shop):
    columns = [f"'{text}' AS c{index}" for index, text in enumerate(PARAMETERS)]
    shop.job("params", source={"table": "oplog", "columns": columns, "where": "id = 1"},
             target={"table": "params", "partition": "ds=${bizdate},hour=$[hh24-1/24],region=${region}"},
             args={"region": "eu", "hour": "$[hh24-1/24]", "from_command_line": "not this"},
             schedule={"cycle": "daily", "at": "00:30"})
    result = shop.run("params", "--bizdate", "20161114", "--param", "from_command_line=x y=z").json
    assert result["partition"] == "ds=20161114,hour=23,region=eu"
    (row,) = readers.delta_rows(shop.table("params"))
    assert {text: row[f"c{index}"] for index, text in enumerate(PARAMETERS)} == PARAMETERS
    assert (row["ds"], row["hour"], row["region"]) == ("20161114", "23", "eu")


def test_parameters_in_where_query_tables_and_target(shop):
    shop.db.execute("CREATE TABLE log_201611 (id INT PRIMARY KEY, v VARCHAR(20))")
    shop.db.execute("INSERT INTO log_201611 VALUES (1, 'a'), (2, 'b')")
    shop.job("where", source={"table": "log_${yyyymm}", "where": "id = ${n} AND v = '${v}'"},
             target={"table": "log_${yyyymm}", "partition": "ds=${yyyy-mm-dd}"}, args="n=2 v=b day=$bizdate")
    assert shop.run("where", "--bizdate", "2016-11-14").json["rows_written"] == 1
    assert readers.delta_rows(shop.table("log_201611")) == [{"id": 2, "v": "b", "ds": "2016-11-14"}]
    shop.job("query", source={"query": "SELECT '$[yyyymmdd hh24:mi:ss]' AS at, id FROM oplog WHERE optime >= '${bizdate}' "
                                       "AND optime < '$gmtdate'"},
             target={"table": "query"}, args="-p\"-Da=$bizdate -Db=$[yyyymmdd hh24 - 1/24]\"",
             schedule={"cycle": "daily", "at": "06:05"})
    shop.run("query", "--bizdate", "20161114")
    assert readers.delta_rows(shop.table("query")) == [{"at": "20161115 06:05:00", "id": n} for n in (2, 3)]


def test_copy_takes_parameters_and_options(shop, weir, tmp_path):
    result = weir("copy", shop.db.url("oplog"), "lake/t", "--partition", "ds=${bizdate}", "--where", "id < ${n-1}", code=2)
    assert "--where: " in result.stderr
    words = ["copy", shop.db.url("oplog"), "lake/t", "--partition", "ds=${bizdate}", "--bizdate", "20161114", "--where",
             "optime < '${bizdate}'", "--columns", "id, concat(uname, ',x') AS u", "--json"]
    assert weir(*words).json["rows_written"] == 1
    assert weir(*words, "--mode", "append").json["rows_written"] == 1
    assert readers.delta_rows(tmp_path / "lake/t") == [{"id": 1, "u": "a,x", "ds": "20161114"}] * 2


def test_an_instance_is_fixed_by_its_date(shop):
    """The same business date gives the same window whatever the day of the run; yesterday is the default."""
    shop.job("j", source={"table": "oplog", "columns": ["'${bizdate}' AS d", "'$[yyyymmdd]' AS s"], "where": "id = 1"},
             target={"table": "j"})
    default = shop.run("j").json["bizdate"]
    (row,) = readers.delta_rows(shop.table("j"))
    assert row["d"] == default
    yesterday = subprocess.run(["date", "-u", "-d", "yesterday", "+%Y%m%d"], capture_output=True, text=True).stdout.strip()
    assert default == yesterday  # the project's zone is UTC; a test that runs at midnight may be off


def test_a_date_that_is_yet_to_come(shop):
    result = shop.run("ods_oplog", "--bizdate", "29991231").json
    assert result["warnings"] == ["the business date 29991231 is after today"]
    assert "  warning    the business date 29991231 is after today\n" in shop.weir("run", "ods_oplog", "--bizdate", "29991231").stderr
    today = subprocess.run(["date", "-u", "+%Y%m%d"], capture_output=True, text=True).stdout.strip()
    assert shop.run("ods_oplog", "--bizdate", today).json["warnings"] == []


# ---- secrets ----------------------------------------------------------------------------------------------

SECRET = "s3cr:t/@%#'pw"


@pytest.fixture
def secret_user(mariadb):
    mariadb.execute("CREATE OR REPLACE USER keeper@'%%' IDENTIFIED BY %s", (SECRET,))
    mariadb.execute("GRANT SELECT ON *.* TO keeper@'%'")
    yield "keeper"
    mariadb.execute("DROP USER keeper@'%'")


def files_with(folder, text):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.parametrize("way", ["env", "file"])
def test_secrets_come_from_outside_and_go_nowhere(shop, secret_user, tmp_path, way):
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "password").write_text(SECRET + "\n")
    text = "${env:SHOP_PASSWORD}" if way == "env" else "${file:../keep/password}"
    shop.configure(datasources={"src": {"user": secret_user, "password": text}})
    env = {"SHOP_PASSWORD": SECRET}
    shop.db.execute("SET SESSION sql_mode = ''")
    shop.db.execute("INSERT INTO oplog VALUES (5, '0000-00-00', 'zero')")
    shop.job("dirty", source={"table": "oplog"}, target={"table": "dirty"}, zero_dates="error")
    outputs = [shop.weir(*words, env=env, code=None) for words in (
        ("check",), ("check", "ods_oplog"), ("check", "ods_oplog", "--json"), ("run", "ods_oplog", "--bizdate", "20161114"),
        ("run", "ods_oplog", "--json"), ("run", "dirty"), ("run", "dirty", "--json"), ("run", "nothing"))]
    assert outputs[3].code == 0
    # And where the server refuses it.
    shop.db.server.execute("SET PASSWORD FOR keeper@'%' = PASSWORD('another')")
    outputs.append(shop.weir("run", "ods_oplog", env=env, code=3))
    for output in outputs:
        assert SECRET not in output.stdout + output.stderr
    assert files_with(shop.dir, SECRET) == []


def test_a_password_in_a_url_leaves_the_process_list(shop, secret_user, weir, tmp_path):
    shop.db.execute("CREATE TABLE ticks (id INT PRIMARY KEY)")
    shop.db.execute("INSERT INTO ticks SELECT seq FROM seq_1_to_100")
    quoted = "".join(f"%{byte:02X}" for byte in SECRET.encode())
    url = f"mysql://{secret_user}:{quoted}@127.0.0.1:{shop.db.server.port}/{shop.db.name}/ticks"
    child = weir.spawn("copy", url, "lake/t", "--columns", "id, sleep(0.1) AS nap")
    wait_until(lambda: run_is_reading(shop))
    with open(f"/proc/{child.pid}/cmdline") as file:
        shown = file.read()
    assert quoted not in shown and f"mysql://{secret_user}:****@127.0.0.1" in shown
    with open(f"/proc/{child.pid}/comm") as file:
        assert SECRET not in file.read()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    end_queries(shop)
    assert child.returncode == 130
    assert quoted not in out + err and SECRET not in out + err
    assert files_with(tmp_path, quoted) == [] and files_with(tmp_path, SECRET) == []


def test_a_refused_url_is_not_repeated(weir):
    for url in ("mysql://keeper:hush-hush@127.0.0.1:x/d/t", "mysql://keeper:hush-hush@127.0.0.1/d", "mysql://keeper:hush-hush",
                "oracle://keeper:hush-hush@h/d/t", "mysql://keeper:hush-hush@127.0.0.1/d/t?hush-hush=1&tls=x",
                "mysql://keeper:hush%hush@127.0.0.1/d/t"):
        result = weir("copy", url, "x", "--json", code=2)
        if "?" not in url:
            assert "hush" not in result.stdout + result.stderr


def test_password_of_copy_from_the_environment(shop, secret_user, weir, tmp_path):
    url = f"mysql://{secret_user}@127.0.0.1:{shop.db.server.port}/{shop.db.name}/oplog"
    weir("copy", url, "lake/t", "--quiet", env={"WEIR_PASSWORD": SECRET})
    assert len(readers.delta_rows(tmp_path / "lake/t")) == 4
    wrong = weir("copy", url, "lake/u", "--quiet", env={"WEIR_PASSWORD": "wrong"}, code=3)
    assert "Check user and password" in wrong.stderr
    assert "or WEIR_PASSWORD for weir copy" in weir("copy", url, "lake/u", "--quiet", code=3).stderr
    assert not (tmp_path / "lake/u").exists()

"""Bad input: each mistake ends with one clear message, the designed exit code, and nothing changed on disk."""

import json
import os
import re
import socket
import threading

import pytest
import readers

# Nothing listens there: a job that gets so far ends with exit code 3, so code 2 shows that it was stopped before.
NOWHERE = {"type": "mysql", "host": "127.0.0.1", "port": 1, "user": "u", "password": "p", "database": "d"}
GOOD = "type: sync\nsource: {datasource: src, table: t}\ntarget: {table: t}\n"


HISTORY = re.compile(r"\.weir(/(weir\.db.*|logs.*|instances.*))?$")


def tree(folder):
    """Every path below and what it holds; without the run history, which keeps the failure too."""
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    return {name: path.read_bytes() if path.is_file() else None for name, path in paths.items() if not HISTORY.match(name)}


def refused(project, *words, code, message, hint="", **options):
    """Runs weir, which must fail with the message, say it once and leave the project's folder as it was."""
    before = tree(project.dir)
    result = project.weir(*words, code=code, **options)
    assert tree(project.dir) == before, str(result)
    lines = result.stderr.splitlines()
    heads = [line for line in lines if line.startswith("weir: ")]
    assert len(heads) == 1, str(result)
    said = "\n".join(line for line in lines if not line.startswith("hint: "))
    hints = [line for line in lines if line.startswith("hint: ")]
    assert re.search(message, said), str(result)
    assert len(hints) <= 1
    if hint:
        assert hints and re.search(hint, hints[0]), str(result)
    assert all(character.isprintable() or character == "\n" for character in result.stderr), repr(result.stderr)
    assert not re.search(r"assert|core dumped|\(null\)", result.stderr), str(result)
    return result


@pytest.fixture
def offline(make_project):
    project = make_project("offline", NOWHERE)
    project.job("j", text=GOOD)
    return project


@pytest.fixture
def shop(server, make_database, make_project):
    """On both servers: a table `oplog` and a job for it."""
    db = make_database(server)
    db.execute("CREATE TABLE oplog (id BIGINT PRIMARY KEY, optime DATETIME, uname VARCHAR(50))")
    db.execute("INSERT INTO oplog VALUES (1, '2016-11-14 08:00:00', 'a')")
    project = make_project("shop", db.datasource())
    project.db = db
    return project


# ---- job files ------------------------------------------------------------------------------------------------

JOB_FILES = [
    # text, message, hint
    ("", r"jobs/j\.yaml:1:1: the file is empty; it begins with \"type: sync\"", ""),
    ("# only a comment\n", r"jobs/j\.yaml:1:1: the file is empty", ""),
    ("just words\n", r"jobs/j\.yaml:1:1: the file must be a mapping \(key: value\), not text", ""),
    ("- a\n- b\n", r"jobs/j\.yaml:1:1: the file must be a mapping \(key: value\), not a list", ""),
    ("typ: sync\n", r"jobs/j\.yaml:1:1: \"type\" is missing: sync, sql or stream", ""),
    ("type: snyc\n", r"jobs/j\.yaml:1:7: \"type\" must be sync, sql or stream, not \"snyc\", did you mean \"sync\"\?", ""),
    ("type: [sync]\n", r"jobs/j\.yaml:1:7: \"type\" must be sync, sql or stream", ""),
    (GOOD + "tread: 2\n", r"jobs/j\.yaml:4:1: unknown key \"tread\", did you mean \"threads\"\?", ""),
    (GOOD + "wobble: 2\n", r"jobs/j\.yaml:4:1: unknown key \"wobble\"; known are type, ", ""),
    (GOOD + "threads: many\n", r"jobs/j\.yaml:4:10: \"threads\" must be a whole number from 1 to 64, not \"many\"", ""),
    (GOOD + "threads: 0\n", r"jobs/j\.yaml:4:10: \"threads\" must be a whole number from 1 to 64, not \"0\"", ""),
    (GOOD + "threads: 2.5\n", r"jobs/j\.yaml:4:10: \"threads\" must be a whole number from 1 to 64, not \"2\.5\"", ""),
    (GOOD + "threads: [2]\n", r"jobs/j\.yaml:4:10: \"threads\" must be a whole number from 1 to 64, not a list", ""),
    (GOOD + "threads:\n", r"jobs/j\.yaml:4:9: \"threads\" has no value", ""),
    (GOOD + "dirty_limit: -1\n", r"jobs/j\.yaml:4:14: \"dirty_limit\" must be a whole number from 0, or unlimited", ""),
    (GOOD + "zero_dates: zero\n", r"jobs/j\.yaml:4:13: \"zero_dates\" must be null, text or error, not \"zero\"", ""),
    (GOOD + "memory: lots\n", r"jobs/j\.yaml:4:9: \"memory\" must be a size from 16\.0 MiB to 1\.0 TiB", ""),
    (GOOD + "retries: -1\n", r"jobs/j\.yaml:4:10: \"retries\" must be a whole number from 0 to 100, not \"-1\"", ""),
    (GOOD + "type: sync\n", r"jobs/j\.yaml:4:1: the key \"type\" stands twice, first in line 1", ""),
    (GOOD + "schedule: {at: \"25:00\"}\n", r"jobs/j\.yaml:4:16: \"at\" must be a time from 00:00 to 23:59", ""),
    (GOOD + "schedule: {cycle: hourly}\n", r"jobs/j\.yaml:4:19: \"cycle\" must be daily in this version", ""),
    (GOOD + "schedule: {depends_on: [othr]}\n", r"4:25: there is no job \"othr\" to depend on, did you mean \"other\"\?", ""),
    (GOOD + "args: [a]\n", r"jobs/j\.yaml:4:7: \"args\" must be a mapping", ""),
    (GOOD.replace("src", "scr"), r"jobs/j\.yaml:2:22: unknown datasource \"scr\", did you mean \"src\"\?", "Datasources"),
    (GOOD.replace("src", "bus"), r"jobs/j\.yaml:2:22: this version cannot read from \"bus\", a datasource of type kafka", ""),
    (GOOD.replace("table: t}\nt", "table: t, query: select 1}\nt"),
     r"jobs/j\.yaml:2:44: \"query\" cannot stand together with a table", ""),
    ("type: sync\nsource: x\ntarget: {table: t}\n", r"jobs/j\.yaml:2:9: \"source\" must be a mapping", ""),
    ("type: sync\nsource: {datasource: src, table: t}\n", r"jobs/j\.yaml:1:1: \"target\" is missing", ""),
    (GOOD.replace("{table: t}", "{table: a/b}"), r"jobs/j\.yaml:3:17: .*without \"/\"", ""),
    (GOOD.replace("{table: t}", "{table: _t}"), r"jobs/j\.yaml:3:17: ", ""),
    (GOOD.replace("{table: t}", "{table: ..}"), r"jobs/j\.yaml:3:17: ", ""),
    (GOOD.replace("{table: t}", "{table: t, mode: patch}"), r"jobs/j\.yaml:3:26: \"mode\" must be overwrite, append or merge, not \"patch\"", ""),
    (GOOD.replace("{table: t}", "{table: t, mode: replace}"), r"jobs/j\.yaml:3:26: \"mode\" must be overwrite", ""),
    (GOOD.replace("{table: t}", "{table: t, lifecycle: forever}"), r"jobs/j\.yaml:3:31: \"lifecycle\" must be a whole number", ""),
    # Partitions.
    (GOOD.replace("{table: t}", "{table: t, partition: ds=2016/11/14}"),
     r"jobs/j\.yaml:3:31: the partition value \"2016/11/14\" holds a slash", "A partition is a folder"),
    (GOOD.replace("{table: t}", "{table: t, partition: ds=a=b}"),
     r"jobs/j\.yaml:3:31: the partition value \"a=b\" holds an equals sign", "with commas"),
    (GOOD.replace("{table: t}", "{table: t, partition: \"ds=${yyyy/mm/dd}\"}"),
     r"jobs/j\.yaml:3:31: the partition value \"2016/11/14\" holds a slash", ""),
    (GOOD.replace("{table: t}", "{table: t, partition: ds}"), r"jobs/j\.yaml:3:31: \"ds\" in the partition has no \"=\"", ""),
    (GOOD.replace("{table: t}", "{table: t, partition: \"ds=1,DS=2\"}"), r"\"DS\" stands twice", ""),
    (GOOD.replace("{table: t}", "{table: t, partition: \"ds=1,\"}"), r"the partition has a comma too many", ""),
    (GOOD.replace("{table: t}", "{table: t, partition: \"ds='1'\"}"), r"needs no quotes: ds=1", ""),
    # Parameters.
    (GOOD.replace("{table: t}", "{table: t, partition: \"ds=${bizdat}\"}"),
     r"jobs/j\.yaml:3:31: \"partition\": unknown parameter \"\$\{bizdat\}\", did you mean \"\$\{bizdate\}\"\?", "args"),
    (GOOD.replace("table: t}\nt", "table: t, where: \"a = ${yyyymmdd-1/24}\"}\nt"),
     r"jobs/j\.yaml:2:44: \"where\": parameter .*whole days", ""),
    (GOOD.replace("table: t}\nt", "table: t, where: \"a = $[yyyymmddHHmmss]\"}\nt"), r"write hh24 for hours", ""),
    (GOOD.replace("table: t}\nt", "table: t, where: \"a = ${env:HOME}\"}\nt"),
     r"\$\{env:\.\.\.\} and \$\{file:\.\.\.\} are filled in in weir\.yaml only", "--param"),
    # YAML itself.
    ("type: sync\nsource:\n\tdatasource: src\n", r"jobs/j\.yaml:3:1: not valid YAML: .*indent with spaces, not tabs", ""),
    ("type: sync\nsource: {datasource: src, table: t\ntarget: {table: t}\n", r"jobs/j\.yaml:3:7: not valid YAML: ", ""),
    ("type: sync\nsource: \"no end\n", r"jobs/j\.yaml:\d+:\d+: not valid YAML: ", ""),
    ("type: sync\n  source: x\n", r"jobs/j\.yaml:2:9: not valid YAML: mapping values are not allowed", ""),
    ("type: sync\nsource: *nothing\n", r"jobs/j\.yaml:2:9: an alias without its anchor", ""),
    ("type: sync\nsource: !!python/object:os.system x\n", r"jobs/j\.yaml:2:9: ", ""),
    ("type: sync\nsource: !danger x\n", r"jobs/j\.yaml:2:9: tags are not supported", ""),
    (GOOD + "---\n" + GOOD, r"jobs/j\.yaml:\d+:1: a second document begins here", ""),
    ("type: sync\n? [a]\n: b\n", r"a key must be text", ""),
    ("[" * 2000, r"jobs/j\.yaml:1:\d+: nested too deeply", ""),
]


@pytest.mark.parametrize("text, message, hint", JOB_FILES, ids=lambda value: None)
def test_job_file(offline, text, message, hint):
    offline.configure(datasources={"bus": {"type": "kafka", "brokers": "127.0.0.1:1"}})
    offline.job("other", text=GOOD)
    offline.job("j", text=text)
    for verb in ("check", "run"):
        refused(offline, verb, "j", "--bizdate", "20161114", code=2, message=message, hint=hint)


@pytest.mark.parametrize("content, message", [
    (b"type: sync\nsource: \xff\xfe\n", r"jobs/j\.yaml:2:1: not UTF-8 text"),
    (b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 40, r"jobs/j\.yaml:\d+:1: not UTF-8 text"),
    (b"\x00" * 5000, r"jobs/j\.yaml:1:1: not valid YAML"),
    (b"type: sync\x00\n", r"jobs/j\.yaml:1:1: not valid YAML"),
    (b"\x1f\x8b\x08\x00\x00\x00", r"jobs/j\.yaml:\d+:\d+: not UTF-8 text"),
    ("type: sync\n".encode("utf-16"), r"jobs/j\.yaml:1:1: not UTF-8 text"),
])
def test_job_file_of_garbage(offline, content, message):
    (offline.dir / "jobs/j.yaml").write_bytes(content)
    refused(offline, "run", "j", code=2, message=message)
    refused(offline, "check", code=2, message="1 of 1 job cannot run$")


def test_huge_job_file(offline):
    with open(offline.dir / "jobs/j.yaml", "w") as file:
        file.write(GOOD)
        file.truncate(3 << 30)
    result = offline.weir("run", "j", code=2, timeout=20)
    assert re.search(r"^weir: .*jobs/j\.yaml.*(longer|larger|more) than", result.stderr, re.M), str(result)
    assert result.seconds < 5  # it is not read


def test_many_mistakes_at_once(offline):
    offline.job("j", text=GOOD + "".join(f"key_{n:03}: {n}\n" for n in range(200)))
    result = refused(offline, "run", "j", code=2, message=r"200 mistakes in jobs/j\.yaml\n")
    assert re.search(r"^\.\.\. and \d+ more$", result.stderr, re.M)
    assert len(result.stderr) < 4000


def test_no_jobs(offline):
    (offline.dir / "jobs/j.yaml").unlink()
    refused(offline, "check", code=2, message="the project has no jobs", hint="jobs/NAME.yaml")
    refused(offline, "run", "j", code=2, message="there is no job \"j\"", hint="no jobs yet")
    (offline.dir / "jobs").rmdir()
    refused(offline, "check", code=2, message="the project has no jobs")
    refused(offline, "run", "j", code=2, message="there is no job \"j\"", hint="no jobs yet")


def test_job_file_of_another_suffix(offline):
    (offline.dir / "jobs/x.yml").write_text(GOOD)
    for name in ("x", "x.yml", "x.yaml", "jobs/x.yml"):
        for verb in ("check", "run"):
            refused(offline, verb, name, code=2, message=r"^weir: jobs/x\.yml: rename it to x\.yaml$", hint="\\.yaml")
    listing = refused(offline, "check", code={2, 3}, message="2 of 2 jobs cannot run")
    assert re.search(r"^x\.yml +config +jobs/x\.yml: rename it to x\.yaml$", listing.stdout, re.M)
    offline.job("w", text=GOOD)
    refused(offline, "run", "w.yml", code=2, message="there is no job \"w.yml\"")


def test_parameter_that_nothing_uses(offline):
    offline.job("other", text=GOOD.replace("table: t}\nt", "table: t, where: \"a = ${day}\"}\nt") + "args: {day: 1}\n")
    for verb in ("check", "run"):
        refused(offline, verb, "other", "--param", "foo=1", code=2, message="no text of the job uses the parameter \"foo\"")
        refused(offline, verb, "other", "--param", "dya=1", code=2, message="parameter \"dya\"", hint="Did you mean \"day\"\\?")
        refused(offline, verb, "other", "--param", "day=1", "--param", "day=2", code=2, message="\"day\" is given twice")
        refused(offline, verb, "other", "--param", "day=1", code=3, message="connecting to")
    # A list of jobs has one set of parameters for all.
    refused(offline, "check", "--param", "day=1", code=3, message="2 of 2 jobs cannot run")


def test_names_that_are_no_job(offline):
    offline.job("other", text=GOOD)
    refused(offline, "run", "othr", code=2, message="there is no job \"othr\", did you mean \"other\"", hint="j, other")
    for name in ("", ".", "..", "../weir", "../../etc/passwd", "/etc/passwd", "jobs/", "jobs/../../x", ".hidden", "a\nb"):
        refused(offline, "run", name, code=2, message=".")
    (offline.dir / "jobs/folder.yaml").mkdir()
    refused(offline, "run", "folder", code=2, message=r"jobs/folder\.yaml")


# ---- weir.yaml ------------------------------------------------------------------------------------------------

SERVER = "{type: mysql, host: h, user: u, password: %s}"


@pytest.mark.parametrize("text, message, hint", [
    ("timezone: Asia/Shangai\n", r"weir\.yaml:1:11: unknown time zone \"Asia/Shangai\"", "IANA"),
    ("threads: 0\ntimezone: Shanghai\n", r"2 mistakes in weir\.yaml\n.*\nweir\.yaml:2:11: unknown time zone \"Shanghai\"",
     "Asia/Shanghai"),
    ("timezone: ../../etc/passwd\n", r"unknown time zone", "IANA"),
    ("timezone: [UTC]\n", r"weir\.yaml:1:11: \"timezone\" must be text, not a list", ""),
    ("lake: s3://bucket/lake\n", r"weir\.yaml:1:7: this version cannot write to \"s3://bucket/lake\"", ""),
    ("datasurces: {}\n", r"weir\.yaml:1:1: unknown key \"datasurces\", did you mean \"datasources\"\?", ""),
    ("datasources: []\n", r"weir\.yaml:1:14: \"datasources\" must be a mapping", ""),
    ("datasources: {a: {host: h}}\n", r"weir\.yaml:1:18: \"type\" is missing in datasource \"a\"", ""),
    ("datasources: {a: {type: mysqll, host: h}}\n", r"weir\.yaml:1:25: \"type\" must be .*did you mean \"mysql\"\?", ""),
    ("datasources: {a: {type: mariadb, host: h}}\n", r"weir\.yaml:1:25: \"type\" must be", "are of type mysql"),
    ("datasources: {a: {type: mysql}}\n", r"\"host\" \(or \"socket\"\) is missing in datasource \"a\"", ""),
    ("datasources: {a: {type: mysql, host: h, port: 70000}}\n", r"\"port\" must be a whole number from 1 to 65535", ""),
    ("datasources: {a: {type: mysql, host: h, tls: on}}\n", r"\"tls\" must be disabled, preferred, required", ""),
    ("datasources: {a: {type: mysql, host: h, connect_timeout: soon}}\n", r"\"connect_timeout\" must be a time", ""),
    ("datasources: {a: {type: mysql, hots: h}}\n", r"unknown key \"hots\" in datasource \"a\", did you mean \"host\"\?", ""),
    ("datasources: {lake: {type: lake, path: x}}\n", r"cannot be named \"lake\"", ""),
    ("datasources: {a: " + SERVER % "\"${env:WEIR_NOT_SET}\"" + "}\n",
     r"weir\.yaml:1:\d+: \"password\": the environment variable \"WEIR_NOT_SET\" is not set", "export WEIR_NOT_SET"),
    ("datasources: {a: " + SERVER % "\"${file:no/such}\"" + "}\n", r"weir\.yaml:1:\d+: \"password\": .*no/such", ""),
    ("datasources: {a: " + SERVER % "\"${envv:X}\"" + "}\n", r"unknown \"\$\{envv:\.\.\.\}\", did you mean", ""),
    ("threads: 1000\n", r"weir\.yaml:1:10: \"threads\" must be a whole number from 1 to 64", ""),
    ("memory: 1KiB\n", r"weir\.yaml:1:9: \"memory\" must be a size from 16\.0 MiB", ""),
    ("\tname: x\n", r"weir\.yaml:1:1: not valid YAML: .*tabs", ""),
    ("name: [\n", r"weir\.yaml:\d+:\d+: not valid YAML", ""),
])
def test_project_file(offline, text, message, hint):
    offline.configure(text=text)
    for words in (("check",), ("check", "j"), ("run", "j")):
        refused(offline, *words, code=2, message=message, hint=hint)


def test_project_file_that_cannot_be_read(offline):
    (offline.dir / "weir.yaml").unlink()
    (offline.dir / "weir.yaml").mkdir()
    refused(offline, "run", "j", code=2, message=r"weir\.yaml")
    refused(offline, "run", "j", "--project", "nowhere", code=2, message="there is no folder \"nowhere\"")
    refused(offline, "run", "j", "--project", "jobs", code=2, message="there is no weir.yaml in", hint="weir init")


@pytest.mark.parametrize("words, message, hint", [
    (["--bizdate", "yesterday"], "\"yesterday\" is not a business date", "YYYYMMDD"),
    (["--bizdate", "20160230"], "\"20160230\" is not a day of the calendar", ""),
    (["--bizdate", "99991231"], "is not a day of the calendar", ""),
    (["--bizdate", ""], "\"\" is not a business date", ""),
    (["--param", "x"], "\"--param x\" has no \"=\"", ""),
    (["--param", "=x"], "--param: \"\" cannot be the name of a parameter", "letters"),
    (["--param", "bizdate=20161114"], "the business date cannot be set with --param", "--bizdate"),
    (["--param", "x=${y}"], "--param: parameter \"x\": unknown parameter", ""),
])
def test_options_of_an_instance(offline, words, message, hint):
    for verb in ("check", "run"):
        refused(offline, verb, "j", *words, code=2, message=message, hint=hint)


# ---- the source -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys, message, hint", [
    ({"table": "oplogg"}, "oplogg", "Did you mean \"oplog\"?"),
    ({"table": "nothing_like_it"}, "nothing_like_it", ""),
    ({"table": "oplog", "columns": ["id", "unane"]}, "unane", ""),
    ({"table": "oplog", "where": "opttime > 1"}, "opttime", ""),
    ({"table": "oplog", "where": "id >"}, "syntax", "Correct the SQL"),
    ({"table": "oplog", "incremental": "optme"}, "there is no column \"optme\"", "Did you mean \"optime\"?"),
    ({"table": "oplog", "incremental": "uname"}, "which has no window of a date", "where"),
    ({"table": "oplog", "split": "idd"}, "split: there is no column \"idd\"", ""),
    ({"table": "oplog", "split": "uname"}, "no index of .* begins with column \"uname\"", "leave `split` out"),
    ({"table": "opl_[0-3]"}, "opl_0", ""),
    ({"table": "opl_[9-0]"}, "the range is empty", ""),
    ({"table": "opl*x"}, "no table fits", "pattern"),
    ({"table": "nowhere.oplog"}, "nowhere", ""),
    ({"tables": ["oplog", "oplog"]}, "named twice", ""),
    ({"table": "oplog", "columns": ["id", "id"]}, "two columns named \"id\"", "AS name"),
    ({"query": "SELECT * FROM oplogg"}, "oplogg", ""),
    ({"query": "DELETE FROM oplog"}, ".", ""),
    ({"query": "SELECT 1; DROP TABLE oplog"}, ".", ""),
])
def test_source_that_is_not_there(shop, keys, message, hint):
    shop.job("j", source=keys, target={"table": "t"})
    for verb in ("check", "run"):
        refused(shop, verb, "j", code=2, message=message, hint=re.escape(hint))
    assert shop.db.query("SELECT * FROM oplog") != []


def test_no_privilege(shop):
    user = f"poor_{shop.db.name}"
    shop.db.server.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'pw'")
    try:
        shop.configure(datasources={"src": {"user": user, "password": "pw"}})
        shop.job("j", source={"table": "oplog"}, target={"table": "t"})
        refused(shop, "run", "j", code=3, message="denied")
        shop.db.execute("CREATE TABLE other (id INT)")
        shop.db.server.execute(f"GRANT SELECT ON {shop.db.name}.other TO {user}@'%'")
        refused(shop, "run", "j", code=3, message="denied", hint="Grant the user SELECT")
        # A column that may not be read is not left out in silence.
        shop.db.server.execute(f"GRANT SELECT (id) ON {shop.db.name}.oplog TO {user}@'%'")
        refused(shop, "run", "j", code=3, message="denied", hint="Grant the user SELECT")
        shop.configure(datasources={"src": {"password": "wrong"}})
        refused(shop, "run", "j", code=3, message="denied", hint="Check user and password")
    finally:
        shop.db.server.execute(f"DROP USER {user}@'%'")


@pytest.mark.parametrize("datasource, message", [
    ({"port": 1}, r"connecting to 127\.0\.0\.1:1 "),
    ({"host": "no-such-host.invalid"}, r"connecting to no-such-host\.invalid"),
    ({"host": None, "port": None, "socket": "/no/such/socket"}, r"connecting to /no/such/socket"),
])
def test_unreachable(offline, datasource, message):
    config = {key: value for key, value in {**NOWHERE, **datasource}.items() if value is not None}
    offline.config["datasources"]["src"] = config
    offline.configure()
    for verb in ("check", "run"):
        result = refused(offline, verb, "j", code=3, message=message, hint="Check host, port or socket")
        assert result.seconds < 20
    listing = refused(offline, "check", code=3, message="1 of 1 job cannot run$")
    assert re.search(r"^j  source .*\n    hint: Check host, port or socket", listing.stdout)
    for words in (("check", "--json"), ("check", "j", "--json")):
        line = offline.weir(*words, code=3).json
        assert (line["type"], line["ok"], line["error"]["kind"]) == ("sync", False, "source")


def test_a_server_that_never_answers(offline):
    """Something takes the connection and says nothing: the connect timeout ends it."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        kept = []
        threading.Thread(target=lambda: kept.append(mute.accept()), daemon=True).start()
        offline.configure(datasources={"src": {"port": mute.getsockname()[1], "connect_timeout": "1s", "read_timeout": "1s"}})
        result = refused(offline, "check", "j", code=3, message="connecting to 127.0.0.1")
        assert result.seconds < 20


def test_something_that_is_no_server(offline):
    with socket.create_server(("127.0.0.1", 0)) as chatty:
        def answer():
            while True:
                link, _ = chatty.accept()
                link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50)
                link.close()
        threading.Thread(target=answer, daemon=True).start()
        offline.configure(datasources={"src": {"port": chatty.getsockname()[1]}})
        offline.job("j", text=GOOD + "retries: 0\n")
        refused(offline, "run", "j", code=3, message="127.0.0.1")


# ---- the lake -------------------------------------------------------------------------------------------------


def test_lake_folder_is_a_file(shop):
    shop.job("j", source={"table": "oplog"}, target={"table": "t"})
    shop.lake.write_text("x")
    refused(shop, "run", "j", code=4, message="lake")
    shop.lake.unlink()
    shop.lake.mkdir()
    (shop.lake / "t").write_text("x")
    for verb in ("check", "run"):
        refused(shop, verb, "j", code=4, message="lake/t")


def test_a_folder_with_other_files(shop):
    shop.job("j", source={"table": "oplog"}, target={"table": "t"})
    (shop.lake / "t").mkdir(parents=True)
    (shop.lake / "t/photo.jpg").write_text("x")
    refused(shop, "run", "j", code=4, message="lake/t")


@pytest.mark.parametrize("folder, part", [("a%41b", "%41"), ("a\\b", r"\\")])
def test_folder_that_readers_would_not_find(shop, folder, part):
    """delta-rs takes the path of a folder for that of a URL: it reads a%41b as aAb."""
    refused(shop, "copy", shop.db.url("oplog"), f"lake/{folder}", code=2, message=f"because of its \"{part}\"",
            hint="without backslashes")
    shop.weir("copy", shop.db.url("oplog"), "lake/100%", code=0)
    assert readers.delta_arrow(shop.lake / "100%").num_rows == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_lake(shop):
    shop.job("j", source={"table": "oplog"}, target={"table": "t"})
    shop.lake.mkdir()
    shop.lake.chmod(0o555)
    try:
        refused(shop, "run", "j", code=4, message="[Pp]ermission denied")
    finally:
        shop.lake.chmod(0o755)


@pytest.mark.parametrize("partition, source, message, hint", [
    ("ds=1", {"table": "oplog", "columns": ["id", "'x' AS ds"]}, "\"ds\" is a partition column of the target and a column", ""),
    ("ds={regio}", {"table": "oplog", "columns": ["id", "uname AS region"]}, "\"{regio}\", which the source does not have",
     "Did you mean \"{region}\"?"),
])
def test_partition_and_columns(shop, partition, source, message, hint):
    shop.job("j", source=source, target={"table": "t", "partition": partition})
    for verb in ("check", "run"):
        refused(shop, verb, "j", code=2, message=message, hint=re.escape(hint))


def test_a_table_with_other_partitions_or_types(shop):
    shop.job("j", source={"table": "oplog", "columns": ["id", "optime"]}, target={"table": "t", "partition": "ds=1"})
    shop.run("j")
    before = readers.delta_rows(shop.table("t"))
    shop.job("k", source={"table": "oplog", "columns": ["id", "optime"]}, target={"table": "t", "partition": "dt=1"})
    refused(shop, "run", "k", code=2, message="the job has dt, the table has ds")
    shop.job("k", source={"table": "oplog", "columns": ["id", "optime"]}, target={"table": "t"})
    refused(shop, "run", "k", code=2, message="the job has no partition columns, the table has ds")
    shop.job("k", source={"table": "oplog", "columns": ["id", "x'00' AS optime"]}, target={"table": "t", "partition": "ds=1"})
    refused(shop, "run", "k", code=2, message="column \"optime\" of the source .* cannot go into")
    assert readers.delta_rows(shop.table("t")) == before


def with_first_commit(table, change):
    """Rewrites the table's first log file: change(list of actions)."""
    path = table / "_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    change(actions)
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))


def set_protocol(reader, writer, features):
    def change(actions):
        for action in actions:
            if "protocol" in action:
                action["protocol"] = {"minReaderVersion": reader, "minWriterVersion": writer,
                                      "readerFeatures": features, "writerFeatures": features}
    return change


@pytest.mark.parametrize("change, message, hint", [
    (set_protocol(3, 7, ["timestampNtz", "deletionVectors"]), "the delta feature \"deletionVectors\"", "another table"),
    (set_protocol(3, 7, ["timestampNtz", "notInventedYet"]), "the delta feature \"notInventedYet\"", "another table"),
    (set_protocol(4, 9, ["timestampNtz"]), "needs delta reader version 4 and writer version 9", "a newer weir"),
])
def test_a_table_with_features_of_others(shop, change, message, hint):
    shop.job("j", source={"table": "oplog"}, target={"table": "t"})
    shop.run("j")
    with_first_commit(shop.table("t"), change)
    for verb in ("check", "run"):
        refused(shop, verb, "j", code=4, message=message, hint=hint)


@pytest.mark.parametrize("spoil, message", [
    (lambda text: text[:len(text) // 2], r"00000000000000000000\.json"),
    (lambda text: "", r"00000000000000000000\.json.*empty"),
    (lambda text: "not json\n" + text, r"00000000000000000000\.json.*line 1"),
    (lambda text: "[]\n" + text, r"00000000000000000000\.json.*line 1"),
    (lambda text: "\n".join(line for line in text.splitlines() if "metaData" not in line) + "\n", r"metaData"),
])
def test_a_corrupt_log_file(shop, spoil, message):
    shop.job("j", source={"table": "oplog"}, target={"table": "t"})
    shop.run("j")
    path = shop.table("t") / "_delta_log/00000000000000000000.json"
    path.write_text(spoil(path.read_text()))
    for verb in ("check", "run"):
        refused(shop, verb, "j", code=4, message=message, hint=".")


def test_a_gap_in_the_log(shop):
    shop.job("j", source={"table": "oplog"}, target={"table": "t"})
    for _ in range(3):
        shop.run("j")
    (shop.table("t") / "_delta_log/00000000000000000001.json").unlink()
    refused(shop, "run", "j", code=4, message="t", hint=".")

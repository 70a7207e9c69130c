"""Jobs of DataWorks and DataX: imported and then run, and run as they are. The lake's rows are the source's, read by PyMySQL."""

import json
import pathlib

import pytest
import readers

from conftest import PASSWORD, USER

BIZDATE = "20161114"
DATA = pathlib.Path(__file__).resolve().parents[1] / "data/import"


def steps(reader, writer, setting=None):
    """A DataWorks 2.0 file."""
    return {"type": "job", "version": "2.0", "steps": [
        {"stepType": "mysql", "parameter": reader, "name": "Reader", "category": "reader"},
        {"stepType": "odps", "parameter": {"datasource": "odps_first", **writer}, "name": "Writer", "category": "writer"}],
        "setting": setting or {"errorLimit": {"record": "0"}, "speed": {"throttle": False, "concurrent": 2}},
        "order": {"hops": [{"from": "Reader", "to": "Writer"}]}}


def old(reader, writer):
    """A DataWorks 1.0 file."""
    return {"type": "job", "version": "1.0", "configuration": {
        "reader": {"plugin": "mysql", "parameter": reader},
        "writer": {"plugin": "odps", "parameter": {"datasource": "odps_first", **writer}},
        "setting": {"errorLimit": {"record": "0"}, "speed": {"concurrent": "1", "mbps": "1"}}}}


def jdbc(database):
    return f"jdbc:mysql://127.0.0.1:{database.server.port}/{database.name}?useUnicode=true&characterEncoding=utf8&useSSL=false"


def datax(database, reader, writer, **setting):
    connection = {"jdbcUrl": [jdbc(database)], **reader.pop("connection")}
    return {"job": {"setting": {"speed": {"channel": 2}, **setting}, "content": [{
        "reader": {"name": "mysqlreader", "parameter": {
            "username": USER, "password": PASSWORD, "connection": [connection], **reader}},
        "writer": writer}]}}


def odps(**parameter):
    return {"name": "odpswriter", "parameter": {"project": "p", "accessId": "id", "accessKey": "hidden", "odpsServer": "http://x", **parameter}}


def put(folder, name, job, comment=""):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(comment + json.dumps(job, indent=2, ensure_ascii=False))
    return path


def rows(table, *columns, **options):
    return sorted(tuple(row[name] for name in columns) for row in readers.delta_rows(table, **options))


@pytest.fixture
def oplog(database):
    database.execute("CREATE TABLE oplog (id BIGINT PRIMARY KEY, optime DATETIME, uname VARCHAR(50), action VARCHAR(10))")
    database.executemany("INSERT INTO oplog VALUES (%s, %s, %s, %s)", [
        (n, f"2016-11-{13 + n % 3} 0{n % 10}:00:00", f"u{n % 4}", "IN" if n % 2 else "OUT") for n in range(30)])
    return database


# ---- DataWorks --------------------------------------------------------------------------------------------


def daily():
    return steps({"datasource": "src", "table": "oplog", "column": ["id", "optime", "uname", "action"], "splitPk": "id",
                  "where": "date_format(optime,'%Y%m%d')=${bdp.system.bizdate}", "encoding": "UTF-8", "envType": 1},
                 {"table": "ods_oplog", "partition": "pt=${bizdate}", "truncate": True,
                  "column": ["id", "optime", "uname", "action"], "emptyAsNull": False})


def test_dataworks_imported_and_as_it_is(oplog, project):
    wanted = sorted(oplog.query("SELECT id, optime, uname, action FROM oplog WHERE DATE(optime) = '2016-11-14'"))
    assert len(wanted) == 10
    path = put(project.dir / "old", "task", daily(), "// from the workspace\n")
    said = project.weir("import", path).stderr
    assert "jobs/ods_oplog.yaml is written" in said and "warning" not in said and "weir.yaml needs" not in said
    assert "job ods_oplog, business date 20161114: " in project.weir("check", "ods_oplog", "--bizdate", BIZDATE).stdout
    for job in ("ods_oplog", path):
        result = project.run(job, "--bizdate", BIZDATE).json
        assert (result["status"], result["rows_written"], result["partition"]) == ("done", 10, "pt=20161114")
        assert result["job"] == ("ods_oplog" if job == "ods_oplog" else "task")
        assert rows(project.table("ods_oplog"), "id", "optime", "uname", "action") == wanted
        assert readers.partitions(project.table("ods_oplog")) == [{"pt": "20161114"}]
    assert "business date 20161114: " in project.weir("check", path, "--bizdate", BIZDATE).stdout
    assert project.weir("check", path, "--json").json["target"] == "ods_oplog"


def test_old_form_keeps_positions(database, project):
    database.execute("CREATE TABLE users (uid INT PRIMARY KEY, `desc` VARCHAR(20), uname VARCHAR(20), `table` INT, changed DATETIME)")
    database.execute("INSERT INTO users VALUES (1, 'd1', 'ann', 5, '2016-11-14'), (2, NULL, 'bob', NULL, '2016-11-15')")
    # uname and desc change places: by name, they would not.
    job = old({"datasource": "src", "table": "users", "where": "",
               "column": ["uid", "uname", "`desc`", "table", "'web'", "1", "2.5", "null", "upper(uname)", "changed"]},
              {"table": "dim_user", "partition": "dt=${bizdate}",
               "column": ["user_id", "desc", "uname", "seat", "origin", "kind", "price", "spare", "loud", "CHANGED"]})
    put(project.dir, "users", job)
    project.weir("import", "users.json", "--name", "people")
    project.run("people", "--bizdate", BIZDATE)
    got = rows(project.table("dim_user"), "user_id", "desc", "uname", "seat", "origin", "kind", "spare", "loud")
    assert got == sorted(database.query("SELECT uid, uname, `desc`, `table`, 'web', 1, NULL, upper(uname) FROM users"), key=str)
    by_json = project.run("users.json", "--bizdate", "20161115")
    assert by_json.json["rows_written"] == 2
    assert rows(project.table("dim_user"), "user_id", "desc", "uname", "seat", "origin", "kind", "spare", "loud",
                partition={"dt": "20161115"}) == got


def test_shards_over_two_databases(server, make_database, make_project):
    east, west = make_database(server), make_database(server)
    expected = []
    for site, database in enumerate((east, west)):
        for shard in range(3):
            database.execute(f"CREATE TABLE orders_0{shard} (id INT PRIMARY KEY, amount DECIMAL(10,2))")
            values = [(site * 1000 + shard * 100 + n, n) for n in range(20)]
            database.executemany(f"INSERT INTO orders_0{shard} VALUES (%s, %s)", values)
            expected += [n for n, amount in values if amount > 4]
    project = make_project("p", east.datasource())
    project.configure(datasources={"west": west.datasource()})
    reader = {"column": ["id", "amount"], "where": "amount > 4", "splitPk": "id", "splitFactor": 5, "connection": [
        {"datasource": "src", "table": ["orders_[00-02]"]}, {"datasource": "west", "table": ["orders_[00-01]", "orders_02"]}]}
    job = steps(reader, {"table": "ods_orders", "partition": "pt='${bizdate}' / type=1", "column": ["*"]})
    path = put(project.dir, "orders", job)
    project.weir("import", path)
    for name in ("ods_orders", "orders.json"):
        assert project.run(name, "--bizdate", BIZDATE).json["partition"] == "pt=20161114,type=1"
        assert [row[0] for row in rows(project.table("ods_orders"), "id")] == sorted(expected)
    # A shard that is missing is lost data.
    west.execute("DROP TABLE orders_01")
    assert "orders_01" in project.weir("run", "orders.json", code=2).stderr


def test_query_with_parameters(oplog, project):
    sql = ("select a.uname as name, count(*) as actions\n  from oplog a -- all of them\n where a.optime >= '${yyyy-mm-dd}' and a.action <> "
           "\"it's\"\n   and a.id >= ${least}\n group by a.uname;\n")
    job = steps({"connection": [{"datasource": "src", "querySql": [sql]}], "column": ["*"]},
                {"table": "dw", "partition": "ds=$[yyyymmdd-1]", "column": ["name", "actions"]})
    put(project.dir, "query", job)
    said = project.weir("import", "query.json").stderr
    line = next(n for n, text in enumerate((project.dir / "query.json").read_text().splitlines(), 1) if "querySql" in text)
    assert f"query.json:{line}:" in said and "warning: steps[0].parameter.connection[0].querySql: the parameter \"least\"" in said
    wanted = sorted(oplog.query("SELECT uname, COUNT(*) FROM oplog WHERE optime >= '2016-11-14' AND id >= 3 GROUP BY uname"))
    for name in ("dw", "query.json"):
        assert "least" in project.weir("run", name, "--bizdate", BIZDATE, code=2).stderr
        project.run(name, "--bizdate", BIZDATE, "--param", "least=3")
        assert rows(project.table("dw"), "name", "actions") == wanted
    assert readers.partitions(project.table("dw")) == [{"ds": "20161114"}]
    # With --param, the value goes into the job.
    project.weir("import", "query.json", "--force", "--param", "least=3")
    project.run("dw", "--bizdate", BIZDATE)
    assert rows(project.table("dw"), "name", "actions") == wanted


@pytest.mark.parametrize("limit, code", [
    (None, 5), ({}, 5), ({"record": "0"}, 5), ({"record": 1}, 5), ({"record": "2"}, 0), ({"record": ""}, 0),
    ({"strategy": "ZeroTolerance"}, 5), ({"strategy": "Tolerance", "record": 2}, 0), ({"strategy": "Ignore"}, 0)], ids=str)
def test_error_limit(limit, code, database, project):
    database.execute("CREATE TABLE part (id INT PRIMARY KEY, region VARCHAR(10))")
    database.execute("INSERT INTO part VALUES (1, 'eu'), (2, NULL), (3, NULL)")
    setting = {"speed": {"concurrent": 1}, **({} if limit is None else {"errorLimit": limit})}
    put(project.dir, "part", steps({"datasource": "src", "table": "part", "column": ["*"]},
                                   {"table": "part", "partition": "r={region}", "column": ["*"]}, setting))
    result = project.run("part.json", code=code).json
    assert result["rows_dirty"] == 2 or code == 5
    assert result["rows_written"] == (0 if code else 1)


# ---- DataX ------------------------------------------------------------------------------------------------


def test_datax_without_a_project(oplog, weir, tmp_path):
    job = datax(oplog, {"column": ["id", "uname"], "splitPk": "id", "where": "id < 20", "connection": {"table": ["oplog"]}},
                odps(table="ods_oplog", partition="pt=${bizdate}", column=["id", "who"], truncate=True),
                errorLimit={"record": 0, "percentage": 0.02})
    path = put(tmp_path / "jobs of datax", "oplog", job)
    wanted = sorted(oplog.query("SELECT id, uname FROM oplog WHERE id < 20"))
    assert "--lake DIR" in weir("run", path, cwd=tmp_path, code=2).stderr
    for _ in range(2):
        result = weir("run", path, "--lake", "lake", "--json", "--bizdate", BIZDATE, cwd=tmp_path)
        assert PASSWORD not in result.stdout + result.stderr
        assert result.json["job"] == "oplog"
        assert rows(tmp_path / "lake/ods_oplog", "id", "who") == wanted
    # A relative path without ".json" is a file, too.
    plain = path.with_name("plain")
    path.rename(plain)
    assert weir("check", "jobs of datax/plain", "--lake", "lake", cwd=tmp_path).code == 0


def test_datax_appends(oplog, weir, tmp_path):
    job = datax(oplog, {"column": ["id"], "connection": {"table": ["oplog"]}},
                {"name": "hdfswriter", "parameter": {
                    "defaultFS": "hdfs://x", "path": "/warehouse/shop.db/log/ds=${bizdate}", "fileName": "log", "fileType": "parquet",
                    "writeMode": "append", "column": [{"name": "n", "type": "bigint"}]}})
    path = put(tmp_path, "log", job)
    for times in (1, 2):
        weir("run", path, "--lake", tmp_path / "lake", "--bizdate", BIZDATE, cwd=tmp_path)
        assert rows(tmp_path / "lake/log", "n") == sorted([(n,) for n in range(30)] * times)
    assert readers.partitions(tmp_path / "lake/log") == [{"ds": "20161114"}]


def test_datax_imported(oplog, project, make_project):
    job = datax(oplog, {"column": ["*"], "connection": {"table": ["oplog"]}}, odps(table="ods_oplog", column=["*"], truncate=True))
    path = put(project.dir, "oplog", job)
    # weir.yaml knows the server by host, port and database.
    project.configure(datasources={"src": {"host": "127.0.0.1", "port": oplog.server.port}})
    said = project.weir("import", path).stderr
    assert "weir.yaml needs" not in said
    text = (project.dir / "jobs/ods_oplog.yaml").read_text()
    assert "datasource: src\n" in text and PASSWORD not in text
    project.run("ods_oplog")
    assert len(readers.delta_rows(project.table("ods_oplog"))) == 30
    # Another project does not: what it needs is printed, and works.
    other = make_project("other")
    result = other.weir("import", path, "--datasource", "shop", "--json")
    assert PASSWORD not in result.stdout + result.stderr
    assert result.json["job"] == "ods_oplog" and result.json["form"] == "DataX" and result.json["notes"] == []
    assert "weir.yaml needs, below \"datasources:\":\n  shop: {type: mysql, host: \"127.0.0.1\", " in result.stderr
    other.configure(text=f"lake: {other.lake}\ndatasources:\n{result.json['datasources']}")
    other.run("ods_oplog", env={"SHOP_PASSWORD": PASSWORD})
    assert readers.delta_rows(other.table("ods_oplog")) == readers.delta_rows(project.table("ods_oplog"))


# ---- What is written, and what is said --------------------------------------------------------------------


def test_never_overwrites_without_force(project):
    path = put(project.dir, "task", daily())
    project.weir("import", path)
    file = project.dir / "jobs/ods_oplog.yaml"
    file.write_text("mine")
    said = project.weir("import", path, code=2).stderr
    assert "exists" in said and "--force" in said and file.read_text() == "mine"
    project.weir("import", path, "--force")
    assert file.read_text().startswith("# Imported from task.json (DataWorks 2.0).\n")
    assert project.weir("import", path, "--output", "-").stdout == file.read_text()
    project.weir("import", path, "--output", project.dir / "elsewhere.yaml")
    assert (project.dir / "elsewhere.yaml").read_text() == file.read_text()
    assert "cannot be the name of a job" in project.weir("import", path, "--name", "../x", code=2).stderr


def test_mistakes_write_nothing(project, database):
    job = daily()
    job["steps"][0]["parameter"]["encoding"] = "latin1"
    job["steps"][1]["parameter"]["emptyAsNull"] = True
    job["steps"][1]["stepType"] = "odps"
    path = put(project.dir, "task", job)
    for verb in ("import", "run", "check"):
        said = project.weir(verb, path, code=2).stderr
        assert "2 mistakes in" in said and "encoding: latin1" in said and "emptyAsNull: true" in said
    assert not (project.dir / "jobs/ods_oplog.yaml").exists()
    assert project.run(path, code=2).json["error"]["kind"] == "config"
    assert "lake" in project.weir("run", "ods_oplog", "--lake", "x", code=2).stderr
    job = daily()
    job["steps"][0]["parameter"]["datasource"] = "prod"
    path = put(project.dir, "task", job)
    said = project.weir("run", path, code=2).stderr
    assert "datasource \"prod\"" in said and "prod: {type: mysql" in said
    # What the server does not know is said as of any job.
    job["steps"][0]["parameter"].update(datasource="src", column=["id", "nothing", "uname", "action"])
    database.execute("CREATE TABLE oplog (id BIGINT PRIMARY KEY, optime DATETIME, uname VARCHAR(50), action VARCHAR(10))")
    assert "nothing" in project.weir("run", put(project.dir, "task", job), code=2).stderr


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_is_checked_by_weir(path, make_project):
    project = make_project("p")
    result = project.weir("import", path, "--name", "job", "--json").json
    text = f"lake: ./lake\ndatasources:\n{result['datasources']}".replace("host: HOST", "host: 127.0.0.1")
    project.configure(text=text)
    variables = {line.split("${env:")[1].split("}")[0]: "x" for line in text.splitlines() if "${env:" in line}
    # The file is right: what fails is the connection, to a port that nobody listens on.
    said = project.weir("check", "job", "--param", "region=eu", env=variables, code={2, 3}).stderr
    if "no text of the job uses" in said:
        said = project.weir("check", "job", env=variables, code=3).stderr
    assert "connecting to" in said

"""The three walk-throughs of DataWorks' best practice "data increments", on both servers: a log table by day, a table that
changes in full every day, and the same by increments that a statement, or a merge job, brings together.

Tables, rows and dates are the page's: 2016-11-14 is the day of which the data is, 2016-11-15 the day on which it is run.
"""

import datetime

import pytest
import readers
import tables


def moment(text):
    return datetime.datetime.fromisoformat(text)


@pytest.fixture
def shop(project, database):
    database.execute("CREATE TABLE oplog (optime DATETIME, uname VARCHAR(50), action VARCHAR(10), status VARCHAR(10))")
    database.executemany("INSERT INTO oplog VALUES (%s, %s, %s, %s)", [
        ("2016-11-11 09:00:00", "LiLei", "SELECT", "SUCCESS"), ("2016-11-12 10:30:00", "HanMM", "DESC", "SUCCESS"),
        ("2016-11-13 23:59:59", "Kate", "SELECT", "SUCCESS"), ("2016-11-14 00:00:00", "LiLei", "UPDATE", "SUCCESS"),
        ("2016-11-14 23:59:59", "Kate", "SELECT", "FAILED"), ("2016-11-15 00:00:00", "Jim", "SELECT", "SUCCESS")])
    database.execute("CREATE TABLE user (uid INT PRIMARY KEY, uname VARCHAR(50), deptno INT, gender VARCHAR(1), optime DATETIME)")
    database.executemany("INSERT INTO user VALUES (%s, %s, %s, %s, %s)", [
        (1, "LiLei", 100, "M", "2016-11-13 00:00:00"), (2, "HanMM", None, "F", "2016-11-13 00:00:00"),
        (3, "Jim", 102, "M", "2016-11-12 00:00:00"), (4, "Kate", 103, "F", "2016-11-12 00:00:00"),
        (5, "Lily", 104, "F", "2016-11-11 00:00:00")])
    return project


def the_next_day(database):
    """What the page does to the master data on 2016-11-14."""
    for statement in [
            "UPDATE user SET deptno = 101, optime = '2016-11-14 10:00:00' WHERE uid = 2",       # null to non-null
            "UPDATE user SET deptno = 104, optime = '2016-11-14 11:00:00' WHERE uid = 3",       # non-null to non-null
            "UPDATE user SET deptno = NULL, optime = '2016-11-14 12:00:00' WHERE uid = 4",      # non-null to null
            "DELETE FROM user WHERE uid = 5",
            "INSERT INTO user VALUES (6, 'Lucy', 105, 'F', '2016-11-14 13:00:00')"]:
        database.execute(statement)


BEFORE = [(1, "LiLei", 100, "M", "2016-11-13 00:00:00"), (2, "HanMM", None, "F", "2016-11-13 00:00:00"),
          (3, "Jim", 102, "M", "2016-11-12 00:00:00"), (4, "Kate", 103, "F", "2016-11-12 00:00:00"),
          (5, "Lily", 104, "F", "2016-11-11 00:00:00")]
# Rows that were deleted are not seen by an increment: uid 5 stays.
MERGED = [(1, "LiLei", 100, "M", "2016-11-13 00:00:00"), (2, "HanMM", 101, "F", "2016-11-14 10:00:00"),
          (3, "Jim", 104, "M", "2016-11-14 11:00:00"), (4, "Kate", None, "F", "2016-11-14 12:00:00"),
          (5, "Lily", 104, "F", "2016-11-11 00:00:00"), (6, "Lucy", 105, "F", "2016-11-14 13:00:00")]


def users(project, table, partition=None):
    rows = readers.delta_rows(project.table(table), partition=partition)
    return sorted((row["uid"], row["uname"], row["deptno"], row["gender"], str(row["optime"])) for row in rows)


def test_a_log_table_by_day(shop):
    target = {"table": "ods_oplog", "partition": "ds=${bizdate}"}
    shop.job("history", source={"table": "oplog", "where": "optime < str_to_date('${bizdate}', '%Y%m%d') + interval 1 day"}, target=target)
    shop.job("daily", source={"table": "oplog", "incremental": "optime"}, target=target)
    shop.run("history", "--bizdate", "20161113")
    for _ in range(2):      # run again: the same
        shop.run("daily", "--bizdate", "20161114")
        assert [(str(row["optime"]), row["uname"]) for row in readers.delta_rows(shop.table("ods_oplog"), partition={"ds": "20161113"})] == [
            ("2016-11-11 09:00:00", "LiLei"), ("2016-11-12 10:30:00", "HanMM"), ("2016-11-13 23:59:59", "Kate")]
        assert [(str(row["optime"]), row["uname"]) for row in readers.delta_rows(shop.table("ods_oplog"), partition={"ds": "20161114"})] == [
            ("2016-11-14 00:00:00", "LiLei"), ("2016-11-14 23:59:59", "Kate")]
    said = shop.weir("sql", "--format", "csv", "-e", "select ds, count(*) as n from ods_oplog group by ds order by ds")
    assert said.stdout.split() == ["ds,n", "20161113,3", "20161114,2"]


def test_a_table_that_changes_in_full_every_day(shop, database):
    shop.job("full", source={"table": "user"}, target={"table": "ods_user_full", "partition": "ds=${bizdate}"})
    shop.run("full", "--bizdate", "20161113")
    the_next_day(database)
    shop.run("full", "--bizdate", "20161114")
    assert users(shop, "ods_user_full", {"ds": "20161113"}) == BEFORE
    assert users(shop, "ods_user_full", {"ds": "20161114"}) == [row for row in MERGED if row[0] != 5]


def increments(shop, database):
    """The result table in full once, then the day's changes beside it."""
    shop.job("dw_user_history", source={"table": "user"}, target={"table": "dw_user_inc"}, schedule={"cycle": "daily", "paused": True})
    shop.job("ods_user_inc", source={"table": "user", "incremental": "optime"}, target={"table": "ods_user_inc"})
    shop.run("dw_user_history", "--bizdate", "20161113")
    the_next_day(database)
    shop.run("ods_user_inc", "--bizdate", "20161114")
    assert users(shop, "ods_user_inc") == [row for row in MERGED if row[0] in (2, 3, 4, 6)]


def test_increments_and_the_merge_statement(shop, database):
    increments(shop, database)
    shop.weir("sql", "-e", tables.PAGE_MERGE)
    assert users(shop, "dw_user_inc") == MERGED
    shop.weir("sql", "-e", tables.PAGE_MERGE)
    assert users(shop, "dw_user_inc") == MERGED


def test_increments_and_a_sql_job(shop, database):
    increments(shop, database)
    shop.job("dw_user_inc", text="type: sql\nsql: |\n" + "".join(f"  {line}\n" for line in tables.PAGE_MERGE.splitlines()))
    for _ in range(2):
        report = shop.run("dw_user_inc", "--bizdate", "20161114").json
        assert (report["status"], report["rows_written"]) == ("done", 6)
        assert report["version"] == readers.version(shop.table("dw_user_inc")) and report["target"] == str(shop.table("dw_user_inc"))
        assert users(shop, "dw_user_inc") == MERGED
    assert "INSERT OVERWRITE dw_user_inc" in shop.weir("check", "dw_user_inc").stdout


def test_parameters_of_a_sql_job(shop, database):
    shop.job("full", source={"table": "user"}, target={"table": "ods_user_full", "partition": "ds=${bizdate}"})
    for day in ("20161113", "20161114"):
        shop.run("full", "--bizdate", day)
    shop.weir("sql", "-e", "create table changed (uid bigint, city string) partitioned by (ds string, hh string)")
    shop.job("changed", text="""type: sql
args: {hour: "$[hh24-1/24]", city: 北京}
schedule: {cycle: daily, at: "00:30"}
sql: |
  INSERT OVERWRITE TABLE changed PARTITION (ds='${bizdate}', hh='${hour}')
  SELECT a.uid, '${city}' FROM ods_user_full a JOIN ods_user_full b ON a.uid = b.uid
  WHERE a.ds = '${yyyymmdd-1}' AND b.ds = '${bizdate}';
""")
    shop.run("changed", "--bizdate", "20161114")
    assert readers.delta_rows(shop.table("changed")) == [{"uid": uid, "city": "北京", "ds": "20161114", "hh": "23"} for uid in range(1, 6)]
    shop.run("changed", "--bizdate", "20161114", "--param", "city=x")
    assert {row["city"] for row in readers.delta_rows(shop.table("changed"))} == {"x"}


@pytest.mark.parametrize("sql, code, words", [
    ("select\n  nope from t", 2, "jobs/broken.yaml (sql):2:3: "),
    ("selec 1", 2, "jobs/broken.yaml (sql):1:1: "),
    ("insert into t select 'x'", 3, "jobs/broken.yaml (sql):1:"),
    ("insert into missing select 1", 2, 'there is no table "missing"'),
])
def test_a_sql_job_that_fails(shop, sql, code, words):
    shop.weir("sql", "-e", "create table t (a bigint); insert into t values (1)")
    shop.job("broken", text="type: sql\nsql: |\n" + "".join(f"  {line}\n" for line in sql.splitlines()))
    result = shop.run("broken", "--bizdate", "20161114", code=code)
    assert words in result.stderr and result.json["status"] == "failed" and words in result.json["error"]["message"]
    assert readers.delta_rows(shop.table("t")) == [{"a": 1}]


def test_an_engine_that_is_not_here(shop):
    shop.job("far", text="type: sql\nengine: spark\nsql: select 1\n")
    assert "engine duckdb only" in shop.run("far", code=2).stderr

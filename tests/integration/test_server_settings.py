"""What an administrator's settings and odd keys could do to a copy: each of these once gave a wrong table."""

import contextlib
import urllib.parse

import deltalake
import pymysql
import pytest

USER, PASSWORD = "plain", "plain secret"


@pytest.fixture
def plain_url(database):
    """A user with SELECT alone: settings such as init_connect do not hold for those who may do everything."""
    server = database.server
    server.execute(f"CREATE USER IF NOT EXISTS {USER}@'%%' IDENTIFIED BY '{PASSWORD}'")
    server.execute(f"GRANT SELECT ON {database.name}.* TO {USER}@'%%'")
    yield lambda table: (f"mysql://{USER}:{urllib.parse.quote(PASSWORD)}@{server.host}:{server.port}/{database.name}/{table}")
    server.execute(f"DROP USER {USER}@'%%'")


@contextlib.contextmanager
def global_setting(server, name, value):
    (before,) = server.query(f"SELECT @@GLOBAL.{name}")[0]
    server.execute(f"SET GLOBAL {name} = %s", (value,))
    try:
        yield
    finally:
        server.execute(f"SET GLOBAL {name} = %s", (before,))


def fill(database, create, insert, doublings):
    """Rows by doubling: insert adds one row from `n`, doublings times over."""
    database.execute("CREATE TABLE numbers (n INT PRIMARY KEY)")
    database.execute("INSERT INTO numbers VALUES (0)")
    for power in range(doublings):
        database.execute(f"INSERT INTO numbers SELECT n + {2 ** power} FROM numbers")
    database.execute(create)
    database.execute(insert)
    database.execute("ANALYZE TABLE t")
    return 2 ** doublings


def copied(weir, url, folder, threads=4):
    weir("copy", url, str(folder), "--threads", str(threads), "--quiet")
    return deltalake.DeltaTable(str(folder)).to_pyarrow_table()


def test_a_global_limit_of_rows_does_not_cut_slices(server, database, plain_url, weir, tmp_path):
    count = fill(database, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t SELECT n FROM numbers", 17)
    with global_setting(server, "sql_select_limit", 1000):
        table = copied(weir, plain_url("t"), tmp_path / "t")
    assert table.num_rows == count
    assert len(set(table["id"].to_pylist())) == count


def test_init_connect_does_not_replace_characters(server, database, plain_url, weir, tmp_path):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(20)) CHARACTER SET utf8mb4")
    database.execute("INSERT INTO t VALUES (1, 'a\U0001F600')")
    with global_setting(server, "init_connect", "SET NAMES latin1"):
        table = copied(weir, plain_url("t"), tmp_path / "t")
    assert table["note"].to_pylist() == ["a\U0001F600"]


@pytest.mark.parametrize("threads", [2, 8])
def test_partial_dates_in_a_key_double_no_rows(database, weir, tmp_path, threads):
    """'2016-11-00' lies before '2016-11-01' for the server and is the same day for a calendar."""
    database.execute("SET SESSION sql_mode = ''")
    count = fill(database, "CREATE TABLE t (d DATE NOT NULL, id INT NOT NULL, PRIMARY KEY (d, id))",
                 "INSERT INTO t SELECT CASE WHEN n % 3 = 0 THEN '2016-11-00' ELSE DATE('2016-11-01') + INTERVAL (n % 40) DAY END, n"
                 " FROM numbers", 18)
    table = copied(weir, database.url("t"), tmp_path / "t", threads)
    assert sorted(table["id"].to_pylist()) == list(range(count))


@pytest.mark.parametrize("threads", [2, 8])
def test_the_year_zero_in_a_key_doubles_no_rows(database, weir, tmp_path, threads):
    """The server reads `y < 64` as `y < 2064`."""
    count = fill(database, "CREATE TABLE t (y YEAR NOT NULL, id INT NOT NULL, PRIMARY KEY (y, id))",
                 "INSERT INTO t SELECT CASE WHEN n % 2 = 0 THEN '0000' ELSE 1901 + n % 250 END, n FROM numbers", 18)
    table = copied(weir, database.url("t"), tmp_path / "t", threads)
    assert sorted(table["id"].to_pylist()) == list(range(count))


@pytest.mark.parametrize("where", ["1) OR (1", "id = 1; DROP TABLE t", "id = 1 /*"])
def test_a_condition_cannot_leave_its_brackets(database, weir, tmp_path, where):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    result = weir("copy", database.url("t"), str(tmp_path / "t"), "--where", where, code=2)
    assert "not whole" in result.stderr
    assert not (tmp_path / "t").exists()


def test_a_server_without_free_connections(server, database, plain_url, weir, tmp_path):
    """It answers as a server does, and the run waits for it to have room."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    url = plain_url("t")
    with contextlib.ExitStack() as held:
        held.enter_context(global_setting(server, "max_connections", 10))
        with pytest.raises(pymysql.err.OperationalError, match="1040"):
            for _ in range(20):
                held.enter_context(contextlib.closing(database.connect(user=USER, password=PASSWORD)))
        result = weir("copy", url, str(tmp_path / "t"), code=3)
    assert "1040" in result.stderr and "starting over (2 of 3)" in result.stderr
    assert "takes no more work" in result.stderr and "what listens there" not in result.stderr
    assert copied(weir, url, tmp_path / "t").num_rows == 0


def test_planning_runs_no_query(database, make_project):
    """A statement that must compute before its first row computes once: where the rows are read."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES (1), (2)")
    project = make_project("once", database.datasource())
    project.job("ods", source={"query": "SELECT MAX(id) AS top, MAX(SLEEP(1)) AS pause FROM t"}, target={"table": "ods"})
    assert project.weir("check", "ods").seconds < 1.9
    # Two rows, so two seconds; a second time would be four.
    assert 2 <= project.run("ods").seconds < 3.9


@pytest.mark.parametrize("columns", [
    ["id", "LAG(id) OVER (ORDER BY id) AS v", "COALESCE(ts) AS i"],
    ["id", "NTILE(2) OVER (ORDER BY id) AS v", "LAG(ts) OVER (ORDER BY id) AS i"],
])
def test_expressions_beside_an_instant(database, make_project, columns):
    """TIMESTAMP expressions are read through a derived table, inside which MySQL gives some numbers another type."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, ts TIMESTAMP NULL)")
    database.execute("INSERT INTO t VALUES (7, '2016-11-14 08:30:00'), (9, NULL)")
    project = make_project("beside", database.datasource())
    project.job("ods", source={"table": "t", "columns": columns}, target={"table": "ods"})
    project.run("ods")
    with database.connect().cursor() as cursor:
        cursor.execute(f"SELECT id, {columns[1]} FROM t")
        expected = sorted(cursor.fetchall())
    copied_rows = deltalake.DeltaTable(str(project.table("ods"))).to_pyarrow_table()
    assert sorted(zip(copied_rows["id"].to_pylist(), copied_rows["v"].to_pylist())) == expected

"""A run that is to end, ends: whatever its threads wait for, and with nothing left at work on the server.

What blocks here are statements that compute for half a minute before their first row, and hosts that never answer. A reader
of such a statement looks at no flag; its socket must be shut down, and the server be told.
"""

import contextlib
import json
import signal
import socket
import threading
import time

import pytest

import readers
import tables
from conftest import Database

SLOW = 30       # seconds of the statement that nobody waits for
PROMPT = 6      # by then the run must have ended, on a busy machine too


def wait_for(condition, seconds=8):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.02)


def reading(server):
    """The connections on which the user weir has rows on the way, or still to be found."""
    rows = server.query("SELECT id, info FROM information_schema.processlist WHERE user = 'weir' AND command IN ('Query', 'Execute')")
    return [number for number, text in rows if text and "FROM" in text and "weir_held" not in text]


@pytest.fixture
def slow_view(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES (1)")
    database.execute(f"CREATE VIEW slow AS SELECT id, SLEEP({SLOW}) AS pause FROM t")
    return project


def end(child):
    begin = time.monotonic()
    stdout, stderr = child.communicate(timeout=60)
    return time.monotonic() - begin, stdout, stderr


def check_nothing_left(server):
    time.sleep(1)
    assert reading(server) == [], "the statement was left at work"


# ---- A stop request ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_stop_in_a_slow_statement(slow_view, database, signal_number):
    project, server = slow_view, database.server
    project.job("ods", source={"table": "slow"}, target={"table": "ods"})
    child = project.spawn("run", "ods", "--json")
    wait_for(lambda: reading(server))
    child.send_signal(signal_number)
    seconds, stdout, _ = end(child)
    assert (child.returncode, json.loads(stdout)["status"]) == (130, "cancelled")
    assert seconds < PROMPT
    check_nothing_left(server)
    assert not project.table("ods").exists()


@contextlib.contextmanager
def silent_listener(backlog=None):
    """A port that takes connections and says nothing; with a backlog, one that does not even take them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16 if backlog is None else backlog)
        fillers = []
        if backlog is not None:
            # What does not fit into the queue is neither taken nor refused.
            for _ in range(backlog + 2):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
                fillers.append(filler)
            time.sleep(0.2)
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("backlog", [None, 0], ids=["no greeting", "no answer"])
def test_stop_while_connecting(make_project, backlog):
    with silent_listener(backlog) as port:
        project = make_project("project", {"type": "mysql", "host": "127.0.0.1", "port": port, "user": "u",
                                           "password": "p", "database": "d", "connect_timeout": 30})
        project.job("ods", source={"table": "t"}, target={"table": "ods"})
        child = project.spawn("run", "ods", "--json")
        time.sleep(1)
        assert child.poll() is None
        child.send_signal(signal.SIGINT)
        seconds, stdout, _ = end(child)
    assert (child.returncode, json.loads(stdout)["status"]) == (130, "cancelled")
    assert seconds < 2


def test_a_host_that_does_not_answer_ends_with_the_time_limit(make_project):
    with silent_listener() as port:
        project = make_project("project", {"type": "mysql", "host": "127.0.0.1", "port": port, "user": "u",
                                           "password": "p", "database": "d", "connect_timeout": 2})
        project.job("ods", source={"table": "t"}, target={"table": "ods"})
        result = project.run("ods", code=3)
    assert 1.5 < result.seconds < 8
    assert str(port) in result.json["error"]["message"]


# ---- A reader that fails ----------------------------------------------------------------------------------


def test_a_reader_that_fails_wakes_the_others(slow_view, database):
    """One table's statement is killed; the other's has half a minute to go and is of no use any more."""
    project, server = slow_view, database.server
    database.execute(f"CREATE VIEW other AS SELECT id, SLEEP({SLOW - 1}) AS pause FROM t")
    project.job("ods", source={"tables": ["slow", "other"]}, target={"table": "ods"}, threads=2, retries=0)
    child = project.spawn("run", "ods", "--json")

    wait_for(lambda: len(reading(server)) == 2)
    server.execute(f"KILL {reading(server)[0]}")
    seconds, stdout, stderr = end(child)
    error = json.loads(stdout)["error"]
    assert child.returncode == 3, stdout + stderr
    assert seconds < PROMPT
    # It says what happened, not that a reader was woken.
    assert "cancel" not in error["message"] and "(error " in error["message"]
    check_nothing_left(server)


def test_a_row_that_stops_the_run_wakes_the_readers(project, database):
    """The sink's thread fails at a dirty row, while the other reader waits for its first one."""
    database.execute("CREATE TABLE dirty (id INT PRIMARY KEY, d DATE)")
    database.execute("SET SESSION sql_mode = ''")
    database.execute("INSERT INTO dirty VALUES (1, '0000-00-00')")
    database.execute(f"CREATE VIEW slow AS SELECT id, IF(SLEEP({SLOW}) = 1, DATE'2016-11-13', d) AS d FROM dirty")
    project.job("ods", source={"tables": ["slow", "dirty"]}, target={"table": "ods"}, threads=2, zero_dates="error",
                dirty_limit=0)
    result = project.run("ods", code=5)
    assert result.seconds < PROMPT
    assert result.json["error"]["kind"] == "dirty"
    check_nothing_left(database.server)


def test_other_statements_of_the_same_user_go_on(slow_view, database):
    """What is ended at the server is the run's own."""
    project, server = slow_view, database.server
    project.job("ods", source={"table": "slow"}, target={"table": "ods"})
    answer = []

    def bystander():
        with contextlib.closing(database.connect(user="weir", password="secret")) as link, link.cursor() as cursor:
            cursor.execute("SELECT SLEEP(4) AS bystander FROM t")
            answer.append(cursor.fetchone()[0])

    child = project.spawn("run", "ods", "--json")
    wait_for(lambda: reading(server))
    thread = threading.Thread(target=bystander)
    thread.start()
    wait_for(lambda: len(reading(server)) == 2)
    child.send_signal(signal.SIGINT)
    assert end(child)[0] < PROMPT
    thread.join()
    assert answer == [0]


# ---- A connection that is lost over TLS -------------------------------------------------------------------


ROWS = 3_000    # of 20 kB, more than the two machines' buffers hold


@pytest.fixture
def streamed(start_server, request, make_project):
    """A job over TLS, whose one reader stops after each row group while the server still has rows to send."""
    server = start_server(request.param)
    server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    server.execute("SET GLOBAL sync_binlog = 1")
    database = Database(server)
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, body LONGTEXT NOT NULL)")
    tables.fill(database, "t", "n, REPEAT(SHA2(n, 256), 320)", ROWS)
    project = make_project("project", database.datasource(tls="required"))
    project.job("ods", source={"table": "t"}, target={"table": "ods"}, threads=1, memory="32MiB")
    return project, server


@pytest.mark.parametrize("streamed", ["mariadb", "mysql"], indirect=True)
@pytest.mark.parametrize("how", ["KILL", "SIGKILL"])
def test_connection_is_lost_over_tls_while_rows_stream(streamed, how):
    """OpenSSL calls it an unexpected end of file; it is a lost connection like any other, and no matter of settings."""
    project, server = streamed
    child = project.spawn("run", "ods", "--json", env={"WEIR_FAILPOINT": "files-during=sleep:1500"})
    wait_for(lambda: reading(server))
    wait_for(lambda: list(project.table("ods").glob("*.parquet")) or list(project.table("ods").glob("_weir/*.run")))
    time.sleep(0.5)
    (thread,) = reading(server)
    if how == "KILL":
        server.execute(f"KILL {thread}")
    else:
        server.process.stop(signal.SIGKILL)
        server.start_again()
    _, stdout, stderr = end(child)
    assert child.returncode == 0, stdout + stderr
    result = json.loads(stdout)
    assert result["attempts"] == 2 or (how, result["attempts"]) == ("SIGKILL", 3)     # the server needs a while
    assert result["rows_written"] == ROWS
    assert "starting over" in stderr and "tls_ca" not in stderr
    assert sorted(readers.delta_arrow(project.table("ods"))["id"].to_pylist()) == list(range(ROWS))


@pytest.mark.parametrize("streamed", ["mariadb"], indirect=True)
def test_lost_tls_connection_has_the_hint_of_one(streamed):
    project, server = streamed
    project.job("ods", source={"table": "t"}, target={"table": "ods"}, threads=1, memory="32MiB", retries=0)
    child = project.spawn("run", "ods", "--json", env={"WEIR_FAILPOINT": "files-during=sleep:1500"})
    wait_for(lambda: reading(server))
    time.sleep(0.5)
    server.process.stop(signal.SIGKILL)
    _, stdout, stderr = end(child)
    assert child.returncode == 3, stdout + stderr
    error = json.loads(stdout)["error"]
    assert "(error 2026)" in error["message"] and "t: " in error["message"], error
    assert "The connection broke while it was in use" in error["hint"], error

"""Every copy is the table at one moment, whatever is written meanwhile and however many connections read it.

A writer transfers amounts between rows and inserts and deletes rows in pairs, all in one transaction each, and counts its
transactions in the table. So at every moment the amounts add up to the same sum and no pair is torn; and the counter tells
which moment a copy shows, which must be the one whose position the report names.
"""

import contextlib
import itertools
import json
import random
import re
import socket
import threading
import time

import conftest
import pyarrow.compute as pc
import pymysql
import pytest
import readers
import tables

ROWS = 180_000       # enough for eight readers
FIRST = 1000         # amount of every account
COUNTER = 0          # the row whose amount counts the writer's transactions

LOCK = "brief table lock"
EQUAL = "equal snapshot positions"
SINGLE = "one connection"


# ---- The writer -------------------------------------------------------------------------------------------


class Writer:
    """Runs transactions on its own connection until the end of the with block."""

    def __init__(self, database, pause=0.0):
        self.link = database.connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
        self.pause = pause
        self.done = 0
        self.error = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def transaction(self, chance):
        amount = chance.randrange(1, 500)
        one, other = chance.randrange(1, ROWS), chance.randrange(1, ROWS)
        statements = [
            "BEGIN",
            f"UPDATE accounts SET amount = amount - {amount} WHERE id = {one}",
            f"UPDATE accounts SET amount = amount + {amount} WHERE id = {other}",
            f"UPDATE accounts SET amount = amount + 1 WHERE id = {COUNTER}",
        ]
        # The halves of a pair lie far apart: in different slices.
        pair = chance.randrange(1, 200)
        low, high = pair * 2_000_000, 2_000_000_000 + pair * 2_000_000
        if self.done % 2 == 0:
            statements.append(f"DELETE FROM accounts WHERE pair = {pair}")
        else:
            statements.append(f"REPLACE INTO accounts VALUES ({low}, {amount}, {pair}), ({high}, -{amount}, {pair})")
        with self.link.cursor() as cursor:
            cursor.execute("; ".join([*statements, "COMMIT"]))
            while cursor.nextset():
                pass

    def run(self):
        chance = random.Random(20161114)
        try:
            while not self.stopping.is_set():
                self.transaction(chance)
                self.done += 1
                time.sleep(self.pause)
        except Exception as error:     # told by the main thread
            self.error = error

    def __enter__(self):
        self.thread.start()
        while self.done < 5 and self.error is None:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.link.close()
        if self.error:
            raise self.error


def make_accounts(database):
    database.execute("CREATE TABLE accounts (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL, pair INT NULL, KEY (pair))")
    # Spread over the range, so that the pairs that come later lie in all slices.
    tables.fill(database, "accounts", f"IF(n = 0, {COUNTER}, n), IF(n = 0, 0, {FIRST}), NULL", ROWS)


def check_moment(table):
    """The invariants of the copied rows; returns the counter."""
    amounts, ids, pairs = (pc.fill_null(table[name], 0) for name in ("amount", "id", "pair"))
    counter = table.filter(pc.equal(ids, COUNTER))["amount"].to_pylist()
    assert len(counter) == 1
    accounts = table.filter(pc.and_(pc.greater(ids, COUNTER), pc.equal(pairs, 0)))
    assert accounts.num_rows == ROWS - 1
    assert pc.sum(accounts["amount"]).as_py() == FIRST * (ROWS - 1), "a transfer was seen half"
    halves = table.filter(pc.not_equal(pairs, 0)).group_by("pair").aggregate([("amount", "sum"), ("amount", "count")])
    assert set(halves["amount_count"].to_pylist()) <= {2}, "a pair was seen half"
    assert set(halves["amount_sum"].to_pylist()) <= {0}
    assert pc.sum(amounts).as_py() == FIRST * (ROWS - 1) + counter[0]
    return counter[0]


def gtid_number(text):
    """The number of transactions of a server whose GTIDs have no gaps: of "uuid:1-57" or "0-1-57"."""
    found = re.search(r"(?:[0-9a-f-]{36}:(?:1-)?|\b\d+-\d+-)(\d+)$", text)
    assert found, f'"{text}" ends with no GTID'
    return int(found.group(1))


def position_number(server, text):
    """The same of a position in a report; MariaDB's may be a place in the log, which the server translates."""
    place = re.fullmatch(r"(.+):(\d+)", text)
    if server.kind == "mariadb" and place:
        # The server reads its log up to there, in which other tests may have left events of many megabytes.
        (limit,) = server.query("SELECT @@GLOBAL.max_allowed_packet")[0]
        server.execute("SET GLOBAL max_allowed_packet = 1073741824")
        try:
            with server.connect() as client, client.cursor() as cursor:
                cursor.execute("SELECT BINLOG_GTID_POS(%s, %s)", (place.group(1), int(place.group(2))))
                ((gtid,),) = cursor.fetchall()
        finally:
            server.execute("SET GLOBAL max_allowed_packet = %s", (limit,))
        assert gtid, f'{text} is no place between two events; the logs are {server.query("SHOW BINARY LOGS")}'
        text = gtid
    return gtid_number(text)


def server_gtid(server):
    name = "gtid_executed" if server.kind == "mysql" else "gtid_binlog_pos"
    return server.query(f"SELECT @@GLOBAL.{name}")[0][0].replace("\n", "")


def counter_now(database):
    return database.query(f"SELECT amount FROM accounts WHERE id = {COUNTER}")[0][0]


@contextlib.contextmanager
def restricted_user(server, *grants):
    """A user with these privileges and no other: its datasource keys."""
    server.execute("DROP USER IF EXISTS reader@'%'")
    server.execute("CREATE USER reader@'%' IDENTIFIED BY 'few'")
    for grant in grants:
        server.execute(f"GRANT {grant} TO reader@'%'")
    yield {"user": "reader", "password": "few"}
    server.execute("DROP USER reader@'%'")


@pytest.fixture(scope="module")
def accounts(server):
    """One table for all tests of a server: what they check holds at every moment of its life."""
    database = conftest.Database(server)
    make_accounts(database)
    yield database
    database.drop()


@pytest.fixture
def project(accounts, make_project):
    return make_project("project", accounts.datasource())


def copy(project, threads, **options):
    project.job("ods", source={"table": "accounts"}, target={"table": "ods", "partition": "ds=${bizdate}"},
                threads=threads)
    result = project.run("ods", "--bizdate", "20161114", **options).json
    assert result["status"] == "done"
    return result


def how(result):
    return result["snapshot"].partition(" at ")[0]


def position(result):
    return result["snapshot"].partition(" at ")[2]


# ---- Consistency ------------------------------------------------------------------------------------------


def test_writer_breaks_what_is_not_consistent(accounts):
    """The check can fail: reading the table in pieces, each at its own time, shows torn transfers."""
    with Writer(accounts):
        for _ in range(20):
            pieces = [accounts.query(f"SELECT SUM(amount) FROM accounts WHERE pair IS NULL AND id > 0 AND MOD(id, 4) = {i}")
                      for i in range(4)]
            if sum(piece[0][0] for piece in pieces) != FIRST * (ROWS - 1):
                return
    pytest.fail("twenty reads in pieces were all whole: the writer is too slow to test anything")


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_copy_under_writes_is_one_moment(project, accounts, threads):
    server = accounts.server
    begin = counter_now(accounts)
    offset = gtid_number(server_gtid(server)) - begin
    # One reader pauses before its first slice, so that the writer does much between the first row read and the last.
    delay = {"WEIR_FAILPOINT": "source-slice=sleep:700"}
    moments = []
    with Writer(accounts) as writer:
        for _ in range(2):
            before = writer.done
            result = copy(project, threads, env=delay)
            assert writer.done - before > 20, "the writer hardly wrote anything during the copy"
            counter = check_moment(readers.delta_arrow(project.table("ods")))
            assert before <= counter - begin <= writer.done + 1
            moments.append(counter)
            assert result["readers"] == threads
            assert how(result) in ({EQUAL, LOCK} if threads > 1 else {SINGLE})
            assert result["warnings"] == []
            # The position is that of these very rows. One connection may have it from a little before.
            exact = threads > 1 or server.kind == "mariadb"
            shown = position_number(server, position(result)) - offset
            assert shown <= counter, result["snapshot"]
            assert shown == counter or not exact, result["snapshot"]
    assert moments[0] < moments[1]


@pytest.fixture
def waiting_commits(server):
    """Commits of this server stop for some seconds between the log and the table: they wait for a replica's word."""
    prefix = "rpl_semi_sync_master" if server.kind == "mariadb" else "rpl_semi_sync_source"
    if server.kind == "mysql":
        server.execute("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'")
    for name, value in {"wait_point": "'AFTER_SYNC'", "wait_no_%s": "1", "timeout": "4000", "enabled": "1"}.items():
        if "%s" in name:
            name %= "slave" if server.kind == "mariadb" else "replica"
        server.execute(f"SET GLOBAL {prefix}_{name} = {value}")
    yield
    server.execute(f"SET GLOBAL {prefix}_enabled = 0")
    if server.kind == "mysql":
        server.execute("UNINSTALL PLUGIN rpl_semi_sync_source")


@pytest.mark.parametrize("threads", [1, 2])
def test_position_leaves_out_what_is_logged_and_not_yet_visible(project, accounts, waiting_commits, threads):
    """A stream that goes on from the position must still meet the transaction that these rows lack."""
    server, before = accounts.server, counter_now(accounts)
    offset = gtid_number(server_gtid(server)) - before

    def commit():
        with contextlib.closing(accounts.connect()) as link, link.cursor() as cursor:
            cursor.execute(f"UPDATE accounts SET amount = amount + 1 WHERE id = {COUNTER}")

    def log_end():
        return server.query("SHOW MASTER STATUS" if server.kind == "mariadb" else "SHOW BINARY LOG STATUS")[0][1]

    place = log_end()
    writer = threading.Thread(target=commit)
    writer.start()
    while log_end() == place:
        time.sleep(0.01)
    result = copy(project, threads)
    assert counter_now(accounts) == before or threads == 2, "the commit did not wait"
    counter = check_moment(readers.delta_arrow(project.table("ods")))
    assert position_number(server, position(result)) - offset == counter
    writer.join()


def test_quiet_server_gives_equal_positions(project, accounts):
    result = copy(project, 4)
    assert (how(result), result["readers"], result["warnings"]) == (EQUAL, 4, [])
    assert position_number(accounts.server, position(result)) == gtid_number(server_gtid(accounts.server))
    assert check_moment(readers.delta_arrow(project.table("ods"))) == counter_now(accounts)


def test_lock_is_the_fallback(project, accounts):
    """Equal positions are not found: the job's table is locked while the snapshots open, and no longer."""
    with Writer(accounts) as writer:
        result = copy(project, 4, env={"WEIR_FAILPOINT": "snapshot-proof=error"})
        before = writer.done
        time.sleep(0.2)
        assert writer.done > before, "the lock was not given back"
    assert (how(result), result["readers"], result["warnings"]) == (LOCK, 4, [])
    counter = check_moment(readers.delta_arrow(project.table("ods")))
    offset = gtid_number(server_gtid(accounts.server)) - counter_now(accounts)
    assert position_number(accounts.server, position(result)) - offset == counter


def test_without_lock_privilege_one_connection_reads(project, accounts):
    server, name = accounts.server, accounts.name
    with restricted_user(server, f"SELECT ON {name}.*") as user, Writer(accounts):
        project.configure(datasources={"src": user})
        result = copy(project, 4, env={"WEIR_FAILPOINT": "snapshot-proof=error"})
    assert (how(result), result["readers"]) == (SINGLE, 1)
    assert len(result["warnings"]) == 1
    assert "grant LOCK TABLES" in result["warnings"][0]
    check_moment(readers.delta_arrow(project.table("ods")))


def test_select_alone_is_enough_on_a_quiet_server(project, accounts):
    server = accounts.server
    with restricted_user(server, f"SELECT ON {accounts.name}.*") as user:
        project.configure(datasources={"src": user})
        result = copy(project, 4)
    assert (how(result), result["readers"], result["warnings"]) == (EQUAL, 4, [])
    # GTIDs need no privilege on MySQL; MariaDB shows the position of one's own snapshot.
    assert position(result) != ""
    check_moment(readers.delta_arrow(project.table("ods")))


def test_lock_privilege_without_binlog_privilege(project, accounts):
    """The lock works without a look at the log. MySQL shows its GTIDs to everybody; MariaDB's position is left out."""
    server, name = accounts.server, accounts.name
    with restricted_user(server, f"SELECT, LOCK TABLES ON {name}.*") as user, Writer(accounts):
        project.configure(datasources={"src": user})
        result = copy(project, 4, env={"WEIR_FAILPOINT": "snapshot-proof=error"})
    assert (how(result), result["readers"]) == (LOCK, 4)
    counter = check_moment(readers.delta_arrow(project.table("ods")))
    if server.kind == "mariadb":
        assert position(result) == ""
    else:
        offset = gtid_number(server_gtid(server)) - counter_now(accounts)
        # What the test itself did after the copy (DROP USER) is one transaction more.
        assert gtid_number(position(result)) - (offset - 1) == counter


def test_log_privilege_shows_the_position(project, accounts):
    server, name = accounts.server, accounts.name
    see_log = "BINLOG MONITOR ON *.*" if server.kind == "mariadb" else "REPLICATION CLIENT ON *.*"
    with restricted_user(server, f"SELECT, LOCK TABLES ON {name}.*", see_log) as user:
        project.configure(datasources={"src": user})
        result = copy(project, 4, env={"WEIR_FAILPOINT": "snapshot-proof=error"})
        now = gtid_number(server_gtid(server))
        assert (how(result), position_number(server, position(result))) == (LOCK, now)
        result = copy(project, 1)
        assert (how(result), position_number(server, position(result))) == (SINGLE, now)


def test_open_transaction_does_not_hold_the_run_for_long(project, accounts):
    """A transaction that changed the table and stays open keeps the lock away; the run goes on with one connection."""
    link = accounts.connect(autocommit=False)
    with link.cursor() as cursor:
        cursor.execute("UPDATE accounts SET amount = amount - 5 WHERE id = 1")
        result = copy(project, 2, env={"WEIR_FAILPOINT": "snapshot-proof=error"})
        assert how(result) == SINGLE and len(result["warnings"]) == 1
        cursor.execute("UPDATE accounts SET amount = amount + 5 WHERE id = 2")
        link.commit()
    link.close()
    check_moment(readers.delta_arrow(project.table("ods")))
    # The sum above holds without the change as well as with all of it; half of it would break it.


# ---- Servers that prove less ------------------------------------------------------------------------------


def test_binlog_is_off(start_server, make_database, make_project):
    for kind in ("mariadb", "mysql"):
        server = start_server(kind, binlog=False, tls=False)
        database = make_database(server)
        make_accounts(database)
        project = make_project(f"off-{kind}", database.datasource())
        with Writer(database):
            result = copy(project, 4)
            assert (how(result), position(result), result["readers"], result["warnings"]) == (LOCK, "", 4, []), kind
            check_moment(readers.delta_arrow(project.table("ods")))
            with restricted_user(server, f"SELECT ON {database.name}.*") as user:
                project.configure(datasources={"src": user})
                result = copy(project, 4)
            assert (how(result), result["readers"]) == (SINGLE, 1), kind
            assert ("binary log" if kind == "mariadb" else "gtid_mode") in result["warnings"][0]
            assert "grant LOCK TABLES" in result["warnings"][0]
            check_moment(readers.delta_arrow(project.table("ods")))
        database.drop()


@pytest.fixture
def mysql_without_gtid(mysql):
    def go(*modes):
        for mode in modes:
            mysql.execute(f"SET GLOBAL gtid_mode = {mode}")

    go("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF")
    yield mysql
    go("OFF_PERMISSIVE", "ON_PERMISSIVE", "ON")


def test_mysql_without_gtid(mysql_without_gtid, make_database, make_project):
    mysql = mysql_without_gtid
    database = make_database(mysql)
    make_accounts(database)
    project = make_project("project", database.datasource())
    with Writer(database):
        result = copy(project, 4)
        assert (how(result), result["readers"], result["warnings"]) == (LOCK, 4, [])
        check_moment(readers.delta_arrow(project.table("ods")))
        with restricted_user(mysql, f"SELECT ON {database.name}.*") as user:
            project.configure(datasources={"src": user})
            result = copy(project, 4)
        assert (how(result), result["readers"]) == (SINGLE, 1)
        assert "gtid_mode" in result["warnings"][0]
        check_moment(readers.delta_arrow(project.table("ods")))


def test_table_without_transactions_is_warned_about(database, make_project):
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE plain (id INT PRIMARY KEY, v INT) ENGINE=MyISAM")
    tables.fill(database, "plain", "n, n * 2", 60_000)
    project.job("ods", source={"table": "plain"}, target={"table": "ods"}, threads=4)
    result = project.run("ods").json
    assert len(result["warnings"]) == 1 and "MyISAM" in result["warnings"][0]
    # No point in time is claimed, in words neither, and no position that a stream could go on from.
    assert (result["readers"], result["snapshot"]) == (1, "one connection, no snapshot")
    text = project.weir("run", "ods").stderr
    assert "one connection, no snapshot" in text and "one point in time" not in text
    # Of several tables some may have one.
    database.execute("CREATE TABLE sound (id INT PRIMARY KEY, v INT)")
    project.job("both", source={"tables": ["plain", "sound"]}, target={"table": "both"}, threads=4)
    assert project.run("both").json["snapshot"] == "snapshots of some tables only"
    assert "one point in time" not in project.weir("run", "both").stderr
    project.job("sound", source={"table": "sound"}, target={"table": "sound"})
    assert "one point in time by one connection" in project.weir("run", "sound").stderr
    copied = readers.delta_arrow(project.table("ods"))
    assert copied.num_rows == 60_000 and pc.sum(copied["v"]).as_py() == 60_000 * 59_999


def test_engine_that_only_says_that_it_knows_transactions(mariadb, make_database, make_project):
    """A FEDERATED table's rows are another server's, at the moment when each connection asks for them."""
    mariadb.install("federated", "ha_federatedx")
    database = make_database(mariadb)
    assert mariadb.query("SELECT transactions FROM information_schema.engines WHERE engine = 'FEDERATED'") == [("YES",)]
    database.execute("CREATE TABLE near (id INT PRIMARY KEY, v INT)")
    tables.fill(database, "near", "n, n * 2", 120_000)
    database.execute("CREATE TABLE far (id INT PRIMARY KEY, v INT) ENGINE=FEDERATED CONNECTION="
                     f"'mysql://weir:secret@127.0.0.1:{mariadb.port}/{database.name}/near'")
    project = make_project("project", database.datasource())
    project.job("ods", source={"table": "far"}, target={"table": "ods"}, threads=4)
    result = project.run("ods").json
    assert (result["readers"], len(result["warnings"])) == (1, 1)
    assert "FEDERATED" in result["warnings"][0]
    assert readers.delta_arrow(project.table("ods")).num_rows == 120_000
    database.drop()
    mariadb.execute("UNINSTALL PLUGIN federated")


# ---- The clock --------------------------------------------------------------------------------------------


def make_numbers(database, rows=120_000):
    database.execute("CREATE TABLE numbers (id INT PRIMARY KEY, v INT NOT NULL)")
    tables.fill(database, "numbers", "n, n * 2", rows)
    return rows


def test_now_is_one_moment_in_all_slices(database, make_project):
    """Slices are read one after another; NOW() must not tell."""
    project = make_project("project", database.datasource())
    rows = make_numbers(database)
    begin, = database.query("SELECT NOW(6)")[0]
    project.job("ods", source={"table": "numbers", "columns": ["id", "NOW(6) AS moment", "CURRENT_DATE AS day"],
                               "where": "NOW(6) < '2100-01-01'"}, target={"table": "ods"}, threads=2)
    result = project.run("ods", env={"WEIR_FAILPOINT": "source-slice=sleep:1200"}).json
    end, = database.query("SELECT NOW(6)")[0]
    copied = readers.delta_arrow(project.table("ods"))
    assert (result["slices"] > 2, result["warnings"], copied.num_rows) == (True, [], rows)
    moments = set(copied["moment"].to_pylist())
    assert len(moments) == 1
    moment = moments.pop().replace(tzinfo=None)
    assert begin < moment < end and moment.microsecond > 0
    assert len(set(copied["day"].to_pylist())) == 1


def test_a_clock_that_may_not_be_set_is_warned_about(start_server, make_database, make_project):
    server = start_server("mariadb", tls=False, args=["--secure-timestamp=YES"])
    database = make_database(server)
    make_numbers(database)
    project = make_project("project", database.datasource())
    for where, warned in {"id >= 0": False, "id >= 0 OR Now() < '2016-11-14'": True}.items():
        project.job("ods", source={"table": "numbers", "where": where}, target={"table": "ods"}, threads=2)
        result = project.run("ods").json
        assert result["rows_written"] == 120_000
        assert ["secure_timestamp" in warning for warning in result["warnings"]] == [True] * warned
    database.drop()


# ---- Structure --------------------------------------------------------------------------------------------


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.02)


def connections(server):
    return server.query("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'weir'")[0][0]


def wait_for_readers(server, threads):
    """Until the run has all its connections, and a little longer: until it sleeps at a point that soon follows."""
    wait_for(lambda: connections(server) == threads + 1)
    time.sleep(0.5)


class Statement:
    """A statement that runs on a connection of its own; .seconds it took, .end when it was done."""

    def __init__(self, database, sql):
        self.end = None
        self.link = database.connect()
        self.thread = threading.Thread(target=self.run, args=[sql])
        self.thread.start()

    def run(self, sql):
        with contextlib.closing(self.link), self.link.cursor() as cursor:
            cursor.execute(sql)
        self.end = time.monotonic()


def finished(child, code=0):
    stdout, stderr = child.communicate(timeout=120)
    assert child.returncode == code, stdout + stderr
    return json.loads(stdout), stderr


def test_a_change_between_plan_and_snapshot_is_noticed(database, make_project):
    """The same number of columns, other types: the rows would be decoded as what they no longer are."""
    project = make_project("project", database.datasource())
    rows = make_numbers(database)
    source, target = {"table": "numbers"}, {"table": "ods"}
    change = ["ALTER TABLE numbers MODIFY v VARCHAR(20) NOT NULL", "UPDATE numbers SET v = CONCAT('n', v)"]
    for retries in (0, 2):
        project.job("ods", source=source, target={"table": f"ods{retries}"}, threads=2, retries=retries)
        child = project.spawn("run", "ods", "--json", env={"WEIR_FAILPOINT": "snapshot-before=sleep:2500"})
        wait_for(lambda: connections(database.server) == 3)
        for statement in change:
            database.execute(statement)
        assert child.poll() is None
        result, stderr = finished(child, 0 if retries else 3)
        if retries == 0:
            assert 'structure of' in result["error"]["message"] and '"v"' in result["error"]["message"]
            assert not project.table("ods0").exists()
            change = ["ALTER TABLE numbers RENAME COLUMN v TO w"]
        else:
            assert "starting over (2 of 3)" in stderr
            copied = readers.delta_arrow(project.table("ods2"))
            assert copied.column_names == ["id", "w"]
            assert (copied.num_rows, copied["w"].to_pylist()[0][0]) == (rows, "n")


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("change", ["ALTER TABLE parts DROP PARTITION p2", "ALTER TABLE parts TRUNCATE PARTITION p2",
                                    "DROP TABLE parts"])
def test_a_change_while_slices_are_read_waits(database, make_project, change, threads):
    """A dropped partition is no row that a snapshot would keep: its rows would be missing without a word."""
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE parts (id INT PRIMARY KEY, v INT NOT NULL) PARTITION BY RANGE (id)"
                     " (PARTITION p1 VALUES LESS THAN (60000), PARTITION p2 VALUES LESS THAN MAXVALUE)")
    tables.fill(database, "parts", "n, n * 2", 120_000)
    project.job("ods", source={"table": "parts"}, target={"table": "ods"}, threads=threads, retries=0)
    child = project.spawn("run", "ods", "--json", env={"WEIR_FAILPOINT": "source-slice=sleep:2000"})
    wait_for_readers(database.server, threads)
    statement = Statement(database, change)
    result, _ = finished(child)
    end = time.monotonic()
    statement.thread.join()
    assert statement.end > end - 0.5, "the change did not wait for the run"
    copied = readers.delta_arrow(project.table("ods"))
    assert copied.num_rows == 120_000 and pc.sum(copied["v"]).as_py() == 120_000 * 119_999
    assert result["attempts"] == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_a_change_between_snapshot_and_first_slice_waits(database, make_project, threads):
    project = make_project("project", database.datasource())
    database.execute("CREATE TABLE parts (id INT PRIMARY KEY, v INT NOT NULL) PARTITION BY RANGE (id)"
                     " (PARTITION p1 VALUES LESS THAN (60000), PARTITION p2 VALUES LESS THAN MAXVALUE)")
    tables.fill(database, "parts", "n, n * 2", 120_000)
    project.job("ods", source={"table": "parts"}, target={"table": "ods"}, threads=threads)
    child = project.spawn("run", "ods", "--json", env={"WEIR_FAILPOINT": "snapshot-opened=sleep:2000"})
    wait_for_readers(database.server, threads)
    # The readers have not used the table yet. The change and they would wait for each other: the run gives way.
    statement = Statement(database, "ALTER TABLE parts DROP PARTITION p2")
    result, stderr = finished(child)
    statement.thread.join()
    assert result["attempts"] == 2
    assert "holding the structure" in stderr and "starting over (2 of 3)" in stderr
    copied = readers.delta_arrow(project.table("ods"))
    assert copied.num_rows == 60_000


# ---- Not the server it seems ------------------------------------------------------------------------------


def test_replica_that_does_not_log_what_it_applies(start_server, make_database, make_project):
    """Its log stands still while its rows change: that the snapshots' positions are equal proves nothing there."""
    primary = start_server("mariadb", tls=False)
    database = make_database(primary)
    make_accounts(database)
    replica = start_server("mariadb", tls=False, args=["--server-id=2", "--log-slave-updates=OFF"])
    replica.execute(f"CHANGE MASTER TO master_host='127.0.0.1', master_port={primary.port}, master_user='weir',"
                    " master_password='secret', master_use_gtid=slave_pos, master_connect_retry=1")
    replica.execute("START SLAVE")

    def rows_there():
        found = replica.query(f"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{database.name}'")
        return found[0][0] and replica.query(f"SELECT COUNT(*) FROM {database.name}.accounts")[0][0]

    wait_for(lambda: rows_there() == ROWS, seconds=60)
    project = make_project("project", database.datasource(port=replica.port))
    moments = []
    with Writer(database):
        for threads in (2, 4, 4):
            log = replica.query("SHOW MASTER STATUS")[0][:2]
            result = copy(project, threads, env={"WEIR_FAILPOINT": "source-slice=sleep:700"})
            assert how(result) in (LOCK, SINGLE)
            assert replica.query("SHOW MASTER STATUS")[0][:2] == log, "it does log: the test tests nothing"
            moments.append(check_moment(readers.delta_arrow(project.table("ods"))))
    assert moments[0] < moments[1] < moments[2]
    # Without the lock there is one reader.
    replica.execute("CREATE USER plain@'%%' IDENTIFIED BY 'few'")
    replica.execute(f"GRANT SELECT ON {database.name}.* TO plain@'%%'")
    project.configure(datasources={"src": {"user": "plain", "password": "few"}})
    with Writer(database):
        result = copy(project, 4)
    assert (how(result), result["readers"], len(result["warnings"])) == (SINGLE, 1, 1)
    check_moment(readers.delta_arrow(project.table("ods")))
    replica.execute("STOP SLAVE")


class Dealer:
    """A port whose connections go to the servers in turn, as behind a name with several addresses."""

    def __init__(self, *ports):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.targets = itertools.cycle(ports)
        self.links = []
        threading.Thread(target=self.deal, daemon=True).start()

    def deal(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", next(self.targets)))
                self.links += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    @staticmethod
    def pump(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for link in [self.listener, *self.links]:
            link.close()


@pytest.mark.parametrize("threads", [2, 5])
def test_an_address_that_leads_to_two_servers(server, start_server, make_project, threads):
    """Two copies of a table that differ in every row: what is published is one of them."""
    other = start_server(server.kind, tls=False)
    name = "dealt"
    for number, one in enumerate((server, other)):
        one.execute(f"CREATE DATABASE {name}")
        with contextlib.closing(one.connect(database=name)) as link, link.cursor() as cursor:
            cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, whose INT NOT NULL)")
            cursor.execute("CREATE TABLE digits (d INT)")
            cursor.execute("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")
            cursor.execute("INSERT INTO t SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d, %s FROM"
                           " digits a, digits b, digits c, digits e, digits f", (number,))
            cursor.execute("ANALYZE TABLE t")
            cursor.fetchall()
    with Dealer(server.port, other.port) as dealer:
        project = make_project("project", {"type": "mysql", "host": "127.0.0.1", "port": dealer.port, "user": "weir",
                                           "password": "secret", "database": name, "tls": "disabled"})
        project.job("ods", source={"table": "t"}, target={"table": "ods"}, threads=threads)
        result = project.run("ods").json
    assert (result["snapshot"], result["readers"], len(result["warnings"])) == (SINGLE, 1, 1)
    assert "several servers" in result["warnings"][0]
    copied = readers.delta_arrow(project.table("ods"))
    assert copied.num_rows == 100_000 and len(set(copied["whose"].to_pylist())) == 1
    server.execute(f"DROP DATABASE {name}")

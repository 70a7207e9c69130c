"""The servers, the independent client and the foreign readers are what the other tests take them for."""

import pathlib
import subprocess
import sys

import deltalake
import pyarrow
import pymysql
import pytest
import readers
import server as server_tool


def test_server_is_what_it_says(server):
    text = server.query("SELECT version()")[0][0]
    assert text.startswith(server.version)
    assert ("MariaDB" in text) == (server.kind == "mariadb")
    if server.kind == "mariadb":
        assert server.version.startswith("10.11.")
    else:
        assert int(server.version.split(".")[0]) >= 9
    assert server.query("SELECT @@log_bin, @@binlog_format") == [(1, "ROW")]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_user_comes_in_over_tcp_with_tls(server, host):
    link = pymysql.connect(host=host, port=server.port, user=server.user, password=server.password,
                           ssl={"ca": server.ca, "check_hostname": host == server.host})
    with link, link.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        assert cursor.fetchone()[1].startswith("TLS")


def test_certificate_is_checkable(server):
    """127.0.0.2 is not in the certificate, and another authority did not sign it: the TLS tests rest on that."""
    for host, ca in ((server.wrong_host, server.ca), (server.host, server.other_ca)):
        with pytest.raises(pymysql.err.OperationalError, match="certificate verify failed"):
            pymysql.connect(host=host, port=server.port, user=server.user, password=server.password,
                            ssl={"ca": ca, "check_hostname": True})


def test_server_without_tls(start_server):
    plain = start_server("mysql", tls=False)
    link = pymysql.connect(host=plain.host, port=plain.port, user=plain.user, password=plain.password)
    with link, link.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        assert not any(row[1] for row in cursor.fetchall())
    with pytest.raises(pymysql.err.OperationalError, match="SSL"):
        pymysql.connect(host=plain.host, port=plain.port, user=plain.user, password=plain.password,
                        ssl={"check_hostname": False})


def test_each_test_has_a_database_of_its_own(database, make_database):
    other = make_database(database.server)
    database.execute("CREATE TABLE t (v VARCHAR(20))")
    database.execute("INSERT INTO t VALUES (%s)", ("日本 🐟",))
    assert database.query("SELECT v, DATABASE() FROM t") == [("日本 🐟", database.name)]
    assert other.query("SHOW TABLES") == []


def test_readers_agree_on_a_table_of_delta_rs(tmp_path):
    rows = pyarrow.table({"id": [1, 2], "name": ["a", None], "ds": ["20161113", "20161114"]})
    deltalake.write_deltalake(str(tmp_path), rows, partition_by=["ds"])
    expected = [{"id": 1, "name": "a", "ds": "20161113"}, {"id": 2, "name": None, "ds": "20161114"}]
    assert readers.delta_rows(tmp_path) == expected
    assert readers.duckdb_rows(tmp_path) == expected
    assert readers.delta_rows(tmp_path, partition={"ds": "20161114"}) == expected[1:]
    assert readers.arrow_rows(tmp_path) == [{"id": 1, "name": "a"}, {"id": 2, "name": None}]
    assert readers.partitions(tmp_path) == [{"ds": "20161113"}, {"ds": "20161114"}]
    assert readers.version(tmp_path) == 0


def test_server_tool_starts_and_stops(tmp_path):
    """The command line that the demo and the benchmarks use."""
    tool = pathlib.Path(__file__).resolve().parents[2] / "tools/server.py"
    done = subprocess.run([sys.executable, tool, "start", "mariadb", tmp_path, "--no-binlog"], check=True,
                          capture_output=True, text=True)
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert server_tool.is_alive(shown["pid"], tmp_path)
    with pymysql.connect(unix_socket=shown["socket"], user="root") as link, link.cursor() as cursor:
        cursor.execute("SELECT @@port, @@log_bin")
        assert cursor.fetchone() == (int(shown["port"]), 0)
    subprocess.run([sys.executable, tool, "stop", tmp_path], check=True)
    assert not server_tool.is_alive(shown["pid"], tmp_path)
    assert subprocess.run([sys.executable, tool, "show", tmp_path], capture_output=True).returncode == 1


def test_program_says_its_version(weir):
    assert "0.1.0" in weir("--version").stdout

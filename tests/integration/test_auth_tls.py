"""Getting in: authentication methods, TLS in its five modes, sockets; and every way of not getting in.

After each test nothing that weir printed may hold the password: the `weir` fixture here sees to it.
"""

import os
import pathlib
import socket
import time
import urllib.parse

import pytest

from copies import BIZDATE, copy, read
from conftest import Weir

WORD = "p@ss:w/rd %41'\"\\ 日本"


class SecretiveWeir(Weir):
    """Fails the test where any output holds one of the words."""

    secrets = (WORD, "wr0ng-password")

    def __call__(self, *args, **options):
        result = super().__call__(*args, **options)
        for secret in self.secrets:
            assert secret not in result.stdout + result.stderr
        return result


@pytest.fixture
def weir(tmp_path):
    runner = SecretiveWeir(tmp_path)
    yield runner
    runner.end()
    for path in tmp_path.rglob("*"):    # reject files, Delta logs
        if path.is_file() and path.suffix != ".parquet" and path.name not in ("weir.yaml", "secret") and "server" not in str(path):
            for secret in SecretiveWeir.secrets:
                assert secret.encode() not in path.read_bytes(), path


@pytest.fixture
def table(database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES (1), (2)")
    return database


_users = iter(range(1000000))


@pytest.fixture
def make_user(server):
    """make_user("IDENTIFIED ...") -> the name of a fresh user who may read everything."""
    made = []

    def make(how, grant="SELECT ON *.*", extra=""):
        name = f"u{os.getpid() % 1000}_{next(_users)}"
        server.root.query(f"CREATE USER '{name}'@'%' {how} {extra}")
        made.append(name)
        if grant:
            server.root.query(f"GRANT {grant} TO '{name}'@'%'")
        return name

    yield make
    for name in made:
        server.root.query(f"DROP USER '{name}'@'%'")


def quoted(word):
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def copied(project, **datasource):
    """Copies with these settings; true where all rows came."""
    project.configure(datasources={"src": {**datasource}})
    copy(project, "t")
    return read(project.table("copy"))["id"] == [1, 2]


def refused(project, code=3, **datasource):
    """The error of a run with these settings; it must name the datasource and say what to do."""
    project.configure(datasources={"src": {**datasource}})
    error = copy(project, "t", code=code).json["error"]
    assert error["hint"]
    assert "src" in error["message"]
    return error["message"]


# ---- Authentication ---------------------------------------------------------------------------------------


def methods(kind):
    if kind == "mariadb":
        return {"mysql_native_password": f"IDENTIFIED VIA mysql_native_password USING PASSWORD({quoted(WORD)})",
                "ed25519": f"IDENTIFIED VIA ed25519 USING PASSWORD({quoted(WORD)})"}
    return {"caching_sha2_password": f"IDENTIFIED WITH caching_sha2_password BY {quoted(WORD)}",
            "sha256_password": f"IDENTIFIED WITH sha256_password BY {quoted(WORD)}"}


def has_method(server, method):
    if method == "ed25519":
        server.install("ed25519", "auth_ed25519")
    return bool(server.query("SELECT 1 FROM information_schema.plugins WHERE plugin_name = %s AND plugin_status = 'ACTIVE'", (method,)))


@pytest.mark.parametrize("tls", ["disabled", "required"])
@pytest.mark.parametrize(("server", "method"), [(kind, method) for kind in ("mariadb", "mysql") for method in methods(kind)],
                         indirect=["server"])
def test_authentication_method(project, table, server, make_user, method, tls):
    """A fresh user's password is in no server's cache: without TLS it goes under the server's RSA key."""
    assert has_method(server, method)
    user = make_user(methods(server.kind)[method])
    assert copied(project, user=user, password=WORD, tls=tls)
    assert copied(project, user=user, password=WORD, tls=tls)      # from the server's cache
    assert user in refused(project, user=user, password="wr0ng-password", tls=tls)


def test_password_that_is_not_there(project, table, make_user):
    user = make_user("IDENTIFIED BY ''")
    assert copied(project, user=user, password="")
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}")
    assert user in refused(project, user=user, password="")


@pytest.mark.parametrize("kind", ["env", "file"])
def test_password_from_elsewhere(project, table, make_user, kind, tmp_path):
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}")
    secret = tmp_path / "secret"
    secret.write_text(WORD + "\n")
    reference = "${env:T_SECRET}" if kind == "env" else f"${{file:{secret}}}"
    project.configure(datasources={"src": {"user": user, "password": reference}})
    project.job("copy", source={"table": "t"}, target={"table": "copy"})
    project.run("copy", "--bizdate", BIZDATE, env={"T_SECRET": WORD})
    assert read(project.table("copy"))["id"] == [1, 2]


def test_password_is_in_no_process_list(project, table, make_user):
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}")
    table.execute("CREATE VIEW slow AS SELECT id, SLEEP(0.7) AS s FROM t")
    project.configure(datasources={"src": {"user": user, "password": "${env:T_SECRET}"}})
    project.job("slow", source={"table": "slow"}, target={"table": "slow"})
    child = project.spawn("run", "slow", env={"T_SECRET": WORD})
    seen = 0
    while child.poll() is None:
        command = pathlib.Path(f"/proc/{child.pid}/cmdline").read_bytes()
        assert WORD.encode() not in command
        seen += b"slow" in command
        time.sleep(0.05)
    out, err = child.communicate()
    assert child.returncode == 0, err
    assert seen > 5
    assert WORD not in out + err


def test_copy_with_a_url(weir, table, server, make_user, tmp_path):
    """The password in the URL is the user's own choice; WEIR_PASSWORD keeps it out."""
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}")
    word = urllib.parse.quote(WORD, safe="")
    place = f"{server.host}:{server.port}/{table.name}/t"
    weir("copy", f"mysql://{user}:{word}@{place}", tmp_path / "one")
    weir("copy", f"mysql://{user}@{place}", tmp_path / "two", env={"WEIR_PASSWORD": WORD})
    weir("copy", f"mysql://{user}@localhost/{table.name}/t?socket={urllib.parse.quote(server.socket, safe='')}", tmp_path / "three",
         env={"WEIR_PASSWORD": WORD})
    for name in ("one", "two", "three"):
        assert read(tmp_path / name)["id"] == [1, 2]
    weir("copy", f"mysql://{user}:wr0ng-password@{place}", tmp_path / "four", code=3)
    weir("copy", f"mysql://{user}:wr0ng-password@{server.host}:1/{table.name}/t", tmp_path / "four", code=3)
    weir("copy", f"mysql://{user}:wr0ng-password@{server.host}:port/{table.name}/t", tmp_path / "four", code=2)
    assert not (tmp_path / "four").exists()


# ---- TLS --------------------------------------------------------------------------------------------------


@pytest.fixture
def picky(make_user):
    """A user who must come with TLS, and one who may come without."""
    return make_user(f"IDENTIFIED BY {quoted(WORD)}", extra="REQUIRE SSL"), make_user(f"IDENTIFIED BY {quoted(WORD)}")


def test_tls_is_used_where_it_should_be(project, table, server, picky):
    strict, lax = picky
    for mode in ("preferred", "required", "verify-ca", "verify-identity"):
        assert copied(project, user=strict, password=WORD, tls=mode, tls_ca=server.ca)
    assert strict in refused(project, user=strict, password=WORD, tls="disabled")
    assert copied(project, user=lax, password=WORD, tls="disabled")


def test_tls_as_the_connection_itself_sees_it(project, table, server):
    for mode, encrypted in (("disabled", False), ("preferred", True), ("required", True), ("verify-identity", True)):
        project.configure(datasources={"src": {"tls": mode, "tls_ca": server.ca}})
        seen = ("(SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_version')"
                if server.kind == "mariadb" else
                "(SELECT VARIABLE_VALUE FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_version')")
        copy(project, {"query": f"SELECT id, {seen} AS version FROM t"})
        versions = read(project.table("copy"))["version"]
        assert [value.startswith("TLSv1.") for value in versions] == [encrypted] * 2, mode


def test_tls_certificates(project, table, server):
    """verify-ca asks who signed it, verify-identity also for whom; the other modes ask nothing."""
    for mode in ("preferred", "required"):
        assert copied(project, tls=mode, tls_ca=server.other_ca, host=server.wrong_host)
    for host in (server.host, server.wrong_host):
        assert copied(project, tls="verify-ca", tls_ca=server.ca, host=host)
    assert copied(project, tls="verify-identity", tls_ca=server.ca, host=server.host)
    assert "ertificate" in refused(project, tls="verify-ca", tls_ca=server.other_ca, host=server.host)
    assert "ertificate" in refused(project, tls="verify-identity", tls_ca=server.other_ca, host=server.host)
    refused(project, tls="verify-identity", tls_ca=server.ca, host=server.wrong_host)
    # Nobody whom this machine trusts has signed it.
    project.config["datasources"]["src"].pop("tls_ca")
    for mode in ("verify-ca", "verify-identity"):
        refused(project, tls=mode, host=server.host)


def test_tls_client_certificate(project, table, server, make_user):
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}", extra="REQUIRE X509")
    own = {"tls_cert": str(server.tls / "client.pem"), "tls_key": str(server.tls / "client-key.pem")}
    assert user in refused(project, user=user, password=WORD, tls="required")
    assert copied(project, user=user, password=WORD, tls="required", **own)
    assert copied(project, tls="verify-identity", tls_ca=server.ca, **own)


def test_tls_file_that_is_not_there(project, table):
    project.configure(datasources={"src": {"tls": "verify-ca", "tls_ca": "/nowhere/ca.pem"}})
    error = copy(project, "t", code=2).json["error"]
    assert "/nowhere/ca.pem" in error["message"] and error["hint"]


def test_server_without_tls(start_server, make_database, make_project):
    plain = start_server("mysql", tls=False)
    database = make_database(plain)
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES (1), (2)")
    database.server.root.query(f"CREATE USER fresh IDENTIFIED BY {quoted(WORD)}")
    database.server.root.query("GRANT ALL ON *.* TO fresh")
    project = make_project("plain", database.datasource(user="fresh", password=WORD))
    for mode in ("preferred", "disabled"):
        assert copied(project, tls=mode)
    for mode in ("required", "verify-ca", "verify-identity"):
        message = refused(project, tls=mode)
        assert "TLS" in message or "SSL" in message or "encryption" in message, message


# ---- Sockets, and places where nobody is ------------------------------------------------------------------


def test_socket(project, table, server, make_user):
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}")
    for tls in ("preferred", "disabled"):
        assert copied(project, socket=server.socket, user=user, password=WORD, tls=tls)
    project.config["datasources"]["src"].pop("host")
    project.config["datasources"]["src"].pop("port")
    assert copied(project, socket=server.socket)
    message = refused(project, socket=server.socket + ".not")
    assert server.socket + ".not" in message


def test_nobody_there(project, table, server):
    with socket.socket() as probe:      # bound and not listening: nobody else can take the port
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        message = refused(project, port=port)
        assert f"127.0.0.1:{port}" in message
    message = refused(project, host="no-such-host.invalid", port=server.port)
    assert "no-such-host.invalid" in message


def test_somebody_else_there(project, table):
    """A port that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        project.configure(datasources={"src": {"port": silent.getsockname()[1], "connect_timeout": "1s"}})
        error = copy(project, "t", code=3, retries=0).json["error"]
        assert "src" in error["message"] and error["hint"]
        assert 1 <= time.monotonic() - begin < 5
    assert not project.table("copy").exists() or not list(project.table("copy").rglob("*.parquet"))


def test_no_privilege(project, table, make_user):
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}", grant=None)
    refused(project, user=user, password=WORD)
    table.execute("CREATE TABLE other (id INT PRIMARY KEY, a INT, b INT)")
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}", grant=f"SELECT ON {table.name}.other")
    message = refused(project, user=user, password=WORD)
    assert "t" in message and ("denied" in message or "not exist" in message)
    # Some columns only: the whole table is refused, the columns are not.
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}", grant=f"SELECT (id, a) ON {table.name}.other")
    project.configure(datasources={"src": {"user": user, "password": WORD}})
    error = copy(project, "other", code=3).json["error"]
    assert "columns" in error["hint"]
    copy(project, {"table": "other", "columns": ["id", "a"]}, "some")
    assert list(read(project.table("some"), by=None).columns) == ["id", "a"]
    # No more than SELECT on the table is needed, and what a snapshot needs is asked for politely.
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}", grant=f"SELECT ON {table.name}.t")
    assert copied(project, user=user, password=WORD)


def test_unknown_database(project, table):
    project.configure(datasources={"src": {"database": "no_such_database"}})
    error = copy(project, "t", code=2).json["error"]
    assert "no_such_database" in error["message"] and error["hint"]


@pytest.mark.parametrize("state", ["ACCOUNT LOCK", "PASSWORD EXPIRE"])
def test_accounts_that_are_shut(project, table, make_user, state):
    user = make_user(f"IDENTIFIED BY {quoted(WORD)}", extra=state)
    refused(project, user=user, password=WORD)

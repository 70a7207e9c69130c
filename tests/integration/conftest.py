"""Fixtures for tests that run the weir program against real servers.

    make integration                         everything
    make integration ARGS="-k mysql -x"      any pytest options
    WEIR=/path/to/weir ...                   another build than build/src/weir

What a test asks for:

server      a running server; the test runs twice, for MariaDB and for MySQL. Started once a session, on demand.
            .kind ("mariadb", "mysql") .version .host .port .socket .ca .other_ca .tls (folder with certificates)
            .connect(**options) a PyMySQL connection as root over the socket
            .execute(sql, args)  .query(sql, args) -> list of tuples: on one root connection, autocommit
mariadb     the same, one of them only
mysql
start_server  start_server("mysql", args=["--tls-version="]) -> another server of the test's own, stopped after it
database    a fresh database on `server`, dropped afterwards:
            .name .server .execute(...) .query(...) .connect(...)
            .url(table, **params) -> mysql://weir:secret@127.0.0.1:PORT/NAME/table?...
            .datasource(**overrides) -> dict for weir.yaml
weir        runs the program:  result = weir("run", "ods_oplog", "--bizdate", "20161114", cwd=..., env={...}, code=0)
            It fails the test unless the exit code is `code` (0; a set of codes; None takes any).
            result.code .stdout .stderr .json (the standard output, parsed) .seconds
            weir.spawn(*args) -> Popen with text pipes, killed after the test if it still runs
project     a project folder with weir.yaml (datasource `src` is `database`, lake is ./lake):
            project.job("ods_oplog", source={"table": "oplog"}, target={"table": "ods_oplog"})   writes jobs/ods_oplog.yaml
            project.job("x", text="type: sync\n...")       the file's text as it is
            project.configure(timezone="Asia/Shanghai", datasources={...})     rewrites weir.yaml with these keys over the default
            project.run("ods_oplog", "--bizdate", "20161114") -> result, with --json and result.json parsed
            project.weir("check") -> result
            project.table("ods_oplog") -> path of the lake table

The user `weir` with password `secret` has all privileges on every server. Expected values come from PyMySQL or from
constants in the test, never from weir. Lake tables are read back through readers.py.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse

import pymysql
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import server as server_tool  # noqa: E402  (tools/server.py)

USER, PASSWORD = "weir", "secret"


# ---- Servers ----------------------------------------------------------------------------------------------


class TestServer:
    """A running server and a client of it that is not weir."""

    __test__ = False
    host = "127.0.0.1"
    wrong_host = "127.0.0.2"        # it listens there too, and its certificate does not say so
    user, password = USER, PASSWORD

    def __init__(self, kind, folder, **options):
        self.process = server_tool.Server(kind, folder, create_user=f"{USER}:{PASSWORD}", with_parent=True, **options)
        self.process.start()
        self.kind = kind
        self.version = self.process.version
        self.port = self.process.port
        self.pid = self.process.pid
        self.socket = self.process.socket
        self.log = self.process.log
        self.tls = self.process.tls
        self.ca = str(self.tls / "ca.pem") if self.tls else None
        self.other_ca = str(self.tls / "other-ca.pem") if self.tls else None
        self._root = None

    def install(self, plugin, library):
        """Loads one of MariaDB's plugins; skips the test where the machine has it not."""
        try:
            self.execute(f"INSTALL PLUGIN IF NOT EXISTS {plugin} SONAME '{library}'")
        except pymysql.err.OperationalError as error:
            if error.args[0] != 1126:     # cannot open shared library
                raise
            pytest.skip(f"the server has no {plugin}: its plugin is in Debian's mariadb-server, of which only the core "
                        "is installed")

    def start_again(self):
        """The killed server, on its old port."""
        free = server_tool.free_port
        server_tool.free_port = lambda: self.port
        try:
            self.process.start()
        finally:
            server_tool.free_port = free
        self._root = None

    def connect(self, **options):
        options = {"unix_socket": self.socket, "user": "root", "charset": "utf8mb4", "autocommit": True,
                   "local_infile": True, **options}
        return pymysql.connect(**options)

    @property
    def root(self):
        if self._root is None or not self._root.open:
            self._root = self.connect()
        return self._root

    def execute(self, sql, args=None):
        with self.root.cursor() as cursor:
            return cursor.execute(sql, args)

    def query(self, sql, args=None):
        with self.root.cursor() as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def restart(self):
        """Stops and starts it again, on another port."""
        self.process.stop()
        self._root = None
        self.process.start()
        self.port, self.pid = self.process.port, self.process.pid

    def stop(self):
        if self._root is not None and self._root.open:
            self._root.close()
        self.process.stop()


@pytest.fixture(scope="session")
def _servers(tmp_path_factory):
    running = {}

    def get(kind):
        if kind not in running:
            running[kind] = TestServer(kind, tmp_path_factory.mktemp(kind))
        return running[kind]

    yield get
    for one in running.values():
        one.stop()


@pytest.fixture(scope="session", params=server_tool.KINDS)
def server(request, _servers):
    return _servers(request.param)


@pytest.fixture(scope="session")
def mariadb(_servers):
    return _servers("mariadb")


@pytest.fixture(scope="session")
def mysql(_servers):
    return _servers("mysql")


@pytest.fixture
def start_server(tmp_path):
    started = []

    def start(kind, **options):
        one = TestServer(kind, tmp_path / f"server{len(started)}", **options)
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


# ---- Databases --------------------------------------------------------------------------------------------


def quote_name(name):
    return "`" + name.replace("`", "``") + "`"


class Database:
    _numbers = itertools.count(1)

    def __init__(self, server):
        self.server = server
        self.name = f"t{next(Database._numbers)}"
        self._client = None
        server.execute(f"DROP DATABASE IF EXISTS {self.name}")
        server.execute(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")

    def connect(self, **options):
        return self.server.connect(**{"database": self.name, **options})

    @property
    def client(self):
        if self._client is None or not self._client.open:
            self._client = self.connect()
        return self._client

    def execute(self, sql, args=None):
        with self.client.cursor() as cursor:
            return cursor.execute(sql, args)

    def executemany(self, sql, rows):
        with self.client.cursor() as cursor:
            return cursor.executemany(sql, rows)

    def query(self, sql, args=None):
        with self.client.cursor() as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def url(self, table, **params):
        query = "?" + urllib.parse.urlencode(params) if params else ""
        return (f"mysql://{USER}:{PASSWORD}@{self.server.host}:{self.server.port}/{self.name}/"
                f"{urllib.parse.quote(table, safe='')}{query}")

    def datasource(self, **overrides):
        return {"type": "mysql", "host": self.server.host, "port": self.server.port, "user": USER,
                "password": PASSWORD, "database": self.name, **overrides}

    def drop(self):
        if self._client is not None and self._client.open:
            self._client.close()
        self.server.execute(f"DROP DATABASE IF EXISTS {self.name}")


@pytest.fixture
def database(server):
    one = Database(server)
    yield one
    one.drop()


@pytest.fixture
def make_database():
    """make_database(server) -> another database, dropped after the test."""
    made = []

    def make(server):
        made.append(Database(server))
        return made[-1]

    yield make
    for one in made:
        one.drop()


# ---- The program ------------------------------------------------------------------------------------------


class Result:
    def __init__(self, args, code, stdout, stderr, seconds):
        self.args, self.code, self.stdout, self.stderr, self.seconds = args, code, stdout, stderr, seconds

    @property
    def json(self):
        return json.loads(self.stdout)

    def __str__(self):
        return (f"$ weir {' '.join(map(str, self.args))}\nexit code {self.code}\n"
                f"--- stdout ---\n{self.stdout}\n--- stderr ---\n{self.stderr}")


class Weir:
    def __init__(self, folder):
        self.program = os.environ.get("WEIR", str(ROOT / "build/src/weir"))
        self.folder = folder
        self.spawned = []
        if not os.access(self.program, os.X_OK):
            pytest.fail(f"there is no program {self.program}: run make, or set WEIR", pytrace=False)

    def environment(self, extra):
        # Nothing of the developer's shell changes a result.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
        return {**clean, "TZ": "UTC", "LC_ALL": "C.UTF-8", **(extra or {})}

    def __call__(self, *args, cwd=None, env=None, code=0, timeout=120, stdin=None):
        args = [str(argument) for argument in args]
        begin = time.monotonic()
        done = subprocess.run([self.program, *args], cwd=cwd or self.folder, env=self.environment(env), input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, text=True,
                              errors="replace", timeout=timeout)
        result = Result(args, done.returncode, done.stdout, done.stderr, time.monotonic() - begin)
        wanted = code if isinstance(code, (set, tuple, list)) else {code}
        if code is not None and result.code not in wanted:
            pytest.fail(f"expected exit code {code}\n{result}")
        return result

    def spawn(self, *args, cwd=None, env=None, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                   "errors": "replace", **options}
        child = subprocess.Popen([self.program, *map(str, args)], cwd=cwd or self.folder, env=self.environment(env),
                                 **options)
        self.spawned.append(child)
        return child

    def end(self):
        for child in self.spawned:
            if child.poll() is None:
                child.kill()
            child.communicate()


@pytest.fixture
def weir(tmp_path):
    runner = Weir(tmp_path)
    yield runner
    runner.end()


# ---- Projects ---------------------------------------------------------------------------------------------


def yaml_text(mapping):
    """Top-level keys as YAML lines; what is below them as JSON, which is YAML too."""
    return "".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in mapping.items())


def merged(base, over):
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


class Project:
    def __init__(self, folder, runner, datasource):
        self.dir = folder
        self.runner = runner
        self.lake = folder / "lake"
        self.config = {"name": "test", "timezone": "UTC", "lake": "./lake", "datasources": {}}
        if datasource:
            self.config["datasources"]["src"] = datasource
        (folder / "jobs").mkdir(parents=True)
        self.configure()

    def configure(self, text=None, **keys):
        self.config = merged(self.config, keys)
        (self.dir / "weir.yaml").write_text(yaml_text(self.config) if text is None else text)

    def job(self, name, text=None, **keys):
        path = self.dir / "jobs" / f"{name}.yaml"
        if text is None:
            job = merged({"type": "sync", "source": {"datasource": "src"}}, keys)
            text = yaml_text(job)
        path.write_text(text)
        return path

    def weir(self, *args, **options):
        return self.runner(*args, **{"cwd": self.dir, **options})

    def run(self, job, *args, **options):
        return self.weir("run", job, "--json", *args, **options)

    def spawn(self, *args, **options):
        return self.runner.spawn(*args, **{"cwd": self.dir, **options})

    def table(self, name):
        return self.lake / name


@pytest.fixture
def project(tmp_path, weir, database):
    return Project(tmp_path / "project", weir, database.datasource())


@pytest.fixture
def make_project(tmp_path, weir):
    """make_project("name", datasource) -> a project beside others; datasource may be None."""
    return lambda name, datasource=None: Project(tmp_path / name, weir, datasource)

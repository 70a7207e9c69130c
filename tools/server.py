#!/usr/bin/env python3
"""Private MariaDB and MySQL servers, for the demo, the tests and the benchmarks.

    tools/server.py start mariadb|mysql DIR [--buffer-pool 1G] [--no-tls] [--no-binlog]
                    [--create-user NAME:PASSWORD] [--arg=--any-server-option=1 ...]
    tools/server.py stop DIR
    tools/server.py show DIR

`start` makes a data folder in DIR (or takes the one that is there), starts the server on a socket and on
free ports of 127.0.0.1 and 127.0.0.2, waits until it answers, and prints lines a shell can eval: kind version pid socket
port ca. The user root has no password and comes in over the socket. Nothing outside DIR is touched, no
service, no configuration of the machine; it works as root and as anyone else. The server runs until `stop`,
which ends it by its process id.

Imported (tests/integration/conftest.py), Server is the same with the life of a Python object.

TLS: DIR/tls holds a certificate authority (ca.pem), the server's certificate, valid for 127.0.0.1 and localhost
but not for 127.0.0.2, a client's (client.pem, client-key.pem) and an authority that signed nothing (other-ca.pem).
"""

import argparse
import ctypes
import glob
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ("mariadb", "mysql")


class ServerError(Exception):
    pass


def mysql_dir():
    folder = os.environ.get("WEIR_MYSQL_DIR")
    if not folder:
        folder = subprocess.run([ROOT / "tools/deps.sh", "print", "mysql-dir"], check=True,
                                capture_output=True, text=True).stdout.strip()
    folder = pathlib.Path(folder)
    if not (folder / "usr/sbin/mysqld").exists():
        raise ServerError(f'there is no MySQL in "{folder}": run tools/deps.sh servers')
    return folder


def mysql_command():
    """mysqld with the C library it was built for: that of Debian sid, not this machine's."""
    folder = mysql_dir()
    loaders = glob.glob(f"{folder}/usr/lib*/ld-linux*.so.*") + glob.glob(f"{folder}/usr/lib/*/ld-linux*.so.*")
    libraries = os.path.dirname(glob.glob(f"{folder}/usr/lib/*/libc.so.6")[0])
    share = folder / "usr/share/mysql"
    return [loaders[0], "--library-path", libraries, str(folder / "usr/sbin/mysqld"), "--no-defaults",
            f"--lc-messages-dir={share}", f"--character-sets-dir={share / 'charsets'}",
            f"--plugin-dir={folder / 'usr/lib/mysql/plugin'}", "--secure-file-priv="]


def mariadb_command():
    program = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not program:
        raise ServerError("there is no mariadbd: run tools/deps.sh servers")
    return [program, "--no-defaults"]


def make_certificates(folder):
    folder.mkdir()

    def openssl(*args, stdin=""):
        done = subprocess.run(["openssl", *args], cwd=folder, input=stdin, capture_output=True, text=True)
        if done.returncode != 0:
            raise ServerError(f"openssl {args[0]} failed: {done.stderr.strip()}")

    def authority(name, subject):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN={subject}",
                "-keyout", f"{name}-key.pem", "-out", f"{name}.pem")

    def certificate(name, subject, names):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}",
                "-keyout", f"{name}-key.pem", "-out", f"{name}.csr")
        (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-days", "3650", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
                "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.pem")

    authority("ca", "weir test authority")
    authority("other-ca", "another authority")
    certificate("server", "localhost", "DNS:localhost,IP:127.0.0.1")
    certificate("client", "weir test client", "DNS:client.invalid")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def greeting_version(path):
    """The server's version, which it tells whoever connects; None while it does not answer."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(2)
        try:
            link.connect(path)
            packet = link.recv(4096)
        except OSError:
            return None
    if len(packet) < 6 or packet[4] != 10:      # protocol 10, or an error packet while it starts
        return None
    return packet[5:packet.index(b"\0", 5)].decode()


def is_alive(pid, folder):
    """Whether the process lives and is a server of this folder, not a later process with its number."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return str(folder).encode() in command and state != "Z"


def end_with_parent():
    # PR_SET_PDEATHSIG: a test run that is killed leaves no server behind.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Server:
    """One running server. `kind` is mariadb or mysql."""

    def __init__(self, kind, folder, *, args=(), buffer_pool="64M", tls=True, binlog=True, create_user=None,
                 with_parent=False, timeout=120):
        if kind not in KINDS:
            raise ServerError(f'unknown server "{kind}": mariadb or mysql')
        self.kind = kind
        self.folder = pathlib.Path(folder).resolve()
        self.args = list(args)
        self.buffer_pool = buffer_pool
        self.binlog = binlog
        self.create_user = create_user
        self.with_parent = with_parent
        self.timeout = timeout
        self.tls = self.folder / "tls" if tls else None
        self.process = None
        self.pid = None
        self.port = None
        self.version = None
        self.log = self.folder / "server.log"
        self.socket = str(self.folder / "sock")
        if len(self.socket) > 100:      # the kernel's limit is 107 bytes
            self.socket = tempfile.mkdtemp(prefix="weir-sock-") + "/sock"

    # ---- starting ----

    def start(self):
        data = self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        state = read_state(self.folder)
        if state and is_alive(state["pid"], self.folder):
            raise ServerError(f'a server runs in "{self.folder}" already, process {state["pid"]}')
        if self.tls and not self.tls.exists():
            make_certificates(self.tls)
        if not data.exists():
            self._initialise(data)
        for attempt in range(3):
            self.port = free_port()
            if self._launch(data):
                break
        else:
            raise ServerError(f"{self.kind} did not start; the end of {self.log}:\n{self._log_tail()}")
        state = {name: getattr(self, name) for name in ("kind", "version", "pid", "socket", "port")}
        state["ca"] = str(self.tls / "ca.pem") if self.tls else ""
        (self.folder / "server.json").write_text(json.dumps(state))
        return self

    def _command(self):
        command = mysql_command() if self.kind == "mysql" else mariadb_command()
        return command + (["--user=root"] if os.geteuid() == 0 else [])

    def _initialise(self, data):
        """Fills a folder beside the final one, so that a start that was cut off is not taken for data."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        if self.kind == "mysql":
            command = self._command() + ["--initialize-insecure", f"--datadir={fresh}", "--innodb-redo-log-capacity=8M",
                                         "--auto-generate-certs=OFF", "--log-error-verbosity=1"]
        else:
            fresh.mkdir()
            command = ["mariadb-install-db", "--no-defaults", f"--datadir={fresh}", "--skip-test-db",
                       "--auth-root-authentication-method=normal", "--force"]     # whatever the machine is called
            command += ["--user=root"] if os.geteuid() == 0 else []
        # Scratch files of several that start at once must not meet in /tmp.
        done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                              env={**os.environ, "TMPDIR": str(self.folder)})
        if done.returncode != 0:
            raise ServerError(f"{self.kind} could not make its data folder:\n{(done.stdout + done.stderr)[-2000:]}")
        fresh.rename(data)

    def _launch(self, data):
        init = []
        if self.create_user:
            name, _, password = self.create_user.partition(":")
            init += [f"CREATE USER IF NOT EXISTS '{name}'@'%' IDENTIFIED BY '{password}';",
                     f"GRANT ALL ON *.* TO '{name}'@'%';"]
        (self.folder / "init.sql").write_text("\n".join(init) + "\n")
        command = self._command() + [
            f"--datadir={data}", f"--socket={self.socket}", f"--port={self.port}",
            "--bind-address=127.0.0.1,127.0.0.2", f"--pid-file={self.folder / 'pid'}",
            f"--log-error={self.log}", f"--init-file={self.folder / 'init.sql'}", "--skip-name-resolve",
            "--server-id=1", f"--innodb-buffer-pool-size={self.buffer_pool}", "--innodb-flush-log-at-trx-commit=0",
            "--performance-schema=OFF", "--max-connections=100", "--local-infile=1", f"--tmpdir={self.folder}",
        ]
        # Durability is off: this data is thrown away, and the disk is shared with what is measured.
        if self.binlog:
            command += ["--log-bin=binlog", "--binlog-format=ROW", "--sync-binlog=0"]
        else:
            command += ["--skip-log-bin"]
        if self.tls:
            command += [f"--ssl-ca={self.tls / 'ca.pem'}", f"--ssl-cert={self.tls / 'server.pem'}",
                        f"--ssl-key={self.tls / 'server-key.pem'}"]
        if self.kind == "mysql":
            command += ["--mysqlx=OFF", "--auto-generate-certs=OFF", "--innodb-redo-log-capacity=128M",
                        "--skip-innodb-doublewrite"]
            command += [] if self.tls else ["--tls-version="]
            command += ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"] if self.binlog else []
        else:
            command += ["--innodb-log-file-size=128M", "--skip-innodb-doublewrite", "--character-set-server=utf8mb4"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command + self.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True,
                                            preexec_fn=end_with_parent if self.with_parent else None)
        self.pid = self.process.pid
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            version = greeting_version(self.socket)
            if version:
                # Older MariaDB servers put 5.5.5- in front, for clients that would take 10 for 1.
                self.version = re.sub(r"^5\.5\.5-", "", version).split("-")[0]
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def _log_tail(self):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        except OSError as error:
            return str(error)

    # ---- stopping ----

    def stop(self, signal_number=signal.SIGTERM):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        forget_state(self.folder)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def read_state(folder):
    try:
        return json.loads((folder / "server.json").read_text())
    except (OSError, ValueError):
        return None


def forget_state(folder):
    state = read_state(folder)
    if state:
        (folder / "server.json").unlink()
        parent = os.path.dirname(state["socket"])
        if os.path.basename(parent).startswith("weir-sock-"):
            shutil.rmtree(parent, ignore_errors=True)


def stop_folder(folder):
    """Stops the server that another process started in a folder. True where one ran."""
    state = read_state(folder)
    if not state:
        return False
    pid = state["pid"]
    was_alive = is_alive(pid, folder)
    if was_alive:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while is_alive(pid, folder):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    forget_state(folder)
    return was_alive


def show(folder):
    state = read_state(folder)
    if not state or not is_alive(state["pid"], folder):
        raise ServerError(f'no server runs in "{folder}"')
    for name, value in state.items():
        print(f"{name}={shlex.quote(str(value))}")


def main():
    parser = argparse.ArgumentParser(description="Private MariaDB and MySQL servers.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    start = verbs.add_parser("start")
    start.add_argument("kind", choices=KINDS)
    start.add_argument("folder", type=pathlib.Path)
    start.add_argument("--buffer-pool", default="64M", help="innodb_buffer_pool_size")
    start.add_argument("--no-tls", action="store_true")
    start.add_argument("--no-binlog", action="store_true")
    start.add_argument("--create-user", metavar="NAME:PASSWORD", help="a user with all privileges, from any host")
    start.add_argument("--arg", action="append", default=[], help="an option for the server, as --arg=--name=value")
    for verb in ("stop", "show"):
        verbs.add_parser(verb).add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.folder.resolve()
    try:
        if options.verb == "start":
            Server(options.kind, folder, args=options.arg, buffer_pool=options.buffer_pool, tls=not options.no_tls,
                   binlog=not options.no_binlog, create_user=options.create_user).start()
            show(folder)
        elif options.verb == "stop":
            stop_folder(folder)
        else:
            show(folder)
    except ServerError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

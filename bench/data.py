"""The private MySQL that everything is read from, and its tables, each made once and kept for later runs.

Tables are filled with LOAD DATA from a CSV file that is thrown away after. `bench.made` says what is whole: a
table that was cut off in the middle, or that an older version of its recipe made, is made again.
"""

import hashlib
import inspect
import random
import subprocess
import sys

from measure import say
from server import Server, stop_folder

DATABASE = "bench"

# TPC-H's lineitem in columns, types and spread of values (its dbgen's text grammar is only imitated).
LINEITEM = """CREATE TABLE {name} (
    l_orderkey bigint NOT NULL, l_partkey int NOT NULL, l_suppkey int NOT NULL, l_linenumber int NOT NULL,
    l_quantity decimal(15,2) NOT NULL, l_extendedprice decimal(15,2) NOT NULL, l_discount decimal(15,2) NOT NULL,
    l_tax decimal(15,2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL,
    l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL,
    l_comment varchar(44) NOT NULL, PRIMARY KEY (l_orderkey, l_linenumber))"""
LINEITEM_COLUMNS = """l_orderkey l_partkey l_suppkey l_linenumber l_quantity l_extendedprice l_discount l_tax l_returnflag
    l_linestatus l_shipdate l_commitdate l_receiptdate l_shipinstruct l_shipmode l_comment""".split()
LINEITEM_ROWS = """COPY (SELECT
    (i // 4)::bigint + 1, (hash(i) % 200000)::int, (hash(i + 1) % 10000)::int, (i % 4)::int + 1,
    ((hash(i + 2) % 50) + 1)::decimal(15,2), ((hash(i + 3) % 10000000) / 100)::decimal(15,2),
    ((hash(i + 4) % 11) / 100)::decimal(15,2), ((hash(i + 5) % 9) / 100)::decimal(15,2),
    substr('RAN', 1 + (hash(i + 6) % 3)::int, 1), substr('OF', 1 + (hash(i + 7) % 2)::int, 1),
    date '1992-01-02' + (hash(i + 8) % 2520)::int, date '1992-01-31' + (hash(i + 9) % 2465)::int,
    date '1992-01-04' + (hash(i + 10) % 2550)::int,
    ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'][1 + (hash(i + 11) % 4)::int],
    ['TRUCK', 'MAIL', 'SHIP', 'AIR', 'REG AIR', 'RAIL', 'FOB'][1 + (hash(i + 12) % 7)::int],
    substr(['furiously ', 'quickly ', 'carefully ', 'slyly ', 'blithely ', 'fluffily '][1 + (hash(i + 13) % 6)::int]
        || ['special ', 'final ', 'ironic ', 'express ', 'regular ', 'bold ', 'pending '][1 + (hash(i + 14) % 7)::int]
        || ['requests ', 'deposits ', 'packages ', 'accounts ', 'theodolites ', 'foxes '][1 + (hash(i + 15) % 6)::int]
        || ['sleep ', 'haggle ', 'nag ', 'wake ', 'are ', 'cajole '][1 + (hash(i + 16) % 6)::int]
        || ['above the ', 'across the ', 'against the ', 'along the '][1 + (hash(i + 17) % 4)::int]
        || ['asymptotes', 'pinto beans', 'dolphins', 'instructions'][1 + (hash(i + 18) % 4)::int],
        1, 10 + (hash(i + 19) % 34)::int)
    FROM range({rows}) t(i)) TO '{path}' (HEADER false, DELIMITER '|', QUOTE '')"""

NARROW = "CREATE TABLE {name} (id bigint NOT NULL PRIMARY KEY, value int NOT NULL)"
NARROW_ROWS = "COPY (SELECT i + 1, (hash(i) % 1000000000)::int FROM range({rows}) t(i)) TO '{path}' (HEADER false, DELIMITER '|')"

WIDE = "CREATE TABLE {name} (id int NOT NULL PRIMARY KEY, body mediumtext CHARACTER SET utf8mb4 NOT NULL)"
WIDE_BYTES = 1_000_000


def write_with_duckdb(sql):
    def write(path, rows):
        # A process of its own: this one stays small.
        code = "import duckdb, sys; duckdb.execute(\"SET memory_limit = '2GB'; SET enable_progress_bar = false\"); duckdb.execute(sys.argv[1])"
        subprocess.run([sys.executable, "-c", code, sql.format(path=path, rows=rows)], check=True)
    return write


def write_wide(path, rows):
    """Hexadecimal digits of seeded random bytes: text that halves at best, and no two rows alike."""
    generator = random.Random(20161114)
    with open(path, "w") as file:
        for number in range(rows):
            file.write(f"{number + 1}|{generator.randbytes(WIDE_BYTES // 2).hex()}\n")


RECIPES = {
    "lineitem": (LINEITEM, LINEITEM_ROWS, write_with_duckdb(LINEITEM_ROWS)),
    "narrow": (NARROW, NARROW_ROWS, write_with_duckdb(NARROW_ROWS)),
    "wide": (WIDE, inspect.getsource(write_wide), write_wide),
}


class Data:
    def __init__(self, work, buffer_pool):
        self.work = work
        # mydumper 0.10 finds its chunks in EXPLAIN's table form, which MySQL 9 no longer prints by default.
        self.server = Server("mysql", work / "mysql", buffer_pool=buffer_pool, tls=False, with_parent=True, args=[
            "--innodb-redo-log-capacity=1G", "--explain-format=TRADITIONAL"])

    def __enter__(self):
        stop_folder(self.work / "mysql")    # of a run that was killed; the lock says that no other runs now
        self.server.start()
        self.sql(f"CREATE DATABASE IF NOT EXISTS {DATABASE}; CREATE TABLE IF NOT EXISTS {DATABASE}.made "
                 "(name varchar(64) PRIMARY KEY, recipe char(12) NOT NULL, checksum varchar(64) NOT NULL)")
        # What earlier runs logged is of no use to anyone.
        self.sql("PURGE BINARY LOGS BEFORE NOW()")
        say(f"server: MySQL {self.server.version}, data in {self.work / 'mysql'}")
        return self

    def __exit__(self, *_):
        self.server.stop()

    @property
    def socket(self):
        return self.server.socket

    @property
    def pid(self):
        return self.server.pid

    def sql(self, text, database=""):
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names",
                               "--default-character-set=utf8mb4", database], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{text[:200]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def url(self, table):
        return f"mysql://root@localhost/{DATABASE}/{table}?socket={self.socket}"

    def table(self, kind, rows):
        """The name of a table with so many rows, made now where it is not there."""
        ddl, source, write = RECIPES[kind]
        name = f"{kind}_{rows}"
        recipe = hashlib.sha256((ddl + source).encode()).hexdigest()[:12]
        if self.sql(f"SELECT recipe FROM made WHERE name = '{name}'", DATABASE) == recipe:
            return name
        say(f"making the table {name} (once)")
        path = self.work / f"{name}.csv"
        try:
            write(path, rows)
            self.sql(f"SET sql_log_bin = 0; DELETE FROM made WHERE name = '{name}'; DROP TABLE IF EXISTS {name};"
                     f"{ddl.format(name=name)}; LOAD DATA INFILE '{path}' INTO TABLE {name} FIELDS TERMINATED BY '|';"
                     f"ANALYZE TABLE {name}", DATABASE)
        finally:
            path.unlink(missing_ok=True)
        found = self.sql(f"SELECT COUNT(*) FROM {name}", DATABASE)
        if found != str(rows):
            raise RuntimeError(f"{name} has {found} rows instead of {rows}")
        checksum = self.checksum(name) if kind == "lineitem" else ""
        self.sql(f"SET sql_log_bin = 0; INSERT INTO made VALUES ('{name}', '{recipe}', '{checksum}')", DATABASE)
        return name

    def checksum(self, name):
        """The sum over all rows of 60 bits of each row's SHA-256, as the server itself computes it (MySQL 9.6 dropped MD5)."""
        cells = ", ".join(LINEITEM_COLUMNS)
        return self.sql(f"SELECT CAST(SUM(CAST(CONV(LEFT(SHA2(CONCAT_WS('|', {cells}), 256), 15), 16, 10) AS DECIMAL(30))) AS CHAR) "
                        f"FROM {name}", DATABASE)

    def known_checksum(self, name):
        return self.sql(f"SELECT checksum FROM made WHERE name = '{name}'", DATABASE)

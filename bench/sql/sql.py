"""Statements on lake tables: weir sql against the DuckDB CLI doing the bare query over the same Parquet files.

INSERT OVERWRITE of 6 million rows, and the full outer join that merges an increment of 1 % and of 20 % into them. Both
sides write zstd Parquet with two threads; weir also commits, the CLI only writes a file. The goal is 1.1. Rounds take turns.
"""

import os
import pathlib
import shutil
import sys

from measure import RunError, load_average, median, say, table

GOAL = 1.1
THREADS = 2

LINEITEM = """select cast(i // 4 as bigint) as l_orderkey, cast(hash(i) % 200000 as bigint) as l_partkey,
    cast(hash(i + 1) % 10000 as bigint) as l_suppkey, cast(i as bigint) as l_linenumber,
    cast(hash(i + 2) % 50 + 1 as decimal(12,2)) as l_quantity, cast(hash(i + 3) % 10000000 / 100 as decimal(12,2)) as l_extendedprice,
    cast(hash(i + 4) % 11 / 100 as decimal(12,2)) as l_discount, cast(hash(i + 5) % 9 / 100 as decimal(12,2)) as l_tax,
    ['A','N','R'][cast(1 + hash(i + 6) % 3 as int)] as l_returnflag, ['O','F'][cast(1 + hash(i + 7) % 2 as int)] as l_linestatus,
    date '1992-01-01' + cast(hash(i + 8) % 2500 as int) as l_shipdate, date '1992-01-01' + cast(hash(i + 9) % 2500 as int) as l_commitdate,
    date '1992-01-01' + cast(hash(i + 10) % 2500 as int) as l_receiptdate,
    ['DELIVER IN PERSON','COLLECT COD','NONE','TAKE BACK RETURN'][cast(1 + hash(i + 11) % 4 as int)] as l_shipinstruct,
    ['REG AIR','AIR','RAIL','SHIP','TRUCK','MAIL','FOB'][cast(1 + hash(i + 12) % 7 as int)] as l_shipmode,
    substr(md5(cast(i as varchar)), 1, 27) as l_comment from range({begin}, {end}) r(i)"""

COLUMNS = ["l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity", "l_extendedprice", "l_discount", "l_tax", "l_returnflag",
           "l_linestatus", "l_shipdate", "l_commitdate", "l_receiptdate", "l_shipinstruct", "l_shipmode", "l_comment"]


def merge_query(base, increment):
    """As the product's page has it, by the row's number."""
    columns = ", ".join(f"case when b.l_linenumber is not null then b.{name} else a.{name} end as {name}" for name in COLUMNS)
    return f"select {columns} from {base} a full outer join {increment} b on a.l_linenumber = b.l_linenumber"


def files_of(lake, name):
    return "read_parquet('" + str(lake / name / "*.parquet") + "')"


class Sides:
    def __init__(self, options, measure, lake):
        self.measure = measure
        self.lake = lake
        self.out = measure.fresh_folder("sql-out")
        self.cli = str(pathlib.Path(sys.executable).parent / "duckdb")
        self.rows = options.rows

    def weir(self, script):
        return self.measure.run([self.measure.weir, "sql", "--lake", str(self.lake), "--threads", str(THREADS), "-e", script])

    def duckdb(self, query):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        return self.measure.run([self.cli, "-init", os.devnull, "-c",
                                 f"SET threads = {THREADS}; COPY ({query}) TO '{self.out}/out.parquet' (FORMAT parquet, COMPRESSION zstd)"])

    def count(self, name):
        return self.rows if name == "insert" else self.rows + int(self.rows * {"merge 1 %": 0.001, "merge 20 %": 0.02}[name])


def prepare(sides):
    rows = sides.rows
    sides.weir(f"create table base as {LINEITEM.format(begin=0, end=rows)}; create table target like base")
    # A tenth of an increment is new, the rest replaces rows at the end.
    for name, share in [("inc1", 0.01), ("inc20", 0.2)]:
        new = int(rows * share / 10)
        sides.weir(f"create table {name} as {LINEITEM.format(begin=rows - (int(rows * share) - new), end=rows + new)}")


def run(options, measure, data, errors):
    lake = measure.fresh_folder("sql-lake")
    lake.mkdir(parents=True)
    sides = Sides(options, measure, lake)
    prepare(sides)
    parts = {
        "insert": ("select * from base", f"select * from {files_of(lake, 'base')}"),
        "merge 1 %": (merge_query("base", "inc1"), merge_query(files_of(lake, "base"), files_of(lake, "inc1"))),
        "merge 20 %": (merge_query("base", "inc20"), merge_query(files_of(lake, "base"), files_of(lake, "inc20"))),
    }
    results = {name: {"weir": [], "duckdb": []} for name in parts}
    for number in range(options.rounds):
        for name, (ours, theirs) in parts.items():
            order = ["weir", "duckdb"] if number % 2 == 0 else ["duckdb", "weir"]
            for side in order:
                try:
                    one = sides.weir(f"insert overwrite table target {ours}") if side == "weir" else sides.duckdb(theirs)
                except RunError as error:
                    errors.append(f"sql: {name}: {side}: {error}")
                    continue
                results[name][side].append({**one, "load": load_average()})
        # Old versions' files would fill the disk.
        shutil.rmtree(lake / "target")
        sides.weir("create table target like base")
    table(["statement", "weir s", "DuckDB s", "ratio", "weir CPU s", "DuckDB CPU s", "weir peak MiB", "DuckDB peak MiB", "goal 1.1"],
          [row(name, sides) for name, sides in results.items() if sides["weir"] and sides["duckdb"]])
    check(sides, parts, errors)
    shutil.rmtree(lake, ignore_errors=True)
    shutil.rmtree(sides.out, ignore_errors=True)
    return results


def row(name, sides):
    def of(side, key):
        return median([one[key] for one in sides[side]])

    ratio = median([a["wall"] / b["wall"] for a, b in zip(sides["weir"], sides["duckdb"])])
    return [name, f"{of('weir', 'wall'):.2f}", f"{of('duckdb', 'wall'):.2f}", f"{ratio:.2f}", f"{of('weir', 'cpu'):.2f}",
            f"{of('duckdb', 'cpu'):.2f}", f"{of('weir', 'rss') / 2**20:.0f}", f"{of('duckdb', 'rss') / 2**20:.0f}",
            "met" if ratio <= GOAL else "MISSED"]


def check(sides, parts, errors):
    """The last statement's rows are the same on both sides."""
    import duckdb

    ours, theirs = parts["merge 20 %"]
    sides.weir(f"insert overwrite table target {ours}")
    sides.duckdb(theirs)
    files = [str(path) for path in (sides.lake / "target").glob("*.parquet")]
    link = duckdb.connect()
    query = "select count(*), sum(hash(t)) from read_parquet(?) t"
    mine, other = (link.execute(query, [names]).fetchone() for names in (files, [f"{sides.out}/out.parquet"]))
    say(f"  merge 20 %: {mine[0]} rows on both sides" if mine == other else f"  rows differ: {mine} and {other}")
    if mine != other or mine[0] != sides.count("merge 20 %"):
        errors.append(f"sql: merge 20 %: weir has {mine}, DuckDB {other}")

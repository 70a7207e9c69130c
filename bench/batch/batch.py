"""A table of MySQL -> files: weir and others, interleaved, as ratios to the floor.

Each round runs every side once, each in a fresh process, beginning with another one each time; a ratio is taken
within a round, and the median of the rounds' ratios is what counts. A round of the floor goes before, unmeasured:
it brings the table into the server's memory. weir's copies are checked against the server's own checksum.
"""

import importlib.util
import json
import pathlib
import shutil
import subprocess

from data import DATABASE, LINEITEM_COLUMNS
from measure import RunError, folder_bytes, load_average, median, python_command, say, table

HERE = pathlib.Path(__file__).resolve().parent


class Sides:
    """Name -> what it is, the command that writes to a folder, and how its output is counted."""

    def __init__(self, measure, data, name, rows):
        def script(file):
            return lambda out: python_command(HERE / file, data.socket, DATABASE, name, out)

        def weir(threads):
            return lambda out: [measure.weir, "copy", data.url(name), str(out), "--threads", str(threads), "--quiet"]

        middle = rows // 8 + 1      # four rows an order
        self.commands = {
            "floor": lambda out: [measure.floor, data.socket, DATABASE, name, "l_orderkey", str(middle)],
            "weir": weir(2),
            "weir-1": weir(1),
            "mydumper": lambda out: ["mydumper", "--socket", data.socket, "--user", "root", "--database", DATABASE, "--tables-list", name,
                                     "--threads", "2", "--rows", str(rows // 4), "--outputdir", str(out)],
            "connectorx": script("read_connectorx.py"),
            "polars": script("read_polars.py"),
            "duckdb": script("read_duckdb.py"),
        }
        self.about = {
            "floor": "two connections, rows thrown away",
            "weir": "weir copy --threads 2: Delta table, Parquet zstd",
            "weir-1": "weir copy --threads 1",
            "mydumper": "mydumper --threads 2, four chunks: SQL text, no types",
            "connectorx": "connectorx, 2 partitions, and pyarrow: Parquet zstd",
            "polars": "polars read_database_uri, 2 partitions: Parquet zstd",
            "duckdb": "DuckDB's MySQL extension, which reads with one connection: Parquet zstd",
        }
        self.modules = {"connectorx": ["connectorx", "pyarrow"], "polars": ["polars", "connectorx"],
                        "duckdb": ["duckdb_extension_mysql_scanner"]}

    def missing(self, side):
        """Why a side cannot run here, or ""."""
        if side == "mydumper" and shutil.which("mydumper") is None:
            return "mydumper is not installed"
        missing = [module for module in self.modules.get(side, []) if importlib.util.find_spec(module) is None]
        return f"the Python package {missing[0]} is not installed" if missing else ""


def choose(sides, wanted, skipped):
    names = [name.strip() for name in wanted.split(",") if name.strip()] or list(sides.commands)
    unknown = [name for name in names if name not in sides.commands]
    if unknown:
        raise SystemExit(f"unknown side \"{unknown[0]}\": {', '.join(sides.commands)}")
    chosen = ["floor"]
    for name in names:
        reason = sides.missing(name)
        if reason:
            skipped.append(f"  !!! SKIPPED: {name}: {reason}; run tools/deps.sh bench")
            say(skipped[-1])
        elif name not in chosen:
            chosen.append(name)
    return chosen


def count(side, folder):
    """Rows and checksum of an output. weir's table is read through its log, others by their files."""
    arguments = ["sql" if side == "mydumper" else "parquet", folder]
    if side.startswith("weir"):
        arguments = ["delta", folder, *LINEITEM_COLUMNS]
    done = subprocess.run(python_command(HERE / "check.py", *arguments), capture_output=True, text=True)
    if done.returncode != 0:
        return {"rows": -1, "checksum": "", "error": done.stderr.strip()[-500:]}
    return json.loads(done.stdout)


def check(side, folder, rows, checksum, errors):
    """The text of the last column of the table. Only weir's errors fail the benchmark."""
    if side == "floor":
        return "-"
    found = count(side, folder)
    if found["rows"] != rows:
        text = f"{found['rows']} rows of {rows} {found.get('error', '')}"
    elif side.startswith("weir") and found["checksum"] != checksum:
        text = f"checksum {found['checksum']}, the source's is {checksum}"
    else:
        return "rows, checksum equal" if side.startswith("weir") else "rows equal"
    if side.startswith("weir"):
        errors.append(f"batch: {side}: {text}")
    return f"WRONG: {text}"


def one_run(side, number, context):
    measure, data, sides = context["measure"], context["data"], context["sides"]
    out = measure.fresh_folder("batch")
    if not side.startswith("weir"):
        out.mkdir()
    run = measure.run(sides.commands[side](out), data.pid)
    run["bytes"] = folder_bytes(out)
    run["round"] = number
    run["load"] = load_average()
    if side not in context["checked"]:
        context["checked"][side] = check(side, out, context["rows"], context["checksum"], context["errors"])
    shutil.rmtree(out, ignore_errors=True)
    return run


def run_rounds(chosen, rounds, context):
    runs = {side: [] for side in chosen}
    for number in range(rounds):
        turn = number % len(chosen)
        for side in chosen[turn:] + chosen[:turn]:
            if side not in runs:
                continue
            try:
                runs[side].append(one_run(side, number, context))
            except RunError as error:
                say(f"  !!! {side} FAILED and is left out: {error}")
                if side in ("floor", "weir", "weir-1"):
                    context["errors"].append(f"batch: {side} failed")
                del runs[side]
        if "floor" not in runs:
            return {}
        say(f"  round {number + 1} of {rounds}, load average {load_average()}: " + ", ".join(
            f"{side} {entries[-1]['wall']:.2f} s" for side, entries in runs.items()))
    return runs


def summarise(runs, context):
    floor = {run["round"]: run["wall"] for run in runs["floor"]}
    rows = []
    summary = {}
    for side, entries in runs.items():
        ratios = [run["wall"] / floor[run["round"]] for run in entries]
        middle = {key: median([run[key] for run in entries]) for key in ("wall", "cpu", "server_cpu", "others_cpu", "rss", "bytes")}
        summary[side] = {"ratio": median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios), **middle,
                         "check": context["checked"][side], "runs": entries}
        rows.append([side, f"{median(ratios):.2f}", f"{min(ratios):.2f}-{max(ratios):.2f}", f"{middle['wall']:.2f}",
                     f"{middle['cpu']:.1f}", f"{middle['server_cpu']:.1f}", f"{middle['others_cpu']:.1f}",
                     f"{middle['rss'] / 2**20:.0f}", f"{middle['bytes'] / 1e6:.0f}", context["checked"][side]])
    say()
    table(["side", "x floor", "range", "wall s", "CPU s", "server CPU s", "others CPU s", "peak MiB", "out MB", "output"], rows)
    say()
    for side in runs:
        say(f"  {side}: {context['sides'].about[side]}")
    return summary


def run(options, measure, data, errors):
    name = data.table("lineitem", options.rows)
    sides = Sides(measure, data, name, options.rows)
    skipped = []
    chosen = choose(sides, options.sides, skipped)
    context = {"measure": measure, "data": data, "sides": sides, "rows": options.rows, "errors": errors, "checked": {},
               "checksum": data.known_checksum(name)}
    say(f"  {options.rows} rows, {len(LINEITEM_COLUMNS)} columns; goal for weir: 1.3 x floor, under 300 MiB")
    measure.run(sides.commands["floor"](None), data.pid)
    runs = run_rounds(chosen, options.rounds, context)
    summary = summarise(runs, context) if runs else {}
    for line in skipped:
        say(line)
    return summary

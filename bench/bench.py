"""Runs the benchmarks and prints what they found. Called by run.sh.

Nothing here asserts a time: a shared machine decides times. A wrong result of weir's copy is an error, and the
exit code says so. Everything that was measured, run by run, goes to build/bench-out/results.json.
"""

import argparse
import fcntl
import json
import os
import pathlib
import platform
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools")]

import batch.batch
import decode
import memory.memory
import sql.sql
import startup.startup
import verify.verify
from data import Data
from measure import Measure, load_average, say

PARTS = {"startup": startup.startup.run, "decode": decode.run, "batch": batch.batch.run, "memory": memory.memory.run,
         "sql": sql.sql.run, "verify": verify.verify.run}


def parse():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description="Benchmarks; make bench ARGS=\"...\" passes these on.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {' '.join(PARTS)}; all where none is named")
    parser.add_argument("--rows", type=int, default=6_000_000, help="of lineitem (default 6000000)")
    parser.add_argument("--rounds", type=int, default=5, help="of batch, sql and verify (default 5)")
    parser.add_argument("--sides", default="", help="of batch, with commas; all where it is left out")
    parser.add_argument("--narrow-rows", type=int, default=20_000_000, help="of memory (default 20000000)")
    parser.add_argument("--wide-rows", type=int, default=2_000, help="of memory, 1 MB each (default 2000)")
    parser.add_argument("--threads", type=int, default=2, help="weir's, in memory (default 2)")
    parser.add_argument("--starts", type=int, default=31, help="of startup (default 31)")
    parser.add_argument("--buffer-pool", default="2G", help="the server's memory for data (default 2G)")
    parser.add_argument("--work", type=pathlib.Path, help="folder for the server's data, kept (default: in tools/deps.sh's cache)")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"unknown part \"{unknown[0]}\": {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    return options


def machine():
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {model}, {memory_gib:.0f} GiB"


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # stops the server and what is being measured
    options.build = (ROOT / options.build).resolve()
    out = options.build / "bench-out"
    out.mkdir(parents=True, exist_ok=True)
    measure = Measure(options.build, out)
    cache = os.popen(f"'{ROOT}/tools/deps.sh' print cache-dir").read().strip()
    work = (options.work or pathlib.Path(cache) / "bench").resolve()
    work.mkdir(parents=True, exist_ok=True)
    lock = open(work / "lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)    # a second run would disturb this one, and share its tables
    say(f"machine: {machine()}; load average {load_average()}")
    results = {"machine": machine(), "load_begin": load_average()}
    errors = []
    with Data(work, options.buffer_pool) as data:
        for part in options.parts:
            say(f"\n== {part}, load average {load_average()}")
            results[part] = PARTS[part](options, measure, data, errors)
    results["load_end"] = load_average()
    results["errors"] = errors
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    say(f"\nload average at the end: {load_average()}; run by run: {out / 'results.json'}")
    for error in errors:
        say(f"WRONG: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

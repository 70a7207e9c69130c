"""Peak memory of weir's copies where rows are many, and where rows are wide. The goal is 300 MiB for both."""

import shutil

from batch.batch import count
from measure import RunError, load_average, say, table

GOAL = 300 * 2**20


def one_copy(what, name, rows, options, measure, data, errors):
    out = measure.fresh_folder("memory")
    try:
        run = measure.run([measure.weir, "copy", data.url(name), str(out), "--threads", str(options.threads), "--quiet"], data.pid)
    except RunError as error:
        errors.append(f"memory: {what}: {error}")
        return None
    found = count("parquet", out)["rows"]
    shutil.rmtree(out, ignore_errors=True)
    if found != rows:
        errors.append(f"memory: {what}: {found} rows of {rows}")
    return {**run, "rows": rows, "load": load_average()}


def run(options, measure, data, errors):
    results = {}
    for what, kind, rows in [("narrow: bigint, int", "narrow", options.narrow_rows), ("wide: 1 MB of text", "wide", options.wide_rows)]:
        if rows > 0:
            entry = one_copy(what, data.table(kind, rows), rows, options, measure, data, errors)
            if entry:
                results[what] = entry
    table(["rows of", "count", "threads", "peak MiB", "goal 300 MiB", "wall s", "CPU s"],
          [[what, run["rows"], options.threads, f"{run['rss'] / 2**20:.0f}", "met" if run["rss"] < GOAL else "MISSED",
            f"{run['wall']:.1f}", f"{run['cpu']:.1f}"] for what, run in results.items()])
    return results

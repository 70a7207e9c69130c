"""weir verify against weir run of the same job: how fast the proof is, next to the copy that it proves.

Each round runs both, each in a fresh process, beginning with the other one each time. The ratio is taken within a round: the
copy's time by the verification's, so 0.5 means that the proof takes twice as long. One copy goes before, unmeasured. A
verification that does not find both sides equal fails the benchmark.
"""

import json
import shutil

from data import DATABASE
from measure import RunError, load_average, median, say, table

BIZDATE = "20161114"
SIDES = ("run", "verify")


def make_project(folder, data, name):
    (folder / "jobs").mkdir(parents=True)
    (folder / "weir.yaml").write_text(
        "name: bench\ntimezone: UTC\nlake: ./lake\ndatasources:\n"
        f"  src: {json.dumps({'type': 'mysql', 'socket': data.socket, 'user': 'root', 'database': DATABASE})}\n")
    job = {"datasource": "src", "table": name}, {"table": "copy", "partition": "ds=${bizdate}"}
    (folder / "jobs/copy.yaml").write_text(f"type: sync\nsource: {json.dumps(job[0])}\ntarget: {json.dumps(job[1])}\nthreads: 2\n")


def run(options, measure, data, errors):
    name = data.table("lineitem", options.rows)
    project = measure.fresh_folder("verify")
    make_project(project, data, name)

    def one(verb):
        return measure.run([measure.weir, verb, "copy", "--bizdate", BIZDATE, "--project", str(project), "--quiet"], data.pid)

    say(f"  {options.rows} rows; goal: at least 0.5 of the copy's speed")
    runs = {side: [] for side in SIDES}
    try:
        one("run")
        for number in range(options.rounds):
            for side in SIDES if number % 2 == 0 else reversed(SIDES):
                runs[side].append(one(side))
            say(f"  round {number + 1} of {options.rounds}, load average {load_average()}: " +
                ", ".join(f"{side} {entries[-1]['wall']:.2f} s" for side, entries in runs.items()))
    except RunError as error:
        errors.append(f"verify: {error}")
        return {}
    finally:
        shutil.rmtree(project, ignore_errors=True)
    ratios = [copy["wall"] / proof["wall"] for copy, proof in zip(runs["run"], runs["verify"])]
    rows = []
    for side, entries in runs.items():
        middle = {key: median([one[key] for one in entries]) for key in ("wall", "cpu", "server_cpu", "others_cpu", "rss")}
        rows.append([side, f"{middle['wall']:.2f}", f"{middle['cpu']:.1f}", f"{middle['server_cpu']:.1f}",
                     f"{middle['others_cpu']:.1f}", f"{middle['rss'] / 2**20:.0f}"])
    say()
    table(["side", "wall s", "CPU s", "server CPU s", "others CPU s", "peak MiB"], rows)
    say(f"\n  verify at {median(ratios):.2f} of the copy's speed ({min(ratios):.2f}-{max(ratios):.2f})")
    return {"ratio": median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios), "runs": runs}

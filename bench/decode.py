"""The text decoder alone: bench_decode.c prints nanoseconds of CPU time a row."""

import subprocess

from measure import say


def run(options, measure, data, errors):
    done = subprocess.run([measure.build / "bench/bench_decode"], capture_output=True, text=True)
    if done.returncode != 0:
        errors.append(f"bench_decode failed: {done.stderr.strip()}")
        return {}
    say("  " + done.stdout.strip())
    return {"line": done.stdout.strip()}

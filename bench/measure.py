"""One measured run of a program in a fresh process (measure.c does the measuring), and small helpers."""

import json
import os
import shutil
import statistics
import subprocess
import sys


def say(text=""):
    print(text, flush=True)


def load_average():
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def median(values):
    return statistics.median(values)


def folder_bytes(folder):
    return sum(os.lstat(os.path.join(base, name)).st_size for base, _, names in os.walk(folder) for name in names)


class RunError(Exception):
    pass


class Measure:
    def __init__(self, build, out):
        self.build = build
        self.out = out
        self.weir = str(build / "src/weir")
        self.floor = str(build / "bench/floor")

    def run(self, command, server_pid=0, environment=None):
        """What measure.c prints, as a dict. The program's output is kept for the case that it fails."""
        result = self.out / "measure.json"
        log = self.out / "last.log"
        result.unlink(missing_ok=True)
        with open(log, "wb") as stream:
            code = subprocess.run([self.build / "bench/measure", result, str(server_pid), *command], stdin=subprocess.DEVNULL,
                                  stdout=stream, stderr=stream, env={**os.environ, **(environment or {})}).returncode
        if code != 0:
            tail = log.read_text(errors="replace")[-1500:]
            raise RunError(f"exit code {code} of {' '.join(map(str, command))}:\n{tail}")
        return json.loads(result.read_text())

    def fresh_folder(self, name):
        folder = self.out / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder


def table(head, rows):
    """Columns as wide as they must be: the first to the left, the others to the right."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        say("  " + "  ".join(cells).rstrip())


def python_command(script, *arguments):
    return [sys.executable, str(script), *map(str, arguments)]

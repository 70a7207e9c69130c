#!/usr/bin/env python3
"""Runs the tests and adds them up: the last line is "N passed, N failed".

    tools/test.py [--build DIR] unit integration [-- PYTEST-ARGUMENTS]

Counted are test functions: each cmocka function, each pytest case; a unit program that dies counts as at least one
failure. The exit code is 1 where anything failed, where a runner failed for a reason of its own, or where
nothing ran.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add_junit(self, path):
        """What pytest wrote. Errors in setup or teardown are failures too."""
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
            elif case.find("skipped") is not None:
                self.skipped += 1
            else:
                self.passed += 1

    def add_meson_log(self, path):
        """What meson wrote: one JSON object a program, with the TAP lines that it printed."""
        for line in path.read_text().splitlines():
            program = json.loads(line)
            cases = re.findall(r"^(not ok|ok) \d+(.*)$", program.get("stdout") or "", re.MULTILINE)
            is_good = program["result"] in ("OK", "EXPECTEDFAIL")
            bad = sum(state == "not ok" for state, _ in cases)
            skipped = sum(state == "ok" and "# SKIP" in rest.upper() for state, rest in cases)
            if program["result"] == "SKIP" and not cases:
                skipped = 1
            elif not cases and is_good:
                self.passed += 1        # a program without TAP: the replay of a corpus
            elif not is_good and bad == 0 and program["result"] != "SKIP":
                bad = 1                 # it died, or found a leak at its end
            self.passed += len(cases) - sum(state == "not ok" for state, _ in cases) - (skipped if cases else 0)
            self.failed += bad
            self.skipped += skipped


def run_part(tally, name, command, report, add, environment=None):
    report.unlink(missing_ok=True)
    sys.stdout.flush()
    code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})}).returncode
    before = tally.failed
    if report.exists():
        add(report)
    if code != 0 and tally.failed == before:
        print(f"{name} tests ended with exit code {code}", flush=True)
        tally.failed += 1


def main(arguments):
    pytest_arguments = []
    if "--" in arguments:
        split = arguments.index("--")
        arguments, pytest_arguments = arguments[:split], arguments[split + 1:]
    build = ROOT / "build"
    if arguments[:1] == ["--build"]:
        build = pathlib.Path(arguments[1]).resolve()
        arguments = arguments[2:]
    if not arguments or any(part not in ("unit", "integration") for part in arguments):
        sys.exit(__doc__)

    tally = Tally()
    if "unit" in arguments:
        report = build / "meson-logs/testlog.json"
        run_part(tally, "unit", ["meson", "test", "-C", build, "--no-rebuild", "--suite", "unit",
                                 "--print-errorlogs"], report, tally.add_meson_log)
    if "integration" in arguments:
        venv = subprocess.run([ROOT / "tools/deps.sh", "print", "venv-dir"], check=True, capture_output=True,
                              text=True).stdout.strip()
        report = build / "integration.junit.xml"
        run_part(tally, "integration", [f"{venv}/bin/python", "-B", "-m", "pytest", "tests/integration",
                                        f"--junitxml={report}", *pytest_arguments], report, tally.add_junit,
                 {"WEIR": os.environ.get("WEIR", str(build / "src/weir")),
                  "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
                  "TSAN_OPTIONS": f"suppressions={ROOT}/tests/tsan.supp"})

    if tally.skipped:
        print(f"{tally.skipped} skipped")
    if tally.passed + tally.failed == 0:
        print("nothing ran")
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

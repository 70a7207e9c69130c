"""Makes lake tables old: as if what is in them had been written days ago.

Times are shifted in the log's own words (modificationTime, deletionTimestamp) and on the files (os.utime), from outside of weir.
"""

import json
import os
import pathlib

DAY = 86400


def _shift_file(path, seconds):
    status = path.stat()
    os.utime(path, (status.st_atime - seconds, status.st_mtime - seconds))


def shift_log(table, days, partition=None):
    """Shifts the times that the commits tell, of one partition ({"ds": "20161114"}) or of all."""
    for path in (pathlib.Path(table) / "_delta_log").glob("*.json"):
        status, lines = path.stat(), []
        for line in path.read_text().splitlines():
            action = json.loads(line)
            for kind, key in (("add", "modificationTime"), ("remove", "deletionTimestamp")):
                body = action.get(kind)
                if body and (partition is None or body["partitionValues"] == partition):
                    body[key] -= int(days * DAY * 1000)
            lines.append(json.dumps(action))
        path.write_text("\n".join(lines) + "\n")
        os.utime(path, (status.st_atime, status.st_mtime))


def shift_files(table, days, log=False):
    """Shifts the modification times of the table's files and folders; `log`: of its log as well."""
    table = pathlib.Path(table)
    for path in [*table.rglob("*"), table]:
        if log or "_delta_log" not in path.parts:
            _shift_file(path, days * DAY)


def shift(table, days):
    """The whole table, in every way (a table without checkpoints)."""
    shift_log(table, days)
    shift_files(table, days, log=True)

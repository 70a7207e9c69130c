"""What is in an output, for batch.py, in a process of its own. Prints JSON: rows and, of a lake table, the checksum.

    check.py parquet FOLDER            rows of all Parquet files below it
    check.py sql FOLDER                rows of mydumper's INSERT statements: one a line
    check.py delta FOLDER COLUMN...    delta-rs says which files are the table, DuckDB sums what Data.checksum sums

The decimals, dates and texts are spelled here by DuckDB and there by the server, and neither asks weir.
"""

import json
import pathlib
import subprocess
import sys

import duckdb

kind, folder, *columns = sys.argv[1:]
if kind == "sql":
    lines = subprocess.run(["grep", "-rhc", "^(", folder], capture_output=True, text=True).stdout.split()
    print(json.dumps({"rows": sum(map(int, lines)), "checksum": ""}))
    sys.exit(0)
if kind == "delta":
    import deltalake
    files = deltalake.DeltaTable(folder).file_uris()
    cells = ", ".join(columns)
    checksum = f", sum(('0x' || left(sha256(concat_ws('|', {cells})), 15))::ubigint)::varchar"
else:
    files = [str(path) for path in pathlib.Path(folder).rglob("*.parquet")]
    checksum = ", ''"
rows, checksum = duckdb.execute(f"SELECT count(*){checksum} FROM read_parquet(?)", [files]).fetchone()
print(json.dumps({"rows": rows, "checksum": checksum}))

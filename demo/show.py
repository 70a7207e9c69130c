#!/usr/bin/env python3
#
# Prints lake tables as delta-rs, a reader that is not weir's, sees them:
#
#     show.py TABLE... [--rows N]
#     show.py --hash TABLE... [--partition ds=20161114]      a fingerprint of the rows, whatever their order

import argparse
import hashlib
import os
import sys

import deltalake
import pyarrow as pa


def show(path, rows):
    table = deltalake.DeltaTable(path)
    data = table.to_pyarrow_table()
    partitions = table.partitions()
    print(f"\n{os.path.basename(path)}: {data.num_rows:,} rows, version {table.version()}, "
          f"partitions {', '.join('/'.join(f'{k}={v}' for k, v in p.items()) for p in partitions)}")
    keys = [(name, "ascending") for name in ("ds", "uid", "optime", "id") if name in data.column_names]
    head = data.sort_by(keys).slice(0, rows)
    texts = [[name] + ["NULL" if value is None else str(value) for value in column.to_pylist()]
             for name, column in zip(head.column_names, head.columns)]
    types = [str(field.type) for field in pa.schema(data.schema)]
    for text, name in zip(texts, types):
        text.insert(1, name)
    widths = [max(len(cell) for cell in column) for column in texts]
    for line in zip(*texts):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    if data.num_rows > rows:
        print(f"  ... and {data.num_rows - rows:,} more")
    print(f"  lies in {path}")


def fingerprint(path, partition):
    filters = [(partition.split("=")[0], "=", partition.split("=")[1])] if partition else None
    data = deltalake.DeltaTable(path).to_pyarrow_table(filters=filters)
    rows = "\n".join(sorted(map(str, data.to_pylist())))
    print(f"{data.num_rows} rows, {hashlib.sha256(rows.encode()).hexdigest()[:16]}")


parser = argparse.ArgumentParser()
parser.add_argument("tables", nargs="+")
parser.add_argument("--rows", type=int, default=12)
parser.add_argument("--hash", action="store_true")
parser.add_argument("--partition")
options = parser.parse_args()
for name in options.tables:
    if options.hash:
        fingerprint(os.path.abspath(name), options.partition)
    else:
        show(os.path.abspath(name), options.rows)
# Arrow's threads may outlive the interpreter, and then end the process with an abort after all is done.
sys.stdout.flush()
os._exit(0)

#!/usr/bin/env python3
"""Prints lake tables as delta-rs, a reader that is not weir's, sees them: show.py TABLE... [--rows N]"""

import argparse
import os

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


parser = argparse.ArgumentParser()
parser.add_argument("tables", nargs="+")
parser.add_argument("--rows", type=int, default=12)
options = parser.parse_args()
for name in options.tables:
    show(os.path.abspath(name), options.rows)

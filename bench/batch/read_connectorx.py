"""connectorx, the reader under dlt's and polars' fast paths, and pyarrow: two partitions by key, zstd Parquet."""

import sys

import connectorx
import pyarrow.parquet

socket, database, table, out = sys.argv[1:]
rows = connectorx.read_sql(f"mysql://root@localhost/{database}?socket={socket}", f"SELECT * FROM {table}",
                           return_type="arrow", partition_on="l_orderkey", partition_num=2)
pyarrow.parquet.write_table(rows, f"{out}/lineitem.parquet", compression="zstd")

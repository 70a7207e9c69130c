"""polars: read_database_uri in two partitions by key, zstd Parquet."""

import sys

import polars

socket, database, table, out = sys.argv[1:]
rows = polars.read_database_uri(f"SELECT * FROM {table}", f"mysql://root@localhost/{database}?socket={socket}",
                                partition_on="l_orderkey", partition_num=2)
rows.write_parquet(f"{out}/lineitem.parquet", compression="zstd")

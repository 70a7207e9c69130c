"""DuckDB with its own MySQL extension: ATTACH, COPY to zstd Parquet."""

import importlib.util
import pathlib
import sys

import duckdb

socket, database, table, out = sys.argv[1:]
package = importlib.util.find_spec("duckdb_extension_mysql_scanner").submodule_search_locations[0]
extension = next(pathlib.Path(package).rglob(f"v{duckdb.__version__}/*.duckdb_extension"))
connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute(f"LOAD '{extension}'")
connection.execute(f"ATTACH 'host=localhost user=root socket={socket} database={database}' AS source (TYPE mysql, READ_ONLY)")
connection.execute(f"COPY (SELECT * FROM source.{table}) TO '{out}/lineitem.parquet' (FORMAT parquet, COMPRESSION zstd)")

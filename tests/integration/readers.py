"""Reads lake tables with programs that are not weir: delta-rs, Arrow, DuckDB.

Each function takes the table's folder and gives a list of dicts, sorted by all columns, so that two readers' answers can
be compared with ==. A partition filter is {"ds": "20161114"}.
"""

import json
import pathlib

import deltalake
import duckdb
import pyarrow.dataset


def _sorted(rows):
    return sorted(rows, key=lambda row: [(value is not None, str(value)) for value in row.values()])


def delta(table, version=None):
    return deltalake.DeltaTable(str(table), version=version)


def version(table):
    return delta(table).version()


def partitions(table):
    """[{"ds": "20161114"}, ...] that have a file."""
    return sorted((dict(sorted(one.items())) for one in delta(table).partitions()), key=str)


def delta_arrow(table, version=None, columns=None):
    """The whole table as an Arrow table, read by delta-rs."""
    return delta(table, version).to_pyarrow_table(columns=columns)


def delta_rows(table, version=None, partition=None, columns=None):
    filters = [(name, "=", value) for name, value in (partition or {}).items()] or None
    return _sorted(delta(table, version).to_pyarrow_table(filters=filters, columns=columns).to_pylist())


def arrow_rows(table, version=None):
    """The active files, each opened by pyarrow itself, without the partition columns."""
    rows = []
    for uri in delta(table, version).file_uris():
        rows += pyarrow.dataset.dataset(uri.removeprefix("file://")).to_table().to_pylist()
    return _sorted(rows)


def duckdb_rows(table, version=None, where="true", columns="*"):
    """The active files read by DuckDB's Python package; hive partition columns are text."""
    files = [uri.removeprefix("file://") for uri in delta(table, version).file_uris()]
    if not files:
        return []
    link = duckdb.connect()
    cursor = link.execute(
        f"SELECT {columns} FROM read_parquet(?, hive_partitioning = true, hive_types_autocast = false, union_by_name = true) "
        f"WHERE {where}", [files])
    names = [column[0] for column in cursor.description]
    return _sorted(dict(zip(names, row)) for row in cursor.fetchall())


def log_actions(table, version=None):
    """The actions of one commit (the newest, by default) as parsed JSON lines."""
    log = pathlib.Path(table) / "_delta_log"
    if version is None:
        version = max(int(path.stem) for path in log.glob("*.json"))
    return [json.loads(line) for line in (log / f"{version:020}.json").read_text().splitlines() if line]


def active_files(table):
    """Paths of the Parquet files that the newest version references."""
    return sorted(delta(table).file_uris())


def files_on_disk(table):
    return sorted(str(path) for path in pathlib.Path(table).rglob("*.parquet") if "_delta_log" not in path.parts)

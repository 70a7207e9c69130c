"""Runs jobs outside of a single test's fixtures, and reads a lake table so that two values are equal only if they are the same.

Python's own types lose what these tests are about: datetime has no year 0, == takes -0.0 for 0.0, True for 1. So rows come
as `exact` values: floats as their bytes, dates as days and times as microseconds since 1970, each with its Arrow type beside it.
"""

import contextlib
import struct
import urllib.parse

import deltalake
import duckdb
import pyarrow
import pyarrow.compute
import pyarrow.dataset

from conftest import Database, Project, Weir

BIZDATE = "20161114"


@contextlib.contextmanager
def workshop(server, folder, **config):
    """(database, project) on a server, for fixtures that outlive a test."""
    runner = Weir(folder)
    database = Database(server)
    try:
        project = Project(folder / "project", runner, database.datasource())
        project.configure(**config)
        yield database, project
    finally:
        runner.end()
        database.drop()


def copy(project, source, target="copy", code=0, target_keys=None, **keys):
    """Runs a job that copies a table (or a whole source mapping) into the lake as `target`."""
    source = {"table": source} if isinstance(source, str) else source
    keys.setdefault("threads", 1)
    project.job(target, source=source, target={"table": target, **(target_keys or {})}, **keys)
    return project.run(target, "--bizdate", BIZDATE, code=code)


# ---- Exact values -----------------------------------------------------------------------------------------


def _exact_column(column):
    kind = column.type
    if pyarrow.types.is_floating(kind):
        form = "<f" if kind == pyarrow.float32() else "<d"
        return [None if value is None else struct.pack(form, value) for value in column.to_pylist()]
    if pyarrow.types.is_date32(kind):
        return column.cast(pyarrow.int32()).to_pylist()
    if pyarrow.types.is_timestamp(kind):
        return column.cast(pyarrow.timestamp("us", tz=kind.tz)).cast(pyarrow.int64()).to_pylist()
    return column.to_pylist()


def _type_name(kind):
    """Arrow's name of a type, the same for all readers: views and large offsets are their own affair."""
    if pyarrow.types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamptz"
    for name in ("string", "binary"):
        if str(kind) in (name, f"large_{name}", f"{name}_view"):
            return name
    return str(kind)


class Table:
    """A table of exact values: .types {column: type}, .columns {column: [value]}, in the order of `by`."""

    def __init__(self, table, by):
        if by is not None:
            table = table.take(pyarrow.compute.sort_indices(table, sort_keys=[(by, "ascending")]))
        self.types = {field.name: _type_name(field.type) for field in table.schema}
        self.columns = {name: _exact_column(table[name].combine_chunks()) for name in table.column_names}
        self.rows = list(zip(*self.columns.values()))

    def __getitem__(self, column):
        return self.columns[column]


def read(path, by="id"):
    """The lake table as delta-rs, Arrow and DuckDB read it; they must agree to the last bit."""
    delta = deltalake.DeltaTable(str(path))
    files = [urllib.parse.unquote(uri.removeprefix("file://")) for uri in delta.file_uris()]
    seen = Table(delta.to_pyarrow_table(), by)
    arrow = pyarrow.concat_tables(pyarrow.dataset.dataset(file).to_table() for file in files)
    with duckdb.connect() as link:
        link.execute("SET TimeZone = 'UTC'")
        duck = link.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [files]).to_arrow_table()
    if by is not None:
        for other in (Table(arrow, by), Table(duck, by)):
            assert other.types == seen.types
            assert other.columns == seen.columns
    return seen


def float32(*values):
    return [None if value is None else struct.pack("<f", value) for value in values]


def float64(*values):
    return [None if value is None else struct.pack("<d", value) for value in values]


def days(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar, which begins at any year."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def micros(text):
    """Microseconds since 1970 of "2016-11-14 10:20:30.5"."""
    date, _, clock = text.partition(" ")
    hour, minute, second = (clock or "0:0:0").split(":")
    whole, _, fraction = second.partition(".")
    seconds = days(*map(int, date.split("-"))) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(whole)
    return seconds * 1000000 + int(fraction.ljust(6, "0"))

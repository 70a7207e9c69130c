"""The Parquet files themselves: columns of every type and of hard shapes, read back by foreign readers in every way they have, and
their statistics against what the files hold.

What the server sends to PyMySQL is what every reader must find.
"""

import datetime
import itertools
import math
import pathlib
import random
import struct
import urllib.parse
from decimal import Decimal

import deltalake
import duckdb
import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet
import pytest

from conftest import Database, Project, Weir

ROWS = 130_000              # more than a row group, and the dictionaries' limit several times
BOUND_BYTES = 136           # texts that are longer have no upper bound in a row group's statistics
DICTIONARY_MAX = 16384


# ---- Shapes -----------------------------------------------------------------------------------------------


def runs(chance, values, lengths=(1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 63, 64, 65, 1000)):
    """Endless: values, each for a while whose length is near a multiple of eight."""
    while True:
        yield from itertools.repeat(chance.choice(values), chance.choice(lengths))


def nulls(chance, values, share):
    return (None if chance.random() < share else value for value in values)


def late_null(values, row):
    return (None if n == row else value for n, value in enumerate(values))


def each(make):
    return (make(n) for n in itertools.count())


def decimals(chance, digits, scale):
    return each(lambda n: Decimal(f"{chance.randrange(1 - 10**digits, 10**digits)}e-{scale}"))


EPOCH = datetime.datetime(1970, 1, 1)


def columns(chance):
    """{column: (type, Arrow type, values)}. Values are endless."""
    big = {n: chance.randrange(-2**63, 2**63) for n in range(20_000)}
    word = {n: f"wört {chance.getrandbits(chance.randrange(8, 120)):x}" for n in range(20_000)}
    int32, int64, text = pyarrow.int32(), pyarrow.int64(), pyarrow.string()
    decimal = pyarrow.decimal128
    last = 2**63 - 1
    edge = "ä" * 67 + "x"               # 135 bytes
    return {
        # integers
        "int_constant": ("int", int32, itertools.repeat(7)),
        "tiny_two": ("tinyint", pyarrow.int8(), each(lambda n: (-128, 127)[n % 2])),
        "small_runs": ("smallint", pyarrow.int16(), runs(chance, [-32768, -1, 0, 1, 32767])),
        "int_down": ("int", int32, each(lambda n: 2**31 - 1 - n * 30_000)),
        "int_chance": ("int", int32, each(lambda n: chance.randrange(-2**31, 2**31))),
        "int_ends": ("int", int32, each(lambda n: (-2**31, 2**31 - 1)[n % 2])),
        "int_unsigned": ("int unsigned", int64, each(lambda n: chance.choice([0, 2**32 - 1, 2**31]))),
        "int_null": ("int", int32, itertools.repeat(None)),
        "int_null_late": ("int", int32, late_null(each(lambda n: n // 3), ROWS // 2 - 5)),
        "int_null_runs": ("int", int32, runs(chance, [None, None, 1, 2])),
        "int_20000": ("int", int32, each(lambda n: n % 20_000)),
        "big_chance": ("bigint", int64, each(lambda n: chance.randrange(-2**63, 2**63))),
        "big_ends": ("bigint", int64, each(lambda n: (-last - 1, last)[n % 2])),
        "big_ends_null": ("bigint", int64, nulls(chance, each(lambda n: (-last - 1, last, 0)[n % 3]), 0.5)),
        "big_20000": ("bigint", int64, each(lambda n: big[n // 2 % 20_000])),
        "big_16384": ("bigint", int64, each(lambda n: big[n // 3 % DICTIONARY_MAX])),
        "big_high_bits": ("bigint", int64, each(lambda n: (n // 2 % 15_000 << 49) - 2**62)),
        "big_sparse": ("bigint", int64, each(lambda n: n if n % 1000 == 999 else None)),
        "unsigned_chance": ("bigint unsigned", decimal(20), each(lambda n: chance.randrange(2**64))),
        "unsigned_ends": ("bigint unsigned", decimal(20), nulls(chance, each(lambda n: (0, 2**64 - 1)[n % 2]), 0.1)),
        "bit": ("bit(1)", pyarrow.bool_(), nulls(chance, each(lambda n: chance.randrange(2)), 0.01)),
        # floats
        "double_chance": ("double", pyarrow.float64(), each(lambda n: math.ldexp(chance.uniform(-1, 1), chance.randrange(-1000, 1000)))),
        "double_zeros": ("double", pyarrow.float64(), each(lambda n: (0.0, -0.0)[n % 2])),
        "float_chance": ("float", pyarrow.float32(), nulls(chance, each(lambda n: chance.uniform(-1e30, 1e30)), 0.2)),
        # decimals: of 32 bits, 64 bits, bytes
        "decimal_5": ("decimal(5,2)", decimal(5, 2), runs(chance, [Decimal("-999.99"), Decimal("999.99"), Decimal("0.01")])),
        "decimal_18": ("decimal(18,18)", decimal(18, 18), decimals(chance, 18, 18)),
        "decimal_38": ("decimal(38,10)", decimal(38, 10), nulls(chance, decimals(chance, 38, 10), 0.3)),
        "decimal_38_ends": ("decimal(38,0)", decimal(38, 0), each(lambda n: (10**38 - 1) * (-1)**n)),
        # time
        "day": ("date", pyarrow.date32(), runs(chance, [None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1970, 1, 1)])),
        "local": ("datetime(6)", pyarrow.timestamp("us"), each(lambda n: EPOCH + datetime.timedelta(microseconds=chance.randrange(-10**16, 10**16)))),
        "instant": ("timestamp(6) null", pyarrow.timestamp("us", tz="UTC"),
                    each(lambda n: EPOCH + datetime.timedelta(seconds=1 + n, microseconds=n % 1_000_000) if n % 10 else None)),
        # text and bytes
        "text_constant": ("varchar(20)", text, itertools.repeat("always")),
        "text_empty": ("varchar(20)", text, itertools.repeat("")),
        "text_empty_null": ("varchar(20)", text, runs(chance, ["", None])),
        "text_null": ("varchar(20)", text, itertools.repeat(None)),
        "text_null_late": ("varchar(20)", text, late_null(each(lambda n: word[n // 4 % 100]), ROWS - 1)),
        "text_20000": ("varchar(100)", text, each(lambda n: word[n % 20_000])),
        "text_up": ("varchar(100)", text, each(lambda n: f"{n:012}")),
        "text_bound": ("varchar(200)", text, nulls(chance, each(lambda n: chance.choice([edge, edge + "y", edge[1:], "b"])), 0.01)),
        "text_cut": ("varchar(200)", text, each(lambda n: (edge + "z" * (n % 3 + 1), "c", edge + "日本")[n % 3])),
        "text_long": ("mediumtext", text, each(lambda n: f"{n % 50}" * 3000 if n % 500 == 0 else chance.choice(["", "x", None]))),
        "bytes_chance": ("varbinary(40)", pyarrow.binary(), nulls(chance, each(lambda n: chance.randbytes(chance.randrange(40))), 0.1)),
        "bytes_huge": ("longblob", pyarrow.binary(), each(lambda n: bytes([n % 251]) * 3_000_000 if n % 50_000 == 77 else None)),
    }


def cell(value):
    if value is None:
        return "\\N"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex()
    return repr(value) if isinstance(value, float) else str(value)


def make_table(database, folder, rows):
    """Creates and fills the table. Returns its columns: {name: (type, Arrow type)}."""
    made = columns(random.Random(20161114))
    database.execute("SET time_zone = '+00:00'")
    database.execute("CREATE TABLE hard (id INT PRIMARY KEY, " + ", ".join(f"{name} {kind}" for name, (kind, _, _) in made.items()) + ")")
    path = folder / "rows"
    with open(path, "w") as file:
        for row in zip(map(str, range(rows)), *(map(cell, values) for _, _, values in made.values())):
            file.write("\t".join(row) + "\n")
    special = {name: f"CAST(@{name} AS UNSIGNED)" if kind == "bit(1)" else f"UNHEX(@{name})"
               for name, (kind, _, _) in made.items() if kind in ("bit(1)", "varbinary(40)", "longblob")}
    names = ", ".join(f"@{name}" if name in special else name for name in ("id", *made))
    sets = ", ".join(f"{name} = {expression}" for name, expression in special.items())
    assert rows == database.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE hard CHARACTER SET utf8mb4 ({names}) SET {sets}")
    path.unlink()
    return {"id": ("int", pyarrow.int32()), **{name: (kind, arrow) for name, (kind, arrow, _) in made.items()}}


def source_table(database, kinds):
    """The table as PyMySQL reads it, as an Arrow table."""
    # A FLOAT is sent with six digits unless it is made a DOUBLE.
    asked = ", ".join(f"CAST({name} AS DOUBLE)" if kind == "float" else name for name, (kind, _) in kinds.items())
    read = zip(*database.query(f"SELECT {asked} FROM hard ORDER BY id"))
    arrays = {}
    for (name, (kind, arrow)), values in zip(kinds.items(), read):
        if arrow == pyarrow.bool_():
            values = [None if value is None else value == b"\x01" for value in values]
        elif pyarrow.types.is_decimal(arrow):
            values = [None if value is None else Decimal(value) for value in values]
        arrays[name] = pyarrow.array(values, arrow)
    return pyarrow.table(arrays)


class Copied:
    def __init__(self, kinds, source, path):
        self.kinds, self.source, self.path = kinds, source, path
        self.delta = deltalake.DeltaTable(str(path))
        self.files = [urllib.parse.unquote(uri.removeprefix("file://")) for uri in self.delta.file_uris()]


@pytest.fixture(scope="module")
def copied(_servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parquet")
    server = _servers("mariadb")
    database = Database(server)
    runner = Weir(folder)
    try:
        kinds = make_table(database, folder, ROWS)
        runner("copy", database.url("hard"), folder / "hard", "--threads", 2, "--timezone", "UTC", "--quiet")
        yield Copied(kinds, source_table(database, kinds), folder / "hard")
    finally:
        runner.end()
        database.drop()


def assert_same(found, source):
    """Equal to the last bit; readers may have chosen wider offsets and views for texts."""
    assert found.column_names == source.column_names
    found = found.take(pyarrow.compute.sort_indices(found, sort_keys=[("id", "ascending")]))
    assert found.num_rows == source.num_rows
    for name in source.column_names:
        wanted = source[name].combine_chunks()
        got = found[name].cast(wanted.type).combine_chunks()
        got.validate(full=True)
        if not got.equals(wanted):
            where = next(n for n, (a, b) in enumerate(zip(got.to_pylist(), wanted.to_pylist())) if a != b)
            pytest.fail(f"{name}, row {where}: {got[where]!r:.200} instead of {wanted[where]!r:.200}")
        if pyarrow.types.is_floating(wanted.type):      # -0.0 is equal to 0.0, and another value
            sign = pyarrow.compute.less(pyarrow.compute.divide(pyarrow.scalar(1.0), got), 0)
            assert sign.equals(pyarrow.compute.less(pyarrow.compute.divide(pyarrow.scalar(1.0), wanted), 0)), name


# ---- Readers ----------------------------------------------------------------------------------------------


def test_delta_rs(copied):
    assert_same(copied.delta.to_pyarrow_table(), copied.source)


def test_arrow_whole_files(copied):
    found = [pyarrow.parquet.read_table(file, partitioning=None) for file in copied.files]
    assert_same(pyarrow.concat_tables(found), copied.source)
    for table in found:
        for name, (_, arrow) in copied.kinds.items():
            assert table.schema.field(name).type == arrow, name


def test_arrow_without_threads_or_buffers(copied):
    found = [pyarrow.parquet.ParquetFile(file, memory_map=True, buffer_size=4096).read(use_threads=False) for file in copied.files]
    assert_same(pyarrow.concat_tables(found), copied.source)


def test_arrow_row_groups_and_batches(copied):
    groups, batches = [], []
    for path in copied.files:
        file = pyarrow.parquet.ParquetFile(path)
        groups += [file.read_row_group(group) for group in range(file.num_row_groups)]
        batches += list(file.iter_batches(batch_size=1009))
    assert len(groups) > 1
    assert_same(pyarrow.concat_tables(groups), copied.source)
    assert_same(pyarrow.Table.from_batches(batches), copied.source)


def test_arrow_dictionaries(copied):
    # Arrow makes dictionaries of no column that is not in PLAIN or a dictionary.
    texts = [name for name, (_, arrow) in copied.kinds.items() if arrow in (pyarrow.string(), pyarrow.binary())
             and "DELTA_LENGTH_BYTE_ARRAY" not in encodings(copied, name)]
    assert {"text_constant", "text_empty", "text_empty_null", "text_null", "text_null_late", "text_bound", "text_cut"} <= set(texts)
    found = [pyarrow.parquet.ParquetFile(file, read_dictionary=texts).read() for file in copied.files]
    assert found[0].schema.field("text_constant").type == pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    assert_same(pyarrow.concat_tables(table.unify_dictionaries() for table in found), copied.source)


def test_arrow_one_column_at_a_time(copied):
    for name in copied.kinds:
        found = pyarrow.concat_tables(pyarrow.parquet.read_table(file, columns=["id", name] if name != "id" else ["id"])
                                      for file in copied.files)
        assert_same(found, copied.source.select(found.column_names))


def test_duckdb(copied):
    with duckdb.connect() as link:
        link.execute("SET TimeZone = 'UTC'")
        found = link.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [copied.files]).to_arrow_table()
    assert_same(found, copied.source)


# Conditions that statistics can answer for whole files and row groups, and that they must not answer wrongly.
FILTERS = [
    ("int_down", ">", 2**31 - 2 - 30_000 * 50), ("int_down", "<", -2**31 + 10**8), ("int_ends", "=", -2**31), ("int_ends", "=", 0),
    ("big_ends", "=", 2**63 - 1), ("big_ends_null", "=", 0), ("big_sparse", "=", ROWS - 1001), ("big_high_bits", "<", -2**62 + 1),
    ("tiny_two", ">", 126), ("int_constant", "=", 7), ("int_constant", ">", 7), ("double_zeros", "<", 0.0), ("double_zeros", "=", -0.0),
    ("double_chance", ">", 1e290), ("text_constant", "=", "always"), ("text_empty", "=", ""), ("text_up", ">=", f"{ROWS - 10:012}"),
    ("text_up", "<", "000000000010"), ("text_bound", "=", "ä" * 67 + "xy"), ("text_bound", ">", "ä" * 67 + "x"),
    ("text_cut", ">", "ä" * 67 + "xzz"), ("text_cut", "=", "ä" * 67 + "x日本"), ("text_long", ">", "9" * 2999), ("id", "=", ROWS - 1),
    ("decimal_5", "=", Decimal("-999.99")), ("decimal_38_ends", "<", Decimal(0)), ("decimal_38_ends", "=", Decimal(10**38 - 1)),
    ("day", "=", datetime.date(9999, 12, 31)), ("unsigned_ends", "=", Decimal(2**64 - 1)),
]


def compared(column, sign, value):
    field = pyarrow.dataset.field(column)
    value = pyarrow.scalar(value)
    return {"=": field == value, "<": field < value, ">": field > value, ">=": field >= value}[sign]


@pytest.mark.parametrize("column, sign, value", FILTERS, ids=lambda value: str(value)[:20])
def test_filters_find_what_is_there(copied, column, sign, value):
    kind = copied.kinds[column][1]
    typed = pyarrow.scalar(value, kind).as_py()
    condition = compared(column, sign, pyarrow.scalar(typed, kind))
    wanted = sorted(copied.source.filter(condition)["id"].to_pylist())
    found = copied.delta.to_pyarrow_dataset().to_table(columns=["id"], filter=condition)
    assert sorted(found["id"].to_pylist()) == wanted
    found = pyarrow.parquet.read_table(copied.files, columns=["id"], filters=condition)
    assert sorted(found["id"].to_pylist()) == wanted
    with duckdb.connect() as link:
        found = link.execute(f"SELECT id FROM read_parquet(?, hive_partitioning = false) WHERE {column} {sign} ? ORDER BY id",
                             [copied.files, value]).fetchall()
    assert [row[0] for row in found] == wanted


# ---- What the footer says ---------------------------------------------------------------------------------


def real_statistics(column):
    """(least, greatest, number of NULLs) of an Arrow column, by Python's own order."""
    values = [value for value in column.to_pylist() if value is not None]
    if values and isinstance(values[0], str):
        values = [value.encode() for value in values]       # the order of bytes
    return min(values, default=None), max(values, default=None), len(column) - len(values)


def same_bound(said, real, arrow):
    if isinstance(real, bytes):
        said = said.encode() if isinstance(said, str) else said
    if pyarrow.types.is_floating(arrow):
        # A zero bound takes in both zeros.
        return said == real and (real != 0 or math.copysign(1, said) == -1)
    return said == real


def test_statistics_of_every_row_group(copied):
    checked = 0
    for path in copied.files:
        file = pyarrow.parquet.ParquetFile(path)
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group)
            for number, (name, (_, arrow)) in enumerate(copied.kinds.items()):
                chunk = file.metadata.row_group(group).column(number)
                assert chunk.path_in_schema == name
                said = chunk.statistics
                least, greatest, null_count = real_statistics(rows[name].combine_chunks())
                assert said.null_count == null_count, name
                assert said.num_values == len(rows) - null_count, name
                has_bounds = least is not None and arrow != pyarrow.binary()
                if has_bounds and isinstance(greatest, bytes) and len(greatest) > BOUND_BYTES:
                    assert not said.has_min_max
                    continue
                assert said.has_min_max == has_bounds, name
                if not has_bounds:
                    continue
                checked += 1
                if isinstance(least, bytes) and len(least) > BOUND_BYTES:
                    assert least.startswith(said.min.encode())
                else:
                    assert same_bound(said.min, least, arrow), (name, said.min, least)
                if pyarrow.types.is_floating(arrow):
                    assert said.max == greatest and (greatest != 0 or math.copysign(1, said.max) == 1)
                else:
                    assert same_bound(said.max, greatest, arrow), (name, said.max, greatest)
    assert checked > 2 * len(copied.kinds) * 0.7


def test_deltas_statistics(copied):
    """The log's bounds hold for every file, and say what they can."""
    actions = copied.delta.get_add_actions(flatten=True)
    actions = pyarrow.table(actions).to_pylist()
    assert sum(action["num_records"] for action in actions) == ROWS
    for action in actions:
        file = copied.path / urllib.parse.unquote(action["path"])
        assert file.stat().st_size == action["size_bytes"]
        rows = pyarrow.parquet.read_table(file)
        for name in list(copied.kinds)[:32]:
            least, greatest, null_count = real_statistics(rows[name].combine_chunks())
            assert action[f"null_count.{name}"] == null_count, name
            if isinstance(least, bool) or least is None:
                continue
            assert action[f"min.{name}"] <= least <= greatest <= action[f"max.{name}"], name


def test_pages_fill_the_file(copied):
    """From the first magic bytes to the footer there is no gap, and what a chunk says of its encodings is so."""
    for path in copied.files:
        raw = pathlib.Path(path).read_bytes()
        footer = struct.unpack("<I", raw[-8:-4])[0]
        assert raw[:4] == raw[-4:] == b"PAR1"
        metadata = pyarrow.parquet.read_metadata(path)
        assert metadata.serialized_size == footer
        assert metadata.created_by.startswith("weir version ")
        at = 4
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            total = 0
            for chunk in map(group.column, range(group.num_columns)):
                begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
                assert begin == at
                assert chunk.num_values == group.num_rows
                assert chunk.has_dictionary_page == ("RLE_DICTIONARY" in chunk.encodings)
                at += chunk.total_compressed_size
                total += chunk.total_uncompressed_size
            assert group.total_byte_size == total
        assert at == len(raw) - 8 - footer


def encodings(copied, name):
    number = list(copied.kinds).index(name)
    found = set()
    for path in copied.files:
        metadata = pyarrow.parquet.read_metadata(path)
        for group in range(metadata.num_row_groups):
            found |= set(metadata.row_group(group).column(number).encodings) - {"RLE"}
    return found


def test_encodings_are_those_that_pay(copied):
    assert encodings(copied, "int_constant") == {"PLAIN", "RLE_DICTIONARY"}
    assert encodings(copied, "big_ends") == {"PLAIN", "RLE_DICTIONARY"}
    assert encodings(copied, "text_constant") == {"PLAIN", "RLE_DICTIONARY"}
    assert encodings(copied, "id") == {"DELTA_BINARY_PACKED"}
    assert encodings(copied, "big_chance") == {"DELTA_BINARY_PACKED"}
    assert encodings(copied, "text_up") == {"DELTA_LENGTH_BYTE_ARRAY"}
    assert encodings(copied, "double_chance") == {"PLAIN"}
    assert encodings(copied, "int_null") == {"PLAIN"}


# ---- All types in all shapes, in small row groups ---------------------------------------------------------


def test_every_type_in_every_shape(mariadb, make_database, make_project):
    """Integers 0 to 15 or NULL in many orders, made a value of each type. Row groups of 2048 rows, and the last with one row."""
    shapes = {
        "up": "n", "down": "-n - 1", "constant": "3", "two": "n % 2", "null": "NULL", "null_first": "IF(n = 0, NULL, n)",
        "null_last": "IF(n = 4095, NULL, 5)", "null_but_one": "IF(n = 2047, 1, NULL)", "null_half": "IF(n < 2048, NULL, n)",
        "sevens": "n DIV 7", "eights": "n DIV 8", "nines": "n DIV 9", "null_eights": "IF(n DIV 8 % 2, NULL, n)", "mixed": "n * 7919 % 4099",
    }
    types = {
        "tinyint": ("tinyint", "({0}) MOD 128", pyarrow.int8()), "smallint": ("smallint", "{0}", pyarrow.int16()),
        "int_": ("int", "({0}) * 500000", pyarrow.int32()), "bigint_": ("bigint", "({0}) * 2250000000000001", pyarrow.int64()),
        "unsigned_": ("bigint unsigned", "CAST(ABS({0}) AS DECIMAL(20)) * 4500000000000001", pyarrow.decimal128(20)),
        "bit_": ("bit(1)", "({0}) % 2 <> 0", pyarrow.bool_()), "float_": ("float", "({0}) / 8e0", pyarrow.float32()),
        "double_": ("double", "({0}) / 3e0", pyarrow.float64()), "dec9": ("decimal(9,3)", "({0}) / 8", pyarrow.decimal128(9, 3)),
        "dec18": ("decimal(18,3)", "({0}) * 12345678901.125", pyarrow.decimal128(18, 3)),
        "dec38": ("decimal(38,3)", "CAST({0} AS DECIMAL(10)) * 1234567890123456789012345678.125", pyarrow.decimal128(38, 3)),
        "date_": ("date", "DATE '2000-01-01' + INTERVAL ({0}) DAY", pyarrow.date32()),
        "datetime_": ("datetime(6)", "TIMESTAMP'2000-01-01 00:00:00' + INTERVAL ({0}) * 1.000001 SECOND", pyarrow.timestamp("us")),
        "text_": ("varchar(60)", "CONCAT('', {0})", pyarrow.string()),
        "wide_": ("varchar(60)", "REPEAT({0}, ABS({0}) % 13)", pyarrow.string()),
        "bytes_": ("varbinary(60)", "UNHEX(LPAD(HEX(ABS({0})), 6, '0'))", pyarrow.binary()),
    }
    database = make_database(mariadb)
    kinds = {"id": ("int", pyarrow.int32())}
    ddl, expressions = ["id INT PRIMARY KEY"], ["n"]
    for (kind, (sql, form, arrow)), (shape, values) in itertools.product(types.items(), shapes.items()):
        kinds[f"{kind}_{shape}"] = (sql, arrow)
        ddl.append(f"{kind}_{shape} {sql}")
        expressions.append(form.format(values))
    database.execute(f"CREATE TABLE hard ({', '.join(ddl)}) ENGINE=Aria")
    database.execute("SET sql_mode = 'STRICT_ALL_TABLES'")
    database.execute(f"INSERT INTO hard SELECT {', '.join(expressions)} FROM (SELECT CAST(seq AS SIGNED) AS n FROM seq_0_to_4096) numbers")
    project = make_project("shapes", database.datasource())
    project.job("hard", source={"table": "hard"}, target={"table": "hard", "row_group_rows": 2048}, threads=1)
    project.run("hard")
    copied = Copied(kinds, source_table(database, kinds), project.table("hard"))
    assert [pyarrow.parquet.read_metadata(file).num_row_groups for file in copied.files] == [3]
    assert copied.source.num_rows == 4097
    test_delta_rs(copied)
    test_arrow_row_groups_and_batches(copied)
    test_duckdb(copied)
    test_statistics_of_every_row_group(copied)
    test_pages_fill_the_file(copied)

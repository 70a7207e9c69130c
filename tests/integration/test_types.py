"""Every type of the two servers, at the ends of its range, through one table that holds them all.

A `Case` is a column: its type in SQL, values as SQL literals, and what the lake must hold. The table has all columns of a server;
row n has each column's value n, so that one run carries everything. Every column has at least one NULL.
"""

import datetime
import functools
import json
import random
import struct
import uuid
import zoneinfo
from decimal import Decimal

import pytest

from copies import copy, days, float32, float64, micros, read, workshop

BOTH = ("mariadb", "mysql")


class Case:
    def __init__(self, name, ddl, arrow, values, servers=BOTH):
        """values: {SQL literal: expected value}, or a list of pairs."""
        self.name, self.ddl, self.arrow, self.servers = name, ddl, arrow, servers
        pairs = list(values.items()) if isinstance(values, dict) else list(values)
        self.literals = [literal for literal, _ in pairs] + ["NULL"]
        self.expected = [value for _, value in pairs] + [None]


def text(value):
    """A text as an SQL literal, whatever is in it."""
    return f"_utf8mb4 x'{value.encode().hex()}'" if value else "''"


def binary(value):
    return f"x'{value.hex()}'" if value else "''"


def same(*numbers):
    return [(str(number), number) for number in numbers]


def texts(*values):
    return [(text(value), value) for value in values]


# ---- Numbers ----------------------------------------------------------------------------------------------


def integers():
    widths = {"tinyint": (8, "int8", "int16"), "smallint": (16, "int16", "int32"), "mediumint": (24, "int32", "int32"),
              "int": (32, "int32", "int64"), "bigint": (64, "int64", "decimal128(20, 0)")}
    for name, (bits, signed, unsigned) in widths.items():
        top = 2**(bits - 1)
        yield Case(name, name, signed, same(-top, top - 1, 0, -1, 1, 10, -10, 99, 100, -100))
        make = Decimal if "decimal" in unsigned else int
        yield Case(f"{name}_u", f"{name} unsigned", unsigned,
                   [(str(n), make(n)) for n in (0, 1, 2 * top - 1, top, top - 1, 9, 10)])
    yield Case("tinyint1", "tinyint(1)", "int8", same(-128, 127, 0, 1))
    yield Case("bool_", "bool", "int8", [("TRUE", 1), ("FALSE", 0)])
    yield Case("int_zero", "int(8) zerofill", "int64", same(0, 7, 12345678, 4294967295))
    yield Case("bigint_zero", "bigint zerofill", "decimal128(20, 0)",
               [("7", Decimal(7)), ("18446744073709551615", Decimal(2**64 - 1))])
    yield Case("year_", "year", "int16", same(0, 1901, 2000, 2155))


def floats():
    """Numbers by their bits: what is special, and what chance gives."""
    chance = random.Random(20161114)
    singles = [0x00000001, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800001, 0x00000000,
               0x4B7FFFFF, 0x4B800001, 0x3DCCCCCD, 0x42F6E979]
    while len(singles) < 400:
        bits = chance.getrandbits(32)
        if bits >> 23 & 0xFF != 0xFF:
            singles.append(bits)
    pairs = []
    for bits in singles:
        number = struct.unpack("<f", struct.pack("<I", bits))[0]
        pairs.append((f"'{number!r}'", struct.pack("<I", bits)))
    yield Case("float_", "float", "float", pairs)
    doubles = [1, 1 << 63 | 1, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 0,
               0x3FF0000000000001, 0x4340000000000001, 0x3FB999999999999A, 0x433FFFFFFFFFFFFF, 0x7FE1CCF385EBC8A0]
    while len(doubles) < 400:
        bits = chance.getrandbits(64)
        if bits >> 52 & 0x7FF != 0x7FF:
            doubles.append(bits)
    pairs = []
    for bits in doubles:
        number = struct.unpack("<d", struct.pack("<Q", bits))[0]
        pairs.append((f"'{number!r}'", struct.pack("<Q", bits)))
    yield Case("double_", "double", "double", pairs)
    for name, form in (("float", "<f"), ("double", "<d")):
        zero = struct.pack(form, -0.0)
        # MariaDB drops the sign of a zero when it stores it.
        yield Case(f"{name}_minus_zero", name, name, [("'-0.0'", zero), ("-0e0", zero)], servers=("mysql",))
    yield Case("float_u", "float unsigned", "float",
               zip(["0", "3.4028234e38", "0.1"], float32(0, 3.4028234663852886e38, 0.1)))
    # Rounded by the server to the digits after the point, and then to what the type can hold.
    yield Case("float_7_4", "float(7,4)", "float",
               zip(["999.00009", "-999.9999", "0.00004", "1.00005"], float32(999.0001, -999.9999, 0, 1.0001)))
    yield Case("float_10_2", "float(10,2)", "float",
               zip(["12345678.91", "99999999", "0.1"], float32(12345679, 99999999, 0.1)))
    yield Case("float_53", "float(53)", "double", zip(["0.1", "1e300"], float64(0.1, 1e300)))
    yield Case("double_10_3", "double(10,3)", "double",
               zip(["1234567.8916", "-9999999.999", "0.0004", "0.1"], float64(1234567.892, -9999999.999, 0, 0.1)))
    yield Case("double_20_10", "double(20,10)", "double", zip(["1234567890.0123456789"], float64(1234567890.0123456789)))
    yield Case("double_zero", "double(8,2) zerofill", "double", zip(["3.14", "0"], float64(3.14, 0)))
    yield Case("float_zero", "float zerofill", "float", zip(["3.14", "0"], float32(3.14, 0)))


def decimals():
    def of(name, ddl, precision, scale, *values):
        return Case(name, ddl, f"decimal128({precision}, {scale})", [(value, Decimal(value)) for value in values])

    yield of("dec_10_2", "decimal(10,2)", 10, 2, "99999999.99", "-99999999.99", "0.00", "-0.01", "0.10", "1.00")
    yield of("dec_5_0", "decimal(5,0)", 5, 0, "99999", "-99999", "0")
    yield of("dec_1_0", "decimal(1,0)", 1, 0, "9", "-9")
    yield of("dec_18_9", "decimal(18,9)", 18, 9, "999999999.999999999", "-0.000000001", "123456789.000000001")
    yield of("dec_19_0", "decimal(19,0)", 19, 0, "9999999999999999999", "-9999999999999999999", "9223372036854775808")
    yield of("dec_38_0", "decimal(38,0)", 38, 0, "9" * 38, "-" + "9" * 38, "1")
    yield of("dec_38_10", "decimal(38,10)", 38, 10, "9" * 28 + "." + "9" * 10, "-" + "9" * 28 + "." + "9" * 10,
             "-0.0000000001", "12345678901234567890.1234567890")
    yield of("dec_30_30", "decimal(30,30)", 30, 30, "0." + "9" * 30, "-0." + "0" * 29 + "1")
    yield of("dec_u", "decimal(12,3) unsigned", 12, 3, "999999999.999", "0.001")
    yield of("dec_zero", "decimal(12,3) zerofill", 12, 3, "1.500", "999999999.999")
    yield Case("dec_39_0", "decimal(39,0)", "string", [("9" * 39, "9" * 39), ("-" + "9" * 39, "-" + "9" * 39), ("7", "7")])
    widest = "9" * 35 + "." + "9" * 30
    yield Case("dec_65_30", "decimal(65,30)", "string",
               [(widest, widest), ("-" + widest, "-" + widest), ("0", "0." + "0" * 30),
                ("-0." + "0" * 29 + "1", "-0." + "0" * 29 + "1"), ("1.5", "1.5" + "0" * 29)])
    yield Case("dec_65_0", "decimal(65,0)", "string", [("9" * 65, "9" * 65)])


def bits():
    yield Case("bit1", "bit(1)", "bool", [("b'0'", False), ("b'1'", True)])
    for width in (2, 7, 8, 9, 32, 63):
        yield Case(f"bit{width}", f"bit({width})", "int64", same(0, 1, 2**width - 1, 2**(width - 1)))
    yield Case("bit64", "bit(64)", "decimal128(20, 0)",
               [(str(n), Decimal(n)) for n in (0, 1, 2**63 - 1, 2**63, 2**64 - 1)])


# ---- Times ------------------------------------------------------------------------------------------------

FRACTIONS = {0: "", 1: ".9", 2: ".99", 3: ".001", 4: ".0001", 5: ".99999", 6: ".999999"}


def times():
    dates = ["0001-01-01", "1000-01-01", "1582-10-04", "1582-10-10", "1582-10-15", "1899-12-31", "1969-12-31", "1970-01-01",
             "2000-02-29", "1900-02-28", "1900-03-01", "2016-11-14", "9999-12-31", "0000-01-01", "0000-12-31"]
    yield Case("date_", "date", "date32[day]", [(f"'{one}'", days(*map(int, one.split("-")))) for one in dates])
    for digits, fraction in FRACTIONS.items():
        moments = [f"{date} {clock}{fraction}" for date in ("0001-01-01", "1969-12-31", "1970-01-01", "9999-12-31")
                   for clock in ("00:00:00", "23:59:59")] + ["0000-01-01 00:00:00", "2016-11-14 10:20:30"]
        yield Case(f"datetime{digits}", f"datetime({digits})", "timestamp", [(f"'{one}'", micros(one)) for one in moments])
        instants = ["1970-01-01 00:00:01", f"2038-01-19 03:14:07{fraction}", f"2016-11-14 00:00:00{fraction}",
                    f"2001-09-09 01:46:40{fraction}"]
        yield Case(f"timestamp{digits}", f"timestamp({digits}) null", "timestamptz",
                   [(f"'{one}'", micros(one)) for one in instants])
        ends = ["838:59:59", "-838:59:59"] if digits else ["838:59:59", "-838:59:59", "00:00:00", "-00:00:01"]
        clocks = [end + (f".{'0' * digits}" if digits else "") for end in ends]
        clocks += [f"{clock}{fraction}" for clock in ("00:00:00", "-00:00:00", "23:59:59", "-837:59:59", "100:00:00")
                   if digits]
        yield Case(f"time{digits}", f"time({digits})", "string", [(f"'{one}'", one) for one in clocks])


# ---- Text and bytes ---------------------------------------------------------------------------------------

EVERY_BYTE = bytes(range(256))
ODD_TEXT = ["", " ", "a", "日本語", "🐟🐟", "it's \"quoted\" `so`", "back\\slash\\n", "line\r\nline\ttab", "nul\0inside", "\0", "\ufeffbom",
            "e\u0301", "\U0010FFFF", "\uffff", "\x7f\x80", "%s %d ${x}", "{\"a\": 1}", "NULL", "\\N"]


def strings():
    yield Case("char_", "char(30)", "string",
               texts(*[one for one in ODD_TEXT if not one.endswith(" ")]) + [(text("spaces   "), "spaces"), (text("  "), "")])
    yield Case("varchar_", "varchar(100)", "string", texts(*ODD_TEXT, "spaces   ", "x" * 100, "🐟" * 100))
    yield Case("tinytext_", "tinytext", "string", texts(*ODD_TEXT, "y" * 255))
    yield Case("text_", "text", "string", texts(*ODD_TEXT, "z" * 65535, "é" * 30000))
    yield Case("mediumtext_", "mediumtext", "string", texts(*ODD_TEXT, "日" * 100000))
    yield Case("longtext_", "longtext", "string", texts(*ODD_TEXT, "w" * 300000 + "🐟"))
    # Each length that a decoder may have a short way for, and a character above ASCII at each place of it.
    yield Case("short_texts", "varchar(20)", "string",
               texts(*["abcdefghijklmnopqrst"[:n] for n in range(20)],
                     *["x" * before + "é" + "y" * (n - before - 1) for n in range(1, 19) for before in range(n)]))
    yield Case("binary_", "binary(4)", "binary",
               [("''", b"\0\0\0\0"), (binary(b"ab"), b"ab\0\0"), (binary(b"\xff\x00 \x00"), b"\xff\x00 \x00"),
                (binary(b"  "), b"  \0\0")])
    blobs = [(binary(one), one) for one in (b"", b"\0", EVERY_BYTE[:200], b"\xff\xfe", b"text", b"\xc3\x28", b"a  ")]
    long_blobs = blobs + [(binary(EVERY_BYTE), EVERY_BYTE)]
    yield Case("varbinary_", "varbinary(256)", "binary", long_blobs)
    yield Case("tinyblob_", "tinyblob", "binary", blobs)
    yield Case("blob_", "blob", "binary", long_blobs + [(binary(EVERY_BYTE * 255), EVERY_BYTE * 255)])
    yield Case("mediumblob_", "mediumblob", "binary", long_blobs + [(binary(EVERY_BYTE * 1000), EVERY_BYTE * 1000)])
    yield Case("longblob_", "longblob", "binary", long_blobs + [(binary(EVERY_BYTE * 1500), EVERY_BYTE * 1500)])
    yield Case("text_bin", "varchar(20) collate utf8mb4_bin", "string", texts("日本", "A", "a"))


ENUM_MEMBERS = ["a", "it's", '"q"', "back`tick", "back\\slash", " lead", "in side", "a,b", "日本", "🐟", "(x)", "", "NULL", "0", "2"]
SET_MEMBERS = ["a", "it's", '"q"', "back`tick", "back\\slash", "in side", "日本", "🐟", "NULL", "0"]


def sql_text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def members():
    yield Case("enum_", f"enum({','.join(map(sql_text, ENUM_MEMBERS))})", "string",
               texts(*ENUM_MEMBERS) + [(str(index + 1), member) for index, member in enumerate(ENUM_MEMBERS)] +
               [("0", ""), ("'no member'", "")])
    many = [f"member {n}" for n in range(1000)]
    yield Case("enum_many", f"enum({','.join(map(sql_text, many))})", "string", texts(many[0], many[255], many[256], many[999]))
    everything = ",".join(SET_MEMBERS)
    yield Case("set_", f"set({','.join(map(sql_text, SET_MEMBERS))})", "string",
               texts("", *SET_MEMBERS, everything, "a,日本", "it's,back\\slash") + [("0", ""), ("1", "a"), ("5", 'a,"q"'),
                                                                                  (str(2**len(SET_MEMBERS) - 1), everything)])
    yield Case("set_empty", "set('','x')", "string", [("0", ""), ("1", ""), ("2", "x"), ("3", "x")])
    wide = [f"s{n}" for n in range(64)]
    yield Case("set_64", f"set({','.join(map(sql_text, wide))})", "string",
               [("9223372036854775808", "s63"), ("18446744073709551615", ",".join(wide))])


def documents():
    # MariaDB keeps the text; MySQL sorts keys by length, drops repeats and writes one space.
    yield Case("json_", "json", "string",
               [(text(one), one) for one in ('{ "b":1,"a" : [1, 2.50, "日本 🐟"] }', "[]", "null", '"x"', "1e2", '{"k":1,"k":2}')],
               servers=("mariadb",))
    yield Case("json_", "json", "string",
               [(text('{ "bb":1,"a" : [1, 2.50, "日本 🐟"] }'), '{"a": [1, 2.5, "日本 🐟"], "bb": 1}'), ("'[]'", "[]"), ("'{}'", "{}"),
                ("'null'", "null"), (text('"x\\ny"'), '"x\\ny"'), ("'1e2'", "100.0"), ("'true'", "true"),
                (text('{"k":1,"k":2}'), '{"k": 2}'), ("'18446744073709551615'", "18446744073709551615"),
                ("'-9223372036854775808'", "-9223372036854775808"), (text('"\\u65e5\\ud83d\\udc1f"'), '"日🐟"'),
                ("CAST(CAST('2016-11-14 01:02:03.5' AS DATETIME(6)) AS JSON)", '"2016-11-14 01:02:03.500000"'),
                ("CAST(1.10 AS JSON)", "1.10")],
               servers=("mysql",))


def special():
    yield Case("uuid_", "uuid", "string",
               [(f"'{one}'", one) for one in (str(uuid.UUID(int=0)), "123e4567-e89b-12d3-a456-426655440000",
                                              "ffffffff-ffff-ffff-ffff-ffffffffffff")], servers=("mariadb",))
    yield Case("inet6_", "inet6", "string",
               [(f"'{one}'", one) for one in ("::", "::1", "2001:db8::ff00:42:8329", "::ffff:192.0.2.1",
                                              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")], servers=("mariadb",))
    yield Case("inet4_", "inet4", "string",
               [(f"'{one}'", one) for one in ("0.0.0.0", "192.0.2.1", "255.255.255.255")], servers=("mariadb",))
    yield Case("compressed_text", "text compressed", "string", texts("", "日本 🐟", "x" * 5000), servers=("mariadb",))
    yield Case("compressed_varchar", "varchar(500) compressed", "string", texts("", "日本 🐟", "x" * 500),
               servers=("mariadb",))
    yield Case("compressed_blob", "blob compressed", "binary",
               [(binary(one), one) for one in (b"", EVERY_BYTE, b"\0" * 5000)], servers=("mariadb",))
    yield Case("dec_38_38", "decimal(38,38)", "decimal128(38, 38)",
               [("0." + "9" * 38, Decimal("0." + "9" * 38)), ("-0." + "0" * 37 + "1", Decimal("-0." + "0" * 37 + "1"))],
               servers=("mariadb",))
    yield Case("vector_", "vector(3)", "binary",
               [("STRING_TO_VECTOR('[1,-2.5,3e38]')", struct.pack("<3f", 1, -2.5, 3e38)),
                (binary(struct.pack("<3f", 0, -0.0, 1e-45)), struct.pack("<3f", 0, -0.0, 1e-45))], servers=("mysql",))
    yield Case("invisible_", "varchar(20) invisible", "string", texts("unseen"))
    yield Case("nchar_", "national varchar(20)", "string", texts("日本"))


GROUPS = {group.__name__: list(group())
          for group in (integers, floats, decimals, bits, times, strings, members, documents, special)}
CASES = [case for group in GROUPS.values() for case in group]


def of_server(kind):
    return [case for case in CASES if kind in case.servers]


class Everything:
    """One table with all columns of a server, and its copy."""

    def __init__(self, server, database, project):
        self.cases = of_server(server.kind)
        self.count = max(len(case.literals) for case in self.cases) + 1
        database.execute("SET sql_mode = '', time_zone = '+00:00'")
        database.execute("CREATE TABLE everything (id INT PRIMARY KEY, " +
                         ", ".join(f"`{case.name}` {case.ddl}" for case in self.cases) + ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC")
        names = ", ".join(f"`{case.name}`" for case in self.cases)
        rows = []
        for n in range(self.count):     # the last row is NULL throughout
            literals = [case.literals[n] if n < len(case.literals) else "NULL" for case in self.cases]
            rows.append(f"({n}, {', '.join(literals)})")
        while rows:
            part, size = [], 0
            while rows and (not part or size + len(rows[0]) < 4000000):
                size += len(rows[0])
                part.append(rows.pop(0))
            database.execute(f"INSERT INTO everything (id, {names}) VALUES {', '.join(part)}")
        self.database = database
        self.report = copy(project, "everything").json
        self.table = read(project.table("copy"))

    def expected(self, case):
        return case.expected + [None] * (self.count - len(case.expected))


@pytest.fixture(scope="module")
def everything(server, tmp_path_factory):
    with workshop(server, tmp_path_factory.mktemp("types")) as (database, project):
        yield Everything(server, database, project)


@pytest.mark.parametrize("group", GROUPS)
def test_columns(everything, server, group):
    names = {case.name for case in GROUPS[group] if server.kind in case.servers}
    assert names
    wrong = {}
    for case in everything.cases:
        if case.name not in names:
            continue
        found, wanted = everything.table[case.name], everything.expected(case)
        assert len(found) == len(wanted)
        differing = [(literal, one, other) for literal, one, other in zip(case.literals + ["NULL"] * len(wanted), found, wanted)
                     if one != other]
        if differing or everything.table.types[case.name] != case.arrow:
            wrong[case.name] = everything.table.types[case.name], differing[:5]
    assert wrong == {}


def test_all_columns_in_order_and_counted(everything):
    assert list(everything.table.columns) == ["id"] + [case.name for case in everything.cases]
    assert everything.report["rows_read"] == everything.report["rows_written"] == everything.count
    assert everything.report["rows_dirty"] == everything.report["zero_dates"] == 0
    assert everything.report["warnings"] == []


def test_client_sees_the_same(everything):
    """The constants above are what another client reads, so that a mistake in them is not taken for one of weir's."""
    link = everything.database.connect(conv={}, use_unicode=True)
    with link, link.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        for case in everything.cases:
            if case.arrow == "string":
                cursor.execute(f"SELECT `{case.name}` FROM everything ORDER BY id")
                assert [row[0] for row in cursor.fetchall()] == everything.expected(case), case.name
            elif case.arrow in ("float", "double"):
                cursor.execute(f"SELECT `{case.name}` * 1e0 FROM everything ORDER BY id")
                make = float32 if case.arrow == "float" else float64
                seen = make(*[None if row[0] is None else float(row[0]) for row in cursor.fetchall()])
                assert seen == everything.expected(case), case.name


# ---- Zero dates -------------------------------------------------------------------------------------------

# date, datetime(3), timestamp(2): what is stored, and how many of the three no calendar has.
ZERO_ROWS = [
    ("0000-00-00", "0000-00-00 00:00:00.000", "0000-00-00 00:00:00.00", 3),
    ("2016-00-00", "2016-11-00 10:20:30.500", "0000-00-00 00:00:00.00", 3),
    ("0000-11-14", "2016-00-14 00:00:00.001", "1970-01-01 00:00:01.00", 1),
    ("2016-11-14", "2016-11-14 10:20:30.123", "2016-11-14 10:20:30.12", 0),
    ("2016-02-31", "2015-02-29 23:59:59.999", "2038-01-19 03:14:07.99", 2),
    ("0000-00-14", "0000-11-00 00:00:00.000", "1970-01-01 00:00:01.99", 2),
    (None, None, None, 0),
]


def is_on_calendar(stored):
    if stored is None:
        return False
    year, month, day = map(int, stored[:10].split("-"))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= month <= 12 and 1 <= day <= (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


@pytest.fixture(scope="module")
def zero_dates(server, tmp_path_factory):
    with workshop(server, tmp_path_factory.mktemp("zero")) as (database, project):
        database.execute("SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        database.execute("CREATE TABLE z (id INT PRIMARY KEY, d DATE, t DATETIME(3), s TIMESTAMP(2) NULL)")
        database.execute("CREATE TABLE never_null (id INT PRIMARY KEY, d DATE NOT NULL, t DATETIME NOT NULL,"
                         " s TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)")
        database.executemany("INSERT INTO z VALUES (%s, %s, %s, %s)",
                             [(n, *row[:3]) for n, row in enumerate(ZERO_ROWS)])
        database.executemany("INSERT INTO never_null VALUES (%s, %s, %s, %s)",
                             [(1, "0000-00-00", "0000-00-00", "0000-00-00"), (2, "2016-11-14", "2016-11-14", "2016-11-14")])
        yield database, project


def test_zero_dates_become_null_and_are_counted(zero_dates):
    _, project = zero_dates
    report = copy(project, "z", "as_null").json
    assert report["zero_dates"] == sum(row[3] for row in ZERO_ROWS)
    assert (report["rows_written"], report["rows_dirty"]) == (len(ZERO_ROWS), 0)
    table = read(project.table("as_null"))
    assert table.types == {"id": "int32", "d": "date32[day]", "t": "timestamp", "s": "timestamptz"}
    assert table["d"] == [micros(row[0]) // 86400000000 if is_on_calendar(row[0]) else None for row in ZERO_ROWS]
    assert table["t"] == [micros(row[1]) if is_on_calendar(row[1]) else None for row in ZERO_ROWS]
    assert table["s"] == [micros(row[2]) if is_on_calendar(row[2]) else None for row in ZERO_ROWS]


def test_zero_dates_in_columns_that_are_not_null(zero_dates):
    _, project = zero_dates
    report = copy(project, "never_null", "never_null").json
    assert report["zero_dates"] == 3
    moment = micros("2016-11-14")
    assert read(project.table("never_null")).rows == [(1, None, None, None), (2, moment // 86400000000, moment, moment)]


def test_zero_dates_as_text(zero_dates):
    database, project = zero_dates
    report = copy(project, "z", "as_text", zero_dates="text").json
    assert (report["zero_dates"], report["rows_dirty"]) == (0, 0)
    table = read(project.table("as_text"))
    assert table.types == {"id": "int32", "d": "string", "t": "string", "s": "string"}
    assert table.rows == [(n, *row[:3]) for n, row in enumerate(ZERO_ROWS)]
    with database.connect(conv={}) as link, link.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("SELECT d, t, s FROM z ORDER BY id")
        assert [row[1:] for row in table.rows] == list(cursor.fetchall())


def test_zero_dates_as_errors(zero_dates):
    _, project = zero_dates
    bad = [n for n, row in enumerate(ZERO_ROWS) if row[3]]
    refused = copy(project, "z", "as_error", zero_dates="error", code=5)
    assert refused.json["rows_dirty"] >= 1
    assert refused.json["status"] == "failed"
    assert not (project.table("as_error") / "_delta_log").exists()
    report = copy(project, "z", "as_error", zero_dates="error", dirty_limit=len(bad)).json
    assert (report["rows_dirty"], report["zero_dates"]) == (len(bad), 0)
    table = read(project.table("as_error"))
    assert table["id"] == [n for n in range(len(ZERO_ROWS)) if n not in bad]
    rejects = [json.loads(line) for line in open(project.dir / report["reject_file"])]
    assert sorted(one["key"]["id"] for one in rejects) == bad
    assert {one["column"] for one in rejects} <= {"d", "t", "s"}
    assert all("date" in one["reason"] for one in rejects)


# ---- TIMESTAMP and the clocks of the world ----------------------------------------------------------------

# Seconds since 1970: both edges of the hour that New York has twice (2016-11-06, 05:00Z to 07:00Z), of the one it has not
# (2016-03-13 07:00Z), days that begin twice or not at all elsewhere, Shanghai's summer times, and the ends.
INSTANTS = sorted({base + offset for base in (1478408400, 1478412000, 1478415600, 1457852400, 1457848800, 1475330400, 1459609200,
                                               508867200, 527007600, 703281600, 703285200, 1479052800, 1479139200)
                   for offset in (-1, 0, 1, 1800)} | {1, 2, 2**31 - 2, 2**31 - 1, 0x3FFFFFFF})


@functools.cache
def zone_changes(name):
    """[(instant, (offset, is summer time, abbreviation))] of a zone from 1960 to 2040, the first as of 1960."""
    zone = zoneinfo.ZoneInfo(name)

    def state(second):
        local = datetime.datetime.fromtimestamp(second, zone)
        return int(local.utcoffset().total_seconds()), int(bool(local.dst())), local.tzname()

    step, at = 7 * 86400, -315619200
    changes = [(at, state(at))]
    while at < 2208988800:
        low, high = at, at + step
        if state(high) != changes[-1][1]:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if state(middle) == changes[-1][1] else (low, middle)
            changes.append((high, state(high)))
        at = high
    return changes


def load_zone(server, name):
    """What mysql_tzinfo_to_sql does, for one zone, from Python's own tables."""
    changes = zone_changes(name)
    server.execute("INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')")
    number = server.query("SELECT MAX(Time_zone_id) FROM mysql.time_zone")[0][0]
    server.execute("INSERT INTO mysql.time_zone_name VALUES (%s, %s)", (name, number))
    states = sorted({state for _, state in changes})
    for index, state in enumerate(states):
        server.execute("INSERT INTO mysql.time_zone_transition_type VALUES (%s, %s, %s, %s, %s)", (number, index, *state))
    for at, state in changes:
        server.execute("INSERT INTO mysql.time_zone_transition VALUES (%s, %s, %s)", (number, at, states.index(state)))


@pytest.fixture(scope="module")
def instants(server, tmp_path_factory):
    """Table i of INSTANTS with microseconds; the server's own clock stands 03:30 behind UTC."""
    before = server.query("SELECT @@global.time_zone")[0][0]
    server.execute("SET GLOBAL time_zone = '-03:30'")
    with workshop(server, tmp_path_factory.mktemp("zones")) as (database, project):
        database.execute("SET sql_mode = '', time_zone = '+00:00'")
        database.execute("CREATE TABLE i (id INT PRIMARY KEY, s TIMESTAMP(6) NULL, whole TIMESTAMP NULL, wall DATETIME(6))")
        for n, second in enumerate(INSTANTS):
            moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=second, microseconds=n)
            database.execute("INSERT INTO i VALUES (%s, %s, %s, %s)", (n, moment, moment.replace(microsecond=0), moment))
        yield database, project
    server.execute("SET GLOBAL time_zone = %s", (before,))


def check_instants(database, table):
    expected = [second * 1000000 + n for n, second in enumerate(INSTANTS)]
    assert table.types["s"] == "timestamptz"
    assert table["s"] == expected
    assert table["whole"] == [second * 1000000 for second in INSTANTS]
    assert table["wall"] == expected       # its text, whatever the zone
    assert table["s"] == [int(row[0] * 1000000) for row in database.query("SELECT UNIX_TIMESTAMP(s) FROM i ORDER BY id")]


ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"]


@pytest.mark.parametrize("zone", ZONES)
def test_instants_without_zone_tables(instants, zone):
    database, project = instants
    project.configure(timezone=zone)
    report = copy(project, "i").json
    assert report["warnings"] == []
    check_instants(database, read(project.table("copy")))


def test_expressions_without_zone_tables_come_with_a_warning(instants):
    _, project = instants
    source = {"table": "i", "columns": ["id", "DATE(s) AS day"]}
    for zone, words in (("America/New_York", "no table of time zones"), ("Asia/Shanghai", None)):
        project.configure(timezone=zone)
        warnings = copy(project, source, "day").json["warnings"]
        assert bool(warnings) == bool(words)
        assert all(words in one for one in warnings)
    table = read(project.table("day"))
    assert table["day"] == [(second + 8 * 3600) // 86400 for second in INSTANTS]


@pytest.fixture(scope="module")
def zone_tables(server):
    names = ("time_zone", "time_zone_name", "time_zone_transition", "time_zone_transition_type")
    for name in ZONES[1:]:
        load_zone(server, name)
    yield
    for name in names:
        server.execute(f"DELETE FROM mysql.{name}")


@pytest.mark.parametrize("zone", ZONES[1:])
def test_instants_with_zone_tables(instants, zone_tables, zone):
    database, project = instants
    project.configure(timezone=zone)
    source = {"table": "i", "columns": ["id", "s", "whole", "wall", "CAST(s AS CHAR) AS local", "DATE(s) AS day"]}
    report = copy(project, source, "local").json
    assert report["warnings"] == []
    table = read(project.table("local"))
    check_instants(database, table)
    local = [datetime.datetime.fromtimestamp(second, zoneinfo.ZoneInfo(zone)) for second in INSTANTS]
    assert table["local"] == [f"{one:%Y-%m-%d %H:%M:%S}.{n:06}" for n, one in enumerate(local)]
    assert table["day"] == [days(one.year, one.month, one.day) for one in local]


@pytest.mark.parametrize("source", [
    {"table": "iv"}, {"query": "SELECT * FROM i"}, {"table": "i", "columns": ["id", "IF(id < 0, NULL, s) AS s", "s AS t", "whole"]}])
def test_what_is_no_column_of_a_table(instants, zone_tables, server, source):
    """MariaDB keeps instants through views and subqueries. MySQL does not in the hour that comes twice, which must be said."""
    database, project = instants
    database.execute("CREATE OR REPLACE VIEW iv AS SELECT * FROM i")
    database.execute("SET time_zone = '+00:00'")
    project.configure(timezone="America/New_York")
    target = "seen" + "_".join(source)
    report = copy(project, source, target).json
    table = read(project.table(target))
    exact = [second * 1000000 + n for n, second in enumerate(INSTANTS)]
    zone = zoneinfo.ZoneInfo("America/New_York")
    second_pass = [datetime.datetime.fromtimestamp(second, zone).fold for second in INSTANTS]
    assert any(second_pass)
    if server.kind == "mariadb":
        assert (table["s"], report["warnings"]) == (exact, [])
    else:
        assert "TIMESTAMP" in report["warnings"][0] and "America/New_York" in report["warnings"][0]
        assert [a for a, again in zip(table["s"], second_pass) if not again] == \
            [a for a, again in zip(exact, second_pass) if not again]
    if "columns" in source:
        assert table["whole"] == [second * 1000000 for second in INSTANTS]


def test_text_of_timestamps_is_local(instants, zone_tables):
    _, project = instants
    project.configure(timezone="America/New_York")
    copy(project, "i", "as_text", zero_dates="text")
    zone = zoneinfo.ZoneInfo("America/New_York")
    assert read(project.table("as_text"))["whole"] == [
        f"{datetime.datetime.fromtimestamp(second, zone):%Y-%m-%d %H:%M:%S}" for second in INSTANTS]


# ---- Geometry ---------------------------------------------------------------------------------------------

SHAPES = {
    "POINT": ["POINT(1 2)", "POINT(-73.97 40.78)", "POINT(0 0)", "POINT(90 -45.5)"],
    "LINESTRING": ["LINESTRING(0 0,1 1,2 3)"],
    "POLYGON": ["POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,1 2,2 2,2 1,1 1))"],
    "MULTIPOINT": ["MULTIPOINT(1 2,3 4)"],
    "MULTILINESTRING": ["MULTILINESTRING((0 0,1 1),(2 2,3 3,4 4))"],
    "MULTIPOLYGON": ["MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"],
    "GEOMETRYCOLLECTION": ["GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
                           "GEOMETRYCOLLECTION(POINT(9 8),MULTIPOINT(1 2,3 4))"],
}
SHAPES["GEOMETRY"] = [shape for shapes in list(SHAPES.values()) for shape in shapes]
WKB_NAMES = {1: "POINT", 2: "LINESTRING", 3: "POLYGON", 4: "MULTIPOINT", 5: "MULTILINESTRING", 6: "MULTIPOLYGON",
             7: "GEOMETRYCOLLECTION"}


def decode_ewkb(data):
    """(srid or None, WKT) of extended well-known binary."""
    at = 0

    def take(form):
        nonlocal at
        found = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return found if len(found) > 1 else found[0]

    def points(order, brackets=True):
        inside = ",".join("{:g} {:g}".format(*take(f"{order}dd")) for _ in range(take(f"{order}I")))
        return f"({inside})" if brackets else inside

    def shape():
        order = "<" if take("B") == 1 else ">"
        kind = take(f"{order}I")
        srid = take(f"{order}I") if kind & 0x20000000 else None
        name = WKB_NAMES[kind & 0xFFFF]
        if name == "POINT":
            body = "({:.15g} {:.15g})".format(*take(f"{order}dd"))
        elif name == "LINESTRING":
            body = points(order)
        elif name == "POLYGON":
            body = "(" + ",".join(points(order) for _ in range(take(f"{order}I"))) + ")"
        else:
            parts = [shape()[1] for _ in range(take(f"{order}I"))]
            if name == "MULTIPOINT":
                parts = [part[len("POINT("):-1] for part in parts]
            elif name != "GEOMETRYCOLLECTION":
                parts = [part[part.index("("):] for part in parts]
            body = "(" + ",".join(parts) + ")"
        return srid, name + body

    result = shape()
    assert at == len(data)
    return result


def test_geometry(database, project):
    database.execute("CREATE TABLE g (id INT PRIMARY KEY, " + ", ".join(f"g_{name.lower()} {name}" for name in SHAPES) + ")")
    mysql = database.server.kind == "mysql"
    order = ", 'axis-order=long-lat'" if mysql else ""
    expected = []
    for srid in (0, 4326):
        for n in range(max(map(len, SHAPES.values()))):
            chosen = {name: shapes[n] for name, shapes in SHAPES.items() if n < len(shapes)}
            made = [f"ST_GeomFromText('{shape}', {srid}{order if srid else ''})" for shape in chosen.values()]
            database.execute(f"INSERT INTO g (id, {', '.join(f'g_{name.lower()}' for name in chosen)})"
                             f" VALUES ({len(expected)}, {', '.join(made)})")
            expected.append({name: (srid, chosen.get(name)) for name in SHAPES})
    copy(project, "g")
    table = read(project.table("copy"))
    for name in SHAPES:
        column = f"g_{name.lower()}"
        assert table.types[column] == "binary"
        seen = database.query(f"SELECT ST_SRID({column}), ST_AsWKB({column}{order}) FROM g ORDER BY id")
        for n, (found, (srid, shape), (client_srid, client_wkb)) in enumerate(
                zip(table[column], (row[name] for row in expected), seen)):
            if shape is None:
                assert found is None
                continue
            found_srid, found_shape = decode_ewkb(found)
            assert (found_srid or 0, found_shape) == (srid, shape), n
            # The client's WKB, with the SRID where EWKB has it.
            assert client_srid == srid
            wanted = client_wkb if srid == 0 else \
                client_wkb[:1] + struct.pack("<II", struct.unpack("<I", client_wkb[1:5])[0] | 0x20000000, srid) + client_wkb[5:]
            assert found == wanted


# ---- Columns that are computed or hidden ------------------------------------------------------------------


def test_generated_and_invisible_columns(database, project):
    database.execute("SET time_zone = '+00:00'")
    database.execute("""
        CREATE TABLE made (
            id INT PRIMARY KEY, price DECIMAL(10,2), qty INT, f FLOAT, doc JSON, at DATETIME(6),
            total DECIMAL(20,2) GENERATED ALWAYS AS (price * qty) VIRTUAL,
            kept DECIMAL(20,2) GENERATED ALWAYS AS (price * qty) STORED,
            twice FLOAT GENERATED ALWAYS AS (f * 2) VIRTUAL,
            label VARCHAR(30) GENERATED ALWAYS AS (CONCAT('n', id, '日')) STORED,
            day DATE GENERATED ALWAYS AS (CAST(at AS DATE)) VIRTUAL,
            hidden INT INVISIBLE DEFAULT 7)""")
    database.execute("INSERT INTO made (id, price, qty, f, doc, at) VALUES (1, 1.25, 3, 0.1, '[1]', '2016-11-14 23:59:59.999999'),"
                     " (2, NULL, NULL, NULL, NULL, NULL), (3, -0.01, 100, 3e-45, '{}', '0001-01-01')")
    database.execute("UPDATE made SET hidden = 8 WHERE id = 3")
    copy(project, "made")
    table = read(project.table("copy"))
    names = [row[0] for row in database.query("SELECT column_name FROM information_schema.columns WHERE table_schema = %s"
                                              " AND table_name = 'made' ORDER BY ordinal_position", (database.name,))]
    assert list(table.columns) == names
    assert table["total"] == table["kept"] == [Decimal("3.75"), None, Decimal("-1.00")]
    assert table["twice"] == float32(struct.unpack("<f", struct.pack("<f", 0.1))[0] * 2, None, 5.605193857299268e-45)
    assert table["label"] == ["n1日", "n2日", "n3日"]
    assert table["day"] == [days(2016, 11, 14), None, days(1, 1, 1)]
    assert table["hidden"] == [7, 7, 8]
    assert table["doc"] == ["[1]", None, "{}"]


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_primary_key_that_mysql_made(database, project):
    database.execute("SET sql_generate_invisible_primary_key = ON")
    database.execute("CREATE TABLE keyless (v VARCHAR(10))")
    database.execute("INSERT INTO keyless VALUES ('a'), ('b'), (NULL)")
    # A server may hide it from information_schema, too.
    database.server.execute("SET GLOBAL show_gipk_in_create_table_and_information_schema = OFF")
    try:
        copy(project, "keyless")
    finally:
        database.server.execute("SET GLOBAL show_gipk_in_create_table_and_information_schema = ON")
    table = read(project.table("copy"), by="my_row_id")
    assert table.types == {"my_row_id": "decimal128(20, 0)", "v": "string"}
    assert table.rows == [(Decimal(n + 1), value) for n, value in enumerate(["a", "b", None])]


@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
def test_versioned_table_gives_its_present_rows(database, project):
    database.execute("CREATE TABLE versioned (id INT PRIMARY KEY, v INT, a TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE,"
                     " z TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (a, z)) WITH SYSTEM VERSIONING")
    database.execute("INSERT INTO versioned (id, v) VALUES (1, 1), (2, 2), (3, 3)")
    database.execute("UPDATE versioned SET v = 20 WHERE id = 2")
    database.execute("DELETE FROM versioned WHERE id = 3")
    copy(project, {"table": "versioned", "columns": ["id", "v", "a"]})
    database.execute("SET time_zone = '+00:00'")
    seen = database.query("SELECT id, v, UNIX_TIMESTAMP(a) FROM versioned ORDER BY id")
    assert read(project.table("copy")).rows == [(key, value, int(at * 1000000)) for key, value, at in seen]
    copy(project, "versioned", "whole")
    assert read(project.table("whole"))["id"] == [1, 2]
    database.execute("CREATE SEQUENCE numbers START WITH 7")
    copy(project, "numbers", "numbers")
    assert read(project.table("numbers"), by=None)["start_value"] == [7]

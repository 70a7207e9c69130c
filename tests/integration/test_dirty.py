"""Rows that do not fit the target: refused, counted and kept with their reasons; never bent until they fit.

The targets are tables that delta-rs created with columns narrower than the source's.
"""

import datetime
import decimal
import json
import pathlib
import time

import deltalake
import pyarrow as pa
import pytest
import readers
import tables

D = decimal.Decimal
NOT_FITTING = "does not fit the column's type"

# One column each: type at the source, type of the target, values that fit, values that do not with their reasons.
# A value is (SQL literal, what the lake shows) where it fits.
TYPES = {
    "int_to_byte": ("INT", pa.int8(), [("-128", -128), ("127", 127), ("NULL", None)],
                    [("128", NOT_FITTING), ("-129", NOT_FITTING), ("2147483647", NOT_FITTING), ("256", NOT_FITTING)]),
    "bigint_to_short": ("BIGINT", pa.int16(), [("-32768", -32768), ("32767", 32767)],
                        [("32768", NOT_FITTING), ("65536", NOT_FITTING), ("9223372036854775807", NOT_FITTING)]),
    "unsigned_to_int": ("INT UNSIGNED", pa.int32(), [("0", 0), ("2147483647", 2147483647)],
                        [("2147483648", NOT_FITTING), ("4294967295", NOT_FITTING)]),
    "unsigned_bigint_to_long": ("BIGINT UNSIGNED", pa.int64(), [("9223372036854775807", 9223372036854775807)],
                                [("9223372036854775808", NOT_FITTING), ("18446744073709551615", NOT_FITTING)]),
    "decimal_to_narrower": ("DECIMAL(12,4)", pa.decimal128(5, 2),
                            [("999.99", D("999.99")), ("-999.9900", D("-999.99")), ("0.1000", D("0.10"))],
                            [("1000", NOT_FITTING), ("0.001", NOT_FITTING), ("-1000.00", NOT_FITTING)]),
    "decimal_to_long": ("DECIMAL(30,3)", pa.int64(), [("12.000", 12), ("-9223372036854775808", -9223372036854775808)],
                        [("12.001", NOT_FITTING), ("9223372036854775808", NOT_FITTING)]),
    "bigint_to_decimal": ("BIGINT", pa.decimal128(4, 1), [("999", D("999.0")), ("-999", D("-999.0"))],
                          [("1000", NOT_FITTING)]),
    "double_to_long": ("DOUBLE", pa.int64(), [("1e15", 10**15), ("-0.0", 0)],
                       [("1.5", NOT_FITTING), ("1e300", NOT_FITTING), ("9223372036854775808", NOT_FITTING)]),
    "double_to_float": ("DOUBLE", pa.float32(), [("0.5", 0.5), ("16777216", 16777216.0)],
                        [("0.1", NOT_FITTING), ("16777217", NOT_FITTING), ("1e300", NOT_FITTING)]),
    "bigint_to_double": ("BIGINT", pa.float64(), [("9007199254740992", 9007199254740992.0)],
                         [("9007199254740993", NOT_FITTING)]),
    "text_to_double": ("VARCHAR(60)", pa.float64(),
                       [("'0.1'", 0.1), ("'0.30000000000000004'", 0.1 + 0.2), ("'-1.5e300'", -1.5e300), ("'123456789012345'", 123456789012345.0),
                        ("'9007199254740992'", 9007199254740992.0), ("'5e-324'", 5e-324)],
                       [("'9007199254740993'", NOT_FITTING), ("'0.12345678901234567890'", NOT_FITTING), ("'1e-400'", NOT_FITTING),
                        ("'3.14159265358979323846'", NOT_FITTING), ("'1,5'", "does not read as a number")]),
    "text_to_float": ("VARCHAR(60)", pa.float32(), [("'0.5'", 0.5), ("'16777216'", 16777216.0), ("'3.1415927'", 3.1415927410125732)],
                      [("'16777217'", NOT_FITTING), ("'3.14159265'", NOT_FITTING), ("'1e39'", NOT_FITTING), ("'1e-50'", NOT_FITTING)]),
    "decimal_to_double": ("DECIMAL(38,20)", pa.float64(), [("0.1", 0.1), ("-123456.789", -123456.789), ("9007199254740992", 2.0**53)],
                          [("9007199254740993", NOT_FITTING), ("0.12345678901234567890", NOT_FITTING)]),
    "decimal_to_float": ("DECIMAL(20,10)", pa.float32(), [("0.5", 0.5), ("16777216", 16777216.0), ("0.1", 0.10000000149011612)],
                         [("16777217", NOT_FITTING), ("0.1234567891", NOT_FITTING)]),
    "long_decimal_to_double": ("DECIMAL(60,30)", pa.float64(), [("0.1", 0.1), ("-2.5", -2.5)],
                               [("0.100000000000000000000000000001", NOT_FITTING)]),
    "datetime_to_date": ("DATETIME(6)", pa.date32(), [("'2016-11-14'", datetime.date(2016, 11, 14))],
                         [("'2016-11-14 00:00:00.000001'", NOT_FITTING), ("'2016-11-14 23:59:59'", NOT_FITTING)]),
    "date_to_datetime": ("DATE", pa.timestamp("us"), [("'2016-11-14'", datetime.datetime(2016, 11, 14)),
                                                      ("'9999-12-31'", datetime.datetime(9999, 12, 31))], []),
    "text_to_int": ("VARCHAR(30)", pa.int32(), [("'12'", 12), ("'-7'", -7), ("NULL", None)],
                    [("'abc'", "does not read as a number"), ("''", "does not read as a number"),
                     ("'12x'", "does not read as a number"), ("'2147483648'", NOT_FITTING), ("'1.5'", NOT_FITTING)]),
    "text_to_date": ("VARCHAR(30)", pa.date32(), [("'2016-11-14'", datetime.date(2016, 11, 14))],
                     [("'2016-02-30'", "does not read as a date or time"), ("'14.11.2016'", "does not read as a date or time")]),
    "text_to_bool": ("VARCHAR(10)", pa.bool_(), [("'true'", True), ("'0'", False)],
                     [("'yes'", "cannot be converted to the target's type")]),
    "int_to_bool": ("INT", pa.bool_(), [("0", False), ("1", True)], [("2", NOT_FITTING), ("-1", NOT_FITTING)]),
    "int_to_text": ("INT", pa.string(), [("-5", "-5"), ("NULL", None)], []),
    "decimal_to_text": ("DECIMAL(10,3)", pa.string(), [("1.5", "1.500")], []),
    "datetime_to_text": ("DATETIME(3)", pa.string(), [("'2016-11-14 08:30:00.5'", "2016-11-14 08:30:00.500")], []),
}


# What fits is decided behind the source, so one server answers for both.
@pytest.fixture
def database(mariadb, make_database):
    return make_database(mariadb)


@pytest.fixture
def project(database, make_project):
    return make_project("project", database.datasource())


def make_target(project, name, fields, partition="ds"):
    """An empty table made by delta-rs."""
    schema = pa.schema([*fields, *([pa.field(partition, pa.string())] if partition else [])])
    deltalake.write_deltalake(str(project.table(name)), schema.empty_table(),
                              partition_by=[partition] if partition else None)


def job(project, limit, table="t", **keys):
    project.job("ods", source={"table": table}, target={"table": "ods", "partition": "ds=${bizdate}"},
                dirty_limit=limit, **keys)


def run(project, code=0):
    return project.run("ods", "--bizdate", "20161114", code=code).json


def rejected(result):
    return [json.loads(line) for line in pathlib.Path(result["reject_file"]).read_text().splitlines()]


@pytest.mark.parametrize("name", TYPES)
def test_conversion_of(name, project, database):
    source, target, good, bad = TYPES[name]
    database.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {source})")
    for i, (literal, _) in enumerate(good + bad):
        database.execute(f"INSERT INTO t VALUES ({i}, {literal})")
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("v", target)])
    job(project, "unlimited")
    result = run(project)
    assert result["rows_read"] == len(good) + len(bad)
    assert result["rows_written"] == len(good)
    assert result["rows_dirty"] == len(bad)
    expected = [{"id": i, "v": shown, "ds": "20161114"} for i, (_, shown) in enumerate(good)]
    found = sorted(readers.delta_rows(project.table("ods")), key=lambda row: row["id"])
    assert found == expected
    assert all(type(a["v"]) is type(b["v"]) for a, b in zip(found, expected))
    assert readers.delta(project.table("ods")).schema().to_arrow().field("v").type == pa.schema([("v", target)]).field("v").type
    if not bad:
        assert result["reject_file"] is None
        return
    lines = sorted(rejected(result), key=lambda line: line["row"]["id"])
    assert [(line["key"], line["column"], line["reason"]) for line in lines] == \
        [({"id": len(good) + i}, "v", reason) for i, (_, reason) in enumerate(bad)]
    # The row as the source has it; a number may be written in another way.
    for line, (literal, _) in zip(lines, bad):
        for shown in (line["value"], line["row"]["v"]):
            shown, literal = str(shown), literal.strip("'")
            assert shown == literal or shown.startswith(literal + ".0") or float(shown) == float(literal)


BAD = [(11, 300), (12, -129), (13, 128), (14, 1000), (15, 99999)]


@pytest.fixture
def narrow(project, database):
    """Ten rows that fit a byte, and five that do not."""
    database.execute("CREATE TABLE t (id INT, part CHAR(1), v INT, note VARCHAR(20), PRIMARY KEY (id, part))")
    database.executemany("INSERT INTO t VALUES (%s, 'a', %s, 'fits')", [(i, i) for i in range(1, 11)])
    database.executemany("INSERT INTO t VALUES (%s, 'b', %s, 'dirty')", BAD)
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("part", pa.string()), pa.field("v", pa.int8()),
                                 pa.field("note", pa.string())])
    return project


@pytest.mark.parametrize("limit", [5, 6, "unlimited"])
def test_under_the_limit_the_rest_is_published(narrow, limit):
    job(narrow, limit)
    result = run(narrow)
    assert (result["status"], result["rows_read"], result["rows_written"], result["rows_dirty"]) == ("done", 15, 10, 5)
    assert result["error"] is None
    lines = sorted(rejected(result), key=lambda line: line["key"]["id"])
    assert lines == [{"reason": NOT_FITTING, "column": "v", "value": str(value), "key": {"id": key, "part": "b"},
                      "row": {"id": key, "part": "b", "v": value, "note": "dirty"}} for key, value in BAD]
    assert {row["id"] for row in readers.delta_rows(narrow.table("ods"))} == set(range(1, 11))


@pytest.mark.parametrize("limit", [0, 4])
def test_over_the_limit_nothing_is_published(narrow, limit):
    version = readers.version(narrow.table("ods"))
    job(narrow, limit)
    result = run(narrow, code=5)
    assert result["status"] == "failed"
    assert result["version"] is None
    assert result["rows_dirty"] > limit
    assert result["error"]["kind"] == "dirty"
    assert "limit of " + str(limit) in result["error"]["message"] and '"v"' in result["error"]["message"]
    assert len(rejected(result)) > limit
    assert result["reject_file"] in result["error"]["message"]
    assert readers.version(narrow.table("ods")) == version
    assert readers.files_on_disk(narrow.table("ods")) == []


def test_old_partition_stays_when_the_limit_is_passed(narrow, database):
    database.execute("CREATE TABLE bad AS SELECT * FROM t")
    database.execute("DELETE FROM t WHERE note = 'dirty'")
    job(narrow, 0)
    run(narrow)
    before = readers.delta_rows(narrow.table("ods"))
    database.execute("INSERT INTO t SELECT * FROM bad WHERE note = 'dirty'")
    run(narrow, code=5)
    assert readers.delta_rows(narrow.table("ods")) == before
    assert len(readers.files_on_disk(narrow.table("ods"))) == 1


def test_reject_files_of_two_runs_do_not_meet(narrow):
    job(narrow, "unlimited")
    first, second = run(narrow), run(narrow)
    assert first["reject_file"] != second["reject_file"]
    assert len(rejected(first)) == len(rejected(second)) == 5


def test_null_for_a_column_that_takes_none(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10))")
    database.execute("INSERT INTO t VALUES (1, 'x'), (2, NULL), (3, '')")
    make_target(project, "ods", [pa.field("id", pa.int32(), nullable=False), pa.field("v", pa.string(), nullable=False)])
    job(project, 1)
    result = run(project)
    assert rejected(result) == [{"reason": "is NULL where the target takes no NULL", "column": "v", "value": None,
                                 "key": {"id": 2}, "row": {"id": 2, "v": None}}]
    assert readers.delta_rows(project.table("ods")) == [{"id": 1, "v": "x", "ds": "20161114"},
                                                        {"id": 3, "v": "", "ds": "20161114"}]


def test_zero_dates_as_errors_are_dirty_rows_of_a_new_table(project, database):
    database.execute("SET SESSION sql_mode = ''")
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, d DATE)")
    database.execute("INSERT INTO t VALUES (1, '2016-11-14'), (2, '0000-00-00'), (3, '2016-00-10')")
    job(project, 2, zero_dates="error")
    result = run(project)
    assert (result["rows_read"], result["rows_written"], result["rows_dirty"]) == (3, 1, 2)
    assert {(line["key"]["id"], line["row"]["d"], line["reason"]) for line in rejected(result)} == \
        {(2, "0000-00-00", "is a zero or impossible date"), (3, "2016-00-10", "is a zero or impossible date")}
    assert readers.delta_rows(project.table("ods")) == [{"id": 1, "d": datetime.date(2016, 11, 14), "ds": "20161114"}]
    job(project, 1, zero_dates="error")
    run(project, code=5)


def test_odd_bytes_in_the_reject_file(project, database):
    """The line is JSON whatever the row holds."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT, s VARCHAR(50), b VARBINARY(10), f DOUBLE, d DECIMAL(40,2))")
    text = 'quote " back \\ line \n tab \t nul \0 日本 🐟'
    database.execute("INSERT INTO t VALUES (1, 1000, %s, X'00FF0A', 0.1, 12345678901234567890.12)", (text,))
    make_target(project, "ods", [pa.field("v", pa.int8())])
    job(project, 1)
    result = run(project)
    assert result["rows_written"] == 0
    (line,) = rejected(result)
    assert line["row"] == {"id": 1, "v": 1000, "s": text, "b": "AP8K", "f": 0.1, "d": "12345678901234567890.12"}


def test_many_dirty_rows_with_many_readers(project, database):
    """Counts are exact with several readers; the file is of bounded size."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    tables.fill(database, "t", "n, IF(n % 4 = 0, 1000, 1)", 120_000)
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("v", pa.int8())])
    job(project, "unlimited", threads=4)
    result = run(project)
    assert (result["rows_read"], result["rows_written"], result["rows_dirty"]) == (120_000, 90_000, 30_000)
    assert readers.delta_arrow(project.table("ods")).num_rows == 90_000
    lines = rejected(result)
    assert 0 < len(lines) <= 30_000
    assert len({line["key"]["id"] for line in lines}) == len(lines)
    job(project, 29_999, threads=4)
    failed = run(project, code=5)
    assert failed["rows_dirty"] == 30_000 and 30_000 <= failed["rows_read"] <= 120_000
    assert failed["rows_written"] == failed["bytes_written"] == 0
    job(project, 30_000, threads=4)
    assert run(project)["rows_dirty"] == 30_000


@pytest.mark.parametrize("source, target, said", [
    ("VARBINARY(10)", pa.int32(), "int"),
    ("DATE", pa.int32(), "date"),
    ("INT", pa.date32(), "date"),
    ("DOUBLE", pa.bool_(), "boolean"),
    ("DATETIME", pa.timestamp("us", tz="UTC"), "timestamp"),
    ("TIMESTAMP NULL", pa.timestamp("us"), "timestamp_ntz"),
    ("INT", pa.list_(pa.int32()), "array"),
    ("JSON", pa.struct([("a", pa.int32())]), "struct"),
])
def test_impossible_conversion_is_refused_by_check_and_run(project, database, source, target, said):
    database.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {source})")
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("v", target)])
    version = readers.version(project.table("ods"))
    job(project, "unlimited")
    for arguments in (["check", "ods"], ["run", "ods"]):
        result = project.weir(*arguments, code=2)
        assert 'column "v"' in result.stderr and said in result.stderr and "hint" in result.stderr
    assert readers.version(project.table("ods")) == version


def test_missing_column_for_a_column_that_takes_no_null(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("v", pa.int32(), nullable=False)])
    job(project, 0)
    for arguments in (["check", "ods"], ["run", "ods"]):
        assert '"v"' in project.weir(*arguments, code=2).stderr


def test_check_shows_what_will_be_converted(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v BIGINT UNSIGNED)")
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("v", pa.int16())])
    job(project, 0)
    (_, v, ds) = project.weir("check", "ods", "--json").json["columns"]
    assert (v["source"], v["target"], v["target_type"], v["new"]) == ("v", "v", "short", False)
    assert "unsigned" in v["source_type"]
    assert (ds["source"], ds["target"]) == (None, "ds")


@pytest.mark.parametrize("rows", [3, 5000])
def test_counters_of_a_run_that_failed(rows, project, database):
    """What was read until then is counted; nothing was written, whatever had been on its way."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    tables.fill(database, "t", f"n, IF(n = {rows - 1}, 1000, 1)", rows)
    make_target(project, "ods", [pa.field("id", pa.int32()), pa.field("v", pa.int8())])
    job(project, 0, threads=1)
    result = run(project, code=5)
    assert (result["rows_read"], result["rows_written"], result["rows_dirty"]) == (rows, 0, 1)
    assert result["bytes"] > 0 and result["bytes_written"] == result["files"] == result["partitions"] == 0
    text = project.weir("run", "ods", "--bizdate", "20161114", code=5).stderr
    assert f"rows       {rows:,} read, 0 written, 1 dirty (" in text


def test_reject_file_and_limit_of_copy(project, database, weir, tmp_path):
    database.execute("SET SESSION sql_mode = ''")
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, d DATE)")
    database.execute("INSERT INTO t VALUES (1, '2016-11-14'), (2, '0000-00-00'), (3, '0000-00-00')")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    words = ["copy", database.url("t"), "t", "--zero-dates", "error"]
    refused = weir(*words, cwd=folder, code=5)
    assert "--dirty-limit" in refused.stderr
    assert [path.name for path in folder.iterdir() if path.name != "t"] == [".weir"]
    (file,) = folder.glob(".weir/rejects/t-*.jsonl")
    assert f'".weir/rejects/{file.name}"' in refused.stderr
    for limit, code, written in ((1, 5, 0), (2, 0, 1), ("unlimited", 0, 1)):
        result = weir(*words, "--dirty-limit", limit, "--json", cwd=folder, code=code).json
        assert (result["rows_written"], result["rows_dirty"]) == (written, 2), limit
        assert len((folder / result["reject_file"]).read_text().splitlines()) == 2
    for limit in ("-1", "none", "2x", ""):
        said = weir(*words, "--dirty-limit", limit, cwd=folder, code=2).stderr
        assert f'"--dirty-limit" must be a whole number from 0, or unlimited, not "{limit}"' in said


def test_counters_of_a_commit_that_failed(project, database):
    """Everything was read and stored, another run took the partition meanwhile: nothing of it was written."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    tables.fill(database, "t", "n", 5000)
    job(project, 0)
    run(project)
    slow = project.spawn("run", "ods", "--bizdate", "20161114", "--json", env={"WEIR_FAILPOINT": "commit-before=sleep:3000"})
    until = time.monotonic() + 20
    while len(list(project.table("ods").rglob("*.parquet"))) < 2:
        assert time.monotonic() < until and slow.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    run(project)
    out, err = slow.communicate(timeout=60)
    assert slow.returncode == 4, err
    result = json.loads(out)
    assert (result["rows_read"], result["rows_written"], result["bytes_written"]) == (5000, 0, 0)
    assert result["version"] is None and result["warnings"] == []

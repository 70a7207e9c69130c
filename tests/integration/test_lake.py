"""Lake tables as other programs see them: delta-rs, Arrow and DuckDB read what weir writes, and the other way round.

What is asked of the log does not depend on the server, so it is MariaDB's here; the types of both are in test_types.py.
"""

import datetime
import decimal
import json
import pathlib
import urllib.parse

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest
import readers
import tables


D = decimal.Decimal
UTC = datetime.timezone.utc


@pytest.fixture
def database(mariadb, make_database):
    return make_database(mariadb)


@pytest.fixture
def project(database, make_project):
    return make_project("project", database.datasource())


def job(project, *, table="t", partition="ds=${bizdate}", source=None, **target):
    keys = {"table": "ods", **({"partition": partition} if partition else {}), **target}
    project.job("ods", source={"table": table, **(source or {})}, target=keys)


def run(project, bizdate="20161114", code=0):
    return project.run("ods", "--bizdate", bizdate, code=code)


def ids(project, version=None, partition=None):
    return sorted(row["id"] for row in readers.delta_rows(project.table("ods"), version, partition))


def fill(database, *rows, columns="id INT PRIMARY KEY, v VARCHAR(20)"):
    database.execute(f"CREATE TABLE IF NOT EXISTS t ({columns})")
    database.execute("DELETE FROM t")
    if rows:
        database.executemany(f"INSERT INTO t VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)


# ---- What readers see -------------------------------------------------------------------------------------


def test_three_readers_see_the_same(project, database):
    fill(database, (1, True, D("12.50"), "日本 🐟", b"\x00\xff", 0.1, datetime.date(2016, 11, 14),
                    datetime.datetime(2016, 11, 14, 8, 30, 0, 123456), datetime.datetime(2016, 11, 14, 8, 30)),
         (2, None, None, None, None, None, None, None, None),
         columns="id BIGINT UNSIGNED PRIMARY KEY, b BIT(1), d DECIMAL(10,2), s TEXT, raw BLOB, f DOUBLE, day DATE, "
                 "dt DATETIME(6), ts TIMESTAMP NULL")
    with database.client.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute("UPDATE t SET ts = '2016-11-14 08:30:00' WHERE id = 1")
    job(project)
    result = run(project).json
    expected = [
        {"id": D(1), "b": True, "d": D("12.50"), "s": "日本 🐟", "raw": b"\x00\xff", "f": 0.1, "day": datetime.date(2016, 11, 14),
         "dt": datetime.datetime(2016, 11, 14, 8, 30, 0, 123456), "ts": datetime.datetime(2016, 11, 14, 8, 30, tzinfo=UTC),
         "ds": "20161114"},
        {"id": D(2), "b": None, "d": None, "s": None, "raw": None, "f": None, "day": None, "dt": None, "ts": None,
         "ds": "20161114"}]
    table = project.table("ods")
    assert readers.delta_rows(table) == expected
    # DuckDB's Python package needs another package for instants; as text they come in the session's zone.
    shown = readers.duckdb_rows(table, columns="* REPLACE (epoch_us(ts) AS ts)")
    assert [row["ts"] for row in shown] == [1479112200000000, None]
    assert [{**row, "ts": None} for row in shown] == [{**row, "ts": None} for row in expected]
    assert readers.arrow_rows(table) == [{name: row[name] for name in row if name != "ds"} for row in expected]
    assert readers.partitions(table) == [{"ds": "20161114"}]
    assert result["target"] == str(table) and result["partition"] == "ds=20161114" and result["version"] == 0
    fields = {field.name: (str(field.type.type) if hasattr(field.type, "type") else str(field.type), field.nullable)
              for field in readers.delta(table).schema().fields}
    assert fields == {"id": ("decimal(20,0)", True), "b": ("boolean", True), "d": ("decimal(10,2)", True),
                      "s": ("string", True), "raw": ("binary", True), "f": ("double", True), "day": ("date", True),
                      "dt": ("timestamp_ntz", True), "ts": ("timestamp", True), "ds": ("string", True)}
    # The feature of local timestamps is declared, as readers demand.
    protocol = readers.delta(table).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (3, 7)
    assert protocol.reader_features == ["timestampNtz"]


def test_plain_table_needs_no_features(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project)
    protocol = readers.delta(project.table("ods")).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)


def test_folders_are_those_of_hive(project, database):
    """The files read as a folder tree, by programs that know no log."""
    job(project)
    for day in range(11, 15):
        fill(database, *[(i, f"{day}") for i in range(day)])
        run(project, f"201611{day}")
    pattern = f"{project.table('ods')}/**/*.parquet"
    rows = duckdb.sql(f"SELECT ds, v, count(*) FROM read_parquet('{pattern}', hive_partitioning = true, "
                      f"hive_types_autocast = false) GROUP BY ALL ORDER BY ds").fetchall()
    assert rows == [(f"201611{day}", f"{day}", day) for day in range(11, 15)]
    tree = pyarrow.dataset.dataset(project.table("ods"), partitioning="hive", exclude_invalid_files=True,
                                   ignore_prefixes=["_", "."])
    assert tree.count_rows() == 11 + 12 + 13 + 14


def test_partition_pruning(project, database):
    job(project)
    for day in range(11, 15):
        fill(database, (day, "x"))
        run(project, f"201611{day}")
    table = readers.delta(project.table("ods"))
    assert len(table.file_uris()) == 4
    (file,) = table.to_pyarrow_dataset().get_fragments(filter=pyarrow.dataset.field("ds") == "20161113")
    assert "ds=20161113/" in file.path
    assert ids(project, partition={"ds": "20161113"}) == [13]
    assert ids(project, partition={"ds": "20161199"}) == []


def test_time_travel_to_before_an_overwrite(project, database):
    job(project)
    fill(database, (1, "old"), (2, "old"))
    run(project)
    fill(database, (3, "new"))
    result = run(project).json
    assert (result["version"], result["replaced_rows"]) == (1, 2)
    table = project.table("ods")
    assert readers.delta_rows(table) == [{"id": 3, "v": "new", "ds": "20161114"}]
    assert readers.delta_rows(table, version=0) == [{"id": 1, "v": "old", "ds": "20161114"},
                                                    {"id": 2, "v": "old", "ds": "20161114"}]
    assert readers.arrow_rows(table, version=0) == [{"id": 1, "v": "old"}, {"id": 2, "v": "old"}]
    history = readers.delta(table).history()
    assert [entry["operation"] for entry in history] == ["WRITE", "WRITE"]


# ---- Statistics -------------------------------------------------------------------------------------------

LONG = "common beginning of more than thirty-two characters "
STATISTICS = {
    "integers": ("v BIGINT", [-(2**63), -1, 0, 1, 2**63 - 1, None]),
    "unsigned": ("v BIGINT UNSIGNED", [0, 1, 2**63, 2**64 - 1, None]),
    "decimals": ("v DECIMAL(38,10)", [D("-9999999999999999999999999999.9999999999"), D("-0.0000000001"), D(0),
                                      D("9999999999999999999999999999.9999999999"), None]),
    "small_decimals": ("v DECIMAL(9,2)", [D("-9999999.99"), D("-100.10"), D("-9.00"), D("2.00"), D("10.00"), None]),
    "doubles": ("v DOUBLE", [-1.7976931348623157e308, -1.5, -0.0, 5e-324, 0.1, 1e300, None]),
    "floats": ("v FLOAT", [-3.5, 0.10000000149011612, 16777216.0, None]),
    "texts": ("v VARCHAR(200) COLLATE utf8mb4_bin", ["", " ", "A", "Z", "a", "z", "é", "日本", "🐟", None]),
    "long_texts": ("v VARCHAR(200) COLLATE utf8mb4_bin",
                   [LONG + "a", LONG + "é", LONG + "日本", LONG + "\U0010ffff", "\uffff" * 40, "~" * 40, None]),
    "dates": ("v DATE", [datetime.date(1, 1, 1), datetime.date(1969, 12, 31), datetime.date(1970, 1, 1),
                         datetime.date(9999, 12, 31), None]),
    # Bounds are kept in milliseconds; what is cut off must not cut rows off.
    "datetimes": ("v DATETIME(6)", [datetime.datetime(1, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
                                    datetime.datetime(2016, 11, 14, 8, 30, 0, 123456),
                                    datetime.datetime(2016, 11, 14, 8, 30, 0, 123999),
                                    datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), None]),
    "timestamps": ("v TIMESTAMP(6) NULL", [datetime.datetime(1970, 1, 2), datetime.datetime(2016, 11, 14, 8, 30, 0, 999999),
                                           datetime.datetime(2038, 1, 1, 0, 0, 0, 1), None]),
    "binaries": ("v VARBINARY(10)", [b"", b"\x00", b"a", b"\xff", None]),
    "bools": ("v BIT(1)", [False, True, None]),
    "all_null": ("v INT", [None, None]),
    "same": ("v INT", [7, 7, 7]),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics_of(name, project, database):
    """Each value lies in a file of its own, and once all in one: no filter on any of them loses a row."""
    definition, values = STATISTICS[name]
    database.execute("SET SESSION time_zone = '+00:00'")
    fill(database, *enumerate(values), columns=f"id INT PRIMARY KEY, {definition}")
    job(project, partition="part={part}", source={"columns": ["id", "v", "id AS part"]})
    run(project)
    project.job("one", source={"table": "t"}, target={"table": "one"})
    project.run("one")
    zone = UTC if name == "timestamps" else None
    values = [D(value) if name == "unsigned" and value is not None else
              value.replace(tzinfo=zone) if zone and value is not None else value for value in values]
    for folder in ("ods", "one"):
        table = readers.delta(project.table(folder))
        dataset = table.to_pyarrow_dataset()
        kind = dataset.schema.field("v").type
        field = pyarrow.dataset.field("v")
        for value in filter(lambda one: one is not None, values):
            scalar = pa.scalar(value, kind)
            for wanted, condition in ((lambda one: one == value, field == scalar), (lambda one: one <= value, field <= scalar),
                                      (lambda one: one >= value, field >= scalar)):
                expected = [i for i, one in enumerate(values) if one is not None and wanted(one)]
                assert sorted(dataset.to_table(filter=condition)["id"].to_pylist()) == expected, (folder, value)
        nulls = [i for i, one in enumerate(values) if one is None]
        assert sorted(dataset.to_table(filter=field.is_null())["id"].to_pylist()) == nulls
        for action in readers.log_actions(project.table(folder)):
            if "add" in action:
                check_statistics(json.loads(action["add"]["stats"]), table, action["add"]["path"], name)


def check_statistics(stats, table, path, name):
    rows = pyarrow.dataset.dataset(f"{table.table_uri.removeprefix('file://')}/{urllib.parse.unquote(path)}").to_table()
    values = [value for value in rows["v"].to_pylist() if value is not None]
    assert stats["numRecords"] == rows.num_rows
    assert stats["nullCount"]["v"] == rows.num_rows - len(values)
    assert stats["minValues"]["id"] == min(rows["id"].to_pylist())
    assert stats["maxValues"]["id"] == max(rows["id"].to_pylist())
    low, high = stats["minValues"].get("v"), stats["maxValues"].get("v")
    if not values or name == "binaries":
        assert low is None and high is None
        return
    if name in ("integers", "same", "bools"):
        assert (low, high) == (min(values), max(values))
    if name in ("texts", "long_texts"):
        assert low <= min(values) and high >= max(values)
    if name == "dates":
        assert (low, high) == (str(min(values)), str(max(values)))


# ---- Checkpoints ------------------------------------------------------------------------------------------


def test_checkpoint_carries_the_table(project, database):
    """After ten commits the log's beginning may go: delta-rs and weir itself read on from the checkpoint."""
    job(project)
    for i in range(12):
        fill(database, (i, f"run {i}"), (100 + i, None))
        assert run(project, f"201611{i % 4 + 11}").json["version"] == i
    table = project.table("ods")
    log = table / "_delta_log"
    assert (log / f"{10:020}.checkpoint.parquet").exists()
    assert json.loads((log / "_last_checkpoint").read_text())["version"] == 10
    before = readers.delta_rows(table)
    assert len(before) == 8
    for version in range(10):
        (log / f"{version:020}.json").unlink()
    assert readers.delta_rows(table) == before
    assert readers.delta(table).metadata().partition_columns == ["ds"]
    fill(database, (500, "after"))
    assert run(project, "20161111").json["version"] == 12
    assert ids(project, partition={"ds": "20161111"}) == [500]
    assert len(readers.delta_rows(table)) == 7
    # Removed files stay on record for those who clean up.
    assert ids(project, version=11) == sorted([8, 9, 10, 11, 108, 109, 110, 111])


def test_checkpoint_of_delta_rs(project, database):
    job(project)
    for i in range(3):
        fill(database, (i, "x"))
        run(project, f"201611{i + 11}")
    table = project.table("ods")
    readers.delta(table).create_checkpoint()
    for version in range(3):
        (table / "_delta_log" / f"{version:020}.json").unlink()
    fill(database, (7, "y"))
    assert run(project, "20161112").json["version"] == 3
    assert ids(project) == [0, 2, 7]


def test_damaged_checkpoint_is_passed_over(project, database):
    job(project)
    for i in range(11):
        fill(database, (i, "x"))
        run(project)
    log = project.table("ods") / "_delta_log"
    (log / f"{10:020}.checkpoint.parquet").write_bytes(b"PAR1 nothing PAR1")
    fill(database, (77, "y"))
    assert run(project).json["version"] == 11
    assert json.loads((log / f"{11:020}.json").read_text().splitlines()[0])


# ---- Schema changes ---------------------------------------------------------------------------------------


def test_new_column_is_added(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project, "20161113")
    database.execute("ALTER TABLE t ADD COLUMN extra DATETIME NULL AFTER id")
    database.execute("UPDATE t SET extra = '2016-11-14 01:02:03'")
    shown = project.weir("check", "ods", "--json").json["columns"]
    assert [column["target"] for column in shown if column["new"]] == ["extra"]
    run(project, "20161114")
    rows = readers.delta_rows(project.table("ods"))
    assert rows == [{"id": 1, "v": "a", "ds": "20161113", "extra": None},
                    {"id": 1, "v": "a", "ds": "20161114", "extra": datetime.datetime(2016, 11, 14, 1, 2, 3)}]
    # The new type needs a feature, and what the old protocol implied is still there.
    assert "timestampNtz" in readers.delta(project.table("ods")).protocol().writer_features
    run(project, "20161113")
    assert all(row["extra"] is not None for row in readers.delta_rows(project.table("ods")))


def test_new_column_is_ignored(project, database):
    fill(database, (1, "a"))
    job(project, new_columns="ignore")
    run(project)
    database.execute("ALTER TABLE t ADD COLUMN extra INT DEFAULT 5")
    assert run(project).json["warnings"] == []
    assert readers.delta_rows(project.table("ods")) == [{"id": 1, "v": "a", "ds": "20161114"}]


def test_new_column_is_an_error(project, database):
    fill(database, (1, "a"))
    job(project, new_columns="error")
    run(project)
    database.execute("ALTER TABLE t ADD COLUMN extra INT DEFAULT 5")
    for arguments in (["check", "ods"], ["run", "ods"]):
        assert '"extra"' in project.weir(*arguments, code=2).stderr
    assert readers.version(project.table("ods")) == 0


def test_column_that_went_away_is_null(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project, "20161113")
    database.execute("ALTER TABLE t DROP COLUMN v")
    assert run(project, "20161114").json["warnings"] == ['column "v" is not in the source: NULL in these rows']
    assert readers.delta_rows(project.table("ods")) == [{"id": 1, "v": None, "ds": "20161114"}, {"id": 1, "v": "a", "ds": "20161113"}]


def test_columns_that_come_and_go_are_warnings(project, database):
    """What a partition of a table or of the rows has no value for in the source is no loss."""
    fill(database, (1, "a", "b", "eu"), columns="id INT PRIMARY KEY, v VARCHAR(9), w VARCHAR(9), region VARCHAR(9)")
    job(project, partition="ds=${bizdate},region={region}")
    assert run(project).json["warnings"] == []
    assert run(project).json["warnings"] == []
    database.execute("ALTER TABLE t DROP v, DROP w, ADD extra INT, ADD more INT")
    lost = 'columns "v", "w" are not in the source: NULL in these rows'
    added = 'columns "extra", "more" are added to the table'
    report = project.weir("run", "ods", "--bizdate", "20161114").stderr.splitlines()
    assert [line for line in report if "warning" in line] == [f"  warning    {lost}", f"  warning    {added}"]
    assert run(project).json["warnings"] == [lost]


def test_a_warning_names_twenty_columns(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project)
    database.execute("ALTER TABLE t " + ", ".join(f"ADD c{n} INT" for n in range(23)))
    (warning,) = run(project).json["warnings"]
    assert warning.endswith('"c19" and 3 more are added to the table') and warning.startswith('columns "c0", "c1", ')


def test_columns_are_matched_by_name(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project, "20161113")
    database.execute("ALTER TABLE t CHANGE COLUMN v V VARCHAR(20) FIRST")
    run(project, "20161114")
    assert [row["v"] for row in readers.delta_rows(project.table("ods"))] == ["a", "a"]


# ---- Modes ------------------------------------------------------------------------------------------------


def test_append(project, database):
    fill(database, (1, "a"))
    job(project, mode="append")
    run(project)
    result = run(project).json
    assert result["version"] == 1 and result["replaced_rows"] in (0, None)
    assert ids(project) == [1, 1]


def test_whole_table_overwrite(project, database):
    fill(database, (1, "a"), (2, "b"))
    job(project, partition=None)
    assert run(project).json["partition"] == ""
    fill(database, (3, "c"))
    assert run(project).json["replaced_rows"] == 2
    assert readers.delta_rows(project.table("ods")) == [{"id": 3, "v": "c"}]
    fill(database)
    run(project)
    assert readers.delta_rows(project.table("ods")) == []


def test_partition_columns_must_match(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project)
    for partition in ("pt=${bizdate}", "ds=${bizdate},hour=01", None):
        job(project, partition=partition)
        result = project.weir("run", "ods", code=2)
        assert "partition" in result.stderr and "ds" in result.stderr
    assert readers.version(project.table("ods")) == 0


def test_two_literal_parts(project, database):
    fill(database, (1, "a"))
    for hour in ("00", "01"):
        job(project, partition="ds=${bizdate},hour=" + hour)
        run(project)
    run(project)
    assert readers.partitions(project.table("ods")) == [{"ds": "20161114", "hour": "00"}, {"ds": "20161114", "hour": "01"}]
    assert ids(project) == [1, 1]


def test_lifecycle_is_a_property_of_the_table(project, database):
    fill(database, (1, "a"))
    job(project, lifecycle=30)
    run(project)
    assert readers.delta(project.table("ods")).metadata().configuration == {"weir.lifecycle": "30"}
    job(project, lifecycle=60)
    run(project)
    assert readers.delta(project.table("ods")).metadata().configuration == {"weir.lifecycle": "60"}


# ---- Partitions from the rows -----------------------------------------------------------------------------

ODD = ["eu", "a/b", "a=b", "100%", "two words", "日本 🐟", "quote'\"", "back\\slash", "a:b", "%2F", "{x}", "[y]*?", "+plus+", "tab\tnew\nline",
       "..", ".", " lead", "trail ", "x" * 80, "#hash", "UPPER", "upper"]


def test_dynamic_partition_with_odd_values(project, database):
    fill(database, *enumerate(ODD), columns="id INT PRIMARY KEY, region VARCHAR(100) COLLATE utf8mb4_bin")
    job(project, partition="ds=${bizdate},region={region}")
    result = run(project).json
    assert (result["rows_written"], result["rows_dirty"]) == (len(ODD), 0)
    assert result["partitions"] == len(ODD)
    table = project.table("ods")
    expected = sorted(((i, value) for i, value in enumerate(ODD)))
    assert sorted((row["id"], row["region"]) for row in readers.delta_rows(table)) == expected
    assert sorted((row["id"], row["region"]) for row in readers.duckdb_rows(table)) == expected
    # Every file lies in its own folder below the table.
    folders = {path.parent for path in table.rglob("*.parquet")}
    assert len(folders) == len(ODD)
    assert all(folder.parent == table / "ds=20161114" for folder in folders)
    for i, value in enumerate(ODD):
        assert ids(project, partition={"region": value}) == [i]


def test_dynamic_partition_replaces_the_literal_part(project, database):
    """ds is named, region comes from the rows: the whole day is replaced, regions without rows included."""
    columns = "id INT PRIMARY KEY, region VARCHAR(10)"
    fill(database, (1, "eu"), (2, "us"), columns=columns)
    job(project, partition="ds=${bizdate},region={region}")
    run(project, "20161113")
    run(project, "20161114")
    fill(database, (3, "eu"), (4, "cn"), (5, "cn"), columns=columns)
    text = project.weir("run", "ods", "--bizdate", "20161114").stderr
    assert " ds=20161114,region={region} (2 partitions) version 2, replaced 2 rows\n" in text
    assert run(project, "20161114").json["partitions"] == 2
    fill(database, (3, "eu"), (4, "cn"), columns=columns)
    run(project, "20161114")
    assert ids(project, partition={"ds": "20161113"}) == [1, 2]
    assert ids(project, partition={"ds": "20161114"}) == [3, 4]


def test_all_parts_dynamic_replace_what_was_written(project, database):
    columns = "id INT PRIMARY KEY, region VARCHAR(10)"
    fill(database, (1, "eu"), (2, "us"), columns=columns)
    job(project, partition="region={region}")
    run(project)
    fill(database, (3, "eu"), columns=columns)
    run(project)
    assert ids(project) == [2, 3]
    fill(database, columns=columns)
    run(project)
    assert ids(project) == [2, 3]


def test_row_without_a_partition_is_dirty(project, database):
    fill(database, (1, "eu"), (2, None), (3, ""), columns="id INT PRIMARY KEY, region VARCHAR(10)")
    project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate},region={region}"}, dirty_limit=2)
    result = run(project).json
    assert (result["rows_written"], result["rows_dirty"]) == (1, 2)
    lines = [json.loads(line) for line in pathlib.Path(result["reject_file"]).read_text().splitlines()]
    assert {(line["key"]["id"], line["column"], line["reason"]) for line in lines} == \
        {(2, "region", "cannot name a partition"), (3, "region", "cannot name a partition")}


def test_dynamic_partition_of_another_name_and_type(project, database):
    fill(database, (1, datetime.date(2016, 11, 14)), (2, datetime.date(2016, 11, 15)), columns="id INT PRIMARY KEY, d DATE")
    job(project, partition="day={d}")
    run(project)
    assert readers.partitions(project.table("ods")) == [{"day": "2016-11-14"}, {"day": "2016-11-15"}]
    assert readers.delta_rows(project.table("ods")) == [{"id": 1, "d": datetime.date(2016, 11, 14), "day": "2016-11-14"},
                                                        {"id": 2, "d": datetime.date(2016, 11, 15), "day": "2016-11-15"}]


def test_number_of_partitions(project, database):
    fill(database, (1, "a"))
    job(project)
    assert run(project).json["partitions"] == 1
    text = project.weir("run", "ods", "--bizdate", "20161114").stderr
    assert " ds=20161114 version 1, replaced 1 row\n" in text
    fill(database)
    assert run(project).json["partitions"] == 1
    project.job("whole", source={"table": "t"}, target={"table": "whole"})
    assert project.run("whole").json["partitions"] == 0
    project.job("rows", source={"table": "t"}, target={"table": "rows", "partition": "v={v}"})
    assert project.run("rows").json["partitions"] == 0


@pytest.mark.parametrize("text, hint", [
    ("ds={bizdate}", "Did you mean \"${bizdate}\"?"), ("ds={yyyymmdd-1}", "Did you mean \"${yyyymmdd-1}\"?"),
    ("ds={batch}", "Did you mean \"${batch}\"?"), ("ds={idd}", "Did you mean \"{id}\"?")])
def test_braces_that_were_meant_as_a_parameter(text, hint, project, database, weir, tmp_path):
    fill(database, (1, "a"))
    project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": text}, args={"batch": "7"})
    for arguments in (["check", "ods"], ["run", "ods"]):
        result = project.weir(*arguments, code=2)
        assert "which the source does not have" in result.stderr and hint in result.stderr
    if "batch" not in text:
        assert hint in weir("copy", database.url("t"), tmp_path / "copied", "--partition", text, code=2).stderr


@pytest.mark.parametrize("partition", ["ds=a/b", "ds=a=b", "ds=", "ds", "=x", "ds=1,ds=2", "ds={nothing}"])
def test_partition_text_that_cannot_be(partition, project, database):
    fill(database, (1, "a"))
    job(project, partition=partition)
    project.weir("run", "ods", code=2)
    assert not project.table("ods").exists()


# ---- Tables of other writers ------------------------------------------------------------------------------


def foreign(project, rows, **options):
    deltalake.write_deltalake(str(project.table("ods")), rows, **options)


def test_table_of_delta_rs_is_appended_and_overwritten(project, database):
    foreign(project, pa.table({"id": pa.array([1, 2], pa.int64()), "v": ["x", "y"], "ds": ["20161113", "20161114"]}),
            partition_by=["ds"])
    fill(database, (5, "five"))
    job(project, mode="append")
    run(project, "20161113")
    job(project)
    assert run(project, "20161114").json["replaced_rows"] == 1
    assert readers.delta_rows(project.table("ods")) == [{"id": 1, "v": "x", "ds": "20161113"}, {"id": 5, "v": "five", "ds": "20161113"},
                                                        {"id": 5, "v": "five", "ds": "20161114"}]
    # And back: delta-rs goes on in what weir wrote.
    foreign(project, pa.table({"id": pa.array([9], pa.int64()), "v": ["z"], "ds": ["20161114"]}), mode="append")
    assert ids(project, partition={"ds": "20161114"}) == [5, 9]
    run(project, "20161114")
    assert ids(project, partition={"ds": "20161114"}) == [5]
    table = readers.delta(project.table("ods"))
    table.optimize.compact()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    table.delete("id = 1")
    run(project, "20161115")
    assert [row["ds"] for row in readers.delta_rows(project.table("ods"))] == ["20161113", "20161114", "20161115"]


def test_partition_column_of_another_type(project, database):
    foreign(project, pa.table({"id": [1], "v": ["x"], "day": [datetime.date(2016, 11, 14)]}), partition_by=["day"])
    fill(database, (5, "five"))
    job(project, partition="day=$[yyyy-mm-dd-1]")
    run(project)
    job(project, partition="day=2016-11-14")
    assert run(project).json["replaced_rows"] == 1
    assert (5, datetime.date(2016, 11, 14)) in [(row["id"], row["day"]) for row in readers.delta_rows(project.table("ods"))]
    job(project, partition="day=yesterday")
    assert "yesterday" in project.weir("run", "ods", code=2).stderr


def test_odd_partition_values_of_delta_rs_are_found(project, database):
    foreign(project, pa.table({"id": list(range(len(ODD))), "region": ODD}), partition_by=["region"])
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, region VARCHAR(100) COLLATE utf8mb4_bin)")
    database.executemany("INSERT INTO t VALUES (%s, %s)", [(100 + i, value) for i, value in enumerate(ODD)])
    job(project, partition="region={region}")
    assert run(project).json["replaced_rows"] == len(ODD)
    assert ids(project) == [100 + i for i in range(len(ODD))]


def respell(project, old, new):
    """Another writer's spelling of a partition value; the files stay where they are."""
    def change(actions):
        for action in actions:
            values = action.get("add", {}).get("partitionValues", {})
            values.update({key: new for key in values if values[key] == old})
        return actions
    edit_log(project, change)


# Type of the partition column, its two values, how delta-rs spells the first, how others do, a column of the source.
SPELLINGS = {
    "integer": (pa.int32(), [7, 8], "7", ["7", "007"], "INT"),
    "boolean": (pa.bool_(), [True, False], "true", ["true", "TRUE"], "BIT(1)"),
    "date": (pa.date32(), [datetime.date(2016, 11, 14), datetime.date(2016, 11, 15)], "2016-11-14", ["2016-11-14"], "DATE"),
    "decimal": (pa.decimal128(20, 10), [D("0.0000001"), D("1")], "0.0000001000", ["0.0000001000", "0.0000001", "1E-7"],
                "DECIMAL(20,10)"),
    "timestamp_ntz": (pa.timestamp("us"), [datetime.datetime(2016, 11, 14), datetime.datetime(2016, 11, 14, 1, 2, 3, 500000)],
                      "2016-11-14 00:00:00.000000", ["2016-11-14 00:00:00.000000", "2016-11-14 00:00:00"], "DATETIME(6)"),
}


@pytest.mark.parametrize("name, theirs", [(name, text) for name, case in SPELLINGS.items() for text in case[3]])
@pytest.mark.parametrize("is_dynamic", [False, True], ids=["literal", "dynamic"])
def test_typed_partition_of_delta_rs_is_replaced(name, theirs, is_dynamic, project, database):
    """However its value is written in the log: the rows of one partition are never there twice."""
    kind, values, spelled, _, source = SPELLINGS[name]
    foreign(project, pa.table({"id": pa.array([1, 2], pa.int32()), "p": pa.array(values, kind)}), partition_by=["p"])
    respell(project, spelled, theirs)
    if is_dynamic:
        fill(database, (5, values[0]), columns=f"id INT PRIMARY KEY, p {source}")
        job(project, partition="p={p}")
    else:
        database.execute("CREATE TABLE t AS SELECT 5 AS id")
        job(project, partition=f"p={spelled}")
    for _ in range(2):
        assert run(project).json["replaced_rows"] == 1
        rows = readers.delta(project.table("ods")).to_pyarrow_table().to_pylist()
        assert sorted((row["id"], row["p"]) for row in rows) == [(2, values[1]), (5, values[0])]


@pytest.mark.parametrize("kind, value", [
    (pa.timestamp("us", tz="UTC"), datetime.datetime(2016, 11, 14, tzinfo=UTC)), (pa.float64(), 0.5), (pa.float32(), 0.5),
    (pa.binary(), b"abc")], ids=["timestamp", "double", "float", "binary"])
def test_partition_type_without_one_spelling_is_refused(kind, value, project, database):
    foreign(project, pa.table({"id": pa.array([1], pa.int32()), "p": pa.array([value], kind)}), partition_by=["p"])
    fill(database, (5, "0.5"), columns="id INT PRIMARY KEY, v VARCHAR(20)")
    for partition in ("p=0.5", "p={v}"):
        job(project, partition=partition, source={"columns": ["id"] if partition == "p=0.5" else ["id", "v"]})
        for arguments in (["check", "ods"], ["run", "ods"]):
            result = project.weir(*arguments, code=2)
            assert 'partition column "p" is' in result.stderr and "hint" in result.stderr
    assert readers.version(project.table("ods")) == 0


def test_partition_value_that_cannot_be_read(project, database):
    foreign(project, pa.table({"id": pa.array([1, 2], pa.int32()), "p": pa.array([7, 8], pa.int32())}), partition_by=["p"])
    respell(project, "8", "eight")
    database.execute("CREATE TABLE t AS SELECT 5 AS id")
    job(project, partition="p=7")
    for arguments in (["check", "ods"], ["run", "ods"]):
        result = project.weir(*arguments, code=4)
        assert '"eight"' in result.stderr and "integer" in result.stderr and "hint" in result.stderr
    job(project, partition="p=7", mode="append")
    run(project)


def test_null_partition_of_delta_rs_stays(project, database):
    foreign(project, pa.table({"id": [1, 2], "v": ["x", "y"], "ds": pa.array([None, "20161114"], pa.string())}), partition_by=["ds"])
    fill(database, (5, "five"))
    job(project)
    run(project)
    assert ids(project) == [1, 5]


def edit_log(project, change):
    """Rewrites the actions of version 0."""
    path = project.table("ods") / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(action) + "\n" for action in change(actions)))


def with_protocol(reader, writer, reader_features=None, writer_features=None, configuration=None):
    def change(actions):
        for action in actions:
            if "protocol" in action:
                action["protocol"] = {"minReaderVersion": reader, "minWriterVersion": writer}
                if reader_features is not None:
                    action["protocol"]["readerFeatures"] = reader_features
                if writer_features is not None:
                    action["protocol"]["writerFeatures"] = writer_features
            if "metaData" in action:
                action["metaData"]["configuration"] = configuration or {}
        return actions
    return change


REFUSED = {
    "deletion_vectors": (with_protocol(3, 7, ["deletionVectors"], ["deletionVectors"], {"delta.enableDeletionVectors": "true"}),
                         "deletionVectors"),
    "column_mapping": (with_protocol(2, 5, configuration={"delta.columnMapping.mode": "name"}), "columnMapping"),
    "column_mapping_feature": (with_protocol(3, 7, ["columnMapping"], ["columnMapping"], {"delta.columnMapping.mode": "id"}),
                               "columnMapping"),
    "unknown_reader_feature": (with_protocol(3, 7, ["timeMachine"], ["timeMachine"]), "timeMachine"),
    "unknown_writer_feature": (with_protocol(1, 7, None, ["timeMachine"]), "timeMachine"),
    "row_tracking": (with_protocol(1, 7, None, ["rowTracking"], {"delta.enableRowTracking": "true"}), "rowTracking"),
    "reader_of_the_future": (with_protocol(4, 7), "4"),
    "writer_of_the_future": (with_protocol(3, 8, [], []), "8"),
    "change_data_feed": (with_protocol(1, 4, configuration={"delta.enableChangeDataFeed": "true"}), "changeDataFeed"),
    "check_constraints": (with_protocol(1, 3, configuration={"delta.constraints.positive": "id > 0"}), "checkConstraints"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_feature_is_refused(name, project, database):
    change, said = REFUSED[name]
    fill(database, (1, "a"))
    job(project)
    run(project)
    edit_log(project, change)
    files = sorted(project.table("ods").rglob("*"))
    for arguments in (["check", "ods"], ["run", "ods"]):
        result = project.weir(*arguments, code=4)
        assert said in result.stderr and "hint" in result.stderr
    assert sorted(project.table("ods").rglob("*")) == files


@pytest.mark.parametrize("change", [
    with_protocol(1, 7, None, ["appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns"]),
    with_protocol(2, 5), with_protocol(3, 7, ["columnMapping"], ["columnMapping"]), with_protocol(1, 6),
], ids=["listed-but-unused", "legacy", "mapping-none", "writer-6"])
def test_features_that_are_not_used_do_no_harm(change, project, database):
    fill(database, (1, "a"))
    job(project)
    run(project)
    edit_log(project, change)
    assert run(project).json["version"] == 1


def test_append_only_table(project, database):
    fill(database, (1, "a"))
    job(project)
    run(project)
    edit_log(project, with_protocol(1, 2, configuration={"delta.appendOnly": "true"}))
    result = project.weir("run", "ods", code=4)
    assert "append-only" in result.stderr and "mode: append" in result.stderr
    assert readers.version(project.table("ods")) == 0
    assert len(readers.files_on_disk(project.table("ods"))) == 1
    job(project, mode="append")
    assert run(project).json["version"] == 1
    assert ids(project) == [1, 1]


# ---- Damage -----------------------------------------------------------------------------------------------

DAMAGE = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "not_json": lambda path: path.write_text("this is no JSON\n"),
    "empty": lambda path: path.write_text(""),
    "list": lambda path: path.write_text("[1, 2]\n"),
    "nul_bytes": lambda path: path.write_bytes(bytes(300)),
    "gone": lambda path: path.unlink(),
    "no_metadata": lambda path: path.write_text('{"commitInfo": {}}\n'),
    "number_for_path": lambda path: path.write_text(path.read_text().replace('"path":"', '"path":5,"x":"')),
    "deep": lambda path: path.write_text("[" * 100_000 + "\n"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_log(name, project, database):
    fill(database, (1, "a"))
    job(project)
    run(project)
    run(project)
    path = project.table("ods") / "_delta_log" / f"{0:020}.json"
    DAMAGE[name](path)
    files = {file: file.stat().st_mtime_ns for file in project.table("ods").rglob("*") if file.is_file()}
    for arguments in (["check", "ods"], ["run", "ods"]):
        result = project.weir(*arguments, code=4)
        assert "hint" in result.stderr and str(project.table("ods")) in result.stderr
    assert {file: file.stat().st_mtime_ns for file in project.table("ods").rglob("*") if file.is_file()} == files


def test_lake_that_is_a_file(project, database):
    fill(database, (1, "a"))
    job(project)
    (project.dir / "lake").write_text("not a folder")
    result = project.weir("run", "ods", code=4)
    assert "lake" in result.stderr and "hint" in result.stderr
    assert (project.dir / "lake").read_text() == "not a folder"


@pytest.mark.parametrize("what", ["table", "log"])
def test_table_or_log_that_is_a_file(what, project, database):
    fill(database, (1, "a"))
    job(project)
    path = project.table("ods") / ("_delta_log" if what == "log" else "")
    path.parent.mkdir(parents=True)
    path.write_text("not a folder")
    result = project.weir("run", "ods", code=4)
    assert "is a file" in result.stderr and "hint" in result.stderr


def test_folder_with_other_files(project, database):
    fill(database, (1, "a"))
    job(project)
    project.table("ods").mkdir(parents=True)
    (project.table("ods") / "holiday.jpg").write_bytes(b"...")
    result = project.weir("run", "ods", code=4)
    assert "holiday.jpg" in result.stderr
    assert [path.name for path in project.table("ods").iterdir()] == ["holiday.jpg"]


def test_table_with_an_odd_name(project, database):
    fill(database, (1, "a"))
    project.job("ods", source={"table": "t"}, target={"table": "ods täble #1 & 'q'", "partition": "ds=${bizdate}"})
    run(project)
    table = project.table("ods täble #1 & 'q'")
    assert [json.loads(line) for line in (table / "_delta_log" / f"{0:020}.json").read_text().splitlines()]
    assert sorted(path.name for path in table.iterdir()) == ["_delta_log", "ds=20161114"]


def test_large_table_in_several_files(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(64))")
    tables.fill(database, "t", "n, SHA2(n, 256)", 60_000)
    job(project, file_size="1MiB", row_group_rows=4096)
    result = run(project).json
    assert result["files"] > 1
    assert len(readers.active_files(project.table("ods"))) == result["files"]
    assert ids(project) == list(range(60_000))

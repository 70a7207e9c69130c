"""Slices: whatever the key, every row is in exactly one of them, and none is much larger than the others.

Each case says how a table is filled; the rules are then checked in three ways: the conditions that `weir check` prints are
tried on every row by another client, their sizes are compared, and a run with several readers gives the table's rows,
each once.
"""

import pytest
import readers
import tables

ROWS = 100_000
THREADS = 4


class Case:
    def __init__(self, columns, values, *, rows=ROWS, split=None, balance=2.0, slices=4):
        self.columns = columns        # of CREATE TABLE
        self.values = values          # expressions over n
        self.rows = rows
        self.split = split            # the job's `split`
        self.balance = balance        # the largest slice may be so many times the mean
        self.slices = slices          # at least so many


LAST = ROWS - 1
WORDS = "ELT(1 + n % 6, 'abc', 'ABC', 'Abc', 'äbc', 'ABĆ', 'aBc ')"

CASES = {
    "integer": Case("id INT PRIMARY KEY", "n"),
    "signed": Case("id INT PRIMARY KEY", f"n * 3 - {ROWS}"),
    "unsigned_bigint_at_the_top": Case("id BIGINT UNSIGNED PRIMARY KEY", "18446744073709551615 - CAST(n AS UNSIGNED) * 7"),
    "whole_range_of_bigint": Case("id BIGINT PRIMARY KEY",
                                  f"CASE n WHEN 0 THEN -9223372036854775808 WHEN {LAST} THEN 9223372036854775807 "
                                  f"ELSE (n - {ROWS // 2}) * 141000000000000 END"),
    # Nine in ten rows lie in a ten-millionth of the key's span.
    "one_hot_range": Case("id BIGINT PRIMARY KEY",
                          f"IF(n < {ROWS * 9 // 10}, 500000000000 + n, n * 1000000000)"),
    "gaps": Case("id BIGINT PRIMARY KEY", "n % 1000 + (n DIV 1000) * 1000000000000"),
    "outlier": Case("id BIGINT PRIMARY KEY", f"IF(n = {LAST}, 9223372036854775807, n)"),
    "tinyint_first": Case("a TINYINT, id INT, PRIMARY KEY (a, id)", "n % 3, n"),
    "composite_with_one_big_tenant": Case("tenant INT, id INT, PRIMARY KEY (tenant, id)",
                                          "IF(n % 20 = 0, n % 500, 7), n"),
    "composite_texts": Case("a VARCHAR(20), b VARCHAR(40), PRIMARY KEY (a, b)",
                            "ELT(1 + n % 2, 'left', 'Right'), CONCAT('user-', n)"),
    "decimal": Case("id DECIMAL(30,6) PRIMARY KEY", f"(n - {ROWS // 2}) * 12345678901234.567891"),
    "date": Case("d DATE, id INT, PRIMARY KEY (d, id)", "'1990-01-01' + INTERVAL n % 9000 DAY, n"),
    "datetime": Case("d DATETIME(6), id INT, PRIMARY KEY (d, id)",
                     "'2016-11-14 00:00:00.5' + INTERVAL n * 1000003 MICROSECOND, n"),
    "year_and_time": Case("y YEAR, t TIME(3), id INT, PRIMARY KEY (y, t, id)",
                          "1990 + n % 40, SEC_TO_TIME(n % 70000 - 35000), n"),
    "binary_uuid": Case("id BINARY(16) PRIMARY KEY", "UNHEX(LEFT(SHA2(n, 256), 32))"),
    "varbinary_with_quotes": Case("id VARBINARY(40) PRIMARY KEY",
                                  "CONCAT(CHAR(n % 256), UNHEX('00275C'), n)"),
    "char_uuid": Case("id CHAR(36) CHARACTER SET ascii PRIMARY KEY",
                      "INSERT(INSERT(INSERT(INSERT(LEFT(SHA2(n, 256), 32), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-')"),
    "text_with_common_prefix": Case("id VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY",
                                    "CONCAT('https://example.invalid/shop/product/', LPAD(n, 9, '0'))"),
    "text_in_latin1": Case("id VARCHAR(80) CHARACTER SET latin1 COLLATE latin1_german1_ci PRIMARY KEY",
                           "CONCAT(ELT(1 + n % 5, 'ä', 'b', 'Ö', 'z', '~'), LEFT(SHA2(n, 256), 32))", balance=3.0),
    # Equal for the collation, different for everybody else; in an index that is not unique.
    "text_equal_but_for_case": Case(
        "id INT PRIMARY KEY, name VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, KEY (name)",
        f"n, CONCAT({WORDS}, IF(n % 3 = 0, '', n DIV 10))", split="name",
        balance=3.2),     # a third of all rows has one value
    "text_all_equal": Case(
        "id INT PRIMARY KEY, name VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, KEY (name)",
        "n, ELT(1 + n % 2, 'Same', 'same')", split="name", slices=1, balance=20),
    "text_of_all_scripts": Case(
        "id INT PRIMARY KEY, name VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, KEY (name)",
        "n, CONCAT(CHAR(ELT(1 + n % 5, 0x61, 0x5a, 0xe6b0b4, 0xd094, 0xf09f909f) USING utf8mb4), "
        "LEFT(SHA2(n, 256), 32))", split="name", balance=3.0),
    "nullable_split": Case("id INT PRIMARY KEY, v INT NULL, KEY (v)", "n, IF(n % 4 = 0, NULL, n DIV 3)", split="v",
                           balance=2.5),     # NULLs are one slice
    "nullable_text_split": Case("id INT PRIMARY KEY, v VARCHAR(30) NULL, KEY (v)",
                                "n, IF(n % 4 = 0, NULL, LEFT(SHA2(n DIV 3, 256), 32))", split="v", balance=2.5),
    "split_all_null": Case("id INT PRIMARY KEY, v INT NULL, KEY (v)", "n, NULL", split="v", slices=1, balance=20),
    "unique_key_only": Case("id INT NOT NULL, other INT, UNIQUE KEY (id)", "n, 1"),
    "zero_dates": Case("d DATE NOT NULL, id INT, PRIMARY KEY (d, id)",
                       "IF(n % 3 = 0, '0000-00-00', '2016-01-01' + INTERVAL n % 1000 DAY), n", balance=3.2),
    "text_in_mysql_default": Case("id VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci PRIMARY KEY",
                                  "CONCAT(ELT(1 + n % 4, 'é', 'B', 'zoo ', '日'), n)", balance=3.0,
                                  slices=3),
    "bigint_at_the_bottom": Case("id BIGINT PRIMARY KEY", "-9223372036854775808 + n * 5"),
}
MYSQL_ONLY = {"text_in_mysql_default"}


def make(database, case):
    """The case's columns, and one more: `row_no`, 0 .. rows - 1, tells the rows apart."""
    database.execute("SET SESSION sql_mode = ''")
    database.execute(f"CREATE TABLE t ({case.columns}, row_no INT NOT NULL)")
    tables.fill(database, "t", f"{case.values}, n", case.rows)
    assert database.query("SELECT COUNT(*) FROM t") == [(case.rows,)]


def check_slices(database, slices, case):
    """Disjoint and complete, by the word of another client on the same rows."""
    conditions = [one["condition"] or "TRUE" for one in slices]
    assert len(set(conditions)) == len(conditions)
    # One pass: how many conditions hold for each row, and for how many rows each one holds.
    holds = [f"COALESCE(({condition}), FALSE)" for condition in conditions]
    sums = database.query(f"SELECT SUM({' + '.join(holds)} <> 1), " + ", ".join(f"SUM({one})" for one in holds) + " FROM t")
    wrong, *counts = map(int, sums[0])
    assert wrong == 0, "rows in no slice, or in two"
    assert sum(counts) == case.rows
    assert len(counts) >= case.slices, f"{len(counts)} slices"
    assert max(counts) <= case.balance * case.rows / len(counts), f"slices of {sorted(counts)} rows"


# Cutting asks the server's optimizer and its collations, so MySQL is asked as well; what differs by the key's type only,
# MariaDB answers for both.
BOTH = {"integer", "unsigned_bigint_at_the_top", "one_hot_range", "composite_with_one_big_tenant", "decimal", "datetime",
        "binary_uuid", "text_equal_but_for_case", "text_of_all_scripts", "nullable_split", "nullable_text_split", "zero_dates"}
PLACES = [("mariadb", name) for name in CASES if name not in MYSQL_ONLY] + \
         [("mysql", name) for name in CASES if name in BOTH | MYSQL_ONLY]


@pytest.mark.parametrize("kind, name", PLACES)
def test_slices_by(kind, name, request, make_project, make_database):
    case = CASES[name]
    database = make_database(request.getfixturevalue(kind))
    project = make_project("project", database.datasource())
    make(database, case)
    source = {"table": "t", **({"split": case.split} if case.split else {})}
    project.job("ods", source=source, target={"table": "ods"}, threads=THREADS)
    check_slices(database, project.weir("check", "ods", "--json").json["slices"], case)
    result = project.run("ods").json
    assert (result["rows_written"], result["warnings"]) == (case.rows, [])
    copied = readers.delta_arrow(project.table("ods"), columns=["row_no"])["row_no"]
    assert len(copied) == case.rows
    assert sorted(copied.to_pylist()) == list(range(case.rows))


@pytest.fixture
def database(mariadb, make_database):
    return make_database(mariadb)


@pytest.fixture
def project(database, make_project):
    return make_project("project", database.datasource())


@pytest.mark.parametrize("threads", [1, 2, 8, 64])
def test_number_of_threads(threads, project, database):
    """More threads than slices is no harm; the rows are the same."""
    case = Case("id INT PRIMARY KEY", "n * 7")
    make(database, case)
    project.job("ods", source={"table": "t"}, target={"table": "ods"})
    result = project.run("ods", "--threads", threads).json
    assert result["rows_written"] == case.rows
    assert 1 <= result["readers"] <= min(threads, result["slices"])
    assert sorted(readers.delta_arrow(project.table("ods"))["row_no"].to_pylist()) == list(range(case.rows))


def test_condition_is_kept_in_every_slice(project, database):
    case = Case("id INT PRIMARY KEY, v INT, KEY (v)", "n, n % 10")
    make(database, case)
    # The OR would let rows of other slices in, were it not in parentheses.
    project.job("ods", source={"table": "t", "where": "v = 3 OR v > 5"}, target={"table": "ods"}, threads=THREADS)
    project.run("ods")
    found = sorted(readers.delta_arrow(project.table("ods"))["row_no"].to_pylist())
    assert found == [n for n in range(case.rows) if n % 10 == 3 or n % 10 > 5]


@pytest.mark.parametrize("split, said", [("nothing", "nothing"), ("row_no", "no index")])
def test_split_that_cannot_be(split, said, project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, row_no INT)")
    project.job("ods", source={"table": "t", "split": split}, target={"table": "ods"})
    for arguments in (["check", "ods"], ["run", "ods"]):
        assert said in project.weir(*arguments, code=2).stderr


def test_few_large_rows(mariadb, mysql, make_database, make_project):
    """What makes a slice worthwhile is also its bytes: these are 300 rows, and 60 MB."""
    for server in (mariadb, mysql):
        database = make_database(server)
        database.execute("CREATE TABLE t (id INT PRIMARY KEY, body LONGTEXT NOT NULL)")
        tables.fill(database, "t", "n * 3, REPEAT(CHAR(97 + n % 26), 200000)", 300)
        project = make_project(f"large-{server.kind}", database.datasource())
        project.job("ods", source={"table": "t"}, target={"table": "ods"})
        result = project.run("ods", "--threads", 2).json
        assert (result["rows_written"], result["readers"]) == (300, 2)
        assert 2 <= result["slices"] <= 12
        copied = readers.delta_arrow(project.table("ods"))
        found = sorted(zip(copied["id"].to_pylist(), copied["body"].to_pylist()))
        assert found == [(n * 3, chr(97 + n % 26) * 200_000) for n in range(300)]


# ---- What check says of them ------------------------------------------------------------------------------


@pytest.fixture
def on_both(database, mysql, make_database, make_project):
    """A (database, project) of each server."""
    return [(each, make_project(each.server.kind, each.datasource())) for each in (database, make_database(mysql))]


def checked(project, threads=4, **source):
    """The plan as JSON and as text; the run's warnings are those of the plan."""
    target = "_".join(source.get("columns", [source.get("table", "query")]))
    project.job("ods", source=source, target={"table": target}, threads=threads)
    plan = project.weir("check", "ods", "--json", "--bizdate", "20161114").json
    text = project.weir("check", "ods", "--bizdate", "20161114").stdout
    for kind, word in (("warnings", "warning"), ("notes", "note")):
        assert [line.split(None, 1)[1] for line in text.splitlines() if line.startswith(f"  {word} ")] == plan[kind]
    result = project.run("ods", "--bizdate", "20161114").json
    assert result["warnings"] == ["; ".join(plan["warnings"])] * bool(plan["warnings"])
    assert result["readers"] <= plan["readers"] and result["slices"] == len(plan["slices"])
    return plan, text


def test_check_warns_as_the_run_does(on_both):
    for database, project in on_both:
        database.execute("CREATE TABLE keyless (v INT)")
        tables.fill(database, "keyless", "n", 300_000)
        database.execute("CREATE TABLE plain (id INT PRIMARY KEY) ENGINE=MyISAM")
        database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        tables.fill(database, "t", "n", 100_000)
        database.execute("CREATE VIEW seen AS SELECT * FROM t")
        plan, text = checked(project, table="keyless")
        assert len(plan["warnings"]) == 1 and "keyless has no key" in plan["warnings"][0] and plan["notes"] == []
        assert "  1 slice, 1 reader\n" in text
        plan, _ = checked(project, table="plain")
        assert len(plan["warnings"]) == 1 and "MyISAM" in plan["warnings"][0] and plan["notes"] == []
        for source, said in (({"table": "seen"}, "seen is read in one piece"),
                             ({"query": "SELECT * FROM t"}, "the query is read in one piece"),
                             ({"table": "t", "where": "id < 100"}, "too few")):
            plan, text = checked(project, **source)
            assert plan["warnings"] == [] and len(plan["notes"]) == 1 and said in plan["notes"][0], plan
            assert "  1 slice, 1 reader\n" in text
        plan, text = checked(project, table="t")
        assert (plan["warnings"], plan["notes"], plan["readers"]) == ([], [], 4)
        assert f"  {len(plan['slices'])} slices, at most 4 readers, largest first\n" in text
        plan, text = checked(project, threads=1, table="seen")
        assert (plan["notes"], plan["readers"]) == ([], 1)      # as it was asked for


def test_estimates_know_the_condition_or_say_so(on_both):
    for database, project in on_both:
        database.execute("CREATE TABLE t (id INT PRIMARY KEY, plain DATETIME NOT NULL, quick DATETIME NOT NULL, kind INT NOT NULL,"
                         " KEY (quick), KEY (kind))")
        times = "'2016-11-01' + INTERVAL n * 10 SECOND"
        tables.fill(database, "t", f"n, {times}, {times}, n % 100", 260_000)
        # No index helps: the estimate is the table's, and is said to be.
        plan, text = checked(project, table="t", incremental="plain")
        assert len(plan["slices"]) > 1 and all(one["at_most"] for one in plan["slices"])
        assert sum(one["rows"] for one in plan["slices"]) > 200_000
        assert text.count("(at most about ") == len(plan["slices"])
        # The optimizer looked into an index: 8640 rows of the day are one slice, though the table is large.
        for source in ({"incremental": "quick"}, {"where": "kind = 3"}, {"where": "kind IN (3, 5)"},
                       {"incremental": "quick", "split": "id"}, {"where": "id BETWEEN 1000 AND 5000"}):
            plan, text = checked(project, table="t", **source)
            (one,) = plan["slices"]
            assert not one["at_most"] and 1000 < one["rows"] < 20_000, (source, one)
            assert "(about " in text and "too few" in plan["notes"][0]
        # More than that is cut, into no more slices than it is worth, though another key is cut.
        plan, _ = checked(project, table="t", columns=["id", "quick"], where="quick < '2016-11-08'", split="id", threads=16)
        assert 1 < len(plan["slices"]) <= 8
        assert not any(one["at_most"] for one in plan["slices"])
        assert 30_000 < sum(one["rows"] for one in plan["slices"]) < 140_000
        # What is first in the server's plan need not be the table.
        database.execute("CREATE TABLE few (id INT PRIMARY KEY)")
        database.execute("INSERT INTO few VALUES (1), (2)")
        plan, _ = checked(project, table="t", where="id NOT IN (SELECT id FROM few)")
        assert len(plan["slices"]) > 1
        plan, _ = checked(project, table="t", where="id IN (SELECT id FROM few)")
        assert all(one["at_most"] for one in plan["slices"])

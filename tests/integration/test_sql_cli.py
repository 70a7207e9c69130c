"""What a person or a script meets in `weir sql`: where statements come from, output formats, errors, the prompt.

Expected values are constants; CSV and JSON are read back with Python's own readers.
"""

import csv
import io
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import time

import pytest

ROWS = """SELECT * FROM (VALUES (1, 'a', 1.50::DECIMAL(10,2)), (-20, NULL, NULL), (300, '', 0.25::DECIMAL(10,2)))
          t(id, name, d)"""


@pytest.fixture
def sql(weir, tmp_path):
    """sql("SELECT 1", "--format", "csv") runs it on the lake tmp_path/lake."""
    def run(text, *args, **options):
        return weir("sql", "--lake", tmp_path / "lake", "-e", text, *args, **options)
    return run


# ---- formats ----------------------------------------------------------------------------------------------


def test_a_table_is_aligned(sql):
    said = sql(ROWS)
    assert said.stdout.splitlines() == [
        " id  | name | d",
        "-----+------+------",
        "   1 | a    | 1.50",
        " -20 | NULL | NULL",
        " 300 |      | 0.25",
        "(3 rows)"]
    assert said.stderr == ""


def test_wide_characters_and_lines_keep_their_columns(sql):
    said = sql("SELECT '中文' AS a, 1 AS b UNION ALL SELECT 'x' || chr(10) || 'yz', 22 ORDER BY b")
    assert said.stdout.splitlines() == [
        " a    | b",
        "------+----",
        " 中文 |  1",
        " x    | 22",
        " yz   |",
        "(2 rows)"]


def test_a_result_without_rows_has_its_head(sql):
    assert sql("SELECT 1 AS one WHERE false").stdout.splitlines() == [" one", "-----", "(0 rows)"]
    assert sql("SELECT 1 AS one WHERE false", "--format", "csv").stdout.splitlines() == ["one"]
    assert sql("SELECT 1 AS one WHERE false", "--format", "json").stdout == ""


def test_csv_is_read_back(sql):
    said = sql("""SELECT 'a,b' AS "x,y", 'say "hi"' AS q, 'l1' || chr(10) || 'l2' AS l, NULL AS n, '' AS e, 7 AS i""",
               "--format", "csv")
    rows = list(csv.reader(io.StringIO(said.stdout, newline="")))
    assert rows == [["x,y", "q", "l", "n", "e", "i"], ["a,b", 'say "hi"', "l1\nl2", "", "", "7"]]
    assert said.stdout.splitlines()[-1].endswith(',,"",7'), "NULL is empty, an empty text has quotes"


def test_csv_lines_end_as_in_the_rfc(weir, tmp_path):
    out = subprocess.run([weir.program, "sql", "--lake", tmp_path, "--format", "csv", "-e", "SELECT 1 AS a"],
                         capture_output=True, check=True).stdout
    assert out == b"a\r\n1\r\n"


def test_json_lines_are_read_back(sql):
    said = sql("""SELECT 9223372036854775807 AS big, 0.1::DOUBLE AS d, 'nan'::DOUBLE AS n, '-inf'::DOUBLE AS i, true AS t,
                  NULL AS nothing, 'a"b\\c' AS s, [1, 2] AS l, 123456789012345678.25::DECIMAL(20,2) AS dec
                  UNION ALL SELECT 0, 0, 0, 0, false, NULL, '', [], 0""", "--format", "json")
    lines = said.stdout.splitlines()
    assert len(lines) == 2
    row = json.loads(lines[0])
    assert row == {"big": 9223372036854775807, "d": 0.1, "n": "nan", "i": "-inf", "t": True, "nothing": None,
                   "s": 'a"b\\c', "l": [1, 2], "dec": 123456789012345678.25}
    assert '"dec":123456789012345678.25' in lines[0]


def test_many_rows_come_whole(sql):
    said = sql("SELECT i, repeat('x', (i % 7)::INT) AS x FROM range(30000) t(i) ORDER BY i")
    lines = said.stdout.splitlines()
    assert len(lines) == 30003 and lines[-1] == "(30,000 rows)"
    assert lines[2].split("|")[0].strip() == "0" and lines[-2].split("|")[0].strip() == "29999"


def test_a_reader_that_goes_ends_it_quietly(weir, tmp_path):
    for form in ("table", "csv", "json"):
        process = subprocess.Popen([weir.program, "sql", "--lake", str(tmp_path), "--format", form, "-e",
                                    "SELECT i FROM range(20000000) t(i)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_an_unknown_format(sql):
    assert '"--format" must be table, csv or json' in sql("SELECT 1", "--format", "xml", code=2).stderr


# ---- where statements come from ---------------------------------------------------------------------------


def test_file_standard_input_and_text_are_the_same(weir, tmp_path):
    script = "-- first\nCREATE TABLE t (a bigint); INSERT INTO t VALUES (1), (2);\nSELECT sum(a) AS s FROM t;\n"
    (tmp_path / "s.sql").write_text(script)
    want = "s\n3\n"
    first = weir("sql", "--lake", "lake", "--format", "csv", "s.sql", cwd=tmp_path)
    assert first.stdout == want and "INSERT INTO t: 2 rows, version 1" in first.stderr
    said = subprocess.run([weir.program, "sql", "--lake", "lake2", "--format", "csv"], input=script, text=True,
                          cwd=tmp_path, capture_output=True, check=True)
    assert said.stdout == want
    said = subprocess.run([weir.program, "sql", "--lake", "lake3", "--format", "csv", "-"], input=script, text=True,
                          cwd=tmp_path, capture_output=True, check=True)
    assert said.stdout == want


def test_parameters_are_filled_in(sql):
    said = sql("SELECT '${bizdate}' AS d, '${yyyy-mm-dd}' AS e, '${x}' AS x, '$.a' AS p", "--bizdate", "20161114",
               "--param", "x=7", "--format", "csv")
    assert said.stdout == "d,e,x,p\n20161114,2016-11-14,7,$.a\n"
    assert "does not use the parameter \"x\"" in sql("SELECT 1", "--param", "x=7", code=2).stderr
    assert "unknown parameter" in sql("SELECT '${nosuch}'", code=2).stderr


def test_what_cannot_be_meant_is_refused(weir, sql, tmp_path):
    assert "both -e and the file" in sql("SELECT 1", "s.sql", code=2).stderr
    assert "--lake DIR" in weir("sql", "-e", "SELECT 1", cwd=tmp_path, code=2).stderr
    assert "nosuch.sql" in weir("sql", "--lake", "lake", "nosuch.sql", cwd=tmp_path, code=2).stderr
    assert '"--memory" must be a size' in sql("SELECT 1", "--memory", "much", code=2).stderr
    assert 'needs a value' in weir("sql", "-e", cwd=tmp_path, code=2).stderr


def test_nothing_to_do_is_fine(sql):
    said = sql(" ; -- nothing\n;")
    assert (said.stdout, said.stderr) == ("", "")


# ---- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, place, message, mark", [
    ("SELEC 1", "line 1, column 1", "expected a statement", "^"),
    ("SELECT 1;\n  COPY t TO 'x'", "line 2, column 3", "unsupported: COPY", "  ^"),
    ("SELECT '中文', nosuch FROM (SELECT 1 AS a)", "line 1, column 14", "nosuch", " " * 15 + "^"),
    ("CREATE TABLE t (a bigin)", "line 1, column 19", 'unknown type "bigin"', " " * 18 + "^"),
    ("SELECT `a`, (1\n+ x", "line 1, column 13", "not closed", " " * 12 + "^"),
])
def test_errors_point_to_what_was_typed(sql, text, place, message, mark):
    said = sql(text, code=2)
    assert f"{place}: " in said.stderr and message in said.stderr
    lines = said.stderr.splitlines()
    shown = [line for line in lines if line.strip() == "^"]
    assert shown and len(shown[0]) == 2 + len(mark)


def test_errors_in_a_file_name_it(weir, tmp_path):
    (tmp_path / "daily.sql").write_text("SELECT 1;\n\nDROP TABEL x;\n")
    said = weir("sql", "--lake", "lake", "daily.sql", cwd=tmp_path, code=2)
    assert "daily.sql:3:6: expected TABLE" in said.stderr and 'Did you mean "TABLE"?' in said.stderr
    assert said.stdout == "", "a script is read whole before any of it runs"


# ---- the prompt -------------------------------------------------------------------------------------------


class Prompt:
    """`weir sql` on a terminal of its own."""

    def __init__(self, program, folder, *args):
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(HOME=str(self.home), TERM="dumb", LC_ALL="C.UTF-8")
            os.environ.pop("XDG_STATE_HOME", None)
            os.execv(program, [program, "sql", "--lake", "lake", *args])
        self.seen = ""
        self.until("weir> ")

    def until(self, text, seconds=20):
        """What comes up to `text`."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0, f"no {text!r} in {self.seen!r}"
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    self.seen += "<gone>"
                    assert text in self.seen, self.seen
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, text):
        # The prompt stands there a moment before the terminal hands on each key: what a terminal that still
        # gathers lines makes of Ctrl-D is no key.
        end = time.monotonic() + 10
        while "\x03" not in text and termios.tcgetattr(self.fd)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.005)
        os.write(self.fd, text.encode())

    def wait(self):
        """The exit code."""
        for _ in range(200):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            # A terminal that is closed waits until what it shows was read.
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("the prompt does not end")


@pytest.fixture
def prompt(weir, tmp_path):
    return lambda *args: Prompt(str(weir.program), tmp_path, *args)


def test_the_prompt_runs_statements(prompt, tmp_path):
    one = prompt()
    one.type("SELECT 41 + 1\n")
    one.until("  ... ")
    one.type("AS answer;\n")
    assert re.search(r"answer\s+-+\s+42\s+\(1 row\)", one.until("weir> "))
    one.type("SELECT nosuch;\n")
    assert "line 1, column 8" in one.until("weir> ")
    one.type("SELECT '中文' AS z;\n")
    one.until("中文\r\n(1 row)")
    one.until("weir> ")
    one.type("\\?\n")
    assert "Ctrl-C" in one.until("weir> ")
    one.type("\\q\n")
    assert one.wait() == 0
    history = tmp_path / "home/.local/state/weir/sql_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    again = prompt()
    again.type("\x10")      # Ctrl-P: the statement typed last
    again.until("SELECT '")
    again.type("\n")
    again.until("(1 row)")
    again.until("weir> ")
    again.type("\x04")      # Ctrl-D
    assert again.wait() == 0


def test_control_c_gives_up_the_line_and_stops_a_statement(prompt):
    one = prompt()
    one.type("SELECT 'half")
    one.until("half")
    one.type("\x03")
    one.until("weir> ")
    one.type("SELECT 1 AS\n")
    one.until("  ... ")
    one.type("\x03")
    one.until("weir> ")
    one.type("SELECT count(*) FROM range(100000000000) a(i), range(1000) b(j) WHERE i % 7 = j;\n")
    time.sleep(1.5)
    one.type("\x03")
    assert "cancel" in one.until("weir> ", seconds=10)
    one.type("SELECT 7 * 6 AS answer;\n")
    one.until("42")
    one.until("weir> ")
    one.type("quit;\n")
    assert one.wait() == 0


def test_tab_completes(prompt):
    one = prompt()
    one.type("CREATE TABLE ods_oplog (a bigint);\n")
    one.until("weir> ")
    one.type("INSERT INTO ods_o\tVALUES (5);\n")
    one.until("1 row")
    one.until("weir> ")
    one.type("sel\ta AS it FROM ods_oplog;\n")
    one.until("(1 row)")
    one.until("weir> ")
    one.type("\x04")
    assert one.wait() == 0


def test_sigterm_ends_a_waiting_prompt(prompt):
    one = prompt()
    os.kill(one.pid, signal.SIGTERM)
    assert one.wait() in (-signal.SIGTERM, 130)

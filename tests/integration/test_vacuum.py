"""weir vacuum and the cleaning of logs: what goes is what nobody can want, and readers that are not weir read on."""

import json
import os
import pathlib
import shutil
import signal
import urllib.parse

import ages
import deltalake
import pyarrow
import pytest
import readers

BIZDATE = "20161114"


@pytest.fixture
def shop(mariadb, make_database, make_project):
    database = make_database(mariadb)
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))")
    database.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    project = make_project("project", database.datasource())
    project.database = database
    project.job("ods", source={"table": "t"}, target={"table": "ods", "partition": "ds=${bizdate}"})
    return project


def run(project, bizdate=BIZDATE, **options):
    return project.run("ods", "--bizdate", bizdate, "--quiet", **options)


def vacuum(project, *args, code=0):
    return json.loads(project.weir("vacuum", "--json", *args, code=code).stdout)


def set_properties(table, **properties):
    deltalake.DeltaTable(str(table)).alter.set_table_properties(
        {f"delta.{name}": value for name, value in properties.items()}, raise_if_not_exists=False)


def rows_of(table, version=None):
    """The rows as three foreign readers see them; they must agree."""
    rows = readers.delta_rows(table, version)
    ids = sorted(row["id"] for row in rows)
    assert sorted(row["id"] for row in readers.arrow_rows(table, version)) == ids
    assert sorted(row["id"] for row in readers.duckdb_rows(table, version)) == ids
    return rows


def test_only_what_left_the_table_long_ago_goes(shop):
    table = shop.table("ods")
    for _ in range(3):
        run(shop)
    ages.shift(table, 8)                       # versions 0 to 2, all eight days old
    shop.database.execute("DELETE FROM t WHERE id = 3")
    run(shop)                                  # version 3 takes out the file of version 2 just now
    files = readers.files_on_disk(table)
    assert len(files) == 4
    dry = vacuum(shop)
    assert (dry["files"], dry["applied"], dry["retention_ms"]) == (2, False, 168 * 3600 * 1000)
    sizes = {name: os.path.getsize(name) for name in files}
    assert readers.files_on_disk(table) == files
    text = shop.weir("vacuum")
    assert text.stdout.startswith("ods: 2 files, ") and "would be removed" in text.stdout and "--apply" in text.stderr
    done = vacuum(shop, "--apply")
    assert (done["files"], done["bytes"], done["applied"]) == (2, dry["bytes"], True)
    assert len(rows_of(table)) == 2
    assert len(rows_of(table, version=2)) == 3     # was the newest within the week
    left = readers.files_on_disk(table)
    assert len(left) == 2 and set(left) < set(files)
    assert sum(sizes.values()) - sum(sizes[name] for name in left) == dry["bytes"]
    assert vacuum(shop, "--apply")["files"] == 0
    # A run on top of it, and the next vacuum.
    run(shop)
    assert len(rows_of(table)) == 2
    assert vacuum(shop, "--apply")["files"] == 0


def test_dropped_partitions_lose_their_folders(shop):
    table = shop.table("ods")
    for ds in ("20161113", "20161114"):
        run(shop, ds)
    deltalake.DeltaTable(str(table)).delete("ds = '20161113'")
    ages.shift(table, 8)
    done = vacuum(shop, "--apply")
    assert (done["files"], done["folders"]) == (1, 1)
    assert not (table / "ds=20161113").exists()
    assert [row["ds"] for row in rows_of(table)] == ["20161114"] * 3
    (table / "ds=20161115" / "x=1").mkdir(parents=True)
    assert vacuum(shop, "--apply")["folders"] == 0     # may be a writer's, just now
    ages.shift_files(table, 8)
    assert vacuum(shop, "--apply")["folders"] == 2


def test_what_is_never_touched(shop):
    table = shop.table("ods")
    run(shop)
    keep = ["README", "_other/x.parquet", ".hidden/x.parquet", "ds=20161114/.y.parquet", "ds=20161114/_z.parquet",
            "_delta_log/x.parquet", "ds=20161114/notes.txt"]
    for name in [*keep, "stray.parquet", "ds=20161114/stray.parquet", "other/stray.parquet"]:
        (table / name).parent.mkdir(exist_ok=True)
        (table / name).write_text("x")
    (table / "ds=20161114" / ".stray.parquet.crc").write_text("x")
    outside = shop.dir / "outside"
    outside.mkdir()
    (outside / "x.parquet").write_text("x")
    ages.shift_files(outside, 8)
    os.symlink(outside, table / "ds=link")
    assert vacuum(shop, "--apply")["files"] == 0       # all of it is young
    ages.shift(table, 8)
    assert vacuum(shop, "--apply")["files"] == 3
    for name in keep:
        assert (table / name).exists(), name
    assert not (table / "ds=20161114" / ".stray.parquet.crc").exists()
    assert not (table / "other").exists()
    assert (outside / "x.parquet").exists()
    assert len(rows_of(table)) == 3


def test_retention_is_a_promise(shop):
    table = shop.table("ods")
    run(shop)
    run(shop)
    refused = shop.weir("vacuum", "--retention", "24h", "--apply", code=2)
    assert "24 hours is below the 168" in refused.stdout and "--force" in refused.stdout
    assert len(readers.files_on_disk(table)) == 2
    for text in ("24", "h", "-1h", "x", "1.5h", "24 h", ""):
        failed = shop.weir("vacuum", "--retention", text, "--force", code=2)
        assert "168h" in failed.stderr
    # The table's own word counts, in both directions.
    set_properties(table, deletedFileRetentionDuration="interval 2 weeks")
    assert "below the 336" in shop.weir("vacuum", "--retention", "168h", code=2).stdout
    ages.shift(table, 13)
    assert vacuum(shop)["files"] == 0
    ages.shift(table, 2)
    assert vacuum(shop)["files"] == 1
    set_properties(table, deletedFileRetentionDuration="interval 1 day")
    assert vacuum(shop)["retention_ms"] == 24 * 3600 * 1000
    assert vacuum(shop, "--retention", "24h")["files"] == 1
    assert vacuum(shop, "--retention", "20d")["files"] == 0
    assert vacuum(shop, "--retention", "0h", "--force", "--apply")["files"] == 1
    assert len(rows_of(table)) == 3


def test_a_longer_retention_than_checkpoints_know(shop):
    """Checkpoints forget removed files after a week; the commits still tell of them."""
    table = shop.table("ods")
    run(shop)
    run(shop)
    ages.shift(table, 10)
    deltalake.DeltaTable(str(table)).create_checkpoint()
    assert vacuum(shop, "--retention", "30d")["files"] == 0
    assert vacuum(shop)["files"] == 1


def test_files_of_live_and_dead_runs(shop):
    table = shop.table("ods")
    run(shop)
    shop.run("ods", "--bizdate", BIZDATE, "--quiet", env={"WEIR_FAILPOINT": "files-after"}, code=-signal.SIGKILL)
    slow = shop.spawn("run", "ods", "--bizdate", "20161115", "--json", "--quiet",
                      env={"WEIR_FAILPOINT": "files-after=sleep:4000"})
    while not list((table / "ds=20161115").glob("*.parquet")):
        assert slow.poll() is None
    ages.shift_files(table, 8)
    assert len(readers.files_on_disk(table)) == 2          # the new run has tidied up after the dead one
    assert vacuum(shop, "--apply", "--retention", "0h", "--force")["files"] == 0
    slow.communicate(timeout=60)
    assert slow.returncode == 0
    assert len(rows_of(table)) == 6
    shop.run("ods", "--bizdate", BIZDATE, "--quiet", env={"WEIR_FAILPOINT": "files-after"}, code=-signal.SIGKILL)
    assert len(readers.files_on_disk(table)) == 3
    vacuum(shop, "--apply")                                # of a dead run: whatever its age
    assert len(readers.files_on_disk(table)) == 2
    assert len(rows_of(table)) == 6


def test_a_table_of_delta_rs(shop):
    table = shop.lake / "events"
    for name in ("a b", "ö%41", "a b"):
        deltalake.write_deltalake(str(table), pyarrow.table({"id": [1, 2], "p": [name, name]}), partition_by=["p"],
                                  mode="append")
    deltalake.DeltaTable(str(table)).delete("id = 2")
    assert len(rows_of_events(table)) == 3
    ages.shift(table, 8)
    assert vacuum(shop, "--apply")["files"] == 3
    assert len(rows_of_events(table)) == 3
    deltalake.write_deltalake(str(table), pyarrow.table({"id": [3], "p": ["c"]}), mode="append")
    assert len(rows_of_events(table)) == 4
    # It agrees that nothing is left to do.
    left = deltalake.DeltaTable(str(table)).vacuum(dry_run=True)
    assert [name for name in left if (table / name).exists() or (table / urllib.parse.unquote(name)).exists()] == []


def rows_of_events(table):
    return readers.delta_rows(table)


def test_a_log_that_names_whole_paths(shop):
    """Some writers name files by their whole path, seen through a link."""
    run(shop)
    table = shop.table("ods")
    log = table / "_delta_log" / f"{0:020}.json"
    link = shop.dir / "link"
    os.symlink(shop.lake, link)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if "add" in line:
            line["add"]["path"] = f"file://{link}/ods/{line['add']['path']}"
    log.write_text("\n".join(map(json.dumps, lines)) + "\n")
    ages.shift(table, 8)
    files = readers.files_on_disk(table)
    assert vacuum(shop, "--apply")["files"] == 0
    assert readers.files_on_disk(table) == files


def test_kill_half_way(shop):
    table = shop.table("ods")
    for _ in range(4):
        run(shop)
    ages.shift(table, 8)
    shop.weir("vacuum", "--apply", env={"WEIR_FAILPOINT": "vacuum-half:2"}, code=-signal.SIGKILL)
    assert len(readers.files_on_disk(table)) == 2
    assert len(rows_of(table)) == 3
    assert vacuum(shop, "--apply")["files"] == 1
    assert len(rows_of(table)) == 3
    assert run(shop).json["version"] == 4


def test_beside_runs(shop):
    """Runs of weir are safe even from a vacuum that keeps nothing."""
    table = shop.table("ods")
    run(shop)
    vacuums = 0
    for _ in range(4):
        runs = [shop.spawn("run", "ods", "--bizdate", f"2016111{day}", "--json", "--quiet") for day in (3, 4, 5)]
        while any(one.poll() is None for one in runs):
            vacuum(shop, "--apply", "--retention", "0h", "--force")
            vacuums += 1
        for one in runs:
            out, err = one.communicate()
            assert one.returncode == 0, (out, err)
        assert sorted(row["ds"] for row in rows_of(table)) == sorted(["20161113", "20161114", "20161115"] * 3)
    assert vacuums > 10
    vacuum(shop, "--apply", "--retention", "0h", "--force")
    assert readers.files_on_disk(table) == sorted(path.removeprefix("file://") for path in readers.active_files(table))


# ---- The log ----------------------------------------------------------------------------------------------


def log_names(table):
    return sorted(path.name for path in (pathlib.Path(table) / "_delta_log").iterdir())


def make_versions(shop, count):
    for _ in range(count):
        run(shop)


def test_commits_clean_the_log(shop):
    table = shop.table("ods")
    make_versions(shop, 15)                              # 0 to 14; a checkpoint at 10
    ages.shift_files(table / "_delta_log", 31, log=True)
    make_versions(shop, 6)                               # 15 to 20; at 20 the log is cleaned
    assert log_names(table) == sorted([f"{version:020}.json" for version in range(10, 21)]
                                      + [f"{version:020}.checkpoint.parquet" for version in (10, 20)]
                                      + ["_last_checkpoint"])
    assert len(rows_of(table)) == 3
    for version in range(10, 21):
        assert len(rows_of(table, version)) == 3
    make_versions(shop, 1)
    assert len(rows_of(table)) == 3


def test_vacuum_cleans_the_log(shop):
    table = shop.table("ods")
    make_versions(shop, 12)
    assert vacuum(shop)["log_files"] == 0
    ages.shift_files(table / "_delta_log", 31, log=True)
    before = log_names(table)
    assert vacuum(shop)["log_files"] == 10
    assert log_names(table) == before
    shop.weir("vacuum", "--apply", env={"WEIR_FAILPOINT": "cleanup-half:4"}, code=-signal.SIGKILL)
    assert log_names(table) == before[3:]
    assert len(rows_of(table)) == 3
    run(shop)
    done = vacuum(shop, "--apply")
    assert (done["log_files"], log_names(table)) == (7, sorted([f"{10:020}.checkpoint.parquet", "_last_checkpoint"]
                                                              + [f"{version:020}.json" for version in (10, 11, 12)]))
    assert len(rows_of(table)) == 3
    assert vacuum(shop, "--apply")["log_files"] == 0


def test_the_log_is_kept_where_it_is_needed(shop):
    table = shop.table("ods")
    make_versions(shop, 12)
    log = table / "_delta_log"
    copy = shop.dir / "copy"
    shutil.copytree(log, copy)

    def cleaned(**properties):
        shutil.rmtree(log)
        shutil.copytree(copy, log)
        set_properties(table, **properties) if properties else None
        ages.shift_files(log, 31, log=True)
        return vacuum(shop, "--retention", "5000d")["log_files"]

    assert cleaned() == 10
    assert cleaned(enableExpiredLogCleanup="false") == 0
    assert cleaned(logRetentionDuration="interval 40 days") == 0
    assert cleaned(logRetentionDuration="interval 3 weeks") == 10
    # A checkpoint that readers are sent to stays; one that cannot be read replaces nothing.
    checkpoint = copy / f"{10:020}.checkpoint.parquet"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    assert cleaned() == 0
    checkpoint.write_bytes(whole)
    (copy / "_last_checkpoint").write_text('{"version":5,"size":1}')
    assert cleaned() == 0
    (copy / "_last_checkpoint").write_text("{")
    assert cleaned() == 0
    (copy / "_last_checkpoint").unlink()
    assert cleaned() == 10
    # One young version in between keeps itself and what it needs.
    os.utime(copy / f"{6:020}.json")
    shutil.rmtree(log)
    shutil.copytree(copy, log)
    ages.shift_files(log, 31, log=True)
    os.utime(log / f"{6:020}.json")
    assert vacuum(shop, "--retention", "5000d")["log_files"] == 0

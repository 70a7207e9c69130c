"""The documents say what is true: their jobs work, they name every key and option, and their links lead somewhere."""

import json
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

TABLES = [
    "oplog (id BIGINT PRIMARY KEY, optime DATETIME, uname VARCHAR(50), action VARCHAR(10), status VARCHAR(10))",
    "user (uid BIGINT PRIMARY KEY, uname VARCHAR(50), optime DATETIME)",
    "visits (day DATE, hour INT, region VARCHAR(10))",
    "sales (id INT PRIMARY KEY, region VARCHAR(10))",
    *(f"{name} (id INT PRIMARY KEY, amount DECIMAL(10,2))" for name in (
        "orders_00", "orders_01", "orders_02", "orders_03", "orders_archive_2015")),
]


def jobs_of_the_documents():
    for page in PAGES:
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S):
            name = re.match(r"# jobs/(\w+)\.yaml\n", block)
            if name:
                yield pytest.param(name[1], block, id=f"{page.name}:{name[1]}")


# Jobs whose statements are about what other jobs of the page have written.
NEEDS = {"dw_user_inc": ["dw_user_history", "ods_user_inc"]}


@pytest.mark.parametrize("name, text", list(jobs_of_the_documents()))
def test_job(name, text, project, database):
    for table in TABLES:
        database.execute(f"CREATE TABLE {table}")
    project.configure(datasources={"rds": database.datasource(), "rds2": database.datasource()})
    texts = {param.values[0]: param.values[1] for param in jobs_of_the_documents()}
    for other in NEEDS.get(name, []):
        project.job(other, text=texts[other])
        project.run(other, "--bizdate", "20161114")
    project.job(name, text=text)
    assert f"job {name}, business date 20161114: " in project.weir("check", name, "--bizdate", "20161114").stdout
    assert project.run(name, "--bizdate", "20161114").json["status"] == "done"


def known_keys(project, text):
    """The keys that weir lists where it meets one that is like no other."""
    project.job("j", text=text)
    said = project.weir("check", "j", code=2).stderr
    return re.search(r"unknown key \"zzzzzzzz\".*; known are (.*)", said)[1].replace(" and ", ", ").split(", ")


def test_every_key_is_documented(make_project):
    project = make_project("p", {"type": "mysql", "host": "h"})
    page = (ROOT / "docs/configuration.md").read_text()
    good = {"type": "sync", "source": {"datasource": "src", "table": "t"}, "target": {"table": "t"}}
    keys = set()
    for place in (None, "source", "target", "schedule"):
        job = json.loads(json.dumps({**good, "schedule": {}}))
        (job if place is None else job[place])["zzzzzzzz"] = 1
        keys |= set(known_keys(project, json.dumps(job)))
    project.job("j", text=json.dumps(good))
    for config in ({"zzzzzzzz": 1}, {"datasources": {"a": {"type": "mysql", "host": "h", "zzzzzzzz": 1}}},
                   {"datasources": {"a": {"type": "lake", "path": "h", "zzzzzzzz": 1}}}):
        project.configure(text=json.dumps(config))
        said = project.weir("check", code=2).stderr
        keys |= set(re.search(r"; known are (.*)", said)[1].replace(" and ", ", ").split(", "))
    assert len(keys) > 30
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_every_option_is_documented(weir):
    page = (ROOT / "docs/configuration.md").read_text()
    for verb in ("check", "run", "backfill", "status", "log", "rerun", "cancel", "copy", "import", "lifecycle", "vacuum",
                 "verify"):
        options = set(re.findall(r"^  (--\S+)", weir(verb, "--help").stdout, re.M)) - {"--help"}
        assert [option for option in sorted(options) if f"`{option} " not in page and f"`{option}`" not in page] == []


def test_every_key_of_the_summary_is_documented(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    project.job("j", source={"table": "t"}, target={"table": "t"})
    page = (ROOT / "docs/configuration.md").read_text()
    assert [key for key in project.run("j").json if f"`{key}`" not in page] == []


def test_every_key_of_a_verification_is_documented(project, database):
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    project.job("j", source={"table": "t"}, target={"table": "t"})
    project.run("j")
    page = (ROOT / "docs/configuration.md").read_text().split("`weir verify --json`")[1]
    assert [key for key in project.weir("verify", "j", "--json").json if f"`{key}`" not in page] == []


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target
    for name in re.findall(r"`((?:src|tests|tools|docs|demo|bench|\.ci)/[\w./-]*\w)`", text):
        assert (ROOT / name).exists() or (ROOT / name).with_suffix("").exists(), name

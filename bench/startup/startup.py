"""How long weir's commands take to start: medians of fresh processes, interleaved, against a goal of 50 ms.

`true` is what starting any process costs here. `weir check` parses a small project, connects to the server and
compares one small table with the lake.
"""

from data import DATABASE
from measure import median, say, table

GOAL = 0.050
PROJECT = """name: startup
timezone: UTC
lake: ./lake
datasources:
  rds: {{type: mysql, host: localhost, socket: "{socket}", user: root, database: {database}, tls: disabled}}
"""
JOB = """type: sync
source: {datasource: rds, table: startup}
target: {table: ods_startup, partition: "ds=${bizdate}"}
"""


def make_project(measure, data):
    data.sql("SET sql_log_bin = 0; CREATE TABLE IF NOT EXISTS startup (id int PRIMARY KEY, name varchar(20), at datetime); "
             "REPLACE INTO startup VALUES (1, 'one', '2016-11-14 00:00:00'), (2, 'two', '2016-11-14 01:00:00')", DATABASE)
    folder = measure.fresh_folder("startup")
    (folder / "jobs").mkdir(parents=True)
    (folder / "weir.yaml").write_text(PROJECT.format(socket=data.socket, database=DATABASE))
    (folder / "jobs/ods_startup.yaml").write_text(JOB)
    return folder


def run(options, measure, data, errors):
    project = make_project(measure, data)
    commands = {"true": ["/bin/true"], "weir --version": [measure.weir, "--version"], "weir --help": [measure.weir, "--help"],
                "weir check": [measure.weir, "check", "--project", str(project)]}
    walls = {name: [] for name in commands}
    for _ in range(options.starts):
        for name, command in commands.items():
            walls[name].append(measure.run(command)["wall"])
    table(["command", "median ms", "best", "worst", "goal 50 ms"],
          [[name, f"{median(wall) * 1e3:.1f}", f"{min(wall) * 1e3:.1f}", f"{max(wall) * 1e3:.1f}",
            "-" if name == "true" else "met" if median(wall) < GOAL else "MISSED"] for name, wall in walls.items()])
    return walls

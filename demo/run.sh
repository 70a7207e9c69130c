#!/usr/bin/env bash
# The main job on a real server, start to end: `make demo`.
#
# Starts a private MariaDB (its own data folder, socket and port, stopped at the end), makes the two tables of
# DataWorks' best practice and one of a million rows, runs the three walk-throughs of that page (a log by day, the daily
# full, daily increments that a statement merges), and prints the lake's tables through a foreign reader. The
# lake stays in build/demo for a look around.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
weir=${WEIR:-$root/build/src/weir}
work=$root/build/demo
python=$(tools/deps.sh print venv-dir)/bin/python
bold= plain=
if [ -t 1 ]; then
    bold=$(tput bold 2>/dev/null || true)
    plain=$(tput sgr0 2>/dev/null || true)
fi

say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
# Shows a command as a user types it, and runs it.
try() {
    printf '%s$ %s%s\n' "$bold" "${*/#$weir/weir}" "$plain"
    "$@"
}
hash_rows() { "$python" "$root/demo/show.py" --hash "$1" --partition "$2"; }

rm -rf "$work"
mkdir -p "$work"
cp -r demo/project "$work/shop"
server=$(mktemp -d "${TMPDIR:-/tmp}/weir-demo.XXXXXX")
trap '"$root"/tools/server.py stop "$server" >/dev/null; rm -rf "$server"' EXIT

say "A private MariaDB"
eval "$(tools/server.py start mariadb "$server")"
echo "MariaDB $version on $socket"
export DEMO_SOCKET=$socket DEMO_PASSWORD=demo
mariadb --no-defaults --default-character-set=utf8mb4 --socket="$socket" --user=root <demo/tables.sql
cd "$work/shop"

say "What would the job do? (changes nothing)"
try "$weir" check ods_oplog --bizdate 20161114

say "A log that only grows: the past once, then each day's rows by their time"
try "$weir" run ods_oplog_history --bizdate 20161113
try "$weir" run ods_oplog --bizdate 20161114

say "Run it again: the same table"
before=$(hash_rows lake/ods_oplog ds=20161114)
try "$weir" run ods_oplog --bizdate 20161114
after=$(hash_rows lake/ods_oplog ds=20161114)
echo "before: $before"
echo "after:  $after"
[ "$before" = "$after" ] || { echo "the rerun changed the table" >&2; exit 1; }

say "Master data that changes: the whole table, every day"
try "$weir" run ods_user_full --bizdate 20161113
try "$weir" run dw_user_history --bizdate 20161113
try "$weir" run dw_user_first --bizdate 20161113
mariadb --no-defaults --default-character-set=utf8mb4 --socket="$socket" --user=root <"$root/demo/next_day.sql"
try "$weir" run ods_user_full --bizdate 20161114

say "The same by increments: what changed that day, merged by a statement, and by a job of mode merge"
try "$weir" run ods_user_inc --bizdate 20161114
try "$weir" run dw_user_inc --bizdate 20161114
try "$weir" sql -e "select uid, uname, deptno, gender, optime from dw_user_inc order by uid"
try "$weir" run dw_user --bizdate 20161114
try "$weir" sql -e "select a.uid, a.deptno as before, b.deptno as after from dw_user a full join dw_user b on a.uid = b.uid and b.ds = '20161114' where a.ds = '20161113' order by a.uid"
echo "2, 3 and 4 have their new values, NULL among them; 6 is new; 5 was deleted at the source, which no increment shows."

say "The past by day instead of as one partition: a week, four dates at a time"
try "$weir" backfill ods_oplog --from 20161107 --to 20161113 --parallel 4

say "A million rows, and whether they are the source's to the last bit"
try "$weir" check ods_events --bizdate 20161114
try "$weir" run ods_events --bizdate 20161114
try "$weir" verify ods_events --bizdate 20161114

say "What ran"
try "$weir" status --limit 8

say "What lies in the lake, as delta-rs reads it"
"$python" "$root/demo/show.py" lake/ods_oplog lake/ods_user_full
"$python" "$root/demo/show.py" --rows 4 lake/ods_events
printf '\n%sThe project is %s; any Delta reader opens its lake/ folder.%s\n' "$bold" "$work/shop" "$plain"

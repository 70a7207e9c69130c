#!/usr/bin/env bash
# Runs every fuzz target of a build folder for some seconds: tools/fuzz.sh BUILD SECONDS
#
# New inputs stay in the build folder. An input that breaks something is printed with its path: put it into
# tests/fuzz/corpus/<target>/ with the fix, and every later `make test` replays it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(cd "$1" && pwd)
seconds=$2
ran=0
failed=()

for program in "$build"/tests/fuzz/fuzz_*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=$(basename "$program")
    name=${name#fuzz_}
    found="$build/fuzz/$name"
    mkdir -p "$found/corpus"
    folders=("$found/corpus")
    [ -d "$root/tests/fuzz/corpus/$name" ] && folders+=("$root/tests/fuzz/corpus/$name")
    dict=()
    [ -f "$root/tests/fuzz/$name.dict" ] && dict=("-dict=$root/tests/fuzz/$name.dict")
    echo "== fuzz $name, $seconds s"
    ran=$((ran + 1))
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/" \
        -print_final_stats=1 "${dict[@]}" "${folders[@]}" >"$found/log" 2>&1; then
        tail -n 40 "$found/log"
        failed+=("$name")
    else
        grep -E 'stat::(number_of_executed_units|new_units_added)' "$found/log" || true
    fi
done

[ $ran -gt 0 ] || { echo "fuzz: there are no targets in $build/tests/fuzz" >&2; exit 1; }
if [ ${#failed[@]} -gt 0 ]; then
    echo "fuzz: failed: ${failed[*]}" >&2
    exit 1
fi
echo "fuzz: $ran targets, no findings"

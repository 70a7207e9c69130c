#!/usr/bin/env bash
# What `make bench` runs: bench/run.sh [PART...] [OPTIONS], see bench/README.md or --help.
#
# Expects what `tools/deps.sh build servers bench` installs, and build/ configured; builds the programs
# of the benchmarks, which `make` leaves out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${BUILD:-build}
ninja -C "$build" --quiet src/weir bench/measure bench/floor bench/bench_decode
exec "$(tools/deps.sh print bench-venv-dir)/bin/python" bench/bench.py --build "$build" "$@"

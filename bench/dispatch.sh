#!/usr/bin/env bash
# What everything around a job costs: jobs of 16 bytes that do nothing, beside Python's multiprocessing.Pool; one job at a time beside
# bare ZeroMQ; memory of a waiting job. bench/README.md says what the rows are.
#
#   bench/dispatch.sh [ROUNDS]      5 by default; median (min..max) of each
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
bin=${SHEAF_BIN:-build/release/bin}
[ -x "$bin/dispatch_bench" ] || { echo "bench/dispatch.sh: $bin/dispatch_bench is missing; run: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
exec /usr/bin/python3 bench/dispatch.py "$bin" "$rounds"

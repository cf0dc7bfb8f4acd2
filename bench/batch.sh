#!/usr/bin/env bash
# What a command of a batch costs: /bin/true thousands of times, beside xargs and GNU parallel in the same run; one item, from start to exit;
# memory while ten million items go through. bench/README.md says what the rows are.
#
#   bench/batch.sh [ROUNDS]      5 by default; median (min..max) of each
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
bin=${SHEAF_BIN:-build/release/bin}
[ -x "$bin/sheaf-stage-command" ] || { echo "bench/batch.sh: $bin/sheaf-stage-command is missing; run: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
exec /usr/bin/python3 bench/batch.py "$bin" "$rounds"

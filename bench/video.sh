#!/usr/bin/env bash
# Wall time, CPU time and peak memory of one job, and the frames that came out wrong: blur sigma 8, libx264 medium crf 23, for two real
# videos. sheaf beside ffmpeg and beside what people write today; bench/README.md says what the rows are.
#
#   bench/video.sh [ROUNDS]      5 by default; median (min..max) of each
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
bin=${SHEAF_BIN:-build/release/bin}
[ -x "$bin/sheaf" ] || { echo "bench/video.sh: $bin/sheaf is missing; run: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
exec /usr/bin/python3 bench/measure.py "$bin" "$rounds"

#!/usr/bin/env bash
# Wall time, CPU time and peak memory of one job: blur sigma 8, libx264 medium crf 23, for two real videos. sheaf with one and with two
# workers beside ffmpeg in one thread, ffmpeg with its own threading, and two independent ffmpeg processes on one half each, which
# is what two cores can do at best.
#
#   bench/video.sh [REPEATS]      5 by default; median (min..max) of each
#
# The ffmpeg lines use gblur=sigma=8, which approximates a Gaussian by recursion; sheaf uses OpenCV's GaussianBlur, plane by plane, which
# computes it. Decoder and encoder are the same libraries. See bench/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."
repeats=${1:-5}
bin=${SHEAF_BIN:-build/release/bin}
[ -x "$bin/sheaf" ] || { echo "bench/video.sh: $bin/sheaf is missing; run: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
exec /usr/bin/python3 bench/measure.py "$bin" "$repeats"

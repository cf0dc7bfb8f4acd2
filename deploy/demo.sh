#!/usr/bin/env bash
# The main job of sheaf on real footage, from nothing: installs the packages, builds sheaf, blurs a video with all cores, shows what was
# made. Needs Debian 12. What it makes lies in out/ and build/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold= dim= plain=; fi
step() { printf '%s%s%s\n' "$bold" "$1" "$plain"; }
# Runs something long: its output goes to a file, and comes to the screen only when it fails.
quietly() {
  local log=out/demo.log
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "deploy/demo.sh: this failed: $* (all of it: $log)" >&2
    exit 1
  fi
}

mkdir -p out
step "1/3  packages and build"
./deploy/setup.sh
quietly cmake --preset release
# The programs alone: the tests take longer to build than they do.
quietly cmake --build --preset release --target sheaf sheaf-master sheaf-stage-video sheaf-worker sheaf-executor-video
export PATH="$PWD/build/release/bin:$PATH"

# 795 frames of 768x576, people on a street: Debian's opencv-doc has it.
input=/usr/share/doc/opencv-doc/examples/data/vtest.avi
if [ ! -e "$input" ] && [ -e "$input.gz" ]; then
  gunzip -c "$input.gz" >out/vtest.avi
  input=out/vtest.avi
fi
output=out/demo.mp4

step "2/3  the job"
printf '%s$ sheaf video %s -o %s --op blur:sigma=8%s\n' "$dim" "$(basename "$input")" "$output" "$plain"
sheaf video "$input" -o "$output" --op blur:sigma=8 --overwrite --json >out/demo.json

step "3/3  before and after"
# The same frame of both, side by side.
ffmpeg -nostdin -v error -y -ss 20 -i "$input" -ss 20 -i "$output" -filter_complex hstack -frames:v 1 out/demo.png
python3 - out/demo.json <<'PYTHON'
import json, sys
run = json.load(open(sys.argv[1]))
wall = run["seconds"]["wall"]
frames = run["output"]["frames"]
print(f'  made      {run["output"]["path"]}')
print(f'            {frames} frames of {run["input"]["frames"]}, {run["output"]["bytes"] / 1e6:.1f} MB')
print(f'  how fast  {wall:.1f} s, {frames / wall:.0f} frames a second, in {run["attempts"]["total"]} jobs')
PYTHON
printf '  picture   %s\n' "$PWD/out/demo.png"

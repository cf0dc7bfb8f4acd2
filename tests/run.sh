#!/usr/bin/env bash
# Builds sheaf and runs its tests; on a fresh Debian 12 machine too. Ends with ctest's summary, and with 0 only when all tests
# passed. What runs in which preset stands in tests/CMakeLists.txt.
#
#   tests/run.sh           all tests, in the presets asan, tsan and dev
#   tests/run.sh --quick   what a change is checked with while it is made: preset dev without the tests on footage and processes
#   tests/run.sh NAME      preset dev: the test programs whose name contains NAME (worker, sim_test, 'hub|scheduler'); when there
#                          is none, the cases whose name does (SameBytes)
#   tests/run.sh --long    as without, and in preset dev also those that take minutes each
#   tests/run.sh --format  lays the sources out as .clang-format says, instead of complaining that they are not
set -euo pipefail
cd "$(dirname "$0")/.."

name=
case "${1:-}" in
  "") mode=all ;;
  --quick | --long | --format) mode=${1#--} ;;
  -*)
    echo "tests/run.sh: $1: no such option; there are --quick, --long, --format and the name of a test" >&2
    exit 2
    ;;
  *) mode=named name=$1 ;;
esac
if [ $# -gt 1 ]; then
  echo "tests/run.sh: one argument at most; several names are one expression: 'hub|scheduler'" >&2
  exit 2
fi

jobs=$(nproc)
failed=()

sources() {
  find bench client common master stage tests worker \( -name '*.cc' -o -name '*.h' \) -print0
}

# configure PRESET: once, and when the presets have changed; all else the build itself knows.
configure() {
  [ "build/$1/build.ninja" -nt CMakePresets.json ] && return
  cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  echo "== building preset $preset"
  configure "$preset" || return 1
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"} -- --quiet
}

# run_tests PRESET [option of ctest...]
run_tests() {
  local preset=$1 prefix=()
  shift
  # Newer kernels use more random bits of addresses than the sanitizers of Debian 12 leave room for in their shadow memory.
  if [ "$preset" != dev ] && setarch "$(uname -m)" -R true 2>/dev/null; then prefix=(setarch "$(uname -m)" -R); fi
  echo "== testing preset $preset"
  "${prefix[@]}" ctest --preset "$preset" --no-tests=error --parallel "$jobs" "$@"
}

./deploy/setup.sh
mkdir -p build

if [ "$mode" = format ]; then
  sources | xargs -0 clang-format-14 -i
  exit 0
fi
if ! sources | xargs -0 -P "$jobs" -n 32 clang-format-14 --dry-run -Werror; then
  echo "tests/run.sh: the sources are not laid out as .clang-format says; tests/run.sh --format does that" >&2
  exit 1
fi

if [ "$mode" = all ] || [ "$mode" = long ]; then
  for preset in asan tsan; do
    { build "$preset" all_tests && run_tests "$preset"; } || failed+=("$preset")
  done
fi

# Last, so that the closing lines are those of the tests that everything is in.
targets=()
case "$mode" in
  quick) selection=(-LE '^(exact|e2e|long)$') ;;
  named)
    configure dev
    mapfile -t targets < <(awk -v name="$name" '$1 ~ name && $2 != "long" { print $1 }' build/dev/tests/programs.txt)
    # No such program: then it is the name of a case, and any program may have it.
    pattern=$name
    [ ${#targets[@]} -eq 0 ] || pattern="^($(IFS='|' && echo "${targets[*]}"))([.]|$)"
    selection=(-R "$pattern" -LE '^long$')
    ;;
  long) selection=() ;;
  all) selection=(-LE '^long$') ;;
esac
{ build dev "${targets[@]}" && run_tests dev "${selection[@]}"; } || failed+=(dev)

if [ ${#failed[@]} -gt 0 ]; then
  echo "tests/run.sh: failed in: ${failed[*]}" >&2
  exit 1
fi

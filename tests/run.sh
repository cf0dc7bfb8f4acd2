#!/usr/bin/env bash
# Builds sheaf and runs its tests; on a fresh Debian 12 machine too. Ends with ctest's summary, and with 0 only when all tests passed.
#
#   tests/run.sh           preset dev: all tests; presets asan and tsan: the unit, scenario and sim tests
#   tests/run.sh --quick   preset dev: the unit, scenario and sim tests
#   tests/run.sh --long    as without, and in preset dev also those that take long (label long)
set -euo pipefail
cd "$(dirname "$0")/.."

mode=all
case "${1:-}" in
  "") ;;
  --quick) mode=quick ;;
  --long) mode=long ;;
  *)
    echo "tests/run.sh: $1: is no option; there are --quick and --long" >&2
    exit 2
    ;;
esac

pure='^(unit|scenario|sim)$' # No processes, no clock.
jobs=$(nproc)
failed=()

build() {
  local preset=$1
  echo "== building preset $preset"
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 || { cat "build/$preset.configure.log"; return 1; }
  cmake --build --preset "$preset" --parallel "$jobs" -- --quiet
}

# The sanitizers of GCC 12 lay out their shadow memory for fewer random bits of addresses than newer kernels use.
sanitized() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then setarch "$(uname -m)" -R "$@"; else "$@"; fi
}

test_sanitized() {
  local preset=$1
  build "$preset" || return 1
  echo "== testing preset $preset"
  LSAN_OPTIONS="suppressions=$PWD/tests/lsan_suppressions.txt:print_suppressions=0 ${LSAN_OPTIONS:-}" \
  TSAN_OPTIONS="suppressions=$PWD/tests/tsan_suppressions.txt:halt_on_error=1 ${TSAN_OPTIONS:-}" \
  UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1 ${UBSAN_OPTIONS:-}" \
    sanitized ctest --test-dir "build/$preset" -L "$pure" --no-tests=error --output-on-failure --parallel "$jobs"
}

./deploy/setup.sh
mkdir -p build

if [ "$mode" != quick ]; then
  for preset in asan tsan; do
    test_sanitized "$preset" || failed+=("$preset")
  done
fi

# Last, so that the closing lines are those of the tests that everything is in.
build dev
echo "== testing preset dev"
case "$mode" in
  quick) selection=(-L "$pure") ;;
  long) selection=() ;;
  all) selection=(-LE '^long$') ;;
esac
ctest --test-dir build/dev "${selection[@]}" --no-tests=error --output-on-failure --parallel "$jobs" || failed+=(dev)

if [ ${#failed[@]} -gt 0 ]; then
  echo "tests/run.sh: failed in: ${failed[*]}" >&2
  exit 1
fi

#!/usr/bin/env bash
# Installs all that sheaf needs to be built and tested on Debian 12. Safe to run again: it does nothing when nothing is missing. The
# list itself is packages.txt beside this script.
#
#   deploy/setup.sh           to build and to test
#   deploy/setup.sh --bench   also what benchmarks compare sheaf with
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

case "${1:-}" in
  "") last_section='/^# bench$/,$d' ;;
  --bench) last_section= ;;
  *)
    echo "deploy/setup.sh: $1: no such option; there is --bench" >&2
    exit 2
    ;;
esac
mapfile -t packages < <(sed "$last_section" "$here/packages.txt" | sed 's/#.*//' | tr -d ' ' | grep -v '^$')
mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort) \
  <(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | sed -n 's/ installed$//p' | sort))
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then as_root=(); else as_root=(sudo); fi
if ! command -v apt-get >/dev/null; then
  echo "deploy/setup.sh: sheaf is built on Debian 12; without apt-get, install these by hand: ${missing[*]}" >&2
  exit 1
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

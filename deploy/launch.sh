#!/usr/bin/env bash
# Starts a worker on each host, over ssh, with one file that joins it to a master: what `sheaf keygen` has made for workers.
#
#   deploy/launch.sh worker.toml HOST... [-- OPTION...]     copies the file, starts sheaf-worker --join with these options
#   deploy/launch.sh --down worker.toml HOST...             ends them: each finishes what runs, and hands back the rest
#
# A host is whatever ssh takes: a name of ~/.ssh/config, user@host. sheaf-worker has to be in its PATH, or $SHEAF_WORKER says where it is
# there. $SHEAF_SSH: instead of `ssh -o BatchMode=yes`. On the host the file lies in ~/.config/sheaf (0600), log and process id in
# ~/.local/state/sheaf. A worker that runs there already with this file is left alone. Exit code: 1 when it did not work on some host, 2 for
# wrong use.
set -euo pipefail

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
}
give_up() {
  echo "deploy/launch.sh: $1" >&2
  exit 2
}

action=up
case "${1:-}" in
  --help | -h) usage; exit 0 ;;
  --down) action=down; shift ;;
  -*) give_up "$1: no such option; there is --down" ;;
esac
[ $# -ge 2 ] || give_up "wants a key file and hosts; see --help"
file=$1
shift
hosts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  case "$1" in -*) give_up "$1: no host; options for sheaf-worker come after --" ;; esac
  hosts+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ ${#hosts[@]} -gt 0 ] || give_up "wants hosts"
[ -r "$file" ] || give_up "$file: cannot be read"
name=$(basename "$file" .toml)
[[ $name =~ ^[A-Za-z0-9_-]+$ ]] || give_up "$file: is no key file of sheaf keygen"
# Before it travels: the master's own file, or a client's, has no business there.
{ grep -qx 'role = "worker"' "$file" && grep -q '^secret_key = ' "$file"; } || give_up "$file: is no key for workers"
for option in "$@"; do
  [ "$option" != --quiet ] || give_up "--quiet: then nobody could see whether the worker has joined"
done
read -r -a ssh <<<"${SHEAF_SSH:-ssh -o BatchMode=yes}"

# The process of the worker that was started here, if it still runs: a number may have gone to another process.
running='
running() {
  pid=$(cat "$HOME/.local/state/sheaf/$1.pid" 2>/dev/null) || return 1
  tr "\0" " " 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -e "--join $HOME/.config/sheaf/$1.toml" || return 1
  echo "$pid"
}
'
# What the host does; the key file comes on its standard input, so that it stands in no argument and no variable.
start='
set -eu
name=$1 program=$2
shift 2
umask 077
mkdir -p ~/.config/sheaf ~/.local/state/sheaf
file=$HOME/.config/sheaf/$name.toml state=$HOME/.local/state/sheaf/$name
cat >"$file.new"
grep -q "^secret_key = \".*\"\$" "$file.new" || { rm -f "$file.new"; echo "the file did not arrive whole" >&2; exit 1; }
if pid=$(running "$name"); then
  if cmp -s "$file.new" "$file"; then
    rm -f "$file.new"
    echo "a worker runs already, process $pid"
    exit 0
  fi
  rm -f "$file.new"
  echo "a worker with another file of that name runs already, process $pid: end it first (--down)" >&2
  exit 1
fi
mv -f "$file.new" "$file"
command -v "$program" >/dev/null || { echo "$program is not installed there" >&2; exit 1; }
setsid "$program" --join "$file" "$@" </dev/null >"$state.log" 2>&1 &
pid=$!
echo "$pid" >"$state.pid"
for _ in $(seq 100); do
  if grep -qE " welcomed |\"event\":\"welcomed\"" "$state.log" 2>/dev/null; then echo "a worker has joined, process $pid"; exit 0; fi
  if ! kill -0 "$pid" 2>/dev/null; then
    tail -n 1 "$state.log" >&2
    rm -f "$state.pid" "$file"
    exit 1
  fi
  sleep 0.1
done
said=$(tail -n 1 "$state.log")
echo "a worker waits for its master, process $pid: $said"
case "$said" in *handshake_failed*) exit 1 ;; esac
'
stop='
pid=$(running "$1") || { echo "no worker runs"; exit 0; }
kill -TERM "$pid"
for _ in $(seq 400); do
  if ! running "$1" >/dev/null; then
    rm -f "$HOME/.local/state/sheaf/$1.pid"
    echo "the worker has left"
    exit 0
  fi
  sleep 0.1
done
echo "process $pid has not left yet; it may be finishing what runs (--drain)" >&2
exit 1
'

# on_host HOST SCRIPT ARGUMENT...: each word quoted for the POSIX shell that is there.
on_host() {
  local host=$1 line= word quote="'\\''"
  shift
  for word in sh -c "$1" sheaf "${@:2}"; do line+="'${word//\'/$quote}' "; done
  "${ssh[@]}" "$host" "$line"
}

failed=0
for host in "${hosts[@]}"; do
  if [ "$action" = up ]; then
    said=$(on_host "$host" "$running$start" "$name" "${SHEAF_WORKER:-sheaf-worker}" "$@" <"$file" 2>&1) && result=ok || result=failed
  else
    said=$(on_host "$host" "$running$stop" "$name" </dev/null 2>&1) && result=ok || result=failed
  fi
  if [ "$result" = ok ]; then
    echo "$host: $said"
  else
    failed=1
    echo "deploy/launch.sh: $host: ${said:-ssh has failed}" >&2
  fi
done
exit "$failed"

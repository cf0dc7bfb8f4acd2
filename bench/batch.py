"""Runs the rounds of bench/batch.sh and prints how they compare.

CPU is the whole process tree's, as in bench/measure.py. Each tool gets the same items from a file on its standard input, and writes
to a file.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from measure import descendants

ITEMS = 5000
FEW = 500  # For GNU parallel, which takes long.
MANY = 10_000_000
SECONDS_OF_MANY = 60


def seconds(command, items):
    """Wall seconds of one run; the items are numbers."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
        source.write("".join(f"{i}\n" for i in range(items)).encode())
        source.seek(0)
        begin = time.perf_counter()
        subprocess.run(command, stdin=source, stdout=sink, check=True)
        return time.perf_counter() - begin


def seconds_of_starting(items):
    """Wall seconds of starting /bin/true so often, two at a time, and nothing else: what no tool can beat on this machine."""
    begin = time.perf_counter()
    for i in range(items):
        if i >= 2:
            os.wait()
        os.posix_spawn("/bin/true", ["/bin/true", str(i)], os.environ)
    for _ in range(min(items, 2)):
        os.wait()
    return time.perf_counter() - begin


def memory_of_each(root):
    """Program and pid -> MiB that are its own, of every process of sheaf below `root`."""
    found = {}
    for pid in descendants(root):
        try:
            name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                kib = sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
        except OSError:
            continue
        if name.startswith("sheaf"):
            found[(name, pid)] = kib / 1024
    return found


def memory_over_time(sheaf):
    """What the processes have after a tenth of the time and at its end, and how many items went through."""
    with tempfile.NamedTemporaryFile() as source, tempfile.TemporaryFile() as sink:
        for first in range(0, MANY, 1_000_000):
            source.write("".join(f"{i}\n" for i in range(first, first + 1_000_000)).encode())
        source.flush()
        with open(source.name) as items:
            batch = subprocess.Popen([sheaf, "batch", "-j2", "printf x"], stdin=items, stdout=sink)
        time.sleep(SECONDS_OF_MANY / 10)
        early = memory_of_each(batch.pid)
        time.sleep(SECONDS_OF_MANY * 9 / 10)
        late = memory_of_each(batch.pid)
        batch.send_signal(signal.SIGINT)
        batch.wait()
        return early, late, sink.seek(0, os.SEEK_END)


def text(values, digits=0):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}..{max(values):,.{digits}f})"


def main():
    sheaf, rounds = sys.argv[1] + "/sheaf", int(sys.argv[2])
    parallel = ["parallel", "--will-cite", "-k", "-j2"]
    rates = {"sheaf batch": [], "xargs": [], "GNU parallel": [], "posix_spawn alone": []}
    one = {"sheaf batch": [], "GNU parallel": []}
    for _ in range(rounds):
        rates["sheaf batch"].append(ITEMS / seconds([sheaf, "batch", "-j2", "/bin/true {}"], ITEMS))
        rates["xargs"].append(ITEMS / seconds(["xargs", "-P2", "-n1", "/bin/true"], ITEMS))
        rates["GNU parallel"].append(FEW / seconds([*parallel, "/bin/true {}"], FEW))
        rates["posix_spawn alone"].append(ITEMS / seconds_of_starting(ITEMS))
        one["sheaf batch"].append(seconds([sheaf, "batch", "/bin/true {}"], 1))
        one["GNU parallel"].append(seconds([*parallel, "/bin/true {}"], 1))
    for tool, values in rates.items():
        print(f"/bin/true, 2 at a time, {tool}: {text(values)} a second")
    for other in ("xargs", "GNU parallel", "posix_spawn alone"):
        print(f"  sheaf beside {other}: {text([a / b for a, b in zip(rates['sheaf batch'], rates[other])], 2)}")
    for tool, values in one.items():
        print(f"one item, start to exit, {tool}: {text(values, 3)} s")
    early, late, items = memory_over_time(sheaf)
    print(f"memory, {items:,} of {MANY:,} items in {SECONDS_OF_MANY} s, MiB of its own after {SECONDS_OF_MANY // 10} s and at the end:")
    for process, mib in sorted(late.items()):
        print(f"  {process[0]}: {early.get(process, 0):.1f} {mib:.1f}")


if __name__ == "__main__":
    main()

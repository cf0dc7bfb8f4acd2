"""Runs the rounds of bench/dispatch.sh: dispatch_bench beside multiprocessing.Pool, and prints how they compare."""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time

JOBS = 100_000
PROCESSES = 2


def no_op(job):
    return job


def pool_jobs_per_s():
    """Between the first result and the last one, as dispatch_bench counts."""
    jobs = [i.to_bytes(16, "little") for i in range(JOBS)]
    with multiprocessing.Pool(PROCESSES) as pool:
        first = None
        for job, result in zip(jobs, pool.imap(no_op, jobs, chunksize=1)):
            first = first or time.perf_counter()
            assert result == job
        return (JOBS - 1) / (time.perf_counter() - first)


def text(values, digits=0):
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}..{max(values):,.{digits}f})"


def main():
    binary, rounds = sys.argv[1], int(sys.argv[2])
    command = [f"{binary}/dispatch_bench", "--json", "--jobs", str(JOBS), "--workers", str(PROCESSES)]
    ours, pool = [], []
    for _ in range(rounds):
        ours.append(json.loads(subprocess.check_output(command)))
        pool.append(pool_jobs_per_s())

    jobs = [run["jobs_per_s"] for run in ours]
    bare = [run["bare_round_trip_us"] for run in ours]
    alone = [run["round_trip_us"]["median"] for run in ours]
    print(f"median of {rounds} rounds (min..max); {os.cpu_count()} cores; {PROCESSES} executors; Python {sys.version.split()[0]}\n")
    print("| | |\n|---|--:|")
    print(f"| sheaf, jobs a second | {text(jobs)} |")
    print(f"| multiprocessing.Pool.imap, jobs a second | {text(pool)} |")
    print(f"| sheaf / Pool, round by round | {text([a / b for a, b in zip(jobs, pool)], 2)} |")
    print(f"| a job alone, there and back, us: median | {text(alone)} |")
    print(f"| the same, 99th of 100 | {text([run['round_trip_us']['p99'] for run in ours])} |")
    print(f"| ROUTER and DEALER alone, there and back, us: median | {text(bare)} |")
    print(f"| a job / ROUTER and DEALER, round by round | {text([a / b for a, b in zip(alone, bare)], 1)} |")
    for size in ours[0]["copies_of_a_byte"]:
        copies = [run["copies_of_a_byte"][size] for run in ours]
        print(f"| copies of a byte of a job of {int(size) >> 10} KiB | {text(copies, 1)} |")
    print(f"| memory of the master for a waiting job, beyond its payload, bytes | "
          f"{text([run['master_bytes_per_pending_job'] for run in ours])} |")


if __name__ == "__main__":
    main()

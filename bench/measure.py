"""Runs the rows of bench/video.sh and prints one table.

CPU is the whole process tree's: a parent that waits for its children is charged with theirs, and every process of sheaf is
waited for by the one that started it. Peak memory is the largest sum of PSS over the tree, read from /proc ten times a second: shared
pages count once, so that processes that share libraries are not made to look larger than they are.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

OPENCV = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
IMAGEIO = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4"
FILTER = "gblur=sigma=8"
X264 = ["-c:v", "libx264", "-preset", "medium", "-crf", "23"]
ONE = ["-threads", "1", "-filter_threads", "1"]


def descendants(root):
    """`root` and every process below it."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as stat:
                parent = int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def memory(root):
    total = 0
    for pid in descendants(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        except (OSError, ValueError):
            continue
    return total / 1024


def measure(command):
    """Wall seconds, CPU seconds, peak MiB of one run of a shell command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    process = subprocess.Popen(command, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, done = 0.0, threading.Event()

    def watch():
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = process.communicate()
    wall = time.monotonic() - begin
    done.set()
    watcher.join()
    if process.returncode != 0:
        sys.exit(f"bench/video.sh: this failed: {command}\n{errors.decode(errors='replace')}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall, cpu, peak


def rows(binary, video, folder):
    ffmpeg = "ffmpeg -nostdin -v error -y"
    one, codec = " ".join(ONE), " ".join(X264)
    out = f"{folder}/out.mp4"
    seconds = float(subprocess.check_output(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", video]))
    half = seconds / 2
    halves = " & ".join(
        f"{ffmpeg} {one} {cut} -i {video} -an -vf {FILTER} {one} {codec} {folder}/half{i}.mp4"
        for i, cut in enumerate([f"-t {half}", f"-ss {half}"]))
    sheaf = f"{binary}/sheaf video {video} -o {out} --op blur:sigma=8 --overwrite --quiet"
    return [
        ("ffmpeg, one thread", f"{ffmpeg} {one} -i {video} -an -vf {FILTER} {one} {codec} {out}"),
        ("ffmpeg, own threading", f"{ffmpeg} -i {video} -an -vf {FILTER} {codec} {out}"),
        ("sheaf, 1 worker", f"{sheaf} --workers 1"),
        ("sheaf, 2 workers", f"{sheaf} --workers 2"),
        ("two ffmpeg, a half each", f"{halves} & wait"),
    ]


def text(values, digits=1):
    median = statistics.median(values)
    return f"{median:.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def main():
    binary, repeats = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    videos = [video for video in (OPENCV, IMAGEIO) if os.path.exists(video)]
    if not videos:
        sys.exit("bench/video.sh: the videos are missing; run deploy/setup.sh")
    print(f"median of {repeats} (min..max); {os.cpu_count()} cores\n")
    print("| video | | wall, s | CPU, s | peak memory, MiB |")
    print("|---|---|--:|--:|--:|")
    for video in videos:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            for name, command in rows(binary, video, folder):
                runs = [measure(command) for _ in range(repeats)]
                wall, cpu, peak = zip(*runs)
                print(f"| {os.path.basename(video)} | {name} | {text(wall)} | {text(cpu)} | {text(peak, 0)} |", flush=True)


if __name__ == "__main__":
    main()

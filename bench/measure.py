"""Runs the rows of bench/video.sh, in rounds, and prints what they took and how they compare.

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

from frames_wrong import frames_wrong

OPENCV = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
IMAGEIO = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4"
HERE = os.path.dirname(os.path.abspath(__file__))
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
    """(name, shell command, output or None where nothing is joined)."""
    ffmpeg = "ffmpeg -nostdin -v error -y"
    one, codec = " ".join(ONE), " ".join(X264)
    seconds = float(subprocess.check_output(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", video]))
    half = seconds / 2
    halves = " & ".join(
        f"{ffmpeg} {one} {cut} -i {video} -an -vf {FILTER} {one} {codec} {folder}/half{i}.mp4"
        for i, cut in enumerate([f"-t {half}", f"-ss {half}"]))
    sheaf = f"{binary}/sheaf video {video} --op blur:sigma=8 --overwrite --quiet"
    out = [f"{folder}/{i}.mp4" for i in range(5)]
    return [
        ("ffmpeg, one thread", f"{ffmpeg} {one} -i {video} -an -vf {FILTER} {one} {codec} {out[0]}", out[0]),
        ("ffmpeg, own threading", f"{ffmpeg} -i {video} -an -vf {FILTER} {codec} {out[1]}", out[1]),
        ("two ffmpeg, a half each", f"{halves} & wait", None),
        ("Python + OpenCV, 2 processes", f"/usr/bin/python3 {HERE}/recipe.py {video} {out[2]} 2", out[2]),
        ("sheaf, 1 worker", f"{sheaf} -o {out[3]} --workers 1", out[3]),
        ("sheaf, 2 workers", f"{sheaf} -o {out[4]} --workers 2", out[4]),
    ]


def text(values, digits=1):
    median = statistics.median(values)
    return f"{median:.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def ratio(runs, what, a, b):
    """Of one figure of two rows, round by round: what the machine does in a round it does to both."""
    return text([x[what] / y[what] for x, y in zip(runs[a], runs[b])], 2)


def measure_clip(binary, video, rounds):
    name = os.path.basename(video)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        table = rows(binary, video, folder)
        runs = {row: [] for row, _, _ in table}
        for _ in range(rounds):
            for row, command, _ in table:
                runs[row].append(measure(command))
        print(f"\n| {name} | wall, s | CPU, s | peak memory, MiB | bytes | frames wrong |\n|---|--:|--:|--:|--:|--:|")
        for row, _, output in table:
            wall, cpu, peak = zip(*runs[row])
            made = f"{os.path.getsize(output)} | {frames_wrong(video, output)}" if output else " | "
            print(f"| {row} | {text(wall)} | {text(cpu)} | {text(peak, 0)} | {made} |", flush=True)
        unsplit = f"{folder}/unsplit.mp4"
        measure(f"{binary}/sheaf video {video} -o {unsplit} --op blur:sigma=8 --workers 1 --chunk 1000000 --quiet")
        size = os.path.getsize(table[-1][2]) / os.path.getsize(unsplit)
    two, own, halves = "sheaf, 2 workers", "ffmpeg, own threading", "two ffmpeg, a half each"
    print(f"\n| {name}, round by round | |\n|---|--:|")
    print(f"| wall: sheaf, 2 workers / two halves | {ratio(runs, 0, two, halves)} |")
    print(f"| wall: ffmpeg's own threading / sheaf, 2 workers | {ratio(runs, 0, own, two)} |")
    print(f"| wall: Python + OpenCV / sheaf, 2 workers | {ratio(runs, 0, 'Python + OpenCV, 2 processes', two)} |")
    print(f"| CPU: sheaf, 1 worker / ffmpeg, one thread | {ratio(runs, 1, 'sheaf, 1 worker', 'ffmpeg, one thread')} |")
    print(f"| bytes: sheaf / the same in one job | {size:.3f} |", flush=True)


def measure_short(binary, rounds):
    """Start to exit of five frames: what a run costs beside its work."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        short = f"{folder}/five.avi"
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", OPENCV, "-c", "copy", "-frames:v", "5", short], check=True)
        command = f"{binary}/sheaf video {short} -o {folder}/out.mp4 --op blur:sigma=8 --overwrite --quiet"
        alone = f"ffmpeg -nostdin -v error -y -i {short} -an -vf {FILTER} {' '.join(X264)} {folder}/alone.mp4"
        for one in (command, alone):
            measure(one)  # Not counted: what is read from the disk once, and a fingerprint that is not kept yet.
        runs = [(measure(command), measure(alone)) for _ in range(4 * rounds)]
    print("\n| five frames, start to exit | wall, s | CPU, s |\n|---|--:|--:|")
    for i, row in enumerate(("sheaf", "ffmpeg")):
        print(f"| {row} | {text([run[i][0] for run in runs], 2)} | {text([run[i][1] for run in runs], 2)} |")


def main():
    binary, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    videos = [video for video in (OPENCV, IMAGEIO) if os.path.exists(video)]
    if not videos:
        sys.exit("bench/video.sh: the videos are missing; run deploy/setup.sh")
    print(f"median of {rounds} rounds (min..max); {os.cpu_count()} cores")
    for video in videos:
        measure_clip(binary, video, rounds)
    measure_short(binary, rounds)


if __name__ == "__main__":
    main()

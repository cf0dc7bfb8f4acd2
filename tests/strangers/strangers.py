#!/usr/bin/env python3
"""Has sheaf copy inputs of many kinds, and compares what it makes with what ffmpeg sees in the input.

    tests/strangers/strangers.py --build build/dev             all inputs of table.py
    tests/strangers/strangers.py --build build/dev NAME...     these
    tests/strangers/strangers.py --build build/dev --keep DIR NAME    and leave what was made in DIR

Ends with 0 only when everything is as table.py says.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True  # The source folder stays as it is.

from compare import differences  # noqa: E402
from entry import Accepted, Edit, Known, Refused, Stranger  # noqa: E402
from oracle import ffmpeg  # noqa: E402
from table import TABLE  # noqa: E402

MARK = "SHEAF_STRANGERS_MARK"  # In the environment of all that is started: by it stray processes are found.
SHEAF_SECONDS_MAX = 60
GONE_SECONDS_MAX = 10


@dataclass(frozen=True)
class Output:
    ending: str
    options: tuple[str, ...]
    is_lossless: bool


OUTPUTS = (
    Output(".mkv", ("--codec", "ffv1"), True),
    # Seven is in step with no GOP of the table: jobs begin and end anywhere.
    Output(".mov", ("--codec", "ffv1", "--chunk", "7"), True),
    Output(".mp4", ("--preset", "ultrafast"), False),
)


@dataclass(frozen=True)
class Run:
    code: int
    message: str


class Bench:
    """A folder of its own for one input, and sheaf as a user would start it there."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self._program = build / "bin" / "sheaf"
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("SHEAF_")}
        self._environment |= {
            MARK: str(folder),
            "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            # Shared, for it holds what takes long to measure and is the same each time.
            "XDG_CACHE_HOME": str(build / "cache"),
        }
        for name in ("out", "run"):
            (folder / name).mkdir(exist_ok=True)

    def make(self, stranger: Stranger) -> Path:
        for number, step in enumerate(stranger.steps, 1):
            last = [stranger.file] if number == len(stranger.steps) else []
            if isinstance(step, Edit):
                data = step.function(*((self.folder / name).read_bytes() for name in step.sources))
                (self.folder / (step.to or stranger.file)).write_bytes(data)
            else:
                # ffmpeg takes what stands before a colon for a protocol.
                ffmpeg(shlex.split(step) + [f"file:{name}" for name in last], self.folder)
        return self.folder / stranger.file

    def sheaf(self, source: str, output: Output) -> Run:
        made = f"out/made{output.ending}"
        words = [str(self._program), "video", source, "-o", made, "--op", "copy", "--quiet", *output.options]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(words, cwd=self.folder, env=self._environment, **pipes) as process:
            try:
                text, _ = process.communicate(timeout=SHEAF_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                return Run(-1, f"not done after {SHEAF_SECONDS_MAX} s")
        return Run(process.returncode, text.decode(errors="replace").strip())

    def stray_processes(self) -> list[int]:
        """Those that carry this bench's mark; none, soon after sheaf has ended."""
        deadline = time.monotonic() + GONE_SECONDS_MAX
        while (left := self._marked_processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def close(self) -> None:
        for pid in self._marked_processes():
            os.kill(pid, signal.SIGKILL)

    def _marked_processes(self) -> list[int]:
        mark = f"{MARK}={self.folder}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in entry.read_bytes().split(b"\0"):
                    found.append(int(entry.parent.name))
            except OSError:  # Gone in the meantime, or somebody else's.
                continue
        return found


def faults(stranger: Stranger, bench: Bench) -> list[str]:
    """What is not as the table says."""
    source = bench.make(stranger)
    found = []
    for output in OUTPUTS:
        run = bench.sheaf(stranger.file, output)
        seen = observed(stranger.refusal(output.ending), run, source, bench.out / f"made{output.ending}", output)
        found += [f"{output.ending}: {fault}" for fault in judged(seen, stranger, output.ending)]
    left = sorted(path.name for path in bench.out.iterdir() if path.stem != "made" or path.is_dir())
    found += [f"left behind: {name}" for name in left]
    found += [f"still running: process {pid}" for pid in bench.stray_processes()]
    return found


def observed(refusal: Refused | None, run: Run, source: Path, made: Path, output: Output) -> list[str]:
    """What differs from what is right, before the marks are looked at."""
    if refusal is None:
        return differences(source, made, output.is_lossless) if run.code == 0 else [f"exit {run.code}: {run.message}"]
    found = []
    if run.code != refusal.code:
        found.append(f"exit {run.code}, where {refusal.code} is right: {run.message}")
    if refusal.phrase not in run.message:
        found.append(f"the message lacks {refusal.phrase!r}: {run.message}")
    if made.exists():
        found.append("refused, and yet there is an output")
    return found


def judged(seen: list[str], stranger: Stranger, ending: str) -> list[str]:
    """Without what the table knows of, and with those marks of it that nothing was seen of."""
    marks = [mark for mark in stranger.marks_of(ending) if isinstance(mark, Accepted)]
    found = [one for one in seen if not any(re.search(mark.pattern, one) for mark in marks)]
    for mark in marks:
        if not any(re.search(mark.pattern, one) for one in seen):
            kind = "known fault" if isinstance(mark, Known) else "accepted difference"
            found.append(f"the {kind} is not there any more; take its mark out of table.py: {mark.why}")
    return found


def examine(stranger: Stranger, build: Path, keep: Path | None) -> bool:
    """Prints a line, and one more for each fault."""
    begin = time.monotonic()
    # Short: the path of a socket has 107 bytes.
    with tempfile.TemporaryDirectory(prefix="strangers-", dir="/tmp") as folder:
        bench = Bench(build, Path(folder))
        try:
            found = faults(stranger, bench)
        except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            found = [str(error)]
        finally:
            bench.close()
        if keep is not None:
            sockets = shutil.ignore_patterns("run", "state")
            shutil.copytree(folder, keep / stranger.name, dirs_exist_ok=True, ignore=sockets)
    print(f"{'FAILED' if found else 'ok':7} {stranger.name}  {time.monotonic() - begin:.1f} s", flush=True)
    for fault in found:
        print(f"        {fault}", flush=True)
    return not found


def chosen(names: list[str]) -> list[Stranger]:
    by_name = {stranger.name: stranger for stranger in TABLE}
    if len(by_name) != len(TABLE):
        sys.exit("strangers.py: two lines of table.py have one name")
    if unknown := [name for name in names if name not in by_name]:
        sys.exit(f"strangers.py: not in table.py: {', '.join(unknown)}")
    return [by_name[name] for name in names] if names else TABLE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, help="the folder of a preset: build/dev")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave inputs and outputs in DIR/NAME")
    parser.add_argument("--list", action="store_true", help="print each NAME and the label of its test")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    strangers = chosen(options.names)
    if options.list:
        for stranger in strangers:
            print(stranger.name, "e2e" if stranger.is_sample else "long")
        return 0
    if options.build is None or not (options.build / "bin" / "sheaf").exists():
        parser.error("--build: a folder with bin/sheaf in it is needed")
    # Ctest ends a test that takes too long with SIGTERM; what was begun has to be cleared away then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    good = [examine(stranger, options.build.resolve(), options.keep) for stranger in strangers]
    print(f"{sum(good)} of {len(good)} as the table says")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What ffmpeg and ffprobe say of a file: the witnesses from outside."""

import functools
import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

SECONDS_MAX = 120  # The longest of all these calls takes two.

Stream = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A frame or a packet; times in seconds."""

    time: Fraction
    duration: Fraction
    digest: str


@dataclass(frozen=True)
class Listing:
    tick: Fraction
    lines: tuple[Line, ...]
    complaint: str  # The first line that ffmpeg wrote to stderr, or nothing.


def output_of(words: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    nothing = subprocess.DEVNULL
    return subprocess.run(words, stdin=nothing, capture_output=True, timeout=SECONDS_MAX, cwd=folder, check=False)


def ffmpeg(words: list[str], folder: Path) -> None:
    """Raises when ffmpeg does not end with 0: then the table, or this machine's ffmpeg, is not as it should be."""
    done = output_of(["ffmpeg", "-nostdin", "-v", "error", "-y", *words], folder)
    if done.returncode != 0:
        raise RuntimeError(f"ffmpeg {' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")


@functools.cache
def probe(path: Path) -> dict[str, Any]:
    shown = ["-show_streams", "-show_format", "-show_chapters"]
    done = output_of(["ffprobe", "-v", "error", *shown, "-of", "json", f"file:{path}"])
    return json.loads(done.stdout or b"{}")


@functools.cache
def frames(path: Path, stream: int, pixel_format: str | None) -> Listing:
    """The frames as ffmpeg decodes them, in their own pixel format if none is given."""
    rate = ["-fps_mode", "passthrough", "-enc_time_base", "-1"]
    return listing(path, stream, rate + (["-pix_fmt", pixel_format] if pixel_format else []))


@functools.cache
def packets(path: Path, stream: int, codec: str) -> Listing:
    # What transport streams put before each packet of AAC stands once in the head of other containers.
    bare = ["-bsf", "aac_adtstoasc"] if codec == "aac" else []
    return listing(path, stream, ["-c", "copy", "-copyinkf", *bare])


@functools.cache
def sound(path: Path, stream: int) -> str:
    """A digest of all decoded samples, however they are divided into packets."""
    done = output_of(["ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{path}", "-map", f"0:{stream}", "-f", "md5", "-"])
    return done.stdout.decode()


def listing(path: Path, stream: int, options: list[str]) -> Listing:
    begin = ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", "-copyts", "-i", f"file:{path}", "-map", f"0:{stream}"]
    done = output_of([*begin, *options, "-f", "framemd5", "-"])
    tick, lines = Fraction(1), []
    for text in done.stdout.decode().splitlines():
        if text.startswith("#tb 0:"):
            tick = Fraction(text.split(":")[1].strip())
        elif text and not text.startswith("#"):
            _, _, time, duration, _, digest = [field.strip() for field in text.split(",")[:6]]
            lines.append(Line(int(time) * tick, int(duration) * tick, digest))
    return Listing(tick, tuple(lines), next(iter(done.stderr.decode(errors="replace").splitlines()), ""))

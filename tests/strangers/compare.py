"""How an output differs from its input; the input is the measure."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from oracle import Listing, Stream, frames, packets, probe, sound


def differences(source: Path, made: Path, is_lossless: bool) -> list[str]:
    """One line for each thing that differs."""
    before, after = probe(source), probe(made)
    video, picture = main_video(before), main_video(after)
    if video is None or picture is None:
        return ["there is no video"]
    shift = moved_up(before)
    found = video_differences(source, video, made, picture, is_lossless, shift)
    found += look_differences(video, picture)
    found += surrounding_differences("video", video, picture, made)
    found += other_streams(source, before, made, after, shift)
    if chapters(before) != chapters(after):
        found.append(f"chapters: {chapters(before)}, in the output {chapters(after)}")
    return found


def moved_up(before: dict[str, Any]) -> Fraction:
    """By how much all streams have to be later: what begins below zero, as ffmpeg moves it up too."""
    start = Fraction(before["format"].get("start_time", "0"))
    # Sound whose first packet only warms the decoder up is a little below zero in many files, and stays there.
    return -start if start < Fraction(-1, 10) else Fraction(0)


def uncertainty(shift: Fraction) -> Fraction:
    """ffprobe says the start, and so the shift, in whole microseconds."""
    return Fraction(1, 1_000_000) if shift else Fraction(0)


def main_video(probed: dict[str, Any]) -> Stream | None:
    return next((stream for stream in probed.get("streams", []) if stream["codec_type"] == "video"), None)


def video_differences(
    source: Path, video: Stream, made: Path, picture: Stream, is_lossless: bool, shift: Fraction
) -> list[str]:
    was, now = pixel_formats(video, picture)
    expected = frames(source, video["index"], was)
    actual = frames(made, picture["index"], now)
    found = [f"frames: the output cannot be decoded: {actual.complaint}"] if actual.complaint else []
    if not expected.lines:
        found.append("frames: ffmpeg sees none in the input")
    if len(expected.lines) != len(actual.lines):
        found.append(f"frames: {len(expected.lines)}, in the output {len(actual.lines)}")
    if is_lossless:
        found += unequal("pixels", [line.digest for line in expected.lines], [line.digest for line in actual.lines])
    # Only Matroska, which counts milliseconds, may round.
    tolerance = uncertainty(shift) + (Fraction(1, 2000) if is_matroska(made) else 0)
    found += late("frame times", times(expected, shift), times(actual), tolerance)
    return found


def pixel_formats(video: Stream, picture: Stream) -> tuple[str | None, str | None]:
    """In which formats the frames of both are to be compared; none is their own one."""
    # FFV1 has RGB with a fourth byte that says nothing, and full range is a tag here and a format there.
    if picture["pix_fmt"] == "bgr0":
        return "rgb24", "rgb24"
    if video["pix_fmt"].replace("yuvj", "yuv") == picture["pix_fmt"].replace("yuvj", "yuv"):
        return None, None
    return picture["pix_fmt"], None


def other_streams(
    source: Path, before: dict[str, Any], made: Path, after: dict[str, Any], shift: Fraction
) -> list[str]:
    found = []
    for kind in ("video", "audio", "subtitle"):
        were, are = streams_of(before, kind), streams_of(after, kind)
        if len(were) != len(are):
            found.append(f"{kind}: {len(were)} streams, in the output {len(are)}")
        first = 1 if kind == "video" else 0  # The main one has been compared by its frames.
        for number, (was, now) in enumerate(list(zip(were, are))[first:], first):
            name = f"{kind} {number}"
            found += surrounding_differences(name, was, now, made)
            found += packet_differences(name, source, was, made, now, shift)
    return found


def streams_of(probed: dict[str, Any], kind: str) -> list[Stream]:
    return [stream for stream in probed["streams"] if stream["codec_type"] == kind]


def look_differences(video: Stream, picture: Stream) -> list[str]:
    """What tells a player how to show the frames."""
    found = []
    if rotation(video) != rotation(picture):
        found.append(f"video: turned by {rotation(video)} degrees, in the output by {rotation(picture)}")
    # RGB has no other range, whether it is marked or not.
    if picture["pix_fmt"].startswith("yuv") and is_full_range(video) != is_full_range(picture):
        found.append(f"video: full range {is_full_range(video)}, in the output {is_full_range(picture)}")
    return found


def rotation(stream: Stream) -> int:
    return next((side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side), 0)


def is_full_range(stream: Stream) -> bool:
    return stream.get("color_range") == "pc" or stream.get("pix_fmt", "").startswith("yuvj")


def surrounding_differences(name: str, was: Stream, now: Stream, made: Path) -> list[str]:
    found = []
    if language(was) != language(now):
        found.append(f"{name}: language {language(was)}, in the output {language(now)}")
    before, after = dispositions(was), dispositions(now)
    # MP4 and QuickTime know tracks that are switched on, and their libavformat switches on the first when none is.
    if before != after and not (not is_matroska(made) and not before and after == ["default"]):
        found.append(f"{name}: disposition {before}, in the output {after}")
    return found


def language(stream: Stream) -> str:
    return stream.get("tags", {}).get("language", "und")


def dispositions(stream: Stream) -> list[str]:
    return sorted(key for key, value in stream["disposition"].items() if value)


def packet_differences(
    name: str, source: Path, was: Stream, made: Path, now: Stream, shift: Fraction
) -> list[str]:
    found = []
    if was.get("codec_name") != now.get("codec_name"):
        found.append(f"{name}: codec {was.get('codec_name')}, in the output {now.get('codec_name')}")
    expected = packets(source, was["index"], was.get("codec_name", ""))
    actual = packets(made, now["index"], now.get("codec_name", ""))
    if not expected.lines:
        found.append(f"{name} packets: ffmpeg sees none in the input")
    if was.get("codec_name", "").startswith("pcm_"):
        return found + sample_differences(name, source, was, expected, made, now, actual, shift)
    half_a_tick = actual.tick / 2 + uncertainty(shift)
    wanted = times(expected, shift)
    found += unequal(f"{name} packets", [line.digest for line in expected.lines], [line.digest for line in actual.lines])
    # Matroska's blocks hold times before zero as they should be, but libavformat reads some of them one tick late.
    early = sum(time < 0 for time in wanted) if is_matroska(made) else 0
    found += late(f"{name} times before zero", wanted[:early], times(actual)[:early], 3 * half_a_tick)
    found += late(f"{name} times", wanted[early:], times(actual)[early:], half_a_tick)
    if was["codec_type"] == "subtitle":
        lengths = [[line.duration for line in side.lines] for side in (expected, actual)]
        found += late(f"{name} durations", *lengths, half_a_tick)
    return found


def sample_differences(
    name: str, source: Path, was: Stream, expected: Listing, made: Path, now: Stream, actual: Listing, shift: Fraction
) -> list[str]:
    """Plain samples have no packets of their own: containers divide them as they like."""
    found = [] if sound(source, was["index"]) == sound(made, now["index"]) else [f"{name} packets: the samples differ"]
    return found + late(f"{name} times", times(expected, shift)[:1], times(actual)[:1], actual.tick / 2)


def times(listed: Listing, shift: Fraction = Fraction(0)) -> list[Fraction]:
    return [line.time + shift for line in listed.lines]


def unequal(name: str, expected: list[str], actual: list[str]) -> list[str]:
    bad = [i for i, (a, b) in enumerate(zip(expected, actual)) if a != b]
    count = "" if len(expected) == len(actual) else f"{len(expected)}, in the output {len(actual)}; "
    if not bad and not count:
        return []
    where = f"{len(bad)} differ, the first is number {bad[0]}" if bad else "no other differs"
    return [f"{name}: {count}{where}"]


def late(name: str, expected: list[Fraction], actual: list[Fraction], tolerance: Fraction) -> list[str]:
    bad = [i for i, (a, b) in enumerate(zip(expected, actual)) if abs(a - b) > tolerance]
    if not bad:
        return []
    first = bad[0]
    shown = f"{float(expected[first]):.6f} s, in the output {float(actual[first]):.6f} s"
    return [f"{name}: {len(bad)} differ, the first is number {first}: {shown}"]


def chapters(probed: dict[str, Any]) -> list[tuple[float, float, str]]:
    """Begin and end to the millisecond, which is all that some containers have, and the title."""
    return [
        (round(float(one["start_time"]), 3), round(float(one["end_time"]), 3), one.get("tags", {}).get("title", ""))
        for one in probed["chapters"]
    ]


def is_matroska(path: Path) -> bool:
    return path.suffix == ".mkv"

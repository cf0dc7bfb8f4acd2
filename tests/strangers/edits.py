"""What ffmpeg does not write: recordings that begin anywhere, break off, lack stamps."""

TS_PACKET = 188
TS_VIDEO = 0x100  # The packet identifier that libavformat gives to the first stream.


def broken_off(data: bytes) -> bytes:
    return data[: len(data) * 6 // 10]


def with_a_hole(data: bytes) -> bytes:
    begin = len(data) // 2
    return data[:begin] + bytes(4096) + data[begin + 4096 :]


def joined(*parts: bytes) -> bytes:
    return b"".join(parts)


def begun_late(data: bytes) -> bytes:
    """Without the first packets of a transport stream: a receiver that was switched on in the middle of a GOP."""
    return data[len(data) // TS_PACKET * 3 // 10 * TS_PACKET :]


def stamped_on_key_frames(data: bytes, gop: int = 12) -> bytes:
    """As some recorders write it: only each `gop`-th picture has its times in the transport stream."""
    changed = bytearray(data)
    pictures = 0
    for packet in range(0, len(data), TS_PACKET):
        head = pes_head(data, packet)
        if head is None:
            continue
        if pictures % gop:
            # The bytes of the times stay and count as stuffing, for the length of the head is as it was.
            changed[head + 7] &= 0x3F
        pictures += 1
    return bytes(changed)


def pes_head(data: bytes, packet: int) -> int | None:
    """Where the head of a picture begins, if it does within the transport packet that begins at `packet`."""
    is_begin = bool(data[packet + 1] & 0x40)
    identifier = (data[packet + 1] & 0x1F) << 8 | data[packet + 2]
    if not is_begin or identifier != TS_VIDEO:
        return None
    has_adaptation = bool(data[packet + 3] & 0x20)
    return packet + 4 + (1 + data[packet + 4] if has_adaptation else 0)


def empty() -> bytes:
    return b""


def text() -> bytes:
    return b"It was a bright cold day in April, and the clocks were striking thirteen.\n" * 20


def two_pieces() -> bytes:
    return b"ffconcat version 1.0\nfile one.mp4\ninpoint 0.3\noutpoint 1.5\nfile one.mp4\ninpoint 1.1\n"


def subtitles() -> bytes:
    return b"1\n00:00:00,500 --> 00:00:01,250\nHello\n\n2\n00:00:01,500 --> 00:00:02,040\nGood-bye, and thanks\n\n"


def chapter_list() -> bytes:
    lines = [";FFMETADATA1", "title=A short film"]
    for begin, end, title in ((0, 1000, "Beginning"), (1000, 2400, "End")):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={begin}", f"END={end}", f"title={title}"]
    return "\n".join(lines).encode() + b"\n"

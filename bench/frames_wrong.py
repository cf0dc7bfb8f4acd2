"""How many frames of an output are not the frame that belongs there: missing, doubled, too many, or from another place.

    frames_wrong.py INPUT OUTPUT

Frame n of the output is compared with the blurred frames n - 12 to n + 12 of the input, decoded in one go by ffmpeg. It is wrong when
another of them is clearly nearer. Frames that are too few or too many count once each.
"""

import subprocess
import sys

import numpy

NEAR = 12
CLEARLY = 1.25  # Times nearer, in mean squared difference: an encoder lets still regions lag behind a little.


def frames(path, filters):
    """Yields the luma of each frame, as ffmpeg decodes it from the first to the last."""
    size = subprocess.check_output(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height",
                                    "-of", "csv=p=0", path], text=True).strip().split(",")
    width, height = int(size[0]) // 2, int(size[1]) // 2
    process = subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf",
                                f"{filters}scale={width}:{height}:flags=area,format=gray", "-f", "rawvideo", "-"],
                               stdout=subprocess.PIPE)
    while len(data := process.stdout.read(width * height)) == width * height:
        yield numpy.frombuffer(data, numpy.uint8).reshape(height, width)
    process.wait()


def frames_wrong(path, output):
    expected = list(frames(path, "gblur=sigma=8,"))
    found = list(frames(output, ""))
    wrong = abs(len(expected) - len(found))
    for n, frame in enumerate(found[:len(expected)]):
        near = range(max(0, n - NEAR), min(len(expected), n + NEAR + 1))
        apart = {k: float(numpy.mean((frame.astype(numpy.float32) - expected[k]) ** 2)) for k in near}
        wrong += apart[n] > CLEARLY * min(apart.values())
    return wrong


if __name__ == "__main__":
    print(frames_wrong(sys.argv[1], sys.argv[2]))

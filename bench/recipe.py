"""What people do today: one process per range of frames, each seeks there with OpenCV, blurs and writes a file of its own, and
ffmpeg joins the files. As it stands in many answers; nothing in it is wrong on purpose.

    recipe.py INPUT OUTPUT PROCESSES
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile

import cv2


def work(job):
    path, part, first, count = job
    cv2.setNumThreads(1)
    video = cv2.VideoCapture(path)
    size = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(part, cv2.VideoWriter_fourcc(*"avc1"), video.get(cv2.CAP_PROP_FPS), size)
    video.set(cv2.CAP_PROP_POS_FRAMES, first)
    for _ in range(count):
        ok, frame = video.read()
        if not ok:
            break
        writer.write(cv2.GaussianBlur(frame, (0, 0), 8))
    writer.release()


def main():
    path, output, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    frames = int(cv2.VideoCapture(path).get(cv2.CAP_PROP_FRAME_COUNT))
    with tempfile.TemporaryDirectory(dir=os.path.dirname(output)) as folder:
        bounds = [frames * i // processes for i in range(processes + 1)]
        parts = [f"{folder}/{i}.mp4" for i in range(processes)]
        jobs = [(path, part, begin, end - begin) for part, begin, end in zip(parts, bounds, bounds[1:])]
        with multiprocessing.Pool(processes) as pool:
            pool.map(work, jobs)
        with open(f"{folder}/list", "w") as file:
            file.writelines(f"file '{part}'\n" for part in parts)
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "concat", "-safe", "0", "-i", f"{folder}/list",
                        "-c", "copy", output], check=True)


if __name__ == "__main__":
    main()

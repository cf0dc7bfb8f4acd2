"""Makes docs/terminal.svg: runs `sheaf video` on a terminal of its own, records what it writes there, and draws that.

    PATH=build/release/bin:$PATH python3 docs/terminal.py docs/terminal.svg
"""

import fcntl
import html
import os
import pty
import struct
import sys
import tempfile
import termios
import time

VIDEO = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
COMMAND = ["sheaf", "video", "vtest.avi", "-o", "out.mp4", "--op", "blur:sigma=8"]
COLUMNS, STATES_MAX, HOLD = 80, 40, 4.0


def record():
    """[(seconds, line)]: what the last line of the terminal showed, and from when on."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.symlink(VIDEO, f"{folder}/vtest.avi")
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execvp(COMMAND[0], COMMAND)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        begin, states = time.monotonic(), [(0.0, "")]
        while True:
            try:
                data = os.read(terminal, 65536).decode()
            except OSError:  # Linux says so when the last writer has gone.
                break
            for line in data.replace("\r\n", "").split("\r\x1b[K"):
                if line:
                    states.append((time.monotonic() - begin, line))
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            sys.exit("docs/terminal.py: the command failed: " + states[-1][1])
        return states


def thinned(states):
    """The first, the last and evenly spaced ones between."""
    step = max(1, -(-len(states) // STATES_MAX))
    return [state for i, state in enumerate(states) if i % step == 0 or i == len(states) - 1]


def draw(states):
    total = states[-1][0] + HOLD
    ends = [begin for begin, _ in states[1:]] + [total]
    style, texts = [], []
    for i, ((begin, line), end) in enumerate(zip(states, ends)):
        a, b = 100 * begin / total, 100 * end / total
        last = i == len(states) - 1
        # The last one is what a viewer without animation sees.
        style.append(f"#s{i}{{animation:k{i} {total:.1f}s step-end infinite;opacity:{int(last)}}}"
                     f"@keyframes k{i}{{0%{{opacity:{int(a == 0)}}}{a:.2f}%{{opacity:1}}{b:.2f}%{{opacity:{int(last)}}}}}")
        texts.append(f'<text id="s{i}" x="16" y="72" xml:space="preserve">{html.escape(line)}</text>')
    command = html.escape(" ".join(COMMAND))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="104" viewBox="0 0 760 104">',
        "<style>text{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#d7dde4}" + "".join(style) + "</style>",
        '<rect width="760" height="104" rx="8" fill="#1b2027"/>',
        f'<text x="16" y="42" xml:space="preserve"><tspan fill="#7fb77e">$</tspan> {command}</text>',
        *texts, "</svg>", ""])


if __name__ == "__main__":
    with open(sys.argv[1], "w") as out:
        out.write(draw(thinned(record())))

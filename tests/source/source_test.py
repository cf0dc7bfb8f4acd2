"""What the sources themselves must keep to: who may include whom, and how long a file and a function may be.

The rule stands in docs/ARCHITECTURE.md, in the table under "Layers", for people and for this test: a row says what a folder (or
one file of it, beyond what its folder may) includes of sheaf and of libraries. Tests and benches may look into everything.
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
PRODUCT = ("client", "common", "master", "stage", "worker")
ALL = PRODUCT + ("bench", "proto", "tests")
SUFFIXES = (".cc", ".h", ".proto", ".py", ".sh")

# How a library is known in an #include line. What is in no row here (the standard library, the kernel) anybody may include.
LIBRARIES = {
    "CLI11": r"CLI/",
    "expected": r"tl/",
    "libav": r"lib(av|sw)\w+/",
    "nlohmann-json": r"nlohmann/",
    "OpenCV": r"opencv2/",
    "protobuf": r"google/protobuf/|sheaf/v1/",
    "spdlog": r"spdlog/|fmt/",
    "xxHash": r"xxh",
    "PCRE2": r"pcre2",
    "toml++": r"toml\+\+/",
    "ZeroMQ": r"zmq",
}


def sources(folders, suffixes=SUFFIXES):
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)


def table():
    """The rows of docs/ARCHITECTURE.md: {"master/io": {"common/net", ..., "ZeroMQ"}}."""
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    rows = {}
    for who, folders, libraries in re.findall(r"^\| `([a-z_/.]+)` \| ([^|]*) \| ([^|]*) \|$", text.split("\n## Layers\n")[1], re.M):
        rows[who] = set(re.findall(r"`([a-z_/]+)`", folders)) | {word for word in libraries.split(", ") if word.strip()}
    return rows


def includes(path):
    """What a file includes that the table speaks of: (line number, the name in the table)."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#include\s+([<"])([^>"]+)', line)
        if match is None:
            continue
        library = next((name for name, pattern in LIBRARIES.items() if re.match(pattern, match[2])), None)
        if library is not None:
            yield number, library
        elif match[1] == '"':
            yield number, str(pathlib.PurePath(match[2]).parent)


def functions(folders):
    """Every function: (lines, "path:line", name)."""
    paths = [str(path) for path in sources(folders, (".cc", ".h", ".py"))]
    command = ["ctags", "--fields=+ne", "--output-format=json", "--kinds-C++=f", "--kinds-Python=fm", "-o", "-"]
    for line in subprocess.run(command + paths, check=True, capture_output=True, text=True).stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            where = f"{pathlib.Path(tag['path']).relative_to(ROOT)}:{tag['line']}"
            yield tag["end"] - tag["line"] + 1, where, tag["name"]


class SourceTest(unittest.TestCase):
    def test_a_folder_includes_only_what_the_table_lets_it(self):
        rows = table()
        unused = {(who, name) for who, names in rows.items() for name in names}
        faults = []
        for path in sources(PRODUCT, (".cc", ".h")):
            file = str(path.relative_to(ROOT))
            folder = str(path.relative_to(ROOT).parent)
            for number, name in includes(path):
                if name == folder:
                    continue
                allowed = [who for who in (folder, file) if name in rows.get(who, ())]
                unused -= {(who, name) for who in allowed}
                if not allowed:
                    faults.append(f"{file}:{number} includes {name}: no row of docs/ARCHITECTURE.md lets it")
        faults += [f"docs/ARCHITECTURE.md: {who} does not include {name}; take it out" for who, name in sorted(unused)]
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def test_the_layers_have_no_circle(self):
        rows = {who: names for who, names in table().items() if "." not in who}

        def visit(who, path):
            self.assertNotIn(who, path, " -> ".join(path + [who]))
            for name in rows.get(who, ()):
                if name in rows:
                    visit(name, path + [who])

        for who in rows:
            visit(who, [])

    def test_no_file_is_long(self):
        lengths = [(len(path.read_text().splitlines()), str(path.relative_to(ROOT))) for path in sources(ALL)]
        self.assertGreater(len(lengths), 300)
        self.assertEqual([one for one in lengths if one[0] > FILE_LINES_MAX], [])

    def test_no_function_is_long(self):
        lengths = list(functions(ALL))
        self.assertGreater(len(lengths), 1000)
        self.assertEqual([one for one in lengths if one[0] > FUNCTION_LINES_MAX], [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "--verbose"])

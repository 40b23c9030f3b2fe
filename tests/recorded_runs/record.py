"""Records the makes that are kept here: `python tests/recorded_runs/record.py [NAME...]`; takes a few minutes.

Each program is made, then made again while it is recorded, so that its functions have a past.
The recordings are packed, for they are mostly alike from line to line.
"""

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import programs

HERE = Path(__file__).parent
MAKES = {
    "sweep": (programs.SWEEP, [["make", "-j", "2"]], ["-y", "remake", "all", "-j", "2"]),
    "chains": (programs.CHAINS, [["make", "-j", "2"]], ["-y", "remake", "all", "-j", "2"]),
    "survey": (programs.SURVEY, [["make", "-j", "2"]], ["-y", "remake", "all", "-j", "2"]),
}


def main(names):
    for name in names or MAKES:
        text, before, recorded = MAKES[name]
        with tempfile.TemporaryDirectory() as folder:
            program, tape = Path(folder, f"{name}.py"), Path(folder, "tape")
            program.write_text(text)
            for command in before:
                compmake(folder, name, *command)
            compmake(folder, name, "--record", str(tape), *recorded)
            packed = gzip.compress(tape.read_bytes(), 9, mtime=0)
        (HERE / f"{name}.jsonl.gz").write_bytes(packed)
        print(f"{name}: {len(packed)} bytes")


def compmake(folder, *words):
    done = subprocess.run([sys.executable, "-m", "compmake", *words], cwd=folder)
    if done.returncode not in (0, 1):
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1:])

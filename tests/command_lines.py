"""Runs many command lines in one new process: a process of its own for each would cost more than the command."""

import json
from collections.abc import Sequence

from spaces import Finished, Space

_DRIVER = """\
import json, os, sys, tempfile
from compmake.cli import main

def one(argv):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush(), sys.stderr.flush()
        saved = os.dup(1), os.dup(2)
        os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
        try:
            code = main(argv)
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os.dup2(saved[0], 1), os.dup2(saved[1], 2)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="surrogateescape"))
        return code, *texts

with open("lines.json") as file:
    lines = json.load(file)
found = []
for cwd, argv in lines:
    os.chdir(cwd)
    found.append(one(argv))
print(json.dumps(found))
"""


def run_each(
    space: Space,
    lines: Sequence[Sequence[str]],
    folders: Sequence[str] | None = None,
    env: dict[str, str] | None = None,
) -> list[Finished]:
    """Carry out command lines one after the other, each as `compmake ARGS` would.

    Args:
        space: Where they run.
        lines: The arguments of each.
        folders: Where each runs instead.
        env: Variables of the process.
    """
    where = folders or [str(space.path)] * len(lines)
    space.write("lines.json", json.dumps(list(zip(where, map(list, lines), strict=True))))
    done = space.python("-c", _DRIVER, env=env)
    assert done.code == 0, done.err
    return [Finished(*item) for item in json.loads(done.out)]

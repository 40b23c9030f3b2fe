"""Looking at a make from consoles."""

import re

import pytest
from consoles import Console, let_go, write_program

from compmake.channel.server import find_binary


@pytest.mark.skipif(find_binary() is None, reason="needs a server")
@pytest.mark.parametrize("line", ["watch", "output gate-a -f"])
def test_what_follows_a_make_is_left_with_a_whole_prompt(tmp_path, line):
    """After Ctrl-C the prompt has a line of its own, and the make goes on."""
    space = write_program(tmp_path)
    with Console(space, columns=110) as console:
        console.ready()
        console.enter("make -j 2 &")
        console.wait_until((tmp_path / "pid-a").exists, "the job")
        console.ready()
        console.wait_until(lambda: "gate-a" in console.run("stats --workers"), "news of it")
        console.enter(line)
        console.wait_for("gate-a" if line == "watch" else "waiting for a")
        console.press("ctrl-c")
        console.wait_for(re.compile(r"\^C\n@ "))
        console.ready()
        let_go(space, "a", "b")
        console.wait_for("make finished")

"""Acting on the make that runs, from the prompt of its console."""

import re

from consoles import let_go


def test_commands_steer_the_make_in_the_background(console, made):
    """More workers, a pause that `jobs` shows, a job cancelled; the rest is made."""
    console.run("make gate() &")
    console.ready("▶1")
    assert "2 workers from now on" in console.run("workers 2")
    console.ready("▶2")
    assert "Paused: no job is started any more" in console.run("pause")
    assert re.search(r"^\[1\]\s+paused", console.run("jobs"), re.MULTILINE)
    assert "Jobs are started again." in console.run("resume")
    assert "Cancelled: 1 running job terminated." in console.run("cancel gate-a")
    let_go(made, "b")
    console.wait_for(re.compile(r"make finished .*1 done.*1 interrupted", re.DOTALL))


def test_without_a_make_there_is_nothing_to_steer(console):
    """One line says so, and how the make of another process would be meant."""
    for command in ("pause", "workers 2", "cancel gate-a"):
        assert "no make is running here; with --control" in console.run(command)

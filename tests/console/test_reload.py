"""Code that changes while the console is open."""

import re

import pytest
from consoles import let_go, squeezed


def test_the_prompt_says_that_a_file_changed(console, made):
    """By itself, with the file's name; a file that is changed back is no change."""
    made.edit("steps.py", "FACTOR = 5", "FACTOR = 6")
    console.ready("steps.py changed, reload?")
    made.edit("steps.py", "FACTOR = 6", "FACTOR = 5")
    console.wait_until(lambda: console.prompt == "@ 7/11 ✘1:", "the prompt without it")


def test_what_is_said_of_code_before_a_reload_is_called_so(console, made):
    """`why` and `plan` speak of what is loaded."""
    made.edit("steps.py", "FACTOR = 5", "FACTOR = 6")
    console.ready("steps.py changed")
    for command in ("why func1", "plan"):
        assert "steps.py changed on disk" in console.run(command)


def test_reload_and_the_next_make_use_the_new_code(console, made):
    """The jobs that the edit concerns are stale then, and are made by workers that have the new code."""
    made.edit("steps.py", "x == 15", "x == 16")
    console.ready("changed")
    shown = console.run("reload")
    assert "prog loaded: 11 jobs" in shown
    console.ready("3/11")
    assert "helper" in console.run("plan not gate()") or "changed" in console.shown
    assert "✔ 4 done" in " ".join(console.run("make not gate()").split())
    console.ready("9/11:")


def test_reload_tells_of_jobs_that_came_and_went(console, made):
    """The graph is the new one: its ids are completed and listed."""
    made.edit("prog.py", '["a", "b"]', '["a", "c", "d"]')
    console.ready("prog.py changed")
    assert re.search(r"prog loaded: 12 jobs, 2 new, 1 gone\.", console.run("reload"))
    console.ready("7/12")
    assert "gate-d" in console.run("ls gate()")
    assert "no job is called 'gate-b'" in console.run("details gate-b")


@pytest.mark.parametrize("broken", ["def (:\n", "1 / 0\n", "import nosuchmodule\n"])
def test_a_program_that_no_longer_loads_leaves_the_old_graph(console, made, broken):
    """The error is shown with its place; the prompt lives, and once the file is mended `reload` works."""
    before = (made.path / "prog.py").read_text()
    made.write("prog.py", broken + before)
    console.ready("prog.py changed")
    shown = console.run("reload")
    assert "compmake: " in shown and "prog.py" in squeezed(shown)
    assert "7 done" in console.run("ls")
    made.write("prog.py", before.replace('["a", "b"]', '["a"]'))
    assert "prog loaded: 10 jobs, 1 gone." in console.run("reload")


def test_make_with_a_changed_file_asks(console, made):
    """Yes is the default: the program is loaded anew, and its new code is made."""
    made.edit("steps.py", "x == 15", "x == 16")
    console.enter("make not gate()")
    console.wait_for("steps.py changed on disk: load the program anew? [Y/n]")
    console.send("\r")
    assert "✔ 4 done" in " ".join(console.ready("9/11").split())


def test_no_to_that_question_makes_nothing(console, made):
    """Workers would import the new code for the old graph."""
    made.edit("steps.py", "x == 15", "x == 16")
    console.enter("make not gate()")
    console.wait_for("[Y/n]")
    console.send("n\r")
    assert "nothing was made" in console.ready()
    assert "7 done" in console.run("ls")


def test_autoreload_loads_before_the_next_command(console, made):
    """No question; a file that does not load is tried once, not at each command."""
    assert "autoreload = " in console.run("config autoreload on")
    made.edit("steps.py", "x == 15", "x == 16")
    console.ready("changed")
    shown = console.run("make not gate()")
    assert "prog loaded: 11 jobs" in shown and "✔ 4 done" in " ".join(shown.split())
    made.write("prog.py", "1 / 0\n")
    console.ready("changed")
    assert "ZeroDivisionError" in console.run("ls func1")
    shown = console.run("ls func1")
    assert "ZeroDivisionError" not in shown and "1 job: 1 done" in shown


def test_reload_waits_for_the_make_that_runs(console, made):
    """The make goes on in the foreground, with the code that it began with; then the program is loaded."""
    console.run("make gate-a &")
    console.ready("▶1")
    made.edit("prog.py", '["a", "b"]', '["a"]')
    console.ready("changed")
    console.begin("reload", "when the make has ended", " MAKE", "gate-a")
    let_go(made, "a")
    console.wait_for("prog loaded: 10 jobs")
    console.ready("8/10")


def test_reload_now_starts_nothing_more(console, made):
    """What runs may end."""
    console.run("make gate() &")
    console.ready("▶1")
    made.edit("prog.py", '["a", "b"]', '["a"]')
    console.begin("reload --now", " MAKE", "gate-a")
    let_go(made, "a")
    console.wait_for("prog loaded: 10 jobs")
    console.ready("8/10")
    assert not (made.path / "pid-b").exists()


def test_what_the_console_changed_outlives_a_reload(console, made):
    """Aliases, settings and history are the console's."""
    console.run("config jobs 3; alias lf ls failed")
    console.run("reload")
    assert re.search(r"^jobs +3 ", console.run("config jobs"), re.MULTILINE)
    assert "func2-3" in console.run("lf")

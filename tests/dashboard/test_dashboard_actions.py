"""What the dashboard does to jobs: to those that are meant, to no others, and with an answer that is true."""

import re
import signal

import pytest
from consoles import Console, let_go, process_of, write_program
from spaces import Space
from terminal import compmake_terminal

STEPS = """\
from pathlib import Path

def work(name):
    with open(Path(__file__).parent / "ran", "a") as ran:
        ran.write(name)

def slow(name):
    import time
    while not (Path(__file__).parent / "go").exists():
        time.sleep(0.01)
"""
PROGRAM = """\
from compmake import comp
from steps import slow, work

for name in "abcd":
    comp(work, name, job_id=f"work-{name}")
comp(slow, "s", job_id="slow")
"""


@pytest.fixture
def space(tmp_path):
    """A program whose jobs note that they ran; nothing is made yet."""
    space = Space(tmp_path)
    space.write("steps.py", STEPS)
    space.write("prog.py", PROGRAM)
    return space


def ran(space):
    """Return the names of the jobs that ran, sorted."""
    path = space.path / "ran"
    return "".join(sorted(path.read_text())) if path.exists() else ""


def two_marked(console):
    """Open the dashboard, mark `work-b` and `work-c`, and ask what can be done to them."""
    console.press("f2")
    console.wait_for("─ Jobs")
    console.press("/")
    console.send("~work-[bc]\r")
    console.wait_for("2 of 5")
    console.press(" ", " ", "a")
    console.wait_for("2 marked jobs:")


@pytest.mark.parametrize(("key", "word", "expected"), [("m", "make", "bc"), ("r", "remake", "abbccd")])
def test_marked_jobs_are_made(space, key, word, expected):
    """What was marked, and only that; it is said that it began, then how it ended. With one worker too."""
    if word == "remake":
        space.run("prog", "make", "work()")
    with Console(space) as console:
        console.ready()
        two_marked(console)
        console.press(key)
        console.wait_for(f"{word.capitalize()} 2 marked jobs?")
        assert ran(space) in ("", "abcd")
        console.press("y")
        console.wait_for(f"{word} 'work-b' 'work-c': finished, 2 done")
        assert ran(space) == expected


def test_marked_jobs_are_cleaned(space):
    """What was marked, and only that."""
    space.run("prog", "make", "work()")
    with Console(space) as console:
        console.ready()
        two_marked(console)
        console.press("c", "y")
        console.wait_for("2 jobs cleaned.")
        console.wait_for(re.compile(r"ready +work-b.*\n.*ready +work-c"))
        console.press("f2")
        console.ready()
    assert space.run("prog", "ls", "done").out.count("work-") == 2


def test_after_a_make_all_jobs_can_be_listed_again(space):
    """`r` shows how all stand, not those alone that were made; what is cleaned then is ready at once."""
    with Console(space) as console:
        console.ready()
        two_marked(console)
        console.press("m", "y")
        console.wait_for("─ Summary")
        console.press("r")
        console.wait_for("2 of 5")
        console.press("/", "ctrl-u")
        console.send("~.\r")
        console.wait_for(re.compile("done +work-b"))
        console.send(":make work-a\r")
        console.wait_for("make work-a: finished, 1 done")
        console.send(":clean -y work-a\r")
        console.wait_for(re.compile("ready +work-a"))


def test_a_question_that_is_not_answered_changes_nothing(space):
    """Another key than those that are named leaves it."""
    with Console(space) as console:
        console.ready()
        two_marked(console)
        console.press("c", "z")
        console.wait_for("/ filter")
        console.press("a", "z")
        console.wait_for("/ filter")
    assert ran(space) == ""


def test_a_make_that_goes_on_is_said_to_have_begun(space):
    """Not that it is done."""
    with Console(space) as console:
        console.ready()
        console.press("f2")
        console.wait_for("─ Jobs")
        console.send(":make slow\r")
        console.wait_for("make slow: begun")
        console.wait_for(re.compile("▶ run +slow"))
        assert "done" not in console.lines[-1]
        (space.path / "go").touch()
        console.wait_for("make slow: finished, 1 done")


def test_a_make_that_cannot_begin_is_told(space):
    """Somebody else makes: why there is no make stands where the answer is expected."""
    with compmake_terminal(space, "prog", "make", "slow", "-j", "2") as other, Console(space) as console:
        other.wait_for("slow")
        console.ready()
        console.press("f2")
        console.wait_for("─ Jobs")
        console.send(":make work-a\r")
        console.wait_for(re.compile("make work-a:.*Wait for it, or use another --store", re.S))
        (space.path / "go").touch()


def test_the_job_of_a_lost_worker_is_ended_or_made_again(tmp_path):
    """`K` and `R` from another terminal, after a question; without --control they are refused."""
    space = write_program(tmp_path)
    with compmake_terminal(space, "prog", "make", "gate()", "-j", "2") as making:
        stopped = [process_of(space, name, making.wait_until) for name in "ab"]
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        with (
            compmake_terminal(space, "prog", "dash", "--control") as seen,
            compmake_terminal(space, "prog", "dash") as looking,
        ):
            seen.wait_for("2 silent")
            seen.press("K")
            seen.wait_for("no worker has been silent for 10 s")
            seen.wait_for("silent  R  K")
            looking.wait_for("silent  R  K")
            looking.press("K")
            looking.wait_for("this dashboard only looks: open it with --control")
            seen.press("/")
            seen.send("~gate-b\r")
            seen.wait_for("─ gate-b")
            seen.press("K")
            seen.wait_for("End gate-b on w2, silent for")
            seen.press("y")
            seen.wait_for(re.compile("! stop +gate-b"))
            (space.path / "pid-a").unlink()
            seen.press("R")
            seen.wait_for(re.compile("End gate-a on w1, silent for .*, and make it again"))
            seen.press("y")
            seen.wait_for("1 running job ended, and made again.")
            assert process_of(space, "a", seen.wait_until).pid != stopped[0].pid
            let_go(space, "a", "b")
            seen.wait_for("─ Summary")
            assert "✔1 done" in seen.shown.replace("✔ 1", "✔1")


EDITOR = """\
#!/bin/sh
printf '%s\\n' "$@" > "$0.seen"
printf 'an editor fills the screen\\n'
"""


def test_e_opens_the_editor_at_the_failing_line_and_comes_back(tmp_path):
    """With the arguments that it takes, and the screen as it was before."""
    space = write_program(tmp_path)
    let_go(space, "a", "b")
    space.run("prog", "make")
    editor = tmp_path / "my editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    with Console(space, env={"VISUAL": str(editor)}) as console:
        console.ready()
        console.press("f2")
        console.wait_for("▌ ✘ fail   func2-3")
        console.press("/")
        console.send("func2-3\r")
        as_before = ("filter: func2-3", "1 of 11", "▌ ✘ fail   func2-3", "x=15", "/ filter")
        console.wait_until(lambda: all(text in console.shown for text in as_before), "the job")
        console.press("e")
        seen = tmp_path / "my editor.seen"
        console.wait_until(seen.exists, "the editor")
        console.wait_until(lambda: b"an editor fills" in console.raw, "what it says")
        console.wait_until(
            lambda: console.screen.in_full_screen and all(text in console.shown for text in as_before), "the screen"
        )
        assert "an editor fills" not in console.shown
        assert seen.read_text().splitlines() == ["+14", str(space.path / "steps.py")]
        console.press("q")
        console.ready()


def test_e_without_an_editor_or_a_failure_says_so(tmp_path):
    """In one line; the screen stays."""
    space = write_program(tmp_path)
    let_go(space, "a", "b")
    space.run("prog", "make")
    with Console(space, env={"PATH": str(tmp_path), "EDITOR": "", "VISUAL": ""}) as console:
        console.ready()
        console.press("f2")
        console.wait_for("▌ ✘ fail   func2-3")
        console.press("e")
        console.wait_for("no editor was found: set EDITOR")
        console.send("/func3-3\r")
        console.wait_for("─ func3-3")
        console.press("e")
        console.wait_for("e opens your editor where a job failed: this one has no such line")

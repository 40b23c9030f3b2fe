"""Makes in the background of the console: what is told of them, and what can be done meanwhile."""

import re

import pytest
from consoles import Console, is_gone, let_go, process_of
from run_events import T, done, end, failed, start

from compmake.job import JobState
from compmake.text_safety import cells
from compmake.ui.console.background import BackgroundLog
from compmake.ui.standing import toolbar_parts
from compmake.ui.text import Style, clock


@pytest.fixture
def making(console):
    """A make of both jobs that wait, one at a time, in the background; gate-a runs."""
    console.run("make gate() &")
    console.ready("▶1")
    return console


def test_the_prompt_is_there_at_once(console):
    """What began is named with its number and its jobs; commands are carried out meanwhile."""
    shown = console.run("make gate-a &")
    assert re.search(r"^\[1\] make 1 job", shown, re.MULTILINE)
    console.ready("▶1")
    assert "7 done" in console.run("ls")


def test_failures_are_told_above_the_prompt_and_successes_summed_up(fresh):
    """One line for each failure, none for each success; what is typed meanwhile stays."""
    with Console(fresh) as console:
        console.ready()
        console.run("make not gate-b -j 2 &")
        console.send("ls fai")
        console.wait_for(re.compile("✘ failed func2-3"))
        console.wait_for(re.compile(r"@ 7/11 ✘1 ▶1.*: ls fai"))
        let_go(fresh, "a")
        shown = console.wait_for(re.compile(r"^\[1\] .*make finished .*8 done", re.MULTILINE))
        assert shown.count("func1") <= 2 and re.search(r"✔ \d jobs? in .*\(.*func1 3", shown)
        console.wait_until(lambda: console.prompt.endswith(": ls fai"), "what was typed, below")


@pytest.mark.parametrize(("style", "ellipsis"), [(Style(), "…"), (Style(ascii=True), "...")])
def test_each_failure_has_exactly_one_line(style, ellipsis):
    """It is cut to the terminal; after two alike they are only counted, and the summary names the make."""
    said = []
    log = BackgroundLog(1, said.extend, style=style, width=lambda: 60)
    log.feed([start(9, workers=2), *[failed(f"b{n}", message="no " * 30) for n in range(5)], done("a"), end()], T)
    assert said[0] == "[1] make 9 jobs 2 workers"
    sign = style.glyph(JobState.FAILED)
    for number in range(2):
        line = said[1 + number]
        assert line.startswith(f"{clock(T)} {sign} failed b{number} train() ")
        assert line.endswith(ellipsis) and 56 <= cells(line) <= 59
    assert said[3].strip() == "more failures like these are only counted"
    assert said[5].startswith(f"[1] {clock(T + 361)} make finished in 6m01s")


def test_the_line_below_the_prompt_fits_the_terminal(made):
    """The hint is shortened where there is little room; only then is the line cut, with the ellipsis."""
    with Console(made, columns=60) as console:
        console.ready()
        console.run("make gate() &")
        console.wait_for(re.compile(r"^ \[1\] running, .*running, \S+  fg stop$", re.MULTILINE))
    for text in ("", "[1] running, 3/11 done, 1 failed, 2 running, 12s"):
        for width in range(1, 90):
            ((_, shown),) = toolbar_parts(text, style=Style(), width=width)
            assert cells(shown) <= width and shown.endswith((" ", "…"))


def test_jobs_lists_makes_and_a_second_one_waits_behind_the_first(making, made):
    """Number, state, how far it is, what was typed; the second begins when the first has ended."""
    assert "waits for [1]" in making.run("make func2() &")
    shown = making.run("jobs")
    assert re.search(
        r"^\[1\]  running  0/2 done, .*make gate\(\)\n\[2\]  waiting  6 jobs .*make func2\(\)", shown, re.M
    )
    let_go(made, "a", "b")
    making.wait_for(re.compile(r"^\[2\] .*make finished", re.MULTILINE))
    making.ready("9/11 ✘1")
    assert "No make is running." in making.run("jobs")


def test_fg_shows_it_until_it_ends(making, made):
    """The region, then the summary, then the prompt."""
    making.begin("fg 1", " MAKE", "waiting for a")
    let_go(made, "a", "b")
    assert "make finished" in making.ready("9/11")


def test_stop_goes_one_step_further_each_time(making, made):
    """As Ctrl-C does in the foreground; what comes next is said."""
    process = process_of(made, "a", making.wait_until)
    making.enter("stop")
    making.wait_for(re.compile(r"Interrupted: .* waiting for 1 running job. `stop`\s+again\s+terminates"))
    making.ready()
    assert making.run("jobs").startswith("[1]  stopping")
    making.enter("stop %1")
    making.wait_for(re.compile(r"Terminating 1 running job. `stop`\s+again\s+kills"))
    making.wait_for(re.compile(r"^\[1\] .*make interrupted", re.MULTILINE))
    making.ready("7/11 ✘1:")
    assert is_gone(process)
    assert "no make is running" in making.run("stop")


def test_a_make_that_is_being_stopped_promises_no_end(console, made):
    """The prompt has an ETA until `stop`: what is left is not going to be made."""
    let_go(made, "a", "b")
    console.run("make gate()")
    for name in ("open-a", "open-b"):
        (made.path / name).unlink()
    console.run("remake gate() -y &")
    console.ready("▶1", "ETA")
    console.run("stop")
    console.wait_until(lambda: console.at_prompt() and "ETA" not in console.prompt, "a prompt without ETA")


def test_a_waiting_make_is_stopped_at_once(making, made):
    """It will not begin; the one that runs goes on."""
    making.run("make func2() &")
    assert "[2] will not begin." in making.run("stop 2")
    assert "[2]" not in making.run("jobs")
    let_go(made, "a", "b")
    making.ready("9/11")


@pytest.mark.parametrize("command", ["clean", "invalidate", "remake"])
def test_jobs_of_the_running_plan_are_not_changed(making, command):
    """They are refused by name, also the one that has not begun; nothing happens to them."""
    shown = " ".join(making.run(f"{command} gate-b").split())
    if command == "remake":
        assert "waits for [1]" in shown or "must wait for make [1], which makes gate-b" in shown
    else:
        assert f"{command} must wait for make [1], which makes gate-b" in shown
    assert re.search(r"^gate-b +todo", making.run("ls gate()"), re.MULTILINE)


def test_other_jobs_can_be_changed_meanwhile(making, made):
    """Only the jobs of the plan are protected; the counters follow."""
    assert "1 job cleaned." in making.run("clean func3-2")
    making.ready("6/11 ✘1 ▶1")
    assert "1 job will be made again." in making.run("invalidate func3")
    making.ready("5/11 ✘1 ▶1")
    let_go(made, "a", "b")
    making.ready("7/11 ✘1:")


def test_running_is_a_state_that_can_be_selected(making):
    """`ls running` names what runs, `details` says how long."""
    assert re.search(r"^gate-a +running", making.run("ls running"), re.MULTILINE)
    assert "gate-b" not in making.run("ls running")
    assert "running" in making.run("details gate-a")


def test_results_are_seen_as_soon_as_they_are_there(making, made):
    """The listing while a make runs has what it has made so far."""
    let_go(made, "a")
    making.ready("8/11 ✘1 ▶1")
    assert re.search(r"^gate-a +done", making.run("ls gate()"), re.MULTILINE)


def test_a_make_that_has_told_its_end_is_in_nobodys_way(making, made):
    """What is typed at once behind the summary is made in the foreground, and leaving asks nothing."""
    let_go(made, "a", "b")
    making.wait_for(re.compile(r"^\[1\] .*make finished", re.MULTILINE))
    making.send("make func3-3; exit\r")
    assert making.wait_end() == 0
    shown = "\n".join(making.everything)
    assert "waits for" not in shown and "[y/N]" not in shown


def test_a_make_that_finds_nothing_to_do_says_so(console):
    """Also in the background there is one line."""
    console.enter("make func1() &")
    console.wait_for("Nothing to do: 3 jobs are up to date.")
    console.ready("7/11")


def test_a_make_that_cannot_go_on_is_told(making, made):
    """A store that another process has locked ends the make with the reason, not silently."""
    with Console(made) as other:
        other.ready()
        shown = " ".join(other.run("make func2-3").split())
        assert "compmake: " in shown and "is held by 'compmake prog make gate()'" in shown
        other.enter("make func2-3 &")
        other.wait_for(re.compile(r"is\s+held\s+by"))
        other.ready()
        assert "[2]" not in other.run("jobs")


@pytest.mark.parametrize("line", ["ls &", "details func1 &", "make gate-a & ls"])
def test_only_makes_go_to_the_background(shared, line):
    """Other commands with & are refused."""
    assert "compmake: " in shared.run(line)


def test_no_such_make(shared):
    """`fg` and `stop` without a make say so."""
    for line in ("fg", "stop", "fg 7", "stop x"):
        assert re.search("compmake: (no make is running|.* is not the number)", shared.run(line))

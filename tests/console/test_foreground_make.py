"""A make in the foreground of the console: what is shown, its keys, Ctrl-C, and the prompt afterwards."""

import re

import pytest
from consoles import ONE_BY_ONE, Console, is_gone, let_go, process_of

MANY = """\
from compmake import comp
from steps import fails, gate

for x in range(6):
    comp(fails, x)
comp(gate, "a")
"""
FAILS = """\

def fails(x):
    raise KeyError("no such column")

def stubborn(name):
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            gate(name)
        except BaseException:
            pass
"""


@pytest.fixture
def making(console, made):
    """A make of the job gate-a in the foreground; the keys are heard."""
    console.begin("make gate-a", " MAKE", "gate-a", "waiting for a")
    console.wait_until(lambda: console.line_modes == ONE_BY_ONE, "keys one by one")
    return console


def test_the_region_stands_below_and_goes_when_the_make_has_ended(making, made):
    """Counts, a bar, the running job with its last line of output and the keys; the summary stays."""
    making.wait_for(re.compile(r"MAKE  ✔ 0 done  ▶ 1 running .*% work.*\n ▶ w\d gate-a .* waiting for a", re.DOTALL))
    assert making.lines[making.cursor[1] + 2].endswith("[f]ailures [b]ackground [d]ash [?]help  ^C stop")
    assert making.screen.cursor.hidden
    let_go(made, "a")
    shown = making.ready("8/11")
    assert " MAKE" not in shown and not making.screen.cursor.hidden
    assert re.search(r"make finished in .*: ✔ 1 done  ✘ 0 failed  ⊘ 0 blocked", shown)


def test_a_failure_is_told_above_the_region_while_it_runs(fresh):
    """At once, with its place and the next command; the region goes on below."""
    with Console(fresh) as console:
        console.ready()
        console.begin("make not gate-b -j 2", "✘ failed func2-3 func2()", "waiting for a")
        shown = console.shown
        assert re.search(r"steps.py:\d+ in func2   next: details func2-3", shown)
        assert shown.index("✘ failed") < shown.index(" MAKE")
        let_go(fresh, "a")
        console.ready("8/11 ✘1")


def test_equal_failures_are_counted(made):
    """The first ones are told, then their number is; the summary has one line for all."""
    made.write("steps.py", (made.path / "steps.py").read_text() + FAILS)
    made.write("many.py", MANY)
    with Console(made, "many") as console:
        console.ready()
        console.begin("make -j 2", "waiting for a")
        console.wait_for(re.compile(r"6x fails\(\) KeyError: .*no such column"))
        assert 1 <= console.shown.count("✘ failed fails") <= 3
        let_go(made, "a")
        shown = console.ready("1/7 ✘6")
        assert len(re.findall(r"KeyError: .*  6x  fails\(\)", shown)) == 1


def test_the_summary_names_the_next_commands(console):
    """They are lines of this console, which work as they stand."""
    shown = console.run("remake func2-3")
    assert re.search(r"^ +ValueError: fifteen is too much  1x  func2\(\)  steps.py:\d+  func2-3$", shown, re.MULTILINE)
    following = next(line for line in shown.splitlines() if line.startswith("next: "))
    for command in following.removeprefix("next: ").split(" · "):
        assert "compmake:" not in console.run(command)


def test_what_will_run_is_told_first_with_the_causes(console):
    """Before the first job: how many, and why."""
    shown = console.run("make not gate()")
    assert "compmake" not in shown
    assert re.search(r"^1 job: failed last time", shown, re.MULTILINE) or "failed" in shown.splitlines()[0]


def test_nothing_to_do_is_one_line(console):
    """A make of what is up to date says so."""
    assert console.run("make func1()").splitlines()[0] == "Nothing to do: 3 jobs are up to date."


def test_keys_explain_themselves(making, made):
    """`?` lists the keys, `f` the failures so far."""
    making.press("?")
    making.wait_for("leave the make in the background")
    making.press("f")
    making.wait_for("No failures so far.")
    let_go(made, "a")
    making.ready("8/11")


def test_b_sends_it_to_the_background_and_fg_brings_it_back(making, made):
    """The prompt is there while the job runs; `fg` shows the region again; the end is told either way."""
    making.press("b")
    making.ready("▶1")
    assert "goes on in the background" in making.shown
    assert "gate-a" in making.run("ls running")
    making.begin("fg", " MAKE", "waiting for a")
    let_go(made, "a")
    assert "make finished" in making.ready("8/11")


def test_ctrl_c_waits_for_what_runs(making, made):
    """Once: nothing more begins, the text says what comes next, the running job's result is kept."""
    making.press("ctrl-c")
    making.wait_for("Interrupted: starting nothing more, waiting for 1 running job. Ctrl-C again")
    making.wait_for("^C terminate")
    let_go(made, "a")
    assert "make interrupted" in making.ready("8/11")


def test_ctrl_c_twice_terminates_what_runs(making, made):
    """Its process is gone, the prompt is there, the console goes on."""
    process = process_of(made, "a", making.wait_until)
    making.press("ctrl-c")
    making.wait_for("^C terminate")
    making.press("ctrl-c")
    making.wait_for("Terminating 1 running job. Ctrl-C again kills")
    shown = making.ready("7/11")
    assert "1 interrupted" in shown and is_gone(process)
    assert "Nothing to do" in making.run("make func1()")


def test_ctrl_c_three_times_kills_what_does_not_listen(made):
    """Also a job that catches everything."""
    made.write("steps.py", (made.path / "steps.py").read_text() + FAILS)
    made.write("deaf.py", "from compmake import comp\nfrom steps import stubborn\ncomp(stubborn, 'a')\n")
    with Console(made, "deaf") as console:
        console.ready()
        console.begin("make", "waiting for a")
        process = process_of(made, "a", console.wait_until)
        for told in ("^C terminate", "^C kill"):
            console.press("ctrl-c")
            console.wait_for(told)
        console.press("ctrl-c")
        console.ready("0/1")
        assert is_gone(process)


def test_an_interrupted_make_ends_its_line(making, made):
    """What stands behind it is not carried out."""
    let_go(made, "a")
    making.ready()
    making.begin("make gate-b; ls func1", "waiting for b")
    making.press("ctrl-c")
    making.wait_for("^C terminate")
    making.press("ctrl-c")
    assert "func1" not in making.ready()


def test_job_output_and_ids_cannot_steer_the_terminal(space):
    """Whatever ids, output and errors hold, the console shows text."""
    space.write(
        "prog.py",
        """\
        from compmake import comp, progress

        def hostile(x):
            print("\\x1b[2J\\x1b]0;owned\\x07\\x9b31m\\r\\x00 said")
            raise ValueError("\\x1b[31mred\\x07\\x1bc")

        comp(hostile, 1, job_id="a\\x1b[2Jb\\x07")
        """,
    )
    with Console(space) as console:
        console.ready()
        for line in ("make", "ls", "why", "details all", "output all", "traceback all | cat", "runs", "ls | cat"):
            assert console.run(line)
        console.send("details ")
        console.press("tab")
        console.wait_for(re.compile(r"^ +a\\x1b\[2Jb\\x07 +failed", re.MULTILINE))
        console.press("tab")
        console.wait_for("details 'a")
        for code in (b"\x1b[31mred", b"owned\x07", b"\x1bc", b"\x9b31m", b"\x00", b"a\x1b[2Jb"):
            assert code not in console.raw


def test_what_is_pasted_while_a_make_runs_stands_in_the_next_prompt(making, made):
    """It is no key and is not lost."""
    making.send("ls func1 -l")
    let_go(made, "a")
    making.wait_until(lambda: making.prompt.endswith(": ls func1 -l"), "the pasted text in the prompt")
    making.send("\r")
    making.wait_for("1 job: 1 done")

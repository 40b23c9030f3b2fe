"""Commands that make jobs or change what counts as made."""

from pathlib import Path

import pytest
from command_lines import run_each
from own_modules import hide

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.cpus import cpu_count
from compmake.definitions import Definitions
from compmake.errors import UserError
from compmake.job import NO_OPTIONS
from compmake.make_result import MakeResult
from compmake.program import Program, ProgramRef
from compmake.settings import Settings
from compmake.store.memory import MemoryStore
from compmake.ui.commands.line import parse_line, step_from_arguments
from compmake.ui.commands.runner import run_step
from compmake.ui.commands.session import Session
from compmake.workspace import Workspace


def states(listed):
    """Return every job's state, as `ls --json` told them."""
    return {found["job"]: found["state"] for found in listed.objects}


LIST = ["prog", "ls", "--json"]


def test_make_runs_each_job_once_and_then_nothing(fresh):
    """A first make runs what can run; a second one tries again what failed and nothing else."""
    first = fresh.run("prog", "make")
    assert first.code == 1
    assert "7 done, 1 failed, 1 blocked" in first.err
    assert first.out == ""
    assert len(fresh.take_ledger()) == 8
    assert fresh.run("prog", "make").code == 1
    assert fresh.take_ledger() == ["func2 15"]


def test_nothing_to_do_says_so(small):
    """What is up to date is not made again, and the summary counts it."""
    done = small.run("prog", "make", "func3-2")
    assert done.code == 0
    assert "Nothing to do: 3 jobs are up to date." in done.err
    assert small.take_ledger() == []


def test_make_takes_a_selection_and_what_it_needs(fresh):
    """`make SEL` makes those jobs and their dependencies only."""
    assert fresh.run("prog", "make", "func3-2").code == 0
    assert fresh.take_ledger() == ["func1 2", "func2 10", "func3 20"]


def test_make_not_failed_leaves_failed_jobs(small):
    """Failed jobs run again at each make unless they are left out."""
    for selection in ("not failed", "all except failed", "not (failed blocked)"):
        done = small.run("prog", "make", selection)
        assert done.code == 0, done.err
        assert small.take_ledger() == []


def test_dry_run_runs_nothing(fresh):
    """`make --dry-run` is `plan`: it says how many jobs would run, and runs none."""
    dry, plan = run_each(fresh, [["prog", "make", "--dry-run"], ["prog", "plan"]])
    assert dry.code == 0
    assert dry.out == plan.out
    assert "9 jobs will run: never made" in dry.out
    assert fresh.take_ledger() == []


def test_inline_lets_jobs_use_the_terminal(fresh):
    """With `--inline` what a job prints goes to the terminal and is not kept."""
    made, output = run_each(fresh, [["prog", "make", "func1", "--inline"], ["prog", "output", "func1"]])
    assert made.code == 0
    assert "func1 got 1\n" in made.out
    assert "func1 ran inline, on the terminal: its output was not kept." in output.out


def test_verbose_lists_successes(fresh):
    """`-v` works as an option of compmake and of the command."""
    lines = [["-v", "prog", "make", "func1"], ["prog", "make", "func1-2", "-v"], ["prog", "make", "func1-3"]]
    before, after, without = run_each(fresh, lines)
    assert "func1" in before.err
    assert "func1-2" in after.err
    assert "func1" not in without.err


def test_quiet_shows_failures_at_most(fresh):
    """`-q` makes without a word when all goes well."""
    done = fresh.run("-q", "prog", "make", "func3")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_remake_runs_what_is_up_to_date_and_leaves_dependents(small):
    """`remake SEL` is invalidate and make: the dependents are not made."""
    done = small.run("prog", "remake", "func1-2")
    assert done.code == 0
    assert small.take_ledger() == ["func1 2"]


def test_what_touches_several_jobs_asks(small):
    """Without `-y` batch mode does nothing, says so, and exits with 2."""
    small.edit("steps.py", "FACTOR = 5", "FACTOR = 5.0")
    commands = ["remake func1()", "clean", "clean func1()", "invalidate func1()", "accept stale", "delete all", "gc"]
    before, *asked, after = run_each(small, [LIST, *(["prog", "-c", command] for command in commands), LIST])
    for command, done in zip(commands, asked, strict=True):
        assert done.code == 2, command
        assert "? Nothing was done: say -y to mean it" in done.err, command
    assert states(after) == states(before)
    assert small.take_ledger() == []


def test_yes_works_before_and_after_the_command(small):
    """`-y` is an option of compmake and of each command that asks."""
    lines = [["-y", "prog", "clean", "func3()"], ["prog", "clean", "func2()", "-y"], LIST]
    before, after, left = run_each(small, lines)
    assert (before.code, after.code) == (0, 0)
    assert list(states(left).values()) == ["done"] * 3 + ["todo"] * 6


def test_an_empty_selection_is_never_everything(small):
    """Where nothing matches, the command says so, does nothing and exits with 0."""
    commands = ["make", "remake", "clean", "invalidate", "accept"]
    lines = [["-y", "prog", "-c", f"{command} failed in func1()"] for command in commands]
    for command, done in zip(commands, run_each(small, lines), strict=True):
        assert (done.code, done.err) == (0, "")
        assert done.out == f"Nothing to {command}: the selection is empty.\n"
    assert small.take_ledger() == []


def test_some_commands_need_a_selection(small):
    """Without SEL they are an error, never everything."""
    commands = ["remake", "invalidate", "accept", "delete"]
    for command, done in zip(commands, run_each(small, [["prog", "-y", c] for c in commands]), strict=True):
        assert done.code == 2
        assert f"{command} needs a selection of jobs: {command} SEL" in done.err


def test_clean_forgets_and_the_next_make_makes_again(small):
    """A cleaned job was never made, and is made again; its dependents are not touched."""
    clean, listed, make = run_each(small, [["prog", "clean", "func1-2"], LIST, ["prog", "make", "func3-2"]])
    assert clean.out == "1 job cleaned.\n"
    assert states(listed)["func1-2"] == "todo"
    assert make.code == 0
    assert small.take_ledger() == ["func1 2"]


def test_clean_without_a_selection_is_all(small):
    """`clean -y` forgets every job."""
    clean, listed = run_each(small, [["prog", "clean", "-y"], LIST])
    assert clean.out == "9 jobs cleaned.\n"
    assert set(states(listed).values()) == {"todo"}


def test_invalidate_keeps_the_result(small):
    """The job is stale because it was asked for, its result is still there."""
    line = "invalidate func1-2; why func1-2; dump func1-2 dir=out; make func3-2"
    done = small.run("prog", "-c", line)
    assert "1 job will be made again.\n" in done.out
    assert "asked for" in done.out
    assert "1 result written" in done.out
    assert small.take_ledger() == ["func1 2"]


def test_accept_takes_results_as_good(small):
    """After `accept` a changed function runs nothing; a failed job has no result to accept."""
    small.edit("steps.py", "x * FACTOR", "FACTOR * x")
    lines = [LIST, ["prog", "accept", "func1()", "-y"], ["prog", "make", "func3-2"], ["prog", "accept", "func2-3"]]
    before, accept, make, failed = run_each(small, lines)
    assert states(before)["func1"] == "stale"
    assert accept.out == "3 jobs accepted.\n"
    assert make.code == 0
    assert small.take_ledger() == []
    assert "func2-3: there is no result to accept" in failed.out


def test_an_unknown_job_is_an_error_with_a_hint(small):
    """A selection that names nothing known does nothing, also in `make clean`."""
    job, command = run_each(small, [["prog", "make", "func12"], ["prog", "make", "clean"]])
    assert (job.code, command.code) == (2, 2)
    assert "Did you mean" in job.err
    assert small.take_ledger() == []


def test_yes_is_accepted_by_commands_that_never_ask(small):
    """A script may say `-y` to every command."""
    make, listed = run_each(small, [["prog", "make", "func3-2", "-y"], ["prog", "ls", "--yes"]])
    assert (make.code, listed.code) == (0, 0)


ALL_CPUS = cpu_count()


STORE = MemoryStore()
"""Keeps what parsing finds: all modules of these tests count as the user's."""


@pytest.fixture(autouse=True)
def without_these_tests(monkeypatch):
    """Programs opened in this process have their own modules alone."""
    hide(monkeypatch)


def workers_of(line, **settings):
    """Return how many jobs a command would run at once and whether inline, None if it makes nothing."""
    definitions = Definitions()
    for x in (1, 2):
        definitions.add(abs, (x,), {}, NO_OPTIONS)
    program = Program(ProgramRef("prog", Path("prog.py"), Path()), definitions)
    started = []

    def start_make(workspace, targets, command, *, jobs, inline, verbose, background):
        started.append((jobs, inline))
        return MakeResult(1, len(targets), 0, {}, (), False, 0.0)

    workspace = Workspace("prog", STORE, Settings(**settings), program)
    session = Session(workspace, start_make, assume_yes=True)
    step = step_from_arguments(line) if isinstance(line, list) else parse_line(line)[0]
    assert run_step(session, step) == 0
    workspace.close()
    return started[0] if started else None


@pytest.mark.parametrize("spelling", ["-j 3", "-j3", "j=3", "-n 3", "n=3", "jobs=3", "--jobs 3", "--jobs=3"])
@pytest.mark.parametrize("command", ["make", "parmake", "remake", "parremake"])
def test_the_number_of_jobs_at_once_has_many_spellings(command, spelling):
    """`-j N`, `n=N` and `jobs=N` mean the same for each command that makes, before or after the selection."""
    assert workers_of(f"{command} {spelling} abs") == (3, False)
    assert workers_of([command, "abs-2", *spelling.split()]) == (3, False)


def test_without_a_number_make_follows_the_settings_and_parmake_the_cpus():
    """`make` runs one job at a time unless the settings say more; `parmake` takes all CPUs whatever they say."""
    assert [workers_of(line) for line in ("make", "remake abs")] == [(1, False)] * 2
    assert [workers_of(line, jobs=5) for line in ("make", "remake abs")] == [(5, False)] * 2
    assert [workers_of(line, jobs=1000) for line in ("parmake", "parremake abs")] == [(ALL_CPUS, False)] * 2


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "abs", "1" * 5000])
def test_a_number_of_jobs_is_one_or_more(number):
    """Anything else is refused, with what is possible."""
    with pytest.raises(UserError, match=r"jobs=.*: a number of 1 or more is needed"):
        workers_of(f"make -j {number}")
    with pytest.raises(UserError, match="remake: -j needs a value: -j N"):
        workers_of("remake abs -j")


def test_inline_is_one_at_a_time():
    """`--inline` runs one job at a time, also where the settings say more; `n=1` may be said."""
    for line in ("make --inline", "make --inline n=1", "parmake --inline -j1", "remake abs --inline"):
        assert workers_of(line, jobs=4) == (1, True), line


@pytest.mark.parametrize("line", ["make --inline -j 2", "remake abs n=2 --inline", "parmake --inline"])
def test_inline_excludes_several_at_once(line):
    """More than one job at once and `--inline` is refused before anything is done."""
    with pytest.raises(UserError, match=r"--inline excludes .*: inline jobs run one at a time"):
        workers_of(line)


def test_parmake_and_parremake_make(small):
    """They choose and ask as `make` and `remake` do."""
    lines = [["prog", "parremake", "func1()"], ["prog", "parremake", "func1-2", "n=2"], ["prog", "parmake", "func3-2"]]
    asked, again, nothing = run_each(small, lines)
    assert (asked.code, again.code, nothing.code) == (2, 0, 0)
    assert small.take_ledger() == ["func1 2"]
    assert "Nothing to do: 3 jobs are up to date." in nothing.err


MEETING = """\
import os, time
from compmake import comp
from ledger import note

def meet(me, other, seconds=60.0):
    open(me, "w").close()
    until = time.monotonic() + seconds
    while not os.path.exists(other):
        assert time.monotonic() < until, "nobody came"
        time.sleep(0.005)
    note(f"{me} met {other}, {os.getpid()}")

comp(meet, "a", "b")
comp(meet, "b", "a")
"""


def test_two_at_once_are_two_processes(space):
    """With `n=2` a job that waits for another one meets it: they run at the same time, in processes of their own."""
    space.write("prog.py", MEETING)
    first, second = space.make("prog", "n=2")
    assert (first.startswith("a met b"), second.startswith("b met a")) == (True, True)
    assert first.split()[-1] != second.split()[-1]


LIMITED = """\
from compmake import comp
from ledger import note

def f(x):
    note(f"f {x}")
    return x

comp(f, comp(f, 1))
"""


def test_limits_are_no_part_of_a_fingerprint(space):
    """Giving, changing or dropping timeout, retries and memory, in the program or in settings, runs nothing again."""
    space.write("prog.py", LIMITED)
    assert space.make() == ["f 1", "f 1"]
    for options in ("timeout=60", "timeout='2h', retries=2, memory='4GB'", "memory='none', job_id='f'"):
        space.write("prog.py", LIMITED.replace("comp(f, 1)", f"comp.options({options})(f, 1)"))
        assert space.make() == [], options
    space.write("prog.py", LIMITED)
    space.write("compmake.toml", "timeout = 60\n[functions.prog]\nretries = 2\n[functions.'prog.f']\nmemory = '4GB'\n")
    assert space.make() == []

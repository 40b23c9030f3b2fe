"""Commands that look: what they print, and what `--json` gives to other programs."""

import json
import time

import pytest
from command_lines import run_each
from spaces import Space
from store_samples import record
from withstanding import FORBIDDEN

from compmake.ui.commands.attempts import attempt_text

FAILING = """\
from compmake import comp

class Odd:
    def __repr__(self):
        return "odd \\x1b[31m"

def divide(number, odd):
    half = number / 2
    return half / 0

def work(number):
    for line in range(12):
        print("line", line, "of", number, "\\x1b[2J")
    return divide(number, Odd())

for number in (1, 2):
    comp(work, number)
"""
LOOKING = ["list", "why", "plan", "stats", "runs", "check", "config", "why func1"]
LOOKING += ["details func2-3", "output func1", "traceback func2-3", "diagram out=x.dot"]


def test_json_is_one_object_a_line_and_nothing_else(small):
    """`--json` on every command that looks; an object about a job has its id, state and function."""
    lines = [["prog", *command.split(), "--json"] for command in LOOKING]
    for command, done in zip(LOOKING, run_each(small, lines), strict=True):
        assert (done.code, done.err) == (0, ""), command
        assert done.objects or command == "check", command
        for found in done.objects:
            assert isinstance(found, dict)
            assert found.get("job") is None or {"job", "state", "function"} <= found.keys(), command


def test_json_names_the_same_jobs_as_the_text(small):
    """`ls --json` and `ls` in a pipe list the same jobs in natural order, the id first."""
    text, objects = run_each(small, [["prog", "ls"], ["prog", "ls", "--json"]])
    ids = [f"func{n}{suffix}" for n in (1, 2, 3) for suffix in ("", "-2", "-3")]
    assert [line.split()[0] for line in text.out.splitlines()] == ids
    assert [found["job"] for found in objects.objects] == ids
    known = {"job": "func1", "state": "done", "function": "func1", "arguments": {"x": "1"}, "inherited": {}}
    measured = {"wall_s", "cpu_s", "peak_bytes", "size_bytes", "made_at", "worker", "attempt"}
    assert {name: value for name, value in objects.objects[0].items() if name not in measured} == known
    assert measured < objects.objects[0].keys()


def test_why_gives_reasons_with_the_difference(small):
    """Each reason has a code, a text, both values and a unified difference."""
    small.edit("steps.py", "return x + y", "return x - y")
    (found,) = small.run("prog", "why", "func2", "--json").objects
    (reason,) = found["reasons"]
    assert reason.keys() == {"code", "text", "old", "new", "diff"}
    assert reason["code"] == "function-changed"
    assert "-    return x + y\n+    return x - y" in reason["diff"]


def test_why_names_the_cause_of_each_state(small):
    """A failed job shows its error and where, a blocked one what it waits for, a done one what was checked."""
    done = small.run("prog", "-c", "why; why func1; why 'func2-3' --json")
    assert "failed: func2-3" in done.out
    assert "ValueError: fifteen is too much" in done.out
    assert "steps.py:13" in done.out
    assert "blocked: func3-3" in done.out
    assert "waits for func2-3, which failed" in done.out
    assert "up to date: made" in done.out
    assert "its arguments: x=1" in done.out
    assert "its globals: FACTOR" in done.out
    found = json.loads(done.out.splitlines()[-1])
    assert (found["state"], found["failure"]["message"]) == ("failed", "fifteen is too much")


def test_why_of_a_changed_argument_shows_both(small):
    """The old and the new value of an argument are named with its parameter."""
    small.edit("prog.py", "x), 10)", "x), 11)")
    done = small.run("prog", "why", "func2")
    assert "y" in done.out
    assert "10" in done.out
    assert "11" in done.out


def test_a_dependent_of_a_stale_job_may_change(small):
    """It is stale because its dependency is, and `plan` counts it apart."""
    small.edit("steps.py", "x * FACTOR", "FACTOR * x")
    why, plan = run_each(small, [["prog", "why", "func2"], ["prog", "plan", "func3", "func3-2"]])
    assert "may change: func1" in why.out
    assert plan.out.splitlines()[0].startswith("2 jobs will run: ")
    assert "func1" in plan.out.splitlines()[0]
    assert "up to 4 more if those results change" in plan.out


def test_plan_of_what_is_up_to_date(small):
    """Nothing to do is said with the number of jobs, and runs nothing."""
    assert small.run("prog", "plan", "func3").out == "Nothing to do: 3 jobs are up to date.\n"
    assert small.take_ledger() == []


def test_details_show_what_is_known_of_a_job(small):
    """The call with its parameters, the neighbours, the attempt, the failure and the last output."""
    failed, done = run_each(small, [["prog", "details", "func2-3"], ["prog", "show", "func1"]])
    for text in ("func2-3 failed", "steps.func2(x=<func1-3>, y=10)", "needs", "func3-3", "ValueError", "prog.py:5"):
        assert text in failed.out
    for text in ("func1 done", "steps.func1(x=1)", "result", "5", "func1 got 1", "attempt"):
        assert text in done.out


def test_output_is_what_the_job_printed(small):
    """`output` prints the captured text, and says so when there is none."""
    some, none, never = run_each(small, [["prog", "out", job] for job in ("func1-2", "func3", "func3-3")])
    assert some.out == "func1 got 2\n"
    assert none.out == "func3 printed nothing.\n"
    assert (never.code, "func3-3 was never made" in never.err) == (2, True)


def test_traceback_shows_the_users_frames(small):
    """The line that raised is shown with its source; a job that did not fail has none."""
    failed, done = run_each(small, [["prog", "tb", "func2-3"], ["prog", "traceback", "func1"]])
    assert 'raise ValueError("fifteen is too much")' in failed.out
    assert "steps.py" in failed.out
    assert (done.code, "func1 did not fail at its last attempt: it is done" in done.err) == (2, True)


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A program of two jobs that print and fail alike, made once."""
    space = Space(tmp_path_factory.mktemp("failing"))
    space.write("prog.py", FAILING)
    assert space.run("prog", "make").code == 1
    return space


def test_traceback_has_all_that_is_known_of_a_failure(failing):
    """The attempt, the call, each line with its source, the deepest frame's variables, the error, the last output."""
    short, long = run_each(failing, [["prog", "traceback", "work-2"], ["prog", "traceback", "work-2", "--all"]])
    lines = short.out.splitlines()
    assert lines[0].startswith("✘ work-2 failed: work(), took ") and ", attempt 1, " in lines[0]
    assert lines[1] == "  prog.work(number=2)"
    assert [line.partition(":")[2] for line in lines if " in work" in line or " in divide" in line] == [
        "14 in work",
        "9 in divide",
    ]
    at = lines.index("    local variables:")
    names = ["      number = 2", "      odd = odd \\x1b[31m", "      half = 1.0"]
    assert lines[at + 1 : at + 5] == [*names, "ZeroDivisionError: float division by zero"]
    assert lines[-11] == "last 10 of 12 lines of its output, `output work-2` shows all:"
    assert lines[-1] == "  | line 11 of 2 \\x1b[2J"
    assert lines.count("    local variables:") == 1
    assert "      line = 11" in long.out.splitlines()


def test_why_of_failures_shows_line_and_output_once_for_all_alike(failing):
    """Jobs that failed alike are one group: the error, the line of source, the end of one output, what to do next."""
    lines = failing.run("prog", "why").out.splitlines()
    assert lines == [
        "✘ failed (2 jobs): work, work-2",
        "    ZeroDivisionError: float division by zero    prog.py:9 in divide",
        "    > 9  return half / 0",
        "    last 3 of 12 lines of its output, `output work` shows all:",
        *(f"      | line {number} of 1 \\x1b[2J" for number in (9, 10, 11)),
        "next: compmake prog traceback work · compmake prog output work · compmake prog make work",
    ]


def test_details_of_a_failed_job_end_with_its_failure_and_output(failing):
    """The same block as in `traceback`, after what is known of the job and before what to do next."""
    details, traceback = run_each(failing, [["prog", "details", "work"], ["prog", "traceback", "work"]])
    block = traceback.out.partition("\n\n")[2]
    assert "local variables" in block and f"\n\n{block}next: compmake prog traceback work" in details.out


@pytest.mark.parametrize("command", ["details", "traceback", "why"])
def test_json_of_a_failure_is_an_object_with_named_parts(failing, command):
    """Other programs find frames, sources and variables by name, and what the job printed last."""
    (found,) = failing.run("prog", command, "work-2", "--json").objects
    failure = found["failure"]
    assert (failure["type"], failure["cause"], failure["context"]) == ("ZeroDivisionError", None, False)
    frame = failure["frames"][-1]
    assert (frame["function"], frame["line"], frame["user"]) == ("divide", 9, True)
    assert [9, "    return half / 0"] in frame["source"]
    assert frame["locals"]["half"] == "1.0"
    assert found["arguments"] == {"number": "2"}
    assert len(found["output_last_lines"]) == 10 and found["output_last_lines"][-1] == "line 11 of 2 \x1b[2J"
    assert found["wall_s"] > 0 and isinstance(found["worker"], str)
    assert found["summary"] == "ZeroDivisionError: float division by zero    prog.py:9 in divide"


def test_variables_and_output_cannot_steer_the_terminal(failing):
    """Escape codes in what a `__repr__` says or a job printed come out visible."""
    for done in run_each(failing, [["prog", *words] for words in (["why"], ["details", "work"], ["tb", "work"])]):
        assert "x1b[" in done.out and not FORBIDDEN.search(done.out)


def test_an_attempt_names_its_worker():
    """When a worker process ran the job it is named, with how long that took and which attempt it was."""
    made = record("a", None)._replace(details='{"worker": "w3"}', wall_s=41.0, attempt=2, made_at=time.time() - 120)
    assert attempt_text(made).startswith("took 41s on w3, attempt 2, 2m ago (")
    assert attempt_text(made._replace(details="")).startswith("took 41s, attempt 2, ")


def test_commands_about_one_job_refuse_several(small):
    """`details`, `output` and `traceback` need exactly one job."""
    for command in ("details", "output", "traceback"):
        several, none, missing = run_each(small, [["prog", command, *w] for w in (["func1()"], ["stale"], [])])
        assert (several.code, "these words mean 3 jobs, but one is needed" in several.err) == (2, True)
        assert (none.code, "these words select no job" in none.err) == (2, True)
        assert (missing.code, f"{command} needs a job" in missing.err) == (2, True)


def test_stats_count_by_function_and_measure_the_store(small):
    """Counts by state for each function, what the store takes, and what `gc` would free."""
    done = small.run("prog", "stats")
    assert "9 jobs: 7 done, 1 failed, 1 blocked" in done.out
    assert "2 records of jobs that the program no longer defines" in done.out
    assert "gc would free" in done.out


def test_runs_list_past_makes(small):
    """Newest first, with what was asked for and how it ended; `n=` limits them."""
    every, one = run_each(small, [["prog", "runs", "--json"], ["prog", "runs", "n=1", "--json"]])
    assert [(run["done"], run["failed"], run["blocked"]) for run in every.objects] == [(7, 1, 1), (2, 0, 0)]
    assert one.objects == every.objects[:1]
    assert every.objects[0]["command"] == "make"


def test_config_shows_each_setting_and_its_origin(small):
    """Every setting with the place it came from."""
    small.write("compmake.toml", "keep = 7\n")
    done = small.run("--config", "color=never", "prog", "config", "--json", env={"COMPMAKE_ASCII": "yes"})
    origins = {row["key"]: (row["value"], row["origin"]) for row in done.objects}
    assert origins["keep"] == ("7", f"{small.path}/compmake.toml:1")
    assert origins["color"] == ('"never"', "command line")
    assert origins["ascii"] == ("true", "environment COMPMAKE_ASCII")
    assert origins["durability"][1] == "default"


def test_diagram_writes_pictures_named_after_the_program(small):
    """Without `out` an SVG and a PNG in the current folder, with it the file named; each path is printed."""
    both, one, none = run_each(
        small, [["prog", "diagram"], ["prog", "graph", "failed", "out=f.dot"], ["prog", "diagram", "stale"]]
    )
    assert both.out == "prog.svg\nprog.png\n"
    assert (small.path / "prog.svg").read_text().startswith("<?xml")
    assert (small.path / "prog.png").read_bytes().startswith(b"\x89PNG")
    assert one.out == "f.dot\n"
    assert "func2-3" in (small.path / "f.dot").read_text()
    assert "func1" not in (small.path / "f.dot").read_text()
    assert (none.code, "the selection is empty" in none.err) == (2, True)


def test_why_stays_short_for_many_jobs(space):
    """Jobs that only wait for results that may change are one group; of many changed results few are named."""
    space.write(
        "steps.py", "def one(x):\n    return x\n\ndef two(x):\n    return x\n\ndef add(xs):\n    return sum(xs)\n"
    )
    space.write(
        "prog.py",
        "from compmake import comp\nfrom steps import one, two, add\n"
        "comp(add, [comp(two, comp(one, x)) for x in range(100)])\n",
    )
    assert space.run("prog", "make").code == 0
    space.edit("steps.py", "def one(x):\n    return x", "def one(x):\n    return x + 1")
    waiting = space.run("prog", "-c", "why; why add; why --json > why.jsonl")
    assert "stale (101 jobs): two, two-2, two-3" in waiting.out
    assert "    may change: one, one-2, one-3, one-4, one-5, one-6, one-7, one-8 and 192 more" in waiting.out
    assert len(waiting.out.splitlines()) < 25
    assert len((space.path / "why.jsonl").read_text().splitlines()) == 201
    changed = space.run("prog", "-c", "make two(); why add")
    assert len(changed.out.splitlines()) == 10
    assert changed.out.endswith("and the same of 92 more\n")


def test_defaults_are_no_arguments_of_the_call(space):
    """A default counts, and `why` calls it one; what lists arguments shows those of the call."""
    space.write("prog.py", "from compmake import comp\n\ndef f(x, *, y=1):\n    return x + y\n\ncomp(f, 2)\n")
    made = space.run("prog", "-c", "make; ls --json")
    assert made.objects[0]["arguments"] == {"x": "2"}
    space.edit("prog.py", "y=1", "y=3")
    assert "    default values changed: (None, {'y': 1}) -> (None, {'y': 3})\n" in space.run("prog", "why").out


def test_an_empty_selection_is_named(small):
    """Of no jobs nothing is said but that."""
    done = small.run("prog", "-c", "plan stale; why stale; plan stale --json")
    assert (done.code, done.out) == (0, "Nothing to plan: the selection is empty.\nThe selection is empty.\n")

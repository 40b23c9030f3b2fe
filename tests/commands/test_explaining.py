"""`why`, `plan` and `details` for many jobs: told together, in lines that fit, with what to do next."""

import json

import pytest
from command_lines import run_each
from command_screens import on_screen
from spaces import Space

from compmake.text_safety import cells

JOBS = """\
from compmake import comp
from functions import evaluate, load, train

for b in range(12):
    data = comp(load, b, job_id=f"load-b={b}")
    for lr in (1, 2):
        comp(evaluate, comp(train, data, lr, job_id=f"b={b}-lr={lr}"))
"""
FUNCTIONS = """\
def load(b):
    return b

def train(data, lr):
    print("epoch 1")
    print("epoch 2")
    return step(data, lr)

def step(x, lr):
    if x % 3 == 1:
        raise ValueError(f"x={x} is NaN")
    if x == 5 and lr > 1:
        raise KeyError("lost")
    return x * lr

def evaluate(t):
    return t
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """Eight jobs failed alike with four messages, one in another way; as many wait for them."""
    space = Space(tmp_path_factory.mktemp("failing"))
    space.write("functions.py", FUNCTIONS)
    space.write("prog.py", JOBS)
    assert space.run("prog", "make").code == 1
    return space


def test_failures_are_grouped_by_function_type_and_line(failing):
    """The most frequent comes first, with a count, examples and the first message; then what waits for them."""
    lines = failing.run("prog", "why").out.splitlines()
    named = "b=1-lr=1, b=1-lr=2, b=4-lr=1, b=4-lr=2, b=7-lr=1, b=7-lr=2, b=10-lr=1, b=10-lr=2"
    assert lines[:4] == [
        f"✘ failed (8 jobs): {named}",
        "    train(): ValueError: x=1 is NaN    functions.py:11 in step",
        '    > 11  raise ValueError(f"x={x} is NaN")',
        "    and with 3 other messages",
    ]
    assert "✘ failed: b=5-lr=2" in lines and "    train(): KeyError: 'lost'    functions.py:13 in step" in lines
    at = next(number for number, line in enumerate(lines) if line.startswith("⊘ blocked (8 jobs): evaluate-"))
    assert lines[at + 1] == f"    wait for jobs that failed ({named}): ValueError"
    assert lines[at + 2].startswith("⊘ blocked: evaluate-")
    assert lines[-1].startswith("next: compmake prog traceback b=1-lr=1 · compmake prog output b=1-lr=1 · ")


def test_few_failed_jobs_are_named_with_what_waits_for_them(failing):
    """What is blocked is grouped by the job it waits for while these are few."""
    out = failing.run("prog", "why", "dependents of b=5-lr=2").out
    assert "waits for b=5-lr=2, which failed: KeyError: 'lost'    functions.py:13 in step" in out


def test_json_of_many_jobs_is_not_grouped(failing):
    """Each job has its own object, whatever the text tells together."""
    objects = failing.run("prog", "why", "--json").objects
    assert len(objects) == 18
    assert {found["blocked_by"] for found in objects if found["state"] == "blocked"} >= {"b=5-lr=2"}


@pytest.mark.parametrize("line", ["why", "plan", "details b=1-lr=1", "details evaluate-3", "why load-b=1", "stats"])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_lines_fit_a_narrow_screen(failing, line, ascii_only):
    """In 40 columns nothing runs over but source and file names, which are never broken; ASCII if need be."""
    lines = on_screen(failing, line, width=40, ascii_only=ascii_only)
    own = [text for text in lines if not text.startswith((f"  {failing.path}", "    > ", "     "))]
    store = [text for text in own if text.startswith("store ")]
    assert all(cells(text) <= 40 for text in own if text not in store)
    assert not ascii_only or "".join(lines).isascii()


def test_plan_has_the_expected_time_of_so_many_workers(space):
    """The longest chain, or all work shared out, whichever takes longer."""
    space.write("f.py", "import time\n\ndef nap(*needs):\n    time.sleep(0.6)\n")
    space.write("prog.py", "from compmake import comp\nfrom f import nap\nfor i in range(8):\n    comp(nap, i)\n")
    assert space.run("prog", "make", "-j", "8").code == 0
    space.edit("f.py", "sleep(0.6)", "sleep(0.61)")
    one, four = run_each(space, [["prog", "plan"], ["prog", "plan", "-j", "4"]])
    assert one.out.splitlines()[-1] == "expected time: about 5s"
    assert four.out.splitlines()[-1] == "expected time: about 1s with 4 workers"
    assert one.out.splitlines()[0] == "8 jobs will run: own function nap() changed (f.py:3)"


def test_a_cause_shared_by_jobs_with_other_values_is_told_once(space):
    """Jobs whose argument changed are one group, of which the first is the example."""
    text = "from compmake import comp\nfrom f import show\nfor i in range(20):\n    comp(show, i * FACTOR, 'a')\n"
    space.write("f.py", "def show(x, y):\n    return x\n")
    space.write("prog.py", text.replace("FACTOR", "3"))
    assert space.run("prog", "make").code == 0
    space.write("prog.py", text.replace("'a'", "'b'").replace("FACTOR", "5"))
    assert space.run("prog", "why").out.splitlines() == [
        "~ stale (19 jobs): show-2, show-3, show-4, show-5, show-6, show-7, show-8, show-9 and 11 more",
        "    argument x changed: 3 -> 5 (show-2; the others alike)",
        "    argument y changed: 'a' -> 'b'",
        "~ stale: show",
        "    argument y changed: 'a' -> 'b'",
    ]
    assert space.run("prog", "plan").out.splitlines()[:2] == [
        "19 jobs will run: argument x changed, argument y changed",
        "1 job will run: argument y changed",
    ]


def test_details_tell_what_is_usual_and_what_to_do_next(failing):
    """How long the function takes otherwise, how much was printed, and commands for the state that the job is in."""
    failed, blocked, done = run_each(
        failing, [["prog", "details", job] for job in ("b=1-lr=1", "evaluate-3", "load-b=1")]
    )
    assert "(usual " in failed.out and "  printed    2 lines\n" in failed.out
    assert failed.out.splitlines()[-1].endswith(" · compmake prog output b=1-lr=1 · compmake prog remake b=1-lr=1")
    assert blocked.out.splitlines()[-1] == "next: compmake prog why evaluate-3 · compmake prog details b=1-lr=1"
    assert "(usual " not in done.out  # it is what it took
    assert done.out.splitlines()[-1] == "next: compmake prog remake load-b=1"
    assert json.loads(failing.run("prog", "details", "b=1-lr=1", "--json").out)["state"] == "failed"

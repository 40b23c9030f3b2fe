"""Bars of tqdm inside jobs are heard of, and are what they were for the user's code."""

import inspect
import io
import json
import subprocess
import sys
import warnings

import pytest
import tqdm.auto
import tqdm.std
from tqdm import TqdmExperimentalWarning, tqdm, trange

from compmake.job_progress import progress, set_hook

QUIET = {"file": io.StringIO(), "mininterval": 0}


@pytest.fixture
def told():
    """What the hook heard, with a clock that advances enough at each call."""
    heard = []
    times = iter(range(10**6))
    set_hook(lambda text, share: heard.append(text), lambda: next(times))
    yield heard
    set_hook(None)


def test_a_bar_counts_what_is_done(told):
    """With its description, from nothing to all; then it is gone."""
    assert list(tqdm("ab", desc="letters", **QUIET)) == ["a", "b"]
    assert told == ["letters 0/2", "letters 1/2", "letters 2/2", ""]


def test_bars_nest(told):
    """The outer one stands first and stays while the inner one comes and goes; progress() fits in."""
    for _ in trange(1, desc="fold", **QUIET):
        for step in tqdm(range(2), desc="epoch", **QUIET):
            progress("batch", step + 1, 9)
    assert told[0] == "fold 0/1" and told[1] == "fold 0/1, epoch 0/2"
    assert "fold 0/1, epoch 1/2, batch 2/9" in told and told[-1] == ""


def test_a_bar_may_have_no_total(told):
    """Then only the count is known."""
    list(tqdm(iter("ab"), **QUIET))
    assert told == ["0", "1", "2", ""]


def test_a_bar_may_be_moved_by_hand(told):
    """By `update`, by setting `n`, back to nothing by `reset`; its description may change."""
    with tqdm(total=10, **QUIET) as bar:
        bar.update(3)
        bar.set_description("half")
        bar.n = 5
        bar.refresh()
        bar.reset(total=20)
    assert told == ["0/10", "3/10", "half 3/10", "half 5/10", "half 0/20", ""]


def test_a_bar_may_begin_in_the_middle(told):
    """Also at what is no whole number."""
    list(tqdm("ab", initial=1.5, total=4, **QUIET))
    assert told == ["1.5/4", "2.5/4", "3.5/4", ""]


def test_scaled_counts_are_told_as_the_bar_writes_them(told):
    """Bytes have prefixes; a number of its own scales the count."""
    with tqdm(total=2_500_000, unit="B", unit_scale=True, **QUIET) as bar:
        bar.update(1_250_000)
    with tqdm(total=4, unit_scale=0.5, **QUIET) as bar:
        bar.update(1)
    assert "1.25M/2.50M" in told and "0.5/2" in told


@pytest.mark.parametrize("disable", [True, None])
def test_a_bar_that_draws_nothing_counts(told, disable):
    """`disable=True` and what is no terminal mean the drawing: batch jobs often say so."""
    drawn = io.StringIO()
    for _ in tqdm("ab", disable=disable, file=drawn):
        pass
    bar = tqdm(total=3, disable=disable, file=drawn)
    bar.update()
    bar.update(2)
    bar.close()
    assert told == ["0/2", "1/2", "2/2", "", "1/3", "3/3", ""] and drawn.getvalue() == ""


def test_a_loop_that_is_left_takes_its_bar_away(told):
    """By break and by an exception."""
    for _ in tqdm("abc", desc="x", **QUIET):
        break
    with pytest.raises(ZeroDivisionError):
        for _ in tqdm("abc", desc="y", **QUIET):
            1 / 0
    assert told == ["x 0/3", "", "y 0/3", ""]


def draw(told=None):
    """Use bars in many ways and return what they drew and returned."""
    form = {"bar_format": "{desc}{n_fmt}/{total_fmt} {postfix}", "mininterval": 0, "miniters": 1}
    file, got = io.StringIO(), []
    for _ in trange(3, desc="outer", file=file, **form):
        bar = tqdm("abc", file=file, leave=False, **form)
        got += [len(bar), list(bar), bar.n, bar.disable]
    with tqdm(total=4, file=file, **form) as bar:
        got += [bar.update(2), bar.update(-1), bar.set_postfix(loss=1), bar.update(), bool(bar), bar.total]
    got += [bar.close(), list(tqdm([], file=file, **form)), list(tqdm("ab", disable=True))]
    iterator = iter(tqdm("ab", file=file, **form))
    got += [next(iterator), iterator.close()]
    return file.getvalue(), got


def test_bars_draw_and_return_what_they_did_before(told):
    """Inside a job, outside, and without compmake it is the same to the byte."""
    inside = draw()
    set_hook(None)
    assert draw() == inside
    parts = ("import io, json", "from tqdm import tqdm, trange", inspect.getsource(draw), "print(json.dumps(draw()))")
    plain = subprocess.run([sys.executable, "-c", "\n".join(parts)], capture_output=True, text=True, check=True)
    assert json.loads(plain.stdout) == json.loads(json.dumps(inside))


@pytest.mark.parametrize("variant", ["tqdm.auto", "tqdm.rich", "tqdm.asyncio"])
def test_variants_are_heard_of(told, variant):
    """All inherit from one class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmExperimentalWarning)
        bars = getattr(__import__(variant, fromlist=["tqdm"]), "tqdm")  # noqa: B009
        options = {"options": {"console": None}} if variant == "tqdm.rich" else {"file": io.StringIO()}
        assert list(bars("ab", desc="v", **options)) == ["a", "b"]
    assert told[-2:] == ["v 2/2", ""]


def test_an_outer_bar_that_is_drawn_again_keeps_the_inner_one(told):
    """As when it is given a postfix while the inner loop runs."""
    with tqdm(total=2, desc="outer", **QUIET) as outer:
        for _ in tqdm("ab", desc="inner", **QUIET):
            outer.set_postfix(loss=0.1)
    assert "outer 0/2, inner 1/2" in told and told[-2:] == ["outer 0/2", ""]


def test_what_tqdm_is_not_asked_for_is_not_imported():
    """A job without bars pays for a look into a dictionary."""
    code = "import sys; from compmake.job_progress import flush, set_hook; set_hook(print); flush()"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'tqdm' not in sys.modules"], check=True)


def test_the_part_behind_bars_is_told():
    """Of bars in bars that of all."""
    heard, times = [], iter(range(10**6))
    set_hook(lambda text, share: heard.append(share), lambda: next(times))
    try:
        for _ in trange(2, **QUIET):
            list(tqdm(range(2), **QUIET))
    finally:
        set_hook(None)
    assert [share for share in heard if share is not None] == [0, 0, 0.25, 0.5, 0.5, 0.5, 0.5, 0.75, 1, 1, 1]


PROGRAM = """
import time
from compmake import comp
{top}
def fit(n):
    {inside}
    for _ in tqdm(range(30), desc='epoch'):
        time.sleep(0.1)
comp(fit, 1)
"""
IMPORT = "from tqdm import tqdm"


@pytest.mark.parametrize(("top", "inside"), [(IMPORT, "pass"), ("", IMPORT)])
def test_bars_in_worker_processes_are_progress_of_their_job(space, top, inside):
    """Whether tqdm was imported before the worker was forked, or by the job itself."""
    space.write("prog.py", PROGRAM.format(top=top, inside=inside))
    done = space.run("prog", "--ui", "json", "make", "-j", "1")
    events = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    heard = [event["beat"]["progress"] for event in events if "beat" in event]
    assert any(text.startswith("epoch ") and text.endswith("/30") for text in heard)
    assert "Nothing to do" in space.run("prog", "make").err
    assert "left threads" not in space.run("prog", "details", "fit").out  # tqdm's own has ended with the job

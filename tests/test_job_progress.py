"""progress(): what a running job says about itself."""

import pytest

from compmake.job_progress import flush, progress, set_hook


@pytest.fixture
def told():
    """What the hook heard, with a clock that advances enough at each call."""
    heard = []
    times = iter(range(10**6))
    set_hook(lambda text, share: heard.append(text), lambda: next(times))
    yield heard
    set_hook(None)


def test_outside_a_job_it_does_nothing():
    """Without a hook a report is silent and a loop just loops."""
    assert progress("epoch", 1, 3) is None
    assert list(progress([1, 2], "x")) == [1, 2]


def test_a_count_is_told(told):
    """`progress(label, i, n)` tells the count, without a total too."""
    progress("epoch", 3, 40)
    progress("rows", 1234567)
    assert told == ["epoch 3/40", "epoch 3/40, rows 1234567"]


def test_a_loop_counts_by_itself(told):
    """`progress(iterable, label)` yields the items, counts them, and is gone at the end."""
    assert list(progress("ab", "letter")) == ["a", "b"]
    assert told == ["letter 1/2", "letter 2/2", ""]


def test_an_iterator_has_no_total_unless_given(told):
    """What has no length shows only the count, or the total that was given."""
    assert list(progress(iter("a"), "x")) == list(progress(iter("a"), "x", 9)) == ["a"]
    assert told == ["x 1", "", "x 1/9", ""]


def test_loops_nest(told):
    """Loops inside loops stand behind each other; the inner one goes when the outer one goes on."""
    for _ in progress(range(2), "fold"):
        for i in range(2):
            progress("epoch", i, 2)
    inner = ["", ", epoch 0/2", ", epoch 1/2"]
    assert told == [f"fold {fold}/2{epoch}" for fold in (1, 2) for epoch in inner] + [""]


def test_a_count_that_reached_its_end_makes_room(told):
    """Loops after each other do not look nested."""
    progress("load", 3, 3)
    progress("train", 1, 9)
    assert told == ["load 3/3", "train 1/9"]


def test_an_abandoned_loop_is_gone(told):
    """Leaving a loop early takes its line away."""
    for _ in progress([1, 2, 3], "fold"):
        break
    assert told[-1] == ""


@pytest.fixture
def shares():
    """Which parts the hook heard were behind."""
    heard = []
    times = iter(range(10**6))
    set_hook(lambda text, share: heard.append(share), lambda: next(times))
    yield heard
    set_hook(None)


def test_the_part_behind_a_loop_is_told(shares):
    """An item that was just begun is not behind it; of what has no total no part is known."""
    list(progress("abcd", "letter"))
    list(progress(iter("ab"), "x"))
    assert shares == [0, 0.25, 0.5, 0.75, None, None, None, None]


def test_the_part_behind_loops_in_loops_is_that_of_all(shares):
    """It grows also when a loop inside another is over, or begins again; what counts to no end adds nothing."""
    for fold in progress(range(2), "fold"):
        progress("epoch", 2, 4)
        list(progress(range(fold), "batch"))
        progress("rows", 1234)
    assert shares == [0, 0.25, 0.25, 0.5, 0.75, 0.75, 0.75, 0.75, None]


def test_the_part_behind_is_between_nothing_and_all(shares):
    """Whatever somebody counts."""
    for done, total in ((-3, 4), (9, 4), (float("nan"), 4), (1, float("inf")), (1, float("nan")), (1, -4)):
        progress("x", done, total)
    assert shares == [0, 1, 0, 0, None, None]


def test_the_hook_is_called_at_most_ten_times_a_second():
    """A tight loop costs ten calls a second, and `flush` tells what was held back."""
    now, heard = [0.0], []
    set_hook(lambda text, share: heard.append(text), lambda: now[0])
    try:
        for i in range(1000):
            now[0] = i / 1000
            progress("step", i, 1000)
        assert 9 <= len(heard) <= 11
        flush()
        assert heard[-1] == "step 999/1000"
        before = len(heard)
        flush()
        assert len(heard) == before
    finally:
        set_hook(None)


@pytest.mark.parametrize(
    "arguments", [(), (3, 4), ("epoch", None), ([1], 5), ("epoch", 1, "many"), ("epoch", True, 2), (None, "x")]
)
def test_wrong_arguments_are_explained(arguments):
    """What is neither form is a TypeError, inside and outside a job alike."""
    with pytest.raises(TypeError, match="progress"):
        progress(*arguments)

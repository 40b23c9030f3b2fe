"""`Causes`: why the jobs of a make must run, in few lines."""

from compmake.causes import causes_of
from compmake.job import Reason, ReasonCode

NEVER = (Reason(ReasonCode.NEVER_MADE, "never made"),)


def helper(user):
    return Reason(ReasonCode.USED_CODE, f"helper clean() changed (m.py:14), used by {user}()")


def lines_of(reasons, verb=""):
    return causes_of(reasons, reasons.__getitem__).lines(verb)


def test_jobs_with_the_same_causes_are_counted_together():
    """The most frequent cause comes first; jobs that need not run, or only may, count apart."""
    reasons = {f"a{n}": (helper("train"),) for n in range(412)} | {"b1": NEVER, "b2": NEVER, "b3": NEVER, "c": ()}
    reasons["d"] = (Reason(ReasonCode.MAY_CHANGE, "may change: a1", new="a1"),)
    causes = causes_of(reasons, reasons.__getitem__)
    assert (len(causes.will_run), causes.may_run) == (415, ["d"])
    assert causes.lines() == [
        "412 jobs: helper clean() changed (m.py:14), used by train()",
        "3 jobs: never made",
        "up to 1 more if those results change",
    ]
    assert causes.lines(" will run")[1] == "3 jobs will run: never made"


def test_what_differs_from_job_to_job_is_left_out():
    """A helper that two functions use is one cause, and so is an argument with other values in each job."""
    assert lines_of({"a": (helper("f"),), "b": (helper("g"),)}) == ["2 jobs: helper clean() changed (m.py:14)"]
    changed = {n: (Reason(ReasonCode.ARGUMENT, f"argument x changed: {n} -> {n + 1}"),) for n in range(3)}
    assert lines_of(changed) == ["3 jobs: argument x changed"]
    results = {n: (Reason(ReasonCode.DEPENDENCY, f"the result of a{n} changed (x)"),) for n in range(2)}
    assert lines_of(results) == ["2 jobs: the result of a dependency changed"]


def test_several_causes_of_one_job_stand_together():
    """A job with two causes is one job."""
    failed = Reason(ReasonCode.FAILED, "failed last time")
    assert lines_of({"a": (failed, helper("f"))}) == [
        "1 job: failed last time, helper clean() changed (m.py:14), used by f()"
    ]


def test_many_causes_stay_few_lines():
    """A hundred files that changed are not a hundred lines."""
    reasons = {n: (Reason(ReasonCode.FILE, f"file {n}.txt changed"),) for n in range(100)}
    lines = lines_of(reasons)
    assert len(lines) == 12 and lines[-1] == "89 jobs: 89 other causes, `why` tells them"


def test_causes_are_safe_to_print():
    """What a program has in its names and values cannot steer the terminal."""
    (line,) = lines_of({"a": (Reason(ReasonCode.GLOBAL, "global X changed: '\x1b[2J' -> 1"),)})
    assert "\\x1b[2J" in line and "\x1b" not in line

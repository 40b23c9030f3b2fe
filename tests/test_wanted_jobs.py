"""The table of a make's jobs that viewers and the estimate work from."""

from graphs import graph_of

from compmake.channel import Event, EventKind
from compmake.durations import Durations
from compmake.job_table import JobTable
from compmake.plan import Plan
from compmake.wanted_jobs import job_table


def table(**durations_s):
    graph = graph_of({"a": "", "b": "a", "c": "ab", "other": ""})
    plan = Plan(graph, ["c"], done=["a"])
    durations = Durations.from_attempts((name, "mod:f", seconds, True) for name, seconds in durations_s.items())
    plan.prioritise(durations.priorities(graph, plan.wanted))
    return job_table(graph, plan, durations, ["a"], ["c"])


def test_the_table_has_the_wanted_jobs_in_order_of_definition():
    """What each needs is told by number; jobs that the make does not want are not there."""
    found = table(a=1, b=2)
    assert (list(found.ids), list(found.needs), list(found.done)) == (["a", "b", "c"], [(), (0,), (0, 1)], [0])
    assert list(found.may_run) == [2]


def test_the_table_tells_what_is_expected_and_how_that_is_known():
    """A job that never succeeded has what is usual for its function, and is named as such."""
    found = table(a=1, b=2)
    assert list(found.usual_s) == [1, 2, 1.5] and list(found.first_time) == [2] and len(found.first_time) == 1
    assert list(found.spreads.values()) == [(1, 2)]
    assert list(found.priorities) == sorted(found.priorities, reverse=True)


def test_the_table_names_jobs_that_failed_last():
    """By their newest attempt; an older failure or success does not count."""
    graph = graph_of({"a": "", "b": "", "c": ""})
    attempts = [
        ("a", "mod:f", 1.0, False),
        ("a", "mod:f", 1.0, True),
        ("b", "mod:f", 1.0, True),
        ("b", "mod:f", 1.0, False),
    ]
    assert list(job_table(graph, Plan(graph, graph.jobs), Durations.from_attempts(attempts), [], []).failed) == [0]


def test_the_table_travels():
    """What a viewer elsewhere reads from the event is what was told."""
    told = table(a=1.5, b=2.25)
    event = Event.from_dict(Event(EventKind.JOBS, 0.0, table=told).to_dict())
    assert isinstance(event.table, JobTable) and event.table.to_dict() == told.to_dict()


def test_nothing_is_worked_out_before_somebody_looks():
    """Makes that end within a second pay nothing for their table; a hundred thousand jobs show it."""
    graph = graph_of({f"j{at}": [] for at in range(1000)})
    looked = []

    class Looked(Durations):
        def expected_s(self, job_id, function):
            looked.append(job_id)
            return super().expected_s(job_id, function)

    found = job_table(graph, Plan(graph, graph.jobs), Looked({}, {}), [], [])
    assert len(found) == 1000 and not looked
    assert found.usual_s[0] is None and len(looked) == 1000


def test_a_spread_of_many_is_told_by_a_few():
    """The shortest, the longest and the middle are among them."""
    durations = Durations.from_attempts((f"j{at}", "mod:f", float(at), True) for at in range(101))
    spread_s = durations.spread_s("mod:f")
    assert (spread_s[0], spread_s[10], spread_s[-1], len(spread_s)) == (0, 50, 100, 21)

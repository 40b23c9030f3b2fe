"""What past attempts say: expected durations, and which job to start first."""

import time

from graphs import graph_of, job
from hypothesis import given
from hypothesis import strategies as st

from compmake.durations import Durations
from compmake.graph import Graph


def test_a_job_takes_as_long_as_the_last_time():
    """The newest successful attempt of the job itself counts; a failed one says nothing."""
    durations = Durations.from_attempts(
        [("a", "m:f", 9.0, False), ("a", "m:f", 3.0, True), ("a", "m:f", 5.0, True), ("b", "m:f", 100.0, True)]
    )
    assert durations.expected_s("a", "m:f") == 3.0


def test_a_new_job_takes_what_is_usual_for_its_function():
    """The median of the function's successes stands in; one outlier does not move it."""
    attempts = [(f"j{at}", "m:f", wall_s, True) for at, wall_s in enumerate([1.0, 2.0, 900.0])]
    durations = Durations.from_attempts([*attempts, ("x", "m:f", 50.0, False), ("y", "m:g", 7.0, True)])
    assert durations.expected_s("new", "m:f") == 2.0


def test_only_the_newest_200_of_a_function_count():
    """What was usual long ago does not matter any more."""
    attempts = [("new", "m:f", 1.0, True)] * 200 + [("old", "m:f", 50.0, True)] * 1000
    assert Durations.from_attempts(attempts).expected_s("other", "m:f") == 1.0


def test_nothing_is_expected_of_an_unknown_function():
    """Where nothing succeeded before, there is no number."""
    durations = Durations.from_attempts([("a", "m:f", 1.0, False)])
    assert durations.expected_s("a", "m:f") is None


def test_functions_that_never_succeeded_are_unmeasured():
    """They are the ones to try first."""
    graph = Graph({"a": job("a", function="m:f"), "b": job("b", function="m:g"), "c": job("c", function="m:h")})
    durations = Durations.from_attempts([("a", "m:f", 1.0, True), ("b", "m:g", 1.0, False)])
    assert durations.unmeasured(graph, ["a", "b"]) == {"m:g"}


def test_priority_is_the_longest_way_to_the_end():
    """A job counts with the longest chain of needed jobs after it, not with all that depends on it."""
    graph = graph_of({"a": "", "b": "a", "c": "a", "d": "bc", "unneeded": "a"})
    wall_s = {"a": 1.0, "b": 10.0, "c": 3.0, "d": 2.0, "unneeded": 1000.0}
    durations = Durations.from_attempts((job_id, "mod:f", wall_s, True) for job_id, wall_s in wall_s.items())
    assert durations.priorities(graph, {"a", "b", "c", "d"}) == {"a": 13.0, "b": 12.0, "c": 5.0, "d": 2.0}


def test_the_unknown_counts_as_the_mean():
    """A job without any history is taken for an average one."""
    graph = Graph({"a": job("a", function="m:new")})
    assert Durations.from_attempts([("x", "m:f", 2.0, True), ("y", "m:g", 4.0, True)]).priorities(graph, ["a"]) == {
        "a": 3.0
    }


def test_without_any_history_depth_decides():
    """In the first make every job counts one second, so long chains start first."""
    assert Durations.from_attempts([]).priorities(graph_of({"a": "", "b": "a", "c": "b"}), "abc") == {
        "a": 3.0,
        "b": 2.0,
        "c": 1.0,
    }


@given(st.lists(st.floats(0, 1e6), min_size=8, max_size=8), st.sets(st.sampled_from("abcdefgh")))
def test_no_dependent_comes_before_its_dependency(walls_s, needed):
    """A needed job is never less urgent than a needed one that waits for it."""
    graph = graph_of({"a": "", "b": "a", "c": "a", "d": "bc", "e": "", "f": "de", "g": "b", "h": "gf"})
    durations = Durations.from_attempts(zip("abcdefgh", ["mod:f"] * 8, walls_s, [True] * 8, strict=True))
    priorities = durations.priorities(graph, needed)
    assert priorities.keys() == needed
    for job_id in needed:
        assert all(priorities[after] <= priorities[job_id] for after in graph.dependents(job_id) if after in needed)


def test_many_attempts_need_little_time():
    """The history and priorities of 30,000 jobs are ready long before the first of them could start."""
    count = 30_000
    graph = graph_of({f"j{at}": [f"j{at - 1}"] if at % 3 else [] for at in range(count)})
    start = time.perf_counter()
    durations = Durations.from_attempts((job_id, "mod:f", 1.0, True) for job_id in graph.jobs)
    assert len(durations.priorities(graph, graph.jobs)) == count
    assert time.perf_counter() - start < 1.0

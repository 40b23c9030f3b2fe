"""The graph: edges both ways, an order to run in, closures, and what is refused."""

import random

import pytest
from graphs import graph_of, job
from hypothesis import given
from hypothesis import strategies as st

from compmake.errors import DefinitionError
from compmake.graph import Graph, natural_key, sorted_ids

DIAMOND = {"a": "", "b": "a", "c": "a", "d": "bc", "alone": ""}


@st.composite
def edges(draw):
    """Draw a graph without cycles whose definition order is any order."""
    count = draw(st.integers(0, 12))
    names = [f"j{number}" for number in range(count)]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:at]), max_size=4)) if at else [] for at, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


@given(edges())
def test_order_puts_every_job_after_what_it_needs(needs):
    """The order holds each job once, after all its dependencies, however the jobs were defined."""
    order = graph_of(needs).order
    assert sorted(order) == sorted(needs)
    for job_id, needed in needs.items():
        assert all(order.index(dependency) < order.index(job_id) for dependency in needed)


def test_order_is_the_order_of_definition_where_that_is_possible():
    """Programs define jobs before they use them: then nothing is moved."""
    assert graph_of(DIAMOND).order == tuple(DIAMOND)


def test_only_what_is_needed_earlier_moves_forward():
    """A job defined before its dependency waits for it; the others stay."""
    assert graph_of({"a": "", "late": "z", "b": "", "z": ""}).order == ("a", "z", "late", "b")


@given(edges(), st.randoms())
def test_closures_hold_what_can_be_reached(needs, chance):
    """ancestors() and descendants() agree with following edges one by one, and leave out where they start."""
    graph = graph_of(needs)
    start = set(chance.sample(list(needs), chance.randint(0, len(needs))))

    def reach(step):
        found = set(start)
        while more := {after for job_id in found for after in step(job_id)} - found:
            found |= more
        return found - start

    assert graph.ancestors(start) == reach(lambda job_id: needs[job_id])
    assert graph.descendants(start) == reach(lambda job_id: [other for other in needs if job_id in needs[other]])


def test_edges_are_seen_from_both_ends():
    """dependencies() and dependents() tell the same edges, each once."""
    graph = graph_of({"a": "", "b": "aa", "c": "ab"})
    assert list(graph.dependencies("b")) == ["a"]
    assert list(graph.dependents("a")) == ["b", "c"]
    assert list(graph.dependents("c")) == []


def test_an_order_only_dependency_is_an_edge():
    """What `extra_dep` names must be done first as well."""
    graph = Graph({"b": job("b", after=("a",)), "a": job("a")})
    assert graph.order == ("a", "b")
    assert graph.dependencies("b") == ("a",)


def test_top_and_bottom():
    """Nothing needs a job at the top; a job at the bottom needs nothing; a lone job is both."""
    assert graph_of(DIAMOND).top() == ["d", "alone"]
    assert graph_of(DIAMOND).bottom() == ["a", "alone"]


def test_a_cycle_is_refused_with_its_path():
    """The message walks the circle and names nobody outside it."""
    with pytest.raises(DefinitionError, match="circle: b -> c -> d -> b") as caught:
        graph_of({"a": "b", "b": "c", "c": "d", "d": "b"})
    assert "a ->" not in str(caught.value)


def test_a_job_that_needs_itself_is_a_cycle():
    """The shortest circle is refused too."""
    with pytest.raises(DefinitionError, match="a -> a"):
        graph_of({"a": "a"})


def test_a_long_cycle_is_shortened():
    """A circle of 1,000 jobs does not fill the screen."""
    with pytest.raises(DefinitionError, match="991 more") as caught:
        graph_of({f"j{at}": [f"j{(at + 1) % 1000}"] for at in range(1000)})
    assert len(str(caught.value)) < 300


def test_an_undefined_dependency_is_refused():
    """The message names the job, where it was defined, and what is missing."""
    with pytest.raises(DefinitionError, match=r"'a' \(p.py:7\) depends on 'nobody'"):
        graph_of({"a": ["nobody"]})


def test_controls_in_ids_do_not_reach_the_message():
    """An id is foreign text in errors as well."""
    with pytest.raises(DefinitionError) as caught:
        graph_of({"a\x1b": ["b\x1b"]})
    assert "\x1b" not in str(caught.value)


def test_long_chains_need_no_recursion():
    """A chain of 100,000 jobs, defined from its end, is ordered and closed over."""
    count = 100_000
    graph = graph_of({str(at): [str(at - 1)] if at else [] for at in reversed(range(count))})
    assert graph.order[-1] == str(count - 1)
    assert len(graph.descendants(["0"])) == count - 1


def test_numbers_in_ids_sort_by_value():
    """func1-3 stands before func1-23, as people count."""
    expected = ["func1", "func1-3", "func1-23", "func2", "func10-1"]
    shuffled = random.Random(5).sample(expected, len(expected))
    assert sorted_ids(shuffled) == expected


@given(st.lists(st.text(alphabet="ab01٣-", max_size=6) | st.just("9" * 4301)))
def test_any_texts_can_be_sorted(texts):
    """Natural order takes any text, and ties only equal ones."""
    assert sorted(sorted_ids(texts)) == sorted(texts)
    assert len({natural_key(text) for text in texts}) == len(set(texts))

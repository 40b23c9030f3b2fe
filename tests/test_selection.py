"""The selection language: what each form selects, what binds how, and what is refused."""

import time

import pytest
from graphs import job
from hypothesis import given, settings
from hypothesis import strategies as st

from compmake.errors import SelectionError
from compmake.graph import Graph
from compmake.job import JobState
from compmake.selection import KEYWORDS, Scope, parse, quote, select
from compmake.words import Word

JOBS = [
    job("func1", function="pkg.mod:func1"),
    job("func1-2", function="pkg.mod:func1"),
    job("func1-10", function="pkg.mod:func1"),
    job("func2", ["func1"], function="other:func2"),
    job("func2-2", ["func1-2"], function="other:func2"),
    job("draw", ["func2"], after=["func2-2"], function="other:draw"),
    job("fit", function="m:Model.fit"),
    job("p=1-lambda", function="m:<lambda>", display="lambda"),
    job("last", function="m:note"),
    job("a b/c", function="m:note"),
    job("x[1]", function="m:note"),
    job("t-(1,2)", function="m:note"),
]
GRAPH = Graph({one.job_id: one for one in JOBS})
STATES = {one.job_id: JobState.DONE for one in JOBS} | {
    "func1-2": JobState.FAILED,
    "func2-2": JobState.BLOCKED,
    "draw": JobState.BLOCKED,
    "fit": JobState.STALE,
    "last": JobState.TODO,
    "gone": JobState.FAILED,
}
SCOPE = Scope(GRAPH, lambda: STATES, last=("fit", "gone"), command_names=("make", "clean", "ls"))
FUNC1 = ["func1", "func1-2", "func1-10"]


def chosen(text):
    """Return what `text` selects from the jobs above."""
    return select(text, SCOPE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("func1", ["func1"]),
        ("func1-10 func1-2 func1-2", ["func1-2", "func1-10"]),
        ("func1()", FUNC1),
        ("mod.func1()", FUNC1),
        ("pkg.mod.func1()", FUNC1),
        ("fit()", ["fit"]),
        ("Model.fit()", ["fit"]),
        ("lambda()", ["p=1-lambda"]),
        ("func1-*", ["func1-2", "func1-10"]),
        ("func?", ["func1", "func2"]),
        ("func[!2]", ["func1"]),
        ("x[1]", ["x[1]"]),
        ("t-(1,2)", ["t-(1,2)"]),
        ("(t-(1,2) or fit)", None),
        ("'t-(1,2)' or fit", ["fit", "t-(1,2)"]),
        ("last", ["fit"]),
        ("'last'", ["last"]),
        ("'a b/c'", ["a b/c"]),
        ("p=1-lambda", ["p=1-lambda"]),
        ("failed", ["func1-2"]),
        ("blocked", ["draw", "func2-2"]),
        ("stale todo", ["fit", "last"]),
        ("running", []),
        ("ready", []),
        ("top in (func* draw)", ["draw", "func1-10"]),
        ("bottom in func*", FUNC1),
        ("deps of draw", ["func2", "func2-2"]),
        ("dependents of func1", ["func2"]),
        ("ancestors of draw", ["func1", "func1-2", "func2", "func2-2"]),
        ("descendants of func1", ["draw", "func2"]),
        ("deps of deps of draw", ["func1", "func1-2"]),
        ("descendants of (func1 func1-2)", ["draw", "func2", "func2-2"]),
        ("descendants of failed", ["draw", "func2-2"]),
    ],
)
def test_what_each_form_selects(text, expected):
    """Ids, functions, globs, states, sets and relations, in natural order without duplicates."""
    if expected is None:
        with pytest.raises(SelectionError):
            chosen(text)
    else:
        assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("not failed in func1()", "(not failed) in (func1())"),
        ("not failed func1", "not (failed or func1)"),
        ("all except func1() draw", "all except (func1() or draw)"),
        ("all except func1() except func1", "all except (func1() except func1)"),
        ("func1() draw in blocked failed", "(func1() draw) and (blocked failed)"),
        ("func* except func1 in func1()", "(func* except func1) in func1()"),
        ("func* in func1() except func1", "func* in (func1() except func1)"),
        ("not not failed", "failed"),
        ("all but not failed", "failed"),
        ("deps of draw func1-10", "(deps of draw) or func1-10"),
        ("func1() in func* in failed", "func1() and (func* and failed)"),
        ("( (func1)) (draw)", "func1 draw"),
    ],
)
def test_what_binds_tighter(text, same):
    """Union binds tightest, then not, then except (to the right), then in."""
    assert chosen(text) == chosen(same)
    assert chosen(text)


def test_states_are_asked_only_when_a_state_is_named():
    """Selecting by name must not cost a look at every record."""

    def never():
        raise AssertionError("asked")

    assert select("not func1() except deps of draw or last", Scope(GRAPH, never))


def test_all_is_everything_and_not_all_is_nothing():
    """The whole graph, and its complement; nothing selected is no error."""
    assert len(chosen("all")) == len(JOBS)
    assert chosen("not all") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("()", "')' cannot stand after '('"),
        ("func1)", "There is no ( for it"),
        ("(func1", "a ) is missing"),
        ("(func1 in", "missing after 'in'"),
        ("in func1", "'in' cannot stand at the beginning"),
        ("func1 in", "missing after 'in'"),
        ("func1 except in draw", "'in' cannot stand after 'except'"),
        ("func1 or", "missing after 'or'"),
        ("func1 not draw", "Say 'except', or 'and not'"),
        ("not", "missing after 'not'"),
        ("deps", "'deps' needs 'of'"),
        ("deps func1", "'deps' needs 'of'"),
        ("of func1", "'of' cannot stand at the beginning"),
        ("'func1", "quote ' is not closed"),
        ("(" * 60 + "func1", "nested more than 50 deep"),
        ("deps of " * 60 + "func1", "nested more than 50 deep"),
        ("zzz*", "no job's id matches 'zzz*'"),
        ("nobody()", "no job calls 'nobody()'"),
        ("''", "no job is called ''"),
        ("clean", "To run the command of that name, put a ; before it"),
        ("q\x1b[2J", r"'q\x1b[2J'"),
    ],
)
def test_what_is_refused(text, message):
    """An error quotes what is wrong and says what can be done."""
    with pytest.raises(SelectionError) as caught:
        chosen(text)
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("fucn1-2", "func1-2"),
        ("func1-1", "func1-10"),
        ("faild", "failed"),
        ("dra", "draw"),
        ("draw_()", "draw()"),
        ("note", "note()"),
        ("1-LAM", "p=1-lambda"),
        ("'a b'", "'a b/c'"),
    ],
)
def test_did_you_mean(text, meant):
    """A slip is answered with ids, functions and keywords that are near, as they would be typed."""
    with pytest.raises(SelectionError, match="Did you mean") as caught:
        chosen(text)
    assert meant in str(caught.value)


def test_a_slip_among_100_000_jobs_is_answered_at_once():
    """Suggestions look at few candidates: the best id is found, in a fraction of a second."""
    scope = Scope(Graph({f"func1-{number}": job(f"func1-{number}") for number in range(100_000)}), dict)
    durations_s = []
    for _ in range(3):
        start = time.process_time()  # of others that run beside this nothing is said
        with pytest.raises(SelectionError, match="Did you mean func1-54321") as caught:
            select("func1-54321x", scope)
        durations_s.append(time.process_time() - start)
    assert str(caught.value).count("func1-") <= 4
    assert min(durations_s) < 0.2


def test_long_chains_of_operators_need_no_recursion():
    """A generated selection of 20,000 words is no deeper than one of two."""
    assert chosen("func1" + " in func1" * 10_000) == ["func1"]
    assert chosen("not " * 10_001 + "not func1") == ["func1"]
    assert chosen("func1" + " except draw" * 10_000) == ["func1"]


token = st.sampled_from([*sorted(KEYWORDS), "(", ")", "()", "func1", "func1()", "func*", "nobody", "", "(func1", "x)"])
any_word = st.builds(Word, token | st.text(max_size=8), st.booleans())


@settings(max_examples=600, deadline=None)
@given(st.lists(any_word, max_size=12))
def test_any_words_select_or_are_refused(words):
    """Whatever words arrive, the answer is a list of defined jobs or one typed error."""
    try:
        selected = select(words, SCOPE)
    except SelectionError:
        return
    assert set(selected) <= set(GRAPH.jobs)
    assert len(set(selected)) == len(selected)


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1) | st.sampled_from(sorted(KEYWORDS)))
def test_a_quoted_id_selects_its_job(job_id):
    """quote() writes any id so that the language reads it back as that job."""
    scope = Scope(Graph({job_id: job(job_id), "other": job("other")}), dict)
    assert select(f"({quote(job_id)})", scope) == [job_id]


def test_a_parsed_selection_serves_any_scope():
    """parse() looks at no jobs, so that a selection can be kept and asked again."""
    selection = parse("all except func1")
    assert selection.jobs(SCOPE) == set(GRAPH.jobs) - {"func1"}
    assert selection.jobs(Scope(Graph({"func1": job("func1")}), dict)) == set()

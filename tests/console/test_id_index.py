"""Few of many ids, found fast: the answers are those of looking at each."""

from hypothesis import example, given
from hypothesis import strategies as st

from compmake.graph import sorted_ids
from compmake.ui.id_index import IdIndex

IDS = st.lists(st.text(st.sampled_from("ab01-29Aßİ\U0010ffff"), max_size=6), unique=True, max_size=30)


@given(IDS, st.text(st.sampled_from("ab01-29Aßİ\U0010ffff"), max_size=3))
@example(["f1", "f10", "f2", "f01", "f1-2", "f100"], "f1")
def test_beginnings_are_found_in_natural_order(ids, prefix):
    """All ids that begin so, as sorted among all, and how many they are."""
    index = IdIndex.of(ids)
    expected = [job_id for job_id in sorted_ids(ids) if job_id.startswith(prefix)]
    assert index.starting_with(prefix, len(ids)) == expected
    assert index.starting_with(prefix, 2) == expected[:2]
    assert index.count(prefix) == len(expected)
    assert set(index.ends(prefix)) <= set(expected) and bool(index.ends(prefix)) == bool(expected)
    assert (prefix in index) == (prefix in ids)


@given(IDS, st.text(st.sampled_from("ab01-29Aßİ"), min_size=1, max_size=3))
def test_what_is_inside_is_found(ids, text):
    """Every id that holds the text comes before those that only have its letters."""
    found = IdIndex.of(ids).holding(text, 100)
    holding = {job_id for job_id in ids if text.casefold() in job_id.casefold()}
    assert set(found[: len(holding)]) == holding
    assert len(found) == len(set(found))


def test_words_come_before_their_insides():
    """Where a word begins with the text it was more likely meant."""
    assert IdIndex.of(["a-xlr=1", "b-lr=1", "c-l-r=1", "d"]).holding("lr", 9) == ["b-lr=1", "a-xlr=1", "c-l-r=1"]

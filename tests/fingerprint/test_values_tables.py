"""Digests of pandas, polars, attrs and scipy objects, where these are installed."""

import pickle

import numpy as np
import pytest

from compmake.fingerprint.values import describe
from compmake.job import JobId, Promise


def digest(value):
    description = describe(value, "value")
    assert description.digest is not None, description.unstable
    return description.digest


def pandas_frame(**changes):
    pd = pytest.importorskip("pandas")
    columns = {
        "i": [1, 2, 3],
        "f": [1.5, np.nan, 3],
        "s": ["a", "b", None],
        "c": pd.Categorical(["x", "y", "x"]),
        "n": pd.array([1, None, 3], dtype="Int64"),
        "t": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
        "z": pd.to_datetime(["2024-01-01", None, "2024-01-03"]).tz_localize("UTC"),
        "o": [[1], {"a": 1}, None],
        **changes,
    }
    return pd.DataFrame(columns, index=pd.Index(["r1", "r2", "r3"], name="rows"))


def test_pandas_frames_are_equal_by_content():
    """A copy and a pickled copy have the same digest."""
    frame = pandas_frame()
    assert digest(frame) == digest(pandas_frame()) == digest(frame.copy()) == digest(pickle.loads(pickle.dumps(frame)))
    assert digest(frame["i"]) == digest(pandas_frame()["i"])
    assert "shape=(3, 8)" in describe(frame, "x").text


@pytest.mark.parametrize(
    "changes",
    [
        {"i": [1, 2, 4]},
        {"i": [1.0, 2.0, 3.0]},
        {"f": [1.5, 0, 3]},
        {"s": ["a", "b", "c"]},
        {"c": ["x", "y", "x"]},
        {"n": [1, 0, 3]},
        {"o": [[2], {"a": 1}, None]},
        {"extra": [1, 2, 3]},
    ],
)
def test_pandas_frames_differ_by_content(changes):
    """Values, dtypes, missing values and columns count."""
    assert digest(pandas_frame()) != digest(pandas_frame(**changes))


def test_pandas_indexes_count():
    """Row labels, their names, levels and zones are part of a table."""
    pd = pytest.importorskip("pandas")
    indexes = [
        pd.RangeIndex(3),
        pd.RangeIndex(1, 4),
        pd.Index([0, 1, 2]),
        pd.Index([0, 1, 2], name="n"),
        pd.MultiIndex.from_tuples([(0, "a"), (0, "b"), (1, "a")]),
        pd.date_range("2024-01-01", periods=3),
        pd.date_range("2024-01-01", periods=3, tz="UTC"),
        pd.date_range("2024-01-01", periods=3, tz="Europe/Paris"),
    ]
    found = [digest(pd.Series([1, 2, 3], index=index)) for index in indexes]
    assert len(set(found)) == len(found)
    for value in (pd.Timestamp("2024-01-01"), pd.Timedelta(1), pd.NA, pd.NaT, pd.Categorical(["a"])):
        assert digest(value) == digest(pickle.loads(pickle.dumps(value)))


def test_promises_are_found_in_tables():
    """An object column may hold promises."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": pd.Series([1, Promise(JobId("dep"))], dtype=object)})
    assert [dep.job_id for dep in describe(frame, "x").promises] == ["dep"]


def test_polars_frames_are_digested_by_content():
    """Columns, dtypes, nulls and values count; how the memory is chunked does not."""
    pl = pytest.importorskip("polars")
    columns = {"i": [1, 2, None], "f": [1.0, 2.0, 3.0], "s": ["a", None, "c"], "l": [[1], [], None]}
    frame = pl.DataFrame(columns)
    assert digest(frame) == digest(pl.DataFrame(columns)) == digest(pickle.loads(pickle.dumps(frame)))
    chunked = pl.concat([frame[:1], frame[1:]], rechunk=False)
    assert digest(chunked) == digest(frame)
    others = [{"i": [1, 2, 3]}, {"f": [1, 2, 3]}, {"s": ["a", "b", "c"]}, {"l": [[1], [2], None]}, {"x": [1, 2, 3]}]
    found = [digest(frame)] + [digest(pl.DataFrame({**columns, **other})) for other in others]
    assert len(set(found)) == len(found)
    assert digest(pl.Series("a", [1])) != digest(pl.Series("b", [1]))


def test_scipy_sparse_is_digested_by_content():
    """A sparse matrix goes the way of any object."""
    sparse = pytest.importorskip("scipy.sparse")
    assert digest(sparse.csr_matrix(np.eye(3))) == digest(sparse.csr_matrix(np.eye(3)))
    assert digest(sparse.csr_matrix(np.eye(3))) != digest(sparse.csr_matrix(2 * np.eye(3)))


def test_attrs_are_digested_by_fields():
    """With slots and without."""
    attr = pytest.importorskip("attr")
    for slots in (False, True):
        cls = attr.make_class("Made", ["a", "b"], slots=slots)
        assert digest(cls(1, [2])) == digest(cls(1, [2])) != digest(cls(1, [3]))

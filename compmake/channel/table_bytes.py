"""A table of jobs as few bytes that are read fast: a line of JSON, then the ids, then columns of numbers."""

import json
import math
import sys
import zlib
from array import array
from collections.abc import Iterable
from itertools import accumulate, chain, pairwise
from typing import Any, cast

from compmake.job import JobId
from compmake.job_table import JobTable

_LARGEST_BYTES = 1 << 30
"""What claims to be larger, unpacked, is no table."""
_LEVEL = 1
_BETWEEN = "\0"
"""The one character that no id has."""
_COLUMNS = {"functions": "I", "counts": "I", "needs": "I", "usual_s": "d", "priorities": "d"}
_COLUMNS |= {"done": "I", "first_time": "I", "failed": "I", "may_run": "I"}
"""The numbers in their order, and their type; of the needs how many each job has, then which."""
_OF_EACH_JOB = ("functions", "counts", "usual_s", "priorities")


def packed_table(table: JobTable) -> bytes:
    """Return a table as bytes."""
    names = {name: number for number, name in enumerate(dict.fromkeys(table.functions))}
    ids = _BETWEEN.join(table.ids).encode()
    numbers: dict[str, Iterable[Any]] = {
        "functions": map(names.__getitem__, table.functions),
        "counts": map(len, table.needs),
        "needs": chain.from_iterable(table.needs),
        "usual_s": [math.nan if usual_s is None else usual_s for usual_s in table.usual_s],
        "priorities": table.priorities,
        "done": table.done,
        "first_time": table.first_time,
        "failed": table.failed,
        "may_run": table.may_run,
    }
    columns = [_in_order(array(_COLUMNS[name], numbers[name])).tobytes() for name in _COLUMNS]
    spreads = {name: list(spread) for name, spread in table.spreads.items()}
    head = {"names": list(names), "spreads": spreads, "size": len(table), "bytes": [len(ids), *map(len, columns)]}
    return zlib.compress(b"".join([json.dumps(head).encode(), b"\n", ids, *columns]), _LEVEL)


def unpacked_table(packed: bytes) -> JobTable:
    """Return the table that was packed.

    Raises:
        ValueError: These bytes are none.
    """
    try:
        unpacking = zlib.decompressobj()
        line, _, rest = unpacking.decompress(packed, _LARGEST_BYTES).partition(b"\n")
        if not unpacking.eof:
            raise ValueError("this is no table of jobs: it is too large, or was cut off")
        return _table(json.loads(line), memoryview(rest))
    except (zlib.error, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"this is no table of jobs: {error!r}") from error


def _table(head: Any, rest: memoryview) -> JobTable:
    size, ends = int(head["size"]), [0, *accumulate(map(int, head["bytes"]))]
    parts = [rest[start:end] for start, end in pairwise(ends)]
    ids = bytes(parts[0]).decode().split(_BETWEEN) if size else []
    of = {name: _numbers(kind, part) for (name, kind), part in zip(_COLUMNS.items(), parts[1:], strict=True)}
    which = chain(of["needs"], of["done"], of["first_time"], of["failed"], of["may_run"])
    if (
        any(len(column) != size for column in [ids, *map(of.__getitem__, _OF_EACH_JOB)])
        or max(which, default=-1) >= size
    ):
        raise ValueError("this is no table of jobs: its columns do not fit")
    needs, starts = tuple(of["needs"]), [0, *accumulate(of["counts"])]
    if starts[-1] != len(needs):
        raise ValueError("this is no table of jobs: its needs do not fit")
    return JobTable(
        ids=cast(list[JobId], ids),
        functions=list(map([str(name) for name in head["names"]].__getitem__, of["functions"])),
        needs=[needs[start:end] for start, end in pairwise(starts)],
        usual_s=[None if math.isnan(usual_s) else usual_s for usual_s in of["usual_s"]],
        priorities=of["priorities"].tolist(),
        done=frozenset(of["done"]),
        first_time=frozenset(of["first_time"]),
        failed=frozenset(of["failed"]),
        may_run=frozenset(of["may_run"]),
        spreads={str(name): tuple(map(float, spread)) for name, spread in head["spreads"].items()},
    )


def _numbers(kind: str, part: memoryview) -> "array[Any]":
    numbers = array(kind)
    numbers.frombytes(part)
    return _in_order(numbers)


def _in_order(numbers: "array[Any]") -> "array[Any]":
    """Return numbers as this machine has them, or as others do: the least byte comes first."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers

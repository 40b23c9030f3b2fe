"""Arrays and tables as values: numpy, pandas and polars, where the program has loaded them; never imported here."""

import sys
from typing import Any

from compmake.fingerprint.value_code import class_head
from compmake.fingerprint.value_found import Found
from compmake.fingerprint.value_nodes import Node, attributes, index_label, inside, leaf, text_leaf

_X87_BYTES = 10


def decompose(value: Any, cls: type, found: Found) -> Node | None:
    """Return the parts of an array or a table, None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "ndarray"):
        if issubclass(cls, numpy.ndarray):
            return _array(numpy, value, cls, found)
        if issubclass(cls, numpy.generic):
            return inside(class_head(b"ns", cls, found), numpy.asarray(value))
        if cls.__module__.startswith("numpy.random"):
            return _random_state(numpy, value, cls, found)
    for base in cls.__mro__:
        package = base.__module__.partition(".")[0]
        if package == "pandas" and package in sys.modules:
            return _pandas(sys.modules[package], value, cls, found)
        if package == "polars" and package in sys.modules:
            return _polars(sys.modules[package], value, cls, found)
    return None


def _array(numpy: Any, array: Any, cls: type, found: Found) -> Node:
    if issubclass(cls, numpy.ma.MaskedArray):
        parts = [array.data, numpy.ma.getmaskarray(array), array.fill_value]
        return attributes(class_head(b"nm", cls, found), ("data", "mask", "fill_value"), parts)
    if cls is not numpy.ndarray:
        plain = array.view(numpy.ndarray)
        return inside(class_head(b"nv", cls, found), plain, dict(getattr(array, "__dict__", {})))
    dtype = array.dtype
    head = text_leaf(b"na", f"{dtype.str} {dtype.name} {array.shape}")
    if dtype.names is not None:
        # Field by field: the padding between them is whatever was in memory.
        names = tuple(dtype.names)
        return Node(
            head + text_leaf(b"nf", "\0".join(names)),
            [array[name] for name in names],
            label=lambda index: f"[{names[index]!r}]",
        )
    if dtype.hasobject or dtype.kind == "T":
        return Node(head, array.ravel().tolist(), label=lambda index: f".flat[{index}]")
    return Node(head + leaf(b"", _bytes_of(numpy, array)))


def _bytes_of(numpy: Any, array: Any) -> memoryview:
    """Return the items' bytes in C order; a contiguous array is not copied."""
    flat = numpy.ascontiguousarray(array).reshape(-1)
    if flat.size == 0 or flat.dtype.itemsize == 0:
        return memoryview(b"")
    raw = flat.view(numpy.uint8)
    if flat.dtype.kind in "fc" and flat.dtype.char in "gG" and numpy.finfo(numpy.longdouble).nmant == 63:
        # An x87 number has 10 bytes; what fills it up to 12 or 16 is whatever was in memory.
        raw = numpy.ascontiguousarray(raw.reshape(-1, numpy.dtype(numpy.longdouble).itemsize)[:, :_X87_BYTES])
    return memoryview(raw.reshape(-1))


def _random_state(numpy: Any, value: Any, cls: type, found: Found) -> Node | None:
    if issubclass(cls, numpy.random.Generator):
        return attributes(class_head(b"ng", cls, found), ("bit_generator",), [value.bit_generator])
    if issubclass(cls, numpy.random.RandomState):
        return attributes(class_head(b"nr", cls, found), ("state",), [value.get_state(legacy=False)])
    if issubclass(cls, numpy.random.BitGenerator):
        seeds = getattr(getattr(value, "seed_seq", None), "state", None)
        return attributes(class_head(b"nb", cls, found), ("state", "seed_seq"), [value.state, seeds])
    if issubclass(cls, numpy.random.SeedSequence):
        return attributes(class_head(b"nq", cls, found), ("state",), [value.state])
    return None


def _pandas(pandas: Any, value: Any, cls: type, found: Found) -> Node | None:
    head = class_head(b"pd", cls, found)
    if issubclass(cls, pandas.DataFrame):
        columns = [value.iloc[:, index] for index in range(value.shape[1])]
        content = Node(b"pc", [_column(pandas, column) for column in columns], label=lambda i: f".iloc[:, {i}]")
        parts = [value.columns, value.index, dict(value.attrs), _extra(value, cls), content]
        return attributes(head, ("columns", "index", "attrs", "extra", "values"), parts)
    if issubclass(cls, pandas.Series):
        parts = [value.name, value.index, dict(value.attrs), _extra(value, cls), _column(pandas, value)]
        return attributes(head, ("name", "index", "attrs", "extra", "values"), parts)
    if issubclass(cls, pandas.RangeIndex):
        names = ("start", "stop", "step", "name")
        return attributes(head, names, [getattr(value, name) for name in names])
    if issubclass(cls, pandas.MultiIndex):
        levels = [value.get_level_values(index) for index in range(value.nlevels)]
        return attributes(head, ("names", "levels"), [list(value.names), levels])
    if issubclass(cls, pandas.Index):
        column = _column(pandas, value.to_series())
        return attributes(head, ("name", "freq", "values"), [value.name, getattr(value, "freqstr", None), column])
    if issubclass(cls, pandas.api.extensions.ExtensionArray):
        return inside(head, _column(pandas, pandas.Series(value)))
    return None


def _column(pandas: Any, series: Any) -> Node:
    """Return dtype and content of a series, from numpy's buffers where there are any."""
    dtype = series.dtype
    head = text_leaf(b"ps", str(dtype))
    numpy = sys.modules["numpy"]
    if isinstance(dtype, numpy.dtype):
        return Node(head, [series.to_numpy()], label=lambda _: "")
    if isinstance(dtype, pandas.CategoricalDtype):
        parts = [series.cat.codes.to_numpy(), series.cat.categories, bool(dtype.ordered)]
        return attributes(head, ("codes", "categories", "ordered"), parts)
    if isinstance(dtype, pandas.DatetimeTZDtype):
        utc = series.dt.tz_convert("UTC").dt.tz_localize(None)
        return Node(head, [utc.to_numpy()], label=lambda _: "")
    return Node(head, series.astype(object).tolist(), label=index_label)


def _extra(value: Any, cls: type) -> dict[str, Any]:
    """Return what a subclass (such as GeoDataFrame) keeps beside the table."""
    names = [name for name in getattr(cls, "_metadata", ()) if name != "name"]
    return {name: getattr(value, name, None) for name in names}


def _polars(polars: Any, value: Any, cls: type, found: Found) -> Node | None:
    head = class_head(b"pl", cls, found)
    if issubclass(cls, polars.DataFrame):
        return Node(head, [_polars_column(series) for series in value.get_columns()], label=lambda i: f"[:, {i}]")
    if issubclass(cls, polars.Series):
        return inside(head, _polars_column(value))
    return None


def _polars_column(series: Any) -> Node:
    head = text_leaf(b"pn", series.name) + text_leaf(b"pt", str(series.dtype)) + b"%d:" % len(series)
    if series.dtype.is_numeric() and not series.dtype.is_decimal() and series.null_count() == 0:
        return Node(head, [series.to_numpy()], label=lambda _: "")
    return Node(head, series.to_list(), label=index_label)

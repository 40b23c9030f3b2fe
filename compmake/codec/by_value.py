"""Picklers for what plain pickle refuses: lambdas, local functions and classes. Imported when the first is met."""

import io
import pickle
from collections import ChainMap
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, ClassVar, NoReturn

import cloudpickle

from compmake.codec.marks import BOTH_MARKS, FILE_MARK, importable_name


def _refuse(value: Any) -> NoReturn:
    raise pickle.PicklingError(f"cannot pickle {type(value).__qualname__!r} object")


# Cloudpickle would read an open file to its end and turn a memoryview into bytes, behind the user's back.
_REFUSED: dict[type, Callable[[Any], Any]] = {io.TextIOWrapper: _refuse, memoryview: _refuse}


class ByValue(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Cloudpickle, but by value only what cannot be found by its name, also in `__main__`."""

    dispatch_table: ClassVar[Mapping[type, Any]] = ChainMap(FILE_MARK, _REFUSED, cloudpickle.Pickler.dispatch_table)

    def reducer_override(self, obj: Any) -> Any:
        """Leave to pickle what it can name."""
        if isinstance(obj, FunctionType | type) and importable_name(obj) is not None:
            return NotImplemented
        return super().reducer_override(obj)


class ByValueWithPromises(ByValue):
    """The same for the arguments of calls."""

    dispatch_table: ClassVar[Mapping[type, Any]] = ChainMap(BOTH_MARKS, _REFUSED, cloudpickle.Pickler.dispatch_table)

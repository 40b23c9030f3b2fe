"""The only package that pickles and unpickles: arguments, functions, results; it names what cannot be pickled."""

from compmake.codec.calls import (
    BufferPool,
    CallMessage,
    DependenciesDamagedError,
    FrozenCall,
    forget_functions,
    freeze_call,
    freeze_function,
    is_immutable,
    load_call,
)
from compmake.codec.marks import file_mark, importable_name, promise_mark
from compmake.codec.results import dump_value, load_value, plain_pickle
from compmake.codec.streams import ATOMS, LoadError, round_trip
from compmake.codec.unpicklable import find_unpicklable, kind_in_words, reduced

__all__ = [
    "ATOMS",
    "BufferPool",
    "CallMessage",
    "DependenciesDamagedError",
    "FrozenCall",
    "LoadError",
    "dump_value",
    "file_mark",
    "find_unpicklable",
    "forget_functions",
    "freeze_call",
    "freeze_function",
    "importable_name",
    "is_immutable",
    "kind_in_words",
    "load_call",
    "load_value",
    "plain_pickle",
    "promise_mark",
    "reduced",
    "round_trip",
]

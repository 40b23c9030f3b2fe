"""What must be known once per function, however many jobs call it: its names, its parameters, its hidden inputs."""

import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import Signature, signature
from types import FunctionType, MethodType
from typing import Any

from compmake.codec import freeze_function
from compmake.errors import DefinitionError
from compmake.fingerprint.value_text import short_text
from compmake.fingerprint.values import ValueDescription, describe
from compmake.job import Argument, Promise
from compmake.masking import MASK, hides, mask_under

_OWN_KEYWORDS = ("job_id", "extra_dep", "command_name")


_NAME = re.compile(r"[^\W\d]\w*")
_NAME_CHARACTERS = 200
_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Function:
    """A callable as `comp` met it."""

    function: Callable[..., Any]
    name: str
    """`module:qualname`"""
    display: str
    parameters: tuple[str, ...]
    hidden: tuple[Argument, ...]
    """Captured values and defaults: they are inputs of the function although no call shows them."""
    call: str | None
    """What the text of a call begins with: the name and what identifies the hidden inputs; None if nothing does."""
    roots: tuple[Any, ...]
    """The function itself and every function and class among its hidden inputs: their code counts."""
    own_keyword: str | None
    """A parameter with the name of a keyword that `comp` takes for itself."""
    signature: Signature | None
    """How it may be called, None if that is not known."""
    plain_counts: range
    """How many arguments it takes when all are given by position: most calls need no closer look."""

    @classmethod
    def of(cls, function: Callable[..., Any], main_alias: str | None) -> "Function":
        """Look at a callable.

        Raises:
            DefinitionError: It is no callable, or holds a promise.
            UnpicklableError: It cannot be given to a worker.
        """
        if not callable(function) or isinstance(function, Promise):
            raise DefinitionError(
                f"comp() wants a function and its arguments, but got {type(function).__name__} {function!r:.60}. "
                "Write comp(f, x), not comp(f(x))."
            )
        name, display = function_names(function, main_alias)
        freeze_function(function)  # refuses now what no worker could be given
        hidden, roots = _hidden_inputs(function, display)
        parameters = _parameters(function)
        own_keyword = next((word for word in _OWN_KEYWORDS if word in parameters), None)
        marks = [a.digest.hex() if a.digest else "" for a in hidden]
        call = name + "".join(f"[{mark}]" for mark in marks) if all(marks) else None
        known = signature(function, follow_wrapped=False) if isinstance(function, FunctionType) else None
        counts = _plain_counts(known) if known is not None else range(0)
        return cls(function, name, display, parameters, hidden, call, roots, own_keyword, known, counts)

    def refuse_wrong_call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Say now what would fail when the job runs.

        Raises:
            DefinitionError: The function does not take these arguments.
        """
        if self.signature is not None and (kwargs or len(args) not in self.plain_counts):
            try:
                self.signature.bind(*args, **kwargs)
            except TypeError as error:
                raise DefinitionError(f"{self.display}{self.signature} cannot be called so: {error}") from error


def _plain_counts(known: Signature) -> range:
    parameters = known.parameters.values()
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return range(0)
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    most = sys.maxsize if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(plain) + 1
    return range(sum(p.default is p.empty for p in plain), most)


@lru_cache(maxsize=65536, typed=True)
def plain_argument(place: str, value: str | int | bytes | None) -> Argument:
    """Describe a value of a type whose equal values are the same; jobs of a loop share most of them."""
    return argument(place, value)[0]


def argument(place: str, value: object) -> tuple[Argument, ValueDescription]:
    """Describe a value at a place of a call."""
    description = describe(value, place)
    return Argument(place, description.digest, description.text, description.unstable), description


def names_in(values: Iterable[Any], depth: int = 3) -> Iterator[str]:
    """Yield the texts in arguments, and in the containers and plain objects among them, that could be names of code.

    A job may look a function up by such a name: `getattr(models, kind)`.
    """
    for value in values:
        kind = type(value)
        if kind is str:
            yield from _NAME.findall(value) if len(value) < _NAME_CHARACTERS else ()
        elif kind in (list, tuple, set, frozenset, dict) and depth:
            items = itertools.islice(value, _ITEMS)
            yield from names_in(items, depth - 1)
            if kind is dict:
                yield from names_in(itertools.islice(value.values(), _ITEMS), depth - 1)
        elif depth and isinstance(attributes := getattr(value, "__dict__", None), dict):
            yield from names_in([attributes], depth - 1)


def function_names(function: Callable[..., Any], main_alias: str | None = None) -> tuple[str, str]:
    """Return `module:qualname` as records know the function, and the name as users write it."""
    named = function if hasattr(function, "__qualname__") or hasattr(function, "__name__") else type(function)
    qualname = str(getattr(named, "__qualname__", None) or getattr(named, "__name__", type(function).__qualname__))
    module = getattr(named, "__module__", None) or "builtins"
    if module == "__main__" and main_alias:
        module = main_alias
    return f"{module}:{qualname}", display_name(qualname)


def display_name(qualname: str) -> str:
    """Return a qualified name as users write it."""
    return qualname.rpartition("<locals>.")[2].replace("<lambda>", "lambda")


HIDDEN_INPUTS = {"function": "captured values", "defaults": "default values"}
"""Places of what is an input of the function although no call shows it, in words."""


def parameter_name(place: str, parameters: tuple[str, ...]) -> str:
    """Return the parameter that a place such as `args[0]` or `kwargs['x'][2]` belongs to."""
    if place.startswith("args["):
        index, _, _ = place[5:].partition("]")
        return parameters[int(index)] if int(index) < len(parameters) else place
    if place.startswith("kwargs['"):
        return place[8:].partition("'")[0]
    return place


def masked_argument(described: Argument, parameters: tuple[str, ...]) -> Argument:
    """Return the argument as it may be shown and kept: without the text of what is called `password` or the like."""
    if described.place.count("[") != 1:  # of what is inside, its own text takes care
        return described
    text = mask_under(parameter_name(described.place, parameters), described.text)
    return described if text == described.text else described._replace(text=text)


def is_plain_method(method: MethodType) -> bool:
    owner = type(method.__self__)
    found: object = getattr(owner, getattr(method, "__name__", ""), None)
    return found is method.__func__ and isinstance(found, FunctionType)


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    if code is None:  # a class, a callable object, a builtin
        inner = getattr(
            getattr(function, "__init__" if isinstance(function, type) else "__call__", None), "__code__", None
        )
        return tuple(inner.co_varnames[1 : inner.co_argcount + inner.co_kwonlyargcount]) if inner else ()
    given = 1 if isinstance(function, MethodType) else 0  # the class of a class method
    return tuple(code.co_varnames[given : code.co_argcount + code.co_kwonlyargcount])


def _hidden_inputs(function: Callable[..., Any], display: str) -> tuple[tuple[Argument, ...], tuple[Any, ...]]:
    hidden: list[tuple[str, object]] = []
    if not isinstance(function, FunctionType):
        if not isinstance(function, type) and not hasattr(function, "__name__"):
            hidden.append(("function", function))
    else:
        if function.__closure__:
            hidden.append(("function", function))
        if function.__defaults__ or function.__kwdefaults__:
            hidden.append(("defaults", (function.__defaults__, function.__kwdefaults__)))
    found: list[Argument] = []
    roots: list[Any] = [function]
    for place, value in hidden:
        described, description = argument(place, value)
        if description.promises:
            raise DefinitionError(
                f"function {display}() holds the promise of {description.promises[0].job_id!r}: pass it as an argument"
            )
        roots.extend(description.code)
        # A default that cannot be digested (a logger) counts by its expression in the source, like such a global.
        if described.digest is not None or place == "function":
            found.append(described._replace(text=_defaults_text(function)) if place == "defaults" else described)
    return tuple(found), tuple(roots)


def _defaults_text(function: Any) -> str:
    """Return default values as they may be shown: by position there are no names beside them."""
    code, values = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    shown = tuple(MASK if hides(name, value) else value for name, value in zip(names, values, strict=True))
    return short_text((shown or None, function.__kwdefaults__))

"""Functions and classes as values: by name where the name leads to them, else with what they captured."""

import sys
import types
from typing import Any

from compmake.codec import importable_name
from compmake.fingerprint.value_found import Found
from compmake.fingerprint.value_nodes import Node, attributes, text_leaf

_main_alias = "__main__"
_HEAP_TYPE = 1 << 9
# Where modules of the standard library moved between Python versions.
_SAME_MODULE = {"pathlib._local": "pathlib", "pathlib._abc": "pathlib", "_decimal": "decimal", "_datetime": "datetime"}
_NOISE = (
    "__dict__ __weakref__ __module__ __qualname__ __doc__ __annotations__ __annotate__ __annotate_func__ "
    "__annotations_cache__ __firstlineno__ __static_attributes__ __type_params__ __parameters__ __classdictcell__ "
    "__abstractmethods__ __dataclass_fields__ __dataclass_params__ __match_args__ __replace__ __attrs_attrs__ "
    "_abc_impl _abc_registry _abc_cache"
)
_CLASS_NOISE = frozenset(_NOISE.split())
_SLOT_TYPES = (types.MemberDescriptorType, types.GetSetDescriptorType)


def set_main_alias(name: str) -> None:
    """Say under which name `__main__` would be loaded as a program: its functions and classes are digested so."""
    global _main_alias
    _main_alias = name


def qualified_name(thing: Any) -> str:
    """Return `module:qualname` as digests know it."""
    module = str(getattr(thing, "__module__", None) or "builtins")
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__qualname__
    return f"{_main_alias if module == '__main__' else _SAME_MODULE.get(module, module)}:{name}"


def class_head(tag: bytes, cls: type, found: Found) -> bytes:
    """Encode the class of an instance by its name, and note its code."""
    _note_class(cls, found)
    return text_leaf(tag, qualified_name(cls))


def decompose_function(function: types.FunctionType, found: Found) -> Node | bytes:
    """Take a function apart: its name, and what it captured if it is not found by its name."""
    _note(function, found)
    name = qualified_name(function)
    if importable_name(function) is not None:
        return text_leaf(b"F", name)
    parts: dict[str, Any] = {}
    for free, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            parts[f"__closure__[{free!r}]"] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    parts["__defaults__"] = function.__defaults__
    parts["__kwdefaults__"] = function.__kwdefaults__
    for key, value in sorted(vars(function).items()):
        parts[f"__dict__[{key!r}]"] = value
    return attributes(text_leaf(b"L", name), tuple(parts), list(parts.values()))


def decompose_class(cls: type, found: Found) -> Node | bytes:
    """Take a class apart: its name, and its members if it is not found by its name."""
    _note(cls, found)
    name = text_leaf(b"C", qualified_name(cls))
    if not is_local(cls):
        return name
    members = {
        key: value
        for key, value in sorted(vars(cls).items())
        if key not in _CLASS_NOISE and not isinstance(value, _SLOT_TYPES)
    }
    members["__bases__"] = cls.__bases__
    return attributes(b"K" + name, tuple(members), list(members.values()))


def decompose_global(value: Any, name: str, found: Found) -> bytes:
    """Encode an object that pickle knows by a name, for example one decorated with `lru_cache`."""
    if isinstance(getattr(value, "__wrapped__", None), types.FunctionType):
        _note(value.__wrapped__, found)
    cls = type(value)
    _note_class(cls, found)
    module = getattr(value, "__module__", None) or cls.__module__
    module = _main_alias if module == "__main__" else _SAME_MODULE.get(module, module)
    return text_leaf(b"G", f"{qualified_name(cls)} {module}:{name}")


def _is_foreign(thing: Any) -> bool:
    """Tell whether something is part of Python itself: it counts by its name only."""
    return str(getattr(thing, "__module__", None) or "builtins").partition(".")[0] in sys.stdlib_module_names


def _note(thing: Any, found: Found) -> None:
    if not _is_foreign(thing):
        found.note_callable(thing)


def _note_class(cls: type, found: Found) -> None:
    if not _is_foreign(cls):
        found.note_code(cls)


def is_local(cls: type) -> bool:
    """Tell whether a class was made by running code, so that its name does not say what it is."""
    return bool(cls.__flags__ & _HEAP_TYPE) and not _is_foreign(cls) and importable_name(cls) is None

"""The canonical form of source code: the same bytes for the same meaning, on every Python version.

Positions, comments, docstrings, annotations that nothing reads, `pass` and other spelling are not in it. It imports
nothing of compmake, so that any interpreter can check it.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

SCHEME = "2"
"""Raised whenever the canonical form or what `units` extracts changes: everything counts as changed then."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_DROPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores", "simple", "annotation", "returns"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# Decorators that are known not to look at annotations; any other may dispatch or validate by them.
_BLIND_DECORATORS = frozenset({
    "property", "setter", "getter", "deleter", "staticmethod", "classmethod", "abstractmethod", "lru_cache",
    "cache", "cached_property", "wraps", "contextmanager", "asynccontextmanager", "override", "final",
})  # fmt: skip

_IN_CLASS = 1
_ANNOTATED = 2

_fields_of: dict[type, tuple[str, ...]] = {}


def canonical(nodes: Iterable[ast.AST], *, in_class: bool = False) -> bytes:
    """Return the canonical form of some pieces of syntax.

    Args:
        nodes: In the order that counts.
        in_class: They stand directly in a class body, where annotations count.
    """
    out: list[str] = []
    # Strings on the stack are output; a stack, because generated code is deeper than Python's recursion limit.
    stack: list[Any] = []
    _push_all(stack, [node for node in nodes if not is_noise(node)], _IN_CLASS if in_class else 0)
    while stack:
        item = stack.pop()
        if type(item) is str:
            out.append(item)
        else:
            _expand(item[0], item[1], stack)
    return "".join(out).encode("utf-8", "surrogatepass")


def is_noise(node: ast.AST) -> bool:
    """Tell whether a statement does nothing: `pass`, a docstring, a lone constant such as `...`."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def reads_annotations(node: FunctionNode) -> bool:
    """Tell whether a decorator of the function may act upon its annotations, as `singledispatch` does."""
    return any(_last_name(decorator) not in _BLIND_DECORATORS for decorator in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _expand(node: ast.AST, flags: int, stack: list[Any]) -> None:
    if isinstance(node, ast.Constant):
        stack.append(_constant(node.value))
        return
    if isinstance(node, ast.JoinedStr):
        _expand_f_string(node, stack)
        return
    name = type(node).__name__
    fields: Iterable[tuple[str, object]] = ((field, getattr(node, field, None)) for field in _fields(type(node)))
    inner = flags
    if isinstance(node, _FUNCTIONS):
        keeps = reads_annotations(node)
        inner = _ANNOTATED if keeps else 0
        fields = [(key, value) for key, value in fields if key != "type_params" or keeps]
        if keeps:
            fields = [*fields, ("returns", node.returns)]
    elif isinstance(node, ast.Lambda):
        inner = 0
    elif isinstance(node, ast.ClassDef):
        inner = _IN_CLASS
    elif isinstance(node, ast.arg):
        if flags & _ANNOTATED:
            fields = [*fields, ("annotation", node.annotation)]
    elif isinstance(node, ast.AnnAssign):
        if flags & _IN_CLASS:
            fields = [*fields, ("annotation", node.annotation)]
        elif node.value is not None:
            name, fields = "Assign", [("targets", [node.target]), ("value", node.value)]
    elif isinstance(node, ast.Delete):
        fields = [("targets", list(_flat_targets(node.targets)))]
    elif isinstance(node, ast.FormattedValue) and _is_empty_spec(node.format_spec):
        fields = [("conversion", node.conversion), ("value", node.value)]
    _push_node(stack, name, fields, inner)


def _push_node(stack: list[Any], name: str, fields: Iterable[tuple[str, object]], flags: int) -> None:
    pieces: list[tuple[str, object]] = [
        (key, kept) for key, value in fields if (kept := _kept(value)) is not None and kept != []
    ]
    stack.append(")")
    for key, value in reversed(pieces):
        if isinstance(value, ast.AST):
            stack.append((value, flags))
        elif isinstance(value, list):
            stack.append("]")
            _push_all(stack, value, flags)
            stack.append("[")
        else:
            stack.append(_constant(value))
        stack.append(f" {key}=")
    stack.append(f"({name}")


def _kept(value: object) -> object:
    if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
        return [statement for statement in value if not is_noise(statement)]
    return value


def _push_all(stack: list[Any], values: Sequence[object], flags: int) -> None:
    # None stands in lists for `**mapping` and for keyword-only parameters without a default: not the constant None.
    stack.extend(
        (value, flags) if isinstance(value, ast.AST) else "-" if value is None else _constant(value)
        for value in reversed(values)
    )


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    known = _fields_of.get(kind)
    if known is None:
        # Sorted, and empty ones left out: Python adds fields to its syntax tree from version to version.
        known = _fields_of[kind] = tuple(sorted(set(kind._fields) - _DROPPED))
    return known


def _constant(value: object) -> str:
    if isinstance(value, str):
        return f"str{len(value)}:{value}"
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return f"<{value}>"
    if isinstance(value, int):
        return f"int:{value:x};"  # decimal digits of huge numbers are refused by Python
    if isinstance(value, float):
        return f"float:{value.hex()};"
    if isinstance(value, complex):
        return f"complex:{value.real.hex()},{value.imag.hex()};"
    if isinstance(value, bytes):
        return f"bytes:{value.hex()};"
    return f"{type(value).__name__}:{value!r};"


def _expand_f_string(node: ast.JoinedStr, stack: list[Any]) -> None:
    """Merge neighbouring texts and drop empty ones: versions of Python cut f-strings in different places."""
    pieces: list[ast.AST | str] = []
    for value in node.values:
        if not isinstance(value, ast.Constant):
            pieces.append(value)
        elif pieces and isinstance(pieces[-1], str):
            pieces[-1] += str(value.value)
        elif value.value:
            pieces.append(str(value.value))
    stack.append("])")
    stack.extend(_constant(piece) if isinstance(piece, str) else (piece, 0) for piece in reversed(pieces))
    stack.append("(JoinedStr [")


def _is_empty_spec(spec: ast.expr | None) -> bool:
    return isinstance(spec, ast.JoinedStr) and not any(
        not isinstance(value, ast.Constant) or value.value for value in spec.values
    )


def _flat_targets(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    todo = list(targets)[::-1]
    while todo:
        target = todo.pop()
        if isinstance(target, ast.Tuple | ast.List):
            todo.extend(reversed(target.elts))
        else:
            yield target

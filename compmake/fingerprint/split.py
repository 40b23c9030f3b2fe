"""Cuts a module's syntax tree into units: functions, class skeletons, bindings of globals, the residue."""

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from compmake.fingerprint.canonical import FunctionNode, is_noise
from compmake.fingerprint.uses import Import, module_imports

RESIDUE = "<module>"
"""Name of the unit that is a module's other top-level statements."""

DOCSTRING = "__doc__"
"""Name of the unit that is a module's docstring: it counts where code reads it."""

_Node = TypeVar("_Node", bound=ast.AST)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BINDINGS: tuple[type, ...] = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Delete,
    getattr(ast, "TypeAlias", ast.Assign),
)
_COMPOUND = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match,
)  # fmt: skip
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


@dataclass(slots=True)
class Parts:
    """The syntax of one unit; several pieces when a name is bound more than once."""

    kind: str
    """`function`, `class`, `global` or `residue`."""
    nodes: list[ast.AST] = field(default_factory=list)
    classes: list[ast.ClassDef] = field(default_factory=list)
    """The skeletons among the nodes."""
    methods: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    """Names that the class body binds to values."""
    nested: set[str] = field(default_factory=set)
    line: int = 0
    is_bound: bool = False
    """For a global: bound here, not only changed."""


@dataclass(slots=True)
class Split:
    """A module in parts."""

    units: dict[str, Parts] = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)


def split(tree: ast.Module) -> Split:
    """Cut a module into units, by name: `clean`, `Model`, `Model.fit`, `LIMIT`, `<module>`."""
    parts = Split()
    for statement in _live(tree.body):
        _place(statement, parts)
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and is_noise(first):
        parts.units[DOCSTRING] = Parts("global", [first.value], line=1, is_bound=True)
    # `np.random.seed(0)` changes what another module binds; it stays in the residue.
    parts.units = {name: unit for name, unit in parts.units.items() if unit.kind != "global" or unit.is_bound}
    return parts


def _live(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Leave out what does nothing, and blocks that do not run when the module is imported by compmake."""
    for statement in body:
        if isinstance(statement, ast.If) and _is_guard(statement.test):
            yield from _live(statement.orelse)
        elif not is_noise(statement):
            yield statement


def _is_guard(test: ast.expr) -> bool:
    """Tell whether it is `__name__ == "__main__"` or `TYPE_CHECKING`."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        sides = (test.left, test.comparators[0])
        names = [side.id for side in sides if isinstance(side, ast.Name)]
        texts = [side.value for side in sides if isinstance(side, ast.Constant)]
        return names == ["__name__"] and texts == ["__main__"]
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"


def _place(statement: ast.stmt, parts: Split) -> None:
    if isinstance(statement, _IMPORTS):
        _place_import(statement, parts)
    elif isinstance(statement, _DEFINITIONS):
        _place_definition(statement, "", (), parts)
    else:
        for inner, conditions in _inner(statement, ()):
            if isinstance(inner, _IMPORTS):
                _place_import(inner, parts)
            else:
                _place_definition(inner, "", conditions, parts)
        rest = _trimmed(statement)
        bound = _bound(rest)
        for name in bound | _changed(rest):
            unit = parts.units.setdefault(name, Parts("global", line=statement.lineno))
            unit.nodes.append(rest)
            unit.is_bound |= name in bound
        if not _is_quiet(rest):
            residue = parts.units.setdefault(RESIDUE, Parts("residue", line=statement.lineno))
            residue.nodes.append(rest)


def _place_import(statement: ast.Import | ast.ImportFrom, parts: Split) -> None:
    if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
        parts.imports += module_imports(statement)


def _place_definition(
    node: FunctionNode | ast.ClassDef, owner: str, conditions: tuple[ast.expr, ...], parts: Split
) -> None:
    name = f"{owner}.{node.name}" if owner else node.name
    if not isinstance(node, ast.ClassDef):
        unit = _unit(name, "function", node.lineno, parts)
        unit.nodes += [*conditions, node]
        return
    unit = _unit(name, "class", node.lineno, parts)
    body: list[ast.stmt] = []
    for statement in node.body:
        if is_noise(statement):
            continue
        inside = [(statement, ())] if isinstance(statement, _DEFINITIONS) else list(_inner(statement, ()))
        for inner, inner_conditions in inside:
            if isinstance(inner, _DEFINITIONS):
                (unit.nested if isinstance(inner, ast.ClassDef) else unit.methods).add(inner.name)
                _place_definition(inner, name, inner_conditions, parts)
        if not isinstance(statement, _DEFINITIONS):
            rest = _trimmed(statement)
            unit.members.update(_bound(rest))
            body.append(rest)
    skeleton = copy.copy(node)
    skeleton.body = body
    unit.nodes += [*conditions, skeleton]
    unit.classes.append(skeleton)


def _unit(name: str, kind: str, line: int, parts: Split) -> Parts:
    unit = parts.units.setdefault(name, Parts(kind, line=line))
    if unit.kind == "global" or kind == "class":
        unit.kind, unit.line = kind, line
    return unit


def _inner(
    statement: ast.AST, conditions: tuple[ast.expr, ...]
) -> Iterator[tuple[FunctionNode | ast.ClassDef | ast.Import | ast.ImportFrom, tuple[ast.expr, ...]]]:
    """Find definitions and imports in the blocks of a compound statement, with the conditions before them."""
    if isinstance(statement, ast.If):
        conditions = (*conditions, statement.test)
    for block in _BLOCKS:
        children = getattr(statement, block, None)
        for child in children if isinstance(children, list) else ():
            if isinstance(child, (*_DEFINITIONS, *_IMPORTS)):
                yield child, conditions
            elif isinstance(child, (*_COMPOUND, ast.ExceptHandler, ast.match_case)):
                yield from _inner(child, conditions)


def _trimmed(statement: _Node) -> _Node:
    """Copy a compound statement without the definitions and imports in its blocks, which are units of their own."""
    if not isinstance(statement, (*_COMPOUND, ast.ExceptHandler, ast.match_case)):
        return statement
    trimmed = copy.copy(statement)
    for block in _BLOCKS:
        children = getattr(statement, block, None)
        if isinstance(children, list):
            kept = [
                child for child in children if not isinstance(child, (*_DEFINITIONS, *_IMPORTS)) and not is_noise(child)
            ]
            setattr(trimmed, block, [_trimmed(child) for child in kept])
    return trimmed


def _bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds in its own scope; `x: int` alone binds nothing."""
    names: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(statement, False)]
    while stack:
        node, in_comprehension = stack.pop()
        if isinstance(node, ast.Lambda) or (isinstance(node, ast.AnnAssign) and node.value is None):
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and not in_comprehension:
            names.add(node.id)
        elif isinstance(node, ast.NamedExpr):
            names.add(node.target.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        inside = in_comprehension or isinstance(node, ast.comprehension)
        stack.extend((child, inside) for child in ast.iter_child_nodes(node))
    return names


def _changed(statement: ast.stmt) -> set[str]:
    """Return the names whose values a statement changes: `X.a = 1`, `X[k] = 1`, `del X[k]`, `X.append(1)`."""
    names: set[str] = set()
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Lambda):
            continue
        changed: ast.expr | None = None
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed = node.value
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            changed = node.value.func if isinstance(node.value.func, ast.Attribute | ast.Subscript) else None
        while isinstance(changed, ast.Attribute | ast.Subscript):
            changed = changed.value
        if isinstance(changed, ast.Name):
            names.add(changed.id)
        stack.extend(ast.iter_child_nodes(node))
    return names


def _is_quiet(statement: ast.AST) -> bool:
    """Tell whether a statement only binds names, so that it counts only where they are used."""
    if isinstance(statement, _BINDINGS):
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        return all(_is_plain_target(target) for target in targets)
    if isinstance(statement, ast.If):
        if any(isinstance(node, ast.Call) for node in ast.walk(statement.test)):
            return False
    elif not isinstance(statement, ast.Try | ast.TryStar | ast.ExceptHandler):
        return False
    return all(_is_quiet(child) for block in _BLOCKS for child in getattr(statement, block, ()))


def _is_plain_target(target: object) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_is_plain_target(element) for element in target.elts)
    if isinstance(target, ast.Starred):
        return _is_plain_target(target.value)
    return target is None or isinstance(target, ast.Name)

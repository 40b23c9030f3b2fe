"""How a global is bound: only by literals and constructors over them, or by what may differ from run to run."""

import ast
from collections.abc import Iterable
from typing import Any, NamedTuple

_PURE = (
    ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.Subscript, ast.Slice, ast.JoinedStr, ast.FormattedValue, ast.Starred, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp, ast.comprehension, ast.keyword, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
    ast.expr_context, ast.Assign, ast.AugAssign, ast.If, ast.For, ast.Expr, ast.Pass,
)  # fmt: skip

_FILLING = frozenset({
    "append", "extend", "insert", "add", "update", "setdefault", "discard", "remove", "pop", "sort", "reverse",
    "clear", "appendleft", "difference_update", "intersection_update", "symmetric_difference_update",
})  # fmt: skip
"""Methods of built-in containers that change them in the same way each time."""


class Binding(NamedTuple):
    """What the statements that bind and fill a global are made of."""

    is_literal: bool
    """Nothing but literals, loops over them, and `calls` and `refs`, which are to be looked at."""
    calls: tuple[str, ...] = ()
    """What is called: must turn out to be constructors."""
    refs: tuple[str, ...] = ()
    """Other names that are read: must turn out to be such values too."""


NOT_LITERAL = Binding(False)


def binding(name: str, statements: Iterable[ast.stmt]) -> Binding:
    """Say how a global is bound by all the statements that bind or change it."""
    calls: set[str] = set()
    refs: set[str] = set()
    local: set[str] = {name}
    stack: list[ast.AST] = []
    for statement in statements:
        is_only_target = isinstance(statement, ast.For) and _is_target_only(name, statement)
        stack.append(statement.iter if is_only_target and isinstance(statement, ast.For) else statement)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            (refs if isinstance(node.ctx, ast.Load) else local).add(node.id)
        elif isinstance(node, ast.Attribute):
            dotted = chain_of(node)
            if dotted is None:
                return NOT_LITERAL
            refs.add(dotted)
        elif isinstance(node, ast.Call):
            if not _is_filling(node, name) and not _is_text_method(node):
                dotted = chain_of(node.func)
                if dotted is None:
                    return NOT_LITERAL
                calls.add(dotted)
            stack += [*node.args, *node.keywords]
        elif isinstance(node, ast.AnnAssign):
            stack += [node.target, *([node.value] if node.value else [])]
        elif isinstance(node, _PURE):
            stack += ast.iter_child_nodes(node)
        else:
            return NOT_LITERAL
    return Binding(True, tuple(sorted(calls)), tuple(sorted(refs - local)))


class Rebinding(NamedTuple):
    """A function that assigns a global at run time."""

    definition: str
    """The top-level function or class that it is, or is in."""
    is_plain: bool
    """It assigns only literals and its own variables, nothing that it calls."""


def rebindings(tree: ast.Module) -> dict[str, list[Rebinding]]:
    """Return the functions that declare globals as such, by the global's name."""
    found: dict[str, list[Rebinding]] = {}
    for definition in tree.body:
        if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inside = list(ast.walk(definition))
        for name in sorted({name for node in inside if isinstance(node, ast.Global) for name in node.names}):
            is_plain = not any(_is_restless(name, node) for node in inside)
            found.setdefault(name, []).append(Rebinding(definition.name, is_plain))
    return found


def _is_restless(name: str, node: ast.AST) -> bool:
    """Tell whether a statement binds the name to what a call returns, or by a loop or `with`."""
    value: ast.AST | None = None
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
        value = node.value
    elif not isinstance(node, ast.For | ast.AsyncFor | ast.With | ast.AsyncWith | ast.Import | ast.ImportFrom):
        return False
    if not any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node)):
        return False
    return value is None or any(isinstance(each, ast.Call | ast.Attribute | ast.Await) for each in ast.walk(value))


def chain_of(node: ast.AST) -> str | None:
    """Return `a.b.c` for a name with attributes, None for anything else."""
    parts: list[str] = []
    at: Any = node
    while isinstance(at, ast.Attribute):
        parts.append(at.attr)
        at = at.value
    if not isinstance(at, ast.Name):
        return None
    return ".".join([at.id, *reversed(parts)])


def _is_filling(node: ast.Call, name: str) -> bool:
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in _FILLING:
        return False
    receiver: ast.expr = func.value
    while isinstance(receiver, ast.Subscript):  # TABLE[key].append(value)
        receiver = receiver.value
    return isinstance(receiver, ast.Name) and receiver.id == name


def _is_text_method(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant)


def _is_target_only(name: str, loop: ast.For) -> bool:
    """Tell whether the loop binds the name as its target and nowhere else: the body does not matter then."""
    in_body = {
        node.id
        for statement in (*loop.body, *loop.orelse)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del)
    }
    return name not in in_body

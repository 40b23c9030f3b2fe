"""Names that code spells out as text: constants, and constants with a hole (`"visit_" + kind`)."""

import ast
import re
from typing import NamedTuple

MIN_PATTERN_CHARS = 2
"""A shorter constant part matches half of all names; it counts only where `getattr` gets it."""

_MAX_NAME_CHARS = 120
_PERCENT = re.compile(r"%(?:\(\w*\))?[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]")
_BRACES = re.compile(r"\{[^{}]*\}")

_HOLE = None


class Pattern(NamedTuple):
    """All names that start with `prefix` and end with `suffix`."""

    prefix: str
    suffix: str

    def matches(self, name: str) -> bool:
        """Tell whether a name has both ends and room for them."""
        return (
            len(name) >= len(self.prefix) + len(self.suffix)
            and name.startswith(self.prefix)
            and name.endswith(self.suffix)
        )


def name_in(text: str) -> str | None:
    """Return the name that a string constant may stand for: `clean`, or the last part of `helper:Model.fit`."""
    if not 0 < len(text) <= _MAX_NAME_CHARS:
        return None
    parts = text.replace(":", ".").split(".")
    return parts[-1] if all(part.isidentifier() for part in parts) else None


def pattern_of(node: ast.expr, *, min_chars: int = MIN_PATTERN_CHARS) -> Pattern | None:
    """Return which names an expression with text and holes can spell, None if any or none."""
    pieces = _pieces(node)
    if len(pieces) < 2 or all(piece is not _HOLE for piece in pieces):
        return None
    prefix = (pieces[0] or "").rpartition(".")[2]
    suffix = pieces[-1] or ""
    if len(prefix) + len(suffix) < min_chars:
        return None
    if (prefix and not prefix.isidentifier()) or (suffix and not ("_" + suffix).isidentifier()):
        return None
    return Pattern(prefix, suffix)


def _pieces(node: ast.expr) -> list[str | None]:
    """Cut an expression that makes a text into constants and holes (None)."""
    if isinstance(node, ast.JoinedStr):
        return [_text(value) for value in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [_text(operand) for operand in operands(node)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and (text := _text(node.left)):
        return _cut(_PERCENT, text)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        text = _text(node.func.value)
        if node.func.attr == "format" and text:
            return _cut(_BRACES, text)
    return []


def operands(node: ast.BinOp) -> list[ast.expr]:
    """Return the operands of a chain `a + b + c`, however long, in order."""
    found: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and type(left.op) is type(node.op):
        found.append(left.right)
        left = left.left
    found.append(left)
    return found[::-1]


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else _HOLE


def _cut(holes: re.Pattern[str], text: str) -> list[str | None]:
    pieces: list[str | None] = []
    for index, constant in enumerate(holes.split(text)):
        if index:
            pieces.append(_HOLE)
        if constant:
            pieces.append(constant)
    return pieces

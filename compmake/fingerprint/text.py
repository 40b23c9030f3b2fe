"""The readable text of a unit, for differences that `why` shows: comments, docstrings and layout are not in it."""

import ast
import copy
from collections.abc import Iterable

from compmake.fingerprint.canonical import is_noise
from compmake.fingerprint.facts import WHOLE_FILE
from compmake.fingerprint.library import Module, hidden_name
from compmake.fingerprint.split import Split, split
from compmake.fingerprint.units import function_digest, hidden_functions, syntax


class Texts:
    """The texts of one module's units; its syntax is read again, once, when the first is asked for."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._tree: ast.Module | None = None
        self._split: Split | None = None

    def of(self, name: str) -> str:
        """Return the text of a unit; never raises, the whole file where nothing better can be told."""
        whole = self._module.source.data.decode("utf-8", "replace")
        if name == WHOLE_FILE:
            return whole
        try:
            nodes = self._nodes(name)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return whole
        return "\n".join(_text(node, whole) for node in nodes) + self._methods(name)

    def _nodes(self, name: str) -> list[ast.AST]:
        if self._tree is None or self._split is None:
            self._tree = syntax(self._module.source)
            self._split = split(self._tree)
        parts = self._split.units.get(name)
        return list(parts.nodes) if parts else self._hidden(name)

    def _hidden(self, name: str) -> list[ast.AST]:
        if self._tree is None:
            return []
        qualname, _, digest = name.partition("#")
        nodes: list[ast.AST] = [
            node
            for found, node, _ in hidden_functions(self._tree)
            if found == qualname and (not digest or hidden_name(found, function_digest(node), is_alone=False) == name)
        ]
        return nodes[:1]

    def _methods(self, name: str) -> str:
        unit = self._module.unit(name)
        if unit is None or unit.kind != "class" or not (unit.methods or unit.nested):
            return ""
        return f"\n    # members: {', '.join([*unit.methods, *unit.nested])}"


def _text(node: ast.AST, whole: str) -> str:
    try:
        return ast.unparse(_without_noise(node))
    except (RecursionError, ValueError, AttributeError):
        return ast.get_source_segment(whole, node) or ""


def _without_noise(node: ast.AST) -> ast.AST:
    """Copy syntax without docstrings and lone constants."""
    bare = _Bare().visit(node)
    return bare if isinstance(bare, ast.AST) else node


class _Bare(ast.NodeTransformer):
    """Copies instead of changing: the tree is used again for other units."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        copied = copy.copy(node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                kept: Iterable[object] = [item for item in value if not (isinstance(item, ast.AST) and is_noise(item))]
                if name == "body" and not kept:
                    kept = value[-1:] or [ast.Pass()]
                setattr(copied, name, [self.visit(item) if isinstance(item, ast.AST) else item for item in kept])
            else:
                setattr(copied, name, self.visit(value) if isinstance(value, ast.AST) else value)
        return copied

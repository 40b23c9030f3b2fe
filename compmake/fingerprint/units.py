"""What one module's source says about its units: digests and what each uses, small enough to be kept in the store."""

import ast
import json
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from compmake.fingerprint.bindings import NOT_LITERAL, Binding, Rebinding, binding, chain_of, rebindings
from compmake.fingerprint.canonical import FunctionNode, canonical
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.modules import Source
from compmake.fingerprint.patterns import Pattern
from compmake.fingerprint.split import FUNCTIONS, Parts, split
from compmake.fingerprint.uses import Import, Scope, Uses, function_scope, uses

WHOLE_FILE = "<file>"
"""Name of the only unit of a module that cannot be parsed."""


class Unit(NamedTuple):
    """One unit of a module, without its text."""

    kind: str
    """`function`, `class`, `global`, `residue` or `file`."""
    digest: str
    """Hexadecimal digest of the canonical form."""
    uses: Uses
    line: int
    decorators: tuple[str, ...] = ()
    """Dotted names of decorators."""
    bases: tuple[str, ...] = ()
    """Dotted names of a class's bases; an expression that is no name is an empty text."""
    metaclass: str = ""
    methods: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    binding: Binding = NOT_LITERAL


class Hidden(NamedTuple):
    """A lambda, or a function inside a function: a unit only when it is handed around."""

    qualname: str
    """As the syntax tree has it; ends in `<lambda>` or the function's name."""
    line: int
    """Where Python says that it starts: its first decorator's line."""
    begin: tuple[int, int]
    """Line and column (in bytes) at which its body begins."""
    end: tuple[int, int]
    parameters: tuple[str, ...]
    unit: Unit


class Facts:
    """Everything known of one module's source; its pieces are built from JSON when they are asked for."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self._units: dict[str, Unit] = {}

    @classmethod
    def from_bytes(cls, data: bytes) -> "Facts":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: It is something else.
        """
        raw = json.loads(data)
        if not isinstance(raw, dict) or not {"units", "imports", "hidden"} <= raw.keys():
            raise ValueError("not the facts of a module")
        return cls(raw)

    def to_bytes(self) -> bytes:
        """Return JSON."""
        return json.dumps(self._raw, separators=(",", ":")).encode()

    @property
    def names(self) -> Sequence[str]:
        """Return the names of all units."""
        return self._raw["units"].keys()  # type: ignore[no-any-return]  # JSON

    def __contains__(self, name: str) -> bool:
        return name in self._raw["units"]

    def unit(self, name: str) -> Unit:
        """Return one unit by its name."""
        known = self._units.get(name)
        if known is None:
            known = self._units[name] = _unit_from_json(self._raw["units"][name])
        return known

    def units(self) -> Iterator[tuple[str, Unit]]:
        """Return all units with their names."""
        return ((name, self.unit(name)) for name in self._raw["units"])

    @property
    def is_whole_file(self) -> bool:
        """Tell whether the file could not be parsed, so that its bytes count."""
        return WHOLE_FILE in self

    @cached_property
    def imports(self) -> dict[str, list[Import]]:
        """Top-level imports by the name that they bind; `*` and the empty name for those that bind others or none."""
        found: dict[str, list[Import]] = {}
        for item in self._raw["imports"]:
            found.setdefault(item[0], []).append(Import(*item))
        return found

    @cached_property
    def all_imports(self) -> tuple[Import, ...]:
        """Imports anywhere in the module, those inside functions included."""
        inside = [Import(*item) for raw in self._raw["units"].values() for item in raw[2][4]]
        return tuple(dict.fromkeys([item for items in self.imports.values() for item in items] + inside))

    @cached_property
    def by_last_name(self) -> dict[str, list[str]]:
        """Units by the last part of their names."""
        found: dict[str, list[str]] = {}
        for name in self._raw["units"]:
            found.setdefault(name.rpartition(".")[2], []).append(name)
        return found

    @cached_property
    def by_member(self) -> dict[str, list[str]]:
        """Classes by the names that their bodies bind to values."""
        found: dict[str, list[str]] = {}
        for name, raw in self._raw["units"].items():
            for member in raw[8]:
                found.setdefault(member, []).append(name)
        return found

    @cached_property
    def hidden(self) -> list[Hidden]:
        """Lambdas and functions inside functions."""
        return [
            Hidden(name, line, (begin[0], begin[1]), (end[0], end[1]), tuple(parameters), _unit_from_json(unit))
            for name, line, begin, end, parameters, unit in self._raw["hidden"]
        ]


def _unit_from_json(raw: list[Any]) -> Unit:
    kind, digest, used, line, decorators, bases, metaclass, methods, members, nested, bound = raw
    names, attributes, texts, patterns, imports, constructs = used
    what = Uses(
        tuple(names),
        tuple(attributes),
        tuple(texts),
        tuple(Pattern(*pattern) for pattern in patterns),
        tuple(Import(*item) for item in imports),
        constructs,
    )
    lists = tuple(decorators), tuple(bases), metaclass, tuple(methods), tuple(members), tuple(nested)
    return Unit(kind, digest, what, line, *lists, Binding(bound[0], tuple(bound[1]), tuple(bound[2])))


def parse(source: Source) -> Facts:
    """Extract the facts of a module; never raises.

    What cannot be parsed has one unit, with the digest of the file's bytes.
    """
    try:
        return _facts(syntax(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError, UnicodeError):
        whole = Unit("file", source.digest.hex(), Uses(), 1)
        return Facts(json.loads(json.dumps({"units": {WHOLE_FILE: whole}, "imports": [], "hidden": []})))


def syntax(source: Source) -> ast.Module:
    """Return the syntax tree of a module; raises what `ast.parse` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user's invalid escapes were told when the module was loaded
        return ast.parse(source.data, source.path)


def _facts(tree: ast.Module) -> Facts:
    parts = split(tree)
    rebound = rebindings(tree)
    raw = {
        "units": {name: _unit(name, unit, rebound.get(name, ())) for name, unit in parts.units.items()},
        "imports": parts.imports,
        "hidden": [_hidden(*found) for found in hidden_functions(tree)],
    }
    # Through JSON, so that facts just made and facts from the store are the same thing.
    return Facts(json.loads(json.dumps(raw)))


def _unit(name: str, parts: Parts, rebound: Sequence[Rebinding]) -> Unit:
    form = canonical(parts.nodes)
    if parts.classes:
        form += f" methods={sorted(parts.methods)} nested={sorted(parts.nested)}".encode()
    bases: list[str] = []
    metaclass = ""
    for skeleton in parts.classes:
        bases += [chain_of(_generic_origin(base)) or "" for base in skeleton.bases]
        bases += ["" for keyword in skeleton.keywords if keyword.arg is None]
        metaclasses = [chain_of(keyword.value) or "?" for keyword in skeleton.keywords if keyword.arg == "metaclass"]
        metaclass = metaclasses[0] if metaclasses else metaclass
    decorated = [node for node in parts.nodes if isinstance(node, (*FUNCTIONS, ast.ClassDef))]
    decorators = [chain_of(_called(item)) or "?" for node in decorated for item in node.decorator_list]
    statements = [node for node in parts.nodes if isinstance(node, ast.stmt)]
    is_value = parts.kind == "global" and bool(statements) and all(each.is_plain for each in rebound)
    used = uses(parts.nodes)
    # Who uses a global that functions assign depends on those functions.
    used = used._replace(names=tuple(sorted({*used.names, *(each.definition for each in rebound)})))
    return Unit(
        parts.kind,
        digest_bytes(form).hex(),
        used,
        parts.line,
        tuple(decorators),
        tuple(bases),
        metaclass,
        tuple(sorted(parts.methods)),
        tuple(sorted(parts.members)),
        tuple(sorted(parts.nested)),
        binding(name, statements) if is_value else NOT_LITERAL,
    )


def _generic_origin(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def hidden_functions(tree: ast.AST) -> Iterator[tuple[str, FunctionNode | ast.Lambda, Scope | None]]:
    """Find lambdas anywhere and functions inside functions: qualified name, syntax, names bound around it."""
    stack: list[tuple[ast.AST, str, Scope | None]] = [(tree, "", None)]
    while stack:
        node, owner, scope = stack.pop()
        inner_owner, inner_scope = owner, scope
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            name = owner + ("<lambda>" if isinstance(node, ast.Lambda) else node.name)
            if isinstance(node, ast.Lambda) or "<locals>" in owner:
                yield name, node, scope
            inner_owner = f"{name}.<locals>."
            inner_scope = function_scope(node, scope) if _has_functions(node) else scope
        elif isinstance(node, ast.ClassDef):
            inner_owner = f"{owner}{node.name}."
        stack.extend((child, inner_owner, inner_scope) for child in reversed(list(ast.iter_child_nodes(node))))


def _has_functions(node: FunctionNode | ast.Lambda) -> bool:
    return any(isinstance(inner, (*FUNCTIONS, ast.Lambda)) and inner is not node for inner in ast.walk(node))


def _hidden(name: str, node: FunctionNode | ast.Lambda, scope: Scope | None) -> Hidden:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    first, last = (node.body, node.body) if isinstance(node, ast.Lambda) else (node.body[0], node.body[-1])
    line = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    args = node.args
    parameters = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    unit = Unit("function", function_digest(node), uses([node], scope=scope), line)
    begin, end = _position(first, "lineno", "col_offset"), _position(last, "end_lineno", "end_col_offset")
    return Hidden(name, line, begin, end, tuple(parameters), unit)


def function_digest(node: ast.AST) -> str:
    """Return the hexadecimal digest of one function's canonical form."""
    return digest_bytes(canonical([node])).hex()


def _position(node: ast.AST, line: str, column: str) -> tuple[int, int]:
    return getattr(node, line, 0) or 0, getattr(node, column, 0) or 0

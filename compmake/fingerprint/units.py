"""From a module's source to its facts: the digest of every unit and what each uses."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache

from compmake.fingerprint.bindings import NOT_LITERAL, Rebinding, binding, chain_of, rebindings
from compmake.fingerprint.canonical import FunctionNode, canonical
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.facts import WHOLE_FILE, Facts, Hidden, Unit
from compmake.fingerprint.modules import Source
from compmake.fingerprint.split import FUNCTIONS, Parts, split
from compmake.fingerprint.uses import Import, Scope, Uses, function_scope, uses

_KEPT_MODULES = 512
_NAME = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(r"[^\W\d][\w.]*")
_IMPORT = re.compile(r"^\s*import\s+(.+)$", re.MULTILINE)
_FROM = re.compile(r"^\s*from\s+(\.*)([\w.]*)\s+import\b", re.MULTILINE)


def parse(source: Source) -> Facts:
    """Extract the facts of a module; never raises.

    What cannot be parsed has one unit, with the digest of the file's bytes.
    """
    try:
        return _facts(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, UnicodeError):
        return Facts.make({WHOLE_FILE: Unit("file", source.digest.hex(), _mentions(source.data), 1)}, [], [])


def _mentions(data: bytes) -> Uses:
    """Return every name and import that stands anywhere in a file that cannot be parsed."""
    text = data.decode("utf-8", "replace")
    imports = {Import("", 0, name, None) for line in _IMPORT.findall(text) for name in _DOTTED.findall(line)}
    imports |= {Import("", len(dots), name, None) for dots, name in _FROM.findall(text)}
    return Uses(attributes=tuple(sorted(set(_NAME.findall(text)))), imports=tuple(sorted(imports, key=str)))


def syntax(source: Source) -> ast.Module:
    """Return the syntax tree of a module; raises what `ast.parse` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user's invalid escapes were told when the module was loaded
        return ast.parse(source.data, source.path)


# A notebook or a console opens programs again and again; few of their modules have changed in between.
@lru_cache(maxsize=_KEPT_MODULES)
def _facts(source: Source) -> Facts:
    tree = syntax(source)
    parts = split(tree)
    rebound = rebindings(tree)
    for name in rebound:  # bound by functions only: who uses it depends on them
        parts.units.setdefault(name, Parts("global", is_bound=True))
    units = {name: _unit(name, unit, rebound.get(name, ())) for name, unit in parts.units.items()}
    return Facts.make(units, parts.imports, [_hidden(*found) for found in hidden_functions(tree)])


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

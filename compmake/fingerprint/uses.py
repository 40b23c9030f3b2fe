"""What a piece of code may reach: the names, attributes, texts and imports in it, with scopes respected."""

import ast
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from compmake.fingerprint.canonical import FunctionNode, is_noise, reads_annotations
from compmake.fingerprint.patterns import Pattern, name_in, operands, pattern_of

_LISTS_NAMES = frozenset({"dir", "vars", "globals", "locals", "getmembers", "__dict__"})


class Import(NamedTuple):
    """One name bound by an import statement; `name` is None for `import module`, `*` for all names."""

    alias: str
    level: int
    module: str
    name: str | None


class Uses(NamedTuple):
    """What a piece of code mentions; all sorted, so that they are the same for the same code."""

    names: tuple[str, ...] = ()
    """Global names with the attributes asked of them: `np.linalg.norm`."""
    attributes: tuple[str, ...] = ()
    """Attribute names asked of objects that are not known."""
    texts: tuple[str, ...] = ()
    """String constants that could be names."""
    patterns: tuple[Pattern, ...] = ()
    imports: tuple[Import, ...] = ()
    """Imports inside functions, and constant arguments of `import_module`."""
    constructs: bool = False
    """It may call the class of an object it was given: `type(self)(...)`."""


class Scope:
    """The names bound in one function, class or comprehension."""

    __slots__ = ("bound", "globals", "imports", "kind", "parent")

    def __init__(self, kind: str, parent: "Scope | None") -> None:
        self.kind = kind  # "module", "function", "class" or "comprehension"
        self.parent = parent
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.imports: dict[str, list[Import]] = {}

    def bind(self, name: str) -> None:
        """Note that code of this scope assigns the name."""
        scope = self
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent  # a walrus in a comprehension binds around it
        scope.bound.add(name)


def module_imports(node: ast.Import | ast.ImportFrom) -> list[Import]:
    """Return what an import statement binds; `import a.b` binds `a`, and imports `a.b` under no name."""
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return [Import(alias.asname or alias.name, node.level, module, alias.name) for alias in node.names]
    found = []
    for alias in node.names:
        root = alias.name.partition(".")[0]
        if alias.asname or root == alias.name:
            found.append(Import(alias.asname or root, 0, alias.name, None))
        else:
            found += [Import(root, 0, root, None), Import("", 0, alias.name, None)]
    return found


def uses(nodes: Iterable[ast.AST], *, scope: Scope | None = None, in_class: bool = False) -> Uses:
    """Return what some pieces of code mention.

    Args:
        nodes: Statements or expressions.
        scope: The function around them, as `function_scope` gives it; None for the top level of a module.
        in_class: They stand directly in a class body, where annotations count.
    """
    walk = _Walk()
    top = Scope("class", scope) if in_class else scope or Scope("module", None)
    walk.run([(node, top) for node in nodes])
    return walk.result()


def function_scope(node: FunctionNode | ast.Lambda, parent: Scope | None) -> Scope:
    """Return the names bound in a function, for code inside it."""
    walk = _Walk()
    outside = parent or Scope("module", None)
    walk.run([(node, outside)])
    return walk.first_function or outside


class _Walk:
    """One pass over some code with a stack; loads are resolved at the end, when all bindings are known."""

    def __init__(self) -> None:
        self.first_function: Scope | None = None
        self._stack: list[tuple[ast.AST, Scope]] = []
        self._loads: list[tuple[Scope, str, tuple[str, ...]]] = []
        self._attributes: set[str] = set()
        self._texts: set[str] = set()
        self._patterns: set[Pattern] = set()
        self._affixes: set[Pattern] = set()  # of `startswith`; they count where names are listed
        self._imports: set[Import] = set()
        self._constructs = False
        self._known_types: set[int] = set()  # `type(x)` calls that only look

    def run(self, items: Sequence[tuple[ast.AST, Scope]]) -> None:
        self._stack.extend(reversed(items))
        while self._stack:
            node, scope = self._stack.pop()
            handler = _HANDLERS.get(type(node))
            if handler is None:
                self._children(node, scope)
            else:
                handler(self, node, scope)

    def result(self) -> Uses:
        names: set[str] = set()
        for scope, name, chain in self._loads:
            found = _lookup(scope, name)
            if found is None:
                names.add(".".join((name, *chain)))
            elif found:
                self._imports.update(found)
                names.add(".".join((name, *chain)))
            else:
                self._attributes.update(chain)
        if not _LISTS_NAMES.isdisjoint(self._attributes.union(*(name.split(".") for name in names))):
            self._patterns |= self._affixes
        return Uses(
            tuple(sorted(names)),
            tuple(sorted(self._attributes)),
            tuple(sorted(self._texts)),
            tuple(sorted(self._patterns)),
            tuple(sorted(self._imports, key=lambda item: (item.alias, item.level, item.module, item.name or ""))),
            self._constructs,
        )

    def _children(self, node: ast.AST, scope: Scope) -> None:
        self._stack.extend((child, scope) for child in ast.iter_child_nodes(node))

    def _push(self, nodes: Iterable[ast.AST | None], scope: Scope) -> None:
        self._stack.extend((node, scope) for node in nodes if node is not None)

    def name(self, node: ast.Name, scope: Scope) -> None:
        if isinstance(node.ctx, ast.Load):
            self._loads.append((scope, node.id, ()))
            return
        if scope.kind == "comprehension":
            scope.bound.add(node.id)
        else:
            scope.bind(node.id)
            if scope.kind == "function":
                self._loads.append((scope, node.id, ()))  # counts where `global` makes it one

    def attribute(self, node: ast.Attribute, scope: Scope) -> None:
        chain: list[str] = []
        value: ast.expr = node
        while isinstance(value, ast.Attribute):
            chain.append(value.attr)
            value = value.value
        chain.reverse()
        self._constructs |= chain[-1] == "__class__"
        if isinstance(value, ast.Name):
            self._loads.append((scope, value.id, tuple(chain)))
        else:
            if _is_type_call(value) and chain[0].startswith("__"):
                self._known_types.add(id(value))
            self._attributes.update(chain)
            self._stack.append((value, scope))

    def function(self, node: FunctionNode, scope: Scope) -> None:
        scope.bind(node.name)
        self._push(node.decorator_list, scope)
        if reads_annotations(node):
            arguments = [
                *node.args.posonlyargs,
                *node.args.args,
                *node.args.kwonlyargs,
                node.args.vararg,
                node.args.kwarg,
            ]
            self._push([arg.annotation for arg in arguments if arg is not None], scope)
            self._push([node.returns], scope)
        self._enter_function(node.args, [item for item in node.body if not is_noise(item)], scope)

    def lambda_(self, node: ast.Lambda, scope: Scope) -> None:
        self._enter_function(node.args, [node.body], scope)

    def _enter_function(self, args: ast.arguments, body: Sequence[ast.AST], scope: Scope) -> None:
        inner = Scope("function", scope)
        self.first_function = self.first_function or inner
        self._push([*args.defaults, *args.kw_defaults], scope)
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                inner.bound.add(arg.arg)
        self._push(body, inner)

    def class_(self, node: ast.ClassDef, scope: Scope) -> None:
        scope.bind(node.name)
        self._push([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)], scope)
        self._push([item for item in node.body if not is_noise(item)], Scope("class", scope))

    def comprehension(self, node: Any, scope: Scope) -> None:
        inner = Scope("comprehension", scope)
        # The first iterable belongs to the scope around: `[x for x in x]`.
        self._push([node.generators[0].iter], scope)
        self._push([generator.iter for generator in node.generators[1:]], inner)
        for generator in node.generators:
            self._push([generator.target, *generator.ifs], inner)
        self._push([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inner)

    def walrus(self, node: ast.NamedExpr, scope: Scope) -> None:
        scope.bind(node.target.id)
        outer = scope
        while outer.kind == "comprehension" and outer.parent is not None:
            outer = outer.parent
        self._loads.append((outer, node.target.id, ()))
        self._stack.append((node.value, scope))

    def import_(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for item in module_imports(node):
            self._imports.add(item)
            if item.alias not in ("", "*"):
                scope.bind(item.alias)
                scope.imports.setdefault(item.alias, []).append(item)

    def global_(self, node: ast.Global, scope: Scope) -> None:
        scope.globals.update(node.names)

    def handler(self, node: ast.ExceptHandler, scope: Scope) -> None:
        if node.name:
            scope.bind(node.name)
        self._children(node, scope)

    def capture(self, node: Any, scope: Scope) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            scope.bind(name)
        self._children(node, scope)

    def match_class(self, node: ast.MatchClass, scope: Scope) -> None:
        self._attributes.update(node.kwd_attrs)
        self._children(node, scope)

    def annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        self._push([node.target, node.value], scope)
        if scope.kind == "class":
            self._push([node.annotation], scope)

    def expression(self, node: ast.Expr, scope: Scope) -> None:
        if not is_noise(node):
            self._stack.append((node.value, scope))

    def constant(self, node: ast.Constant, _: Scope) -> None:
        if isinstance(node.value, str) and (name := name_in(node.value)):
            self._texts.add(name)

    def f_string(self, node: ast.JoinedStr, scope: Scope) -> None:
        self._pattern(node)
        self._children(node, scope)

    def operation(self, node: ast.BinOp, scope: Scope) -> None:
        self._pattern(node)
        self._push(operands(node), scope)  # a long chain at once, else it is gone through once per operand

    def compare(self, node: ast.Compare, scope: Scope) -> None:
        self._known_types.update(id(side) for side in (node.left, *node.comparators) if _is_type_call(side))
        self._children(node, scope)

    def call(self, node: ast.Call, scope: Scope) -> None:
        self._pattern(node)
        self._constructs |= _is_type_call(node) and id(node) not in self._known_types
        called = _called(node)
        first = node.args[0] if node.args else None
        if called in ("getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller") and node.args:
            for argument in node.args[:2]:
                self._pattern(argument, min_chars=1)
        elif called in ("import_module", "__import__") and isinstance(first, ast.Constant):
            if isinstance(first.value, str) and first.value.lstrip("."):
                level = len(first.value) - len(first.value.lstrip("."))
                self._imports.add(Import("", level, first.value.lstrip("."), None))
        elif called in ("startswith", "endswith") and isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._affix(called, first.value)
        elif called in ("eval", "exec") and isinstance(first, ast.Constant) and isinstance(first.value, str):
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                self._stack.append((ast.parse(first.value.strip()), scope))
        self._children(node, scope)

    def _affix(self, called: str, text: str) -> None:
        if len(text) >= 2 and ("_" + text).isidentifier():
            self._affixes.add(Pattern(text, "") if called == "startswith" else Pattern("", text))

    def _pattern(self, node: ast.expr, **limits: int) -> None:
        if pattern := pattern_of(node, **limits):
            self._patterns.add(pattern)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_type_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) == "type" and len(node.args) == 1


def _lookup(scope: Scope, name: str) -> Sequence[Import] | None:
    """Return None for a global name, else the imports that bind the local one (none: an ordinary variable)."""
    at: Scope | None = scope
    while at is not None and at.kind != "module":
        if name in at.globals:
            return None
        # A class body's names are not seen by functions in it; in the body itself the member may be meant, or a global.
        if at.kind != "class" and name in at.bound:
            return at.imports.get(name, ())
        at = at.parent
    return None


_HANDLERS: dict[type, Callable[[_Walk, Any, Scope], None]] = {
    ast.Name: _Walk.name,
    ast.Attribute: _Walk.attribute,
    ast.FunctionDef: _Walk.function,
    ast.AsyncFunctionDef: _Walk.function,
    ast.Lambda: _Walk.lambda_,
    ast.ClassDef: _Walk.class_,
    ast.ListComp: _Walk.comprehension,
    ast.SetComp: _Walk.comprehension,
    ast.DictComp: _Walk.comprehension,
    ast.GeneratorExp: _Walk.comprehension,
    ast.NamedExpr: _Walk.walrus,
    ast.Import: _Walk.import_,
    ast.ImportFrom: _Walk.import_,
    ast.Global: _Walk.global_,
    ast.ExceptHandler: _Walk.handler,
    ast.MatchAs: _Walk.capture,
    ast.MatchStar: _Walk.capture,
    ast.MatchMapping: _Walk.capture,
    ast.MatchClass: _Walk.match_class,
    ast.AnnAssign: _Walk.annotated,
    ast.Expr: _Walk.expression,
    ast.Constant: _Walk.constant,
    ast.JoinedStr: _Walk.f_string,
    ast.BinOp: _Walk.operation,
    ast.Compare: _Walk.compare,
    ast.Call: _Walk.call,
}

"""What a name in one user module means: a unit of that or another user module, a module, or a library's business."""

import builtins
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from compmake.fingerprint.facts import WHOLE_FILE, Unit
from compmake.fingerprint.library import Library, Module
from compmake.fingerprint.split import RESIDUE
from compmake.fingerprint.uses import Import

# Bases that call back none of a class's methods, or only special ones, which count in any case.
_SILENT_BASES = frozenset({"ABC", "Generic", "Protocol", "NamedTuple", "TypedDict"})


class Meaning(NamedTuple):
    """One thing that a name may mean."""

    kind: str
    """`unit`, `module`, or `library`: something that is not the user's."""
    name: str
    """`helper:clean` for a unit, else a dotted name."""


class Resolver:
    """Follows names through imports between user modules. Answers are kept: a library of modules only grows."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._imported: dict[str, frozenset[str]] = {}
        self._reachable: dict[str, frozenset[str]] = {}

    def chain(
        self, module: Module, dotted: str, imports: Iterable[Import] = (), owner: str = ""
    ) -> tuple[list[Meaning], list[str]]:
        """Follow `a.b.c` as code of the module means it.

        Args:
            module: Where the code stands.
            dotted: A global name with the attributes asked of it.
            imports: What the code imports by itself.
            owner: The class around the code, whose members a class body may mean.

        Returns:
            What the name means, as far as it can be told, and attributes asked of objects that are not known.
        """
        root, *attributes = dotted.split(".")
        found: list[Meaning] = []
        for item in imports:
            if item.alias == root:
                found += self._import(module, item, set())
        if owner and f"{owner}.{root}" in module.facts:
            found.append(Meaning("unit", f"{module.name}:{owner}.{root}"))
        found += self.name(module, root)
        if not found:
            found = self._set_from_elsewhere(module, root)
        if not found and hasattr(builtins, root):
            return [Meaning("library", f"builtins.{dotted}")], []
        for index, attribute in enumerate(attributes):
            if not any(meaning.kind == "module" for meaning in found):
                if found and all(meaning.kind == "library" for meaning in found):
                    return [
                        Meaning("library", f"{meaning.name}.{'.'.join(attributes[index:])}") for meaning in found
                    ], []
                return found, attributes[index:]
            found = [step for meaning in found for step in self._step(meaning, attribute)]
        return found, []

    def name(self, module: Module, name: str, seen: set[tuple[str, str]] | None = None) -> list[Meaning]:
        """Return what a global name of a module means; nothing for built-ins and unknown names."""
        seen = set() if seen is None else seen
        if (module.name, name) in seen:
            return []
        seen.add((module.name, name))
        if module.facts.is_whole_file:
            return [Meaning("unit", f"{module.name}:{WHOLE_FILE}")]
        found: list[Meaning] = []
        if name in module.facts and "<" not in name:
            found.append(Meaning("unit", f"{module.name}:{name}"))
        for item in module.facts.imports.get(name, ()):
            found += self._import(module, item, seen)
        if not found:
            for star in module.facts.imports.get("*", ()):
                source = self._library.get(absolute(module, star))
                found += self.name(source, name, seen) if source else []
        return found

    def bases(self, module: Module, unit: Unit) -> list[str]:
        """Return the user classes that a class is derived from directly."""
        return [m.name for base in unit.bases if base for m in self.chain(module, base)[0] if m.kind == "unit"]

    def is_called_back(self, module: Module, unit: Unit, seen: frozenset[str] = frozenset()) -> bool:
        """Tell whether a library may call the class's methods: it has a base that is not the user's."""
        for base in unit.bases:
            meanings = self.chain(module, base)[0] if base else []
            if not meanings:
                return True
            for meaning in meanings:
                if meaning.kind == "unit":
                    found = None if meaning.name in seen else self._library.unit(meaning.name)
                    if found and self.is_called_back(*found, seen | {meaning.name}):
                        return True
                elif not meaning.name.startswith("builtins.") and meaning.name.rpartition(".")[2] not in _SILENT_BASES:
                    return True
        return False

    def reachable(self, name: str) -> frozenset[str]:
        """Return the user modules that a module imports, directly or not, itself and packages included."""
        known = self._reachable.get(name)
        if known is None:
            found: set[str] = set()
            todo = [name]
            while todo:
                at = todo.pop()
                if at not in found and self._library.get(at) is not None:
                    found.add(at)
                    todo += self._imports_of(at)
            known = self._reachable[name] = frozenset(found)
        return known

    def _imports_of(self, name: str) -> frozenset[str]:
        known = self._imported.get(name)
        if known is None:
            module = self._library.get(name)
            found: set[str] = set()
            for item in module.facts.all_imports if module else ():
                base = absolute(module, item) if module else ""
                found.update(_with_packages(base))
                if item.name not in (None, "*"):
                    found.add(f"{base}.{item.name}")
            known = self._imported[name] = frozenset(each for each in found if each in self._library)
        return known

    def _import(self, module: Module, item: Import, seen: set[tuple[str, str]]) -> list[Meaning]:
        base = absolute(module, item)
        if item.name is None:
            return [self._module(base)]
        found: list[Meaning] = []
        source = self._library.get(base)
        if source is not None and source is not module:
            found += self.name(source, item.name, seen)
        if f"{base}.{item.name}" in self._library:
            found.append(Meaning("module", f"{base}.{item.name}"))
        if not found and source is not None:
            found = self._set_from_elsewhere(source, item.name) or self._top_level(source, item.name)
        return found or [Meaning("library", f"{base}.{item.name}")]

    def _module(self, name: str) -> Meaning:
        # A package without __init__.py has no source, but its modules may be the user's.
        is_user = name in self._library or any(known.startswith(f"{name}.") for known in self._library.loaded)
        return Meaning("module" if is_user else "library", name)

    def _step(self, meaning: Meaning, attribute: str) -> Iterator[Meaning]:
        if meaning.kind != "module":
            if meaning.kind == "unit":
                yield meaning
            return
        module = self._library.get(meaning.name)
        found = self.name(module, attribute) if module else []
        inner = f"{meaning.name}.{attribute}"
        if inner in self._library:
            found.append(Meaning("module", inner))
        if module and not found:
            found = self._set_from_elsewhere(module, attribute) or self._top_level(module, attribute)
            found += self.name(module, "__getattr__")
        if not found and module is None:
            found = [self._module(inner)]
        yield from found

    def _set_from_elsewhere(self, module: Module, name: str) -> list[Meaning]:
        """Return the code of a global that no statement of its module binds: `setattr`, `globals().update`."""
        if module.captured is None or name.startswith("__"):
            return []
        roots = [root for thing in module.captured.unexplained(name) for root in self._library.root_of(thing)]
        return [Meaning("unit", root) for root in roots]

    def _top_level(self, module: Module, name: str) -> list[Meaning]:
        """Return the statements that must have set a global which no statement binds: `globals()["X"] = 1`."""
        if module.captured is None or not module.has_residue or not module.captured.holds(name):
            return []
        return [Meaning("unit", f"{module.name}:{RESIDUE}")]


def absolute(module: Module, item: Import) -> str:
    """Return the full name of the module that an import statement names."""
    if not item.level:
        return item.module
    package = module.package
    for _ in range(item.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{item.module}" if package and item.module else package or item.module


def _with_packages(name: str) -> Collection[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]

"""How units hang together across modules: methods, subclasses, and what a decorator registers with what."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from compmake.fingerprint.facts import Unit
from compmake.fingerprint.library import Library, Module
from compmake.fingerprint.resolve import Meaning, Resolver

# Functions of libraries that make another object of the class they are given.
_REMAKERS = frozenset({"dataclasses.replace", "copy.replace", "attr.evolve", "attrs.evolve"})


class Mentions(NamedTuple):
    """What a unit mentions, followed through imports."""

    units: tuple[str, ...]
    attributes: tuple[str, ...]
    """Asked of objects that are not known."""
    constructs: bool
    """It may make an object of the class of one that it was given."""
    imported: tuple[tuple[str, str], ...] = ()
    """`helper:mean` -> `scipy.stats.gmean`: what its names mean that come from libraries."""


# Decorators that only say how a method is bound: it is still called by its name.
_BINDING_DECORATORS = frozenset({
    "property", "cached_property", "getter", "setter", "deleter", "staticmethod", "classmethod", "abstractmethod",
})  # fmt: skip


class Relations:
    """Questions about classes and registrations of the modules that the program loads."""

    def __init__(self, library: Library, resolver: Resolver) -> None:
        self._library = library
        self._resolver = resolver
        self._by_base: dict[frozenset[str], dict[str, list[str]]] = {}
        self._registered: dict[str, list[str]] | None = None
        self._is_called_back: dict[str, bool] = {}
        self._mentions: dict[tuple[str, bool], Mentions] = {}
        self._special: dict[str, tuple[str, ...]] = {}

    def mentions(self, unit: str, *, with_bases: bool = True) -> Mentions:
        """Return what a unit mentions; for a class perhaps without its bases."""
        known = self._mentions.get((unit, with_bases))
        if known is None:
            known = self._mentions[unit, with_bases] = self._follow(unit, with_bases)
        return known

    def _follow(self, unit: str, with_bases: bool) -> Mentions:
        found = self._library.unit(unit)
        if found is None:
            return Mentions((), (), False)
        module, facts = found
        owner = unit.partition(":")[2] if facts.kind == "class" else owner_of(unit).partition(":")[2]
        units: dict[str, None] = {}
        imported: dict[str, str] = {}
        wanted = set(facts.uses.attributes)
        own_imports = {item.alias for item in facts.uses.imports}
        constructs = facts.uses.constructs
        for dotted in facts.uses.names:
            if dotted in facts.bases and not with_bases:
                continue
            meanings, attributes = self._resolver.chain(module, dotted, facts.uses.imports, owner)
            units.update((meaning.name, None) for meaning in meanings if meaning.kind == "unit")
            constructs |= any(meaning.name in _REMAKERS for meaning in meanings)
            wanted.update(attributes)
            if dotted.partition(".")[0] not in own_imports:  # those are part of the code
                imported |= self._imported(module, dotted, meanings)
        names = tuple(sorted(name for name in wanted if not is_special(name)))
        return Mentions(tuple(units), names, constructs, tuple(imported.items()))

    def _imported(self, module: Module, dotted: str, meanings: list[Meaning]) -> dict[str, str]:
        """Return the name that is imported from a library, with what it means; nothing where both are the same."""
        root = dotted.partition(".")[0]
        for name, found in ((root, self._resolver.name(module, root)), (dotted, meanings)):
            meant = sorted({meaning.name for meaning in found if meaning.kind == "library"} - {f"builtins.{name}"})
            if meant:
                return {f"{module.name}:{name}": " or ".join(meant)} if meant != [name] else {}
        return {}

    def coming_with(self, unit: str) -> tuple[str, ...]:
        """Return the methods that come with a class: special ones, decorated ones; all if a library calls them."""
        known = self._special.get(unit)
        if known is None:
            chosen = self.methods(unit, lambda name, method: is_special(name) or _is_registered(method))
            known = self._special[unit] = tuple(chosen)
        return known

    def methods(self, unit: str, which: Callable[[str, Unit], bool]) -> Iterator[str]:
        """Return a class's methods for which `which(name, unit)` holds; all if a library may call them."""
        found = self._library.unit(unit)
        if found is None:
            return
        module, facts = found
        takes_all = self.is_called_back(unit)
        for name in facts.methods:
            method = module.unit(f"{unit.partition(':')[2]}.{name}")
            if method is not None and (takes_all or which(name, method)):
                yield f"{unit}.{name}"

    def is_called_back(self, unit: str) -> bool:
        """Tell whether the class has a base that is not the user's: that library may call any method."""
        known = self._is_called_back.get(unit)
        if known is None:
            found = self._library.unit(unit)
            known = self._is_called_back[unit] = bool(found and self._resolver.is_called_back(*found))
        return known

    def ancestry(self, unit: str) -> list[str]:
        """Return a class and all user classes that it is derived from."""
        found: dict[str, None] = {}
        todo = [unit]
        while todo:
            at = todo.pop()
            facts = self._library.unit(at)
            if at not in found and facts is not None:
                found[at] = None
                todo += self._resolver.bases(*facts)
        return list(found)

    def has_subclass_hook(self, unit: str) -> bool:
        """Tell whether deriving from the class runs user code, which may register the subclass."""
        for name in self.ancestry(unit):
            found = self._library.unit(name)
            if found is None:
                continue
            module, facts = found
            if "__init_subclass__" in facts.methods:
                return True
            meanings = self._resolver.chain(module, facts.metaclass)[0] if facts.metaclass else []
            if any(meaning.kind == "unit" for meaning in meanings):
                return True
        return False

    def subclasses(self, unit: str, modules: frozenset[str] = frozenset()) -> list[str]:
        """Return the classes derived from a class, directly or not.

        Args:
            unit: The class.
            modules: Modules to look in, beyond those that the program loads.
        """
        by_base = self._subclasses_in(modules)
        found: dict[str, None] = {}
        todo = [unit]
        while todo:
            for subclass in by_base.get(todo.pop(), ()):
                if subclass not in found:
                    found[subclass] = None
                    todo.append(subclass)
        return list(found)

    def registered_with(self, unit: str) -> list[str]:
        """Return units decorated by an attribute of this one: `@process.register`, `@app.command()`."""
        if self._registered is None:
            self._registered = {}
            for name in sorted(self._library.loaded):
                for found, decorated in self._decorations(name):
                    self._registered.setdefault(found, []).append(decorated)
        return self._registered.get(unit, [])

    def _decorations(self, module_name: str) -> Iterator[tuple[str, str]]:
        module = self._library.get(module_name)
        for name in module.facts.decorated if module else ():
            for decorator in module.facts.unit(name).decorators if module else ():
                if module is None or "." not in decorator:
                    continue
                meanings, attributes = self._resolver.chain(module, decorator)
                for meaning in meanings if attributes else ():
                    if meaning.kind == "unit":
                        yield meaning.name, f"{module_name}:{name}"

    def _subclasses_in(self, modules: frozenset[str]) -> dict[str, list[str]]:
        known = self._by_base.get(modules)
        if known is None:
            known = self._by_base[modules] = {}
            for module_name in sorted(self._library.loaded | modules):
                module = self._library.get(module_name)
                for name in module.facts.classes if module else ():
                    for base in self._resolver.bases(module, module.facts.unit(name)) if module else ():
                        known.setdefault(base, []).append(f"{module_name}:{name}")
        return known


def _is_registered(method: Unit) -> bool:
    """Tell whether a decorator may have put the method where it is called without its name."""
    return any(decorator.rpartition(".")[2] not in _BINDING_DECORATORS for decorator in method.decorators)


def is_special(name: str) -> bool:
    """Tell whether it is a name like `__add__`."""
    return name.startswith("__") and name.endswith("__") and len(name) > 4


def owner_of(unit: str) -> str:
    """Return the class around a method or nested class, empty for a unit at the top level or inside a function."""
    module, _, name = unit.partition(":")
    owner = name.rpartition(".")[0]
    return f"{module}:{owner}" if owner and "<" not in name else ""

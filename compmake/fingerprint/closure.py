"""CodeIndex: from functions to all the user code they can reach, with a digest of each unit of it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from compmake.fingerprint.codeset import CodeQuery, CodeSet, Root
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.library import Library, Module
from compmake.fingerprint.objects import code_in
from compmake.fingerprint.reach import CONSTRUCTORS, Reach
from compmake.fingerprint.relations import Relations, is_special
from compmake.fingerprint.resolve import Resolver
from compmake.fingerprint.split import DOCSTRING
from compmake.fingerprint.text import Texts
from compmake.job import Digest
from compmake.settings import CODE_MODES

__all__ = ["CodeIndex", "CodeQuery", "CodeSet", "Root"]

WHOLE_MODULE = "<all>"
"""Name of the one unit of a module in mode `module`."""


class CodeIndex:
    """The code of one program, as it was when its modules were loaded.

    Nothing here raises because of what the user's code looks like: what cannot be parsed counts by its bytes, what
    has no source by its name.
    """

    def __init__(
        self,
        *,
        cached: Callable[[Collection[str]], Mapping[str, bytes]],
        main_alias: Mapping[str, str] | None = None,
        defining: Collection[str] = (),
        main_first: bool = True,
    ) -> None:
        """Prepare; nothing is read before `take_sources`.

        Args:
            cached: Returns what the store kept of `new_cache_entries` for some keys.
            main_alias: Names under which modules count instead of their own, for example `{"__main__": "program"}`.
            defining: Modules whose top level called `comp`: what else their top level does is no part of any job.
            main_first: Jobs are those of the module that has the alias, though one of that name may be loaded too.
        """
        self._library = Library(cached, dict(main_alias or {}), defining, main_first=main_first)
        self._resolver = Resolver(self._library)
        self._relations = Relations(self._library, self._resolver)
        self._sets: dict[CodeQuery, CodeSet] = {}
        self._reaches: dict[tuple[frozenset[Root], frozenset[str]], Reach] = {}
        self._texts: dict[str, Texts] = {}

    def take_sources(self) -> None:
        """Read the source of user modules loaded since the last time; the first time also the values of globals.

        The first call belongs right after the program was loaded, before any job ran: jobs may change globals.
        """
        self._library.take()

    def roots(self, objects: Iterable[object]) -> frozenset[Root]:
        """Return where the code of some objects starts.

        Functions, methods, partials and classes stand for themselves, other objects for their class. Code that is
        not the user's has no root.
        """
        return frozenset(Root(unit) for thing in code_in(objects) for unit in self._library.root_of(thing))

    def code_set(self, query: CodeQuery) -> CodeSet:
        """Return the code that a call depends on.

        Raises:
            ValueError: There is no such mode.
        """
        known = self._sets.get(query)
        if known is None:
            known = self._sets[query] = self._compute(query)
        return known

    def source(self, unit: str) -> str:
        """Return the readable text of a unit, empty if there is none."""
        module_name, _, name = unit.partition(":")
        module = self._library.get(module_name)
        if module is None:
            return ""
        if name == WHOLE_MODULE:
            return module.source.data.decode("utf-8", "replace")
        texts = self._texts.setdefault(module_name, Texts(module))
        return texts.of(name)

    def where(self, unit: str) -> tuple[str, int]:
        """Return file and line of a unit; an empty file if it is not known."""
        found = self._library.unit(unit)
        if found is not None:
            return found[0].source.path, found[1].line
        module = self._library.get(unit.partition(":")[0])
        return (module.source.path, 1) if module else ("", 0)

    def source_digest(self, path: str) -> Digest | None:
        """Return the digest of the bytes that were read from a user module's file, None if it was not read."""
        module = self._library.of_file(path)
        return module.source.digest if module else None

    def source_digests(self) -> dict[str, Digest]:
        """Return the files that were read so far with the digests of what was in them."""
        return self._library.source_digests()

    def imported_digest(self, name: str, path: str) -> Digest | None:
        """Return `source_digest` of a module that another process has imported; it is read now if it was not."""
        self._library.get(name)
        return self.source_digest(path)

    def names(self) -> frozenset[str]:
        """Return the last part of the name of every unit in the modules that the program loaded."""
        found = [module for name in self._library.loaded if (module := self._library.get(name)) is not None]
        return frozenset(name for module in found for name in module.facts.by_last_name)

    def new_cache_entries(self) -> dict[str, bytes]:
        """Return parse results that `cached` did not have, each only once."""
        return self._library.new_entries()

    def _compute(self, query: CodeQuery) -> CodeSet:
        if query.mode not in CODE_MODES:
            raise ValueError(f"{query.mode!r} is no code mode: use one of {', '.join(CODE_MODES)}")
        if query.mode == "off":
            return CodeSet({}, mode="off")
        if query.mode == "closure":
            return self._closure(query)
        names = self._whole_modules(query) if query.mode == "module" else self._own_units(query)
        units = {name: digest for name, digest in names if name not in query.without}
        return CodeSet(units, via={name: name for name in units}, mode=query.mode)

    def _closure(self, query: CodeQuery) -> CodeSet:
        reach = Reach(self._library, self._resolver, self._relations, query.modules)
        reach.start(query.roots, query.roots | query.ancestors, query.texts)
        if query.ancestors:
            self._add_received(reach, self._reach_of(query.roots | query.ancestors, query.modules))
        units: dict[str, Digest] = {}
        for unit in reach.units:
            found = self._library.unit(unit)
            if found is not None and unit not in reach.by_value and unit not in query.without:
                units[unit] = Digest(bytes.fromhex(found[1].digest))
        units |= {root: digest_bytes(root.encode()) for root in query.roots if self._library.unit(root) is None}
        imported = {name: (digest_bytes(meant.encode()), f"import {meant}") for name, meant in reach.imported.items()}
        return CodeSet(units, {**imported, **reach.by_value}, {**{unit: unit for unit in units}, **reach.units})

    def _reach_of(self, roots: frozenset[Root], modules: frozenset[str]) -> Reach:
        known = self._reaches.get((roots, modules))
        if known is None:
            known = self._reaches[roots, modules] = Reach(self._library, self._resolver, self._relations, modules)
            known.start(roots, ())
        return known

    def _add_received(self, reach: Reach, before: Reach) -> None:
        """Take in what happens to objects of classes that only ancestors name: operators, iteration, callbacks.

        Their constructors ran in the ancestors, whose results count by value; they count here only where an object
        may be made from another.
        """
        size = -1
        while size != len(reach.units):
            size = len(reach.units)
            for received in sorted(before.classes - reach.classes):
                for method in self._special_methods(received, reach.constructs):
                    reach.add(method, received)
                    reach.touch(received, method)
                if any(base in reach.units for base in self._relations.ancestry(received)):
                    reach.touch(received, received)
            reach.run()

    def _special_methods(self, unit: str, constructs: bool) -> list[str]:
        found = self._library.unit(unit)
        if found is None:
            return []
        makes_itself = constructs or any(name.startswith("__reduce") for name in found[1].methods)
        makes_itself |= any(base.endswith(("Error", "Exception")) for base in found[1].bases)
        every = self._relations.methods(unit, lambda name, _: is_special(name))
        return [method for method in every if makes_itself or method.rpartition(".")[2] not in CONSTRUCTORS]

    def _own_units(self, query: CodeQuery) -> Iterator[tuple[str, Digest]]:
        for root in query.roots:
            found = self._library.unit(root)
            if found is None:
                yield root, digest_bytes(root.encode())
                continue
            module, facts = found
            yield root, Digest(bytes.fromhex(facts.digest))
            inside = root.partition(":")[2] + "."
            for name, unit in module.facts.units() if facts.kind == "class" else ():
                if name.startswith(inside):
                    yield f"{module.name}:{name}", Digest(bytes.fromhex(unit.digest))

    def _whole_modules(self, query: CodeQuery) -> Iterator[tuple[str, Digest]]:
        starts = {root.partition(":")[0] for root in query.roots} | query.modules
        for name in sorted(set().union(*(self._resolver.reachable(start) for start in starts))):
            module = self._library.get(name)
            if module is not None:
                yield f"{name}:{WHOLE_MODULE}", _whole(module)
        yield from ((root, digest_bytes(root.encode())) for root in query.roots if self._library.unit(root) is None)


def _whole(module: Module) -> Digest:
    """Digest all units of a module; in one that defines jobs, without what only describes the graph."""
    counting = {name: unit for name, unit in module.facts.units() if name != DOCSTRING}
    if module.is_defining:
        used = {
            dotted.partition(".")[0] for unit in counting.values() if unit.kind in _CODE for dotted in unit.uses.names
        }
        counting = {name: unit for name, unit in counting.items() if unit.kind in _CODE or name in used}
    return digest_bytes("\n".join(f"{name} {unit.digest}" for name, unit in sorted(counting.items())).encode())


_CODE = ("function", "class", "file")

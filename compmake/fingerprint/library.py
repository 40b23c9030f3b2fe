"""The user's modules as far as they are known: source, facts, and what their globals were when loaded."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from types import CodeType, FunctionType
from typing import cast

from compmake.fingerprint.canonical import SCHEME
from compmake.fingerprint.captured import Captured
from compmake.fingerprint.facts import WHOLE_FILE, Facts, Hidden, Unit
from compmake.fingerprint.modules import Source, class_name, loaded_user_modules, locate, read_source
from compmake.fingerprint.split import RESIDUE
from compmake.fingerprint.units import parse
from compmake.job import Digest


class Module:
    """One user module."""

    def __init__(
        self, name: str, source: Source, facts: Facts, captured: Captured | None, *, is_defining: bool
    ) -> None:
        self.name = name
        self.source = source
        self.facts = facts
        self.captured = captured
        """None for a module that the program does not load itself: its globals never count by value."""
        self.is_defining = is_defining
        self._hidden: dict[str, Unit] | None = None

    @property
    def package(self) -> str:
        """Return where its relative imports start."""
        return self.name if self.source.is_package else self.name.rpartition(".")[0]

    @property
    def has_residue(self) -> bool:
        """Tell whether its top level counts."""
        return RESIDUE in self.facts and not self.is_defining

    def unit(self, name: str) -> Unit | None:
        """Return a unit, hidden functions included."""
        if name in self.facts:
            return self.facts.unit(name)
        if self._hidden is None:
            self._hidden = {self._hidden_name(hidden): hidden.unit for hidden in self.facts.hidden}
        return self._hidden.get(name)

    def find_code(self, code: CodeType) -> list[str]:
        """Return the units that a lambda's or inner function's code may come from; several if it cannot be told."""
        name = code.co_name
        found = [
            hidden
            for hidden in self.facts.hidden
            if hidden.line == code.co_firstlineno and hidden.qualname.rpartition(".")[2] == name
        ]
        if len(found) > 1:
            parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            found = [hidden for hidden in found if hidden.parameters == parameters] or found
        if len(found) > 1:
            found = _at_position(found, code) or found
        return sorted({self._hidden_name(hidden) for hidden in found})

    def _hidden_name(self, hidden: Hidden) -> str:
        is_alone = self._namesakes[hidden.qualname] == 1
        return hidden_name(hidden.qualname, hidden.unit.digest, is_alone=is_alone)

    @cached_property
    def _namesakes(self) -> Counter[str]:
        return Counter(hidden.qualname for hidden in self.facts.hidden)


def hidden_name(qualname: str, digest: str, *, is_alone: bool) -> str:
    """Return the unit name of a lambda or an inner function.

    Several of one name are told apart by content: a position or a number would shift when another is added.
    """
    return qualname if is_alone and not qualname.endswith("<lambda>") else f"{qualname}#{digest[:8]}"


def _at_position(found: Iterable[Hidden], code: CodeType) -> list[Hidden]:
    """Several lambdas on one line: take the smallest around the columns that the code's instructions stand at."""
    places = [
        (line, column)
        for line, end_line, column, end_column in code.co_positions()
        if line is not None and column is not None and (column, end_column) != (0, 0) and (line, end_line) != (0, 0)
    ]
    if not places:
        return []
    around = [hidden for hidden in found if hidden.begin <= min(places) and max(places) < hidden.end]
    around.sort(key=lambda hidden: (hidden.end[0] - hidden.begin[0], hidden.end[1] - hidden.begin[1]))
    return around[:1]


class Library:
    """All user modules that are loaded, or that loaded ones import."""

    def __init__(
        self,
        cached: Callable[[Collection[str]], Mapping[str, bytes]],
        main_alias: Mapping[str, str],
        defining: Collection[str],
        *,
        main_first: bool,
    ) -> None:
        self._cached = cached
        self.main_alias = main_alias
        self._main_first = main_first
        self._defining = {main_alias.get(name, name) for name in defining}
        self._modules: dict[str, Module] = {}
        self._by_path: dict[str, Module] = {}
        self._absent: set[str] = set()
        self._new_entries: dict[str, bytes] = {}
        self._is_taken = False
        self.loaded: frozenset[str] = frozenset()
        """Modules that the program loaded itself: they were there at the first `take`."""

    def take(self) -> None:
        """Read the source of every user module loaded now that is not known yet."""
        is_first = not self._is_taken
        found = loaded_user_modules(self.main_alias, aliases_first=self._main_first)
        fresh = {name: path for name, (path, _) in found.items() if name not in self._modules}
        read = {name: source for name, path in fresh.items() if (source := read_source(path))}
        for name, facts in self._facts(read).items():
            values = dict(vars(found[name][1])) if is_first else None
            self._add(name, read[name], facts, Captured(facts, values) if values is not None else None)
        if is_first:
            self._is_taken = True
            self.loaded = frozenset(found)
        self._absent.clear()

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> Module | None:
        """Return a user module by name; one that is not loaded is found as Python would find it, and only read."""
        module = self._modules.get(name)
        if module is not None or name in self._absent:
            return module
        path = locate(name) if name else None
        source = read_source(path) if path else None
        if source is None:
            self._absent.add(name)
            return None
        return self._add(name, source, self._facts({name: source})[name], None)

    def of_file(self, path: str) -> Module | None:
        """Return the module that was read from a file."""
        return self._by_path.get(path)

    def named(self, module_name: str) -> Module | None:
        """Return the module that objects call by this name; `__main__` may stand for another."""
        return self.get(self.main_alias.get(module_name, module_name))

    def unit(self, unit: str) -> tuple[Module, Unit] | None:
        """Return the module and the facts of a unit by its full name."""
        module_name, _, name = unit.partition(":")
        module = self.get(module_name)
        found = module.unit(name) if module else None
        return (module, found) if module and found else None

    def root_of(self, thing: FunctionType | type) -> list[str]:
        """Return the units that a function or class comes from; none if it is not the user's."""
        if issubclass(type(thing), type):
            module_name, qualname = class_name(cast(type, thing))
            return self._class_root(self.named(module_name), qualname)
        thing = cast(FunctionType, thing)
        qualname = thing.__qualname__
        module = self.named(str(thing.__module__))
        code = thing.__code__
        found: list[str] = []
        if module and module.facts.is_whole_file:
            found.append(f"{module.name}:{WHOLE_FILE}")
        elif module and qualname in module.facts:
            found.append(f"{module.name}:{qualname}")
        if not found or code.co_qualname != qualname:
            home = self.of_file(code.co_filename)  # of a wrapper, not of what it wraps
            if home and home.facts.is_whole_file:
                found.append(f"{home.name}:{WHOLE_FILE}")
            elif home:
                found += [f"{home.name}:{name}" for name in home.find_code(code)]
        if not found and code.co_filename.startswith("<") and thing.__module__ == "__main__":
            found.append(f"__main__:{qualname}")  # typed at a prompt: there is no source, so only the name counts
        return found

    def _class_root(self, module: Module | None, qualname: str) -> list[str]:
        if module is None:
            return []
        if module.facts.is_whole_file:
            return [f"{module.name}:{WHOLE_FILE}"]
        name = qualname.partition(".<locals>")[0]  # a class made in a function belongs to that function
        return [f"{module.name}:{name}"] if name in module.facts else []

    def source_digests(self) -> dict[str, Digest]:
        """Return the files that were read with the digests of what was in them."""
        return {path: module.source.digest for path, module in list(self._by_path.items())}

    def new_entries(self) -> dict[str, bytes]:
        """Return parse results that were not cached, each once."""
        entries, self._new_entries = self._new_entries, {}
        return entries

    def _add(self, name: str, source: Source, facts: Facts, captured: Captured | None) -> Module:
        module = Module(name, source, facts, captured, is_defining=name in self._defining)
        self._modules[name] = module
        self._by_path.setdefault(source.path, module)
        return module

    def _facts(self, sources: Mapping[str, Source]) -> dict[str, Facts]:
        """Return the facts of modules, from the cache where it has them.

        The key is the content's digest: it cannot be taken in by an edit that keeps size and time, and it holds in
        another folder too.
        """
        keys = {name: f"{SCHEME}:{source.digest.hex()}" for name, source in sources.items()}
        kept = self._cached(set(keys.values())) if keys else {}
        found: dict[str, Facts] = {}
        for name, source in sources.items():
            data = kept.get(keys[name])
            try:
                found[name] = Facts.from_bytes(data) if data is not None else self._parsed(keys[name], source)
            except ValueError:  # a damaged cache is only slower
                found[name] = self._parsed(keys[name], source)
        return found

    def _parsed(self, key: str, source: Source) -> Facts:
        facts = parse(source)
        if not facts.is_whole_file:  # another version of Python may be able to parse it
            self._new_entries[key] = facts.to_bytes()
        return facts

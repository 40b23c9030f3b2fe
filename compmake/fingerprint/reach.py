"""The search for all code that a call can reach, by the rule of closures."""

from collections import deque
from collections.abc import Iterable, Iterator

from compmake.fingerprint.facts import Unit
from compmake.fingerprint.library import Library, Module
from compmake.fingerprint.patterns import Pattern
from compmake.fingerprint.relations import Relations, is_special, owner_of
from compmake.fingerprint.resolve import Resolver
from compmake.fingerprint.split import RESIDUE
from compmake.job import Digest

CONSTRUCTORS = frozenset({"__init__", "__post_init__"})
"""Special methods that run when an object is made, not when a finished one is used."""

ARGUMENT = "an argument"
"""What brought in a unit whose name stands among the arguments."""


class Reach:
    """A set of units that grows until nothing in it mentions a unit outside.

    What is brought in through a name is brought in whole; a class of which only a method was found by its name, on
    an object that is not known, brings its skeleton, not its constructor.
    """

    def __init__(self, library: Library, resolver: Resolver, relations: Relations, modules: frozenset[str]) -> None:
        self.units: dict[str, str] = {}
        """Unit -> the unit that brought it in; a root stands for itself."""
        self.by_value: dict[str, tuple[Digest, str]] = {}
        self.imported: dict[str, str] = {}
        """`helper:mean` -> `scipy.stats.gmean`, for names of libraries that the code uses."""
        self.classes: set[str] = set()
        """Classes that code in the set names, and so may make and use in every way."""
        self.constructs = False
        self._library = library
        self._resolver = resolver
        self._relations = relations
        self._attempted = modules
        self._searched: dict[str, Module] = {}
        self._attributes: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._patterns: dict[Pattern, str] = {}
        self._queue: deque[str] = deque()

    def start(self, roots: Iterable[str], search: Iterable[str], texts: Iterable[str] = ()) -> None:
        """Take in some roots and all that they reach.

        Args:
            roots: Units.
            search: Units whose modules are searched for names too.
            texts: Names that the call is given as arguments.
        """
        self._want(sorted(texts), self._texts, ARGUMENT)
        for root in sorted(roots):
            self.use(root, root)
        for unit in sorted(search):
            self._search_from(unit.partition(":")[0])
        for name in sorted(self._attempted):
            self._search_from(name)
            self._take_attempted(name)
        self.run()

    def run(self) -> None:
        """Follow everything that was taken in until nothing new appears."""
        while self._queue:
            self._expand(self._queue.popleft())

    def add(self, unit: str, via: str) -> None:
        """Take in one unit, and nothing else of its class."""
        if unit not in self.units and self._library.unit(unit) is not None:
            self.units[unit] = via
            self._queue.append(unit)

    def use(self, unit: str, via: str) -> None:
        """Take in a unit that is named; a class with all that comes with it."""
        self.add(unit, via)
        found = self._library.unit(unit)
        if found is None or found[1].kind != "class" or unit in self.classes:
            return
        self.classes.add(unit)
        module, facts = found
        for name in facts.nested:
            self.use(f"{unit}.{name}", unit)
        for base in self._resolver.bases(module, facts):
            self.use(base, unit)
        for method in self._relations.coming_with(unit):
            self.add(method, unit)
        if self._relations.has_subclass_hook(unit):
            for subclass in self._relations.subclasses(unit, self._attempted):
                self.use(subclass, unit)

    def touch(self, unit: str, via: str) -> None:
        """Take in the skeletons of the classes around and below a method that was found by its name."""
        while unit:
            self.add(unit, via)
            unit = owner_of(unit)

    def _expand(self, unit: str) -> None:
        found = self._library.unit(unit)
        if found is None:
            return
        module, facts = found
        self._search_from(module.name)
        if module.has_residue:
            self.add(f"{module.name}:{RESIDUE}", unit)
        for registered in self._relations.registered_with(unit):
            self.use(registered, unit)
        if self._is_value(module, unit):
            self._want_texts(facts, unit)  # a list of names may say what is looked up
            return
        self._follow(module, unit, facts)

    def _is_value(self, module: Module, unit: str) -> bool:
        """Take in what a global's value holds; tell whether the value itself counts instead of its statements."""
        name = unit.partition(":")[2]
        captured = module.captured
        if captured is None:
            return False
        for thing in captured.code(name):
            for root in self._library.root_of(thing):
                if root != unit:
                    self.use(root, unit)
        is_global = name in module.facts and module.facts.unit(name).kind == "global"
        value = captured.by_value(name) if is_global else None
        if value is not None:
            self.by_value[unit] = value
        return value is not None

    def _follow(self, module: Module, unit: str, facts: Unit) -> None:
        is_whole = facts.kind != "class" or unit in self.classes
        mentions = self._relations.mentions(unit, with_bases=is_whole)
        self.imported.update(mentions.imported)
        self.constructs |= mentions.constructs
        for mentioned in mentions.units:
            self.use(mentioned, unit)
        if not is_whole:
            for base in self._resolver.bases(module, facts):
                self.touch(base, unit)
        self._want(mentions.attributes, self._attributes, unit)
        self._want_texts(facts, unit)

    def _want_texts(self, facts: Unit, unit: str) -> None:
        self._want(facts.uses.texts, self._texts, unit)
        for pattern in facts.uses.patterns:
            if self._patterns.setdefault(pattern, unit) == unit:
                for other in list(self._searched.values()):
                    self._match_pattern(other, pattern, unit)

    def _want(self, names: Iterable[str], wanted: dict[str, str], via: str) -> None:
        for name in names:
            if name not in wanted and not is_special(name):
                wanted[name] = via
                for module in list(self._searched.values()):
                    self._match(module, name, via, of_objects=wanted is self._attributes)

    def _search_from(self, module_name: str) -> None:
        if module_name in self._searched:
            return
        for name in sorted(self._resolver.reachable(module_name)):
            module = self._library.get(name)
            if module is None or name in self._searched:
                continue
            self._searched[name] = module
            for wanted, of_objects in ((self._attributes, True), (self._texts, False)):
                for text, wanting in list(wanted.items()):
                    self._match(module, text, wanting, of_objects=of_objects)
            for pattern, wanting in list(self._patterns.items()):
                self._match_pattern(module, pattern, wanting)

    def _match(self, module: Module, name: str, via: str, *, of_objects: bool) -> None:
        for found in module.facts.by_last_name.get(name, ()):
            self._take_named(module, found, via)
        if of_objects:
            for found in module.facts.by_member.get(name, ()):
                self.touch(f"{module.name}:{found}", via)

    def _match_pattern(self, module: Module, pattern: Pattern, via: str) -> None:
        for name, units in module.facts.by_last_name.items():
            if pattern.matches(name) and not is_special(name):
                for found in units:
                    self._take_named(module, found, via)

    def _take_named(self, module: Module, name: str, via: str) -> None:
        """Take in a unit that an unknown object's attribute, or a text, may mean."""
        unit = f"{module.name}:{name}"
        facts = module.facts.unit(name)
        if facts.kind == "class":
            self.use(unit, via)
        elif facts.kind == "function":
            self.add(unit, via)
            owner = owner_of(unit)
            if owner and "classmethod" in facts.decorators:
                self.use(owner, via)  # it makes objects of its class
            elif owner:
                self.touch(owner, unit)
        elif facts.kind == "global" and not module.is_defining:
            # The globals of a module that defines jobs are about defining them: loop variables, promises.
            self.add(unit, via)

    def _take_attempted(self, name: str) -> None:
        """Take in what a module that the job loaded itself may have registered while it was imported."""
        module = self._library.get(name)
        if module is None or name in self._library.loaded:
            return
        for unit in self._registering(module):
            self.use(f"{name}:{unit}", f"{name}:{RESIDUE}")

    def _registering(self, module: Module) -> Iterator[str]:
        for name, facts in module.facts.units():
            if facts.kind in ("residue", "file") or ("." not in name and facts.decorators):
                yield name

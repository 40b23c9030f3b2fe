"""Little programs on disk whose code is fingerprinted, edited, and fingerprinted again as in a new process."""

import importlib
import sys
import textwrap
from collections.abc import Collection
from pathlib import Path

from compmake.fingerprint.closure import CodeIndex, CodeQuery, CodeSet


class Loaded:
    """A program after loading: its index and its modules."""

    def __init__(self, defining: Collection[str]) -> None:
        self.index = CodeIndex(cached=lambda _: {}, defining=defining)
        self.index.take_sources()

    def code(
        self,
        *what: str,
        after: Collection[str] = (),
        modules: Collection[str] = (),
        mode: str = "closure",
        without: Collection[str] = (),
    ) -> CodeSet:
        """Return the code that a job depends on.

        Args:
            what: Expressions for its function, and functions and classes of its arguments: `prog.job`.
            after: Expressions for the functions of its ancestors.
            modules: What its last attempt imported.
            mode: As in a query.
            without: Expressions for functions whose own code does not count.
        """
        roots, ancestors, left_out = (
            self.index.roots([self.value(text) for text in texts]) for texts in (what, after, without)
        )
        query = CodeQuery(roots, ancestors, frozenset(modules), mode, left_out)
        return self.index.code_set(query)

    def value(self, expression: str) -> object:
        """Evaluate an expression whose first name is a module."""
        name = expression.partition(".")[0].strip("(")
        return eval(expression, {name: importlib.import_module(name)})


class Program:
    """A folder of modules; each `load` imports them afresh."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        """Write a module; dots in the name are folders."""
        path = self.folder / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that is in the module exactly once."""
        path = self.folder / (name.replace(".", "/") + ".py")
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))

    def load(self, *imports: str, defining: Collection[str] = ("prog",)) -> Loaded:
        """Import modules (`prog` if none is named) as a new process would."""
        self.forget()
        importlib.invalidate_caches()
        for name in imports or ("prog",):
            importlib.import_module(name)
        return Loaded(defining)

    def forget(self) -> None:
        """Unload the program's modules."""
        folder = str(self.folder)
        for name, module in list(sys.modules.items()):
            file, path = getattr(module, "__file__", None), getattr(module, "__path__", None)
            if str(file).startswith(folder) or folder in str(path):
                del sys.modules[name]

    def code(self, *what: str, load: Collection[str] = (), **how: Collection[str] | str) -> CodeSet:
        """Load the program and return the code that `prog.job`, or what is named, depends on."""
        return self.load(*load).code(*(what or ("prog.job",)), **how)  # type: ignore[arg-type]

    def changes(self, name: str, old: str, new: str, *what: str, **how: Collection[str] | str) -> bool:
        """Tell whether an edit changes what a job depends on."""
        before = self.code(*what, **how)
        self.edit(name, old, new)
        return self.code(*what, **how).digest != before.digest

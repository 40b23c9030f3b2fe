"""Random numbers that depend on the job alone: each job finds `random` and numpy with a seed of its own."""

import importlib.util
import random
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_MODULE = "numpy.random"


class Seeder(MetaPathFinder):
    """Seeds `random`, and numpy when it is there: it may load only when a job asks for its random numbers."""

    def __init__(self) -> None:
        self._seed = 0

    def reseed(self, seed: int) -> None:
        """Give both the state that this seed stands for, so that a rerun repeats."""
        self._seed = seed
        random.seed(seed)
        if _MODULE in sys.modules:
            self._seed_numpy(sys.modules[_MODULE])
        elif self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def close(self) -> None:
        """Wait for numpy no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 -- as the protocol has it
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Have the others find numpy's module, and seed it as soon as it is loaded."""
        if fullname != _MODULE:
            return None
        self.close()
        spec = importlib.util.find_spec(fullname)
        loader = spec.loader if spec is not None else None
        if loader is not None:
            load = loader.exec_module

            def load_and_seed(module: ModuleType) -> None:
                load(module)
                self._seed_numpy(module)

            loader.exec_module = load_and_seed  # type: ignore[method-assign]
        return spec

    def _seed_numpy(self, module: ModuleType) -> None:
        seed = getattr(module, "seed", None)  # not there while it is being loaded
        if seed is not None:
            seed(self._seed % 2**32)

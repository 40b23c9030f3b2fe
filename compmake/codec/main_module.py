"""What a script defines in `__main__`, carried to worker processes: there the script itself is never run.

Everything else can then go by reference in both directions, so that the classes of a script stay the same classes.
"""

import pickle
import sys
from types import FunctionType, ModuleType

import cloudpickle


def dump_main() -> bytes:
    """Return the functions and classes that `__main__` defines, as one pickle; those that cannot be pickled are left.

    A call that needs what was left fails in the worker, and says that it is not in `__main__`.
    """
    main = sys.modules["__main__"]
    found = {name: value for name, value in vars(main).items() if _is_defined_in(main, name, value)}
    return _dumped(found) or _dumped({name: value for name, value in found.items() if _dumped({name: value})}) or b""


def load_main(data: bytes) -> None:
    """Define in `__main__` of this process what `dump_main` found in another."""
    vars(sys.modules["__main__"]).update(pickle.loads(data))


def _is_defined_in(main: ModuleType, name: str, value: object) -> bool:
    return isinstance(value, FunctionType | type) and value.__module__ == main.__name__ and value.__qualname__ == name


def _dumped(found: dict[str, object]) -> bytes | None:
    try:
        return bytes(cloudpickle.dumps(found, protocol=5))
    except Exception:  # whatever pickling raises, it is what cannot be carried
        return None

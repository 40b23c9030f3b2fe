"""compmake: `make` for batch Python programs.

The public names are loaded on first use: `compmake --version` and a plain `import compmake` cost nothing. Type checkers
read what they are in the stub beside this file.
"""

from importlib import import_module

__version__ = "1.0.0"

_HOME = {
    "comp": "compmake.define",
    "comp_prefix": "compmake.define",
    "progress": "compmake.job_progress",
    "register_digest": "compmake.fingerprint.values",
    "File": "compmake.job",
    "Promise": "compmake.job",
    "CompmakeError": "compmake.errors",
    "UserError": "compmake.errors",
    "StoreError": "compmake.errors",
    "Context": "compmake.api",
    "Summary": "compmake.api",
    "open": "compmake.api",
    "compmake_console": "compmake.cli",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'compmake' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""How the modules of compmake may use each other, and what a process must not import."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "compmake").rglob("*.py"))
HEAVY = ("compmake.define", "compmake.store", "compmake.ui", "sqlite3", "cloudpickle", "blake3", "argparse", "asyncio")
TOOLKITS = ("prompt_toolkit", "urwid", "redis", "pygraphviz", "numpy", "multiprocessing")


def test_imports_run_one_way():
    """The contracts of pyproject.toml hold: one-way layers, and each foreign library in one place only."""
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    script = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    done = subprocess.run(
        [sys.executable, "-c", script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_no_module_imports_for_type_checkers_only():
    """What a type needs is imported for real, so the layers hold for types too."""
    named = [
        path.relative_to(ROOT)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
        or (isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING")
        or (isinstance(node, ast.ImportFrom) and any(alias.name == "TYPE_CHECKING" for alias in node.names))
    ]
    assert named == []


def modules_after(space, *args):
    """Return the modules that a process has imported when `compmake ARGS` ends."""
    script = f"""
        import atexit, json, sys
        def tell():
            with open({str(space.path / "modules.json")!r}, "w") as file:
                json.dump(sorted(sys.modules), file)
        atexit.register(tell)
        sys.argv = ["compmake", *{list(args)!r}]
        from compmake.__main__ import run
        run()
        """
    path = space.write("trace.py", script)
    done = space.python(str(path), env={"PYTHONPATH": str(ROOT)})
    assert done.code == 0, done.err
    return json.loads((space.path / "modules.json").read_text()), done


def imported(modules, names):
    """Return those of `names` that were imported, themselves or a module inside."""
    return [name for name in names if any(m == name or m.startswith(f"{name}.") for m in modules)]


def test_the_version_costs_nothing(space):
    """`--version` imports nothing but the package itself."""
    modules, done = modules_after(space, "--version")
    assert done.out.startswith("compmake ")
    assert imported(modules, (*HEAVY, *TOOLKITS)) == []


def test_import_compmake_costs_nothing(space):
    """`import compmake` loads no module before a name of it is used."""
    done = space.python("-c", "import sys, compmake; print([m for m in sys.modules if m.startswith('compmake.')])")
    assert done.out == "[]\n"


def test_batch_commands_import_no_toolkit(space):
    """A make, a list and a drawing need no screen library, no server's client and no drawing library in the process."""
    space.write("prog.py", "from compmake import comp\ncomp(pow, 2, 3)\n")
    modules, _ = modules_after(space, "prog", "-c", "make; ls; why; diagram out=x.dot")
    assert imported(modules, TOOLKITS) == []


def test_public_names_are_what_the_stub_says():
    """Type checkers and Python see the same names."""
    import compmake

    tree = ast.parse((ROOT / "compmake" / "__init__.pyi").read_text())
    stub = {alias.asname: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted([*stub, "__version__"]) == dir(compmake)
    for name, module in stub.items():
        assert getattr(compmake, name) is getattr(sys.modules[module], name)

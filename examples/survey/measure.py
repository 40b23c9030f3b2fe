"""Measures Python source: how many functions, how long, how deeply nested, what is imported, how much is explained."""

import ast
import io
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError)
LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Measure:
    """What was counted in some source files; measures of parts add up to the measure of the whole."""

    files: int = 0
    lines: int = 0
    code_lines: int = 0
    comment_lines: int = 0
    lengths: tuple[int, ...] = ()  # lines of each function
    depths: tuple[int, ...] = ()  # of each function: how many if, for, while, with, try lie within each other
    imports: frozenset[str] = frozenset()
    unreadable: tuple[str, ...] = ()  # files that are no valid Python


def measure_files(paths: list[Path]) -> Measure:
    """Measure some files; those that are no valid Python are named, not fatal: `test` has some on purpose."""
    parts = []
    for path in paths:
        try:
            parts.append(measure_file(path))
        except UNREADABLE as error:
            print(f"{path}: {error}")
            parts.append(Measure(files=1, unreadable=(path.name,)))
    return combine(parts)


def measure_file(path: Path) -> Measure:
    """Measure one file; raises what Python raises if it cannot be read as Python."""
    text = read_source(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text, filename=str(path))
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    code_lines, comment_lines = count_lines(text)
    return Measure(
        files=1,
        lines=text.count("\n"),
        code_lines=code_lines,
        comment_lines=comment_lines,
        lengths=tuple(function.end_lineno - function.lineno + 1 for function in functions),
        depths=tuple(depth(function) for function in functions),
        imports=frozenset(imported(tree)),
    )


def combine(parts: list[Measure]) -> Measure:
    """Add the measures of the parts of something."""
    return Measure(
        files=sum(part.files for part in parts),
        lines=sum(part.lines for part in parts),
        code_lines=sum(part.code_lines for part in parts),
        comment_lines=sum(part.comment_lines for part in parts),
        lengths=tuple(length for part in parts for length in part.lengths),
        depths=tuple(depth for part in parts for depth in part.depths),
        imports=frozenset().union(*(part.imports for part in parts)),
        unreadable=tuple(name for part in parts for name in part.unreadable),
    )


def read_source(path: Path) -> str:
    """Return the text of a source file, in the encoding that its first lines declare."""
    with tokenize.open(path) as file:
        return file.read()


def depth(function: ast.AST) -> int:
    """Return how many blocks lie within each other at the deepest place; `elif` is no new depth."""
    deepest = 0
    stack = [(child, 0) for child in ast.iter_child_nodes(function)]
    while stack:
        node, level = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            continue
        inside = level + isinstance(node, NESTING)
        deepest = max(deepest, inside)
        for child in ast.iter_child_nodes(node):
            is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
            stack.append((child, level if is_elif else inside))
    return deepest


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level names of what is imported anywhere in a module; relative imports do not count."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def count_lines(text: str) -> tuple[int, int]:
    """Return how many lines hold code and how many hold a comment."""
    code: set[int] = set()
    comments = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments += 1
        elif token.type not in LAYOUT:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code), comments

"""Compares packages: how much of each lies in functions too long to be read at one glance."""

from dataclasses import dataclass
from statistics import median

from survey.measure import Measure

LONG_FUNCTION_LINES = 50
LEAST_FUNCTION_LINES = 400


@dataclass(frozen=True)
class Row:
    """One package as the table and the chart show it."""

    name: str
    files: int
    lines: int
    functions: int
    median_length: float
    longest: int
    deepest: int
    imports: int
    comment_share: float
    long_share: float  # of the lines in functions, those in functions longer than LONG_FUNCTION_LINES


def rank_packages(packages: dict[str, Measure]) -> list[Row]:
    """Return the packages, most lines in long functions first; those with hardly any function are left out."""
    rows = [row_of(name, whole) for name, whole in packages.items() if sum(whole.lengths) >= LEAST_FUNCTION_LINES]
    rows.sort(key=lambda row: (-row.long_share, row.name))
    print(f"{len(rows)} of {len(packages)} packages have at least {LEAST_FUNCTION_LINES} lines in functions")
    return rows


def row_of(name: str, whole: Measure) -> Row:
    in_long = sum(length for length in whole.lengths if length > LONG_FUNCTION_LINES)
    return Row(
        name=name,
        files=whole.files,
        lines=whole.lines,
        functions=len(whole.lengths),
        median_length=median(whole.lengths),
        longest=max(whole.lengths),
        deepest=max(whole.depths),
        imports=len(whole.imports - {name}),
        comment_share=whole.comment_lines / max(1, whole.comment_lines + whole.code_lines),
        long_share=in_long / sum(whole.lengths),
    )

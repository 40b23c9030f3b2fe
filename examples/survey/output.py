"""Writes what was found to survey-out/: the ranking as a chart and as a table, and reports on single files."""

from html import escape
from pathlib import Path
from statistics import median

from compmake import File
from survey.measure import Measure
from survey.ranking import LONG_FUNCTION_LINES, Row
from survey.style import Style

FOLDER = Path("survey-out")
BARS = 30
BAR_HEIGHT, GAP, LEFT, BAR_WIDTH, RIGHT, TOP = 20, 6, 150, 460, 250, 92
BLUE, ORANGE, GREY, INK = "#0072b2", "#e69f00", "#667079", "#222222"


def draw_ranking(rows: list[Row]) -> File:
    """Draw the first packages of the ranking as bars."""
    shown = rows[:BARS]
    middle = median(row.long_share for row in rows)
    scale = BAR_WIDTH / max(row.long_share for row in rows)
    height = TOP + len(shown) * (BAR_HEIGHT + GAP) + 46
    bottom = height - 40
    x = LEFT + middle * scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + BAR_WIDTH + RIGHT}" height="{height}" '
        f'font-family="Helvetica,Arial,sans-serif" font-size="13" fill="{INK}">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="20" y="34" font-size="20" font-weight="bold">Long functions in the standard library</text>',
        f'<text x="20" y="58" fill="{GREY}">Of all lines in functions, the part in functions of more than '
        f"{LONG_FUNCTION_LINES} lines: the first {len(shown)} of {len(rows)} packages and modules</text>",
        *(bar(row, TOP + i * (BAR_HEIGHT + GAP), scale) for i, row in enumerate(shown)),
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}" stroke="{ORANGE}" stroke-width="2" '
        'stroke-dasharray="5 4"/>',
        f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle" fill="{INK}">half of all packages have less than '
        f"{middle:.0%}</text>",
        "</svg>",
    ]
    return save("ranking.svg", "\n".join(parts) + "\n")


def bar(row: Row, y: int, scale: float) -> str:
    width = row.long_share * scale
    base = y + BAR_HEIGHT - 5
    return (
        f'<text x="{LEFT - 10}" y="{base}" text-anchor="end">{escape(row.name)}</text>'
        f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="3" fill="{BLUE}"/>'
        f'<text x="{LEFT + 8}" y="{base}" fill="white" font-weight="bold">{row.long_share:.0%}</text>'
        f'<text x="{LEFT + BAR_WIDTH + 14}" y="{base}" fill="{GREY}">{row.lines:,} lines, longest {row.longest}, '
        f"depth {row.deepest}</text>"
    )


def write_table(rows: list[Row]) -> File:
    """Write all of the ranking as text."""
    head = "package             files    lines functions  median longest depth imports comments  long"
    lines = [
        f"{row.name:<20}{row.files:>5}{row.lines:>9,}{row.functions:>10,}{row.median_length:>8.1f}{row.longest:>8}"
        f"{row.deepest:>6}{row.imports:>8}{row.comment_share:>9.0%}{row.long_share:>6.0%}"
        for row in rows
    ]
    return save("ranking.txt", "\n".join([head, "-" * len(head), *lines, ""]))


def report_file(name: str, measure: Measure, style: Style) -> File:
    """Write what was found in a single file; needs both what `measure_file` and what `check_style` say."""
    return save(
        f"{name}.txt",
        f"{name}: {measure.lines} lines, {measure.comment_lines} with comments\n"
        f"functions: {len(measure.lengths)}, the longest has {max(measure.lengths, default=0)} lines\n"
        f"longest line: {style.longest_line} characters; lines with tabs: {style.tabs}, "
        f"with spaces at their end: {style.trailing_spaces}\n",
    )


def save(name: str, text: str) -> File:
    """Write a file; because jobs return it as `File`, compmake notices when it is deleted or changed."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / name
    path.write_text(text, encoding="utf-8")
    print(f"wrote {path}")
    return File(path)

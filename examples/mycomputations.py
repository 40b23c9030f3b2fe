"""The computations of my_program.py: a wheel rolls inside a ring, and its pens draw. Nothing here knows of compmake."""

from math import cos, gcd, pi, sin
from pathlib import Path

SAMPLES_PER_TURN = 240
COLOURS = ("#0072b2", "#d55e00", "#009e73")


def func1(param1):
    """Make a wheel of radius `param1` with three pens between its centre and its rim."""
    return {"radius": param1, "pens": [param1 * part for part in (0.45, 0.7, 0.95)]}


def func2(wheel, param2):
    """Roll the wheel inside a ring of radius `param2` until the curves close; return what each pen drew."""
    radius = wheel["radius"]
    turns = radius // gcd(radius, param2)
    steps = [2 * pi * i / SAMPLES_PER_TURN for i in range(turns * SAMPLES_PER_TURN + 1)]
    way = param2 - radius
    curves = [
        [(way * cos(t) + pen * cos(way / radius * t), way * sin(t) - pen * sin(way / radius * t)) for t in steps]
        for pen in wheel["pens"]
    ]
    return {"wheel": radius, "ring": param2, "curves": curves}


def print_figures(drawing):
    """Write the drawing to figures/ as an SVG picture and return its path."""
    ring = drawing["ring"]
    lines = "\n".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="{ring / 120}" points="{points(curve)}"/>'
        for colour, curve in zip(COLOURS, drawing["curves"], strict=True)
    )
    path = Path("figures", f"wheel-{drawing['wheel']}-ring-{ring}.svg")
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="480" '
        f'viewBox="{-1.05 * ring} {-1.05 * ring} {2.1 * ring} {2.1 * ring}">\n'
        f'<rect x="{-1.05 * ring}" y="{-1.05 * ring}" width="100%" height="100%" fill="white"/>\n'
        f'<circle r="{ring}" fill="none" stroke="#d9dde1" stroke-width="{ring / 100}"/>\n{lines}\n</svg>\n'
    )
    print(f"{path}: {sum(map(len, drawing['curves']))} points")
    return str(path)


def points(curve):
    return " ".join(f"{x:.3f},{y:.3f}" for x, y in curve)

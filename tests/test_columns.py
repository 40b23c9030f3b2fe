"""`Listing`: tables of many rows, worked out only where somebody looks."""

from hypothesis import given
from hypothesis import strategies as st

from compmake.text_safety import cells
from compmake.ui.columns import Column, Listing

COLUMNS = (
    Column("job", flexible=True, middle=True),
    Column("time", dropped=1, right=True),
    Column("kind", dropped=2),
    Column("arguments", flexible=True),
)


def listing(rows, *, asked=None, width=None, columns=COLUMNS, **more):
    """Return the listing of rows of four cells; `asked` gets the number of each row that is worked out."""

    def row(number, names):
        if asked is not None:
            asked.append(number)
        return [cell for cell, column in zip(rows[number], COLUMNS, strict=True) if column.name in names]

    return Listing(columns, len(rows), row, width=width, **more)


def test_rows_that_nobody_looks_at_are_not_worked_out():
    """The length is known at once, and reading the first lines of a hundred thousand asks for one block of rows."""
    rows = [(f"job-{n}", "1s", "f()", f"x={n}") for n in range(100_000)]
    asked = []
    lines = listing(rows, asked=asked)
    assert (len(lines), asked) == (100_000, [])
    found = iter(lines)
    assert next(found) == "job-0  1s  f()  x=0".replace("job-0  ", "job-0    ")
    assert len(asked) <= 1000
    assert lines[99_999].split() == ["job-99999", "1s", "f()", "x=99999"]


def test_a_slice_is_aligned_by_what_it_shows():
    """Lines of a screen have the header, and columns as wide as these rows need."""
    rows = [("a", "1s", "f()", "x=1"), ("b", "12s", "f()", "x=2"), ("c" * 30, "1s", "f()", "x=3")]
    lines = listing(rows, width=80)
    assert lines[:3] == ["job  time  kind  arguments", "a      1s  f()   x=1", "b     12s  f()   x=2"]
    assert lines[-1].startswith("c" * 30) and len(lines) == 4


def test_known_widths_align_all_blocks():
    """What is known beforehand aligns the first line of a pipe with the last."""
    rows = [(f"job-{n}", "1s", "f()", "x") for n in range(3000)]
    lines = list(listing(rows, least=(8, 0, 0, 0)))
    assert {line.index("1s") for line in lines} == {10}


def test_the_long_form_of_a_cell_gives_way_to_the_short_one():
    """Where the long form of one row does not fit, all rows of the screen have their short one."""
    rows = [("a", "1s", "f()", ("r=<b>, x=1 ← y=2", "x=1 ← y=2")), ("b", "1s", "f()", ("x=3", "x=3"))]
    assert [line.split("  ")[-1].strip() for line in listing(rows, width=60)[1:]] == ["r=<b>, x=1 ← y=2", "x=3"]
    assert [line.split("  ")[-1].strip() for line in listing(rows, width=29)[1:]] == ["x=1 ← y=2", "x=3"]
    assert listing(rows)[0].endswith("r=<b>, x=1 ← y=2")


@given(
    st.lists(
        st.tuples(*[st.text("ab日- ", max_size=40)] * 2, st.text("f()", max_size=9), st.text("x=日", max_size=60))
    ),
    st.integers(20, 120),
)
def test_no_line_is_wider_than_the_screen(rows, width):
    """Whatever is in the cells; and a column is shown in all lines or in none."""
    lines = listing(rows, width=width)
    assert len(lines) == len(rows) + 1
    assert all(cells(line) <= width for line in lines)
    assert list(lines) == lines[:] or len(rows) > 1000

"""`ls`: jobs that can be told apart, in columns that fit, in the order and with the columns that are asked for."""

import re

import pytest
from command_lines import run_each
from command_screens import on_screen
from spaces import Space

from compmake.text_safety import cells

SEED = """\
from compmake import comp
from mycomputations import func1, func2, print_figures

for param1 in [1, 2, 3, 4, 5, 6]:
    for param2 in [10, 11, 12, 13, 14]:
        res1 = comp(func1, param1)
        res2 = comp(func2, res1, param2)
        comp(print_figures, res2)
comp(sum, [1], job_id="summary of a job whose name is too long for most screens, number 12")
"""
MYCOMPUTATIONS = """\
import time

def func1(param1):
    if param1 == 6:
        time.sleep(0.02)
    return [param1]

def func2(res1, param2):
    return param2

def print_figures(res2):
    print(res2)
"""


@pytest.fixture(scope="module")
def seed(tmp_path_factory):
    """The program of the tutorial, made but for its last ten jobs; its jobs are never changed."""
    space = Space(tmp_path_factory.mktemp("seed"))
    space.write("mycomputations.py", MYCOMPUTATIONS)
    space.write("prog.py", SEED)
    assert space.run("prog", "make", "not", "print_figures-2*").code == 0
    return space


def test_jobs_are_told_apart_by_what_their_inputs_were_made_from(seed):
    """`func2-14` shows its own argument and that of the job whose result it takes, also two steps away."""
    own, one, two = seed.run("prog", "-c", "ls func1-14 func2-14 print_figures-14").out.splitlines()
    assert own.endswith("  param1=3")
    assert one.endswith("  res1=<func1-14>, param2=13 ← param1=3")
    assert two.endswith("  res2=<func2-14> ← param2=13, param1=3")


def test_json_has_all_that_is_known_of_a_job(seed):
    """Arguments, those inherited, and every measured number, also of a job that was never made."""
    made, never = seed.run("prog", "-c", "ls print_figures-14 print_figures-20 --json").objects
    assert made["arguments"] == {"res2": "<func2-14>"} and made["inherited"] == {"param1": "3", "param2": "13"}
    assert {"cpu_s", "peak_bytes", "size_bytes", "made_at", "worker", "attempt"} < made.keys()
    assert (never["state"], never["wall_s"]) == ("todo", None)


def test_a_job_that_takes_many_results_inherits_nothing(space):
    """What a sum of a hundred results was made from tells it from nothing."""
    space.write("prog.py", "from compmake import comp\ncomp(max, *[comp(abs, -i) for i in range(5)])\n")
    (shown,) = space.run("prog", "ls", "max", "--json").objects
    assert (len(shown["arguments"]), shown["inherited"]) == (5, {})


@pytest.mark.parametrize("width", [20, 40, 60, 80, 110, 200])
@pytest.mark.parametrize("command", ["ls", "ls -l"])
def test_lines_fit_the_screen(seed, width, command):
    """No line is wider than the screen, whatever the names and arguments are."""
    for ascii_only in (False, True):
        lines = on_screen(seed, command, width=width, ascii_only=ascii_only)
        table = lines[: lines.index("")]
        assert len(table) == 92
        assert max(map(cells, table)) <= width
        assert not ascii_only or "".join(table).isascii()


def test_on_a_narrow_screen_columns_go_before_ids_do(seed):
    """In 40 columns id, state and arguments are left, the ids whole; a long id is cut in its middle."""
    lines = on_screen(seed, "ls print_figures() func2-14", width=40)
    assert lines[0].split() == ["job", "state", "arguments"]
    assert {line.split()[0] for line in lines[2:32]} == {
        f"print_figures{n}" for n in ["", *(f"-{i}" for i in range(2, 31))]
    }
    assert re.match(r"func2-14 +done +param2=13 ← ", lines[1])
    (long,) = on_screen(seed, "ls summary*", width=40)[1:2]
    assert long.startswith("summary o… number 12  done")


def test_without_room_for_both_the_function_is_left_out_first(seed):
    """The id mostly tells the function already."""
    assert on_screen(seed, "ls func2()", width=44)[0].split() == ["job", "state", "time", "arguments"]
    assert on_screen(seed, "ls func2()", width=80)[0].split() == ["job", "state", "function", "time", "arguments"]


def test_long_form_has_more_columns(seed):
    """`-l` shows all that is measured, and says which columns the screen has no room for."""
    names = ["job", "state", "function", "time", "cpu", "memory", "size", "made", "worker", "attempt", "arguments"]
    assert on_screen(seed, "ls -l func2()", width=140)[0].split() == names
    narrow = on_screen(seed, "ls -l func2()", width=80)
    left = narrow[0].split()
    assert left[0] == "job" and left[-1] == "arguments"
    assert narrow[-1] == f"(too narrow for: {', '.join(name for name in names if name not in left)})"


def test_columns_are_chosen_by_name(seed):
    """The id comes first in any case; a column that does not exist is an error with what was meant."""
    chosen, wrong, unknown = run_each(
        seed, [["prog", "ls", "func2-14", f"columns={names}"] for names in ("attempt,function", "stat", "x")]
    )
    assert chosen.out.split() == ["func2-14", "1", "func2()"]
    assert (wrong.code, "did you mean state?" in wrong.err) == (2, True)
    assert (unknown.code, "the columns are job, state, function" in unknown.err) == (2, True)


def test_sorting_by_a_column(seed):
    """Numbers from the largest, words from the first, equal ones by id; `-r` turns it round; no value comes last."""

    def ids(line):
        return [row.split("  ")[0] for row in seed.run("prog", "-c", line).out.splitlines()]

    slowest = ids("ls func1() sort=time")[:5]
    assert sorted(slowest) == [f"func1-{n}" for n in range(26, 31)]
    assert ids("ls func1() sort=time -r")[-5:] == sorted(slowest, key=slowest.index, reverse=True)
    by_state = ids("ls print_figures() sort=state")
    assert by_state[:3] == ["print_figures", "print_figures-3", "print_figures-4"]
    assert by_state[-2:] == ["print_figures-28", "print_figures-29"]
    assert ids("ls print_figures() sort=made")[-2:] == ids("ls print_figures() sort=made -r")[-2:] == by_state[-2:]
    assert ids("ls func2() sort=arguments")[-1] == "func2-30"
    bad = seed.run("prog", "ls", "sort=tme")
    assert (bad.code, "sort is one of job, state, function" in bad.err) == (2, True)


def test_the_column_that_jobs_are_sorted_by_is_shown(seed):
    """Also one that the short form has not, and on a screen that has room for little."""
    assert "memory" in on_screen(seed, "ls func2() sort=memory", width=80)[0].split()
    assert on_screen(seed, "ls -l func2() sort=memory", width=40)[0].split()[:3] == ["job", "state", "memory"]


def test_natural_order_can_be_turned_round(seed):
    """Without `sort` the ids are in natural order, and `-r` begins with the last."""
    done = seed.run("prog", "-c", "ls func1() -r | cut -d' ' -f1 | head -n 2")
    assert done.out.split() == ["func1-30", "func1-29"]


def test_the_console_shows_one_screen_and_the_totals(seed):
    """What does not fit is counted, with the line that shows it; totals stay; `--all` shows everything."""
    lines = on_screen(seed, "ls", width=80, rows=24)
    assert len(lines) <= 24
    assert lines[-3] == f"... {92 - len(lines[:-3])} more: ls --all, or ls | less"
    assert lines[-1] == "91 jobs: 80 done, 11 todo"
    assert len(on_screen(seed, "ls --all", width=80, rows=24)) == 94


def test_a_pipe_has_a_cell_for_everything(seed):
    """Columns are the same in every line, also of a job without a time: `awk` finds them."""
    rows = [line.split() for line in seed.run("prog", "ls", "print_figures()").out.splitlines()]
    assert len(rows) == 30
    assert {row[3] for row in rows if row[1] == "todo"} == {"-"}
    assert all(row[2] == "print_figures()" for row in rows)

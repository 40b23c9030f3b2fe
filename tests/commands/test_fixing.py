"""`debug` and `load`: a job under pdb, results at a Python prompt; without a terminal, and in one."""

import re

import pytest
from spaces import Space
from terminal import compmake_terminal

PROGRAM = """\
from compmake import comp
from work import start, fail, leaves, seeded, moves

comp(fail, comp(start, 3), job_id="bad-1")
comp(start, 4, job_id="good")
comp(leaves)
comp(seeded)
comp(moves)
"""
WORK = """\
import json, os, random, sys

def start(x):
    return {"x": x}

def helper(text):
    return json.loads(text)

def fail(data):
    mine = data["x"] * 2
    print("mine is", mine)
    return helper("{bad")

def leaves():
    exit(3)

def seeded():
    raise ValueError(random.random())

def moves():
    os.chdir("/")
    os.environ["MOVED"] = "yes"
    sys.argv.append("more")
    print("argv", sys.argv)
    return "moved"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Made once: `start` and `good` are done, `bad-1` and `leaves` failed."""
    space = Space(tmp_path_factory.mktemp("fixing"))
    space.write("work.py", WORK)
    space.write("prog.py", PROGRAM)
    assert space.run("prog", "make").code == 1
    return space


def test_debug_stops_at_the_users_deepest_line(made):
    """pdb reads its commands from standard input; library frames are below."""
    done = made.run("prog", "debug", "bad-1", stdin="p text\nup\np mine\nq\n")
    assert done.code == 0, done.err
    assert "mine is 6" in done.out and "json.decoder.JSONDecodeError" in done.out
    assert "(Pdb) '{bad'" in done.out and "(Pdb) 6" in done.out
    assert done.out.index("work.py(7)helper()") < done.out.index("'{bad'")
    assert done.out.endswith("bad-1 failed here; nothing was recorded.\n")
    assert "Traceback" not in done.err


def test_debug_records_nothing(made):
    """Neither attempt nor result: all is as before."""
    before = made.run("prog", "ls", "--json").out
    for command in ("bad-1", "good"):
        made.run("prog", "debug", command)
    assert made.run("prog", "ls", "--json").out == before
    assert len(made.run("prog", "runs", "--json").objects) == 1


def test_debug_of_a_job_that_works_says_so(made):
    """With its result in short."""
    done = made.run("prog", "debug", "good")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("good succeeded here, with {'x': 4}; nothing was recorded.\n")


def test_debug_has_the_workers_random_numbers(made):
    """The same seed: it fails with the same number."""
    (found,) = made.run("prog", "traceback", "seeded", "--json").objects
    assert f"ValueError: {found['failure']['message']}" in made.run("prog", "debug", "seeded").out


def test_what_a_debugged_job_changes_is_put_back(made):
    """Folder, environment and arguments of the process; it sees the program in `sys.argv`."""
    lines = "debug moves; ls | sh -c 'pwd; echo $MOVED.'"
    done = made.run("prog", "-c", lines)
    assert f"argv ['{made.path}/prog.py', 'more']" in done.out
    assert done.out.endswith(f"{made.path}\n.\n")


def test_step_stops_at_the_first_line(made):
    """Before anything of the function ran; leaving pdb leaves the job."""
    done = made.run("prog", "debug", "bad-1", "--step", stdin="p data\nq\n")
    assert (done.code, done.err) == (0, "")
    assert "mine is" not in done.out and "(Pdb) {'x': 3}" in done.out
    assert done.out.endswith("bad-1 was left before its end; nothing was recorded.\n")
    going_on = made.run("prog", "debug", "bad-1", "--step", stdin="c\np text\nq\n")
    assert "mine is 6" in going_on.out and "'{bad'" in going_on.out


def test_a_job_that_exits_does_not_end_the_session(made):
    """`exit()` closes standard input in other programs; here the next command is read from it."""
    done = made.run("prog", stdin="debug leaves\nw\nq\nls good\n")
    assert "SystemExit: job called sys.exit(3)" in done.out
    assert "work.py(15)leaves()" in done.out
    assert done.out.splitlines()[-1].startswith("good")


def test_debug_needs_the_results_of_dependencies(space):
    """A job that was never made is named."""
    space.write("work.py", WORK)
    space.write("prog.py", PROGRAM)
    done = space.run("prog", "debug", "bad-1")
    assert (done.code, done.out) == (2, "")
    assert "bad-1 needs the result of start, which was never made: `make start` first" in done.err


def test_load_runs_a_script_over_results(made):
    """`result` for one job, `results` for many, a name for each job whose id is one."""
    one = made.run("prog", "load", "good", stdin="print(result['x'], good['x'], len(results))\n")
    assert (one.code, one.out) == (0, "4 4 1\n")
    many = made.run("prog", "load", "start()", "moves", stdin="print(sorted(results), moves)\n")
    assert many.out == "['good', 'moves', 'start'] moved\n"
    failing = made.run("prog", "load", "good", stdin="print(result)\nnothing\n")
    assert failing.code == 1 and failing.out == "{'x': 4}\n" and "NameError" in failing.err


def test_load_gives_a_name_to_every_id(space):
    """What cannot be in a name is `_`, also before a digit and behind a keyword; of two alike one has it."""
    ids = ["lines-13", "2024 data", "class", "é²", "a-b", "a.b", "x-1", "x_1", "result"]
    space.write(
        "prog.py", f"from compmake import comp\nfor n, i in enumerate({ids!r}):\n    comp(float, n, job_id=i)\n"
    )
    assert space.run("prog", "make").code == 0
    done = space.run("prog", "load", "all", stdin="print(lines_13, _2024_data, class_, é_, a_b, results['a.b'], x_1)\n")
    assert (done.code, done.out) == (0, "0.0 1.0 2.0 3.0 4.0 5.0 7.0\n"), done.err
    told = {line.split("=")[0].strip() for line in space.run("prog", "load", "all").out.splitlines()[:-1]}
    in_results = {"results['a.b']", "results['x-1']", "results['result']"}
    assert told == {"lines_13", "_2024_data", "class_", "é_", "a_b", "x_1"} | in_results
    assert space.run("prog", "load", "lines-13").out == "result   = 0.0\nlines_13 = 0.0\n"


def test_load_without_a_script_lists_what_there_is(made):
    """Names with short values; what has no result is told."""
    one = made.run("prog", "load", "good")
    assert one.out == "result = {'x': 4}\ngood   = {'x': 4}\n"
    many = made.run("prog", "load", "good", "bad-1", "moves")
    assert many.out.splitlines()[:2] == ["good  = {'x': 4}", "moves = 'moved'"]
    assert "not loaded: there is no result: 'bad-1' failed the last time: json.decoder.JSONDecodeError" in many.out


def test_load_lists_long_names_in_short(space):
    """An id of thousands of characters is cut, and does not push the values of others out of sight."""
    space.write("prog.py", "from compmake import comp\nfor n in 'b', 'L' * 5000:\n    comp(str, 4, job_id=n)\n")
    assert space.run("prog", "make").code == 0
    lines = space.run("prog", "load", "all").out.splitlines()
    assert lines[1].endswith(" = '4'") and max(map(len, lines)) < 80


def test_load_of_nothing_is_one_clear_line(made):
    """A job without a result, an empty selection."""
    failed, none = made.run("prog", "load", "bad-1"), made.run("prog", "load", "blocked")
    assert (failed.code, len(failed.err.splitlines())) == (2, 1) and "failed the last time" in failed.err
    assert (none.code, none.err) == (2, "compmake: the selection is empty: there is nothing to load\n")


def test_load_of_a_damaged_result_is_one_clear_line(made, tmp_path):
    """The store says that it is damaged, and nothing is unpickled."""
    import shutil

    shutil.copytree(made.path, tmp_path / "copy")
    space = Space(tmp_path / "copy")
    space.write("work.py", WORK.replace('return {"x": x}', 'return b"x" * 100_000'))
    assert space.run("prog", "make", "good").code == 0
    for path in (space.path / ".compmake" / "prog" / "objects").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"!")
    done = space.run("prog", "load", "good")
    assert done.code == 2 and len(done.err.splitlines()) == 1, done.err


def test_pdb_in_a_terminal(made):
    """What is typed is answered, Ctrl-C stays in pdb, and `q` leaves it."""
    with compmake_terminal(made, "prog", "debug", "bad-1") as terminal:
        terminal.wait_for("(Pdb)")
        terminal.enter("p mine if 'mine' in dir() else text")
        terminal.wait_for("'{bad'")
        terminal.press("ctrl-c")
        terminal.wait_for("KeyboardInterrupt")
        terminal.enter("q")
        assert terminal.wait_end() == 0
        assert "Traceback" not in terminal.shown


@pytest.mark.parametrize("step", [False, True])
def test_ctrl_c_stops_at_the_line_where_the_job_hangs(space, step):
    """In post mortem, also after `c` in pdb; leaving that is told as an interruption."""
    space.write("work.py", "import time\ndef hang(mine):\n    print('begun') or time.sleep(600)\n")
    space.write("prog.py", "from compmake import comp\nfrom work import hang\ncomp(hang, 7)\n")
    with compmake_terminal(space, "prog", "debug", "hang", *["--step"][:step]) as terminal:
        if step:
            terminal.wait_for("(Pdb)")
            terminal.enter("c")
        terminal.wait_for("begun")
        terminal.press("ctrl-c")
        shown = "".join(terminal.wait_for("(Pdb)").split())  # long lines are wrapped
        assert "KeyboardInterrupt" in shown and re.search(r"work\.py\(3\)hang\(\)", shown)
        terminal.enter("p mine + 100")
        terminal.wait_for("107")
        terminal.enter("q")
        assert terminal.wait_end() == 0
        assert "hang was interrupted here; nothing was recorded." in terminal.shown


def test_python_in_a_terminal(made):
    """Results have names, Tab completes them, and `exit()` leaves."""
    with compmake_terminal(made, "prog", "load", "good") as terminal:
        terminal.wait_for("result = {'x': 4}")
        terminal.wait_for(">>>")
        terminal.enter("good['x'] + 100")
        terminal.wait_for("104")
        terminal.send("goo\t")
        terminal.wait_for(">>> good")
        terminal.press("ctrl-u")
        terminal.enter("exit()")
        assert terminal.wait_end() == 0

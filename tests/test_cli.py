"""The command line: how PROGRAM is named, where options stand, and the exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_lines import run_each
from spaces import Space, clean_environment

import compmake

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SMALL = "from compmake import comp\nfrom ledger import note\n\ndef f(x):\n    note(f'f {x}')\n    return x\n\n"
CONSOLE = "from compmake import compmake_console\n"


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """The program of the introduction, unchanged, made once."""
    folder = tmp_path_factory.mktemp("drawn")
    for name in ("my_program.py", "mycomputations.py"):
        shutil.copy(EXAMPLES / name, folder)
    space = Space(folder)
    done = space.run("my_program", "make")
    assert done.code == 0, done.err
    assert "90 done, 0 failed, 0 blocked" in done.err
    return space


@pytest.fixture
def two(space):
    """A program of two jobs that note that they ran."""
    space.write("prog.py", SMALL + "comp(f, comp(f, 1))\n")
    return space


def test_the_introductory_program_is_found_however_it_is_named(drawn, tmp_path):
    """As module, file, file elsewhere and through `python -m compmake`: the same program, nothing left to do."""
    other = str(tmp_path)
    names = ["my_program", "my_program.py", "./my_program.py", str(drawn.path / "my_program.py")]
    folders = [str(drawn.path)] * 3 + [other]
    for done in run_each(drawn, [[name, "make"] for name in names], folders):
        assert done.code == 0
        assert "Nothing to do: 90 jobs are up to date." in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_introductory_program_in_all_its_commands(drawn):
    """`diagram`, a line of commands, a list: as the introduction shows them."""
    line, diagram, listed = run_each(
        drawn, [["my_program", "-c", "make; ls failed; why"], ["my_program", "diagram"], ["my_program", "ls"]]
    )
    assert (line.code, line.out) == (0, "Every job is up to date.\n")
    assert diagram.out == "my_program.svg\nmy_program.png\n"
    assert len(listed.out.splitlines()) == 90
    assert len(list((drawn.path / "figures").iterdir())) == 30


def test_a_script_may_end_with_the_console(two):
    """`python prog.py make`, with and without a guard, and `compmake prog make` mean the same jobs."""
    plain = (two.path / "prog.py").read_text()
    for ending in ("compmake_console()\n", 'if __name__ == "__main__":\n    compmake_console()\n'):
        two.write("prog.py", plain + CONSOLE + ending)
        made = two.python("prog.py", "-y", "-c", "clean; make; ls --json")
        assert [json.loads(line)["job"] for line in made.out.splitlines()[1:]] == ["f", "f-2"]
        assert (made.code, two.take_ledger()) == (0, ["f 1", "f 1"]), made.err
        again = two.run("prog", "make")
        assert "Nothing to do: 2 jobs are up to date." in again.err


def test_a_program_may_be_a_module_of_a_package(space):
    """`pkg.mod`, its file and the package itself are found; the store lies beside the top folder."""
    space.write("pkg/__init__.py", "")
    space.write("pack/__init__.py", "from compmake import comp\ncomp(pow, 2, 2, job_id='top')\n")
    space.write("pkg/sub/__init__.py", "")
    space.write("pkg/sub/mod.py", "from compmake import comp\nfrom ..helper import g\ncomp(g, 2)\n")
    space.write("pkg/helper.py", "def g(x):\n    return x\n")
    for name in ("pkg.sub.mod", "pkg/sub/mod.py"):
        done = space.run(name, "-c", "make; ls | cut -d' ' -f1")
        assert (done.code, done.out) == (0, "g\n"), done.err
    assert "Nothing to do" in done.err
    assert space.run("pack", "-c", "make; ls | cut -d' ' -f1").out == "top\n"
    stores = sorted(path.parent.name for path in space.path.glob(".compmake/*/index.db"))
    assert stores == ["pack", "pkg.sub.mod"]


def test_a_store_is_looked_at_without_its_program(two):
    """In the folder of a store every command that looks works, after the program is gone."""
    assert two.run("prog", "make").code == 0
    (two.path / "prog.py").unlink()
    commands = ["ls", "why", "why f", "plan", "stats", "runs", "details f-2", "output f", "check", "config"]
    commands += ["diagram out=x.dot", "dump f dir=d", "ls --json"]
    for command, done in zip(commands, run_each(two, [[".compmake/prog", "-c", c] for c in commands]), strict=True):
        assert (done.code, done.err) == (0, ""), command
        assert done.out, command
    assert "f-2" in done.out


def test_a_store_without_its_program_is_not_changed(two):
    """What would change something is refused with what to do instead, `-y` or not."""
    assert two.run("prog", "make").code == 0
    commands = ["make", "remake f", "clean", "clean f", "invalidate f", "accept f", "gc", "delete all"]
    for command, done in zip(
        commands, run_each(two, [["-y", ".compmake/prog", "-c", c] for c in commands]), strict=True
    ):
        assert done.code == 2, command
        assert "is open without its program: name the program instead of the store" in done.err, command
    assert "Nothing to do" in two.run("prog", "make").err


def test_options_stand_before_and_after_the_program(two):
    """`--store`, `--config`, `-q` and the rest are read on both sides of PROGRAM, up to the command."""
    lines = [
        ["--store", "one", "prog", "-q", "make"],
        ["-q", "prog", "--store=one", "make"],
        ["prog", "--config", "store=one", "--ui", "quiet", "make"],
        ["--color", "never", "prog", "--config", "store=one", "-c", "ls f"],
    ]
    first, *others = run_each(two, lines)
    assert (first.code, first.err) == (0, "")
    assert two.take_ledger() == ["f 1", "f 1"]
    assert all(done.code == 0 for done in others)
    assert others[-1].out.split()[:2] == ["f", "done"]
    assert (two.path / "one" / "index.db").exists()
    assert not (two.path / ".compmake").exists()


def test_settings_come_from_files_and_the_environment(two):
    """compmake.toml beside the program, else pyproject.toml; the environment over both, flags over all."""
    two.write("pyproject.toml", "[tool.compmake]\nstore = 'from-project'\n")
    assert two.run("prog", "make").code == 0
    two.write("compmake.toml", "store = 'from-file'\n")
    assert two.run("prog", "make").code == 0
    assert two.run("prog", "make", env={"COMPMAKE_STORE": "from-env"}).code == 0
    assert two.run("prog", "--store", "from-flag", "make", env={"COMPMAKE_STORE": "from-env"}).code == 0
    stores = sorted(path.parent.name for path in two.path.glob("*/index.db"))
    assert stores == ["from-env", "from-file", "from-flag", "from-project"]


MISTAKES = [
    ([], "name a program, for example: compmake my_program"),
    (["nosuch", "ls"], "there is no program 'nosuch'"),
    (["nosuch.py", "ls"], "there is no file nosuch.py in"),
    (["prog", "lss"], "unknown command 'lss': did you mean ls"),
    (["prog", "ls", "--jsno"], "list has no option --jsno: did you mean --json?"),
    (["prog", "--nosuch", "ls"], "unknown option --nosuch"),
    (["prog", "ls", "--redis", "off"], "--redis stands before the command: compmake PROGRAM --redis VALUE ls"),
    (["prog", "--json", "ls"], "options of a command stand after it"),
    (["./prog", "ls"], "did you mean prog.py?"),
    (["prog", "dump", "dir="], "dump: dir needs a value: dir=DIR"),
    (["prog", "-c"], "-c needs a value"),
    (["prog", "-c", "ls", "ls"], "both -c and the command 'ls': use one of them"),
    (["prog", "--config", "keeep=3", "ls"], "command line: unknown setting 'keeep': did you mean 'keep'?"),
    (["prog", "--config", "keep=x", "ls"], "command line: keep = 'x': expected a number, 0 or more"),
    (["prog", "--ui", "huge", "make"], "ui = 'huge': expected auto, live, plain, json or quiet"),
    (["prog", "--store", "http://host", "ls"], "is no store: name a folder, or redis://"),
    (["prog", "--store", "redis://:canary/1@host", "ls"], "this URL cannot be used"),
    (["prog", "runs", "n=0"], "n=0: a number of 1 or more is needed"),
    (["prog", "make", "-j0"], "jobs=0: a number of 1 or more is needed"),
    (["prog", "make", "--inline", "n=2"], "--inline excludes -j 2: inline jobs run one at a time"),
    (["prog", "parmake", "--inline"], "--inline excludes running on all CPUs"),
    (["prog", "--config", "functions=f time=2h", "ls"], "functions.\"f\": unknown key 'time': known: timeout, retries"),
    (["./sub", "ls"], "./sub is a folder, but neither a store (no index.db) nor a package"),
]


def test_mistakes_of_use_are_short_and_exit_2(two):
    """Each message names the thing and what to do, on one line, without a traceback of compmake's own."""
    (two.path / "sub").mkdir()
    for (arguments, problem), done in zip(MISTAKES, run_each(two, [m[0] for m in MISTAKES]), strict=True):
        assert (done.code, done.out) == (2, ""), arguments
        message = done.err.splitlines()[-1]
        assert message.startswith("compmake: "), arguments
        assert problem in message


def test_a_store_that_cannot_be_read_exits_3(two):
    """A store that is not one is named, with exit code 3."""
    two.write("bad/index.db", "this is no database, and it is long enough to be read as one" * 20)
    done = two.run("prog", "--store", "bad", "make")
    assert done.code == 3
    assert "bad" in done.err
    assert "Traceback" not in done.err
    assert two.take_ledger() == []


def test_a_bug_in_compmake_exits_70(two):
    """What nobody foresaw keeps its traceback and asks for a report."""
    script = "import compmake.cli as c\ndef broken(*_):\n    raise ZeroDivisionError\nc._carry_out = broken\n"
    done = two.python("-c", f"{script}raise SystemExit(c.main(['prog', 'ls']))")
    assert done.code == 70
    assert "ZeroDivisionError" in done.err
    assert "this is a bug in compmake; please report it" in done.err


def test_ctrl_c_exits_130(space):
    """An interrupted make lets the running job end, starts nothing more, and exits with 130."""
    space.write(
        "prog.py",
        """\
        import os, signal
        from compmake import comp

        def first(driver):
            os.kill(driver, signal.SIGINT)
            return 1

        def second(x):
            return x

        comp(second, comp(first, os.getpid()))
        """,
    )
    done = space.run("prog", "make")
    assert done.code == 130, done.err
    assert "Nothing to do: 1 job is up to date." in space.run("prog", "-c", "accept first; make first").err
    states = {found["job"]: found["state"] for found in space.run("prog", "ls", "second", "--json").objects}
    assert states == {"second": "todo"}


def test_ctrl_c_while_reading_commands_exits_130(two):
    """A script of commands that is interrupted between two of them does not go on."""
    arguments = [sys.executable, "-m", "compmake", "prog"]
    with subprocess.Popen(
        arguments,
        cwd=two.path,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdin.write("ls f\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("f ")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_version_and_help(space):
    """Both answer without a program, on standard output, with exit code 0."""
    version, usage = space.run("--version"), space.run("-h")
    assert (version.code, version.out) == (0, f"compmake {compmake.__version__}\n")
    assert re.match(r"usage: compmake \[OPTIONS\] PROGRAM", usage.out)
    assert (usage.code, usage.err) == (0, "")


def test_the_hash_seed_is_fixed_for_makes(space):
    """Jobs that depend on the order of sets repeat: a make starts itself again with a fixed seed, once."""
    space.write(
        "prog.py",
        "import os\nfrom compmake import comp\n\ndef seed():\n    return os.environ['PYTHONHASHSEED']\n\ncomp(seed)\n",
    )
    done = space.run("prog", "-c", "make; details seed", env={"PYTHONHASHSEED": "random"})
    assert "'0'" in done.out, done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["prog", "parmake"],
        ["prog", "parmake", "seed", "-j", "2"],
        ["-q", "prog", "-y", "remake", "seed"],
        ["prog", "-y", "-c", "ls; parremake n=1 seed > made.txt"],
        ["prog", "-c", "ls; 'make'>made.txt"],
    ],
)
def test_the_hash_seed_is_fixed_for_every_way_to_make(space, arguments):
    """Programs that iterate over sets define the same jobs each time: every command that makes has the seed."""
    space.write(
        "prog.py",
        "import os\nfrom compmake import comp\n\nopen('seed.txt', 'w').write(os.environ['PYTHONHASHSEED'])\n"
        "def seed():\n    return 1\n\ncomp(seed)\n",
    )
    done = space.run(*arguments, env={"PYTHONHASHSEED": "random"})
    assert done.code == 0, done.err
    assert (space.path / "seed.txt").read_text() == "0"


def test_a_make_starts_itself_again_before_it_has_loaded_much(two):
    """What takes long is loaded once."""
    done = two.python("-X", "importtime", "-m", "compmake", "prog", "make", env={"PYTHONHASHSEED": "random"})
    assert done.code == 0, done.err
    assert done.err.count(" compmake.cli\n") == 2 and done.err.count(" compmake.ui.commands.making\n") == 1


def test_odd_bytes_are_no_bug(two):
    """A command that is no text of this locale is an ordinary mistake."""
    done = two.run("prog", stdin="ls \udcff\n")
    assert done.code == 2
    assert "no job is called" in done.err
    assert "Traceback" not in done.err
    done = two.run("prog", "ls", os.fsdecode(b"\xff"))
    assert done.code == 2


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_change_nothing(two, closed):
    """A make whose starter closed its standard streams is an ordinary make."""
    assert in_shell(two, f"prog make {closed}").returncode == 0
    assert two.take_ledger() == ["f 1", "f 1"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_full_standard_output_is_no_bug(two):
    """What cannot be printed is told in one line."""
    done = in_shell(two, "prog ls > /dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        "compmake: standard output cannot be written: No space left on device\n",
    )


def test_a_log_that_nobody_reads_does_not_hide_a_failure(space):
    """The reader of the log went away: the exit code is that of the make."""
    space.write("prog.py", "from compmake import comp\n\ndef f():\n    raise ValueError\n\ncomp(f)\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = in_shell(space, "prog make", stderr=writing)
    os.close(writing)
    assert done.returncode == 1


def in_shell(space, line, stderr=subprocess.PIPE):
    """Run `compmake LINE` by a shell, which does what the line says with the standard streams."""
    return subprocess.run(
        f"exec {sys.executable} -m compmake {line}",
        shell=True,
        cwd=space.path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=60,
        check=False,
    )

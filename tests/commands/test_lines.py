"""Lines of commands: `;`, pipes, redirection, and the exit code of the whole."""

import pytest
from command_lines import run_each


def test_commands_of_a_line_run_in_order(small):
    """A make with failed jobs does not end the line; the code is the first that is not 0."""
    done = small.run("prog", "-c", "make; ls failed; why last")
    assert done.code == 1
    assert done.out.splitlines()[0].split()[:2] == ["func2-3", "failed"]
    assert "failed: func2-3" in done.out


def test_x_ends_the_line_after_a_make_with_failed_jobs(small):
    """With `-x` nothing follows a make that did not get everything done."""
    done = small.run("prog", "-x", "-c", "make; ls failed")
    assert (done.code, done.out) == (1, "")


@pytest.mark.parametrize(("first", "code"), [("ls nosuchjob", 2), ("clean", 2), ("output func3-3", 2)])
def test_what_could_not_be_carried_out_ends_the_line(small, first, code):
    """After a usage error or an unasked question the rest of the line is left."""
    done = small.run("prog", "-c", f"{first}; stats")
    assert (done.code, done.out) == (code, "")


def test_mistakes_are_told_before_anything_is_done(small):
    """An unknown command or option anywhere in the line does nothing at all."""
    lines = [["prog", "-c", f"remake func1; {bad}"] for bad in ("lsx", "ls --jsn", "ls 'x", "make n=", "stats | ")]
    for done in run_each(small, lines[:3] + lines[4:]):
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("compmake: ")
    assert small.take_ledger() == []


def test_several_lines(small):
    """`-c` may be given more than once."""
    done = small.run("-c", "ls func1", "prog", "-c", "ls func1-2")
    assert [line.split()[0] for line in done.out.splitlines()] == ["func1", "func1-2"]


def test_a_pipe_gets_one_line_a_job(small):
    """`ls | wc -l` counts jobs: no header, no total; everything after the first bar is the shell's."""
    count, sort, empty = run_each(
        small,
        [
            ["prog", "-c", line]
            for line in ("ls | wc -l", "ls | cut -d' ' -f1 | sort -r | head -n 1", "ls stale | wc -l")
        ],
    )
    assert count.out.strip() == "9"
    assert sort.out == "func3-3\n"
    assert empty.out.strip() == "0"


def test_help_and_json_go_through_pipes_and_into_files(small):
    """Every command's text and objects can be sent on, also of commands that need no program."""
    lines = ("help | head -n 1", "ls --json | wc -l", "help > help.txt; ls --json > jobs.json", "help > h.txt")
    helped, count, both, alone = run_each(small, [["prog", "-c", line] for line in lines])
    assert helped.out == "make:\n"
    assert count.out.strip() == "9"
    assert both.out == alone.out == ""
    assert len((small.path / "jobs.json").read_text().splitlines()) == 9
    assert (small.path / "help.txt").read_text() == (small.path / "h.txt").read_text() != ""


def test_a_reader_that_stops_early_is_no_error(small):
    """`ls | head -n 1` inside a line and outside of compmake ends without a word."""
    inside = small.run("prog", "-c", "ls | head -n 1; stats | true")
    assert (inside.code, len(inside.out.splitlines()), inside.err) == (0, 1, "")
    script = """
        import os, subprocess, sys
        reader, writer = os.pipe()
        os.close(reader)
        for arguments in (["prog", "ls"], ["prog", "help"], ["--help"]):
            done = subprocess.run([sys.executable, "-m", "compmake", *arguments], stdout=writer, stderr=subprocess.PIPE)
            assert (done.returncode, done.stderr) == (0, b""), (arguments, done)
        """
    outside = small.python(str(small.write("closed.py", script)))
    assert outside.code == 0, outside.err


def test_a_pipe_to_what_cannot_run_is_told(small):
    """A shell command that does not exist exits 2 and ends the line; one that ends with 1 of its own is its affair."""
    missing, unlucky = run_each(
        small, [["prog", "-c", f"ls | {command}; ls func1"] for command in ("no-such-command-here", "grep nothing")]
    )
    assert (missing.code, missing.out) == (2, "")
    assert "the shell cannot run 'no-such-command-here'" in missing.err
    assert (unlucky.code, unlucky.out.split()[0]) == (0, "func1")


def test_redirection(small):
    """`>` writes a file anew, `>>` adds to it, and a file that cannot be written is a clear error."""
    new, more, again, bad = run_each(
        small,
        [
            ["prog", "-c", "ls func1 > out.txt"],
            ["prog", "-c", "ls func1-2 >> out.txt"],
            ["prog", "-c", "ls func2 > 'my jobs.txt'"],
            ["prog", "-c", "ls > no/such/folder.txt; stats"],
        ],
    )
    assert [done.code for done in (new, more, again, bad)] == [0, 0, 0, 2]
    assert [line.split()[0] for line in (small.path / "out.txt").read_text().splitlines()] == ["func1", "func1-2"]
    assert (small.path / "my jobs.txt").exists()
    assert "no/such/folder.txt cannot be written" in bad.err
    assert bad.out == ""


def test_background_needs_the_console(small):
    """`&` in batch mode is refused rather than ignored."""
    done = small.run("prog", "-c", "make &")
    assert done.code == 2
    assert "& needs the interactive console" in done.err


def test_quotes_protect_a_job_id_with_spaces(space):
    """In a line a quoted word is one job id, never several jobs, even when no such job exists."""
    text = "from compmake import comp\nfor i in ('a', 'b', 'c d'):\n    comp(len, i, job_id=i)\n"
    space.write("prog.py", text)
    one, missing, several, shell = run_each(
        space,
        [
            ["prog", "-c", "make 'c d'; ls 'c d'"],
            ["prog", "-y", "-c", "clean 'a b'"],
            ["prog", "ls", "a b"],
            ["prog", "ls", "c d"],
        ],
    )
    assert one.out.split()[:3] == ["c", "d", "done"]
    assert (missing.code, "no job is called 'a b'" in missing.err) == (2, True)
    assert [line[0] for line in several.out.splitlines()] == ["a", "b"]
    assert shell.out.startswith("c d")


def test_quotes_inside_the_words_of_a_shell_protect_too(space):
    """A keyword that is a job's id can be named without `-c`; a job whose id has the quotes comes first."""
    text = "from compmake import comp\nfor i in ('last', 'not', '\"not\"'):\n    comp(len, i, job_id=i)\n"
    space.write("prog.py", text)
    words = (["'last'"], ["'not'"], ['"not"'], ["not", "'last'"])
    found = run_each(space, [["prog", "ls", *selection] for selection in words])
    ids = [[line.split()[0] for line in done.out.splitlines()] for done in found]
    assert ids == [["last"], ["not"], ['"not"'], ['"not"', "not"]]


def test_commands_are_read_from_standard_input(small):
    """Without a command each line of standard input is one; it ends at what could not be carried out."""
    done = small.run("prog", stdin="ls func1\n\nls func1-2 | cut -d' ' -f1\n")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["func1", "func1-2"]
    done = small.run("prog", stdin="ls func1\nnosuch\nls func2\n")
    assert done.code == 2
    assert "unknown command 'nosuch'" in done.err
    assert "func2" not in done.out
    assert small.run("prog", stdin="make; ls\nexit\nnosuch\n").code == 1

"""Lines typed in the console: several commands, quotes, pipes, files, mistakes, help."""

import re

import pytest
from consoles import Console, let_go

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.ui.commands.registry import all_commands


def test_commands_of_one_line_are_carried_out_in_order(shared):
    """`;` separates them; a blank one is nothing."""
    shown = shared.run("ls func1; ls failed;; ls blocked;")
    assert re.search(r"func1 .*\n.*func2-3 .*\n.*func3-3 ", shown, re.DOTALL)


def test_what_cannot_be_carried_out_ends_the_line(shared):
    """What stands behind a mistake is not carried out."""
    shown = shared.run("ls nosuch; ls blocked")
    assert "nosuch" in shown and "func3-3" not in shown


@pytest.mark.parametrize("line", ["ls 'func2-3'", 'ls "func2-3"', "ls func2'-'3", "ls 'func2-3' | cat", "ls func2-[3]"])
def test_quotes_are_taken_away_and_globs_are_not_the_shells(shared, line):
    """However it is quoted, the job is the same."""
    assert re.search(r"^func2-3\b", shared.run(line), re.MULTILINE)


def test_operators_in_quotes_are_text(shared):
    """`;`, `|` and `>` in quotes belong to the id, which does not exist here."""
    assert "no job is called 'a; ls | b > c'" in shared.run("ls 'a; ls | b > c'")


def test_a_pipe_gets_plain_lines(shared):
    """The shell command sees one line a job, without colours, header and total, and writes to the terminal."""
    assert shared.run("ls | grep -c .").splitlines()[0] == "11"
    assert shared.run("ls done | head -2 | cut -c 1-7").splitlines()[:2] == ["func1", "func1-2"]


def test_a_pipe_whose_reader_stops_is_no_error(shared):
    """`head` ends before all was written: nothing is said of it."""
    shown = shared.run("ls --all | head -1")
    assert len(shown.splitlines()) == 1


def test_a_file_gets_what_a_command_found(console, made):
    """`>` begins the file, `>>` appends to it; the terminal shows nothing."""
    assert not console.run("ls done > left.txt")
    assert len((made.path / "left.txt").read_text().splitlines()) == 7
    console.run("ls failed >> left.txt")
    assert len((made.path / "left.txt").read_text().splitlines()) == 8
    console.run("ls failed > 'left over.txt'; ls todo --json > todo.json")
    assert "\x1b" not in (made.path / "left over.txt").read_text()
    assert (made.path / "todo.json").read_text().count('{"job"') == 2


def test_a_misspelt_command_is_offered_and_taken_by_tab(shared):
    """The message says what was meant, the next prompt has the whole line in grey; Tab takes it, Enter runs it."""
    shown = shared.run("lst func2-3")
    assert "unknown command 'lst': did you mean: list func2-3" in shown
    shared.wait_for("list func2-3  [Tab]")
    shared.press("tab")
    shared.wait_until(lambda: shared.prompt.endswith(": list func2-3"), "the offered line")
    shared.press("enter")
    shared.wait_for(re.compile("^func2-3 .*failed", re.MULTILINE))


def test_an_offer_is_for_the_next_line_only(shared):
    """A line that is right takes the offer away, and so does typing something else."""
    shared.run("lst func2-3")
    shared.wait_for("[Tab]")
    shared.run("ls func1")
    assert "[Tab]" not in shared.lines[shared.cursor[1]]


def test_a_misspelt_job_is_offered_too(shared):
    """The line with the job that was probably meant."""
    assert "Did you mean" in shared.run("details func2-33")
    shared.wait_for("details func2-3  [Tab]")


def test_help_and_a_question_mark_explain_a_command(shared):
    """`make ?` is `help make`: usage, options, examples."""
    shown = shared.run("help make").splitlines()
    assert shown[0].startswith("make [SEL]") and "examples:" in shown
    assert shared.run("make ?").splitlines() == shown


def test_help_lists_what_only_the_console_has(shared):
    """Jobs of the background, reload and leaving are there, and how to select."""
    shared.run("help | grep -c reload")
    shown = shared.run("help")
    for word in ("fg [MAKE]", "reload", "exit [quit]", "traceback [tb] JOB", "SEL selects jobs"):
        assert word in shown


def test_long_output_stops_at_one_screen(made):
    """What does not fit is counted, with how to see it; `--all` and a pipe have all of it."""
    with Console(made, rows=8) as console:
        console.ready()
        shown = console.run("ls")
        assert re.search(r"\.\.\. \d+ more: ls --all, or ls \| less", shown)
        assert "11 jobs: 7 done" in shown and "gate-b" not in shown
        assert "gate-b" in console.run("ls --all")
        assert "gate-b" in console.run("ls | cat")


def test_long_output_of_a_job_stops_at_one_screen(made):
    """What it printed is cut like a list."""
    made.edit("steps.py", 'print(f"func1 got {x}")', 'print("line\\n" * 100)')
    with Console(made, rows=10) as console:
        console.ready()
        console.run("make func1")
        assert re.search(r"\.\.\. \d+ more: output func1 --all, or output func1 \| less", console.run("output func1"))
        assert "100" in console.run("output func1 | grep -c line")


def test_several_pasted_lines_are_carried_out_one_by_one(console):
    """Marked as pasted by the terminal, they stand in the line until Enter."""
    console.paste("ls func1\nls failed\nls blocked")
    console.wait_for("ls blocked")
    console.press("enter")
    console.wait_for(re.compile("^func3-3 .*blocked", re.MULTILINE))
    shown = console.ready()
    assert re.search(r"^func1 .*^func2-3 .*^func3-3 ", shown, re.MULTILINE | re.DOTALL)


def test_lines_that_come_faster_than_they_are_carried_out_are_all_carried_out(console):
    """A terminal that does not mark what is pasted sends it as if somebody typed very fast."""
    console.send("ls func1\rls failed\rls blocked\r")
    shown = console.wait_for(re.compile(r"^func1 .*^func2-3 .*^func3-3 ", re.MULTILINE | re.DOTALL))
    console.ready()
    assert "unknown command" not in shown


def test_pasted_lines_behind_a_mistake_are_not_carried_out(console):
    """A paste that goes wrong does no harm."""
    console.paste("make nosuch\nclean all -y\n")
    console.wait_for("clean all -y")
    console.press("enter")
    console.wait_for("no job is called 'nosuch'")
    console.ready("7/11")


def test_every_example_of_the_consoles_own_commands_works(console, made):
    """As `help` prints them, where two makes are under way and the aliases exist; leaving comes last."""
    console.run("alias again ls")
    console.run("make gate() &; make func2-3 &")
    examples = [example for command in all_commands() if command.console for example in command.examples]
    examples = [example for example in examples if example not in ("exit", "quit")]
    for example in sorted(examples, key=lambda text: text.startswith(("fg", "reload"))):
        console.enter(example)
        if example.startswith(("fg", "reload")):
            let_go(made, "a", "b")
        shown = console.ready()
        assert "compmake:" not in shown or "no make" in shown, example
    console.enter("exit")
    assert console.wait_end() == 0


def test_help_breaks_lines_at_blanks(shared):
    """What does not fit the screen goes on below, in its column."""
    shared.run("help")
    assert re.search(r"^  remake SEL +Make .* up to\n {10,}date; dependents", shared.shown, re.MULTILINE)


def test_a_comment_does_nothing(shared):
    """So that lines of a file of commands can be pasted."""
    assert "compmake:" not in shared.run("# ls nosuchjob")

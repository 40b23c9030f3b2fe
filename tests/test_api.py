"""compmake from programs and notebooks: `Context`, `open`, results."""

import os
import signal

import pytest
from own_modules import hide

import compmake
from compmake import Context, StoreError, Summary, UserError
from compmake.errors import DefinitionError, ResultMissingError, SelectionError
from compmake.job import JobState


def add(x, y=0):
    return x + y


def fail(x):
    raise ValueError(f"no {x}")


def interrupt(driver):
    os.kill(driver, signal.SIGINT)


@pytest.fixture(autouse=True)
def without_other_tests(monkeypatch):
    """The code of jobs is here."""
    hide(monkeypatch, __name__)


@pytest.fixture
def ctx():
    """A context that keeps nothing."""
    with Context(":memory:") as found:
        yield found


def test_define_make_and_read(ctx):
    """The three steps of every use: the summary counts, the result is the value."""
    total = ctx.comp(add, ctx.comp(add, 1, y=2), 10)
    assert ctx.make() == Summary(done=2, failed=0, blocked=0)
    assert ctx.result(total) == 13
    assert ctx.result("add") == 3


def test_a_summary_is_true_if_all_is_done(ctx):
    """Failed and blocked jobs are counted and make the summary false."""
    ctx.comp(add, ctx.comp(fail, 1))
    ctx.comp(add, 1)
    summary = ctx.make()
    assert summary == Summary(done=1, failed=1, blocked=1)
    assert not summary
    assert ctx.make("add-2")


def test_jobs_may_be_added_between_makes(ctx):
    """As in a notebook: a later make runs what is new and counts the rest as done."""
    first = ctx.comp(add, 1)
    ctx.make()
    second = ctx.comp(add, first, 1)
    assert ctx.make() == Summary(2, 0, 0)
    assert ctx.result(second) == 2


def test_make_takes_a_selection(ctx):
    """Only those jobs and what they need; a selection that names nothing known raises."""
    for x in range(3):
        ctx.comp(add, x)
    assert ctx.make("add-2") == Summary(1, 0, 0)
    with pytest.raises(SelectionError, match="no job is called 'sub'"):
        ctx.make("sub")
    assert [ctx.view().state(f"add{n}") for n in ("", "-2")] == [JobState.TODO, JobState.DONE]


def test_jobs_at_once_and_inline_exclude_each_other(ctx):
    """`jobs` is 1 or more, and with `inline=True`, which makes in this process, no more than 1."""
    ctx.comp(os.getpid)
    with pytest.raises(UserError, match="jobs=0: at least one job must be allowed to run"):
        ctx.make(jobs=0)
    with pytest.raises(UserError, match="inline=True excludes jobs=2: inline jobs run one at a time"):
        ctx.make(jobs=2, inline=True)
    assert ctx.make(inline=True)
    assert ctx.result("getpid") == os.getpid()


def test_a_context_has_every_form_of_comp(ctx):
    """Prefix, explicit ids and options work as at module level."""
    ctx.comp_prefix("p-")
    ctx.comp(add, 1, job_id="x")
    ctx.comp.options(command_name="plus")(add, 2)
    ctx.comp(add, 3, extra_dep=ctx.comp(add, 4))
    assert ctx.view().jobs() == ["p-add", "p-add-2", "p-plus", "p-x"]
    with pytest.raises(DefinitionError, match="two jobs have the id 'p-x'"):
        ctx.comp(add, 1, job_id="x")


def test_contexts_are_apart():
    """A promise of one context is none of another's."""
    with Context(":memory:") as one, Context(":memory:") as two:
        promise = one.comp(add, 1)
        with pytest.raises(DefinitionError, match="another program or Context"):
            two.comp(add, promise)


def test_memory_keeps_nothing(tmp_path, monkeypatch):
    """`:memory:` writes no file and forgets at the end."""
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with Context(":memory:") as ctx:
            ctx.comp(add, 1)
            assert ctx.view().state("add") is JobState.TODO
            ctx.make()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_keeps_results_between_contexts(tmp_path):
    """The same jobs in a new context on the same folder are up to date; two at once are refused by name."""
    for expected in (JobState.TODO, JobState.DONE):
        with Context(tmp_path / "results") as ctx:
            ctx.comp(add, 1)
            assert ctx.view().state("add") is expected
            assert ctx.make()


def test_a_missing_result_says_why(ctx):
    """Never made, failed, and unknown are told apart."""
    ctx.comp(add, 1)
    ctx.comp(fail, 1)
    with pytest.raises(ResultMissingError, match="'add' was never made"):
        ctx.result("add")
    ctx.make()
    with pytest.raises(StoreError, match="'fail' failed the last time: ValueError: "):
        ctx.result("fail")
    with pytest.raises(UserError, match="there is no job 'sub'"):
        ctx.result("sub")


def test_results_are_those_that_exist(ctx):
    """`results` of a selection leaves out what has none."""
    ctx.comp(add, 1)
    ctx.comp(fail, 1)
    ctx.comp(add, 2)
    ctx.make()
    assert ctx.view().results() == {"add": 1, "add-2": 2}
    assert ctx.view().results("failed") == {}


def test_an_interrupt_is_raised(ctx):
    """Ctrl-C during a make arrives as KeyboardInterrupt; what was done stays done."""
    ctx.comp(add, 2, extra_dep=ctx.comp(interrupt, os.getpid(), extra_dep=ctx.comp(add, 1)))
    with pytest.raises(KeyboardInterrupt):
        ctx.make()
    assert ctx.result("add") == 1
    assert ctx.view().state("add-2") is JobState.TODO


def test_a_silent_make_writes_nothing(ctx, capfd):
    """By default a make of a program is silent; otherwise it has the log of the command line."""
    ctx.comp(add, 1)
    ctx.make()
    assert capfd.readouterr() == ("", "")
    ctx.comp(add, 2)
    ctx.make(silent=False)
    assert "1 done, 0 failed, 0 blocked, 1 up to date" in capfd.readouterr().err


SCRIPT = """\
    import sys
    from compmake import Context
    from ledger import note

    FACTOR = 2

    def twice(x):
        note(f"twice {x}")
        return FACTOR * x

    with Context() as ctx:
        answer = ctx.comp(twice, ctx.comp(twice, 3))
        summary = ctx.make()
        print(summary, ctx.result(answer))
    """


def test_functions_of_a_script_are_remembered(space):
    """Functions of `__main__` have the same fingerprints in the next process, and an edit is noticed."""
    script = space.write("study.py", SCRIPT)
    for expected in (["twice 3", "twice 6"], []):
        done = space.python(str(script))
        assert done.out == "Summary(done=2, failed=0, blocked=0) 12\n", done.err
        assert space.take_ledger() == expected
    space.edit("study.py", "FACTOR = 2", "FACTOR = 3")
    assert space.python(str(script)).out.endswith(" 27\n")
    assert space.take_ledger() == ["twice 3", "twice 9"]
    assert (space.path / ".compmake" / "study" / "index.db").exists()


def test_a_script_with_a_context_is_no_program(space):
    """Loaded by compmake it would keep its results beside compmake: it is refused, and nothing is made."""
    space.write("study.py", SCRIPT)
    done = space.run("study", "ls")
    assert done.code == 2
    assert "is run by Python" in done.err
    assert not (space.path / ".compmake").exists()
    assert space.take_ledger() == []


def test_a_notebook_has_its_store_in_the_current_folder(space):
    """Without a script the store is that of `notebook`; functions typed there work and are remembered."""
    text = "import sys\nfrom compmake import Context\ndef f(x):\n    return x + 1\nc = Context()\n"
    for _ in range(2):
        done = space.python("-", stdin=text + "p = c.comp(f, 1)\nprint(c.make(), c.result(p))\nc.close()\n")
        assert done.out == "Summary(done=1, failed=0, blocked=0) 2\n", done.err
    assert (space.path / ".compmake" / "notebook" / "index.db").exists()


def test_a_console_reads_commands(space):
    """`ctx.console()` carries out commands of standard input on the jobs defined so far."""
    script = space.write("study.py", SCRIPT + "    raise SystemExit(ctx.console())\n")
    done = space.python(str(script), stdin="ls | cut -d' ' -f1\nnosuch\n")
    assert done.code == 2
    assert done.out.splitlines()[1:] == ["twice", "twice-2"]


def test_open_looks_at_a_program_and_at_a_store(space):
    """`open` gives ids, states and results, of the program and of its store alone, twice in one process."""
    space.write("prog.py", "from compmake import comp\nfor x in (2, 3):\n    comp(pow, x, 2)\ncomp(int, 'x')\n")
    assert space.run("prog", "make").code == 1
    script = """\
        import compmake
        for name in ("prog", "prog", ".compmake/prog"):
            with compmake.open(name) as view:
                print(view.jobs(), view.jobs("failed"), view.state("int").value, view.result("pow-2"), view.results())
        """
    done = space.python(str(space.write("look.py", script)))
    line = "['int', 'pow', 'pow-2'] ['int'] failed 9 {'pow': 4, 'pow-2': 9}\n"
    assert done.out == 3 * line, done.err


def test_open_of_nothing_is_a_user_error(tmp_path, monkeypatch):
    """What is neither program nor store is named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="there is no program 'nosuch'"):
        compmake.open("nosuch")


def test_the_console_needs_a_script(space):
    """`compmake_console()` typed into Python says what to use instead."""
    done = space.python("-", stdin="from compmake import compmake_console\ncompmake_console()\n")
    assert "here use Context()" in done.err

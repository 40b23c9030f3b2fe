"""What the Tab key offers, and that what it inserts is read back as what was meant."""

import pytest
from graphs import job
from hypothesis import example, given
from hypothesis import strategies as st
from vocabularies import VOCABULARY, after, named, offered

from compmake.errors import UserError
from compmake.graph import Graph
from compmake.job import JobState
from compmake.selection import Scope, select
from compmake.ui.commands.line import expand_aliases, parse_line
from compmake.ui.commands.registry import all_commands, command_names, find_command, parse_arguments
from compmake.ui.completion import complete
from compmake.ui.folders import Entry
from compmake.ui.typed import Kind, needs_quotes, split_line
from compmake.ui.vocabulary import Vocabulary, choices_of
from compmake.words import Word, quoted

IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
STATES = {"done", "todo", "stale", "failed", "blocked", "running", "ready"}


def folder(_):
    """List one folder for all."""
    return [Entry(".hidden", False), Entry("my dir", True), Entry("my file.svg", False), Entry("out.svg", False)]


def test_a_line_begins_with_a_command():
    """Nothing typed offers all commands and aliases, the user's own too."""
    assert set(offered("")) == {*command_names(), "lf", "again", "quick"}


@pytest.mark.parametrize("line", ["det", "make; det", "ls | head; det", "ls > x;  det", "make func1() &; det", "'det"])
def test_a_command_begins_after_each_semicolon(line):
    """Commands are offered wherever one begins."""
    assert [text.rstrip("'")[-7:] for text in after(line)] == ["details"]


def test_candidates_say_what_they_are():
    """A command comes with its summary, an alias with its line, a job with what is known of it."""
    about = {one.text: one.about for one in complete("l", VOCABULARY)}
    assert about["ls"].startswith("= list: ")
    assert about["lf"] == "= ls failed"
    known = named(["x1", "x2"], about_job={"x1": "failed", "x2": "done"}.get)
    assert [(one.text, one.about) for one in complete("why x", known)] == [("x1", "failed"), ("x2", "done")]


@pytest.mark.parametrize("line", ["ls | ", "ls | gre", "ls failed & ", "ls > a b", "nosuch ", "nosuch x", "exit "])
def test_nothing_is_offered_where_nothing_is_known(line):
    """The shell's words, words behind `&` and those of unknown commands are the user's own."""
    assert offered(line) == []


def test_job_ids_come_in_natural_order():
    """func1-3 before func1-23."""
    assert offered("make func1-") == ["func1-3", "func1-23"]


def test_a_selection_can_begin_with_anything_but_an_operator():
    """Functions, states, sets and relations; `in` and `except` join two."""
    found = set(offered("make "))
    assert {"func1()", "all", "top", "bottom", "last", "deps of", "not", *STATES} <= found
    assert not {"in", "and", "except", "but", "or", "of"} & found


def test_operators_follow_a_selection():
    """After a job or a state all may stand but `not`."""
    found = set(offered("make failed "))
    assert {"in", "and", "except", "but", "or", "func1()", "func1-3"} <= found
    assert "not" not in found


@pytest.mark.parametrize("line", ["make not ", "make failed or ", "make deps of "])
def test_after_an_operator_a_selection_follows(line):
    """Behind `not`, `or` and `of` neither an operator nor `not` can stand."""
    found = set(offered(line))
    assert {"failed", "func1()"} <= found
    assert not {"in", "except", "or", "not"} & found


def test_not_may_follow_in():
    """`failed in not func1()` is understood."""
    assert "not" in offered("make failed in ")


def test_of_follows_a_relation():
    """Nothing else can."""
    assert offered("make deps ")[0] == "of"
    assert all("=" in text or text.startswith("--") for text in offered("make deps ")[1:])
    assert "failed" in offered("make 'deps' ")


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("make (func2-", "make (func2-1"),
        ("make ((Mod", "make ((Model.fit()"),
        ("make func2(", "make func2()"),
        ("make (failed in func2(", "make (failed in func2()"),
        ("make mod.func2", "make mod.func2()"),
        ("make fit-(1", "make 'fit-(1,2)'"),
        ("make (fit-(1", "make ('fit-(1,2)'"),
    ],
)
def test_parentheses_are_understood(line, completed):
    """Those of a selection, of a function, and of an id."""
    assert after(line) == [completed]


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("make 'a b ", ["make 'a b c'", "make 'a b d'"]),
        ('make "a b ', ['make "a b c"', 'make "a b d"']),
        ("make a\\ b", ["make 'a b c'", "make 'a b d'"]),
        ("make a", ["make all", "make ancestors of", "make 'a b c'", "make 'a b d'"]),
        ("details a", ["details 'a b ", "details 'a b c'", "details 'a b d'"]),
        ("make it", ['make "it\'s"']),
        ("make 'it", ['make "it\'s"']),
        ("make ('a b ", ["make ('a b c'", "make ('a b d'"]),
        ("details la", ["details 'last'"]),
        ("remake =4", ["remake 'n=4'"]),
        ("why =4", ["why n=4"]),
        ("make n=", []),
    ],
)
def test_what_needs_quotes_gets_them(line, completed):
    """Spaces, quotes, keywords and what looks like an option; an open quote is closed."""
    assert after(line) == completed


def test_quotes_hold_job_ids_only():
    """In quotes a word stands for itself."""
    assert offered("make 'fail") == []
    assert offered("make 'las") == offered("make 'last") == ["'last'"]
    assert offered("make 'last'") == []


def test_a_command_about_one_job_gets_one():
    """No functions, no states, and nothing behind the first but options."""
    assert offered("details f") == ["'fit-(1,2)'", "func1-3", "func1-23", "func2-1"]
    assert all(text.startswith("--") for text in offered("details func1-3 "))


def test_options_are_those_of_the_command():
    """With dashes, or as `key=` if a value follows; none of other commands."""
    assert {"--dry-run", "-j", "--jobs"} <= set(offered("make -"))
    assert offered("make --dr") == ["--dry-run"]
    assert offered("make job") == ["jobs="]
    assert offered("why --dr") == []
    assert offered("make '--dr") == []


def test_a_value_is_completed_behind_its_option():
    """File names for files, folders for folders; of a number nothing is known."""
    assert after("diagram --out o", list_folder=folder) == ["diagram --out out.svg"]
    assert after("diagram out=o", list_folder=folder) == ["diagram out=out.svg"]
    assert after("dump --dir ", list_folder=folder) == ["dump --dir 'my dir/"]
    assert offered("make -j ") == []


def test_a_value_that_needs_quotes_stands_behind_dashes():
    """A quoted word is never an option, so `out='my file'` becomes `--out 'my file'`."""
    for line in ("diagram out=my\\ f", "diagram out='my f", "diagram out=my"):
        assert "diagram --out 'my file.svg'" in after(line, list_folder=folder)


def test_files_follow_a_redirection():
    """`>` and `>>`; hidden ones only when asked for."""
    assert after("ls > ", list_folder=folder) == ["ls > 'my dir/", "ls > 'my file.svg'", "ls > out.svg"]
    assert after("ls >>.", list_folder=folder) == ["ls >>.hidden"]


def test_choices_of_an_option_are_offered():
    """Options that are one of a few words complete to these, in both spellings."""
    chosen = [(c, o) for c in all_commands() for o in c.options if o.choices]
    for command, option in chosen:
        assert offered(f"{command.name} {option.name}=") == list(option.choices)
        assert offered(f"{command.name} --{option.name} ") == list(option.choices)


def test_settings_and_their_values():
    """`config` offers keys, then words if only few are possible."""
    assert choices_of("verbose") == ("true", "false")
    assert choices_of("durability") == ("process", "power")
    assert choices_of("keep") == choices_of("store") == choices_of("timeout") == choices_of("nosuch") == ()
    if find_command("config").takes:
        assert offered("config dur") == ["durability"]
        assert offered("config durability p") == ["process", "power"]


def test_makes_of_the_console():
    """`fg` and `stop` take numbers of makes."""
    assert [find_command("fg").takes, find_command("stop").takes] == ["[MAKE]", "[MAKE]"]
    assert offered("fg ") == ["1", "2"]
    assert offered("fg 1 ") == []


def test_words_behind_an_alias():
    """They are those of the command that it comes to, and go on where its line ends."""
    assert "in" in offered("lf ")
    assert "--inline" in offered("again -")
    assert offered("quick func2-") == ["func2-1"]
    assert "func1-3" in offered("alias mine ls func1-")


def test_help_offers_commands():
    """As does everything that takes a command."""
    assert offered("help det") == ["details"]


def test_a_slip_still_finds_the_command():
    """Where nothing begins so, what is close is offered."""
    assert "details" in offered("detials")


def test_what_is_inside_an_id_is_found_when_nothing_begins_so():
    """A part, also without capitals, then letters that are far apart."""
    assert offered("why lr=0.1") == ["train-b=7-lr=0.1"]
    assert offered("why trb7") == ["train-b=7-lr=0.1"]
    assert offered("why B=7") == ["train-b=7-lr=0.1"]
    assert offered("why xyzzy") == []


def test_no_ids_yet():
    """Before the ids are known the rest is offered."""
    assert "failed" in offered("make ", Vocabulary())
    assert offered("make xyz", Vocabulary()) == []


def test_many_ids_are_cut_and_none_is_lost():
    """At most 200 are shown; what is typed never grows by more than all have in common."""
    vocabulary = named([f"f{a}-{b}" for a in (1, 2) for b in range(5000)])
    found = complete("why f", vocabulary)
    assert len(found) <= 200
    assert found[-1].text == "f" and "more" in found[-1].display
    only = complete("why f1", named([f"f1-x{b}" for b in range(5000)]))
    assert [one.text for one in only[:3]] == ["f1-x0", "f1-x1", "f1-x2"] and only[-1].text == "f1-x"


def test_foreign_text_is_shown_safely():
    """What a terminal would obey is visible instead, in ids and in what is said of them."""
    (found,) = complete("why x", named(["x\x1b[31m"], about_job=lambda _: "\x1b]0;title\x07"))
    assert "\x1b" not in found.display + found.about
    assert "\x1b" in found.text


@given(
    ids=st.lists(IDS, min_size=1, max_size=5, unique=True),
    command=st.sampled_from(["make ", "why ", "ls failed; why ", "dump not ", "make failed or (", "lf in "]),
    quote=st.sampled_from(["", "'", '"']),
    kept=st.integers(0, 12),
)
@example(ids=["'a\\\"b"], command="make ", quote='"', kept=3)
@example(ids=["-j"], command="make ", quote="", kept=0)
@example(ids=["f()", "n=1", "?", "&", "a&", "in", "(", "@x"], command="make ", quote="", kept=0)
@example(ids=["a b 1", "a b 2"], command="make failed or (", quote="'", kept=2)
def test_what_is_inserted_selects_exactly_that_job(ids, command, quote, kept):
    """For ids of any text, however the word was begun, the line is read back as that id."""
    begun = ids[0][: min(kept, len(ids[0]) - 1)]
    found = find_command("ls" if command.startswith("lf") else command.split()[-1] if ";" in command else "make")
    if quote == "'" and "'" in begun:
        quote = '"'
    if not quote and (needs_quotes(begun, found) or begun.startswith("f(")) and begun:
        quote = '"'
    typed = quoted(begun, quote)[:-1] if quote else begun
    vocabulary = named(ids, aliases=VOCABULARY.aliases)
    scope = Scope(Graph({job_id: job(job_id) for job_id in ids}), lambda: dict.fromkeys(ids, JobState.DONE))
    chosen = []
    for candidate in complete(command + typed, vocabulary):
        if candidate.about != "job":
            continue
        line = (command + typed)[: len(command + typed) - candidate.replaces] + candidate.text
        (step,) = expand_aliases(parse_line(line)[-1:], vocabulary.aliases)
        words = parse_arguments(find_command(step.words[0].text), step.words[1:]).selection
        last = words[-1]
        chosen += select([last if last.quoted else Word(last.text.removeprefix("("))], scope)
    assert sorted(chosen) == sorted(job_id for job_id in ids if job_id.startswith(begun))


@given(line=st.text(max_size=40))
def test_any_line_is_split_as_the_parser_does(line):
    """What is not refused has the same words for the parser and for what is offered while typing."""
    parts = split_line(line).parts
    try:
        steps = parse_line(line)
    except UserError:
        return
    words = [part.word for part in parts if part.kind in (Kind.COMMAND, Kind.WORD)]
    assert words == [word for step in steps for word in step.words]
    assert [p.word.text for p in parts if p.kind is Kind.FILE] == [s.redirect.path for s in steps if s.redirect]
    assert [p.word.text for p in parts if p.kind is Kind.PIPE] == [s.pipe for s in steps if s.pipe]
    assert not any(part.kind is Kind.WRONG for part in parts)

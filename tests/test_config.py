"""Settings: which place wins, what a mistake says, how the terminal is judged."""

import pytest

from compmake.config import (
    ConsoleMode,
    OutputMode,
    beside_screen,
    color_count,
    console_mode,
    load_settings,
    output_mode,
    terminal_size,
    terminal_width,
    user_config_dir,
)
from compmake.errors import UserError
from compmake.job import NO_OPTIONS, JobOptions, Limits
from compmake.limits import FunctionLimits, parse_bytes
from compmake.settings import KEYS, Settings


@pytest.fixture
def home(tmp_path):
    """An environment whose home folder is empty."""
    (tmp_path / "home/.config/compmake").mkdir(parents=True)
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def program(tmp_path):
    folder = tmp_path / "work/program"
    folder.mkdir(parents=True)
    return folder


def test_later_places_win(program, home, tmp_path):
    """Defaults < the user's file < the program's file < environment < flags, key by key."""
    (tmp_path / "home/.config/compmake/config.toml").write_text(
        'keep = 1\ncolor = "never"\ncode = "off"\nverbose = true\n'
    )
    (program / "compmake.toml").write_text('keep = 2\ncolor = "always"\ncode = "module"\n')
    settings = load_settings(
        program, flags=["keep=4"], environ={**home, "COMPMAKE_KEEP": "3", "COMPMAKE_COLOR": "auto"}
    )
    assert (settings.keep, settings.color, settings.code, settings.verbose) == (4, "auto", "module", True)
    assert settings.durability == "process"


def test_origin_of_every_value_is_told(program, home):
    """`describe` says where each value came from: file and line, variable, command line or default."""
    (program / "compmake.toml").write_text('# mine\npackages = ["numpy"]\n')
    settings = load_settings(program, flags=["keep=4"], environ={**home, "COMPMAKE_UI": "plain"})
    rows = {row.key: row for row in settings.describe()}
    assert rows["packages"][1:3] == ('["numpy"]', f"{program / 'compmake.toml'}:2")
    assert rows["ui"][1:3] == ('"plain"', "environment COMPMAKE_UI")
    assert rows["keep"][1:3] == ("4", "command line")
    assert rows["code"][1:3] == ('"closure"', "default")
    assert list(rows) == list(KEYS) and all(row.meaning for row in rows.values())


def test_nearest_pyproject_counts(program, home):
    """Without compmake.toml the table of the nearest pyproject.toml is read."""
    (program.parent / "pyproject.toml").write_text("[project]\nname='x'\n[tool.compmake]\nkeep = 7\n")
    (program.parent.parent / "pyproject.toml").write_text("[tool.compmake]\nkeep = 8\n")
    assert load_settings(program, environ=home).keep == 7


def test_compmake_toml_replaces_pyproject(program, home):
    """compmake.toml beside the program is read instead of pyproject.toml, not merged with it."""
    (program / "compmake.toml").write_text("verbose = true\n")
    (program / "pyproject.toml").write_text("[tool.compmake]\nkeep = 8\n")
    settings = load_settings(program, environ=home)
    assert settings.verbose and settings.keep == 3


def test_code_mode_prefers_the_closest_entry():
    """A function's own entry wins, then its module, then a package around it, then `code`."""
    settings = Settings(code="off", code_modes={"pkg": "function", "pkg.slow": "module", "pkg.slow:f": "closure"})
    modes = [settings.code_mode(name) for name in ("pkg.slow:f", "pkg.slow:g", "pkg.deep.er:h", "other:f")]
    assert modes == ["closure", "module", "function", "off"]


def test_code_modes_are_a_table(program, home):
    """`code_modes` maps modules to modes, in a file as in a flag."""
    (program / "compmake.toml").write_text('[code_modes]\n"pkg.slow" = "module"\n')
    assert load_settings(program, environ=home).code_modes == {"pkg.slow": "module"}
    flags = ["code_modes=a.b=off, c:f=function"]
    assert load_settings(None, flags=flags, environ=home).code_modes == {"a.b": "off", "c:f": "function"}


def test_each_limit_comes_from_the_closest_place_that_has_it():
    """For each limit by itself: the job, then its function, its module, packages around it, then all jobs."""
    settings = Settings(
        timeout=1.0,
        retries=1,
        memory=1,
        functions={
            "pkg": FunctionLimits(timeout_s=2.0, retries=2, memory_bytes=2),
            "pkg.slow": FunctionLimits(timeout_s=3.0, retries=3),
            "pkg.slow.f": FunctionLimits(timeout_s=4.0),
        },
    )
    own = JobOptions(memory_bytes=9)
    assert settings.limits("pkg.slow:f", own) == Limits(timeout_s=4.0, retries=3, memory_bytes=9)
    assert settings.limits("pkg.slow:f", NO_OPTIONS) == Limits(timeout_s=4.0, retries=3, memory_bytes=2)
    assert settings.limits("pkg.slow:g", NO_OPTIONS) == Limits(timeout_s=3.0, retries=3, memory_bytes=2)
    assert settings.limits("pkgs:f", NO_OPTIONS) == Limits(timeout_s=1.0, retries=1, memory_bytes=1)
    assert Settings(retries=1).limits("pkg:f", NO_OPTIONS) == Limits(retries=1)


def test_none_lifts_a_limit(home):
    """`none` for a job, a function or in a later place means no limit, whatever stands behind it."""
    flags = ["timeout=1m", "memory=1GB", "functions=m.f timeout=none memory=none, m.g memory=2GB"]
    settings = load_settings(None, flags=flags, environ=home)
    assert settings.limits("m:f", NO_OPTIONS) == Limits()
    assert settings.limits("m:g", JobOptions(timeout_s=0, retries=0)) == Limits(memory_bytes=2 * 10**9)
    assert settings.limits("m:h", NO_OPTIONS) == Limits(timeout_s=60.0, memory_bytes=10**9)
    lifted = load_settings(None, flags=["timeout=none"], environ={**home, "COMPMAKE_TIMEOUT": "1m"})
    assert lifted.limits("m:h", NO_OPTIONS) == Limits()


def test_functions_are_a_table(program, home):
    """`functions` holds a table for each function, module or package; as text, words after each name."""
    (program / "pyproject.toml").write_text(
        '[tool.compmake.functions."mycomputations.train"]\ntimeout = "2h"\nretries = 2\n'
        "[tool.compmake.functions.other]\nmemory = '2GB'\n"
    )
    text = "functions=mycomputations.train timeout=2h retries=2, other memory=2GB"
    for found in (load_settings(program, environ=home), load_settings(None, flags=[text], environ=home)):
        assert found.functions == {
            "mycomputations.train": FunctionLimits(timeout_s=7200.0, retries=2),
            "other": FunctionLimits(memory_bytes=2 * 10**9),
        }


@pytest.mark.parametrize("text", ["m.f", "m.f 2h", "timeout=2h", "m.f timeout=2h x"])
def test_functions_that_say_nothing_are_refused(home, text):
    """A name without limits, or limits without a name, is a mistake in the text form."""
    with pytest.raises(UserError, match=r"command line: functions = .*: expected a table of function"):
        load_settings(None, flags=[f"functions={text}"], environ=home)


def test_what_config_shows_can_be_pasted(program, home):
    """The values that `describe` shows, written to a file, are read as the same settings."""
    flags = ["timeout=1.5s", "memory=none", "retries=3", "jobs=8", "code_modes=a.b=off", "packages=numpy"]
    flags.append("functions=m.f timeout=none retries=0, m memory=2GB timeout=1h30m")
    shown = load_settings(None, flags=flags, environ=home)
    rows = [f"{row.key} = {row.value}" for row in shown.describe() if row.value]
    (program / "compmake.toml").write_text("\n".join(rows))
    pasted = load_settings(program, environ=home)
    assert [(row.key, row.value) for row in pasted.describe()] == [(row.key, row.value) for row in shown.describe()]
    assert (pasted.functions, pasted.timeout, pasted.jobs) == (shown.functions, 1.5, 8)


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("1.5 GiB", 3 * 2**29), ("500M", 500 * 2**20), ("12", 12), (7, 7), ("3kb", 3000)],
)
def test_sizes_have_units(text, size):
    """Sizes are bytes, or text with a unit: GB of 1000s, G and GiB of 1024s."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("kep = 3", "unknown setting 'kep': did you mean 'keep'?"),
        ("zzzzz = 3", "known: store, key_file"),
        ("keep = -1", "keep = -1: expected a number, 0 or more"),
        ("keep = true", "expected a number"),
        ("keep = 1.5", "expected a number"),
        ('code = "all"', "expected closure, module, function or off"),
        ('code_modes = {a = "x"}', "expected a table"),
        ("packages = [3]", "expected a list"),
        ('keep_bytes = "lots"', "expected a size"),
        ("verbose = 2", "expected true or false"),
        ("[keeep]\nx = 1", "unknown setting 'keeep'"),
        ("jobs = 0", "jobs = 0: expected a number, 1 or more"),
        ("timeout = 0", "timeout = 0: expected seconds above 0"),
        ('memory = "much"', "expected bytes above 0"),
        ("retries = -1", "expected a number, 0 or more"),
        ("functions = 3", "functions = 3: expected a table of function"),
        ("[functions]\nx = 1", 'functions."x" = 1: expected a table of timeout, retries, memory'),
        ("[functions.x]\ntime = 1", "functions.\"x\": unknown key 'time': known: timeout, retries, memory"),
        ('[functions.x]\ntimeout = "2x"', "functions.\"x\".timeout = '2x': expected seconds above 0"),
        ("[functions.x.y]\nretries = 1", 'if it is part of a name, write functions."x.y"'),
    ],
)
def test_mistakes_name_file_line_and_need(program, home, line, wanted):
    """A wrong key or value is a UserError with the file, its line and what was expected."""
    path = program / "compmake.toml"
    path.write_text(f"# first\n{line}\n")
    with pytest.raises(UserError) as caught:
        load_settings(program, environ=home)
    assert str(caught.value).startswith(f"{path}:2: ") and wanted in str(caught.value)


@pytest.mark.parametrize("content", [b"keep = ", b"\xff\xfe", b"keep = 1\nkeep = 2"])
def test_unreadable_file_is_named(program, home, content):
    """A file that is no TOML is a UserError naming it."""
    (program / "compmake.toml").write_bytes(content)
    with pytest.raises(UserError, match=r"compmake\.toml: these settings cannot be read"):
        load_settings(program, environ=home)


def test_mistakes_in_environment_and_flags_are_named(home):
    """Unknown variables and malformed flags say where they stand."""
    with pytest.raises(UserError, match=r"environment COMPMAKE_KEPE: unknown setting 'kepe'"):
        load_settings(None, environ={**home, "COMPMAKE_KEPE": "1"})
    with pytest.raises(UserError, match=r"command line: 'keep' is no setting: write KEY=VALUE"):
        load_settings(None, flags=["keep"], environ=home)


def test_empty_variable_is_unset(home):
    """COMPMAKE_KEEP= means nothing, as an unset variable."""
    assert load_settings(None, environ={**home, "COMPMAKE_KEEP": ""}).keep == 3


def test_store_is_relative_to_where_it_was_written(program, home):
    """A relative store in a file starts at that file's folder; a URL is left alone."""
    (program / "compmake.toml").write_text('store = "../results"\n')
    assert load_settings(program, environ=home).store == str(program / "../results")
    assert load_settings(program, flags=["store=redis://h/0"], environ=home).store == "redis://h/0"


def test_xdg_config_home_is_honoured(tmp_path):
    """XDG_CONFIG_HOME moves the user's file; a relative one is ignored."""
    assert user_config_dir({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "compmake"
    assert user_config_dir({"XDG_CONFIG_HOME": "x", "HOME": str(tmp_path)}) == tmp_path / ".config/compmake"


@pytest.mark.parametrize(
    ("ui", "is_tty", "term", "mode"),
    [
        ("auto", True, "xterm", OutputMode.LIVE),
        ("auto", True, "dumb", OutputMode.PLAIN),
        ("auto", True, "", OutputMode.PLAIN),
        ("auto", False, "xterm", OutputMode.PLAIN),
        ("plain", True, "xterm", OutputMode.PLAIN),
        ("quiet", True, "xterm", OutputMode.QUIET),
        ("quiet", False, "", OutputMode.QUIET),
        ("live", True, "xterm", OutputMode.LIVE),
        ("live", True, "dumb", OutputMode.LIVE),
        ("live", False, "xterm", OutputMode.PLAIN),
        ("json", True, "xterm", OutputMode.JSON),
        ("json", False, "", OutputMode.JSON),
    ],
)
def test_output_mode(ui, is_tty, term, mode):
    """Only a terminal that can redraw gets the live line, and only when nothing else was asked for."""
    assert output_mode(ui, is_tty=is_tty, environ={"TERM": term}) is mode


RICH, PLAIN, BATCH = ConsoleMode.RICH, ConsoleMode.PLAIN, ConsoleMode.BATCH


@pytest.mark.parametrize(
    ("ui", "terminals", "term", "mode"),
    [
        ("auto", "in out err", "xterm", RICH),
        ("live", "in out err", "xterm", RICH),
        ("quiet", "in out err", "xterm", RICH),
        ("plain", "in out err", "xterm", PLAIN),
        ("json", "in out err", "xterm", PLAIN),
        ("auto", "in out err", "dumb", PLAIN),
        ("auto", "in out err", "", PLAIN),
        ("live", "in out err", "dumb", PLAIN),
        ("auto", "in err", "xterm", RICH),
        ("auto", "in out", "xterm", RICH),
        ("auto", "in err", "dumb", PLAIN),
        ("auto", "in", "xterm", BATCH),
        ("auto", "out err", "xterm", BATCH),
        ("plain", "out err", "xterm", BATCH),
        ("auto", "", "", BATCH),
    ],
)
def test_console_mode(ui, terminals, term, mode):
    """A prompt needs a terminal to read from and one to write to; completion and a live region one that can redraw."""
    is_tty = {f"std{name}_tty": name in terminals.split() for name in ("in", "out", "err")}
    assert console_mode(ui, **is_tty, environ={"TERM": term}) is mode


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({"TERM": "xterm-256color"}, (True, False)),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "WezTerm"}, (True, False)),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, (True, True)),
        ({"TERM": "xterm-256color", "WT_SESSION": "1"}, (True, True)),
        ({"TERM": "linux"}, (False, False)),
        ({"TERM": "dumb", "WT_SESSION": "1"}, (False, False)),
        ({}, (False, False)),
    ],
)
def test_what_terminals_show_beside_the_screen(environ, shown):
    """Titles where terminals have one, progress only where it is known to be no message."""
    assert tuple(beside_screen(environ)) == shown


def test_terminal_size_of_what_is_no_terminal(tmp_path):
    """It is 80 columns by 24 rows."""
    with (tmp_path / "file").open("w") as file:
        assert terminal_size(file.fileno()) == (80, 24)


@pytest.mark.parametrize(
    ("color", "is_tty", "environ", "count"),
    [
        ("auto", True, {"TERM": "xterm-256color"}, 256),
        ("auto", True, {"TERM": "xterm", "COLORTERM": "truecolor"}, 256),
        ("auto", True, {"TERM": "xterm"}, 8),
        ("auto", True, {"TERM": "dumb"}, 0),
        ("auto", False, {"TERM": "xterm"}, 0),
        ("auto", False, {"TERM": "xterm", "FORCE_COLOR": "1"}, 8),
        ("auto", False, {"TERM": "xterm", "CLICOLOR_FORCE": "0"}, 0),
        ("auto", True, {"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, 0),
        ("always", False, {"TERM": "xterm", "NO_COLOR": "1"}, 8),
        ("never", True, {"TERM": "xterm", "FORCE_COLOR": "1"}, 0),
    ],
)
def test_color_count(color, is_tty, environ, count):
    """The setting wins, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then the terminal."""
    assert color_count(color, is_tty=is_tty, environ=environ) == count


def test_terminal_width(tmp_path):
    """COLUMNS wins; what is no terminal has 80 columns."""
    with (tmp_path / "file").open("w") as file:
        assert terminal_width(file.fileno(), {"COLUMNS": "132"}) == 132
        assert terminal_width(file.fileno(), {"COLUMNS": "junk"}) == 80


def test_settings_for_a_misspelt_function_are_told(space):
    """A near miss is told with what was probably meant; settings for another program are no business of this one."""
    space.write("prog.py", "from compmake import comp\ndef slow():\n    return 1\ncomp(slow)\n")
    space.write("compmake.toml", '[functions.slow]\nretries = 2\n[functions."other.thing"]\nretries = 1\n')
    told = space.run("prog", "make").err
    assert "settings for 'slow' fit no function of this program; did you mean 'prog.slow'?" in told
    assert "other.thing" not in told

"""What is carried out before the first prompt, and names and files for lines: `rc`, aliases, `@FILE`."""

import re

import pytest
from consoles import Console, squeezed


@pytest.fixture
def config(tmp_path):
    """A folder for the user's own settings, and the variable that names it."""
    folder = tmp_path / "config" / "compmake"
    folder.mkdir(parents=True)
    return folder, {"XDG_CONFIG_HOME": str(folder.parent)}


def test_both_start_up_files_are_carried_out_in_order(made, config):
    """The user's, then that beside the program; comments and blank lines are skipped, what they print is seen."""
    folder, environment = config
    (folder / "rc").write_text("# mine\n\nalias lf ls failed\n")
    (made.path / "compmake.rc").write_text("lf\n")
    with Console(made, env=environment) as console:
        assert "func2-3" in console.ready()
        assert "lf" in console.run("alias")


def test_a_start_up_file_that_others_could_have_written_is_refused(made):
    """It could be anybody's; it is named."""
    file = made.path / "compmake.rc"
    file.write_text("clean all -y\n")
    file.chmod(0o666)
    with Console(made) as console:
        shown = squeezed(console.ready("7/11"))
        assert squeezed("compmake.rc was not read: others could have written it") in shown


def test_a_mistake_in_a_start_up_file_names_its_line(made):
    """The other lines are carried out, and the console opens."""
    (made.path / "compmake.rc").write_text("# one\nnosuch thing\nls func1\n")
    with Console(made) as console:
        shown = console.ready()
        assert "unknown command 'nosuch'" in shown and re.search(r"line2of\S*compmake\.rc", squeezed(shown))
        assert "1 job: 1 done" in shown


def test_an_alias_stands_for_a_line(shared):
    """Further words follow it; it is listed, shown, completed and forgotten."""
    shared.run("alias lf ls failed")
    assert "func2-3" in shared.run("lf")
    assert "func2-3" in shared.run("lf in func2()")
    assert shared.run("lf | grep -c .").splitlines()[0] == "1"
    assert re.search(r"^lf +ls failed", shared.run("alias"), re.MULTILINE)
    assert shared.run("alias lf").splitlines()[0] == "ls failed"
    shared.run("unalias lf")
    assert "unknown command 'lf'" in shared.run("lf")


def test_an_alias_may_be_several_commands(shared):
    """Quotes protect `;` and `|`."""
    shared.run("alias both 'ls func1; ls blocked | cut -c 1-7'")
    shown = shared.run("both")
    assert "1 job: 1 done" in shown and shown.endswith("\nfunc3-3")


def test_an_alias_may_be_named_like_the_command_in_it(shared):
    """Within its own line the name is the command's."""
    shared.run("alias ls ls func1()")
    assert "3 jobs: 3 done" in shared.run("ls")
    shared.run("unalias ls")


def test_aliases_that_stand_for_one_another_are_refused(shared):
    """Instead of going round for ever."""
    shared.run("alias ping pong")
    shared.run("alias pong ping")
    assert "stand for one another" in shared.run("ping")


def test_a_file_of_commands_is_carried_out(console, made):
    """`@FILE`: line by line, up to what cannot be carried out."""
    (made.path / "todo.txt").write_text("ls func1\n\n# a comment\nnosuch\nls blocked\n")
    shown = console.run("@todo.txt")
    assert "1 job: 1 done" in shown and "unknown command 'nosuch'" in shown and "func3-3" not in shown


def test_a_file_that_carries_out_itself_is_refused(console, made):
    """Also in a roundabout way."""
    (made.path / "a.txt").write_text("@b.txt\n")
    (made.path / "b.txt").write_text("@a.txt\n")
    assert "a.txt carries out itself" in console.run("@a.txt")
    assert "cannot be read" in console.run("@nosuch.txt")


def test_settings_are_changed_for_this_console(shared):
    """`config KEY VALUE` counts until it is left; what is wrong is refused."""
    assert "jobs = 3, in this console." in shared.run("config jobs 3")
    assert re.search(r"^jobs +3 ", shared.run("config jobs"), re.MULTILINE)
    assert "compmake: " in shared.run("config jobs many")
    assert "compmake: " in shared.run("config nosuch 1")
    assert "read when the console is opened" in " ".join(shared.run("config store elsewhere").split())


def test_exit_in_a_start_up_file_leaves(made):
    """Nothing is asked."""
    (made.path / "compmake.rc").write_text("ls func1\nexit\n")
    with Console(made) as console:
        assert console.wait_end() == 0
        assert "1 job: 1 done" in console.shown

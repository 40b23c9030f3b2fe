"""The user's editor: which, with which words, and what is told when it does not work."""

import os

import pytest

from compmake.config import user_editor
from compmake.ui.editor import edit, editor_command


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vi", "vi +7 a.py"),
        ("/usr/bin/nvim", "/usr/bin/nvim +7 a.py"),
        ("nano -w", "nano -w +7 a.py"),
        ("emacsclient -t", "emacsclient -t +7 a.py"),
        ("micro", "micro +7 a.py"),
        ("my-editor", "my-editor +7 a.py"),
        ("code -w", "code -w --goto a.py:7"),
        ("code -w -g", "code -w -g a.py:7"),
        ("cursor", "cursor --goto a.py:7"),
        ("subl -w", "subl -w a.py:7"),
        ("hx", "hx a.py:7"),
        ("pycharm", "pycharm --line 7 a.py"),
        ("ed", "ed a.py"),
    ],
)
def test_each_editor_is_told_the_line_in_its_own_way(editor, expected):
    """Its own arguments come first."""
    assert " ".join(editor_command(editor.split(), "a.py", 7)) == expected


def test_visual_comes_before_editor():
    """As every program has it."""
    assert user_editor({"VISUAL": "code -w", "EDITOR": "vi"}) == "code -w"
    assert user_editor({"VISUAL": "", "EDITOR": "vi"}) == "vi"
    assert user_editor({}) == ""


@pytest.fixture
def script(tmp_path):
    """Return a function that makes an editor; it writes its arguments, one a line, beside itself."""

    def make(name, code=0):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/told"\nexit {code}\n')
        path.chmod(0o755)
        return path

    return make


def test_a_file_is_opened_whatever_it_is_called(script, tmp_path):
    """Spaces and quotes in the file's name, spaces in the editor's path, arguments in quotes."""
    file = tmp_path / "a b'c.py"
    file.write_text("")
    assert edit(str(file), 3, str(script("my editor"))) == ""
    assert (tmp_path / "told").read_text() == f"+3\n{file}\n"
    assert edit(str(file), 3, f"{script('editor')} 'one word'") == ""
    assert (tmp_path / "told").read_text() == f"one word\n+3\n{file}\n"


def test_without_a_choice_the_usual_ones_are_tried(script, tmp_path, monkeypatch):
    """The first of nano, vim and vi that is installed; if none is, one line says what to do."""
    file = tmp_path / "a.py"
    file.write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert edit(str(file), 1, "") == "no editor was found: set EDITOR, or install one of nano, vim, vi"
    script("vi").write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\necho vi > {tmp_path}/told\n")
    assert edit(str(file), 1, "") == ""
    assert (tmp_path / "told").read_text() == "vi\n"


def test_what_goes_wrong_is_one_line(script, tmp_path):
    """A file that is gone or never was one, an editor that is missing, or that fails."""
    file = tmp_path / "a.py"
    assert edit(str(file), 1, "vi").startswith(f"there is no file {file}")
    assert edit("<string>", 1, "vi").startswith("there is no file <string>")
    assert edit(str(tmp_path), 1, "vi").startswith("there is no file")
    file.write_text("")
    assert edit(str(file), 1, "/no/such/editor") == "the editor /no/such/editor cannot be started: " + os.strerror(2)
    assert edit(str(file), 1, str(script("bad", 3))).endswith("bad ended with exit code 3")
    assert "cannot be started" in edit(str(file), 1, "'unclosed")

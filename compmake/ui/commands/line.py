"""A typed line as steps: commands with their words, and where their output goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from compmake.errors import UserError
from compmake.words import Word, point_at, read_word, skip_space

_OPERATORS = ";|>"
_HELP = (Word("--help"), Word("-h"))


class Redirect(NamedTuple):
    """A file that receives a command's output; `mode` is `>` (from its beginning) or `>>` (at its end)."""

    mode: str
    path: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a line; `words` has at least one."""

    words: tuple[Word, ...]
    pipe: str | None = None
    """What the shell makes of the output: everything after the first `|`, as it was typed."""
    redirect: Redirect | None = None
    background: bool = False
    from_shell: bool = False
    """A shell has split the words and taken its quotes: whether a word was one job id, nobody can tell any more."""


def step_from_arguments(arguments: Sequence[str]) -> Step:
    """Return the step for words that a shell has already split; one that is empty or holds whitespace was quoted."""
    words = tuple(Word(text, not text or any(map(str.isspace, text))) for text in arguments)
    return Step(words, from_shell=True)


def as_help(step: Step) -> Step:
    """Return `help COMMAND` for `COMMAND ?`, `COMMAND --help` and `COMMAND -h`, any other step as it is."""
    command, *words = step.words
    if words == [Word("?")] or (command.text != "alias" and any(word in _HELP for word in words)):
        return replace(step, words=(Word("help"), command))
    return replace(step, words=(Word("help"),)) if step.words == (Word("?"),) else step


def expand_aliases(steps: Sequence[Step], aliases: Mapping[str, str]) -> list[Step]:
    """Replace each alias by what it stands for; further words, a pipe, a file and `&` go to its last command.

    An alias may have the name of a command, which it is then within its own line: `ls` for `ls -l`.

    Raises:
        UserError: Aliases stand for one another, or both it and its line say where the output goes.
    """
    return [expanded for step in steps for expanded in _expand(step, aliases, ())]


def _expand(step: Step, aliases: Mapping[str, str], within: tuple[str, ...]) -> list[Step]:
    first = step.words[0]
    if first.quoted or first.text not in aliases or within[-1:] == (first.text,):
        return [step]
    if first.text in within:
        raise UserError(f"these aliases stand for one another: {', '.join([*within, first.text])}")
    *before, last = parse_line(aliases[first.text])
    goes_on = step.pipe is not None or step.redirect is not None
    if goes_on and (last.pipe is not None or last.redirect is not None):
        raise UserError(f"the alias {first.text!r} has a pipe or a file of its own: {aliases[first.text]}")
    joined = Step(
        (*last.words, *step.words[1:]),
        step.pipe or last.pipe,
        step.redirect or last.redirect,
        step.background or last.background,
    )
    return [expanded for one in (*before, joined) for expanded in _expand(one, aliases, (*within, first.text))]


def parse_line(line: str) -> list[Step]:
    """Split a line at `;` into steps; a blank line has none. `#` is an ordinary character.

    Raises:
        UserError: An unclosed quote, or an operator without its command or file; the text points at the place.
    """
    steps = []
    position = skip_space(line, 0)
    while position < len(line):
        if line[position] == ";":
            position += 1
        else:
            step, position = _read_step(line, position)
            steps.append(step)
        position = skip_space(line, position)
    return steps


def _read_step(line: str, start: int) -> tuple[Step, int]:
    """Read the step at `start` and return it with the position of the `;` after it, or the line's end."""
    words, position, background = _read_command(line, start)
    pipe = redirect = None
    operator = line[position : position + 1]
    if not words:
        raise UserError(point_at(line, start, f"a command is missing before {'&' if background else operator}"))
    if operator in {"|", ">"} and background:
        raise UserError(point_at(line, position, "& can only end a command"))
    if operator == "|":
        end = _end_of_step(line, position + 1)
        pipe = line[position + 1 : end].strip()
        if not pipe:
            raise UserError(point_at(line, position, "a shell command is missing after |"))
        position = end
    elif operator == ">":
        redirect, position = _read_redirect(line, position)
        position = skip_space(line, position)
        if line[position : position + 1] == "&":
            background = True
            position = skip_space(line, position + 1)
        if position < len(line) and line[position] != ";":
            raise UserError(point_at(line, position, "only one file can follow >; separate commands with ;"))
    return Step(tuple(words), pipe, redirect, background), position


def _read_command(line: str, position: int) -> tuple[list[Word], int, bool]:
    """Read words up to an operator; the third value tells whether a `&` ended them."""
    words: list[Word] = []
    background = False
    position = skip_space(line, position)
    while position < len(line) and line[position] not in _OPERATORS:
        if background:
            raise UserError(point_at(line, position, "& can only end a command; separate commands with ;"))
        start = position
        word, position = read_word(line, position, _OPERATORS)
        if word.text.endswith("&") and not word.quoted:
            background = True
            word = Word(word.text[:-1])
            if word.text.endswith("&"):
                raise UserError(point_at(line, start, "&& is not known here; separate commands with ;"))
        if word.text or word.quoted:
            words.append(word)
        position = skip_space(line, position)
    return words, position, background


def _read_redirect(line: str, start: int) -> tuple[Redirect, int]:
    mode = ">>" if line.startswith(">>", start) else ">"
    path, position = read_word(line, skip_space(line, start + len(mode)), _OPERATORS + "&")
    if not path.text:
        raise UserError(point_at(line, start, f"the name of a file is missing after {mode}"))
    return Redirect(mode, path.text), position


def _end_of_step(line: str, position: int) -> int:
    """Return where the next `;` outside quotes stands, or the line's end."""
    position = skip_space(line, position)
    while position < len(line) and line[position] != ";":
        position = skip_space(line, read_word(line, position, ";")[1])
    return position

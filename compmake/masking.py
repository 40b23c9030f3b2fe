"""Secrets, told by their names: what `password` or `api_token` holds is not shown, wherever it stands."""

import re
from collections.abc import Iterable
from functools import lru_cache

from compmake.text_safety import redact

MASK = "***"
_LONGEST_NAME = 100
_LEAST_CHARS = 6
"""A shorter secret may be part of any word, so it is masked only where its name stands."""
_SECRET = re.compile(
    r"passw|passphrase|passcode|secret(?!ar|ed|ion|or)|credential|token(?!i[sz])|apikey"
    r"|(?:private|access|signing|encryption|ssh)key"
)
"""In a name without its separators. `secretary` and `tokenizer` hold nothing that must be hidden."""
_SECRET_WORD = re.compile(r"o?auth(?!or(?!i[sz]))\w*|pwd|bearer|jwt|cookies?")
"""A whole word of a name: `auth`, `oauth`, `authorization`, but no `author` or `authority`."""
_COUNTING = frozenset({"n", "num", "max", "min", "count", "len", "length", "size", "total", "tokens"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NO_SECRET = frozenset({"PWD", "OLDPWD"})  # the folder, in every environment
_EMPTY = ("None", "True", "False", "null", "true", "false", '""', "''")

_NAMED = re.compile(r"(?<![\w.-])(--?)?([A-Za-z_][\w.-]*+)(\\?[\"']?\]?)(\s*+(?:=>|==?|:)\s*+|\s++(?!-))")
_VALUE = re.compile(
    r"[bru]{0,2}\"(?:[^\"\\]|\\.)*+\"?|[bru]{0,2}'(?:[^'\\]|\\.)*+'?"
    r"|(?:Bearer|Basic|Digest|Token)\s+[^\s,;\"']+"
    r"|[(\[{<][^)\]}>]*+[)\]}>]?"
    r"|[^\s,;&)\]}>\"']+",
    re.IGNORECASE,
)
_MAY_NAME = re.compile(r"[=:]|--|[Bb]earer|[Bb]asic")
_BEARER = re.compile(r"\b(bearer|basic)\s+(?=\S*\d)[\w.~+/=-]{8,}", re.IGNORECASE)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Tell whether a variable, parameter, attribute or key of this name holds a secret."""
    if len(name) > _LONGEST_NAME or name in _NO_SECRET:
        return False
    if _SECRET.search(re.sub(r"[\W_]", "", name).lower()):
        return True
    words = _words(name)
    return words[-1:] == ["pass"] or any(_SECRET_WORD.fullmatch(word) for word in words)


def hides(name: object, value: object) -> bool:
    """Tell whether a value must not be shown under this name: None, truth and numbers of tokens are no secrets."""
    if type(name) is bytes:  # the header of a request
        name = name.decode("latin-1")
    if type(name) is not str or not is_secret(name) or value is None or type(value) is bool:
        return False
    is_count = type(value) in (int, float) and not _COUNTING.isdisjoint(_words(name))
    return not is_count and not (type(value) in (str, bytes) and not value)


def hides_next(item: object, count: int) -> bool:
    """Tell whether what follows `item` is its value: `("password", ...)`, `[..., "--password", ...]`."""
    return type(item) is str and (count == 2 or item.startswith("-")) and is_secret(item)


def mask_text(text: str) -> str:
    """Return a text with the secrets that it names as `***`: `password=...`, `"token": "..."`, URLs with passwords."""
    if not _MAY_NAME.search(text):
        return text
    text = _BEARER.sub(rf"\1 {MASK}", redact(text))
    parts: list[str] = []
    done = 0
    for found in _NAMED.finditer(text):
        dashes, name, quote, between = found.groups()
        # `unexpected token: x` is what a parser says.
        is_prose = between.lstrip().startswith(":") and not quote and name.lower() in ("token", "tokens")
        if found.start() < done or is_prose or not (between.strip() or dashes) or not is_secret(name):
            continue
        value = _VALUE.match(text, found.end())
        if value is None or value[0] in _EMPTY or (value[0].isdecimal() and not hides(name, 0)):
            continue
        parts += [text[done : found.end()], MASK]
        done = value.end()
    return "".join([*parts, text[done:]]) if parts else text


def mask_under(name: str, text: str) -> str:
    """Return the text of a value as it may be shown under this name."""
    if not is_secret(name) or text in _EMPTY or (text.isdecimal() and not hides(name, 0)):
        return text
    return MASK


def known_secrets(named: Iterable[tuple[str, object]]) -> list[str]:
    """Return the texts among named values that are secrets, and would be recognized as such anywhere."""
    return [
        value
        for name, value in named
        if type(value) is str and len(value) >= _LEAST_CHARS and hides(name, value) and _is_odd(name, value)
    ]


def mask_known(text: str, secrets: Iterable[str]) -> str:
    """Return a text in which these secrets are masked."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _is_odd(name: str, value: str) -> bool:
    """Tell a secret from the token of a parser, which may be any word."""
    return "token" not in name.lower() or not value.isalpha()


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]

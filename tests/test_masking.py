"""Secrets are told by their names, in variables, containers, objects, texts and arguments; nothing else is hidden."""

import argparse
import json
import time
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from test_frame_locals import frame_of

from compmake.fingerprint.value_text import short_text
from compmake.frame_locals import describe_locals
from compmake.local_values import value_text
from compmake.masking import is_secret, mask_text

SECRET = "hunter2-is-it"
Login = namedtuple("Login", "user password")


@dataclass
class Config:
    rate: float
    api_token: str


class Account:
    """It has no `__repr__` of its own."""

    def __init__(self):
        self.user, self.credentials = "me", {"id": SECRET}


class Talkative:
    """Its `__repr__` prints all that it has."""

    def __init__(self):
        self.url, self.password = "db", SECRET

    def __repr__(self):
        return f"<Talkative {self.url} with {self.password}>"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "passwd", "db_password", "userPassword", "PGPASSWORD", "passphrase", "pwd", "smtp_pass"),
        *("secret", "client_secret", "SECRET_KEY", "aws_secret_access_key", "credentials", "private_key", "sshKey"),
        *("token", "access_token", "authToken", "API_TOKEN", "api_key", "apikey", "APIKey", "X-Api-Key", "jwt"),
        *("auth", "basic_auth", "oauth2", "Authorization", "Proxy-Authorization", "cookie", "Set-Cookie"),
    ],
)
def test_names_of_secrets(name):
    """In every way of writing names."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("author", "authors", "authority", "coauthor", "tokenizer", "tokenized", "secretary", "compass", "passed"),
        *("key", "keys", "monkey", "keyboard", "path", "bypass_ratio", "PWD", "passenger", "x", "", "n_passes"),
    ],
)
def test_names_that_only_look_like_it(name):
    """What people look for in a failure stays readable."""
    assert not is_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        {"password": SECRET},
        {"login": [{"token": SECRET}]},
        {b"Authorization": SECRET},
        [("password", SECRET), ("user", "me")],
        ["mysql", "--password", SECRET],
        ["mysql", f"--password={SECRET}"],
        Login("me", SECRET),
        Config(0.5, SECRET),
        Account(),
        Talkative(),
        SimpleNamespace(api_key=SECRET, n=1),
        argparse.Namespace(secret=SECRET),
        json.dumps({"user": "me", "password": SECRET}),
        f"password = {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"redis://user:{SECRET}@host:6379/0",
        f"https://host/?api_key={SECRET}&x=1".encode(),
        KeyError(f"token={SECRET}"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_hide_their_secrets(value):
    """Keys, attributes, fields, items with names, texts that name them: in local variables and in arguments."""
    for text in (value_text(value, ask=True), value_text(value, ask=False), short_text(value)):
        assert SECRET not in text and "hunter2" not in text


def test_masked_values_are_told_as_three_stars():
    """What stands around a secret is readable."""
    assert value_text({"password": SECRET, "user": "me"}, ask=True) == "{'password': ***, 'user': 'me'}"
    assert value_text(Config(0.5, SECRET), ask=True) == "Config(rate=0.5, api_token=***)"
    assert value_text(Login("me", SECRET), ask=True) == "Login('me', ***)"
    assert short_text(Config(0.5, SECRET)) == "Config(rate=0.5, api_token=***)"
    assert mask_text(f"host=h password='{SECRET}' port=1") == "host=h password=*** port=1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": None, "token": ""}, "{'password': None, 'token': ''}"),
        ({"has_token": True, "max_tokens": 512}, "{'has_token': True, 'max_tokens': 512}"),
        ("unexpected token: 'x' at line 3", "\"unexpected token: 'x' at line 3\""),
        (["password", "user", "age"], "['password', 'user', 'age']"),
    ],
)
def test_what_is_no_secret_is_shown(value, expected):
    """That there is none, that there is one, how many there are; words of other languages."""
    assert value_text(value, ask=True) == expected


def test_a_variable_and_wherever_else_its_value_stands():
    """What is called a secret in one frame is masked in every other text of the failure."""

    def fail(password, author):
        command = ["mysql", f"-p{password}"]
        return 1 / 0 if command else author

    frame = frame_of(fail, SECRET, "Ann")
    assert dict(describe_locals([frame])[frame]) == {
        "password": "***",
        "author": "'Ann'",
        "command": "['mysql', '-p***']",
    }


def test_long_texts_take_no_time():
    """Neither a long word nor thousands of names make the search slow."""
    began = time.perf_counter()
    for text in ("a" * 20_000 + "=", "word " * 4_000 + "=", "token='" * 3_000, "'\\" * 9_000 + "=", "-" * 20_000 + "="):
        mask_text(text)
    value_text("password=" * 2_000_000, ask=True)
    assert time.perf_counter() - began < 5


PROGRAM = """\
import os
from compmake import comp

SECRET_SALT = "pepper-pepper"

def work(x, password, *, token=os.environ["MINE"], conf=None):
    return x / 0 if SECRET_SALT else None

comp(work, 1, os.environ["MINE"], conf={"api_key": os.environ["MINE"]})
"""


def test_arguments_of_jobs_hide_them_everywhere(space):
    """`ls`, `details`, `why` and `traceback`, as text and JSON, and what the store keeps."""
    space.write("prog.py", PROGRAM)
    assert space.run("prog", "make", env={"MINE": SECRET}).code == 1
    lines = "ls -l; ls --json; details work; why; why work; why work --json; traceback work; traceback work --json"
    shown = space.run("prog", "-c", lines, env={"MINE": SECRET + "-new"}).out
    assert "hunter2" not in shown
    assert "password=***" in shown and "argument password changed" in shown
    stored = b"".join(path.read_bytes() for path in (space.path / ".compmake" / "prog").iterdir() if path.is_file())
    assert b"hunter2" not in stored


def test_recording_can_be_switched_off(space):
    """With `locals=false` no variable is kept, neither by workers nor inline; everything else of the failure is."""
    space.write("prog.py", "from compmake import comp\n\ndef work(x):\n    return x / 0\n\ncomp(work, 1)\n")
    for how in ([], ["--inline"]):
        assert space.run("--config", "locals=false", "prog", "make", *how).code == 1
        done = space.run("prog", "traceback", "work")
        assert "return x / 0" in done.out and "local variables" not in done.out
    assert space.run("prog", "make").code == 1
    assert "local variables" in space.run("prog", "traceback", "work").out

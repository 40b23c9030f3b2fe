"""The canonical form: equal for equal meaning, different for different meaning, the same on every Python."""

# ruff: noqa: E501  (the little programs stand on one line each)

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compmake.fingerprint import canonical as canonical_module
from compmake.fingerprint.canonical import canonical

EQUAL = {
    "comments and blanks": ("x = 1", "# a\n\nx = 1  # b"),
    "docstring": ("def f():\n    'a'\n    return 1", "def f():\n    return 1"),
    "empty bodies": ("def f(): pass", "def f():\n    '''a'''\n    ..."),
    "annotations": ("def f(a: int, *b: str, c: 'x' = 1, **d: T) -> None: return a", "def f(a, *b, c=1, **d): return a"),
    "annotated local": ("def f():\n    x: int = 1\n    return x", "def f():\n    x = 1\n    return x"),
    "quotes": ("x = 'a'", 'x = """a"""'),
    "u prefix": ("x = u'a'", "x = 'a'"),
    "raw string": ("x = r'\\d'", "x = '\\\\d'"),
    "implicit concatenation": ("x = 'a' 'b'", "x = 'ab'"),
    "number spelling": ("x = 0xFF + 1_000 + 1E3", "x = 255 + 1000 + 1000.0"),
    "parentheses": ("x = (a + b)\nfor (i) in (y): pass", "x = a + b\nfor i in y: pass"),
    "del": ("del (a, b), c", "del a, b, c"),
    "trailing comma": ("f(a, b,)", "f(a, b)"),
    "empty else": ("if a:\n    b()\nelse:\n    pass", "if a:\n    b()"),
    "f-string pieces": ("x = f'a{b}' 'c' f'd{e:}'", "x = f'a{b}cd{e}'"),
    "elif": ("if a: b()\nelif c: d()", "if a: b()\nelse:\n    if c: d()"),
    "identifier spelling": ("ﬁ = 1", "fi = 1"),
    "property setter annotations": ("@p.setter\ndef f(self, x: int): g(x)", "@p.setter\ndef f(self, x): g(x)"),
}

DIFFERENT = {
    "types of constants": ("x = 1", "x = True", "x = 1.0", "x = '1'", "x = b'1'", "x = 1j", "x = None", "x = ..."),
    "keyword-only default": ("def f(*, a): g()", "def f(*, a=None): g()"),
    "dictionary unpacking": ("x = {**a}", "x = {None: a}"),
    "parameters": ("def f(a, b): g()", "def f(a, /, b): g()", "def f(a, *, b): g()", "def f(a, *b): g()", "def f(b, a): g()"),
    "order": ("a(); b()", "b(); a()"),
    "operators": ("x = a + b", "x = a - b", "x = b + a", "x += a"),
    "nesting": ("x = a - (b - c)", "x = a - b - c"),
    "list and tuple": ("x = [1, 2]", "x = (1, 2)", "x = {1, 2}", "x = 1, (2,)"),
    "async": ("async def f(): g()", "def f(): g()"),
    "default": ("def f(a=1): g()", "def f(a=2): g()", "def f(a): g()"),
    "decorator": ("@d\ndef f(): g()", "@e\ndef f(): g()", "def f(): g()"),
    "f-string": ("x = f'{a}'", "x = f'{a!r}'", "x = f'{a:>3}'", "x = f'{a=}'", "x = '{a}'", "x = a"),
    "text with quotes": ("x = ['a', 'b']", "x = [\"a', 'b\"]"),
    "text like syntax": ("x = 'str1:a'", "x = ['str1:a']", "x = 'a'"),
    "class annotation": ("class A:\n    x: int", "class A:\n    x: str", "class A:\n    y: int"),
    "annotations that a decorator may read": ("@f.register\ndef _(x: int): g()", "@f.register\ndef _(x: str): g()"),
    "local declaration": ("def f():\n    x: int\n    return x", "def f():\n    return x"),
    "return": ("def f():\n    return 1", "def f():\n    yield 1"),
    "except": ("try: a()\nexcept E: b()", "try: a()\nexcept* E: b()", "try: a()\nfinally: b()"),
    "match": ("match a:\n    case 1: b()", "match a:\n    case None: b()", "match a:\n    case _: b()", "match a:\n    case x: b()"),
    "import": ("import a", "import a as b", "from a import b", "from . import a", "from .. import a"),
    "big numbers": ("x = 0x" + "9" * 5000, "x = 0x" + "9" * 4999 + "8"),
    "infinity": ("x = 1e999", "x = 1e308"),
    "surrogates": ("x = '\\ud800'", "x = '\\ud801'"),
}  # fmt: skip


def form(source):
    return canonical(ast.parse(source).body)


@pytest.mark.parametrize("sources", EQUAL.values(), ids=EQUAL)
def test_same_meaning_same_form(sources):
    """How code is written does not count."""
    first, second = sources
    assert form(first) == form(second)


@pytest.mark.parametrize("sources", DIFFERENT.values(), ids=DIFFERENT)
def test_other_meaning_other_form(sources):
    """Code that does something else has another form."""
    assert len({form(source) for source in sources}) == len(sources)


GOLDEN = '''
import os.path as p
from ..a import (b as c, d)
LIMIT: int = -1_0
@deco(x=1)
async def f(a, /, b: int = 2, *c, d, e=None, **g) -> "int":
    """Doc."""
    global LIMIT
    async with a as b, c: await d
    async for i in g: yield i
    x = [y async for y in e if y for z in y]
    t = f"{a!r:>{b}}" f"-{c=}{{}}" "tail{" f"{'nested' + f'{d:%Y-%m}'}" u"é\\ud800"
    del (a, b), [c]
    return lambda *q, k=1, **w: {**q, "a": (yield), 1: {2, 3.5, 1j, b"\\x00", ..., True, None}}
class A(B, metaclass=M, **kw):
    x: int
    y: "str" = field(default=0)
    def m(self): return super().m()[1:2, ..., ::3]
try:
    pass
except (E, F) as e:
    raise G from e
except H: ...
else: x = y if z else (w := 3)
finally:
    while not a or b and c: break
match p:
    case {"a": [1, *rest], **kw} | C(x, y=None) if rest: pass
    case -1 | 1+2j | "s" | (a.b as q): x @= y
    case _: assert x, "no"
for i, (j, *k) in enumerate(x): continue
a < b <= c != d is not e not in f
x = ~a ** -b // c << d & e | f ^ g % h
'''
GOLDEN_DIGEST = "483ae91dce3478bc935b034f951448b28b798797fe9d9976b6de3ba29f45c1a8"

_PROBE = """
import ast, hashlib, importlib.util, sys
spec = importlib.util.spec_from_file_location("canonical", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
source = sys.stdin.buffer.read().decode()
print(hashlib.sha256(module.canonical(ast.parse(source).body)).hexdigest())
"""


def test_golden_form():
    """The form never changes by accident: every result ever stored would look stale."""
    assert hashlib.sha256(form(GOLDEN)).hexdigest() == GOLDEN_DIGEST


def _interpreters():
    """Other Pythons of this machine: on PATH, and those of pyenv, which are on PATH only as shims."""
    homes = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in (11, 12, 13, 14):
        known = sorted(homes.glob(f"3.{minor}.*/bin/python"))
        found = str(known[-1]) if known else shutil.which(f"python3.{minor}")
        yield pytest.param(found, id=f"3.{minor}", marks=[] if found else pytest.mark.skip("not on this machine"))


@pytest.mark.parametrize("python", list(_interpreters()))
def test_golden_form_on_another_python(python):
    """Results made with one version of Python are up to date with the next."""
    probe = subprocess.run(
        [python, "-c", _PROBE, canonical_module.__file__], input=GOLDEN.encode(), capture_output=True, check=False
    )
    if probe.returncode and b"not found" in probe.stderr + probe.stdout:
        pytest.skip("a shim without an interpreter")
    assert probe.stdout.decode().strip() == GOLDEN_DIGEST, probe.stderr.decode()


def test_form_of_a_very_deep_expression():
    """Generated code is deeper than Python's recursion limit."""
    node = ast.Name("x")
    for _ in range(5 * sys.getrecursionlimit()):
        node = ast.BinOp(node, ast.Add(), ast.Constant(1))
    assert canonical([node]).count(b"BinOp") == 5 * sys.getrecursionlimit()


NOISE = st.sampled_from(["", "\n", "# note\n", "    # note\n", "    pass\n", "    'text'\n", "    ...\n"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from("+-*")), min_size=1, max_size=4), st.data(), st.randoms())
def test_noise_and_order_never_count_and_constants_always_do(bodies, data, random):
    """Random comments, blank lines and reordering leave every unit alone; any changed constant changes its own."""
    from compmake.fingerprint.modules import Source
    from compmake.fingerprint.units import parse

    def digests(functions):
        text = "".join(functions).encode()
        facts = parse(Source("m.py", text, b""))
        return {name: unit.digest for name, unit in facts.units()}

    def write(index, number, sign, noise=("", "")):
        return f"def f{index}(x):\n{noise[0]}    y = x {sign} {number}\n{noise[1]}    return y\n"

    plain = [write(index, *body) for index, body in enumerate(bodies)]
    noisy = [write(index, *body, (data.draw(NOISE), data.draw(NOISE))) for index, body in enumerate(bodies)]
    random.shuffle(noisy)
    before = digests(plain)
    assert digests(noisy) == before
    which = data.draw(st.integers(0, len(bodies) - 1))
    plain[which] = write(which, bodies[which][0] + 1, bodies[which][1])
    after = digests(plain)
    assert {name for name in before if before[name] != after[name]} == {f"f{which}"}

"""Classes: what comes with one, and what is found by name on objects that are not known."""

# ruff: noqa: E501  (the little programs stand on one line each)

import pytest

CASES = {
    # name: (modules, edit, counts)
    "property": (
        "class A:\n    @property\n    def size(self):\n        return 1\n\ndef job(a):\n    return a.size\n",
        ("return 1", "return 2"),
        True,
    ),
    "property setter": (
        "class A:\n    @property\n    def size(self):\n        return self.s\n    @size.setter\n    def size(self, s):\n"
        "        self.s = s + 1\n\ndef job(a):\n    a.size = 3\n",
        ("s + 1", "s + 2"),
        True,
    ),
    "classmethod on an unknown receiver brings the constructor": (
        "class A:\n    def __init__(self):\n        self.x = 1\n    @classmethod\n    def make(cls):\n        return cls()\n\n"
        "def job(kind):\n    return kind.make()\n",
        ("self.x = 1", "self.x = 2"),
        True,
    ),
    "staticmethod": (
        "class A:\n    @staticmethod\n    def half(x):\n        return x / 2\n\ndef job(x):\n    return A.half(x)\n",
        ("x / 2", "x / 3"),
        True,
    ),
    "method reached through an argument's attribute": (
        "class Inner:\n    def go(self):\n        return 1\n\ndef job(a):\n    return a.inner.go()\n",
        ("return 1", "return 2"),
        True,
    ),
    "method that nobody calls": (
        "class A:\n    def used(self):\n        return 1\n    def other(self):\n        return 5\n\n"
        "def job():\n    return A().used()\n",
        ("return 5", "return 6"),
        False,
    ),
    "visitor": (
        "class V:\n    def visit(self, kind):\n        return getattr(self, 'visit_' + kind)()\n"
        "    def visit_num(self):\n        return 1\n\ndef job(kind):\n    return V().visit(kind)\n",
        ("return 1", "return 2"),
        True,
    ),
    "visitor by f-string": (
        "class V:\n    def visit_num(self):\n        return 1\n\ndef job(kind):\n    return getattr(V(), f'visit_{kind}')()\n",
        ("return 1", "return 2"),
        True,
    ),
    "visitor by percent": (
        "class V:\n    def num_visit(self):\n        return 1\n\ndef job(k):\n    return getattr(V(), '%s_visit' % k)()\n",
        ("return 1", "return 2"),
        True,
    ),
    "methods listed by prefix": (
        "class V:\n    def check_a(self):\n        return 1\n\n"
        "def job(v):\n    return [getattr(v, n)() for n in dir(v) if n.startswith('check_')]\n",
        ("return 1", "return 2"),
        True,
    ),
    "constant getattr": (
        "class V:\n    def num(self):\n        return 1\n\ndef job(v):\n    return getattr(v, 'num')()\n",
        ("return 1", "return 2"),
        True,
    ),
    "name in a table": (
        "class V:\n    def num(self):\n        return 1\n\ndef job(v):\n    return getattr(v, {'n': 'num'}['n'])()\n",
        ("return 1", "return 2"),
        True,
    ),
    "hook of a library's base class": (
        "from html.parser import HTMLParser\nclass P(HTMLParser):\n    def handle_data(self, data):\n        self.x = 1\n\n"
        "def job(text):\n    p = P()\n    p.feed(text)\n    return p.x\n",
        ("self.x = 1", "self.x = 2"),
        True,
    ),
    "registered by __init_subclass__": (
        "class Base:\n    kinds = {}\n    def __init_subclass__(cls):\n        Base.kinds[cls.__name__] = cls\n\n"
        "class Kind(Base):\n    def __init__(self):\n        self.x = 1\n\n"
        "def job(kind):\n    return Base.kinds[kind]().x\n",
        ("self.x = 1", "self.x = 2"),
        True,
    ),
    "registered by a metaclass": (
        "class Meta(type):\n    kinds = {}\n    def __init__(cls, *a):\n        Meta.kinds[cls.__name__] = cls\n\n"
        "class Base(metaclass=Meta):\n    pass\n\nclass Kind(Base):\n    def __init__(self):\n        self.x = 1\n\n"
        "def job(kind):\n    return Base.kinds[kind]().x\n",
        ("self.x = 1", "self.x = 2"),
        True,
    ),
    "dunder of a class in use": (
        "class A:\n    def __add__(self, o):\n        return 1\n\ndef job():\n    return A() + A()\n",
        ("return 1", "return 2"),
        True,
    ),
    "nested class": (
        "class A:\n    class B:\n        def go(self):\n            return 1\n\ndef job():\n    return A.B().go()\n",
        ("return 1", "return 2"),
        True,
    ),
    "dataclass field default": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n\ndef job():\n    return A().x\n",
        ("int = 1", "int = 2"),
        True,
    ),
    "dataclass field factory": (
        "from dataclasses import dataclass, field\ndef make():\n    return [1]\n\n@dataclass\nclass A:\n"
        "    x: list = field(default_factory=make)\n\ndef job():\n    return A().x\n",
        ("[1]", "[2]"),
        True,
    ),
    "dataclass new field": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n\ndef job():\n    return A().x\n",
        ("    x: int = 1", "    x: int = 1\n    y: int = 0"),
        True,
    ),
    "enum member": (
        "from enum import Enum\nclass C(Enum):\n    RED = 1\n\ndef job():\n    return C.RED.value\n",
        ("RED = 1", "RED = 2"),
        True,
    ),
    "typed dictionary": (
        "from typing import TypedDict\nclass T(TypedDict):\n    x: int\n\ndef job():\n    return T.__annotations__\n",
        ("x: int", "x: str"),
        True,
    ),
    "protocol, used only in an annotation": (
        "from typing import Protocol\nclass T(Protocol):\n    def go(self): ...\n\ndef job(x: T):\n    return 1\n",
        ("def go(self)", "def go(self, a)"),
        False,
    ),
    "class attribute of an unknown object": (
        "class A:\n    rate = 3\n\ndef job(a):\n    return a.rate\n",
        ("rate = 3", "rate = 4"),
        True,
    ),
    "class attribute set below the class": (
        "class A:\n    pass\n\nA.rate = 3\n\ndef job():\n    return A().rate\n",
        ("rate = 3", "rate = 4"),
        True,
    ),
    "function used in a class body": (
        "def pick():\n    return 1\n\nclass A:\n    rate = pick()\n\ndef job():\n    return A.rate\n",
        ("return 1", "return 2"),
        True,
    ),
    "private method used in the class body's table": (
        "class A:\n    def _a(self):\n        return 1\n    table = {'x': _a}\n\ndef job():\n    return A().table\n",
        ("return 1", "return 2"),
        True,
    ),
    "user decorator of a method": (
        "def twice(f):\n    return lambda self: 2 * f(self)\n\nclass A:\n    @twice\n    def go(self):\n        return 1\n\n"
        "def job():\n    return A().go()\n",
        ("2 * f", "3 * f"),
        True,
    ),
    "class made in a function": (
        "def make():\n    class A:\n        def go(self):\n            return 1\n    return A\n\ndef job():\n    return make()().go()\n",
        ("return 1", "return 2"),
        True,
    ),
    "match of a class": (
        "class P:\n    __match_args__ = ('x',)\n    def __init__(self):\n        self.x = 1\n\n"
        "def job(p):\n    match p:\n        case P(x):\n            return x\n",
        ("('x',)", "('y',)"),
        True,
    ),
    "super": (
        "class A:\n    def go(self):\n        return 1\n\nclass B(A):\n    def go(self):\n        return super().go()\n\n"
        "def job():\n    return B().go()\n",
        ("return 1", "return 2"),
        True,
    ),
}


@pytest.mark.parametrize(("source", "edit", "counts"), CASES.values(), ids=CASES)
def test_edit_of_a_class(program, source, edit, counts):
    """An edit counts exactly where the job can see it."""
    program.write("prog", source)
    assert program.changes("prog", *edit) is counts


RESULT = {
    "helper": """
        class Result:
            rate = 2

            def __init__(self, x):
                self.x = prepare(x)

            def __repr__(self):
                return "R"

            def total(self):
                return self.x * 10

            def other(self):
                return 7

        class Better(Result):
            def more(self):
                return 1

        def prepare(x):
            return x + 5
    """,
    "maker": """
        import helper

        def make(x):
            return helper.Better(x)
    """,
    "user": """
        def use(result):
            return result.total()
    """,
}


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("* 10", "* 11", True),
        ('"R"', '"Q"', True),
        ("(Result)", "(Result, object)", True),
        ("return 7", "return 8", False),
        ("x + 5", "x + 6", False),
        ("prepare(x)\n", "prepare(x) + 1\n", False),
        ("    def more", "    def total(self):\n        return 0\n\n    def more", True),
    ],
)
def test_class_of_a_dependencys_result(program, old, new, counts):
    """What a job does with an object of a class its module never imports counts; how it was made does not."""
    for name, text in RESULT.items():
        program.write(name, text)
    how = {"load": ["user", "maker"], "after": ["maker.make"]}
    assert program.changes("helper", old, new, "user.use", **how) is counts


def test_remaking_a_received_object_runs_its_constructor(program):
    """`type(x)(...)` and `dataclasses.replace` make objects of a class that only an ancestor names."""
    for name, text in RESULT.items():
        program.write(name, text)
    program.write("user", "def use(result):\n    return type(result)(3)\n")
    how = {"load": ["user", "maker"], "after": ["maker.make"]}
    assert program.changes("helper", "x + 5", "x + 6", "user.use", **how)


def test_special_methods_of_an_arguments_class(program):
    """`__reduce__` and `__eq__` of classes whose instances are arguments count."""
    program.write(
        "helper", "class A:\n    def __reduce__(self):\n        return A, ()\n    def go(self):\n        return 1\n"
    )
    program.write("prog", "import helper\ndef job(a):\n    return str(a)\n")
    what = ("prog.job", "prog.helper.A")
    assert not program.changes("helper", "return 1", "return 2", *what)
    assert program.changes("helper", "return A, ()", "return (A, ())[:2]", *what)

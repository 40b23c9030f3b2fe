"""Jobs that raise, or return, what is hard to tell or to keep; each has a reader."""

import ctypes
import os
import sys

from ledger import note

from compmake import File, comp


class Thing:
    def __init__(self):
        self.x = 1


class BadTextError(Exception):
    def __str__(self):
        raise KeyError("x")


class TwoArgumentsError(Exception):
    def __init__(self, what, why):
        super().__init__(f"{what} because {why}")


class NotLoadableError(Exception):
    def __reduce__(self):
        return refuse, ("this exception",)


class NotLoadable:
    def __reduce__(self):
        return refuse, ("this result",)


def refuse(what):
    raise RuntimeError(f"{what} does not want to be loaded")


def raises():
    raise ValueError("no way")


def exits():
    sys.exit(0)


def recurses():
    return recurses()


def bad_text():
    raise BadTextError("x")


def two_arguments():
    raise TwoArgumentsError("it fails", "it must")


def not_loadable_exception():
    raise NotLoadableError("as it is")


def base_exception():
    raise BaseException("base")


def group():
    raise ExceptionGroup("many", [ValueError("first"), KeyError("second")])


def big_message():
    raise ValueError("y" * 1_000_000)


def out_of_memory():
    raise MemoryError


def generator():
    yield 1


def no_file():
    return File("not/there.txt")


def open_file():
    return {"log": [open(__file__)]}


def deep():
    x = []
    for _ in range(100_000):
        x = [x]
    return x


def defines():
    return comp(raises)


def prints_escape_codes():
    os.write(1, b"\xff\xfe then \x1b[31mtext\n")


def prints_no_newline():
    print("no newline", end="")


def prints_all_ways():
    print("python")
    print("error", file=sys.stderr)
    os.system("echo child")
    ctypes.CDLL(None).puts(b"C")
    ctypes.CDLL(None).printf(b"C too, %s\n", b"formatted")


def prints_then_closes():
    print("before")
    sys.stdout.close()


def nothing():
    return None


def function():
    return lambda x: x + 1


def thing():
    return Thing()


def not_loadable():
    return NotLoadable()


def reads(x, name):
    note(name)
    return name


FAIL = (
    raises,
    exits,
    recurses,
    bad_text,
    two_arguments,
    not_loadable_exception,
    base_exception,
    group,
    big_message,
    out_of_memory,
    generator,
    no_file,
    open_file,
    deep,
    defines,
)
WORK = (
    prints_escape_codes,
    prints_no_newline,
    prints_all_ways,
    prints_then_closes,
    nothing,
    function,
    thing,
    not_loadable,
)
for does in (*FAIL, *WORK):
    comp(reads, comp(does, job_id=does.__name__), does.__name__, job_id=f"after-{does.__name__}")

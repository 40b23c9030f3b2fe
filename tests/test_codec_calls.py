"""How calls are frozen and thawed: snapshots, marks, dependencies, what is refused."""

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compmake.codec import (
    BufferPool,
    CallMessage,
    DependenciesDamagedError,
    LoadError,
    dump_value,
    freeze_call,
    freeze_function,
    is_immutable,
    load_call,
)
from compmake.errors import DefinitionError, ResultDamagedError, ResultMissingError, UnpicklableError, UserError
from compmake.job import Blob, Digest, File, JobId, Promise

DEP = JobId("dep")


class Model:
    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


class Fragile:
    """Pickles, but cannot be unpickled."""

    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a, b

    def __reduce__(self) -> Any:
        return Fragile, (1,)


def add(a: Any, b: Any = 0) -> Any:
    return a + b


def blob(value: Any) -> Blob:
    data = b"".join(bytes(piece) for piece in dump_value(value))
    return Blob(Digest(b""), len(data), data)


def read(kept: Blob) -> memoryview:
    assert kept.inline is not None
    return memoryview(bytearray(kept.inline))


def thaw(call: Any, dependencies: dict[JobId, Blob] | None = None, function: Any = add) -> Any:
    return load_call(CallMessage(JobId("x"), "m:f", freeze_function(function), call, dependencies or {}, 0), read)


def freeze(*args: Any, **kwargs: Any) -> Any:
    return freeze_call(JobId("x"), "m:f", args, kwargs)


def test_call_comes_back_as_it_was_frozen():
    """What the program does to an argument later does not reach the job."""
    array, items = np.arange(5000.0), [1, {"a": 2}]
    call = freeze(array, items, k=items)
    array[0] = 99
    items.append(3)
    function, args, kwargs = thaw(call)
    assert function is add
    assert args[0][0] == 0 and args[1] == [1, {"a": 2}]
    assert kwargs["k"] is args[1]


def test_every_attempt_gets_objects_of_its_own():
    """A job that writes into its arguments does not reach the next attempt; arrays are writable."""
    call = freeze(np.zeros(5000), Promise(DEP))
    dependencies = {DEP: blob(np.zeros(5000))}
    for _ in range(2):
        _, args, _ = thaw(call, dependencies)
        assert args[0][0] == 0 and args[1][0] == 0
        args[0][0] = args[1][0] = 7


def test_promises_become_results_and_files_become_paths():
    """At any depth, also files in results; one job's result is one object in the call."""
    promise = Promise(DEP)
    call = freeze(promise, [promise, {"k": promise}], Model(p=promise), {promise}, f=File("a/b.csv"))
    _, args, kwargs = thaw(call, {DEP: blob(("value", File("c.csv")))})
    value = ("value", Path("c.csv"))
    assert args[0] == value
    assert args[1] == [value, {"k": value}] and args[1][0] is args[0]
    assert args[2].p is args[0] and args[3] == {value}
    assert kwargs == {"f": Path("a/b.csv")}


def test_calls_of_plain_values_come_back_with_their_results():
    """Atoms and promises take a shorter way, to the same places; one job's result is one object here too."""
    promise = Promise(DEP)
    call = freeze(1, promise, "plain:", 1e400, k=promise, last=None)
    _, args, kwargs = thaw(call, {DEP: blob([File("c.csv")])})
    assert args == (1, [Path("c.csv")], "plain:", float("inf"))
    assert kwargs == {"k": [Path("c.csv")], "last": None} and kwargs["k"] is args[1]


def test_function_of_a_module_that_was_loaded_anew_is_the_new_one(tmp_path, monkeypatch):
    """What a name led to before must not run again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "edited.py").write_text("def f():\n    return 1\n")
    module = importlib.import_module("edited")
    first, before = freeze_function(module.f), module.f
    message = CallMessage(JobId("x"), "edited:f", first, freeze(), {}, 0)
    assert [load_call(message, read)[0] for _ in range(2)] == [before, before]
    importlib.reload(module)
    assert load_call(message, read)[0] is module.f is not before
    del sys.modules["edited"]


def test_all_damaged_dependencies_are_named_at_once():
    """They are made again together, so each must be known before anything is loaded."""
    ids = [JobId(f"d{index}") for index in range(4)]
    call = freeze(*map(Promise, ids))

    def read_some(kept: Blob) -> memoryview:
        if kept.size_bytes == 1:
            raise ResultMissingError("gone")
        if kept.size_bytes == 2:
            raise ResultDamagedError("damaged")
        return read(kept)

    blobs = [blob(0), Blob(Digest(b""), 1), blob(0), Blob(Digest(b""), 2)]
    message = CallMessage(JobId("x"), "m:f", freeze_function(add), call, dict(zip(ids, blobs, strict=True)), 0)
    with pytest.raises(DependenciesDamagedError) as caught:
        load_call(message, read_some)
    assert caught.value.job_ids == ("d1", "d3")
    assert not isinstance(caught.value, UserError)


def test_errors_while_loading_name_what_was_loaded():
    """Arguments, a dependency or the function: the text says which, and the cause."""
    with pytest.raises(LoadError, match=r"arguments of 'x' cannot be loaded: TypeError: .*__init__"):
        thaw(freeze(Fragile(1, 2)))
    with pytest.raises(LoadError, match=r"result of 'dep' cannot be loaded: TypeError: .*__init__"):
        thaw(freeze([Promise(DEP)]), {DEP: blob(Fragile(1, 2))})
    broken = CallMessage(JobId("x"), "m:f", b"nonsense", freeze(1), {}, 0)
    with pytest.raises(LoadError, match="function m:f cannot be loaded"):
        load_call(broken, read)
    with pytest.raises(LoadError, match="promise of 'dep' is hidden"):
        thaw(freeze([Promise(DEP)]))


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((Model(model=Model(lock=threading.Lock())),), {}, "args[0].model.lock: a thread lock"),
        ((1,), {"model": (x for x in [])}, "kwargs['model']: a generator"),
        ((0, {"a": [1, 2, 3, Model(field=threading.RLock())]}), {}, "args[1]['a'][3].field: a thread lock"),
        ((sys._getframe(),), {}, "args[0]: a stack frame"),
    ],
)
def test_what_cannot_be_pickled_is_refused_with_its_place(args, kwargs, text):
    """The user sees the job, the way to the culprit, and what to do."""
    with pytest.raises(UnpicklableError) as caught:
        freeze(*args, **kwargs)
    assert str(caught.value) == f"job 'x': {text} cannot be pickled. Build it inside f()."


@pytest.mark.parametrize("value", [{Promise(DEP): 1}, [{(1, Promise(DEP)): 1}], Model(a={Promise(DEP): 1})])
def test_promise_as_a_key_is_refused(value):
    """A key must be known when the call is frozen."""
    with pytest.raises(DefinitionError, match=r"job 'x': args\[0\].*: a promise cannot be a dictionary key"):
        freeze(value)


def test_one_large_buffer_is_kept_once():
    """An array passed to many jobs costs its memory once, and once more for each content."""
    pool = BufferPool()
    array = np.zeros(100_000)
    calls = [freeze_call(JobId("x"), "m:f", (array, index), {}, pool) for index in range(50)]
    array[0] = 1
    calls.append(freeze_call(JobId("x"), "m:f", (array, 0), {}, pool))
    assert len({id(call.buffers[0]) for call in calls}) == 2
    assert sum(len(call.payload) for call in calls) < 50_000


@pytest.mark.parametrize(
    ("value", "immutable"),
    [
        (1, True),
        ("a", True),
        (None, True),
        (Promise(DEP), True),
        (File("a"), True),
        ((1, (2.0, frozenset({"a"}))), True),
        ([], False),
        ((1, []), False),
        (Model(), False),
        (np.float64(1), False),
        (((((((1,),),),),),), False),
    ],
)
def test_only_what_cannot_change_needs_no_freezing(value, immutable):
    """A wrong yes would let a job see what the program did later."""
    assert is_immutable(value) is immutable


def test_functions_travel_by_name_or_by_value():
    """A function that its name leads to travels as its name; lambdas and local functions with their code."""
    captured = [1, 2]
    assert thaw(freeze(), function=add)[0] is add
    assert b"add" in freeze_function(add) and len(freeze_function(add)) < 200
    assert thaw(freeze(), function=lambda: captured)[0]() == [1, 2]
    assert thaw(freeze(), function=Model(a=1).__init__)[0].__self__.a == 1


def test_function_that_cannot_travel_is_refused_with_the_place():
    """The captured thing is named."""
    lock = threading.Lock()

    def locked() -> object:
        return lock

    with pytest.raises(UnpicklableError, match=r"__closure__\['lock'\]: a thread lock cannot be pickled"):
        freeze_function(locked)
    promise = Promise(DEP)
    with pytest.raises(UnpicklableError, match=r"__closure__\['promise'\]: a promise .* Pass it as an argument"):
        freeze_function(lambda: promise)


def test_classes_of_a_script_stay_the_same_classes(tmp_path):
    """In `__main__`, too, what a name leads to goes by name, even beside a lambda that goes by value."""
    script = tmp_path / "script.py"
    script.write_text(
        "from compmake.codec import *\n"
        "class A:\n    pass\n"
        "call = freeze_call('x', 'm:f', (A(), lambda: A), {})\n"
        "message = CallMessage('x', 'm:f', freeze_function(A), call, {}, 0)\n"
        "function, args, _ = load_call(message, None)\n"
        "assert function is A and type(args[0]) is A and args[1]() is A\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, str(script)], check=True, env=env)

"""Defining jobs: what `comp` makes of a call, and which calls it refuses."""

import re
import threading
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from compmake.define import Comp, defining, is_loading, running
from compmake.define import comp as module_comp
from compmake.define import comp_prefix as module_comp_prefix
from compmake.definitions import Definitions
from compmake.errors import DefinitionError, UnpicklableError, UserError
from compmake.job import Dependency, File, JobOptions, Promise
from compmake.limits import NO_LIMIT

TIMES_THAT_ARE_NONE = (0, -1, True, float("nan"), float("inf"), 10**400, "", "soon", "1h30", "30m1h", "5 years", [5])
Pair = namedtuple("Pair", "left right")


@dataclass
class Box:
    value: Any
    name: str = "box"


class Model:
    def __init__(self, size):
        self.size = size

    def fit(self, data):
        return self.size + data

    @classmethod
    def of(cls, size):
        return cls(size)

    @staticmethod
    def helper(data):
        return data

    def __call__(self, data):
        return self.size * data


def double(x):
    return 2 * x


def with_job_id(x, job_id):
    return (x, job_id)


def with_extra_dep(extra_dep=None):
    return extra_dep


@pytest.fixture
def definitions():
    """What a program defines while it loads."""
    with defining(Definitions()) as found:
        yield found


@pytest.fixture
def comp(definitions):
    return module_comp


def ids(definitions):
    return list(definitions.jobs)


# ids


def test_ids_count_in_order_of_definition(comp, definitions):
    """The first call of a function has its name, the next ones a number after it."""
    for x in range(3):
        comp(double, x)
    comp(Model, 1)
    assert ids(definitions) == ["double", "double-2", "double-3", "Model"]


def test_each_function_counts_for_itself(comp, definitions):
    """Calls of one function do not shift the ids of another."""
    for x in range(2):
        comp(abs, comp(double, x))
    assert ids(definitions) == ["double", "abs", "double-2", "abs-2"]


def test_a_prefix_stands_literally_before_ids(comp, definitions):
    """`comp_prefix` puts its text before automatic and explicit ids, until an empty one ends it."""
    module_comp_prefix("p1=3-")
    comp(double, 1)
    comp(double, 2)
    comp(double, 3, job_id="x")
    module_comp_prefix()
    comp(double, 4)
    assert ids(definitions) == ["p1=3-double", "p1=3-double-2", "p1=3-x", "double"]


def test_a_prefix_is_text(comp):
    """Anything else is refused."""
    with pytest.raises(DefinitionError, match=r"comp_prefix\(\) takes text, not 3"):
        module_comp_prefix(3)


@pytest.mark.parametrize("job_id", ["a b", "lr=0.1/x", "last", "日本", "'q\"", "*", "-x", "a;b"])
def test_any_printable_text_is_an_id(comp, definitions, job_id):
    """Spaces, signs and words of the selection language are legal."""
    assert comp(double, 1, job_id=job_id).job_id == job_id


@pytest.mark.parametrize("job_id", ["", 3, b"x", "\ud800"])
def test_what_is_no_text_is_no_id(comp, job_id):
    """An id must be text that can be shown."""
    with pytest.raises(DefinitionError, match="job_id"):
        comp(double, 1, job_id=job_id)


def test_an_explicit_id_that_is_taken_shows_both_places(comp):
    """Two jobs of one id: the error names both lines."""
    comp(double, 1, job_id="same")
    with pytest.raises(DefinitionError) as caught:
        comp(double, 2, job_id="same")
    line = test_an_explicit_id_that_is_taken_shows_both_places.__code__.co_firstlineno
    assert f"{__file__}:{line + 2} and {__file__}:{line + 4}" in str(caught.value)


def test_an_automatic_id_steps_over_an_explicit_one(comp, definitions):
    """A name taken with `job_id=` is not given again."""
    comp(double, 1, job_id="double-2")
    comp(double, 2)
    comp(double, 3)
    assert ids(definitions) == ["double-2", "double", "double-3"]


def test_command_name_replaces_the_function_in_ids(comp, definitions):
    """`command_name` names and counts the jobs."""
    comp(double, 1, command_name="train")
    comp(double, 2, command_name="train")
    assert ids(definitions) == ["train", "train-2"]
    assert definitions.jobs["train"].display_function == "train"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x, "lambda"),
        (partial(double), "double"),
        (partial(partial(pow, 2), 3), "pow"),
        (Model(1).fit, "Model.fit"),
        (Model.of, "Model.of"),
        (Model.helper, "Model.helper"),
        (Model, "Model"),
        (Model(3), "Model"),
        (len, "len"),
        (str.upper, "str.upper"),
    ],
)
def test_jobs_are_named_after_any_callable(comp, function, expected):
    """Lambdas, partials, methods, classes, builtins and callable objects all have a name."""
    assert comp(function, 1).job_id == expected


def test_a_local_function_has_its_own_name(comp):
    """What is defined inside another function is named without it."""

    def inner(x):
        return x

    assert comp(inner, 1).job_id == "inner"


# options


def test_options_leave_every_keyword_to_the_function(comp, definitions):
    """With `comp.options` a parameter named `job_id` is the function's."""
    promise = comp.options(job_id="mine", version="2", ignore=["x"], files=["data.txt"])(with_job_id, 1, job_id=7)
    job = definitions.jobs["mine"]
    assert promise.job_id == "mine"
    assert dict(job.kwargs) == {"job_id": 7}
    assert (job.options.version, job.options.ignore, job.options.files) == ("2", ("x",), ("data.txt",))


@pytest.mark.parametrize(("function", "name"), [(with_job_id, "job_id"), (with_extra_dep, "extra_dep")])
def test_a_function_with_such_a_parameter_is_refused(comp, function, name):
    """Plain `comp` takes these keywords for itself and says what to do, each time."""
    for _ in range(2):
        with pytest.raises(DefinitionError, match=rf"parameter named '{name}'.*comp\.options\(\)"):
            comp(function, 1)


def test_empty_options_are_the_form_without_collisions(comp, definitions):
    """`comp.options()` with nothing in it still frees the keywords, as the refusal says."""
    comp.options()(with_job_id, 1, job_id=2)
    assert ids(definitions) == ["with_job_id"]


def test_an_unknown_code_mode_is_refused(comp):
    """`code=` takes one of four words."""
    with pytest.raises(DefinitionError, match="code='all': choose one of closure, module, function, off"):
        comp.options(code="all")


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"timeout": 90}, "timeout_s", 90.0),
        ({"timeout": 0.5}, "timeout_s", 0.5),
        ({"timeout": "90s"}, "timeout_s", 90.0),
        ({"timeout": "5m"}, "timeout_s", 300.0),
        ({"timeout": "1.5h"}, "timeout_s", 5400.0),
        ({"timeout": "1h30m"}, "timeout_s", 5400.0),
        ({"timeout": "1d"}, "timeout_s", 86400.0),
        ({"timeout": "none"}, "timeout_s", NO_LIMIT),
        ({"retries": 0}, "retries", 0),
        ({"retries": 2}, "retries", 2),
        ({"memory": 10**9}, "memory_bytes", 10**9),
        ({"memory": "500MB"}, "memory_bytes", 5 * 10**8),
        ({"memory": "none"}, "memory_bytes", NO_LIMIT),
    ],
)
def test_limits_are_kept_in_seconds_and_bytes(comp, definitions, given, field, value):
    """`timeout`, `retries` and `memory` are read at once; each says nothing about the others."""
    promise = comp.options(**given)(double, 1)
    assert definitions.jobs[promise.job_id].options == JobOptions(**{field: value})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *[({"timeout": wrong}, "seconds above 0, or text such as") for wrong in TIMES_THAT_ARE_NONE],
        *[({"retries": wrong}, "a number, 0 or more") for wrong in (-1, 1.0, "2", True)],
        *[({"memory": wrong}, "bytes above 0, or text such as") for wrong in (0, -1, 2.5, True, "", "2XB", 10**400)],
    ],
)
def test_wrong_limits_are_refused_at_once(comp, given, expected):
    """The error names the option, the value and what is expected."""
    [(name, value)] = given.items()
    with pytest.raises(DefinitionError, match=re.escape(f"{name}={value!r:.60}: expected {expected}")):
        comp.options(**given)


# dependencies


@pytest.mark.parametrize(
    ("wrap", "place"),
    [
        (lambda p: p, "args[0]"),
        (lambda p: [0, p], "args[0][1]"),
        (lambda p: (1, (2, p)), "args[0][1][1]"),
        (lambda p: {"k": [p]}, "args[0]['k'][0]"),
        (lambda p: Pair(1, p), "args[0].right"),
        (lambda p: Box(p), "args[0].value"),
        (lambda p: [[[{"a": (Box([p]),)}]]], "args[0][0][0][0]['a'][0].value[0]"),
    ],
)
def test_promises_are_found_at_any_depth(comp, definitions, wrap, place):
    """A promise in any container is a dependency, known by its place in Python syntax."""
    first = comp(double, 1)
    second = comp(double, wrap(first))
    assert definitions.jobs[second.job_id].dependencies == (Dependency(place, "double"),)


def test_a_promise_in_a_set_is_found(comp, definitions):
    """Sets may hold promises."""
    first, other = comp(double, 1), comp(double, 2)
    job = definitions.jobs[comp(len, {first, other}).job_id]
    assert sorted(dependency.job_id for dependency in job.dependencies) == ["double", "double-2"]


def test_promises_in_keywords_and_partials_are_found(comp, definitions):
    """Keyword arguments and those bound by `partial` count as arguments."""
    first = comp(double, 1)
    second = comp(partial(pow, first), exp=comp(double, 2))
    places = {d.place: d.job_id for d in definitions.jobs[second.job_id].dependencies}
    assert places == {"args[0]": "double", "kwargs['exp']": "double-2"}


def test_the_object_of_a_method_is_an_argument(comp, definitions):
    """A promise inside the object whose method is called is a dependency too."""
    first = comp(double, 1)
    job = definitions.jobs[comp(Model(first).fit, 2).job_id]
    assert [dependency.job_id for dependency in job.dependencies] == ["double"]


def test_a_promise_as_a_key_is_an_error(comp):
    """A dictionary cannot be keyed by what is not known yet."""
    first = comp(double, 1)
    with pytest.raises(UserError, match="key"):
        comp(double, {first: 1})


def test_a_promise_in_a_closure_is_an_error(comp):
    """A function that holds a promise would never get the value."""
    first = comp(double, 1)
    with pytest.raises(UserError, match=r"__closure__\['first'\]: a promise cannot be pickled. Pass it as an argument"):
        comp(lambda: first)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, 2, 3), {}, "too many positional arguments"),
        ((1,), {"c": 3}, "got an unexpected keyword argument 'c'"),
        ((1,), {"a": 3}, "multiple values for argument 'a'"),
    ],
)
def test_a_call_that_cannot_work_is_refused_at_once(args, kwargs, message):
    """Wrong arguments are told where the job is defined, not when it has waited for its turn."""

    def f(a, b=2, *, d=4):
        return a, b, d

    with pytest.raises(DefinitionError, match=re.escape(message)):
        Definitions().add(f, args, kwargs, JobOptions())


def test_extra_dep_orders_without_an_argument(comp, definitions):
    """One promise or a list of them, each once; they are no arguments."""
    first, second = comp(double, 1), comp(double, 2)
    job = definitions.jobs[comp(double, 3, extra_dep=[first, second, first]).job_id]
    assert job.order_after == ("double", "double-2")
    assert job.dependencies == ()
    assert definitions.jobs[comp(double, 4, extra_dep=first).job_id].order_after == ("double",)


def test_extra_dep_takes_promises_only(comp):
    """A job id as text is no promise."""
    with pytest.raises(DefinitionError, match="extra_dep takes a promise or a list of promises"):
        comp(double, 1, extra_dep=["double"])
    with pytest.raises(DefinitionError, match="extra_dep takes a promise or a list of promises, not 3"):
        comp(double, 1, extra_dep=3)


def test_a_promise_is_no_function(comp):
    """What a job returns cannot be called as a job's function, and the refusal says what to write."""
    with pytest.raises(DefinitionError, match=r"comp\(\) wants a function and its arguments, but got Promise"):
        comp(comp(double, 1), 2)


def test_arguments_of_a_class_method_bear_their_own_names(comp, definitions):
    """The class is no argument: `ignore` and messages mean the parameters after it."""
    kept = definitions.jobs[comp(Model.of, 7).job_id]
    ignored = definitions.jobs[comp.options(ignore=("size",))(Model.of, 7).job_id]
    assert definitions.parameters_of(kept) == ("size",)
    assert definitions.arguments_of(ignored) == ()


def test_a_promise_of_another_program_is_refused(comp):
    """Jobs of one program cannot wait for those of another."""
    with pytest.raises(DefinitionError, match="depends on the promise of 'stranger', which another program"):
        comp(double, Promise("stranger"))


def test_a_file_is_found_at_any_depth(comp, definitions):
    """`File` in an argument names an input file."""
    job = definitions.jobs[comp(double, {"in": [File("a.csv")]}).job_id]
    assert job.files == ("a.csv",)


# what is taken, and when


def test_arguments_are_taken_as_they_are_now(comp, definitions):
    """A list that changes after `comp` is, for the job, what it was."""
    data = [1, 2]
    first = comp(sum, data)
    data.append(3)
    second = comp(sum, data)
    texts = [definitions.arguments_of(definitions.jobs[p.job_id])[0].text for p in (first, second)]
    assert texts == ["[1, 2]", "[1, 2, 3]"]


def test_what_cannot_be_pickled_is_refused_by_place(comp):
    """The error names the place in Python syntax and the kind of thing, at the call of `comp`."""
    with pytest.raises(UnpicklableError, match=r"args\[0\]\['m'\]\.value"):
        comp(double, {"m": Box(threading.Lock())})


def test_a_function_that_cannot_be_pickled_is_refused(comp):
    """A function that holds a lock cannot go to another process."""
    lock = threading.Lock()
    with pytest.raises(UnpicklableError):
        comp(lambda: lock)


def test_what_is_no_function_is_refused(comp):
    """`comp(f(x))` is the usual slip, and the error says so."""
    with pytest.raises(DefinitionError, match=r"Write comp\(f, x\), not comp\(f\(x\)\)"):
        comp(double(2))


def test_a_refused_call_defines_nothing(comp, definitions):
    """After a refusal the ids go on as if it had not been."""
    with pytest.raises(UnpicklableError):
        comp(double, threading.Lock())
    comp(double, 1)
    assert ids(definitions) == ["double"]


# promises are no values


@pytest.mark.parametrize(
    "use",
    [
        bool,
        list,
        len,
        int,
        float,
        lambda p: p + 1,
        lambda p: 1 + p,
        lambda p: p["x"],
        lambda p: p.x,
        lambda p: p(),
        lambda p: p == 1,
        lambda p: p < 1,
        lambda p: 1 in p,
        lambda p: -p,
    ],
)
def test_a_promise_used_as_a_value_explains(comp, use):
    """Truth, iteration, arithmetic, comparison and attributes raise a TypeError that says what to do."""
    with pytest.raises(TypeError, match="promise of 'double' has no value yet: the job runs later"):
        use(comp(double, 1))


# running jobs


def test_comp_inside_a_running_job_raises(comp):
    """The graph is fixed before the run; both forms refuse, and that of a `Context` too."""
    with running("x"), ThreadPoolExecutor(1) as aside:  # a thread's stack has no module that is being imported
        for form in (comp, comp.options(), Comp(Definitions)):
            with pytest.raises(DefinitionError, match="inside job 'x': the graph is fixed before the run"):
                aside.submit(form, double, 1).result()


def test_a_module_that_a_running_job_imports_may_call_comp(comp, definitions, tmp_path, monkeypatch):
    """A late import of a module with jobs of its own defines nothing and fails nothing."""
    name = "late_import_of_a_program"
    (tmp_path / f"{name}.py").write_text("from compmake import comp\nr = comp(abs, 1)\ncomp(abs, r)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with running("x"):
        __import__(name)
    assert ids(definitions) == []


def test_loading_is_known(definitions):
    """While a program loads `compmake_console()` must do nothing."""
    assert is_loading()


# many


def test_many_jobs_are_many_ids(comp, definitions):
    """30,000 jobs in three layers have ids, edges and an order."""
    for x in range(10_000):
        comp(double, comp(double, comp(double, x)))
    graph = definitions.graph()
    assert len(graph.order) == 30_000
    assert definitions.jobs["double-30000"].dependencies == (Dependency("args[0]", "double-29999"),)

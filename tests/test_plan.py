"""The plan of one make: every transition, who goes next, and a model that it is compared with."""

import time

import pytest
from graphs import graph_of, job
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from compmake.graph import Graph
from compmake.job import JobState
from compmake.plan import Plan, TransitionError

WAITING, READY, RUNNING, DONE = JobState.WAITING, JobState.READY, JobState.RUNNING, JobState.DONE
FAILED, BLOCKED, INTERRUPTED = JobState.FAILED, JobState.BLOCKED, JobState.INTERRUPTED
DIAMOND = {"a": "", "b": "a", "c": "a", "d": "bc"}


def plan_of(edges, targets=None, priorities=None, **options):
    """Return the plan of making `targets`, by default everything."""
    graph = graph_of(edges)
    plan = Plan(graph, graph.jobs if targets is None else targets, **options)
    plan.prioritise(priorities or {})
    return plan


def run(plan, *job_ids):
    """Start the jobs and end them well."""
    for job_id in job_ids:
        plan.start(job_id)
        plan.done(job_id)


def states(plan):
    """Return every wanted job's state."""
    return {job_id: plan.state(job_id) for job_id in plan.wanted}


def handed_out(plan):
    """Return what the plan hands out now, in order."""
    return list(iter(plan.next_ready, None))


def test_targets_and_all_they_need_are_wanted():
    """Nothing else is counted or started."""
    plan = plan_of({**DIAMOND, "e": "d", "f": ""}, ["b", "c"])
    assert plan.wanted == {"a", "b", "c"}
    assert sum(plan.counts.values()) == 3


def test_nothing_wanted_is_finished():
    """A plan without targets ends before it begins."""
    plan = plan_of(DIAMOND, [])
    assert plan.finished
    assert plan.next_ready() is None


def test_a_job_is_ready_when_its_last_dependency_is_done():
    """d waits for both b and c."""
    plan = plan_of(DIAMOND)
    assert states(plan) == {"a": READY, "b": WAITING, "c": WAITING, "d": WAITING}
    run(plan, "a", "b")
    assert states(plan) == {"a": DONE, "b": DONE, "c": READY, "d": WAITING}
    run(plan, "c")
    assert plan.state("d") is READY


def test_up_to_date_jobs_are_done_and_counted_apart():
    """What need not run releases its dependents as if it had run."""
    plan = plan_of(DIAMOND)
    plan.up_to_date("a")
    run(plan, "b")
    assert plan.counts[DONE] == 2
    assert plan.up_to_date_count == 1


def test_a_failure_blocks_all_that_waits_for_it():
    """Dependents at any distance are blocked and know by whom; the others go on."""
    plan = plan_of({**DIAMOND, "e": "d", "other": ""})
    run(plan, "a", "c")
    plan.start("b")
    plan.failed("b")
    assert states(plan) == {"a": DONE, "b": FAILED, "c": DONE, "d": BLOCKED, "e": BLOCKED, "other": READY}
    assert [plan.blocked_by(job_id) for job_id in "abde"] == [None, None, "b", "b"]


def test_an_order_only_dependency_blocks_too():
    """`extra_dep` is no input, but what comes after it does not run without it."""
    graph = Graph({"a": job("a"), "b": job("b", after=["a"])})
    plan = Plan(graph, ["b"])
    plan.start("a")
    plan.failed("a")
    assert plan.state("b") is BLOCKED


def test_a_retried_job_is_handed_out_again():
    """RUNNING -> READY, as often as it takes."""
    plan = plan_of({"a": ""})
    for _ in range(5):
        assert plan.next_ready() == "a"
        plan.start("a")
        plan.retry("a")
    assert plan.counts[READY] == 1


def test_an_interruption_leaves_dependents_waiting():
    """It is no failure: nothing is blocked, and the plan has nothing more to do."""
    plan = plan_of({"a": "", "b": "a"})
    plan.start("a")
    plan.interrupted("a")
    assert states(plan) == {"a": INTERRUPTED, "b": WAITING}
    assert plan.finished


def test_the_highest_priority_goes_first():
    """Ties and unknown priorities follow the order of definition."""
    plan = plan_of(dict.fromkeys("abcde", ""), priorities={"c": 2.0, "e": 1.0, "d": 1.0})
    assert handed_out(plan) == ["c", "d", "e", "a", "b"]


def test_next_ready_changes_no_state():
    """What was handed out is READY until somebody says what became of it."""
    plan = plan_of({"a": ""})
    assert handed_out(plan) == ["a"]
    assert plan.state("a") is READY
    assert not plan.finished


def test_one_job_of_each_unmeasured_function_goes_first():
    """A function of which nothing is known is tried early, once, by its most urgent job."""
    functions = {"a": "m:known", "b": "m:known", "c": "m:new", "d": "m:new", "e": "m:newer"}
    graph = Graph({job_id: job(job_id, function=function) for job_id, function in functions.items()})
    plan = Plan(graph, graph.jobs)
    plan.prioritise({"a": 9.0, "d": 2.0}, unmeasured={"m:new", "m:newer"})
    assert handed_out(plan) == ["d", "e", "a", "b", "c"]


def test_a_damaged_result_is_made_again_before_its_reader():
    """The reader waits, the dependency runs once more, then the reader is READY again."""
    plan = plan_of(DIAMOND)
    plan.up_to_date("a")
    run(plan, "b", "c")
    plan.start("d")
    assert plan.damaged("d", ["b", "c"]) == ()
    assert states(plan) == {"a": DONE, "b": READY, "c": READY, "d": WAITING}
    run(plan, "b", "c", "d")
    assert plan.finished
    assert plan.counts[DONE] == 4


def test_a_dependency_of_a_damaged_dependency_comes_first():
    """Where both are damaged they are made in order."""
    plan = plan_of({"a": "", "b": "a", "c": "ab"})
    run(plan, "a", "b")
    plan.start("c")
    plan.damaged("c", ["b", "a"])
    assert states(plan) == {"a": READY, "b": WAITING, "c": WAITING}


def test_other_readers_of_a_damaged_result_wait_again():
    """A READY job goes back, a RUNNING one is left alone, a handed out one is handed out once more."""
    plan = plan_of({"a": "", "b": "a", "c": "a", "d": "a"})
    run(plan, "a")
    assert handed_out(plan) == ["b", "c", "d"]
    plan.start("b")
    plan.start("c")
    plan.damaged("b", ["a"])
    assert states(plan) == {"a": READY, "b": WAITING, "c": RUNNING, "d": WAITING}
    plan.done("c")
    run(plan, "a")
    assert handed_out(plan) == ["b", "d"]


def test_an_up_to_date_job_that_is_made_again_was_not_up_to_date():
    """The count of what did not have to run stays true."""
    plan = plan_of({"a": "", "b": "a"})
    plan.up_to_date("a")
    plan.start("b")
    plan.damaged("b", ["a"])
    assert plan.up_to_date_count == 0


def test_two_readers_of_one_damaged_result_cost_one_repetition():
    """Whoever reports it second only waits for it."""
    plan = plan_of({"a": "", "b": "a", "c": "a"})
    run(plan, "a")
    plan.start("b")
    plan.start("c")
    plan.damaged("b", ["a"])
    plan.damaged("c", ["a"])
    run(plan, "a")
    assert states(plan) == {"a": DONE, "b": READY, "c": READY}


def test_a_result_that_stays_damaged_fails_its_reader():
    """After three repetitions the reader fails, with everything behind it, and the plan ends."""
    plan = plan_of({"a": "", "b": "a", "c": "b"})
    for _ in range(3):
        run(plan, "a")
        plan.start("b")
        assert plan.damaged("b", ["a"]) == ()
    run(plan, "a")
    plan.start("b")
    assert plan.damaged("b", ["a"]) == ("a",)
    assert states(plan) == {"a": DONE, "b": FAILED, "c": BLOCKED}
    assert plan.finished


def test_a_repetition_that_fails_blocks_the_readers():
    """Whoever still needs the damaged result is blocked, a reader that reports later too."""
    plan = plan_of({"a": "", "b": "a", "c": "a", "d": "c"})
    run(plan, "a")
    plan.start("b")
    plan.start("c")
    plan.damaged("b", ["a"])
    plan.start("a")
    plan.failed("a")
    plan.damaged("c", ["a"])
    assert states(plan) == {"a": FAILED, "b": BLOCKED, "c": BLOCKED, "d": BLOCKED}
    assert plan.blocked_by("d") == "a"


def test_a_retry_waits_for_what_is_made_again():
    """A job that lost its worker while its dependency is repeated does not read it half-way."""
    plan = plan_of({"a": "", "b": "a", "c": "a"})
    run(plan, "a")
    plan.start("b")
    plan.start("c")
    plan.damaged("b", ["a"])
    plan.retry("c")
    assert plan.state("c") is WAITING


@pytest.mark.parametrize(
    "wrong",
    [
        lambda plan: plan.start("b"),
        lambda plan: plan.done("a"),
        lambda plan: plan.failed("a"),
        lambda plan: plan.retry("b"),
        lambda plan: plan.interrupted("a"),
        lambda plan: plan.up_to_date("b"),
        lambda plan: plan.up_to_date("r"),
        lambda plan: plan.damaged("b", ["a"]),
        lambda plan: plan.damaged("r", []),
        lambda plan: plan.damaged("r", ["a"]),
    ],
)
def test_what_cannot_happen_is_refused(wrong):
    """A transition from another state is a bug of ours; it changes nothing."""
    plan = plan_of({"a": "", "b": "a", "r": ""})
    plan.start("r")
    before = states(plan)
    with pytest.raises(TransitionError):
        wrong(plan)
    assert states(plan) == before


def test_a_plan_of_100_000_jobs_needs_no_time():
    """Planning and driving costs microseconds a job."""
    plan_edges = {f"j{at}": [f"j{at - 1}"] if at % 3 else [] for at in range(100_000)}
    graph = graph_of(plan_edges)
    start_s = time.process_time()
    plan = Plan(graph, graph.jobs)
    plan.prioritise({}, unmeasured={"mod:f"})
    while (job_id := plan.next_ready()) is not None:
        plan.start(job_id)
        plan.done(job_id)
    assert plan.counts[DONE] == len(plan_edges)
    assert time.process_time() - start_s < 4.0  # a fifth of that on a free machine


class PlanAgainstModel(RuleBasedStateMachine):
    """A plan beside a model that works everything out anew from what happened to each job."""

    @initialize(chance=st.randoms(use_true_random=False), count=st.integers(3, 9))
    def begin(self, chance, count):
        names = [f"j{at}" for at in range(count)]
        self.needs = {
            name: chance.sample(names[:at], chance.randint(min(at, 1), min(at, 3))) for at, name in enumerate(names)
        }
        targets = [names[-1], *chance.sample(names, chance.randint(0, count))]
        self.priorities = {name: float(chance.randint(0, 3)) for name in names}
        self.plan = plan_of(self.needs, targets, priorities=self.priorities)
        self.wanted = set(targets)
        for name in reversed(names):
            if name in self.wanted:
                self.wanted.update(self.needs[name])
        self.fate = {}
        self.up_to_date = set()
        self.remade = dict.fromkeys(names, 0)
        self.taken = set()

    def state(self, name):
        if name in self.fate:
            return self.fate[name]
        needed = {self.state(dependency) for dependency in self.needs[name]}
        if needed & {FAILED, BLOCKED}:
            return BLOCKED
        return READY if needed <= {DONE} else WAITING

    def having(self, state):
        return sorted(name for name in self.wanted if self.state(name) is state)

    def any_of(self, state):
        return bool(self.having(state))

    @rule()
    def take(self):
        offered = [name for name in self.having(READY) if name not in self.taken]
        best = min(offered, key=lambda name: (-self.priorities[name], int(name[1:])), default=None)
        assert self.plan.next_ready() == best
        self.taken.add(best)

    @precondition(lambda self: self.any_of(READY))
    @rule(data=st.data(), up_to_date=st.booleans())
    def decide(self, data, up_to_date):
        name = data.draw(st.sampled_from(self.having(READY)))
        (self.plan.up_to_date if up_to_date else self.plan.start)(name)
        self.fate[name] = DONE if up_to_date else RUNNING
        if up_to_date:
            self.up_to_date.add(name)

    @rule()
    def start_all(self):
        for name in self.having(READY):
            self.plan.start(name)
            self.fate[name] = RUNNING

    @rule()
    def finish_all(self):
        for name in self.having(RUNNING):
            self.plan.done(name)
            self.fate[name] = DONE

    @precondition(lambda self: self.any_of(RUNNING))
    @rule(data=st.data(), end=st.sampled_from([DONE, DONE, DONE, FAILED, INTERRUPTED]))
    def end_one(self, data, end):
        name = data.draw(st.sampled_from(self.having(RUNNING)))
        {DONE: self.plan.done, FAILED: self.plan.failed, INTERRUPTED: self.plan.interrupted}[end](name)
        self.fate[name] = end

    @precondition(lambda self: self.any_of(RUNNING))
    @rule(data=st.data())
    def retry(self, data):
        name = data.draw(st.sampled_from(self.having(RUNNING)))
        self.plan.retry(name)
        del self.fate[name]

    @precondition(lambda self: any(self.needs[name] for name in self.having(RUNNING)))
    @rule(data=st.data())
    def find_damage(self, data):
        reader = data.draw(st.sampled_from([name for name in self.having(RUNNING) if self.needs[name]]))
        damaged = data.draw(st.lists(st.sampled_from(self.needs[reader]), min_size=1, unique=True))
        again = [name for name in damaged if self.state(name) is DONE]
        hopeless = [name for name in again if self.remade[name] == 3]
        assert list(self.plan.damaged(reader, damaged)) == hopeless
        if hopeless:
            self.fate[reader] = FAILED
            return
        del self.fate[reader]
        for name in again:
            del self.fate[name]
            self.up_to_date.discard(name)
            self.remade[name] += 1

    @invariant()
    def agrees(self):
        if not hasattr(self, "plan"):
            return
        assert self.plan.wanted == self.wanted
        expected = {name: self.state(name) for name in self.wanted}
        assert states(self.plan) == expected
        assert self.plan.up_to_date_count == len(self.up_to_date)
        assert {state: count for state, count in self.plan.counts.items() if count} == {
            state: list(expected.values()).count(state) for state in expected.values()
        }
        for name, state in expected.items():
            assert self.plan.blocked_by(name) is None or self.state(self.plan.blocked_by(name)) is FAILED
            assert (self.plan.blocked_by(name) is not None) == (state is BLOCKED)
        self.taken = {name for name in self.taken if expected.get(name) is READY}

    def teardown(self):
        if not hasattr(self, "plan"):
            return
        while not self.plan.finished:
            self.start_all()
            self.finish_all()
        assert self.any_of(INTERRUPTED) or not self.any_of(WAITING)


PlanAgainstModel.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestPlanAgainstModel = PlanAgainstModel.TestCase

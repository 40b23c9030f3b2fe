"""`causes_to_run`: what a make is about to run and why, from the sweep that it has made already."""

import json

from spaces import Space

CHECK = """\
import json, sys
from compmake.causes import causes_of
from compmake.opening import open_workspace
from compmake.status import causes_to_run

workspace = open_workspace("prog", tell=print)
graph, checker = workspace.graph, workspace.checker
wanted = {*sys.argv[1:], *graph.ancestors(sys.argv[1:])} or set(graph.jobs)
order = [job_id for job_id in graph.order if job_id in wanted]
checker.look_at_results(order)
done = checker.sweep(order)
before = dict(checker.records.promised), set(checker.records.settled)
causes = causes_to_run(graph, checker, checker.explain(workspace.store.parts), order, done)
assert (checker.records.promised, checker.records.settled) == before
workspace.refresh()
look = workspace.look()
planned = causes_of([job_id for job_id in order if job_id not in done], look.reasons)
assert (causes.lines(), causes.will_run, causes.may_run) == (planned.lines(), planned.will_run, planned.may_run)
print(json.dumps(causes.lines()))
"""
PROGRAM = """\
from compmake import comp
from steps import double, total

total_of_all = comp(total, [comp(double, x) for x in range(FIRST, 5)])
comp(double, total_of_all, job_id="end")
"""
STEPS = "def double(x):\n    return 2 * x\n\ndef total(xs):\n    return sum(xs)\n"


def check(space: Space, *targets: str) -> str:
    """Compare with what `plan` finds, and return the lines."""
    done = space.python("-c", CHECK, *targets)
    assert done.code == 0, done.err
    return done.out


def test_a_make_tells_the_same_causes_as_plan(space):
    """Never made, nothing to do, a helper changed, ids shifted: the same jobs and lines, and nothing is claimed yet."""
    space.write("steps.py", STEPS)
    space.write("prog.py", PROGRAM.replace("FIRST", "1"))
    assert check(space) == '["6 jobs: never made"]\n'
    assert check(space, "double-2") == '["1 job: never made"]\n'
    assert space.run("prog", "make").code == 0
    assert check(space) == "[]\n"
    space.write("prog.py", PROGRAM.replace("FIRST", "0"))
    lines = json.loads(check(space))
    causes = "argument xs changed, the result of a dependency changed"
    assert lines == ["1 job: never made", f"1 job: {causes}", "up to 1 more if those results change"]
    space.edit("steps.py", "2 * x", "x * 2")
    assert "own function double() changed (steps.py:1)" in check(space)
    assert check(space, "double-2").count("job") == 1

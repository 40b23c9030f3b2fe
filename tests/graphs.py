"""Graphs for tests of what works on graphs."""

from compmake.graph import Graph
from compmake.job import Dependency, Job, JobId


def job(job_id, needs=(), after=(), function="mod:f", display=None):
    """Return a job that needs the results of `needs` and runs after `after`."""
    dependencies = tuple(Dependency(f"args[{place}]", JobId(needed)) for place, needed in enumerate(needs))
    return Job(
        job_id=JobId(job_id),
        function=print,
        function_name=function,
        display_function=display or function.partition(":")[2],
        args=None,
        kwargs=None,
        dependencies=dependencies,
        order_after=tuple(after),
        defined_at=("p.py", 7),
    )


def graph_of(edges):
    """Build a graph from id -> ids that it needs."""
    return Graph({job_id: job(job_id, needs) for job_id, needs in edges.items()})

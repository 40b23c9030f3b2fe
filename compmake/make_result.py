"""How a make ended, for whoever started it and for the list of runs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from compmake.graph import Graph
from compmake.job import Failure, JobId, JobState
from compmake.plan import Plan
from compmake.store import Run


@dataclass(frozen=True, slots=True)
class MakeResult:
    """How a make ended."""

    run_id: int
    done: int
    """Jobs made in this run."""
    up_to_date: int
    failed: Mapping[JobId, Failure]
    blocked: tuple[JobId, ...]
    interrupted: bool
    wall_s: float
    left: int = 0
    """Jobs not made because the user interrupted, or cancelled some of them."""

    @classmethod
    def of(
        cls, run_id: int, graph: Graph, plan: Plan, failed: Mapping[JobId, Failure], ended: str, wall_s: float
    ) -> "MakeResult":
        """Return how the make of a plan ended; `ended` is the word or the error with which it did."""
        counts = plan.counts
        left = (JobState.WAITING, JobState.READY, JobState.RUNNING, JobState.INTERRUPTED)
        return cls(
            run_id=run_id,
            done=counts[JobState.DONE] - plan.up_to_date_count,
            up_to_date=plan.up_to_date_count,
            failed=dict(failed),
            blocked=tuple(j for j in graph.order if j in plan.wanted and plan.state(j) is JobState.BLOCKED),
            interrupted=ended == "interrupted",
            wall_s=wall_s,
            left=sum(counts[state] for state in left),
        )

    def as_run(self, command: str, ended: str) -> Run:
        """Return what the list of runs keeps of it; it has just ended."""
        ended_at = time.time()
        return Run(
            run_id=self.run_id,
            command=command,
            started_at=ended_at - self.wall_s,
            ended_at=ended_at,
            done=self.done,
            failed=len(self.failed),
            blocked=len(self.blocked),
            up_to_date=self.up_to_date,
            ended=ended,
        )
